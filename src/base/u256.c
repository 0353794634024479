/* u256.c - 256-bit arithmetic of the EVM and of money.
**
** Division is schoolbook (Knuth, TAOCP 2, 4.3.1, algorithm D) on 64-bit limbs
** with the quotient limbs found by multiplication: N. Moller and T. Granlund,
** "Improved division by invariant integers", IEEE Trans. Comput. 60 (2011):
** a reciprocal of the divisor's top limb(s) (algorithms 2 and 6), then one
** 2-by-1 (algorithm 4) or 3-by-2 (algorithm 5) step a limb.  The divisor is
** shifted left first so that its top bit is set; the dividend likewise, which
** adds one limb, and the remainder is shifted back.
**
** The dividend has up to 8 limbs (the product in mulmod), the divisor 1 to 4.
** Small operands, the common case in contracts, leave early: both in 64 bits
** use the machine's division. */
#include "base/u256.h"

typedef unsigned long long u256_ull; /* what the overflow builtins take */

static inline u64 u256_hi(u128 v) { return (u64)(v >> 64); }
static inline u128 u256_pair(u64 hi, u64 lo) { return (u128)hi << 64 | lo; }

/*-------------------------------------------------------- multiplication */

void u256_mul(u256 *out, const u256 *a, const u256 *b) {
  const u64 *x = a->w, *y = b->w;
  u128 p = (u128)x[0] * y[0];
  u64 r0 = (u64)p, r1 = u256_hi(p), r2, r3;
  p = (u128)x[0] * y[1] + r1;
  r1 = (u64)p;
  r2 = u256_hi(p);
  p = (u128)x[0] * y[2] + r2;
  r2 = (u64)p;
  r3 = u256_hi(p) + x[0] * y[3];

  p = (u128)x[1] * y[0] + r1;
  r1 = (u64)p;
  p = (u128)x[1] * y[1] + r2 + u256_hi(p);
  r2 = (u64)p;
  r3 += u256_hi(p) + x[1] * y[2];

  p = (u128)x[2] * y[0] + r2;
  r2 = (u64)p;
  r3 += u256_hi(p) + x[2] * y[1] + x[3] * y[0];
  *out = (u256){{r0, r1, r2, r3}};
}

/* The whole product, row by row: a product of limbs plus two limbs fits 128
** bits. */
static inline void u256_mul_full(u64 r[8], const u64 x[4], const u64 y[4]) {
  for (int i = 0; i < 4; i++) r[i] = 0;
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    u64 k = 0;
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      u128 p = (u128)x[i] * y[j] + r[i + j] + k;
      r[i + j] = (u64)p;
      k = u256_hi(p);
    }
    r[i + 4] = k;
  }
}

bool u256_mul_over(u256 *out, const u256 *a, const u256 *b) {
  u64 r[8];
  u256_mul_full(r, a->w, b->w);
  memcpy(out->w, r, 32);
  return (r[4] | r[5] | r[6] | r[7]) != 0;
}

/* Low half of a square: each mixed product once, doubled. */
static inline void u256_sqr(u256 *out, const u256 *a) {
  u64 x0 = a->w[0], x1 = a->w[1], x2 = a->w[2], x3 = a->w[3];
  u128 p01 = (u128)x0 * x1, p02 = (u128)x0 * x2;
  u128 s = p02 + u256_hi(p01);
  u64 m1 = (u64)p01, m2 = (u64)s, m3 = u256_hi(s) + x0 * x3 + x1 * x2;
  u64 d3 = m3 << 1 | m2 >> 63, d2 = m2 << 1 | m1 >> 63, d1 = m1 << 1;
  u128 q0 = (u128)x0 * x0, q1 = (u128)x1 * x1;
  out->w[0] = (u64)q0;
  u128 t = (u128)d1 + u256_hi(q0);
  out->w[1] = (u64)t;
  t = (u128)d2 + (u64)q1 + u256_hi(t);
  out->w[2] = (u64)t;
  out->w[3] = d3 + u256_hi(q1) + u256_hi(t);
}

/*-------------------------------------------------------------- division */

/* floor((2^128 - 1) / d) - 2^64 for d with its top bit set. */
static inline u64 u256_recip1(u64 d) {
#if defined(__x86_64__)
  u64 q, r;
  __asm__("divq %[d]" : "=a"(q), "=d"(r)
          : "a"(~(u64)0), "d"(~d), [d] "r"(d) : "cc");
  return q;
#else
  return (u64)(u256_pair(~d, ~(u64)0) / d);
#endif
}

