/* test_node_app.c - the state machine behind its verbs: a proposal made on one
** node and executed on another gives the same block; what is unsound is voted
** down; a transaction that cannot be executed is left out by both. */
#include "chain/chain_genesis.h"
#include "chain/chain_proposal.h"
#include "chain/chain_tx.h"
#include "crypto/secp256k1.h"
#include "crypto/vrf.h"
#include "node/node_app.h"
#include "node/node_state.h"
#include "store/store.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define CHAIN_ID 777
static const u8 consensus_key[32] = {[31] = 77};
static const addr20 operator_addr = {{[19] = 7}};

/* One node's exec half: store, state, pool, app. */
struct half {
  char path[64];
  struct arena arena;
  struct chain_genesis genesis;
  hash32 genesis_hash;
  struct store *store;
  struct node_state *state;
  struct node_pool *pool;
  struct node_app *app;
};

static err half_account(void *ctx, struct state_account *out, bool *found,
                        const addr20 *addr) {
  return node_state_account(((struct half *)ctx)->state, out, found, addr);
}

static void key_of(u8 key[32], u8 who) {
  memset(key, 0, 32);
  key[31] = (u8)(who + 1);
}

static void half_write(struct half *h, struct store_block *b) {
  assert_int_equal(store_append(h->store, &b, 1), ERR_OK);
  node_state_durable(h->state, b->height);
  node_pool_durable(h->pool, b->height);
  store_block_free(b);
}

static void half_open_with(struct half *h, bool credits) {
  addr20 who[4];
  u8 key[32], pub[64], consensus_pub[33];
  u256 balance = u256_from(1000000);
  struct errmsg msg = {""};
  memset(h, 0, sizeof *h);
  crypto_init(NULL);
  strcpy(h->path, "node_app_XXXXXX");
  int fd = mkstemp(h->path);
  assert_true(fd >= 0);
  close(fd);
  unlink(h->path);
  arena_init(&h->arena, 1 << 16, 0);
  for (u8 i = 0; i < 4; i++) {
    key_of(key, i);
    assert_int_equal(crypto_key_addr(&who[i], key), ERR_OK);
  }
  assert_int_equal(crypto_pubkey(pub, consensus_key), ERR_OK);
  assert_int_equal(crypto_pub_compress(consensus_pub, pub), ERR_OK);
  chain_genesis_default(&h->genesis, CHAIN_ID, &operator_addr, consensus_pub,
                        1700000000, who, 4, &balance, &h->arena);
  /* All stake is the first one's; nobody's balance gives an allowance. */
  if (credits) chain_genesis_set_credits(&h->genesis, &who[0], 5, &h->arena);
  if (store_open(&h->store, h->path, STORE_CREATE, &msg) < 0) {
    fail_msg("%s", msg.text);
  }
  struct node_state_config sc = {.store = h->store, .reader_cnt = 1};
  assert_int_equal(node_state_open(&h->state, &sc, &msg), ERR_OK);
  struct node_pool_config pc = {
    .tx_max = 100, .bytes_max = 1 << 20, .seed = 1,
    .block_gas_limit = 500000000, .ctx = h, .account = half_account,
  };
  chain_rules_at(&pc.rules, &h->genesis, 1, 1700000000);
  h->pool = node_pool_open(&pc);
  struct node_app_config ac = {
    .genesis = &h->genesis, .genesis_hash = &h->genesis_hash,
    .state = h->state, .pool = h->pool, .hash_seed = 3,
  };
  h->app = app_open(&ac);
  struct node_app_info info;
  struct store_block *b;
  assert_int_equal(app_init_chain(&h->genesis, &h->genesis_hash, &info.header,
                                  h->state, &b, NULL), ERR_OK);
  half_write(h, b);
  info.hash = h->genesis_hash;
  app_set_info(h->app, &info, &info.hash, 1);
}

static void half_open(struct half *h) { half_open_with(h, false); }

static void half_close(struct half *h) {
  struct errmsg msg;
  app_close(h->app);
  node_pool_close(h->pool);
  assert_int_equal(node_state_close(h->state, false, &msg), ERR_OK);
  assert_int_equal(store_close(h->store, &msg), ERR_OK);
  unlink(h->path);
  arena_fini(&h->arena);
}

static slice make_tx(struct half *h, u8 who, u64 nonce, u64 value) {
  struct chain_tx tx;
  u8 key[32];
  key_of(key, who);
  memset(&tx, 0, sizeof tx);
  tx.type = 2;
  tx.protected = true;
  tx.chain_id = CHAIN_ID;
  tx.nonce = nonce;
  tx.gas_limit = 21000;
  tx.has_to = true;
  tx.to.b[0] = 0xee;
  tx.value = u256_from(value);
  assert_int_equal(chain_tx_sign(&tx, key, &h->arena), ERR_OK);
  return tx.raw;
}

static void pool_tx(struct half *h, slice raw) {
  struct node_submit_result out;
  err e;
  struct pool_tx *t;
  node_pool_prepare(h->pool, &t, &out, &e, &raw, 1);
  if (!t || node_pool_add(h->pool, &out, t) < 0) fail_msg("%s", out.msg.text);
}

