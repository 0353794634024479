/* bench_crypto.c - speed of hashing and signature recovery on one core, as
** JSON lines.  Each figure is the best of several runs of about 40 ms of the
** thread's own time. */
#include <stdio.h>

#include "bench/bench_curve.h"
#include "bench/bench_time.h"
#include "crypto/bls12_381.h"
#include "crypto/bn254.h"
#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "crypto/kzg.h"
#include "crypto/p256.h"
#include "crypto/secp256k1.h"
#include "crypto/vrf.h"

enum { BENCH_LONG = 1 << 16, BENCH_CNT = 1024 };

static void bench_print(const char *name, const char *variant, double value,
                        const char *unit) {
  printf("{\"name\":\"%s%s%s\",\"value\":%.1f,\"unit\":\"%s\"}\n", name,
         variant ? "_" : "", variant ? variant : "", value, unit);
}

static u8 bench_data[BENCH_LONG];
static slice bench_in[BENCH_CNT];
static hash32 bench_out[BENCH_CNT];
static u8 bench_key[32] = {1, 2, 3};
static hash32 bench_digest;
static struct sig65 bench_sig;
static u8 bench_pub[64];

static void bench_keccak_long(void) {
  crypto_keccak256(bench_out, bench_data, BENCH_LONG);
}
static void bench_keccak_short(void) {
  for (int i = 0; i < BENCH_CNT; i++)
    crypto_keccak256(&bench_out[i], bench_in[i].ptr, bench_in[i].len);
}
static void bench_keccak_batch(void) {
  crypto_keccak256_batch(bench_out, bench_in, BENCH_CNT);
}
static void bench_keccak_batch8(void) {
  for (int i = 0; i < BENCH_CNT; i += 8)
    crypto_keccak256_batch(bench_out + i, bench_in + i, 8);
}
static void bench_sha256_long(void) {
  u8 out[32];
  crypto_sha256(out, bench_data, BENCH_LONG);
}
static void bench_recover(void) {
  addr20 a;
  MUST(crypto_recover_addr(&a, &bench_digest, &bench_sig) == 0);
}
static void bench_sign(void) {
  struct sig65 s;
  MUST(crypto_sign(&s, bench_key, &bench_digest) == 0);
}
static void bench_verify(void) {
  u8 r_s[64];
  memcpy(r_s, bench_sig.r, 32);
  memcpy(r_s + 32, bench_sig.s, 32);
  MUST(crypto_verify(bench_pub, &bench_digest, r_s));
}
/* Any numbers below n and a point of the curve (the generator) cost the same
** as a good signature. */
static void bench_p256(void) {
  static const u8 g[64] = {
      0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
      0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
      0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f,
      0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a,
      0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e,
      0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};
  u8 r_s[64];
  for (int i = 0; i < 64; i++) r_s[i] = (u8)(0x55 + i * 7 % 97);
  MUST(!crypto_p256_verify(bench_digest.b, r_s, g));
}
static void bench_vrf_prove(void) {
  u8 proof[CRYPTO_VRF_PROOF_LEN];
  MUST(crypto_vrf_prove(proof, bench_key, hash32_slice(&bench_digest)) == 0);
}
/* Infinity costs nothing, so the pairs are the generators: one pair and its
** negative, as contracts check them. */
static u8 bench_bn_pairs[2 * 192], bench_bn_mul[96];
static void bench_bn254_setup(void) {
  memset(bench_bn_mul, 0x5b, sizeof bench_bn_mul);
  memset(bench_bn_mul, 0, 64);
  bench_bn_mul[31] = 1;
  bench_bn_mul[63] = 2;
  memcpy(bench_bn_pairs, bench_bn_mul, 64);
  memcpy(bench_bn_pairs + 64, bench_bn254_g2, 128);
  MUST(crypto_bn254_mul(bench_bn_pairs + 192, bench_bn_mul) == 0);
  memcpy(bench_bn_pairs + 256, bench_bn254_g2, 128);
}
static void bench_bn254_mul(void) {
  u8 out[64];
  MUST(crypto_bn254_mul(out, bench_bn_mul) == 0);
}
static void bench_bn254_add(void) {
  u8 out[64], in[128];
  memcpy(in, bench_bn_pairs, 64);
  memcpy(in + 64, bench_bn_pairs + 192, 64);
  MUST(crypto_bn254_add(out, in) == 0);
}
static void bench_bn254_pairing(void) {
  bool one;
  MUST(crypto_bn254_pairing(&one, slice_of(bench_bn_pairs, 384)) == 0);
}
/* Maps give points of the group to work on. */
static u8 bench_bls_g1[64 * 160], bench_bls_g2[16 * 288], bench_bls_pair[768];
static void bench_bls_setup(void) {
  u8 u[128] = {0};
  for (u8 i = 0; i < 64; i++) {
    u[63] = u[127] = i;
    MUST(crypto_bls_map_g1(bench_bls_g1 + 160 * i, u) == 0);
    memset(bench_bls_g1 + 160 * i + 128, 0x35 + i, 32);
    if (i >= 16) continue;
    MUST(crypto_bls_map_g2(bench_bls_g2 + 288 * i, u) == 0);
    memset(bench_bls_g2 + 288 * i + 256, 0x35 + i, 32);
  }
  for (int i = 0; i < 2; i++) {
    memcpy(bench_bls_pair + 384 * i, bench_bls_g1 + 160 * i, 128);
    memcpy(bench_bls_pair + 384 * i + 128, bench_bls_g2 + 288 * i, 256);
  }
}
static void bench_bls_g1_add(void) {
  u8 out[128], in[256];
  memcpy(in, bench_bls_g1, 128);
  memcpy(in + 128, bench_bls_g1 + 160, 128);
  MUST(crypto_bls_g1_add(out, in) == 0);
}
static void bench_bls_g1_mul(void) {
  u8 out[128];
  MUST(crypto_bls_g1_msm(out, slice_of(bench_bls_g1, 160)) == 0);
}
static void bench_bls_g1_msm64(void) {
  u8 out[128];
  MUST(crypto_bls_g1_msm(out, slice_of(bench_bls_g1, 64 * 160)) == 0);
}
static void bench_bls_g2_msm16(void) {
  u8 out[256];
  MUST(crypto_bls_g2_msm(out, slice_of(bench_bls_g2, 16 * 288)) == 0);
}
static void bench_bls_pairing(void) {
  bool one;
  MUST(crypto_bls_pairing(&one, slice_of(bench_bls_pair, 768)) == 0);
}
static void bench_bls_map_g1(void) {
  u8 out[128], u[64] = {0};
  u[63] = 7;
  MUST(crypto_bls_map_g1(out, u) == 0);
}
static void bench_bls_map_g2(void) {
  u8 out[256], u[128] = {0};
  u[63] = 7;
  MUST(crypto_bls_map_g2(out, u) == 0);
}
/* The constant polynomial 1. */
static void bench_kzg(void) {
  static const u8 c[48] = {
      0x97, 0xf1, 0xd3, 0xa7, 0x31, 0x97, 0xd7, 0x94, 0x26, 0x95, 0x63, 0x8c,
      0x4f, 0xa9, 0xac, 0x0f, 0xc3, 0x68, 0x8c, 0x4f, 0x97, 0x74, 0xb9, 0x05,
      0xa1, 0x4e, 0x3a, 0x3f, 0x17, 0x1b, 0xac, 0x58, 0x6c, 0x55, 0xe8, 0x3f,
      0xf9, 0x7a, 0x1a, 0xef, 0xfb, 0x3a, 0xf0, 0x0a, 0xdb, 0x22, 0xc6, 0xbb};
  u8 z[32], y[32] = {0};
  memset(z, 0x35, 32);
  MUST(crypto_kzg_verify(c, z, y, c) == ERR_SIGNATURE);
}

