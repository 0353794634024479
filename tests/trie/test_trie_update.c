/* test_trie_update.c - the persistent trie against the ordered builder: many
** rounds of random changes, keys of hostile shapes, serial and parallel; and
** after every few rounds the stored nodes against those of a trie made in one
** go, so that nothing is left behind or forgotten. */
#include "trie/trie.h"
#include "trie/trie_fixture.h"
#include "trie/trie_random.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define KEYS_MAX 20000

/* Sorted model of what should be in the trie. */
struct model {
  struct trie_change e[KEYS_MAX];
  size_t cnt;
};

static int model_cmp(const void *a, const void *b) {
  return hash32_cmp(&((const struct trie_change *)a)->key,
                    &((const struct trie_change *)b)->key);
}

static void model_apply(struct model *m, const struct trie_change *c,
                        size_t cnt) {
  static struct trie_change out[2 * KEYS_MAX];
  size_t n = 0, i = 0, j = 0;
  while (i < m->cnt || j < cnt) {
    int d = i == m->cnt ? 1
            : j == cnt  ? -1
                        : hash32_cmp(&m->e[i].key, &c[j].key);
    if (d < 0) {
      out[n++] = m->e[i++];
      continue;
    }
    if (c[j].val.len) out[n++] = c[j];
    if (d == 0) i++;
    j++;
  }
  assert_true(n <= KEYS_MAX);
  memcpy(m->e, out, n * sizeof out[0]);
  m->cnt = n;
}

static void model_root(const struct model *m, hash32 *root, struct arena *a) {
  struct trie_pair *p = arena_array(a, struct trie_pair, m->cnt);
  for (size_t i = 0; i < m->cnt; i++) {
    p[i] = (struct trie_pair){hash32_slice(&m->e[i].key), m->e[i].val};
  }
  trie_root_sorted(root, p, m->cnt, a);
}

/* cnt changes ascending without doubles: new keys, or keys of the model. */
static size_t changes_make(struct trie_change *c, size_t cnt,
                           struct trie_random *r, const struct model *m,
                           enum trie_random_shape shape, u32 del_percent,
                           struct arena *vals) {
  for (size_t i = 0; i < cnt; i++) {
    bool old = m->cnt && trie_random_below(r, 100) < 60;
    if (old) c[i].key = m->e[trie_random_below(r, (u32)m->cnt)].key;
    else trie_random_key(r, &c[i].key, shape);
    c[i].val = slice_of(NULL, 0);
    if (trie_random_below(r, 100) < del_percent) continue;
    u8 v[100];
    u32 len = 1 + (trie_random_below(r, 3) ? 0 : trie_random_below(r, 99));
    for (u32 k = 0; k < len; k++) v[k] = (u8)(trie_random_u64(r) | 1);
    c[i].val = arena_copy_slice(vals, slice_of(v, len));
  }
  qsort(c, cnt, sizeof *c, model_cmp);
  size_t n = 0;
  for (size_t i = 0; i < cnt; i++) {
    if (n == 0 || !hash32_eq(&c[n - 1].key, &c[i].key)) c[n++] = c[i];
  }
  return n;
}

static void nodes_assert_same(struct trie_fixture *a, struct trie_fixture *b) {
  const void *key;
  void *val;
  assert_int_equal(a->node.cnt, b->node.cnt);
  for (size_t it = 0; map_next(&a->node, &it, &key, &val);) {
    const struct trie_fixture_val *x = val, *y = map_get(&b->node, key);
    assert_non_null(y);
    assert_int_equal(x->len, y->len);
    assert_memory_equal(x->ptr, y->ptr, x->len);
  }
}

static bool low_is_under(const struct trie_change *c,
                         const struct trie_fixture_key *k) {
  for (u64 i = 0; i < k->len; i++)
    if ((c->key.b[i / 2] >> (i & 1 ? 0 : 4) & 15) != k->path[i]) return false;
  return true;
}

