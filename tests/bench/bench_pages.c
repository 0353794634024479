/* bench_pages.c - what the dashboard's pages ask, of a node whose catalogue is
** large, while it makes blocks; for pages.sh.
**
**   bench_pages fill FILE COUNT   a stopped node's file gets COUNT listings,
**       with documents, and COUNT orders: in the tables alone, as if there had
**       been such events (bench_goods.h), under ids from 10,000,000 on, of 50
**       sellers and buyers; lists are asked of these, single records of the
**       chain's own
**   bench_pages ask URL ROUNDS [WORD]   asks each row below ROUNDS times (only
**       those with WORD in their names), one after the other, each on a
**       connection of its own
**
** JSON lines: p50 and p99 in ms of each row; "pages_search" of all searches
** together; "pages_slowest" the worst p99 of all. */
#include "bench/bench_goods.h"
#include "rpc/rpc_client.h"
#include "shop/shop_market.h"
#include "shop/shop_orders.h"

enum { PAGES_FIRST = 10000000, PAGES_BLOCK = 1000, PAGES_ROUNDS_MAX = 10000 };
#define PAGES_PARTY "0x0000000000000000000000000000000000000007"

/* A %u in the parameters is a number that changes from round to round. */
static const struct {
  const char *name, *method, *params;
} pages_row[] = {
#define ROW(name, method, params) {name, method, params},
  ROW("search_newest", "market_search", "{}")
  ROW("search_word", "market_search", "{\"q\":\"word%u\"}")
  ROW("search_two_words", "market_search", "{\"q\":\"word%u word7\"}")
  ROW("search_common", "market_search", "{\"q\":\"common\"}")
  ROW("search_common_by_price", "market_search",
      "{\"q\":\"common\",\"sort\":\"price\"}")
  ROW("search_category", "market_search",
      "{\"category\":\"0x3\",\"sort\":\"price\"}")
  ROW("search_price", "market_search",
      "{\"priceMin\":\"0x1000\",\"priceMax\":\"0x8000\",\"sort\":\"sold\"}")
  ROW("search_in_stock", "market_search",
      "{\"inStock\":true,\"sort\":\"rating\"}")
  ROW("search_rating", "market_search",
      "{\"minRating\":\"0x64\",\"sort\":\"new\"}")
  ROW("search_price_narrow", "market_search",
      "{\"priceMin\":\"0x1000\",\"priceMax\":\"0x1010\",\"sort\":\"sold\"}")
  ROW("search_platform", "market_search", "{\"platform\":\"0x1\"}")
  ROW("search_zone", "market_search", "{\"zone\":\"DE\",\"sort\":\"price\"}")
  ROW("search_seller", "market_search", "{\"seller\":\"" PAGES_PARTY "\"}")
  ROW("search_nothing", "market_search", "{\"kind\":\"0x4\"}")
  ROW("facets", "market_facets", "{\"q\":\"common\"}")
  ROW("facets_all", "market_facets", "{}")
  ROW("listing", "market_get", "\"0x1\"")
  ROW("variants", "market_variants", "{\"listing\":\"0x9896c9\"}")
  ROW("reviews", "market_reviews", "{\"listing\":\"0x9896c9\"}")
  ROW("coupons", "market_coupons", "{\"seller\":\"" PAGES_PARTY "\"}")
  ROW("ship_tables", "market_shipTables", "{\"seller\":\"" PAGES_PARTY "\"}")
  ROW("messages", "market_messages", "{\"party\":\"" PAGES_PARTY "\"}")
  ROW("orders_sold", "order_list", "{\"seller\":\"" PAGES_PARTY "\"}")
  ROW("orders_bought", "order_list", "{\"buyer\":\"" PAGES_PARTY "\"}")
  ROW("orders_party", "order_list", "{\"party\":\"" PAGES_PARTY "\"}")
  ROW("orders_state", "order_list",
      "{\"seller\":\"" PAGES_PARTY "\",\"state\":\"paid\"}")
  ROW("orders_month", "order_list",
      "{\"seller\":\"" PAGES_PARTY "\",\"from\":10900000,\"to\":11040000}")
  ROW("orders_by_total", "order_list",
      "{\"buyer\":\"" PAGES_PARTY "\",\"sort\":\"total\"}")
  ROW("orders_of_listing", "order_list", "{\"listing\":\"0x9896c9\"}")
  ROW("orders_all", "order_list", "{}")
  ROW("order", "order_get", "\"0x1\"")
  ROW("todo", "order_todo", "\"" PAGES_PARTY "\"")
  ROW("takings", "order_summary",
      "{\"seller\":\"" PAGES_PARTY "\",\"period\":\"month\"}")
  ROW("states", "order_states", "{\"seller\":\"" PAGES_PARTY "\"}")
  ROW("customers", "order_customers", "{\"seller\":\"" PAGES_PARTY "\"}")
  ROW("escrow", "order_list", "{\"seller\":\"" PAGES_PARTY
      "\",\"heldMin\":\"0x1\",\"sort\":\"deadline\"}")
  ROW("invoices", "order_invoices", "{\"seller\":\"" PAGES_PARTY "\"}")
  ROW("plans", "order_plans", "{\"seller\":\"" PAGES_PARTY "\"}")
  ROW("subscriptions", "order_subscriptions",
      "{\"buyer\":\"" PAGES_PARTY "\"}")
  ROW("platforms", "platform_list", "{}")
  ROW("posts", "platform_posts", "{\"listing\":\"0x9896c9\"}")
  ROW("categories", "platform_categories", "{}")
  ROW("identity", "id_get", "\"" PAGES_PARTY "\"")
  ROW("reputation", "id_reputation", "\"" PAGES_PARTY "\"")
  ROW("claims", "id_claims", "{\"subject\":\"" PAGES_PARTY "\"}")
  ROW("consents", "id_consents", "{\"subject\":\"" PAGES_PARTY "\"}")
  ROW("operators", "id_operators", "{\"anchor\":\"" PAGES_PARTY "\"}")
  ROW("disputes", "mediation_list", "{\"party\":\"" PAGES_PARTY "\"}")
  ROW("mediators", "mediation_mediators", "{}")
  ROW("court", "court_list", "{\"party\":\"" PAGES_PARTY "\"}")
  ROW("rulings", "court_rulings", "{}")
  ROW("timers", "timer_list", "{}")
  ROW("block", "eth_getBlockByNumber", "\"latest\",true")
  ROW("credits", "cm_credits", "\"" PAGES_PARTY "\"")
#undef ROW
};
#define PAGES_ROWS ARRAY_LEN(pages_row)

