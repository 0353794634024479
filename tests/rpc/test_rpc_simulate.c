/* test_rpc_simulate.c - eth_simulateV1: blocks, calls, overrides, transfers,
** errors. */
#include "crypto/keccak.h"
#include "rpc/rpc_fixture.h"

#define A "0xc000000000000000000000000000000000000000"
#define B "0xc100000000000000000000000000000000000000"
#define WORD(last) \
  "0x00000000000000000000000000000000000000000000000000000000000000" last

/* The blocks; to be given back. */
static json_t *simulate(struct fixture *f, const char *what) {
  json_t *j = fixture_ask(f, "eth_simulateV1",
                          arena_printf(&f->arena, "[%s,\"latest\"]", what));
  json_t *r = json_incref(json_object_get(j, "result"));
  if (!r) fail_msg("%s: %s", what, json_dumps(j, 0));
  json_decref(j);
  return r;
}
static const json_t *call_of(const json_t *blocks, size_t block, size_t call) {
  return json_array_get(json_object_get(json_array_get(blocks, block), "calls"),
                        call);
}
static u64 number_of(const json_t *obj, const char *key) {
  return strtoull(fixture_field(obj, key), NULL, 16);
}

static void blocks_when_simulated_then_follow_each_other(void **state) {
  struct fixture *f = *state;
  json_t *head = fixture_ask(f, "eth_getBlockByNumber", "[\"latest\",false]");
  const json_t *h = json_object_get(head, "result");
  json_t *r = simulate(f, "{\"blockStateCalls\":[{},{\"blockOverrides\":"
                          "{\"number\":\"0x10\"}},{}]}");
  u64 number = number_of(h, "number"), time = number_of(h, "timestamp");
  const char *hash = fixture_field(h, "hash");
  assert_int_equal(json_array_size(r), 0x11 - number);
  for (size_t i = 0; i < json_array_size(r); i++) {
    const json_t *b = json_array_get(r, i);
    assert_int_equal(number_of(b, "number"), ++number);
    assert_true(number_of(b, "timestamp") > time);
    assert_string_equal(fixture_field(b, "parentHash"), hash);
    time = number_of(b, "timestamp");
    hash = fixture_field(b, "hash");
  }
  json_decref(r);
  json_decref(head);
}

static void state_when_simulated_then_carried_on_and_dropped(void **state) {
  struct fixture *f = *state;
  json_t *r = simulate(f,
      "{\"blockStateCalls\":[{\"stateOverrides\":{\"" A "\":{\"balance\":"
      "\"0x3e8\"}},\"calls\":[{\"from\":\"" A "\",\"to\":\"" B "\","
      "\"value\":\"0x3e8\"}]},{\"calls\":[{\"from\":\"" B "\",\"to\":\"" A
      "\",\"value\":\"0x3e7\"}]}],\"returnFullTransactions\":true}");
  assert_string_equal(fixture_field(call_of(r, 0, 0), "status"), "0x1");
  assert_string_equal(fixture_field(call_of(r, 0, 0), "gasUsed"), "0x5208");
  assert_string_equal(fixture_field(call_of(r, 1, 0), "status"), "0x1");
  const json_t *tx = json_array_get(
      json_object_get(json_array_get(r, 1), "transactions"), 0);
  assert_string_equal(fixture_field(tx, "from"), B);
  assert_string_equal(fixture_field(json_array_get(r, 0), "gasUsed"),
                      "0x5208");
  json_decref(r);
  assert_string_equal(
      fixture_result(f, "eth_getBalance", "[\"" B "\",\"latest\"]"), "0x0");
}

static void nonce_when_calls_repeat_then_rises(void **state) {
  struct fixture *f = *state;
  json_t *r = simulate(f, "{\"blockStateCalls\":[{\"calls\":[{\"from\":\"" A
                          "\"},{\"from\":\"" A "\"}]}],"
                          "\"returnFullTransactions\":true}");
  const json_t *txs = json_object_get(json_array_get(r, 0), "transactions");
  assert_string_equal(fixture_field(json_array_get(txs, 0), "nonce"), "0x0");
  assert_string_equal(fixture_field(json_array_get(txs, 1), "nonce"), "0x1");
  json_decref(r);
}

