/* node_query.c - reading views for rpc, web and commands: blocks,
** transactions, state.
**
** A node_read is one reader connection with one snapshot of the file.  Blocks
** come from the snapshot alone, so a block shows only once it is durable;
** state comes through the overlay (node_overlay.c) at the snapshot's heights.
** A hash is looked for in memory first (blocks above flushed), then in the
** runs from the newest; what an index tells is checked against the thing
** itself, so two hashes with the same first 8 bytes do no harm.
*/
#include "crypto/keccak.h"
#include "node/node_int.h"
#include "node/node_state_int.h"

#define NQUERY_WAIT_MS 1000u
#define NQUERY_ARENA (64u << 10)
#define NQUERY_CODE_MAX 4096u

/*---------------------------------------------------------- begin and end */
static struct node_read *nquery_open(void) {
  struct node_read *r = mem_alloc(sizeof *r);
  arena_init(&r->a, NQUERY_ARENA, LIMIT_READ_BYTES);
  map_init(&r->code, 32, sizeof(slice), NQUERY_CODE_MAX, 0);
  return r;
}

void nstate_read_close(struct node_read *r) {
  if (!r) return;
  chain_exec_close(r->exec);
  map_fini(&r->code);
  arena_fini(&r->a);
  mem_free(r);
}

err node_read_begin(struct node *n, struct node_read **out) {
  struct node_state *ns = node_state_of(n);
  struct nstate_reader *reader;
  *out = NULL;
  TRY(nstate_reader_take(ns, &reader, NQUERY_WAIT_MS));
  if (!reader->read) reader->read = nquery_open();
  struct node_read *r = reader->read;
  r->n = n;
  r->ns = ns;
  r->r = reader;
  r->deadline_us = nstate_clock_us() + NODE_READ_MS * 1000u;
  err e = nstate_reader_begin(ns, reader, &r->st);
  if (!e && r->st.head < 0) {
    nstate_reader_end(ns, reader);
    e = ERR_NOT_FOUND;
  }
  if (e) {
    nstate_reader_give(ns, reader);
    return e;
  }
  *out = r;
  return ERR_OK;
}

void node_read_end(struct node_read *r) {
  struct nstate_reader *reader = r->r;
  nstate_tries_close(r->tries);
  r->tries = NULL;
  nstate_reader_end(r->ns, reader);
  arena_clear(&r->a);
  map_clear(&r->code);
  nstate_reader_give(r->ns, reader);
}

u64 node_read_head(const struct node_read *r) { return (u64)r->st.head; }
u64 node_read_oldest_state(const struct node_read *r) {
  return r->st.oldest_state;
}

u64 node_read_oldest_body(const struct node_read *r) {
  return r->st.oldest_body;
}

err nstate_read_time(const struct node_read *r) {
  return nstate_clock_us() > r->deadline_us ? ERR_TIMEOUT : ERR_OK;
}

/*----------------------------------------------------------------- hashes */
struct nquery_hash {
  struct node_read *r;
  const hash32 *hash;
  bool block; /* looking for a block, else for a transaction */
  u64 seq;
  bool found;
};

static err nquery_is_tx(struct node_read *r, bool *yes, const hash32 *hash,
                        u64 seq) {
  struct store_chunk c;
  slice raw;
  addr20 sender;
  hash32 h;
  TRY(store_read_chunk(r->r->store, &c, STORE_BODY, seq));
  TRY(bytes_body(&raw, &sender, &c, STORE_SEQ_IDX(seq)));
  crypto_keccak256(&h, raw.ptr, raw.len);
  *yes = hash32_eq(&h, hash);
  return ERR_OK;
}

static int nquery_hash_cb(void *ctx, u64 seq) {
  struct nquery_hash *q = ctx;
  hash32 h;
  if ((STORE_SEQ_IDX(seq) == STORE_SEQ_BLOCK) != q->block) return 0;
  if (q->block) {
    TRY(store_read_hash(q->r->r->store, &h, STORE_SEQ_HEIGHT(seq)));
    q->found = hash32_eq(&h, q->hash);
  } else if (STORE_SEQ_HEIGHT(seq) >= q->r->st.oldest_body) {
    TRY(nquery_is_tx(q->r, &q->found, q->hash, seq));
  }
  q->seq = seq;
  return q->found;
}

