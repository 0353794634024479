/* fuzz_crypto.c - the first byte chooses an operation, the rest is its input.
** The code for this CPU and plain C must agree on verdict and result. */
#include "crypto/bls12_381.h"
#include "crypto/bls12_x4.h"
#include "crypto/bn254.h"
#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "crypto/kzg.h"
#include "crypto/modexp.h"
#include "crypto/mont_x86.h"
#include "crypto/p256.h"
#include "crypto/secp256k1.h"
#include "crypto/vrf.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

enum { IN_MAX = 1024, OUT_MAX = 256 };

/* Pairs per input: enough to fill one Miller loop, short enough to try many. */
static slice cut(const u8 *in, size_t len, size_t pair) {
  size_t cnt = len / pair;
  return slice_of(in, pair * (cnt < 2 ? cnt : 2));
}

/* in has IN_MAX bytes, zero behind len. */
static err run(u8 out[OUT_MAX], u8 op, const u8 *in, size_t len) {
  bool one = false;
  err e;
  u64 word[26];
  switch (op % 15) {
    case 0: return crypto_bn254_add(out, in);
    case 1: return crypto_bn254_mul(out, in);
    case 2:
      e = crypto_bn254_pairing(&one, cut(in, len, 192));
      out[0] = one;
      return e;
    case 3: return crypto_bls_g1_add(out, in);
    case 4: return crypto_bls_g2_add(out, in);
    case 5: return crypto_bls_g1_msm(out, cut(in, len, 160));
    case 6: return crypto_bls_g2_msm(out, cut(in, len, 288));
    case 7:
      e = crypto_bls_pairing(&one, cut(in, len, 384));
      out[0] = one;
      return e;
    case 8: return crypto_bls_map_g1(out, in);
    case 9: return crypto_bls_map_g2(out, in);
    case 10: return crypto_kzg_verify(in, in + 48, in + 80, in + 112);
    case 11: return crypto_p256_verify(in, in + 32, in + 96);
    case 12: return crypto_vrf_verify(out, in, slice_of(in + 145, 8), in + 64);
    case 13:
      memcpy(word, in, sizeof word);
      crypto_blake2f(word, word + 8, word + 24, op & 16, in[208] % 40u);
      memcpy(out, word, 64);
      return 0;
    default:
      crypto_modexp(out, slice_of(in, 40), slice_of(in + 40, 8),
                    slice_of(in + 48, len % OUT_MAX));
      return 0;
  }
}

static void hash(hash32 out[9], const u8 *in, size_t len) {
  slice part[8];
  for (size_t i = 0; i < 8; i++)
    part[i] = slice_of(in + len * i / 16, len - len * i / 16);
  crypto_keccak256_batch(out, part, 8);
  crypto_keccak256(&out[8], in, len);
  MUST(hash32_eq(&out[0], &out[8]));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  u8 in[IN_MAX] = {0}, fast[OUT_MAX] = {0}, plain[OUT_MAX] = {0};
  hash32 h[9], g[9];
  err e;
  if (len == 0) return 0;
  if (len > IN_MAX) len = IN_MAX;
  memcpy(in, data + 1, len - 1);
  crypto_init(NULL);
  e = run(fast, data[0], in, len - 1);
  hash(h, in, len - 1);
  crypto_mont_select(false);
  crypto_bls_x4_select(false);
  crypto_blake2_select("c");
  crypto_keccak_select("c");
  MUST(run(plain, data[0], in, len - 1) == e);
  MUST(memcmp(fast, plain, OUT_MAX) == 0);
  hash(g, in, len - 1);
  MUST(memcmp(h, g, sizeof h) == 0);
  return 0;
}
