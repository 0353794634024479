/* test_proj_query.c - queries by whatever index give what looking at all rows
** gives: random words, conditions, orders and pages over a catalogue in which
** some values are rare and some frequent, and some words only where an order
** comes to last; of snapshots that are older than what is kept of words, and as
** old, and newer by few changes, by many, by all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "proj/proj_make.h"
#include "shop/shop_market.h"
#include "shop/shop_orders.h"

enum { QTEST_ROWS = 9000, QTEST_MOST = 10000, QTEST_ROUNDS = 80,
       QTEST_PAGE = 37, QTEST_PAGES = 6 };

struct qtest {
  char folder[64], path[96];
  struct store *s;
  struct proj *p;
  struct store_reader *r;
};

/*---------------------------------------------------------------- documents
** Which words a listing's document has follows from the document's number; the
** last is that of every other one of the oldest QTEST_OLD.  One more comes late,
** another never. */
enum { QTEST_DOCS = 61, QTEST_OLD = 4000 };
static bool qtest_late; /* it has come */
static const struct qtest_word {
  const char *word, *match; /* as asked for */
  u32 title, body;          /* in every so manieth; 0: in none */
} qtest_words[] = {
  {"common", "\"common\"", 0, 1}, {"redwood", "\"redw\"*", 3, 2},
  {"blueberry", "\"b\"*", 10, 4}, {"grapefruit", "\"grapefr\"*", 5, 0},
  {"rare", "\"rare\"", 60, 30}, {"missing", "\"missing\"", 0, 0},
  {"old", "\"ol\"*", 0, 60}, {"strawberries", "\"strawberri\"*", 0, 2}};
static hash32 qtest_doc[QTEST_DOCS + 2];
static bool qtest_has(const struct qtest_word *w, u32 doc, bool title) {
  if (doc > QTEST_DOCS || (doc == QTEST_DOCS && !qtest_late)) return false;
  bool in_title = w->title && doc % w->title == 1 % w->title;
  return in_title || (!title && w->body && doc % w->body == 0);
}
static void qtest_doc_text(char text[400], u32 doc) {
  snprintf(text, 400, "{\"body\":\"\u00a0");
  for (u32 title = 0; title < 2; title++) {
    for (u32 i = 0; i < ARRAY_LEN(qtest_words); i++) {
      struct qtest_word one = qtest_words[i];
      if (!title) one.title = 0;
      size_t at = strlen(text);
      if (qtest_has(&one, doc, title))
        snprintf(text + at, 400 - at, " %s", one.word);
    }
    size_t at = strlen(text);
    if (title) snprintf(text + at, 400 - at, " %u\"}", doc);
    else snprintf(text + at, 400 - at, "\",\"title\":\"Thing");
  }
}
static void qtest_doc_put(struct qtest *t, u32 doc) {
  struct proj_content c;
  struct errmsg msg;
  char text[400];
  qtest_doc_text(text, doc);
  assert_int_equal(proj_content_put(t->p, &c, slice_str(text), 5, &msg),
                   ERR_OK);
  qtest_doc[doc] = c.hash;
}
static void qtest_docs(struct qtest *t) {
  char text[400];
  for (u32 d = 0; d < QTEST_DOCS; d++) qtest_doc_put(t, d);
  qtest_late = true;
  qtest_doc_text(text, QTEST_DOCS);
  qtest_late = false;
  crypto_keccak256(&qtest_doc[QTEST_DOCS], text, strlen(text));
}

/* More rows than an index is read up to, in two states and two sellers that
** are rare. */
static void qtest_fill(struct qtest *t) {
  struct proj_make m = {.proj = t->p,
                        .b = {.modules = PROJ_ALL, .height = 1, .time_s = 9}};
  qtest_docs(t);
  assert_int_equal(store_table_begin(t->s), ERR_OK);
  for (u32 i = 0; i < QTEST_ROWS; i++) {
    m.id++;
    m.doc = qtest_doc[m.id < QTEST_OLD && m.id % 2
                          ? QTEST_DOCS - 1 : m.id * 7919 % (QTEST_DOCS - 1)];
    m.seed = i % 500 == 7 ? 31 + i % 3 : i % 2 * 50 + i % 9 / 8;
    assert_int_equal(proj_make_event(&m, PROJ_MARKET, "ListingSaved",
                                     &shop_market_table_listing), ERR_OK);
    assert_int_equal(proj_make_event(&m, PROJ_ORDERS, "OrderPlaced",
                                     &shop_orders_table_order), ERR_OK);
    if (i % 3) continue;
    assert_int_equal(proj_make_event(&m, PROJ_MARKET, "VariantsSaved", NULL),
                     ERR_OK);
    if (i % 90 == 0)
      assert_int_equal(proj_make_event(&m, PROJ_MARKET, "ListingState", NULL),
                       ERR_OK);
  }
  assert_int_equal(store_table_end(t->s, ERR_OK), ERR_OK);
}

