/* test_rpc_trace.c - debug_*: transactions, blocks and calls under tracers, on
** the state they ran on; encodings.
**
** The contract used stores what it is called with in slot 0, logs it under
** topic 0xaa, and then calls the identity precompile.
*/
#include "crypto/keccak.h"
#include "rpc/rpc_fixture.h"

#define A0 "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define ZERO32 \
  "0x0000000000000000000000000000000000000000000000000000000000000000"
#define WORD(last) \
  "0x00000000000000000000000000000000000000000000000000000000000000" last
#define RUNTIME "60003560005560aa60206000a160206000600060006000600461fffff100"

struct chain {
  struct fixture f;
  const char *contract, *first, *second; /* its address; two calls of it */
};

static u64 next_nonce(struct fixture *f) {
  return strtoull(fixture_result(f, "eth_getTransactionCount",
                                 "[\"" A0 "\",\"pending\"]"), NULL, 16);
}

static slice bytes_of(struct fixture *f, const char *hex) {
  size_t n = strlen(hex) / 2;
  u8 *p = arena_alloc(&f->arena, n + 1);
  assert_int_equal(hex_decode(p, hex, 2 * n), ERR_OK);
  return slice_of(p, n);
}

static const char *call_with(struct chain *c, const char *word) {
  struct fixture *f = &c->f;
  struct chain_tx tx = {.nonce = next_nonce(f), .has_to = true,
                        .gas_limit = 200000, .data = bytes_of(f, word + 2)};
  assert_int_equal(hex_parse_addr(&tx.to, slice_str(c->contract)), ERR_OK);
  const char *hash = fixture_send(f, 0, &tx);
  json_decref(fixture_receipt(f, hash));
  return hash;
}

static void chain_make(struct chain *c) {
  struct fixture *f = &c->f;
  char init[200];
  snprintf(init, sizeof init, "60%02zx80600b6000396000f3%s",
           strlen(RUNTIME) / 2, RUNTIME);
  struct chain_tx tx = {.gas_limit = 300000, .data = bytes_of(f, init)};
  json_t *r = fixture_receipt(f, fixture_send(f, 0, &tx));
  c->contract = arena_printf(&f->arena, "%s",
                             fixture_field(r, "contractAddress"));
  json_decref(r);
  c->first = call_with(c, WORD("07"));
  c->second = call_with(c, WORD("09"));
}

/* The result; to be given back. */
static json_t *trace(struct chain *c, const char *method, const char *params) {
  json_t *j = fixture_ask(&c->f, method, params);
  json_t *r = json_incref(json_object_get(j, "result"));
  if (!r) fail_msg("%s %s: %s", method, params, json_dumps(j, 0));
  json_decref(j);
  return r;
}
static json_t *trace_tx(struct chain *c, const char *hash,
                        const char *config) {
  return trace(c, "debug_traceTransaction",
               arena_printf(&c->f.arena, "[\"%s\",%s]", hash, config));
}

static void steps_when_traced_then_one_for_each_opcode(void **state) {
  struct chain *c = *state;
  json_t *r = trace_tx(c, c->first, "{\"enableMemory\":true}");
  json_t *tx = trace(c, "eth_getTransactionReceipt",
                     arena_printf(&c->f.arena, "[\"%s\"]", c->first));
  assert_int_equal(json_integer_value(json_object_get(r, "gas")),
                   strtoll(fixture_field(tx, "gasUsed"), NULL, 16));
  assert_true(json_is_false(json_object_get(r, "failed")));
  assert_string_equal(fixture_field(r, "returnValue"), "0x");
  const json_t *logs = json_object_get(r, "structLogs");
  assert_int_equal(json_array_size(logs), 17);
  const json_t *store = json_array_get(logs, 3);
  assert_string_equal(fixture_field(store, "op"), "SSTORE");
  assert_int_equal(json_integer_value(json_object_get(store, "pc")), 5);
  assert_int_equal(json_integer_value(json_object_get(store, "depth")), 1);
  assert_string_equal(
      json_string_value(json_array_get(json_object_get(store, "stack"), 0)),
      "0x7");
  assert_string_equal(fixture_field(json_object_get(store, "storage"), ZERO32),
                      WORD("07"));
  json_decref(r);
  json_decref(tx);
  r = trace_tx(c, c->first, "{\"disableStack\":true,\"limit\":2}");
  logs = json_object_get(r, "structLogs");
  assert_int_equal(json_array_size(logs), 2);
  assert_null(json_object_get(json_array_get(logs, 0), "stack"));
  json_decref(r);
}