static const struct {
  const char *name;
  void (*fn)(void);
  double scale; /* operations in one call */
} bench_curve[] = {
    {"bn254_add", bench_bn254_add, 1},
    {"bn254_mul", bench_bn254_mul, 1},
    {"bn254_pairing2", bench_bn254_pairing, 1},
    {"bls_g1_add", bench_bls_g1_add, 1},
    {"bls_g1_mul", bench_bls_g1_mul, 1},
    {"bls_g1_msm64_each", bench_bls_g1_msm64, 64},
    {"bls_g2_msm16_each", bench_bls_g2_msm16, 16},
    {"bls_pairing2", bench_bls_pairing, 1},
    {"bls_map_g1", bench_bls_map_g1, 1},
    {"bls_map_g2", bench_bls_map_g2, 1},
    {"kzg_verify", bench_kzg, 1},
    {"p256_verify", bench_p256, 1},
};

int main(void) {
  static const char *const impls[] = {"c", "avx2", "avx512"};
  crypto_init(NULL);
  for (int i = 0; i < BENCH_LONG; i++) bench_data[i] = (u8)(i * 31);
  for (int i = 0; i < BENCH_CNT; i++)
    bench_in[i] = slice_of(bench_data + 17 * i, 64);
  for (size_t i = 0; i < ARRAY_LEN(impls); i++) {
    if (!crypto_keccak_select(impls[i])) continue;
    bench_print("keccak_long", impls[i],
                BENCH_LONG / bench_best(bench_keccak_long) / 1e6, "MB/s");
    bench_print("keccak_64B", impls[i],
                bench_best(bench_keccak_short) / BENCH_CNT * 1e9, "ns");
    bench_print("keccak_64B_batch8", impls[i],
                bench_best(bench_keccak_batch8) / BENCH_CNT * 1e9, "ns");
    bench_print("keccak_64B_batch1024", impls[i],
                bench_best(bench_keccak_batch) / BENCH_CNT * 1e9, "ns");
  }
  crypto_keccak_select(NULL);
  bench_print("sha256_long", NULL,
              BENCH_LONG / bench_best(bench_sha256_long) / 1e6, "MB/s");
  memset(bench_digest.b, 0x5a, 32);
  MUST(crypto_sign(&bench_sig, bench_key, &bench_digest) == 0);
  MUST(crypto_pubkey(bench_pub, bench_key) == 0);
  bench_print("ecrecover", NULL, 1 / bench_best(bench_recover), "1/s");
  bench_print("ecdsa_verify", NULL, 1 / bench_best(bench_verify), "1/s");
  bench_print("ecdsa_sign", NULL, 1 / bench_best(bench_sign), "1/s");
  bench_print("vrf_prove", NULL, 1 / bench_best(bench_vrf_prove), "1/s");
  bench_bn254_setup();
  bench_bls_setup();
  for (size_t i = 0; i < ARRAY_LEN(bench_curve); i++)
    bench_print(bench_curve[i].name, NULL,
                bench_best(bench_curve[i].fn) / bench_curve[i].scale * 1e6,
                "us");
  return 0;
}
