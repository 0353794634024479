/* test_crypto_curve.c - laws that hold for every input of the curves (sums,
** products, bilinearity, chunk borders) and refusals of what is no point. */
#include "crypto_vec.h"

#include "crypto/bls12_381_int.h"
#include "crypto/bls12_x4.h"
#include "crypto/bn254.h"
#include "crypto/kzg.h"
#include "crypto/modinv.h"
#include "crypto/mont.h"
#include "crypto/mont_x86.h"
#include "crypto/p256.h"
#include "crypto/secp256k1.h"

/*--------------------------------------------------------------------- limbs */

#if defined(__x86_64__)
/* Numbers below m, at their limits and in between. */
static void pick(u64 r[6], const u64 *m, int n, u32 *seed) {
  *seed = *seed * 1664525 + 1013904223;
  int kind = *seed >> 24 & 15;
  memset(r, 0, 48);
  for (int i = 0; i < n; i++) {
    *seed = *seed * 1664525 + 1013904223;
    r[i] = (u64)*seed << 32 | (*seed * 2654435761u);
    if (kind < 4) r[i] = 0 - (u64)(kind & 1);
    if (kind == 4) r[i] = m[i];
  }
  if (kind == 4) r[0]--;
  if (kind == 5) memset(r + 1, 0, 40);
  while (!mont_less(r, m, n)) {
    u8 borrow = 0;
    r[n - 1] %= m[n - 1] + 1;
    if (!mont_less(r, m, n))
      for (int i = 0; i < n; i++)
        borrow = mont_subb(&r[i], r[i], m[i], borrow);
  }
}

