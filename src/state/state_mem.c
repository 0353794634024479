/* state_mem.c - a whole world in memory, as a source and as an oracle.
**
** Accounts by hashed address, each with its own table of slots by hashed slot
** (zero slots are not kept); code by hash; trie nodes by owner and path, as
** state_commit gave them.  An account's storage root is computed from its
** slots with the ordered builder, when a difference was applied or a source
** made, so the world is right with or without nodes, and reading it from
** several threads is safe.
*/
#include "base/map.h"
#include "crypto/keccak.h"
#include "state/state.h"

struct state_mem_acct {
  addr20 addr;
  struct state_account val; /* storage_root valid unless stale */
  bool stale;
  struct map slot;          /* hash32 -> struct state_mem_slot */
};
struct state_mem_slot {
  u256 slot, val;
};
struct state_mem_node { /* key of a node */
  hash32 owner;
  u8 path[64];
  u64 has_owner, path_len;
};
struct state_mem_bytes {
  u8 *ptr;
  size_t len;
};
struct state_mem {
  struct map acct; /* hash32 -> struct state_mem_acct * */
  struct map code; /* hash32 -> struct state_mem_bytes */
  struct map node; /* struct state_mem_node -> struct state_mem_bytes */
  struct arena scratch;
};

struct state_mem *state_mem_open(void) {
  struct state_mem *m = mem_alloc(sizeof *m);
  map_init(&m->acct, sizeof(hash32), sizeof(struct state_mem_acct *), 0, 1);
  map_init(&m->code, sizeof(hash32), sizeof(struct state_mem_bytes), 0, 1);
  map_init(&m->node, sizeof(struct state_mem_node),
           sizeof(struct state_mem_bytes), 0, 1);
  arena_init(&m->scratch, 64u << 10, 0);
  return m;
}

static void state_mem_acct_free(struct state_mem_acct *e) {
  map_fini(&e->slot);
  mem_free(e);
}

static void state_mem_bytes_fini(struct map *m) {
  const void *key;
  void *val;
  for (size_t it = 0; map_next(m, &it, &key, &val);) {
    mem_free(((struct state_mem_bytes *)val)->ptr);
  }
  map_fini(m);
}

void state_mem_close(struct state_mem *m) {
  const void *key;
  void *val;
  if (!m) return;
  for (size_t it = 0; map_next(&m->acct, &it, &key, &val);) {
    state_mem_acct_free(*(struct state_mem_acct **)val);
  }
  map_fini(&m->acct);
  state_mem_bytes_fini(&m->code);
  state_mem_bytes_fini(&m->node);
  arena_fini(&m->scratch);
  mem_free(m);
}

/*--------------------------------------------------------------- content */

static struct state_mem_acct *state_mem_find(const struct state_mem *m,
                                             const hash32 *key) {
  struct state_mem_acct **e = map_get(&m->acct, key);
  return e ? *e : NULL;
}

static struct state_mem_acct *state_mem_make(struct state_mem *m,
                                             const addr20 *a,
                                             const hash32 *key) {
  bool is_new;
  struct state_mem_acct **e = map_put(&m->acct, key, &is_new);
  if (is_new) {
    *e = mem_alloc(sizeof **e);
    (*e)->addr = *a;
    (*e)->val.code_hash = CRYPTO_KECCAK_EMPTY;
    (*e)->val.storage_root = CRYPTO_KECCAK_RLP_NIL;
    map_init(&(*e)->slot, sizeof(hash32), sizeof(struct state_mem_slot), 0, 1);
  }
  return *e;
}

static void state_mem_bytes_put(struct map *m, const void *key, slice bytes) {
  struct state_mem_bytes *b = map_put(m, key, NULL);
  b->ptr = mem_realloc(b->ptr, bytes.len ? bytes.len : 1);
  b->len = bytes.len;
  if (bytes.len) memcpy(b->ptr, bytes.ptr, bytes.len);
}

static void state_mem_slot_put(struct state_mem_acct *e, const hash32 *key,
                               const u256 *slot, const u256 *v) {
  e->stale = true;
  if (u256_is_zero(v)) {
    map_del(&e->slot, key);
    return;
  }
  struct state_mem_slot *s = map_put(&e->slot, key, NULL);
  s->slot = *slot;
  s->val = *v;
}

void state_mem_account(struct state_mem *m, const addr20 *a, u64 nonce,
                       const u256 *balance, slice code) {
  hash32 key;
  crypto_keccak256(&key, a->b, 20);
  struct state_mem_acct *e = state_mem_make(m, a, &key);
  e->val.nonce = nonce;
  e->val.balance = *balance;
  crypto_keccak256(&e->val.code_hash, code.ptr, code.len);
  if (code.len) state_mem_bytes_put(&m->code, &e->val.code_hash, code);
}

