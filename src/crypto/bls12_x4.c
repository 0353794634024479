/* bls12_x4.c - the pairing of bls12_381.c in AVX-512 lanes with the 52-bit
** multiplication (IFMA); the formulas are tower.inc's and bls12_381.c's.
**
** A number is eight limbs of 52 bits in Montgomery form with R = 2^416.  The 35
** bits above p and the 12 above each limb are used to leave things undone: sums
** and differences are taken limb by limb, limbs may be negative, and nothing is
** reduced.  Only a multiplication settles its operands: it adds 4096 p, which
** makes any such sum positive, and carries.  With operands below 2^13 p its
** result is (x y + k p)/R < 2p in clean limbs.  What lets a number through
** without multiplying it (cyclotomic squaring) must settle it at times.  The
** longest sums have some 1000 terms of clean numbers: below 2^63 a limb and
** 4096 p in all.
**
** An element of Fp2 is 128 bytes: eight pairs of limbs; sums work on it as it
** lies.  For a multiplication four are turned into eight vectors, a limb each:
**   (a + bu)(c + du):  (a, b) (c, c) + (b, a) (-d, d), one reduction
**   (a + bu)^2:        (a + b, a) (a - b, 2b)
** so that every level of a formula wants its products in groups of four.
**
** Time depends on the numbers' count only; all of it is public anyway. */
#include "crypto/bls12_x4.h"

#include "crypto/modinv.h"
#include "crypto/mont.h"

bool crypto_bls_x4_on;

#if defined(__x86_64__)
#include <immintrin.h>

#define BLSX4_ISA \
  __attribute__((target("avx512f,avx512vl,avx512dq,avx512ifma")))
#define BLSX4 BLSX4_ISA static
#define BLSX4_INLINE BLSX4 inline __attribute__((always_inline))
#define BLSX4_X 0xd201000000010000u /* |x| */
#define BLSX4_MASK 0xfffffffffffffll
enum { BLSX4_EVEN = 0x55, BLSX4_ODD = 0xaa };

/* Fp2: limbs 0 to 3 and 4 to 7, each (a, b). */
struct blsx4_f2 { __m512i h[2]; };
/* Fp12: a.a a.b a.c b.a b.b b.c. */
struct blsx4_f12 { struct blsx4_f2 c[6]; };
/* A line: yP's factor, xP's and the constant. */
struct blsx4_line { struct blsx4_f2 y, x, k; };
struct blsx4_vec { __m512i l[8]; };

static const u64 blsx4_p[8] = {
    0xeffffffffaaab, 0xfeb153ffffb9f, 0x6b0f6241eabff, 0x12bf6730d2a0f,
    0x764774b84f385, 0x1ba7b6434bacd, 0x1ea397fe69a4b, 0x1a011};
#define BLSX4_P0 0x3fffcfffcfffdll /* -1/p mod 2^52 */
static const u64 blsx4_bias[8] = { /* 4096 p */
    0xffffffaaab000, 0x153ffffb9feff, 0xf6241eabfffeb, 0xf6730d2a0f6b0,
    0x774b84f38512b, 0x7b6434bacd764, 0x397fe69a4b1ba, 0x1a0111ea};
/* 2^448 mod p: times it is R of this file for R of the others; 2^384 mod p:
** back. */
static const u64 blsx4_to[8] = {
    0x7fde37dba9366, 0x4e27525bc342b, 0x1f5b1e9778489, 0xb872b2b91b9dc,
    0xb206f497dfcaf, 0x4137cc89a9b0b, 0xd9d20d7e39959, 0x411c};
static const u64 blsx4_from[8] = {
    0x900000002fffd, 0xbc40c0002760, 0x3c758baebf400, 0x57455f4898575,
    0xd77ce58537052, 0x71a97a256ec6, 0xec3fa80e4935c, 0x15f65};
static const u64 blsx4_one[8] = {
    0x6480ea8e9b9af, 0x65766c8fe444f, 0x8b540fea96f7d, 0x3b2ee82efd422,
    0xa6723e5f0ade5, 0xff6eb6fdd4230, 0xe06ef23c24a25, 0x14c8e};

BLSX4_INLINE __m512i blsx4_set(u64 v) {
  return _mm512_set1_epi64((long long)v);
}
/* (b, a) of each pair. */
BLSX4_INLINE __m512i blsx4_swap(__m512i v) {
  return _mm512_shuffle_epi32(v, 0x4e);
}

/*------------------------------------------------------------------ vectors */

/* Four rows of four pairs, turned: its own inverse. */
BLSX4_INLINE void blsx4_turn(__m512i *out, __m512i r0, __m512i r1, __m512i r2,
                             __m512i r3) {
  __m512i t0 = _mm512_shuffle_i64x2(r0, r1, 0x44);
  __m512i t1 = _mm512_shuffle_i64x2(r0, r1, 0xee);
  __m512i t2 = _mm512_shuffle_i64x2(r2, r3, 0x44);
  __m512i t3 = _mm512_shuffle_i64x2(r2, r3, 0xee);
  out[0] = _mm512_shuffle_i64x2(t0, t2, 0x88);
  out[1] = _mm512_shuffle_i64x2(t0, t2, 0xdd);
  out[2] = _mm512_shuffle_i64x2(t1, t3, 0x88);
  out[3] = _mm512_shuffle_i64x2(t1, t3, 0xdd);
}
BLSX4_INLINE void blsx4_load(struct blsx4_vec *v, const struct blsx4_f2 *a) {
  blsx4_turn(v->l, a[0].h[0], a[1].h[0], a[2].h[0], a[3].h[0]);
  blsx4_turn(v->l + 4, a[0].h[1], a[1].h[1], a[2].h[1], a[3].h[1]);
}
BLSX4_INLINE void blsx4_store(struct blsx4_f2 *r, const struct blsx4_vec *v) {
  __m512i low[4], high[4];
  blsx4_turn(low, v->l[0], v->l[1], v->l[2], v->l[3]);
  blsx4_turn(high, v->l[4], v->l[5], v->l[6], v->l[7]);
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    r[i].h[0] = low[i];
    r[i].h[1] = high[i];
  }
}

/* To clean limbs of a positive number. */
BLSX4_INLINE void blsx4_carry(__m512i *t) {
  const __m512i mask = blsx4_set(BLSX4_MASK);
#pragma GCC unroll 7
  for (int i = 0; i < 7; i++) {
    t[i + 1] = _mm512_add_epi64(t[i + 1], _mm512_srai_epi64(t[i], 52));
    t[i] = _mm512_and_si512(t[i], mask);
  }
}
BLSX4_INLINE void blsx4_settle(struct blsx4_vec *v) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++)
    v->l[i] = _mm512_add_epi64(v->l[i], blsx4_set(blsx4_bias[i]));
  blsx4_carry(v->l);
}

/* The same where 2^k p is enough, k up to 10. */
BLSX4_INLINE void blsx4_settle_by(struct blsx4_vec *v, int k) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++)
    v->l[i] = _mm512_add_epi64(v->l[i], blsx4_set(blsx4_p[i] << k));
  blsx4_carry(v->l);
}

/* t += x y, lane by lane. */
BLSX4_INLINE void blsx4_product(__m512i t[16], const struct blsx4_vec *x,
                                const struct blsx4_vec *y) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++)
      t[i + j] = _mm512_madd52lo_epu64(t[i + j], x->l[j], y->l[i]);
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++)
      t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], x->l[j], y->l[i]);
  }
}

/* r = t / R modulo p, below 2p. */
BLSX4_INLINE void blsx4_reduce(struct blsx4_vec *r, __m512i t[16]) {
  const __m512i zero = _mm512_setzero_si512();
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    __m512i k = _mm512_madd52lo_epu64(zero, t[i], blsx4_set(BLSX4_P0));
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++)
      t[i + j] = _mm512_madd52lo_epu64(t[i + j], k, blsx4_set(blsx4_p[j]));
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++)
      t[i + j + 1] =
          _mm512_madd52hi_epu64(t[i + j + 1], k, blsx4_set(blsx4_p[j]));
    t[i + 1] = _mm512_add_epi64(t[i + 1], _mm512_srli_epi64(t[i], 52));
  }
  blsx4_carry(t + 8);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) r->l[i] = t[8 + i];
}

BLSX4_INLINE void blsx4_clear(__m512i t[16]) {
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) t[i] = _mm512_setzero_si512();
}

