/* test_node_flood.c - who would fill the chain for nothing, and who must get
** in all the same: dumped credits, ten thousand accounts without stake,
** transactions that fail, gas limits far above use, creations, sponsors that
** leave in the same block, fee fields at their maximum.
**
** State machine, pool and credits are the node's; the clock is made: a block
** each second of it.  A block holds 24,000,000 gas, the least there may be, so
** that few transactions fill it.
*/
#include "base/limits.h"
#include "chain/chain_genesis.h"
#include "chain/chain_proposal.h"
#include "chain/chain_tx.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "crypto/vrf.h"
#include "node/node_app.h"
#include "node/node_credit.h"
#include "node/node_state.h"
#include "store/store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { CHAIN_ID = 778, GAS = 24000000, CROWD = 10000, RICH = 20 };
static const u8 consensus_key[32] = {[31] = 77};
static const addr20 operator_addr = {{0x09, [19] = 7}};
static const addr20 burner = {{0xb0, [19] = 1}};   /* memory up to the word */
static const addr20 reverter = {{0xb0, [19] = 2}};
static u64 flood_ms;

struct sender {
  u8 key[32];
  addr20 addr;
  u64 nonce;
};
struct world {
  char path[64];
  struct arena arena, scratch;
  struct chain_genesis genesis;
  hash32 genesis_hash;
  struct store *store;
  struct node_state *state;
  struct node_credit *credit;
  struct node_pool *pool;
  struct node_app *app;
  struct sender whale, staked, poor, rich[RICH], *crowd;
  u32 last_cnt;        /* transactions of the last block */
  u64 last_gas;
  u64 included[2];     /* of all so far: transactions, of the hash looked for */
  hash32 wanted;
};

static u64 flood_clock(void) { return flood_ms; }
static err world_account(void *ctx, struct state_account *out, bool *found,
                         const addr20 *addr) {
  return node_state_account(((struct world *)ctx)->state, out, found, addr);
}

static void sender_make(struct sender *s, u32 number) {
  memset(s, 0, sizeof *s);
  store_be32(s->key + 28, number + 1);
  assert_int_equal(crypto_key_addr(&s->addr, s->key), ERR_OK);
}

static void world_write(struct world *w, struct store_block *b) {
  assert_int_equal(store_append(w->store, &b, 1), ERR_OK);
  node_state_durable(w->state, b->height);
  node_pool_durable(w->pool, b->height);
  store_block_free(b);
}

static int account_order(const void *a, const void *b) {
  return memcmp(((const struct chain_genesis_account *)a)->addr.b,
                ((const struct chain_genesis_account *)b)->addr.b, 20);
}
static int stake_order(const void *a, const void *b) {
  return memcmp(((const struct chain_genesis_stake *)a)->account.b,
                ((const struct chain_genesis_stake *)b)->account.b, 20);
}

