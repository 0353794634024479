/* test_shop_mediation.c - disputes on a chain: offers, silence of one side and
** of both, mediators chosen, drawn, vanishing, paid; parts and wholes; tokens;
** deposits to the unit; who may not. */
#include "shop/shop_trade.h"

#include "shop/shop_court.h"
#include "shop/shop_mediation.h"

#define MEDIATION 0x1014
#define IDENTITY 0x1010
#define U(i) (&f.cf.user[i])
#define DO(user, sig, kinds, ...) \
  sf_do(&f, user, MEDIATION, sig, kinds, ##__VA_ARGS__)
#define ASK(sig, kinds, ...) sf_view(&f, MEDIATION, sig, kinds, ##__VA_ARGS__)
#define IN(error) assert_reverted(&f, error)
#define WRONG IN("WrongState(uint8,bytes32,uint8)")
enum { SELLER, BUYER, M2, M3, M4, NOBODY };
enum { NEGOTIATION = 1, CHOOSING, INVITED, EVIDENCE, PROPOSING, PROPOSED,
       AT_COURT, SETTLED, DROPPED };
enum { ORDER_SHIPPED = 2, ORDER_MILESTONES = 3, ORDER_DISPUTED = 7,
       ORDER_RESOLVED = 11 };
#define DEPOSIT 2000ull /* of either side, where the fee's cap is the least */
#define PRICE 1000000ull

/* Time, and what a deadline leaves to the next seconds. */
static void pass(struct sf *f, u64 seconds) {
  sf_pass(f, seconds);
  for (u32 i = 0; i < 2; i++) {
    assert_int_equal(
        sf_logs(f, "TimerFailed(uint8,bytes32,uint64,bytes)", NULL), 0);
    sf_pass(f, 1);
  }
}
static void pay(struct sf *f, u32 user, const char *sig, u64 id, u64 milli) {
  sf_call_of(f, sig);
  sf_u(f, id);
  sf_send_m(f, user, MEDIATION, milli);
}
static u64 dispute(struct sf *f, u32 user, u64 order, u64 sub, u64 bps,
                   u64 milli) {
  sf_call_of(f, "open(uint16,uint64,uint8,uint16,uint16,bytes32)");
  sf_u(f, ORDERS), sf_u(f, order), sf_u(f, sub), sf_u(f, bps), sf_u(f, 3);
  sf_u(f, 4);
  sf_send_m(f, user, MEDIATION, milli);
  return f->ok ? sf_word(f, 0) : 0;
}
static u64 state_of(struct sf *f, u64 id) {
  u256 key = u256_from(id);
  return sf_state(f, MEDIATION, 2, &key);
}
/* The court has no jurors: its default takes some days. */
static void until_ended(struct sf *f, u64 id) {
  for (u32 i = 0; i < 40 && state_of(f, id) == AT_COURT; i++) pass(f, SF_DAY);
  pass(f, 1);
}
static u64 accounted(struct sf *f) {
  st_balanced(f, MEDIATION);
  st_balanced(f, ORDERS);
  sf_view(f, MEDIATION, "accounted(address)", "u", 0ull);
  u256 v, milli = u256_from(SF_CMT / 1000);
  u256_from_be(&v, f->out);
  u256_divmod(&v, NULL, &v, &milli);
  return v.w[0];
}
static void enrol(struct sf *f, u32 user, u64 fee) {
  sf_call_of(f, "registerMediator(uint256,uint8,bytes32,uint64,bytes32)");
  sf_cmt(f, fee), sf_u(f, 2), sf_u(f, 7), sf_u(f, ~0ull), sf_u(f, 9);
  sf_send_m(f, user, MEDIATION, 200000);
}
static void mediator(struct sf *f, u32 user, u64 fee) {
  sf_do(f, user, IDENTITY, "create(uint8,bytes32,bytes32)", "uuu", 1ull, 5ull,
        6ull);
  assert_done(f);
  enrol(f, user, fee);
}
/* Shipped, by user 1 of user 0. */
static u64 shipped(struct sf *f) {
  struct st_listing l = st_plain;
  struct st_order o = {.seller = SELLER, .version = 1, .qty = 1,
                       .total = PRICE};
  o.listing = st_save(f, SELLER, &l, 10);
  u64 id = st_place(f, BUYER, &o);
  assert_done(f);
  sf_do(f, SELLER, ORDERS, "ship(uint64,bytes32)", "uu", id, 9ull);
  assert_done(f);
  return id;
}
static u64 begin(struct sf *f, u32 by, u64 bps) {
  u64 id = dispute(f, by, shipped(f), 255, bps, DEPOSIT);
  assert_done(f);
  return id;
}
/* Both in, and choosing. */
static u64 choosing(struct sf *f) {
  u64 id = begin(f, BUYER, 8000);
  pay(f, SELLER, "join(uint64)", id, DEPOSIT);
  assert_done(f);
  pass(f, 2 * SF_DAY);
  sf_do(f, BUYER, MEDIATION, "escalate(uint64)", "u", id);
  assert_done(f);
  return id;
}
static void prefer(struct sf *f, u32 user, u64 id, u32 name) {
  sf_call_of(f, "prefer(uint64,address[])");
  sf_u(f, id), sf_u(f, 64), sf_u(f, 1), sf_a(f, &f->cf.user[name]);
  sf_send_m(f, user, MEDIATION, 0);
}
/* User 2 is asked, accepts, and it is his to propose. */
static u64 appointed(struct sf *f) {
  u64 id = choosing(f);
  prefer(f, BUYER, id, M2);
  assert_done(f);
  prefer(f, SELLER, id, M2);
  assert_done(f);
  assert_int_equal(state_of(f, id), INVITED);
  sf_do(f, M2, MEDIATION, "acceptCase(uint64)", "u", id);
  assert_done(f);
  assert_logged(f, "Appointed(uint64,address,uint256)");
  return id;
}
static u64 proposed(struct sf *f, u64 bps, u64 on_buyer) {
  u64 id = appointed(f);
  sf_do(f, BUYER, MEDIATION, "rest(uint64)", "u", id);
  sf_do(f, SELLER, MEDIATION, "rest(uint64)", "u", id);
  assert_done(f);
  assert_int_equal(state_of(f, id), PROPOSING);
  sf_do(f, M2, MEDIATION, "propose(uint64,uint16,uint16,bytes32)", "uuuu", id,
        bps, on_buyer, 1ull);
  assert_done(f);
  assert_logged(f, "Proposed(uint64,uint16,uint16,bytes32)");
  return id;
}
/* What came in, in units of 1/1000 CMT and what is less. */
static u64 gained(struct sf *f, u32 user, const u256 *before) {
  u256 now = sf_balance(f, &f->cf.user[user]), d;
  bool less = u256_sub(&d, &now, before);
  assert_false(less);
  assert_true((d.w[1] | d.w[2] | d.w[3]) == 0);
  return d.w[0];
}
#define MILLI (SF_CMT / 1000)
static addr20 drawn(struct sf *f, u64 id) {
  struct shop_mediation_record_case k;
  u256 key = u256_from(id);
  sf_record(f, MEDIATION, &shop_mediation_table_case, &k, &key);
  return k.mediator;
}

/* Not over a second before its deadline; over then, and what follows in the next
** seconds. */
static void over_at(struct sf *f, u64 id, u64 state, u64 next) {
  struct shop_mediation_record_case k;
  u256 key = u256_from(id);
  sf_record(f, MEDIATION, &shop_mediation_table_case, &k, &key);
  assert_int_equal(k.state, state);
  sf_pass_to(f, k.deadline - 1);
  assert_int_equal(state_of(f, id), state);
  sf_pass_to(f, k.deadline);
  for (u32 i = 0; i < 4; i++) sf_pass(f, 1);
  assert_int_equal(state_of(f, id), next);
}

/*----------------------------------------------------------------- opening */

static void dispute_when_opened_locks_the_order(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u64 order = shipped(&f), other = shipped(&f);
  dispute(&f, NOBODY, order, 255, 5000, DEPOSIT);
  IN("NotAuthorised(address)");
  dispute(&f, BUYER, 99, 255, 5000, DEPOSIT);
  IN("NoSuchRecord(uint8,bytes32)");
  dispute(&f, BUYER, order, 3, 5000, DEPOSIT);
  IN("NotDisputable(uint8)");
  assert_int_equal(f.out[35], SHOP_WHY_SUBJECT);
  DO(BUYER, "open(uint16,uint64,uint8,uint16,uint16,bytes32)", "uuuuuu",
     0x1019ull, order, 255ull, 1ull, 0ull, 0ull);
  IN("NotDisputable(uint8)");
  dispute(&f, BUYER, order, 255, 10001, DEPOSIT);
  IN("BadBps()");
  dispute(&f, BUYER, order, 255, 5000, DEPOSIT - 1);
  IN("WrongValue(uint256,uint256)");
  u64 id = dispute(&f, BUYER, order, 255, 5000, DEPOSIT);
  assert_done(&f);
  printf("gas: open %llu\n", (unsigned long long)f.gas);
  assert_logged(&f, "CaseSaved(uint64,address,address,bytes)");
  assert_logged(&f, "OfferMade(uint64,address,uint16)");
  assert_int_equal(st_state(&f, order), ORDER_DISPUTED);
  assert_int_equal(state_of(&f, id), NEGOTIATION);
  ASK("caseOf(uint64)", "u", id);
  assert_done(&f);
  assert_int_equal(sf_word(&f, 0), NEGOTIATION);
  assert_int_equal(sf_word(&f, 1), sf_now(&f) + 5 * SF_DAY);
  ASK("caseOf(uint64)", "u", id + 1);
  IN("NoSuchRecord(uint8,bytes32)");
  assert_int_equal(accounted(&f), DEPOSIT);
  dispute(&f, SELLER, order, 255, 5000, DEPOSIT);
  IN("AlreadyDisputed()");
  sf_do(&f, BUYER, ORDERS, "confirm(uint64)", "u", order);
  IN("Locked()");
  DO(NOBODY, "offer(uint64,uint16)", "uu", id, 1ull);
  IN("NotAuthorised(address)");
  DO(BUYER, "acceptOffer(uint64,uint16)", "uu", id, 5000ull);
  IN("OfferMismatch(uint16)");
  assert_int_equal(load_be64(f.out + 28), 65535);
  DO(BUYER, "offer(uint64,uint16)", "uu", 77ull, 1ull);
  IN("NoSuchRecord(uint8,bytes32)");
  /* The seller opens one too, of the other order. */
  assert_int_equal(dispute(&f, SELLER, other, 255, 0, DEPOSIT), id + 1);
  sf_close(&f);
}

static u64 stock_of(struct sf *f, u64 listing) {
  sf_view(f, MARKET, "stockOf(uint64,uint16)", "uu", listing, 0ull);
  return sf_word(f, 0);
}
static void order_when_only_paid_is_disputed_by_the_buyer_and_late(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_listing l = st_plain;
  struct st_order o = {.seller = SELLER, .version = 1, .qty = 1,
                       .total = PRICE};
  o.listing = st_save(&f, SELLER, &l, 10);
  u64 order = st_place(&f, BUYER, &o);
  dispute(&f, SELLER, order, 255, 5000, DEPOSIT);
  IN("NotDisputable(uint8)");
  assert_int_equal(f.out[35], SHOP_WHY_SIDE);
  dispute(&f, BUYER, order, 255, 5000, DEPOSIT);
  IN("NotDisputable(uint8)");
  assert_int_equal(f.out[35], SHOP_WHY_EARLY);
  pass(&f, l.handling / 2);
  dispute(&f, BUYER, order, 255, 5000, DEPOSIT);
  assert_done(&f);
  pass(&f, 30 * SF_DAY);
  assert_int_equal(st_state(&f, order), ORDER_RESOLVED);
  dispute(&f, BUYER, order, 255, 5000, DEPOSIT);
  IN("NotDisputable(uint8)");
  assert_int_equal(f.out[35], SHOP_WHY_STATE);
  /* Half of the money for nothing sent: whose the piece is, they know. All of
  ** it: it is for sale again. */
  assert_int_equal(stock_of(&f, o.listing), 9);
  order = st_place(&f, BUYER, &o);
  pass(&f, l.handling / 2);
  dispute(&f, BUYER, order, 255, 10000, DEPOSIT);
  assert_int_equal(stock_of(&f, o.listing), 8);
  pass(&f, 30 * SF_DAY);
  assert_int_equal(st_state(&f, order), ORDER_RESOLVED);
  assert_int_equal(stock_of(&f, o.listing), 9);
  sf_close(&f);
}

/*--------------------------------------------------------- offers, silence */

static void offer_when_accepted_splits_what_is_held(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u64 order = shipped(&f);
  u256 seller = sf_balance(&f, U(SELLER)), buyer = sf_balance(&f, U(BUYER));
  u64 id = dispute(&f, BUYER, order, 255, 9000, DEPOSIT);
  DO(SELLER, "offer(uint64,uint16)", "uu", id, 10001ull);
  IN("BadBps()");
  DO(SELLER, "offer(uint64,uint16)", "uu", id, 3333ull);
  assert_done(&f);
  DO(BUYER, "acceptOffer(uint64,uint16)", "uu", id, 3334ull);
  IN("OfferMismatch(uint16)");
  DO(BUYER, "acceptOffer(uint64,uint16)", "uu", id, 3333ull);
  assert_done(&f);
  printf("gas: acceptOffer %llu\n", (unsigned long long)f.gas);
  assert_logged(&f, "Settled(uint64,uint16,uint8)");
  assert_logged(&f, "RepChanged(address,uint8,int64)");
  assert_int_equal(gained(&f, SELLER, &seller), PRICE - 333300);
  assert_int_equal(gained(&f, BUYER, &buyer), 333300);
  assert_int_equal(state_of(&f, id), SETTLED);
  assert_int_equal(st_state(&f, order), ORDER_RESOLVED);
  assert_int_equal(accounted(&f), 0);
  DO(BUYER, "offer(uint64,uint16)", "uu", id, 1ull);
  WRONG;
  DO(BUYER, "rate(uint64,uint8,bytes32)", "uuu", id, 5ull, 0ull);
  IN("NotAppointed()");
  sf_close(&f);
}

static void respondent_when_silent_has_the_openers_offer(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u256 buyer = sf_balance(&f, U(BUYER));
  u64 id = begin(&f, BUYER, 8000);
  /* More than the demand is not his by silence. */
  DO(BUYER, "offer(uint64,uint16)", "uu", id, 10000ull);
  assert_done(&f);
  pass(&f, 5 * SF_DAY);
  assert_int_equal(state_of(&f, id), SETTLED);
  assert_int_equal(st_state(&f, 1), ORDER_RESOLVED);
  u256 now = sf_balance(&f, U(BUYER)), lost;
  u256_sub(&lost, &buyer, &now);
  assert_int_equal(lost.w[0], PRICE - PRICE * 8 / 10);
  assert_int_equal(accounted(&f), 0);
  id = begin(&f, BUYER, 8000);
  DO(BUYER, "offer(uint64,uint16)", "uu", id, 2500ull);
  buyer = sf_balance(&f, U(BUYER));
  pass(&f, 5 * SF_DAY);
  assert_int_equal(gained(&f, BUYER, &buyer), DEPOSIT * MILLI + PRICE / 4);
  sf_close(&f);
}

static void buyer_when_silent_gives_a_seller_nothing(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u64 order = shipped(&f);
  pass(&f, SF_DAY);
  u64 id = dispute(&f, SELLER, order, 255, 0, DEPOSIT);
  assert_done(&f);
  u256 seller = sf_balance(&f, U(SELLER));
  pass(&f, 5 * SF_DAY);
  assert_int_equal(state_of(&f, id), DROPPED);
  assert_int_equal(st_state(&f, order), ORDER_SHIPPED);
  assert_int_equal(gained(&f, SELLER, &seller), DEPOSIT * MILLI);
  assert_int_equal(accounted(&f), 0);
  dispute(&f, SELLER, order, 255, 0, DEPOSIT);
  IN("NotDisputable(uint8)");
  assert_int_equal(f.out[35], SHOP_WHY_DROPPED);
  /* The time that was left runs on: 5 + 2 days less the one. */
  pass(&f, 6 * SF_DAY - 60);
  assert_int_equal(st_state(&f, order), ORDER_SHIPPED);
  pass(&f, 120);
  assert_int_equal(st_state(&f, order), 8);
  sf_close(&f);
}

static void respondent_when_he_only_talks_is_silent_in_the_end(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u64 id = begin(&f, BUYER, 8000);
  DO(SELLER, "offer(uint64,uint16)", "uu", id, 100ull);
  DO(BUYER, "escalate(uint64)", "u", id);
  IN("TooEarly(uint64)");
  pass(&f, 2 * SF_DAY);
  DO(BUYER, "escalate(uint64)", "u", id);
  IN("DepositMissing()");
  DO(BUYER, "join(uint64)", "u", id);
  IN("NotAuthorised(address)");
  pass(&f, 3 * SF_DAY);
  assert_int_equal(state_of(&f, id), CHOOSING);
  prefer(&f, SELLER, id, M2);
  IN("DepositMissing()");
  pass(&f, 3 * SF_DAY);
  assert_int_equal(state_of(&f, id), SETTLED);
  /* A seller's, of the buyer who only talks: dropped. */
  id = begin(&f, SELLER, 0);
  DO(BUYER, "offer(uint64,uint16)", "uu", id, 10000ull);
  pass(&f, 5 * SF_DAY);
  pass(&f, 3 * SF_DAY);
  assert_int_equal(state_of(&f, id), DROPPED);
  assert_int_equal(accounted(&f), 0);
  sf_close(&f);
}

/*--------------------------------------------------------------- mediators */

static void mediator_when_registered_has_a_bond_and_may_leave(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  const char *sig = "registerMediator(uint256,uint8,bytes32,uint64,bytes32)";
  DO(M2, sig, "muuuu", 3000ull, 2ull, 7ull, 1ull, 9ull);
  IN("IdentityRequired(address)");
  mediator(&f, M2, 3000);
  assert_done(&f);
  printf("gas: registerMediator %llu\n", (unsigned long long)f.gas);
  assert_logged(&f, "MediatorSaved(address,bytes)");
  mediator(&f, M3, 400001);
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  DO(M3, sig, "muuuu", 3000ull, 33ull, 7ull, 1ull, 9ull);
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  DO(M3, sig, "muuuu", 3000ull, 2ull, 7ull, 1ull, 9ull);
  IN("WrongValue(uint256,uint256)");
  DO(M3, "setAvailable(bool)", "u", 0ull);
  IN("NoSuchRecord(uint8,bytes32)");
  DO(M2, "setAvailable(bool)", "u", 0ull);
  assert_done(&f);
  sf_pause(&f, MEDIATION, 1); /* no new mediators; other terms are none */
  enrol(&f, M3, 3000);
  IN("ModulePaused(uint8)");
  DO(M2, sig, "muuuu", 4000ull, 3ull, 7ull, 1ull, 9ull); /* other terms */
  assert_done(&f);
  sf_pause(&f, MEDIATION, 0);
  assert_int_equal(accounted(&f), 200000);
  sf_do(&f, M2, IDENTITY, "close()", "");
  IN("OpenRecords(uint32)");
  u256 before = sf_balance(&f, U(M2));
  DO(M2, "leaveMediation()", "");
  assert_done(&f);
  DO(M2, "leaveMediation()", "");
  WRONG;
  pass(&f, 14 * SF_DAY);
  u256 now = sf_balance(&f, U(M2)), d;
  u256_sub(&d, &now, &before);
  u256 bond = u256_from(200), cmt = u256_from(SF_CMT);
  u256_mul(&bond, &bond, &cmt);
  assert_true(u256_eq(&d, &bond));
  assert_int_equal(accounted(&f), 0);
  sf_do(&f, M2, IDENTITY, "close()", "");
  assert_done(&f);
  /* One who does nothing for two years sleeps. */
  DO(M3, sig, "muuuu", 3000ull, 2ull, 7ull, 1ull, 9ull);
  enrol(&f, M3, 3000);
  assert_done(&f);
  pass(&f, 730 * SF_DAY);
  u256 key = module_key_addr(U(M3));
  assert_int_equal(sf_state(&f, MEDIATION, 1, &key), 4);
  assert_int_equal(accounted(&f), 0);
  sf_close(&f);
}

/* A rating, long after the case, does not keep the bond of who leaves. */
static void mediator_when_rated_leaves_all_the_same(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  mediator(&f, M2, 3000);
  u64 id = proposed(&f, 7000, 5000);
  DO(M2, "leaveMediation()", "");
  DO(BUYER, "agree(uint64)", "u", id);
  DO(SELLER, "agree(uint64)", "u", id);
  assert_int_equal(state_of(&f, id), SETTLED);
  u64 over = sf_now(&f);
  u256 key = module_key_addr(U(M2));
  sf_pass(&f, 13 * SF_DAY);
  DO(BUYER, "rate(uint64,uint8,bytes32)", "uuu", id, 1ull, 0ull);
  assert_done(&f);
  sf_pass_to(&f, over + 14 * SF_DAY - 1);
  assert_int_equal(sf_state(&f, MEDIATION, 1, &key), 2);
  for (u32 i = 0; i < 9; i++) sf_pass(&f, 1); /* armed anew while it was open */
  assert_int_equal(sf_state(&f, MEDIATION, 1, &key), 3);
  assert_int_equal(accounted(&f), 0);
  sf_close(&f);
}

/* Where governance asks no fee of small matters, deposits are 0, and who joins is
** in all the same. */
static void deposit_when_nothing_counts_as_joined(void **st) {
  (void)st;
  struct sf f;
  u256 none = U256_ZERO;
  sf_open(&f);
  sf_param(&f, MEDIATION, "feeMin", &none);
  mediator(&f, M2, 0);
  struct st_listing l = st_plain;
  l.price = 49; /* 2 % of it are nothing */
  struct st_order o = {.seller = SELLER, .version = 1, .qty = 1, .total = 49};
  o.listing = st_save(&f, SELLER, &l, 10);
  u64 order = st_place(&f, BUYER, &o);
  sf_do(&f, SELLER, ORDERS, "ship(uint64,bytes32)", "uu", order, 9ull);
  u64 id = dispute(&f, BUYER, order, 255, 8000, 0);
  assert_done(&f);
  pass(&f, 2 * SF_DAY);
  DO(BUYER, "escalate(uint64)", "u", id);
  IN("DepositMissing()");
  pay(&f, SELLER, "join(uint64)", id, 0);
  assert_done(&f);
  DO(BUYER, "escalate(uint64)", "u", id);
  assert_done(&f);
  prefer(&f, BUYER, id, M2);
  prefer(&f, SELLER, id, M2);
  assert_done(&f);
  assert_int_equal(state_of(&f, id), INVITED);
  DO(M2, "acceptCase(uint64)", "u", id);
  assert_done(&f);
  sf_close(&f);
}

static void name_when_common_is_invited_at_once(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  mediator(&f, M2, 3000);
  mediator(&f, M3, 4001);
  u64 id = choosing(&f);
  prefer(&f, BUYER, id, M4);
  IN("NotEligible(uint8)");
  assert_int_equal(f.out[35], 1);
  prefer(&f, BUYER, id, M3); /* dearer than the cap */
  IN("NotEligible(uint8)");
  assert_int_equal(f.out[35], 3);
  ASK("eligible(uint64,address)", "ua", id, U(M2));
  assert_int_equal(sf_word(&f, 0), 1);
  DO(BUYER, "acceptCase(uint64)", "u", id);
  IN("NotAppointed()");
  prefer(&f, BUYER, id, M2);
  assert_done(&f);
  DO(SELLER, "strike(uint64,address)", "ua", id, U(M3));
  assert_done(&f);
  DO(SELLER, "strike(uint64,address)", "ua", id, U(M2));
  IN("Duplicate(bytes32)");
  DO(BUYER, "strike(uint64,address)", "uu", id, 0ull);
  IN("BadAddress()");
  prefer(&f, SELLER, id, M2);
  assert_done(&f);
  assert_int_equal(state_of(&f, id), INVITED);
  DO(M3, "acceptCase(uint64)", "u", id);
  IN("NotAppointed()");
  DO(M2, "propose(uint64,uint16,uint16,bytes32)", "uuuu", id, 1ull, 1ull, 1ull);
  WRONG;
  DO(M2, "acceptCase(uint64)", "u", id);
  assert_done(&f);
  assert_int_equal(state_of(&f, id), EVIDENCE);
  for (u32 i = 0; i < 20; i++)
    DO(BUYER, "submit(uint64,bytes32,uint8)", "uuu", id, 5ull, 1ull);
  assert_done(&f);
  assert_logged(&f, "EvidenceAdded(uint64,address,bytes32,uint8)");
  DO(BUYER, "submit(uint64,bytes32,uint8)", "uuu", id, 5ull, 1ull);
  IN("TooMany(bytes32,uint256)");
  DO(SELLER, "submit(uint64,bytes32,uint8)", "uuu", id, 5ull, 1ull);
  assert_done(&f);
  DO(BUYER, "rest(uint64)", "u", id);
  DO(BUYER, "rest(uint64)", "u", id);
  IN("Duplicate(bytes32)");
  pass(&f, 5 * SF_DAY);
  assert_int_equal(state_of(&f, id), PROPOSING);
  DO(BUYER, "submit(uint64,bytes32,uint8)", "uuu", id, 5ull, 1ull);
  WRONG;
  DO(M2, "propose(uint64,uint16,uint16,bytes32)", "uuuu", id, 10001ull, 0ull,
     0ull);
  IN("BadBps()");
  /* One with a case leaves 14 days after it. */
  DO(M2, "leaveMediation()", "");
  pass(&f, 4 * SF_DAY);
  DO(M2, "propose(uint64,uint16,uint16,bytes32)", "uuuu", id, 7000ull, 0ull,
     0ull);
  assert_done(&f);
  pass(&f, 3 * SF_DAY);
  assert_int_equal(state_of(&f, id), SETTLED);
  u256 key = module_key_addr(U(M2));
  assert_int_equal(sf_state(&f, MEDIATION, 1, &key), 2);
  pass(&f, 14 * SF_DAY);
  assert_int_equal(sf_state(&f, MEDIATION, 1, &key), 3);
  sf_close(&f);
}

static void proposal_when_agreed_pays_the_mediator(void **st) {
  (void)st;
  static const u64 on_buyer[] = {0, 10000, 3000, 5000};
  /* The fee is 3 of the 4 in deposits: nobody bears more than his 2. */
  static const u64 buyers[] = {1000, 2000, 1000, 1500};
  for (u32 i = 0; i < ARRAY_LEN(on_buyer); i++) {
    struct sf f;
    sf_open(&f);
    mediator(&f, M2, 3000);
    u256 m = sf_balance(&f, U(M2));
    u64 id = proposed(&f, 7000, on_buyer[i]);
    u256 buyer = sf_balance(&f, U(BUYER)), seller = sf_balance(&f, U(SELLER));
    DO(NOBODY, "agree(uint64)", "u", id);
    IN("NotAuthorised(address)");
    DO(BUYER, "agree(uint64)", "u", id);
    assert_done(&f);
    DO(BUYER, "agree(uint64)", "u", id);
    IN("Duplicate(bytes32)");
    DO(BUYER, "reject(uint64,bytes32)", "uu", id, 1ull);
    IN("Duplicate(bytes32)");
    if (i & 1) pass(&f, 3 * SF_DAY); /* silence agrees */
    else DO(SELLER, "agree(uint64)", "u", id);
    assert_int_equal(state_of(&f, id), SETTLED);
    assert_int_equal(gained(&f, M2, &m), 3000 * MILLI);
    assert_int_equal(gained(&f, BUYER, &buyer),
                     (DEPOSIT - buyers[i]) * MILLI + PRICE * 7 / 10);
    assert_int_equal(gained(&f, SELLER, &seller),
                     (DEPOSIT - (3000 - buyers[i])) * MILLI + PRICE * 3 / 10);
    assert_int_equal(accounted(&f), 200000);
    DO(BUYER, "rate(uint64,uint8,bytes32)", "uuu", id, 6ull, 0ull);
    IN("OutOfRange(bytes32,uint256,uint256,uint256)");
    DO(BUYER, "rate(uint64,uint8,bytes32)", "uuu", id, 5ull, 0ull);
    assert_done(&f);
    assert_logged(&f, "Rated(uint64,address,address,uint8,bytes32)");
    DO(BUYER, "rate(uint64,uint8,bytes32)", "uuu", id, 4ull, 0ull);
    IN("AlreadyRated()");
    DO(NOBODY, "rate(uint64,uint8,bytes32)", "uuu", id, 5ull, 0ull);
    IN("NotAuthorised(address)");
    pass(&f, 31 * SF_DAY);
    DO(SELLER, "rate(uint64,uint8,bytes32)", "uuu", id, 4ull, 0ull);
    IN("TooLate(uint64)");
    sf_close(&f);
  }
}

static void offer_when_accepted_late_pays_the_mediator_his_part(void **st) {
  (void)st;
  for (u32 late = 0; late < 3; late++) {
    struct sf f;
    sf_open(&f);
    mediator(&f, M2, 3000);
    u64 id = late == 2 ? proposed(&f, 7000, 10000) : appointed(&f);
    if (late == 1) pass(&f, 5 * SF_DAY);
    u256 m = sf_balance(&f, U(M2)), buyer = sf_balance(&f, U(BUYER));
    DO(SELLER, "acceptOffer(uint64,uint16)", "uu", id, 8000ull);
    assert_done(&f);
    u64 fee = late == 2 ? 3000 : 1500;
    assert_int_equal(gained(&f, M2, &m), fee * MILLI);
    assert_int_equal(gained(&f, BUYER, &buyer),
                     (DEPOSIT - fee / 2) * MILLI + PRICE * 8 / 10);
    assert_int_equal(accounted(&f), 200000);
    sf_close(&f);
  }
}

static void mediator_when_drawn_is_another_each_time(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  for (u32 i = M2; i <= M4; i++) mediator(&f, i, 3000);
  u64 id = choosing(&f);
  pass(&f, 3 * SF_DAY);
  assert_int_equal(state_of(&f, id), CHOOSING);
  DO(BUYER, "strike(uint64,address)", "ua", id, U(M2));
  IN("TooLate(uint64)");
  addr20 seen[3];
  for (u32 try = 0; try < 3; try++) {
    for (u32 i = 0; i < 12 && state_of(&f, id) == CHOOSING; i++)
      pass(&f, 12);
    assert_int_equal(state_of(&f, id), INVITED);
    seen[try] = drawn(&f, id);
    for (u32 k = 0; k < try; k++) assert_false(addr20_eq(&seen[k], &seen[try]));
    if (try == 0) {
      for (u32 i = M2; i <= M4; i++)
        if (addr20_eq(U(i), &seen[0]))
          DO(i, "declineCase(uint64)", "u", id);
      assert_done(&f);
    } else {
      pass(&f, 2 * SF_DAY);
    }
  }
  assert_int_equal(state_of(&f, id), AT_COURT);
  DO(BUYER, "offer(uint64,uint16)", "uu", id, 100ull);
  WRONG;
  sf_close(&f);
}

/* In a case whose draw's seed is known, user goes and comes back; who is invited
** then.  NOBODY + 1: nobody does. */
static addr20 drawn_after(u32 user) {
  struct sf f;
  u256 zero = U256_ZERO;
  sf_open(&f);
  for (u32 i = M2; i <= NOBODY; i++) mediator(&f, i, 3000);
  u64 id = choosing(&f);
  pass(&f, 3 * SF_DAY);
  for (u32 i = 0; i < 7; i++) sf_pass(&f, 1);
  assert_int_equal(state_of(&f, id), CHOOSING);
  for (u64 on = 0; on < 2 && user <= NOBODY; on++) {
    sf_call_of(&f, "setAvailable(bool)");
    sf_u(&f, on);
    sf_ask_as(&f, U(user), MEDIATION, &zero);
    assert_done(&f);
    sf_commit(&f); /* no block more */
  }
  for (u32 i = 0; i < 12 && state_of(&f, id) == CHOOSING; i++) pass(&f, 12);
  assert_int_equal(state_of(&f, id), INVITED);
  addr20 who = drawn(&f, id);
  sf_close(&f);
  return who;
}
static void draw_when_the_pool_changes_meanwhile_is_the_same(void **st) {
  (void)st;
  addr20 want = drawn_after(NOBODY + 1);
  struct sf f;
  sf_open(&f);
  for (u32 i = M2; i <= NOBODY; i++) {
    addr20 who = drawn_after(i);
    bool himself = addr20_eq(U(i), &want);
    assert_int_equal(addr20_eq(&who, &want), !himself);
  }
  sf_close(&f);
}

static void mediator_when_he_vanishes_loses_his_fee(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  mediator(&f, M2, 3000);
  u64 id = appointed(&f);
  mediator(&f, M3, 2000);
  pass(&f, 5 * SF_DAY);
  u256 buyer = sf_balance(&f, U(BUYER)), seller = sf_balance(&f, U(SELLER));
  pass(&f, 5 * SF_DAY);
  assert_int_equal(state_of(&f, id), CHOOSING);
  assert_int_equal(gained(&f, BUYER, &buyer), 1500 * MILLI);
  assert_int_equal(gained(&f, SELLER, &seller), 1500 * MILLI);
  assert_int_equal(accounted(&f), 2 * DEPOSIT + 400000 - 3000);
  for (u32 i = 0; i < 12 && state_of(&f, id) == CHOOSING; i++) pass(&f, 12);
  assert_int_equal(state_of(&f, id), INVITED);
  addr20 who = drawn(&f, id);
  assert_true(addr20_eq(&who, U(M3)));
  DO(M3, "acceptCase(uint64)", "u", id);
  assert_done(&f);
  pass(&f, 5 * SF_DAY);
  pass(&f, 5 * SF_DAY);
  assert_int_equal(state_of(&f, id), AT_COURT);
  sf_close(&f);
}

static void mediator_when_near_a_party_is_not_eligible(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  for (u32 i = M2; i <= M4; i++) mediator(&f, i, 3000);
  /* User 3 bought of the seller once; user 4 works for the buyer; user 2 is
  ** full, having room for two. */
  struct st_listing l = st_plain;
  struct st_order o = {.seller = SELLER, .version = 1, .qty = 1,
                       .total = PRICE};
  o.listing = st_save(&f, SELLER, &l, 10);
  u64 order = st_place(&f, M3, &o);
  sf_do(&f, SELLER, ORDERS, "ship(uint64,bytes32)", "uu", order, 9ull);
  sf_do(&f, M3, ORDERS, "confirm(uint64)", "u", order);
  assert_done(&f);
  sf_do(&f, BUYER, IDENTITY, "create(uint8,bytes32,bytes32)", "uuu", 1ull,
        5ull, 6ull);
  sf_do(&f, BUYER, IDENTITY, "setOperator(address,uint16,uint64)", "auu",
        U(M4), 1ull, 0ull);
  assert_done(&f);
  u64 id = choosing(&f);
  static const u64 why[] = {[SELLER] = 1, [BUYER] = 1, [M3] = 8, [M4] = 9};
  for (u32 i = SELLER; i <= M4; i++) {
    ASK("eligible(uint64,address)", "ua", id, U(i));
    assert_int_equal(sf_word(&f, 1), why[i]);
  }
  DO(M2, "setAvailable(bool)", "u", 0ull);
  ASK("eligible(uint64,address)", "ua", id, U(M2));
  assert_int_equal(sf_word(&f, 1), 2);
  /* Nobody is left: the court. */
  pass(&f, 3 * SF_DAY);
  for (u32 i = 0; i < 20 && state_of(&f, id) == CHOOSING; i++) pass(&f, 12);
  pass(&f, 1);
  assert_int_equal(state_of(&f, id), AT_COURT);
  sf_close(&f);
}

static void listing_when_it_prefers_a_mediator_counts_for_both(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  mediator(&f, M2, 3000);
  mediator(&f, M3, 3000);
  for (u32 round = 0; round < 3; round++) {
    struct st_order o = {.seller = SELLER, .version = 1, .qty = 1,
                         .total = PRICE};
    sf_call_of(&f, "save(uint64,address," ST_LISTING "," ST_VARIANT "[])");
    sf_u(&f, 0), sf_u(&f, 0);
    struct buf *b = &f.args;
    st_put_listing(&f, &st_plain);
    memcpy((u8 *)b->ptr + b->len - 5 * 32 + 12, U(M3)->b, 20);
    sf_u(&f, 640);
    sf_u(&f, 1), sf_u(&f, 0), sf_u(&f, 0), sf_u(&f, 9), sf_u(&f, 1);
    sf_u(&f, 1);
    sf_send_m(&f, SELLER, MARKET, 0);
    assert_done(&f);
    o.listing = sf_word(&f, 0);
    u64 order = st_place(&f, BUYER, &o);
    sf_do(&f, SELLER, ORDERS, "ship(uint64,bytes32)", "uu", order, 9ull);
    u64 id = dispute(&f, BUYER, order, 255, 8000, DEPOSIT);
    pay(&f, SELLER, "join(uint64)", id, DEPOSIT);
    pass(&f, 2 * SF_DAY);
    DO(BUYER, "escalate(uint64)", "u", id);
    assert_done(&f);
    if (round == 0) prefer(&f, BUYER, id, M3);
    if (round == 2) DO(BUYER, "strike(uint64,address)", "ua", id, U(M3));
    if (round > 0) pass(&f, 3 * SF_DAY);
    for (u32 i = 0; i < 12 && state_of(&f, id) == CHOOSING; i++)
      pass(&f, 12);
    assert_int_equal(state_of(&f, id), INVITED);
    addr20 who = drawn(&f, id);
    assert_true(addr20_eq(&who, U(round == 2 ? M2 : M3)));
  }
  sf_close(&f);
}

/*------------------------------------------------------------------- parts */

static void part_when_disputed_leaves_the_others_running(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u64 inv = st_invoice(&f, 3, 3000, 1, 3);
  u64 order = st_pay_invoice(&f, BUYER, inv, 3000);
  assert_done(&f);
  u64 id = dispute(&f, BUYER, order, 1, 2000, DEPOSIT);
  assert_done(&f);
  assert_int_equal(st_state(&f, order), ORDER_MILESTONES);
  dispute(&f, SELLER, order, 1, 5000, DEPOSIT);
  IN("AlreadyDisputed()");
  dispute(&f, SELLER, order, 255, 5000, DEPOSIT);
  IN("AlreadyDisputed()");
  sf_do(&f, SELLER, ORDERS, "submitMilestone(uint64,uint8,bytes32)", "uuu",
        order, 1ull, 1ull);
  IN("Locked()");
  sf_do(&f, SELLER, ORDERS, "cancel(uint64,uint16)", "uu", order, 0ull);
  IN("Locked()");
  u64 second = dispute(&f, SELLER, order, 2, 0, DEPOSIT);
  assert_done(&f);
  sf_do(&f, SELLER, ORDERS, "submitMilestone(uint64,uint8,bytes32)", "uuu",
        order, 0ull, 1ull);
  sf_do(&f, BUYER, ORDERS, "acceptMilestone(uint64,uint8)", "uu", order, 0ull);
  assert_done(&f);
  DO(SELLER, "acceptOffer(uint64,uint16)", "uu", id, 2000ull);
  assert_done(&f);
  assert_int_equal(st_state(&f, order), ORDER_MILESTONES);
  sf_view(&f, ORDERS, "heldOf(uint64)", "u", order);
  assert_int_equal(sf_word(&f, 0), 1000);
  pass(&f, 5 * SF_DAY);
  assert_int_equal(state_of(&f, second), DROPPED);
  sf_do(&f, SELLER, ORDERS, "submitMilestone(uint64,uint8,bytes32)", "uuu",
        order, 2ull, 1ull);
  assert_done(&f);
  pass(&f, 3 * SF_DAY);
  assert_int_equal(st_state(&f, order), 8);
  assert_int_equal(accounted(&f), 0);
  sf_close(&f);
}

static void whole_when_disputed_keeps_its_parts_time(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u64 inv = st_invoice(&f, 3, 3000, 1, 3);
  u64 order = st_pay_invoice(&f, BUYER, inv, 3000);
  /* The first falls due after 10 + 7 days; 5 of them are the dispute's. */
  pass(&f, 15 * SF_DAY);
  u64 id = dispute(&f, SELLER, order, 255, 0, DEPOSIT);
  assert_done(&f);
  assert_int_equal(st_state(&f, order), ORDER_DISPUTED);
  dispute(&f, BUYER, order, 0, 0, DEPOSIT);
  IN("AlreadyDisputed()");
  pass(&f, 5 * SF_DAY);
  assert_int_equal(state_of(&f, id), DROPPED);
  assert_int_equal(st_state(&f, order), ORDER_MILESTONES);
  pass(&f, SF_DAY);
  assert_int_equal(st_state(&f, order), ORDER_MILESTONES);
  sf_do(&f, SELLER, ORDERS, "submitMilestone(uint64,uint8,bytes32)", "uuu",
        order, 0ull, 1ull);
  assert_done(&f);
  u64 again = dispute(&f, BUYER, order, 255, 10000, DEPOSIT);
  assert_done(&f);
  pass(&f, 5 * SF_DAY);
  assert_int_equal(state_of(&f, again), SETTLED);
  assert_int_equal(st_state(&f, order), ORDER_RESOLVED);
  assert_int_equal(accounted(&f), 0);
  sf_close(&f);
}

/* Sixteen parts end in portions, each within a deadline's gas. */
static void parts_when_many_end_in_portions(void **st) {
  (void)st;
  for (u32 way = 0; way < 2; way++) {
    struct sf f;
    sf_open(&f);
    u64 inv = st_invoice(&f, 3, 16000, 1, 16);
    assert_done(&f);
    u64 order = st_pay_invoice(&f, BUYER, inv, 16000);
    assert_done(&f);
    if (way) dispute(&f, BUYER, order, 255, 10000, DEPOSIT);
    pass(&f, way ? 5 * SF_DAY : 18 * SF_DAY);
    for (u32 i = 0; i < 6; i++) {
      pass(&f, 2);
    }
    assert_int_equal(st_state(&f, order), way ? ORDER_RESOLVED : 10);
    for (u64 i = 0; i < 16; i++) {
      u256 part[2] = {u256_from(order), u256_from(i)}, key;
      module_key_of(&key, part, 2);
      assert_int_equal(sf_state(&f, ORDERS, 3, &key), 5);
    }
    st_balanced(&f, ORDERS);
    sf_close(&f);
  }
}

/*------------------------------------------------------------------ tokens */

static void subject_when_in_a_token_has_deposits_in_cmt(void **st) {
  (void)st;
  static const u32 token[] = {ST_GOOD, ST_FALSE, ST_BOMB};
  for (u32 i = 0; i < ARRAY_LEN(token); i++) {
    struct sf f;
    sf_open_code(&f, st_tokens, ARRAY_LEN(st_tokens));
    struct st_listing l = st_plain;
    addr20 t = l.token = st_token(token[i]), self = sf_module(ORDERS);
    st_call(&f, BUYER, &t, "mint(address,uint256)", U(BUYER), PRICE);
    struct st_order o = {.seller = SELLER, .version = 1, .qty = 1,
                         .total = PRICE, .token = t};
    o.listing = st_save(&f, SELLER, &l, 10);
    u64 order = st_place(&f, BUYER, &o);
    assert_done(&f);
    sf_do(&f, SELLER, ORDERS, "ship(uint64,bytes32)", "uu", order, 9ull);
    u64 id = dispute(&f, BUYER, order, 255, 2500, DEPOSIT);
    IN("WrongValue(uint256,uint256)");
    id = dispute(&f, BUYER, order, 255, 2500, 10000); /* half of 20 */
    assert_done(&f);
    if (i == 0) pass(&f, 5 * SF_DAY); /* no foreign code: claims */
    else DO(SELLER, "acceptOffer(uint64,uint16)", "uu", id, 2500ull);
    assert_int_equal(state_of(&f, id), SETTLED);
    sf_view(&f, ORDERS, "claimable(address,address)", "aa", &t, U(SELLER));
    assert_int_equal(sf_word(&f, 0), PRICE * 3 / 4);
    sf_view(&f, ORDERS, "claimable(address,address)", "aa", &t, U(BUYER));
    assert_int_equal(sf_word(&f, 0), PRICE / 4);
    assert_int_equal(st_token_of(&f, token[i], &self), PRICE);
    assert_int_equal(accounted(&f), 0);
    sf_close(&f);
  }
}

/* Between the least and the greatest, 2 % of what is held. */
static void cap_when_computed_is_within_its_bounds(void **st) {
  (void)st;
  /* price and deposit in thousandths of a CMT */
  static const u64 row[][2] = {{1, 2000}, {200000, 2000}, {200050, 2001},
                               {20000000, 200000}, {90000000, 200000}};
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    struct sf f;
    sf_open(&f);
    /* through an invoice: prices above 2^64 */
    u256 v = u256_from(row[i][0]), milli = u256_from(MILLI);
    u256_mul(&v, &v, &milli);
    sf_call_of(&f, "createInvoice(address," ST_INVOICE ")");
    sf_u(&f, 0), sf_u(&f, 64), sf_u(&f, 0), sf_u(&f, 0);
    sf_u256(&f, &v);
    sf_u(&f, 0), sf_u(&f, 1), sf_u(&f, 1), sf_u(&f, 0), sf_u(&f, 0);
    sf_u(&f, sf_now(&f) + 30 * SF_DAY);
    sf_u(&f, 1), sf_u(&f, 2), sf_u(&f, SF_DAY), sf_u(&f, SF_DAY);
    sf_u(&f, 2 * SF_DAY);
    for (u32 k = 0; k < 3; k++) sf_u(&f, (17 + k) * 32);
    for (u32 k = 0; k < 3; k++) sf_u(&f, 0);
    sf_send_m(&f, SELLER, ORDERS, 0);
    assert_done(&f);
    sf_call_of(&f, "payInvoice(uint64,uint256,uint64,address,bytes32)");
    sf_u(&f, 1), sf_u256(&f, &v), sf_u(&f, 0), sf_u(&f, 0), sf_u(&f, 0);
    sf_send_value(&f, BUYER, ORDERS, &v);
    assert_done(&f);
    sf_do(&f, SELLER, ORDERS, "ship(uint64,bytes32)", "uu", 1ull, 9ull);
    dispute(&f, BUYER, 1, 255, 1, row[i][1] - 1);
    IN("WrongValue(uint256,uint256)");
    dispute(&f, BUYER, 1, 255, 1, row[i][1]);
    if (row[i][0] == 200050) { /* 4.001: halves are rounded up */
      IN("WrongValue(uint256,uint256)");
    } else {
      assert_done(&f);
    }
    sf_close(&f);
  }
}

