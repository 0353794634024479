/* secp256k1.c - ECDSA over secp256k1 by libsecp256k1 (0.2 and later), but for
** recovery, which is ours once crypto_init has run (secp256k1_one.c,
** secp256k1_x8.c), and the start of this folder.
**
** Calls on public data use the library's static context; only those with a
** secret key need the one that crypto_init makes. */
#include "crypto/secp256k1.h"

#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_recovery.h>

#include "crypto/bls12_x4.h"
#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "crypto/kzg.h"
#include "crypto/mont_x86.h"
#include "crypto/p256.h"
#include "crypto/secp256k1_one.h"
#include "crypto/secp256k1_x8.h"

/* The group order n and its half, big-endian. */
static const u8 secp_n[32] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48,
    0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41};
static const u8 secp_n_half[32] = {
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e, 0x73, 0x57, 0xa4,
    0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0};
static const u8 secp_zero[32];

static secp256k1_context *secp_ctx;

void crypto_init(const u8 seed[32]) {
  crypto_keccak_select(NULL);
  crypto_sha256_select(true);
  crypto_blake2_select(NULL);
  crypto_mont_select(true);
  crypto_bls_x4_select(true);
  crypto_kzg_init();
  crypto_p256_init();
  crypto_one_init();
  if (!secp_ctx) secp_ctx = secp256k1_context_create(SECP256K1_CONTEXT_SIGN);
  MUST(secp_ctx);
  if (seed) MUST(secp256k1_context_randomize(secp_ctx, seed));
  crypto_x8_select(true);
}

const secp256k1_context *crypto_secp_ctx(void) {
  MUST(secp_ctx);
  return secp_ctx;
}

/*--------------------------------------------------------------- public keys */

static bool secp_load_pub(secp256k1_pubkey *out, const u8 pub[64]) {
  u8 in[65] = {4};
  memcpy(in + 1, pub, 64);
  return secp256k1_ec_pubkey_parse(secp256k1_context_static, out, in, 65);
}

static void secp_store_pub(u8 pub[64], const secp256k1_pubkey *p) {
  u8 out[65];
  size_t len = sizeof out;
  MUST(secp256k1_ec_pubkey_serialize(secp256k1_context_static, out, &len, p,
                                     SECP256K1_EC_UNCOMPRESSED));
  memcpy(pub, out + 1, 64);
}

err crypto_pub_compress(u8 out[33], const u8 pub[64]) {
  secp256k1_pubkey p;
  if (!secp_load_pub(&p, pub)) return ERR_INPUT;
  out[0] = 2 + (pub[63] & 1);
  memcpy(out + 1, pub, 32);
  return ERR_OK;
}

err crypto_pub_parse(u8 pub[64], slice in) {
  secp256k1_pubkey p;
  /* The library also knows the hybrid forms 06 and 07; nobody needs them. */
  bool known = (in.len == 33 && (in.ptr[0] == 2 || in.ptr[0] == 3)) ||
               (in.len == 65 && in.ptr[0] == 4);
  if (!known || !secp256k1_ec_pubkey_parse(secp256k1_context_static, &p,
                                           in.ptr, in.len))
    return ERR_INPUT;
  secp_store_pub(pub, &p);
  return ERR_OK;
}

void crypto_pub_addr(addr20 *out, const u8 pub[64]) {
  hash32 h;
  crypto_keccak256(&h, pub, 64);
  memcpy(out->b, h.b + 12, 20);
}

/*---------------------------------------------------------------- signatures */

bool crypto_sig_s_is_high(const u8 s[32]) {
  return memcmp(s, secp_n_half, 32) > 0;
}

bool crypto_sig_in_range(const struct sig65 *sig) {
  return memcmp(sig->r, secp_n, 32) < 0 && memcmp(sig->s, secp_n, 32) < 0 &&
         memcmp(sig->r, secp_zero, 32) != 0 &&
         memcmp(sig->s, secp_zero, 32) != 0;
}

err crypto_recover(u8 pub[64], const hash32 *digest, const struct sig65 *sig) {
  const secp256k1_context *ctx = secp256k1_context_static;
  secp256k1_ecdsa_recoverable_signature rs;
  secp256k1_pubkey p;
  u8 r_s[64];
  if (crypto_one_ready)
    return crypto_one_recover(pub, digest, sig) ? ERR_OK : ERR_SIGNATURE;
  if (sig->v > 1) return ERR_SIGNATURE;
  memcpy(r_s, sig->r, 32);
  memcpy(r_s + 32, sig->s, 32);
  if (!secp256k1_ecdsa_recoverable_signature_parse_compact(ctx, &rs, r_s,
                                                           sig->v) ||
      !secp256k1_ecdsa_recover(ctx, &p, &rs, digest->b))
    return ERR_SIGNATURE;
  secp_store_pub(pub, &p);
  return ERR_OK;
}

