/* store_table.c - the statements of derived tables (store_table.h).
**
** Texts are made from the description, names in quotes since some are words of
** SQL ("order"); values are always bound.  What the writer prepares stays
** prepared; a reader keeps the statements it used last, found by their text.
**
** Money is added by the SQL functions m_add and m_sub, which stay within 128
** bits (less than nothing is nothing), and summed by m_sum.
*/
#include <stdio.h>

#include "store/store_int.h"
#include "store/store_table.h"

/*------------------------------------------------------------------ money */
static u128 table_money(slice s) {
  u128 v = 0;
  for (size_t i = 0; i < s.len && i < 16; i++) v = v << 8 | s.ptr[i];
  return v;
}
static slice table_arg(sqlite3_value *v) {
  return slice_of(sqlite3_value_blob(v), (size_t)sqlite3_value_bytes(v));
}
static void table_money_out(sqlite3_context *c, u128 v) {
  u8 be[16];
  store_be64(be, (u64)(v >> 64));
  store_be64(be + 8, (u64)v);
  sqlite3_result_blob(c, be, 16, SQLITE_TRANSIENT);
}
static void table_m_add(sqlite3_context *c, int cnt, sqlite3_value **v) {
  u128 a = table_money(table_arg(v[0])), b = table_money(table_arg(v[1]));
  (void)cnt;
  table_money_out(c, a + b < a ? ~(u128)0 : a + b);
}
static void table_m_sub(sqlite3_context *c, int cnt, sqlite3_value **v) {
  u128 a = table_money(table_arg(v[0])), b = table_money(table_arg(v[1]));
  (void)cnt;
  table_money_out(c, a < b ? 0 : a - b);
}
/* A sum's place is SQLite's, which aligns to 8 bytes only. */
static void table_m_step(sqlite3_context *c, int cnt, sqlite3_value **v) {
  u128 sum, add = table_money(table_arg(v[0]));
  void *place = sqlite3_aggregate_context(c, sizeof sum);
  (void)cnt;
  if (!place) return;
  memcpy(&sum, place, sizeof sum);
  sum = sum + add < add ? ~(u128)0 : sum + add;
  memcpy(place, &sum, sizeof sum);
}
static void table_m_final(sqlite3_context *c) {
  u128 sum = 0;
  const void *place = sqlite3_aggregate_context(c, sizeof sum);
  if (place) memcpy(&sum, place, sizeof sum);
  table_money_out(c, sum);
}

err store_table_functions(struct store_conn *c) {
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  int rc = sqlite3_create_function_v2(c->db, "m_add", 2, flags, NULL,
                                      table_m_add, NULL, NULL, NULL);
  if (rc == SQLITE_OK)
    rc = sqlite3_create_function_v2(c->db, "m_sub", 2, flags, NULL,
                                    table_m_sub, NULL, NULL, NULL);
  if (rc == SQLITE_OK)
    rc = sqlite3_create_function_v2(c->db, "m_sum", 1, flags, NULL, NULL,
                                    table_m_step, table_m_final, NULL);
  return store_err(rc);
}

/*----------------------------------------------------------------- making */
static const struct store_column *table_col(const struct store_table_def *t,
                                            const char *name) {
  for (const struct store_column *c = t->col; c->name; c++)
    if (!strcmp(c->name, name)) return c;
  return NULL;
}
static u32 table_keys(const struct store_table_def *t) {
  u32 cnt = 0;
  while (t->col[cnt].name && t->col[cnt].key) cnt++;
  return cnt;
}
static bool table_is_numbered(const struct store_table_def *t) {
  return table_keys(t) == 1 && t->col[0].kind == STORE_INT;
}
void store_table_name(struct buf *b, const char *name) {
  buf_put_str(b, "\"");
  buf_put_str(b, name);
  buf_put_str(b, "\"");
}

static err table_exec(struct store *s, struct buf *b) {
  buf_put(b, "", 1);
  err e = b->over ? ERR_LIMIT : store_conn_exec(&s->conn, (char *)b->ptr);
  buf_clear(b);
  return e;
}

