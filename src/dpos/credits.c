/* credits.c - the methods of module 0x..1004; see credits.def. */
#include "dpos/dpos_credit.h"

#define ID(what, name) credits_##what##_##name
#define MODULE_PUBLIC(what, name) dpos_credit_##what##_##name
#include "module/pass_struct.inc"
#include "dpos/credits.def"
#include "module/pass_param.inc"
#include "dpos/credits.def"
static const struct module_row credits_rows[] = {
#include "module/pass_row.inc"
#include "dpos/credits.def"
};
#include "module/pass_end.inc"

const struct module_def dpos_credits = {
  .name = "Credits", .text = "Credits, what an account may use of the chain",
  .number = DPOS_CREDIT_NUMBER, .row = credits_rows,
  .row_cnt = ARRAY_LEN(credits_rows)};

#define CREDITS_WEI_PER_GWEI 1000000000ull

static const struct dpos_credit_env *credits_env(const struct module_call *c) {
  return c->env;
}
static const struct dpos_credit_rules *credits_rules(
    const struct module_call *c) {
  return credits_env(c)->rules;
}

static u256 credits_wei(u64 gwei) {
  u256 v = u256_from(gwei), unit = u256_from(CREDITS_WEI_PER_GWEI);
  u256_mul(&v, &v, &unit);
  return v;
}
/* Whole gwei, rounded down; over 2^64: that. */
static u64 credits_gwei(const u256 *wei) {
  u256 v, unit = u256_from(CREDITS_WEI_PER_GWEI);
  u256_divmod(&v, NULL, wei, &unit);
  return u256_fits64(&v) ? v.w[0] : UINT64_MAX;
}

/* The account's record, refilled up to this block. */
static void credits_account(struct module_call *c,
                            struct dpos_credit_record_account *a,
                            const addr20 *addr) {
  const struct dpos_credit_env *env = credits_env(c);
  u256 key = module_key_addr(addr), balance;
  module_record_get(c, &dpos_credit_table_account, a, &key);
  if (!(a->flags & DPOS_CREDIT_SEEN)) {
    evm_native_balance(c->n, &balance, addr); /* for its price */
    env->balance_before(env->ctx, &balance, addr);
    dpos_credit_meet(a, env->rules, &balance);
  }
  dpos_credit_settle(a, env->rules, c->time_s);
}
static void credits_account_put(struct module_call *c, const addr20 *addr,
                                const struct dpos_credit_record_account *a) {
  u256 key = module_key_addr(addr);
  module_record_put(c, &dpos_credit_table_account, &key, a);
}

void dpos_credit_verify(struct module_call *c, const addr20 *who,
                        bool verified) {
  struct module_call own;
  struct dpos_credit_record_account a;
  module_enter(&own, c, &dpos_credits);
  credits_account(&own, &a, who);
  dpos_credit_person(&a, credits_rules(&own), verified, own.time_s);
  credits_account_put(&own, who, &a);
  module_leave(c);
}

static void credits_prices_get(struct module_call *c,
                               struct dpos_credit_record_prices *p) {
  u256 zero = U256_ZERO;
  module_record_get(c, &dpos_credit_table_prices, p, &zero);
}

/*------------------------------------------------------------------- views */

static enum module_end credits_do_credits_of(
    struct module_call *c, const struct credits_in_credits_of *in,
    struct credits_out_credits_of *out) {
  struct dpos_credit_record_account a;
  struct dpos_credit_record_prices p;
  const struct dpos_credit_rules *r = credits_rules(c);
  credits_account(c, &a, &in->account);
  credits_prices_get(c, &p);
  u64 base = dpos_credit_base(&a), room = dpos_credit_pool_room(&a, r, p.pool);
  out->available = dpos_credit_own(&a) + (base < room ? base : room);
  out->capacity = dpos_credit_capacity(&a, r);
  out->baseAllowance = dpos_credit_base_day(&a, r);
  out->stake = a.weight;
  out->verified = a.flags & DPOS_CREDIT_VERIFIED;
  return MODULE_DONE;
}

