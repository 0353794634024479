/* vec_node_keystore.c - Web3 secret storage: the public vectors (versions 1
** and 3, scrypt and PBKDF2), round trips, and files that are no key files. */
#include "codec/json.h"
#include "crypto/crypto_vec.h"
#include "crypto/secp256k1.h"
#include "node/node_keystore.h"

static void check_suite(const char *file) {
  json_t *doc = vec_load(file);
  const char *name;
  json_t *test;
  u32 cnt = 0;
  json_object_foreach(doc, name, test) {
    char *text = json_dumps(json_object_get(test, "json"), 0);
    const char *password = vec_text(test, "password");
    slice want = vec_hex(vec_text(test, "priv"));
    struct errmsg msg = {""};
    u8 key[32];
    err e = keystore_decrypt(key, slice_str(text), slice_str(password), &msg);
    if (e != ERR_OK) fail_msg("%s: %s", name, msg.text);
    /* the suite leaves out leading zeros */
    for (size_t i = 0; i < 32 - want.len; i++) assert_int_equal(key[i], 0);
    assert_memory_equal(key + 32 - want.len, want.ptr, want.len);
    assert_int_equal(keystore_decrypt(key, slice_str(text),
                                      slice_str("not the password"), &msg),
                     ERR_PASSWORD);
    vec_free(want);
    free(text);
    cnt++;
  }
  assert_true(cnt > 0);
  json_decref(doc);
}

static void file_when_of_the_suite_then_gives_its_key(void **s) {
  (void)s;
  check_suite("basic/KeyStoreTests/basic_tests.json");
}
static void file_when_version_3_then_gives_its_key(void **s) {
  (void)s;
  check_suite("misc/keystore/v3_test_vector.json");
}
static void file_when_version_1_then_gives_its_key(void **s) {
  (void)s;
  check_suite("misc/keystore/v1_test_vector.json");
}

static void key_when_encrypted_then_opens_with_its_password_only(void **s) {
  (void)s;
  u8 key[32] = {1, 2, 3, [31] = 9}, back[32];
  struct keystore_random random = {{5}, {6}, {7}};
  struct errmsg msg;
  struct buf json;
  addr20 a, b;
  buf_init(&json, 0);
  assert_int_equal(keystore_encrypt(&json, key, slice_str("Gr\xc3\xbc\xc3\x9f"),
                                    KEYSTORE_N_LIGHT, &random), ERR_OK);
  assert_int_equal(keystore_decrypt(back, buf_slice(&json),
                                    slice_str("Gr\xc3\xbc\xc3\x9f"), &msg),
                   ERR_OK);
  assert_memory_equal(key, back, 32);
  assert_int_equal(keystore_decrypt(back, buf_slice(&json), slice_str(""),
                                    &msg), ERR_PASSWORD);
  assert_int_equal(keystore_addr(&a, buf_slice(&json)), ERR_OK);
  assert_int_equal(crypto_key_addr(&b, key), ERR_OK);
  assert_true(addr20_eq(&a, &b));
  buf_fini(&json);
}

static void text_when_no_key_file_then_says_what_is_wrong(void **s) {
  (void)s;
#define CRYPTO_PART(kdf, params) \
  "{\"version\":3,\"crypto\":{\"cipher\":\"aes-128-ctr\",\"ciphertext\":" \
  "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"," \
  "\"cipherparams\":{\"iv\":\"00112233445566778899aabbccddeeff\"},\"mac\":" \
  "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"," \
  "\"kdf\":" kdf ",\"kdfparams\":" params "}}"
  static const struct { const char *text, *word; err e; } rows[] = {
    {"", "not a JSON object", ERR_INPUT},
    {"[]", "not a JSON object", ERR_INPUT},
    {"{}", "version", ERR_UNSUPPORTED},
    {"{\"version\":2}", "version", ERR_UNSUPPORTED},
    {"{\"version\":3}", "crypto", ERR_INPUT},
    {"{\"version\":3,\"crypto\":{}}", "cipher", ERR_INPUT},
    {CRYPTO_PART("\"rot13\"", "{\"salt\":\"00\",\"dklen\":32}"), "kdf",
     ERR_UNSUPPORTED},
    {CRYPTO_PART("7", "{}"), "kdf", ERR_INPUT},
    {CRYPTO_PART("\"scrypt\"", "{\"salt\":\"0\",\"dklen\":32}"), "salt",
     ERR_INPUT},
    {CRYPTO_PART("\"scrypt\"", "{\"salt\":\"00\",\"dklen\":16,\"n\":2,"
                 "\"r\":8,\"p\":1}"), "dklen", ERR_INPUT},
    {CRYPTO_PART("\"scrypt\"", "{\"salt\":\"00\",\"dklen\":32,\"n\":"
                 "4294967296,\"r\":8,\"p\":1}"), "\"n\"", ERR_LIMIT},
    {CRYPTO_PART("\"scrypt\"", "{\"salt\":\"00\",\"dklen\":32,\"n\":16777216,"
                 "\"r\":65536,\"p\":1}"), "scrypt", ERR_LIMIT},
    {CRYPTO_PART("\"scrypt\"", "{\"salt\":\"00\",\"dklen\":32,\"n\":3,"
                 "\"r\":8,\"p\":1}"), "scrypt", ERR_RANGE},
    {CRYPTO_PART("\"pbkdf2\"", "{\"salt\":\"00\",\"dklen\":32,\"c\":"
                 "4000000000,\"prf\":\"hmac-sha256\"}"), "\"c\"", ERR_LIMIT},
    {CRYPTO_PART("\"pbkdf2\"", "{\"salt\":\"00\",\"dklen\":32,\"c\":1,"
                 "\"prf\":\"hmac-md5\"}"), "prf", ERR_UNSUPPORTED},
    {CRYPTO_PART("\"pbkdf2\"", "{\"salt\":\"00\",\"dklen\":32,\"c\":1,"
                 "\"prf\":\"hmac-sha256\"}"), "password", ERR_PASSWORD},
  };
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    u8 key[32];
    struct errmsg msg = {""};
    err e = keystore_decrypt(key, slice_str(rows[i].text), slice_str("x"),
                             &msg);
    if (e != rows[i].e || !strstr(msg.text, rows[i].word)) {
      fail_msg("row %zu: error %d, \"%s\"", i, e, msg.text);
    }
  }
}

int main(void) {
  crypto_init(NULL);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(file_when_of_the_suite_then_gives_its_key),
    cmocka_unit_test(file_when_version_3_then_gives_its_key),
    cmocka_unit_test(file_when_version_1_then_gives_its_key),
    cmocka_unit_test(key_when_encrypted_then_opens_with_its_password_only),
    cmocka_unit_test(text_when_no_key_file_then_says_what_is_wrong),
  };
  return cmocka_run_group_tests_name("node_keystore", tests, NULL, NULL);
}
