/* node_fence.c - of a validator's file one signs, not two copies of it.
**
** The file remembers where it is at home:
**   meta instance   16 random bytes, drawn anew with each home
**   meta home       version (1) || machine (32) || inode (8) || time the file
**                   was made, ns since 1970 (8; 0: not known) || its path
** machine is the SHA-256 of "CyberMiles machine 1" and /etc/machine-id.  A copy
** has another inode and another time of making; a rename keeps both.
**
** What is found at opening, on a chain that this file's key signs:
**   no home yet                  it is here
**   same machine, same file      nothing to do
**   same machine, another file,  a copy from before that took its place, or
**   the old one is gone          moved: it is at home here, and the log tells
**   same machine, another file,  fenced: a copy
**   the old one still there
**   another machine              fenced: moved, restored or copied
**   put aside by `restore` or    fenced
**   `validator fence`
** A fenced node serves everything and signs nothing, until its operator says
** that this is the only one (node_claim, run --claim).
**
** And while a node signs it holds an abstract Unix socket that is named by the
** key, so that on one machine no second one with the same key can.
**
** Development chains have keys that everybody knows: no fence.  A file that was
** not closed in order, or that is not at home, is looked through for
** FENCE_CHECK_MS before anything is written to it.
*/
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/secp256k1.h"
#include "node/node_int.h"
#include "node/node_validator.h"

#define FENCE_CHECK_MS 3000u
#define FENCE_HOME 49u /* bytes before the path */

struct fence_home {
  u8 version; /* 0: none, or put aside */
  u8 machine[32];
  u64 inode, made_ns;
  char path[PATH_MAX];
};

/* Zero where the machine has no name. */
static void fence_machine(u8 out[32]) {
  static const char tag[] = "CyberMiles machine 1";
  u8 text[sizeof tag + 64];
  memset(out, 0, 32);
  memcpy(text, tag, sizeof tag - 1);
  int fd = open("/etc/machine-id", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  ssize_t n = read(fd, text + sizeof tag - 1, 64);
  close(fd);
  if (n > 0) crypto_sha256(out, text, sizeof tag - 1 + (size_t)n);
}

static err fence_file(const char *path, u64 *inode, u64 *made_ns) {
  struct statx st;
  if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &st) != 0)
    return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
  *inode = st.stx_ino;
  *made_ns = st.stx_mask & STATX_BTIME
                 ? (u64)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec
                 : 0;
  return ERR_OK;
}

static err fence_here(struct fence_home *h, const char *path) {
  memset(h, 0, sizeof *h);
  h->version = 1;
  fence_machine(h->machine);
  if (!realpath(path, h->path)) return ERR_IO;
  return fence_file(h->path, &h->inode, &h->made_ns);
}

static void fence_parse(struct fence_home *h, slice bytes) {
  const u8 *p = bytes.ptr;
  memset(h, 0, sizeof *h);
  if (bytes.len <= FENCE_HOME || bytes.len >= FENCE_HOME + PATH_MAX) return;
  h->version = p[0];
  memcpy(h->machine, p + 1, 32);
  h->inode = load_be64(p + 33);
  h->made_ns = load_be64(p + 41);
  memcpy(h->path, p + FENCE_HOME, bytes.len - FENCE_HOME);
}
static bool fence_read(struct fence_home *h, struct store *s) {
  struct buf b;
  buf_init(&b, 0);
  bool there = store_meta_get(s, &b, "home") == ERR_OK;
  fence_parse(h, buf_slice(&b));
  buf_fini(&b);
  return there;
}

/* Another id with each home: who kept the old one is told apart. */
static err fence_write(struct store *s, const struct fence_home *h) {
  u8 bytes[FENCE_HOME + PATH_MAX], id[16];
  size_t len = strlen(h->path);
  bytes[0] = h->version;
  memcpy(bytes + 1, h->machine, 32);
  store_be64(bytes + 33, h->inode);
  store_be64(bytes + 41, h->made_ns);
  memcpy(bytes + FENCE_HOME, h->path, len);
  node_random(id, sizeof id);
  TRY(store_meta_put(s, "instance", slice_of(id, sizeof id)));
  return store_meta_put(s, "home", slice_of(bytes, FENCE_HOME + len));
}

static bool fence_same_file(const struct fence_home *a, u64 inode,
                            u64 made_ns) {
  return a->inode == inode &&
         (!a->made_ns || !made_ns || a->made_ns == made_ns);
}

/*-------------------------------------------------------- one that signs */

