/* secp256k1_x8.c - eight ECDSA public keys recovered at once (SEC 1, 4.1.6),
** in the lanes of AVX-512 with its 52-bit multiplication (IFMA).
**
**   Q = u1 G + u2 R,   u1 = -z / r,  u2 = s / r   (mod n),  R.x = r
**
** Field: an element is five vectors of 52-bit limbs, value below 2^260, not
** the least residue.  2^260 = X8_FOLD (mod p).  Every limb stays below 2^52
** between operations, because the multiplication takes the low 52 bits of
** each factor; folding the top ends with a carry that can only follow a value
** which has just wrapped to a small one, and is done all the same: senders
** choose r, s and z, so nothing is too rare to happen.
**
** Scalars: u2 is split by the endomorphism (lambda (x, y) = (beta x, y)) in
** two of 128 bits, taken in signed digits of 4 bits from a table of 1..8 R;
** u1 in its halves, in signed digits of 8 bits from tables of 1..128 G and
** 1..128 2^128 G.  The R table is brought to one common Z without inversion;
** the sum is kept on the isomorphic curve on which its points are affine, and
** G's points come there by one multiplication more.
**
** Additions leave out equal and opposite points: then Z becomes zero, stays
** so, and the lane is reported as not recovered.  Nothing here is secret: the
** time depends on the data.
*/
#include "crypto/secp256k1_x8.h"

bool crypto_x8_on;

#if defined(__x86_64__)
#include <immintrin.h>
#include <secp256k1.h>

#include "crypto/secp256k1_scalar.h"

#define X8 __attribute__((target("avx512f,avx512vl,avx512ifma"))) static
#define X8_INLINE X8 inline __attribute__((always_inline))
#define X8_FOLD 0x1000003d10ull  /* 2^260 mod p */
#define X8_FOLD_P 0x1000003d1ull /* 2^256 mod p */
#define X8_MASK ((1ull << 52) - 1)
enum { X8_DIGITS = 33, X8_G_DIGITS = 17, X8_R_CNT = 8, X8_G_CNT = 128 };

struct x8 { __m512i l[5]; };
struct x8_point { struct x8 x, y, z; u8 inf; };

static u64 x8_g[2][X8_G_CNT][10]; /* multiples of G and 2^128 G: x, y */

/*------------------------------------------------------------------ field */

X8_INLINE __m512i x8_set(u64 v) { return _mm512_set1_epi64((long long)v); }

X8_INLINE void x8_ripple(__m512i t[5]) {
  const __m512i mask = x8_set(X8_MASK);
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    t[i + 1] = _mm512_add_epi64(t[i + 1], _mm512_srli_epi64(t[i], 52));
    t[i] = _mm512_and_si512(t[i], mask);
  }
}

X8_INLINE __m512i x8_cut_top(__m512i t[5]) {
  __m512i top = _mm512_srli_epi64(t[4], 52);
  t[4] = _mm512_and_si512(t[4], x8_set(X8_MASK));
  return top;
}

/* Limbs below 2^62 to limbs below 2^52. */
X8_INLINE void x8_norm(struct x8 *a) {
  const __m512i fold = x8_set(X8_FOLD);
  x8_ripple(a->l);
  a->l[0] = _mm512_madd52lo_epu64(a->l[0], x8_cut_top(a->l), fold);
  x8_ripple(a->l);
  a->l[0] = _mm512_madd52lo_epu64(a->l[0], x8_cut_top(a->l), fold);
}

