/* trie_build.c - the root of a trie given all at once, in order.
**
** The tree is laid out first, top down, by splitting the sorted pairs where
** their nibbles part; every node is put in the list of its height (leaves 0,
** a parent one more than its highest child).  Then heights are encoded and
** hashed from 0 up, so that all nodes of one height go through the hasher
** together.  Keys are up to 255 bytes, so the recursion is at most 511 deep;
** a key may be the prefix of another (its value then sits in a branch).
*/
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "trie/trie.h"
#include "trie/trie_node.h"

#define TRIE_BUILD_KEY_MAX 255u
#define TRIE_BUILD_HEIGHTS (4 * TRIE_BUILD_KEY_MAX + 4)

enum trie_build_kind { TRIE_BUILD_LEAF, TRIE_BUILD_EXT, TRIE_BUILD_BRANCH };
struct trie_build_node {
  struct trie_build_node *next; /* of the same height */
  const u8 *key;
  slice val;                    /* leaf, branch */
  u16 from, to;                 /* leaf, extension: nibbles of key */
  u16 height;
  u8 kind;
  struct trie_ref ref;
  struct trie_build_node *child[]; /* branch: 16; extension: 1 */
};
struct trie_build {
  const struct trie_pair *pair;
  struct arena *a;
  struct trie_build_node **list; /* by height */
  u32 top;                       /* greatest height met */
};

static struct trie_build_node *trie_build_new(struct trie_build *b,
                                              enum trie_build_kind kind,
                                              const u8 *key, u32 from, u32 to,
                                              u32 child_cnt) {
  struct trie_build_node *n = arena_alloc(
      b->a, sizeof *n + child_cnt * sizeof(struct trie_build_node *));
  MUST(n);
  n->kind = kind;
  n->key = key;
  n->from = (u16)from;
  n->to = (u16)to;
  return n;
}

static void trie_build_enlist(struct trie_build *b, struct trie_build_node *n,
                              u32 height) {
  n->height = (u16)height;
  n->next = b->list[height];
  b->list[height] = n;
  if (height > b->top) b->top = height;
}

static struct trie_build_node *trie_build_span(struct trie_build *b,
                                               size_t lo, size_t hi, u32 at);

static struct trie_build_node *trie_build_branch(struct trie_build *b,
                                                 size_t lo, size_t hi,
                                                 u32 at) {
  struct trie_build_node *n =
      trie_build_new(b, TRIE_BUILD_BRANCH, NULL, 0, 0, 16);
  if (2 * b->pair[lo].key.len == at) n->val = b->pair[lo++].val;
  u32 height = 0;
  while (lo < hi) {
    u32 nib = trie_nibble(b->pair[lo].key.ptr, at);
    size_t end = lo + 1;
    while (end < hi && trie_nibble(b->pair[end].key.ptr, at) == nib) end++;
    n->child[nib] = trie_build_span(b, lo, end, at + 1);
    if (n->child[nib]->height > height) height = n->child[nib]->height;
    lo = end;
  }
  trie_build_enlist(b, n, height + 1);
  return n;
}

/* The node for pairs lo..hi-1, which agree on the nibbles before at. */
static struct trie_build_node *trie_build_span(struct trie_build *b,
                                               size_t lo, size_t hi, u32 at) {
  const struct trie_pair *first = &b->pair[lo], *last = &b->pair[hi - 1];
  u32 end = 2 * (u32)first->key.len;
  if (hi - lo == 1) {
    struct trie_build_node *n =
        trie_build_new(b, TRIE_BUILD_LEAF, first->key.ptr, at, end, 0);
    n->val = first->val;
    trie_build_enlist(b, n, 0);
    return n;
  }
  u32 shared = trie_nibble_diff(first->key.ptr, last->key.ptr, at, end);
  struct trie_build_node *branch = trie_build_branch(b, lo, hi, shared);
  if (shared == at) return branch;
  struct trie_build_node *n =
      trie_build_new(b, TRIE_BUILD_EXT, first->key.ptr, at, shared, 1);
  n->child[0] = branch;
  trie_build_enlist(b, n, branch->height + 1u);
  return n;
}

