/* test_dpos_credit.c - the arithmetic of credits: refill, charges, prices,
** policies, and what must hold after any sequence of them. */
#include "crypto/crypto_vec.h"

#include "dpos/dpos_credit.h"

#define UNIT DPOS_CREDIT_UNIT
#define DAY 86400u

static struct dpos_credit_rules rules_of(u64 weight, u64 after_s) {
  struct dpos_credit_rules r = {.totals = {.weight = weight, .genesis_s = 1000}};
  for (u32 i = 0; i < DPOS_CREDIT_PARAM_CNT; i++)
    r.param[i] = dpos_credit_default(i);
  r.param[dpos_credit_param_base_after_s] = after_s;
  dpos_credit_rules_fill(&r);
  return r;
}
static struct dpos_credit_record_account staked(u64 weight, u64 time) {
  return (struct dpos_credit_record_account){
    .weight = weight, .time = time, .base = time, .flags = DPOS_CREDIT_SEEN};
}
static u256 cmt(u64 n) {
  u256 v = u256_from(n), unit = u256_from(1000000000000000000ull);
  u256_mul(&v, &v, &unit);
  return v;
}

static void budget_when_default_is_twice_what_a_day_holds(void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(100, 0);
  assert_int_equal(r.day, 2ull * 450000000 * 86400);
  assert_int_equal(r.pool, r.day / 10);
  assert_int_equal(r.pool_kept, r.pool / 2);
}

static void capacity_when_staked_is_the_share_of_all_stake(void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1000, 0);
  struct dpos_credit_record_account a = staked(1, 1000);
  assert_int_equal(dpos_credit_capacity(&a, &r), r.day / 1000);
  a.weight = 1000;
  assert_int_equal(dpos_credit_capacity(&a, &r), r.day);
  r.totals.floor = 4000; /* 1 % of supply is more than all stake */
  dpos_credit_rules_fill(&r);
  assert_int_equal(dpos_credit_capacity(&a, &r), r.day / 4);
}

static void refill_when_a_second_passes_is_a_86400th_and_stops_when_full(
    void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1000, 0);
  struct dpos_credit_record_account a = staked(1, 1000);
  u64 cap = dpos_credit_capacity(&a, &r);
  assert_int_equal(dpos_credit_own(&a), 0);
  dpos_credit_settle(&a, &r, 1001);
  assert_true(a.level == (__int128)cap);
  assert_int_equal(dpos_credit_own(&a), cap / UNIT);
  dpos_credit_settle(&a, &r, 1000 + DAY / 2);
  assert_int_equal(dpos_credit_own(&a), cap / 2);
  dpos_credit_settle(&a, &r, 1000 + DAY);
  assert_int_equal(dpos_credit_own(&a), cap);
  dpos_credit_settle(&a, &r, 1000 + 400 * DAY);
  assert_int_equal(dpos_credit_own(&a), cap);
  dpos_credit_settle(&a, &r, 5); /* a clock that goes back changes nothing */
  assert_int_equal(a.time, 1000 + 400 * DAY);
}

static void refill_when_settled_often_or_once_is_the_same(void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(999983, 0);
  struct dpos_credit_record_account a = staked(7, 1000), b = a;
  a.level = b.level = -(__int128)123456789 * UNIT;
  for (u64 t = 1000; t <= 1000 + 5000; t += 1 + t % 3)
    dpos_credit_settle(&a, &r, t);
  dpos_credit_settle(&a, &r, 1000 + 5000);
  dpos_credit_settle(&b, &r, 1000 + 5000);
  assert_true(a.level == b.level);
}

static void base_when_held_since_genesis_is_full_at_once_or_after_a_day(
    void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1, 0), late = rules_of(1, DAY);
  struct dpos_credit_record_account a = {0}, b = {0}, c = {0};
  u256 one = cmt(1), less;
  u256 wei = u256_from(1);
  u256_sub(&less, &one, &wei);
  dpos_credit_meet(&a, &r, &one);
  assert_int_equal(dpos_credit_base(&a), 3000000);
  dpos_credit_meet(&b, &late, &one);
  dpos_credit_settle(&b, &late, 1000 + DAY - 1);
  assert_int_equal(dpos_credit_base(&b), 0);
  dpos_credit_settle(&b, &late, 1000 + DAY);
  assert_int_equal(dpos_credit_base(&b), 3000000);
  dpos_credit_meet(&c, &r, &less);
  dpos_credit_settle(&c, &r, 1000 + 3 * DAY);
  assert_int_equal(dpos_credit_base(&c), 0);
}

