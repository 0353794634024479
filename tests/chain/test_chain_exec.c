/* test_chain_exec.c - transactions and blocks of an own chain: no fees, what is
** left out and why, system calls, delegations, conservation. */
#include "chain/chain_fixture.h"

#include "chain/chain_import.h"

/* Code of the contracts, 0xc0de00 on. */
static const char *const te_code[] = {
  /* slot 0 = GASPRICE, 1 = BASEFEE, 2 = BLOCKHASH(NUMBER - 1), 3 = 1 */
  "3a600055" "48600155" "6001430340600255" "600160035500",
  /* log 32 bytes with one topic, then revert when called with data */
  "3660105760aa60005260bb60206000a1005b600080fd",
  /* returns the balance of the caller */
  "333160005260206000f3",
  /* burns all gas */
  "fe",
};
enum { TE_READS, TE_LOGS, TE_BALANCE, TE_BURNS };

static void block_when_fee_fields_are_given_then_nothing_is_charged(void **s) {
  struct cf f;
  addr20 to = cf_contract(TE_READS);
  (void)s;
  cf_open(&f, 1000, te_code, ARRAY_LEN(te_code));
  struct chain_tx tx[3] = {cf_tx(&f, 0, 0, &f.user[1], 1000),
                           cf_tx(&f, 2, 1, &f.user[1], 1),
                           cf_tx(&f, 3, 2, &to, 0)};
  tx[2].max_priority_fee = u256_from(7); /* above max fee is accepted too */
  tx[2].gas_price = u256_from(5);
  for (u32 i = 0; i < 3; i++) cf_sign(&f, &tx[i], i == 0 ? 0 : i + 1);
  cf_block(&f, tx, 3);
  assert_int_equal(f.block.tx_cnt, 3);
  assert_int_equal(cf_balance(&f, &f.user[0]).w[0], 0);
  assert_int_equal(cf_balance(&f, &f.user[1]).w[0], 2001);
  assert_int_equal(cf_balance(&f, &f.user[3]).w[0], 1000);
  assert_int_equal(cf_balance(&f, &f.head.coinbase).w[0], 0);
  assert_int_equal(cf_slot(&f, &to, 0).w[0], 0);
  assert_int_equal(cf_slot(&f, &to, 1).w[0], 0);
  assert_int_equal(cf_slot(&f, &to, 3).w[0], 1);
  u256 parent = cf_slot(&f, &to, 2);
  hash32 word = u256_hash32(&parent);
  assert_memory_equal(word.b, f.hash[0].b, 32);
  cf_close(&f);
}

static void block_when_made_then_header_is_complete(void **s) {
  struct cf f;
  (void)s;
  cf_open(&f, 1000, NULL, 0);
  struct chain_tx tx = cf_tx(&f, 0, 2, &f.user[1], 5);
  cf_sign(&f, &tx, 0);
  cf_block(&f, &tx, 1);
  const struct chain_header *h = &f.head;
  hash32 parent = f.hash[0];
  assert_int_equal(h->number, 1);
  assert_int_equal(h->gas_used, 21000);
  assert_int_equal(h->opt_cnt, 6);
  assert_int_equal(chain_header_time_ms(h), 1000700);
  assert_memory_equal(h->parent_hash.b, parent.b, 32);
  assert_true(u256_is_zero(&h->base_fee) && u256_is_zero(&h->difficulty));
  slice none = vec_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca4959"
                       "91b7852b855"); /* sha256 of nothing */
  vec_assert_eq(hash32_slice(&h->requests_hash), none, "requests hash");
  vec_free(none);
  /* EIP-2935 ran: the history contract holds the parent's hash. */
  u256 kept = cf_slot(&f, &CHAIN_HISTORY_ADDR, 0);
  hash32 word = u256_hash32(&kept);
  assert_memory_equal(word.b, parent.b, 32);
  hash32 again;
  chain_header_hash(&again, h);
  assert_memory_equal(again.b, f.block.hash.b, 32);
  assert_true(f.block.receipt[0].success);
  assert_int_equal(f.block.receipt[0].cumulative_gas, 21000);
  cf_close(&f);
}

