/* kzg.h - verification of a KZG opening, for EIP-4844's point evaluation. */
#ifndef CRYPTO_KZG_H
#define CRYPTO_KZG_H
#include "base/base.h"

/* Prepares the setup's points; crypto_init calls it, before any thread. */
void crypto_kzg_init(void);
/* Whether proof shows that the polynomial behind commitment has the value y at
** z, under the public trusted setup of EIP-4844.  z and y are big-endian and
** below the group order r, points compressed.  crypto_init must have run.
** ERR_INPUT for malformed arguments, ERR_SIGNATURE when the proof does not
** hold. */
err crypto_kzg_verify(const u8 commitment[48], const u8 z[32], const u8 y[32],
                      const u8 proof[48]) MUST_USE;
/* EIP-4844's hash of a commitment: SHA-256 with its first byte replaced by
** 0x01. */
void crypto_kzg_versioned_hash(hash32 *out, const u8 commitment[48]);
#endif
