/* vec_crypto_wycheproof.c - project Wycheproof's vectors for secp256k1, P-256,
** HMAC and PBKDF2. */
#include "crypto_vec.h"

#include <mbedtls/md.h>

#include "crypto/hash.h"
#include "crypto/keystore.h"
#include "crypto/p256.h"
#include "crypto/secp256k1.h"

static const u8 secp_n[32] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
    0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};

/* Calls fn for each test of each group; returns how many there were. */
static size_t each_test(json_t *root, void (*fn)(json_t *group, json_t *test)) {
  json_t *groups = json_object_get(root, "testGroups"), *g, *t;
  size_t i, j, cnt = 0;
  json_array_foreach(groups, i, g) {
    json_array_foreach(json_object_get(g, "tests"), j, t) {
      fn(g, t);
      cnt++;
    }
  }
  json_decref(root);
  return cnt;
}

static bool is_valid(const json_t *test) {
  return !strcmp(vec_text(test, "result"), "valid");
}

/* s -> n - s where s is below n. */
static void negate_s(u8 s[32]) {
  int borrow = 0;
  if (memcmp(s, secp_n, 32) >= 0) return;
  for (int i = 31; i >= 0; i--) {
    int v = secp_n[i] - s[i] - borrow;
    borrow = v < 0;
    s[i] = (u8)v;
  }
}

/* Wycheproof takes high s for valid; crypto_verify does not, by contract. */
static void check_secp256k1(json_t *g, json_t *t) {
  slice pub = vec_bytes(json_object_get(g, "publicKey"), "uncompressed");
  slice msg = vec_bytes(t, "msg"), sig = vec_bytes(t, "sig");
  bool ok = false, recovered = false, r_is_small = false;
  u8 key[64], got[64];
  hash32 d;
  crypto_sha256(d.b, msg.ptr, msg.len);
  if (sig.len == 64 && crypto_pub_parse(key, pub) == 0) {
    u8 r_s[64];
    struct sig65 s65;
    bool high;
    memcpy(r_s, sig.ptr, 64);
    r_is_small = memcmp(r_s, (u8[15]){0}, 15) == 0;
    high = crypto_sig_s_is_high(r_s + 32);
    if (high) {
      assert_false(crypto_verify(key, &d, r_s));
      negate_s(r_s + 32);
    }
    ok = crypto_verify(key, &d, r_s);
    memcpy(s65.r, sig.ptr, 32);
    memcpy(s65.s, sig.ptr + 32, 32);
    for (s65.v = 0; s65.v < 2; s65.v++)
      recovered |= crypto_recover(got, &d, &s65) == 0 &&
                   memcmp(got, key, 64) == 0;
    if (!crypto_sig_in_range(&s65)) assert_false(ok || recovered);
  }
  if (ok != is_valid(t)) fail_msg("verify: %s", vec_text(t, "comment"));
  /* A small r may stand for x = r + n, which the ids 2 and 3 would name. */
  if (recovered != is_valid(t) && !r_is_small)
    fail_msg("recover: %s", vec_text(t, "comment"));
  vec_free(pub);
  vec_free(msg);
  vec_free(sig);
}

static void secp256k1_when_wycheproof_then_verdicts_equal(void **state) {
  (void)state;
  assert_in_range(
      each_test(vec_load("wycheproof/ecdsa_secp256k1_sha256_p1363_test.json"),
                check_secp256k1),
      100, 100000);
}

