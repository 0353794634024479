/* shop_orders.c - module 0x..1013, Orders; see orders.def and shop_orders.h.
**
** Order (key: id); who is expected to act; deadline -> automatic exit
**   none         place, placeMany, payInvoice       -> Paid
**                payInvoice of milestones           -> Milestones
**                payInstant, payInvoice of mode 2   -> Completed*
**   Paid         seller; created + handling         -> Cancelled*
**     accept (a flag); ship, deliver -> Shipped; cancel (seller; buyer within
**     cancelWindow or before accept) -> Cancelled*; refund
**   Shipped      buyer; shipped + delivery + inspect (delivered + inspect)
**                                                   -> Completed*
**     confirm -> Completed*; extend; refund; askReturn -> ReturnAsked
**   ReturnAsked  seller; returnAnswer               -> ReturnOpen
**     answerReturn(yes) -> ReturnOpen, (no) -> Shipped
**   ReturnOpen   buyer; returnSend                  -> Completed*
**     sendReturn -> ReturnSent
**   ReturnSent   seller; returnReceive              -> Refunded* (what is due)
**     confirmReturn -> Refunded*
**   Milestones   each has its own clock; Completed* when all are done
**     (Refunded* when none was paid); cancel (seller) -> Cancelled*
**   Disputed     locked by Mediation; settled -> Resolved*, dropped -> before
** Milestone (key: order, index)
**   Waiting      seller; due + 7 days -> this and the later ones Refunded*
**     submitMilestone -> Submitted
**   Submitted    buyer; inspect -> Released*;  acceptMilestone -> Released*;
**     rejectMilestone (once) -> Waiting, due at least 14 days from now
** Invoice  createInvoice -> Open: expiresAt -> Expired*; paid maxUses times ->
**     Paid*; cancelInvoice -> Cancelled*
** Plan     savePlan -> Open; closePlan -> Closed*
** Subscription  subscribe -> Active; at nextAt a period is charged, or it is
**     PastDue: subGrace -> Lapsed*, the rest back; topUp charges at once;
**     maxPeriods -> Finished*; cancelSub -> Cancelled*
**
** Money: total = goods - discount + shipping.  A coupon's discount is spread
** over the lines it covers by their goods, so that each line has its net; fees
** are of the nets' sum N.  Fees follow what is released, cumulatively: after
** released x, F = fee_total x / total is due, of it the platform's share A =
** platform_fee F / fee_total, the referrer's part of A, and of B = F - A the
** affiliate's part, the rest the treasury's; each is paid what it has not had.
** All round down; the seller has the rest.
**
** Invariants: held = total - released - refunded; sum of held and of prepaid
** is what is accounted, less claims; fees paid never exceed fee_total; terminal
** means held = 0; every other order has a live deadline; stock is given back
** at most once.
** Cards, points and delivery feeds belong to modules that come later: what
** names one is refused. */
#include "shop/shop_orders.h"

#include "shop/shop_identity.h"
#include "shop/shop_market.h"
#include "shop/shop_platform.h"

#define ID(what, name) order_##what##_##name
#define MODULE_PUBLIC(what, name) shop_orders_##what##_##name
#include "module/pass_struct.inc"
#include "shop/orders.def"
#include "module/pass_param.inc"
#include "shop/orders.def"
static const struct module_row order_rows[] = {
#include "module/pass_row.inc"
#include "shop/orders.def"
};
#include "module/pass_end.inc"
#define TABLE(name) &shop_orders_table_##name
#define SETTING(name) module_setting_get(c, shop_orders_param_##name)
#define HEAD(r) ((struct module_header *)(r))

#define ORDER_DAY 86400u
enum { ORDER_ORDER = 1, ORDER_INVOICE, ORDER_MILESTONE, ORDER_PLAN,
       ORDER_SUB };
enum { ORDER_PAID = 1, ORDER_SHIPPED, ORDER_MILESTONES, ORDER_RETURN_ASKED,
       ORDER_RETURN_OPEN, ORDER_RETURN_SENT, ORDER_DISPUTED, ORDER_COMPLETED,
       ORDER_CANCELLED, ORDER_REFUNDED, ORDER_RESOLVED };
enum { ORDER_STEP_WAITING = 1, ORDER_STEP_SUBMITTED, ORDER_STEP_DISPUTED,
       ORDER_STEP_RELEASED, ORDER_STEP_REFUNDED, ORDER_STEP_RESOLVED };
enum { ORDER_INV_OPEN = 1, ORDER_INV_PAID, ORDER_INV_CANCELLED,
       ORDER_INV_EXPIRED };
enum { ORDER_PLAN_OPEN = 1, ORDER_PLAN_CLOSED };
enum { ORDER_SUB_ACTIVE = 1, ORDER_SUB_PAST_DUE, ORDER_SUB_FINISHED,
       ORDER_SUB_CANCELLED, ORDER_SUB_LAPSED };
enum { ORDER_ESCROW = 1, ORDER_INSTANT, ORDER_STEPS };
enum { ORDER_FLAG_ACCEPTED = 1, ORDER_FLAG_DELIVERED = 2,
       ORDER_FLAG_RETURNED = 4, ORDER_FLAG_RESTORED = 8 };
enum { ORDER_WHY_RELEASE = 1, ORDER_WHY_REFUND, ORDER_WHY_PLATFORM,
       ORDER_WHY_REFERRER, ORDER_WHY_PROTOCOL, ORDER_WHY_LATER,
       ORDER_WHY_PERIOD, ORDER_WHY_PREPAID };
enum { ORDER_REASON_ZONE = 7, ORDER_REASON_TIME = 100 };
enum { ORDER_SUBMIT_DAYS = 7, ORDER_REJECT_DAYS = 14 };
#define ORDER_BIT(state) (1u << (state))
#define ORDER_RETURNS (ORDER_BIT(ORDER_RETURN_ASKED) | \
                       ORDER_BIT(ORDER_RETURN_OPEN) | \
                       ORDER_BIT(ORDER_RETURN_SENT))

typedef struct shop_orders_record_order order_t;
typedef struct shop_orders_record_milestone order_step_t;
typedef struct shop_orders_record_invoice order_invoice_t;
typedef struct shop_orders_record_plan order_plan_t;
typedef struct shop_orders_record_subscription order_sub_t;

static bool order_timer(struct module_call *c, u8 type, const u256 *key);

static u8 order_owner_of(u8 type, const struct module_header *h) {
  static const u8 order[] = {
    [ORDER_PAID] = MODULE_ROLE_SELLER, [ORDER_SHIPPED] = MODULE_ROLE_BUYER,
    [ORDER_RETURN_ASKED] = MODULE_ROLE_SELLER,
    [ORDER_RETURN_OPEN] = MODULE_ROLE_BUYER,
    [ORDER_RETURN_SENT] = MODULE_ROLE_SELLER,
    [ORDER_DISPUTED] = MODULE_ROLE_MODULE};
  if (type == ORDER_ORDER)
    return h->state < ARRAY_LEN(order) ? order[h->state] : 0;
  if (type == ORDER_MILESTONE)
    return h->state == ORDER_STEP_WAITING ? MODULE_ROLE_SELLER
                                          : MODULE_ROLE_BUYER;
  return type == ORDER_SUB ? MODULE_ROLE_BUYER : MODULE_ROLE_SELLER;
}

const struct module_def shop_orders = {
  .name = "Orders", .text = "Orders, escrowed trade that ends by itself",
  .number = 0x1013, .row = order_rows, .row_cnt = ARRAY_LEN(order_rows),
  .base = &module_common, .timer = order_timer, .owner_of = order_owner_of,
  .controller_of = shop_controller_of};

static const addr20 order_none;

/*------------------------------------------------------------------ records */

static enum module_end order_missing(struct module_call *c, u8 t, u256 key) {
  return MODULE_FAIL_COMMON(c, no_such_record, .t = t,
                            .key = u256_hash32(&key));
}
static enum module_end order_wrong(struct module_call *c, u8 t, u256 key,
                                   u8 state) {
  return MODULE_FAIL_COMMON(c, wrong_state, .t = t, .key = u256_hash32(&key),
                            .state = state);
}
static enum module_end order_refused(struct module_call *c) {
  return MODULE_FAIL_COMMON(c, not_authorised, .caller = c->sender);
}
static enum module_end order_range(struct module_call *c, const char *what,
                                   u64 v, u64 min, u64 max) {
  hash32 field = {{0}};
  memcpy(field.b, what, strlen(what));
  return MODULE_FAIL_COMMON(c, out_of_range, .field = field,
                            .value = u256_from(v), .min = u256_from(min),
                            .max = u256_from(max));
}
static enum module_end order_many(struct module_call *c, const char *what,
                                  u64 max) {
  hash32 field = {{0}};
  memcpy(field.b, what, strlen(what));
  return MODULE_FAIL_COMMON(c, too_many, .what = field,
                            .max = u256_from(max));
}

