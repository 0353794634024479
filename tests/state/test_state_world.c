/* test_state_world.c - rules of the world one by one: touching and clearing,
** deletion and creation, what reaches the difference, what reaches the
** source, and the bytes of a difference. */
#include "crypto/keccak.h"
#include "state/state.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A memory world that counts what is asked and can fail. */
struct world {
  struct state_mem *mem;
  struct state_source inner;
  struct state_source src;
  struct state *s;
  struct arena a;
  u32 accounts, slots, codes, hashes;
  err fail;
};
static struct world w;

static err world_account(void *ctx, struct state_account *out, bool *found,
                         const addr20 *addr, const hash32 *h) {
  hash32 own;
  (void)ctx;
  w.accounts++;
  w.hashes += h != NULL;
  if (w.fail) return w.fail;
  crypto_keccak256(&own, addr->b, 20);
  if (h) assert_true(hash32_eq(h, &own));
  return w.inner.account(w.inner.ctx, out, found, addr, &own);
}
static err world_slot(void *ctx, u256 *out, const addr20 *addr,
                      const hash32 *ah, const u256 *slot, const hash32 *sh) {
  hash32 own_a, own_s, be = u256_hash32(slot);
  (void)ctx;
  w.slots++;
  w.hashes += (ah != NULL) + (sh != NULL);
  if (w.fail) return w.fail;
  crypto_keccak256(&own_a, addr->b, 20);
  crypto_keccak256(&own_s, be.b, 32);
  if (sh) assert_true(hash32_eq(sh, &own_s));
  return w.inner.slot(w.inner.ctx, out, addr, &own_a, slot, &own_s);
}
static err world_code(void *ctx, slice *out, const hash32 *h) {
  (void)ctx;
  w.codes++;
  return w.inner.code(w.inner.ctx, out, h);
}

static int world_open(void **state) {
  (void)state;
  memset(&w, 0, sizeof w);
  w.mem = state_mem_open();
  w.s = state_open(7);
  arena_init(&w.a, 1 << 16, 0);
  return 0;
}
static int world_close(void **state) {
  (void)state;
  state_close(w.s);
  state_mem_close(w.mem);
  arena_fini(&w.a);
  return 0;
}
static void world_begin(void) {
  w.inner = w.src = state_mem_source(w.mem);
  w.src.account = world_account;
  w.src.slot = world_slot;
  w.src.code = world_code;
  w.accounts = w.slots = w.codes = w.hashes = 0;
  state_block_begin(w.s, &w.src);
}
/* Ends the block: the difference, applied, with equal roots both ways. */
static struct state_diff world_end(void) {
  struct state_diff d;
  struct state_root r;
  hash32 root;
  state_block_diff(w.s, &d, &w.a);
  assert_int_equal(state_commit(&r, &d, &w.inner, NULL, &w.a), ERR_OK);
  state_mem_apply(w.mem, &d);
  state_mem_apply_nodes(w.mem, &r);
  state_mem_root(w.mem, &root);
  assert_true(hash32_eq(&root, &r.root));
  return d;
}

static const addr20 addr_a = {{0xaa}}, addr_b = {{0xbb}};
static const addr20 ripemd = {{[19] = 3}};
static const u256 one = {{1}}, two = {{2}}, none = {{0}};

static u64 slot_low(const addr20 *a, const u256 *slot) {
  u256 v;
  state_slot(w.s, &v, a, slot);
  return v.w[0];
}
static u64 original_low(const addr20 *a, const u256 *slot) {
  u256 v;
  state_slot_original(w.s, &v, a, slot);
  return v.w[0];
}

/* A contract with slot 1 = 2 and code, stored. */
static void world_with_contract(void) {
  world_begin();
  state_tx_begin(w.s);
  state_create(w.s, &addr_a);
  state_nonce_set(w.s, &addr_a, 1);
  state_code_set(w.s, &addr_a, slice_str("code"));
  state_slot_set(w.s, &addr_a, &one, &two);
  state_balance_set(w.s, &addr_a, &one);
  state_tx_end(w.s, true);
  struct state_diff d = world_end();
  assert_int_equal(d.account_cnt, 1);
  assert_int_equal(d.code_cnt, 1);
  world_begin();
}

/*----------------------------------------------------- touching, clearing */