static void block_when_some_cannot_run_then_left_out_with_reason(void **s) {
  struct cf f;
  (void)s;
  cf_open(&f, 1000, te_code, ARRAY_LEN(te_code));
  struct chain_tx tx[12];
  enum chain_verdict want[12];
  u32 n = 0;
#define ADD(verdict, who, type, val, change) \
  do { \
    tx[n] = cf_tx(&f, who, type, &f.user[5], val); \
    change; \
    cf_sign(&f, &tx[n], who); \
    want[n++] = verdict; \
  } while (0)
  ADD(CHAIN_OK, 0, 0, 1, (void)0);
  ADD(CHAIN_NONCE_LOW, 0, 0, 1, (tx[n].nonce = 0, f.nonce[0] = 1));
  ADD(CHAIN_NONCE_HIGH, 0, 0, 1, (tx[n].nonce = 7, f.nonce[0] = 1));
  ADD(CHAIN_FUNDS_GAS, 1, 2, 1001, f.nonce[1] = 0);
  ADD(CHAIN_CHAIN_ID, 1, 2, 1, (tx[n].chain_id = 1, f.nonce[1] = 0));
  ADD(CHAIN_INTRINSIC_GAS, 1, 2, 1, (tx[n].gas_limit = 20999, f.nonce[1] = 0));
  ADD(CHAIN_TX_GAS_CAP, 1, 2, 1, (tx[n].gas_limit = 16777217, f.nonce[1] = 0));
  ADD(CHAIN_EXCEEDS_BLOCK_GAS, 1, 2, 1,
      (tx[n].gas_limit = 30000001, f.nonce[1] = 0));
  ADD(CHAIN_BLOB_POOL, 1, 3, 1, f.nonce[1] = 0);
  ADD(CHAIN_AUTH_EMPTY, 1, 4, 1, f.nonce[1] = 0);
  ADD(CHAIN_OK, 0, 1, 1, (void)0);
  ADD(CHAIN_OK, 1, 0, 1000, tx[n].protected = false);
#undef ADD
  cf_block(&f, tx, n);
  for (u32 i = 0; i < n; i++)
    if (f.block.skipped[i] != want[i])
      fail_msg("%u: %s, not %s", i, chain_verdict_text(f.block.skipped[i]),
               chain_verdict_text(want[i]));
  assert_int_equal(f.block.tx_cnt, 3);
  assert_ptr_equal(f.block.tx[1], &tx[10]);
  assert_int_equal(cf_balance(&f, &f.user[5]).w[0], 2002);
  cf_close(&f);
}

static void block_when_full_then_the_rest_stays_in_the_pool(void **s) {
  struct cf f;
  addr20 to = cf_contract(TE_BURNS);
  struct chain_tx tx[4];
  (void)s;
  cf_open(&f, 1000, te_code, ARRAY_LEN(te_code));
  for (u32 i = 0; i < 4; i++) {
    tx[i] = cf_tx(&f, i, 2, &to, 0);
    tx[i].gas_limit = i == 3 ? 22000 : 16000000;
    cf_sign(&f, &tx[i], i);
  }
  cf_block(&f, tx, 4);
  assert_int_equal(f.block.skipped[0], CHAIN_OK);
  assert_int_equal(f.block.skipped[1], CHAIN_GAS_LIMIT_REACHED);
  assert_int_equal(f.block.skipped[2], CHAIN_GAS_LIMIT_REACHED);
  assert_int_equal(f.block.skipped[3], CHAIN_OK);
  assert_false(f.block.receipt[0].success);
  assert_int_equal(f.head.gas_used, 16022000);
  /* The nonces of those left out have not moved. */
  tx[0] = tx[1];
  cf_block(&f, tx, 1);
  assert_int_equal(f.block.skipped[0], CHAIN_OK);
  cf_close(&f);
}

