/* store_user.c - users, logins, tokens, policies, audit; see store_user.h. */
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

/* What is there of at most size bytes; how many. */
static size_t user_col_bytes(sqlite3_stmt *st, int col, void *out,
                             size_t size) {
  slice s = store_col_slice(st, col);
  size_t n = s.len < size ? s.len : size;
  if (n) memcpy(out, s.ptr, n);
  return n;
}

static void user_read(sqlite3_stmt *st, void *row) {
  struct store_user *u = row;
  char role[16];
  u->id = store_col_u64(st, 0);
  store_col_text(st, 1, u->name, sizeof u->name);
  store_col_text(st, 2, role, sizeof role);
  u->role = store_role_find(role);
  if (u->role == STORE_ROLE_CNT) u->role = STORE_MEDIATOR; /* the least */
  store_col_text(st, 3, u->password, sizeof u->password);
  u->created_ms = store_col_u64(st, 4);
  u->disabled = store_col_u64(st, 5) != 0;
  store_col_text(st, 6, u->language, sizeof u->language);
  u->has_code = user_col_bytes(st, 7, u->code, 32) == 32;
  u->code_until_ms = store_col_u64(st, 8);
  u->has_totp = user_col_bytes(st, 9, u->totp, STORE_TOTP_MAX) > 0;
  u->totp_step = store_col_u64(st, 10);
  u->recovery_cnt =
      (u32)(user_col_bytes(st, 11, u->recovery, sizeof u->recovery) / 32);
}

err store_user_list(struct store *s, struct store_user *out, u32 max,
                    u32 *cnt) {
  return store_list(s, STORE_ST(&s->conn, user_list), out, sizeof *out, max,
                    cnt, user_read);
}

err store_user_put(struct store *s, const struct store_user *u, u64 *id) {
  sqlite3_stmt *st = u->id ? STORE_ST(&s->conn, user_change)
                           : STORE_ST(&s->conn, user_add);
  store_bind_text(st, 1, u->name);
  store_bind_text(st, 2, store_role_name(u->role));
  store_bind_text(st, 3, u->password);
  store_bind_u64(st, 4, u->created_ms);
  store_bind_u64(st, 5, u->disabled);
  store_bind_text(st, 6, u->language);
  store_bind_slice(st, 7, slice_of(u->code, u->has_code ? 32 : 0));
  store_bind_u64(st, 8, u->code_until_ms);
  store_bind_slice(st, 9, slice_of(u->totp, u->has_totp ? STORE_TOTP_MAX : 0));
  store_bind_u64(st, 10, u->totp_step);
  store_bind_slice(st, 11, slice_of(u->recovery, 32 * u->recovery_cnt));
  if (u->id) store_bind_u64(st, 12, u->id);
  TRY(store_write_st(s, st, NULL));
  if (sqlite3_changes(s->conn.db) == 0) return ERR_EXISTS;
  *id = u->id ? u->id : (u64)sqlite3_last_insert_rowid(s->conn.db);
  return ERR_OK;
}

err store_user_del(struct store *s, u64 id) {
  sqlite3_stmt *st = STORE_ST(&s->conn, user_del); /* its trigger the rest */
  store_bind_u64(st, 1, id);
  return store_write_st(s, st, NULL);
}

/*----------------------------------------------------------------- tokens */

static void token_read(sqlite3_stmt *st, void *row) {
  struct store_token *t = row;
  t->id = store_col_u64(st, 0);
  user_col_bytes(st, 1, t->hash, sizeof t->hash);
  t->user = store_col_u64(st, 2);
  store_col_text(st, 3, t->name, sizeof t->name);
  store_col_text(st, 4, t->rights, sizeof t->rights);
  t->created_ms = store_col_u64(st, 5);
  t->used_ms = store_col_u64(st, 6);
  t->until_ms = store_col_u64(st, 7);
}

err store_token_list(struct store *s, struct store_token *out, u32 max,
                     u32 *cnt) {
  return store_list(s, STORE_ST(&s->conn, token_list), out, sizeof *out, max,
                    cnt, token_read);
}