static void prepare(struct half *h, struct chain_proposal *p, hash32 *id,
                    u64 time_ms) {
  static u8 beacon[CRYPTO_VRF_PROOF_LEN];
  static struct chain_commit_vote vote;
  const struct node_app_info *at = app_info(h->app);
  vote = (struct chain_commit_vote){operator_addr, CHAIN_FLAG_COMMIT};
  assert_int_equal(crypto_vrf_prove(beacon, consensus_key,
                                    hash32_slice(&at->header.mix_hash)),
                   ERR_OK);
  struct node_app_request rq = {
    .time_ms = time_ms,
    .parent_commit = {.vote = &vote, .vote_cnt = at->header.number > 0},
    .beacon = slice_of(beacon, sizeof beacon),
    .proposer = operator_addr,
    .deadline_ms = UINT64_MAX,
  };
  chain_validators_hash(&rq.validators_hash, h->genesis.validator,
                        h->genesis.validator_cnt);
  assert_int_equal(app_prepare_proposal(h->app, p, id, &rq), ERR_OK);
}

/* What b holds after deciding bytes, or its refusal. */
static err decide(struct half *h, slice bytes, hash32 *block,
                  struct errmsg *msg) {
  struct arena a;
  struct chain_proposal p;
  hash32 id;
  const struct chain_block_result *result;
  struct store_block *b;
  arena_init(&a, 1 << 16, 0);
  err e = chain_proposal_decode(&p, bytes, &a, msg);
  if (e == ERR_OK) e = app_process_proposal(h->app, &p, &id, msg);
  if (e == ERR_OK) {
    assert_int_equal(app_finalize_block(h->app, &p, &id, &result), ERR_OK);
    *block = result->hash;
    assert_int_equal(app_commit(h->app, &b, slice_of("c", 1)), ERR_OK);
    half_write(h, b);
  }
  arena_fini(&a);
  return e;
}

static void proposal_when_executed_elsewhere_then_same_block(void **s) {
  (void)s;
  struct half a, b;
  half_open(&a);
  half_open(&b);
  assert_true(hash32_eq(&a.genesis_hash, &b.genesis_hash));
  for (u64 height = 1; height <= 5; height++) {
    struct chain_proposal p;
    hash32 id, block;
    const struct chain_block_result *mine;
    struct store_block *sb;
    struct buf bytes;
    struct errmsg msg = {""};
    for (u8 who = 0; who < 4; who++) {
      pool_tx(&a, make_tx(&a, who, height - 1, who * 100 + height));
    }
    prepare(&a, &p, &id, 1700000000000 + height * 700);
    assert_int_equal(p.tx_cnt, 4);
    buf_init(&bytes, 0);
    chain_proposal_encode(&bytes, &p);
    if (decide(&b, buf_slice(&bytes), &block, &msg) < 0) {
      fail_msg("height %d: %s", (int)height, msg.text);
    }
    assert_int_equal(app_finalize_block(a.app, &p, &id, &mine), ERR_OK);
    assert_true(hash32_eq(&mine->hash, &block));
    assert_int_equal(mine->header.gas_used, 4 * 21000);
    assert_int_equal(app_commit(a.app, &sb, slice_of("c", 1)), ERR_OK);
    half_write(&a, sb);
    assert_int_equal(chain_header_time_ms(&app_info(b.app)->header),
                     1700000000000 + height * 700);
    buf_fini(&bytes);
  }
  half_close(&a);
  half_close(&b);
}

static void proposal_when_not_finalized_from_cache_then_executed_again(
    void **s) {
  (void)s;
  struct half a;
  struct chain_proposal p, kept;
  struct buf bytes;
  struct arena arena;
  hash32 id, other;
  const struct chain_block_result *result;
  half_open(&a);
  arena_init(&arena, 1 << 16, 0);
  buf_init(&bytes, 0);
  pool_tx(&a, make_tx(&a, 0, 0, 1));
  prepare(&a, &p, &id, 1700000001000);
  chain_proposal_encode(&bytes, &p);
  assert_int_equal(chain_proposal_decode(&kept, buf_slice(&bytes), &arena,
                                         NULL), ERR_OK);
  assert_int_equal(app_finalize_block(a.app, &p, &id, &result), ERR_OK);
  hash32 block = result->hash;
  prepare(&a, &p, &other, 1700000002000);
  assert_false(hash32_eq(&id, &other));
  assert_int_equal(app_finalize_block(a.app, &kept, &id, &result), ERR_OK);
  assert_true(hash32_eq(&block, &result->hash));
  buf_fini(&bytes);
  arena_fini(&arena);
  half_close(&a);
}