err crypto_recover_addr(addr20 *out, const hash32 *digest,
                        const struct sig65 *sig) {
  u8 pub[64];
  TRY(crypto_recover(pub, digest, sig));
  crypto_pub_addr(out, pub);
  return ERR_OK;
}

/* Up to eight; what the vector code leaves out is recovered singly, which
** also names the error. */
static void secp_recover_group(addr20 *out, err *res, const hash32 *digest,
                               const struct sig65 *sig, u32 cnt) {
  enum { LEAST = 4 }; /* eight lanes cost three to four single ones */
  u8 pub[CRYPTO_X8_LANES][64];
  slice text[CRYPTO_X8_LANES];
  hash32 hash[CRYPTO_X8_LANES];
  u32 done = 0;
  if (crypto_x8_on && cnt >= LEAST) {
    memset(pub, 0, sizeof pub);
    done = crypto_x8_recover(pub, digest, sig, cnt);
    for (u32 i = 0; i < cnt; i++) text[i] = slice_of(pub[i], 64);
    crypto_keccak256_batch(hash, text, cnt);
  }
  for (u32 i = 0; i < cnt; i++) {
    res[i] = ERR_OK;
    if (done >> i & 1) {
      memcpy(out[i].b, hash[i].b + 12, 20);
    } else {
      res[i] = crypto_recover_addr(&out[i], &digest[i], &sig[i]);
    }
  }
}

void crypto_recover_addr_batch(addr20 *out, err *res, const hash32 *digest,
                               const struct sig65 *sig, u32 cnt) {
  for (u32 i = 0; i < cnt; i += CRYPTO_X8_LANES) {
    u32 n = cnt - i < CRYPTO_X8_LANES ? cnt - i : CRYPTO_X8_LANES;
    secp_recover_group(out + i, res + i, digest + i, sig + i, n);
  }
}

bool crypto_verify(const u8 pub[64], const hash32 *digest, const u8 r_s[64]) {
  const secp256k1_context *ctx = secp256k1_context_static;
  secp256k1_ecdsa_signature sig;
  secp256k1_pubkey p;
  return secp_load_pub(&p, pub) &&
         secp256k1_ecdsa_signature_parse_compact(ctx, &sig, r_s) &&
         secp256k1_ecdsa_verify(ctx, &sig, digest->b, &p);
}

/*--------------------------------------------------------------- secret keys */

bool crypto_seckey_valid(const u8 key[32]) {
  return secp256k1_ec_seckey_verify(secp256k1_context_static, key);
}

err crypto_sign(struct sig65 *out, const u8 key[32], const hash32 *digest) {
  const secp256k1_context *ctx = crypto_secp_ctx();
  secp256k1_ecdsa_recoverable_signature sig;
  u8 r_s[64];
  int v;
  if (!secp256k1_ecdsa_sign_recoverable(ctx, &sig, digest->b, key, NULL, NULL))
    return ERR_RANGE;
  secp256k1_ecdsa_recoverable_signature_serialize_compact(ctx, r_s, &v, &sig);
  /* v of 2 or 3 says that the point's x is not below n: 2^-128. */
  MUST(v < 2);
  memcpy(out->r, r_s, 32);
  memcpy(out->s, r_s + 32, 32);
  out->v = (u8)v;
  return ERR_OK;
}

err crypto_pubkey(u8 pub[64], const u8 key[32]) {
  secp256k1_pubkey p;
  if (!secp256k1_ec_pubkey_create(crypto_secp_ctx(), &p, key))
    return ERR_RANGE;
  secp_store_pub(pub, &p);
  return ERR_OK;
}

err crypto_key_addr(addr20 *out, const u8 key[32]) {
  u8 pub[64];
  TRY(crypto_pubkey(pub, key));
  crypto_pub_addr(out, pub);
  return ERR_OK;
}

err crypto_ecdh(u8 out[32], const u8 pub[64], const u8 key[32]) {
  secp256k1_pubkey p;
  if (!secp_load_pub(&p, pub)) return ERR_INPUT;
  return secp256k1_ecdh(crypto_secp_ctx(), out, &p, key, NULL, NULL)
             ? ERR_OK
             : ERR_RANGE;
}
