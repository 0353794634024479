/* test_shop_chain.c - the chain's own modules, Credits, Scheduler and Beacon, and
** what all modules of commerce have, as anybody calls them: every method with an
** answer that can be checked.  What
** credits are worth is test_chain_credit.c's matter, when deadlines come
** test_module_timer.c's, that beacons are proved test_chain_proposal.c's; here
** what the calls themselves cost is measured too (shop_meter.h). */
#include "shop/shop_trade.h"

#define SCHEDULER 0x1005
#define BEACON 0x1006
#define BEACON_FN 0x1107
#define CREDITS 0x1004
#define GWEI_CMT 1000000000ull
#define U(i) (&f.cf.user[i])
#define DO(sig, kinds, ...) sf_do(&f, 0, CREDITS, sig, kinds, ##__VA_ARGS__)
#define ASK(sig, kinds, ...) sf_view(&f, CREDITS, sig, kinds, ##__VA_ARGS__)
#define IN(error) assert_reverted(&f, error)

static u64 milli(const struct sf *f, u32 word) {
  u256 v, q, unit = u256_from(SF_CMT / 1000);
  u256_from_be(&v, f->out + 32 * word);
  u256_divmod(&q, NULL, &v, &unit);
  return q.w[0];
}
/* User 0 has all the stake. */
static void open_credits(struct sf *f) {
  sf_open_credits(f, (const char *const[]){"5f355f5500"}, 1, 1);
}

static void credits_when_lent_and_taken_back_are_counted(void **st) {
  (void)st;
  struct sf f;
  open_credits(&f);
  ASK("creditsOf(address)", "a", U(0));
  assert_int_equal(sf_word(&f, 3), 1000 * GWEI_CMT); /* his stake */
  assert_int_equal(sf_word(&f, 2), 3000000);
  ASK("prices()", "");
  assert_true(f.ok && sf_word(&f, 0) > 0 && sf_word(&f, 1) > 0);
  DO("delegateCredits(address,uint256)", "am", U(1), 10000ull);
  assert_done(&f);
  assert_logged(&f, "CreditsDelegated(address,address,uint256)");
  ASK("delegation(address,address)", "aa", U(0), U(1));
  assert_int_equal(milli(&f, 0), 10000);
  DO("revokeCredits(address,uint256)", "am", U(1), 10001ull);
  IN("DelegationShort(uint256,uint256)");
  DO("revokeCredits(address,uint256)", "am", U(1), 4000ull);
  assert_done(&f);
  u64 at = sf_word(&f, 0), now = sf_now(&f);
  assert_true(at > now);
  DO("finishRevoke(address,address)", "aa", U(0), U(1));
  assert_false(f.ok);
  sf_pass(&f, at - now + 1);
  DO("finishRevoke(address,address)", "aa", U(0), U(1));
  assert_done(&f);
  ASK("delegation(address,address)", "aa", U(0), U(1));
  assert_int_equal(milli(&f, 0), 6000);
  ASK("creditsOf(address)", "a", U(0));
  assert_int_equal(sf_word(&f, 3), 994 * GWEI_CMT);
  sf_close(&f);
}

static void credits_when_rented_cost_what_was_said(void **st) {
  (void)st;
  struct sf f;
  open_credits(&f);
  ASK("rentPrice(uint64)", "u", 1000000ull);
  assert_done(&f);
  u256 price, sum;
  u256_from_be(&price, f.out);
  assert_false(u256_is_zero(&price));
  sf_call_of(&f, "rentCredits(uint64)");
  sf_u(&f, 1000000);
  sf_send_value(&f, 0, CREDITS, &price);
  assert_done(&f);
  assert_logged(&f, "CreditsRented(address,uint64,uint256)");
  ASK("proceeds()", "");
  u256_from_be(&sum, f.out);
  assert_true(u256_eq(&sum, &price));
  sf_close(&f);
}

