/* shop_invoice.c - of Orders (0x..1013): invoices and milestones; their states
** are told in shop_orders.c. */
#include "shop/shop_market.h"
#include "shop/shop_orders_part.h"

#define ID(what, name) shop_orders_##what##_##name
#define TABLE(name) &shop_orders_table_##name
#define SETTING(name) module_setting_get(c, shop_orders_param_##name)
#define HEAD(r) ((struct module_header *)(r))

enum { INVOICE_DAYS = 1095 }; /* till it expires; till its last milestone is due */
enum { INVOICE_FLAG_SWEEP = 1 }; /* of a milestone: it ends unpaid */
typedef struct shop_orders_record_milestone invoice_step_t;
typedef struct shop_orders_record_invoice invoice_t;

/*--------------------------------------------------------------- milestones */

static u256 invoice_step_key(u64 order, u8 index) {
  u256 part[2] = {u256_from(order), u256_from(index)}, key;
  module_key_of(&key, part, 2);
  return key;
}
static bool invoice_step_get(struct module_call *c, invoice_step_t *m,
                             u64 order,
                           u8 index) {
  u256 key = invoice_step_key(order, index);
  module_record_get(c, TABLE(milestone), m, &key);
  return m->state != 0;
}
static void invoice_step_turn(struct module_call *c, invoice_step_t *m,
                              u8 state,
                            u64 deadline) {
  u256 key = invoice_step_key(m->order, m->index);
  m->state = state;
  m->updated = c->now_s;
  module_timer_set(c, HEAD(m), ORDER_MILESTONE, &key, deadline);
  module_record_put(c, TABLE(milestone), &key, m);
  MODULE_EMIT(c, milestone_saved, .id = m->order, .index = m->index,
              .state = state,
              .record = module_record_bytes(c, TABLE(milestone), &key, m));
}
/* The order after some of its milestones were done. */
static void invoice_steps_done(struct module_call *c, order_t *o, u64 id) {
  if (o->open) shop_order_put(c, o, id);
  else
    shop_order_end(c, o, id, o->released ? ORDER_COMPLETED : ORDER_REFUNDED,
                   0);
}
/* Ends what is not done from this one on; the sum of it.  A disputed one is
** spared while the order lives. */
static u128 invoice_sweep(struct module_call *c, u64 id, u8 from, bool live,
                          u8 *cnt) {
  invoice_step_t m;
  u128 sum = 0;
  *cnt = 0;
  for (u8 i = from; invoice_step_get(c, &m, id, i); i++) {
    if (m.state >= ORDER_STEP_RELEASED ||
        (live && m.state == ORDER_STEP_DISPUTED))
      continue;
    if (*cnt == SHOP_SWEEP) { /* goes on from here a second later */
      m.flags |= INVOICE_FLAG_SWEEP;
      invoice_step_turn(c, &m, m.state, c->now_s + 1);
      break;
    }
    invoice_step_turn(c, &m, ORDER_STEP_REFUNDED, 0);
    sum += m.amount;
    ++*cnt;
  }
  return sum;
}
void shop_steps_void(struct module_call *c, order_t *o, u64 id) {
  u8 cnt;
  invoice_sweep(c, id, 0, false, &cnt);
  o->open = o->disputed = 0;
}
static void invoice_step_release(struct module_call *c, order_t *o,
                                 invoice_step_t *m) {
  invoice_step_turn(c, m, ORDER_STEP_RELEASED, 0);
  o->open--;
  shop_order_release(c, o, m->order, m->amount);
  invoice_steps_done(c, o, m->order);
}
/* Not delivered: this one and those after it that wait or were handed in. */
static void invoice_steps_refund(struct module_call *c, order_t *o,
                                 const invoice_step_t *first) {
  u8 cnt;
  u128 sum = invoice_sweep(c, first->order, first->index, true, &cnt);
  o->open = (u8)(o->open - cnt);
  shop_order_repay(c, o, first->order, sum, ORDER_REASON_TIME);
  invoice_steps_done(c, o, first->order);
}

