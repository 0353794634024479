/* test_shop_court_walk.c - module 0x..1015: bans and their confirming round,
** rehearings, emergencies, what a ruling does to listings, platforms and issuers,
** governance, and a random walk that keeps the books. */
#include "shop/shop_court_fixture.h"
#include "shop/shop_reach.h"

#define U(i) (&f->cf.user[i])
#define IN(error) assert_reverted(f, error)
#define DO(who, value, sig, ...) sj_as(f, who, value, sig, ##__VA_ARGS__)
#define VIEW(sig, ...) sf_view(f, COURT, sig, ##__VA_ARGS__)

static u64 sanction(struct sf *f, const addr20 *who) {
  sf_view(f, IDENTITY, "sanctionOf(address)", "a", who);
  return sf_word(f, 0);
}
static u128 cost(struct sf *f, u64 rule, const addr20 *who, u64 emergency) {
  u256 v;
  VIEW("accuseCost(uint16,address,bool)", "uau", rule, who, emergency);
  assert_done(f);
  u256_from_be(&v, f->out);
  return (u128)v.w[1] << 64 | v.w[0];
}
static u64 accuse(struct sf *f, u64 rule, u64 module, u64 t, u64 subject,
                  const addr20 *accused, u64 doc, u64 emergency) {
  u64 id = sj_accuse(f, U(1), cost(f, rule, U(1), emergency), rule, module, t,
                     subject, accused, doc, emergency);
  assert_done(f);
  return id;
}
/* From the first word to the ruling of three jurors, who all vote so. */
static u64 judged(struct sj *s, u64 rule, u64 module, u64 t, u64 subject,
                  const addr20 *accused, u64 doc, u8 vote) {
  u64 id = accuse(&s->f, rule, module, t, subject, accused, doc, 0);
  sj_draw(s, id);
  sj_vote(s, id, &vote, 1, 0);
  return id;
}

static void ban_when_confirmed_lasts_and_is_heard_again(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 40);
  u64 id = judged(&s, 4, IDENTITY, 1, 0, U(2), 5, 5);
  assert_int_equal(sj_case(f, id).result, 5);
  DO(U(2), 500 * SJ_CMT, "rehear(uint64,bytes32)", "uu", id, 1ull);
  IN("WrongState(uint8,bytes32,uint8)");
  sf_pass(f, 4 * SF_DAY + 1); /* nobody appeals: a larger jury is asked */
  sj_case_t k = sj_case(f, id);
  assert_int_equal(k.state, SJ_DRAWING);
  assert_true(k.confirm && k.n == 7 && k.round == 2);
  sj_balanced(&s, 1);
  sj_draw(&s, id);
  sj_vote(&s, id, (u8[]){5}, 1, 0);
  sj_finish(&s, id, 1);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  assert_int_equal(sanction(f, U(2)), 5);
  k = sj_case(f, id);
  assert_true(k.owed == 50 * SJ_CMT && k.fees_paid == 50 * SJ_CMT);
  sj_balanced(&s, 1);
  u128 fee = 100 * SJ_CMT;
  DO(U(3), fee, "rehear(uint64,bytes32)", "uu", id, 1ull);
  IN("NotAuthorised(address)");
  DO(U(2), fee, "rehear(uint64,bytes32)", "uu", id, 1ull);
  IN("TooEarly(uint64)");
  sf_pass(f, 180 * SF_DAY);
  DO(U(2), fee - 1, "rehear(uint64,bytes32)", "uu", id, 1ull);
  IN("BondTooSmall(uint256)");
  DO(U(2), fee, "rehear(uint64,bytes32)", "uu", id, 1ull);
  assert_done(f);
  u64 again = sf_word(f, 0);
  DO(U(2), fee, "rehear(uint64,bytes32)", "uu", id, 1ull);
  IN("Duplicate(bytes32)");
  assert_int_equal(sj_state(f, again), SJ_EVIDENCE);
  sj_draw(&s, again);
  sj_vote(&s, again, (u8[]){3}, 1, 0);
  assert_int_equal(sj_case(f, again).result, 3);
  DO(U(2), 35 * SJ_CMT, "appeal(uint64,bytes32)", "uu", again, 1ull);
  IN("NotLoser()"); /* he won: it is the first claimant's to appeal */
  sj_finish(&s, again, 2);
  assert_int_equal(sanction(f, U(2)), 3);
  sf_pass(f, 30 * SF_DAY);
  assert_int_equal(sanction(f, U(2)), 0);
  sj_balanced(&s, 2);
  sj_close(&s);
}

static void ban_when_not_confirmed_is_less(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 12); /* no pool for the larger jury */
  u64 id = judged(&s, 4, IDENTITY, 1, 0, U(2), 5, 5);
  sf_pass(f, 4 * SF_DAY + 1);
  sj_no_pool(f);
  sj_finish(&s, id, 1);
  assert_int_equal(sj_case(f, id).result, 4);
  assert_int_equal(sanction(f, U(2)), 4);
  /* What the larger jury was to have went back: the claimant is out of 15. */
  assert_true(sj_case(f, id).owed == 15 * SJ_CMT);
  sj_balanced(&s, 1);
  DO(U(2), 100 * SJ_CMT, "rehear(uint64,bytes32)", "uu", id, 1ull);
  IN("WrongState(uint8,bytes32,uint8)");
  sj_close(&s);
}

