/* node_verify.c - checking a whole file, also beside a running node.
**
** One snapshot: SQLite's own check of the structure; then block after block:
** hash of the header, parent, number, roots of transactions and receipts, and
** that the indexes know the block and the first entry of each of its chunks;
** then the state: slots in key order give each account's storage root, accounts
** in key order the state root, by the ordered builder, never through stored
** trie nodes.  Deep, and with the tables at the head (as a stopped node leaves
** them): the leaves also give the nodes (node_grow.h), and the stored ones must
** be just those: the same count and digest.  Blocks above `flushed` are laid
** over the tables in memory first, as everywhere.
**
** Leaves are gathered by the first byte of their keys.  A trie of up to
** NVERIFY_WHOLE leaves is built whole; a larger one byte by byte, each part's
** root being the node that hangs two nibbles below the top, so that memory
** holds a 256th of it.  That needs every first byte to occur, which hashed
** keys of that many leaves do.
*/
#include <stdlib.h>

#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "node/node_grow.h"
#include "node/node_int.h"
#include "node/node_state_int.h"

#define NVERIFY_WHOLE 65536u
#define NVERIFY_PROGRESS 1000u

/*------------------------------------------------- a trie, leaf after leaf */
struct nverify_nodes {
  bool on;
  struct store_digest want, have;
};
struct nverify_trie {
  struct nverify_nodes *nodes;
  const hash32 *owner;    /* NULL: accounts */
  struct node_grow grow;      /* this trie's, when nodes are wanted */
  struct trie_pair *pair; /* keys and values in the arena */
  size_t cnt, cap;
  u64 all;
  struct arena a, scratch;
  bool has_part[256];
  hash32 part[256];
};

static void nverify_node(struct store_digest *d, slice key, slice node) {
  struct buf b;
  hash32 h;
  buf_init(&b, 0);
  buf_put_slice(&b, key);
  buf_put_slice(&b, node);
  crypto_keccak256(&h, b.ptr, b.len);
  buf_fini(&b);
  store_digest_add(d, &(struct store_entry){load_be64(h.b), load_be64(h.b + 8)});
}

/* Low nodes have no rows. */
static void nverify_tell(void *ctx, const u8 *path, u32 path_len, slice node) {
  struct nverify_trie *t = ctx;
  u8 key[BYTES_NODE_KEY_MAX];
  if (!node.len ||
      (path_len != TRIE_ROOT_EDGE && trie_node_is_low(node, path_len)))
    return;
  u32 len = bytes_node_key(key, t->owner, path, path_len);
  nverify_node(&t->nodes->want, slice_of(key + 1, len - 1), node);
}

static err nverify_node_cb(void *ctx, slice key, slice val) {
  nverify_node(&((struct nverify_nodes *)ctx)->have, key, val);
  return ERR_OK;
}

static void nverify_grow_begin(struct nverify_trie *t) {
  t->grow = (struct node_grow){.root = CRYPTO_KECCAK_RLP_NIL,
                           .tell = nverify_tell, .ctx = t};
}

static void nverify_trie_init(struct nverify_trie *t,
                              struct nverify_nodes *nodes) {
  *t = (struct nverify_trie){.nodes = nodes};
  nverify_grow_begin(t);
  arena_init(&t->a, 1 << 18, 0);
  arena_init(&t->scratch, 1 << 18, 0);
}
static void nverify_trie_fini(struct nverify_trie *t) {
  mem_free(t->pair);
  node_grow_fini(&t->grow);
  arena_fini(&t->a);
  arena_fini(&t->scratch);
}
static void nverify_trie_reset(struct nverify_trie *t) {
  arena_clear(&t->a);
  memset(t->has_part, 0, sizeof t->has_part);
  node_grow_fini(&t->grow);
  nverify_grow_begin(t);
  t->cnt = 0;
  t->all = 0;
}

