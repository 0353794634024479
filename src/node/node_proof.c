/* node_proof.c - eth_getProof, and tries to go on from, for the newest 128
** blocks.
**
** Stored trie nodes stand at one height, the base: the end of the batch in
** work when there is one (its frozen nodes over the table), else `flushed`.
** For a block at another height, every account that changed between the two
** is set to its value at that block, in memory, by trie_update on the base;
** the proof is read from the result, whose root must be the header's.  The
** same for the storage trie of the account.
*/
#include <stdlib.h>

#include "crypto/keccak.h"
#include "node/node_int.h"
#include "node/node_state_int.h"

struct nproof {
  struct node_read *r;
  struct nstate_view base, at; /* tries stand at base; wanted is at */
  hash32 addr_hash;
  hash32 *account;             /* keys changed in between */
  hash32 *slot;                /* those of the account */
  size_t account_cnt, account_cap, slot_cnt, slot_cap;
  struct arena *a;
};

static void nproof_note(hash32 **list, size_t *cnt, size_t *cap,
                        const hash32 *key) {
  if (*cnt == *cap) {
    *cap = *cap ? *cap * 2 : 256;
    *list = mem_realloc(*list, *cap * sizeof **list);
  }
  (*list)[(*cnt)++] = *key;
}
static void nproof_note_account(struct nproof *p, const hash32 *key) {
  nproof_note(&p->account, &p->account_cnt, &p->account_cap, key);
}
static void nproof_note_slot(struct nproof *p, const hash32 *key) {
  nproof_note(&p->slot, &p->slot_cnt, &p->slot_cap, key);
}

static int nproof_cmp(const void *a, const void *b) {
  return memcmp(a, b, 32);
}
static void nproof_sort(hash32 *list, size_t *cnt) {
  size_t kept = 0;
  if (*cnt) qsort(list, *cnt, sizeof *list, nproof_cmp);
  for (size_t i = 0; i < *cnt; i++)
    if (i == 0 || !hash32_eq(&list[i], &list[kept - 1]))
      list[kept++] = list[i];
  *cnt = kept;
}

/*---------------------------------------------------- what changed between */
static err nproof_diff_cb(void *ctx, const struct store_chunk *c) {
  struct nproof *p = ctx;
  struct state_diff d;
  struct arena_mark mark = arena_mark(p->a);
  TRY(nstate_read_time(p->r));
  err e = state_diff_decode(&d, c->bytes, p->a);
  for (u32 i = 0; !e && i < d.account_cnt; i++) {
    nproof_note_account(p, &d.account[i].key);
    if (!hash32_eq(&d.account[i].key, &p->addr_hash)) continue;
    for (u32 k = 0; k < d.account[i].slot_cnt; k++)
      nproof_note_slot(p, &d.account[i].slot[k].key);
  }
  arena_reset(p->a, mark);
  return e;
}

/* Blocks above our pinned height stay while we read. */
static void nproof_overlay(struct nproof *p, i64 lo, i64 hi) {
  struct node_state *ns = p->r->ns;
  pthread_mutex_lock(&ns->apply_lock);
  struct nstate_block *b = ns->oldest;
  i64 top = atomic_load(&ns->applied);
  while (b && (i64)b->height <= lo) b = b->next;
  pthread_mutex_unlock(&ns->apply_lock);
  for (; b && (i64)b->height <= hi; b = b->next) {
    for (u32 i = 0; i < b->account_cnt; i++)
      nproof_note_account(p, &b->account[i].key);
    for (u32 i = 0; i < b->slot_cnt; i++)
      if (hash32_eq(&b->slot[i].owner->key, &p->addr_hash))
        nproof_note_slot(p, &b->slot[i].key);
    /* The link of the newest block is not ours to read. */
    if ((i64)b->height >= top) break;
  }
}