/* Nor is a ban that was appealed against when the larger jury cannot be had: who
** appeals is not worse off than who does not. */
static void ban_when_its_appeal_finds_no_pool_is_less(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 12);
  u64 id = judged(&s, 4, IDENTITY, 1, 0, U(2), 5, 5);
  assert_int_equal(sj_case(f, id).result, 5);
  assert_true(DO(U(2), 35 * SJ_CMT, "appeal(uint64,bytes32)", "uu", id, 1ull));
  sf_pass(f, 2 * SF_DAY + 1);
  sj_no_pool(f);
  sj_finish(&s, id, 1);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  assert_int_equal(sj_case(f, id).result, 4);
  assert_int_equal(sanction(f, U(2)), 4);
  assert_false(sj_case(f, id).confirm);
  sj_balanced(&s, 1);
  sj_close(&s);
}

static void level_when_few_agree_is_a_fine(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 30);
  /* Level 3 and more needs two thirds: 4 of 7 are not enough. */
  u64 id = judged(&s, 2, IDENTITY, 1, 0, U(2), 5, 3);
  assert_int_equal(sj_case(f, id).result, 3);
  assert_true(DO(U(2), 35 * SJ_CMT, "appeal(uint64,bytes32)", "uu", id, 1ull));
  sj_draw(&s, id);
  sj_vote(&s, id, (u8[]){3, 3, 3, 4, 1, 0, 2}, 7, 0);
  assert_int_equal(sj_case(f, id).result, 2);
  sj_finish(&s, id, 1);
  assert_int_equal(sanction(f, U(2)), 2);
  /* The ladder: after a fine, a rule that is not severe reaches 3 (its most);
  ** a lesser one later does not shorten it. */
  id = judged(&s, 1, IDENTITY, 1, 0, U(2), 6, 3);
  assert_int_equal(sj_case(f, id).result, 3);
  sj_finish(&s, id, 2);
  sf_view(f, IDENTITY, "sanctionOf(address)", "a", U(2));
  assert_int_equal(sf_word(f, 0), 3);
  u64 until = sf_word(f, 1);
  assert_true(until > sf_now(f) + 59 * SF_DAY); /* 30 days x (1 + 1) */
  id = judged(&s, 3, IDENTITY, 1, 0, U(2), 7, 1);
  sj_finish(&s, id, 3);
  assert_int_equal(sanction(f, U(2)), 3);
  assert_true(DO(U(3), sj_case(f, 1).fine_due, "payFine(uint64)", "u", 1ull));
  assert_int_equal(sanction(f, U(2)), 3);
  /* The last round has no appeal. */
  sj_balanced(&s, 3);
  sj_close(&s);
}

static void round_when_the_last_is_final(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 32);
  u256 two = u256_from(2);
  sf_param(f, COURT, "maxRounds", &two);
  assert_done(f); /* a default: courts have their own */
  sf_call_of(f, "setCourt(uint8,(bytes32,uint256,uint256,uint8,uint8,uint32,"
                "uint32,uint32,uint32))");
  sf_u(f, 1), sf_u(f, 1), sf_cmt(f, 100000), sf_cmt(f, 5000), sf_u(f, 3);
  sf_u(f, 2), sf_u(f, 2 * SF_DAY), sf_u(f, SF_DAY), sf_u(f, SF_DAY);
  sf_u(f, 2 * SF_DAY);
  sf_govern(f, COURT);
  assert_done(f);
  u64 id = judged(&s, 1, IDENTITY, 1, 0, U(2), 5, 1);
  assert_true(DO(U(2), 35 * SJ_CMT, "appeal(uint64,bytes32)", "uu", id, 1ull));
  sj_draw(&s, id);
  sj_vote(&s, id, (u8[]){1}, 1, 0);
  assert_int_equal(sj_state(f, id), SJ_ENFORCED);
  DO(U(2), 75 * SJ_CMT, "appeal(uint64,bytes32)", "uu", id, 1ull);
  IN("LastRound()");
  sj_finish(&s, id, 1);
  assert_int_equal(sanction(f, U(2)), 1);
  /* Who appealed in vain paid for it: ten share 50. */
  u32 paid = 0;
  for (u32 i = 0; i < s.jurors; i++) {
    u256 v = sf_balance(f, &s.juror[i]), want = module_word_of(805 * SJ_CMT);
    paid += u256_eq(&v, &want);
  }
  assert_int_equal(paid, 10);
  sj_balanced(&s, 1);
  sj_close(&s);
}

/* 3, 7, 15, 31 seats: as many as a court has by default. */
static void accusation_when_fought_over_four_rounds_ends(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  static const u8 vote[] = {1, 0, 1, 1};
  sj_open(&s, 120);
  u64 id = judged(&s, 1, IDENTITY, 1, 0, U(2), 5, vote[0]), most = f->due_gas;
  for (u32 round = 1; round < 4; round++) {
    sj_case_t k = sj_case(f, id);
    const addr20 *loser = k.result ? U(2) : U(1);
    assert_int_equal(k.result, vote[round - 1]);
    assert_true(DO(loser, (2u * k.n + 1) * k.juror_fee,
                   "appeal(uint64,bytes32)", "uu", id, 1ull));
    sj_draw(&s, id);
    sj_vote(&s, id, &vote[round], 1, 0);
    sj_balanced(&s, 1);
  }
  assert_int_equal(sj_case(f, id).drawn, 56);
  assert_int_equal(sj_case(f, id).n, 31);
  DO(U(2), 315 * SJ_CMT, "appeal(uint64,bytes32)", "uu", id, 1ull);
  IN("LastRound()");
  u64 begun = f->cf.head.number;
  sj_finish(&s, id, 1);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  printf("56 seats judged and paid in %llu blocks, %llu gas at most; drawing "
         "%llu\n", (unsigned long long)(f->cf.head.number - begun),
         (unsigned long long)f->due_gas, (unsigned long long)most);
  /* 15 + 35 + 75 + 155 of fees, and 7 x 10 of the second round, which the
  ** claimant who overturned it has back first: 49 share the rest. */
  u128 share = (280 + 70 - 70) * SJ_CMT / 49;
  u32 paid = 0;
  for (u32 i = 0; i < s.jurors; i++) {
    u256 v = sf_balance(f, &s.juror[i]);
    u256 want = module_word_of(800 * SJ_CMT + share);
    paid += u256_eq(&v, &want);
  }
  assert_int_equal(paid, 49);
  sj_close(&s);
}

