/* p256.c - ECDSA verification over P-256, own code: the packaged mbedTLS takes
** over 2 ms a signature, far too much for 6,900 gas; this takes 0.04 ms.
**
** Curve y^2 = x^3 - 3x + b modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1, of
** prime order n; points and additions as in tables256.inc.  u1*G + u2*Q runs
** over one chain of doublings with signed digits: of width 5 for Q, of width 10
** for G, whose affine odd multiples are made at start.  The result is compared
** with r as r*Z^2 = X, so nothing is divided at the end.  Everything here is
** public, so time may depend on it.
**
** Field: Montgomery form, R = 2^256, in 0..2^256-1, not the least residue.  As
** -1/p = 1 mod 2^64, the multiple of p that clears the lowest limb k of a sum
** is  k 2^256 - k 2^224 + k 2^192 + k 2^96 - k: one multiplication and two
** shifts.  Products by mulx, adcx and adox where the CPU has them.
**
** Constants: p, n, b, G from SP 800-186, the R forms are x * 2^256 mod p. */
#include "crypto/p256.h"

#include "crypto/modinv.h"
#include "crypto/mont.h"
#include "crypto/mont_x86.h"

enum {
  P256_LIMBS = 4,
  P256_W = 5,
  P256_TABLE = 1 << (P256_W - 2),
  P256_G_W = 10,
  P256_G_TABLE = 1 << (P256_G_W - 2),
};
typedef struct { u64 v[P256_LIMBS]; } p256_fe;
struct p256_point { p256_fe x, y, z; };
struct p256_affine { p256_fe x, y; };

static const u64 p256_p[4] = {0xffffffffffffffff, 0x00000000ffffffff, 0,
                              0xffffffff00000001};
static const u64 p256_n[4] = {0xf3b9cac2fc632551, 0xbce6faada7179e84,
                              0xffffffffffffffff, 0xffffffff00000000};
/* -1/n mod 2^64. */
#define P256_N0 0xccd1c8aaee00bc4fu
#define P256_INLINE static inline __attribute__((always_inline))
static const u64 p256_r2_p[4] = {0x0000000000000003, 0xfffffffbffffffff,
                                 0xfffffffffffffffe, 0x00000004fffffffd};
/* 2^256 mod n. */
static const u64 p256_r_n[4] = {0x0c46353d039cdaaf, 0x4319055258e8617b, 0,
                                0x00000000ffffffff};
static const p256_fe p256_1 = {{0x0000000000000001, 0xffffffff00000000,
                                  0xffffffffffffffff, 0x00000000fffffffe}};
static const p256_fe p256_b = {{0xd89cdf6229c4bddf, 0xacf005cd78843090,
                                0xe5a220abf7212ed6, 0xdc30061d04874834}};
static const struct p256_affine p256_g = {
    {{0x79e730d418a9143c, 0x75ba95fc5fedb601, 0x79fb732b77622510,
      0x18905f76a53755c6}},
    {{0xddf25357ce95560a, 0x8b4ab8e4ba19e45c, 0xd2e88688dd21f325,
      0x8571ff1825885d85}}};

/*------------------------------------------------------------------ field */

#if defined(__x86_64__)
/* The upper half of r8 to r15 and the lower, made divisible by 2^256 limb by
** limb and moved down; what is above it is taken off. */
#define P256_X86_CLEAR(t0, t1, t2, t3) \
  "movq %%" t0 ", %%rdx\n" \
  "movq %%" t0 ", %%rax\n" \
  "shlq $32, %%rax\n" \
  "shrq $32, %%" t0 "\n" \
  "mulxq %[top], %%rcx, %%rdx\n" \
  "addq %%rax, %%" t1 "\n" \
  "adcq %%" t0 ", %%" t2 "\n" \
  "adcq %%rcx, %%" t3 "\n" \
  "movq %%rdx, %%" t0 "\n" \
  "adcq $0, %%" t0 "\n"
