/* bench_evm.c - speed of the machine on one core, as JSON lines: programs in
** ns and Mgas/s, warm (translated), and the first run of cold code.
**
** Each figure is the best of several runs of the thread's own time.  The
** public programs are `cybermiles bench evm`'s; these are small ones that
** show one thing each. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench_time.h"
#include "chain/chain_exec.h"
#include "codec/hex.h"
#include "crypto/secp256k1.h"
#include "evm/evm_int.h"

enum { BENCH_RUNS = 7, BENCH_GAS = 10000000 };

static struct chain_exec *bench_exec;

static void bench_say(const char *name, const char *what, double value,
                      const char *unit) {
  printf("{\"name\":\"evm_%s%s\",\"value\":%.4g,\"unit\":\"%s\"}\n", name,
         what, value, unit);
  fflush(stdout);
}

static addr20 bench_addr(u64 n) {
  addr20 a = {{0}};
  store_be64(a.b + 12, n);
  return a;
}

static slice bench_hex(u8 *out, const char *hex) {
  char clean[4096];
  size_t n = 0;
  for (; *hex; hex++) {
    if (*hex != ' ') clean[n++] = *hex;
  }
  MUST(hex_decode(out, clean, n) == ERR_OK);
  return slice_of(out, n / 2);
}

/* One run of the code in a fresh transaction; its time and gas. */
static double bench_once(u64 *gas, slice input) {
  struct state *s = chain_exec_state(bench_exec);
  struct evm *e = chain_exec_evm(bench_exec);
  const struct evm_tx tx = {.origin = bench_addr(0xca11)};
  const struct evm_msg msg = {.kind = EVM_CALL, .gas = BENCH_GAS,
                              .sender = bench_addr(0xca11),
                              .recipient = bench_addr(0xc0de),
                              .code_addr = bench_addr(0xc0de),
                              .input = input};
  struct evm_result r;
  state_tx_begin(s);
  state_snap snap = state_snapshot(s);
  evm_tx_begin(e, &tx);
  double start = bench_cpu_ns();
  evm_run(e, &r, &msg);
  double took = bench_cpu_ns() - start;
  state_revert(s, snap);
  state_tx_end(s, true);
  MUST(r.status == EVM_SUCCESS);
  *gas = BENCH_GAS - r.gas_left;
  return took;
}

static void bench_program(const char *name, const char *code_hex,
                          const char *input_hex) {
  static u8 code_bytes[2048], input_bytes[512];
  slice code = bench_hex(code_bytes, code_hex);
  slice input = bench_hex(input_bytes, input_hex);
  const u256 much = u256_from(1000000), one = u256_from(1);
  const addr20 self = bench_addr(0xc0de);
  const struct chain_rules rules = {.fork = EVM_OSAKA, .chain_id = 1};
  const struct chain_header header = {.number = 1, .gas_limit = BENCH_GAS};
  struct state_mem *world = state_mem_open();
  state_mem_account(world, &self, 1, &much, code);
  state_mem_slot(world, &self, &one, &much);
  struct state_source src = state_mem_source(world);
  u64 gas;
  double first = 1e18, best = 1e18;
  for (int i = 0; i < BENCH_RUNS; i++) {
    chain_exec_close(bench_exec);
    bench_exec = chain_exec_open(1);
    chain_exec_begin(bench_exec, &rules, &header, NULL, &src);
    double took = bench_once(&gas, input);
    if (took < first) first = took;
  }
  chain_exec_evm(bench_exec)->cool = 0;
  for (double sum = 0; sum < 3e8;) {
    double took = bench_once(&gas, input);
    sum += took + 1000;
    if (took < best) best = took;
  }
  bench_say(name, "", best, "ns");
  bench_say(name, "_speed", (double)gas * 1e3 / best, "Mgas/s");
  bench_say(name, "_first_run", first, "ns");
  state_mem_close(world);
}

int main(void) {
  crypto_init(NULL);
  /* PUSH3 n; JUMPDEST; body; PUSH1 1; SWAP1; SUB; DUP1; PUSH1 4; JUMPI; STOP.
  ** The body finds n on top and leaves the stack as it was. */
#define BENCH_LOOP(n, body) "62" n "5b" body "6001900380600457 00"
  bench_program("loop_empty", BENCH_LOOP("010000", ""), "");
  bench_program("loop_add_mul",
                BENCH_LOOP("004000", "80800180026003018080020150"), "");
  bench_program("loop_div", BENCH_LOOP("004000",
                "80197f000000000000000000000000000000ffffffffffffffffffffffffff"
                "ffffffff900450"), "");
  bench_program("loop_mulmod", BENCH_LOOP("004000",
                "7f30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd"
                "478119800950"), "");
  bench_program("loop_exp", BENCH_LOOP("000400",
                "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                "ff60030a50"), "");
  bench_program("loop_keccak", BENCH_LOOP("001000", "60405f2050"), "");
  bench_program("loop_memory", BENCH_LOOP("004000", "80602052602051604052"),
                "");
  bench_program("loop_memory_copy", BENCH_LOOP("001000", "6104005f6108005e"),
                "");
  bench_program("loop_calldataload", BENCH_LOOP("004000", "60043550"),
                "0102030405");
  bench_program("loop_sload", BENCH_LOOP("001000", "60015450"), "");
  bench_program("loop_sstore", BENCH_LOOP("000800", "80600155"), "");
  bench_program("loop_tstore", BENCH_LOOP("001000", "8060015d60015c50"), "");
  bench_program("loop_call_identity",
                BENCH_LOOP("000400", "60205f60205f60045afa50"), "");
  bench_program("loop_call_empty",
                BENCH_LOOP("000400", "5f5f5f5f60aa5afa50"), "");
  /* A token's transfer(to, amount): selector, two mapping slots by keccak,
  ** balance check, two stores, one log. */
  bench_program("token_transfer",
      "5f3560e01c63a9059cbb14601157 5f5ffd 5b"
      "335f526001602052 60405f20 8054 602435 80821015602d57 5f5ffd 5b"
      "90039055"
      "6004355f526001602052 60405f20 8054 60243501 9055"
      "602435 5f52 600435 33"
      "7fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
      "60205fa3 60015f5260205ff3",
      "a9059cbb"
      "00000000000000000000000000000000000000000000000000000000000000bb"
      "0000000000000000000000000000000000000000000000000000000000000000");
#undef BENCH_LOOP
  chain_exec_close(bench_exec);
  return 0;
}
