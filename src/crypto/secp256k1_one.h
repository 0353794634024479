/* secp256k1_one.h - recovery of one public key, without libsecp256k1; of this
** folder. */
#ifndef CRYPTO_SECP256K1_ONE_H
#define CRYPTO_SECP256K1_ONE_H
#include "base/base.h"
#include "crypto/secp256k1.h"

/* Whether the table of G is made: crypto_one_init was called. */
extern bool crypto_one_ready;
/* Before any thread that recovers. */
void crypto_one_init(void);
/* The public key that signed digest.  False if r or s is out of range, v above
** 1, r the x of no point, or the key would be infinity. */
bool crypto_one_recover(u8 pub[64], const hash32 *digest,
                        const struct sig65 *sig) MUST_USE;
#endif
