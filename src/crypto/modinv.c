/* modinv.c - the functions of modinv.h, by division steps (D. Bernstein,
** B.-Y. Yang, Fast constant-time gcd computation and modular inversion, 2019).
**
** A step takes (delta, f, g), f odd:
**   delta > 0 and g odd:  (1 - delta, g, (g - f)/2)
**   else:                 (1 + delta, f, (g + (g mod 2) f)/2)
** and ends with g = 0, f = +-1.  62 steps depend on the lowest 62 bits of f and
** g only and are one matrix with entries of at most 2^62, so they are found in
** single words, several at a time: between two swaps a multiple w of f clears
** as many low bits of g as delta allows.  The matrix is then applied to f and g
** (divided by 2^62 exactly) and to d and e, with f = d a/k and g = e a/k mod m,
** where multiples of m make the division exact.
**
** Numbers are in limbs of 62 bits, the top one signed; d and e stay within
** (-2m, m).  eta is -delta.  The number of limbs in use falls with f and g. */
#include "crypto/modinv.h"

enum { MODINV_MAX = 7 }; /* limbs for 384 bits, and a sign */
#define MODINV_MASK ((1ull << 62) - 1)
typedef __int128 modinv_wide;

struct modinv_matrix { i64 u, v, q, r; };

/* 62 steps from the low words of f and g; returns eta after them. */
static i64 modinv_steps(struct modinv_matrix *t, i64 eta, u64 f, u64 g) {
  u64 u = 1, v = 0, q = 0, r = 1;
  int left = 62;
  for (;;) {
    u64 w;
    int zeros = __builtin_ctzll(g | ~0ull << left), most;
    g >>= zeros;
    u <<= zeros;
    v <<= zeros;
    eta -= zeros;
    left -= zeros;
    if (left == 0) break;
    if (eta < 0) {
      u64 s = f;
      eta = -eta;
      f = g, g = -s;
      s = u, u = q, q = -s;
      s = v, v = r, r = -s;
      /* f (f^2 - 2) is -1/f modulo 64. */
      w = g * f * (f * f - 2) & 63;
    } else {
      /* -(f + 2 (f + 1 mod 8 with bit 2)) is -1/f modulo 16. */
      w = -(f + (((f + 1) & 4) << 1)) * g & 15;
    }
    most = eta + 1 > left ? left : (int)eta + 1;
    if (most < 6) w &= (1u << most) - 1;
    g += f * w;
    q += u * w;
    r += v * w;
  }
  *t = (struct modinv_matrix){(i64)u, (i64)v, (i64)q, (i64)r};
  return eta;
}

/* (f, g) = t (f, g) / 2^62. */
static inline __attribute__((always_inline)) void modinv_apply(
    i64 *f, i64 *g, const struct modinv_matrix *t, int n) {
  modinv_wide x = (modinv_wide)t->u * f[0] + (modinv_wide)t->v * g[0];
  modinv_wide y = (modinv_wide)t->q * f[0] + (modinv_wide)t->r * g[0];
  x >>= 62;
  y >>= 62;
  for (int i = 1; i < n; i++) {
    x += (modinv_wide)t->u * f[i] + (modinv_wide)t->v * g[i];
    y += (modinv_wide)t->q * f[i] + (modinv_wide)t->r * g[i];
    f[i - 1] = (i64)((u64)x & MODINV_MASK);
    g[i - 1] = (i64)((u64)y & MODINV_MASK);
    x >>= 62;
    y >>= 62;
  }
  f[n - 1] = (i64)x;
  g[n - 1] = (i64)y;
}

