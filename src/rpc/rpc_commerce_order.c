/* rpc_commerce_order.c - methods of Orders beside its lists: one order, what
** waits on somebody, sums and exports; and deadlines of all modules. */
#include <stdio.h>

#include "codec/hex.h"
#include "rpc/rpc_commerce.h"
#include "rpc/rpc_param.h"

#define ORDER_EXPORT_ROWS 100000u
#define ORDER_SUM_ROWS 1000u

err rpc_shop_more_order(struct rpc_shop *q, const struct rpc_row *row) {
  struct rpc_rows rows;
  TRY(rpc_shop_rows(q, &rows, PROJ_T_order_line, "order", row->v[0], 1));
  jsonw_key(&q->c->w, "title"); /* of the first line's listing */
  if (!rows.cnt) {
    jsonw_null(&q->c->w);
    return ERR_OK;
  }
  struct store_val listing = *rpc_row_col(&rows.row[0], PROJ_T_order_line,
                                          "listing");
  TRY(rpc_shop_rows(q, &rows, PROJ_T_market_listing, "id", listing, 1));
  if (!rows.cnt) jsonw_null(&q->c->w);
  else rpc_shop_val(&q->c->w, rpc_row_col(&rows.row[0], PROJ_T_market_listing,
                                          "title"), STORE_TEXT);
  return ERR_OK;
}
err rpc_shop_more_milestone(struct rpc_shop *q, const struct rpc_row *row) {
  struct module_header h = {
      .state = (u8)rpc_row_col(row, PROJ_T_order_milestone, "state")->num};
  jsonw_kv_str(&q->c->w, "owner", proj_owner_word(PROJ_ORDERS, 3, &h));
  return ERR_OK;
}

/* The number that the text is, a "#" before it allowed; 0: none. */
static u64 order_number(slice text) {
  u64 id = 0;
  size_t i = text.len && text.ptr[0] == '#';
  if (i == text.len || text.len - i > 18) return 0;
  for (; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return 0;
    id = id * 10 + (text.ptr[i] - '0');
  }
  return id;
}
/* What a person types to find an order again. */
err rpc_shop_where_order(struct rpc_shop *q, struct store_query *sq,
                         const char *name, const struct rpc_value *v) {
  struct errmsg msg;
  slice text;
  u8 *party = arena_alloc(q->c->a, 20);
  (void)name;
  if (!party || sq->where_cnt + 5 > STORE_WHERE_MAX) return ERR_LIMIT;
  if (rpc_param_string(&text, v, "text", &msg) < 0)
    return rpc_fail(q->c, RPC_ERR_PARAMS, "q: %s", msg.text);
  slice match = rpc_shop_match(q->c->a, text);
  bool address = text.len == 42 && hex_fixed(party, 20, text) == ERR_OK;
  struct store_val val =
      address ? store_blob(slice_of(party, 20)) : store_text(match);
  if (!match.len) return ERR_OK;
  if (!address)
    rpc_shop_where(sq, "part_order_words", STORE_PART,
                   store_num(order_number(text)));
  else rpc_shop_where(sq, "part_order_party", STORE_PART, val);
  for (u32 i = address ? 3 : 0; i < 4; i++)
    rpc_shop_where(sq, "more", STORE_MORE, val);
  return ERR_OK;
}

static err order_get_more(struct rpc_shop *q, const struct rpc_row *row) {
  struct rpc_rows rows;
  TRY(rpc_shop_rows(q, &rows, PROJ_T_order_milestone, "order", row->v[0], 32));
  TRY(rpc_shop_items(q, "milestones", &RPC_LISTS[RPC_L_order_milestones],
                     &rows));
  TRY(rpc_shop_rows(q, &rows, PROJ_T_mediation_case, "subject", row->v[0], 16));
  TRY(rpc_shop_items(q, "cases", &RPC_LISTS[RPC_L_mediation_list], &rows));
  TRY(rpc_shop_rows(q, &rows, PROJ_T_market_review, "order", row->v[0], 2));
  return rpc_shop_items(q, "reviews", &RPC_LISTS[RPC_L_market_reviews], &rows);
}
err rpc_do_order_get(struct rpc_call *c) {
  return rpc_shop_get_num(c, RPC_L_order_list, order_get_more);
}
err rpc_do_order_invoice(struct rpc_call *c) {
  return rpc_shop_get_num(c, RPC_L_order_invoices, NULL);
}
err rpc_do_order_plan(struct rpc_call *c) {
  return rpc_shop_get_num(c, RPC_L_order_plans, NULL);
}
err rpc_do_order_subscription(struct rpc_call *c) {
  return rpc_shop_get_num(c, RPC_L_order_subscriptions, NULL);
}

