/* mont.h - arithmetic modulo an odd number m of n 64-bit limbs, in Montgomery
** form, for the curve files of this folder.
**
** A number x is kept as x*R mod m with R = 2^(64n), least limb first, always
** reduced below m.  n0 is -1/m mod 2^64.  All functions inline with constant
** n and m, so that the compiler unrolls the limbs; a curve file wraps each in
** one real function.  spare says that m leaves the top bit of the top limb
** free, which saves a carry.
**
** Multiplication is the coarsely integrated operand scanning method (C. K. Koc,
** T. Acar, B. S. Kaliski, Analyzing and comparing Montgomery multiplication
** algorithms, 1996).  Results may be written over operands.  Comparisons and
** exponents take time that depends on the numbers: for public data only. */
#ifndef CRYPTO_MONT_H
#define CRYPTO_MONT_H
#include "base/base.h"

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

enum { MONT_LIMB_MAX = 6 };
#define MONT_INLINE static inline __attribute__((always_inline))
/* Before a function of a template that not every user needs. */
#define MONT_MAYBE __attribute__((unused))

/* *r = a + b + carry, returning the carry out; likewise the borrow. */
MONT_INLINE u8 mont_addc(u64 *r, u64 a, u64 b, u8 carry) {
#if defined(__x86_64__)
  unsigned long long t;
  carry = _addcarry_u64(carry, a, b, &t);
  *r = t;
  return carry;
#else
  u128 t = (u128)a + b + carry;
  *r = (u64)t;
  return (u8)(t >> 64);
#endif
}
MONT_INLINE u8 mont_subb(u64 *r, u64 a, u64 b, u8 borrow) {
#if defined(__x86_64__)
  unsigned long long t;
  borrow = _subborrow_u64(borrow, a, b, &t);
  *r = t;
  return borrow;
#else
  u128 t = (u128)a - b - borrow;
  *r = (u64)t;
  return (u8)(t >> 64 & 1);
#endif
}

/* r = t or t - m, whichever is below m; top is the limb above t. */
MONT_INLINE void mont_reduce(u64 *r, const u64 *t, u64 top, const u64 *m,
                             int n) {
  u64 s[MONT_LIMB_MAX];
  u8 borrow = 0;
  bool keep;
  _Pragma("GCC unroll 6") for (int i = 0; i < n; i++)
    borrow = mont_subb(&s[i], t[i], m[i], borrow);
  keep = borrow > top;
  _Pragma("GCC unroll 6") for (int i = 0; i < n; i++)
    r[i] = keep ? t[i] : s[i];
}

MONT_INLINE void mont_add(u64 *r, const u64 *a, const u64 *b, const u64 *m,
                          int n) {
  u64 t[MONT_LIMB_MAX];
  u8 carry = 0;
  _Pragma("GCC unroll 6") for (int i = 0; i < n; i++)
    carry = mont_addc(&t[i], a[i], b[i], carry);
  mont_reduce(r, t, carry, m, n);
}

MONT_INLINE void mont_sub(u64 *r, const u64 *a, const u64 *b, const u64 *m,
                          int n) {
  u64 mask;
  u8 borrow = 0, carry = 0;
  _Pragma("GCC unroll 6") for (int i = 0; i < n; i++)
    borrow = mont_subb(&r[i], a[i], b[i], borrow);
  mask = 0 - (u64)borrow;
  _Pragma("GCC unroll 6") for (int i = 0; i < n; i++)
    carry = mont_addc(&r[i], r[i], m[i] & mask, carry);
}

/* r = a/2: a or a + m, whichever is even.  m leaves the top bit free. */
MONT_INLINE void mont_half(u64 *r, const u64 *a, const u64 *m, int n) {
  u64 t[MONT_LIMB_MAX], mask = 0 - (a[0] & 1);
  u8 carry = 0;
  _Pragma("GCC unroll 6") for (int i = 0; i < n; i++)
    carry = mont_addc(&t[i], a[i], m[i] & mask, carry);
  _Pragma("GCC unroll 6") for (int i = 0; i < n - 1; i++)
    r[i] = t[i] >> 1 | t[i + 1] << 63;
  r[n - 1] = t[n - 1] >> 1;
}

