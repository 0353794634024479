/* test_node_scratch.c - an arena whose large chunks leave memory when they
** rest, and are the same when they are looked at again. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "node/node_scratch.h"

enum { SCRATCH_LARGE = 64 << 20, SCRATCH_MOST = 16 << 20 };

/* Bytes of this program in memory. */
static u64 scratch_resident(void) {
  unsigned long all, in = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  assert_non_null(f);
  assert_int_equal(fscanf(f, "%lu %lu", &all, &in), 2);
  fclose(f);
  return (u64)in * (u64)sysconf(_SC_PAGESIZE);
}

static u8 scratch_byte(size_t i) { return (u8)(i * 7 + (i >> 12)); }

static void scratch_fill_and_rest(const char *beside, bool leaves) {
  struct node_scratch s;
  struct arena a;
  node_scratch_open(&s, beside);
  assert_true((s.fd >= 0) == leaves);
  arena_init(&a, 4096, 0);
  a.home = &s.home;
  u8 *small = arena_copy(&a, "small", 6);
  u64 before = scratch_resident();
  u8 *p = arena_alloc_raw(&a, SCRATCH_LARGE);
  for (size_t i = 0; i < SCRATCH_LARGE; i++) p[i] = scratch_byte(i);
  assert_true(scratch_resident() >= before + SCRATCH_LARGE - SCRATCH_MOST);
  arena_rest(&a);
  if (leaves)
    assert_true(scratch_resident() < before + SCRATCH_MOST);
  for (size_t i = 0; i < SCRATCH_LARGE; i++)
    if (p[i] != scratch_byte(i)) fail_msg("byte %zu", i);
  assert_string_equal(small, "small");
  arena_fini(&a);
  if (leaves)
    assert_true(scratch_resident() < before + SCRATCH_MOST);
  node_scratch_close(&s);
}

static void chunks_when_they_rest_then_leave_and_come_back(void **state) {
  char path[64], file[96];
  int pid = (int)getpid();
  (void)state;
  snprintf(path, sizeof path, "/tmp/test_node_scratch.%d", pid);
  scratch_fill_and_rest(path, true);
  snprintf(file, sizeof file, "%s.scratch-%d", path, pid);
  assert_int_not_equal(access(file, F_OK), 0);
}

static void chunks_when_no_file_can_be_then_on_the_heap(void **state) {
  (void)state;
  scratch_fill_and_rest("/nowhere/at/all", false);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(chunks_when_they_rest_then_leave_and_come_back),
    cmocka_unit_test(chunks_when_no_file_can_be_then_on_the_heap)};
  return cmocka_run_group_tests_name("node_scratch", tests, NULL, NULL);
}
