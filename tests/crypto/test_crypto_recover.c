/* test_crypto_recover.c - signatures recovered singly give what libsecp256k1
** gives, and eight at a time what they give singly: random ones, refused ones,
** and those made so that the sums meet equal, opposite or infinite points, or
** that field elements wrap; with the code for this CPU and in plain C. */
#include "crypto_vec.h"

#include <gmp.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "crypto/mont_x86.h"
#include "crypto/secp256k1.h"
#include "crypto/secp256k1_x8.h"

enum { CASES = 4096 };
static hash32 digest[CASES];
static struct sig65 sig[CASES];
static u32 cases;
static mpz_t order, prime;

static u64 next_random(void) {
  static u64 state = 7;
  u64 z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}
static void fill_random(void *out, size_t len) {
  for (u8 *p = out; len--; p++) *p = (u8)next_random();
}

static void put(u8 out[32], const mpz_t v) {
  size_t len = (mpz_sizeinbase(v, 2) + 7) / 8;
  memset(out, 0, 32);
  if (mpz_sgn(v)) mpz_export(out + 32 - len, NULL, 1, 1, 1, 0, v);
}

/* By the library: the key, or that there is none. */
static bool library_recover(u8 pub[64], const hash32 *of,
                            const struct sig65 *by) {
  const secp256k1_context *ctx = secp256k1_context_static;
  secp256k1_ecdsa_recoverable_signature rs;
  secp256k1_pubkey p;
  u8 r_s[64], text[65];
  size_t len = sizeof text;
  memcpy(r_s, by->r, 32);
  memcpy(r_s + 32, by->s, 32);
  if (by->v > 1 ||
      !secp256k1_ecdsa_recoverable_signature_parse_compact(ctx, &rs, r_s,
                                                           by->v) ||
      !secp256k1_ecdsa_recover(ctx, &p, &rs, of->b)) {
    return false;
  }
  assert_true(secp256k1_ec_pubkey_serialize(ctx, text, &len, &p,
                                            SECP256K1_EC_UNCOMPRESSED));
  memcpy(pub, text + 1, 64);
  return true;
}

static void check_singly(void) {
  for (u32 plain = 0; plain < 2; plain++) {
    crypto_mont_select(!plain);
    for (u32 i = 0; i < cases; i++) {
      u8 want[64] = {0}, got[64] = {0};
      bool is = library_recover(want, &digest[i], &sig[i]);
      assert_int_equal(crypto_recover(got, &digest[i], &sig[i]),
                       is ? ERR_OK : ERR_SIGNATURE);
      if (is) assert_memory_equal(got, want, 64);
    }
  }
  crypto_mont_select(true);
}

/* Every case against the library, and in groups of step against that. */
static void check_all(u32 step) {
  static addr20 got[CASES];
  static err res[CASES];
  check_singly();
  memset(got, 0, sizeof got);
  for (u32 i = 0; i < cases; i += step) {
    u32 cnt = cases - i < step ? cases - i : step;
    crypto_recover_addr_batch(got + i, res + i, digest + i, sig + i, cnt);
  }
  for (u32 i = 0; i < cases; i++) {
    addr20 want = {{0}};
    assert_int_equal(crypto_recover_addr(&want, &digest[i], &sig[i]), res[i]);
    if (res[i] == ERR_OK) assert_memory_equal(want.b, got[i].b, 20);
  }
}

static void add_signed(void) {
  u8 key[32];
  fill_random(key, 32);
  key[0] = 1;
  fill_random(digest[cases].b, 32);
  assert_int_equal(crypto_sign(&sig[cases], key, &digest[cases]), ERR_OK);
  cases++;
}

static void random_when_batched_then_as_singly(void **state) {
  (void)state;
  for (u32 step = 1; step <= 19; step += 3) {
    cases = 0;
    while (cases < 300) add_signed();
    check_all(step);
  }
}

static void random_when_cpu_can_then_every_lane_is_done(void **state) {
  (void)state;
  u8 pub[8][64];
  if (!crypto_x8_select(true)) skip();
  cases = 0;
  while (cases < 800) add_signed();
  for (u32 i = 0; i < cases; i += 8) {
    assert_int_equal(crypto_x8_recover(pub, digest + i, sig + i, 8), 0xff);
  }
}

static void refused_when_among_good_then_only_they(void **state) {
  (void)state;
  cases = 0;
  while (cases < 1600) {
    add_signed();
    struct sig65 *s = &sig[cases - 1];
    switch (next_random() % 12) {
      case 0: s->v = 2; break;
      case 1: memset(s->r, 0, 32); break;
      case 2: memset(s->s, 0, 32); break;
      case 3: put(s->r, order); break;
      case 4: put(s->s, order); break;
      case 5: memset(s->r, 0xff, 32); break;
      case 6: fill_random(s->r, 32); break; /* half are no point */
      case 7: s->v ^= 1; break;
      case 8: memset(digest[cases - 1].b, 0, 32); break;
      case 9: put(digest[cases - 1].b, order); break;
      case 10: memset(digest[cases - 1].b, 0xff, 32); break;
      default: break;
    }
  }
  check_all(8);
}

