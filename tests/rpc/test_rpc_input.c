/* test_rpc_input.c - bad input: every method with parameters that are
** missing, of the wrong kind, huge or hostile answers an error, and the node
** lives; and the words for the common mistakes. */
#include "rpc/rpc_fixture.h"

#define A "\"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266\""
#define H "\"0x00000000000000000000000000000000000000000000000000000000deadbeef\""

/* One value each, put at every place of every method. */
static const char *const values[] = {
  "null", "true", "false", "0", "-1", "1e400", "1.5", "9223372036854775807",
  "\"\"", "\"0x\"", "\"0x0\"", "\"0x00\"", "\"0xg\"", "\"0x0x\"", "\"latest\"",
  "\"pending\"", "\"LATEST\"", "\"0xffffffffffffffff\"",
  "\"0x10000000000000000\"", "\"0x7fffffffffffffff\"",
  "\"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"",
  "\"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"",
  A, H, "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"%s%n%d\"", "\"';--\"",
  "[]", "[[]]", "[null]", "[1]", "[" A "]", "[" H "," H "]", "{}",
  "{\"blockHash\":" H "}", "{\"blockHash\":" H ",\"blockNumber\":\"0x0\"}",
  "{\"blockNumber\":\"0x0\"}", "{\"blockNumber\":{}}",
  "{\"to\":" A "}", "{\"to\":1}", "{\"to\":\"\"}", "{\"from\":[]}",
  "{\"data\":\"0x1\"}", "{\"data\":\"0xzz\"}", "{\"gas\":\"0x0\"}",
  "{\"gas\":\"0xffffffffffffffff\"}", "{\"gas\":-1}",
  "{\"value\":"
  "\"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"}",
  "{\"data\":\"0x5b600056\",\"gas\":\"0xfffff\"}",
  "{\"accessList\":[{}]}", "{\"accessList\":[{\"address\":" A
  ",\"storageKeys\":[\"0x1\"]}]}", "{\"accessList\":{}}",
  "{\"authorizationList\":[{}]}", "{\"authorizationList\":[7]}",
  "{\"to\":" A ",\"authorizationList\":[{\"chainId\":\"0x0\",\"address\":" A
  ",\"nonce\":\"0x0\",\"yParity\":\"0x0\",\"r\":\"0x1\",\"s\":\"0x1\"}]}",
  "{\"blobVersionedHashes\":[" H "]}",
  "{\"gasPrice\":\"0x1\",\"maxFeePerGas\":\"0x1\"}",
  "{\"maxFeePerGas\":\"0x1\",\"maxPriorityFeePerGas\":\"0x2\"}",
  "{\"chainId\":\"0x1\"}", "{\"input\":\"0x00\",\"data\":\"0x01\"}",
  "{\"fromBlock\":\"0x5\",\"toBlock\":\"0x1\"}", "{\"fromBlock\":7}",
  "{\"fromBlock\":\"0x0\",\"toBlock\":\"0xfffffff\"}",
  "{\"address\":[" A ",1]}", "{\"topics\":[[[]]]}",
  "{\"topics\":[" H "," H "," H "," H "," H "]}", "{\"topics\":\"0x\"}",
  "{\"blockHash\":\"0x1\"}", "{\"blockHash\":" H ",\"fromBlock\":\"0x0\"}",
};

/* True when the reply is one well-formed reply object. */
static bool is_reply(const json_t *j) {
  return json_is_object(j) &&
         !json_object_get(j, "error") != !json_object_get(j, "result");
}

static void try_one(struct fixture *f, const char *method, const char *params) {
  struct arena_mark mark = arena_mark(&f->arena);
  json_t *j = fixture_ask(f, method, params);
  if (!is_reply(j)) fail_msg("%s %s: no reply", method, params);
  json_decref(j);
  arena_reset(&f->arena, mark);
}

static void assert_lives(struct fixture *f) {
  assert_string_equal(fixture_result(f, "eth_chainId", "[]"), "0x7a69");
}

