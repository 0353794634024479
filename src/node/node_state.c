/* node_state.c - the head's state: cache, execution's source, applying blocks,
** readers, and the writer's share of the work behind the head.
**
** Memory. Of the budget (cache_bytes) three sixteenths are the writing
** connection's pages, as much those of execution's connections, a sixteenth those
** of the readers; the rest is the cache.  The changes above the tables come on
** top, up to LIMIT_STATE_OVERLAY.
**
** Cache. Keyed by address and slot themselves, so a hit costs no hash. Filled
** by reads that went to the store, kept right by apply, shrunk only by apply:
** nothing that execution was given disappears while it runs. When over its
** budget, each map gives up entries not used since the clock's hand passed
** last, in proportion to its share.
**
** Reads that miss go to one of a few connections, each behind a lock; its
** snapshot is kept through a block and let go by apply, when a batch is done,
** or when it is a second old.
**
** Behind the head, one batch at a time:
**   freeze (apply, when enough changed or it is time) -> the maker's thread
**   sorts the batch -> the writer flushes it in slices -> versions, nodes and
**   blocks are dropped when no reader stands below.
*/
#include "node/node_state.h"

#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "crypto/keccak.h"
#include "node/node_state_int.h"

#define NSTATE_CACHE_DEFAULT (32ull << 20)
#define NSTATE_READER_CACHE_MIN (128u << 10)
#define NSTATE_HISTORY_DEFAULT 90000u
#define NSTATE_HISTORY_MIN 128u   /* eth_getProof's reach */
#define NSTATE_BATCH_CHUNK (1u << 20)
#define NSTATE_FREEZE_CHANGES 50000u
#define NSTATE_FREEZE_BLOCKS 256u
#define NSTATE_FREEZE_MS 20000u
#define NSTATE_SNAPSHOT_MS 1000u
#define NSTATE_PRUNE_EVERY 256u
#define NSTATE_WAIT_US 1000u /* for a thread that works for the writer */
#define NSTATE_DROP_BUDGET 3000u /* versions dropped in one step */
enum { NSTATE_HAND_ACCOUNT, NSTATE_HAND_SLOT, NSTATE_HAND_NODE,
       NSTATE_HAND_CODE };

u64 nstate_clock_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (u64)t.tv_sec * 1000000 + (u64)t.tv_nsec / 1000;
}
/* What this thread has used of a processor. */
static u64 nstate_spent_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (u64)t.tv_sec * 1000000 + (u64)t.tv_nsec / 1000;
}
static u64 nstate_clock_ms(void) { return nstate_clock_us() / 1000; }

/*---------------------------------------------------------------- readers */
/* The pin is set before the snapshot is taken: what is dropped from memory is
** then always in the snapshot. */
err nstate_reader_begin(struct node_state *ns, struct nstate_reader *r,
                        struct store_standing *st) {
  pthread_mutex_lock(&ns->pin_lock);
  r->pin = ns->flushed;
  pthread_mutex_unlock(&ns->pin_lock);
  err e = store_reader_begin(r->store, st);
  if (e) nstate_reader_end(ns, r);
  return e;
}

void nstate_reader_end(struct node_state *ns, struct nstate_reader *r) {
  store_reader_end(r->store);
  pthread_mutex_lock(&ns->pin_lock);
  r->pin = INT64_MAX;
  pthread_mutex_unlock(&ns->pin_lock);
}

err nstate_reader_take(struct node_state *ns, struct nstate_reader **out,
                       u32 wait_ms) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += wait_ms / 1000;
  until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_nsec -= 1000000000;
    until.tv_sec++;
  }
  int rc = 0;
  pthread_mutex_lock(&ns->pin_lock);
  while (!ns->free_reader && rc == 0)
    rc = pthread_cond_timedwait(&ns->reader_free, &ns->pin_lock, &until);
  struct nstate_reader *r = ns->free_reader;
  if (r) {
    ns->free_reader = r->next_free;
    ns->reader_busy++;
  }
  pthread_mutex_unlock(&ns->pin_lock);
  *out = r;
  return r ? ERR_OK : ERR_BUSY;
}

void nstate_reader_give(struct node_state *ns, struct nstate_reader *r) {
  pthread_mutex_lock(&ns->pin_lock);
  r->next_free = ns->free_reader;
  ns->free_reader = r;
  ns->reader_busy--;
  pthread_cond_signal(&ns->reader_free);
  pthread_mutex_unlock(&ns->pin_lock);
}

/*------------------------------------------------- connections of the head */
/* Any free connection, with a snapshot; locked. */
static err nstate_conn_take(struct node_state *ns,
                            struct nstate_exec_conn **out) {
  static _Thread_local u32 first;
  struct nstate_exec_conn *c = NULL;
  for (u32 i = 0; i < ns->conn_cnt && !c; i++) {
    struct nstate_exec_conn *t = &ns->conn[(first + i) % ns->conn_cnt];
    if (pthread_mutex_trylock(&t->lock) == 0) {
      c = t;
      first = (first + i) % ns->conn_cnt;
    }
  }
  if (!c) {
    c = &ns->conn[first % ns->conn_cnt];
    pthread_mutex_lock(&c->lock);
  }
  if (!c->begun) {
    struct store_standing st;
    err e = nstate_reader_begin(ns, &c->r, &st);
    if (e) {
      pthread_mutex_unlock(&c->lock);
      return e;
    }
    c->begun = true;
    c->begun_ms = nstate_clock_ms();
  }
  *out = c;
  return ERR_OK;
}

/* Snapshots so old, and those from before the last batch: they would keep in
** memory what the tables have, and with much of it no block is made (which is
** what else lets go of them). */
static void nstate_conn_end_old(struct node_state *ns, u64 older_ms) {
  u64 now = nstate_clock_ms();
  pthread_mutex_lock(&ns->pin_lock);
  i64 flushed = ns->flushed;
  pthread_mutex_unlock(&ns->pin_lock);
  for (u32 i = 0; i < ns->conn_cnt; i++) {
    struct nstate_exec_conn *c = &ns->conn[i];
    if (pthread_mutex_trylock(&c->lock) != 0) continue;
    if (c->begun && (now - c->begun_ms >= older_ms || c->r.pin < flushed)) {
      nstate_reader_end(ns, &c->r);
      c->begun = false;
    }
    pthread_mutex_unlock(&c->lock);
  }
}