/* A portion's nodes. */
static err nverify_grow(struct nverify_trie *t, size_t from, size_t to) {
  if (!t->nodes->on || from == to) return ERR_OK;
  struct trie_change *c =
      arena_array(&t->scratch, struct trie_change, to - from);
  for (size_t i = from; i < to; i++) {
    memcpy(c[i - from].key.b, t->pair[i].key.ptr, 32);
    c[i - from].val = t->pair[i].val;
  }
  err e = node_grow_add(&t->grow, c, (u32)(to - from), &t->scratch);
  arena_clear(&t->scratch);
  return e;
}

/* Leaves from..to-1 share their first byte: the node two nibbles down. */
static err nverify_part(struct nverify_trie *t, size_t from, size_t to) {
  TRY(nverify_grow(t, from, to));
  u8 byte = t->pair[from].key.ptr[0];
  for (size_t i = from; i < to; i++) {
    t->pair[i].key.ptr++;
    t->pair[i].key.len--;
  }
  trie_root_sorted(&t->part[byte], t->pair + from, to - from, &t->scratch);
  t->has_part[byte] = true;
  arena_clear(&t->scratch);
  return ERR_OK;
}

static err nverify_parts(struct nverify_trie *t) {
  for (size_t from = 0, to; from < t->cnt; from = to) {
    for (to = from; to < t->cnt && t->pair[to].key.ptr[0] ==
                                       t->pair[from].key.ptr[0]; to++)
      continue;
    TRY(nverify_part(t, from, to));
  }
  t->cnt = 0;
  arena_clear(&t->a);
  return ERR_OK;
}

/* Keys ascend. */
static err nverify_add(struct nverify_trie *t, const hash32 *key, slice val) {
  bool next = t->cnt && t->pair[t->cnt - 1].key.ptr[0] != key->b[0];
  if (next && t->all >= NVERIFY_WHOLE) TRY(nverify_parts(t));
  if (t->cnt == t->cap) {
    t->cap = t->cap ? t->cap * 2 : 1024;
    t->pair = mem_realloc(t->pair, t->cap * sizeof *t->pair);
  }
  t->all++;
  t->pair[t->cnt++] = (struct trie_pair){
      slice_of(arena_copy(&t->a, key->b, 32), 32),
      arena_copy_slice(&t->a, val)};
  return ERR_OK;
}

static void nverify_branch(hash32 *out, const hash32 child[16]) {
  struct buf b;
  buf_init(&b, 0);
  size_t at = rlp_list_open(&b);
  for (u32 i = 0; i < 16; i++) rlp_put_str(&b, child[i].b, 32);
  rlp_put_str(&b, NULL, 0);
  rlp_list_close(&b, at);
  crypto_keccak256(out, b.ptr, b.len);
  buf_fini(&b);
}

static err nverify_root(struct nverify_trie *t, hash32 *out) {
  err e = ERR_OK;
  bool parts = false;
  for (u32 i = 0; i < 256; i++) parts |= t->has_part[i];
  if (!parts) {
    e = nverify_grow(t, 0, t->cnt);
    trie_root_sorted(out, t->pair, t->cnt, &t->scratch);
    arena_clear(&t->scratch);
  } else {
    hash32 top[16];
    e = nverify_parts(t);
    for (u32 i = 0; i < 256; i++)
      if (!t->has_part[i]) e = ERR_CORRUPT;
    for (u32 i = 0; i < 16; i++) nverify_branch(&top[i], &t->part[16 * i]);
    nverify_branch(out, top);
  }
  if (t->nodes->on) {
    if (!e && !hash32_eq(&t->grow.root, out)) e = ERR_CORRUPT;
    node_grow_end(&t->grow);
  }
  nverify_trie_reset(t);
  return e;
}

/*------------------------------------------------------------------ blocks */
struct nverify {
  struct node_state *ns;
  struct store_reader *r;
  struct store_standing st;
  struct errmsg *msg;
  void (*progress)(void *ctx, u64 height, u64 head);
  void *ctx;
  hash32 parent; /* of the next block: in the end the head's hash */
  hash32 state_root;
  u64 party_from;
};

struct nverify_list {
  enum store_chunk_kind kind;
  slice *item;
  u32 cnt, max;
  struct arena *a;
};

