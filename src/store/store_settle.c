/* store_settle.c - writing fresh runs, merging them, and settling them: all
** that stand in front of the tables are brought into these (store_fresh.c
** tells why).
**
** One thing at a time, in slices: as soon as four or more of the newest runs
** are of about one size they become one; when all together have
** STORE_SETTLE_PAGES their rows are written to the tables, in key order, so
** that a page of the file takes many of them.  Runs that come meanwhile stay in
** front.  Until the commit that takes the settled runs off the list they are
** asked first, so that it does not matter which of their rows the tables have
** already; a settling that is cut off begins again from its start and writes
** the same.
**
** Pages of runs that are not in the list are deleted, some a slice; what a crash
** left of them is found at opening.
*/
#include "store/store_int.h"

#define STORE_SETTLE_PAGES 24576u /* 192 MiB */
#define STORE_SETTLE_TIER0 2048u  /* pages of the smallest runs */
#define STORE_SETTLE_GROUP 4u
#define STORE_SETTLE_STEP 32u     /* rows between looks at the clock */
#define STORE_SETTLE_ROWS_MIN 64u
#define STORE_SETTLE_ROWS_MAX 65536u
#define STORE_SETTLE_DROP 64u     /* pages deleted by one statement */

/*---------------------------------------------------------------- writing */
void store_fresh_begin(struct store *s, struct store_fresh_writer *w,
                       u64 keys) {
  MUST(!w->run);
  w->run = store_fresh_new(s->next_fresh_id++, keys);
  w->cnt = w->len = 0;
}

static err settle_page_put(struct store *s, struct store_fresh_writer *w) {
  u8 page[STORE_FRESH_PAGE];
  u32 head = 2 + 2 * w->cnt;
  page[0] = (u8)(w->cnt >> 8);
  page[1] = (u8)w->cnt;
  for (u32 i = 0; i < w->cnt; i++) {
    u32 at = head + w->at[i];
    page[2 + 2 * i] = (u8)(at >> 8);
    page[3 + 2 * i] = (u8)at;
  }
  memcpy(page + head, w->row, w->len);
  sqlite3_stmt *st = STORE_ST(&s->conn, fresh_insert);
  store_bind_u64(st, 1, STORE_FRESH_PAGE_ID(w->run->id, w->run->page_cnt - 1));
  store_bind_slice(st, 2, slice_of(page, head + w->len));
  w->cnt = w->len = 0;
  return store_run_st(st);
}

err store_fresh_put(struct store *s, struct store_fresh_writer *w, slice key,
                    slice val) {
  u32 need = 3 + (u32)key.len + (u32)val.len;
  MUST(key.len > 1 && key.len <= STORE_FRESH_KEY && val.len <= UINT16_MAX);
  MUST(2 + 2 + need <= STORE_FRESH_PAGE);
  if (2 + 2 * (w->cnt + 1) + w->len + need > STORE_FRESH_PAGE)
    TRY(settle_page_put(s, w));
  store_fresh_learn_row(w->run, key, w->cnt == 0);
  u8 *p = w->row + w->len;
  p[0] = (u8)key.len;
  p[1] = (u8)(val.len >> 8);
  p[2] = (u8)val.len;
  memcpy(p + 3, key.ptr, key.len);
  if (val.len) memcpy(p + 3 + key.len, val.ptr, val.len);
  w->at[w->cnt++] = w->len;
  w->len += need;
  return ERR_OK;
}

err store_fresh_end(struct store *s, struct store_fresh_writer *w) {
  return w->cnt ? settle_page_put(s, w) : ERR_OK;
}

static void settle_gone(struct store *s, u64 id) {
  if (s->fresh_gone.cnt == s->fresh_gone.cap) {
    s->fresh_gone.cap = s->fresh_gone.cap ? 2 * s->fresh_gone.cap : 16;
    s->fresh_gone.id = mem_realloc(
        s->fresh_gone.id, s->fresh_gone.cap * sizeof *s->fresh_gone.id);
  }
  s->fresh_gone.id[s->fresh_gone.cnt++] = id;
}

