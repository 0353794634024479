/* scrypt.h - the key derivation and proof-of-work function (RFC 7914). */
#ifndef CRYPTO_SCRYPT_H
#define CRYPTO_SCRYPT_H
#include "base/base.h"
/* Bytes of work memory, 16-byte aligned, that it needs. */
size_t crypto_scrypt_room(u32 n, u32 r, u32 p);
/* n: a power of two from 2 to 2^31; r, p >= 1; the caller bounds them. */
void crypto_scrypt_in(u8 *out, size_t out_len, slice password, slice salt, u32 n,
                   u32 r, u32 p, void *room);
#endif
