/* shop_plan.c - of Orders (0x..1013): plans and subscriptions; their states are
** told in shop_orders.c. */
#include "shop/shop_orders_part.h"

#define ID(what, name) shop_orders_##what##_##name
#define TABLE(name) &shop_orders_table_##name
#define SETTING(name) module_setting_get(c, shop_orders_param_##name)
#define HEAD(r) ((struct module_header *)(r))

typedef struct shop_orders_record_plan plan_t;
typedef struct shop_orders_record_subscription plan_sub_t;

static void plan_put(struct module_call *c, plan_t *p, u64 id) {
  u256 key = u256_from(id);
  p->updated = c->now_s;
  module_record_put(c, TABLE(plan), &key, p);
  MODULE_EMIT(c, plan_saved, .id = id, .seller = p->seller,
              .record = module_record_bytes(c, TABLE(plan), &key, p));
}
static enum module_end plan_own(struct module_call *c, plan_t *p,
                                u64 id) {
  u256 key = u256_from(id);
  module_record_get(c, TABLE(plan), p, &key);
  if (p->state == 0) return shop_missing(c, ORDER_PLAN, key);
  if (!shop_acts_for(c, &p->seller, SHOP_SELL)) return shop_refused(c);
  if (p->closed) return MODULE_FAIL(c, plan_closed);
  return MODULE_DONE;
}

/* What a subscriber agrees to by the plan's number. */
static bool plan_has_terms(const plan_t *p, const order_plan_args_t *a) {
  return addr20_eq(&p->token, &a->token) && p->amount == a->amount &&
         p->period == a->period && p->trial == a->trial &&
         p->max_periods == a->maxPeriods;
}
/* Other terms are another plan: who subscribes names a number alone, and would
** pay what its seller changed a moment before. */
static enum module_end plan_replace(struct module_call *c, plan_t *p, u64 id) {
  plan_t next = {.state = ORDER_PLAN_OPEN, .layout = 1, .created = c->now_s,
                 .seller = p->seller};
  if (shop_new_record(c) != MODULE_DONE ||
      shop_not_sanctioned(c, &p->seller, 2) != MODULE_DONE)
    return MODULE_REVERTED;
  p->closed = true;
  p->state = ORDER_PLAN_CLOSED;
  plan_put(c, p, id);
  *p = next;
  return MODULE_DONE;
}