err store_token_add(struct store *s, const struct store_token *t, u64 *id) {
  sqlite3_stmt *st = STORE_ST(&s->conn, token_add);
  store_bind_slice(st, 1, slice_of(t->hash, 32));
  store_bind_u64(st, 2, t->user);
  store_bind_text(st, 3, t->name);
  store_bind_text(st, 4, t->rights);
  store_bind_u64(st, 5, t->created_ms);
  store_bind_u64(st, 6, t->until_ms);
  TRY(store_write_st(s, st, NULL));
  *id = (u64)sqlite3_last_insert_rowid(s->conn.db);
  return ERR_OK;
}

err store_token_used(struct store *s, u64 id, u64 at_ms) {
  sqlite3_stmt *st = STORE_ST(&s->conn, token_used);
  store_bind_u64(st, 1, id);
  store_bind_u64(st, 2, at_ms);
  return store_write_st(s, st, NULL);
}

err store_token_del(struct store *s, u64 id) {
  sqlite3_stmt *st = STORE_ST(&s->conn, token_del);
  store_bind_u64(st, 1, id);
  return store_write_st(s, st, NULL);
}

/*--------------------------------------------------------- what keys may sign */

err store_policy_get(struct store *s, struct store_policy *out,
                     const addr20 *addr) {
  sqlite3_stmt *st = STORE_ST(&s->conn, key_policy_get);
  store_bind_slice(st, 1, addr20_slice(addr));
  int rc = store_row_st(st);
  if (rc == 0) return ERR_NOT_FOUND;
  if (rc < 0) return store_fail(s, rc);
  memset(out, 0, sizeof *out);
  store_col_text(st, 0, out->rights, sizeof out->rights);
  user_col_bytes(st, 1, out->daily, 32);
  out->allow_cnt =
      (u32)(user_col_bytes(st, 2, out->allow, sizeof out->allow) / 20);
  out->unlock_s = store_col_u64(st, 3);
  out->day = store_col_u64(st, 4);
  user_col_bytes(st, 5, out->spent, 32);
  sqlite3_reset(st);
  return ERR_OK;
}

err store_policy_put(struct store *s, const struct store_policy *p,
                     const addr20 *addr) {
  sqlite3_stmt *st = STORE_ST(&s->conn, key_policy_put);
  store_bind_slice(st, 1, addr20_slice(addr));
  store_bind_text(st, 2, p->rights);
  store_bind_slice(st, 3, slice_of(p->daily, 32));
  store_bind_slice(st, 4, slice_of(p->allow, 20 * p->allow_cnt));
  store_bind_u64(st, 5, p->unlock_s);
  store_bind_u64(st, 6, p->day);
  store_bind_slice(st, 7, slice_of(p->spent, 32));
  return store_write_st(s, st, NULL);
}

/*----------------------------------------------------------------- logins */

static void login_read(sqlite3_stmt *st, void *row) {
  struct store_login *l = row;
  user_col_bytes(st, 0, l->token, sizeof l->token);
  l->user = store_col_u64(st, 1);
  l->created_ms = store_col_u64(st, 2);
  l->seen_ms = store_col_u64(st, 3);
  store_col_text(st, 4, l->address, sizeof l->address);
  store_col_text(st, 5, l->agent, sizeof l->agent);
}

err store_login_list(struct store *s, struct store_login *out, u32 max,
                     u32 *cnt) {
  return store_list(s, STORE_ST(&s->conn, login_list), out, sizeof *out, max,
                    cnt, login_read);
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

static void audit_read(sqlite3_stmt *st, void *row) {
  struct store_audit *a = row;
  a->id = store_col_u64(st, 0);
  a->at_ms = store_col_u64(st, 1);
  store_col_text(st, 2, a->who, sizeof a->who);
  store_col_text(st, 3, a->address, sizeof a->address);
  store_col_text(st, 4, a->event, sizeof a->event);
  store_col_text(st, 5, a->detail, sizeof a->detail);
}

err store_audit_list(struct store *s, struct store_audit *out, u32 max,
                     u32 *cnt) {
  sqlite3_stmt *st = STORE_ST(&s->conn, audit_list);
  store_bind_u64(st, 1, max);
  return store_list(s, st, out, sizeof *out, max, cnt, audit_read);
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
