/* test_codec_abi.c - ABI types, encodings of the Solidity documentation, round
** trips of random types, refusals, revert reasons. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/limits.h"
#include "codec/abi.h"
#include "codec/hex.h"

static struct arena ta_arena;

static struct abi_type ta_type(const char *text) {
  struct abi_type t;
  struct errmsg msg;
  if (abi_parse_types(&t, &ta_arena, text, &msg) < 0)
    fail_msg("%s: %s", text, msg.text);
  return t;
}

/* Words of 64 digits each, blanks between, as bytes. */
static slice ta_bytes(const char *hex) {
  size_t len = 0;
  char *t = arena_alloc(&ta_arena, strlen(hex) + 1);
  for (; *hex; hex++)
    if (*hex != ' ') t[len++] = *hex;
  u8 *p = arena_alloc(&ta_arena, len / 2 + 1);
  assert_int_equal(hex_decode(p, t, len), ERR_OK);
  return slice_of(p, len / 2);
}

#define TA_2_64 /* less one */ \
  "000000000000000000000000000000000000000000000000ffffffffffffffff"
#define W0 "00000000000000000000000000000000000000000000000000000000000000"
#define WF "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static void abi_parse_types_when_good_then_canonical(void **state) {
  (void)state;
  static const struct {
    const char *text, *canonical;
    u32 head_len;
    bool dynamic;
  } rows[] = {
      {"", "()", 0, false},
      {"uint", "(uint256)", 32, false},
      {"int,uint8,int24", "(int256,uint8,int24)", 96, false},
      {"address,bool,bytes1,bytes32", "(address,bool,bytes1,bytes32)", 128,
       false},
      {"bytes,string", "(bytes,string)", 32, true},
      {"uint256,(address,bytes)[]", "(uint256,(address,bytes)[])", 32, true},
      {"uint8[3][2]", "(uint8[3][2])", 192, false},
      {"(uint8,(bool,bool)[2],())", "((uint8,(bool,bool)[2],()))", 160, false},
      {"string[2]", "(string[2])", 32, true},
      {"uint8[0]", "(uint8[0])", 0, false},
      {"uint8[][5]", "(uint8[][5])", 32, true},
      {"bool,bool,bool,bool,bool,bool,bool,bool,bool",
       "(bool,bool,bool,bool,bool,bool,bool,bool,bool)", 288, false}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct abi_type t = ta_type(rows[i].text);
    struct buf b;
    buf_init(&b, 0);
    abi_put_type(&b, &t);
    assert_string_equal(buf_cstr(&b), rows[i].canonical);
    assert_int_equal(t.head_len, rows[i].head_len);
    assert_int_equal(t.dynamic, rows[i].dynamic);
    buf_fini(&b);
  }
}

static void abi_parse_types_when_bad_then_says_where(void **state) {
  (void)state;
  static const struct {
    const char *text;
    err e;
    const char *column;
  } rows[] = {
      {"uint7", ERR_INPUT, "column 6"},   {"uint264", ERR_INPUT, "column 8"},
      {"uint0", ERR_INPUT, "column 6"},   {"bytes33", ERR_INPUT, "column 8"},
      {"bytes0", ERR_INPUT, "column 7"},  {"uint08", ERR_INPUT, "column 5"},
      {"float", ERR_INPUT, "column 1"},   {"bool,", ERR_INPUT, "column 6"},
      {",bool", ERR_INPUT, "column 1"},   {"bool bool", ERR_INPUT, "column 5"},
      {"(bool", ERR_INPUT, "column 6"},   {"bool)", ERR_INPUT, "column 5"},
      {"bool[", ERR_INPUT, "column 6"},   {"bool[x]", ERR_INPUT, "column 6"},
      {"bool[1", ERR_INPUT, "column 7"},  {"bool[01]", ERR_INPUT, "column 6"},
      {"bool[-1]", ERR_INPUT, "column 6"}, {"bool[]]", ERR_INPUT, "column 7"},
      {"addressx", ERR_INPUT, "column 8"},
      {"bool[12345678]", ERR_LIMIT, "column 6"},
      {"bool[1000001]", ERR_LIMIT, "too large"},
      {"bool[999999][999999][999999]", ERR_LIMIT, "too large"},
      {"bool[1000][1000],bool", ERR_LIMIT, "too large"},
      {"((((((((((((((((((((((((((((((((bool))))))))))))))))))))))))))))))))",
       ERR_LIMIT, "too deep"},
      {"bool[][][][][][][][][][][][][][][][][][][][][][][][][][][][][][][][][]",
       ERR_LIMIT, "too deep"}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct abi_type t;
    struct errmsg msg = {""};
    err e = abi_parse_types(&t, &ta_arena, rows[i].text, &msg);
    if (e != rows[i].e || !strstr(msg.text, rows[i].column))
      fail_msg("%s gave %s: %s", rows[i].text, err_text(e), msg.text);
  }
}