/* All hold 1000 CMT but the poor one (half a CMT).  Of a million CMT of stake
** the whale has 3 %, the staked one 1 %, the rich ones 1 % each. */
static void world_genesis(struct world *w) {
  static const u8 burn[] = {0x60, 0, 0x35, 0x51, 0x50, 0x00};
  static const u8 revert[] = {0x60, 0, 0x60, 0, 0xfd};
  u8 pub[64], consensus_pub[33];
  struct chain_genesis *g = &w->genesis;
  u32 cnt = 0, all = CROWD + RICH + 3;
  addr20 *who = arena_array(&w->arena, addr20, all);
  sender_make(&w->whale, 1);
  sender_make(&w->staked, 2);
  sender_make(&w->poor, 3);
  who[cnt++] = w->whale.addr;
  who[cnt++] = w->staked.addr;
  who[cnt++] = w->poor.addr;
  for (u32 i = 0; i < RICH; i++) {
    sender_make(&w->rich[i], 100 + i);
    who[cnt++] = w->rich[i].addr;
  }
  w->crowd = arena_array(&w->arena, struct sender, CROWD);
  for (u32 i = 0; i < CROWD; i++) {
    sender_make(&w->crowd[i], 1000 + i);
    who[cnt++] = w->crowd[i].addr;
  }
  u256 balance = u256_from(1000000000000000000ull), thousand = u256_from(1000);
  u256_mul(&balance, &balance, &thousand);
  assert_int_equal(crypto_pubkey(pub, consensus_key), ERR_OK);
  assert_int_equal(crypto_pub_compress(consensus_pub, pub), ERR_OK);
  chain_genesis_default(g, CHAIN_ID, &operator_addr, consensus_pub, 1700000000,
                        who, cnt, &balance, &w->arena);
  struct chain_genesis_account *acc = arena_array(
      &w->arena, struct chain_genesis_account, g->account_cnt + 2);
  memcpy(acc, g->account, sizeof *acc * g->account_cnt);
  for (u32 i = 0; i < g->account_cnt; i++) {
    if (addr20_eq(&acc[i].addr, &w->poor.addr)) {
      acc[i].balance = u256_from(500000000000000000ull);
    }
  }
  acc[g->account_cnt++] = (struct chain_genesis_account){
    .addr = burner, .nonce = 1, .code = slice_of(burn, sizeof burn)};
  acc[g->account_cnt++] = (struct chain_genesis_account){
    .addr = reverter, .nonce = 1, .code = slice_of(revert, sizeof revert)};
  qsort(acc, g->account_cnt, sizeof *acc, account_order);
  g->account = acc;
  chain_genesis_set_credits(g, &operator_addr, 770000000000000ull, &w->arena);
  struct chain_genesis_stake *st =
      arena_array(&w->arena, struct chain_genesis_stake, RICH + 3);
  u32 n = 0;
  st[n++] = g->stake[0];
  st[n++] = (struct chain_genesis_stake){w->whale.addr, 30000000000000ull};
  st[n++] = (struct chain_genesis_stake){w->staked.addr, 10000000000000ull};
  for (u32 i = 0; i < RICH; i++) {
    st[n++] = (struct chain_genesis_stake){w->rich[i].addr, 10000000000000ull};
  }
  qsort(st, n, sizeof *st, stake_order);
  g->stake = st;
  g->stake_cnt = n;
  g->param[CHAIN_PARAM_block_gas_limit] = GAS;
  g->param_given[CHAIN_PARAM_block_gas_limit] = true;
  g->header.gas_limit = GAS;
}

static void world_open(struct world *w) {
  struct errmsg msg = {""};
  memset(w, 0, sizeof *w);
  crypto_init(NULL);
  flood_ms = 1700000000000ull;
  strcpy(w->path, "node_flood_XXXXXX");
  int fd = mkstemp(w->path);
  assert_true(fd >= 0);
  close(fd);
  unlink(w->path);
  arena_init(&w->arena, 1 << 20, 0);
  arena_init(&w->scratch, 1 << 16, 0);
  world_genesis(w);
  if (store_open(&w->store, w->path, STORE_CREATE, &msg) < 0) {
    fail_msg("%s", msg.text);
  }
  struct node_state_config sc = {.store = w->store, .reader_cnt = 1};
  assert_int_equal(node_state_open(&w->state, &sc, &msg), ERR_OK);
  struct node_pool_config pc = {
    .tx_max = 20000, .bytes_max = 1 << 26, .seed = 1,
    .block_gas_limit = GAS, .ctx = w, .account = world_account,
  };
  chain_rules_at(&pc.rules, &w->genesis, 1, 1700000000);
  w->credit = node_credit_open(&pc.credit, w->state, flood_clock, 5);
  w->pool = node_pool_open(&pc);
  struct node_app_config ac = {
    .genesis = &w->genesis, .genesis_hash = &w->genesis_hash,
    .state = w->state, .pool = w->pool, .hash_seed = 3,
  };
  w->app = app_open(&ac);
  struct node_app_info info;
  struct store_block *b;
  assert_int_equal(app_init_chain(&w->genesis, &w->genesis_hash, &info.header,
                                  w->state, &b, NULL), ERR_OK);
  world_write(w, b);
  info.hash = w->genesis_hash;
  app_set_info(w->app, &info, &info.hash, 1);
  assert_int_equal(node_pool_start(w->pool, 0), ERR_OK);
}

