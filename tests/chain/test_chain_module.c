/* test_chain_module.c - the module of credits called on a chain: its views,
** events and errors, and each of its parameters from genesis to the rules. */
#include "chain/chain_fixture.h"

#include "chain/chain_credit.h"
#include "codec/abi.h"

#define OWN "{\"credits\":{\"stakes\":{\"%s\":\"1000000000000000000000\"}," \
            "\"parameters\":{\"base_after_s\":0}}}"
#define POLICY \
  "registerPolicy(address,bytes4[],uint8,uint32,uint64,uint64,uint64)"
static const char *const codes[] = {"5f355f5500", "5f5ffd"};

static void open_chain(struct cf *f) {
  char own[256], addr[43];
  addr20 user0;
  u8 key[32];
  cf_key(key, 0);
  crypto_init(NULL);
  assert_int_equal(crypto_key_addr(&user0, key), ERR_OK);
  hex_addr(addr, &user0);
  snprintf(own, sizeof own, OWN, addr);
  cf_open_own(f, "100000000000000000000", codes, 2, own);
}

/* A call that changes nothing, on the state after the head. */
static struct chain_outcome ask(struct cf *f, u32 user, u64 value,
                                const char *signature, const u256 *word,
                                u32 cnt) {
  struct chain_header h = f->head;
  struct chain_hashes hashes = {f, cf_hash_of};
  struct state_source src = state_mem_source(f->mem);
  struct chain_outcome o;
  u8 *data = arena_alloc(&f->a, 4 + 32 * cnt);
  abi_selector(data, signature);
  for (u32 i = 0; i < cnt; i++) u256_to_be(data + 4 + 32 * i, &word[i]);
  struct chain_tx tx = {.has_to = true, .to = CHAIN_CREDIT_ADDR,
                        .has_sender = true, .sender = f->user[user],
                        .gas_limit = 5000000, .value = u256_from(value),
                        .data = slice_of(data, 4 + 32 * cnt)};
  h.number++;
  struct chain_rules rules = f->rules;
  rules.history_call = false;
  chain_exec_begin(f->x, &rules, &h, &hashes, &src);
  chain_exec_call(f->x, &o, &tx);
  assert_int_equal(o.verdict, CHAIN_OK);
  return o;
}
/* The same as a transaction in a block of its own. */
static void send(struct cf *f, u32 user, const char *signature,
                 const u256 *word, u32 cnt) {
  struct chain_tx tx = cf_tx(f, user, 2, &CHAIN_CREDIT_ADDR, 0);
  u8 *data = arena_alloc(&f->a, 4 + 32 * cnt);
  abi_selector(data, signature);
  for (u32 i = 0; i < cnt; i++) u256_to_be(data + 4 + 32 * i, &word[i]);
  tx.data = slice_of(data, 4 + 32 * cnt);
  tx.gas_limit = 900000;
  cf_sign(f, &tx, user);
  cf_block(f, &tx, 1);
  assert_int_equal(f->block.tx_cnt, 1);
  assert_true(f->block.receipt[0].success);
}
static void assert_reverts(const struct chain_outcome *o, const char *error) {
  u8 sel[4];
  abi_selector(sel, error);
  assert_int_equal(o->status, EVM_REVERT);
  assert_true(o->output.len >= 4);
  assert_memory_equal(o->output.ptr, sel, 4);
}
static void assert_event(const struct cf *f, const char *event) {
  hash32 topic;
  crypto_keccak256(&topic, (const u8 *)event, strlen(event));
  assert_true(f->block.receipt[0].log_cnt > 0);
  assert_true(hash32_eq(&f->block.receipt[0].log[0].topic[0], &topic));
}
static u256 word_at(const struct chain_outcome *o, u32 i) {
  u256 v;
  assert_int_equal(o->status, EVM_SUCCESS);
  assert_true(o->output.len >= 32 * (i + 1));
  u256_from_be(&v, o->output.ptr + 32 * i);
  return v;
}
static u256 of_addr(const addr20 *a) {
  u256 v;
  u256_from_addr(&v, a);
  return v;
}
static u256 cmt_of(u64 n) {
  u256 v = u256_from(n), unit = u256_from(1000000000000000000ull);
  u256_mul(&v, &v, &unit);
  return v;
}

