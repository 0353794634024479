/* test_chain_credit.c - credits on a chain: what transactions cost, who is
** refused, sponsors, renting, delegation, and that admission says before what
** execution does. */
#include "chain/chain_fixture.h"

#include "chain/chain_credit.h"
#include "chain/chain_module.h"
#include "codec/abi.h"

#define UNIT DPOS_CREDIT_UNIT
#define BASE 3000000ull
#define ONE_CMT "1000000000000000000"
/* User 0 has all the stake; everybody has the base allowance, at once. */
#define OWN "{\"credits\":{\"stakes\":{\"%s\":\"1000000000000000000000\"}," \
            "\"parameters\":{\"base_after_s\":0}}}"
/* Stores its call's first word in slot 0 (PUSH0 CALLDATALOAD PUSH0 SSTORE); */
#define STORE "5f355f5500"
/* and one that reverts. */
#define REVERT "5f5ffd"
/* Fills slot after slot from its call's first word on, while gas lasts. */
#define FILL "5f355b600181556001015a6175301060025700"
static const char *const codes[] = {STORE, REVERT, FILL};

static void open_credits(struct cf *f, const char *balance) {
  char own[256], addr[43];
  addr20 user0;
  u8 key[32];
  cf_key(key, 0);
  crypto_init(NULL);
  assert_int_equal(crypto_key_addr(&user0, key), ERR_OK);
  hex_addr(addr, &user0);
  snprintf(own, sizeof own, OWN, addr);
  cf_open_own(f, balance, codes, 3, own);
  assert_true(f->rules.credits);
}

static struct dpos_credit_record_account account(struct cf *f,
                                                 const addr20 *who) {
  struct state_source src = state_mem_source(f->mem);
  struct chain_credit_view view = chain_credit_view_of(&src);
  struct chain_credit *c = chain_credit_open(1);
  struct dpos_credit_record_account a;
  assert_int_equal(chain_credit_begin(c, &view, f->head.number + 1,
                                      f->head.timestamp), ERR_OK);
  assert_int_equal(chain_credit_account(c, &a, who), ERR_OK);
  chain_credit_close(c);
  return a;
}
static u64 base_of(struct cf *f, u32 user) {
  struct dpos_credit_record_account a = account(f, &f->user[user]);
  return dpos_credit_base(&a);
}
static __int128 level_of(struct cf *f, u32 user) {
  return account(f, &f->user[user]).level;
}

/* A call of the module by its signature and words. */
static struct chain_tx module_tx(struct cf *f, u32 user, const char *signature,
                                 const u256 *word, u32 word_cnt) {
  struct chain_tx tx = cf_tx(f, user, 2, &CHAIN_CREDIT_ADDR, 0);
  u8 *data = arena_alloc(&f->a, 4 + 32 * word_cnt);
  abi_selector(data, signature);
  for (u32 i = 0; i < word_cnt; i++) u256_to_be(data + 4 + 32 * i, &word[i]);
  tx.data = slice_of(data, 4 + 32 * word_cnt);
  tx.gas_limit = 700000;
  return tx;
}
static void run(struct cf *f, struct chain_tx *tx, u32 user) {
  cf_sign(f, tx, user);
  cf_block(f, tx, 1);
}
static void expect_success(struct cf *f) {
  assert_int_equal(f->block.tx_cnt, 1);
  assert_true(f->block.receipt[0].success);
}
static u256 word_of_addr(const addr20 *a) {
  u256 v;
  u256_from_addr(&v, a);
  return v;
}

static void transfer_when_paid_costs_its_gas_and_bytes(void **st) {
  (void)st;
  struct cf f;
  open_credits(&f, ONE_CMT "00");
  struct chain_tx tx = cf_tx(&f, 1, 2, &f.user[2], 7);
  tx.gas_limit = 21000;
  run(&f, &tx, 1);
  expect_success(&f);
  u64 cost = 21000 + 8 * tx.raw.len;
  assert_int_equal(base_of(&f, 1), BASE - cost);
  assert_int_equal(base_of(&f, 2), BASE);
  /* The one with stake pays by it. */
  __int128 before = level_of(&f, 0);
  tx = cf_tx(&f, 0, 2, &f.user[2], 7);
  tx.gas_limit = 100000;
  run(&f, &tx, 0);
  expect_success(&f);
  assert_int_equal(base_of(&f, 0), BASE);
  assert_true(before > 0 && level_of(&f, 0) < before);
  cf_close(&f);
}

