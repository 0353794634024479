/* bls12_381.h - the curve of EIP-2537: sums, multi-scalar multiplication,
** pairing check and maps to the curve, on that EIP's encodings.
**
** A field element is 64 bytes big-endian, the first 16 zero, below p; an
** element a + bu of the quadratic extension is a, b.  A point is x, y: 128
** bytes on G1, 256 on G2; all zero is infinity.  A scalar is 32 bytes of any
** value.  ERR_INPUT for what is not so, for points off the curve and, where a
** function says so, for points outside the group of prime order. */
#ifndef CRYPTO_BLS12_381_H
#define CRYPTO_BLS12_381_H
#include "base/base.h"

enum {
  CRYPTO_BLS_FP = 64,
  CRYPTO_BLS_G1 = 128,
  CRYPTO_BLS_G2 = 256,
  CRYPTO_BLS_SCALAR = 32,
};

/* The sum of two points; no group check. */
err crypto_bls_g1_add(u8 out[128], const u8 in[256]) MUST_USE;
err crypto_bls_g2_add(u8 out[256], const u8 in[512]) MUST_USE;
/* The sum of products; in holds pairs of point (checked to be in the group)
** and scalar, at least one; ERR_INPUT for another length. */
err crypto_bls_g1_msm(u8 out[128], slice in) MUST_USE;
err crypto_bls_g2_msm(u8 out[256], slice in) MUST_USE;
/* *one says whether the product of the pairings is 1; pairs holds at least one
** point of G1 with one of G2 (both checked to be in the group). */
err crypto_bls_pairing(bool *one, slice pairs) MUST_USE;
/* A field element to a point of the group: RFC 9380's simplified SWU map, its
** isogeny and its cofactor. */
err crypto_bls_map_g1(u8 out[128], const u8 in[64]) MUST_USE;
err crypto_bls_map_g2(u8 out[256], const u8 in[128]) MUST_USE;
#endif