/* Newest account below the cache: overlay, then the table. */
static err nstate_head_account(struct node_state *ns, struct state_account *out,
                               bool *found, const hash32 *key) {
  struct nstate_exec_conn *c;
  TRY(nstate_conn_take(ns, &c));
  struct nstate_view v = {.ns = ns, .r = c->r.store, .height = INT64_MAX,
                          .st = {.flushed = -1}};
  err e = nstate_view_account(&v, out, found, key);
  pthread_mutex_unlock(&c->lock);
  return e;
}

static err nstate_head_slot(struct node_state *ns, u256 *out,
                            const hash32 *addr_hash, const hash32 *slot) {
  struct nstate_exec_conn *c;
  TRY(nstate_conn_take(ns, &c));
  struct nstate_view v = {.ns = ns, .r = c->r.store, .height = INT64_MAX,
                          .st = {.flushed = -1}};
  err e = nstate_view_slot(&v, out, addr_hash, slot);
  pthread_mutex_unlock(&c->lock);
  return e;
}

/*------------------------------------------------------ execution's source */
static void nstate_give_account(struct nstate_shard *s, void *val) {
  struct nstate_cached_account *c = val;
  s->cache_whole_cnt -= c->val.whole != NULL;
  mem_free(c->val.whole);
  c->val.whole = NULL;
}

/* Under the shard's lock. */
static void nstate_cache_set(struct nstate_shard *s, const addr20 *addr,
                             const struct state_account *a, bool found) {
  struct nstate_cached_account *c = map_put(&s->cache_account, addr->b, NULL);
  bool slim = !found || nstate_slim_fits(a);
  struct state_account *whole = c->val.whole;
  if (slim && whole) {
    nstate_give_account(s, c);
    whole = NULL;
  } else if (!slim && !whole) {
    whole = mem_alloc(sizeof *whole);
    s->cache_whole_cnt++;
  }
  if (found) nstate_slim_set(&c->val, a, whole);
  c->found = found;
  c->ref = 1;
}

static bool nstate_cache_account(struct nstate_shard *s,
                                 struct state_account *out, bool *found,
                                 const addr20 *addr) {
  pthread_mutex_lock(&s->lock);
  struct nstate_cached_account *c = map_get(&s->cache_account, addr->b);
  if (c) {
    c->ref = 1;
    nstate_slim_get(out, &c->val);
    *found = c->found;
    s->hits++;
  } else {
    s->misses++;
  }
  pthread_mutex_unlock(&s->lock);
  return c != NULL;
}

static err nstate_src_account(void *ctx, struct state_account *out,
                              bool *found, const addr20 *addr,
                              const hash32 *addr_hash) {
  struct node_state *ns = ctx;
  struct nstate_shard *s = &ns->shard[nstate_shard_of(addr->b)];
  hash32 h;
  if (nstate_cache_account(s, out, found, addr)) return ERR_OK;
  if (!addr_hash) {
    crypto_keccak256(&h, addr->b, 20);
    addr_hash = &h;
  }
  TRY(nstate_head_account(ns, out, found, addr_hash));
  pthread_mutex_lock(&s->lock);
  nstate_cache_set(s, addr, out, *found);
  pthread_mutex_unlock(&s->lock);
  return ERR_OK;
}

static void nstate_slot_cache_key(u8 out[52], const addr20 *addr,
                                  const u256 *slot) {
  memcpy(out, addr->b, 20);
  u256_to_be(out + 20, slot);
}
static u32 nstate_slot_cache_shard(const u8 key[52]) {
  return (key[0] ^ key[51] ^ key[51] << 4) >> 4 & 15;
}

static err nstate_src_slot(void *ctx, u256 *out, const addr20 *addr,
                           const hash32 *addr_hash, const u256 *slot,
                           const hash32 *slot_hash) {
  struct node_state *ns = ctx;
  u8 key[52];
  hash32 ah, sh;
  nstate_slot_cache_key(key, addr, slot);
  struct nstate_shard *s = &ns->shard[nstate_slot_cache_shard(key)];
  pthread_mutex_lock(&s->lock);
  struct nstate_cached_slot *c = map_get(&s->cache_slot, key);
  if (c) {
    c->ref = 1;
    *out = c->val;
    s->hits++;
  } else {
    s->misses++;
  }
  pthread_mutex_unlock(&s->lock);
  if (c) return ERR_OK;
  if (!addr_hash) crypto_keccak256(&ah, addr->b, 20);
  if (!slot_hash) crypto_keccak256(&sh, key + 20, 32);
  TRY(nstate_head_slot(ns, out, addr_hash ? addr_hash : &ah,
                       slot_hash ? slot_hash : &sh));
  pthread_mutex_lock(&s->lock);
  c = map_put(&s->cache_slot, key, NULL);
  c->val = *out;
  c->ref = 1;
  pthread_mutex_unlock(&s->lock);
  return ERR_OK;
}

static err nstate_src_by_hash(void *ctx, struct state_account *out,
                              bool *found, const hash32 *addr_hash) {
  return nstate_head_account(ctx, out, found, addr_hash);
}
static err nstate_src_slot_by_hash(void *ctx, u256 *out,
                                   const hash32 *addr_hash,
                                   const hash32 *slot_hash) {
  return nstate_head_slot(ctx, out, addr_hash, slot_hash);
}

static bool nstate_cache_code(struct nstate_shard *s, slice *out,
                              const hash32 *hash) {
  pthread_mutex_lock(&s->lock);
  struct nstate_cached_code *c = map_get(&s->cache_code, hash->b);
  if (c) {
    c->ref = 1;
    *out = slice_of(c->ptr, c->len);
    s->hits++;
  } else {
    s->misses++;
  }
  pthread_mutex_unlock(&s->lock);
  return c != NULL;
}

/* Copies to the cache unless another thread was first. */
static void nstate_code_keep(struct nstate_shard *s, slice *out,
                             const hash32 *hash) {
  bool is_new;
  pthread_mutex_lock(&s->lock);
  struct nstate_cached_code *c = map_put(&s->cache_code, hash->b, &is_new);
  if (is_new) {
    c->ptr = mem_alloc(out->len + 1);
    c->len = (u32)out->len;
    if (out->len) memcpy(c->ptr, out->ptr, out->len);
    s->cache_code_bytes += out->len;
  }
  c->ref = 1;
  *out = slice_of(c->ptr, c->len);
  pthread_mutex_unlock(&s->lock);
}