/* Every node comes out of its leaves as it is stored, with those under it; low
** are those that have few. */
static void low_assert_same(const struct trie_fixture *t,
                            const struct model *m, struct arena *a) {
  const void *key;
  void *val;
  for (size_t it = 0; map_next(&t->node, &it, &key, &val);) {
    const struct trie_fixture_key *k = key;
    const struct trie_fixture_val *v = val;
    if (k->len == TRIE_ROOT_EDGE) continue;
    size_t lo = 0;
    while (lo < m->cnt && !low_is_under(&m->e[lo], k)) lo++;
    size_t cnt = 0;
    while (lo + cnt < m->cnt && low_is_under(&m->e[lo + cnt], k)) cnt++;
    struct trie_result r;
    assert_int_equal(trie_low_nodes(&r, m->e + lo, cnt, (u32)k->len, NULL, a),
                     0);
    for (size_t i = 0; i < r.put_cnt; i++) {
      struct trie_fixture_key sub =
          trie_fixture_path(r.put[i].path, r.put[i].path_len);
      const struct trie_fixture_val *kept = map_get(&t->node, &sub);
      assert_non_null(kept);
      assert_int_equal(kept->len, r.put[i].node.len);
      assert_memory_equal(kept->ptr, r.put[i].node.ptr, kept->len);
    }
    struct trie_result way;
    const struct trie_change *to = &m->e[lo + cnt / 2];
    assert_int_equal(trie_low_nodes(&way, m->e + lo, cnt, (u32)k->len,
                                    to->key.b, a), 0);
    size_t on_way = 0;
    for (size_t i = 0; i < r.put_cnt; i++) {
      struct trie_fixture_key sub =
          trie_fixture_path(r.put[i].path, r.put[i].path_len);
      if (!low_is_under(to, &sub)) continue;
      assert_true(on_way < way.put_cnt);
      assert_int_equal(way.put[on_way].path_len, sub.len);
      assert_int_equal(way.put[on_way].node.len, r.put[i].node.len);
      assert_memory_equal(way.put[on_way++].node.ptr, r.put[i].node.ptr,
                          r.put[i].node.len);
    }
    assert_int_equal(on_way, way.put_cnt);
    bool low = trie_node_is_low(slice_of(v->ptr, v->len), (u32)k->len);
    assert_int_equal(low, cnt <= TRIE_LOW_LEAVES);
  }
}

static void rounds_run(u64 seed, enum trie_random_shape shape, u32 rounds,
                       u32 per_round, const struct par *par) {
  struct model *m = calloc(1, sizeof *m);
  struct trie_change *c = calloc(per_round, sizeof *c);
  struct trie_random r = {seed};
  struct trie_fixture t;
  struct arena vals, scratch;
  trie_fixture_init(&t);
  arena_init(&vals, 1 << 16, 0);
  arena_init(&scratch, 1 << 16, 0);
  for (u32 round = 0; round < rounds; round++) {
    u32 phase = round / 8 % 4; /* grow, churn, shrink, empty out */
    u32 del = phase == 0 ? 10 : phase == 1 ? 45 : phase == 2 ? 80 : 100;
    size_t cnt = changes_make(c, 1 + trie_random_below(&r, per_round), &r, m,
                              shape, del, &vals);
    if (round % 32 == 31) { /* everything goes */
      cnt = m->cnt < per_round ? m->cnt : per_round;
      for (size_t i = 0; i < cnt; i++) {
        c[i] = (struct trie_change){m->e[i].key, slice_of(NULL, 0)};
      }
    }
    trie_fixture_update(&t, c, cnt, par);
    model_apply(m, c, cnt);
    hash32 root;
    model_root(m, &root, &scratch);
    if (!hash32_eq(&root, &t.root)) fail_msg("round %u", round);
    if (round % 5 == 0 || m->cnt < 5) {
      struct trie_fixture fresh;
      trie_fixture_init(&fresh);
      trie_fixture_update(&fresh, m->e, m->cnt, NULL);
      assert_true(hash32_eq(&fresh.root, &t.root));
      nodes_assert_same(&t, &fresh);
      low_assert_same(&t, m, &scratch);
      trie_fixture_fini(&fresh);
    }
    arena_clear(&scratch);
  }
  arena_fini(&vals);
  arena_fini(&scratch);
  trie_fixture_fini(&t);
  free(c);
  free(m);
}

