/* kzg_blob.c - whether the proofs that come with a blob hold: EIP-4844's one
** for the blob, EIP-7594's 128 for its cells.
**
** A blob is 4096 numbers, the values of a polynomial p of degree below 4096 at
** the 4096th roots of unity, in the order of their bit-reversed exponents.  An
** inverse Fourier transform, which takes just that order, gives p's coefficients
** c.
**
** EIP-4844: the proof opens the commitment at a point that is hashed from blob
** and commitment; the value there is found by Horner's rule.
**
** EIP-7594: cell k is p on the 64 points x with x^64 = a_k, a_k a 128th root of
** unity.  There p equals its remainder I_k by X^64 - a_k, whose coefficients are
** sums over m of c[64 m + j] a_k^m, and the cell's proof commits to the quotient
** Q_k, so with C the commitment to p
**   e(C - I_k(tau) G1, G2) = e(Q_k, (tau^64 - a_k) G2).
** All 128 are checked at once, multiplied by powers of a number s that is hashed
** from everything:
**   e(sum s^k C - sum s^k I_k(tau) G1 + sum s^k a_k Q_k, -G2)
**     e(sum s^k Q_k, tau^64 G2) = 1.
** That all hold says too that C is this blob's commitment.
**
** The field has the order r of BLS12-381's groups; numbers are kept in
** Montgomery form (mont.h).  Everything here is public, so time may depend on
** it. */
#include "crypto/bls12_381_int.h"
#include "crypto/hash.h"
#include "crypto/kzg.h"
#include "crypto/mont.h"

enum { KZGB_N = CRYPTO_KZG_BLOB / 32, KZGB_CELL = 64 };
#include "crypto/kzg_setup.inc"

typedef struct { u64 v[4]; } kzgb_fr;
#define KZGB_N0 0xfffffffeffffffffull
static const u64 kzgb_r[4] = {0xffffffff00000001, 0x53bda402fffe5bfe,
                              0x3339d80809a1d805, 0x73eda753299d7d48};
static const kzgb_fr kzgb_one = {{0x00000001fffffffe, 0x5884b7fa00034802,
                                  0x998c4fefecbc4ff5, 0x1824b159acc5056f}};
static const kzgb_fr kzgb_r2 = {{0xc999e990f3f29c6d, 0x2b6cedcb87925c23,
                                 0x05d314967254398f, 0x0748d9d99f59ff11}};
/* 1/w with w the 4096th root of unity, 1/4096, and w^32. */
static const kzgb_fr kzgb_w_inv = {{0x5e13f9137e7e766d, 0xb8f1f8b31fe9c19f,
                                    0x7c49eacd4ce1d4cf, 0x19d942664e21e419}};
static const kzgb_fr kzgb_n_inv = {{0, 0, 0, 0x0010000000000000}};
static const kzgb_fr kzgb_w128 = {{0xdaf6401c4aed2336, 0xa14c0cba41de4f6a,
                                   0xdfdc7d04fc7f2e5b, 0x6f61ff4e296cff18}};

static void kzgb_mul(kzgb_fr *r, const kzgb_fr *a, const kzgb_fr *b) {
  mont_mul(r->v, a->v, b->v, kzgb_r, KZGB_N0, 4, true);
}
static void kzgb_add(kzgb_fr *r, const kzgb_fr *a, const kzgb_fr *b) {
  mont_add(r->v, a->v, b->v, kzgb_r, 4);
}
static bool kzgb_load(kzgb_fr *r, const u8 be[32]) {
  mont_load(r->v, be, 4);
  if (!mont_less(r->v, kzgb_r, 4)) return false;
  kzgb_mul(r, r, &kzgb_r2);
  return true;
}
static void kzgb_store(u8 be[32], const kzgb_fr *a) {
  static const kzgb_fr plain = {{1, 0, 0, 0}};
  kzgb_fr t;
  kzgb_mul(&t, a, &plain);
  mont_store(be, t.v, 4);
}
/* A hash as a number below r: the second factor may be any below 2^256. */
static void kzgb_of_hash(kzgb_fr *r, const u8 hash[32]) {
  mont_load(r->v, hash, 4);
  kzgb_mul(r, &kzgb_r2, r);
}

