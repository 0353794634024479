/* keccak.c - Keccak-f[1600] and Keccak-256 in several widths.
**
** One round is written once, as the macro KECCAK_ROUND over operations named
** by a prefix, and becomes five permutations:
**   c        64-bit words, one message
**   avx2     the same words with BMI (andn, rorx); 4 messages in ymm lanes
**   avx512   4 messages in ymm, 8 in zmm (three-input logic and rotates make
**            a round 90 instructions instead of 150); one message is written
**            apart, with two lanes in a register (81 instructions)
** Lane A[x,y] of the specification (FIPS 202 section 3) is a[5*y + x].  The
** state of w messages is u64 st[25][w]: lane i of message j is st[i*w + j].
**
** The batch function keeps w messages in flight.  A column whose message is
** done takes the next message at once, so mixed lengths waste nothing; when
** too few are left for the wide code to pay, the rest is finished singly.
**
** Lanes are little-endian in the specification; so must the machine be.
** Intel at 2 to 3 GHz: 0.25 us a permutation with avx512, 0.3 avx2, 0.4 c;
** 8 messages in 0.4 us. */
#include "crypto/keccak.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "keccak lanes are read as they lie in memory");

enum { KECCAK_RATE = 136, KECCAK_RATE_LANES = 17, KECCAK_W_MAX = 8 };

const hash32 CRYPTO_KECCAK_EMPTY = {{
    0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d,
    0xb2, 0xdc, 0xc7, 0x03, 0xc0, 0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82,
    0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}};
const hash32 CRYPTO_KECCAK_RLP_NIL = {{
    0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45,
    0xe6, 0x92, 0xc0, 0xf8, 0x6e, 0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c,
    0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21}};
const hash32 CRYPTO_KECCAK_RLP_LIST = {{
    0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a, 0xab, 0x85, 0xb5,
    0x67, 0xb6, 0xcc, 0xd4, 0x1a, 0xd3, 0x12, 0x45, 0x1b, 0x94, 0x8a,
    0x74, 0x13, 0xf0, 0xa1, 0x42, 0xfd, 0x40, 0xd4, 0x93, 0x47}};