/*------------------------------------------------------------------- court */

static void proposal_when_rejected_goes_to_court(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  mediator(&f, M2, 3000);
  u64 id = proposed(&f, 7000, 5000);
  DO(SELLER, "reject(uint64,bytes32)", "uu", id, 1ull);
  IN("WrongValue(uint256,uint256)");
  u256 fee;
  u256_from_be(&fee, f.out + 4);
  sf_call_of(&f, "reject(uint64,bytes32)");
  sf_u(&f, id), sf_u(&f, 1);
  sf_send_value(&f, SELLER, MEDIATION, &fee);
  assert_done(&f);
  printf("gas: reject %llu\n", (unsigned long long)f.gas);
  assert_int_equal(state_of(&f, id), AT_COURT);
  assert_int_equal(accounted(&f), 2 * DEPOSIT + 200000);
  u256 m = sf_balance(&f, U(M2)), seller = sf_balance(&f, U(SELLER));
  /* There are no jurors: by default it is as proposed, his fee is whole, and
  ** what nobody earned goes back. */
  until_ended(&f, id);
  assert_int_equal(state_of(&f, id), SETTLED);
  assert_int_equal(st_state(&f, 1), ORDER_RESOLVED);
  assert_int_equal(gained(&f, M2, &m), 3000 * MILLI);
  u256 now = sf_balance(&f, U(SELLER)), d;
  u256_sub(&d, &now, &seller);
  u256_sub(&d, &d, &fee);
  assert_int_equal(d.w[0], (DEPOSIT - 1500) * MILLI + PRICE * 3 / 10);
  assert_int_equal(accounted(&f), 200000);
  sf_close(&f);
}

