/* test_rpc_body.c - bodies, batches, notifications, errors of the protocol,
** limits; and that the scanner and the parser answer alike. */
#include "rpc/rpc_fixture.h"

static void expect(struct fixture *f, const char *body, const char *want) {
  const char *got = fixture_text(f, body);
  if (strcmp(got, want) != 0) fail_msg("%s: %s, not %s", body, got, want);
}

static void body_when_single_then_one_object(void **state) {
  struct fixture *f = *state;
  expect(f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}",
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x7a69\"}");
  expect(f,
         " {\"id\":\"a b\",\"params\":[],\"method\":\"net_version\","
         "\"jsonrpc\":\"2.0\"}\n",
         "{\"jsonrpc\":\"2.0\",\"id\":\"a b\",\"result\":\"31337\"}");
  expect(f,
         "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"eth_gasPrice\","
         "\"params\":null}",
         "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":\"0x0\"}");
  expect(f,
         "{\"jsonrpc\":\"2.0\",\"id\":-1.5,\"method\":\"eth_syncing\"}",
         "{\"jsonrpc\":\"2.0\",\"id\":-1.5,\"result\":false}");
}

static void body_when_notification_then_silence(void **state) {
  struct fixture *f = *state;
  expect(f, "{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"}", "");
  expect(f, "{\"jsonrpc\":\"2.0\",\"method\":\"no_such\"}", "");
  expect(f, "[{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"}]", "");
  expect(f,
         "[{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"},"
         "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"eth_chainId\"},"
         "{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"}]",
         "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":\"0x7a69\"}]");
}

#define PARSE_ERROR \
  "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700," \
  "\"message\":\"parse error\"}}"
#define INVALID(id) \
  "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":-32600," \
  "\"message\":\"invalid request\"}}"

static void body_when_malformed_then_errors_as_geth(void **state) {
  struct fixture *f = *state;
  expect(f, "", PARSE_ERROR);
  expect(f, "{", PARSE_ERROR);
  expect(f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}}",
         PARSE_ERROR);
  expect(f, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"},]",
         PARSE_ERROR);
  expect(f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"eth_chainId\"}",
         PARSE_ERROR);
  expect(f, "7", INVALID("null"));
  expect(f, "{}", INVALID("null"));
  expect(f, "{\"id\":1,\"method\":\"eth_chainId\"}", INVALID("1"));
  expect(f, "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"eth_chainId\"}",
         INVALID("1"));
  expect(f, "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"eth_chainId\"}",
         INVALID("null"));
  expect(f, "{\"jsonrpc\":\"2.0\",\"id\":1}", INVALID("1"));
  expect(f, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", INVALID("1"));
  expect(f, "[]",
         "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
         "\"message\":\"empty batch\"}}");
  expect(f, "[1,{}]", "[" INVALID("null") "," INVALID("null") "]");
}

static void method_when_unknown_then_geths_words(void **state) {
  struct fixture *f = *state;
  fixture_expect_error(
      f, -32601, "the method eth_fillTransaction does not exist/is not available",
      "eth_fillTransaction", "[{}]");
  fixture_expect_error(
      f, -32601,
      "the method admin_datadir does not exist/is not available",
      "admin_datadir", "[]");
  fixture_expect_error(f, -32601,
                       "the method eth_chainid does not exist/is not available",
                       "eth_chainid", "[]");
}

static void params_when_wrong_count_then_geths_words(void **state) {
  struct fixture *f = *state;
  fixture_expect_error(f, -32602, "missing value for required argument 0",
                       "eth_getBalance", "[]");
  fixture_expect_error(f, -32602, "missing value for required argument 0",
                       "eth_getBalance", "[null]");
  fixture_expect_error(f, -32602, "missing value for required argument 1",
                       "eth_feeHistory", "[\"0x1\"]");
  fixture_expect_error(f, -32602, "too many arguments, want at most 0",
                       "eth_chainId", "[1]");
  fixture_expect_error(f, -32602, "too many arguments, want at most 1",
                       "web3_sha3", "[\"0x\",1,2,3,4,5,6]");
  fixture_expect_error(f, -32602, "non-array args", "eth_chainId", "{}");
}

static void batch_when_over_limit_then_refused_whole(void **state) {
  (void)state;
  struct fixture f;
  struct rpc_config cfg = {.batch_max = 3};
  fixture_open(&f, &cfg);
  static const char one[] =
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}";
  const char *three = arena_printf(&f.arena, "[%s,%s,%s]", one, one, one);
  const char *four =
      arena_printf(&f.arena, "[%s,%s,%s,%s]", one, one, one, one);
  json_t *j = fixture_body(&f, three);
  assert_int_equal(json_array_size(j), 3);
  json_decref(j);
  expect(&f, four,
         "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
         "\"message\":\"batch too large\"}}");
  fixture_close(&f);
}

