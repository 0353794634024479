/* trie_fixture.h - a persistent trie in memory, for tests: nodes and leaves
** in maps, changes applied as trie_update's caller would. */
#ifndef TESTS_TRIE_FIXTURE_H
#define TESTS_TRIE_FIXTURE_H
#include "base/arena.h"
#include "base/map.h"
#include "crypto/keccak.h"
#include "trie/trie.h"
#include <stdlib.h>

struct trie_fixture_key {
  u8 path[64];
  u64 len;
};
struct trie_fixture_val {
  u8 *ptr;
  size_t len;
};
struct trie_fixture {
  struct map node, leaf;
  struct arena a;
  hash32 root;
  size_t node_reads, leaf_reads;
};

static inline void trie_fixture_init(struct trie_fixture *t) {
  memset(t, 0, sizeof *t);
  map_init(&t->node, sizeof(struct trie_fixture_key),
           sizeof(struct trie_fixture_val), 0, 1);
  map_init(&t->leaf, 32, sizeof(struct trie_fixture_val), 0, 1);
  arena_init(&t->a, 1 << 16, 0);
  t->root = CRYPTO_KECCAK_RLP_NIL;
}

static inline void trie_fixture_free(struct map *m) {
  const void *k;
  void *v;
  for (size_t it = 0; map_next(m, &it, &k, &v);) {
    free(((struct trie_fixture_val *)v)->ptr);
  }
  map_fini(m);
}

static inline void trie_fixture_fini(struct trie_fixture *t) {
  trie_fixture_free(&t->node);
  trie_fixture_free(&t->leaf);
  arena_fini(&t->a);
}

static inline void trie_fixture_put(struct map *m, const void *key, slice s) {
  struct trie_fixture_val *v = map_get(m, key);
  if (s.len == 0) {
    if (!v) return;
    free(v->ptr);
    map_del(m, key);
    return;
  }
  if (!v) v = map_put(m, key, NULL);
  v->ptr = realloc(v->ptr, s.len);
  v->len = s.len;
  memcpy(v->ptr, s.ptr, s.len);
}

static inline struct trie_fixture_key trie_fixture_path(const u8 *path,
                                                        u32 len) {
  struct trie_fixture_key k;
  memset(&k, 0, sizeof k);
  k.len = len;
  if (len != TRIE_ROOT_EDGE && len) memcpy(k.path, path, len);
  return k;
}

static inline err trie_fixture_node(void *ctx, slice *out, const u8 *path,
                                    u32 len) {
  struct trie_fixture *t = ctx;
  struct trie_fixture_key k = trie_fixture_path(path, len);
  const struct trie_fixture_val *v = map_get(&t->node, &k);
  __atomic_fetch_add(&t->node_reads, 1, __ATOMIC_RELAXED);
  *out = v ? slice_of(v->ptr, v->len) : slice_of(NULL, 0);
  return ERR_OK;
}

static inline err trie_fixture_leaf(void *ctx, slice *out, const hash32 *key) {
  struct trie_fixture *t = ctx;
  const struct trie_fixture_val *v = map_get(&t->leaf, key);
  __atomic_fetch_add(&t->leaf_reads, 1, __ATOMIC_RELAXED);
  if (!v) return ERR_CORRUPT;
  *out = slice_of(v->ptr, v->len);
  return ERR_OK;
}

static inline struct trie_source trie_fixture_source(struct trie_fixture *t) {
  return (struct trie_source){.ctx = t, .node = trie_fixture_node,
                              .leaf = trie_fixture_leaf};
}

/* Applies the changes; returns how many nodes were stored or deleted. */
static inline size_t trie_fixture_update(struct trie_fixture *t,
                                         const struct trie_change *c,
                                         size_t cnt, const struct par *par) {
  struct trie_source src = trie_fixture_source(t);
  struct trie_result r;
  err e = trie_update(&r, &src, c, cnt, par, &t->a);
  MUST(e == ERR_OK);
  for (size_t i = 0; i < r.put_cnt; i++) {
    struct trie_fixture_key k =
        trie_fixture_path(r.put[i].path, r.put[i].path_len);
    trie_fixture_put(&t->node, &k, r.put[i].node);
  }
  for (size_t i = 0; i < cnt; i++) {
    trie_fixture_put(&t->leaf, c[i].key.b, c[i].val);
  }
  t->root = r.root;
  size_t puts = r.put_cnt;
  arena_clear(&t->a);
  return puts;
}
#endif