#define P256_X86_REDUCE \
  P256_X86_CLEAR("r8", "r9", "r10", "r11") \
  P256_X86_CLEAR("r9", "r10", "r11", "r8") \
  P256_X86_CLEAR("r10", "r11", "r8", "r9") \
  P256_X86_CLEAR("r11", "r8", "r9", "r10") \
  "addq %%r12, %%r8\n" "adcq %%r13, %%r9\n" "adcq %%r14, %%r10\n" \
  "adcq %%r15, %%r11\n" \
  "sbbq %%rax, %%rax\n" "movl %%eax, %%ecx\n" \
  "movq %[top], %%rdx\n" "andq %%rax, %%rdx\n" \
  "subq %%rax, %%r8\n" "sbbq %%rcx, %%r9\n" "sbbq $0, %%r10\n" \
  "sbbq %%rdx, %%r11\n"
/* op, opc: add and adc, or sub and sbb of m, and 2^256 - p after a carry: once
** more in one of 2^32 cases, which stands apart. */
#define P256_X86_FIX(op, opc) \
  op " %%rcx, %%r8\n" opc " %%rdx, %%r9\n" opc " %%rax, %%r10\n" \
  opc " %%r12, %%r11\n"
#define P256_X86_SUM(op, opc, m) \
  "movq " m ", %%rcx\n" \
  op " (%%rcx), %%r8\n" opc " 8(%%rcx), %%r9\n" \
  opc " 16(%%rcx), %%r10\n" opc " 24(%%rcx), %%r11\n" \
  "sbbq %%rax, %%rax\n" \
  "movl %%eax, %%ecx\n" "andl $1, %%ecx\n" \
  "movq %%rax, %%rdx\n" "shlq $32, %%rdx\n" \
  "movl %%eax, %%r12d\n" "andl $-2, %%r12d\n" \
  P256_X86_FIX(op, opc) \
  "jc 2f\n" "1:\n" ".subsection 1\n" "2:\n" P256_X86_FIX(op, opc) \
  "jmp 1b\n" ".previous\n"
#define P256_X86_LOAD \
  "movq (%1), %%r8\n" "movq 8(%1), %%r9\n" "movq 16(%1), %%r10\n" \
  "movq 24(%1), %%r11\n"
/* Addresses that may be in memory, since so few registers are left. */
#define P256_X86_STORE \
  "movq %0, %%rax\n" "movq %%r8, (%%rax)\n" "movq %%r9, 8(%%rax)\n" \
  "movq %%r10, 16(%%rax)\n" "movq %%r11, 24(%%rax)\n"
#define P256_X86_SMALL \
  "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "cc", "memory"
#endif

/* r = t / 2^256. */
static void p256_reduce(p256_fe *r, u64 t[8]) {
  u64 top = 0;
  for (int i = 0; i < P256_LIMBS; i++) {
    u64 k = t[i];
    u128 z = (u128)k * p256_p[3];
    u8 carry = mont_addc(&t[i + 1], t[i + 1], k << 32, 0);
    carry = mont_addc(&t[i + 2], t[i + 2], k >> 32, carry);
    carry = mont_addc(&t[i + 3], t[i + 3], (u64)z, carry);
    carry = mont_addc(&t[i + 4], t[i + 4], (u64)(z >> 64), carry);
    for (int j = i + 5; j < 8; j++) carry = mont_addc(&t[j], t[j], 0, carry);
    top += carry;
  }
  mont_reduce(r->v, t + 4, top, p256_p, P256_LIMBS);
}

static void p256_mul_c(p256_fe *r, const p256_fe *a, const p256_fe *b) {
  u64 t[8] = {0};
  for (int i = 0; i < P256_LIMBS; i++) {
    u64 carry = 0;
    for (int j = 0; j < P256_LIMBS; j++) {
      u128 x = (u128)a->v[i] * b->v[j] + t[i + j] + carry;
      t[i + j] = (u64)x;
      carry = (u64)(x >> 64);
    }
    t[i + 4] = carry;
  }
  p256_reduce(r, t);
}

#if !defined(__x86_64__)
/* a + b or a - b, with 2^256 - p as often as it carries. */
static void p256_sum_c(p256_fe *r, const p256_fe *a, const p256_fe *b,
                       bool minus) {
  static const u64 gap[4] = {1, 0xffffffff00000000, 0xffffffffffffffff,
                             0x00000000fffffffe};
  const u64 *m = b->v;
  u64 t[4];
  memcpy(t, a->v, sizeof t);
  for (u8 carry = 1; carry; m = gap) {
    carry = 0;
    for (int i = 0; i < P256_LIMBS; i++)
      carry = minus ? mont_subb(&t[i], t[i], m[i], carry)
                    : mont_addc(&t[i], t[i], m[i], carry);
  }
  memcpy(r->v, t, sizeof t);
}
#endif

