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
/* For asm statements of fields with a prime of their own: the product of four
** limbs at the addresses in x and y, or the square of those at x, in r8 to r15;
** rax, rcx and rdx change too.  What brings it back to four limbs is to
** follow. */
#define MONT_X86_LIMB(at, x) #at "(" x ")"
#define MONT_X86_ONTO(at, x, t, u) \
  "mulxq " MONT_X86_LIMB(at, x) ", %%rax, %%rcx\n" \
  "adcxq %%rax, %%" t "\n" \
  "adoxq %%rcx, %%" u "\n"
#define MONT_X86_ONTO4(at, x, y, t0, t1, t2, t3, t4) \
  "movq " MONT_X86_LIMB(at, y) ", %%rdx\n" \
  "xorl %%" t4 "d, %%" t4 "d\n" \
  MONT_X86_ONTO(0, x, t0, t1) MONT_X86_ONTO(8, x, t1, t2) \
  MONT_X86_ONTO(16, x, t2, t3) MONT_X86_ONTO(24, x, t3, t4) \
  "movl $0, %%eax\n" \
  "adcxq %%rax, %%" t4 "\n"
#define MONT_X86_PRODUCT(x, y) \
  "movq " MONT_X86_LIMB(0, y) ", %%rdx\n" \
  "mulxq " MONT_X86_LIMB(0, x) ", %%r8, %%r9\n" \
  "mulxq " MONT_X86_LIMB(8, x) ", %%rax, %%r10\n" \
  "addq %%rax, %%r9\n" \
  "mulxq " MONT_X86_LIMB(16, x) ", %%rax, %%r11\n" \
  "adcq %%rax, %%r10\n" \
  "mulxq " MONT_X86_LIMB(24, x) ", %%rax, %%r12\n" \
  "adcq %%rax, %%r11\n" \
  "adcq $0, %%r12\n" \
  MONT_X86_ONTO4(8, x, y, "r9", "r10", "r11", "r12", "r13") \
  MONT_X86_ONTO4(16, x, y, "r10", "r11", "r12", "r13", "r14") \
  MONT_X86_ONTO4(24, x, y, "r11", "r12", "r13", "r14", "r15")
/* Twice the sum t, u of what stands there, and the square of a limb. */
#define MONT_X86_TWICE(at, x, t, u) \
  "movq " MONT_X86_LIMB(at, x) ", %%rdx\n" \
  "mulxq %%rdx, %%rax, %%rcx\n" \
  "adcxq %%" t ", %%" t "\n" \
  "adoxq %%rax, %%" t "\n" \
  "adcxq %%" u ", %%" u "\n" \
  "adoxq %%rcx, %%" u "\n"
#define MONT_X86_SQUARE(x) \
  "movq " MONT_X86_LIMB(0, x) ", %%rdx\n" \
  "mulxq " MONT_X86_LIMB(8, x) ", %%r9, %%r10\n" \
  "mulxq " MONT_X86_LIMB(16, x) ", %%rax, %%r11\n" \
  "addq %%rax, %%r10\n" \
  "mulxq " MONT_X86_LIMB(24, x) ", %%rax, %%r12\n" \
  "adcq %%rax, %%r11\n" \
  "adcq $0, %%r12\n" \
  "movq " MONT_X86_LIMB(8, x) ", %%rdx\n" \
  "xorl %%r13d, %%r13d\n" \
  MONT_X86_ONTO(16, x, "r11", "r12") MONT_X86_ONTO(24, x, "r12", "r13") \
  "movq " MONT_X86_LIMB(16, x) ", %%rdx\n" \
  "mulxq " MONT_X86_LIMB(24, x) ", %%rax, %%r14\n" \
  "adcxq %%rax, %%r13\n" \
  "movl $0, %%eax\n" \
  "adcxq %%rax, %%r14\n" \
  "xorl %%r15d, %%r15d\n" \
  "movq " MONT_X86_LIMB(0, x) ", %%rdx\n" \
  "mulxq %%rdx, %%r8, %%rax\n" \
  "adcxq %%r9, %%r9\n" \
  "adoxq %%rax, %%r9\n" \
  MONT_X86_TWICE(8, x, "r10", "r11") MONT_X86_TWICE(16, x, "r12", "r13") \
  MONT_X86_TWICE(24, x, "r14", "r15")
#define MONT_X86_CHANGED \
  "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", \
      "cc", "memory"

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