/* The coefficients of the blob's polynomial. */
static err kzgb_coefficients(kzgb_fr c[KZGB_N], const u8 *blob) {
  kzgb_fr root = kzgb_w_inv, roots[12];
  for (u32 i = 0; i < KZGB_N; i++)
    if (!kzgb_load(&c[i], blob + 32 * i)) return ERR_INPUT;
  for (u32 i = 12; i-- > 0; kzgb_mul(&root, &root, &root)) roots[i] = root;
  for (u32 level = 0, half = 1; half < KZGB_N; level++, half *= 2) {
    kzgb_fr turn = kzgb_one;
    for (u32 j = 0; j < half; j++) {
      for (u32 i = j; i < KZGB_N; i += 2 * half) {
        kzgb_fr t;
        kzgb_mul(&t, &c[i + half], &turn);
        mont_sub(c[i + half].v, c[i].v, t.v, kzgb_r, 4);
        kzgb_add(&c[i], &c[i], &t);
      }
      kzgb_mul(&turn, &turn, &roots[level]);
    }
  }
  for (u32 i = 0; i < KZGB_N; i++) kzgb_mul(&c[i], &c[i], &kzgb_n_inv);
  return ERR_OK;
}

err crypto_kzg_verify_blob(const u8 commitment[48], const u8 *blob,
                           const u8 proof[48],
                           struct crypto_kzg_work *work) {
  static const u8 tag[32] = {'F', 'S', 'B', 'L', 'O', 'B', 'V', 'E', 'R', 'I',
                             'F', 'Y', '_', 'V', '1', '_', [30] = 0x10};
  kzgb_fr *c = (kzgb_fr *)work->coefficient, z, sum = {{0, 0, 0, 0}};
  struct sha256 h;
  u8 hash[32], point[32], value[32];
  TRY(kzgb_coefficients(c, blob));
  sha256_init(&h);
  sha256_update(&h, tag, sizeof tag); /* and 4096 in 16 bytes */
  sha256_update(&h, blob, CRYPTO_KZG_BLOB);
  sha256_update(&h, commitment, 48);
  sha256_final(&h, hash);
  kzgb_of_hash(&z, hash);
  for (u32 i = KZGB_N; i-- > 0;) {
    kzgb_mul(&sum, &sum, &z);
    kzgb_add(&sum, &sum, &c[i]);
  }
  kzgb_store(point, &z);
  kzgb_store(value, &sum);
  return crypto_kzg_verify(commitment, point, value, proof);
}

/*------------------------------------------------------------------- cells */
enum { KZGB_PAIR = CRYPTO_BLS_G1 + CRYPTO_BLS_SCALAR,
       KZGB_CELLS = CRYPTO_KZG_CELLS };

static void kzgb_challenge(kzgb_fr *s, const u8 commitment[48],
                           const u8 *blob, const u8 *proofs) {
  struct sha256 h;
  u8 hash[32];
  sha256_init(&h);
  sha256_update(&h, commitment, 48);
  sha256_update(&h, blob, CRYPTO_KZG_BLOB);
  sha256_update(&h, proofs, 48 * KZGB_CELLS);
  sha256_final(&h, hash);
  kzgb_of_hash(s, hash);
}

static u32 kzgb_reverse7(u32 k) {
  u32 out = 0;
  for (u32 i = 0; i < 7; i++) out |= (k >> i & 1) << (6 - i);
  return out;
}