/* (d, e) = t (d, e) / 2^62 modulo m. */
static inline __attribute__((always_inline)) void modinv_follow(
    i64 *d, i64 *e, const struct modinv_matrix *t, const i64 *m, u64 m_inv,
    int n) {
  i64 below_d = d[n - 1] >> 63, below_e = e[n - 1] >> 63;
  /* m is added for each negative factor, so that the range holds. */
  i64 k = (t->u & below_d) + (t->v & below_e);
  i64 l = (t->q & below_d) + (t->r & below_e);
  modinv_wide x = (modinv_wide)t->u * d[0] + (modinv_wide)t->v * e[0];
  modinv_wide y = (modinv_wide)t->q * d[0] + (modinv_wide)t->r * e[0];
  k -= (i64)((m_inv * (u64)x + (u64)k) & MODINV_MASK);
  l -= (i64)((m_inv * (u64)y + (u64)l) & MODINV_MASK);
  x += (modinv_wide)m[0] * k;
  y += (modinv_wide)m[0] * l;
  x >>= 62;
  y >>= 62;
  _Pragma("GCC unroll 6") for (int i = 1; i < n; i++) {
    x += (modinv_wide)t->u * d[i] + (modinv_wide)t->v * e[i] +
         (modinv_wide)m[i] * k;
    y += (modinv_wide)t->q * d[i] + (modinv_wide)t->r * e[i] +
         (modinv_wide)m[i] * l;
    d[i - 1] = (i64)((u64)x & MODINV_MASK);
    e[i - 1] = (i64)((u64)y & MODINV_MASK);
    x >>= 62;
    y >>= 62;
  }
  d[n - 1] = (i64)x;
  e[n - 1] = (i64)y;
}

/* 64-bit limbs to n of 62 bits and back (words of them). */
static void modinv_load(i64 *r, const u64 *a, int words, int n) {
  for (int i = 0; i < n; i++) {
    int at = 62 * i / 64, off = 62 * i % 64;
    u64 x = at < words ? a[at] >> off : 0;
    if (off > 2 && at + 1 < words) x |= a[at + 1] << (64 - off);
    r[i] = (i64)(x & MODINV_MASK);
  }
}
static void modinv_store(u64 *r, const i64 *a, int words) {
  for (int i = 0; i < words; i++) {
    int at = 64 * i / 62, off = 64 * i % 62;
    r[i] = (u64)a[at] >> off | (u64)a[at + 1] << (62 - off);
  }
}

static void modinv_add(i64 *a, const i64 *b, int n) {
  i64 carry = 0;
  for (int i = 0; i < n; i++) {
    carry += a[i] + b[i];
    a[i] = i == n - 1 ? carry : carry & (i64)MODINV_MASK;
    carry >>= 62;
  }
}
static void modinv_negate(i64 *a, int n) {
  i64 carry = 0;
  for (int i = 0; i < n; i++) {
    carry -= a[i];
    a[i] = i == n - 1 ? carry : carry & (i64)MODINV_MASK;
    carry >>= 62;
  }
}

static inline __attribute__((always_inline)) void modinv_run(
    u64 *out, const u64 *a, const u64 *k, const u64 *modulus, int words,
    int n) {
  i64 f[MODINV_MAX], g[MODINV_MAX], d[MODINV_MAX] = {0}, e[MODINV_MAX];
  i64 m[MODINV_MAX], eta = -1;
  u64 m_inv = modulus[0]; /* to three bits; each turn doubles them */
  int len = n;
  for (int i = 0; i < 5; i++) m_inv *= 2 - modulus[0] * m_inv;
  modinv_load(m, modulus, words, n);
  modinv_load(f, modulus, words, n);
  modinv_load(g, a, words, n);
  modinv_load(e, k, words, n);
  for (;;) {
    struct modinv_matrix t;
    i64 any = 0, top_f, top_g;
    eta = modinv_steps(&t, eta, (u64)f[0] | (u64)f[1] << 62,
                       (u64)g[0] | (u64)g[1] << 62);
    modinv_follow(d, e, &t, m, m_inv, n);
    modinv_apply(f, g, &t, len);
    for (int i = 0; i < len; i++) any |= g[i];
    if (any == 0) break;
    top_f = f[len - 1];
    top_g = g[len - 1];
    /* A top limb that is only a sign joins the limb below. */
    if (len > 2 && (top_f ^ top_f >> 63) == 0 && (top_g ^ top_g >> 63) == 0) {
      f[len - 2] |= (i64)((u64)top_f << 62);
      g[len - 2] |= (i64)((u64)top_g << 62);
      len--;
    }
  }
  if (d[n - 1] < 0) modinv_add(d, m, n);
  if (f[len - 1] < 0) modinv_negate(d, n);
  if (d[n - 1] < 0) modinv_add(d, m, n);
  modinv_store(out, d, words);
}

void crypto_modinv4(u64 r[4], const u64 a[4], const u64 k[4], const u64 m[4]) {
  modinv_run(r, a, k, m, 4, 5);
}
void crypto_modinv6(u64 r[6], const u64 a[6], const u64 k[6], const u64 m[6]) {
  modinv_run(r, a, k, m, 6, 7);
}

#undef MODINV_MASK