/* A payment request: the chain, the invoice, what is due. */
err rpc_do_order_payUri(struct rpc_call *c) {
  struct rpc_shop q;
  struct rpc_rows rows;
  u64 id = c->arg[0].num;
  TRY(rpc_shop_begin(c, &q));
  err e = rpc_shop_rows(&q, &rows, PROJ_T_order_invoice, "id", store_num(id),
                        1);
  if (e < 0) return rpc_shop_fail(&q, e);
  struct jsonw *w = &c->w;
  if (!rows.cnt) {
    jsonw_null(w);
    return ERR_OK;
  }
  char uri[96];
  snprintf(uri, sizeof uri, "cybermiles:%llu/invoice/%llu",
           (unsigned long long)node_info(c->node)->chain_id,
           (unsigned long long)id);
  jsonw_obj(w);
  jsonw_kv_str(w, "uri", uri);
  jsonw_key(w, "web");
  jsonw_printf(w, "/pay/%llu", (unsigned long long)id);
  jsonw_kv_str(w, "qr", uri);
  static const char *const col[] = {"seller", "token", "amount"};
  static const u8 kind[] = {STORE_ADDR, STORE_ADDR, STORE_MONEY};
  for (u32 i = 0; i < ARRAY_LEN(col); i++) {
    jsonw_key(w, col[i]);
    rpc_shop_val(w, rpc_row_col(&rows.row[0], PROJ_T_order_invoice, col[i]),
                 kind[i]);
  }
  u8 state = (u8)rpc_row_col(&rows.row[0], PROJ_T_order_invoice, "state")->num;
  const char *word = proj_state_word(PROJ_ORDERS, 2, state);
  jsonw_kv_str(w, "state", word ? word : "");
  jsonw_obj_end(w);
  return ERR_OK;
}

/*--------------------------------------------------------------- deadlines
** Each kind of record that has one: its table, its columns of parties. */
static const struct order_clock {
  u16 table;
  u8 module, type;
  const char *buyer, *seller; /* or other parties: columns, NULL: none */
} order_clocks[] = {
  {PROJ_T_order_order, PROJ_ORDERS, 1, "buyer", "seller"},
  {PROJ_T_order_subscription, PROJ_ORDERS, 5, "buyer", "seller"},
  {PROJ_T_order_invoice, PROJ_ORDERS, 2, NULL, "seller"},
  {PROJ_T_order_milestone, PROJ_ORDERS, 3, NULL, NULL},
  {PROJ_T_market_listing, PROJ_MARKET, 1, NULL, "seller"},
  {PROJ_T_market_coupon, PROJ_MARKET, 4, NULL, "seller"},
  {PROJ_T_platform_platform, PROJ_PLATFORMS, 1, NULL, "operator"},
  {PROJ_T_mediation_case, PROJ_MEDIATION, 2, "opener", "respondent"},
  {PROJ_T_mediation_case, PROJ_MEDIATION, 2, NULL, "mediator"},
  {PROJ_T_mediation_mediator, PROJ_MEDIATION, 1, NULL, "party"},
  {PROJ_T_court_case, PROJ_COURT, 4, "claimant", "accused"},
  {PROJ_T_court_juror, PROJ_COURT, 1, NULL, "party"},
  {PROJ_T_id_identity, PROJ_IDENTITY, 1, NULL, "anchor"},
  {PROJ_T_id_claim, PROJ_IDENTITY, 6, "subject", "issuer"},
  {PROJ_T_id_consent, PROJ_IDENTITY, 7, "subject", "verifier"},
};
struct order_due {
  const struct order_clock *clock;
  const struct rpc_row *row;
  u64 at;
  const char *role;
};

/* The milestone's order tells its parties. */
static err order_parties(struct rpc_shop *q, const struct order_due *d,
                         slice *buyer, slice *seller) {
  const struct order_clock *k = d->clock;
  struct rpc_rows rows;
  *buyer = *seller = slice_of(NULL, 0);
  if (k->type == 3 && k->module == PROJ_ORDERS) {
    TRY(rpc_shop_rows(q, &rows, PROJ_T_order_order, "id", d->row->v[0], 1));
    if (!rows.cnt) return ERR_OK;
    *buyer = rpc_row_col(&rows.row[0], PROJ_T_order_order, "buyer")->bytes;
    *seller = rpc_row_col(&rows.row[0], PROJ_T_order_order, "seller")->bytes;
    return ERR_OK;
  }
  if (k->buyer) *buyer = rpc_row_col(d->row, k->table, k->buyer)->bytes;
  if (k->seller) *seller = rpc_row_col(d->row, k->table, k->seller)->bytes;
  return ERR_OK;
}

