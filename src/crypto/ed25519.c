/* ed25519.c - see ed25519.h.
**
** Field elements are five limbs of 51 bits, kept below 2^54.4 between
** operations: a product takes two of them, an addition two products, a
** subtraction adds 4p first.  Points are in extended coordinates (X : Y : Z :
** T), XY = ZT, of -x^2 + y^2 = 1 + d x^2 y^2 (Hisil, Wong, Carter, Dawson).
** s B - k A goes through both scalars at once, in signed windows: odd multiples
** of A up to 15 made here, of B up to 63 from a table.
** Nothing is secret: the time depends on the input. */
#include "crypto/ed25519.h"

#include <mbedtls/md.h>
#include <stdlib.h>

#include "base/u256.h"

struct ed_fe { u64 v[5]; };
struct ed_point { struct ed_fe x, y, z, t; };
struct ed_half { struct ed_fe x, y, z, t; }; /* (x / z, y / t) */
struct ed_cached { struct ed_fe plus, minus, t2d, z; };
struct ed_base { struct ed_fe plus, minus, t2d; }; /* z = 1 */

enum { ED_BASE_CNT = 32, ED_KEY_CNT = 8, ED_DIGITS = 256 };
static const struct ed_base ED_BASE[ED_BASE_CNT] = {
#include "crypto/ed25519_base.inc"
};
static const struct ed_fe ED_D = {{0x34dca135978a3, 0x1a8283b156ebd,
    0x5e7a26001c029, 0x739c663a03cbb, 0x52036cee2b6ff}};
static const struct ed_fe ED_2D = {{0x69b9426b2f159, 0x35050762add7a,
    0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff}};
static const struct ed_fe ED_ROOT = {{0x61b274a0ea0b0, 0xd5a5fc8f189d,
    0x7ef5e9cbd0c60, 0x78595a6804c9e, 0x2b8324804fc1d}}; /* of -1 */
static const struct ed_fe ED_ONE = {{1}};
static const u256 ED_ORDER = {{0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0,
                               0x1000000000000000}};

/*------------------------------------------------------------------- field */

#define ED_LOW 0x7ffffffffffffull /* 51 bits */

