/* store_run.c - index runs: sorted, immutable lists of (key, seq).
**
** Why not an index of SQLite: its rows would be written at random places, one
** page for each few rows (13-30 us a row measured, 6 us in sorted batches,
** growing with the table), and hold 60 bytes each.  A run is written front to
** back (0.1 us an entry), holds 16 bytes an entry, and is written again about
** log4(n) times while small runs are merged to larger ones, as in a
** log-structured merge tree (P. O'Neil et al. 1996).
**
** A run covers a range of heights; ranges of one kind never overlap, and the
** table `run` in order of `first` is their order in time.  Entries ascend by
** (key, seq); seq tells where, so the same key8 of two things only costs a
** second look.  A run's pages form a static tree: level 0 has the entries,
** STORE_RUN_FAN a page; level n + 1 has the first entry of each page of level
** n, up to the level with one page.  How many pages a level has follows from
** the number of entries.
**   page id = run id << 32 | level << 28 | page number in the level
**   page    = entries of 16 bytes: key (8, big-endian), seq (8, big-endian)
** Limits: 4 levels (66 billion entries), 2^28 pages a level.
**
** A search in one run reads one page a level, or none where a filter in memory
** (store_filter.c) knows that the key is not there.  Merging keeps the runs of a
** kind below about 3 x log4(entries / 4096) + 4.
**
** Merging: a run's tier is log4(entries / 4096), at least 0.  Going from the
** newest run back, as soon as four or more in a row have a tier of at most t
** they are merged (at most STORE_MERGE_MAX).  Where history is pruned, runs that
** would span more than a quarter of the kept heights stay apart, so that whole runs become
** old and are dropped instead of written again.
*/
#include "store/store_int.h"

#define STORE_RUN_TIER0 4096u
#define STORE_RUN_GROUP 4u
#define STORE_RUN_PAGE_ID(id, level, page) \
  ((u64)(id) << 32 | (u64)(level) << 28 | (u64)(page))
#define STORE_RUN_ENTRY 16u
#define STORE_DROP_PAGES 64u /* pages deleted by one statement */

static inline int store_entry_cmp(const struct store_entry *a,
                                  const struct store_entry *b) {
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  return a->seq == b->seq ? 0 : a->seq < b->seq ? -1 : 1;
}

/*------------------------------------------------------------------- list */
void store_run_list_fini(struct store_run_list *l) {
  mem_free(l->run);
  *l = (struct store_run_list){0};
}

err store_run_load(struct store_conn *c, struct store_run_list *out) {
  sqlite3_stmt *st = STORE_ST(c, run_list);
  int rc;
  out->cnt = 0;
  while ((rc = store_row_st(st)) > 0) {
    if (out->cnt == out->cap) {
      out->cap = out->cap ? out->cap * 2 : 64;
      out->run = mem_realloc(out->run, out->cap * sizeof *out->run);
    }
    out->run[out->cnt++] = (struct store_run){
        .id = store_col_u64(st, 0), .kind = (u32)store_col_u64(st, 1),
        .state = (u32)store_col_u64(st, 2), .first = store_col_u64(st, 3),
        .last = store_col_u64(st, 4), .cnt = store_col_u64(st, 5)};
  }
  return rc;
}

static err store_run_set_state(struct store *s, u64 id, u32 state) {
  sqlite3_stmt *st = STORE_ST(&s->conn, run_state);
  store_bind_u64(st, 1, id);
  store_bind_u64(st, 2, state);
  return store_run_st(st);
}

err store_run_recover(struct store *s) {
  struct store_run_list l = {0};
  s->next_run_id = 1;
  sqlite3_stmt *st = STORE_ST(&s->conn, run_max);
  int rc = store_row_st(st);
  if (rc < 0) return rc;
  if (rc) s->next_run_id = store_col_u64(st, 0) + 1;
  sqlite3_reset(st);
  err e = store_run_load(&s->conn, &l);
  for (u32 i = 0; i < l.cnt && !e; i++)
    if (l.run[i].state == 1) e = store_run_set_state(s, l.run[i].id, 2);
  store_run_list_fini(&l);
  return e;
}

