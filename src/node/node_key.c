/* node_key.c - the node's keystore: accounts whose keys lie encrypted in the
** file, and those that are open for a while.
**
** A key is open (decrypted in memory) only from node_key_unlock until its
** time is over, node_key_lock, or the node's end; then it is wiped.  The list
** of open keys lives in memory that is not swapped where the system allows.
** Passwords are tried one at a time over all callers, and a wrong one costs a
** second; so guessing is slow whatever door it comes through.
*/
#include "crypto/secp256k1.h"
#include "node/node_int.h"
#include "node/node_keystore.h"
#include "node/node_policy.h"
#include <sys/mman.h>
#include <unistd.h>

struct node_open_key {
  addr20 addr;
  u64 until_ms; /* UINT64_MAX: to the node's end */
  u8 key[32];
};
struct node_keys {
  pthread_mutex_t guess; /* one password at a time */
  pthread_mutex_t lock;  /* guards the following */
  u32 cnt;
  struct node_open_key open[LIMIT_KEYS_OPEN];
};

void node_keys_init(struct node *n) {
  struct node_keys *k = n->keys = mem_alloc(sizeof *k);
  if (mlock(k, sizeof *k) != 0) madvise(k, sizeof *k, MADV_DONTDUMP);
  pthread_mutex_init(&k->guess, NULL);
  pthread_mutex_init(&k->lock, NULL);
}

void node_keys_fini(struct node *n) {
  struct node_keys *k = n->keys;
  if (!k) return;
  mem_wipe(k->open, sizeof k->open);
  pthread_mutex_destroy(&k->guess);
  pthread_mutex_destroy(&k->lock);
  munlock(k, sizeof *k);
  mem_free(k);
  n->keys = NULL;
}

/*---------------------------------------------------------------- the file */

struct node_key_call {
  addr20 *list;
  addr20 addr;
  u32 cnt_max, cnt;
  struct buf *json;
  slice put;
  err result;
};
static void node_key_list(struct node *n, void *arg) {
  struct node_key_call *k = arg;
  k->result = store_key_list(n->store, k->list, k->cnt_max, &k->cnt);
}
static void node_key_get(struct node *n, void *arg) {
  struct node_key_call *k = arg;
  k->result = store_key_get(n->store, k->json, &k->addr);
}
static void node_key_put(struct node *n, void *arg) {
  struct node_key_call *k = arg;
  k->result = store_key_put(n->store, &k->addr, k->put);
}

u32 node_keys(struct node *n, addr20 *out, u32 cnt_max) {
  u32 cnt = n->dev_cnt < cnt_max ? n->dev_cnt : cnt_max;
  memcpy(out, n->dev_addr, sizeof *out * cnt);
  struct node_key_call k = {.list = out + cnt, .cnt_max = cnt_max - cnt};
  if (!node_thread_call(&n->writer, node_key_list, &k) || k.result < 0) {
    return cnt;
  }
  return cnt + (k.cnt < k.cnt_max ? k.cnt : k.cnt_max);
}

/* Takes the key into the file under the password. */
static err node_key_keep(struct node *n, addr20 *out, const u8 key[32],
                         const char *password) {
  struct keystore_random random;
  struct buf json;
  struct node_key_call k = {.result = ERR_CLOSED};
  node_thread_call(&n->writer, node_key_list, &k);
  if (k.result == ERR_OK && k.cnt >= LIMIT_KEYS) return ERR_LIMIT;
  node_random(&random, sizeof random);
  buf_init(&json, 0);
  err e = crypto_key_addr(&k.addr, key);
  if (e == ERR_OK) {
    e = keystore_encrypt(&json, key, slice_str(password),
                         keystore_n(n->cfg.light_kdf), &random);
  }
  if (e == ERR_OK) {
    k.put = buf_slice(&json);
    k.result = ERR_CLOSED;
    node_thread_call(&n->writer, node_key_put, &k);
    e = k.result;
  }
  buf_fini(&json);
  *out = k.addr;
  return e;
}

err node_key_new(struct node *n, addr20 *out, const char *password) {
  u8 key[32];
  do node_random(key, 32); while (!crypto_seckey_valid(key));
  err e = node_key_keep(n, out, key, password);
  mem_wipe(key, sizeof key);
  return e;
}

err node_key_import(struct node *n, addr20 *out, const u8 key[32],
                    const char *password) {
  if (!crypto_seckey_valid(key)) return ERR_INPUT;
  return node_key_keep(n, out, key, password);
}

/*---------------------------------------------------------------- open keys */

/* Under the lock: the place of an open key, or cnt; those whose time is over
** go. */
static u32 node_key_find(struct node_keys *k, const addr20 *addr) {
  u64 now = node_clock_ms();
  u32 at = k->cnt;
  for (u32 i = k->cnt; i-- > 0;) {
    if (k->open[i].until_ms <= now) {
      mem_wipe(k->open[i].key, 32);
      k->open[i] = k->open[--k->cnt];
      mem_wipe(&k->open[k->cnt], sizeof k->open[0]);
    }
  }
  for (u32 i = at = 0; i < k->cnt; i++, at = i) {
    if (addr20_eq(&k->open[i].addr, addr)) break;
  }
  return at;
}

