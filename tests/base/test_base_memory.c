/* test_base_memory.c - arenas, buffers, messages and assertions. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

static void arena_alloc_when_sizes_vary_then_aligned_and_zeroed(void **state) {
  (void)state;
  struct arena a;
  arena_init(&a, 1000, 0);
  for (int round = 0; round < 3; round++) {
    u8 *prev = NULL;
    size_t prev_len = 0;
    for (size_t len = 0; len < 3000; len += 37) {
      u8 *p = arena_alloc(&a, len);
      assert_int_equal((uintptr_t)p % 16, 0);
      for (size_t i = 0; i < len; i++) assert_int_equal(p[i], 0);
      memset(p, 0xee, len);
      /* the block before is whole still */
      for (size_t i = 0; i < prev_len; i++) assert_int_equal(prev[i], 0xee);
      prev = p;
      prev_len = len;
    }
    arena_clear(&a);
    assert_int_equal(a.used, 0);
  }
  arena_fini(&a);
}

static void arena_reset_when_marks_nest_then_earlier_blocks_stay(void **state) {
  (void)state;
  struct arena a;
  arena_init(&a, 256, 0);
  struct arena_mark empty = arena_mark(&a);
  char *one = arena_printf(&a, "%s %d", "block", 1);
  struct arena_mark m1 = arena_mark(&a);
  void *p = arena_alloc(&a, 5000);
  struct arena_mark m2 = arena_mark(&a);
  char *two = arena_copy(&a, "two", 4);
  arena_reset(&a, m2);
  assert_ptr_equal(arena_copy(&a, "3", 2), two);
  arena_reset(&a, m1);
  assert_int_equal(a.used, m1.used);
  assert_ptr_equal(arena_alloc(&a, 5000), p); /* the chunk is used again */
  assert_string_equal(one, "block 1");
  arena_reset(&a, empty);
  assert_int_equal(a.used, 0);
  assert_ptr_equal(arena_alloc(&a, 8), one);
  arena_fini(&a);
}

static void arena_alloc_when_over_limit_then_null_and_sticky(void **state) {
  (void)state;
  struct arena a;
  arena_init(&a, 64, 160);
  assert_non_null(arena_alloc(&a, 100));
  assert_null(arena_alloc(&a, 100));
  assert_true(a.over);
  assert_non_null(arena_alloc(&a, 48));
  assert_null(arena_alloc_raw(&a, 1));
  assert_null(arena_copy(&a, "x", 1));
  assert_null(arena_printf(&a, "x"));
  assert_int_equal(arena_copy_slice(&a, slice_str("abc")).len, 0);
  assert_true(a.over);
  arena_clear(&a);
  assert_false(a.over);
  assert_non_null(arena_alloc(&a, 160));
  arena_fini(&a);
}

static void buf_put_when_growing_then_content_kept(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 0);
  for (u32 i = 0; i < 3000; i++) buf_put_u8(&b, (u8)i);
  buf_put(&b, NULL, 0);
  assert_int_equal(b.len, 3000);
  for (u32 i = 0; i < 3000; i++) assert_int_equal(b.ptr[i], (u8)i);
  buf_clear(&b);
  assert_string_equal(buf_cstr(&b), "");
  buf_put_str(&b, "n=");
  buf_printf(&b, "%d %0*d", 7, 400, 9);
  assert_int_equal(b.len, 2 + 2 + 400);
  assert_memory_equal(b.ptr, "n=7 0000", 8);
  assert_int_equal(buf_cstr(&b)[404], 0);
  buf_fini(&b);
}

static void buf_put_when_over_max_then_dropped_and_sticky(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 5);
  buf_put_str(&b, "abc");
  buf_put_str(&b, "def");
  assert_true(b.over);
  buf_put_u8(&b, 'g'); /* would fit, but the text has a hole by now */
  assert_int_equal(b.len, 3);
  assert_null(buf_room(&b, 1));
  buf_clear(&b);
  buf_put_str(&b, "abcde");
  assert_false(b.over);
  assert_string_equal(buf_cstr(&b), "abcde"); /* one beyond max for the NUL */
  assert_null(buf_room(&b, 1));
  assert_true(b.over);
  buf_fini(&b);
}

static void err_say_when_text_is_long_then_cut(void **state) {
  (void)state;
  struct errmsg msg;
  assert_int_equal(err_say(&msg, ERR_INPUT, "%01000d", 1), ERR_INPUT);
  assert_int_equal(strlen(msg.text), sizeof(msg.text) - 1);
  assert_int_equal(err_say(NULL, ERR_IO, "x"), ERR_IO);
}

static void err_text_when_code_known_then_its_text(void **state) {
  (void)state;
#define ERR(name, code, text) assert_string_equal(err_text(name), text);
#include "base/err.def"
#undef ERR
  assert_string_equal(err_text(0), "no error");
  assert_string_equal(err_text(-9999), "unknown error");
}

static void limits_when_listed_then_named_once_and_explained(void **state) {
  (void)state;
  assert_true(limit_row_cnt > 0);
  for (u32 i = 0; i < limit_row_cnt; i++) {
    assert_true(limit_rows[i].value > 0);
    assert_true(strlen(limit_rows[i].what) > 5);
    assert_memory_equal(limit_rows[i].name, "LIMIT_", 6);
    for (u32 j = 0; j < i; j++)
      assert_string_not_equal(limit_rows[i].name, limit_rows[j].name);
  }
}

static void must_when_false_then_line_and_abort(void **state) {
  (void)state;
  int fd[2], status;
  char text[300] = "";
  assert_int_equal(pipe(fd), 0);
  pid_t pid = fork();
  if (pid == 0) {
    dup2(fd[1], 2);
    MUST(fd[0] < 0);
    _exit(0);
  }
  close(fd[1]);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
  assert_true(read(fd[0], text, sizeof(text) - 1) > 0);
  close(fd[0]);
  assert_non_null(strstr(text, "fd[0] < 0 does not hold\n"));
  assert_non_null(strstr(text, "test_base_memory.c:"));
}

static void mem_wipe_when_called_then_zero(void **state) {
  (void)state;
  char secret[] = "correct horse";
  mem_wipe(secret, sizeof(secret));
  for (size_t i = 0; i < sizeof(secret); i++) assert_int_equal(secret[i], 0);
  mem_wipe(NULL, 0);
  char *copy = mem_strdup("text");
  assert_string_equal(copy, "text");
  mem_free(copy);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arena_alloc_when_sizes_vary_then_aligned_and_zeroed),
      cmocka_unit_test(arena_reset_when_marks_nest_then_earlier_blocks_stay),
      cmocka_unit_test(arena_alloc_when_over_limit_then_null_and_sticky),
      cmocka_unit_test(buf_put_when_growing_then_content_kept),
      cmocka_unit_test(buf_put_when_over_max_then_dropped_and_sticky),
      cmocka_unit_test(err_say_when_text_is_long_then_cut),
      cmocka_unit_test(err_text_when_code_known_then_its_text),
      cmocka_unit_test(limits_when_listed_then_named_once_and_explained),
      cmocka_unit_test(must_when_false_then_line_and_abort),
      cmocka_unit_test(mem_wipe_when_called_then_zero),
  };
  return cmocka_run_group_tests_name("base_memory", tests, NULL, NULL);
}
