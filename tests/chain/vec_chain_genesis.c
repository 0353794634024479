/* vec_chain_genesis.c - the GenesisTests of ethereum/tests (a genesis file gives
** a block, byte for byte) and the genesis of execution-apis, whose hash the
** first block of its chain names. */
#include "crypto/crypto_vec.h"

#include "chain/chain_genesis.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"

static void vg_build(const json_t *file, struct chain_header *h, hash32 *hash,
                     struct arena *a) {
  struct chain_genesis g;
  struct state_diff diff;
  struct state_root root;
  struct errmsg msg;
  char *text = json_dumps(file, 0);
  if (chain_genesis_parse(&g, slice_str(text), a, &msg) < 0)
    fail_msg("%s", msg.text);
  free(text);
  assert_int_equal(chain_genesis_build(&diff, &root, h, hash, &g, NULL, a),
                   ERR_OK);
}

/* These files are older than the word balance. */
static void vg_modern(json_t *alloc) {
  const char *addr;
  json_t *account;
  json_object_foreach(alloc, addr, account) {
    json_t *wei = json_object_get(account, "wei");
    if (!wei) continue;
    json_object_set(account, "balance", wei);
    json_object_del(account, "wei");
  }
}

static void genesis_when_public_then_same_block(void **state) {
  (void)state;
  json_t *all = vec_load("basic/GenesisTests/basic_genesis_tests.json"), *one;
  const char *name;
  u32 cnt = 0;
  json_object_foreach(all, name, one) {
    struct arena a;
    struct chain_header h;
    struct buf b;
    hash32 hash;
    slice want = vec_bytes(one, "result");
    json_object_del(one, "result");
    vg_modern(json_object_get(one, "alloc"));
    arena_init(&a, 1 << 16, 0);
    buf_init(&b, 0);
    vg_build(one, &h, &hash, &a);
    size_t list = rlp_list_open(&b);
    chain_header_encode(&b, &h);
    buf_put(&b, "\xc0\xc0", 2);
    rlp_list_close(&b, list);
    vec_assert_eq(buf_slice(&b), want, name);
    buf_fini(&b);
    vec_free(want);
    arena_fini(&a);
    cnt++;
  }
  assert_int_equal(cnt, 3);
  json_decref(all);
}

static void genesis_when_of_a_public_chain_then_its_hash(void **state) {
  (void)state;
  json_t *file = vec_load("execution-apis/genesis.json");
  FILE *f = fopen(vec_path("execution-apis/chain.rlp"), "rb");
  u8 block[4096];
  struct arena a;
  struct chain_header h;
  hash32 hash;
  slice in, items, parent;
  arena_init(&a, 1 << 16, 0);
  vg_build(file, &h, &hash, &a);
  assert_non_null(f);
  in = slice_of(block, fread(block, 1, sizeof block, f));
  fclose(f);
  assert_int_equal(rlp_read_list(&in, &items), ERR_OK);
  assert_int_equal(rlp_read_list(&items, &in), ERR_OK);
  assert_int_equal(rlp_read_str(&in, &parent), ERR_OK);
  vec_assert_eq(hash32_slice(&hash), parent, "genesis hash");
  arena_fini(&a);
  json_decref(file);
}

int main(void) {
  crypto_init(NULL);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(genesis_when_public_then_same_block),
    cmocka_unit_test(genesis_when_of_a_public_chain_then_its_hash),
  };
  return cmocka_run_group_tests_name("chain_genesis_public", tests, NULL,
                                     NULL);
}
