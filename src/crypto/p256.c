/* p256.c - ECDSA verification over P-256, own code: the packaged mbedTLS takes
** over 2 ms a signature, far too much for 6,900 gas; this takes 0.05 ms.
**
** Curve y^2 = x^3 - 3x + b modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1, of
** prime order n.  Points are Jacobian: x = X/Z^2, y = Y/Z^3, infinity Z = 0;
** formulas dbl-2001-b, add-2007-bl and madd-2007-bl of the Explicit-Formulas
** Database.  u1*G + u2*Q runs over one chain of doublings with signed digits:
** of width 5 for Q, of width 8 for G, whose affine odd multiples are made at
** start.  The result is compared with r as r*Z^2 = X, so nothing is divided at
** the end.  Everything here is public, so time may depend on it.
**
** Field: Montgomery form, R = 2^256.  As -1/p = 1 mod 2^64, the multiple of p
** that clears the lowest limb k of a sum is  k 2^256 - k 2^224 + k 2^192 +
** k 2^96 - k: one multiplication and two shifts.
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
  P256_G_W = 8,
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
static const u64 p256_r2_p[4] = {0x0000000000000003, 0xfffffffbffffffff,
                                 0xfffffffffffffffe, 0x00000004fffffffd};
/* 2^256 mod n. */
static const u64 p256_r_n[4] = {0x0c46353d039cdaaf, 0x4319055258e8617b, 0,
                                0x00000000ffffffff};
static const p256_fe p256_one = {{0x0000000000000001, 0xffffffff00000000,
                                  0xffffffffffffffff, 0x00000000fffffffe}};
static const p256_fe p256_b = {{0xd89cdf6229c4bddf, 0xacf005cd78843090,
                                0xe5a220abf7212ed6, 0xdc30061d04874834}};
static const struct p256_point p256_g = {
    {{0x79e730d418a9143c, 0x75ba95fc5fedb601, 0x79fb732b77622510,
      0x18905f76a53755c6}},
    {{0xddf25357ce95560a, 0x8b4ab8e4ba19e45c, 0xd2e88688dd21f325,
      0x8571ff1825885d85}},
    {{0x0000000000000001, 0xffffffff00000000, 0xffffffffffffffff,
      0x00000000fffffffe}}};

/*------------------------------------------------------------------ field */

#if defined(__x86_64__)
/* r = a*b by mulx, adcx and adox: rdi r, rsi a, rdx b.  The sum is in r8 to
** r13, which take turns as its lowest limb. */
#define P256_STEP(at, t, next) \
  "mulxq " at "(%rsi), %rax, %rbp\n" \
  "adcxq %rax, " t "\n" \
  "adoxq %rbp, " next "\n"
#define P256_ROW(at, t0, t1, t2, t3, t4, t5) \
  "movq " at "(%rbx), %rdx\n" \
  "xorl %eax, %eax\n" \
  P256_STEP("0", t0, t1) P256_STEP("8", t1, t2) P256_STEP("16", t2, t3) \
  P256_STEP("24", t3, t4) \
  "movl $0, %eax\n" \
  "adcxq %rax, " t4 "\n" \
  "adoxq %rax, " t5 "\n" \
  "adcq $0, " t5 "\n" \
  P256_CLEAR(t0, t1, t2, t3, t4, t5)
#define P256_CLEAR(t0, t1, t2, t3, t4, t5) \
  "movq " t0 ", %rdx\n" \
  "movq " t0 ", %rcx\n" \
  "shlq $32, %rcx\n" \
  "shrq $32, " t0 "\n" \
  "mulxq %r14, %rax, %rbp\n" \
  "addq %rcx, " t1 "\n" \
  "adcq " t0 ", " t2 "\n" \
  "adcq %rax, " t3 "\n" \
  "adcq %rbp, " t4 "\n" \
  "adcq $0, " t5 "\n" \
  "xorl " t0 "d, " t0 "d\n"
