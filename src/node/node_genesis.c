/* node_genesis.c - block 0 in portions (chain_genesis_flow.h).
**
** Tries grow by these portions (node_grow.h); a portion's nodes are stored at
** once.
**
** A large account's storage is walked twice: for its root, which its account
** needs, and its rows, and for chunks when the account has its turn, since the
** chunks of a difference ascend by account.
*/
#include "node/node_genesis.h"

#include <stdlib.h>

#include "chain/chain_genesis_flow.h"
#include "crypto/keccak.h"
#include "node/node_bytes.h"
#include "node/node_grow.h"
#include "node/node_state.h"
#include "trie/trie.h"

/* Entries of the index of changed keys, sorted in the end. */
#define NGEN_LISTS (CHAIN_FLOW_LARGE_MAX + 2)
struct ngen_list {
  struct chain_flow_entry *entry;
  size_t cnt, at;
};
/* A trie on its way, and whose storage it is (NULL: accounts). */
struct ngen;
struct ngen_trie {
  struct ngen *w;
  const hash32 *owner;
  struct node_grow grow;
};
/* A leaf or a node; its bytes are in the arena. */
struct ngen_row {
  enum store_table table;
  slice key, val;
};
struct ngen {
  struct store *s;
  struct chain_flow flow;
  struct arena *flow_arena;
  struct ngen_trie account;
  u32 chunk;           /* written */
  struct chain_flow_entry *more;  /* of the slots of other contracts */
  size_t more_cnt, more_cap;
  struct ngen_list list[NGEN_LISTS];
  struct ngen_row *row; /* of the portion, not yet written */
  size_t row_cnt, row_cap;
  u32 portion;         /* done, of 256 accounts' and twice 256 slots' */
  void (*progress)(void *ctx, u32 percent);
  void *ctx;
  struct arena a;
};

/*------------------------------------------------------------------- rows
** Those of a portion are written in the order in which they stand, nodes
** among leaves: the tables' pages are so filled from left to right. */

static int ngen_row_cmp(const void *a, const void *b) {
  const struct ngen_row *x = a, *y = b;
  size_t x_tag = x->table == STORE_NODE, y_tag = y->table == STORE_NODE;
  u32 x_at = x_tag ? x->key.ptr[0] : x->table;
  u32 y_at = y_tag ? y->key.ptr[0] : y->table;
  if (x_at != y_at) return x_at < y_at ? -1 : 1;
  size_t x_len = x->key.len - x_tag, y_len = y->key.len - y_tag;
  int c = memcmp(x->key.ptr + x_tag, y->key.ptr + y_tag,
                 x_len < y_len ? x_len : y_len);
  return c ? c : (x_len > y_len) - (x_len < y_len);
}

static err ngen_rows_write(struct ngen *w) {
  err e = ERR_OK;
  if (w->row_cnt) qsort(w->row, w->row_cnt, sizeof *w->row, ngen_row_cmp);
  for (size_t i = 0; i < w->row_cnt && e == ERR_OK; i++)
    e = store_first_row(w->s, w->row[i].table, w->row[i].key, w->row[i].val);
  w->row_cnt = 0;
  return e;
}

static void ngen_row(struct ngen *w, enum store_table table, slice key,
                     slice val) {
  if (w->row_cnt == w->row_cap) {
    w->row_cap = w->row_cap ? w->row_cap * 2 : 1024;
    w->row = mem_realloc(w->row, w->row_cap * sizeof *w->row);
  }
  w->row[w->row_cnt++] = (struct ngen_row){
      table, arena_copy_slice(&w->a, key), arena_copy_slice(&w->a, val)};
}

static void ngen_store_node(struct ngen *w, const hash32 *owner, const u8 *path,
                            u32 path_len, slice node) {
  u8 key[BYTES_NODE_KEY_MAX];
  if (!node.len || (path_len != TRIE_ROOT_EDGE &&
                    trie_node_is_low(node, path_len)))
    return;
  u32 len = bytes_node_key(key, owner, path, path_len);
  ngen_row(w, STORE_NODE, slice_of(key, len), node);
}

static void ngen_tell(void *ctx, const u8 *path, u32 path_len, slice node) {
  const struct ngen_trie *t = ctx;
  ngen_store_node(t->w, t->owner, path, path_len, node);
}

static void ngen_trie_init(struct ngen_trie *t, struct ngen *w,
                           const hash32 *owner) {
  *t = (struct ngen_trie){.w = w, .owner = owner};
  t->grow.root = CRYPTO_KECCAK_RLP_NIL;
  t->grow.tell = ngen_tell;
  t->grow.ctx = t;
}

static err ngen_put_top(struct ngen *w, const struct ngen_trie *t) {
  node_grow_end(&t->grow);
  return ngen_rows_write(w);
}

