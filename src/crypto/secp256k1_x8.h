/* secp256k1_x8.h - recovery of eight signatures at once; of this folder. */
#ifndef CRYPTO_SECP256K1_X8_H
#define CRYPTO_SECP256K1_X8_H
#include "base/base.h"
#include "crypto/secp256k1.h"

enum { CRYPTO_X8_LANES = 8 };

/* Whether this CPU can, and the tables are made: after crypto_x8_select. */
extern bool crypto_x8_on;
/* Makes the tables at the first call that turns it on; false when the CPU
** lacks it.  Not for use while other threads recover. */
bool crypto_x8_select(bool on);
/* Recovers cnt (1 to 8) public keys.  A bit of the result for each lane that
** was recovered; the others (no such point, a value out of range, or one of
** the rare additions that the formulas leave out) are to be tried singly. */
u32 crypto_x8_recover(u8 pub[][64], const hash32 *digest,
                      const struct sig65 *sig, u32 cnt);
#endif
