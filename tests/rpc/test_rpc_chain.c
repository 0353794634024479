/* test_rpc_chain.c - transactions, blocks, receipts, logs, calls, estimates
** and state over a living dev chain.
**
** The contract used: with no call data it stores the value sent in slot 0,
** logs one word (42) under topic 0xaa and returns it; with call data it
** reverts with that data.
*/
#include "crypto/keccak.h"
#include "rpc/rpc_fixture.h"

#define RUNTIME \
  "36601957346000" "55602a60005260aa60206000a160206000f3" \
  "5b366000600037366000fd"
#define INIT "602480600b6000396000f3" RUNTIME
#define TOPIC \
  "0x00000000000000000000000000000000000000000000000000000000000000aa"
#define WORD_42 \
  "0x000000000000000000000000000000000000000000000000000000000000002a"
/* Error("nope") */
#define REASON \
  "0x08c379a0" \
  "0000000000000000000000000000000000000000000000000000000000000020" \
  "0000000000000000000000000000000000000000000000000000000000000004" \
  "6e6f706500000000000000000000000000000000000000000000000000000000"
#define A0 "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define A1 "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"

struct chain {
  struct fixture f;
  u64 nonce;             /* of account 0 */
  const char *contract;  /* its address */
  const char *call_hash; /* a transaction that called it */
};

static slice hex_bytes(struct fixture *f, const char *hex) {
  size_t n = strlen(hex) / 2;
  u8 *p = arena_alloc(&f->arena, n + 1);
  assert_int_equal(hex_decode(p, hex, 2 * n), ERR_OK);
  return slice_of(p, n);
}

static struct chain_tx transfer(struct chain *c, u8 type, u64 value) {
  struct chain_tx tx = {.type = type, .nonce = c->nonce++, .has_to = true,
                        .gas_limit = 21000, .value = u256_from(value)};
  assert_int_equal(hex_parse_addr(&tx.to, slice_str(A1)), ERR_OK);
  return tx;
}

static void assert_field(const json_t *j, const char *key, const char *want) {
  const json_t *v = json_object_get(j, key);
  const char *got = json_string_value(v);
  if (!got || strcmp(got, want) != 0) {
    fail_msg("%s is %s, not %s", key, got ? got : "no text", want);
  }
}
static void assert_is_null(const json_t *j, const char *key) {
  if (!json_is_null(json_object_get(j, key))) fail_msg("%s is not null", key);
}

static void transfer_when_legacy_priced_then_charged_nothing(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  struct chain_tx tx = transfer(c, 0, 1000);
  tx.gas_price = u256_from(1000000000);
  const char *before =
      fixture_result(f, "eth_getBalance", "[\"" A0 "\",\"latest\"]");
  const char *hash = fixture_send(f, 0, &tx);
  json_t *r = fixture_receipt(f, hash);
  assert_field(r, "status", "0x1");
  assert_field(r, "gasUsed", "0x5208");
  assert_field(r, "cumulativeGasUsed", "0x5208");
  assert_field(r, "effectiveGasPrice", "0x0");
  assert_field(r, "type", "0x0");
  assert_field(r, "from", A0);
  assert_field(r, "to", A1);
  assert_field(r, "transactionHash", hash);
  assert_is_null(r, "contractAddress");
  assert_int_equal(json_array_size(json_object_get(r, "logs")), 0);
  json_decref(r);
  json_t *j = fixture_ask(f, "eth_getTransactionByHash",
                          arena_printf(&f->arena, "[\"%s\"]", hash));
  const json_t *t = json_object_get(j, "result");
  assert_field(t, "gasPrice", "0x3b9aca00");
  assert_field(t, "chainId", "0x7a69");
  assert_field(t, "value", "0x3e8");
  assert_field(t, "input", "0x");
  assert_null(json_object_get(t, "yParity"));
  assert_null(json_object_get(t, "accessList"));
  json_decref(j);
  /* 10,000 CMT less 1000 wei and nothing else */
  const char *after =
      fixture_result(f, "eth_getBalance", "[\"" A0 "\",\"latest\"]");
  u256 b, a, d;
  assert_int_equal(u256_parse(&b, before, strlen(before)), ERR_OK);
  assert_int_equal(u256_parse(&a, after, strlen(after)), ERR_OK);
  u256_sub(&d, &b, &a);
  assert_true(u256_fits64(&d) && d.w[0] == 1000);
}