static void empty_when_touched_and_clearing_then_gone(void **state) {
  (void)state;
  state_mem_account(w.mem, &addr_a, 0, &none, slice_of(NULL, 0));
  world_begin();
  state_tx_begin(w.s);
  assert_true(state_exists(w.s, &addr_a));
  assert_true(state_is_empty(w.s, &addr_a));
  state_tx_end(w.s, true); /* read, not touched */
  assert_true(state_exists(w.s, &addr_a));
  state_tx_begin(w.s);
  state_touch(w.s, &addr_a);
  state_balance_add(w.s, &addr_b, &none);
  state_tx_end(w.s, true);
  assert_false(state_exists(w.s, &addr_a));
  assert_false(state_exists(w.s, &addr_b));
  struct state_diff d;
  state_block_diff(w.s, &d, &w.a);
  assert_int_equal(d.account_cnt, 1);
  assert_true(d.account[0].existed && !d.account[0].exists);
}

static void empty_when_not_clearing_then_stays(void **state) {
  (void)state;
  world_begin();
  state_tx_begin(w.s);
  state_touch(w.s, &addr_a);
  state_tx_end(w.s, false);
  assert_true(state_exists(w.s, &addr_a));
  struct state_diff d = world_end();
  assert_int_equal(d.account_cnt, 1);
  assert_true(!d.account[0].existed && d.account[0].exists);
}

static void touch_when_reverted_then_undone_but_for_ripemd(void **state) {
  (void)state;
  state_mem_account(w.mem, &addr_a, 0, &none, slice_of(NULL, 0));
  state_mem_account(w.mem, &ripemd, 0, &none, slice_of(NULL, 0));
  world_begin();
  state_tx_begin(w.s);
  state_snap snap = state_snapshot(w.s);
  state_touch(w.s, &addr_a);
  state_touch(w.s, &ripemd);
  state_revert(w.s, snap);
  state_tx_end(w.s, true);
  assert_true(state_exists(w.s, &addr_a));
  assert_false(state_exists(w.s, &ripemd));
}

static void ripemd_when_change_reverted_then_stays(void **state) {
  (void)state;
  state_mem_account(w.mem, &ripemd, 0, &none, slice_of(NULL, 0));
  world_begin();
  state_tx_begin(w.s);
  state_snap snap = state_snapshot(w.s);
  state_balance_add(w.s, &ripemd, &one);
  state_revert(w.s, snap);
  state_tx_end(w.s, true);
  assert_true(state_exists(w.s, &ripemd));
}

static void balance_when_emptied_then_account_cleared(void **state) {
  (void)state;
  state_mem_account(w.mem, &addr_a, 0, &two, slice_of(NULL, 0));
  world_begin();
  state_tx_begin(w.s);
  assert_false(state_balance_sub(w.s, &addr_b, &one));
  assert_false(state_exists(w.s, &addr_b));
  assert_true(state_balance_sub(w.s, &addr_a, &two));
  state_tx_end(w.s, true);
  assert_false(state_exists(w.s, &addr_a));
}

/*------------------------------------------------------ deletion, creation */

static void contract_when_destructed_then_deleted_at_end(void **state) {
  (void)state;
  world_with_contract();
  state_tx_begin(w.s);
  state_selfdestruct(w.s, &addr_a);
  u256 v;
  state_balance(w.s, &v, &addr_a);
  assert_true(u256_is_zero(&v));
  assert_true(state_is_destructed(w.s, &addr_a));
  assert_int_equal(state_code(w.s, NULL, &addr_a).len, 4);
  assert_int_equal(slot_low(&addr_a, &one), 2);
  state_balance_add(w.s, &addr_a, &one); /* lost */
  state_tx_end(w.s, true);
  assert_false(state_exists(w.s, &addr_a));
  assert_int_equal(slot_low(&addr_a, &one), 0);
  assert_false(state_has_storage(w.s, &addr_a));
  struct state_diff d = world_end();
  assert_int_equal(d.account_cnt, 1);
  assert_true(d.account[0].wiped);
  assert_false(d.account[0].exists);
  hash32 root;
  state_mem_root(w.mem, &root);
  assert_true(hash32_eq(&root, &CRYPTO_KECCAK_RLP_NIL));
}

static void contract_when_made_again_in_block_then_fresh_storage(void **state) {
  (void)state;
  world_with_contract();
  state_tx_begin(w.s);
  state_selfdestruct(w.s, &addr_a);
  state_tx_end(w.s, true);
  state_tx_begin(w.s);
  state_create(w.s, &addr_a);
  state_nonce_set(w.s, &addr_a, 1);
  assert_int_equal(slot_low(&addr_a, &one), 0);
  assert_int_equal(original_low(&addr_a, &one), 0);
  state_slot_set(w.s, &addr_a, &one, &two); /* as before the block */
  state_code_set(w.s, &addr_a, slice_str("code"));
  state_tx_end(w.s, true);
  struct state_diff d = world_end();
  assert_int_equal(d.account_cnt, 1);
  assert_true(d.account[0].wiped && d.account[0].exists);
  assert_int_equal(d.account[0].slot_cnt, 1);
  assert_int_equal(d.account[0].slot[0].old_val.w[0], 2);
  assert_int_equal(d.account[0].slot[0].new_val.w[0], 2);
}

