/* node_load.c - catching up at opening.
**
** Above `flushed` everything is in the blocks' own rows: their differences give
** the versions, their bodies the hashes, their receipts the log entries.  The
** trie nodes of those blocks are not in the file; they come from one
** state_commit of the differences merged to one, on the tries as they stand
** in the table, and the root must be that of the head's header.
**
** Was a batch cut off after its redo log was complete, the table may be half
** written.  Then the log's nodes are put over it and that batch is finished
** first, before anything reads the tries.
*/
#include <stdlib.h>

#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "node/node_state_int.h"

/*--------------------------------------------------- one block's memory */
struct nstate_load_diff {
  struct state_diff_account *account;
  u32 *account_chunk, *slot_chunk;
  struct state_diff_slot *slot; /* of all accounts, one after the other */
  size_t account_cnt, account_cap, slot_cnt, slot_cap;
  struct arena *a;
};

#define NSTATE_GROW(arr, cnt, cap) \
  do { \
    if ((cnt) == (cap)) { \
      (cap) = (cap) ? (cap) * 2 : 64; \
      (arr) = mem_realloc((arr), (cap) * sizeof *(arr)); \
    } \
  } while (0)

static err nstate_load_diff_cb(void *ctx, const struct store_chunk *c) {
  struct nstate_load_diff *l = ctx;
  struct state_diff d;
  TRY(state_diff_decode(&d, c->bytes, l->a));
  for (u32 i = 0; i < d.account_cnt; i++) {
    struct state_diff_account *acc = &d.account[i];
    struct state_diff_account *last =
        l->account_cnt ? &l->account[l->account_cnt - 1] : NULL;
    int order = last ? hash32_cmp(&last->key, &acc->key) : -1;
    if (order > 0) return ERR_CORRUPT;
    if (order < 0) {
      size_t cap = l->account_cap;
      NSTATE_GROW(l->account, l->account_cnt, l->account_cap);
      if (cap != l->account_cap)
        l->account_chunk = mem_realloc(l->account_chunk,
                                       l->account_cap * sizeof(u32));
      last = &l->account[l->account_cnt++];
      *last = *acc;
      last->slot_cnt = 0;
    }
    /* Of an account in several chunks the last one, as bytes_places has it. */
    l->account_chunk[l->account_cnt - 1] = STORE_SEQ_IDX(c->seq);
    for (u32 k = 0; k < acc->slot_cnt; k++) {
      size_t cap = l->slot_cap;
      NSTATE_GROW(l->slot, l->slot_cnt, l->slot_cap);
      if (cap != l->slot_cap)
        l->slot_chunk = mem_realloc(l->slot_chunk, l->slot_cap * sizeof(u32));
      l->slot_chunk[l->slot_cnt] = STORE_SEQ_IDX(c->seq);
      l->slot[l->slot_cnt++] = acc->slot[k];
      last->slot_cnt++;
    }
  }
  return ERR_OK;
}

static void nstate_load_diff_fini(struct nstate_load_diff *l) {
  mem_free(l->account);
  mem_free(l->account_chunk);
  mem_free(l->slot);
  mem_free(l->slot_chunk);
}

struct nstate_load_logs { /* entries grow with the receipts */
  struct store_entry *entry;
  u32 cnt;
  struct arena *a;
};

static err nstate_load_receipts_cb(void *ctx, const struct store_chunk *c) {
  struct nstate_load_logs *l = ctx;
  struct chain_receipt r[64];
  u32 first, cnt, base;
  TRY(bytes_chunk_span(&first, &cnt, c));
  if (cnt > ARRAY_LEN(r)) return ERR_CORRUPT;
  for (u32 i = 0; i < cnt; i++) {
    slice bytes;
    TRY(bytes_receipt(&bytes, &base, c, first + i));
    TRY(chain_receipt_load(&r[i], bytes, l->a));
  }
  u32 max = bytes_log_entries_max(r, cnt);
  l->entry = mem_realloc(l->entry, (l->cnt + max + 1) * sizeof *l->entry);
  l->cnt += bytes_log_entries(l->entry + l->cnt, c->seq, r, cnt);
  return ERR_OK;
}

struct nstate_load_txs {
  hash32 *hash;
  addr20 *sender, *to;
  bool *has_to;
  u32 cnt, max;
  struct arena *a;
};

