/* secp256k1_one.c - one ECDSA public key recovered (SEC 1, 4.1.6) in half the
** time that libsecp256k1 takes:
**
**   Q = u1 G + u2 R,   u1 = -z / r,  u2 = s / r   (mod n),  R.x = r
**
** Field: four limbs modulo p = 2^256 - ONE_FOLD, in 0..2^256-1, not the least
** residue: 2^256 = ONE_FOLD (mod p) folds what is above.  A fold may carry once
** more, after which the number is small, so that the next fold ends in the
** first two limbs: all of that is done, for senders choose r, s and z.
** Products by mulx, adcx and adox where the CPU has them (mont_x86.h).
**
** Points: Jacobian, x = X/Z^2, y = Y/Z^3, infinity all limbs of Z zero (y is
** never 0 on this curve, so no finite point gets there).  Every case of an
** addition (equal, opposite, infinite) gives the right sum.
**
** Sum: u2 is split by the endomorphism in two halves of 128 bits, u1 is cut in
** two; all four run over one chain of 128 doublings, in signed digits of width
** ONE_R_W from the odd multiples of R (and, x times beta, of lambda R) and of
** width ONE_G_W from those of G and 2^128 G made at start.  The multiples of R
** are made by additions on a common Z (N. Meloni, New point addition formulae
** for ECC applications, 2007) and stay on the isomorphic curve on which they
** are affine; G's come there by one multiplication more, and the sum returns
** from there with its final division.
**
** Nothing here is secret: time depends on the numbers. */
#include "crypto/secp256k1_one.h"

#include "crypto/modinv.h"
#include "crypto/mont.h"
#include "crypto/mont_x86.h"
#include "crypto/secp256k1_scalar.h"

enum {
  ONE_LIMBS = 4,
  ONE_R_W = 5, ONE_R_CNT = 1 << (ONE_R_W - 2),
  ONE_G_W = 10, ONE_G_CNT = 1 << (ONE_G_W - 2),
  ONE_DIGITS = 129,
};
#define ONE_FOLD 0x1000003d1u
#define ONE_INLINE static inline __attribute__((always_inline))

typedef struct { u64 v[ONE_LIMBS]; } one_fe;
struct one_affine { one_fe x, y; };
struct one_point { one_fe x, y, z; };

static const u64 one_p[4] = {0xfffffffefffffc2f, 0xffffffffffffffff,
                             0xffffffffffffffff, 0xffffffffffffffff};
static const one_fe one_1 = {{1}};
static const struct one_affine one_g = {
    {{0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07,
      0x79be667ef9dcbbac}},
    {{0x9c47d08ffb10d4b8, 0xfd17b448a6855419, 0x5da4fbfc0e1108a8,
      0x483ada7726a3c465}}};

/* Odd multiples of G and 2^128 G. */
static struct one_affine one_g_table[2][ONE_G_CNT];
bool crypto_one_ready;

/*------------------------------------------------------------------ field */

/* r = t modulo p. */
static void one_fold(one_fe *r, const u64 t[8]) {
  u128 x = 0;
  u64 mask;
  for (int i = 0; i < ONE_LIMBS; i++) {
    x += (u128)t[i + 4] * ONE_FOLD + t[i];
    r->v[i] = (u64)x;
    x >>= 64;
  }
  x *= ONE_FOLD;
  for (int i = 0; i < ONE_LIMBS; i++) {
    x += r->v[i];
    r->v[i] = (u64)x;
    x >>= 64;
  }
  mask = 0 - (u64)x;
  r->v[1] += mont_addc(&r->v[0], r->v[0], mask & ONE_FOLD, 0);
}

static void one_mul_c(one_fe *r, const one_fe *a, const one_fe *b) {
  u64 t[8] = {0};
  for (int i = 0; i < ONE_LIMBS; i++) {
    u64 carry = 0;
    for (int j = 0; j < ONE_LIMBS; j++) {
      u128 x = (u128)a->v[i] * b->v[j] + t[i + j] + carry;
      t[i + j] = (u64)x;
      carry = (u64)(x >> 64);
    }
    t[i + 4] = carry;
  }
  one_fold(r, t);
}

