/* bn254.c - the curve of EIP-196/197.
**
** With x = 4965661367192848881: p = 36x^4 + 36x^3 + 24x^2 + 6x + 1, the group
** order r = 36x^4 + 36x^3 + 18x^2 + 6x + 1, G1: Y^2 = X^3 + 3 over Fp (all of
** it has order r), G2 on the twist Y^2 = X^3 + 3/(9 + u), xi = 9 + u.
**
** Pairing: optimal ate, Miller loop over 6x + 2 and two more lines through
** pi(Q) and -pi^2(Q) (F. Vercauteren, 2010); final exponent as in
** L. Fuentes-Castaneda, E. Knapp, F. Rodriguez-Henriquez, Faster hashing to
** G2, 2011.  Up to eight pairs share the squarings, all share the final
** exponent.
** G2 membership: (x+1)Q + psi(xQ) + psi^2(xQ) = psi^3(2xQ) (Y. El Housni,
** A. Guillevic, T. Piellard, Co-factor clearing and subgroup membership
** testing, 2022); the resultant of this relation with psi^2 - t psi + p is r
** times a number coprime to the twist's cofactor, so nothing else passes.
** Multiplication: k = k1 + k2 lambda with 128-bit halves, where
** (x, y) -> (beta x, y) multiplies by lambda (R. Gallant, R. Lambert,
** S. Vanstone, 2001); the lattice basis is (6x^2+4x+1, 2x+1),
** (-2x-1, 6x^2+2x).
**
** Constants: computed from x; field elements carry the factor R = 2^256. */
#include "crypto/bn254.h"

#include <gmp.h>

#include "crypto/modinv.h"
#include "crypto/mont.h"
#include "crypto/mont_x86.h"

#define BN254_X 0x44e992b44a6909f1u

static const u64 bn254_p[4] = {0x3c208c16d87cfd47, 0x97816a916871ca8d,
                               0xb85045b68181585d, 0x30644e72e131a029};
static const u64 bn254_r2[4] = {0xf32cfc5b538afa89, 0xb5e71911d44501fb,
                                0x47ab1eff0a417ff6, 0x06d89f71cab8351f};
static const u64 bn254_one[8] = {0xd35d438dc58f0d9d, 0x0a78eb28f5c70b3d,
                                 0x666ea36f7879462c, 0x0e0a77c19a07df2f};
static const u64 bn254_frob[5][2][4] = {
    {{0xaf9ba69633144907, 0xca6b1d7387afb78a, 0x11bded5ef08a2087,
      0x02f34d751a1f3a7c},
     {0xa222ae234c492d72, 0xd00f02a4565de15b, 0xdc2ff3a253dfc926,
      0x10a75716b3899551}},
    {{0xb5773b104563ab30, 0x347f91c8a9aa6454, 0x7a007127242e0991,
      0x1956bcd8118214ec},
     {0x6e849f1ea0aa4757, 0xaa1c7b6d89f89141, 0xb6e713cdfae0ca3a,
      0x26694fbb4e82ebc3}},
    {{0xe4bbdd0c2936b629, 0xbb30f162e133bacb, 0x31a9d1b6f9645366,
      0x253570bea500f8dd},
     {0xa1d77ce45ffe77c7, 0x07affd117826d1db, 0x6d16bd27bb7edc6b,
      0x2c87200285defecc}},
    {{0x7361d77f843abe92, 0xa5bb2bd3273411fb, 0x9c941f314b3e2399,
      0x15df9cddbb9fd3ec},
     {0x5dddfd154bd8c949, 0x62cb29a5a4445b60, 0x37bc870a0c7dd2b9,
      0x24830a9d3171f0fd}},
    {{0xc970692f41690fe7, 0xe240342127694b0b, 0x32bee66b83c459e8,
      0x12aabced0ab08841},
     {0x0d485d2340aebfa9, 0x05193418ab2fcc57, 0xd3b0a40b8a4910f5,
      0x2f21ebb535d2925a}}};

#define TOWER bn254
#define TOWER_N 4
#define TOWER_P0 0x87d20782e4866389u
#define TOWER_XI 9
#define TOWER_TWIST_D
#define TOWER_INV crypto_modinv4
#define TOWER_MUL_ADX crypto_mont_mul4_adx
#define TOWER_MUL2_ADX crypto_mont_mul2x4_adx
#include "crypto/tower.inc"

static const bn254_fp bn254_b1 = {{0x7a17caa950ad28d7, 0x1f6ac17ae15521b9,
                                   0x334bea4e696bd284, 0x2a1f6744ce179d8e}};
static const bn254_fp2 bn254_b2 = {
    {{0x3bf938e377b802a8, 0x020b1b273633535d, 0x26b7edf049755260,
      0x2514c6324384a86d}},
    {{0x38e7ecccd1dcff67, 0x65f0b37d93ce0d3e, 0xd749d0dd22ac00aa,
      0x0141b9ce4a688d4d}}};

