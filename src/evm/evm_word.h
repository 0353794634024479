/* evm_word.h - the machine's 256-bit words, written for the loop.
**
** The same results as base/u256.h, but inline and limb by limb: a word that
** was just written as four 64-bit limbs must not be read again as 128-bit
** vectors, because the CPU can forward a store only to a load that it covers
** (the penalty is some 15 cycles, more than the whole opcode).  WORD_KEEP
** holds a limb in a general register and so keeps the compiler from joining
** neighbours. */
#ifndef EVM_WORD_H
#define EVM_WORD_H
#include "base/u256.h"

#if defined(__x86_64__)
#define WORD_KEEP(x) __asm__("" : "+r"(x))
#else
#define WORD_KEEP(x) ((void)0)
#endif

static inline void word_put(u256 *out, u64 w0, u64 w1, u64 w2, u64 w3) {
  WORD_KEEP(w0);
  WORD_KEEP(w1);
  WORD_KEEP(w2);
  WORD_KEEP(w3);
  out->w[0] = w0;
  out->w[1] = w1;
  out->w[2] = w2;
  out->w[3] = w3;
}
static inline void word_copy(u256 *out, const u256 *a) {
  word_put(out, a->w[0], a->w[1], a->w[2], a->w[3]);
}
static inline void word_swap(u256 *a, u256 *b) {
  u64 a0 = a->w[0], a1 = a->w[1], a2 = a->w[2], a3 = a->w[3];
  u64 b0 = b->w[0], b1 = b->w[1], b2 = b->w[2], b3 = b->w[3];
  word_put(a, b0, b1, b2, b3);
  word_put(b, a0, a1, a2, a3);
}
static inline void word_from(u256 *out, u64 v) { word_put(out, v, 0, 0, 0); }
/* The bits of the three upper limbs together. */
static inline u64 word_high(const u256 *a) {
  return a->w[1] | a->w[2] | a->w[3];
}

static inline void word_add(u256 *out, const u256 *a, const u256 *b) {
  u64 w0 = a->w[0], w1 = a->w[1], w2 = a->w[2], w3 = a->w[3];
#if defined(__x86_64__)
  __asm__("addq %4, %0\n\tadcq %5, %1\n\tadcq %6, %2\n\tadcq %7, %3"
          : "+&r"(w0), "+&r"(w1), "+&r"(w2), "+&r"(w3)
          : "m"(b->w[0]), "m"(b->w[1]), "m"(b->w[2]), "m"(b->w[3]) : "cc");
#else
  u256 sum;
  u256_add(&sum, a, b);
  w0 = sum.w[0], w1 = sum.w[1], w2 = sum.w[2], w3 = sum.w[3];
#endif
  word_put(out, w0, w1, w2, w3);
}
static inline void word_sub(u256 *out, const u256 *a, const u256 *b) {
  u64 w0 = a->w[0], w1 = a->w[1], w2 = a->w[2], w3 = a->w[3];
#if defined(__x86_64__)
  __asm__("subq %4, %0\n\tsbbq %5, %1\n\tsbbq %6, %2\n\tsbbq %7, %3"
          : "+&r"(w0), "+&r"(w1), "+&r"(w2), "+&r"(w3)
          : "m"(b->w[0]), "m"(b->w[1]), "m"(b->w[2]), "m"(b->w[3]) : "cc");
#else
  u256 diff;
  u256_sub(&diff, a, b);
  w0 = diff.w[0], w1 = diff.w[1], w2 = diff.w[2], w3 = diff.w[3];
#endif
  word_put(out, w0, w1, w2, w3);
}
static inline void word_add_u64(u256 *out, const u256 *a, u64 b) {
  u64 w0 = a->w[0], w1 = a->w[1], w2 = a->w[2], w3 = a->w[3];
#if defined(__x86_64__)
  __asm__("addq %4, %0\n\tadcq $0, %1\n\tadcq $0, %2\n\tadcq $0, %3"
          : "+&r"(w0), "+&r"(w1), "+&r"(w2), "+&r"(w3) : "r"(b) : "cc");
#else
  w0 += b;
  w1 += w0 < b;
  w2 += w0 < b && w1 == 0;
  w3 += w0 < b && (w1 | w2) == 0;
#endif
  word_put(out, w0, w1, w2, w3);
}
static inline void word_sub_u64(u256 *out, const u256 *a, u64 b) {
  u64 w0 = a->w[0], w1 = a->w[1], w2 = a->w[2], w3 = a->w[3];
#if defined(__x86_64__)
  __asm__("subq %4, %0\n\tsbbq $0, %1\n\tsbbq $0, %2\n\tsbbq $0, %3"
          : "+&r"(w0), "+&r"(w1), "+&r"(w2), "+&r"(w3) : "r"(b) : "cc");
#else
  bool k = w0 < b;
  w0 -= b;
  w3 -= k && (w1 | w2) == 0;
  w2 -= k && w1 == 0;
  w1 -= k;
#endif
  word_put(out, w0, w1, w2, w3);
}
/* a < b */
static inline bool word_lt(const u256 *a, const u256 *b) {
#if defined(__x86_64__)
  u64 t = a->w[0], u = a->w[1], v = a->w[2], w = a->w[3];
  bool less;
  __asm__("cmpq %5, %1\n\tsbbq %6, %2\n\tsbbq %7, %3\n\tsbbq %8, %4"
          : "=@ccc"(less), "+&r"(t), "+&r"(u), "+&r"(v), "+&r"(w)
          : "m"(b->w[0]), "m"(b->w[1]), "m"(b->w[2]), "m"(b->w[3]));
  return less;
#else
  return u256_lt(a, b);
#endif
}
/* a < b, two's complement */
static inline bool word_slt(const u256 *a, const u256 *b) {
  i64 x = (i64)a->w[3], y = (i64)b->w[3];
  return x != y ? x < y : word_lt(a, b);
}
static inline bool word_eq(const u256 *a, const u256 *b) {
  return u256_eq(a, b);
}
static inline bool word_is_zero(const u256 *a) { return u256_is_zero(a); }