static void transaction_when_it_fails_or_creates_pays_all_the_same(void **st) {
  (void)st;
  struct cf f;
  addr20 revert, fresh = {{0x77}};
  open_credits(&f, ONE_CMT "00");
  revert = cf_contract(1);
  struct chain_tx tx = cf_tx(&f, 1, 2, &revert, 0);
  run(&f, &tx, 1);
  assert_int_equal(f.block.tx_cnt, 1);
  assert_false(f.block.receipt[0].success);
  u64 left = BASE - 50000 - 8 * tx.raw.len; /* half of its gas limit */
  assert_int_equal(base_of(&f, 1), left);
  /* A creation: 600a8060093d393df3 and ten bytes of code that stop. */
  static const u8 init[19] = {0x60, 10, 0x80, 0x60, 9, 0x3d, 0x39, 0x3d, 0xf3};
  tx = cf_tx(&f, 1, 2, NULL, 0);
  tx.data = slice_of(init, sizeof init);
  run(&f, &tx, 1);
  expect_success(&f);
  u64 gas = f.block.receipt[0].gas_used;
  assert_true(gas > 50000);
  left -= gas + 8 * tx.raw.len + 40000 + 200 * 10;
  assert_in_range(base_of(&f, 1), left, left + 100); /* a second's refill */
  /* A new account, and a new slot. */
  left = base_of(&f, 1);
  tx = cf_tx(&f, 1, 2, &fresh, 1);
  tx.gas_limit = 21000;
  run(&f, &tx, 1);
  left -= 21000 + 8 * tx.raw.len + 40000;
  assert_in_range(base_of(&f, 1), left, left + 100);
  cf_close(&f);
}

static void admission_when_credits_are_short_says_what_helps(void **st) {
  (void)st;
  struct cf f;
  struct errmsg msg;
  struct chain_credit_quote q;
  open_credits(&f, ONE_CMT "00");
  struct state_source src = state_mem_source(f.mem);
  struct chain_credit_view view = chain_credit_view_of(&src);
  struct chain_credit *c = chain_credit_open(1);
  assert_int_equal(chain_credit_begin(c, &view, 1, 1001), ERR_OK);
  struct chain_tx tx = cf_tx(&f, 1, 2, &f.user[2], 0);
  tx.gas_limit = 1000000;
  cf_sign(&f, &tx, 1);
  u64 need = 1000000 + 8 * tx.raw.len;
  for (u32 i = 0; i < 2; i++) {
    assert_int_equal(chain_credit_admit(c, &q, &tx), ERR_OK);
    assert_int_equal(q.verdict, CHAIN_OK);
    assert_int_equal(q.reserve, need);
    assert_int_equal(q.available, BASE - i * need);
    assert_int_equal(q.base_part, need);
  }
  assert_int_equal(chain_credit_admit(c, &q, &tx), ERR_OK);
  assert_int_equal(q.verdict, CHAIN_CREDITS);
  chain_credit_say(&msg, &q);
  assert_non_null(strstr(msg.text, "insufficient credits: needs 1000"));
  assert_non_null(strstr(msg.text, "this account cannot hold as many"));
  tx.gas_limit = 16000000;
  assert_int_equal(chain_credit_admit(c, &q, &tx), ERR_OK);
  chain_credit_say(&msg, &q);
  assert_non_null(strstr(msg.text, "sponsor"));
  /* What is given back can be had again. */
  tx.gas_limit = 1000000;
  q.verdict = CHAIN_OK;
  q.reserve = need, q.base_part = need, q.payer = f.user[1], q.policy = 0;
  chain_credit_release(c, &q, &tx);
  assert_int_equal(chain_credit_admit(c, &q, &tx), ERR_OK);
  assert_int_equal(q.verdict, CHAIN_OK);
  /* A refresh keeps what waits. */
  assert_int_equal(chain_credit_refresh(c, &view, 2, 1001, NULL), ERR_OK);
  assert_int_equal(chain_credit_admit(c, &q, &tx), ERR_OK);
  assert_int_equal(q.verdict, CHAIN_CREDITS);
  chain_credit_close(c);
  cf_close(&f);
}

/* A view that counts how often one record is asked for. */
struct watched_view {
  struct chain_credit_view under;
  u256 slot;
  u32 asked;
};
static err watched_slot(void *ctx, u256 *out, const u256 *slot) {
  struct watched_view *w = ctx;
  w->asked += u256_eq(slot, &w->slot);
  return w->under.slot(w->under.ctx, out, slot);
}
static err watched_account(void *ctx, u256 *balance, bool *has_code,
                           const addr20 *addr) {
  const struct watched_view *w = ctx;
  return w->under.account(w->under.ctx, balance, has_code, addr);
}