/* z = x y for four elements of Fp2. */
BLSX4 __attribute__((noinline)) void blsx4_mul4(struct blsx4_f2 *z,
                                                const struct blsx4_f2 *x,
                                                const struct blsx4_f2 *y) {
  struct blsx4_vec v, w, u;
  __m512i t[16];
  blsx4_clear(t);
  blsx4_load(&v, x);
  blsx4_load(&w, y);
  blsx4_settle(&v);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) u.l[i] = _mm512_unpacklo_epi64(w.l[i], w.l[i]);
  blsx4_settle(&u);
  blsx4_product(t, &v, &u);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    __m512i d = _mm512_unpackhi_epi64(w.l[i], w.l[i]);
    u.l[i] = _mm512_mask_sub_epi64(d, BLSX4_EVEN, _mm512_setzero_si512(), d);
    v.l[i] = blsx4_swap(v.l[i]);
  }
  blsx4_settle(&u);
  blsx4_product(t, &v, &u);
  blsx4_reduce(&v, t);
  blsx4_store(z, &v);
}

/* z = x^2 for four elements of Fp2. */
BLSX4 __attribute__((noinline)) void blsx4_sqr4(struct blsx4_f2 *z,
                                                const struct blsx4_f2 *x) {
  struct blsx4_vec v, w;
  __m512i t[16];
  blsx4_clear(t);
  blsx4_load(&v, x);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    __m512i s = blsx4_swap(v.l[i]), d = _mm512_add_epi64(v.l[i], v.l[i]);
    w.l[i] = _mm512_mask_sub_epi64(d, BLSX4_EVEN, v.l[i], s);
    v.l[i] = _mm512_mask_add_epi64(s, BLSX4_EVEN, v.l[i], s);
  }
  blsx4_settle(&v);
  blsx4_settle(&w);
  blsx4_product(t, &v, &w);
  blsx4_reduce(&v, t);
  blsx4_store(z, &v);
}

/* z = x y for eight numbers each. */
BLSX4 __attribute__((noinline)) void blsx4_lanes4(struct blsx4_f2 *z,
                                                  const struct blsx4_f2 *x,
                                                  const struct blsx4_f2 *y) {
  struct blsx4_vec v, w;
  __m512i t[16];
  blsx4_clear(t);
  blsx4_load(&v, x);
  blsx4_load(&w, y);
  blsx4_settle(&v);
  blsx4_settle(&w);
  blsx4_product(t, &v, &w);
  blsx4_reduce(&v, t);
  blsx4_store(z, &v);
}

/* Any cnt; arrays have room for a multiple of four and are set up to there. */
BLSX4 void blsx4_mul(struct blsx4_f2 *z, const struct blsx4_f2 *x,
                     const struct blsx4_f2 *y, u32 cnt) {
  for (u32 i = 0; i < cnt; i += 4) blsx4_mul4(z + i, x + i, y + i);
}
BLSX4 void blsx4_lanes(struct blsx4_f2 *z, const struct blsx4_f2 *x,
                       const struct blsx4_f2 *y, u32 cnt) {
  for (u32 i = 0; i < cnt; i += 4) blsx4_lanes4(z + i, x + i, y + i);
}

/*---------------------------------------------------------------------- Fp2 */

typedef struct blsx4_f2 blsx4_t;

BLSX4_INLINE blsx4_t blsx4_add(blsx4_t x, blsx4_t y) {
  return (blsx4_t){{_mm512_add_epi64(x.h[0], y.h[0]),
                    _mm512_add_epi64(x.h[1], y.h[1])}};
}
BLSX4_INLINE blsx4_t blsx4_sub(blsx4_t x, blsx4_t y) {
  return (blsx4_t){{_mm512_sub_epi64(x.h[0], y.h[0]),
                    _mm512_sub_epi64(x.h[1], y.h[1])}};
}
BLSX4_INLINE blsx4_t blsx4_dbl(blsx4_t x) { return blsx4_add(x, x); }
BLSX4_INLINE blsx4_t blsx4_neg(blsx4_t x) {
  const __m512i zero = _mm512_setzero_si512();
  return blsx4_sub((blsx4_t){{zero, zero}}, x);
}
BLSX4_INLINE blsx4_t blsx4_conj(blsx4_t x) {
  const __m512i zero = _mm512_setzero_si512();
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++)
    x.h[i] = _mm512_mask_sub_epi64(x.h[i], BLSX4_ODD, zero, x.h[i]);
  return x;
}
/* Times 1 + u: (a - b) + (b + a)u. */
BLSX4_INLINE blsx4_t blsx4_mul_xi(blsx4_t x) {
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    __m512i s = blsx4_swap(x.h[i]), sum = _mm512_add_epi64(x.h[i], s);
    x.h[i] = _mm512_mask_sub_epi64(sum, BLSX4_EVEN, x.h[i], s);
  }
  return x;
}

/* Limbs a, b of 52 bits. */
BLSX4_INLINE blsx4_t blsx4_of(const u64 *a, const u64 *b) {
  u64 t[16];
  for (int i = 0; i < 8; i++) {
    t[2 * i] = a[i];
    t[2 * i + 1] = b[i];
  }
  return (blsx4_t){{_mm512_loadu_si512(t), _mm512_loadu_si512(t + 8)}};
}

static void blsx4_cut(u64 out[8], const u64 a[6]) {
  for (int i = 0; i < 8; i++) {
    int at = 52 * i / 64, off = 52 * i % 64;
    u64 v = a[at] >> off;
    if (off > 12 && at + 1 < 6) v |= a[at + 1] << (64 - off);
    out[i] = v & BLSX4_MASK;
  }
}

/* cnt elements (at most 8) from limbs of the other files. */
BLSX4 void blsx4_import(blsx4_t *r, const u64 (*a)[6], u32 cnt) {
  blsx4_t t[8], k[8];
  for (u32 i = 0; i < 8; i++) {
    u64 x[2][8];
    u32 from = i < cnt ? i : 0;
    blsx4_cut(x[0], a[2 * from]);
    blsx4_cut(x[1], a[2 * from + 1]);
    t[i] = blsx4_of(x[0], x[1]);
    k[i] = blsx4_of(blsx4_to, blsx4_to);
  }
  blsx4_lanes(t, t, k, cnt);
  for (u32 i = 0; i < cnt; i++) r[i] = t[i];
}