/* Ten limbs below 2^60 to an element. */
X8_INLINE void x8_reduce(struct x8 *out, __m512i t[10]) {
  const __m512i fold = x8_set(X8_FOLD), mask = x8_set(X8_MASK);
#pragma GCC unroll 4
  for (int i = 5; i < 9; i++) {
    t[i + 1] = _mm512_add_epi64(t[i + 1], _mm512_srli_epi64(t[i], 52));
    t[i] = _mm512_and_si512(t[i], mask);
  }
  __m512i top = _mm512_madd52hi_epu64(_mm512_setzero_si512(), t[9], fold);
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
    t[i] = _mm512_madd52lo_epu64(t[i], t[i + 5], fold);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    t[i + 1] = _mm512_madd52hi_epu64(t[i + 1], t[i + 5], fold);
  }
  x8_ripple(t);
  top = _mm512_add_epi64(top, x8_cut_top(t));
  t[0] = _mm512_madd52lo_epu64(t[0], top, fold);
  t[1] = _mm512_madd52hi_epu64(t[1], top, fold);
  x8_ripple(t);
  t[0] = _mm512_madd52lo_epu64(t[0], x8_cut_top(t), fold);
  t[1] = _mm512_add_epi64(t[1], _mm512_srli_epi64(t[0], 52));
  t[0] = _mm512_and_si512(t[0], mask);
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) out->l[i] = t[i];
}

X8 void x8_mul(struct x8 *out, const struct x8 *a, const struct x8 *b) {
  __m512i t[10];
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) t[i] = _mm512_setzero_si512();
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++) {
      t[i + j] = _mm512_madd52lo_epu64(t[i + j], a->l[i], b->l[j]);
    }
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++) {
      t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a->l[i], b->l[j]);
    }
  }
  x8_reduce(out, t);
}

X8 void x8_sqr(struct x8 *out, const struct x8 *a) {
  __m512i t[10];
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) t[i] = _mm512_setzero_si512();
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
#pragma GCC unroll 5
    for (int j = i + 1; j < 5; j++) {
      t[i + j] = _mm512_madd52lo_epu64(t[i + j], a->l[i], a->l[j]);
      t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a->l[i], a->l[j]);
    }
  }
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) t[i] = _mm512_add_epi64(t[i], t[i]);
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
    t[2 * i] = _mm512_madd52lo_epu64(t[2 * i], a->l[i], a->l[i]);
    t[2 * i + 1] = _mm512_madd52hi_epu64(t[2 * i + 1], a->l[i], a->l[i]);
  }
  x8_reduce(out, t);
}

X8 void x8_sqr_times(struct x8 *out, const struct x8 *a, u32 times) {
  x8_sqr(out, a);
  while (--times) x8_sqr(out, out);
}

/* out = k a, not normalized (k a few bits). */
X8_INLINE void x8_scale(struct x8 *out, const struct x8 *a, u32 shift) {
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) out->l[i] = _mm512_slli_epi64(a->l[i], shift);
}
X8_INLINE void x8_add_raw(struct x8 *out, const struct x8 *a,
                          const struct x8 *b) {
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) out->l[i] = _mm512_add_epi64(a->l[i], b->l[i]);
}
/* out = a - b, not normalized: 32 p (times 2^shift) is added, whose limbs are
** larger than b's; b's limbs are below 2^(52 + shift). */
X8_INLINE void x8_sub_raw(struct x8 *out, const struct x8 *a,
                          const struct x8 *b, u32 shift) {
  const __m512i low = x8_set((2 * (X8_MASK + 1 - X8_FOLD)) << shift);
  const __m512i high = x8_set((2 * X8_MASK) << shift);
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
    out->l[i] = _mm512_sub_epi64(
        _mm512_add_epi64(a->l[i], i ? high : low), b->l[i]);
  }
}
X8_INLINE void x8_sub(struct x8 *out, const struct x8 *a, const struct x8 *b) {
  x8_sub_raw(out, a, b, 0);
  x8_norm(out);
}
X8_INLINE void x8_blend(struct x8 *out, u8 mask, const struct x8 *a) {
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
    out->l[i] = _mm512_mask_mov_epi64(out->l[i], mask, a->l[i]);
  }
}
X8_INLINE void x8_small(struct x8 *out, u64 v) {
  *out = (struct x8){{x8_set(v)}};
#pragma GCC unroll 4
  for (int i = 1; i < 5; i++) out->l[i] = _mm512_setzero_si512();
}

