/* hex.c - hexadecimal text.
**
** On x86-64 sixteen digits are made or read at a time with SSE2, which every
** such machine has; the table serves elsewhere and for the rest of a text.
** EIP-55: digit i of an address is upper case when digit i of the keccak-256
** of the 40 lower-case digits is 8 or more. */
#include "codec/hex.h"
#include "crypto/keccak.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static const char hex_digits[] = "0123456789abcdef";

/* The value of a digit, or -1. */
static inline int hex_digit(u8 c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#ifdef __SSE2__
static inline __m128i hex_nibbles_text(__m128i v) {
  __m128i letter = _mm_cmpgt_epi8(v, _mm_set1_epi8(9));
  v = _mm_add_epi8(v, _mm_set1_epi8('0'));
  return _mm_add_epi8(v, _mm_and_si128(letter, _mm_set1_epi8('a' - '9' - 1)));
}

static inline void hex_encode16(char *out, const u8 *p) {
  __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
  __m128i low = _mm_set1_epi8(15);
  __m128i hi = hex_nibbles_text(_mm_and_si128(_mm_srli_epi16(v, 4), low));
  __m128i lo = hex_nibbles_text(_mm_and_si128(v, low));
  _mm_storeu_si128((__m128i *)(void *)out, _mm_unpacklo_epi8(hi, lo));
  _mm_storeu_si128((__m128i *)(void *)(out + 16), _mm_unpackhi_epi8(hi, lo));
}

/* 16 digits to 8 bytes; false when one is none. */
static inline bool hex_decode16(u8 *out, const char *s) {
  __m128i c = _mm_loadu_si128((const __m128i *)(const void *)s);
  __m128i dec = _mm_sub_epi8(c, _mm_set1_epi8('0'));
  __m128i let = _mm_sub_epi8(_mm_or_si128(c, _mm_set1_epi8(0x20)),
                             _mm_set1_epi8('a'));
  /* unsigned x <= n as min(x, n) == x */
  __m128i is_dec = _mm_cmpeq_epi8(_mm_min_epu8(dec, _mm_set1_epi8(9)), dec);
  __m128i is_let = _mm_cmpeq_epi8(_mm_min_epu8(let, _mm_set1_epi8(5)), let);
  if (_mm_movemask_epi8(_mm_or_si128(is_dec, is_let)) != 0xffff) return false;
  let = _mm_add_epi8(let, _mm_set1_epi8(10));
  __m128i v = _mm_or_si128(_mm_and_si128(is_dec, dec),
                           _mm_andnot_si128(is_dec, let));
  v = _mm_or_si128(_mm_slli_epi16(v, 4), _mm_srli_epi16(v, 8));
  v = _mm_and_si128(v, _mm_set1_epi16(0xff));
  _mm_storel_epi64((__m128i *)(void *)out, _mm_packus_epi16(v, v));
  return true;
}
#endif

void hex_encode(char *out, const void *p, size_t len) {
  const u8 *in = p;
  size_t i = 0;
#ifdef __SSE2__
  for (; i + 16 <= len; i += 16) hex_encode16(out + 2 * i, in + i);
#endif
  for (; i < len; i++) {
    out[2 * i] = hex_digits[in[i] >> 4];
    out[2 * i + 1] = hex_digits[in[i] & 15];
  }
}

err hex_decode(u8 *out, const char *s, size_t len) {
  size_t i = 0;
  if (len % 2) return ERR_INPUT;
#ifdef __SSE2__
  for (; i + 16 <= len; i += 16)
    if (!hex_decode16(out + i / 2, s + i)) return ERR_INPUT;
#endif
  for (; i < len; i += 2) {
    int hi = hex_digit((u8)s[i]), lo = hex_digit((u8)s[i + 1]);
    if ((hi | lo) < 0) return ERR_INPUT;
    out[i / 2] = (u8)(hi << 4 | lo);
  }
  return ERR_OK;
}

void buf_put_hex(struct buf *b, slice s) {
  u8 *to = buf_room(b, 2 + 2 * s.len);
  if (UNLIKELY(!to)) return;
  to[0] = '0';
  to[1] = 'x';
  hex_encode((char *)to + 2, s.ptr, s.len);
  b->len += 2 + 2 * s.len;
}

void buf_put_quantity(struct buf *b, u64 v) {
  u256 t = u256_from(v);
  buf_put_quantity_u256(b, &t);
}

void buf_put_quantity_u256(struct buf *b, const u256 *v) {
  char t[67];
  u256_to_hex(t, v);
  buf_put_str(b, t);
}

/* Takes the 0x off. */
static err hex_body(slice *text) {
  if (text->len < 2 || text->ptr[0] != '0' || text->ptr[1] != 'x')
    return ERR_INPUT;
  *text = slice_of(text->ptr + 2, text->len - 2);
  return ERR_OK;
}

err hex_data(struct buf *out, slice text) {
  TRY(hex_body(&text));
  if (text.len % 2) return ERR_INPUT;
  if (!text.len) return ERR_OK;
  u8 *to = buf_room(out, text.len / 2);
  if (!to) return ERR_LIMIT;
  TRY(hex_decode(to, (const char *)text.ptr, text.len));
  out->len += text.len / 2;
  return ERR_OK;
}

err hex_fixed(void *out, size_t len, slice text) {
  TRY(hex_body(&text));
  if (text.len != 2 * len) return ERR_INPUT;
  return hex_decode(out, (const char *)text.ptr, text.len);
}

err hex_quantity_u256(u256 *out, slice text) {
  slice digits = text;
  TRY(hex_body(&digits));
  if (!digits.len || (digits.ptr[0] == '0' && digits.len > 1)) return ERR_INPUT;
  return u256_parse(out, (const char *)text.ptr, text.len);
}

err hex_quantity(u64 *out, slice text) {
  u256 v;
  TRY(hex_quantity_u256(&v, text));
  if (!u256_fits64(&v)) return ERR_RANGE;
  *out = v.w[0];
  return ERR_OK;
}

/*-------------------------------------------------------------- addresses */

void hex_addr(char out[43], const addr20 *a) {
  hash32 h;
  out[0] = '0';
  out[1] = 'x';
  hex_encode(out + 2, a->b, 20);
  crypto_keccak256(&h, out + 2, 40);
  for (u32 i = 0; i < 40; i++) {
    u32 nibble = i % 2 ? h.b[i / 2] & 15 : h.b[i / 2] >> 4;
    if (nibble >= 8 && out[2 + i] >= 'a') out[2 + i] -= 'a' - 'A';
  }
  out[42] = 0;
}

err hex_parse_addr(addr20 *out, slice text) {
  addr20 a;
  TRY(hex_fixed(a.b, 20, text));
  bool upper = false, lower = false;
  for (size_t i = 2; i < text.len; i++) {
    upper |= text.ptr[i] >= 'A' && text.ptr[i] <= 'F';
    lower |= text.ptr[i] >= 'a';
  }
  if (upper && lower) {
    char right[43];
    hex_addr(right, &a);
    if (memcmp(right, text.ptr, 42) != 0) return ERR_INPUT;
  }
  *out = a;
  return ERR_OK;
}
