/* rpc_commerce_court.c - methods of Mediation and Court beside their lists.
** Courts and rules stand in genesis, without events: they are read from
** state. */
#include "rpc/rpc_commerce.h"
#include "rpc/rpc_param.h"
#include "shop/shop_court.h"
#include "shop/shop_mediation.h"
#include "shop/shop_orders.h"

#define COURT_COURTS_MAX 16u
#define COURT_ROUND_TYPE 6u    /* records */
#define COURT_PANEL_TYPE 7u
#define COURT_PANEL_ROUND 255u /* of an emergency's seats */
#define COURT_SEAT_OPEN 2      /* state up to which a seat waits for a vote */
#define COURT_RULES_MAX 256u
#define COURT_RULES_GAP 32u /* ids without a rule, after which there is none */

static err court_rows(struct rpc_shop *q, const char *key, u16 table,
                      u8 module, u8 type, const char *col,
                      struct store_val v) {
  struct rpc_rows rows;
  struct rpc_list l = {"", "", table, module, type, NULL, NULL};
  TRY(rpc_shop_rows(q, &rows, table, col, v, 200));
  return rpc_shop_items(q, key, &l, &rows);
}

static err mediation_get_more(struct rpc_shop *q, const struct rpc_row *row) {
  TRY(court_rows(q, "offers", PROJ_T_mediation_offer, PROJ_MEDIATION, 0,
                 "case_id", row->v[0]));
  TRY(court_rows(q, "evidenceList", PROJ_T_mediation_evidence, PROJ_MEDIATION,
                 0, "case_id", row->v[0]));
  return court_rows(q, "ratings", PROJ_T_mediation_rating, PROJ_MEDIATION, 0,
                    "case_id", row->v[0]);
}
err rpc_do_mediation_get(struct rpc_call *c) {
  return rpc_shop_get_num(c, RPC_L_mediation_list, mediation_get_more);
}

/* A parameter's value of a module at the view's head. */
static err court_setting(struct rpc_shop *q, u256 *out, u32 module,
                         const char *name) {
  const struct module_def *def = proj_module(module);
  const struct module_row *row;
  for (u32 i = 0; (row = module_row_at(def, MODULE_ROW_SETTING, i)); i++) {
    u256 at, word, scale = u256_from(row->setting->scale);
    if (strcmp(row->setting->name, name) != 0) continue;
    module_setting_slot(&at, i);
    TRY(rpc_shop_slot(q, &word, module, &at));
    *out = u256_from(module_setting_value(row->setting, &word));
    u256_mul(out, out, &scale);
    return ERR_OK;
  }
  *out = U256_ZERO;
  return ERR_OK;
}