static void base_when_the_balance_falls_and_comes_back_is_not_filled_anew(
    void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1, 0), late = rules_of(1, DAY);
  struct dpos_credit_record_account a = {0};
  u256 one = cmt(1);
  dpos_credit_meet(&a, &r, &one);
  dpos_credit_settle(&a, &r, 2000);
  dpos_credit_charge(&a, &r, 2999000);
  dpos_credit_cross(&a, &r, false, 2000);
  assert_int_equal(dpos_credit_base(&a), 0);
  dpos_credit_settle(&a, &r, 2001);
  dpos_credit_cross(&a, &r, true, 2001);
  assert_int_equal(dpos_credit_base(&a), 1000);
  dpos_credit_cross(&a, &late, false, 2001);
  dpos_credit_settle(&a, &late, 2002);
  dpos_credit_cross(&a, &late, true, 2002);
  dpos_credit_settle(&a, &late, 2002 + DAY - 1);
  assert_int_equal(dpos_credit_base(&a), 0);
  dpos_credit_settle(&a, &late, 2002 + DAY);
  assert_int_equal(dpos_credit_base(&a), 3000000);
}

static void person_when_verified_without_a_balance_refills_from_nothing(
    void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1, 0), late = rules_of(1, DAY);
  struct dpos_credit_record_account a = {0}, b = {0}, c = {0};
  u256 none = U256_ZERO, one = cmt(1);
  dpos_credit_meet(&a, &r, &none);
  dpos_credit_settle(&a, &r, 2000);
  dpos_credit_person(&a, &r, true, 2000);
  assert_int_equal(dpos_credit_base(&a), 0);
  assert_int_equal(dpos_credit_base_day(&a, &r), 3000000);
  dpos_credit_settle(&a, &r, 2000 + DAY / 2);
  assert_int_equal(dpos_credit_base(&a), 1500000);
  /* Nor is a balance waited for, which half a day's holding had earned. */
  dpos_credit_meet(&b, &late, &none);
  dpos_credit_settle(&b, &late, 2000);
  dpos_credit_person(&b, &late, true, 2000);
  dpos_credit_settle(&b, &late, 2000 + DAY);
  assert_int_equal(dpos_credit_base(&b), 3000000);
  dpos_credit_meet(&c, &late, &one); /* since second 1000 */
  dpos_credit_settle(&c, &late, 1000 + DAY / 2);
  assert_int_equal(dpos_credit_base(&c), 0);
  dpos_credit_person(&c, &late, true, 1000 + DAY / 2);
  assert_int_equal(dpos_credit_base(&c), 1500000);
}

/* Losing and getting it again, and handing it from key to key, fills nothing
** anew; the balance's day is not jumped by it. */
static void person_when_verified_again_and_again_gains_nothing(void **st) {
  (void)st;
  for (u32 wait = 0; wait < 2; wait++) {
    struct dpos_credit_rules r = rules_of(1, wait ? DAY : 0);
    u256 none = U256_ZERO;
    u64 now = 2000, given = 0;
    for (u32 i = 0; i < 50; i++, now += 10) {
      struct dpos_credit_record_account key = {0};
      dpos_credit_meet(&key, &r, &none);
      dpos_credit_settle(&key, &r, now);
      dpos_credit_person(&key, &r, true, now);
      dpos_credit_settle(&key, &r, now + 10);
      given += dpos_credit_base(&key);
      dpos_credit_person(&key, &r, false, now + 10);
      assert_int_equal(dpos_credit_base(&key), 0);
      dpos_credit_person(&key, &r, true, now + 10);
      assert_true(dpos_credit_base(&key) <= 3000000 * 10 / DAY);
      dpos_credit_person(&key, &r, false, now + 10);
      dpos_credit_cross(&key, &r, true, now + 10);
      assert_true(dpos_credit_base(&key) <= 3000000 * 10 / DAY);
    }
    assert_true(given <= 3000000ull * 500 / DAY);
  }
}

