/* test_shop_court.c - module 0x..1015: accusations from the first word to the
** last wei, every guard by its error, every deadline, what is missing (pool,
** quorum, votes) and who cheats.  Appeals, emergencies, bans and the random walk
** are in test_shop_court_walk.c. */
#include "shop/shop_court_fixture.h"

#define U(i) (&f->cf.user[i])
#define IN(error) assert_reverted(f, error)
#define DO(who, value, sig, ...) sj_as(f, who, value, sig, ##__VA_ARGS__)
#define VIEW(sig, ...) sf_view(f, COURT, sig, ##__VA_ARGS__)

static u128 balance(struct sf *f, const addr20 *who) {
  u256 v = sf_balance(f, who);
  return (u128)v.w[1] << 64 | v.w[0];
}
/* Of user 1 against user 2, who has no identity. */
static u64 begin(struct sj *s, u64 rule, u64 doc) {
  struct sf *f = &s->f;
  VIEW("accuseCost(uint16,address,bool)", "uau", rule, U(1), 0ull);
  assert_done(f);
  u256 v;
  u256_from_be(&v, f->out);
  u64 id = sj_accuse(f, U(1), (u128)v.w[1] << 64 | v.w[0], rule, IDENTITY, 1,
                     0, U(2), doc, 0);
  assert_done(f);
  return id;
}
static void reply(struct sf *f, u64 id) {
  if (!DO(U(2), 0, "reply(uint64,bytes32)", "uu", id, 6ull)) assert_done(f);
}
static u64 cost_of(struct sf *f, u64 rule, const addr20 *who, u64 emergency) {
  VIEW("accuseCost(uint16,address,bool)", "uau", rule, who, emergency);
  assert_done(f);
  u256 v, q, cmt = u256_from(SF_CMT);
  u256_from_be(&v, f->out);
  u256_divmod(&q, NULL, &v, &cmt);
  return q.w[0];
}

static void accusation_when_reversed_pays_to_the_wei(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 30);
  assert_true(DO(&s.juror[0], SJ_CMT, "stake(uint16)", "u", 0x1full));
  assert_true(DO(&s.juror[0], 0, "setCourts(uint16)", "u", 0ull));
  assert_true(DO(&s.juror[0], 0, "setCourts(uint16)", "u", 0x1full));
  u128 claimant = balance(f, U(1)), accused = balance(f, U(2));
  u64 stake = f->gas, id = begin(&s, 1, 5), accuse = f->gas;
  assert_int_equal(id, 1);
  assert_true(balance(f, U(1)) == claimant - 250 * SJ_CMT); /* no human: x 5 */
  sj_balanced(&s, 1);
  reply(f, id);
  printf("gas: setCourts %llu accuse %llu reply %llu",
         (unsigned long long)stake, (unsigned long long)accuse,
         (unsigned long long)f->gas);
  assert_int_equal(sj_state(f, id), SJ_EVIDENCE);
  assert_said(f, "CasePeriod(uint64,uint8,uint8,uint64)");
  assert_said(f, "CourtCaseSaved(uint64,address,address,bytes)");
  assert_true(DO(U(1), 0, "submit(uint64,bytes32,uint8)", "uuu", id, 1ull,
                 1ull));
  assert_said(f, "EvidenceAdded(uint64,address,bytes32,uint8)");
  sj_draw(&s, id);
  assert_logged(f, "CasePeriod(uint64,uint8,uint8,uint64)");
  sj_balanced(&s, 1);
  sj_vote(&s, id, (u8[]){2, 2, 0}, 3, 0);
  assert_int_equal(sj_state(f, id), SJ_APPEAL);
  assert_int_equal(sj_case(f, id).result, 2);
  VIEW("appealCost(uint64)", "u", id);
  assert_int_equal(sf_word(f, 0), 35 * SF_CMT % (((u128)1) << 64));
  DO(U(1), 35 * SJ_CMT, "appeal(uint64,bytes32)", "uu", id, 9ull);
  IN("NotLoser()");
  DO(U(2), 34 * SJ_CMT, "appeal(uint64,bytes32)", "uu", id, 9ull);
  IN("WrongValue(uint256,uint256)");
  DO(U(2), 35 * SJ_CMT, "appeal(uint64,bytes32)", "uu", id, 9ull);
  assert_done(f);
  printf(" appeal %llu\n", (unsigned long long)f->gas);
  assert_int_equal(sj_case(f, id).n, 7);
  sf_pass(f, 2 * SF_DAY + 1); /* the evidence of an appeal */
  sj_draw(&s, id);
  sj_vote(&s, id, (u8[]){0, 0, 0, 0, 0, 1, 2}, 7, 0);
  assert_int_equal(sj_case(f, id).result, 0);
  sf_pass(f, 4 * SF_DAY + 1);
  assert_int_equal(sj_state(f, id), SJ_ENFORCED);
  u32 logged = 0;
  for (u32 i = 0; i < 60 && sj_state(f, id) == SJ_ENFORCED; i++) {
    sf_pass(f, 1);
    logged += sf_logs(f, "Ruling(uint64,uint8,uint16,bool)", NULL);
    logged += 100 * sf_logs(f, "JurorPaid(uint64,address,int256)", NULL);
    sj_balanced(&s, 1);
  }
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  assert_int_equal(logged, 1001); /* one ruling, 4 penalties, 6 rewards */
  assert_logged(f, "CourtCaseSaved(uint64,address,address,bytes)");
  /* Fees 15 + 35, penalties 4 x 10; 20 of those who were overturned go back to
  ** the appellant; six share 70. */
  u128 share = 70 * SJ_CMT / 6;
  u32 coherent = 0, incoherent = 0;
  for (u32 i = 0; i < s.jurors; i++) {
    sj_juror_t j = sj_juror(f, &s.juror[i]);
    u128 has = balance(f, &s.juror[i]);
    assert_int_equal(j.seats, 0);
    u128 put = (200 + (i == 0)) * SJ_CMT;
    if (i == 0) has += SJ_CMT;
    assert_true(has == 800 * SJ_CMT || has == 800 * SJ_CMT + share);
    assert_true(j.stake == put || j.stake == put - 10 * SJ_CMT);
    coherent += has != 800 * SJ_CMT;
    incoherent += j.stake != put;
  }
  assert_int_equal(coherent, 6);
  assert_int_equal(incoherent, 4);
  assert_true(sj_fund(f) == 70 * SJ_CMT - 6 * share);
  assert_true(balance(f, U(1)) == claimant - 15 * SJ_CMT);
  assert_true(balance(f, U(2)) == accused - 15 * SJ_CMT);
  sf_view(f, IDENTITY, "sanctionOf(address)", "a", U(2));
  assert_int_equal(sf_word(f, 0), 0);
  /* The dismissed case doubles the next bond, for 180 days. */
  assert_int_equal(cost_of(f, 1, U(1), 0), 500);
  sf_pass(f, 181 * SF_DAY);
  assert_int_equal(cost_of(f, 1, U(1), 0), 250);
  sj_balanced(&s, 1);
  sj_close(&s);
}