static void transfer_when_type_2_then_price_zero_but_maximum_kept(
    void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  struct chain_tx tx = transfer(c, 2, 5);
  tx.gas_price = u256_from(7);
  tx.max_priority_fee = u256_from(3);
  const char *hash = fixture_send(f, 0, &tx);
  json_t *r = fixture_receipt(f, hash);
  assert_field(r, "type", "0x2");
  assert_field(r, "effectiveGasPrice", "0x0");
  const char *at = arena_printf(
      &f->arena, "[\"%s\",\"%s\"]", fixture_field(r, "blockHash"),
      fixture_field(r, "transactionIndex"));
  json_decref(r);
  json_t *j = fixture_ask(f, "eth_getTransactionByBlockHashAndIndex", at);
  const json_t *t = json_object_get(j, "result");
  assert_field(t, "hash", hash);
  assert_field(t, "gasPrice", "0x0");
  assert_field(t, "maxFeePerGas", "0x7");
  assert_field(t, "maxPriorityFeePerGas", "0x3");
  assert_true(json_is_array(json_object_get(t, "accessList")));
  assert_string_equal(fixture_field(t, "v"), fixture_field(t, "yParity"));
  json_decref(j);
}

static void submission_when_refused_then_geths_words(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  const char *msg;
  struct chain_tx tx = transfer(c, 2, 1);
  const char *raw = arena_printf(&f->arena, "[%s]", fixture_sign(f, 0, &tx));
  json_decref(fixture_receipt(
      f, fixture_result(f, "eth_sendRawTransaction", raw)));
  tx.value = u256_from(2);
  raw = arena_printf(&f->arena, "[%s]", fixture_sign(f, 0, &tx));
  assert_int_equal(fixture_error(f, &msg, "eth_sendRawTransaction", raw),
                   -32000);
  assert_non_null(strstr(msg, "nonce too low"));
  tx = transfer(c, 2, 0);
  c->nonce--;
  memset(tx.value.w, 0xff, 16);
  raw = arena_printf(&f->arena, "[%s]", fixture_sign(f, 0, &tx));
  assert_int_equal(fixture_error(f, &msg, "eth_sendRawTransaction", raw),
                   -32000);
  assert_non_null(strstr(msg, "insufficient funds"));
}

static void batch_when_submissions_then_answered_in_order(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  struct buf body;
  hash32 hash[20];
  buf_init(&body, 0);
  buf_put_u8(&body, '[');
  for (u32 i = 0; i < 20; i++) {
    struct chain_tx tx = transfer(c, 2, i);
    const char *raw = fixture_sign(f, 0, &tx);
    hash[i] = tx.hash;
    buf_printf(&body,
               "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":"
               "\"eth_sendRawTransaction\",\"params\":[%s]},",
               i, raw);
  }
  buf_put_str(&body,
              "{\"jsonrpc\":\"2.0\",\"id\":20,\"method\":"
              "\"eth_sendRawTransaction\",\"params\":[\"0x00\"]},"
              "{\"jsonrpc\":\"2.0\",\"id\":21,\"method\":"
              "\"eth_sendRawTransaction\",\"params\":[7]},"
              "{\"jsonrpc\":\"2.0\",\"id\":22,\"method\":\"eth_chainId\"}]");
  json_t *j = fixture_body(f, buf_cstr(&body));
  assert_int_equal(json_array_size(j), 23);
  for (u32 i = 0; i < 23; i++) {
    const json_t *r = json_array_get(j, i);
    const json_t *e = json_object_get(r, "error");
    assert_int_equal(json_integer_value(json_object_get(r, "id")), i);
    int code = (int)json_integer_value(json_object_get(e, "code"));
    assert_int_equal(code, i == 20 ? -32000 : i == 21 ? -32602 : 0);
    if (i >= 20) continue;
    hash32 got;
    assert_int_equal(
        hex_fixed(got.b, 32, slice_str(fixture_field(r, "result"))), ERR_OK);
    assert_memory_equal(got.b, hash[i].b, 32);
  }
  buf_fini(&body);
  struct buf last;
  buf_init(&last, 0);
  buf_put_hex(&last, hash32_slice(&hash[19]));
  json_decref(fixture_receipt(f, buf_cstr(&last)));
  buf_fini(&last);
  json_decref(j);
  assert_string_equal(
      fixture_result(f, "eth_getTransactionCount", "[\"" A0 "\",\"latest\"]"),
      arena_printf(&f->arena, "0x%llx", (unsigned long long)c->nonce));
}

