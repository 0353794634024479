/* bls12_381_int.h - what KZG verification needs of bls12_381.c, and kzg_blob.c
** of kzg.c. */
#ifndef CRYPTO_BLS12_381_INT_H
#define CRYPTO_BLS12_381_INT_H
#include "crypto/bls12_381.h"

/* For EIP-4844: sets the generator of G1 and two points of G2; crypto_init calls
** it after the code for this CPU is chosen. */
void crypto_bls_kzg_init(const u8 g1[128], const u8 g2[2][256]);
/* Whether e(c + k_g G1, first of G2) e(proof, second) = 1, with k_proof proof
** added to the first sum.  c and proof are compressed (48 bytes: three flag
** bits, x); ERR_INPUT for other flags, x not below p, no such point, or one
** outside the group of prime order.  Scalars big-endian, of any value. */
err crypto_bls_kzg_check(bool *one, const u8 c[48], const u8 proof[48],
                         const u8 k_g[32], const u8 k_proof[32]) MUST_USE;
/* A compressed point of the curve in EIP-2537's encoding; ERR_INPUT as above, but
** for the group, which is not checked. */
err crypto_bls_g1_uncompress(u8 out[128], const u8 in[48]) MUST_USE;
/* The product of the pairings itself, to the third power, in Montgomery form:
** tests compare the code for different CPUs. */
err crypto_bls_pairing_value(u64 value[12][6], slice pairs) MUST_USE;
/* kzg.c: minus the generator of G2, in EIP-2537's encoding. */
const u8 *crypto_kzg_minus_g2(void);
#endif