/*------------------------------------------------------------- difference */

/* The chunks of a part; places in the part's order. */
static err ngen_chunks(struct ngen *w, const struct state_diff *part,
                       struct bytes_places *places) {
  struct chain_block_result res = {.diff = *part};
  struct store_block *b = NULL;
  TRY(bytes_block(&b, places, &res, slice_of(NULL, 0), slice_of(NULL, 0),
                  &w->a));
  u32 at = w->chunk, slots = 0;
  w->chunk += b->chunk_cnt[STORE_DIFF];
  err e = w->chunk < STORE_SEQ_BLOCK ? store_first_part(w->s, b, at)
                                     : ERR_LIMIT;
  store_block_free(b);
  for (u32 i = 0; i < part->account_cnt; i++) {
    places->account[i] += at;
    slots += part->account[i].slot_cnt;
  }
  for (u32 i = 0; i < slots; i++) places->slot[i] += at;
  return e;
}

static void ngen_slot_row(struct ngen *w, const hash32 *owner,
                          const struct state_diff_slot *s) {
  u8 key[64], val[32];
  bytes_slot_key(key, owner, &s->key);
  u32 len = bytes_slot_put(val, &s->new_val);
  ngen_row(w, STORE_SLOT, slice_of(key, 64), slice_of(val, len));
}

static err ngen_slot_trie(struct ngen *w, struct ngen_trie *t,
                          const struct state_diff_slot *slot, u32 cnt) {
  struct trie_change *c = arena_array(&w->a, struct trie_change, cnt);
  for (u32 i = 0; i < cnt; i++) {
    u8 *rlp = arena_alloc_raw(&w->a, 33);
    c[i].key = slot[i].key;
    c[i].val = slice_of(rlp, state_slot_encode(rlp, &slot[i].new_val));
    ngen_slot_row(w, t->owner, &slot[i]);
  }
  return node_grow_add(&t->grow, c, cnt, &w->a);
}

/* Portions ask for pieces of ever other sizes: chunks kept would pile up. */
static void ngen_arena_renew(struct ngen *w) {
  arena_fini(&w->a);
  arena_init(&w->a, 1 << 20, 0);
}

static err ngen_step(struct ngen *w) {
  u32 all = CHAIN_FLOW_PORTIONS * (1 + 2 * w->flow.large_cnt);
  TRY(ngen_rows_write(w));
  ngen_arena_renew(w);
  arena_rest(w->flow_arena);
  w->portion++;
  if (w->progress) w->progress(w->ctx, w->portion * 100 / all);
  return ERR_OK;
}

static err ngen_large_root(struct ngen *w, struct chain_flow_large *l) {
  struct ngen_trie t;
  struct state_diff_slot *slot;
  struct chain_flow_entry *entry;
  u32 cnt;
  err e = ERR_OK;
  ngen_trie_init(&t, w, &l->key);
  for (u32 i = 0; i < CHAIN_FLOW_PORTIONS && e == ERR_OK; i++) {
    chain_flow_slots(&w->flow, l, i, &slot, &cnt, &entry, &w->a);
    if (cnt) e = ngen_slot_trie(w, &t, slot, cnt);
    if (e == ERR_OK) e = ngen_step(w);
  }
  l->at = 0;
  l->root = t.grow.root;
  if (e == ERR_OK) e = ngen_put_top(w, &t);
  node_grow_fini(&t.grow);
  return e;
}

/* Chunks of a large account; the one that it stands in last. */
static err ngen_large(struct ngen *w, struct chain_flow_large *l,
                      const struct state_diff_account *account, u32 *chunk) {
  struct state_diff_account d = *account;
  const struct state_diff part = {.account = &d, .account_cnt = 1};
  struct chain_flow_entry *entry;
  struct bytes_places places;
  struct arena outer = w->a;
  err e = ERR_OK;
  arena_init(&w->a, 1 << 20, 0);
  for (u32 i = 0; i < CHAIN_FLOW_PORTIONS && e == ERR_OK; i++) {
    chain_flow_slots(&w->flow, l, i, &d.slot, &d.slot_cnt, &entry, &w->a);
    if (d.slot_cnt) {
      e = ngen_chunks(w, &part, &places);
      if (e == ERR_OK) *chunk = places.account[0];
    }
    for (u32 k = 0; k < d.slot_cnt && e == ERR_OK; k++)
      entry[k] = (struct chain_flow_entry){
          bytes_key_slot(&d.key, &d.slot[k].key), places.slot[k]};
    if (e == ERR_OK) e = ngen_step(w);
  }
  arena_fini(&w->a);
  w->a = outer;
  return e;
}

/*---------------------------------------------------------------- accounts */

