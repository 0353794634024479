/* cmd_vector.c - see cmd_vector.h.  Files are read by a thread for each core; a
** file's lines are printed together. */
#include "cmd/cmd_vector.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"

enum {
  CMD_VECTOR_FILE_MAX = 256 << 20,
  CMD_VECTOR_FORK_MAX = 64,
  CMD_VECTOR_THREADS = 64
};

struct cmd_vector_run {
  struct cmd_vector_opt opt;
  void (*file)(struct cmd_vector *v, const json_t *root);
  char **path;
  u32 path_cnt, path_cap, next;
  struct { char name[48]; u64 passed, failed; } fork[CMD_VECTOR_FORK_MAX];
  u32 fork_cnt;
  u32 broken; /* files */
  pthread_mutex_t lock;
};

/*----------------------------------------------------------------- files */

static int cmd_vector_path_cmp(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void cmd_vector_add(struct cmd_vector_run *r, const char *path) {
  if (r->path_cnt == r->path_cap) {
    r->path_cap = r->path_cap ? 2 * r->path_cap : 64;
    r->path = mem_realloc(r->path, r->path_cap * sizeof(*r->path));
  }
  r->path[r->path_cnt++] = mem_strdup(path);
}

static bool cmd_vector_walk(struct cmd_vector_run *r, const char *path,
                            bool named) {
  struct stat st;
  size_t len = strlen(path);
  if (stat(path, &st) != 0) return false;
  if (!S_ISDIR(st.st_mode)) {
    if (named || (len > 5 && strcmp(path + len - 5, ".json") == 0))
      cmd_vector_add(r, path);
    return true;
  }
  DIR *dir = opendir(path);
  if (!dir) return false;
  for (const struct dirent *e; (e = readdir(dir));) {
    char sub[4096];
    if (e->d_name[0] == '.') continue;
    snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
    cmd_vector_walk(r, sub, false);
  }
  closedir(dir);
  return true;
}

/*---------------------------------------------------------------- report */

static void cmd_vector_count(struct cmd_vector_run *r, const char *fork,
                             bool pass) {
  u32 i = 0;
  while (i < r->fork_cnt && strcmp(r->fork[i].name, fork) != 0) i++;
  if (i == CMD_VECTOR_FORK_MAX) return;
  if (i == r->fork_cnt)
    snprintf(r->fork[r->fork_cnt++].name, sizeof(r->fork[i].name), "%s", fork);
  if (pass)
    r->fork[i].passed++;
  else
    r->fork[i].failed++;
}

static void cmd_vector_kv_hash(struct jsonw *w, const char *key,
                               const hash32 *h) {
  if (h) jsonw_kv_hex(w, key, hash32_slice(h));
  else jsonw_kv_null(w, key);
}

void cmd_vector_report(struct cmd_vector *v, const struct cmd_vector_case *c) {
  pthread_mutex_lock(&v->run->lock);
  cmd_vector_count(v->run, c->fork, c->pass);
  pthread_mutex_unlock(&v->run->lock);
  if (v->opt->json) {
    struct jsonw w;
    jsonw_init(&w, &v->out);
    jsonw_obj(&w);
    jsonw_kv_str(&w, "name", c->name);
    jsonw_kv_str(&w, "fork", c->fork);
    jsonw_kv_u64(&w, "index", c->index);
    jsonw_kv_bool(&w, "pass", c->pass);
    cmd_vector_kv_hash(&w, "stateRoot", c->has_root ? &c->state_root : NULL);
    cmd_vector_kv_hash(&w, "logsHash", c->has_logs ? &c->logs_hash : NULL);
    jsonw_key(&w, "error");
    if (c->error) jsonw_str(&w, c->error);
    else jsonw_null(&w);
    jsonw_obj_end(&w);
    buf_put_u8(&v->out, '\n');
  } else if (!c->pass) {
    buf_printf(&v->out, "FAIL %s [%s %u]: %s\n", c->name, c->fork, c->index,
               c->error ? c->error : "");
  }
}

static int cmd_vector_table(const struct cmd_vector_run *r) {
  FILE *f = r->opt.json ? stderr : stdout;
  u64 passed = 0, failed = 0;
  for (u32 i = 0; i < r->fork_cnt; i++) {
    fprintf(f, "%-28s %8llu passed %8llu failed\n", r->fork[i].name,
            (unsigned long long)r->fork[i].passed,
            (unsigned long long)r->fork[i].failed);
    passed += r->fork[i].passed;
    failed += r->fork[i].failed;
  }
  fprintf(f, "%u files, %llu passed, %llu failed\n", r->path_cnt,
          (unsigned long long)passed, (unsigned long long)failed);
  if (r->broken) fprintf(f, "%u files could not be read\n", r->broken);
  if (passed + failed == 0) fprintf(stderr, "cybermiles: nothing was run\n");
  return failed || r->broken || passed == 0 ? EXIT_FAILED : EXIT_DONE;
}

/*--------------------------------------------------------------- running */

static void cmd_vector_one(struct cmd_vector *v, const char *path) {
  struct errmsg msg;
  u8 *text = NULL;
  size_t len;
  json_t *root = NULL;
  arena_clear(&v->arena);
  buf_clear(&v->out);
  if (cmd_read_file(&text, &len, path, CMD_VECTOR_FILE_MAX, &msg) == ERR_OK)
    root = json_read(slice_of(text, len), &msg);
  mem_free(text);
  if (root && json_is_object(root)) v->run->file(v, root);
  pthread_mutex_lock(&v->run->lock);
  if (!root || !json_is_object(root)) {
    fprintf(stderr, "cybermiles: %s: %s\n", path,
            root ? "not a JSON object" : msg.text);
    v->run->broken++;
  }
  if (v->out.len) fwrite(v->out.ptr, 1, v->out.len, stdout);
  pthread_mutex_unlock(&v->run->lock);
  json_decref(root);
}

static void *cmd_vector_thread(void *arg) {
  struct cmd_vector_run *r = arg;
  struct cmd_vector v = {.opt = &r->opt, .run = r};
  struct evm_tracer tracer;
  v.exec = chain_exec_open(1);
  if (r->opt.trace) {
    cmd_trace_init(&tracer);
    evm_set_tracer(chain_exec_evm(v.exec), &tracer);
  }
  arena_init(&v.arena, 1 << 20, 0);
  buf_init(&v.out, 0);
  for (;;) {
    pthread_mutex_lock(&r->lock);
    u32 i = r->next < r->path_cnt ? r->next++ : UINT32_MAX;
    pthread_mutex_unlock(&r->lock);
    if (i == UINT32_MAX) break;
    cmd_vector_one(&v, r->path[i]);
  }
  buf_fini(&v.out);
  arena_fini(&v.arena);
  chain_exec_close(v.exec);
  return NULL;
}

static void cmd_vector_threads(struct cmd_vector_run *r) {
  pthread_t thread[CMD_VECTOR_THREADS];
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  u32 cnt = 0, max = cores < 1                    ? 1
                     : cores > CMD_VECTOR_THREADS ? CMD_VECTOR_THREADS
                                                  : (u32)cores;
  while (!r->opt.trace && cnt + 1 < max && cnt + 1 < r->path_cnt &&
         pthread_create(&thread[cnt], NULL, cmd_vector_thread, r) == 0)
    cnt++;
  cmd_vector_thread(r);
  for (u32 i = 0; i < cnt; i++) pthread_join(thread[i], NULL);
}

int cmd_vector_main(int argc, char **argv, const char *usage,
                    void (*file)(struct cmd_vector *v, const json_t *root)) {
  struct cmd_vector_run r = {.file = file};
  struct errmsg msg;
  int code = EXIT_USAGE;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--json") == 0)
      r.opt.json = true;
    else if (strcmp(argv[i], "--trace") == 0)
      r.opt.trace = true;
    else if (strcmp(argv[i], "--fork") == 0 && i + 1 < argc)
      r.opt.fork = argv[++i];
    else if (argv[i][0] == '-')
      goto out;
    else if (!cmd_vector_walk(&r, argv[i], true)) {
      err_say(&msg, ERR_NOT_FOUND, "%s: cannot be read", argv[i]);
      code = cmd_fail(ERR_NOT_FOUND, &msg);
      goto done;
    }
  }
  if (r.path_cnt == 0) goto out;
  crypto_init(NULL);
  qsort(r.path, r.path_cnt, sizeof(*r.path), cmd_vector_path_cmp);
  pthread_mutex_init(&r.lock, NULL);
  cmd_vector_threads(&r);
  pthread_mutex_destroy(&r.lock);
  code = cmd_vector_table(&r);
  goto done;
out:
  fprintf(stderr, "usage: cybermiles %s\n", usage);
done:
  for (u32 i = 0; i < r.path_cnt; i++) mem_free(r.path[i]);
  mem_free(r.path);
  return code;
}