static void record_of_who_waits_when_no_block_wrote_it_is_not_read_again(
    void **st) {
  (void)st;
  struct cf f;
  struct chain_credit_quote q;
  open_credits(&f, ONE_CMT);
  struct state_source src = state_mem_source(f.mem);
  struct watched_view w = {chain_credit_view_of(&src), U256_ZERO, 0};
  struct chain_credit_view view = {&w, watched_slot, watched_account};
  struct chain_credit *c = chain_credit_open(1);
  struct chain_tx tx = {.gas_limit = 21000, .sender = f.user[1],
                        .to = f.user[2], .has_to = true};
  u256 key = module_key_addr(&f.user[1]);
  module_slot_of(&w.slot, dpos_credit_table_account.type, &key);
  struct state_diff_slot slot = {.slot = w.slot};
  struct state_diff_account acct = {.addr = CHAIN_CREDIT_ADDR, .slot = &slot};
  struct state_diff diff = {.account = &acct, .account_cnt = 1};
  assert_int_equal(chain_credit_begin(c, &view, 1, 1000), ERR_OK);
  assert_int_equal(chain_credit_admit(c, &q, &tx), ERR_OK);
  assert_int_equal(q.verdict, CHAIN_OK);
  assert_int_equal(w.asked, 1);
  for (u32 i = 0; i < 3; i++) { /* blocks that do not write it, then one does */
    acct.slot_cnt = i == 2;
    assert_int_equal(chain_credit_refresh(c, &view, 2 + i, 1001 + i, &diff),
                     ERR_OK);
    assert_int_equal(chain_credit_admit(c, &q, &tx), ERR_OK);
    assert_int_equal(w.asked, i == 2 ? 2 : 1);
  }
  assert_int_equal(chain_credit_refresh(c, &view, 5, 1005, NULL), ERR_OK);
  assert_int_equal(chain_credit_admit(c, &q, &tx), ERR_OK);
  assert_int_equal(w.asked, 3);
  chain_credit_close(c);
  cf_close(&f);
}

static void transaction_when_its_sender_has_spent_all_is_left_out_free(
    void **st) {
  (void)st;
  struct cf f;
  addr20 store;
  open_credits(&f, ONE_CMT "00");
  store = cf_contract(0);
  struct chain_tx tx[4];
  for (u32 i = 0; i < 4; i++) {
    tx[i] = cf_tx(&f, 1, 2, &store, 0);
    tx[i].gas_limit = 900000;
    cf_sign(&f, &tx[i], 1);
  }
  cf_block(&f, tx, 4);
  assert_int_equal(f.block.tx_cnt, 3);
  assert_int_equal(f.block.skipped[3], CHAIN_CREDITS);
  assert_int_equal(base_of(&f, 1) / 1000,
                   (BASE - 3 * (450000 + 8 * tx[0].raw.len)) / 1000);
  cf_block(&f, &tx[3], 1); /* half of each came back */
  assert_int_equal(f.block.tx_cnt, 1);
  cf_close(&f);
}

static void decided_when_it_cannot_run_costs_the_intrinsic_gas(void **st) {
  (void)st;
  struct cf f;
  open_credits(&f, ONE_CMT);
  struct chain_tx tx = cf_tx(&f, 1, 2, &f.user[2], 0);
  u256 ten = u256_from(10);
  u256 value = cf_balance(&f, &f.user[1]);
  u256_mul(&tx.value, &value, &ten);
  run(&f, &tx, 1);
  assert_int_equal(f.block.tx_cnt, 0);
  assert_int_equal(f.block.skipped[0], CHAIN_FUNDS_GAS);
  assert_int_equal(base_of(&f, 1), BASE - 21000 - 8 * tx.raw.len);
  cf_close(&f);
}

static bool go_on(void *ctx, u32 done, u64 gas_used) {
  (void)ctx, (void)done, (void)gas_used;
  return true;
}
/* A block of these on the head, not kept: by its proposer, or decided. */
static void make(struct cf *f, struct chain_block_result *out,
                 const struct chain_tx *tx, u32 cnt, bool proposes) {
  struct chain_header draft;
  struct chain_hashes hashes = {f, cf_hash_of};
  struct state_source src = state_mem_source(f->mem);
  struct chain_proposal p = {.version = 1, .height = f->head.number + 1};
  p.time_ms = chain_header_time_ms(&f->head) + 700;
  p.parent_hash = f->hash[f->head.number];
  chain_proposal_draft(&draft, &p, &f->head, 30000000);
  assert_int_equal(chain_exec_block(f->x, out, &f->rules, &draft, tx, cnt,
                                    &hashes, &src, NULL,
                                    proposes ? go_on : NULL, NULL, &f->a),
                   ERR_OK);
}