static void table_create_text(struct buf *b, const struct store_table_def *t) {
  static const char *const type[] = {"INTEGER", "BLOB", "BLOB", "BLOB",
                                     "TEXT", "INTEGER"};
  u32 cols = 0;
  while (t->col[cols].name) cols++;
  MUST(cols && cols <= STORE_TABLE_COLS);
  buf_put_str(b, "CREATE TABLE IF NOT EXISTS ");
  store_table_name(b, t->name);
  buf_put_str(b, "(");
  for (const struct store_column *c = t->col; c->name; c++) {
    store_table_name(b, c->name);
    buf_put_str(b, " ");
    buf_put_str(b, type[c->kind]);
    if (!c->key && (c->kind == STORE_INT || c->kind == STORE_BOOL))
      buf_put_str(b, " DEFAULT 0");
    if (c == t->col && table_is_numbered(t)) buf_put_str(b, " PRIMARY KEY");
    buf_put_str(b, ",");
  }
  buf_put_str(b, "height INTEGER,tx BLOB,log INTEGER");
  if (!table_is_numbered(t) && table_keys(t)) {
    buf_put_str(b, ",UNIQUE(");
    for (u32 i = 0; i < table_keys(t); i++) {
      if (i) buf_put_str(b, ",");
      store_table_name(b, t->col[i].name);
    }
    buf_put_str(b, ")");
  }
  buf_put_str(b, ");");
}

/* "seller,state;category": an index each. */
static void table_index_text(struct buf *b, const struct store_table_def *t) {
  u32 number = 0;
  for (const char *p = t->index; *p; number++) {
    char name[96];
    snprintf(name, sizeof name, "%s_ix%u", t->name, number);
    buf_put_str(b, "CREATE INDEX IF NOT EXISTS ");
    store_table_name(b, name);
    buf_put_str(b, " ON ");
    store_table_name(b, t->name);
    buf_put_str(b, "(\"");
    for (; *p && *p != ';'; p++) {
      if (*p == ',') buf_put_str(b, "\",\"");
      else buf_put(b, p, 1);
    }
    buf_put_str(b, "\");");
    if (*p) p++;
  }
}

err store_table_make(struct store *s, const struct store_table_def *t,
                     bool drop) {
  struct buf b;
  err e = ERR_OK;
  buf_init(&b, 0);
  if (drop) {
    buf_put_str(&b, "DROP TABLE IF EXISTS ");
    store_table_name(&b, t->name);
    e = table_exec(s, &b);
  }
  table_create_text(&b, t);
  if (!e) e = table_exec(s, &b);
  buf_fini(&b);
  return e;
}

err store_table_index(struct store *s, const struct store_table_def *t) {
  struct buf b;
  buf_init(&b, 0);
  table_index_text(&b, t);
  err e = table_exec(s, &b);
  buf_fini(&b);
  return e;
}

err store_fts_make(struct store *s, const struct store_fts_def *t, bool drop) {
  struct buf b;
  err e = ERR_OK;
  buf_init(&b, 0);
  if (drop) {
    buf_put_str(&b, "DROP TABLE IF EXISTS ");
    store_table_name(&b, t->name);
    e = table_exec(s, &b);
  }
  buf_put_str(&b, "CREATE VIRTUAL TABLE IF NOT EXISTS ");
  store_table_name(&b, t->name);
  buf_put_str(&b, " USING fts5(");
  buf_put_str(&b, t->columns);
  buf_put_str(&b, ",tokenize='unicode61 remove_diacritics 2',prefix='");
  for (u32 n = 1; n <= STORE_FTS_PREFIX; n++) buf_printf(&b, "%u ", n);
  buf_put_str(&b, "')");
  if (!e) e = table_exec(s, &b);
  buf_fini(&b);
  return e ? e : store_words_make(s, t->name, drop);
}

/*---------------------------------------------------------------- writing */
void store_project(struct store *s, const struct store_projector *p) {
  s->projector = p;
}
err store_table_begin(struct store *s) { return store_begin(s, true); }
err store_table_end(struct store *s, err e) {
  if (!e) e = store_commit(s);
  if (e) {
    store_fail(s, e);
    store_rollback(s);
  }
  return e;
}

err store_table_keep(struct store *s, u32 *out, const char *text) {
  struct store_tables *t = &s->tables;
  if (t->cnt == t->cap) {
    t->cap = t->cap ? t->cap * 2 : 64;
    t->st = mem_realloc(t->st, t->cap * sizeof *t->st);
  }
  sqlite3_stmt *st = NULL;
  int rc = sqlite3_prepare_v3(s->conn.db, text, -1, SQLITE_PREPARE_PERSISTENT,
                              &st, NULL);
  if (rc != SQLITE_OK) return store_fail(s, store_err(rc));
  t->st[t->cnt] = st;
  *out = t->cnt++;
  return ERR_OK;
}

void store_tables_fini(struct store *s) {
  for (u32 i = 0; i < s->tables.cnt; i++) sqlite3_finalize(s->tables.st[i]);
  mem_free(s->tables.st);
  memset(&s->tables, 0, sizeof s->tables);
}

