/* vec_codec_abi.c - the ABITests of ethereum/tests (types and arguments encode
** to the result) and the addresses printed in ERC-55. */
#include "crypto/crypto_vec.h"

#include "codec/abi.h"
#include "codec/hex.h"

static void va_value(struct abi_value *v, const struct abi_type *t,
                     struct arena *a, const json_t *arg) {
  const char *s = json_string_value(arg);
  if (t->kind == ABI_ARRAY) {
    v->item_cnt = (u32)json_array_size(arg);
    v->item = arena_array(a, struct abi_value, v->item_cnt);
    for (u32 i = 0; i < v->item_cnt; i++)
      va_value(&v->item[i], t->sub, a, json_array_get(arg, i));
  } else if (t->kind >= ABI_FIXED_BYTES) {
    v->bytes = slice_str(s);
  } else if (s) {
    assert_int_equal(u256_parse(&v->num, s, strlen(s)), ERR_OK);
  } else {
    v->num = u256_from((u64)json_integer_value(arg));
  }
}

static void va_case(const char *name, const json_t *one) {
  const json_t *types = json_object_get(one, "types"), *type;
  const json_t *args = json_object_get(one, "args");
  struct arena a;
  struct buf text, out;
  struct abi_type t;
  struct errmsg msg;
  size_t i;
  arena_init(&a, 1 << 12, 0);
  buf_init(&text, 0);
  buf_init(&out, 0);
  json_array_foreach(types, i, type) {
    if (i) buf_put_u8(&text, ',');
    buf_put_str(&text, json_string_value(type));
  }
  if (abi_parse_types(&t, &a, buf_cstr(&text), &msg) < 0)
    fail_msg("%s: %s", name, msg.text);
  struct abi_value v = {.item_cnt = t.len}, back;
  v.item = arena_array(&a, struct abi_value, t.len);
  for (i = 0; i < t.len; i++)
    va_value(&v.item[i], &t.sub[i], &a, json_array_get(args, i));
  assert_int_equal(abi_encode(&out, &t, &v), ERR_OK);
  slice want = vec_bytes(one, "result");
  vec_assert_eq(buf_slice(&out), want, name);

  assert_int_equal(abi_decode(&back, &a, &t, want), ERR_OK);
  buf_clear(&out);
  assert_int_equal(abi_encode(&out, &t, &back), ERR_OK);
  vec_assert_eq(buf_slice(&out), want, name);
  vec_free(want);
  buf_fini(&out);
  buf_fini(&text);
  arena_fini(&a);
}

static void abi_when_public_cases_then_agree(void **state) {
  (void)state;
  json_t *all = vec_load("basic/ABITests/basic_abi_tests.json"), *one;
  const char *name;
  json_object_foreach(all, name, one) va_case(name, one);
  assert_true(json_object_size(all) >= 3);
  json_decref(all);
}

static void hex_addr_when_erc55_then_agree(void **state) {
  (void)state;
  json_t *all = vec_load("misc/erc55/addresses.json");
  const json_t *one;
  size_t i;
  json_array_foreach(all, i, one) {
    const char *want = json_string_value(one);
    addr20 addr;
    char text[43];
    assert_int_equal(hex_parse_addr(&addr, slice_str(want)), ERR_OK);
    hex_addr(text, &addr);
    assert_string_equal(text, want);
  }
  assert_true(i >= 8);
  json_decref(all);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(abi_when_public_cases_then_agree),
      cmocka_unit_test(hex_addr_when_erc55_then_agree),
  };
  return cmocka_run_group_tests_name("codec_abi_vectors", tests, NULL, NULL);
}
