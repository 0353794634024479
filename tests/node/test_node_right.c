/* test_node_right.c - the table of rights against the tables of methods; the
** second factor against RFC 6238, appendix B. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "chain/chain_module.h"
#include "codec/abi.h"
#include "node/node_right.h"
#include "node/node_totp.h"
#include "rpc/rpc.h"

static void methods_when_not_public_then_each_wants_a_right(void **state) {
  (void)state;
  u32 seen = 0;
  for (u32 i = 0; rpc_method_at(i); i++) {
    const struct rpc_method_info *m = rpc_method_at(i);
    if (m->access == RPC_PUBLIC) continue;
    seen++;
    /* What it needs follows from the transaction: rpc_key.c asks. */
    if (strcmp(m->name, "eth_sendTransaction") == 0) continue;
    if (!node_rights_of_method(m->name)) fail_msg("%s", m->name);
  }
  assert_true(seen > 20);
  assert_int_equal(node_rights_of_method("eth_blockNumber"), 0);
  assert_int_equal(node_rights_of_method("node_status"), NODE_RIGHT(READ));
  assert_int_equal(node_rights_of_method("node_claim"), NODE_RIGHT(NODE));
}

static u32 needed(const char *signature, u8 module, slice rest) {
  u8 data[128] = {0};
  struct chain_tx tx = {.has_to = true};
  tx.to.b[18] = 0x10;
  tx.to.b[19] = module;
  abi_selector(data, signature);
  if (rest.len) memcpy(data + 4, rest.ptr, rest.len);
  tx.data = slice_of(data, 4 + rest.len);
  return node_rights_of_tx(&tx);
}

static void calls_when_of_a_module_then_its_right_else_money(void **state) {
  (void)state;
  slice none = {0};
  assert_int_equal(needed("ship(uint64,bytes32)", 0x13, none),
                   NODE_RIGHT(ORDERS));
  assert_int_equal(needed("cancelInvoice(uint64)", 0x13, none),
                   NODE_RIGHT(TILL));
  assert_int_equal(needed("review(uint64,uint8,bytes32)", 0x12, none),
                   NODE_RIGHT(BUY));
  assert_int_equal(needed("closePlatform(uint64)", 0x11, none),
                   NODE_RIGHT(STOREFRONT));
  assert_int_equal(needed("acceptController(address)", 0x10, none),
                   NODE_RIGHT(IDENTITY));
  /* several calls in one: all that the module's may need */
  u32 all = needed("multicall(bytes[])", 0x13, none);
  assert_int_equal(all, NODE_RIGHT(ORDERS) | NODE_RIGHT(BUY) |
                   NODE_RIGHT(TILL) | NODE_RIGHT(SELL));
  assert_int_equal(needed("ship(uint64,bytes32)", 0x99, none),
                   NODE_RIGHT(MONEY));
  struct chain_tx create = {.has_to = false};
  assert_int_equal(node_rights_of_tx(&create), NODE_RIGHT(MONEY));
  u8 spender[64] = {[30] = 0x10, [31] = 0x13};
  assert_int_equal(needed("approve(address,uint256)", 0x99,
                          slice_of(spender, 64)), NODE_RIGHT(BUY));
  spender[29] = 1;
  assert_int_equal(needed("approve(address,uint256)", 0x99,
                          slice_of(spender, 64)), NODE_RIGHT(MONEY));
}

/* A row that names no method of its module would protect nothing. */
static void rows_when_compared_with_modules_then_each_method_exists(
    void **state) {
  static const char *const row[][2] = {
#define RIGHT(id, name, roles, again, text)
#define RIGHT_OF_METHOD(prefix, id)
#define RIGHT_OF_CALL(module, method, id) {module, method},
#include "node/right.def"
#undef RIGHT
#undef RIGHT_OF_METHOD
#undef RIGHT_OF_CALL
  };
  (void)state;
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    bool found = false;
    for (u32 m = 0; m < CHAIN_MODULE_CNT; m++) {
      const struct module_def *def = CHAIN_MODULES[m];
      if (strcmp(def->name, row[i][0]) != 0) continue;
      found = !row[i][1][0];
      for (u32 k = 0; k < def->row_cnt && !found; k++)
        found = def->row[k].kind == MODULE_ROW_METHOD &&
                strcmp(def->row[k].method->name, row[i][1]) == 0;
    }
    if (!found) fail_msg("%s.%s", row[i][0], row[i][1]);
  }
}

