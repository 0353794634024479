/* store_prune.c - what is no longer kept goes, and the file gets shorter.
**
** What may go is told by standing.oldest_state and oldest_body; upkeep deletes
** it in slices, rows here, index entries in store_run.c.  The differences of
** block 0 stay: they are the state that the chain began with (node_export.h).
**
** Pages that hold nothing any more are reused; when they are more than
** STORE_FREE_KEEP and an eighth of the file, the last pages of the file are
** moved into them and the file is cut (auto_vacuum=INCREMENTAL), some pages a
** slice.  The file itself shrinks with the checkpoint that follows.
*/
#include "store/store_int.h"

#define STORE_PRUNE_ROWS 8  /* deleted by one statement: a page or more each */
#define STORE_FREE_KEEP 2048u
#define STORE_VACUUM_PAGES 32

static err store_clear_some(struct store *s, sqlite3_stmt *st, u64 from,
                            u64 below, u64 until_us, bool *more) {
  while (from < below) {
    store_bind_u64(st, 1, STORE_SEQ(from, 0));
    store_bind_u64(st, 2, STORE_SEQ(below, 0));
    sqlite3_bind_int(st, 3, STORE_PRUNE_ROWS);
    TRY(store_run_st(st));
    if (sqlite3_changes(s->conn.db) == 0) break;
    *more = true;
    if (store_clock_us() >= until_us) break;
  }
  return ERR_OK;
}

err store_prune_some(struct store *s, u64 until_us, bool *more) {
  const struct {
    sqlite3_stmt *st;
    u64 from, below;
  } what[] = {
      {STORE_ST(&s->conn, diff_clear), 1,
       s->standing.oldest_state ? s->standing.oldest_state + 1 : 0},
      {STORE_ST(&s->conn, body_clear), 0, s->standing.oldest_body},
      {STORE_ST(&s->conn, receipt_clear), 0, s->standing.oldest_body},
      {STORE_ST(&s->conn, met_clear), 0, s->standing.oldest_body},
  };
  for (u32 i = 0; i < ARRAY_LEN(what); i++) {
    TRY(store_clear_some(s, what[i].st, what[i].from, what[i].below, until_us,
                         more));
    if (store_clock_us() >= until_us) break;
  }
  return ERR_OK;
}

static err store_pages(struct store *s, u64 *pages, u64 *free) {
  i64 all = 0, none = 0;
  TRY(store_conn_number(&s->conn, "PRAGMA page_count", &all));
  TRY(store_conn_number(&s->conn, "PRAGMA freelist_count", &none));
  *pages = (u64)all;
  *free = (u64)none;
  return ERR_OK;
}
err store_bytes(struct store *s, u64 *bytes) {
  u64 pages = 0, free;
  TRY(store_pages(s, &pages, &free));
  *bytes = pages * STORE_PAGE_SIZE;
  return ERR_OK;
}

err store_vacuum_some(struct store *s, u64 until_us, bool *more) {
  char text[48];
  sqlite3_snprintf(sizeof text, text, "PRAGMA incremental_vacuum(%d)",
                   STORE_VACUUM_PAGES);
  while (store_clock_us() < until_us) {
    u64 pages, free;
    TRY(store_pages(s, &pages, &free));
    bool much = s->vacuum ? free > 0
                          : free > STORE_FREE_KEEP && free > pages / 8;
    if (!much) return ERR_OK;
    TRY(store_conn_exec(&s->conn, text));
    *more = true;
  }
  return ERR_OK;
}

void store_vacuum(struct store *s, bool all) { s->vacuum = all; }

err store_prune_below(struct store *s, u64 oldest, u64 body) {
  struct store_standing before = s->standing;
  if (oldest > before.oldest_state) s->standing.oldest_state = oldest;
  if (body > before.oldest_body) s->standing.oldest_body = body;
  MUST((i64)s->standing.oldest_state <= before.head &&
       (i64)s->standing.oldest_body <= before.head);
  if (s->standing.oldest_state == before.oldest_state &&
      s->standing.oldest_body == before.oldest_body)
    return ERR_OK;
  err e = store_begin(s, false);
  if (!e) e = store_standing_write(s);
  if (!e) e = store_commit(s);
  if (e) {
    store_fail(s, e);
    store_rollback(s);
    s->standing = before;
  }
  return e;
}

err store_wal_trim(struct store *s) {
  if (store_wal_bytes(s) < STORE_WAL_WISH) return ERR_OK;
  int rc = sqlite3_wal_checkpoint_v2(s->conn.db, NULL,
                                     SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
  return rc == SQLITE_BUSY ? ERR_OK : store_err(rc);
}

#undef STORE_PRUNE_ROWS
#undef STORE_FREE_KEEP
#undef STORE_VACUUM_PAGES
