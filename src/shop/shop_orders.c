/* shop_orders.c - module 0x..1013, Orders; see orders.def and shop_orders.h.
**
** Order (key: id); who is expected to act; deadline -> automatic exit
**   none         place, placeMany, payInvoice       -> Paid
**                payInvoice of milestones           -> Milestones
**                payInstant, payInvoice of mode 2   -> Completed*
**   Paid         seller; created + handling         -> Cancelled*
**     accept (a flag); ship, deliver -> Shipped; cancel (seller; buyer within
**     cancelWindow or before accept) -> Cancelled*; refund
**   Shipped      buyer; shipped + delivery + inspect -> Completed*; what is
**                delivered in the call itself (deliver) has the same time: a
**                seller's word does not shorten it, digital listings have a
**                delivery of 0
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
**     (all to the buyer of what was never sent: its stock comes back)
** Milestone (key: order, index)
**   Waiting      seller; due + 7 days -> this and the later ones Refunded*
**     submitMilestone -> Submitted
**   Submitted    buyer; inspect -> Released*;  acceptMilestone -> Released*;
**     rejectMilestone (once) -> Waiting, due at least 14 days from now
** Invoice  createInvoice -> Open: expiresAt -> Expired*; paid maxUses times ->
**     Paid*; cancelInvoice -> Cancelled*
** Plan     savePlan -> Open; closePlan -> Closed*; its terms (token, amount,
**     period, trial, maxPeriods) never change: savePlan with others closes it and
**     begins another, whose number it returns
** Subscription  subscribe -> Active; at nextAt a period is charged, or it is
**     PastDue: subGrace -> Lapsed*, the rest back; topUp charges at once;
**     maxPeriods -> Finished*; cancelSub -> Cancelled*
**
** How long a step may take (returnAnswer, returnSend, ..) is what the parameter
** says when the step begins; what an order costs was fixed when it was placed.
** An unpaid fine (sanction level 2) stops new invoices and plans as it stops
** listings; placing stops at 3.
**
** A cancellation by the seller counts against him, and so does a refund of all
** of an order that he never sent, or of more than nine tenths of it: the same by
** other names; each order once, and it is no sale then.  One for a
** wrong zone (reason 7) does not, but the chain cannot read an address: it must
** have been priced by a zone and not yet accepted, and a seller has three of
** them and one more for each fifty orders sold; others count.
**
** Stock of an order that is called off comes back in portions of ORDER_RESTOCK
** lines, the first at once, so that the deadline of the longest has gas enough
** for the money; restock (key: order) is 1 while lines are left, then 2.
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
#include "shop/shop_market.h"
#include "shop/shop_orders_part.h"

#define ID(what, name) shop_orders_##what##_##name
#define MODULE_PUBLIC(what, name) shop_orders_##what##_##name
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

/*------------------------------------------------------------------ records */

void shop_order_get(struct module_call *c, order_t *o, u64 id) {
  u256 key = u256_from(id);
  module_record_get(c, TABLE(order), o, &key);
}
void shop_order_put(struct module_call *c, order_t *o, u64 id) {
  u256 key = u256_from(id);
  o->updated = c->now_s;
  module_record_put(c, TABLE(order), &key, o);
}
void shop_order_turn(struct module_call *c, order_t *o, u64 id, u8 state,
                     u64 deadline, u16 reason) {
  u256 key = u256_from(id);
  addr20 by = c->flow->no_user ? c->self : c->sender;
  o->state = state;
  module_timer_set(c, HEAD(o), ORDER_ORDER, &key, deadline);
  shop_order_put(c, o, id);
  MODULE_EMIT(c, state, .id = id, .state = state, .by = by,
              .deadline = o->deadline, .reason = reason);
}

enum module_end shop_order_open(struct module_call *c, order_t *o, u64 id,
                                u32 who, u16 purpose, u32 states) {
  shop_order_get(c, o, id);
  if (o->state == 0) return shop_missing(c, ORDER_ORDER, u256_from(id));
  bool may = (who & ORDER_BUYER && shop_acts_for(c, &o->buyer, 0)) ||
             (who & ORDER_SELLER && shop_acts_for(c, &o->seller, purpose));
  if (!may) return shop_refused(c);
  if (o->state == ORDER_DISPUTED) return MODULE_FAIL(c, locked);
  if (!(states >> o->state & 1))
    return shop_wrong(c, ORDER_ORDER, u256_from(id), o->state);
  return MODULE_DONE;
}

