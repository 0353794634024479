/* test_shop_identity.c - module 0x..1010: every method in and out of its
** state, every deadline, every error. */
#include "shop/shop_fixture.h"

#include "shop/shop_identity.h"

#define AT 0x1010
#define U(i) (&f.cf.user[i])
#define DO(user, sig, kinds, ...) sf_do(&f, user, AT, sig, kinds, ##__VA_ARGS__)
#define ASK(sig, kinds, ...) sf_view(&f, AT, sig, kinds, ##__VA_ARGS__)
#define IN(error) assert_reverted(&f, error)

static void create(struct sf *f, u32 user) {
  sf_do(f, user, AT, "create(uint8,bytes32,bytes32)", "uuu", 1ull, 5ull, 6ull);
  assert_done(f);
  assert_logged(f, "IdentitySaved(address,address,bytes)");
}
/* The first so many users have an identity. */
static void open_with(struct sf *f, u32 users) {
  sf_open(f);
  for (u32 i = 0; i < users; i++) create(f, i);
}
static u64 state_of(struct sf *f, u32 user) {
  u256 key = module_key_addr(&f->cf.user[user]);
  return sf_state(f, AT, 1, &key);
}
static void identity_when_made_is_its_own_and_once(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  DO(0, "update(bytes32,bytes32)", "uu", 1ull, 2ull);
  IN("IdentityRequired(address)");
  create(&f, 0);
  DO(0, "create(uint8,bytes32,bytes32)", "uuu", 1ull, 5ull, 6ull);
  IN("HasIdentity(address)");
  DO(1, "create(uint8,bytes32,bytes32)", "uuu", 3ull, 5ull, 6ull);
  IN("BadCalldata(uint16)");
  DO(0, "update(bytes32,bytes32)", "uu", 1ull, 2ull);
  assert_done(&f);
  ASK("partyOf(address)", "a", U(0));
  assert_memory_equal(f.out + 12, U(0), 20);
  ASK("controllerOf(address)", "a", U(3));
  assert_memory_equal(f.out + 12, U(3), 20);
  DO(0, "close()", "");
  assert_done(&f);
  assert_int_equal(state_of(&f, 0), 3);
  sf_close(&f);
}

static void set_handle(struct sf *f, u32 user, const char *text, u64 milli) {
  sf_call_of(f, "setHandle(string)");
  sf_u(f, 32);
  sf_text(f, text, strlen(text));
  sf_send_m(f, user, AT, milli);
}
static void handle_when_set_is_resolved_and_its_deposit_comes_back(void **st) {
  (void)st;
  struct sf f;
  open_with(&f, 2);
  set_handle(&f, 0, "Up", 10000);
  IN("BadHandle()");
  set_handle(&f, 0, "shop-1", 9999);
  IN("WrongValue(uint256,uint256)");
  u256 before = sf_balance(&f, U(0)), after;
  set_handle(&f, 0, "shop-1", 10000); /* handleDeposit */
  assert_done(&f);
  set_handle(&f, 1, "shop-1", 10000);
  IN("HandleTaken()");
  sf_call_of(&f, "resolve(string)");
  sf_u(&f, 32);
  sf_text(&f, "shop-1", 6);
  u256 zero = U256_ZERO;
  sf_ask_as(&f, U(3), AT, &zero);
  assert_memory_equal(f.out + 12, U(0), 20);
  DO(0, "releaseHandle()", "");
  assert_done(&f);
  after = sf_balance(&f, U(0));
  assert_true(u256_eq(&before, &after));
  ASK("accounted(address)", "u", 0ull);
  assert_int_equal(sf_word(&f, 0), 0);
  sf_close(&f);
}