static err nproof_changes(struct nproof *p) {
  i64 lo = p->at.height < p->base.height ? p->at.height : p->base.height;
  i64 hi = p->at.height > p->base.height ? p->at.height : p->base.height;
  i64 flushed = p->r->st.flushed;
  if (lo < flushed)
    TRY(store_read_chunks(p->r->r->store, STORE_DIFF, STORE_SEQ(lo + 1, 0),
                          STORE_SEQ(hi < flushed ? hi : flushed,
                                    STORE_SEQ_BLOCK),
                          nproof_diff_cb, p));
  if (hi > flushed) nproof_overlay(p, lo > flushed ? lo : flushed, hi);
  nproof_sort(p->account, &p->account_cnt);
  nproof_sort(p->slot, &p->slot_cnt);
  return ERR_OK;
}

/*------------------------------------------------------------ one trie */
struct nproof_trie {
  struct nproof *p;
  const hash32 *owner;   /* NULL: accounts */
  struct state_source src;
  struct map over;       /* nodes after the update */
  bool updated;          /* leaves too stand at the wanted height */
  hash32 root;
};

static err nproof_node(void *ctx, slice *out, const u8 *path, u32 path_len) {
  struct nproof_trie *t = ctx;
  u8 key[NSTATE_NODE_KEY];
  nstate_node_key(key, t->owner, path, path_len);
  slice *over = map_get(&t->over, key);
  if (over) {
    *out = *over;
    return ERR_OK;
  }
  return t->src.node(t->src.ctx, out, t->owner, path, path_len);
}

/* The leaf's value at a height, as RLP in the arena; len 0: none. */
static err nproof_value(struct nproof *p, const hash32 *owner,
                        struct nstate_view *v, slice *out, const hash32 *key) {
  *out = (slice){0};
  if (owner) {
    u256 val;
    u8 rlp[33];
    TRY(nstate_view_slot(v, &val, owner, key));
    if (!u256_is_zero(&val)) {
      u32 len = state_slot_encode(rlp, &val);
      *out = slice_of(arena_copy(p->a, rlp, len), len);
    }
  } else {
    struct state_account acc;
    bool found;
    TRY(nstate_view_account(v, &acc, &found, key));
    if (found) {
      struct buf b;
      buf_init(&b, 0);
      state_account_encode(&b, &acc);
      *out = arena_copy_slice(p->a, buf_slice(&b));
      buf_fini(&b);
    }
  }
  return p->a->over ? ERR_LIMIT : ERR_OK;
}

static err nproof_leaf(void *ctx, slice *out, const hash32 *key) {
  struct nproof_trie *t = ctx;
  return nproof_value(t->p, t->owner, t->updated ? &t->p->at : &t->p->base,
                      out, key);
}

static err nproof_trie_open(struct nproof_trie *t, struct nproof *p,
                            const hash32 *owner) {
  const hash32 *key = owner ? p->slot : p->account;
  size_t cnt = owner ? p->slot_cnt : p->account_cnt;
  struct trie_source src = {.ctx = t, .node = nproof_node,
                            .leaf = nproof_leaf};
  struct trie_result res;
  *t = (struct nproof_trie){.p = p, .owner = owner};
  map_init(&t->over, NSTATE_NODE_KEY, sizeof(slice), 0, 0);
  nstate_view_source(&p->base, &t->src);
  struct trie_change *change = arena_array(p->a, struct trie_change, cnt + 1);
  if (!change) return ERR_LIMIT;
  for (size_t i = 0; i < cnt; i++) {
    change[i].key = key[i];
    TRY(nproof_value(p, owner, &p->at, &change[i].val, &key[i]));
  }
  TRY(trie_update(&res, &src, change, cnt, NULL, p->a));
  for (size_t i = 0; i < res.put_cnt; i++) {
    u8 k[NSTATE_NODE_KEY];
    nstate_node_key(k, owner, res.put[i].path, res.put[i].path_len);
    *(slice *)map_put(&t->over, k, NULL) = res.put[i].node;
  }
  t->updated = true;
  t->root = res.root;
  return ERR_OK;
}

static err nproof_prove(struct nproof_trie *t, slice **node, u32 *cnt,
                        const hash32 *key, struct arena *a) {
  struct trie_source src = {.ctx = t, .node = nproof_node,
                            .leaf = nproof_leaf};
  return trie_prove(node, cnt, &src, key, a);
}