static void case_when_nobody_mediates_is_paid_by_deposits(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u64 id = choosing(&f);
  pass(&f, 3 * SF_DAY);
  for (u32 i = 0; i < 20 && state_of(&f, id) == CHOOSING; i++) pass(&f, 12);
  pass(&f, 1);
  assert_int_equal(state_of(&f, id), AT_COURT);
  assert_int_equal(accounted(&f), 0);
  st_balanced(&f, 0x1015);
  until_ended(&f, id);
  assert_int_equal(state_of(&f, id), SETTLED);
  st_balanced(&f, 0x1015);
  sf_close(&f);
}

/* The most guardians on either side: a draw's work stays within a deadline's
** gas (pass looks for those that failed). */
/* Each of its periods ends at its second: without an answer, without a deposit,
** without a word of the mediator; escalating and rating too. */
static void period_when_a_second_off_is_not_over(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u64 id = begin(&f, BUYER, 8000);
  over_at(&f, id, NEGOTIATION, SETTLED);
  id = begin(&f, SELLER, 0);
  over_at(&f, id, NEGOTIATION, DROPPED);
  id = begin(&f, BUYER, 8000);
  DO(SELLER, "offer(uint64,uint16)", "uu", id, 1ull);
  over_at(&f, id, NEGOTIATION, CHOOSING);
  over_at(&f, id, CHOOSING, SETTLED);
  id = begin(&f, BUYER, 8000);
  u64 opened = sf_now(&f);
  pay(&f, SELLER, "join(uint64)", id, DEPOSIT);
  sf_pass_before(&f, opened + 2 * SF_DAY - 1);
  DO(BUYER, "escalate(uint64)", "u", id);
  IN("TooEarly(uint64)");
  assert_int_equal(load_be64(f.out + 28), opened + 2 * SF_DAY);
  DO(BUYER, "escalate(uint64)", "u", id); /* a second later */
  assert_done(&f);
  sf_close(&f);
  sf_open(&f);
  mediator(&f, M2, 3000);
  id = appointed(&f);
  over_at(&f, id, EVIDENCE, PROPOSING);
  over_at(&f, id, PROPOSING, CHOOSING);
  sf_close(&f);
  for (u64 late = 0; late < 2; late++) {
    sf_open(&f);
    mediator(&f, M2, 3000);
    id = proposed(&f, 7000, 5000);
    over_at(&f, id, PROPOSED, SETTLED);
    struct shop_mediation_record_case k;
    u256 key = u256_from(id);
    sf_record(&f, MEDIATION, &shop_mediation_table_case, &k, &key);
    sf_pass_before(&f, k.updated + 30 * SF_DAY + late);
    DO(BUYER, "rate(uint64,uint8,bytes32)", "uuu", id, 5ull, 0ull);
    if (late) IN("TooLate(uint64)");
    else assert_done(&f);
    sf_close(&f);
  }
}

