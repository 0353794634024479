/* bls12_381_int.h - what KZG verification needs of bls12_381.c. */
#ifndef CRYPTO_BLS12_381_INT_H
#define CRYPTO_BLS12_381_INT_H
#include "crypto/bls12_381.h"

/* A compressed point of G1 (48 bytes: three flag bits, x) in EIP-2537's form.
** ERR_INPUT for other flags, x not below p, no such point, or one outside the
** group of prime order. */
err crypto_bls_g1_uncompress(u8 out[128], const u8 in[48]) MUST_USE;
/* As crypto_bls_g1_msm and crypto_bls_pairing, for points known to be in the
** group. */
err crypto_bls_g1_msm_known(u8 out[128], slice in) MUST_USE;
err crypto_bls_pairing_known(bool *one, slice pairs) MUST_USE;
/* The product of the pairings itself, to the third power, in Montgomery form:
** tests compare the code for different CPUs. */
err crypto_bls_pairing_value(u64 value[12][6], slice pairs) MUST_USE;
#endif