#if defined(__x86_64__)
/* one_fold in r8 to r15 in two steps, the first with the rest in r12. */
#define ONE_X86_FOLD \
  "movabsq $0x1000003d1, %%rdx\n" \
  "xorl %%eax, %%eax\n" \
  "mulxq %%r12, %%rax, %%rcx\n" "adcxq %%rax, %%r8\n" "adoxq %%rcx, %%r9\n" \
  "mulxq %%r13, %%rax, %%rcx\n" "adcxq %%rax, %%r9\n" "adoxq %%rcx, %%r10\n" \
  "mulxq %%r14, %%rax, %%rcx\n" "adcxq %%rax, %%r10\n" \
  "adoxq %%rcx, %%r11\n" \
  "mulxq %%r15, %%rax, %%r12\n" "adcxq %%rax, %%r11\n" \
  "movl $0, %%ecx\n" "adoxq %%rcx, %%r12\n" "adcxq %%rcx, %%r12\n"
#define ONE_X86_END \
  "mulxq %%r12, %%rax, %%rcx\n" \
  "addq %%rax, %%r8\n" "adcq %%rcx, %%r9\n" "adcq $0, %%r10\n" \
  "adcq $0, %%r11\n" \
  ONE_X86_RARELY("addq %%rdx, %%r8\n" "adcq $0, %%r9\n") \
  ONE_X86_STORE
/* What a carry wants that comes once in 2^190 random numbers. */
#define ONE_X86_RARELY(what) \
  "jc 2f\n" "1:\n" ".subsection 1\n" "2:\n" what "jmp 1b\n" ".previous\n"
/* Between them: less m; 4p more, so that nothing is below 0. */
#define ONE_X86_TAKE(m) \
  "movq " m ", %%rcx\n" \
  "subq (%%rcx), %%r8\n" "sbbq 8(%%rcx), %%r9\n" \
  "sbbq 16(%%rcx), %%r10\n" "sbbq 24(%%rcx), %%r11\n" "sbbq $0, %%r12\n"
#define ONE_X86_4P \
  "leaq (,%%rdx,4), %%rax\n" "addq $4, %%r12\n" \
  "subq %%rax, %%r8\n" "sbbq $0, %%r9\n" "sbbq $0, %%r10\n" \
  "sbbq $0, %%r11\n" "sbbq $0, %%r12\n"
/* Addresses that may be in memory, since so few registers are left. */
#define ONE_X86_STORE \
  "movq %0, %%rax\n" "movq %%r8, (%%rax)\n" "movq %%r9, 8(%%rax)\n" \
  "movq %%r10, 16(%%rax)\n" "movq %%r11, 24(%%rax)\n"
#define ONE_X86_LOAD \
  "movq (%1), %%r8\n" "movq 8(%1), %%r9\n" "movq 16(%1), %%r10\n" \
  "movq 24(%1), %%r11\n" "movabsq $0x1000003d1, %%rdx\n"
#define ONE_X86_SMALL "rax", "rdx", "r8", "r9", "r10", "r11", "cc", "memory"
/* op, opc: add and adc, or sub and sbb. */
#define ONE_X86_SUM(op, opc) \
  ONE_X86_LOAD \
  op " (%2), %%r8\n" opc " 8(%2), %%r9\n" opc " 16(%2), %%r10\n" \
  opc " 24(%2), %%r11\n" \
  "sbbq %%rax, %%rax\n" "andq %%rdx, %%rax\n" \
  op " %%rax, %%r8\n" opc " $0, %%r9\n" opc " $0, %%r10\n" \
  opc " $0, %%r11\n" \
  ONE_X86_RARELY(op " %%rdx, %%r8\n") \
  ONE_X86_STORE
#endif

