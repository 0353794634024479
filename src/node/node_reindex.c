/* node_reindex.c - all indexes anew, from what the blocks' rows tell.
**
** Blocks are read back as after a crash (node_load.c); their entries, sorted, go
** to runs of their own by groups of NREINDEX_ENTRIES, durable with how far they
** are.  What indexes of a running node would hold is the same entries in runs of
** other sizes: store_read_digest of both is equal.
**
** The keyed tables: emptied, then brought forward by groups of blocks as a node
** does that opens a file whose tables are behind; what they hold does not depend
** on the groups.
*/
#include "base/limits.h"
#include "node/node_state_int.h"

#define NREINDEX_ENTRIES 400000u
#define NREINDEX_BLOCKS 4096u
#define NREINDEX_GROUP_TXS 20000u
#define NREINDEX_GROUP_BLOCKS 1024u

struct nreindex {
  struct store *store;
  struct store_reader *r;
  struct store_standing st;
  struct nstate_block *block[NREINDEX_BLOCKS];
  u32 cnt;
  size_t entries;
};

static size_t nreindex_size(const struct nstate_block *b) {
  return (size_t)b->tx_cnt + 1 + b->log_cnt + b->party_cnt + b->account_cnt +
         b->slot_cnt;
}

static void nreindex_clear(struct nreindex *q) {
  for (u32 i = 0; i < q->cnt; i++) nstate_block_free(q->block[i]);
  q->cnt = 0;
  q->entries = 0;
}

static err nreindex_write(struct nreindex *q, u64 *all) {
  struct store_entry *entry[STORE_INDEX_CNT];
  size_t cnt[STORE_INDEX_CNT];
  if (!q->cnt) return ERR_OK;
  for (u32 k = 0; k < STORE_INDEX_CNT; k++) {
    entry[k] = mem_alloc(q->entries * sizeof *entry[k]);
    cnt[k] = nstate_entries(q->block, q->cnt, k, entry[k]);
    *all += cnt[k];
  }
  store_reader_end(q->r);
  err e = store_reindex_add(q->store, q->block[0]->height,
                            q->block[q->cnt - 1]->height,
                            (const struct store_entry *const *)entry, cnt);
  for (u32 k = 0; k < STORE_INDEX_CNT; k++) mem_free(entry[k]);
  nreindex_clear(q);
  return e ? e : store_reader_begin(q->r, &q->st);
}

static err nreindex_blocks(struct nreindex *q, struct node_reindexed *out,
                           bool (*go_on)(void *ctx, u64 height, u64 head),
                           void *ctx) {
  i64 at;
  TRY(store_reindex_at(q->store, &at));
  out->resumed |= at >= 0;
  TRY(store_reader_begin(q->r, &q->st));
  for (at++; at <= q->st.head; at++) {
    u64 h = (u64)at;
    TRY(nstate_load_block(&q->block[q->cnt], q->r, h,
                          h >= q->st.oldest_body));
    q->entries += nreindex_size(q->block[q->cnt++]);
    out->blocks++;
    if (q->cnt == NREINDEX_BLOCKS || q->entries >= NREINDEX_ENTRIES) {
      TRY(nreindex_write(q, &out->entries));
      TRY(store_wal_trim(q->store));
    }
    if (go_on && h % 64 == 0 && !go_on(ctx, h, (u64)q->st.head)) {
      TRY(nreindex_write(q, &out->entries));
      return ERR_OK;
    }
  }
  TRY(nreindex_write(q, &out->entries));
  TRY(store_reindex_finish(q->store));
  TRY(store_meta_del(q->store, NSTATE_META_PARTY));
  out->done = true;
  return ERR_OK;
}

/*----------------------------------------------------------- keyed tables */

/* The end of a group that fits in memory. */
static err nreindex_group(struct nreindex *q, u64 from, u64 *to) {
  u64 txs = 0;
  TRY(store_reader_begin(q->r, &q->st));
  err e = ERR_OK;
  for (*to = from;; ++*to) {
    struct store_block_row row;
    e = store_read_block(q->r, &row, *to);
    if (!e) txs += row.tx_cnt;
    if (e || *to >= (u64)q->st.head || txs >= NREINDEX_GROUP_TXS ||
        *to - from + 1 >= NREINDEX_GROUP_BLOCKS)
      break;
  }
  store_reader_end(q->r);
  return e;
}

static err nreindex_count_cb(void *ctx, slice key, slice val) {
  (void)key, (void)val;
  ++*(u64 *)ctx;
  return ERR_OK;
}
static err nreindex_count(struct nreindex *q, struct node_reindexed *out) {
  u64 *cnt[STORE_TABLE_CNT] = {&out->accounts, &out->slots, &out->nodes};
  err e = store_reader_begin(q->r, &q->st);
  for (u32 t = 0; t < STORE_TABLE_CNT && !e; t++)
    e = store_read_rows(q->r, t, slice_of(NULL, 0), nreindex_count_cb, cnt[t]);
  store_reader_end(q->r);
  return e;
}

