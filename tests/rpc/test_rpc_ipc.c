/* test_rpc_ipc.c - where values of the Unix socket's stream end, whatever the
** pieces they come in; the rest is in tests/e2e/ipc.mjs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rpc/rpc_ipc.h"

static const char *const ti_value[] = {
  "{}", "[]", "{\"a\":\"}\"}", "[\"\\\"]\",{\"b\":[1,2,{}]}]",
  "{\"x\":\"\\\\\"}", "[[[[[[[[]]]]]]]]"};

/* The stream, with blanks of all kinds between values. */
static void ti_stream(struct buf *b) {
  static const char *const gap[] = {"", " ", "\n", "\r\n\t "};
  buf_init(b, 0);
  for (u32 i = 0; i < 24; i++) {
    buf_put_str(b, gap[i % ARRAY_LEN(gap)]);
    buf_put_str(b, ti_value[i % ARRAY_LEN(ti_value)]);
  }
  buf_put_str(b, "  ");
}

/* Fed in pieces of step bytes, what is used dropped at once. */
static void ti_feed(const struct buf *all, size_t step) {
  struct rpc_split s = {0};
  struct buf in;
  u32 cnt = 0;
  buf_init(&in, 0);
  for (size_t at = 0; at < all->len; at += step) {
    slice v;
    size_t n = all->len - at < step ? all->len - at : step, used = 0;
    buf_put(&in, all->ptr + at, n);
    while (rpc_split_next(&s, buf_slice(&in), &v) > 0) {
      const char *want = ti_value[cnt++ % ARRAY_LEN(ti_value)];
      assert_true(slice_eq(v, slice_str(want)));
      used = s.at;
    }
    if (used) {
      rpc_split_drop(&s, used);
      in.len -= used;
      memmove(in.ptr, in.ptr + used, in.len);
    }
  }
  assert_int_equal(cnt, 24);
  buf_fini(&in);
}

static void split_when_pieces_of_any_size_then_the_same_values(void **state) {
  (void)state;
  struct buf all;
  ti_stream(&all);
  for (size_t step = 1; step <= all.len; step++) ti_feed(&all, step);
  buf_fini(&all);
}

static void split_when_no_bracket_comes_then_fault(void **state) {
  (void)state;
  static const char *const bad[] = {"x", " 1", "\"a\"", "}", "{}]", "{} ,"};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    struct rpc_split s = {0};
    slice v;
    int got;
    while ((got = rpc_split_next(&s, slice_str(bad[i]), &v)) > 0) continue;
    assert_int_equal(got, -1);
  }
}

static void connect_when_nobody_listens_then_says_where(void **state) {
  (void)state;
  struct rpc_ipc_client c;
  struct errmsg msg;
  char path[300];
  assert_int_equal(rpc_ipc_open(&c, "/nonexistent/x.ipc", &msg), ERR_NOT_FOUND);
  assert_non_null(strstr(msg.text, "/nonexistent/x.ipc"));
  memset(path, 'x', sizeof path - 1);
  path[sizeof path - 1] = 0;
  assert_int_equal(rpc_ipc_open(&c, path, &msg), ERR_RANGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(split_when_pieces_of_any_size_then_the_same_values),
      cmocka_unit_test(split_when_no_bracket_comes_then_fault),
      cmocka_unit_test(connect_when_nobody_listens_then_says_where),
  };
  return cmocka_run_group_tests_name("rpc_ipc", tests, NULL, NULL);
}
