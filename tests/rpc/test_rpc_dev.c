/* test_rpc_dev.c - a development chain told when to make blocks, and at what
** time. */
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
  assert_int_equal(fixture_error(f, &msg, "evm_mine", "[{\"blocks\":10001}]"),
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
}

static int setup(void **state) {
  struct fixture *f = *state = malloc(sizeof *f);
  fixture_open(f, NULL);
  return 0;
}
static int teardown(void **state) {
  fixture_close(*state);
  free(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_when_asked_then_made_at_once),
    cmocka_unit_test(time_when_moved_then_blocks_follow),
    cmocka_unit_test(automining_when_off_then_transactions_wait),
    cmocka_unit_test(interval_when_set_then_blocks_come_by_themselves),
  };
  return cmocka_run_group_tests_name("rpc_dev", tests, setup, teardown);
}