static inline void ed_add(struct ed_fe *o, const struct ed_fe *a,
                          const struct ed_fe *b) {
  for (int i = 0; i < 5; i++) o->v[i] = a->v[i] + b->v[i];
}
/* b below 2^52.9 */
static inline void ed_sub(struct ed_fe *o, const struct ed_fe *a,
                          const struct ed_fe *b) {
  o->v[0] = a->v[0] + 0x1fffffffffffb4 - b->v[0];
  for (int i = 1; i < 5; i++) o->v[i] = a->v[i] + 0x1ffffffffffffc - b->v[i];
}
static inline void ed_carry(struct ed_fe *o, u128 r0, u128 r1, u128 r2,
                            u128 r3, u128 r4) {
  r1 += (u64)(r0 >> 51);
  r2 += (u64)(r1 >> 51);
  r3 += (u64)(r2 >> 51);
  r4 += (u64)(r3 >> 51);
  u128 t = (r4 >> 51) * 19 + ((u64)r0 & ED_LOW);
  o->v[0] = (u64)t & ED_LOW;
  o->v[1] = ((u64)r1 & ED_LOW) + (u64)(t >> 51);
  o->v[2] = (u64)r2 & ED_LOW;
  o->v[3] = (u64)r3 & ED_LOW;
  o->v[4] = (u64)r4 & ED_LOW;
}
static inline void ed_mul(struct ed_fe *o, const struct ed_fe *a,
                          const struct ed_fe *b) {
  u64 a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
  u64 b0 = b->v[0], b1 = b->v[1], b2 = b->v[2], b3 = b->v[3], b4 = b->v[4];
  u64 c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;
  ed_carry(o,
    (u128)a0 * b0 + (u128)a1 * c4 + (u128)a2 * c3 + (u128)a3 * c2 +
        (u128)a4 * c1,
    (u128)a0 * b1 + (u128)a1 * b0 + (u128)a2 * c4 + (u128)a3 * c3 +
        (u128)a4 * c2,
    (u128)a0 * b2 + (u128)a1 * b1 + (u128)a2 * b0 + (u128)a3 * c4 +
        (u128)a4 * c3,
    (u128)a0 * b3 + (u128)a1 * b2 + (u128)a2 * b1 + (u128)a3 * b0 +
        (u128)a4 * c4,
    (u128)a0 * b4 + (u128)a1 * b3 + (u128)a2 * b2 + (u128)a3 * b1 +
        (u128)a4 * b0);
}
static inline void ed_sqr(struct ed_fe *o, const struct ed_fe *a) {
  u64 a0 = a->v[0], a1 = a->v[1], a2 = a->v[2], a3 = a->v[3], a4 = a->v[4];
  u64 d0 = 2 * a0, d1 = 2 * a1, c3 = 19 * a3, c4 = 19 * a4;
  ed_carry(o,
    (u128)a0 * a0 + (u128)d1 * c4 + (u128)(2 * a2) * c3,
    (u128)d0 * a1 + (u128)(2 * a2) * c4 + (u128)a3 * c3,
    (u128)d0 * a2 + (u128)a1 * a1 + (u128)(2 * a3) * c4,
    (u128)d0 * a3 + (u128)d1 * a2 + (u128)a4 * c4,
    (u128)d0 * a4 + (u128)d1 * a3 + (u128)a2 * a2);
}
static void ed_sqr_n(struct ed_fe *o, const struct ed_fe *a, int n) {
  ed_sqr(o, a);
  while (--n) ed_sqr(o, o);
}
/* x^(2^250 - 1), and x^11 beside. */
static void ed_pow_250(struct ed_fe *o, struct ed_fe *x11,
                       const struct ed_fe *x) {
  struct ed_fe x2, x9, a, b, e5, e10, e20, e50, e100;
  ed_sqr(&x2, x);
  ed_sqr_n(&a, &x2, 2);
  ed_mul(&x9, &a, x);
  ed_mul(x11, &x9, &x2);
  ed_sqr(&a, x11);
  ed_mul(&e5, &a, &x9);
  ed_sqr_n(&a, &e5, 5);
  ed_mul(&e10, &a, &e5);
  ed_sqr_n(&a, &e10, 10);
  ed_mul(&e20, &a, &e10);
  ed_sqr_n(&a, &e20, 20);
  ed_mul(&b, &a, &e20);
  ed_sqr_n(&a, &b, 10);
  ed_mul(&e50, &a, &e10);
  ed_sqr_n(&a, &e50, 50);
  ed_mul(&e100, &a, &e50);
  ed_sqr_n(&a, &e100, 100);
  ed_mul(&b, &a, &e100);
  ed_sqr_n(&a, &b, 50);
  ed_mul(o, &a, &e50);
}
static void ed_invert(struct ed_fe *o, const struct ed_fe *x) {
  struct ed_fe a, x11;
  ed_pow_250(&a, &x11, x);
  ed_sqr_n(&a, &a, 5);
  ed_mul(o, &a, &x11);
}
/* x^((p - 5) / 8) */
static void ed_pow_root(struct ed_fe *o, const struct ed_fe *x) {
  struct ed_fe a, x11;
  ed_pow_250(&a, &x11, x);
  ed_sqr_n(&a, &a, 2);
  ed_mul(o, &a, x);
}

/* Below p, little-endian. */
static u256 ed_number(const struct ed_fe *a) {
  static const u256 p = {{~(u64)18, ~(u64)0, ~(u64)0, ~(u64)0 >> 1}};
  struct ed_fe t;
  ed_carry(&t, a->v[0], a->v[1], a->v[2], a->v[3], a->v[4]);
  ed_carry(&t, t.v[0], t.v[1], t.v[2], t.v[3], t.v[4]);
  u256 n = {{t.v[0] | t.v[1] << 51, t.v[1] >> 13 | t.v[2] << 38,
             t.v[2] >> 26 | t.v[3] << 25, t.v[3] >> 39 | t.v[4] << 12}};
  if (!u256_lt(&n, &p)) u256_sub(&n, &n, &p);
  return n;
}
static bool ed_is_zero(const struct ed_fe *a) {
  u256 n = ed_number(a);
  return u256_is_zero(&n);
}
static u256 ed_load(const u8 le[32]) {
  u256 n;
  for (int i = 0; i < 4; i++) n.w[i] = __builtin_bswap64(load_be64(le + 8 * i));
  return n;
}

/*------------------------------------------------------------------ points */