/* The least residue. */
X8 void x8_canonical(struct x8 *a) {
  const __m512i fold = x8_set(X8_FOLD_P), top = x8_set((1ull << 48) - 1);
  struct x8 t;
  for (int i = 0; i < 2; i++) {
    __m512i q = _mm512_srli_epi64(a->l[4], 48);
    a->l[4] = _mm512_and_si512(a->l[4], top);
    a->l[0] = _mm512_madd52lo_epu64(a->l[0], q, fold);
    x8_ripple(a->l);
  }
  t = *a;
  t.l[0] = _mm512_add_epi64(t.l[0], fold);
  x8_ripple(t.l);
  u8 over = _mm512_test_epi64_mask(t.l[4], x8_set(1ull << 48));
  t.l[4] = _mm512_and_si512(t.l[4], top);
  x8_blend(a, over, &t);
}

X8 u8 x8_is_zero(struct x8 a) {
  x8_canonical(&a);
  __m512i any = a.l[0];
  for (int i = 1; i < 5; i++) any = _mm512_or_si512(any, a.l[i]);
  return _mm512_testn_epi64_mask(any, any);
}

/* a^(2^223 - 1), and on the way a^3 and a^(2^22 - 1): both exponents below
** end in these (the addition chain is the one the prime's form suggests). */
X8 void x8_pow_223(struct x8 *x223, struct x8 *x22, struct x8 *x2,
                   const struct x8 *a) {
  struct x8 x3, x11, x44, x88, t;
  x8_sqr(&t, a);
  x8_mul(x2, &t, a);
  x8_sqr(&t, x2);
  x8_mul(&x3, &t, a);
  x8_sqr_times(&t, &x3, 3);
  x8_mul(&t, &t, &x3); /* 6 */
  x8_sqr_times(&t, &t, 3);
  x8_mul(&t, &t, &x3); /* 9 */
  x8_sqr_times(&t, &t, 2);
  x8_mul(&x11, &t, x2);
  x8_sqr_times(&t, &x11, 11);
  x8_mul(x22, &t, &x11);
  x8_sqr_times(&t, x22, 22);
  x8_mul(&x44, &t, x22);
  x8_sqr_times(&t, &x44, 44);
  x8_mul(&x88, &t, &x44);
  x8_sqr_times(&t, &x88, 88);
  x8_mul(&t, &t, &x88); /* 176 */
  x8_sqr_times(&t, &t, 44);
  x8_mul(&t, &t, &x44); /* 220 */
  x8_sqr_times(&t, &t, 3);
  x8_mul(x223, &t, &x3);
}

/* a^((p + 1) / 4): a root, if there is one. */
X8 void x8_sqrt(struct x8 *out, const struct x8 *a) {
  struct x8 t, x22, x2;
  x8_pow_223(&t, &x22, &x2, a);
  x8_sqr_times(&t, &t, 23);
  x8_mul(&t, &t, &x22);
  x8_sqr_times(&t, &t, 6);
  x8_mul(&t, &t, &x2);
  x8_sqr_times(out, &t, 2);
}

/* a^(p - 2). */
X8 void x8_invert(struct x8 *out, const struct x8 *a) {
  struct x8 t, x22, x2;
  x8_pow_223(&t, &x22, &x2, a);
  x8_sqr_times(&t, &t, 23);
  x8_mul(&t, &t, &x22);
  x8_sqr_times(&t, &t, 5);
  x8_mul(&t, &t, a);
  x8_sqr_times(&t, &t, 3);
  x8_mul(&t, &t, &x2);
  x8_sqr_times(&t, &t, 2);
  x8_mul(out, &t, a);
}