static void policy_when_registered_has_its_users_until_removed(void **st) {
  (void)st;
  struct sf f;
  open_credits(&f);
  addr20 target = cf_contract(0);
  DO("registerPolicy(address,bytes4[],uint8,uint32,uint64,uint64,uint64)",
     "auuuuuuu", &target, 224ull, 2ull, 200000ull, 1000000ull, 0ull, 0ull,
     0ull);
  assert_done(&f);
  u64 id = sf_word(&f, 0);
  sf_call_of(&f, "setUsers(uint32,address[],bool)");
  sf_u(&f, id), sf_u(&f, 96), sf_u(&f, 1), sf_u(&f, 2);
  sf_a(&f, U(2)), sf_a(&f, U(3));
  sf_send_m(&f, 0, CREDITS, 0);
  assert_done(&f);
  assert_logged(&f, "PolicyUsers(uint32,bool,address[])");
  ASK("policy(uint32)", "u", id);
  assert_memory_equal(f.out + 12, U(0), 20);
  assert_memory_equal(f.out + 44, &target, 20);
  assert_int_equal(sf_word(&f, 8), 1); /* active */
  ASK("policiesOf(address)", "a", &target);
  assert_true(sf_word(&f, 1) == 1 && sf_word(&f, 2) == id);
  DO("removePolicy(uint32)", "u", id);
  assert_done(&f);
  ASK("policy(uint32)", "u", id);
  assert_int_equal(sf_word(&f, 8), 0);
  sf_close(&f);
}

static void deadline_when_due_is_listed_until_it_was(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  st_invoice(&f, 1, 1000, 1, 0);
  assert_done(&f);
  u256 key = u256_from(1);
  struct shop_orders_record_invoice r;
  sf_record(&f, ORDERS, &shop_orders_table_invoice, &r, &key);
  sf_view(&f, SCHEDULER, "due(uint16,uint64)", "uu", (u64)ORDERS, r.deadline);
  assert_int_equal(sf_word(&f, 0), 1);
  sf_view(&f, SCHEDULER, "due(uint16,uint64)", "uu", (u64)ORDERS,
          r.deadline + 1);
  assert_int_equal(sf_word(&f, 0), 0);
  sf_view(&f, SCHEDULER, "cursor(uint16)", "u", (u64)ORDERS);
  assert_true(sf_word(&f, 0) < r.deadline);
  sf_pass(&f, 30 * SF_DAY + 10);
  sf_view(&f, SCHEDULER, "cursor(uint16)", "u", (u64)ORDERS);
  assert_true(sf_word(&f, 0) >= r.deadline);
  sf_view(&f, SCHEDULER, "onBlock()", ""); /* the chain's alone */
  assert_false(f.ok);
  sf_close(&f);
}

static void beacon_when_asked_is_the_same_from_both(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  for (u32 i = 0; i < 8; i++) sf_pass(&f, 1);
  u64 height = f.cf.head.number;
  sf_view(&f, BEACON_FN, "beacon(uint64)", "u", height + 1);
  IN("BeaconUnknown(uint64)");
  u32 seen = 0;
  for (u64 salt = 0; salt < 32; salt++) {
    sf_view(&f, BEACON, "draw(uint64,bytes32,uint256)", "uuu", height - 1,
            salt, 6ull);
    assert_done(&f);
    u64 one = sf_word(&f, 0);
    sf_view(&f, BEACON_FN, "draw(uint64,bytes32,uint256)", "uuu", height - 1,
            salt, 6ull);
    assert_true(one < 6 && sf_word(&f, 0) == one);
    seen |= 1u << one;
  }
  assert_int_equal(seen, 63);
  hash32 of;
  sf_view(&f, BEACON, "beacon(uint64)", "u", height - 1);
  assert_done(&f);
  memcpy(of.b, f.out, 32);
  sf_view(&f, BEACON_FN, "beacon(uint64)", "u", height - 1);
  assert_memory_equal(f.out, of.b, 32);
  sf_close(&f);
}