static void charge_when_both_are_there_takes_stake_first_then_base_then_debt(
    void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1000000000, 0);
  struct dpos_credit_record_account a = {0};
  u256 one = cmt(1);
  dpos_credit_meet(&a, &r, &one);
  a.weight = 1;
  a.level = (__int128)5000 * UNIT;
  assert_true(dpos_credit_charge(&a, &r, 6000) == (__int128)1000 * UNIT);
  assert_int_equal(dpos_credit_own(&a), 0);
  assert_int_equal(dpos_credit_base(&a), 2999000);
  assert_true(dpos_credit_charge(&a, &r, 3000000) == (__int128)2999000 * UNIT);
  assert_true(a.level == -(__int128)1000 * UNIT);
  assert_int_equal(dpos_credit_base(&a), 0);
  a.time = 2000;
  dpos_credit_settle(&a, &r, 2010); /* what both refill pays the debt */
  assert_true(a.level + (__int128)a.base ==
              -(__int128)1000 * UNIT +
                  10 * ((__int128)dpos_credit_capacity(&a, &r) + 3000000));
}

static void debt_when_nothing_refills_it_stays(void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1, 0);
  struct dpos_credit_record_account a = staked(0, 1000);
  dpos_credit_charge(&a, &r, 21000);
  dpos_credit_settle(&a, &r, 1000 + 1000ull * DAY);
  assert_true(a.level == -(__int128)21000 * UNIT);
  assert_true(dpos_credit_wait(&a, &r, a.time, 1) == DPOS_CREDIT_NEVER);
}

static void wait_when_refilling_is_the_first_second_that_does(void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1, 0);
  struct dpos_credit_record_account a = {0};
  u256 one = cmt(1);
  dpos_credit_meet(&a, &r, &one);
  dpos_credit_settle(&a, &r, 2000);
  dpos_credit_charge(&a, &r, 3000000);
  u64 wait = dpos_credit_wait(&a, &r, 2000, 22000);
  struct dpos_credit_record_account b = a;
  dpos_credit_settle(&b, &r, 2000 + wait - 1);
  assert_true(dpos_credit_base(&b) < 22000);
  dpos_credit_settle(&b, &r, 2000 + wait);
  assert_true(dpos_credit_base(&b) >= 22000);
  assert_true(dpos_credit_wait(&a, &r, 2000, 3000001) == DPOS_CREDIT_NEVER);
}

static void level_when_rented_above_capacity_fades_within_days(void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1000, 0);
  struct dpos_credit_record_account a = staked(1, 1000);
  u64 cap = dpos_credit_capacity(&a, &r);
  a.level = (__int128)(cap + 1000000) * UNIT;
  dpos_credit_settle(&a, &r, 1000 + DAY / 2);
  assert_int_equal(dpos_credit_own(&a), cap + 500000);
  dpos_credit_settle(&a, &r, 1000 + DAY + DAY / 2);
  assert_int_equal(dpos_credit_own(&a), cap);
}

static void share_when_spent_fades_within_the_hour(void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1000, 0);
  struct dpos_credit_record_account a = staked(1, 1000);
  u64 cap = dpos_credit_capacity(&a, &r);
  a.level = (__int128)cap * UNIT;
  dpos_credit_charge(&a, &r, cap / 4);
  assert_in_range(dpos_credit_share(&a), (1u << 30) - 1024, 1u << 30);
  dpos_credit_settle(&a, &r, 1000 + 1800);
  assert_in_range(dpos_credit_share(&a), (1u << 29) - 1024, 1u << 29);
  dpos_credit_settle(&a, &r, 1000 + 1800 + 3600);
  assert_int_equal(dpos_credit_share(&a), 0);
  dpos_credit_charge(&a, &r, 100 * cap);
  assert_true(dpos_credit_share(&a) > 0xffff0000u);
}

static void weigh_when_stake_comes_and_goes_starts_empty_and_cuts(void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1000, 0);
  struct dpos_credit_record_account a = staked(10, 1000);
  a.level = (__int128)dpos_credit_capacity(&a, &r) * UNIT;
  u64 before = dpos_credit_own(&a);
  dpos_credit_weigh(&a, &r, 20);
  assert_int_equal(dpos_credit_own(&a), before);
  dpos_credit_weigh(&a, &r, 5);
  assert_int_equal(dpos_credit_own(&a), before / 2);
}