static err nstate_src_code(void *ctx, slice *out, const hash32 *hash) {
  struct node_state *ns = ctx;
  struct nstate_shard *s = &ns->shard[nstate_shard_of(hash->b)];
  struct nstate_exec_conn *c;
  if (nstate_cache_code(s, out, hash)) return ERR_OK;
  TRY(nstate_conn_take(ns, &c));
  err e = store_read_code(c->r.store, out, hash);
  if (!e) nstate_code_keep(s, out, hash);
  pthread_mutex_unlock(&c->lock);
  return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

/* Newest first: since the freeze, frozen, cache. */
static bool nstate_node_memory(struct node_state *ns, slice *out,
                               const u8 key[NSTATE_NODE_KEY]) {
  u32 at = nstate_node_shard(key);
  struct nstate_shard *s = &ns->shard[at];
  pthread_mutex_lock(&s->lock);
  struct nstate_node *n = map_get(&s->node, key);
  if (n) *out = slice_of(n->ptr, n->len);
  pthread_mutex_unlock(&s->lock);
  if (n) return true;
  pthread_mutex_lock(&ns->pin_lock);
  for (struct nstate_gen *g = ns->gen; g; g = g->next) {
    struct nstate_node *frozen = map_get(&g->node[at], key);
    if (frozen) n = frozen;
  }
  if (n) *out = slice_of(n->ptr, n->len);
  pthread_mutex_unlock(&ns->pin_lock);
  if (n) return true;
  pthread_mutex_lock(&s->lock);
  n = map_get(&s->cache_node, key);
  if (n) {
    n->ref = n->top ? NSTATE_TOP_REF : 1;
    *out = slice_of(n->ptr, n->len);
    s->hits++;
  } else {
    s->misses++;
  }
  pthread_mutex_unlock(&s->lock);
  return n != NULL;
}

/* Into the cache, unless another thread was first; the cached bytes. */
static slice nstate_node_keep(struct node_state *ns,
                              const u8 key[NSTATE_NODE_KEY], slice node,
                              bool no_row) {
  struct nstate_shard *s = &ns->shard[nstate_node_shard(key)];
  bool is_new;
  pthread_mutex_lock(&s->lock);
  struct nstate_node *n = map_put(&s->cache_node, key, &is_new);
  if (is_new && node.len) {
    n->ptr = mem_alloc(node.len);
    n->len = n->cap = (u32)node.len;
    memcpy(n->ptr, node.ptr, node.len);
    s->cache_node_bytes += node.len;
  }
  if (is_new) {
    n->no_row = no_row;
    n->top = !no_row && nstate_node_is_top(key, node);
    n->ref = n->top ? NSTATE_TOP_REF : 0;
  }
  node = slice_of(n->ptr, n->len);
  pthread_mutex_unlock(&s->lock);
  return node;
}

/* The table has no such node: it is a low one, or there is none.  Kept are it
** and those below it on the way to key. */
static err nstate_low_keep(struct node_state *ns, slice *out,
                           struct store_reader *r, const hash32 *owner,
                           const u8 *path, u32 path_len, const u8 *key) {
  u8 name[NSTATE_NODE_KEY];
  struct trie_result low = {0};
  struct arena a;
  err e = ERR_NOT_FOUND;
  arena_init(&a, 1 << 16, 0);
  *out = (slice){0};
  if (path_len != TRIE_ROOT_EDGE)
    e = nstate_low_make(&low, r, owner, path, path_len, key, &a);
  for (size_t i = 0; !e && i < low.put_cnt; i++) {
    const struct trie_node_put *p = &low.put[i];
    nstate_node_key(name, owner, p->path, p->path_len);
    slice kept = nstate_node_keep(ns, name, p->node, true);
    if (p->path_len == path_len) *out = kept;
  }
  if (e == ERR_NOT_FOUND) {
    nstate_node_key(name, owner, path, path_len);
    nstate_node_keep(ns, name, *out, true);
    e = ERR_OK;
  }
  arena_fini(&a);
  return e;
}

static err nstate_src_node(void *ctx, slice *out, const hash32 *owner,
                           const u8 *path, u32 path_len) {
  struct node_state *ns = ctx;
  u8 key[NSTATE_NODE_KEY], row[BYTES_NODE_KEY_MAX];
  struct nstate_exec_conn *c;
  nstate_node_key(key, owner, path, path_len);
  if (nstate_node_memory(ns, out, key)) return ERR_OK;
  u32 len = bytes_node_key(row, owner, path, path_len);
  TRY(nstate_conn_take(ns, &c));
  err e = store_read_row(c->r.store, out, STORE_NODE, slice_of(row, len));
  if (!e) *out = nstate_node_keep(ns, key, *out, false);
  if (e == ERR_NOT_FOUND)
    e = nstate_low_keep(ns, out, c->r.store, owner, path, path_len, NULL);
  pthread_mutex_unlock(&c->lock);
  return e;
}

static err nstate_src_low(void *ctx, slice *out, const hash32 *owner,
                          const u8 key[32], u32 path_len) {
  struct node_state *ns = ctx;
  u8 name[NSTATE_NODE_KEY], path[64];
  struct nstate_exec_conn *c;
  for (u32 i = 0; i < path_len; i++)
    path[i] = i & 1 ? key[i / 2] & 15 : key[i / 2] >> 4;
  nstate_node_key(name, owner, path, path_len);
  if (nstate_node_memory(ns, out, name)) return ERR_OK;
  TRY(nstate_conn_take(ns, &c));
  err e = nstate_low_keep(ns, out, c->r.store, owner, path, path_len, key);
  pthread_mutex_unlock(&c->lock);
  return e;
}

const struct state_source *node_state_source(struct node_state *ns) {
  return &ns->source;
}

/* Apply may run meanwhile: what was read is put into the cache only if no block
** was applied since, and if apply has not put its own there.  Those who admit
** transactions so fetch what execution is going to need. */
err node_state_account(struct node_state *ns, struct state_account *out,
                       bool *found, const addr20 *addr) {
  hash32 h;
  struct nstate_shard *s = &ns->shard[nstate_shard_of(addr->b)];
  if (nstate_cache_account(s, out, found, addr)) return ERR_OK;
  crypto_keccak256(&h, addr->b, 20);
  i64 applied = atomic_load(&ns->applied);
  TRY(nstate_head_account(ns, out, found, &h));
  pthread_mutex_lock(&s->lock);
  if (atomic_load(&ns->applied) == applied &&
      !map_get(&s->cache_account, addr->b))
    nstate_cache_set(s, addr, out, *found);
  pthread_mutex_unlock(&s->lock);
  return ERR_OK;
}

err node_state_slot(struct node_state *ns, u256 *out, const addr20 *addr,
                    const u256 *slot) {
  u8 key[52];
  hash32 ah, sh;
  nstate_slot_cache_key(key, addr, slot);
  struct nstate_shard *s = &ns->shard[nstate_slot_cache_shard(key)];
  pthread_mutex_lock(&s->lock);
  struct nstate_cached_slot *c = map_get(&s->cache_slot, key);
  if (c) {
    c->ref = 1;
    *out = c->val;
    s->hits++;
  } else {
    s->misses++;
  }
  pthread_mutex_unlock(&s->lock);
  if (c) return ERR_OK;
  crypto_keccak256(&ah, addr->b, 20);
  crypto_keccak256(&sh, key + 20, 32);
  i64 applied = atomic_load(&ns->applied);
  TRY(nstate_head_slot(ns, out, &ah, &sh));
  pthread_mutex_lock(&s->lock);
  bool is_new = false;
  if (atomic_load(&ns->applied) == applied) {
    c = map_put(&s->cache_slot, key, &is_new);
    if (is_new) *c = (struct nstate_cached_slot){*out, 1};
  }
  pthread_mutex_unlock(&s->lock);
  return ERR_OK;
}

/*------------------------------------------------------------------ cache */
static size_t nstate_cache_node_bytes(const struct nstate_shard *s) {
  return nstate_map_share(&s->cache_node, s->cache_node.cnt) +
         s->cache_node.cnt * NSTATE_MALLOC + s->cache_node_bytes;
}

size_t nstate_cache_bytes(const struct nstate_shard *s) {
  return nstate_map_share(&s->cache_account, s->cache_account.cnt) +
         nstate_map_share(&s->cache_slot, s->cache_slot.cnt) +
         nstate_map_share(&s->cache_code, s->cache_code.cnt) +
         s->cache_code.cnt * NSTATE_MALLOC +
         s->cache_whole_cnt * (sizeof(struct state_account) + NSTATE_MALLOC) +
         s->cache_code_bytes + nstate_cache_node_bytes(s);
}

/* Drops entries not used since the hand came by, want of them at most, in at
** most two rounds.  give: frees what the value holds. */
static void nstate_clock(struct map *m, size_t *hand, size_t want,
                         size_t ref_at,
                         void (*give)(struct nstate_shard *s, void *val),
                         struct nstate_shard *s) {
  const void *key;
  void *val;
  for (size_t steps = 2 * m->cnt; want && steps; steps--) {
    if (!map_next(m, hand, &key, &val)) {
      *hand = 0;
      if (!map_next(m, hand, &key, &val)) return;
    }
    u8 *ref = (u8 *)val + ref_at;
    if (*ref) {
      --*ref;
      continue;
    }
    if (give) give(s, val);
    map_del(m, key);
    want--;
  }
}

static void nstate_give_node(struct nstate_shard *s, void *val) {
  struct nstate_node *n = val;
  s->cache_node_bytes -= n->cap;
  mem_free(n->ptr);
}
static void nstate_give_code(struct nstate_shard *s, void *val) {
  struct nstate_cached_code *c = val;
  s->cache_code_bytes -= c->len;
  mem_free(c->ptr);
}

/* Exec's thread, nothing reads: over its share a shard loses that and a
** sixteenth of it more.  First go the nodes above half of the share: low ones
** are made for each account that is touched, and must not drive out what
** execution is going to ask for.  The rest each map loses in proportion. */
static void nstate_shard_shrink(struct nstate_shard *s, size_t share) {
  size_t bytes = nstate_cache_bytes(s), nodes = nstate_cache_node_bytes(s);
  if (bytes <= share) return;
  size_t want = bytes - share + share / 16, cut = 0;
  if (nodes > share / 2) cut = nodes - share / 2;
  if (cut > want) cut = want;
  u64 ppm = (u64)(want - cut) * 1000000 / bytes;
  u64 node_ppm = nodes ? ppm + (u64)cut * 1000000 / nodes : 0;
#define NSTATE_SHRINK(map, hand_no, type, give, part) \
  nstate_clock(&s->map, &s->hand[hand_no], \
               (size_t)(s->map.cnt * (part) / 1000000), offsetof(type, ref), \
               give, s)
  NSTATE_SHRINK(cache_node, NSTATE_HAND_NODE, struct nstate_node,
                nstate_give_node, node_ppm);
  NSTATE_SHRINK(cache_account, NSTATE_HAND_ACCOUNT,
                struct nstate_cached_account, nstate_give_account, ppm);
  NSTATE_SHRINK(cache_slot, NSTATE_HAND_SLOT, struct nstate_cached_slot, NULL,
                ppm);
  NSTATE_SHRINK(cache_code, NSTATE_HAND_CODE, struct nstate_cached_code,
                nstate_give_code, ppm);
#undef NSTATE_SHRINK
}

static void nstate_cache_shrink(struct node_state *ns) {
  for (u32 i = 0; i < NSTATE_SHARDS; i++) {
    struct nstate_shard *s = &ns->shard[i];
    pthread_mutex_lock(&s->lock);
    nstate_shard_shrink(s, ns->cfg.cache_bytes / NSTATE_SHARDS);
    pthread_mutex_unlock(&s->lock);
  }
}

/* The cache has slots by themselves, a wiped account's are known by hash. */
static void nstate_cache_wipe(struct node_state *ns) {
  for (u32 i = 0; i < NSTATE_SHARDS; i++) {
    pthread_mutex_lock(&ns->shard[i].lock);
    map_clear(&ns->shard[i].cache_slot);
    pthread_mutex_unlock(&ns->shard[i].lock);
  }
}

static void nstate_cache_apply(struct node_state *ns,
                               const struct state_diff *d) {
  for (u32 i = 0; i < d->account_cnt; i++)
    if (nstate_is_wiped(&d->account[i])) {
      nstate_cache_wipe(ns);
      break;
    }
  for (u32 i = 0; i < d->account_cnt; i++) {
    const struct state_diff_account *a = &d->account[i];
    struct nstate_shard *s = &ns->shard[nstate_shard_of(a->addr.b)];
    pthread_mutex_lock(&s->lock);
    nstate_cache_set(s, &a->addr, &a->new_val, a->exists);
    pthread_mutex_unlock(&s->lock);
    for (u32 k = 0; k < a->slot_cnt; k++) {
      u8 key[52];
      if (a->slot[k].hashed) continue;
      nstate_slot_cache_key(key, &a->addr, &a->slot[k].slot);
      s = &ns->shard[nstate_slot_cache_shard(key)];
      pthread_mutex_lock(&s->lock);
      struct nstate_cached_slot *cs = map_put(&s->cache_slot, key, NULL);
      cs->val = a->slot[k].new_val;
      cs->ref = 1;
      pthread_mutex_unlock(&s->lock);
    }
  }
  for (u32 i = 0; i < d->code_cnt; i++) {
    slice code = d->code[i].code;
    nstate_code_keep(&ns->shard[nstate_shard_of(d->code[i].hash.b)], &code,
                     &d->code[i].hash);
  }
}

/*------------------------------------------------------------------ apply */
static u32 nstate_block_logs(struct nstate_block *b,
                             const struct store_block *sb,
                             const struct chain_receipt *receipt) {
  for (u32 i = 0; i < sb->chunk_cnt[STORE_RECEIPT]; i++) {
    const struct store_chunk *c = &sb->chunk[STORE_RECEIPT][i];
    u32 first = STORE_SEQ_IDX(c->seq);
    u32 end = i + 1 < sb->chunk_cnt[STORE_RECEIPT]
                  ? STORE_SEQ_IDX(c[1].seq) : sb->tx_cnt;
    b->log_cnt += bytes_log_entries(b->log + b->log_cnt, c->seq,
                                    receipt + first, end - first);
  }
  return b->log_cnt;
}

void nstate_empty_grave(struct node_state *ns) {
  pthread_mutex_lock(&ns->grave_lock);
  for (size_t i = 0; i < ns->grave_cnt; i++) mem_free(ns->grave[i]);
  ns->grave_cnt = 0;
  while (ns->grave_gen) {
    struct nstate_gen *g = ns->grave_gen;
    ns->grave_gen = g->next;
    for (u32 i = 0; i < NSTATE_SHARDS; i++) arena_fini(&g->mem[i]);
    mem_free(g);
  }
  pthread_mutex_unlock(&ns->grave_lock);
}

static bool nstate_freeze_due(struct node_state *ns, u64 now_ms) {
  if (ns->cur_blocks == 0 || atomic_load(&ns->applied) > atomic_load(&ns->keep))
    return false;
  pthread_mutex_lock(&ns->flush_lock);
  bool idle = ns->flush_phase == NSTATE_IDLE;
  pthread_mutex_unlock(&ns->flush_lock);
  return idle && (ns->cur_changes >= ns->cfg.batch_changes ||
                  ns->cur_blocks >= ns->cfg.batch_blocks ||
                  node_state_lag_percent(ns) > 50 ||
                  now_ms - ns->frozen_ms >= NSTATE_FREEZE_MS);
}

static void nstate_block_parties(struct nstate_block *b,
                                 const struct chain_block_result *res) {
  for (u32 i = 0; i < res->tx_cnt; i++)
    b->party_cnt += bytes_addr_entries(
        b->party + b->party_cnt, STORE_SEQ(b->height, i), &res->tx[i]->sender,
        res->tx[i]->has_to ? &res->tx[i]->to : NULL, &res->receipt[i]);
}

err node_state_apply(struct node_state *ns, struct store_block **out,
                     const struct chain_block_result *result, slice proposal,
                     slice commit) {
  struct arena a;
  struct bytes_places places;
  struct chain_block_result whole = *result;
  const struct chain_block_result *res = &whole;
  MUST((i64)res->header.number == atomic_load(&ns->applied) + 1);
  arena_init(&a, 1 << 16, 0);
  err e = nstate_complete_wiped(ns, &whole.diff, &result->diff, &a);
  if (!e) e = bytes_block(out, &places, res, proposal, commit, &a);
  if (e) {
    arena_fini(&a);
    return e;
  }
  struct nstate_block *b = nstate_block_make(
      res->header.number, &res->hash, &res->diff, places.account, places.slot,
      res->tx_cnt, bytes_log_entries_max(res->receipt, res->tx_cnt),
      ns->cfg.no_addresses ? 0 : bytes_addr_entries_max(res->receipt,
                                                        res->tx_cnt));
  for (u32 i = 0; i < res->tx_cnt; i++) b->tx_hash[i] = res->tx[i]->hash;
  b->tx_cnt = res->tx_cnt;
  nstate_block_logs(b, *out, res->receipt);
  if (!ns->cfg.no_addresses) nstate_block_parties(b, res);

  pthread_mutex_lock(&ns->apply_lock);
  nstate_empty_grave(ns);
  nstate_conn_end_old(ns, 0);
  nstate_block_link(ns, b);
  nstate_cache_apply(ns, &res->diff);
  nstate_nodes_put(ns, &res->root);
  atomic_store(&ns->applied, (i64)res->header.number);
  ns->cur_changes += b->account_cnt + b->slot_cnt + res->root.put_cnt / 2;
  ns->cur_blocks++;
  nstate_cache_shrink(ns);
  u64 now = nstate_clock_ms();
  if (nstate_freeze_due(ns, now)) nstate_freeze(ns, now);
  pthread_mutex_unlock(&ns->apply_lock);
  arena_fini(&a);
  return ERR_OK;
}

void node_state_durable(struct node_state *ns, u64 height) {
  atomic_store(&ns->durable, (i64)height);
}

u32 node_state_lag_percent(struct node_state *ns) {
  if (atomic_load(&ns->keep) != INT64_MAX) return 0;
  u64 bytes = atomic_load(&ns->overlay_bytes) * 100 / LIMIT_STATE_OVERLAY;
  u64 blocks = atomic_load(&ns->block_cnt) * 100 / LIMIT_STATE_BLOCKS;
  u64 p = bytes > blocks ? bytes : blocks;
  return p > 1000 ? 1000 : (u32)p;
}

/*----------------------------------------------------- the writer's slices */
static err nstate_flush_slice(struct node_state *ns, bool *more, bool *wait) {
  bool done = false;
  pthread_mutex_lock(&ns->flush_lock);
  enum nstate_flush_phase phase = ns->flush_phase;
  pthread_mutex_unlock(&ns->flush_lock);
  if (phase == NSTATE_READY) {
    if (atomic_load(&ns->durable) < (i64)ns->batch.to) return ERR_OK;
    TRY(store_flush_begin(ns->store, &ns->batch));
    log_event(LOG_DEBUG, "store", "flush.begun",
              "to=%llu accounts=%zu slots=%zu nodes=%zu wal_mb=%llu",
              (unsigned long long)ns->batch.to, ns->batch.row_cnt[STORE_ACCOUNT],
              ns->batch.row_cnt[STORE_SLOT], ns->batch.row_cnt[STORE_NODE],
              (unsigned long long)(store_wal_bytes(ns->store) >> 20));
    pthread_mutex_lock(&ns->flush_lock);
    ns->flush_phase = phase = NSTATE_RUNNING;
    pthread_mutex_unlock(&ns->flush_lock);
  }
  if (phase == NSTATE_IDLE || phase == NSTATE_READY) return ERR_OK;
  *more = true;
  *wait = phase == NSTATE_FROZEN; /* nothing else may wake the writer */
  if (*wait) return ERR_OK;
  err e = store_flush_step(ns->store, STORE_SLICE_US, &done);
  if (e) {
    /* The store has let go of the batch: it begins again from its start. */
    pthread_mutex_lock(&ns->flush_lock);
    ns->flush_phase = NSTATE_READY;
    pthread_mutex_unlock(&ns->flush_lock);
  }
  if (e || !done) return e;
  log_event(LOG_DEBUG, "store", "flush.done", "to=%llu wal_mb=%llu",
            (unsigned long long)ns->batch.to,
            (unsigned long long)(store_wal_bytes(ns->store) >> 20));
  pthread_mutex_lock(&ns->pin_lock);
  ns->flushed = (i64)ns->batch.to;
  ns->flush_gen->done = true;
  pthread_mutex_unlock(&ns->pin_lock);
  pthread_mutex_lock(&ns->flush_lock);
  arena_fini(&ns->batch_arena); /* tens of megabytes, not needed for long */
  arena_init(&ns->batch_arena, NSTATE_BATCH_CHUNK, 0);
  ns->flush_gen = NULL;
  ns->flush_phase = NSTATE_IDLE;
  ns->upkeep_more = true;
  pthread_mutex_unlock(&ns->flush_lock);
  return ERR_OK;
}

static err nstate_prune(struct node_state *ns) {
  u64 keep = ns->cfg.history_blocks, bodies = ns->cfg.body_blocks;
  i64 head = atomic_load(&ns->durable);
  if (head < (i64)ns->prune_at) return ERR_OK;
  ns->prune_at = (u64)head + NSTATE_PRUNE_EVERY;
  u64 oldest = keep < (u64)head ? (u64)head - keep : 0;
  u64 body = bodies && bodies < (u64)head ? (u64)head - bodies + 1 : 0;
  /* The tables must have passed what goes. */
  if ((i64)oldest > ns->flushed) oldest = 0;
  if ((i64)body > ns->flushed) body = 0;
  if (!oldest && !body) return ERR_OK;
  ns->upkeep_more = true;
  return store_prune_below(ns->store, oldest, body);
}

/* ERR_BUSY: a reader is in the way; the next step tries again. */
static err nstate_checkpoint(struct node_state *ns, u64 now_ms, bool *more) {
  struct store_checkpoint_stat stat;
  err e = store_checkpoint_step(ns->store, now_ms, more);
  if (e || *more) return e == ERR_BUSY ? ERR_OK : e;
  store_checkpoint_stat(ns->store, &stat);
  log_event(LOG_DEBUG, "store", "checkpoint", "ms=%llu longest_step_us=%llu",
            (unsigned long long)stat.last_us / 1000,
            (unsigned long long)stat.step_us);
  return ERR_OK;
}

/* What does not write: batches are cut off, memory is given back. */
static void nstate_tidy_step(struct node_state *ns, bool *more) {
  u32 budget = ns->cfg.drop_budget;
  if (pthread_mutex_trylock(&ns->apply_lock) == 0) {
    u64 now = nstate_clock_ms();
    if (nstate_freeze_due(ns, now)) nstate_freeze(ns, now);
    pthread_mutex_unlock(&ns->apply_lock);
  }
  nstate_drop(ns, &budget);
  if (budget == 0) *more = true;
}

/* A slice of what is written behind the head. */
static err nstate_work_step(struct node_state *ns, bool *more, bool *wait) {
  TRY(nstate_flush_slice(ns, more, wait));
  if (*more) return ERR_OK;
  TRY(nstate_prune(ns));
  if (ns->upkeep_more) {
    TRY(store_upkeep_step(ns->store, STORE_SLICE_US, &ns->upkeep_more));
    *more = ns->upkeep_more;
  }
  return ERR_OK;
}

static err nstate_write_step(struct node_state *ns, u64 now_ms, bool *more,
                             bool *wait) {
  bool copying = false, closing = store_checkpoint_closing(ns->store);
  *more = false;
  /* Readers in the log would keep it from beginning anew. */
  nstate_conn_end_old(ns, closing ? 0 : NSTATE_SNAPSHOT_MS);
  if (store_checkpoint_due(ns->store, now_ms))
    TRY(nstate_checkpoint(ns, now_ms, &copying));
  nstate_tidy_step(ns, more);
  /* While it lasts a plain copy of the file is not whole: it shall end. */
  if (!copying || !store_checkpoint_closing(ns->store))
    TRY(nstate_work_step(ns, more, wait));
  *wait |= copying && !*more;
  *more |= copying;
  return ERR_OK;
}

err node_state_write_step(struct node_state *ns, u64 now_ms, bool *more) {
  u64 t = nstate_clock_us(), spent = nstate_spent_us();
  bool wait = false;
  err e = nstate_write_step(ns, now_ms, more, &wait);
  t = nstate_clock_us() - t;
  spent = nstate_spent_us() - spent;
  if (t > atomic_load(&ns->hold_us)) atomic_store(&ns->hold_us, t);
  if (spent > atomic_load(&ns->hold_cpu_us))
    atomic_store(&ns->hold_cpu_us, spent);
  if (!e && wait) usleep(NSTATE_WAIT_US);
  return e;
}

/*---------------------------------------------------------- open and close */
static void nstate_shard_init(struct nstate_shard *s, u64 seed) {
  pthread_mutex_init(&s->lock, NULL);
  map_init(&s->ver_account, 32, sizeof(void *), 0, seed);
  map_init(&s->ver_slot, 64, sizeof(void *), 0, seed);
  map_init(&s->ver_code, 32, sizeof(void *), 0, seed);
  map_init(&s->ver_hash, 32, sizeof(u64), 0, seed);
  map_init(&s->node, NSTATE_NODE_KEY, sizeof(struct nstate_node), 0, seed);
  arena_init(&s->mem, NSTATE_NODE_CHUNK, 0);
  map_init(&s->cache_account, 20, sizeof(struct nstate_cached_account), 0,
           seed);
  map_init(&s->cache_slot, 52, sizeof(struct nstate_cached_slot), 0, seed);
  map_init(&s->cache_node, NSTATE_NODE_KEY, sizeof(struct nstate_node), 0,
           seed);
  map_init(&s->cache_code, 32, sizeof(struct nstate_cached_code), 0, seed);
}

static void nstate_nodes_clear(struct map *m) {
  size_t it = 0;
  const void *key;
  void *val;
  while (map_next(m, &it, &key, &val))
    mem_free(((struct nstate_node *)val)->ptr);
  map_clear(m);
}

void nstate_shard_clear(struct nstate_shard *s) {
  size_t it = 0;
  const void *key;
  void *val;
  map_clear(&s->ver_account);
  map_clear(&s->ver_slot);
  map_clear(&s->ver_code);
  map_clear(&s->ver_hash);
  map_clear(&s->node);
  arena_fini(&s->mem);
  while (map_next(&s->cache_account, &it, &key, &val))
    nstate_give_account(s, val);
  map_clear(&s->cache_account);
  it = 0;
  map_clear(&s->cache_slot);
  nstate_nodes_clear(&s->cache_node);
  while (map_next(&s->cache_code, &it, &key, &val))
    mem_free(((struct nstate_cached_code *)val)->ptr);
  map_clear(&s->cache_code);
  s->node_bytes = s->cache_node_bytes = s->cache_code_bytes = 0;
}

static void nstate_shard_fini(struct nstate_shard *s) {
  nstate_shard_clear(s);
  map_fini(&s->ver_account);
  map_fini(&s->ver_slot);
  map_fini(&s->ver_code);
  map_fini(&s->ver_hash);
  map_fini(&s->node);
  map_fini(&s->cache_account);
  map_fini(&s->cache_slot);
  map_fini(&s->cache_node);
  map_fini(&s->cache_code);
  pthread_mutex_destroy(&s->lock);
}

/* HTTP's threads: what answers at once, and the workers for slow calls. */
static u32 nstate_readers_default(void) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  u32 n = cores < 1 ? 1 : cores > 16 ? 16 : (u32)cores;
  return (n < 2 ? 4 : 2 * n) + (n < 2 ? 2 : n > 8 ? 8 : n) + 2;
}