static err nreindex_tables(struct nreindex *q, struct node_reindexed *out,
                           bool (*go_on)(void *ctx, u64 height, u64 head),
                           void *ctx, struct errmsg *msg) {
  msg->text[0] = 0;
  if (store_rebuilding(q->store)) out->resumed = true;
  else TRY(store_rebuild_begin(q->store));
  for (;;) {
    struct node_state *ns;
    struct node_state_config cfg = {.store = q->store, .reader_cnt = 1,
                                    .history_blocks = UINT64_MAX,
                                    .rebuild = true};
    store_standing(q->store, &q->st);
    if (q->st.flushed == q->st.head) break;
    TRY(nreindex_group(q, (u64)(q->st.flushed + 1), &cfg.rebuild_to));
    TRY(node_state_open(&ns, &cfg, msg));
    TRY(node_state_close(ns, false, msg));
    TRY(store_wal_trim(q->store));
    if (go_on && !go_on(ctx, cfg.rebuild_to, (u64)q->st.head) &&
        (i64)cfg.rebuild_to < q->st.head)
      return ERR_CLOSED;
  }
  out->tables = true;
  return nreindex_count(q, out);
}

/* The tables and the old indexes at the head first. */
static err nreindex_catch_up(struct store *s, struct errmsg *msg) {
  struct node_state *ns;
  struct node_state_config cfg = {.store = s, .reader_cnt = 1,
                                  .history_blocks = UINT64_MAX};
  TRY(node_state_open(&ns, &cfg, msg));
  return node_state_close(ns, false, msg);
}

err node_reindex(struct node_reindexed *out, const char *path, bool tables,
                 bool (*go_on)(void *ctx, u64 height, u64 head), void *ctx,
                 struct errmsg *msg) {
  struct nreindex *q = mem_alloc(sizeof *q);
  *out = (struct node_reindexed){0};
  err e = store_open(&q->store, path, 0, msg);
  if (e) {
    mem_free(q);
    return e;
  }
  store_standing(q->store, &q->st);
  if (q->st.head < 0) e = err_say(msg, ERR_NOT_FOUND, "%s has no blocks", path);
  if (!e) e = store_reader_open(&q->r, q->store, 0, msg);
  tables = (tables && q->st.oldest_state == 0) ||
           (!e && store_rebuilding(q->store));
  if (!e) {
    e = tables ? nreindex_tables(q, out, go_on, ctx, msg)
               : nreindex_catch_up(q->store, msg);
    if (e && !msg->text[0] && e != ERR_CLOSED)
      err_say(msg, e, "the tables cannot be made: %s (%s)", err_text(e),
              store_error(q->store));
  }
  if (!e) {
    e = nreindex_blocks(q, out, go_on, ctx);
    if (!e && tables && out->done) e = store_rebuild_end(q->store);
    if (e) err_say(msg, e, "the indexes cannot be made: %s (%s)", err_text(e),
                   store_error(q->store));
  }
  if (e == ERR_CLOSED) e = ERR_OK; /* asked to end */
  nreindex_clear(q);
  if (q->r) store_reader_close(q->r);
  bool more = !e && out->done;
  while (more && !e) e = store_upkeep_step(q->store, STORE_SLICE_US, &more);
  err closed = store_close(q->store, e ? NULL : msg);
  mem_free(q);
  return e ? e : closed;
}

/*----------------------------------------------------------------- pruning */
err node_prune(struct node_pruned *out, const char *path, u64 state, u64 blocks,
               bool (*go_on)(void *ctx), void *ctx, struct errmsg *msg) {
  struct store *s;
  struct store_standing st;
  *out = (struct node_pruned){0};
  TRY(store_open(&s, path, 0, msg));
  store_standing(s, &st);
  err e = st.head < 0 ? err_say(msg, ERR_NOT_FOUND, "%s has no blocks", path)
                      : nreindex_catch_up(s, msg);
  if (!e) e = store_bytes(s, &out->bytes_before);
  u64 head = (u64)st.head;
  if (state < 128) state = 128;
  if (!e)
    e = store_prune_below(s, state < head ? head - state : 0,
                          blocks && blocks < head ? head - blocks + 1 : 0);
  store_vacuum(s, true);
  bool more = true, on = true;
  for (u64 step = 0; more && on && !e; step++) {
    e = store_upkeep_step(s, STORE_SLICE_US, &more);
    if (!e && step % 64 == 63) e = store_wal_trim(s);
    if (go_on) on = go_on(ctx);
  }
  out->done = on;
  if (!e) e = store_bytes(s, &out->bytes_after);
  store_standing(s, &st);
  out->oldest_state = st.oldest_state;
  out->oldest_body = st.oldest_body;
  if (e && !msg->text[0])
    err_say(msg, e, "%s: %s (%s)", path, err_text(e), store_error(s));
  err closed = store_close(s, e ? NULL : msg);
  return e ? e : closed;
}
#undef NREINDEX_ENTRIES
#undef NREINDEX_BLOCKS
#undef NREINDEX_GROUP_TXS
#undef NREINDEX_GROUP_BLOCKS