static void pool_when_short_is_for_the_verified_alone(void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1, 0);
  struct dpos_credit_record_account a = {.flags = DPOS_CREDIT_SEEN};
  __int128 pool = (__int128)(r.pool_kept + 100) * UNIT;
  assert_int_equal(dpos_credit_pool_room(&a, &r, pool), 100);
  assert_int_equal(dpos_credit_pool_room(&a, &r, pool - 200 * UNIT), 0);
  a.flags |= DPOS_CREDIT_VERIFIED;
  assert_int_equal(dpos_credit_pool_room(&a, &r, pool), r.pool_kept + 100);
  assert_int_equal(dpos_credit_pool_room(&a, &r, -5), 0);
}

/*------------------------------------------------------------------ prices */

static void cost_when_gas_limit_is_far_above_use_is_half_of_it(void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1, 0);
  struct dpos_credit_record_prices p = {.m = 65536, .m_state = 65536};
  struct dpos_credit_use use = {.gas_used = 21000, .gas_limit = 21000,
                                .bytes = 110};
  assert_int_equal(dpos_credit_cost(&p, &r, &use), 21000 + 880);
  use.gas_limit = 16777216;
  assert_int_equal(dpos_credit_cost(&p, &r, &use), 8388608 + 880);
  use.state_new = 2, use.code_bytes = 100;
  assert_int_equal(dpos_credit_cost(&p, &r, &use),
                   8388608 + 880 + 80000 + 20000);
  p.m = 65536 * 64, p.m_state = 98304;
  assert_int_equal(dpos_credit_cost(&p, &r, &use),
                   64 * (8388608 + 880) + 150000);
  assert_int_equal(dpos_credit_reserve(&p, 21000, 110), 64 * 21880);
  p.m = 65537; /* a part of a credit is a whole one */
  assert_int_equal(dpos_credit_reserve(&p, 21000, 0), 21001);
}

static void multiplier_when_blocks_are_full_rises_and_falls_within_its_bounds(
    void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1, 0);
  struct dpos_credit_record_prices p = {.m = 65536, .m_state = 65536};
  u64 limit = 500000000, open = 450000000, t = 0;
  dpos_credit_prices_next(&p, &r, open / 2, limit, 0, t += 1000);
  assert_int_equal(p.m, 65536);
  dpos_credit_prices_next(&p, &r, open, limit, 0, t += 1000);
  assert_int_equal(p.m, 65536 + 4096);
  u32 blocks = 1;
  for (; p.m < DPOS_CREDIT_M_MAX; blocks++)
    dpos_credit_prices_next(&p, &r, open, limit, 0, t += 1000);
  assert_in_range(blocks, 65, 72); /* 64 = (17/16)^68.6 */
  assert_int_equal(p.m_state, 65536);
  for (blocks = 0; p.m > 65536; blocks++)
    dpos_credit_prices_next(&p, &r, 0, limit, 0, t += 1000);
  assert_in_range(blocks, 60, 70);
  dpos_credit_prices_next(&p, &r, 0, limit, 200, t += 1000);
  assert_int_equal(p.m_state, 65536); /* the target */
  dpos_credit_prices_next(&p, &r, 0, limit, 400, t += 1000);
  assert_int_equal(p.m_state, 65536 + 4096);
  dpos_credit_prices_next(&p, &r, 0, limit, 10000, t += 1000);
  assert_true(p.m_state > 4 * 65536u);
  assert_true(p.m_state <= DPOS_CREDIT_M_MAX);
}

static void pool_when_a_day_passes_is_full_again(void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1, 0);
  struct dpos_credit_record_prices p = {.m = 65536, .m_state = 65536,
                                        .sold = r.for_rent};
  dpos_credit_prices_next(&p, &r, 0, 500000000, 0, 43200000);
  assert_int_equal((u64)(p.pool / UNIT), r.pool / 2);
  assert_int_equal(p.sold, r.for_rent - r.for_rent / 2);
  dpos_credit_prices_next(&p, &r, 0, 500000000, 0, 43200000ull * 9);
  assert_int_equal((u64)(p.pool / UNIT), r.pool);
  assert_int_equal(p.sold, 0);
}

