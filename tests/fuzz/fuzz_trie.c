/* fuzz_trie.c - the first byte chooses:
**   0  the rest is rounds of changes to a trie; each round's root is compared
**      with the ordered builder's, and keys are proven and checked;
**   1  the rest is a proof, whose hashes are put in place before it is checked;
**   2  the rest is what a damaged store answers for any node: nothing may
**      crash, only fail. */
#include <stdlib.h>

#include "crypto/keccak.h"
#include "trie/trie.h"
#include "trie/trie_fixture.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

enum { FUZZ_KEYS = 64, FUZZ_ROUNDS = 32 };

static int fuzz_cmp(const void *a, const void *b) {
  return hash32_cmp(&((const struct trie_change *)a)->key,
                    &((const struct trie_change *)b)->key);
}

static bool fuzz_take(slice *in, u8 *out) {
  if (in->len == 0) return false;
  *out = in->ptr[0];
  *in = slice_of(in->ptr + 1, in->len - 1);
  return true;
}

/* Three bytes a change: 0xff ends the round; else two nibbles of the key and
** the value, 0 deleting. */
static bool fuzz_change(slice *in, struct trie_change *c) {
  static u8 fill[256][40];
  u8 place, nibs, val;
  if (!fuzz_take(in, &place) || place == 0xff) return false;
  if (!fuzz_take(in, &nibs) || !fuzz_take(in, &val)) return false;
  memset(c, 0, sizeof *c);
  c->key.b[place & 31] = nibs;
  c->key.b[31 - (place >> 5)] ^= nibs & 15;
  memset(fill[val], val, sizeof fill[val]);
  c->val = slice_of(fill[val], val ? 1 + val % 40 : 0);
  return true;
}

static size_t fuzz_unique(struct trie_change *c, size_t cnt) {
  size_t n = 0;
  qsort(c, cnt, sizeof *c, fuzz_cmp);
  for (size_t i = 0; i < cnt; i++) {
    if (n == 0 || !hash32_eq(&c[n - 1].key, &c[i].key)) c[n++] = c[i];
  }
  return n;
}

/* What the trie must hold, from its leaf table. */
static void fuzz_root(struct trie_fixture *t, hash32 *root) {
  static struct trie_change all[4096];
  static struct trie_pair pair[4096];
  const void *key;
  void *val;
  size_t cnt = 0;
  for (size_t it = 0; map_next(&t->leaf, &it, &key, &val);) {
    const struct trie_fixture_val *v = val;
    MUST(cnt < ARRAY_LEN(all));
    all[cnt].key = *(const hash32 *)key;
    all[cnt++].val = slice_of(v->ptr, v->len);
  }
  qsort(all, cnt, sizeof all[0], fuzz_cmp);
  for (size_t i = 0; i < cnt; i++) {
    pair[i] = (struct trie_pair){hash32_slice(&all[i].key), all[i].val};
  }
  trie_root_sorted(root, pair, cnt, &t->a);
}

static void fuzz_prove(struct trie_fixture *t, const hash32 *key) {
  struct trie_source src = trie_fixture_source(t);
  const struct trie_fixture_val *v = map_get(&t->leaf, key->b);
  slice *nodes, val;
  u32 cnt;
  MUST(trie_prove(&nodes, &cnt, &src, key, &t->a) == ERR_OK);
  MUST(trie_proof_check(&val, &t->root, key, nodes, cnt) == ERR_OK);
  MUST(slice_eq(val, v ? slice_of(v->ptr, v->len) : slice_of(NULL, 0)));
}

static void fuzz_changes(slice in) {
  struct trie_fixture t;
  trie_fixture_init(&t);
  for (int round = 0; round < FUZZ_ROUNDS && in.len; round++) {
    struct trie_change c[FUZZ_KEYS];
    size_t cnt = 0;
    hash32 root;
    while (cnt < FUZZ_KEYS && fuzz_change(&in, &c[cnt])) cnt++;
    cnt = fuzz_unique(c, cnt);
    trie_fixture_update(&t, c, cnt, NULL);
    fuzz_root(&t, &root);
    MUST(hash32_eq(&root, &t.root));
    for (size_t i = 0; i < cnt; i++) {
      fuzz_prove(&t, &c[i].key);
      c[i].key.b[i % 32] ^= 1;
      fuzz_prove(&t, &c[i].key);
    }
    arena_clear(&t.a);
  }
  trie_fixture_fini(&t);
}

