/* test_node_pool.c - admission, order, replacement, limits of the pool. */
#include "base/limits.h"
#include "chain/chain_tx.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "node/node_pool.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define CHAIN_ID 31337

/* A world of accounts that all have the same balance and a settable nonce. */
struct world {
  u64 nonce;
  u256 balance;
  bool delegated;
  u32 read_cnt, ready_cnt;
};
static err world_account(void *ctx, struct state_account *out, bool *found,
                         const addr20 *addr) {
  struct world *w = ctx;
  (void)addr;
  w->read_cnt++;
  *found = true;
  memset(out, 0, sizeof *out);
  out->nonce = w->nonce;
  out->balance = w->balance;
  out->code_hash = CRYPTO_KECCAK_EMPTY;
  if (w->delegated) out->code_hash.b[0] ^= 1;
  return ERR_OK;
}
static void world_ready(void *ctx) { ((struct world *)ctx)->ready_cnt++; }

struct bench {
  struct world world;
  struct node_pool *pool;
  struct arena arena;
};

static void bench_open(struct bench *b, u32 tx_max) {
  memset(b, 0, sizeof *b);
  crypto_init(NULL);
  arena_init(&b->arena, 1 << 16, 0);
  b->world.balance = u256_from(1000000);
  struct node_pool_config cfg = {
    .tx_max = tx_max, .bytes_max = 1 << 24, .seed = 7,
    .rules = {.fork = EVM_OSAKA, .chain_id = CHAIN_ID},
    .block_gas_limit = 500000000,
    .ctx = &b->world, .account = world_account, .ready = world_ready,
  };
  b->pool = node_pool_open(&cfg);
}
static void bench_close(struct bench *b) {
  node_pool_close(b->pool);
  arena_fini(&b->arena);
}

struct make {
  u8 who;
  u64 nonce, value, gas_price;
  u8 type;
  u64 chain_id;
};
static slice make_tx(struct bench *b, struct make m) {
  struct chain_tx tx;
  u8 key[32] = {[31] = (u8)(m.who + 1)};
  memset(&tx, 0, sizeof tx);
  tx.type = m.type;
  tx.protected = true;
  tx.chain_id = m.chain_id ? m.chain_id : CHAIN_ID;
  tx.nonce = m.nonce;
  tx.gas_limit = 21000;
  tx.gas_price = u256_from(m.gas_price);
  tx.max_priority_fee = tx.gas_price;
  tx.has_to = true;
  tx.to.b[19] = 9;
  tx.value = u256_from(m.value);
  assert_int_equal(chain_tx_sign(&tx, key, &b->arena), ERR_OK);
  return tx.raw;
}

static err add_raw(struct bench *b, slice raw, struct node_submit_result *out) {
  err e;
  struct pool_tx *t;
  node_pool_prepare(b->pool, &t, out, &e, &raw, 1);
  return t ? node_pool_add(b->pool, out, t) : e;
}
static err add(struct bench *b, struct make m) {
  struct node_submit_result out;
  return add_raw(b, make_tx(b, m), &out);
}
static void assert_stat(struct bench *b, u32 pending, u32 queued) {
  struct node_pool_stat st;
  node_pool_stat_of(b->pool, &st);
  assert_int_equal(st.pending, pending);
  assert_int_equal(st.queued, queued);
}

/* What chain_exec would report: all taken ones included. */
static u32 execute(struct bench *b, u32 cnt_max, enum node_pool_fate fate,
                   u64 height) {
  struct node_pool_take take;
  enum node_pool_fate fates[256];
  struct state_diff diff = {0};
  node_pool_take(b->pool, &take, cnt_max, UINT64_MAX, &b->arena);
  assert_true(take.cnt <= 256);
  for (u32 i = 0; i < take.cnt; i++) fates[i] = fate;
  node_pool_executed(b->pool, &take, fates, height, &diff);
  return take.cnt;
}

static void tx_when_known_then_refused_again(void **s) {
  (void)s;
  struct bench b;
  struct node_submit_result out;
  bench_open(&b, 100);
  slice raw = make_tx(&b, (struct make){.nonce = 0});
  assert_int_equal(add_raw(&b, raw, &out), ERR_OK);
  assert_int_equal(add_raw(&b, raw, &out), ERR_EXISTS);
  assert_string_equal(out.msg.text, "already known");
  assert_stat(&b, 1, 0);
  bench_close(&b);
}

static void nonce_when_low_then_refused_with_both_numbers(void **s) {
  (void)s;
  struct bench b;
  struct node_submit_result out;
  bench_open(&b, 100);
  b.world.nonce = 5;
  assert_int_equal(add_raw(&b, make_tx(&b, (struct make){.nonce = 3}), &out),
                   ERR_INVALID_TX);
  assert_int_equal(out.verdict, CHAIN_NONCE_LOW);
  assert_string_equal(out.msg.text, "nonce too low: next nonce 5, tx nonce 3");
  bench_close(&b);
}