static void contract_when_deployed_then_code_and_receipt(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  struct chain_tx tx = {.type = 2, .nonce = c->nonce++, .gas_limit = 200000,
                        .data = hex_bytes(f, INIT)};
  json_t *r = fixture_receipt(f, fixture_send(f, 0, &tx));
  assert_field(r, "status", "0x1");
  assert_is_null(r, "to");
  c->contract =
      arena_printf(&f->arena, "%s", fixture_field(r, "contractAddress"));
  json_decref(r);
  assert_string_equal(
      fixture_result(f, "eth_getCode",
                     arena_printf(&f->arena, "[\"%s\"]", c->contract)),
      "0x" RUNTIME);
}

static void contract_when_called_then_slot_and_log(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  struct chain_tx tx = {.type = 2, .nonce = c->nonce++, .gas_limit = 100000,
                        .has_to = true, .value = u256_from(9)};
  assert_int_equal(hex_parse_addr(&tx.to, slice_str(c->contract)), ERR_OK);
  c->call_hash = fixture_send(f, 0, &tx);
  json_t *r = fixture_receipt(f, c->call_hash);
  assert_field(r, "status", "0x1");
  json_t *logs = json_object_get(r, "logs");
  assert_int_equal(json_array_size(logs), 1);
  const json_t *log = json_array_get(logs, 0);
  assert_field(log, "address", c->contract);
  assert_field(log, "data", WORD_42);
  assert_field(log, "transactionHash", c->call_hash);
  assert_field(log, "logIndex", "0x0");
  assert_string_equal(
      json_string_value(json_array_get(json_object_get(log, "topics"), 0)),
      TOPIC);
  assert_true(json_is_false(json_object_get(log, "removed")));
  /* The same object by eth_getLogs, and by eth_getBlockReceipts. */
  const char *block =
      arena_printf(&f->arena, "%s", fixture_field(r, "blockHash"));
  json_t *j = fixture_ask(
      f, "eth_getLogs",
      arena_printf(&f->arena, "[{\"blockHash\":\"%s\",\"topics\":[[\"" TOPIC
                   "\",null]]}]", block));
  assert_true(json_equal(json_object_get(j, "result"), logs));
  json_decref(j);
  j = fixture_ask(f, "eth_getBlockReceipts",
                  arena_printf(&f->arena, "[\"%s\"]", block));
  const json_t *all = json_object_get(j, "result");
  assert_int_equal(json_array_size(all), 1);
  assert_true(json_equal(json_array_get(all, 0), r));
  json_decref(j);
  json_decref(r);
  assert_string_equal(
      fixture_result(f, "eth_getStorageAt",
                     arena_printf(&f->arena, "[\"%s\",\"0x0\"]", c->contract)),
      "0x0000000000000000000000000000000000000000000000000000000000000009");
}

static u32 log_cnt(struct fixture *f, const char *filter) {
  json_t *j = fixture_ask(f, "eth_getLogs",
                          arena_printf(&f->arena, "[%s]", filter));
  const json_t *r = json_object_get(j, "result");
  if (!json_is_array(r)) fail_msg("eth_getLogs %s", filter);
  u32 n = (u32)json_array_size(r);
  json_decref(j);
  return n;
}