static void reply_when_over_limit_then_too_large(void **state) {
  (void)state;
  struct fixture f;
  struct rpc_config cfg = {.response_max = 2000};
  fixture_open(&f, &cfg);
  static const char one[] =
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getBlockByNumber\","
      "\"params\":[\"latest\",false]}";
  json_t *j = fixture_body(
      &f, arena_printf(&f.arena, "[%s,%s,%s]", one, one, one));
  assert_int_equal(json_array_size(j), 3);
  assert_non_null(json_object_get(json_array_get(j, 0), "result"));
  for (u32 i = 1; i < 3; i++) {
    json_t *e = json_object_get(json_array_get(j, i), "error");
    assert_int_equal(json_integer_value(json_object_get(e, "code")), -32003);
  }
  json_decref(j);
  fixture_close(&f);
}

static void body_when_over_limit_then_refused(void **state) {
  (void)state;
  struct fixture f;
  struct rpc_config cfg = {.body_max = 100};
  fixture_open(&f, &cfg);
  const char *body = arena_printf(&f.arena, "%0200d", 1);
  expect(&f, body,
         "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
         "\"message\":\"request too large\"}}");
  fixture_close(&f);
}

static void body_when_deep_then_parse_error(void **state) {
  struct fixture *f = *state;
  char *deep = arena_alloc(&f->arena, 400001);
  memset(deep, '[', 400000);
  expect(f, deep, PARSE_ERROR);
  memset(deep + 200000, ']', 200000);
  expect(f, deep, PARSE_ERROR);
}

/* Each both ways. */
static void body_when_scanned_or_parsed_then_same_reply(void **state) {
  static const char *const bodies[] = {
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":[]}",
    "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"eth_getBalance\",\"params\":"
    "[\"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\",\"latest\"]}",
    "{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"eth_chainId\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getBlockByNumber\","
    "\"params\":[\"0x0\",true ]}",
    "{\"jsonrpc\":\"2.0\",\"id\":\"\",\"method\":\"eth_getBlockByNumber\","
    "\"params\":[ 3 , false]}",
    "{\"jsonrpc\":\"2.0\",\"id\":999999999999999,\"method\":\"web3_sha3\","
    "\"params\":[\"0x00\"]}",
    "{\"jsonrpc\":\"2.0\",\"id\":1e3,\"method\":\"web3_sha3\",\"params\":[]}",
    "{\"jsonrpc\":\"2.0\",\"id\":\"\\u0041\",\"method\":\"eth_chainId\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":\"\xc3\xa4\",\"method\":\"eth_chainId\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"eth_chainId\"}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"x\":1}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"web3_sha3\",\"params\":"
    "[\"0x\",\"0x\",\"0x\",\"0x\",\"0x\"]}",
    "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"} , "
    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"nope\"}]",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":[tru]}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_call\",\"params\":"
    "[{\"to\":\"0x00000000000000000000000000000000000000ff\"},\"latest\"]}",
#define CALL(members) \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_call\",\"params\":[{" \
    members "}]}"
    CALL(""), CALL(" \"data\" : \"0x602a5f5260205ff3\" "), CALL("\"data\":7"),
    CALL("\"data\":\"0x00\",\"data\":\"0x00\""), CALL("\"to\":null,\"x\":true"),
    CALL("\"gas\":\"0x5208\",\"from\":\"0x01\""), CALL("\"data\":\"0x00\","),
    CALL("\"accessList\":[],\"data\":\"0x602a5f5260205ff3\""),
    CALL("\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,"
         "\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"data\":\"0x602a5f5260205ff3\""),
#undef CALL
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getBalance\",\"params\":"
    "[\"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\",{\"blockNumber\":\"0x0\"}]}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_estimateGas\",\"params\":"
    "[{\"data\":\"0x602a5f5260205ff3\"},\"latest\",{}]}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":[{}]}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nope\",\"params\":[{}]}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_sendRawTransaction\","
    "\"params\":[{\"a\":1}]}",
  };
  struct fixture *f = *state;
  for (u32 i = 0; i < ARRAY_LEN(bodies); i++) {
    struct buf a, b;
    buf_init(&a, 0);
    buf_init(&b, 0);
    rpc_handle(f->rpc, &a, slice_str(bodies[i]), &fixture_peer);
    rpc_handle_plain(f->rpc, &b, slice_str(bodies[i]), &fixture_peer);
    assert_string_equal(buf_cstr(&a), buf_cstr(&b));
    buf_fini(&a);
    buf_fini(&b);
  }
}

