/* test_shop_court_challenge.c - challenges, the third class of cases: whether an
** oracle's round, a batch of views, an attester or a reporter is right.
**
** The modules that have such subjects are not there yet: challenge itself says
** NoSubject for every module.  So a case is filed as an accusation and its class
** written into its record; from then on it is what a challenge would be, but
** that nothing is done with the subject when it ends (struct court_subject's
** owner and ruled, which rulings on disputes go through as well). */
#include "shop/shop_court_fixture.h"

#include "shop/shop_court_int.h"

#define U(i) (&f->cf.user[i])
#define IN(error) assert_reverted(f, error)
#define DO(who, value, sig, ...) sj_as(f, who, value, sig, ##__VA_ARGS__)
enum { CLAIMANT = 1, ACCUSED, STRANGER = 4 };

static u64 money(struct sf *f, u32 user) { /* in thousandths of a CMT */
  u256 v = sf_balance(f, U(user)), q, milli = u256_from(SF_CMT / 1000);
  u256_divmod(&q, NULL, &v, &milli);
  return q.w[0];
}
static u64 challenged(struct sf *f, u64 doc, u64 bond) {
  u64 id = sj_accuse(f, U(CLAIMANT), bond * SJ_CMT, 1, IDENTITY, 1, 0,
                     U(ACCUSED), doc, 0);
  assert_done(f);
  sj_case_t k = sj_case(f, id);
  u256 key = u256_from(id);
  k.kind = COURT_CHALLENGE;
  k.fine_due = 0;
  sf_record_put(f, COURT, &shop_court_table_case, &k, &key);
  return id;
}
static u64 sanctions(struct sf *f) {
  struct shop_identity_record_reputation r;
  u256 key = module_key_addr(U(ACCUSED));
  sf_record(f, IDENTITY, &shop_identity_table_reputation, &r, &key);
  return r.sanctions;
}

static void challenge_when_no_module_has_subjects_is_refused(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 0);
  for (u64 module = 0x1010; module <= 0x101a; module++) {
    DO(U(CLAIMANT), 250 * SJ_CMT, "challenge(uint16,uint16,uint64,bytes32)",
       "uuuu", 7ull, module, 1ull, 5ull);
    IN("NoSubject(uint16,uint8)");
  }
  sj_balanced(&s, 0);
  sj_close(&s);
}

/* Evidence is anybody's, a vote yes or no, the loser the accused; no sanction. */
static void challenge_when_upheld_gives_the_bond_back(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 30);
  sf_call_of(f, "fundCourt()");
  assert_true(sj_send(f, U(STRANGER), COURT, 100 * SJ_CMT));
  u64 claimant = money(f, CLAIMANT), id = challenged(f, 5, 250);
  DO(U(STRANGER), 0, "reply(uint64,bytes32)", "uu", id, 6ull);
  IN("NotAuthorised(address)");
  assert_true(DO(U(ACCUSED), 0, "reply(uint64,bytes32)", "uu", id, 6ull));
  for (u64 i = 0; i < 20; i++)
    assert_true(DO(U(STRANGER), 0, "submit(uint64,bytes32,uint8)", "uuu", id,
                   i, 1ull));
  DO(U(STRANGER), 0, "submit(uint64,bytes32,uint8)", "uuu", id, 20ull, 1ull);
  IN("TooMany(bytes32,uint256)");
  assert_true(DO(U(CLAIMANT), 0, "submit(uint64,bytes32,uint8)", "uuu", id,
                 1ull, 1ull));
  sj_draw(&s, id);
  static const u8 vote[] = {1, 0, 1};
  for (u16 i = 0; i < 3; i++) {
    sj_seat_t seat = sj_seat(f, id, 1, i);
    assert_true(sj_commit(f, id, 1, &seat.juror, vote[i], 0));
  }
  for (u16 i = 0; i < 3; i++) {
    sj_seat_t seat = sj_seat(f, id, 1, i);
    sj_reveal(f, id, &seat.juror, 2, 0);
    IN("VoteRange()");
    assert_true(sj_reveal(f, id, &seat.juror, vote[i], 0));
  }
  assert_int_equal(sj_case(f, id).result, 1);
  DO(U(CLAIMANT), 35 * SJ_CMT, "appeal(uint64,bytes32)", "uu", id, 9ull);
  IN("NotLoser()");
  sj_finish(&s, id, 1);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  assert_int_equal(money(f, CLAIMANT), claimant); /* fees: from the fund */
  assert_int_equal(sj_case(f, id).owed, 0);
  assert_int_equal(sanctions(f), 0);
  u32 coherent = 0, incoherent = 0;
  for (u16 i = 0; i < 3; i++) {
    u8 is = sj_seat(f, id, 1, i).state;
    coherent += is == SJ_COHERENT;
    incoherent += is == SJ_INCOHERENT;
  }
  assert_true(coherent == 2 && incoherent == 1);
  /* 100, less 15 of fees, and what 15 + 10 leave of two equal shares. */
  assert_true(sj_fund(f) == 85 * SJ_CMT);
  DO(U(ACCUSED), 0, "payFine(uint64)", "u", id);
  IN("WrongState(uint8,bytes32,uint8)"); /* there is none */
  sj_balanced(&s, 1);
  sj_close(&s);
}

