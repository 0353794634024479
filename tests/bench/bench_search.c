/* bench_search.c - searches over 100,000 listings (or argv[1]) while blocks are
** written: p50, p99 of each kind of market_search's query with its 50 rows and
** their documents, and how fast events become rows.  JSON lines.
**
** Between two searches a block with ten events of the Market is written, so
** every search is on a new snapshot. */
#include <unistd.h>

#include "bench/bench_goods.h"
#include "shop/shop_market.h"

#define BENCH_ROUNDS 200u

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
  hash32 doc[64];
};
static err bench_row(void *ctx, const struct store_val *v, u32 cnt) {
  struct bench_rows *r = ctx;
  if (r->cnt < ARRAY_LEN(r->doc))
    for (u32 i = 0; i < cnt; i++)
      if (v[i].kind == STORE_BLOB && v[i].bytes.len == 32 && i < cnt - 5)
        memcpy(r->doc[r->cnt].b, v[i].bytes.ptr, 32);
  r->cnt++;
  return ERR_OK;
}
static void bench_where(struct store_query *q, const char *col,
                        enum store_op op, struct store_val v) {
  q->where[q->where_cnt++] = (struct store_where){col, op, v};
}

struct bench_kind {
  const char *name;
  void (*make)(struct store_query *q, u32 round);
};
static char bench_words[64];
static void bench_match(struct store_query *q, const char *fmt, u32 n) {
  snprintf(bench_words, sizeof bench_words, fmt, n);
  bench_where(q, "market_fts", STORE_MATCH,
              store_text(slice_str(bench_words)));
}
static void bench_rare(struct store_query *q, u32 r) {
  bench_match(q, "\"word%u\"*", r * 7 % 2000);
  q->rank = "title";
  q->order = "created_at";
}
static void bench_common(struct store_query *q, u32 r) {
  (void)r;
  bench_match(q, "\"common\"*", 0);
  q->rank = "title";
  q->order = "created_at";
}
static void bench_common_price(struct store_query *q, u32 r) {
  (void)r;
  bench_match(q, "\"common\"", 0);
  q->order = "price";
  q->up = true;
}
static void bench_new(struct store_query *q, u32 r) {
  (void)r;
  q->order = "created_at";
}
static void bench_price(struct store_query *q, u32 r) {
  bench_where(q, "category", STORE_EQ, store_num(r % 20));
  q->order = "price";
  q->up = true;
}
static void bench_stock(struct store_query *q, u32 r) {
  (void)r;
  bench_where(q, "in_stock", STORE_EQ, store_num(1));
  q->order = "rating";
}
static void bench_nothing(struct store_query *q, u32 r) {
  (void)r;
  bench_where(q, "kind", STORE_EQ, store_num(4));
  q->order = "created_at";
}
static void bench_facets(struct store_query *q, u32 r) {
  (void)r;
  bench_match(q, "\"common\"", 0);
  q->only[0] = "category";
  q->only[1] = "seller";
  q->limit = 5000;
}
static const struct bench_kind bench_kinds[] = {
  {"rare_word", bench_rare}, {"common_word", bench_common},
  {"common_word_by_price", bench_common_price}, {"newest", bench_new},
  {"category_by_price", bench_price}, {"in_stock_by_rating", bench_stock},
  {"nothing_found", bench_nothing}, {"facets", bench_facets}};

static void bench_run(struct store *s, struct proj_make *m,
                      struct store_reader *r, const struct bench_kind *k) {
  double took[BENCH_ROUNDS];
  char name[64];
  struct arena a;
  arena_init(&a, 1u << 16, 16u << 20);
  for (u32 i = 0; i < BENCH_ROUNDS; i++) {
    struct store_query q = {.table = proj_table(PROJ_T_market_listing),
                            .limit = 50};
    struct bench_rows rows = {0};
    struct store_standing st;
    if (i % 4 == 0) bench_block(s, m, 5);
    double begin = bench_now_us();
    MUST(store_reader_begin(r, &st) == ERR_OK);
    bench_where(&q, "state", STORE_EQ, store_num(1));
    k->make(&q, i);
    MUST(proj_query(r, &q, bench_row, &rows) == ERR_OK);
    for (u32 d = 0; d < rows.cnt && d < 50 && !q.only[0]; d++) {
      struct proj_content c;
      struct arena_mark mark = arena_mark(&a);
      err e = proj_content_get(r, &c, &rows.doc[d], &a);
      MUST(e == ERR_OK || e == ERR_NOT_FOUND);
      arena_reset(&a, mark);
    }
    store_reader_end(r);
    took[i] = bench_now_us() - begin;
  }
  arena_fini(&a);
  for (u32 p = 50; p <= 99; p += 49) {
    snprintf(name, sizeof name, "%s_p%u", k->name, p);
    bench_tell(name, bench_goods_percentile(took, BENCH_ROUNDS, p) / 1000,
               "ms");
  }
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
  for (u32 i = 0; i < ARRAY_LEN(bench_kinds); i++)
    bench_run(s, &m, r, &bench_kinds[i]);
  store_reader_close(r);
  proj_close(m.proj);
  MUST(store_close(s, &msg) == ERR_OK);
  unlink(path);
  rmdir(folder);
  return 0;
}
#undef BENCH_ROUNDS
