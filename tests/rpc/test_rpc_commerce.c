/* test_rpc_commerce.c - what methods of commerce answer when tables and chain do
** not agree: rows of events that the chain does not have. */
#include "rpc/rpc_fixture.h"

#include "proj/proj_make.h"
#include "shop/shop_identity.h"
#include "shop/shop_market.h"
#include "shop/shop_mediation.h"
#include "shop/shop_orders.h"
#include "shop/shop_platform.h"

/* One row of each kind, of number 700 or of nobody, in the stopped node's
** file. */
static void commerce_rows_put(const char *path) {
  static const struct {
    u32 module;
    const char *event;
    const struct module_record *record;
  } of[] = {
    {PROJ_MARKET, "ListingSaved", &shop_market_table_listing},
    {PROJ_ORDERS, "OrderPlaced", &shop_orders_table_order},
    {PROJ_ORDERS, "InvoiceSaved", &shop_orders_table_invoice},
    {PROJ_ORDERS, "PlanSaved", &shop_orders_table_plan},
    {PROJ_MEDIATION, "CaseSaved", &shop_mediation_table_case},
    {PROJ_PLATFORMS, "PlatformSaved", &shop_platform_table_platform},
    {PROJ_IDENTITY, "IdentitySaved", &shop_identity_table_identity}};
  struct errmsg msg = {""};
  struct store *s;
  struct proj_make m = {.b = {.modules = PROJ_ALL, .height = 3, .time_s = 9},
                        .id = 700};
  assert_int_equal(store_open(&s, path, 0, &msg), ERR_OK);
  assert_int_equal(proj_open(&m.proj, s, &msg), ERR_OK);
  assert_int_equal(store_table_begin(s), ERR_OK);
  for (u32 i = 0; i < ARRAY_LEN(of); i++)
    assert_int_equal(proj_make_event(&m, of[i].module, of[i].event,
                                     of[i].record), ERR_OK);
  assert_int_equal(store_table_end(s, ERR_OK), ERR_OK);
  proj_close(m.proj);
  assert_int_equal(store_close(s, &msg), ERR_OK);
}

static void gets_when_chain_has_no_record_then_null(void **state) {
  static const struct {
    const char *method, *params;
  } of[] = {{"market_get", "[\"0x2bc\"]"}, {"order_get", "[\"0x2bc\"]"},
            {"order_invoice", "[\"0x2bc\"]"}, {"order_plan", "[\"0x2bc\"]"},
            {"mediation_get", "[\"0x2bc\"]"}, {"platform_get", "[\"0x2bc\"]"},
            {"market_get", "[\"0x1\"]"}, {"order_get", "[\"0x1\"]"}};
  struct errmsg msg = {""};
  struct fixture f;
  (void)state;
  fixture_open(&f, NULL);
  rpc_close(f.rpc);
  node_close(f.node);
  commerce_rows_put(f.path);
  struct node_config nc = {.db_path = f.path, .dev = true};
  assert_int_equal(node_open(&f.node, &nc, &msg), ERR_OK);
  f.rpc = rpc_open(f.node, NULL);
  for (u32 i = 0; i < ARRAY_LEN(of); i++) {
    json_t *j = fixture_ask(&f, of[i].method, of[i].params);
    if (!json_is_null(json_object_get(j, "result")))
      fail_msg("%s %s: %s", of[i].method, of[i].params, json_dumps(j, 0));
    json_decref(j);
  }
  json_t *j = fixture_ask(&f, "market_search", "[{}]");
  json_t *items = json_object_get(json_object_get(j, "result"), "items");
  assert_int_equal(json_array_size(items), 1); /* the rows are there */
  json_decref(j);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(gets_when_chain_has_no_record_then_null),
  };
  return cmocka_run_group_tests_name("rpc_commerce", tests, NULL, NULL);
}