static void limbs_when_multiplied_then_asm_equals_c(void **state) {
  static const u64 m4[4] = {0x3c208c16d87cfd47, 0x97816a916871ca8d,
                            0xb85045b68181585d, 0x30644e72e131a029};
  static const u64 m6[6] = {0xb9feffffffffaaab, 0x1eabfffeb153ffff,
                            0x6730d2a0f6b0f624, 0x64774b84f38512bf,
                            0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
  const u64 n4 = 0x87d20782e4866389, n6 = 0x89f3fffcfffcfffd;
  u64 a[6], b[6], c[6], d[6], x[6], y[6];
  u32 seed = 7;
  (void)state;
  if (!crypto_mont_select(true)) {
    print_message("this CPU has no adx: nothing to compare\n");
    skip();
  }
  for (int i = 0; i < 20000; i++) {
    pick(a, m4, 4, &seed);
    pick(b, m4, 4, &seed);
    pick(c, m4, 4, &seed);
    pick(d, m4, 4, &seed);
    if (i % 5 == 0) memcpy(d, m4, 32);
    mont_mul(x, a, b, m4, n4, 4, true);
    crypto_mont_mul4_adx(y, a, b, m4, n4);
    assert_memory_equal(x, y, 32);
    mont_mul(y, a, b, m4, n4, 4, false);
    assert_memory_equal(x, y, 32);
    mont_mul2(x, a, b, c, d, m4, n4, 4);
    crypto_mont_mul2x4_adx(y, a, b, c, d, m4, n4);
    assert_memory_equal(x, y, 32);
    pick(a, m6, 6, &seed);
    pick(b, m6, 6, &seed);
    pick(c, m6, 6, &seed);
    pick(d, m6, 6, &seed);
    if (i % 5 == 0) memcpy(d, m6, 48);
    mont_mul(x, a, b, m6, n6, 6, true);
    crypto_mont_mul6_adx(y, a, b, m6, n6);
    assert_memory_equal(x, y, 48);
    mont_mul2(x, a, b, c, d, m6, n6, 6);
    crypto_mont_mul2x6_adx(y, a, b, c, d, m6, n6);
    assert_memory_equal(x, y, 48);
    memcpy(y, a, 48);
    crypto_mont_mul2x6_adx(y, y, b, c, d, m6, n6);
    assert_memory_equal(x, y, 48);
  }
}
#endif

static void times(u64 *r, const u64 *a, const u64 *b, const u64 *m, u64 n0,
                  int n) {
  if (n == 6) {
    mont_mul(r, a, b, m, n0, 6, false);
  } else {
    mont_mul(r, a, b, m, n0, 4, false);
  }
}

/* a times 1/a is 1, for small and large a, and a times k/a is k. */
static void limbs_when_inverted_then_product_is_one(void **state) {
  static const struct { u64 m[6], n0; int n; } mod[] = {
      {{0xb9feffffffffaaab, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624,
        0x64774b84f38512bf, 0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a},
       0x89f3fffcfffcfffd, 6},
      {{0x3c208c16d87cfd47, 0x97816a916871ca8d, 0xb85045b68181585d,
        0x30644e72e131a029}, 0x87d20782e4866389, 4},
      {{0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff,
        0xffffffff00000000}, 0xccd1c8aaee00bc4f, 4}};
  const u64 one[6] = {1}, zero[6] = {0};
  u32 seed = 11;
  (void)state;
  for (int i = 0; i < 30000; i++) {
    const u64 *m = mod[i % 3].m, n0 = mod[i % 3].n0;
    const int n = mod[i % 3].n;
    void (*invert)(u64 *, const u64 *, const u64 *, const u64 *) =
        n == 6 ? crypto_modinv6 : crypto_modinv4;
    u64 a[6], k[6], inv[6], quot[6], r[6], s[6];
    pick(a, m, n, &seed);
    pick(k, m, n, &seed);
    invert(inv, a, one, m);
    invert(quot, a, k, m);
    assert_true(mont_less(inv, m, n) && mont_less(quot, m, n));
    if (mont_is_zero(a, n)) {
      assert_memory_equal(inv, zero, 8 * (size_t)n);
      continue;
    }
    /* a inv / R, and 1 / R. */
    times(r, a, inv, m, n0, n);
    times(s, one, one, m, n0, n);
    assert_memory_equal(r, s, 8 * (size_t)n);
    times(r, a, quot, m, n0, n);
    times(s, k, one, m, n0, n);
    assert_memory_equal(r, s, 8 * (size_t)n);
  }
}

/* Values of pairings, by this CPU's code and by plain C, of as many pairs. */
static void bls_pairing_when_vectors_then_value_equals_c(void **state) {
  (void)state;
  if (!crypto_bls_x4_select(true)) skip();
  for (u32 i = 1; i <= 20; i++) {
    u8 pairs[9 * 384], u[128] = {0};
    u64 want[12][6], got[12][6];
    u32 cnt = i <= 9 ? i : 1;
    for (u32 j = 0; j < cnt; j++) {
      u[40] = (u8)(i * 3);
      u[63] = u[120] = (u8)j;
      assert_int_equal(crypto_bls_map_g1(pairs + 384 * j, u), 0);
      assert_int_equal(crypto_bls_map_g2(pairs + 384 * j + 128, u), 0);
    }
    if (i == 5) memset(pairs + 384, 0, 128);
    crypto_bls_x4_select(false);
    assert_int_equal(
        crypto_bls_pairing_value(want, slice_of(pairs, 384 * cnt)), 0);
    assert_true(crypto_bls_x4_select(true));
    assert_int_equal(
        crypto_bls_pairing_value(got, slice_of(pairs, 384 * cnt)), 0);
    assert_memory_equal(got, want, sizeof want);
  }
}

/* Scalars at the edges of the group order and of the parts they are cut in. */
static void edge_scalar(u8 k[32], u32 i, u32 *seed) {
  static const u64 edge[][4] = {
      {0}, {1}, {2}, {16}, {0xffffffff00000001, 0x53bda402fffe5bfe,
      0x3339d80809a1d805, 0x73eda753299d7d48}, {0xffffffff00000000,
      0x53bda402fffe5bfe, 0x3339d80809a1d805, 0x73eda753299d7d48},
      {0x0000000100000000, 0xac45a4010001a402}, {0xd201000000010000},
      {0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff,
      0xffffffffffffffff}, {0x0000000100000001, 0xac45a4010001a402},
      {0x8888888888888888, 0x8888888888888888}, {0xd200ffffffff0000, 0, 1}};
  if (i < ARRAY_LEN(edge)) {
    mont_store(k, edge[i], 4);
    return;
  }
  for (int j = 0; j < 32; j++) {
    *seed = *seed * 1664525 + 1013904223;
    k[j] = (u8)(*seed >> 24);
  }
}

/* Sums of products in lanes and one by one, of 1 to 20 points, some equal. */
static void bls_msm_when_edge_scalars_then_lanes_equal_c(void **state) {
  static u8 g1[20 * 160], g2[20 * 288];
  u32 seed = 9;
  (void)state;
  if (!crypto_bls_x4_select(true)) skip();
  for (u32 cnt = 1; cnt <= 20; cnt++) {
    u8 a[256], b[256];
    for (u32 i = 0; i < cnt; i++) {
      u8 u[128] = {0};
      u[63] = u[127] = (u8)(i % 5 == 4 ? i - 1 : i + cnt);
      assert_int_equal(crypto_bls_map_g1(g1 + 160 * i, u), 0);
      assert_int_equal(crypto_bls_map_g2(g2 + 288 * i, u), 0);
      edge_scalar(g1 + 160 * i + 128, (i + 3 * cnt) % 24, &seed);
      memcpy(g2 + 288 * i + 256, g1 + 160 * i + 128, 32);
    }
    if (cnt == 7) memset(g1 + 160, 0, 128), memset(g2 + 288, 0, 256);
    crypto_bls_x4_select(false);
    assert_int_equal(crypto_bls_g1_msm(a, slice_of(g1, 160 * cnt)), 0);
    crypto_bls_x4_select(true);
    assert_int_equal(crypto_bls_g1_msm(b, slice_of(g1, 160 * cnt)), 0);
    assert_memory_equal(a, b, 128);
    crypto_bls_x4_select(false);
    assert_int_equal(crypto_bls_g2_msm(a, slice_of(g2, 288 * cnt)), 0);
    crypto_bls_x4_select(true);
    assert_int_equal(crypto_bls_g2_msm(b, slice_of(g2, 288 * cnt)), 0);
    assert_memory_equal(a, b, 256);
  }
}

/* (0, 2) has order 3: its multiples meet every sum that the lanes leave out. */
static void bls_points_when_of_small_order_then_refused(void **state) {
  u8 in[3 * 160] = {0}, u[64] = {0}, out[128], c[48] = {0x80}, z[32] = {0};
  (void)state;
  for (int on = 0; on < 2; on++) {
    if (crypto_bls_x4_select(on) != on) continue;
    for (int i = 0; i < 3; i++) {
      u[63] = (u8)i;
      assert_int_equal(crypto_bls_map_g1(in + 160 * i, u), 0);
      in[160 * i + 159] = (u8)(i + 1);
    }
    assert_int_equal(crypto_bls_g1_msm(out, slice_of(in, sizeof in)), 0);
    memset(in + 160, 0, 128);
    in[160 + 127] = 2;
    assert_int_equal(crypto_bls_g1_msm(out, slice_of(in, sizeof in)),
                     ERR_INPUT);
    assert_int_equal(crypto_kzg_verify(c, z, z, c), ERR_INPUT);
  }
  crypto_bls_x4_select(true);
}

static void digits_when_summed_then_the_number(void **state) {
  u32 seed = 3;
  (void)state;
  for (int i = 0; i < 300; i++) {
    for (int w = 2; w <= 6; w++) {
      mont_digit digit[129];
      u64 k[2], sum[2] = {0};
      int len;
      for (int j = 0; j < 2; j++) {
        seed = seed * 1664525 + 1013904223;
        k[j] = (u64)seed << 32 | (seed * 2654435761u);
        if (i < 4) k[j] = 0 - (u64)(i >> j & 1);
      }
      len = mont_wnaf(digit, k, 2, w);
      assert_in_range(len, 0, 129);
      for (int j = len - 1; j >= 0; j--) {
        u128 s = (u128)sum[1] << 64 | sum[0];
        s = 2 * s + (u128)(__int128)digit[j];
        sum[0] = (u64)s;
        sum[1] = (u64)(s >> 64);
        assert_true(digit[j] == 0 || digit[j] & 1);
        assert_true(digit[j] < 1 << (w - 1) && digit[j] > -(1 << (w - 1)));
      }
      assert_memory_equal(sum, k, 16);
    }
  }
}

/*-------------------------------------------------------------------- BN254 */

static const char bn_order[] =
    "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
static const char bn_p[] =
    "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";
static const char bn_g2[] =
    "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
    "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
    "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
    "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";

/* On the twist, but outside the group of prime order. */
static const char bn_outside[] =
    "0000000000000000000000000000000000000000000000000000000000000001"
    "0000000000000000000000000000000000000000000000000000000000000002"
    "2b76c179599bb92a963dac85546a005a777f7c13f6a7b75d5918b6b5808f5fde"
    "101f7278419308b95099eca02dcee0c5381f4d26d1d62313f057167f064101ce";

static void put_hex(u8 *out, const char *hex) {
  slice s = vec_hex(hex);
  memcpy(out, s.ptr, s.len);
  vec_free(s);
}

static void bn_mul_g(u8 out[64], const u8 k[32]) {
  u8 in[96] = {0};
  in[31] = 1;
  in[63] = 2;
  memcpy(in + 64, k, 32);
  assert_int_equal(crypto_bn254_mul(out, in), 0);
}

/* -y mod p. */
static void bn_negate(u8 point[64]) {
  u8 p[32];
  int borrow = 0;
  put_hex(p, bn_p);
  for (int i = 31; i >= 0; i--) {
    int v = p[i] - point[32 + i] - borrow;
    borrow = v < 0;
    point[32 + i] = (u8)v;
  }
}

static void bn254_when_multiplied_then_as_repeated_addition(void **state) {
  u8 sum[128] = {0}, product[64], k[32] = {0};
  (void)state;
  sum[64 + 31] = 1;
  sum[64 + 63] = 2;
  for (int i = 1; i <= 70; i++) {
    assert_int_equal(crypto_bn254_add(sum, sum), 0);
    k[31] = (u8)i;
    bn_mul_g(product, k);
    assert_memory_equal(sum, product, 64);
  }
}

static void count_down(u8 k[32], int by) {
  while (by--)
    for (int i = 31; i >= 0 && k[i]-- == 0; i--) {
    }
}
static void count_up(u8 k[32]) {
  for (int i = 31; i >= 0 && ++k[i] == 0; i--) {
  }
}
static void bn_add(u8 out[64], const u8 a[64], const u8 b[64]) {
  u8 in[128];
  memcpy(in, a, 64);
  memcpy(in + 64, b, 64);
  assert_int_equal(crypto_bn254_add(out, in), 0);
}

/* r gives infinity; each next factor one point more, across r; and 2^256 - 1
** is one point less than twice 2^255. */
static void bn254_when_factor_at_order_then_wraps(void **state) {
  u8 k[32], got[64], next[64], one[64] = {0}, zero[64] = {0};
  (void)state;
  one[31] = 1;
  one[63] = 2;
  put_hex(k, bn_order);
  bn_mul_g(got, k);
  assert_memory_equal(got, zero, 64);
  count_down(k, 100);
  bn_mul_g(got, k);
  for (int i = 0; i < 200; i++) {
    count_up(k);
    bn_mul_g(next, k);
    bn_add(got, got, one);
    assert_memory_equal(got, next, 64);
  }
  memset(k, 0xff, 32);
  bn_mul_g(got, k);
  bn_add(got, got, one);
  memset(k, 0, 32);
  k[0] = 0x80;
  bn_mul_g(next, k);
  bn_add(next, next, next);
  assert_memory_equal(got, next, 64);
}

static void bn254_when_opposite_or_infinite_then_sum_right(void **state) {
  u8 k[32] = {0}, in[128] = {0}, out[64], zero[64] = {0};
  (void)state;
  k[5] = 77;
  bn_mul_g(in, k);
  assert_int_equal(crypto_bn254_add(out, in), 0);
  assert_memory_equal(out, in, 64);
  memcpy(in + 64, in, 64);
  bn_negate(in + 64);
  assert_int_equal(crypto_bn254_add(out, in), 0);
  assert_memory_equal(out, zero, 64);
}

static void bn254_when_not_a_point_then_refused(void **state) {
  u8 in[128] = {0}, out[64], mul[96] = {0};
  (void)state;
  in[31] = 1;
  in[63] = 3;
  assert_int_equal(crypto_bn254_add(out, in), ERR_INPUT);
  in[63] = 2;
  put_hex(in + 64, bn_p);
  assert_int_equal(crypto_bn254_add(out, in), ERR_INPUT);
  memset(in, 0xff, 128);
  assert_int_equal(crypto_bn254_add(out, in), ERR_INPUT);
  mul[0] = 1;
  assert_int_equal(crypto_bn254_mul(out, mul), ERR_INPUT);
}

/* e(aG, bH) e(-abG, H) = 1 with b a small number on the G1 side, over more
** pairs than share one Miller loop. */
static void bn254_pairing_when_product_cancels_then_one(void **state) {
  static u8 pairs[20 * 192];
  u8 k[32] = {0};
  bool one;
  (void)state;
  for (size_t n = 1; n <= 19; n += 3) {
    u32 sum = 0;
    for (size_t i = 0; i < n; i++) {
      k[31] = (u8)(3 * i + 1);
      k[30] = 0;
      sum += k[31];
      bn_mul_g(pairs + 192 * i, k);
      put_hex(pairs + 192 * i + 64, bn_g2);
    }
    k[30] = (u8)(sum >> 8);
    k[31] = (u8)sum;
    bn_mul_g(pairs + 192 * n, k);
    put_hex(pairs + 192 * n + 64, bn_g2);
    assert_int_equal(
        crypto_bn254_pairing(&one, slice_of(pairs, 192 * (n + 1))), 0);
    assert_false(one);
    bn_negate(pairs + 192 * n);
    assert_int_equal(
        crypto_bn254_pairing(&one, slice_of(pairs, 192 * (n + 1))), 0);
    assert_true(one);
  }
}

static void bn254_pairing_when_trivial_then_one(void **state) {
  u8 pair[192] = {0};
  bool one = false;
  (void)state;
  assert_int_equal(crypto_bn254_pairing(&one, slice_of(NULL, 0)), 0);
  assert_true(one);
  put_hex(pair + 64, bn_g2);
  assert_int_equal(crypto_bn254_pairing(&one, slice_of(pair, 192)), 0);
  assert_true(one);
  pair[31] = 1;
  pair[63] = 2;
  assert_int_equal(crypto_bn254_pairing(&one, slice_of(pair, 192)), 0);
  assert_false(one);
  assert_int_equal(crypto_bn254_pairing(&one, slice_of(pair, 191)), ERR_INPUT);
  pair[64] ^= 1;
  assert_int_equal(crypto_bn254_pairing(&one, slice_of(pair, 192)), ERR_INPUT);
  assert_false(one);
}

static void bn254_pairing_when_q_outside_group_then_refused(void **state) {
  u8 pair[192] = {0};
  bool one;
  (void)state;
  pair[31] = 1;
  pair[63] = 2;
  put_hex(pair + 64, bn_outside);
  assert_int_equal(crypto_bn254_pairing(&one, slice_of(pair, 192)), ERR_INPUT);
}

/*---------------------------------------------------------------- BLS12-381 */

static const char bls_g1[] =
    "0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f"
    "9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb0000000000000000"
    "000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb"
    "2c04b3edd03cc744a2888ae40caa232946c5e7e1";
static const char bls_g2[] =
    "00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4"
    "fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb80000000000000000"
    "000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bb"
    "dc7f5049334cf11213945d57e5ac7d055d042b7e00000000000000000000000000000000"
    "0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc"
    "3baca289e193548608b82801000000000000000000000000000000000606c4a02ea734cc"
    "32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075f"
    "f05f79be";
static const char bls_order[] =
    "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";

typedef err msm_fn(u8 *out, slice in);
static err msm_g1(u8 *out, slice in) { return crypto_bls_g1_msm(out, in); }
static err msm_g2(u8 *out, slice in) { return crypto_bls_g2_msm(out, in); }
typedef err add_fn(u8 *out, const u8 *in);
static err add_g1(u8 *out, const u8 *in) { return crypto_bls_g1_add(out, in); }
static err add_g2(u8 *out, const u8 *in) { return crypto_bls_g2_add(out, in); }

static void fill_scalar(u8 k[32], u32 seed) {
  for (int i = 0; i < 32; i++) {
    seed = seed * 1664525 + 1013904223;
    k[i] = (u8)(seed >> 24);
  }
}

/* A sum of n products at once equals the products added one by one, for n
** around the borders of chunks; scalars of all sizes, above the order too. */
static void check_msm(const char *g, size_t len, msm_fn *msm, add_fn *add) {
  enum { N = 19 };
  size_t pair = len + 32;
  u8 *in = calloc(N, pair), *sum = calloc(2, len), *got = malloc(len);
  for (u32 i = 0; i < N; i++) {
    u8 *at = in + i * pair, first[256 + 32];
    put_hex(first, g);
    memset(first + len, 0, 32);
    first[len + 31] = (u8)(i + 1);
    assert_int_equal(msm(at, slice_of(first, pair)), 0);
    fill_scalar(at + len, i);
    memset(at + len, 0, i % 4 * 8);
    if (i == 5) put_hex(at + len, bls_order);
    if (i == 6) memset(at, 0, len);
    if (i == 7) memset(at + len, 0xff, 32);
    assert_int_equal(msm(sum + len, slice_of(at, pair)), 0);
    assert_int_equal(add(got, sum), 0);
    memcpy(sum, got, len);
    assert_int_equal(msm(got, slice_of(in, (i + 1) * pair)), 0);
    assert_memory_equal(got, sum, len);
  }
  assert_int_equal(msm(got, slice_of(in, 0)), ERR_INPUT);
  assert_int_equal(msm(got, slice_of(in, pair - 1)), ERR_INPUT);
  free(in);
  free(sum);
  free(got);
}
static void bls_g1_msm_when_many_then_sum_of_products(void **state) {
  (void)state;
  check_msm(bls_g1, 128, msm_g1, add_g1);
}
static void bls_g2_msm_when_many_then_sum_of_products(void **state) {
  (void)state;
  check_msm(bls_g2, 256, msm_g2, add_g2);
}

/* Multiples by small numbers are repeated additions, doublings included. */
static void bls_when_multiplied_then_as_repeated_addition(void **state) {
  u8 g1[256] = {0}, g2[512] = {0}, in[288], out[256];
  (void)state;
  put_hex(g1 + 128, bls_g1);
  put_hex(g2 + 256, bls_g2);
  for (int i = 1; i <= 40; i++) {
    assert_int_equal(crypto_bls_g1_add(out, g1), 0);
    memcpy(g1, out, 128);
    put_hex(in, bls_g1);
    memset(in + 128, 0, 32);
    in[159] = (u8)i;
    assert_int_equal(crypto_bls_g1_msm(out, slice_of(in, 160)), 0);
    assert_memory_equal(out, g1, 128);
    assert_int_equal(crypto_bls_g2_add(out, g2), 0);
    memcpy(g2, out, 256);
    put_hex(in, bls_g2);
    memset(in + 256, 0, 32);
    in[287] = (u8)i;
    assert_int_equal(crypto_bls_g2_msm(out, slice_of(in, 288)), 0);
    assert_memory_equal(out, g2, 256);
  }
}

/* e(aG, bH) = e(abG, H), by multiplying with the negative. */
static void bls_pairing_when_bilinear_then_one(void **state) {
  u8 pairs[2 * 384], g1[160], g2[288];
  bool one;
  (void)state;
  for (u32 i = 0; i < 4; i++) {
    put_hex(g1, bls_g1);
    put_hex(g2, bls_g2);
    memset(g1 + 128, 0, 32);
    memset(g2 + 256, 0, 32);
    g1[159] = (u8)(3 + i);
    g2[287] = 5;
    assert_int_equal(crypto_bls_g1_msm(pairs, slice_of(g1, 160)), 0);
    assert_int_equal(crypto_bls_g2_msm(pairs + 128, slice_of(g2, 288)), 0);
    /* -(3 + i) * 5 = order - (3 + i) * 5 */
    put_hex(g1 + 128, bls_order);
    count_down(g1 + 128, (int)(3 + i) * 5);
    assert_int_equal(crypto_bls_g1_msm(pairs + 384, slice_of(g1, 160)), 0);
    memcpy(pairs + 512, g2, 256);
    assert_int_equal(crypto_bls_pairing(&one, slice_of(pairs, 768)), 0);
    assert_true(one);
    assert_int_equal(crypto_bls_pairing(&one, slice_of(pairs, 384)), 0);
    assert_false(one);
  }
  assert_int_equal(crypto_bls_pairing(&one, slice_of(pairs, 0)), ERR_INPUT);
  assert_int_equal(crypto_bls_pairing(&one, slice_of(pairs, 383)), ERR_INPUT);
}

/* The image of a map is in the group: the pairing takes it. */
static void bls_map_when_any_input_then_in_group(void **state) {
  u8 u[128], pair[384];
  bool one;
  (void)state;
  for (u32 i = 0; i < 12; i++) {
    memset(u, 0, sizeof u);
    if (i > 1) {
      fill_scalar(u + 20, i);
      fill_scalar(u + 84, i + 100);
    }
    if (i == 1) u[63] = 1;
    if (i == 3) memset(u + 64, 0, 64);
    if (i == 4) memset(u, 0, 64);
    assert_int_equal(crypto_bls_map_g1(pair, u), 0);
    assert_int_equal(crypto_bls_map_g2(pair + 128, u), 0);
    assert_int_equal(crypto_bls_pairing(&one, slice_of(pair, 384)), 0);
    assert_false(one);
  }
  u[0] = 1;
  assert_int_equal(crypto_bls_map_g1(pair, u), ERR_INPUT);
  assert_int_equal(crypto_bls_map_g2(pair, u), ERR_INPUT);
}

/*---------------------------------------------------------------------- KZG */

static void kzg_when_points_infinite_then_zero_polynomial(void **state) {
  u8 c[48] = {0xc0}, zero[32] = {0}, z[32] = {0}, big[32];
  (void)state;
  z[31] = 9;
  assert_int_equal(crypto_kzg_verify(c, z, zero, c), 0);
  assert_int_equal(crypto_kzg_verify(c, z, z, c), ERR_SIGNATURE);
  put_hex(big, bls_order);
  assert_int_equal(crypto_kzg_verify(c, big, zero, c), ERR_INPUT);
  assert_int_equal(crypto_kzg_verify(c, z, big, c), ERR_INPUT);
  c[47] = 1;
  assert_int_equal(crypto_kzg_verify(c, z, zero, c), ERR_INPUT);
  c[47] = 0;
  c[0] = 0xe0;
  assert_int_equal(crypto_kzg_verify(c, z, zero, c), ERR_INPUT);
  c[0] = 0x40;
  assert_int_equal(crypto_kzg_verify(c, z, zero, c), ERR_INPUT);
}

/* The constant polynomial 1: its commitment is the generator, its opening
** anywhere is 1 with the proof at infinity. */
static void kzg_when_polynomial_constant_then_opens_to_it(void **state) {
  u8 c[48], inf[48] = {0xc0}, z[32] = {0}, one[32] = {0};
  (void)state;
  put_hex(c, "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c"
             "55e83ff97a1aeffb3af00adb22c6bb");
  one[31] = 1;
  for (int i = 0; i < 5; i++) {
    z[20] = (u8)(7 * i);
    assert_int_equal(crypto_kzg_verify(c, z, one, inf), 0);
    assert_int_equal(crypto_kzg_verify(c, z, z, inf), ERR_SIGNATURE);
    assert_int_equal(crypto_kzg_verify(c, z, one, c), ERR_SIGNATURE);
  }
}

/*--------------------------------------------------------------------- P-256 */

/* r and s of any size and points that are none must not pass. */
static void p256_when_out_of_range_then_refused(void **state) {
  u8 digest[32] = {1}, r_s[64], pub[64] = {0};
  (void)state;
  memset(r_s, 1, 64);
  assert_false(crypto_p256_verify(digest, r_s, pub));
  memset(pub, 0xff, 64);
  assert_false(crypto_p256_verify(digest, r_s, pub));
  put_hex(pub, "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
               "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5");
  assert_false(crypto_p256_verify(digest, r_s, pub));
  memset(r_s, 0, 32);
  assert_false(crypto_p256_verify(digest, r_s, pub));
  memset(r_s, 1, 32);
  memset(r_s + 32, 0, 32);
  assert_false(crypto_p256_verify(digest, r_s, pub));
}

static int start(void **state) {
  (void)state;
  crypto_init(NULL);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
      cmocka_unit_test(limbs_when_multiplied_then_asm_equals_c),
#endif
      cmocka_unit_test(limbs_when_inverted_then_product_is_one),
      cmocka_unit_test(bls_pairing_when_vectors_then_value_equals_c),
      cmocka_unit_test(bls_msm_when_edge_scalars_then_lanes_equal_c),
      cmocka_unit_test(bls_points_when_of_small_order_then_refused),
      cmocka_unit_test(digits_when_summed_then_the_number),
      cmocka_unit_test(bn254_when_multiplied_then_as_repeated_addition),
      cmocka_unit_test(bn254_when_factor_at_order_then_wraps),
      cmocka_unit_test(bn254_when_opposite_or_infinite_then_sum_right),
      cmocka_unit_test(bn254_when_not_a_point_then_refused),
      cmocka_unit_test(bn254_pairing_when_product_cancels_then_one),
      cmocka_unit_test(bn254_pairing_when_trivial_then_one),
      cmocka_unit_test(bn254_pairing_when_q_outside_group_then_refused),
      cmocka_unit_test(bls_g1_msm_when_many_then_sum_of_products),
      cmocka_unit_test(bls_g2_msm_when_many_then_sum_of_products),
      cmocka_unit_test(bls_when_multiplied_then_as_repeated_addition),
      cmocka_unit_test(bls_pairing_when_bilinear_then_one),
      cmocka_unit_test(bls_map_when_any_input_then_in_group),
      cmocka_unit_test(kzg_when_points_infinite_then_zero_polynomial),
      cmocka_unit_test(kzg_when_polynomial_constant_then_opens_to_it),
      cmocka_unit_test(p256_when_out_of_range_then_refused),
  };
  return cmocka_run_group_tests_name("crypto_curve", tests, start, NULL);
}