static err nverify_list_cb(void *ctx, const struct store_chunk *chunk) {
  struct nverify_list *l = ctx;
  struct store_chunk c = {chunk->seq, arena_copy_slice(l->a, chunk->bytes)};
  u32 first, cnt, base;
  addr20 sender;
  TRY(bytes_chunk_span(&first, &cnt, &c));
  if (first != l->cnt || cnt > l->max - l->cnt) return ERR_CORRUPT;
  for (u32 i = 0; i < cnt; i++, l->cnt++) {
    if (l->kind == STORE_BODY) {
      TRY(bytes_body(&l->item[l->cnt], &sender, &c, l->cnt));
    } else {
      struct chain_receipt r;
      struct buf b;
      slice stored;
      TRY(bytes_receipt(&stored, &base, &c, l->cnt));
      TRY(chain_receipt_load(&r, stored, l->a));
      buf_init(&b, 0);
      chain_receipt_encode(&b, &r);
      l->item[l->cnt] = arena_copy_slice(l->a, buf_slice(&b));
      buf_fini(&b);
    }
  }
  return ERR_OK;
}

static err nverify_list(struct nverify *v, enum store_chunk_kind kind,
                        u64 height, u32 tx_cnt, const hash32 *want) {
  struct arena a;
  hash32 root;
  arena_init(&a, 1 << 18, 0);
  struct nverify_list l = {.kind = kind, .max = tx_cnt, .a = &a};
  l.item = arena_array(&a, slice, tx_cnt + 1);
  err e = store_read_chunks(v->r, kind, STORE_SEQ(height, 0),
                            STORE_SEQ(height, STORE_SEQ_BLOCK),
                            nverify_list_cb, &l);
  if (!e && l.cnt != tx_cnt) e = ERR_CORRUPT;
  if (!e) trie_root_indexed(&root, l.item, l.cnt, &a);
  if (!e && !hash32_eq(&root, want)) e = ERR_CORRUPT;
  arena_fini(&a);
  return e;
}

/* The index tells seq under key, where it should already. */
static int nverify_index_cb(void *ctx, u64 seq) {
  (void)seq;
  *(bool *)ctx = true;
  return 1;
}
static err nverify_index(struct nverify *v, enum store_index index, u64 key,
                         u64 seq) {
  bool found = false;
  if ((i64)STORE_SEQ_HEIGHT(seq) > v->st.flushed) return ERR_OK;
  TRY(store_read_index(v->r, index, key, seq, seq, 0, nverify_index_cb,
                       &found));
  return found ? ERR_OK : ERR_CORRUPT;
}

/* Of each chunk the first entry: runs are written whole or not at all. */
static err nverify_first(struct nverify *v, const struct store_chunk *chunk,
                         enum store_chunk_kind kind) {
  struct arena a;
  struct state_diff d;
  struct chain_receipt r;
  slice bytes;
  addr20 sender;
  hash32 h;
  u32 base;
  err e = ERR_OK;
  arena_init(&a, 1 << 16, 0);
  struct store_chunk c = {chunk->seq, arena_copy_slice(&a, chunk->bytes)};
  u32 first = STORE_SEQ_IDX(c.seq);
  if (kind == STORE_BODY) {
    e = bytes_body(&bytes, &sender, &c, first);
    if (!e) crypto_keccak256(&h, bytes.ptr, bytes.len);
    if (!e) e = nverify_index(v, STORE_INDEX_HASH, bytes_key_hash(&h), c.seq);
    if (!e && STORE_SEQ_HEIGHT(c.seq) >= v->party_from)
      e = nverify_index(v, STORE_INDEX_ADDR, bytes_key_sender(&sender), c.seq);
  } else if (kind == STORE_RECEIPT) {
    e = bytes_receipt(&bytes, &base, &c, first);
    if (!e) e = chain_receipt_load(&r, bytes, &a);
    if (!e && r.log_cnt)
      e = nverify_index(v, STORE_INDEX_LOG,
                        bytes_key_log_addr(&r.log[0].addr), c.seq);
  } else if (kind == STORE_DIFF) {
    e = state_diff_decode(&d, c.bytes, &a);
    if (!e && d.account_cnt && STORE_SEQ_HEIGHT(c.seq) > v->st.oldest_state &&
        d.account[0].slot_cnt == 0)
      e = nverify_index(v, STORE_INDEX_STATE,
                        bytes_key_account(&d.account[0].key), c.seq);
  }
  arena_fini(&a);
  return e;
}

