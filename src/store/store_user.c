/* store_user.c - users, logins, audit; see store_user.h. */
#include "store/store_user.h"

#include "store/store_int.h"

static const char *const store_roles[STORE_ROLE_CNT] = {
  "owner", "manager", "cashier", "accountant", "mediator"};

const char *store_role_name(enum store_role role) { return store_roles[role]; }

enum store_role store_role_find(const char *name) {
  u32 i = 0;
  while (i < STORE_ROLE_CNT && strcmp(store_roles[i], name) != 0) i++;
  return (enum store_role)i;
}

static void user_bind(sqlite3_stmt *st, int at, const char *text) {
  sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}

static void user_column(char *out, size_t size, sqlite3_stmt *st, int col) {
  slice s = slice_of(sqlite3_column_text(st, col),
                     (size_t)sqlite3_column_bytes(st, col));
  size_t n = s.len < size ? s.len : size - 1;
  if (n) memcpy(out, s.ptr, n);
  out[n] = 0;
}

/* One or two statements as one durable transaction. */
static err user_write(struct store *s, sqlite3_stmt *st, sqlite3_stmt *next) {
  err e = store_begin(s, true);
  if (!e) e = store_run_st(st);
  if (!e && next) e = store_run_st(next);
  if (!e) e = store_commit(s);
  if (e) {
    store_fail(s, e);
    store_rollback(s);
  }
  sqlite3_clear_bindings(st);
  if (next) sqlite3_clear_bindings(next);
  return e;
}

/*------------------------------------------------------------------ users */

err store_user_list(struct store *s, struct store_user *out, u32 max,
                    u32 *cnt) {
  sqlite3_stmt *st = STORE_ST(&s->conn, user_list);
  int rc;
  *cnt = 0;
  while ((rc = store_row_st(st)) > 0) {
    if (*cnt < max) {
      struct store_user *u = &out[*cnt];
      char role[16];
      u->id = store_col_u64(st, 0);
      user_column(u->name, sizeof u->name, st, 1);
      user_column(role, sizeof role, st, 2);
      u->role = store_role_find(role);
      user_column(u->password, sizeof u->password, st, 3);
      u->created_ms = store_col_u64(st, 4);
      if (u->role == STORE_ROLE_CNT) u->role = STORE_MEDIATOR; /* the least */
    }
    (*cnt)++;
  }
  return store_fail(s, rc);
}

static err user_add(struct store *s, const struct store_user *u, u64 *id) {
  sqlite3_stmt *st = STORE_ST(&s->conn, user_add);
  user_bind(st, 1, u->name);
  user_bind(st, 2, store_role_name(u->role));
  user_bind(st, 3, u->password);
  store_bind_u64(st, 4, u->created_ms);
  TRY(user_write(s, st, NULL));
  if (sqlite3_changes(s->conn.db) == 0) return ERR_EXISTS;
  *id = (u64)sqlite3_last_insert_rowid(s->conn.db);
  return ERR_OK;
}

err store_user_put(struct store *s, const struct store_user *u, u64 *id) {
  if (!u->id) return user_add(s, u, id);
  sqlite3_stmt *st = STORE_ST(&s->conn, user_change);
  store_bind_u64(st, 1, u->id);
  user_bind(st, 2, store_role_name(u->role));
  user_bind(st, 3, u->password);
  *id = u->id;
  return user_write(s, st, NULL);
}

err store_user_del(struct store *s, u64 id) {
  sqlite3_stmt *st = STORE_ST(&s->conn, login_del_user);
  sqlite3_stmt *next = STORE_ST(&s->conn, user_del);
  store_bind_u64(st, 1, id);
  store_bind_u64(next, 1, id);
  return user_write(s, st, next);
}

/*----------------------------------------------------------------- logins */

err store_login_list(struct store *s, struct store_login *out, u32 max,
                     u32 *cnt) {
  sqlite3_stmt *st = STORE_ST(&s->conn, login_list);
  int rc;
  *cnt = 0;
  while ((rc = store_row_st(st)) > 0) {
    slice token = store_col_slice(st, 0);
    if (token.len != 32) continue;
    if (*cnt < max) {
      struct store_login *l = &out[*cnt];
      memcpy(l->token, token.ptr, 32);
      l->user = store_col_u64(st, 1);
      l->created_ms = store_col_u64(st, 2);
      l->seen_ms = store_col_u64(st, 3);
      user_column(l->address, sizeof l->address, st, 4);
      user_column(l->agent, sizeof l->agent, st, 5);
    }
    (*cnt)++;
  }
  return store_fail(s, rc);
}

err store_login_put(struct store *s, const struct store_login *l) {
  sqlite3_stmt *st = STORE_ST(&s->conn, login_put);
  store_bind_slice(st, 1, slice_of(l->token, 32));
  store_bind_u64(st, 2, l->user);
  store_bind_u64(st, 3, l->created_ms);
  store_bind_u64(st, 4, l->seen_ms);
  user_bind(st, 5, l->address);
  user_bind(st, 6, l->agent);
  return user_write(s, st, NULL);
}

err store_login_del(struct store *s, const u8 token[32]) {
  sqlite3_stmt *st = STORE_ST(&s->conn, login_del);
  store_bind_slice(st, 1, slice_of(token, 32));
  return user_write(s, st, NULL);
}

err store_login_del_user(struct store *s, u64 user) {
  sqlite3_stmt *st = STORE_ST(&s->conn, login_del_user);
  store_bind_u64(st, 1, user);
  return user_write(s, st, NULL);
}

/*------------------------------------------------------------------ audit */

err store_audit_list(struct store *s, struct store_audit *out, u32 max,
                     u32 *cnt) {
  sqlite3_stmt *st = STORE_ST(&s->conn, audit_list);
  int rc;
  *cnt = 0;
  store_bind_u64(st, 1, max);
  while ((rc = store_row_st(st)) > 0) {
    struct store_audit *a = &out[(*cnt)++];
    a->id = store_col_u64(st, 0);
    a->at_ms = store_col_u64(st, 1);
    user_column(a->who, sizeof a->who, st, 2);
    user_column(a->address, sizeof a->address, st, 3);
    user_column(a->event, sizeof a->event, st, 4);
    user_column(a->detail, sizeof a->detail, st, 5);
  }
  return store_fail(s, rc);
}

err store_audit_add(struct store *s, const struct store_audit *a) {
  sqlite3_stmt *st = STORE_ST(&s->conn, audit_add);
  sqlite3_stmt *next = STORE_ST(&s->conn, audit_trim);
  store_bind_u64(st, 1, a->at_ms);
  user_bind(st, 2, a->who);
  user_bind(st, 3, a->address);
  user_bind(st, 4, a->event);
  user_bind(st, 5, a->detail);
  store_bind_u64(next, 1, STORE_AUDIT_MAX);
  return user_write(s, st, next);
}
