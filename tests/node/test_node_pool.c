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
  struct node_pool *rewind;
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
  if (w->rewind) { /* the chain goes back once this was read */
    struct node_pool *p = w->rewind;
    w->rewind = NULL;
    w->nonce = 0;
    assert_int_equal(node_pool_restart(p, 0), ERR_OK);
  }
  out->code_hash = CRYPTO_KECCAK_EMPTY;
  if (w->delegated) out->code_hash.b[0] ^= 1;
  return ERR_OK;
}
static void world_ready(void *ctx) { ((struct world *)ctx)->ready_cnt++; }

/* Credits of a chain: every sender has room for so many reservations of its
** gas limit times price; share as set by its key's number. */
struct fake_credit {
  u64 price, room;      /* room 0: unlimited */
  u64 held;             /* of all */
  u32 share[16];
  u64 capacity;
  u32 admit_cnt;
};

struct bench {
  struct world world;
  struct fake_credit credit;
  struct node_pool *pool;
  struct arena arena;
};

static err fake_admit(void *ctx, struct chain_credit_quote *out,
                      const struct chain_tx *tx) {
  struct fake_credit *c = ctx;
  memset(out, 0, sizeof *out);
  c->admit_cnt++;
  out->reserve = tx->gas_limit * c->price;
  out->capacity = c->capacity;
  out->share = c->share[tx->data.len ? tx->data.ptr[0] : 0];
  if (c->room && c->held + out->reserve > c->room) {
    out->verdict = CHAIN_CREDITS;
  } else {
    c->held += out->reserve;
  }
  return ERR_OK;
}
static void fake_release(void *ctx, const struct chain_credit_quote *q,
                         const struct chain_tx *tx) {
  struct fake_credit *c = ctx;
  (void)tx;
  assert_true(c->held >= q->reserve);
  c->held -= q->reserve;
}
static void fake_say(struct errmsg *msg, const struct chain_credit_quote *q) {
  (void)q;
  strcpy(msg->text, "too few credits");
}

static void bench_open_with(struct bench *b, u32 tx_max, bool credits) {
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
  b->credit.price = 1;
  b->credit.capacity = 1 << 30;
  if (credits) {
    cfg.credit = (struct node_pool_credit){
      .ctx = &b->credit, .admit = fake_admit, .release = fake_release,
      .say = fake_say};
  }
  b->pool = node_pool_open(&cfg);
}
static void bench_open(struct bench *b, u32 tx_max) {
  bench_open_with(b, tx_max, false);
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
  u64 gas;
  u8 share; /* which of the credits' shares */
};
static slice make_tx(struct bench *b, struct make m) {
  struct chain_tx tx;
  u8 key[32] = {[31] = (u8)(m.who + 1)};
  memset(&tx, 0, sizeof tx);
  tx.type = m.type;
  tx.protected = true;
  tx.chain_id = m.chain_id ? m.chain_id : CHAIN_ID;
  tx.nonce = m.nonce;
  tx.gas_limit = m.gas ? m.gas : m.share ? 22000 : 21000;
  tx.data = slice_of(&m.share, m.share > 0);
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
  /* Nobody could go: refused before the signature is looked at. */
  struct node_submit_result out;
  slice raw = make_tx(&b, (struct make){.who = 6});
  memset((u8 *)raw.ptr + raw.len - 20, 0xff, 10);
  assert_int_equal(add_raw(&b, raw, &out), ERR_LIMIT);
  assert_string_equal(out.msg.text,
                      "txpool is full: wait for a block and send it again");
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

/* Bits of the keys' numbers in the order taken, as letters. */
static const char *take_order(struct bench *b, u32 cnt_max, u64 gas_max) {
  static char text[300];
  struct node_pool_take take;
  addr20 who[16];
  node_pool_take(b->pool, &take, cnt_max, gas_max, &b->arena);
  for (u32 i = 0; i < 16; i++) {
    u8 key[32] = {[31] = (u8)(i + 1)};
    assert_int_equal(crypto_key_addr(&who[i], key), ERR_OK);
  }
  for (u32 i = 0; i < take.cnt; i++) {
    for (u32 k = 0; k < 16; k++) {
      if (addr20_eq(&who[k], &take.tx[i].sender)) text[i] = (char)('a' + k);
    }
  }
  text[take.cnt] = 0;
  node_pool_untake(b->pool, &take);
  return text;
}

static void take_when_others_wait_then_nobody_fills_a_block(void **s) {
  (void)s;
  struct bench b;
  bench_open(&b, 100);
  for (u64 i = 0; i < 4; i++) { /* a part is 25,000,000 gas */
    assert_int_equal(add(&b, (struct make){.nonce = i, .gas = 10000000}),
                     ERR_OK);
  }
  assert_int_equal(add(&b, (struct make){.who = 1, .gas = 16000000}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 1, .nonce = 1,
                                         .gas = 16000000}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 2}), ERR_OK);
  assert_string_equal(take_order(&b, 100, UINT64_MAX), "aabcaab");
  /* What does not fit lets others pass. */
  assert_string_equal(take_order(&b, 100, 20021000), "aac");
  bench_close(&b);
}

