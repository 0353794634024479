/* store_pool.c - waiting transactions, kept over a restart; see store.h.
**
** Nothing depends on these rows: a slice is one transaction that is not
** synced, and what a crash loses was in the pool for a few seconds only. */
#include "store/store_int.h"

err store_pool_write(struct store *s, const struct store_pool_row *rows,
                     u32 row_cnt, const u64 *gone, u32 gone_cnt) {
  if (row_cnt + gone_cnt == 0) return ERR_OK;
  TRY(store_begin(s, false));
  err e = ERR_OK;
  sqlite3_stmt *st = STORE_ST(&s->conn, pool_put);
  for (u32 i = 0; i < row_cnt && !e; i++) {
    store_bind_u64(st, 1, rows[i].id);
    store_bind_u64(st, 2, rows[i].arrival_ms);
    store_bind_slice(st, 3, rows[i].raw);
    e = store_run_st(st);
  }
  sqlite3_clear_bindings(st);
  st = STORE_ST(&s->conn, pool_del);
  for (u32 i = 0; i < gone_cnt && !e; i++) {
    store_bind_u64(st, 1, gone[i]);
    e = store_run_st(st);
  }
  if (!e) e = store_commit(s);
  if (e) {
    store_fail(s, e);
    store_rollback(s);
  }
  return e;
}

err store_pool_read(struct store *s, err (*cb)(void *ctx,
                    const struct store_pool_row *row), void *ctx) {
  sqlite3_stmt *st = STORE_ST(&s->conn, pool_scan);
  int rc;
  while ((rc = store_row_st(st)) > 0) {
    struct store_pool_row row = {
      .id = store_col_u64(st, 0), .arrival_ms = store_col_u64(st, 1),
      .raw = store_col_slice(st, 2)};
    err e = cb(ctx, &row);
    if (e) {
      sqlite3_reset(st);
      return e;
    }
  }
  return store_fail(s, rc);
}
