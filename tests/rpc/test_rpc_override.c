/* test_rpc_override.c - calls on changed state and blocks, EIP-1898, what the
** node says of itself, and submissions that wait for the receipt.
*/
#include "rpc/rpc_fixture.h"

#define A0 "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define A1 "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
#define C "0x00000000000000000000000000000000000c0de0"
#define ZERO32 \
  "0000000000000000000000000000000000000000000000000000000000000000"
#define WORD(last) \
  "0x00000000000000000000000000000000000000000000000000000000000000" last
/* Returns what an opcode pushes. */
#define RETURNS(op) "0x" op "60005260206000f3"
/* Returns slot 0. */
#define SLOT_0 "0x60005460005260206000f3"

static void expect(struct fixture *f, const char *method, const char *params,
                   const char *want) {
  const char *got = fixture_result(f, method, params);
  if (strcmp(got, want) != 0) {
    fail_msg("%s %s: %s, not %s", method, params, got, want);
  }
}

static void code_when_overridden_then_runs(void **state) {
  expect(*state, "eth_call",
         "[{\"to\":\"" C "\"},\"latest\",{\"" C "\":{\"code\":\""
         RETURNS("602a") "\"}}]", WORD("2a"));
  expect(*state, "eth_getCode", "[\"" C "\",\"latest\"]", "0x");
}

static void storage_when_overridden_then_whole_or_changed(void **state) {
  struct fixture *f = *state;
#define CALL_WITH(storage) \
  "[{\"to\":\"" C "\"},\"latest\",{\"" C "\":{\"code\":\"" SLOT_0 "\"," \
  storage "}}]"
  expect(f, "eth_call",
         CALL_WITH("\"stateDiff\":{\"0x" ZERO32 "\":\"" WORD("07") "\"}"),
         WORD("07"));
  expect(f, "eth_call",
         CALL_WITH("\"state\":{\"0x" ZERO32 "\":\"" WORD("08") "\"}"),
         WORD("08"));
  fixture_expect_error(f, -32602,
      "invalid argument 2: " C ": account has both 'state' and 'stateDiff'",
      "eth_call", CALL_WITH("\"state\":{},\"stateDiff\":{}"));
#undef CALL_WITH
}

/* A contract of the chain with 5 in slot 0. */
static const char *deploy(struct fixture *f) {
  static const char init[] = "600560005560" "0b" "601160003960" "0b" "6000f3"
                             "60005460005260206000f3";
  struct chain_tx tx = {.gas_limit = 200000};
  size_t n = strlen(init) / 2;
  u8 *p = arena_alloc(&f->arena, n);
  assert_int_equal(hex_decode(p, init, 2 * n), ERR_OK);
  tx.data = slice_of(p, n);
  json_t *r = fixture_receipt(f, fixture_send(f, 0, &tx));
  const char *at = arena_printf(&f->arena, "%s",
                                fixture_field(r, "contractAddress"));
  json_decref(r);
  return at;
}

static void storage_when_replaced_then_old_slots_gone_and_code_kept(
    void **state) {
  struct fixture *f = *state;
  const char *at = deploy(f);
  expect(f, "eth_call",
         arena_printf(&f->arena, "[{\"to\":\"%s\"}]", at), WORD("05"));
  expect(f, "eth_call",
         arena_printf(&f->arena, "[{\"to\":\"%s\"},\"latest\","
                      "{\"%s\":{\"state\":{}}}]", at, at), WORD("00"));
  expect(f, "eth_call",
         arena_printf(&f->arena, "[{\"to\":\"%s\"},\"latest\","
                      "{\"%s\":{\"stateDiff\":{}}}]", at, at), WORD("05"));
}

static void balance_when_overridden_then_value_can_be_sent(void **state) {
  struct fixture *f = *state;
  static const char call[] =
      "[{\"from\":\"" C "\",\"to\":\"" A1 "\",\"value\":\"0x64\"}";
  const char *msg;
  int code = fixture_error(f, &msg, "eth_estimateGas",
                           arena_printf(&f->arena, "%s]", call));
  assert_int_equal(code, -32000);
  expect(f, "eth_estimateGas",
         arena_printf(&f->arena, "%s,\"latest\",{\"" C
                      "\":{\"balance\":\"0x64\"}}]", call), "0x5208");
}

static void nonce_when_overridden_then_creation_goes_there(void **state) {
  /* Runs CREATE of nothing and returns the address: nonce 1 and 9 differ. */
  static const char one[] =
      "[{\"to\":\"" C "\"},\"latest\",{\"" C "\":{\"nonce\":\"0x1\",\"code\":"
      "\"0x600060006000f060005260206000f3\"}}]";
  static const char nine[] =
      "[{\"to\":\"" C "\"},\"latest\",{\"" C "\":{\"nonce\":\"0x9\",\"code\":"
      "\"0x600060006000f060005260206000f3\"}}]";
  const char *a = fixture_result(*state, "eth_call", one);
  const char *b = fixture_result(*state, "eth_call", nine);
  assert_string_not_equal(a, b);
}

