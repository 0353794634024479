/* store_sql.c - connections and their named statements.
**
** The texts come from sql/, embedded at build (gen_sql.h).  In a query file a
** line "-- name" (two dashes, a blank, and a name of a-z, 0-9 and _ alone)
** begins a statement, which goes on to the next such line; other comment
** lines have more than one word or a dot.  store_stmt.def lists the names;
** all are prepared when a connection opens, so a mistake in one shows at
** start and not when it is first used.
*/
#include <errno.h>

#include "gen/gen_sql.h"
#include "store/store_int.h"

#define STORE_CACHE_DEFAULT (2u << 20)
/* Memory that a connection has at hand for results: a fresh page fits. */
#define STORE_ASIDE_SIZE 8192
#define STORE_ASIDE_CNT 12

static const struct {
  const char *name;
  int who;
} store_sql_stmt[] = {
#define STMT(name, who) {#name, who},
#include "store/store_stmt.def"
#undef STMT
};

/* Length of the name when the line is a statement's mark, else 0. */
static size_t store_sql_mark(const char *line) {
  if (strncmp(line, "-- ", 3) != 0) return 0;
  size_t n = strspn(line + 3, "abcdefghijklmnopqrstuvwxyz0123456789_");
  return line[3 + n] == '\n' ? n : 0;
}

static const char *store_sql_line_end(const char *p) {
  const char *nl = strchr(p, '\n');
  return nl ? nl + 1 : p + strlen(p);
}

static const char *store_sql_find_in(const char *text, const char *name,
                                     size_t *len) {
  const char *p = text, *body = NULL;
  for (; *p; p = store_sql_line_end(p)) {
    size_t n = store_sql_mark(p);
    if (!n) continue;
    if (body) break;
    if (n == strlen(name) && memcmp(p + 3, name, n) == 0)
      body = store_sql_line_end(p);
  }
  if (body) *len = (size_t)(p - body);
  return body;
}

const char *store_sql_find(const char *name, size_t *len) {
  for (u32 i = 0; i < gen_sql_cnt; i++) {
    if (strncmp(gen_sql[i].name, "query_", 6) != 0) continue;
    const char *p = store_sql_find_in(gen_sql[i].text, name, len);
    if (p) return p;
  }
  return NULL;
}

const char *store_sql_schema(u32 version) {
  char name[32];
  sqlite3_snprintf(sizeof name, name, "schema_%03u", version);
  for (u32 i = 0; i < gen_sql_cnt; i++)
    if (strcmp(gen_sql[i].name, name) == 0) return gen_sql[i].text;
  return NULL;
}

err store_err(int rc) {
  switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return ERR_OK;
    case SQLITE_FULL: return ERR_DISK_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT: return ERR_BUSY;
    case SQLITE_CONSTRAINT:
    case SQLITE_CORRUPT: return ERR_CORRUPT;
    case SQLITE_NOTADB: return ERR_NOT_OURS;
    case SQLITE_PERM:
    case SQLITE_READONLY: return ERR_READ_ONLY;
    default: return ERR_IO;
  }
}

/* A file-size limit or quota is a full disk to the one who runs the node.
** SQLite tells only a plain "disk full" as such; for the others its own record
** of the system's error is not always filled, the thread's errno is. */
static err store_sql_err(sqlite3 *db, int rc) {
  int os[2] = {errno, sqlite3_system_errno(db)};
  if ((rc & 0xff) != SQLITE_IOERR) return store_err(rc);
  for (u32 i = 0; i < 2; i++)
    if (os[i] == ENOSPC || os[i] == EDQUOT || os[i] == EFBIG)
      return ERR_DISK_FULL;
  return ERR_IO;
}

void store_col_text(sqlite3_stmt *st, int col, char *out, size_t size) {
  slice s = slice_of(sqlite3_column_text(st, col),
                     (size_t)sqlite3_column_bytes(st, col));
  size_t n = s.len < size ? s.len : size - 1;
  if (n) memcpy(out, s.ptr, n);
  out[n] = 0;
}

err store_run_st(sqlite3_stmt *st) {
  int rc = sqlite3_step(st);
  err e = rc == SQLITE_DONE || rc == SQLITE_ROW
              ? ERR_OK
              : store_sql_err(sqlite3_db_handle(st), rc);
  sqlite3_reset(st);
  return e;
}

