/* test_chain_ahead.c - blocks executed on lanes are those executed alone:
** random blocks of transfers, tokens, counters everyone wants, creations,
** self-destruction, delegation, failures and wrong nonces, 100,000
** transactions, on real threads; and by a clock so odd that what is worth a
** lane changes all the time. */
#include <stdatomic.h>

#include "chain/chain_ahead.h"
#include "chain_fixture.h"
#include "node/node_workers.h"

enum {
  AHEAD_USERS = 60, AHEAD_PLAIN = 400, AHEAD_TXS = 250, AHEAD_BLOCKS = 400,
  AHEAD_LANES = 4, AHEAD_KNOWN = 7
};

static const char *const ahead_code[] = {
  /* counts its caller's calls, with a log */
  "3354600101335533600052600760206000a100",
  /* counts all calls in one slot */
  "60005460010160005500",
  /* a token: moves word 1 of the caller's to address word 0 */
  "60203533541060" "1e" "57" "6020353354033355" "6000355460203501600035" "5500"
  "5b60006000fd",
  /* hands the value on to word 0, keeps the balances it then sees */
  "6000600060006000346000355af150" "600035316005" "5547600655" "00",
  /* makes a contract that dies at once */
  "6133ff6000526002601e34f060005500",
  /* makes a contract that stays */
  "6460016000f36000526005601b34f060005500",
  /* transient storage, then reverts */
  "600160005d60005c335560006000fd",
  /* makes one at an address known before, that dies at once */
  "6133ff600052600060026000601e0134f500",
  /* hands the value on and looks at nothing, but pays for a new account */
  "6000600060006000346000355af100",
  /* the hash of the block before, the coinbase's balance, the caller's code */
  "6001430340600055413160015533" "3f60025500",
};
#define AHEAD_CODES (sizeof ahead_code / sizeof *ahead_code)

struct ahead_world {
  struct state_mem *mem;
  struct chain_exec *alone, *lanes;
  struct node_workers *workers;
  struct chain_rules rules;
  struct chain_header head;
  hash32 hash[AHEAD_BLOCKS + 1];
  addr20 user[AHEAD_USERS];
  u64 nonce[AHEAD_USERS];
  u64 rnd;
};

static u64 ahead_random(struct ahead_world *w, u64 below) {
  w->rnd = w->rnd * 6364136223846793005u + 1442695040888963407u;
  return (w->rnd >> 33) % below;
}

/* Users with a balance each, the contracts, and with credits a stake for every
** other user: some of the rest soon have too few. */
static void ahead_genesis(struct ahead_world *w, struct buf *b, bool credits) {
  buf_printf(b, "{\"config\":{\"chainId\":%u},\"timestamp\":1000,"
             "\"gasLimit\":30000000,\"alloc\":{", CF_ID);
  for (u32 i = 0; i < AHEAD_USERS; i++) {
    w->user[i] = (addr20){{0xaa, [18] = (u8)(i >> 8), [19] = (u8)i}};
    buf_put_str(b, i ? ",\"" : "\"");
    buf_put_hex(b, addr20_slice(&w->user[i]));
    buf_printf(b, "\":{\"balance\":\"%s\"}",
               i % 7 ? "1000000000000000000" : "3000");
  }
  for (u32 i = 0; i < AHEAD_CODES; i++) {
    addr20 at = cf_contract(i);
    buf_put_str(b, ",\"");
    buf_put_hex(b, addr20_slice(&at));
    buf_printf(b, "\":{\"nonce\":\"1\",\"code\":\"0x%s\"", ahead_code[i]);
    for (u32 k = 0; i == 2 && k < AHEAD_USERS; k++) {
      buf_put_str(b, k ? ",\"0x" : ",\"storage\":{\"0x");
      buf_printf(b, "%024xaa%038x\":\"0x%064x\"", 0, k, 5000);
    }
    buf_put_str(b, i == 2 ? "}}" : "}");
  }
  buf_put_str(b, "},\"cybermiles\":{");
  if (credits) {
    buf_put_str(b, "\"credits\":{\"parameters\":{\"base_after_s\":0},"
                "\"stakes\":{");
    for (u32 i = 0; i < AHEAD_USERS; i += 2) {
      buf_put_str(b, i ? ",\"" : "\"");
      buf_put_hex(b, addr20_slice(&w->user[i]));
      buf_put_str(b, "\":\"1000000000000000000000\"");
    }
    buf_put_str(b, "}}");
  }
  buf_put_str(b, "}}");
}

