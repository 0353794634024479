/* test_rpc_dev.c - a development chain told when to make blocks, at what time,
** on what state; snapshots; senders without keys; and that no other chain
** hears of any of it. */
#include "node/node_state.h"
#include "rpc/rpc_fixture.h"

#define A0 "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define A1 "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"

static u64 height(struct fixture *f) {
  return strtoull(fixture_result(f, "eth_blockNumber", "[]"), NULL, 16);
}
static u64 time_of(struct fixture *f, const char *block) {
  json_t *j = fixture_ask(f, "eth_getBlockByNumber",
                          arena_printf(&f->arena, "[\"%s\",false]", block));
  u64 t = strtoull(fixture_field(json_object_get(j, "result"), "timestamp"),
                   NULL, 16);
  json_decref(j);
  return t;
}
static void say(struct fixture *f, const char *method, const char *params) {
  const char *msg;
  int code = fixture_error(f, &msg, method, params);
  if (code) fail_msg("%s %s: %s", method, params, msg);
}

static void blocks_when_asked_then_made_at_once(void **state) {
  struct fixture *f = *state;
  u64 was = height(f);
  say(f, "evm_mine", "[]");
  assert_int_equal(height(f), was + 1);
  say(f, "hardhat_mine", "[\"0x5\"]");
  assert_int_equal(height(f), was + 6);
  say(f, "anvil_mine", "[3,60]");
  assert_int_equal(height(f), was + 9);
  u64 last = time_of(f, "latest");
  u64 before = time_of(f, arena_printf(&f->arena, "0x%llx",
                                       (unsigned long long)was + 8));
  assert_in_range(last - before, 60, 70);
  say(f, "evm_mine", "[{\"blocks\":2}]");
  assert_int_equal(height(f), was + 11);
  const char *msg;
  assert_int_equal(fixture_error(f, &msg, "evm_mine", "[{\"blocks\":100001}]"),
                   -32005);
}

static void time_when_moved_then_blocks_follow(void **state) {
  struct fixture *f = *state;
  u64 was = time_of(f, "latest");
  say(f, "evm_increaseTime", "[3600]");
  say(f, "evm_mine", "[]");
  u64 now = time_of(f, "latest");
  assert_in_range(now - was, 3600, 3660);
  say(f, "evm_setNextBlockTimestamp",
      arena_printf(&f->arena, "[%llu]", (unsigned long long)now + 1000));
  say(f, "evm_mine", "[]");
  assert_int_equal(time_of(f, "latest"), now + 1000);
  say(f, "evm_mine", arena_printf(&f->arena, "[\"0x%llx\"]",
                                  (unsigned long long)now + 5000));
  assert_int_equal(time_of(f, "latest"), now + 5000);
  say(f, "evm_mine", "[]"); /* the clock goes on from there */
  assert_in_range(time_of(f, "latest") - now, 5000, 5060);
  const char *msg;
  assert_int_equal(fixture_error(f, &msg, "evm_setNextBlockTimestamp", "[1]"),
                   -32602);
}

static void automining_when_off_then_transactions_wait(void **state) {
  struct fixture *f = *state;
  const char *hash[3];
  say(f, "evm_setAutomine", "[false]");
  json_t *j = fixture_ask(f, "hardhat_getAutomine", "[]");
  assert_true(json_is_false(json_object_get(j, "result")));
  json_decref(j);
  u64 was = height(f);
  for (u32 i = 0; i < 3; i++) {
    struct chain_tx tx = {.nonce = i, .has_to = true, .gas_limit = 21000};
    assert_int_equal(hex_parse_addr(&tx.to, slice_str(A1)), ERR_OK);
    hash[i] = fixture_send(f, 0, &tx);
  }
  assert_int_equal(height(f), was);
  say(f, "evm_mine", "[]"); /* all in one block */
  assert_int_equal(height(f), was + 1);
  for (u32 i = 0; i < 3; i++) {
    json_t *r = fixture_receipt(f, hash[i]);
    assert_int_equal(strtoull(fixture_field(r, "blockNumber"), NULL, 16),
                     was + 1);
    json_decref(r);
  }
  say(f, "evm_setAutomine", "[true]");
  struct chain_tx tx = {.nonce = 3, .has_to = true, .gas_limit = 21000};
  json_decref(fixture_receipt(f, fixture_send(f, 0, &tx)));
  assert_int_equal(height(f), was + 2);
  j = fixture_ask(f, "anvil_getAutomine", "[]");
  assert_true(json_is_true(json_object_get(j, "result")));
  json_decref(j);
}