static void fence_socket(struct sockaddr_un *out, socklen_t *len,
                         const struct node *n) {
  static const char tag[] = "CyberMiles signer 1";
  u8 text[sizeof tag - 1 + 64], hash[32];
  char hex[65];
  memcpy(text, tag, sizeof tag - 1);
  memcpy(text + sizeof tag - 1, n->consensus_key, 32);
  memset(text + sizeof tag - 1 + 32, 0, 32);
  store_be64(text + sizeof tag - 1 + 32, n->info.chain_id);
  crypto_sha256(hash, text, sizeof text);
  hex_encode(hex, hash, 32);
  mem_wipe(text, sizeof text);
  memset(out, 0, sizeof *out);
  out->sun_family = AF_UNIX;
  memcpy(out->sun_path + 1, "cybermiles-", 11);
  memcpy(out->sun_path + 12, hex, 64);
  *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 76);
}

/* Where there are no such sockets the home alone decides. */
static err fence_hold(struct node *n, struct errmsg *msg) {
  struct sockaddr_un at;
  struct ucred who = {0};
  socklen_t len, who_len = sizeof who;
  if (n->signer_fd >= 0) return ERR_OK;
  fence_socket(&at, &len, n);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return ERR_OK;
  if (bind(fd, (struct sockaddr *)&at, len) == 0 && listen(fd, 8) == 0) {
    n->signer_fd = fd;
    return ERR_OK;
  }
  int os = errno;
  bool met = os == EADDRINUSE &&
             connect(fd, (struct sockaddr *)&at, len) == 0 &&
             getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_len) == 0;
  close(fd);
  if (os != EADDRINUSE) return ERR_OK;
  return err_say(msg, ERR_REFUSED, "a process of this machine (%s%d) signs "
                 "with this file's key already: stop it first; two that sign "
                 "with one key are punished", met ? "pid " : "pid not known ",
                 (int)who.pid);
}

/*------------------------------------------------------------- at opening */

static err fence_check(struct node *n, const char *why, struct errmsg *msg) {
  u64 begin = node_clock_ms();
  bool whole = false;
  err e = store_check_quick(n->store, FENCE_CHECK_MS, &whole, msg);
  log_event(e < 0 ? LOG_ERROR : LOG_INFO, "node", "file.checked",
            "why=\"%s\" whole=%s ms=%llu result=\"%s\"", why,
            whole ? "true" : "false",
            (unsigned long long)(node_clock_ms() - begin),
            e < 0 ? msg->text : "ok");
  return e;
}

/* Says why it is fenced, or that it need not be (*moved: it has come here). */
static bool fence_look(struct errmsg *msg, const struct fence_home *was,
                       const struct fence_home *here, bool *moved) {
  char *why = msg->text;
  size_t max = sizeof msg->text;
  u64 inode, made_ns;
  *moved = false;
  if (was->version != 1) {
    snprintf(why, max, "it was put aside (by \"restore\", or \"validator "
             "fence\")");
  } else if (memcmp(was->machine, here->machine, 32) != 0) {
    snprintf(why, max, "it comes from another machine, where it was %.200s",
             was->path);
  } else if (fence_same_file(was, here->inode, here->made_ns)) {
    return false;
  } else {
    err e = fence_file(was->path, &inode, &made_ns);
    if (e == ERR_NOT_FOUND ||
        (e == ERR_OK && !fence_same_file(was, inode, made_ns))) {
      *moved = true;
      return false;
    }
    snprintf(why, max, "it is a copy of %.200s, which is there still",
             was->path);
  }
  return true;
}

err node_fence_open(struct node *n, bool signs, struct errmsg *msg) {
  struct fence_home was, here;
  bool moved = false;
  if (store_was_open(n->store))
    TRY(fence_check(n, "it was not closed in order", msg));
  if (!signs) return ERR_OK;
  if (fence_here(&here, n->db_path) < 0)
    return err_say(msg, ERR_IO, "%s: cannot look at it", n->db_path);
  bool known = fence_read(&was, n->store);
  bool fenced = known && fence_look(&n->fence, &was, &here, &moved);
  if (fenced || moved) TRY(fence_check(n, "it is not where it was", msg));
  if (fenced && !n->cfg.claim) {
    n->fenced = true;
    log_event(LOG_WARN, "node", "fenced", "why=\"%s\" note=\"this node serves, "
              "but signs nothing: two that sign with one key are punished.  If "
              "no other runs, start with --claim, or call node_claim\"",
              n->fence.text);
    return ERR_OK;
  }
  TRY(fence_hold(n, msg));
  if (moved || fenced) {
    log_event(LOG_WARN, "node", fenced ? "claimed" : "moved",
              "was=\"%s\" now=\"%s\" note=\"it is at home here from now on\"",
              was.path, here.path);
    n->fence.text[0] = 0;
  }
  if (known && !moved && !fenced && strcmp(was.path, here.path) == 0)
    return ERR_OK;
  err e = fence_write(n->store, &here);
  return e < 0 ? err_say(msg, e, "%s", store_error(n->store)) : ERR_OK;
}

void node_fence_close(struct node *n) {
  if (n->signer_fd >= 0) close(n->signer_fd);
  n->signer_fd = -1;
}