/*---------------------------------------------------------------- values */

bool cmd_vector_has(const json_t *obj, const char *key) {
  const json_t *v = json_object_get(obj, key);
  return v && !json_is_null(v);
}

bool cmd_vector_u256(u256 *out, const json_t *v) {
  const char *s = json_string_value(v);
  char text[80];
  *out = U256_ZERO;
  if (json_is_integer(v)) *out = u256_from((u64)json_integer_value(v));
  if (!s) return true;
  if (strncmp(s, "0x:bigint ", 10) == 0) s += 10;
  bool hex = s[0] == '0' && s[1] == 'x';
  if (hex) s += 2;
  while (*s == '0') s++; /* there may be more than 32 bytes of them */
  if (*s == 0) return true;
  snprintf(text, sizeof(text), "%s%s", hex ? "0x" : "", s);
  if (u256_parse(out, text, strlen(text)) == ERR_OK) return true;
  *out = U256_ZERO;
  return false;
}

u256 cmd_vector_get_u256(const json_t *obj, const char *key) {
  u256 v;
  if (!cmd_vector_u256(&v, json_object_get(obj, key)))
    memset(&v, 0xff, sizeof(v));
  return v;
}

u64 cmd_vector_get_u64(const json_t *obj, const char *key) {
  u256 v = cmd_vector_get_u256(obj, key);
  return u256_fits64(&v) ? v.w[0] : UINT64_MAX;
}

