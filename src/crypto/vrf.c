/* vrf.c - ECVRF over secp256k1 (RFC 9381 section 5), without curve code of our
** own: a point times a secret is secp256k1_ecdh with a "hash" that copies the
** point (constant time, which the library's pubkey_tweak_mul is not), a point
** times a public number is pubkey_tweak_mul, sums are its public calls too.
**
** Scalars that are zero and points at infinity are refused where RFC 9381
** would carry on; an honest proof meets one with probability 2^-128. */
#include "crypto/vrf.h"

#include <secp256k1.h>
#include <secp256k1_ecdh.h>

#include "crypto/hash.h"
#include "crypto/secp256k1.h"

enum {
  VRF_SUITE = 0xfe,
  VRF_POINT_LEN = 33,
  VRF_C_LEN = 16,
  /* Each try succeeds with probability one half. */
  VRF_TRY_MAX = 256,
};
/* Domain bytes of RFC 9381. */
enum { VRF_ENCODE = 1, VRF_CHALLENGE = 2, VRF_OUTPUT = 3, VRF_BACK = 0 };

typedef secp256k1_pubkey vrf_point;
#define VRF_CTX secp256k1_context_static

static void vrf_store(u8 out[VRF_POINT_LEN], const vrf_point *p) {
  size_t len = VRF_POINT_LEN;
  MUST(secp256k1_ec_pubkey_serialize(VRF_CTX, out, &len, p,
                                     SECP256K1_EC_COMPRESSED));
}

static bool vrf_load(vrf_point *p, const u8 in[VRF_POINT_LEN]) {
  return secp256k1_ec_pubkey_parse(VRF_CTX, p, in, VRF_POINT_LEN);
}

/* Try and increment (5.4.1.1): the first counter whose hash is an x with an
** even y on the curve. */
static err vrf_hash_to_point(vrf_point *h, const u8 pub[VRF_POINT_LEN],
                             slice alpha) {
  const u8 front[2] = {VRF_SUITE, VRF_ENCODE};
  struct sha256 base;
  u8 x[VRF_POINT_LEN] = {2};
  sha256_init(&base);
  sha256_update(&base, front, 2);
  sha256_update(&base, pub, VRF_POINT_LEN);
  sha256_update(&base, alpha.ptr, alpha.len);
  for (int i = 0; i < VRF_TRY_MAX; i++) {
    const u8 back[2] = {(u8)i, VRF_BACK};
    struct sha256 s = base;
    sha256_update(&s, back, 2);
    sha256_final(&s, x + 1);
    if (vrf_load(h, x)) return ERR_OK;
  }
  return ERR_LIMIT;
}

/* c as a 32-byte scalar whose first half is zero (5.4.3). */
static void vrf_challenge(u8 c[32], const u8 points[5 * VRF_POINT_LEN]) {
  const u8 front[2] = {VRF_SUITE, VRF_CHALLENGE}, back = VRF_BACK;
  struct sha256 s;
  u8 full[32];
  sha256_init(&s);
  sha256_update(&s, front, 2);
  sha256_update(&s, points, 5 * VRF_POINT_LEN);
  sha256_update(&s, &back, 1);
  sha256_final(&s, full);
  memset(c, 0, 32 - VRF_C_LEN);
  memcpy(c + 32 - VRF_C_LEN, full, VRF_C_LEN);
}

void crypto_vrf_output(u8 beta[32], const u8 proof[CRYPTO_VRF_PROOF_LEN]) {
  const u8 front[2] = {VRF_SUITE, VRF_OUTPUT}, back = VRF_BACK;
  struct sha256 s;
  sha256_init(&s);
  sha256_update(&s, front, 2);
  sha256_update(&s, proof, VRF_POINT_LEN);
  sha256_update(&s, &back, 1);
  sha256_final(&s, beta);
}

/*------------------------------------------------------------------ prove */

static int vrf_copy_point(unsigned char *out, const unsigned char *x,
                          const unsigned char *y, void *data) {
  (void)data;
  out[0] = 2 + (y[31] & 1);
  memcpy(out + 1, x, 32);
  return 1;
}

static bool vrf_mul_secret(u8 out[VRF_POINT_LEN], const vrf_point *p,
                           const u8 scalar[32]) {
  return secp256k1_ecdh(crypto_secp_ctx(), out, p, scalar, vrf_copy_point,
                        NULL);
}