static void views_when_asked_tell_the_records(void **st) {
  (void)st;
  struct cf f;
  open_chain(&f);
  u256 who = of_addr(&f.user[0]);
  struct chain_outcome o = ask(&f, 1, 0, "creditsOf(address)", &who, 1);
  assert_true(word_at(&o, 1).w[0] == 2ull * 27000000 * 86400);
  assert_int_equal(word_at(&o, 2).w[0], 3000000);
  assert_true(word_at(&o, 3).w[0] == 1000000000000ull); /* gwei */
  assert_int_equal(word_at(&o, 4).w[0], 0);
  o = ask(&f, 1, 0, "prices()", NULL, 0);
  assert_int_equal(word_at(&o, 0).w[0], 65536);
  assert_int_equal(word_at(&o, 1).w[0], 65536);
  assert_true(word_at(&o, 3).w[0] >= 100000000000ull);
  o = ask(&f, 1, 0, "proceeds()", NULL, 0);
  assert_int_equal(word_at(&o, 0).w[0], 0);
  u256 n = u256_from(1000), none = U256_ZERO, most = u256_from(UINT64_MAX >> 1);
  o = ask(&f, 1, 0, "rentPrice(uint64)", &n, 1);
  assert_true(word_at(&o, 0).w[0] >= 100000000000000ull);
  o = ask(&f, 1, 0, "rentPrice(uint64)", &none, 1);
  assert_reverts(&o, "ZeroAmount()");
  o = ask(&f, 1, 0, "rentPrice(uint64)", &most, 1);
  assert_reverts(&o, "SoldOut(uint64,uint64)");
  o = ask(&f, 1, 5, "rentCredits(uint64)", &n, 1);
  assert_reverts(&o, "WrongValue(uint256,uint256)");
  cf_close(&f);
}

static void delegation_when_told_has_events_and_bounds(void **st) {
  (void)st;
  struct cf f;
  open_chain(&f);
  u256 w[2] = {of_addr(&f.user[1]), cmt_of(1001)}, zero[2] = {w[0], U256_ZERO};
  struct chain_outcome o = ask(&f, 0, 0, "delegateCredits(address,uint256)", w,
                               2);
  assert_reverts(&o, "StakeShort(uint256,uint256)");
  o = ask(&f, 0, 0, "delegateCredits(address,uint256)", zero, 2);
  assert_reverts(&o, "ZeroAmount()");
  u256 self[2] = {of_addr(&f.user[0]), w[1]}, none[2] = {U256_ZERO, w[1]};
  o = ask(&f, 0, 0, "delegateCredits(address,uint256)", self, 2);
  assert_reverts(&o, "BadAddress()");
  o = ask(&f, 0, 0, "delegateCredits(address,uint256)", none, 2);
  assert_reverts(&o, "BadAddress()");
  w[1] = cmt_of(300);
  send(&f, 0, "delegateCredits(address,uint256)", w, 2);
  assert_event(&f, "CreditsDelegated(address,address,uint256)");
  w[1] = cmt_of(701);
  o = ask(&f, 0, 0, "delegateCredits(address,uint256)", w, 2);
  assert_reverts(&o, "StakeShort(uint256,uint256)");
  w[1] = cmt_of(301);
  o = ask(&f, 0, 0, "revokeCredits(address,uint256)", w, 2);
  assert_reverts(&o, "DelegationShort(uint256,uint256)");
  u256 pair[2] = {of_addr(&f.user[0]), of_addr(&f.user[1])};
  o = ask(&f, 3, 0, "finishRevoke(address,address)", pair, 2);
  assert_reverts(&o, "NothingLeaving()");
  w[1] = cmt_of(100);
  send(&f, 0, "revokeCredits(address,uint256)", w, 2);
  assert_event(&f, "CreditsRevoking(address,address,uint256,uint64)");
  o = ask(&f, 3, 0, "delegation(address,address)", pair, 2);
  u256 want = cmt_of(200), got = word_at(&o, 0);
  assert_true(u256_eq(&got, &want));
  o = ask(&f, 3, 0, "finishRevoke(address,address)", pair, 2);
  assert_reverts(&o, "TooEarly(uint64)");
  f.head.timestamp += 86400;
  send(&f, 3, "finishRevoke(address,address)", pair, 2);
  assert_event(&f, "CreditsRevoked(address,address,uint256)");
  cf_close(&f);
}