/*---------------------------------------------------------------- writing */
err store_run_begin(struct store *s, struct store_run_writer *w, u32 kind,
                    u64 first, u64 last) {
  MUST(!w->on);
  w->on = true;
  w->id = s->next_run_id++;
  w->kind = kind;
  w->cnt = 0;
  memset(w->page_cnt, 0, sizeof w->page_cnt);
  memset(w->fill, 0, sizeof w->fill);
  sqlite3_stmt *st = STORE_ST(&s->conn, run_insert);
  store_bind_u64(st, 1, w->id);
  store_bind_u64(st, 2, kind);
  store_bind_u64(st, 3, first);
  store_bind_u64(st, 4, last);
  return store_run_st(st);
}

static err store_run_page_put(struct store *s, struct store_run_writer *w,
                              u32 level) {
  u8 page[STORE_RUN_FAN * STORE_RUN_ENTRY];
  u32 n = w->fill[level];
  for (u32 i = 0; i < n; i++) {
    store_be64(page + STORE_RUN_ENTRY * i, w->entry[level][i].key);
    store_be64(page + STORE_RUN_ENTRY * i + 8, w->entry[level][i].seq);
  }
  sqlite3_stmt *st = STORE_ST(&s->conn, page_insert);
  store_bind_u64(st, 1, STORE_RUN_PAGE_ID(w->id, level, w->page_cnt[level]));
  store_bind_slice(st, 2, slice_of(page, n * STORE_RUN_ENTRY));
  w->page_cnt[level]++;
  w->fill[level] = 0;
  return store_run_st(st);
}

static err store_run_put(struct store *s, struct store_run_writer *w,
                         u32 level, struct store_entry e) {
  for (;; level++) {
    MUST(level < STORE_RUN_LEVELS);
    w->entry[level][w->fill[level]++] = e;
    if (w->fill[level] < STORE_RUN_FAN) return ERR_OK;
    e = w->entry[level][0];
    TRY(store_run_page_put(s, w, level));
  }
}

err store_run_add(struct store *s, struct store_run_writer *w,
                  const struct store_entry *e) {
  w->cnt++;
  return store_run_put(s, w, 0, *e);
}

/* Pages left over go out level by level until one has a single page. */
err store_run_end(struct store *s, struct store_run_writer *w) {
  for (u32 l = 0; l < STORE_RUN_LEVELS; l++) {
    if (w->fill[l]) {
      struct store_entry first = w->entry[l][0];
      TRY(store_run_page_put(s, w, l));
      if (w->page_cnt[l] > 1) TRY(store_run_put(s, w, l + 1, first));
    }
    if (w->page_cnt[l] <= 1) break;
  }
  w->on = false;
  return ERR_OK;
}

/*---------------------------------------------------------------- reading */
/* Page cnt of each level; returns the root's level. */
static u32 store_run_shape(u64 cnt, u64 pages[STORE_RUN_LEVELS]) {
  u32 l = 0;
  pages[0] = (cnt + STORE_RUN_FAN - 1) / STORE_RUN_FAN;
  while (pages[l] > 1) {
    MUST(l + 1 < STORE_RUN_LEVELS);
    pages[l + 1] = (pages[l] + STORE_RUN_FAN - 1) / STORE_RUN_FAN;
    l++;
  }
  return l;
}

static err store_run_page(struct store_conn *c, u64 id, slice *out) {
  sqlite3_stmt *st = STORE_ST(c, page_read);
  sqlite3_reset(st);
  store_bind_u64(st, 1, id);
  int rc = store_row_st(st);
  if (rc <= 0) return rc < 0 ? rc : ERR_CORRUPT;
  *out = store_col_slice(st, 0);
  return out->len && out->len % STORE_RUN_ENTRY == 0 ? ERR_OK : ERR_CORRUPT;
}

