/* hash.c - SHA-256 (FIPS 180-4), RIPEMD-160, BLAKE2b's F (RFC 7693), HMAC.
**
** SHA-256 is our own for its SHA-NI path (0.5 ns a byte instead of 4 to 5);
** RIPEMD-160 and HMAC-SHA-512 are mbedTLS's, BLAKE2b's F is exported by no
** packaged library with a free number of rounds; in vectors it takes 24 to 28
** cycles a round instead of about 70. */
#include "crypto/hash.h"

#include <mbedtls/md.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

/*---------------------------------------------------------------- sha256 */

static const u32 sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline u32 sha256_ror(u32 x, int n) { return x >> n | x << (32 - n); }

static void sha256_blocks_c(u32 h[8], const u8 *p, size_t cnt) {
  for (; cnt; cnt--, p += 64) {
    u32 w[16], s[8];
    memcpy(s, h, sizeof s);
    for (int i = 0; i < 16; i++) w[i] = load_be32(p + 4 * i);
    for (int i = 0; i < 64; i++) {
      u32 *wi = &w[i & 15];
      if (i >= 16) {
        u32 x = w[(i + 1) & 15], y = w[(i + 14) & 15];
        *wi += w[(i + 9) & 15] +
               (sha256_ror(x, 7) ^ sha256_ror(x, 18) ^ x >> 3) +
               (sha256_ror(y, 17) ^ sha256_ror(y, 19) ^ y >> 10);
      }
      u32 e = s[4], a = s[0];
      u32 t1 = s[7] + sha256_k[i] + *wi + (s[6] ^ (e & (s[5] ^ s[6]))) +
               (sha256_ror(e, 6) ^ sha256_ror(e, 11) ^ sha256_ror(e, 25));
      u32 t2 = ((a & s[1]) | (s[2] & (a | s[1]))) +
               (sha256_ror(a, 2) ^ sha256_ror(a, 13) ^ sha256_ror(a, 22));
      memmove(s + 1, s, 7 * sizeof *s);
      s[4] += t1;
      s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) h[i] += s[i];
  }
}

#if defined(__x86_64__)
/* The instructions keep the state as (a,b,e,f) and (c,d,g,h) and do four
** rounds per loop turn; w[] holds the last 16 message words. */
__attribute__((target("sha,sse4.1,ssse3"))) static void sha256_blocks_ni(
    u32 h[8], const u8 *p, size_t cnt) {
  const __m128i swap =
      _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i lo = _mm_loadu_si128((const __m128i *)h);
  __m128i hi = _mm_loadu_si128((const __m128i *)(h + 4));
  lo = _mm_shuffle_epi32(lo, 0xb1);
  hi = _mm_shuffle_epi32(hi, 0x1b);
  __m128i abef = _mm_alignr_epi8(lo, hi, 8);
  __m128i cdgh = _mm_blend_epi16(hi, lo, 0xf0);
  for (; cnt; cnt--, p += 64) {
    const __m128i abef0 = abef, cdgh0 = cdgh;
    __m128i w[4];
    _Pragma("GCC unroll 16") for (int i = 0; i < 16; i++) {
      __m128i *wi = &w[i & 3];
      if (i < 4) {
        *wi = _mm_shuffle_epi8(
            _mm_loadu_si128((const __m128i *)(p + 16 * i)), swap);
      } else {
        __m128i prev = w[(i + 3) & 3];
        __m128i t = _mm_alignr_epi8(prev, w[(i + 2) & 3], 4);
        *wi = _mm_sha256msg1_epu32(*wi, w[(i + 1) & 3]);
        *wi = _mm_sha256msg2_epu32(_mm_add_epi32(*wi, t), prev);
      }
      __m128i k = _mm_loadu_si128((const __m128i *)(sha256_k + 4 * i));
      k = _mm_add_epi32(k, *wi);
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));
    }
    abef = _mm_add_epi32(abef, abef0);
    cdgh = _mm_add_epi32(cdgh, cdgh0);
  }
  lo = _mm_shuffle_epi32(abef, 0x1b);
  hi = _mm_shuffle_epi32(cdgh, 0xb1);
  _mm_storeu_si128((__m128i *)h, _mm_blend_epi16(lo, hi, 0xf0));
  _mm_storeu_si128((__m128i *)(h + 4), _mm_alignr_epi8(hi, lo, 8));
}

static bool sha256_cpu_has_ni(void) {
  unsigned a, b, c, d;
  if (!__builtin_cpu_supports("sse4.1")) return false;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}
#endif

static void (*sha256_blocks)(u32 h[8], const u8 *p, size_t cnt) =
    sha256_blocks_c;

bool crypto_sha256_select(bool on) {
  sha256_blocks = sha256_blocks_c;
#if defined(__x86_64__)
  if (on && sha256_cpu_has_ni()) {
    sha256_blocks = sha256_blocks_ni;
    return true;
  }
#endif
  return false;
}

void sha256_init(struct sha256 *s) {
  static const u32 iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  memcpy(s->h, iv, sizeof iv);
  s->len = 0;
}