/* col = what the op makes of the i-th value; row: of the row there is. */
static void table_assign(struct buf *b, const struct store_table_def *t,
                         const struct store_term *term, u32 number) {
  char at[16];
  const struct store_column *c = table_col(t, term->col);
  bool money = c && c->kind == STORE_MONEY;
  snprintf(at, sizeof at, "?%u", number);
  store_table_name(b, term->col);
  buf_put_str(b, "=");
  if (term->op == '=') {
    buf_put_str(b, at);
    return;
  }
  MUST(c);
  buf_put_str(b, money ? term->op == '+' ? "m_add(" : "m_sub(" : "");
  store_table_name(b, term->col);
  buf_put_str(b, money ? "," : term->op == '+' ? "+" : "-");
  buf_put_str(b, at);
  if (money) buf_put_str(b, ")");
}

static void table_put_text(struct buf *b, const struct store_table_def *t,
                           const struct store_term *term, u32 cnt) {
  char at[16];
  u32 keys = table_keys(t), changed = 0;
  buf_put_str(b, "INSERT OR FAIL INTO ");
  store_table_name(b, t->name);
  buf_put_str(b, "(");
  for (u32 i = 0; i < cnt; i++) {
    if (i) buf_put_str(b, ",");
    store_table_name(b, term[i].col);
  }
  buf_put_str(b, ")VALUES(");
  for (u32 i = 0; i < cnt; i++) {
    snprintf(at, sizeof at, "%s?%u", i ? "," : "", i + 1);
    buf_put_str(b, at);
  }
  buf_put_str(b, ")");
  if (!keys) return;
  buf_put_str(b, "ON CONFLICT(");
  for (u32 i = 0; i < keys; i++) {
    if (i) buf_put_str(b, ",");
    store_table_name(b, t->col[i].name);
  }
  buf_put_str(b, ")DO UPDATE SET ");
  for (u32 i = 0; i < cnt; i++) {
    const struct store_column *c = table_col(t, term[i].col);
    if (c && c->key) continue;
    if (changed++) buf_put_str(b, ",");
    table_assign(b, t, &term[i], i + 1);
  }
}

static void table_where_text(struct buf *b, const struct store_term *term,
                             u32 cnt) {
  char at[16];
  u32 done = 0;
  for (u32 i = 0; i < cnt; i++) {
    if (term[i].op != '?') continue;
    buf_put_str(b, done++ ? " AND " : " WHERE ");
    store_table_name(b, term[i].col);
    snprintf(at, sizeof at, "=?%u", i + 1);
    buf_put_str(b, at);
  }
}

err store_table_prepare(struct store *s, u32 *out,
                        const struct store_table_def *t,
                        enum store_write what, const struct store_term *term,
                        u32 cnt) {
  struct buf b;
  u32 done = 0;
  buf_init(&b, 0);
  if (what == STORE_PUT) {
    table_put_text(&b, t, term, cnt);
  } else if (what == STORE_SET) {
    buf_put_str(&b, "UPDATE OR FAIL ");
    store_table_name(&b, t->name);
    buf_put_str(&b, " SET ");
    for (u32 i = 0; i < cnt; i++) {
      if (term[i].op == '?') continue;
      if (done++) buf_put_str(&b, ",");
      table_assign(&b, t, &term[i], i + 1);
    }
    table_where_text(&b, term, cnt);
  } else {
    buf_put_str(&b, "DELETE FROM ");
    store_table_name(&b, t->name);
    table_where_text(&b, term, cnt);
  }
  buf_put(&b, "", 1);
  err e = store_table_keep(s, out, (char *)b.ptr);
  buf_fini(&b);
  return e;
}

err store_table_once(struct store *s, const char *name) {
  struct buf b;
  size_t len = 0;
  const char *sql = store_sql_find(name, &len);
  MUST(sql);
  buf_init(&b, 0);
  buf_put(&b, sql, len);
  err e = table_exec(s, &b);
  buf_fini(&b);
  return e;
}

err store_table_named(struct store *s, u32 *out, const char *name) {
  size_t len = 0;
  const char *sql = store_sql_find(name, &len);
  MUST(sql);
  char *text = mem_alloc(len + 1);
  memcpy(text, sql, len);
  err e = store_table_keep(s, out, text);
  mem_free(text);
  return e;
}