/* A court that costs more than both deposits and the fund: jurors for what there
** is, at least three, as the case and its round say. */
static void court_when_too_dear_has_fewer_jurors(void **st) {
  (void)st;
  static const u64 fund[] = {0, 17000}; /* milli-CMT, of 35 */
  for (u32 i = 0; i < 2; i++) {
    struct sf f;
    sf_open(&f);
    sf_call_of(&f, "setCourt(uint8,(bytes32,uint256,uint256,uint8,uint8,uint32,"
                   "uint32,uint32,uint32))");
    sf_u(&f, 1), sf_u(&f, 1), sf_cmt(&f, 100000), sf_cmt(&f, 5000);
    sf_u(&f, 7);
    for (u32 k = 0; k < 5; k++) sf_u(&f, 0);
    sf_govern(&f, 0x1015);
    assert_done(&f);
    sf_call_of(&f, "fundCourt()");
    if (fund[i]) sf_send_m(&f, NOBODY, 0x1015, fund[i]);
    u64 id = choosing(&f);
    pass(&f, 3 * SF_DAY);
    for (u32 k = 0; k < 20 && state_of(&f, id) == CHOOSING; k++) pass(&f, 12);
    pass(&f, 1);
    assert_int_equal(state_of(&f, id), AT_COURT);
    struct shop_court_record_case k;
    struct shop_court_record_round r;
    u256 one[2] = {u256_from(1), u256_from(1)}, key;
    sf_record(&f, 0x1015, &shop_court_table_case, &k, &one[0]);
    module_key_of(&key, one, 2);
    sf_record(&f, 0x1015, &shop_court_table_round, &r, &key);
    /* 4 of deposits; with 17 of the fund 21 are 4 seats, so 3: odd. */
    assert_int_equal(k.n, 3);
    assert_true(r.fee == (u128)(2 * DEPOSIT + fund[i]) * MILLI);
    assert_true(r.from_fund == (u128)fund[i] * MILLI);
    assert_int_equal(accounted(&f), 0);
    st_balanced(&f, 0x1015);
    until_ended(&f, id);
    st_balanced(&f, 0x1015);
    sf_close(&f);
  }
}