void store_fresh_drop(struct store *s, struct store_fresh_writer *w) {
  if (!w->run) return;
  settle_gone(s, w->run->id);
  store_fresh_free(w->run);
  w->run = NULL;
}

err store_row_write(struct store *s, u32 place, slice key, slice val) {
  static const struct {
    enum store_stmt put, del;
  } stmt[STORE_TABLE_CNT] = {
      [STORE_ACCOUNT] = {STORE_ST_account_put, STORE_ST_account_del},
      [STORE_SLOT] = {STORE_ST_slot_put, STORE_ST_slot_del},
      [STORE_NODE] = {STORE_ST_node_put, STORE_ST_node_del},
  };
  if (place >= STORE_TABLE_CNT) return ERR_CORRUPT;
  sqlite3_stmt *st = s->conn.st[val.len ? stmt[place].put : stmt[place].del];
  store_bind_slice(st, 1, key);
  if (val.len) store_bind_slice(st, 2, val);
  return store_run_st(st);
}

u32 store_slice_learn(u32 now, u32 rows, u64 took_us, u32 slice_us) {
  u64 fit = (u64)rows * slice_us / (took_us ? took_us : 1);
  if (took_us < slice_us && rows < now) return now; /* ended early */
  if (fit > 2ull * now) fit = 2ull * now;
  if (fit < now / 4) fit = now / 4;
  if (fit < STORE_SETTLE_ROWS_MIN) fit = STORE_SETTLE_ROWS_MIN;
  if (fit > STORE_SETTLE_ROWS_MAX) fit = STORE_SETTLE_ROWS_MAX;
  return (u32)fit;
}

/*---------------------------------------------------------------- opening */
/* The first page with an id of at least this; *has false: none. */
static err settle_first(struct store *s, u64 from, u64 to, bool *has,
                        u64 *id) {
  sqlite3_stmt *st = STORE_ST(&s->conn, fresh_first);
  store_bind_u64(st, 1, from);
  store_bind_u64(st, 2, to);
  int rc = store_row_st(st);
  if (rc < 0) return rc;
  *has = rc > 0 && sqlite3_column_type(st, 0) != SQLITE_NULL;
  *id = *has ? store_col_u64(st, 0) : 0;
  sqlite3_reset(st);
  return ERR_OK;
}

err store_settle_open(struct store *s, slice ids) {
  TRY(store_fresh_list(s->fresh_set, &s->conn, ids, &s->fresh));
  s->next_fresh_id = 1;
  for (u32 i = 0; i < s->fresh.cnt; i++)
    if (s->fresh.run[i]->id >= s->next_fresh_id)
      s->next_fresh_id = s->fresh.run[i]->id + 1;
  if (s->read_only) return ERR_OK;
  for (u64 run = 0;; run++) {
    u64 page;
    bool has, used = false;
    TRY(settle_first(s, STORE_FRESH_PAGE_ID(run, 0), INT64_MAX, &has, &page));
    if (!has) return ERR_OK;
    run = page >> 24;
    for (u32 i = 0; i < s->fresh.cnt && !used; i++)
      used = s->fresh.run[i]->id == run;
    if (!used) settle_gone(s, run);
    if (run >= s->next_fresh_id) s->next_fresh_id = run + 1;
  }
}

void store_settle_forget(struct store *s) {
  store_settle_drop(s);
  for (u32 i = 0; i < s->fresh.cnt; i++) settle_gone(s, s->fresh.run[i]->id);
  store_fresh_clear(s->fresh_set, &s->fresh);
}

/*--------------------------------------------------- merging and settling */
static u32 settle_tier(const struct store_fresh *f) {
  u32 t = 0;
  for (u32 p = f->page_cnt / STORE_SETTLE_TIER0; p; p /= 4) t++;
  return t;
}