slice cmd_vector_bytes(struct arena *a, const json_t *v) {
  const char *s = json_string_value(v);
  if (!s || s[0] != '0' || s[1] != 'x') return slice_of(NULL, 0);
  size_t len = strlen(s + 2) / 2;
  u8 *out = arena_alloc_raw(a, len + 1);
  if (hex_decode(out, s + 2, 2 * len) < 0) return slice_of(NULL, 0);
  return slice_of(out, len);
}

void cmd_vector_fixed(void *out, size_t len, const json_t *v) {
  const char *s = json_string_value(v);
  memset(out, 0, len);
  if (s && strlen(s) == 2 + 2 * len && hex_decode(out, s + 2, 2 * len) < 0)
    memset(out, 0, len);
}

addr20 cmd_vector_addr(const char *text) {
  addr20 a = {{0}};
  size_t len = text ? strlen(text) : 0;
  if (len >= 40 && hex_decode(a.b, text + len - 40, 40) < 0)
    memset(a.b, 0, 20);
  return a;
}

hash32 cmd_vector_hash(const json_t *v) {
  u256 n;
  cmd_vector_u256(&n, v);
  return u256_hash32(&n);
}

u256 cmd_vector_key(const char *text) {
  u256 out;
  json_t *s = json_string(text);
  cmd_vector_u256(&out, s);
  json_decref(s);
  return out;
}

void cmd_vector_alloc(struct state_mem *m, const json_t *accounts,
                      struct arena *a) {
  const char *addr, *key;
  json_t *acc, *val;
  json_object_foreach((json_t *)accounts, addr, acc) {
    addr20 who = cmd_vector_addr(addr);
    u256 balance = cmd_vector_get_u256(acc, "balance");
    state_mem_account(m, &who, cmd_vector_get_u64(acc, "nonce"), &balance,
                      cmd_vector_bytes(a, json_object_get(acc, "code")));
    json_object_foreach(json_object_get(acc, "storage"), key, val) {
      u256 slot = cmd_vector_key(key), v;
      cmd_vector_u256(&v, val);
      if (!u256_is_zero(&v)) state_mem_slot(m, &who, &slot, &v);
    }
  }
}

static const char *cmd_vector_diff_account(const struct state_source *src,
                                           const char *addr, const json_t *acc,
                                           struct arena *a) {
  struct state_account got;
  bool found;
  hash32 addr_hash, slot_hash, code_hash;
  char x[67], y[67];
  const char *key;
  json_t *val;
  addr20 who = cmd_vector_addr(addr);
  crypto_keccak256(&addr_hash, who.b, 20);
  if (src->account(src->ctx, &got, &found, &who, &addr_hash) < 0 || !found)
    return arena_printf(a, "%s is missing", addr);
  u256 balance = cmd_vector_get_u256(acc, "balance");
  u256_to_hex(x, &got.balance);
  u256_to_hex(y, &balance);
  if (!u256_eq(&got.balance, &balance))
    return arena_printf(a, "%s balance is %s, not %s", addr, x, y);
  u64 nonce = cmd_vector_get_u64(acc, "nonce");
  if (got.nonce != nonce)
    return arena_printf(a, "%s nonce is %llu, not %llu", addr,
                        (unsigned long long)got.nonce,
                        (unsigned long long)nonce);
  slice code = cmd_vector_bytes(a, json_object_get(acc, "code"));
  crypto_keccak256(&code_hash, code.ptr, code.len);
  if (!hash32_eq(&got.code_hash, &code_hash))
    return arena_printf(a, "%s code differs", addr);
  json_object_foreach(json_object_get(acc, "storage"), key, val) {
    u256 slot = cmd_vector_key(key), want, have;
    hash32 word = u256_hash32(&slot);
    crypto_keccak256(&slot_hash, word.b, 32);
    cmd_vector_u256(&want, val);
    if (src->slot(src->ctx, &have, &who, &addr_hash, &slot, &slot_hash) < 0)
      have = U256_ZERO;
    u256_to_hex(x, &have);
    u256_to_hex(y, &want);
    if (!u256_eq(&have, &want))
      return arena_printf(a, "%s slot %s is %s, not %s", addr, key, x, y);
  }
  return NULL;
}

const char *cmd_vector_diff(struct state_mem *m, const json_t *want,
                            struct arena *a) {
  struct state_source src = state_mem_source(m);
  const char *addr, *fault = NULL;
  json_t *acc;
  json_object_foreach((json_t *)want, addr, acc) {
    fault = cmd_vector_diff_account(&src, addr, acc, a);
    if (fault) break;
  }
  return fault;
}

void cmd_vector_blobs(struct chain_rules *rules, const json_t *config,
                      const char *name) {
  const json_t *row =
      json_object_get(json_object_get(config, "blobSchedule"), name);
  if (!row) return;
  rules->blob_target = cmd_vector_get_u64(row, "target");
  rules->blob_max = cmd_vector_get_u64(row, "max");
  rules->blob_update_fraction =
      cmd_vector_get_u64(row, "baseFeeUpdateFraction");
}