static int qtest_open(void **state) {
  struct qtest *t = calloc(1, sizeof *t);
  struct errmsg msg = {""};
  struct store_standing st;
  crypto_init(NULL);
  snprintf(t->folder, sizeof t->folder, "/tmp/cm-query-XXXXXX");
  if (!mkdtemp(t->folder)) return -1;
  snprintf(t->path, sizeof t->path, "%s/q.db", t->folder);
  if (store_open(&t->s, t->path, STORE_CREATE | STORE_SCRATCH, &msg) ||
      proj_open(&t->p, t->s, &msg))
    return -1;
  qtest_fill(t);
  if (store_reader_open(&t->r, t->s, 0, &msg) ||
      store_reader_begin(t->r, &st))
    return -1;
  *state = t;
  return 0;
}
static int qtest_close(void **state) {
  struct qtest *t = *state;
  store_reader_close(t->r);
  proj_close(t->p);
  bool ok = store_close(t->s, NULL) == ERR_OK;
  unlink(t->path);
  rmdir(t->folder);
  free(t);
  return ok ? 0 : -1;
}

/*-------------------------------------------------------------- the answers */
struct qtest_row {
  i64 id;
  struct store_val by;      /* what it was ordered by */
  u8 bytes[32];
};
struct qtest_rows {
  struct qtest_row *row;
  u32 cnt;
  const struct store_query *q; /* rows that it does not want are left out */
};
static int qtest_val_cmp(const struct store_val *a, const struct store_val *b) {
  if (a->kind != STORE_BLOB) return a->num < b->num ? -1 : a->num > b->num;
  return memcmp(a->bytes.ptr, b->bytes.ptr, a->bytes.len);
}
static u32 qtest_col(const struct store_query *q, const char *name) {
  u32 i = 0;
  while (strcmp(q->table->col[i].name, name) != 0) i++;
  return i;
}
/* Words asked for, as bits of qtest_words; whether a row has all of them. */
static u32 qtest_asked;
static bool qtest_matches(const struct store_query *q,
                          const struct store_val *v, bool title) {
  const struct store_val *hash = &v[qtest_col(q, "doc")];
  u32 doc = 0;
  bool all = true;
  while (memcmp(qtest_doc[doc].b, hash->bytes.ptr, 32) != 0) doc++;
  for (u32 i = 0; i < ARRAY_LEN(qtest_words); i++)
    if (qtest_asked >> i & 1) all &= qtest_has(&qtest_words[i], doc, title);
  return all;
}
static bool qtest_wanted(const struct store_query *q,
                         const struct store_val *v) {
  if (qtest_asked && !qtest_matches(q, v, false)) return false;
  for (u32 i = 0; i < q->where_cnt; i++) {
    if (q->where[i].op == STORE_MATCH) continue;
    int c = qtest_val_cmp(&v[qtest_col(q, q->where[i].col)],
                          &q->where[i].val);
    if (q->where[i].op == STORE_EQ ? c != 0
        : q->where[i].op == STORE_GE ? c < 0 : c > 0)
      return false;
  }
  return !q->either[0] ||
         !qtest_val_cmp(&v[qtest_col(q, q->either[0])], &q->either_val) ||
         !qtest_val_cmp(&v[qtest_col(q, q->either[1])], &q->either_val);
}
static err qtest_take(void *ctx, const struct store_val *v, u32 cnt) {
  struct qtest_rows *l = ctx;
  if (l->q && !qtest_wanted(l->q, v)) return ERR_OK;
  struct qtest_row *row = &l->row[l->cnt++];
  const struct store_val *by = &v[cnt - 1];
  if (l->q)
    by = l->q->order ? &v[qtest_col(l->q, l->q->order)] : &v[cnt - 2];
  row->id = v[cnt - 2].num;
  row->by = *by;
  if (l->q && l->q->rank && qtest_matches(l->q, v, true))
    row->by.num += (i64)1 << 40;
  if (by->kind != STORE_BLOB) return ERR_OK;
  memcpy(row->bytes, by->bytes.ptr, by->bytes.len);
  return ERR_OK;
}
static bool qtest_up;
static int qtest_order(const void *a, const void *b) {
  struct qtest_row x = *(const struct qtest_row *)a;
  struct qtest_row y = *(const struct qtest_row *)b;
  x.by.bytes.ptr = x.bytes;
  y.by.bytes.ptr = y.bytes;
  int c = qtest_val_cmp(&x.by, &y.by);
  if (!c) c = x.id < y.id ? -1 : x.id > y.id;
  return qtest_up ? c : -c;
}