static err ngen_src_node(void *ctx, slice *out, const hash32 *owner,
                         const u8 *path, u32 path_len) {
  *out = slice_of(NULL, 0);
  return owner ? ERR_OK : node_grow_node_get(ctx, out, path, path_len);
}
static err ngen_src_by_hash(void *ctx, struct state_account *out, bool *found,
                            const hash32 *key) {
  slice rlp;
  *found = true;
  TRY(node_grow_leaf_get(ctx, &rlp, key));
  return state_account_decode(out, rlp);
}
static err ngen_src_slot(void *ctx, u256 *out, const hash32 *owner,
                         const hash32 *key) {
  (void)ctx, (void)owner, (void)key;
  *out = U256_ZERO;
  return ERR_CORRUPT;
}

/* State root and nodes of a portion, its contracts' storage with it. */
static err ngen_account_trie(struct ngen *w, struct state_diff *part) {
  const struct state_source src = {.ctx = &w->account.grow, .node = ngen_src_node,
                                   .account_by_hash = ngen_src_by_hash,
                                   .slot_by_hash = ngen_src_slot};
  struct state_root root;
  TRY(state_commit(&root, part, &src, NULL, &w->a));
  w->account.grow.root = root.root;
  const struct trie_node_put **put =
      arena_array(&w->a, const struct trie_node_put *, root.put_cnt + 1);
  size_t cnt = 0;
  for (size_t i = 0; i < root.put_cnt; i++) {
    const struct trie_node_put *p = &root.put[i].node;
    if (root.put[i].owner)
      ngen_store_node(w, root.put[i].owner, p->path, p->path_len, p->node);
    else
      put[cnt++] = p;
  }
  if (part->account_cnt == 1) {
    u8 rlp[STATE_ACCOUNT_RLP_MAX];
    u32 len = state_account_encode_to(rlp, &part->account[0].new_val);
    node_grow_keep_leaf(&w->account.grow, &part->account[0].key,
                    slice_of(rlp, len));
  }
  node_grow_put(&w->account.grow, put, cnt);
  return ERR_OK;
}

static void ngen_account_rows(struct ngen *w, const struct state_diff *part) {
  for (u32 i = 0; i < part->account_cnt; i++) {
    const struct state_diff_account *d = &part->account[i];
    u8 val[BYTES_ACCOUNT_MAX];
    u32 len = bytes_account_put(val, &d->addr, &d->new_val);
    ngen_row(w, STORE_ACCOUNT, hash32_slice(&d->key), slice_of(val, len));
    for (u32 k = 0; k < d->slot_cnt; k++)
      ngen_slot_row(w, &d->key, &d->slot[k]);
  }
}

static void ngen_more_entry(struct ngen *w, u64 key, u32 chunk) {
  if (w->more_cnt == w->more_cap) {
    w->more_cap = w->more_cap ? w->more_cap * 2 : 256;
    w->more = mem_realloc(w->more, w->more_cap * sizeof *w->more);
  }
  w->more[w->more_cnt++] = (struct chain_flow_entry){key, chunk};
}

/* The chunks of accounts from..to of a portion. */
static err ngen_account_chunks(struct ngen *w, const struct state_diff *part,
                               u32 from, u32 to,
                               struct chain_flow_entry *entry) {
  struct state_diff some = {.account = part->account + from,
                            .account_cnt = to - from};
  struct bytes_places places;
  u32 slot = 0;
  if (from == to) return ERR_OK;
  TRY(ngen_chunks(w, &some, &places));
  for (u32 i = 0; i < some.account_cnt; i++) {
    const struct state_diff_account *d = &some.account[i];
    entry[from + i] = (struct chain_flow_entry){bytes_key_account(&d->key),
                                                places.account[i]};
    for (u32 k = 0; k < d->slot_cnt; k++, slot++)
      ngen_more_entry(w, bytes_key_slot(&d->key, &d->slot[k].key),
                      places.slot[slot]);
  }
  return ERR_OK;
}

static err ngen_accounts(struct ngen *w, u32 byte) {
  struct state_diff part;
  struct chain_flow_entry *entry;
  struct bytes_places unused;
  u32 at = 0;
  chain_flow_accounts(&w->flow, byte, &part, &entry, &w->a);
  arena_rest(w->flow_arena); /* a large one's slots may come next */
  if (!part.account_cnt) return ERR_OK;
  TRY(ngen_account_trie(w, &part));
  ngen_account_rows(w, &part);
  if (part.code_cnt) {
    const struct state_diff codes = {.code = part.code,
                                     .code_cnt = part.code_cnt};
    TRY(ngen_chunks(w, &codes, &unused));
  }
  for (u32 i = 0; i < part.account_cnt; i++) {
    const hash32 *key = &part.account[i].key;
    struct chain_flow_large *l = chain_flow_large_of(&w->flow, key);
    u32 chunk = 0;
    if (!l || l->cnt == 0) continue;
    TRY(ngen_account_chunks(w, &part, at, i, entry));
    TRY(ngen_large(w, l, &part.account[i], &chunk));
    entry[i] = (struct chain_flow_entry){bytes_key_account(key), chunk};
    at = i + 1;
  }
  return ngen_account_chunks(w, &part, at, part.account_cnt, entry);
}