static void logs_when_filtered_then_by_address_topic_and_range(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
#define LOGS(...) log_cnt(f, arena_printf(&f->arena, __VA_ARGS__))
  assert_int_equal(LOGS("{\"fromBlock\":\"earliest\"}"), 1);
  assert_int_equal(LOGS("{\"fromBlock\":\"0x0\",\"toBlock\":\"0x0\"}"), 0);
  assert_int_equal(
      LOGS("{\"fromBlock\":\"0x0\",\"address\":\"%s\"}", c->contract), 1);
  assert_int_equal(
      LOGS("{\"fromBlock\":\"0x0\",\"address\":[\"" A1 "\",\"%s\"]}",
           c->contract), 1);
  assert_int_equal(
      LOGS("{\"fromBlock\":\"0x0\",\"address\":[\"" A1 "\"]}"), 0);
  assert_int_equal(
      LOGS("{\"fromBlock\":\"0x0\",\"topics\":[\"" TOPIC "\"]}"), 1);
  assert_int_equal(
      LOGS("{\"fromBlock\":\"0x0\",\"topics\":[\"" WORD_42 "\"]}"), 0);
  assert_int_equal(
      LOGS("{\"fromBlock\":\"0x0\",\"topics\":[null,\"" TOPIC "\"]}"), 0);
  assert_int_equal(LOGS("{\"fromBlock\":\"0x0\",\"topics\":[null]}"), 1);
  assert_int_equal(LOGS("{\"fromBlock\":\"0x0\",\"topics\":[]}"), 1);
#undef LOGS
}

static void logs_when_range_over_limit_then_usable_range_named(void **state) {
  (void)state;
  struct fixture f;
  struct rpc_config cfg = {.log_range_max = 2};
  struct chain_tx tx = {.type = 2, .gas_limit = 21000, .has_to = true};
  fixture_open(&f, &cfg);
  for (; tx.nonce < 4; tx.nonce++) {
    json_decref(fixture_receipt(&f, fixture_send(&f, 0, &tx)));
  }
  fixture_expect_error(&f, -32005,
                       "query exceeds max block range 2. Try with this block "
                       "range [0x1, 0x2]",
                       "eth_getLogs", "[{\"fromBlock\":\"0x1\"}]");
  assert_int_equal(
      log_cnt(&f, "{\"fromBlock\":\"0x1\",\"toBlock\":\"0x2\"}"), 0);
  fixture_close(&f);
}

/* A block is told whole, the rest is named. */
static void logs_when_over_count_then_usable_range_named(void **state) {
  (void)state;
  struct fixture f;
  struct rpc_config cfg = {.log_cnt_max = 2};
  fixture_open(&f, &cfg);
  /* Creations that log once each. */
  struct chain_tx tx = {.type = 2, .gas_limit = 100000,
                        .data = hex_bytes(&f, "60aa5f5fa1")};
  for (; tx.nonce < 4; tx.nonce++)
    json_decref(fixture_receipt(&f, fixture_send(&f, 0, &tx)));
  fixture_expect_error(&f, -32005,
                       "query returned more than 2 results. Try with this "
                       "block range [0x1, 0x2]",
                       "eth_getLogs", "[{\"fromBlock\":\"0x1\"}]");
  assert_int_equal(
      log_cnt(&f, "{\"fromBlock\":\"0x1\",\"toBlock\":\"0x2\"}"), 2);
  /* Those read before are as those read anew. */
  assert_int_equal(
      log_cnt(&f, "{\"fromBlock\":\"0x1\",\"toBlock\":\"0x2\",\"topics\":["
                  "\"" TOPIC "\"]}"), 2);
  assert_int_equal(
      log_cnt(&f, "{\"fromBlock\":\"0x2\",\"toBlock\":\"0x3\",\"topics\":["
                  "\"" TOPIC "\"]}"), 2);
  fixture_close(&f);
}

