/* proj_dump.h - for tests of projections: all that the tables of commerce in a
** file hold, to be compared. */
#ifndef PROJ_PROJ_DUMP_H
#define PROJ_PROJ_DUMP_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/base.h"

static inline int proj_line_cmp(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}
/* Every row of every table, sorted, as one text; to be freed. */
static inline char *proj_dump(const char *path) {
  sqlite3 *db;
  sqlite3_stmt *names, *st;
  char *line[20000];
  size_t cnt = 0, len = 1;
  assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), 0);
  assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE "
      "type='table' AND (name LIKE 'id\\_%' ESCAPE '\\' OR name LIKE 'market%' "
      "OR name LIKE 'order%' OR name LIKE 'platform%' OR name LIKE "
      "'commerce%' OR name LIKE 'content_ref' OR name LIKE 'court%' OR name "
      "LIKE 'mediation%') AND name NOT LIKE '%\\_fts\\_%' ESCAPE '\\'", -1,
      &names, NULL), 0);
  while (sqlite3_step(names) == SQLITE_ROW) {
    const char *table = (const char *)sqlite3_column_text(names, 0);
    char *sql = sqlite3_mprintf("SELECT * FROM \"%w\"", table);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), 0);
    sqlite3_free(sql);
    while (sqlite3_step(st) == SQLITE_ROW && cnt < 20000) {
      char *text = sqlite3_mprintf("%s", table);
      for (int i = 0; i < sqlite3_column_count(st); i++) {
        char *more, hex[200] = "";
        const u8 *blob = sqlite3_column_blob(st, i);
        for (int k = 0; k < sqlite3_column_bytes(st, i) && k < 90; k++)
          snprintf(hex + 2 * k, 3, "%02x", blob[k]);
        more = sqlite3_mprintf("%s|%d:%s", text, sqlite3_column_type(st, i),
                               hex);
        sqlite3_free(text);
        text = more;
      }
      line[cnt++] = text;
    }
    sqlite3_finalize(st);
  }
  sqlite3_finalize(names);
  sqlite3_close(db);
  qsort(line, cnt, sizeof *line, proj_line_cmp);
  for (size_t i = 0; i < cnt; i++) len += strlen(line[i]) + 1;
  char *all = calloc(1, len), *at = all;
  for (size_t i = 0; i < cnt; i++) {
    at += sprintf(at, "%s\n", line[i]);
    sqlite3_free(line[i]);
  }
  return all;
}
#endif