static void accusation_when_not_right_is_refused(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  addr20 none = {{0}};
  sj_open(&s, 1);
  u128 bond = 250 * SJ_CMT;
  u64 listing = st_save(f, 3, &st_plain, 4);
  assert_int_equal(cost_of(f, 1, U(1), 0), 250);
  assert_int_equal(cost_of(f, 1, &s.juror[0], 0), 50); /* a human */
  assert_int_equal(cost_of(f, 2, &s.juror[0], 1), 135); /* and 7 fees */
  sj_accuse(f, U(1), bond, 99, IDENTITY, 1, 0, U(2), 5, 0);
  IN("RuleClosed(uint16)");
  sj_accuse(f, U(1), bond, 1, IDENTITY, 1, 0, U(2), 5, 1);
  IN("NotSevere()");
  sj_accuse(f, U(1), bond, 2, IDENTITY, 1, 0, U(2), 5, 1);
  IN("NoSubject(uint16,uint8)"); /* never an account */
  sj_accuse(f, U(1), bond, 1, IDENTITY, 1, 0, U(2), 0, 0);
  IN("BadCalldata(uint16)");
  sj_accuse(f, U(1), bond, 1, 0x1016, 1, 1, U(2), 5, 0);
  IN("NoSubject(uint16,uint8)");
  sj_accuse(f, U(1), bond, 1, ORDERS, 1, 1, U(2), 5, 0);
  IN("NoSubject(uint16,uint8)");
  DO(U(1), bond, "challenge(uint16,uint16,uint64,bytes32)", "uuuu", 7ull,
     0x1019ull, 1ull, 5ull);
  IN("NoSubject(uint16,uint8)");
  sj_accuse(f, U(1), bond, 1, MARKET, 1, listing + 1, U(3), 5, 0);
  IN("NoSuchRecord(uint8,bytes32)");
  sj_accuse(f, U(1), bond, 1, PLATFORMS, 1, 9, U(3), 5, 0);
  IN("NoSuchRecord(uint8,bytes32)");
  sj_accuse(f, U(1), bond, 6, IDENTITY, 5, 0, U(3), 5, 0);
  IN("NoSuchRecord(uint8,bytes32)"); /* no issuer */
  sj_accuse(f, U(1), bond, 1, IDENTITY, 1, 3, U(2), 5, 0);
  IN("NoSuchRecord(uint8,bytes32)");
  sj_accuse(f, U(1), bond, 1, MARKET, 1, listing, U(2), 5, 0);
  IN("BadAddress()"); /* it is another's */
  sj_accuse(f, U(1), bond, 1, IDENTITY, 1, 0, &none, 5, 0);
  IN("BadAddress()");
  static const u32 own[] = {COURT, 0x1002, 1, 0x1107};
  for (u32 i = 0; i < ARRAY_LEN(own); i++) {
    addr20 module = sf_module(own[i]);
    sj_accuse(f, U(1), bond, 1, IDENTITY, 1, 0, &module, 5, 0);
    IN("BadAddress()");
  }
  sj_accuse(f, U(1), bond, 1, IDENTITY, 1, 0, U(1), 5, 0);
  IN("SelfDeal()");
  sj_accuse(f, U(1), bond - 1, 1, IDENTITY, 1, 0, U(2), 5, 0);
  IN("BondTooSmall(uint256)");
  sj_accuse(f, U(1), bond + 1, 1, IDENTITY, 1, 0, U(2), 5, 0);
  IN("WrongValue(uint256,uint256)");
  u64 id = begin(&s, 1, 5);
  sj_accuse(f, U(4), bond, 1, IDENTITY, 1, 0, U(2), 6, 0);
  IN("CaseExists(uint64)");
  assert_int_equal(sf_word(f, 0) >> 32 == 0, 1);
  assert_true(DO(U(1), 0, "withdrawCase(uint64)", "u", id));
  sj_accuse(f, U(4), bond, 1, IDENTITY, 1, 0, U(2), 5, 0);
  IN("Duplicate(bytes32)"); /* the same document again */
  for (u64 rule = 1; rule <= 3; rule++)
    sj_accuse(f, U(1), rule == 2 ? 2 * bond : bond, rule, IDENTITY, 1, 0,
              U(2), 10 + rule, 0);
  assert_done(f);
  sj_accuse(f, U(1), bond, 5, IDENTITY, 1, 0, U(2), 14, 0);
  IN("TooManyCases()");
  sj_balanced(&s, 4);
  sj_close(&s);
}

