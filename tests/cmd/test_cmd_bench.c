/* test_cmd_bench.c - the benchmark's genesis and transactions are what the
** chain takes; the command "bench" refuses what it cannot do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "chain/chain_genesis.h"
#include "chain/chain_tx.h"
#include "cmd/cmd.h"
#include "cmd/cmd_bench.h"
#include "crypto/keccak.h"

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
  cmd_bench_accounts_init(&accounts, 0, ACCOUNTS, NULL);
  cmd_bench_genesis(&text, &accounts,
                    &(struct cmd_bench_chain){true, ACCOUNTS, 900000000, 250});
  assert_int_equal(chain_genesis_parse(&g, buf_slice(&text), &a, &msg), ERR_OK);
  assert_true(g.own);
  assert_int_equal(g.chain_id, CMD_BENCH_CHAIN_ID);
  assert_int_equal(chain_genesis_gas_limit(&g), 900000000);
  assert_int_equal(g.param[CHAIN_PARAM_block_interval_ms], 250);
  for (u32 i = 0; i < g.account_cnt; i++) {
    for (u32 k = 0; k < ACCOUNTS; k++) {
      funded += addr20_eq(&g.account[i].addr, &accounts.addr[k]) &&
                !u256_is_zero(&g.account[i].balance);
    }
    contracts += g.account[i].slot_cnt == ACCOUNTS && g.account[i].code.len > 1;
  }
  assert_int_equal(funded, ACCOUNTS);
  assert_int_equal(contracts, 1);
  assert_true(g.credits);
  assert_int_equal(g.stake_cnt, ACCOUNTS);
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
  cmd_bench_accounts_init(&accounts, 0, ACCOUNTS, NULL);
  for (u32 erc20 = 0; erc20 < 2; erc20++) {
    cmd_bench_txs_init(&t, TXS, &accounts, nonce, 9,
                       erc20 ? cmd_bench_fill_erc20 : cmd_bench_fill_transfer,
                       &accounts, NULL);
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

/* The i-th of the step's arguments; word of them. */
static u64 market_word(const struct cmd_bench_market *m, u32 i, u32 word) {
  u8 room[CMD_BENCH_DATA_MAX];
  struct chain_tx tx = {.nonce = 0};
  cmd_bench_fill_market(m, i, &tx, room);
  assert_true(tx.data.len >= 36 + 32 * word && tx.data.len % 32 == 4);
  assert_int_equal(tx.to.b[18], 0x10);
  return load_be64(room + 4 + 32 * word + 24);
}

static void market_when_mixed_then_each_order_once_and_by_its_parties(
    void **state) {
  (void)state;
  enum { MIX = 43, SELLER = 1, LISTING = 15 };
  struct cmd_bench_accounts accounts;
  struct cmd_bench_market m;
  hash32 none = {{0}}, listed, placed;
  u32 seller[MIX * 2], sent[MIX * 2] = {0}, acts[CMD_BENCH_ACT_CNT] = {0};
  crypto_keccak256(&listed, "ListingSaved(uint64,address,uint32,bytes)", 41);
  crypto_keccak256(&placed, "OrderPlaced(uint64,address,address,bytes)", 41);
  cmd_bench_accounts_init(&accounts, 0, ACCOUNTS, NULL);
  cmd_bench_market_init(&m, MIX, &accounts);
  m.step = CMD_BENCH_STOCK;
  assert_int_equal(cmd_bench_market_txs(&m, m.step, MIX), ACCOUNTS);
  for (u32 i = 0; i < ACCOUNTS; i++) {
    assert_false(cmd_bench_market_take(&m, i, &none, 1));
    assert_false(cmd_bench_market_take(&m, i, &placed, 1));
    assert_true(cmd_bench_market_take(&m, i, &listed, 900 + i));
  }
  m.step = CMD_BENCH_ORDER;
  u32 orders = cmd_bench_market_txs(&m, m.step, MIX);
  assert_true(orders <= ARRAY_LEN(seller));
  for (u32 i = 0; i < orders; i++) {
    seller[i] = (u32)(market_word(&m, i, LISTING) - 900);
    assert_true(seller[i] < ACCOUNTS && seller[i] != i % ACCOUNTS);
    assert_int_equal(market_word(&m, i, SELLER),
                     load_be64(accounts.addr[seller[i]].b + 12));
    assert_true(cmd_bench_market_take(&m, i, &placed, i));
  }
  for (m.step = CMD_BENCH_SEND; m.step <= CMD_BENCH_MIX; m.step++) {
    u32 cnt = cmd_bench_market_txs(&m, m.step, MIX);
    for (u32 i = 0; i < cnt; i++) {
      enum cmd_bench_act act = cmd_bench_market_act(&m, i);
      u64 id = market_word(&m, i, 0);
      acts[act] += m.step == CMD_BENCH_MIX;
      if (act == CMD_BENCH_ship) {
        assert_true(id < orders && sent[id]++ == 0);
        assert_int_equal(seller[id], i % ACCOUNTS);
      } else if (act == CMD_BENCH_confirm) {
        assert_true(id < orders && id / ACCOUNTS % 2 == 1 && sent[id]++ == 1);
        assert_int_equal(id % ACCOUNTS, i % ACCOUNTS);
      }
    }
  }
  for (u32 k = CMD_BENCH_list; k <= CMD_BENCH_confirm; k++) {
    assert_true(acts[k] >= MIX / 4 - ACCOUNTS && acts[k] <= MIX / 4 + ACCOUNTS);
  }
  cmd_bench_market_fini(&m);
  cmd_bench_accounts_fini(&accounts);
}