/* 52-bit limbs of a number below 2p to limbs below p. */
static void blsx4_join(u64 out[6], const u64 *a) {
  static const u64 p[6] = {0xb9feffffffffaaab, 0x1eabfffeb153ffff,
                           0x6730d2a0f6b0f624, 0x64774b84f38512bf,
                           0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
  u64 s[6];
  u64 borrow = 0;
  for (int i = 0; i < 6; i++) {
    int at = 64 * i / 52, off = 64 * i % 52;
    u128 v = (u128)a[2 * at] >> off;
    v |= (u128)a[2 * (at + 1)] << (52 - off);
    if (at + 2 < 8) v |= (u128)a[2 * (at + 2)] << (104 - off);
    out[i] = (u64)v;
  }
  for (int i = 0; i < 6; i++) {
    u128 d = (u128)out[i] - p[i] - borrow;
    s[i] = (u64)d;
    borrow = (u64)(d >> 64) & 1;
  }
  if (!borrow) memcpy(out, s, sizeof s);
}

BLSX4 void blsx4_export(u64 (*out)[6], const blsx4_t *a, u32 cnt) {
  blsx4_t t[8], k[8];
  for (u32 i = 0; i < 8; i++) {
    t[i] = a[i < cnt ? i : 0];
    k[i] = blsx4_of(blsx4_from, blsx4_from);
  }
  blsx4_lanes(t, t, k, cnt);
  for (u32 i = 0; i < cnt; i++) {
    u64 limb[16];
    memcpy(limb, &t[i], sizeof limb);
    blsx4_join(out[2 * i], limb);
    blsx4_join(out[2 * i + 1], limb + 1);
  }
}

/*--------------------------------------------------------------------- Fp12 */

/* The six factors of Karatsuba's product in Fp6, and its sum of them. */
BLSX4_INLINE void blsx4_split6(blsx4_t *r, const blsx4_t *a) {
  r[0] = a[0];
  r[1] = a[1];
  r[2] = a[2];
  r[3] = blsx4_add(a[1], a[2]);
  r[4] = blsx4_add(a[0], a[1]);
  r[5] = blsx4_add(a[0], a[2]);
}
BLSX4_INLINE void blsx4_join6(blsx4_t *r, const blsx4_t *z) {
  blsx4_t bc = blsx4_sub(z[3], blsx4_add(z[1], z[2]));
  blsx4_t ab = blsx4_sub(z[4], blsx4_add(z[0], z[1]));
  blsx4_t ac = blsx4_sub(z[5], blsx4_add(z[0], z[2]));
  r[0] = blsx4_add(z[0], blsx4_mul_xi(bc));
  r[1] = blsx4_add(ab, blsx4_mul_xi(z[2]));
  r[2] = blsx4_add(ac, z[1]);
}
/* r = x + v y. */
BLSX4_INLINE void blsx4_add_v(blsx4_t *r, const blsx4_t *x, const blsx4_t *y) {
  blsx4_t last = y[2];
  r[2] = blsx4_add(x[2], y[1]);
  r[1] = blsx4_add(x[1], y[0]);
  r[0] = blsx4_add(x[0], blsx4_mul_xi(last));
}

BLSX4 void blsx4_f12_mul(struct blsx4_f12 *r, const struct blsx4_f12 *x,
                         const struct blsx4_f12 *y) {
  blsx4_t a[20], b[20], s[3], t[3];
  for (int i = 0; i < 3; i++) {
    s[i] = blsx4_add(x->c[i], x->c[i + 3]);
    t[i] = blsx4_add(y->c[i], y->c[i + 3]);
  }
  blsx4_split6(a, x->c);
  blsx4_split6(a + 6, x->c + 3);
  blsx4_split6(a + 12, s);
  blsx4_split6(b, y->c);
  blsx4_split6(b + 6, y->c + 3);
  blsx4_split6(b + 12, t);
  a[18] = a[19] = b[18] = b[19] = a[0];
  blsx4_mul(a, a, b, 20);
  blsx4_join6(b, a);
  blsx4_join6(b + 3, a + 6);
  blsx4_join6(b + 6, a + 12);
  for (int i = 0; i < 3; i++)
    r->c[i + 3] = blsx4_sub(b[i + 6], blsx4_add(b[i], b[i + 3]));
  blsx4_add_v(r->c, b, b + 3);
}

/* a^2 + v b^2 = (a + b)(a + vb) - ab - vab. */
BLSX4 void blsx4_f12_sqr(struct blsx4_f12 *r, const struct blsx4_f12 *x) {
  blsx4_t a[12], b[12], s[3], t[3];
  for (int i = 0; i < 3; i++) s[i] = blsx4_add(x->c[i], x->c[i + 3]);
  blsx4_add_v(t, x->c, x->c + 3);
  blsx4_split6(a, x->c);
  blsx4_split6(b, x->c + 3);
  blsx4_split6(a + 6, s);
  blsx4_split6(b + 6, t);
  blsx4_mul(a, a, b, 12);
  blsx4_join6(b, a);
  blsx4_join6(b + 3, a + 6);
  blsx4_add_v(t, b, b);
  for (int i = 0; i < 3; i++) {
    r->c[i] = blsx4_sub(b[i + 3], t[i]);
    r->c[i + 3] = blsx4_dbl(b[i]);
  }
}

BLSX4 void blsx4_f12_conj(struct blsx4_f12 *r, const struct blsx4_f12 *x) {
  for (int i = 0; i < 3; i++) {
    r->c[i] = x->c[i];
    r->c[i + 3] = blsx4_neg(x->c[i + 3]);
  }
}

/* Makes the coefficients small again, by a multiplication with 1. */
BLSX4 void blsx4_f12_settle(struct blsx4_f12 *x) {
  blsx4_t a[8], one[8];
  for (int i = 0; i < 8; i++) {
    a[i] = x->c[i % 6];
    one[i] = blsx4_of(blsx4_one, blsx4_one);
  }
  blsx4_lanes(a, a, one, 8);
  for (int i = 0; i < 6; i++) x->c[i] = a[i];
}

/* 3t - 2x, or 3t + 2x. */
BLSX4_INLINE blsx4_t blsx4_3t_2x(blsx4_t t, blsx4_t x, bool plus) {
  blsx4_t s = plus ? blsx4_add(t, x) : blsx4_sub(t, x);
  return blsx4_add(blsx4_dbl(s), t);
}
/* (x + y s)^2 in Fp2[s]/(s^2 - xi) from x^2, y^2, (x + y)^2. */
BLSX4_INLINE void blsx4_f4(blsx4_t *r, blsx4_t *s, const blsx4_t *z) {
  *r = blsx4_add(z[0], blsx4_mul_xi(z[1]));
  *s = blsx4_sub(z[2], blsx4_add(z[0], z[1]));
}
BLSX4 void blsx4_f12_cyc_sqr(struct blsx4_f12 *r, const struct blsx4_f12 *x) {
  static const u8 pair[3][2] = {{0, 4}, {3, 2}, {1, 5}};
  blsx4_t a[12], p, q, s, t, m, n;
  for (int i = 0; i < 3; i++) {
    a[3 * i] = x->c[pair[i][0]];
    a[3 * i + 1] = x->c[pair[i][1]];
    a[3 * i + 2] = blsx4_add(a[3 * i], a[3 * i + 1]);
  }
  a[9] = a[10] = a[11] = a[0];
  for (int i = 0; i < 12; i += 4) blsx4_sqr4(a + i, a + i);
  blsx4_f4(&p, &q, a);
  blsx4_f4(&s, &t, a + 3);
  blsx4_f4(&m, &n, a + 6);
  n = blsx4_mul_xi(n);
  r->c[0] = blsx4_3t_2x(p, x->c[0], false);
  r->c[4] = blsx4_3t_2x(q, x->c[4], true);
  r->c[1] = blsx4_3t_2x(s, x->c[1], false);
  r->c[5] = blsx4_3t_2x(t, x->c[5], true);
  r->c[3] = blsx4_3t_2x(n, x->c[3], true);
  r->c[2] = blsx4_3t_2x(m, x->c[2], false);
}

/* x^p. */
BLSX4 void blsx4_f12_frob(struct blsx4_f12 *r, const struct blsx4_f12 *x) {
  /* xi^(i(p-1)/6) for the coefficients of w^i, i = 1 to 5. */
  static const u64 power[5][2][6] = {
    {{0x07089552b319d465, 0xc6695f92b50a8313, 0x97e83cccd117228f,
      0xa35baecab2dc29ee, 0x1ce393ea5daace4d, 0x08f2220fb0fb66eb},
     {0xb2f66aad4ce5d646, 0x5842a06bfc497cec, 0xcf4895d42599d394,
      0xc11b9cba40a8e8d0, 0x2e3813cbe5a0de89, 0x110eefda88847faf}},
    {{0},
     {0xcd03c9e48671f071, 0x5dab22461fcda5d2, 0x587042afd3851b95,
      0x8eb60ebe01bacb9e, 0x03f97d6e83d050d2, 0x18f0206554638741}},
    {{0x7bcfa7a25aa30fda, 0xdc17dec12a927e7c, 0x2f088dd86b4ebef1,
      0xd1ca2087da74d4a7, 0x2da2596696cebc1d, 0x0e2b7eedbbfd87d2},
     {0x7bcfa7a25aa30fda, 0xdc17dec12a927e7c, 0x2f088dd86b4ebef1,
      0xd1ca2087da74d4a7, 0x2da2596696cebc1d, 0x0e2b7eedbbfd87d2}},
    {{0x890dc9e4867545c3, 0x2af322533285a5d5, 0x50880866309b7e2c,
      0xa20d1b8c7e881024, 0x14e4f04fe2db9068, 0x14e56d3f1564853a},
     {0}},
    {{0x82d83cf50dbce43f, 0xa2813e53df9d018f, 0xc6f0caa53c65e181,
      0x7525cf528d50fe95, 0x4a85ed50f4798a6b, 0x171da0fd6cf8eebd},
     {0x3726c30af242c66c, 0x7c2ac1aad1b6fe70, 0xa04007fbba4b14a2,
      0xef517c3266341429, 0x0095ba654ed2226b, 0x02e370eccc86f7dd}}};
  static const u8 place[5] = {3, 1, 4, 2, 5};
  blsx4_t a[8], b[8];
  blsx4_import(b, power[0], 5);
  for (int i = 0; i < 5; i++) a[i] = blsx4_conj(x->c[place[i]]);
  for (int i = 5; i < 8; i++) a[i] = b[i] = a[0];
  r->c[0] = blsx4_conj(x->c[0]);
  blsx4_mul(a, a, b, 8);
  for (int i = 0; i < 5; i++) r->c[place[i]] = a[i];
}

/*--------------------------------------------------------- final exponent */

/* x^-|x of the curve| in the cyclotomic subgroup. */
BLSX4 void blsx4_pow_x(struct blsx4_f12 *r, const struct blsx4_f12 *x) {
  struct blsx4_f12 base = *x, s;
  blsx4_f12_settle(&base);
  s = base;
  for (int i = 62, since = 0; i >= 0; i--) {
    blsx4_f12_cyc_sqr(&s, &s);
    if (BLSX4_X >> i & 1) {
      blsx4_f12_mul(&s, &s, &base);
      since = 0;
    } else if (++since == 3) {
      blsx4_f12_settle(&s);
      since = 0;
    }
  }
  blsx4_f12_conj(r, &s);
}
#define EXP_T struct blsx4_f12
#define EXP_FN BLSX4
#define EXP_OP(o) blsx4_f12_##o
#define EXP_X blsx4_pow_x
#define EXP_NAME blsx4_hard_exp
#include "crypto/bls12_exp.inc"

BLSX4_ISA void crypto_bls_x4_hard_exp(u64 f[12][6]) {
  struct blsx4_f12 x;
  blsx4_import(x.c, (const u64(*)[6])f, 6);
  blsx4_hard_exp(&x, &x);
  blsx4_export(f, x.c, 6);
}

/*------------------------------------------------------------ Miller loop */

struct blsx4_pairs {
  blsx4_t px[8], py[8];      /* (x, x) and (y, y) */
  blsx4_t qx[8], qy[8];
  blsx4_t x[8], y[8], z[8];  /* the multiple of q reached, Jacobian */
  u32 cnt;
};

/* Doubles and gives the tangents (tower.inc's line_dbl). */
BLSX4 void blsx4_line_dbl(struct blsx4_line *l, struct blsx4_pairs *s) {
  blsx4_t a[32], b[32], c[32];
  u32 n = s->cnt;
  if (n == 0) return;
  for (u32 j = 0; j < n; j++) {
    blsx4_t *x = a + 4 * j, *y = b + 4 * j;
    x[0] = y[0] = s->x[j];
    x[1] = y[1] = s->y[j];
    x[2] = y[2] = s->z[j];
    x[3] = s->y[j];
    y[3] = s->z[j];
  }
  blsx4_mul(a, a, b, 4 * n); /* X^2, Y^2, Z^2, YZ */
  for (u32 j = 0; j < n; j++) {
    const blsx4_t *v = a + 4 * j;
    blsx4_t *x = b + 4 * j;
    x[0] = v[1];
    x[1] = blsx4_add(s->x[j], v[1]);
    x[2] = blsx4_add(blsx4_dbl(v[0]), v[0]); /* E */
    x[3] = blsx4_add(s->x[j], x[2]);
    blsx4_sqr4(c + 4 * j, x); /* C, (X + B)^2, F = E^2, (X + E)^2 */
  }
  for (u32 j = 0; j < n; j++) {
    const blsx4_t *v = a + 4 * j, *w = c + 4 * j;
    blsx4_t d = blsx4_dbl(blsx4_sub(w[1], blsx4_add(v[0], w[0])));
    blsx4_t e = b[4 * j + 2], b4 = blsx4_dbl(blsx4_dbl(v[1]));
    blsx4_t x[4], y[4], z[4];
    l[j].k = blsx4_sub(blsx4_sub(w[3], v[0]), blsx4_add(w[2], b4));
    s->z[j] = blsx4_dbl(v[3]);
    s->x[j] = blsx4_sub(w[2], blsx4_dbl(d));
    x[0] = e;
    y[0] = blsx4_sub(d, s->x[j]);
    x[1] = s->z[j];
    x[2] = x[3] = e;
    y[1] = y[2] = y[3] = v[2];
    blsx4_mul4(z, x, y);
    s->y[j] = blsx4_sub(z[0], blsx4_dbl(blsx4_dbl(blsx4_dbl(w[0]))));
    l[j].y = blsx4_dbl(z[1]);
    l[j].x = blsx4_neg(blsx4_dbl(z[2]));
  }
}

/* Adds q and gives the lines (tower.inc's line_add). */
BLSX4 void blsx4_line_add(struct blsx4_line *l, struct blsx4_pairs *s) {
  for (u32 j = 0; j < s->cnt; j++) {
    blsx4_t a[4], b[4], zz, zzz, h, d;
    a[0] = a[1] = a[2] = a[3] = s->z[j];
    blsx4_sqr4(b, a);
    zz = b[0];
    a[1] = s->qx[j];
    b[0] = b[1] = b[2] = b[3] = zz;
    blsx4_mul4(a, a, b); /* Z^3, qx Z^2 */
    zzz = a[0];
    h = blsx4_sub(a[1], s->x[j]);
    a[0] = s->qy[j];
    b[0] = zzz;
    a[1] = s->z[j];
    b[1] = h;
    a[2] = a[3] = b[2] = b[3] = h;
    blsx4_mul4(a, a, b); /* qy Z^3, Z3 = Z H, H^2 */
    d = blsx4_sub(a[0], s->y[j]);
    s->z[j] = a[1];
    blsx4_t hh = a[2];
    a[0] = h, b[0] = hh;
    a[1] = s->x[j], b[1] = hh;
    a[2] = d, b[2] = d;
    a[3] = d, b[3] = s->qx[j];
    blsx4_mul4(a, a, b); /* H^3, V, d^2, d qx */
    blsx4_t hhh = a[0], v = a[1], dqx = a[3];
    s->x[j] = blsx4_sub(blsx4_sub(a[2], hhh), blsx4_dbl(v));
    a[0] = s->y[j], b[0] = hhh;
    a[1] = d, b[1] = blsx4_sub(v, s->x[j]);
    a[2] = a[3] = s->qy[j];
    b[2] = b[3] = s->z[j];
    blsx4_mul4(a, a, b);
    s->y[j] = blsx4_sub(a[1], a[0]);
    l[j].k = blsx4_sub(dqx, a[2]);
    l[j].y = s->z[j];
    l[j].x = blsx4_neg(d);
  }
}

/* f = f times a line with x and y already times those of p. */
BLSX4 void blsx4_line_mul(struct blsx4_f12 *f, const struct blsx4_line *l) {
  blsx4_t a[16], b[16], s[3], t[3], u[3];
  blsx4_t xy = blsx4_add(l->x, l->y);
  for (int i = 0; i < 3; i++) {
    a[i] = a[i + 3] = f->c[i];
    b[i] = l->k;
    b[i + 3] = l->x;
    a[i + 6] = f->c[i + 3];
    b[i + 6] = l->y;
    a[i + 9] = a[i + 12] = blsx4_add(f->c[i], f->c[i + 3]);
    b[i + 9] = l->k;
    b[i + 12] = xy;
  }
  a[15] = b[15] = a[0];
  blsx4_mul(a, a, b, 16);
  blsx4_add_v(s, a, a + 3);
  blsx4_add_v(u, a + 9, a + 12);
  t[0] = blsx4_mul_xi(a[8]);
  t[1] = a[6];
  t[2] = a[7];
  blsx4_add_v(f->c, s, t);
  for (int i = 0; i < 3; i++)
    f->c[i + 3] = blsx4_sub(u[i], blsx4_add(s[i], t[i]));
}

/* f times all the lines at their points. */
BLSX4 void blsx4_lines_mul(struct blsx4_f12 *f, struct blsx4_line *l,
                           const struct blsx4_pairs *s) {
  blsx4_t a[16], b[16];
  u32 n = s->cnt;
  for (u32 j = 0; j < n; j++) {
    a[2 * j] = l[j].x;
    a[2 * j + 1] = l[j].y;
    b[2 * j] = s->px[j];
    b[2 * j + 1] = s->py[j];
  }
  if (n % 2) {
    a[2 * n] = a[2 * n + 1] = a[0];
    b[2 * n] = b[2 * n + 1] = b[0];
  }
  blsx4_lanes(a, a, b, 2 * n);
  for (u32 j = 0; j < n; j++) {
    l[j].x = a[2 * j];
    l[j].y = a[2 * j + 1];
    blsx4_line_mul(f, &l[j]);
  }
}

/* The lines of each step are taken from fixed where that is given. */
BLSX4 void blsx4_miller(struct blsx4_f12 *f, struct blsx4_pairs *s,
                        const struct crypto_bls_x4_lines *fixed) {
  struct blsx4_line l[8];
  u32 step = 0;
  memset(f, 0, sizeof *f);
  f->c[0] = blsx4_of(blsx4_one, (const u64[8]){0});
  for (int i = 62; i >= 0; i--) {
    if (i < 62) blsx4_f12_sqr(f, f);
    for (u32 add = 0; add <= (BLSX4_X >> i & 1); add++, step++) {
      if (fixed) {
        for (u32 j = 0; j < s->cnt; j++)
          memcpy(&l[j], fixed[j].step[step], sizeof l[j]);
      } else if (add) {
        blsx4_line_add(l, s);
      } else {
        blsx4_line_dbl(l, s);
      }
      blsx4_lines_mul(f, l, s);
    }
  }
}

/* Point j of the pairs: q NULL where its lines are known. */
BLSX4 void blsx4_pair_set(struct blsx4_pairs *s, u32 j, const u64 p[2][6],
                          const u64 q[4][6]) {
  blsx4_t t[4];
  u64 both[8][6] = {{0}};
  if (q) memcpy(both, q, 4 * sizeof *q);
  memcpy(both[4], p[0], 48);
  memcpy(both[5], p[0], 48);
  memcpy(both[6], p[1], 48);
  memcpy(both[7], p[1], 48);
  blsx4_import(t, (const u64(*)[6])both, 4);
  s->x[j] = s->qx[j] = t[0];
  s->y[j] = s->qy[j] = t[1];
  s->z[j] = blsx4_of(blsx4_one, (const u64[8]){0});
  s->px[j] = t[2];
  s->py[j] = t[3];
}

BLSX4_ISA void crypto_bls_x4_miller(u64 f[12][6], const u64 (*p)[2][6],
                                    const u64 (*q)[4][6], u32 cnt) {
  struct blsx4_pairs s;
  struct blsx4_f12 r;
  s.cnt = cnt;
  for (u32 j = 0; j < cnt; j++) blsx4_pair_set(&s, j, p[j], q[j]);
  blsx4_miller(&r, &s, NULL);
  blsx4_export(f, r.c, 6);
}

BLSX4_ISA void crypto_bls_x4_fix(struct crypto_bls_x4_lines *out,
                                 const u64 q[4][6]) {
  static const u64 p[2][6];
  struct blsx4_pairs s;
  struct blsx4_line l;
  u32 step = 0;
  _Static_assert(sizeof l == sizeof out->step[0], "the same numbers");
  s.cnt = 1;
  blsx4_pair_set(&s, 0, p, q);
  for (int i = 62; i >= 0; i--) {
    blsx4_line_dbl(&l, &s);
    memcpy(out->step[step++], &l, sizeof l);
    if (!(BLSX4_X >> i & 1)) continue;
    blsx4_line_add(&l, &s);
    memcpy(out->step[step++], &l, sizeof l);
  }
  MUST(step == ARRAY_LEN(out->step));
}

BLSX4_ISA void crypto_bls_x4_miller_fixed(
    u64 f[12][6], const u64 (*p)[2][6],
    const struct crypto_bls_x4_lines *fixed, u32 cnt) {
  struct blsx4_pairs s;
  struct blsx4_f12 r;
  s.cnt = cnt;
  for (u32 j = 0; j < cnt; j++) blsx4_pair_set(&s, j, p[j], NULL);
  blsx4_miller(&r, &s, fixed);
  blsx4_export(f, r.c, 6);
}

/*------------------------------------------------------------------- points */

/* Eight points of G1 or four of G2 (ext), Jacobian, a point in the lane or the
** pair of lanes of its number.  Coordinates are clean and below 1100 p: what a
** sum can go below 0 by decides what is added to settle it.
** Additions leave out equal and opposite points: then Z becomes 0, stays so,
** and the point is reported as not done. */
struct blsx4_point { struct blsx4_vec x, y, z; u8 inf; };
typedef struct blsx4_vec blsx4_v;
enum { BLSX4_DIGITS = 33, BLSX4_ENTRIES = 8, BLSX4_STRINGS = 4 };

BLSX4 __attribute__((noinline)) void blsx4_v1_mul(blsx4_v *r, const blsx4_v *a,
                                                  const blsx4_v *b) {
  __m512i t[16];
  blsx4_clear(t);
  blsx4_product(t, a, b);
  blsx4_reduce(r, t);
}
BLSX4 __attribute__((noinline)) void blsx4_v1_sqr(blsx4_v *r,
                                                  const blsx4_v *a) {
  __m512i t[16];
  blsx4_clear(t);
#pragma GCC unroll 8
  for (int i = 0; i < 7; i++) {
#pragma GCC unroll 8
    for (int j = i + 1; j < 8; j++) {
      t[i + j] = _mm512_madd52lo_epu64(t[i + j], a->l[i], a->l[j]);
      t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a->l[i], a->l[j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) t[i] = _mm512_add_epi64(t[i], t[i]);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_madd52lo_epu64(t[2 * i], a->l[i], a->l[i]);
    t[2 * i + 1] = _mm512_madd52hi_epu64(t[2 * i + 1], a->l[i], a->l[i]);
  }
  blsx4_reduce(r, t);
}
BLSX4 __attribute__((noinline)) void blsx4_v2_mul(blsx4_v *r, const blsx4_v *a,
                                                  const blsx4_v *b) {
  blsx4_v v, u;
  __m512i t[16];
  blsx4_clear(t);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) u.l[i] = _mm512_unpacklo_epi64(b->l[i], b->l[i]);
  blsx4_product(t, a, &u);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    __m512i d = _mm512_unpackhi_epi64(b->l[i], b->l[i]);
    u.l[i] = _mm512_mask_sub_epi64(d, BLSX4_EVEN, _mm512_setzero_si512(), d);
    v.l[i] = blsx4_swap(a->l[i]);
  }
  blsx4_settle(&u);
  blsx4_product(t, &v, &u);
  blsx4_reduce(r, t);
}
BLSX4 __attribute__((noinline)) void blsx4_v2_sqr(blsx4_v *r,
                                                  const blsx4_v *a) {
  blsx4_v v, w;
  __m512i t[16];
  blsx4_clear(t);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    __m512i x = a->l[i], s = blsx4_swap(x), d = _mm512_add_epi64(x, x);
    w.l[i] = _mm512_mask_sub_epi64(d, BLSX4_EVEN, x, s);
    v.l[i] = _mm512_mask_add_epi64(s, BLSX4_EVEN, x, s);
  }
  blsx4_settle(&v);
  blsx4_settle(&w);
  blsx4_product(t, &v, &w);
  blsx4_reduce(r, t);
}
BLSX4_INLINE void blsx4_v_mul(blsx4_v *r, const blsx4_v *a, const blsx4_v *b,
                              bool ext) {
  if (ext) {
    blsx4_v2_mul(r, a, b);
  } else {
    blsx4_v1_mul(r, a, b);
  }
}
BLSX4_INLINE void blsx4_v_sqr(blsx4_v *r, const blsx4_v *a, bool ext) {
  if (ext) {
    blsx4_v2_sqr(r, a);
  } else {
    blsx4_v1_sqr(r, a);
  }
}
/* r = a - b 2^k. */
BLSX4_INLINE void blsx4_v_sub(blsx4_v *r, const blsx4_v *a, const blsx4_v *b,
                              int k) {
#pragma GCC unroll 8
  for (int j = 0; j < 8; j++)
    r->l[j] = _mm512_sub_epi64(a->l[j], _mm512_slli_epi64(b->l[j], k));
}
/* r = a times a small number. */
BLSX4_INLINE void blsx4_v_times(blsx4_v *r, const blsx4_v *a, int k) {
#pragma GCC unroll 8
  for (int j = 0; j < 8; j++) {
    __m512i d = _mm512_add_epi64(a->l[j], a->l[j]);
    r->l[j] = k == 3 ? _mm512_add_epi64(d, a->l[j]) : d;
  }
  blsx4_carry(r->l);
}
BLSX4_INLINE void blsx4_v_blend(blsx4_v *r, u8 mask, const blsx4_v *a) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++)
    r->l[i] = _mm512_mask_mov_epi64(r->l[i], mask, a->l[i]);
}
/* One: 1 in every lane, or 1 + 0u. */
BLSX4_INLINE void blsx4_v_one(blsx4_v *r, bool ext) {
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++)
    r->l[i] = _mm512_maskz_mov_epi64(ext ? BLSX4_EVEN : 0xff,
                                     blsx4_set(blsx4_one[i]));
}