/* All rows in the query's order, by looking at each; by pages of the query. */
static void qtest_look(struct qtest *t, struct qtest_rows *out,
                       const struct store_query *q) {
  struct store_query all = {.table = q->table, .limit = 1u << 30};
  out->q = q;
  assert_int_equal(proj_query(t->r, &all, qtest_take, out), ERR_OK);
  qtest_up = q->up;
  qsort(out->row, out->cnt, sizeof *out->row, qtest_order);
}
static void qtest_page(struct qtest *t, struct qtest_rows *out,
                       struct store_query q, u32 pages) {
  q.limit = QTEST_PAGE;
  for (u32 i = 0, had = 0; i < pages; i++) {
    assert_int_equal(proj_query(t->r, &q, qtest_take, out), ERR_OK);
    if (out->cnt - had < q.limit) return;
    struct qtest_row *last = &out->row[out->cnt - 1];
    had = out->cnt;
    q.has_after = true;
    q.after = last->by;
    q.after.bytes.ptr = last->bytes;
    q.after_id = last->id;
  }
}

/*---------------------------------------------------------------- questions */
static u64 qtest_seed;
static u32 qtest_random(u32 below) {
  qtest_seed = qtest_seed * 6364136223846793005u + 1442695040888963407u;
  return (u32)(qtest_seed >> 33) % below;
}
static void qtest_where(struct store_query *q, const char *col,
                        enum store_op op, struct store_val v) {
  q->where[q->where_cnt++] = (struct store_where){col, op, v};
}
static const u8 *qtest_party(u32 n) {
  static u8 party[60][20];
  party[n][19] = (u8)n;
  return party[n];
}
static const u8 *qtest_money(u32 n) {
  static u8 money[8][16];
  static u32 next;
  u8 *at = money[next++ % 8];
  memset(at, 0, 16);
  store_be32(at + 12, n);
  return at;
}
static struct store_val qtest_who(void) {
  static const u8 who[] = {1, 2, 32, 33, 34, 51};
  return store_blob(slice_of(qtest_party(who[qtest_random(6)]), 20));
}

