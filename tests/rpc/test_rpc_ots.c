/* test_rpc_ots.c - ots_*: what the Otterscan explorer asks. */
#include "rpc/rpc_fixture.h"

#define A0 "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define A1 "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"

/* A chain with a contract that, called, makes another with the value it got,
** or with data reverts with it. */
struct chain {
  struct fixture f;
  const char *contract, *made_by, *call, *failed;
};
#define RUNTIME "36600b576000600034f0005b366000600037366000fd"

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

static const char *call_it(struct chain *c, u64 value, const char *data) {
  struct fixture *f = &c->f;
  struct chain_tx tx = {.nonce = next_nonce(f), .has_to = true,
                        .gas_limit = 200000, .value = u256_from(value),
                        .data = bytes_of(f, data)};
  assert_int_equal(hex_parse_addr(&tx.to, slice_str(c->contract)), ERR_OK);
  const char *hash = fixture_send(f, 0, &tx);
  json_decref(fixture_receipt(f, hash));
  return hash;
}

/* The result; to be given back. */
static json_t *ask(struct chain *c, const char *method, const char *params) {
  json_t *j = fixture_ask(&c->f, method, params);
  json_t *r = json_incref(json_object_get(j, "result"));
  if (!r) fail_msg("%s %s: %s", method, params, json_dumps(j, 0));
  json_decref(j);
  return r;
}
static json_t *ask_hash(struct chain *c, const char *method,
                        const char *hash) {
  return ask(c, method, arena_printf(&c->f.arena, "[\"%s\"]", hash));
}

static void blocks_when_asked_then_counted_and_paged(void **state) {
  struct chain *c = *state;
  json_t *r = ask(c, "ots_getApiLevel", "[]");
  assert_int_equal(json_integer_value(r), 8);
  json_decref(r);
  json_t *h = ask(c, "erigon_getHeaderByNumber", "[\"latest\"]");
  r = ask(c, "ots_getBlockDetails", "[\"latest\"]");
  const json_t *block = json_object_get(r, "block");
  assert_int_equal(json_integer_value(json_object_get(block,
      "transactionCount")), 1);
  assert_string_equal(fixture_field(block, "hash"), fixture_field(h, "hash"));
  json_t *same = ask_hash(c, "ots_getBlockDetailsByHash",
                          fixture_field(h, "hash"));
  assert_true(json_equal(r, same));
  json_decref(same);
  json_decref(r);
  json_decref(h);
  r = ask(c, "ots_getBlockTransactions", "[\"latest\",0,10]");
  const json_t *txs = json_object_get(json_object_get(r, "fullblock"),
                                      "transactions");
  assert_int_equal(json_array_size(txs), 1);
  assert_string_equal(fixture_field(json_array_get(txs, 0), "input"),
                      "0xdeadbeef"); /* cut */
  assert_int_equal(json_array_size(json_object_get(r, "receipts")), 1);
  json_decref(r);
  r = ask(c, "ots_getBlockTransactions", "[\"latest\",1,10]");
  assert_int_equal(json_array_size(json_object_get(r, "receipts")), 0);
  json_decref(r);
}

static void transaction_when_asked_then_calls_and_operations(void **state) {
  struct chain *c = *state;
  json_t *r = ask_hash(c, "ots_traceTransaction", c->call);
  assert_int_equal(json_array_size(r), 2);
  const json_t *made = json_array_get(r, 1);
  assert_string_equal(fixture_field(made, "type"), "CREATE");
  assert_int_equal(json_integer_value(json_object_get(made, "depth")), 1);
  json_t *ops = ask_hash(c, "ots_getInternalOperations", c->call);
  assert_int_equal(json_array_size(ops), 1);
  const json_t *op = json_array_get(ops, 0);
  assert_int_equal(json_integer_value(json_object_get(op, "type")), 2);
  assert_string_equal(fixture_field(op, "value"), "0x7");
  assert_string_equal(fixture_field(op, "to"), fixture_field(made, "to"));
  json_decref(ops);
  json_decref(r);
}

static void error_when_asked_then_what_it_reverted_with(void **state) {
  struct chain *c = *state;
  json_t *r = ask_hash(c, "ots_getTransactionError", c->failed);
  assert_string_equal(json_string_value(r), "0xdeadbeef01");
  json_decref(r);
  r = ask_hash(c, "ots_getTransactionError", c->call);
  assert_string_equal(json_string_value(r), "0x");
  json_decref(r);
}

static void account_when_asked_then_code_creator_and_nonces(void **state) {
  struct chain *c = *state;
  struct fixture *f = &c->f;
  json_t *r = ask_hash(c, "ots_hasCode", c->contract);
  assert_true(json_is_true(r));
  json_decref(r);
  r = ask_hash(c, "ots_hasCode", A1);
  assert_true(json_is_false(r));
  json_decref(r);
  r = ask_hash(c, "ots_getContractCreator", c->contract);
  assert_string_equal(fixture_field(r, "hash"), c->made_by);
  assert_string_equal(fixture_field(r, "creator"), A0);
  json_decref(r);
  r = ask_hash(c, "ots_getContractCreator", A1);
  assert_true(json_is_null(r));
  json_decref(r);
  const char *const sent[] = {c->made_by, c->call, c->failed};
  for (u32 i = 0; i < ARRAY_LEN(sent); i++) {
    r = ask(c, "ots_getTransactionBySenderAndNonce",
            arena_printf(&f->arena, "[\"" A0 "\",%u]", i));
    assert_string_equal(json_string_value(r), sent[i]);
    json_decref(r);
    r = ask(c, "eth_getTransactionBySenderAndNonce",
            arena_printf(&f->arena, "[\"" A0 "\",\"0x%x\"]", i));
    json_t *same = ask_hash(c, "eth_getTransactionByHash", sent[i]);
    assert_true(json_equal(r, same));
    json_decref(same);
    json_decref(r);
  }
  r = ask(c, "ots_getTransactionBySenderAndNonce", "[\"" A0 "\",3]");
  assert_true(json_is_null(r));
  json_decref(r);
  r = ask(c, "eth_getTransactionBySenderAndNonce", "[\"" A0 "\",\"0x3\"]");
  assert_true(json_is_null(r));
  json_decref(r);
}

static int setup(void **state) {
  struct chain *c = *state = calloc(1, sizeof *c);
  struct fixture *f = &c->f;
  char init[200];
  fixture_open(f, NULL);
  snprintf(init, sizeof init, "60%02zx80600b6000396000f3%s",
           strlen(RUNTIME) / 2, RUNTIME);
  struct chain_tx tx = {.gas_limit = 300000, .data = bytes_of(f, init)};
  c->made_by = fixture_send(f, 0, &tx);
  json_t *r = fixture_receipt(f, c->made_by);
  c->contract = arena_printf(&f->arena, "%s",
                             fixture_field(r, "contractAddress"));
  json_decref(r);
  c->call = call_it(c, 7, "");
  c->failed = call_it(c, 0, "deadbeef01");
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
    cmocka_unit_test(blocks_when_asked_then_counted_and_paged),
    cmocka_unit_test(transaction_when_asked_then_calls_and_operations),
    cmocka_unit_test(error_when_asked_then_what_it_reverted_with),
    cmocka_unit_test(account_when_asked_then_code_creator_and_nonces),
  };
  return cmocka_run_group_tests_name("rpc_ots", tests, setup, teardown);
}
