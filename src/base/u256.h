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
/* a + b + *carry and a - b - *carry, the carry (0 or 1) left in *carry.
** Compilers do not find the carry chain in portable C, hence the builtins. */
static inline u64 u256_adc(u64 a, u64 b, u8 *carry) {
  unsigned long long r;
#if defined(__x86_64__)
  *carry = __builtin_ia32_addcarryx_u64(*carry, a, b, &r);
#else
  bool c1 = __builtin_uaddll_overflow(a, b, &r);
  bool c2 = __builtin_uaddll_overflow(r, *carry, &r);
  *carry = c1 | c2;
#endif
  return r;
}
static inline u64 u256_sbb(u64 a, u64 b, u8 *carry) {
  unsigned long long r;
#if defined(__x86_64__) && defined(__clang__)
  *carry = __builtin_ia32_subborrow_u64(*carry, a, b, &r);
#elif defined(__x86_64__)
  *carry = __builtin_ia32_sbb_u64(*carry, a, b, &r);
#else
  bool c1 = __builtin_usubll_overflow(a, b, &r);
  bool c2 = __builtin_usubll_overflow(r, *carry, &r);
  *carry = c1 | c2;
#endif
  return r;
}
static inline bool u256_lt(const u256 *a, const u256 *b) {
  u8 c = 0;
  (void)u256_sbb(a->w[0], b->w[0], &c);
  (void)u256_sbb(a->w[1], b->w[1], &c);
  (void)u256_sbb(a->w[2], b->w[2], &c);
  (void)u256_sbb(a->w[3], b->w[3], &c);
  return c;
}
static inline int u256_cmp(const u256 *a, const u256 *b) {
  return u256_eq(a, b) ? 0 : u256_lt(a, b) ? -1 : 1;
}
/* *out = a + b, returns the carry.  out may alias. */
static inline bool u256_add(u256 *out, const u256 *a, const u256 *b) {
  u8 c = 0;
  u64 r0 = u256_adc(a->w[0], b->w[0], &c), r1 = u256_adc(a->w[1], b->w[1], &c);
  u64 r2 = u256_adc(a->w[2], b->w[2], &c), r3 = u256_adc(a->w[3], b->w[3], &c);
  *out = (u256){{r0, r1, r2, r3}};
  return c;
}
/* *out = a - b, returns the borrow.  out may alias. */
static inline bool u256_sub(u256 *out, const u256 *a, const u256 *b) {
  u8 c = 0;
  u64 r0 = u256_sbb(a->w[0], b->w[0], &c), r1 = u256_sbb(a->w[1], b->w[1], &c);
  u64 r2 = u256_sbb(a->w[2], b->w[2], &c), r3 = u256_sbb(a->w[3], b->w[3], &c);
  *out = (u256){{r0, r1, r2, r3}};
  return c;
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
/* floor(a * b / d) over the full product, and the remainder (r may be NULL);
** false when it does not fit 256 bits, also for d 0. */
bool u256_muldiv(u256 *q, u256 *r, const u256 *a, const u256 *b,
                 const u256 *d) MUST_USE;
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