static const u64 keccak_rc[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a,
    0x8000000080008000, 0x000000000000808b, 0x0000000080000001,
    0x8000000080008081, 0x8000000000008009, 0x000000000000008a,
    0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
    0x000000000000800a, 0x800000008000000a, 0x8000000080008081,
    0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

/*------------------------------------------------------------- one round */

/* P is the prefix of the operations:
**   P_XOR(a,b)  P_XOR3(a,b,c)  P_ROL(a,n)  P_CHI(a,b,c) = a ^ (~b & c)
**   P_MIX(a,l,r) = theta's a ^ l ^ r, where l is the parity of the column to
**   the left and r that of the right, rotated; P_PRE(l,r) what l ^ r may be
**   joined to beforehand.
** KECCAK_ROW does rho, pi and chi for the output row that starts at lane y,
** from the columns x0..x4 of rows 0..4. */
#define KECCAK_ROW(P, A, E, y, x0, x1, x2, x3, x4, r0, r1, r2, r3, r4) \
  b0 = P##_ROL(P##_MIX(A[x0], l##x0, d##x0), r0); \
  b1 = P##_ROL(P##_MIX(A[x1 + 5], l##x1, d##x1), r1); \
  b2 = P##_ROL(P##_MIX(A[x2 + 10], l##x2, d##x2), r2); \
  b3 = P##_ROL(P##_MIX(A[x3 + 15], l##x3, d##x3), r3); \
  b4 = P##_ROL(P##_MIX(A[x4 + 20], l##x4, d##x4), r4); \
  E[y] = P##_CHI(b0, b1, b2); \
  E[y + 1] = P##_CHI(b1, b2, b3); \
  E[y + 2] = P##_CHI(b2, b3, b4); \
  E[y + 3] = P##_CHI(b3, b4, b0); \
  E[y + 4] = P##_CHI(b4, b0, b1)
#define KECCAK_PARITY(P, A, x) \
  P##_XOR3(P##_XOR3(A[x], A[x + 5], A[x + 10]), A[x + 15], A[x + 20])
#define KECCAK_ROUND(P, V, A, E, rc) \
  do { \
    V b0, b1, b2, b3, b4; \
    V l1 = KECCAK_PARITY(P, A, 0), l2 = KECCAK_PARITY(P, A, 1); \
    V l3 = KECCAK_PARITY(P, A, 2), l4 = KECCAK_PARITY(P, A, 3); \
    V l0 = KECCAK_PARITY(P, A, 4); \
    V d0 = P##_PRE(l0, P##_ROL(l2, 1)), d1 = P##_PRE(l1, P##_ROL(l3, 1)); \
    V d2 = P##_PRE(l2, P##_ROL(l4, 1)), d3 = P##_PRE(l3, P##_ROL(l0, 1)); \
    V d4 = P##_PRE(l4, P##_ROL(l1, 1)); \
    KECCAK_ROW(P, A, E, 0, 0, 1, 2, 3, 4, 0, 44, 43, 21, 14); \
    E[0] = P##_XOR(E[0], rc); \
    KECCAK_ROW(P, A, E, 5, 3, 4, 0, 1, 2, 28, 20, 3, 45, 61); \
    KECCAK_ROW(P, A, E, 10, 1, 2, 3, 4, 0, 1, 6, 25, 8, 18); \
    KECCAK_ROW(P, A, E, 15, 4, 0, 1, 2, 3, 27, 36, 10, 15, 56); \
    KECCAK_ROW(P, A, E, 20, 2, 3, 4, 0, 1, 62, 55, 39, 41, 2); \
  } while (0)
/* The body of a permutation: LD, ST move lane i, RC spreads a constant.  The
** unrolled copies let the compiler keep a and e in registers. */
#define KECCAK_PERMUTE(P, V, LD, ST, RC) \
  V a[25], e[25]; \
  _Pragma("GCC unroll 25") for (int i = 0; i < 25; i++) a[i] = LD(i); \
  for (int i = 0; i < 24; i += 2) { \
    KECCAK_ROUND(P, V, a, e, RC(keccak_rc[i])); \
    KECCAK_ROUND(P, V, e, a, RC(keccak_rc[i + 1])); \
  } \
  _Pragma("GCC unroll 25") for (int i = 0; i < 25; i++) ST(i, a[i])

/*---------------------------------------------------------- permutations */

#define KC64_XOR(a, b) ((a) ^ (b))
#define KC64_XOR3(a, b, c) ((a) ^ (b) ^ (c))
#define KC64_ROL(a, n) ((a) << (n) | (a) >> ((64 - (n)) & 63))
#define KC64_CHI(a, b, c) ((a) ^ (~(b) & (c)))
#define KC64_PRE(l, r) ((l) ^ (r))
#define KC64_MIX(a, l, d) ((a) ^ (d))
#define KC64_LD(i) st[i]
#define KC64_ST(i, v) st[i] = (v)
#define KC64_RC(c) (c)

static inline __attribute__((always_inline)) void keccak_words(u64 *st) {
  KECCAK_PERMUTE(KC64, u64, KC64_LD, KC64_ST, KC64_RC);
}
/* n blocks from p, each added before a permutation; p NULL: none is added. */
static inline __attribute__((always_inline)) void keccak_x1(u64 *st,
                                                            const u8 *p,
                                                            size_t n) {
  for (; n > 0; n--) {
    for (int i = 0; p && i < KECCAK_RATE_LANES; i++) {
      u64 w;
      memcpy(&w, p + 8 * i, 8);
      st[i] ^= w;
    }
    if (p) p += KECCAK_RATE;
    keccak_words(st);
  }
}
static void keccak_x1_c(u64 *st, const u8 *p, size_t n) {
  keccak_x1(st, p, n);
}

#if defined(__x86_64__)
__attribute__((target("bmi,bmi2"))) static void keccak_x1_bmi(
    u64 *st, const u8 *p, size_t n) {
  keccak_x1(st, p, n);
}

#define KCY_XOR(a, b) _mm256_xor_si256(a, b)
#define KCY_XOR3(a, b, c) KCY_XOR(KCY_XOR(a, b), c)
#define KCY_ROL(a, n) \
  _mm256_or_si256(_mm256_slli_epi64(a, n), _mm256_srli_epi64(a, 64 - (n)))
#define KCY_CHI(a, b, c) KCY_XOR(a, _mm256_andnot_si256(b, c))
#define KCY_PRE(l, r) KCY_XOR(l, r)
#define KCY_MIX(a, l, d) KCY_XOR(a, d)
#define KCY_LD(i) _mm256_loadu_si256((const __m256i *)(st + 4 * (i)))
#define KCY_ST(i, v) _mm256_storeu_si256((__m256i *)(st + 4 * (i)), v)
#define KCY_RC(c) _mm256_set1_epi64x((i64)(c))
__attribute__((target("avx2"))) static void keccak_x4_avx2(u64 *st) {
  KECCAK_PERMUTE(KCY, __m256i, KCY_LD, KCY_ST, KCY_RC);
}

/* One message: column x is three registers, p[x] with rows 0 and 1, q[x] with
** rows 2 and 3, s[x] with row 4 twice.  Theta, rho and chi then take two lanes
** at once.  Pi brings a row to a column, so a new register has two columns of
** one old row: one unpacking of registers whose same half holds that row. */
#define KECCAK_P_XOR3(a, b, c) _mm_ternarylogic_epi64(a, b, c, 0x96)
#define KECCAK_P_CHI(x, y, z) \
  p[x] = _mm_ternarylogic_epi64(np[x], np[y], np[z], 0xd2); \
  q[x] = _mm_ternarylogic_epi64(nq[x], nq[y], nq[z], 0xd2); \
  s[x] = _mm_ternarylogic_epi64(ns[x], ns[y], ns[z], 0xd2)
#define KECCAK_P_PARITY(x) \
  t = _mm_xor_si128(p[x], q[x]); \
  __m128i l##x = KECCAK_P_XOR3(t, _mm_shuffle_epi32(t, 0x4e), s[x]); \
  __m128i r##x = _mm_rol_epi64(l##x, 1)
#define KECCAK_P_MIX(x, l, r, n0, n1, n2, n3, n4) \
  p[x] = _mm_rolv_epi64(KECCAK_P_XOR3(p[x], l, r), _mm_set_epi64x(n1, n0)); \
  q[x] = _mm_rolv_epi64(KECCAK_P_XOR3(q[x], l, r), _mm_set_epi64x(n3, n2)); \
  s[x] = _mm_rol_epi64(KECCAK_P_XOR3(s[x], l, r), n4)
/* Column x of the result from row x, the half h of v; xN is x + N mod 5. */
#define KECCAK_P_PI(x, v, h, x1, x2, x3, x4) \
  np[x] = _mm_unpack##h##_epi64(v[x], v[x3]); \
  nq[x] = _mm_unpack##h##_epi64(v[x1], v[x4]); \
  ns[x] = _mm_unpack##h##_epi64(v[x2], v[x2])
#define KECCAK_P_ROUND(rc) \
  do { \
    __m128i t, np[5], nq[5], ns[5]; \
    KECCAK_P_PARITY(0); \
    KECCAK_P_PARITY(1); \
    KECCAK_P_PARITY(2); \
    KECCAK_P_PARITY(3); \
    KECCAK_P_PARITY(4); \
    KECCAK_P_MIX(0, l4, r1, 0, 36, 3, 41, 18); \
    KECCAK_P_MIX(1, l0, r2, 1, 44, 10, 45, 2); \
    KECCAK_P_MIX(2, l1, r3, 62, 6, 43, 15, 61); \
    KECCAK_P_MIX(3, l2, r4, 28, 55, 25, 21, 56); \
    KECCAK_P_MIX(4, l3, r0, 27, 20, 39, 8, 14); \
    KECCAK_P_PI(0, p, lo, 1, 2, 3, 4); \
    KECCAK_P_PI(1, p, hi, 2, 3, 4, 0); \
    KECCAK_P_PI(2, q, lo, 3, 4, 0, 1); \
    KECCAK_P_PI(3, q, hi, 4, 0, 1, 2); \
    KECCAK_P_PI(4, s, lo, 0, 1, 2, 3); \
    KECCAK_P_CHI(0, 1, 2); \
    KECCAK_P_CHI(1, 2, 3); \
    KECCAK_P_CHI(2, 3, 4); \
    KECCAK_P_CHI(3, 4, 0); \
    KECCAK_P_CHI(4, 0, 1); \
    p[0] = _mm_xor_si128(p[0], _mm_loadl_epi64((const __m128i *)&(rc))); \
  } while (0)

static inline __m128i keccak_pair(const void *low, const void *high) {
  i64 a, b;
  memcpy(&a, low, 8);
  memcpy(&b, high, 8);
  return _mm_set_epi64x(b, a);
}
__attribute__((target("avx512f,avx512vl"))) static void keccak_x1_avx512(
    u64 *st, const u8 *in, size_t n) {
  __m128i p[5], q[5], s[5];
  _Pragma("GCC unroll 5") for (int x = 0; x < 5; x++) {
    p[x] = keccak_pair(st + x, st + x + 5);
    q[x] = keccak_pair(st + x + 10, st + x + 15);
    s[x] = _mm_set1_epi64x((i64)st[x + 20]);
  }
  for (; n > 0; n--) {
    _Pragma("GCC unroll 5") for (int x = 0; in && x < 5; x++) {
      const u8 *at = in + 8 * x;
      __m128i v = _mm_loadl_epi64((const void *)(at + 80));
      if (x < 2) v = keccak_pair(at + 80, at + 120); /* lane 16 is the last */
      p[x] = _mm_xor_si128(p[x], keccak_pair(at, at + 40));
      q[x] = _mm_xor_si128(q[x], v);
    }
    if (in) in += KECCAK_RATE;
    for (int i = 0; i < 24; i += 2) {
      KECCAK_P_ROUND(keccak_rc[i]);
      KECCAK_P_ROUND(keccak_rc[i + 1]);
    }
  }
  _Pragma("GCC unroll 5") for (int x = 0; x < 5; x++) {
    _mm_storel_pd((double *)(st + x), _mm_castsi128_pd(p[x]));
    _mm_storeh_pd((double *)(st + x + 5), _mm_castsi128_pd(p[x]));
    _mm_storel_pd((double *)(st + x + 10), _mm_castsi128_pd(q[x]));
    _mm_storeh_pd((double *)(st + x + 15), _mm_castsi128_pd(q[x]));
    _mm_storel_pd((double *)(st + x + 20), _mm_castsi128_pd(s[x]));
  }
}

/* Three-input truth tables: 0x96 is a ^ b ^ c, 0xd2 is a ^ (~b & c). */
#define KCV_Y_XOR(a, b) _mm256_xor_si256(a, b)
#define KCV_Y_XOR3(a, b, c) _mm256_ternarylogic_epi64(a, b, c, 0x96)
#define KCV_Y_ROL(a, n) _mm256_rol_epi64(a, n)
#define KCV_Y_CHI(a, b, c) _mm256_ternarylogic_epi64(a, b, c, 0xd2)
#define KCV_Y_PRE(l, r) (r)
#define KCV_Y_MIX(a, l, d) KCV_Y_XOR3(a, l, d)
__attribute__((target("avx512f,avx512vl"))) static void keccak_x4_avx512(
    u64 *st) {
  KECCAK_PERMUTE(KCV_Y, __m256i, KCY_LD, KCY_ST, KCY_RC);
}

#define KCV_Z_XOR(a, b) _mm512_xor_si512(a, b)
#define KCV_Z_XOR3(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define KCV_Z_ROL(a, n) _mm512_rol_epi64(a, n)
#define KCV_Z_CHI(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0xd2)
#define KCV_Z_PRE(l, r) (r)
#define KCV_Z_MIX(a, l, d) KCV_Z_XOR3(a, l, d)
#define KCV_Z_LD(i) _mm512_loadu_si512(st + 8 * (i))
#define KCV_Z_ST(i, v) _mm512_storeu_si512(st + 8 * (i), v)
#define KCV_Z_RC(c) _mm512_set1_epi64((i64)(c))
__attribute__((target("avx512f,avx512vl"))) static void keccak_x8_avx512(
    u64 *st) {
  KECCAK_PERMUTE(KCV_Z, __m512i, KCV_Z_LD, KCV_Z_ST, KCV_Z_RC);
}
#endif

/*-------------------------------------------------- blocks into columns */

/* Adds a block to each of w columns; a column whose bit is set in fresh begins
** with a state of zeros. */
static inline void keccak_absorb_c(u64 *st, const u8 *const *block, u32 w,
                                   u32 fresh) {
  for (u32 j = 0; j < w; j++) {
    u64 keep = (u64)(fresh >> j & 1) - 1, v;
    for (u32 i = 0; i < 25; i++) {
      v = 0;
      if (i < KECCAK_RATE_LANES) memcpy(&v, block[j] + 8 * i, 8);
      st[i * w + j] = (st[i * w + j] & keep) ^ v;
    }
  }
}

static void keccak_absorb4(u64 *st, const u8 *const *block, u32 w,
                           u32 fresh) {
  (void)w;
  keccak_absorb_c(st, block, 4, fresh);
}

#if defined(__x86_64__)
/* The seventeenth and last word of a block. */
static inline i64 keccak_word(const u8 *block) {
  i64 v;
  memcpy(&v, block + 128, 8);
  return v;
}
/* The same for eight columns: 8 x 8 words at a time are turned in registers. */
__attribute__((target("avx512f,avx512vl"))) static void keccak_absorb_avx512(
    u64 *st, const u8 *const *block, u32 w, u32 fresh) {
  const __mmask8 keep = (__mmask8)~fresh;
  __m512i last;
  (void)w;
  for (int half = 0; half < 2; half++) {
    __m512i a[8], b[8], t[8];
    _Pragma("GCC unroll 8") for (int j = 0; j < 8; j++)
      a[j] = _mm512_loadu_si512(block[j] + 64 * half);
    _Pragma("GCC unroll 8") for (int j = 0; j < 8; j += 2) {
      b[j] = _mm512_unpacklo_epi64(a[j], a[j + 1]);
      b[j + 1] = _mm512_unpackhi_epi64(a[j], a[j + 1]);
    }
    _Pragma("GCC unroll 8") for (int j = 0; j < 2; j++) {
      a[j] = _mm512_shuffle_i64x2(b[j], b[j + 2], 0x88);
      a[j + 2] = _mm512_shuffle_i64x2(b[j], b[j + 2], 0xdd);
      a[j + 4] = _mm512_shuffle_i64x2(b[j + 4], b[j + 6], 0x88);
      a[j + 6] = _mm512_shuffle_i64x2(b[j + 4], b[j + 6], 0xdd);
    }
    _Pragma("GCC unroll 8") for (int j = 0; j < 4; j++) {
      t[j] = _mm512_shuffle_i64x2(a[j], a[j + 4], 0x88);
      t[j + 4] = _mm512_shuffle_i64x2(a[j], a[j + 4], 0xdd);
    }
    _Pragma("GCC unroll 8") for (int i = 0; i < 8; i++) {
      u64 *at = st + 64 * half + 8 * i;
      __m512i old = _mm512_maskz_loadu_epi64(keep, at);
      _mm512_storeu_si512(at, _mm512_xor_si512(old, t[i]));
    }
  }
  last = _mm512_setr_epi64(
      keccak_word(block[0]), keccak_word(block[1]), keccak_word(block[2]),
      keccak_word(block[3]), keccak_word(block[4]), keccak_word(block[5]),
      keccak_word(block[6]), keccak_word(block[7]));
  for (int i = 16; i < 25; i++) {
    __m512i old = _mm512_maskz_loadu_epi64(keep, st + 8 * i);
    if (i == 16) old = _mm512_xor_si512(old, last);
    _mm512_storeu_si512(st + 8 * i, old);
  }
}
#endif

/*---------------------------------------------------------------- choice */

typedef void keccak_single_fn(u64 *st, const u8 *p, size_t n);
typedef void keccak_permute_fn(u64 *st);
typedef void keccak_absorb_fn(u64 *st, const u8 *const *block, u32 w,
                              u32 fresh);
struct keccak_impl {
  const char *name;
  keccak_single_fn *x1;
  keccak_permute_fn *x4, *x8;      /* may be NULL */
  keccak_absorb_fn *absorb8;       /* goes with x8 */
};
/* Best first. */
static const struct keccak_impl keccak_impls[] = {
#if defined(__x86_64__)
    {"avx512", keccak_x1_avx512, keccak_x4_avx512, keccak_x8_avx512,
     keccak_absorb_avx512},
    {"avx2", keccak_x1_bmi, keccak_x4_avx2, NULL, NULL},
#endif
    {"c", keccak_x1_c, NULL, NULL, NULL},
};
static const struct keccak_impl *keccak_use =
    &keccak_impls[ARRAY_LEN(keccak_impls) - 1];

static bool keccak_cpu_has(const char *name) {
#if defined(__x86_64__)
  if (!strcmp(name, "avx512"))
    return __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512vl");
  if (!strcmp(name, "avx2"))
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2");
#endif
  return !strcmp(name, "c");
}

bool crypto_keccak_select(const char *impl) {
  for (size_t i = 0; i < ARRAY_LEN(keccak_impls); i++) {
    if (impl && strcmp(impl, keccak_impls[i].name)) continue;
    if (!keccak_cpu_has(keccak_impls[i].name)) continue;
    keccak_use = &keccak_impls[i];
    return true;
  }
  return false;
}

const char *crypto_keccak_impl(void) { return keccak_use->name; }

/*----------------------------------------------------------- one message */

/* The last block: what is left of the message (len < 136) and the padding. */
static void keccak_pad(u8 block[KECCAK_RATE], const u8 *p, size_t len) {
  if (len) memcpy(block, p, len);
  memset(block + len, 0, KECCAK_RATE - len);
  block[len] = 0x01;
  block[KECCAK_RATE - 1] |= 0x80;
}

void keccak_init(struct keccak *k) { memset(k, 0, sizeof *k); }

void keccak_update(struct keccak *k, const void *data, size_t len) {
  const u8 *p = data;
  if (len == 0) return;
  if (k->fill) {
    size_t take = KECCAK_RATE - k->fill;
    u8 *at = (u8 *)k->lane + k->fill;
    if (take > len) take = len;
    for (size_t i = 0; i < take; i++) at[i] ^= p[i];
    k->fill += (u32)take;
    p += take;
    len -= take;
    if (k->fill < KECCAK_RATE) return;
    keccak_use->x1(k->lane, NULL, 1);
    k->fill = 0;
  }
  size_t whole = len / KECCAK_RATE;
  if (whole) keccak_use->x1(k->lane, p, whole);
  p += whole * KECCAK_RATE;
  len -= whole * KECCAK_RATE;
  for (size_t i = 0; i < len; i++) ((u8 *)k->lane)[i] ^= p[i];
  k->fill = (u32)len;
}

void keccak_final(struct keccak *k, hash32 *out) {
  u8 *lane = (u8 *)k->lane;
  lane[k->fill] ^= 0x01;
  lane[KECCAK_RATE - 1] ^= 0x80;
  keccak_use->x1(k->lane, NULL, 1);
  memcpy(out->b, k->lane, 32);
}

/* Absorbs the whole rest of a message into a state and takes the hash. */
static void keccak_finish(u64 *lane, const u8 *p, size_t len, hash32 *out) {
  u8 block[KECCAK_RATE];
  size_t whole = len / KECCAK_RATE, done = whole * KECCAK_RATE;
  if (whole) keccak_use->x1(lane, p, whole);
  keccak_pad(block, whole ? p + done : p, len - done);
  keccak_use->x1(lane, block, 1);
  memcpy(out->b, lane, 32);
}

void crypto_keccak256(hash32 *out, const void *data, size_t len) {
  u64 lane[25] = {0};
  keccak_finish(lane, data, len, out);
}

/*--------------------------------------------------------- many messages */

/* One column of the wide state: the message it works on. */
struct keccak_col {
  const u8 *p;   /* next byte to absorb */
  size_t len;    /* bytes left */
  size_t idx;    /* whose hash it is */
  bool live;     /* has a message */
  bool last;     /* the padded block has been absorbed */
};

/* The column's next block, in place or padded into pad. */
static const u8 *keccak_col_block(struct keccak_col *c,
                                  u8 pad[KECCAK_RATE]) {
  const u8 *p = c->p;
  if (c->len >= KECCAK_RATE) {
    c->p += KECCAK_RATE;
    c->len -= KECCAK_RATE;
    return p;
  }
  keccak_pad(pad, p, c->len);
  c->last = true;
  return pad;
}

/* w columns at a time; what remains when no more than w/4 are live is done by
** the single permutation. */
static void keccak_batch_wide(hash32 *out, const slice *in, size_t cnt, u32 w,
                              keccak_permute_fn *permute,
                              keccak_absorb_fn *absorb) {
  static const u8 nothing[KECCAK_RATE];
  /* Not cleared: the first blocks of all columns are fresh. */
  u64 st[25 * KECCAK_W_MAX] __attribute__((aligned(64)));
  u8 pad[KECCAK_W_MAX][KECCAK_RATE];
  struct keccak_col col[KECCAK_W_MAX] = {0};
  size_t next = 0;
  u32 live = cnt < w ? (u32)cnt : w, fresh = (1u << w) - 1;
  for (u32 j = 0; j < live; j++, next++)
    col[j] = (struct keccak_col){in[j].ptr, in[j].len, j, true, false};
  while (live > w / 4) {
    const u8 *block[KECCAK_W_MAX];
    for (u32 j = 0; j < w; j++)
      block[j] = col[j].live ? keccak_col_block(&col[j], pad[j]) : nothing;
    absorb(st, block, w, fresh);
    permute(st);
    fresh = 0;
    for (u32 j = 0; j < w; j++) {
      struct keccak_col *c = &col[j];
      if (!c->live || !c->last) continue;
      for (u32 i = 0; i < 4; i++)
        memcpy(out[c->idx].b + 8 * i, &st[i * w + j], 8);
      if (next < cnt) {
        *c = (struct keccak_col){in[next].ptr, in[next].len, next, true, false};
        fresh |= 1u << j;
        next++;
      } else {
        c->live = false;
        live--;
      }
    }
  }
  for (u32 j = 0; j < w; j++) {
    u64 lane[25] = {0};
    if (!col[j].live) continue;
    for (u32 i = 0; i < 25 && !(fresh >> j & 1); i++) lane[i] = st[i * w + j];
    keccak_finish(lane, col[j].p, col[j].len, &out[col[j].idx]);
  }
}

void crypto_keccak256_batch(hash32 *out, const slice *in, size_t cnt) {
  const struct keccak_impl *impl = keccak_use;
  if (impl->x8 && cnt > 4) {
    keccak_batch_wide(out, in, cnt, 8, impl->x8, impl->absorb8);
  } else if (impl->x4 && cnt > 1) {
    keccak_batch_wide(out, in, cnt, 4, impl->x4, keccak_absorb4);
  } else {
    for (size_t i = 0; i < cnt; i++)
      crypto_keccak256(&out[i], in[i].ptr, in[i].len);
  }
}
