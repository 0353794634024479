/* test_trie_proof.c - proofs of what is there and of what is not, in tries of
** every shape, and that nothing false can be proven by changing one. */
#include "trie/trie.h"
#include "trie/trie_fixture.h"
#include "trie/trie_random.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct trie_fixture proof_trie;
static struct arena proof_arena;

static int proof_setup(void **state) {
  (void)state;
  trie_fixture_init(&proof_trie);
  arena_init(&proof_arena, 1 << 16, 0);
  return 0;
}
static int proof_teardown(void **state) {
  (void)state;
  trie_fixture_fini(&proof_trie);
  arena_fini(&proof_arena);
  return 0;
}

static void proof_put(const hash32 *key, slice val) {
  struct trie_change c = {*key, val};
  trie_fixture_update(&proof_trie, &c, 1, NULL);
}

static u32 proof_make(slice **nodes, const hash32 *key) {
  struct trie_source src = trie_fixture_source(&proof_trie);
  u32 cnt = 99;
  assert_int_equal(trie_prove(nodes, &cnt, &src, key, &proof_arena), ERR_OK);
  return cnt;
}

/* Proves key and checks that the proof says val (len 0: absent). */
static u32 proof_assert(const hash32 *key, slice val) {
  slice *nodes, got;
  u32 cnt = proof_make(&nodes, key);
  assert_int_equal(
      trie_proof_check(&got, &proof_trie.root, key, nodes, cnt), ERR_OK);
  assert_true(slice_eq(got, val));
  return cnt;
}

static hash32 proof_key(u8 b0, u8 b1, u8 last) {
  hash32 k = {{b0, b1, [31] = last}};
  return k;
}

static const slice proof_none = {NULL, 0};

static void proof_when_trie_empty_then_absent_without_nodes(void **state) {
  (void)state;
  hash32 k = proof_key(1, 2, 3);
  assert_int_equal(proof_assert(&k, proof_none), 0);
  slice val;
  hash32 other = {{1}};
  assert_int_equal(trie_proof_check(&val, &other, &k, NULL, 0), ERR_INPUT);
}

static void proof_when_one_leaf_then_one_node(void **state) {
  (void)state;
  hash32 k = proof_key(1, 2, 3), other = proof_key(1, 2, 4);
  proof_put(&k, slice_str("v"));
  assert_int_equal(proof_assert(&k, slice_str("v")), 1);
  assert_int_equal(proof_assert(&other, proof_none), 1);
}

static void proof_when_absent_in_empty_edge_then_branch_ends_it(void **state) {
  (void)state;
  hash32 a = proof_key(0x10, 0, 0), b = proof_key(0x20, 0, 0);
  hash32 none = proof_key(0x30, 0, 0);
  proof_put(&a, slice_str("v"));
  proof_put(&b, slice_str("w"));
  assert_int_equal(proof_assert(&none, proof_none), 1);
  assert_int_equal(proof_assert(&a, slice_str("v")), 2);
}

static void proof_when_absent_by_other_leaf_then_leaf_shown(void **state) {
  (void)state;
  hash32 a = proof_key(0x10, 0, 0), b = proof_key(0x20, 0, 0);
  hash32 none = proof_key(0x20, 0, 1);
  proof_put(&a, slice_str("v"));
  proof_put(&b, slice_str("w"));
  assert_int_equal(proof_assert(&none, proof_none), 2);
}

static void proof_when_absent_by_extension_then_shown(void **state) {
  (void)state;
  hash32 a = proof_key(0xab, 0xc1, 0), b = proof_key(0xab, 0xc2, 0);
  hash32 none = proof_key(0xaf, 0, 0);
  proof_put(&a, slice_str("v"));
  proof_put(&b, slice_str("w"));
  assert_int_equal(proof_assert(&none, proof_none), 1);
  assert_int_equal(proof_assert(&a, slice_str("v")), 3);
  hash32 c = proof_key(0x10, 0, 0); /* extension under a branch */
  proof_put(&c, slice_str("x"));
  assert_int_equal(proof_assert(&none, proof_none), 2);
  assert_int_equal(proof_assert(&b, slice_str("w")), 4);
}

static void proof_when_nodes_embedded_then_not_listed(void **state) {
  (void)state;
  hash32 a = proof_key(0, 0, 0x10), b = proof_key(0, 0, 0x11);
  hash32 none = proof_key(0, 0, 0x12);
  proof_put(&a, slice_str("v"));
  proof_put(&b, slice_str("w"));
  /* extension to a branch of two embedded leaves; the branch is 32 or less */
  u32 cnt = proof_assert(&a, slice_str("v"));
  assert_int_equal(cnt, 1);
  assert_int_equal(proof_assert(&none, proof_none), cnt);
}

