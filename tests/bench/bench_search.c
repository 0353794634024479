/* bench_search.c - searches over 100,000 listings (or argv[1]) while blocks are
** written: words x filter x order x page of market_search, each with each, with
** their rows and these rows' documents, and how fast events become rows.  Of
** each words and order the time of this thread, p50 and p99 over filters and
** pages, and its slowest combination by p50; then of all together.  argv[2]:
** each combination that has this in its name ("": all) with its own line.
** JSON lines.
**
** After each fourth search a block with ten events of the Market is written, so
** searches are on new snapshots. */
#include <unistd.h>

#include "bench/bench_goods.h"
#include "shop/shop_market.h"

#define BENCH_ROUNDS 8u
#define BENCH_PAGE 50u

static double bench_now_us(void) {
  return bench_goods_clock_us(CLOCK_THREAD_CPUTIME_ID);
}
static void bench_tell(const char *name, double v, const char *unit) {
  printf("{\"name\":\"search_%s\",\"value\":%.2f,\"unit\":\"%s\"}\n", name, v,
         unit);
  fflush(stdout);
}

/* cnt new listings and their changes of stock, in one transaction. */
static void bench_block(struct store *s, struct proj_make *m, u32 cnt) {
  static const struct bench_goods_event of[] = {
    {PROJ_MARKET, "ListingSaved", &shop_market_table_listing},
    {PROJ_MARKET, "VariantsSaved", NULL}};
  MUST(store_table_begin(s) == ERR_OK);
  err e = ERR_OK;
  m->b.height++;
  m->log_idx = 0;
  for (u32 i = 0; i < cnt && !e; i++)
    e = bench_goods_next(m, of, ARRAY_LEN(of));
  if (!e) e = proj_block_end(m->proj, &m->b, true);
  MUST(store_table_end(s, e) == ERR_OK);
}

struct bench_rows {
  u32 cnt;
  hash32 doc[BENCH_PAGE];
  struct store_val last; /* what the last was ordered by */
  u8 last_bytes[16];
  i64 last_id;
};
static err bench_row(void *ctx, const struct store_val *v, u32 cnt) {
  struct bench_rows *r = ctx;
  if (r->cnt < ARRAY_LEN(r->doc))
    for (u32 i = 0; i < cnt; i++)
      if (v[i].kind == STORE_BLOB && v[i].bytes.len == 32 && i < cnt - 5)
        memcpy(r->doc[r->cnt].b, v[i].bytes.ptr, 32);
  r->cnt++;
  r->last = v[cnt - 1];
  r->last_id = v[cnt - 2].num;
  if (r->last.kind == STORE_BLOB) memcpy(r->last_bytes, r->last.bytes.ptr, 16);
  return ERR_OK;
}
static void bench_where(struct store_query *q, const char *col,
                        enum store_op op, struct store_val v) {
  q->where[q->where_cnt++] = (struct store_where){col, op, v};
}

/* What is searched: words, a filter, an order and a page, each with each. */
static const struct bench_words {
  const char *name, *match; /* a %u: another word each time */
} bench_words[] = {
  {"any", NULL}, {"rare", "\"word%u\"*"}, {"common", "\"common\"*"},
  {"prefix", "\"com\"*"}, {"two", "\"common\" \"word%u\"*"},
  {"two_common", "\"common\" \"w\"*"}, {"old", "\"old\""},
  {"dear", "\"dear\""}, {"no_word", "\"missing\""}};

static struct store_val bench_money(u64 n) {
  static u8 money[2][16];
  static u32 next;
  u8 *at = money[next++ % 2];
  memset(at, 0, 16);
  store_be64(at + 8, n);
  return store_blob(slice_of(at, 16));
}
static void bench_no_filter(struct store_query *q, u32 r) { (void)q, (void)r; }
static void bench_category(struct store_query *q, u32 r) {
  bench_where(q, "category", STORE_EQ, store_num(r % 20));
}
static void bench_price(struct store_query *q, u32 r) {
  bench_where(q, "price", STORE_GE, bench_money(20000 + r));
  bench_where(q, "price", STORE_LE, bench_money(70000 + r));
}
static void bench_price_narrow(struct store_query *q, u32 r) {
  bench_where(q, "price", STORE_GE, bench_money(50000 + r));
  bench_where(q, "price", STORE_LE, bench_money(50100 + r));
}
static void bench_stock(struct store_query *q, u32 r) {
  (void)r;
  bench_where(q, "in_stock", STORE_EQ, store_num(1));
}
static void bench_no_stock(struct store_query *q, u32 r) {
  (void)r;
  bench_where(q, "in_stock", STORE_EQ, store_num(0));
}
static void bench_rating(struct store_query *q, u32 r) {
  (void)r;
  bench_where(q, "rating", STORE_GE, store_num(100));
}
static void bench_seller(struct store_query *q, u32 r) {
  static u8 seller[20];
  seller[19] = (u8)(1 + r % 50);
  bench_where(q, "seller", STORE_EQ, store_blob(slice_of(seller, 20)));
}
static void bench_no_kind(struct store_query *q, u32 r) {
  (void)r;
  bench_where(q, "kind", STORE_EQ, store_num(4));
}
static const struct bench_filter {
  const char *name;
  void (*add)(struct store_query *q, u32 round);
} bench_filters[] = {
  {"all", bench_no_filter}, {"category", bench_category},
  {"price", bench_price}, {"price_narrow", bench_price_narrow},
  {"in_stock", bench_stock}, {"out_of_stock", bench_no_stock},
  {"rating", bench_rating}, {"seller", bench_seller},
  {"no_kind", bench_no_kind}};