static err nquery_find(struct nquery_hash *q) {
  if (nstate_hash_find(q->r->ns, q->hash, &q->seq)) {
    q->found = (STORE_SEQ_IDX(q->seq) == STORE_SEQ_BLOCK) == q->block &&
               (i64)STORE_SEQ_HEIGHT(q->seq) <= q->r->st.head;
    return q->found ? ERR_OK : ERR_NOT_FOUND;
  }
  TRY(nstate_read_time(q->r));
  TRY(store_read_index(q->r->r->store, STORE_INDEX_HASH,
                       bytes_key_hash(q->hash), 0, INT64_MAX, 0,
                       nquery_hash_cb, q));
  return q->found ? ERR_OK : ERR_NOT_FOUND;
}

err node_read_number(struct node_read *r, u64 *number, const hash32 *hash) {
  struct nquery_hash q = {.r = r, .hash = hash, .block = true};
  TRY(nquery_find(&q));
  *number = STORE_SEQ_HEIGHT(q.seq);
  return ERR_OK;
}

err node_read_tx_place(struct node_read *r, struct node_tx_place *out,
                       const hash32 *tx_hash) {
  struct nquery_hash q = {.r = r, .hash = tx_hash};
  TRY(nquery_find(&q));
  out->number = STORE_SEQ_HEIGHT(q.seq);
  out->idx = STORE_SEQ_IDX(q.seq);
  return ERR_OK;
}

/*----------------------------------------------------------------- blocks */
/* What the file holds must decode: otherwise it is damaged, not the caller's
** input wrong. */
static err nquery_stored(err e) {
  return e == ERR_INPUT || e == ERR_RANGE ? ERR_CORRUPT : e;
}

err node_read_header(struct node_read *r, struct chain_header *out,
                     hash32 *hash, u64 number) {
  struct store_block_row row;
  TRY(nstate_read_time(r));
  TRY(store_read_block(r->r->store, &row, number));
  *hash = row.hash;
  return nquery_stored(chain_header_decode(out, row.header));
}

static err nquery_tx(struct chain_tx *tx, slice raw, const addr20 *sender,
                     struct arena *a) {
  struct errmsg msg;
  TRY(nquery_stored(chain_tx_decode(tx, raw, a, &msg)));
  tx->sender = *sender;
  tx->has_sender = true;
  return ERR_OK;
}

struct nquery_block {
  struct node_read *r;
  struct node_block *out;
  struct arena *a;
  u32 at; /* entries read so far */
};

/* The chunk's bytes move to the arena: transactions are views of them. */
static err nquery_bodies_cb(void *ctx, const struct store_chunk *chunk) {
  struct nquery_block *b = ctx;
  struct store_chunk c = {chunk->seq, arena_copy_slice(b->a, chunk->bytes)};
  u32 first, cnt;
  if (b->a->over) return ERR_LIMIT;
  TRY(nstate_read_time(b->r));
  TRY(bytes_chunk_span(&first, &cnt, &c));
  if (first != b->at || cnt > b->out->tx_cnt - b->at) return ERR_CORRUPT;
  for (u32 i = 0; i < cnt; i++, b->at++) {
    slice raw;
    addr20 sender;
    TRY(bytes_body(&raw, &sender, &c, b->at));
    TRY(nquery_tx(&b->out->tx[b->at], raw, &sender, b->a));
  }
  return ERR_OK;
}

static err nquery_receipts_cb(void *ctx, const struct store_chunk *chunk) {
  struct nquery_block *b = ctx;
  struct store_chunk c = {chunk->seq, arena_copy_slice(b->a, chunk->bytes)};
  u32 first, cnt, base;
  if (b->a->over) return ERR_LIMIT;
  TRY(nstate_read_time(b->r));
  TRY(bytes_chunk_span(&first, &cnt, &c));
  if (first != b->at || cnt > b->out->tx_cnt - b->at) return ERR_CORRUPT;
  for (u32 i = 0; i < cnt; i++, b->at++) {
    slice bytes;
    TRY(bytes_receipt(&bytes, &base, &c, b->at));
    TRY(nquery_stored(chain_receipt_load(&b->out->receipt[b->at], bytes,
                                         b->a)));
    b->out->log_base[b->at] = base;
  }
  return ERR_OK;
}

static err nquery_chunks(struct nquery_block *b, enum store_chunk_kind kind,
                         u64 number) {
  b->at = 0;
  TRY(store_read_chunks(b->r->r->store, kind, STORE_SEQ(number, 0),
                        STORE_SEQ(number, STORE_SEQ_BLOCK),
                        kind == STORE_BODY ? nquery_bodies_cb
                                           : nquery_receipts_cb,
                        b));
  return b->at == b->out->tx_cnt ? ERR_OK : ERR_CORRUPT;
}