static void world_close(struct world *w) {
  struct errmsg msg;
  app_close(w->app);
  node_pool_close(w->pool);
  node_credit_close(w->credit);
  assert_int_equal(node_state_close(w->state, false, &msg), ERR_OK);
  assert_int_equal(store_close(w->store, &msg), ERR_OK);
  unlink(w->path);
  arena_fini(&w->arena);
  arena_fini(&w->scratch);
}

/* A block, a second later. */
static void world_step(struct world *w) {
  static u8 beacon[CRYPTO_VRF_PROOF_LEN];
  static struct chain_commit_vote vote;
  const struct node_app_info *at = app_info(w->app);
  const struct chain_block_result *r;
  struct chain_proposal p;
  struct store_block *b;
  hash32 id;
  flood_ms += 1000;
  vote = (struct chain_commit_vote){operator_addr, CHAIN_FLAG_COMMIT};
  assert_int_equal(crypto_vrf_prove(beacon, consensus_key,
                                    hash32_slice(&at->header.mix_hash)),
                   ERR_OK);
  struct node_app_request rq = {
    .time_ms = flood_ms,
    .parent_commit = {.vote = &vote, .vote_cnt = at->header.number > 0},
    .beacon = slice_of(beacon, sizeof beacon), .proposer = operator_addr,
    .deadline_ms = UINT64_MAX,
  };
  chain_validators_hash(&rq.validators_hash, w->genesis.validator,
                        w->genesis.validator_cnt);
  assert_int_equal(app_prepare_proposal(w->app, &p, &id, &rq), ERR_OK);
  assert_int_equal(app_finalize_block(w->app, &p, &id, &r), ERR_OK);
  assert_true(r->header.gas_used <= GAS);
  w->last_cnt = r->tx_cnt;
  w->last_gas = r->header.gas_used;
  w->included[0] += r->tx_cnt;
  for (u32 i = 0; i < r->tx_cnt; i++) {
    w->included[1] += hash32_eq(&r->tx[i]->hash, &w->wanted);
  }
  assert_int_equal(app_commit(w->app, &b, slice_of("c", 1)), ERR_OK);
  world_write(w, b);
  bool more = true;
  while (more) {
    assert_int_equal(node_state_write_step(w->state, flood_ms, &more), ERR_OK);
  }
}

/* What a sender asks for; to NULL: a creation. */
struct ask {
  const addr20 *to;
  u64 gas, value;
  slice data;
  u8 type;
  bool max_fees;
};
static err send(struct world *w, struct sender *s, struct ask ask,
                struct node_submit_result *out) {
  struct chain_tx tx = {
    .type = ask.type, .protected = true, .chain_id = CHAIN_ID,
    .nonce = s->nonce, .gas_limit = ask.gas ? ask.gas : 21000,
    .has_to = ask.to != NULL, .value = u256_from(ask.value), .data = ask.data};
  if (ask.to) tx.to = *ask.to;
  if (ask.max_fees) {
    memset(&tx.gas_price, 0xff, sizeof tx.gas_price);
    tx.max_priority_fee = tx.gas_price;
  }
  arena_clear(&w->scratch);
  assert_int_equal(chain_tx_sign(&tx, s->key, &w->scratch), ERR_OK);
  struct pool_tx *t;
  err e;
  node_pool_prepare(w->pool, &t, out, &e, &tx.raw, 1);
  if (t) e = node_pool_add(w->pool, out, t);
  if (e == ERR_OK) s->nonce++;
  return e;
}
static void must_send(struct world *w, struct sender *s, struct ask ask) {
  struct node_submit_result out;
  if (send(w, s, ask, &out) < 0) fail_msg("%s", out.msg.text);
  w->wanted = out.hash;
  w->included[1] = 0;
}
static void assert_in_two_blocks(struct world *w) {
  world_step(w);
  if (!w->included[1]) world_step(w);
  assert_int_equal(w->included[1], 1);
}
static slice word_of(struct world *w, u64 v) {
  u8 *p = arena_alloc(&w->arena, 32);
  store_be64(p + 24, v);
  return slice_of(p, 32);
}
static void assert_says(const struct node_submit_result *out,
                        const char *part) {
  assert_int_equal(out->verdict, CHAIN_CREDITS);
  if (!strstr(out->msg.text, part)) {
    fail_msg("no \"%s\" in \"%s\"", part, out->msg.text);
  }
}