static void base_when_asked_answers_in_every_module(void **st) {
  (void)st;
  static const u32 module[] = {0x1010, 0x1011, 0x1012, 0x1013, 0x1014, 0x1015};
  struct sf f;
  sf_open(&f);
  for (u32 i = 0; i < ARRAY_LEN(module); i++) {
    const char *param = module[i] == MARKET   ? "listingTtl"
                        : module[i] == ORDERS ? "cancelWindow" : "idleMax";
    u8 word[32] = {0}, sel[4];
    u256 key = u256_from(1), slot;
    memcpy(word, param, strlen(param));
    sf_call_of(&f, "param(bytes32)");
    buf_put(&f.args, word, 32);
    u256 zero = U256_ZERO;
    sf_ask_as(&f, U(5), module[i], &zero);
    assert_done(&f);
    assert_true(sf_word(&f, 1) <= sf_word(&f, 0) &&
                sf_word(&f, 0) <= sf_word(&f, 2));
    sf_view(&f, module[i], "slotOf(uint8,bytes32)", "uu", 1ull, 1ull);
    module_slot_of(&slot, 1, &key);
    hash32 want = u256_hash32(&slot);
    assert_memory_equal(f.out, want.b, 32);
    sf_view(&f, module[i], "pauseLevel()", "");
    assert_true(f.ok && sf_word(&f, 0) == 0);
    sf_call_of(&f, "supportsInterface(bytes4)");
    buf_put(&f.args, "\x01\xff\xc9\xa7", 4); /* ERC-165 */
    buf_put(&f.args, (u8[28]){0}, 28);
    sf_ask_as(&f, U(5), module[i], &zero);
    assert_int_equal(sf_word(&f, 0), 1);
    sf_call_of(&f, "multicall(bytes[])");
    abi_selector(sel, "version()");
    sf_u(&f, 32), sf_u(&f, 2), sf_u(&f, 64), sf_u(&f, 128);
    for (u32 k = 0; k < 2; k++) sf_text(&f, sel, 4);
    sf_ask_as(&f, U(5), module[i], &zero);
    assert_done(&f);
    assert_int_equal(sf_word(&f, 1), 2);
    sf_call_of(&f, "setPause(uint8,uint64,bytes32)");
    sf_u(&f, 1), sf_u(&f, sf_now(&f) + SF_DAY), sf_u(&f, 9);
    sf_govern(&f, module[i]);
    assert_done(&f);
    sf_view(&f, module[i], "pauseLevel()", "");
    assert_int_equal(sf_word(&f, 0), 1);
    sf_pass(&f, SF_DAY + 1); /* it ends by itself */
    sf_view(&f, module[i], "pauseLevel()", "");
    assert_int_equal(sf_word(&f, 0), 0);
  }
  sf_close(&f);
}

/* What is forced into a module by a contract's end belongs to nobody: it is
** surplus, and governance may move it to the treasury alone. */
static void surplus_when_forced_in_goes_to_the_treasury(void **st) {
  (void)st;
  static const u32 module[] = {0x1010, 0x1011, 0x1012, 0x1013, 0x1014, 0x1015};
  addr20 treasury = sf_module(0x1002);
  struct sf f;
  sf_open(&f);
  u256 before = sf_balance(&f, &treasury);
  for (u32 i = 0; i < ARRAY_LEN(module); i++) {
    u8 code[22] = {0x73, [21] = 0xff}; /* PUSH20 module SELFDESTRUCT */
    addr20 at = sf_module(module[i]);
    struct chain_tx tx = cf_tx(&f.cf, 1, 2, NULL, 77);
    memcpy(code + 1, at.b, 20);
    tx.data = slice_of(code, sizeof code);
    cf_sign(&f.cf, &tx, 1);
    cf_block(&f.cf, &tx, 1);
    assert_true(f.cf.block.receipt[0].success);
    sf_view(&f, module[i], "accounted(address)", "u", 0ull);
    assert_int_equal(sf_word(&f, 0), 0);
    assert_int_equal(sf_word(&f, 1), 77);
    sf_do(&f, 1, module[i], "sweepSurplus(address)", "u", 0ull);
    assert_reverted(&f, "NotAuthorised(address)");
    sf_call_of(&f, "sweepSurplus(address)");
    sf_u(&f, 0);
    sf_govern(&f, module[i]);
    assert_done(&f);
    assert_said(&f, "Paid(address,address,uint8,bytes32,uint256,uint8)");
    u256 now = sf_balance(&f, &treasury), left = sf_balance(&f, &at);
    u256_sub(&now, &now, &before);
    assert_int_equal(now.w[0], 77 * (i + 1));
    assert_true(u256_is_zero(&left));
    sf_call_of(&f, "sweepSurplus(address)");
    sf_u(&f, 0);
    sf_govern(&f, module[i]);
    assert_reverted(&f, "ZeroAmount()");
  }
  sf_close(&f);
}

