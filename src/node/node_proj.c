/* node_proj.c - blocks for the projections.
**
** While blocks are appended their receipts come with them; for all else
** (opening, reindex, blocks taken back) they are read from the file by a
** reader.  Making tables anew goes in transactions of NPROJ_EVENTS events, each
** of which moves the height of "making" in table `projection`, while that of all
** tables ("*") stays at the head: cut off anywhere, it goes on there, by the next
** reindex or when the file is opened.  Taking blocks back clears the modules that had events
** above and makes them within the same transaction: that is for development
** chains, whose histories are short.
*/
#include "node/node_proj.h"

#include "base/log.h"
#include "crypto/keccak.h"
#include "node/node_bytes.h"
#include "node/node_int.h"
#include "node/node_state_int.h"

#define NPROJ_EVENTS 100000u
#define NPROJ_BLOCKS 200000u
#define NPROJ_ARENA (64u << 20)

struct node_proj {
  struct proj *proj;
  struct store *store;
  struct store_projector hook;
  struct arena a;     /* of one chunk of receipts */
  u64 events;         /* logs given, since the start */
  u64 step;           /* of them, one transaction has */
};

/*------------------------------------------------------- one block's logs */
struct nproj_at {
  struct node_proj *np;
  struct proj_block b;
  hash32 tx;
  bool has_tx;
  /* The transaction's bytes: from the block at hand, or by a reader. */
  const struct store_block *block;
  struct store_reader *r;
};

static err nproj_tx_hash(struct nproj_at *at, u32 idx) {
  u64 seq = STORE_SEQ(at->b.height, idx);
  struct store_chunk c;
  slice raw;
  addr20 sender;
  if (at->block) {
    u32 k = at->block->chunk_cnt[STORE_BODY];
    while (k && at->block->chunk[STORE_BODY][k - 1].seq > seq) k--;
    if (!k) return ERR_CORRUPT;
    c = at->block->chunk[STORE_BODY][k - 1];
  } else {
    TRY(store_read_chunk(at->r, &c, STORE_BODY, seq));
  }
  TRY(bytes_body(&raw, &sender, &c, idx));
  crypto_keccak256(&at->tx, raw.ptr, raw.len);
  at->has_tx = true;
  return ERR_OK;
}

static err nproj_receipt(struct nproj_at *at, const struct chain_receipt *r,
                         u32 idx, u64 base) {
  at->has_tx = false;
  for (u32 i = 0; i < r->log_cnt; i++) {
    u32 m = proj_module_of(&r->log[i].addr);
    if (m == PROJ_MODULE_CNT || !(at->b.modules >> m & 1)) continue;
    if (!at->has_tx) TRY(nproj_tx_hash(at, idx));
    at->np->events++;
    TRY(proj_log(at->np->proj, &at->b, &at->tx, idx, base + i, &r->log[i]));
  }
  return ERR_OK;
}

static err nproj_chunk(struct nproj_at *at, const struct store_chunk *c) {
  struct arena *a = &at->np->a;
  struct arena_mark mark = arena_mark(a);
  u32 first = 0, cnt = 0, base;
  err e = bytes_chunk_span(&first, &cnt, c);
  for (u32 i = 0; i < cnt && !e; i++) {
    struct arena_mark one = arena_mark(a);
    struct chain_receipt receipt;
    slice bytes;
    e = bytes_receipt(&bytes, &base, c, first + i);
    if (!e) e = chain_receipt_load(&receipt, bytes, a);
    if (!e && receipt.log_cnt) e = nproj_receipt(at, &receipt, first + i, base);
    arena_reset(a, one);
  }
  arena_reset(a, mark);
  return e == ERR_INPUT || e == ERR_RANGE ? ERR_CORRUPT : e;
}

/* What a header tells: the block, and which modules may have logs. */
static err nproj_begin(struct nproj_at *at, u64 height, const hash32 *hash,
                       slice header, u32 modules) {
  struct chain_header h;
  TRY(chain_header_decode(&h, header));
  at->b = (struct proj_block){height, h.timestamp, *hash,
                              proj_wants(at->np->proj, &h.bloom) & modules};
  return ERR_OK;
}