static void credits_when_all_dumped_then_others_get_in_and_prices_fall_again(
    void **state) {
  static struct world w;
  struct node_submit_result out, last;
  (void)state;
  world_open(&w);
  /* 4.6 million gas of memory in 4.8 million of limit */
  struct ask burn = {.to = &burner, .gas = 4800000,
                     .data = word_of(&w, 1480000)};
  struct ask order = {.to = &burner, .gas = 430000, .data = word_of(&w, 0)};
  u32 blocks = 0, full = 0, person = 0, refused = 0;
  bool dumped = false;
  while (!dumped || w.last_cnt > 0) {
    for (u32 i = 0; i < 8 && !dumped; i++) {
      err e = send(&w, &w.whale, burn, &last);
      dumped = e < 0 && last.verdict == CHAIN_CREDITS;
    }
    if (blocks % 10 == 5) { /* one with stake, one with its allowance alone */
      must_send(&w, &w.staked, (struct ask){.to = &burner});
      assert_in_two_blocks(&w);
      must_send(&w, &w.crowd[person++], (struct ask){.to = &operator_addr});
      assert_in_two_blocks(&w);
      blocks += 2;
      if (send(&w, &w.crowd[person], order, &out) < 0) {
        refused++;
        assert_says(&out, "available 3000000, and this account cannot hold as "
                          "many: lower the gas limit, stake CMT or rent "
                          "credits, or have a sponsor pay");
      } else {
        person++;
      }
    }
    world_step(&w);
    full += w.last_gas > GAS / 2;
    assert_true(++blocks < 400);
  }
  assert_says(&last, "refilled in");
  assert_true(full > 60);   /* it had filled as many blocks, at rising cost */
  assert_true(refused > 0);
  u32 after = 0;
  while (send(&w, &w.crowd[person], order, &out) < 0) {
    assert_says(&out, "insufficient credits: needs ");
    world_step(&w);
    assert_true(++after < 60);
  }
  w.wanted = out.hash;
  w.included[1] = 0;
  assert_in_two_blocks(&w);
  print_message("  the whale filled %u of %u blocks; an order of 430,000 gas "
                "was paid by a base allowance %u blocks later\n", full, blocks,
                after);
  world_close(&w);
}

static void crowd_when_without_stake_then_one_with_stake_passes_it(
    void **state) {
  static struct world w;
  (void)state;
  world_open(&w);
  for (u32 i = 0; i < CROWD; i++) {
    must_send(&w, &w.crowd[i], (struct ask){.to = &operator_addr, .value = 1});
  }
  world_step(&w);
  assert_int_equal(w.last_cnt, (GAS - GAS / 20) / 21000); /* and deadlines */
  must_send(&w, &w.staked, (struct ask){.to = &operator_addr, .value = 1});
  assert_in_two_blocks(&w);
  while (w.included[0] < CROWD + 1) {
    world_step(&w);
    assert_true(w.last_cnt > 0);
  }
  assert_int_equal(app_info(w.app)->header.number,
                   CROWD / ((GAS - GAS / 20) / 21000) + 1);
  world_close(&w);
}