ONE_INLINE void one_add(one_fe *r, const one_fe *a, const one_fe *b) {
#if defined(__x86_64__)
  __asm__(ONE_X86_SUM("addq", "adcq")
          :
          : "r"(r), "r"(a), "r"(b)
          : ONE_X86_SMALL);
#else
  u64 t[4];
  u8 carry = 0;
  for (int i = 0; i < ONE_LIMBS; i++)
    carry = mont_addc(&t[i], a->v[i], b->v[i], carry);
  carry = mont_addc(&t[0], t[0], carry ? ONE_FOLD : 0, 0);
  for (int i = 1; i < ONE_LIMBS; i++) carry = mont_addc(&t[i], t[i], 0, carry);
  t[0] += carry ? ONE_FOLD : 0;
  memcpy(r->v, t, sizeof t);
#endif
}

ONE_INLINE void one_sub(one_fe *r, const one_fe *a, const one_fe *b) {
#if defined(__x86_64__)
  __asm__(ONE_X86_SUM("subq", "sbbq")
          :
          : "r"(r), "r"(a), "r"(b)
          : ONE_X86_SMALL);
#else
  u64 t[4];
  u8 borrow = 0;
  for (int i = 0; i < ONE_LIMBS; i++)
    borrow = mont_subb(&t[i], a->v[i], b->v[i], borrow);
  borrow = mont_subb(&t[0], t[0], borrow ? ONE_FOLD : 0, 0);
  for (int i = 1; i < ONE_LIMBS; i++)
    borrow = mont_subb(&t[i], t[i], 0, borrow);
  t[0] -= borrow ? ONE_FOLD : 0;
  memcpy(r->v, t, sizeof t);
#endif
}

/* r = a/2: a or a + p, whichever is even. */
ONE_INLINE void one_half(one_fe *r, const one_fe *a) {
#if defined(__x86_64__)
  __asm__(ONE_X86_LOAD
          "movl $1, %%ecx\n" "andq %%r8, %%rcx\n" "movq %%rcx, %%rax\n"
          "negq %%rax\n" "andq %%rdx, %%rax\n"
          "subq %%rax, %%r8\n" "sbbq $0, %%r9\n" "sbbq $0, %%r10\n"
          "sbbq $0, %%r11\n" "sbbq $0, %%rcx\n"
          "shrdq $1, %%r9, %%r8\n" "shrdq $1, %%r10, %%r9\n"
          "shrdq $1, %%r11, %%r10\n" "shrdq $1, %%rcx, %%r11\n"
          ONE_X86_STORE
          :
          : "r"(r), "r"(a)
          : "rcx", ONE_X86_SMALL);
#else
  u64 odd = a->v[0] & 1, t[4];
  u8 borrow = mont_subb(&t[0], a->v[0], odd ? ONE_FOLD : 0, 0);
  for (int i = 1; i < ONE_LIMBS; i++)
    borrow = mont_subb(&t[i], a->v[i], 0, borrow);
  for (int i = 0; i < 3; i++) r->v[i] = t[i] >> 1 | t[i + 1] << 63;
  r->v[3] = t[3] >> 1 | (odd - borrow) << 63;
#endif
}

ONE_INLINE void one_mul(one_fe *r, const one_fe *a, const one_fe *b) {
#if defined(__x86_64__)
  if (LIKELY(crypto_mont_adx)) {
    __asm__(MONT_X86_PRODUCT("%1", "%2") ONE_X86_FOLD ONE_X86_END
            :
            : "r"(r), "r"(a), "r"(b)
            : MONT_X86_CHANGED);
    return;
  }
#endif
  one_mul_c(r, a, b);
}

ONE_INLINE void one_sqr(one_fe *r, const one_fe *a) {
#if defined(__x86_64__)
  if (LIKELY(crypto_mont_adx)) {
    __asm__(MONT_X86_SQUARE("%1") ONE_X86_FOLD ONE_X86_END
            :
            : "r"(r), "r"(a)
            : MONT_X86_CHANGED);
    return;
  }
#endif
  one_mul_c(r, a, a);
}