static void rent_price_when_more_is_sold_rises_tenfold(void **st) {
  (void)st;
  struct dpos_credit_rules r = rules_of(1, 0);
  struct dpos_credit_record_prices p = {.m = 65536, .m_state = 65536};
  u64 left, unit = r.param[dpos_credit_param_rent_price];
  u256 wei;
  assert_true(dpos_credit_rent_price(&wei, &left, &p, &r, 1));
  assert_int_equal(wei.w[0] / unit, 1);
  p.m = 131072;
  assert_true(dpos_credit_rent_price(&wei, &left, &p, &r, 1));
  assert_int_equal(wei.w[0] / unit, 2);
  p.m = 65536, p.sold = r.for_rent - 1;
  assert_true(dpos_credit_rent_price(&wei, &left, &p, &r, 1));
  assert_int_equal(wei.w[0], 10 * unit);
  assert_false(dpos_credit_rent_price(&wei, &left, &p, &r, 2));
  assert_int_equal(left, 1);
  assert_false(dpos_credit_rent_price(&wei, &left, &p, &r, 0));
}

/*---------------------------------------------------------------- policies */

static void policy_when_its_terms_are_met_fits(void **st) {
  (void)st;
  struct dpos_credit_record_policy p = {
    .state = DPOS_CREDIT_POLICY_ACTIVE, .gas_per_call = 100000,
    .selector_cnt = 1, .born = 5, .until = 9000};
  struct dpos_credit_record_user u = {0};
  u8 in[4] = {1, 2, 3, 4};
  slice call = slice_of(in, 4);
  memcpy(p.selectors.b, in, 4);
  assert_true(dpos_credit_policy_fits(&p, &u, false, call, 100000, 6, 8999));
  assert_false(dpos_credit_policy_fits(&p, &u, false, call, 100001, 6, 8999));
  assert_false(dpos_credit_policy_fits(&p, &u, false, call, 100000, 6, 9000));
  assert_false(dpos_credit_policy_fits(&p, &u, false, call, 100000, 5, 8999));
  assert_false(dpos_credit_policy_fits(&p, &u, false, slice_of(in, 3), 1, 6, 1));
  in[3] = 5;
  assert_false(dpos_credit_policy_fits(&p, &u, false, call, 1, 6, 1));
  p.selector_cnt = 0;
  assert_true(dpos_credit_policy_fits(&p, &u, false, slice_of(NULL, 0), 1, 6, 1));
  p.who = DPOS_CREDIT_LISTED;
  assert_false(dpos_credit_policy_fits(&p, &u, false, call, 1, 6, 1));
  u.listed = 1;
  assert_true(dpos_credit_policy_fits(&p, &u, false, call, 1, 6, 1));
  p.who = DPOS_CREDIT_PERSONS;
  assert_false(dpos_credit_policy_fits(&p, &u, false, call, 1, 6, 1));
  assert_true(dpos_credit_policy_fits(&p, &u, true, call, 1, 6, 1));
  p.state = DPOS_CREDIT_POLICY_ENDED, p.ended = 6; /* holds to the block's end */
  assert_true(dpos_credit_policy_fits(&p, &u, true, call, 1, 6, 1));
  assert_false(dpos_credit_policy_fits(&p, &u, true, call, 1, 7, 1));
}

static void policy_room_when_a_new_day_comes_is_whole(void **st) {
  (void)st;
  struct dpos_credit_record_policy p = {.per_day = 100, .per_user_day = 60};
  struct dpos_credit_record_user u = {0}, v = {0};
  assert_int_equal(dpos_credit_policy_room(&p, &u, DAY), 60);
  dpos_credit_policy_charge(&p, &u, 50, DAY);
  assert_int_equal(dpos_credit_policy_room(&p, &u, DAY + 5), 10);
  assert_int_equal(dpos_credit_policy_room(&p, &v, DAY + 5), 50);
  dpos_credit_policy_charge(&p, &v, 70, DAY);
  assert_int_equal(dpos_credit_policy_room(&p, &u, DAY + 5), 0);
  assert_int_equal(dpos_credit_policy_room(&p, &u, 2 * DAY), 60);
}

/*-------------------------------------------------------------- any sequence */

static u64 draw(u64 *rng, u64 n) {
  *rng = *rng * 6364136223846793005ull + 1442695040888963407ull;
  return (*rng >> 33) % n;
}

