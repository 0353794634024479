/* test_shop_court_appeal.c - disputes that Mediation takes to court: the jurors'
** share of the buyer is what the order is split by, who appealed and won has his
** fee back, and without a court it is as the mediator proposed. */
#include "shop/shop_court_fixture.h"

#include "shop/shop_mediation.h"

#define MEDIATION 0x1014
#define U(i) (&f->cf.user[i])
#define IN(error) assert_reverted(f, error)
enum { BUYER = 1, SELLER, MEDIATOR, OTHER };
enum { MED_AT_COURT = 7, MED_SETTLED = 8 };
#define PRICE 1000000ull

static void act(struct sf *f, u32 user, u32 module, u128 value,
                const char *signature, u64 id, u64 a, u64 b) {
  sf_call_of(f, signature);
  sf_u(f, id), sf_u(f, a), sf_u(f, b);
  if (!sj_send(f, U(user), module, value)) assert_done(f);
}
static u64 med_state(struct sf *f, u64 id) {
  u256 key = u256_from(id);
  return sf_state(f, MEDIATION, 2, &key);
}
static u128 has(struct sf *f, const addr20 *who) {
  u256 v = sf_balance(f, who);
  return (u128)v.w[1] << 64 | v.w[0];
}
static void prefer(struct sf *f, u32 user, u64 id) {
  sf_call_of(f, "prefer(uint64,address[])");
  sf_u(f, id), sf_u(f, 64), sf_u(f, 1), sf_a(f, U(MEDIATOR));
  assert_true(sj_send(f, U(user), MEDIATION, 0));
}
/* An order whose buyer asks for 80 %, and a mediator who says bps. */
static u64 proposed(struct sj *s, u64 bps) {
  struct sf *f = &s->f;
  struct st_listing l = st_plain;
  struct st_order o = {.seller = SELLER, .version = 1, .qty = 1,
                       .total = PRICE};
  sj_human(f, U(MEDIATOR), 60);
  sf_call_of(f, "registerMediator(uint256,uint8,bytes32,uint64,bytes32)");
  sf_cmt(f, 3000), sf_u(f, 2), sf_u(f, 7), sf_u(f, ~0ull), sf_u(f, 9);
  assert_true(sj_send(f, U(MEDIATOR), MEDIATION, 200 * SJ_CMT));
  o.listing = st_save(f, SELLER, &l, 10);
  u64 order = st_place(f, BUYER, &o);
  act(f, SELLER, ORDERS, 0, "ship(uint64,bytes32)", order, 9, 0);
  sf_call_of(f, "open(uint16,uint64,uint8,uint16,uint16,bytes32)");
  sf_u(f, ORDERS), sf_u(f, order), sf_u(f, 255), sf_u(f, 8000), sf_u(f, 3);
  sf_u(f, 4);
  assert_true(sj_send(f, U(BUYER), MEDIATION, 2 * SJ_CMT));
  u64 id = sf_word(f, 0);
  act(f, SELLER, MEDIATION, 2 * SJ_CMT, "join(uint64)", id, 0, 0);
  sf_pass(f, 2 * SF_DAY);
  act(f, BUYER, MEDIATION, 0, "escalate(uint64)", id, 0, 0);
  prefer(f, BUYER, id);
  prefer(f, SELLER, id);
  act(f, MEDIATOR, MEDIATION, 0, "acceptCase(uint64)", id, 0, 0);
  act(f, BUYER, MEDIATION, 0, "rest(uint64)", id, 0, 0);
  act(f, SELLER, MEDIATION, 0, "rest(uint64)", id, 0, 0);
  sf_call_of(f, "propose(uint64,uint16,uint16,bytes32)");
  sf_u(f, id), sf_u(f, bps), sf_u(f, 5000), sf_u(f, 1);
  assert_true(sj_send(f, U(MEDIATOR), MEDIATION, 0));
  return id;
}
static u64 rejected(struct sj *s, u32 by, u64 bps) {
  u64 id = proposed(s, bps);
  act(&s->f, by, MEDIATION, 15 * SJ_CMT, "reject(uint64,bytes32)", id, 1, 0);
  assert_int_equal(med_state(&s->f, id), MED_AT_COURT);
  assert_int_equal(sj_state(&s->f, 1), SJ_EVIDENCE);
  sj_balanced(s, 1);
  return id;
}
static void over(struct sj *s, u64 id) {
  sj_finish(s, 1, 1);
  assert_int_equal(sj_state(&s->f, 1), SJ_CLOSED);
  for (u32 i = 0; i < 4; i++) sf_pass(&s->f, 1);
  assert_int_equal(med_state(&s->f, id), MED_SETTLED);
  st_balanced(&s->f, MEDIATION);
  st_balanced(&s->f, ORDERS);
  sj_balanced(s, 1);
}

