/* dpos_credit.c - see dpos_credit.h. */
#include "dpos/dpos_credit.h"

#define CREDIT_PPM 1000000u
#define CREDIT_HEAT_ONE (1u << 24)
#define CREDIT_HEAT_S 3600u
#define CREDIT_WAIT_MAX_S 31536000u /* a year */
#define CREDIT_RENT_STEEPNESS 9u    /* the last credit costs so many more */
#define CREDIT_BYTE 8u
#define CREDIT_WEI_PER_GWEI 1000000000ull
/* The most that any sum of credits comes to: 2^62. */
#define CREDIT_SUM_MAX ((u64)1 << 62)

typedef __int128 credit_units;

/*------------------------------------------------------------------- rules */

static const u64 credit_default[DPOS_CREDIT_PARAM_CNT] = {
#include "module/pass_none.inc"
#undef PARAM
#define PARAM(name, dflt, min, max, text) dflt,
#include "dpos/credits.def"
#include "module/pass_end.inc"
};

u64 dpos_credit_default(u32 param) {
  MUST(param < DPOS_CREDIT_PARAM_CNT);
  return credit_default[param];
}

static u64 credit_min(u128 a, u64 b) { return a < b ? (u64)a : b; }

void dpos_credit_rules_fill(struct dpos_credit_rules *r) {
  const u64 *p = r->param;
  u128 day = (u128)2 * p[dpos_credit_param_gas_per_second] * 86400u *
             p[dpos_credit_param_share_ppm] / CREDIT_PPM;
  r->day = credit_min(day, CREDIT_SUM_MAX);
  u64 weight = r->totals.weight > r->totals.floor ? r->totals.weight
                                                  : r->totals.floor;
  r->weight = weight ? weight : 1;
  r->pool = (u64)((u128)r->day * p[dpos_credit_param_pool_ppm] / CREDIT_PPM);
  r->pool_kept =
      (u64)((u128)r->pool * p[dpos_credit_param_verified_ppm] / CREDIT_PPM);
  r->for_rent = (u64)((u128)r->day * p[dpos_credit_param_rent_ppm] /
                      CREDIT_PPM);
}

/*-------------------------------------------------------------- an account */

static credit_units credit_full_base(const struct dpos_credit_rules *r) {
  return (credit_units)r->param[dpos_credit_param_base_day] * DPOS_CREDIT_UNIT;
}

/* The base allowance can be spent and refills. */
static bool credit_has_base(const struct dpos_credit_record_account *a) {
  return (a->flags & DPOS_CREDIT_GRANTED) &&
         (a->flags & (DPOS_CREDIT_HOLDS | DPOS_CREDIT_VERIFIED));
}

u64 dpos_credit_capacity(const struct dpos_credit_record_account *a,
                         const struct dpos_credit_rules *r) {
  u64 weight = a->weight < r->weight ? a->weight : r->weight;
  return (u64)((u128)r->day * weight / r->weight);
}

u64 dpos_credit_base_day(const struct dpos_credit_record_account *a,
                         const struct dpos_credit_rules *r) {
  return credit_has_base(a) ? r->param[dpos_credit_param_base_day] : 0;
}

static void credit_grant(struct dpos_credit_record_account *a,
                         const struct dpos_credit_rules *r) {
  a->flags |= DPOS_CREDIT_GRANTED;
  a->base = (u64)credit_full_base(r);
}

void dpos_credit_meet(struct dpos_credit_record_account *a,
                      const struct dpos_credit_rules *r,
                      const u256 *balance_before) {
  if (a->flags & DPOS_CREDIT_SEEN) return;
  u256 least = u256_from(r->param[dpos_credit_param_base_min_gwei]);
  u256 gwei = u256_from(CREDIT_WEI_PER_GWEI);
  u256_mul(&least, &least, &gwei);
  a->flags = DPOS_CREDIT_SEEN;
  a->time = a->base = r->totals.genesis_s;
  if (u256_lt(balance_before, &least)) return;
  a->flags |= DPOS_CREDIT_HOLDS;
  if (r->param[dpos_credit_param_base_after_s] == 0) credit_grant(a, r);
}

