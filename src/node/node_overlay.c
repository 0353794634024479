/* node_overlay.c - every change above the store's flushed height, and views of
** one height through it.
**
** Each block keeps one piece of memory with its versions; the shards' maps
** hold the newest version of each key.  A version is found by walking from the
** newest back, so readers near the head, nearly all, take a step or two.
** Blocks leave in order of height: their versions are then the oldest of their
** lists.
**
** Trie nodes have no versions: the newest ones (struct nstate_shard.node)
** serve execution; when a batch is frozen they become a generation, which with
** the table beneath stands at the batch's end.  Proofs start from there.
*/
#include "node/node_state_int.h"

#include "crypto/keccak.h"

/*----------------------------------------------------------------- blocks */
static void *nstate_cut(u8 **at, size_t size) {
  u8 *p = *at;
  *at += (size + 15) & ~(size_t)15;
  return p;
}
#define NSTATE_ROUND(n) (((size_t)(n) + 15) & ~(size_t)15)

bool nstate_slim_fits(const struct state_account *a) {
  return hash32_eq(&a->code_hash, &CRYPTO_KECCAK_EMPTY) &&
         hash32_eq(&a->storage_root, &CRYPTO_KECCAK_RLP_NIL) &&
         !(a->balance.w[2] | a->balance.w[3]);
}

void nstate_slim_get(struct state_account *out, const struct nstate_slim *s) {
  if (s->whole) {
    *out = *s->whole;
    return;
  }
  *out = (struct state_account){
      .nonce = s->nonce, .balance = {{s->balance[0], s->balance[1], 0, 0}},
      .code_hash = CRYPTO_KECCAK_EMPTY, .storage_root = CRYPTO_KECCAK_RLP_NIL};
}

/* whole: the next free place for an account that does not fit. */
static void nstate_block_account(struct nstate_block *b,
                                 const struct state_diff_account *d,
                                 u32 account_chunk, const u32 *slot_chunk,
                                 struct state_account **whole) {
  struct nstate_account_ver *v = &b->account[b->account_cnt++];
  *v = (struct nstate_account_ver){
      .height = b->height, .key = d->key, .addr = d->addr,
      .existed = d->existed, .exists = d->exists, .chunk = account_chunk};
  nstate_slim_set(&v->old_val, &d->old_val,
                  nstate_slim_fits(&d->old_val) ? NULL : (*whole)++);
  nstate_slim_set(&v->new_val, &d->new_val,
                  nstate_slim_fits(&d->new_val) ? NULL : (*whole)++);
  for (u32 i = 0; i < d->slot_cnt; i++) {
    b->slot[b->slot_cnt++] = (struct nstate_slot_ver){
        .height = b->height, .owner = v, .key = d->slot[i].key,
        .chunk = slot_chunk[i], .old_val = d->slot[i].old_val,
        .new_val = d->slot[i].new_val};
  }
}

