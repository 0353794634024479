/* trie_clear.c - the deletion of a whole trie: every stored node is visited
** once and named for deletion.  The work is the trie's size; a chain on rules
** from Cancun on never needs it for storage that stood before the block. */
#include "crypto/keccak.h"
#include "trie/trie.h"
#include "trie/trie_node.h"

struct trie_clear_put {
  struct trie_clear_put *next;
  struct trie_node_put put;
};
struct trie_clear {
  const struct trie_source *src;
  struct arena *a;
  struct trie_clear_put *list;
  size_t cnt;
};

static void trie_clear_add(struct trie_clear *c, const u8 *key, u32 depth) {
  struct trie_clear_put *n = arena_alloc(c->a, sizeof *n);
  MUST(n);
  n->next = c->list;
  n->put.path_len = depth;
  if (depth != TRIE_ROOT_EDGE) {
    u8 *path = arena_alloc_raw(c->a, depth);
    MUST(path);
    for (u32 i = 0; i < depth; i++) path[i] = (u8)trie_nibble(key, i);
    n->put.path = path;
  }
  c->list = n;
  c->cnt++;
}

/* Recursion at most 64 deep: each branch is deeper than its parent. */
static err trie_clear_edge(struct trie_clear *c, const struct trie_edge *e,
                           const u8 *key, u32 at) {
  struct trie_edge kid[16];
  u8 path[32];
  if (e->kind != TRIE_BRANCH) return ERR_OK;
  trie_edge_path(path, e, key, at);
  TRY(trie_branch_load(kid, c->src, path, e->to, e->leaves));
  trie_clear_add(c, path, e->to);
  u32 shift = e->to & 1 ? 0 : 4, byte = e->to / 2u;
  for (u32 i = 0; i < 16; i++) {
    path[byte] = (u8)((path[byte] & ~(15u << shift)) | i << shift);
    TRY(trie_clear_edge(c, &kid[i], path, e->to + 1u));
  }
  return ERR_OK;
}

err trie_clear(struct trie_result *out, const struct trie_source *src,
               struct arena *a) {
  struct trie_clear c = {.src = src, .a = a};
  struct trie_edge root;
  const u8 key[32] = {0};
  TRY(trie_root_load(&root, src));
  if (root.kind != TRIE_EMPTY) trie_clear_add(&c, NULL, TRIE_ROOT_EDGE);
  TRY(trie_clear_edge(&c, &root, key, 0));
  out->root = CRYPTO_KECCAK_RLP_NIL;
  out->put_cnt = 0;
  out->put = arena_array(a, struct trie_node_put, c.cnt);
  MUST(out->put);
  for (const struct trie_clear_put *n = c.list; n; n = n->next) {
    out->put[out->put_cnt++] = n->put;
  }
  return ERR_OK;
}