/* New state costs what only running tells, so a reservation can be lost in the
** block.  The proposer leaves such a transaction out and it is free; in a
** decided list it costs the intrinsic gas; either way all make one block. */
static void reservation_when_lost_in_the_block_costs_where_decided(void **st) {
  (void)st;
  struct cf f;
  addr20 fill;
  struct chain_tx tx[3];
  struct chain_block_result mine, theirs, all;
  open_credits(&f, ONE_CMT "00");
  fill = cf_contract(2);
  for (u32 i = 0; i < 3; i++) {
    u8 *word = arena_alloc(&f.a, 32);
    word[30] = (u8)(i + 1);
    tx[i] = cf_tx(&f, 1, 2, &fill, 0);
    tx[i].gas_limit = 600000;
    tx[i].data = slice_of(word, 32);
    cf_sign(&f, &tx[i], 1);
  }
  make(&f, &mine, tx, 3, true);
  assert_int_equal(mine.tx_cnt, 2);
  assert_int_equal(mine.skipped[2], CHAIN_CREDITS);
  make(&f, &theirs, tx, 2, false);
  assert_true(hash32_eq(&mine.hash, &theirs.hash));
  make(&f, &all, tx, 3, false);
  assert_int_equal(all.tx_cnt, 2);
  assert_false(hash32_eq(&all.hash, &mine.hash));
  cf_block(&f, tx, 2);
  __int128 debt = level_of(&f, 1);
  assert_true(debt < 0);
  cf_close(&f);
}

/*---------------------------------------------------------------- sponsors */

/* user 0 pays for calls of contract 0; the policy's number is 1. */
static void sponsor(struct cf *f, u8 who, u64 per_user_day) {
  addr20 store = cf_contract(0);
  u256 w[8] = {word_of_addr(&store), u256_from(7 * 32), u256_from(who),
               u256_from(200000), u256_from(per_user_day), U256_ZERO,
               U256_ZERO, U256_ZERO};
  struct chain_tx tx = module_tx(
      f, 0, "registerPolicy(address,bytes4[],uint8,uint32,uint64,uint64,uint64)",
      w, 8);
  run(f, &tx, 0);
  expect_success(f);
  assert_int_equal(f->block.receipt[0].log_cnt, 1);
}
static struct chain_tx sponsored(struct cf *f, u32 user) {
  addr20 store = cf_contract(0);
  struct chain_tx tx = cf_tx(f, user, 2, &store, 0);
  cf_sign(f, &tx, user);
  return tx;
}

static void sponsored_call_when_its_sender_has_nothing_is_paid(void **st) {
  (void)st;
  struct cf f;
  open_credits(&f, "1000"); /* far below base_min: no allowance */
  struct chain_tx tx = sponsored(&f, 3);
  cf_block(&f, &tx, 1);
  assert_int_equal(f.block.skipped[0], CHAIN_CREDITS);
  sponsor(&f, DPOS_CREDIT_ANYONE, 0);
  struct dpos_credit_record_account a = account(&f, &f.user[0]);
  __int128 cap = (__int128)2 * 27000000 * 86400 * UNIT, before = a.level;
  cf_block(&f, &tx, 1);
  expect_success(&f);
  before += cap / UNIT * (f.head.timestamp - a.time);
  if (before > cap) before = cap;
  assert_true(level_of(&f, 0) ==
              before - (__int128)(50000 + 8 * tx.raw.len) * UNIT);
  assert_true(level_of(&f, 3) == 0);
  /* Another target, a plain account, and a creation are not the policy's. */
  struct chain_tx other[3] = {cf_tx(&f, 3, 2, &f.user[2], 0), {0}, {0}};
  addr20 precompile = {{[19] = 4}};
  f.nonce[3]--;
  other[1] = cf_tx(&f, 3, 2, &precompile, 0);
  f.nonce[3]--;
  other[2] = cf_tx(&f, 3, 2, NULL, 0);
  f.nonce[3]--;
  for (u32 i = 0; i < 3; i++) {
    cf_sign(&f, &other[i], 3);
    cf_block(&f, &other[i], 1);
    assert_int_equal(f.block.skipped[0], CHAIN_CREDITS);
  }
  cf_close(&f);
}