struct nstate_block *nstate_block_make(u64 height, const hash32 *hash,
                                       const struct state_diff *diff,
                                       const u32 *account_chunk,
                                       const u32 *slot_chunk, u32 tx_cnt,
                                       u32 log_max, u32 party_max) {
  size_t slots = 0, code = 0, wholes = 0;
  for (u32 i = 0; i < diff->account_cnt; i++) {
    slots += diff->account[i].slot_cnt;
    wholes += !nstate_slim_fits(&diff->account[i].old_val);
    wholes += !nstate_slim_fits(&diff->account[i].new_val);
  }
  for (u32 i = 0; i < diff->code_cnt; i++)
    code += NSTATE_ROUND(diff->code[i].code.len);
  struct map slot32 = {.slot_len = 40}, slot64 = {.slot_len = 72};
  size_t bytes =
      NSTATE_ROUND(sizeof(struct nstate_block)) +
      NSTATE_ROUND(diff->account_cnt * sizeof(struct nstate_account_ver)) +
      NSTATE_ROUND(slots * sizeof(struct nstate_slot_ver)) +
      NSTATE_ROUND(wholes * sizeof(struct state_account)) +
      NSTATE_ROUND((size_t)tx_cnt * 32) +
      NSTATE_ROUND(log_max * sizeof(struct store_entry)) +
      NSTATE_ROUND(party_max * sizeof(struct store_entry)) +
      NSTATE_ROUND(diff->code_cnt * sizeof(struct state_diff_code)) + code;
  u8 *at = mem_alloc(bytes);
  struct nstate_block *b = nstate_cut(&at, sizeof *b);
  b->bytes = bytes + nstate_map_share(&slot32, diff->account_cnt + tx_cnt) +
             nstate_map_share(&slot64, slots);
  b->height = height;
  b->hash = *hash;
  b->account = nstate_cut(&at, diff->account_cnt * sizeof *b->account);
  b->slot = nstate_cut(&at, slots * sizeof *b->slot);
  struct state_account *whole = nstate_cut(&at, wholes * sizeof *whole);
  b->tx_hash = nstate_cut(&at, (size_t)tx_cnt * 32);
  b->log = nstate_cut(&at, log_max * sizeof *b->log);
  b->party = nstate_cut(&at, party_max * sizeof *b->party);
  b->code = nstate_cut(&at, diff->code_cnt * sizeof *b->code);
  for (u32 i = 0; i < diff->account_cnt; i++) {
    nstate_block_account(b, &diff->account[i], account_chunk[i], slot_chunk,
                         &whole);
    if (diff->account[i].slot_cnt) slot_chunk += diff->account[i].slot_cnt;
  }
  for (u32 i = 0; i < diff->code_cnt; i++) {
    slice c = diff->code[i].code;
    u8 *p = nstate_cut(&at, c.len);
    if (c.len) memcpy(p, c.ptr, c.len);
    b->code[b->code_cnt++] =
        (struct state_diff_code){diff->code[i].hash, slice_of(p, c.len)};
  }
  return b;
}

void nstate_block_free(struct nstate_block *b) { mem_free(b); }

/* What a map keeps is a pointer: one load, whatever the alignment. */
static inline void *nstate_ptr_get(const struct map *m, const void *key) {
  void *p = map_get(m, key), *v = NULL;
  if (p) memcpy(&v, p, sizeof v);
  return v;
}
static inline void nstate_ptr_set(struct map *m, const void *key, void *v) {
  void *p = map_put(m, key, NULL);
  MUST(p);
  memcpy(p, &v, sizeof v);
}

static void nstate_link_account(struct node_state *ns,
                                struct nstate_account_ver *v) {
  struct nstate_shard *s = &ns->shard[nstate_shard_of(v->key.b)];
  pthread_mutex_lock(&s->lock);
  v->older = nstate_ptr_get(&s->ver_account, v->key.b);
  if (v->older) v->older->newer = v;
  nstate_ptr_set(&s->ver_account, v->key.b, v);
  pthread_mutex_unlock(&s->lock);
}

static void nstate_link_slot(struct node_state *ns, struct nstate_slot_ver *v) {
  u8 key[64];
  struct nstate_shard *s =
      &ns->shard[nstate_shard_of_slot(&v->owner->key, &v->key)];
  bytes_slot_key(key, &v->owner->key, &v->key);
  pthread_mutex_lock(&s->lock);
  v->older = nstate_ptr_get(&s->ver_slot, key);
  if (v->older) v->older->newer = v;
  nstate_ptr_set(&s->ver_slot, key, v);
  pthread_mutex_unlock(&s->lock);
}

static void nstate_hash_put(struct node_state *ns, const hash32 *h, u64 seq) {
  struct nstate_shard *s = &ns->shard[nstate_shard_of(h->b)];
  pthread_mutex_lock(&s->lock);
  void *p = map_put(&s->ver_hash, h->b, NULL);
  MUST(p);
  memcpy(p, &seq, sizeof seq);
  pthread_mutex_unlock(&s->lock);
}

static void nstate_hash_del(struct node_state *ns, const hash32 *h) {
  struct nstate_shard *s = &ns->shard[nstate_shard_of(h->b)];
  pthread_mutex_lock(&s->lock);
  map_del(&s->ver_hash, h->b);
  pthread_mutex_unlock(&s->lock);
}

bool nstate_hash_find(struct node_state *ns, const hash32 *h, u64 *seq) {
  struct nstate_shard *s = &ns->shard[nstate_shard_of(h->b)];
  pthread_mutex_lock(&s->lock);
  void *p = map_get(&s->ver_hash, h->b);
  if (p) memcpy(seq, p, sizeof *seq);
  pthread_mutex_unlock(&s->lock);
  return p != NULL;
}