/* The newest runs that should become one: where they begin, and how many.  Not
** one that is larger than all after it together: it would be written again and
** again for the sake of few rows. */
static u32 settle_pick(const struct store_fresh_list *l, u32 *first) {
  for (u32 t = 0; t < 8; t++) {
    u32 k = 0;
    u64 sum = 0;
    while (k < l->cnt && settle_tier(l->run[l->cnt - 1 - k]) <= t)
      sum += l->run[l->cnt - 1 - k++]->page_cnt;
    while (k >= STORE_SETTLE_GROUP && l->run[l->cnt - k]->page_cnt > sum / 2)
      sum -= l->run[l->cnt - k--]->page_cnt;
    *first = l->cnt - k;
    if (k >= STORE_SETTLE_GROUP) return k;
  }
  return 0;
}

/* What should be done next, and with which runs. */
static u32 settle_plan(const struct store *s, u32 *first, u32 *cnt) {
  const struct store_fresh_list *l = &s->fresh;
  u64 pages = 0;
  for (u32 i = 0; i < l->cnt; i++) pages += l->run[i]->page_cnt;
  *first = 0;
  *cnt = l->cnt;
  if (pages >= STORE_SETTLE_PAGES || l->cnt == STORE_FRESH_MAX ||
      (s->vacuum && l->cnt))
    return STORE_SETTLE_ROWS;
  *cnt = settle_pick(l, first);
  return *cnt ? STORE_SETTLE_MERGE : STORE_SETTLE_OFF;
}

static err settle_begin(struct store *s) {
  struct store_settle *t = &s->settle;
  u64 keys = 0;
  t->what = settle_plan(s, &t->first, &t->cnt);
  if (t->what == STORE_SETTLE_OFF) return ERR_OK;
  if (!t->slice_rows) t->slice_rows = 512;
  t->in = mem_alloc(t->cnt * sizeof *t->in);
  for (u32 i = 0; i < t->cnt; i++) {
    const struct store_fresh *f = s->fresh.run[t->first + i];
    t->in[i] = mem_alloc(sizeof *t->in[i]);
    TRY(store_cursor_seek(&s->conn, t->in[i], f, slice_of(NULL, 0)));
    keys += f->keys;
  }
  if (t->what == STORE_SETTLE_MERGE) store_fresh_begin(s, &t->out, keys);
  return ERR_OK;
}

void store_settle_drop(struct store *s) {
  store_fresh_drop(s, &s->settle.out);
  for (u32 i = 0; s->settle.in && i < s->settle.cnt; i++)
    mem_free(s->settle.in[i]);
  mem_free(s->settle.in);
  s->settle.in = NULL;
  s->settle.what = STORE_SETTLE_OFF;
}

/* Rows for one slice; *end: there are no more. */
static err settle_rows(struct store *s, u64 until_us, u32 *rows, bool *end) {
  struct store_settle *t = &s->settle;
  bool merge = t->what == STORE_SETTLE_MERGE;
  for (*rows = 0; merge || *rows < t->slice_rows; ++*rows) {
    const struct store_row *r = store_cursor_least(t->in, t->cnt);
    *end = !r;
    if (*end) return ERR_OK;
    slice key = r->key;
    TRY(merge ? store_fresh_put(s, &t->out, key, r->val)
              : store_row_write(s, key.ptr[0],
                                slice_of(key.ptr + 1, key.len - 1), r->val));
    TRY(store_cursor_pass(&s->conn, t->in, t->cnt, key));
    if (*rows % STORE_SETTLE_STEP == STORE_SETTLE_STEP - 1 &&
        store_clock_us() >= until_us)
      return ERR_OK;
  }
  return ERR_OK;
}

