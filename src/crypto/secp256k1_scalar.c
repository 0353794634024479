/* secp256k1_scalar.c - the functions of secp256k1_scalar.h.
**
** Products are two Montgomery multiplications (mont.h), the second by R^2.
** The split is algorithm 3.74 of the Guide to Elliptic Curve Cryptography, by
** the short vectors (a1, b1), (a2, b2) of the lattice of lambda; its two
** quotients c1 = round(b2 k / n), c2 = round(-b1 k / n) are taken from products
** with g1 = 2^384 b2 / n and g2 = -2^384 b1 / n. */
#include "crypto/secp256k1_scalar.h"

#include "crypto/modinv.h"
#include "crypto/mont.h"

enum { SCALAR_LIMBS = 4 };
static const u64 scalar_n[4] = {0xbfd25e8cd0364141, 0xbaaedce6af48a03b,
                                0xfffffffffffffffe, 0xffffffffffffffff};
#define SCALAR_N0 0x4b0dff665588b13fu /* -1/n mod 2^64 */
/* 2^512 mod n. */
static const u64 scalar_r2[4] = {0x896cf21467d7d140, 0x741496c20e7cf878,
                                 0xe697f5e45bcd07c6, 0x9d671cd581c69bc5};

void crypto_scalar_load(struct secp_scalar *out, const u8 in[32]) {
  mont_load(out->w, in, SCALAR_LIMBS);
  mont_reduce(out->w, out->w, 0, scalar_n, SCALAR_LIMBS);
}

void crypto_scalar_mul(struct secp_scalar *out, const struct secp_scalar *a,
                       const struct secp_scalar *b) {
  mont_mul(out->w, a->w, b->w, scalar_n, SCALAR_N0, SCALAR_LIMBS, false);
  mont_mul(out->w, out->w, scalar_r2, scalar_n, SCALAR_N0, SCALAR_LIMBS,
           false);
}

void crypto_scalar_negate(struct secp_scalar *out,
                          const struct secp_scalar *a) {
  static const u64 zero[4];
  mont_sub(out->w, zero, a->w, scalar_n, SCALAR_LIMBS);
}

void crypto_scalar_invert(struct secp_scalar *out,
                          const struct secp_scalar *a) {
  static const u64 one[4] = {1};
  crypto_modinv4(out->w, a->w, one, scalar_n);
}

/* out = a b; n limbs and two. */
static void scalar_product(u64 *out, const u64 *a, int n, const u64 b[2]) {
  u64 low = 0, high = 0;
  memset(out, 0, 8 * (size_t)(n + 2));
  for (int i = 0; i < n; i++) {
    u128 x = (u128)a[i] * b[0] + out[i], y;
    low = (u64)(x >> 64);
    y = (u128)a[i] * b[1] + out[i + 1] + low;
    high = (u64)(y >> 64);
    out[i] = (u64)x;
    out[i + 1] = (u64)y;
    out[i + 2] = high;
  }
}

/* round(k g / 2^384). */
static void scalar_quotient(u64 out[2], const struct secp_scalar *k,
                            const u64 g[4]) {
  u64 low[6], high[6], t[8] = {0};
  u8 carry = 0;
  u128 v;
  scalar_product(low, k->w, 4, g);
  scalar_product(high, k->w, 4, g + 2);
  memcpy(t, low, sizeof low);
  for (int i = 0; i < 6; i++)
    carry = mont_addc(&t[i + 2], t[i + 2], high[i], carry);
  v = ((u128)t[7] << 64 | t[6]) + (t[5] >> 63);
  out[0] = (u64)v;
  out[1] = (u64)(v >> 64);
}

/* t -= a b modulo 2^256. */
static void scalar_take(u64 t[4], const u64 *a, int n, const u64 b[2]) {
  u64 ab[5];
  u8 borrow = 0;
  scalar_product(ab, a, n, b);
  for (int i = 0; i < 4; i++)
    borrow = mont_subb(&t[i], t[i], i < n + 2 ? ab[i] : 0, borrow);
}

/* The size of t, a two's complement below 2^128. */
static bool scalar_size(u64 out[2], const u64 t[4]) {
  bool negative = t[3] >> 63;
  u64 flip = 0 - (u64)negative;
  u8 carry = mont_addc(&out[0], t[0] ^ flip, negative, 0);
  mont_addc(&out[1], t[1] ^ flip, 0, carry);
  MUST(t[2] == flip && t[3] == flip);
  return negative;
}

void crypto_scalar_split(struct secp_halves *out,
                         const struct secp_scalar *k) {
  static const u64 g1[4] = {0xe893209a45dbb031, 0x3daa8a1471e8ca7f,
                            0xe86c90e49284eb15, 0x3086d221a7d46bcd};
  static const u64 g2[4] = {0x1571b4ae8ac47f71, 0x221208ac9df506c6,
                            0x6f547fa90abfe4c4, 0xe4437ed6010e8828};
  static const u64 a1[2] = {0xe86c90e49284eb15, 0x3086d221a7d46bcd}; /* b2 */
  static const u64 b1[2] = {0x6f547fa90abfe4c3, 0xe4437ed6010e8828}; /* -b1 */
  static const u64 a2[3] = {0x57c1108d9d44cfd8, 0x14ca50f7a8e2f3f6, 1};
  u64 c1[2], c2[2], k1[4], k2[4] = {0};
  scalar_quotient(c1, k, g1);
  scalar_quotient(c2, k, g2);
  memcpy(k1, k->w, sizeof k1);
  scalar_take(k1, a1, 2, c1);
  scalar_take(k1, a2, 3, c2);
  /* k2 = -c1 b1 - c2 b2 */
  scalar_take(k2, a1, 2, c2);
  {
    u64 t[4];
    u8 carry = 0;
    scalar_product(t, b1, 2, c1);
    for (int i = 0; i < 4; i++) carry = mont_addc(&k2[i], k2[i], t[i], carry);
  }
  out->negative[0] = scalar_size(out->w[0], k1);
  out->negative[1] = scalar_size(out->w[1], k2);
}