static void gap_when_filled_then_all_are_ready_in_nonce_order(void **s) {
  (void)s;
  struct bench b;
  bench_open(&b, 100);
  addr20 who;
  u8 key[32] = {[31] = 1};
  assert_int_equal(crypto_key_addr(&who, key), ERR_OK);
  assert_int_equal(add(&b, (struct make){.nonce = 2}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.nonce = 1}), ERR_OK);
  assert_stat(&b, 0, 2);
  assert_int_equal(node_pool_next_nonce(b.pool, &who, 0), 0);
  assert_int_equal(add(&b, (struct make){.nonce = 0}), ERR_OK);
  assert_stat(&b, 3, 0);
  assert_int_equal(node_pool_next_nonce(b.pool, &who, 0), 3);
  struct node_pool_take take;
  node_pool_take(b.pool, &take, 10, UINT64_MAX, &b.arena);
  assert_int_equal(take.cnt, 3);
  for (u32 i = 0; i < 3; i++) assert_int_equal(take.tx[i].nonce, i);
  bench_close(&b);
}

static void balance_when_short_then_says_by_how_much(void **s) {
  (void)s;
  struct bench b;
  struct node_submit_result out;
  bench_open(&b, 100);
  slice raw = make_tx(&b, (struct make){.value = 1000007});
  assert_int_equal(add_raw(&b, raw, &out), ERR_INVALID_TX);
  assert_string_equal(out.msg.text,
                      "insufficient funds for gas * price + value: balance "
                      "1000000, tx cost 1000007, overshot 7");
  bench_close(&b);
}

static void fee_when_any_then_costs_nothing(void **s) {
  (void)s;
  struct bench b;
  bench_open(&b, 100);
  assert_int_equal(add(&b, (struct make){.value = 1000000,
                                         .gas_price = 1000000000000ull}),
                   ERR_OK);
  bench_close(&b);
}

static void same_nonce_when_fee_is_not_higher_then_underpriced(void **s) {
  (void)s;
  struct bench b;
  struct node_submit_result out;
  bench_open(&b, 100);
  assert_int_equal(add(&b, (struct make){.gas_price = 100}), ERR_OK);
  assert_int_equal(
      add_raw(&b, make_tx(&b, (struct make){.gas_price = 109, .value = 1}),
              &out), ERR_INVALID_TX);
  assert_string_equal(out.msg.text, "replacement transaction underpriced");
  assert_int_equal(add(&b, (struct make){.gas_price = 110, .value = 1}),
                   ERR_OK);
  assert_stat(&b, 1, 0);
  assert_int_equal(add(&b, (struct make){.gas_price = 0, .nonce = 1}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.gas_price = 0, .nonce = 1,
                                         .value = 1}), ERR_INVALID_TX);
  assert_int_equal(add(&b, (struct make){.gas_price = 1, .nonce = 1,
                                         .value = 1}), ERR_OK);
  assert_stat(&b, 2, 0);
  bench_close(&b);
}

static void form_when_wrong_then_refused_before_recovery(void **s) {
  (void)s;
  struct bench b;
  struct node_submit_result out;
  bench_open(&b, 100);
  assert_int_equal(
      add_raw(&b, make_tx(&b, (struct make){.chain_id = 1}), &out),
      ERR_INVALID_TX);
  assert_int_equal(out.verdict, CHAIN_CHAIN_ID);
  assert_true(add_raw(&b, slice_of("\x02\xc0", 2), &out) < 0);
  assert_true(add_raw(&b, slice_of(NULL, 0), &out) < 0);
  static u8 big[LIMIT_POOL_TX_BYTES + 1];
  assert_int_equal(add_raw(&b, slice_of(big, sizeof big), &out),
                   ERR_INVALID_TX);
  assert_int_equal(out.verdict, CHAIN_OVERSIZED);
  assert_stat(&b, 0, 0);
  bench_close(&b);
}

static void queue_when_over_the_limit_of_a_sender_then_refused(void **s) {
  (void)s;
  struct bench b;
  bench_open(&b, 1000);
  for (u64 i = 0; i < LIMIT_POOL_SENDER_QUEUED; i++) {
    assert_int_equal(add(&b, (struct make){.nonce = 2 + i}), ERR_OK);
  }
  assert_int_equal(add(&b, (struct make){.nonce = 500}), ERR_LIMIT);
  assert_stat(&b, 0, LIMIT_POOL_SENDER_QUEUED);
  bench_close(&b);
}

static void pool_when_full_then_queued_yield_to_ready(void **s) {
  (void)s;
  struct bench b;
  bench_open(&b, 3);
  assert_int_equal(add(&b, (struct make){.who = 1, .nonce = 4}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 2, .nonce = 0}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 3, .nonce = 0}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 4, .nonce = 9}), ERR_LIMIT);
  assert_int_equal(add(&b, (struct make){.who = 4, .nonce = 0}), ERR_OK);
  assert_stat(&b, 3, 0);
  assert_int_equal(add(&b, (struct make){.who = 5, .nonce = 0}), ERR_LIMIT);
  bench_close(&b);
}