static void precompile_when_moved_then_answers_there_only(void **state) {
  struct fixture *f = *state;
  static const char id[] = "0x0000000000000000000000000000000000000004";
#define MOVE "{\"%s\":{\"movePrecompileToAddress\":\"" C "\"}}"
  expect(f, "eth_call",
         arena_printf(&f->arena, "[{\"to\":\"" C "\",\"data\":\"0x1234\"},"
                      "\"latest\"," MOVE "]", id), "0x1234");
  expect(f, "eth_call",
         arena_printf(&f->arena, "[{\"to\":\"%s\",\"data\":\"0x1234\"},"
                      "\"latest\"," MOVE "]", id, id), "0x");
  fixture_expect_error(f, -32000, "account " A0 " is not a precompile",
      "eth_call", arena_printf(&f->arena, "[{},\"latest\"," MOVE "]", A0));
  /* The next call finds it where it was. */
  expect(f, "eth_call",
         arena_printf(&f->arena, "[{\"to\":\"%s\",\"data\":\"0x1234\"}]", id),
         "0x1234");
#undef MOVE
}

static void block_when_overridden_then_opcodes_answer_so(void **state) {
  static const struct {
    const char *op, *member, *value, *want;
  } cases[] = {
    {"43", "number", "0x7", WORD("07")},
    {"42", "time", "0x8", WORD("08")},
    {"45", "gasLimit", "0x9", WORD("09")},
    {"41", "feeRecipient", A0,
     "0x000000000000000000000000f39fd6e51aad88f6f4ce6ab8827279cfffb92266"},
    {"44", "prevRandao", WORD("0a"), WORD("0a")},
    {"48", "baseFeePerGas", "0xb", WORD("0b")},
    {"4a", "blobBaseFee", "0xc", WORD("0c")},
  };
  struct fixture *f = *state;
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    expect(f, "eth_call",
           arena_printf(&f->arena,
                        "[{\"to\":\"" C "\"},\"latest\",{\"" C
                        "\":{\"code\":\"0x%s60005260206000f3\"}},"
                        "{\"%s\":\"%s\"}]",
                        cases[i].op, cases[i].member, cases[i].value),
           cases[i].want);
  }
}

static void access_list_when_code_overridden_then_found(void **state) {
  json_t *j = fixture_ask(*state, "eth_createAccessList",
                          "[{\"to\":\"" C "\"},\"latest\",{\"" C
                          "\":{\"code\":\"" SLOT_0 "\"}}]");
  const json_t *list = json_object_get(json_object_get(j, "result"),
                                       "accessList");
  assert_int_equal(json_array_size(list), 1);
  assert_string_equal(fixture_field(json_array_get(list, 0), "address"), C);
  json_decref(j);
}

static void block_when_named_by_eip_1898_then_everywhere(void **state) {
  struct fixture *f = *state;
  json_t *j = fixture_ask(f, "eth_getBlockByNumber", "[\"0x0\",false]");
  const char *hash = arena_printf(
      &f->arena, "%s", fixture_field(json_object_get(j, "result"), "hash"));
  json_decref(j);
  static const struct {
    const char *method, *args;
  } cases[] = {
    {"eth_getBalance", "\"" A0 "\","}, {"eth_getCode", "\"" A0 "\","},
    {"eth_getTransactionCount", "\"" A0 "\","},
    {"eth_getStorageAt", "\"" A0 "\",\"0x0\","},
    {"eth_getProof", "\"" A0 "\",[],"}, {"eth_call", "{\"to\":\"" A0 "\"},"},
    {"eth_estimateGas", "{\"to\":\"" A0 "\"},"},
    {"eth_createAccessList", "{\"to\":\"" A0 "\"},"},
    {"eth_getBlockReceipts", ""},
  };
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    const char *forms[] = {
        arena_printf(&f->arena, "[%s{\"blockNumber\":\"0x0\"}]",
                     cases[i].args),
        arena_printf(&f->arena,
                     "[%s{\"blockHash\":\"%s\",\"requireCanonical\":true}]",
                     cases[i].args, hash)};
    for (u32 k = 0; k < 2; k++) {
      const char *msg;
      int code = fixture_error(f, &msg, cases[i].method, forms[k]);
      bool gone = strstr(msg, "no proofs are kept") != NULL;
      if (code != 0 && !gone) fail_msg("%s %s: %s", cases[i].method, forms[k], msg);
    }
  }
}

static void config_when_own_chain_then_osaka_from_genesis(void **state) {
  json_t *j = fixture_ask(*state, "eth_config", "[]");
  const json_t *r = json_object_get(j, "result");
  const json_t *now = json_object_get(r, "current");
  const json_t *native = json_object_get(now, "precompiles");
  assert_true(json_is_null(json_object_get(r, "next")));
  assert_true(json_is_null(json_object_get(r, "last")));
  assert_string_equal(fixture_field(now, "chainId"), "0x7a69");
  assert_int_equal(strlen(fixture_field(now, "forkId")), 10);
  assert_int_equal(json_object_size(native), 18);
  assert_string_equal(fixture_field(native, "P256VERIFY"),
                      "0x0000000000000000000000000000000000000100");
  json_decref(j);
}