bool node_is_fenced(struct node *n, struct errmsg *why) {
  pthread_mutex_lock(&n->lock);
  bool fenced = n->fenced;
  if (why) *why = n->fence;
  pthread_mutex_unlock(&n->lock);
  return fenced;
}

struct fence_claim {
  struct errmsg *msg;
  err result;
};
static void fence_claim(struct node *n, void *arg) {
  struct fence_claim *c = arg;
  struct fence_home here;
  c->result = ERR_OK;
  if (!node_is_fenced(n, NULL)) return;
  c->result = fence_hold(n, c->msg);
  if (!c->result) c->result = fence_here(&here, n->db_path);
  if (!c->result) c->result = fence_write(n->store, &here);
  if (c->result < 0) return;
  pthread_mutex_lock(&n->lock);
  n->fenced = false;
  n->fence.text[0] = 0;
  pthread_cond_broadcast(&n->wake);
  pthread_mutex_unlock(&n->lock);
  log_event(LOG_WARN, "node", "claimed", "now=\"%s\" note=\"this node signs\"",
            here.path);
}

err node_claim(struct node *n, struct errmsg *msg) {
  struct fence_claim c = {msg, ERR_CLOSED};
  msg->text[0] = 0;
  if (!node_thread_call(&n->writer, fence_claim, &c)) c.result = ERR_CLOSED;
  if (c.result < 0 && !msg->text[0])
    err_say(msg, c.result, "cannot note it: %s", err_text(c.result));
  return c.result;
}

/*--------------------------------------------- files that no node runs on */

err node_fence_put_aside(struct store *s) {
  const struct fence_home aside = {.path = "-"};
  return fence_write(s, &aside);
}

err node_fence_settle(struct store *s, const char *at) {
  struct fence_home here;
  TRY(fence_here(&here, store_path(s)));
  if (!realpath(at, here.path)) snprintf(here.path, PATH_MAX, "%s", at);
  return fence_write(s, &here);
}

/* Of the genesis' validators the one with this file's key. */
static err validator_of(struct node_validator *out, slice settings, slice key,
                        struct arena *a, struct errmsg *msg) {
  struct chain_genesis g;
  u8 pub[64];
  TRY(chain_genesis_parse_settings(&g, settings, a, msg));
  if (!g.own)
    return err_say(msg, ERR_USAGE, "a chain of plain Ethereum rules has no "
                   "validators here: its blocks come from elsewhere");
  if (key.len != 32 || crypto_pubkey(pub, key.ptr) < 0 ||
      crypto_pub_compress(out->key, pub) < 0)
    return err_say(msg, ERR_CORRUPT, "the file's consensus key is damaged");
  for (u32 i = 0; i < g.validator_cnt; i++) {
    const struct chain_genesis_validator *v = &g.validator[i];
    out->total += v->power;
    if (!v->has_key || memcmp(v->key, out->key, 33) != 0) continue;
    out->operator_addr = v->operator_addr;
    out->power = v->power;
  }
  return ERR_OK;
}

static err validator_read(struct node_validator *out, struct store_reader *r,
                          const char *path, struct arena *a,
                          struct errmsg *msg) {
  struct store_standing st;
  struct fence_home was, here;
  slice settings, key, home = {0};
  bool moved;
  TRY(store_reader_begin(r, &st));
  if (st.head < 0)
    return err_say(msg, ERR_NOT_FOUND, "%s holds no chain", path);
  TRY(store_read_meta(r, &settings, "genesis"));
  settings = arena_copy_slice(a, settings);
  TRY(store_read_meta(r, &key, "consensus_key"));
  TRY(validator_of(out, settings, key, a, msg));
  out->last_signed = out->power ? (u64)st.head : 0;
  if (!out->power || store_read_meta(r, &home, "home") < 0) return ERR_OK;
  TRY(fence_here(&here, path));
  fence_parse(&was, home);
  snprintf(out->home, sizeof out->home, "%s", was.path);
  out->fenced = fence_look(&out->why, &was, &here, &moved);
  return ERR_OK;
}

err node_validator_read(struct node_validator *out, const char *db_path,
                        struct errmsg *msg) {
  struct store_reader *r = NULL;
  struct store *s;
  struct arena a;
  memset(out, 0, sizeof *out);
  msg->text[0] = 0;
  TRY(store_open(&s, db_path, STORE_READ_ONLY, msg));
  arena_init(&a, 1 << 14, 0);
  err e = store_reader_open(&r, s, 0, msg);
  if (!e) e = validator_read(out, r, db_path, &a, msg);
  if (e < 0 && !msg->text[0])
    err_say(msg, e, "%s cannot be read: %s", db_path, err_text(e));
  if (r) store_reader_close(r);
  store_abandon(s);
  arena_fini(&a);
  return e;
}

#undef FENCE_CHECK_MS
#undef FENCE_HOME
