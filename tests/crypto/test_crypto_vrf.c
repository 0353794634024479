/* test_crypto_vrf.c - proofs are right, unique and bound to key and input.  The
** known answers come from an independent program that follows RFC 9381 with
** schoolbook affine arithmetic. */
#include "crypto_vec.h"

#include "crypto/secp256k1.h"
#include "crypto/vrf.h"

static void vrf_when_known_then_equal(void **state) {
  static const struct {
    const char *key, *alpha, *proof, *beta;
  } vec[] = {
      {"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
       "73616d706c65",
       "0338ec99b5d0f94ebcc2c704c04af3de8b4289df8798e5fb9f920d7f5d77ac03d7718b"
       "9677d1c9348649ac2ec4f7ecbe519b30dd10c4eb5efc21dd5944709f2f3b7e97a25f6f"
       "095334593502d05103bc5b",
       "d466c22e14dc3b7fd169668dd3ee9ac6351429a24aebc5e8af61a0f0de89b65a"},
      {"0000000000000000000000000000000000000000000000000000000000000001", "",
       "024192220588c4ef502f5d2ab75552edfbe0256cebb0424efb9c4c58f438c3dcb43740"
       "e701a78589f13a3577908db37b1ddb55edaf0706552da59a41b69be3740878407cf6d1"
       "3675cd94802a33b5e629f7",
       "6bf7eda22a89f87fb8c8e17fa111727ca02d0a23db29fdcbe7ac84280e8bde24"},
  };
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(vec); i++) {
    slice key = vec_hex(vec[i].key), alpha = vec_hex(vec[i].alpha);
    slice proof = vec_hex(vec[i].proof), beta = vec_hex(vec[i].beta);
    u8 got[CRYPTO_VRF_PROOF_LEN], out[32], pub[64];
    assert_int_equal(proof.len, CRYPTO_VRF_PROOF_LEN);
    assert_int_equal(crypto_vrf_prove(got, key.ptr, alpha), 0);
    vec_assert_eq(slice_of(got, sizeof got), proof, vec[i].alpha);
    assert_int_equal(crypto_pubkey(pub, key.ptr), 0);
    assert_int_equal(crypto_vrf_verify(out, pub, alpha, got), 0);
    vec_assert_eq(slice_of(out, 32), beta, vec[i].alpha);
    vec_free(key);
    vec_free(alpha);
    vec_free(proof);
    vec_free(beta);
  }
}

static void vrf_when_proved_then_verifies_and_repeats(void **state) {
  (void)state;
  for (int i = 1; i <= 40; i++) {
    u8 key[32], pub[64], proof[81], again[81], beta[32], same[32], alpha[40];
    slice in = slice_of(alpha, (size_t)i);
    memset(key, i, 32);
    memset(alpha, 7 * i, sizeof alpha);
    assert_int_equal(crypto_pubkey(pub, key), 0);
    assert_int_equal(crypto_vrf_prove(proof, key, in), 0);
    assert_int_equal(crypto_vrf_prove(again, key, in), 0);
    assert_memory_equal(proof, again, sizeof proof);
    assert_int_equal(crypto_vrf_verify(beta, pub, in, proof), 0);
    crypto_vrf_output(same, proof);
    assert_memory_equal(beta, same, 32);
  }
}

static void vrf_when_any_bit_changed_then_refused(void **state) {
  u8 key[32] = {1, 2, 3}, pub[64], proof[81], beta[32], zero[32] = {0};
  slice in = slice_str("the previous beacon");
  (void)state;
  assert_int_equal(crypto_pubkey(pub, key), 0);
  assert_int_equal(crypto_vrf_prove(proof, key, in), 0);
  for (int bit = 0; bit < 81 * 8; bit++) {
    proof[bit / 8] ^= 1 << bit % 8;
    memset(beta, 1, 32);
    assert_int_equal(crypto_vrf_verify(beta, pub, in, proof), ERR_SIGNATURE);
    assert_memory_equal(beta, zero, 32);
    proof[bit / 8] ^= 1 << bit % 8;
  }
  assert_int_equal(crypto_vrf_verify(beta, pub, in, proof), 0);
}

static void vrf_when_other_key_or_input_then_refused(void **state) {
  u8 key[32] = {1, 2, 3}, other[32] = {1, 2, 4}, pub[64], proof[81], beta[32];
  u8 bad_pub[64] = {0};
  slice in = slice_str("the previous beacon");
  (void)state;
  assert_int_equal(crypto_vrf_prove(proof, key, in), 0);
  assert_int_equal(crypto_pubkey(pub, other), 0);
  assert_int_equal(crypto_vrf_verify(beta, pub, in, proof), ERR_SIGNATURE);
  assert_int_equal(crypto_pubkey(pub, key), 0);
  assert_int_equal(
      crypto_vrf_verify(beta, pub, slice_str("the previous beacoN"), proof),
      ERR_SIGNATURE);
  assert_int_equal(crypto_vrf_verify(beta, bad_pub, in, proof), ERR_SIGNATURE);
}

static void vrf_when_scalars_extreme_then_refused(void **state) {
  u8 key[32] = {1, 2, 3}, pub[64], proof[81], beta[32], bad[81];
  slice in = slice_str("x");
  (void)state;
  assert_int_equal(crypto_pubkey(pub, key), 0);
  assert_int_equal(crypto_vrf_prove(proof, key, in), 0);
  memcpy(bad, proof, 81);
  memset(bad + 33, 0, 48);
  assert_int_equal(crypto_vrf_verify(beta, pub, in, bad), ERR_SIGNATURE);
  memcpy(bad, proof, 81);
  memset(bad + 49, 0xff, 32);
  assert_int_equal(crypto_vrf_verify(beta, pub, in, bad), ERR_SIGNATURE);
  memset(key, 0, 32);
  assert_int_equal(crypto_vrf_prove(proof, key, in), ERR_RANGE);
}

static int start(void **state) {
  (void)state;
  crypto_init(NULL);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vrf_when_known_then_equal),
      cmocka_unit_test(vrf_when_proved_then_verifies_and_repeats),
      cmocka_unit_test(vrf_when_any_bit_changed_then_refused),
      cmocka_unit_test(vrf_when_other_key_or_input_then_refused),
      cmocka_unit_test(vrf_when_scalars_extreme_then_refused),
  };
  return cmocka_run_group_tests_name("crypto_vrf", tests, start, NULL);
}
