/* trie_record.c - the bytes of stored nodes.
**
** A branch at depth d (the count of nibbles in its path):
**   u16 BE  which of the 16 children there are, bit i for nibble i
**   u16 BE  which of them are leaves
**   each child, ascending:
**     u8      length of its reference, 1..32; 0x80 added on a branch that is
**             not at d + 1 (an extension leads to it)
**     u8      of a branch: how many leaves are under it; 0: more than 255
**     u8      with 0x80: the depth of that branch, d + 2..63
**     bytes   of a leaf, or with 0x80: the bytes of its path from byte
**             (d + 1) / 2 on (the last nibble zero when the depth is odd)
**     bytes   the reference
** The root edge:
**   u8      1 leaf, 2 branch
**   u8      its depth: 64 for a leaf, 0..63 for a branch
**   bytes   its path, two nibbles a byte
**   32      the root
*/
#include "trie/trie_node.h"

#define TRIE_RECORD_FAR 0x80u

static inline u32 trie_record_tail_len(u32 from_byte, u32 to) {
  return (to + 1) / 2 - from_byte;
}

/* An odd path must end in a zero nibble: one path, one form. */
static bool trie_record_tail_ok(const u8 *tail, u32 len, u32 to) {
  return !(to & 1) || len == 0 || (tail[len - 1] & 15) == 0;
}

err trie_root_load(struct trie_edge *out, const struct trie_source *src) {
  slice s;
  memset(out, 0, sizeof *out);
  TRY(src->node(src->ctx, &s, NULL, TRIE_ROOT_EDGE));
  if (s.len == 0) return ERR_OK;
  if (s.len < 2) return ERR_CORRUPT;
  out->kind = s.ptr[0];
  out->to = s.ptr[1];
  if (out->kind == TRIE_LEAF ? out->to != TRIE_KEY_NIBBLES
      : out->kind == TRIE_BRANCH ? out->to >= TRIE_KEY_NIBBLES : true) {
    return ERR_CORRUPT;
  }
  u32 len = trie_record_tail_len(0, out->to);
  if (s.len != 2 + len + 32) return ERR_CORRUPT;
  out->tail = s.ptr + 2;
  out->ref = s.ptr + 2 + len;
  out->ref_len = 32;
  return trie_record_tail_ok(out->tail, len, out->to) ? ERR_OK : ERR_CORRUPT;
}

/* Takes the part of the child at a nibble off the record. */
static err trie_record_edge(struct trie_edge *e, slice *in, u32 nibble,
                            bool is_leaf, u32 depth) {
  if (in->len < 2) return ERR_CORRUPT;
  u32 head = in->ptr[0], used = 1, tail_len = 0;
  bool far = head & TRIE_RECORD_FAR;
  e->kind = is_leaf ? TRIE_LEAF : TRIE_BRANCH;
  e->tail_at = (u8)((depth + 1) / 2);
  e->to = (u8)(is_leaf ? TRIE_KEY_NIBBLES : depth + 1);
  e->ref_len = head & 0x7f;
  if (e->ref_len < 1 || e->ref_len > 32) return ERR_CORRUPT;
  if (!is_leaf) e->leaves = in->ptr[used++];
  if (!is_leaf && e->leaves == 1) return ERR_CORRUPT;
  if (far) {
    if (in->len <= used) return ERR_CORRUPT;
    e->to = in->ptr[used++];
    if (is_leaf || e->to < depth + 2) return ERR_CORRUPT;
  }
  if (!is_leaf && e->to >= TRIE_KEY_NIBBLES) return ERR_CORRUPT;
  if (is_leaf || far) tail_len = trie_record_tail_len(e->tail_at, e->to);
  if (in->len < used + tail_len + e->ref_len) return ERR_CORRUPT;
  e->tail = in->ptr + used;
  e->ref = e->tail + tail_len;
  if (!trie_record_tail_ok(e->tail, tail_len, e->to)) return ERR_CORRUPT;
  /* From the middle of a byte: before it is the child's own nibble. */
  if (!(depth & 1) && tail_len && e->tail[0] >> 4 != nibble) {
    return ERR_CORRUPT;
  }
  used += tail_len + e->ref_len;
  *in = slice_of(in->ptr + used, in->len - used);
  return ERR_OK;
}