struct nverify_walk {
  struct nverify *v;
  enum store_chunk_kind kind;
};
static err nverify_walk_cb(void *ctx, const struct store_chunk *c) {
  struct nverify_walk *w = ctx;
  return nverify_first(w->v, c, w->kind);
}

static err nverify_indexed(struct nverify *v, u64 height, const hash32 *hash) {
  TRY(nverify_index(v, STORE_INDEX_HASH, bytes_key_hash(hash),
                    STORE_SEQ(height, STORE_SEQ_BLOCK)));
  if ((i64)height > v->st.flushed) return ERR_OK;
  for (u32 k = 0; k < STORE_CHUNK_CNT; k++) {
    struct nverify_walk w = {v, (enum store_chunk_kind)k};
    TRY(store_read_chunks(v->r, w.kind, STORE_SEQ(height, 0),
                          STORE_SEQ(height, STORE_SEQ_BLOCK), nverify_walk_cb,
                          &w));
  }
  return ERR_OK;
}

static err nverify_block(struct nverify *v, u64 height, const char **what) {
  struct store_block_row row;
  struct chain_header h;
  hash32 hash;
  *what = "its header";
  TRY(store_read_block(v->r, &row, height));
  crypto_keccak256(&hash, row.header.ptr, row.header.len);
  if (!hash32_eq(&hash, &row.hash)) return ERR_CORRUPT;
  u32 tx_cnt = row.tx_cnt;
  TRY(chain_header_decode(&h, row.header));
  if (h.number != height) return ERR_CORRUPT;
  *what = "its link to the block before";
  if (height && !hash32_eq(&h.parent_hash, &v->parent)) return ERR_CORRUPT;
  if (height >= v->st.oldest_body) {
    *what = "its transactions";
    TRY(nverify_list(v, STORE_BODY, height, tx_cnt, &h.txs_root));
    *what = "its receipts";
    TRY(nverify_list(v, STORE_RECEIPT, height, tx_cnt, &h.receipts_root));
  }
  *what = "its places in the indexes";
  TRY(nverify_indexed(v, height, &hash));
  v->parent = hash;
  v->state_root = h.state_root;
  return ERR_OK;
}

static err nverify_blocks(struct nverify *v) {
  for (i64 h = 0; h <= v->st.head; h++) {
    const char *what;
    err e = nverify_block(v, (u64)h, &what);
    if (e)
      return err_say(v->msg, e == ERR_IO ? e : ERR_CORRUPT,
                     "block %lld is damaged: %s", (long long)h, what);
    if (v->progress && (h % NVERIFY_PROGRESS == 0 || h == v->st.head))
      v->progress(v->ctx, (u64)h, (u64)v->st.head);
  }
  return ERR_OK;
}

/*------------------------------------------------------------------- state */
struct nverify_over { /* newest values above the tables, in key order */
  u8 key[64];
  bool exists;
  struct state_account account;
  u256 slot;
};

struct nverify_state {
  struct nverify *v;
  struct nverify_over *over;
  size_t over_cnt, at;
  struct nverify_trie trie;
  hash32 owner;      /* whose slots are being read */
  bool has_owner;
  struct map root;   /* account key -> storage root */
};

static int nverify_over_cmp(const void *a, const void *b) {
  return memcmp(a, b, 64);
}