static void put_policy(u256 w[8], const addr20 *target) {
  memset(w, 0, 8 * sizeof *w);
  w[0] = of_addr(target);
  w[1] = u256_from(7 * 32);
  w[3] = u256_from(100000);
}

static void policy_when_told_has_events_and_bounds(void **st) {
  (void)st;
  struct cf f;
  open_chain(&f);
  addr20 target = cf_contract(0);
  u256 w[8], one = u256_from(1);
  static const struct { u32 at; u64 v; u8 argument; } bad[] = {
    {0, 0, 1}, {0, 0x1004, 1}, {2, 3, 3}, {3, 20999, 4}, {6, 1000, 7},
    {6, 1ull << 40, 7}};
  for (u32 i = 0; i < ARRAY_LEN(bad); i++) {
    put_policy(w, &target);
    w[bad[i].at] = u256_from(bad[i].v);
    struct chain_outcome o = ask(&f, 0, 0, POLICY, w, 8);
    assert_reverts(&o, "BadPolicy(uint8)");
    assert_int_equal(o.output.ptr[4 + 31], bad[i].argument);
  }
  struct chain_outcome o = ask(&f, 0, 0, "policy(uint32)", &one, 1);
  assert_reverts(&o, "NoSuchPolicy(uint32)");
  put_policy(w, &target);
  send(&f, 1, POLICY, w, 8);
  assert_event(&f, "PolicyRegistered(uint32,address,address,uint8,uint32,"
                   "uint64,uint64,uint64)");
  o = ask(&f, 2, 0, "policy(uint32)", &one, 1);
  u256 got = word_at(&o, 0), want = of_addr(&f.user[1]);
  assert_true(u256_eq(&got, &want));
  assert_int_equal(word_at(&o, 8).w[0], 1);
  o = ask(&f, 2, 0, "removePolicy(uint32)", &one, 1);
  assert_reverts(&o, "NotAuthorised(address)");
  u256 users[5] = {one, u256_from(96), one, one, of_addr(&f.user[4])};
  send(&f, 1, "setUsers(uint32,address[],bool)", users, 5);
  assert_event(&f, "PolicyUsers(uint32,bool,address[])");
  u256 where = of_addr(&target);
  o = ask(&f, 2, 0, "policiesOf(address)", &where, 1);
  assert_int_equal(word_at(&o, 1).w[0], 1);
  assert_int_equal(word_at(&o, 2).w[0], 1);
  send(&f, 1, "removePolicy(uint32)", &one, 1);
  assert_event(&f, "PolicyRemoved(uint32,address,address)");
  o = ask(&f, 1, 0, "removePolicy(uint32)", &one, 1);
  assert_reverts(&o, "NoSuchPolicy(uint32)");
  cf_close(&f);
}

static void target_when_full_gives_way_to_more_stake_alone(void **st) {
  (void)st;
  struct cf f;
  open_chain(&f);
  addr20 target = cf_contract(0);
  u256 w[8], where = of_addr(&target);
  put_policy(w, &target);
  for (u32 i = 0; i < DPOS_CREDIT_TARGET_POLICIES; i++) {
    send(&f, 1 + i % 4, POLICY, w, 8);
    f.head.timestamp += 86400; /* so that they can pay for the next */
  }
  struct chain_outcome o = ask(&f, 5, 0, POLICY, w, 8);
  assert_reverts(&o, "TargetFull(uint256)");
  send(&f, 0, POLICY, w, 8);
  o = ask(&f, 2, 0, "policiesOf(address)", &where, 1);
  assert_int_equal(word_at(&o, 1).w[0], 8);
  assert_int_equal(word_at(&o, 9).w[0], 9); /* the newest stands last */
  /* An ended one makes room for anybody. */
  u256 id = word_at(&o, 2);
  o = ask(&f, 2, 0, "policy(uint32)", &id, 1);
  u256 sponsor = word_at(&o, 0);
  u32 user = 0;
  for (u32 i = 0; i < CF_USERS; i++) {
    u256 v = of_addr(&f.user[i]);
    if (u256_eq(&v, &sponsor)) user = i;
  }
  send(&f, user, "removePolicy(uint32)", &id, 1);
  send(&f, 5, POLICY, w, 8);
  cf_close(&f);
}