static void case_when_filed_waits_for_a_reply(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 1);
  u128 had = balance(f, U(1));
  DO(U(2), 0, "reply(uint64,bytes32)", "uu", 1ull, 1ull);
  IN("NoSuchRecord(uint8,bytes32)");
  u64 id = begin(&s, 1, 5);
  DO(U(1), 0, "reply(uint64,bytes32)", "uu", id, 1ull);
  IN("NotAuthorised(address)");
  DO(U(2), 0, "withdrawCase(uint64)", "u", id);
  IN("NotAuthorised(address)");
  DO(U(1), 0, "submit(uint64,bytes32,uint8)", "uuu", id, 1ull, 1ull);
  IN("WrongState(uint8,bytes32,uint8)");
  DO(U(2), 0, "appeal(uint64,bytes32)", "uu", id, 1ull);
  IN("WrongState(uint8,bytes32,uint8)");
  sf_call_of(f, "deadlineOf(uint8,bytes32)");
  sf_u(f, 4), sf_u(f, id);
  u256 zero = U256_ZERO;
  sf_ask_as(f, U(5), COURT, &zero);
  assert_done(f);
  assert_int_equal(sf_word(f, 1), MODULE_ROLE_OWNER);
  assert_true(DO(U(1), 0, "withdrawCase(uint64)", "u", id));
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  assert_true(balance(f, U(1)) == had);
  sj_balanced(&s, 1);
  id = begin(&s, 1, 6);
  sf_pass(f, 7 * SF_DAY - 5);
  assert_int_equal(sj_state(f, id), SJ_FILED);
  sf_pass(f, 10); /* reply, in silence */
  assert_int_equal(sj_state(f, id), SJ_EVIDENCE);
  DO(U(1), 0, "withdrawCase(uint64)", "u", id);
  IN("WrongState(uint8,bytes32,uint8)");
  for (u64 i = 0; i < 20; i++)
    assert_true(DO(U(1), 0, "submit(uint64,bytes32,uint8)", "uuu", id, i,
                   1ull));
  DO(U(1), 0, "submit(uint64,bytes32,uint8)", "uuu", id, 1ull, 1ull);
  IN("TooMany(bytes32,uint256)");
  sf_do(f, 2, COURT, "submit(uint64,bytes32,uint8)", "uuu", id, 1ull, 1ull);
  assert_logged(f, "EvidenceAdded(uint64,address,bytes32,uint8)");
  DO(U(3), 0, "submit(uint64,bytes32,uint8)", "uuu", id, 1ull, 1ull);
  IN("NotAuthorised(address)");
  sf_pass(f, 5 * SF_DAY + 1); /* evidence */
  assert_int_equal(sj_state(f, id), SJ_DRAWING);
  sj_balanced(&s, 2);
  sj_close(&s);
}

static void juror_when_staked_sits_until_he_leaves(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 2);
  const addr20 *a = &s.juror[0];
  DO(U(3), 200 * SJ_CMT, "stake(uint16)", "u", 1ull);
  IN("HumanRequired(address)");
  DO(U(3), 0, "stake(uint16)", "u", 1ull);
  IN("ZeroAmount()");
  DO(U(3), 0, "setCourts(uint16)", "u", 1ull);
  IN("NoSuchRecord(uint8,bytes32)");
  DO(a, 1, "stake(uint16)", "u", 0x20ull);
  IN("NoSuchRecord(uint8,bytes32)"); /* there is no court 6 */
  sj_human(f, U(3), 50);
  DO(U(3), 99 * SJ_CMT, "stake(uint16)", "u", 1ull);
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  assert_int_equal(sj_pool(f, 1), 2);
  assert_int_equal(sj_pool(f, 3), 2);
  sf_pause(f, COURT, 1); /* no new jurors; who is one may add to his stake */
  DO(U(3), 100 * SJ_CMT, "stake(uint16)", "u", 1ull);
  IN("ModulePaused(uint8)");
  assert_true(DO(a, SJ_CMT, "stake(uint16)", "u", 0x1full));
  sf_pause(f, COURT, 2);
  DO(a, SJ_CMT, "stake(uint16)", "u", 0x1full);
  IN("ModulePaused(uint8)");
  sf_pause(f, COURT, 0);
  VIEW("odds(address)", "a", a);
  assert_int_equal(sf_word(f, 0), 500000);
  assert_true(DO(a, 0, "setCourts(uint16)", "u", 3ull));
  assert_int_equal(sj_pool(f, 3), 1);
  VIEW("odds(address)", "a", &s.juror[1]);
  assert_int_equal(sf_word(f, 0), 1000000);
  /* A juror whose identity is tied to his stake keeps it. */
  sf_call_of(f, "close()");
  sj_send(f, a, IDENTITY, 0);
  IN("OpenRecords(uint32)");
  u128 had = balance(f, a);
  assert_true(DO(a, 0, "leaveJury()", ""));
  assert_int_equal(sj_pool(f, 1), 1);
  DO(a, SJ_CMT, "stake(uint16)", "u", 1ull);
  IN("WrongState(uint8,bytes32,uint8)");
  DO(a, 0, "leaveJury()", "");
  IN("WrongState(uint8,bytes32,uint8)");
  sf_pass(f, 14 * SF_DAY + 1); /* leaveDelay */
  assert_logged(f, "JurorSaved(address,bytes)");
  assert_int_equal(sj_juror(f, a).state, 3);
  assert_true(balance(f, a) == had + 201 * SJ_CMT);
  sj_balanced(&s, 0);
  assert_true(DO(a, 100 * SJ_CMT, "stake(uint16)", "u", 1ull));
  assert_int_equal(sj_pool(f, 1), 2);
  sf_pass(f, 400 * SF_DAY);
  assert_true(DO(a, 0, "setCourts(uint16)", "u", 0ull) == false);
  IN("HumanRequired(address)");
  had = balance(f, &s.juror[1]);
  sf_pass(f, 329 * SF_DAY);
  sf_pass(f, 2 * SF_DAY); /* idleMax */
  assert_int_equal(sj_juror(f, &s.juror[1]).state, 4);
  assert_int_equal(sj_juror(f, a).state, 4);
  assert_int_equal(sj_pool(f, 1), 0);
  assert_true(balance(f, &s.juror[1]) == had + 200 * SJ_CMT);
  sj_balanced(&s, 0);
  sj_close(&s);
}

/* A case in which three sit. */
static u64 seated(struct sj *s, u32 jurors) {
  sj_open(s, jurors);
  u64 id = begin(s, 1, 5);
  reply(&s->f, id);
  sj_draw(s, id);
  assert_int_equal(sj_state(&s->f, id), SJ_COMMIT);
  return id;
}
static addr20 in_seat(struct sj *s, u64 id, u16 i) {
  return sj_seat(&s->f, id, sj_case(&s->f, id).round, i).juror;
}

static void in_seats(struct sj *s, u64 id, addr20 seat[3]) {
  for (u16 i = 0; i < 3; i++) seat[i] = in_seat(s, id, i);
}
/* A case, and who sits in it. */
static u64 seated_three(struct sj *s, addr20 seat[3]) {
  u64 id = seated(s, 12);
  in_seats(s, id, seat);
  return id;
}