static err nstate_open_readers(struct node_state *ns, struct errmsg *msg) {
  u64 share = ns->budget / 16, one = share / ns->cfg.reader_cnt;
  store_cache(ns->store, 3 * (ns->budget / 16));
  ns->reader = mem_alloc(ns->cfg.reader_cnt * sizeof *ns->reader);
  for (u32 i = 0; i < ns->cfg.reader_cnt; i++) {
    struct nstate_reader *r = &ns->reader[i];
    r->pin = INT64_MAX;
    TRY(store_reader_open(&r->store, ns->store,
                          one < NSTATE_READER_CACHE_MIN
                              ? NSTATE_READER_CACHE_MIN : one, msg));
    ns->reader_cnt++;
    r->next_free = ns->free_reader;
    ns->free_reader = r;
  }
  for (u32 i = 0; i < NSTATE_EXEC_CONNS; i++) {
    struct nstate_exec_conn *c = &ns->conn[i];
    pthread_mutex_init(&c->lock, NULL);
    c->r.pin = INT64_MAX;
    TRY(store_reader_open(&c->r.store, ns->store,
                          3 * (ns->budget / 16) / NSTATE_EXEC_CONNS, msg));
    ns->conn_cnt++;
  }
  return ERR_OK;
}

void nstate_free(struct node_state *ns) {
  for (u32 i = 0; i < ns->conn_cnt; i++) {
    if (ns->conn[i].begun) nstate_reader_end(ns, &ns->conn[i].r);
    store_reader_close(ns->conn[i].r.store);
    pthread_mutex_destroy(&ns->conn[i].lock);
  }
  for (u32 i = 0; i < ns->reader_cnt; i++) {
    nstate_read_close(ns->reader[i].read);
    store_reader_close(ns->reader[i].store);
  }
  mem_free(ns->reader);
  while (ns->gen) {
    struct nstate_gen *g = ns->gen;
    ns->gen = g->next;
    nstate_gen_free(ns, g);
  }
  nstate_blocks_clear(ns);
  nstate_index_clear(ns);
  nstate_kept_close(ns->logs);
  nstate_empty_grave(ns);
  mem_free(ns->grave);
  arena_fini(&ns->batch_arena);
  for (u32 i = 0; i < NSTATE_SHARDS; i++) nstate_shard_fini(&ns->shard[i]);
  pthread_mutex_destroy(&ns->apply_lock);
  pthread_mutex_destroy(&ns->pin_lock);
  pthread_mutex_destroy(&ns->flush_lock);
  pthread_mutex_destroy(&ns->grave_lock);
  pthread_cond_destroy(&ns->reader_free);
  pthread_cond_destroy(&ns->flush_wake);
  mem_free(ns);
}