static void update_when_uniform_keys_then_root_as_built(void **state) {
  (void)state;
  rounds_run(1, TRIE_RANDOM_UNIFORM, 96, 800, NULL);
}
static void update_when_few_keys_then_root_as_built(void **state) {
  (void)state;
  for (u32 seed = 0; seed < 40; seed++) {
    rounds_run(seed, (enum trie_random_shape)(seed % TRIE_RANDOM_SHAPES), 64,
               6, NULL);
  }
}
static void update_when_deep_keys_then_root_as_built(void **state) {
  (void)state;
  rounds_run(2, TRIE_RANDOM_DEEP, 160, 200, NULL);
}
static void update_when_long_extensions_then_root_as_built(void **state) {
  (void)state;
  rounds_run(3, TRIE_RANDOM_FORKED, 160, 300, NULL);
}
static void update_when_parallel_then_root_as_built(void **state) {
  (void)state;
  rounds_run(4, TRIE_RANDOM_UNIFORM, 64, 1500, &trie_threads_par);
  rounds_run(5, TRIE_RANDOM_FORKED, 64, 900, &trie_threads_par);
}

static void update_when_nothing_changes_then_nothing_stored(void **state) {
  (void)state;
  struct trie_fixture t;
  struct trie_change c[3] = {0};
  c[0].key.b[0] = 0x11;
  c[1].key.b[0] = 0x12;
  c[2].key.b[0] = 0x31;
  trie_fixture_init(&t);
  assert_int_equal(trie_fixture_update(&t, c, 3, NULL), 0);
  assert_true(hash32_eq(&t.root, &CRYPTO_KECCAK_RLP_NIL));
  c[0].val = c[1].val = slice_str("v");
  /* a branch at depth 1 and the root edge */
  assert_int_equal(trie_fixture_update(&t, c, 2, NULL), 2);
  hash32 root = t.root;
  assert_int_equal(trie_fixture_update(&t, c + 2, 1, NULL), 0);
  assert_true(hash32_eq(&t.root, &root));
  assert_int_equal(trie_fixture_update(&t, c, 0, NULL), 0);
  assert_true(hash32_eq(&t.root, &root));
  trie_fixture_fini(&t);
}

/* Only what lies on the way is read: one leaf changed in a large trie. */
static void update_when_one_leaf_then_few_reads(void **state) {
  (void)state;
  static struct trie_change c[10000];
  struct trie_random r = {9};
  struct trie_fixture t;
  for (size_t i = 0; i < ARRAY_LEN(c); i++) {
    trie_random_key(&r, &c[i].key, TRIE_RANDOM_UNIFORM);
    c[i].val = slice_str("value");
  }
  qsort(c, ARRAY_LEN(c), sizeof c[0], model_cmp);
  trie_fixture_init(&t);
  trie_fixture_update(&t, c, ARRAY_LEN(c), NULL);
  t.node_reads = t.leaf_reads = 0;
  c[77].val = slice_str("other");
  trie_fixture_update(&t, &c[77], 1, NULL);
  assert_in_range(t.node_reads, 4, 8);
  assert_int_equal(t.leaf_reads, 0);
  trie_fixture_fini(&t);
}

struct broken {
  struct trie_fixture t;
  struct trie_fixture_key hide;
  bool hide_leaves;
};
static err broken_node(void *ctx, slice *out, const u8 *path, u32 len) {
  struct broken *b = ctx;
  struct trie_fixture_key k = trie_fixture_path(path, len);
  if (memcmp(&k, &b->hide, sizeof k) == 0) {
    *out = slice_of(NULL, 0);
    return ERR_OK;
  }
  return trie_fixture_node(&b->t, out, path, len);
}
static err broken_leaf(void *ctx, slice *out, const hash32 *key) {
  struct broken *b = ctx;
  if (b->hide_leaves) {
    *out = slice_of(NULL, 0);
    return ERR_OK;
  }
  return trie_fixture_leaf(&b->t, out, key);
}

