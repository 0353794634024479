/* store_check.c - a look through the file's structure at opening: SQLite's
** quick_check (order of keys in pages, no page lost or used twice), cut off
** when its time is up; it goes table by table, and a page's checks cost about
** its reading.
*/
#include "store/store_int.h"

#define STORE_CHECK_OPS 2000 /* of SQLite's machine between looks at the clock */

bool store_was_open(const struct store *s) { return s->was_open; }

static int store_check_late(void *until_us) {
  return store_clock_us() > *(const u64 *)until_us;
}

err store_check_quick(struct store *s, u32 ms, bool *whole,
                      struct errmsg *msg) {
  sqlite3 *db = s->conn.db;
  sqlite3_stmt *st = NULL;
  u64 until_us = store_clock_us() + (u64)ms * 1000;
  *whole = false;
  sqlite3_progress_handler(db, STORE_CHECK_OPS, store_check_late, &until_us);
  int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &st, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_step(st);
  err e = ERR_OK;
  if (rc == SQLITE_ROW) {
    const char *text = (const char *)sqlite3_column_text(st, 0);
    *whole = text && strcmp(text, "ok") == 0;
    if (!*whole)
      e = err_say(msg, ERR_CORRUPT, "%s is damaged (%.200s): a copy that was "
                  "taken while it was written?  Take it again, or \"restore\" "
                  "a backup", s->path, text ? text : "?");
  } else if (rc != SQLITE_INTERRUPT) {
    e = err_say(msg, store_err(rc), "%s: cannot check: %s", s->path,
                sqlite3_errmsg(db));
  }
  sqlite3_finalize(st);
  sqlite3_progress_handler(db, 0, NULL, NULL);
  return e;
}

#undef STORE_CHECK_OPS