static void input_when_one_odd_value_then_reply_and_life(void **state) {
  struct fixture *f = *state;
  const struct rpc_method_info *m;
  u32 tried = 0;
  for (u32 i = 0; (m = rpc_method_at(i)); i++) {
    for (u32 v = 0; v < ARRAY_LEN(values); v++, tried++) {
      const char *x = values[v];
      struct arena_mark mark = arena_mark(&f->arena);
      try_one(f, m->name, arena_printf(&f->arena, "[%s]", x));
      try_one(f, m->name, arena_printf(&f->arena, "[%s,%s]", x, x));
      try_one(f, m->name, arena_printf(&f->arena, "[" A ",%s,%s]", x, x));
      try_one(f, m->name, arena_printf(&f->arena, "[" H ",%s]", x));
      try_one(f, m->name, arena_printf(&f->arena, "[{},%s]", x));
      try_one(f, m->name, arena_printf(&f->arena, "[\"0x0\",%s,%s]", x, x));
      try_one(f, m->name, x[0] == '[' ? x : "\"params\"");
      arena_reset(&f->arena, mark);
    }
  }
  assert_true(tried > 2000);
  assert_lives(f);
}

static void input_when_huge_then_error_and_life(void **state) {
  struct fixture *f = *state;
  const struct rpc_method_info *m;
  size_t n = 1 << 17;
  char *hex = arena_alloc(&f->arena, n + 16), *many;
  snprintf(hex, 8, "[\"0x");
  memset(hex + 4, 'f', n);
  memcpy(hex + 4 + n, "\"]", 3);
  many = arena_alloc(&f->arena, n + 16);
  many[0] = '[';
  for (size_t i = 1; i < n; i += 2) memcpy(many + i, "1,", 2);
  memcpy(many + n - 1, "1]", 3);
  for (u32 i = 0; (m = rpc_method_at(i)); i++) {
    try_one(f, m->name, hex);
    try_one(f, m->name, many);
    try_one(f, m->name, arena_printf(&f->arena, "[%s]", many));
  }
  assert_lives(f);
}

static void input_when_required_missing_then_invalid_params(void **state) {
  struct fixture *f = *state;
  const struct rpc_method_info *m;
  for (u32 i = 0; (m = rpc_method_at(i)); i++) {
    const char *msg;
    if (m->access == RPC_LOCAL) continue;
    if (!strcmp(m->name, "anvil_rollback")) continue; /* no block to take */
    if (!strcmp(m->name, "dev_loadDemoShop")) continue; /* the program's */
    int code = fixture_error(f, &msg, m->name, "[]");
    bool required = m->params[0] == ' ' && m->params[1] != '[';
    if (required && code != -32602) fail_msg("%s: %d %s", m->name, code, msg);
    if (!required && code != 0) fail_msg("%s: %d %s", m->name, code, msg);
  }
}

