/* node_logs.c - eth_getLogs: logs of a range of blocks by address and topics.
**
** The index tells, for each address and topic, the receipt chunks that hold it;
** above the flushed height the same entries are in memory.  Going through the
** range in windows of heights, each condition gives a sorted list of chunks
** (the union of its alternatives), the lists are intersected, and only the
** chunks that remain are read and looked at log by log (what was read is kept
** for the next who asks: node_logs_kept.h).  A filter without
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

static err nlogs_tell(struct nlogs *q, struct nstate_logs *c) {
  struct node_log out = {.number = STORE_SEQ_HEIGHT(c->seq),
                         .time_ms = c->time_ms, .block_hash = c->block_hash};
  for (u32 i = 0; i < c->cnt && !q->stopped; i++) {
    struct nstate_log *e = &c->entry[i];
    if (!nlogs_match(q->f, &e->log)) continue;
    if (!atomic_load(&e->has_hash)) {
      hash32 hash;
      TRY(nlogs_tx_hash(q, &hash, STORE_SEQ(out.number, e->tx_idx)));
      nstate_kept_hash(q->r->ns->logs, c, e->tx_idx, &hash);
    }
    out.tx_hash = e->tx_hash;
    out.tx_idx = e->tx_idx;
    out.log_idx = e->log_idx;
    out.log = &e->log;
    q->stopped = !q->cb(q->ctx, &out);
  }
  return ERR_OK;
}

/* Receipts of a chunk, read, and what their logs take. */
struct nlogs_receipts {
  struct chain_receipt *item;
  u32 *base;             /* index in the block of the first log of each */
  u32 first, cnt, log_cnt;
  size_t data_len;
};

static err nlogs_read(struct nlogs_receipts *out, const struct store_chunk *c,
                      struct arena *a) {
  *out = (struct nlogs_receipts){.first = 0};
  TRY(bytes_chunk_span(&out->first, &out->cnt, c));
  out->item = arena_array(a, struct chain_receipt, out->cnt);
  out->base = arena_array(a, u32, out->cnt);
  if (!out->item || !out->base) return ERR_LIMIT;
  for (u32 i = 0; i < out->cnt; i++) {
    struct chain_receipt *r = &out->item[i];
    slice bytes;
    TRY(bytes_receipt(&bytes, &out->base[i], c, out->first + i));
    TRY(chain_receipt_load(r, bytes, a));
    out->log_cnt += r->log_cnt;
    for (u32 k = 0; k < r->log_cnt; k++) out->data_len += r->log[k].data.len;
  }
  return ERR_OK;
}

static struct nstate_logs *nlogs_pack(const struct nlogs_receipts *in) {
  struct nstate_logs *c = nstate_logs_make(in->log_cnt, in->data_len);
  u8 *data = c->data;
  for (u32 i = 0; i < in->cnt; i++) {
    for (u32 k = 0; k < in->item[i].log_cnt; k++) {
      struct nstate_log *e = &c->entry[c->cnt++];
      e->log = in->item[i].log[k];
      if (e->log.data.len) memcpy(data, e->log.data.ptr, e->log.data.len);
      e->log.data.ptr = data;
      data += e->log.data.len;
      e->tx_idx = in->first + i;
      e->log_idx = in->base[i] + k;
    }
  }
  return c;
}

/* The chunk's bytes are copied: reading hashes goes through the same reader. */
static err nlogs_decode(struct nlogs *q, struct nstate_logs **out,
                        const struct store_chunk *chunk) {
  struct arena *a = &q->r->a;
  struct arena_mark mark = arena_mark(a);
  struct store_chunk c = {chunk->seq, arena_copy_slice(a, chunk->bytes)};
  struct nlogs_receipts all;
  err e = a->over ? ERR_LIMIT : nlogs_read(&all, &c, a);
  if (!e) e = nlogs_header(q, STORE_SEQ_HEIGHT(c.seq));
  if (!e) {
    *out = nlogs_pack(&all);
    (*out)->seq = c.seq;
    (*out)->time_ms = chain_header_time_ms(&q->header);
    (*out)->block_hash = q->hash;
  }
  arena_reset(a, mark);
  return e == ERR_INPUT || e == ERR_RANGE ? ERR_CORRUPT : e;
}

static err nlogs_chunk(struct nlogs *q, const struct store_chunk *chunk) {
  struct nstate_logs *c;
  TRY(nstate_read_time(q->r));
  TRY(nlogs_decode(q, &c, chunk));
  err e = nlogs_tell(q, c);
  nstate_logs_give(c);
  return e;
}

/* The chunk that begins at seq, kept or not. */
static err nlogs_chunk_at(struct nlogs *q, u64 seq) {
  TRY(nstate_read_time(q->r));
  struct nstate_logs *c = nstate_kept_take(q->r->ns->logs, seq);
  if (!c) {
    struct store_chunk chunk;
    TRY(store_read_chunk(q->r->r->store, &chunk, STORE_RECEIPT, seq));
    TRY(nlogs_decode(q, &c, &chunk));
    if (c->seq == seq) nstate_kept_put(q->r->ns->logs, c);
  }
  err e = nlogs_tell(q, c);
  nstate_logs_give(c);
  return e;
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
  for (size_t i = 0; i < all->cnt && !q->stopped; i++)
    TRY(nlogs_chunk_at(q, all->seq[i]));
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