static void methods_when_listed_then_ascending(void **state) {
  (void)state;
  const struct rpc_method_info *m, *last = NULL;
  for (u32 i = 0; (m = rpc_method_at(i)); i++) {
    if (last) assert_true(strcmp(last->name, m->name) < 0);
    assert_true(strlen(m->summary) > 10);
    last = m;
  }
  assert_non_null(last);
}

static void quick_when_slow_method_or_odd_body_then_false(void **state) {
  (void)state;
#define Q(method, params) \
  rpc_is_quick(slice_str("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method \
                         "\",\"params\":" params "}"))
  assert_true(Q("eth_blockNumber", "[]"));
  assert_true(Q("eth_getBalance", "[\"0x\"]"));
  assert_false(Q("eth_getLogs", "[{}]"));
  assert_false(Q("eth_call", "[{}]"));
  assert_false(Q("eth_getBlockReceipts", "[\"latest\"]"));
  assert_false(rpc_is_quick(slice_str("[]")));
#undef Q
}

/* What an event loop tries itself: a call is answered as by rpc_handle; one
** that goes on, and whatever is not brief, is left to a worker. */
static void call_when_tried_then_same_reply_or_given_up(void **state) {
  struct fixture *f = *state;
#define CALL(code) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_call\"," \
                   "\"params\":[{\"data\":\"0x" code "\"},\"latest\"]}"
  static const char *const never[] = {
    "[" CALL("00") "]",
    CALL("00") CALL("00"),
    "{\"jsonrpc\":\"2.0\",\"method\":\"eth_call\",\"params\":[{}]}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getLogs\",\"params\":"
    "[{\"fromBlock\":\"0x0\"}]}",
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_call\",\"params\":[{"
    "\"to\":\"0x0000000000000000000000000000000000000001\",\"to\":null}]}",
  };
  static const char *const brief[] = {
    CALL("60016000526020600060003e"), CALL("602a5f5260205ff3"),
    CALL("60016000fd"), CALL("5"), CALL("fe"),
  };
  struct buf one, two;
  buf_init(&one, 0);
  buf_init(&two, 0);
  for (u32 i = 0; i < ARRAY_LEN(never); i++) {
    assert_false(rpc_try(f->rpc, &one, slice_str(never[i]), &fixture_peer));
    assert_int_equal(one.len, 0);
  }
  for (u32 i = 0; i < ARRAY_LEN(brief); i++) {
    buf_clear(&one);
    buf_clear(&two);
    rpc_handle(f->rpc, &two, slice_str(brief[i]), &fixture_peer);
    /* A busy machine may make it give up. */
    for (u32 tries = 0; tries < 2000; tries++) {
      if (rpc_try(f->rpc, &one, slice_str(brief[i]), &fixture_peer)) break;
      usleep(5000);
    }
    assert_string_equal(buf_cstr(&one), buf_cstr(&two));
  }
  /* One that jumps to and fro for as long as it may. */
  struct rpc_config cfg = {.gas_cap = 1ull << 50};
  struct rpc_server *rich = rpc_open(f->node, &cfg);
  buf_clear(&one);
  assert_false(rpc_try(rich, &one, slice_str(CALL("5b5f56")), &fixture_peer));
  assert_int_equal(one.len, 0);
  rpc_close(rich);
  buf_fini(&one);
  buf_fini(&two);
#undef CALL
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(body_when_single_then_one_object),
    cmocka_unit_test(body_when_notification_then_silence),
    cmocka_unit_test(body_when_malformed_then_errors_as_geth),
    cmocka_unit_test(method_when_unknown_then_geths_words),
    cmocka_unit_test(params_when_wrong_count_then_geths_words),
    cmocka_unit_test(batch_when_over_limit_then_refused_whole),
    cmocka_unit_test(reply_when_over_limit_then_too_large),
    cmocka_unit_test(body_when_over_limit_then_refused),
    cmocka_unit_test(body_when_deep_then_parse_error),
    cmocka_unit_test(body_when_scanned_or_parsed_then_same_reply),
    cmocka_unit_test(methods_when_listed_then_ascending),
    cmocka_unit_test(quick_when_slow_method_or_odd_body_then_false),
    cmocka_unit_test(call_when_tried_then_same_reply_or_given_up),
  };
  return cmocka_run_group_tests_name("rpc_body", tests, fixture_setup,
                                     fixture_teardown);
}
