/* fuzz_recover.c - public keys from signatures: our recovery, by the code for
** this CPU and in plain C, singly and eight at a time, against libsecp256k1.
**
** The input is a digest, r, s and v as they are; or, if its first byte is odd,
** r is the x of k G for a small k, and s and the digest are made of the two
** factors that they then have in the sum, so that the sum's points meet. */
#include <gmp.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>

#include "crypto/mont_x86.h"
#include "crypto/secp256k1.h"
#include "crypto/secp256k1_x8.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static bool by_library(u8 pub[64], const hash32 *digest,
                       const struct sig65 *sig) {
  const secp256k1_context *ctx = secp256k1_context_static;
  secp256k1_ecdsa_recoverable_signature rs;
  secp256k1_pubkey p;
  u8 r_s[64], text[65];
  size_t len = sizeof text;
  memcpy(r_s, sig->r, 32);
  memcpy(r_s + 32, sig->s, 32);
  if (sig->v > 1 ||
      !secp256k1_ecdsa_recoverable_signature_parse_compact(ctx, &rs, r_s,
                                                           sig->v) ||
      !secp256k1_ecdsa_recover(ctx, &p, &rs, digest->b)) {
    return false;
  }
  MUST(secp256k1_ec_pubkey_serialize(ctx, text, &len, &p,
                                     SECP256K1_EC_UNCOMPRESSED));
  memcpy(pub, text + 1, 64);
  return true;
}

/* out = r factor modulo n. */
static void times(u8 out[32], const u8 r[32], const u8 factor[32]) {
  mpz_t a, b, n;
  size_t size;
  mpz_inits(a, b, n, NULL);
  mpz_set_str(
      n, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
      16);
  mpz_import(a, 32, 1, 1, 1, 0, r);
  mpz_import(b, 32, 1, 1, 1, 0, factor);
  mpz_mul(a, a, b);
  mpz_mod(a, a, n);
  size = (mpz_sizeinbase(a, 2) + 7) / 8;
  memset(out, 0, 32);
  if (mpz_sgn(a)) mpz_export(out + 32 - size, NULL, 1, 1, 1, 0, a);
  mpz_clears(a, b, n, NULL);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  u8 in[98] = {0}, want[64] = {0};
  hash32 digest;
  struct sig65 sig;
  if (len == 0) return 0;
  memcpy(in, data, len < sizeof in ? len : sizeof in);
  crypto_init(NULL);
  memcpy(digest.b, in + 1, 32);
  memcpy(sig.r, in + 33, 32);
  memcpy(sig.s, in + 65, 32);
  sig.v = in[97];
  if (in[0] & 1) {
    const u8 key[32] = {[15] = in[0] >> 6, [31] = 1 + (in[0] >> 1 & 31)};
    u8 pub[64];
    MUST(crypto_pubkey(pub, key) == ERR_OK);
    memcpy(sig.r, pub, 32);
    sig.v = (pub[63] ^ in[97]) & 1;
    times(sig.s, pub, in + 65);
    times(digest.b, pub, in + 1);
  }
  bool is = by_library(want, &digest, &sig);
  for (u32 fast = 0; fast < 2; fast++) {
    u8 got[64] = {0};
    crypto_mont_select(fast);
    MUST(crypto_recover(got, &digest, &sig) ==
         (is ? ERR_OK : ERR_SIGNATURE));
    MUST(memcmp(got, want, 64) == 0);
  }
  if (crypto_x8_on) {
    u8 got[CRYPTO_X8_LANES][64];
    memset(got, 0, sizeof got);
    if (crypto_x8_recover(got, &digest, &sig, 1)) {
      MUST(is && memcmp(got[0], want, 64) == 0);
    }
  }
  return 0;
}