static double pages_now_ms(void) {
  return bench_goods_clock_us(CLOCK_MONOTONIC) / 1e3;
}
static _Noreturn void pages_die(const char *what, const char *why) {
  fprintf(stderr, "bench_pages: %s: %.400s\n", what, why);
  exit(1);
}

/*-------------------------------------------------------------------- filling */

static void pages_fill(const char *path, u32 cnt) {
  static const struct bench_goods_event of[] = {
    {PROJ_MARKET, "ListingSaved", &shop_market_table_listing},
    {PROJ_MARKET, "VariantsSaved", NULL},
    {PROJ_ORDERS, "OrderPlaced", &shop_orders_table_order}};
  struct errmsg msg = {""};
  struct store *s;
  struct store_standing st;
  struct proj_make m = {.b = {.modules = PROJ_ALL, .time_s = 1000},
                        .id = PAGES_FIRST};
  if (store_open(&s, path, STORE_SCRATCH, &msg) || proj_open(&m.proj, s, &msg))
    pages_die(path, msg.text);
  store_standing(s, &st);
  m.b.height = st.head < 0 ? 0 : (u64)st.head;
  if (bench_goods_keep(&m, cnt, &msg)) pages_die("a document", msg.text);
  for (u32 done = 0; done < cnt; done += PAGES_BLOCK) {
    err e = store_table_begin(s);
    for (u32 i = done; i < cnt && i < done + PAGES_BLOCK && !e; i++)
      e = bench_goods_next(&m, of, ARRAY_LEN(of));
    if (store_table_end(s, e)) pages_die("a row", store_error(s));
  }
  proj_close(m.proj);
  if (store_close(s, &msg)) pages_die(path, msg.text);
  printf("{\"name\":\"pages_listings\",\"value\":%u,\"unit\":\"listings\"}\n",
         cnt);
}