static void abi_selector_when_documented_then_same(void **state) {
  (void)state;
  static const struct {
    const char *signature, *hex;
  } rows[] = {{"baz(uint32,bool)", "cdcd77c0"},
              {"bar(bytes3[2])", "fce353f6"},
              {"sam(bytes,bool,uint256[])", "a5643bf2"},
              {"f(uint256,uint32[],bytes10,bytes)", "8be65246"},
              {"g(uint256[][],string[])", "2289b18c"},
              {"Error(string)", "08c379a0"},
              {"Panic(uint256)", "4e487b71"}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    u8 sel[4];
    char text[9] = "";
    abi_selector(sel, rows[i].signature);
    hex_encode(text, sel, 4);
    assert_string_equal(text, rows[i].hex);
  }
}

/* g(uint256[][],string[]) with ([[1, 2], [3]], ["one", "two", "three"]) */
static const char ta_doc[] =
    "0000000000000000000000000000000000000000000000000000000000000040"
    "0000000000000000000000000000000000000000000000000000000000000140"
    "0000000000000000000000000000000000000000000000000000000000000002"
    "0000000000000000000000000000000000000000000000000000000000000040"
    "00000000000000000000000000000000000000000000000000000000000000a0"
    "0000000000000000000000000000000000000000000000000000000000000002"
    "0000000000000000000000000000000000000000000000000000000000000001"
    "0000000000000000000000000000000000000000000000000000000000000002"
    "0000000000000000000000000000000000000000000000000000000000000001"
    "0000000000000000000000000000000000000000000000000000000000000003"
    "0000000000000000000000000000000000000000000000000000000000000003"
    "0000000000000000000000000000000000000000000000000000000000000060"
    "00000000000000000000000000000000000000000000000000000000000000a0"
    "00000000000000000000000000000000000000000000000000000000000000e0"
    "0000000000000000000000000000000000000000000000000000000000000003"
    "6f6e650000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000003"
    "74776f0000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000005"
    "7468726565000000000000000000000000000000000000000000000000000000";

static void abi_decode_when_documented_then_values(void **state) {
  (void)state;
  struct abi_type t = ta_type("uint256[][],string[]");
  struct abi_value v;
  slice data = ta_bytes(ta_doc);
  assert_int_equal(abi_decode(&v, &ta_arena, &t, data), ERR_OK);
  assert_int_equal(v.item_cnt, 2);
  const struct abi_value *nums = v.item, *words = v.item + 1;
  assert_int_equal(nums->item_cnt, 2);
  assert_int_equal(nums->item[0].item_cnt, 2);
  assert_int_equal(nums->item[0].item[1].num.w[0], 2);
  assert_int_equal(nums->item[1].item_cnt, 1);
  assert_int_equal(nums->item[1].item[0].num.w[0], 3);
  assert_int_equal(words->item_cnt, 3);
  assert_true(slice_eq(words->item[2].bytes, slice_str("three")));
  struct buf b;
  buf_init(&b, 0);
  assert_int_equal(abi_encode(&b, &t, &v), ERR_OK);
  assert_true(slice_eq(buf_slice(&b), data));
  buf_fini(&b);
  /* every shorter text is refused */
  for (size_t len = 0; len < data.len; len++)
    assert_int_equal(abi_decode(&v, &ta_arena, &t, slice_of(data.ptr, len)),
                     ERR_INPUT);
}