static void gas_when_traced_then_each_step_follows_from_the_last(
    void **state) {
  struct chain *c = *state;
  json_t *r = trace_tx(c, c->second, "{}");
  const json_t *logs = json_object_get(r, "structLogs");
  for (size_t i = 0; i + 2 < json_array_size(logs); i++) {
    const json_t *a = json_array_get(logs, i), *b = json_array_get(logs, i + 1);
    json_int_t left = json_integer_value(json_object_get(a, "gas")) -
                      json_integer_value(json_object_get(a, "gasCost"));
    assert_int_equal(left, json_integer_value(json_object_get(b, "gas")));
  }
  json_decref(r);
}

static void calls_when_traced_then_tree_with_logs(void **state) {
  struct chain *c = *state;
  json_t *r = trace_tx(c, c->first, "{\"tracer\":\"callTracer\","
                       "\"tracerConfig\":{\"withLog\":true}}");
  assert_string_equal(fixture_field(r, "type"), "CALL");
  assert_string_equal(fixture_field(r, "from"), A0);
  assert_string_equal(fixture_field(r, "to"), c->contract);
  assert_string_equal(fixture_field(r, "input"), WORD("07"));
  const json_t *calls = json_object_get(r, "calls");
  assert_int_equal(json_array_size(calls), 1);
  assert_string_equal(fixture_field(json_array_get(calls, 0), "to"),
                      "0x0000000000000000000000000000000000000004");
  const json_t *log = json_array_get(json_object_get(r, "logs"), 0);
  assert_string_equal(fixture_field(log, "position"), "0x0");
  assert_string_equal(json_string_value(json_array_get(
      json_object_get(log, "topics"), 0)), WORD("aa"));
  json_decref(r);
  r = trace_tx(c, c->first, "{\"tracer\":\"callTracer\","
               "\"tracerConfig\":{\"onlyTopCall\":true}}");
  assert_null(json_object_get(r, "calls"));
  json_decref(r);
}

static void prestate_when_traced_then_as_it_was(void **state) {
  struct chain *c = *state;
  json_t *r = trace_tx(c, c->second, "{\"tracer\":\"prestateTracer\"}");
  const json_t *slots =
      json_object_get(json_object_get(r, c->contract), "storage");
  assert_string_equal(fixture_field(slots, ZERO32), WORD("07"));
  json_decref(r);
  r = trace_tx(c, c->second, "{\"tracer\":\"prestateTracer\","
               "\"tracerConfig\":{\"diffMode\":true}}");
  const json_t *pre = json_object_get(r, "pre"),
               *post = json_object_get(r, "post");
  assert_string_equal(fixture_field(json_object_get(json_object_get(pre,
      c->contract), "storage"), ZERO32), WORD("07"));
  assert_string_equal(fixture_field(json_object_get(json_object_get(post,
      c->contract), "storage"), ZERO32), WORD("09"));
  json_int_t was = json_integer_value(
      json_object_get(json_object_get(pre, A0), "nonce"));
  json_int_t now = json_integer_value(
      json_object_get(json_object_get(post, A0), "nonce"));
  assert_int_equal(now, was + 1);
  json_decref(r);
}

static void small_tracers_when_asked_then_alone_or_together(void **state) {
  struct chain *c = *state;
  json_t *r = trace_tx(c, c->first, "{\"tracer\":\"noopTracer\"}");
  assert_int_equal(json_object_size(r), 0);
  json_decref(r);
  r = trace_tx(c, c->first, "{\"tracer\":\"4byteTracer\"}");
  assert_int_equal(json_integer_value(json_object_get(r, "0x00000000-28")), 1);
  json_decref(r);
  r = trace_tx(c, c->first,
               "{\"tracer\":\"muxTracer\",\"tracerConfig\":{\"callTracer\":"
               "{\"onlyTopCall\":true},\"prestateTracer\":{},\"4byteTracer\":"
               "null,\"flatCallTracer\":{}}}");
  assert_int_equal(json_object_size(r), 4);
  assert_null(json_object_get(json_object_get(r, "callTracer"), "calls"));
  const json_t *flat = json_array_get(json_object_get(r, "flatCallTracer"), 0);
  assert_string_equal(fixture_field(flat, "transactionHash"), c->first);
  json_decref(r);
}