/*--------------------------------------------------------------- encodings */

/* Ends with *infinity set or a point on the curve. */
static err bn254_load_g1(struct bn254_g1_affine *p, bool *infinity,
                         const u8 in[64]) {
  if (!bn254_fp_load(&p->x, in) || !bn254_fp_load(&p->y, in + 32))
    return ERR_INPUT;
  *infinity = bn254_fp_is_zero(&p->x) && bn254_fp_is_zero(&p->y);
  return *infinity || bn254_g1_on_curve(p, &bn254_b1) ? ERR_OK : ERR_INPUT;
}

static void bn254_store_g1(u8 out[64], const struct bn254_g1_point *p) {
  struct bn254_g1_affine a;
  memset(out, 0, 64);
  if (bn254_g1_is_infinity(p)) return;
  bn254_g1_to_affine(&a, p);
  bn254_fp_store(out, &a.x);
  bn254_fp_store(out + 32, &a.y);
}

/* psi, the p-power map of the curve carried over to the twist. */
static void bn254_psi(struct bn254_g2_point *r,
                      const struct bn254_g2_point *p) {
  const bn254_fp2 *f = (const bn254_fp2 *)bn254_frob;
  bn254_fp2_conj(&r->x, &p->x);
  bn254_fp2_conj(&r->y, &p->y);
  bn254_fp2_conj(&r->z, &p->z);
  bn254_fp2_mul(&r->x, &r->x, &f[1]);
  bn254_fp2_mul(&r->y, &r->y, &f[2]);
}

static bool bn254_in_g2(const struct bn254_g2_affine *q) {
  struct bn254_g2_point p, xq, s, t;
  bn254_g2_from_affine(&p, q);
  bn254_g2_mul_u64(&xq, &p, BN254_X);
  bn254_g2_add(&s, &xq, &p);
  bn254_psi(&t, &xq);
  bn254_g2_add(&s, &s, &t);
  bn254_psi(&t, &t);
  bn254_g2_add(&s, &s, &t);
  bn254_psi(&t, &t);
  bn254_g2_dbl(&t, &t);
  return bn254_g2_eq(&s, &t);
}

static err bn254_load_g2(struct bn254_g2_affine *q, bool *infinity,
                         const u8 in[128]) {
  if (!bn254_fp_load(&q->x.b, in) || !bn254_fp_load(&q->x.a, in + 32) ||
      !bn254_fp_load(&q->y.b, in + 64) || !bn254_fp_load(&q->y.a, in + 96))
    return ERR_INPUT;
  *infinity = bn254_fp2_is_zero(&q->x) && bn254_fp2_is_zero(&q->y);
  if (*infinity) return ERR_OK;
  return bn254_g2_on_curve(q, &bn254_b2) && bn254_in_g2(q) ? ERR_OK
                                                           : ERR_INPUT;
}

/*-------------------------------------------------------------------- EIP-196 */

/* Reads a point as plain numbers.  The curve's equation over R^2, since that is
** what products of plain numbers are over:  y^2/R^2 = x^3/R^2 + 3/R^2. */
static err bn254_load_plain(struct bn254_g1_affine *p, bool *infinity,
                            const u8 in[64]) {
  static const bn254_fp three = {{0xe22aa9cebba997e1, 0xefe1e7069e5025a2,
                                  0x2fa2a82e82e92ead, 0x2a846dad38aba7a8}};
  static const bn254_fp plain_one = {{1}};
  bn254_fp s, t;
  mont_load(p->x.v, in, 4);
  mont_load(p->y.v, in + 32, 4);
  if (!mont_less(p->x.v, bn254_p, 4) || !mont_less(p->y.v, bn254_p, 4))
    return ERR_INPUT;
  *infinity = bn254_fp_is_zero(&p->x) && bn254_fp_is_zero(&p->y);
  if (*infinity) return ERR_OK;
  bn254_fp_sqr(&s, &p->y);
  bn254_fp_mul(&s, &s, &plain_one);
  bn254_fp_sqr(&t, &p->x);
  bn254_fp_mul(&t, &t, &p->x);
  bn254_fp_add(&t, &t, &three);
  return bn254_fp_eq(&s, &t) ? ERR_OK : ERR_INPUT;
}