/* Twenty with stake, each with what may be pooled of one kind; then two more
** with one each. */
static void flood_of(struct ask flood) {
  static struct world w;
  struct node_submit_result out;
  world_open(&w);
  for (u32 i = 0; i < RICH; i++) {
    for (u32 k = 0; k < LIMIT_POOL_SENDER_FAIR; k++) {
      if (send(&w, &w.rich[i], flood, &out) < 0) {
        assert_int_equal(out.verdict, CHAIN_CREDITS);
        break;
      }
    }
  }
  for (u32 round = 0; round < 5; round++) {
    world_step(&w);
    assert_true(w.last_cnt > 0);
    must_send(&w, &w.staked, (struct ask){.to = &operator_addr});
    assert_in_two_blocks(&w);
    must_send(&w, &w.crowd[round], (struct ask){.to = &operator_addr});
    assert_in_two_blocks(&w);
  }
  world_close(&w);
}

static void failing_when_flooding_then_others_get_in(void **state) {
  (void)state;
  flood_of((struct ask){.to = &reverter, .gas = 1000000});
}
static void gas_limit_when_far_above_use_then_others_get_in(void **state) {
  (void)state;
  flood_of((struct ask){.to = &operator_addr, .gas = 16000000});
}
static void creations_when_flooding_then_others_get_in(void **state) {
  (void)state;
  /* returns 1,000 bytes of code */
  static const u8 init[] = {0x61, 0x03, 0xe8, 0x60, 0, 0xf3};
  flood_of((struct ask){.gas = 400000, .data = slice_of(init, sizeof init)});
}

static void fees_when_at_their_maximum_and_flooding_then_others_get_in(
    void **state) {
  (void)state;
  flood_of((struct ask){.to = &operator_addr, .gas = 1000000, .type = 2,
                        .max_fees = true});
}
/* Nothing is 10 % above the maximum. */
static void fees_when_at_their_maximum_then_none_replaces_it(void **state) {
  static struct world w;
  struct node_submit_result out;
  struct ask ask = {.to = &operator_addr, .type = 2, .max_fees = true};
  (void)state;
  world_open(&w);
  must_send(&w, &w.staked, ask);
  hash32 first = w.wanted;
  w.staked.nonce--;
  ask.value = 1;
  assert_int_equal(send(&w, &w.staked, ask, &out), ERR_INVALID_TX);
  assert_string_equal(out.msg.text, "replacement transaction underpriced");
  w.staked.nonce++;
  w.wanted = first;
  assert_in_two_blocks(&w);
  world_close(&w);
}

/* A failed one costs what its gas limit says, as any other. */
static void failing_when_charged_then_pays_like_any_other(void **state) {
  static struct world w;
  struct node_submit_result out;
  (void)state;
  world_open(&w);
  struct ask bad = {.to = &reverter, .gas = 1000000};
  must_send(&w, &w.crowd[0], bad);
  assert_in_two_blocks(&w);
  must_send(&w, &w.crowd[0], bad);
  assert_in_two_blocks(&w);
  must_send(&w, &w.crowd[0], bad);
  assert_in_two_blocks(&w); /* 3 x (500,000 + its bytes) of 3,000,000 */
  must_send(&w, &w.crowd[0], bad);
  assert_in_two_blocks(&w);
  assert_true(send(&w, &w.crowd[0], bad, &out) < 0);
  assert_says(&out, "wait, stake CMT or rent credits, or have a sponsor pay");
  world_close(&w);
}

