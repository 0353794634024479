/* test_base_u256.c - every u256 operation against GMP: all pairs of edge
** values, then 150,000 random cases each of mixed lengths, plus texts. */
#include "base/u256.h"
#include <stdio.h>
#include <gmp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static u64 tu_state = 0x853c49e6748fea9b;
static u64 tu_rand(void) { /* splitmix64 */
  u64 z = tu_state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

/* Limbs of all kinds: random, 0, all ones, one bit, near 2^63. */
static u64 tu_limb(void) {
  u64 r = tu_rand();
  switch (tu_rand() % 8) {
    case 0: return 0;
    case 1: return ~(u64)0;
    case 2: return (u64)1 << r % 64;
    case 3: return ((u64)1 << 63) + r % 3 - 1;
    case 4: return r >> tu_rand() % 64;
    default: return r;
  }
}

static u256 tu_value(void) {
  u256 v = U256_ZERO;
  u64 len = tu_rand() % 5;
  for (u64 i = 0; i < len; i++) v.w[i] = tu_limb();
  return v;
}

static void tu_set(mpz_t out, const u256 *a) {
  mpz_import(out, 4, -1, 8, 0, 0, a->w);
}

static mpz_t tu_a, tu_b, tu_m, tu_r, tu_q, tu_2_256;

/* got is want modulo 2^256 (want may be below 0: two's complement). */
static void tu_expect(const char *op, const u256 *got, mpz_t want) {
  mpz_t w, g;
  mpz_inits(w, g, NULL);
  mpz_fdiv_r_2exp(w, want, 256);
  tu_set(g, got);
  if (mpz_cmp(w, g) != 0)
    gmp_fprintf(stderr, "%s of %Zx, %Zx, %Zx: got %Zx, want %Zx\n", op, tu_a,
                tu_b, tu_m, g, w);
  assert_int_equal(mpz_cmp(w, g), 0);
  mpz_clears(w, g, NULL);
}

static void tu_signed(mpz_t x) {
  if (mpz_tstbit(x, 255)) mpz_sub(x, x, tu_2_256);
}

static void tu_check_ring(const u256 *a, const u256 *b) {
  u256 r;
  mpz_add(tu_r, tu_a, tu_b);
  assert_int_equal(u256_add(&r, a, b), mpz_cmp(tu_r, tu_2_256) >= 0);
  tu_expect("add", &r, tu_r);
  mpz_sub(tu_r, tu_a, tu_b);
  assert_int_equal(u256_sub(&r, a, b), mpz_sgn(tu_r) < 0);
  tu_expect("sub", &r, tu_r);
  mpz_mul(tu_r, tu_a, tu_b);
  u256_mul(&r, a, b);
  tu_expect("mul", &r, tu_r);
  assert_int_equal(u256_mul_over(&r, a, b), mpz_cmp(tu_r, tu_2_256) >= 0);
  tu_expect("mul_over", &r, tu_r);
  int c = mpz_cmp(tu_a, tu_b);
  assert_int_equal(u256_cmp(a, b), (c > 0) - (c < 0));
  assert_int_equal(u256_lt(a, b), c < 0);
  assert_int_equal(u256_eq(a, b), c == 0);
  assert_int_equal(u256_bits(a), mpz_sgn(tu_a) ? mpz_sizeinbase(tu_a, 2) : 0);
}

static void tu_check_division(const u256 *a, const u256 *b) {
  u256 q, r, x = *a, y = *b;
  bool zero = u256_is_zero(b);
  mpz_set_ui(tu_q, 0);
  mpz_set_ui(tu_r, 0);
  if (!zero) mpz_fdiv_qr(tu_q, tu_r, tu_a, tu_b);
  u256_divmod(&q, &r, a, b);
  tu_expect("div", &q, tu_q);
  tu_expect("mod", &r, tu_r);
  u256_divmod(&x, &y, &x, &y); /* aliased */
  tu_expect("div aliased", &x, tu_q);
  tu_expect("mod aliased", &y, tu_r);

  mpz_t s, t;
  mpz_init_set(s, tu_a);
  mpz_init_set(t, tu_b);
  tu_signed(s);
  tu_signed(t);
  if (!zero) mpz_tdiv_qr(tu_q, tu_r, s, t);
  u256_sdiv(&q, a, b);
  u256_smod(&r, a, b);
  tu_expect("sdiv", &q, tu_q);
  tu_expect("smod", &r, tu_r);
  mpz_clears(s, t, NULL);
}

static void tu_check_modular(const u256 *a, const u256 *b, const u256 *m) {
  u256 r;
  mpz_set_ui(tu_r, 0);
  mpz_set_ui(tu_q, 0);
  if (mpz_sgn(tu_m)) {
    mpz_add(tu_r, tu_a, tu_b);
    mpz_mod(tu_r, tu_r, tu_m);
    mpz_mul(tu_q, tu_a, tu_b);
    mpz_mod(tu_q, tu_q, tu_m);
  }
  u256_addmod(&r, a, b, m);
  tu_expect("addmod", &r, tu_r);
  u256_mulmod(&r, a, b, m);
  tu_expect("mulmod", &r, tu_q);
}

static void tu_check_exp(const u256 *a, const u256 *e) {
  u256 r;
  mpz_powm(tu_r, tu_a, tu_b, tu_2_256);
  u256_exp(&r, a, e);
  tu_expect("exp", &r, tu_r);
}

static void tu_check_shifts(const u256 *a, u64 n) {
  u256 r;
  unsigned long by = n > 300 ? 300 : n;
  mpz_mul_2exp(tu_r, tu_a, by);
  u256_shl(&r, a, n);
  tu_expect("shl", &r, tu_r);
  mpz_fdiv_q_2exp(tu_r, tu_a, by);
  u256_shr(&r, a, n);
  tu_expect("shr", &r, tu_r);
  mpz_set(tu_r, tu_a);
  tu_signed(tu_r);
  mpz_fdiv_q_2exp(tu_r, tu_r, by);
  u256_sar(&r, a, n);
  tu_expect("sar", &r, tu_r);
}

static void tu_load(const u256 *a, const u256 *b, const u256 *m) {
  tu_set(tu_a, a);
  tu_set(tu_b, b);
  tu_set(tu_m, m);
}

static void tu_check_all(const u256 *a, const u256 *b, const u256 *m) {
  tu_load(a, b, m);
  tu_check_ring(a, b);
  tu_check_division(a, b);
  tu_check_modular(a, b, m);
}

#define TU_RANDOM 150000

static const u256 tu_edges[] = {
    {{0, 0, 0, 0}}, {{1, 0, 0, 0}}, {{2, 0, 0, 0}}, {{3, 0, 0, 0}},
    {{~0ul, 0, 0, 0}}, {{0, 1, 0, 0}}, {{1, 1, 0, 0}}, {{~0ul, ~0ul, 0, 0}},
    {{0, 0, 1, 0}}, {{0, ~0ul, ~0ul, 0}}, {{~0ul, ~0ul, ~0ul, 0}},
    {{0, 0, 0, 1}}, {{~0ul, ~0ul, ~0ul, ~0ul}}, {{~0ul - 1, ~0ul, ~0ul, ~0ul}},
    {{0, 0, 0, 1ul << 63}}, {{1, 0, 0, 1ul << 63}}, {{0, 1ul << 63, 0, 0}},
    {{~0ul, ~0ul, ~0ul, ~0ul >> 1}}, {{0, 0, 1ul << 63, 0}},
    {{~0ul, 0, ~0ul, 1ul << 63}}, {{0, ~0ul, 1ul << 63, 0}},
    {{0xfffffffefffffc2f, ~0ul, ~0ul, ~0ul}}, {{10, 0, 0, 0}},
    {{0x8000000000000001, 0x8000000000000000, 0, 0}}};

static void u256_all_when_edge_values(void **state) {
  (void)state;
  size_t n = ARRAY_LEN(tu_edges);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      for (size_t k = 0; k < n; k++)
        tu_check_all(&tu_edges[i], &tu_edges[j], &tu_edges[k]);
      tu_check_exp(&tu_edges[i], &tu_edges[j]);
    }
  for (size_t i = 0; i < n; i++) {
    tu_load(&tu_edges[i], &tu_edges[0], &tu_edges[0]);
    for (u64 s = 0; s < 260; s++) tu_check_shifts(&tu_edges[i], s);
    tu_check_shifts(&tu_edges[i], ~(u64)0);
  }
}