static void controller_when_offered_and_accepted_voids_operators(void **st) {
  (void)st;
  struct sf f;
  open_with(&f, 1);
  DO(0, "setOperator(address,uint16,uint64)", "auu", U(3), 5ull, 0ull);
  assert_done(&f);
  assert_logged(&f, "OperatorSet(address,address,uint16,uint64)");
  ASK("isOperator(address,address,uint16)", "aau", U(0), U(3), 4ull);
  assert_int_equal(sf_word(&f, 0), 1);
  ASK("isOperator(address,address,uint16)", "aau", U(0), U(3), 2ull);
  assert_int_equal(sf_word(&f, 0), 0);
  DO(0, "setOperator(address,uint16,uint64)", "auu", U(0), 5ull, 0ull);
  IN("BadAddress()");
  DO(0, "offerController(address)", "u", 0ull);
  IN("BadAddress()");
  DO(0, "offerController(address)", "a", U(1));
  assert_done(&f);
  DO(2, "acceptController(address)", "a", U(0));
  IN("NotAuthorised(address)");
  DO(1, "acceptController(address)", "a", U(0));
  assert_done(&f);
  ASK("partyOf(address)", "a", U(1));
  assert_memory_equal(f.out + 12, U(0), 20);
  ASK("partyOf(address)", "a", U(0)); /* the lost key is nobody */
  assert_int_equal(sf_word(&f, 0), 0);
  ASK("isOperator(address,address,uint16)", "aau", U(0), U(3), 4ull);
  assert_int_equal(sf_word(&f, 0), 0);
  DO(0, "update(bytes32,bytes32)", "uu", 1ull, 2ull);
  IN("IdentityRequired(address)");
  DO(1, "offerController(address)", "a", U(2));
  assert_done(&f);
  sf_pass(&f, 7 * SF_DAY); /* the offer lapses */
  DO(2, "acceptController(address)", "a", U(0));
  IN("NotAuthorised(address)");
  sf_close(&f);
}

/* Its record is closed and another key did it: the first one, which was lost, is
** not its party again. */
static void anchor_when_closed_by_another_key_stays_nobody(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  for (u32 handed = 0; handed < 2; handed++) {
    u32 first = handed ? 1 : 0, last = handed ? 2 : 0;
    create(&f, first);
    if (handed) {
      DO(first, "offerController(address)", "a", U(last));
      DO(last, "acceptController(address)", "a", U(first));
      assert_done(&f);
    }
    DO(last, "close()", "");
    assert_done(&f);
    ASK("partyOf(address)", "a", U(first));
    if (handed) assert_int_equal(sf_word(&f, 0), 0);
    else assert_memory_equal(f.out + 12, U(first), 20);
    ASK("partyOf(address)", "a", U(last));
    assert_memory_equal(f.out + 12, U(last), 20);
  }
  sf_close(&f);
}

static void set_guardians(struct sf *f, u32 user, const u32 *who, u32 cnt,
                          u64 threshold, u64 delay) {
  sf_call_of(f, "setGuardians(address[],uint8,uint32)");
  sf_u(f, 96), sf_u(f, threshold), sf_u(f, delay), sf_u(f, cnt);
  for (u32 i = 0; i < cnt; i++) sf_a(f, &f->cf.user[who[i]]);
  sf_send_m(f, user, AT, 0);
}
static void recovery_when_guardians_agree_changes_the_key_after_the_delay(
    void **st) {
  (void)st;
  static const u32 three[] = {1, 2, 3}, self[] = {0}, twice[] = {1, 1};
  static const u32 others[] = {4, 5};
  struct sf f;
  open_with(&f, 1);
  set_guardians(&f, 0, self, 1, 1, 2 * SF_DAY);
  IN("GuardianSelf()");
  set_guardians(&f, 0, twice, 2, 1, 2 * SF_DAY);
  IN("Duplicate(bytes32)");
  set_guardians(&f, 0, three, 3, 4, 2 * SF_DAY);
  IN("ThresholdRange()");
  set_guardians(&f, 0, three, 3, 1, 2 * SF_DAY);
  IN("ThresholdRange()"); /* less than half */
  set_guardians(&f, 0, three, 3, 2, 2 * SF_DAY - 1); /* recoveryDelayMin */
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  set_guardians(&f, 0, three, 3, 2, 2 * SF_DAY);
  assert_done(&f);
  assert_logged(&f, "GuardiansSet(address,address[],uint8,uint32)");
  DO(4, "startRecovery(address,address)", "aa", U(0), U(5));
  IN("NotGuardian()");
  /* A thief's guardians come after the old delay: too late for him. */
  set_guardians(&f, 0, others, 2, 1, 2 * SF_DAY);
  assert_done(&f);
  DO(1, "startRecovery(address,address)", "aa", U(0), U(5));
  assert_done(&f);
  assert_logged(&f, "RecoveryStarted(address,address,uint64)");
  DO(1, "approveRecovery(address)", "a", U(0));
  IN("Duplicate(bytes32)");
  DO(2, "approveRecovery(address)", "a", U(0));
  assert_done(&f);
  assert_logged(&f, "RecoveryApproved(address,address)");
  DO(0, "setGuardians(address[],uint8,uint32)", "uuuu", 96ull, 0ull, 0ull,
     0ull);
  IN("WrongState(uint8,bytes32,uint8)");
  assert_int_equal(state_of(&f, 0), 2);
  sf_pass(&f, SF_DAY);
  assert_int_equal(state_of(&f, 0), 2);
  sf_pass(&f, SF_DAY);
  assert_logged(&f, "RecoveryEnded(address,bool)");
  ASK("controllerOf(address)", "a", U(0));
  assert_memory_equal(f.out + 12, U(5), 20);
  assert_int_equal(state_of(&f, 0), 1);
  /* And none of his is there later either. */
  sf_pass(&f, 3 * SF_DAY);
  DO(4, "startRecovery(address,address)", "aa", U(0), U(4));
  IN("NotGuardian()");
  /* Below the threshold, or called off, nothing changes. */
  DO(3, "startRecovery(address,address)", "aa", U(0), U(4));
  assert_done(&f);
  sf_pass(&f, 2 * SF_DAY);
  ASK("controllerOf(address)", "a", U(0));
  assert_memory_equal(f.out + 12, U(5), 20);
  set_guardians(&f, 5, others, 1, 1, 2 * SF_DAY);
  assert_done(&f);
  sf_pass(&f, 2 * SF_DAY + 60); /* another set is in force */
  DO(3, "startRecovery(address,address)", "aa", U(0), U(1));
  IN("NotGuardian()");
  DO(4, "startRecovery(address,address)", "aa", U(0), U(1));
  assert_done(&f);
  DO(5, "cancelRecovery()", ""); /* too late: all have approved */
  IN("NotAuthorised(address)");
  sf_pass(&f, 2 * SF_DAY);
  ASK("controllerOf(address)", "a", U(0));
  assert_memory_equal(f.out + 12, U(1), 20);
  DO(1, "setGuardians(address[],uint8,uint32)", "uuuu", 96ull, 0ull, 0ull,
     0ull);
  assert_done(&f);
  set_guardians(&f, 1, three + 1, 2, 1, 2 * SF_DAY);
  assert_done(&f);
  sf_pass(&f, 2 * SF_DAY + 60);
  DO(2, "startRecovery(address,address)", "aa", U(0), U(4));
  assert_done(&f);
  DO(1, "cancelRecovery()", "");
  assert_done(&f);
  ASK("controllerOf(address)", "a", U(0));
  assert_memory_equal(f.out + 12, U(1), 20);
  sf_close(&f);
}