static slice call_of(struct world *w, const char *signature,
                     const u64 *arg, u32 cnt) {
  u8 *p = arena_alloc(&w->arena, 4 + 32 * (size_t)cnt);
  hash32 h;
  crypto_keccak256(&h, signature, strlen(signature));
  memcpy(p, h.b, 4);
  for (u32 i = 0; i < cnt; i++) store_be64(p + 4 + 32 * i + 24, arg[i]);
  return slice_of(p, 4 + 32 * (size_t)cnt);
}

static void sponsor_when_removed_in_the_same_block_then_no_harm(void **state) {
  static struct world w;
  struct node_submit_result out;
  addr20 credits = {{[18] = 0x10, [19] = 4}};
  (void)state;
  world_open(&w);
  struct ask call = {.to = &burner, .gas = 100000, .data = word_of(&w, 0)};
  assert_true(send(&w, &w.poor, call, &out) < 0);
  assert_says(&out, "insufficient credits");
  /* target, selectors at, who, gas, per user, per day, until; no selectors */
  const u64 reg[8] = {0, 224, 0, 1000000, 0, 0, 4000000000ull, 0};
  slice policy = call_of(&w, "registerPolicy(address,bytes4[],uint8,uint32,"
                             "uint64,uint64,uint64)", reg, 8);
  memcpy((u8 *)policy.ptr + 4 + 12, burner.b, 20);
  must_send(&w, &w.staked, (struct ask){.to = &credits, .gas = 500000,
                                        .data = policy});
  assert_in_two_blocks(&w);
  for (u32 i = 0; i < 10; i++) must_send(&w, &w.poor, call);
  const u64 number = 1;
  struct ask remove = {.to = &credits, .gas = 200000,
                       .data = call_of(&w, "removePolicy(uint32)", &number, 1)};
  must_send(&w, &w.staked, remove);
  assert_in_two_blocks(&w);
  u64 in = w.included[0];
  assert_true(in >= 2 + 1);
  world_step(&w);
  world_step(&w);
  assert_true(send(&w, &w.poor, call, &out) < 0);
  assert_says(&out, "insufficient credits");
  must_send(&w, &w.staked, (struct ask){.to = &operator_addr});
  assert_in_two_blocks(&w);
  world_close(&w);
}

static void fees_when_at_their_maximum_then_nothing_is_charged(void **state) {
  static struct world w;
  (void)state;
  world_open(&w);
  for (u8 type = 0; type <= 2; type++) {
    must_send(&w, &w.crowd[0], (struct ask){.to = &operator_addr, .value = 1,
                                            .type = type, .max_fees = true});
    assert_in_two_blocks(&w);
  }
  struct state_account a;
  bool found;
  assert_int_equal(world_account(&w, &a, &found, &w.crowd[0].addr), ERR_OK);
  u256 left = u256_from(1000000000000000000ull), m = u256_from(1000);
  u256 three = u256_from(3);
  u256_mul(&left, &left, &m);
  u256_sub(&left, &left, &three);
  char has[80], want[80];
  u256_to_dec(has, &a.balance);
  u256_to_dec(want, &left);
  assert_string_equal(has, want);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(
        credits_when_all_dumped_then_others_get_in_and_prices_fall_again),
    cmocka_unit_test(crowd_when_without_stake_then_one_with_stake_passes_it),
    cmocka_unit_test(failing_when_flooding_then_others_get_in),
    cmocka_unit_test(gas_limit_when_far_above_use_then_others_get_in),
    cmocka_unit_test(creations_when_flooding_then_others_get_in),
    cmocka_unit_test(
        fees_when_at_their_maximum_and_flooding_then_others_get_in),
    cmocka_unit_test(fees_when_at_their_maximum_then_none_replaces_it),
    cmocka_unit_test(failing_when_charged_then_pays_like_any_other),
    cmocka_unit_test(sponsor_when_removed_in_the_same_block_then_no_harm),
    cmocka_unit_test(fees_when_at_their_maximum_then_nothing_is_charged),
  };
  return cmocka_run_group_tests_name("node_flood", tests, NULL, NULL);
}
