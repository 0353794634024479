/* rpc_typed.c - EIP-712: what is signed for typed data.
**
**   digest = keccak256(0x1901 | hash(domain) | hash(message))
**   hash(struct) = keccak256(keccak256(type's text) | word of each member)
** A type's text is "Name(type1 name1,...)" followed by those of the structs it
** refers to, ascending by name.  A word: numbers, addresses and booleans as
** 32 bytes; bytesN padded at the right; bytes and string as their hash; arrays
** as the hash of their elements' words; structs as their hash.
** A domain without "EIP712Domain" among the types has the members that it
** holds, in the standard's order.
**
** Limits: 64 structs, 64 members each, 16 levels.
*/
#include "rpc/rpc_typed.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/u256.h"
#include "codec/hex.h"
#include "crypto/keccak.h"

#define TYPED_STRUCT_MAX 64u
#define TYPED_MEMBER_MAX 64u
#define TYPED_DEPTH_MAX 16u

struct typed {
  const json_t *types;
  struct errmsg *msg;
};

static err typed_word(struct typed *t, u8 out[32], const char *type,
                      size_t type_len, const json_t *v, u32 depth);

static const json_t *typed_find(const struct typed *t, const char *name,
                                size_t len) {
  char text[256];
  if (len >= sizeof text) return NULL;
  memcpy(text, name, len);
  text[len] = 0;
  const json_t *list = json_object_get(t->types, text);
  return json_is_array(list) ? list : NULL;
}

/* Name and type of a member; false when it is none. */
static bool typed_member(const json_t *list, size_t i, const char **name,
                         const char **type) {
  const json_t *m = json_array_get(list, i);
  *name = json_string_value(json_object_get(m, "name"));
  *type = json_string_value(json_object_get(m, "type"));
  return *name && *type;
}

/*------------------------------------------------------------ type's text */

/* Adds the structs that name reaches, each once. */
static err typed_reach(struct typed *t, const char *names[TYPED_STRUCT_MAX],
                       u32 *cnt, const char *name, size_t len) {
  const json_t *list = typed_find(t, name, len);
  if (!list) return ERR_OK;
  for (u32 i = 0; i < *cnt; i++) {
    if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0) {
      return ERR_OK;
    }
  }
  if (*cnt == TYPED_STRUCT_MAX || json_array_size(list) > TYPED_MEMBER_MAX) {
    return err_say(t->msg, ERR_LIMIT, "too many types or members");
  }
  void *at = json_object_iter((json_t *)t->types);
  while (at && (strlen(json_object_iter_key(at)) != len ||
                memcmp(json_object_iter_key(at), name, len) != 0)) {
    at = json_object_iter_next((json_t *)t->types, at);
  }
  names[(*cnt)++] = json_object_iter_key(at);
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *member, *type;
    if (!typed_member(list, i, &member, &type)) {
      return err_say(t->msg, ERR_INPUT, "types: a member of %.100s has no name "
                     "or type", names[*cnt - 1]);
    }
    TRY(typed_reach(t, names, cnt, type, strcspn(type, "[")));
  }
  return ERR_OK;
}

static void typed_put_type(struct buf *b, const struct typed *t,
                           const char *name) {
  const json_t *list = typed_find(t, name, strlen(name));
  const char *member, *type;
  buf_printf(b, "%s(", name);
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (!typed_member(list, i, &member, &type)) continue;
    buf_printf(b, "%s%s %s", i ? "," : "", type, member);
  }
  buf_put_u8(b, ')');
}

static err typed_type_hash(struct typed *t, hash32 *out, const char *name) {
  const char *names[TYPED_STRUCT_MAX];
  u32 cnt = 0;
  struct buf b;
  TRY(typed_reach(t, names, &cnt, name, strlen(name)));
  for (u32 i = 2; i < cnt; i++) { /* all but the first ascend */
    const char *x = names[i];
    u32 at = i;
    for (; at > 1 && strcmp(names[at - 1], x) > 0; at--) {
      names[at] = names[at - 1];
    }
    names[at] = x;
  }
  buf_init(&b, 0);
  for (u32 i = 0; i < cnt; i++) typed_put_type(&b, t, names[i]);
  crypto_keccak256(out, b.ptr, b.len);
  buf_fini(&b);
  return ERR_OK;
}

/*----------------------------------------------------------------- values */