/* The same for the 128-bit divisor d1:d0, floor((2^192 - 1) / d) - 2^64. */
static inline u64 u256_recip2(u64 d1, u64 d0) {
  u64 v = u256_recip1(d1);
  u64 p = d1 * v + d0;
  if (p < d0) {
    v--;
    if (p >= d1) {
      v--;
      p -= d1;
    }
    p -= d1;
  }
  u128 t = (u128)v * d0;
  p += u256_hi(t);
  if (p < u256_hi(t)) {
    v--;
    if (u256_pair(p, (u64)t) >= u256_pair(d1, d0)) v--;
  }
  return v;
}

/* u1:u0 / d, u1 < d. */
static inline u64 u256_div_2by1(u64 *rem, u64 u1, u64 u0, u64 d, u64 v) {
  u128 q = (u128)v * u1 + u256_pair(u1, u0);
  u64 q1 = u256_hi(q) + 1, r = u0 - q1 * d;
  if (r > (u64)q) {
    q1--;
    r += d;
  }
  if (UNLIKELY(r >= d)) {
    q1++;
    r -= d;
  }
  *rem = r;
  return q1;
}

/* u2:u1:u0 / d1:d0, u2:u1 < d1:d0. */
static inline u64 u256_div_3by2(u128 *rem, u64 u2, u64 u1, u64 u0, u64 d1,
                                u64 d0, u64 v) {
  u128 d = u256_pair(d1, d0);
  u128 q = (u128)v * u2 + u256_pair(u2, u1);
  u64 q1 = u256_hi(q);
  u128 r = u256_pair(u1 - q1 * d1, u0) - (u128)q1 * d0 - d;
  q1++;
  if (u256_hi(r) >= (u64)q) {
    q1--;
    r += d;
  }
  if (UNLIKELY(r >= d)) {
    q1++;
    r -= d;
  }
  *rem = r;
  return q1;
}

/* u[0..n-1] -= q * d[0..n-1]; returns what is still to be subtracted above. */
static inline u64 u256_submul(u64 *u, const u64 *d, int n, u64 q) {
  u64 k = 0;
#pragma GCC unroll 4
  for (int i = 0; i < n; i++) {
    u128 p = (u128)q * d[i] + k;
    u64 lo = (u64)p;
    k = u256_hi(p) + (u[i] < lo);
    u[i] -= lo;
  }
  return k;
}

/* u[0..n-1] += d[0..n-1]; returns the carry. */
static inline u64 u256_addto(u64 *u, const u64 *d, int n) {
  u8 k = 0;
#pragma GCC unroll 4
  for (int i = 0; i < n; i++) u[i] = u256_adc(u[i], d[i], &k);
  return k;
}

/* Algorithm D for n = 3 or 4 (a constant where this is inlined).  u has
** u_len limbs, its top n below d; q gets u_len - n limbs, u the remainder. */
static inline __attribute__((always_inline)) void u256_div_knuth(
    u64 *q, u64 *u, int u_len, const u64 *d, const int n) {
  u64 d1 = d[n - 1], d0 = d[n - 2], v = u256_recip2(d1, d0);
  for (int j = u_len - n - 1; j >= 0; j--) {
    u64 *t = u + j + n, qj; /* t[0], t[-1], t[-2] are the top three */
    if (UNLIKELY(t[0] == d1 && t[-1] == d0)) {
      qj = ~(u64)0;
      t[0] -= u256_submul(u + j, d, n, qj);
    } else {
      u128 r;
      qj = u256_div_3by2(&r, t[0], t[-1], t[-2], d1, d0, v);
      u64 k = u256_submul(u + j, d, n - 2, qj);
      bool below = r < k;
      r -= k;
      t[-2] = (u64)r;
      t[-1] = u256_hi(r);
      t[0] = 0;
      if (UNLIKELY(below)) {
        qj--;
        u256_addto(u + j, d, n);
      }
    }
    q[j] = qj;
  }
}

static inline void u256_div_2limbs(u64 *q, u64 *u, int u_len, const u64 *d) {
  u64 d1 = d[1], d0 = d[0], v = u256_recip2(d1, d0);
  u128 r = u256_pair(u[u_len - 1], u[u_len - 2]);
  for (int j = u_len - 3; j >= 0; j--)
    q[j] = u256_div_3by2(&r, u256_hi(r), (u64)r, u[j], d1, d0, v);
  u[0] = (u64)r;
  u[1] = u256_hi(r);
}

