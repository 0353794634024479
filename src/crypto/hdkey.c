/* hdkey.c - from a mnemonic to a key: the seed of BIP-39 and the private
** derivation of BIP-32.
**
** A node of the tree is 64 bytes: key, chain code.  The root is
** HMAC-SHA512("Bitcoin seed", seed).  Child i of a node is
** HMAC-SHA512(chain code, data || i as 4 bytes big-endian) with data = 0 || key
** for hardened i (2^31 and above, written i'), else the compressed public key;
** its left half is added to the key, its right half is the new chain code.
** Results outside the group (probability 2^-127) are refused with ERR_RANGE. */
#include <secp256k1.h>

#include "crypto/hash.h"
#include "crypto/keystore.h"
#include "crypto/secp256k1.h"

enum { HDKEY_SALT_MAX = 1024, HDKEY_DEPTH_MAX = 255, HDKEY_ROUNDS = 2048 };
#define HDKEY_HARDENED 0x80000000u

err crypto_mnemonic_seed(u8 seed[64], const char *mnemonic,
                         const char *passphrase) {
  u8 salt[HDKEY_SALT_MAX] = "mnemonic";
  size_t len = strlen(passphrase);
  err e;
  if (len > sizeof salt - 8) return ERR_LIMIT;
  memcpy(salt + 8, passphrase, len);
  e = crypto_pbkdf2_sha512(seed, 64, slice_str(mnemonic),
                           slice_of(salt, 8 + len), HDKEY_ROUNDS);
  mem_wipe(salt, sizeof salt);
  return e;
}

/* Reads "/44'" at *path and moves on.  ERR_INPUT for anything else. */
static err hdkey_path_step(u32 *idx, const char **path) {
  const char *p = *path;
  u64 v = 0;
  if (*p++ != '/' || *p < '0' || *p > '9') return ERR_INPUT;
  for (; *p >= '0' && *p <= '9'; p++) {
    v = v * 10 + (u64)(*p - '0');
    if (v >= HDKEY_HARDENED) return ERR_INPUT;
  }
  if (*p == '\'' || *p == 'h' || *p == 'H') {
    v |= HDKEY_HARDENED;
    p++;
  }
  *idx = (u32)v;
  *path = p;
  return ERR_OK;
}

static err hdkey_child(u8 node[64], u32 idx) {
  u8 data[37] = {0}, mac[64], pub[64];
  err e = ERR_OK;
  if (idx & HDKEY_HARDENED) {
    memcpy(data + 1, node, 32);
  } else {
    e = crypto_pubkey(pub, node);
    if (e == ERR_OK) e = crypto_pub_compress(data, pub);
  }
  if (e == ERR_OK) {
    store_be32(data + 33, idx);
    crypto_hmac_sha512(mac, slice_of(node + 32, 32), slice_of(data, 37));
    if (!secp256k1_ec_seckey_tweak_add(secp256k1_context_static, node, mac))
      e = ERR_RANGE;
    memcpy(node + 32, mac + 32, 32);
  }
  mem_wipe(data, sizeof data);
  mem_wipe(mac, sizeof mac);
  return e;
}

err crypto_hd_derive(u8 key[32], const u8 *seed, size_t seed_len,
                     const char *path) {
  u8 node[64];
  u32 idx, depth = 0;
  err e = ERR_OK;
  if (seed_len < 16 || seed_len > 64 || *path++ != 'm') return ERR_INPUT;
  crypto_hmac_sha512(node, slice_str("Bitcoin seed"), slice_of(seed, seed_len));
  if (!crypto_seckey_valid(node)) e = ERR_RANGE;
  while (e == ERR_OK && *path) {
    if (++depth > HDKEY_DEPTH_MAX) e = ERR_LIMIT;
    if (e == ERR_OK) e = hdkey_path_step(&idx, &path);
    if (e == ERR_OK) e = hdkey_child(node, idx);
  }
  if (e == ERR_OK) memcpy(key, node, 32);
  mem_wipe(node, sizeof node);
  return e;
}
