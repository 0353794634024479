/* modinv.h - inversion modulo an odd number, for public data: time depends on
** the numbers.  About 3,000 cycles for four limbs, 4,700
** for six. */
#ifndef CRYPTO_MODINV_H
#define CRYPTO_MODINV_H
#include "base/base.h"

/* r = k / a mod m, in limbs, least first; a and k below m, m odd, above 1 and
** coprime to a (a = 0 gives 0).  For Montgomery form (a R) give k = R^2. */
void crypto_modinv4(u64 r[4], const u64 a[4], const u64 k[4], const u64 m[4]);
void crypto_modinv6(u64 r[6], const u64 a[6], const u64 k[6], const u64 m[6]);
#endif
