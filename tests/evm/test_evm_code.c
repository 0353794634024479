/* test_evm_code.c - valid jump targets, against the definition: code of every
** kind that is hard to scan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "evm/evm_int.h"

static u64 seed = 88172645463325252u;
static u64 next(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

static void check(const u8 *code, size_t len) {
  struct evm_code c = {.bytes = NULL};
  evm_code_set(&c, slice_of(code, len), 1);
  size_t skip = 0;
  for (size_t i = 0; i < len; i++) {
    bool is_dest = skip == 0 && code[i] == 0x5b;
    if (evm_code_is_dest(&c, i) != is_dest) {
      fail_msg("byte %zu of %zu: 0x%02x", i, len, code[i]);
    }
    if (skip) skip--;
    else if (code[i] >= 0x60 && code[i] <= 0x7f) skip = code[i] - 0x5fu;
  }
  for (size_t i = 0; i < 100; i++) assert_false(evm_code_is_dest(&c, len + i));
  evm_code_fini(&c);
}

/* Every PUSH at every distance from a block's end. */
static void dests_when_one_push_then_its_data_is_none(void **s) {
  (void)s;
  u8 code[128];
  for (u32 at = 0; at < 64; at++) {
    for (u32 op = 0x5e; op <= 0x81; op++) {
      memset(code, 0x5b, sizeof code);
      code[at] = (u8)op;
      check(code, sizeof code);
    }
  }
}

static void dests_when_random_then_as_defined(void **s) {
  (void)s;
  u8 code[1000];
  for (u32 round = 0; round < 4000; round++) {
    size_t len = next() % (round % 4 ? 200 : sizeof code);
    u32 kind = round % 5, most = 1 + (u32)(next() % 32);
    for (size_t i = 0; i < len; i++) {
      u64 r = next() >> 20;
      code[i] = kind == 0   ? (u8)r
                : kind == 1 ? (u8)(r % 3 ? 0x5b : 0x60 + (r >> 8) % most)
                : kind == 2 ? (u8)(0x5a + (r >> 8) % 40)
                : kind == 3 ? (u8)(r & 1 ? 0x60 : 0x5b)
                            : (u8)(r % 16 ? 0x5b : 0x7f);
    }
    check(code, len);
  }
}

static void dests_when_code_is_tiny_then_as_defined(void **s) {
  (void)s;
  static const u8 ops[] = {0x00, 0x5b, 0x60, 0x61, 0x7f};
  u8 code[6] = {0};
  check(code, 0);
  for (u32 n = 0; n < 5 * 5 * 5 * 5 * 5 * 5; n++) {
    for (u32 i = 0, m = n; i < sizeof code; i++, m /= 5) code[i] = ops[m % 5];
    check(code, 1 + n % sizeof code);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(dests_when_one_push_then_its_data_is_none),
    cmocka_unit_test(dests_when_random_then_as_defined),
    cmocka_unit_test(dests_when_code_is_tiny_then_as_defined),
  };
  return cmocka_run_group_tests_name("evm_code", tests, NULL, NULL);
}