/* A guardian who was replaced begins again in each block before deadlines: what
** was due first happens all the same. */
static void guardian_when_replaced_cannot_hold_his_place(void **st) {
  (void)st;
  static const u32 old[] = {1, 2}, others[] = {3, 4};
  struct sf f;
  open_with(&f, 1);
  set_guardians(&f, 0, old, 2, 2, 2 * SF_DAY);
  set_guardians(&f, 0, others, 2, 2, 2 * SF_DAY);
  assert_done(&f);
  u64 due = sf_now(&f) + 2 * SF_DAY;
  sf_pass(&f, SF_DAY);
  DO(1, "startRecovery(address,address)", "aa", U(0), U(5));
  assert_done(&f); /* in time; it ends after the others' day */
  sf_pass_before(&f, due + 1000);
  DO(0, "cancelRecovery()", "");
  assert_done(&f);
  DO(1, "startRecovery(address,address)", "aa", U(0), U(5));
  IN("NotGuardian()");
  /* Nor in the block in which the others' time has come. */
  set_guardians(&f, 0, old, 2, 2, 2 * SF_DAY);
  sf_pass_before(&f, sf_now(&f) + 2 * SF_DAY);
  DO(3, "startRecovery(address,address)", "aa", U(0), U(5));
  IN("NotGuardian()");
  DO(1, "startRecovery(address,address)", "aa", U(0), U(5));
  assert_done(&f);
  sf_close(&f);
}

/* To close is for ever, and a person's nullifier with it: a thief of the key cannot
** before the guardians had their delay to take it from him. */
static void identity_when_guarded_is_not_closed_at_once(void **st) {
  (void)st;
  static const u32 guardian[] = {1};
  struct sf f;
  open_with(&f, 1);
  set_guardians(&f, 0, guardian, 1, 1, 2 * SF_DAY);
  DO(0, "close()", "");
  IN("OpenRecords(uint32)");
  set_guardians(&f, 0, NULL, 0, 0, 0);
  assert_done(&f);
  DO(0, "close()", "");
  IN("OpenRecords(uint32)");
  sf_pass(&f, 2 * SF_DAY + 1);
  DO(0, "close()", "");
  assert_done(&f);
  sf_close(&f);
}