static void trie_build_hash(struct trie_hasher *h, struct trie_build_node *n,
                            bool is_root) {
  struct trie_ref_view ref[16];
  const struct trie_ref *sub;
  size_t len = 0;
  u8 *out;
  switch (n->kind) {
    case TRIE_BUILD_LEAF:
      out = trie_hasher_room(h, trie_leaf_len(n->from, n->to, n->val));
      len = trie_leaf_put(out, n->key, n->from, n->to, n->val);
      break;
    case TRIE_BUILD_EXT:
      sub = &n->child[0]->ref;
      out = trie_hasher_room(h, trie_ext_len(n->from, n->to, sub->len));
      len = trie_ext_put(out, n->key, n->from, n->to, sub->b, sub->len);
      break;
    default:
      for (u32 i = 0; i < 16; i++) {
        sub = n->child[i] ? &n->child[i]->ref : NULL;
        ref[i] = (struct trie_ref_view){sub ? sub->b : NULL,
                                        sub ? sub->len : 0};
      }
      out = trie_hasher_room(h, trie_branch_len(ref, n->val));
      len = trie_branch_put(out, ref, n->val);
  }
  trie_hasher_add(h, &n->ref, len, is_root);
}

void trie_root_sorted(hash32 *root, const struct trie_pair *pairs, size_t cnt,
                      struct arena *scratch) {
  if (cnt == 0) {
    *root = CRYPTO_KECCAK_RLP_NIL;
    return;
  }
  struct trie_build b = {.pair = pairs, .a = scratch};
  for (size_t i = 0; i < cnt; i++) {
    MUST(pairs[i].key.len <= TRIE_BUILD_KEY_MAX && pairs[i].val.len > 0);
  }
  struct arena_mark mark = arena_mark(scratch);
  b.list = arena_array(scratch, struct trie_build_node *, TRIE_BUILD_HEIGHTS);
  MUST(b.list);
  struct trie_build_node *top = trie_build_span(&b, 0, cnt, 0);
  struct trie_hasher h;
  trie_hasher_init(&h, scratch);
  for (u32 height = 0; height <= b.top; height++) {
    for (struct trie_build_node *n = b.list[height]; n; n = n->next) {
      trie_build_hash(&h, n, n == top);
    }
    trie_hasher_flush(&h);
  }
  memcpy(root->b, top->ref.b, 32);
  arena_reset(scratch, mark);
}

/* rlp(index) in byte order: 1..127 are single bytes, 0 is 0x80, the others
** follow with their length before them. */
void trie_root_indexed(hash32 *root, const slice *vals, size_t cnt,
                       struct arena *scratch) {
  struct arena_mark mark = arena_mark(scratch);
  struct trie_pair *pair = arena_alloc_raw(scratch, cnt * sizeof *pair);
  u8 *key = arena_alloc_raw(scratch, cnt * 9);
  MUST(pair && key);
  size_t low = cnt < 128 ? cnt : 128;
  for (size_t i = 0; i < cnt; i++, key += 9) {
    size_t index = i + 1 < low ? i + 1 : i < low ? 0 : i, len = 1;
    if (index == 0 || index >= 128) {
      u32 bytes = index ? (64u - (u32)__builtin_clzll(index) + 7) / 8 : 0;
      key[0] = (u8)(0x80 + bytes);
      for (u32 j = 0; j < bytes; j++) {
        key[1 + j] = (u8)(index >> 8 * (bytes - 1 - j));
      }
      len = 1 + bytes;
    } else {
      key[0] = (u8)index;
    }
    pair[i] = (struct trie_pair){slice_of(key, len), vals[index]};
  }
  trie_root_sorted(root, pair, cnt, scratch);
  arena_reset(scratch, mark);
}