static void input_when_common_mistake_then_clear_words(void **state) {
  static const struct {
    const char *method, *params;
    int code;
    const char *message;
  } cases[] = {
    {"eth_getBalance", "[\"0x1\"]", -32602,
     "invalid argument 0: hex string has length 1, want 40 for address"},
    {"eth_getBalance", "[\"vitalik.eth\"]", -32602,
     "invalid argument 0: hex string without 0x prefix"},
    {"eth_getBalance", "[5]", -32602,
     "invalid argument 0: json: cannot unmarshal number into a value of type "
     "address"},
    {"eth_getBalance", "[" A ",\"0x01\"]", -32602,
     "invalid argument 1: hex number with leading zero digits"},
    {"eth_getBalance", "[" A ",\"0x\"]", -32602,
     "invalid argument 1: hex string \"0x\""},
    {"eth_getBalance", "[" A ",\"0xffffffffffffffff\"]", -32602,
     "invalid argument 1: block number larger than int64"},
    {"eth_getBalance", "[" A ",\"0xffff\"]", -32000, "header not found"},
    {"eth_getBalance", "[" A "," H "]", -32000, "header for hash not found"},
    {"eth_getBlockByNumber", "[\"newest\",false]", -32602,
     "invalid argument 0: hex string without 0x prefix"},
    {"eth_getStorageAt", "[" A ",\"0xasdf\",\"latest\"]", -32602,
     "invalid argument 1: invalid hex in storage key"},
    {"eth_sendRawTransaction", "[\"0x123\"]", -32602,
     "invalid argument 0: hex string of odd length"},
    {"eth_call", "[{\"data\":\"0x01\",\"input\":\"0x02\"}]", -32602,
     "invalid argument 0: both \"data\" and \"input\" are set and not equal. "
     "Please use \"input\" to pass transaction call data"},
    {"eth_call", "[{\"gasPrice\":\"0x1\",\"maxFeePerGas\":\"0x1\"}]", -32602,
     "invalid argument 0: both gasPrice and (maxFeePerGas or "
     "maxPriorityFeePerGas) specified"},
    {"eth_call", "[{\"to\":\"0x12\"}]", -32602,
     "invalid argument 0: to: hex string has length 2, want 40 for address"},
    {"eth_getLogs", "[{\"fromBlock\":\"0x1\",\"toBlock\":\"0x0\"}]", -32602,
     "invalid block range params"},
    {"eth_getLogs", "[{\"toBlock\":\"0xffffff\"}]", -32602,
     "block range extends beyond current head block"},
    {"eth_getLogs", "[{\"blockHash\":" H ",\"toBlock\":\"0x4\"}]", -32602,
     "invalid argument 0: cannot specify both BlockHash and "
     "FromBlock/ToBlock, choose one or the other"},
    {"eth_getLogs", "[{\"blockHash\":" H "}]", -32000, "unknown block"},
    {"eth_feeHistory", "[1,\"latest\",[50,40]]", -32602,
     "invalid argument 2: invalid reward percentile: entry 1 is below the one "
     "before it"},
    {"eth_feeHistory", "[1,\"0x999\"]", -32000,
     "request beyond head block: requested 2457, head 0"},
  };
  struct fixture *f = *state;
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    fixture_expect_error(f, cases[i].code, cases[i].message, cases[i].method,
                         cases[i].params);
  }
}

/* Random bytes as transactions: refused, each with words. */
static void raw_when_random_bytes_then_refused(void **state) {
  struct fixture *f = *state;
  u64 seed = 1;
  for (u32 i = 0; i < 2000; i++) {
    char hex[300];
    size_t n = 0;
    struct arena_mark mark = arena_mark(&f->arena);
    const char *msg;
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    for (u32 k = 0; k < (seed >> 40) % 140; k++) {
      seed = seed * 6364136223846793005ull + 1442695040888963407ull;
      u32 b = k == 0 && i % 2 ? (u32)(seed >> 60) % 6 : (u32)(seed >> 56);
      n += (size_t)snprintf(hex + n, sizeof hex - n, "%02x", b);
    }
    hex[n] = 0;
    int code = fixture_error(f, &msg, "eth_sendRawTransaction",
                             arena_printf(&f->arena, "[\"0x%s\"]", hex));
    assert_int_equal(code, -32000);
    assert_true(strlen(msg) > 3);
    arena_reset(&f->arena, mark);
  }
  assert_lives(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    /* First: it knows the height, and others tell the chain to make blocks. */
    cmocka_unit_test(input_when_common_mistake_then_clear_words),
    cmocka_unit_test(input_when_one_odd_value_then_reply_and_life),
    cmocka_unit_test(input_when_huge_then_error_and_life),
    cmocka_unit_test(input_when_required_missing_then_invalid_params),
    cmocka_unit_test(raw_when_random_bytes_then_refused),
  };
  return cmocka_run_group_tests_name("rpc_input", tests, fixture_setup,
                                     fixture_teardown);
}