static void proposal_when_unsound_then_voted_down(void **s) {
  (void)s;
  struct half a, b;
  struct chain_proposal good, p;
  hash32 id, block;
  static const u8 junk[] = {0x02, 0xc0};
  slice junk_tx = slice_of(junk, sizeof junk);
  u8 beacon[CRYPTO_VRF_PROOF_LEN];
  struct chain_commit_vote vote = {operator_addr, CHAIN_FLAG_COMMIT};
  half_open(&a);
  half_open(&b);
  pool_tx(&a, make_tx(&a, 0, 0, 1));
  prepare(&a, &good, &id, 1700000001000);
  for (int fault = 0; fault < 10; fault++) {
    struct buf bytes;
    struct errmsg msg = {""};
    p = good;
    switch (fault) {
      case 0: p.version = 9; break;
      case 1: p.genesis_hash.b[0] ^= 1; break;
      case 2: p.height = 2; break;
      case 3: p.parent_hash.b[5] ^= 1; break;
      case 4: p.time_ms = 1700000000000; break;
      case 5:
        memcpy(beacon, p.beacon.ptr, sizeof beacon);
        beacon[40] ^= 1;
        p.beacon = slice_of(beacon, sizeof beacon);
        break;
      case 6: p.proposer.b[0] ^= 1; break;
      case 7: p.validators_hash.b[0] ^= 1; break;
      case 8: p.tx = &junk_tx; p.tx_cnt = 1; break;
      default: p.parent_commit.vote = &vote; p.parent_commit.vote_cnt = 1;
    }
    buf_init(&bytes, 0);
    chain_proposal_encode(&bytes, &p);
    err e = decide(&b, buf_slice(&bytes), &block, &msg);
    if (e == ERR_OK) fail_msg("fault %d was not seen", fault);
    assert_true(msg.text[0] != 0);
    buf_fini(&bytes);
  }
  assert_int_equal(app_info(b.app)->header.number, 0);
  half_close(&a);
  half_close(&b);
}

static void transaction_when_not_executable_then_left_out_by_all(void **s) {
  (void)s;
  struct half a, b;
  struct chain_proposal p;
  hash32 id, block, again;
  struct buf bytes;
  struct errmsg msg = {""};
  half_open(&a);
  half_open(&b);
  prepare(&a, &p, &id, 1700000001000);
  slice list[3] = {make_tx(&a, 0, 0, 5), make_tx(&a, 1, 3, 5),
                   make_tx(&a, 2, 0, 2000000)};
  p.tx = list;
  p.tx_cnt = 3;
  buf_init(&bytes, 0);
  chain_proposal_encode(&bytes, &p);
  assert_int_equal(decide(&b, buf_slice(&bytes), &block, &msg), ERR_OK);
  assert_int_equal(decide(&a, buf_slice(&bytes), &again, &msg), ERR_OK);
  assert_true(hash32_eq(&block, &again));
  assert_int_equal(app_info(b.app)->header.gas_used, 21000);
  buf_fini(&bytes);
  half_close(&a);
  half_close(&b);
}

/* What a proposer leaves out for want of credits stays in its pool; who lists
** it is voted down, before anything runs. */
static void proposal_when_a_payer_has_no_credits_then_voted_down(void **s) {
  (void)s;
  struct half a, b;
  struct chain_proposal p, bad;
  hash32 id, block;
  const struct chain_block_result *mine;
  struct store_block *sb;
  struct buf bytes;
  struct errmsg msg = {""};
  half_open_with(&a, true);
  half_open_with(&b, true);
  slice paid = make_tx(&a, 0, 0, 5), unpaid = make_tx(&a, 1, 0, 5);
  pool_tx(&a, unpaid);
  pool_tx(&a, paid);
  prepare(&a, &p, &id, 1700000001000);
  assert_int_equal(p.tx_cnt, 1);
  assert_true(slice_eq(p.tx[0], paid));
  slice list[2] = {paid, unpaid};
  bad = p;
  bad.tx = list;
  bad.tx_cnt = 2;
  buf_init(&bytes, 0);
  chain_proposal_encode(&bytes, &bad);
  assert_int_equal(decide(&b, buf_slice(&bytes), &block, &msg),
                   ERR_INVALID_BLOCK);
  assert_string_equal(msg.text,
                      "transaction 1 of the proposal has too few credits");
  buf_clear(&bytes);
  chain_proposal_encode(&bytes, &p);
  if (decide(&b, buf_slice(&bytes), &block, &msg) < 0) fail_msg("%s", msg.text);
  assert_int_equal(app_finalize_block(a.app, &p, &id, &mine), ERR_OK);
  assert_true(hash32_eq(&mine->hash, &block));
  assert_int_equal(app_commit(a.app, &sb, slice_of("c", 1)), ERR_OK);
  half_write(&a, sb);
  assert_true(node_pool_has_ready(a.pool)); /* the one left out waits on */
  buf_fini(&bytes);
  half_close(&a);
  half_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(proposal_when_executed_elsewhere_then_same_block),
    cmocka_unit_test(
        proposal_when_not_finalized_from_cache_then_executed_again),
    cmocka_unit_test(proposal_when_unsound_then_voted_down),
    cmocka_unit_test(transaction_when_not_executable_then_left_out_by_all),
    cmocka_unit_test(proposal_when_a_payer_has_no_credits_then_voted_down),
  };
  return cmocka_run_group_tests_name("node_app", tests, NULL, NULL);
}