u8 shop_step_why_not(struct module_call *c, u128 *held, const order_t *o,
                     u64 id, u8 index) {
  invoice_step_t m;
  if (!invoice_step_get(c, &m, id, index)) return SHOP_WHY_SUBJECT;
  *held = m.amount;
  if (m.state == ORDER_STEP_DISPUTED) return SHOP_WHY_DISPUTED;
  return o->state != ORDER_MILESTONES || m.state > ORDER_STEP_SUBMITTED ||
                 m.flags & INVOICE_FLAG_SWEEP
             ? SHOP_WHY_STATE : 0;
}
void shop_step_lock(struct module_call *c, order_t *o, u64 id, u8 index) {
  invoice_step_t m;
  invoice_step_get(c, &m, id, index);
  m.before = m.state;
  m.kept = m.deadline > c->now_s ? m.deadline - c->now_s : 0;
  /* What the order stood since its deadline was set is still to come. */
  m.kept += o->kept - m.stood;
  m.stood = o->kept;
  o->disputed++;
  invoice_step_turn(c, &m, ORDER_STEP_DISPUTED, 0);
  shop_order_put(c, o, id);
}
void shop_step_settle(struct module_call *c, order_t *o, u64 id, u8 index,
                      u16 buyer_bps) {
  invoice_step_t m;
  invoice_step_get(c, &m, id, index);
  u128 back = shop_share(m.amount, buyer_bps, 10000);
  invoice_step_turn(c, &m, ORDER_STEP_RESOLVED, 0);
  o->open--;
  o->disputed--;
  shop_order_repay(c, o, id, back, 0);
  shop_order_release(c, o, id, m.amount - back);
  invoice_steps_done(c, o, id);
}
void shop_step_drop(struct module_call *c, order_t *o, u64 id, u8 index) {
  invoice_step_t m;
  invoice_step_get(c, &m, id, index);
  u64 at = c->now_s + m.kept;
  if (m.before == ORDER_STEP_WAITING)
    m.due = at - ORDER_SUBMIT_DAYS * SHOP_DAY;
  m.kept = 0;
  o->disputed--;
  invoice_step_turn(c, &m, m.before, at);
  shop_order_put(c, o, id);
}

/* The order's milestones stood, or stand, since this deadline was set: it moves
** by as much.  False: it has come. */
static bool invoice_step_stood(struct module_call *c, const order_t *o,
                               invoice_step_t *m) {
  bool stands = o->state == ORDER_DISPUTED;
  u64 stood = stands ? c->now_s - o->kept : o->kept, more = stood - m->stood;
  if (!stands && more == 0) return false;
  m->stood = stood;
  if (m->state == ORDER_STEP_WAITING) m->due += more;
  /* Nothing was left of it when the order was locked: look again later. */
  invoice_step_turn(c, m, m->state, c->now_s + (more ? more : 3600));
  return true;
}
void shop_step_timer(struct module_call *c, const u256 *key) {
  invoice_step_t m;
  order_t o;
  u8 cnt;
  module_record_get(c, TABLE(milestone), &m, key);
  shop_order_get(c, &o, m.order);
  if (shop_order_over(&o)) {
    invoice_sweep(c, m.order, m.index, false, &cnt);
  } else if (m.flags & INVOICE_FLAG_SWEEP && o.state == ORDER_MILESTONES) {
    invoice_steps_refund(c, &o, &m);
  } else if (!invoice_step_stood(c, &o, &m)) {
    if (m.state == ORDER_STEP_SUBMITTED) invoice_step_release(c, &o, &m);
    else invoice_steps_refund(c, &o, &m);
  }
}