/* Lanes that are 0 modulo p; a clean and below 2^13 p. */
BLSX4 u8 blsx4_v_zeros(const blsx4_v *a) {
  blsx4_v t, one;
  __m512i any = _mm512_setzero_si512(), off = any;
  blsx4_v_one(&one, false);
  blsx4_v1_mul(&t, a, &one);
  for (int i = 0; i < 8; i++) {
    any = _mm512_or_si512(any, t.l[i]);
    off = _mm512_or_si512(
        off, _mm512_xor_si512(t.l[i], blsx4_set(blsx4_p[i])));
  }
  return (u8)~(_mm512_test_epi64_mask(any, any) &
               _mm512_test_epi64_mask(off, off));
}
/* Both lanes of a pair, where that is an element. */
static u8 blsx4_both(u8 mask, bool ext) {
  u8 pair = mask & mask >> 1 & BLSX4_EVEN;
  return ext ? (u8)(pair * 3) : mask;
}

/* Y^2 = X^3 + b: 3M + 4S. */
BLSX4_INLINE void blsx4_p_dbl(struct blsx4_point *p, bool ext) {
  blsx4_v a, b, c, d, e, f;
  blsx4_v_sqr(&a, &p->x, ext);
  blsx4_v_sqr(&b, &p->y, ext);
  blsx4_v_mul(&d, &p->x, &b, ext);
  blsx4_v_sqr(&c, &b, ext);
  blsx4_v_mul(&p->z, &p->y, &p->z, ext);
  blsx4_v_times(&p->z, &p->z, 2);
  blsx4_v_times(&e, &a, 3);
  blsx4_v_sqr(&f, &e, ext);
  blsx4_v_sub(&p->x, &f, &d, 3);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++)
    d.l[i] = _mm512_sub_epi64(_mm512_slli_epi64(d.l[i], 2), p->x.l[i]);
  blsx4_settle_by(&p->x, 6);
  blsx4_settle_by(&d, 6);
  blsx4_v_mul(&e, &e, &d, ext);
  blsx4_v_sub(&p->y, &e, &c, 3);
  blsx4_settle_by(&p->y, 6);
}