static void ahead_open(struct ahead_world *w, u64 seed, bool credits,
                       u64 (*clock)(void)) {
  struct chain_genesis g;
  struct state_diff diff;
  struct state_root root;
  struct errmsg msg;
  struct arena a;
  struct buf b;
  memset(w, 0, sizeof *w);
  arena_init(&a, 1 << 16, 0);
  buf_init(&b, 0);
  w->rnd = seed;
  w->mem = state_mem_open();
  w->alone = chain_exec_open(seed);
  w->lanes = chain_exec_open(seed + 1);
  w->workers = node_workers_open(AHEAD_LANES - 1);
  chain_exec_set_lanes(w->lanes, AHEAD_LANES, clock);
  ahead_genesis(w, &b, credits);
  if (chain_genesis_parse(&g, buf_slice(&b), &a, &msg) < 0)
    fail_msg("%s", msg.text);
  assert_int_equal(chain_genesis_build(&diff, &root, &w->head, &w->hash[0],
                                       &g, NULL, &a), ERR_OK);
  state_mem_apply(w->mem, &diff);
  state_mem_apply_nodes(w->mem, &root);
  chain_rules_at(&w->rules, &g, 1, 1001);
  assert_true(w->rules.credits == credits);
  buf_fini(&b);
  arena_fini(&a);
}

/* Where the one known before is made (EIP-1014). */
static addr20 ahead_known(void) {
  static const u8 init[2] = {0x33, 0xff};
  u8 text[85] = {0xff};
  addr20 by = cf_contract(AHEAD_KNOWN), at;
  hash32 hash;
  memcpy(text + 1, by.b, 20);
  crypto_keccak256(&hash, init, sizeof init);
  memcpy(text + 53, hash.b, 32);
  crypto_keccak256(&hash, text, sizeof text);
  memcpy(at.b, hash.b + 12, 20);
  return at;
}

static void ahead_close(struct ahead_world *w) {
  chain_exec_close(w->alone);
  chain_exec_close(w->lanes);
  node_workers_close(w->workers);
  state_mem_close(w->mem);
}

/* Someone: a user, a plain address, a contract, a precompile, nobody yet. */
static addr20 ahead_someone(struct ahead_world *w) {
  addr20 a = {{0}};
  switch (ahead_random(w, 10)) {
    case 0: a.b[19] = (u8)(1 + ahead_random(w, 9)); return a;
    case 1: return cf_contract((u32)ahead_random(w, AHEAD_CODES));
    case 2: case 3: return w->user[ahead_random(w, AHEAD_USERS)];
    case 4: return ahead_random(w, 4) ? w->user[ahead_random(w, 3)]
                                      : ahead_known();
    case 5: case 6: /* new in this block, but met by several */
      a.b[0] = 0xcc;
      store_be64(a.b + 8, w->head.number);
      a.b[19] = (u8)ahead_random(w, 20);
      return a;
    default:
      a.b[0] = 0xbb;
      a.b[19] = (u8)ahead_random(w, 256);
      a.b[18] = (u8)ahead_random(w, 4);
      return a;
  }
}

