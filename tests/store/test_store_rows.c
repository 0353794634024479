/* test_store_rows.c - appending, batches cut off and begun again, index runs
** and their merging, checkpoints, backups. */
#include "store_util.h"

#include <fcntl.h>
#include <sys/wait.h>

static void blocks_when_appended_then_read_back(void **state) {
  (void)state;
  struct store *s = util_open();
  struct store_reader *r;
  struct store_standing st;
  struct store_block_row row;
  struct store_chunk c;
  struct util_block u;
  assert_int_equal(util_append(s, 0, 9), ERR_OK);
  assert_int_equal(store_reader_open(&r, s, 0, NULL), ERR_OK);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  assert_int_equal(st.head, 9);
  assert_int_equal(util_append(s, 10, 10), ERR_OK);
  for (u64 h = 0; h < 10; h++) {
    util_block_make(&u, h);
    assert_int_equal(store_read_block(r, &row, h), ERR_OK);
    assert_memory_equal(row.hash.b, u.b.hash.b, 32);
    assert_true(slice_eq(row.header, u.b.header));
    assert_int_equal(row.size, u.b.size);
    /* Entry 70 is in the chunk that begins with 64, entry 63 in that of 0. */
    assert_int_equal(store_read_chunk(r, &c, STORE_BODY, STORE_SEQ(h, 70)),
                     ERR_OK);
    assert_int_equal(c.seq, STORE_SEQ(h, 64));
    assert_int_equal(store_read_chunk(r, &c, STORE_BODY, STORE_SEQ(h, 63)),
                     ERR_OK);
    assert_int_equal(c.seq, STORE_SEQ(h, 0));
    assert_true(slice_eq(c.bytes, u.c[0].bytes));
  }
  /* Not in this reader's moment. */
  assert_int_equal(store_read_block(r, &row, 10), ERR_NOT_FOUND);
  assert_int_equal(store_read_chunk(r, &c, STORE_DIFF, STORE_SEQ(10, 0)),
                   ERR_NOT_FOUND);
  store_reader_end(r);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  assert_int_equal(store_read_block(r, &row, 10), ERR_OK);
  store_reader_close(r);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

/*---------------------------------------------------------------- batches */
enum { ROWS = 3000 };
struct rows {
  u8 key[ROWS][8], val[ROWS][40];
  struct store_row row[ROWS];
  struct store_entry entry[ROWS];
};
/* Key i with bytes that tell the version; every 7th of odd versions is to be
** deleted. */
static void rows_make(struct rows *t, u64 version) {
  for (u32 i = 0; i < ROWS; i++) {
    store_be64(t->key[i], (u64)i * 1000);
    memset(t->val[i], (int)version, sizeof t->val[i]);
    bool gone = version % 2 && i % 7 == 0;
    t->row[i] = (struct store_row){slice_of(t->key[i], 8),
                                   slice_of(t->val[i], gone ? 0 : 40)};
    t->entry[i] = (struct store_entry){(u64)i * 5, STORE_SEQ(version, i)};
  }
}
static void batch_of(struct store_batch *b, struct rows *t, u64 to) {
  memset(b, 0, sizeof *b);
  b->to = to;
  for (u32 k = 0; k < STORE_TABLE_CNT; k++) {
    b->row[k] = t->row;
    b->row_cnt[k] = ROWS;
  }
  for (u32 k = 0; k < STORE_INDEX_CNT; k++) {
    b->entry[k] = t->entry;
    b->entry_cnt[k] = ROWS;
  }
}

static u32 flush_all(struct store *s, const struct store_batch *b) {
  bool done = false;
  u32 steps = 0;
  assert_int_equal(store_flush_begin(s, b), ERR_OK);
  while (!done) {
    assert_int_equal(store_flush_step(s, STORE_SLICE_US, &done), ERR_OK);
    steps++;
  }
  return steps;
}

static void rows_check(struct store *s, u64 version) {
  struct store_reader *r;
  struct store_standing st;
  assert_int_equal(store_reader_open(&r, s, 0, NULL), ERR_OK);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  assert_int_equal(st.flushed, version);
  for (u32 k = 0; k < STORE_TABLE_CNT; k++) {
    for (u32 i = 0; i < ROWS; i += 3) {
      u8 key[8];
      slice val;
      store_be64(key, (u64)i * 1000);
      err e = store_read_row(r, &val, (enum store_table)k, slice_of(key, 8));
      if (version % 2 && i % 7 == 0) {
        assert_int_equal(e, ERR_NOT_FOUND);
      } else {
        assert_int_equal(e, ERR_OK);
        assert_int_equal(val.len, 40);
        assert_int_equal(val.ptr[39], version);
      }
    }
  }
  store_reader_close(r);
}

/* The process ends after each possible number of slices; the batch is begun
** again, and nothing stays of what was cut off. */
static void batch_when_cut_off_anywhere_then_begun_again(void **state) {
  (void)state;
  struct rows *t = malloc(sizeof *t);
  struct store_batch b;
  struct store *s = util_open();
  u32 cut_off = 0;
  rows_make(t, 0);
  assert_int_equal(util_append(s, 0, 0), ERR_OK);
  batch_of(&b, t, 0);
  assert_true(flush_all(s, &b) > 1);
  rows_check(s, 0);
  u64 version = 1;
  for (u32 cut = 1; cut < 60; cut += 3, version++) {
    struct store_standing st;
    rows_make(t, version);
    batch_of(&b, t, version);
    assert_int_equal(util_append(s, version, version), ERR_OK);
    assert_int_equal(store_flush_begin(s, &b), ERR_OK);
    bool done = false;
    for (u32 i = 0; i < cut && !done; i++) {
      s->flush.slice_rows = 1;
      assert_int_equal(store_flush_step(s, STORE_SLICE_US, &done), ERR_OK);
    }
    store_abandon(s);
    s = util_open();
    store_standing(s, &st);
    assert_int_equal(st.head, version);
    if (!done) {
      assert_int_equal(st.flushed, version - 1);
      cut_off++;
      flush_all(s, &b);
    }
    rows_check(s, version);
  }
  assert_true(cut_off > 5);
  assert_int_equal(store_close(s, NULL), ERR_OK);
  free(t);
}

/*--------------------------------------------------------------- fresh runs */
static err scan_cb(void *ctx, slice key, slice val) {
  u32 *cnt = ctx;
  assert_true(key.len == 7 || key.len == 8);
  assert_int_equal(val.len, 40);
  ++*cnt;
  return ERR_OK;
}
static err scan_some(void *ctx, slice key, slice val) {
  TRY(scan_cb(ctx, key, val));
  return *(u32 *)ctx == 5 ? 1 : ERR_OK;
}
static void scan_check(struct store *s, u64 version) {
  struct store_reader *r;
  struct store_standing st;
  u32 want = 0, cnt = 0;
  for (u32 i = 0; i < ROWS; i++) want += version % 2 == 0 || i % 7 != 0;
  assert_int_equal(store_reader_open(&r, s, 0, NULL), ERR_OK);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  assert_int_equal(store_read_rows(r, STORE_NODE, slice_of(NULL, 0), scan_cb,
                                   &cnt), ERR_OK);
  assert_int_equal(cnt, want * STORE_TABLE_CNT);
  cnt = 0; /* who has enough is given no more */
  assert_int_equal(store_read_rows(r, STORE_NODE, slice_of(NULL, 0), scan_some,
                                   &cnt), 1);
  assert_int_equal(cnt, 5);
  store_reader_close(r);
}

/* What a reader asks for in vain, also where a filter lets it pass, does not
** keep the moment at which it asked. */
static void reader_when_asked_in_vain_then_next_moment_seen(void **state) {
  (void)state;
  struct rows *t = malloc(sizeof *t);
  struct store_batch b;
  struct store *s = util_open();
  struct store_reader *r;
  struct store_standing st;
  assert_int_equal(store_reader_open(&r, s, 0, NULL), ERR_OK);
  for (u64 version = 0; version < 3; version++) {
    rows_make(t, version);
    batch_of(&b, t, version);
    assert_int_equal(util_append(s, version, version), ERR_OK);
    flush_all(s, &b);
    assert_int_equal(store_reader_begin(r, &st), ERR_OK);
    assert_int_equal(st.flushed, version);
    for (u32 i = 0; i < ROWS; i++) {
      u8 key[8];
      slice val;
      store_be64(key, (u64)i * 1000 + 1);
      assert_int_equal(store_read_row(r, &val, STORE_ACCOUNT, slice_of(key, 8)),
                       ERR_NOT_FOUND);
    }
    store_reader_end(r);
  }
  store_reader_close(r);
  assert_int_equal(store_close(s, NULL), ERR_OK);
  free(t);
}

/* Each row is younger in the runs in front than in its table: nobody may see
** the table's, at no step of merging and settling, nor when that is cut off. */
static void row_when_younger_in_front_then_never_stale(void **state) {
  (void)state;
  struct rows *t = malloc(sizeof *t);
  struct store_batch b;
  struct store *s = util_open();
  u32 half = 0, merging = 0;
  for (u64 version = 0; version < 24; version++) {
    rows_make(t, version);
    batch_of(&b, t, version);
    assert_int_equal(util_append(s, version, version), ERR_OK);
    flush_all(s, &b);
    assert_true(s->fresh.cnt > 0);
    rows_check(s, version);
    scan_check(s, version);
    store_vacuum(s, version % 8 > 5);
    bool more = true;
    for (u32 step = 0; more && step < 3 + 20 * version; step++) {
      s->settle.slice_rows = 1;
      assert_int_equal(store_upkeep_step(s, 20, &more), ERR_OK);
      half += s->settle.what == STORE_SETTLE_ROWS;
      merging += s->settle.what == STORE_SETTLE_MERGE;
      if (step % 8 == 0) rows_check(s, version);
      if (step % 64 == 0) scan_check(s, version);
    }
    if (version % 4 != 3) continue;
    store_abandon(s);
    s = util_open();
    rows_check(s, version);
    scan_check(s, version);
  }
  assert_true(half > 100);
  assert_true(merging > 10);
  store_vacuum(s, true);
  for (bool more = true; more;)
    assert_int_equal(store_upkeep_step(s, STORE_SLICE_US, &more), ERR_OK);
  assert_int_equal(s->fresh.cnt, 0);
  rows_check(s, 23);
  scan_check(s, 23);
  i64 pages = 0;
  assert_int_equal(store_conn_number(&s->conn,
                                     "SELECT count(*) FROM fresh_page",
                                     &pages), ERR_OK);
  assert_int_equal(pages, 0);
  assert_int_equal(store_close(s, NULL), ERR_OK);
  free(t);
}

/* Blocks are written between the slices of a batch. */
static void batch_when_blocks_come_then_both_stand(void **state) {
  (void)state;
  struct rows *t = malloc(sizeof *t);
  struct store_batch b;
  struct store *s = util_open();
  struct store_standing st;
  bool done = false;
  rows_make(t, 0);
  batch_of(&b, t, 0);
  assert_int_equal(util_append(s, 0, 0), ERR_OK);
  assert_int_equal(store_flush_begin(s, &b), ERR_OK);
  for (u64 h = 1; !done; h++) {
    s->flush.slice_rows = 1;
    assert_int_equal(store_flush_step(s, STORE_SLICE_US, &done), ERR_OK);
    assert_int_equal(util_append(s, h, h), ERR_OK);
    store_standing(s, &st);
    assert_int_equal(st.head, h);
  }
  assert_true(st.head > 20);
  rows_check(s, 0);
  assert_int_equal(store_close(s, NULL), ERR_OK);
  free(t);
}

/*------------------------------------------------------------------- runs */
struct found {
  u64 seq[4096];
  u32 cnt, stop_at;
};
static int found_cb(void *ctx, u64 seq) {
  struct found *f = ctx;
  assert_true(f->cnt < ARRAY_LEN(f->seq));
  f->seq[f->cnt++] = seq;
  return f->cnt == f->stop_at;
}

static int entry_cmp(const void *a, const void *b) {
  const struct store_entry *x = a, *y = b;
  if (x->key != y->key) return x->key < y->key ? -1 : 1;
  return x->seq < y->seq ? -1 : x->seq > y->seq;
}

enum { RUN_HEIGHTS = 400, RUN_PER = 61 };
/* Entries of a height: few keys, so that each has many entries. */
static void run_entries(struct store_entry *out, u64 height) {
  u64 x = height;
  for (u32 i = 0; i < RUN_PER; i++)
    out[i] = (struct store_entry){
        i % 3 ? util_random(&x) : i % 6 * 1000 + 7, STORE_SEQ(height, i)};
  qsort(out, RUN_PER, sizeof *out, entry_cmp);
}

static void run_check(struct store *s, u64 head, u64 oldest) {
  struct store_reader *r;
  struct store_standing st;
  static struct found f;
  struct store_entry e[RUN_PER];
  assert_int_equal(store_reader_open(&r, s, 0, NULL), ERR_OK);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  for (u64 h = 0; h <= head; h += 13) {
    run_entries(e, h);
    for (u32 i = 0; i < RUN_PER; i += 7) {
      if (e[i].key < 100000) continue;
      for (u32 k = 0; k < STORE_INDEX_CNT; k++) {
        f = (struct found){0};
        assert_int_equal(store_read_index(r, (enum store_index)k, e[i].key, 0,
                                          INT64_MAX, 0, found_cb, &f), ERR_OK);
        bool gone = k == STORE_INDEX_STATE && oldest && h <= oldest;
        if (!gone) assert_int_equal(f.cnt, 1);
        if (f.cnt) assert_int_equal(f.seq[0], e[i].seq);
      }
    }
  }
  /* A key of every height: in order, within the bounds asked for. */
  u64 lo = head / 3, hi = head / 2, want = 0;
  for (u64 h = lo; h <= hi; h++) {
    run_entries(e, h);
    for (u32 i = 0; i < RUN_PER; i++) want += e[i].key == 7;
  }
  f = (struct found){0};
  assert_int_equal(store_read_index(r, STORE_INDEX_LOG, 7, STORE_SEQ(lo, 0),
                                    STORE_SEQ(hi, STORE_SEQ_BLOCK),
                                    STORE_INDEX_OLDEST, found_cb, &f), ERR_OK);
  assert_int_equal(f.cnt, want);
  for (u32 i = 1; i < f.cnt; i++) assert_true(f.seq[i] > f.seq[i - 1]);
  assert_true(f.cnt == 0 || STORE_SEQ_HEIGHT(f.seq[0]) == lo);
  f = (struct found){.stop_at = 3};
  assert_int_equal(store_read_index(r, STORE_INDEX_LOG, 7, 0, INT64_MAX, 0,
                                    found_cb, &f), ERR_OK);
  assert_int_equal(f.cnt, 3);
  store_reader_close(r);
}

static u32 run_cnt(struct store *s, u32 kind) {
  struct store_run_list l = {0};
  u32 n = 0;
  assert_int_equal(store_run_load(&s->conn, &l), ERR_OK);
  for (u32 i = 0; i < l.cnt; i++)
    n += l.run[i].kind == kind && l.run[i].state == 0;
  store_run_list_fini(&l);
  return n;
}

static void runs_when_merged_then_all_found(void **state) {
  (void)state;
  struct store *s = util_open();
  static struct store_entry e[5][RUN_PER];
  static struct store_entry all[5 * RUN_PER];
  bool done, more;
  assert_int_equal(util_append(s, 0, RUN_HEIGHTS), ERR_OK);
  for (u64 h = 0; h < RUN_HEIGHTS; h += 5) {
    struct store_batch b = {.to = h + 4};
    for (u32 i = 0; i < 5; i++) run_entries(e[i], h + i);
    memcpy(all, e, sizeof all);
    qsort(all, ARRAY_LEN(all), sizeof *all, entry_cmp);
    for (u32 k = 0; k < STORE_INDEX_CNT; k++) {
      b.entry[k] = all;
      b.entry_cnt[k] = ARRAY_LEN(all);
    }
    done = false;
    assert_int_equal(store_flush_begin(s, &b), ERR_OK);
    while (!done)
      assert_int_equal(store_flush_step(s, STORE_SLICE_US, &done), ERR_OK);
    /* Sometimes little, sometimes all of the merging; sometimes cut off. */
    more = true;
    for (u32 i = 0; i < h % 7 && more; i++)
      assert_int_equal(store_upkeep_step(s, 20, &more), ERR_OK);
    if (h % 50 == 45) {
      store_abandon(s);
      s = util_open();
    }
    if (h % 75 == 70) run_check(s, h + 4, 0);
  }
  more = true;
  while (more) assert_int_equal(store_upkeep_step(s, 1000, &more), ERR_OK);
  for (u32 k = 0; k < STORE_INDEX_CNT; k++) {
    assert_true(run_cnt(s, k) > 0);
    assert_true(run_cnt(s, k) < 12);
  }
  run_check(s, RUN_HEIGHTS - 1, 0);
  i64 pages = 0, runs = 0;
  assert_int_equal(store_conn_number(&s->conn,
                                     "SELECT count(*) FROM run_page", &pages),
                   ERR_OK);
  assert_int_equal(store_conn_number(&s->conn, "SELECT count(*) FROM run",
                                     &runs), ERR_OK);
  /* Nothing is left of runs that were merged or cut off. */
  u64 least = (u64)STORE_INDEX_CNT * RUN_HEIGHTS * RUN_PER / STORE_RUN_FAN;
  assert_true((u64)pages >= least && (u64)pages < least + 3 * (u64)runs + 3);
  assert_int_equal(store_prune_below(s, 300, 0), ERR_OK);
  more = true;
  while (more) assert_int_equal(store_upkeep_step(s, 1000, &more), ERR_OK);
  run_check(s, RUN_HEIGHTS - 1, 300);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

/* Few entries a batch, as on a chain that began with millions: what is large is
** not written again for them. */
static void run_when_large_then_small_ones_merge_without_it(void **state) {
  (void)state;
  enum { LARGE = 20 * STORE_RUN_FAN, BATCHES = 40 };
  struct store *s = util_open();
  struct store_entry *e = malloc(LARGE * sizeof *e);
  for (u32 i = 0; i < LARGE; i++)
    e[i] = (struct store_entry){i * 7ull, STORE_SEQ(0, i % 1000)};
  i64 first = 0, still = 0;
  for (u64 h = 0; h < BATCHES; h++) {
    struct store_entry few = {h, STORE_SEQ(h, 1)};
    struct store_batch b = {.to = h, .entry = {h ? &few : e},
                            .entry_cnt = {h ? 1 : LARGE}};
    bool done = false, more = true;
    assert_int_equal(util_append(s, h, h), ERR_OK);
    assert_int_equal(store_flush_begin(s, &b), ERR_OK);
    while (!done)
      assert_int_equal(store_flush_step(s, STORE_SLICE_US, &done), ERR_OK);
    while (more)
      assert_int_equal(store_upkeep_step(s, STORE_SLICE_US, &more), ERR_OK);
    /* No slice is dearer, whatever there is to do. */
    assert_in_range(store_upkeep_cpu_us(s), 1, 20000);
    if (h == 0)
      assert_int_equal(store_conn_number(&s->conn, "SELECT min(id) FROM run",
                                         &first), ERR_OK);
  }
  assert_int_equal(store_conn_number(
      &s->conn, "SELECT id FROM run WHERE first = 0 AND state = 0", &still),
      ERR_OK);
  assert_int_equal(still, first);
  assert_true(run_cnt(s, 0) < 12);
  free(e);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

/* Several levels: more pages than one page of the tree names. */
static void run_when_large_then_every_entry_found(void **state) {
  (void)state;
  enum { CNT = STORE_RUN_FAN * STORE_RUN_FAN + 1000 };
  struct store *s = util_open();
  struct store_entry *e = malloc(CNT * sizeof *e);
  u64 x = 5;
  bool done = false;
  for (u32 i = 0; i < CNT; i++)
    e[i] = (struct store_entry){util_random(&x) >> 8, STORE_SEQ(0, i % 1000)};
  qsort(e, CNT, sizeof *e, entry_cmp);
  struct store_batch b = {.to = 0};
  b.entry[0] = e;
  b.entry_cnt[0] = CNT;
  assert_int_equal(util_append(s, 0, 0), ERR_OK);
  assert_int_equal(store_flush_begin(s, &b), ERR_OK);
  while (!done)
    assert_int_equal(store_flush_step(s, STORE_SLICE_US, &done), ERR_OK);
  struct store_reader *r;
  struct store_standing st;
  assert_int_equal(store_reader_open(&r, s, 0, NULL), ERR_OK);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  for (u32 i = 0; i < CNT; i += i < 2000 || i > CNT - 2000 ? 1 : 977) {
    static struct found f;
    f.cnt = f.stop_at = 0;
    assert_int_equal(store_read_index(r, STORE_INDEX_HASH, e[i].key, 0,
                                      INT64_MAX, 0, found_cb, &f), ERR_OK);
    assert_true(f.cnt >= 1);
    f.cnt = 0;
    assert_int_equal(store_read_index(r, STORE_INDEX_HASH, e[i].key + 1, 0,
                                      INT64_MAX, 0, found_cb, &f), ERR_OK);
    assert_true(f.cnt == 0 || (i + 1 < CNT && e[i + 1].key == e[i].key + 1));
  }
  store_reader_close(r);
  free(e);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

enum { HASHES = 5000 };
static void hash_entries(struct store_entry *out, u64 height, u32 cnt) {
  u64 x = height << 32;
  for (u32 i = 0; i < cnt; i++)
    out[i] = (struct store_entry){util_random(&x), STORE_SEQ(height, i % 1000)};
  qsort(out, cnt, sizeof *out, entry_cmp);
}
static void hash_flush(struct store *s, u64 height, u32 cnt) {
  static struct store_entry e[HASHES];
  struct store_batch b = {.to = height, .entry = {e}, .entry_cnt = {cnt}};
  bool done = false;
  hash_entries(e, height, cnt);
  assert_int_equal(util_append(s, height, height), ERR_OK);
  assert_int_equal(store_flush_begin(s, &b), ERR_OK);
  while (!done)
    assert_int_equal(store_flush_step(s, STORE_SLICE_US, &done), ERR_OK);
}
/* How often the key is in the index; *pages: and how many were read. */
static u32 hash_cnt(struct store_reader *r, u64 key, u32 *pages) {
  static struct found f;
  sqlite3_stmt *st = STORE_ST(&r->conn, page_read);
  f.cnt = f.stop_at = 0;
  sqlite3_stmt_status(st, SQLITE_STMTSTATUS_RUN, 1);
  assert_int_equal(store_read_index(r, STORE_INDEX_HASH, key, 0, INT64_MAX, 0,
                                    found_cb, &f), ERR_OK);
  *pages += (u32)sqlite3_stmt_status(st, SQLITE_STMTSTATUS_RUN, 0);
  return f.cnt;
}
static void hash_check(struct store_reader *r, u64 heights, u32 cnt) {
  static struct store_entry e[HASHES];
  u32 pages = 0;
  for (u64 h = 0; h < heights; h++) {
    hash_entries(e, h, cnt);
    for (u32 i = 0; i < cnt; i++)
      assert_int_equal(hash_cnt(r, e[i].key, &pages), 1);
  }
}

/* A hash that is nowhere costs next to nothing, whatever runs there are. */
static void hash_when_in_no_run_then_no_page_is_read(void **state) {
  (void)state;
  struct store *s = util_open();
  struct store_reader *r;
  struct store_standing st;
  u64 x = 99;
  u32 pages = 0;
  bool more = true;
  for (u64 h = 0; h < 4; h++) hash_flush(s, h, HASHES);
  assert_int_equal(store_reader_open(&r, s, 0, NULL), ERR_OK);
  for (u32 merged = 0; merged < 2; merged++) {
    assert_int_equal(store_reader_begin(r, &st), ERR_OK);
    assert_int_equal(hash_cnt(r, 1, &pages), 0);
    assert_true(pages > 4 * HASHES / STORE_RUN_FAN); /* all, to make filters */
    pages = 0;
    for (u32 i = 0; i < 2000; i++)
      assert_int_equal(hash_cnt(r, util_random(&x), &pages), 0);
    assert_in_range(pages, 1, 1000); /* without filters 16,000, 4,000 merged */
    hash_check(r, 4, HASHES);
    store_reader_end(r);
    while (more)
      assert_int_equal(store_upkeep_step(s, STORE_SLICE_US, &more), ERR_OK);
    assert_int_equal(run_cnt(s, STORE_INDEX_HASH), 1);
    pages = 0;
  }
  store_reader_close(r);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

/* Runs come and go; what is kept of them has a limit, and is of those in use. */
static void filters_when_runs_come_and_go_then_bounded(void **state) {
  (void)state;
  enum { BATCHES = 3 * STORE_FILTER_MAX, PER = 20 };
  struct store *s = util_open();
  struct store_filter_set *f = &s->fresh_set->filters;
  struct store_reader *r;
  struct store_standing st;
  assert_int_equal(store_reader_open(&r, s, 0, NULL), ERR_OK);
  for (u64 h = 0; h < BATCHES; h++) {
    bool more = true;
    u32 pages = 0, again = 0;
    hash_flush(s, h, PER);
    assert_int_equal(store_reader_begin(r, &st), ERR_OK);
    assert_int_equal(hash_cnt(r, h, &pages), 0);
    assert_true(pages > 0);
    assert_int_equal(hash_cnt(r, h, &again), 0);
    assert_true(again < pages); /* the new one's was made */
    if (h % 48 == 47) hash_check(r, h + 1, PER);
    store_reader_end(r);
    assert_true(f->cnt <= STORE_FILTER_MAX);
    u64 bytes = 0;
    for (u32 i = 0; i < f->cnt; i++)
      bytes += store_filter_bytes(f->of[i].run.cnt);
    assert_int_equal(f->bytes, bytes);
    while (more)
      assert_int_equal(store_upkeep_step(s, STORE_SLICE_US, &more), ERR_OK);
  }
  /* One too large to have one is searched. */
  struct store_run_list none = {0};
  struct store_run large = {.cnt = 1u << 30, .kind = STORE_INDEX_HASH};
  assert_int_equal(store_filter_ask(f, &large, &none, 1),
                   STORE_FILTER_PERHAPS);
  store_reader_close(r);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

/*------------------------------------------------- checkpoints and backups */
static void checkpoint_when_due_then_log_begins_again(void **state) {
  (void)state;
  struct store *s = util_open();
  assert_false(store_checkpoint_due(s, 1000));
  assert_int_equal(util_append(s, 0, 99), ERR_OK);
  assert_true(store_wal_bytes(s) > 100 * 8192);
  assert_false(store_checkpoint_due(s, 2000));
  assert_true(store_checkpoint_due(s, 1000 + STORE_CHECKPOINT_MS));
  /* Another process has the file open: later. */
  int pipe_in[2], pipe_out[2];
  char byte = 0;
  assert_int_equal(pipe(pipe_in) | pipe(pipe_out), 0);
  pid_t pid = fork();
  if (pid == 0) {
    int fd = open(util_path, O_RDONLY);
    if (fd < 0 || write(pipe_out[1], "o", 1) != 1) _exit(1);
    if (read(pipe_in[0], &byte, 1) != 1) _exit(1);
    close(fd);
    _exit(write(pipe_out[1], "c", 1) != 1);
  }
  assert_int_equal(read(pipe_out[0], &byte, 1), 1);
  assert_false(store_checkpoint_due(s, 2000 + STORE_CHECKPOINT_MS));
  assert_true(store_checkpoint_due(s, 3000 + STORE_CHECKPOINT_MS +
                                      STORE_FOREIGN_MS));
  assert_int_equal(write(pipe_in[1], "x", 1), 1);
  assert_int_equal(read(pipe_out[0], &byte, 1), 1);
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  u64 now = 3000 + STORE_CHECKPOINT_MS;
  assert_true(store_checkpoint_due(s, now));
  assert_int_equal(util_checkpoint(s, now), ERR_OK);
  assert_int_equal(store_wal_bytes(s), 0);
  assert_false(store_checkpoint_due(s, now + 2 * STORE_CHECKPOINT_MS));
  /* A plain copy of the file alone is whole, as of the checkpoint. */
  assert_int_equal(util_append(s, 100, 120), ERR_OK);
  char cmd[300], copy[128];
  snprintf(copy, sizeof copy, "%s/copy.db", util_dir);
  snprintf(cmd, sizeof cmd, "cp '%s' '%s'", util_path, copy);
  assert_int_equal(system(cmd), 0);
  struct store *t;
  struct store_standing st;
  assert_int_equal(store_open(&t, copy, 0, NULL), ERR_OK);
  store_standing(t, &st);
  assert_int_equal(st.head, 99);
  assert_int_equal(store_close(t, NULL), ERR_OK);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

/* Blocks, a setting that is overwritten, and readers come between the steps. */
static void checkpoint_when_others_come_between_then_whole(void **state) {
  (void)state;
  struct store *s = util_open();
  struct store_reader *r;
  struct store_standing st;
  struct store_checkpoint_stat stat;
  u8 *large = mem_alloc(4 << 20);
  u64 head = 0, steps = 0;
  bool more = true;
  assert_int_equal(store_reader_open(&r, s, 0, NULL), ERR_OK);
  assert_int_equal(util_append(s, 0, 0), ERR_OK);
  for (u8 i = 0; i < 3; i++) {
    memset(large, i, 4 << 20);
    assert_int_equal(store_meta_put(s, "large", slice_of(large, 4 << 20)),
                     ERR_OK);
  }
  assert_true(s->wal_pages > 1500);
  for (; more; steps++) {
    slice val;
    assert_int_equal(store_checkpoint_step(s, 1000, &more), ERR_OK);
    assert_int_equal(store_checkpoint_due(s, 1000), more);
    if (steps < 500 && more) {
      head++;
      assert_int_equal(util_append(s, head, head), ERR_OK);
    }
    if (steps == 0) {
      memset(large, 7, 4 << 20);
      assert_int_equal(store_meta_put(s, "large", slice_of(large, 4 << 20)),
                       ERR_OK);
    }
    if (steps % 50) continue;
    assert_int_equal(store_reader_begin(r, &st), ERR_OK);
    assert_int_equal(st.head, head);
    assert_int_equal(store_read_meta(r, &val, "large"), ERR_OK);
    assert_int_equal(val.len, 4 << 20);
    assert_int_equal(val.ptr[9999], 7);
    store_reader_end(r);
  }
  /* The setting came after the first pass had begun. */
  assert_true(steps > 2);
  assert_int_equal(store_wal_bytes(s), 0);
  store_checkpoint_stat(s, &stat);
  assert_int_equal(stat.cnt, 1);
  assert_true(stat.step_us > 0 && stat.last_us >= stat.step_us);
  /* The file alone has all, and the log's next round is another one. */
  char cmd[300], copy[128];
  struct store *t;
  struct errmsg msg;
  struct buf b;
  snprintf(copy, sizeof copy, "%s/copy.db", util_dir);
  snprintf(cmd, sizeof cmd, "cp '%s' '%s'", util_path, copy);
  assert_int_equal(system(cmd), 0);
  for (u32 round = 0; round < 2; round++) {
    assert_int_equal(store_open(&t, copy, 0, NULL), ERR_OK);
    store_standing(t, &st);
    assert_int_equal(st.head, head);
    buf_init(&b, 0);
    assert_int_equal(store_meta_get(t, &b, "large"), ERR_OK);
    assert_memory_equal(b.ptr, large, 4 << 20);
    buf_fini(&b);
    struct store_reader *tr;
    assert_int_equal(store_reader_open(&tr, t, 0, NULL), ERR_OK);
    assert_int_equal(store_integrity(tr, &msg), ERR_OK);
    store_reader_close(tr);
    assert_int_equal(store_close(t, NULL), ERR_OK);
    if (round) break;
    head++;
    assert_int_equal(util_append(s, head, head), ERR_OK);
    memset(large, 9, 4 << 20);
    assert_int_equal(store_meta_put(s, "large", slice_of(large, 4 << 20)),
                     ERR_OK);
    assert_int_equal(util_checkpoint(s, 2000), ERR_OK);
    assert_int_equal(system(cmd), 0);
  }
  mem_free(large);
  store_reader_close(r);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

/* Another process copies the log as ours begins: SQLite refuses our pass.  The
** lock is WAL_CKPT_LOCK, byte 121 of the log's index. */
static void checkpoint_when_another_copies_then_tried_again(void **state) {
  (void)state;
  struct store *s = util_open();
  int ready[2], end[2], status;
  char byte = 0, shm[128];
  bool more = true;
  assert_int_equal(util_append(s, 0, 50), ERR_OK);
  snprintf(shm, sizeof shm, "%s-shm", util_path);
  assert_int_equal(pipe(ready) | pipe(end), 0);
  pid_t pid = fork();
  if (pid == 0) {
    struct flock lock = {.l_type = F_WRLCK, .l_start = 121, .l_len = 1};
    int fd = open(shm, O_RDWR);
    if (fd < 0 || fcntl(fd, F_SETLK, &lock)) _exit(1);
    if (write(ready[1], "x", 1) != 1) _exit(1);
    _exit(read(end[0], &byte, 1) != 1);
  }
  assert_int_equal(read(ready[0], &byte, 1), 1);
  assert_int_equal(store_checkpoint_step(s, 1000, &more), ERR_OK);
  assert_true(more);
  while (!atomic_load(&s->checkpoint.ended)) usleep(100);
  assert_int_equal(s->checkpoint.rc, SQLITE_BUSY);
  assert_int_equal(write(end[1], "x", 1), 1);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_int_equal(util_checkpoint(s, 1000), ERR_OK);
  assert_int_equal(store_wal_bytes(s), 0);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

/* A reader stands in the log: what it does not need is copied, the rest when
** it has gone. */
static void checkpoint_when_reader_stands_then_later(void **state) {
  (void)state;
  struct store *s = util_open();
  struct store_reader *r;
  struct store_standing st;
  assert_int_equal(store_reader_open(&r, s, 0, NULL), ERR_OK);
  assert_int_equal(util_append(s, 0, 50), ERR_OK);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  assert_int_equal(util_append(s, 51, 99), ERR_OK);
  assert_int_equal(util_checkpoint(s, 1000), ERR_BUSY);
  assert_false(store_checkpoint_due(s, 1000));
  struct store_block_row row;
  assert_int_equal(store_read_block(r, &row, 50), ERR_OK);
  assert_int_equal(store_read_block(r, &row, 51), ERR_NOT_FOUND);
  store_reader_end(r);
  assert_int_equal(util_checkpoint(s, 2000), ERR_OK);
  assert_int_equal(store_wal_bytes(s), 0);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  assert_int_equal(st.head, 99);
  store_reader_close(r);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

static void backup_when_chain_goes_on_then_whole(void **state) {
  (void)state;
  struct store *s = util_open(), *t;
  struct store_backup *b;
  struct store_standing st;
  struct errmsg msg;
  char dest[128], part[140];
  bool done = false;
  u32 left, steps = 0;
  snprintf(dest, sizeof dest, "%s/backup.db", util_dir);
  snprintf(part, sizeof part, "%s.part", dest);
  u8 *large = calloc(1, 2 << 20);
  assert_int_equal(store_meta_put(s, "large", slice_of(large, 2 << 20)),
                   ERR_OK);
  free(large);
  assert_int_equal(util_append(s, 0, 200), ERR_OK);
  assert_int_equal(store_backup_begin(s, &b, dest, &msg), ERR_OK);
  u64 h = 201;
  while (!done) {
    assert_int_equal(store_backup_step(b, 1, &done, &left), ERR_OK);
    if (!done) assert_int_equal(util_append(s, h, h), ERR_OK);
    h += !done;
    steps++;
  }
  assert_true(steps > 3);
  assert_int_equal(store_backup_finish(b, &msg), ERR_OK);
  assert_int_equal(access(dest, F_OK), 0);
  assert_int_equal(access(part, F_OK), -1);
  snprintf(part, sizeof part, "%s-wal", dest);
  assert_int_equal(access(part, F_OK), -1);
  assert_int_equal(store_open(&t, dest, 0, &msg), ERR_OK);
  store_standing(t, &st);
  assert_int_equal(st.head, h - 1);
  assert_int_equal(store_close(t, NULL), ERR_OK);
  /* Never over another file; aborting leaves nothing. */
  assert_int_equal(store_backup_begin(s, &b, dest, &msg), ERR_EXISTS);
  strcat(dest, "2");
  assert_int_equal(store_backup_begin(s, &b, dest, &msg), ERR_OK);
  store_backup_abort(b);
  assert_int_equal(access(dest, F_OK), -1);
  assert_int_equal(util_append(s, h, h), ERR_OK);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

int main(void) {
#define CASE(name) \
  cmocka_unit_test_setup_teardown(name, util_setup, util_teardown)
  const struct CMUnitTest tests[] = {
      CASE(blocks_when_appended_then_read_back),
      CASE(batch_when_cut_off_anywhere_then_begun_again),
      CASE(reader_when_asked_in_vain_then_next_moment_seen),
      CASE(row_when_younger_in_front_then_never_stale),
      CASE(batch_when_blocks_come_then_both_stand),
      CASE(runs_when_merged_then_all_found),
      CASE(run_when_large_then_every_entry_found),
      CASE(run_when_large_then_small_ones_merge_without_it),
      CASE(hash_when_in_no_run_then_no_page_is_read),
      CASE(filters_when_runs_come_and_go_then_bounded),
      CASE(checkpoint_when_due_then_log_begins_again),
      CASE(checkpoint_when_others_come_between_then_whole),
      CASE(checkpoint_when_another_copies_then_tried_again),
      CASE(checkpoint_when_reader_stands_then_later),
      CASE(backup_when_chain_goes_on_then_whole),
  };
  return cmocka_run_group_tests_name("store_rows", tests, NULL, NULL);
}