/* What was made takes the place of what it was made of: the list to be, which
** this transaction writes. */
static err settle_finish(struct store *s, struct store_fresh_list *list) {
  struct store_settle *t = &s->settle;
  struct store_fresh_list now = s->fresh;
  if (t->what == STORE_SETTLE_MERGE) TRY(store_fresh_end(s, &t->out));
  *list = now;
  list->cnt = t->first;
  if (t->what == STORE_SETTLE_MERGE) list->run[list->cnt++] = t->out.run;
  for (u32 i = t->first + t->cnt; i < now.cnt; i++)
    list->run[list->cnt++] = now.run[i];
  s->fresh = *list;
  err e = store_standing_write(s);
  s->fresh = now;
  return e;
}

/* It is so. */
static void settle_finished(struct store *s,
                            const struct store_fresh_list *list) {
  struct store_settle *t = &s->settle;
  for (u32 i = 0; i < t->cnt; i++) {
    struct store_fresh *f = s->fresh.run[t->first + i];
    settle_gone(s, f->id);
    store_fresh_give(s->fresh_set, f);
  }
  s->fresh = *list;
  if (t->what == STORE_SETTLE_MERGE) {
    s->fresh.run[t->first] = store_fresh_share(s->fresh_set, t->out.run);
    t->out.run = NULL;
  }
  store_settle_drop(s);
}

/* Deletes pages that are nobody's. */
static err settle_clear_some(struct store *s, u64 until_us) {
  while (s->fresh_gone.cnt && store_clock_us() < until_us) {
    u64 id = s->fresh_gone.id[s->fresh_gone.cnt - 1], first;
    u64 end = STORE_FRESH_PAGE_ID(id + 1, 0) - 1;
    bool has;
    TRY(settle_first(s, STORE_FRESH_PAGE_ID(id, 0), end, &has, &first));
    if (!has) {
      s->fresh_gone.cnt--;
      continue;
    }
    u64 to = first + STORE_SETTLE_DROP - 1;
    sqlite3_stmt *st = STORE_ST(&s->conn, fresh_clear);
    store_bind_u64(st, 1, first);
    store_bind_u64(st, 2, to < end ? to : end);
    TRY(store_run_st(st));
  }
  return ERR_OK;
}

static err settle_some(struct store *s, u64 until_us, u32 *rows,
                       struct store_fresh_list *list, bool *end) {
  struct store_settle *t = &s->settle;
  if (t->what == STORE_SETTLE_OFF) {
    if (s->fresh_gone.cnt) return settle_clear_some(s, until_us);
    TRY(settle_begin(s));
  }
  if (t->what == STORE_SETTLE_OFF) return ERR_OK;
  TRY(settle_rows(s, until_us, rows, end));
  return *end ? settle_finish(s, list) : ERR_OK;
}

err store_settle_step(struct store *s, u32 slice_us, bool *more) {
  struct store_settle *t = &s->settle;
  struct store_fresh_list list;
  u64 t0 = store_clock_us();
  u32 rows = 0, first, cnt;
  bool end = false;
  err e = store_begin(s, false);
  if (!e) e = settle_some(s, t0 + slice_us / 2, &rows, &list, &end);
  bool settling = t->what == STORE_SETTLE_ROWS;
  if (!e) e = store_commit(s);
  if (e) {
    store_fail(s, e);
    store_rollback(s);
    store_settle_drop(s);
    *more = false;
    return e;
  }
  if (settling && rows)
    t->slice_rows = store_slice_learn(t->slice_rows, rows,
                                      store_clock_us() - t0, slice_us);
  if (end) settle_finished(s, &list);
  *more = t->what != STORE_SETTLE_OFF || s->fresh_gone.cnt ||
          settle_plan(s, &first, &cnt) != STORE_SETTLE_OFF;
  return ERR_OK;
}

#undef STORE_SETTLE_PAGES
#undef STORE_SETTLE_TIER0
#undef STORE_SETTLE_GROUP
#undef STORE_SETTLE_STEP
#undef STORE_SETTLE_ROWS_MIN
#undef STORE_SETTLE_ROWS_MAX
#undef STORE_SETTLE_DROP
