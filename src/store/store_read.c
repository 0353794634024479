/* store_read.c - readers: a read-only connection each, point reads by the
** named statements.
**
** A view stays valid because its statement is left unreset until the reader
** is asked again (SQLite's column memory lives that long); so at most one
** statement of a reader is ever in the middle of a row, and none when its
** transaction ends.
**
** Readers never checkpoint (store_conn_open) and never write.
*/
#include "store/store_int.h"

err store_reader_open(struct store_reader **out, const struct store *s,
                      u64 cache_bytes, struct errmsg *msg) {
  struct store_reader *r = mem_alloc(sizeof *r);
  *out = NULL;
  r->fresh_set = s->fresh_set;
  r->words = s->words;
  r->keep = s->read_only; /* nobody else has the runs that come */
  err e = store_conn_open(&r->conn, s->path, SQLITE_OPEN_READONLY, NULL,
                          cache_bytes, msg);
  if (!e) e = store_conn_prepare(&r->conn, STORE_R, msg);
  if (e) {
    store_reader_close(r);
    return e;
  }
  *out = r;
  return ERR_OK;
}

void store_reader_close(struct store_reader *r) {
  if (!r) return;
  store_reader_end(r);
  store_run_list_fini(&r->runs);
  store_fresh_clear(r->fresh_set, &r->fresh);
  for (u32 i = 0; i < STORE_FRESH_MAX; i++) mem_free(r->cursor[i]);
  store_cached_fini(r);
  store_conn_close(&r->conn);
  mem_free(r);
}

static void store_reader_reset(struct store_reader *r) {
  if (r->busy) sqlite3_reset(r->busy);
  r->busy = NULL;
}

/* Steps to the one row asked for and keeps its memory until the next call. */
static err store_reader_row(struct store_reader *r, sqlite3_stmt *st) {
  int rc = store_row_st(st);
  if (rc <= 0) return rc < 0 ? rc : ERR_NOT_FOUND;
  r->busy = st;
  return ERR_OK;
}

