/* hash.h - the other hash functions that Ethereum and keystores need. */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H
#include "base/base.h"

void crypto_sha256(u8 out[32], const void *data, size_t len);
void crypto_ripemd160(u8 out[20], const void *data, size_t len);
/* EIP-152: the BLAKE2b compression function F.  h, m, t little-endian words;
** h is replaced. */
void crypto_blake2f(u64 h[8], const u64 m[16], const u64 t[2], bool final,
                    u32 rounds);
void crypto_hmac_sha512(u8 out[64], slice key, slice data);
#endif