static void take_when_one_has_spent_less_then_it_comes_first(void **s) {
  (void)s;
  struct bench b;
  bench_open_with(&b, 100, true);
  b.credit.share[1] = 5000;
  b.credit.share[2] = 70;
  assert_int_equal(add(&b, (struct make){.who = 0, .share = 1}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 1, .share = 2}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 2}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 3}), ERR_OK);
  assert_string_equal(take_order(&b, 100, UINT64_MAX), "cdba");
  bench_close(&b);
}

static void take_when_shares_are_equal_then_in_turns(void **s) {
  (void)s;
  struct bench b;
  bench_open_with(&b, 100, true);
  for (u64 i = 0; i < 3; i++) {
    assert_int_equal(add(&b, (struct make){.who = 0, .nonce = i}), ERR_OK);
  }
  for (u64 i = 0; i < 3; i++) {
    assert_int_equal(add(&b, (struct make){.who = 1, .nonce = i}), ERR_OK);
  }
  assert_string_equal(take_order(&b, 100, UINT64_MAX), "ababab");
  bench_close(&b);
}

static void take_when_history_is_equal_then_the_larger_capacity_first(
    void **s) {
  (void)s;
  struct bench b;
  bench_open_with(&b, 100, true);
  for (u8 who = 0; who < 5; who++) {
    assert_int_equal(add(&b, (struct make){.who = who}), ERR_OK);
  }
  b.credit.capacity = 1ull << 40;
  assert_int_equal(add(&b, (struct make){.who = 5}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 5, .nonce = 1}), ERR_OK);
  assert_string_equal(take_order(&b, 100, UINT64_MAX), "ffabcde");
  bench_close(&b);
}

static void pool_when_full_then_the_larger_share_goes(void **s) {
  (void)s;
  struct bench b;
  bench_open_with(&b, 4, true);
  b.credit.share[1] = 100000000;
  b.credit.share[2] = 1000000;
  assert_int_equal(add(&b, (struct make){.who = 0, .share = 2}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 1, .share = 1}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 1, .share = 1, .nonce = 1}),
                   ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 2, .share = 2}), ERR_OK);
  u64 held = b.credit.held;
  assert_int_equal(add(&b, (struct make){.who = 3, .share = 1}), ERR_LIMIT);
  assert_int_equal(b.credit.held, held); /* refused: nothing is reserved */
  assert_int_equal(add(&b, (struct make){.who = 4, .share = 2}), ERR_OK);
  assert_string_equal(take_order(&b, 100, UINT64_MAX), "aceb");
  assert_int_equal(add(&b, (struct make){.who = 5}), ERR_OK);
  assert_string_equal(take_order(&b, 100, UINT64_MAX), "face");
  assert_int_equal(b.credit.held, held - 1000);
  assert_int_equal(add(&b, (struct make){.who = 6, .share = 2}), ERR_LIMIT);
  assert_int_equal(add(&b, (struct make){.who = 7}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 8}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.who = 9}), ERR_OK);
  assert_string_equal(take_order(&b, 100, UINT64_MAX), "fhij");
  assert_int_equal(add(&b, (struct make){.who = 10}), ERR_LIMIT);
  bench_close(&b);
}