/* The signature for which Q = u1 G + u2 kG is summed. */
static void add_sum(const mpz_t u1, const mpz_t u2, const mpz_t k) {
  u8 key[32], pub[64];
  mpz_t r, v;
  put(key, k);
  if (cases == CASES || crypto_pubkey(pub, key) < 0) return;
  mpz_init(v);
  mpz_init(r);
  memcpy(sig[cases].r, pub, 32);
  sig[cases].v = pub[63] & 1;
  mpz_import(r, 32, 1, 1, 1, 0, pub);
  mpz_mul(v, u2, r);
  mpz_mod(v, v, order);
  put(sig[cases].s, v);
  mpz_mul(v, u1, r);
  mpz_neg(v, v);
  mpz_mod(v, v, order);
  put(digest[cases].b, v);
  cases++;
  mpz_clear(v);
  mpz_clear(r);
}

/* A factor out of those at which digits, halves and the split have borders. */
static void pick_factor(mpz_t out) {
  static const char *const lambda =
      "5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72";
  u64 r = next_random();
  mpz_set_ui(out, 1);
  switch (r % 7) {
    case 0: mpz_set_ui(out, r >> 8 & 511); break;
    case 1: mpz_mul_2exp(out, out, r >> 8 & 255); break;
    case 2:
      mpz_mul_2exp(out, out, r >> 8 & 255);
      mpz_sub_ui(out, out, 1);
      break;
    case 3: mpz_mul_2exp(out, out, 128); mpz_mul_ui(out, out, r >> 8 & 255);
            break;
    case 4: mpz_set_str(out, lambda, 16); mpz_mul_ui(out, out, r >> 8 & 15);
            break;
    case 5: mpz_set_ui(out, r >> 8 & 15); mpz_neg(out, out); break;
    default: mpz_mul_2exp(out, out, 128); mpz_sub_ui(out, out, r >> 8 & 15);
             break;
  }
  if (r >> 32 & 1) mpz_neg(out, out);
  mpz_mod(out, out, order);
}

static void sums_when_points_meet_then_as_singly(void **state) {
  (void)state;
  mpz_t u1, u2, k;
  mpz_inits(u1, u2, k, NULL);
  for (u32 round = 0; round < 4; round++) {
    cases = 0;
    while (cases < CASES) {
      pick_factor(u1);
      pick_factor(u2);
      pick_factor(k);
      add_sum(u1, u2, k);
    }
    check_all(8);
  }
  mpz_clears(u1, u2, k, NULL);
}

/* r whose square mod p is small: the product then wraps at 2^260. */
/* Values at the borders of range, each with each. */
static void borders_when_given_then_as_library(void **state) {
  (void)state;
  mpz_t border[12];
  for (u32 i = 0; i < ARRAY_LEN(border); i++) mpz_init(border[i]);
  for (u32 i = 0; i < 5; i++) mpz_set_ui(border[i], i);
  mpz_sub_ui(border[5], order, 1);
  mpz_set(border[6], order);
  mpz_add_ui(border[7], order, 1);
  mpz_sub(border[8], prime, order); /* r + n = p */
  mpz_sub_ui(border[9], border[8], 1);
  mpz_set(border[10], prime);
  mpz_ui_pow_ui(border[11], 2, 256);
  mpz_sub_ui(border[11], border[11], 1);
  cases = 0;
  for (u32 i = 0; i < 12 * 12 * 12 * 2; i++) {
    put(sig[cases].r, border[i % 12]);
    put(sig[cases].s, border[i / 12 % 12]);
    put(digest[cases].b, border[i / 144 % 12]);
    sig[cases++].v = (u8)(i / 1728);
  }
  for (u32 v = 2; v < 256; v++) {
    add_signed();
    sig[cases - 1].v = (u8)v;
  }
  check_all(8);
  for (u32 i = 0; i < ARRAY_LEN(border); i++) mpz_clear(border[i]);
}

static void field_when_square_is_small_then_as_singly(void **state) {
  (void)state;
  mpz_t v, e, root;
  mpz_inits(v, e, root, NULL);
  mpz_add_ui(e, prime, 1);
  mpz_fdiv_q_2exp(e, e, 2);
  cases = 0;
  while (cases < CASES) {
    add_signed();
    mpz_set_ui(v, next_random() >> 24);
    mpz_mul_2exp(v, v, next_random() % 36);
    if (cases & 1) { /* and the lowest limb passes its top too */
      mpz_set_ui(v, 1 + (next_random() >> 54));
      mpz_mul_2exp(v, v, 52);
      mpz_add_ui(v, v, next_random() >> 28);
    }
    mpz_powm(root, v, e, prime);
    if (next_random() & 1) mpz_sub(root, prime, root);
    put(sig[cases - 1].r, root);
  }
  check_all(8);
  mpz_clears(v, e, root, NULL);
}

int main(void) {
  static const u8 seed[32] = {1};
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_when_batched_then_as_singly),
      cmocka_unit_test(random_when_cpu_can_then_every_lane_is_done),
      cmocka_unit_test(refused_when_among_good_then_only_they),
      cmocka_unit_test(sums_when_points_meet_then_as_singly),
      cmocka_unit_test(borders_when_given_then_as_library),
      cmocka_unit_test(field_when_square_is_small_then_as_singly),
  };
  crypto_init(seed);
  mpz_init_set_str(
      order,
      "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16);
  mpz_init_set_str(
      prime,
      "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", 16);
  return cmocka_run_group_tests_name("crypto_recover", tests, NULL, NULL);
}