static err nproj_block(void *ctx, const struct store_block *b) {
  struct nproj_at at = {.np = ctx, .block = b};
  TRY(nproj_begin(&at, b->height, &b->hash, b->header, PROJ_ALL));
  for (u32 i = 0; at.b.modules && i < b->chunk_cnt[STORE_RECEIPT]; i++)
    TRY(nproj_chunk(&at, &b->chunk[STORE_RECEIPT][i]));
  return proj_block_end(at.np->proj, &at.b, true);
}

/*---------------------------------------------------------- from the file */
static err nproj_chunk_cb(void *ctx, const struct store_chunk *c) {
  struct nproj_at *at = ctx;
  struct arena_mark mark = arena_mark(&at->np->a);
  struct store_chunk copy = {c->seq, arena_copy_slice(&at->np->a, c->bytes)};
  err e = copy.bytes.ptr ? nproj_chunk(at, &copy) : ERR_LIMIT;
  arena_reset(&at->np->a, mark);
  return e;
}

/* Bodies are asked of a second reader, as the first is within a scan.  last: the
** modules stand here; whole: all of them do. */
static err nproj_read(struct node_proj *np, struct store_reader *r,
                      struct store_reader *bodies, u64 height, u32 modules,
                      bool last, bool whole) {
  struct nproj_at at = {.np = np, .r = bodies};
  struct store_block_row row;
  TRY(store_read_block(r, &row, height));
  TRY(nproj_begin(&at, height, &row.hash, row.header, modules));
  if (at.b.modules && row.log_cnt)
    TRY(store_read_chunks(r, STORE_RECEIPT, STORE_SEQ(height, 0),
                          STORE_SEQ(height, STORE_SEQ_BLOCK), nproj_chunk_cb,
                          &at));
  if (last) at.b.modules |= modules;
  return whole || at.b.modules ? proj_block_end(np->proj, &at.b, whole)
                               : ERR_OK;
}

struct nproj_range {
  struct store_reader *r, *bodies;
  struct store_standing st;
};
static void nproj_range_close(struct nproj_range *q) {
  if (q->r) store_reader_close(q->r);
  if (q->bodies) store_reader_close(q->bodies);
}
static err nproj_range_open(struct nproj_range *q, struct store *s,
                            struct errmsg *msg) {
  memset(q, 0, sizeof *q);
  err e = store_reader_open(&q->r, s, 0, msg);
  if (!e) e = store_reader_open(&q->bodies, s, 0, msg);
  if (!e) e = store_reader_begin(q->r, &q->st);
  if (!e) e = store_reader_begin(q->bodies, &q->st);
  if (e) nproj_range_close(q);
  return e;
}

/* Blocks are taken back: modules with events above are made anew. */
static err nproj_cut(void *ctx, u64 height) {
  struct node_proj *np = ctx;
  struct nproj_range q;
  struct store_block_row row;
  hash32 hash;
  u32 modules = 0;
  for (u32 m = 0; m < PROJ_MODULE_CNT; m++) {
    i64 at;
    TRY(proj_stands(np->proj, &at, &hash, m));
    if (at > (i64)height) modules |= 1u << m;
  }
  /* A listing that is closed no more has its posts again. */
  if (modules >> PROJ_MARKET & 1) modules |= 1u << PROJ_PLATFORMS;
  TRY(nproj_range_open(&q, np->store, NULL));
  err e = store_read_block(q.r, &row, height);
  struct proj_block b = {.height = height, .hash = row.hash};
  if (!e && modules) e = proj_clear(np->proj, modules);
  for (u64 h = 0; h <= height && modules && !e; h++)
    e = nproj_read(np, q.r, q.bodies, h, modules, h == height, h == height);
  if (!e) e = modules ? proj_filled(np->proj)
                      : proj_block_end(np->proj, &b, true);
  nproj_range_close(&q);
  return e;
}