/* The slope up/down of plain numbers comes as slope R, and a product with it of
** a plain number is plain. */
static void bn254_add_slope(struct bn254_g1_affine *r,
                            const struct bn254_g1_affine *q, bn254_fp *up,
                            const bn254_fp *down) {
  static const bn254_fp plain_one = {{1}};
  bn254_fp s, t;
  crypto_modinv4(s.v, down->v, bn254_r2, bn254_p);
  bn254_fp_mul(&s, up, &s);
  bn254_fp_mul(&t, &s, &plain_one);
  bn254_fp_mul(&t, &s, &t);
  bn254_fp_sub(&t, &t, &r->x);
  bn254_fp_sub(&t, &t, &q->x);
  bn254_fp_sub(up, &r->x, &t);
  bn254_fp_mul(up, up, &s);
  bn254_fp_sub(&r->y, up, &r->y);
  r->x = t;
}

err crypto_bn254_add(u8 out[64], const u8 in[128]) {
  struct bn254_g1_affine a[2];
  bn254_fp up, down;
  bool infinity[2];
  for (int i = 0; i < 2; i++)
    TRY(bn254_load_plain(&a[i], &infinity[i], in + 64 * i));
  if (infinity[0] || infinity[1]) {
    memcpy(out, in + (infinity[0] ? 64 : 0), 64);
    return ERR_OK;
  }
  memset(out, 0, 64);
  bn254_fp_sub(&up, &a[1].y, &a[0].y);
  bn254_fp_sub(&down, &a[1].x, &a[0].x);
  if (bn254_fp_is_zero(&down)) {
    /* No point has y = 0: the group's order is odd. */
    if (!bn254_fp_is_zero(&up)) return ERR_OK;
    memcpy(up.v, bn254_r2, sizeof up.v);
    bn254_fp_mul(&down, &a[0].x, &up);
    bn254_fp_mul(&down, &down, &a[0].x);
    bn254_fp_dbl(&up, &down);
    bn254_fp_add(&up, &up, &down);
    bn254_fp_dbl(&down, &a[0].y);
  }
  bn254_add_slope(&a[0], &a[1], &up, &down);
  mont_store(out, a[0].x.v, 4);
  mont_store(out + 32, a[0].y.v, 4);
  return ERR_OK;
}

/* |k1| and |k2| with k = k1 + k2 lambda mod r; says whether k2 < 0.  k1 never
** is: both quotients are rounded down. */
static bool bn254_split(u64 k1[2], u64 k2[2], const u64 k[4]) {
  static const u64 order[4] = {0x43e1f593f0000001, 0x2833e84879b97091,
                               0xb85045b68181585d, 0x30644e72e131a029};
  static const u64 d[2] = {0x8211bbeb7d4f1128, 0x6f4d8248eeb859fc};
  static const u64 a[2] = {0x0be4e1541221250b, 0x6f4d8248eeb859fd};
  static const u64 b[1] = {0x89d3256894d213e3};
  mp_limb_t kr[4], t[6], c1[3], c2[2], skip[4], s1[4], s2[4], ab[5];
  bool negative;
  mpn_tdiv_qr(t, kr, 0, k, 4, order, 4);
  mpn_mul(t, kr, 4, d, 2);
  mpn_tdiv_qr(c1, skip, 0, t, 6, order, 4);
  mpn_mul(t, kr, 4, b, 1);
  mpn_tdiv_qr(c2, skip, 0, t, 5, order, 4);
  /* k1 = k - c1 a - c2 b, k2 = c2 d - c1 b; c1 < 2^128, c2 < 2^64. */
  mpn_mul(s1, c1, 2, a, 2);
  mpn_sub_n(s1, kr, s1, 4);
  mpn_mul(ab, c2, 2, b, 1);
  mpn_sub(s1, s1, 4, ab, 3);
  mpn_mul(s2, d, 2, c2, 2);
  mpn_mul(ab, c1, 2, b, 1);
  negative = mpn_sub(s2, s2, 4, ab, 3);
  if (negative) mpn_neg(s2, s2, 4);
  MUST(!s1[2] && !s1[3] && !s2[2] && !s2[3]);
  memcpy(k1, s1, 16);
  memcpy(k2, s2, 16);
  return negative;
}

err crypto_bn254_mul(u8 out[64], const u8 in[96]) {
  static const bn254_fp beta = {{0x71930c11d782e155, 0xa6bb947cffbe3323,
                                 0xaa303344d4741444, 0x2c3b3f0d26594943}};
  struct bn254_g1_affine a;
  struct bn254_g1_point table[2][JAC_TABLE], p;
  mont_digit digit[2][129];
  u64 k[4], k1[2], k2[2];
  bool infinity, negative;
  int len1, len2;
  TRY(bn254_load_g1(&a, &infinity, in));
  memset(out, 0, 64);
  if (infinity) return ERR_OK;
  mont_load(k, in + 64, 4);
  negative = bn254_split(k1, k2, k);
  len1 = mont_wnaf(digit[0], k1, 2, JAC_W);
  len2 = mont_wnaf(digit[1], k2, 2, JAC_W);
  bn254_g1_from_affine(&p, &a);
  bn254_g1_table(table[0], &p);
  for (int i = 0; i < JAC_TABLE; i++) {
    table[1][i] = table[0][i];
    bn254_fp_mul(&table[1][i].x, &table[1][i].x, &beta);
    if (negative) bn254_g1_neg(&table[1][i], &table[1][i]);
  }
  bn254_g1_straus(&p, table, digit[0], ARRAY_LEN(digit[0]), 2,
                  len1 > len2 ? len1 : len2);
  bn254_store_g1(out, &p);
  return ERR_OK;
}