/* As many as there can be: the deadline that brings the others into force has
** gas enough, and those before are out. */
static void guardians_when_many_take_over_in_time(void **st) {
  (void)st;
  struct sf f;
  u256 most = u256_from(15);
  sf_open(&f);
  sf_param(&f, AT, "guardiansMax", &most);
  create(&f, 0);
  for (u32 set = 0; set < 3; set++) {
    sf_call_of(&f, "setGuardians(address[],uint8,uint32)");
    sf_u(&f, 96), sf_u(&f, 8), sf_u(&f, 2 * SF_DAY), sf_u(&f, 15);
    for (u32 i = 0; i < 15; i++) {
      addr20 who = {{0xee, (u8)set, [19] = (u8)i}};
      sf_a(&f, i == 7 ? U(1 + set) : &who);
    }
    sf_send_m(&f, 0, AT, 0);
    assert_done(&f);
    sf_pass(&f, 2 * SF_DAY + 60);
    assert_int_equal(f.failed, 0);
    DO(1 + (set + 2) % 3, "startRecovery(address,address)", "aa", U(0), U(5));
    IN("NotGuardian()");
    DO(1 + set, "startRecovery(address,address)", "aa", U(0), U(5));
    assert_done(&f);
    DO(1 + set, "approveRecovery(address)", "a", U(0));
    IN("Duplicate(bytes32)");
    DO(0, "cancelRecovery()", "");
    assert_done(&f);
  }
  printf("gas of a deadline at most %llu\n", (unsigned long long)f.due_gas);
  sf_close(&f);
}

static void apply(struct sf *f, u32 user, u64 realm, u64 milli) {
  sf_call_of(f, "applyIssuer(bytes32[],uint16,bytes32)");
  sf_u(f, 96), sf_u(f, realm), sf_u(f, 9), sf_u(f, 1), sf_u(f, 77);
  sf_send_m(f, user, AT, milli);
}
static u64 issuer_state(struct sf *f, u32 user) {
  u256 key = module_key_addr(&f->cf.user[user]);
  return sf_state(f, AT, 5, &key);
}
static void issuer_when_bonded_issues_and_gets_his_bond_back(void **st) {
  (void)st;
  struct sf f;
  open_with(&f, 2);
  apply(&f, 0, 0, 9999000);
  IN("WrongValue(uint256,uint256)");
  u256 before = sf_balance(&f, U(0)), after;
  apply(&f, 0, 0, 10000000); /* issuerBond */
  assert_done(&f);
  assert_logged(&f, "IssuerSaved(address,bytes)");
  apply(&f, 0, 0, 10000000);
  IN("WrongState(uint8,bytes32,uint8)");
  DO(0, "retireIssuer()", "");
  IN("WrongState(uint8,bytes32,uint8)");
  sf_call_of(&f, "addBond()");
  sf_send_m(&f, 0, AT, 1000);
  assert_done(&f);
  sf_pass(&f, 3 * SF_DAY);
  assert_int_equal(issuer_state(&f, 0), 2);
  DO(0, "close()", "");
  IN("OpenRecords(uint32)");
  DO(0, "retireIssuer()", "");
  assert_done(&f);
  sf_pass(&f, 30 * SF_DAY);
  assert_int_equal(issuer_state(&f, 0), 5);
  after = sf_balance(&f, U(0));
  assert_true(u256_eq(&before, &after));
  /* Of a realm: only governance makes him one, else he has it back. */
  apply(&f, 1, 1, 10000000);
  DO(1, "approveIssuer(address)", "a", U(1));
  IN("NotAuthorised(address)");
  sf_pass(&f, 30 * SF_DAY);
  assert_int_equal(issuer_state(&f, 1), 5);
  sf_close(&f);
}