/* An appeal's round that finds no pool leaves the ruling before it. */
static void appeal_when_no_pool_leaves_the_ruling(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 12);
  u256 had = sf_balance(f, U(2));
  u64 id = judged(&s, 1, IDENTITY, 1, 0, U(2), 5, 1);
  assert_true(DO(U(2), 35 * SJ_CMT, "appeal(uint64,bytes32)", "uu", id, 1ull));
  sf_pass(f, 2 * SF_DAY + 1);
  sj_no_pool(f);
  sj_finish(&s, id, 1);
  assert_int_equal(sj_state(f, id), SJ_CLOSED);
  assert_int_equal(sanction(f, U(2)), 1);
  u256 has = sf_balance(f, U(2));
  assert_true(u256_eq(&has, &had)); /* nobody earned his fee */
  sj_balanced(&s, 1);
  sj_close(&s);
}

/*---------------------------------------------------------------- emergencies */

static u64 listing_state(struct sf *f, u64 id) {
  u256 key = u256_from(id);
  return sf_state(f, MARKET, 1, &key);
}
static struct shop_court_record_panel panel(struct sf *f, u64 id) {
  struct shop_court_record_panel p;
  u256 key = u256_from(id);
  sf_record(f, COURT, &shop_court_table_panel, &p, &key);
  return p;
}
static u64 emergency(struct sj *s, u64 listing, u64 doc) {
  u64 id = accuse(&s->f, 2, MARKET, 1, listing, &s->f.cf.user[3], doc, 1);
  for (u32 i = 0; i < 40 && panel(&s->f, id).state == 1; i++)
    sf_pass(&s->f, 10);
  return id;
}
static void emergency_when_five_of_seven_agree_suspends(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 36);
  u64 listing = st_save(f, 3, &st_plain, 4);
  u64 id = emergency(&s, listing, 5);
  struct shop_court_record_panel p = panel(f, id);
  assert_int_equal(p.state, 2);
  assert_int_equal(p.cnt, 7);
  DO(U(4), 0, "emergencyVote(uint64,bool)", "uu", id, 1ull);
  IN("NotSeated()");
  for (u16 i = 0; i < 5; i++) {
    addr20 who = sj_seat(f, id, SJ_PANEL, i).juror;
    assert_int_equal(listing_state(f, listing), 1);
    if (i == 1) {
      DO(&s.juror[0], 0, "commit(uint64,bytes32)", "uu", id, 1ull);
      IN("NotSeated()");
    }
    assert_true(DO(&who, 0, "emergencyVote(uint64,bool)", "uu", id, 1ull));
    assert_said(f, "EmergencyVoted(uint64,address,bool)");
    assert_said(f, "PanelSaved(uint64,bytes)");
    DO(&who, 0, "emergencyVote(uint64,bool)", "uu", id, 1ull);
    IN("AlreadyCommitted()");
    u256 has = sf_balance(f, &who), want = module_word_of(805 * SJ_CMT);
    assert_true(u256_eq(&has, &want)); /* paid at once */
  }
  assert_int_equal(listing_state(f, listing), 5); /* Suspended */
  sj_balanced(&s, 1);
  addr20 late = sj_seat(f, id, SJ_PANEL, 5).juror;
  sf_pass(f, SF_DAY + 1);
  assert_int_equal(panel(f, id).state, 3);
  assert_int_equal(sj_juror(f, &late).seats, 0);
  DO(&late, 0, "emergencyVote(uint64,bool)", "uu", id, 1ull);
  IN("NotSeated()");
  sf_pass(f, 7 * SF_DAY);
  assert_int_equal(listing_state(f, listing), 1); /* for 7 days at most */
  sj_draw(&s, id);
  for (u16 i = 0; i < 3; i++) { /* nobody of the panel sits again */
    addr20 who = sj_seat(f, id, 1, i).juror;
    for (u16 k = 0; k < 7; k++) {
      addr20 other = sj_seat(f, id, SJ_PANEL, k).juror;
      assert_false(addr20_eq(&who, &other));
    }
  }
  sj_vote(&s, id, (u8[]){3}, 1, 0);
  sj_finish(&s, id, 1);
  assert_int_equal(listing_state(f, listing), 5);
  /* 100 x 5 and 35 of bond; 15 and 25 were spent and are owed. */
  assert_true(sj_case(f, id).owed == 40 * SJ_CMT);
  sf_pass(f, 31 * SF_DAY);
  assert_int_equal(listing_state(f, listing), 1);
  sj_balanced(&s, 1);
  /* Withdrawn, the listing is free again and the panel goes home. */
  id = emergency(&s, listing, 6);
  for (u16 i = 0; i < 6; i++) {
    addr20 who = sj_seat(f, id, SJ_PANEL, i).juror;
    assert_true(DO(&who, 0, "emergencyVote(uint64,bool)", "uu", id,
                   (u64)(i > 0)));
  }
  assert_int_equal(listing_state(f, listing), 5);
  addr20 last = sj_seat(f, id, SJ_PANEL, 6).juror;
  assert_true(DO(U(1), 0, "withdrawCase(uint64)", "u", id));
  assert_int_equal(listing_state(f, listing), 1);
  assert_int_equal(sj_juror(f, &last).seats, 0);
  sj_balanced(&s, 2);
  sj_close(&s);
}