static void included_when_durable_then_gone(void **s) {
  (void)s;
  struct bench b;
  struct node_submit_result out;
  struct chain_tx found;
  bench_open(&b, 100);
  slice raw = make_tx(&b, (struct make){.nonce = 0});
  assert_int_equal(add_raw(&b, raw, &out), ERR_OK);
  hash32 hash = out.hash;
  assert_int_equal(add(&b, (struct make){.nonce = 1}), ERR_OK);
  assert_int_equal(execute(&b, 1, POOL_INCLUDED, 1), 1);
  assert_int_equal(node_pool_find(b.pool, &found, &hash, &b.arena), ERR_OK);
  assert_true(found.has_sender);
  assert_int_equal(add_raw(&b, raw, &out), ERR_EXISTS);
  node_pool_durable(b.pool, 1);
  assert_int_equal(node_pool_find(b.pool, &found, &hash, &b.arena),
                   ERR_NOT_FOUND);
  assert_int_equal(add_raw(&b, raw, &out), ERR_INVALID_TX); /* nonce is used */
  assert_stat(&b, 1, 0);
  bench_close(&b);
}

static void dropped_when_invalid_then_the_rest_wait(void **s) {
  (void)s;
  struct bench b;
  bench_open(&b, 100);
  for (u64 i = 0; i < 3; i++) {
    assert_int_equal(add(&b, (struct make){.nonce = i}), ERR_OK);
  }
  assert_int_equal(execute(&b, 1, POOL_DROPPED, 1), 1);
  assert_stat(&b, 0, 2);
  assert_int_equal(add(&b, (struct make){.nonce = 0, .value = 1}), ERR_OK);
  assert_stat(&b, 3, 0);
  bench_close(&b);
}

static void delegated_sender_when_one_is_pooled_then_no_second(void **s) {
  (void)s;
  struct bench b;
  bench_open(&b, 100);
  b.world.delegated = true;
  assert_int_equal(add(&b, (struct make){.nonce = 1}), ERR_LIMIT);
  assert_int_equal(add(&b, (struct make){.nonce = 0}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.nonce = 1}), ERR_LIMIT);
  assert_stat(&b, 1, 0);
  bench_close(&b);
}

static void difference_when_nonce_moved_then_stale_ones_leave(void **s) {
  (void)s;
  struct bench b;
  struct node_pool_take none = {0};
  struct state_diff_account acc = {.exists = true};
  struct state_diff diff = {.account = &acc, .account_cnt = 1};
  u8 key[32] = {[31] = 1};
  bench_open(&b, 100);
  for (u64 i = 0; i < 4; i++) {
    assert_int_equal(add(&b, (struct make){.nonce = i}), ERR_OK);
  }
  assert_int_equal(crypto_key_addr(&acc.addr, key), ERR_OK);
  acc.new_val.nonce = 3;
  acc.new_val.balance = u256_from(5);
  acc.new_val.code_hash = CRYPTO_KECCAK_EMPTY;
  node_pool_executed(b.pool, &none, NULL, 1, &diff);
  assert_stat(&b, 1, 0);
  assert_int_equal(add(&b, (struct make){.nonce = 4, .value = 6}),
                   ERR_INVALID_TX);
  assert_int_equal(add(&b, (struct make){.nonce = 4, .value = 5}), ERR_OK);
  assert_stat(&b, 2, 0);
  bench_close(&b);
}

static void take_when_gas_is_bounded_then_stops_in_order(void **s) {
  (void)s;
  struct bench b;
  struct node_pool_take take;
  bench_open(&b, 100);
  for (u8 i = 0; i < 5; i++) {
    assert_int_equal(add(&b, (struct make){.who = i}), ERR_OK);
  }
  node_pool_take(b.pool, &take, 10, 3 * 21000 + 20999, &b.arena);
  assert_int_equal(take.cnt, 3);
  node_pool_take(b.pool, &take, 2, UINT64_MAX, &b.arena);
  assert_int_equal(take.cnt, 2);
  assert_int_equal(b.world.ready_cnt, 5);
  assert_int_equal(b.world.read_cnt, 5);
  bench_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(tx_when_known_then_refused_again),
    cmocka_unit_test(nonce_when_low_then_refused_with_both_numbers),
    cmocka_unit_test(gap_when_filled_then_all_are_ready_in_nonce_order),
    cmocka_unit_test(balance_when_short_then_says_by_how_much),
    cmocka_unit_test(fee_when_any_then_costs_nothing),
    cmocka_unit_test(same_nonce_when_fee_is_not_higher_then_underpriced),
    cmocka_unit_test(form_when_wrong_then_refused_before_recovery),
    cmocka_unit_test(queue_when_over_the_limit_of_a_sender_then_refused),
    cmocka_unit_test(pool_when_full_then_queued_yield_to_ready),
    cmocka_unit_test(included_when_durable_then_gone),
    cmocka_unit_test(dropped_when_invalid_then_the_rest_wait),
    cmocka_unit_test(delegated_sender_when_one_is_pooled_then_no_second),
    cmocka_unit_test(difference_when_nonce_moved_then_stale_ones_leave),
    cmocka_unit_test(take_when_gas_is_bounded_then_stops_in_order),
  };
  return cmocka_run_group_tests_name("node_pool", tests, NULL, NULL);
}