static void pool_when_filled_by_one_then_others_still_enter(void **s) {
  (void)s;
  struct bench b;
  bench_open(&b, 4 * LIMIT_POOL_SENDER_FAIR);
  u64 n = 0;
  while (add(&b, (struct make){.nonce = n}) == ERR_OK) n++;
  assert_int_equal(n, 2 * LIMIT_POOL_SENDER_FAIR); /* half the pool */
  for (u8 who = 1; who < 4; who++) {
    for (u64 i = 0; i < LIMIT_POOL_SENDER_FAIR; i++) {
      assert_int_equal(add(&b, (struct make){.who = who, .nonce = i}), ERR_OK);
    }
    assert_int_equal(add(&b, (struct make){.who = who,
                                           .nonce = LIMIT_POOL_SENDER_FAIR}),
                     ERR_LIMIT);
  }
  addr20 who;
  u8 key[32] = {[31] = 1};
  assert_int_equal(crypto_key_addr(&who, key), ERR_OK);
  assert_int_equal(node_pool_next_nonce(b.pool, &who, 0),
                   LIMIT_POOL_SENDER_FAIR);
  bench_close(&b);
}

static void price_when_risen_then_the_first_are_paid_with_what_later_held(
    void **s) {
  (void)s;
  struct bench b;
  struct node_submit_result out;
  bench_open_with(&b, 100, true);
  b.credit.room = 4 * 21000;
  for (u64 i = 0; i < 4; i++) {
    assert_int_equal(add(&b, (struct make){.nonce = i}), ERR_OK);
  }
  assert_int_equal(add_raw(&b, make_tx(&b, (struct make){.nonce = 4}), &out),
                   ERR_LIMIT);
  assert_int_equal(out.verdict, CHAIN_CREDITS);
  assert_string_equal(out.msg.text, "too few credits");
  struct node_pool_take none = {0};
  struct state_diff diff = {0};
  b.credit.price = 2;
  node_pool_executed(b.pool, &none, NULL, 1, &diff);
  assert_true(node_pool_has_ready(b.pool));
  assert_int_equal(b.credit.held, 4 * 21000); /* two of them at two each */
  b.credit.price = 5;
  node_pool_executed(b.pool, &none, NULL, 2, &diff);
  assert_false(node_pool_has_ready(b.pool));
  assert_string_equal(take_order(&b, 100, UINT64_MAX), "");
  b.credit.price = 1;
  node_pool_executed(b.pool, &none, NULL, 3, &diff);
  assert_true(node_pool_has_ready(b.pool));
  assert_string_equal(take_order(&b, 100, UINT64_MAX), "aaaa");
  assert_int_equal(execute(&b, 100, POOL_INCLUDED, 4), 4);
  assert_int_equal(b.credit.held, 0);
  bench_close(&b);
}

static void balance_when_fallen_then_what_it_cannot_pay_leaves(void **s) {
  (void)s;
  struct bench b;
  struct node_pool_take none = {0};
  struct state_diff_account acc = {.exists = true};
  struct state_diff diff = {.account = &acc, .account_cnt = 1};
  u8 key[32] = {[31] = 1};
  bench_open(&b, 100);
  assert_int_equal(add(&b, (struct make){.nonce = 0, .value = 5}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.nonce = 1, .value = 50}), ERR_OK);
  assert_int_equal(add(&b, (struct make){.nonce = 2, .value = 6}), ERR_OK);
  assert_int_equal(crypto_key_addr(&acc.addr, key), ERR_OK);
  acc.new_val.balance = u256_from(10);
  acc.new_val.code_hash = CRYPTO_KECCAK_EMPTY;
  node_pool_executed(b.pool, &none, NULL, 1, &diff);
  assert_stat(&b, 1, 1);
  bench_close(&b);
}