void sha256_update(struct sha256 *s, const void *data, size_t len) {
  const u8 *p = data;
  size_t fill = s->len % 64;
  if (len == 0) return;
  s->len += len;
  if (fill) {
    size_t take = 64 - fill < len ? 64 - fill : len;
    memcpy(s->block + fill, p, take);
    p += take;
    len -= take;
    if (fill + take < 64) return;
    sha256_blocks(s->h, s->block, 1);
  }
  sha256_blocks(s->h, p, len / 64);
  memcpy(s->block, p + (len & ~(size_t)63), len % 64);
}

void sha256_final(struct sha256 *s, u8 out[32]) {
  u8 pad[72] = {0x80};
  u64 bits = s->len * 8;
  size_t zeros = (119 - s->len % 64) % 64;
  store_be64(pad + 1 + zeros, bits);
  sha256_update(s, pad, 1 + zeros + 8);
  for (int i = 0; i < 8; i++) store_be32(out + 4 * i, s->h[i]);
}

void crypto_sha256(u8 out[32], const void *data, size_t len) {
  struct sha256 s;
  sha256_init(&s);
  sha256_update(&s, data, len);
  sha256_final(&s, out);
}

/*--------------------------------------------------------------- mbedTLS */

void crypto_ripemd160(u8 out[20], const void *data, size_t len) {
  const mbedtls_md_info_t *md = mbedtls_md_info_from_type(MBEDTLS_MD_RIPEMD160);
  MUST(md && mbedtls_md(md, len ? data : out, len, out) == 0);
}

void crypto_hmac_sha512(u8 out[64], slice key, slice data) {
  const mbedtls_md_info_t *md = mbedtls_md_info_from_type(MBEDTLS_MD_SHA512);
  MUST(md && mbedtls_md_hmac(md, key.len ? key.ptr : out, key.len,
                             data.len ? data.ptr : out, data.len, out) == 0);
}

/*---------------------------------------------------------------- blake2 */