/*--------------------------------------------------------------------- asking */

static double pages_ask(const char *url, u32 row, u32 round,
                        struct buf *reply) {
  struct errmsg msg = {""};
  struct buf body;
  buf_init(&body, 0);
  buf_clear(reply);
  buf_printf(&body, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
             "\"params\":[", pages_row[row].method);
  for (const char *p = pages_row[row].params; *p; p++)
    if (p[0] == '%' && p[1] == 'u') buf_printf(&body, "%u", round * 7 % 2000), p++;
    else buf_put(&body, p, 1);
  buf_put_str(&body, "]}");
  double begun = pages_now_ms();
  if (rpc_client_post(reply, url, buf_slice(&body), 64u << 20, 60000, &msg))
    pages_die(pages_row[row].name, msg.text);
  double took = pages_now_ms() - begun;
  buf_put(reply, "", 1);
  if (strstr((char *)reply->ptr, "\"error\""))
    pages_die(pages_row[row].name, (char *)reply->ptr);
  buf_fini(&body);
  return took;
}

static double pages_tell(const char *name, double *ms, u32 cnt, size_t bytes) {
  double p99 = bench_goods_percentile(ms, cnt, 99);
  printf("{\"name\":\"pages_%s\",\"value\":%.2f,\"unit\":\"ms\",\"p50\":%.2f,"
         "\"asked\":%u,\"reply_bytes\":%zu}\n", name, p99, ms[cnt / 2], cnt,
         bytes);
  fflush(stdout);
  return p99;
}

static void pages_asked(const char *url, u32 rounds, const char *word) {
  double *ms = mem_alloc(sizeof *ms * rounds * PAGES_ROWS);
  size_t bytes[PAGES_ROWS];
  struct buf reply;
  double worst = 0;
  u32 searches = 0;
  buf_init(&reply, 0);
  for (u32 i = 0; i < rounds; i++)
    for (u32 k = 0; k < PAGES_ROWS; k++) {
      if (!strstr(pages_row[k].name, word)) continue;
      ms[k * rounds + i] = pages_ask(url, k, i, &reply);
      bytes[k] = reply.len;
    }
  for (u32 k = 0; k < PAGES_ROWS; k++) {
    if (!strstr(pages_row[k].name, word)) continue;
    double p99 = pages_tell(pages_row[k].name, ms + k * rounds, rounds,
                            bytes[k]);
    searches += !strcmp(pages_row[k].method, "market_search");
    if (p99 > worst) worst = p99;
  }
  if (!*word) pages_tell("search", ms, searches * rounds, 0); /* first rows */
  printf("{\"name\":\"pages_slowest\",\"value\":%.2f,\"unit\":\"ms\"}\n",
         worst);
  buf_fini(&reply);
  mem_free(ms);
}

int main(int argc, char **argv) {
  u32 cnt = argc >= 4 ? (u32)strtoul(argv[3], NULL, 10) : 0;
  crypto_init(NULL);
  if (cnt && !strcmp(argv[1], "fill")) {
    pages_fill(argv[2], cnt);
  } else if (cnt && cnt <= PAGES_ROUNDS_MAX && !strcmp(argv[1], "ask")) {
    pages_asked(argv[2], cnt, argc > 4 ? argv[4] : "");
  } else if (argc != 1) { /* alone, as "make bench" runs it: nothing to ask */
    pages_die("usage", "bench_pages fill FILE COUNT | ask URL ROUNDS");
  }
  return 0;
}
#undef PAGES_PARTY
#undef PAGES_ROWS