/* sum of s^k I_k, a polynomial of 64 coefficients, negated: coefficient j is
** the sum over m of c[64 m + j] times the sum over k of s^k a_k^m. */
static void kzgb_remainders(kzgb_fr out[KZGB_CELL], const kzgb_fr *c,
                            const kzgb_fr power[KZGB_CELLS],
                            const kzgb_fr a[KZGB_CELLS]) {
  kzgb_fr term[KZGB_CELLS], weight, t;
  memcpy(term, power, sizeof term);
  memset(out, 0, KZGB_CELL * sizeof *out);
  for (u32 m = 0; m < KZGB_N / KZGB_CELL; m++) {
    memset(&weight, 0, sizeof weight);
    for (u32 k = 0; k < KZGB_CELLS; k++) {
      kzgb_add(&weight, &weight, &term[k]);
      kzgb_mul(&term[k], &term[k], &a[k]);
    }
    for (u32 j = 0; j < KZGB_CELL; j++) {
      kzgb_mul(&t, &c[KZGB_CELL * m + j], &weight);
      mont_sub(out[j].v, out[j].v, t.v, kzgb_r, 4);
    }
  }
}

static err kzgb_pair(u8 out[KZGB_PAIR], const u8 point[48],
                     const kzgb_fr *scalar) {
  kzgb_store(out + CRYPTO_BLS_G1, scalar);
  return crypto_bls_g1_uncompress(out, point);
}

err crypto_kzg_verify_cells(const u8 commitment[48], const u8 *blob,
                            const u8 *proofs, struct crypto_kzg_work *work) {
  kzgb_fr *c = (kzgb_fr *)work->coefficient, s, sum = {{0, 0, 0, 0}};
  kzgb_fr power[KZGB_CELLS], a[KZGB_CELLS], root[KZGB_CELLS], rest[KZGB_CELL];
  u8 left[1 + KZGB_CELL + KZGB_CELLS][KZGB_PAIR], right[KZGB_CELLS][KZGB_PAIR];
  u8 pair[2][CRYPTO_BLS_G1 + CRYPTO_BLS_G2];
  bool one;
  TRY(kzgb_coefficients(c, blob));
  kzgb_challenge(&s, commitment, blob, proofs);
  root[0] = kzgb_one;
  power[0] = s;
  for (u32 k = 1; k < KZGB_CELLS; k++) {
    kzgb_mul(&root[k], &root[k - 1], &kzgb_w128);
    kzgb_mul(&power[k], &power[k - 1], &s);
  }
  for (u32 k = 0; k < KZGB_CELLS; k++) {
    a[k] = root[kzgb_reverse7(k)];
    kzgb_add(&sum, &sum, &power[k]);
  }
  kzgb_remainders(rest, c, power, a);
  TRY(kzgb_pair(left[0], commitment, &sum));
  for (u32 j = 0; j < KZGB_CELL; j++)
    TRY(kzgb_pair(left[1 + j], kzgb_g1[j], &rest[j]));
  for (u32 k = 0; k < KZGB_CELLS; k++) {
    kzgb_fr t;
    kzgb_mul(&t, &power[k], &a[k]);
    TRY(kzgb_pair(right[k], proofs + 48 * k, &power[k]));
    memcpy(left[1 + KZGB_CELL + k], right[k], CRYPTO_BLS_G1);
    kzgb_store(left[1 + KZGB_CELL + k] + CRYPTO_BLS_G1, &t);
  }
  TRY(crypto_bls_g1_msm(pair[0], slice_of(left[0], sizeof left)));
  TRY(crypto_bls_g1_msm(pair[1], slice_of(right[0], sizeof right)));
  memcpy(pair[0] + CRYPTO_BLS_G1, crypto_kzg_minus_g2(), CRYPTO_BLS_G2);
  memcpy(pair[1] + CRYPTO_BLS_G1, kzgb_tau64_g2, CRYPTO_BLS_G2);
  TRY(crypto_bls_pairing(&one, slice_of(pair[0], sizeof pair)));
  return one ? ERR_OK : ERR_SIGNATURE;
}

#undef KZGB_N0