/* Limbs from and to 32 big-endian bytes. */
static void x8_limbs_of(u64 out[5], const u8 in[32]) {
  u64 w[4];
  for (int i = 0; i < 4; i++) w[i] = load_be64(in + 24 - 8 * i);
  out[0] = w[0] & X8_MASK;
  out[1] = (w[0] >> 52 | w[1] << 12) & X8_MASK;
  out[2] = (w[1] >> 40 | w[2] << 24) & X8_MASK;
  out[3] = (w[2] >> 28 | w[3] << 36) & X8_MASK;
  out[4] = w[3] >> 16;
}
static void x8_bytes_of(u8 out[32], const u64 l[5]) {
  store_be64(out + 24, l[0] | l[1] << 52);
  store_be64(out + 16, l[1] >> 12 | l[2] << 40);
  store_be64(out + 8, l[2] >> 24 | l[3] << 28);
  store_be64(out, l[3] >> 36 | l[4] << 16);
}
X8 void x8_store(u64 out[5][8], const struct x8 *a) {
  for (int i = 0; i < 5; i++) _mm512_storeu_si512(out[i], a->l[i]);
}
X8 void x8_load(struct x8 *out, u64 in[5][8]) {
  for (int i = 0; i < 5; i++) out->l[i] = _mm512_loadu_si512(in[i]);
}

/*----------------------------------------------------------------- points */

/* S = 4XY^2, M = 3X^2: X' = M^2 - 2S, Y' = M(S - X') - 8Y^4, Z' = 2YZ. */
X8 void x8_double(struct x8_point *p) {
  struct x8 m, s, yy, t;
  x8_sqr(&m, &p->x);
  x8_add_raw(&t, &m, &m);
  x8_add_raw(&m, &m, &t);
  x8_norm(&m);
  x8_sqr(&yy, &p->y);
  x8_mul(&s, &p->x, &yy);
  x8_scale(&s, &s, 2);
  x8_norm(&s);
  x8_mul(&p->z, &p->y, &p->z);
  x8_scale(&p->z, &p->z, 1);
  x8_norm(&p->z);
  x8_sqr(&t, &m);
  x8_scale(&p->x, &s, 1);
  x8_sub_raw(&p->x, &t, &p->x, 1);
  x8_norm(&p->x);
  x8_sub(&s, &s, &p->x);
  x8_mul(&p->y, &m, &s);
  x8_sqr(&yy, &yy);
  x8_scale(&yy, &yy, 3);
  x8_sub_raw(&p->y, &p->y, &yy, 3);
  x8_norm(&p->y);
}

/* Adds (x, y), in lanes of mask; scale: what brings it to p's curve (NULL: it
** is there).  h: p's Z grew by this factor. */
X8 void x8_add(struct x8_point *p, const struct x8 *x, const struct x8 *y,
               const struct x8 *scale, u8 mask, struct x8 *h) {
  struct x8 one, z, zz, u, s, r, hh, hhh, v, t;
  struct x8_point q;
  x8_small(&one, 1);
  x8_blend(&p->z, p->inf, &one);
  if (scale) {
    x8_mul(&z, &p->z, scale);
  } else {
    z = p->z;
  }
  x8_sqr(&zz, &z);
  x8_mul(&u, x, &zz);
  x8_mul(&t, &zz, &z);
  x8_mul(&s, y, &t);
  x8_sub(h, &u, &p->x);
  x8_sub(&r, &s, &p->y);
  x8_sqr(&hh, h);
  x8_mul(&hhh, &hh, h);
  x8_mul(&v, &p->x, &hh);
  x8_mul(&q.z, &p->z, h);
  x8_sqr(&q.x, &r);
  x8_scale(&t, &v, 1);
  x8_add_raw(&t, &t, &hhh);
  x8_sub_raw(&q.x, &q.x, &t, 2);
  x8_norm(&q.x);
  x8_sub(&v, &v, &q.x);
  x8_mul(&q.y, &r, &v);
  x8_mul(&t, &p->y, &hhh);
  x8_sub(&q.y, &q.y, &t);
  x8_blend(&q.x, p->inf, &u);
  x8_blend(&q.y, p->inf, &s);
  x8_blend(&q.z, p->inf, &one);
  x8_blend(&p->x, mask, &q.x);
  x8_blend(&p->y, mask, &q.y);
  x8_blend(&p->z, mask, &q.z);
  p->inf &= (u8)~mask;
}

/*---------------------------------------------------------------- scalars */