static void court_money(struct jsonw *w, const char *key, const u256 *v) {
  jsonw_kv_quantity_u256(w, key, v);
}
/* money: what is held, of the order or of a milestone.  fee_cap: feeBps of it
** between feeMin and feeMax in CMT, else feeOther; each side deposits half of
** that, rounded up. */
static err court_preview(struct rpc_shop *q, const struct rpc_row *order,
                         slice money, u64 bps) {
  u256 bp, low, high, other, held, cap, ten = u256_from(10000), n, left;
  u8 be[32] = {0};
  static const u8 none[20];
  slice token = rpc_row_col(order, PROJ_T_order_order, "token")->bytes;
  struct jsonw *w = &q->c->w;
  if (money.len == 16) memcpy(be + 16, money.ptr, 16);
  u256_from_be(&held, be);
  TRY(court_setting(q, &bp, PROJ_MEDIATION, "feeBps"));
  TRY(court_setting(q, &low, PROJ_MEDIATION, "feeMin"));
  TRY(court_setting(q, &high, PROJ_MEDIATION, "feeMax"));
  TRY(court_setting(q, &other, PROJ_MEDIATION, "feeOther"));
  bool cmt = token.len == 20 && !memcmp(token.ptr, none, 20);
  u256_mul(&cap, &held, &bp);
  u256_divmod(&cap, &left, &cap, &ten);
  if (u256_cmp(&cap, &low) < 0) cap = low;
  if (u256_cmp(&cap, &high) > 0) cap = high;
  if (!cmt) cap = other;
  u256 one = u256_from(1), two = u256_from(2), half;
  u256_add(&half, &cap, &one);
  u256_divmod(&half, &left, &half, &two);
  u256 share = u256_from(bps);
  u256_mul(&n, &held, &share);
  u256_divmod(&n, &left, &n, &ten);
  jsonw_obj(w);
  jsonw_key(w, "token");
  rpc_shop_val(w, rpc_row_col(order, PROJ_T_order_order, "token"), STORE_ADDR);
  court_money(w, "held", &held);
  court_money(w, "buyerGets", &n);
  u256_sub(&n, &held, &n);
  court_money(w, "sellerGets", &n);
  court_money(w, "feeCap", &cap);
  court_money(w, "deposit", &half);
  jsonw_kv_str(w, "ifSilent", "opened by the buyer: settled at the lesser of "
               "his demand and his last offer; by the seller: dropped, the "
               "order's own clock runs on");
  jsonw_kv_u64(w, "height", q->head);
  jsonw_obj_end(w);
  return ERR_OK;
}
/* The amount of a milestone; empty: there is none. */
static err court_part(struct rpc_shop *q, slice *out, u64 order, u64 part) {
  struct rpc_rows rows;
  *out = (slice){0};
  TRY(rpc_shop_rows(q, &rows, PROJ_T_order_milestone, "order",
                    store_num(order), 64));
  for (u32 i = 0; i < rows.cnt; i++) {
    const struct rpc_row *row = &rows.row[i];
    if (rpc_row_col(row, PROJ_T_order_milestone, "index")->num == (i64)part)
      *out = rpc_row_col(row, PROJ_T_order_milestone, "amount")->bytes;
  }
  return ERR_OK;
}
err rpc_do_mediation_preview(struct rpc_call *c) {
  struct rpc_shop q;
  struct rpc_rows rows;
  slice money = {0};
  u64 module = 0x1013, subject = 0, part = SHOP_WHOLE, bps = 10000;
  TRY(rpc_shop_arg_only(c, "module subject part bps"));
  TRY(rpc_shop_arg_u64(c, &part, "part"));
  TRY(rpc_shop_arg_u64(c, &module, "module"));
  TRY(rpc_shop_arg_u64(c, &subject, "subject"));
  TRY(rpc_shop_arg_u64(c, &bps, "bps"));
  if (module != 0x1013 || bps > 10000)
    return rpc_fail(c, RPC_ERR_PARAMS, "module: 4115, orders; bps: the buyer's "
                    "share, to 10000");
  TRY(rpc_shop_begin(c, &q));
  err e = rpc_shop_rows(&q, &rows, PROJ_T_order_order, "id", store_num(subject),
                        1);
  if (!e && rows.cnt && part == SHOP_WHOLE)
    money = rpc_row_col(&rows.row[0], PROJ_T_order_order, "held")->bytes;
  else if (!e) e = court_part(&q, &money, subject, part);
  if (!e && (!rows.cnt || !money.len)) {
    jsonw_null(&c->w);
    return ERR_OK;
  }
  if (!e) e = court_preview(&q, &rows.row[0], money, bps);
  return e < 0 ? rpc_shop_fail(&q, e) : ERR_OK;
}