void nstate_memory_index(struct node_state *ns, enum store_index index,
                         const u64 *key, u32 key_cnt, i64 above, i64 to,
                         void (*cb)(void *ctx, u64 seq), void *ctx) {
  pthread_mutex_lock(&ns->apply_lock);
  const struct nstate_index_list *l =
      index == STORE_INDEX_LOG ? &ns->log_list : &ns->party_list;
  u32 lo = l->first, hi = l->end;
  while (lo < hi) {
    u32 mid = lo + (hi - lo) / 2;
    if ((i64)l->row[mid].height <= above) lo = mid + 1;
    else hi = mid;
  }
  for (; lo < l->end && (i64)l->row[lo].height <= to; lo++) {
    const struct store_entry *e = l->row[lo].entry;
    for (u32 i = 0; i < l->row[lo].cnt; i++)
      for (u32 k = 0; k < key_cnt; k++)
        if (e[i].key == key[k]) cb(ctx, e[i].seq);
  }
  pthread_mutex_unlock(&ns->apply_lock);
}

static void nstate_index_add(struct nstate_index_list *l, u64 height,
                             const struct store_entry *entry, u32 cnt) {
  if (cnt == 0) return;
  if (l->end == l->cap && l->first > l->cap / 2) {
    memmove(l->row, l->row + l->first, (l->end - l->first) * sizeof *l->row);
    l->end -= l->first;
    l->first = 0;
  } else if (l->end == l->cap) {
    l->cap = l->cap ? 2 * l->cap : 64;
    l->row = mem_realloc(l->row, l->cap * sizeof *l->row);
  }
  l->row[l->end++] = (struct nstate_index_row){height, entry, cnt};
}

static void nstate_index_take(struct nstate_index_list *l, u64 height) {
  if (l->first < l->end && l->row[l->first].height == height) l->first++;
}

void nstate_index_pop(struct node_state *ns, u64 height) {
  nstate_index_take(&ns->log_list, height);
  nstate_index_take(&ns->party_list, height);
}

void nstate_index_clear(struct node_state *ns) {
  mem_free(ns->log_list.row);
  mem_free(ns->party_list.row);
  ns->log_list = ns->party_list = (struct nstate_index_list){0};
}

void nstate_block_link(struct node_state *ns, struct nstate_block *b) {
  for (u32 i = 0; i < b->account_cnt; i++)
    nstate_link_account(ns, &b->account[i]);
  for (u32 i = 0; i < b->slot_cnt; i++) nstate_link_slot(ns, &b->slot[i]);
  for (u32 i = 0; i < b->code_cnt; i++) {
    struct nstate_shard *s = &ns->shard[nstate_shard_of(b->code[i].hash.b)];
    pthread_mutex_lock(&s->lock);
    nstate_ptr_set(&s->ver_code, b->code[i].hash.b, &b->code[i]);
    pthread_mutex_unlock(&s->lock);
  }
  for (u32 i = 0; i < b->tx_cnt; i++)
    nstate_hash_put(ns, &b->tx_hash[i], STORE_SEQ(b->height, i));
  nstate_hash_put(ns, &b->hash, STORE_SEQ(b->height, STORE_SEQ_BLOCK));
  if (ns->newest) {
    ns->newest->next = b;
  } else {
    ns->oldest = b;
  }
  ns->newest = b;
  nstate_index_add(&ns->log_list, b->height, b->log, b->log_cnt);
  nstate_index_add(&ns->party_list, b->height, b->party, b->party_cnt);
  atomic_fetch_add(&ns->overlay_bytes, b->bytes);
  atomic_fetch_add(&ns->block_cnt, 1);
}

static void nstate_unlink_account(struct node_state *ns,
                                  struct nstate_account_ver *v) {
  struct nstate_shard *s = &ns->shard[nstate_shard_of(v->key.b)];
  pthread_mutex_lock(&s->lock);
  MUST(!v->older);
  if (v->newer) {
    v->newer->older = NULL;
  } else {
    map_del(&s->ver_account, v->key.b);
  }
  pthread_mutex_unlock(&s->lock);
}