/* The code answers the gas it has. */
static void call_when_gas_over_cap_then_capped(void **state) {
  (void)state;
  static const char *const calls[] = {
    "[{\"data\":\"0x5a5f5260205ff3\"}]",
    "[{\"data\":\"0x5a5f5260205ff3\",\"gas\":\"0xfffffffffff\"}]"};
  struct fixture f;
  struct rpc_config cfg = {.gas_cap = 100000};
  fixture_open(&f, &cfg);
  for (u32 i = 0; i < ARRAY_LEN(calls); i++) {
    u64 gas = strtoull(fixture_result(&f, "eth_call", calls[i]), NULL, 16);
    assert_true(gas > 30000 && gas < 100000);
  }
  fixture_expect_error(&f, -32000, "gas required exceeds allowance (100000)",
                       "eth_estimateGas", "[{\"data\":\"0x5b600056\"}]");
  fixture_close(&f);
}

static void call_when_run_then_output_or_reason(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  assert_string_equal(
      fixture_result(f, "eth_call",
                     arena_printf(&f->arena, "[{\"to\":\"%s\"},\"latest\"]",
                                  c->contract)),
      WORD_42);
  const char *params = arena_printf(
      &f->arena, "[{\"to\":\"%s\",\"input\":\"" REASON "\"}]", c->contract);
  json_t *j = fixture_ask(f, "eth_call", params);
  const json_t *e = json_object_get(j, "error");
  assert_int_equal(json_integer_value(json_object_get(e, "code")), 3);
  assert_field(e, "message", "execution reverted: nope");
  assert_field(e, "data", REASON);
  json_decref(j);
  fixture_expect_error(f, 3, "execution reverted: nope", "eth_estimateGas",
                       params);
  fixture_expect_error(
      f, 3, "execution reverted", "eth_call",
      arena_printf(&f->arena, "[{\"to\":\"%s\",\"data\":\"0x01\"}]",
                   c->contract));
  fixture_expect_error(f, -32000, "out of gas", "eth_call",
                       "[{\"data\":\"0x5b600056\",\"gas\":\"0xfffff\"}]");
  /* What a call does is not kept. */
  fixture_result(f, "eth_call",
                 arena_printf(&f->arena,
                              "[{\"from\":\"" A0 "\",\"to\":\"%s\",\"value\":"
                              "\"0x63\"}]", c->contract));
  assert_string_equal(
      fixture_result(f, "eth_getStorageAt",
                     arena_printf(&f->arena, "[\"%s\",\"0x0\"]", c->contract)),
      "0x0000000000000000000000000000000000000000000000000000000000000009");
}

static void call_when_endless_then_timed_out(void **state) {
  (void)state;
  struct fixture f;
  struct rpc_config cfg = {.gas_cap = UINT64_MAX / 4, .evm_timeout_ms = 100};
  fixture_open(&f, &cfg);
  fixture_expect_error(&f, -32002, "execution aborted (timeout = 100ms)",
                       "eth_call", "[{\"data\":\"0x5b600056\"}]");
  assert_string_equal(fixture_result(&f, "eth_chainId", "[]"), "0x7a69");
  fixture_close(&f);
}

static void estimate_when_used_as_limit_then_succeeds(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  assert_string_equal(fixture_result(f, "eth_estimateGas",
                                     "[{\"from\":\"" A0 "\",\"to\":\"" A1
                                     "\",\"value\":\"0x1\"}]"),
                      "0x5208");
  const char *est = fixture_result(
      f, "eth_estimateGas",
      arena_printf(&f->arena,
                   "[{\"from\":\"" A0 "\",\"to\":\"%s\",\"value\":\"0x7\"}]",
                   c->contract));
  u64 gas;
  assert_int_equal(hex_quantity(&gas, slice_str(est)), ERR_OK);
  struct chain_tx tx = {.type = 2, .nonce = c->nonce++, .gas_limit = gas,
                        .has_to = true, .value = u256_from(7)};
  assert_int_equal(hex_parse_addr(&tx.to, slice_str(c->contract)), ERR_OK);
  json_t *r = fixture_receipt(f, fixture_send(f, 0, &tx));
  assert_field(r, "status", "0x1");
  u64 used;
  assert_int_equal(hex_quantity(&used, slice_str(fixture_field(r, "gasUsed"))),
                   ERR_OK);
  assert_true(used <= gas && gas < used + used / 10);
  json_decref(r);
  fixture_expect_error(
      f, -32000, "gas required exceeds allowance (22000)", "eth_estimateGas",
      arena_printf(&f->arena, "[{\"to\":\"%s\",\"value\":\"0x0\",\"from\":\""
                   A0 "\",\"gas\":\"0x55f0\"}]", c->contract));
}