static struct store_query qtest_listings(void) {
  static const char *const order[] = {"price", "sold", "rating", "created_at",
                                      NULL};
  struct store_query q = {.table = proj_table(PROJ_T_market_listing)};
  if (qtest_random(4)) qtest_where(&q, "state", STORE_EQ, store_num(1));
  if (!qtest_random(4)) qtest_where(&q, "seller", STORE_EQ, qtest_who());
  if (!qtest_random(4))
    qtest_where(&q, "category", STORE_EQ, store_num(qtest_random(22)));
  if (!qtest_random(3)) qtest_where(&q, "in_stock", STORE_EQ, store_num(1));
  if (!qtest_random(4))
    qtest_where(&q, "rating", STORE_GE, store_num(qtest_random(900)));
  if (!qtest_random(3)) {
    u32 least = qtest_random(90000);
    qtest_where(&q, "price", STORE_GE,
                store_blob(slice_of(qtest_money(least), 16)));
    qtest_where(&q, "price", STORE_LE,
                store_blob(slice_of(qtest_money(least + qtest_random(40000)),
                                    16)));
  }
  q.order = order[qtest_random(5)];
  q.up = qtest_random(2);
  return q;
}
/* And some words, in no order or one of them. */
static struct store_query qtest_worded(void) {
  static char match[128];
  struct store_query q = qtest_listings();
  match[0] = 0;
  qtest_asked = 0;
  while (!qtest_asked || !qtest_random(3)) {
    u32 i = qtest_random(ARRAY_LEN(qtest_words));
    size_t at = strlen(match);
    if (qtest_asked >> i & 1) break;
    qtest_asked |= 1u << i;
    snprintf(match + at, sizeof match - at, " %s", qtest_words[i].match);
  }
  qtest_where(&q, "market_fts", STORE_MATCH, store_text(slice_str(match)));
  if (qtest_random(2)) return q;
  q.rank = "title";
  q.order = "created_at";
  q.up = false;
  return q;
}
static struct store_query qtest_orders(void) {
  static const char *const order[] = {"created_at", "deadline", "total", NULL};
  struct store_query q = {.table = proj_table(PROJ_T_order_order)};
  if (!qtest_random(3)) qtest_where(&q, "seller", STORE_EQ, qtest_who());
  if (!qtest_random(3)) {
    q.either[0] = "buyer";
    q.either[1] = "seller";
    q.either_val = qtest_who();
  }
  if (!qtest_random(3)) qtest_where(&q, "state", STORE_EQ, store_num(1));
  if (!qtest_random(3)) {
    u32 from = 1000000 + qtest_random(QTEST_ROWS);
    qtest_where(&q, "created_at", STORE_GE, store_num(from));
    qtest_where(&q, "created_at", STORE_LE, store_num(from + 700));
  }
  q.order = order[qtest_random(4)];
  q.up = qtest_random(2);
  return q;
}

static u32 qtest_run(struct qtest *t, struct store_query (*ask)(void),
                     u32 rounds) {
  qtest_asked = 0;
  struct qtest_rows want = {.row = malloc(QTEST_MOST * sizeof *want.row)};
  struct qtest_rows got = {.row = malloc((QTEST_MOST + QTEST_PAGE) *
                                         sizeof *got.row)};
  u32 some = 0;
  for (u32 i = 0; i < rounds; i++) {
    struct store_query q = ask();
    want.cnt = got.cnt = 0;
    qtest_look(t, &want, &q);
    qtest_page(t, &got, q, QTEST_PAGES);
    u32 cnt = want.cnt < QTEST_PAGES * QTEST_PAGE ? want.cnt
                                                  : QTEST_PAGES * QTEST_PAGE;
    assert_int_equal(got.cnt, cnt);
    for (u32 k = 0; k < cnt; k++)
      assert_int_equal(got.row[k].id, want.row[k].id);
    some += cnt > 0;
  }
  free(want.row);
  free(got.row);
  return some;
}
static void qtest_run_some(struct qtest *t, struct store_query (*ask)(void),
                           u32 rounds) {
  assert_true(qtest_run(t, ask, rounds) > rounds / 8);
}

static void listings_when_asked_by_pages_then_as_looked_at(void **state) {
  qtest_seed = 11;
  qtest_run_some(*state, qtest_listings, QTEST_ROUNDS);
}
static void words_when_asked_by_pages_then_as_looked_at(void **state) {
  qtest_seed = 13;
  qtest_run_some(*state, qtest_worded, 3 * QTEST_ROUNDS);
}
static void orders_when_asked_by_pages_then_as_looked_at(void **state) {
  qtest_seed = 12;
  qtest_run_some(*state, qtest_orders, QTEST_ROUNDS);
}