static u64 suspended_until(struct sf *f, u64 id) {
  struct shop_market_record_listing l;
  u256 key = u256_from(id);
  sf_record(f, MARKET, &shop_market_table_listing, &l, &key);
  return l.state == 5 ? l.deadline : 0;
}
/* An emergency that comes to nothing takes back what it did, and not what another
** case's ruling did: else a friend's accusation, withdrawn, would free it. */
static void emergency_when_withdrawn_leaves_what_was_ruled(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 36);
  u64 listing = st_save(f, 3, &st_plain, 4);
  u64 id = judged(&s, 4, MARKET, 1, listing, U(3), 5, 3);
  sj_finish(&s, id, 1);
  u64 until = suspended_until(f, listing), days[] = {0, 25};
  assert_true(until > sf_now(f) + 29 * SF_DAY);
  for (u32 k = 0; k < 2; k++) { /* it ends after, and before, the ruling's */
    sf_pass(f, days[k] * SF_DAY);
    id = emergency(&s, listing, 20 + k);
    for (u16 i = 0; i < 5; i++) {
      addr20 who = sj_seat(f, id, SJ_PANEL, i).juror;
      assert_true(DO(&who, 0, "emergencyVote(uint64,bool)", "uu", id, 1ull));
    }
    assert_int_equal(suspended_until(f, listing) > until, k);
    assert_true(DO(U(1), 0, "withdrawCase(uint64)", "u", id));
    assert_int_equal(suspended_until(f, listing), until);
  }
  sf_pass(f, until - sf_now(f) + 1);
  assert_int_equal(listing_state(f, listing), 1);
  sj_balanced(&s, 3);
  sj_close(&s);
}

static void emergency_when_no_pool_or_no_majority_does_nothing(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 20); /* 21 are wanted */
  u64 listing = st_save(f, 3, &st_plain, 4);
  u64 id = emergency(&s, listing, 5);
  assert_int_equal(panel(f, id).state, 3);
  u256 had = sf_balance(f, U(1)), has;
  assert_true(DO(U(1), 0, "withdrawCase(uint64)", "u", id));
  has = sf_balance(f, U(1));
  u256_sub(&has, &has, &had);
  u256 want = module_word_of(535 * SJ_CMT);
  assert_true(u256_eq(&has, &want));
  for (u32 i = 0; i < 4; i++) sj_join(&s, 0x1f);
  id = emergency(&s, listing, 6);
  for (u16 i = 0; i < 7; i++) {
    addr20 who = sj_seat(f, id, SJ_PANEL, i).juror;
    assert_true(DO(&who, 0, "emergencyVote(uint64,bool)", "uu", id,
                   (u64)(i < 4)));
  }
  assert_int_equal(panel(f, id).state, 3);
  assert_int_equal(listing_state(f, listing), 1);
  sj_balanced(&s, 2);
  sj_close(&s);
}

/*------------------------------------------------------------------- subjects */

static void subject_when_ruled_on_is_suspended_or_closed(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 12);
  u64 listing = st_save(f, 3, &st_plain, 4);
  sf_call_of(f, "register(bytes32,bytes32,uint16,uint16,uint8,uint64)");
  for (u32 i = 0; i < 6; i++) sf_u(f, 0);
  assert_true(sj_send(f, U(4), PLATFORMS, 100 * SJ_CMT));
  u256 platform = u256_from(sf_word(f, 0));
  u64 id = judged(&s, 2, PLATFORMS, 1, platform.w[0], U(4), 5, 3);
  sj_finish(&s, id, 1);
  assert_int_equal(sf_state(f, PLATFORMS, 1, &platform), 5);
  sf_pass(f, 31 * SF_DAY);
  assert_int_equal(sf_state(f, PLATFORMS, 1, &platform), 1);
  id = judged(&s, 2, PLATFORMS, 1, platform.w[0], U(4), 6, 4);
  sj_finish(&s, id, 2);
  assert_int_equal(sf_state(f, PLATFORMS, 1, &platform), 3); /* Closing */
  id = judged(&s, 2, MARKET, 1, listing, U(3), 7, 4);
  sj_finish(&s, id, 3);
  assert_int_equal(listing_state(f, listing), 4); /* Closed */
  assert_int_equal(sanction(f, U(3)), 4);
  sf_pass(f, 40 * SF_DAY);
  assert_int_equal(sf_state(f, PLATFORMS, 1, &platform), 4); /* Closed */
  sj_balanced(&s, 3);
  sj_close(&s);
}

static void issuer_when_ruled_on_is_suspended_or_loses_his_bond(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 12);
  u256 key = module_key_addr(U(0));
  u64 id = judged(&s, 6, IDENTITY, 5, 0, U(0), 5, 3);
  sj_finish(&s, id, 1);
  assert_int_equal(sf_state(f, IDENTITY, 5, &key), 3); /* Suspended */
  sf_pass(f, 31 * SF_DAY);
  assert_int_equal(sf_state(f, IDENTITY, 5, &key), 2);
  sf_call_of(f, "retireIssuer()");
  assert_true(sj_send(f, U(0), IDENTITY, 0));
  sf_pass(f, 20 * SF_DAY);
  /* His bond waits for the case that is open. */
  id = accuse(f, 6, IDENTITY, 5, 0, U(0), 6, 0);
  sf_pass(f, 11 * SF_DAY);
  assert_int_equal(sf_state(f, IDENTITY, 5, &key), 4); /* Leaving */
  sj_draw(&s, id);
  sj_vote(&s, id, (u8[]){4}, 1, 0);
  u128 fund = sj_fund(f);
  sj_finish(&s, id, 2);
  assert_true(sj_fund(f) + 15 * SJ_CMT >= fund + 5000 * SJ_CMT); /* half */
  sj_balanced(&s, 2);
  st_balanced(f, IDENTITY);
  sf_pass(f, 31 * SF_DAY);
  assert_int_equal(sf_state(f, IDENTITY, 5, &key), 5); /* Retired */
  st_balanced(f, IDENTITY);
  for (u32 i = 0; i < 2; i++) { /* and no other issuer until it is over */
    sf_call_of(f, "applyIssuer(bytes32[],uint16,bytes32)");
    sf_u(f, 96), sf_u(f, 0), sf_u(f, 0), sf_u(f, 0);
    assert_int_equal(sj_send(f, U(0), IDENTITY, 10000 * SJ_CMT), i);
    if (i == 0) IN("Sanctioned(address,uint8)");
    sf_pass(f, 60 * SF_DAY);
  }
  sj_close(&s);
}

