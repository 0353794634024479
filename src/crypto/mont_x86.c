/* mont_x86.c - the functions of mont_x86.h.
**
** As in mont.h each turn adds a times one limb of b (and c times one of d) to
** the sum t and then the multiple of m that clears t's lowest limb; adcx and
** adox carry the low and the high halves of the products in two chains at once
** (E. Ozturk, J. Guilford, V. Gopal, Large integer squaring on Intel
** architecture processors, 2013).  The text is put together by macros and
** stands outside of C functions, since it needs every register but rsp:
**   t      r8 r9 r10 r11 (rbx rbp)      above t   r12
**   a      rsi        b      rdi        c   rcx   d   r14   m   r15
**   rdx rax r13 for one product; n0 on the stack, r is pushed last. */
#include "crypto/mont_x86.h"

#if defined(__x86_64__)
#include <cpuid.h>

/* t += a * rdx, then what overflows in r13. */
#define MONT_X86_FIRST(a) \
  "xorl %eax, %eax\n" \
  "mulxq (" a "), %rax, %r13\n" \
  "adoxq %rax, %r8\n"
#define MONT_X86_NEXT(a, at, t) \
  "adcxq %r13, " t "\n" \
  "mulxq " at "(" a "), %rax, %r13\n" \
  "adoxq %rax, " t "\n"
#define MONT_X86_LAST \
  "movl $0, %eax\n" \
  "adcxq %rax, %r13\n" \
  "adoxq %rax, %r13\n"
#define MONT_X86_ROW4(a) \
  MONT_X86_FIRST(a) MONT_X86_NEXT(a, "8", "%r9") \
  MONT_X86_NEXT(a, "16", "%r10") MONT_X86_NEXT(a, "24", "%r11")
#define MONT_X86_ROW6(a) \
  MONT_X86_ROW4(a) MONT_X86_NEXT(a, "32", "%rbx") \
  MONT_X86_NEXT(a, "40", "%rbp")

/* t = (t + k m) / 2^64 with k = t n0. */
#define MONT_X86_CLEAR \
  "movq %r8, %rdx\n" \
  "imulq 56(%rsp), %rdx\n" \
  "xorl %eax, %eax\n" \
  "mulxq (%r15), %rax, %r13\n" \
  "adcxq %r8, %rax\n" \
  "movq %r13, %r8\n"
#define MONT_X86_DOWN(at, low, high) \
  "adcxq " high ", " low "\n" \
  "mulxq " at "(%r15), %rax, " high "\n" \
  "adoxq %rax, " low "\n"
#define MONT_X86_DOWN4 \
  MONT_X86_CLEAR MONT_X86_DOWN("8", "%r8", "%r9") \
  MONT_X86_DOWN("16", "%r9", "%r10") MONT_X86_DOWN("24", "%r10", "%r11")
#define MONT_X86_DOWN6 \
  MONT_X86_DOWN4 MONT_X86_DOWN("32", "%r11", "%rbx") \
  MONT_X86_DOWN("40", "%rbx", "%rbp")
#define MONT_X86_TOP(t) \
  "movl $0, %eax\n" \
  "adcxq %rax, " t "\n" \
  "adoxq %r12, " t "\n"

/* One turn of each function, for the limb at an offset. */
#define MONT_X86_TURN(n, top, at) \
  "movq " at "(%rdi), %rdx\n" MONT_X86_ROW##n("%rsi") MONT_X86_LAST \
  "movq %r13, %r12\n" MONT_X86_DOWN##n MONT_X86_TOP(top)
#define MONT_X86_TURN2(n, top, at) \
  "movq " at "(%rdi), %rdx\n" MONT_X86_ROW##n("%rsi") MONT_X86_LAST \
  "movq %r13, %r12\n" \
  "movq " at "(%r14), %rdx\n" MONT_X86_ROW##n("%rcx") MONT_X86_LAST \
  "addq %r13, %r12\n" MONT_X86_DOWN##n MONT_X86_TOP(top)
#define MONT_X86_TURNS4(turn) \
  turn(4, "%r11", "0") turn(4, "%r11", "8") turn(4, "%r11", "16") \
  turn(4, "%r11", "24")
#define MONT_X86_TURNS6(turn) \
  turn(6, "%rbp", "0") turn(6, "%rbp", "8") turn(6, "%rbp", "16") \
  turn(6, "%rbp", "24") turn(6, "%rbp", "32") turn(6, "%rbp", "40")