static void rights_that_could_take_something_then_want_the_password_again(
    void **state) {
  (void)state;
  assert_int_equal(node_rights_again(NODE_RIGHTS_ALL),
                   NODE_RIGHT(IDENTITY) | NODE_RIGHT(MONEY) |
                       NODE_RIGHT(KEYS) | NODE_RIGHT(USERS));
  assert_int_equal(node_rights_again(NODE_RIGHT(MONEY) | NODE_RIGHT(SELL)),
                   NODE_RIGHT(MONEY));
  assert_int_equal(node_rights_again(NODE_RIGHT(SELL)), 0);
}

static void names_when_parsed_then_sets_and_unknown_ones_told(void **state) {
  (void)state;
  const char *bad;
  size_t n;
  u32 set;
  assert_true(node_rights_parse(&set, "read, till", &bad, &n));
  assert_int_equal(set, NODE_RIGHT(READ) | NODE_RIGHT(TILL));
  assert_true(node_rights_parse(&set, "all", &bad, &n));
  assert_int_equal(set, NODE_RIGHTS_ALL);
  assert_int_equal(set, node_rights_of_role(STORE_OWNER));
  assert_false(node_rights_parse(&set, "read,reading", &bad, &n));
  assert_int_equal(n, 7);
  struct buf b;
  buf_init(&b, 0);
  node_rights_put(&b, NODE_RIGHTS_ALL);
  assert_true(b.len < STORE_RIGHTS_MAX);
  buf_fini(&b);
}

static void totp_when_rfc_vectors_then_codes_are_the_same(void **state) {
  static const struct { u64 at_s; u32 code; } row[] = {
    {59, 287082}, {1111111109, 81804}, {1111111111, 50471},
    {1234567890, 5924}, {2000000000, 279037}, {20000000000, 353130}};
  const u8 *key = (const u8 *)"12345678901234567890";
  char text[33];
  (void)state;
  for (u32 i = 0; i < ARRAY_LEN(row); i++)
    assert_int_equal(node_totp_code(key, row[i].at_s / NODE_TOTP_STEP_S),
                     row[i].code);
  node_totp_key_text(text, key);
  assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
}

static void totp_when_taken_then_not_again_nor_an_older_one(void **state) {
  struct store_user u = {.has_totp = true};
  char recovery[STORE_RECOVERY_MAX][NODE_RECOVERY_TEXT];
  u64 ms = 1111111111000;
  (void)state;
  memcpy(u.totp, "12345678901234567890", 20);
  assert_false(node_totp_take(&u, "050472", ms));
  assert_true(node_totp_take(&u, "050 471", ms));
  assert_false(node_totp_take(&u, "050471", ms));
  assert_false(node_totp_take(&u, "081804", ms)); /* the step before */
  assert_false(node_totp_take(&u, "", ms));
  node_recovery_make(&u, recovery);
  assert_int_equal(u.recovery_cnt, STORE_RECOVERY_MAX);
  assert_true(node_totp_take(&u, recovery[0], ms));
  assert_false(node_totp_take(&u, recovery[0], ms));
  assert_true(node_totp_take(&u, recovery[9], ms));
  assert_int_equal(u.recovery_cnt, STORE_RECOVERY_MAX - 2);
  u.has_totp = false;
  assert_false(node_totp_take(&u, recovery[1], ms));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(methods_when_not_public_then_each_wants_a_right),
    cmocka_unit_test(calls_when_of_a_module_then_its_right_else_money),
    cmocka_unit_test(rows_when_compared_with_modules_then_each_method_exists),
    cmocka_unit_test(
        rights_that_could_take_something_then_want_the_password_again),
    cmocka_unit_test(names_when_parsed_then_sets_and_unknown_ones_told),
    cmocka_unit_test(totp_when_rfc_vectors_then_codes_are_the_same),
    cmocka_unit_test(totp_when_taken_then_not_again_nor_an_older_one),
  };
  return cmocka_run_group_tests_name("node_right", tests, NULL, NULL);
}