/*------------------------------------------------------------------- court */
/* A record that stands in state alone, as an object. */
static err court_state(struct rpc_shop *q, u8 type, const u256 *key) {
  bool found;
  jsonw_obj(&q->c->w);
  TRY(rpc_shop_record(q, &found, PROJ_COURT, type, key));
  jsonw_obj_end(&q->c->w);
  return ERR_OK;
}
/* Its rounds so far, and an emergency's panel. */
static err court_stands(struct rpc_shop *q, const struct rpc_row *row) {
  struct jsonw *w = &q->c->w;
  u256 part[2] = {u256_from((u64)row->v[0].num)}, key;
  u64 rounds = (u64)rpc_row_col(row, PROJ_T_court_case, "round")->num;
  bool found;
  jsonw_key(w, "rounds");
  jsonw_arr(w);
  for (u64 i = 1; i <= rounds; i++) {
    part[1] = u256_from(i);
    module_key_of(&key, part, 2);
    TRY(court_state(q, COURT_ROUND_TYPE, &key));
  }
  jsonw_arr_end(w);
  TRY(rpc_shop_exists(q, &found, PROJ_COURT, COURT_PANEL_TYPE, &part[0]));
  if (!found) return ERR_OK;
  jsonw_key(w, "panel");
  return court_state(q, COURT_PANEL_TYPE, &part[0]);
}
static err court_get_more(struct rpc_shop *q, const struct rpc_row *row) {
  TRY(court_stands(q, row));
  TRY(court_rows(q, "seats", PROJ_T_court_seat, PROJ_COURT, 0, "case_id",
                 row->v[0]));
  return court_rows(q, "evidenceList", PROJ_T_court_evidence, PROJ_COURT, 0,
                    "case_id", row->v[0]);
}
err rpc_do_court_get(struct rpc_call *c) {
  return rpc_shop_get_num(c, RPC_L_court_list, court_get_more);
}
err rpc_do_court_rulings(struct rpc_call *c) {
  struct store_where final = {"is_final", STORE_EQ, store_num(1)};
  return rpc_shop_list(c, &RPC_LISTS[RPC_L_court_rulings], &final, 1);
}

/* Records 1 to max of a type, from state. */
static err court_numbered(struct rpc_call *c, u8 type, u32 max) {
  struct rpc_shop q;
  struct jsonw *w = &c->w;
  u32 gap = 0;
  TRY(rpc_shop_begin(c, &q));
  jsonw_obj(w);
  jsonw_key(w, "items");
  jsonw_arr(w);
  for (u32 id = 1; id <= max && gap < COURT_RULES_GAP; id++) {
    u256 key = u256_from(id);
    bool found;
    /* An item is begun only when there is one. */
    err e = rpc_shop_exists(&q, &found, PROJ_COURT, type, &key);
    if (!e && found) {
      jsonw_obj(w);
      e = rpc_shop_record(&q, &found, PROJ_COURT, type, &key);
    }
    if (e < 0) return rpc_shop_fail(&q, e);
    if (found) jsonw_obj_end(w);
    gap = found ? 0 : gap + 1;
  }
  jsonw_arr_end(w);
  jsonw_kv_null(w, "next");
  jsonw_kv_u64(w, "height", q.head);
  jsonw_obj_end(w);
  return ERR_OK;
}
err rpc_do_court_courts(struct rpc_call *c) {
  return court_numbered(c, 2, COURT_COURTS_MAX);
}
err rpc_do_court_rules(struct rpc_call *c) {
  TRY(rpc_shop_arg_only(c, ""));
  return court_numbered(c, 3, COURT_RULES_MAX);
}

/* What a juror is to do in a seat; NULL: nothing (now). */
static err court_duty(struct rpc_shop *q, const char **duty,
                      const struct rpc_row *seat, const struct rpc_row *of) {
  u64 round = (u64)rpc_row_col(seat, PROJ_T_court_seat, "round")->num;
  u64 state = (u64)rpc_row_col(seat, PROJ_T_court_seat, "state")->num;
  u64 period = (u64)rpc_row_col(of, PROJ_T_court_case, "state")->num;
  u64 now = (u64)rpc_row_col(of, PROJ_T_court_case, "round")->num;
  *duty = round != now                  ? NULL
          : state == 1 && period == 4   ? "commit"
          : state == 2 && period == 5   ? "reveal"
                                        : NULL;
  if (round != COURT_PANEL_ROUND || state != 1) return ERR_OK;
  u256 at, head, key = u256_from((u64)of->v[0].num);
  module_slot_of(&at, COURT_PANEL_TYPE, &key);
  TRY(rpc_shop_slot(q, &head, PROJ_COURT, &at));
  if ((head.w[0] & 0xff) == 2) *duty = "panel";
  return ERR_OK;
}