/* Each node: length, place of its child's hash (0xff: none), bytes. */
static void fuzz_proof(slice in) {
  u8 bytes[16][256], len, at, place[16];
  slice node[16], val;
  u32 cnt = 0;
  hash32 key = {{0}}, root = {{0}};
  while (cnt < 16 && fuzz_take(&in, &len) && fuzz_take(&in, &at)) {
    size_t take = len < in.len ? len : in.len;
    if (take) memcpy(bytes[cnt], in.ptr, take);
    in = slice_of(in.ptr + take, in.len - take);
    place[cnt] = at;
    node[cnt] = slice_of(bytes[cnt], take);
    cnt++;
  }
  for (u32 i = cnt; i-- > 0;) {
    if (i + 1 < cnt && place[i] + 32u <= node[i].len) {
      memcpy(bytes[i] + place[i], root.b, 32);
    }
    crypto_keccak256(&root, node[i].ptr, node[i].len);
  }
  if (trie_proof_check(&val, &root, &key, node, cnt) == ERR_OK && val.len) {
    MUST(cnt > 0 && val.ptr > node[cnt - 1].ptr);
    MUST(val.ptr + val.len <= node[cnt - 1].ptr + node[cnt - 1].len);
  }
}

struct fuzz_store {
  slice in;
  u32 asked;
};
static err fuzz_store_node(void *ctx, slice *out, const u8 *path,
                           u32 path_len) {
  struct fuzz_store *s = ctx;
  u8 len;
  (void)path;
  (void)path_len;
  *out = slice_of(NULL, 0);
  if (s->asked++ > 100 || !fuzz_take(&s->in, &len)) return ERR_OK;
  size_t take = len < s->in.len ? len : s->in.len;
  *out = slice_of(s->in.ptr, take);
  s->in = slice_of(s->in.ptr + take, s->in.len - take);
  return ERR_OK;
}
static err fuzz_store_leaf(void *ctx, slice *out, const hash32 *key) {
  (void)ctx;
  (void)key;
  *out = slice_str("leaf");
  return ERR_OK;
}

static void fuzz_damaged(slice in) {
  struct fuzz_store s = {in, 0};
  struct trie_source src = {.ctx = &s, .node = fuzz_store_node,
                            .leaf = fuzz_store_leaf};
  struct trie_change c[8];
  struct trie_result r;
  struct arena a;
  slice *nodes, val;
  u32 cnt;
  arena_init(&a, 1 << 14, 0);
  memset(c, 0, sizeof c);
  for (u32 i = 0; i < 8; i++) {
    c[i].key.b[i & 3 ? 0 : 5] = (u8)(i * 33);
    c[i].key.b[31] = (u8)i;
    c[i].val = i & 1 ? slice_str("value") : slice_of(NULL, 0);
  }
  err e = trie_update(&r, &src, c, fuzz_unique(c, 8), NULL, &a);
  MUST(e == ERR_OK || e == ERR_CORRUPT);
  s = (struct fuzz_store){in, 0};
  e = trie_prove(&nodes, &cnt, &src, &c[3].key, &a);
  MUST(e == ERR_OK || e == ERR_CORRUPT);
  if (e == ERR_OK && cnt) {
    hash32 root;
    crypto_keccak256(&root, nodes[0].ptr, nodes[0].len);
    (void)!trie_proof_check(&val, &root, &c[3].key, nodes, cnt);
  }
  s = (struct fuzz_store){in, 0};
  e = trie_clear(&r, &src, &a);
  MUST(e == ERR_OK || e == ERR_CORRUPT);
  arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  slice in = slice_of(data, len);
  u8 mode;
  if (!fuzz_take(&in, &mode)) return 0;
  switch (mode % 3) {
    case 0: fuzz_changes(in); break;
    case 1: fuzz_proof(in); break;
    default: fuzz_damaged(in);
  }
  return 0;
}
