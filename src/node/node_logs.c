/* node_logs.c - eth_getLogs: logs of a range of blocks by address and topics.
**
** The index tells, for each address and topic, the receipt chunks that hold it;
** above the flushed height the same entries are in memory.  Going through the
** range in windows of heights, each condition gives a sorted list of chunks
** (the union of its alternatives), the lists are intersected, and only the
** chunks that remain are read and looked at log by log.  A filter without
** conditions reads all chunks.
*/
#include <stdlib.h>

#include "crypto/keccak.h"
#include "node/node_int.h"
#include "node/node_state_int.h"

#define NLOGS_WINDOW 2000u
#define NLOGS_PARTS 5u /* address, four topics */

struct nlogs {
  struct node_read *r;
  const struct node_log_filter *f;
  bool (*cb)(void *ctx, const struct node_log *log);
  void *ctx;
  bool stopped;
  u64 height;          /* of the header below; UINT64_MAX: none */
  struct chain_header header;
  hash32 hash;
};

/*------------------------------------------------------ looking at chunks */
static bool nlogs_match(const struct node_log_filter *f,
                        const struct state_log *l) {
  bool ok = f->addr_cnt == 0;
  for (u32 i = 0; i < f->addr_cnt && !ok; i++)
    ok = addr20_eq(&f->addr[i], &l->addr);
  for (u32 t = 0; t < 4 && ok; t++) {
    if (f->topic_cnt[t] == 0) continue;
    ok = false;
    for (u32 i = 0; i < f->topic_cnt[t] && t < l->topic_cnt && !ok; i++)
      ok = hash32_eq(&f->topic[t][i], &l->topic[t]);
  }
  return ok;
}

static err nlogs_header(struct nlogs *q, u64 height) {
  if (q->height == height) return ERR_OK;
  TRY(node_read_header(q->r, &q->header, &q->hash, height));
  q->height = height;
  return ERR_OK;
}

static err nlogs_tx_hash(struct nlogs *q, hash32 *out, u64 seq) {
  struct store_chunk c;
  slice raw;
  addr20 sender;
  TRY(store_read_chunk(q->r->r->store, &c, STORE_BODY, seq));
  TRY(bytes_body(&raw, &sender, &c, STORE_SEQ_IDX(seq)));
  crypto_keccak256(out, raw.ptr, raw.len);
  return ERR_OK;
}

static err nlogs_receipt(struct nlogs *q, const struct chain_receipt *receipt,
                         u64 seq, u32 log_base) {
  bool has_hash = false;
  struct node_log out = {.number = STORE_SEQ_HEIGHT(seq),
                         .tx_idx = STORE_SEQ_IDX(seq)};
  for (u32 i = 0; i < receipt->log_cnt && !q->stopped; i++) {
    if (!nlogs_match(q->f, &receipt->log[i])) continue;
    if (!has_hash) {
      TRY(nlogs_header(q, out.number));
      TRY(nlogs_tx_hash(q, &out.tx_hash, seq));
      out.time_ms = chain_header_time_ms(&q->header);
      out.block_hash = q->hash;
      has_hash = true;
    }
    out.log_idx = (u64)log_base + i;
    out.log = &receipt->log[i];
    q->stopped = !q->cb(q->ctx, &out);
  }
  return ERR_OK;
}

/* The chunk is copied: reading hashes goes through the same reader. */
static err nlogs_chunk(struct nlogs *q, const struct store_chunk *chunk) {
  struct arena *a = &q->r->a;
  struct arena_mark mark = arena_mark(a);
  struct store_chunk c = {chunk->seq, arena_copy_slice(a, chunk->bytes)};
  u32 first = 0, cnt = 0, base;
  err e = a->over ? ERR_LIMIT : nstate_read_time(q->r);
  if (!e) e = bytes_chunk_span(&first, &cnt, &c);
  for (u32 i = 0; i < cnt && !e && !q->stopped; i++) {
    struct chain_receipt receipt;
    slice bytes;
    e = bytes_receipt(&bytes, &base, &c, first + i);
    if (!e) e = chain_receipt_load(&receipt, bytes, a);
    if (!e)
      e = nlogs_receipt(q, &receipt,
                        STORE_SEQ(STORE_SEQ_HEIGHT(c.seq), first + i), base);
  }
  arena_reset(a, mark);
  return e == ERR_INPUT || e == ERR_RANGE ? ERR_CORRUPT : e;
}

/*------------------------------------------------------------- candidates */
struct nlogs_list { /* chunk numbers; ascending once sorted */
  u64 *seq;
  size_t cnt, cap;
};

static int nlogs_collect_cb(void *ctx, u64 seq) {
  struct nlogs_list *l = ctx;
  if (l->cnt == l->cap) {
    l->cap = l->cap ? l->cap * 2 : 1024;
    l->seq = mem_realloc(l->seq, l->cap * sizeof *l->seq);
  }
  l->seq[l->cnt++] = seq;
  return 0;
}

static void nlogs_collect_memory(void *ctx, u64 seq) {
  (void)nlogs_collect_cb(ctx, seq);
}

static int nlogs_seq_cmp(const void *a, const void *b) {
  u64 x = *(const u64 *)a, y = *(const u64 *)b;
  return x < y ? -1 : x > y;
}