static const u64 blake2_iv[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
    0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
    0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
static const u8 blake2_sigma[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

static inline u64 blake2_ror(u64 x, int n) { return x >> n | x << (64 - n); }

#define BLAKE2_G(a, b, c, d, i) \
  v[a] += v[b] + m[s[i]]; \
  v[d] = blake2_ror(v[d] ^ v[a], 32); \
  v[c] += v[d]; \
  v[b] = blake2_ror(v[b] ^ v[c], 24); \
  v[a] += v[b] + m[s[i + 1]]; \
  v[d] = blake2_ror(v[d] ^ v[a], 16); \
  v[c] += v[d]; \
  v[b] = blake2_ror(v[b] ^ v[c], 63)

static void blake2_rounds_c(u64 v[16], const u64 m[16], u32 rounds) {
  u32 row = 0;
  for (u32 r = 0; r < rounds; r++) {
    const u8 *s = blake2_sigma[row];
    row = row == 9 ? 0 : row + 1;
    BLAKE2_G(0, 4, 8, 12, 0);
    BLAKE2_G(1, 5, 9, 13, 2);
    BLAKE2_G(2, 6, 10, 14, 4);
    BLAKE2_G(3, 7, 11, 15, 6);
    BLAKE2_G(0, 5, 10, 15, 8);
    BLAKE2_G(1, 6, 11, 12, 10);
    BLAKE2_G(2, 7, 8, 13, 12);
    BLAKE2_G(3, 4, 9, 14, 14);
  }
}
#undef BLAKE2_G

#if defined(__x86_64__)
/* A row of four words is a vector, four Gs go at once.  Words of the message
** in the order in which the ten rounds take them are laid out before.  A round
** is one chain of dependent steps, twelve in each half; so that turning the
** rows to their diagonals adds none, rows a, c and d turn and b, which is ready
** last, stays. */
#define BLAKE2_HALF(x, y, ror24, ror63) \
  a = _mm256_add_epi64(_mm256_add_epi64(a, x), b); \
  d = _mm256_shuffle_epi32(_mm256_xor_si256(d, a), 0xb1); \
  c = _mm256_add_epi64(c, d); \
  b = ror24(_mm256_xor_si256(b, c)); \
  a = _mm256_add_epi64(_mm256_add_epi64(a, y), b); \
  d = BLAKE2_ROR16(_mm256_xor_si256(d, a)); \
  c = _mm256_add_epi64(c, d); \
  b = ror63(_mm256_xor_si256(b, c))
#define BLAKE2_TURN(to_a, to_c, to_d) \
  a = _mm256_permute4x64_epi64(a, to_a); \
  c = _mm256_permute4x64_epi64(c, to_c); \
  d = _mm256_permute4x64_epi64(d, to_d)
#define BLAKE2_ROR16(x) _mm256_shuffle_epi8(x, by16)
#define BLAKE2_ROR24(x) _mm256_shuffle_epi8(x, by24)
#define BLAKE2_ROR63(x) \
  _mm256_xor_si256(_mm256_srli_epi64(x, 63), _mm256_add_epi64(x, x))
#define BLAKE2_VL24(x) _mm256_ror_epi64(x, 24)
#define BLAKE2_VL63(x) _mm256_ror_epi64(x, 63)

/* The words of the message for round r: first and second step of the upright
** half, then of the diagonal one. */
static const u8 blake2_place[16] = {0,  2, 4,  6,  1,  3, 5,  7,
                                    14, 8, 10, 12, 15, 9, 11, 13};
#define BLAKE2_FILL(w, m, r) \
  for (int i = 0; i < 16; i++) \
    ((u64 *)(w))[i] = (m)[blake2_sigma[r][blake2_place[i]]]
#define BLAKE2_VL_FILL(w, m, r) \
  do { \
    const __m512i low = _mm512_loadu_si512(m), high = _mm512_loadu_si512(m + 8); \
    const __m128i place = _mm_loadu_si128((const __m128i *)blake2_place); \
    __m128i s = _mm_loadu_si128((const __m128i *)blake2_sigma[r]); \
    s = _mm_shuffle_epi8(s, place); \
    __m512i x = _mm512_cvtepu8_epi64(s); \
    __m512i y = _mm512_cvtepu8_epi64(_mm_srli_si128(s, 8)); \
    _mm512_storeu_si512(w, _mm512_permutex2var_epi64(low, x, high)); \
    _mm512_storeu_si512(w + 2, _mm512_permutex2var_epi64(low, y, high)); \
  } while (0)

/* In the second half b's word i meets a's i - 1, c's i + 1 and d's i + 2. */
#define BLAKE2_ROUNDS(name, isa, fill, ror24, ror63) \
  __attribute__((target(isa))) static void name(u64 v[16], const u64 m[16], \
                                                u32 rounds) { \
    const __m256i by16 = _mm256_setr_epi64x( \
        0x0100070605040302, 0x09080f0e0d0c0b0a, 0x0100070605040302, \
        0x09080f0e0d0c0b0a); \
    const __m256i by24 = _mm256_setr_epi64x( \
        0x0201000706050403, 0x0a09080f0e0d0c0b, 0x0201000706050403, \
        0x0a09080f0e0d0c0b); \
    __m256i w[10][4], *row = (__m256i *)v; \
    __m256i a = _mm256_loadu_si256(row), b = _mm256_loadu_si256(row + 1); \
    __m256i c = _mm256_loadu_si256(row + 2), d = _mm256_loadu_si256(row + 3); \
    u32 at = 0; \
    for (u32 r = 0; r < 10 && r < rounds; r++) fill(w[r], m, r); \
    for (; rounds; rounds--) { \
      const __m256i *x = w[at]; \
      at = at == 9 ? 0 : at + 1; \
      BLAKE2_HALF(x[0], x[1], ror24, ror63); \
      BLAKE2_TURN(0x93, 0x39, 0x4e); \
      BLAKE2_HALF(x[2], x[3], ror24, ror63); \
      BLAKE2_TURN(0x39, 0x93, 0x4e); \
    } \
    (void)by24; \
    _mm256_storeu_si256(row, a); \
    _mm256_storeu_si256(row + 1, b); \
    _mm256_storeu_si256(row + 2, c); \
    _mm256_storeu_si256(row + 3, d); \
  }
BLAKE2_ROUNDS(blake2_rounds_avx2, "avx2", BLAKE2_FILL, BLAKE2_ROR24,
              BLAKE2_ROR63)
BLAKE2_ROUNDS(blake2_rounds_vl, "avx2,avx512f,avx512vl", BLAKE2_VL_FILL,
              BLAKE2_VL24, BLAKE2_VL63)
#undef BLAKE2_ROUNDS
#undef BLAKE2_VL63
#undef BLAKE2_VL24
#undef BLAKE2_ROR63
#undef BLAKE2_ROR24
#undef BLAKE2_VL_FILL
#undef BLAKE2_FILL
#undef BLAKE2_ROR16
#undef BLAKE2_TURN
#undef BLAKE2_HALF
#endif

static void (*blake2_rounds)(u64 v[16], const u64 m[16], u32 rounds) =
    blake2_rounds_c;

bool crypto_blake2_select(const char *impl) {
#if defined(__x86_64__)
  bool has2 = __builtin_cpu_supports("avx2");
  bool has512 = has2 && __builtin_cpu_supports("avx512f") &&
                __builtin_cpu_supports("avx512vl");
  if (has512 && (!impl || strcmp(impl, "avx512") == 0)) {
    blake2_rounds = blake2_rounds_vl;
    return true;
  }
  if (has2 && (!impl || strcmp(impl, "avx2") == 0)) {
    blake2_rounds = blake2_rounds_avx2;
    return true;
  }
#endif
  if (impl && strcmp(impl, "c") != 0) return false;
  blake2_rounds = blake2_rounds_c;
  return true;
}

void crypto_blake2f(u64 h[8], const u64 m[16], const u64 t[2], bool final,
                    u32 rounds) {
  u64 v[16];
  memcpy(v, h, 64);
  memcpy(v + 8, blake2_iv, 64);
  v[12] ^= t[0];
  v[13] ^= t[1];
  if (final) v[14] = ~v[14];
  blake2_rounds(v, m, rounds);
  for (int i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
}