static void table_bind(sqlite3_stmt *st, u32 at, const struct store_val *v) {
  static const u8 none[1];
  switch (v->kind) {
    case STORE_NULL: sqlite3_bind_null(st, (int)at); return;
    case STORE_NUM: sqlite3_bind_int64(st, (int)at, v->num); return;
    case STORE_STR:
      sqlite3_bind_text64(st, (int)at,
                          v->bytes.ptr ? (const char *)v->bytes.ptr
                                       : (const char *)none,
                          v->bytes.len, SQLITE_STATIC, SQLITE_UTF8);
      return;
    case STORE_IDS:
      sqlite3_bind_pointer(st, (int)at, (void *)v->bytes.ptr, STORE_IDS_TYPE,
                           NULL);
      return;
    default: store_bind_slice(st, (int)at, v->bytes);
  }
}

err store_table_run(struct store *s, u32 st, const struct store_val *val,
                    u32 cnt) {
  MUST(s->in_tx && st < s->tables.cnt);
  for (u32 i = 0; i < cnt; i++) table_bind(s->tables.st[st], i + 1, &val[i]);
  return store_run_st(s->tables.st[st]);
}

/*---------------------------------------------------------------- reading */
#define STORE_ROW_MAX (STORE_TABLE_COLS + 8u)
static void table_column(struct store_val *out, sqlite3_stmt *st, int i) {
  switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER:
      *out = store_num((u64)sqlite3_column_int64(st, i));
      return;
    case SQLITE_FLOAT:
      *out = store_num((u64)(i64)sqlite3_column_double(st, i));
      return;
    case SQLITE_TEXT: *out = store_text(store_col_slice(st, i)); return;
    case SQLITE_BLOB: *out = store_blob(store_col_slice(st, i)); return;
    default: *out = (struct store_val){STORE_NULL, 0, {0}};
  }
}
static err table_rows(sqlite3_stmt *st, const struct store_val *val, u32 cnt,
                      store_row_fn *row, void *ctx) {
  struct store_val out[STORE_ROW_MAX];
  err e = ERR_OK;
  int rc;
  for (u32 i = 0; i < cnt; i++) table_bind(st, i + 1, &val[i]);
  while (!e && (rc = store_row_st(st)) != 0) {
    if (rc < 0) return rc;
    int cols = sqlite3_column_count(st);
    MUST(cols <= (int)STORE_ROW_MAX);
    for (int i = 0; i < cols; i++) table_column(&out[i], st, i);
    e = row(ctx, out, (u32)cols);
  }
  sqlite3_reset(st);
  return e;
}

err store_table_rows(struct store *s, u32 st, const struct store_val *val,
                     u32 cnt, store_row_fn *row, void *ctx) {
  MUST(st < s->tables.cnt);
  return table_rows(s->tables.st[st], val, cnt, row, ctx);
}

/* The reader's statement of this text. */
static err table_cached(struct store_reader *r, sqlite3_stmt **out,
                        const char *text) {
  struct store_cached *c = r->cached, *old = c;
  if (r->busy) sqlite3_reset(r->busy);
  r->busy = NULL;
  for (u32 i = 0; i < STORE_CACHE_ST; i++) {
    if (c[i].st && !strcmp(sqlite3_sql(c[i].st), text)) {
      c[i].used = ++r->cached_clock;
      *out = c[i].st;
      return ERR_OK;
    }
    if (c[i].used < old->used) old = &c[i];
  }
  sqlite3_finalize(old->st);
  old->st = NULL;
  int rc = sqlite3_prepare_v3(r->conn.db, text, -1, SQLITE_PREPARE_PERSISTENT,
                              &old->st, NULL);
  if (rc != SQLITE_OK) return store_err(rc);
  old->used = ++r->cached_clock;
  *out = old->st;
  return ERR_OK;
}
err store_cached_rows(struct store_reader *r, const char *text,
                      const struct store_val *val, u32 cnt, store_row_fn *row,
                      void *ctx) {
  sqlite3_stmt *st = NULL;
  TRY(table_cached(r, &st, text));
  return table_rows(st, val, cnt, row, ctx);
}
void store_cached_fini(struct store_reader *r) {
  for (u32 i = 0; i < STORE_CACHE_ST; i++) sqlite3_finalize(r->cached[i].st);
}

err store_named_run(struct store_reader *r, const char *name,
                    const struct store_val *val, u32 cnt, store_row_fn *row,
                    void *ctx) {
  size_t len = 0;
  const char *sql = store_sql_find(name, &len);
  MUST(sql);
  char *text = mem_alloc(len + 1);
  memcpy(text, sql, len);
  err e = store_cached_rows(r, text, val, cnt, row, ctx);
  mem_free(text);
  return e;
}
#undef STORE_ROW_MAX