static void appeal_when_won_splits_by_the_jurors_and_returns_the_fee(
    void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 14);
  assert_true(sj_as(f, U(OTHER), 40 * SJ_CMT, "fundCourt()", ""));
  u64 id = rejected(&s, SELLER, 7000);
  sj_case_t k = sj_case(f, 1);
  assert_true(addr20_eq(&k.claimant, U(SELLER)) && k.kind == 2);
  assert_int_equal(k.proposal, 7000);
  assert_true(sj_as(f, U(BUYER), 0, "submit(uint64,bytes32,uint8)", "uuu",
                    1ull, 1ull, 1ull));
  sj_as(f, U(MEDIATOR), 0, "submit(uint64,bytes32,uint8)", "uuu", 1ull, 1ull,
        1ull);
  IN("NotAuthorised(address)");
  sj_draw(&s, 1);
  for (u16 i = 0; i < 3; i++) {
    addr20 who = sj_seat(f, 1, 1, i).juror;
    assert_false(addr20_eq(&who, U(MEDIATOR)));
  }
  addr20 first = sj_seat(f, 1, 1, 0).juror;
  assert_true(sj_commit(f, 1, 1, &first, 21, 0));
  u128 seller = has(f, U(SELLER)), buyer = has(f, U(BUYER));
  sj_vote(&s, 1, (u8[]){0xff}, 1, 0); /* two are silent, one cannot reveal */
  assert_int_equal(sj_state(f, 1), SJ_DRAWING);
  sj_draw(&s, 1);
  /* Steps of 5 %: the median of 4, 5, 6; all within two steps. */
  sj_vote(&s, 1, (u8[]){4, 5, 6}, 3, 0);
  assert_int_equal(sj_case(f, 1).result, 2500);
  over(&s, id);
  /* 25 % to the buyer, 3/4 to the seller; half of the mediator's 3 CMT, as his
  ** proposal is more than 10 % off, and that from both deposits; the seller
  ** has won, so the fund gives his 15 back. */
  assert_true(has(f, U(SELLER)) - seller ==
              PRICE * 3 / 4 + 2 * SJ_CMT - 75 * SJ_CMT / 100 + 15 * SJ_CMT);
  assert_true(has(f, U(BUYER)) - buyer ==
              PRICE / 4 + 2 * SJ_CMT - 75 * SJ_CMT / 100);
  /* 15 and three times 20 of the silent, for three; of the fund 15 went. */
  assert_true(sj_fund(f) == 25 * SJ_CMT);
  addr20 voted = sj_seat(f, 1, 1, 3).juror;
  assert_true(has(f, &voted) == 825 * SJ_CMT);
  sj_close(&s);
}

static void appeal_when_either_goes_on_the_larger_jury_decides(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 30);
  u64 id = rejected(&s, BUYER, 2000);
  sj_case_t k = sj_case(f, 1);
  assert_true(addr20_eq(&k.claimant, U(BUYER)));
  sj_draw(&s, 1);
  sj_vote(&s, 1, (u8[]){20}, 1, 0);
  assert_int_equal(sj_case(f, 1).result, 10000);
  sj_as(f, U(OTHER), 35 * SJ_CMT, "appeal(uint64,bytes32)", "uu", 1ull, 1ull);
  IN("NotLoser()");
  u128 seller = has(f, U(SELLER)), buyer = has(f, U(BUYER));
  assert_true(sj_as(f, U(SELLER), 35 * SJ_CMT, "appeal(uint64,bytes32)", "uu",
                    1ull, 1ull));
  sj_draw(&s, 1);
  addr20 first = sj_seat(f, 1, 2, 0).juror;
  assert_true(sj_commit(f, 1, 2, &first, 8, 0));
  /* Six reveal 4, 8, 8, 9, 9, 20: the mean of the middle two, rounded down. */
  u8 vote[] = {4, 8, 9, 9, 20, 0xff};
  sj_round_t r = sj_round(f, 1, 2);
  for (u16 i = 1; i < r.cnt; i++) {
    addr20 who = sj_seat(f, 1, 2, i).juror;
    if (vote[i - 1] != 0xff)
      assert_true(sj_commit(f, 1, 2, &who, vote[i - 1], 0));
  }
  sf_pass(f, 3 * SF_DAY + 1);
  sj_reveal(f, 1, &first, 21, 0);
  IN("VoteRange()");
  assert_true(sj_reveal(f, 1, &first, 8, 0));
  for (u16 i = 1; i < r.cnt; i++) {
    addr20 who = sj_seat(f, 1, 2, i).juror;
    if (vote[i - 1] != 0xff) assert_true(sj_reveal(f, 1, &who, vote[i - 1], 0));
  }
  assert_int_equal(sj_case(f, 1).result, 4000); /* of 8 and 9 */
  over(&s, id);
  /* Of the first round all three were overturned, 10 each: of 35 the seller has
  ** 30 back; the buyer, who won against the mediator, finds no fund. */
  assert_true(has(f, U(SELLER)) + 35 * SJ_CMT - seller ==
              PRICE * 6 / 10 + 30 * SJ_CMT + 2 * SJ_CMT - 75 * SJ_CMT / 100);
  assert_true(has(f, U(BUYER)) - buyer ==
              PRICE * 4 / 10 + 2 * SJ_CMT - 75 * SJ_CMT / 100);
  /* 15 + 35, penalties 30 + 10 + 10 + 20, less 30: 90 for four. */
  u32 paid = 0;
  for (u32 i = 0; i < s.jurors; i++)
    paid += has(f, &s.juror[i]) == 800 * SJ_CMT + 90 * SJ_CMT / 4;
  assert_int_equal(paid, 4);
  sj_close(&s);
}

static void appeal_when_no_court_is_as_proposed(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 8);
  u64 id = rejected(&s, SELLER, 7000);
  u128 seller = has(f, U(SELLER)), mediator = has(f, U(MEDIATOR));
  sf_pass(f, 5 * SF_DAY + 1);
  sj_no_pool(f);
  over(&s, id);
  assert_int_equal(sj_case(f, 1).result, 7000);
  assert_true(has(f, U(SELLER)) - seller ==
              PRICE * 3 / 10 + 2 * SJ_CMT - 15 * SJ_CMT / 10 + 15 * SJ_CMT);
  assert_true(has(f, U(MEDIATOR)) - mediator == 3 * SJ_CMT);
  sj_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(
        appeal_when_won_splits_by_the_jurors_and_returns_the_fee),
    cmocka_unit_test(appeal_when_either_goes_on_the_larger_jury_decides),
    cmocka_unit_test(appeal_when_no_court_is_as_proposed),
  };
  return cmocka_run_group_tests_name("shop_court_appeal", tests, NULL, NULL);
}
