/* store_first.c - the first block of a chain with its whole state, in one
** transaction: rows come in portions and spill from the cache to the
** write-ahead log, so that memory does not grow with the state; before its
** commit the file has no chain.
*/
#include "store/store_int.h"

static err store_first_done(struct store *s, err e) {
  if (!e) return ERR_OK;
  store_fail(s, e);
  store_rollback(s);
  s->standing.head = s->standing.flushed = -1;
  return e;
}

err store_first_begin(struct store *s) {
  MUST(s->standing.head < 0 && s->standing.flushed < 0);
  return store_first_done(s, store_begin(s, true));
}

static err store_first_put(sqlite3_stmt *st, slice key, slice val) {
  store_bind_slice(st, 1, key);
  store_bind_slice(st, 2, val);
  return store_run_st(st);
}

err store_first_row(struct store *s, enum store_table table, slice key,
                    slice val) {
  static const enum store_stmt put[STORE_TABLE_CNT] = {
      [STORE_ACCOUNT] = STORE_ST_account_put,
      [STORE_SLOT] = STORE_ST_slot_put,
      [STORE_NODE] = STORE_ST_node_put};
  sqlite3_stmt *st = s->conn.st[put[store_row_place(table, &key)]];
  return store_first_done(s, store_first_put(st, key, val));
}

err store_first_part(struct store *s, const struct store_block *b, u32 at) {
  err e = ERR_OK;
  for (u32 i = 0; i < b->chunk_cnt[STORE_DIFF] && !e; i++) {
    const struct store_chunk *c = &b->chunk[STORE_DIFF][i];
    sqlite3_stmt *st = STORE_ST(&s->conn, diff_insert);
    store_bind_u64(st, 1, c->seq + at);
    store_bind_slice(st, 2, c->bytes);
    e = store_run_st(st);
  }
  for (u32 i = 0; i < b->code_cnt && !e; i++)
    e = store_first_put(STORE_ST(&s->conn, code_insert),
                        hash32_slice(&b->code[i].hash), b->code[i].code);
  return store_first_done(s, e);
}

static err store_first_index(struct store *s, enum store_index index,
                             bool (*next)(void *ctx, struct store_entry *e),
                             void *ctx) {
  struct store_run_writer *w = mem_alloc(sizeof *w);
  struct store_entry entry;
  err e = store_run_begin(s, w, index, 0, 0);
  while (!e && next(ctx, &entry)) e = store_run_add(s, w, &entry);
  if (!e) e = store_run_end(s, w);
  sqlite3_stmt *st = STORE_ST(&s->conn, run_done);
  store_bind_u64(st, 1, w->id);
  store_bind_u64(st, 2, w->cnt);
  if (!e) e = store_run_st(st);
  mem_free(w);
  return e;
}

err store_first_run(struct store *s, enum store_index index,
                    bool (*next)(void *ctx, struct store_entry *e),
                    void *ctx) {
  return store_first_done(s, store_first_index(s, index, next, ctx));
}

err store_first_end(struct store *s, const struct store_block *b) {
  err e = store_append_block(s, b);
  s->standing.flushed = 0;
  if (!e) e = store_standing_write(s);
  if (!e) e = store_commit(s);
  return store_first_done(s, e);
}

void store_first_abandon(struct store *s) {
  store_rollback(s);
  s->standing.head = s->standing.flushed = -1;
}
