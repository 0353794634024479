/* test_crypto_field.c - the fields of secp256k1 and P-256, whose numbers are
** not least residues: every operation against GMP, by the code for this CPU and
** in plain C, on numbers near 0, the prime, 2^256 and where limbs carry. */
#include "crypto_vec.h"

#include <gmp.h>

/* The library that a test is linked with may hold all of these. */
#define crypto_p256_init field_p256_init
#define crypto_p256_verify field_p256_verify
#define crypto_one_init field_one_init
#define crypto_one_ready field_one_ready
#define crypto_one_recover field_one_recover
#include "crypto/p256.c"
#include "crypto/secp256k1_one.c"

enum { ROUNDS = 60000 };

static u64 field_random(void) {
  static u64 state = 11;
  u64 z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

/* Limbs of zeros, ones, anything; or a little more or less than p or 0. */
static void field_pick(u64 out[4], const u64 p[4]) {
  u64 kind = field_random();
  for (int i = 0; i < 4; i++) {
    u64 how = kind >> (8 + 4 * i) & 15;
    out[i] = how < 4 ? 0 : how < 8 ? ~(u64)0 : field_random();
  }
  if (kind % 4 == 0) memcpy(out, p, 32);
  if (kind % 4 == 1) memset(out, 0, 32);
  if (kind % 4 < 2 && kind >> 32 & 1) { /* up or down by a small number */
    u64 small = field_random() >> (kind >> 40 & 63);
    u8 carry = 0;
    for (int i = 0; i < 4; i++, small = 0)
      carry = kind >> 33 & 1 ? mont_addc(&out[i], out[i], small, carry)
                             : mont_subb(&out[i], out[i], small, carry);
  }
}

/* Whether got is want modulo p. */
static void field_check(const u64 got[4], mpz_t want, mpz_t p) {
  mpz_t v;
  mpz_init(v);
  mpz_import(v, 4, -1, 8, 0, 0, got);
  assert_true(mpz_congruent_p(v, want, p));
  mpz_clear(v);
}

/* Every operation of one field; mont is 1/R, the factor of its products. */
#define FIELD_TEST(name, prime, mont_hex) \
  static void name##_when_computed_then_as_gmp(void **state) { \
    mpz_t p, a, b, m, q, mont, t; \
    (void)state; \
    mpz_inits(p, a, b, m, q, t, NULL); \
    mpz_init_set_str(mont, mont_hex, 16); \
    mpz_import(p, 4, -1, 8, 0, 0, prime); \
    if (mpz_cmp_ui(mont, 1)) mpz_invert(mont, mont, p); \
    for (u32 i = 0; i < ROUNDS; i++) { \
      name##_fe fa, fb, fm, fq, r; \
      crypto_mont_select(i & 1); \
      field_pick(fa.v, prime); \
      field_pick(fb.v, prime); \
      field_pick(fm.v, prime); \
      field_pick(fq.v, prime); \
      mpz_import(a, 4, -1, 8, 0, 0, fa.v); \
      mpz_import(b, 4, -1, 8, 0, 0, fb.v); \
      mpz_import(m, 4, -1, 8, 0, 0, fm.v); \
      mpz_import(q, 4, -1, 8, 0, 0, fq.v); \
      name##_add(&r, &fa, &fb); \
      mpz_add(t, a, b); \
      field_check(r.v, t, p); \
      name##_sub(&r, &fa, &fb); \
      mpz_sub(t, a, b); \
      field_check(r.v, t, p); \
      name##_half(&r, &fa); \
      name##_add(&r, &r, &r); \
      field_check(r.v, a, p); \
      name##_mul(&r, &fa, &fb); \
      mpz_mul(t, a, b); \
      mpz_mul(t, t, mont); \
      field_check(r.v, t, p); \
      name##_mul_sub(&r, &fa, &fb, &fm); \
      mpz_sub(t, t, m); \
      field_check(r.v, t, p); \
      name##_sqr(&r, &fa); \
      mpz_mul(t, a, a); \
      mpz_mul(t, t, mont); \
      field_check(r.v, t, p); \
      name##_sqr_sub2(&r, &fa, &fm); \
      mpz_submul_ui(t, m, 2); \
      field_check(r.v, t, p); \
      name##_sqr_sub3(&r, &fa, &fm, &fq); \
      mpz_sub(t, t, q); \
      field_check(r.v, t, p); \
      assert_int_equal(name##_is_zero(&fa), mpz_divisible_p(a, p) != 0); \
      name##_sqr(&fa, &fa); \
      name##_sqr(&r, &fa); \
      name##_mul(&fa, &fa, &fa); \
      assert_memory_equal(&r, &fa, sizeof r); \
    } \
    crypto_mont_select(true); \
    mpz_clears(p, a, b, m, q, t, mont, NULL); \
  }
FIELD_TEST(one, one_p, "1")
FIELD_TEST(p256, p256_p,
           "10000000000000000000000000000000000000000000000000000000000000000")
#undef FIELD_TEST

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_when_computed_then_as_gmp),
      cmocka_unit_test(p256_when_computed_then_as_gmp),
  };
  return cmocka_run_group_tests_name("crypto_field", tests, NULL, NULL);
}
