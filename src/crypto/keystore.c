/* keystore.c - key derivation and the cipher of version 3 key files.
**
** scrypt is libsodium's (it allocates 128*n*r bytes by itself; a caller that
** runs sodium_init first gets its SSE2 code), PBKDF2 and AES mbedTLS's. */
#include "crypto/keystore.h"

#include <mbedtls/aes.h>
#include <mbedtls/md.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/version.h>
#include <sodium/crypto_pwhash_scryptsalsa208sha256.h>

enum { KEYSTORE_SCRYPT_MAX = 1 << 30, KEYSTORE_OUT_MAX = 1 << 20 };

/* Libraries want a pointer even where the length is zero. */
static const u8 *keystore_ptr(slice s) {
  static const u8 none;
  return s.len ? s.ptr : &none;
}

err crypto_scrypt(u8 *out, size_t out_len, slice password, slice salt, u64 n,
                  u32 r, u32 p) {
  if (n < 2 || (n & (n - 1)) || r == 0 || p == 0 || out_len == 0)
    return ERR_RANGE;
  if ((u64)r * p >= (u64)1 << 30) return ERR_RANGE;
  if (out_len > KEYSTORE_OUT_MAX) return ERR_LIMIT;
  if (n > KEYSTORE_SCRYPT_MAX || 128 * n > KEYSTORE_SCRYPT_MAX / r ||
      (u64)r * p > KEYSTORE_SCRYPT_MAX / 128)
    return ERR_LIMIT;
  if (crypto_pwhash_scryptsalsa208sha256_ll(
          keystore_ptr(password), password.len, keystore_ptr(salt), salt.len,
          n, r, p, out, out_len))
    return ERR_LIMIT;
  return ERR_OK;
}

static err keystore_pbkdf2(u8 *out, size_t out_len, slice password, slice salt,
                           u32 rounds, mbedtls_md_type_t md) {
  int rc;
  if (rounds == 0 || out_len == 0) return ERR_RANGE;
  if (out_len > KEYSTORE_OUT_MAX) return ERR_LIMIT;
#if MBEDTLS_VERSION_MAJOR >= 3
  rc = mbedtls_pkcs5_pbkdf2_hmac_ext(md, keystore_ptr(password), password.len,
                                     keystore_ptr(salt), salt.len, rounds,
                                     (u32)out_len, out);
#else
  mbedtls_md_context_t ctx;
  mbedtls_md_init(&ctx);
  rc = mbedtls_md_setup(&ctx, mbedtls_md_info_from_type(md), 1);
  if (rc == 0)
    rc = mbedtls_pkcs5_pbkdf2_hmac(&ctx, keystore_ptr(password), password.len,
                                   keystore_ptr(salt), salt.len, rounds,
                                   (u32)out_len, out);
  mbedtls_md_free(&ctx);
#endif
  return rc == 0 ? ERR_OK : ERR_UNSUPPORTED;
}

err crypto_pbkdf2_sha256(u8 *out, size_t out_len, slice password, slice salt,
                         u32 rounds) {
  return keystore_pbkdf2(out, out_len, password, salt, rounds,
                         MBEDTLS_MD_SHA256);
}

err crypto_pbkdf2_sha512(u8 *out, size_t out_len, slice password, slice salt,
                         u32 rounds) {
  return keystore_pbkdf2(out, out_len, password, salt, rounds,
                         MBEDTLS_MD_SHA512);
}

void crypto_aes128_ctr(u8 *data, size_t len, const u8 key[16],
                       const u8 iv[16]) {
  mbedtls_aes_context aes;
  u8 counter[16], stream[16];
  size_t used = 0;
  memcpy(counter, iv, 16);
  mbedtls_aes_init(&aes);
  MUST(mbedtls_aes_setkey_enc(&aes, key, 128) == 0);
  MUST(mbedtls_aes_crypt_ctr(&aes, len, &used, counter, stream, data, data) ==
       0);
  mbedtls_aes_free(&aes);
  mem_wipe(stream, sizeof stream);
}

void crypto_aes128_cbc_decrypt(u8 *data, size_t len, const u8 key[16],
                               const u8 iv[16]) {
  mbedtls_aes_context c;
  u8 chain[16];
  MUST(len % 16 == 0);
  memcpy(chain, iv, 16);
  mbedtls_aes_init(&c);
  MUST(mbedtls_aes_setkey_dec(&c, key, 128) == 0);
  MUST(mbedtls_aes_crypt_cbc(&c, MBEDTLS_AES_DECRYPT, len, chain, data,
                             data) == 0);
  mbedtls_aes_free(&c);
}