/* After dt seconds, of at most a day: level and base. */
static void credit_refill(struct dpos_credit_record_account *a,
                          const struct dpos_credit_rules *r, u64 dt) {
  credit_units cap = (credit_units)dpos_credit_capacity(a, r) *
                     DPOS_CREDIT_UNIT;
  credit_units level = a->level;
  credit_units base = credit_has_base(a) ? (credit_units)a->base : 0;
  if (level > cap) {
    level -= (level - cap) * (credit_units)dt / DPOS_CREDIT_UNIT;
  } else {
    level += cap / DPOS_CREDIT_UNIT * (credit_units)dt;
    if (level > cap) level = cap;
  }
  a->level = level;
  if (!credit_has_base(a)) return;
  base += (credit_units)r->param[dpos_credit_param_base_day] *
          (credit_units)dt;
  if (a->level < 0) {
    credit_units paid = base < -a->level ? base : -a->level;
    a->level += paid;
    base -= paid;
  }
  if (base > credit_full_base(r)) base = credit_full_base(r);
  a->base = (u64)base;
}

void dpos_credit_settle(struct dpos_credit_record_account *a,
                        const struct dpos_credit_rules *r, u64 now_s) {
  if (now_s > a->time) {
    u64 dt = now_s - a->time;
    a->heat = dt >= CREDIT_HEAT_S
                  ? 0
                  : (u32)((u64)a->heat * (CREDIT_HEAT_S - dt) / CREDIT_HEAT_S);
    /* A debt may take more than a day to pay. */
    for (; dt > 0 && (a->level < 0 || dt <= DPOS_CREDIT_UNIT);
         dt -= credit_min(dt, DPOS_CREDIT_UNIT)) {
      credit_refill(a, r, credit_min(dt, DPOS_CREDIT_UNIT));
      if (a->level < 0 && dpos_credit_capacity(a, r) == 0 &&
          !credit_has_base(a))
        break;
    }
    if (dt > DPOS_CREDIT_UNIT) credit_refill(a, r, DPOS_CREDIT_UNIT);
    a->time = now_s;
  }
  if (!(a->flags & DPOS_CREDIT_GRANTED) && (a->flags & DPOS_CREDIT_HOLDS) &&
      now_s >= a->base + r->param[dpos_credit_param_base_after_s]) {
    credit_grant(a, r);
    credit_refill(a, r, 0); /* pays a debt */
  }
}

u64 dpos_credit_own(const struct dpos_credit_record_account *a) {
  return a->level > 0 ? (u64)(a->level / DPOS_CREDIT_UNIT) : 0;
}
u64 dpos_credit_base(const struct dpos_credit_record_account *a) {
  return credit_has_base(a) && a->level >= 0 ? a->base / DPOS_CREDIT_UNIT : 0;
}

u64 dpos_credit_pool_room(const struct dpos_credit_record_account *a,
                          const struct dpos_credit_rules *r,
                          __int128 pool) {
  credit_units kept = a->flags & DPOS_CREDIT_VERIFIED
                          ? 0
                          : (credit_units)r->pool_kept * DPOS_CREDIT_UNIT;
  return pool > kept ? (u64)((pool - kept) / DPOS_CREDIT_UNIT) : 0;
}

static void credit_heat(struct dpos_credit_record_account *a,
                        const struct dpos_credit_rules *r, u64 cost) {
  u64 cap = dpos_credit_capacity(a, r) + dpos_credit_base_day(a, r);
  u128 add = cap ? (u128)cost * CREDIT_HEAT_ONE / cap : CREDIT_HEAT_ONE;
  u128 heat = a->heat + add;
  a->heat = heat < CREDIT_HEAT_ONE ? (u32)heat : CREDIT_HEAT_ONE - 1;
}

