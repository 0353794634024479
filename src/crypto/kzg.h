/* kzg.h - verification of KZG openings: EIP-4844's point evaluation, and the
** proofs that come with blobs (EIP-4844, EIP-7594). */
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
/* What verifying a blob needs besides: 128 KiB. */
enum { CRYPTO_KZG_BLOB = 131072, CRYPTO_KZG_CELLS = 128 };
struct crypto_kzg_work { u64 coefficient[CRYPTO_KZG_BLOB / 32][4]; };
/* Whether commitment is the blob's, as its proof shows.  ERR_INPUT for a blob
** with a number not below r and for malformed points, ERR_SIGNATURE.  Takes
** about two milliseconds. */
err crypto_kzg_verify_blob(const u8 commitment[48], const u8 *blob,
                           const u8 proof[48], struct crypto_kzg_work *work)
    MUST_USE;
/* The same by the proofs of all its cells, 48 bytes each in order, all of which
** must hold.  Some tens of milliseconds. */
err crypto_kzg_verify_cells(const u8 commitment[48], const u8 *blob,
                            const u8 *proofs, struct crypto_kzg_work *work)
    MUST_USE;
/* EIP-4844's hash of a commitment: SHA-256 with its first byte replaced by
** 0x01. */
void crypto_kzg_versioned_hash(hash32 *out, const u8 commitment[48]);
#endif
