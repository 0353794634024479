/* test_codec_rlp.c - RLP: what is written reads back; what is not shortest
** form is refused; a failed read changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/limits.h"
#include "codec/hex.h"
#include "codec/rlp.h"

static void rlp_put_str_when_any_length_then_reads_back(void **state) {
  (void)state;
  static u8 data[70000];
  static const size_t lens[] = {0, 1, 2, 55, 56, 57, 255, 256, 257, 65535, 65536};
  struct buf b;
  for (size_t i = 0; i < sizeof(data); i++) data[i] = (u8)(i * 7 + 200);
  buf_init(&b, 0);
  for (size_t i = 0; i < ARRAY_LEN(lens); i++) {
    slice in, s;
    u8 head[9];
    buf_clear(&b);
    rlp_put_str(&b, data, lens[i]);
    assert_int_equal(b.len, rlp_str_len(data, lens[i]));
    if (lens[i] != 1) {
      u32 n = rlp_prefix(head, lens[i], false);
      assert_memory_equal(b.ptr, head, n);
      assert_int_equal(b.len, n + lens[i]);
    }
    in = buf_slice(&b);
    assert_int_equal(rlp_read_str(&in, &s), ERR_OK);
    assert_true(slice_eq(s, slice_of(data, lens[i])));
    assert_int_equal(rlp_end(in), ERR_OK);
    for (size_t cut = 0; cut < b.len; cut += 1 + b.len / 50) {
      slice part = slice_of(b.ptr, cut), was = part;
      assert_int_equal(rlp_read_str(&part, &s), ERR_INPUT);
      assert_true(part.ptr == was.ptr && part.len == was.len);
    }
  }
  buf_fini(&b);
}

static void rlp_read_str_when_one_byte_then_only_one_form(void **state) {
  (void)state;
  for (u32 v = 0; v < 256; v++) {
    u8 plain = (u8)v, prefixed[2] = {0x81, (u8)v};
    slice in = slice_of(&plain, 1), s;
    assert_int_equal(rlp_read_str(&in, &s),
                     v < 0x80 || v == 0x80 ? ERR_OK : ERR_INPUT);
    in = slice_of(prefixed, 2);
    assert_int_equal(rlp_read_str(&in, &s), v < 0x80 ? ERR_INPUT : ERR_OK);
  }
}

static void rlp_list_when_sizes_and_nesting_vary_then_reads_back(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 0);
  for (u32 cnt = 0; cnt < 400; cnt += cnt < 70 ? 1 : 37) {
    slice in, items, inner;
    u64 v;
    u32 n;
    buf_clear(&b);
    buf_put_u8(&b, 0x05); /* something before the list */
    size_t at = rlp_list_open(&b);
    for (u64 i = 0; i < cnt; i++) rlp_put_u64(&b, i * 3);
    size_t at2 = rlp_list_open(&b);
    for (u64 i = 0; i < cnt; i++) rlp_put_u64(&b, i);
    rlp_list_close(&b, at2);
    rlp_list_close(&b, at);
    in = slice_of(b.ptr + 1, b.len - 1);
    assert_int_equal(b.ptr[0], 5);
    assert_int_equal(rlp_validate(in, 2), ERR_OK);
    assert_int_equal(rlp_validate(in, 1), ERR_LIMIT);
    assert_int_equal(rlp_read_list(&in, &items), ERR_OK);
    assert_int_equal(rlp_end(in), ERR_OK);
    assert_int_equal(rlp_count(items, &n), ERR_OK);
    assert_int_equal(n, cnt + 1);
    for (u64 i = 0; i < cnt; i++) {
      assert_int_equal(rlp_read_u64(&items, &v), ERR_OK);
      assert_int_equal(v, i * 3);
    }
    assert_int_equal(rlp_read_u64(&items, &v), ERR_INPUT); /* a list */
    assert_int_equal(rlp_read_list(&items, &inner), ERR_OK);
    assert_int_equal(rlp_count(inner, &n), ERR_OK);
    assert_int_equal(n, cnt);
    assert_int_equal(rlp_end(inner), cnt ? ERR_INPUT : ERR_OK);
  }
  buf_fini(&b);
}

static void rlp_u256_when_edges_then_reads_back(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 0);
  u256 one = u256_from(1), v, back;
  u64 small;
  for (u32 n = 0; n <= 256; n++)
    for (int less = 0; less < 2; less++) {
      slice in;
      u256_shl(&v, &one, n); /* 2^n, and 2^n - 1; 2^256 is 0 */
      if (less) (void)u256_sub(&v, &v, &one);
      buf_clear(&b);
      rlp_put_u256(&b, &v);
      in = buf_slice(&b);
      assert_int_equal(rlp_read_u256(&in, &back), ERR_OK);
      assert_true(u256_eq(&v, &back));
      in = buf_slice(&b);
      err want = u256_fits64(&v) ? ERR_OK : ERR_RANGE;
      assert_int_equal(rlp_read_u64(&in, &small), want);
      if (want == ERR_OK) assert_int_equal(small, v.w[0]);
      else assert_ptr_equal(in.ptr, b.ptr);
    }
  buf_fini(&b);
}