static void nstate_unlink_slot(struct node_state *ns,
                               struct nstate_slot_ver *v) {
  u8 key[64];
  struct nstate_shard *s =
      &ns->shard[nstate_shard_of_slot(&v->owner->key, &v->key)];
  bytes_slot_key(key, &v->owner->key, &v->key);
  pthread_mutex_lock(&s->lock);
  MUST(!v->older);
  if (v->newer) {
    v->newer->older = NULL;
  } else {
    map_del(&s->ver_slot, key);
  }
  pthread_mutex_unlock(&s->lock);
}

static void nstate_unlink_rest(struct node_state *ns, struct nstate_block *b) {
  for (u32 i = 0; i < b->code_cnt; i++) {
    struct nstate_shard *s = &ns->shard[nstate_shard_of(b->code[i].hash.b)];
    pthread_mutex_lock(&s->lock);
    /* A later block may bring the same code. */
    if (nstate_ptr_get(&s->ver_code, b->code[i].hash.b) == &b->code[i])
      map_del(&s->ver_code, b->code[i].hash.b);
    pthread_mutex_unlock(&s->lock);
  }
  nstate_hash_del(ns, &b->hash);
  atomic_fetch_sub(&ns->overlay_bytes, b->bytes);
  atomic_fetch_sub(&ns->block_cnt, 1);
}

bool nstate_block_unlink(struct node_state *ns, struct nstate_block *b,
                         u32 *budget) {
  u32 slots = b->account_cnt, txs = slots + b->slot_cnt, end = txs + b->tx_cnt;
  for (; b->unlinked < end && *budget; b->unlinked++, --*budget) {
    u32 i = b->unlinked;
    if (i < slots) {
      nstate_unlink_account(ns, &b->account[i]);
    } else if (i < txs) {
      nstate_unlink_slot(ns, &b->slot[i - slots]);
    } else {
      nstate_hash_del(ns, &b->tx_hash[i - txs]);
    }
  }
  if (b->unlinked < end) return false;
  nstate_unlink_rest(ns, b);
  return true;
}

void nstate_blocks_clear(struct node_state *ns) {
  if (ns->leaving) nstate_block_free(ns->leaving);
  ns->leaving = NULL;
  while (ns->oldest) {
    struct nstate_block *b = ns->oldest;
    ns->oldest = b->next;
    nstate_block_free(b);
  }
  ns->newest = NULL;
}

/*------------------------------------------------------------- trie nodes */
void nstate_node_key(u8 out[NSTATE_NODE_KEY], const hash32 *owner,
                     const u8 *path, u32 path_len) {
  memset(out, 0, NSTATE_NODE_KEY);
  if (owner) {
    memcpy(out, owner->b, 32);
    out[65] = 1;
  }
  if (path_len == TRIE_ROOT_EDGE) {
    out[64] = 255;
    return;
  }
  for (u32 i = 0; i < path_len; i++)
    out[32 + i / 2] |= (u8)(i & 1 ? path[i] : path[i] << 4);
  out[64] = (u8)path_len;
}

u32 nstate_node_shard(const u8 key[NSTATE_NODE_KEY]) {
  return (key[0] ^ key[32]) >> 4;
}

void nstate_bury(struct node_state *ns, u8 *p) {
  if (!p) return;
  pthread_mutex_lock(&ns->grave_lock);
  if (ns->grave_cnt == ns->grave_cap) {
    ns->grave_cap = ns->grave_cap ? ns->grave_cap * 2 : 256;
    ns->grave = mem_realloc(ns->grave, ns->grave_cap * sizeof *ns->grave);
  }
  ns->grave[ns->grave_cnt++] = p;
  pthread_mutex_unlock(&ns->grave_lock);
}

static void nstate_node_put(struct node_state *ns,
                            const struct state_trie_put *p) {
  u8 key[NSTATE_NODE_KEY];
  nstate_node_key(key, p->owner, p->node.path, p->node.path_len);
  struct nstate_shard *s = &ns->shard[nstate_node_shard(key)];
  pthread_mutex_lock(&s->lock);
  struct nstate_node *clean = map_get(&s->cache_node, key);
  bool no_row = clean && clean->no_row;
  if (clean) {
    s->cache_node_bytes -= clean->cap;
    mem_free(clean->ptr); /* apply: nobody sees it any more */
    map_del(&s->cache_node, key);
  }
  bool is_new;
  struct nstate_node *n = map_put(&s->node, key, &is_new);
  MUST(n);
  if (is_new) n->no_row = no_row;
  u32 len = (u32)p->node.node.len;
  size_t more = is_new ? nstate_map_share(&s->node, 1) : 0;
  if (len > n->cap) {
    n->cap = (len + 15) & ~15u;
    n->ptr = arena_alloc_raw(&s->mem, n->cap);
    more += n->cap;
  }
  s->node_bytes += more;
  atomic_fetch_add(&ns->overlay_bytes, more);
  n->len = len;
  if (len) memcpy(n->ptr, p->node.node.ptr, len);
  pthread_mutex_unlock(&s->lock);
}