/* False: not a point, or not the one encoding of it. */
static bool ed_decode(struct ed_point *o, const u8 le[32]) {
  struct ed_fe u, v, a, b, check;
  u256 n = ed_load(le);
  bool odd = n.w[3] >> 63;
  n.w[3] &= ~(u64)0 >> 1;
  o->y = (struct ed_fe){{n.w[0] & ED_LOW,
                         (n.w[0] >> 51 | n.w[1] << 13) & ED_LOW,
                         (n.w[1] >> 38 | n.w[2] << 26) & ED_LOW,
                         (n.w[2] >> 25 | n.w[3] << 39) & ED_LOW,
                         n.w[3] >> 12}};
  u256 same = ed_number(&o->y);
  if (!u256_eq(&same, &n)) return false;
  /* x^2 = u / v = (y^2 - 1) / (d y^2 + 1); x = u v^3 (u v^7)^((p - 5) / 8),
  ** perhaps times the root of -1. */
  ed_sqr(&a, &o->y);
  ed_sub(&u, &a, &ED_ONE);
  ed_mul(&v, &a, &ED_D);
  ed_add(&v, &v, &ED_ONE);
  ed_sqr(&a, &v);
  ed_mul(&a, &a, &v);       /* v^3 */
  ed_sqr(&b, &a);
  ed_mul(&b, &b, &v);
  ed_mul(&b, &b, &u);       /* u v^7 */
  ed_pow_root(&b, &b);
  ed_mul(&b, &b, &a);
  ed_mul(&o->x, &b, &u);
  ed_sqr(&a, &o->x);
  ed_mul(&a, &a, &v);
  ed_sub(&check, &a, &u);
  if (!ed_is_zero(&check)) {
    ed_add(&check, &a, &u);
    if (!ed_is_zero(&check)) return false;
    ed_mul(&o->x, &o->x, &ED_ROOT);
  }
  n = ed_number(&o->x);
  if (u256_is_zero(&n) && odd) return false;
  static const struct ed_fe zero;
  if ((n.w[0] & 1) != odd) ed_sub(&o->x, &zero, &o->x);
  o->z = ED_ONE;
  ed_mul(&o->t, &o->x, &o->y);
  return true;
}

static inline void ed_double(struct ed_half *o, const struct ed_point *p) {
  struct ed_fe xx, yy, zz, sum;
  ed_sqr(&xx, &p->x);
  ed_sqr(&yy, &p->y);
  ed_sqr(&zz, &p->z);
  ed_add(&zz, &zz, &zz);
  ed_add(&sum, &p->x, &p->y);
  ed_sqr(&sum, &sum);
  ed_add(&o->y, &yy, &xx);
  ed_sub(&o->z, &yy, &xx);
  ed_sub(&o->x, &sum, &o->y);
  ed_add(&zz, &zz, &xx);
  ed_sub(&o->t, &zz, &yy);
}
/* p + q, or p - q: q's halves change places. */
static inline void ed_plus(struct ed_half *o, const struct ed_point *p,
                           const struct ed_fe *plus, const struct ed_fe *minus,
                           const struct ed_fe *t2d, const struct ed_fe *z,
                           bool negative) {
  struct ed_fe a, b, c, d;
  ed_add(&a, &p->y, &p->x);
  ed_sub(&b, &p->y, &p->x);
  ed_mul(&a, &a, negative ? minus : plus);
  ed_mul(&b, &b, negative ? plus : minus);
  ed_mul(&c, t2d, &p->t);
  if (z) ed_mul(&d, &p->z, z);
  else d = p->z;
  ed_add(&d, &d, &d);
  ed_sub(&o->x, &a, &b);
  ed_add(&o->y, &a, &b);
  if (negative) {
    ed_sub(&o->z, &d, &c);
    ed_add(&o->t, &d, &c);
  } else {
    ed_add(&o->z, &d, &c);
    ed_sub(&o->t, &d, &c);
  }
}
/* A doubling needs no t. */
static inline void ed_whole(struct ed_point *o, const struct ed_half *h,
                            bool with_t) {
  ed_mul(&o->x, &h->x, &h->t);
  ed_mul(&o->y, &h->y, &h->z);
  ed_mul(&o->z, &h->z, &h->t);
  if (with_t) ed_mul(&o->t, &h->x, &h->y);
}
static void ed_cache(struct ed_cached *o, const struct ed_point *p) {
  ed_add(&o->plus, &p->y, &p->x);
  ed_sub(&o->minus, &p->y, &p->x);
  ed_mul(&o->t2d, &p->t, &ED_2D);
  o->z = p->z;
}
static bool ed_is_small(const struct ed_point *p) {
  struct ed_point q = *p;
  struct ed_half h;
  for (int i = 0; i < 3; i++) {
    ed_double(&h, &q);
    ed_whole(&q, &h, false);
  }
  return ed_is_zero(&q.x);
}