/* Adds the affine (x, y) in lanes of mask: 8M + 3S. */
BLSX4_INLINE void blsx4_p_add(struct blsx4_point *p, const blsx4_v *x,
                              const blsx4_v *y, u8 mask, bool ext) {
  blsx4_v one, zz, u, s, h, r, v, t;
  struct blsx4_point q;
  blsx4_v_one(&one, ext);
  blsx4_v_sqr(&zz, &p->z, ext);
  blsx4_v_mul(&u, x, &zz, ext);
  blsx4_v_mul(&t, &zz, &p->z, ext);
  blsx4_v_mul(&s, y, &t, ext);
  blsx4_v_sub(&h, &u, &p->x, 0);
  blsx4_settle(&h);
  blsx4_v_sub(&r, &s, &p->y, 0);
  blsx4_settle(&r);
  blsx4_v_mul(&q.z, &p->z, &h, ext);
  blsx4_v_sqr(&zz, &h, ext);
  blsx4_v_mul(&h, &h, &zz, ext);
  blsx4_v_mul(&v, &p->x, &zz, ext);
  blsx4_v_sqr(&u, &r, ext);
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++)
    u.l[i] = _mm512_sub_epi64(_mm512_sub_epi64(u.l[i], h.l[i]),
                              _mm512_add_epi64(v.l[i], v.l[i]));
  q.x = u;
  blsx4_settle_by(&q.x, 6);
  blsx4_v_sub(&v, &v, &u, 0);
  blsx4_settle_by(&v, 6);
  blsx4_v_mul(&r, &r, &v, ext);
  blsx4_v_mul(&t, &p->y, &h, ext);
  blsx4_v_sub(&q.y, &r, &t, 0);
  blsx4_settle_by(&q.y, 6);
  blsx4_v_blend(&q.x, p->inf, x);
  blsx4_v_blend(&q.y, p->inf, y);
  blsx4_v_blend(&q.z, p->inf, &one);
  blsx4_v_blend(&p->x, mask, &q.x);
  blsx4_v_blend(&p->y, mask, &q.y);
  blsx4_v_blend(&p->z, mask, &q.z);
  p->inf &= (u8)~mask;
}