static void make_attester(struct sf *f, u32 user, u16 realm) {
  create(f, user);
  apply(f, user, realm, 10000000);
  assert_done(f);
  sf_call_of(f, "approveIssuer(address)");
  sf_a(f, &f->cf.user[user]);
  sf_govern(f, AT);
  assert_done(f);
}
static void human_when_attested_is_a_person_until_then(void **st) {
  (void)st;
  struct sf f;
  open_with(&f, 2);
  make_attester(&f, 2, 1);
  u64 until = sf_now(&f) + 100 * SF_DAY;
  DO(0, "attestHuman(address,bytes32,uint64)", "auu", U(0), 5ull, until);
  IN("NotIssuer(bytes32)");
  DO(2, "attestHuman(address,bytes32,uint64)", "auu", U(0), 5ull,
     sf_now(&f) + 366 * SF_DAY); /* humanMaxTtl */
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  DO(2, "attestHuman(address,bytes32,uint64)", "auu", U(4), 5ull, until);
  IN("IdentityRequired(address)");
  DO(2, "attestHuman(address,bytes32,uint64)", "auu", U(0), 5ull, until);
  assert_done(&f);
  assert_logged(&f, "HumanSet(address,address,uint64,bytes32)");
  DO(2, "attestHuman(address,bytes32,uint64)", "auu", U(1), 5ull, until);
  IN("NullifierUsed(address)");
  ASK("person(address)", "a", U(0));
  assert_memory_equal(f.out + 12, U(0), 20);
  ASK("humanCount(uint16)", "u", 1ull);
  assert_int_equal(sf_word(&f, 0), 1);
  sf_pass(&f, 100 * SF_DAY);
  ASK("person(address)", "a", U(0));
  assert_int_equal(sf_word(&f, 0), 0);
  ASK("humanCount(uint16)", "u", 1ull);
  assert_int_equal(sf_word(&f, 0), 0);
  DO(2, "revokeHuman(address,bytes32)", "au", U(0), 1ull);
  IN("HumanRequired(address)");
  until = sf_now(&f) + 50 * SF_DAY;
  DO(2, "attestHuman(address,bytes32,uint64)", "auu", U(0), 5ull, until);
  assert_done(&f);
  DO(2, "revokeHuman(address,bytes32)", "au", U(0), 1ull);
  assert_done(&f);
  ASK("humanCount(uint16)", "u", 1ull);
  assert_int_equal(sf_word(&f, 0), 0);
  sf_close(&f);
}

/* A recovery that outlasts it neither keeps the humanity up, nor leaves the key
** before it with the allowance of a human. */
static void human_when_over_during_a_recovery_is_over_after_it(void **st) {
  (void)st;
  static const u32 guardian[] = {3};
  struct sf f;
  sf_open_credits(&f, NULL, 0, 4);
  create(&f, 0);
  make_attester(&f, 2, 1);
  set_guardians(&f, 0, guardian, 1, 1, 2 * SF_DAY);
  DO(2, "attestHuman(address,bytes32,uint64)", "auu", U(0), 5ull,
     sf_now(&f) + SF_DAY);
  assert_done(&f);
  DO(3, "startRecovery(address,address)", "aa", U(0), U(1));
  assert_done(&f);
  u64 over = sf_now(&f) + 2 * SF_DAY;
  for (u32 i = 0; i < 2; i++) {
    sf_view(&f, 0x1004, "creditsOf(address)", "a", U(i));
    assert_int_equal(sf_word(&f, 4), i == 0);
  }
  sf_pass_to(&f, over); /* the key is another's, and its human's time is over */
  ASK("controllerOf(address)", "a", U(0));
  assert_memory_equal(f.out + 12, U(1), 20);
  ASK("humanCount(uint16)", "u", 1ull);
  assert_int_equal(sf_word(&f, 0), 0);
  sf_pass(&f, 60);
  for (u32 i = 0; i < 2; i++) {
    sf_view(&f, 0x1004, "creditsOf(address)", "a", U(i));
    assert_int_equal(sf_word(&f, 4), 0);
  }
  sf_close(&f);
}

/* Whom another realm attests is one of its humans and no longer the other's. */
static void human_when_of_another_realm_counts_there(void **st) {
  (void)st;
  struct sf f;
  u256 two = u256_from(2);
  open_with(&f, 1);
  make_attester(&f, 2, 1);
  make_attester(&f, 3, 2);
  u64 until = sf_now(&f) + 50 * SF_DAY;
  DO(2, "attestHuman(address,bytes32,uint64)", "auu", U(0), 5ull, until);
  assert_done(&f);
  sf_param(&f, AT, "humanRealm", &two);
  DO(2, "attestHuman(address,bytes32,uint64)", "auu", U(0), 5ull, until);
  IN("NotIssuer(bytes32)");
  for (u32 i = 0; i < 2; i++) { /* a renewal counts nobody twice */
    DO(3, "attestHuman(address,bytes32,uint64)", "auu", U(0), 7ull, until + i);
    assert_done(&f);
    ASK("humanCount(uint16)", "u", 1ull);
    assert_int_equal(sf_word(&f, 0), 0);
    ASK("humanCount(uint16)", "u", 2ull);
    assert_int_equal(sf_word(&f, 0), 1);
  }
  sf_pass(&f, 51 * SF_DAY);
  for (u64 realm = 1; realm <= 2; realm++) {
    ASK("humanCount(uint16)", "u", realm);
    assert_int_equal(sf_word(&f, 0), 0);
  }
  sf_close(&f);
}