P256_INLINE void p256_add(p256_fe *r, const p256_fe *a, const p256_fe *b) {
#if defined(__x86_64__)
  __asm__(P256_X86_LOAD P256_X86_SUM("addq", "adcq", "%2") P256_X86_STORE
          :
          : "r"(r), "r"(a), "r"(b)
          : P256_X86_SMALL);
#else
  p256_sum_c(r, a, b, false);
#endif
}

P256_INLINE void p256_sub(p256_fe *r, const p256_fe *a, const p256_fe *b) {
#if defined(__x86_64__)
  __asm__(P256_X86_LOAD P256_X86_SUM("subq", "sbbq", "%2") P256_X86_STORE
          :
          : "r"(r), "r"(a), "r"(b)
          : P256_X86_SMALL);
#else
  p256_sum_c(r, a, b, true);
#endif
}

P256_INLINE void p256_mul(p256_fe *r, const p256_fe *a, const p256_fe *b) {
#if defined(__x86_64__)
  if (LIKELY(crypto_mont_adx)) {
    __asm__(MONT_X86_PRODUCT("%1", "%2") P256_X86_REDUCE P256_X86_STORE
            :
            : "rm"(r), "r"(a), "r"(b), [top] "m"(p256_p[3])
            : MONT_X86_CHANGED);
    return;
  }
#endif
  p256_mul_c(r, a, b);
}

P256_INLINE void p256_sqr(p256_fe *r, const p256_fe *a) {
#if defined(__x86_64__)
  if (LIKELY(crypto_mont_adx)) {
    __asm__(MONT_X86_SQUARE("%1") P256_X86_REDUCE P256_X86_STORE
            :
            : "r"(r), "r"(a), [top] "m"(p256_p[3])
            : MONT_X86_CHANGED);
    return;
  }
#endif
  p256_mul_c(r, a, a);
}

/* r = a b - m. */
P256_INLINE void p256_mul_sub(p256_fe *r, const p256_fe *a, const p256_fe *b,
                              const p256_fe *m) {
#if defined(__x86_64__)
  if (LIKELY(crypto_mont_adx)) {
    __asm__(MONT_X86_PRODUCT("%1", "%2") P256_X86_REDUCE
                P256_X86_SUM("subq", "sbbq", "%3") P256_X86_STORE
            :
            : "rm"(r), "r"(a), "r"(b), "rm"(m), [top] "m"(p256_p[3])
            : MONT_X86_CHANGED);
    return;
  }
#endif
  p256_fe t;
  p256_mul_c(&t, a, b);
  p256_sub(r, &t, m);
}

/* r = a^2 - m. */
P256_INLINE void p256_sqr_sub(p256_fe *r, const p256_fe *a, const p256_fe *m) {
#if defined(__x86_64__)
  if (LIKELY(crypto_mont_adx)) {
    __asm__(MONT_X86_SQUARE("%1") P256_X86_REDUCE
                P256_X86_SUM("subq", "sbbq", "%2") P256_X86_STORE
            :
            : "rm"(r), "r"(a), "rm"(m), [top] "m"(p256_p[3])
            : MONT_X86_CHANGED);
    return;
  }
#endif
  p256_fe t;
  p256_mul_c(&t, a, a);
  p256_sub(r, &t, m);
}
#undef P256_X86_CLEAR
#undef P256_X86_REDUCE
#undef P256_X86_FIX
#undef P256_X86_SUM
#undef P256_X86_LOAD
#undef P256_X86_STORE
#undef P256_X86_SMALL

/* r = a^2 - 2m, and less q. */
P256_INLINE void p256_sqr_sub2(p256_fe *r, const p256_fe *a,
                               const p256_fe *m) {
  p256_fe t;
  p256_add(&t, m, m);
  p256_sqr_sub(r, a, &t);
}
P256_INLINE void p256_sqr_sub3(p256_fe *r, const p256_fe *a, const p256_fe *m,
                               const p256_fe *q) {
  p256_fe t;
  p256_add(&t, m, m);
  p256_add(&t, &t, q);
  p256_sqr_sub(r, a, &t);
}

