/* test_evm_word.c - the loop's own arithmetic against base/u256.h, which is
** tested against GMP: random and edge operands, every aliasing. */
#include "crypto/crypto_vec.h"

#include "evm/evm_int.h"
#include "evm/evm_word.h"

enum { ROUNDS = 20000 };

static u64 seed = 88172645463325252u;
static u64 next(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}
/* Words with long runs of equal bits, short words, powers of two. */
static u256 pick(void) {
  u256 v = {{next(), next(), next(), next()}};
  switch (next() % 8) {
    case 0: u256_shr(&v, &v, next() % 257); break;
    case 1: u256_sar(&v, &v, next() % 257); break;
    case 2: v = u256_from(next() % 300); break;
    case 3:
      v = u256_from(1);
      u256_shl(&v, &v, next() % 256);
      break;
    case 4: memset(&v, 0xff, sizeof v); u256_shl(&v, &v, next() % 257); break;
    case 5: v.w[next() % 4] = 0; v.w[next() % 4] = ~(u64)0; break;
    case 6: v = U256_ZERO; v.w[next() % 2] = next(); break;
    default: break;
  }
  return v;
}
static void check(const char *what, const u256 *got, const u256 *want,
                  const u256 *a, const u256 *b) {
  if (u256_eq(got, want)) return;
  char t[4][67];
  u256_to_hex(t[0], a);
  u256_to_hex(t[1], b);
  u256_to_hex(t[2], got);
  u256_to_hex(t[3], want);
  fail_msg("%s(%s, %s): got %s, want %s", what, t[0], t[1], t[2], t[3]);
}