static void check_p256_digest(json_t *g, json_t *t, const u8 digest[32]) {
  slice pub = vec_bytes(json_object_get(g, "publicKey"), "uncompressed");
  slice sig = vec_bytes(t, "sig");
  bool ok;
  assert_int_equal(pub.len, 65);
  ok = sig.len == 64 && crypto_p256_verify(digest, sig.ptr, pub.ptr + 1);
  if (ok != is_valid(t)) fail_msg("p256: %s", vec_text(t, "comment"));
  vec_free(pub);
  vec_free(sig);
}
static void check_p256_sha256(json_t *g, json_t *t) {
  slice msg = vec_bytes(t, "msg");
  u8 digest[32];
  crypto_sha256(digest, msg.ptr, msg.len);
  check_p256_digest(g, t, digest);
  vec_free(msg);
}
/* ECDSA takes the leftmost bits of a longer digest. */
static void check_p256_sha512(json_t *g, json_t *t) {
  slice msg = vec_bytes(t, "msg");
  u8 digest[64];
  mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA512), msg.ptr, msg.len,
             digest);
  check_p256_digest(g, t, digest);
  vec_free(msg);
}

static void p256_when_wycheproof_then_verdicts_equal(void **state) {
  (void)state;
  assert_in_range(
      each_test(vec_load("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json"),
                check_p256_sha256),
      200, 100000);
  assert_in_range(
      each_test(vec_load("wycheproof/ecdsa_secp256r1_sha512_p1363_test.json"),
                check_p256_sha512),
      200, 100000);
}

/* Truncated tags are compared over their length. */
static void check_hmac_sha512(json_t *g, json_t *t) {
  slice key = vec_bytes(t, "key"), msg = vec_bytes(t, "msg");
  slice tag = vec_bytes(t, "tag");
  size_t len =
      (size_t)json_integer_value(json_object_get(g, "tagSize")) / 8;
  u8 out[64];
  crypto_hmac_sha512(out, key, msg);
  if (slice_eq(tag, slice_of(out, len)) != is_valid(t))
    fail_msg("hmac: %s", vec_text(t, "comment"));
  vec_free(key);
  vec_free(msg);
  vec_free(tag);
}

static void hmac_sha512_when_wycheproof_then_verdicts_equal(void **state) {
  (void)state;
  assert_in_range(each_test(vec_load("wycheproof/hmac_sha512_test.json"),
                            check_hmac_sha512),
                  100, 100000);
}

typedef err pbkdf2_fn(u8 *out, size_t out_len, slice password, slice salt,
                      u32 rounds);

static void check_pbkdf2(json_t *t, pbkdf2_fn *fn) {
  slice pw = vec_bytes(t, "password"), salt = vec_bytes(t, "salt");
  slice dk = vec_bytes(t, "dk");
  u8 *out = malloc(dk.len);
  u32 rounds = (u32)json_integer_value(json_object_get(t, "iterationCount"));
  assert_int_equal(fn(out, dk.len, pw, salt, rounds), 0);
  if (slice_eq(dk, slice_of(out, dk.len)) != is_valid(t))
    fail_msg("pbkdf2: %s", vec_text(t, "comment"));
  free(out);
  vec_free(pw);
  vec_free(salt);
  vec_free(dk);
}
static void check_pbkdf2_sha256(json_t *g, json_t *t) {
  (void)g;
  check_pbkdf2(t, crypto_pbkdf2_sha256);
}
static void check_pbkdf2_sha512(json_t *g, json_t *t) {
  (void)g;
  check_pbkdf2(t, crypto_pbkdf2_sha512);
}

static void pbkdf2_when_wycheproof_then_keys_equal(void **state) {
  (void)state;
  assert_in_range(
      each_test(vec_load("wycheproof/pbkdf2_hmacsha256_test.json"),
                check_pbkdf2_sha256),
      50, 100000);
  assert_in_range(
      each_test(vec_load("wycheproof/pbkdf2_hmacsha512_test.json"),
                check_pbkdf2_sha512),
      50, 100000);
}

static int start(void **state) {
  (void)state;
  crypto_init(NULL);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(secp256k1_when_wycheproof_then_verdicts_equal),
      cmocka_unit_test(p256_when_wycheproof_then_verdicts_equal),
      cmocka_unit_test(hmac_sha512_when_wycheproof_then_verdicts_equal),
      cmocka_unit_test(pbkdf2_when_wycheproof_then_keys_equal),
  };
  return cmocka_run_group_tests_name("crypto_wycheproof", tests, start, NULL);
}