static void discovery_when_asked_then_every_public_method(void **state) {
  const struct rpc_method_info *m;
  json_t *j = fixture_ask(*state, "rpc_discover", "[]");
  const json_t *r = json_object_get(j, "result");
  const json_t *list = json_object_get(r, "methods");
  size_t cnt = 0;
  assert_string_equal(fixture_field(r, "openrpc"), "1.3.2");
  for (u32 i = 0; (m = rpc_method_at(i)); i++) {
    if (m->access == RPC_LOCAL) continue; /* of a dev chain, keys for all */
    const json_t *row = json_array_get(list, cnt++);
    assert_string_equal(fixture_field(row, "name"), m->name);
    assert_true(json_is_array(json_object_get(row, "params")));
  }
  assert_int_equal(json_array_size(list), cnt);
  json_decref(j);
}

static void submission_when_synchronous_then_answers_the_receipt(
    void **state) {
  struct fixture *f = *state;
  const char *count = fixture_result(f, "eth_getTransactionCount",
                                     "[\"" A0 "\",\"pending\"]");
  struct chain_tx tx = {.nonce = strtoull(count, NULL, 16), .has_to = true,
                        .gas_limit = 21000, .value = u256_from(1)};
  assert_int_equal(hex_parse_addr(&tx.to, slice_str(A1)), ERR_OK);
  json_t *j = fixture_ask(f, "eth_sendRawTransactionSync",
                          arena_printf(&f->arena, "[%s]",
                                       fixture_sign(f, 0, &tx)));
  const json_t *r = json_object_get(j, "result");
  assert_string_equal(fixture_field(r, "status"), "0x1");
  assert_string_equal(fixture_field(r, "to"), A1);
  json_decref(j);
  /* One that waits for a nonce: time runs out, and the error has the hash. */
  tx.nonce += 2;
  j = fixture_ask(f, "eth_sendRawTransactionSync",
                  arena_printf(&f->arena, "[%s,\"0x1\"]",
                               fixture_sign(f, 0, &tx)));
  const json_t *e = json_object_get(j, "error");
  assert_int_equal(json_integer_value(json_object_get(e, "code")), 4);
  assert_int_equal(strlen(fixture_field(e, "data")), 66);
  json_decref(j);
}

static void values_when_asked_then_by_account_and_slot(void **state) {
  struct fixture *f = *state;
  static const u8 init[] = {0x60, 5, 0x60, 0, 0x55};
  const char *count = fixture_result(f, "eth_getTransactionCount",
                                     "[\"" A0 "\",\"pending\"]");
  struct chain_tx tx = {.nonce = strtoull(count, NULL, 16),
                        .gas_limit = 100000,
                        .data = slice_of(init, sizeof init)};
  json_t *r = fixture_receipt(f, fixture_send(f, 0, &tx));
  const char *at = arena_printf(&f->arena, "%s",
                                fixture_field(r, "contractAddress"));
  json_decref(r);
  json_t *j = fixture_ask(f, "eth_getStorageValues", arena_printf(&f->arena,
      "[{\"%s\":[\"0x0\",\"0x1\"],\"" C "\":[\"0x0\"]}]", at));
  const json_t *got = json_object_get(j, "result");
  assert_string_equal(json_string_value(json_array_get(
      json_object_get(got, at), 0)), WORD("05"));
  assert_string_equal(json_string_value(json_array_get(
      json_object_get(got, at), 1)), WORD("00"));
  assert_string_equal(json_string_value(json_array_get(
      json_object_get(got, C), 0)), WORD("00"));
  json_decref(j);
  fixture_expect_error(f, -32602, "empty request", "eth_getStorageValues",
                       "[{}]");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(code_when_overridden_then_runs),
    cmocka_unit_test(storage_when_overridden_then_whole_or_changed),
    cmocka_unit_test(
        storage_when_replaced_then_old_slots_gone_and_code_kept),
    cmocka_unit_test(balance_when_overridden_then_value_can_be_sent),
    cmocka_unit_test(nonce_when_overridden_then_creation_goes_there),
    cmocka_unit_test(precompile_when_moved_then_answers_there_only),
    cmocka_unit_test(block_when_overridden_then_opcodes_answer_so),
    cmocka_unit_test(access_list_when_code_overridden_then_found),
    cmocka_unit_test(block_when_named_by_eip_1898_then_everywhere),
    cmocka_unit_test(config_when_own_chain_then_osaka_from_genesis),
    cmocka_unit_test(discovery_when_asked_then_every_public_method),
    cmocka_unit_test(submission_when_synchronous_then_answers_the_receipt),
    cmocka_unit_test(values_when_asked_then_by_account_and_slot),
  };
  return cmocka_run_group_tests_name("rpc_override", tests, fixture_setup,
                                     fixture_teardown);
}