static void order_get(struct module_call *c, order_t *o, u64 id) {
  u256 key = u256_from(id);
  module_record_get(c, TABLE(order), o, &key);
}
static void order_put(struct module_call *c, order_t *o, u64 id) {
  u256 key = u256_from(id);
  o->updated = c->now_s;
  module_record_put(c, TABLE(order), &key, o);
}
static bool order_over(const order_t *o) { return o->state >= ORDER_COMPLETED; }

/* Another state, with its deadline; the record is put. */
static void order_turn(struct module_call *c, order_t *o, u64 id, u8 state,
                       u64 deadline, u16 reason) {
  u256 key = u256_from(id);
  addr20 by = c->flow->no_user ? c->self : c->sender;
  o->state = state;
  module_timer_set(c, HEAD(o), ORDER_ORDER, &key, deadline);
  order_put(c, o, id);
  MODULE_EMIT(c, state, .id = id, .state = state, .by = by,
              .deadline = o->deadline, .reason = reason);
}

enum { ORDER_BUYER = 1, ORDER_SELLER = 2 }; /* who may */

/* The order, for the sender as buyer or seller (with an operator's purpose), in
** one of these states. */
static enum module_end order_open(struct module_call *c, order_t *o, u64 id,
                                  u32 who, u16 purpose, u32 states) {
  order_get(c, o, id);
  if (o->state == 0) return order_missing(c, ORDER_ORDER, u256_from(id));
  bool may = (who & ORDER_BUYER && shop_acts_for(c, &o->buyer, 0)) ||
             (who & ORDER_SELLER && shop_acts_for(c, &o->seller, purpose));
  if (!may) return order_refused(c);
  if (o->state == ORDER_DISPUTED) return MODULE_FAIL(c, locked);
  if (!(states >> o->state & 1))
    return order_wrong(c, ORDER_ORDER, u256_from(id), o->state);
  return MODULE_DONE;
}

/*-------------------------------------------------------------------- money */

/* a b / d rounded down, 0 when d is 0; below 2^128 as all its uses are. */
static u128 order_share(u128 a, u128 b, u128 d) {
  u256 x = module_word_of(a), y = module_word_of(b), z = module_word_of(d);
  if (d == 0) return 0;
  u256_mul(&x, &x, &y);
  u256_divmod(&x, NULL, &x, &z);
  MUST((x.w[2] | x.w[3]) == 0);
  return (u128)x.w[1] << 64 | x.w[0];
}

/* What each has had when so much was released. */
struct order_split {
  u128 fees, operator, referrer, treasury;
};
static struct order_split order_split(const order_t *o, u128 released) {
  u128 fees = order_share(o->fee_total, released, o->total);
  u128 a = order_share(o->platform_fee, fees, o->fee_total), b = fees - a;
  u128 ref_a = order_share(o->referral_cut, a, o->platform_fee);
  u128 ref_b = order_share(o->affiliate_cut, b,
                           o->affiliate_cut + o->protocol_cut);
  return (struct order_split){fees, a - ref_a, ref_a + ref_b, b - ref_b};
}

static void order_release(struct module_call *c, order_t *o, u64 id,
                          u128 amount) {
  struct order_split was = order_split(o, o->released), now;
  u256 key = u256_from(id);
  addr20 treasury;
  if (amount == 0) return;
  MUST(amount <= o->held);
  now = order_split(o, o->released + amount);
  o->released += amount;
  o->held -= amount;
  u128 fees = now.fees - was.fees;
  o->fee_paid += fees;
  module_address(&treasury, MODULE_GOVERNANCE);
  if (now.operator > was.operator) {
    addr20 operator = shop_operator_of(c, o->platform);
    module_pay(c, &o->token, &operator, now.operator - was.operator,
               ORDER_ORDER, &key, ORDER_WHY_PLATFORM);
  }
  module_pay(c, &o->token, &o->referrer, now.referrer - was.referrer,
             ORDER_ORDER, &key, ORDER_WHY_REFERRER);
  module_pay(c, &o->token, &treasury, now.treasury - was.treasury, ORDER_ORDER,
             &key, ORDER_WHY_PROTOCOL);
  module_pay(c, &o->token, &o->seller, amount - fees, ORDER_ORDER, &key,
             ORDER_WHY_RELEASE);
  MODULE_EMIT(c, released, .id = id, .amount = module_word_of(amount),
              .fees = module_word_of(fees));
}

static void order_repay(struct module_call *c, order_t *o, u64 id, u128 amount,
                        u16 reason) {
  u256 key = u256_from(id);
  if (amount == 0) return;
  MUST(amount <= o->held);
  o->held -= amount;
  o->refunded += amount;
  module_pay(c, &o->token, &o->buyer, amount, ORDER_ORDER, &key,
             ORDER_WHY_REFUND);
  MODULE_EMIT(c, refunded, .id = id, .amount = module_word_of(amount),
              .reason = reason);
}

/* Stock and coupon go back, once. */
static void order_restore(struct module_call *c, order_t *o, u64 id) {
  order_t full;
  u256 key = u256_from(id);
  if (o->flags & ORDER_FLAG_RESTORED) return;
  o->flags |= ORDER_FLAG_RESTORED;
  module_record_load(c, TABLE(order), &full, &key);
  for (u32 i = 0; i < full.lines.cnt; i++) {
    const struct shop_orders_record_line *l =
        MODULE_AT(struct shop_orders_record_line, &full.lines, i);
    shop_restore(c, l->listing, l->variant, l->qty);
  }
  if (o->coupon) shop_coupon_count(c, o->coupon, id, &o->buyer, true);
}

static void order_steps_void(struct module_call *c, order_t *o, u64 id);

static void order_end(struct module_call *c, order_t *o, u64 id, u8 state,
                      u16 reason) {
  if (o->open) order_steps_void(c, o, id);
  MUST(o->held == 0 || evm_native_gas(c->n) == 0);
  o->ended = c->now_s;
  order_turn(c, o, id, state, 0, reason);
  shop_opened(c, &o->buyer, -1);
  shop_opened(c, &o->seller, -1);
  if (state == ORDER_COMPLETED) shop_traded(c, &o->buyer, &o->seller);
}
static void order_complete(struct module_call *c, order_t *o, u64 id,
                           u16 reason) {
  order_release(c, o, id, o->held);
  order_end(c, o, id, ORDER_COMPLETED, reason);
}
/* All that is held back to the buyer; counts against the seller. */
static void order_call_off(struct module_call *c, order_t *o, u64 id,
                           u16 reason, bool counts) {
  order_repay(c, o, id, o->held, reason);
  order_restore(c, o, id);
  order_end(c, o, id, ORDER_CANCELLED, reason);
  if (counts) shop_bump(c, &o->seller, SHOP_SELLER_CANCELS, 1);
}
/* Of a return: what the buyer gets at least. */
static u128 order_due(const order_t *o) {
  u128 paid = o->goods - o->discount;
  u128 left = paid > o->refunded ? paid - o->refunded : 0;
  return left < o->held ? left : o->held;
}
static void order_take_back(struct module_call *c, order_t *o, u64 id,
                            u128 amount, u16 reason) {
  order_repay(c, o, id, amount, reason);
  order_release(c, o, id, o->held);
  order_end(c, o, id, ORDER_REFUNDED, reason);
}

/*------------------------------------------------------------------ placing */

/* An order on its way to be one. */
struct order_draft {
  order_t o;
  struct shop_market_record_listing listing[64];
  struct shop_orders_record_line line[64];
  u128 goods[64], off[64];
  u32 cnt;
  u16 max_fee;     /* the least of its listings */
  u128 net;        /* N */
};

static void order_draft_times(order_t *o,
                              const struct shop_market_record_listing *l) {
  u32 inspect = l->inspect, days = l->return_days * ORDER_DAY;
  if (days > inspect) inspect = days;
  if (l->handling > o->handling) o->handling = l->handling;
  if (l->delivery > o->delivery) o->delivery = l->delivery;
  if (inspect > o->inspect) o->inspect = inspect;
  if (l->return_days > o->return_days) o->return_days = l->return_days;
}