static void access_list_when_made_then_names_the_slot(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  json_t *j = fixture_ask(
      f, "eth_createAccessList",
      arena_printf(&f->arena, "[{\"from\":\"" A0 "\",\"to\":\"%s\"}]",
                   c->contract));
  const json_t *r = json_object_get(j, "result");
  const json_t *list = json_object_get(r, "accessList");
  assert_int_equal(json_array_size(list), 1);
  const json_t *entry = json_array_get(list, 0);
  assert_field(entry, "address", c->contract);
  assert_int_equal(json_array_size(json_object_get(entry, "storageKeys")), 1);
  assert_null(json_object_get(r, "error"));
  json_decref(j);
}

static void block_when_asked_by_number_hash_or_tag_then_same(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  json_t *r = fixture_receipt(f, c->call_hash);
  const char *number =
      arena_printf(&f->arena, "%s", fixture_field(r, "blockNumber"));
  const char *hash =
      arena_printf(&f->arena, "%s", fixture_field(r, "blockHash"));
  json_decref(r);
  json_t *a = fixture_ask(f, "eth_getBlockByNumber",
                          arena_printf(&f->arena, "[\"%s\",true]", number));
  json_t *b = fixture_ask(f, "eth_getBlockByHash",
                          arena_printf(&f->arena, "[\"%s\",true]", hash));
  assert_true(json_equal(a, b));
  const json_t *block = json_object_get(a, "result");
  assert_field(block, "hash", hash);
  assert_field(block, "baseFeePerGas", "0x0");
  assert_field(block, "nonce", "0x0000000000000000");
  static const char *const members[] = {
    "parentHash", "sha3Uncles", "logsBloom", "transactionsRoot", "stateRoot",
    "receiptsRoot", "difficulty", "extraData", "gasLimit", "gasUsed",
    "timestamp", "mixHash", "withdrawalsRoot", "blobGasUsed", "excessBlobGas",
    "parentBeaconBlockRoot", "requestsHash", "size", "miner"};
  for (u32 i = 0; i < ARRAY_LEN(members); i++) fixture_field(block, members[i]);
  assert_int_equal(json_array_size(json_object_get(block, "withdrawals")), 0);
  assert_int_equal(json_array_size(json_object_get(block, "uncles")), 0);
  const json_t *txs = json_object_get(block, "transactions");
  assert_field(json_array_get(txs, 0), "hash", c->call_hash);
  json_decref(a);
  json_decref(b);
  json_t *latest = fixture_ask(f, "eth_getBlockByNumber", "[\"latest\"]");
  json_t *safe = fixture_ask(f, "eth_getBlockByNumber", "[\"safe\"]");
  json_t *final = fixture_ask(f, "eth_getBlockByNumber", "[\"finalized\"]");
  assert_true(json_equal(latest, safe) && json_equal(latest, final));
  json_decref(latest);
  json_decref(safe);
  json_decref(final);
  json_t *pending = fixture_ask(f, "eth_getBlockByNumber", "[\"pending\"]");
  assert_is_null(json_object_get(pending, "result"), "hash");
  json_decref(pending);
  json_t *none = fixture_ask(f, "eth_getBlockByNumber", "[\"0xffffff\"]");
  assert_is_null(none, "result");
  json_decref(none);
}

