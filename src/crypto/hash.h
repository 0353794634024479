/* hash.h - the other hash functions that Ethereum and keystores need. */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H
#include "base/base.h"

struct sha256 {      /* streaming state (FIPS 180-4) */
  u32 h[8];
  u64 len;           /* bytes so far */
  u8 block[64];      /* len % 64 of them wait here */
};
void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t len);
void sha256_final(struct sha256 *s, u8 out[32]);

void crypto_sha256(u8 out[32], const void *data, size_t len);
/* Takes the SHA instructions of this CPU if it has them (on) or plain C;
** crypto_init turns them on.  Returns whether they are in use. */
bool crypto_sha256_select(bool on);
void crypto_ripemd160(u8 out[20], const void *data, size_t len);
/* EIP-152: the BLAKE2b compression function F.  h, m, t little-endian words;
** h is replaced. */
void crypto_blake2f(u64 h[8], const u64 m[16], const u64 t[2], bool final,
                    u32 rounds);
/* Chooses the code for it: "avx512", "avx2", "c", NULL for the best one; false
** and no change when this CPU lacks it. */
bool crypto_blake2_select(const char *impl);
void crypto_hmac_sha512(u8 out[64], slice key, slice data);
#endif