static void interval_when_set_then_blocks_come_by_themselves(void **state) {
  struct fixture *f = *state;
  u64 was = height(f);
  say(f, "evm_setIntervalMining", "[50]");
  for (u32 i = 0; i < 400 && height(f) < was + 3; i++) usleep(50000);
  assert_true(height(f) >= was + 3);
  say(f, "evm_setIntervalMining", "[0]");
  say(f, "evm_mine", "[]"); /* after one that may be under way */
}

#define NOBODY "0x00000000000000000000000000000000000000aa"
#define WORD "0x00000000000000000000000000000000000000000000000000000000000000"

static u64 number(struct fixture *f, const char *method, const char *params) {
  return strtoull(fixture_result(f, method, params), NULL, 16);
}
static bool truth(struct fixture *f, const char *method, const char *params) {
  json_t *j = fixture_ask(f, method, params), *r = json_object_get(j, "result");
  if (!json_is_boolean(r)) fail_msg("%s %s: no boolean", method, params);
  bool v = json_is_true(r);
  json_decref(j);
  return v;
}

static void state_when_edited_then_calls_see_it(void **state) {
  struct fixture *f = *state;
  u64 was = height(f);
  say(f, "hardhat_setBalance", "[\"" NOBODY "\",\"0x64\"]");
  assert_int_equal(number(f, "eth_getBalance", "[\"" NOBODY "\",\"latest\"]"),
                   100);
  say(f, "anvil_addBalance", "[\"" NOBODY "\",\"0x1\"]");
  assert_int_equal(number(f, "eth_getBalance", "[\"" NOBODY "\",\"latest\"]"),
                   101);
  /* returns its slot 1 */
  say(f, "hardhat_setCode",
      "[\"" NOBODY "\",\"0x60015460005260206000f3\"]");
  say(f, "hardhat_setStorageAt", "[\"" NOBODY "\",\"0x1\",\"" WORD "2a\"]");
  assert_int_equal(number(f, "eth_call", "[{\"to\":\"" NOBODY "\"}]"), 42);
  say(f, "anvil_setNonce", "[\"" NOBODY "\",9]");
  assert_int_equal(
      number(f, "eth_getTransactionCount", "[\"" NOBODY "\",\"latest\"]"), 9);
  const char *msg;
  assert_int_equal(fixture_error(f, &msg, "hardhat_setNonce",
                                 "[\"" NOBODY "\",\"0x8\"]"), -32602);
  assert_int_equal(height(f), was + 5); /* each a block of its own */
  /* What has storage alone is not cleared by a touch. */
  say(f, "anvil_setStorageAt",
      "[\"0x00000000000000000000000000000000000000ab\",\"0x5\",\"" WORD
      "07\"]");
  struct chain_tx tx = {.nonce = 4, .has_to = true, .gas_limit = 21000};
  assert_int_equal(hex_parse_addr(&tx.to, slice_str(
                       "0x00000000000000000000000000000000000000ab")), ERR_OK);
  json_decref(fixture_receipt(f, fixture_send(f, 0, &tx)));
  assert_int_equal(number(f, "eth_getStorageAt",
                          "[\"0x00000000000000000000000000000000000000ab\","
                          "\"0x5\",\"latest\"]"), 7);
}