/* r = t or t - m. */
#define MONT_X86_SAVE(t, copy) "movq " t ", " copy "\n"
#define MONT_X86_SUB(op, t, at) op " " at "(%r15), " t "\n"
#define MONT_X86_BACK(t, copy) "cmovcq " copy ", " t "\n"
#define MONT_X86_OUT(t, at) "movq " t ", " at "(%rdi)\n"
#define MONT_X86_END4 \
  MONT_X86_SAVE("%r8", "%rax") MONT_X86_SAVE("%r9", "%rdx") \
  MONT_X86_SAVE("%r10", "%rsi") MONT_X86_SAVE("%r11", "%rcx") \
  MONT_X86_SUB("subq", "%r8", "0") MONT_X86_SUB("sbbq", "%r9", "8") \
  MONT_X86_SUB("sbbq", "%r10", "16") MONT_X86_SUB("sbbq", "%r11", "24") \
  MONT_X86_BACK("%r8", "%rax") MONT_X86_BACK("%r9", "%rdx") \
  MONT_X86_BACK("%r10", "%rsi") MONT_X86_BACK("%r11", "%rcx") \
  "popq %rdi\n" \
  MONT_X86_OUT("%r8", "0") MONT_X86_OUT("%r9", "8") \
  MONT_X86_OUT("%r10", "16") MONT_X86_OUT("%r11", "24")
#define MONT_X86_END6 \
  MONT_X86_SAVE("%r8", "%rax") MONT_X86_SAVE("%r9", "%rdx") \
  MONT_X86_SAVE("%r10", "%rsi") MONT_X86_SAVE("%r11", "%rcx") \
  MONT_X86_SAVE("%rbx", "%r12") MONT_X86_SAVE("%rbp", "%r13") \
  MONT_X86_SUB("subq", "%r8", "0") MONT_X86_SUB("sbbq", "%r9", "8") \
  MONT_X86_SUB("sbbq", "%r10", "16") MONT_X86_SUB("sbbq", "%r11", "24") \
  MONT_X86_SUB("sbbq", "%rbx", "32") MONT_X86_SUB("sbbq", "%rbp", "40") \
  MONT_X86_BACK("%r8", "%rax") MONT_X86_BACK("%r9", "%rdx") \
  MONT_X86_BACK("%r10", "%rsi") MONT_X86_BACK("%r11", "%rcx") \
  MONT_X86_BACK("%rbx", "%r12") MONT_X86_BACK("%rbp", "%r13") \
  "popq %rdi\n" \
  MONT_X86_OUT("%r8", "0") MONT_X86_OUT("%r9", "8") \
  MONT_X86_OUT("%r10", "16") MONT_X86_OUT("%r11", "24") \
  MONT_X86_OUT("%rbx", "32") MONT_X86_OUT("%rbp", "40")

/* On the stack: n0, six registers, r; so n0 stands at 56(%rsp). */
#define MONT_X86_PUSH \
  "pushq %rbx\n" "pushq %rbp\n" "pushq %r12\n" "pushq %r13\n" \
  "pushq %r14\n" "pushq %r15\n"
#define MONT_X86_POP \
  "popq %r15\n" "popq %r14\n" "popq %r13\n" "popq %r12\n" \
  "popq %rbp\n" "popq %rbx\n"
#define MONT_X86_ZERO4 \
  "xorl %r8d, %r8d\n" "xorl %r9d, %r9d\n" "xorl %r10d, %r10d\n" \
  "xorl %r11d, %r11d\n"
#define MONT_X86_ZERO6 MONT_X86_ZERO4 "xorl %ebx, %ebx\n" "xorl %ebp, %ebp\n"
#define MONT_X86_HEAD(name) \
  ".text\n.p2align 5\n.globl " name "\n.type " name ", @function\n" name ":\n"
#define MONT_X86_TAIL(name) "ret\n.size " name ", . - " name "\n"
#define MONT_X86_MUL(n, name) \
  __asm__(MONT_X86_HEAD(name) "pushq %r8\n" MONT_X86_PUSH "pushq %rdi\n" \
          "movq %rdx, %rdi\n" "movq %rcx, %r15\n" MONT_X86_ZERO##n \
          MONT_X86_TURNS##n(MONT_X86_TURN) MONT_X86_END##n MONT_X86_POP \
          "popq %r8\n" MONT_X86_TAIL(name))
/* n0 is the seventh argument, above the return address. */
#define MONT_X86_MUL2(n, name) \
  __asm__(MONT_X86_HEAD(name) "movq 8(%rsp), %rax\n" "pushq %rax\n" \
          MONT_X86_PUSH "pushq %rdi\n" "movq %rdx, %rdi\n" \
          "movq %r8, %r14\n" "movq %r9, %r15\n" MONT_X86_ZERO##n \
          MONT_X86_TURNS##n(MONT_X86_TURN2) MONT_X86_END##n MONT_X86_POP \
          "popq %rax\n" MONT_X86_TAIL(name))

MONT_X86_MUL(4, "crypto_mont_mul4_adx");
MONT_X86_MUL(6, "crypto_mont_mul6_adx");
MONT_X86_MUL2(4, "crypto_mont_mul2x4_adx");
MONT_X86_MUL2(6, "crypto_mont_mul2x6_adx");

/* Leaf 7, ebx: bit 8 BMI2 (mulx), bit 19 ADX. */
static bool mont_x86_cpu_has(void) {
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 8 & 1) &&
         (b >> 19 & 1);
}
#endif

bool crypto_mont_adx;

bool crypto_mont_select(bool on) {
#if defined(__x86_64__)
  crypto_mont_adx = on && mont_x86_cpu_has();
#else
  (void)on;
#endif
  return crypto_mont_adx;
}
