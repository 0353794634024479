/* test_crypto_keys.c - hashes, signatures, addresses, key derivation: small
** known answers and refusals; the public suites are in vec_crypto_*.c. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <gmp.h>

#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "crypto/keystore.h"
#include "crypto/modexp.h"
#include "crypto/secp256k1.h"

static void assert_hex(const u8 *b, size_t len, const char *hex) {
  char got[257] = "";
  assert_true(len <= 128);
  for (size_t i = 0; i < len; i++) snprintf(got + 2 * i, 3, "%02x", b[i]);
  assert_string_equal(got, hex);
}

/*--------------------------------------------------------------- hashes */

static void sha256_when_known_then_equal(void **state) {
  u8 out[32];
  (void)state;
  for (int ni = 0; ni < 2; ni++) {
    if (crypto_sha256_select(ni) != (ni == 1)) continue;
    crypto_sha256(out, NULL, 0);
    assert_hex(out, 32,
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8"
               "55");
    crypto_sha256(out, "abc", 3);
    assert_hex(out, 32,
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015"
               "ad");
    crypto_sha256(
        out, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
    assert_hex(out, 32,
               "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06"
               "c1");
  }
}

static void blake2f_when_any_rounds_then_impls_agree(void **state) {
  static const char *const impls[] = {"avx2", "avx512"};
  u64 m[16], t[2] = {0x0123456789abcdef, 0xfedcba9876543210}, x = 1;
  (void)state;
  for (u32 rounds = 0; rounds <= 45; rounds++) {
    u64 h[8], want[8], got[8];
    for (int i = 0; i < 16; i++) m[i] = x = x * 6364136223846793005u + rounds;
    for (int i = 0; i < 8; i++) h[i] = x = x * 6364136223846793005u + 1;
    memcpy(want, h, sizeof h);
    assert_true(crypto_blake2_select("c"));
    crypto_blake2f(want, m, t, rounds & 1, rounds);
    for (size_t k = 0; k < ARRAY_LEN(impls); k++) {
      if (!crypto_blake2_select(impls[k])) continue;
      memcpy(got, h, sizeof h);
      crypto_blake2f(got, m, t, rounds & 1, rounds);
      assert_memory_equal(got, want, sizeof want);
    }
  }
  assert_false(crypto_blake2_select("abacus"));
  assert_true(crypto_blake2_select(NULL));
}

static void sha256_when_any_length_then_impls_agree(void **state) {
  static u8 in[700];
  (void)state;
  for (size_t i = 0; i < sizeof in; i++) in[i] = (u8)(i * 7 + (i >> 8));
  for (size_t n = 0; n <= sizeof in; n++) {
    u8 a[32], b[32];
    struct sha256 s;
    crypto_sha256_select(false);
    crypto_sha256(a, in, n);
    crypto_sha256_select(true);
    sha256_init(&s);
    sha256_update(&s, in, n / 3);
    sha256_update(&s, in + n / 3, n - n / 3);
    sha256_final(&s, b);
    assert_memory_equal(a, b, 32);
  }
}

static void ripemd160_when_known_then_equal(void **state) {
  u8 out[20];
  (void)state;
  crypto_ripemd160(out, NULL, 0);
  assert_hex(out, 20, "9c1185a5c5e9fc54612808977ee8f548b2258d31");
  crypto_ripemd160(out, "abc", 3);
  assert_hex(out, 20, "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
}

/* RFC 7693 appendix A: BLAKE2b-512 of "abc" is one call of F. */
static void blake2f_when_rfc_example_then_equal(void **state) {
  u64 h[8] = {0x6a09e667f3bcc908 ^ 0x01010040, 0xbb67ae8584caa73b,
              0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1, 0x510e527fade682d1,
              0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
  u64 m[16] = {0x636261}, t[2] = {3, 0};
  (void)state;
  crypto_blake2f(h, m, t, true, 12);
  assert_hex((const u8 *)h, 64,
             "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
             "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

/* RFC 4231 case 2. */
static void hmac_sha512_when_known_then_equal(void **state) {
  u8 out[64];
  (void)state;
  crypto_hmac_sha512(out, slice_str("Jefe"),
                     slice_str("what do ya want for nothing?"));
  assert_hex(out, 64,
             "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
             "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
}

/*----------------------------------------------------------- signatures */

static void key_when_one_then_generator(void **state) {
  u8 key[32] = {0}, pub[64], comp[33], back[64];
  addr20 a;
  (void)state;
  key[31] = 1;
  assert_int_equal(crypto_pubkey(pub, key), 0);
  assert_hex(pub, 32,
             "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
  assert_int_equal(crypto_key_addr(&a, key), 0);
  assert_hex(a.b, 20, "7e5f4552091a69125d5dfcb7b8c2659029395bdf");
  assert_int_equal(crypto_pub_compress(comp, pub), 0);
  assert_int_equal(crypto_pub_parse(back, slice_of(comp, 33)), 0);
  assert_memory_equal(back, pub, 64);
  comp[0] = 6;
  assert_int_equal(crypto_pub_parse(back, slice_of(comp, 33)), ERR_INPUT);
  pub[0] ^= 1;
  assert_int_equal(crypto_pub_compress(comp, pub), ERR_INPUT);
}

static void key_when_outside_group_then_refused(void **state) {
  u8 key[32] = {0}, pub[64];
  hash32 d = {{1}};
  struct sig65 sig;
  (void)state;
  assert_false(crypto_seckey_valid(key));
  assert_int_equal(crypto_pubkey(pub, key), ERR_RANGE);
  assert_int_equal(crypto_sign(&sig, key, &d), ERR_RANGE);
  memset(key, 0xff, 32);
  assert_false(crypto_seckey_valid(key));
  assert_int_equal(crypto_pubkey(pub, key), ERR_RANGE);
}

static void signature_when_made_then_recovers_and_verifies(void **state) {
  (void)state;
  for (int i = 1; i <= 50; i++) {
    u8 key[32], pub[64], got[64], r_s[64];
    addr20 a, b;
    hash32 d;
    struct sig65 sig, again;
    memset(key, i, 32);
    crypto_keccak256(&d, key, (size_t)i % 32);
    assert_int_equal(crypto_pubkey(pub, key), 0);
    assert_int_equal(crypto_sign(&sig, key, &d), 0);
    assert_int_equal(crypto_sign(&again, key, &d), 0);
    assert_memory_equal(&sig, &again, sizeof sig);
    assert_false(crypto_sig_s_is_high(sig.s));
    assert_true(crypto_sig_in_range(&sig));
    assert_int_equal(crypto_recover(got, &d, &sig), 0);
    assert_memory_equal(got, pub, 64);
    assert_int_equal(crypto_recover_addr(&a, &d, &sig), 0);
    assert_int_equal(crypto_key_addr(&b, key), 0);
    assert_true(addr20_eq(&a, &b));
    memcpy(r_s, sig.r, 32);
    memcpy(r_s + 32, sig.s, 32);
    assert_true(crypto_verify(pub, &d, r_s));
    d.b[5] ^= 1;
    assert_false(crypto_verify(pub, &d, r_s));
    assert_true(crypto_recover(got, &d, &sig) < 0 ||
                memcmp(got, pub, 64) != 0);
  }
}

/* n - s with the other parity recovers the same key. */
static void signature_when_s_high_then_recovers_but_is_told(void **state) {
  static const u8 n[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                           0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
                           0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b,
                           0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
  u8 key[32] = {7}, pub[64], got[64], r_s[64];
  hash32 d = {{9}};
  struct sig65 sig;
  int borrow = 0;
  (void)state;
  assert_int_equal(crypto_pubkey(pub, key), 0);
  assert_int_equal(crypto_sign(&sig, key, &d), 0);
  for (int i = 31; i >= 0; i--) {
    int v = n[i] - sig.s[i] - borrow;
    borrow = v < 0;
    sig.s[i] = (u8)v;
  }
  sig.v ^= 1;
  assert_true(crypto_sig_s_is_high(sig.s));
  assert_true(crypto_sig_in_range(&sig));
  assert_int_equal(crypto_recover(got, &d, &sig), 0);
  assert_memory_equal(got, pub, 64);
  memcpy(r_s, sig.r, 32);
  memcpy(r_s + 32, sig.s, 32);
  assert_false(crypto_verify(pub, &d, r_s));
}

static void signature_when_out_of_range_then_refused(void **state) {
  u8 key[32] = {7}, got[64];
  hash32 d = {{9}};
  struct sig65 sig, bad;
  (void)state;
  assert_int_equal(crypto_sign(&sig, key, &d), 0);
  bad = sig;
  memset(bad.r, 0, 32);
  assert_false(crypto_sig_in_range(&bad));
  assert_int_equal(crypto_recover(got, &d, &bad), ERR_SIGNATURE);
  bad = sig;
  memset(bad.s, 0, 32);
  assert_false(crypto_sig_in_range(&bad));
  assert_int_equal(crypto_recover(got, &d, &bad), ERR_SIGNATURE);
  bad = sig;
  memset(bad.r, 0xff, 32);
  assert_false(crypto_sig_in_range(&bad));
  assert_int_equal(crypto_recover(got, &d, &bad), ERR_SIGNATURE);
  bad = sig;
  bad.v = 2;
  assert_int_equal(crypto_recover(got, &d, &bad), ERR_SIGNATURE);
}

static void ecdh_when_both_sides_then_equal(void **state) {
  u8 a[32] = {3}, b[32] = {5}, pa[64], pb[64], x[32], y[32];
  (void)state;
  assert_int_equal(crypto_pubkey(pa, a), 0);
  assert_int_equal(crypto_pubkey(pb, b), 0);
  assert_int_equal(crypto_ecdh(x, pa, b), 0);
  assert_int_equal(crypto_ecdh(y, pb, a), 0);
  assert_memory_equal(x, y, 32);
}

/*------------------------------------------------------------ derivation */

static const char junk[] =
    "test test test test test test test test test test test junk";

static void dev_mnemonic_when_derived_then_known_accounts(void **state) {
  static const struct {
    const char *path, *addr;
  } vec[] = {
      {"m/44'/60'/0'/0/0", "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"},
      {"m/44'/60'/0'/0/1", "70997970c51812dc3a010c7d01b50e0d17dc79c8"},
      {"m/44h/60H/0'/0/2", "3c44cdddb6a900fa2b585dd299e03d12fa4293bc"},
  };
  u8 seed[64], key[32];
  addr20 a;
  (void)state;
  assert_int_equal(crypto_mnemonic_seed(seed, junk, ""), 0);
  for (size_t i = 0; i < ARRAY_LEN(vec); i++) {
    assert_int_equal(crypto_hd_derive(key, seed, 64, vec[i].path), 0);
    if (i == 0)
      assert_hex(key, 32,
                 "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2f"
                 "f80");
    assert_int_equal(crypto_key_addr(&a, key), 0);
    assert_hex(a.b, 20, vec[i].addr);
  }
}

/* The first and last of the standard's 12 words, one of 24. */
static void words_when_of_entropy_then_the_published_ones(void **state) {
  static const struct {
    const char *entropy, *words;
  } vec[] = {
      {"00000000000000000000000000000000",
       "abandon abandon abandon abandon abandon abandon abandon abandon abandon "
       "abandon abandon about"},
      {"ffffffffffffffffffffffffffffffff",
       "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong"},
      {"9e885d952ad362caeb4efe34a8e91bd2",
       "ozone drill grab fiber curtain grace pudding thank cruise elder eight "
       "picnic"},
      {"8080808080808080808080808080808080808080808080808080808080808080",
       "letter advice cage absurd amount doctor acoustic avoid letter advice "
       "cage absurd amount doctor acoustic avoid letter advice cage absurd "
       "amount doctor acoustic bless"},
  };
  char words[CRYPTO_MNEMONIC_SIZE], again[CRYPTO_MNEMONIC_SIZE];
  struct errmsg msg;
  u8 entropy[32], key[32];
  addr20 a;
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(vec); i++) {
    size_t n = strlen(vec[i].entropy) / 2;
    for (size_t k = 0; k < n; k++)
      assert_int_equal(sscanf(vec[i].entropy + 2 * k, "%2hhx", &entropy[k]), 1);
    assert_int_equal(crypto_mnemonic_make(words, entropy, n), 0);
    assert_string_equal(words, vec[i].words);
    assert_int_equal(crypto_mnemonic_read(again, slice_str(words), &msg), 0);
    assert_string_equal(again, words);
  }
  assert_int_equal(crypto_mnemonic_make(words, entropy, 15), ERR_INPUT);
  assert_int_equal(crypto_mnemonic_make(words, entropy, 36), ERR_INPUT);
  assert_int_equal(crypto_mnemonic_key(key, junk, 2), 0);
  assert_int_equal(crypto_key_addr(&a, key), 0);
  assert_hex(a.b, 20, "3c44cdddb6a900fa2b585dd299e03d12fa4293bc");
}

static void words_when_typed_badly_then_said_which(void **state) {
  static const struct {
    const char *text, *why; /* NULL: taken */
  } row[] = {
      {"  TEST test\ttest\ntest test test test test test test Test junk \r\n",
       NULL},
      {"test test test test test test test test test test test test",
       "do not fit together"},
      {"junk test test test test test test test test test test test",
       "do not fit together"},
      {"test test tost test test test test test test test test junk", "word 3 "},
      {"test test test testtesttesttest test test test test test test test junk",
       "word 4 "},
      {"test test test", "12, 15, 18, 21 or 24"},
      {"", "12, 15, 18, 21 or 24"},
      {"test test test test test test test test test test test test junk",
       "12, 15, 18, 21 or 24"},
      {"a\xcc\x81 test", "word 1 "},
  };
  char words[CRYPTO_MNEMONIC_SIZE], many[26 * 5 + 1] = "";
  struct errmsg msg;
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    err e = crypto_mnemonic_read(words, slice_str(row[i].text), &msg);
    assert_int_equal(e, row[i].why ? ERR_INPUT : ERR_OK);
    if (row[i].why) assert_non_null(strstr(msg.text, row[i].why));
    else assert_string_equal(words, junk);
  }
  for (u32 i = 0; i < 26; i++) strcat(many, "test ");
  assert_int_equal(crypto_mnemonic_read(words, slice_str(many), &msg),
                   ERR_INPUT);
}

static void path_when_malformed_then_refused(void **state) {
  static const char *const bad[] = {"",     "44",    "m/",          "m//1",
                                    "m/a",  "m/1/",  "m/2147483648", "m/1''",
                                    "m1/2", "m/-1",  "m/1 ",        "m /1",
                                    "m/99999999999999999999999999999"};
  u8 seed[64] = {1}, key[32];
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(bad); i++)
    assert_int_equal(crypto_hd_derive(key, seed, 64, bad[i]), ERR_INPUT);
  assert_int_equal(crypto_hd_derive(key, seed, 15, "m"), ERR_INPUT);
  assert_int_equal(crypto_hd_derive(key, seed, 64, "m"), 0);
}

/* RFC 7914 section 12, the third and fourth need 16 MiB and 1 GiB. */
static void scrypt_when_rfc_examples_then_equal(void **state) {
  u8 out[64];
  (void)state;
  assert_int_equal(
      crypto_scrypt(out, 64, slice_str(""), slice_str(""), 16, 1, 1), 0);
  assert_hex(out, 64,
             "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
             "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
  assert_int_equal(crypto_scrypt(out, 64, slice_str("pleaseletmein"),
                                 slice_str("SodiumChloride"), 16384, 8, 1),
                   0);
  assert_hex(out, 64,
             "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
             "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
}

static void scrypt_when_parameters_bad_then_refused(void **state) {
  slice none = {0};
  u8 out[64];
  (void)state;
  assert_int_equal(crypto_scrypt(out, 64, none, none, 0, 8, 1), ERR_RANGE);
  assert_int_equal(crypto_scrypt(out, 64, none, none, 1, 8, 1), ERR_RANGE);
  assert_int_equal(crypto_scrypt(out, 64, none, none, 1000, 8, 1), ERR_RANGE);
  assert_int_equal(crypto_scrypt(out, 64, none, none, 1024, 0, 1), ERR_RANGE);
  assert_int_equal(crypto_scrypt(out, 64, none, none, 1024, 8, 0), ERR_RANGE);
  assert_int_equal(crypto_scrypt(out, 0, none, none, 1024, 8, 1), ERR_RANGE);
  assert_int_equal(crypto_scrypt(out, 64, none, none, 1 << 21, 8, 1),
                   ERR_LIMIT);
  assert_int_equal(crypto_scrypt(out, 64, none, none, (u64)1 << 63, 8, 1),
                   ERR_LIMIT);
  assert_int_equal(crypto_scrypt(out, 64, none, none, 2, 0xffffffff, 1),
                   ERR_RANGE);
  assert_int_equal(crypto_scrypt(out, 64, none, none, 2, 1, 1 << 24),
                   ERR_LIMIT);
}

static void pbkdf2_when_parameters_bad_then_refused(void **state) {
  slice none = {0};
  u8 out[64];
  (void)state;
  assert_int_equal(crypto_pbkdf2_sha256(out, 64, none, none, 0), ERR_RANGE);
  assert_int_equal(crypto_pbkdf2_sha512(out, 0, none, none, 1), ERR_RANGE);
}

/* NIST SP 800-38A F.5.1. */
static void aes_ctr_when_nist_example_then_equal(void **state) {
  static const u8 key[16] = {0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
                             0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c};
  u8 iv[16], data[20] = {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9,
                         0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a, 0xae, 0x2d,
                         0x8a, 0x57};
  (void)state;
  for (int i = 0; i < 16; i++) iv[i] = (u8)(0xf0 + i);
  crypto_aes128_ctr(data, 20, key, iv);
  assert_hex(data, 20, "874d6191b620e3261bef6864990db6ce9806f66b");
  crypto_aes128_ctr(data, 20, key, iv);
  assert_int_equal(data[0], 0x6b);
  assert_int_equal(data[19], 0x57);
}

/*---------------------------------------------------------------- modexp */

static void modexp_check(const char *b, const char *e, const char *m,
                         size_t m_len, const char *want) {
  u8 out[64];
  memset(out, 0xaa, sizeof out);
  crypto_modexp(out, slice_str(b), slice_str(e), slice_of(m, m_len));
  assert_hex(out, m_len, want);
}

/* Any lengths and small or longer exponents, against powm. */
static void modexp_when_random_then_equals_gmp(void **state) {
  u32 seed = 4;
  (void)state;
  for (int i = 0; i < 3000; i++) {
    u8 in[3][80], out[80], want[80] = {0};
    size_t len[3], cnt;
    mpz_t z[3];
    for (int j = 0; j < 3; j++) {
      seed = seed * 1664525 + 1013904223;
      len[j] = j == 1 ? 1 + (seed >> 30) % 3 : (seed >> 16) % 70;
      for (size_t k = 0; k < len[j]; k++) {
        seed = seed * 1664525 + 1013904223;
        in[j][k] = (seed >> 12 & 3) ? (u8)(seed >> 24) : 0;
      }
      if (j == 1 && (seed >> 20 & 1)) len[1] = 1, in[1][0] = i % 10;
      mpz_init(z[j]);
      mpz_import(z[j], len[j], 1, 1, 1, 0, in[j]);
    }
    crypto_modexp(out, slice_of(in[0], len[0]), slice_of(in[1], len[1]),
                  slice_of(in[2], len[2]));
    if (mpz_sgn(z[2])) {
      mpz_powm(z[0], z[0], z[1], z[2]);
      cnt = mpz_sgn(z[0]) ? (mpz_sizeinbase(z[0], 2) + 7) / 8 : 0;
      mpz_export(want + len[2] - cnt, NULL, 1, 1, 1, 0, z[0]);
    }
    assert_memory_equal(out, want, len[2]);
    for (int j = 0; j < 3; j++) mpz_clear(z[j]);
  }
}

static void modexp_when_edge_then_eip198(void **state) {
  (void)state;
  modexp_check("\x03", "\x05", "\x07", 1, "05");
  modexp_check("", "", "\x07", 1, "01");
  modexp_check("", "", "\x01", 1, "00");
  modexp_check("\x09", "\x01", "\0\x07", 2, "0002");
  modexp_check("\x09", "\x02", "\0\x07", 2, "0004");
  modexp_check("", "\x02", "\x07", 1, "00");
  modexp_check("\x01", "\x02", "\x07", 1, "01");
  modexp_check("\x09", "\x02", "\0\0", 2, "0000");
  modexp_check("\x0a", "\x03", "\x08", 1, "00");
  modexp_check("\x09", "\x02", "", 0, "");
}

static int start(void **state) {
  (void)state;
  crypto_init(NULL);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sha256_when_known_then_equal),
      cmocka_unit_test(sha256_when_any_length_then_impls_agree),
      cmocka_unit_test(blake2f_when_any_rounds_then_impls_agree),
      cmocka_unit_test(ripemd160_when_known_then_equal),
      cmocka_unit_test(blake2f_when_rfc_example_then_equal),
      cmocka_unit_test(hmac_sha512_when_known_then_equal),
      cmocka_unit_test(key_when_one_then_generator),
      cmocka_unit_test(key_when_outside_group_then_refused),
      cmocka_unit_test(signature_when_made_then_recovers_and_verifies),
      cmocka_unit_test(signature_when_s_high_then_recovers_but_is_told),
      cmocka_unit_test(signature_when_out_of_range_then_refused),
      cmocka_unit_test(ecdh_when_both_sides_then_equal),
      cmocka_unit_test(dev_mnemonic_when_derived_then_known_accounts),
      cmocka_unit_test(words_when_of_entropy_then_the_published_ones),
      cmocka_unit_test(words_when_typed_badly_then_said_which),
      cmocka_unit_test(path_when_malformed_then_refused),
      cmocka_unit_test(scrypt_when_rfc_examples_then_equal),
      cmocka_unit_test(scrypt_when_parameters_bad_then_refused),
      cmocka_unit_test(pbkdf2_when_parameters_bad_then_refused),
      cmocka_unit_test(aes_ctr_when_nist_example_then_equal),
      cmocka_unit_test(modexp_when_random_then_equals_gmp),
      cmocka_unit_test(modexp_when_edge_then_eip198),
  };
  return cmocka_run_group_tests_name("crypto_keys", tests, start, NULL);
}