static void snapshot_when_gone_back_to_then_all_is_as_it_was(void **state) {
  struct fixture *f = *state;
  u64 was = height(f);
  u64 time = time_of(f, "latest");
  const char *first = fixture_result(f, "evm_snapshot", "[]");
  say(f, "hardhat_mine", "[3,1000]");
  const char *second = fixture_result(f, "evm_snapshot", "[]");
  say(f, "anvil_setBalance", "[\"" A1 "\",\"0x1\"]");
  say(f, "evm_increaseTime", "[100000]");
  say(f, "evm_setAutomine", "[false]");
  struct chain_tx tx = {.nonce = 5, .has_to = true, .gas_limit = 21000};
  const char *hash = fixture_send(f, 0, &tx);
  const char *third = fixture_result(f, "anvil_snapshot", "[]");
  say(f, "evm_mine", "[]");
  assert_int_equal(height(f), was + 5);
  const char *named = arena_printf(&f->arena, "[\"%s\"]", third);
  assert_true(truth(f, "evm_revert", named));
  assert_false(truth(f, "evm_revert", named)); /* it is used up */
  assert_int_equal(height(f), was + 4);
  json_t *j = fixture_ask(f, "eth_getTransactionReceipt",
                          arena_printf(&f->arena, "[\"%s\"]", hash));
  assert_true(json_is_null(json_object_get(j, "result")));
  json_decref(j); /* it waits again, as when the snapshot was taken */
  assert_int_equal(number(f, "eth_getTransactionCount",
                          "[\"" A0 "\",\"pending\"]"), 6);
  assert_true(truth(f, "hardhat_dropTransaction",
                    arena_printf(&f->arena, "[\"%s\"]", hash)));
  assert_false(truth(f, "hardhat_dropTransaction",
                     arena_printf(&f->arena, "[\"%s\"]", hash)));
  say(f, "evm_setAutomine", "[true]");
  named = arena_printf(&f->arena, "[\"%s\"]", first);
  assert_true(truth(f, "anvil_revert", named)); /* over the second */
  assert_false(truth(f, "evm_revert",
                     arena_printf(&f->arena, "[\"%s\"]", second)));
  assert_int_equal(height(f), was);
  assert_int_equal(time_of(f, "latest"), time);
  say(f, "evm_mine", "[]");
  assert_in_range(time_of(f, "latest") - time, 1, 900); /* the clock too */
  assert_true(number(f, "eth_getBalance", "[\"" A1 "\",\"latest\"]") > 1);
}

static void filter_when_chain_goes_back_then_tells_the_new_blocks(
    void **state) {
  struct fixture *f = *state;
  const char *id = fixture_result(f, "eth_newBlockFilter", "[]");
  const char *named = arena_printf(&f->arena, "[\"%s\"]", id);
  const char *snap = fixture_result(f, "evm_snapshot", "[]");
  for (u32 round = 0; round < 2; round++) {
    say(f, "hardhat_mine", "[2]");
    json_t *j = fixture_ask(f, "eth_getFilterChanges", named);
    assert_int_equal(json_array_size(json_object_get(j, "result")), 2);
    json_decref(j);
    if (round == 0)
      assert_true(truth(f, "evm_revert",
                        arena_printf(&f->arena, "[\"%s\"]", snap)));
  }
}

static void sender_when_impersonated_then_needs_no_key(void **state) {
  struct fixture *f = *state;
  const char *msg;
  const char *tx = "[{\"from\":\"" NOBODY "\",\"to\":\"" A1
                   "\",\"value\":\"0x5\"}]";
  say(f, "hardhat_setBalance", "[\"" NOBODY "\",\"0x64\"]");
  assert_int_equal(fixture_error(f, &msg, "eth_sendTransaction", tx), -32000);
  say(f, "hardhat_impersonateAccount", "[\"" NOBODY "\"]");
  json_t *r = fixture_receipt(f, fixture_result(f, "eth_sendTransaction", tx));
  assert_string_equal(fixture_field(r, "from"), NOBODY);
  assert_string_equal(fixture_field(r, "status"), "0x1");
  json_decref(r);
  assert_int_equal(number(f, "eth_getBalance", "[\"" NOBODY "\",\"latest\"]"),
                   95);
  assert_true(truth(f, "anvil_stopImpersonatingAccount", "[\"" NOBODY "\"]"));
  assert_int_equal(fixture_error(f, &msg, "eth_sendTransaction", tx), -32000);
  say(f, "anvil_autoImpersonateAccount", "[true]");
  json_decref(fixture_receipt(f, fixture_result(f, "eth_sendTransaction",
                                                tx)));
  say(f, "anvil_autoImpersonateAccount", "[false]");
  json_decref(fixture_receipt(
      f, fixture_result(f, "eth_sendUnsignedTransaction", tx)));
  assert_int_equal(number(f, "eth_getBalance", "[\"" NOBODY "\",\"latest\"]"),
                   85);
  /* A dev account's key is the node's own. */
  r = fixture_receipt(f, fixture_result(
      f, "eth_sendTransaction", "[{\"from\":\"" A0 "\",\"to\":\"" A1 "\"}]"));
  assert_string_equal(fixture_field(r, "status"), "0x1");
  json_decref(r);
}