/* Signed digits, least first: magnitude by lane, masks of lanes. */
struct x8_digits { u8 mag[X8_DIGITS][8], neg[X8_DIGITS], any[X8_DIGITS]; };

static void x8_recode(struct x8_digits *d, u32 lane, u64 low, u64 high,
                      u32 width, bool negate) {
  u32 half = 1u << (width - 1), carry = 0, cnt = 128 / width;
  for (u32 i = 0; i <= cnt; i++) {
    u32 at = i * width;
    u32 v = i == cnt ? 0 : (u32)((at < 64 ? low >> at : high >> (at - 64)) &
                                 (2 * half - 1));
    v += carry;
    carry = v > half;
    if (carry) v = 2 * half - v;
    d->mag[i][lane] = (u8)v;
    d->neg[i] |= (u8)((carry != negate) << lane);
    d->any[i] |= (u8)((v != 0) << lane);
  }
}

/*--------------------------------------------------------------- recovery */

struct x8_work {
  struct x8_digits k1, k2, g_low, g_high;
  u64 r_tab[X8_R_CNT][3][5][8]; /* x, beta x, y of 1..8 R on the common Z */
  struct x8 scale;              /* that Z */
};

/* Digits of all lanes.  Lanes beyond those good repeat a good one. */
static void x8_scalars(struct x8_work *w, const hash32 *digest,
                       const struct sig65 *sig, const u32 lane[8]) {
  struct secp_scalar r[8], before[8], all = {{1}}, inv;
  for (u32 i = 0; i < 8; i++) {
    crypto_scalar_load(&r[i], sig[lane[i]].r);
    before[i] = all;
    crypto_scalar_mul(&all, &all, &r[i]);
  }
  crypto_scalar_invert(&inv, &all);
  for (u32 i = 8; i-- > 0;) {
    struct secp_scalar one, u;
    struct secp_halves half;
    crypto_scalar_mul(&one, &inv, &before[i]);
    crypto_scalar_mul(&inv, &inv, &r[i]);
    crypto_scalar_load(&u, sig[lane[i]].s);
    crypto_scalar_mul(&u, &u, &one);
    crypto_scalar_split(&half, &u);
    x8_recode(&w->k1, i, half.w[0][0], half.w[0][1], 4, half.negative[0]);
    x8_recode(&w->k2, i, half.w[1][0], half.w[1][1], 4, half.negative[1]);
    crypto_scalar_load(&u, digest[lane[i]].b);
    crypto_scalar_mul(&u, &u, &one);
    crypto_scalar_negate(&u, &u);
    x8_recode(&w->g_low, i, u.w[0], u.w[1], 8, false);
    x8_recode(&w->g_high, i, u.w[2], u.w[3], 8, false);
  }
}

/* y of the point whose x is r and whose parity is v; lanes that have one. */
X8 u8 x8_lift(struct x8 *x, struct x8 *y, const struct sig65 *sig,
              const u32 lane[8]) {
  u64 limb[5][8], l[5];
  struct x8 t, yy, zero;
  u8 odd = 0;
  for (u32 i = 0; i < 8; i++) {
    x8_limbs_of(l, sig[lane[i]].r);
    for (u32 k = 0; k < 5; k++) limb[k][i] = l[k];
    odd |= (u8)(sig[lane[i]].v << i);
  }
  x8_load(x, limb);
  x8_sqr(&t, x);
  x8_mul(&yy, &t, x);
  yy.l[0] = _mm512_add_epi64(yy.l[0], x8_set(7));
  x8_norm(&yy);
  x8_sqrt(y, &yy);
  x8_sqr(&t, y);
  x8_sub(&t, &t, &yy);
  u8 good = x8_is_zero(t);
  x8_canonical(y);
  u8 is_odd = _mm512_test_epi64_mask(y->l[0], x8_set(1));
  x8_small(&zero, 0);
  x8_sub(&t, &zero, y);
  x8_blend(y, is_odd ^ odd, &t);
  return good;
}