static inline struct store_entry store_run_entry(slice page, u32 i) {
  const u8 *p = page.ptr + STORE_RUN_ENTRY * i;
  return (struct store_entry){load_be64(p), load_be64(p + 8)};
}

/* How many entries of the page are below e. */
static u32 store_run_below(slice page, const struct store_entry *e) {
  u32 lo = 0, hi = (u32)(page.len / STORE_RUN_ENTRY);
  while (lo < hi) {
    u32 mid = (lo + hi) / 2;
    struct store_entry m = store_run_entry(page, mid);
    if (store_entry_cmp(&m, e) < 0) {
      lo = mid + 1;
    } else {
      hi = mid;
    }
  }
  return lo;
}

/* The level-0 page where entries >= e begin. */
static err store_run_seek(struct store_conn *c, const struct store_run *r,
                          const struct store_entry *e, u64 *page_no,
                          u64 *page_cnt) {
  u64 pages[STORE_RUN_LEVELS], at = 0;
  slice page;
  for (u32 l = store_run_shape(r->cnt, pages); l > 0; l--) {
    TRY(store_run_page(c, STORE_RUN_PAGE_ID(r->id, l, at), &page));
    u32 below = store_run_below(page, e);
    at = at * STORE_RUN_FAN + (below ? below - 1 : 0);
  }
  *page_no = at;
  *page_cnt = pages[0];
  return ERR_OK;
}

/* cb's 1 ends it with 1. */
static int store_run_find(struct store_conn *c, const struct store_run *r,
                          u64 key, u64 from, u64 to,
                          int (*cb)(void *ctx, u64 seq), void *ctx) {
  struct store_entry lo = {key, from};
  u64 at = 0, cnt = 0;
  slice page;
  TRY(store_run_seek(c, r, &lo, &at, &cnt));
  for (; at < cnt; at++) {
    TRY(store_run_page(c, STORE_RUN_PAGE_ID(r->id, 0, at), &page));
    u32 n = (u32)(page.len / STORE_RUN_ENTRY);
    u64 seqs[STORE_RUN_FAN];
    u32 hit = 0;
    bool over = n > STORE_RUN_FAN;
    for (u32 i = store_run_below(page, &lo); i < n && !over; i++) {
      struct store_entry e = store_run_entry(page, i);
      over = e.key != key || e.seq > to;
      if (!over) seqs[hit++] = e.seq;
    }
    /* cb may use the connection: the page is let go of before. */
    sqlite3_reset(STORE_ST(c, page_read));
    for (u32 i = 0; i < hit; i++) {
      int rc = cb(ctx, seqs[i]);
      if (rc) return rc;
    }
    if (over) break;
  }
  return 0;
}

/* The same from the top down. */
static int store_run_find_down(struct store_conn *c, const struct store_run *r,
                               u64 key, u64 from, u64 to,
                               int (*cb)(void *ctx, u64 seq), void *ctx) {
  struct store_entry hi = {key, to + 1};
  u64 at = 0, cnt = 0;
  slice page;
  bool over = false;
  TRY(store_run_seek(c, r, &hi, &at, &cnt));
  for (at++; at-- > 0 && !over;) {
    TRY(store_run_page(c, STORE_RUN_PAGE_ID(r->id, 0, at), &page));
    u64 seqs[STORE_RUN_FAN];
    u32 hit = 0;
    if (page.len / STORE_RUN_ENTRY > STORE_RUN_FAN) return ERR_CORRUPT;
    for (u32 i = store_run_below(page, &hi); i-- > 0 && !over;) {
      struct store_entry e = store_run_entry(page, i);
      over = e.key != key || e.seq < from;
      if (!over) seqs[hit++] = e.seq;
    }
    sqlite3_reset(STORE_ST(c, page_read));
    for (u32 i = 0; i < hit; i++) {
      int rc = cb(ctx, seqs[i]);
      if (rc) return rc;
    }
  }
  return 0;
}