static void ahead_tx(struct ahead_world *w, struct chain_tx *tx, u32 hot,
                     struct arena *a) {
  u32 user = (u32)ahead_random(w, hot ? AHEAD_USERS / 2 : AHEAD_USERS);
  struct buf raw;
  u8 *data = arena_alloc(a, 64);
  *tx = (struct chain_tx){.type = 2, .protected = true, .chain_id = CF_ID,
                          .gas_limit = 120000, .has_to = true,
                          .has_sender = true, .sender = w->user[user]};
  tx->nonce = w->nonce[user];
  tx->to = ahead_someone(w);
  memcpy(data + 12, ahead_someone(w).b, 20);
  data[63] = (u8)ahead_random(w, 200);
  data[62] = (u8)(ahead_random(w, 8) == 0 ? 0x20 : 0);
  if (ahead_random(w, 10) < 6)
    tx->to = cf_contract(hot ? (u32)ahead_random(w, 4)
                             : (u32)ahead_random(w, AHEAD_CODES));
  if (tx->to.b[17] == 0xc0) tx->data = slice_of(data, 64);
  if (ahead_random(w, 3)) tx->value = u256_from(ahead_random(w, 5000));
  if (ahead_random(w, 40) == 0) tx->nonce += ahead_random(w, 3) - 1;
  if (ahead_random(w, 60) == 0) tx->gas_limit = 21000 + ahead_random(w, 3000);
  if (ahead_random(w, 80) == 0) tx->gas_limit = 16000000;
  if (ahead_random(w, 50) == 0) {
    struct chain_auth *auth = arena_alloc(a, sizeof *auth);
    u32 who = (u32)ahead_random(w, AHEAD_USERS);
    *auth = (struct chain_auth){.has_authority = true,
                                .authority = w->user[who],
                                .nonce = w->nonce[who] + (who == user)};
    if (ahead_random(w, 3)) auth->addr = cf_contract((u32)ahead_random(w, 4));
    tx->type = 4;
    tx->auth = auth;
    tx->auth_cnt = 1;
    if (tx->nonce == w->nonce[user]) w->nonce[who]++;
  }
  if (tx->nonce == w->nonce[user]) w->nonce[user]++;
  buf_init(&raw, 0);
  chain_tx_encode(&raw, tx);
  tx->raw = arena_copy_slice(a, buf_slice(&raw));
  buf_fini(&raw);
}

static void ahead_hash_of(void *ctx, hash32 *out, u64 number) {
  const struct ahead_world *w = ctx;
  *out = w->hash[number];
}

static void ahead_make(struct ahead_world *w, struct chain_exec *x,
                       struct chain_block_result *out,
                       const struct chain_tx *tx, struct arena *a) {
  struct chain_hashes hashes = {w, ahead_hash_of};
  struct state_source src = state_mem_source(w->mem);
  struct chain_header draft = w->head;
  draft.number++;
  draft.timestamp++;
  draft.coinbase = w->user[1];
  assert_int_equal(chain_exec_block(x, out, &w->rules, &draft, tx, AHEAD_TXS,
                                    &hashes, &src,
                                    node_workers_par(w->workers), NULL, NULL,
                                    a), ERR_OK);
}

static void ahead_block(struct ahead_world *w, struct arena *a) {
  struct chain_block_result one, two;
  struct chain_tx *tx = arena_array(a, struct chain_tx, AHEAD_TXS);
  u32 hot = ahead_random(w, 4) == 0;
  struct state_source src = state_mem_source(w->mem);
  for (u32 i = 0; i < AHEAD_USERS; i++) { /* what was left out */
    struct state_account acc;
    bool found;
    hash32 key;
    crypto_keccak256(&key, w->user[i].b, 20);
    assert_int_equal(src.account(src.ctx, &acc, &found, &w->user[i], &key),
                     ERR_OK);
    w->nonce[i] = found ? acc.nonce : 0;
  }
  for (u32 i = 0; i < AHEAD_TXS; i++) ahead_tx(w, &tx[i], hot, a);
  ahead_make(w, w->alone, &one, tx, a);
  ahead_make(w, w->lanes, &two, tx, a);
  assert_int_equal(one.tx_cnt, two.tx_cnt);
  assert_memory_equal(one.skipped, two.skipped,
                      AHEAD_TXS * sizeof *one.skipped);
  assert_true(hash32_eq(&one.header.receipts_root,
                        &two.header.receipts_root));
  assert_true(hash32_eq(&one.header.state_root, &two.header.state_root));
  assert_true(hash32_eq(&one.hash, &two.hash));
  state_mem_apply(w->mem, &two.diff);
  state_mem_apply_nodes(w->mem, &two.root);
  w->head = two.header;
  w->hash[w->head.number] = two.hash;
}