static void nstate_stop_maker(struct node_state *ns) {
  if (!ns->maker_started) return;
  pthread_mutex_lock(&ns->flush_lock);
  ns->stop = true;
  pthread_cond_signal(&ns->flush_wake);
  pthread_mutex_unlock(&ns->flush_lock);
  pthread_join(ns->maker, NULL);
  ns->maker_started = false;
}

struct node_state *nstate_new(const struct node_state_config *cfg) {
  struct node_state *ns = mem_alloc(sizeof *ns);
  pthread_condattr_t attr;
  ns->cfg = *cfg;
  ns->store = cfg->store;
  ns->logs = nstate_kept_open();
  atomic_init(&ns->keep, INT64_MAX);
  ns->budget = cfg->cache_bytes ? cfg->cache_bytes : NSTATE_CACHE_DEFAULT;
  ns->cfg.cache_bytes = ns->budget - 7 * (ns->budget / 16);
  if (!ns->cfg.reader_cnt) ns->cfg.reader_cnt = nstate_readers_default();
  if (!ns->cfg.history_blocks) ns->cfg.history_blocks = NSTATE_HISTORY_DEFAULT;
  if (!ns->cfg.batch_changes) ns->cfg.batch_changes = NSTATE_FREEZE_CHANGES;
  if (!ns->cfg.batch_blocks) ns->cfg.batch_blocks = NSTATE_FREEZE_BLOCKS;
  if (!ns->cfg.drop_budget) ns->cfg.drop_budget = NSTATE_DROP_BUDGET;
  if (ns->cfg.history_blocks < NSTATE_HISTORY_MIN)
    ns->cfg.history_blocks = NSTATE_HISTORY_MIN;
  pthread_mutex_init(&ns->apply_lock, NULL);
  pthread_mutex_init(&ns->pin_lock, NULL);
  pthread_mutex_init(&ns->flush_lock, NULL);
  pthread_mutex_init(&ns->grave_lock, NULL);
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&ns->reader_free, &attr);
  pthread_cond_init(&ns->flush_wake, &attr);
  pthread_condattr_destroy(&attr);
  arena_init(&ns->batch_arena, NSTATE_BATCH_CHUNK, 0);
  /* Maps are keyed by outsiders' addresses and slots. */
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  u64 seed = ((u64)t.tv_nsec << 32 ^ (u64)t.tv_sec) * 0x9e3779b97f4a7c15u ^
             (u64)(uintptr_t)ns;
  for (u32 i = 0; i < NSTATE_SHARDS; i++)
    nstate_shard_init(&ns->shard[i], seed + i);
  ns->source = (struct state_source){
      .ctx = ns, .hashless = true, .account = nstate_src_account,
      .slot = nstate_src_slot, .code = nstate_src_code,
      .node = nstate_src_node, .low = nstate_src_low,
      .account_by_hash = nstate_src_by_hash,
      .slot_by_hash = nstate_src_slot_by_hash};
  return ns;
}

