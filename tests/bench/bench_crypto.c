/* bench_crypto.c - speed of hashing and signature recovery on one core, as
** JSON lines.  Each figure is the best of several runs of about 50 ms. */
#include <stdio.h>
#include <time.h>

#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "crypto/p256.h"
#include "crypto/secp256k1.h"
#include "crypto/vrf.h"

enum { BENCH_RUNS = 5, BENCH_LONG = 1 << 16, BENCH_CNT = 1024 };

static double bench_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds a call, the best of BENCH_RUNS. */
static double bench_time(void (*fn)(void)) {
  double best = 1e9;
  for (int r = 0; r < BENCH_RUNS; r++) {
    double start = bench_now(), took;
    int cnt = 0;
    do {
      fn();
      cnt++;
      took = bench_now() - start;
    } while (took < 0.05);
    if (took / cnt < best) best = took / cnt;
  }
  return best;
}

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

int main(void) {
  static const char *const impls[] = {"c", "avx2", "avx512"};
  crypto_init(NULL);
  for (int i = 0; i < BENCH_LONG; i++) bench_data[i] = (u8)(i * 31);
  for (int i = 0; i < BENCH_CNT; i++)
    bench_in[i] = slice_of(bench_data + 17 * i, 64);
  for (size_t i = 0; i < ARRAY_LEN(impls); i++) {
    if (!crypto_keccak_select(impls[i])) continue;
    bench_print("keccak_long", impls[i],
                BENCH_LONG / bench_time(bench_keccak_long) / 1e6, "MB/s");
    bench_print("keccak_64B", impls[i],
                bench_time(bench_keccak_short) / BENCH_CNT * 1e9, "ns");
    bench_print("keccak_64B_batch8", impls[i],
                bench_time(bench_keccak_batch8) / BENCH_CNT * 1e9, "ns");
    bench_print("keccak_64B_batch1024", impls[i],
                bench_time(bench_keccak_batch) / BENCH_CNT * 1e9, "ns");
  }
  crypto_keccak_select(NULL);
  bench_print("sha256_long", NULL,
              BENCH_LONG / bench_time(bench_sha256_long) / 1e6, "MB/s");
  memset(bench_digest.b, 0x5a, 32);
  MUST(crypto_sign(&bench_sig, bench_key, &bench_digest) == 0);
  MUST(crypto_pubkey(bench_pub, bench_key) == 0);
  bench_print("ecrecover", NULL, 1 / bench_time(bench_recover), "1/s");
  bench_print("ecdsa_verify", NULL, 1 / bench_time(bench_verify), "1/s");
  bench_print("ecdsa_sign", NULL, 1 / bench_time(bench_sign), "1/s");
  bench_print("p256_verify", NULL, 1 / bench_time(bench_p256), "1/s");
  bench_print("vrf_prove", NULL, 1 / bench_time(bench_vrf_prove), "1/s");
  return 0;
}