/* Random settles, charges, crossings and changes of stake: nothing beyond
** capacity, base within its day, a debt leaves no base, and each charge takes
** exactly its cost. */
static void account_when_anything_happens_keeps_its_invariants(void **st) {
  (void)st;
  u64 rng = 12345;
  for (u32 run = 0; run < 300; run++) {
    struct dpos_credit_rules r = rules_of(1 + draw(&rng, 1000000),
                                          draw(&rng, 2) ? DAY : 0);
    struct dpos_credit_record_account a = {0};
    u256 bal = cmt(draw(&rng, 2));
    u64 now = 1000;
    dpos_credit_meet(&a, &r, &bal);
    for (u32 i = 0; i < 300; i++) {
      __int128 before = a.level + (__int128)(dpos_credit_base_day(&a, &r)
                                                 ? a.base : 0);
      u64 cap = dpos_credit_capacity(&a, &r);
      switch (draw(&rng, 5)) {
        case 0:
          now += draw(&rng, 3) ? draw(&rng, 100) : draw(&rng, 4 * DAY);
          dpos_credit_settle(&a, &r, now);
          assert_true(a.level <= (__int128)cap * UNIT);
          break;
        case 1: case 2: {
          u64 cost = draw(&rng, 4) ? draw(&rng, 100000) : draw(&rng, 10000000);
          dpos_credit_charge(&a, &r, cost);
          assert_true(a.level + (__int128)(dpos_credit_base_day(&a, &r)
                                               ? a.base : 0) ==
                      before - (__int128)cost * UNIT);
          break;
        }
        case 3: dpos_credit_weigh(&a, &r, draw(&rng, 1000)); break;
        default: dpos_credit_cross(&a, &r, draw(&rng, 2), now);
      }
      if (dpos_credit_base_day(&a, &r)) {
        assert_true(a.base <= 3000000ull * UNIT);
        if (a.level < 0) dpos_credit_settle(&a, &r, now);
      }
      u256 slot;
      struct dpos_credit_record_account back;
      module_record_pack(&dpos_credit_table_account, &slot, &a);
      module_record_unpack(&dpos_credit_table_account, &back, &slot);
      assert_memory_equal(&back, &a, sizeof a);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(budget_when_default_is_twice_what_a_day_holds),
    cmocka_unit_test(capacity_when_staked_is_the_share_of_all_stake),
    cmocka_unit_test(
        refill_when_a_second_passes_is_a_86400th_and_stops_when_full),
    cmocka_unit_test(refill_when_settled_often_or_once_is_the_same),
    cmocka_unit_test(
        base_when_held_since_genesis_is_full_at_once_or_after_a_day),
    cmocka_unit_test(
        base_when_the_balance_falls_and_comes_back_is_not_filled_anew),
    cmocka_unit_test(
        person_when_verified_without_a_balance_refills_from_nothing),
    cmocka_unit_test(person_when_verified_again_and_again_gains_nothing),
    cmocka_unit_test(
        charge_when_both_are_there_takes_stake_first_then_base_then_debt),
    cmocka_unit_test(debt_when_nothing_refills_it_stays),
    cmocka_unit_test(wait_when_refilling_is_the_first_second_that_does),
    cmocka_unit_test(level_when_rented_above_capacity_fades_within_days),
    cmocka_unit_test(share_when_spent_fades_within_the_hour),
    cmocka_unit_test(weigh_when_stake_comes_and_goes_starts_empty_and_cuts),
    cmocka_unit_test(pool_when_short_is_for_the_verified_alone),
    cmocka_unit_test(cost_when_gas_limit_is_far_above_use_is_half_of_it),
    cmocka_unit_test(
        multiplier_when_blocks_are_full_rises_and_falls_within_its_bounds),
    cmocka_unit_test(pool_when_a_day_passes_is_full_again),
    cmocka_unit_test(rent_price_when_more_is_sold_rises_tenfold),
    cmocka_unit_test(policy_when_its_terms_are_met_fits),
    cmocka_unit_test(policy_room_when_a_new_day_comes_is_whole),
    cmocka_unit_test(account_when_anything_happens_keeps_its_invariants),
  };
  return cmocka_run_group_tests_name("dpos_credit", tests, NULL, NULL);
}