void nstate_nodes_put(struct node_state *ns, const struct state_root *root) {
  for (size_t i = 0; i < root->put_cnt; i++)
    nstate_node_put(ns, &root->put[i]);
}

/* Under apply_lock: blocks up to the last applied become a batch. */
void nstate_freeze(struct node_state *ns, u64 now_ms) {
  struct nstate_gen *g = mem_alloc(sizeof *g);
  g->from = ns->frozen_to;
  g->to = (u64)atomic_load(&ns->applied);
  g->shard_left = NSTATE_SHARDS;
  pthread_mutex_lock(&ns->pin_lock);
  struct nstate_gen **end = &ns->gen;
  while (*end) end = &(*end)->next;
  *end = g;
  for (u32 i = 0; i < NSTATE_SHARDS; i++) {
    struct nstate_shard *s = &ns->shard[i];
    pthread_mutex_lock(&s->lock);
    g->node[i] = s->node;
    g->bytes += s->node_bytes;
    s->node_bytes = 0;
    map_init(&s->node, NSTATE_NODE_KEY, sizeof(struct nstate_node), 0,
             g->node[i].seed);
    g->mem[i] = s->mem;
    arena_init(&s->mem, NSTATE_NODE_CHUNK, 0);
    pthread_mutex_unlock(&s->lock);
  }
  pthread_mutex_unlock(&ns->pin_lock);
  ns->frozen_to = (i64)g->to;
  ns->frozen_ms = now_ms;
  ns->cur_changes = ns->cur_blocks = 0;
  pthread_mutex_lock(&ns->flush_lock);
  MUST(ns->flush_phase == NSTATE_IDLE);
  ns->flush_phase = NSTATE_FROZEN;
  ns->flush_gen = g;
  pthread_cond_signal(&ns->flush_wake);
  pthread_mutex_unlock(&ns->flush_lock);
}

void nstate_gen_free(struct node_state *ns, struct nstate_gen *g) {
  for (u32 i = 0; i < NSTATE_SHARDS; i++) map_fini(&g->node[i]);
  atomic_fetch_sub(&ns->overlay_bytes, g->bytes);
  pthread_mutex_lock(&ns->grave_lock);
  g->next = ns->grave_gen;
  ns->grave_gen = g;
  pthread_mutex_unlock(&ns->grave_lock);
}

/*------------------------------------------------------------------ views */
static err nstate_view_time(const struct nstate_view *v) {
  return v->deadline_us && nstate_clock_us() > v->deadline_us ? ERR_TIMEOUT
                                                              : ERR_OK;
}

/* In the overlay: 1 the value, -1 only younger versions (the oldest one's old
** value is then out), 0 unknown to it. */
static int nstate_overlay_account(struct nstate_view *v,
                                  struct state_account *out, bool *found,
                                  const hash32 *key) {
  struct nstate_shard *s = &v->ns->shard[nstate_shard_of(key->b)];
  int got = 0;
  pthread_mutex_lock(&s->lock);
  struct nstate_account_ver *a = nstate_ptr_get(&s->ver_account, key->b);
  for (; a; a = a->older) {
    if ((i64)a->height <= v->height) {
      nstate_slim_get(out, &a->new_val);
      *found = a->exists;
      got = 1;
      break;
    }
    if (!a->older) {
      nstate_slim_get(out, &a->old_val);
      *found = a->existed;
      got = -1;
    }
  }
  pthread_mutex_unlock(&s->lock);
  return got;
}