static const struct bench_order {
  const char *name, *col, *rank;
  bool up;
} bench_orders[] = {
  {"relevance", "created_at", "title", false},
  {"new", "created_at", NULL, false}, {"price", "price", NULL, true},
  {"dear_first", "price", NULL, false}, {"rating", "rating", NULL, false},
  {"sold", "sold", NULL, false}};

static const u32 bench_pages[] = {1, 20};

struct bench_kind {
  const struct bench_words *words;
  const struct bench_filter *filter;
  const struct bench_order *order;
  u32 page;
};
static void bench_ask(struct store_query *q, const struct bench_kind *k,
                      u32 round) {
  static char match[64];
  *q = (struct store_query){.table = proj_table(PROJ_T_market_listing),
                            .order = k->order->col, .up = k->order->up,
                            .limit = BENCH_PAGE};
  bench_where(q, "state", STORE_EQ, store_num(1));
  k->filter->add(q, round);
  if (!k->words->match) return;
  snprintf(match, sizeof match, k->words->match, round * 7 % 2000);
  bench_where(q, "market_fts", STORE_MATCH, store_text(slice_str(match)));
  q->rank = k->order->rank;
}

struct bench_search {
  struct store *s;
  struct proj_make *m;
  struct store_reader *r;
  struct arena a;
  u32 round;
};
/* One search: of a page that is not the first, what the one before ends with is
** found first, untimed. */
static double bench_search(struct bench_search *b, const struct bench_kind *k) {
  struct store_query q;
  struct bench_rows rows = {0};
  struct store_standing st;
  if (b->round++ % 4 == 0) bench_block(b->s, b->m, 5);
  bench_ask(&q, k, b->round);
  if (k->page > 1) {
    MUST(store_reader_begin(b->r, &st) == ERR_OK);
    q.limit = BENCH_PAGE * (k->page - 1);
    MUST(proj_query(b->r, &q, bench_row, &rows) == ERR_OK);
    store_reader_end(b->r);
    q.limit = BENCH_PAGE;
    q.has_after = rows.cnt > 0;
    q.after = rows.last;
    if (q.after.kind == STORE_BLOB) q.after.bytes.ptr = rows.last_bytes;
    q.after_id = rows.last_id;
  }
  rows.cnt = 0;
  double begin = bench_now_us();
  MUST(store_reader_begin(b->r, &st) == ERR_OK);
  MUST(proj_query(b->r, &q, bench_row, &rows) == ERR_OK);
  for (u32 d = 0; d < rows.cnt; d++) {
    struct proj_content c;
    struct arena_mark mark = arena_mark(&b->a);
    err e = proj_content_get(b->r, &c, &rows.doc[d], &b->a);
    MUST(e == ERR_OK || e == ERR_NOT_FOUND);
    arena_reset(&b->a, mark);
  }
  store_reader_end(b->r);
  return (bench_now_us() - begin) / 1000;
}

