/* secp256k1.h - signatures over secp256k1 by libsecp256k1: transaction signing and
** sender recovery.  Thread-safe after crypto_init (what needs no secret key
** works before it too). */
#ifndef CRYPTO_SECP256K1_H
#define CRYPTO_SECP256K1_H
#include "base/base.h"

/* Once at start, before any thread: picks code for this CPU, makes and blinds
** the signing context with seed (32 random bytes, or NULL in tests).  A second
** call only blinds anew. */
void crypto_init(const u8 seed[32]);

struct sig65 {
  u8 r[32], s[32]; /* big-endian */
  u8 v;            /* recovery id: 0 or 1, the parity of the point's y */
};

/* The uncompressed public key (x, y) that signed digest.  ERR_SIGNATURE if
** there is none.  High s is accepted: who must refuse it asks first. */
err crypto_recover(u8 pub[64], const hash32 *digest, const struct sig65 *sig)
    MUST_USE;
err crypto_recover_addr(addr20 *out, const hash32 *digest,
                        const struct sig65 *sig) MUST_USE;
/* cnt signatures, res[i] as crypto_recover_addr gives.  Where the CPU has
** AVX-512 IFMA eight are recovered in the time of two: call with multiples of
** CRYPTO_RECOVER_GROUP. */
#define CRYPTO_RECOVER_GROUP 8u
void crypto_recover_addr_batch(addr20 *out, err *res, const hash32 *digest,
                               const struct sig65 *sig, u32 cnt);
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

/* Whether pub signed digest; a high s is refused, so a signature has one form
** only (consensus messages rest on it). */
bool crypto_verify(const u8 pub[64], const hash32 *digest, const u8 r_s[64]);
/* Public keys in the 33-byte form (02 or 03, x); parse takes the 65-byte form
** (04, x, y) too.  ERR_INPUT for what is no point. */
err crypto_pub_compress(u8 out[33], const u8 pub[64]) MUST_USE;
err crypto_pub_parse(u8 pub[64], slice in) MUST_USE;
/* x of the product of a public key and a secret key, hashed with SHA-256 in
** compressed form; constant time. */
err crypto_ecdh(u8 out[32], const u8 pub[64], const u8 key[32]) MUST_USE;

/* The context for libsecp256k1's calls that take a secret, for the files of
** this folder. */
struct secp256k1_context_struct;
const struct secp256k1_context_struct *crypto_secp_ctx(void);
#endif