MONT_INLINE void mont_mul(u64 *r, const u64 *a, const u64 *b, const u64 *m,
                          u64 n0, int n, bool spare) {
  u64 t[MONT_LIMB_MAX] = {0}, top = 0;
  _Pragma("GCC unroll 6") for (int i = 0; i < n; i++) {
    u128 x = (u128)a[0] * b[i] + t[0], y, z;
    u64 k = (u64)x * n0;
    y = (u128)k * m[0] + (u64)x;
    _Pragma("GCC unroll 6") for (int j = 1; j < n; j++) {
      x = (u128)a[j] * b[i] + t[j] + (u64)(x >> 64);
      y = (u128)k * m[j] + (u64)x + (u64)(y >> 64);
      t[j - 1] = (u64)y;
    }
    if (spare) {
      t[n - 1] = (u64)(x >> 64) + (u64)(y >> 64);
    } else {
      z = (u128)top + (u64)(x >> 64) + (u64)(y >> 64);
      t[n - 1] = (u64)z;
      top = (u64)(z >> 64);
    }
  }
  mont_reduce(r, t, top, m, n);
}

/* r = a*b + c*d with one reduction.  Needs 3m < 2^(64n); operands may be m
** itself. */
MONT_INLINE void mont_mul2(u64 *r, const u64 *a, const u64 *b, const u64 *c,
                           const u64 *d, const u64 *m, u64 n0, int n) {
  u64 t[MONT_LIMB_MAX] = {0};
  _Pragma("GCC unroll 6") for (int i = 0; i < n; i++) {
    u128 x = (u128)a[0] * b[i] + t[0];
    u128 y = (u128)c[0] * d[i] + (u64)x, z;
    u64 k = (u64)y * n0;
    z = (u128)k * m[0] + (u64)y;
    _Pragma("GCC unroll 6") for (int j = 1; j < n; j++) {
      x = (u128)a[j] * b[i] + t[j] + (u64)(x >> 64);
      y = (u128)c[j] * d[i] + (u64)x + (u64)(y >> 64);
      z = (u128)k * m[j] + (u64)y + (u64)(z >> 64);
      t[j - 1] = (u64)z;
    }
    t[n - 1] = (u64)(x >> 64) + (u64)(y >> 64) + (u64)(z >> 64);
  }
  mont_reduce(r, t, 0, m, n);
}

MONT_INLINE bool mont_is_zero(const u64 *a, int n) {
  u64 any = 0;
  /* Told by one limb nearly always, and without a wide load of what narrow
  ** stores have just written. */
  if (LIKELY(a[0])) return false;
  for (int i = 0; i < n; i++) any |= a[i];
  return any == 0;
}
MONT_INLINE bool mont_eq(const u64 *a, const u64 *b, int n) {
  u64 any = 0;
  for (int i = 0; i < n; i++) any |= a[i] ^ b[i];
  return any == 0;
}
MONT_INLINE bool mont_less(const u64 *a, const u64 *b, int n) {
  for (int i = n - 1; i >= 0; i--)
    if (a[i] != b[i]) return a[i] < b[i];
  return false;
}

/* Plain limbs from and to 8n bytes, big-endian. */
MONT_INLINE void mont_load(u64 *r, const u8 *be, int n) {
  for (int i = 0; i < n; i++) r[i] = load_be64(be + 8 * (n - 1 - i));
}
MONT_INLINE void mont_store(u8 *be, const u64 *a, int n) {
  for (int i = 0; i < n; i++) store_be64(be + 8 * (n - 1 - i), a[i]);
}

typedef int16_t mont_digit;
/* Signed digits of a plain k of n limbs, least first: each zero or odd and
** below 2^(w-1) in size, no two of w neighbours nonzero.  Room for
** 64n + 1 digits; returns how many count. */
static inline int mont_wnaf(mont_digit *digit, const u64 *k, int n, int w) {
  int carry = 0, last = 0, pos = 0;
  memset(digit, 0, (64 * (size_t)n + 1) * sizeof *digit);
  for (;;) {
    int at = pos / 64, off = pos % 64, skip, d;
    u64 bits = at < n ? k[at] >> off : 0, change;
    if (off && at + 1 < n) bits |= k[at + 1] << (64 - off);
    change = bits ^ (0 - (u64)carry);
    if (change & 1) {
      d = (int)(bits & ((1u << w) - 1)) + carry;
      carry = d >> (w - 1) & 1;
      digit[pos] = (mont_digit)(d - (carry << w));
      last = pos + 1;
      pos += w;
      continue;
    }
    /* On to the next bit that is not the carry. */
    skip = change ? __builtin_ctzll(change) : 64;
    pos += skip;
    if (pos > 64 * n) return last;
  }
}
#endif
