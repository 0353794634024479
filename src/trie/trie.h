/* trie.h - Merkle Patricia tries (yellow paper, appendix D).
**
** Two forms.  The ordered builder takes all pairs of a small trie at once
** (transactions, receipts, test states) and gives its root.  The persistent
** trie has 32-byte keys (keccak of address or slot), keeps only its branch
** nodes, keyed by path, and takes a block's changes in one sorted batch;
** leaves live in the flat tables of their owner.
*/
#ifndef TRIE_TRIE_H
#define TRIE_TRIE_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

/*------------------------------------------------------ ordered builder */
struct trie_pair {
  slice key, val; /* keys up to 255 bytes; val not empty */
};
/* Keys strictly ascending (bytewise, shorter first when one is a prefix). */
void trie_root_sorted(hash32 *root, const struct trie_pair *pairs, size_t cnt,
                      struct arena *scratch);
/* key = rlp(index): the roots of transactions and receipts. */
void trie_root_indexed(hash32 *root, const slice *vals, size_t cnt,
                       struct arena *scratch);

/*------------------------------------------------------ persistent trie
** A stored node is a branch at a path of nibbles.  Each of its 16 edges is
** empty, leads to a leaf (the rest of its key in the edge) or to a branch
** (with the nibbles an extension skips); an edge carries the reference (hash,
** or the node itself below 32 bytes) that Ethereum's branch would hold.  The
** root edge is stored as a node of its own.  trie.c tells the bytes. */

/* Where one trie's nodes and leaves are.  Called from several threads when a
** par is given; views hold until the update returns. */
struct trie_source {
  void *ctx;
  /* The stored bytes of the node with this path, len 0 when there is none.
  ** path: one nibble a byte, path_len 0..64; TRIE_ROOT_EDGE for the root. */
  err (*node)(void *ctx, slice *out, const u8 *path, u32 path_len);
  /* The value (RLP) of an existing leaf, as before the update. */
  err (*leaf)(void *ctx, slice *out, const hash32 *key);
  /* As node, for the one at the first path_len nibbles of key, which is known
  ** to be low (below); others on the way to key may be asked next.  NULL: node
  ** is asked. */
  err (*low)(void *ctx, slice *out, const u8 key[32], u32 path_len);
};
#define TRIE_ROOT_EDGE 0xffffffffu

struct trie_change {
  hash32 key;
  slice val; /* the leaf's RLP; len 0 deletes (deleting nothing is no error) */
};
struct trie_node_put { /* what the update wants stored */
  const u8 *path;      /* as in trie_source.node */
  u32 path_len;
  slice node;          /* len 0: delete */
};
struct trie_result {
  hash32 root;
  struct trie_node_put *put; /* in the arena */
  size_t put_cnt;
};
/* Applies changes (strictly ascending keys) to the trie; nothing is written:
** out tells what to store.  With par, the top nibbles are done in parallel.
** ERR_CORRUPT when a node or leaf that must exist is missing. */
err trie_update(struct trie_result *out, const struct trie_source *src,
                const struct trie_change *changes, size_t cnt,
                const struct par *par, struct arena *a) MUST_USE;
/* Several tries at once: their nodes are hashed together, which is faster than
** one after the other, and dealt out to the workers.  The sources may differ;
** on an error all results are void. */
struct trie_job {
  const struct trie_source *src;
  const struct trie_change *change;
  size_t cnt;
  struct trie_result out;
  hash32 root_before;     /* as stored: for the caller to check */
  bool is_cut, was_empty; /* the update's own */
};
err trie_update_all(struct trie_job *job, size_t job_cnt,
                    const struct par *par, struct arena *a) MUST_USE;
/* A low node is a branch with at most TRIE_LOW_LEAVES leaves under it; so are
** then those under it.  It need not be kept: trie_low_nodes makes it, and the
** branches under it, from all leaves whose keys begin with its path (values as
** RLP, keys strictly ascending; depth: of the path), only those on the way to
** key if that is not NULL.  ERR_CORRUPT when they have no branch there.  Nine
** in ten of a trie's nodes are low, and to make one costs about as much as to
** read a row; with 128 leaves it was three times as much. */
#define TRIE_LOW_LEAVES 16u
bool trie_node_is_low(slice node, u32 depth);
/* A top node leads to branches that are not low, and to nothing else. */
bool trie_node_is_top(slice node, u32 depth);
err trie_low_nodes(struct trie_result *out, const struct trie_change *leaves,
                   size_t cnt, u32 depth, const u8 *key,
                   struct arena *a) MUST_USE;
/* Deletes every node of the trie; the work is its size. */
err trie_clear(struct trie_result *out, const struct trie_source *src,
               struct arena *a) MUST_USE;
/* The proof of key (present or absent): the RLP nodes from the root down, as
** in eth_getProof.  nodes in the arena. */
err trie_prove(slice **nodes, u32 *node_cnt, const struct trie_source *src,
               const hash32 *key, struct arena *a) MUST_USE;
/* Checks a proof against a root; val->len 0 = proven absent. */
err trie_proof_check(slice *val, const hash32 *root, const hash32 *key,
                     const slice *nodes, u32 node_cnt) MUST_USE;
#endif
