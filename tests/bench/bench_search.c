/* bench_search.c - searches over 100,000 listings (or argv[1]) while blocks are
** written: p50, p99 of each kind of market_search's query with its 50 rows and
** their documents, and how fast events become rows.  JSON lines.
**
** Each listing has a document of eight words of 2,000 and a word that all have.
** Between two searches a block with ten events of the Market is written, so
** every search is on a new snapshot. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "proj/proj_make.h"
#include "shop/shop_market.h"

#define BENCH_ROUNDS 200u

static double bench_now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}
static void bench_tell(const char *name, double v, const char *unit) {
  printf("{\"name\":\"search_%s\",\"value\":%.2f,\"unit\":\"%s\"}\n", name, v,
         unit);
  fflush(stdout);
}

static u32 bench_doc(char *out, size_t room, u64 id) {
  u64 x = id * 0x9e3779b97f4a7c15u;
  int n = snprintf(out, room, "{\"body\":\"common");
  for (u32 i = 0; i < 6; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    n += snprintf(out + n, room - (size_t)n, " word%u", (u32)(x >> 40) % 2000);
  }
  n += snprintf(out + n, room - (size_t)n, "\",\"title\":\"Thing %u word%u\"}",
                (u32)id, (u32)(x >> 33) % 2000);
  return (u32)n;
}

/* cnt new listings and their changes of stock, in one transaction. */
static void bench_block(struct store *s, struct proj_make *m, u32 cnt) {
  MUST(store_table_begin(s) == ERR_OK);
  err e = ERR_OK;
  m->b.height++;
  m->log_idx = 0;
  for (u32 i = 0; i < cnt && !e; i++) {
    char doc[400];
    m->id++;
    m->seed++;
    crypto_keccak256(&m->doc, doc, bench_doc(doc, sizeof doc, m->id));
    e = proj_make_event(m, PROJ_MARKET, "ListingSaved",
                        &shop_market_table_listing);
    if (!e) e = proj_make_event(m, PROJ_MARKET, "VariantsSaved", NULL);
  }
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
static int bench_cmp(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
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
  q->rank_fts = "market_fts";
  q->rank_weights = "10,1,4,2";
}
static void bench_common(struct store_query *q, u32 r) {
  (void)r;
  bench_match(q, "\"common\"*", 0);
  q->rank_fts = "market_fts";
  q->rank_weights = "10,1,4,2";
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
  bench_where(q, "part_in_stock", STORE_PART, store_num(0));
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
  q->group = "category";
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
    for (u32 d = 0; d < rows.cnt && d < 50 && !q.group; d++) {
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
  qsort(took, BENCH_ROUNDS, sizeof *took, bench_cmp);
  snprintf(name, sizeof name, "%s_p50", k->name);
  bench_tell(name, took[BENCH_ROUNDS / 2] / 1000, "ms");
  snprintf(name, sizeof name, "%s_p99", k->name);
  bench_tell(name, took[BENCH_ROUNDS * 99 / 100] / 1000, "ms");
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
  for (u32 id = 1; id <= cnt; id++) {
    struct proj_content c;
    char doc[400];
    err e = proj_content_put(m.proj, &c, slice_of(doc, bench_doc(doc,
                             sizeof doc, id)), 100, &msg);
    MUST(e == ERR_OK);
  }
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