static err nstate_load_bodies_cb(void *ctx, const struct store_chunk *c) {
  struct nstate_load_txs *t = ctx;
  u32 first, cnt;
  TRY(bytes_chunk_span(&first, &cnt, c));
  if (first != t->cnt || cnt > t->max - t->cnt) return ERR_CORRUPT;
  for (u32 i = 0; i < cnt; i++) {
    slice raw;
    addr20 sender;
    struct arena_mark mark = arena_mark(t->a);
    struct chain_tx tx;
    TRY(bytes_body(&raw, &sender, c, first + i));
    TRY(chain_tx_decode(&tx, raw, t->a, NULL));
    crypto_keccak256(&t->hash[t->cnt], raw.ptr, raw.len);
    t->sender[t->cnt] = sender;
    t->has_to[t->cnt] = tx.has_to;
    t->to[t->cnt++] = tx.to;
    arena_reset(t->a, mark);
  }
  return ERR_OK;
}

/* Of receipts only what the index of addresses asks: created, met. */
struct nstate_load_made {
  struct chain_receipt *receipt; /* of each transaction */
  u32 cnt;
  struct arena *a;
};
static err nstate_load_mets_cb(void *ctx, const struct store_chunk *c) {
  struct nstate_load_made *m = ctx;
  slice at = c->bytes;
  while (at.len) {
    struct bytes_met met;
    TRY(bytes_met(&at, &met, m->a));
    if (met.idx >= m->cnt) return ERR_CORRUPT;
    m->receipt[met.idx].met = met.met;
    m->receipt[met.idx].met_cnt = met.cnt;
  }
  return ERR_OK;
}
static err nstate_load_made_cb(void *ctx, const struct store_chunk *c) {
  struct nstate_load_made *m = ctx;
  u32 first, cnt, base;
  TRY(bytes_chunk_span(&first, &cnt, c));
  if (first > m->cnt || cnt > m->cnt - first) return ERR_CORRUPT;
  for (u32 i = 0; i < cnt; i++) {
    struct arena_mark mark = arena_mark(m->a);
    struct chain_receipt r;
    slice bytes;
    TRY(bytes_receipt(&bytes, &base, c, first + i));
    TRY(chain_receipt_load(&r, bytes, m->a));
    m->receipt[first + i].has_created = r.has_created;
    m->receipt[first + i].created = r.created;
    arena_reset(m->a, mark);
  }
  return ERR_OK;
}

/* Who was in which transaction, read back. */
static err nstate_load_parties(struct store_reader *r, u64 height,
                               struct nstate_load_made *made) {
  u64 from = STORE_SEQ(height, 0), to = STORE_SEQ(height, STORE_SEQ_BLOCK);
  TRY(store_read_chunks(r, STORE_RECEIPT, from, to, nstate_load_made_cb, made));
  return store_read_chunks(r, STORE_MET, from, to, nstate_load_mets_cb, made);
}

static void nstate_load_put_parties(struct nstate_block *b,
                                    const struct nstate_load_txs *t,
                                    const struct nstate_load_made *made) {
  for (u32 i = 0; i < t->cnt; i++)
    b->party_cnt += bytes_addr_entries(
        b->party + b->party_cnt, STORE_SEQ(b->height, i), &t->sender[i],
        t->has_to[i] ? &t->to[i] : NULL, &made->receipt[i]);
}