static void sponsor_when_removed_in_the_same_block_still_pays_in_it(
    void **st) {
  (void)st;
  struct cf f;
  u256 one = u256_from(1);
  open_credits(&f, "1000");
  sponsor(&f, DPOS_CREDIT_ANYONE, 0);
  struct chain_tx tx[2] = {module_tx(&f, 0, "removePolicy(uint32)", &one, 1),
                           sponsored(&f, 3)};
  cf_sign(&f, &tx[0], 0);
  cf_block(&f, tx, 2);
  assert_int_equal(f.block.tx_cnt, 2);
  assert_true(level_of(&f, 3) == 0);
  struct chain_tx next = sponsored(&f, 3);
  cf_block(&f, &next, 1);
  assert_int_equal(f.block.skipped[0], CHAIN_CREDITS);
  cf_close(&f);
}

static void sponsor_when_a_user_has_his_share_pays_no_more(void **st) {
  (void)st;
  struct cf f;
  open_credits(&f, "1000");
  sponsor(&f, DPOS_CREDIT_ANYONE, 110000);
  struct chain_tx tx = sponsored(&f, 3);
  cf_block(&f, &tx, 1);
  expect_success(&f);
  tx = sponsored(&f, 3);
  cf_block(&f, &tx, 1);
  assert_int_equal(f.block.skipped[0], CHAIN_CREDITS);
  f.nonce[3]--;
  tx = sponsored(&f, 4);
  cf_block(&f, &tx, 1);
  expect_success(&f);
  cf_close(&f);
}

static void sponsor_when_it_lists_users_pays_for_them_alone(void **st) {
  (void)st;
  struct cf f;
  open_credits(&f, "1000");
  sponsor(&f, DPOS_CREDIT_LISTED, 0);
  u256 w[5] = {u256_from(1), u256_from(96), u256_from(1), u256_from(1),
               word_of_addr(&f.user[4])};
  struct chain_tx tx = module_tx(&f, 0, "setUsers(uint32,address[],bool)", w, 5);
  run(&f, &tx, 0);
  expect_success(&f);
  tx = sponsored(&f, 3);
  cf_block(&f, &tx, 1);
  assert_int_equal(f.block.skipped[0], CHAIN_CREDITS);
  tx = sponsored(&f, 4);
  cf_block(&f, &tx, 1);
  expect_success(&f);
  cf_close(&f);
}

/*---------------------------------------------------- renting, delegation */

static void rent_when_the_buyer_has_no_credits_is_admitted_on_them(void **st) {
  (void)st;
  struct cf f;
  open_credits(&f, "900000000000000000"); /* 0.9 CMT: no allowance */
  struct chain_tx tx = cf_tx(&f, 3, 2, &f.user[2], 0);
  cf_sign(&f, &tx, 3);
  cf_block(&f, &tx, 1);
  assert_int_equal(f.block.skipped[0], CHAIN_CREDITS);
  f.nonce[3]--;
  u256 n = u256_from(2000000);
  tx = module_tx(&f, 3, "rentCredits(uint64)", &n, 1);
  tx.value = u256_from(300000000000000000ull);
  u256 before = cf_balance(&f, &f.user[3]), after, paid, held;
  run(&f, &tx, 3);
  expect_success(&f);
  hash32 rented;
  const char *event = "CreditsRented(address,uint64,uint256)";
  crypto_keccak256(&rented, (const u8 *)event, strlen(event));
  assert_true(hash32_eq(&f.block.receipt[0].log[0].topic[0], &rented));
  after = cf_balance(&f, &f.user[3]);
  held = cf_balance(&f, &CHAIN_CREDIT_ADDR);
  u256_sub(&paid, &before, &after);
  assert_true(u256_eq(&paid, &held));
  /* 10^11 wei each and a little, as some are sold now; the rest came back. */
  assert_in_range(paid.w[0], 200000000000000000ull, 200010000000000000ull);
  assert_true(level_of(&f, 3) > 1000000 * (__int128)UNIT);
  /* Without the price, and with a price that the balance has not. */
  tx = module_tx(&f, 4, "rentCredits(uint64)", &n, 1);
  run(&f, &tx, 4);
  assert_int_equal(f.block.skipped[0], CHAIN_CREDITS);
  f.nonce[4]--;
  tx = module_tx(&f, 4, "rentCredits(uint64)", &n, 1);
  tx.value = u256_from(900000000000000001ull);
  run(&f, &tx, 4);
  assert_int_equal(f.block.tx_cnt, 0);
  cf_close(&f);
}

