/* store_reindex.c - all index runs anew, beside the old ones until they are
** whole.
**
** New runs have state 3: nobody reads or merges them, opening leaves them.  How
** far they are is told by meta "reindex" (height, 8 bytes), written with each of
** them: cut off anywhere, it goes on there.  The end is one transaction: the
** old runs are to be deleted, the new ones in use.
*/
#include "store/store_int.h"

#define STORE_META_REINDEX "reindex"
enum { STORE_RUN_NEW = 3 };

err store_reindex_at(struct store *s, i64 *to) {
  struct buf b;
  buf_init(&b, 8);
  err e = store_meta_get(s, &b, STORE_META_REINDEX);
  *to = !e && b.len == 8 ? (i64)load_be64(b.ptr) : -1;
  buf_fini(&b);
  return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static err store_reindex_run(struct store *s, u32 kind, u64 first, u64 last,
                             const struct store_entry *entry, size_t cnt) {
  struct store_run_writer *w = mem_alloc(sizeof *w);
  err e = store_run_begin(s, w, kind, first, last);
  for (size_t i = 0; i < cnt && !e; i++) e = store_run_add(s, w, &entry[i]);
  if (!e) e = store_run_end(s, w);
  if (!e) {
    sqlite3_stmt *st = STORE_ST(&s->conn, run_done);
    store_bind_u64(st, 1, w->id);
    store_bind_u64(st, 2, w->cnt);
    e = store_run_st(st);
  }
  if (!e) {
    sqlite3_stmt *st = STORE_ST(&s->conn, run_state);
    store_bind_u64(st, 1, w->id);
    store_bind_u64(st, 2, STORE_RUN_NEW);
    e = store_run_st(st);
  }
  mem_free(w);
  return e;
}

static err store_reindex_mark(struct store *s, i64 to) {
  u8 be[8];
  store_be64(be, (u64)to);
  sqlite3_stmt *st = to < 0 ? STORE_ST(&s->conn, meta_del)
                            : STORE_ST(&s->conn, meta_put);
  sqlite3_bind_text(st, 1, STORE_META_REINDEX, -1, SQLITE_STATIC);
  if (to >= 0) store_bind_slice(st, 2, slice_of(be, 8));
  err e = store_run_st(st);
  sqlite3_clear_bindings(st);
  return e;
}

static err store_reindex_end(struct store *s, err e) {
  if (!e) e = store_commit(s);
  if (e) {
    store_fail(s, e);
    store_rollback(s);
  }
  return e;
}

err store_reindex_add(struct store *s, u64 first, u64 last,
                      const struct store_entry *const *entry,
                      const size_t *cnt) {
  TRY(store_begin(s, true));
  err e = ERR_OK;
  for (u32 k = 0; k < STORE_INDEX_CNT && !e; k++)
    if (cnt[k]) e = store_reindex_run(s, k, first, last, entry[k], cnt[k]);
  if (!e) e = store_reindex_mark(s, (i64)last);
  return store_reindex_end(s, e);
}

/* Runs of state `from` get state `to`. */
static err store_reindex_turn(struct store *s, u32 from, u32 to) {
  struct store_run_list l = {0};
  err e = store_run_load(&s->conn, &l);
  for (u32 i = 0; i < l.cnt && !e; i++) {
    if (l.run[i].state != from) continue;
    sqlite3_stmt *st = STORE_ST(&s->conn, run_state);
    store_bind_u64(st, 1, l.run[i].id);
    store_bind_u64(st, 2, to);
    e = store_run_st(st);
  }
  store_run_list_fini(&l);
  return e;
}

err store_reindex_finish(struct store *s) {
  MUST(s->flush.phase == STORE_FLUSH_OFF);
  store_merge_drop(s);
  TRY(store_begin(s, true));
  err e = store_reindex_turn(s, 0, 2);
  if (!e) e = store_reindex_turn(s, 1, 2);
  if (!e) e = store_reindex_turn(s, STORE_RUN_NEW, 0);
  if (!e) e = store_reindex_mark(s, -1);
  return store_reindex_end(s, e);
}

/*----------------------------------------------------------- keyed tables */
#define STORE_META_REBUILD "rebuild"

bool store_rebuilding(struct store *s) {
  struct buf b;
  buf_init(&b, 8);
  bool on = store_meta_get(s, &b, STORE_META_REBUILD) == ERR_OK;
  buf_fini(&b);
  return on;
}

err store_rebuild_begin(struct store *s) {
  static const enum store_stmt wipe[] = {
      STORE_ST_account_wipe, STORE_ST_slot_wipe, STORE_ST_node_wipe};
  struct store_standing before = s->standing;
  MUST(s->flush.phase == STORE_FLUSH_OFF);
  TRY(store_begin(s, true));
  err e = ERR_OK;
  for (u32 i = 0; i < ARRAY_LEN(wipe) && !e; i++)
    e = store_run_st(s->conn.st[wipe[i]]);
  sqlite3_stmt *st = STORE_ST(&s->conn, meta_put);
  sqlite3_bind_text(st, 1, STORE_META_REBUILD, -1, SQLITE_STATIC);
  store_bind_slice(st, 2, slice_str("1"));
  if (!e) e = store_run_st(st);
  sqlite3_clear_bindings(st);
  s->standing.flushed = -1;
  u32 fresh = s->fresh.cnt;
  s->fresh.cnt = 0;
  if (!e) e = store_standing_write(s);
  e = store_reindex_end(s, e);
  s->fresh.cnt = fresh;
  if (e) s->standing = before;
  else store_settle_forget(s);
  return e;
}

err store_rebuild_end(struct store *s) {
  return store_meta_del(s, STORE_META_REBUILD);
}
#undef STORE_META_REBUILD

/*----------------------------------------------------------------- digests */
static u64 store_mix(u64 x) { /* splitmix64's */
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

void store_digest_add(struct store_digest *d, const struct store_entry *e) {
  u64 a = store_mix(e->key + 0x9e3779b97f4a7c15u);
  d->cnt++;
  d->sum[0] += store_mix(a ^ e->seq);
  d->sum[1] += store_mix((a << 32 | a >> 32) + e->seq * 0xd1342543de82ef95u);
}

err store_read_digest(struct store_reader *r, struct store_digest *out,
                      enum store_index index, u64 from, u64 to) {
  struct store_run_list l = {0};
  err e = store_run_load(&r->conn, &l);
  *out = (struct store_digest){0};
  for (u32 i = 0; i < l.cnt && !e; i++) {
    const struct store_run *run = &l.run[i];
    if (run->kind != index || run->state != 0) continue;
    u64 pages = (run->cnt + STORE_RUN_FAN - 1) / STORE_RUN_FAN, left = run->cnt;
    for (u64 p = 0; p < pages && !e; p++) {
      sqlite3_stmt *st = STORE_ST(&r->conn, page_read);
      sqlite3_reset(st);
      store_bind_u64(st, 1, run->id << 32 | p);
      int rc = store_row_st(st);
      slice page = rc > 0 ? store_col_slice(st, 0) : slice_of(NULL, 0);
      u64 want = left < STORE_RUN_FAN ? left : STORE_RUN_FAN;
      if (rc <= 0 || page.len != want * 16) e = rc < 0 ? rc : ERR_CORRUPT;
      for (u64 k = 0; k < want && !e; k++) {
        struct store_entry en = {load_be64(page.ptr + 16 * k),
                                 load_be64(page.ptr + 16 * k + 8)};
        u64 h = STORE_SEQ_HEIGHT(en.seq);
        if (h >= from && h <= to) store_digest_add(out, &en);
      }
      left -= want;
      sqlite3_reset(st);
    }
  }
  store_run_list_fini(&l);
  return e;
}
