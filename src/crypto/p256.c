/* p256.c - ECDSA verification over P-256, own code: the packaged mbedTLS takes
** over 2 ms a signature, far too much for 6,900 gas; this takes 0.1 ms.
**
** Curve y^2 = x^3 - 3x + b modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1, of
** prime order n.  Points are Jacobian: x = X/Z^2, y = Y/Z^3, infinity Z = 0;
** formulas dbl-2001-b and add-2007-bl of the Explicit-Formulas Database.
** u1*G + u2*Q runs over one chain of doublings with signed digits of width 5.
** The result is compared with r as r*Z^2 = X, so nothing is divided at the end.
** Everything here is public, so time may depend on it.
**
** Constants: p, n, b, G from SP 800-186, the R forms are x * 2^256 mod p. */
#include "crypto/p256.h"

#include "crypto/modinv.h"
#include "crypto/mont.h"

enum { P256_LIMBS = 4, P256_W = 5, P256_TABLE = 1 << (P256_W - 2) };
typedef struct { u64 v[P256_LIMBS]; } p256_fe;
struct p256_point { p256_fe x, y, z; };

static const u64 p256_p[4] = {0xffffffffffffffff, 0x00000000ffffffff, 0,
                              0xffffffff00000001};
static const u64 p256_n[4] = {0xf3b9cac2fc632551, 0xbce6faada7179e84,
                              0xffffffffffffffff, 0xffffffff00000000};
/* -1/n mod 2^64. */
#define P256_N0 0xccd1c8aaee00bc4fu
static const u64 p256_r2_p[4] = {0x0000000000000003, 0xfffffffbffffffff,
                                 0xfffffffffffffffe, 0x00000004fffffffd};
/* 2^256 mod n. */
static const u64 p256_r_n[4] = {0x0c46353d039cdaaf, 0x4319055258e8617b, 0,
                                0x00000000ffffffff};
static const p256_fe p256_one = {{0x0000000000000001, 0xffffffff00000000,
                                  0xffffffffffffffff, 0x00000000fffffffe}};
static const p256_fe p256_b = {{0xd89cdf6229c4bddf, 0xacf005cd78843090,
                                0xe5a220abf7212ed6, 0xdc30061d04874834}};
static const struct p256_point p256_g = {
    {{0x79e730d418a9143c, 0x75ba95fc5fedb601, 0x79fb732b77622510,
      0x18905f76a53755c6}},
    {{0xddf25357ce95560a, 0x8b4ab8e4ba19e45c, 0xd2e88688dd21f325,
      0x8571ff1825885d85}},
    {{0x0000000000000001, 0xffffffff00000000, 0xffffffffffffffff,
      0x00000000fffffffe}}};

/* As mont_mul, where -1/p = 1 mod 2^64 makes the multiple of p that clears the
** lowest limb k of the sum  k 2^256 - k 2^224 + k 2^192 + k 2^96 - k. */
static p256_fe p256_mul(const p256_fe *a, const p256_fe *b) {
  u64 t[5] = {0};
  p256_fe r;
  _Pragma("GCC unroll 4") for (int i = 0; i < P256_LIMBS; i++) {
    u128 x = (u128)a->v[0] * b->v[i] + t[0], z;
    u64 k = (u64)x, top;
    u8 carry;
    _Pragma("GCC unroll 4") for (int j = 1; j < P256_LIMBS; j++) {
      x = (u128)a->v[j] * b->v[i] + t[j] + (u64)(x >> 64);
      t[j] = (u64)x;
    }
    carry = mont_addc(&top, t[4], (u64)(x >> 64), 0);
    z = (u128)k * p256_p[3];
    t[4] = carry;
    carry = mont_addc(&t[0], t[1], k << 32, 0);
    carry = mont_addc(&t[1], t[2], k >> 32, carry);
    carry = mont_addc(&t[2], t[3], (u64)z, carry);
    carry = mont_addc(&t[3], top, (u64)(z >> 64), carry);
    t[4] += carry;
  }
  mont_reduce(r.v, t, t[4], p256_p, P256_LIMBS);
  return r;
}
static p256_fe p256_sqr(const p256_fe *a) { return p256_mul(a, a); }
static p256_fe p256_add(const p256_fe *a, const p256_fe *b) {
  p256_fe r;
  mont_add(r.v, a->v, b->v, p256_p, P256_LIMBS);
  return r;
}
static p256_fe p256_sub(const p256_fe *a, const p256_fe *b) {
  p256_fe r;
  mont_sub(r.v, a->v, b->v, p256_p, P256_LIMBS);
  return r;
}
static p256_fe p256_dbl(const p256_fe *a) { return p256_add(a, a); }