/* r = a b - m. */
ONE_INLINE void one_mul_sub(one_fe *r, const one_fe *a, const one_fe *b,
                            const one_fe *m) {
#if defined(__x86_64__)
  if (LIKELY(crypto_mont_adx)) {
    __asm__(MONT_X86_PRODUCT("%1", "%2") ONE_X86_FOLD ONE_X86_4P
                ONE_X86_TAKE("%3") ONE_X86_END
            :
            : "rm"(r), "r"(a), "r"(b), "rm"(m)
            : MONT_X86_CHANGED);
    return;
  }
#endif
  one_fe t;
  one_mul_c(&t, a, b);
  one_sub(r, &t, m);
}

/* r = a^2 - 2 m - q. */
ONE_INLINE void one_sqr_sub3(one_fe *r, const one_fe *a, const one_fe *m,
                             const one_fe *q) {
#if defined(__x86_64__)
  if (LIKELY(crypto_mont_adx)) {
    __asm__(MONT_X86_SQUARE("%1") ONE_X86_FOLD ONE_X86_4P ONE_X86_TAKE("%2")
                ONE_X86_TAKE("%2") ONE_X86_TAKE("%3") ONE_X86_END
            :
            : "rm"(r), "r"(a), "rm"(m), "rm"(q)
            : MONT_X86_CHANGED);
    return;
  }
#endif
  one_fe t;
  one_mul_c(&t, a, a);
  one_sub(&t, &t, m);
  one_sub(&t, &t, m);
  one_sub(r, &t, q);
}

/* r = a^2 - 2 m. */
ONE_INLINE void one_sqr_sub2(one_fe *r, const one_fe *a, const one_fe *m) {
#if defined(__x86_64__)
  if (LIKELY(crypto_mont_adx)) {
    __asm__(MONT_X86_SQUARE("%1") ONE_X86_FOLD ONE_X86_4P ONE_X86_TAKE("%2")
                ONE_X86_TAKE("%2") ONE_X86_END
            :
            : "rm"(r), "r"(a), "rm"(m)
            : MONT_X86_CHANGED);
    return;
  }
#endif
  one_fe t;
  one_mul_c(&t, a, a);
  one_sub(&t, &t, m);
  one_sub(r, &t, m);
}
#undef ONE_X86_FOLD
#undef ONE_X86_END
#undef ONE_X86_TAKE
#undef ONE_X86_4P
#undef ONE_X86_RARELY
#undef ONE_X86_STORE
#undef ONE_X86_LOAD
#undef ONE_X86_SMALL
#undef ONE_X86_SUM

/* The least residue. */
static void one_reduce(one_fe *a) {
  mont_reduce(a->v, a->v, 0, one_p, ONE_LIMBS);
}
static bool one_is_zero(const one_fe *a) {
  /* Nearly always told by one limb, and without a wide load of what narrow
  ** stores have just written. */
  if (LIKELY(a->v[0] != 0 && a->v[0] != one_p[0])) return false;
  return mont_is_zero(a->v, ONE_LIMBS) || mont_eq(a->v, one_p, ONE_LIMBS);
}

static void one_sqr_times(one_fe *r, const one_fe *a, int times) {
  one_sqr(r, a);
  while (--times) one_sqr(r, r);
}