/* Dormant idleMax after the last act, not after each look at that. */
static void issuer_when_idle_counts_from_his_last_act(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 0);
  u256 key = module_key_addr(U(0));
  sf_pass(f, 400 * SF_DAY);
  sf_call_of(f, "addBond()");
  assert_true(sj_send(f, U(0), IDENTITY, SJ_CMT));
  u64 from = sf_now(f) + 1; /* what is sent between blocks is the next one's */
  sf_pass_to(f, from + 730 * SF_DAY - 1);
  assert_int_equal(sf_state(f, IDENTITY, 5, &key), 2);
  sf_pass(f, 2);
  assert_int_equal(sf_state(f, IDENTITY, 5, &key), 6);
  st_balanced(f, IDENTITY);
  sj_close(&s);
}

/*----------------------------------------------------------------- governance */

static void put_court(struct sf *f, u64 id, u64 jurors, u64 stake) {
  sf_call_of(f, "setCourt(uint8,(bytes32,uint256,uint256,uint8,uint8,uint32,"
                "uint32,uint32,uint32))");
  sf_u(f, id), sf_u(f, 1), sf_cmt(f, stake), sf_cmt(f, 5000), sf_u(f, jurors);
  sf_u(f, 4), sf_u(f, 5 * SF_DAY), sf_u(f, 3 * SF_DAY), sf_u(f, 2 * SF_DAY);
  sf_u(f, 4 * SF_DAY);
}
static void put_rule(struct sf *f, u64 id, u64 court, u64 level, u64 fine) {
  sf_call_of(f, "setRule(uint16,(uint8,uint8,bool,uint256,uint256,bytes32))");
  sf_u(f, id), sf_u(f, court), sf_u(f, level), sf_u(f, 0), sf_cmt(f, 50000);
  sf_cmt(f, fine), sf_u(f, 9);
}
static void court_when_governed_has_its_courts_and_rules(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 1);
  static const char range[] = "OutOfRange(bytes32,uint256,uint256,uint256)";
  for (u64 i = 1; i <= 5; i++) {
    u256 key = u256_from(i);
    assert_int_equal(sf_state(f, COURT, 2, &key), 1);
    assert_true(shop_court_name((u8)i).len > 0);
  }
  for (u64 i = 1; i <= 7; i++) {
    struct shop_court_record_rule r;
    u256 key = u256_from(i);
    hash32 h;
    slice text = shop_court_rule_text((u16)i);
    sf_record(f, COURT, &shop_court_table_rule, &r, &key);
    crypto_keccak256(&h, text.ptr, text.len);
    assert_true(r.state == 1 && hash32_eq(&h, &r.doc));
  }
  assert_int_equal(shop_court_rule_text(8).len, 0);
  put_court(f, 6, 3, 100000);
  sj_send(f, U(1), COURT, 0);
  IN("NotAuthorised(address)");
  put_rule(f, 8, 1, 3, 1000);
  sj_send(f, U(1), COURT, 0);
  IN("NotAuthorised(address)");
  put_court(f, 17, 3, 100000);
  sf_govern(f, COURT);
  IN(range);
  put_court(f, 6, 4, 100000);
  sf_govern(f, COURT);
  IN(range); /* odd */
  put_court(f, 6, 3, 9999);
  sf_govern(f, COURT);
  IN(range);
  put_court(f, 6, 3, 10000);
  sf_govern(f, COURT);
  assert_done(f);
  assert_said(f, "CourtSaved(uint8,bytes)");
  /* What is not given is as the parameters are by then. */
  u256 v = u256_from(150), cmt = u256_from(SF_CMT), key;
  struct shop_court_record_court d;
  u256_mul(&v, &v, &cmt);
  sf_param(f, COURT, "minStake", &v);
  sf_call_of(f, "setCourt(uint8,(bytes32,uint256,uint256,uint8,uint8,uint32,"
                "uint32,uint32,uint32))");
  sf_u(f, 7);
  for (u32 i = 0; i < 9; i++) sf_u(f, 0);
  sf_govern(f, COURT);
  assert_done(f);
  key = u256_from(7);
  sf_record(f, COURT, &shop_court_table_court, &d, &key);
  assert_true(d.min_stake == 150 * SJ_CMT && d.juror_fee == 5 * SJ_CMT);
  assert_true(d.jurors0 == 3 && d.max_rounds == 4);
  assert_true(d.evidence == 5 * SF_DAY && d.commit == 3 * SF_DAY &&
              d.reveal == 2 * SF_DAY && d.appeal == 4 * SF_DAY);
  put_rule(f, 8, 9, 3, 1000);
  sf_govern(f, COURT);
  IN("NoSuchRecord(uint8,bytes32)");
  put_rule(f, 8, 6, 6, 1000);
  sf_govern(f, COURT);
  IN(range);
  put_rule(f, 8, 6, 3, 0);
  sf_govern(f, COURT);
  IN(range); /* level 2 is a fine */
  put_rule(f, 8, 6, 3, 1000);
  sf_govern(f, COURT);
  assert_done(f);
  assert_said(f, "RuleSaved(uint16,bytes)");
  assert_true(DO(&s.juror[0], SJ_CMT, "stake(uint16)", "u", 0x3full));
  assert_int_equal(sj_pool(f, 6), 1);
  accuse(f, 8, IDENTITY, 1, 0, U(2), 4, 0);
  put_rule(f, 8, 6, 0, 0); /* closed */
  sf_govern(f, COURT);
  assert_done(f);
  VIEW("accuseCost(uint16,address,bool)", "uau", 8ull, U(1), 0ull);
  IN("RuleClosed(uint16)");
  sj_close(&s);
}