static void block_when_traced_then_each_transaction(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  json_t *tx = trace(c, "eth_getTransactionByHash",
                     arena_printf(&f->arena, "[\"%s\"]", c->second));
  const char *params[] = {
      arena_printf(&f->arena, "[\"%s\",{\"tracer\":\"callTracer\"}]",
                   fixture_field(tx, "blockNumber")),
      arena_printf(&f->arena, "[\"%s\",{\"tracer\":\"callTracer\"}]",
                   fixture_field(tx, "blockHash"))};
  for (u32 i = 0; i < 2; i++) {
    json_t *r = trace(c, i ? "debug_traceBlockByHash"
                           : "debug_traceBlockByNumber", params[i]);
    assert_int_equal(json_array_size(r), 1);
    const json_t *one = json_array_get(r, 0);
    assert_string_equal(fixture_field(one, "txHash"), c->second);
    assert_string_equal(fixture_field(json_object_get(one, "result"), "input"),
                        WORD("09"));
    json_decref(r);
  }
  json_decref(tx);
}

static void call_when_traced_then_with_overrides(void **state) {
  struct chain *c = *state;
  json_t *r = trace(c, "debug_traceCall", arena_printf(&c->f.arena,
      "[{\"to\":\"%s\"},\"latest\",{\"tracer\":\"callTracer\","
      "\"stateOverrides\":{\"%s\":{\"code\":\"0x436000526004601cfd\"}},"
      "\"blockOverrides\":{\"number\":\"0x1234\"}}]",
      c->contract, c->contract));
  assert_string_equal(fixture_field(r, "error"), "execution reverted");
  assert_string_equal(fixture_field(r, "output"), "0x00001234");
  json_decref(r);
}

/* A contract that calls itself until its gas is used up: frames nest deeper
** than any JSON writer likes. */
static void calls_when_deep_then_told_all(void **state) {
  struct chain *c = *state;
  const char *body = arena_printf(&c->f.arena,
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"debug_traceCall\","
      "\"params\":[{\"to\":\"%s\",\"gas\":\"0x2faf080\"},\"latest\","
      "{\"tracer\":\"callTracer\",\"stateOverrides\":{\"%s\":{\"code\":"
      "\"0x6000600060006000600030" "5af100\"}}}]}", c->contract, c->contract);
  const char *reply = fixture_text(&c->f, body);
  u32 cnt = 0;
  for (const char *p = reply; (p = strstr(p, "\"type\":\"CALL\"")); p++) cnt++;
  assert_in_range(cnt, 500, 1025);
  assert_non_null(strstr(reply, "\"error\":"));
}

static void trace_when_impossible_then_clear_words(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  fixture_expect_error(f, -32000, "transaction not found",
                       "debug_traceTransaction", "[\"" WORD("01") "\"]");
  fixture_expect_error(f, -32000, "block " WORD("01") " not found",
                       "debug_traceBlockByHash", "[\"" WORD("01") "\"]");
  fixture_expect_error(f, -32000, "genesis is not traceable",
                       "debug_traceBlockByNumber", "[\"0x0\"]");
  const char *msg;
  assert_int_equal(fixture_error(f, &msg, "debug_traceBlockByNumber",
                                 "[\"0x1\",{\"tracer\":\"{data: []}\"}]"),
                   -32602);
  assert_non_null(strstr(msg, "is not known: there are callTracer"));
  assert_int_equal(fixture_error(f, &msg, "debug_traceBlockByNumber",
                                 "[\"0x1\",{\"timeout\":\"soon\"}]"), -32602);
}

