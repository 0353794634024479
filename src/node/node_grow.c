/* node_grow.c - see node_grow.h. */
#include "node/node_grow.h"

void node_grow_fini(struct node_grow *g) {
  for (u32 i = 0; i < g->node_cnt; i++) buf_fini(&g->node[i].bytes);
  for (u32 i = 0; i < g->leaf_cnt; i++) buf_fini(&g->leaf[i].rlp);
  mem_free(g->node);
  mem_free(g->leaf);
}

static struct node_grow_node *node_grow_find(const struct node_grow *g, const u8 *path,
                                     u32 path_len) {
  for (u32 i = 0; i < g->node_cnt; i++) {
    struct node_grow_node *n = &g->node[i];
    if (n->path_len != path_len) continue;
    if (path_len == TRIE_ROOT_EDGE || !memcmp(n->path, path, path_len))
      return n;
  }
  return NULL;
}

static void node_grow_keep(struct node_grow *g, const struct trie_node_put *p) {
  struct node_grow_node *n = node_grow_find(g, p->path, p->path_len);
  if (!n) {
    g->node = mem_realloc(g->node, (g->node_cnt + 1) * sizeof *g->node);
    n = &g->node[g->node_cnt++];
    memset(n, 0, sizeof *n);
    n->path_len = p->path_len;
    if (p->path_len != TRIE_ROOT_EDGE) memcpy(n->path, p->path, p->path_len);
    buf_init(&n->bytes, 0);
  }
  buf_clear(&n->bytes);
  buf_put_slice(&n->bytes, p->node);
}

void node_grow_keep_leaf(struct node_grow *g, const hash32 *key, slice rlp) {
  g->leaf = mem_realloc(g->leaf, (g->leaf_cnt + 1) * sizeof *g->leaf);
  struct node_grow_leaf *l = &g->leaf[g->leaf_cnt++];
  l->key = *key;
  buf_init(&l->rlp, 0);
  buf_put_slice(&l->rlp, rlp);
}

err node_grow_node_get(void *ctx, slice *out, const u8 *path, u32 path_len) {
  const struct node_grow_node *n = node_grow_find(ctx, path, path_len);
  *out = n ? buf_slice(&n->bytes) : slice_of(NULL, 0);
  return ERR_OK;
}

err node_grow_leaf_get(void *ctx, slice *out, const hash32 *key) {
  const struct node_grow *g = ctx;
  for (u32 i = 0; i < g->leaf_cnt; i++) {
    if (!hash32_eq(&g->leaf[i].key, key)) continue;
    *out = buf_slice(&g->leaf[i].rlp);
    return ERR_OK;
  }
  return ERR_CORRUPT;
}

static bool node_grow_is_top(u32 path_len) {
  return path_len < 2 || path_len == TRIE_ROOT_EDGE;
}

void node_grow_put(struct node_grow *g, const struct trie_node_put *const *put,
               size_t cnt) {
  const struct trie_node_put *first = NULL;
  for (size_t i = 0; i < cnt; i++) {
    const struct trie_node_put *p = put[i];
    if (node_grow_is_top(p->path_len)) {
      node_grow_keep(g, p);
      continue;
    }
    if (!first || p->path_len < first->path_len) first = p;
    g->tell(g->ctx, p->path, p->path_len, p->node);
  }
  if (first) node_grow_keep(g, first);
}

err node_grow_add(struct node_grow *g, const struct trie_change *leaf, u32 cnt,
              struct arena *a) {
  const struct trie_source src = {.ctx = g, .node = node_grow_node_get,
                                  .leaf = node_grow_leaf_get};
  struct trie_result out;
  TRY(trie_update(&out, &src, leaf, cnt, NULL, a));
  if (cnt == 1) node_grow_keep_leaf(g, &leaf->key, leaf->val);
  g->root = out.root;
  const struct trie_node_put **put =
      arena_array(a, const struct trie_node_put *, out.put_cnt + 1);
  for (size_t i = 0; i < out.put_cnt; i++) put[i] = &out.put[i];
  node_grow_put(g, put, out.put_cnt);
  return ERR_OK;
}

void node_grow_end(const struct node_grow *g) {
  for (u32 i = 0; i < g->node_cnt; i++) {
    const struct node_grow_node *n = &g->node[i];
    if (node_grow_is_top(n->path_len))
      g->tell(g->ctx, n->path, n->path_len, buf_slice(&n->bytes));
  }
}