/*----------------------------------------------------------------- public */
err nstate_changed_since(struct node_read *r, u64 number, const hash32 *owner,
                         hash32 **keys, size_t *cnt, struct arena *a) {
  struct nproof p = {.r = r, .a = a};
  i64 flushed = r->st.flushed;
  nstate_read_view(r, &p.base, r->st.head);
  nstate_read_view(r, &p.at, (i64)number < flushed ? (i64)number : flushed);
  if (owner) p.addr_hash = *owner;
  err e = nproof_changes(&p);
  *cnt = owner ? p.slot_cnt : p.account_cnt;
  *keys = owner ? p.slot : p.account;
  mem_free(owner ? p.account : p.slot);
  return e;
}

/* The generation whose nodes our snapshot's table may hold in part. */
static void nproof_base(struct nproof *p) {
  struct node_state *ns = p->r->ns;
  i64 flushed = p->r->st.flushed;
  const struct nstate_gen *g;
  pthread_mutex_lock(&ns->pin_lock);
  for (g = ns->gen; g && g->from != flushed; g = g->next) continue;
  pthread_mutex_unlock(&ns->pin_lock);
  nstate_read_view(p->r, &p->base, g ? (i64)g->to : flushed);
  p->base.gen = g;
}

static err nproof_slots(struct nproof *p, struct node_proof *out,
                        const u256 *slots, u32 cnt, struct arena *a) {
  struct nproof_trie t;
  out->slot = arena_alloc(a, (cnt + 1) * sizeof *out->slot);
  if (!out->slot) return ERR_LIMIT;
  out->slot_cnt = cnt;
  err e = nproof_trie_open(&t, p, &p->addr_hash);
  if (!e && !hash32_eq(&t.root, &out->account.storage_root)) e = ERR_CORRUPT;
  for (u32 i = 0; i < cnt && !e; i++) {
    u8 be[32];
    hash32 key;
    u256_to_be(be, &slots[i]);
    crypto_keccak256(&key, be, 32);
    out->slot[i].slot = slots[i];
    e = nstate_view_slot(&p->at, &out->slot[i].val, &p->addr_hash, &key);
    if (!e)
      e = nproof_prove(&t, &out->slot[i].node, &out->slot[i].node_cnt, &key, a);
  }
  map_fini(&t.over);
  return e;
}

static err nproof_account(struct nproof *p, struct node_proof *out,
                          const hash32 *state_root, struct arena *a) {
  struct nproof_trie t;
  err e = nproof_trie_open(&t, p, NULL);
  if (!e && !hash32_eq(&t.root, state_root)) e = ERR_CORRUPT;
  if (!e)
    e = nstate_view_account(&p->at, &out->account, &out->exists,
                            &p->addr_hash);
  if (!e && !out->exists)
    out->account = (struct state_account){
        .code_hash = CRYPTO_KECCAK_EMPTY,
        .storage_root = CRYPTO_KECCAK_RLP_NIL};
  if (!e)
    e = nproof_prove(&t, &out->account_node, &out->account_node_cnt,
                     &p->addr_hash, a);
  map_fini(&t.over);
  return e;
}

err node_read_proof(struct node_read *r, struct node_proof *out, u64 number,
                    const addr20 *addr, const u256 *slots, u32 slot_cnt,
                    struct arena *a) {
  struct arena scratch; /* without a limit: the read's time bounds it */
  struct nproof p = {.r = r, .a = &scratch};
  struct chain_header header;
  hash32 hash;
  u64 head = (u64)r->st.head;
  memset(out, 0, sizeof *out);
  if (number > head || head - number > NODE_PROOF_BLOCKS ||
      number < r->st.oldest_state)
    return ERR_NOT_FOUND;
  TRY(node_read_header(r, &header, &hash, number));
  arena_init(&scratch, 1 << 20, 0);
  crypto_keccak256(&p.addr_hash, addr->b, 20);
  nproof_base(&p);
  nstate_read_view(r, &p.at, (i64)number);
  p.base.a = p.at.a = &scratch;
  err e = nproof_changes(&p);
  if (!e) e = nproof_account(&p, out, &header.state_root, a);
  if (!e) e = nproof_slots(&p, out, slots, slot_cnt, a);
  mem_free(p.account);
  mem_free(p.slot);
  arena_fini(&scratch);
  return e;
}