static void abi_decode_when_data_is_bad_then_err(void **state) {
  (void)state;
  static const struct {
    const char *types, *data;
    err e;
  } rows[] = {
      {"uint8", W0 "ff", ERR_OK},
      {"uint8", "00000000000000000000000000000000000000000000000000000000000001"
                "00", ERR_INPUT},
      {"int8", WF "80", ERR_OK},
      {"int8", W0 "80", ERR_INPUT},
      {"int8", WF "7f", ERR_INPUT},
      {"int256", WF "7f", ERR_OK},
      {"bool", W0 "01", ERR_OK},
      {"bool", W0 "02", ERR_INPUT},
      {"address", "0000000000000000000000010000000000000000000000000000000000000"
                  "000", ERR_INPUT},
      {"bytes31", WF "00", ERR_OK},
      {"bytes31", WF "01", ERR_INPUT},
      {"bytes32", WF "01", ERR_OK},
      {"bytes", W0 "20" W0 "00", ERR_OK},
      {"bytes", W0 "20" W0 "01", ERR_INPUT},
      {"bytes", W0 "20" W0 "1f" WF "00", ERR_OK},
      {"bytes", W0 "20" W0 "1f" WF "01", ERR_INPUT},
      {"bytes", W0 "20" W0 "20" WF "01", ERR_OK},
      {"bytes", W0 "20" W0 "21" WF "01", ERR_INPUT},
      {"bytes", W0 "40" W0 "00", ERR_INPUT},
      {"bytes", W0 "00", ERR_OK}, /* the offset word, 0, is its length, too */
      {"bytes", WF "e0" W0 "00", ERR_INPUT},
      {"bytes", W0 "20" WF "ff", ERR_INPUT},
      {"uint8[]", W0 "20" W0 "02" W0 "01", ERR_INPUT},
      {"uint8[]", W0 "20" WF "ff", ERR_INPUT},
      {"uint8[2]", W0 "01" W0 "02", ERR_OK},
      {"uint8[2]", W0 "01", ERR_INPUT},
      {"", "", ERR_OK},
      {"()", "", ERR_OK},
      {"", W0 "01", ERR_OK},
      {"uint8", "", ERR_INPUT},
      {"()[]", W0 "20" W0 "05", ERR_OK},
      {"()[]", W0 "20" WF "ff", ERR_INPUT},
      {"()[]", W0 "20" TA_2_64, ERR_LIMIT},
      {"uint8[0][]", W0 "20" TA_2_64, ERR_LIMIT}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct abi_type t = ta_type(rows[i].types);
    struct abi_value v;
    slice data = ta_bytes(rows[i].data);
    if (!data.len) data.ptr = NULL;
    err e = abi_decode(&v, &ta_arena, &t, data);
    if (e != rows[i].e)
      fail_msg("row %zu, %s %s gave %s", i, rows[i].types, rows[i].data,
               err_text(e));
  }
}

/* Arrays whose offsets all lead to the same array: 13 words describe far more
** values than the limit. */
static void abi_decode_when_offsets_are_shared_then_limit(void **state) {
  (void)state;
  struct abi_type t = ta_type("uint8[][][][][][][][][]");
  struct buf b;
  struct abi_value v;
  u8 word[32] = {0};
  struct arena a;
  buf_init(&b, 0);
  word[31] = 32;
  buf_put(&b, word, 32);
  for (int level = 0; level < 9; level++) {
    u32 cnt = 8;
    store_be32(word + 28, cnt);
    buf_put(&b, word, 32);
    for (u32 i = 0; i < cnt; i++) {
      store_be32(word + 28, level < 8 ? cnt * 32 : 1);
      buf_put(&b, word, 32);
    }
  }
  arena_init(&a, 1 << 20, 256 << 20);
  assert_int_equal(abi_decode(&v, &a, &t, buf_slice(&b)), ERR_LIMIT);
  arena_fini(&a);
  arena_init(&a, 1 << 10, 1 << 12);
  assert_int_equal(abi_decode(&v, &a, &t, buf_slice(&b)), ERR_LIMIT);
  assert_true(a.over);
  arena_fini(&a);
  buf_fini(&b);
}

