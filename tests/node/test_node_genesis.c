/* test_node_genesis.c - block 0 in portions is the one made at once, and its
** file is whole, indexes and all. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "chain/chain_genesis_flow.h"
#include "crypto/secp256k1.h"
#include "node/node_genesis.h"
#include "node/node_scratch.h"
#include "node/node_state.h"

static void tgen_addr(addr20 *out, u32 i) {
  memset(out, 0, sizeof *out);
  out->b[0] = (u8)(i * 37 + 1);
  store_be32(out->b + 16, i + 0x10000);
}

/* cnt accounts, the first a contract with slots, all with a stake. */
static void tgen_make(struct chain_genesis *g, u32 cnt, u32 slots, bool credits,
                      struct arena *a) {
  addr20 *who = arena_array(a, addr20, cnt);
  u256 balance = u256_from(1000000000000000000ull);
  for (u32 i = 0; i < cnt; i++) tgen_addr(&who[i], i);
  chain_genesis_default(g, 4711, &who[0], NULL, 1700000000, who, cnt, &balance,
                        a);
  if (credits) {
    chain_genesis_set_credits(g, &who[0], 5000, a);
    g->stake = arena_array(a, struct chain_genesis_stake, cnt);
    for (u32 i = 0; i < cnt; i++)
      g->stake[g->stake_cnt = i] = (struct chain_genesis_stake){who[i], 1 + i};
    g->stake_cnt = cnt;
  }
  for (u32 i = 0; slots && i < g->account_cnt; i++) {
    struct chain_genesis_account *e = &g->account[i];
    if (!addr20_eq(&e->addr, &who[0])) continue;
    struct chain_genesis_slot *s =
        arena_array(a, struct chain_genesis_slot, slots);
    for (u32 k = 0; k < slots; k++)
      s[k] = (struct chain_genesis_slot){u256_from(k), u256_from(k + 1)};
    e->slot = s;
    e->slot_cnt = slots;
    e->code = slice_str("\x60\x00");
  }
}

static void tgen_same(u32 cnt, u32 slots, bool credits) {
  char path[64];
  struct arena a;
  struct chain_genesis g;
  struct state_diff diff;
  struct state_root root;
  struct chain_header header;
  struct store *s;
  struct errmsg msg = {""};
  struct node_scratch scratch; /* rests at each portion */
  hash32 want, got;
  snprintf(path, sizeof path, "/tmp/test_node_genesis.%d.db", (int)getpid());
  node_scratch_open(&scratch, path);
  arena_init(&a, 1 << 20, 0);
  a.home = &scratch.home;
  tgen_make(&g, cnt, slots, credits, &a);
  assert_int_equal(chain_genesis_build(&diff, &root, &header, &want, &g, NULL,
                                       &a), ERR_OK);
  assert_int_equal(store_open(&s, path, STORE_CREATE, &msg), ERR_OK);
  assert_int_equal(node_genesis_write(s, &g, &a, NULL, 0, NULL, NULL, &got),
                   ERR_OK);
  assert_memory_equal(want.b, got.b, 32);
  assert_int_equal(store_close(s, &msg), ERR_OK);
  err e = node_state_verify(path, true, NULL, NULL, NULL, &msg);
  assert_string_equal(msg.text, "");
  assert_int_equal(e, ERR_OK);
  unlink(path);
  arena_fini(&a);
  node_scratch_close(&scratch);
}

static void genesis_when_few_accounts_then_the_same(void **state) {
  (void)state;
  tgen_same(1, 0, false);
  tgen_same(2, 3, true);
  tgen_same(40, 3, false);
}

static void genesis_when_many_accounts_then_the_same(void **state) {
  (void)state;
  tgen_same(3000, 20, true);
}

static void genesis_when_a_large_contract_then_the_same(void **state) {
  (void)state;
  tgen_same(300, CHAIN_FLOW_SLOTS + 10, true);
}

static void tgen_count(void *ctx, u32 percent) {
  u32 *last = ctx;
  assert_true(percent >= *last && percent <= 100);
  *last = percent;
}

static void genesis_when_watched_then_ends_at_hundred(void **state) {
  (void)state;
  struct arena a;
  struct chain_genesis g;
  struct store *s;
  struct errmsg msg = {""};
  struct store_standing st;
  hash32 got;
  u32 last = 0;
  char path[64];
  snprintf(path, sizeof path, "/tmp/test_node_genesis.%d.db", (int)getpid());
  arena_init(&a, 1 << 20, 0);
  tgen_make(&g, 10, 0, true, &a);
  assert_int_equal(store_open(&s, path, STORE_CREATE, &msg), ERR_OK);
  assert_int_equal(node_genesis_write(s, &g, &a, NULL, 0, tgen_count, &last,
                                      &got), ERR_OK);
  assert_int_equal(last, 100);
  store_standing(s, &st);
  assert_int_equal(st.head, 0);
  assert_int_equal(st.flushed, 0);
  assert_int_equal(store_close(s, &msg), ERR_OK);
  unlink(path);
  arena_fini(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(genesis_when_few_accounts_then_the_same),
    cmocka_unit_test(genesis_when_many_accounts_then_the_same),
    cmocka_unit_test(genesis_when_a_large_contract_then_the_same),
    cmocka_unit_test(genesis_when_watched_then_ends_at_hundred),
  };
  crypto_init(NULL);
  return cmocka_run_group_tests_name("node_genesis", tests, NULL, NULL);
}