static void create_when_storage_there_then_empty_until_reverted(void **state) {
  (void)state;
  world_with_contract();
  state_tx_begin(w.s);
  assert_true(state_has_storage(w.s, &addr_a));
  state_snap snap = state_snapshot(w.s);
  state_create(w.s, &addr_a);
  assert_true(state_created_in_tx(w.s, &addr_a));
  assert_false(state_has_storage(w.s, &addr_a));
  assert_int_equal(state_code(w.s, NULL, &addr_a).len, 0);
  assert_int_equal(slot_low(&addr_a, &one), 0);
  state_slot_set(w.s, &addr_a, &one, &one);
  state_revert(w.s, snap);
  assert_false(state_created_in_tx(w.s, &addr_a));
  assert_int_equal(slot_low(&addr_a, &one), 2);
  assert_int_equal(original_low(&addr_a, &one), 2);
  assert_int_equal(state_code(w.s, NULL, &addr_a).len, 4);
  u256 v;
  state_balance(w.s, &v, &addr_a);
  assert_true(u256_eq(&v, &one));
  state_tx_end(w.s, true);
  struct state_diff d;
  state_block_diff(w.s, &d, &w.a);
  assert_int_equal(d.account_cnt, 0);
}

static void original_when_next_tx_then_value_before_it(void **state) {
  (void)state;
  world_with_contract();
  state_tx_begin(w.s);
  state_slot_set(w.s, &addr_a, &one, &one);
  assert_int_equal(original_low(&addr_a, &one), 2);
  state_tx_end(w.s, true);
  state_tx_begin(w.s);
  assert_int_equal(original_low(&addr_a, &one), 1);
  state_slot_set(w.s, &addr_a, &one, &none);
  assert_int_equal(original_low(&addr_a, &one), 1);
  state_slot_set(w.s, &addr_a, &one, &two);
  state_tx_end(w.s, true);
  struct state_diff d;
  state_block_diff(w.s, &d, &w.a); /* back where the block began */
  assert_int_equal(d.account_cnt, 0);
}

/*------------------------------------------------------------------ source */

static void source_when_asked_again_then_only_once(void **state) {
  (void)state;
  world_with_contract();
  for (int tx = 0; tx < 3; tx++) {
    state_tx_begin(w.s);
    assert_true(state_access_account(w.s, &addr_a));
    assert_false(state_access_account(w.s, &addr_a));
    assert_true(state_access_slot(w.s, &addr_a, &one));
    assert_false(state_access_slot(w.s, &addr_a, &one));
    if (tx == 0) assert_int_equal(w.accounts, 0); /* warming loads nothing */
    assert_int_equal(slot_low(&addr_a, &one), 2);
    assert_int_equal(slot_low(&addr_b, &one), 0);
    assert_int_equal(state_code(w.s, NULL, &addr_a).len, 4);
    state_tx_end(w.s, true);
  }
  assert_int_equal(w.accounts, 2);
  assert_int_equal(w.slots, 1); /* addr_b has no storage to ask for */
  assert_int_equal(w.codes, 1);
}

static void source_when_slot_fresh_then_not_asked(void **state) {
  (void)state;
  world_with_contract();
  state_tx_begin(w.s);
  state_slot_fresh(w.s, &addr_a, &two);
  assert_int_equal(slot_low(&addr_a, &two), 0);
  assert_int_equal(original_low(&addr_a, &two), 0);
  state_slot_set(w.s, &addr_a, &two, &one);
  assert_int_equal(original_low(&addr_a, &two), 0);
  u32 snap = state_snapshot(w.s);
  state_slot_set(w.s, &addr_a, &two, &two);
  state_revert(w.s, snap);
  state_tx_end(w.s, true);
  assert_int_equal(w.slots, 0);
  state_tx_begin(w.s);
  state_slot_fresh(w.s, &addr_a, &two); /* met: stays what it is */
  assert_int_equal(slot_low(&addr_a, &two), 1);
  state_slot_set(w.s, &addr_a, &one, &one);
  state_slot_fresh(w.s, &addr_a, &one);
  assert_int_equal(slot_low(&addr_a, &one), 1);
  state_tx_end(w.s, true);
  assert_int_equal(w.slots, 1);
  struct state_diff d = world_end();
  assert_int_equal(d.account_cnt, 1);
  assert_int_equal(d.account[0].slot_cnt, 2);
}