static int nstate_overlay_slot(struct nstate_view *v, u256 *out,
                               const hash32 *addr_hash, const hash32 *slot) {
  struct nstate_shard *s = &v->ns->shard[nstate_shard_of_slot(addr_hash, slot)];
  u8 key[64];
  int got = 0;
  bytes_slot_key(key, addr_hash, slot);
  pthread_mutex_lock(&s->lock);
  struct nstate_slot_ver *a = nstate_ptr_get(&s->ver_slot, key);
  for (; a; a = a->older) {
    if ((i64)a->height <= v->height) {
      *out = a->new_val;
      got = 1;
      break;
    }
    if (!a->older) {
      *out = a->old_val;
      got = -1;
    }
  }
  pthread_mutex_unlock(&s->lock);
  return got;
}

/* History: the first difference above the height that names the key tells its
** value before. */
struct nstate_past {
  struct nstate_view *v;
  const hash32 *account, *slot; /* slot NULL: the account itself */
  struct state_account *account_out;
  bool *found;
  u256 *slot_out;
  bool hit;
};

static bool nstate_past_in(struct nstate_past *p, const struct state_diff *d) {
  u32 lo = 0, hi = d->account_cnt;
  while (lo < hi) {
    u32 mid = (lo + hi) / 2;
    if (hash32_cmp(&d->account[mid].key, p->account) < 0) {
      lo = mid + 1;
    } else {
      hi = mid;
    }
  }
  if (lo == d->account_cnt || !hash32_eq(&d->account[lo].key, p->account))
    return false;
  const struct state_diff_account *a = &d->account[lo];
  if (!p->slot) {
    *p->found = a->existed;
    *p->account_out = a->old_val;
    return true;
  }
  for (u32 i = 0; i < a->slot_cnt; i++) {
    if (!hash32_eq(&a->slot[i].key, p->slot)) continue;
    *p->slot_out = a->slot[i].old_val;
    return true;
  }
  return false;
}

static int nstate_past_cb(void *ctx, u64 seq) {
  struct nstate_past *p = ctx;
  struct store_chunk c;
  struct state_diff d;
  TRY(nstate_view_time(p->v));
  err e = store_read_chunk(p->v->r, &c, STORE_DIFF, seq);
  if (e) return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
  struct arena_mark mark = arena_mark(p->v->a);
  e = state_diff_decode(&d, c.bytes, p->v->a);
  if (!e) p->hit = nstate_past_in(p, &d);
  arena_reset(p->v->a, mark);
  return e ? e : p->hit;
}

static err nstate_past_find(struct nstate_past *p, u64 index_key) {
  struct nstate_view *v = p->v;
  return store_read_index(v->r, STORE_INDEX_STATE, index_key,
                          STORE_SEQ(v->height + 1, 0),
                          STORE_SEQ(v->st.flushed, STORE_SEQ_BLOCK),
                          STORE_INDEX_OLDEST, nstate_past_cb, p);
}

err nstate_view_account(struct nstate_view *v, struct state_account *out,
                        bool *found, const hash32 *key) {
  int got = nstate_overlay_account(v, out, found, key);
  if (got > 0) return ERR_OK;
  TRY(nstate_view_time(v));
  if (v->height < v->st.flushed) {
    struct nstate_past p = {.v = v, .account = key, .account_out = out,
                            .found = found};
    TRY(nstate_past_find(&p, bytes_key_account(key)));
    if (p.hit) return ERR_OK;
  }
  if (got < 0) return ERR_OK;
  slice val;
  err e = store_read_row(v->r, &val, STORE_ACCOUNT, hash32_slice(key));
  *found = e == ERR_OK;
  if (e == ERR_NOT_FOUND) return ERR_OK;
  if (e) return e;
  return bytes_account_get(out, NULL, val);
}

err nstate_view_slot(struct nstate_view *v, u256 *out, const hash32 *addr_hash,
                     const hash32 *slot) {
  u8 key[64];
  int got = nstate_overlay_slot(v, out, addr_hash, slot);
  if (got > 0) return ERR_OK;
  TRY(nstate_view_time(v));
  if (v->height < v->st.flushed) {
    struct nstate_past p = {.v = v, .account = addr_hash, .slot = slot,
                            .slot_out = out};
    TRY(nstate_past_find(&p, bytes_key_slot(addr_hash, slot)));
    if (p.hit) return ERR_OK;
  }
  if (got < 0) return ERR_OK;
  bytes_slot_key(key, addr_hash, slot);
  slice val;
  err e = store_read_row(v->r, &val, STORE_SLOT, slice_of(key, 64));
  if (e == ERR_NOT_FOUND) {
    *out = U256_ZERO;
    return ERR_OK;
  }
  if (e) return e;
  return bytes_slot_get(out, val);
}