static void parameter_when_given_in_genesis_rules_the_chain(void **st) {
  (void)st;
  static const struct { const char *name; u64 value; } rows[] = {
    {"share_ppm", 500000}, {"base_day", 5000000},
    {"base_min_gwei", 2000000000}, {"base_after_s", 0}, {"pool_ppm", 200000},
    {"verified_ppm", 0}, {"state_per_second", 50}, {"state_price", 1000},
    {"code_price", 10}, {"rent_price", 77}, {"rent_ppm", 1},
    {"revoke_after_s", 60}};
  struct cf f;
  struct buf own;
  buf_init(&own, 0);
  buf_put_str(&own, "{\"parameters\":{\"block_interval_ms\":500,"
                    "\"block_gas_limit\":30000000},"
                    "\"credits\":{\"parameters\":{");
  for (u32 i = 0; i < ARRAY_LEN(rows); i++)
    buf_printf(&own, "%s\"%s\":%llu", i ? "," : "", rows[i].name,
               (unsigned long long)rows[i].value);
  buf_put_str(&own, "}}}");
  cf_open_own(&f, "1", codes, 2, buf_cstr(&own));
  buf_fini(&own);
  struct state_source src = state_mem_source(f.mem);
  struct chain_credit_view view = chain_credit_view_of(&src);
  struct chain_credit *c = chain_credit_open(1);
  assert_int_equal(chain_credit_begin(c, &view, 1, 1000), ERR_OK);
  const struct dpos_credit_rules *r = chain_credit_rules(c);
  u32 found = 0;
  for (u32 i = 0; i < DPOS_CREDIT_PARAM_CNT; i++) {
    const struct module_setting *s =
        module_row_at(&dpos_credits, MODULE_ROW_SETTING, i)->setting;
    assert_true(s->min <= s->dflt && s->dflt <= s->max);
    for (u32 k = 0; k < ARRAY_LEN(rows); k++) {
      if (strcmp(rows[k].name, s->name) != 0) continue;
      assert_int_equal(r->param[i], rows[k].value);
      found++;
    }
    if (strcmp(s->name, "gas_per_second") == 0)
      assert_int_equal(r->param[i], 60000000);
    if (strcmp(s->name, "block_ms") == 0) assert_int_equal(r->param[i], 500);
  }
  assert_int_equal(found + 2, DPOS_CREDIT_PARAM_CNT);
  assert_true(r->day == 2ull * 30000000 * 86400);
  chain_credit_close(c);
  cf_close(&f);
}

/* A delegated account (EIP-7702) runs the byte 0xfe, not the module. */
static void account_when_delegated_to_the_module_halts(void **st) {
  (void)st;
  struct cf f;
  open_chain(&f);
  struct chain_auth auth = {.chain_id = u256_from(CF_ID),
                            .addr = CHAIN_CREDIT_ADDR, .nonce = 0};
  auth.has_authority = true;
  auth.authority = f.user[5];
  struct chain_header h = f.head;
  struct chain_hashes hashes = {&f, cf_hash_of};
  struct state_source src = state_mem_source(f.mem);
  struct chain_outcome o;
  struct chain_tx tx = {.type = 4, .has_to = true, .to = f.user[5],
                        .has_sender = true, .sender = f.user[1],
                        .gas_limit = 500000, .auth = &auth, .auth_cnt = 1,
                        .data = slice_of("\x01\x02\x03\x04", 4)};
  h.number++;
  struct chain_rules rules = f.rules;
  rules.history_call = false;
  chain_exec_begin(f.x, &rules, &h, &hashes, &src);
  chain_exec_call(f.x, &o, &tx);
  assert_int_equal(o.verdict, CHAIN_OK);
  assert_int_equal(o.status, EVM_BAD_OPCODE);
  cf_close(&f);
}