/* The union of a condition's alternatives in the window. */
static err nlogs_collect(struct nlogs *q, struct nlogs_list *l, u32 part,
                         u64 from, u64 to) {
  const struct node_log_filter *f = q->f;
  u32 cnt = part == 0 ? f->addr_cnt : f->topic_cnt[part - 1];
  l->cnt = 0;
  for (u32 i = 0; i < cnt; i++) {
    u64 key = part == 0 ? bytes_key_log_addr(&f->addr[i])
                        : bytes_key_log_topic(part - 1, &f->topic[part - 1][i]);
    TRY(nstate_read_time(q->r));
    TRY(store_read_index(q->r->r->store, STORE_INDEX_LOG, key,
                         STORE_SEQ(from, 0), STORE_SEQ(to, STORE_SEQ_BLOCK),
                         STORE_INDEX_OLDEST, nlogs_collect_cb, l));
    if ((i64)to <= q->r->st.flushed) continue;
    i64 above = (i64)from - 1 > q->r->st.flushed ? (i64)from - 1
                                                 : q->r->st.flushed;
    nstate_memory_index(q->r->ns, STORE_INDEX_LOG, &key, 1, above, (i64)to,
                        nlogs_collect_memory, l);
  }
  if (l->cnt > 1) qsort(l->seq, l->cnt, sizeof *l->seq, nlogs_seq_cmp);
  size_t kept = 0;
  for (size_t i = 0; i < l->cnt; i++)
    if (i == 0 || l->seq[i] != l->seq[kept - 1]) l->seq[kept++] = l->seq[i];
  l->cnt = kept;
  return ERR_OK;
}

static void nlogs_intersect(struct nlogs_list *all,
                            const struct nlogs_list *with) {
  size_t n = 0, k = 0;
  for (size_t i = 0; i < all->cnt; i++) {
    while (k < with->cnt && with->seq[k] < all->seq[i]) k++;
    if (k < with->cnt && with->seq[k] == all->seq[i])
      all->seq[n++] = all->seq[i];
  }
  all->cnt = n;
}

static u32 nlogs_part_cnt(const struct node_log_filter *f, u32 part) {
  return part == 0 ? f->addr_cnt : f->topic_cnt[part - 1];
}

static err nlogs_window(struct nlogs *q, struct nlogs_list *all,
                        struct nlogs_list *one, u64 from, u64 to) {
  bool first = true;
  for (u32 p = 0; p < NLOGS_PARTS; p++) {
    if (nlogs_part_cnt(q->f, p) == 0) continue;
    TRY(nlogs_collect(q, first ? all : one, p, from, to));
    if (!first) nlogs_intersect(all, one);
    first = false;
    if (all->cnt == 0) return ERR_OK;
  }
  for (size_t i = 0; i < all->cnt && !q->stopped; i++) {
    struct store_chunk c;
    TRY(store_read_chunk(q->r->r->store, &c, STORE_RECEIPT, all->seq[i]));
    TRY(nlogs_chunk(q, &c));
  }
  return ERR_OK;
}

static err nlogs_indexed(struct nlogs *q, u64 from, u64 to) {
  struct nlogs_list all = {0}, one = {0};
  err e = ERR_OK;
  while (from <= to && !q->stopped && !e) {
    u64 end = to - from >= NLOGS_WINDOW ? from + NLOGS_WINDOW - 1 : to;
    e = nlogs_window(q, &all, &one, from, end);
    from = end + 1;
  }
  mem_free(all.seq);
  mem_free(one.seq);
  return e;
}

/*--------------------------------------------------------------- scanning */
/* Chunk after chunk of one block; each is asked anew, since looking at one
** uses the reader. */
static err nlogs_scan_block(struct nlogs *q, u64 height) {
  struct store_block_row row;
  TRY(nstate_read_time(q->r));
  TRY(store_read_block(q->r->r->store, &row, height));
  u32 tx_cnt = row.log_cnt ? row.tx_cnt : 0;
  for (u32 idx = 0; idx < tx_cnt && !q->stopped;) {
    struct store_chunk c;
    u32 first, cnt;
    TRY(store_read_chunk(q->r->r->store, &c, STORE_RECEIPT,
                         STORE_SEQ(height, idx)));
    TRY(bytes_chunk_span(&first, &cnt, &c));
    if (first != idx) return ERR_CORRUPT;
    TRY(nlogs_chunk(q, &c));
    idx += cnt;
  }
  return ERR_OK;
}

err node_read_logs(struct node_read *r, const struct node_log_filter *f,
                   bool (*cb)(void *ctx, const struct node_log *log),
                   void *ctx) {
  struct nlogs q = {.r = r, .f = f, .cb = cb, .ctx = ctx,
                    .height = UINT64_MAX};
  u64 from = f->from, head = (u64)r->st.head;
  u64 to = f->to < head ? f->to : head;
  bool any = f->addr_cnt != 0;
  for (u32 t = 0; t < 4; t++) any |= f->topic_cnt[t] != 0;
  if (from > to) return ERR_OK;
  if (from < r->st.oldest_body) return ERR_PRUNED;
  if (any) return nlogs_indexed(&q, from, to);
  for (; from <= to && !q.stopped; from++) TRY(nlogs_scan_block(&q, from));
  return ERR_OK;
}
