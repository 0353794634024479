/* bench_ahead.c - what executing ahead on lanes (chain_ahead.h) would give on 2,
** 8 and 32 cores, counted on one: what lanes do is timed by the thread's own
** clock and shared out evenly (groups are many and small); with all that is
** between windows (checking, taking over, executing again) it is the critical
** path.
**
** JSON lines for each load: us/tx alone, then for each lane count the critical
** path in us/tx, and the share of transactions executed in vain or alone.
**   transfer   1,000 senders in turn, to random accounts of 100,000
**   merchant   the same senders, all to one account
**   token      a token among 1,000 holders
**   order      200 hashes and a slot of the caller's: 40,000 gas of work
**   book       each takes the next number of one contract, and notes it
*/
#include <stdio.h>

#include "bench/bench_time.h"
#include "chain/chain_ahead.h"
#include "codec/hex.h"

enum { AHEAD_TXS = 20000, AHEAD_SENDERS = 1000, AHEAD_RUNS = 3 };

struct ahead_load {
  const char *name;
  const char *code; /* of the contract called; NULL: a transfer */
  u32 to_cnt;       /* plain recipients */
};
static const struct ahead_load ahead_loads[] = {
  {"transfer", NULL, 100000},
  {"merchant", NULL, 1},
  {"token", "602035335410601e576020353354033355600035546020350160003555005b600060"
            "00fd", 1000},
  {"order", "60c85b60406000206000526001900380600257335460010133550000", 1},
  {"book", "6000546001018060005533" "5500", 1},
};

/* Runs the pieces one by one (the first takes all groups); keeps the sum. */
struct ahead_par {
  double sum;
};
static void ahead_par_run(void *ctx, void (*fn)(void *arg, u32 i), void *arg,
                          u32 cnt) {
  struct ahead_par *p = ctx;
  double start = bench_cpu();
  for (u32 i = 0; i < cnt; i++) fn(arg, i);
  p->sum += bench_cpu() - start;
}

static addr20 ahead_addr(u8 kind, u32 i) {
  addr20 a = {{kind, [16] = (u8)(i >> 24), [17] = (u8)(i >> 16),
               [18] = (u8)(i >> 8), [19] = (u8)i}};
  return a;
}

static struct state_mem *ahead_world(const struct ahead_load *load) {
  struct state_mem *mem = state_mem_open();
  addr20 at = ahead_addr(0xcc, 0);
  u8 code[64];
  u32 len = load->code ? (u32)strlen(load->code) / 2 : 0;
  MUST(len <= sizeof code);
  if (len) MUST(hex_decode(code, load->code, 2 * len) == ERR_OK);
  u256 balance = u256_from(1000000000);
  if (len) state_mem_account(mem, &at, 1, &U256_ZERO, slice_of(code, len));
  for (u32 i = 0; i < AHEAD_SENDERS; i++) {
    addr20 a = ahead_addr(0xaa, i);
    u256 slot;
    u256_from_be_len(&slot, a.b, 20);
    state_mem_account(mem, &a, 0, &balance, slice_of(NULL, 0));
    if (len) state_mem_slot(mem, &at, &slot, &balance);
  }
  return mem;
}

static void ahead_txs(struct chain_tx *tx, const struct ahead_load *load,
                      struct arena *a) {
  u64 rnd = 1;
  for (u32 i = 0; i < AHEAD_TXS; i++) {
    rnd = rnd * 6364136223846793005u + 1442695040888963407u;
    u32 to = (u32)((rnd >> 33) % load->to_cnt);
    tx[i] = (struct chain_tx){
        .type = 2, .protected = true, .chain_id = 1, .has_to = true,
        .has_sender = true, .sender = ahead_addr(0xaa, i % AHEAD_SENDERS),
        .nonce = i / AHEAD_SENDERS, .gas_limit = 21000,
        .value = u256_from(1), .to = ahead_addr(0xbb, to)};
    if (!load->code) continue;
    u8 *data = arena_alloc(a, 64);
    addr20 holder = ahead_addr(0xaa, to);
    memcpy(data + 12, holder.b, 20);
    data[63] = 1;
    tx[i].to = ahead_addr(0xcc, 0);
    tx[i].value = U256_ZERO;
    tx[i].gas_limit = 100000;
    tx[i].data = slice_of(data, 64);
  }
}

/* Seconds on the critical path; lanes 0: alone. */
static double ahead_run(struct state_mem *mem, const struct chain_tx *tx,
                        u32 lanes, struct chain_ahead_stat *st) {
  struct chain_exec *x = chain_exec_open(1);
  struct chain_rules rules = {.fork = EVM_OSAKA, .chain_id = 1};
  struct chain_header head = {.number = 1, .timestamp = 1,
                              .gas_limit = 1ull << 40,
                              .opt_cnt = CHAIN_HEADER_OPT_MAX};
  struct state_source src = state_mem_source(mem);
  struct ahead_par p = {0};
  struct par par = {.ctx = &p, .worker_cnt = lanes, .run = ahead_par_run};
  struct chain_outcome out;
  if (lanes) chain_exec_set_lanes(x, lanes, 0);
  struct chain_ahead *h = chain_exec_ahead(x);
  double start = bench_cpu();
  chain_exec_begin(x, &rules, &head, NULL, &src);
  if (h) chain_ahead_begin(h, x, &rules, &head, NULL, &src, &par);
  for (u32 i = 0; i < AHEAD_TXS; i++) {
    if (h)
      chain_ahead_tx(h, &out, tx, AHEAD_TXS, i);
    else
      chain_exec_tx(x, &out, &tx[i]);
    MUST(out.verdict == CHAIN_OK && out.status == EVM_SUCCESS);
  }
  double took = bench_cpu() - start - p.sum;
  if (lanes) took += p.sum / lanes;
  if (h) chain_ahead_stat(h, st);
  chain_exec_close(x);
  return took;
}

int main(void) {
  static const u32 lanes[] = {0, 2, 8, 32};
  struct chain_tx *tx = mem_alloc(sizeof *tx * AHEAD_TXS);
  for (u32 k = 0; k < sizeof ahead_loads / sizeof *ahead_loads; k++) {
    const struct ahead_load *load = &ahead_loads[k];
    struct state_mem *mem = ahead_world(load);
    struct arena a;
    arena_init(&a, 1 << 20, 0);
    ahead_txs(tx, load, &a);
    for (u32 i = 0; i < sizeof lanes / sizeof *lanes; i++) {
      struct chain_ahead_stat st = {0};
      double best = 1e9;
      for (u32 run = 0; run < AHEAD_RUNS; run++) {
        double took = ahead_run(mem, tx, lanes[i], &st);
        if (took < best) best = took;
      }
      printf("{\"name\":\"ahead_%s\",\"lanes\":%u,\"value\":%.3f,"
             "\"unit\":\"us/tx\",\"in_vain\":%.4f,\"alone\":%.4f}\n",
             load->name, lanes[i], best / AHEAD_TXS * 1e6,
             (double)st.again / AHEAD_TXS, (double)st.alone / AHEAD_TXS);
    }
    state_mem_close(mem);
    arena_fini(&a);
  }
  mem_free(tx);
  return 0;
}