/* Listings of other documents than before, and new ones. */
static void qtest_edit(struct qtest *t, u32 cnt, u32 apart) {
  static u32 made = QTEST_ROWS;
  struct proj_make m = {.proj = t->p,
                        .b = {.modules = PROJ_ALL, .height = 3, .time_s = 9}};
  assert_int_equal(store_table_begin(t->s), ERR_OK);
  for (u32 i = 0, from = qtest_random(QTEST_ROWS); i < cnt; i++) {
    bool new = made < QTEST_MOST && !qtest_random(4);
    m.id = new ? ++made : 1 + (from + i * apart) % QTEST_ROWS;
    m.seed = qtest_random(50);
    m.doc = qtest_doc[qtest_random(8) ? qtest_random(QTEST_DOCS + 1)
                                      : QTEST_DOCS + 1];
    assert_int_equal(proj_make_event(&m, PROJ_MARKET, "ListingSaved",
                                     &shop_market_table_listing), ERR_OK);
  }
  assert_int_equal(store_table_end(t->s, ERR_OK), ERR_OK);
}
static void qtest_now(struct qtest *t, struct store_reader *old) {
  struct store_standing st;
  struct qtest now = *t;
  assert_int_equal(store_reader_open(&now.r, t->s, 0, NULL), ERR_OK);
  assert_int_equal(store_reader_begin(now.r, &st), ERR_OK);
  qtest_run(&now, qtest_worded, 8);
  store_reader_close(now.r);
  if (!old) return;
  now.r = old; /* its snapshot */
  qtest_run(&now, qtest_worded, 2);
}
static void words_when_rows_change_then_as_looked_at(void **state) {
  static const struct { u32 cnt, apart; } edit[] = {
    {1, 1}, {2, 5000}, {20, 1}, {0, 1}, {30, 300}, {40, 170}, {250, 7},
    {300, 2}, {1, 1}, {1600, 3}, {5, 1000}};
  struct qtest *t = *state;
  qtest_seed = 14;
  for (u32 i = 0; i < 2 * ARRAY_LEN(edit); i++) {
    u32 at = i % ARRAY_LEN(edit);
    if (i == ARRAY_LEN(edit)) { /* the rows that name it were made before it */
      qtest_late = true;
      qtest_doc_put(t, QTEST_DOCS);
    }
    qtest_edit(t, edit[at].cnt, edit[at].apart);
    qtest_now(t, t->r);
  }
}
static void words_when_more_than_are_kept_then_as_looked_at(void **state) {
  struct qtest *t = *state;
  qtest_seed = 16;
  for (u32 i = 0; i < 1200; i++) { /* the oldest go, among them what comes next */
    char match[32];
    struct qtest_rows none = {.cnt = 0};
    struct store_query q = {.table = proj_table(PROJ_T_market_listing),
                            .limit = 1};
    snprintf(match, sizeof match, "\"nothing%u\"", i);
    qtest_where(&q, "market_fts", STORE_MATCH, store_text(slice_str(match)));
    assert_int_equal(proj_query(t->r, &q, qtest_take, &none), ERR_OK);
    assert_int_equal(none.cnt, 0);
    if (i % 400 == 0) qtest_now(t, t->r);
  }
}
static void words_when_tables_are_made_anew_then_none_of_before(void **state) {
  struct qtest *t = *state;
  qtest_seed = 15;
  qtest_now(t, NULL);
  assert_int_equal(store_table_begin(t->s), ERR_OK);
  assert_int_equal(proj_clear(t->p, PROJ_ALL), ERR_OK);
  assert_int_equal(store_table_end(t->s, proj_filled(t->p)), ERR_OK);
  qtest_now(t, t->r);
  qtest_edit(t, 40, 1);
  qtest_now(t, t->r);
}

/* The numbers of listings that are in stock: by the column, by the variants. */
static err qtest_count(void *ctx, const struct store_val *v, u32 cnt) {
  (void)cnt;
  *(u32 *)ctx += v[0].num != 0;
  return ERR_OK;
}
static void stock_when_variants_change_then_told_by_the_listing(void **state) {
  struct qtest *t = *state;
  struct store_query q = {.table = proj_table(PROJ_T_market_listing),
                          .only = {"in_stock"}, .limit = 1u << 30};
  u32 cnt = 0;
  assert_int_equal(proj_query(t->r, &q, qtest_count, &cnt), ERR_OK);
  assert_int_equal(cnt, QTEST_ROWS / 3); /* each third has a variant */
}