static void u256_ring_and_division_when_random(void **state) {
  (void)state;
  for (int i = 0; i < TU_RANDOM; i++) {
    u256 a = tu_value(), b = tu_value(), m = tu_value();
    tu_check_all(&a, &b, &m);
    tu_check_shifts(&a, tu_rand() % 280);
  }
}

/* The quotient's digit estimate is off, or the top limbs are equal, only when
** the dividend is just below a multiple of the divisor. */
static void u256_division_when_dividend_is_near_a_multiple(void **state) {
  (void)state;
  for (int i = 0; i < TU_RANDOM; i++) {
    u256 b = tu_value(), q = tu_value(), a, one = u256_from(tu_rand() % 3);
    u256_mul(&a, &b, &q);
    (void)u256_sub(&a, &a, &one);
    tu_check_all(&a, &b, &q);
    /* a = b shifted up, less one: limbs equal to the divisor's */
    u256_shl(&a, &b, tu_rand() % 200);
    (void)u256_sub(&a, &a, &one);
    tu_check_all(&a, &b, &q);
  }
}

static void u256_exp_when_random(void **state) {
  (void)state;
  for (int i = 0; i < TU_RANDOM; i++) {
    u256 a = tu_value(), b = tu_value();
    u256_shr(&b, &b, tu_rand() % 256);
    tu_load(&a, &b, &b);
    tu_check_exp(&a, &b);
  }
}