#define BOTH(name, mine, theirs) \
  static void name##_when_compared_then_equal(void **s) { \
    (void)s; \
    for (int i = 0; i < ROUNDS; i++) { \
      const u256 a = pick(), b = next() % 4 ? pick() : a; \
      u256 want, r, x = a, y = b; \
      theirs(&want, &a, &b); \
      mine(&r, &a, &b); \
      check(#name, &r, &want, &a, &b); \
      mine(&x, &x, &b); \
      check(#name, &x, &want, &a, &b); \
      mine(&y, &a, &y); \
      check(#name, &y, &want, &a, &b); \
    } \
  }

static void want_div(u256 *r, const u256 *a, const u256 *b) {
  u256_divmod(r, NULL, a, b);
}
static void want_mod(u256 *r, const u256 *a, const u256 *b) {
  u256_divmod(NULL, r, a, b);
}
static void want_shl(u256 *r, const u256 *a, const u256 *b) {
  u256_shl(r, b, u256_fits64(a) ? a->w[0] : 256);
}
static void want_shr(u256 *r, const u256 *a, const u256 *b) {
  u256_shr(r, b, u256_fits64(a) ? a->w[0] : 256);
}
static void want_sar(u256 *r, const u256 *a, const u256 *b) {
  u256_sar(r, b, u256_fits64(a) ? a->w[0] : 256);
}
static void want_add(u256 *r, const u256 *a, const u256 *b) {
  u256_add(r, a, b);
}
static void want_sub(u256 *r, const u256 *a, const u256 *b) {
  u256_sub(r, a, b);
}
static void want_lt(u256 *r, const u256 *a, const u256 *b) {
  *r = u256_from(u256_lt(a, b));
}
static void mine_lt(u256 *r, const u256 *a, const u256 *b) {
  *r = u256_from(word_lt(a, b));
}
static void want_slt(u256 *r, const u256 *a, const u256 *b) {
  bool sa = a->w[3] >> 63, sb = b->w[3] >> 63;
  *r = u256_from(sa != sb ? sa : u256_lt(a, b));
}
static void mine_slt(u256 *r, const u256 *a, const u256 *b) {
  *r = u256_from(word_slt(a, b));
}
static void want_add_small(u256 *r, const u256 *a, const u256 *b) {
  u256 k = u256_from(b->w[0]);
  u256_add(r, a, &k);
}
static void mine_add_small(u256 *r, const u256 *a, const u256 *b) {
  word_add_u64(r, a, b->w[0]);
}
static void want_sub_small(u256 *r, const u256 *a, const u256 *b) {
  u256 k = u256_from(b->w[0]);
  u256_sub(r, a, &k);
}
static void mine_sub_small(u256 *r, const u256 *a, const u256 *b) {
  word_sub_u64(r, a, b->w[0]);
}
static void want_signextend(u256 *r, const u256 *i, const u256 *b) {
  u256 v = *b;
  if (u256_fits64(i) && i->w[0] < 31) {
    u64 up = 248 - 8 * i->w[0];
    u256_shl(&v, &v, up);
    u256_sar(&v, &v, up);
  }
  *r = v;
}
static void want_byte(u256 *r, const u256 *i, const u256 *b) {
  u8 be[32];
  u256_to_be(be, b);
  *r = u256_from(u256_fits64(i) && i->w[0] < 32 ? be[i->w[0]] : 0);
}
static void mine_byte(u256 *r, const u256 *i, const u256 *b) {
  *r = u256_from(word_byte(i, b));
}
BOTH(add, word_add, want_add)
BOTH(sub, word_sub, want_sub)
BOTH(add_small, mine_add_small, want_add_small)
BOTH(sub_small, mine_sub_small, want_sub_small)
BOTH(mul, word_mul, u256_mul)
BOTH(div, word_div, want_div)
BOTH(mod, word_mod, want_mod)
BOTH(sdiv, word_sdiv, u256_sdiv)
BOTH(smod, word_smod, u256_smod)
BOTH(shl, word_shl, want_shl)
BOTH(shr, word_shr, want_shr)
BOTH(sar, word_sar, want_sar)
BOTH(lt, mine_lt, want_lt)
BOTH(slt, mine_slt, want_slt)
BOTH(signextend, word_signextend, want_signextend)
BOTH(byte, mine_byte, want_byte)

static void shift_when_count_is_any_then_equal(void **s) {
  (void)s;
  for (u32 n = 0; n < 300; n++) {
    const u256 a = u256_from(n), b = pick();
    u256 got, want;
    word_shl(&got, &a, &b);
    want_shl(&want, &a, &b);
    check("shl", &got, &want, &a, &b);
    word_shr(&got, &a, &b);
    want_shr(&want, &a, &b);
    check("shr", &got, &want, &a, &b);
    word_sar(&got, &a, &b);
    want_sar(&want, &a, &b);
    check("sar", &got, &want, &a, &b);
  }
}

static void log2_when_power_then_exponent(void **s) {
  (void)s;
  for (u32 n = 0; n < 256; n++) {
    u256 v = u256_from(1), k = u256_from(n);
    word_shl(&v, &k, &v);
    assert_int_equal(word_log2(&v), n);
    word_add_u64(&v, &v, 1);
    assert_int_equal(word_log2(&v), n == 0 ? 1 : 256);
  }
  assert_int_equal(word_log2(&U256_ZERO), 256);
}

/* Each modulus often enough that its reciprocal is used; two in turns. */
static void mulmod_when_modulus_repeats_then_equal(void **s) {
  (void)s;
  struct evm *e = evm_open();
  for (int i = 0; i < 400; i++) {
    u256 m[2] = {pick(), pick()};
    if (i == 0) m[0] = (u256){{0, 0, 0, 1}};
    if (i == 1) m[0] = (u256){{1, 0, 0, 1}};
    if (i == 2) m[0] = (u256){{0, 0, 0, (u64)1 << 63}};
    if (i == 3) memset(&m[0], 0xff, 32);
    if (i == 4) m[0] = (u256){{~(u64)0, ~(u64)0, ~(u64)0, 1}};
    if (i == 5) m[0] = U256_ZERO;
    for (int k = 0; k < 120; k++) {
      u256 a = pick(), b = pick(), want, got;
      const u256 *n = &m[i % 3 == 0 ? k & 1 : 0];
      if (k % 5 == 0) u256_sub(&a, n, &(u256){{1, 0, 0, 0}});
      if (k % 10 == 0) b = a;
      if (k % 7 == 0) memset(&a, 0xff, 32);
      if (k % 14 == 0) b = a;
      u256_mulmod(&want, &a, &b, n);
      evm_mulmod(e, &got, &a, &b, n);
      check("mulmod", &got, &want, &a, n);
      u256 alias = *n;
      evm_mulmod(e, &alias, &a, &b, &alias);
      check("mulmod", &alias, &want, &a, n);
    }
  }
  evm_close(e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test(name##_when_compared_then_equal)
    CASE(add), CASE(sub), CASE(add_small), CASE(sub_small), CASE(mul),
    CASE(div), CASE(mod), CASE(sdiv), CASE(smod), CASE(shl), CASE(shr),
    CASE(sar), CASE(lt), CASE(slt), CASE(signextend), CASE(byte),
#undef CASE
    cmocka_unit_test(shift_when_count_is_any_then_equal),
    cmocka_unit_test(log2_when_power_then_exponent),
    cmocka_unit_test(mulmod_when_modulus_repeats_then_equal),
  };
  return cmocka_run_group_tests_name("evm_word", tests, NULL, NULL);
}