/* a^((p + 1) / 4), a root if there is one: the exponent's bits are 223 ones, a
** zero, 22 ones, 000011, 00. */
static void one_sqrt(one_fe *r, const one_fe *a) {
  one_fe x2, x3, x11, x22, x44, x88, t;
  one_sqr(&t, a);
  one_mul(&x2, &t, a);
  one_sqr(&t, &x2);
  one_mul(&x3, &t, a);
  one_sqr_times(&t, &x3, 3);
  one_mul(&t, &t, &x3); /* 6 */
  one_sqr_times(&t, &t, 3);
  one_mul(&t, &t, &x3); /* 9 */
  one_sqr_times(&t, &t, 2);
  one_mul(&x11, &t, &x2);
  one_sqr_times(&t, &x11, 11);
  one_mul(&x22, &t, &x11);
  one_sqr_times(&t, &x22, 22);
  one_mul(&x44, &t, &x22);
  one_sqr_times(&t, &x44, 44);
  one_mul(&x88, &t, &x44);
  one_sqr_times(&t, &x88, 88);
  one_mul(&t, &t, &x88); /* 176 */
  one_sqr_times(&t, &t, 44);
  one_mul(&t, &t, &x44); /* 220 */
  one_sqr_times(&t, &t, 3);
  one_mul(&t, &t, &x3); /* 223 */
  one_sqr_times(&t, &t, 23);
  one_mul(&t, &t, &x22);
  one_sqr_times(&t, &t, 6);
  one_mul(&t, &t, &x2);
  one_sqr_times(r, &t, 2);
}

/* 1/a. */
static void one_invert(one_fe *r, const one_fe *a) {
  one_fe t = *a;
  one_reduce(&t);
  crypto_modinv4(r->v, t.v, one_1.v, one_p);
}

/*----------------------------------------------------------------- points */

ONE_INLINE void one_slope(one_fe *r, const one_fe *x) {
  one_fe t;
  one_sqr(r, x);
  one_half(&t, r);
  one_add(r, r, &t);
}

/* With Z = YZ, half of the usual: L = 3X^2/2, T = XY^2, X' = L^2 - 2T,
** Y' = L(T - X') - Y^4. */
static void one_double(struct one_point *p) {
  one_fe l, s, t;
  one_mul(&p->z, &p->y, &p->z);
  one_sqr(&s, &p->y);
  one_slope(&l, &p->x);
  one_mul(&t, &p->x, &s);
  one_sqr(&s, &s);
  one_sqr_sub2(&p->x, &l, &t);
  one_sub(&t, &t, &p->x);
  one_mul_sub(&p->y, &t, &l, &s);
}

#define T256 one
#define T256_OP(o) one_##o
#define T256_MAX ONE_G_CNT
#include "crypto/tables256.inc"

/* Brings a table from the curve with this Z to the true one. */
static void one_table_affine(struct one_affine *t, int cnt, const one_fe *z) {
  one_fe s, ss;
  one_invert(&s, z);
  one_sqr(&ss, &s);
  one_mul(&s, &ss, &s);
  for (int i = 0; i < cnt; i++) {
    one_mul(&t[i].x, &t[i].x, &ss);
    one_mul(&t[i].y, &t[i].y, &s);
  }
}

/*--------------------------------------------------------------- recovery */

enum { ONE_SUMMANDS = 4 }; /* of R, lambda R, G and 2^128 G */
struct one_work {
  struct one_affine r[ONE_R_CNT];
  one_fe beta_x[ONE_R_CNT];
  one_fe scale;
  bool negative[ONE_SUMMANDS];
  mont_digit digit[ONE_SUMMANDS][ONE_DIGITS];
  u8 any[ONE_DIGITS]; /* a bit for each summand with a digit there */
};

/* y of the point whose x is r and whose parity is v. */
static bool one_lift(struct one_affine *p, const struct sig65 *sig) {
  static const one_fe seven = {{7}}, zero;
  one_fe yy, t;
  mont_load(p->x.v, sig->r, ONE_LIMBS);
  one_sqr(&yy, &p->x);
  one_mul(&yy, &yy, &p->x);
  one_add(&yy, &yy, &seven);
  one_sqrt(&p->y, &yy);
  one_sqr(&t, &p->y);
  one_sub(&t, &t, &yy);
  if (!one_is_zero(&t)) return false;
  one_reduce(&p->y);
  if ((p->y.v[0] & 1) != sig->v) one_sub(&p->y, &zero, &p->y);
  return true;
}

