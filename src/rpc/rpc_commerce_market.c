/* rpc_commerce_market.c - methods of the Market beside its lists: search,
** facets, one listing, conversations, export. */
#include <stdio.h>

#include "rpc/rpc_commerce.h"
#include "rpc/rpc_param.h"

#define MARKET_FACET_ROWS 5000u
#define MARKET_FACET_VALUES 100u
#define MARKET_STATS_END ((u64)1 << 62) /* of time */
#define MARKET_EXPORT_ROWS 100000u
#define MARKET_EXPORT_BYTES (64u << 20)

/*------------------------------------------------------------------ search */
static err market_where_state(struct rpc_shop *q, struct store_query *sq,
                              const struct rpc_value *v) {
  struct errmsg msg;
  slice text;
  char word[32];
  u8 state;
  if (rpc_param_string(&text, v, "a state's word", &msg) < 0)
    return rpc_fail(q->c, RPC_ERR_PARAMS, "state: %s", msg.text);
  snprintf(word, sizeof word, "%.*s", (int)text.len, text.ptr);
  if (!strcmp(word, "any")) return ERR_OK;
  if (!proj_state_number(PROJ_MARKET, 1, word, &state))
    return rpc_fail(q->c, RPC_ERR_PARAMS, "state: any, active, paused, expired, "
                    "closed or suspended");
  rpc_shop_where(sq, "state", STORE_EQ, store_num(state));
  return ERR_OK;
}
/* A table's zone serves when it is this one, its country, or everywhere. */
static err market_where_zone(struct rpc_shop *q, struct store_query *sq,
                             const struct rpc_value *v) {
  struct errmsg msg;
  slice text;
  if (rpc_param_string(&text, v, "text", &msg) < 0 || text.len > 8)
    return rpc_fail(q->c, RPC_ERR_PARAMS, "zone: a country or region of up to "
                    "8 letters, such as DE or US-CA");
  slice country = text;
  for (size_t i = 0; i < text.len; i++)
    if (text.ptr[i] == '-') {
      country.len = i;
      break;
    }
  rpc_shop_where(sq, "part_zone", STORE_PART, store_text(text));
  rpc_shop_where(sq, "part_zone", STORE_MORE, store_text(country));
  return ERR_OK;
}

/* A platform that is open shows what was posted to it, or all but what it took
** off, as its shownOn has it; another shows nothing, for no order names it. */
static err market_where_platform(struct rpc_shop *q, struct store_query *sq,
                                 const struct rpc_value *v) {
  struct rpc_rows rows = {.a = q->c->a};
  struct errmsg msg;
  u64 id;
  if (rpc_param_count(&id, v, &msg) < 0)
    return rpc_fail(q->c, RPC_ERR_PARAMS, "platform: %s", msg.text);
  struct store_val val = store_num(id);
  TRY(proj_named(q->s, "platform_mode", &val, 1, rpc_rows_add, &rows));
  bool all = rows.cnt && rows.row[0].v[0].num == 0;
  if (all) rpc_shop_where(sq, "part_platform_all", STORE_PART, val);
  else rpc_shop_where(sq, "among_posted", STORE_AMONG, val);
  return ERR_OK;
}

err rpc_shop_where_market(struct rpc_shop *q, struct store_query *sq,
                          const char *name, const struct rpc_value *v) {
  struct errmsg msg;
  slice text;
  bool flag;
  if (!strcmp(name, "state")) return market_where_state(q, sq, v);
  if (!strcmp(name, "zone")) return market_where_zone(q, sq, v);
  if (!strcmp(name, "platform")) return market_where_platform(q, sq, v);
  if (!strcmp(name, "inStock")) {
    if (rpc_param_bool(&flag, v, &msg) < 0)
      return rpc_fail(q->c, RPC_ERR_PARAMS, "inStock: %s", msg.text);
    if (flag)
      rpc_shop_where(sq, "in_stock", STORE_EQ, store_num(1));
    return ERR_OK;
  }
  if (!strcmp(name, "sort")) { /* relevance */
    sq->order = "created_at";
    for (u32 i = 0; i < sq->where_cnt; i++)
      if (sq->where[i].op == STORE_MATCH) sq->rank = "title";
    return ERR_OK;
  }
  if (rpc_param_string(&text, v, "text", &msg) < 0)
    return rpc_fail(q->c, RPC_ERR_PARAMS, "q: %s", msg.text);
  slice match = rpc_shop_match(q->c->a, text);
  if (match.len)
    rpc_shop_where(sq, "market_fts", STORE_MATCH, store_text(match));
  return ERR_OK;
}