static void source_when_hashless_then_no_hashes_and_same_difference(
    void **state) {
  (void)state;
  world_with_contract();
  struct buf bytes[2];
  for (int pass = 0; pass < 2; pass++) {
    world_begin();
    w.src.hashless = pass;
    state_block_begin(w.s, &w.src);
    state_tx_begin(w.s);
    for (u64 i = 0; i < 200; i++) {
      addr20 a = {{(u8)i, 9}};
      u256 v = u256_from(i + 3);
      state_balance_add(w.s, &a, &v);
      state_slot_set(w.s, &addr_a, &v, &v);
    }
    state_tx_end(w.s, true);
    struct state_diff d;
    state_block_diff(w.s, &d, &w.a);
    assert_int_equal(d.account_cnt, 201);
    /* The account of slots is hashed once, and told with each. */
    if (pass) assert_int_equal(w.hashes, 200);
    else assert_true(w.hashes > 400);
    buf_init(&bytes[pass], 0);
    state_diff_encode(&bytes[pass], &d);
  }
  assert_true(slice_eq(buf_slice(&bytes[0]), buf_slice(&bytes[1])));
  buf_fini(&bytes[0]);
  buf_fini(&bytes[1]);
}

static void source_when_failing_then_error_kept(void **state) {
  (void)state;
  world_with_contract();
  state_tx_begin(w.s);
  w.fail = ERR_IO;
  u256 v;
  state_balance(w.s, &v, &addr_a);
  assert_true(u256_is_zero(&v));
  assert_int_equal(state_error(w.s), ERR_IO);
  w.fail = ERR_OK;
  world_begin();
  assert_int_equal(state_error(w.s), ERR_OK);
}

static void commit_when_nodes_and_leaf_disagree_then_corrupt(void **state) {
  (void)state;
  world_with_contract();
  state_mem_slot(w.mem, &addr_a, &two, &two); /* behind the trie's back */
  world_begin();
  state_tx_begin(w.s);
  state_slot_set(w.s, &addr_a, &one, &one);
  state_tx_end(w.s, true);
  struct state_diff d;
  struct state_root r;
  state_block_diff(w.s, &d, &w.a);
  assert_int_equal(state_commit(&r, &d, &w.inner, NULL, &w.a), ERR_CORRUPT);
}

/*---------------------------------------------------------------- the rest */

static void logs_when_reverted_then_dropped(void **state) {
  (void)state;
  world_begin();
  state_tx_begin(w.s);
  hash32 topics[4] = {{{1}}, {{2}}, {{3}}, {{4}}};
  state_log_add(w.s, &addr_a, topics, 4, slice_str("kept"));
  state_snap snap = state_snapshot(w.s);
  for (int i = 0; i < 300; i++) {
    state_log_add(w.s, &addr_b, NULL, 0, slice_of(NULL, 0));
  }
  state_revert(w.s, snap);
  state_tx_end(w.s, true);
  u32 cnt;
  const struct state_log *log = state_tx_logs(w.s, &cnt);
  assert_int_equal(cnt, 1);
  assert_int_equal(log[0].topic_cnt, 4);
  assert_int_equal(log[0].topic[3].b[0], 4);
  assert_true(slice_eq(log[0].data, slice_str("kept")));
}

static void transient_when_tx_ends_then_zero(void **state) {
  (void)state;
  world_begin();
  for (u64 tx = 0; tx < 4; tx++) {
    state_tx_begin(w.s);
    u256 v;
    for (u64 i = 0; i < 3000; i++) {
      u256 slot = u256_from(i * (tx + 1));
      state_transient(w.s, &v, &addr_a, &slot);
      assert_true(u256_is_zero(&v));
    }
    for (u64 i = 0; i < 3000; i++) {
      u256 slot = u256_from(i);
      state_transient_set(w.s, &addr_a, &slot, &one);
    }
    state_transient(w.s, &v, &addr_b, &one);
    assert_true(u256_is_zero(&v));
    state_tx_end(w.s, true);
  }
}

static void codes_when_equal_then_once_in_difference(void **state) {
  (void)state;
  world_begin();
  state_tx_begin(w.s);
  for (u8 i = 0; i < 50; i++) {
    addr20 a = {{1, i}};
    u8 code = i % 3;
    state_code_set(w.s, &a, slice_of(&code, 1));
  }
  state_snap snap = state_snapshot(w.s);
  state_code_set(w.s, &addr_a, slice_str("undone"));
  state_revert(w.s, snap);
  state_tx_end(w.s, true);
  struct state_diff d = world_end();
  assert_int_equal(d.account_cnt, 50);
  assert_int_equal(d.code_cnt, 3);
}

