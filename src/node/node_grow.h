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

struct node_grow_node {
  u8 path[64];
  u32 path_len;      /* TRIE_ROOT_EDGE: the root edge */
  struct buf bytes;
};
struct node_grow_leaf {
  hash32 key;
  struct buf rlp;
};
struct node_grow {
  struct node_grow_node *node;
  struct node_grow_leaf *leaf;
  u32 node_cnt, leaf_cnt;
  hash32 root;
  /* A final node; the bytes hold until it returns. */
  void (*tell)(void *ctx, const u8 *path, u32 path_len, slice node);
  void *ctx;
};
/* tell, ctx are set before; all else begins as zeros, root is set by the first
** portion. */
void node_grow_fini(struct node_grow *g);
/* What may be asked for, as a trie_source's functions; ctx the struct. */
err node_grow_node_get(void *ctx, slice *out, const u8 *path, u32 path_len);
err node_grow_leaf_get(void *ctx, slice *out, const hash32 *key);
/* The nodes of one portion, made by somebody else from these; its leaf if it
** has only one. */
void node_grow_put(struct node_grow *g, const struct trie_node_put *const *put,
                   size_t cnt);
void node_grow_keep_leaf(struct node_grow *g, const hash32 *key, slice rlp);
/* A portion's leaves. */
err node_grow_add(struct node_grow *g, const struct trie_change *leaf, u32 cnt,
                  struct arena *a) MUST_USE;
/* After the last one: the nodes above. */
void node_grow_end(const struct node_grow *g);
#endif
