/* rpc_commerce_customer.c - a party's orders put together: by state; a seller's
** by buyer (what a merchant calls his customers).
**
** Both are counted when they are asked for, from the rows of the orders: no
** table has to be kept in step with what is refunded afterwards.  Customers come
** in pages; a cursor, "n5.0x..", is the number that the last one was ordered by
** and his address, so that a page is not moved by orders that come meanwhile. */
#include <stdio.h>
#include <stdlib.h>

#include "codec/hex.h"
#include "rpc/rpc_commerce.h"
#include "rpc/rpc_param.h"

#define CUSTOMER_LIMIT 50u
#define CUSTOMER_LIMIT_MAX 200u
#define CUSTOMER_STATE_ROWS 1000u
#define CUSTOMER_TOKENS 20u

/*------------------------------------------------------------------ by state */
err rpc_do_order_states(struct rpc_call *c) {
  static const char *const name[] = {"token", "orders", "total", "held",
                                     "released", "refunded"};
  struct rpc_shop q;
  addr20 seller, buyer;
  bool sold, bought;
  u64 from = 0, to = INT64_MAX;
  TRY(rpc_shop_arg_only(c, "seller buyer from to"));
  TRY(rpc_shop_arg_addr(c, &seller, &sold, "seller"));
  TRY(rpc_shop_arg_addr(c, &buyer, &bought, "buyer"));
  if (!sold && !bought)
    return rpc_fail(c, RPC_ERR_PARAMS, "seller or buyer: an address");
  TRY(rpc_shop_arg_u64(c, &from, "from"));
  TRY(rpc_shop_arg_u64(c, &to, "to"));
  if (to > INT64_MAX) to = INT64_MAX;
  TRY(rpc_shop_begin(c, &q));
  struct rpc_rows rows = {.a = c->a};
  struct store_val none = {STORE_NULL, 0, {0}};
  struct store_val v[] = {
      sold ? store_blob(addr20_slice(&seller)) : none,
      bought ? store_blob(addr20_slice(&buyer)) : none,
      store_num(from), store_num(to), store_num(CUSTOMER_STATE_ROWS)};
  err e = proj_named(q.s, "order_states", v, ARRAY_LEN(v), rpc_rows_add,
                     &rows);
  if (e < 0) return rpc_shop_fail(&q, e);
  struct jsonw *w = &c->w;
  jsonw_obj(w);
  jsonw_key(w, "items");
  jsonw_arr(w);
  for (u32 i = 0; i < rows.cnt; i++) {
    const struct store_val *col = rows.row[i].v;
    const char *word = proj_state_word(PROJ_ORDERS, 1, (u8)col[0].num);
    jsonw_obj(w);
    jsonw_kv_str(w, "state", word ? word : "");
    for (u32 k = 0; k < ARRAY_LEN(name); k++) {
      jsonw_key(w, name[k]);
      rpc_shop_val(w, &col[k + 1], k ? STORE_MONEY : STORE_ADDR);
    }
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  jsonw_kv_u64(w, "height", q.head);
  jsonw_obj_end(w);
  return ERR_OK;
}

/*------------------------------------------------------------------ by buyer */
/* After whom a page begins. */
struct customer_after {
  i64 mark;
  addr20 buyer;
};
static err customer_cursor(struct rpc_call *c, struct customer_after *out) {
  struct rpc_value v = rpc_shop_arg(c, "cursor");
  struct errmsg msg;
  char text[80], *end;
  slice s = {0};
  out->mark = INT64_MAX;
  memset(&out->buyer, 0xff, sizeof out->buyer);
  if (v.kind == RPC_NONE || v.kind == RPC_NULL) return ERR_OK;
  bool good = rpc_param_string(&s, &v, "text", &msg) == ERR_OK && s.len > 44 &&
              s.len < sizeof text && s.ptr[0] == 'n';
  if (good) {
    memcpy(text, s.ptr, s.len);
    text[s.len] = 0;
    out->mark = strtoll(text + 1, &end, 10);
    good = *end == '.' && hex_fixed(out->buyer.b, 20, slice_str(end + 1)) >= 0;
  }
  return good ? ERR_OK
              : rpc_fail(c, RPC_ERR_PARAMS,
                         "cursor: \"next\" of a page before");
}

/* Which order: the SQL takes the number.  *out: when not given, the newest. */
static err customer_sort(struct rpc_call *c, u64 *out) {
  static const char *const sort[] = {"new", "orders"};
  struct rpc_value v = rpc_shop_arg(c, "sort");
  *out = 0;
  if (v.kind == RPC_NONE) return ERR_OK;
  while (*out < ARRAY_LEN(sort) &&
         (v.kind != RPC_STRING || !slice_eq(v.str, slice_str(sort[*out]))))
    ++*out;
  return *out < ARRAY_LEN(sort)
             ? ERR_OK
             : rpc_fail(c, RPC_ERR_PARAMS, "sort: new or orders");
}

static err customer_put(struct rpc_shop *q, const addr20 *seller,
                        const struct rpc_row *row) {
  static const struct {
    const char *name;
    u8 kind;
  } col[] = {{"buyer", STORE_ADDR}, {"orders", STORE_INT},
             {"firstAt", STORE_INT}, {"lastAt", STORE_INT},
             {"lastOrder", STORE_INT}, {"name", STORE_TEXT},
             {"rating", STORE_INT}, {"score", STORE_INT}};
  static const char *const sum[] = {"token", "orders", "total", "refunded",
                                    "refundedLater"};
  struct jsonw *w = &q->c->w;
  struct rpc_rows spent = {.a = q->c->a};
  struct store_val v[] = {store_blob(addr20_slice(seller)), row->v[0],
                          store_num(CUSTOMER_TOKENS)};
  TRY(proj_named(q->s, "order_spent", v, ARRAY_LEN(v), rpc_rows_add, &spent));
  jsonw_obj(w);
  for (u32 i = 0; i < ARRAY_LEN(col); i++) {
    jsonw_key(w, col[i].name);
    rpc_shop_val(w, &row->v[i], col[i].kind);
  }
  rpc_shop_tokens(w, "spent", sum, ARRAY_LEN(sum), &spent);
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_do_order_customers(struct rpc_call *c) {
  struct rpc_shop q;
  struct customer_after after;
  addr20 seller, one;
  bool given, only;
  u64 limit = CUSTOMER_LIMIT, sort;
  slice words = {0};
  struct errmsg msg;
  TRY(rpc_shop_arg_only(c, "seller buyer q sort limit cursor"));
  TRY(rpc_shop_arg_addr(c, &seller, &given, "seller"));
  if (!given) return rpc_fail(c, RPC_ERR_PARAMS, "seller: an address");
  TRY(rpc_shop_arg_addr(c, &one, &only, "buyer"));
  TRY(customer_sort(c, &sort));
  TRY(customer_cursor(c, &after));
  TRY(rpc_shop_arg_u64(c, &limit, "limit"));
  if (limit == 0 || limit > CUSTOMER_LIMIT_MAX)
    return rpc_fail(c, RPC_ERR_PARAMS, "limit: 1 to %u", CUSTOMER_LIMIT_MAX);
  struct rpc_value find = rpc_shop_arg(c, "q");
  if (find.kind != RPC_NONE &&
      rpc_param_string(&words, &find, "text", &msg) < 0)
    return rpc_fail(c, RPC_ERR_PARAMS, "q: %s", msg.text);
  if (!only && words.len == 42) /* an address is no word */
    only = hex_fixed(one.b, 20, words) >= 0;
  slice match = only ? (slice){0} : rpc_shop_match(c->a, words);
  TRY(rpc_shop_begin(c, &q));
  struct rpc_rows rows = {.a = c->a};
  struct store_val none = {STORE_NULL, 0, {0}};
  struct store_val v[] = {
      store_blob(addr20_slice(&seller)), store_num(sort),
      store_num((u64)after.mark), store_blob(addr20_slice(&after.buyer)),
      store_num(limit + 1), only ? store_blob(addr20_slice(&one)) : none,
      match.len ? store_text(match) : none};
  err e = proj_named(q.s, "order_customers", v, ARRAY_LEN(v), rpc_rows_add,
                     &rows);
  if (e < 0) return rpc_shop_fail(&q, e);
  struct jsonw *w = &c->w;
  bool more = rows.cnt > limit;
  u32 cnt = more ? (u32)limit : rows.cnt;
  jsonw_obj(w);
  jsonw_key(w, "items");
  jsonw_arr(w);
  for (u32 i = 0; i < cnt && !e; i++) e = customer_put(&q, &seller, &rows.row[i]);
  if (e < 0) return rpc_shop_fail(&q, e);
  jsonw_arr_end(w);
  if (more) {
    const struct rpc_row *last = &rows.row[cnt - 1];
    char who[43];
    memcpy(one.b, last->v[0].bytes.ptr, sizeof one.b);
    hex_addr(who, &one);
    jsonw_key(w, "next");
    jsonw_printf(w, "n%lld.%s", (long long)last->v[last->cnt - 1].num, who);
  } else {
    jsonw_kv_null(w, "next");
  }
  jsonw_kv_u64(w, "height", q.head);
  jsonw_obj_end(w);
  return ERR_OK;
}
#undef CUSTOMER_LIMIT
#undef CUSTOMER_LIMIT_MAX
#undef CUSTOMER_STATE_ROWS
#undef CUSTOMER_TOKENS