static bool p256_is_infinity(const struct p256_point *p) {
  return mont_is_zero(p->z.v, P256_LIMBS);
}

static void p256_point_dbl(struct p256_point *r, const struct p256_point *p) {
  p256_fe delta = p256_sqr(&p->z), gamma = p256_sqr(&p->y);
  p256_fe beta = p256_mul(&p->x, &gamma), alpha, t, u;
  t = p256_sub(&p->x, &delta);
  u = p256_add(&p->x, &delta);
  u = p256_mul(&t, &u);
  alpha = p256_dbl(&u);
  alpha = p256_add(&alpha, &u);
  t = p256_add(&p->y, &p->z);
  t = p256_sqr(&t);
  t = p256_sub(&t, &gamma);
  r->z = p256_sub(&t, &delta);
  beta = p256_dbl(&beta);
  beta = p256_dbl(&beta);
  t = p256_sqr(&alpha);
  u = p256_dbl(&beta);
  r->x = p256_sub(&t, &u);
  gamma = p256_dbl(&gamma);
  gamma = p256_sqr(&gamma);
  gamma = p256_dbl(&gamma);
  t = p256_sub(&beta, &r->x);
  t = p256_mul(&alpha, &t);
  r->y = p256_sub(&t, &gamma);
}

static void p256_point_add(struct p256_point *r, const struct p256_point *p,
                           const struct p256_point *q) {
  p256_fe zp, zq, up, uq, sp, sq, h, i, j, rr, v, t;
  if (p256_is_infinity(p)) {
    *r = *q;
    return;
  }
  if (p256_is_infinity(q)) {
    *r = *p;
    return;
  }
  zp = p256_sqr(&p->z);
  zq = p256_sqr(&q->z);
  up = p256_mul(&p->x, &zq);
  uq = p256_mul(&q->x, &zp);
  t = p256_mul(&q->z, &zq);
  sp = p256_mul(&p->y, &t);
  t = p256_mul(&p->z, &zp);
  sq = p256_mul(&q->y, &t);
  h = p256_sub(&uq, &up);
  rr = p256_sub(&sq, &sp);
  if (mont_is_zero(h.v, P256_LIMBS)) {
    if (mont_is_zero(rr.v, P256_LIMBS)) {
      p256_point_dbl(r, p);
    } else {
      memset(r, 0, sizeof *r);
    }
    return;
  }
  rr = p256_dbl(&rr);
  i = p256_dbl(&h);
  i = p256_sqr(&i);
  j = p256_mul(&h, &i);
  v = p256_mul(&up, &i);
  t = p256_add(&p->z, &q->z);
  t = p256_sqr(&t);
  t = p256_sub(&t, &zp);
  t = p256_sub(&t, &zq);
  r->z = p256_mul(&t, &h);
  t = p256_sqr(&rr);
  t = p256_sub(&t, &j);
  t = p256_sub(&t, &v);
  r->x = p256_sub(&t, &v);
  v = p256_sub(&v, &r->x);
  v = p256_mul(&rr, &v);
  t = p256_mul(&sp, &j);
  t = p256_dbl(&t);
  r->y = p256_sub(&v, &t);
}

/* The odd multiples P, 3P, 5P ... */
static void p256_table(struct p256_point t[P256_TABLE],
                       const struct p256_point *p) {
  struct p256_point twice;
  p256_point_dbl(&twice, p);
  t[0] = *p;
  for (int i = 1; i < P256_TABLE; i++)
    p256_point_add(&t[i], &t[i - 1], &twice);
}

static void p256_add_digit(struct p256_point *r,
                           const struct p256_point t[P256_TABLE], int digit) {
  static const p256_fe zero;
  struct p256_point p;
  if (digit == 0) return;
  p = t[(digit < 0 ? -digit : digit) / 2];
  if (digit < 0) p.y = p256_sub(&zero, &p.y);
  p256_point_add(r, r, &p);
}