static void delegation_when_made_and_revoked_moves_the_capacity(void **st) {
  (void)st;
  struct cf f;
  open_credits(&f, ONE_CMT "00");
  u256 w[2] = {word_of_addr(&f.user[1]), u256_from(400000000000ull)};
  u256 gwei = u256_from(1000000000);
  u256_mul(&w[1], &w[1], &gwei); /* 400 CMT of 1,000 */
  struct chain_tx tx = module_tx(&f, 0, "delegateCredits(address,uint256)", w, 2);
  run(&f, &tx, 0);
  expect_success(&f);
  assert_int_equal(account(&f, &f.user[1]).weight, 400000000000ull);
  assert_int_equal(account(&f, &f.user[0]).weight, 600000000000ull);
  tx = module_tx(&f, 0, "revokeCredits(address,uint256)", w, 2);
  run(&f, &tx, 0);
  expect_success(&f);
  u256 back[2] = {word_of_addr(&f.user[0]), w[0]};
  tx = module_tx(&f, 2, "finishRevoke(address,address)", back, 2);
  run(&f, &tx, 2);
  assert_false(f.block.receipt[0].success); /* TooEarly */
  assert_int_equal(account(&f, &f.user[1]).weight, 400000000000ull);
  f.head.timestamp += 86400;
  tx = module_tx(&f, 2, "finishRevoke(address,address)", back, 2);
  run(&f, &tx, 2);
  expect_success(&f);
  assert_int_equal(account(&f, &f.user[0]).weight, 1000000000000ull);
  assert_int_equal(account(&f, &f.user[1]).weight, 0);
  cf_close(&f);
}

/*------------------------------------------------------------ base allowance */

static void allowance_when_balances_cross_its_bound_comes_and_goes(void **st) {
  (void)st;
  struct cf f;
  u256 most = u256_from(900000000000000000ull);
  open_credits(&f, "900000000000000000"); /* 0.9 CMT each */
  assert_int_equal(base_of(&f, 1), 0);
  struct chain_tx tx = cf_tx(&f, 0, 2, &f.user[1], 0);
  tx.value = most;
  /* Funded in this block, he cannot spend in it. */
  struct chain_tx two[2] = {tx, cf_tx(&f, 1, 2, &f.user[2], 0)};
  cf_sign(&f, &two[0], 0);
  cf_sign(&f, &two[1], 1);
  cf_block(&f, two, 2);
  assert_int_equal(f.block.tx_cnt, 1);
  assert_int_equal(f.block.skipped[1], CHAIN_CREDITS);
  f.nonce[1]--;
  assert_int_equal(base_of(&f, 1), BASE);
  /* Giving it away takes the allowance away; the balance was enough before
  ** the block, so this transaction is still paid by it. */
  tx = cf_tx(&f, 1, 2, &f.user[0], 0);
  tx.value = most;
  run(&f, &tx, 1);
  expect_success(&f);
  assert_int_equal(base_of(&f, 1), 0);
  u64 left = account(&f, &f.user[1]).base / UNIT;
  assert_true(left < BASE && left > BASE - 60000);
  /* And getting it back gives what was left, not a new one. */
  tx = cf_tx(&f, 0, 2, &f.user[1], 0);
  tx.value = most;
  run(&f, &tx, 0);
  assert_in_range(base_of(&f, 1), left, left + 100);
  cf_close(&f);
}

/*--------------------------------------------------------- blocks at random */

static u64 draw(u64 *rng, u64 n) {
  *rng = *rng * 6364136223846793005ull + 1442695040888963407ull;
  return (*rng >> 33) % n;
}