static err typed_struct(struct typed *t, hash32 *out, const char *name,
                        const json_t *v, u32 depth) {
  const json_t *list = typed_find(t, name, strlen(name));
  struct buf b;
  hash32 type_hash;
  if (!list) {
    return err_say(t->msg, ERR_INPUT, "types: there is no %.100s", name);
  }
  if (!json_is_object(v) || depth > TYPED_DEPTH_MAX) {
    return err_say(t->msg, ERR_INPUT, "a value of %.100s is no object, or too "
                   "deep", name);
  }
  TRY(typed_type_hash(t, &type_hash, name));
  buf_init(&b, 0);
  buf_put(&b, type_hash.b, 32);
  err e = ERR_OK;
  for (size_t i = 0; e == ERR_OK && i < json_array_size(list); i++) {
    const char *member, *type;
    u8 word[32] = {0};
    if (!typed_member(list, i, &member, &type)) continue;
    const json_t *val = json_object_get(v, member);
    bool none = !val || json_is_null(val);
    /* A struct that is missing counts as a word of zeros. */
    if (!none || !typed_find(t, type, strlen(type))) {
      e = typed_word(t, word, type, strlen(type), val, depth + 1);
    }
    if (e < 0 && none) {
      err_say(t->msg, e, "%.100s.%.100s is missing", name, member);
    }
    buf_put(&b, word, 32);
  }
  if (e == ERR_OK) crypto_keccak256(out, b.ptr, b.len);
  buf_fini(&b);
  return e;
}

static err typed_bad(struct typed *t, const char *type, size_t len) {
  return err_say(t->msg, ERR_INPUT, "a value is no %.*s",
                 (int)(len < 100 ? len : 100), type);
}

/* The hex digits of a text beginning with 0x, or NULL. */
static const char *typed_hex(const json_t *v, size_t *len) {
  const char *s = json_string_value(v);
  if (!s || s[0] != '0' || s[1] != 'x') return NULL;
  *len = json_string_length(v) - 2;
  return s + 2;
}

static err typed_array(struct typed *t, u8 out[32], const char *type,
                       size_t type_len, const json_t *v, u32 depth) {
  size_t open = type_len;
  while (open > 0 && type[open - 1] != '[') open--;
  if (open == 0) return typed_bad(t, type, type_len);
  u64 want = 0;
  for (size_t i = open; i < type_len - 1; i++) {
    if (type[i] < '0' || type[i] > '9' || want > 1000000) {
      return typed_bad(t, type, type_len);
    }
    want = want * 10 + (u64)(type[i] - '0');
  }
  bool fixed = open < type_len - 1;
  if (!json_is_array(v) || depth > TYPED_DEPTH_MAX ||
      (fixed && json_array_size(v) != want)) {
    return typed_bad(t, type, type_len);
  }
  struct buf b;
  hash32 hash;
  err e = ERR_OK;
  buf_init(&b, 0);
  for (size_t i = 0; e == ERR_OK && i < json_array_size(v); i++) {
    u8 word[32];
    e = typed_word(t, word, type, open - 1, json_array_get(v, i), depth + 1);
    buf_put(&b, word, 32);
  }
  crypto_keccak256(&hash, b.ptr, b.len);
  memcpy(out, hash.b, 32);
  buf_fini(&b);
  return e;
}

/* bytes, and bytesN of n > 0. */
static err typed_bytes(struct typed *t, u8 out[32], u64 n, const json_t *v) {
  size_t len;
  const char *hex = typed_hex(v, &len);
  if (!hex || (n && len != 2 * n) || len % 2) return typed_bad(t, "bytes", 5);
  u8 *bytes = mem_alloc(len / 2 + 1);
  err e = hex_decode(bytes, hex, len);
  if (e == ERR_OK && n) {
    memset(out, 0, 32);
    memcpy(out, bytes, n);
  } else if (e == ERR_OK) {
    hash32 hash;
    crypto_keccak256(&hash, bytes, len / 2);
    memcpy(out, hash.b, 32);
  }
  mem_free(bytes);
  return e < 0 ? typed_bad(t, "bytes", 5) : ERR_OK;
}

static err typed_number(struct typed *t, u8 out[32], const char *type,
                        size_t type_len, u64 bits, const json_t *v) {
  bool is_signed = type[0] == 'i', minus = false;
  char text[32];
  u256 n, zero = u256_from(0);
  const char *s = json_string_value(v);
  if (json_is_integer(v)) {
    snprintf(text, sizeof text, "%lld", (long long)json_integer_value(v));
    s = text;
  }
  if (!s || bits == 0 || bits > 256 || bits % 8) {
    return typed_bad(t, type, type_len);
  }
  if (*s == '-') minus = true, s++;
  if (u256_parse(&n, s, strlen(s)) < 0 || (minus && !is_signed)) {
    return typed_bad(t, type, type_len);
  }
  u256 most = u256_from(1);
  if (is_signed) u256_shl(&most, &most, bits - 1);
  bool fits = !is_signed ? u256_bits(&n) <= bits
              : minus ? u256_cmp(&n, &most) <= 0 : u256_cmp(&n, &most) < 0;
  if (!fits) return typed_bad(t, type, type_len);
  if (minus) u256_sub(&n, &zero, &n);
  u256_to_be(out, &n);
  return ERR_OK;
}