/* Number i of each point, n numbers a point, in lanes; points beyond cnt
** repeat the first. */
BLSX4 void blsx4_v_import(blsx4_v *r, const u64 (*a)[6], u32 n, u32 i, u32 cnt,
                          bool ext) {
  u64 limb[8][8], x[8];
  blsx4_v t, to;
  for (u32 j = 0; j < 8; j++) {
    u32 at = ext ? j / 2 : j;
    blsx4_cut(x, a[n * (at < cnt ? at : 0) + i + (ext ? j & 1 : 0)]);
    for (int m = 0; m < 8; m++) limb[m][j] = x[m];
  }
  for (int m = 0; m < 8; m++) {
    t.l[m] = _mm512_loadu_si512(limb[m]);
    to.l[m] = blsx4_set(blsx4_to[m]);
  }
  blsx4_v1_mul(r, &t, &to);
}
BLSX4 void blsx4_v_export(u64 (*out)[6], const blsx4_v *a, const u64 *factor) {
  u64 limb[8][8], x[15];
  blsx4_v t;
  for (int m = 0; m < 8; m++) t.l[m] = blsx4_set(factor[m]);
  blsx4_v1_mul(&t, a, &t);
  for (int m = 0; m < 8; m++) _mm512_storeu_si512(limb[m], t.l[m]);
  for (u32 j = 0; j < 8; j++) {
    for (int m = 0; m < 8; m++) x[2 * m] = limb[m][j];
    blsx4_join(out[j], x);
  }
}

