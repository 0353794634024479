/* u256.h - unsigned 256-bit integers, four 64-bit limbs, least first.
** All arithmetic is modulo 2^256 unless a function says otherwise. */
#ifndef BASE_U256_H
#define BASE_U256_H
#include "base/base.h"

typedef struct u256 {
  u64 w[4];
} u256;

#define U256_ZERO ((u256){{0, 0, 0, 0}})
static inline u256 u256_from(u64 v) { return (u256){{v, 0, 0, 0}}; }
static inline bool u256_is_zero(const u256 *a) {
  return (a->w[0] | a->w[1] | a->w[2] | a->w[3]) == 0;
}
static inline bool u256_eq(const u256 *a, const u256 *b) {
  return ((a->w[0] ^ b->w[0]) | (a->w[1] ^ b->w[1]) | (a->w[2] ^ b->w[2]) |
          (a->w[3] ^ b->w[3])) == 0;
}
static inline bool u256_fits64(const u256 *a) {
  return (a->w[1] | a->w[2] | a->w[3]) == 0;
}
static inline bool u256_lt(const u256 *a, const u256 *b) {
  unsigned long long t;
  bool c = __builtin_usubll_overflow(a->w[0], b->w[0], &t);
  for (int i = 1; i < 4; i++) {
    bool c1 = __builtin_usubll_overflow(a->w[i], b->w[i], &t);
    bool c2 = __builtin_usubll_overflow(t, (u64)c, &t);
    c = c1 | c2;
  }
  return c;
}
static inline int u256_cmp(const u256 *a, const u256 *b) {
  return u256_eq(a, b) ? 0 : u256_lt(a, b) ? -1 : 1;
}
/* *out = a + b, returns the carry.  out may alias. */
static inline bool u256_add(u256 *out, const u256 *a, const u256 *b) {
  u128 c = 0;
  for (int i = 0; i < 4; i++) {
    c += (u128)a->w[i] + b->w[i];
    out->w[i] = (u64)c;
    c >>= 64;
  }
  return (bool)c;
}
/* *out = a - b, returns the borrow.  out may alias. */
static inline bool u256_sub(u256 *out, const u256 *a, const u256 *b) {
  u64 br = 0;
  for (int i = 0; i < 4; i++) {
    u128 t = (u128)a->w[i] - b->w[i] - br;
    out->w[i] = (u64)t;
    br = (u64)(t >> 64) & 1;
  }
  return br != 0;
}
void u256_mul(u256 *out, const u256 *a, const u256 *b);
/* Returns true when the product does not fit 256 bits. */
bool u256_mul_over(u256 *out, const u256 *a, const u256 *b) MUST_USE;
/* Quotient and remainder; division by zero gives 0 and 0 (EVM).  q or r may
** be NULL; both may alias a or b. */
void u256_divmod(u256 *q, u256 *r, const u256 *a, const u256 *b);
void u256_sdiv(u256 *out, const u256 *a, const u256 *b);
void u256_smod(u256 *out, const u256 *a, const u256 *b);
/* (a + b) mod m and (a * b) mod m over the full sum and product; m 0 -> 0. */
void u256_addmod(u256 *out, const u256 *a, const u256 *b, const u256 *m);
void u256_mulmod(u256 *out, const u256 *a, const u256 *b, const u256 *m);
void u256_exp(u256 *out, const u256 *base, const u256 *exponent);
/* Shifts by 256 or more give 0 (sar: the sign). */
void u256_shl(u256 *out, const u256 *a, u64 n);
void u256_shr(u256 *out, const u256 *a, u64 n);
void u256_sar(u256 *out, const u256 *a, u64 n);
u32 u256_bits(const u256 *a);  /* position of the top set bit + 1; 0 for 0 */
static inline u32 u256_bytes(const u256 *a) { return (u256_bits(a) + 7) / 8; }

/* 32 big-endian bytes. */
static inline void u256_to_be(u8 out[32], const u256 *a) {
  for (int i = 0; i < 4; i++) store_be64(out + 8 * i, a->w[3 - i]);
}
static inline void u256_from_be(u256 *out, const u8 in[32]) {
  for (int i = 0; i < 4; i++) out->w[3 - i] = load_be64(in + 8 * i);
}
/* Up to 32 big-endian bytes, left-padded with zeros. */
void u256_from_be_len(u256 *out, const u8 *in, size_t len);
static inline void u256_from_addr(u256 *out, const addr20 *a) {
  u256_from_be_len(out, a->b, 20);
}
static inline void u256_to_addr(addr20 *out, const u256 *a) {
  u8 t[32];
  u256_to_be(t, a);
  memcpy(out->b, t + 12, 20);
}
static inline hash32 u256_hash32(const u256 *a) {
  hash32 h;
  u256_to_be(h.b, a);
  return h;
}
/* Text.  Decimal or 0x-hex, no sign, nothing after it; ERR_INPUT on anything
** else, ERR_RANGE over 256 bits. */
err u256_parse(u256 *out, const char *s, size_t len) MUST_USE;
void u256_to_dec(char out[80], const u256 *a);
void u256_to_hex(char out[67], const u256 *a); /* "0x1f", zero is "0x0" */
#endif