static void abi_encode_when_value_differs_from_type_then_err(void **state) {
  (void)state;
  struct abi_value item[2] = {{.num = {{1, 0, 0, 0}}}, {.item_cnt = 0}};
  struct abi_value v = {.item = item, .item_cnt = 1};
  struct abi_type t = ta_type("uint8");
  struct buf b;
  buf_init(&b, 1 << 10);
  assert_int_equal(abi_encode(&b, &t, &v), ERR_OK);
  item[0].num.w[0] = 256;
  assert_int_equal(abi_encode(&b, &t, &v), ERR_RANGE);
  t = ta_type("uint16,uint8");
  assert_int_equal(abi_encode(&b, &t, &v), ERR_INPUT);
  t = ta_type("bytes4");
  item[0].bytes = slice_str("abc");
  assert_int_equal(abi_encode(&b, &t, &v), ERR_INPUT);
  t = ta_type("bytes");
  buf_fini(&b);
  for (size_t max = 1; max <= 96; max++) {
    buf_init(&b, max);
    assert_int_equal(abi_encode(&b, &t, &v), max < 96 ? ERR_LIMIT : ERR_OK);
    buf_fini(&b);
  }
}

static void abi_revert_reason_when_known_then_words(void **state) {
  (void)state;
  static const struct {
    const char *data, *words;
  } rows[] = {
      {"08c379a0" W0 "20" W0 "03" "6f6f70" W0, "oop"},
      {"08c379a0" W0 "20" W0 "00", ""},
      {"08c379a0" W0 "20" W0 "03" "6f6f", NULL},
      {"08c379a0" W0 "20", NULL},
      {"08c379a0" WF "20" W0 "00", NULL},
      {"4e487b71" W0 "01", "assert(false)"},
      {"4e487b71" W0 "11", "arithmetic underflow or overflow"},
      {"4e487b71" W0 "12", "division or modulo by zero"},
      {"4e487b71" W0 "32", "out-of-bounds access of an array or bytesN"},
      {"4e487b71" W0 "99", "unknown panic code: 0x99"},
      {"4e487b71" W0, NULL},
      {"", NULL},
      {"12345678" W0 "01", NULL}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct buf b;
    buf_init(&b, 0);
    bool known = abi_revert_reason(&b, ta_bytes(rows[i].data));
    assert_int_equal(known, rows[i].words != NULL);
    assert_string_equal(buf_cstr(&b), known ? rows[i].words : "");
    buf_fini(&b);
  }
}

/*---------------------------------------------------- random round trips */

static u32 ta_state = 7;
static u32 ta_rand(u32 below) {
  ta_state = ta_state * 1664525 + 1013904223;
  return (ta_state >> 8) % below;
}

static void ta_random_type(struct buf *b, u32 depth) {
  u32 kind = ta_rand(depth < 4 ? 11 : 7);
  if (kind == 0) buf_printf(b, "uint%u", 8 * (1 + ta_rand(32)));
  else if (kind == 1) buf_printf(b, "int%u", 8 * (1 + ta_rand(32)));
  else if (kind == 2) buf_printf(b, "bytes%u", 1 + ta_rand(32));
  else if (kind < 7)
    buf_put_str(b, ((const char *[]){"address", "bool", "bytes", "string"})
                       [kind - 3]);
  else if (kind < 9) {
    buf_put_str(b, "(");
    for (u32 i = 0, n = ta_rand(4); i < n; i++) {
      if (i) buf_put_str(b, ",");
      ta_random_type(b, depth + 1);
    }
    buf_put_str(b, ")");
  } else {
    ta_random_type(b, depth + 1);
    if (ta_rand(2)) buf_put_str(b, "[]");
    else buf_printf(b, "[%u]", ta_rand(4));
  }
}