static void leaf_of(hash32 *out, const char *key, const char *value) {
  struct buf b;
  u8 be[32] = {0};
  static const u8 zeros[32];
  buf_init(&b, 0);
  buf_put_u8(&b, 0);
  be[31] = 3; /* salt */
  buf_put(&b, be, 32);
  be[31] = 96;
  buf_put(&b, be, 32);
  be[31] = 160;
  buf_put(&b, be, 32);
  const char *part[] = {key, value};
  for (u32 i = 0; i < 2; i++) {
    be[31] = (u8)strlen(part[i]);
    buf_put(&b, be, 32);
    buf_put_str(&b, part[i]);
    buf_put(&b, zeros, 32 - strlen(part[i]));
  }
  crypto_keccak256(out, b.ptr, b.len);
  buf_fini(&b);
}
static u64 check(struct sf *f, u64 index, const char *value,
                 const hash32 *side) {
  u256 zero = U256_ZERO;
  sf_call_of(f, "checkClaim(uint64,uint8,bytes32,string,bytes,bytes32[])");
  sf_u(f, 1), sf_u(f, index), sf_u(f, 3), sf_u(f, 192), sf_u(f, 256),
      sf_u(f, 320);
  sf_text(f, "name", 4);
  sf_text(f, value, strlen(value));
  sf_u(f, 1);
  buf_put(&f->args, side->b, 32);
  sf_ask_as(f, &f->cf.user[3], AT, &zero);
  return f->ok ? sf_word(f, 0) : 99;
}
static void claim_when_accepted_is_proved_leaf_by_leaf(void **st) {
  (void)st;
  struct sf f;
  hash32 leaf, side = {{7}}, root;
  u8 node[65] = {1};
  open_with(&f, 1);
  apply(&f, 0, 0, 10000000);
  sf_pass(&f, 3 * SF_DAY);
  leaf_of(&leaf, "name", "ann");
  memcpy(node + 1, side.b, 32);
  memcpy(node + 33, leaf.b, 32);
  crypto_keccak256(&root, node, 65);
  u64 until = sf_now(&f) + 100 * SF_DAY;
  for (u32 i = 0; i < 3; i++) {
    sf_call_of(&f, "issueClaim(address,bytes32,bytes32,uint64)");
    sf_a(&f, U(1)), sf_u(&f, 77), buf_put(&f.args, root.b, 32);
    sf_u(&f, until);
    sf_send_m(&f, 0, AT, 0);
    assert_done(&f);
    assert_int_equal(sf_word(&f, 0), i + 1);
  }
  assert_logged(&f, "ClaimSaved(uint64,address,address,bytes)");
  DO(0, "issueClaim(address,bytes32,bytes32,uint64)", "auuu", U(1), 78ull,
     1ull, until);
  IN("NotIssuer(bytes32)");
  assert_int_equal(check(&f, 1, "ann", &side), 0); /* not accepted yet */
  DO(2, "acceptClaim(uint64)", "u", 1ull);
  IN("NotAuthorised(address)");
  DO(1, "acceptClaim(uint64)", "u", 9ull);
  IN("NoSuchRecord(uint8,bytes32)");
  DO(1, "acceptClaim(uint64)", "u", 1ull);
  assert_done(&f);
  DO(1, "acceptClaim(uint64)", "u", 1ull);
  IN("WrongState(uint8,bytes32,uint8)");
  DO(1, "declineClaim(uint64)", "u", 2ull);
  assert_done(&f);
  assert_int_equal(check(&f, 1, "ann", &side), 1);
  assert_int_equal(check(&f, 1, "bob", &side), 0);
  assert_int_equal(check(&f, 2, "ann", &side), 99);
  assert_reverted(&f, "BadProof()");
  u256 id = u256_from(3);
  sf_pass(&f, 14 * SF_DAY); /* not accepted: declined */
  assert_int_equal(sf_state(&f, AT, 6, &id), 3);
  id = u256_from(1);
  sf_pass(&f, 90 * SF_DAY);
  assert_int_equal(sf_state(&f, AT, 6, &id), 4);
  until = sf_now(&f) + 9;
  DO(0, "issueClaim(address,bytes32,bytes32,uint64)", "auuu", U(1), 77ull,
     1ull, until + 1000);
  DO(1, "acceptClaim(uint64)", "u", 4ull);
  DO(0, "revokeClaim(uint64,uint8)", "uu", 4ull, 2ull);
  assert_done(&f);
  /* What expired while it was offered is not held for a moment. */
  until = sf_now(&f) + SF_DAY;
  DO(0, "issueClaim(address,bytes32,bytes32,uint64)", "auuu", U(1), 77ull,
     1ull, until);
  sf_pass_before(&f, until);
  DO(1, "acceptClaim(uint64)", "u", 5ull);
  IN("TooLate(uint64)");
  sf_close(&f);
}

