/* test_crypto_keccak.c - known answers, and all permutations give the same. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "crypto/keccak.h"
#include "crypto/secp256k1.h"

enum { LEN_MAX = 1000 };

static const char *const impls[] = {"c", "avx2", "avx512"};
static u8 message[LEN_MAX + 16];

static void fill_message(void) {
  u32 x = 12345;
  for (size_t i = 0; i < sizeof message; i++) {
    x = x * 1664525 + 1013904223;
    message[i] = (u8)(x >> 24);
  }
}

static void assert_hash(const hash32 *h, const char *hex) {
  char got[65];
  for (int i = 0; i < 32; i++) snprintf(got + 2 * i, 3, "%02x", h->b[i]);
  assert_string_equal(got, hex);
}

static void known_when_hashed_then_equal(void **state) {
  static const struct {
    const char *in, *out;
  } vec[] = {
      {"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
      {"abc",
       "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
      {"The quick brown fox jumps over the lazy dog",
       "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15"},
      {"testing",
       "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"},
  };
  (void)state;
  for (size_t m = 0; m < ARRAY_LEN(impls); m++) {
    if (!crypto_keccak_select(impls[m])) continue;
    assert_string_equal(crypto_keccak_impl(), impls[m]);
    for (size_t i = 0; i < ARRAY_LEN(vec); i++) {
      hash32 h;
      crypto_keccak256(&h, vec[i].in, strlen(vec[i].in));
      assert_hash(&h, vec[i].out);
    }
  }
}

static void constants_when_compared_then_equal(void **state) {
  hash32 h;
  (void)state;
  crypto_keccak256(&h, NULL, 0);
  assert_true(hash32_eq(&h, &CRYPTO_KECCAK_EMPTY));
  crypto_keccak256(&h, "\x80", 1);
  assert_true(hash32_eq(&h, &CRYPTO_KECCAK_RLP_NIL));
  crypto_keccak256(&h, "\xc0", 1);
  assert_true(hash32_eq(&h, &CRYPTO_KECCAK_RLP_LIST));
}

static void unknown_impl_when_selected_then_refused(void **state) {
  (void)state;
  assert_true(crypto_keccak_select("c"));
  assert_false(crypto_keccak_select("abacus"));
  assert_string_equal(crypto_keccak_impl(), "c");
}

static void all_lengths_when_hashed_then_impls_agree(void **state) {
  static hash32 want[LEN_MAX + 1], got[LEN_MAX + 1];
  static slice in[LEN_MAX + 1];
  (void)state;
  assert_true(crypto_keccak_select("c"));
  for (size_t n = 0; n <= LEN_MAX; n++) {
    in[n] = slice_of(message + n % 9, n);
    crypto_keccak256(&want[n], in[n].ptr, n);
  }
  for (size_t m = 0; m < ARRAY_LEN(impls); m++) {
    if (!crypto_keccak_select(impls[m])) {
      print_message("%s: this CPU lacks it, skipped\n", impls[m]);
      continue;
    }
    for (size_t n = 0; n <= LEN_MAX; n++) {
      struct keccak k;
      crypto_keccak256(&got[n], in[n].ptr, n);
      assert_true(hash32_eq(&got[n], &want[n]));
      keccak_init(&k);
      for (size_t at = 0, step = 1; at < n; at += step, step = step * 2 + 1) {
        if (step > n - at) step = n - at;
        keccak_update(&k, in[n].ptr + at, step);
      }
      keccak_final(&k, &got[n]);
      assert_true(hash32_eq(&got[n], &want[n]));
    }
    memset(got, 0, sizeof got);
    crypto_keccak256_batch(got, in, LEN_MAX + 1);
    assert_memory_equal(got, want, sizeof got);
  }
}

static void small_batches_when_hashed_then_agree(void **state) {
  (void)state;
  for (size_t m = 0; m < ARRAY_LEN(impls); m++) {
    if (!crypto_keccak_select(impls[m])) continue;
    for (size_t cnt = 0; cnt <= 20; cnt++) {
      hash32 got[21], want;
      slice in[21];
      memset(got, 0xee, sizeof got);
      for (size_t i = 0; i < cnt; i++)
        in[i] = slice_of(message + i, (i * 97 + cnt * 31) % 600);
      crypto_keccak256_batch(got, in, cnt);
      for (size_t i = 0; i < cnt; i++) {
        crypto_keccak256(&want, in[i].ptr, in[i].len);
        assert_true(hash32_eq(&got[i], &want));
      }
      for (size_t i = 0; cnt < 21 && i < 32; i++)
        assert_int_equal(got[cnt].b[i], 0xee);
    }
  }
}

/* The iterated hash of the submission's long tests, cut down: 10,000 times. */
static void chain_when_iterated_then_impls_agree(void **state) {
  hash32 first = {{0}};
  (void)state;
  for (size_t m = 0; m < ARRAY_LEN(impls); m++) {
    hash32 h = {{0}};
    if (!crypto_keccak_select(impls[m])) continue;
    for (int i = 0; i < 10000; i++) crypto_keccak256(&h, h.b, 32);
    if (m == 0) first = h;
    assert_true(hash32_eq(&h, &first));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_when_hashed_then_equal),
      cmocka_unit_test(constants_when_compared_then_equal),
      cmocka_unit_test(unknown_impl_when_selected_then_refused),
      cmocka_unit_test(all_lengths_when_hashed_then_impls_agree),
      cmocka_unit_test(small_batches_when_hashed_then_agree),
      cmocka_unit_test(chain_when_iterated_then_impls_agree),
  };
  fill_message();
  return cmocka_run_group_tests_name("crypto_keccak", tests, NULL, NULL);
}