/* A filter for the run, from its pages. */
static err store_run_learn(struct store_conn *c, struct store_filter_set *set,
                           const struct store_run *r) {
  struct store_filter f;
  u64 pages[STORE_RUN_LEVELS];
  err e = ERR_OK;
  store_filter_init(&f, r->cnt);
  store_run_shape(r->cnt, pages);
  for (u64 at = 0; at < pages[0] && !e; at++) {
    slice page;
    e = store_run_page(c, STORE_RUN_PAGE_ID(r->id, 0, at), &page);
    for (u32 i = 0; !e && i < page.len / STORE_RUN_ENTRY; i++)
      store_filter_add(&f, store_run_entry(page, i).key);
  }
  sqlite3_reset(STORE_ST(c, page_read));
  if (e) store_filter_fini(&f);
  else store_filter_give(set, r, &f);
  return e;
}

err store_read_index(struct store_reader *r, enum store_index index, u64 key,
                     u64 from, u64 to, u32 flags,
                     int (*cb)(void *ctx, u64 seq), void *ctx) {
  if (!r->has_runs) {
    TRY(store_run_load(&r->conn, &r->runs));
    r->has_runs = true;
  }
  struct store_filter_set *filters = &r->fresh_set->filters;
  u64 lo = STORE_SEQ_HEIGHT(from), hi = STORE_SEQ_HEIGHT(to);
  for (u32 i = 0; i < r->runs.cnt; i++) {
    const struct store_run *run =
        &r->runs.run[flags & STORE_INDEX_OLDEST ? i : r->runs.cnt - 1 - i];
    if (run->kind != index || run->state != 0) continue;
    if (run->last < lo || run->first > hi || run->cnt == 0) continue;
    enum store_filter_answer has =
        store_filter_ask(filters, run, &r->runs, key);
    if (has == STORE_FILTER_ABSENT) continue;
    if (has == STORE_FILTER_WANTED)
      TRY(store_run_learn(&r->conn, filters, run));
    int rc = flags & STORE_INDEX_DOWN
                 ? store_run_find_down(&r->conn, run, key, from, to, cb, ctx)
                 : store_run_find(&r->conn, run, key, from, to, cb, ctx);
    if (rc) return rc < 0 ? rc : ERR_OK;
  }
  return ERR_OK;
}

/*---------------------------------------------------------------- merging */
static u32 store_run_tier(u64 cnt) {
  u32 t = 0;
  for (cnt /= STORE_RUN_TIER0; cnt > 1; cnt /= 4) t++;
  return t;
}

/* Entries below this height tell nothing any more: changes at or below the
** oldest kept state, what was in blocks that are no longer kept (their hashes
** still are). */
static u64 store_run_keep(const struct store *s, u32 kind) {
  u64 oldest = s->standing.oldest_state;
  if (kind != STORE_INDEX_STATE) return s->standing.oldest_body;
  return oldest ? oldest + 1 : 0;
}

static u64 store_run_span_max(const struct store *s, u32 kind) {
  u64 keep = store_run_keep(s, kind);
  if (keep == 0 || kind == STORE_INDEX_HASH) return UINT64_MAX;
  u64 kept = (u64)s->standing.head - keep;
  return kept / 4 > 1024 ? kept / 4 : 1024;
}

