/* bench_chain.c - what a plain transfer costs on one core, in memory: decoding,
** sender, executing, and a whole block with its roots, without credits and with
** (each sender has a stake of his own, so each settles a record of his own); as
** JSON lines.  Each figure is the best of several runs of the thread's own
** time. */
#include <stdio.h>

#include "bench/bench_time.h"
#include "chain/chain_genesis.h"
#include "chain/chain_proposal.h"
#include "crypto/secp256k1.h"

enum { BENCH_TXS = 2000, BENCH_RUNS = 5 };

static struct arena bench_keep;           /* what lives for all runs */
static slice bench_raw[BENCH_TXS];
static struct chain_tx bench_tx[BENCH_TXS];
static struct chain_genesis bench_genesis;
static struct chain_header bench_head;
static struct state_mem *bench_mem;
static struct chain_exec *bench_exec;

static void bench_print(const char *name, double seconds) {
  printf("{\"name\":\"chain_%s\",\"value\":%.3f,\"unit\":\"us/tx\"}\n", name,
         seconds / BENCH_TXS * 1e6);
}

static addr20 bench_from[BENCH_TXS];

/* The chain that all runs from here on stand on. */
static void bench_chain(bool credits) {
  struct state_diff diff;
  struct state_root root;
  hash32 hash;
  u256 balance = u256_from(1000000);
  chain_genesis_default(&bench_genesis, CHAIN_DEV_ID, &bench_from[0], NULL,
                        1000, bench_from, BENCH_TXS, &balance, &bench_keep);
  if (credits) {
    chain_genesis_set_credits(&bench_genesis, &bench_from[0], 1, &bench_keep);
    bench_genesis.stake =
        arena_array(&bench_keep, struct chain_genesis_stake, BENCH_TXS);
    bench_genesis.stake_cnt = BENCH_TXS;
    for (u32 i = 0; i < BENCH_TXS; i++)
      bench_genesis.stake[i] =
          (struct chain_genesis_stake){bench_from[i], 1000000000};
  }
  MUST(chain_genesis_build(&diff, &root, &bench_head, &hash, &bench_genesis,
                           NULL, &bench_keep) == ERR_OK);
  bench_mem = state_mem_open();
  state_mem_apply(bench_mem, &diff);
  state_mem_apply_nodes(bench_mem, &root);
  bench_exec = chain_exec_open(1);
}
static void bench_chain_end(void) {
  chain_exec_close(bench_exec);
  state_mem_close(bench_mem);
}

/* Every sender has a key of its own, so that no account is hot. */
static void bench_setup(void) {
  arena_init(&bench_keep, 1 << 20, 0);
  for (u32 i = 0; i < BENCH_TXS; i++) {
    u8 key[32] = {[28] = 1, [30] = (u8)(i >> 8), [31] = (u8)i};
    struct chain_tx tx = {.type = 2, .chain_id = CHAIN_DEV_ID,
                          .gas_limit = 21000, .has_to = true,
                          .value = u256_from(1)};
    store_be64(tx.to.b, (i + 1) * 0x9e3779b97f4a7c15ull);
    MUST(chain_tx_sign(&tx, key, &bench_keep) == ERR_OK);
    bench_raw[i] = tx.raw;
    bench_from[i] = tx.sender;
  }
}

static void bench_decode(struct arena *a) {
  struct errmsg msg;
  for (u32 i = 0; i < BENCH_TXS; i++)
    MUST(chain_tx_decode(&bench_tx[i], bench_raw[i], a, &msg) == ERR_OK);
}

static void bench_sender(struct arena *a) {
  (void)a;
  for (u32 i = 0; i < BENCH_TXS; i++)
    MUST(chain_tx_sender(&bench_tx[i]) == ERR_OK);
}

static void bench_execute(struct arena *a) {
  struct chain_outcome out;
  struct chain_rules rules;
  struct state_source src = state_mem_source(bench_mem);
  (void)a;
  chain_rules_at(&rules, &bench_genesis, 1, 1001);
  chain_exec_begin(bench_exec, &rules, &bench_head, NULL, &src);
  for (u32 i = 0; i < BENCH_TXS; i++) {
    chain_exec_tx(bench_exec, &out, &bench_tx[i]);
    MUST(out.verdict == CHAIN_OK && out.gas_used == 21000);
  }
}

static void bench_block(struct arena *a) {
  struct chain_block_result out;
  struct chain_rules rules;
  struct chain_header draft;
  struct state_source src = state_mem_source(bench_mem);
  struct chain_proposal p = {.version = 1, .height = 1, .time_ms = 1001000};
  chain_rules_at(&rules, &bench_genesis, 1, 1001);
  chain_proposal_draft(&draft, &p, &bench_head,
                       chain_genesis_gas_limit(&bench_genesis));
  MUST(chain_exec_block(bench_exec, &out, &rules, &draft, bench_tx, BENCH_TXS,
                        NULL, &src, NULL, NULL, NULL, a) == ERR_OK);
  MUST(out.tx_cnt == BENCH_TXS);
}

static void bench_run(const char *name, void (*fn)(struct arena *a)) {
  double best = 1e9;
  struct arena a;
  arena_init(&a, 1 << 20, 0);
  for (u32 i = 0; i < BENCH_RUNS; i++) {
    arena_clear(&a);
    double start = bench_cpu();
    fn(&a);
    double took = bench_cpu() - start;
    if (took < best) best = took;
  }
  arena_fini(&a);
  bench_print(name, best);
}

int main(void) {
  crypto_init(NULL);
  bench_setup();
  bench_chain(false);
  bench_run("tx_decode", bench_decode);
  bench_run("tx_sender", bench_sender);
  bench_run("tx_execute", bench_execute);
  bench_run("block_make", bench_block);
  bench_chain_end();
  bench_chain(true);
  bench_run("tx_execute_credits", bench_execute);
  bench_run("block_make_credits", bench_block);
  bench_chain_end();
  arena_fini(&bench_keep);
  return 0;
}