struct nproj_watch {
  bool (*go_on)(void *ctx, u64 height, u64 head, u64 events);
  void *ctx;
};
/* One transaction: blocks from *h on, about a step's events of modules;
** making: kept in the file how far it came. */
static err nproj_some(struct node_proj *np, struct nproj_range *q, u64 *h,
                      u32 modules, bool making) {
  u64 head = (u64)q->st.head, begun = np->events, blocks = 0;
  bool last = false;
  err e = store_table_begin(np->store);
  for (; !e && !last; (*h)++, blocks++) {
    last = *h == head || np->events - begun >= np->step ||
           blocks == NPROJ_BLOCKS;
    e = nproj_read(np, q->r, q->bodies, *h, modules, last,
                   last && (!making || *h == head));
  }
  if (!e && making && *h > head) e = proj_filled(np->proj);
  if (!e && making)
    e = proj_making_set(np->proj, (i64)*h - 1, *h > head ? 0 : modules);
  return store_table_end(np->store, e);
}

/* From the height after `from` to the head, for modules. */
static err nproj_make(struct node_proj *np, i64 from, u32 modules, bool making,
                      struct node_projected *out, const struct nproj_watch *w,
                      struct errmsg *msg) {
  struct nproj_range q;
  u64 first = np->events, h = (u64)(from + 1);
  bool on = true;
  TRY(nproj_range_open(&q, np->store, msg));
  u64 head = (u64)q.st.head;
  err e = ERR_OK;
  if (h < q.st.oldest_body)
    e = err_say(msg, ERR_PRUNED, "transactions below block %llu were dropped: "
                "the tables of commerce cannot be made from this file",
                (unsigned long long)q.st.oldest_body);
  while (!e && on && h <= head) {
    u64 was = h;
    e = nproj_some(np, &q, &h, modules, making);
    out->blocks += h - was;
    out->events = np->events - first;
    if (!e) e = store_wal_trim(np->store);
    if (w->go_on) on = w->go_on(w->ctx, h - 1, head, out->events);
  }
  out->done = !e && h > head;
  if (e && msg && !msg->text[0])
    err_say(msg, e, "the tables of commerce cannot be made: %s (%s)",
            err_text(e), store_error(np->store));
  nproj_range_close(&q);
  return e;
}

/* Clears the modules, and notes that they are being made. */
static err nproj_clear(struct node_proj *np, u32 modules) {
  err e = store_table_begin(np->store);
  if (!e) {
    e = proj_clear(np->proj, modules);
    if (!e) e = proj_making_set(np->proj, -1, modules);
    e = store_table_end(np->store, e);
  }
  return e;
}

/* The block that the tables stand at is the chain's. */
static err nproj_same(struct node_proj *np, bool *same, i64 height,
                      const hash32 *hash, struct errmsg *msg) {
  struct nproj_range q;
  hash32 is;
  TRY(nproj_range_open(&q, np->store, msg));
  *same = height <= q.st.head;
  err e = *same && height >= 0 ? store_read_hash(q.r, &is, (u64)height)
                               : ERR_OK;
  if (!e && *same && height >= 0) *same = hash32_eq(&is, hash);
  nproj_range_close(&q);
  return e;
}

static err nproj_catch_up(struct node_proj *np, struct errmsg *msg) {
  struct node_projected made = {0};
  struct nproj_watch none = {NULL, NULL};
  struct store_standing st;
  i64 height, making_at;
  u32 making;
  hash32 hash;
  bool same;
  store_standing(np->store, &st);
  TRY(proj_stands_all(np->proj, &height, &hash));
  TRY(proj_making(np->proj, &making_at, &making));
  TRY(nproj_same(np, &same, height, &hash, msg));
  /* Of some modules only, the others must stand at the head. */
  if (!same || (making && making != PROJ_ALL && height < st.head)) {
    TRY(nproj_clear(np, PROJ_ALL));
    making = PROJ_ALL;
    making_at = -1;
  }
  /* What was pruned cannot be read: the node starts all the same. */
  i64 *from = making ? &making_at : &height, oldest = (i64)st.oldest_body;
  if (*from + 1 < oldest) {
    log_event(LOG_WARN, "node", "tables.pruned", "from=%lld note=\"events of "
              "commerce below it are not in the tables\"", (long long)oldest);
    *from = oldest - 1;
  }
  if (making)
    return nproj_make(np, making_at, making, true, &made, &none, msg);
  return height < st.head
             ? nproj_make(np, height, PROJ_ALL, false, &made, &none, msg)
             : ERR_OK;
}