static void nverify_over_accounts(struct nverify_state *s) {
  struct node_state *ns = s->v->ns;
  size_t max = 0;
  for (u32 i = 0; i < NSTATE_SHARDS; i++) max += ns->shard[i].ver_account.cnt;
  s->over = mem_alloc((max + 1) * sizeof *s->over);
  s->over_cnt = s->at = 0;
  for (u32 i = 0; i < NSTATE_SHARDS; i++) {
    size_t it = 0;
    const void *key;
    void *val;
    while (map_next(&ns->shard[i].ver_account, &it, &key, &val)) {
      struct nstate_account_ver *a;
      struct nverify_over *o = &s->over[s->over_cnt++];
      memcpy(&a, val, sizeof a);
      memcpy(o->key, key, 32);
      o->exists = a->exists;
      nstate_slim_get(&o->account, &a->new_val);
    }
  }
  qsort(s->over, s->over_cnt, sizeof *s->over, nverify_over_cmp);
}

static void nverify_over_slots(struct nverify_state *s) {
  struct node_state *ns = s->v->ns;
  size_t max = 0;
  for (u32 i = 0; i < NSTATE_SHARDS; i++) max += ns->shard[i].ver_slot.cnt;
  s->over = mem_alloc((max + 1) * sizeof *s->over);
  s->over_cnt = s->at = 0;
  for (u32 i = 0; i < NSTATE_SHARDS; i++) {
    size_t it = 0;
    const void *key;
    void *val;
    while (map_next(&ns->shard[i].ver_slot, &it, &key, &val)) {
      struct nstate_slot_ver *a;
      struct nverify_over *o = &s->over[s->over_cnt++];
      memcpy(&a, val, sizeof a);
      memcpy(o->key, key, 64);
      o->slot = a->new_val;
    }
  }
  qsort(s->over, s->over_cnt, sizeof *s->over, nverify_over_cmp);
}

static err nverify_owner_end(struct nverify_state *s) {
  hash32 root;
  if (!s->has_owner) return ERR_OK;
  TRY(nverify_root(&s->trie, &root));
  *(hash32 *)map_put(&s->root, s->owner.b, NULL) = root;
  s->has_owner = false;
  return ERR_OK;
}

static err nverify_slot(struct nverify_state *s, const u8 key[64],
                        const u256 *val) {
  hash32 slot;
  u8 rlp[33];
  if (u256_is_zero(val)) return ERR_OK;
  if (!s->has_owner || memcmp(s->owner.b, key, 32) != 0) {
    TRY(nverify_owner_end(s));
    memcpy(s->owner.b, key, 32);
    s->has_owner = true;
  }
  memcpy(slot.b, key + 32, 32);
  return nverify_add(&s->trie, &slot,
                     slice_of(rlp, state_slot_encode(rlp, val)));
}

/* Overlay rows up to key; *same: one had just this key. */
static err nverify_slots_until(struct nverify_state *s, const u8 *key,
                               bool *same) {
  *same = false;
  for (; s->at < s->over_cnt; s->at++) {
    int c = key ? memcmp(s->over[s->at].key, key, 64) : -1;
    if (c > 0) break;
    TRY(nverify_slot(s, s->over[s->at].key, &s->over[s->at].slot));
    if (c == 0) *same = true;
  }
  return ERR_OK;
}

static err nverify_slot_cb(void *ctx, slice key, slice val) {
  struct nverify_state *s = ctx;
  bool same;
  u256 v;
  if (key.len != 64) return ERR_CORRUPT;
  TRY(nverify_slots_until(s, key.ptr, &same));
  if (same) return ERR_OK;
  TRY(bytes_slot_get(&v, val));
  return nverify_slot(s, key.ptr, &v);
}

static err nverify_account(struct nverify_state *s, const u8 key[32],
                           const struct state_account *a) {
  hash32 k;
  struct buf b;
  memcpy(k.b, key, 32);
  const hash32 *root = map_get(&s->root, k.b);
  if (!hash32_eq(root ? root : &CRYPTO_KECCAK_RLP_NIL, &a->storage_root))
    return ERR_CORRUPT;
  if (root) map_del(&s->root, k.b);
  buf_init(&b, 0);
  state_account_encode(&b, a);
  err e = nverify_add(&s->trie, &k, buf_slice(&b));
  buf_fini(&b);
  return e;
}