static void update_when_node_or_leaf_missing_then_corrupt(void **state) {
  (void)state;
  struct broken b;
  struct trie_change c[3] = {0};
  struct trie_result r;
  memset(&b, 0, sizeof b);
  trie_fixture_init(&b.t);
  c[0].key.b[0] = 0x11;
  c[1].key.b[0] = 0x22;
  c[2].key.b[0] = 0x23;
  for (int i = 0; i < 3; i++) c[i].val = slice_str("v");
  trie_fixture_update(&b.t, c, 3, NULL);
  struct trie_source src = {.ctx = &b, .node = broken_node,
                            .leaf = broken_leaf};
  b.hide = trie_fixture_path((const u8 *)"\2", 1);
  assert_int_equal(trie_update(&r, &src, &c[1], 1, NULL, &b.t.a), ERR_CORRUPT);
  assert_int_equal(trie_update(&r, &src, c, 1, NULL, &b.t.a), ERR_OK);
  b.hide = trie_fixture_path(NULL, 0);
  assert_int_equal(trie_update(&r, &src, c, 1, NULL, &b.t.a), ERR_CORRUPT);
  b.hide = trie_fixture_path((const u8 *)"\7", 1);
  b.hide_leaves = true;
  c[1].val = slice_of(NULL, 0); /* its neighbour must move up */
  assert_int_equal(trie_update(&r, &src, &c[1], 1, NULL, &b.t.a), ERR_CORRUPT);
  trie_fixture_fini(&b.t);
}

/* Every cut and every flipped bit of a record is found or gives some root,
** never a wild read (run under sanitizers). */
static void update_when_record_damaged_then_no_crash(void **state) {
  (void)state;
  struct trie_fixture t;
  struct trie_random r = {12};
  static struct trie_change c[60];
  trie_fixture_init(&t);
  for (size_t i = 0; i < ARRAY_LEN(c); i++) {
    trie_random_key(&r, &c[i].key, TRIE_RANDOM_FORKED);
    c[i].val = slice_str("v");
  }
  qsort(c, ARRAY_LEN(c), sizeof c[0], model_cmp);
  size_t n = 0;
  for (size_t i = 0; i < ARRAY_LEN(c); i++) {
    if (n == 0 || !hash32_eq(&c[n - 1].key, &c[i].key)) c[n++] = c[i];
  }
  trie_fixture_update(&t, c, n, NULL);
  for (size_t i = 0; i < n; i++) c[i].val = slice_of(NULL, 0);
  struct trie_source src = trie_fixture_source(&t);
  const void *key;
  void *val;
  u32 bad = 0;
  for (size_t it = 0; map_next(&t.node, &it, &key, &val);) {
    struct trie_fixture_val *v = val;
    for (size_t at = 0; at < v->len; at++) {
      struct trie_result res;
      size_t len = v->len;
      v->len = at;
      if (at) bad += trie_update(&res, &src, c, n, NULL, &t.a) == ERR_CORRUPT;
      v->len = len;
      v->ptr[at] ^= (u8)(1u << at % 8);
      bad += trie_update(&res, &src, c, n, NULL, &t.a) == ERR_CORRUPT;
      v->ptr[at] ^= (u8)(1u << at % 8);
      arena_clear(&t.a);
    }
  }
  assert_true(bad > 100);
  trie_fixture_fini(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(update_when_uniform_keys_then_root_as_built),
      cmocka_unit_test(update_when_few_keys_then_root_as_built),
      cmocka_unit_test(update_when_deep_keys_then_root_as_built),
      cmocka_unit_test(update_when_long_extensions_then_root_as_built),
      cmocka_unit_test(update_when_parallel_then_root_as_built),
      cmocka_unit_test(update_when_nothing_changes_then_nothing_stored),
      cmocka_unit_test(update_when_one_leaf_then_few_reads),
      cmocka_unit_test(update_when_node_or_leaf_missing_then_corrupt),
      cmocka_unit_test(update_when_record_damaged_then_no_crash),
  };
  return cmocka_run_group_tests_name("trie_update", tests, NULL, NULL);
}
