/* ed25519.h - Ed25519 signatures, verification only (RFC 8032). */
#ifndef CRYPTO_ED25519_H
#define CRYPTO_ED25519_H
#include "base/base.h"
/* text: R (32 bytes), the public key (32), then the message; s: the second
** half of the signature.  True when s is below the group's order, the key is a
** point in its only encoding and not of small order, and the encoding of
** s B - k A is R (no cofactor), where k = SHA-512(text). */
bool crypto_ed25519_verify(slice text, const u8 s[32]) MUST_USE;
#endif