/*------------------------------------------------------------ open, close */
static err nproj_open(struct node_proj **out, struct store *s,
                      struct errmsg *msg) {
  struct node_proj *np = *out = mem_alloc(sizeof *np);
  np->store = s;
  np->step = NPROJ_EVENTS;
  arena_init(&np->a, 1u << 20, NPROJ_ARENA);
  np->hook = (struct store_projector){np, nproj_block, nproj_cut};
  return proj_open(&np->proj, s, msg);
}

err node_proj_open(struct node_proj **out, struct store *s,
                   struct errmsg *msg) {
  err e = nproj_open(out, s, msg);
  if (!e) e = nproj_catch_up(*out, msg);
  if (e) {
    node_proj_close(*out);
    *out = NULL;
    return e;
  }
  store_project(s, &(*out)->hook);
  return ERR_OK;
}

void node_proj_close(struct node_proj *np) {
  if (!np) return;
  store_project(np->store, NULL);
  proj_close(np->proj);
  arena_fini(&np->a);
  mem_free(np);
}

/* Makes modules anew, or goes on where that was cut off. */
static err nproj_remake(struct node_proj *np, u32 modules,
                        struct node_projected *out, const struct nproj_watch *w,
                        struct errmsg *msg) {
  struct store_standing st;
  i64 height, at;
  u32 making;
  hash32 hash;
  store_standing(np->store, &st);
  TRY(proj_stands_all(np->proj, &height, &hash));
  TRY(proj_making(np->proj, &at, &making));
  /* Tables that do not stand at the head are made too. */
  modules = height < st.head ? PROJ_ALL : modules | making;
  out->resumed = making == modules;
  if (!out->resumed) {
    TRY(nproj_clear(np, modules));
    at = -1;
  }
  return nproj_make(np, at, modules, true, out, w, msg);
}

err node_proj_reindex(struct node_projected *out, const char *path,
                      const char *module, u64 step,
                      bool (*go_on)(void *ctx, u64 height, u64 head,
                                    u64 events),
                      void *ctx, struct errmsg *msg) {
  struct node_proj *np;
  struct store *s;
  struct store_standing st;
  struct nproj_watch w = {go_on, ctx};
  u32 m = module ? proj_module_find(module) : 0;
  *out = (struct node_projected){0};
  if (m == PROJ_MODULE_CNT)
    return err_say(msg, ERR_INPUT, "%s is no module with tables: identity, "
                   "platforms, market, orders, mediation, court", module);
  TRY(store_open(&s, path, 0, msg));
  store_standing(s, &st);
  err e = ERR_OK;
  if (st.head < 0)
    e = err_say(msg, ERR_NOT_FOUND, "%s has no blocks", path);
  else if (st.oldest_body > 0)
    e = err_say(msg, ERR_PRUNED, "transactions below block %llu were dropped: "
                "the tables would not be whole",
                (unsigned long long)st.oldest_body);
  if (!e) {
    e = nproj_open(&np, s, msg);
    if (step) np->step = step;
    if (!e) e = nproj_remake(np, module ? 1u << m : PROJ_ALL, out, &w, msg);
    node_proj_close(np);
  }
  err closed = store_close(s, e ? NULL : msg);
  return e ? e : closed;
}

/*--------------------------------------------------------------- requests */
struct store_reader *node_read_store(struct node_read *r) {
  return r->r->store;
}

struct nproj_put {
  struct proj_content *out;
  slice bytes;
  struct errmsg *msg;
  err result;
};
static void nproj_put_job(struct node *n, void *arg) {
  struct nproj_put *job = arg;
  job->result = proj_content_put(n->proj->proj, job->out, job->bytes,
                                 node_clock_ms() / 1000, job->msg);
}
err node_content_put(struct node *n, struct proj_content *out, slice bytes,
                     struct errmsg *msg) {
  struct nproj_put job = {out, bytes, msg, ERR_OK};
  if (!n->proj)
    return err_say(msg, ERR_UNSUPPORTED, "this chain has no modules of trade");
  TRY(node_failed(n, msg));
  if (!node_thread_call(&n->writer, nproj_put_job, &job))
    return err_say(msg, ERR_BUSY, "the node is closing");
  return job.result;
}
#undef NPROJ_EVENTS
#undef NPROJ_BLOCKS
#undef NPROJ_ARENA