static void vrf_nonce(u8 k[32], const u8 key[32],
                      const u8 h[VRF_POINT_LEN]) {
  u8 digest[32];
  crypto_sha256(digest, h, VRF_POINT_LEN);
  for (unsigned i = 0;; i++) {
    MUST(secp256k1_nonce_function_rfc6979(k, digest, key, NULL, NULL, i));
    if (crypto_seckey_valid(k)) return;
  }
}

err crypto_vrf_prove(u8 proof[CRYPTO_VRF_PROOF_LEN], const u8 key[32],
                     slice alpha) {
  /* Y, H, Gamma, U = kB, V = kH: what the challenge hashes. */
  u8 points[5 * VRF_POINT_LEN], c[32], k[32], s[32];
  u8 *gamma = points + 2 * VRF_POINT_LEN;
  vrf_point y, h, u;
  bool ok;
  if (!secp256k1_ec_pubkey_create(crypto_secp_ctx(), &y, key))
    return ERR_RANGE;
  vrf_store(points, &y);
  TRY(vrf_hash_to_point(&h, points, alpha));
  vrf_store(points + VRF_POINT_LEN, &h);
  vrf_nonce(k, key, points + VRF_POINT_LEN);
  ok = vrf_mul_secret(gamma, &h, key) &&
       secp256k1_ec_pubkey_create(crypto_secp_ctx(), &u, k) &&
       vrf_mul_secret(points + 4 * VRF_POINT_LEN, &h, k);
  if (ok) {
    vrf_store(points + 3 * VRF_POINT_LEN, &u);
    vrf_challenge(c, points);
    memcpy(s, key, 32);
    ok = secp256k1_ec_seckey_tweak_mul(VRF_CTX, s, c) &&
         secp256k1_ec_seckey_tweak_add(VRF_CTX, s, k);
  }
  if (ok) {
    memcpy(proof, gamma, VRF_POINT_LEN);
    memcpy(proof + VRF_POINT_LEN, c + 32 - VRF_C_LEN, VRF_C_LEN);
    memcpy(proof + VRF_POINT_LEN + VRF_C_LEN, s, 32);
  }
  mem_wipe(k, sizeof k);
  mem_wipe(s, sizeof s);
  return ok ? ERR_OK : ERR_RANGE;
}

/*----------------------------------------------------------------- verify */

/* out = s*base - c*p for public numbers; base NULL for the generator. */
static bool vrf_mul_sub(vrf_point *out, const vrf_point *base, const u8 s[32],
                        const vrf_point *p, const u8 c[32]) {
  vrf_point t = *p, b;
  const vrf_point *sum[2] = {&t, &b};
  if (!secp256k1_ec_pubkey_tweak_mul(VRF_CTX, &t, c) ||
      !secp256k1_ec_pubkey_negate(VRF_CTX, &t))
    return false;
  if (!base) {
    *out = t;
    return secp256k1_ec_pubkey_tweak_add(VRF_CTX, out, s);
  }
  b = *base;
  return secp256k1_ec_pubkey_tweak_mul(VRF_CTX, &b, s) &&
         secp256k1_ec_pubkey_combine(VRF_CTX, out, sum, 2);
}

err crypto_vrf_verify(u8 beta[32], const u8 pub[64], slice alpha,
                      const u8 proof[CRYPTO_VRF_PROOF_LEN]) {
  u8 points[5 * VRF_POINT_LEN], c[32] = {0}, want[32];
  const u8 *s = proof + VRF_POINT_LEN + VRF_C_LEN;
  vrf_point y, h, gamma, u, v;
  memset(beta, 0, 32);
  memcpy(c + 32 - VRF_C_LEN, proof + VRF_POINT_LEN, VRF_C_LEN);
  if (crypto_pub_compress(points, pub) < 0 || !vrf_load(&y, points) ||
      !vrf_load(&gamma, proof) ||
      vrf_hash_to_point(&h, points, alpha) < 0 ||
      !vrf_mul_sub(&u, NULL, s, &y, c) || !vrf_mul_sub(&v, &h, s, &gamma, c))
    return ERR_SIGNATURE;
  vrf_store(points + VRF_POINT_LEN, &h);
  memcpy(points + 2 * VRF_POINT_LEN, proof, VRF_POINT_LEN);
  vrf_store(points + 3 * VRF_POINT_LEN, &u);
  vrf_store(points + 4 * VRF_POINT_LEN, &v);
  vrf_challenge(want, points);
  if (memcmp(want, c, 32) != 0) return ERR_SIGNATURE;
  crypto_vrf_output(beta, proof);
  return ERR_OK;
}

#undef VRF_CTX
