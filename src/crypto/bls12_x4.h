/* bls12_x4.h - pairing and products of BLS12-381 with the 52-bit multiplication
** of AVX-512 (IFMA), four elements of Fp2 or eight numbers at once; of this
** folder.
**
** Numbers come and go as bls12_381.c has them: six limbs in Montgomery form
** with R = 2^384, below p; an element of Fp12 as its twelve numbers in order of
** the tower. */
#ifndef CRYPTO_BLS12_X4_H
#define CRYPTO_BLS12_X4_H
#include "base/base.h"

enum { CRYPTO_BLS_X4_PAIRS = 8 };

/* Whether it is in use; set by crypto_bls_x4_select only. */
extern bool crypto_bls_x4_on;
/* Takes it if this CPU has the instructions (on), or not; says whether it is
** in use.  crypto_init turns it on. */
bool crypto_bls_x4_select(bool on);

/* The product of the Miller functions over |x| of cnt (1 to 8) pairs, up to
** factors that the final exponentiation removes; points affine, none of them
** infinity, q in the group. */
void crypto_bls_x4_miller(u64 f[12][6], const u64 (*p)[2][6],
                          const u64 (*q)[4][6], u32 cnt);
/* The lines of a point known beforehand, in a form of this code, and the same
** function with them. */
struct crypto_bls_x4_lines { u64 step[68][48]; };
void crypto_bls_x4_fix(struct crypto_bls_x4_lines *out, const u64 q[4][6]);
void crypto_bls_x4_miller_fixed(u64 f[12][6], const u64 (*p)[2][6],
                                const struct crypto_bls_x4_lines *fixed,
                                u32 cnt);
/* f^(3(p^4 - p^2 + 1)/r) for f in the cyclotomic subgroup. */
void crypto_bls_x4_hard_exp(u64 f[12][6]);

/* Points of the curve (affine, none infinity) that are in the group of prime
** order: a bit for each of cnt; up to 8 of G1, 4 of G2. */
u32 crypto_bls_x4_g1_check(const u64 (*p)[2][6], u32 cnt);
u32 crypto_bls_x4_g2_check(const u64 (*q)[4][6], u32 cnt);
/* r = (k[0] + k[1] x^2) p, and (k[0] + k[1]|x| + k[2]|x|^2 + k[3]|x|^3) q, as
** X, Y, Z in Jacobian form, Z = 0 for infinity; points in the group.  A bit for
** each one done: the rare rest met a sum that the formulas leave out. */
u32 crypto_bls_x4_g1_mul(u64 (*r)[3][6], const u64 (*p)[2][6],
                         const u64 (*k)[2][2], u32 cnt);
u32 crypto_bls_x4_g2_mul(u64 (*r)[6][6], const u64 (*q)[4][6],
                         const u64 (*k)[4], u32 cnt);
#endif