static err nstate_view_src_account(void *ctx, struct state_account *out,
                                   bool *found, const addr20 *addr,
                                   const hash32 *addr_hash) {
  (void)addr;
  return nstate_view_account(ctx, out, found, addr_hash);
}
static err nstate_view_src_slot(void *ctx, u256 *out, const addr20 *addr,
                                const hash32 *addr_hash, const u256 *slot,
                                const hash32 *slot_hash) {
  (void)addr;
  (void)slot;
  return nstate_view_slot(ctx, out, addr_hash, slot_hash);
}
static err nstate_view_by_hash(void *ctx, struct state_account *out,
                               bool *found, const hash32 *addr_hash) {
  return nstate_view_account(ctx, out, found, addr_hash);
}
static err nstate_view_slot_by_hash(void *ctx, u256 *out,
                                    const hash32 *addr_hash,
                                    const hash32 *slot_hash) {
  return nstate_view_slot(ctx, out, addr_hash, slot_hash);
}

static err nstate_view_code(void *ctx, slice *out, const hash32 *hash) {
  struct nstate_view *v = ctx;
  slice *kept = v->code ? map_get(v->code, hash->b) : NULL;
  if (kept) {
    *out = *kept;
    return ERR_OK;
  }
  struct nstate_shard *s = &v->ns->shard[nstate_shard_of(hash->b)];
  slice code = {0};
  bool hit = false;
  pthread_mutex_lock(&s->lock);
  struct state_diff_code *c = nstate_ptr_get(&s->ver_code, hash->b);
  if (c) {
    code = arena_copy_slice(v->a, c->code);
    hit = true;
  }
  pthread_mutex_unlock(&s->lock);
  if (!hit) {
    TRY(nstate_view_time(v));
    err e = store_read_code(v->r, &code, hash);
    if (e) return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
    code = arena_copy_slice(v->a, code);
  }
  if (v->a->over) return ERR_LIMIT;
  *out = code;
  kept = v->code ? map_put(v->code, hash->b, NULL) : NULL;
  if (kept) *kept = code;
  return ERR_OK;
}

static err nstate_view_low(struct nstate_view *v, slice *out,
                           const hash32 *owner, const u8 *path, u32 path_len) {
  struct arena a;
  struct trie_result low;
  arena_init(&a, 1 << 15, 0);
  err e = nstate_low_make(&low, v->r, owner, path, path_len, NULL, &a);
  for (size_t i = 0; !e && i < low.put_cnt; i++)
    if (low.put[i].path_len == path_len)
      *out = arena_copy_slice(v->a, low.put[i].node);
  arena_fini(&a);
  if (e) return e == ERR_NOT_FOUND ? ERR_OK : e;
  return v->a->over ? ERR_LIMIT : ERR_OK;
}

static err nstate_view_node(void *ctx, slice *out, const hash32 *owner,
                            const u8 *path, u32 path_len) {
  struct nstate_view *v = ctx;
  u8 key[NSTATE_NODE_KEY], row[BYTES_NODE_KEY_MAX];
  *out = (slice){0};
  if (v->gen) {
    nstate_node_key(key, owner, path, path_len);
    struct nstate_node *n =
        map_get(&v->gen->node[nstate_node_shard(key)], key);
    if (n) {
      *out = slice_of(n->ptr, n->len);
      return ERR_OK;
    }
  }
  TRY(nstate_view_time(v));
  u32 len = bytes_node_key(row, owner, path, path_len);
  slice val;
  err e = store_read_row(v->r, &val, STORE_NODE, slice_of(row, len));
  if (e == ERR_NOT_FOUND)
    return path_len == TRIE_ROOT_EDGE
               ? ERR_OK : nstate_view_low(v, out, owner, path, path_len);
  if (e) return e;
  *out = arena_copy_slice(v->a, val);
  return v->a->over ? ERR_LIMIT : ERR_OK;
}

void nstate_view_source(struct nstate_view *v, struct state_source *out) {
  *out = (struct state_source){
      .ctx = v,
      .account = nstate_view_src_account,
      .slot = nstate_view_src_slot,
      .code = nstate_view_code,
      .node = nstate_view_node,
      .account_by_hash = nstate_view_by_hash,
      .slot_by_hash = nstate_view_slot_by_hash};
}