static void names_when_numbered_keep_their_numbers(void **st) {
  (void)st;
  static const char *const name[] = {
    "juror", "court", "rule", "case", "seat", "round", "panel", "claimant",
    "past", "fund", "pool", "pool_size", "pool_place", "seat_place", "target",
    "used", "submitted", "tip"};
  static const struct { const char *name; u64 min, max; bool money; } param[] = {
    {"minStake", 10000, 10000000, true}, {"jurorFee", 500, 100000, true},
    {"jurors0", 3, 7, false}, {"maxRounds", 2, 5, false},
    {"reply", 259200, 1814400, false}, {"evidence", 172800, 1209600, false},
    {"commit", 86400, 604800, false}, {"reveal", 86400, 432000, false},
    {"appeal", 172800, 864000, false}, {"leaveDelay", 604800, 5184000, false},
    {"accuseBond", 5000, 5000000, true}, {"incoherentBps", 0, 3000, false},
    {"noShowBps", 500, 5000, false}, {"idleMax", 15552000, 315360000, false}};
  for (u32 i = 0; i < ARRAY_LEN(name); i++)
    assert_string_equal(module_record_of(&shop_court, (u8)(i + 1))->name,
                        name[i]);
  struct sf f;
  sf_open(&f);
  for (u32 i = 0; i < ARRAY_LEN(param); i++) {
    u256 unit = u256_from(param[i].money ? SF_CMT / 1000 : 1), v;
    u64 at[] = {param[i].min, param[i].max, param[i].max + 1,
                param[i].min - 1};
    for (u32 k = 0; k < 4 - (param[i].min == 0); k++) {
      v = u256_from(at[k]);
      u256_mul(&v, &v, &unit);
      sf_param(&f, COURT, param[i].name, &v);
      if (k < 2) assert_done(&f);
      else assert_reverted(&f, "OutOfRange(bytes32,uint256,uint256,uint256)");
    }
  }
  sf_close(&f);
}
static void period_when_over_is_logged(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 9);
  assert_true(sf_do(f, 1, COURT, "fundCourt()", "") == false);
  u64 id = accuse(f, 1, IDENTITY, 1, 0, U(2), 4, 0);
  sf_pass(f, 8 * SF_DAY);
  sf_pass(f, 6 * SF_DAY);
  u32 drawn = 0;
  for (u32 i = 0; i < 60 && sj_state(f, id) == SJ_DRAWING; i++) {
    sf_pass(f, 10);
    drawn += sf_logs(f, "Drawn(uint64,uint8,address,uint8)", NULL);
  }
  assert_int_equal(drawn, 3);
  sf_pass(f, 3 * SF_DAY + 1); /* nobody commits: straight to the next draw */
  assert_int_equal(sj_state(f, id), SJ_DRAWING);
  sj_balanced(&s, 1);
  sj_close(&s);
}

/*-------------------------------------------------------------- random walk */

