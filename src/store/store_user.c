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
      store_col_text(st, 1, u->name, sizeof u->name);
      store_col_text(st, 2, role, sizeof role);
      u->role = store_role_find(role);
      store_col_text(st, 3, u->password, sizeof u->password);
      u->created_ms = store_col_u64(st, 4);
      if (u->role == STORE_ROLE_CNT) u->role = STORE_MEDIATOR; /* the least */
    }
    (*cnt)++;
  }
  return store_fail(s, rc);
}

static err user_add(struct store *s, const struct store_user *u, u64 *id) {
  sqlite3_stmt *st = STORE_ST(&s->conn, user_add);
  store_bind_text(st, 1, u->name);
  store_bind_text(st, 2, store_role_name(u->role));
  store_bind_text(st, 3, u->password);
  store_bind_u64(st, 4, u->created_ms);
  TRY(store_write_st(s, st, NULL));
  if (sqlite3_changes(s->conn.db) == 0) return ERR_EXISTS;
  *id = (u64)sqlite3_last_insert_rowid(s->conn.db);
  return ERR_OK;
}

err store_user_put(struct store *s, const struct store_user *u, u64 *id) {
  if (!u->id) return user_add(s, u, id);
  sqlite3_stmt *st = STORE_ST(&s->conn, user_change);
  store_bind_u64(st, 1, u->id);
  store_bind_text(st, 2, store_role_name(u->role));
  store_bind_text(st, 3, u->password);
  *id = u->id;
  return store_write_st(s, st, NULL);
}

err store_user_del(struct store *s, u64 id) {
  sqlite3_stmt *st = STORE_ST(&s->conn, login_del_user);
  sqlite3_stmt *next = STORE_ST(&s->conn, user_del);
  store_bind_u64(st, 1, id);
  store_bind_u64(next, 1, id);
  return store_write_st(s, st, next);
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
      store_col_text(st, 4, l->address, sizeof l->address);
      store_col_text(st, 5, l->agent, sizeof l->agent);
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
  store_bind_text(st, 5, l->address);
  store_bind_text(st, 6, l->agent);
  return store_write_st(s, st, NULL);
}

err store_login_del(struct store *s, const u8 token[32]) {
  sqlite3_stmt *st = STORE_ST(&s->conn, login_del);
  store_bind_slice(st, 1, slice_of(token, 32));
  return store_write_st(s, st, NULL);
}

err store_login_del_user(struct store *s, u64 user) {
  sqlite3_stmt *st = STORE_ST(&s->conn, login_del_user);
  store_bind_u64(st, 1, user);
  return store_write_st(s, st, NULL);
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
    store_col_text(st, 2, a->who, sizeof a->who);
    store_col_text(st, 3, a->address, sizeof a->address);
    store_col_text(st, 4, a->event, sizeof a->event);
    store_col_text(st, 5, a->detail, sizeof a->detail);
  }
  return store_fail(s, rc);
}

err store_audit_add(struct store *s, const struct store_audit *a) {
  sqlite3_stmt *st = STORE_ST(&s->conn, audit_add);
  sqlite3_stmt *next = STORE_ST(&s->conn, audit_trim);
  store_bind_u64(st, 1, a->at_ms);
  store_bind_text(st, 2, a->who);
  store_bind_text(st, 3, a->address);
  store_bind_text(st, 4, a->event);
  store_bind_text(st, 5, a->detail);
  store_bind_u64(next, 1, STORE_AUDIT_MAX);
  return store_write_st(s, st, next);
}
