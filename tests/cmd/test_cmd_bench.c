/* test_cmd_bench.c - the benchmark's genesis and transactions are what the
** chain takes; the command "bench" refuses what it cannot do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chain/chain_genesis.h"
#include "chain/chain_tx.h"
#include "cmd/cmd.h"
#include "cmd/cmd_bench.h"

enum { ACCOUNTS = 5, TXS = 12 };

static void genesis_when_parsed_then_accounts_and_token(void **state) {
  (void)state;
  struct cmd_bench_accounts accounts;
  struct chain_genesis g;
  struct errmsg msg = {""};
  struct arena a;
  struct buf text;
  u32 funded = 0, contracts = 0;
  arena_init(&a, 1 << 16, 0);
  buf_init(&text, 0);
  cmd_bench_accounts_init(&accounts, ACCOUNTS, NULL);
  cmd_bench_genesis(&text, &accounts, true);
  assert_int_equal(chain_genesis_parse(&g, buf_slice(&text), &a, &msg), ERR_OK);
  assert_true(g.own);
  assert_int_equal(g.chain_id, CMD_BENCH_CHAIN_ID);
  for (u32 i = 0; i < g.account_cnt; i++) {
    for (u32 k = 0; k < ACCOUNTS; k++) {
      funded += addr20_eq(&g.account[i].addr, &accounts.addr[k]) &&
                !u256_is_zero(&g.account[i].balance);
    }
    contracts += g.account[i].slot_cnt == ACCOUNTS && g.account[i].code.len > 1;
  }
  assert_int_equal(funded, ACCOUNTS);
  assert_int_equal(contracts, 1);
  cmd_bench_accounts_fini(&accounts);
  buf_fini(&text);
  arena_fini(&a);
}

static void transactions_when_decoded_then_nonces_follow(void **state) {
  (void)state;
  static const u64 nonce[ACCOUNTS] = {7, 0, 3, 0, 0};
  struct cmd_bench_accounts accounts;
  struct cmd_bench_txs t;
  struct arena a;
  arena_init(&a, 1 << 16, 0);
  cmd_bench_accounts_init(&accounts, ACCOUNTS, NULL);
  for (u32 erc20 = 0; erc20 < 2; erc20++) {
    cmd_bench_txs_init(&t, TXS, &accounts, nonce, 9, erc20, NULL);
    for (u32 i = 0; i < TXS; i++) {
      struct chain_tx tx;
      assert_int_equal(chain_tx_decode(&tx, t.raw[i], &a, NULL), ERR_OK);
      assert_int_equal(chain_tx_sender(&tx), ERR_OK);
      assert_memory_equal(tx.sender.b, accounts.addr[i % ACCOUNTS].b, 20);
      assert_int_equal(tx.nonce, nonce[i % ACCOUNTS] + i / ACCOUNTS);
      assert_int_equal(tx.chain_id, 9);
      assert_int_equal(tx.data.len, erc20 ? 68 : 0);
      assert_memory_equal(tx.hash.b, t.hash[i].b, 32);
    }
    cmd_bench_txs_fini(&t);
  }
  cmd_bench_accounts_fini(&accounts);
  arena_fini(&a);
}

static void bench_when_misused_then_exit_two(void **state) {
  (void)state;
  static char *bad[][5] = {
    {"bench"}, {"bench", "walk"}, {"bench", "load", "--txs", "0"},
    {"bench", "load", "--txs", "1x"}, {"bench", "load", "--txs"},
    {"bench", "load", "--kind", "gold"}, {"bench", "load", "--accounts", "1"},
    {"bench", "load", "--batch", "1001"}, {"bench", "load", "--out", "x"},
    {"bench", "genesis", "--txs", "1"}, {"bench", "load", "--url", "ftp://x"},
    {"bench", "load", "--pid", "1073741823"},
  };
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    int argc = 0;
    while (argc < 5 && bad[i][argc]) argc++;
    assert_int_equal(cmd_bench(argc, bad[i]), EXIT_USAGE);
  }
}

static void load_when_nobody_answers_then_fails(void **state) {
  (void)state;
  char *args[] = {"bench", "load", "--url", "http://127.0.0.1:1",
                  "--accounts", "2"};
  assert_int_equal(cmd_bench(ARRAY_LEN(args), args), EXIT_FAILED);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
    cmocka_unit_test(genesis_when_parsed_then_accounts_and_token),
    cmocka_unit_test(transactions_when_decoded_then_nonces_follow),
    cmocka_unit_test(bench_when_misused_then_exit_two),
    cmocka_unit_test(load_when_nobody_answers_then_fails),
  };
  crypto_init(NULL);
  return cmocka_run_group_tests_name("cmd_bench", tests, NULL, NULL);
}
