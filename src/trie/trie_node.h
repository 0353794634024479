/* trie_node.h - what the files of this folder share: nibbles, Ethereum's node
** encodings, the stored records, and a hasher that gathers encodings and
** hashes many at once.  Not for other folders.
**
** A key or path is packed, two nibbles a byte, the high one first; positions
** count nibbles.  A node's reference is its keccak256, or the encoding itself
** when that is shorter than 32 bytes.
*/
#ifndef TRIE_TRIE_NODE_H
#define TRIE_TRIE_NODE_H
#include "base/arena.h"
#include "base/base.h"
#include "trie/trie.h"

#define TRIE_KEY_NIBBLES 64

struct trie_ref {
  u8 len; /* 32: a hash; below: the node itself; 0: not yet known */
  u8 b[32];
};

static inline u32 trie_nibble(const u8 *key, u32 at) {
  return at & 1 ? key[at >> 1] & 15u : (u32)key[at >> 1] >> 4;
}
/* The first position in [from, to) where a and b differ, else to. */
u32 trie_nibble_diff(const u8 *a, const u8 *b, u32 from, u32 to);

/* Sizes and encodings of the three nodes.  A *_put writes exactly *_len bytes
** and returns that. */
size_t trie_leaf_len(u32 from, u32 to, slice val);
size_t trie_leaf_put(u8 *out, const u8 *key, u32 from, u32 to, slice val);
size_t trie_ext_len(u32 from, u32 to, u32 ref_len);
size_t trie_ext_put(u8 *out, const u8 *path, u32 from, u32 to, const u8 *ref,
                    u32 ref_len);
/* ref[i].len 0: no child; val empty in tries of 32-byte keys. */
struct trie_ref_view {
  const u8 *ptr;
  u32 len;
};
size_t trie_branch_len(const struct trie_ref_view ref[16], slice val);
size_t trie_branch_put(u8 *out, const struct trie_ref_view ref[16], slice val);

/* An edge of the persistent trie: what hangs below one nibble of a branch, or
** below the root.  It spans the nibbles from where it starts (known from where
** it is) to `to`: 64 for a leaf, the branch's depth for a branch. */
enum trie_kind { TRIE_EMPTY, TRIE_LEAF, TRIE_BRANCH };
struct trie_edge {
  u8 kind, to;
  u8 tail_at;      /* tail holds the path's bytes from this one on */
  u8 leaves;       /* of a branch: how many are under it; 0: more than 255 */
  u8 ref_len;
  const u8 *tail;
  const u8 *ref;   /* when node is NULL */
  void *node;      /* new in this update: trie_leaf_new, trie_branch_new */
};
/* The stored records; trie_record.c tells their bytes.  Reading checks all and
** gives views; ERR_CORRUPT.  key: any key that begins with the branch's path;
** leaves: as its edge tells, 0 when that is not known.
** A put writes at most *_max bytes and returns how many. */
err trie_root_load(struct trie_edge *out, const struct trie_source *src)
    MUST_USE;
err trie_branch_load(struct trie_edge out[16], const struct trie_source *src,
                     const u8 *key, u32 depth, u8 leaves) MUST_USE;
/* How many leaves are under the edges together, as trie_edge.leaves tells. */
u8 trie_edges_leaves(const struct trie_edge *edge, u32 cnt);
static inline bool trie_is_low(u8 leaves) {
  return leaves && leaves <= TRIE_LOW_LEAVES;
}
/* Bytes of one edge's part in a branch record, refs taken as hashes. */
u32 trie_record_edge_max(const struct trie_edge *e, u32 depth);
#define TRIE_RECORD_HEAD 4u
#define TRIE_RECORD_ROOT_MAX 66u
size_t trie_record_put(u8 *out, const struct trie_edge *edge, u16 mask,
                       u32 depth, const struct trie_ref_view *ref);
size_t trie_record_root_put(u8 *out, const struct trie_edge *e,
                            const hash32 *root);
/* The whole path of an edge that starts at `at`; key gives the nibbles before
** that. */
void trie_edge_path(u8 out[32], const struct trie_edge *e, const u8 *key,
                    u32 at);

/* Gathers encodings; a reference asked for is valid after the flush. */
#define TRIE_HASHER_CNT 64
#define TRIE_HASHER_BYTES (40u << 10)
struct trie_hasher {
  struct arena *a; /* for the buffer */
  u8 *buf;
  size_t cap, fill;
  u32 cnt;
  slice in[TRIE_HASHER_CNT];
  struct trie_ref *to[TRIE_HASHER_CNT];
};
void trie_hasher_init(struct trie_hasher *h, struct arena *a);
/* Where to write the next encoding of len bytes; then add it.  is_root: hash
** it even when short. */
u8 *trie_hasher_room(struct trie_hasher *h, size_t len) MUST_USE;
void trie_hasher_add(struct trie_hasher *h, struct trie_ref *to, size_t len,
                     bool is_root);
void trie_hasher_flush(struct trie_hasher *h);
#endif