static void next_block_when_told_then_has_randomness_and_beneficiary(
    void **state) {
  struct fixture *f = *state;
  say(f, "hardhat_setPrevRandao", "[\"0x99\"]");
  say(f, "hardhat_setCoinbase", "[\"" NOBODY "\"]");
  say(f, "hardhat_intervalMine", "[]");
  json_t *j = fixture_ask(f, "eth_getBlockByNumber", "[\"latest\",false]");
  json_t *b = json_object_get(j, "result");
  assert_string_equal(fixture_field(b, "mixHash"), WORD "99");
  assert_string_equal(fixture_field(b, "miner"), NOBODY);
  json_decref(j);
  say(f, "evm_mine", "[]");
  j = fixture_ask(f, "eth_getBlockByNumber", "[\"latest\",false]");
  b = json_object_get(j, "result");
  assert_string_not_equal(fixture_field(b, "mixHash"), WORD "99");
  assert_string_equal(fixture_field(b, "miner"), NOBODY);
  json_decref(j);
  say(f, "anvil_setCoinbase", "[\"" A0 "\"]");
}

#define PACKED "[\"0x" \
  "1f8b0800000000000203ab564a4c4ece2fcd2b2956b252a85632a830200a" \
  "24268295e7e5e725a70259063a0a4a49893989101ed0147325a048727e0a" \
  "940be21597e41725a68304aa6b810000b5c812dd79000000" "\"]"

static void dump_when_loaded_then_state_is_back(void **state) {
  struct fixture *f = *state;
  say(f, "hardhat_setBalance", "[\"" NOBODY "\",\"0x64\"]");
  say(f, "anvil_setCode", "[\"" NOBODY "\",\"0x60015460005260206000f3\"]");
  say(f, "anvil_setStorageAt", "[\"" NOBODY "\",\"0x1\",\"" WORD "33\"]");
  const char *dump = arena_printf(
      &f->arena, "[\"%s\"]", fixture_result(f, "anvil_dumpState", "[]"));
  say(f, "anvil_reset", "[]");
  assert_int_equal(height(f), 0);
  assert_string_equal(fixture_result(f, "eth_getCode",
                                     "[\"" NOBODY "\",\"latest\"]"), "0x");
  say(f, "anvil_loadState", dump);
  assert_int_equal(number(f, "eth_call", "[{\"to\":\"" NOBODY "\"}]"), 0x33);
  assert_int_equal(number(f, "eth_getBalance", "[\"" NOBODY "\",\"latest\"]"),
                   100);
  const char *msg;
  assert_int_equal(fixture_error(f, &msg, "anvil_loadState",
                                 "[\"0x1f8b08\"]"), -32602);
  /* {"accounts":{NOBODY:{"balance":"0x7"}}}, packed. */
  say(f, "anvil_loadState", PACKED);
  assert_int_equal(number(f, "eth_getBalance", "[\"" NOBODY "\",\"latest\"]"),
                   7);
  u64 was = height(f);
  say(f, "hardhat_mine", "[4]");
  say(f, "anvil_rollback", "[3]");
  assert_int_equal(height(f), was + 1);
}