/* Genesis has none. */
static err nquery_rest(struct node_read *r, struct node_block *out, u64 number,
                       struct arena *a) {
  struct chain_import_block b;
  slice rest, none;
  TRY(store_read_proposal(r->r->store, &rest, &none, number));
  memset(&b, 0, sizeof b);
  out->rest = arena_copy_slice(a, rest);
  if (a->over) return ERR_LIMIT;
  if (rest.len == 0) return ERR_OK;
  TRY(nquery_stored(chain_import_decode_rest(&b, out->rest, a)));
  out->ommer = b.ommer;
  out->ommer_cnt = b.ommer_cnt;
  out->withdrawal = b.withdrawal;
  out->withdrawal_cnt = b.withdrawal_cnt;
  return ERR_OK;
}

static err nquery_kept(const struct node_read *r, u64 number) {
  return number < r->st.oldest_body ? ERR_PRUNED : ERR_OK;
}

err node_read_block(struct node_read *r, struct node_block *out, u64 number,
                    u32 flags, struct arena *a) {
  struct store_block_row row;
  memset(out, 0, sizeof *out);
  TRY(nstate_read_time(r));
  TRY(store_read_block(r->r->store, &row, number));
  out->hash = row.hash;
  out->size = row.size;
  out->tx_cnt = row.tx_cnt;
  if ((flags & (NODE_WITH_TXS | NODE_WITH_RECEIPTS)) && row.tx_cnt)
    TRY(nquery_kept(r, number));
  TRY(nquery_stored(chain_header_decode(&out->header, row.header)));
  struct nquery_block b = {.r = r, .out = out, .a = a};
  if (flags & NODE_WITH_TXS) {
    out->tx = arena_array(a, struct chain_tx, out->tx_cnt + 1);
    if (!out->tx) return ERR_LIMIT;
    TRY(nquery_chunks(&b, STORE_BODY, number));
    if (node_is_plain(r->n)) TRY(nquery_rest(r, out, number, a));
  }
  if (flags & NODE_WITH_RECEIPTS) {
    out->receipt = arena_array(a, struct chain_receipt, out->tx_cnt + 1);
    out->log_base = arena_array(a, u64, out->tx_cnt + 1);
    if (!out->receipt || !out->log_base) return ERR_LIMIT;
    TRY(nquery_chunks(&b, STORE_RECEIPT, number));
  }
  return ERR_OK;
}

err node_read_tx(struct node_read *r, struct chain_tx *tx,
                 struct chain_receipt *receipt, u64 *log_base,
                 const struct node_tx_place *place, struct arena *a) {
  struct store_chunk c;
  slice bytes;
  addr20 sender;
  u32 base;
  u64 seq = STORE_SEQ(place->number, place->idx);
  TRY(nstate_read_time(r));
  TRY(nquery_kept(r, place->number));
  TRY(store_read_chunk(r->r->store, &c, STORE_BODY, seq));
  TRY(bytes_body(&bytes, &sender, &c, place->idx));
  bytes = arena_copy_slice(a, bytes);
  if (a->over) return ERR_LIMIT;
  TRY(nquery_tx(tx, bytes, &sender, a));
  if (!receipt) return ERR_OK;
  TRY(store_read_chunk(r->r->store, &c, STORE_RECEIPT, seq));
  TRY(bytes_receipt(&bytes, &base, &c, place->idx));
  bytes = arena_copy_slice(a, bytes);
  if (a->over) return ERR_LIMIT;
  *log_base = base;
  return nquery_stored(chain_receipt_load(receipt, bytes, a));
}

/*------------------------------------------------------------------ state */
void nstate_read_view(struct node_read *r, struct nstate_view *out,
                      i64 height) {
  *out = (struct nstate_view){.ns = r->ns, .r = r->r->store, .st = r->st,
                              .height = height, .a = &r->a, .code = &r->code,
                              .deadline_us = r->deadline_us};
}

err node_read_state(struct node_read *r, struct state_source *out,
                    u64 number) {
  if ((i64)number > r->st.head || number < r->st.oldest_state)
    return ERR_NOT_FOUND;
  struct nstate_view *v = arena_alloc(&r->a, sizeof *v);
  if (!v) return ERR_LIMIT;
  nstate_read_view(r, v, (i64)number);
  nstate_view_source(v, out);
  out->node = NULL; /* tries stand at one height only: node_read_proof */
  return ERR_OK;
}