static inline void u256_div_1limb(u64 *q, u64 *u, int u_len, u64 d) {
  u64 v = u256_recip1(d), r = u[u_len - 1];
  for (int j = u_len - 2; j >= 0; j--)
    q[j] = u256_div_2by1(&r, r, u[j], d, v);
  u[0] = r;
}

static inline int u256_limbs(const u64 *w, int len) {
  while (len && !w[len - 1]) len--;
  return len;
}

/* q = a / b (8 limbs, zeroed by the caller), *r = a mod b.  a has a_len
** limbs, at most 8, the top one not 0; b is not 0. */
static void u256_div_limbs(u64 q[8], u256 *r, const u64 *a, int a_len,
                           const u256 *b) {
  int n = u256_limbs(b->w, 4);
  if (a_len < n) {
    *r = U256_ZERO;
    for (int i = 0; i < a_len; i++) r->w[i] = a[i];
    return;
  }
  u64 u[9], d[4];
  int s = __builtin_clzll(b->w[n - 1]), u_len = a_len;
  /* x >> 1 >> (63 - s) is x >> (64 - s) and right for s = 0, too. */
  u64 top = a[a_len - 1] >> 1 >> (63 - s);
  for (int i = a_len - 1; i > 0; i--)
    u[i] = a[i] << s | a[i - 1] >> 1 >> (63 - s);
  u[0] = a[0] << s;
  for (int i = n - 1; i > 0; i--)
    d[i] = b->w[i] << s | b->w[i - 1] >> 1 >> (63 - s);
  d[0] = b->w[0] << s;
  /* A top limb of 0 is left out when the quotient limb it stands for is
  ** known to be 0. */
  if (top || u[a_len - 1] >= d[n - 1]) u[u_len++] = top;

  if (u_len > n) {
    switch (n) {
      case 1: u256_div_1limb(q, u, u_len, d[0]); break;
      case 2: u256_div_2limbs(q, u, u_len, d); break;
      case 3: u256_div_knuth(q, u, u_len, d, 3); break;
      default: u256_div_knuth(q, u, u_len, d, 4); break;
    }
  }
  *r = U256_ZERO;
  for (int i = 0; i + 1 < n; i++)
    r->w[i] = u[i] >> s | u[i + 1] << 1 << (63 - s);
  r->w[n - 1] = u[n - 1] >> s;
}

void u256_divmod(u256 *q, u256 *r, const u256 *a, const u256 *b) {
  u256 rem = U256_ZERO;
  u64 quo[8] = {0};
  if (u256_fits64(a) && u256_fits64(b)) {
    if (b->w[0]) {
      quo[0] = a->w[0] / b->w[0];
      rem.w[0] = a->w[0] % b->w[0];
    }
  } else if (!u256_is_zero(b)) {
    u256_div_limbs(quo, &rem, a->w, u256_limbs(a->w, 4), b);
  }
  if (q) memcpy(q->w, quo, 32);
  if (r) *r = rem;
}

static inline void u256_neg(u256 *out, const u256 *a) {
  u256 zero = U256_ZERO;
  (void)u256_sub(out, &zero, a);
}

static inline bool u256_sign(const u256 *a) { return a->w[3] >> 63; }

void u256_sdiv(u256 *out, const u256 *a, const u256 *b) {
  u256 x = *a, y = *b;
  bool minus = u256_sign(&x) != u256_sign(&y);
  if (u256_sign(&x)) u256_neg(&x, &x);
  if (u256_sign(&y)) u256_neg(&y, &y);
  u256_divmod(out, NULL, &x, &y);
  if (minus) u256_neg(out, out);
}

void u256_smod(u256 *out, const u256 *a, const u256 *b) {
  u256 x = *a, y = *b;
  bool minus = u256_sign(&x);
  if (minus) u256_neg(&x, &x);
  if (u256_sign(&y)) u256_neg(&y, &y);
  u256_divmod(NULL, out, &x, &y);
  if (minus) u256_neg(out, out);
}