void crypto_p256_mul_adx(u64 *r, const u64 *a, const u64 *b);
__asm__(
    ".text\n.p2align 5\n.globl crypto_p256_mul_adx\n"
    ".type crypto_p256_mul_adx, @function\ncrypto_p256_mul_adx:\n"
    "pushq %rbx\n" "pushq %rbp\n" "pushq %r12\n" "pushq %r13\n" "pushq %r14\n"
    "movq %rdx, %rbx\n"
    "movabsq $0xffffffff00000001, %r14\n"
    "movq (%rbx), %rdx\n"
    "xorl %r13d, %r13d\n"
    "mulxq (%rsi), %r8, %r9\n"
    "mulxq 8(%rsi), %rax, %r10\n"
    "addq %rax, %r9\n"
    "mulxq 16(%rsi), %rax, %r11\n"
    "adcq %rax, %r10\n"
    "mulxq 24(%rsi), %rax, %r12\n"
    "adcq %rax, %r11\n"
    "adcq $0, %r12\n"
    P256_CLEAR("%r8", "%r9", "%r10", "%r11", "%r12", "%r13")
    P256_ROW("8", "%r9", "%r10", "%r11", "%r12", "%r13", "%r8")
    P256_ROW("16", "%r10", "%r11", "%r12", "%r13", "%r8", "%r9")
    P256_ROW("24", "%r11", "%r12", "%r13", "%r8", "%r9", "%r10")
    /* r12, r13, r8, r9 and r10 above: less p, if that leaves no debt. */
    "movq %r12, %rax\n" "movq %r13, %rbp\n" "movq %r8, %rcx\n"
    "movq %r9, %rdx\n"
    "movl $0xffffffff, %esi\n"
    "subq $-1, %r12\n"
    "sbbq %rsi, %r13\n"
    "sbbq $0, %r8\n"
    "sbbq %r14, %r9\n"
    "sbbq $0, %r10\n"
    "cmovcq %rax, %r12\n" "cmovcq %rbp, %r13\n" "cmovcq %rcx, %r8\n"
    "cmovcq %rdx, %r9\n"
    "movq %r12, (%rdi)\n" "movq %r13, 8(%rdi)\n" "movq %r8, 16(%rdi)\n"
    "movq %r9, 24(%rdi)\n"
    "popq %r14\n" "popq %r13\n" "popq %r12\n" "popq %rbp\n" "popq %rbx\n"
    "ret\n.size crypto_p256_mul_adx, . - crypto_p256_mul_adx\n");
#undef P256_CLEAR
#undef P256_ROW
#undef P256_STEP
#endif

static void p256_mul_c(u64 *r, const u64 *a, const u64 *b) {
  u64 t[5] = {0};
  _Pragma("GCC unroll 4") for (int i = 0; i < P256_LIMBS; i++) {
    u128 x = (u128)a[0] * b[i] + t[0], z;
    u64 k = (u64)x, top;
    u8 carry;
    _Pragma("GCC unroll 4") for (int j = 1; j < P256_LIMBS; j++) {
      x = (u128)a[j] * b[i] + t[j] + (u64)(x >> 64);
      t[j] = (u64)x;
    }
    carry = mont_addc(&top, t[4], (u64)(x >> 64), 0);
    z = (u128)k * p256_p[3];
    t[4] = carry;
    carry = mont_addc(&t[0], t[1], k << 32, 0);
    carry = mont_addc(&t[1], t[2], k >> 32, carry);
    carry = mont_addc(&t[2], t[3], (u64)z, carry);
    carry = mont_addc(&t[3], top, (u64)(z >> 64), carry);
    t[4] += carry;
  }
  mont_reduce(r, t, t[4], p256_p, P256_LIMBS);
}

static void p256_mul(p256_fe *r, const p256_fe *a, const p256_fe *b) {
#if defined(__x86_64__)
  if (crypto_mont_adx) {
    crypto_p256_mul_adx(r->v, a->v, b->v);
    return;
  }
#endif
  p256_mul_c(r->v, a->v, b->v);
}
static void p256_sqr(p256_fe *r, const p256_fe *a) { p256_mul(r, a, a); }
static void p256_add(p256_fe *r, const p256_fe *a, const p256_fe *b) {
  mont_add(r->v, a->v, b->v, p256_p, P256_LIMBS);
}
static void p256_sub(p256_fe *r, const p256_fe *a, const p256_fe *b) {
  mont_sub(r->v, a->v, b->v, p256_p, P256_LIMBS);
}
static void p256_dbl(p256_fe *r, const p256_fe *a) { p256_add(r, a, a); }
static bool p256_is_zero(const p256_fe *a) {
  return mont_is_zero(a->v, P256_LIMBS);
}