/* 1..8 R: each is the one before plus R, whose Z grows by a known factor. */
X8 void x8_table(struct x8_work *w, const struct x8 *x, const struct x8 *y) {
  static const u64 beta[5] = {0x96c28719501ee, 0x7512f58995c13,
                              0xc3434e99cf049, 0x7106e64479ea,
                              0x7ae96a2b657c};
  struct x8_point p = {.x = *x, .y = *y};
  struct x8 tx[X8_R_CNT], ty[X8_R_CNT], h[X8_R_CNT], s, ss, b;
  x8_small(&p.z, 1);
  tx[0] = *x, ty[0] = *y;
  x8_double(&p);
  tx[1] = p.x, ty[1] = p.y, h[1] = p.z;
  for (u32 i = 2; i < X8_R_CNT; i++) {
    x8_add(&p, x, y, NULL, 0xff, &h[i]);
    tx[i] = p.x, ty[i] = p.y;
  }
  w->scale = p.z;
  for (u32 k = 0; k < 5; k++) b.l[k] = x8_set(beta[k]);
  x8_small(&s, 1);
  for (u32 i = X8_R_CNT; i-- > 0;) {
    struct x8 bx;
    if (i + 1 < X8_R_CNT) {
      x8_mul(&s, &s, &h[i + 1]);
      x8_sqr(&ss, &s);
      x8_mul(&tx[i], &tx[i], &ss);
      x8_mul(&ss, &ss, &s);
      x8_mul(&ty[i], &ty[i], &ss);
    }
    x8_mul(&bx, &tx[i], &b);
    x8_store(w->r_tab[i][0], &tx[i]);
    x8_store(w->r_tab[i][1], &bx);
    x8_store(w->r_tab[i][2], &ty[i]);
  }
}

X8_INLINE void x8_gather(struct x8 *out, const u64 *base, __m512i at,
                         u32 step) {
#pragma GCC unroll 5
  for (u32 k = 0; k < 5; k++) {
    out->l[k] = _mm512_i64gather_epi64(at, base + k * step, 8);
  }
}