static u8 order_state_of(const struct order_due *d) {
  return (u8)rpc_row_col(d->row, d->clock->table, "state")->num;
}
static void order_due_put(struct rpc_shop *q, const struct order_due *d,
                          const char *kind) {
  struct jsonw *w = &q->c->w;
  const struct order_clock *k = d->clock;
  struct module_header h = {.state = order_state_of(d), .deadline = d->at};
  const char *word = proj_state_word(k->module, k->type, h.state);
  const char *leaves = proj_state_exit(k->module, k->type, h.state);
  jsonw_obj(w);
  if (kind) jsonw_kv_str(w, "kind", kind);
  jsonw_kv_str(w, "module", proj_module_name(k->module));
  jsonw_kv_u64(w, "type", k->type);
  jsonw_key(w, "id");
  rpc_shop_val(w, &d->row->v[0], STORE_ADDR);
  if (k->module == PROJ_ORDERS && k->type == 3) {
    jsonw_key(w, "index");
    rpc_shop_val(w, &d->row->v[1], STORE_INT);
  }
  if (d->at) jsonw_kv_u64(w, "at", d->at);
  else jsonw_kv_null(w, "at");
  jsonw_kv_str(w, "owner", proj_owner_word(k->module, k->type, &h));
  if (leaves) jsonw_kv_str(w, "exit", leaves);
  else jsonw_kv_null(w, "exit");
  if (word) jsonw_kv_str(w, "state", word);
  else jsonw_kv_null(w, "state");
  if (d->role) jsonw_kv_str(w, "role", d->role);
  jsonw_obj_end(w);
}

struct order_dues {
  struct order_due item[ARRAY_LEN(order_clocks) * 400];
  u32 cnt;
};
static int order_due_cmp(const void *a, const void *b) {
  const struct order_due *x = a, *y = b;
  if (x->at != y->at) return x->at < y->at ? -1 : 1;
  return x->clock < y->clock ? -1 : x->clock > y->clock;
}

/* The soonest of one kind, of a party when col is given. */
static err order_clock_rows(struct rpc_shop *q, struct order_dues *out,
                            const struct order_clock *k, const char *col,
                            const addr20 *party) {
  struct store_query sq = {.table = proj_table(k->table), .limit = 200,
                           .order = "deadline", .up = true};
  struct rpc_rows *rows = arena_alloc(q->c->a, sizeof *rows);
  if (!rows) return ERR_LIMIT;
  *rows = (struct rpc_rows){.a = q->c->a};
  rpc_shop_where(&sq, "deadline", STORE_GE, store_num(1));
  if (col) rpc_shop_where(&sq, col, STORE_EQ, store_blob(addr20_slice(party)));
  TRY(proj_query(q->s, &sq, rpc_rows_add, rows));
  for (u32 i = 0; i < rows->cnt && out->cnt < ARRAY_LEN(out->item); i++)
    out->item[out->cnt++] = (struct order_due){
        k, &rows->row[i],
        (u64)rpc_row_col(&rows->row[i], k->table, "deadline")->num, NULL};
  return ERR_OK;
}

/* Deadlines in which the party has a part (party NULL: all), soonest first. */
static err order_clocks_read(struct rpc_shop *q, struct order_dues *out,
                             u32 module, const addr20 *party) {
  out->cnt = 0;
  for (u32 i = 0; i < ARRAY_LEN(order_clocks); i++) {
    const struct order_clock *k = &order_clocks[i];
    if (module < PROJ_MODULE_CNT && k->module != module) continue;
    /* Its other parties have a row of their own. */
    if (!party && i && order_clocks[i - 1].table == k->table) continue;
    if (!party || (!k->buyer && !k->seller)) {
      TRY(order_clock_rows(q, out, k, NULL, NULL));
      continue;
    }
    if (k->buyer) TRY(order_clock_rows(q, out, k, k->buyer, party));
    if (k->seller) TRY(order_clock_rows(q, out, k, k->seller, party));
  }
  u32 kept = 0;
  for (u32 i = 0; i < out->cnt; i++) {
    slice buyer, seller;
    struct order_due *d = &out->item[i];
    if (party) {
      TRY(order_parties(q, d, &buyer, &seller));
      bool b = slice_eq(buyer, addr20_slice(party));
      bool s = slice_eq(seller, addr20_slice(party));
      if (!b && !s) continue;
      d->role = b ? "buyer" : d->clock->module == PROJ_ORDERS ||
                                      d->clock->module == PROJ_MARKET
                                  ? "seller" : "owner";
    }
    out->item[kept++] = *d;
  }
  out->cnt = kept;
  qsort(out->item, out->cnt, sizeof *out->item, order_due_cmp);
  return ERR_OK;
}