static enum module_end invoice_step_open(struct module_call *c, order_t *o,
                                         invoice_step_t *m, u64 id, u8 index,
                                       u32 who, u8 state) {
  if (shop_order_open(c, o, id, who, SHOP_SHIP, ORDER_BIT(ORDER_MILESTONES)) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  u256 key = invoice_step_key(id, index);
  if (!invoice_step_get(c, m, id, index))
    return shop_missing(c, ORDER_MILESTONE, key);
  if (m->state == ORDER_STEP_DISPUTED) return MODULE_FAIL(c, locked);
  if (m->state != state || m->flags & INVOICE_FLAG_SWEEP)
    return shop_wrong(c, ORDER_MILESTONE, key, m->state);
  return MODULE_DONE;
}

MODULE_DO(submit_milestone) {
  order_t o;
  invoice_step_t m;
  if (invoice_step_open(c, &o, &m, in->id, in->i, ORDER_SELLER,
                        ORDER_STEP_WAITING) != MODULE_DONE)
    return MODULE_REVERTED;
  m.result = in->result;
  invoice_step_turn(c, &m, ORDER_STEP_SUBMITTED, c->now_s + o.inspect);
  return MODULE_DONE;
}
MODULE_DO(accept_milestone) {
  order_t o;
  invoice_step_t m;
  if (invoice_step_open(c, &o, &m, in->id, in->i, ORDER_BUYER,
                        ORDER_STEP_SUBMITTED) != MODULE_DONE)
    return MODULE_REVERTED;
  invoice_step_release(c, &o, &m);
  return MODULE_DONE;
}
MODULE_DO(reject_milestone) {
  order_t o;
  invoice_step_t m;
  if (invoice_step_open(c, &o, &m, in->id, in->i, ORDER_BUYER,
                        ORDER_STEP_SUBMITTED) != MODULE_DONE)
    return MODULE_REVERTED;
  if (m.rejects)
    return MODULE_FAIL_COMMON(c, duplicate, .what = {"reject"});
  u64 least = c->now_s + ORDER_REJECT_DAYS * SHOP_DAY;
  m.rejects++;
  m.result = in->note;
  if (m.due < least) m.due = least;
  invoice_step_turn(c, &m, ORDER_STEP_WAITING,
                    m.due + ORDER_SUBMIT_DAYS * SHOP_DAY);
  return MODULE_DONE;
}

/*----------------------------------------------------------------- invoices */

static void invoice_put(struct module_call *c, invoice_t *r,
                        u64 id) {
  u256 key = u256_from(id);
  r->updated = c->now_s;
  module_record_put(c, TABLE(invoice), &key, r);
  MODULE_EMIT(c, invoice_saved, .id = id, .seller = r->seller,
              .record = module_record_bytes(c, TABLE(invoice), &key, r));
}

static enum module_end invoice_steps(
    struct module_call *c, struct shop_orders_record_step *step,
    const order_invoice_args_t *a) {
  u64 most = SETTING(milestonesMax), last = c->now_s;
  u64 until = c->now_s + INVOICE_DAYS * SHOP_DAY;
  u32 cnt = a->milestoneAmounts.cnt;
  u128 sum = 0;
  if (cnt > most) return shop_many(c, "milestones", most);
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
    if (step[i].due > until) return shop_range(c, "due", step[i].due, last + 1,
                                               until);
    last = step[i].due;
    module_list_b32(&step[i].doc, &a->milestoneDocs, i);
  }
  if (cnt && sum != a->amount) return MODULE_FAIL(c, milestone_sum);
  return MODULE_DONE;
}

MODULE_DO(create_invoice) {
  const order_invoice_args_t *a = &in->a;
  struct shop_orders_record_step step[32];
  addr20 seller;
  if (shop_owner(c, &seller, &in->owner, SHOP_TILL) != MODULE_DONE ||
      shop_not_sanctioned(c, &seller, 2) != MODULE_DONE ||
      shop_token_ok(c, &a->token) != MODULE_DONE ||
      shop_some_or_none(c, &a->payer) != MODULE_DONE)
    return MODULE_REVERTED;
  if (addr20_eq(&a->payer, &seller)) return MODULE_FAIL_COMMON(c, self_deal);
  if (a->mode < ORDER_ESCROW || a->mode > ORDER_STEPS)
    return shop_range(c, "mode", a->mode, 1, 3);
  if (a->feed) return MODULE_FAIL(c, bad_feed, .feed = a->feed);
  u64 until = c->now_s + INVOICE_DAYS * SHOP_DAY;
  if (a->expiresAt <= c->now_s || a->expiresAt > until)
    return shop_range(c, "expiresAt", a->expiresAt, c->now_s + 1, until);
  if (a->maxFeeBps > 10000)
    return shop_range(c, "maxFeeBps", a->maxFeeBps, 0, 10000);
  if (a->amount && a->tax > a->amount)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  if (a->mode != ORDER_INSTANT &&
      shop_times_ok(c, a->handling, a->delivery, a->inspect, 0) != MODULE_DONE)
    return MODULE_REVERTED;
  if (invoice_steps(c, step, a) != MODULE_DONE) return MODULE_REVERTED;
  u64 id = module_id_next(c, ORDER_INVOICE);
  u256 key = u256_from(id);
  invoice_t r = {
    .state = ORDER_INV_OPEN, .layout = 1, .created = c->now_s,
    .mode = a->mode, .max_fee_bps = a->maxFeeBps, .seller = seller,
    .max_uses = a->maxUses, .expires = a->expiresAt, .payer = a->payer,
    .token = a->token, .handling = a->handling, .delivery = a->delivery,
    .inspect = a->inspect, .amount = a->amount, .tax = a->tax, .doc = a->doc,
    .ref = a->ref, .milestones = {step, a->milestoneAmounts.cnt}};
  module_timer_set(c, HEAD(&r), ORDER_INVOICE, &key, a->expiresAt);
  invoice_put(c, &r, id);
  out->id = id;
  return MODULE_DONE;
}