/* An account that was read before the chain was taken back is not believed: by
** one who was reading meanwhile, or who had read before. */
static void account_when_chain_goes_back_while_read_then_read_again(
    void **state) {
  struct bench b;
  (void)state;
  bench_open(&b, 100);
  b.world.nonce = 5;
  b.world.rewind = b.pool;
  assert_int_equal(add(&b, (struct make){.who = 1, .nonce = 0}), ERR_OK);
  assert_int_equal(b.world.read_cnt, 2);
  assert_stat(&b, 1, 0);
  b.world.nonce = 7;
  assert_int_equal(add(&b, (struct make){.who = 2, .nonce = 7}), ERR_OK);
  assert_stat(&b, 2, 0);
  b.world.nonce = 3;
  assert_int_equal(node_pool_restart(b.pool, 0), ERR_OK);
  assert_stat(&b, 0, 0);
  assert_int_equal(add(&b, (struct make){.who = 2, .nonce = 3}), ERR_OK);
  assert_stat(&b, 1, 0);
  bench_close(&b);
}

static void rows_when_restored_then_the_pool_is_as_it_was(void **s) {
  (void)s;
  struct bench a, b;
  struct node_pool_saving saved, again;
  struct node_pool_item *items;
  bench_open(&a, 100);
  for (u8 who = 3; who > 0; who--) {
    assert_int_equal(add(&a, (struct make){.who = who}), ERR_OK);
  }
  assert_int_equal(add(&a, (struct make){.who = 4, .nonce = 2}), ERR_OK);
  node_pool_save(a.pool, &saved, 0, 0, 10, &a.arena);
  assert_int_equal(saved.row_cnt, 0); /* too young */
  node_pool_save(a.pool, &saved, UINT64_MAX, 0, 3, &a.arena);
  assert_int_equal(saved.row_cnt, 3);
  node_pool_save(a.pool, &again, UINT64_MAX, 0, 3, &a.arena);
  assert_int_equal(again.row_cnt, 1);
  assert_int_equal(again.gone_cnt, 0);
  struct store_pool_row row[5];
  memcpy(row, saved.row, sizeof *row * 3);
  row[3] = again.row[0];
  row[4] = (struct store_pool_row){.id = 99, .raw = slice_str("no such")};
  bench_open(&b, 100);
  assert_int_equal(node_pool_restore(b.pool, row, 5, NULL), 4);
  assert_stat(&b, 3, 1);
  assert_string_equal(take_order(&b, 9, UINT64_MAX), "dcb");
  assert_int_equal(node_pool_items(b.pool, &items, NULL, &b.arena), 4);
  /* What is in a block, and what was no transaction, is told as gone. */
  assert_int_equal(execute(&b, 1, POOL_INCLUDED, 1), 1);
  node_pool_save(b.pool, &saved, UINT64_MAX, 0, 10, &b.arena);
  assert_int_equal(saved.row_cnt, 0);
  assert_int_equal(saved.gone_cnt, 2);
  assert_int_equal(saved.gone[0] + saved.gone[1], 99 + row[0].id);
  /* Waited too long. */
  node_pool_save(b.pool, &saved, UINT64_MAX,
                 UINT64_MAX / 2, 10, &b.arena);
  assert_stat(&b, 1, 0); /* the one in a block */
  assert_int_equal(saved.gone_cnt, 3);
  bench_close(&a);
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
    cmocka_unit_test(take_when_others_wait_then_nobody_fills_a_block),
    cmocka_unit_test(take_when_one_has_spent_less_then_it_comes_first),
    cmocka_unit_test(take_when_shares_are_equal_then_in_turns),
    cmocka_unit_test(
        take_when_history_is_equal_then_the_larger_capacity_first),
    cmocka_unit_test(pool_when_full_then_the_larger_share_goes),
    cmocka_unit_test(pool_when_filled_by_one_then_others_still_enter),
    cmocka_unit_test(
        price_when_risen_then_the_first_are_paid_with_what_later_held),
    cmocka_unit_test(balance_when_fallen_then_what_it_cannot_pay_leaves),
    cmocka_unit_test(account_when_chain_goes_back_while_read_then_read_again),
    cmocka_unit_test(rows_when_restored_then_the_pool_is_as_it_was),
  };
  return cmocka_run_group_tests_name("node_pool", tests, NULL, NULL);
}