static void consent_when_given_ends_by_word_or_time(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u64 until = sf_now(&f) + 10 * SF_DAY;
  for (u32 i = 0; i < 2; i++) {
    DO(0, "giveConsent(address,bytes32,uint16,uint64[],uint64)", "auuuuu",
       U(1), 4ull, 2ull, 160ull, until, 0ull);
    assert_done(&f);
  }
  assert_logged(&f, "ConsentSaved(uint64,address,address,bytes)");
  DO(0, "giveConsent(address,bytes32,uint16,uint64[],uint64)", "uuuuuu",
     0ull, 4ull, 2ull, 160ull, until, 0ull);
  IN("BadAddress()");
  DO(0, "giveConsent(address,bytes32,uint16,uint64[],uint64)", "auuuuuu",
     U(1), 4ull, 2ull, 160ull, until, 1ull, 5ull);
  IN("NoSuchRecord(uint8,bytes32)");
  DO(1, "endConsent(uint64)", "u", 1ull);
  IN("NotAuthorised(address)");
  DO(0, "endConsent(uint64)", "u", 1ull);
  assert_done(&f);
  u256 one = u256_from(1), two = u256_from(2);
  assert_int_equal(sf_state(&f, AT, 7, &one), 3);
  sf_pass(&f, 10 * SF_DAY);
  assert_int_equal(sf_state(&f, AT, 7, &two), 2);
  sf_close(&f);
}

static void reputation_when_new_is_the_middle(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  ASK("reputation(address)", "a", U(0));
  assert_done(&f);
  u32 last = (u32)f.out_len / 32;
  assert_int_equal(sf_word(&f, last - 2), 350); /* ratingX100 */
  assert_int_equal(sf_word(&f, last - 1), 700); /* score */
  ASK("sanctionOf(address)", "a", U(0));
  assert_int_equal(sf_word(&f, 0), 0);
  sf_close(&f);
}

static void identity_when_idle_is_dormant_and_an_update_wakes_it(void **st) {
  (void)st;
  struct sf f;
  open_with(&f, 1);
  sf_pass(&f, 730 * SF_DAY); /* idleMax */
  u256 key = module_key_addr(U(0));
  assert_int_equal(sf_state(&f, AT, 1, &key), 1);
  assert_int_equal(sf_word(&f, 6), 1); /* flags */
  DO(0, "update(bytes32,bytes32)", "uu", 1ull, 2ull);
  assert_int_equal(sf_state(&f, AT, 1, &key), 1);
  assert_int_equal(sf_word(&f, 6), 0);
  /* It counts from what was done last, and neither a deadline of its own nor that
  ** something lapsed is anything done. */
  create(&f, 1);
  sf_pass(&f, 100 * SF_DAY);
  DO(1, "offerController(address)", "a", U(3));
  assert_done(&f);
  u64 last = sf_now(&f), due = last + 730 * SF_DAY;
  key = module_key_addr(U(1));
  sf_pass_to(&f, due - 1);
  sf_state(&f, AT, 1, &key);
  assert_int_equal(sf_word(&f, 6), 0);
  assert_int_equal(sf_word(&f, 5), last); /* updatedAt */
  sf_pass_to(&f, due);
  sf_state(&f, AT, 1, &key);
  assert_int_equal(sf_word(&f, 6), 1);
  sf_close(&f);
}