/* Adds the digits i of d times its base: row 0 or 1 of the table of R, or G's
** table. */
X8 void x8_add_digit(struct x8_point *p, const struct x8_work *w,
                     const struct x8_digits *d, u32 i, u32 row,
                     const u64 (*g)[10]) {
  struct x8 x, y, neg, zero, h;
  u8 any = d->any[i];
  if (!any) return;
  __m512i at = _mm512_cvtepu8_epi64(
      _mm_loadl_epi64((const __m128i *)d->mag[i]));
  at = _mm512_mask_sub_epi64(at, any, at, x8_set(1));
  if (g) {
    at = _mm512_add_epi64(_mm512_slli_epi64(at, 3), _mm512_slli_epi64(at, 1));
    x8_gather(&x, g[0], at, 1);
    x8_gather(&y, g[0] + 5, at, 1);
  } else {
    const u64 *tab = w->r_tab[0][0][0];
    at = _mm512_sub_epi64(_mm512_slli_epi64(at, 7), _mm512_slli_epi64(at, 3));
    at = _mm512_add_epi64(at, _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
    x8_gather(&x, tab + 40 * row, at, 8);
    x8_gather(&y, tab + 80, at, 8);
  }
  x8_small(&zero, 0);
  x8_sub(&neg, &zero, &y);
  x8_blend(&y, d->neg[i], &neg);
  x8_add(p, &x, &y, g ? &w->scale : NULL, any, &h);
}

X8 void x8_sum(struct x8_point *p, const struct x8_work *w) {
  memset(p, 0, sizeof *p);
  p->inf = 0xff;
  for (u32 i = X8_DIGITS; i-- > 0;) {
    if (p->inf != 0xff) {
      for (u32 k = 0; k < 4; k++) x8_double(p);
    }
    x8_add_digit(p, w, &w->k1, i, 0, NULL);
    x8_add_digit(p, w, &w->k2, i, 1, NULL);
    if (i % 2 == 0) {
      x8_add_digit(p, w, &w->g_low, i / 2, 0, x8_g[0]);
      x8_add_digit(p, w, &w->g_high, i / 2, 0, x8_g[1]);
    }
  }
}

X8 u32 x8_recover(u8 pub[][64], const hash32 *digest, const struct sig65 *sig,
                  const u32 lane[8]) {
  struct x8_work w;
  struct x8_point p;
  struct x8 x, y, z, zz;
  u64 limb[2][5][8];
  memset(&w.k1, 0, sizeof w.k1);
  memset(&w.k2, 0, sizeof w.k2);
  memset(&w.g_low, 0, sizeof w.g_low);
  memset(&w.g_high, 0, sizeof w.g_high);
  x8_scalars(&w, digest, sig, lane);
  u8 good = x8_lift(&x, &y, sig, lane);
  x8_table(&w, &x, &y);
  x8_sum(&p, &w);
  x8_mul(&z, &p.z, &w.scale);
  good &= (u8)~(x8_is_zero(z) | p.inf);
  x8_invert(&z, &z);
  x8_sqr(&zz, &z);
  x8_mul(&x, &p.x, &zz);
  x8_mul(&zz, &zz, &z);
  x8_mul(&y, &p.y, &zz);
  x8_canonical(&x);
  x8_canonical(&y);
  x8_store(limb[0], &x);
  x8_store(limb[1], &y);
  u32 done = 0;
  for (u32 i = 0; i < 8; i++) {
    if (!(good >> i & 1)) continue;
    for (u32 k = 0; k < 2; k++) {
      u64 l[5];
      for (u32 m = 0; m < 5; m++) l[m] = limb[k][m][i];
      x8_bytes_of(pub[lane[i]] + 32 * k, l);
    }
    done |= 1u << lane[i];
  }
  return done;
}

u32 crypto_x8_recover(u8 pub[][64], const hash32 *digest,
                      const struct sig65 *sig, u32 cnt) {
  u32 lane[8], good = 0;
  for (u32 i = 0; i < cnt; i++) {
    if (sig[i].v <= 1 && crypto_sig_in_range(&sig[i])) lane[good++] = i;
  }
  if (good == 0) return 0;
  for (u32 i = good; i < 8; i++) lane[i] = lane[0];
  return x8_recover(pub, digest, sig, lane);
}

/*----------------------------------------------------------------- tables */

static void x8_make_row(u64 row[X8_G_CNT][10], const u8 key[32]) {
  const secp256k1_context *none = secp256k1_context_static;
  secp256k1_pubkey base, sum, next;
  u8 text[65];
  MUST(secp256k1_ec_pubkey_create(crypto_secp_ctx(), &base, key));
  sum = base;
  for (u32 i = 0; i < X8_G_CNT; i++) {
    const secp256k1_pubkey *both[2] = {&sum, &base};
    size_t len = sizeof text;
    MUST(secp256k1_ec_pubkey_serialize(none, text, &len, &sum,
                                       SECP256K1_EC_UNCOMPRESSED));
    x8_limbs_of(row[i], text + 1);
    x8_limbs_of(row[i] + 5, text + 33);
    MUST(secp256k1_ec_pubkey_combine(none, &next, both, 2));
    sum = next;
  }
}

static bool x8_cpu_has(void) {
  return __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512ifma");
}

bool crypto_x8_select(bool on) {
  static bool made;
  static const u8 one[32] = {[31] = 1}, high[32] = {[15] = 1};
  crypto_x8_on = on && x8_cpu_has();
  if (crypto_x8_on && !made) {
    x8_make_row(x8_g[0], one);
    x8_make_row(x8_g[1], high);
    made = true;
  }
  return crypto_x8_on == on;
}

#undef X8
#undef X8_INLINE
#undef X8_FOLD
#undef X8_FOLD_P
#undef X8_MASK
#else
bool crypto_x8_select(bool on) { return !on; }
u32 crypto_x8_recover(u8 pub[][64], const hash32 *digest,
                      const struct sig65 *sig, u32 cnt) {
  (void)pub, (void)digest, (void)sig, (void)cnt;
  return 0;
}
#endif