/*----------------------------------------------------------------- points */

static bool p256_is_infinity(const struct p256_point *p) {
  return p256_is_zero(&p->z);
}

static void p256_point_dbl(struct p256_point *r, const struct p256_point *p) {
  p256_fe delta, gamma, beta, alpha, t;
  p256_sqr(&delta, &p->z);
  p256_sqr(&gamma, &p->y);
  p256_mul(&beta, &p->x, &gamma);
  p256_sub(&alpha, &p->x, &delta);
  p256_add(&t, &p->x, &delta);
  p256_mul(&alpha, &alpha, &t);
  p256_dbl(&t, &alpha);
  p256_add(&alpha, &alpha, &t);
  p256_mul(&r->z, &p->y, &p->z);
  p256_dbl(&r->z, &r->z);
  p256_dbl(&beta, &beta);
  p256_dbl(&beta, &beta);
  p256_sqr(&t, &alpha);
  p256_sub(&t, &t, &beta);
  p256_sub(&r->x, &t, &beta);
  p256_sub(&beta, &beta, &r->x);
  p256_mul(&alpha, &alpha, &beta);
  p256_dbl(&gamma, &gamma);
  p256_sqr(&gamma, &gamma);
  p256_dbl(&gamma, &gamma);
  p256_sub(&r->y, &alpha, &gamma);
}

/* The common end of both additions: h = U2 - U1, d = S2 - S1 of the points on
** one Z, zz the product of their Zs; (u, s) is the first. */
static void p256_add_end(struct p256_point *r, const p256_fe *u,
                         const p256_fe *s, const p256_fe *h, const p256_fe *d,
                         const p256_fe *zz) {
  p256_fe hh, hhh, v, t;
  p256_sqr(&hh, h);
  p256_mul(&hhh, &hh, h);
  p256_mul(&v, u, &hh);
  p256_mul(&r->z, zz, h);
  p256_mul(&hh, s, &hhh);
  p256_sqr(&t, d);
  p256_sub(&t, &t, &hhh);
  p256_sub(&t, &t, &v);
  p256_sub(&r->x, &t, &v);
  p256_sub(&v, &v, &r->x);
  p256_mul(&v, &v, d);
  p256_sub(&r->y, &v, &hh);
}

static void p256_point_add(struct p256_point *r, const struct p256_point *p,
                           const struct p256_point *q) {
  p256_fe zp, zq, up, uq, sp, sq;
  if (p256_is_infinity(p)) {
    *r = *q;
    return;
  }
  if (p256_is_infinity(q)) {
    *r = *p;
    return;
  }
  p256_sqr(&zp, &p->z);
  p256_sqr(&zq, &q->z);
  p256_mul(&up, &p->x, &zq);
  p256_mul(&uq, &q->x, &zp);
  p256_mul(&zq, &zq, &q->z);
  p256_mul(&sp, &p->y, &zq);
  p256_mul(&zp, &zp, &p->z);
  p256_mul(&sq, &q->y, &zp);
  p256_sub(&uq, &uq, &up);
  p256_sub(&sq, &sq, &sp);
  if (p256_is_zero(&uq)) {
    if (p256_is_zero(&sq)) {
      p256_point_dbl(r, p);
    } else {
      memset(r, 0, sizeof *r);
    }
    return;
  }
  p256_mul(&zp, &p->z, &q->z);
  p256_add_end(r, &up, &sp, &uq, &sq, &zp);
}

static void p256_point_add_affine(struct p256_point *r,
                                  const struct p256_affine *q) {
  p256_fe zz, h, d;
  if (p256_is_infinity(r)) {
    r->x = q->x;
    r->y = q->y;
    r->z = p256_one;
    return;
  }
  p256_sqr(&zz, &r->z);
  p256_mul(&h, &q->x, &zz);
  p256_mul(&zz, &zz, &r->z);
  p256_mul(&d, &q->y, &zz);
  p256_sub(&h, &h, &r->x);
  p256_sub(&d, &d, &r->y);
  if (p256_is_zero(&h)) {
    if (p256_is_zero(&d)) {
      p256_point_dbl(r, r);
    } else {
      memset(r, 0, sizeof *r);
    }
    return;
  }
  p256_add_end(r, &r->x, &r->y, &h, &d, &r->z);
}