static enum module_end credits_do_prices(struct module_call *c,
                                         const struct credits_in_prices *in,
                                         struct credits_out_prices *out) {
  struct dpos_credit_record_prices p;
  u64 left;
  (void)in;
  credits_prices_get(c, &p);
  out->multiplier = p.m;
  out->stateMultiplier = p.m_state;
  out->basePool = p.pool > 0 ? (u64)(p.pool / DPOS_CREDIT_UNIT) : 0;
  if (!dpos_credit_rent_price(&out->rentPrice, &left, &p, credits_rules(c), 1))
    out->rentPrice = U256_ZERO;
  return MODULE_DONE;
}

static enum module_end credits_do_rent_price(
    struct module_call *c, const struct credits_in_rent_price *in,
    struct credits_out_rent_price *out) {
  struct dpos_credit_record_prices p;
  u64 left;
  if (in->credits == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  credits_prices_get(c, &p);
  if (!dpos_credit_rent_price(&out->price, &left, &p, credits_rules(c),
                              in->credits))
    return MODULE_FAIL(c, sold_out, .want = in->credits, .left = left);
  return MODULE_DONE;
}

static void credits_totals(struct module_call *c,
                           struct dpos_credit_record_totals *t) {
  u256 zero = U256_ZERO;
  module_record_get(c, &dpos_credit_table_totals, t, &zero);
}
static void credits_totals_put(struct module_call *c,
                               const struct dpos_credit_record_totals *t) {
  u256 zero = U256_ZERO;
  module_record_put(c, &dpos_credit_table_totals, &zero, t);
}

static enum module_end credits_do_proceeds(
    struct module_call *c, const struct credits_in_proceeds *in,
    struct credits_out_proceeds *out) {
  struct dpos_credit_record_totals t;
  (void)in;
  credits_totals(c, &t);
  out->total = (u256){{(u64)t.proceeds, (u64)(t.proceeds >> 64), 0, 0}};
  return MODULE_DONE;
}

/*-------------------------------------------------------------- delegation */

static u256 credits_pair(const addr20 *from, const addr20 *to) {
  u256 part[2] = {module_key_addr(from), module_key_addr(to)}, key;
  module_key_of(&key, part, 2);
  return key;
}

/* Moves weight between two accounts: each is settled first, so that what was
** refilled so far stays with who had it. */
static void credits_move(struct module_call *c, const addr20 *from,
                         const addr20 *to, u64 gwei, bool back) {
  const struct dpos_credit_rules *r = credits_rules(c);
  const addr20 *who[2] = {from, to};
  for (u32 i = 0; i < 2; i++) {
    struct dpos_credit_record_account a;
    struct dpos_credit_record_stake s;
    u256 key = module_key_addr(who[i]);
    bool owner = i == 0;
    credits_account(c, &a, who[i]);
    module_record_get(c, &dpos_credit_table_stake, &s, &key);
    if (owner) s.out = back ? s.out - gwei : s.out + gwei;
    else s.in = back ? s.in - gwei : s.in + gwei;
    dpos_credit_weigh(&a, r, s.own - s.out + s.in);
    credits_account_put(c, who[i], &a);
    module_record_put(c, &dpos_credit_table_stake, &key, &s);
  }
}

static enum module_end credits_do_delegate(
    struct module_call *c, const struct credits_in_delegate *in,
    struct credits_out_delegate *out) {
  struct dpos_credit_record_stake s;
  struct dpos_credit_record_delegation d;
  static const addr20 none;
  (void)out;
  u64 gwei = credits_gwei(&in->stake);
  if (addr20_eq(&in->to, &none) || addr20_eq(&in->to, &c->sender))
    return MODULE_FAIL_COMMON(c, bad_address);
  if (gwei == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  u256 key = module_key_addr(&c->sender);
  module_record_get(c, &dpos_credit_table_stake, &s, &key);
  if (gwei > s.own - s.out)
    return MODULE_FAIL(c, stake_short, .want = in->stake,
                       .have = credits_wei(s.own - s.out));
  key = credits_pair(&c->sender, &in->to);
  module_record_get(c, &dpos_credit_table_delegation, &d, &key);
  d.amount += gwei;
  module_record_put(c, &dpos_credit_table_delegation, &key, &d);
  credits_move(c, &c->sender, &in->to, gwei, false);
  MODULE_EMIT(c, delegated, .from = c->sender, .to = in->to,
              .stake = credits_wei(gwei));
  return MODULE_DONE;
}

static enum module_end credits_do_revoke(struct module_call *c,
                                         const struct credits_in_revoke *in,
                                         struct credits_out_revoke *out) {
  struct dpos_credit_record_delegation d;
  u64 gwei = credits_gwei(&in->stake);
  u256 key = credits_pair(&c->sender, &in->to);
  if (gwei == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  module_record_get(c, &dpos_credit_table_delegation, &d, &key);
  if (gwei > d.amount)
    return MODULE_FAIL(c, delegation_short, .want = in->stake,
                       .have = credits_wei(d.amount));
  d.amount -= gwei;
  d.leaving += gwei;
  d.at = c->time_s +
         credits_rules(c)->param[dpos_credit_param_revoke_after_s];
  module_record_put(c, &dpos_credit_table_delegation, &key, &d);
  out->at = d.at;
  MODULE_EMIT(c, revoking, .from = c->sender, .to = in->to,
              .stake = credits_wei(gwei), .at = d.at);
  return MODULE_DONE;
}

static enum module_end credits_do_finish_revoke(
    struct module_call *c, const struct credits_in_finish_revoke *in,
    struct credits_out_finish_revoke *out) {
  struct dpos_credit_record_delegation d;
  u256 key = credits_pair(&in->from, &in->to);
  (void)out;
  module_record_get(c, &dpos_credit_table_delegation, &d, &key);
  if (d.leaving == 0) return MODULE_FAIL(c, nothing_leaving);
  if (c->time_s < d.at)
    return MODULE_FAIL_COMMON(c, too_early, .notBefore = d.at);
  u64 gwei = d.leaving;
  d.leaving = d.at = 0;
  module_record_put(c, &dpos_credit_table_delegation, &key, &d);
  credits_move(c, &in->from, &in->to, gwei, true);
  MODULE_EMIT(c, revoked, .from = in->from, .to = in->to,
              .stake = credits_wei(gwei));
  return MODULE_DONE;
}

static enum module_end credits_do_delegation(
    struct module_call *c, const struct credits_in_delegation *in,
    struct credits_out_delegation *out) {
  struct dpos_credit_record_delegation d;
  u256 key = credits_pair(&in->from, &in->to);
  module_record_get(c, &dpos_credit_table_delegation, &d, &key);
  out->stake = credits_wei(d.amount);
  out->leaving = credits_wei(d.leaving);
  out->at = d.at;
  return MODULE_DONE;
}

/*----------------------------------------------------------------- renting */

static enum module_end credits_do_rent(struct module_call *c,
                                       const struct credits_in_rent *in,
                                       struct credits_out_rent *out) {
  struct dpos_credit_record_prices p;
  struct dpos_credit_record_account a;
  struct dpos_credit_record_totals t;
  u256 zero = U256_ZERO, back;
  u64 left;
  if (in->credits == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  credits_prices_get(c, &p);
  if (!dpos_credit_rent_price(&out->price, &left, &p, credits_rules(c),
                              in->credits))
    return MODULE_FAIL(c, sold_out, .want = in->credits, .left = left);
  if (u256_sub(&back, &c->value, &out->price))
    return MODULE_FAIL_COMMON(c, wrong_value, .want = out->price,
                              .got = c->value);
  p.sold += in->credits;
  module_record_put(c, &dpos_credit_table_prices, &zero, &p);
  credits_totals(c, &t);
  t.proceeds += ((u128)out->price.w[1] << 64) + out->price.w[0];
  credits_totals_put(c, &t);
  credits_account(c, &a, &c->sender);
  a.level += (__int128)in->credits * DPOS_CREDIT_UNIT;
  credits_account_put(c, &c->sender, &a);
  /* What was sent above the price goes back. */
  bool paid = evm_native_pay(c->n, &c->sender, &back);
  MUST(paid);
  MODULE_EMIT(c, rented, .buyer = c->sender, .credits = in->credits,
              .price = out->price);
  return MODULE_DONE;
}

/*---------------------------------------------------------------- policies */

static void credits_policy_get(struct module_call *c,
                               struct dpos_credit_record_policy *p, u32 id) {
  u256 key = u256_from(id);
  module_record_get(c, &dpos_credit_table_policy, p, &key);
}
static void credits_policy_put(struct module_call *c, u32 id,
                               const struct dpos_credit_record_policy *p) {
  u256 key = u256_from(id);
  module_record_put(c, &dpos_credit_table_policy, &key, p);
}

static bool credits_policy_lives(const struct module_call *c,
                                 const struct dpos_credit_record_policy *p) {
  return p->state == DPOS_CREDIT_POLICY_ACTIVE &&
         (p->until == 0 || c->time_s < p->until);
}

static void credits_policy_end(struct module_call *c, u32 id,
                               struct dpos_credit_record_policy *p) {
  p->state = DPOS_CREDIT_POLICY_ENDED;
  p->ended = c->height;
  credits_policy_put(c, id, p);
  MODULE_EMIT(c, policy_end, .id = id, .sponsor = p->sponsor,
              .target = p->target);
}

/* Drops entry i from a target's list, which stays in order of age. */
static void credits_ids_drop(u8 *ids, u32 i) {
  memmove(ids + 4 * i, ids + 4 * i + 4,
          4 * (DPOS_CREDIT_TARGET_POLICIES - 1 - i));
  store_be32(ids + 4 * (DPOS_CREDIT_TARGET_POLICIES - 1), 0);
}

/* Where the newcomer stands in the target's list.  A full list gives up an
** ended policy, else the one whose sponsor has least stake, if the newcomer
** has more: nobody can shut others out with policies that pay for nothing.
** *least: what he must have more of; false when he has not. */
static bool credits_ids_place(struct module_call *c, u8 *ids, u32 *place,
                              u64 mine, u64 *least) {
  u32 worst = 0;
  *least = UINT64_MAX;
  for (u32 i = 0; i < DPOS_CREDIT_TARGET_POLICIES; i++) {
    struct dpos_credit_record_policy p;
    struct dpos_credit_record_account a;
    u32 id = load_be32(ids + 4 * i);
    if (id == 0) {
      *place = i;
      return true;
    }
    credits_policy_get(c, &p, id);
    if (!credits_policy_lives(c, &p)) {
      credits_ids_drop(ids, i);
      i--;
      continue;
    }
    credits_account(c, &a, &p.sponsor);
    if (a.weight >= *least) continue;
    *least = a.weight;
    worst = i;
  }
  if (mine <= *least) return false;
  struct dpos_credit_record_policy p;
  u32 id = load_be32(ids + 4 * worst);
  credits_policy_get(c, &p, id);
  credits_policy_end(c, id, &p);
  credits_ids_drop(ids, worst);
  *place = DPOS_CREDIT_TARGET_POLICIES - 1;
  return true;
}

/* The number of the first argument that makes no policy, or 0. */
static u8 credits_policy_fault(const struct module_call *c,
                               const struct credits_in_register_policy *in) {
  static const addr20 none;
  if (addr20_eq(&in->target, &none) || addr20_eq(&in->target, &c->self))
    return 1;
  if (in->selectors.cnt > DPOS_CREDIT_SELECTORS) return 2;
  if (in->who > DPOS_CREDIT_PERSONS) return 3;
  if (in->gasPerCall < 21000) return 4;
  if (in->until && (in->until <= c->time_s || in->until >> 40)) return 7;
  return 0;
}

static enum module_end credits_do_register_policy(
    struct module_call *c, const struct credits_in_register_policy *in,
    struct credits_out_register_policy *out) {
  struct dpos_credit_record_totals t;
  struct dpos_credit_record_target list;
  struct dpos_credit_record_account a;
  u256 key = module_key_addr(&in->target);
  u32 place;
  u64 least;
  u8 fault = credits_policy_fault(c, in);
  if (fault) return MODULE_FAIL(c, bad_policy, .argument = fault);
  module_record_get(c, &dpos_credit_table_target, &list, &key);
  credits_account(c, &a, &c->sender);
  if (!credits_ids_place(c, list.ids.b, &place, a.weight, &least))
    return MODULE_FAIL(c, target_full, .leastStake = credits_wei(least));
  credits_totals(c, &t);
  u32 id = ++t.policy_last;
  t.policy_cnt++;
  credits_totals_put(c, &t);
  store_be32(list.ids.b + 4 * place, id);
  module_record_put(c, &dpos_credit_table_target, &key, &list);
  struct dpos_credit_record_policy p = {
    .sponsor = c->sender, .gas_per_call = in->gasPerCall, .until = in->until,
    .who = in->who, .selector_cnt = (u8)in->selectors.cnt,
    .state = DPOS_CREDIT_POLICY_ACTIVE, .target = in->target,
    .born = c->height, .per_user_day = in->perUserDay, .per_day = in->perDay};
  for (u32 i = 0; i < in->selectors.cnt; i++)
    store_be32(p.selectors.b + 4 * i, module_list_b4(&in->selectors, i));
  credits_policy_put(c, id, &p);
  out->id = id;
  MODULE_EMIT(c, policy_set, .id = id, .sponsor = c->sender,
              .target = in->target, .who = in->who,
              .gasPerCall = in->gasPerCall, .perUserDay = in->perUserDay,
              .perDay = in->perDay, .until = in->until);
  return MODULE_DONE;
}

/* The caller's own policy that still lives. */
static enum module_end credits_policy_own(struct module_call *c,
                                          struct dpos_credit_record_policy *p,
                                          u32 id) {
  credits_policy_get(c, p, id);
  if (p->state != DPOS_CREDIT_POLICY_ACTIVE)
    return MODULE_FAIL(c, no_policy, .id = id);
  if (!addr20_eq(&p->sponsor, &c->sender))
    return MODULE_FAIL_COMMON(c, not_authorised, .caller = c->sender);
  return MODULE_DONE;
}

static enum module_end credits_do_remove_policy(
    struct module_call *c, const struct credits_in_remove_policy *in,
    struct credits_out_remove_policy *out) {
  struct dpos_credit_record_policy p;
  (void)out;
  if (credits_policy_own(c, &p, in->id) != MODULE_DONE) return MODULE_REVERTED;
  credits_policy_end(c, in->id, &p);
  return MODULE_DONE;
}

static u256 credits_user_key(u32 id, const addr20 *user) {
  u256 part[2] = {u256_from(id), module_key_addr(user)}, key;
  module_key_of(&key, part, 2);
  return key;
}

static enum module_end credits_do_set_users(
    struct module_call *c, const struct credits_in_set_users *in,
    struct credits_out_set_users *out) {
  struct dpos_credit_record_policy p;
  (void)out;
  if (credits_policy_own(c, &p, in->id) != MODULE_DONE) return MODULE_REVERTED;
  if (in->users.cnt > DPOS_CREDIT_USERS_MAX) {
    hash32 what = {{'u', 's', 'e', 'r', 's'}};
    return MODULE_FAIL_COMMON(c, too_many, .what = what,
                              .max = u256_from(DPOS_CREDIT_USERS_MAX));
  }
  for (u32 i = 0; i < in->users.cnt; i++) {
    struct dpos_credit_record_user u;
    addr20 who;
    module_list_addr(&who, &in->users, i);
    u256 key = credits_user_key(in->id, &who);
    module_record_get(c, &dpos_credit_table_user, &u, &key);
    u.listed = in->allowed;
    module_record_put(c, &dpos_credit_table_user, &key, &u);
  }
  MODULE_EMIT(c, users_set, .id = in->id, .allowed = in->allowed,
              .users = in->users);
  return MODULE_DONE;
}

static enum module_end credits_do_policy(struct module_call *c,
                                         const struct credits_in_policy *in,
                                         struct credits_out_policy *out) {
  struct dpos_credit_record_policy p;
  credits_policy_get(c, &p, in->id);
  if (p.state == 0) return MODULE_FAIL(c, no_policy, .id = in->id);
  out->sponsor = p.sponsor;
  out->target = p.target;
  out->who = p.who;
  out->gasPerCall = p.gas_per_call;
  out->perUserDay = p.per_user_day;
  out->perDay = p.per_day;
  out->until = p.until;
  out->usedToday = p.day == c->time_s / 86400 ? p.used : 0;
  out->active = credits_policy_lives(c, &p);
  return MODULE_DONE;
}

static enum module_end credits_do_policies_of(
    struct module_call *c, const struct credits_in_policies_of *in,
    struct credits_out_policies_of *out) {
  struct dpos_credit_record_target list;
  u256 key = module_key_addr(&in->target);
  u32 cnt = 0;
  module_record_get(c, &dpos_credit_table_target, &list, &key);
  while (cnt < DPOS_CREDIT_TARGET_POLICIES && load_be32(list.ids.b + 4 * cnt))
    cnt++;
  out->ids = module_list_make(c, cnt);
  for (u32 i = 0; i < cnt; i++)
    module_list_put_u64(&out->ids, i, load_be32(list.ids.b + 4 * i));
  return MODULE_DONE;
}
#undef ID
#undef MODULE_PUBLIC