static void ta_random_value(struct abi_value *v, const struct abi_type *t) {
  *v = (struct abi_value){.item_cnt = 0};
  for (int i = 0; i < 4; i++) v->num.w[i] = (u64)ta_rand(1 << 24) << 40 | ta_rand(1 << 24);
  switch (t->kind) {
    case ABI_INT: u256_sar(&v->num, &v->num, 256 - t->bits); break;
    case ABI_UINT:
    case ABI_ADDRESS:
    case ABI_BOOL: u256_shr(&v->num, &v->num, 256 - t->bits); break;
    case ABI_FIXED_BYTES:
    case ABI_BYTES:
    case ABI_STRING: {
      size_t len = t->kind == ABI_FIXED_BYTES ? t->bits / 8 : ta_rand(80);
      u8 *p = arena_alloc(&ta_arena, len);
      for (size_t i = 0; i < len; i++) p[i] = (u8)ta_rand(256);
      v->bytes = slice_of(p, len);
      break;
    }
    case ABI_ARRAY:
    case ABI_TUPLE:
      v->item_cnt = t->len == ABI_DYNAMIC ? ta_rand(4) : t->len;
      v->item = arena_array(&ta_arena, struct abi_value, v->item_cnt);
      for (u32 i = 0; i < v->item_cnt; i++)
        ta_random_value(&v->item[i], t->kind == ABI_ARRAY ? t->sub : &t->sub[i]);
      break;
  }
}

static void ta_same(const struct abi_type *t, const struct abi_value *a,
                    const struct abi_value *b) {
  assert_int_equal(a->item_cnt, b->item_cnt);
  for (u32 i = 0; i < a->item_cnt; i++)
    ta_same(t->kind == ABI_ARRAY ? t->sub : &t->sub[i], &a->item[i],
            &b->item[i]);
  if (t->kind <= ABI_BOOL) assert_true(u256_eq(&a->num, &b->num));
  else assert_true(slice_eq(a->bytes, b->bytes));
}

static void abi_encode_when_random_then_decodes_to_the_same(void **state) {
  (void)state;
  struct buf text, b;
  buf_init(&text, 0);
  buf_init(&b, 0);
  for (int i = 0; i < 3000; i++) {
    struct arena_mark m = arena_mark(&ta_arena);
    struct abi_value v, back;
    buf_clear(&text);
    buf_clear(&b);
    ta_random_type(&text, 0);
    struct abi_type t = ta_type(buf_cstr(&text));
    ta_random_value(&v, &t);
    assert_int_equal(abi_encode(&b, &t, &v), ERR_OK);
    assert_int_equal(b.len % 32, 0);
    assert_int_equal(abi_decode(&back, &ta_arena, &t, buf_slice(&b)), ERR_OK);
    ta_same(&t, &v, &back);
    arena_reset(&ta_arena, m);
  }
  buf_fini(&text);
  buf_fini(&b);
}

static int ta_fini(void **state) {
  (void)state;
  arena_fini(&ta_arena);
  return 0;
}

int main(void) {
  arena_init(&ta_arena, 1 << 16, 0);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(abi_parse_types_when_good_then_canonical),
      cmocka_unit_test(abi_parse_types_when_bad_then_says_where),
      cmocka_unit_test(abi_selector_when_documented_then_same),
      cmocka_unit_test(abi_decode_when_documented_then_values),
      cmocka_unit_test(abi_decode_when_data_is_bad_then_err),
      cmocka_unit_test(abi_decode_when_offsets_are_shared_then_limit),
      cmocka_unit_test(abi_encode_when_value_differs_from_type_then_err),
      cmocka_unit_test(abi_revert_reason_when_known_then_words),
      cmocka_unit_test(abi_encode_when_random_then_decodes_to_the_same),
  };
  return cmocka_run_group_tests_name("codec_abi", tests, NULL, ta_fini);
}