/*-------------------------------------------------------------------- EIP-197 */

/* The lines of T through pi(Q) and then -pi^2(Q). */
static void bn254_miller_end(bn254_fp12 *f, struct bn254_pairs *s) {
  struct bn254_line l;
  for (u32 j = 0; j < s->cnt; j++) {
    struct bn254_g2_point q;
    struct bn254_g2_affine a;
    bn254_g2_from_affine(&q, &s->q[j]);
    bn254_psi(&q, &q);
    a.x = q.x;
    a.y = q.y;
    bn254_line_add(&l, &s->r[j], &a);
    bn254_line_mul(f, &l, &s->p[j]);
    bn254_psi(&q, &q);
    a.x = q.x;
    bn254_fp2_neg(&a.y, &q.y);
    bn254_line_add(&l, &s->r[j], &a);
    bn254_line_mul(f, &l, &s->p[j]);
  }
}

/* The hard part: f^(l0 + l1 p + l2 p^2 + l3 p^3) with
**   l0 = 1 + 6x + 12x^2 + 12x^3    l1 = 4x + 6x^2 + 12x^3
**   l2 = 6x + 6x^2 + 12x^3         l3 = -1 + 4x + 6x^2 + 12x^3
** a multiple of (p^4 - p^2 + 1)/r by a factor coprime to r. */
static void bn254_hard_exp(bn254_fp12 *r, const bn254_fp12 *f) {
  bn254_fp12 x2, x4, x6, xx6, l0, l1, l2, l3;
  bn254_fp12_cyc_pow(&x2, f, BN254_X);
  bn254_fp12_cyc_sqr(&x2, &x2);
  bn254_fp12_cyc_sqr(&x4, &x2);
  bn254_fp12_mul(&x6, &x4, &x2);
  bn254_fp12_cyc_pow(&xx6, &x6, BN254_X);
  bn254_fp12_cyc_sqr(&l2, &xx6);
  bn254_fp12_cyc_pow(&l2, &l2, BN254_X); /* 12x^3 */
  bn254_fp12_mul(&l2, &l2, &xx6);
  bn254_fp12_mul(&l1, &l2, &x4);
  bn254_fp12_mul(&l2, &l2, &x6);
  bn254_fp12_mul(&l0, &l2, &xx6);
  bn254_fp12_mul(&l0, &l0, f);
  bn254_fp12_conj(&l3, f);
  bn254_fp12_mul(&l3, &l3, &l1);
  bn254_fp12_frob(&l3, &l3);
  bn254_fp12_mul(&l3, &l3, &l2);
  bn254_fp12_frob(&l3, &l3);
  bn254_fp12_mul(&l3, &l3, &l1);
  bn254_fp12_frob(&l3, &l3);
  bn254_fp12_mul(r, &l3, &l0);
}

static void bn254_miller_flush(bn254_fp12 *f, struct bn254_pairs *s) {
  static const u64 count[2] = {0x9d797039be763ba8, 1}; /* 6x + 2 */
  bn254_fp12 g;
  if (s->cnt == 0) return;
  bn254_miller(&g, s, count);
  bn254_miller_end(&g, s);
  bn254_fp12_mul(f, f, &g);
  s->cnt = 0;
}

err crypto_bn254_pairing(bool *one, slice pairs) {
  struct bn254_pairs s = {.cnt = 0};
  bn254_fp12 f;
  *one = false;
  if (pairs.len % 192) return ERR_INPUT;
  bn254_fp12_set_one(&f);
  for (size_t at = 0; at < pairs.len; at += 192) {
    bool infinity[2];
    TRY(bn254_load_g1(&s.p[s.cnt], &infinity[0], pairs.ptr + at));
    TRY(bn254_load_g2(&s.q[s.cnt], &infinity[1], pairs.ptr + at + 64));
    if (infinity[0] || infinity[1]) continue;
    if (++s.cnt == bn254_pair_max) bn254_miller_flush(&f, &s);
  }
  bn254_miller_flush(&f, &s);
  bn254_fp12_easy_exp(&f, &f);
  bn254_hard_exp(&f, &f);
  *one = bn254_fp12_is_one(&f);
  return ERR_OK;
}