/* Counts and uncles of the block that holds the call. */
static void block_when_counted_then_by_number_and_hash_alike(void **state) {
  static const struct { const char *method; bool by_hash; const char *want; }
  cases[] = {
    {"eth_getBlockTransactionCountByHash", true, "0x1"},
    {"eth_getBlockTransactionCountByNumber", false, "0x1"},
    {"eth_getUncleCountByBlockHash", true, "0x0"},
    {"eth_getUncleCountByBlockNumber", false, "0x0"},
  };
  struct chain *c = *state;
  struct fixture *f = &c->f;
  json_t *r = fixture_receipt(f, c->call_hash);
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    const char *at = fixture_field(
        r, cases[i].by_hash ? "blockHash" : "blockNumber");
    assert_string_equal(
        fixture_result(f, cases[i].method,
                       arena_printf(&f->arena, "[\"%s\"]", at)),
        cases[i].want);
    json_t *none = fixture_ask(
        f, cases[i].method,
        cases[i].by_hash ? "[\"" TOPIC "\"]" : "[\"0xffffff\"]");
    assert_is_null(none, "result");
    json_decref(none);
  }
  json_t *u = fixture_ask(
      f, "eth_getUncleByBlockHashAndIndex",
      arena_printf(&f->arena, "[\"%s\",\"0x0\"]",
                   fixture_field(r, "blockHash")));
  assert_is_null(u, "result");
  json_decref(u);
  u = fixture_ask(f, "eth_getUncleByBlockNumberAndIndex",
                  "[\"latest\",\"0x0\"]");
  assert_is_null(u, "result");
  json_decref(u);
  json_decref(r);
}

static void node_when_asked_about_itself_then_answers(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  assert_non_null(strstr(fixture_result(f, "web3_clientVersion", "[]"),
                         "CyberMiles/v"));
  assert_string_equal(fixture_result(f, "net_version", "[]"), "31337");
  assert_string_equal(fixture_result(f, "net_peerCount", "[]"), "0x0");
  assert_int_equal(strlen(fixture_result(f, "eth_coinbase", "[]")), 42);
  assert_string_equal(
      fixture_result(f, "web3_sha3", "[\"0x68656c6c6f\"]"),
      "0x1c8aff950685c2ed4bc3174f3472287b56d9517b9c948127319a09a7a36deac8");
  json_t *j = fixture_ask(f, "net_listening", "[]");
  assert_true(json_is_true(json_object_get(j, "result")));
  json_decref(j);
  j = fixture_ask(f, "rpc_modules", "[]");
  assert_field(json_object_get(j, "result"), "eth", "1.0");
  json_decref(j);
  /* a development chain's; test_rpc_dev: elsewhere they are not told */
  j = fixture_ask(f, "eth_accounts", "[]");
  assert_int_equal(json_array_size(json_object_get(j, "result")), 10);
  json_decref(j);
}

static void state_when_past_block_asked_then_as_it_was(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  (void)c;
  assert_string_equal(
      fixture_result(f, "eth_getBalance", "[\"" A1 "\",\"earliest\"]"),
      "0x21e19e0c9bab2400000");
  assert_string_equal(
      fixture_result(f, "eth_getTransactionCount", "[\"" A0 "\",\"0x0\"]"),
      "0x0");
  assert_string_equal(
      fixture_result(f, "eth_getBalance",
                     "[\"" A1 "\",{\"blockNumber\":\"0x0\"}]"),
      "0x21e19e0c9bab2400000");
  assert_string_not_equal(
      fixture_result(f, "eth_getBalance", "[\"" A1 "\",\"latest\"]"),
      "0x21e19e0c9bab2400000");
}