/* r = a/2: a or a + p, whichever is even. */
P256_INLINE void p256_half(p256_fe *r, const p256_fe *a) {
  u64 mask = 0 - (a->v[0] & 1), t[4];
  u8 carry = mont_addc(&t[0], a->v[0], p256_p[0] & mask, 0);
  carry = mont_addc(&t[1], a->v[1], p256_p[1] & mask, carry);
  carry = mont_addc(&t[2], a->v[2], 0, carry);
  carry = mont_addc(&t[3], a->v[3], p256_p[3] & mask, carry);
  for (int i = 0; i < 3; i++) r->v[i] = t[i] >> 1 | t[i + 1] << 63;
  r->v[3] = t[3] >> 1 | (u64)carry << 63;
}

static bool p256_is_zero(const p256_fe *a) {
  if (LIKELY(a->v[0] + 1 > 1)) return false;
  return mont_is_zero(a->v, P256_LIMBS) || mont_eq(a->v, p256_p, P256_LIMBS);
}
static bool p256_eq(const p256_fe *a, const p256_fe *b) {
  p256_fe t;
  p256_sub(&t, a, b);
  return p256_is_zero(&t);
}

/*----------------------------------------------------------------- points */

/* (3x^2 - 3 zz^2)/2, where zz is Z^2. */
P256_INLINE void p256_slope_at(p256_fe *r, const p256_fe *x,
                               const p256_fe *zz) {
  p256_fe t;
  p256_sub(&t, x, zz);
  p256_add(r, x, zz);
  p256_mul(r, r, &t);
  p256_half(&t, r);
  p256_add(r, r, &t);
}
static void p256_slope(p256_fe *r, const p256_fe *x) {
  p256_slope_at(r, x, &p256_1);
}

/* With Z = YZ, half of the usual: L = 3(X^2 - Z^4)/2, T = XY^2, X' = L^2 - 2T,
** Y' = L(T - X') - Y^4. */
static void p256_double(struct p256_point *p) {
  p256_fe l, s, t;
  p256_sqr(&t, &p->z);
  p256_mul(&p->z, &p->y, &p->z);
  p256_slope_at(&l, &p->x, &t);
  p256_sqr(&s, &p->y);
  p256_mul(&t, &p->x, &s);
  p256_sqr(&s, &s);
  p256_sqr_sub2(&p->x, &l, &t);
  p256_sub(&t, &t, &p->x);
  p256_mul_sub(&p->y, &t, &l, &s);
}

#define T256 p256
#define T256_OP(o) p256_##o
#define T256_MAX P256_G_TABLE
#include "crypto/tables256.inc"

/* The odd multiples of p.  One division for all. */
static void p256_table_affine(struct p256_affine *t, int cnt,
                              const struct p256_affine *p) {
  p256_fe s, ss;
  p256_table(t, cnt, &s, p);
  mont_reduce(s.v, s.v, 0, p256_p, P256_LIMBS);
  crypto_modinv4(s.v, s.v, p256_r2_p, p256_p);
  p256_sqr(&ss, &s);
  p256_mul(&s, &ss, &s);
  for (int i = 0; i < cnt; i++) {
    p256_mul(&t[i].x, &t[i].x, &ss);
    p256_mul(&t[i].y, &t[i].y, &s);
  }
}

static struct p256_affine p256_g_table[P256_G_TABLE];

void crypto_p256_init(void) {
  if (!p256_is_zero(&p256_g_table[0].x)) return;
  p256_table_affine(p256_g_table, P256_G_TABLE, &p256_g);
}

static void p256_add_digit(struct p256_point *r, const struct p256_affine *t,
                           int digit) {
  const struct p256_affine *p = &t[(digit < 0 ? -digit : digit) / 2];
  if (digit) p256_add_affine(r, &p->x, &p->y, digit < 0, NULL);
}