/* Orders and listings of 20 days that change, some of them to and fro. */
static void qtest_trade(struct qtest *t) {
  struct proj_make m = {.proj = t->p, .apart = 4321, .id = 20000,
                        .b = {.modules = PROJ_ALL, .height = 2}};
  assert_int_equal(store_table_begin(t->s), ERR_OK);
  for (u32 i = 0; i < 400; i++) {
    m.id++;
    m.seed = i;
    m.state = 0;
    m.b.time_s = 1000000 + m.id * m.apart;
    assert_int_equal(proj_make_event(&m, PROJ_MARKET, "ListingSaved",
                                     &shop_market_table_listing), ERR_OK);
    assert_int_equal(proj_make_event(&m, PROJ_ORDERS, "OrderPlaced",
                                     &shop_orders_table_order), ERR_OK);
    if (i % 2) assert_int_equal(proj_make_event(&m, PROJ_ORDERS, "Released",
                                                NULL), ERR_OK);
    if (i % 5 == 1)
      assert_int_equal(proj_make_event(&m, PROJ_ORDERS, "Refunded", NULL),
                       ERR_OK);
    for (m.state = 1 + i % 4; m.state <= i % 9 + 1; m.state += 1 + i % 3)
      assert_int_equal(proj_make_event(&m, PROJ_ORDERS, "OrderState", NULL),
                       ERR_OK);
    m.state = 1 + i % 3;
    assert_int_equal(proj_make_event(&m, PROJ_MARKET, "ListingState", NULL),
                     ERR_OK);
    if (i % 4) assert_int_equal(proj_make_event(&m, PROJ_MARKET, "ReviewSaved",
                                                NULL), ERR_OK);
  }
  assert_int_equal(store_table_end(t->s, ERR_OK), ERR_OK);
}

struct qtest_text {
  char text[4096];
};
static err qtest_print(void *ctx, const struct store_val *v, u32 cnt) {
  struct qtest_text *t = ctx;
  for (u32 i = 0; i < cnt; i++) {
    size_t at = strlen(t->text);
    snprintf(t->text + at, sizeof t->text - at, "%lld ", (long long)v[i].num);
    for (size_t k = 0; k < v[i].bytes.len; k++) {
      at = strlen(t->text);
      snprintf(t->text + at, sizeof t->text - at, "%02x", v[i].bytes.ptr[k]);
    }
  }
  return ERR_OK;
}
static void qtest_ask(struct store_reader *r, struct qtest_text *out,
                      const char *name, u64 from, u64 to, u32 cnt) {
  struct store_val v[4] = {store_num(from), store_num(to)};
  out->text[0] = 0;
  assert_int_equal(proj_named(r, name, v, cnt, qtest_print, out), ERR_OK);
}
static void tallies_when_trade_changes_then_as_counted(void **state) {
  struct qtest *t = *state;
  struct store_reader *r;
  struct store_standing st;
  struct qtest_text is, was;
  enum { FIRST = 1000000 + 20000 * 4321, SECONDS = 400 * 4321 };
  qtest_trade(t);
  assert_int_equal(store_reader_open(&r, t->s, 0, NULL), ERR_OK);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  for (u32 i = 0; i < 60; i++) {
    u64 from = i < 2 ? 0 : FIRST + qtest_random(SECONDS);
    u64 to = i == 0 ? (u64)1 << 62 : from + qtest_random(SECONDS >> i % 8);
    if (i % 7 == 3) from -= from % 86400;
    if (i % 7 > 4) to -= to % 86400 + 1;
    qtest_ask(r, &is, "market_counts_all", from, to, 2);
    qtest_ask(r, &was, "market_counts", from, to, 4);
    assert_string_equal(is.text, was.text);
    qtest_ask(r, &is, "market_volume_all", from, to, 2);
    qtest_ask(r, &was, "market_volume", from, to, 4);
    assert_string_equal(is.text, was.text);
  }
  qtest_ask(r, &is, "market_counts_all", FIRST, FIRST + SECONDS, 2);
  assert_null(strstr(is.text, " 0 ")); /* all occur */
  store_reader_close(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(listings_when_asked_by_pages_then_as_looked_at),
    cmocka_unit_test(words_when_asked_by_pages_then_as_looked_at),
    cmocka_unit_test(orders_when_asked_by_pages_then_as_looked_at),
    cmocka_unit_test(stock_when_variants_change_then_told_by_the_listing),
    cmocka_unit_test(words_when_rows_change_then_as_looked_at),
    cmocka_unit_test(words_when_more_than_are_kept_then_as_looked_at),
    cmocka_unit_test(words_when_tables_are_made_anew_then_none_of_before),
    cmocka_unit_test(tallies_when_trade_changes_then_as_counted),
  };
  return cmocka_run_group_tests_name("proj_query", tests, qtest_open,
                                     qtest_close);
}