err rpc_do_timer_list(struct rpc_call *c) {
  struct rpc_shop q;
  addr20 party;
  bool given;
  u32 module = PROJ_MODULE_CNT;
  u64 limit = 50;
  TRY(rpc_shop_arg_only(c, "module party limit"));
  TRY(rpc_shop_arg_addr(c, &party, &given, "party"));
  TRY(rpc_shop_arg_u64(c, &limit, "limit"));
  struct rpc_value m = rpc_shop_arg(c, "module");
  if (m.kind != RPC_NONE) {
    char name[32] = "";
    if (m.kind == RPC_STRING)
      snprintf(name, sizeof name, "%.*s", (int)m.str.len, m.str.ptr);
    module = proj_module_find(name);
    if (module == PROJ_MODULE_CNT)
      return rpc_fail(c, RPC_ERR_PARAMS, "module: identity, platforms, market, "
                      "orders, mediation, court");
  }
  TRY(rpc_shop_begin(c, &q));
  struct order_dues *dues = arena_alloc(c->a, sizeof *dues);
  err e = dues ? order_clocks_read(&q, dues, module, given ? &party : NULL)
               : ERR_LIMIT;
  if (e < 0) return rpc_shop_fail(&q, e);
  struct jsonw *w = &c->w;
  jsonw_obj(w);
  jsonw_key(w, "items");
  jsonw_arr(w);
  for (u32 i = 0; i < dues->cnt && i < limit && i < 200; i++)
    order_due_put(&q, &dues->item[i], NULL);
  jsonw_arr_end(w);
  jsonw_kv_u64(w, "height", q.head);
  jsonw_obj_end(w);
  return ERR_OK;
}

/* What the one whose turn it is would do. */
static const struct order_task {
  u8 module, type, state;
  const char *role, *kind;
} order_tasks[] = {
  {PROJ_ORDERS, 1, 1, "seller", "ship"},
  {PROJ_ORDERS, 1, 2, "buyer", "confirm"},
  {PROJ_ORDERS, 1, 4, "seller", "answerReturn"},
  {PROJ_ORDERS, 1, 5, "buyer", "sendReturn"},
  {PROJ_ORDERS, 1, 6, "seller", "confirmReturn"},
  {PROJ_ORDERS, 3, 1, "seller", "submitMilestone"},
  {PROJ_ORDERS, 3, 2, "buyer", "acceptMilestone"},
  {PROJ_ORDERS, 5, 2, "buyer", "topUp"},
  {PROJ_MARKET, 1, 3, "seller", "renew"},
  {PROJ_IDENTITY, 6, 1, "buyer", "claim"},
  {PROJ_IDENTITY, 1, 2, "owner", "recovery"},
  {PROJ_MEDIATION, 2, 1, "owner", "answerCase"},
  {PROJ_MEDIATION, 2, 2, "owner", "chooseMediator"},
  {PROJ_MEDIATION, 2, 2, "buyer", "chooseMediator"},
  {PROJ_MEDIATION, 2, 3, "owner", "acceptCase"},
  {PROJ_MEDIATION, 2, 4, "buyer", "submitEvidence"},
  {PROJ_MEDIATION, 2, 5, "owner", "propose"},
  {PROJ_MEDIATION, 2, 6, "owner", "answerProposal"},
  {PROJ_MEDIATION, 2, 6, "buyer", "answerProposal"},
  {PROJ_COURT, 4, 1, "owner", "replyToCase"},
};
static const char *order_task_of(const struct order_due *d) {
  u8 state = order_state_of(d);
  for (u32 i = 0; i < ARRAY_LEN(order_tasks); i++) {
    const struct order_task *t = &order_tasks[i];
    if (t->module == d->clock->module && t->type == d->clock->type &&
        t->state == state && d->role && !strcmp(d->role, t->role))
      return t->kind;
  }
  return NULL;
}