struct te_stop { u32 after; };
static bool te_keep_going(void *ctx, u32 done, u64 gas_used) {
  const struct te_stop *t = ctx;
  assert_int_equal(gas_used, (u64)done * 21000);
  return done < t->after;
}

static void block_when_the_clock_ends_it_then_the_rest_waits(void **s) {
  struct cf f;
  struct chain_tx tx[4];
  struct te_stop stop = {2};
  struct chain_header draft;
  struct chain_block_result out;
  (void)s;
  cf_open(&f, 1000, NULL, 0);
  for (u32 i = 0; i < 4; i++) {
    tx[i] = cf_tx(&f, 0, 2, &f.user[1], 1);
    cf_sign(&f, &tx[i], 0);
  }
  struct state_source src = state_mem_source(f.mem);
  struct chain_proposal p = {.version = 1, .height = 1, .time_ms = 2000000};
  chain_proposal_draft(&draft, &p, &f.head, 30000000);
  assert_int_equal(chain_exec_block(f.x, &out, &f.rules, &draft, tx, 4, NULL,
                                    &src, NULL, te_keep_going, &stop, &f.a),
                   ERR_OK);
  assert_int_equal(out.tx_cnt, 2);
  assert_int_equal(out.skipped[1], CHAIN_OK);
  assert_int_equal(out.skipped[2], CHAIN_GAS_LIMIT_REACHED);
  assert_int_equal(out.skipped[3], CHAIN_GAS_LIMIT_REACHED);
  /* Executing just those two gives the same block. */
  struct chain_block_result again;
  assert_int_equal(chain_exec_block(f.x, &again, &f.rules, &draft, tx, 2, NULL,
                                    &src, NULL, NULL, NULL, &f.a), ERR_OK);
  assert_memory_equal(again.hash.b, out.hash.b, 32);
  cf_close(&f);
}

static void block_when_logs_are_made_then_bloom_and_receipt_hold_them(
    void **s) {
  struct cf f;
  addr20 to = cf_contract(TE_LOGS);
  (void)s;
  cf_open(&f, 1000, te_code, ARRAY_LEN(te_code));
  struct chain_tx tx[2] = {cf_tx(&f, 0, 2, &to, 0), cf_tx(&f, 1, 2, &to, 0)};
  tx[1].data = slice_of("x", 1);
  cf_sign(&f, &tx[0], 0);
  cf_sign(&f, &tx[1], 1);
  cf_block(&f, tx, 2);
  const struct chain_receipt *r = f.block.receipt;
  assert_true(r[0].success);
  assert_int_equal(r[0].log_cnt, 1);
  assert_int_equal(r[0].log[0].topic[0].b[31], 0xbb);
  assert_int_equal(r[0].log[0].data.ptr[31], 0xaa);
  assert_false(r[1].success);
  assert_int_equal(r[1].log_cnt, 0);
  assert_int_equal(r[1].cumulative_gas, r[0].gas_used + r[1].gas_used);
  assert_true(chain_bloom_may(&f.head.bloom, addr20_slice(&to)));
  assert_true(chain_bloom_may(&f.head.bloom,
                              hash32_slice(&r[0].log[0].topic[0])));
  assert_false(chain_bloom_may(&f.head.bloom, addr20_slice(&f.user[0])));
  cf_close(&f);
}

