/* test_rpc_pool.c - txpool_* in geth's shapes, over a chain whose next block
** is an hour away; and the pool over a restart of the node.
*/
#include "rpc/rpc_fixture.h"

#define A0 "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
#define A1 "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"

static void pool_node_open(struct fixture *f) {
  struct errmsg msg = {.text = ""};
  struct node_config nc = {.db_path = f->path, .dev = true,
                           .dev_period_s = 3600};
  if (node_open(&f->node, &nc, &msg) < 0) fail_msg("%s", msg.text);
  f->rpc = rpc_open(f->node, NULL);
}
static void pool_node_close(struct fixture *f) {
  rpc_close(f->rpc);
  node_close(f->node);
}

/* Account 0: nonces 0, 1 and 7; account 1: a creation with nonce 0. */
static int pool_setup(void **state) {
  static struct fixture fixture;
  struct fixture *f = *state = &fixture;
  fixture_open(f, NULL);
  pool_node_close(f);
  pool_node_open(f);
  static const u64 nonce[] = {1, 7, 0};
  for (u32 i = 0; i < ARRAY_LEN(nonce); i++) {
    struct chain_tx tx = {.nonce = nonce[i], .has_to = true,
                          .gas_limit = 21000, .gas_price = u256_from(3),
                          .value = u256_from(100 + nonce[i])};
    assert_int_equal(hex_parse_addr(&tx.to, slice_str(A1)), ERR_OK);
    fixture_send(f, 0, &tx);
  }
  struct chain_tx make = {.type = 2, .gas_limit = 60000,
                          .data = slice_of("\x00", 1)};
  fixture_send(f, 1, &make);
  return 0;
}
static int pool_teardown(void **state) {
  fixture_close(*state);
  return 0;
}

static json_t *pool_ask(struct fixture *f, const char *method,
                        const char *params) {
  json_t *j = fixture_ask(f, method, params);
  json_t *r = json_object_get(j, "result");
  if (!r) fail_msg("%s: no result", method);
  json_incref(r);
  json_decref(j);
  return r;
}

static const char *pool_text(const json_t *j, const char *kind,
                             const char *sender, const char *nonce) {
  const json_t *at = json_object_get(json_object_get(j, kind), sender);
  const char *s = json_string_value(json_object_get(at, nonce));
  return s ? s : "";
}

static void status_when_gap_then_queued_apart(void **state) {
  json_t *j = pool_ask(*state, "txpool_status", "[]");
  assert_string_equal(json_string_value(json_object_get(j, "pending")), "0x3");
  assert_string_equal(json_string_value(json_object_get(j, "queued")), "0x1");
  json_decref(j);
}

static void pool_when_asked_then_why_each_waits(void **state) {
  json_t *j = pool_ask(*state, "cm_pool", "[]"), *one;
  size_t i;
  u32 gaps = 0;
  assert_int_equal(json_integer_value(json_object_get(j, "max")), 32000);
  assert_int_equal(json_integer_value(json_object_get(j, "pending")), 3);
  assert_true(json_integer_value(json_object_get(j, "bytes")) > 300);
  assert_true(json_integer_value(json_object_get(j, "bytesMax")) > 1 << 20);
  assert_int_equal(json_array_size(json_object_get(j, "items")), 4);
  json_array_foreach(json_object_get(j, "items"), i, one) {
    const char *wait = json_string_value(json_object_get(one, "wait"));
    bool gap = !strcmp(json_string_value(json_object_get(one, "nonce")), "0x7");
    assert_string_equal(wait, gap ? "gap" : "turn");
    if (gap) {
      assert_string_equal(json_string_value(json_object_get(one, "lacks")),
                          "0x2");
    }
    assert_true(json_integer_value(json_object_get(one, "arrivedMs")) > 0);
    gaps += gap;
  }
  assert_int_equal(gaps, 1);
  json_decref(j);
}

static void inspect_when_asked_then_in_words(void **state) {
  json_t *j = pool_ask(*state, "txpool_inspect", "[]");
  assert_string_equal(pool_text(j, "pending", A0, "0"),
                      A1 ": 100 wei + 21000 gas \u00d7 3 wei");
  assert_string_equal(pool_text(j, "pending", A0, "1"),
                      A1 ": 101 wei + 21000 gas \u00d7 3 wei");
  assert_string_equal(pool_text(j, "queued", A0, "7"),
                      A1 ": 107 wei + 21000 gas \u00d7 3 wei");
  assert_string_equal(pool_text(j, "pending", A1, "0"),
                      "contract creation: 0 wei + 60000 gas \u00d7 0 wei");
  assert_int_equal(json_object_size(json_object_get(j, "pending")), 2);
  assert_int_equal(json_object_size(json_object_get(j, "queued")), 1);
  json_decref(j);
}

static void content_when_asked_then_transactions_without_a_block(void **state) {
  struct fixture *f = *state;
  json_t *j = pool_ask(f, "txpool_content", "[]");
  const json_t *tx = json_object_get(
      json_object_get(json_object_get(j, "queued"), A0), "7");
  assert_string_equal(json_string_value(json_object_get(tx, "nonce")), "0x7");
  assert_true(json_is_null(json_object_get(tx, "blockHash")));
  const char *hash = json_string_value(json_object_get(tx, "hash"));
  json_t *same = pool_ask(f, "eth_getTransactionByHash",
                          arena_printf(&f->arena, "[\"%s\"]", hash));
  assert_true(json_equal(same, tx));
  json_decref(same);
  json_decref(j);
}

static void content_when_of_one_sender_then_by_nonce(void **state) {
  json_t *j = pool_ask(*state, "txpool_contentFrom", "[\"" A0 "\"]");
  assert_int_equal(json_object_size(json_object_get(j, "pending")), 2);
  const json_t *tx = json_object_get(json_object_get(j, "queued"), "7");
  assert_string_equal(json_string_value(json_object_get(tx, "value")), "0x6b");
  json_decref(j);
  j = pool_ask(*state, "txpool_contentFrom",
               "[\"0x00000000000000000000000000000000000000aa\"]");
  assert_int_equal(json_object_size(json_object_get(j, "pending")), 0);
  assert_int_equal(json_object_size(json_object_get(j, "queued")), 0);
  json_decref(j);
}

static void pool_when_restarted_then_the_same(void **state) {
  struct fixture *f = *state;
  json_t *before = pool_ask(f, "txpool_content", "[]");
  pool_node_close(f);
  pool_node_open(f);
  json_t *after = pool_ask(f, "txpool_content", "[]");
  assert_true(json_equal(before, after));
  json_decref(before);
  json_decref(after);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(status_when_gap_then_queued_apart),
    cmocka_unit_test(pool_when_asked_then_why_each_waits),
    cmocka_unit_test(inspect_when_asked_then_in_words),
    cmocka_unit_test(content_when_asked_then_transactions_without_a_block),
    cmocka_unit_test(content_when_of_one_sender_then_by_nonce),
    cmocka_unit_test(pool_when_restarted_then_the_same),
  };
  return cmocka_run_group_tests_name("rpc_pool", tests, pool_setup,
                                     pool_teardown);
}