/* Only what is on sale, unless a state was asked for; by relevance when words
** were, and no order. */
static err market_query(struct rpc_shop *q, struct store_query *sq) {
  const struct rpc_list *l = &RPC_LISTS[RPC_L_market_search];
  struct rpc_value none = {.kind = RPC_NONE};
  struct rpc_value relevance = {.kind = RPC_STRING,
                                .str = slice_str("relevance")};
  TRY(rpc_shop_query(q, sq, l, q->c->arg[0].given ? &q->c->arg[0].any : &none));
  if (rpc_shop_arg(q->c, "state").kind == RPC_NONE)
    rpc_shop_where(sq, "state", STORE_EQ, store_num(1));
  if (rpc_shop_arg(q->c, "q").kind == RPC_STRING &&
      rpc_shop_arg(q->c, "sort").kind == RPC_NONE) {
    TRY(rpc_shop_where_market(q, sq, "sort", &relevance));
  }
  return ERR_OK;
}

err rpc_do_market_search(struct rpc_call *c) {
  struct rpc_shop q;
  struct store_query sq = {0};
  TRY(rpc_shop_begin(c, &q));
  err e = market_query(&q, &sq);
  if (!e) e = rpc_shop_page(&q, &RPC_LISTS[RPC_L_market_search], &sq);
  return e < 0 ? rpc_shop_fail(&q, e) : ERR_OK;
}

/*------------------------------------------------------------------ facets
** Counted over at most MARKET_FACET_ROWS listings, which are read once. */
static const struct market_facet {
  const char *name;
  u8 kind;
} market_facets[] = {
  {"category", STORE_INT}, {"kind", STORE_INT}, {"token", STORE_ADDR},
  {"seller", STORE_ADDR}};
_Static_assert(ARRAY_LEN(market_facets) <= STORE_ONLY_MAX, "columns of a query");

struct market_count {
  struct store_val v;
  u32 cnt;
};
static int market_value_cmp(const void *a, const void *b) {
  const struct store_val *x = &((const struct market_count *)a)->v;
  const struct store_val *y = &((const struct market_count *)b)->v;
  if (x->num != y->num) return x->num < y->num ? -1 : 1;
  if (x->bytes.len != y->bytes.len) return x->bytes.len < y->bytes.len ? -1 : 1;
  return x->bytes.len ? memcmp(x->bytes.ptr, y->bytes.ptr, x->bytes.len) : 0;
}
static int market_count_cmp(const void *a, const void *b) {
  u32 x = ((const struct market_count *)a)->cnt;
  u32 y = ((const struct market_count *)b)->cnt;
  return x != y ? (x > y ? -1 : 1) : market_value_cmp(a, b);
}