static err trie_record_load(struct trie_edge out[16], slice s, u32 depth) {
  if (s.len < TRIE_RECORD_HEAD) return ERR_CORRUPT;
  u32 mask = (u32)s.ptr[0] << 8 | s.ptr[1];
  u32 leaves = (u32)s.ptr[2] << 8 | s.ptr[3];
  if ((leaves & ~mask) || (mask & (mask - 1)) == 0) return ERR_CORRUPT;
  s = slice_of(s.ptr + TRIE_RECORD_HEAD, s.len - TRIE_RECORD_HEAD);
  memset(out, 0, 16 * sizeof *out);
  for (u32 i = 0; i < 16; i++) {
    if (!(mask >> i & 1)) continue;
    TRY(trie_record_edge(&out[i], &s, i, leaves >> i & 1, depth));
  }
  return s.len ? ERR_CORRUPT : ERR_OK;
}

err trie_branch_load(struct trie_edge out[16], const struct trie_source *src,
                     const u8 *key, u32 depth, u8 leaves) {
  u8 path[TRIE_KEY_NIBBLES];
  slice s;
  if (src->low && trie_is_low(leaves)) {
    TRY(src->low(src->ctx, &s, key, depth));
    return trie_record_load(out, s, depth);
  }
  for (u32 i = 0; i < depth; i++) path[i] = (u8)trie_nibble(key, i);
  TRY(src->node(src->ctx, &s, path, depth));
  return trie_record_load(out, s, depth);
}

bool trie_node_is_low(slice node, u32 depth) {
  struct trie_edge kid[16];
  if (trie_record_load(kid, node, depth) != ERR_OK) return false;
  return trie_is_low(trie_edges_leaves(kid, 16));
}

bool trie_node_is_top(slice node, u32 depth) {
  struct trie_edge kid[16];
  if (trie_record_load(kid, node, depth) != ERR_OK) return false;
  for (u32 i = 0; i < 16; i++)
    if (kid[i].kind == TRIE_LEAF ||
        (kid[i].kind == TRIE_BRANCH && trie_is_low(kid[i].leaves)))
      return false;
  return true;
}

u32 trie_record_edge_max(const struct trie_edge *e, u32 depth) {
  return 3 + trie_record_tail_len((depth + 1) / 2, e->to) + 32;
}

static u8 *trie_record_tail_put(u8 *out, const struct trie_edge *e,
                                u32 from_byte) {
  u32 len = trie_record_tail_len(from_byte, e->to);
  if (len == 0) return out;
  memcpy(out, e->tail + (from_byte - e->tail_at), len);
  if (e->to & 1) out[len - 1] &= 0xf0;
  return out + len;
}

size_t trie_record_put(u8 *out, const struct trie_edge *edge, u16 mask,
                       u32 depth, const struct trie_ref_view *ref) {
  u8 *at = out + TRIE_RECORD_HEAD;
  u32 leaves = 0;
  for (u32 i = 0; i < 16; i++) {
    if (!(mask >> i & 1)) continue;
    bool far = edge->kind == TRIE_BRANCH && edge->to != depth + 1;
    *at++ = (u8)(ref->len | (far ? TRIE_RECORD_FAR : 0));
    if (edge->kind == TRIE_BRANCH) *at++ = trie_edges_leaves(edge, 1);
    if (far) *at++ = edge->to;
    if (edge->kind == TRIE_LEAF) leaves |= 1u << i;
    if (far || edge->kind == TRIE_LEAF) {
      at = trie_record_tail_put(at, edge, (depth + 1) / 2);
    }
    memcpy(at, ref->ptr, ref->len);
    at += ref->len;
    edge++;
    ref++;
  }
  out[0] = (u8)(mask >> 8);
  out[1] = (u8)mask;
  out[2] = (u8)(leaves >> 8);
  out[3] = (u8)leaves;
  return (size_t)(at - out);
}

size_t trie_record_root_put(u8 *out, const struct trie_edge *e,
                            const hash32 *root) {
  out[0] = e->kind;
  out[1] = e->to;
  u8 *at = trie_record_tail_put(out + 2, e, 0);
  memcpy(at, root->b, 32);
  return (size_t)(at + 32 - out);
}

void trie_edge_path(u8 out[32], const struct trie_edge *e, const u8 *key,
                    u32 at) {
  memcpy(out, key, (at + 1) / 2);
  if (at >= e->to) return; /* nothing of its own */
  u32 from = at / 2;
  u8 first = out[from];
  memcpy(out + from, e->tail + (from - e->tail_at), (e->to + 1) / 2 - from);
  if (at & 1) out[from] = (u8)((first & 0xf0) | (out[from] & 0x0f));
}