/* Reversed on appeal, and found frivolous. */
static void challenge_when_dismissed_on_appeal_costs_the_claimant(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 40);
  u64 claimant = money(f, CLAIMANT), accused = money(f, ACCUSED);
  u64 id = challenged(f, 5, 250);
  sj_draw(&s, id);
  sj_vote(&s, id, (u8[]){1, 1, 0}, 3, 0);
  assert_int_equal(sj_state(f, id), SJ_APPEAL);
  assert_true(DO(U(ACCUSED), 35 * SJ_CMT, "appeal(uint64,bytes32)", "uu", id,
                 9ull));
  sf_pass(f, 2 * SF_DAY + 1);
  sj_draw(&s, id);
  sj_vote(&s, id, (u8[]){0, 0, 0, 0, 0, 0, 1}, 7, 1);
  assert_int_equal(sj_case(f, id).result, 0);
  sj_finish(&s, id, 1);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  /* Bond 250, 15 of it fees; half of 235 to the accused, half to the pot. */
  assert_int_equal(money(f, CLAIMANT), claimant - 250000);
  /* His 35: 20 from those whom he overturned. */
  assert_int_equal(money(f, ACCUSED), accused - 35000 + 20000 + 117500);
  sj_balanced(&s, 1);
  sj_accuse(f, U(CLAIMANT), 499 * SJ_CMT, 1, IDENTITY, 1, 0, U(ACCUSED), 6, 0);
  IN("BondTooSmall(uint256)"); /* twice as much from now on */
  assert_int_equal(challenged(f, 6, 500), 2);
  sj_close(&s);
}

static void challenge_when_nobody_can_judge_is_dismissed(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 4);
  u64 claimant = money(f, CLAIMANT), id = challenged(f, 5, 250);
  for (u32 i = 0; i < 100 && sj_state(f, id) != SJ_CLOSED; i++)
    sf_pass(f, SF_DAY);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  assert_int_equal(sj_case(f, id).result, 0);
  assert_int_equal(money(f, CLAIMANT), claimant);
  sj_balanced(&s, 1);
  sj_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(challenge_when_no_module_has_subjects_is_refused),
    cmocka_unit_test(challenge_when_upheld_gives_the_bond_back),
    cmocka_unit_test(challenge_when_dismissed_on_appeal_costs_the_claimant),
    cmocka_unit_test(challenge_when_nobody_can_judge_is_dismissed),
  };
  return cmocka_run_group_tests_name("shop_court_challenge", tests, NULL, NULL);
}
