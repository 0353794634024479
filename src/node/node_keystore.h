/* node_keystore.h - keys at rest in Web3 Secret Storage form (version 3).
**
** {"address": hex, "crypto": {"cipher": "aes-128-ctr", "cipherparams": {"iv"},
**  "ciphertext", "kdf": "scrypt" | "pbkdf2", "kdfparams": {...}, "mac"},
**  "id": uuid, "version": 3}
** mac = keccak256(derived[16..32] || ciphertext); the cipher's key is
** derived[0..16].  Version 1 (derived key hashed for the cipher) is read, not
** written.  Parameters that would take more than 1 GiB or 2^24 rounds are
** refused (ERR_LIMIT): a key file is outside input.
*/
#ifndef NODE_NODE_KEYSTORE_H
#define NODE_NODE_KEYSTORE_H
#include "base/base.h"
#include "base/buf.h"

enum { KEYSTORE_N_STANDARD = 1 << 17, KEYSTORE_N_LIGHT = 1 << 12 };

/* Of scrypt, for keys that are written: light costs a thirty-second of the time
** and of the room, to the user and to who guesses the password. */
static inline u32 keystore_n(bool light) {
  return light ? KEYSTORE_N_LIGHT : KEYSTORE_N_STANDARD;
}

/* Appends the JSON of key under password.  salt, iv, id: random bytes. */
struct keystore_random { u8 salt[32], iv[16], id[16]; };
err keystore_encrypt(struct buf *out, const u8 key[32], slice password, u32 n,
                     const struct keystore_random *random) MUST_USE;
/* ERR_INPUT (not a key file: msg says what is wrong), ERR_PASSWORD. The caller
** wipes key. */
err keystore_decrypt(u8 key[32], slice json, slice password,
                     struct errmsg *msg) MUST_USE;
/* The "address" member; ERR_NOT_FOUND when there is none. */
err keystore_addr(addr20 *out, slice json) MUST_USE;
#endif