static void ask_at(struct cf *f, struct chain_outcome *o, u32 number,
                   const char *signature, const u256 *word, u32 cnt) {
  struct chain_header h = f->head;
  struct chain_hashes hashes = {f, cf_hash_of};
  struct state_source src = state_mem_source(f->mem);
  u8 *data = arena_alloc(&f->a, 4 + 32 * cnt);
  abi_selector(data, signature);
  for (u32 i = 0; i < cnt; i++) u256_to_be(data + 4 + 32 * i, &word[i]);
  struct chain_tx tx = {.has_to = true, .has_sender = true,
                        .sender = f->user[1], .gas_limit = 5000000,
                        .data = slice_of(data, 4 + 32 * cnt)};
  module_address(&tx.to, (u16)number);
  h.number++;
  struct chain_rules rules = f->rules;
  rules.history_call = false;
  chain_exec_begin(f->x, &rules, &h, &hashes, &src);
  chain_exec_call(f->x, o, &tx);
  assert_int_equal(o->verdict, CHAIN_OK);
}

static void beacon_when_asked_is_that_of_a_block_before(void **st) {
  (void)st;
  static const u32 at[] = {0x1006, 0x1107};
  struct cf f;
  struct chain_outcome o;
  open_chain(&f);
  cf_block(&f, NULL, 0);
  hash32 first = f.head.mix_hash;
  cf_block(&f, NULL, 0);
  for (u32 i = 0; i < 2; i++) {
    u256 w[3] = {u256_from(1), u256_from(77), u256_from(6)};
    ask_at(&f, &o, at[i], "beacon(uint64)", w, 1);
    u256 got = word_at(&o, 0);
    hash32 h = u256_hash32(&got);
    assert_memory_equal(&h, &first, 32);
    ask_at(&f, &o, at[i], "draw(uint64,bytes32,uint256)", w, 3);
    assert_true(word_at(&o, 0).w[0] < 6);
    w[2] = U256_ZERO;
    ask_at(&f, &o, at[i], "draw(uint64,bytes32,uint256)", w, 3);
    assert_reverts(&o, "ZeroAmount()");
    w[0] = u256_from(3); /* the block to come */
    ask_at(&f, &o, at[i], "beacon(uint64)", w, 1);
    assert_reverts(&o, "BeaconUnknown(uint64)");
  }
  cf_close(&f);
}

static void system_transaction_when_encoded_follows_from_the_height(
    void **st) {
  (void)st;
  struct arena a;
  struct chain_tx tx, back;
  struct errmsg msg;
  arena_init(&a, 1024, 0);
  chain_tx_system(&tx, 4242, 7, &a);
  assert_int_equal(tx.raw.ptr[0], 0x7e);
  assert_int_equal(chain_tx_decode(&back, tx.raw, &a, &msg), ERR_OK);
  assert_int_equal(back.nonce, 7);
  assert_memory_equal(&back.sender, &CHAIN_SYSTEM_ADDR, 20);
  assert_memory_equal(&back.hash, &tx.hash, 32);
  u8 sel[4];
  abi_selector(sel, "onBlock()");
  assert_memory_equal(back.data.ptr, sel, 4);
  assert_int_equal(chain_tx_sender(&back), ERR_SIGNATURE); /* nobody's */
  arena_fini(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(views_when_asked_tell_the_records),
    cmocka_unit_test(delegation_when_told_has_events_and_bounds),
    cmocka_unit_test(policy_when_told_has_events_and_bounds),
    cmocka_unit_test(target_when_full_gives_way_to_more_stake_alone),
    cmocka_unit_test(parameter_when_given_in_genesis_rules_the_chain),
    cmocka_unit_test(account_when_delegated_to_the_module_halts),
    cmocka_unit_test(beacon_when_asked_is_that_of_a_block_before),
    cmocka_unit_test(system_transaction_when_encoded_follows_from_the_height),
  };
  return cmocka_run_group_tests_name("chain_module", tests, NULL, NULL);
}