/*----------------------------------------------------------------- scalars */

/* Digits 0 or odd, below 2^bits, whose sum with weights 2^i is n. */
static void ed_digits(int8_t digit[ED_DIGITS], u256 n, u32 bits) {
  memset(digit, 0, ED_DIGITS);
  for (u32 i = 0; !u256_is_zero(&n); i++) {
    if (n.w[0] & 1) {
      int d = (int)(n.w[0] & ((2u << bits) - 1));
      if (d >= 1 << bits) d -= 2 << bits;
      u256 by = u256_from((u64)(d < 0 ? -d : d));
      if (d < 0) u256_add(&n, &n, &by);
      else u256_sub(&n, &n, &by);
      digit[i] = (int8_t)d;
    }
    u256_shr(&n, &n, 1);
  }
}
/* s B - k A */
static void ed_combine(struct ed_point *r, const u256 *s, const u256 *k,
                       const struct ed_point *key) {
  int8_t ds[ED_DIGITS], dk[ED_DIGITS];
  struct ed_cached odd[ED_KEY_CNT], twice;
  struct ed_point p = *key;
  struct ed_half h;
  ed_digits(ds, *s, 6);
  ed_digits(dk, *k, 4);
  ed_double(&h, key);
  ed_whole(&p, &h, true);
  ed_cache(&twice, &p);
  p = *key;
  for (int i = 0; i < ED_KEY_CNT; i++) {
    ed_cache(&odd[i], &p);
    ed_plus(&h, &p, &twice.plus, &twice.minus, &twice.t2d, &twice.z, false);
    ed_whole(&p, &h, true);
  }
  *r = (struct ed_point){.y = ED_ONE, .z = ED_ONE};
  int i = ED_DIGITS - 1;
  while (i >= 0 && !ds[i] && !dk[i]) i--;
  for (; i >= 0; i--) {
    ed_double(&h, r);
    if (dk[i]) {
      const struct ed_cached *q = &odd[abs(dk[i]) / 2];
      ed_whole(r, &h, true);
      ed_plus(&h, r, &q->plus, &q->minus, &q->t2d, &q->z, dk[i] > 0);
    }
    if (ds[i]) {
      const struct ed_base *q = &ED_BASE[abs(ds[i]) / 2];
      ed_whole(r, &h, true);
      ed_plus(&h, r, &q->plus, &q->minus, &q->t2d, NULL, ds[i] < 0);
    }
    ed_whole(r, &h, false);
  }
}

/* 64 little-endian bytes modulo the order. */
static u256 ed_reduce(const u8 le[64]) {
  static const u256 wrap = {{0xd6ec31748d98951d, 0xc6ef5bf4737dcf70,
                             0xfffffffffffffffe, 0x0fffffffffffffff}};
  u256 lo = ed_load(le), hi = ed_load(le + 32), r;
  u256_mulmod(&r, &hi, &wrap, &ED_ORDER); /* 2^256 modulo the order */
  u256_addmod(&r, &r, &lo, &ED_ORDER);
  return r;
}

bool crypto_ed25519_verify(slice text, const u8 s_le[32]) {
  const mbedtls_md_info_t *md = mbedtls_md_info_from_type(MBEDTLS_MD_SHA512);
  struct ed_point key, r;
  struct ed_fe inv, x, y;
  u8 digest[64];
  u256 s = ed_load(s_le), want = ed_load(text.ptr);
  MUST(text.len >= 64);
  if (!u256_lt(&s, &ED_ORDER)) return false;
  if (!ed_decode(&key, text.ptr + 32) || ed_is_small(&key)) return false;
  MUST(md && mbedtls_md(md, text.ptr, text.len, digest) == 0);
  u256 k = ed_reduce(digest);
  ed_combine(&r, &s, &k, &key);
  ed_invert(&inv, &r.z);
  ed_mul(&x, &r.x, &inv);
  ed_mul(&y, &r.y, &inv);
  u256 nx = ed_number(&x), got = ed_number(&y);
  got.w[3] |= nx.w[0] << 63;
  return u256_eq(&got, &want);
}
#undef ED_LOW