__int128 dpos_credit_charge(struct dpos_credit_record_account *a,
                            const struct dpos_credit_rules *r, u64 cost) {
  credit_units rest = (credit_units)cost * DPOS_CREDIT_UNIT, pool = 0;
  credit_heat(a, r, cost);
  if (a->level > 0) {
    credit_units own = a->level < rest ? a->level : rest;
    a->level -= own;
    rest -= own;
  }
  if (credit_has_base(a)) {
    credit_units base = (credit_units)a->base < rest ? (credit_units)a->base
                                                     : rest;
    a->base -= (u64)base;
    rest -= base;
    pool += base;
  }
  a->level -= rest;
  /* Who has no stake pays his debt from the base allowance. */
  if (dpos_credit_capacity(a, r) == 0) pool += rest;
  return pool;
}

u64 dpos_credit_wait(const struct dpos_credit_record_account *a,
                     const struct dpos_credit_rules *r, u64 now_s, u64 need) {
  u64 lo = 0, hi = 1;
  for (;; hi *= 2) {
    struct dpos_credit_record_account at = *a;
    if (hi > CREDIT_WAIT_MAX_S) return DPOS_CREDIT_NEVER;
    dpos_credit_settle(&at, r, now_s + hi);
    if (dpos_credit_own(&at) + dpos_credit_base(&at) >= need) break;
    lo = hi;
  }
  while (hi - lo > 1) {
    struct dpos_credit_record_account at = *a;
    u64 mid = (lo + hi) / 2;
    dpos_credit_settle(&at, r, now_s + mid);
    if (dpos_credit_own(&at) + dpos_credit_base(&at) >= need) hi = mid;
    else lo = mid;
  }
  return hi;
}

u32 dpos_credit_share(const struct dpos_credit_record_account *a) {
  return a->heat << 8;
}

void dpos_credit_weigh(struct dpos_credit_record_account *a,
                       const struct dpos_credit_rules *r, u64 weight) {
  bool less = weight < a->weight;
  a->weight = weight;
  credit_units cap = (credit_units)dpos_credit_capacity(a, r) *
                     DPOS_CREDIT_UNIT;
  if (less && a->level > cap) a->level = cap;
}

void dpos_credit_cross(struct dpos_credit_record_account *a,
                       const struct dpos_credit_rules *r, bool holds,
                       u64 now_s) {
  bool waits = r->param[dpos_credit_param_base_after_s] != 0;
  if (!holds) {
    a->flags &= (u8)~DPOS_CREDIT_HOLDS;
    if (a->flags & DPOS_CREDIT_VERIFIED) return;
    if (!waits) return; /* the level is kept for its return */
    a->flags &= (u8)~DPOS_CREDIT_GRANTED;
    a->base = now_s;
    return;
  }
  a->flags |= DPOS_CREDIT_HOLDS;
  if (a->flags & DPOS_CREDIT_GRANTED) return;
  if (waits) a->base = now_s;
  else credit_grant(a, r);
}

void dpos_credit_person(struct dpos_credit_record_account *a,
                        const struct dpos_credit_rules *r, bool verified,
                        u64 now_s) {
  if (!verified) {
    a->flags &= (u8)~DPOS_CREDIT_VERIFIED;
    if (!(a->flags & DPOS_CREDIT_HOLDS)) dpos_credit_cross(a, r, false, now_s);
    return;
  }
  a->flags |= DPOS_CREDIT_VERIFIED;
  if (a->flags & DPOS_CREDIT_GRANTED) return;
  bool held = (a->flags & DPOS_CREDIT_HOLDS) && now_s > a->base;
  u64 dt = held ? credit_min(now_s - a->base, DPOS_CREDIT_UNIT) : 0;
  a->flags |= DPOS_CREDIT_GRANTED;
  a->base = r->param[dpos_credit_param_base_day] * dt;
  credit_refill(a, r, 0); /* pays a debt */
}

