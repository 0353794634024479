/* secp256k1.h - signatures over secp256k1 by libsecp256k1: transaction signing and
** sender recovery.  Thread-safe after crypto_init. */
#ifndef CRYPTO_SECP256K1_H
#define CRYPTO_SECP256K1_H
#include "base/base.h"

/* Once at start, before any thread: picks code for this CPU, makes and blinds
** the signing context with seed (32 random bytes, or NULL in tests). */
void crypto_init(const u8 seed[32]);

struct sig65 {    /* r, s big-endian; v = recovery id 0 or 1 */
  u8 r[32], s[32];
  u8 v;
};

/* The uncompressed public key (x, y) that signed digest.  ERR_SIGNATURE if
** there is none.  High s is accepted: who must refuse it asks first. */
err crypto_recover(u8 pub[64], const hash32 *digest, const struct sig65 *sig)
    MUST_USE;
err crypto_recover_addr(addr20 *out, const hash32 *digest,
                        const struct sig65 *sig) MUST_USE;
/* s in the upper half of the group order (EIP-2 refuses it). */
bool crypto_sig_s_is_high(const u8 s[32]);
/* r or s zero or not below the group order. */
bool crypto_sig_in_range(const struct sig65 *sig);

bool crypto_seckey_valid(const u8 key[32]);
/* Deterministic (RFC 6979), low s. */
err crypto_sign(struct sig65 *out, const u8 key[32], const hash32 *digest)
    MUST_USE;
err crypto_pubkey(u8 pub[64], const u8 key[32]) MUST_USE;
void crypto_pub_addr(addr20 *out, const u8 pub[64]);
err crypto_key_addr(addr20 *out, const u8 key[32]) MUST_USE;
#endif