/* What the whole list is told before, on the parent's state and without running
** anything, is what becomes of each. */
static void admission_when_blocks_are_random_is_what_execution_does(
    void **st) {
  (void)st;
  struct cf f;
  u64 rng = 99;
  open_credits(&f, ONE_CMT "00");
  sponsor(&f, DPOS_CREDIT_ANYONE, 300000);
  struct chain_credit *c = chain_credit_open(7);
  u32 refused = 0, paid_by_sponsor = 0;
  for (u32 b = 0; b < 40; b++) {
    struct chain_tx tx[12];
    struct chain_credit_quote q[12];
    u32 who[12];
    for (u32 i = 0; i < 12; i++) {
      addr20 to = draw(&rng, 2) ? cf_contract((u32)draw(&rng, 2))
                                : f.user[draw(&rng, CF_USERS)];
      u32 user = who[i] = (u32)draw(&rng, CF_USERS);
      tx[i] = cf_tx(&f, user, 2, draw(&rng, 9) ? &to : NULL, draw(&rng, 5));
      tx[i].gas_limit = 60000 + draw(&rng, 900000);
      cf_sign(&f, &tx[i], user);
    }
    struct state_source src = state_mem_source(f.mem);
    struct chain_credit_view view = chain_credit_view_of(&src);
    u64 time_s = (chain_header_time_ms(&f.head) + 700) / 1000;
    assert_int_equal(chain_credit_begin(c, &view, f.head.number + 1, time_s),
                     ERR_OK);
    for (u32 i = 0; i < 12; i++)
      assert_int_equal(chain_credit_admit(c, &q[i], &tx[i]), ERR_OK);
    __int128 before[CF_USERS];
    for (u32 i = 0; i < CF_USERS; i++) {
      struct dpos_credit_record_account a = account(&f, &f.user[i]);
      before[i] = a.level + a.base;
    }
    cf_block(&f, tx, 12);
    for (u32 i = 0; i < 12; i++) {
      if (q[i].verdict != CHAIN_OK) {
        refused++;
        assert_int_equal(f.block.skipped[i], CHAIN_CREDITS);
      }
      paid_by_sponsor += q[i].policy != 0;
    }
    /* Nobody who paid for nothing has less than before. */
    for (u32 u = 1; u < CF_USERS; u++) {
      bool paid = false;
      for (u32 i = 0; i < 12; i++)
        paid |= q[i].verdict == CHAIN_OK &&
                addr20_eq(&q[i].payer, &f.user[u]);
      struct dpos_credit_record_account a = account(&f, &f.user[u]);
      if (!paid) assert_true(a.level + a.base >= before[u]);
    }
    for (u32 i = 0; i < CF_USERS; i++) {
      struct state_account acc;
      bool found;
      assert_int_equal(src.account(src.ctx, &acc, &found, &f.user[i],
                                   &(hash32){{0}}), ERR_OK);
    }
    for (u32 i = 0; i < 12; i++) f.nonce[who[i]] = 0;
    for (u32 i = 0; i < 12; i++)
      if (f.block.skipped[i] == CHAIN_OK) f.nonce[who[i]] = tx[i].nonce + 1;
    for (u32 u = 0; u < CF_USERS; u++) {
      hash32 h;
      struct state_account acc;
      bool found;
      crypto_keccak256(&h, f.user[u].b, 20);
      assert_int_equal(src.account(src.ctx, &acc, &found, &f.user[u], &h),
                       ERR_OK);
      f.nonce[u] = found ? acc.nonce : 0;
    }
  }
  assert_true(refused > 5 && paid_by_sponsor > 5);
  chain_credit_close(c);
  cf_close(&f);
}

static void prices_when_blocks_pass_are_fixed_by_the_parent(void **st) {
  (void)st;
  struct cf f;
  open_credits(&f, ONE_CMT "00");
  addr20 store = cf_contract(0);
  struct chain_tx tx[2];
  for (u32 i = 0; i < 2; i++) {
    tx[i] = cf_tx(&f, 0, 2, &store, 0);
    tx[i].gas_limit = 16000000;
    cf_sign(&f, &tx[i], 0);
  }
  __int128 before = level_of(&f, 0);
  cf_block(&f, tx, 1);
  __int128 first = before - level_of(&f, 0);
  before = level_of(&f, 0);
  cf_block(&f, tx + 1, 1);
  assert_int_equal(f.block.tx_cnt, 1);
  /* One of 30,000,000 gas is next to nothing: the price stays at 1. */
  assert_true(first / UNIT / 1000 == 8000 || first / UNIT / 1000 == 7999);
  cf_close(&f);
}

static void genesis_when_credits_are_off_is_as_without_the_word(void **st) {
  (void)st;
  struct cf a, b;
  cf_open_own(&a, ONE_CMT, codes, 2, "{}");
  cf_open_own(&b, ONE_CMT, codes, 2, "{\"credits\":false}");
  assert_true(hash32_eq(&a.hash[0], &b.hash[0]));
  assert_false(a.rules.credits || a.rules.modules & 1);
  struct chain_tx tx = cf_tx(&a, 1, 2, &CHAIN_CREDIT_ADDR, 0);
  run(&a, &tx, 1);
  assert_false(a.block.receipt[0].success); /* the byte 0xfe */
  assert_int_equal(a.block.receipt[0].gas_used, tx.gas_limit);
  cf_close(&a);
  cf_close(&b);
}

