/* store_notify.c - hooks and deliveries; see store_notify.h. */
#include "store/store_notify.h"

#include "store/store_int.h"

/*------------------------------------------------------------------ hooks */

static void hook_read(sqlite3_stmt *st, void *row) {
  struct store_hook *h = row;
  h->id = store_col_u64(st, 0);
  h->kind = store_col_u64(st, 1) ? STORE_HOOK_MAIL : STORE_HOOK_WEB;
  store_col_text(st, 2, h->target, sizeof h->target);
  store_col_text(st, 3, h->secret, sizeof h->secret);
  store_col_text(st, 4, h->filter, sizeof h->filter);
  h->active = store_col_u64(st, 5) != 0;
  h->created_ms = store_col_u64(st, 6);
  h->height = store_col_u64(st, 7);
}

err store_hook_list(struct store *s, struct store_hook *out, u32 max,
                    u32 *cnt) {
  TRY(store_list(s, STORE_ST(&s->conn, hook_list), out, sizeof *out, max, cnt,
                 hook_read));
  if (*cnt > STORE_HOOKS_MAX) *cnt = STORE_HOOKS_MAX;
  return ERR_OK;
}

err store_hook_put(struct store *s, struct store_hook *h) {
  sqlite3_stmt *st = h->id ? STORE_ST(&s->conn, hook_change)
                           : STORE_ST(&s->conn, hook_add);
  if (h->id) store_bind_u64(st, 1, h->id);
  store_bind_u64(st, 2, h->kind);
  store_bind_text(st, 3, h->target);
  store_bind_text(st, 4, h->secret);
  store_bind_text(st, 5, h->filter);
  store_bind_u64(st, 6, h->active);
  if (!h->id) {
    store_bind_u64(st, 7, h->created_ms);
    store_bind_u64(st, 8, h->height);
  }
  TRY(store_write_st(s, st, NULL));
  if (!h->id) h->id = (u64)sqlite3_last_insert_rowid(s->conn.db);
  return ERR_OK;
}

err store_hook_del(struct store *s, u64 id) {
  sqlite3_stmt *st = STORE_ST(&s->conn, delivery_del);
  sqlite3_stmt *next = STORE_ST(&s->conn, hook_del);
  store_bind_u64(st, 1, id);
  store_bind_u64(next, 1, id);
  return store_write_st(s, st, next);
}

/*------------------------------------------------------------- deliveries */

static err delivery_insert(struct store *s, struct store_delivery *d) {
  sqlite3_stmt *st = STORE_ST(&s->conn, delivery_add);
  store_bind_u64(st, 1, d->hook);
  store_bind_u64(st, 2, d->height);
  store_bind_text(st, 3, d->event);
  store_bind_u64(st, 4, d->made_ms);
  store_bind_u64(st, 5, d->due_ms);
  store_bind_slice(st, 6, buf_slice(&d->body));
  store_bind_u64(st, 7, d->state);
  store_bind_text(st, 8, d->answer);
  TRY(store_run_st(st));
  d->id = (u64)sqlite3_last_insert_rowid(s->conn.db);
  return ERR_OK;
}

err store_delivery_add(struct store *s, struct store_delivery *d, u32 cnt,
                       u64 height) {
  sqlite3_stmt *st = STORE_ST(&s->conn, hook_height);
  err e = store_begin(s, true);
  for (u32 i = 0; e == ERR_OK && i < cnt; i++) e = delivery_insert(s, &d[i]);
  sqlite3_clear_bindings(STORE_ST(&s->conn, delivery_add));
  if (e == ERR_OK) {
    store_bind_u64(st, 1, height);
    e = store_run_st(st);
  }
  if (e == ERR_OK) e = store_commit(s);
  if (e < 0) {
    store_fail(s, e);
    store_rollback(s);
  }
  return e;
}

err store_delivery_put(struct store *s, const struct store_delivery *d) {
  sqlite3_stmt *st = STORE_ST(&s->conn, delivery_put);
  store_bind_u64(st, 1, d->id);
  store_bind_u64(st, 2, d->state);
  store_bind_u64(st, 3, d->tries);
  store_bind_u64(st, 4, d->status);
  store_bind_u64(st, 5, d->due_ms);
  store_bind_u64(st, 6, d->tried_ms);
  store_bind_text(st, 7, d->answer);
  return store_write_st(s, st, NULL);
}

static void delivery_row(sqlite3_stmt *st, void *row) {
  struct store_delivery *d = row;
  d->id = store_col_u64(st, 0);
  d->hook = store_col_u64(st, 1);
  d->height = store_col_u64(st, 2);
  store_col_text(st, 3, d->event, sizeof d->event);
  d->state = (enum store_delivery_state)store_col_u64(st, 4);
  d->tries = (u32)store_col_u64(st, 5);
  d->status = (u32)store_col_u64(st, 6);
  d->made_ms = store_col_u64(st, 7);
  d->due_ms = store_col_u64(st, 8);
  d->tried_ms = store_col_u64(st, 9);
  store_col_text(st, 10, d->answer, sizeof d->answer);
}

static err delivery_one(struct store *s, sqlite3_stmt *st,
                        struct store_delivery *out, u64 key) {
  bool there = false;
  int rc;
  store_bind_u64(st, 1, key);
  while ((rc = store_row_st(st)) > 0) {
    delivery_row(st, out);
    buf_put_slice(&out->body, store_col_slice(st, 11));
    there = true;
  }
  TRY(store_fail(s, rc));
  return there ? ERR_OK : ERR_NOT_FOUND;
}

err store_delivery_get(struct store *s, struct store_delivery *out, u64 id) {
  return delivery_one(s, STORE_ST(&s->conn, delivery_get), out, id);
}

err store_delivery_next(struct store *s, struct store_delivery *out,
                        u64 hook) {
  return delivery_one(s, STORE_ST(&s->conn, delivery_next), out, hook);
}

err store_delivery_list(struct store *s, struct store_delivery *out, u32 max,
                        u32 *cnt, u64 hook, u64 before) {
  sqlite3_stmt *st = STORE_ST(&s->conn, delivery_list);
  store_bind_u64(st, 1, hook);
  store_bind_u64(st, 2, before ? before : INT64_MAX);
  store_bind_u64(st, 3, max);
  return store_list(s, st, out, sizeof *out, max, cnt, delivery_row);
}

err store_delivery_waiting(struct store *s, u64 *cnt, u64 hook) {
  sqlite3_stmt *st = STORE_ST(&s->conn, delivery_waiting);
  int rc;
  *cnt = 0;
  store_bind_u64(st, 1, hook);
  while ((rc = store_row_st(st)) > 0) *cnt = store_col_u64(st, 0);
  return store_fail(s, rc);
}

err store_delivery_trim(struct store *s, u64 keep) {
  sqlite3_stmt *st = STORE_ST(&s->conn, delivery_trim);
  store_bind_u64(st, 1, keep);
  return store_write_st(s, st, NULL);
}