static enum module_end order_draft_line(struct module_call *c,
                                        struct order_draft *d,
                                        const struct order_struct_place *a,
                                        const struct order_struct_line *in) {
  struct shop_market_record_listing *l = &d->listing[d->cnt];
  u128 unit;
  shop_listing(c, l, in->listing);
  if (l->state == 0) return order_missing(c, 1, u256_from(in->listing));
  if (!addr20_eq(&l->seller, &a->seller))
    return MODULE_FAIL(c, lines_of_other_seller, .listing = in->listing);
  if (l->state != SHOP_LISTING_ACTIVE)
    return MODULE_FAIL(c, listing_not_active, .listing = in->listing);
  if (!addr20_eq(&l->token, &a->token)) return MODULE_FAIL(c, mixed_tokens);
  if (in->qty == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (shop_unit_price(c, &unit, l, in->listing, in->variant) != MODULE_DONE)
    return MODULE_REVERTED;
  if (unit > MODULE_AMOUNT_MAX / in->qty)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  d->line[d->cnt] = (struct shop_orders_record_line){
    in->listing, in->variant, in->qty, unit};
  d->goods[d->cnt] = unit * in->qty;
  if (d->goods[d->cnt] > MODULE_AMOUNT_MAX - d->o.goods)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  d->o.goods += d->goods[d->cnt];
  if (l->max_fee_bps < d->max_fee) d->max_fee = l->max_fee_bps;
  order_draft_times(&d->o, l);
  d->cnt++;
  return MODULE_DONE;
}

/* Lines with one ship table are one parcel. */
static enum module_end order_draft_shipping(struct module_call *c,
                                            struct order_draft *d,
                                            bytes8 zone) {
  for (u32 i = 0; i < d->cnt; i++) {
    u64 table = d->listing[i].ship_table;
    u128 goods = 0, price;
    u32 items = 0;
    bool seen = false;
    for (u32 k = 0; k < i; k++) seen |= d->listing[k].ship_table == table;
    if (seen || table == 0) continue;
    for (u32 k = i; k < d->cnt; k++)
      if (d->listing[k].ship_table == table) {
        goods += d->goods[k];
        if (d->line[k].qty > UINT32_MAX - items)
          return MODULE_FAIL_COMMON(c, overflow);
        items += d->line[k].qty;
      }
    if (shop_shipping(c, &price, table, zone, goods, items) != MODULE_DONE)
      return MODULE_REVERTED;
    d->o.shipping += price;
    if (d->o.shipping > MODULE_AMOUNT_MAX)
      return MODULE_FAIL_COMMON(c, amount_too_large);
  }
  return MODULE_DONE;
}

static enum module_end order_draft_coupon(struct module_call *c,
                                          struct order_draft *d,
                                          const struct order_struct_place *a,
                                          const addr20 *buyer) {
  struct shop_market_record_coupon r;
  u128 covered = 0, done = 0, given = 0;
  if (a->coupon == 0) return MODULE_DONE;
  if (shop_coupon(c, &r, a->coupon, &a->seller, &a->token, buyer,
                  a->couponSig) != MODULE_DONE)
    return MODULE_REVERTED;
  for (u32 i = 0; i < d->cnt; i++)
    if (r.listing == 0 || r.listing == d->line[i].listing)
      covered += d->goods[i];
  if (shop_coupon_off(c, &d->o.discount, &r, covered) != MODULE_DONE)
    return MODULE_REVERTED;
  for (u32 i = 0; i < d->cnt; i++) {
    if (r.listing && r.listing != d->line[i].listing) continue;
    done += d->goods[i];
    u128 so_far = order_share(d->o.discount, done, covered);
    d->off[i] = so_far - given;
    given = so_far;
  }
  d->o.coupon = a->coupon;
  return MODULE_DONE;
}

/* What of a payment goes to whom; max_fee: what the seller lets a platform
** take. */
static enum module_end order_fees(struct module_call *c, order_t *o, u128 net,
                                  u64 platform, u16 max_fee) {
  struct shop_fee fee = {0, 0};
  bool referred = !addr20_eq(&o->referrer, &order_none);
  if (shop_fee_of(c, &fee, platform) != MODULE_DONE) return MODULE_REVERTED;
  if (fee.fee_bps > max_fee)
    return MODULE_FAIL(c, fee_above_limit, .limit = max_fee);
  o->platform = platform;
  o->platform_fee = order_share(net, fee.fee_bps, 10000);
  o->referral_cut =
      referred ? order_share(o->platform_fee, fee.referral_bps, 10000) : 0;
  o->protocol_cut = order_share(net, SETTING(protocolBps), 10000);
  o->fee_total = o->platform_fee + o->affiliate_cut + o->protocol_cut;
  return MODULE_DONE;
}

static enum module_end order_draft_sums(struct module_call *c,
                                        struct order_draft *d,
                                        const struct order_struct_place *a) {
  order_t *o = &d->o;
  bool referred = !addr20_eq(&a->referrer, &order_none);
  for (u32 i = 0; i < d->cnt; i++) {
    u128 net = d->goods[i] - d->off[i];
    u16 tax = d->listing[i].tax_bps;
    d->net += net;
    o->tax += order_share(net, tax, 10000u + tax);
    if (referred)
      o->affiliate_cut += order_share(net, d->listing[i].affiliate_bps, 10000);
  }
  o->total = o->goods - o->discount + o->shipping;
  if (o->total > MODULE_AMOUNT_MAX)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  o->referrer = a->referrer;
  return order_fees(c, o, d->net, a->platform, d->max_fee);
}

/* All but what changes anything. */
static enum module_end order_draft(struct module_call *c,
                                   struct order_draft *d,
                                   const struct order_struct_place *a,
                                   const addr20 *buyer) {
  u64 most = SETTING(linesMax);
  *d = (struct order_draft){.max_fee = 10000};
  if (addr20_eq(&a->seller, &order_none) || addr20_eq(buyer, &order_none))
    return MODULE_FAIL_COMMON(c, bad_address);
  if (addr20_eq(&a->seller, buyer) || addr20_eq(&a->referrer, buyer) ||
      addr20_eq(&a->referrer, &a->seller))
    return MODULE_FAIL_COMMON(c, self_deal);
  if (shop_not_sanctioned(c, &a->seller, 3) != MODULE_DONE)
    return MODULE_REVERTED;
  if (a->program || a->points)
    return order_missing(c, 1, u256_from(a->program));
  if (a->lines.cnt > most) return order_many(c, "lines", most);
  if (a->lines.cnt == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  for (u32 i = 0; i < a->lines.cnt; i++)
    if (order_draft_line(c, d, a,
                         MODULE_AT(struct order_struct_line, &a->lines, i)) !=
        MODULE_DONE)
      return MODULE_REVERTED;
  if (order_draft_shipping(c, d, a->zone) != MODULE_DONE ||
      order_draft_coupon(c, d, a, buyer) != MODULE_DONE)
    return MODULE_REVERTED;
  return order_draft_sums(c, d, a);
}

/* A new order whose money has come; the record is put. */
static u64 order_begin(struct module_call *c, order_t *o, u8 state,
                       u64 deadline) {
  u64 id = module_id_next(c, ORDER_ORDER);
  u256 key = u256_from(id);
  o->layout = 1;
  o->created = c->now_s;
  o->held = o->total;
  shop_opened(c, &o->buyer, 1);
  shop_opened(c, &o->seller, 1);
  o->state = state;
  module_timer_set(c, HEAD(o), ORDER_ORDER, &key, deadline);
  order_put(c, o, id);
  MODULE_EMIT(c, placed, .id = id, .buyer = o->buyer, .seller = o->seller,
              .record = module_record_bytes(c, TABLE(order), &key, o));
  return id;
}

static enum module_end order_place(struct module_call *c, u64 *id,
                                   const struct order_struct_place *a,
                                   u8 index) {
  struct order_draft *d = arena_new(c->a, struct order_draft);
  order_t *o = &d->o;
  addr20 buyer;
  if (shop_self(c, &buyer) != MODULE_DONE ||
      order_draft(c, d, a, &buyer) != MODULE_DONE)
    return MODULE_REVERTED;
  for (u32 i = 0; i < d->cnt; i++)
    if (shop_reserve(c, &d->listing[i], d->line[i].listing,
                     MODULE_AT(struct order_struct_line, &a->lines,
                               i)->version,
                     d->line[i].variant, d->line[i].qty) != MODULE_DONE)
      return MODULE_REVERTED;
  if (o->total != a->expectedTotal)
    return MODULE_FAIL(c, total_changed, .index = index,
                       .current = module_word_of(o->total));
  if (o->total == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (module_take(c, &a->token, o->total) != MODULE_DONE)
    return MODULE_REVERTED;
  o->mode = ORDER_ESCROW;
  o->buyer = buyer;
  o->seller = a->seller;
  o->token = a->token;
  o->ship_hash = a->shipHash;
  o->ref = a->ref;
  o->lines = (struct module_array){d->line, d->cnt};
  *id = order_begin(c, o, ORDER_PAID, c->now_s + o->handling);
  if (o->coupon) shop_coupon_count(c, o->coupon, *id, &buyer, false);
  return MODULE_DONE;
}

static enum module_end order_do_place(struct module_call *c,
                                      const struct order_in_place *in,
                                      struct order_out_place *out) {
  return order_place(c, &out->id, &in->a, 0);
}
static enum module_end order_do_place_many(struct module_call *c,
                                           const struct order_in_place_many *in,
                                           struct order_out_place_many *out) {
  u64 most = SETTING(batchMax);
  if (in->a.cnt > most) return order_many(c, "orders", most);
  out->ids = module_list_make(c, in->a.cnt);
  for (u32 i = 0; i < in->a.cnt; i++) {
    u64 id;
    if (order_place(c, &id, MODULE_AT(struct order_struct_place, &in->a, i),
                    (u8)i) != MODULE_DONE)
      return MODULE_REVERTED;
    module_list_put_u64(&out->ids, i, id);
  }
  return MODULE_DONE;
}
static enum module_end order_do_quote(struct module_call *c,
                                      const struct order_in_quote *in,
                                      struct order_out_quote *out) {
  struct order_draft *d = arena_new(c->a, struct order_draft);
  if (order_draft(c, d, &in->a, &in->buyer) != MODULE_DONE)
    return MODULE_REVERTED;
  out->total = module_word_of(d->o.total);
  out->fee = module_word_of(d->o.fee_total);
  out->shipBy = c->now_s + d->o.handling;
  return MODULE_DONE;
}

/*---------------------------------------------------------- paid and shipped */

static enum module_end order_do_accept(struct module_call *c,
                                       const struct order_in_accept *in,
                                       struct order_out_accept *out) {
  order_t o;
  (void)out;
  if (order_open(c, &o, in->id, ORDER_SELLER, SHOP_SHIP,
                 ORDER_BIT(ORDER_PAID)) != MODULE_DONE)
    return MODULE_REVERTED;
  if (o.flags & ORDER_FLAG_ACCEPTED)
    return MODULE_FAIL_COMMON(c, duplicate, .what = {"accept"});
  o.flags |= ORDER_FLAG_ACCEPTED;
  order_put(c, &o, in->id);
  MODULE_EMIT(c, state, .id = in->id, .state = o.state, .by = c->sender,
              .deadline = o.deadline);
  return MODULE_DONE;
}

static enum module_end order_do_ship(struct module_call *c,
                                     const struct order_in_ship *in,
                                     struct order_out_ship *out) {
  order_t o;
  (void)out;
  if (order_open(c, &o, in->id, ORDER_SELLER, SHOP_SHIP,
                 ORDER_BIT(ORDER_PAID)) != MODULE_DONE)
    return MODULE_REVERTED;
  o.track = in->tracking;
  order_turn(c, &o, in->id, ORDER_SHIPPED,
             c->now_s + o.delivery + o.inspect, 0);
  MODULE_EMIT(c, shipped, .id = in->id, .tracking = in->tracking);
  return MODULE_DONE;
}

static enum module_end order_do_deliver(struct module_call *c,
                                        const struct order_in_deliver *in,
                                        struct order_out_deliver *out) {
  order_t o;
  (void)out;
  if (order_open(c, &o, in->id, ORDER_SELLER, SHOP_SHIP,
                 ORDER_BIT(ORDER_PAID)) != MODULE_DONE)
    return MODULE_REVERTED;
  o.track = in->content;
  o.flags |= ORDER_FLAG_DELIVERED;
  order_turn(c, &o, in->id, ORDER_SHIPPED, c->now_s + o.inspect, 0);
  MODULE_EMIT(c, delivered, .id = in->id, .proof = in->content);
  return MODULE_DONE;
}

static enum module_end order_do_attest_delivery(
    struct module_call *c, const struct order_in_attest_delivery *in,
    struct order_out_attest_delivery *out) {
  order_t o;
  (void)out;
  order_get(c, &o, in->id);
  if (o.state == 0) return order_missing(c, ORDER_ORDER, u256_from(in->id));
  if (o.state != ORDER_SHIPPED)
    return order_wrong(c, ORDER_ORDER, u256_from(in->id), o.state);
  return MODULE_FAIL(c, bad_feed, .feed = in->feed);
}

static enum module_end order_do_confirm(struct module_call *c,
                                        const struct order_in_confirm *in,
                                        struct order_out_confirm *out) {
  order_t o;
  (void)out;
  if (order_open(c, &o, in->id, ORDER_BUYER, 0, ORDER_BIT(ORDER_SHIPPED)) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  order_complete(c, &o, in->id, 0);
  return MODULE_DONE;
}

static enum module_end order_do_extend(struct module_call *c,
                                       const struct order_in_extend *in,
                                       struct order_out_extend *out) {
  order_t o;
  u64 most = SETTING(extendMax);
  (void)out;
  if (order_open(c, &o, in->id, ORDER_BUYER | ORDER_SELLER, SHOP_SHIP,
                 ORDER_BIT(ORDER_SHIPPED)) != MODULE_DONE)
    return MODULE_REVERTED;
  bool seller = shop_acts_for(c, &o.seller, SHOP_SHIP);
  if (!seller && o.extended_by & ORDER_BUYER)
    return MODULE_FAIL_COMMON(c, duplicate, .what = {"extend"});
  u64 room = o.created + 365u * ORDER_DAY; /* nothing is held for ever */
  if (in->secs == 0 || in->secs > most || o.deadline + in->secs > room)
    return order_range(c, "secs", in->secs, 1, most);
  o.extended_by |= seller ? ORDER_SELLER : ORDER_BUYER;
  order_turn(c, &o, in->id, ORDER_SHIPPED, o.deadline + in->secs, 0);
  return MODULE_DONE;
}

static enum module_end order_do_cancel(struct module_call *c,
                                       const struct order_in_cancel *in,
                                       struct order_out_cancel *out) {
  order_t o;
  (void)out;
  if (order_open(c, &o, in->id, ORDER_BUYER | ORDER_SELLER, SHOP_REFUND,
                 ORDER_BIT(ORDER_PAID) | ORDER_BIT(ORDER_MILESTONES)) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  bool seller = shop_acts_for(c, &o.seller, SHOP_REFUND);
  if (!seller && o.state == ORDER_MILESTONES) return order_refused(c);
  u64 until = o.created + SETTING(cancelWindow);
  if (!seller && o.flags & ORDER_FLAG_ACCEPTED && c->now_s > until)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = until);
  if (o.disputed) return MODULE_FAIL(c, locked);
  order_call_off(c, &o, in->id, in->reason,
                 seller && in->reason != ORDER_REASON_ZONE);
  return MODULE_DONE;
}

static enum module_end order_do_refund(struct module_call *c,
                                       const struct order_in_refund *in,
                                       struct order_out_refund *out) {
  order_t o;
  (void)out;
  if (order_open(c, &o, in->id, ORDER_SELLER, SHOP_REFUND,
                 ORDER_BIT(ORDER_PAID) | ORDER_BIT(ORDER_SHIPPED)) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  if (in->amount == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (in->amount > o.held)
    return MODULE_FAIL(c, exceeds_held, .most = module_word_of(o.held));
  if (in->amount > o.held - o.lien) return MODULE_FAIL(c, lien_active);
  order_repay(c, &o, in->id, in->amount, in->reason);
  if (o.held) {
    order_put(c, &o, in->id);
    return MODULE_DONE;
  }
  if (o.state == ORDER_PAID) order_restore(c, &o, in->id);
  order_end(c, &o, in->id, ORDER_REFUNDED, in->reason);
  return MODULE_DONE;
}

static enum module_end order_do_refund_later(
    struct module_call *c, const struct order_in_refund_later *in,
    struct order_out_refund_later *out) {
  order_t o;
  u256 key = u256_from(in->id);
  (void)out;
  if (order_open(c, &o, in->id, ORDER_SELLER, SHOP_REFUND,
                 ORDER_BIT(ORDER_COMPLETED) | ORDER_BIT(ORDER_RESOLVED) |
                     ORDER_BIT(ORDER_REFUNDED)) != MODULE_DONE)
    return MODULE_REVERTED;
  u64 until = o.ended + 365u * ORDER_DAY;
  if (c->now_s > until)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = until);
  if (in->amount == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  u128 most = o.released - o.refunded_later;
  if (in->amount > most)
    return MODULE_FAIL(c, exceeds_held, .most = module_word_of(most));
  if (module_take(c, &o.token, in->amount) != MODULE_DONE)
    return MODULE_REVERTED;
  o.refunded_later += in->amount;
  order_put(c, &o, in->id);
  module_pay(c, &o.token, &o.buyer, in->amount, ORDER_ORDER, &key,
             ORDER_WHY_LATER);
  MODULE_EMIT(c, refunded, .id = in->id, .amount = module_word_of(in->amount),
              .later = true);
  return MODULE_DONE;
}

/*------------------------------------------------------------------ returns */

static void order_step_of_return(struct module_call *c, u64 id, u8 step,
                                 const hash32 *note) {
  MODULE_EMIT(c, return_step, .id = id, .by = c->sender, .step = step,
              .note = *note);
}

static enum module_end order_do_ask_return(struct module_call *c,
                                           const struct order_in_ask_return *in,
                                           struct order_out_ask_return *out) {
  order_t o;
  (void)out;
  if (order_open(c, &o, in->id, ORDER_BUYER, 0, ORDER_BIT(ORDER_SHIPPED)) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  if (o.return_days == 0 || o.flags & ORDER_FLAG_RETURNED)
    return MODULE_FAIL(c, no_returns);
  o.flags |= ORDER_FLAG_RETURNED;
  order_turn(c, &o, in->id, ORDER_RETURN_ASKED,
             c->now_s + SETTING(returnAnswer), in->reason);
  order_step_of_return(c, in->id, ORDER_RETURN_ASKED, &in->note);
  return MODULE_DONE;
}
static enum module_end order_do_answer_return(
    struct module_call *c, const struct order_in_answer_return *in,
    struct order_out_answer_return *out) {
  order_t o;
  (void)out;
  if (order_open(c, &o, in->id, ORDER_SELLER, SHOP_REFUND,
                 ORDER_BIT(ORDER_RETURN_ASKED)) != MODULE_DONE)
    return MODULE_REVERTED;
  u8 next = in->ok ? ORDER_RETURN_OPEN : ORDER_SHIPPED;
  order_turn(c, &o, in->id, next,
             c->now_s + (in->ok ? SETTING(returnSend) : o.inspect), 0);
  order_step_of_return(c, in->id, next, &in->note);
  return MODULE_DONE;
}
static enum module_end order_do_send_return(
    struct module_call *c, const struct order_in_send_return *in,
    struct order_out_send_return *out) {
  order_t o;
  (void)out;
  if (order_open(c, &o, in->id, ORDER_BUYER, 0,
                 ORDER_BIT(ORDER_RETURN_OPEN)) != MODULE_DONE)
    return MODULE_REVERTED;
  order_turn(c, &o, in->id, ORDER_RETURN_SENT,
             c->now_s + SETTING(returnReceive), 0);
  order_step_of_return(c, in->id, ORDER_RETURN_SENT, &in->tracking);
  return MODULE_DONE;
}
static enum module_end order_do_confirm_return(
    struct module_call *c, const struct order_in_confirm_return *in,
    struct order_out_confirm_return *out) {
  static const hash32 none;
  order_t o;
  (void)out;
  if (order_open(c, &o, in->id, ORDER_SELLER, SHOP_REFUND,
                 ORDER_BIT(ORDER_RETURN_SENT)) != MODULE_DONE)
    return MODULE_REVERTED;
  if (in->amount < order_due(&o))
    return MODULE_FAIL(c, refund_too_small,
                       .due = module_word_of(order_due(&o)));
  if (in->amount > o.held)
    return MODULE_FAIL(c, exceeds_held, .most = module_word_of(o.held));
  order_step_of_return(c, in->id, ORDER_REFUNDED, &none);
  order_take_back(c, &o, in->id, in->amount, 0);
  return MODULE_DONE;
}

/*--------------------------------------------------------------- milestones */

static u256 order_step_key(u64 order, u8 index) {
  u256 part[2] = {u256_from(order), u256_from(index)}, key;
  module_key_of(&key, part, 2);
  return key;
}
static bool order_step_get(struct module_call *c, order_step_t *m, u64 order,
                           u8 index) {
  u256 key = order_step_key(order, index);
  module_record_get(c, TABLE(milestone), m, &key);
  return m->state != 0;
}
static void order_step_turn(struct module_call *c, order_step_t *m, u8 state,
                            u64 deadline) {
  u256 key = order_step_key(m->order, m->index);
  m->state = state;
  m->updated = c->now_s;
  module_timer_set(c, HEAD(m), ORDER_MILESTONE, &key, deadline);
  module_record_put(c, TABLE(milestone), &key, m);
  MODULE_EMIT(c, milestone_saved, .id = m->order, .index = m->index,
              .state = state,
              .record = module_record_bytes(c, TABLE(milestone), &key, m));
}
/* The order after some of its milestones were done. */
static void order_steps_done(struct module_call *c, order_t *o, u64 id) {
  if (o->open) order_put(c, o, id);
  else order_end(c, o, id, o->released ? ORDER_COMPLETED : ORDER_REFUNDED, 0);
}
/* The order ends as a whole: what was not done never is. */
static void order_steps_void(struct module_call *c, order_t *o, u64 id) {
  order_step_t m;
  for (u8 i = 0; order_step_get(c, &m, id, i); i++)
    if (m.state < ORDER_STEP_RELEASED)
      order_step_turn(c, &m, ORDER_STEP_REFUNDED, 0);
  o->open = o->disputed = 0;
}
static void order_step_release(struct module_call *c, order_t *o,
                               order_step_t *m) {
  order_step_turn(c, m, ORDER_STEP_RELEASED, 0);
  o->open--;
  order_release(c, o, m->order, m->amount);
  order_steps_done(c, o, m->order);
}
/* Not delivered: this one and those after it that wait or were handed in. */
static void order_steps_refund(struct module_call *c, order_t *o,
                               order_step_t *first) {
  order_step_t m = *first;
  do {
    if (m.state != ORDER_STEP_WAITING && m.state != ORDER_STEP_SUBMITTED)
      continue;
    order_step_turn(c, &m, ORDER_STEP_REFUNDED, 0);
    o->open--;
    order_repay(c, o, m.order, m.amount, ORDER_REASON_TIME);
  } while (order_step_get(c, &m, first->order, (u8)(m.index + 1)));
  order_steps_done(c, o, first->order);
}

static enum module_end order_step_open(struct module_call *c, order_t *o,
                                       order_step_t *m, u64 id, u8 index,
                                       u32 who, u8 state) {
  if (order_open(c, o, id, who, SHOP_SHIP, ORDER_BIT(ORDER_MILESTONES)) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  u256 key = order_step_key(id, index);
  if (!order_step_get(c, m, id, index))
    return order_missing(c, ORDER_MILESTONE, key);
  if (m->state == ORDER_STEP_DISPUTED) return MODULE_FAIL(c, locked);
  if (m->state != state) return order_wrong(c, ORDER_MILESTONE, key, m->state);
  return MODULE_DONE;
}

static enum module_end order_do_submit_milestone(
    struct module_call *c, const struct order_in_submit_milestone *in,
    struct order_out_submit_milestone *out) {
  order_t o;
  order_step_t m;
  (void)out;
  if (order_step_open(c, &o, &m, in->id, in->i, ORDER_SELLER,
                      ORDER_STEP_WAITING) != MODULE_DONE)
    return MODULE_REVERTED;
  m.result = in->result;
  order_step_turn(c, &m, ORDER_STEP_SUBMITTED, c->now_s + o.inspect);
  return MODULE_DONE;
}
static enum module_end order_do_accept_milestone(
    struct module_call *c, const struct order_in_accept_milestone *in,
    struct order_out_accept_milestone *out) {
  order_t o;
  order_step_t m;
  (void)out;
  if (order_step_open(c, &o, &m, in->id, in->i, ORDER_BUYER,
                      ORDER_STEP_SUBMITTED) != MODULE_DONE)
    return MODULE_REVERTED;
  order_step_release(c, &o, &m);
  return MODULE_DONE;
}
static enum module_end order_do_reject_milestone(
    struct module_call *c, const struct order_in_reject_milestone *in,
    struct order_out_reject_milestone *out) {
  order_t o;
  order_step_t m;
  (void)out;
  if (order_step_open(c, &o, &m, in->id, in->i, ORDER_BUYER,
                      ORDER_STEP_SUBMITTED) != MODULE_DONE)
    return MODULE_REVERTED;
  if (m.rejects)
    return MODULE_FAIL_COMMON(c, duplicate, .what = {"reject"});
  u64 least = c->now_s + ORDER_REJECT_DAYS * ORDER_DAY;
  m.rejects++;
  m.result = in->note;
  if (m.due < least) m.due = least;
  order_step_turn(c, &m, ORDER_STEP_WAITING,
                  m.due + ORDER_SUBMIT_DAYS * ORDER_DAY);
  return MODULE_DONE;
}

/*----------------------------------------------------------------- invoices */

static void order_invoice_put(struct module_call *c, order_invoice_t *r,
                              u64 id) {
  u256 key = u256_from(id);
  r->updated = c->now_s;
  module_record_put(c, TABLE(invoice), &key, r);
  MODULE_EMIT(c, invoice_saved, .id = id, .seller = r->seller,
              .record = module_record_bytes(c, TABLE(invoice), &key, r));
}

static enum module_end order_invoice_steps(
    struct module_call *c, struct shop_orders_record_step *step,
    const struct order_struct_invoice *a) {
  u64 most = SETTING(milestonesMax), last = c->now_s;
  u32 cnt = a->milestoneAmounts.cnt;
  u128 sum = 0;
  if (cnt > most) return order_many(c, "milestones", most);
  if (cnt != a->milestoneDue.cnt || cnt != a->milestoneDocs.cnt ||
      (cnt != 0) != (a->mode == ORDER_STEPS))
    return MODULE_FAIL(c, milestone_sum);
  for (u32 i = 0; i < cnt; i++) {
    u256 v;
    module_list_u256(&v, &a->milestoneAmounts, i);
    u128 amount = (u128)v.w[1] << 64 | v.w[0];
    if (v.w[2] | v.w[3] || amount == 0 || amount > a->amount - sum)
      return MODULE_FAIL(c, milestone_sum);
    sum += amount;
    step[i].amount = amount;
    step[i].due = module_list_u64(&a->milestoneDue, i);
    if (step[i].due <= last)
      return MODULE_FAIL_COMMON(c, too_late, .notAfter = step[i].due);
    last = step[i].due;
    module_list_b32(&step[i].doc, &a->milestoneDocs, i);
  }
  if (cnt && sum != a->amount) return MODULE_FAIL(c, milestone_sum);
  return MODULE_DONE;
}

static enum module_end order_do_create_invoice(
    struct module_call *c, const struct order_in_create_invoice *in,
    struct order_out_create_invoice *out) {
  const struct order_struct_invoice *a = &in->a;
  struct shop_orders_record_step step[32];
  addr20 seller;
  if (shop_owner(c, &seller, &in->owner, SHOP_TILL) != MODULE_DONE ||
      shop_not_sanctioned(c, &seller, 2) != MODULE_DONE)
    return MODULE_REVERTED;
  if (a->mode < ORDER_ESCROW || a->mode > ORDER_STEPS)
    return order_range(c, "mode", a->mode, 1, 3);
  if (a->feed) return MODULE_FAIL(c, bad_feed, .feed = a->feed);
  if (a->expiresAt <= c->now_s || a->expiresAt > c->now_s + 1095u * ORDER_DAY)
    return order_range(c, "expiresAt", a->expiresAt, c->now_s + 1,
                       c->now_s + 1095u * ORDER_DAY);
  if (a->maxFeeBps > 10000)
    return order_range(c, "maxFeeBps", a->maxFeeBps, 0, 10000);
  if (a->amount && a->tax > a->amount)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  if (a->mode != ORDER_INSTANT &&
      shop_times_ok(c, a->handling, a->delivery, a->inspect, 0) != MODULE_DONE)
    return MODULE_REVERTED;
  if (order_invoice_steps(c, step, a) != MODULE_DONE) return MODULE_REVERTED;
  u64 id = module_id_next(c, ORDER_INVOICE);
  u256 key = u256_from(id);
  order_invoice_t r = {
    .state = ORDER_INV_OPEN, .layout = 1, .created = c->now_s,
    .mode = a->mode, .max_fee_bps = a->maxFeeBps, .seller = seller,
    .max_uses = a->maxUses, .expires = a->expiresAt, .payer = a->payer,
    .token = a->token, .handling = a->handling, .delivery = a->delivery,
    .inspect = a->inspect, .amount = a->amount, .tax = a->tax, .doc = a->doc,
    .ref = a->ref, .milestones = {step, a->milestoneAmounts.cnt}};
  module_timer_set(c, HEAD(&r), ORDER_INVOICE, &key, a->expiresAt);
  order_invoice_put(c, &r, id);
  out->id = id;
  return MODULE_DONE;
}

static enum module_end order_do_cancel_invoice(
    struct module_call *c, const struct order_in_cancel_invoice *in,
    struct order_out_cancel_invoice *out) {
  order_invoice_t r;
  u256 key = u256_from(in->id);
  (void)out;
  module_record_get(c, TABLE(invoice), &r, &key);
  if (r.state == 0) return order_missing(c, ORDER_INVOICE, key);
  if (!shop_acts_for(c, &r.seller, SHOP_TILL)) return order_refused(c);
  if (r.state != ORDER_INV_OPEN)
    return order_wrong(c, ORDER_INVOICE, key, r.state);
  r.state = ORDER_INV_CANCELLED;
  r.deadline = 0;
  order_invoice_put(c, &r, in->id);
  return MODULE_DONE;
}

/* An order without lines, whose net is its total. */
static enum module_end order_plain(struct module_call *c, order_t *o,
                                   const addr20 *seller, const addr20 *token,
                                   u128 amount, u64 platform, u16 max_fee) {
  addr20 buyer;
  if (shop_self(c, &buyer) != MODULE_DONE) return MODULE_REVERTED;
  if (addr20_eq(seller, &order_none)) return MODULE_FAIL_COMMON(c, bad_address);
  if (addr20_eq(seller, &buyer) || addr20_eq(&o->referrer, &buyer) ||
      addr20_eq(&o->referrer, seller))
    return MODULE_FAIL_COMMON(c, self_deal);
  if (shop_not_sanctioned(c, seller, 3) != MODULE_DONE) return MODULE_REVERTED;
  if (amount == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (order_fees(c, o, amount, platform, max_fee) != MODULE_DONE ||
      module_take(c, token, amount) != MODULE_DONE)
    return MODULE_REVERTED;
  o->buyer = buyer;
  o->seller = *seller;
  o->token = *token;
  o->goods = o->total = amount;
  o->lines.item = &o->lines; /* none, and not to be loaded */
  return MODULE_DONE;
}

static void order_steps_begin(struct module_call *c, order_t *o, u64 id,
                              const order_invoice_t *r) {
  for (u32 i = 0; i < r->milestones.cnt; i++) {
    const struct shop_orders_record_step *s =
        MODULE_AT(struct shop_orders_record_step, &r->milestones, i);
    order_step_t m = {.layout = 1, .created = c->now_s, .index = (u8)i,
                      .order = id, .due = s->due, .amount = s->amount,
                      .doc = s->doc};
    order_step_turn(c, &m, ORDER_STEP_WAITING,
                    s->due + ORDER_SUBMIT_DAYS * ORDER_DAY);
  }
  (void)o;
}

/* Money to the seller in the same call. */
static u64 order_instant(struct module_call *c, order_t *o) {
  o->mode = ORDER_INSTANT;
  u64 id = order_begin(c, o, ORDER_SHIPPED, 0);
  order_complete(c, o, id, 0);
  return id;
}

static enum module_end order_do_pay_invoice(
    struct module_call *c, const struct order_in_pay_invoice *in,
    struct order_out_pay_invoice *out) {
  order_invoice_t r;
  order_t o = {.referrer = in->referrer};
  addr20 me;
  u256 key = u256_from(in->id);
  module_record_load(c, TABLE(invoice), &r, &key);
  if (r.state == 0) return order_missing(c, ORDER_INVOICE, key);
  if (shop_self(c, &me) != MODULE_DONE) return MODULE_REVERTED;
  if (!addr20_eq(&r.payer, &order_none) && !addr20_eq(&r.payer, &me))
    return MODULE_FAIL(c, not_payer);
  if (r.state == ORDER_INV_PAID) return MODULE_FAIL(c, invoice_used_up);
  if (r.state != ORDER_INV_OPEN)
    return order_wrong(c, ORDER_INVOICE, key, r.state);
  u128 want = r.amount ? r.amount : in->amount;
  if (in->amount != want)
    return MODULE_FAIL(c, total_changed, .current = module_word_of(want));
  u16 max_fee = in->platform ? r.max_fee_bps : 10000;
  if (order_plain(c, &o, &r.seller, &r.token, want, in->platform, max_fee) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  o.handling = r.handling;
  o.delivery = r.delivery;
  o.inspect = r.inspect;
  o.tax = r.amount ? r.tax : 0;
  o.doc = r.doc;
  o.ref = r.ref;
  o.ship_hash = in->shipHash;
  o.open = (u8)r.milestones.cnt;
  o.mode = r.mode;
  r.used++;
  if (r.max_uses && r.used == r.max_uses) {
    r.state = ORDER_INV_PAID;
    r.deadline = 0;
  }
  order_invoice_put(c, &r, in->id);
  if (r.mode == ORDER_INSTANT)
    out->order = order_instant(c, &o);
  else if (r.mode == ORDER_STEPS)
    out->order = order_begin(c, &o, ORDER_MILESTONES, 0);
  else
    out->order = order_begin(c, &o, ORDER_PAID, c->now_s + o.handling);
  if (r.mode == ORDER_STEPS) order_steps_begin(c, &o, out->order, &r);
  return MODULE_DONE;
}

static enum module_end order_do_pay_by_card(
    struct module_call *c, const struct order_in_pay_by_card *in,
    struct order_out_pay_by_card *out) {
  (void)out;
  return order_missing(c, 3, u256_from(in->card)); /* cards are of Rewards */
}

static enum module_end order_do_pay_instant(
    struct module_call *c, const struct order_in_pay_instant *in,
    struct order_out_pay_instant *out) {
  order_t o = {.ref = in->ref};
  if (order_plain(c, &o, &in->seller, &in->token, in->amount, 0, 0) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  out->id = order_instant(c, &o);
  return MODULE_DONE;
}

/*------------------------------------------------------------ subscriptions */

static void order_plan_put(struct module_call *c, order_plan_t *p, u64 id) {
  u256 key = u256_from(id);
  p->updated = c->now_s;
  module_record_put(c, TABLE(plan), &key, p);
  MODULE_EMIT(c, plan_saved, .id = id, .seller = p->seller,
              .record = module_record_bytes(c, TABLE(plan), &key, p));
}
static enum module_end order_plan_own(struct module_call *c, order_plan_t *p,
                                      u64 id) {
  u256 key = u256_from(id);
  module_record_get(c, TABLE(plan), p, &key);
  if (p->state == 0) return order_missing(c, ORDER_PLAN, key);
  if (!shop_acts_for(c, &p->seller, SHOP_SELL)) return order_refused(c);
  if (p->closed) return MODULE_FAIL(c, plan_closed);
  return MODULE_DONE;
}

static enum module_end order_do_save_plan(struct module_call *c,
                                          const struct order_in_save_plan *in,
                                          struct order_out_save_plan *out) {
  const struct order_struct_plan *a = &in->a;
  order_plan_t p = {.state = ORDER_PLAN_OPEN, .layout = 1,
                    .created = c->now_s};
  u64 id = in->id, least = SETTING(periodMin);
  if (id) {
    if (order_plan_own(c, &p, id) != MODULE_DONE) return MODULE_REVERTED;
  } else {
    u8 level = module_clock(c);
    if (level) return MODULE_FAIL_COMMON(c, module_paused, .level = level);
    if (shop_owner(c, &p.seller, &in->owner, SHOP_SELL) != MODULE_DONE ||
        shop_not_sanctioned(c, &p.seller, 2) != MODULE_DONE)
      return MODULE_REVERTED;
  }
  if (a->amount == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (a->period < least || a->period > 730u * ORDER_DAY)
    return order_range(c, "period", a->period, least, 730u * ORDER_DAY);
  if (a->trial > 365u * ORDER_DAY)
    return order_range(c, "trial", a->trial, 0, 365u * ORDER_DAY);
  if (a->maxFeeBps > 10000)
    return order_range(c, "maxFeeBps", a->maxFeeBps, 0, 10000);
  if (!id) id = module_id_next(c, ORDER_PLAN);
  p.token = a->token;
  p.amount = a->amount;
  p.period = a->period;
  p.trial = a->trial;
  p.max_periods = a->maxPeriods;
  p.max_fee_bps = a->maxFeeBps;
  p.doc = a->doc;
  order_plan_put(c, &p, id);
  out->saved = id;
  return MODULE_DONE;
}
static enum module_end order_do_close_plan(struct module_call *c,
                                           const struct order_in_close_plan *in,
                                           struct order_out_close_plan *out) {
  order_plan_t p;
  (void)out;
  if (order_plan_own(c, &p, in->id) != MODULE_DONE) return MODULE_REVERTED;
  p.closed = true;
  p.state = ORDER_PLAN_CLOSED;
  order_plan_put(c, &p, in->id);
  return MODULE_DONE;
}

static void order_sub_put(struct module_call *c, order_sub_t *s, u64 id) {
  u256 key = u256_from(id);
  s->updated = c->now_s;
  module_record_put(c, TABLE(subscription), &key, s);
  MODULE_EMIT(c, subscription_saved, .id = id, .plan = s->plan,
              .buyer = s->buyer,
              .record =
                  module_record_bytes(c, TABLE(subscription), &key, s));
}
/* The rest goes back. */
static void order_sub_end(struct module_call *c, order_sub_t *s, u64 id,
                          u8 state) {
  u256 key = u256_from(id);
  u128 rest = s->prepaid;
  s->state = state;
  s->deadline = 0;
  s->prepaid = 0;
  module_pay(c, &s->token, &s->buyer, rest, ORDER_SUB, &key,
             ORDER_WHY_PREPAID);
  order_sub_put(c, s, id);
  shop_opened(c, &s->buyer, -1);
  shop_opened(c, &s->seller, -1);
}

/* The period that begins at next_at, to the seller. */
static void order_sub_pay(struct module_call *c, order_sub_t *s, u64 id) {
  u256 key = u256_from(id);
  addr20 treasury, operator;
  u128 fee = order_share(s->amount, s->fee_bps, 10000);
  u128 protocol = order_share(s->amount, SETTING(protocolBps), 10000);
  s->prepaid -= s->amount;
  s->paid_periods++;
  s->next_at += s->period;
  module_address(&treasury, MODULE_GOVERNANCE);
  if (fee) {
    operator = shop_operator_of(c, s->platform);
    module_pay(c, &s->token, &operator, fee, ORDER_SUB, &key,
               ORDER_WHY_PLATFORM);
  }
  module_pay(c, &s->token, &treasury, protocol, ORDER_SUB, &key,
             ORDER_WHY_PROTOCOL);
  module_pay(c, &s->token, &s->seller, s->amount - fee - protocol, ORDER_SUB,
             &key, ORDER_WHY_PERIOD);
  MODULE_EMIT(c, period_charged, .id = id, .period = s->paid_periods,
              .amount = module_word_of(s->amount),
              .prepaid = module_word_of(s->prepaid), .nextAt = s->next_at);
}
/* What next_at asks for, when it has come; then the next deadline. */
static void order_sub_run(struct module_call *c, order_sub_t *s, u64 id) {
  u256 key = u256_from(id);
  if (c->now_s >= s->next_at && s->prepaid >= s->amount)
    order_sub_pay(c, s, id);
  if (s->max_periods && s->paid_periods >= s->max_periods) {
    order_sub_end(c, s, id, ORDER_SUB_FINISHED);
    return;
  }
  bool late = c->now_s >= s->next_at && s->prepaid < s->amount;
  s->state = late ? ORDER_SUB_PAST_DUE : ORDER_SUB_ACTIVE;
  module_timer_set(c, HEAD(s), ORDER_SUB, &key,
                   late ? s->next_at + SETTING(subGrace) : s->next_at);
  order_sub_put(c, s, id);
}

static enum module_end order_times(struct module_call *c, u128 *out,
                                   u128 amount, u16 periods) {
  if (periods == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (amount > MODULE_AMOUNT_MAX / periods)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  *out = amount * periods;
  return MODULE_DONE;
}

static enum module_end order_do_subscribe(struct module_call *c,
                                          const struct order_in_subscribe *in,
                                          struct order_out_subscribe *out) {
  order_plan_t p;
  struct shop_fee fee;
  addr20 buyer;
  u128 sum = 0;
  u256 key = u256_from(in->plan);
  module_record_get(c, TABLE(plan), &p, &key);
  if (p.state == 0) return order_missing(c, ORDER_PLAN, key);
  if (shop_self(c, &buyer) != MODULE_DONE) return MODULE_REVERTED;
  if (p.closed) return MODULE_FAIL(c, plan_closed);
  if (addr20_eq(&buyer, &p.seller)) return MODULE_FAIL_COMMON(c, self_deal);
  if (shop_not_sanctioned(c, &p.seller, 3) != MODULE_DONE ||
      shop_fee_of(c, &fee, in->platform) != MODULE_DONE)
    return MODULE_REVERTED;
  if (fee.fee_bps > p.max_fee_bps)
    return MODULE_FAIL(c, fee_above_limit, .limit = p.max_fee_bps);
  if (order_times(c, &sum, p.amount, in->periods) != MODULE_DONE ||
      module_take(c, &p.token, sum) != MODULE_DONE)
    return MODULE_REVERTED;
  order_sub_t s = {
    .state = ORDER_SUB_ACTIVE, .layout = 1, .created = c->now_s,
    .fee_bps = fee.fee_bps, .buyer = buyer, .plan = in->plan,
    .period = p.period, .seller = p.seller, .next_at = c->now_s + p.trial,
    .max_periods = p.max_periods, .token = p.token, .platform = in->platform,
    .prepaid = sum, .amount = p.amount};
  out->id = module_id_next(c, ORDER_SUB);
  shop_opened(c, &buyer, 1);
  shop_opened(c, &p.seller, 1);
  order_sub_run(c, &s, out->id);
  return MODULE_DONE;
}

static enum module_end order_sub_open(struct module_call *c, order_sub_t *s,
                                      u64 id, bool party) {
  u256 key = u256_from(id);
  module_record_get(c, TABLE(subscription), s, &key);
  if (s->state == 0) return order_missing(c, ORDER_SUB, key);
  if (party && !shop_acts_for(c, &s->buyer, 0) &&
      !shop_acts_for(c, &s->seller, SHOP_SELL))
    return order_refused(c);
  if (s->state != ORDER_SUB_ACTIVE && s->state != ORDER_SUB_PAST_DUE)
    return order_wrong(c, ORDER_SUB, key, s->state);
  return MODULE_DONE;
}
static enum module_end order_do_top_up(struct module_call *c,
                                       const struct order_in_top_up *in,
                                       struct order_out_top_up *out) {
  order_sub_t s;
  u128 sum = 0;
  (void)out;
  if (order_sub_open(c, &s, in->sub, false) != MODULE_DONE ||
      order_times(c, &sum, s.amount, in->periods) != MODULE_DONE)
    return MODULE_REVERTED;
  if (sum > MODULE_AMOUNT_MAX - s.prepaid)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  if (module_take(c, &s.token, sum) != MODULE_DONE) return MODULE_REVERTED;
  s.prepaid += sum;
  if (s.state == ORDER_SUB_PAST_DUE) order_sub_run(c, &s, in->sub);
  else order_sub_put(c, &s, in->sub);
  return MODULE_DONE;
}
static enum module_end order_do_cancel_sub(struct module_call *c,
                                           const struct order_in_cancel_sub *in,
                                           struct order_out_cancel_sub *out) {
  order_sub_t s;
  (void)out;
  if (order_sub_open(c, &s, in->sub, true) != MODULE_DONE)
    return MODULE_REVERTED;
  order_sub_end(c, &s, in->sub, ORDER_SUB_CANCELLED);
  return MODULE_DONE;
}

/*-------------------------------------------------------------------- views */

static enum module_end order_do_order_of(struct module_call *c,
                                         const struct order_in_order_of *in,
                                         struct order_out_order_of *out) {
  order_t o;
  u256 key = u256_from(in->id);
  module_record_load(c, TABLE(order), &o, &key);
  if (o.state == 0) return order_missing(c, ORDER_ORDER, key);
  out->r = module_record_abi(c, TABLE(order), &key, &o);
  return MODULE_DONE;
}
static enum module_end order_do_held_of(struct module_call *c,
                                        const struct order_in_held_of *in,
                                        struct order_out_held_of *out) {
  order_t o;
  order_get(c, &o, in->id);
  if (o.state == 0) return order_missing(c, ORDER_ORDER, u256_from(in->id));
  out->held = module_word_of(o.held);
  return MODULE_DONE;
}

/*------------------------------------------------------- what other modules do */

bool shop_review_right(struct module_call *c, struct shop_review_right *out,
                       u64 order) {
  struct module_call own;
  order_t o;
  u256 key = u256_from(order);
  memset(out, 0, sizeof *out);
  module_enter(&own, c, &shop_orders);
  module_record_load(&own, TABLE(order), &o, &key);
  module_leave(c);
  if (o.state == 0) return false;
  bool buyer = shop_acts_for(c, &o.buyer, 0);
  if (!buyer && !shop_acts_for(c, &o.seller, SHOP_SELL)) return true;
  out->side = buyer ? SHOP_SIDE_BUYER : SHOP_SIDE_SELLER;
  out->author = buyer ? o.buyer : o.seller;
  out->subject = buyer ? o.seller : o.buyer;
  out->paid = order_over(&o) && o.released;
  out->ended = o.ended;
  if (o.lines.cnt)
    out->listing =
        MODULE_AT(struct shop_orders_record_line, &o.lines, 0)->listing;
  return true;
}

bool shop_order_has(struct module_call *c, u64 order, const addr20 *me,
                    const addr20 *with) {
  struct module_call own;
  order_t o;
  module_enter(&own, c, &shop_orders);
  order_get(&own, &o, order);
  module_leave(c);
  bool buyer = addr20_eq(me, &o.buyer), seller = addr20_eq(me, &o.seller);
  return o.state && (buyer || seller) &&
         (!with || addr20_eq(with, buyer ? &o.seller : &o.buyer));
}

static bool order_lock(struct module_call *c, u128 *held, order_t *o, u64 id,
                       u8 sub) {
  order_step_t m;
  if (sub == SHOP_WHOLE) {
    if (o->disputed) return false;
    o->before = o->state;
    o->kept = o->deadline > c->now_s ? o->deadline - c->now_s : 0;
    *held = o->held;
    order_turn(c, o, id, ORDER_DISPUTED, 0, 0);
    return true;
  }
  if (o->state != ORDER_MILESTONES || !order_step_get(c, &m, id, sub) ||
      m.state > ORDER_STEP_SUBMITTED)
    return false;
  /* What is left of its time, and what it was, in flags' place: due keeps. */
  m.flags = m.state;
  m.due = m.deadline - c->now_s;
  *held = m.amount;
  o->disputed++;
  order_step_turn(c, &m, ORDER_STEP_DISPUTED, 0);
  order_put(c, o, id);
  return true;
}
bool shop_order_lock(struct module_call *c, u128 *held, u64 order, u8 sub,
                     const addr20 *opener) {
  struct module_call own;
  order_t o;
  module_enter(&own, c, &shop_orders);
  order_get(&own, &o, order);
  bool party = addr20_eq(opener, &o.buyer) || addr20_eq(opener, &o.seller);
  bool early = o.state == ORDER_PAID &&
               (addr20_eq(opener, &o.seller) ||
                own.now_s < o.created + o.handling / 2);
  u32 states = ORDER_BIT(ORDER_PAID) | ORDER_BIT(ORDER_SHIPPED) |
               ORDER_BIT(ORDER_MILESTONES) | ORDER_RETURNS;
  bool ok = o.state && party && !early && states >> o.state & 1 &&
            order_lock(&own, held, &o, order, sub);
  module_leave(c);
  return ok;
}

void shop_order_settle(struct module_call *c, u64 order, u8 sub,
                       u16 buyer_bps) {
  struct module_call own;
  order_t o;
  order_step_t m;
  module_enter(&own, c, &shop_orders);
  order_get(&own, &o, order);
  if (sub == SHOP_WHOLE) {
    MUST(o.state == ORDER_DISPUTED);
    order_repay(&own, &o, order, order_share(o.held, buyer_bps, 10000), 0);
    order_release(&own, &o, order, o.held);
    order_end(&own, &o, order, ORDER_RESOLVED, 0);
  } else if (order_step_get(&own, &m, order, sub)) {
    MUST(m.state == ORDER_STEP_DISPUTED);
    u128 back = order_share(m.amount, buyer_bps, 10000);
    order_step_turn(&own, &m, ORDER_STEP_RESOLVED, 0);
    o.open--;
    o.disputed--;
    order_repay(&own, &o, order, back, 0);
    order_release(&own, &o, order, m.amount - back);
    order_steps_done(&own, &o, order);
  }
  module_leave(c);
}

void shop_order_drop(struct module_call *c, u64 order, u8 sub) {
  struct module_call own;
  order_t o;
  order_step_t m;
  module_enter(&own, c, &shop_orders);
  order_get(&own, &o, order);
  if (sub == SHOP_WHOLE) {
    u64 at = o.before == ORDER_MILESTONES ? 0 : own.now_s + o.kept;
    order_turn(&own, &o, order, o.before, at, 0);
  } else if (order_step_get(&own, &m, order, sub)) {
    u64 at = own.now_s + m.due;
    u8 state = (u8)m.flags;
    m.flags = 0;
    m.due = at > ORDER_SUBMIT_DAYS * ORDER_DAY
                ? at - ORDER_SUBMIT_DAYS * ORDER_DAY : at;
    o.disputed--;
    order_step_turn(&own, &m, state, at);
    order_put(&own, &o, order);
  }
  module_leave(c);
}

/*---------------------------------------------------------------- deadlines */

static void order_timer_order(struct module_call *c, u64 id) {
  order_t o;
  order_get(c, &o, id);
  switch (o.state) {
    case ORDER_PAID: order_call_off(c, &o, id, ORDER_REASON_TIME, true); break;
    case ORDER_SHIPPED: case ORDER_RETURN_OPEN:
      order_complete(c, &o, id, ORDER_REASON_TIME);
      break;
    case ORDER_RETURN_ASKED:
      order_turn(c, &o, id, ORDER_RETURN_OPEN, c->now_s + SETTING(returnSend),
                 ORDER_REASON_TIME);
      break;
    default:
      order_take_back(c, &o, id, order_due(&o), ORDER_REASON_TIME);
  }
}

static bool order_timer(struct module_call *c, u8 type, const u256 *key) {
  order_t o;
  order_step_t m;
  order_invoice_t r;
  order_sub_t s;
  switch (type) {
    case ORDER_ORDER: order_timer_order(c, key->w[0]); return true;
    case ORDER_MILESTONE:
      module_record_get(c, TABLE(milestone), &m, key);
      order_get(c, &o, m.order);
      if (o.state != ORDER_MILESTONES) { /* the whole is disputed: later */
        if (!order_over(&o))
          order_step_turn(c, &m, m.state, c->now_s + ORDER_DAY);
        else order_step_turn(c, &m, m.state, 0);
      } else if (m.state == ORDER_STEP_SUBMITTED) {
        order_step_release(c, &o, &m);
      } else {
        order_steps_refund(c, &o, &m);
      }
      return true;
    case ORDER_INVOICE:
      module_record_get(c, TABLE(invoice), &r, key);
      r.state = ORDER_INV_EXPIRED;
      r.deadline = 0;
      order_invoice_put(c, &r, key->w[0]);
      return true;
    case ORDER_SUB:
      module_record_get(c, TABLE(subscription), &s, key);
      if (s.state == ORDER_SUB_PAST_DUE)
        order_sub_end(c, &s, key->w[0], ORDER_SUB_LAPSED);
      else
        order_sub_run(c, &s, key->w[0]);
      return true;
    default: return false;
  }
}
#undef ID
#undef MODULE_PUBLIC
#undef TABLE
#undef SETTING
#undef HEAD
#undef ORDER_DAY
#undef ORDER_BIT
#undef ORDER_RETURNS
