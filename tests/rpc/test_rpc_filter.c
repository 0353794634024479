/* test_rpc_filter.c - filters that are polled. */
#include "rpc/rpc_fixture.h"

#define A0 "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define A1 "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"

static u64 next_nonce(struct fixture *f) {
  return strtoull(fixture_result(f, "eth_getTransactionCount",
                                 "[\"" A0 "\",\"pending\"]"), NULL, 16);
}

static const char *send_one(struct fixture *f) {
  struct chain_tx tx = {.nonce = next_nonce(f), .has_to = true,
                        .gas_limit = 21000, .value = u256_from(1)};
  assert_int_equal(hex_parse_addr(&tx.to, slice_str(A1)), ERR_OK);
  const char *hash = fixture_send(f, 0, &tx);
  json_decref(fixture_receipt(f, hash));
  return hash;
}

/* Creates a contract whose creation logs an empty record under one topic. */
static const char *log_one(struct fixture *f, u8 topic, const char **address) {
  u8 init[] = {0x60, topic, 0x60, 0, 0x60, 0, 0xa1};
  struct chain_tx tx = {.nonce = next_nonce(f), .gas_limit = 200000,
                        .data = slice_of(init, sizeof init)};
  const char *hash = fixture_send(f, 0, &tx);
  json_t *r = fixture_receipt(f, hash);
  *address = arena_printf(&f->arena, "%s", fixture_field(r, "contractAddress"));
  json_decref(r);
  return hash;
}

static const char *quoted(struct fixture *f, const char *id) {
  return arena_printf(&f->arena, "[\"%s\"]", id);
}

/* The changes, to be given back. */
static json_t *changes(struct fixture *f, const char *id) {
  json_t *j = fixture_ask(f, "eth_getFilterChanges", quoted(f, id));
  json_t *r = json_incref(json_object_get(j, "result"));
  json_decref(j);
  if (!json_is_array(r)) fail_msg("no list of changes");
  return r;
}

static void blocks_when_polled_then_each_once(void **state) {
  struct fixture *f = *state;
  const char *id = fixture_result(f, "eth_newBlockFilter", "[]");
  json_t *r = changes(f, id);
  assert_int_equal(json_array_size(r), 0);
  json_decref(r);
  send_one(f);
  send_one(f);
  r = changes(f, id);
  assert_in_range(json_array_size(r), 2, 1000);
  const char *last = json_string_value(
      json_array_get(r, json_array_size(r) - 1));
  json_t *j = fixture_ask(f, "eth_getBlockByHash",
                          arena_printf(&f->arena, "[\"%s\",false]", last));
  assert_true(json_is_object(json_object_get(j, "result")));
  json_decref(j);
  json_decref(r);
}

static bool has_text(const json_t *list, const char *text) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (strcmp(json_string_value(json_array_get(list, i)), text) == 0) {
      return true;
    }
  }
  return false;
}

static void pending_when_polled_then_hashes_or_whole(void **state) {
  struct fixture *f = *state;
  const char *id = fixture_result(f, "eth_newPendingTransactionFilter", "[]");
  const char *hash = send_one(f);
  json_t *r = changes(f, id);
  assert_int_equal(json_array_size(r), 1);
  assert_true(has_text(r, hash));
  json_decref(r);
  r = changes(f, id);
  assert_int_equal(json_array_size(r), 0);
  json_decref(r);
  /* One that stays in the pool, whole. */
  id = fixture_result(f, "eth_newPendingTransactionFilter", "[true]");
  struct chain_tx tx = {.nonce = next_nonce(f) + 1, .has_to = true,
                        .gas_limit = 21000};
  hash = fixture_send(f, 0, &tx);
  r = changes(f, id);
  assert_int_equal(json_array_size(r), 1);
  assert_string_equal(fixture_field(json_array_get(r, 0), "hash"), hash);
  assert_string_equal(fixture_field(json_array_get(r, 0), "from"), A0);
  json_decref(r);
}

static void logs_when_polled_then_matching_ones_once(void **state) {
  struct fixture *f = *state;
  const char *address;
#define TOPIC(last) \
  "0x00000000000000000000000000000000000000000000000000000000000000" last
  log_one(f, 0xaa, &address); /* before the filter */
  const char *id = fixture_result(f, "eth_newFilter",
                                  "[{\"topics\":[\"" TOPIC("aa") "\"]}]");
  log_one(f, 0xbb, &address);
  const char *hash = log_one(f, 0xaa, &address);
  json_t *r = changes(f, id);
  assert_int_equal(json_array_size(r), 1);
  const json_t *log = json_array_get(r, 0);
  assert_string_equal(fixture_field(log, "transactionHash"), hash);
  assert_string_equal(fixture_field(log, "address"), address);
  json_decref(r);
  r = changes(f, id);
  assert_int_equal(json_array_size(r), 0);
  json_decref(r);
  /* eth_getFilterLogs goes by the heights that the filter names. */
  id = fixture_result(f, "eth_newFilter",
                      "[{\"fromBlock\":\"earliest\",\"topics\":[\""
                      TOPIC("aa") "\"]}]");
  json_t *j = fixture_ask(f, "eth_getFilterLogs", quoted(f, id));
  assert_int_equal(json_array_size(json_object_get(j, "result")), 2);
  json_decref(j);
#undef TOPIC
}

static void filter_when_unknown_or_uninstalled_then_not_found(void **state) {
  struct fixture *f = *state;
  const char *id = fixture_result(f, "eth_newBlockFilter", "[]");
  json_t *j = fixture_ask(f, "eth_uninstallFilter", quoted(f, id));
  assert_true(json_is_true(json_object_get(j, "result")));
  json_decref(j);
  j = fixture_ask(f, "eth_uninstallFilter", quoted(f, id));
  assert_true(json_is_false(json_object_get(j, "result")));
  json_decref(j);
  fixture_expect_error(f, -32000, "filter not found", "eth_getFilterChanges",
                       quoted(f, id));
  fixture_expect_error(f, -32000, "filter not found", "eth_getFilterLogs",
                       "[\"0x1\"]");
  id = fixture_result(f, "eth_newBlockFilter", "[]");
  fixture_expect_error(f, -32000, "filter not found", "eth_getFilterLogs",
                       quoted(f, id));
}

static void filters_when_too_many_then_limit_named(void **state) {
  struct fixture *f = *state;
  const char *msg;
  int code = 0;
  for (u32 i = 0; i < 5000 && code == 0; i++) {
    code = fixture_error(f, &msg, "eth_newBlockFilter", "[]");
  }
  assert_int_equal(code, -32005);
  assert_string_equal(msg, "too many filters (max 4096)");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_when_polled_then_each_once),
    cmocka_unit_test(pending_when_polled_then_hashes_or_whole),
    cmocka_unit_test(logs_when_polled_then_matching_ones_once),
    cmocka_unit_test(filter_when_unknown_or_uninstalled_then_not_found),
    cmocka_unit_test(filters_when_too_many_then_limit_named),
  };
  return cmocka_run_group_tests_name("rpc_filter", tests, fixture_setup,
                                     fixture_teardown);
}