static void parties_when_they_have_many_guardians_are_drawn_for(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u256 most = u256_from(15);
  sf_param(&f, IDENTITY, "guardiansMax", &most);
  for (u32 user = SELLER; user <= BUYER; user++) {
    sf_do(&f, user, IDENTITY, "create(uint8,bytes32,bytes32)", "uuu", 1ull,
          5ull, 6ull);
    sf_call_of(&f, "setGuardians(address[],uint8,uint32)");
    sf_u(&f, 96), sf_u(&f, 8), sf_u(&f, 2 * SF_DAY), sf_u(&f, 15);
    for (u64 i = 0; i < 15; i++) sf_u(&f, (user + 7) * 1000000 + i);
    sf_send_m(&f, user, IDENTITY, 0);
    assert_done(&f);
  }
  for (u32 i = M2; i <= M4; i++) mediator(&f, i, 3000);
  u64 id = choosing(&f);
  pass(&f, 3 * SF_DAY);
  for (u32 i = 0; i < 12 && state_of(&f, id) == CHOOSING; i++) pass(&f, 12);
  assert_int_equal(state_of(&f, id), INVITED);
  sf_close(&f);
}

/* NotAppointed and the like stand above; what is left of the table. */
static void names_when_numbered_keep_their_numbers(void **st) {
  (void)st;
  static const char *const name[] = {
    "mediator", "case", "evidence", "rating", "subject", "invited", "pool",
    "pool_size"};
  static const char *const param[] = {
    "negotiate", "choose", "invite", "evidence", "propose", "answer",
    "rateWindow", "feeBps", "idleMax", "mediatorBond", "feeMin", "feeMax",
    "feeOther"};
  for (u32 i = 0; i < ARRAY_LEN(name); i++) {
    const struct module_row *r =
        module_row_at(&shop_mediation, MODULE_ROW_RECORD, i);
    assert_string_equal(r->record->name, name[i]);
    assert_int_equal(r->record->type, i + 1);
  }
  struct sf f;
  sf_open(&f);
  for (u32 i = 0; i < ARRAY_LEN(param); i++) {
    const struct module_setting *s =
        module_row_at(&shop_mediation, MODULE_ROW_SETTING, i)->setting;
    u256 v = u256_from(s->max), scale = u256_from(s->scale);
    assert_string_equal(s->name, param[i]);
    u256_mul(&v, &v, &scale);
    sf_param(&f, MEDIATION, param[i], &v);
    assert_done(&f);
    u256 one = u256_from(1);
    u256_add(&v, &v, &one);
    sf_param(&f, MEDIATION, param[i], &v);
    IN("OutOfRange(bytes32,uint256,uint256,uint256)");
    if (s->min == 0) continue;
    v = u256_from(s->min - 1);
    u256_mul(&v, &v, &scale);
    sf_param(&f, MEDIATION, param[i], &v);
    IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  }
  sf_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(dispute_when_opened_locks_the_order),
    cmocka_unit_test(order_when_only_paid_is_disputed_by_the_buyer_and_late),
    cmocka_unit_test(offer_when_accepted_splits_what_is_held),
    cmocka_unit_test(respondent_when_silent_has_the_openers_offer),
    cmocka_unit_test(buyer_when_silent_gives_a_seller_nothing),
    cmocka_unit_test(respondent_when_he_only_talks_is_silent_in_the_end),
    cmocka_unit_test(mediator_when_registered_has_a_bond_and_may_leave),
    cmocka_unit_test(mediator_when_rated_leaves_all_the_same),
    cmocka_unit_test(deposit_when_nothing_counts_as_joined),
    cmocka_unit_test(name_when_common_is_invited_at_once),
    cmocka_unit_test(proposal_when_agreed_pays_the_mediator),
    cmocka_unit_test(offer_when_accepted_late_pays_the_mediator_his_part),
    cmocka_unit_test(mediator_when_drawn_is_another_each_time),
    cmocka_unit_test(draw_when_the_pool_changes_meanwhile_is_the_same),
    cmocka_unit_test(mediator_when_he_vanishes_loses_his_fee),
    cmocka_unit_test(mediator_when_near_a_party_is_not_eligible),
    cmocka_unit_test(listing_when_it_prefers_a_mediator_counts_for_both),
    cmocka_unit_test(part_when_disputed_leaves_the_others_running),
    cmocka_unit_test(whole_when_disputed_keeps_its_parts_time),
    cmocka_unit_test(parts_when_many_end_in_portions),
    cmocka_unit_test(subject_when_in_a_token_has_deposits_in_cmt),
    cmocka_unit_test(cap_when_computed_is_within_its_bounds),
    cmocka_unit_test(proposal_when_rejected_goes_to_court),
    cmocka_unit_test(case_when_nobody_mediates_is_paid_by_deposits),
    cmocka_unit_test(period_when_a_second_off_is_not_over),
    cmocka_unit_test(court_when_too_dear_has_fewer_jurors),
    cmocka_unit_test(parties_when_they_have_many_guardians_are_drawn_for),
    cmocka_unit_test(names_when_numbered_keep_their_numbers),
  };
  return cmocka_run_group_tests_name("shop_mediation", tests, NULL, NULL);
}