/*-------------------------------------------------------------------- money */

/* What each has had when so much was released. */
struct order_split {
  u128 fees, operator, referrer, treasury;
};
static struct order_split order_split(const order_t *o, u128 released) {
  u128 fees = shop_share(o->fee_total, released, o->total);
  u128 a = shop_share(o->platform_fee, fees, o->fee_total), b = fees - a;
  u128 ref_a = shop_share(o->referral_cut, a, o->platform_fee);
  u128 ref_b = shop_share(o->affiliate_cut, b,
                          o->affiliate_cut + o->protocol_cut);
  return (struct order_split){fees, a - ref_a, ref_a + ref_b, b - ref_b};
}

void shop_order_release(struct module_call *c, order_t *o, u64 id,
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

void shop_order_repay(struct module_call *c, order_t *o, u64 id, u128 amount,
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

/* Lines from the r->next on give their stock back, as many as a deadline has gas
** for; the others a second later each time. */
static void order_restock(struct module_call *c,
                          struct shop_orders_record_restock *r, u64 id) {
  order_t full;
  u256 key = u256_from(id);
  u32 end = r->next + ORDER_RESTOCK;
  module_record_load_some(c, TABLE(order), &full, &key, r->next,
                          ORDER_RESTOCK);
  for (; r->next < full.lines.cnt && r->next < end; r->next++) {
    const struct shop_orders_record_line *l =
        MODULE_AT(struct shop_orders_record_line, &full.lines, r->next);
    shop_restore(c, l->listing, l->variant, l->qty);
  }
  bool all = r->next >= full.lines.cnt;
  if (all && r->state == 0) return; /* at once, as most orders */
  r->created = r->state ? r->created : c->now_s;
  r->updated = c->now_s;
  r->state = all ? 2 : 1;
  module_timer_set(c, HEAD(r), ORDER_STOCK, &key, all ? 0 : c->now_s + 1);
  module_record_put(c, TABLE(restock), &key, r);
}
/* All of it a second later: this call has other work. */
static void order_restock_later(struct module_call *c, order_t *o, u64 id) {
  struct shop_orders_record_restock r = {
    .state = 1, .layout = 1, .created = c->now_s, .updated = c->now_s};
  u256 key = u256_from(id);
  if (o->flags & ORDER_FLAG_RESTORED || o->mode != ORDER_ESCROW) return;
  o->flags |= ORDER_FLAG_RESTORED;
  module_timer_set(c, HEAD(&r), ORDER_STOCK, &key, c->now_s + 1);
  module_record_put(c, TABLE(restock), &key, &r);
}
/* Stock and coupon go back, once. */
static void order_restore(struct module_call *c, order_t *o, u64 id) {
  struct shop_orders_record_restock r = {.layout = 1};
  if (o->flags & ORDER_FLAG_RESTORED) return;
  o->flags |= ORDER_FLAG_RESTORED;
  order_restock(c, &r, id);
  if (o->coupon) shop_coupon_count(c, o->coupon, id, &o->buyer, true);
}

void shop_order_end(struct module_call *c, order_t *o, u64 id, u8 state,
                    u16 reason) {
  if (o->open) shop_steps_void(c, o, id);
  MUST(o->held == 0 || evm_native_gas(c->n) == 0);
  o->ended = c->now_s;
  /* Before the record is put, which says whether it counts. */
  if (state == ORDER_COMPLETED && !(o->flags & ORDER_FLAG_COUNTED) &&
      !shop_traded(c, &o->buyer, &o->seller, o->mode != ORDER_INSTANT))
    o->flags |= ORDER_FLAG_MORE;
  shop_order_turn(c, o, id, state, 0, reason);
  shop_opened(c, &o->buyer, -1);
  shop_opened(c, &o->seller, -1);
}
static void order_complete(struct module_call *c, order_t *o, u64 id,
                           u16 reason) {
  shop_order_release(c, o, id, o->held);
  shop_order_end(c, o, id, ORDER_COMPLETED, reason);
}
/* Against the seller, when he does not send it. */
static bool order_counts(struct module_call *c, const order_t *o,
                         u16 reason) {
  struct shop_orders_record_zone r;
  u256 key = module_key_addr(&o->seller);
  bool free = reason == ORDER_REASON_ZONE && o->flags & ORDER_FLAG_ZONED &&
              !(o->flags & ORDER_FLAG_ACCEPTED);
  if (!free) return true;
  module_record_get(c, TABLE(zone), &r, &key);
  if (r.cancels >= ORDER_ZONE_FREE +
                       shop_counter_of(c, &o->seller, SHOP_SOLD) /
                           ORDER_ZONE_SOLD)
    return true;
  r.cancels++;
  module_record_put(c, TABLE(zone), &key, &r);
  return false;
}
/* Once. */
static void order_count(struct module_call *c, order_t *o) {
  if (o->flags & ORDER_FLAG_COUNTED) return;
  o->flags |= ORDER_FLAG_COUNTED;
  shop_bump(c, &o->seller, SHOP_SELLER_CANCELS, 1);
}
/* All that is held back to the buyer. */
static void order_call_off(struct module_call *c, order_t *o, u64 id,
                           u8 state, u16 reason, bool counts) {
  shop_order_repay(c, o, id, o->held, reason);
  order_restore(c, o, id);
  if (counts) order_count(c, o);
  shop_order_end(c, o, id, state, reason);
}
/* Of a return: what the buyer gets at least. */
static u128 order_due(const order_t *o) {
  u128 paid = o->goods - o->discount;
  u128 left = paid > o->refunded ? paid - o->refunded : 0;
  return left < o->held ? left : o->held;
}
static void order_take_back(struct module_call *c, order_t *o, u64 id,
                            u128 amount, u16 reason) {
  shop_order_repay(c, o, id, amount, reason);
  shop_order_release(c, o, id, o->held);
  shop_order_end(c, o, id, ORDER_REFUNDED, reason);
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
  u32 inspect = l->inspect, days = l->return_days * SHOP_DAY;
  if (days > inspect) inspect = days;
  if (l->handling > o->handling) o->handling = l->handling;
  if (l->delivery > o->delivery) o->delivery = l->delivery;
  if (inspect > o->inspect) o->inspect = inspect;
  if (l->return_days > o->return_days) o->return_days = l->return_days;
}

static enum module_end order_draft_line(struct module_call *c,
                                        struct order_draft *d,
                                        const order_args_t *a,
                                        const order_line_args_t *in) {
  struct shop_market_record_listing *l = &d->listing[d->cnt];
  u128 unit;
  shop_listing(c, l, in->listing);
  if (l->state == 0) return shop_missing(c, 1, u256_from(in->listing));
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
    d->o.flags |= ORDER_FLAG_ZONED;
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
                                          const order_args_t *a,
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
    u128 so_far = shop_share(d->o.discount, done, covered);
    d->off[i] = so_far - given;
    given = so_far;
  }
  d->o.coupon = a->coupon;
  return MODULE_DONE;
}

enum module_end shop_order_fees(struct module_call *c, order_t *o, u128 net,
                                u64 platform, u16 max_fee) {
  struct shop_fee fee = {0, 0};
  bool referred = !shop_is_none(&o->referrer);
  if (shop_fee_of(c, &fee, platform) != MODULE_DONE) return MODULE_REVERTED;
  if (fee.fee_bps > max_fee)
    return MODULE_FAIL(c, fee_above_limit, .limit = max_fee);
  o->platform = platform;
  o->platform_fee = shop_share(net, fee.fee_bps, 10000);
  o->referral_cut =
      referred ? shop_share(o->platform_fee, fee.referral_bps, 10000) : 0;
  o->protocol_cut = shop_share(net, SETTING(protocolBps), 10000);
  o->fee_total = o->platform_fee + o->affiliate_cut + o->protocol_cut;
  return MODULE_DONE;
}

static enum module_end order_draft_sums(struct module_call *c,
                                        struct order_draft *d,
                                        const order_args_t *a) {
  order_t *o = &d->o;
  bool referred = !shop_is_none(&a->referrer);
  for (u32 i = 0; i < d->cnt; i++) {
    u128 net = d->goods[i] - d->off[i];
    u16 tax = d->listing[i].tax_bps;
    d->net += net;
    o->tax += shop_share(net, tax, 10000u + tax);
    if (referred)
      o->affiliate_cut += shop_share(net, d->listing[i].affiliate_bps, 10000);
  }
  o->total = o->goods - o->discount + o->shipping;
  if (o->total > MODULE_AMOUNT_MAX)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  o->referrer = a->referrer;
  return shop_order_fees(c, o, d->net, a->platform, d->max_fee);
}

/* All but what changes anything. */
static enum module_end order_draft(struct module_call *c,
                                   struct order_draft *d,
                                   const order_args_t *a,
                                   const addr20 *buyer) {
  u64 most = SETTING(linesMax);
  *d = (struct order_draft){.max_fee = 10000};
  if (shop_is_nobody(&a->seller) || shop_is_none(buyer) ||
      (!shop_is_none(&a->referrer) && shop_is_nobody(&a->referrer)))
    return MODULE_FAIL_COMMON(c, bad_address);
  if (addr20_eq(&a->seller, buyer) || addr20_eq(&a->referrer, buyer) ||
      addr20_eq(&a->referrer, &a->seller))
    return MODULE_FAIL_COMMON(c, self_deal);
  if (shop_not_sanctioned(c, &a->seller, 3) != MODULE_DONE)
    return MODULE_REVERTED;
  if (a->program || a->points)
    return shop_missing(c, 1, u256_from(a->program));
  if (a->lines.cnt > most) return shop_many(c, "lines", most);
  if (a->lines.cnt == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  for (u32 i = 0; i < a->lines.cnt; i++)
    if (order_draft_line(c, d, a,
                         MODULE_AT(order_line_args_t, &a->lines, i)) !=
        MODULE_DONE)
      return MODULE_REVERTED;
  if (order_draft_shipping(c, d, a->zone) != MODULE_DONE ||
      order_draft_coupon(c, d, a, buyer) != MODULE_DONE)
    return MODULE_REVERTED;
  return order_draft_sums(c, d, a);
}

u64 shop_order_begin(struct module_call *c, order_t *o, u8 state,
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
  shop_order_put(c, o, id);
  MODULE_EMIT(c, placed, .id = id, .buyer = o->buyer, .seller = o->seller,
              .record = module_record_bytes(c, TABLE(order), &key, o));
  return id;
}

static enum module_end order_place(struct module_call *c, u64 *id,
                                   const order_args_t *a,
                                   u8 index) {
  struct order_draft *d = arena_new(c->a, struct order_draft);
  order_t *o = &d->o;
  addr20 buyer;
  if (shop_self(c, &buyer) != MODULE_DONE ||
      order_draft(c, d, a, &buyer) != MODULE_DONE)
    return MODULE_REVERTED;
  for (u32 i = 0; i < d->cnt; i++)
    if (shop_reserve(c, &d->listing[i], d->line[i].listing,
                     MODULE_AT(order_line_args_t, &a->lines,
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
  *id = shop_order_begin(c, o, ORDER_PAID, c->now_s + o->handling);
  if (o->coupon) shop_coupon_count(c, o->coupon, *id, &buyer, false);
  return MODULE_DONE;
}

MODULE_DO(place) {
  return order_place(c, &out->id, &in->a, 0);
}
MODULE_DO(place_many) {
  u64 most = SETTING(batchMax);
  if (in->a.cnt > most) return shop_many(c, "orders", most);
  out->ids = module_list_make(c, in->a.cnt);
  for (u32 i = 0; i < in->a.cnt; i++) {
    u64 id;
    if (order_place(c, &id, MODULE_AT(order_args_t, &in->a, i),
                    (u8)i) != MODULE_DONE)
      return MODULE_REVERTED;
    module_list_put_u64(&out->ids, i, id);
  }
  return MODULE_DONE;
}
MODULE_DO(quote) {
  struct order_draft *d = arena_new(c->a, struct order_draft);
  if (order_draft(c, d, &in->a, &in->buyer) != MODULE_DONE)
    return MODULE_REVERTED;
  out->total = module_word_of(d->o.total);
  out->fee = module_word_of(d->o.fee_total);
  out->shipBy = c->now_s + d->o.handling;
  return MODULE_DONE;
}

u64 shop_order_instant(struct module_call *c, order_t *o) {
  o->mode = ORDER_INSTANT;
  u64 id = shop_order_begin(c, o, ORDER_SHIPPED, 0);
  order_complete(c, o, id, 0);
  return id;
}

/*---------------------------------------------------------- paid and shipped */

MODULE_DO(accept) {
  order_t o;
  if (shop_order_open(c, &o, in->id, ORDER_SELLER, SHOP_SHIP,
                      ORDER_BIT(ORDER_PAID)) != MODULE_DONE)
    return MODULE_REVERTED;
  if (o.flags & ORDER_FLAG_ACCEPTED)
    return MODULE_FAIL_COMMON(c, duplicate, .what = {"accept"});
  o.flags |= ORDER_FLAG_ACCEPTED;
  shop_order_put(c, &o, in->id);
  MODULE_EMIT(c, state, .id = in->id, .state = o.state, .by = c->sender,
              .deadline = o.deadline);
  return MODULE_DONE;
}

static enum module_end order_sent(struct module_call *c, u64 id,
                                  const hash32 *track, u16 flag) {
  order_t o;
  if (shop_order_open(c, &o, id, ORDER_SELLER, SHOP_SHIP,
                      ORDER_BIT(ORDER_PAID)) != MODULE_DONE)
    return MODULE_REVERTED;
  o.track = *track;
  o.flags |= flag;
  shop_order_turn(c, &o, id, ORDER_SHIPPED,
                  c->now_s + o.delivery + o.inspect, 0);
  return MODULE_DONE;
}
MODULE_DO(ship) {
  if (order_sent(c, in->id, &in->tracking, 0) != MODULE_DONE)
    return MODULE_REVERTED;
  MODULE_EMIT(c, shipped, .id = in->id, .tracking = in->tracking);
  return MODULE_DONE;
}
MODULE_DO(deliver) {
  if (order_sent(c, in->id, &in->content, ORDER_FLAG_DELIVERED) != MODULE_DONE)
    return MODULE_REVERTED;
  MODULE_EMIT(c, delivered, .id = in->id, .proof = in->content);
  return MODULE_DONE;
}

MODULE_DO(attest_delivery) {
  order_t o;
  shop_order_get(c, &o, in->id);
  if (o.state == 0) return shop_missing(c, ORDER_ORDER, u256_from(in->id));
  if (o.state != ORDER_SHIPPED)
    return shop_wrong(c, ORDER_ORDER, u256_from(in->id), o.state);
  return MODULE_FAIL(c, bad_feed, .feed = in->feed);
}

MODULE_DO(confirm) {
  order_t o;
  if (shop_order_open(c, &o, in->id, ORDER_BUYER, 0,
                      ORDER_BIT(ORDER_SHIPPED)) != MODULE_DONE)
    return MODULE_REVERTED;
  order_complete(c, &o, in->id, 0);
  return MODULE_DONE;
}

MODULE_DO(extend) {
  order_t o;
  u64 most = SETTING(extendMax);
  if (shop_order_open(c, &o, in->id, ORDER_BUYER | ORDER_SELLER, SHOP_SHIP,
                      ORDER_BIT(ORDER_SHIPPED)) != MODULE_DONE)
    return MODULE_REVERTED;
  bool seller = shop_acts_for(c, &o.seller, SHOP_SHIP);
  if (!seller && o.extended_by & ORDER_BUYER)
    return MODULE_FAIL_COMMON(c, duplicate, .what = {"extend"});
  u64 room = o.created + 365u * SHOP_DAY; /* nothing is held for ever */
  u64 left = room > o.deadline ? room - o.deadline : 0;
  if (most > left) most = left;
  if (in->secs == 0 || in->secs > most)
    return shop_range(c, "secs", in->secs, 1, most);
  o.extended_by |= seller ? ORDER_SELLER : ORDER_BUYER;
  shop_order_turn(c, &o, in->id, ORDER_SHIPPED, o.deadline + in->secs, 0);
  return MODULE_DONE;
}

MODULE_DO(cancel) {
  order_t o;
  if (shop_order_open(c, &o, in->id, ORDER_BUYER | ORDER_SELLER, SHOP_REFUND,
                      ORDER_BIT(ORDER_PAID) | ORDER_BIT(ORDER_MILESTONES)) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  bool seller = shop_acts_for(c, &o.seller, SHOP_REFUND);
  if (!seller && o.state == ORDER_MILESTONES) return shop_refused(c);
  u64 until = o.created + SETTING(cancelWindow);
  if (!seller && o.flags & ORDER_FLAG_ACCEPTED && c->now_s > until)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = until);
  if (o.disputed) return MODULE_FAIL(c, locked);
  order_call_off(c, &o, in->id, ORDER_CANCELLED, in->reason,
                 seller && order_counts(c, &o, in->reason));
  return MODULE_DONE;
}

MODULE_DO(refund) {
  order_t o;
  if (shop_order_open(c, &o, in->id, ORDER_SELLER, SHOP_REFUND,
                      ORDER_BIT(ORDER_PAID) | ORDER_BIT(ORDER_SHIPPED)) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  if (in->amount == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (in->amount > o.held)
    return MODULE_FAIL(c, exceeds_held, .most = module_word_of(o.held));
  if (in->amount > o.held - o.lien) return MODULE_FAIL(c, lien_active);
  if (in->amount == o.held && o.state == ORDER_PAID) {
    order_call_off(c, &o, in->id, ORDER_REFUNDED, in->reason,
                   order_counts(c, &o, in->reason));
    return MODULE_DONE;
  }
  shop_order_repay(c, &o, in->id, in->amount, in->reason);
  if (o.state == ORDER_PAID && o.held < o.total / 10 &&
      order_counts(c, &o, in->reason))
    order_count(c, &o);
  if (o.held) shop_order_put(c, &o, in->id);
  else shop_order_end(c, &o, in->id, ORDER_REFUNDED, in->reason);
  return MODULE_DONE;
}

MODULE_DO(refund_later) {
  order_t o;
  u256 key = u256_from(in->id);
  if (shop_order_open(c, &o, in->id, ORDER_SELLER, SHOP_REFUND,
                      ORDER_BIT(ORDER_COMPLETED) | ORDER_BIT(ORDER_RESOLVED) |
                     ORDER_BIT(ORDER_REFUNDED)) != MODULE_DONE)
    return MODULE_REVERTED;
  u64 until = o.ended + 365u * SHOP_DAY;
  if (c->now_s > until)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = until);
  if (in->amount == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  u128 most = o.released - o.refunded_later;
  if (in->amount > most)
    return MODULE_FAIL(c, exceeds_held, .most = module_word_of(most));
  if (module_take(c, &o.token, in->amount) != MODULE_DONE)
    return MODULE_REVERTED;
  o.refunded_later += in->amount;
  shop_order_put(c, &o, in->id);
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

MODULE_DO(ask_return) {
  order_t o;
  if (shop_order_open(c, &o, in->id, ORDER_BUYER, 0,
                      ORDER_BIT(ORDER_SHIPPED)) != MODULE_DONE)
    return MODULE_REVERTED;
  if (o.return_days == 0 || o.flags & ORDER_FLAG_RETURNED)
    return MODULE_FAIL(c, no_returns);
  o.flags |= ORDER_FLAG_RETURNED;
  shop_order_turn(c, &o, in->id, ORDER_RETURN_ASKED,
                  c->now_s + SETTING(returnAnswer), in->reason);
  order_step_of_return(c, in->id, ORDER_RETURN_ASKED, &in->note);
  return MODULE_DONE;
}
MODULE_DO(answer_return) {
  order_t o;
  if (shop_order_open(c, &o, in->id, ORDER_SELLER, SHOP_REFUND,
                      ORDER_BIT(ORDER_RETURN_ASKED)) != MODULE_DONE)
    return MODULE_REVERTED;
  u8 next = in->ok ? ORDER_RETURN_OPEN : ORDER_SHIPPED;
  shop_order_turn(c, &o, in->id, next,
                  c->now_s + (in->ok ? SETTING(returnSend) : o.inspect), 0);
  order_step_of_return(c, in->id, next, &in->note);
  return MODULE_DONE;
}
MODULE_DO(send_return) {
  order_t o;
  if (shop_order_open(c, &o, in->id, ORDER_BUYER, 0,
                      ORDER_BIT(ORDER_RETURN_OPEN)) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_order_turn(c, &o, in->id, ORDER_RETURN_SENT,
                  c->now_s + SETTING(returnReceive), 0);
  order_step_of_return(c, in->id, ORDER_RETURN_SENT, &in->tracking);
  return MODULE_DONE;
}
MODULE_DO(confirm_return) {
  static const hash32 none;
  order_t o;
  if (shop_order_open(c, &o, in->id, ORDER_SELLER, SHOP_REFUND,
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

/*-------------------------------------------------------------------- views */

MODULE_DO(order_of) {
  order_t o;
  u256 key = u256_from(in->id);
  module_record_load(c, TABLE(order), &o, &key);
  if (o.state == 0) return shop_missing(c, ORDER_ORDER, key);
  out->r = module_record_abi(c, TABLE(order), &key, &o);
  return MODULE_DONE;
}
MODULE_DO(held_of) {
  order_t o;
  shop_order_get(c, &o, in->id);
  if (o.state == 0) return shop_missing(c, ORDER_ORDER, u256_from(in->id));
  out->held = module_word_of(o.held);
  return MODULE_DONE;
}

/*----------------------------------------------------- what other modules do */

bool shop_review_right(struct module_call *c, struct shop_review_right *out,
                       u64 order) {
  struct module_call own;
  order_t o;
  u256 key = u256_from(order);
  memset(out, 0, sizeof *out);
  module_enter(&own, c, &shop_orders);
  module_record_load_some(&own, TABLE(order), &o, &key, 0, 1);
  module_leave(c);
  if (o.state == 0) return false;
  bool buyer = shop_acts_for(c, &o.buyer, 0);
  if (!buyer && !shop_acts_for(c, &o.seller, SHOP_SELL)) return true;
  out->side = buyer ? SHOP_SIDE_BUYER : SHOP_SIDE_SELLER;
  out->author = buyer ? o.buyer : o.seller;
  out->subject = buyer ? o.seller : o.buyer;
  out->paid = shop_order_over(&o) && o.released;
  out->counts = !(o.flags & ORDER_FLAG_MORE);
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
  shop_order_get(&own, &o, order);
  module_leave(c);
  bool buyer = addr20_eq(me, &o.buyer), seller = addr20_eq(me, &o.seller);
  return o.state && (buyer || seller) &&
         (!with || addr20_eq(with, buyer ? &o.seller : &o.buyer));
}

static u8 order_why_not(struct module_call *c, const order_t *o, u64 id, u8 sub,
                        u128 *held, bool buyer) {
  u32 states = ORDER_BIT(ORDER_PAID) | ORDER_BIT(ORDER_SHIPPED) |
               ORDER_BIT(ORDER_MILESTONES) | ORDER_RETURNS;
  *held = o->held;
  if (o->state == ORDER_DISPUTED || (o->disputed && sub == SHOP_WHOLE))
    return SHOP_WHY_DISPUTED;
  if (!(states >> o->state & 1)) return SHOP_WHY_STATE;
  if (o->state == ORDER_PAID && !buyer) return SHOP_WHY_SIDE;
  if (o->state == ORDER_PAID && c->now_s < o->created + o->handling / 2)
    return SHOP_WHY_EARLY;
  return sub == SHOP_WHOLE ? 0 : shop_step_why_not(c, held, o, id, sub);
}
bool shop_order_dispute(struct module_call *c, struct shop_dispute *out,
                        u64 order, u8 sub) {
  struct module_call own;
  order_t o;
  u256 key = u256_from(order);
  memset(out, 0, sizeof *out);
  module_enter(&own, c, &shop_orders);
  module_record_load_some(&own, TABLE(order), &o, &key, 0, 1);
  out->buyer = o.buyer;
  out->seller = o.seller;
  out->token = o.token;
  out->why_buyer = order_why_not(&own, &o, order, sub, &out->held, true);
  out->why_seller = order_why_not(&own, &o, order, sub, &out->held, false);
  module_leave(c);
  if (o.state && o.lines.cnt) {
    struct shop_market_record_listing l;
    shop_listing(c, &l, MODULE_AT(struct shop_orders_record_line, &o.lines,
                                  0)->listing);
    out->category = l.category;
    out->mediator = l.mediator;
  }
  return o.state != 0;
}

void shop_order_lock(struct module_call *c, u64 order, u8 sub) {
  struct module_call own;
  order_t o;
  module_enter(&own, c, &shop_orders);
  shop_order_get(&own, &o, order);
  if (sub != SHOP_WHOLE) {
    shop_step_lock(&own, &o, order, sub);
  } else {
    o.before = o.state;
    /* Milestones count the time that they stood: shop_invoice.c. */
    if (o.state == ORDER_MILESTONES) o.kept = own.now_s - o.kept;
    else o.kept = o.deadline > own.now_s ? o.deadline - own.now_s : 0;
    shop_order_turn(&own, &o, order, ORDER_DISPUTED, 0, 0);
  }
  module_leave(c);
}

void shop_order_settle(struct module_call *c, u64 order, u8 sub,
                       u16 buyer_bps) {
  struct module_call own;
  order_t o;
  module_enter(&own, c, &shop_orders);
  shop_order_get(&own, &o, order);
  if (sub == SHOP_WHOLE) {
    MUST(o.state == ORDER_DISPUTED || evm_native_gas(c->n) == 0);
    if (o.before == ORDER_PAID && buyer_bps == 10000)
      order_restock_later(&own, &o, order); /* it was never sent */
    shop_order_repay(&own, &o, order, shop_share(o.held, buyer_bps, 10000), 0);
    shop_order_release(&own, &o, order, o.held);
    shop_order_end(&own, &o, order, ORDER_RESOLVED, 0);
  } else {
    shop_step_settle(&own, &o, order, sub, buyer_bps);
  }
  module_leave(c);
}

void shop_order_drop(struct module_call *c, u64 order, u8 sub) {
  struct module_call own;
  order_t o;
  module_enter(&own, c, &shop_orders);
  shop_order_get(&own, &o, order);
  if (sub == SHOP_WHOLE) {
    bool steps = o.before == ORDER_MILESTONES;
    u64 at = steps ? 0 : own.now_s + o.kept;
    o.kept = steps ? own.now_s - o.kept : 0;
    shop_order_turn(&own, &o, order, o.before, at, 0);
  } else {
    shop_step_drop(&own, &o, order, sub);
  }
  module_leave(c);
}

/*---------------------------------------------------------------- deadlines */

static void order_timer_order(struct module_call *c, u64 id) {
  order_t o;
  shop_order_get(c, &o, id);
  switch (o.state) {
    case ORDER_PAID:
      order_call_off(c, &o, id, ORDER_CANCELLED, ORDER_REASON_TIME, true);
      break;
    case ORDER_SHIPPED: case ORDER_RETURN_OPEN:
      order_complete(c, &o, id, ORDER_REASON_TIME);
      break;
    case ORDER_RETURN_ASKED:
      shop_order_turn(c, &o, id, ORDER_RETURN_OPEN,
                      c->now_s + SETTING(returnSend), ORDER_REASON_TIME);
      break;
    default:
      order_take_back(c, &o, id, order_due(&o), ORDER_REASON_TIME);
  }
}

static bool order_timer(struct module_call *c, u8 type, const u256 *key) {
  struct shop_orders_record_restock stock;
  switch (type) {
    case ORDER_STOCK:
      module_record_get(c, TABLE(restock), &stock, key);
      order_restock(c, &stock, key->w[0]);
      return true;
    case ORDER_ORDER: order_timer_order(c, key->w[0]); return true;
    case ORDER_MILESTONE: shop_step_timer(c, key); return true;
    case ORDER_INVOICE: shop_invoice_timer(c, key); return true;
    case ORDER_SUB: shop_sub_timer(c, key); return true;
    default: return false;
  }
}
#undef ID
#undef MODULE_PUBLIC
#undef TABLE
#undef SETTING
#undef HEAD
