/* test_codec_hex.c - hexadecimal text, JSON-RPC forms, EIP-55. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "codec/hex.h"

static void hex_any_when_all_lengths_then_as_printf(void **state) {
  (void)state;
  u8 data[100], back[100];
  char got[201], want[201], upper[201];
  for (size_t len = 0; len <= sizeof(data); len++) {
    for (size_t i = 0; i < len; i++) data[i] = (u8)(i * 41 + len * 13);
    for (size_t i = 0; i < len; i++) {
      snprintf(want + 2 * i, 3, "%02x", data[i]);
      snprintf(upper + 2 * i, 3, "%02X", data[i]);
    }
    hex_encode(got, data, len);
    assert_memory_equal(got, want, 2 * len);
    assert_int_equal(hex_decode(back, want, 2 * len), ERR_OK);
    assert_memory_equal(back, data, len);
    memset(back, 0, sizeof(back));
    assert_int_equal(hex_decode(back, upper, 2 * len), ERR_OK);
    assert_memory_equal(back, data, len);
  }
}

/* Every byte at every place: only 22 letters are digits. */
static void hex_decode_when_one_letter_is_wrong_then_err(void **state) {
  (void)state;
  char text[48];
  u8 out[24];
  for (size_t at = 0; at < sizeof(text); at++) {
    memset(text, '7', sizeof(text));
    for (int c = 0; c < 256; c++) {
      bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                   (c >= 'A' && c <= 'F');
      text[at] = (char)c;
      assert_int_equal(hex_decode(out, text, sizeof(text)),
                       digit ? ERR_OK : ERR_INPUT);
      if (digit) {
        int v = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        assert_int_equal(out[at / 2], at % 2 ? 0x70 | v : v << 4 | 7);
      }
    }
  }
  assert_int_equal(hex_decode(out, text, 3), ERR_INPUT);
}

static void hex_forms_when_given_then_as_json_rpc(void **state) {
  (void)state;
  static const struct {
    const char *text;
    err data, quantity, quantity_u256;
    u64 value;
  } rows[] = {
      {"0x", ERR_OK, ERR_INPUT, ERR_INPUT, 0},
      {"", ERR_INPUT, ERR_INPUT, ERR_INPUT, 0},
      {"0", ERR_INPUT, ERR_INPUT, ERR_INPUT, 0},
      {"0X12", ERR_INPUT, ERR_INPUT, ERR_INPUT, 0},
      {"12", ERR_INPUT, ERR_INPUT, ERR_INPUT, 0},
      {"0x0", ERR_INPUT, ERR_OK, ERR_OK, 0},
      {"0x00", ERR_OK, ERR_INPUT, ERR_INPUT, 0},
      {"0x01", ERR_OK, ERR_INPUT, ERR_INPUT, 0},
      {"0x1f", ERR_OK, ERR_OK, ERR_OK, 31},
      {"0xABC", ERR_INPUT, ERR_OK, ERR_OK, 0xabc},
      {"0x1g", ERR_INPUT, ERR_INPUT, ERR_INPUT, 0},
      {"0x-1", ERR_INPUT, ERR_INPUT, ERR_INPUT, 0},
      {"0xffffffffffffffff", ERR_OK, ERR_OK, ERR_OK, ~(u64)0},
      {"0x10000000000000000", ERR_INPUT, ERR_RANGE, ERR_OK, 0},
      {"0x10000000000000000000000000000000000000000000000000000000000000000",
       ERR_INPUT, ERR_RANGE, ERR_RANGE, 0}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct buf b;
    u64 v;
    u256 w;
    slice t = slice_str(rows[i].text);
    buf_init(&b, 0);
    assert_int_equal(hex_data(&b, t), rows[i].data);
    if (rows[i].data == ERR_OK) {
      struct buf back;
      buf_init(&back, 0);
      buf_put_hex(&back, buf_slice(&b));
      assert_string_equal(buf_cstr(&back), rows[i].text);
      buf_fini(&back);
    } else {
      assert_int_equal(b.len, 0);
    }
    assert_int_equal(hex_quantity(&v, t), rows[i].quantity);
    if (rows[i].quantity == ERR_OK) assert_int_equal(v, rows[i].value);
    assert_int_equal(hex_quantity_u256(&w, t), rows[i].quantity_u256);
    buf_fini(&b);
  }
}