static void encodings_when_asked_then_hash_to_what_is_known(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  json_t *block = trace(c, "eth_getBlockByNumber", "[\"latest\",false]");
  const char *header = fixture_result(f, "debug_getRawHeader",
                                      "[\"latest\"]");
  slice raw = bytes_of(f, header + 2);
  hash32 h;
  char hex[67] = "0x";
  crypto_keccak256(&h, raw.ptr, raw.len);
  hex_encode(hex + 2, h.b, 32);
  hex[66] = 0;
  assert_string_equal(hex, fixture_field(block, "hash"));
  const char *whole = fixture_result(f, "debug_getRawBlock", "[\"latest\"]");
  assert_int_equal(strlen(whole) / 2 - 1,
                   strtoull(fixture_field(block, "size"), NULL, 16));
  assert_non_null(strstr(whole, header + 2));
  const char *tx = fixture_result(f, "debug_getRawTransaction",
      arena_printf(&f->arena, "[\"%s\"]", c->second));
  assert_non_null(strstr(whole, tx + 2));
  raw = bytes_of(f, tx + 2);
  crypto_keccak256(&h, raw.ptr, raw.len);
  hex_encode(hex + 2, h.b, 32);
  assert_string_equal(hex, c->second);
  json_t *receipts = trace(c, "debug_getRawReceipts", "[\"latest\"]");
  assert_int_equal(json_array_size(receipts), 1);
  json_decref(receipts);
  json_decref(block);
  assert_string_equal(fixture_result(f, "debug_getRawTransaction",
                                     "[\"" WORD("01") "\"]"), "0x");
  json_t *bad = trace(c, "debug_getBadBlocks", "[]");
  assert_int_equal(json_array_size(bad), 0);
  json_decref(bad);
}

/* What each of the header's and raw transaction's other names answers. */
static void names_of_geth_when_asked_then_the_same_header_and_bytes(
    void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  const char *by_hash = arena_printf(&f->arena, "[\"%s\"]", c->second);
  json_t *block = trace(c, "eth_getBlockByNumber", "[\"latest\",false]");
  const char *hash = arena_printf(&f->arena, "%s", fixture_field(block, "hash"));
  json_t *head = trace(c, "eth_getHeaderByNumber", "[\"latest\"]");
  json_t *same = trace(c, "eth_getHeaderByHash",
                       arena_printf(&f->arena, "[\"%s\"]", hash));
  const char *key;
  json_t *val;
  assert_true(json_equal(head, same));
  assert_true(json_object_size(head) >= 20);
  json_object_foreach(head, key, val)
    assert_true(json_equal(val, json_object_get(block, key)));
  json_decref(head);
  json_decref(same);
  json_decref(block);
  same = trace(c, "eth_getHeaderByHash", "[\"" WORD("01") "\"]");
  assert_true(json_is_null(same));
  json_decref(same);
  const char *raw = fixture_result(f, "debug_getRawTransaction", by_hash);
  assert_true(strlen(raw) > 100);
  assert_string_equal(
      fixture_result(f, "eth_getRawTransactionByHash", by_hash), raw);
  assert_string_equal(
      fixture_result(f, "eth_getRawTransactionByBlockNumberAndIndex",
                     "[\"latest\",\"0x0\"]"), raw);
  assert_string_equal(
      fixture_result(f, "eth_getRawTransactionByBlockHashAndIndex",
                     arena_printf(&f->arena, "[\"%s\",\"0x0\"]", hash)), raw);
  assert_string_equal(
      fixture_result(f, "eth_getRawTransactionByBlockNumberAndIndex",
                     "[\"latest\",\"0x7\"]"), "0x");
  assert_string_equal(
      fixture_result(f, "eth_getRawTransactionByBlockHashAndIndex",
                     "[\"" WORD("01") "\",\"0x0\"]"), "0x");
  static const char *const behind[] = {"0x1", "0x7", "0xfffff", "0x100000",
                                       "0x100001", "0xffffffffffffffff"};
  for (size_t i = 0; i < ARRAY_LEN(behind); i++) {
    same = trace(c, "eth_getTransactionByBlockNumberAndIndex",
                 arena_printf(&f->arena, "[\"latest\",\"%s\"]", behind[i]));
    assert_true(json_is_null(same));
    json_decref(same);
  }
}