MODULE_DO(save_plan) {
  const order_plan_args_t *a = &in->a;
  plan_t p = {.state = ORDER_PLAN_OPEN, .layout = 1,
                    .created = c->now_s};
  u64 id = in->id, least = SETTING(periodMin);
  if (id) {
    if (plan_own(c, &p, id) != MODULE_DONE) return MODULE_REVERTED;
  } else {
    if (shop_new_owner(c, &p.seller, &in->owner, SHOP_SELL) != MODULE_DONE ||
        shop_not_sanctioned(c, &p.seller, 2) != MODULE_DONE)
      return MODULE_REVERTED;
  }
  if (shop_token_ok(c, &a->token) != MODULE_DONE) return MODULE_REVERTED;
  if (a->amount == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (a->period < least || a->period > 730u * SHOP_DAY)
    return shop_range(c, "period", a->period, least, 730u * SHOP_DAY);
  if (a->trial > 365u * SHOP_DAY)
    return shop_range(c, "trial", a->trial, 0, 365u * SHOP_DAY);
  if (a->maxFeeBps > 10000)
    return shop_range(c, "maxFeeBps", a->maxFeeBps, 0, 10000);
  if (id && !plan_has_terms(&p, a)) {
    if (plan_replace(c, &p, id) != MODULE_DONE) return MODULE_REVERTED;
    id = 0;
  }
  if (!id) id = module_id_next(c, ORDER_PLAN);
  p.token = a->token;
  p.amount = a->amount;
  p.period = a->period;
  p.trial = a->trial;
  p.max_periods = a->maxPeriods;
  p.max_fee_bps = a->maxFeeBps;
  p.doc = a->doc;
  plan_put(c, &p, id);
  out->saved = id;
  return MODULE_DONE;
}
MODULE_DO(close_plan) {
  plan_t p;
  if (plan_own(c, &p, in->id) != MODULE_DONE) return MODULE_REVERTED;
  p.closed = true;
  p.state = ORDER_PLAN_CLOSED;
  plan_put(c, &p, in->id);
  return MODULE_DONE;
}

static void plan_sub_put(struct module_call *c, plan_sub_t *s, u64 id) {
  u256 key = u256_from(id);
  s->updated = c->now_s;
  module_record_put(c, TABLE(subscription), &key, s);
  MODULE_EMIT(c, subscription_saved, .id = id, .plan = s->plan,
              .buyer = s->buyer,
              .record =
                  module_record_bytes(c, TABLE(subscription), &key, s));
}
/* The rest goes back. */
static void plan_sub_end(struct module_call *c, plan_sub_t *s, u64 id,
                         u8 state) {
  u256 key = u256_from(id);
  u128 rest = s->prepaid;
  s->state = state;
  s->deadline = 0;
  s->prepaid = 0;
  module_pay(c, &s->token, &s->buyer, rest, ORDER_SUB, &key,
             ORDER_WHY_PREPAID);
  plan_sub_put(c, s, id);
  shop_opened(c, &s->buyer, -1);
  shop_opened(c, &s->seller, -1);
}

/* The period that begins at next_at, to the seller. */
static void plan_sub_pay(struct module_call *c, plan_sub_t *s, u64 id) {
  u256 key = u256_from(id);
  addr20 treasury, operator;
  u128 fee = shop_share(s->amount, s->fee_bps, 10000);
  u128 protocol = shop_share(s->amount, s->protocol_bps, 10000);
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
static void plan_sub_run(struct module_call *c, plan_sub_t *s, u64 id) {
  u256 key = u256_from(id);
  if (c->now_s >= s->next_at && s->prepaid >= s->amount)
    plan_sub_pay(c, s, id);
  if (s->max_periods && s->paid_periods >= s->max_periods) {
    plan_sub_end(c, s, id, ORDER_SUB_FINISHED);
    return;
  }
  bool late = c->now_s >= s->next_at && s->prepaid < s->amount;
  s->state = late ? ORDER_SUB_PAST_DUE : ORDER_SUB_ACTIVE;
  module_timer_set(c, HEAD(s), ORDER_SUB, &key,
                   late ? s->next_at + SETTING(subGrace) : s->next_at);
  plan_sub_put(c, s, id);
}

static enum module_end plan_times(struct module_call *c, u128 *out,
                                  u128 amount, u16 periods) {
  if (periods == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (amount > MODULE_AMOUNT_MAX / periods)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  *out = amount * periods;
  return MODULE_DONE;
}

MODULE_DO(subscribe) {
  plan_t p;
  struct shop_fee fee;
  addr20 buyer;
  u128 sum = 0;
  u256 key = u256_from(in->plan);
  module_record_get(c, TABLE(plan), &p, &key);
  if (p.state == 0) return shop_missing(c, ORDER_PLAN, key);
  if (shop_self(c, &buyer) != MODULE_DONE) return MODULE_REVERTED;
  if (p.closed) return MODULE_FAIL(c, plan_closed);
  if (addr20_eq(&buyer, &p.seller)) return MODULE_FAIL_COMMON(c, self_deal);
  if (shop_not_sanctioned(c, &p.seller, 3) != MODULE_DONE ||
      shop_fee_of(c, &fee, in->platform) != MODULE_DONE)
    return MODULE_REVERTED;
  if (fee.fee_bps > p.max_fee_bps)
    return MODULE_FAIL(c, fee_above_limit, .limit = p.max_fee_bps);
  if (plan_times(c, &sum, p.amount, in->periods) != MODULE_DONE ||
      module_take(c, &p.token, sum) != MODULE_DONE)
    return MODULE_REVERTED;
  plan_sub_t s = {
    .state = ORDER_SUB_ACTIVE, .layout = 1, .created = c->now_s,
    .fee_bps = fee.fee_bps, .protocol_bps = (u16)SETTING(protocolBps),
    .buyer = buyer, .plan = in->plan,
    .period = p.period, .seller = p.seller, .next_at = c->now_s + p.trial,
    .max_periods = p.max_periods, .token = p.token, .platform = in->platform,
    .prepaid = sum, .amount = p.amount};
  out->id = module_id_next(c, ORDER_SUB);
  shop_opened(c, &buyer, 1);
  shop_opened(c, &p.seller, 1);
  plan_sub_run(c, &s, out->id);
  return MODULE_DONE;
}

static enum module_end plan_sub_open(struct module_call *c, plan_sub_t *s,
                                     u64 id, bool party) {
  u256 key = u256_from(id);
  module_record_get(c, TABLE(subscription), s, &key);
  if (s->state == 0) return shop_missing(c, ORDER_SUB, key);
  if (party && !shop_acts_for(c, &s->buyer, 0) &&
      !shop_acts_for(c, &s->seller, SHOP_SELL))
    return shop_refused(c);
  if (s->state != ORDER_SUB_ACTIVE && s->state != ORDER_SUB_PAST_DUE)
    return shop_wrong(c, ORDER_SUB, key, s->state);
  return MODULE_DONE;
}
MODULE_DO(top_up) {
  plan_sub_t s;
  u128 sum = 0;
  if (plan_sub_open(c, &s, in->sub, false) != MODULE_DONE ||
      plan_times(c, &sum, s.amount, in->periods) != MODULE_DONE)
    return MODULE_REVERTED;
  if (sum > MODULE_AMOUNT_MAX - s.prepaid)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  if (module_take(c, &s.token, sum) != MODULE_DONE) return MODULE_REVERTED;
  s.prepaid += sum;
  if (s.state == ORDER_SUB_PAST_DUE) plan_sub_run(c, &s, in->sub);
  else plan_sub_put(c, &s, in->sub);
  return MODULE_DONE;
}
MODULE_DO(cancel_sub) {
  plan_sub_t s;
  if (plan_sub_open(c, &s, in->sub, true) != MODULE_DONE)
    return MODULE_REVERTED;
  plan_sub_end(c, &s, in->sub, ORDER_SUB_CANCELLED);
  return MODULE_DONE;
}
void shop_sub_timer(struct module_call *c, const u256 *key) {
  plan_sub_t s;
  module_record_get(c, TABLE(subscription), &s, key);
  if (s.state == ORDER_SUB_PAST_DUE)
    plan_sub_end(c, &s, key->w[0], ORDER_SUB_LAPSED);
  else
    plan_sub_run(c, &s, key->w[0]);
}
#undef ID
#undef TABLE
#undef SETTING
#undef HEAD