static void block_when_an_account_delegates_then_its_calls_run_there(
    void **s) {
  struct cf f;
  (void)s;
  cf_open(&f, 1000, te_code, ARRAY_LEN(te_code));
  u8 key[32];
  struct chain_auth auth[3];
  memset(auth, 0, sizeof auth);
  cf_key(key, 4);
  for (u32 i = 0; i < 3; i++) {
    hash32 digest;
    auth[i].chain_id = u256_from(i == 1 ? 5 : 0); /* the second: elsewhere */
    auth[i].addr = cf_contract(i == 2 ? TE_BALANCE : TE_READS);
    auth[i].nonce = i == 2 ? 1 : 0;
    u8 text[64];
    size_t len = 0;
    text[len++] = 5;
    text[len++] = (u8)(0xc0 + 23);
    text[len++] = i == 1 ? 5 : 0x80;
    text[len++] = 0x94;
    memcpy(text + len, auth[i].addr.b, 20);
    len += 20;
    text[len++] = auth[i].nonce ? (u8)auth[i].nonce : 0x80;
    crypto_keccak256(&digest, text, len);
    assert_int_equal(crypto_sign(&auth[i].sig, key, &digest), ERR_OK);
    auth[i].y_parity = u256_from(auth[i].sig.v);
    chain_auth_recover(&auth[i]);
    assert_true(auth[i].has_authority);
    assert_memory_equal(auth[i].authority.b, f.user[4].b, 20);
  }
  struct chain_tx tx = cf_tx(&f, 0, 4, &f.user[4], 0);
  tx.gas_limit = 300000;
  tx.auth = auth;
  tx.auth_cnt = 2; /* the third is for later */
  cf_sign(&f, &tx, 0);
  cf_block(&f, &tx, 1);
  assert_int_equal(f.block.tx_cnt, 1);
  assert_int_equal(cf_slot(&f, &f.user[4], 3).w[0], 1);
  /* The delegated account may still send (EIP-3607 excepts it). */
  f.nonce[4] = 1;
  tx = cf_tx(&f, 4, 0, &f.user[0], 10);
  cf_sign(&f, &tx, 4);
  cf_block(&f, &tx, 1);
  assert_int_equal(f.block.skipped[0], CHAIN_OK);
  assert_int_equal(cf_balance(&f, &f.user[4]).w[0], 990);
  cf_close(&f);
}

static void call_when_simulated_then_balance_covers_value_only(void **s) {
  struct cf f;
  struct chain_outcome out;
  addr20 to = cf_contract(TE_BALANCE);
  (void)s;
  cf_open(&f, 1000, te_code, ARRAY_LEN(te_code));
  struct state_source src = state_mem_source(f.mem);
  struct chain_rules rules = f.rules;
  struct chain_tx tx = {.type = 2, .nonce = 99, .gas_limit = 50000000,
                        .has_to = true, .to = to, .sender = f.user[3],
                        .has_sender = true};
  rules.history_call = false;
  chain_exec_begin(f.x, &rules, &f.head, NULL, &src);
  chain_exec_call(f.x, &out, &tx);
  assert_int_equal(out.verdict, CHAIN_OK);
  assert_int_equal(out.status, EVM_SUCCESS);
  assert_int_equal(out.output.len, 32);
  assert_int_equal(load_be64(out.output.ptr + 24), 1000);
  tx.value = u256_from(1001);
  chain_exec_call(f.x, &out, &tx);
  assert_int_equal(out.verdict, CHAIN_FUNDS_GAS);
  tx.value = U256_ZERO;
  tx.gas_limit = 20000;
  chain_exec_call(f.x, &out, &tx);
  assert_int_equal(out.verdict, CHAIN_INTRINSIC_GAS);
  assert_int_equal(chain_exec_gas_used(f.x), 0);
  cf_close(&f);
}

static u64 te_random(u64 *seed) {
  *seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
  return *seed >> 33;
}

/* All balances of users, contracts and the proposer. */
static u256 te_supply(struct cf *f) {
  u256 sum = cf_balance(f, &f->head.coinbase);
  for (u32 i = 0; i < CF_USERS; i++) {
    u256 b = cf_balance(f, &f->user[i]);
    u256_add(&sum, &sum, &b);
  }
  for (u32 i = 0; i < ARRAY_LEN(te_code); i++) {
    addr20 a = cf_contract(i);
    u256 b = cf_balance(f, &a);
    u256_add(&sum, &sum, &b);
  }
  return sum;
}