void u256_addmod(u256 *out, const u256 *a, const u256 *b, const u256 *m) {
  u64 s[5], q[8] = {0};
  u256 sum, less;
  bool carry = u256_add(&sum, a, b);
  /* With both operands below m one subtraction is enough. */
  if (u256_lt(a, m) && u256_lt(b, m)) {
    bool borrow = u256_sub(&less, &sum, m);
    *out = carry || !borrow ? less : sum;
    return;
  }
  if (u256_is_zero(m)) {
    *out = U256_ZERO;
    return;
  }
  if (!carry) {
    u256_divmod(NULL, out, &sum, m);
    return;
  }
  memcpy(s, sum.w, 32);
  s[4] = 1;
  u256_div_limbs(q, out, s, 5, m);
}

void u256_mulmod(u256 *out, const u256 *a, const u256 *b, const u256 *m) {
  u64 p[8], q[8] = {0};
  if (u256_is_zero(m)) {
    *out = U256_ZERO;
    return;
  }
  u256_mul_full(p, a->w, b->w);
  u256_div_limbs(q, out, p, u256_limbs(p, 8), m);
}

bool u256_muldiv(u256 *q, u256 *r, const u256 *a, const u256 *b,
                 const u256 *d) {
  u64 p[8], quo[8] = {0};
  u256 rem = U256_ZERO;
  if (u256_is_zero(d)) return false;
  u256_mul_full(p, a->w, b->w);
  int len = u256_limbs(p, 8);
  if (len) u256_div_limbs(quo, &rem, p, len, d);
  memcpy(q->w, quo, 32);
  if (r) *r = rem;
  return u256_limbs(quo, 8) <= 4;
}

/*----------------------------------------------------------------- power */

static u32 u256_ctz(const u256 *a) {
  for (u32 i = 0; i < 4; i++)
    if (a->w[i]) return 64 * i + (u32)__builtin_ctzll(a->w[i]);
  return 256;
}

/* x^e, bits = the length of e, from the top bit down. */
static void u256_exp_bits(u256 *out, const u256 *x, const u256 *e, u32 bits) {
  u256 r = *x;
  for (u32 i = bits - 1; i-- > 0;) {
    u256_sqr(&r, &r);
    if (e->w[i / 64] >> (i % 64) & 1) u256_mul(&r, &r, x);
  }
  *out = r;
}

/* The same by four bits at a time. */
static void u256_exp_window(u256 *out, const u256 *x, const u256 *e,
                            u32 bits) {
  u256 pow[16];
  pow[0] = u256_from(1);
  pow[1] = *x;
  for (u32 i = 2; i < 16; i++) u256_mul(&pow[i], &pow[i - 1], x);
  u32 i = (bits - 1) / 4;
  u256 r = pow[e->w[i / 16] >> (i % 16 * 4) & 15];
  while (i-- > 0) {
    for (int k = 0; k < 4; k++) u256_sqr(&r, &r);
    u32 digit = (u32)(e->w[i / 16] >> (i % 16 * 4)) & 15;
    if (digit) u256_mul(&r, &r, &pow[digit]);
  }
  *out = r;
}

void u256_exp(u256 *out, const u256 *base, const u256 *exponent) {
  u256 x = *base, e = *exponent;
  u32 bits = u256_bits(&e);
  if (bits == 0) {
    *out = u256_from(1);
    return;
  }
  /* base = odd * 2^zeros, so the result is odd^e << zeros * e. */
  u32 zeros = u256_ctz(&x);
  if (zeros && (bits > 8 || zeros * e.w[0] >= 256)) {
    *out = U256_ZERO;
    return;
  }
  u256_shr(&x, &x, zeros);
  if (u256_fits64(&x) && x.w[0] == 1) *out = x;
  else if (bits <= 32) u256_exp_bits(out, &x, &e, bits);
  else u256_exp_window(out, &x, &e, bits);
  if (zeros) u256_shl(out, out, zeros * e.w[0]);
}

/*---------------------------------------------------------------- shifts */

void u256_shl(u256 *out, const u256 *a, u64 n) {
  if (n >= 256) {
    *out = U256_ZERO;
    return;
  }
  u64 t[8] = {0, 0, 0, 0, a->w[0], a->w[1], a->w[2], a->w[3]};
  const u64 *w = t + 4 - n / 64;
  u32 s = n % 64;
  u64 r0 = w[0] << s, r1 = w[1] << s | w[0] >> 1 >> (63 - s);
  u64 r2 = w[2] << s | w[1] >> 1 >> (63 - s);
  u64 r3 = w[3] << s | w[2] >> 1 >> (63 - s);
  *out = (u256){{r0, r1, r2, r3}};
}