/* From which height on the index of addresses is whole: told by the file where
** it was switched off for a time (UINT64_MAX: it is off). */
static err nstate_open_parties(struct node_state *ns, i64 flushed,
                               struct errmsg *msg) {
  struct buf b;
  u8 be[8];
  buf_init(&b, 8);
  err e = store_meta_get(ns->store, &b, NSTATE_META_PARTY);
  if (!e && b.len == 8) ns->party_from = load_be64(b.ptr);
  buf_fini(&b);
  u64 from = ns->cfg.no_addresses ? UINT64_MAX
             : ns->party_from == UINT64_MAX ? (u64)(flushed + 1)
                                            : ns->party_from;
  if (e == ERR_NOT_FOUND) e = ERR_OK;
  if (!e && from != ns->party_from) {
    store_be64(be, from);
    e = from ? store_meta_put(ns->store, NSTATE_META_PARTY, slice_of(be, 8))
             : store_meta_del(ns->store, NSTATE_META_PARTY);
    ns->party_from = from;
  }
  return e ? err_say(msg, e, "cannot read the file: %s",
                     store_error(ns->store)) : ERR_OK;
}

err node_state_open(struct node_state **out,
                    const struct node_state_config *cfg, struct errmsg *msg) {
  struct node_state *ns = nstate_new(cfg);
  struct store_standing st;
  *out = NULL;
  store_standing(ns->store, &st);
  if (cfg->rebuild && st.head > (i64)cfg->rebuild_to)
    st.head = (i64)cfg->rebuild_to;
  ns->flushed = st.flushed;
  atomic_store(&ns->applied, st.head);
  atomic_store(&ns->durable, st.head);
  ns->frozen_to = st.flushed;
  ns->frozen_ms = nstate_clock_ms();
  ns->upkeep_more = true;
  err e = ERR_OK;
  if (!cfg->rebuild && store_rebuilding(ns->store))
    e = err_say(msg, ERR_REFUSED, "%s: making its tables anew was cut off; give "
                "\"cybermiles reindex\" again", store_path(ns->store));
  if (!e && !cfg->rebuild) e = nstate_open_parties(ns, st.flushed, msg);
  if (!e) e = nstate_open_readers(ns, msg);
  if (!e && st.head > st.flushed)
    e = nstate_catch_up(ns, ns->reader[0].store, &st, msg);
  if (!e) {
    ns->maker_started =
        pthread_create(&ns->maker, NULL, nstate_maker_main, ns) == 0;
    if (!ns->maker_started)
      e = err_say(msg, ERR_LIMIT, "cannot start a thread");
  }
  if (e) {
    nstate_free(ns);
    return e;
  }
  *out = ns;
  return ERR_OK;
}

