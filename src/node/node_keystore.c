/* node_keystore.c - see node_keystore.h. */
#include "node/node_keystore.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/keccak.h"
#include "crypto/keystore.h"
#include "crypto/secp256k1.h"

#define KEYSTORE_ROUNDS_MAX (1u << 24)
#define KEYSTORE_JSON_MAX 65536

static void keystore_put_hex(struct jsonw *w, const char *key, const void *p,
                             size_t len) {
  char text[2 * 64 + 1];
  MUST(len <= 64);
  hex_encode(text, p, len);
  text[2 * len] = 0;
  jsonw_kv_str(w, key, text);
}

static void keystore_mac(hash32 *out, const u8 derived[32], slice cipher) {
  struct keccak k;
  keccak_init(&k);
  keccak_update(&k, derived + 16, 16);
  keccak_update(&k, cipher.ptr, cipher.len);
  keccak_final(&k, out);
}

err keystore_encrypt(struct buf *out, const u8 key[32], slice password, u32 n,
                     const struct keystore_random *random) {
  u8 derived[32], cipher[32];
  addr20 addr;
  hash32 mac;
  TRY(crypto_key_addr(&addr, key));
  TRY(crypto_scrypt(derived, 32, password, slice_of(random->salt, 32), n, 8,
                    1));
  memcpy(cipher, key, 32);
  crypto_aes128_ctr(cipher, 32, derived, random->iv);
  keystore_mac(&mac, derived, slice_of(cipher, 32));
  mem_wipe(derived, sizeof derived);

  struct jsonw w;
  jsonw_init(&w, out);
  jsonw_obj(&w);
  keystore_put_hex(&w, "address", addr.b, 20);
  jsonw_key(&w, "crypto");
  jsonw_obj(&w);
  jsonw_kv_str(&w, "cipher", "aes-128-ctr");
  keystore_put_hex(&w, "ciphertext", cipher, 32);
  jsonw_key(&w, "cipherparams");
  jsonw_obj(&w);
  keystore_put_hex(&w, "iv", random->iv, 16);
  jsonw_obj_end(&w);
  jsonw_kv_str(&w, "kdf", "scrypt");
  jsonw_key(&w, "kdfparams");
  jsonw_obj(&w);
  jsonw_kv_u64(&w, "dklen", 32);
  jsonw_kv_u64(&w, "n", n);
  jsonw_kv_u64(&w, "p", 1);
  jsonw_kv_u64(&w, "r", 8);
  keystore_put_hex(&w, "salt", random->salt, 32);
  jsonw_obj_end(&w);
  keystore_put_hex(&w, "mac", mac.b, 32);
  jsonw_obj_end(&w);
  u8 id[16];
  memcpy(id, random->id, 16);
  id[6] = (u8)((id[6] & 0x0f) | 0x40); /* RFC 4122, version 4 */
  id[8] = (u8)((id[8] & 0x3f) | 0x80);
  char hex[33];
  hex_encode(hex, id, 16);
  hex[32] = 0;
  jsonw_key(&w, "id");
  jsonw_printf(&w, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
               hex + 16, hex + 20);
  jsonw_kv_u64(&w, "version", 3);
  jsonw_obj_end(&w);
  return out->over ? ERR_LIMIT : ERR_OK;
}

/*--------------------------------------------------------------- reading */

static err keystore_text(struct errmsg *msg, slice *out, const json_t *obj,
                         const char *key) {
  const json_t *v = json_object_get(obj, key);
  if (!json_is_string(v)) {
    return err_say(msg, ERR_INPUT, "key file: \"%s\" is missing or not a text",
                   key);
  }
  *out = slice_of(json_string_value(v), json_string_length(v));
  return ERR_OK;
}