static inline void word_and(u256 *out, const u256 *a, const u256 *b) {
  word_put(out, a->w[0] & b->w[0], a->w[1] & b->w[1], a->w[2] & b->w[2],
           a->w[3] & b->w[3]);
}
static inline void word_or(u256 *out, const u256 *a, const u256 *b) {
  word_put(out, a->w[0] | b->w[0], a->w[1] | b->w[1], a->w[2] | b->w[2],
           a->w[3] | b->w[3]);
}
static inline void word_xor(u256 *out, const u256 *a, const u256 *b) {
  word_put(out, a->w[0] ^ b->w[0], a->w[1] ^ b->w[1], a->w[2] ^ b->w[2],
           a->w[3] ^ b->w[3]);
}
static inline void word_not(u256 *out, const u256 *a) {
  word_put(out, ~a->w[0], ~a->w[1], ~a->w[2], ~a->w[3]);
}

/* Low half of the product: ten multiplications, of which a short operand
** needs fewer. */
static inline void word_mul(u256 *out, const u256 *a, const u256 *b) {
  u64 x0 = a->w[0], x1 = a->w[1], x2 = a->w[2], x3 = a->w[3];
  u64 y0 = b->w[0], y1 = b->w[1], y2 = b->w[2], y3 = b->w[3];
  u128 p = (u128)x0 * y0;
  u64 r0 = (u64)p, r1 = (u64)(p >> 64);
  if ((x1 | x2 | x3 | y1 | y2 | y3) == 0) {
    word_put(out, r0, r1, 0, 0);
    return;
  }
  p = (u128)x0 * y1 + r1;
  u64 r2 = (u64)(p >> 64);
  p = (u128)x1 * y0 + (u64)p;
  r1 = (u64)p;
  u128 q = (u128)x0 * y2 + r2;
  u64 r3 = (u64)(q >> 64) + x0 * y3 + x1 * y2 + x2 * y1 + x3 * y0;
  q = (u128)x1 * y1 + (u64)q + (u64)(p >> 64);
  r3 += (u64)(q >> 64);
  q = (u128)x2 * y0 + (u64)q;
  r2 = (u64)q;
  r3 += (u64)(q >> 64);
  word_put(out, r0, r1, r2, r3);
}