static void fees_when_set_then_only_zero_is_taken(void **state) {
  struct fixture *f = *state;
  static const char *const names[] = {
    "hardhat_setNextBlockBaseFeePerGas", "anvil_setNextBlockBaseFeePerGas",
    "hardhat_setMinGasPrice", "anvil_setMinGasPrice"};
  for (u32 i = 0; i < ARRAY_LEN(names); i++) {
    const char *msg;
    assert_true(truth(f, names[i], "[\"0x0\"]"));
    assert_int_equal(fixture_error(f, &msg, names[i], "[\"0x3b9aca00\"]"),
                     -32000);
    assert_non_null(strstr(msg, "no fees"));
  }
}

/* What is left: each name with an argument that it takes. */
static const struct { const char *name, *params; } dev_methods[] = {
  {"anvil_addBalance", "[\"" NOBODY "\",\"0x1\"]"},
  {"anvil_autoImpersonateAccount", "[false]"},
  {"anvil_dropAllTransactions", "[]"},
  {"anvil_dropTransaction", "[\"" WORD "01\"]"},
  {"anvil_dumpState", "[]"},
  {"anvil_getAutomine", "[]"},
  {"anvil_getIntervalMining", "[]"},
  {"anvil_impersonateAccount", "[\"" NOBODY "\"]"},
  {"anvil_increaseTime", "[1]"},
  {"anvil_loadState", "[\"0x7b226163636f756e7473223a7b7d7d\"]"},
  {"anvil_metadata", "[]"},
  {"anvil_mine", "[]"},
  {"anvil_nodeInfo", "[]"},
  {"anvil_removeBlockTimestampInterval", "[]"},
  {"anvil_removePoolTransactions", "[\"" NOBODY "\"]"},
  {"anvil_rollback", "[]"},
  {"anvil_setBalance", "[\"" NOBODY "\",\"1000\"]"},
  {"anvil_setBlockTimestampInterval", "[0]"},
  {"anvil_setCode", "[\"" NOBODY "\",\"0x00\"]"},
  {"anvil_setCoinbase", "[\"" A0 "\"]"},
  {"anvil_setIntervalMining", "[0]"},
  {"anvil_setLoggingEnabled", "[true]"},
  {"anvil_setNextBlockTimestamp", "[4102444800]"},
  {"anvil_setStorageAt", "[\"" NOBODY "\",\"0x1\",\"" WORD "01\"]"},
  {"anvil_setTime", "[4102444800]"},
  {"anvil_snapshot", "[]"},
  {"anvil_stopImpersonatingAccount", "[\"" NOBODY "\"]"},
  {"eth_sendUnsignedTransaction", "[{\"from\":\"" NOBODY "\",\"to\":\"" A0
                                  "\"}]"},
  {"evm_revert", "[\"0xffff\"]"},
  {"evm_setAccountBalance", "[\"" NOBODY "\",\"0x1\"]"},
  {"evm_setAccountCode", "[\"" NOBODY "\",\"0x\"]"},
  {"evm_setAccountNonce", "[\"" NOBODY "\",\"0x64\"]"},
  {"evm_setAccountStorageAt", "[\"" NOBODY "\",\"0x1\",\"" WORD "01\"]"},
  {"evm_setBlockGasLimit", "[\"0x1dcd6500\"]"},
  {"evm_setTime", "[4102444900]"},
  {"evm_snapshot", "[]"},
  {"evm_mine", "[]"},
  {"evm_setAutomine", "[true]"},
  {"evm_setIntervalMining", "[0]"},
  {"evm_setNextBlockTimestamp", "[4133980800]"},
  {"evm_increaseTime", "[\"0x1\"]"},
  {"hardhat_dropTransaction", "[\"" WORD "01\"]"},
  {"hardhat_getAutomine", "[]"},
  {"hardhat_impersonateAccount", "[\"" NOBODY "\"]"},
  {"hardhat_intervalMine", "[]"},
  {"hardhat_metadata", "[]"},
  {"hardhat_mine", "[]"},
  {"hardhat_setBalance", "[\"" NOBODY "\",\"0x1\"]"},
  {"hardhat_setCode", "[\"" NOBODY "\",\"0x\"]"},
  {"hardhat_setCoinbase", "[\"" A0 "\"]"},
  {"hardhat_setLoggingEnabled", "[false]"},
  {"hardhat_setNextBlockBaseFeePerGas", "[\"0x0\"]"},
  {"hardhat_setNonce", "[\"" NOBODY "\",\"0x65\"]"},
  {"hardhat_setPrevRandao", "[\"" WORD "01\"]"},
  {"hardhat_setStorageAt", "[\"" NOBODY "\",\"0x1\",\"" WORD "01\"]"},
  {"hardhat_stopImpersonatingAccount", "[\"" NOBODY "\"]"},
  {"hardhat_reset", "[]"},
};

