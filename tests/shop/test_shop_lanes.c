/* test_shop_lanes.c - blocks of trade, executed one transaction after the other
** and ahead of their turn on threads, are the same to the byte: state, receipts
** with their logs, gas, and what the block's deadlines did (SPEC-commerce
** 14.4).  Calls of modules are always made again at their turn; the payments
** between them are taken over only where none of those changed what they read.
** Other transactions: test_chain_ahead.c; another build: `make check-folded`. */
#include "shop/shop_trade.h"

#include "chain/chain_ahead.h"
#include "node/node_workers.h"

enum { LANES = 4, LANES_BLOCKS = 100, LANES_TXS = 30, LANES_LISTINGS = 3 };

struct lanes {
  struct sf f;
  struct chain_exec *ahead;
  struct node_workers *workers;
  u64 seed, orders;
};

static u64 lanes_random(struct lanes *w, u64 below) {
  w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
  return (w->seed >> 33) % below;
}

/* One of the methods that an order goes through; id and what follows. */
static const char *const lanes_step[] = {
  "accept(uint64)", "ship(uint64,bytes32)", "confirm(uint64)",
  "cancel(uint64,uint16)", "askReturn(uint64,uint16,bytes32)",
  "extend(uint64,uint32)"};

static u32 lanes_args(struct lanes *w, u32 user, u256 *value) {
  struct sf *f = &w->f;
  u64 kind = lanes_random(w, 10), id = 1 + lanes_random(w, w->orders + 8);
  *value = U256_ZERO;
  if (kind < 4) { /* everybody wants the same few things */
    u32 l = (u32)lanes_random(w, LANES_LISTINGS);
    struct st_order o = {.seller = l, .listing = l + 1, .version = 1,
                         .qty = 1, .total = 1000000};
    sf_call_of(f, "place(" ST_PLACE ")");
    sf_u(f, 32);
    st_put_order(f, &o);
    *value = u256_from(o.total);
    return ORDERS;
  }
  if (kind == 4) {
    sf_call_of(f, "payInstant(address,address,uint256,bytes32)");
    sf_a(f, &f->cf.user[lanes_random(w, CF_USERS)]);
    sf_u(f, 0), sf_u(f, 50 + user), sf_u(f, 1);
    *value = u256_from(50 + user);
    return ORDERS;
  }
  if (kind == 5) {
    sf_call_of(f, "create(uint8,bytes32,bytes32)");
    sf_u(f, 1), sf_u(f, 5), sf_u(f, 6);
    return 0x1010;
  }
  if (kind == 6) {
    sf_call_of(f, "message(address,uint64,bytes32)");
    sf_a(f, &f->cf.user[lanes_random(w, CF_USERS)]);
    sf_u(f, 0), sf_u(f, 9);
    return MARKET;
  }
  sf_call_of(f, lanes_step[lanes_random(w, ARRAY_LEN(lanes_step))]);
  sf_u(f, id), sf_u(f, 1), sf_u(f, 2);
  return ORDERS;
}

static void lanes_block(struct lanes *w) {
  struct cf *c = &w->f.cf;
  struct chain_tx tx[LANES_TXS];
  struct chain_block_result two;
  struct chain_header draft;
  struct chain_hashes hashes = {c, cf_hash_of};
  struct state_source src = state_mem_source(c->mem);
  struct chain_proposal p = {.version = 1, .height = c->head.number + 1};
  for (u32 i = 0; i < LANES_TXS; i++) {
    u32 user = (u32)lanes_random(w, CF_USERS - 1);
    u256 value;
    addr20 to = c->user[lanes_random(w, CF_USERS)];
    if (lanes_random(w, 3)) { /* plain payments lie between */
      tx[i] = cf_tx(c, user, 2, &to, 1 + i);
    } else {
      to = sf_module(lanes_args(w, user, &value));
      tx[i] = cf_tx(c, user, 2, &to, 0);
      tx[i].value = value;
      tx[i].data = arena_copy_slice(&c->a, buf_slice(&w->f.args));
      tx[i].gas_limit = 1200000;
    }
    cf_sign(c, &tx[i], user);
  }
  if (lanes_random(w, 4) == 0)
    c->head.timestamp += lanes_random(w, 3 * SF_DAY);
  /* As cf_block, which is the other executor. */
  p.time_ms = chain_header_time_ms(&c->head) + 700;
  p.parent_hash = c->hash[c->head.number];
  p.proposer.b[0] = 0xcb;
  chain_proposal_draft(&draft, &p, &c->head, 30000000);
  assert_int_equal(chain_exec_block(w->ahead, &two, &c->rules, &draft, tx,
                                    LANES_TXS, &hashes, &src,
                                    node_workers_par(w->workers), NULL, NULL,
                                    &c->a), ERR_OK);
  cf_block(c, tx, LANES_TXS);
  sf_note_block(&w->f);
  assert_int_equal(c->block.tx_cnt, two.tx_cnt);
  assert_true(c->block.header.gas_used == two.header.gas_used);
  assert_true(hash32_eq(&c->block.header.receipts_root,
                        &two.header.receipts_root));
  assert_true(hash32_eq(&c->block.header.state_root, &two.header.state_root));
  assert_true(hash32_eq(&c->block.hash, &two.hash));
  w->orders += sf_logs(&w->f, "OrderPlaced(uint64,address,address,bytes)",
                       NULL);
}

static void trade_on_lanes_then_as_alone(void **st) {
  (void)st;
  struct lanes w = {.seed = 14};
  struct chain_ahead_stat seen;
  sf_open(&w.f);
  w.ahead = chain_exec_open(3);
  w.workers = node_workers_open(LANES - 1);
  chain_exec_set_lanes(w.ahead, LANES, NULL);
  for (u32 i = 0; i < LANES_LISTINGS; i++)
    assert_int_equal(st_save(&w.f, i, &st_plain, 40), i + 1);
  sf_do(&w.f, 5, 0x1010, "create(uint8,bytes32,bytes32)", "uuu", 1ull, 5ull,
        6ull);
  assert_done(&w.f);
  for (u32 i = 0; i < LANES_BLOCKS; i++) lanes_block(&w);
  chain_ahead_stat(chain_exec_ahead(w.ahead), &seen);
  print_message("%llu orders, %llu blocks with deadlines; taken %llu, in vain "
                "%llu\n", (unsigned long long)w.orders,
                (unsigned long long)w.f.due, (unsigned long long)seen.taken,
                (unsigned long long)seen.again);
  assert_true(w.orders > 60 && w.f.due > 5);
  assert_true(seen.taken > 100 && seen.again > 100);
  assert_int_equal(w.f.failed, 0);
  st_balanced(&w.f, ORDERS);
  chain_exec_close(w.ahead);
  node_workers_close(w.workers);
  sf_close(&w.f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(trade_on_lanes_then_as_alone),
  };
  return cmocka_run_group_tests_name("shop_lanes", tests, NULL, NULL);
}