static void vote_when_not_right_is_refused(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  addr20 seat[3];
  u64 id = seated_three(&s, seat);
  for (u32 i = 0; i < 3; i++)
    assert_false(addr20_eq(&seat[i], &seat[(i + 1) % 3]));
  VIEW("seatOf(uint64,address)", "ua", id, &seat[0]);
  assert_done(f);
  assert_int_equal(sf_word(f, 0), SJ_DRAWN);
  VIEW("seatOf(uint64,address)", "ua", id, U(1));
  IN("NotSeated()");
  sj_commit(f, id, 1, U(3), 1, 0);
  IN("NotSeated()");
  DO(&seat[0], 0, "commit(uint64,bytes32)", "uu", id, 0ull);
  IN("BadCalldata(uint16)");
  sj_reveal(f, id, &seat[0], 1, 0);
  IN("WrongState(uint8,bytes32,uint8)");
  DO(&seat[0], 0, "leaveJury()", "");
  IN("SeatsOpen()");
  assert_true(sj_commit(f, id, 1, &seat[0], 1, 0));
  assert_said(f, "Committed(uint64,address,bytes32)");
  printf("gas: commit %llu", (unsigned long long)f->gas);
  sj_commit(f, id, 1, &seat[0], 1, 0);
  IN("AlreadyCommitted()");
  DO(&seat[0], 0, "declineSeat(uint64)", "u", id);
  IN("AlreadyCommitted()");
  assert_true(sj_commit(f, id, 1, &seat[1], 1, 0));
  assert_int_equal(sj_state(f, id), SJ_COMMIT);
  assert_true(sj_commit(f, id, 1, &seat[2], 9, 0)); /* nobody sees what it is */
  assert_int_equal(sj_state(f, id), SJ_REVEAL); /* all have */
  sj_commit(f, id, 1, &seat[1], 1, 0);
  IN("WrongState(uint8,bytes32,uint8)");
  sj_reveal(f, id, &seat[0], 2, 0);
  IN("RevealMismatch()");
  sj_reveal(f, id, &seat[0], 1, 1);
  IN("RevealMismatch()");
  sj_reveal(f, id, &seat[2], 9, 0);
  IN("VoteRange()");
  sj_reveal(f, id, &seat[2], 4, 0); /* above the rule's greatest level */
  IN("VoteRange()");
  assert_true(sj_reveal(f, id, &seat[0], 1, 0));
  assert_said(f, "Revealed(uint64,address,uint8,bool,bytes32)");
  printf(" reveal %llu\n", (unsigned long long)f->gas);
  sj_reveal(f, id, &seat[0], 1, 0);
  IN("RevealMismatch()");
  assert_true(sj_reveal(f, id, &seat[1], 1, 0));
  assert_int_equal(sj_state(f, id), SJ_REVEAL);
  sf_pass(f, 2 * SF_DAY + 1); /* reveal */
  assert_int_equal(sj_state(f, id), SJ_APPEAL);
  assert_int_equal(sj_case(f, id).result, 1);
  sj_balanced(&s, 1);
  sj_finish(&s, id, 1);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  sf_view(f, IDENTITY, "sanctionOf(address)", "a", U(2));
  assert_int_equal(sf_word(f, 0), 1);
  assert_true(sj_juror(f, &seat[2]).stake == 180 * SJ_CMT); /* noShowBps */
  assert_int_equal(sj_seat(f, id, 1, 2).state, SJ_ABSENT);
  sj_close(&s);
}

static void case_when_no_pool_is_dismissed_and_all_goes_back(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 8); /* 9 are wanted */
  u128 had = balance(f, U(1));
  u64 id = begin(&s, 1, 5);
  reply(f, id);
  sf_pass(f, 5 * SF_DAY + 1);
  for (u32 i = 0; i < 3; i++) {
    for (u32 k = 0; k < 8; k++) sf_pass(f, 10);
    assert_int_equal(sj_state(f, id), SJ_DRAWING);
    assert_int_equal(sj_case(f, id).retries, i + 1);
    sf_pass(f, SF_DAY);
  }
  for (u32 k = 0; k < 20; k++) sf_pass(f, 10);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  assert_true(balance(f, U(1)) == had);
  assert_int_equal(cost_of(f, 1, U(1), 0), 250); /* counts against nobody */
  sj_balanced(&s, 1);
  /* One juror more, and there is a court. */
  sj_join(&s, 1);
  id = begin(&s, 1, 6);
  reply(f, id);
  sj_draw(&s, id);
  assert_int_equal(sj_state(f, id), SJ_COMMIT);
  sj_close(&s);
}

static void case_when_no_quorum_draws_once_more_then_ends(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  u64 id = seated(&s, 20);
  u128 had = balance(f, U(1));
  addr20 quiet[3];
  in_seats(&s, id, quiet);
  sj_vote(&s, id, (u8[]){1, 0xff, 0xff}, 3, 0);
  assert_int_equal(sj_state(f, id), SJ_DRAWING);
  sj_draw(&s, id);
  sj_round_t r = sj_round(f, id, 1);
  assert_int_equal(r.cnt, 5);
  assert_int_equal(r.alive, 3);
  sj_commit(f, id, 1, &quiet[1], 1, 0); /* too late for him */
  IN("NotSeated()");
  sj_vote(&s, id, (u8[]){0xff}, 1, 0);
  assert_int_equal(sj_state(f, id), SJ_ENFORCED);
  sj_finish(&s, id, 1);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  assert_int_equal(sj_case(f, id).result, 0);
  assert_true(balance(f, U(1)) == had + 250 * SJ_CMT);
  assert_true(sj_fund(f) == 80 * SJ_CMT); /* four were silent */
  assert_true(sj_juror(f, &quiet[0]).stake == 200 * SJ_CMT);
  assert_true(sj_juror(f, &quiet[1]).stake == 180 * SJ_CMT);
  sj_balanced(&s, 1);
  /* With the missing seats filled there is a ruling. */
  id = begin(&s, 1, 7);
  reply(f, id);
  sj_draw(&s, id);
  sj_vote(&s, id, (u8[]){1, 0xff, 0xff}, 3, 0);
  sj_draw(&s, id);
  sj_vote(&s, id, (u8[]){1}, 1, 0);
  assert_int_equal(sj_state(f, id), SJ_APPEAL);
  assert_int_equal(sj_case(f, id).result, 1);
  sj_finish(&s, id, 2);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  sj_close(&s);
}