/* Hex with or without 0x, at most max bytes. */
static err keystore_hex(struct errmsg *msg, u8 *out, size_t *len, size_t max,
                        const json_t *obj, const char *key) {
  slice s;
  TRY(keystore_text(msg, &s, obj, key));
  if (s.len >= 2 && s.ptr[0] == '0' && (s.ptr[1] | 32) == 'x') {
    s = slice_of(s.ptr + 2, s.len - 2);
  }
  if (s.len / 2 > max || hex_decode(out, (const char *)s.ptr, s.len) < 0) {
    return err_say(msg, ERR_INPUT,
                   "key file: \"%s\" is not hexadecimal or too long", key);
  }
  *len = s.len / 2;
  return ERR_OK;
}

static err keystore_int(struct errmsg *msg, u64 *out, const json_t *obj,
                        const char *key, u64 max) {
  const json_t *v = json_object_get(obj, key);
  if (!json_is_integer(v) || json_integer_value(v) < 1) {
    return err_say(msg, ERR_INPUT,
                   "key file: \"%s\" is missing or not a positive number", key);
  }
  *out = (u64)json_integer_value(v);
  if (*out > max) {
    return err_say(msg, ERR_LIMIT, "key file: \"%s\" is above %llu", key,
                   (unsigned long long)max);
  }
  return ERR_OK;
}

static err keystore_derive(u8 derived[32], const json_t *crypto,
                           slice password, struct errmsg *msg) {
  slice kdf;
  u8 salt[256];
  size_t salt_len;
  u64 dklen, n, r, p, rounds;
  TRY(keystore_text(msg, &kdf, crypto, "kdf"));
  const json_t *par = json_object_get(crypto, "kdfparams");
  TRY(keystore_hex(msg, salt, &salt_len, sizeof salt, par, "salt"));
  TRY(keystore_int(msg, &dklen, par, "dklen", 1024));
  if (dklen < 32) {
    return err_say(msg, ERR_INPUT, "key file: \"dklen\" is below 32");
  }
  if (slice_eq(kdf, slice_str("scrypt"))) {
    TRY(keystore_int(msg, &n, par, "n", 1u << 24));
    TRY(keystore_int(msg, &r, par, "r", 1u << 16));
    TRY(keystore_int(msg, &p, par, "p", 1024));
    err e = crypto_scrypt(derived, 32, password, slice_of(salt, salt_len), n,
                          (u32)r, (u32)p);
    if (e < 0) err_say(msg, e, "key file: scrypt parameters: %s", err_text(e));
    return e;
  }
  if (!slice_eq(kdf, slice_str("pbkdf2"))) {
    return err_say(msg, ERR_UNSUPPORTED,
                   "key file: \"kdf\" is neither scrypt nor pbkdf2");
  }
  slice prf;
  TRY(keystore_text(msg, &prf, par, "prf"));
  if (!slice_eq(prf, slice_str("hmac-sha256"))) {
    return err_say(msg, ERR_UNSUPPORTED,
                   "key file: \"prf\" is not hmac-sha256");
  }
  TRY(keystore_int(msg, &rounds, par, "c", KEYSTORE_ROUNDS_MAX));
  return crypto_pbkdf2_sha256(derived, 32, password, slice_of(salt, salt_len),
                              (u32)rounds);
}

