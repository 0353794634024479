/* vec_crypto_keys.c - public vectors of key files (version 3), BIP-32, BIP-39
** and of keys with their addresses. */
#include "crypto_vec.h"

#include "crypto/keccak.h"
#include "crypto/keystore.h"
#include "crypto/secp256k1.h"

static slice slice_of_text(const json_t *obj, const char *key) {
  return slice_str(vec_text(obj, key));
}
static u64 num(const json_t *obj, const char *key) {
  return (u64)json_integer_value(json_object_get(obj, key));
}

/*------------------------------------------------------------- key files */

static void derive(u8 dk[32], const json_t *crypto, slice password) {
  const json_t *kp = json_object_get(crypto, "kdfparams");
  slice salt = vec_bytes(kp, "salt");
  assert_int_equal(num(kp, "dklen"), 32);
  if (!strcmp(vec_text(crypto, "kdf"), "scrypt")) {
    assert_int_equal(crypto_scrypt(dk, 32, password, salt, num(kp, "n"),
                                   (u32)num(kp, "r"), (u32)num(kp, "p")),
                     0);
  } else {
    assert_string_equal(vec_text(kp, "prf"), "hmac-sha256");
    assert_int_equal(
        crypto_pbkdf2_sha256(dk, 32, password, salt, (u32)num(kp, "c")), 0);
  }
  vec_free(salt);
}

/* The mac is keccak256(second half of the derived key || ciphertext). */
static void check_keyfile(const char *name, const json_t *file) {
  const json_t *j = json_object_get(file, "json"), *crypto;
  slice priv = vec_bytes(file, "priv"), cipher, mac, iv;
  u8 dk[32], *clear;
  struct keccak k;
  hash32 h;
  crypto = json_object_get(j, "crypto");
  if (!crypto) crypto = json_object_get(j, "Crypto");
  cipher = vec_bytes(crypto, "ciphertext");
  mac = vec_bytes(crypto, "mac");
  iv = vec_bytes(json_object_get(crypto, "cipherparams"), "iv");
  assert_string_equal(vec_text(crypto, "cipher"), "aes-128-ctr");
  assert_int_equal(iv.len, 16);
  derive(dk, crypto, slice_of_text(file, "password"));
  keccak_init(&k);
  keccak_update(&k, dk + 16, 16);
  keccak_update(&k, cipher.ptr, cipher.len);
  keccak_final(&k, &h);
  vec_assert_eq(hash32_slice(&h), mac, name);
  clear = malloc(cipher.len);
  memcpy(clear, cipher.ptr, cipher.len);
  crypto_aes128_ctr(clear, cipher.len, dk, iv.ptr);
  vec_assert_eq(slice_of(clear, cipher.len), priv, name);
  free(clear);
  vec_free(priv);
  vec_free(cipher);
  vec_free(mac);
  vec_free(iv);
}

static void check_keyfiles(const char *file, size_t least) {
  json_t *root = vec_load(file), *v;
  const char *name;
  size_t cnt = 0;
  json_object_foreach(root, name, v) {
    check_keyfile(name, v);
    cnt++;
  }
  assert_in_range(cnt, least, 1000);
  json_decref(root);
}

static void keyfiles_when_basic_suite_then_open(void **state) {
  (void)state;
  check_keyfiles("basic/KeyStoreTests/basic_tests.json", 4);
}
static void keyfiles_when_geth_suite_then_open(void **state) {
  (void)state;
  check_keyfiles("misc/keystore/v3_test_vector.json", 2);
}

static void keys_when_basic_suite_then_addresses_and_signatures(void **state) {
  json_t *root, *v;
  size_t i;
  (void)state;
  root = vec_load("basic/BasicTests/keyaddrtest.json");
  json_array_foreach(root, i, v) {
    slice key = vec_bytes(v, "key"), addr = vec_bytes(v, "addr");
    struct sig65 sig;
    addr20 a;
    assert_int_equal(crypto_key_addr(&a, key.ptr), 0);
    vec_assert_eq(addr20_slice(&a), addr, vec_text(v, "seed"));
    assert_int_equal(crypto_sign(&sig, key.ptr, &CRYPTO_KECCAK_EMPTY), 0);
    assert_int_equal(crypto_recover_addr(&a, &CRYPTO_KECCAK_EMPTY, &sig), 0);
    vec_assert_eq(addr20_slice(&a), addr, vec_text(v, "seed"));
    vec_free(key);
    vec_free(addr);
  }
  assert_in_range(json_array_size(root), 2, 1000);
  json_decref(root);
}