/* A vote is bound to case, round, chain and juror: who copies another's hash, or
** says what he said in another case, has nothing to reveal. */
static void vote_when_copied_cannot_be_revealed(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  addr20 seat[3];
  u64 id = seated_three(&s, seat);
  hash32 of[3] = {sj_hash(id, 1, &seat[0], 1, 0, NULL),   /* the first's own */
                  sj_hash(id, 1, &seat[0], 1, 0, NULL),   /* copied of him */
                  sj_hash(id + 1, 2, &seat[2], 1, 0, NULL)}; /* of elsewhere */
  for (u32 i = 0; i < 3; i++)
    assert_true(sj_seal(f, &seat[i], "commit(uint64,bytes32)", id, of[i]));
  assert_int_equal(sj_state(f, id), SJ_REVEAL);
  assert_true(sj_reveal(f, id, &seat[0], 1, 0));
  for (u32 i = 1; i < 3; i++) { /* the salt is public by now */
    sj_reveal(f, id, &seat[i], 1, 0);
    IN("RevealMismatch()");
  }
  sj_close(&s);
}

/* Not over a second before its deadline, and over then. */
static void over_at(struct sj *s, u64 id, u8 state, u8 next) {
  struct sf *f = &s->f;
  u64 until = sj_case(f, id).deadline;
  assert_int_equal(sj_state(f, id), state);
  sf_pass_to(f, until - 1);
  assert_int_equal(sj_state(f, id), state);
  sf_pass_to(f, until);
  assert_int_equal(sj_state(f, id), next);
}
static void period_when_a_second_off_is_not_over(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 20);
  for (u64 id = 1; id < 3; id++) { /* a vote missing, and a word missing */
    assert_int_equal(begin(&s, 1, 5 + id), id);
    over_at(&s, id, SJ_FILED, SJ_EVIDENCE);
    over_at(&s, id, SJ_EVIDENCE, SJ_DRAWING);
    sj_leave(&s, id, SJ_DRAWING, 10, 30);
    for (u16 k = 0; k < 1 + id; k++) {
      addr20 who = in_seat(&s, id, k);
      assert_true(sj_commit(f, id, 1, &who, 1, 0));
    }
    if (id == 1) over_at(&s, id, SJ_COMMIT, SJ_REVEAL);
    for (u16 k = 0; k < 2; k++) {
      addr20 who = in_seat(&s, id, k);
      assert_true(sj_reveal(f, id, &who, 1, 0));
    }
    if (id == 2) over_at(&s, id, SJ_REVEAL, SJ_APPEAL);
    over_at(&s, id, SJ_APPEAL, SJ_ENFORCED);
    sj_finish(&s, id, id);
  }
  sj_close(&s);
}

static void seat_when_declined_a_second_late_stays(void **st) {
  (void)st;
  for (u64 late = 0; late < 2; late++) {
    struct sj s;
    struct sf *f = &s.f;
    u64 id = seated(&s, 20);
    addr20 a = in_seat(&s, id, 0);
    sf_pass_before(f, sj_seat(f, id, 1, 0).created + SF_DAY + late);
    DO(&a, 0, "declineSeat(uint64)", "u", id);
    if (late) IN("TooLate(uint64)");
    else assert_done(f);
    sj_close(&s);
  }
}

static void vote_when_told_costs_the_seat_and_the_lock(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  addr20 seat[3];
  u64 id = seated_three(&s, seat);
  sj_snitch(f, U(4), id, &seat[0], 1);
  IN("RevealMismatch()"); /* nothing committed */
  assert_true(sj_commit(f, id, 1, &seat[0], 1, 0));
  sj_snitch(f, U(4), id, &seat[0], 2);
  IN("RevealMismatch()");
  sj_snitch(f, U(4), id, &seat[0], 7);
  IN("VoteRange()");
  sj_snitch(f, &seat[0], id, &seat[0], 1);
  IN("SelfDeal()");
  sj_snitch(f, U(4), id, U(3), 1);
  IN("NotSeated()");
  sj_snitch(f, U(4), id, &seat[0], 1);
  IN("BadProof()"); /* he gave no notice */
  u128 had = balance(f, U(4));
  assert_true(sj_tip(f, U(4), id, 1, &seat[0], 1));
  assert_said(f, "Tipped(uint64,address,bytes32)");
  sf_pass(f, 60);
  assert_true(sj_snitch(f, U(4), id, &seat[0], 1));
  assert_said(f, "JurorPaid(uint64,address,int256)");
  assert_true(balance(f, U(4)) == had + 10 * SJ_CMT);
  assert_true(sj_juror(f, &seat[0]).stake == 180 * SJ_CMT);
  assert_int_equal(sj_juror(f, &seat[0]).seats, 0);
  sj_snitch(f, U(4), id, &seat[0], 1);
  IN("NotSeated()");
  sj_balanced(&s, 1);
  assert_true(sj_commit(f, id, 1, &seat[1], 1, 0));
  assert_true(sj_commit(f, id, 1, &seat[2], 1, 0));
  sj_leave(&s, id, SJ_COMMIT, 600, 1); /* all who are left */
  assert_int_equal(sj_state(f, id), SJ_REVEAL);
  sj_tip(f, U(4), id, 1, &seat[1], 1);
  IN("WrongState(uint8,bytes32,uint8)");
  sj_snitch(f, U(4), id, &seat[1], 1);
  IN("WrongState(uint8,bytes32,uint8)");
  assert_true(sj_reveal(f, id, &seat[1], 1, 0));
  assert_true(sj_reveal(f, id, &seat[2], 1, 0));
  assert_said(f, "Ruling(uint64,uint8,uint16,bool)");
  assert_int_equal(sj_state(f, id), SJ_APPEAL); /* two of three suffice */
  had = balance(f, &seat[1]);
  sj_finish(&s, id, 1);
  /* 15 of fees and 10 of the lock, for two. */
  assert_true(balance(f, &seat[1]) == had + 125 * SJ_CMT / 10);
  sj_close(&s);
}