int store_row_st(sqlite3_stmt *st) {
  int rc = sqlite3_step(st);
  if (rc == SQLITE_ROW) return 1;
  err e = rc == SQLITE_DONE ? ERR_OK
                            : store_sql_err(sqlite3_db_handle(st), rc);
  sqlite3_reset(st);
  return e;
}

err store_list(struct store *s, sqlite3_stmt *st, void *out, size_t size,
               u32 max, u32 *cnt, void (*read)(sqlite3_stmt *st, void *row)) {
  int rc;
  for (*cnt = 0; (rc = store_row_st(st)) > 0; (*cnt)++) {
    if (*cnt >= max) continue;
    void *row = (u8 *)out + *cnt * size;
    memset(row, 0, size);
    read(st, row);
  }
  sqlite3_clear_bindings(st);
  return store_fail(s, rc);
}

err store_conn_exec(struct store_conn *c, const char *sql) {
  int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
  return rc == SQLITE_OK ? ERR_OK : store_sql_err(c->db, rc);
}

err store_conn_number(struct store_conn *c, const char *sql, i64 *out) {
  sqlite3_stmt *st = NULL;
  int rc = sqlite3_prepare_v2(c->db, sql, -1, &st, NULL);
  if (rc != SQLITE_OK) return store_sql_err(c->db, rc);
  rc = sqlite3_step(st);
  err e = ERR_OK;
  if (rc == SQLITE_ROW) {
    *out = sqlite3_column_int64(st, 0);
  } else {
    e = rc == SQLITE_DONE ? ERR_NOT_FOUND : store_sql_err(c->db, rc);
  }
  sqlite3_finalize(st);
  return e;
}

atomic_uint store_own_opens;

err store_conn_open(struct store_conn *c, const char *path, int flags,
                    const char *vfs, u64 cache_bytes, struct errmsg *msg) {
  *c = (struct store_conn){0};
  if (!cache_bytes) cache_bytes = STORE_CACHE_DEFAULT;
  atomic_fetch_add(&store_own_opens, 1);
  int rc = sqlite3_open_v2(path, &c->db,
                           flags | SQLITE_OPEN_NOMUTEX |
                               SQLITE_OPEN_PRIVATECACHE,
                           vfs);
  if (rc == SQLITE_OK) {
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, STORE_ASIDE_SIZE,
                      STORE_ASIDE_CNT);
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_timeout(c->db, 2000);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    char text[256];
    sqlite3_snprintf(sizeof text, text,
                     "PRAGMA cache_size=-%lld; PRAGMA mmap_size=0;"
                     "PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON;"
                     "PRAGMA secure_delete=OFF; PRAGMA foreign_keys=OFF;",
                     (sqlite3_int64)(cache_bytes / 1024));
    rc = sqlite3_exec(c->db, text, NULL, NULL, NULL);
  }
  if (rc == SQLITE_OK && store_table_functions(c) == ERR_OK &&
      store_ids_functions(c) == ERR_OK)
    return ERR_OK;
  err e = c->db ? store_sql_err(c->db, rc) : ERR_IO;
  e = err_say(msg, e, "%s: cannot open: %s", path,
              c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc));
  store_conn_close(c);
  return e;
}

err store_conn_prepare(struct store_conn *c, int who, struct errmsg *msg) {
  for (u32 i = 0; i < STORE_ST_CNT; i++) {
    if (!(store_sql_stmt[i].who & who)) continue;
    size_t len = 0;
    const char *sql = store_sql_find(store_sql_stmt[i].name, &len);
    MUST(sql);
    int rc = sqlite3_prepare_v3(c->db, sql, (int)len,
                                SQLITE_PREPARE_PERSISTENT, &c->st[i], NULL);
    if (rc != SQLITE_OK)
      return err_say(msg, store_sql_err(c->db, rc), "statement %s: %s",
                     store_sql_stmt[i].name, sqlite3_errmsg(c->db));
  }
  return ERR_OK;
}

void store_conn_close(struct store_conn *c) {
  for (u32 i = 0; i < STORE_ST_CNT; i++) sqlite3_finalize(c->st[i]);
  sqlite3_close(c->db);
  *c = (struct store_conn){0};
}