struct bench_taken {
  double ms[ARRAY_LEN(bench_words) * ARRAY_LEN(bench_orders) *
            ARRAY_LEN(bench_filters) * ARRAY_LEN(bench_pages) * BENCH_ROUNDS];
  u32 cnt;
  double worst; /* of the medians of combinations */
  char name[96];
};
static void bench_name(char *out, size_t room, const struct bench_kind *k) {
  snprintf(out, room, "%s %s %s %u", k->words->name, k->filter->name,
           k->order->name, k->page);
}
/* BENCH_ROUNDS searches of a kind. */
static void bench_run(struct bench_search *b, const struct bench_kind *k,
                      struct bench_taken *of[2], const char *tell) {
  double took[BENCH_ROUNDS];
  char name[96];
  bench_name(name, sizeof name, k);
  if (tell && !strstr(name, tell)) return;
  for (u32 i = 0; i < BENCH_ROUNDS; i++) {
    took[i] = bench_search(b, k);
    for (u32 n = 0; n < 2; n++) of[n]->ms[of[n]->cnt++] = took[i];
  }
  double p50 = bench_goods_percentile(took, BENCH_ROUNDS, 50);
  if (tell)
    printf("{\"name\":\"search %s\",\"value\":%.2f,\"unit\":\"ms\","
           "\"most\":%.2f}\n", name, p50, took[BENCH_ROUNDS - 1]);
  for (u32 n = 0; n < 2; n++) {
    if (p50 <= of[n]->worst) continue;
    of[n]->worst = p50;
    memcpy(of[n]->name, name, sizeof name);
  }
}
static void bench_summary(const char *name, struct bench_taken *t) {
  if (!t->cnt) return;
  double p50 = bench_goods_percentile(t->ms, t->cnt, 50);
  double p99 = bench_goods_percentile(t->ms, t->cnt, 99);
  printf("{\"name\":\"search_%s\",\"value\":%.2f,\"unit\":\"ms\","
         "\"p50\":%.2f,\"worst_p50\":%.2f,\"worst\":\"%s\"}\n", name, p99,
         p50, t->worst, t->name);
  fflush(stdout);
  *t = (struct bench_taken){.cnt = 0};
}
static void bench_searches(struct bench_search *b, const char *tell) {
  static struct bench_taken some, all;
  struct bench_taken *of[2] = {&some, &all};
  struct bench_kind k;
  char name[64];
  for (u32 w = 0; w < ARRAY_LEN(bench_words); w++)
    for (u32 o = !bench_words[w].match; o < ARRAY_LEN(bench_orders); o++) {
      for (u32 f = 0; f < ARRAY_LEN(bench_filters); f++)
        for (u32 p = 0; p < ARRAY_LEN(bench_pages); p++) {
          k = (struct bench_kind){&bench_words[w], &bench_filters[f],
                                  &bench_orders[o], bench_pages[p]};
          bench_run(b, &k, of, tell);
        }
      snprintf(name, sizeof name, "%s_%s", bench_words[w].name,
               bench_orders[o].name);
      bench_summary(name, &some);
    }
  bench_summary("all", &all);
}

/* What market_facets counts. */
static void bench_facets(struct bench_search *b) {
  double took[10 * BENCH_ROUNDS];
  struct store_standing st;
  for (u32 i = 0; i < ARRAY_LEN(took); i++) {
    struct bench_rows rows = {0};
    struct store_query q;
    const struct bench_kind k = {&bench_words[2], &bench_filters[0],
                                 &bench_orders[1], 1};
    bench_block(b->s, b->m, 5);
    bench_ask(&q, &k, i);
    q.only[0] = "category";
    q.only[1] = "seller";
    q.limit = 5000;
    double begin = bench_now_us();
    MUST(store_reader_begin(b->r, &st) == ERR_OK);
    MUST(proj_query(b->r, &q, bench_row, &rows) == ERR_OK);
    store_reader_end(b->r);
    took[i] = (bench_now_us() - begin) / 1000;
  }
  bench_tell("facets_p50", bench_goods_percentile(took, ARRAY_LEN(took), 50),
             "ms");
  bench_tell("facets_p99", bench_goods_percentile(took, ARRAY_LEN(took), 99),
             "ms");
}

int main(int argc, char **argv) {
  u32 cnt = argc > 1 ? (u32)strtoul(argv[1], NULL, 10) : 100000;
  struct errmsg msg = {""};
  struct store *s;
  struct store_reader *r;
  char folder[] = "/tmp/cm-search-XXXXXX", path[64];
  struct proj_make m = {.b = {.modules = PROJ_ALL, .time_s = 1000}};
  MUST(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/s.db", folder);
  MUST(store_open(&s, path, STORE_CREATE | STORE_SCRATCH, &msg) == ERR_OK);
  MUST(proj_open(&m.proj, s, &msg) == ERR_OK);
  double begin = bench_now_us(), put = 0;
  MUST(bench_goods_keep(&m, cnt, &msg) == ERR_OK);
  put = bench_now_us() - begin;
  bench_tell("content_put", put / cnt, "us");
  begin = bench_now_us();
  for (u32 done = 0; done < cnt; done += 1000) bench_block(s, &m, 1000);
  bench_tell("events", 2e6 * cnt / (bench_now_us() - begin), "events/s");
  MUST(store_reader_open(&r, s, 8u << 20, &msg) == ERR_OK);
  struct bench_search b = {s, &m, r, {0}, 0};
  arena_init(&b.a, 1u << 16, 16u << 20);
  bench_searches(&b, argc > 2 ? argv[2] : NULL);
  bench_facets(&b);
  arena_fini(&b.a);
  store_reader_close(r);
  proj_close(m.proj);
  MUST(store_close(s, &msg) == ERR_OK);
  unlink(path);
  rmdir(folder);
  return 0;
}
#undef BENCH_ROUNDS
#undef BENCH_PAGE