/* Batches until the tables stand at the head. */
static err nstate_flush_all(struct node_state *ns) {
  bool more, wait;
  while (ns->flushed < atomic_load(&ns->durable)) {
    pthread_mutex_lock(&ns->flush_lock);
    enum nstate_flush_phase phase = ns->flush_phase;
    pthread_mutex_unlock(&ns->flush_lock);
    if (phase == NSTATE_IDLE) {
      if (atomic_load(&ns->applied) != atomic_load(&ns->durable))
        return ERR_OK; /* blocks that were never written */
      pthread_mutex_lock(&ns->apply_lock);
      nstate_freeze(ns, nstate_clock_ms());
      pthread_mutex_unlock(&ns->apply_lock);
    } else if (phase == NSTATE_FROZEN) {
      TRY(nstate_batch_make(ns));
    } else {
      if (atomic_load(&ns->durable) < (i64)ns->batch.to) return ERR_OK;
      TRY(nstate_flush_slice(ns, &more, &wait));
    }
  }
  return ERR_OK;
}

err node_state_close(struct node_state *ns, bool abandon, struct errmsg *msg) {
  if (!ns) return ERR_OK;
  nstate_stop_maker(ns);
  nstate_conn_end_old(ns, 0);
  err e = abandon ? ERR_OK : nstate_flush_all(ns);
  if (e) err_say(msg, e, "the tables stay behind the head: %s",
                 store_error(ns->store));
  nstate_free(ns);
  return e;
}