err nstate_load_block(struct nstate_block **out, struct store_reader *r,
                      u64 height, bool bodies) {
  struct store_block_row row;
  struct arena a;
  u64 from = STORE_SEQ(height, 0), to = STORE_SEQ(height, STORE_SEQ_BLOCK);
  TRY(store_read_block(r, &row, height));
  if (!bodies) row.tx_cnt = 0;
  arena_init(&a, 1 << 18, 0);
  struct nstate_load_diff d = {.a = &a};
  struct nstate_load_logs logs = {.a = &a};
  struct nstate_load_txs txs = {.max = row.tx_cnt, .a = &a};
  struct nstate_load_made made = {.cnt = row.tx_cnt, .a = &a};
  txs.hash = arena_array(&a, hash32, row.tx_cnt + 1);
  txs.sender = arena_array(&a, addr20, row.tx_cnt + 1);
  txs.to = arena_array(&a, addr20, row.tx_cnt + 1);
  txs.has_to = arena_array(&a, bool, row.tx_cnt + 1);
  made.receipt = arena_array(&a, struct chain_receipt, row.tx_cnt + 1);
  u32 tx_cnt = row.tx_cnt;
  hash32 hash = row.hash;
  err e = store_read_chunks(r, STORE_DIFF, from, to, nstate_load_diff_cb, &d);
  if (!e)
    e = store_read_chunks(r, STORE_RECEIPT, from, to, nstate_load_receipts_cb,
                          &logs);
  if (!e)
    e = store_read_chunks(r, STORE_BODY, from, to, nstate_load_bodies_cb, &txs);
  if (!e && txs.cnt != tx_cnt) e = ERR_CORRUPT;
  if (!e) e = nstate_load_parties(r, height, &made);
  if (!e) {
    struct state_diff diff = {.account = d.account,
                              .account_cnt = (u32)d.account_cnt};
    for (size_t i = 0, at = 0; i < d.account_cnt; i++) {
      d.account[i].slot = d.slot ? d.slot + at : NULL;
      at += d.account[i].slot_cnt;
    }
    struct nstate_block *b = nstate_block_make(
        height, &hash, &diff, d.account_chunk, d.slot_chunk, tx_cnt, logs.cnt,
        bytes_addr_entries_max(made.receipt, tx_cnt));
    b->tx_cnt = tx_cnt;
    memcpy(b->tx_hash, txs.hash, (size_t)tx_cnt * sizeof *txs.hash);
    b->log_cnt = logs.cnt;
    if (logs.cnt) memcpy(b->log, logs.entry, logs.cnt * sizeof *logs.entry);
    nstate_load_put_parties(b, &txs, &made);
    *out = b;
  }
  nstate_load_diff_fini(&d);
  mem_free(logs.entry);
  arena_fini(&a);
  return e;
}

err nstate_load(struct node_state *ns, struct store_reader *r,
                const struct store_standing *st, struct errmsg *msg) {
  for (i64 h = st->flushed + 1; h <= st->head; h++) {
    struct nstate_block *b = NULL;
    err e = nstate_load_block(&b, r, (u64)h, (u64)h >= st->oldest_body);
    if (e)
      return err_say(msg, e == ERR_INPUT ? ERR_CORRUPT : e,
                     "block %lld cannot be read back: %s", (long long)h,
                     err_text(e));
    nstate_block_link(ns, b);
  }
  return ERR_OK;
}

/*----------------------------------------------------------- merged diff */
static int nstate_account_ver_cmp(const void *a, const void *b) {
  return hash32_cmp(&((const struct state_diff_account *)a)->key,
                    &((const struct state_diff_account *)b)->key);
}

static int nstate_slot_ver_cmp(const void *a, const void *b) {
  const struct nstate_slot_ver *x = *(struct nstate_slot_ver *const *)a;
  const struct nstate_slot_ver *y = *(struct nstate_slot_ver *const *)b;
  int c = hash32_cmp(&x->owner->key, &y->owner->key);
  return c ? c : hash32_cmp(&x->key, &y->key);
}

/* From the value before the first of the blocks to that after the last: each
** list's oldest version has the one, its newest the other. */
static void nstate_merge_accounts(struct node_state *ns, struct state_diff *d,
                                  struct arena *a) {
  size_t max = 0;
  for (u32 i = 0; i < NSTATE_SHARDS; i++) max += ns->shard[i].ver_account.cnt;
  d->account = arena_array(a, struct state_diff_account, max + 1);
  for (u32 i = 0; i < NSTATE_SHARDS; i++) {
    size_t it = 0;
    const void *key;
    void *val;
    while (map_next(&ns->shard[i].ver_account, &it, &key, &val)) {
      struct nstate_account_ver *v;
      memcpy(&v, val, sizeof v);
      struct state_diff_account *out = &d->account[d->account_cnt++];
      out->key = v->key;
      out->addr = v->addr;
      out->exists = v->exists;
      nstate_slim_get(&out->new_val, &v->new_val);
      while (v->older) v = v->older;
      out->existed = v->existed;
      nstate_slim_get(&out->old_val, &v->old_val);
    }
  }
  qsort(d->account, d->account_cnt, sizeof *d->account,
        nstate_account_ver_cmp);
}

