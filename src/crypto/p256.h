/* p256.h - ECDSA verification over P-256 (FIPS 186-5, SP 800-186): passkeys,
** and the precompile of EIP-7951. */
#ifndef CRYPTO_P256_H
#define CRYPTO_P256_H
#include "base/base.h"

/* Makes the table of multiples of G; crypto_init calls it, before any thread. */
void crypto_p256_init(void);
/* Whether pub (x, y) signed digest with r_s; all numbers 32 bytes big-endian.
** crypto_init must have run.  False too for r or s outside 1..n-1, coordinates
** not below p and points off the curve.  A high s is accepted, as EIP-7951 and
** WebAuthn have it. */
bool crypto_p256_verify(const u8 digest[32], const u8 r_s[64],
                        const u8 pub[64]);
#endif