static err typed_word(struct typed *t, u8 out[32], const char *type,
                      size_t type_len, const json_t *v, u32 depth) {
  u64 bits = 0;
  size_t word = 0;
  hash32 hash;
  memset(out, 0, 32);
  if (type_len && type[type_len - 1] == ']') {
    return typed_array(t, out, type, type_len, v, depth);
  }
  const json_t *list = typed_find(t, type, type_len);
  if (list) {
    char name[256];
    snprintf(name, sizeof name, "%.*s", (int)type_len, type);
    TRY(typed_struct(t, &hash, name, v, depth));
    memcpy(out, hash.b, 32);
    return ERR_OK;
  }
  while (word < type_len && type[word] >= 'a' && type[word] <= 'z') word++;
  for (size_t i = word; i < type_len; i++) {
    if (type[i] < '0' || type[i] > '9' || i - word > 2) {
      return typed_bad(t, type, type_len);
    }
    bits = bits * 10 + (u64)(type[i] - '0');
  }
  slice name = slice_of(type, word);
  if (slice_eq(name, slice_str("string")) && json_is_string(v)) {
    crypto_keccak256(&hash, json_string_value(v), json_string_length(v));
    memcpy(out, hash.b, 32);
    return ERR_OK;
  }
  if (slice_eq(name, slice_str("bool")) && json_is_boolean(v)) {
    out[31] = json_is_true(v);
    return ERR_OK;
  }
  if (slice_eq(name, slice_str("bytes")) && bits <= 32) {
    return typed_bytes(t, out, bits, v);
  }
  if (slice_eq(name, slice_str("address"))) {
    size_t len;
    const char *hex = typed_hex(v, &len);
    if (hex && len == 40 && hex_decode(out + 12, hex, 40) == ERR_OK) {
      return ERR_OK;
    }
  }
  if (slice_eq(name, slice_str("uint")) || slice_eq(name, slice_str("int"))) {
    return typed_number(t, out, type, type_len, word == type_len ? 256 : bits,
                        v);
  }
  return typed_bad(t, type, type_len);
}

/* The members that a domain without a type of its own has. */
static err typed_domain(struct typed *t, hash32 *out, const json_t *domain) {
  static const char *const member[][2] = {
    {"name", "string"}, {"version", "string"}, {"chainId", "uint256"},
    {"verifyingContract", "address"}, {"salt", "bytes32"}};
  json_t *types = json_copy((json_t *)t->types), *list = json_array();
  const json_t *old = t->types;
  for (size_t i = 0; i < ARRAY_LEN(member); i++) {
    if (!json_object_get(domain, member[i][0])) continue;
    json_array_append_new(list, json_pack("{s:s,s:s}", "name", member[i][0],
                                          "type", member[i][1]));
  }
  json_object_set_new(types, "EIP712Domain", list);
  t->types = types;
  err e = typed_struct(t, out, "EIP712Domain", domain, 0);
  t->types = old;
  json_decref(types);
  return e;
}

err rpc_typed_digest(hash32 *out, const json_t *data,
                     struct errmsg *msg) {
  struct typed t = {json_object_get(data, "types"), msg};
  const char *primary = json_string_value(json_object_get(data, "primaryType"));
  const json_t *domain = json_object_get(data, "domain");
  hash32 part[2];
  u8 all[66] = {0x19, 0x01};
  u32 cnt = 1;
  if (!json_is_object(t.types) || !primary || !json_is_object(domain)) {
    return err_say(msg, ERR_INPUT,
                   "types, primaryType, domain and message are wanted");
  }
  if (typed_find(&t, "EIP712Domain", 12)) {
    TRY(typed_struct(&t, &part[0], "EIP712Domain", domain, 0));
  } else {
    TRY(typed_domain(&t, &part[0], domain));
  }
  if (strcmp(primary, "EIP712Domain") != 0) {
    TRY(typed_struct(&t, &part[cnt++], primary,
                     json_object_get(data, "message"), 0));
  }
  memcpy(all + 2, part, 32 * cnt);
  crypto_keccak256(out, all, 2 + 32 * cnt);
  return ERR_OK;
}

#undef TYPED_STRUCT_MAX
#undef TYPED_MEMBER_MAX
#undef TYPED_DEPTH_MAX