void state_mem_slot(struct state_mem *m, const addr20 *a, const u256 *slot,
                    const u256 *v) {
  hash32 addr_key, slot_key, be = u256_hash32(slot);
  crypto_keccak256(&addr_key, a->b, 20);
  crypto_keccak256(&slot_key, be.b, 32);
  struct state_mem_acct *e = state_mem_make(m, a, &addr_key);
  state_mem_slot_put(e, &slot_key, slot, v);
}

static void state_mem_node_key(struct state_mem_node *key, const hash32 *owner,
                               const u8 *path, u32 path_len) {
  memset(key, 0, sizeof *key);
  key->has_owner = owner != NULL;
  if (owner) key->owner = *owner;
  key->path_len = path_len;
  if (path_len != TRIE_ROOT_EDGE) {
    MUST(path_len <= sizeof key->path);
    if (path_len) memcpy(key->path, path, path_len);
  }
}

void state_mem_apply_nodes(struct state_mem *m, const struct state_root *r) {
  for (size_t i = 0; i < r->put_cnt; i++) {
    const struct trie_node_put *p = &r->put[i].node;
    struct state_mem_node key;
    state_mem_node_key(&key, r->put[i].owner, p->path, p->path_len);
    if (p->node.len) {
      state_mem_bytes_put(&m->node, &key, p->node);
      continue;
    }
    struct state_mem_bytes *b = map_get(&m->node, &key);
    if (!b) continue;
    mem_free(b->ptr);
    map_del(&m->node, &key);
  }
}

/*----------------------------------------------------------------- roots */

struct state_mem_pair { /* sorted by key; the value encoded apart */
  hash32 key;
  const void *from;
};

static void state_mem_sift(struct state_mem_pair *p, size_t at, size_t cnt) {
  struct state_mem_pair v = p[at];
  for (size_t sub; (sub = 2 * at + 1) < cnt; at = sub) {
    if (sub + 1 < cnt && hash32_cmp(&p[sub].key, &p[sub + 1].key) < 0) sub++;
    if (hash32_cmp(&v.key, &p[sub].key) >= 0) break;
    p[at] = p[sub];
  }
  p[at] = v;
}

static struct state_mem_pair *state_mem_sorted(const struct map *m,
                                               struct arena *a) {
  struct state_mem_pair *p = arena_alloc_raw(a, m->cnt * sizeof *p);
  const void *key;
  void *val;
  size_t cnt = 0;
  MUST(p);
  for (size_t it = 0; map_next(m, &it, &key, &val);) {
    p[cnt].key = *(const hash32 *)key;
    p[cnt++].from = val;
  }
  for (size_t i = cnt / 2; i-- > 0;) state_mem_sift(p, i, cnt);
  for (size_t end = cnt; end-- > 1;) {
    struct state_mem_pair t = p[0];
    p[0] = p[end];
    p[end] = t;
    state_mem_sift(p, 0, end);
  }
  return p;
}

static void state_mem_storage_root(struct state_mem *m,
                                   struct state_mem_acct *e) {
  if (!e->stale) return;
  struct arena_mark mark = arena_mark(&m->scratch);
  size_t cnt = e->slot.cnt;
  struct state_mem_pair *p = state_mem_sorted(&e->slot, &m->scratch);
  struct trie_pair *pair = arena_array(&m->scratch, struct trie_pair, cnt);
  u8 *bytes = arena_alloc_raw(&m->scratch, cnt * 33);
  MUST(pair && bytes);
  for (size_t i = 0; i < cnt; i++, bytes += 33) {
    const struct state_mem_slot *s = p[i].from;
    pair[i].key = hash32_slice(&p[i].key);
    pair[i].val = slice_of(bytes, state_slot_encode(bytes, &s->val));
  }
  trie_root_sorted(&e->val.storage_root, pair, cnt, &m->scratch);
  e->stale = false;
  arena_reset(&m->scratch, mark);
}