/*------------------------------------------------------------------ prices */

/* ceil(x * m / 2^16), at most CREDIT_SUM_MAX. */
static u64 credit_times(u128 x, u32 m) {
  u128 v = (x * m + (DPOS_CREDIT_ONE - 1)) / DPOS_CREDIT_ONE;
  return credit_min(v, CREDIT_SUM_MAX);
}

u64 dpos_credit_reserve(const struct dpos_credit_record_prices *p,
                        u64 gas_limit, u64 bytes) {
  return credit_times((u128)gas_limit + (u128)CREDIT_BYTE * bytes, p->m);
}

u64 dpos_credit_cost(const struct dpos_credit_record_prices *p,
                     const struct dpos_credit_rules *r,
                     const struct dpos_credit_use *use) {
  u64 gas = use->gas_used > use->gas_limit / 2 ? use->gas_used
                                               : use->gas_limit / 2;
  u64 work = credit_times((u128)gas + (u128)CREDIT_BYTE * use->bytes, p->m);
  u128 state =
      (u128)r->param[dpos_credit_param_state_price] * use->state_new +
      (u128)r->param[dpos_credit_param_code_price] * use->code_bytes;
  return credit_min((u128)work + credit_times(state, p->m_state),
                    CREDIT_SUM_MAX);
}

/* m x (1 + (use - 1/2) / 8), use = part / whole, rounded down. */
static u32 credit_next_m(u32 m, u64 part, u64 whole) {
  credit_units num = (credit_units)m * (2 * (credit_units)part -
                                        (credit_units)whole);
  credit_units den = 16 * (credit_units)whole;
  credit_units step = num / den - (num % den < 0);
  credit_units next = m + step;
  if (next < DPOS_CREDIT_ONE) return DPOS_CREDIT_ONE;
  return next > DPOS_CREDIT_M_MAX ? DPOS_CREDIT_M_MAX : (u32)next;
}

void dpos_credit_prices_next(struct dpos_credit_record_prices *p,
                             const struct dpos_credit_rules *r, u64 gas_used,
                             u64 gas_limit, u64 state_new, u64 time_ms) {
  u64 open = (u64)((u128)gas_limit * r->param[dpos_credit_param_share_ppm] /
                   CREDIT_PPM);
  u64 passed = time_ms > p->time_ms ? time_ms - p->time_ms : 0, dt = passed;
  u64 least = r->param[dpos_credit_param_block_ms];
  if (dt < least) dt = least;
  if (dt > 10 * least) dt = 10 * least;
  /* Use 1/2 is the target: the whole is twice of it. */
  u64 whole = 2 * r->param[dpos_credit_param_state_per_second] * dt / 1000;
  p->m = credit_next_m(p->m, gas_used, open ? open : 1);
  p->m_state = credit_next_m(p->m_state, state_new, whole ? whole : 1);
  if (passed > 86400000u) passed = 86400000u;
  credit_units full = (credit_units)r->pool * DPOS_CREDIT_UNIT;
  p->pool += (credit_units)r->pool * (credit_units)passed / 1000;
  if (p->pool > full) p->pool = full;
  u64 faded = (u64)((u128)r->for_rent * passed / 86400000u);
  p->sold = p->sold > faded ? p->sold - faded : 0;
  if (time_ms > p->time_ms) p->time_ms = time_ms;
}

