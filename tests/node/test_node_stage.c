/* test_node_stage.c - the processor time of stages: each microsecond counts
** once, for the stage its thread was at, whoever ran the work; threads spin by
** their own CPU clock, so that a busy machine changes nothing. */
#include "base/stage.h"
#include "node/node.h"
#include "node/node_workers.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static double thread_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void spin(double seconds) {
  double until = thread_s() + seconds;
  while (thread_s() < until) {
  }
}

static void stage_when_nobody_measures_then_nothing_is_noted(void **state) {
  double cpu_s[STAGE_CNT], sync_s;
  (void)state;
  assert_int_equal(stage_enter(STAGE_trie), STAGE_other);
  assert_int_equal(stage_at, STAGE_other);
  assert_false(node_stage_read(cpu_s, &sync_s));
}

static void stages_when_nested_then_each_has_its_own(void **state) {
  double was[STAGE_CNT], is[STAGE_CNT], sync_was, sync_is;
  (void)state;
  node_stage_measure();
  assert_true(node_stage_read(was, &sync_was));
  assert_int_equal(stage_enter(STAGE_pool), STAGE_other);
  spin(0.02);
  assert_int_equal(stage_enter(STAGE_recover), STAGE_pool);
  spin(0.03);
  assert_int_equal(stage_enter(STAGE_pool), STAGE_recover);
  spin(0.02);
  assert_int_equal(stage_enter(STAGE_other), STAGE_pool);
  spin(0.04);
  assert_true(node_stage_read(is, &sync_is));
  double pool = is[STAGE_pool] - was[STAGE_pool];
  double recover = is[STAGE_recover] - was[STAGE_recover];
  assert_true(pool >= 0.04 && pool < 0.07);
  assert_true(recover >= 0.03 && recover < 0.07);
  assert_true(is[STAGE_other] - was[STAGE_other] >= 0.04);
  assert_true(is[STAGE_trie] == was[STAGE_trie]);
}

static void piece(void *arg, u32 i) {
  (void)i;
  spin(*(double *)arg);
}

static void pieces_when_workers_run_them_then_count_for_the_caller(
    void **state) {
  double was[STAGE_CNT], is[STAGE_CNT], sync_s;
  (void)state;
  struct node_workers *w = node_workers_open(3);
  assert_true(node_stage_read(was, &sync_s));
  stage_enter(STAGE_trie);
  double seconds = 0.01;
  par_run(node_workers_par(w), piece, &seconds, 12);
  stage_enter(STAGE_other);
  node_workers_close(w);
  assert_true(node_stage_read(is, &sync_s));
  double trie = is[STAGE_trie] - was[STAGE_trie];
  assert_true(trie >= 0.12 && trie < 0.2);
}
static void sync_when_it_waits_then_its_time_counts_beside(void **state) {
  double was[STAGE_CNT], is[STAGE_CNT], sync_was, sync_is;
  struct timespec nap = {.tv_nsec = 30000000};
  (void)state;
  assert_true(node_stage_read(was, &sync_was));
  u8 at = stage_enter(STAGE_sync);
  nanosleep(&nap, NULL);
  stage_enter(at);
  assert_true(node_stage_read(is, &sync_is));
  assert_true(sync_is - sync_was >= 0.03);
  assert_true(is[STAGE_sync] - was[STAGE_sync] < 0.03);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(stage_when_nobody_measures_then_nothing_is_noted),
    cmocka_unit_test(stages_when_nested_then_each_has_its_own),
    cmocka_unit_test(pieces_when_workers_run_them_then_count_for_the_caller),
    cmocka_unit_test(sync_when_it_waits_then_its_time_counts_beside),
  };
  return cmocka_run_group_tests_name("node_stage", tests, NULL, NULL);
}