static u32 walk_rand(u64 *s) {
  *s ^= *s << 13, *s ^= *s >> 7, *s ^= *s << 17;
  return (u32)(*s >> 11);
}
struct walk {
  struct sj s;
  u64 seed, cases, done, refused;
};
static void walk_note(struct walk *w) {
  if (w->s.f.ok) w->done++;
  else w->refused++;
}
static void walk_file(struct walk *w, u32 r) {
  struct sf *f = &w->s.f;
  static const u64 rule[] = {1, 2, 4, 6, 3};
  u64 on = rule[r % 5], listing = r >> 8 & 1, urgent = on == 2 && r & 512;
  const addr20 *who = U(1 + (r >> 10) % 2), *accused = U(3 + (r >> 12) % 2);
  if (listing) accused = U(3);
  u64 id = sj_accuse(f, who, cost(f, on, who, urgent), on,
                     listing ? MARKET : IDENTITY, 1, listing, accused,
                     w->cases + 1, urgent);
  w->cases += id != 0;
  walk_note(w);
}
/* Jurors agree, by and large. */
static u64 walk_vote(struct walk *w, u64 id, const sj_seat_t *seat) {
  u64 vote = id % 4 == 3 ? 5 : id % 4;
  if (seat->juror.b[3] % 5 == 0) vote = 0;
  u64 most = sj_case(&w->s.f, id).max_level;
  return vote > most ? most : vote;
}
/* What a juror who sits does: what he should, mostly. */
static void walk_sit(struct walk *w, u64 id, u32 r) {
  struct sf *f = &w->s.f;
  sj_case_t k = sj_case(f, id);
  bool on_panel = panel(f, id).state == 2 && r & 1;
  u16 cnt = on_panel ? panel(f, id).cnt : sj_round(f, id, k.round).cnt;
  if (cnt == 0) return;
  sj_seat_t seat = sj_seat(f, id, on_panel ? SJ_PANEL : k.round,
                           (u16)((r >> 4) % cnt));
  VIEW("seatOf(uint64,address)", "ua", id, &seat.juror);
  u64 vote = walk_vote(w, id, &seat);
  if (on_panel) {
    DO(&seat.juror, 0, "emergencyVote(uint64,bool)", "uu", id,
       (u64)((r >> 12) % 8 > 1));
  } else if (r >> 12 & 1 || k.state == SJ_REVEAL) {
    sj_reveal(f, id, &seat.juror, vote, r >> 20 & 1);
    if (!f->ok) sj_reveal(f, id, &seat.juror, vote, 0);
  } else if (seat.state == SJ_DRAWN && (r >> 13) % 4 == 0) {
    DO(&seat.juror, 0, "declineSeat(uint64)", "u", id);
  } else if (seat.state == SJ_COMMITTED && (r >> 13) % 2 == 0) {
    sj_snitch(f, U(1), id, &seat.juror, vote);
    if (!f->ok) sj_tip(f, U(1), id, k.round, &seat.juror, vote);
  } else {
    sj_commit(f, id, k.round, &seat.juror, vote, 0);
  }
  walk_note(w);
}
/* Most of those who sit do what is due. */
static void walk_all(struct walk *w, u64 id, u32 r) {
  struct sf *f = &w->s.f;
  sj_case_t k = sj_case(f, id);
  sj_round_t round = sj_round(f, id, k.round);
  bool same = r & 3;
  for (u16 i = round.first; i < round.cnt; i++) {
    sj_seat_t seat = sj_seat(f, id, k.round, i);
    if (walk_rand(&w->seed) % 12 == 0) continue;
    u64 vote = walk_vote(w, id, &seat);
    if (k.state == SJ_COMMIT) sj_commit(f, id, k.round, &seat.juror, vote, 0);
    else if (same) sj_reveal(f, id, &seat.juror, vote, 0);
    walk_note(w);
  }
}
static void walk_party(struct walk *w, u64 id, u32 r) {
  struct sf *f = &w->s.f;
  const addr20 *who = U(1 + (r >> 4) % 4);
  switch (r % 6) {
    case 0: DO(who, 0, "reply(uint64,bytes32)", "uu", id, 1ull); break;
    case 1:
      if (r >> 8 & 3) return;
      who = &(const addr20[]){sj_case(f, id).claimant}[0];
      DO(who, 0, "withdrawCase(uint64)", "u", id);
      break;
    case 2: case 3: {
      sj_case_t k = sj_case(f, id);
      DO(r & 64 ? &k.claimant : &k.accused,
         (2u * k.n + 1) * k.juror_fee, "appeal(uint64,bytes32)", "uu", id,
         1ull);
      break;
    }
    case 4:
      for (u64 i = 1; i <= w->cases && r & 256; i++)
        if (sj_case(f, i).state == SJ_CLOSED && sj_case(f, i).fine_due) id = i;
      DO(who, sj_case(f, id).fine_due, "payFine(uint64)", "u", id);
      break;
    default:
      DO(who, 0, "submit(uint64,bytes32,uint8)", "uuu", id, 1ull, 1ull);
  }
  walk_note(w);
}
static void walk_juror(struct walk *w, u32 r) {
  struct sf *f = &w->s.f;
  const addr20 *who = &w->s.juror[r % w->s.jurors];
  VIEW("odds(address)", "a", who);
  VIEW("appealCost(uint64)", "u", w->cases);
  if (r >> 8 & 1) DO(who, 50 * SJ_CMT, "stake(uint16)", "u", 0x1full);
  else if (r >> 9 & 3) DO(who, 0, "setCourts(uint16)", "u", 0x1full);
  else DO(who, 0, "leaveJury()", "");
  walk_note(w);
}

/* 0: all cases are closed; 1: what is open waits for days; 2: some case draws
** or is enforced. */
static u32 walk_open(struct walk *w) {
  u32 open = 0;
  for (u64 id = 1; id <= w->cases; id++) {
    sj_case_t k = sj_case(&w->s.f, id);
    bool soon = k.state == SJ_ENFORCED || (k.state == SJ_DRAWING && k.draw_height);
    if (k.state != SJ_CLOSED && open < 1u + soon) open = 1 + soon;
  }
  return open;
}

/* No juror twice in a case; a sanction only after a final ruling. */
static void walk_seats(struct walk *w) {
  struct sf *f = &w->s.f;
  for (u64 id = 1; id <= w->cases; id++) {
    sj_case_t k = sj_case(f, id);
    addr20 seen[512];
    u32 n = 0;
    for (u8 round = 1; round <= k.round + 1; round++) {
      u8 at = round > k.round ? SJ_PANEL : round;
      u16 cnt = at == SJ_PANEL ? panel(f, id).cnt : sj_round(f, id, at).cnt;
      for (u16 i = 0; i < cnt && n < ARRAY_LEN(seen); i++) {
        addr20 who = sj_seat(f, id, at, i).juror;
        for (u32 m = 0; m < n; m++) assert_false(addr20_eq(&who, &seen[m]));
        seen[n++] = who;
      }
    }
    assert_int_equal(n, k.drawn);
  }
}

/* Automatic exits of SPEC-commerce 7 that such a walk comes to. */
static const struct reach_exit walk_exits[] = {
  {COURT, 1, 2, 3, "a juror who left gets his stake back"},
  {COURT, 4, 1, 2, "no reply: evidence"},
  {COURT, 4, 2, 3, "evidence is over: drawing"},
  {COURT, 4, 3, 3, "the draw goes on"},
  {COURT, 4, 3, 4, "the seats are drawn"},
  {COURT, 4, 3, 7, "no pool: by default"},
  {COURT, 4, 4, 5, "the time to commit is over"},
  {COURT, 4, 5, 3, "too few reveals: drawn once more"},
  {COURT, 4, 5, 6, "the time to reveal is over"},
  {COURT, 4, 6, 7, "nobody appealed"},
  {COURT, 4, 7, 7, "the ruling is carried out in portions"},
  {COURT, 4, 7, 8, "closed"},
  {COURT, 7, 1, 2, "a panel is drawn"},
  {COURT, 7, 2, 3, "a panel's time is over"}};
