/* test_node_proj.c - reindex of the tables of commerce: cut off anywhere and given
** again, it goes on, and the tables are what one run makes. */
#include "proj/proj_dump.h"

#include <unistd.h>

#include "node/node_proj.h"
#include "proj/proj_chain.h"

enum { NPTEST_TRADES = 60, NPTEST_BLOCK = 8, NPTEST_STEP = 40 };

struct nptest {
  u32 calls, stop_at; /* after so many transactions; 0: never */
};
static bool nptest_go_on(void *ctx, u64 height, u64 head, u64 events) {
  struct nptest *t = ctx;
  assert_true(height <= head && events <= NPTEST_TRADES * PROJ_TRADE_EVENTS);
  return ++t->calls != t->stop_at;
}
static struct node_projected nptest_run(const char *path, const char *module,
                                        u32 stop_at) {
  struct nptest t = {.stop_at = stop_at};
  struct node_projected r;
  struct errmsg msg = {""};
  err e = node_proj_reindex(&r, path, module, NPTEST_STEP, nptest_go_on, &t,
                            &msg);
  if (e) fail_msg("%s", msg.text);
  return r;
}

static void reindex_when_cut_off_then_goes_on_where_it_was(void **state) {
  char folder[] = "/tmp/cm-reindex-XXXXXX", path[64];
  struct errmsg msg = {""};
  u64 events = 0;
  (void)state;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/r.db", folder);
  assert_int_equal(proj_chain_make(path, NPTEST_TRADES, NPTEST_BLOCK, &msg),
                   ERR_OK);
  struct node_projected r = nptest_run(path, NULL, 0);
  assert_true(r.done && !r.resumed);
  assert_int_equal(r.events, NPTEST_TRADES * PROJ_TRADE_EVENTS);
  char *want = proj_dump(path);
  assert_true(strlen(want) > 10000);
  for (u32 stop = 1; !events || !r.done; stop++) {
    r = nptest_run(path, NULL, stop % 3 + 1);
    assert_int_equal(r.resumed, stop > 1);
    events += r.events;
  }
  assert_int_equal(events, NPTEST_TRADES * PROJ_TRADE_EVENTS);
  char *got = proj_dump(path);
  assert_string_equal(got, want);
  free(got);
  /* One module alone, then another before it is done: both are made. */
  assert_false(nptest_run(path, "market", 2).done);
  r = nptest_run(path, "orders", 0);
  assert_true(r.done && !r.resumed);
  got = proj_dump(path);
  assert_string_equal(got, want);
  free(got);
  free(want);
  unlink(path);
  rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(reindex_when_cut_off_then_goes_on_where_it_was),
  };
  crypto_init(NULL);
  return cmocka_run_group_tests_name("node_proj", tests, NULL, NULL);
}
