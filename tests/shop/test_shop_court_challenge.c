/* test_shop_court_challenge.c - challenges, the third class of cases: whether an
** oracle's round, a batch of views, an attester or a reporter is right.
**
** The modules that have such subjects are not there yet, so this program brings
** rows for some of them (shop_court_subject_more), backed by what there is: each
** round of an oracle is user 2's and is void when he loses; a reporter is an
** issuer of Identity, whose bond is at stake. */
#include "shop/shop_court_fixture.h"

#include "shop/shop_court_int.h"
#include "shop/shop_identity.h"

#define U(i) (&f->cf.user[i])
#define IN(error) assert_reverted(f, error)
#define DO(who, value, sig, ...) sj_as(f, who, value, sig, ##__VA_ARGS__)
enum { CLAIMANT = 1, ACCUSED, STRANGER = 4 };

static u64 money(struct sf *f, u32 user) { /* in thousandths of a CMT */
  u256 v = sf_balance(f, U(user)), q, milli = u256_from(SF_CMT / 1000);
  u256_divmod(&q, NULL, &v, &milli);
  return q.w[0];
}
/*---------------------------------------------------------------- subjects */

enum { ORACLE = 0x1019, ADS = 0x1016, ROUNDS = 9, REPORTER_BPS = 5000 };
static addr20 oracle, reporter;
static struct { u32 cnt; u64 subject, height; u16 result; u8 how; } voided;

static bool oracle_owner(struct module_call *c, addr20 *out, u64 subject,
                         const addr20 *accused) {
  (void)c, (void)accused;
  *out = oracle;
  return subject > 0 && subject <= ROUNDS;
}
static void oracle_ruled(struct module_call *c, u64 subject, u16 result,
                         u8 how) {
  voided.cnt += voided.height != c->height; /* a meter asks more than once */
  voided.height = c->height;
  voided.subject = subject;
  voided.result = result;
  voided.how = how;
}
static bool reporter_owner(struct module_call *c, addr20 *out, u64 subject,
                           const addr20 *accused) {
  (void)accused;
  *out = reporter;
  return subject == 1 && shop_is_issuer(c, &reporter);
}
static u128 reporter_close(struct module_call *c, u64 subject,
                           const addr20 *accused, u8 level) {
  assert_int_equal(subject, 1);
  assert_int_equal(level, 1);
  return shop_issuer_slash(c, accused, REPORTER_BPS, c->def);
}
const struct court_subject *shop_court_subject_more(u16 module, u8 type,
                                                    u8 kind) {
  static const struct court_subject row[] = {
    {ORACLE, 6, COURT_CHALLENGE, .owner = oracle_owner, .ruled = oracle_ruled},
    {ADS, 4, COURT_CHALLENGE, .owner = reporter_owner,
     .close = reporter_close}};
  (void)type;
  for (u32 i = 0; i < ARRAY_LEN(row); i++)
    if (row[i].module == module && row[i].kind == kind) return &row[i];
  return NULL;
}

static bool challenge(struct sf *f, u64 bond, u64 module, u64 subject,
                      u64 doc) {
  return DO(U(CLAIMANT), bond * SJ_CMT,
            "challenge(uint16,uint16,uint64,bytes32)", "uuuu", 7ull, module,
            subject, doc);
}
static void open_world(struct sj *s, u32 jurors) {
  sj_open(s, jurors);
  oracle = s->f.cf.user[ACCUSED];
  reporter = s->f.cf.user[0]; /* the issuer of the fixture */
  memset(&voided, 0, sizeof voided);
}
static u64 challenged(struct sf *f, u64 doc, u64 bond) {
  assert_true(challenge(f, bond, ORACLE, 3, doc));
  return sf_word(f, 0);
}
static u64 sanctions(struct sf *f) {
  struct shop_identity_record_reputation r;
  u256 key = module_key_addr(U(ACCUSED));
  sf_record(f, IDENTITY, &shop_identity_table_reputation, &r, &key);
  return r.sanctions;
}