bool dpos_credit_rent_price(u256 *wei, u64 *left,
                            const struct dpos_credit_record_prices *p,
                            const struct dpos_credit_rules *r, u64 credits) {
  *left = r->for_rent > p->sold ? r->for_rent - p->sold : 0;
  *wei = U256_ZERO;
  if (credits > *left || credits == 0) return false;
  /* rent_price x m x (1 + 9 x sold / all) for each, at the price after it. */
  u256 part = u256_from(p->sold + credits), all = u256_from(r->for_rent);
  u256 steep = u256_from(CREDIT_RENT_STEEPNESS), one = u256_from(1);
  u256 den = u256_from(DPOS_CREDIT_ONE), n = u256_from(credits), f;
  u256_mul(&part, &part, &steep);
  u256_add(&part, &part, &all);
  u256_mul(&n, &n, &part);
  f = u256_from(r->param[dpos_credit_param_rent_price]);
  u256_mul(&n, &n, &f);
  f = u256_from(p->m);
  u256_mul(&n, &n, &f);
  u256_mul(&den, &den, &all);
  u256_sub(&f, &den, &one);
  u256_add(&n, &n, &f);
  u256_divmod(wei, NULL, &n, &den);
  return true;
}

bool dpos_credit_is_rent(u64 *credits, slice input) {
  static const u8 zeros[24];
  u8 sel[4];
  abi_selector(sel, "rentCredits(uint64)");
  if (input.len < 36 || memcmp(input.ptr, sel, 4) != 0 ||
      memcmp(input.ptr + 4, zeros, 24) != 0)
    return false;
  *credits = load_be64(input.ptr + 28);
  return true;
}

/*---------------------------------------------------------------- policies */

static u32 credit_day(u64 now_s) { return (u32)(now_s / 86400); }

bool dpos_credit_policy_asks_user(const struct dpos_credit_record_policy *p) {
  return p->who != DPOS_CREDIT_ANYONE || p->per_user_day != 0;
}

static bool credit_selector_fits(const struct dpos_credit_record_policy *p,
                                 slice input) {
  if (p->selector_cnt == 0) return true;
  if (input.len < 4) return false;
  for (u32 i = 0; i < p->selector_cnt; i++)
    if (memcmp(p->selectors.b + 4 * i, input.ptr, 4) == 0) return true;
  return false;
}

bool dpos_credit_policy_fits(const struct dpos_credit_record_policy *p,
                             const struct dpos_credit_record_user *user,
                             bool user_verified, slice input, u64 gas_limit,
                             u64 height, u64 now_s) {
  /* What changes in a block counts from the next one on, so that who pays
  ** does not hang on the order within it. */
  bool lives = p->state == DPOS_CREDIT_POLICY_ACTIVE
                   ? p->born < height
                   : p->state == DPOS_CREDIT_POLICY_ENDED && p->ended == height;
  if (!lives || (p->until && now_s >= p->until)) return false;
  if (gas_limit > p->gas_per_call || !credit_selector_fits(p, input))
    return false;
  if (p->who == DPOS_CREDIT_LISTED) return user->listed != 0;
  return p->who != DPOS_CREDIT_PERSONS || user_verified;
}

u64 dpos_credit_policy_room(const struct dpos_credit_record_policy *p,
                            const struct dpos_credit_record_user *user,
                            u64 now_s) {
  u32 day = credit_day(now_s);
  u64 used = p->day == day ? p->used : 0, mine = user->day == day ? user->used
                                                                  : 0;
  u64 room = UINT64_MAX;
  if (p->per_day) room = p->per_day > used ? p->per_day - used : 0;
  if (p->per_user_day) {
    u64 own = p->per_user_day > mine ? p->per_user_day - mine : 0;
    if (own < room) room = own;
  }
  return room;
}