static err keystore_open(u8 key[32], const json_t *doc, slice password,
                         struct errmsg *msg) {
  const json_t *version = json_object_get(doc, "version");
  bool v1 = json_is_string(version) ||
            (json_is_integer(version) && json_integer_value(version) == 1);
  if (!v1 && !(json_is_integer(version) && json_integer_value(version) == 3)) {
    return err_say(msg, ERR_UNSUPPORTED,
                   "key file: \"version\" is neither 3 nor 1");
  }
  const json_t *crypto = json_object_get(doc, "crypto");
  if (!crypto) crypto = json_object_get(doc, "Crypto");
  if (!json_is_object(crypto)) {
    return err_say(msg, ERR_INPUT, "key file: \"crypto\" is missing");
  }
  slice name;
  TRY(keystore_text(msg, &name, crypto, "cipher"));
  if (!slice_eq(name, slice_str(v1 ? "aes-128-cbc" : "aes-128-ctr"))) {
    return err_say(msg, ERR_UNSUPPORTED, "key file: cipher %.*s is not known",
                   (int)(name.len < 40 ? name.len : 40), name.ptr);
  }
  u8 cipher[64], iv[16], mac[32], derived[32];
  size_t cipher_len, iv_len, mac_len;
  TRY(keystore_hex(msg, cipher, &cipher_len, sizeof cipher, crypto,
                   "ciphertext"));
  TRY(keystore_hex(msg, mac, &mac_len, 32, crypto, "mac"));
  TRY(keystore_hex(msg, iv, &iv_len, 16,
                   json_object_get(crypto, "cipherparams"), "iv"));
  if (iv_len != 16 || mac_len != 32 || cipher_len < 1 ||
      (v1 ? cipher_len != 48 : cipher_len > 32)) {
    return err_say(msg, ERR_INPUT,
                   "key file: ciphertext, iv or mac has a wrong length");
  }
  TRY(keystore_derive(derived, crypto, password, msg));
  hash32 have, cipher_key;
  keystore_mac(&have, derived, slice_of(cipher, cipher_len));
  err e = ERR_OK;
  if (memcmp(have.b, mac, 32) != 0) {
    e = err_say(msg, ERR_PASSWORD, "wrong password for this key");
  } else if (v1) {
    crypto_keccak256(&cipher_key, derived, 16);
    crypto_aes128_cbc_decrypt(cipher, cipher_len, cipher_key.b, iv);
    memcpy(key, cipher, 32);
    mem_wipe(&cipher_key, sizeof cipher_key);
  } else {
    crypto_aes128_ctr(cipher, cipher_len, derived, iv);
    memset(key, 0, 32);
    memcpy(key + 32 - cipher_len, cipher, cipher_len);
  }
  mem_wipe(derived, sizeof derived);
  mem_wipe(cipher, sizeof cipher);
  addr20 want, got;
  if (e == ERR_OK && !crypto_seckey_valid(key)) {
    e = err_say(msg, ERR_INPUT, "key file: holds no valid secp256k1 key");
  }
  slice text;
  if (e == ERR_OK && keystore_text(NULL, &text, doc, "address") == ERR_OK) {
    char hex[43] = "0x";
    if (text.len >= 2 && text.ptr[1] == 'x') {
      text = slice_of(text.ptr + 2, text.len - 2);
    }
    TRY(crypto_key_addr(&got, key));
    if (text.len != 40 || hex_decode(want.b, (const char *)text.ptr, 40) < 0 ||
        !addr20_eq(&want, &got)) {
      hex_addr(hex, &got);
      e = err_say(msg, ERR_INPUT,
                  "key file: its address is not that of its key (%s)", hex);
    }
  }
  if (e < 0) mem_wipe(key, 32);
  return e;
}

err keystore_decrypt(u8 key[32], slice json, slice password,
                     struct errmsg *msg) {
  if (json.len > KEYSTORE_JSON_MAX) {
    return err_say(msg, ERR_LIMIT, "key file: longer than %d bytes",
                   KEYSTORE_JSON_MAX);
  }
  struct errmsg why;
  json_t *doc = json_read(json, &why);
  if (!json_is_object(doc)) {
    err e = err_say(msg, ERR_INPUT, "key file: not a JSON object%s%s",
                    doc ? "" : ": ", doc ? "" : why.text);
    json_decref(doc);
    return e;
  }
  err e = keystore_open(key, doc, password, msg);
  json_decref(doc);
  return e;
}

err keystore_addr(addr20 *out, slice json) {
  json_t *doc = json.len <= KEYSTORE_JSON_MAX ? json_read(json, NULL) : NULL;
  const json_t *v = json_object_get(doc, "address");
  err e = ERR_NOT_FOUND;
  if (json_is_string(v)) {
    const char *s = json_string_value(v);
    size_t len = json_string_length(v);
    if (len == 42 && s[0] == '0' && (s[1] | 32) == 'x') s += 2, len -= 2;
    if (len == 40 && hex_decode(out->b, s, 40) == ERR_OK) e = ERR_OK;
  }
  json_decref(doc);
  return e;
}