/* hi:lo shifted left, the upper half; n < 64. */
static inline u64 word_join_shl(u64 hi, u64 lo, u32 n) {
  return hi << n | lo >> 1 >> (63 - n);
}
static inline u64 word_join_shr(u64 hi, u64 lo, u32 n) {
  return lo >> n | hi << 1 << (63 - n);
}
/* n < 256 */
static inline void word_shl_by(u256 *out, const u256 *a, u32 n) {
  u64 x0 = a->w[0], x1 = a->w[1], x2 = a->w[2], x3 = a->w[3];
  u32 s = n & 63;
  switch (n >> 6) {
    case 0:
      word_put(out, x0 << s, word_join_shl(x1, x0, s),
               word_join_shl(x2, x1, s), word_join_shl(x3, x2, s));
      return;
    case 1:
      word_put(out, 0, x0 << s, word_join_shl(x1, x0, s),
               word_join_shl(x2, x1, s));
      return;
    case 2:
      word_put(out, 0, 0, x0 << s, word_join_shl(x1, x0, s));
      return;
    default:
      word_put(out, 0, 0, 0, x0 << s);
  }
}
/* fill is what comes in from above: 0, or all ones. */
static inline void word_shr_fill(u256 *out, const u256 *a, u32 n, u64 fill) {
  u64 x0 = a->w[0], x1 = a->w[1], x2 = a->w[2], x3 = a->w[3];
  u32 s = n & 63;
  u64 top = word_join_shr(fill, x3, s);
  switch (n >> 6) {
    case 0:
      word_put(out, word_join_shr(x1, x0, s), word_join_shr(x2, x1, s),
               word_join_shr(x3, x2, s), top);
      return;
    case 1:
      word_put(out, word_join_shr(x2, x1, s), word_join_shr(x3, x2, s), top,
               fill);
      return;
    case 2:
      word_put(out, word_join_shr(x3, x2, s), top, fill, fill);
      return;
    default:
      word_put(out, top, fill, fill, fill);
  }
}
/* b shifted by the word a. */
static inline void word_shl(u256 *out, const u256 *a, const u256 *b) {
  if (UNLIKELY(word_high(a) || a->w[0] > 255)) word_from(out, 0);
  else word_shl_by(out, b, (u32)a->w[0]);
}
static inline void word_shr(u256 *out, const u256 *a, const u256 *b) {
  if (UNLIKELY(word_high(a) || a->w[0] > 255)) word_from(out, 0);
  else word_shr_fill(out, b, (u32)a->w[0], 0);
}
static inline void word_sar(u256 *out, const u256 *a, const u256 *b) {
  u64 fill = (u64)((i64)b->w[3] >> 63);
  if (UNLIKELY(word_high(a) || a->w[0] > 255)) {
    word_put(out, fill, fill, fill, fill);
  } else {
    word_shr_fill(out, b, (u32)a->w[0], fill);
  }
}