/* The proof lies open in the pool while it waits for its block: whoever copies it
** needs a notice of his own, a minute older. */
static void proof_when_copied_from_the_pool_is_worth_nothing(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  addr20 seat[3];
  u64 id = seated_three(&s, seat);
  assert_true(sj_commit(f, id, 1, &seat[0], 1, 0));
  assert_true(sj_tip(f, U(4), id, 1, &seat[0], 1));
  u64 from = sf_now(f) + 1 + 60; /* calls are of the next second */
  sj_snitch(f, U(4), id, &seat[0], 1);
  IN("TooEarly(uint64)");
  sj_snitch(f, U(3), id, &seat[0], 1);
  IN("BadProof()"); /* another's notice is not his */
  sf_pass_before(f, from - 1);
  sj_snitch(f, U(4), id, &seat[0], 1);
  IN("TooEarly(uint64)");
  /* All have committed: the teller has his time all the same, no longer. */
  assert_true(sj_commit(f, id, 1, &seat[1], 1, 0));
  assert_true(sj_commit(f, id, 1, &seat[2], 1, 0));
  assert_said(f, "CasePeriod(uint64,uint8,uint8,uint64)");
  assert_int_equal(sj_state(f, id), SJ_COMMIT);
  assert_true(sj_case(f, id).deadline <= from + 600);
  sf_pass_before(f, from);
  /* The proposer, who saw it. */
  assert_true(sj_tip(f, U(3), id, 1, &seat[0], 1));
  sj_snitch(f, U(3), id, &seat[0], 1);
  IN("TooEarly(uint64)");
  u64 ends = sj_case(f, id).deadline;
  assert_true(sj_snitch(f, U(4), id, &seat[0], 1));
  assert_true(sj_case(f, id).deadline <= ends); /* nor do notices move it on */
  sf_pass_to(f, ends);
  assert_int_equal(sj_state(f, id), SJ_REVEAL);
  sj_balanced(&s, 1);
  sj_close(&s);
}

static void seat_when_declined_goes_to_the_next_index(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  u64 id = seated(&s, 12);
  addr20 a = in_seat(&s, id, 0), b = in_seat(&s, id, 1);
  assert_true(DO(&a, 0, "declineSeat(uint64)", "u", id));
  assert_said(f, "SeatLeft(uint64,address,uint8)");
  assert_said(f, "Drawn(uint64,uint8,address,uint8)");
  assert_said(f, "JurorSaved(address,bytes)");
  sj_round_t r = sj_round(f, id, 1);
  assert_int_equal(r.cnt, 4);
  assert_int_equal(r.alive, 3);
  assert_int_equal(sj_juror(f, &a).seats, 0);
  assert_true(sj_juror(f, &a).locked == 0);
  DO(&a, 0, "declineSeat(uint64)", "u", id);
  IN("NotSeated()");
  sf_pass(f, SF_DAY + 1);
  DO(&b, 0, "declineSeat(uint64)", "u", id);
  IN("TooLate(uint64)");
  sj_vote(&s, id, (u8[]){0}, 1, 1); /* all say: frivolous */
  assert_int_equal(sj_state(f, id), SJ_APPEAL);
  /* The claimant lost, and may appeal. */
  DO(U(2), 35 * SJ_CMT, "appeal(uint64,bytes32)", "uu", id, 1ull);
  IN("NotLoser()");
  u128 accused = balance(f, U(2)), claimant = balance(f, U(1));
  addr20 voted = in_seat(&s, id, 3);
  u128 has = balance(f, &voted);
  sj_finish(&s, id, 1);
  /* Of 250 less 15: half to the accused, half into the pot. */
  assert_true(balance(f, U(2)) == accused + 235 * SJ_CMT / 2);
  assert_true(balance(f, U(1)) == claimant);
  u128 pot = 15 * SJ_CMT + 235 * SJ_CMT - 235 * SJ_CMT / 2;
  assert_true(balance(f, &voted) == has + pot / 3);
  assert_true(sj_fund(f) == pot % 3);
  sj_balanced(&s, 1);
  /* Once in 90 days. */
  for (u64 doc = 20; doc < 40; doc++) {
    id = begin(&s, 1, doc);
    reply(f, id);
    sj_draw(&s, id);
    VIEW("seatOf(uint64,address)", "ua", id, &a);
    if (f->ok) break;
    sj_vote(&s, id, (u8[]){1}, 1, 0);
    sj_finish(&s, id, id);
  }
  DO(&a, 0, "declineSeat(uint64)", "u", id);
  if (sf_now(f) < sj_juror(f, &a).declined + 90 * SF_DAY)
    IN("DeclineUsed()");
  else
    assert_done(f);
  sj_close(&s);
}

static void juror_when_near_a_party_is_never_drawn(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 12);
  sj_human(f, U(2), 70);
  sj_human(f, U(1), 71);
  /* The accused's operator and guardian, the claimant's trading partner, one
  ** who is no human any more, and the accused himself. */
  sf_call_of(f, "setOperator(address,uint16,uint64)");
  sf_a(f, &s.juror[0]), sf_u(f, 4), sf_u(f, 0);
  assert_true(sj_send(f, U(2), IDENTITY, 0));
  sf_call_of(f, "setGuardians(address[],uint8,uint32)");
  sf_u(f, 96), sf_u(f, 1), sf_u(f, 2 * SF_DAY), sf_u(f, 1);
  sf_a(f, &s.juror[1]);
  assert_true(sj_send(f, U(2), IDENTITY, 0));
  struct st_listing l = st_plain;
  u64 listing = st_save(f, 1, &l, 10);
  struct st_order o = {.seller = 1, .listing = listing, .version = 1,
                       .qty = 1, .total = l.price};
  sf_call_of(f, "place(" ST_PLACE ")");
  sf_u(f, 32);
  st_put_order(f, &o);
  assert_true(sj_send(f, &s.juror[2], ORDERS, o.total));
  u64 order = sf_word(f, 0);
  sf_call_of(f, "ship(uint64,bytes32)");
  sf_u(f, order), sf_u(f, 1);
  assert_true(sj_send(f, U(1), ORDERS, 0));
  sf_call_of(f, "confirm(uint64)");
  sf_u(f, order);
  assert_true(sj_send(f, &s.juror[2], ORDERS, 0));
  sf_call_of(f, "revokeHuman(address,bytes32)");
  sf_a(f, &s.juror[3]), sf_u(f, 0);
  assert_true(sj_send(f, U(0), IDENTITY, 0));
  assert_true(DO(U(2), 100 * SJ_CMT, "stake(uint16)", "u", 0x1full));
  s.juror[s.jurors++] = f->cf.user[2];
  u32 seats = 0, cases = 0;
  for (u64 doc = 1; doc <= 16; doc++, cases++) {
    u64 id = begin(&s, 1, doc);
    reply(f, id);
    sj_draw(&s, id);
    if (sj_state(f, id) != SJ_COMMIT) break; /* the pool is short at last */
    for (u16 i = 0; i < 3; i++, seats++) {
      addr20 who = in_seat(&s, id, i);
      for (u32 k = 0; k < 4; k++) assert_false(addr20_eq(&who, &s.juror[k]));
      assert_false(addr20_eq(&who, U(2)));
    }
    sj_vote(&s, id, (u8[]){1}, 1, 0);
    sj_finish(&s, id, id);
    assert_int_equal(sj_state(f, id), SJ_CLOSED);
  }
  printf("%u seats in %u cases\n", seats, cases);
  assert_int_equal(cases, 16);
  /* He whom the draw met without humanity is out of this court's pool. */
  assert_int_equal(sj_pool(f, 1), 12);
  assert_int_equal(sj_pool(f, 2), 13);
  sj_close(&s);
}

