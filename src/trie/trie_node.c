/* trie_node.c - node encodings and batched hashing (yellow paper, appendices
** C and D).  A leaf is rlp([hp(rest, 1), value]), an extension
** rlp([hp(skipped, 0), child]), a branch rlp([16 children, value]); hp is the
** hex prefix code: a flag nibble (2 leaf, 1 odd count), the odd nibble or a
** zero one, then whole bytes.
*/
#include "trie/trie_node.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"

u32 trie_nibble_diff(const u8 *a, const u8 *b, u32 from, u32 to) {
  u32 at = from;
  if (at < to && (at & 1)) {
    if (trie_nibble(a, at) != trie_nibble(b, at)) return at;
    at++;
  }
  while (at + 2 <= to && a[at >> 1] == b[at >> 1]) at += 2;
  if (at < to && trie_nibble(a, at) == trie_nibble(b, at)) at++;
  return at;
}

/*---------------------------------------------------------- hex prefix */

static inline u32 trie_hp_len(u32 from, u32 to) { return (to - from) / 2 + 1; }

/* As an RLP string; its first byte is below 0x40, so one byte is its own
** encoding. */
static inline u32 trie_hp_item_len(u32 from, u32 to) {
  u32 len = trie_hp_len(from, to);
  return len == 1 ? 1 : len < 56 ? len + 1 : len + 2;
}
static u8 *trie_hp_item_put(u8 *out, const u8 *key, u32 from, u32 to,
                            bool is_leaf) {
  u32 len = trie_hp_len(from, to), at = from;
  if (len > 1) out += rlp_prefix(out, len, false);
  u32 flags = is_leaf ? 0x20 : 0;
  if ((to - from) & 1) flags |= 0x10 | trie_nibble(key, at++);
  *out++ = (u8)flags;
  if (!(at & 1)) {
    memcpy(out, key + at / 2, len - 1);
    return out + len - 1;
  }
  for (; at < to; at += 2) {
    *out++ = (u8)(trie_nibble(key, at) << 4 | trie_nibble(key, at + 1));
  }
  return out;
}

/*--------------------------------------------------------------- nodes */

static inline size_t trie_prefix_len(size_t payload) {
  u8 t[9];
  return payload < 56 ? 1 : rlp_prefix(t, payload, true);
}
static u8 *trie_str_put(u8 *out, slice s) {
  if (s.len == 1 && s.ptr[0] < 0x80) {
    *out = s.ptr[0];
    return out + 1;
  }
  out += rlp_prefix(out, s.len, false);
  if (s.len) memcpy(out, s.ptr, s.len);
  return out + s.len;
}

static size_t trie_leaf_payload(u32 from, u32 to, slice val) {
  return trie_hp_item_len(from, to) + rlp_str_len(val.ptr, val.len);
}
size_t trie_leaf_len(u32 from, u32 to, slice val) {
  size_t len = trie_leaf_payload(from, to, val);
  return trie_prefix_len(len) + len;
}
size_t trie_leaf_put(u8 *out, const u8 *key, u32 from, u32 to, slice val) {
  u8 *at = out;
  at += rlp_prefix(at, trie_leaf_payload(from, to, val), true);
  at = trie_hp_item_put(at, key, from, to, true);
  return (size_t)(trie_str_put(at, val) - out);
}

/* A reference inside a node: a hash is a string, a short node stands as is. */
static inline size_t trie_ref_item_len(u32 ref_len) {
  return ref_len == 32 ? 33 : ref_len ? ref_len : 1;
}
static inline u8 *trie_ref_item_put(u8 *out, const u8 *ref, u32 ref_len) {
  if (ref_len == 32) {
    *out++ = 0xa0;
    memcpy(out, ref, 32);
    return out + 32;
  }
  if (ref_len == 0) {
    *out = 0x80;
    return out + 1;
  }
  memcpy(out, ref, ref_len);
  return out + ref_len;
}

static size_t trie_ext_payload(u32 from, u32 to, u32 ref_len) {
  return trie_hp_item_len(from, to) + trie_ref_item_len(ref_len);
}
size_t trie_ext_len(u32 from, u32 to, u32 ref_len) {
  size_t len = trie_ext_payload(from, to, ref_len);
  return trie_prefix_len(len) + len;
}
size_t trie_ext_put(u8 *out, const u8 *path, u32 from, u32 to, const u8 *ref,
                    u32 ref_len) {
  u8 *at = out;
  at += rlp_prefix(at, trie_ext_payload(from, to, ref_len), true);
  at = trie_hp_item_put(at, path, from, to, false);
  return (size_t)(trie_ref_item_put(at, ref, ref_len) - out);
}

static size_t trie_branch_payload(const struct trie_ref_view ref[16],
                                  slice val) {
  size_t len = rlp_str_len(val.ptr, val.len);
  for (u32 i = 0; i < 16; i++) len += trie_ref_item_len(ref[i].len);
  return len;
}
size_t trie_branch_len(const struct trie_ref_view ref[16], slice val) {
  size_t len = trie_branch_payload(ref, val);
  return trie_prefix_len(len) + len;
}
size_t trie_branch_put(u8 *out, const struct trie_ref_view ref[16],
                       slice val) {
  u8 *at = out;
  at += rlp_prefix(at, trie_branch_payload(ref, val), true);
  for (u32 i = 0; i < 16; i++) {
    at = trie_ref_item_put(at, ref[i].ptr, ref[i].len);
  }
  return (size_t)(trie_str_put(at, val) - out);
}

/*-------------------------------------------------------------- hasher */

void trie_hasher_init(struct trie_hasher *h, struct arena *a) {
  h->a = a;
  h->buf = NULL;
  h->cap = h->fill = 0;
  h->cnt = 0;
}

u8 *trie_hasher_room(struct trie_hasher *h, size_t len) {
  if (h->cnt == TRIE_HASHER_CNT || h->cap - h->fill < len) {
    trie_hasher_flush(h);
  }
  if (h->cap < len) {
    h->cap = len < TRIE_HASHER_BYTES ? TRIE_HASHER_BYTES : len;
    h->buf = arena_alloc_raw(h->a, h->cap);
    MUST(h->buf);
  }
  return h->buf + h->fill;
}

void trie_hasher_add(struct trie_hasher *h, struct trie_ref *to, size_t len,
                     bool is_root) {
  const u8 *node = h->buf + h->fill;
  if (len < 32 && !is_root) {
    memcpy(to->b, node, len);
    to->len = (u8)len;
    return;
  }
  h->in[h->cnt] = slice_of(node, len);
  h->to[h->cnt++] = to;
  h->fill += len;
}

void trie_hasher_flush(struct trie_hasher *h) {
  hash32 out[TRIE_HASHER_CNT];
  crypto_keccak256_batch(out, h->in, h->cnt);
  for (u32 i = 0; i < h->cnt; i++) {
    memcpy(h->to[i]->b, out[i].b, 32);
    h->to[i]->len = 32;
  }
  h->cnt = 0;
  h->fill = 0;
}