/*--------------------------------------------------------- BIP-32, BIP-39 */

/* The 32-byte key inside an extended private key: base 58 of 82 bytes, the
** key at 46. */
static void xprv_key(u8 key[32], const char *xprv) {
  static const char digits[] =
      "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  u8 num58[82] = {0};
  for (; *xprv; xprv++) {
    const char *d = strchr(digits, *xprv);
    u32 carry;
    assert_non_null(d);
    carry = (u32)(d - digits);
    for (int i = 81; i >= 0; i--) {
      carry += num58[i] * 58u;
      num58[i] = (u8)carry;
      carry >>= 8;
    }
    assert_int_equal(carry, 0);
  }
  assert_int_equal(num58[45], 0);
  memcpy(key, num58 + 46, 32);
}

static void bip32_when_published_vectors_then_keys_equal(void **state) {
  json_t *root = vec_load("misc/bip32/vectors.json"), *v, *c;
  size_t i, j, cnt = 0;
  (void)state;
  json_array_foreach(root, i, v) {
    json_array_foreach(json_object_get(v, "chains"), j, c) {
      slice seed = vec_bytes(v, "seed");
      u8 want[32], got[32];
      xprv_key(want, vec_text(c, "xprv"));
      assert_int_equal(
          crypto_hd_derive(got, seed.ptr, seed.len, vec_text(c, "path")), 0);
      vec_assert_eq(slice_of(got, 32), slice_of(want, 32),
                    vec_text(c, "path"));
      vec_free(seed);
      cnt++;
    }
  }
  assert_in_range(cnt, 15, 1000);
  json_decref(root);
}

/* Text that NFKD would change is not ours to check: only ASCII mnemonics. */
static bool is_ascii(const char *s) {
  for (; *s; s++)
    if ((u8)*s >= 0x80) return false;
  return true;
}

static void bip39_when_published_vectors_then_seeds_equal(void **state) {
  json_t *root = vec_load("misc/bip39/vectors.json"), *list, *v;
  const char *lang;
  size_t i, cnt = 0;
  (void)state;
  json_object_foreach(root, lang, list) {
    json_array_foreach(list, i, v) {
      const char *words = json_string_value(json_array_get(v, 1));
      slice want = vec_hex(json_string_value(json_array_get(v, 2)));
      u8 got[64], root_want[32], root_got[32];
      if (is_ascii(words)) {
        if (strcmp(lang, "english") == 0) {
          slice entropy = vec_hex(json_string_value(json_array_get(v, 0)));
          char made[CRYPTO_MNEMONIC_SIZE], read[CRYPTO_MNEMONIC_SIZE];
          assert_int_equal(crypto_mnemonic_make(made, entropy.ptr, entropy.len),
                           0);
          assert_string_equal(made, words);
          assert_int_equal(crypto_mnemonic_read(read, slice_str(words), NULL),
                           0);
          assert_string_equal(read, words);
          vec_free(entropy);
        }
        assert_int_equal(crypto_mnemonic_seed(got, words, "TREZOR"), 0);
        vec_assert_eq(slice_of(got, 64), want, words);
        xprv_key(root_want, json_string_value(json_array_get(v, 3)));
        assert_int_equal(crypto_hd_derive(root_got, got, 64, "m"), 0);
        assert_memory_equal(root_got, root_want, 32);
        cnt++;
      }
      vec_free(want);
    }
  }
  assert_in_range(cnt, 19, 1000);
  json_decref(root);
}

static int start(void **state) {
  (void)state;
  crypto_init(NULL);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keyfiles_when_basic_suite_then_open),
      cmocka_unit_test(keyfiles_when_geth_suite_then_open),
      cmocka_unit_test(keys_when_basic_suite_then_addresses_and_signatures),
      cmocka_unit_test(bip32_when_published_vectors_then_keys_equal),
      cmocka_unit_test(bip39_when_published_vectors_then_seeds_equal),
  };
  return cmocka_run_group_tests_name("crypto_vec_keys", tests, start, NULL);
}