/* u1*G + u2*q. */
static void p256_mul2(struct p256_point *r, const u64 u1[4], const u64 u2[4],
                      const struct p256_point *q) {
  struct p256_point tg[P256_TABLE], tq[P256_TABLE];
  signed char dg[257], dq[257];
  int cg = mont_wnaf(dg, u1, P256_LIMBS, P256_W);
  int cq = mont_wnaf(dq, u2, P256_LIMBS, P256_W);
  p256_table(tg, &p256_g);
  p256_table(tq, q);
  memset(r, 0, sizeof *r);
  for (int i = (cg > cq ? cg : cq) - 1; i >= 0; i--) {
    p256_point_dbl(r, r);
    p256_add_digit(r, tg, dg[i]);
    p256_add_digit(r, tq, dq[i]);
  }
}

/* Reads x, y; false unless both are below p and on the curve.  (0, 0), which
** stands for infinity elsewhere, is not on it. */
static bool p256_load_point(struct p256_point *q, const u8 pub[64]) {
  p256_fe t, x3;
  mont_load(q->x.v, pub, P256_LIMBS);
  mont_load(q->y.v, pub + 32, P256_LIMBS);
  if (!mont_less(q->x.v, p256_p, P256_LIMBS) ||
      !mont_less(q->y.v, p256_p, P256_LIMBS))
    return false;
  memcpy(t.v, p256_r2_p, sizeof t.v);
  q->x = p256_mul(&q->x, &t);
  q->y = p256_mul(&q->y, &t);
  q->z = p256_one;
  x3 = p256_sqr(&q->x);
  t = p256_dbl(&p256_one);
  t = p256_add(&t, &p256_one);
  x3 = p256_sub(&x3, &t);
  x3 = p256_mul(&x3, &q->x);
  x3 = p256_add(&x3, &p256_b);
  t = p256_sqr(&q->y);
  return mont_eq(t.v, x3.v, P256_LIMBS);
}

/* u1 = digest/s, u2 = r/s modulo n. */
static void p256_scalars(u64 u1[4], u64 u2[4], const u8 digest[32],
                         const u64 r[4], const u64 s[4]) {
  u64 e[4], w[4];
  mont_load(e, digest, P256_LIMBS);
  mont_reduce(e, e, 0, p256_n, P256_LIMBS);
  /* w = R/s, so that one multiplication with a plain number gives a plain
  ** one. */
  crypto_modinv4(w, s, p256_r_n, p256_n);
  mont_mul(u1, e, w, p256_n, P256_N0, P256_LIMBS, false);
  mont_mul(u2, r, w, p256_n, P256_N0, P256_LIMBS, false);
}

static bool p256_x_is(const struct p256_point *p, const u64 x[4]) {
  p256_fe t, zz = p256_sqr(&p->z);
  memcpy(t.v, p256_r2_p, sizeof t.v);
  zz = p256_mul(&zz, &t);
  memcpy(t.v, x, sizeof t.v);
  t = p256_mul(&t, &zz);
  return mont_eq(t.v, p->x.v, P256_LIMBS);
}

bool crypto_p256_verify(const u8 digest[32], const u8 r_s[64],
                        const u8 pub[64]) {
  struct p256_point q, sum;
  u64 r[4], s[4], u1[4], u2[4];
  u8 carry = 0;
  mont_load(r, r_s, P256_LIMBS);
  mont_load(s, r_s + 32, P256_LIMBS);
  if (mont_is_zero(r, P256_LIMBS) || !mont_less(r, p256_n, P256_LIMBS) ||
      mont_is_zero(s, P256_LIMBS) || !mont_less(s, p256_n, P256_LIMBS) ||
      !p256_load_point(&q, pub))
    return false;
  p256_scalars(u1, u2, digest, r, s);
  p256_mul2(&sum, u1, u2, &q);
  if (p256_is_infinity(&sum)) return false;
  if (p256_x_is(&sum, r)) return true;
  /* x itself may be r + n, where that is still below p. */
  for (int i = 0; i < P256_LIMBS; i++)
    carry = mont_addc(&r[i], r[i], p256_n[i], carry);
  return !carry && mont_less(r, p256_p, P256_LIMBS) && p256_x_is(&sum, r);
}