static void u256_text_when_random_then_gmp_agrees(void **state) {
  (void)state;
  for (int i = 0; i < TU_RANDOM; i++) {
    u256 a = tu_value(), r;
    char text[80], want[80];
    tu_set(tu_a, &a);
    u256_to_dec(text, &a);
    mpz_get_str(want, 10, tu_a);
    assert_string_equal(text, want);
    assert_int_equal(u256_parse(&r, text, strlen(text)), ERR_OK);
    assert_true(u256_eq(&r, &a));
    u256_to_hex(text, &a);
    gmp_snprintf(want, sizeof(want), "0x%Zx", tu_a);
    assert_string_equal(text, want);
    assert_int_equal(u256_parse(&r, text, strlen(text)), ERR_OK);
    assert_true(u256_eq(&r, &a));
    u8 be[32];
    u256_to_be(be, &a);
    u32 len = u256_bytes(&a);
    u256_from_be_len(&r, be + 32 - len, len);
    assert_true(u256_eq(&r, &a));
  }
}

static void u256_parse_when_malformed_then_refused(void **state) {
  (void)state;
  static const struct {
    const char *text;
    err want;
  } rows[] = {
      {"", ERR_INPUT}, {"0x", ERR_INPUT}, {"-1", ERR_INPUT}, {"+1", ERR_INPUT},
      {" 1", ERR_INPUT}, {"1 ", ERR_INPUT}, {"12a", ERR_INPUT},
      {"0xg", ERR_INPUT}, {"0X1", ERR_INPUT}, {"1e3", ERR_INPUT},
      {"0", ERR_OK}, {"007", ERR_OK}, {"0xAb", ERR_OK},
      {"11579208923731619542357098500868790785326998466564056403945758400791"
       "3129639935", ERR_OK},
      {"11579208923731619542357098500868790785326998466564056403945758400791"
       "3129639936", ERR_RANGE},
      {"99999999999999999999999999999999999999999999999999999999999999999999"
       "99999999999999", ERR_RANGE},
      {"0x00000000000000000000000000000000000000000000000000000000000000000001",
       ERR_OK},
      {"0x10000000000000000000000000000000000000000000000000000000000000000",
       ERR_RANGE},
      {"0x1000000000000000000000000000000000000000000000000000000000000000z",
       ERR_INPUT}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    u256 v = u256_from(77);
    err e = u256_parse(&v, rows[i].text, strlen(rows[i].text));
    if (e != rows[i].want) fail_msg("%s gave %s", rows[i].text, err_text(e));
    if (e) assert_true(v.w[0] == 77);
  }
}

int main(void) {
  mpz_inits(tu_a, tu_b, tu_m, tu_r, tu_q, tu_2_256, NULL);
  mpz_ui_pow_ui(tu_2_256, 2, 256);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(u256_all_when_edge_values),
      cmocka_unit_test(u256_ring_and_division_when_random),
      cmocka_unit_test(u256_division_when_dividend_is_near_a_multiple),
      cmocka_unit_test(u256_exp_when_random),
      cmocka_unit_test(u256_text_when_random_then_gmp_agrees),
      cmocka_unit_test(u256_parse_when_malformed_then_refused),
  };
  return cmocka_run_group_tests_name("base_u256", tests, NULL, NULL);
}