err store_reader_begin(struct store_reader *r, struct store_standing *out) {
  MUST(!r->in_tx);
  TRY(store_run_st(STORE_ST(&r->conn, read_begin)));
  r->in_tx = true;
  r->has_runs = false;
  /* Another process may give a number again. */
  for (u32 i = 0; r->keep && i < STORE_FRESH_MAX; i++)
    if (r->cursor[i]) r->cursor[i]->len = 0;
  sqlite3_stmt *st = STORE_ST(&r->conn, standing_get);
  err e = store_reader_row(r, st);
  if (!e) {
    out->head = sqlite3_column_int64(st, 0);
    out->flushed = sqlite3_column_int64(st, 1);
    out->oldest_state = store_col_u64(st, 2);
    out->oldest_body = store_col_u64(st, 3);
    e = store_fresh_list(r->fresh_set, &r->conn, store_col_slice(st, 4),
                         &r->fresh);
  }
  store_reader_reset(r);
  if (e) store_reader_end(r);
  return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

void store_reader_end(struct store_reader *r) {
  store_reader_reset(r);
  if (!r->in_tx) return;
  r->in_tx = false;
  if (!r->keep) store_fresh_clear(r->fresh_set, &r->fresh);
  sqlite3_reset(STORE_ST(&r->conn, page_read));
  err e = store_run_st(STORE_ST(&r->conn, read_end));
  (void)e; /* a read transaction has nothing to lose */
}

/*----------------------------------------------------------------- blocks */
static err store_col_hash(hash32 *out, sqlite3_stmt *st, int col) {
  slice h = store_col_slice(st, col);
  if (h.len != 32) return ERR_CORRUPT;
  memcpy(out->b, h.ptr, 32);
  return ERR_OK;
}

err store_read_block(struct store_reader *r, struct store_block_row *out,
                     u64 height) {
  sqlite3_stmt *st = STORE_ST(&r->conn, block_get);
  store_reader_reset(r);
  store_bind_u64(st, 1, height);
  TRY(store_reader_row(r, st));
  out->size = store_col_u64(st, 1);
  out->tx_cnt = (u32)store_col_u64(st, 2);
  out->log_cnt = (u32)store_col_u64(st, 3);
  out->header = store_col_slice(st, 4);
  return store_col_hash(&out->hash, st, 0);
}

err store_read_hash(struct store_reader *r, hash32 *out, u64 height) {
  sqlite3_stmt *st = STORE_ST(&r->conn, block_hash);
  store_reader_reset(r);
  store_bind_u64(st, 1, height);
  TRY(store_reader_row(r, st));
  return store_col_hash(out, st, 0);
}

err store_read_proposal(struct store_reader *r, slice *proposal, slice *commit,
                        u64 height) {
  sqlite3_stmt *st = STORE_ST(&r->conn, proposal_get);
  store_reader_reset(r);
  store_bind_u64(st, 1, height);
  TRY(store_reader_row(r, st));
  *proposal = store_col_slice(st, 0);
  *commit = store_col_slice(st, 1);
  return ERR_OK;
}

/*----------------------------------------------------------------- chunks */
static const struct {
  enum store_stmt get, scan;
} store_read_stmt[STORE_CHUNK_CNT] = {
    [STORE_BODY] = {STORE_ST_body_get, STORE_ST_body_scan},
    [STORE_RECEIPT] = {STORE_ST_receipt_get, STORE_ST_receipt_scan},
    [STORE_DIFF] = {STORE_ST_diff_get, STORE_ST_diff_scan},
    [STORE_MET] = {STORE_ST_met_get, STORE_ST_met_scan},
};

err store_read_chunk(struct store_reader *r, struct store_chunk *out,
                     enum store_chunk_kind kind, u64 seq) {
  sqlite3_stmt *st = r->conn.st[store_read_stmt[kind].get];
  store_reader_reset(r);
  store_bind_u64(st, 1, STORE_SEQ(STORE_SEQ_HEIGHT(seq), 0));
  store_bind_u64(st, 2, seq);
  TRY(store_reader_row(r, st));
  out->seq = store_col_u64(st, 0);
  out->bytes = store_col_slice(st, 1);
  return ERR_OK;
}

err store_read_chunks(struct store_reader *r, enum store_chunk_kind kind,
                      u64 from, u64 to,
                      err (*cb)(void *ctx, const struct store_chunk *c),
                      void *ctx) {
  sqlite3_stmt *st = r->conn.st[store_read_stmt[kind].scan];
  store_reader_reset(r);
  store_bind_u64(st, 1, from);
  store_bind_u64(st, 2, to);
  int rc;
  err e = ERR_OK;
  while (!e && (rc = store_row_st(st)) != 0) {
    struct store_chunk c;
    if (rc < 0) return rc;
    c.seq = store_col_u64(st, 0);
    c.bytes = store_col_slice(st, 1);
    e = cb(ctx, &c);
  }
  sqlite3_reset(st);
  return e;
}

/*------------------------------------------------------------- keyed rows */
static const struct {
  enum store_stmt get, scan;
} store_table_stmt[] = {
    [STORE_ACCOUNT] = {STORE_ST_account_get, STORE_ST_account_scan},
    [STORE_SLOT] = {STORE_ST_slot_get, STORE_ST_slot_scan},
    [STORE_NODE] = {STORE_ST_node_get, STORE_ST_node_scan},
};

err store_read_row(struct store_reader *r, slice *val, enum store_table table,
                   slice key) {
  table = store_row_place(table, &key);
  sqlite3_stmt *st = r->conn.st[store_table_stmt[table].get];
  u8 bytes[STORE_FRESH_KEY];
  bool hit;
  store_reader_reset(r);
  TRY(store_fresh_find(r, store_fresh_key(bytes, table, key), val, &hit));
  if (hit) return val->len ? ERR_OK : ERR_NOT_FOUND;
  store_bind_slice(st, 1, key);
  TRY(store_reader_row(r, st));
  *val = store_col_slice(st, 0);
  return ERR_OK;
}

/* Rows of one table and of what stands in front of it. */
struct store_scan {
  struct store_reader *r;
  sqlite3_stmt *st;
  enum store_table table;
  bool has;                      /* st stands at a row: */
  slice key, val;
  struct store_fresh_cursor *in[STORE_FRESH_MAX]; /* cnt of them */
  u32 cnt;
};

static err store_scan_step(struct store_scan *s) {
  int rc = store_row_st(s->st);
  if (rc < 0) return rc;
  s->has = rc > 0;
  if (!rc) return ERR_OK;
  s->key = store_col_slice(s->st, 0);
  s->val = store_col_slice(s->st, 1);
  return ERR_OK;
}

/* The next row: cb is given it unless there is none in truth; what it answers,
** unless ERR_OK, ends the scan (above 0: it has enough).  *end: no more. */
static err store_scan_next(struct store_scan *s, bool leaves, bool *end,
                           err (*cb)(void *ctx, slice key, slice val),
                           void *ctx) {
  size_t leaf = s->table == STORE_ACCOUNT ? STORE_ACCOUNT_KEY
                : s->table == STORE_SLOT  ? STORE_SLOT_KEY : 0;
  const struct store_row *f = store_cursor_least(s->in, s->cnt);
  slice key = s->key, val = s->val;
  int c = !s->has;
  if (f && f->key.ptr[0] != s->table) f = NULL;
  if (f) {
    slice fresh = slice_of(f->key.ptr + 1, f->key.len - 1);
    if (!c) c = store_key_cmp(s->key, fresh) < 0 ? -1 : 1;
    bool same = s->has && slice_eq(s->key, fresh);
    if (same) TRY(store_scan_step(s));
    if (c > 0) key = fresh;
    if (c > 0) val = f->val;
  }
  *end = !f && !s->has;
  if (*end) return ERR_OK;
  if (val.len && (key.len == leaf) == leaves) {
    err e = cb(ctx, key, val);
    if (e) return e;
  }
  return f && c > 0 ? store_cursor_pass(&s->r->conn, s->in, s->cnt, f->key)
                    : store_scan_step(s);
}

static err store_scan(struct store_reader *r, enum store_table table,
                      bool leaves, slice from, u32 nibbles,
                      err (*cb)(void *ctx, slice key, slice val), void *ctx) {
  struct store_scan s = {.r = r, .table = table,
                         .st = r->conn.st[store_table_stmt[table].scan]};
  u8 bytes[STORE_FRESH_KEY];
  bool end = false;
  store_reader_reset(r);
  err e = store_fresh_open(r, store_fresh_key(bytes, table, from), nibbles,
                           s.in, &s.cnt);
  store_bind_slice(s.st, 1, from);
  if (!e) e = store_scan_step(&s);
  while (!e && !end) e = store_scan_next(&s, leaves, &end, cb, ctx);
  sqlite3_reset(s.st);
  store_fresh_close(r, s.in, s.cnt);
  return e;
}

err store_read_rows(struct store_reader *r, enum store_table table, slice from,
                    err (*cb)(void *ctx, slice key, slice val), void *ctx) {
  if (table != STORE_NODE) return store_scan(r, table, true, from, 0, cb, ctx);
  MUST(from.len == 0);
  err e = ERR_OK;
  for (u32 t = 0; t < STORE_TABLE_CNT && !e; t++)
    e = store_scan(r, t, false, from, 0, cb, ctx);
  return e;
}

err store_read_under(struct store_reader *r, enum store_table table, slice from,
                     u32 nibbles, err (*cb)(void *ctx, slice key, slice val),
                     void *ctx) {
  return store_scan(r, table, true, from, nibbles, cb, ctx);
}

err store_read_code(struct store_reader *r, slice *code, const hash32 *hash) {
  sqlite3_stmt *st = STORE_ST(&r->conn, code_get);
  store_reader_reset(r);
  store_bind_slice(st, 1, hash32_slice(hash));
  TRY(store_reader_row(r, st));
  *code = store_col_slice(st, 0);
  return ERR_OK;
}

err store_read_meta(struct store_reader *r, slice *val, const char *name) {
  sqlite3_stmt *st = STORE_ST(&r->conn, meta_get);
  store_reader_reset(r);
  sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
  TRY(store_reader_row(r, st));
  *val = store_col_slice(st, 0);
  return ERR_OK;
}

err store_integrity(struct store_reader *r, struct errmsg *msg) {
  sqlite3_stmt *st = STORE_ST(&r->conn, integrity);
  store_reader_reset(r);
  err e = store_reader_row(r, st);
  if (!e) {
    const char *text = (const char *)sqlite3_column_text(st, 0);
    if (!text || strcmp(text, "ok") != 0)
      e = err_say(msg, ERR_CORRUPT, "the file's structure is damaged: %s",
                  text ? text : "no answer");
  } else {
    e = err_say(msg, e, "cannot check the file: %s",
                sqlite3_errmsg(r->conn.db));
  }
  store_reader_reset(r);
  return e;
}