/* The newest runs of a kind that should become one; returns how many.  Not one
** that is larger than all after it together: it would be written again and
** again for the sake of few entries. */
static u32 store_merge_pick(const struct store *s,
                            const struct store_run_list *l, u32 kind,
                            struct store_run *out) {
  struct store_run newest[STORE_MERGE_MAX];
  u32 n = 0;
  for (u32 i = l->cnt; i-- > 0 && n < STORE_MERGE_MAX;)
    if (l->run[i].kind == kind && l->run[i].state == 0) newest[n++] = l->run[i];
  u64 span = store_run_span_max(s, kind);
  for (u32 t = 0; t < 16; t++) {
    u32 k = 0;
    while (k < n && store_run_tier(newest[k].cnt) <= t &&
           newest[0].last - newest[k].first < span)
      k++;
    u64 sum = 0;
    for (u32 i = 0; i < k; i++) sum += newest[i].cnt;
    while (k >= STORE_RUN_GROUP && newest[k - 1].cnt > sum / 2)
      sum -= newest[--k].cnt;
    if (k < STORE_RUN_GROUP) continue;
    for (u32 i = 0; i < k; i++) out[i] = newest[k - 1 - i];
    return k;
  }
  return 0;
}

static err store_cursor_page(struct store *s, struct store_run_cursor *c) {
  slice page;
  TRY(store_run_page(&s->conn, STORE_RUN_PAGE_ID(c->run.id, 0, c->page),
                     &page));
  c->cnt = (u32)(page.len / STORE_RUN_ENTRY);
  if (c->cnt > STORE_RUN_FAN) return ERR_CORRUPT;
  for (u32 i = 0; i < c->cnt; i++) c->entry[i] = store_run_entry(page, i);
  sqlite3_reset(STORE_ST(&s->conn, page_read));
  c->at = 0;
  return ERR_OK;
}

/* Entries of the run left: moves on to the next page when one is used up. */
static err store_cursor_fill(struct store *s, struct store_run_cursor *c,
                             bool *has) {
  u64 pages[STORE_RUN_LEVELS];
  *has = true;
  if (c->at < c->cnt) return ERR_OK;
  store_run_shape(c->run.cnt, pages);
  *has = c->page + 1 < pages[0];
  if (!*has) return ERR_OK;
  c->page++;
  return store_cursor_page(s, c);
}

static err store_merge_begin(struct store *s, const struct store_run *runs,
                             u32 cnt) {
  struct store_merge *m = &s->merge;
  m->on = true;
  m->cnt = cnt;
  m->in = mem_alloc(cnt * sizeof *m->in);
  for (u32 i = 0; i < cnt; i++) {
    m->in[i].run = runs[i];
    TRY(store_cursor_page(s, &m->in[i]));
  }
  return store_run_begin(s, &m->out, runs[0].kind, runs[0].first,
                         runs[cnt - 1].last);
}

/* The smallest entry of all inputs; *has false at the end. */
static err store_merge_next(struct store *s, struct store_entry *out,
                            bool *has) {
  struct store_merge *m = &s->merge;
  struct store_run_cursor *best = NULL;
  for (u32 i = 0; i < m->cnt; i++) {
    bool more;
    TRY(store_cursor_fill(s, &m->in[i], &more));
    if (!more) continue;
    if (!best || store_entry_cmp(&m->in[i].entry[m->in[i].at],
                                 &best->entry[best->at]) < 0)
      best = &m->in[i];
  }
  *has = best != NULL;
  if (best) *out = best->entry[best->at++];
  return ERR_OK;
}

/* The merged run takes the place of its inputs, in this transaction. */
static err store_merge_finish(struct store *s) {
  struct store_merge *m = &s->merge;
  TRY(store_run_end(s, &m->out));
  if (m->out.cnt) {
    sqlite3_stmt *st = STORE_ST(&s->conn, run_done);
    store_bind_u64(st, 1, m->out.id);
    store_bind_u64(st, 2, m->out.cnt);
    TRY(store_run_st(st));
  } else {
    TRY(store_run_set_state(s, m->out.id, 2));
  }
  for (u32 i = 0; i < m->cnt; i++)
    TRY(store_run_set_state(s, m->in[i].run.id, 2));
  mem_free(m->in);
  m->in = NULL;
  m->on = false;
  return ERR_OK;
}

