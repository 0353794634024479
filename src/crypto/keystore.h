/* keystore.h - the ciphers and derivations of key files and mnemonics; the
** JSON around them is node/keystore's. */
#ifndef CRYPTO_KEYSTORE_H
#define CRYPTO_KEYSTORE_H
#include "base/base.h"

/* RFC 7914.  ERR_LIMIT when 128*n*r bytes exceed 1 GiB, ERR_RANGE for
** parameters the RFC refuses. */
err crypto_scrypt(u8 *out, size_t out_len, slice password, slice salt, u64 n,
                  u32 r, u32 p) MUST_USE;
/* RFC 8018 with HMAC-SHA-256 / HMAC-SHA-512. */
err crypto_pbkdf2_sha256(u8 *out, size_t out_len, slice password, slice salt,
                         u32 rounds) MUST_USE;
err crypto_pbkdf2_sha512(u8 *out, size_t out_len, slice password, slice salt,
                         u32 rounds) MUST_USE;
/* In place. */
void crypto_aes128_ctr(u8 *data, size_t len, const u8 key[16], const u8 iv[16]);

/* In place, no padding removed; len a multiple of 16. */
void crypto_aes128_cbc_decrypt(u8 *data, size_t len, const u8 key[16],
                               const u8 iv[16]);

/* BIP-39, English.  Entropy of 16, 20, 24, 28 or 32 bytes as 12 to 24 words by
** single blanks; ERR_INPUT for another length. */
#define CRYPTO_MNEMONIC_SIZE 224
err crypto_mnemonic_make(char out[CRYPTO_MNEMONIC_SIZE], const u8 *entropy,
                         size_t len) MUST_USE;
/* What a person typed, put into that form; ERR_INPUT: msg says which word is
** none, or that their number or checksum is wrong. */
err crypto_mnemonic_read(char out[CRYPTO_MNEMONIC_SIZE], slice text,
                         struct errmsg *msg) MUST_USE;
/* The key of m/44'/60'/0'/0/index, without passphrase. */
err crypto_mnemonic_key(u8 key[32], const char *mnemonic, u32 index) MUST_USE;
/* BIP-39 seed of a mnemonic (NFKD text; checksum not checked here). */
err crypto_mnemonic_seed(u8 seed[64], const char *mnemonic,
                         const char *passphrase) MUST_USE;
/* BIP-32 private derivation; path as "m/44'/60'/0'/0/3" (' or h or H mark a
** hardened step).  ERR_INPUT for a bad path or a seed not of 16 to 64 bytes. */
err crypto_hd_derive(u8 key[32], const u8 *seed, size_t seed_len,
                     const char *path) MUST_USE;
#endif