/* After half a year, by governance, or of subjects that come later: the tests
** before, and test_shop_court_challenge; what all modules have: _chain. */
static const char *const walk_not[] = {
  "Court.rehear", "Court.challenge", "Court.setCourt", "Court.setRule",
  "Court.multicall", "Court.permitCall", "Court.withdraw", "Court.claimable",
  "Court.record", "Court.slotOf", "Court.deadlineOf", "Court.param",
  "Court.setParam", "Court.pauseLevel", "Court.setPause", "Court.sweepSurplus",
  "Court.version", "Court.supportsInterface", NULL};

/* Parties, jurors and strangers do anything to any case; time jumps.  After each
** step Court holds what its records say, and after a long time all is over. */
static void walk_world(u64 seed, u32 steps) {
  struct walk *w = mem_alloc(sizeof *w);
  memset(w, 0, sizeof *w);
  w->seed = 0x9e3779b97f4a7c15 + seed * 977;
  struct sf *f = &w->s.f;
  sj_open(&w->s, 30);
  st_save(f, 3, &st_plain, 4);
  assert_done(f);
  assert_true(DO(U(5), 20 * SJ_CMT, "fundCourt()", ""));
  for (u32 step = 0; step < steps; step++) {
    u32 r = walk_rand(&w->seed), pick = walk_rand(&w->seed) % 16;
    u64 open = w->cases > 6 ? 6 : w->cases;
    u64 id = open ? w->cases - r % open : 0;
    r = walk_rand(&w->seed);
    if (pick == 0 || id == 0) walk_file(w, r);
    else if (pick < 5) walk_sit(w, id, r);
    else if (pick < 8) walk_all(w, id, r);
    else if (pick < 11) walk_party(w, id, r);
    else if (pick == 11) walk_juror(w, r);
    else sf_pass(f, r % 4 ? 1 + r / 4 % 12 : 1 + r / 4 % (2 * SF_DAY));
    sj_balanced(&w->s, w->cases);
  }
  while (walk_open(w) && f->cf.head.number < 1000) {
    sf_pass(f, walk_open(w) == 1 ? SF_DAY : 10);
    if (f->cf.head.number % 8 == 0) sj_balanced(&w->s, w->cases);
  }
  u32 sanctions = 0, rounds = 0;
  for (u64 id = 1; id <= w->cases; id++) {
    sj_case_t k = sj_case(f, id);
    if (k.state != SJ_CLOSED)
      fail_msg("case %llu in state %u", (unsigned long long)id, k.state);
    sanctions += k.result > 0;
    rounds += k.round;
  }
  walk_seats(w);
  sj_balanced(&w->s, w->cases);
  printf("%llu cases (%u with a result, %u rounds), %llu steps done, %llu "
         "refused; deadlines took up to %llu gas a block\n",
         (unsigned long long)w->cases, sanctions, rounds,
         (unsigned long long)w->done, (unsigned long long)w->refused,
         (unsigned long long)f->due_gas);
  assert_true(w->cases > 5 && w->done > 80 && w->refused > 80);
  sj_close(&w->s);
  mem_free(w);
}
/* World after world, until each method and automatic exit was reached. */
static void court_when_walked_at_random_keeps_the_books(void **st) {
  (void)st;
  const struct module_def *def = &shop_court;
  const char *steps_text = getenv("COURT_WALK_STEPS");
  const char *seed_text = getenv("COURT_WALK_SEED");
  u32 steps = steps_text ? (u32)atol(steps_text) : 900, worlds = 0, left;
  u64 seed = seed_text ? (u64)atol(seed_text) : 0;
  reach_open(&def, 1);
  do {
    walk_world(seed++, steps);
    left = reach_missing(walk_exits, ARRAY_LEN(walk_exits), walk_not, false);
  } while (left && ++worlds < 8);
  assert_int_equal(reach_missing(walk_exits, ARRAY_LEN(walk_exits), walk_not,
                                 true), 0);
  sf_reach = (struct sf_reach){NULL, NULL};
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(ban_when_confirmed_lasts_and_is_heard_again),
    cmocka_unit_test(ban_when_not_confirmed_is_less),
    cmocka_unit_test(ban_when_its_appeal_finds_no_pool_is_less),
    cmocka_unit_test(level_when_few_agree_is_a_fine),
    cmocka_unit_test(round_when_the_last_is_final),
    cmocka_unit_test(accusation_when_fought_over_four_rounds_ends),
    cmocka_unit_test(appeal_when_no_pool_leaves_the_ruling),
    cmocka_unit_test(emergency_when_five_of_seven_agree_suspends),
    cmocka_unit_test(emergency_when_withdrawn_leaves_what_was_ruled),
    cmocka_unit_test(emergency_when_no_pool_or_no_majority_does_nothing),
    cmocka_unit_test(subject_when_ruled_on_is_suspended_or_closed),
    cmocka_unit_test(issuer_when_ruled_on_is_suspended_or_loses_his_bond),
    cmocka_unit_test(issuer_when_idle_counts_from_his_last_act),
    cmocka_unit_test(court_when_governed_has_its_courts_and_rules),
    cmocka_unit_test(names_when_numbered_keep_their_numbers),
    cmocka_unit_test(period_when_over_is_logged),
    cmocka_unit_test(court_when_walked_at_random_keeps_the_books),
  };
  return cmocka_run_group_tests_name("shop_court_walk", tests, NULL, NULL);
}