/* k / z modulo p for eight z, by one division; 0 gives anything. */
static void blsx4_divide(u64 (*z)[6], const u64 k[6]) {
  static const u64 p[6] = {0xb9feffffffffaaab, 0x1eabfffeb153ffff,
                           0x6730d2a0f6b0f624, 0x64774b84f38512bf,
                           0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
  const u64 n0 = 0x89f3fffcfffcfffd;
  u64 before[8][6], inv[6];
  for (int i = 0; i < 8; i++) {
    if (mont_is_zero(z[i], 6)) z[i][0] = 1;
    if (i == 0) {
      memcpy(before[0], z[0], sizeof inv);
    } else {
      mont_mul(before[i], before[i - 1], z[i], p, n0, 6, true);
    }
  }
  crypto_modinv6(inv, before[7], k, p);
  for (int i = 7; i > 0; i--) {
    u64 t[6];
    mont_mul(t, inv, before[i - 1], p, n0, 6, true);
    mont_mul(inv, inv, z[i], p, n0, 6, true);
    memcpy(z[i], t, sizeof t);
  }
  memcpy(z[0], inv, sizeof inv);
}

/* r = 1/a. */
BLSX4 void blsx4_v_inv(blsx4_v *r, const blsx4_v *a, bool ext) {
  static const u64 rr[6] = { /* 2^832 mod p */
      0x1a2a5bf4cb89af51, 0xec71f13afbba7ca3, 0x7104659032646160,
      0x480a4a188311a84d, 0x6698e5907ad91f53, 0x087462075d745072};
  u64 z[8][6], limb[8][8], x[8];
  blsx4_v t, conj;
  if (ext) { /* (a - bu) / (a^2 + b^2) */
    blsx4_v1_sqr(&t, a);
    for (int i = 0; i < 8; i++) {
      t.l[i] = _mm512_add_epi64(t.l[i], blsx4_swap(t.l[i]));
      conj.l[i] = _mm512_mask_sub_epi64(a->l[i], BLSX4_ODD,
                                        _mm512_setzero_si512(), a->l[i]);
    }
    blsx4_settle(&conj);
    blsx4_carry(t.l);
  } else {
    t = *a;
  }
  blsx4_v_export(z, &t, blsx4_one);
  blsx4_divide(z, rr);
  for (u32 j = 0; j < 8; j++) {
    blsx4_cut(x, z[j]);
    for (int m = 0; m < 8; m++) limb[m][j] = x[m];
  }
  for (int m = 0; m < 8; m++) r->l[m] = _mm512_loadu_si512(limb[m]);
  if (ext) blsx4_v1_mul(r, r, &conj);
}

/* a + bu in each pair of lanes. */
BLSX4_INLINE void blsx4_v_pairs(blsx4_v *r, const u64 k[2][8]) {
  for (int i = 0; i < 8; i++)
    r->l[i] = _mm512_mask_mov_epi64(blsx4_set(k[0][i]), BLSX4_ODD,
                                    blsx4_set(k[1][i]));
}

/* (x, y) under the map whose eigenvalue is x^2 on G1 (-phi) and |x| on G2
** (-psi). */
BLSX4 void blsx4_endo(blsx4_v *x, blsx4_v *y, bool ext) {
  static const u64 beta[8] = {
     0xd75aaff33455f, 0xd095356b7cbb6, 0x953a2f6fa079f, 0x1080cf0a3d697,
     0x3f7de3465fe7c, 0x1f71fd6896ec, 0xd9dd9cc172747, 0x7d91};
  static const u64 psi_x[2][8] = {
    {0},
    {0x18a5500cc654c, 0x2e1c1e9482fe9, 0xd5d532d24a460, 0x23e982695377,
     0x36c99171ef509, 0x19b0966cc23e1, 0x44c5fb3cf7304, 0x1227f}};
  static const u64 psi_y[2][8] = {
    {0x9c1a677c96161, 0xf16c8708fcef3, 0x94977d28093e6, 0xa06b71c927307,
     0xb4fa740f70cc7, 0x844ca7b844683, 0x3f2d89b2709bb, 0x917d},
    {0x53e598836494a, 0xd44ccf702cac, 0xd677e519e1819, 0x7253f567ab707,
     0xc14d00a8de6bd, 0x975b0e8b07449, 0xdf760e4bf908f, 0x10e93}};
  const __m512i zero = _mm512_setzero_si512();
  blsx4_v k;
  if (!ext) {
    for (int i = 0; i < 8; i++) {
      k.l[i] = blsx4_set(beta[i]);
      y->l[i] = _mm512_sub_epi64(zero, y->l[i]);
    }
    blsx4_v_mul(x, x, &k, false);
    blsx4_settle_by(y, 6);
    return;
  }
  for (int i = 0; i < 8; i++) {
    x->l[i] = _mm512_mask_sub_epi64(x->l[i], BLSX4_ODD, zero, x->l[i]);
    y->l[i] = _mm512_mask_sub_epi64(y->l[i], BLSX4_EVEN, zero, y->l[i]);
  }
  blsx4_settle(x);
  blsx4_settle(y);
  blsx4_v_pairs(&k, psi_x);
  blsx4_v_mul(x, x, &k, true);
  blsx4_v_pairs(&k, psi_y);
  blsx4_v_mul(y, y, &k, true);
}

/* p = |x of the curve| times (x, y), which p must have at Z = 1. */
BLSX4_INLINE void blsx4_p_times_x(struct blsx4_point *p, const blsx4_v *x,
                                  const blsx4_v *y, bool ext) {
  for (int i = 62; i >= 0; i--) {
    blsx4_p_dbl(p, ext);
    if (BLSX4_X >> i & 1) blsx4_p_add(p, x, y, 0xff, ext);
  }
}
/* p at Z = 1; points with Z = 0 become anything. */
BLSX4_INLINE void blsx4_p_affine(struct blsx4_point *p, bool ext) {
  blsx4_v inv, ii;
  blsx4_v_inv(&inv, &p->z, ext);
  blsx4_v_sqr(&ii, &inv, ext);
  blsx4_v_mul(&p->x, &p->x, &ii, ext);
  blsx4_v_mul(&ii, &ii, &inv, ext);
  blsx4_v_mul(&p->y, &p->y, &ii, ext);
  blsx4_v_one(&p->z, ext);
}

/* Whether the map's eigenvalue is what it is on the group: |x|^2 on G1, |x| on
** G2 times the point equal to its image. */
BLSX4_INLINE u8 blsx4_p_check(const u64 (*a)[6], u32 cnt, bool ext) {
  struct blsx4_point p;
  blsx4_v x, y, zz, t;
  u8 good;
  blsx4_v_import(&x, a, ext ? 4 : 2, 0, cnt, ext);
  blsx4_v_import(&y, a, ext ? 4 : 2, ext ? 2 : 1, cnt, ext);
  p.x = x, p.y = y, p.inf = 0;
  blsx4_v_one(&p.z, ext);
  blsx4_p_times_x(&p, &x, &y, ext);
  good = (u8)~blsx4_both(blsx4_v_zeros(&p.z), ext);
  if (!ext) {
    struct blsx4_point q;
    blsx4_p_affine(&p, ext);
    q = p;
    blsx4_p_times_x(&q, &p.x, &p.y, ext);
    good &= (u8)~blsx4_both(blsx4_v_zeros(&q.z), ext);
    p = q;
  }
  blsx4_endo(&x, &y, ext);
  blsx4_v_sqr(&zz, &p.z, ext);
  blsx4_v_mul(&x, &x, &zz, ext);
  blsx4_v_mul(&zz, &zz, &p.z, ext);
  blsx4_v_mul(&y, &y, &zz, ext);
  blsx4_v_sub(&t, &x, &p.x, 0);
  blsx4_settle(&t);
  good &= blsx4_both(blsx4_v_zeros(&t), ext);
  blsx4_v_sub(&t, &y, &p.y, 0);
  blsx4_settle(&t);
  return good & blsx4_both(blsx4_v_zeros(&t), ext);
}

/* Signed digits of four bits, least first: magnitude by lane, masks. */
struct blsx4_digits {
  u8 mag[BLSX4_DIGITS][8], neg[BLSX4_DIGITS], any[BLSX4_DIGITS];
};
static void blsx4_recode(struct blsx4_digits *d, u32 lane, const u64 *k,
                         u32 words) {
  u32 carry = 0, cnt = 16 * words;
  for (u32 i = 0; i <= cnt; i++) {
    u32 v = carry + (i < cnt ? (u32)(k[i / 16] >> 4 * (i % 16)) & 15 : 0);
    carry = v > 8;
    if (carry) v = 16 - v;
    d->mag[i][lane] = (u8)v;
    d->neg[i] |= (u8)(carry << lane);
    d->any[i] |= (u8)((v != 0) << lane);
  }
}

/* Multiples 1 to 8 of the points under the powers of the map: entry, x or y,
** limb, lane. */
struct blsx4_table { u64 e[BLSX4_STRINGS][BLSX4_ENTRIES][2][8][8]; };

BLSX4 void blsx4_put(u64 (*to)[8], const blsx4_v *v) {
  for (int i = 0; i < 8; i++) _mm512_storeu_si512(to[i], v->l[i]);
}
/* Says in which lanes a multiple is infinity: these are no good. */
BLSX4_INLINE u8 blsx4_make_table(struct blsx4_table *t, const blsx4_v *x,
                                 const blsx4_v *y, int strings, bool ext) {
  struct blsx4_point p = {.x = *x, .y = *y};
  blsx4_v all[BLSX4_ENTRIES], inv, ii, zi, tx, ty;
  struct blsx4_point e[BLSX4_ENTRIES];
  blsx4_v_one(&p.z, ext);
  e[0] = p;
  blsx4_p_dbl(&p, ext);
  e[1] = p;
  for (int i = 2; i < BLSX4_ENTRIES; i++) {
    blsx4_p_add(&p, x, y, 0xff, ext);
    e[i] = p;
  }
  all[1] = e[1].z;
  for (int i = 2; i < BLSX4_ENTRIES; i++)
    blsx4_v_mul(&all[i], &all[i - 1], &e[i].z, ext);
  blsx4_v_inv(&inv, &all[BLSX4_ENTRIES - 1], ext);
  for (int i = BLSX4_ENTRIES - 1; i >= 0; i--) {
    tx = e[i].x, ty = e[i].y;
    if (i > 0) {
      zi = inv;
      if (i > 1) {
        blsx4_v_mul(&zi, &inv, &all[i - 1], ext);
        blsx4_v_mul(&inv, &inv, &e[i].z, ext);
      }
      blsx4_v_sqr(&ii, &zi, ext);
      blsx4_v_mul(&tx, &tx, &ii, ext);
      blsx4_v_mul(&ii, &ii, &zi, ext);
      blsx4_v_mul(&ty, &ty, &ii, ext);
    }
    for (int s = 0; s < strings; s++) {
      if (s > 0) blsx4_endo(&tx, &ty, ext);
      blsx4_put(t->e[s][i][0], &tx);
      blsx4_put(t->e[s][i][1], &ty);
    }
  }
  return blsx4_both(blsx4_v_zeros(&all[BLSX4_ENTRIES - 1]), ext);
}

BLSX4_INLINE void blsx4_add_digit(struct blsx4_point *p,
                                  const u64 (*e)[2][8][8],
                                  const struct blsx4_digits *d, int i,
                                  bool ext) {
  const __m512i zero = _mm512_setzero_si512();
  blsx4_v x, y;
  u8 any = d->any[i];
  if (!any) return;
  __m512i at = _mm512_cvtepu8_epi64(
      _mm_loadl_epi64((const __m128i *)d->mag[i]));
  at = _mm512_mask_sub_epi64(at, any, at, blsx4_set(1));
  at = _mm512_add_epi64(_mm512_slli_epi64(at, 7),
                        _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
  for (int m = 0; m < 8; m++) {
    x.l[m] = _mm512_i64gather_epi64(at, e[0][0][m], 8);
    y.l[m] = _mm512_i64gather_epi64(at, e[0][1][m], 8);
    y.l[m] = _mm512_mask_sub_epi64(y.l[m], d->neg[i], zero, y.l[m]);
  }
  blsx4_settle_by(&y, 10);
  blsx4_p_add(p, &x, &y, any, ext);
}

/* The sum of the strings' products; lanes done. */
BLSX4_INLINE u8 blsx4_p_mul(struct blsx4_point *p, const u64 (*a)[6],
                            const struct blsx4_digits *d, u32 cnt,
                            int strings, int digits, bool ext) {
  struct blsx4_table t;
  blsx4_v x, y;
  blsx4_v_import(&x, a, ext ? 4 : 2, 0, cnt, ext);
  blsx4_v_import(&y, a, ext ? 4 : 2, ext ? 2 : 1, cnt, ext);
  u8 bad = blsx4_make_table(&t, &x, &y, strings, ext);
  p->x = x, p->y = y, p->inf = 0xff;
  blsx4_v_one(&p->z, ext);
  for (int i = digits - 1; i >= 0; i--) {
    for (int k = 0; k < 4 && p->inf != 0xff; k++) blsx4_p_dbl(p, ext);
    for (int s = 0; s < strings; s++)
      blsx4_add_digit(p, (const u64(*)[2][8][8])t.e[s], &d[s], i, ext);
  }
  bad |= blsx4_both(blsx4_v_zeros(&p->z), ext);
  return (u8)(p->inf | ~bad);
}

BLSX4_ISA u32 crypto_bls_x4_g1_check(const u64 (*p)[2][6], u32 cnt) {
  return blsx4_p_check(p[0], cnt, false) & ((1u << cnt) - 1);
}
/* One bit for each pair of lanes. */
static u32 blsx4_pairs_of(u8 mask, u32 cnt) {
  u32 r = 0;
  for (u32 i = 0; i < cnt; i++) r |= (mask >> 2 * i & 1u) << i;
  return r;
}
BLSX4_ISA u32 crypto_bls_x4_g2_check(const u64 (*q)[4][6], u32 cnt) {
  return blsx4_pairs_of(blsx4_p_check(q[0], cnt, true), cnt);
}

BLSX4_ISA u32 crypto_bls_x4_g1_mul(u64 (*r)[3][6], const u64 (*p)[2][6],
                                   const u64 (*k)[2][2], u32 cnt) {
  struct blsx4_digits d[2];
  struct blsx4_point s;
  u64 x[8][6], y[8][6], z[8][6];
  memset(d, 0, sizeof d);
  for (u32 i = 0; i < cnt; i++)
    for (int j = 0; j < 2; j++) blsx4_recode(&d[j], i, k[i][j], 2);
  u8 done = blsx4_p_mul(&s, p[0], d, cnt, 2, 33, false);
  blsx4_v_export(x, &s.x, blsx4_from);
  blsx4_v_export(y, &s.y, blsx4_from);
  blsx4_v_export(z, &s.z, blsx4_from);
  for (u32 i = 0; i < cnt; i++) {
    memcpy(r[i][0], x[i], 48);
    memcpy(r[i][1], y[i], 48);
    memcpy(r[i][2], z[i], 48);
    if (s.inf >> i & 1) memset(r[i][2], 0, 48);
  }
  return done & ((1u << cnt) - 1);
}

BLSX4_ISA u32 crypto_bls_x4_g2_mul(u64 (*r)[6][6], const u64 (*q)[4][6],
                                   const u64 (*k)[4], u32 cnt) {
  struct blsx4_digits d[4];
  struct blsx4_point s;
  u64 x[8][6], y[8][6], z[8][6];
  memset(d, 0, sizeof d);
  for (u32 i = 0; i < 2 * cnt; i++)
    for (int j = 0; j < 4; j++) blsx4_recode(&d[j], i, &k[i / 2][j], 1);
  u8 done = blsx4_p_mul(&s, q[0], d, cnt, 4, 17, true);
  blsx4_v_export(x, &s.x, blsx4_from);
  blsx4_v_export(y, &s.y, blsx4_from);
  blsx4_v_export(z, &s.z, blsx4_from);
  for (u32 i = 0; i < cnt; i++) {
    memcpy(r[i][0], x[2 * i], 96);
    memcpy(r[i][2], y[2 * i], 96);
    memcpy(r[i][4], z[2 * i], 96);
    if (s.inf >> 2 * i & 1) memset(r[i][4], 0, 96);
  }
  return blsx4_pairs_of(done, cnt);
}

static bool blsx4_cpu_has(void) {
  return __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512ifma");
}
bool crypto_bls_x4_select(bool on) {
  return crypto_bls_x4_on = on && blsx4_cpu_has();
}

#undef BLSX4
#undef BLSX4_ISA
#undef BLSX4_INLINE
#undef BLSX4_X
#undef BLSX4_MASK
#undef BLSX4_P0
#else
bool crypto_bls_x4_select(bool on) {
  (void)on;
  return false;
}
void crypto_bls_x4_miller(u64 f[12][6], const u64 (*p)[2][6],
                          const u64 (*q)[4][6], u32 cnt) {
  (void)f, (void)p, (void)q, (void)cnt;
}
void crypto_bls_x4_hard_exp(u64 f[12][6]) { (void)f; }
void crypto_bls_x4_fix(struct crypto_bls_x4_lines *out, const u64 q[4][6]) {
  (void)out, (void)q;
}
void crypto_bls_x4_miller_fixed(u64 f[12][6], const u64 (*p)[2][6],
                                const struct crypto_bls_x4_lines *fixed,
                                u32 cnt) {
  (void)f, (void)p, (void)fixed, (void)cnt;
}
u32 crypto_bls_x4_g1_check(const u64 (*p)[2][6], u32 cnt) {
  (void)p, (void)cnt;
  return 0;
}
u32 crypto_bls_x4_g2_check(const u64 (*q)[4][6], u32 cnt) {
  (void)q, (void)cnt;
  return 0;
}
u32 crypto_bls_x4_g1_mul(u64 (*r)[3][6], const u64 (*p)[2][6],
                         const u64 (*k)[2][2], u32 cnt) {
  (void)r, (void)p, (void)k, (void)cnt;
  return 0;
}
u32 crypto_bls_x4_g2_mul(u64 (*r)[6][6], const u64 (*q)[4][6],
                         const u64 (*k)[4], u32 cnt) {
  (void)r, (void)q, (void)k, (void)cnt;
  return 0;
}
#endif