/* A dormant issuer has had his bond back: what does not wake him is not taken, and
** he may close. */
static void issuer_when_dormant_brings_all_or_nothing(void **st) {
  (void)st;
  struct sf f;
  open_with(&f, 1);
  apply(&f, 0, 0, 10000000);
  sf_pass(&f, 3 * SF_DAY);
  sf_pass(&f, 731 * SF_DAY);
  assert_int_equal(issuer_state(&f, 0), 6);
  sf_call_of(&f, "addBond()");
  sf_send_m(&f, 0, AT, 9999999);
  IN("WrongValue(uint256,uint256)");
  sf_call_of(&f, "addBond()");
  sf_send_m(&f, 0, AT, 10000000);
  assert_done(&f);
  assert_int_equal(issuer_state(&f, 0), 2);
  DO(0, "close()", "");
  IN("OpenRecords(uint32)");
  sf_pass(&f, 731 * SF_DAY);
  assert_int_equal(issuer_state(&f, 0), 6);
  DO(0, "close()", "");
  assert_done(&f);
  ASK("accounted(address)", "u", 0ull);
  assert_int_equal(sf_word(&f, 0), 0);
  sf_close(&f);
}

static void records_when_numbered_keep_their_numbers(void **st) {
  (void)st;
  static const char *const name[] = {
    "identity", "operator", "guardian", "recovery", "issuer", "claim",
    "consent", "reputation", "sanction", "nullifier", "controller", "handle",
    "realm", "pair", "standing", "attests", "near"};
  for (u32 i = 0; i < ARRAY_LEN(name); i++)
    assert_string_equal(module_record_of(&shop_identity, (u8)(i + 1))->name,
                        name[i]);
}

/* What only other modules start is in test_shop_court.c (SanctionSet) and
** test_shop_orders.c (RepChanged, pairs). */
static void parameters_when_set_stay_in_range(void **st) {
  (void)st;
  /* In units: money in thousandths of a CMT. */
  static const struct { const char *name; u64 min, max, unit; } rows[] = {
    {"recoveryDelayMin", 86400, 2592000, 1}, {"guardiansMax", 3, 15, 1},
    {"humanMaxTtl", 2592000, 63072000, 1}, {"humanRealm", 0, 65535, 1},
    {"pairLimit", 1, 20, 1}, {"idleMax", 15552000, 315360000, 1},
    {"issuerBond", 100000, 1000000000, SF_CMT / 1000},
    {"handleDeposit", 0, 1000000, SF_CMT / 1000}};
  struct sf f;
  sf_open(&f);
  for (u32 i = 0; i < ARRAY_LEN(rows); i++)
    for (u32 at = 0; at < 4; at++) {
      u64 units = at < 2 ? rows[i].min : rows[i].max;
      u256 v = u256_from(units), unit = u256_from(rows[i].unit);
      u256 one = u256_from(1);
      u256_mul(&v, &v, &unit);
      if (at == 0 && units == 0) continue;
      if (at == 0) u256_sub(&v, &v, &one);
      if (at == 3) u256_add(&v, &v, &one);
      sf_param(&f, AT, rows[i].name, &v);
      if (at == 1 || at == 2) assert_done(&f);
      else IN("OutOfRange(bytes32,uint256,uint256,uint256)");
    }
  sf_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(anchor_when_closed_by_another_key_stays_nobody),
    cmocka_unit_test(identity_when_guarded_is_not_closed_at_once),
    cmocka_unit_test(guardian_when_replaced_cannot_hold_his_place),
    cmocka_unit_test(human_when_over_during_a_recovery_is_over_after_it),
    cmocka_unit_test(issuer_when_dormant_brings_all_or_nothing),
    cmocka_unit_test(identity_when_made_is_its_own_and_once),
    cmocka_unit_test(handle_when_set_is_resolved_and_its_deposit_comes_back),
    cmocka_unit_test(controller_when_offered_and_accepted_voids_operators),
    cmocka_unit_test(
        recovery_when_guardians_agree_changes_the_key_after_the_delay),
    cmocka_unit_test(guardians_when_many_take_over_in_time),
    cmocka_unit_test(issuer_when_bonded_issues_and_gets_his_bond_back),
    cmocka_unit_test(human_when_attested_is_a_person_until_then),
    cmocka_unit_test(human_when_of_another_realm_counts_there),
    cmocka_unit_test(claim_when_accepted_is_proved_leaf_by_leaf),
    cmocka_unit_test(consent_when_given_ends_by_word_or_time),
    cmocka_unit_test(reputation_when_new_is_the_middle),
    cmocka_unit_test(identity_when_idle_is_dormant_and_an_update_wakes_it),
    cmocka_unit_test(records_when_numbered_keep_their_numbers),
    cmocka_unit_test(parameters_when_set_stay_in_range),
  };
  return cmocka_run_group_tests_name("shop_identity", tests, NULL, NULL);
}