static void genesis_when_written_and_read_again_has_the_same_hash(void **st) {
  (void)st;
  struct cf f;
  struct buf text;
  struct chain_genesis again;
  struct state_diff diff;
  struct state_root root;
  struct chain_header header;
  struct errmsg msg;
  hash32 hash;
  open_credits(&f, ONE_CMT);
  f.g.validator = arena_new(&f.a, struct chain_genesis_validator);
  f.g.validator_cnt = 1;
  f.g.validator->operator_addr = f.user[0];
  f.g.validator->power = 1;
  assert_int_equal(chain_genesis_build(&diff, &root, &header, &f.hash[0],
                                       &f.g, NULL, &f.a), ERR_OK);
  buf_init(&text, 0);
  chain_genesis_write(&text, &f.g);
  if (chain_genesis_parse(&again, buf_slice(&text), &f.a, &msg) < 0)
    fail_msg("%s", msg.text);
  assert_int_equal(chain_genesis_build(&diff, &root, &header, &hash, &again,
                                       NULL, &f.a), ERR_OK);
  assert_true(hash32_eq(&hash, &f.hash[0]));
  buf_fini(&text);
  cf_close(&f);
}

static void genesis_when_credits_are_wrong_says_where(void **st) {
  (void)st;
  static const struct { const char *own, *want; } rows[] = {
    {"{\"credits\":5}", "cybermiles.credits: must be true, false or an object"},
    {"{\"credits\":{\"stake\":1}}", "stake"},
    {"{\"credits\":{\"stakes\":{\"0x12\":\"1\"}}}", "stakes.0x12"},
    {"{\"credits\":{\"stakes\":{\"0x00000000000000000000000000000000000000aa\":"
     "\"5\"}}}", "whole gwei"},
    {"{\"credits\":{\"parameters\":{\"basket\":1}}}", "not known"},
    {"{\"credits\":{\"parameters\":{\"base_day\":99999999}}}", "base_day"},
    {"{\"credits\":{\"parameters\":{\"block_ms\":300}}}", "follows from"},
  };
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    struct arena a;
    struct chain_genesis g;
    struct errmsg msg;
    char text[512];
    arena_init(&a, 1 << 16, 0);
    snprintf(text, sizeof text, "{\"config\":{\"chainId\":5},\"alloc\":{},"
             "\"cybermiles\":%s}", rows[i].own);
    assert_true(chain_genesis_parse(&g, slice_str(text), &a, &msg) < 0);
    if (!strstr(msg.text, rows[i].want)) fail_msg("%s", msg.text);
    arena_fini(&a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(transfer_when_paid_costs_its_gas_and_bytes),
    cmocka_unit_test(transaction_when_it_fails_or_creates_pays_all_the_same),
    cmocka_unit_test(admission_when_credits_are_short_says_what_helps),
    cmocka_unit_test(
        record_of_who_waits_when_no_block_wrote_it_is_not_read_again),
    cmocka_unit_test(
        transaction_when_its_sender_has_spent_all_is_left_out_free),
    cmocka_unit_test(decided_when_it_cannot_run_costs_the_intrinsic_gas),
    cmocka_unit_test(reservation_when_lost_in_the_block_costs_where_decided),
    cmocka_unit_test(sponsored_call_when_its_sender_has_nothing_is_paid),
    cmocka_unit_test(sponsor_when_removed_in_the_same_block_still_pays_in_it),
    cmocka_unit_test(sponsor_when_a_user_has_his_share_pays_no_more),
    cmocka_unit_test(sponsor_when_it_lists_users_pays_for_them_alone),
    cmocka_unit_test(rent_when_the_buyer_has_no_credits_is_admitted_on_them),
    cmocka_unit_test(delegation_when_made_and_revoked_moves_the_capacity),
    cmocka_unit_test(allowance_when_balances_cross_its_bound_comes_and_goes),
    cmocka_unit_test(admission_when_blocks_are_random_is_what_execution_does),
    cmocka_unit_test(prices_when_blocks_pass_are_fixed_by_the_parent),
    cmocka_unit_test(genesis_when_credits_are_off_is_as_without_the_word),
    cmocka_unit_test(genesis_when_written_and_read_again_has_the_same_hash),
    cmocka_unit_test(genesis_when_credits_are_wrong_says_where),
  };
  return cmocka_run_group_tests_name("chain_credit", tests, NULL, NULL);
}
