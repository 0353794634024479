/* modexp.h - base^exponent mod modulus for EIP-198, by GMP. */
#ifndef CRYPTO_MODEXP_H
#define CRYPTO_MODEXP_H
#include "base/base.h"
/* All big-endian; out has mod.len bytes.  A modulus of zero gives zeros. */
void crypto_modexp(u8 *out, slice base, slice exponent, slice mod);
#endif