static void ahead_blocks(struct chain_ahead_stat *out, u32 blocks, u64 seed,
                         bool credits, u64 (*clock)(void)) {
  struct ahead_world w;
  struct chain_ahead_stat st;
  struct arena a;
  arena_init(&a, 1 << 20, 0);
  ahead_open(&w, seed, credits, clock);
  u64 gas = 0;
  for (u32 i = 0; i < blocks; i++) {
    ahead_block(&w, &a);
    gas += w.head.gas_used;
    arena_clear(&a);
  }
  chain_ahead_stat(chain_exec_ahead(w.lanes), &st);
  print_message("taken %llu, in vain %llu, alone %llu, %llu windows\n",
                (unsigned long long)st.taken, (unsigned long long)st.again,
                (unsigned long long)st.alone, (unsigned long long)st.windows);
  assert_true(st.gas_taken + st.gas_again + st.gas_alone == gas);
  ahead_close(&w);
  arena_fini(&a);
  *out = st;
}

static void blocks_on_lanes_then_as_alone(void **state) {
  struct chain_ahead_stat st;
  (void)state;
  ahead_blocks(&st, AHEAD_BLOCKS * 3 / 4, 7, false, NULL);
  assert_true(st.taken > 20000 && st.again > 2000);
}

/* Between two looks go by at most 4 us; now and then 262, or 20 ms. */
static u64 ahead_odd_clock(void) {
  static _Atomic u64 looks, now;
  u64 n = atomic_fetch_add(&looks, 1) * 0x9e3779b97f4a7c15u;
  u64 step = n >> 60 < 6 ? n >> 32 & 0x3ffff : n >> 32 & 0xfff;
  if (n >> 58 == 63) step = 20000000;
  return atomic_fetch_add(&now, step) + step;
}
static void blocks_by_an_odd_clock_then_as_alone(void **state) {
  struct chain_ahead_stat st;
  (void)state;
  ahead_blocks(&st, AHEAD_BLOCKS / 16, 12, true, ahead_odd_clock);
  assert_true(st.taken > 100 && st.again > 100 && st.alone > 100);
  ahead_blocks(&st, AHEAD_BLOCKS / 4, 11, false, ahead_odd_clock);
  assert_true(st.taken > 1000 && st.again > 200 && st.alone > 1000);
  assert_true(st.lost > 3 && st.lost < st.windows);
}

static void blocks_with_credits_on_lanes_then_as_alone(void **state) {
  struct chain_ahead_stat st;
  (void)state;
  ahead_blocks(&st, AHEAD_BLOCKS / 4, 8, true, NULL);
  assert_true(st.taken > 2000 && st.again > 500);
}

/* Payments to one account and steps of one sender all hold. */
static void payments_when_to_one_account_then_none_in_vain(void **state) {
  (void)state;
  struct ahead_world w;
  struct chain_ahead_stat st;
  struct chain_block_result one, two;
  struct chain_tx tx[AHEAD_TXS] = {{0}};
  struct arena a;
  arena_init(&a, 1 << 20, 0);
  ahead_open(&w, 9, false, NULL);
  for (u32 i = 0; i < AHEAD_TXS; i++) {
    u32 user = i % 20;
    tx[i] = (struct chain_tx){.type = 2, .protected = true,
                              .chain_id = CF_ID, .gas_limit = 21000,
                              .has_to = true, .to = w.user[55],
                              .has_sender = true, .sender = w.user[user],
                              .nonce = i / 20, .value = u256_from(3)};
    struct buf raw;
    buf_init(&raw, 0);
    chain_tx_encode(&raw, &tx[i]);
    tx[i].raw = arena_copy_slice(&a, buf_slice(&raw));
    buf_fini(&raw);
  }
  ahead_make(&w, w.alone, &one, tx, &a);
  ahead_make(&w, w.lanes, &two, tx, &a);
  assert_int_equal(two.tx_cnt, AHEAD_TXS);
  assert_true(hash32_eq(&one.hash, &two.hash));
  chain_ahead_stat(chain_exec_ahead(w.lanes), &st);
  assert_int_equal(st.taken, AHEAD_TXS);
  assert_int_equal(st.again, 0);
  ahead_close(&w);
  arena_fini(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(blocks_on_lanes_then_as_alone),
    cmocka_unit_test(blocks_by_an_odd_clock_then_as_alone),
    cmocka_unit_test(blocks_with_credits_on_lanes_then_as_alone),
    cmocka_unit_test(payments_when_to_one_account_then_none_in_vain)};
  return cmocka_run_group_tests_name("chain_ahead", tests, NULL, NULL);
}