static err nstate_merge_slots(struct node_state *ns, struct state_diff *d,
                              struct arena *a) {
  size_t max = 0, n = 0;
  for (u32 i = 0; i < NSTATE_SHARDS; i++) max += ns->shard[i].ver_slot.cnt;
  struct nstate_slot_ver **all = arena_array(a, struct nstate_slot_ver *,
                                             max + 1);
  struct state_diff_slot *slot = arena_array(a, struct state_diff_slot,
                                             max + 1);
  for (u32 i = 0; i < NSTATE_SHARDS; i++) {
    size_t it = 0;
    const void *key;
    void *val;
    while (map_next(&ns->shard[i].ver_slot, &it, &key, &val))
      memcpy(&all[n++], val, sizeof *all);
  }
  qsort(all, n, sizeof *all, nstate_slot_ver_cmp);
  struct state_diff_account *acc = d->account,
                            *end = d->account + d->account_cnt;
  for (size_t i = 0; i < n; i++) {
    struct nstate_slot_ver *v = all[i], *first = v;
    while (first->older) first = first->older;
    while (acc < end && !hash32_eq(&acc->key, &v->owner->key)) acc++;
    if (acc == end) return ERR_CORRUPT;
    if (u256_eq(&first->old_val, &v->new_val)) continue;
    if (!acc->slot_cnt++) acc->slot = slot;
    slot->key = v->key;
    slot->old_val = first->old_val;
    slot->new_val = v->new_val;
    slot++;
  }
  return ERR_OK;
}

/* Accounts that neither were nor are tell the trie nothing. */
static void nstate_merge_drop_none(struct state_diff *d) {
  u32 n = 0;
  for (u32 i = 0; i < d->account_cnt; i++)
    if (d->account[i].existed || d->account[i].exists)
      d->account[n++] = d->account[i];
  d->account_cnt = n;
}

static err nstate_head_root(struct store_reader *r, i64 head, hash32 *out) {
  struct store_block_row row;
  struct chain_header h;
  TRY(store_read_block(r, &row, (u64)head));
  TRY(chain_header_decode(&h, row.header));
  *out = h.state_root;
  return ERR_OK;
}

static err nstate_commit_merged(struct node_state *ns, struct store_reader *r,
                                const struct store_standing *st,
                                struct errmsg *msg) {
  struct arena a;
  struct state_diff d = {0};
  struct state_root root = {0};
  struct state_source src;
  hash32 want;
  arena_init(&a, 1 << 20, 0);
  struct nstate_view v = {.ns = ns, .r = r, .st = *st, .a = &a};
  v.height = st->flushed;
  nstate_view_source(&v, &src);
  nstate_merge_accounts(ns, &d, &a);
  err e = nstate_merge_slots(ns, &d, &a);
  nstate_merge_drop_none(&d);
  if (!e) e = state_commit(&root, &d, &src, NULL, &a);
  if (!e) e = nstate_head_root(r, st->head, &want);
  if (e) {
    err_say(msg, e, "the tries cannot be brought to block %lld: %s",
            (long long)st->head, err_text(e));
  } else if (!hash32_eq(&root.root, &want)) {
    e = err_say(msg, ERR_CORRUPT,
                "the state root after catching up is not that of block %lld",
                (long long)st->head);
  } else {
    nstate_nodes_put(ns, &root);
    ns->cur_blocks = (u64)(st->head - st->flushed);
    ns->cur_changes = d.account_cnt + root.put_cnt;
  }
  arena_fini(&a);
  return e;
}

/* Of tables that are made anew group by group: the group's end. */
static void nstate_load_end(const struct node_state *ns,
                            struct store_standing *st) {
  if (ns->cfg.rebuild && st->head > (i64)ns->cfg.rebuild_to)
    st->head = (i64)ns->cfg.rebuild_to;
}

err nstate_catch_up(struct node_state *ns, struct store_reader *r,
                    const struct store_standing *at_open, struct errmsg *msg) {
  struct store_standing st = *at_open;
  err e = store_reader_begin(r, &st);
  if (e) return err_say(msg, e, "cannot read the file: %s", err_text(e));
  nstate_load_end(ns, &st);
  e = nstate_load(ns, r, &st, msg);
  store_reader_end(r);
  if (e) return e;
  TRY(store_reader_begin(r, &st));
  nstate_load_end(ns, &st);
  e = nstate_commit_merged(ns, r, &st, msg);
  store_reader_end(r);
  return e;
}
#undef NSTATE_GROW