/* Random transfers and calls, some failing, under rules: what is missing in
** the end is what the base fee burnt, to the wei. */
static void te_conserve(bool fees) {
  struct cf f;
  u64 seed = 7;
  u256 burnt = U256_ZERO;
  cf_open(&f, 1ull << 62, te_code, ARRAY_LEN(te_code));
  f.rules.fees = fees;
  u256 before = te_supply(&f);
  for (u32 n = 0; n < 12; n++) {
    struct chain_tx tx[20];
    for (u32 i = 0; i < 20; i++) {
      u32 from = (u32)(te_random(&seed) % CF_USERS);
      addr20 to = te_random(&seed) % 3
                      ? f.user[te_random(&seed) % CF_USERS]
                      : cf_contract((u32)(te_random(&seed) % 4));
      tx[i] = cf_tx(&f, from, (u8)(te_random(&seed) % 3), &to,
                    te_random(&seed));
      tx[i].gas_price = tx[i].max_priority_fee = u256_from(1000000000);
      tx[i].gas_limit = 21000 + te_random(&seed) % 100000;
      cf_sign(&f, &tx[i], from);
    }
    cf_block(&f, tx, 20);
    for (u32 i = 0; i < 20; i++)
      if (f.block.skipped[i] != CHAIN_OK)
        fail_msg("%s", chain_verdict_text(f.block.skipped[i]));
    u256 gas = u256_from(f.head.gas_used);
    u256_mul(&gas, &gas, &f.head.base_fee);
    u256_add(&burnt, &burnt, &gas);
  }
  u256 after = te_supply(&f);
  u256_add(&after, &after, &burnt);
  assert_true(u256_eq(&before, &after));
  cf_close(&f);
}

static void supply_when_no_fees_then_conserved(void **s) {
  (void)s;
  te_conserve(false);
}
static void supply_when_fees_go_to_the_proposer_then_conserved(void **s) {
  (void)s;
  te_conserve(true);
}

static void blob_fee_when_excess_grows_then_as_the_eip_says(void **s) {
  /* Excess for each price, Cancun's fraction: 3338477 * ln(price). */
  static const struct { u64 excess, fraction, fee; } at[] = {
    {0, 3338477, 1}, {2314057, 3338477, 1}, {2314058, 3338477, 2},
    {10 * 131072, 3338477, 1}, {148099578, 3338477, 18446739238971471609ull},
    {0, 0, 1}};
  (void)s;
  for (u32 i = 0; i < ARRAY_LEN(at); i++) {
    u256 fee;
    chain_blob_base_fee(&fee, at[i].excess, at[i].fraction);
    assert_int_equal(fee.w[0], at[i].fee);
    assert_true(u256_fits64(&fee));
  }
  u256 fee;
  chain_blob_base_fee(&fee, UINT64_MAX, 3338477);
  assert_int_equal(fee.w[3], ~0ull);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(block_when_fee_fields_are_given_then_nothing_is_charged),
    cmocka_unit_test(block_when_made_then_header_is_complete),
    cmocka_unit_test(block_when_some_cannot_run_then_left_out_with_reason),
    cmocka_unit_test(block_when_full_then_the_rest_stays_in_the_pool),
    cmocka_unit_test(block_when_the_clock_ends_it_then_the_rest_waits),
    cmocka_unit_test(block_when_logs_are_made_then_bloom_and_receipt_hold_them),
    cmocka_unit_test(block_when_an_account_delegates_then_its_calls_run_there),
    cmocka_unit_test(call_when_simulated_then_balance_covers_value_only),
    cmocka_unit_test(supply_when_no_fees_then_conserved),
    cmocka_unit_test(supply_when_fees_go_to_the_proposer_then_conserved),
    cmocka_unit_test(blob_fee_when_excess_grows_then_as_the_eip_says),
  };
  return cmocka_run_group_tests_name("chain_exec", tests, NULL, NULL);
}