static void proof_when_random_tries_then_every_key_proven(void **state) {
  (void)state;
  struct trie_random r = {77};
  static struct { hash32 key; u8 val[40]; u32 len; } had[3000];
  for (u32 shape = 0; shape < TRIE_RANDOM_SHAPES; shape++) {
    proof_teardown(NULL);
    proof_setup(NULL);
    u32 cnt = 0;
    for (u32 i = 0; i < 600; i++) {
      trie_random_key(&r, &had[cnt].key, (enum trie_random_shape)shape);
      had[cnt].len = 1 + trie_random_below(&r, 39);
      memset(had[cnt].val, (int)(1 + i % 255), had[cnt].len);
      u32 at = 0;
      while (!hash32_eq(&had[at].key, &had[cnt].key)) at++;
      if (at < cnt) continue;
      proof_put(&had[cnt].key, slice_of(had[cnt].val, had[cnt].len));
      cnt++;
    }
    for (u32 i = 0; i < cnt; i++) {
      proof_assert(&had[i].key, slice_of(had[i].val, had[i].len));
    }
    for (u32 i = 0; i < 600; i++) {
      hash32 k;
      trie_random_key(&r, &k, (enum trie_random_shape)shape);
      u32 at = 0;
      while (at < cnt && !hash32_eq(&had[at].key, &k)) at++;
      proof_assert(&k, at < cnt ? slice_of(had[at].val, had[at].len)
                                : proof_none);
    }
  }
}

/* Any change of any byte, a node taken away, doubled or added: refused. */
static void proof_when_tampered_then_refused(void **state) {
  (void)state;
  struct trie_random r = {5};
  hash32 key, absent;
  for (u32 i = 0; i < 300; i++) {
    trie_random_key(&r, &key, TRIE_RANDOM_UNIFORM);
    proof_put(&key, slice_str("some value of a leaf"));
  }
  trie_random_key(&r, &absent, TRIE_RANDOM_UNIFORM);
  const hash32 *keys[2] = {&key, &absent};
  for (u32 k = 0; k < 2; k++) {
    slice *nodes, val;
    u32 cnt = proof_make(&nodes, keys[k]);
    assert_in_range(cnt, 2, 8);
    for (u32 i = 0; i < cnt; i++) {
      for (size_t at = 0; at < nodes[i].len; at++) {
        u8 *p = (u8 *)nodes[i].ptr + at;
        *p ^= (u8)(1 + trie_random_below(&r, 255));
        assert_int_equal(trie_proof_check(&val, &proof_trie.root, keys[k],
                                          nodes, cnt),
                         ERR_INPUT);
        cnt = proof_make(&nodes, keys[k]);
      }
    }
    assert_int_equal(
        trie_proof_check(&val, &proof_trie.root, keys[k], nodes, cnt - 1),
        ERR_INPUT);
    slice more[10];
    memcpy(more, nodes, cnt * sizeof *nodes);
    more[cnt] = nodes[cnt - 1];
    assert_int_equal(
        trie_proof_check(&val, &proof_trie.root, keys[k], more, cnt + 1),
        ERR_INPUT);
    assert_int_equal(
        trie_proof_check(&val, &proof_trie.root, keys[1 - k], nodes, cnt),
        ERR_INPUT);
    arena_clear(&proof_arena);
  }
}

/* Well-formed nodes that no trie of 32-byte keys has. */
static void proof_when_shape_impossible_then_refused(void **state) {
  (void)state;
  static const struct { const char *bytes; u32 len; } bad[] = {
      {"\xc2\x20\x01", 3},         /* leaf, rest of the key is missing */
      {"\xc2\x00\xc0", 3},         /* extension over nothing */
      {"\xc2\x40\x01", 3},         /* no such flag */
      {"\xc3\x80\x01\x01", 4},     /* three items */
      {"\xc0", 1},
      {"\x80", 1},
      {"\xc2\x20", 2},             /* cut */
      {"\xd1\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
       "\x01", 18},                /* a value in the branch */
  };
  hash32 key = {{0}}, root;
  for (u32 i = 0; i < ARRAY_LEN(bad); i++) {
    slice node = slice_of(bad[i].bytes, bad[i].len), val;
    crypto_keccak256(&root, node.ptr, node.len);
    assert_int_equal(trie_proof_check(&val, &root, &key, &node, 1), ERR_INPUT);
  }
}

#define PROOF_TEST(f) cmocka_unit_test_setup_teardown(f, proof_setup, proof_teardown)
int main(void) {
  const struct CMUnitTest tests[] = {
      PROOF_TEST(proof_when_trie_empty_then_absent_without_nodes),
      PROOF_TEST(proof_when_one_leaf_then_one_node),
      PROOF_TEST(proof_when_absent_in_empty_edge_then_branch_ends_it),
      PROOF_TEST(proof_when_absent_by_other_leaf_then_leaf_shown),
      PROOF_TEST(proof_when_absent_by_extension_then_shown),
      PROOF_TEST(proof_when_nodes_embedded_then_not_listed),
      PROOF_TEST(proof_when_random_tries_then_every_key_proven),
      PROOF_TEST(proof_when_tampered_then_refused),
      PROOF_TEST(proof_when_shape_impossible_then_refused),
  };
  return cmocka_run_group_tests_name("trie_proof", tests, NULL, NULL);
}