/* What /abi/gas.html lists: rows of methods that are there, and of all that can
** be called; of the others, why they have no figures. */
static void cost_when_listed_is_of_a_method_and_each_has_one(void **st) {
  (void)st;
  const struct module_cost *all = chain_module_notes()->cost;
  u32 used = 0, cnt = 0;
  if (meter_on()) return; /* they are made just now */
  for (u32 m = 0; m < CHAIN_MODULE_CNT; m++)
    for (const struct module_def *d = CHAIN_MODULES[m]; d; d = d->base)
      for (u32 i = 0; i < d->row_cnt; i++) {
        const struct module_row *r = &d->row[i];
        if (r->kind != MODULE_ROW_METHOD) continue;
        const struct module_cost *cost = meter_cost(d->name, r->method->name);
        if (!cost)
          fail_msg("%s.%s: make bench-methods COSTS=src/chain/chain_cost.def",
                   d->name, r->method->name);
        used += d == CHAIN_MODULES[m] || m == CHAIN_MODULE_IDENTITY;
        if (cost->none) continue;
        assert_true(cost->least <= cost->most && cost->ns > 0);
        assert_true(cost->least >= r->method->gas);
      }
  while (all[cnt].module) cnt++;
  assert_int_equal(used, cnt); /* none of what is gone */
}

/* A method, event or error has one text, and is counted as told. */
static void told(bool *seen, const struct module_text *text,
                 const char *module, const char *name) {
  for (u32 i = 0; text[i].module; i++)
    if (strcmp(text[i].module, module) == 0 && strcmp(text[i].name, name) == 0) {
      seen[i] = true;
      return;
    }
  fail_msg("%s.%s: has no text in src/chain/chain_text.def", module, name);
}
static void text_when_listed_is_of_something_and_each_has_one(void **st) {
  (void)st;
  enum { TEXTS_MAX = 2048 };
  const struct module_text *text = chain_module_notes()->text;
  static bool seen[TEXTS_MAX];
  u32 cnt = 0;
  while (text[cnt].module) cnt++;
  assert_true(cnt <= TEXTS_MAX);
  for (u32 m = 0; m < CHAIN_MODULE_CNT; m++)
    for (const struct module_def *d = CHAIN_MODULES[m]; d; d = d->base)
      for (u32 i = 0; i < d->row_cnt; i++) {
        const struct module_row *r = &d->row[i];
        const char *name = r->kind == MODULE_ROW_METHOD ? r->method->name
                         : r->kind == MODULE_ROW_EVENT ||
                           r->kind == MODULE_ROW_ERROR ? r->message->name
                                                       : NULL;
        if (name) told(seen, text, d->name, name);
      }
  for (u32 i = 0; i < MODULE_ERROR_CNT; i++)
    told(seen, text, "*", MODULE_COMMON_ERROR[i].name);
  for (u32 i = 0; i < cnt; i++) {
    if (!seen[i])
      fail_msg("chain_text.def: there is no %s.%s", text[i].module,
               text[i].name);
    /* As they stand in HTML and in a comment. */
    assert_null(strpbrk(text[i].text, "<>&\"\n*@"));
    for (u32 k = 0; k < i; k++)
      assert_false(strcmp(text[i].module, text[k].module) == 0 &&
                   strcmp(text[i].name, text[k].name) == 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(credits_when_lent_and_taken_back_are_counted),
    cmocka_unit_test(credits_when_rented_cost_what_was_said),
    cmocka_unit_test(policy_when_registered_has_its_users_until_removed),
    cmocka_unit_test(deadline_when_due_is_listed_until_it_was),
    cmocka_unit_test(beacon_when_asked_is_the_same_from_both),
    cmocka_unit_test(base_when_asked_answers_in_every_module),
    cmocka_unit_test(surplus_when_forced_in_goes_to_the_treasury),
    cmocka_unit_test(cost_when_listed_is_of_a_method_and_each_has_one),
    cmocka_unit_test(text_when_listed_is_of_something_and_each_has_one),
  };
  return cmocka_run_group_tests_name("shop_chain", tests, NULL, NULL);
}
