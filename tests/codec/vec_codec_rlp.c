/* vec_codec_rlp.c - the RLPTests of ethereum/tests: "in" encodes to "out"; "in"
** VALID or INVALID says what decoding "out" must give. */
#include "crypto/crypto_vec.h"

#include <gmp.h>

#include "base/limits.h"
#include "codec/rlp.h"

/* Some are larger than 256 bits: a string of bytes to RLP. */
static void vr_put_decimal(struct buf *b, const char *s) {
  u8 bytes[100];
  size_t len = 0;
  mpz_t v;
  assert_int_equal(mpz_init_set_str(v, s, 10), 0);
  assert_true(mpz_sizeinbase(v, 256) <= sizeof(bytes));
  mpz_export(bytes, &len, 1, 1, 1, 0, v);
  mpz_clear(v);
  rlp_put_str(b, bytes, len);
}

static void vr_put(struct buf *b, const json_t *in) {
  const char *s;
  switch (json_typeof(in)) {
    case JSON_INTEGER: rlp_put_u64(b, (u64)json_integer_value(in)); break;
    case JSON_STRING:
      s = json_string_value(in);
      if (s[0] == '#') {
        vr_put_decimal(b, s + 1);
      } else {
        rlp_put_str(b, s, json_string_length(in));
      }
      break;
    case JSON_ARRAY: {
      size_t at = rlp_list_open(b), i;
      const json_t *item;
      json_array_foreach(in, i, item) vr_put(b, item);
      rlp_list_close(b, at);
      break;
    }
    default: fail_msg("input of unknown kind");
  }
}

static u32 vr_file(const char *file) {
  json_t *all = vec_load(file), *one;
  const char *name;
  u32 cnt = 0;
  json_object_foreach(all, name, one) {
    const json_t *in = json_object_get(one, "in");
    const char *word = json_is_string(in) ? json_string_value(in) : "";
    slice out = vec_bytes(one, "out");
    err e = rlp_validate(out, LIMIT_RLP_DEPTH);
    bool invalid = strcmp(word, "INVALID") == 0;
    if ((e < 0) != invalid) fail_msg("%s: decoding gave %s", name, err_text(e));
    if (!invalid && strcmp(word, "VALID") != 0) {
      struct buf b;
      buf_init(&b, 0);
      vr_put(&b, in);
      vec_assert_eq(buf_slice(&b), out, name);
      buf_fini(&b);
    }
    vec_free(out);
    cnt++;
  }
  json_decref(all);
  return cnt;
}

static void rlp_when_public_encodings_then_agree(void **state) {
  (void)state;
  assert_true(vr_file("basic/RLPTests/rlptest.json") >= 20);
}

static void rlp_when_public_malformed_then_refused(void **state) {
  (void)state;
  assert_true(vr_file("basic/RLPTests/invalidRLPTest.json") >= 15);
}

static void rlp_when_public_random_then_as_marked(void **state) {
  (void)state;
  assert_true(vr_file("basic/RLPTests/RandomRLPTests/example.json") >= 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rlp_when_public_encodings_then_agree),
      cmocka_unit_test(rlp_when_public_malformed_then_refused),
      cmocka_unit_test(rlp_when_public_random_then_as_marked),
  };
  return cmocka_run_group_tests_name("codec_rlp_vectors", tests, NULL, NULL);
}