static void bench_when_misused_then_exit_two(void **state) {
  (void)state;
  static char *bad[][5] = {
    {"bench"}, {"bench", "walk"}, {"bench", "load", "--txs", "0"},
    {"bench", "load", "--txs", "1x"}, {"bench", "load", "--txs"},
    {"bench", "load", "--kind", "gold"}, {"bench", "load", "--accounts", "1"},
    {"bench", "genesis", "--credits", "x"}, {"bench", "load", "--credits", "on"},
    {"bench", "load", "--batch", "1001"}, {"bench", "load", "--out", "x"},
    {"bench", "genesis", "--txs", "1"},
    {"bench", "genesis", "--gas-limit", "9"},
    {"bench", "load", "--gas-limit", "24000000"}, {"bench", "load", "--url", "ftp://x"},
    {"bench", "load", "--pid", "1073741823"}, {"bench", "evm"},
    {"bench", "evm", "--fork", "Rome", "x"}, {"bench", "evm", "--warm", "x"},
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

/* One state test of a small loop, run as a benchmark; its lines in out. */
static int run_evm(const char *root, char *out, size_t size) {
  static const char text[] =
      "{\"loop\":{\"_info\":{\"labels\":{\"0\":\"hundred\"}},\"env\":{"
      "\"currentCoinbase\":\"0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba\","
      "\"currentGasLimit\":\"0x989680\",\"currentNumber\":\"0x1\","
      "\"currentTimestamp\":\"0x3e8\",\"currentBaseFee\":\"0xa\"},\"pre\":{"
      "\"0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b\":{"
      "\"balance\":\"0xffffffffff\"},"
      "\"0x00000000000000000000000000000000c0de0000\":{\"nonce\":\"0x1\","
      "\"code\":\"0x60645b60019003806002575f5500\","
      "\"storage\":{\"0x00\":\"0x07\"}}},\"transaction\":{\"nonce\":\"0x0\","
      "\"gasPrice\":\"0xa\",\"gasLimit\":[\"0x186a0\"],"
      "\"to\":\"0x00000000000000000000000000000000c0de0000\","
      "\"value\":[\"0x0\"],\"data\":[\"0x\"],"
      "\"sender\":\"0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b\"},"
      "\"post\":{\"Cancun\":[{\"hash\":\"%s\",\"logs\":\"0x1dcc4de8dec75d7aa"
      "b85b567b6ccd41ad312451b948a7413f0a142fd40d49347\","
      "\"indexes\":{\"data\":0,\"gas\":0,\"value\":0}}]}}}";
  char *args[] = {"bench", "evm", "--json", "bench_case.json"};
  FILE *f = fopen("bench_case.json", "w");
  assert_non_null(f);
  fprintf(f, text, root);
  fclose(f);
  fflush(stdout);
  int keep = dup(1), fd = open("bench_out", O_RDWR | O_CREAT | O_TRUNC, 0600);
  assert_true(keep >= 0 && fd >= 0);
  dup2(fd, 1);
  int code = cmd_bench(ARRAY_LEN(args), args);
  fflush(stdout);
  dup2(keep, 1);
  close(keep);
  ssize_t len = pread(fd, out, size - 1, 0);
  close(fd);
  assert_true(len >= 0);
  out[len] = 0;
  return code;
}

static void evm_when_test_holds_then_line_tells_time_and_gas(void **state) {
  (void)state;
  char out[512];
  unsigned long long ns, runs;
  double speed;
  assert_int_equal(run_evm("0x635744ca0a640be0576dc6493ab62a62c6499542f7b60018"
                           "5756f9f78d348f96", out, sizeof out), EXIT_DONE);
  assert_int_equal(sscanf(out, "{\"name\":\"loop/hundred\",\"fork\":\"Cancun\","
                          "\"ns\":%llu,\"gas\":7605,\"mgas_s\":%lf,"
                          "\"runs\":%llu}", &ns, &speed, &runs), 3);
  assert_true(ns > 0 && speed > 0 && runs >= 7);
}

static void evm_when_outcome_is_another_then_fails(void **state) {
  (void)state;
  char out[512];
  assert_int_equal(run_evm("0x00", out, sizeof out), EXIT_FAILED);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
    cmocka_unit_test(genesis_when_parsed_then_accounts_and_token),
    cmocka_unit_test(transactions_when_decoded_then_nonces_follow),
    cmocka_unit_test(
        market_when_mixed_then_each_order_once_and_by_its_parties),
    cmocka_unit_test(bench_when_misused_then_exit_two),
    cmocka_unit_test(load_when_nobody_answers_then_fails),
    cmocka_unit_test(evm_when_test_holds_then_line_tells_time_and_gas),
    cmocka_unit_test(evm_when_outcome_is_another_then_fails),
  };
  crypto_init(NULL);
  return cmocka_run_group_tests_name("cmd_bench", tests, NULL, NULL);
}