/* What column `at` of the rows has, most frequent first. */
static err market_facet_put(struct rpc_shop *q, u32 at,
                            const struct rpc_rows *rows) {
  struct jsonw *w = &q->c->w;
  struct market_count *all =
      arena_array(q->c->a, struct market_count, rows->cnt + 1);
  u32 cnt = 0;
  if (!all) return ERR_LIMIT;
  for (u32 i = 0; i < rows->cnt; i++)
    all[i] = (struct market_count){rows->row[i].v[at], 1};
  qsort(all, rows->cnt, sizeof *all, market_value_cmp);
  for (u32 i = 0; i < rows->cnt; i++) {
    if (cnt && !market_value_cmp(&all[cnt - 1], &all[i])) all[cnt - 1].cnt++;
    else all[cnt++] = all[i];
  }
  qsort(all, cnt, sizeof *all, market_count_cmp);
  jsonw_key(w, market_facets[at].name);
  jsonw_arr(w);
  for (u32 i = 0; i < cnt && i < MARKET_FACET_VALUES; i++) {
    jsonw_obj(w);
    jsonw_key(w, "value");
    rpc_shop_val(w, &all[i].v, market_facets[at].kind);
    jsonw_kv_u64(w, "count", all[i].cnt);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  return ERR_OK;
}

err rpc_do_market_facets(struct rpc_call *c) {
  struct rpc_shop q;
  struct store_query sq = {0};
  struct rpc_rows rows = {.a = c->a};
  TRY(rpc_shop_begin(c, &q));
  err e = market_query(&q, &sq);
  sq.rank = NULL; /* which, not in what order */
  sq.has_after = false;
  sq.limit = MARKET_FACET_ROWS;
  for (u32 i = 0; i < ARRAY_LEN(market_facets); i++)
    sq.only[i] = market_facets[i].name;
  if (!e) e = proj_query(q.s, &sq, rpc_rows_add, &rows);
  jsonw_obj(&c->w);
  for (u32 i = 0; i < ARRAY_LEN(market_facets) && !e; i++)
    e = market_facet_put(&q, i, &rows);
  if (e < 0) return rpc_shop_fail(&q, e);
  jsonw_kv_bool(&c->w, "capped", rows.cnt >= MARKET_FACET_ROWS);
  jsonw_kv_u64(&c->w, "height", q.head);
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

/*------------------------------------------------------------------- items */
/* A listing's stock; ratings and title are columns. */
err rpc_shop_more_listing(struct rpc_shop *q, const struct rpc_row *row) {
  struct rpc_rows rows = {.a = q->c->a};
  struct store_val id = row->v[0];
  TRY(proj_named(q->s, "listing_stock", &id, 1, rpc_rows_add, &rows));
  bool endless = rows.cnt && rows.row[0].v[0].num;
  u64 stock = rows.cnt ? (u64)rows.row[0].v[1].num : 0;
  jsonw_kv_u64(&q->c->w, "stock",
               endless || stock > 0xffffffffu ? 0xffffffffu : stock);
  jsonw_kv_u64(&q->c->w, "variantsActive",
               rows.cnt ? (u64)rows.row[0].v[2].num : 0);
  return ERR_OK;
}

/* A post shows nothing while its listing is not active: that is told too. */
err rpc_shop_more_post(struct rpc_shop *q, const struct rpc_row *row) {
  struct rpc_rows rows = {.a = q->c->a};
  struct store_val id = row->v[0];
  struct jsonw *w = &q->c->w;
  TRY(proj_named(q->s, "post_listing", &id, 1, rpc_rows_add, &rows));
  if (!rows.cnt) return ERR_OK;
  const char *word = proj_state_word(PROJ_MARKET, 1, (u8)rows.row[0].v[0].num);
  jsonw_key(w, "listingState");
  if (word) jsonw_str(w, word);
  else jsonw_null(w);
  jsonw_key(w, "title");
  rpc_shop_val(w, &rows.row[0].v[1], STORE_TEXT);
  return ERR_OK;
}

static err market_documents(struct rpc_shop *q, const struct rpc_row *row,
                            u32 table, const char *col, const char *key) {
  const struct store_val *v = rpc_row_col(row, table, col);
  hash32 hash = {{0}};
  if (v->bytes.len == 32) memcpy(hash.b, v->bytes.ptr, 32);
  jsonw_key(&q->c->w, key);
  return rpc_shop_document(q, &hash);
}
err rpc_shop_more_review(struct rpc_shop *q, const struct rpc_row *row) {
  TRY(market_documents(q, row, PROJ_T_market_review, "text", "text"));
  return market_documents(q, row, PROJ_T_market_review, "reply", "reply");
}

static err market_get_more(struct rpc_shop *q, const struct rpc_row *row) {
  struct rpc_rows rows;
  struct store_val table = *rpc_row_col(row, PROJ_T_market_listing,
                                        "ship_table");
  struct rpc_list zones = {"", "", PROJ_T_market_ship_zone, PROJ_MARKET, 0,
                           NULL, NULL};
  TRY(rpc_shop_rows(q, &rows, PROJ_T_market_variant, "listing", row->v[0],
                    4000));
  TRY(rpc_shop_items(q, "variants", &RPC_LISTS[RPC_L_market_variants], &rows));
  TRY(rpc_shop_rows(q, &rows, PROJ_T_market_ship_zone, "ship_table", table,
                    64));
  return rpc_shop_items(q, "shipTableZones", &zones, &rows);
}
err rpc_do_market_get(struct rpc_call *c) {
  return rpc_shop_get_num(c, RPC_L_market_search, market_get_more);
}
err rpc_do_market_coupon(struct rpc_call *c) {
  return rpc_shop_get_num(c, RPC_L_market_coupons, NULL);
}

/*----------------------------------------------------------- conversations */
err rpc_do_market_threads(struct rpc_call *c) {
  struct rpc_shop q;
  addr20 party;
  bool given;
  TRY(rpc_shop_arg_only(c, "party limit"));
  TRY(rpc_shop_arg_addr(c, &party, &given, "party"));
  if (!given) return rpc_fail(c, RPC_ERR_PARAMS, "party: an address");
  u64 limit = 50;
  TRY(rpc_shop_arg_u64(c, &limit, "limit"));
  TRY(rpc_shop_begin(c, &q));
  struct rpc_rows rows = {.a = c->a};
  struct store_val v[] = {store_blob(addr20_slice(&party)),
                          store_num(limit > 200 ? 200 : limit)};
  err e = proj_named(q.s, "market_threads", v, 2, rpc_rows_add, &rows);
  if (e < 0) return rpc_shop_fail(&q, e);
  struct jsonw *w = &c->w;
  static const char *const name[] = {"order", "from", "to", "content", "time",
                                     "with", "height", "messages"};
  jsonw_obj(w);
  jsonw_key(w, "items");
  jsonw_arr(w);
  for (u32 i = 0; i < rows.cnt; i++) {
    jsonw_obj(w);
    for (u32 k = 0; k < ARRAY_LEN(name); k++) {
      jsonw_key(w, name[k]);
      rpc_shop_val(w, &rows.row[i].v[k], STORE_HASH);
    }
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  jsonw_kv_null(w, "next");
  jsonw_kv_u64(w, "height", q.head);
  jsonw_obj_end(w);
  return ERR_OK;
}

/*-------------------------------------------------------------- export */
/* Text for a table's cell: quoted, and what a spreadsheet would take for a
** formula gets an apostrophe before it. */
static void market_csv_cell(struct buf *b, slice s, bool last) {
  buf_put_str(b, "\"");
  if (s.len && memchr("=+-@\t\r", s.ptr[0], 6)) buf_put_str(b, "'");
  for (size_t i = 0; i < s.len; i++) {
    if (s.ptr[i] == '"') buf_put_str(b, "\"");
    buf_put(b, &s.ptr[i], 1);
  }
  buf_put_str(b, last ? "\"\r\n" : "\",");
}
static void market_csv_val(struct buf *b, const struct store_val *v, u8 kind, bool last) {
  struct buf text;
  struct jsonw w;
  char number[32];
  if (v->kind == STORE_STR) {
    market_csv_cell(b, v->bytes, last);
    return;
  }
  if (v->kind == STORE_NUM) {
    snprintf(number, sizeof number, "%lld%s", (long long)v->num,
             last ? "\r\n" : ",");
    buf_put_str(b, number);
    return;
  }
  if (v->kind == STORE_NULL) {
    buf_put_str(b, last ? "\r\n" : ",");
    return;
  }
  buf_init(&text, 0);
  jsonw_init(&w, &text);
  if (kind == STORE_MONEY) {
    u8 be[32] = {0};
    u256 n;
    memcpy(be + 16, v->bytes.ptr, v->bytes.len == 16 ? 16 : 0);
    u256_from_be(&n, be);
    jsonw_dec_u256(&w, &n);
  } else {
    jsonw_hex(&w, v->bytes);
  }
  buf_put_slice(b, buf_slice(&text)); /* a JSON string: quoted, no quotes in */
  buf_put_str(b, last ? "\r\n" : ",");
  buf_fini(&text);
}
static void market_export_rows(struct buf *b, const struct rpc_rows *rows,
                               u32 table, bool csv) {
  const struct store_column *c = proj_table(table)->col;
  struct jsonw w;
  char name[64];
  if (csv) {
    for (u32 k = 0; c[k].name; k++)
      market_csv_cell(b, slice_str(rpc_shop_camel(name, c[k].name,
                                               strlen(c[k].name))),
                   !c[k + 1].name);
    for (u32 i = 0; i < rows->cnt; i++)
      for (u32 k = 0; c[k].name; k++)
        market_csv_val(b, &rows->row[i].v[k], c[k].kind, !c[k + 1].name);
    return;
  }
  jsonw_init(&w, b);
  jsonw_arr(&w);
  for (u32 i = 0; i < rows->cnt; i++) {
    jsonw_obj(&w);
    for (u32 k = 0; c[k].name; k++) {
      jsonw_key(&w, rpc_shop_camel(name, c[k].name, strlen(c[k].name)));
      rpc_shop_val(&w, &rows->row[i].v[k], c[k].kind);
    }
    jsonw_obj_end(&w);
  }
  jsonw_arr_end(&w);
}
err rpc_export_begin(struct rpc_call *c, const char *names, addr20 *seller,
                     bool *csv) {
  struct rpc_value v = rpc_shop_arg(c, "format");
  bool given;
  TRY(rpc_shop_arg_only(c, names));
  TRY(rpc_shop_arg_addr(c, seller, &given, "seller"));
  if (!given) return rpc_fail(c, RPC_ERR_PARAMS, "seller: an address");
  *csv = true;
  if (v.kind == RPC_NONE) return ERR_OK;
  *csv = v.kind == RPC_STRING && slice_eq(v.str, slice_str("csv"));
  bool json = v.kind == RPC_STRING && slice_eq(v.str, slice_str("json"));
  return *csv || json ? ERR_OK
                      : rpc_fail(c, RPC_ERR_PARAMS, "format: csv or json");
}
err rpc_export_answer(struct rpc_call *c, const struct rpc_rows *rows,
                      u32 table, bool csv, const char *name) {
  struct jsonw *w = &c->w;
  struct buf text;
  buf_init(&text, MARKET_EXPORT_BYTES);
  market_export_rows(&text, rows, table, csv);
  if (text.over) {
    buf_fini(&text);
    return rpc_fail(c, RPC_ERR_TOO_LARGE, "more than fits");
  }
  jsonw_obj(w);
  jsonw_kv_str(w, "format", csv ? "csv" : "json");
  jsonw_key(w, "name");
  jsonw_printf(w, "%s.%s", name, csv ? "csv" : "json");
  jsonw_key(w, "text");
  jsonw_str_len(w, buf_slice(&text));
  jsonw_obj_end(w);
  buf_fini(&text);
  return ERR_OK;
}

err rpc_do_market_export(struct rpc_call *c) {
  struct rpc_shop q;
  struct store_query sq = {.table = proj_table(PROJ_T_market_listing),
                           .limit = MARKET_EXPORT_ROWS, .up = true};
  addr20 seller;
  bool csv;
  TRY(rpc_export_begin(c, "seller format", &seller, &csv));
  TRY(rpc_shop_begin(c, &q));
  struct rpc_rows rows = {.a = c->a};
  rpc_shop_where(&sq, "seller", STORE_EQ, store_blob(addr20_slice(&seller)));
  err e = proj_query(q.s, &sq, rpc_rows_add, &rows);
  if (e < 0) return rpc_shop_fail(&q, e);
  return rpc_export_answer(c, &rows, PROJ_T_market_listing, csv, "listings");
}

/*------------------------------------------------------------------- stats */
err rpc_do_market_stats(struct rpc_call *c) {
  struct rpc_shop q;
  addr20 seller = {{0}};
  bool given;
  u64 from = 0, to = MARKET_STATS_END, platform = 0;
  TRY(rpc_shop_arg_only(c, "from to platform seller"));
  TRY(rpc_shop_arg_addr(c, &seller, &given, "seller"));
  TRY(rpc_shop_arg_u64(c, &from, "from"));
  TRY(rpc_shop_arg_u64(c, &to, "to"));
  TRY(rpc_shop_arg_u64(c, &platform, "platform"));
  if (to > MARKET_STATS_END) to = MARKET_STATS_END;
  if (from > to) from = to;
  TRY(rpc_shop_begin(c, &q));
  struct store_val nothing = {STORE_NULL, 0, {0}};
  struct store_val v[] = {
      store_num(from), store_num(to),
      given ? store_blob(addr20_slice(&seller)) : nothing,
      platform ? store_num(platform) : nothing};
  static const char *const count[] = {
    "listings", "active", "reviews", "stars", "orders", "completed",
    "cancelled", "disputed"};
  struct rpc_rows one = {.a = c->a}, tokens = {.a = c->a};
  /* Everybody's are kept by day. */
  bool all = !given && !platform;
  u32 cnt = all ? 2 : 4;
  err e = proj_named(q.s, all ? "market_counts_all" : "market_counts", v, cnt,
                     rpc_rows_add, &one);
  if (!e) e = proj_named(q.s, all ? "market_volume_all" : "market_volume", v,
                         cnt, rpc_rows_add, &tokens);
  if (e < 0) return rpc_shop_fail(&q, e);
  struct jsonw *w = &c->w;
  jsonw_obj(w);
  for (u32 i = 0; i < ARRAY_LEN(count); i++)
    jsonw_kv_u64(w, count[i], one.cnt ? (u64)one.row[0].v[i].num : 0);
  static const char *const sum[] = {"token", "orders", "total", "released",
                                    "refunded", "fees"};
  rpc_shop_tokens(w, "volume", sum, ARRAY_LEN(sum), &tokens);
  jsonw_kv_u64(w, "from", from);
  if (to == MARKET_STATS_END) jsonw_kv_null(w, "to");
  else jsonw_kv_u64(w, "to", to);
  jsonw_kv_u64(w, "height", q.head);
  jsonw_obj_end(w);
  return ERR_OK;
}
#undef MARKET_FACET_ROWS
#undef MARKET_FACET_VALUES
#undef MARKET_STATS_END
#undef MARKET_EXPORT_ROWS
#undef MARKET_EXPORT_BYTES