/* A juror's seats in which he has not voted: a few, however many he had. */
static err court_open_seats(struct rpc_shop *q, struct rpc_rows *out,
                            const addr20 *who) {
  struct store_query sq = {.table = proj_table(PROJ_T_court_seat),
                           .limit = 200, .up = true};
  *out = (struct rpc_rows){.a = q->c->a};
  rpc_shop_where(&sq, "juror", STORE_EQ, store_blob(addr20_slice(who)));
  rpc_shop_where(&sq, "state", STORE_LE, store_num(COURT_SEAT_OPEN));
  return proj_query(q->s, &sq, rpc_rows_add, out);
}

/* Seats whose case waits for a vote, with the case. */
err rpc_do_court_myDuty(struct rpc_call *c) {
  struct rpc_shop q;
  struct rpc_rows seats, cases;
  const char *duty;
  const addr20 *who;
  TRY(rpc_shop_begin_party(c, &q, &who));
  struct jsonw *w = &c->w;
  err e = court_open_seats(&q, &seats, who);
  jsonw_obj(w);
  jsonw_key(w, "items");
  jsonw_arr(w);
  for (u32 i = 0; i < seats.cnt && !e; i++) {
    e = rpc_shop_rows(&q, &cases, PROJ_T_court_case, "id", seats.row[i].v[0],
                      1);
    if (e || !cases.cnt) continue;
    e = court_duty(&q, &duty, &seats.row[i], &cases.row[0]);
    if (e || !duty) continue;
    jsonw_obj(w);
    jsonw_kv_str(w, "duty", duty);
    jsonw_key(w, "case");
    jsonw_obj(w);
    e = rpc_shop_item(&q, &RPC_LISTS[RPC_L_court_list], &cases.row[0]);
    if (e < 0) break;
    jsonw_obj_end(w);
    jsonw_obj_end(w);
  }
  if (e < 0) return rpc_shop_fail(&q, e);
  jsonw_arr_end(w);
  jsonw_kv_u64(w, "height", q.head);
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_do_court_jurorStats(struct rpc_call *c) {
  struct rpc_shop q;
  struct rpc_rows rows;
  bool found;
  const addr20 *who;
  TRY(rpc_shop_begin_party(c, &q, &who));
  struct jsonw *w = &c->w;
  u256 key = module_key_addr(who);
  struct store_val v = store_blob(addr20_slice(who));
  err e = rpc_shop_exists(&q, &found, PROJ_COURT, 1, &key);
  if (!e && !found) {
    jsonw_null(w);
    return ERR_OK;
  }
  jsonw_obj(w);
  if (!e) e = rpc_shop_record(&q, &found, PROJ_COURT, 1, &key);
  if (!e) e = rpc_shop_rows(&q, &rows, PROJ_T_id_rep, "party", v, 1);
  static const char *const col[] = {"juror_coherent", "juror_incoherent"};
  static const char *const name[] = {"coherent", "incoherent"};
  for (u32 i = 0; i < 2 && !e; i++)
    jsonw_kv_u64(w, name[i], rows.cnt ? (u64)rpc_row_col(&rows.row[0],
                                                         PROJ_T_id_rep,
                                                         col[i])->num : 0);
  struct rpc_rows ever = {.a = c->a};
  if (!e) e = proj_named(q.s, "court_seats_ever", &v, 1, rpc_rows_add, &ever);
  if (e < 0) return rpc_shop_fail(&q, e);
  jsonw_kv_u64(w, "seatsEver", (u64)ever.row[0].v[0].num);
  jsonw_kv_u64(w, "height", q.head);
  jsonw_obj_end(w);
  return ERR_OK;
}
#undef COURT_COURTS_MAX
#undef COURT_ROUND_TYPE
#undef COURT_PANEL_TYPE
#undef COURT_PANEL_ROUND
#undef COURT_SEAT_OPEN
#undef COURT_RULES_MAX
#undef COURT_RULES_GAP