/*------------------------------------------------------- tries to go on from */
/* Each storage trie is brought to the height when it is first asked for. */
struct nproof_tries {
  struct nproof p;
  struct arena scratch;
  struct nproof_trie account;
  struct map owner; /* hash32 -> struct nproof_owner * */
};
struct nproof_owner {
  struct nproof p;
  struct nproof_trie trie;
};

static err nproof_owner(struct nproof_tries *t, struct nproof_trie **out,
                        const hash32 *owner) {
  struct nproof_owner **at = map_put(&t->owner, owner->b, NULL);
  if (!*at) {
    struct nproof_owner *o = *at = mem_alloc(sizeof *o);
    o->p = t->p;
    o->p.addr_hash = *owner;
    o->p.account = o->p.slot = NULL;
    o->p.account_cnt = o->p.account_cap = o->p.slot_cnt = o->p.slot_cap = 0;
    map_init(&o->trie.over, NSTATE_NODE_KEY, sizeof(slice), 0, 0);
    TRY(nproof_changes(&o->p));
    TRY(nproof_trie_open(&o->trie, &o->p, &o->p.addr_hash));
  }
  *out = &(*at)->trie;
  return ERR_OK;
}

static err nproof_tries_node(void *ctx, slice *out, const hash32 *owner,
                             const u8 *path, u32 path_len) {
  struct nproof_tries *t = ctx;
  struct nproof_trie *trie = &t->account;
  if (owner) TRY(nproof_owner(t, &trie, owner));
  return nproof_node(trie, out, path, path_len);
}
static err nproof_tries_account(void *ctx, struct state_account *out,
                                bool *found, const hash32 *key) {
  struct nproof_tries *t = ctx;
  return nstate_view_account(&t->p.at, out, found, key);
}
static err nproof_tries_slot(void *ctx, u256 *out, const hash32 *owner,
                             const hash32 *key) {
  struct nproof_tries *t = ctx;
  return nstate_view_slot(&t->p.at, out, owner, key);
}

void nstate_tries_close(struct nproof_tries *t) {
  size_t it = 0;
  const void *key;
  void *val;
  if (!t) return;
  while (map_next(&t->owner, &it, &key, &val)) {
    struct nproof_owner *o = *(struct nproof_owner **)val;
    mem_free(o->p.account);
    mem_free(o->p.slot);
    map_fini(&o->trie.over);
    mem_free(o);
  }
  map_fini(&t->owner);
  map_fini(&t->account.over);
  mem_free(t->p.account);
  mem_free(t->p.slot);
  arena_fini(&t->scratch);
  mem_free(t);
}

err node_read_tries(struct node_read *r, struct state_source *out,
                    u64 number) {
  u64 head = (u64)r->st.head;
  struct chain_header header;
  hash32 hash;
  memset(out, 0, sizeof *out);
  if (number > head || head - number > NODE_PROOF_BLOCKS ||
      number < r->st.oldest_state)
    return ERR_NOT_FOUND;
  TRY(node_read_header(r, &header, &hash, number));
  nstate_tries_close(r->tries);
  struct nproof_tries *t = r->tries = mem_alloc(sizeof *t);
  arena_init(&t->scratch, 1 << 20, 0);
  map_init(&t->owner, 32, sizeof(struct nproof_owner *), 0, 0);
  map_init(&t->account.over, NSTATE_NODE_KEY, sizeof(slice), 0, 0);
  t->p = (struct nproof){.r = r, .a = &t->scratch};
  nproof_base(&t->p);
  nstate_read_view(r, &t->p.at, (i64)number);
  t->p.base.a = t->p.at.a = &t->scratch;
  TRY(nproof_changes(&t->p));
  TRY(nproof_trie_open(&t->account, &t->p, NULL));
  if (!hash32_eq(&t->account.root, &header.state_root)) return ERR_CORRUPT;
  *out = (struct state_source){.ctx = t, .node = nproof_tries_node,
                               .account_by_hash = nproof_tries_account,
                               .slot_by_hash = nproof_tries_slot};
  return ERR_OK;
}