static void transfers_when_asked_then_are_logs(void **state) {
  struct fixture *f = *state;
  json_t *r = simulate(f,
      "{\"blockStateCalls\":[{\"stateOverrides\":{\"" A "\":{\"balance\":"
      "\"0x7d0\"}},\"calls\":[{\"from\":\"" A "\",\"to\":\"" B "\","
      "\"value\":\"0x3e8\"}]}],\"traceTransfers\":true}");
  const json_t *logs = json_object_get(call_of(r, 0, 0), "logs");
  assert_int_equal(json_array_size(logs), 1);
  const json_t *log = json_array_get(logs, 0);
  assert_string_equal(fixture_field(log, "address"),
                      "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee");
  assert_string_equal(json_string_value(json_array_get(
      json_object_get(log, "topics"), 0)),
      "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
  assert_string_equal(fixture_field(log, "data"),
      "0x00000000000000000000000000000000000000000000000000000000000003e8");
  json_decref(r);
  /* A contract that passes the value on and then reverts: nothing moved. */
  r = simulate(f,
      "{\"blockStateCalls\":[{\"stateOverrides\":{\"" A "\":{\"balance\":"
      "\"0x7d0\"},\"" B "\":{\"code\":\"0x6000600060006000345af1"
      "60006000fd\"}},\"calls\":[{\"from\":\"" A "\",\"to\":\"" B "\","
      "\"value\":\"0x3e8\"}]}],\"traceTransfers\":true}");
  assert_string_equal(fixture_field(call_of(r, 0, 0), "status"), "0x0");
  assert_int_equal(json_array_size(json_object_get(call_of(r, 0, 0), "logs")),
                   0);
  json_decref(r);
}

static void calls_when_failing_then_results_with_errors(void **state) {
  struct fixture *f = *state;
  json_t *r = simulate(f,
      "{\"blockStateCalls\":[{\"stateOverrides\":{\"" A "\":{\"code\":"
      "\"0x60006000fd\"},\"" B "\":{\"code\":\"0xfe\"}},\"calls\":["
      "{\"to\":\"" A "\"},{\"to\":\"" B "\",\"gas\":\"0xc350\"}]}]}");
  const json_t *e = json_object_get(call_of(r, 0, 0), "error");
  assert_int_equal(json_integer_value(json_object_get(e, "code")), 3);
  assert_string_equal(fixture_field(e, "message"), "execution reverted");
  e = json_object_get(call_of(r, 0, 1), "error");
  assert_int_equal(json_integer_value(json_object_get(e, "code")), -32015);
  assert_string_equal(fixture_field(call_of(r, 0, 1), "gasUsed"), "0xc350");
  json_decref(r);
}

static void block_when_overridden_then_opcodes_and_hashes_agree(void **state) {
  struct fixture *f = *state;
  /* BLOCKHASH of the block before; NUMBER; TIMESTAMP */
  json_t *r = simulate(f,
      "{\"blockStateCalls\":[{\"blockOverrides\":{\"time\":\"0xffffffffff\","
      "\"feeRecipient\":\"" B "\"}},{\"stateOverrides\":{\"" A "\":{\"code\":"
      "\"0x6001430340600052436020524260405260606000f3\"}},\"calls\":[{\"to\":\""
      A "\"}]}]}");
  const char *data = fixture_field(call_of(r, 1, 0), "returnData");
  const json_t *first = json_array_get(r, 0), *second = json_array_get(r, 1);
  assert_memory_equal(data + 2, fixture_field(first, "hash") + 2, 64);
  assert_string_equal(fixture_field(first, "miner"), B);
  assert_int_equal(strtoull(data + 2 + 128 + 48, NULL, 16),
                   number_of(second, "timestamp"));
  json_decref(r);
}

static void simulation_when_impossible_then_named_by_code(void **state) {
  static const struct { const char *what; int code; } cases[] = {
    {"{\"blockStateCalls\":[]}", -32602},
    {"{\"blockStateCalls\":[{\"blockOverrides\":{\"number\":\"0x20\"}},"
     "{\"blockOverrides\":{\"number\":\"0x1f\"}}]}", -38020},
    {"{\"blockStateCalls\":[{\"blockOverrides\":{\"time\":\"0x1\"}}]}",
     -38021},
    {"{\"blockStateCalls\":[{\"blockOverrides\":{\"number\":\"0x2000\"}}]}",
     -38026},
    {"{\"blockStateCalls\":[{\"calls\":[{\"from\":\"" A "\",\"value\":"
     "\"0x1\",\"to\":\"" B "\"}]}]}", -38014},
    {"{\"blockStateCalls\":[{\"calls\":[{\"to\":\"" B "\",\"gas\":\"0x0\"}]}]}",
     -38013},
    {"{\"blockStateCalls\":[{\"calls\":[{\"to\":\"" B "\",\"nonce\":\"0x5\","
     "\"gas\":\"0x5208\"}]}],\"validation\":true}", -38011},
    {"{\"blockStateCalls\":[{\"blockOverrides\":{\"gasLimit\":\"0x5208\"},"
     "\"calls\":[{\"to\":\"" B "\",\"gas\":\"0x5209\"}]}]}", -38015},
    {"{\"blockStateCalls\":[{\"stateOverrides\":{\"0x00000000000000000000"
     "00000000000000000001\":{\"movePrecompileToAddress\":\"0x000000000000"
     "0000000000000000000000000001\"}}}]}", -38022},
  };
  struct fixture *f = *state;
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    const char *msg;
    int code = fixture_error(f, &msg, "eth_simulateV1",
        arena_printf(&f->arena, "[%s,\"latest\"]", cases[i].what));
    if (code != cases[i].code) fail_msg("%s: %d %s", cases[i].what, code, msg);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_when_simulated_then_follow_each_other),
    cmocka_unit_test(state_when_simulated_then_carried_on_and_dropped),
    cmocka_unit_test(nonce_when_calls_repeat_then_rises),
    cmocka_unit_test(transfers_when_asked_then_are_logs),
    cmocka_unit_test(calls_when_failing_then_results_with_errors),
    cmocka_unit_test(block_when_overridden_then_opcodes_and_hashes_agree),
    cmocka_unit_test(simulation_when_impossible_then_named_by_code),
  };
  return cmocka_run_group_tests_name("rpc_simulate", tests, fixture_setup,
                                     fixture_teardown);
}