MODULE_DO(cancel_invoice) {
  invoice_t r;
  u256 key = u256_from(in->id);
  module_record_get(c, TABLE(invoice), &r, &key);
  if (r.state == 0) return shop_missing(c, ORDER_INVOICE, key);
  if (!shop_acts_for(c, &r.seller, SHOP_TILL)) return shop_refused(c);
  if (r.state != ORDER_INV_OPEN)
    return shop_wrong(c, ORDER_INVOICE, key, r.state);
  r.state = ORDER_INV_CANCELLED;
  r.deadline = 0;
  invoice_put(c, &r, in->id);
  return MODULE_DONE;
}

/* An order without lines, whose net is its total. */
static enum module_end invoice_plain(struct module_call *c, order_t *o,
                                     const addr20 *seller, const addr20 *token,
                                   u128 amount, u64 platform, u16 max_fee) {
  addr20 buyer;
  if (shop_self(c, &buyer) != MODULE_DONE) return MODULE_REVERTED;
  if (shop_is_nobody(seller) ||
      (!shop_is_none(&o->referrer) && shop_is_nobody(&o->referrer)))
    return MODULE_FAIL_COMMON(c, bad_address);
  if (addr20_eq(seller, &buyer) || addr20_eq(&o->referrer, &buyer) ||
      addr20_eq(&o->referrer, seller))
    return MODULE_FAIL_COMMON(c, self_deal);
  if (shop_not_sanctioned(c, seller, 3) != MODULE_DONE) return MODULE_REVERTED;
  if (amount == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (shop_order_fees(c, o, amount, platform, max_fee) != MODULE_DONE ||
      module_take(c, token, amount) != MODULE_DONE)
    return MODULE_REVERTED;
  o->buyer = buyer;
  o->seller = *seller;
  o->token = *token;
  o->goods = o->total = amount;
  o->lines.item = &o->lines; /* none, and not to be loaded */
  return MODULE_DONE;
}

static void invoice_steps_begin(struct module_call *c, u64 id,
                                const invoice_t *r) {
  for (u32 i = 0; i < r->milestones.cnt; i++) {
    const struct shop_orders_record_step *s =
        MODULE_AT(struct shop_orders_record_step, &r->milestones, i);
    invoice_step_t m = {.layout = 1, .created = c->now_s, .index = (u8)i,
                      .order = id, .due = s->due, .amount = s->amount,
                      .doc = s->doc};
    invoice_step_turn(c, &m, ORDER_STEP_WAITING,
                      s->due + ORDER_SUBMIT_DAYS * SHOP_DAY);
  }
}

MODULE_DO(pay_invoice) {
  invoice_t r;
  order_t o = {.referrer = in->referrer};
  addr20 me;
  u256 key = u256_from(in->id);
  module_record_load(c, TABLE(invoice), &r, &key);
  if (r.state == 0) return shop_missing(c, ORDER_INVOICE, key);
  if (shop_self(c, &me) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_is_none(&r.payer) && !addr20_eq(&r.payer, &me))
    return MODULE_FAIL(c, not_payer);
  if (r.state == ORDER_INV_PAID) return MODULE_FAIL(c, invoice_used_up);
  if (r.state != ORDER_INV_OPEN)
    return shop_wrong(c, ORDER_INVOICE, key, r.state);
  u128 want = r.amount ? r.amount : in->amount;
  if (in->amount != want)
    return MODULE_FAIL(c, total_changed, .current = module_word_of(want));
  u16 max_fee = in->platform ? r.max_fee_bps : 10000;
  if (invoice_plain(c, &o, &r.seller, &r.token, want, in->platform, max_fee) !=
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
  invoice_put(c, &r, in->id);
  if (r.mode == ORDER_INSTANT)
    out->order = shop_order_instant(c, &o);
  else if (r.mode == ORDER_STEPS)
    out->order = shop_order_begin(c, &o, ORDER_MILESTONES, 0);
  else
    out->order = shop_order_begin(c, &o, ORDER_PAID, c->now_s + o.handling);
  if (r.mode == ORDER_STEPS) invoice_steps_begin(c, out->order, &r);
  return MODULE_DONE;
}

MODULE_DO(pay_by_card) {
  return shop_missing(c, 3, u256_from(in->card)); /* cards are of Rewards */
}

MODULE_DO(pay_instant) {
  order_t o = {.ref = in->ref};
  if (invoice_plain(c, &o, &in->seller, &in->token, in->amount, 0, 0) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  out->id = shop_order_instant(c, &o);
  return MODULE_DONE;
}
void shop_invoice_timer(struct module_call *c, const u256 *key) {
  invoice_t r;
  module_record_get(c, TABLE(invoice), &r, key);
  r.state = ORDER_INV_EXPIRED;
  r.deadline = 0;
  invoice_put(c, &r, key->w[0]);
}
#undef ID
#undef TABLE
#undef SETTING
#undef HEAD