static void proof_when_asked_then_starts_at_the_state_root(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  json_t *b = fixture_ask(f, "eth_getBlockByNumber", "[\"latest\",false]");
  json_t *j = fixture_ask(
      f, "eth_getProof",
      arena_printf(&f->arena, "[\"%s\",[\"0x0\"],\"latest\"]", c->contract));
  const json_t *r = json_object_get(j, "result");
  assert_field(r, "address", c->contract);
  assert_field(r, "nonce", "0x1");
  const json_t *proof = json_object_get(r, "accountProof");
  const char *root = json_string_value(json_array_get(proof, 0));
  assert_non_null(root);
  slice node = hex_bytes(f, root + 2);
  hash32 h, want;
  crypto_keccak256(&h, node.ptr, node.len);
  assert_int_equal(
      hex_fixed(want.b, 32,
                slice_str(fixture_field(json_object_get(b, "result"),
                                        "stateRoot"))), ERR_OK);
  assert_memory_equal(h.b, want.b, 32);
  const json_t *slot =
      json_array_get(json_object_get(r, "storageProof"), 0);
  assert_field(slot, "key", "0x0");
  assert_field(slot, "value", "0x7");
  json_decref(j);
  json_decref(b);
}

static void fees_when_asked_then_zero_and_well_formed(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  static const char *const zero[] = {"eth_gasPrice", "eth_baseFee",
                                     "eth_maxPriorityFeePerGas",
                                     "eth_blobBaseFee"};
  for (u32 i = 0; i < ARRAY_LEN(zero); i++) {
    assert_string_equal(fixture_result(f, zero[i], "[]"), "0x0");
  }
  static const char *const forms[] = {"[\"0x3\",\"latest\",[25,75.5]]",
                                      "[3,\"latest\",[25,75.5]]",
                                      "[\"3\",\"latest\",[25,75.5]]"};
  for (u32 i = 0; i < ARRAY_LEN(forms); i++) {
    json_t *j = fixture_ask(f, "eth_feeHistory", forms[i]);
    const json_t *r = json_object_get(j, "result");
    const json_t *ratio = json_object_get(r, "gasUsedRatio");
    assert_int_equal(json_array_size(json_object_get(r, "baseFeePerGas")), 4);
    assert_int_equal(json_array_size(ratio), 3);
    for (u32 k = 0; k < 3; k++) {
      assert_true(json_is_number(json_array_get(ratio, k)));
    }
    const json_t *reward = json_object_get(r, "reward");
    assert_int_equal(json_array_size(reward), 3);
    assert_int_equal(json_array_size(json_array_get(reward, 2)), 2);
    json_decref(j);
  }
}

static int setup(void **state) {
  static struct chain c;
  fixture_open(&c.f, NULL);
  *state = &c;
  return 0;
}
static int teardown(void **state) {
  fixture_close(&((struct chain *)*state)->f);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(transfer_when_legacy_priced_then_charged_nothing),
    cmocka_unit_test(transfer_when_type_2_then_price_zero_but_maximum_kept),
    cmocka_unit_test(submission_when_refused_then_geths_words),
    cmocka_unit_test(batch_when_submissions_then_answered_in_order),
    cmocka_unit_test(contract_when_deployed_then_code_and_receipt),
    cmocka_unit_test(contract_when_called_then_slot_and_log),
    cmocka_unit_test(logs_when_filtered_then_by_address_topic_and_range),
    cmocka_unit_test(logs_when_range_over_limit_then_usable_range_named),
    cmocka_unit_test(logs_when_over_count_then_usable_range_named),
    cmocka_unit_test(call_when_gas_over_cap_then_capped),
    cmocka_unit_test(call_when_run_then_output_or_reason),
    cmocka_unit_test(call_when_endless_then_timed_out),
    cmocka_unit_test(estimate_when_used_as_limit_then_succeeds),
    cmocka_unit_test(access_list_when_made_then_names_the_slot),
    cmocka_unit_test(block_when_asked_by_number_hash_or_tag_then_same),
    cmocka_unit_test(block_when_counted_then_by_number_and_hash_alike),
    cmocka_unit_test(node_when_asked_about_itself_then_answers),
    cmocka_unit_test(state_when_past_block_asked_then_as_it_was),
    cmocka_unit_test(proof_when_asked_then_starts_at_the_state_root),
    cmocka_unit_test(fees_when_asked_then_zero_and_well_formed),
  };
  return cmocka_run_group_tests_name("rpc_chain", tests, setup, teardown);
}