void state_mem_root(struct state_mem *m, hash32 *root) {
  struct arena_mark mark = arena_mark(&m->scratch);
  size_t cnt = m->acct.cnt;
  struct state_mem_pair *p = state_mem_sorted(&m->acct, &m->scratch);
  struct trie_pair *pair = arena_array(&m->scratch, struct trie_pair, cnt);
  struct buf b;
  buf_init(&b, 0);
  MUST(pair);
  for (size_t i = 0; i < cnt; i++) {
    struct state_mem_acct *e = *(struct state_mem_acct *const *)p[i].from;
    state_mem_storage_root(m, e);
    buf_clear(&b);
    state_account_encode(&b, &e->val);
    pair[i].key = hash32_slice(&p[i].key);
    pair[i].val = arena_copy_slice(&m->scratch, buf_slice(&b));
  }
  buf_fini(&b);
  trie_root_sorted(root, pair, cnt, &m->scratch);
  arena_reset(&m->scratch, mark);
}

/*----------------------------------------------------------- differences */

static void state_mem_apply_account(struct state_mem *m,
                                    const struct state_diff_account *d) {
  struct state_mem_acct *e = state_mem_find(m, &d->key);
  if (!d->exists) {
    if (e) {
      state_mem_acct_free(e);
      map_del(&m->acct, &d->key);
    }
    return;
  }
  e = state_mem_make(m, &d->addr, &d->key);
  e->val.nonce = d->new_val.nonce;
  e->val.balance = d->new_val.balance;
  e->val.code_hash = d->new_val.code_hash;
  if (d->wiped) {
    map_clear(&e->slot);
    e->stale = true;
  }
  for (u32 i = 0; i < d->slot_cnt; i++) {
    const struct state_diff_slot *s = &d->slot[i];
    state_mem_slot_put(e, &s->key, &s->slot, &s->new_val);
  }
  state_mem_storage_root(m, e);
}

void state_mem_apply(struct state_mem *m, const struct state_diff *d) {
  for (u32 i = 0; i < d->account_cnt; i++) {
    state_mem_apply_account(m, &d->account[i]);
  }
  for (u32 i = 0; i < d->code_cnt; i++) {
    state_mem_bytes_put(&m->code, &d->code[i].hash, d->code[i].code);
  }
}

/*---------------------------------------------------------------- source */

static err state_mem_get_by_hash(void *ctx, struct state_account *out,
                                 bool *found, const hash32 *addr_hash) {
  struct state_mem *m = ctx;
  struct state_mem_acct *e = state_mem_find(m, addr_hash);
  *found = e != NULL;
  if (!e) return ERR_OK;
  if (e->stale) state_mem_storage_root(m, e);
  *out = e->val;
  return ERR_OK;
}

static err state_mem_get_account(void *ctx, struct state_account *out,
                                 bool *found, const addr20 *addr,
                                 const hash32 *addr_hash) {
  (void)addr;
  return state_mem_get_by_hash(ctx, out, found, addr_hash);
}

static err state_mem_get_slot_by_hash(void *ctx, u256 *out,
                                      const hash32 *addr_hash,
                                      const hash32 *slot_hash) {
  const struct state_mem_acct *e = state_mem_find(ctx, addr_hash);
  const struct state_mem_slot *s = e ? map_get(&e->slot, slot_hash) : NULL;
  *out = s ? s->val : U256_ZERO;
  return ERR_OK;
}

static err state_mem_get_slot(void *ctx, u256 *out, const addr20 *addr,
                              const hash32 *addr_hash, const u256 *slot,
                              const hash32 *slot_hash) {
  (void)addr;
  (void)slot;
  return state_mem_get_slot_by_hash(ctx, out, addr_hash, slot_hash);
}

static err state_mem_get_code(void *ctx, slice *out, const hash32 *code_hash) {
  const struct state_mem *m = ctx;
  const struct state_mem_bytes *b = map_get(&m->code, code_hash);
  if (!b) return ERR_CORRUPT;
  *out = slice_of(b->ptr, b->len);
  return ERR_OK;
}

static err state_mem_get_node(void *ctx, slice *out, const hash32 *owner,
                              const u8 *path, u32 path_len) {
  const struct state_mem *m = ctx;
  struct state_mem_node key;
  state_mem_node_key(&key, owner, path, path_len);
  const struct state_mem_bytes *b = map_get(&m->node, &key);
  *out = b ? slice_of(b->ptr, b->len) : slice_of(NULL, 0);
  return ERR_OK;
}

struct state_source state_mem_source(struct state_mem *m) {
  const void *key;
  void *val;
  for (size_t it = 0; map_next(&m->acct, &it, &key, &val);) {
    state_mem_storage_root(m, *(struct state_mem_acct **)val);
  }
  return (struct state_source){.ctx = m,
                               .account = state_mem_get_account,
                               .slot = state_mem_get_slot,
                               .code = state_mem_get_code,
                               .node = state_mem_get_node,
                               .account_by_hash = state_mem_get_by_hash,
                               .slot_by_hash = state_mem_get_slot_by_hash};
}