/* u1*G + u2*q. */
static void p256_mul2(struct p256_point *r, const u64 u1[4], const u64 u2[4],
                      const struct p256_affine *q) {
  struct p256_affine tq[P256_TABLE];
  mont_digit dg[257], dq[257];
  int cg = mont_wnaf(dg, u1, P256_LIMBS, P256_G_W);
  int cq = mont_wnaf(dq, u2, P256_LIMBS, P256_W);
  p256_table_affine(tq, P256_TABLE, q);
  memset(r, 0, sizeof *r);
  for (int i = (cg > cq ? cg : cq) - 1; i >= 0; i--) {
    if (!p256_is_infinity(r)) p256_double(r);
    p256_add_digit(r, p256_g_table, dg[i]);
    p256_add_digit(r, tq, dq[i]);
  }
}

/* Reads x, y; false unless both are below p and on the curve.  (0, 0), which
** stands for infinity elsewhere, is not on it. */
static bool p256_load_point(struct p256_affine *q, const u8 pub[64]) {
  p256_fe t, x3;
  mont_load(q->x.v, pub, P256_LIMBS);
  mont_load(q->y.v, pub + 32, P256_LIMBS);
  if (!mont_less(q->x.v, p256_p, P256_LIMBS) ||
      !mont_less(q->y.v, p256_p, P256_LIMBS))
    return false;
  memcpy(t.v, p256_r2_p, sizeof t.v);
  p256_mul(&q->x, &q->x, &t);
  p256_mul(&q->y, &q->y, &t);
  p256_sqr(&x3, &q->x);
  p256_add(&t, &p256_1, &p256_1);
  p256_add(&t, &t, &p256_1);
  p256_sub(&x3, &x3, &t);
  p256_mul(&x3, &x3, &q->x);
  p256_add(&x3, &x3, &p256_b);
  p256_sqr(&t, &q->y);
  return p256_eq(&t, &x3);
}

/* u1 = digest/s, u2 = r/s modulo n. */
static void p256_scalars(u64 u1[4], u64 u2[4], const u8 digest[32],
                         const u64 r[4], const u64 s[4]) {
  u64 e[4], w[4];
  mont_load(e, digest, P256_LIMBS);
  mont_reduce(e, e, 0, p256_n, P256_LIMBS);
  /* w = R/s, so that one multiplication with a plain number gives a plain
  ** one. */
  crypto_modinv4(w, s, p256_r_n, p256_n);
  mont_mul(u1, e, w, p256_n, P256_N0, P256_LIMBS, false);
  mont_mul(u2, r, w, p256_n, P256_N0, P256_LIMBS, false);
}

static bool p256_x_is(const struct p256_point *p, const u64 x[4]) {
  p256_fe t, zz;
  p256_sqr(&zz, &p->z);
  memcpy(t.v, p256_r2_p, sizeof t.v);
  p256_mul(&zz, &zz, &t);
  memcpy(t.v, x, sizeof t.v);
  p256_mul(&t, &t, &zz);
  return p256_eq(&t, &p->x);
}

bool crypto_p256_verify(const u8 digest[32], const u8 r_s[64],
                        const u8 pub[64]) {
  struct p256_affine q;
  struct p256_point sum;
  u64 r[4], s[4], u1[4], u2[4];
  u8 carry = 0;
  mont_load(r, r_s, P256_LIMBS);
  mont_load(s, r_s + 32, P256_LIMBS);
  if (mont_is_zero(r, P256_LIMBS) || !mont_less(r, p256_n, P256_LIMBS) ||
      mont_is_zero(s, P256_LIMBS) || !mont_less(s, p256_n, P256_LIMBS) ||
      !p256_load_point(&q, pub))
    return false;
  MUST(!p256_is_zero(&p256_g_table[0].x));
  p256_scalars(u1, u2, digest, r, s);
  p256_mul2(&sum, u1, u2, &q);
  if (p256_is_infinity(&sum)) return false;
  if (p256_x_is(&sum, r)) return true;
  /* x itself may be r + n, where that is still below p. */
  for (int i = 0; i < P256_LIMBS; i++)
    carry = mont_addc(&r[i], r[i], p256_n[i], carry);
  return !carry && mont_less(r, p256_p, P256_LIMBS) && p256_x_is(&sum, r);
}

#undef P256_INLINE
#undef P256_N0
