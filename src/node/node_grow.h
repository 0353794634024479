/* node_grow.h - a trie whose leaves come in ascending portions of one first
** byte each: nodes are told as soon as they are final, so that a trie of
** millions of leaves is gone through in the memory of a 256th of it.
**
** The nodes under a first byte are final with its portion.  What later portions
** may ask for is little and stays in memory: the nodes above (root edge, root,
** one nibble), the topmost node of each portion, which an edge above may lead
** to over some nibbles, and the leaf of a portion that has only one.
*/
#ifndef NODE_NODE_GROW_H
#define NODE_NODE_GROW_H
#include "base/buf.h"
#include "trie/trie.h"

struct ngrow_node {
  u8 path[64];
  u32 path_len;      /* TRIE_ROOT_EDGE: the root edge */
  struct buf bytes;
};
struct ngrow_leaf {
  hash32 key;
  struct buf rlp;
};
struct ngrow {
  struct ngrow_node *node;
  struct ngrow_leaf *leaf;
  u32 node_cnt, leaf_cnt;
  hash32 root;
  /* A final node; the bytes hold until it returns. */
  void (*tell)(void *ctx, const u8 *path, u32 path_len, slice node);
  void *ctx;
};
/* tell, ctx are set before; all else begins as zeros, root is set by the first
** portion. */
void ngrow_fini(struct ngrow *g);
/* What may be asked for, as a trie_source's functions; ctx the struct. */
err ngrow_node_get(void *ctx, slice *out, const u8 *path, u32 path_len);
err ngrow_leaf_get(void *ctx, slice *out, const hash32 *key);
/* The nodes of one portion, made by somebody else from these; its leaf if it
** has only one. */
void ngrow_put(struct ngrow *g, const struct trie_node_put *const *put,
               size_t cnt);
void ngrow_keep_leaf(struct ngrow *g, const hash32 *key, slice rlp);
/* A portion's leaves. */
err ngrow_add(struct ngrow *g, const struct trie_change *leaf, u32 cnt,
              struct arena *a) MUST_USE;
/* After the last one: the nodes above. */
void ngrow_end(const struct ngrow *g);
#endif