void node_state_stat(struct node_state *ns, struct node_state_stat *out) {
  memset(out, 0, sizeof *out);
  i64 applied = atomic_load(&ns->applied), durable = atomic_load(&ns->durable);
  out->applied = applied < 0 ? 0 : (u64)applied;
  out->durable = durable < 0 ? 0 : (u64)durable;
  for (u32 i = 0; i < NSTATE_SHARDS; i++) {
    struct nstate_shard *s = &ns->shard[i];
    pthread_mutex_lock(&s->lock);
    out->cache_bytes += nstate_cache_bytes(s);
    out->cache_hits += s->hits;
    out->cache_misses += s->misses;
    pthread_mutex_unlock(&s->lock);
  }
  out->overlay_bytes += atomic_load(&ns->overlay_bytes);
  pthread_mutex_lock(&ns->pin_lock);
  out->flushed = ns->flushed < 0 ? 0 : (u64)ns->flushed;
  out->reader_cnt = ns->reader_cnt;
  out->reader_busy = ns->reader_busy;
  pthread_mutex_unlock(&ns->pin_lock);
  out->wal_bytes = store_wal_bytes(ns->store);
  out->hold_us = atomic_load(&ns->hold_us);
  out->hold_cpu_us = atomic_load(&ns->hold_cpu_us);
}