static u64 credit_add(u64 a, u64 b) {
  return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

void dpos_credit_policy_charge(struct dpos_credit_record_policy *p,
                               struct dpos_credit_record_user *user, u64 cost,
                               u64 now_s) {
  u32 day = credit_day(now_s);
  p->used = credit_add(p->day == day ? p->used : 0, cost);
  p->day = day;
  user->used = credit_add(user->day == day ? user->used : 0, cost);
  user->day = day;
}

/*----------------------------------------------------------------- genesis */

u32 dpos_credit_genesis_max(u32 stake_cnt) {
  return DPOS_CREDIT_GENESIS_FIXED + DPOS_CREDIT_STAKE_SLOTS * stake_cnt;
}

static u32 credit_genesis_put(struct dpos_credit_slot *out, u32 cnt,
                              const struct module_record *r, const u256 *key,
                              const void *rec) {
  u256 base, word[MODULE_RECORD_SLOTS];
  module_slot_of(&base, r->type, key);
  module_record_pack(r, word, rec);
  for (u32 i = 0; i < module_record_slots(r); i++) {
    u256 off = u256_from(i);
    if (u256_is_zero(&word[i])) continue;
    u256_add(&out[cnt].slot, &base, &off);
    out[cnt++].val = word[i];
  }
  return cnt;
}

u32 dpos_credit_genesis_stake(struct dpos_credit_slot *out,
                              const struct dpos_credit_rules *r,
                              const struct dpos_credit_stake *s) {
  u256 key = module_key_addr(&s->account);
  struct dpos_credit_record_stake st = {.own = s->gwei};
  struct dpos_credit_record_account a = {
    .weight = s->gwei, .time = r->totals.genesis_s,
    .base = r->totals.genesis_s, .flags = DPOS_CREDIT_SEEN};
  if (s->holds) {
    a.flags |= DPOS_CREDIT_HOLDS;
    if (r->param[dpos_credit_param_base_after_s] == 0) credit_grant(&a, r);
  }
  a.level = (credit_units)dpos_credit_capacity(&a, r) * DPOS_CREDIT_UNIT;
  u32 cnt = credit_genesis_put(out, 0, &dpos_credit_table_account, &key, &a);
  cnt = credit_genesis_put(out, cnt, &dpos_credit_table_stake, &key, &st);
  MUST(cnt <= DPOS_CREDIT_STAKE_SLOTS);
  return cnt;
}

void dpos_credit_genesis_rules(struct dpos_credit_rules *out, const u64 *param,
                               u64 weight, u64 supply_gwei, u64 time_s) {
  *out = (struct dpos_credit_rules){.totals = {.genesis_s = time_s,
                                               .floor = supply_gwei / 100,
                                               .weight = weight}};
  memcpy(out->param, param, sizeof out->param);
  dpos_credit_rules_fill(out);
}

u32 dpos_credit_genesis_fixed(struct dpos_credit_slot *out,
                              const struct dpos_credit_rules *r,
                              const bool *given) {
  u256 zero = U256_ZERO;
  u32 cnt = 0;
  for (u32 i = 0; i < DPOS_CREDIT_PARAM_CNT; i++) {
    if (!given[i]) continue;
    module_setting_slot(&out[cnt].slot, i);
    out[cnt++].val = module_setting_word(r->param[i]);
  }
  struct dpos_credit_record_prices p = {
    .m = DPOS_CREDIT_ONE, .m_state = DPOS_CREDIT_ONE,
    .pool = (credit_units)r->pool * DPOS_CREDIT_UNIT,
    .time_ms = r->totals.genesis_s * 1000};
  cnt = credit_genesis_put(out, cnt, &dpos_credit_table_prices, &zero, &p);
  return credit_genesis_put(out, cnt, &dpos_credit_table_totals, &zero,
                            &r->totals);
}

u32 dpos_credit_genesis(struct dpos_credit_slot *out, const u64 *param,
                        const bool *given, const struct dpos_credit_stake *s,
                        u32 stake_cnt, u64 supply_gwei, u64 time_s) {
  struct dpos_credit_rules r;
  u64 weight = 0;
  for (u32 i = 0; i < stake_cnt; i++) weight += s[i].gwei;
  dpos_credit_genesis_rules(&r, param, weight, supply_gwei, time_s);
  u32 cnt = dpos_credit_genesis_fixed(out, &r, given);
  for (u32 i = 0; i < stake_cnt; i++)
    cnt += dpos_credit_genesis_stake(out + cnt, &r, &s[i]);
  return cnt;
}