static void name_operator(struct sj *s, u32 juror, u64 purposes) {
  struct sf *f = &s->f;
  sf_call_of(f, "setOperator(address,uint16,uint64)");
  sf_a(f, &s->juror[juror]), sf_u(f, purposes), sf_u(f, 0);
  assert_true(sj_send(f, U(2), IDENTITY, 0));
}
/* The accused pays every juror a trifle and names all but two his operators: the
** first 16 are, the others judge him all the same. */
static void juror_when_a_party_only_names_or_pays_him_is_drawn(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  enum { NEAR = 16, JURORS = 20 };
  sj_open(&s, JURORS);
  sj_human(f, U(2), 70);
  for (u32 i = 0; i < JURORS; i++) {
    sf_call_of(f, "payInstant(address,address,uint256,bytes32)");
    sf_a(f, &s.juror[i]), sf_u(f, 0), sf_u(f, 1), sf_u(f, 0);
    assert_true(sj_send(f, U(2), ORDERS, 1));
    if (i < NEAR + 2) name_operator(&s, i, 4);
  }
  for (u64 again = 0; again < 2; again++) {
    u64 id = begin(&s, 1, 5 + again);
    reply(f, id);
    sj_draw(&s, id);
    assert_int_equal(sj_state(f, id), SJ_COMMIT);
    for (u16 i = 0; i < 3; i++) {
      addr20 who = in_seat(&s, id, i);
      for (u32 k = again; k < NEAR + again; k++)
        assert_false(addr20_eq(&who, &s.juror[k]));
    }
    sj_vote(&s, id, (u8[]){1}, 1, 0);
    sj_finish(&s, id, 1 + again);
    name_operator(&s, 0, 0); /* his place goes to the next who is named */
    name_operator(&s, NEAR, 4);
  }
  sj_close(&s);
}

/* However many guardians the parties have, a draw stays within its gas. */
static void juror_when_parties_have_many_guardians_is_drawn(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  u256 most = u256_from(15);
  sj_open(&s, 16);
  sf_param(f, IDENTITY, "guardiansMax", &most);
  for (u32 user = 1; user <= 2; user++) {
    sj_human(f, U(user), 90 + user);
    sf_call_of(f, "setGuardians(address[],uint8,uint32)");
    sf_u(f, 96), sf_u(f, 8), sf_u(f, 2 * SF_DAY), sf_u(f, 15);
    for (u32 i = 0; i < 15; i++) {
      addr20 g = sj_address(500 + 15 * user + i);
      if (i == 14) g = s.juror[user];
      sf_a(f, &g);
    }
    assert_true(sj_send(f, U(user), IDENTITY, 0));
  }
  u64 id = begin(&s, 1, 5);
  reply(f, id);
  f->due_gas = 0;
  sj_draw(&s, id);
  assert_int_equal(sj_state(f, id), SJ_COMMIT);
  printf("a draw took %llu gas at most\n", (unsigned long long)f->due_gas);
  for (u16 i = 0; i < 3; i++) {
    addr20 who = in_seat(&s, id, i);
    assert_false(addr20_eq(&who, &s.juror[1]) || addr20_eq(&who, &s.juror[2]));
  }
  sj_close(&s);
}

static void draw_when_repeated_is_uniform_and_the_same(void **st) {
  (void)st;
  enum { N = 13, ROUNDS = 26000 };
  u32 hit[N] = {0};
  struct module_call none = {0};
  for (u64 i = 0; i < ROUNDS; i++) {
    u256 seed, part[2] = {u256_from(i), u256_from(77)};
    u64 counter = 0, again = 0;
    module_key_of(&seed, part, 2);
    u64 index = shop_draw_index(&none, &seed, &counter, N);
    assert_true(index < N);
    assert_int_equal(index, shop_draw_index(&none, &seed, &again, N));
    hit[index]++;
  }
  double chi = 0, want = (double)ROUNDS / N;
  for (u32 i = 0; i < N; i++) chi += (hit[i] - want) * (hit[i] - want) / want;
  printf("chi-square %.2f of 12 degrees\n", chi);
  assert_true(chi < 32.9); /* 0.1 % */
  /* The same chain draws the same jurors. */
  struct sj a, b;
  u64 x = seated(&a, 15), y = seated(&b, 15);
  for (u16 i = 0; i < 3; i++) {
    addr20 p = in_seat(&a, x, i), q = in_seat(&b, y, i);
    assert_true(addr20_eq(&p, &q));
  }
  sj_close(&a);
  sj_close(&b);
}

/* A case whose seed is known, its draw some seconds off; the last three of 18 are
** in no court. */
static u64 about_to_draw(struct sj *s) {
  struct sf *f = &s->f;
  sj_open(s, 18);
  for (u32 i = 15; i < 18; i++)
    assert_true(DO(&s->juror[i], 0, "setCourts(uint16)", "u", 0ull));
  assert_int_equal(sj_pool(f, 1), 15);
  u64 id = begin(s, 1, 5);
  reply(f, id);
  sf_pass(f, 5 * SF_DAY + 1);
  assert_int_equal(sj_state(f, id), SJ_DRAWING);
  for (u32 i = 0; i < 7; i++) sf_pass(f, 1);
  assert_int_equal(sj_state(f, id), SJ_DRAWING);
  return id;
}
static void drawn(struct sj *s, u64 id, addr20 out[3]) {
  sj_leave(s, id, SJ_DRAWING, 10, 30);
  assert_int_equal(sj_state(&s->f, id), SJ_COMMIT);
  in_seats(s, id, out);
}
/* Between the seed and the draw, who comes, or goes and comes back, changes
** nothing for the others, and is not drawn himself. */
static void draw_when_the_pool_changes_meanwhile_is_the_same(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  addr20 want[3], seat[3];
  u64 id = about_to_draw(&s);
  drawn(&s, id, want);
  sj_close(&s);
  id = about_to_draw(&s);
  for (u32 i = 0; i < 15; i++) { /* all of those who are not drawn */
    bool is = false;
    for (u32 k = 0; k < 3; k++) is |= addr20_eq(&s.juror[i], &want[k]);
    if (is) continue;
    assert_true(DO(&s.juror[i], 0, "setCourts(uint16)", "u", 0ull));
    assert_true(DO(&s.juror[15 + i % 3], 0, "setCourts(uint16)", "u",
                   i < 3 ? 0x1full : 0ull));
    assert_true(DO(&s.juror[i], 0, "setCourts(uint16)", "u", 0x1full));
  }
  drawn(&s, id, seat);
  for (u32 i = 0; i < 3; i++) assert_true(addr20_eq(&want[i], &seat[i]));
  sj_close(&s);
  /* One of them goes and comes back: the next ones move up. */
  id = about_to_draw(&s);
  for (u64 courts = 0; courts < 0x3e; courts += 0x1f)
    assert_true(DO(&want[1], 0, "setCourts(uint16)", "u", courts));
  drawn(&s, id, seat);
  assert_true(addr20_eq(&seat[0], &want[0]) && addr20_eq(&seat[1], &want[2]));
  assert_false(addr20_eq(&seat[2], &want[1]));
  sj_balanced(&s, 1);
  sj_close(&s);
}