static void difference_when_bytes_damaged_then_refused_or_other(void **state) {
  (void)state;
  world_with_contract();
  state_tx_begin(w.s);
  state_slot_set(w.s, &addr_a, &one, &one);
  state_slot_set(w.s, &addr_a, &two, &one);
  state_balance_add(w.s, &addr_b, &two);
  state_code_set(w.s, &addr_b, slice_str("new code"));
  state_tx_end(w.s, true);
  struct state_diff d, out;
  struct buf b, again;
  state_block_diff(w.s, &d, &w.a);
  buf_init(&b, 0);
  buf_init(&again, 0);
  state_diff_encode(&b, &d);
  for (size_t len = 0; len < b.len; len++) {
    assert_int_equal(state_diff_decode(&out, slice_of(b.ptr, len), &w.a),
                     ERR_CORRUPT);
  }
  buf_put_u8(&b, 0);
  assert_int_equal(state_diff_decode(&out, buf_slice(&b), &w.a), ERR_CORRUPT);
  b.len--;
  for (size_t bit = 8; bit < b.len * 8; bit++) {
    b.ptr[bit / 8] ^= (u8)(1u << bit % 8);
    if (state_diff_decode(&out, buf_slice(&b), &w.a) == ERR_OK) {
      buf_clear(&again); /* another difference: its bytes are these */
      state_diff_encode(&again, &out);
      assert_true(slice_eq(buf_slice(&b), buf_slice(&again)));
    }
    b.ptr[bit / 8] ^= (u8)(1u << bit % 8);
  }
  b.ptr[0] = 2;
  assert_int_equal(state_diff_decode(&out, buf_slice(&b), &w.a), ERR_NEWER);
  buf_fini(&b);
  buf_fini(&again);
}

static void account_when_encoded_then_decodes(void **state) {
  (void)state;
  struct state_account a = {.nonce = 0, .code_hash = CRYPTO_KECCAK_EMPTY,
                            .storage_root = CRYPTO_KECCAK_RLP_NIL};
  struct buf b;
  buf_init(&b, 0);
  for (u32 bits = 0; bits <= 256; bits++) {
    struct state_account out;
    a.nonce = bits < 64 ? (u64)1 << bits : ~(u64)0;
    u256_shl(&a.balance, &one, bits);
    buf_clear(&b);
    state_account_encode(&b, &a);
    assert_in_range(b.len, 70, STATE_ACCOUNT_RLP_MAX);
    assert_int_equal(state_account_decode(&out, buf_slice(&b)), ERR_OK);
    assert_int_equal(out.nonce, a.nonce);
    assert_true(u256_eq(&out.balance, &a.balance));
    assert_true(hash32_eq(&out.code_hash, &a.code_hash));
    assert_true(hash32_eq(&out.storage_root, &a.storage_root));
    b.len--;
    assert_true(state_account_decode(&out, buf_slice(&b)) < 0);
  }
  buf_fini(&b);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, world_open, world_close)
int main(void) {
  const struct CMUnitTest tests[] = {
      WORLD_TEST(empty_when_touched_and_clearing_then_gone),
      WORLD_TEST(empty_when_not_clearing_then_stays),
      WORLD_TEST(touch_when_reverted_then_undone_but_for_ripemd),
      WORLD_TEST(ripemd_when_change_reverted_then_stays),
      WORLD_TEST(balance_when_emptied_then_account_cleared),
      WORLD_TEST(contract_when_destructed_then_deleted_at_end),
      WORLD_TEST(contract_when_made_again_in_block_then_fresh_storage),
      WORLD_TEST(create_when_storage_there_then_empty_until_reverted),
      WORLD_TEST(original_when_next_tx_then_value_before_it),
      WORLD_TEST(source_when_asked_again_then_only_once),
    WORLD_TEST(source_when_slot_fresh_then_not_asked),
      WORLD_TEST(source_when_hashless_then_no_hashes_and_same_difference),
      WORLD_TEST(source_when_failing_then_error_kept),
      WORLD_TEST(commit_when_nodes_and_leaf_disagree_then_corrupt),
      WORLD_TEST(logs_when_reverted_then_dropped),
      WORLD_TEST(transient_when_tx_ends_then_zero),
      WORLD_TEST(codes_when_equal_then_once_in_difference),
      WORLD_TEST(difference_when_bytes_damaged_then_refused_or_other),
      WORLD_TEST(account_when_encoded_then_decodes),
  };
  return cmocka_run_group_tests_name("state_world", tests, NULL, NULL);
}
