/* mont_x86.h - Montgomery multiplication by the mulx, adcx and adox
** instructions (Intel Broadwell, AMD Zen and later), for mont.h's numbers of
** four and six limbs.  1.4 to 1.6 times as fast as what compilers make of
** mont.h; the same results.
**
** The modulus must leave the top bit free; for the sums of two products it
** must be below 2^(64n)/3. */
#ifndef CRYPTO_MONT_X86_H
#define CRYPTO_MONT_X86_H
#include "base/base.h"

#if defined(__x86_64__)
/* r = a*b. */
void crypto_mont_mul4_adx(u64 *r, const u64 *a, const u64 *b, const u64 *m,
                          u64 n0);
void crypto_mont_mul6_adx(u64 *r, const u64 *a, const u64 *b, const u64 *m,
                          u64 n0);
/* r = a*b + c*d. */
void crypto_mont_mul2x4_adx(u64 *r, const u64 *a, const u64 *b, const u64 *c,
                            const u64 *d, const u64 *m, u64 n0);
void crypto_mont_mul2x6_adx(u64 *r, const u64 *a, const u64 *b, const u64 *c,
                            const u64 *d, const u64 *m, u64 n0);
#endif

/* Whether they are in use; set by crypto_mont_select only. */
extern bool crypto_mont_adx;
/* Takes them if this CPU has the instructions (on), or plain C; crypto_init
** turns them on.  Returns whether they are in use. */
bool crypto_mont_select(bool on);
#endif