static err nverify_accounts_until(struct nverify_state *s, const u8 *key,
                                  bool *same) {
  *same = false;
  for (; s->at < s->over_cnt; s->at++) {
    const struct nverify_over *o = &s->over[s->at];
    int c = key ? memcmp(o->key, key, 32) : -1;
    if (c > 0) break;
    if (o->exists) TRY(nverify_account(s, o->key, &o->account));
    if (c == 0) *same = true;
  }
  return ERR_OK;
}

static err nverify_account_cb(void *ctx, slice key, slice val) {
  struct nverify_state *s = ctx;
  struct state_account a;
  addr20 addr;
  hash32 h;
  bool same;
  if (key.len != 32) return ERR_CORRUPT;
  TRY(nverify_accounts_until(s, key.ptr, &same));
  if (same) return ERR_OK;
  TRY(bytes_account_get(&a, &addr, val));
  crypto_keccak256(&h, addr.b, 20);
  if (memcmp(h.b, key.ptr, 32) != 0) return ERR_CORRUPT;
  return nverify_account(s, key.ptr, &a);
}

static err nverify_storage(struct nverify_state *s) {
  bool same;
  nverify_over_slots(s);
  err e = store_read_rows(s->v->r, STORE_SLOT, slice_of(NULL, 0),
                          nverify_slot_cb, s);
  if (!e) e = nverify_slots_until(s, NULL, &same);
  if (!e) e = nverify_owner_end(s);
  mem_free(s->over);
  s->over = NULL;
  return e;
}

/* The nodes' rows are those of `flushed`. */
static err nverify_nodes(struct nverify *v, struct nverify_nodes *n) {
  if (!n->on) return ERR_OK;
  TRY(store_read_rows(v->r, STORE_NODE, slice_of(NULL, 0), nverify_node_cb, n));
  if (memcmp(&n->want, &n->have, sizeof n->want) == 0) return ERR_OK;
  return err_say(v->msg, ERR_CORRUPT, "the tries have %llu nodes stored, not the "
                 "%llu that the state gives: \"cybermiles reindex\" makes them "
                 "anew", (unsigned long long)n->have.cnt,
                 (unsigned long long)n->want.cnt);
}

static err nverify_state(struct nverify *v, bool deep) {
  struct nverify_nodes nodes = {.on = deep && v->st.head == v->st.flushed};
  struct nverify_state s = {.v = v};
  bool same;
  hash32 root;
  nverify_trie_init(&s.trie, &nodes);
  map_init(&s.root, 32, sizeof(hash32), 0, 0);
  s.trie.owner = &s.owner;
  err e = nverify_storage(&s);
  s.trie.owner = NULL;
  nverify_over_accounts(&s);
  if (!e)
    e = store_read_rows(v->r, STORE_ACCOUNT, slice_of(NULL, 0),
                        nverify_account_cb, &s);
  if (!e) e = nverify_accounts_until(&s, NULL, &same);
  if (!e) e = nverify_root(&s.trie, &root);
  if (!e && s.root.cnt) e = ERR_CORRUPT; /* slots of no account */
  if (!e && !hash32_eq(&root, &v->state_root)) e = ERR_CORRUPT;
  mem_free(s.over);
  map_fini(&s.root);
  nverify_trie_fini(&s.trie);
  if (e)
    err_say(v->msg, e, "the state does not give the root of block %lld",
            (long long)v->st.head);
  return e ? e : nverify_nodes(v, &nodes);
}

/*--------------------------------------------------------- whole indexes
** What the blocks say should be in each index, and what is: the same count and
** digest. */
static const char *const nverify_index_name[STORE_INDEX_CNT] = {
    [STORE_INDEX_HASH] = "hashes", [STORE_INDEX_LOG] = "logs",
    [STORE_INDEX_STATE] = "changed state", [STORE_INDEX_ADDR] = "addresses"};