/* cnt odd multiples P, 3P, 5P ... */
static void p256_table(struct p256_point *t, int cnt,
                       const struct p256_point *p) {
  struct p256_point twice;
  p256_point_dbl(&twice, p);
  t[0] = *p;
  for (int i = 1; i < cnt; i++) p256_point_add(&t[i], &t[i - 1], &twice);
}

/* The same for Q and G, affine.  One division for all: before[i] is the
** product of the Zs below i. */
static void p256_table_affine(struct p256_affine *r, int cnt,
                              const struct p256_point *p) {
  struct p256_point t[P256_G_TABLE];
  p256_fe before[P256_G_TABLE], inv, i_inv, ii;
  p256_table(t, cnt, p);
  before[0] = p256_one;
  for (int i = 1; i < cnt; i++)
    p256_mul(&before[i], &before[i - 1], &t[i - 1].z);
  p256_mul(&inv, &before[cnt - 1], &t[cnt - 1].z);
  crypto_modinv4(inv.v, inv.v, p256_r2_p, p256_p);
  for (int i = cnt - 1; i >= 0; i--) {
    p256_mul(&i_inv, &inv, &before[i]);
    p256_mul(&inv, &inv, &t[i].z);
    p256_sqr(&ii, &i_inv);
    p256_mul(&r[i].x, &t[i].x, &ii);
    p256_mul(&ii, &ii, &i_inv);
    p256_mul(&r[i].y, &t[i].y, &ii);
  }
}

static struct p256_affine p256_g_table[P256_G_TABLE];

void crypto_p256_init(void) {
  if (!p256_is_zero(&p256_g_table[0].x)) return;
  p256_table_affine(p256_g_table, P256_G_TABLE, &p256_g);
}

static void p256_add_digit(struct p256_point *r, const struct p256_affine *t,
                           int digit) {
  static const p256_fe zero;
  struct p256_affine p;
  if (digit == 0) return;
  if (digit > 0) {
    p256_point_add_affine(r, &t[digit / 2]);
    return;
  }
  p.x = t[-digit / 2].x;
  p256_sub(&p.y, &zero, &t[-digit / 2].y);
  p256_point_add_affine(r, &p);
}

/* u1*G + u2*q. */
static void p256_mul2(struct p256_point *r, const u64 u1[4], const u64 u2[4],
                      const struct p256_point *q) {
  struct p256_affine tq[P256_TABLE];
  mont_digit dg[257], dq[257];
  int cg = mont_wnaf(dg, u1, P256_LIMBS, P256_G_W);
  int cq = mont_wnaf(dq, u2, P256_LIMBS, P256_W);
  p256_table_affine(tq, P256_TABLE, q);
  memset(r, 0, sizeof *r);
  for (int i = (cg > cq ? cg : cq) - 1; i >= 0; i--) {
    p256_point_dbl(r, r);
    p256_add_digit(r, p256_g_table, dg[i]);
    p256_add_digit(r, tq, dq[i]);
  }
}

/* Reads x, y; false unless both are below p and on the curve.  (0, 0), which
** stands for infinity elsewhere, is not on it. */
static bool p256_load_point(struct p256_point *q, const u8 pub[64]) {
  p256_fe t, x3;
  mont_load(q->x.v, pub, P256_LIMBS);
  mont_load(q->y.v, pub + 32, P256_LIMBS);
  if (!mont_less(q->x.v, p256_p, P256_LIMBS) ||
      !mont_less(q->y.v, p256_p, P256_LIMBS))
    return false;
  memcpy(t.v, p256_r2_p, sizeof t.v);
  p256_mul(&q->x, &q->x, &t);
  p256_mul(&q->y, &q->y, &t);
  q->z = p256_one;
  p256_sqr(&x3, &q->x);
  p256_dbl(&t, &p256_one);
  p256_add(&t, &t, &p256_one);
  p256_sub(&x3, &x3, &t);
  p256_mul(&x3, &x3, &q->x);
  p256_add(&x3, &x3, &p256_b);
  p256_sqr(&t, &q->y);
  return mont_eq(t.v, x3.v, P256_LIMBS);
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
  return mont_eq(t.v, p->x.v, P256_LIMBS);
}

bool crypto_p256_verify(const u8 digest[32], const u8 r_s[64],
                        const u8 pub[64]) {
  struct p256_point q, sum;
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