static err node_key_take_open(struct node *n, u8 key[32], const addr20 *addr) {
  struct node_keys *k = n->keys;
  pthread_mutex_lock(&k->lock);
  u32 at = node_key_find(k, addr);
  bool found = at < k->cnt;
  if (found) memcpy(key, k->open[at].key, 32);
  pthread_mutex_unlock(&k->lock);
  return found ? ERR_OK : ERR_REFUSED;
}

static err node_key_decrypt(struct node *n, u8 key[32], const addr20 *from,
                            const char *password) {
  struct buf json;
  buf_init(&json, 0);
  struct node_key_call k = {.addr = *from, .json = &json,
                            .result = ERR_CLOSED};
  node_thread_call(&n->writer, node_key_get, &k);
  if (k.result == ERR_OK && !password) {
    k.result = node_key_take_open(n, key, from);
  } else if (k.result == ERR_OK) {
    if (pthread_mutex_trylock(&n->keys->guess) != 0) {
      k.result = ERR_BUSY;
    } else {
      k.result = keystore_decrypt(key, buf_slice(&json), slice_str(password),
                                  NULL);
      if (k.result == ERR_PASSWORD) sleep(1);
      pthread_mutex_unlock(&n->keys->guess);
    }
  }
  buf_fini(&json);
  return k.result;
}

/* password NULL: the key must be open. */
static err node_key_open(struct node *n, u8 key[32], const addr20 *from,
                         const char *password) {
  for (u32 i = 0; i < n->dev_cnt; i++) {
    if (!addr20_eq(&n->dev_addr[i], from)) continue;
    memcpy(key, n->dev_key[i], 32);
    return ERR_OK;
  }
  return node_key_decrypt(n, key, from, password);
}

err node_key_unlock(struct node *n, const addr20 *addr, const char *password,
                    u64 seconds) {
  struct node_keys *k = n->keys;
  struct node_policy policy;
  u8 key[32];
  TRY(node_policy_get(n, &policy, addr));
  if (policy.unlock_s && (!seconds || seconds > policy.unlock_s))
    seconds = policy.unlock_s;
  TRY(node_key_open(n, key, addr, password));
  pthread_mutex_lock(&k->lock);
  u32 at = node_key_find(k, addr);
  bool room = at < LIMIT_KEYS_OPEN;
  if (room) {
    if (at == k->cnt) k->cnt++;
    k->open[at].addr = *addr;
    memcpy(k->open[at].key, key, 32);
    k->open[at].until_ms =
        seconds && seconds < UINT64_MAX / 2000
            ? node_clock_ms() + seconds * 1000 : UINT64_MAX;
  }
  pthread_mutex_unlock(&k->lock);
  mem_wipe(key, sizeof key);
  return room ? ERR_OK : ERR_LIMIT;
}

void node_key_lock(struct node *n, const addr20 *addr) {
  struct node_keys *k = n->keys;
  pthread_mutex_lock(&k->lock);
  u32 at = node_key_find(k, addr);
  if (at < k->cnt) k->open[at].until_ms = 0;
  node_key_find(k, addr);
  pthread_mutex_unlock(&k->lock);
}

u64 node_key_open_until(struct node *n, const addr20 *addr) {
  struct node_keys *k = n->keys;
  for (u32 i = 0; i < n->dev_cnt; i++) {
    if (addr20_eq(&n->dev_addr[i], addr)) return UINT64_MAX;
  }
  pthread_mutex_lock(&k->lock);
  u32 at = node_key_find(k, addr);
  u64 until = at < k->cnt ? k->open[at].until_ms : 0;
  pthread_mutex_unlock(&k->lock);
  return until;
}

bool node_key_is_open(struct node *n, const addr20 *addr) {
  return node_key_open_until(n, addr) != 0;
}

/*------------------------------------------------------------------ signing */

err node_key_sign_tx(struct node *n, struct chain_tx *tx, const addr20 *from,
                     const char *password, struct arena *a,
                     struct errmsg *msg) {
  u8 key[32];
  TRY(node_key_open(n, key, from, password));
  err e = node_policy_take(n, from, tx, 0, msg);
  if (e == ERR_OK) e = chain_tx_sign(tx, key, a);
  mem_wipe(key, sizeof key);
  return e;
}

err node_key_sign(struct node *n, u8 sig[65], const hash32 *digest,
                  const addr20 *from, const char *password, u32 rights,
                  struct errmsg *msg) {
  struct sig65 s;
  u8 key[32];
  TRY(node_key_open(n, key, from, password));
  err e = node_policy_take(n, from, NULL, rights, msg);
  if (e == ERR_OK) e = crypto_sign(&s, key, digest);
  mem_wipe(key, sizeof key);
  if (e < 0) return e;
  memcpy(sig, &s, 65);
  sig[64] = (u8)(27 + (sig[64] & 1));
  return ERR_OK;
}