err rpc_do_order_todo(struct rpc_call *c) {
  struct rpc_shop q;
  TRY(rpc_shop_begin(c, &q));
  struct order_dues *dues = arena_alloc(c->a, sizeof *dues);
  err e = dues ? order_clocks_read(&q, dues, PROJ_MODULE_CNT, &c->arg[0].addr)
               : ERR_LIMIT;
  if (e < 0) return rpc_shop_fail(&q, e);
  struct jsonw *w = &c->w;
  jsonw_obj(w);
  jsonw_key(w, "items");
  jsonw_arr(w);
  u32 cnt = 0;
  for (u32 i = 0; i < dues->cnt && cnt < 200; i++) {
    const char *kind = order_task_of(&dues->item[i]);
    if (!kind) continue;
    order_due_put(&q, &dues->item[i], kind);
    cnt++;
  }
  jsonw_arr_end(w);
  jsonw_kv_u64(w, "height", q.head);
  jsonw_obj_end(w);
  return ERR_OK;
}

/*-------------------------------------------------------- sums, exports */
err rpc_do_order_summary(struct rpc_call *c) {
  struct rpc_shop q;
  addr20 seller;
  bool given;
  u64 from = 0, to = INT64_MAX;
  TRY(rpc_shop_arg_only(c, "seller period from to"));
  TRY(rpc_shop_arg_addr(c, &seller, &given, "seller"));
  if (!given) return rpc_fail(c, RPC_ERR_PARAMS, "seller: an address");
  TRY(rpc_shop_arg_u64(c, &from, "from"));
  TRY(rpc_shop_arg_u64(c, &to, "to"));
  if (to > INT64_MAX) to = INT64_MAX;
  static const char *const period[] = {"month", "day", "week"};
  struct rpc_value p = rpc_shop_arg(c, "period");
  u32 which = 0;
  if (p.kind != RPC_NONE) {
    while (which < ARRAY_LEN(period) &&
           (p.kind != RPC_STRING || !slice_eq(p.str, slice_str(period[which]))))
      which++;
    if (which == ARRAY_LEN(period))
      return rpc_fail(c, RPC_ERR_PARAMS, "period: day, week or month");
  }
  TRY(rpc_shop_begin(c, &q));
  struct rpc_rows rows = {.a = c->a};
  struct store_val v[] = {store_blob(addr20_slice(&seller)), store_num(from),
                          store_num(to), store_num(ORDER_SUM_ROWS),
                          store_text(slice_str(period[which]))};
  err e = proj_named(q.s, "order_summary", v, 5, rpc_rows_add, &rows);
  if (e < 0) return rpc_shop_fail(&q, e);
  static const char *const name[] = {"from", "token", "orders", "total",
                                     "released", "refunded", "refundedLater",
                                     "fees", "tax"};
  struct jsonw *w = &c->w;
  jsonw_obj(w);
  jsonw_key(w, "items");
  jsonw_arr(w);
  for (u32 i = 0; i < rows.cnt; i++) {
    jsonw_obj(w);
    for (u32 k = 0; k < ARRAY_LEN(name); k++) {
      jsonw_key(w, name[k]);
      rpc_shop_val(w, &rows.row[i].v[k], k == 1 ? STORE_ADDR : STORE_MONEY);
    }
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  jsonw_kv_u64(w, "height", q.head);
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_do_order_export(struct rpc_call *c) {
  struct rpc_shop q;
  struct store_query sq = {.table = proj_table(PROJ_T_order_order),
                           .limit = ORDER_EXPORT_ROWS, .up = true};
  addr20 seller;
  bool csv;
  u64 from = 0, to = INT64_MAX;
  TRY(rpc_export_begin(c, "seller from to lines format", &seller, &csv));
  TRY(rpc_shop_arg_u64(c, &from, "from"));
  TRY(rpc_shop_arg_u64(c, &to, "to"));
  if (to > INT64_MAX) to = INT64_MAX;
  bool lines = rpc_shop_arg(c, "lines").kind == RPC_TRUE;
  TRY(rpc_shop_begin(c, &q));
  struct rpc_rows rows = {.a = c->a};
  rpc_shop_where(&sq, "seller", STORE_EQ, store_blob(addr20_slice(&seller)));
  rpc_shop_where(&sq, "created_at", STORE_GE, store_num(from));
  rpc_shop_where(&sq, "created_at", STORE_LE, store_num(to));
  u32 table = lines ? PROJ_T_order_line : PROJ_T_order_order;
  struct store_val v[] = {store_blob(addr20_slice(&seller)), store_num(from),
                          store_num(to), store_num(ORDER_EXPORT_ROWS)};
  err e = lines ? proj_named(q.s, "order_lines_of", v, 4, rpc_rows_add, &rows)
                : proj_query(q.s, &sq, rpc_rows_add, &rows);
  if (e < 0) return rpc_shop_fail(&q, e);
  return rpc_export_answer(c, &rows, table, csv,
                           lines ? "order-lines" : "orders");
}
#undef ORDER_EXPORT_ROWS
#undef ORDER_SUM_ROWS