static inline void u256_shr_fill(u256 *out, const u256 *a, u64 n, u64 f) {
  u64 t[8] = {a->w[0], a->w[1], a->w[2], a->w[3], f, f, f, f};
  const u64 *w = t + n / 64;
  u32 s = n % 64;
  u64 r0 = w[0] >> s | w[1] << 1 << (63 - s);
  u64 r1 = w[1] >> s | w[2] << 1 << (63 - s);
  u64 r2 = w[2] >> s | w[3] << 1 << (63 - s);
  u64 r3 = w[3] >> s | w[4] << 1 << (63 - s);
  *out = (u256){{r0, r1, r2, r3}};
}

void u256_shr(u256 *out, const u256 *a, u64 n) {
  if (n >= 256) *out = U256_ZERO;
  else u256_shr_fill(out, a, n, 0);
}

void u256_sar(u256 *out, const u256 *a, u64 n) {
  u64 fill = 0 - (u64)u256_sign(a);
  if (n >= 256) *out = (u256){{fill, fill, fill, fill}};
  else u256_shr_fill(out, a, n, fill);
}

u32 u256_bits(const u256 *a) {
  for (u32 i = 4; i-- > 0;)
    if (a->w[i]) return 64 * i + 64 - (u32)__builtin_clzll(a->w[i]);
  return 0;
}

/*------------------------------------------------------------------ text */

void u256_from_be_len(u256 *out, const u8 *in, size_t len) {
  u8 t[32] = {0};
  MUST(len <= 32);
  if (len) memcpy(t + 32 - len, in, len);
  u256_from_be(out, t);
}

static err u256_parse_hex(u256 *out, const char *s, size_t len) {
  u256 v = U256_ZERO;
  bool over = false;
  if (!len) return ERR_INPUT;
  for (size_t i = 0; i < len; i++) {
    u64 c = (u8)s[i] | 0x20, digit;
    if (s[i] >= '0' && s[i] <= '9') digit = (u64)(s[i] - '0');
    else if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    else return ERR_INPUT;
    over |= v.w[3] >> 60 != 0;
    u256_shl(&v, &v, 4);
    v.w[0] |= digit;
  }
  if (over) return ERR_RANGE;
  *out = v;
  return ERR_OK;
}

/* v = v * mul + add; returns what came out at the top. */
static u64 u256_mul_add_small(u256 *v, u64 mul, u64 add) {
  for (int i = 0; i < 4; i++) {
    u128 p = (u128)v->w[i] * mul + add;
    v->w[i] = (u64)p;
    add = u256_hi(p);
  }
  return add;
}

err u256_parse(u256 *out, const char *s, size_t len) {
  u256 v = U256_ZERO;
  bool over = false;
  if (len >= 2 && s[0] == '0' && s[1] == 'x')
    return u256_parse_hex(out, s + 2, len - 2);
  if (!len) return ERR_INPUT;
  for (size_t i = 0; i < len; i++) {
    if (s[i] < '0' || s[i] > '9') return ERR_INPUT;
    over |= u256_mul_add_small(&v, 10, (u64)(s[i] - '0')) != 0;
  }
  if (over) return ERR_RANGE;
  *out = v;
  return ERR_OK;
}

void u256_to_dec(char out[80], const u256 *a) {
  char t[80], *p = t + sizeof(t);
  u256 v = *a, part, ten19 = u256_from(10000000000000000000u);
  do { /* 19 digits a division */
    u256_divmod(&v, &part, &v, &ten19);
    u64 n = part.w[0];
    for (int i = 0; i < 19 && (n || !u256_is_zero(&v)); i++, n /= 10)
      *--p = (char)('0' + n % 10);
  } while (!u256_is_zero(&v));
  if (p == t + sizeof(t)) *--p = '0';
  size_t len = (size_t)(t + sizeof(t) - p);
  memcpy(out, p, len);
  out[len] = 0;
}

void u256_to_hex(char out[67], const u256 *a) {
  u32 digits = (u256_bits(a) + 3) / 4;
  if (!digits) digits = 1;
  *out++ = '0';
  *out++ = 'x';
  for (u32 i = digits; i-- > 0;)
    *out++ = "0123456789abcdef"[a->w[i / 16] >> (i % 16 * 4) & 15];
  *out = 0;
}