static void rlp_read_when_malformed_then_err(void **state) {
  (void)state;
  static const struct {
    const char *hex;
    err str, u64_, u256_, list;
  } rows[] = {
      {"", ERR_INPUT, ERR_INPUT, ERR_INPUT, ERR_INPUT},
      {"00", ERR_OK, ERR_INPUT, ERR_INPUT, ERR_INPUT},
      {"80", ERR_OK, ERR_OK, ERR_OK, ERR_INPUT},
      {"820001", ERR_OK, ERR_INPUT, ERR_INPUT, ERR_INPUT},
      {"88ffffffffffffffff", ERR_OK, ERR_OK, ERR_OK, ERR_INPUT},
      {"89010000000000000000", ERR_OK, ERR_RANGE, ERR_OK, ERR_INPUT},
      {"89000000000000000001", ERR_OK, ERR_INPUT, ERR_INPUT, ERR_INPUT},
      {"a1010000000000000000000000000000000000000000000000000000000000000000",
       ERR_OK, ERR_RANGE, ERR_RANGE, ERR_INPUT},
      {"c0", ERR_INPUT, ERR_INPUT, ERR_INPUT, ERR_OK},
      {"c100", ERR_INPUT, ERR_INPUT, ERR_INPUT, ERR_OK},
      {"b7", ERR_INPUT, ERR_INPUT, ERR_INPUT, ERR_INPUT},
      {"b8", ERR_INPUT, ERR_INPUT, ERR_INPUT, ERR_INPUT},
      {"b90038", ERR_INPUT, ERR_INPUT, ERR_INPUT, ERR_INPUT},
      {"bfffffffffffffffff", ERR_INPUT, ERR_INPUT, ERR_INPUT, ERR_INPUT},
      {"bfffffffffffffffffaa", ERR_INPUT, ERR_INPUT, ERR_INPUT, ERR_INPUT},
      {"bffffffffffffffff7aa", ERR_INPUT, ERR_INPUT, ERR_INPUT, ERR_INPUT},
      {"ffffffffffffffffffaa", ERR_INPUT, ERR_INPUT, ERR_INPUT, ERR_INPUT},
      {"f800", ERR_INPUT, ERR_INPUT, ERR_INPUT, ERR_INPUT},
      {"c2", ERR_INPUT, ERR_INPUT, ERR_INPUT, ERR_INPUT}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    u8 raw[64], fixed[2];
    u64 v;
    u256 w;
    size_t len = strlen(rows[i].hex);
    slice s, in;
    assert_int_equal(hex_decode(raw, rows[i].hex, len), ERR_OK);
    in = slice_of(raw, len / 2);
    assert_int_equal(rlp_read_str(&in, &s), rows[i].str);
    in = slice_of(raw, len / 2);
    assert_int_equal(rlp_read_u64(&in, &v), rows[i].u64_);
    in = slice_of(raw, len / 2);
    assert_int_equal(rlp_read_u256(&in, &w), rows[i].u256_);
    in = slice_of(raw, len / 2);
    assert_int_equal(rlp_read_list(&in, &s), rows[i].list);
    in = slice_of(raw, len / 2);
    assert_int_equal(rlp_read_fixed(&in, fixed, 2),
                     strcmp(rows[i].hex, "820001") == 0 ? ERR_OK : ERR_INPUT);
  }
}

static void rlp_validate_when_inner_item_is_bad_then_err(void **state) {
  (void)state;
  u8 inner[] = {0xc4, 0xc3, 0x82, 0x01, 0x02, 0x00};
  assert_int_equal(rlp_validate(slice_of(inner, 5), 2), ERR_OK);
  assert_int_equal(rlp_validate(slice_of(inner, 6), 2), ERR_INPUT);
  inner[2] = 0x83; /* runs over its list's end */
  assert_int_equal(rlp_validate(slice_of(inner, 5), 2), ERR_INPUT);
}

static void rlp_validate_when_nested_to_the_limit_then_depth_counts(
    void **state) {
  (void)state;
  struct buf b;
  size_t at[LIMIT_RLP_DEPTH];
  buf_init(&b, 0);
  for (u32 i = 0; i < LIMIT_RLP_DEPTH; i++) at[i] = rlp_list_open(&b);
  for (u32 i = LIMIT_RLP_DEPTH; i-- > 0;) rlp_list_close(&b, at[i]);
  assert_int_equal(rlp_validate(buf_slice(&b), LIMIT_RLP_DEPTH), ERR_OK);
  assert_int_equal(rlp_validate(buf_slice(&b), LIMIT_RLP_DEPTH - 1), ERR_LIMIT);
  buf_fini(&b);
}

static void rlp_put_when_buf_is_over_then_nothing_breaks(void **state) {
  (void)state;
  for (size_t max = 1; max < 90; max++) {
    struct buf b;
    buf_init(&b, max);
    size_t at = rlp_list_open(&b);
    for (u64 i = 0; i < 20; i++) rlp_put_u64(&b, 1000);
    rlp_put_str(&b, "a string of some length, to cross 55 bytes", 24);
    rlp_list_close(&b, at);
    assert_true(b.len <= max);
    assert_int_equal(b.over, max < 2 + 60 + 25);
    buf_fini(&b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rlp_put_str_when_any_length_then_reads_back),
      cmocka_unit_test(rlp_read_str_when_one_byte_then_only_one_form),
      cmocka_unit_test(rlp_list_when_sizes_and_nesting_vary_then_reads_back),
      cmocka_unit_test(rlp_u256_when_edges_then_reads_back),
      cmocka_unit_test(rlp_read_when_malformed_then_err),
      cmocka_unit_test(rlp_validate_when_inner_item_is_bad_then_err),
      cmocka_unit_test(rlp_validate_when_nested_to_the_limit_then_depth_counts),
      cmocka_unit_test(rlp_put_when_buf_is_over_then_nothing_breaks),
  };
  return cmocka_run_group_tests_name("codec_rlp", tests, NULL, NULL);
}