/* Digits of u1 and u2; how many there are at most. */
static int one_scalars(struct one_work *w, const hash32 *digest,
                       const struct sig65 *sig) {
  struct secp_halves half;
  struct secp_scalar r, u;
  int most = 0;
  crypto_scalar_load(&r, sig->r);
  crypto_scalar_invert(&r, &r);
  crypto_scalar_load(&u, sig->s);
  crypto_scalar_mul(&u, &u, &r);
  crypto_scalar_split(&half, &u);
  crypto_scalar_load(&u, digest->b);
  crypto_scalar_mul(&u, &u, &r);
  crypto_scalar_negate(&u, &u);
  memset(w->any, 0, sizeof w->any);
  for (int k = 0; k < ONE_SUMMANDS; k++) {
    bool of_g = k >= 2;
    int len = mont_wnaf(w->digit[k], of_g ? u.w + 2 * (k - 2) : half.w[k], 2,
                        of_g ? ONE_G_W : ONE_R_W);
    w->negative[k] = !of_g && half.negative[k];
    for (int i = 0; i < ONE_DIGITS; i++)
      w->any[i] |= (u8)((w->digit[k][i] != 0) << k);
    if (len > most) most = len;
  }
  return most;
}

static void one_sum(struct one_point *p, const struct one_work *w, int len) {
  memset(p, 0, sizeof *p);
  for (int i = len - 1; i >= 0; i--) {
    if (!one_is_infinity(p)) one_double(p);
    for (unsigned any = w->any[i]; any; any &= any - 1) {
      int k = __builtin_ctz(any), d = w->digit[k][i];
      bool negative = (d < 0) != w->negative[k];
      u32 at = (u32)(d < 0 ? -d : d) / 2;
      if (k < 2) {
        one_add_affine(p, k ? &w->beta_x[at] : &w->r[at].x, &w->r[at].y,
                       negative, NULL);
      } else {
        const struct one_affine *q = &one_g_table[k - 2][at];
        one_add_affine(p, &q->x, &q->y, negative, &w->scale);
      }
    }
  }
}

bool crypto_one_recover(u8 pub[64], const hash32 *digest,
                        const struct sig65 *sig) {
  static const one_fe beta = {{0xc1396c28719501ee, 0x9cf0497512f58995,
                               0x6e64479eac3434e9, 0x7ae96a2b657c0710}};
  struct one_work w;
  struct one_affine r;
  struct one_point q;
  one_fe z, zz;
  int len;
  MUST(crypto_one_ready);
  if (sig->v > 1 || !crypto_sig_in_range(sig) || !one_lift(&r, sig))
    return false;
  len = one_scalars(&w, digest, sig);
  one_table(w.r, ONE_R_CNT, &w.scale, &r);
  for (int i = 0; i < ONE_R_CNT; i++) one_mul(&w.beta_x[i], &w.r[i].x, &beta);
  one_sum(&q, &w, len);
  if (one_is_infinity(&q)) return false;
  one_mul(&z, &q.z, &w.scale);
  one_invert(&z, &z);
  one_sqr(&zz, &z);
  one_mul(&q.x, &q.x, &zz);
  one_mul(&zz, &zz, &z);
  one_mul(&q.y, &q.y, &zz);
  one_reduce(&q.x);
  one_reduce(&q.y);
  mont_store(pub, q.x.v, ONE_LIMBS);
  mont_store(pub + 32, q.y.v, ONE_LIMBS);
  return true;
}

void crypto_one_init(void) {
  struct one_affine base = one_g;
  if (crypto_one_ready) return;
  for (int k = 0; k < 2; k++) {
    struct one_point p;
    one_fe s;
    one_table(one_g_table[k], ONE_G_CNT, &s, &base);
    one_table_affine(one_g_table[k], ONE_G_CNT, &s);
    /* 2^128 G */
    p = (struct one_point){base.x, base.y, one_1};
    for (int i = 0; i < 128; i++) one_double(&p);
    base = (struct one_affine){p.x, p.y};
    one_table_affine(&base, 1, &p.z);
  }
  crypto_one_ready = true;
}

#undef ONE_FOLD
#undef ONE_INLINE