static void methods_when_called_then_all_answer(void **state) {
  struct fixture *f = *state;
  for (u32 i = 0; i < ARRAY_LEN(dev_methods); i++)
    say(f, dev_methods[i].name, dev_methods[i].params);
}

static void methods_when_no_development_chain_then_none_exists(void **state) {
  (void)state;
  struct fixture f;
  fixture_open_as(&f, NULL, false);
  for (u32 i = 0; i < ARRAY_LEN(dev_methods); i++) {
    const char *msg;
    int code = fixture_error(&f, &msg, dev_methods[i].name,
                             dev_methods[i].params);
    if (code != -32601 || !strstr(msg, "development chain"))
      fail_msg("%s: %d %s", dev_methods[i].name, code, msg);
  }
  const char *msg;
  assert_int_equal(fixture_error(&f, &msg, "eth_sendTransaction",
                                 "[{\"from\":\"" A0 "\",\"to\":\"" A1 "\"}]"),
                   -32601);
  json_t *j = fixture_ask(&f, "eth_accounts", "[]");
  assert_int_equal(json_array_size(json_object_get(j, "result")), 0);
  json_decref(j);
  fixture_close(&f);
}

/* The file of all this is sound: run as a group after the rest, on the same
** chain. */
static void file_when_verified_then_is_whole(void **state) {
  struct fixture *f = *state;
  struct errmsg msg = {.text = ""};
  say(f, "hardhat_setBalance", "[\"" NOBODY "\",\"0x64\"]");
  say(f, "evm_snapshot", "[]");
  say(f, "hardhat_mine", "[5]");
  say(f, "anvil_rollback", "[2]");
  say(f, "anvil_setCode", "[\"" NOBODY "\",\"0x6001\"]");
  u64 was = height(f);
  rpc_close(f->rpc);
  node_close(f->node);
  if (node_state_verify(f->path, true, NULL, NULL, NULL, &msg) < 0)
    fail_msg("%s", msg.text);
  struct node_config nc = {.db_path = f->path, .dev = true};
  if (node_open(&f->node, &nc, &msg) < 0) fail_msg("%s", msg.text);
  f->rpc = rpc_open(f->node, NULL);
  assert_int_equal(height(f), was);
  say(f, "evm_mine", "[]");
  /* Its tables are at the head by now: it cannot be reset any more. */
  const char *text;
  assert_int_equal(fixture_error(f, &text, "hardhat_reset", "[]"), -32000);
  assert_non_null(strstr(text, "can no longer be taken back"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_when_asked_then_made_at_once),
    cmocka_unit_test(time_when_moved_then_blocks_follow),
    cmocka_unit_test(automining_when_off_then_transactions_wait),
    cmocka_unit_test(interval_when_set_then_blocks_come_by_themselves),
    cmocka_unit_test(state_when_edited_then_calls_see_it),
    cmocka_unit_test(snapshot_when_gone_back_to_then_all_is_as_it_was),
    cmocka_unit_test(filter_when_chain_goes_back_then_tells_the_new_blocks),
    cmocka_unit_test(sender_when_impersonated_then_needs_no_key),
    cmocka_unit_test(
        next_block_when_told_then_has_randomness_and_beneficiary),
    cmocka_unit_test(fees_when_set_then_only_zero_is_taken),
    cmocka_unit_test(dump_when_loaded_then_state_is_back),
    cmocka_unit_test(methods_when_called_then_all_answer),
    cmocka_unit_test(methods_when_no_development_chain_then_none_exists),
    cmocka_unit_test(file_when_verified_then_is_whole),
  };
  return cmocka_run_group_tests_name("rpc_dev", tests, fixture_setup,
                                     fixture_teardown);
}