/*----------------------------------------------------------- Parity's form */

static void flat_when_asked_then_by_block_transaction_and_path(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  json_t *tx = trace(c, "eth_getTransactionByHash",
                     arena_printf(&f->arena, "[\"%s\"]", c->second));
  json_t *one = trace(c, "trace_transaction",
                      arena_printf(&f->arena, "[\"%s\"]", c->second));
  json_t *all = trace(c, "trace_block",
                      arena_printf(&f->arena, "[\"%s\"]",
                                   fixture_field(tx, "blockNumber")));
  assert_true(json_equal(one, all));
  assert_int_equal(json_array_size(one), 1); /* no calls of precompiles */
  const json_t *t = json_array_get(one, 0);
  const json_t *action = json_object_get(t, "action");
  assert_string_equal(fixture_field(t, "type"), "call");
  assert_string_equal(fixture_field(action, "from"), A0);
  assert_string_equal(fixture_field(action, "to"), c->contract);
  assert_string_equal(fixture_field(action, "callType"), "call");
  assert_string_equal(fixture_field(t, "blockHash"),
                      fixture_field(tx, "blockHash"));
  assert_int_equal(json_array_size(json_object_get(t, "traceAddress")), 0);
  json_t *got = trace(c, "trace_get",
                      arena_printf(&f->arena, "[\"%s\",[]]", c->second));
  assert_true(json_equal(got, t));
  json_decref(got);
  got = trace(c, "trace_get",
              arena_printf(&f->arena, "[\"%s\",[\"0x3\"]]", c->second));
  assert_true(json_is_null(got));
  json_decref(got);
  json_decref(one);
  json_decref(all);
  json_decref(tx);
  got = trace(c, "trace_transaction", "[\"" WORD("01") "\"]");
  assert_true(json_is_null(got));
  json_decref(got);
}

static void flat_when_filtered_then_by_addresses_and_count(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  static const struct { const char *more; u32 cnt; } cases[] = {
    {"", 2}, {",\"count\":1", 1}, {",\"after\":\"0x1\"", 1},
    {",\"fromAddress\":[\"0x00000000000000000000000000000000000c0de0\"]", 0}};
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    json_t *r = trace(c, "trace_filter", arena_printf(&f->arena,
        "[{\"fromBlock\":\"0x0\",\"toBlock\":\"latest\",\"toAddress\":"
        "[\"%s\"]%s}]", c->contract, cases[i].more));
    /* The creation is one more. */
    u32 created = cases[i].cnt == 2 ? 1 : cases[i].more[2] == 'a' ? 1 : 0;
    assert_int_equal(json_array_size(r), cases[i].cnt + created);
    json_decref(r);
  }
}

static void replay_when_asked_then_trace_and_difference(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  json_t *r = trace(c, "trace_replayTransaction",
      arena_printf(&f->arena, "[\"%s\",[\"trace\",\"stateDiff\"]]",
                   c->second));
  const json_t *diff = json_object_get(r, "stateDiff");
  const json_t *acct = json_object_get(diff, c->contract);
  const json_t *slot = json_object_get(json_object_get(json_object_get(acct,
      "storage"), ZERO32), "*");
  assert_string_equal(fixture_field(slot, "from"), WORD("07"));
  assert_string_equal(fixture_field(slot, "to"), WORD("09"));
  assert_string_equal(fixture_field(acct, "balance"), "=");
  assert_int_equal(json_array_size(json_object_get(r, "trace")), 1);
  assert_true(json_is_null(json_object_get(r, "vmTrace")));
  json_t *tx = trace(c, "eth_getTransactionByHash",
                     arena_printf(&f->arena, "[\"%s\"]", c->second));
  json_t *all = trace(c, "trace_replayBlockTransactions",
      arena_printf(&f->arena, "[\"%s\",[\"stateDiff\"]]",
                   fixture_field(tx, "blockNumber")));
  const json_t *one = json_array_get(all, 0);
  assert_string_equal(fixture_field(one, "transactionHash"), c->second);
  assert_true(json_equal(json_object_get(one, "stateDiff"), diff));
  assert_int_equal(json_array_size(json_object_get(one, "trace")), 0);
  json_decref(r);
  json_decref(tx);
  json_decref(all);
  const char *msg;
  assert_int_equal(fixture_error(f, &msg, "trace_replayTransaction",
      arena_printf(&f->arena, "[\"%s\",[\"steps\"]]", c->second)), -32602);
  r = trace(c, "trace_replayTransaction",
            arena_printf(&f->arena, "[\"%s\",[\"vmTrace\"]]", c->second));
  json_t *vm = json_object_get(r, "vmTrace");
  assert_true(json_array_size(json_object_get(vm, "ops")) > 2);
  assert_true(strlen(fixture_field(vm, "code")) > 2);
  json_decref(r);
}

