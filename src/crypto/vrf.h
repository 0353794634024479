/* vrf.h - a verifiable random function over secp256k1: the beacon's source.
**
** RFC 9381's ECVRF with the suite ECVRF-SECP256K1-SHA256-TAI, made like its
** P-256 suite with the other curve:
**   suite string 0xfe; hash SHA-256; cofactor 1; points in compressed form
**   (33 bytes), challenge 16 bytes, scalar 32 bytes big-endian;
**   hash to the curve by try and increment, salted with the public key;
**   nonce by RFC 6979 over SHA-256 of the encoded point H.
** A proof is Gamma (33) || c (16) || s (32). */
#ifndef CRYPTO_VRF_H
#define CRYPTO_VRF_H
#include "base/base.h"

enum { CRYPTO_VRF_PROOF_LEN = 81 };

/* The proof for alpha under a secret key, always the same one.  Constant time
** in the key.  ERR_RANGE for a bad key. */
err crypto_vrf_prove(u8 proof[CRYPTO_VRF_PROOF_LEN], const u8 key[32],
                     slice alpha) MUST_USE;
/* Checks a proof and gives its output, 32 uniform bytes that only the owner of
** the key could know before.  ERR_SIGNATURE (beta zeroed) when it is not the
** proof of this key for alpha. */
err crypto_vrf_verify(u8 beta[32], const u8 pub[64], slice alpha,
                      const u8 proof[CRYPTO_VRF_PROOF_LEN]) MUST_USE;
/* The output of a proof known to be good (one's own). */
void crypto_vrf_output(u8 beta[32], const u8 proof[CRYPTO_VRF_PROOF_LEN]);
#endif