/*------------------------------------------------------------------- index */

/* The smallest of the heads of the sorted lists. */
static bool ngen_next_entry(void *ctx, struct store_entry *out) {
  struct ngen *w = ctx;
  struct ngen_list *best = NULL;
  for (u32 i = 0; i < NGEN_LISTS; i++) {
    struct ngen_list *l = &w->list[i];
    if (l->at == l->cnt) continue;
    if (!best || l->entry[l->at].key < best->entry[best->at].key ||
        (l->entry[l->at].key == best->entry[best->at].key &&
         l->entry[l->at].at < best->entry[best->at].at))
      best = l;
  }
  if (!best) return false;
  const struct chain_flow_entry *e = &best->entry[best->at++];
  *out = (struct store_entry){e->key, STORE_SEQ(0, e->at)};
  return true;
}

struct ngen_hash {
  struct store_entry entry;
  bool given;
};
static bool ngen_next_hash(void *ctx, struct store_entry *out) {
  struct ngen_hash *h = ctx;
  if (h->given) return false;
  h->given = true;
  *out = h->entry;
  return true;
}

static err ngen_indexes(struct ngen *w, const hash32 *hash) {
  struct ngen_hash h = {{bytes_key_hash(hash), STORE_SEQ(0, STORE_SEQ_BLOCK)},
                        false};
  w->list[0] = (struct ngen_list){w->flow.account, w->flow.account_cnt, 0};
  w->list[1] = (struct ngen_list){w->more, w->more_cnt, 0};
  for (u32 i = 0; i < w->flow.large_cnt; i++)
    w->list[2 + i] = (struct ngen_list){w->flow.large[i].slot,
                                        w->flow.large[i].cnt, 0};
  for (u32 i = 0; i < NGEN_LISTS; i++) {
    if (w->list[i].cnt) chain_flow_sort(w->list[i].entry, w->list[i].cnt);
    arena_rest(w->flow_arena);
  }
  TRY(store_first_run(w->s, STORE_INDEX_HASH, ngen_next_hash, &h));
  return store_first_run(w->s, STORE_INDEX_STATE, ngen_next_entry, w);
}

/*------------------------------------------------------------------- whole */

static err ngen_state(struct ngen *w) {
  for (u32 i = 0; i < w->flow.large_cnt; i++)
    TRY(ngen_large_root(w, &w->flow.large[i]));
  for (u32 i = 0; i < CHAIN_FLOW_PORTIONS; i++) {
    TRY(ngen_accounts(w, i));
    TRY(ngen_step(w));
  }
  return ngen_put_top(w, &w->account);
}

static err ngen_block(struct ngen *w, const struct chain_genesis *g,
                      const struct store_meta *meta, u32 meta_cnt,
                      hash32 *hash) {
  struct chain_block_result res;
  struct store_block *b = NULL;
  memset(&res, 0, sizeof res);
  chain_genesis_head(&res.header, &res.hash, g, &w->account.grow.root);
  *hash = res.hash;
  TRY(ngen_indexes(w, hash));
  TRY(bytes_block(&b, NULL, &res, slice_of(NULL, 0), slice_of(NULL, 0),
                  &w->a));
  b->meta = meta;
  b->meta_cnt = meta_cnt;
  err e = store_first_end(w->s, b);
  store_block_free(b);
  return e;
}

err node_genesis_write(struct store *s, const struct chain_genesis *g,
                       struct arena *a, const struct store_meta *meta, u32 meta_cnt,
                       void (*progress)(void *ctx, u32 percent), void *ctx,
                       hash32 *hash) {
  struct ngen w = {.s = s, .flow_arena = a, .progress = progress, .ctx = ctx};
  ngen_trie_init(&w.account, &w, NULL);
  TRY(store_first_begin(s));
  arena_init(&w.a, 1 << 20, 0);
  chain_flow_open(&w.flow, g, a);
  err e = ngen_state(&w);
  if (e == ERR_OK) e = ngen_block(&w, g, meta, meta_cnt, hash);
  if (e < 0) store_first_abandon(s);
  node_grow_fini(&w.account.grow);
  mem_free(w.more);
  mem_free(w.row);
  arena_fini(&w.a);
  return e;
}