void store_merge_drop(struct store *s) {
  mem_free(s->merge.in);
  s->merge.in = NULL;
  s->merge.on = s->merge.out.on = false;
}

static err store_merge_some(struct store *s, u64 until_us) {
  struct store_merge *m = &s->merge;
  u64 keep = store_run_keep(s, m->out.kind);
  for (u32 i = 1;; i++) {
    struct store_entry e;
    bool has;
    TRY(store_merge_next(s, &e, &has));
    if (!has) return store_merge_finish(s);
    if (STORE_SEQ_HEIGHT(e.seq) < keep &&
        (m->out.kind != STORE_INDEX_HASH ||
         STORE_SEQ_IDX(e.seq) != STORE_SEQ_BLOCK))
      continue;
    TRY(store_run_add(s, &m->out, &e));
    if (i % 256 == 0 && store_clock_us() >= until_us) return ERR_OK;
  }
}

/* Deletes pages of one run; *gone when the run is away whole. */
static err store_run_drop_some(struct store *s, const struct store_run *r,
                               u64 until_us, bool *gone) {
  u64 lo = r->id << 32, hi = lo | 0xffffffffu;
  *gone = false;
  do {
    sqlite3_stmt *st = STORE_ST(&s->conn, page_first);
    store_bind_u64(st, 1, lo);
    store_bind_u64(st, 2, hi);
    int rc = store_row_st(st);
    if (rc < 0) return rc;
    bool any = rc > 0 && sqlite3_column_type(st, 0) != SQLITE_NULL;
    u64 first = any ? store_col_u64(st, 0) : 0;
    sqlite3_reset(st);
    if (!any) {
      *gone = true;
      st = STORE_ST(&s->conn, run_drop);
      store_bind_u64(st, 1, r->id);
      return store_run_st(st);
    }
    st = STORE_ST(&s->conn, page_clear);
    store_bind_u64(st, 1, first);
    store_bind_u64(st, 2, first + STORE_DROP_PAGES - 1 < hi
                              ? first + STORE_DROP_PAGES - 1 : hi);
    TRY(store_run_st(st));
  } while (store_clock_us() < until_us);
  return ERR_OK;
}

/* Wholly below what is kept. */
static bool store_run_is_old(const struct store *s, const struct store_run *r) {
  return r->kind != STORE_INDEX_HASH && r->state == 0 &&
         r->last < store_run_keep(s, r->kind);
}

static bool store_merge_has(const struct store *s, u64 id) {
  for (u32 i = 0; s->merge.on && i < s->merge.cnt; i++)
    if (s->merge.in[i].run.id == id) return true;
  return false;
}

err store_merge_step(struct store *s, u64 until_us, bool *more) {
  struct store_run_list l = {0};
  struct store_run pick[STORE_MERGE_MAX];
  err e = store_run_load(&s->conn, &l);
  *more = s->merge.on;
  for (u32 i = 0; i < l.cnt && !e; i++) {
    bool gone = false;
    if (store_run_is_old(s, &l.run[i]) && !store_merge_has(s, l.run[i].id)) {
      e = store_run_set_state(s, l.run[i].id, 2);
      l.run[i].state = 2;
    }
    if (e || l.run[i].state != 2) continue;
    e = store_run_drop_some(s, &l.run[i], until_us, &gone);
    *more = true;
    if (store_clock_us() >= until_us) goto done;
  }
  for (u32 k = 0; k < STORE_INDEX_CNT && !s->merge.on && !e; k++) {
    u32 n = store_merge_pick(s, &l, k, pick);
    if (n) e = store_merge_begin(s, pick, n);
  }
  if (!e && s->merge.on) {
    *more = true;
    e = store_merge_some(s, until_us);
  }
done:
  store_run_list_fini(&l);
  return e;
}