/* The lowest height of which an index must have everything. */
static u64 nverify_index_from(const struct nverify *v, u32 index) {
  u64 body = v->st.oldest_body;
  switch (index) {
    case STORE_INDEX_STATE:
      return v->st.oldest_state ? v->st.oldest_state + 1 : 0;
    case STORE_INDEX_ADDR: return body > v->party_from ? body : v->party_from;
    default: return body;
  }
}

static err nverify_digest_block(struct nverify *v, struct store_digest *want,
                                u64 height) {
  struct nstate_block *b;
  TRY(nstate_load_block(&b, v->r, height, height >= v->st.oldest_body));
  size_t max = (size_t)b->tx_cnt + 1 + b->log_cnt + b->party_cnt +
               b->account_cnt + b->slot_cnt;
  struct store_entry *e = mem_alloc(max * sizeof *e);
  for (u32 k = 0; k < STORE_INDEX_CNT; k++) {
    size_t n = nstate_entries(&b, 1, k, e);
    for (size_t i = 0; i < n && height >= nverify_index_from(v, k); i++)
      store_digest_add(&want[k], &e[i]);
  }
  mem_free(e);
  nstate_block_free(b);
  return ERR_OK;
}

static err nverify_digests(struct nverify *v) {
  struct store_digest want[STORE_INDEX_CNT], have;
  memset(want, 0, sizeof want);
  for (i64 h = 0; h <= v->st.flushed; h++) {
    TRY(nverify_digest_block(v, want, (u64)h));
    if (v->progress && h % NVERIFY_PROGRESS == 0)
      v->progress(v->ctx, (u64)h, (u64)v->st.head);
  }
  for (u32 k = 0; k < STORE_INDEX_CNT && v->st.flushed >= 0; k++) {
    u64 from = nverify_index_from(v, k);
    if (from == UINT64_MAX) continue;
    TRY(store_read_digest(v->r, &have, (enum store_index)k, from,
                          (u64)v->st.flushed));
    if (memcmp(&have, &want[k], sizeof have) != 0)
      return err_say(v->msg, ERR_CORRUPT, "the index of %s has %llu entries, "
                     "not the %llu that the blocks tell: \"cybermiles "
                     "reindex\" makes it anew", nverify_index_name[k],
                     (unsigned long long)have.cnt,
                     (unsigned long long)want[k].cnt);
  }
  return ERR_OK;
}

static void nverify_party_from(struct nverify *v) {
  slice val;
  if (store_read_meta(v->r, &val, NSTATE_META_PARTY) == ERR_OK && val.len == 8)
    v->party_from = load_be64(val.ptr);
}

err node_state_verify(const char *path, bool deep, struct node_verified *out,
                      void (*progress)(void *ctx, u64 height, u64 head),
                      void *ctx, struct errmsg *msg) {
  struct nverify v = {.msg = msg, .progress = progress, .ctx = ctx};
  struct store *s;
  TRY(store_open(&s, path, STORE_READ_ONLY, msg));
  struct node_state_config cfg = {.store = s};
  v.ns = nstate_new(&cfg);
  err e = store_reader_open(&v.r, s, 0, msg);
  if (!e) {
    e = store_reader_begin(v.r, &v.st);
    if (e) err_say(msg, e, "%s: cannot read: %s", path, err_text(e));
  }
  if (!e && v.st.head < 0)
    e = err_say(msg, ERR_NOT_FOUND, "%s has no blocks yet", path);
  if (!e) nverify_party_from(&v);
  if (!e) e = store_integrity(v.r, msg);
  if (!e) e = nverify_blocks(&v);
  if (!e && deep) {
    e = nverify_digests(&v);
    if (e && msg && !msg->text[0]) err_say(msg, e, "the indexes: %s", err_text(e));
  }
  if (!e) e = nstate_load(v.ns, v.r, &v.st, msg);
  if (!e) e = nverify_state(&v, deep);
  if (!e && out) *out = (struct node_verified){(u64)v.st.head, v.parent};
  store_reader_close(v.r);
  nstate_free(v.ns);
  err closed = store_close(s, NULL);
  return e ? e : closed;
}