static void challenge_when_filed_names_a_subject_and_its_bond(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  open_world(&s, 0);
  for (u64 module = 0x1010; module <= 0x101a; module++) {
    if (module == ORACLE || module == ADS) continue;
    challenge(f, 500, module, 1, 5);
    IN("NoSubject(uint16,uint8)");
  }
  challenge(f, 500, ORACLE, ROUNDS + 1, 5);
  IN("NoSuchRecord(uint8,bytes32)");
  challenge(f, 499, ORACLE, 3, 5); /* five times 100: he is no verified human */
  IN("BondTooSmall(uint256)");
  challenge(f, 500, ORACLE, 3, 0);
  IN("BadCalldata(uint16)");
  DO(U(ACCUSED), 500 * SJ_CMT, "challenge(uint16,uint16,uint64,bytes32)",
     "uuuu", 7ull, (u64)ORACLE, 3ull, 5ull);
  IN("SelfDeal()");
  u64 id = challenged(f, 5, 500);
  sj_case_t k = sj_case(f, id);
  assert_int_equal(k.kind, COURT_CHALLENGE);
  assert_true(addr20_eq(&k.accused, U(ACCUSED)) && k.fine_due == 0);
  assert_int_equal(k.type, 6);
  challenge(f, 500, ORACLE, 3, 6);
  IN("CaseExists(uint64)");
  assert_true(challenge(f, 500, ORACLE, 4, 6));
  assert_true(challenge(f, 500, ORACLE, 5, 7));
  challenge(f, 500, ORACLE, 6, 8);
  IN("TooManyCases()");
  DO(U(CLAIMANT), 0, "withdrawCase(uint64)", "u", id);
  assert_done(f);
  challenge(f, 500, ORACLE, 3, 5);
  IN("Duplicate(bytes32)"); /* the same document once more */
  sj_balanced(&s, 3);
  sj_close(&s);
}

/* Evidence is anybody's, a vote yes or no, the loser the accused; no sanction. */
static void challenge_when_upheld_gives_the_bond_back(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  open_world(&s, 30);
  sf_call_of(f, "fundCourt()");
  assert_true(sj_send(f, U(STRANGER), COURT, 100 * SJ_CMT));
  u64 claimant = money(f, CLAIMANT), id = challenged(f, 5, 500);
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
  assert_true(voided.cnt == 1 && voided.subject == 3 && voided.result == 1 &&
              voided.how == SHOP_COURT_VOTED);
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
  open_world(&s, 40);
  u64 claimant = money(f, CLAIMANT), accused = money(f, ACCUSED);
  u64 id = challenged(f, 5, 500);
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
  assert_true(voided.cnt == 1 && voided.result == 0);
  /* Bond 500, 15 of it fees; half of 485 to the accused, half to the pot. */
  assert_int_equal(money(f, CLAIMANT), claimant - 500000);
  /* His 35: 20 from those whom he overturned. */
  assert_int_equal(money(f, ACCUSED), accused - 35000 + 20000 + 242500);
  sj_balanced(&s, 1);
  challenge(f, 999, ORACLE, 3, 6);
  IN("BondTooSmall(uint256)"); /* twice as much from now on */
  assert_int_equal(challenged(f, 6, 1000), 2);
  sj_close(&s);
}

static void challenge_when_nobody_can_judge_is_dismissed(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  open_world(&s, 4);
  u64 claimant = money(f, CLAIMANT), id = challenged(f, 5, 500);
  for (u32 i = 0; i < 100 && sj_state(f, id) != SJ_CLOSED; i++)
    sf_pass(f, SF_DAY);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  assert_int_equal(sj_case(f, id).result, 0);
  assert_true(voided.cnt == 1 && voided.how == SHOP_COURT_DEFAULT);
  assert_int_equal(money(f, CLAIMANT), claimant);
  sj_balanced(&s, 1);
  sj_close(&s);
}

/* His bond is at stake: half of it goes to the court's fund. */
static void challenge_when_upheld_slashes_the_reporter(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  open_world(&s, 30);
  u256 key = module_key_addr(&reporter);
  assert_true(challenge(f, 500, ADS, 1, 5));
  u64 id = sf_word(f, 0);
  sj_draw(&s, id);
  sj_vote(&s, id, (u8[]){1}, 1, 0);
  u128 fund = sj_fund(f);
  sj_finish(&s, id, 1);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  assert_true(sj_fund(f) + 15 * SJ_CMT == fund + 5000 * SJ_CMT);
  assert_int_equal(sf_state(f, IDENTITY, 5, &key), 4); /* Leaving */
  assert_int_equal(voided.cnt, 0);
  sj_balanced(&s, 1);
  st_balanced(f, IDENTITY);
  sj_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(challenge_when_filed_names_a_subject_and_its_bond),
    cmocka_unit_test(challenge_when_upheld_slashes_the_reporter),
    cmocka_unit_test(challenge_when_upheld_gives_the_bond_back),
    cmocka_unit_test(challenge_when_dismissed_on_appeal_costs_the_claimant),
    cmocka_unit_test(challenge_when_nobody_can_judge_is_dismissed),
  };
  return cmocka_run_group_tests_name("shop_court_challenge", tests, NULL, NULL);
}