/* Byte i of b, 0 the most significant. */
static inline u64 word_byte(const u256 *i, const u256 *b) {
  if (word_high(i) || i->w[0] > 31) return 0;
  u64 at = 31 - i->w[0];
  return b->w[at / 8] >> (at % 8 * 8) & 0xff;
}
/* The sign bit of byte i (0 the least significant) fills all above it. */
static inline void word_signextend(u256 *out, const u256 *i, const u256 *b) {
  if (word_high(i) || i->w[0] > 30) {
    word_copy(out, b);
    return;
  }
  u32 limb = (u32)i->w[0] / 8, up = 56 - (u32)i->w[0] % 8 * 8;
  u64 w[4] = {b->w[0], b->w[1], b->w[2], b->w[3]};
  u64 sign = (u64)((i64)(w[limb] << up) >> 63);
  w[limb] = (u64)((i64)(w[limb] << up) >> up);
  for (u32 k = limb + 1; k < 4; k++) w[k] = sign;
  word_put(out, w[0], w[1], w[2], w[3]);
}
/* hi:lo / d for hi < d. */
static inline u64 word_div_2by1(u64 *rem, u64 hi, u64 lo, u64 d) {
#if defined(__x86_64__)
  u64 q, r;
  __asm__("divq %4" : "=a"(q), "=d"(r) : "0"(lo), "1"(hi), "r"(d) : "cc");
  *rem = r;
  return q;
#else
  u128 x = (u128)hi << 64 | lo;
  *rem = (u64)(x % d);
  return (u64)(x / d);
#endif
}
/* Short operands need no long division: 64 by 64 bits, 128 by 64 bits. */
static inline bool word_div_short(u64 q[2], u64 *rem, const u256 *a,
                                  const u256 *b) {
  u64 d = b->w[0], hi = a->w[1];
  if (word_high(b) | a->w[2] | a->w[3]) return false;
  if (UNLIKELY(d == 0)) {
    q[0] = q[1] = *rem = 0;
  } else if (hi == 0) {
    q[1] = 0;
    q[0] = a->w[0] / d;
    *rem = a->w[0] % d;
  } else {
    q[1] = hi / d;
    q[0] = word_div_2by1(rem, hi % d, a->w[0], d);
  }
  return true;
}
/* 2^n for some n: compilers before SHR existed shifted by dividing. */
static inline bool word_is_power(const u256 *a) {
  u64 bit = a->w[0] | a->w[1] | a->w[2] | a->w[3];
  return (bit & (bit - 1)) == 0 && (a->w[0] != 0) + (a->w[1] != 0) +
         (a->w[2] != 0) + (a->w[3] != 0) == 1;
}
static inline void word_div(u256 *out, const u256 *a, const u256 *b) {
  u64 q[2], rem;
  if (LIKELY(word_div_short(q, &rem, a, b))) word_put(out, q[0], q[1], 0, 0);
  else if (word_is_power(b)) word_shr_fill(out, a, u256_bits(b) - 1, 0);
  else u256_divmod(out, NULL, a, b);
}
static inline void word_mod(u256 *out, const u256 *a, const u256 *b) {
  u64 q[2], rem;
  if (LIKELY(word_div_short(q, &rem, a, b))) {
    word_from(out, rem);
  } else if (word_is_power(b)) {
    u256 mask;
    word_sub_u64(&mask, b, 1);
    word_and(out, a, &mask);
  } else {
    u256_divmod(NULL, out, a, b);
  }
}
/* a or -a, as mask is 0 or all ones. */
static inline void word_negate_if(u256 *out, const u256 *a, u64 mask) {
  u256 x = {{a->w[0] ^ mask, a->w[1] ^ mask, a->w[2] ^ mask, a->w[3] ^ mask}};
  word_add_u64(out, &x, mask & 1);
}
static inline void word_sdiv(u256 *out, const u256 *a, const u256 *b) {
  u64 sa = (u64)((i64)a->w[3] >> 63), sb = (u64)((i64)b->w[3] >> 63);
  u256 x, y;
  word_negate_if(&x, a, sa);
  word_negate_if(&y, b, sb);
  word_div(&x, &x, &y);
  word_negate_if(out, &x, sa ^ sb);
}
static inline void word_smod(u256 *out, const u256 *a, const u256 *b) {
  u64 sa = (u64)((i64)a->w[3] >> 63), sb = (u64)((i64)b->w[3] >> 63);
  u256 x, y;
  word_negate_if(&x, a, sa);
  word_negate_if(&y, b, sb);
  word_mod(&x, &x, &y);
  word_negate_if(out, &x, sa);
}
/* The exponent if a is a power of two, else 256. */
static inline u32 word_log2(const u256 *a) {
  return word_is_power(a) ? u256_bits(a) - 1 : 256;
}

static inline void word_load_be(u256 *out, const u8 *p) {
  word_put(out, load_be64(p + 24), load_be64(p + 16), load_be64(p + 8),
           load_be64(p));
}
static inline void word_store_be(u8 *p, const u256 *a) {
  u64 w0 = a->w[0], w1 = a->w[1], w2 = a->w[2], w3 = a->w[3];
  WORD_KEEP(w0);
  WORD_KEEP(w1);
  WORD_KEEP(w2);
  WORD_KEEP(w3);
  store_be64(p, w3);
  store_be64(p + 8, w2);
  store_be64(p + 16, w1);
  store_be64(p + 24, w0);
}
static inline void word_from_addr(u256 *out, const addr20 *a) {
  word_put(out, load_be64(a->b + 12), load_be64(a->b + 4), load_be32(a->b), 0);
}
#endif