/* A pool that most have left is drawn from all the same: holes are passed over,
** and filled by who comes next. */
static void draw_when_most_have_left_finds_who_is_there(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 110);
  for (u32 i = 0; i < 100; i++)
    assert_true(DO(&s.juror[i], 0, "setCourts(uint16)", "u", 0ull));
  u64 id = begin(&s, 1, 5);
  reply(f, id);
  sj_draw(&s, id);
  assert_int_equal(sj_state(f, id), SJ_COMMIT);
  printf("found among 100 holes in %u indices, %llu gas at most\n",
         sj_round(f, id, 1).tries, (unsigned long long)f->due_gas);
  struct shop_court_record_pool_size n;
  u256 key = u256_from(1);
  for (u32 i = 0; i < 100; i++)
    assert_true(DO(&s.juror[i], 0, "setCourts(uint16)", "u", 1ull));
  sf_record(f, COURT, &shop_court_table_pool_size, &n, &key);
  assert_true(n.live == 110 && n.slots == 110 && n.hole == 0);
  sj_close(&s);
}

static void fine_when_paid_lifts_the_sanction_and_pays_what_is_owed(
    void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  u64 id = seated(&s, 12);
  DO(U(4), 100 * SJ_CMT, "payFine(uint64)", "u", id);
  IN("WrongState(uint8,bytes32,uint8)");
  sj_vote(&s, id, (u8[]){3, 3, 2}, 3, 0); /* the ladder allows 2 */
  assert_int_equal(sj_case(f, id).result, 2);
  u128 claimant = balance(f, U(1));
  sj_finish(&s, id, 1);
  sj_case_t k = sj_case(f, id);
  assert_true(k.fine_due == 100 * SJ_CMT && k.owed == 15 * SJ_CMT);
  assert_true(balance(f, U(1)) == claimant + 235 * SJ_CMT);
  st_save(f, 2, &st_plain, 1);
  IN("Sanctioned(address,uint8)"); /* no new listings */
  DO(U(4), 99 * SJ_CMT, "payFine(uint64)", "u", id);
  IN("WrongValue(uint256,uint256)");
  assert_true(DO(U(4), 100 * SJ_CMT, "payFine(uint64)", "u", id));
  assert_said(f, "SanctionSet(address,uint8,uint64,uint64,uint256)");
  assert_true(balance(f, U(1)) == claimant + 250 * SJ_CMT);
  assert_true(sj_fund(f) == 85 * SJ_CMT);
  DO(U(4), 100 * SJ_CMT, "payFine(uint64)", "u", id);
  IN("WrongState(uint8,bytes32,uint8)");
  st_save(f, 2, &st_plain, 1);
  assert_done(f);
  sj_balanced(&s, 1);
  /* With a fund nothing stays owed; a fine not paid ends after 90 days. */
  assert_true(DO(U(4), 7 * SJ_CMT, "fundCourt()", ""));
  assert_said(f, "FundChanged(uint256)");
  DO(U(4), 0, "fundCourt()", "");
  IN("ZeroAmount()");
  id = begin(&s, 1, 9);
  reply(f, id);
  sj_draw(&s, id);
  sj_vote(&s, id, (u8[]){2}, 1, 0);
  claimant = balance(f, U(1));
  sj_finish(&s, id, 2);
  assert_true(sj_case(f, id).owed == 0);
  assert_true(balance(f, U(1)) == claimant + 250 * SJ_CMT);
  assert_true(sj_fund(f) == 77 * SJ_CMT);
  sf_pass(f, 91 * SF_DAY);
  st_save(f, 2, &st_plain, 1);
  assert_done(f);
  sj_balanced(&s, 2);
  sj_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(accusation_when_reversed_pays_to_the_wei),
    cmocka_unit_test(accusation_when_not_right_is_refused),
    cmocka_unit_test(case_when_filed_waits_for_a_reply),
    cmocka_unit_test(juror_when_staked_sits_until_he_leaves),
    cmocka_unit_test(vote_when_not_right_is_refused),
    cmocka_unit_test(case_when_no_pool_is_dismissed_and_all_goes_back),
    cmocka_unit_test(case_when_no_quorum_draws_once_more_then_ends),
    cmocka_unit_test(vote_when_copied_cannot_be_revealed),
    cmocka_unit_test(period_when_a_second_off_is_not_over),
    cmocka_unit_test(seat_when_declined_a_second_late_stays),
    cmocka_unit_test(vote_when_told_costs_the_seat_and_the_lock),
    cmocka_unit_test(proof_when_copied_from_the_pool_is_worth_nothing),
    cmocka_unit_test(seat_when_declined_goes_to_the_next_index),
    cmocka_unit_test(juror_when_near_a_party_is_never_drawn),
    cmocka_unit_test(juror_when_a_party_only_names_or_pays_him_is_drawn),
    cmocka_unit_test(juror_when_parties_have_many_guardians_is_drawn),
    cmocka_unit_test(draw_when_repeated_is_uniform_and_the_same),
    cmocka_unit_test(draw_when_the_pool_changes_meanwhile_is_the_same),
    cmocka_unit_test(draw_when_most_have_left_finds_who_is_there),
    cmocka_unit_test(
        fine_when_paid_lifts_the_sanction_and_pays_what_is_owed),
  };
  return cmocka_run_group_tests_name("shop_court", tests, NULL, NULL);
}