static void flat_calls_when_asked_then_alone_many_or_signed(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  json_t *r = trace(c, "trace_call", arena_printf(&f->arena,
      "[{\"from\":\"" A0 "\",\"to\":\"%s\",\"data\":\"" WORD("0b")
      "\"},[\"trace\",\"stateDiff\"]]", c->contract));
  assert_non_null(json_object_get(json_object_get(r, "stateDiff"),
                                  c->contract));
  json_decref(r);
  /* The second sees what the first has stored. */
  r = trace(c, "trace_callMany", arena_printf(&f->arena,
      "[[[{\"to\":\"%s\",\"data\":\"" WORD("0b") "\"},[\"stateDiff\"]],"
      "[{\"to\":\"%s\",\"data\":\"" WORD("0c") "\"},[\"stateDiff\"]]]]",
      c->contract, c->contract));
  assert_int_equal(json_array_size(r), 2);
  const json_t *slot = json_object_get(json_object_get(json_object_get(
      json_object_get(json_object_get(json_array_get(r, 1), "stateDiff"),
                      c->contract), "storage"), ZERO32), "*");
  assert_string_equal(fixture_field(slot, "from"), WORD("0b"));
  json_decref(r);
  struct chain_tx tx = {.nonce = next_nonce(f), .has_to = true,
                        .gas_limit = 100000};
  assert_int_equal(hex_parse_addr(&tx.to, slice_str(c->contract)), ERR_OK);
  r = trace(c, "trace_rawTransaction",
            arena_printf(&f->arena, "[%s,[\"trace\"]]",
                         fixture_sign(f, 0, &tx)));
  assert_int_equal(json_array_size(json_object_get(r, "trace")), 1);
  json_decref(r);
  assert_int_equal(next_nonce(f), tx.nonce); /* it was not sent */
}

static int setup(void **state) {
  struct chain *c = *state = calloc(1, sizeof *c);
  fixture_open(&c->f, NULL);
  chain_make(c);
  return 0;
}
static int teardown(void **state) {
  struct chain *c = *state;
  fixture_close(&c->f);
  free(c);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(steps_when_traced_then_one_for_each_opcode),
    cmocka_unit_test(gas_when_traced_then_each_step_follows_from_the_last),
    cmocka_unit_test(calls_when_traced_then_tree_with_logs),
    cmocka_unit_test(prestate_when_traced_then_as_it_was),
    cmocka_unit_test(small_tracers_when_asked_then_alone_or_together),
    cmocka_unit_test(block_when_traced_then_each_transaction),
    cmocka_unit_test(call_when_traced_then_with_overrides),
    cmocka_unit_test(calls_when_deep_then_told_all),
    cmocka_unit_test(trace_when_impossible_then_clear_words),
    cmocka_unit_test(encodings_when_asked_then_hash_to_what_is_known),
    cmocka_unit_test(names_of_geth_when_asked_then_the_same_header_and_bytes),
    cmocka_unit_test(flat_when_asked_then_by_block_transaction_and_path),
    cmocka_unit_test(flat_when_filtered_then_by_addresses_and_count),
    cmocka_unit_test(replay_when_asked_then_trace_and_difference),
    cmocka_unit_test(flat_calls_when_asked_then_alone_many_or_signed),
  };
  return cmocka_run_group_tests_name("rpc_trace", tests, setup, teardown);
}
