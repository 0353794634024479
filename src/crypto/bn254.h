/* bn254.h - the curve of EIP-196 and EIP-197 (alt_bn128): addition,
** multiplication and pairing check, on the encodings of these EIPs.
**
** Numbers are 32 bytes big-endian.  A point of G1 is x, y; a point of G2 is
** the u part of x, the plain part of x, then y likewise; all zero is infinity.
** ERR_INPUT for a coordinate not below p, a point off the curve and a point of
** G2 outside the group of prime order. */
#ifndef CRYPTO_BN254_H
#define CRYPTO_BN254_H
#include "base/base.h"

err crypto_bn254_add(u8 out[64], const u8 in[128]) MUST_USE;
/* Point, then a factor of any size. */
err crypto_bn254_mul(u8 out[64], const u8 in[96]) MUST_USE;
/* *one says whether the product of the pairings is 1.  pairs holds 192 bytes
** each, a point of G1 and one of G2; ERR_INPUT for another length. */
err crypto_bn254_pairing(bool *one, slice pairs) MUST_USE;
#endif