static void hex_data_when_buf_is_over_then_limit(void **state) {
  (void)state;
  struct buf b;
  buf_init(&b, 2);
  assert_int_equal(hex_data(&b, slice_str("0x010203")), ERR_LIMIT);
  buf_clear(&b);
  assert_int_equal(hex_data(&b, slice_str("0x0102")), ERR_OK);
  buf_fini(&b);
}

static void hex_fixed_when_length_differs_then_err(void **state) {
  (void)state;
  u8 out[3];
  assert_int_equal(hex_fixed(out, 3, slice_str("0x010203")), ERR_OK);
  assert_int_equal(out[2], 3);
  assert_int_equal(hex_fixed(out, 3, slice_str("0x0102")), ERR_INPUT);
  assert_int_equal(hex_fixed(out, 3, slice_str("0x01020304")), ERR_INPUT);
  assert_int_equal(hex_fixed(out, 3, slice_str("01020304")), ERR_INPUT);
}

static void buf_put_quantity_when_edges_then_text(void **state) {
  (void)state;
  struct buf b;
  u256 big = {{0, 0, 0, 1}};
  buf_init(&b, 0);
  buf_put_quantity(&b, 0);
  buf_put_quantity(&b, 0x1f);
  buf_put_quantity(&b, ~(u64)0);
  buf_put_quantity_u256(&b, &big);
  assert_string_equal(buf_cstr(&b),
                      "0x00x1f0xffffffffffffffff0x1000000000000000000000000000"
                      "000000000000000000000");
  buf_fini(&b);
}

static void hex_parse_addr_when_checksum_is_wrong_then_err(void **state) {
  (void)state;
  static const char right[] = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
  addr20 a, b;
  char text[43];
  assert_int_equal(hex_parse_addr(&a, slice_str(right)), ERR_OK);
  hex_addr(text, &a);
  assert_string_equal(text, right);
  for (size_t i = 2; i < 42; i++) {
    memcpy(text, right, 43);
    if (text[i] < 'A') continue;
    text[i] ^= 0x20;
    assert_int_equal(hex_parse_addr(&b, slice_str(text)), ERR_INPUT);
  }
  for (size_t i = 2; i < 42; i++)
    text[i] = right[i] < 'A' ? right[i] : (char)(right[i] | 0x20);
  assert_int_equal(hex_parse_addr(&b, slice_str(text)), ERR_OK);
  assert_true(addr20_eq(&a, &b));
  for (size_t i = 2; i < 42; i++)
    text[i] = right[i] < 'A' ? right[i] : (char)(right[i] & ~0x20);
  assert_int_equal(hex_parse_addr(&b, slice_str(text)), ERR_OK);
  assert_true(addr20_eq(&a, &b));
  assert_int_equal(hex_parse_addr(&b, slice_of(right, 41)), ERR_INPUT);
  assert_int_equal(hex_parse_addr(&b, slice_of(right + 2, 40)), ERR_INPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hex_any_when_all_lengths_then_as_printf),
      cmocka_unit_test(hex_decode_when_one_letter_is_wrong_then_err),
      cmocka_unit_test(hex_forms_when_given_then_as_json_rpc),
      cmocka_unit_test(hex_data_when_buf_is_over_then_limit),
      cmocka_unit_test(hex_fixed_when_length_differs_then_err),
      cmocka_unit_test(buf_put_quantity_when_edges_then_text),
      cmocka_unit_test(hex_parse_addr_when_checksum_is_wrong_then_err),
  };
  return cmocka_run_group_tests_name("codec_hex", tests, NULL, NULL);
}
