/* bench_ahead.c - what executing ahead on lanes (chain_ahead.h) would give on 2,
** 8 and 32 cores, counted on one: what lanes do is timed by the thread's own
** clock and shared out evenly (groups are many and small); with all that is
** between windows (checking, taking over, executing again) it is the critical
** path.
**
** JSON lines for each load: us/tx alone, then for each lane count the critical
** path in us/tx and the CPU time of all lanes together, the share of
** transactions executed in vain or alone, and how many windows lanes worked on,
** of them without gain; once with every transaction on lanes ("all"), once as
** the node chooses ("worth", chain_worth.h).
**   transfer   1,000 senders in turn, to random accounts of 100,000
**   merchant   the same senders, all to one account
**   token      a token among 1,000 holders
**   order      200 hashes and a slot of the caller's: 40,000 gas of work
**   mixed      an order after every three transfers of the token
**   auction    as order, but the slot is one that all want
**   book       each takes the next number of one contract, and notes it
**
** "bench_ahead LOAD LANES all|worth [SLOW]" runs that once and prints nothing:
** for a profiler that counts instructions, and makes all SLOW times slower.
*/
#include <stdio.h>

#include "bench/bench_time.h"
#include "chain/chain_ahead.h"
#include "codec/hex.h"

enum { AHEAD_TXS = 20000, AHEAD_DEAR = 4000, AHEAD_SENDERS = 1000, AHEAD_RUNS = 3 };

struct ahead_load {
  const char *name;
  const char *code; /* of the contract called; NULL: a transfer */
  u32 to_cnt;       /* plain recipients */
  u32 tx_cnt;
  const char *rare; /* of a second contract, for every fourth; or NULL */
};
#define AHEAD_WORK "60c85b60406000206000526001900380600257"
#define AHEAD_ORDER AHEAD_WORK "335460010133550000"
#define AHEAD_TOKEN "602035335410601e576020353354033355600035546020350160003555005b" \
                    "60006000fd"
static const struct ahead_load ahead_loads[] = {
  {"transfer", NULL, 100000, AHEAD_TXS, NULL},
  {"merchant", NULL, 1, AHEAD_TXS, NULL},
  {"token", AHEAD_TOKEN, 1000, AHEAD_TXS, NULL},
  {"order", AHEAD_ORDER, 1, AHEAD_DEAR, NULL},
  {"mixed", AHEAD_TOKEN, 1000, AHEAD_DEAR, AHEAD_ORDER},
  {"auction", AHEAD_WORK "60005460010160005500", 1, AHEAD_DEAR, NULL},
  {"book", "6000546001018060005533" "5500", 1, AHEAD_TXS, NULL},
};

/* Runs the pieces one by one (the first takes all groups); keeps the sum, and
** how much sooner they would be done side by side. */
struct ahead_par {
  double sum;
  u32 lanes;
};
static double ahead_saved, ahead_slow = 1;
static u64 ahead_clock(void) {
  return (u64)((bench_cpu() - ahead_saved) * 1e9 / ahead_slow);
}
static void ahead_par_run(void *ctx, void (*fn)(void *arg, u32 i), void *arg,
                          u32 cnt) {
  struct ahead_par *p = ctx;
  double start = bench_cpu();
  for (u32 i = 0; i < cnt; i++) fn(arg, i);
  double took = bench_cpu() - start;
  p->sum += took;
  ahead_saved += took * (1 - 1.0 / p->lanes);
}

static addr20 ahead_addr(u8 kind, u32 i) {
  addr20 a = {{kind, [16] = (u8)(i >> 24), [17] = (u8)(i >> 16),
               [18] = (u8)(i >> 8), [19] = (u8)i}};
  return a;
}

static void ahead_contract(struct state_mem *mem, u32 i, const char *hex) {
  addr20 at = ahead_addr(0xcc, i);
  u8 code[64];
  if (!hex) return;
  u32 len = (u32)strlen(hex) / 2;
  MUST(len <= sizeof code && hex_decode(code, hex, 2 * len) == ERR_OK);
  state_mem_account(mem, &at, 1, &U256_ZERO, slice_of(code, len));
}

static struct state_mem *ahead_world(const struct ahead_load *load) {
  struct state_mem *mem = state_mem_open();
  addr20 at = ahead_addr(0xcc, 0);
  u256 balance = u256_from(1000000000);
  ahead_contract(mem, 0, load->code);
  ahead_contract(mem, 1, load->rare);
  for (u32 i = 0; i < AHEAD_SENDERS; i++) {
    addr20 a = ahead_addr(0xaa, i);
    u256 slot;
    u256_from_be_len(&slot, a.b, 20);
    state_mem_account(mem, &a, 0, &balance, slice_of(NULL, 0));
    if (load->code) state_mem_slot(mem, &at, &slot, &balance);
  }
  return mem;
}

static void ahead_txs(struct chain_tx *tx, const struct ahead_load *load,
                      struct arena *a) {
  u64 rnd = 1;
  for (u32 i = 0; i < load->tx_cnt; i++) {
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
    tx[i].to = ahead_addr(0xcc, load->rare && i % 4 == 3);
    tx[i].value = U256_ZERO;
    tx[i].gas_limit = 100000;
    tx[i].data = slice_of(data, 64);
  }
}

struct ahead_took {
  double path, cpu; /* seconds: on the critical path, of all lanes */
  struct chain_ahead_stat st;
};

/* lanes 0: alone. */
static void ahead_run(struct ahead_took *out, struct state_mem *mem,
                      const struct chain_tx *tx, u32 cnt, u32 lanes,
                      bool all) {
  struct chain_exec *x = chain_exec_open(1);
  struct chain_rules rules = {.fork = EVM_OSAKA, .chain_id = 1};
  struct chain_header head = {.number = 1, .timestamp = 1,
                              .gas_limit = 1ull << 40,
                              .opt_cnt = CHAIN_HEADER_OPT_MAX};
  struct state_source src = state_mem_source(mem);
  struct ahead_par p = {.lanes = lanes};
  struct par par = {.ctx = &p, .worker_cnt = lanes, .run = ahead_par_run};
  struct chain_outcome o;
  memset(out, 0, sizeof *out);
  if (lanes) chain_exec_set_lanes(x, lanes, all ? NULL : ahead_clock);
  struct chain_ahead *h = chain_exec_ahead(x);
  double start = bench_cpu();
  chain_exec_begin(x, &rules, &head, NULL, &src);
  if (h) chain_ahead_begin(h, x, &rules, &head, NULL, &src, &par);
  for (u32 i = 0; i < cnt; i++) {
    if (h)
      chain_ahead_tx(h, &o, tx, cnt, i);
    else
      chain_exec_tx(x, &o, &tx[i]);
    MUST(o.verdict == CHAIN_OK && o.status == EVM_SUCCESS);
  }
  out->cpu = out->path = bench_cpu() - start;
  if (h) chain_ahead_stat(h, &out->st);
  if (lanes) out->path -= p.sum - p.sum / lanes;
  chain_exec_close(x);
}

/* The run with the shortest path. */
static void ahead_line(const struct ahead_load *load, struct state_mem *mem,
                       const struct chain_tx *tx, u32 lanes, bool all) {
  struct ahead_took best = {.path = 1e9}, took;
  for (u32 run = 0; run < AHEAD_RUNS; run++) {
    ahead_run(&took, mem, tx, load->tx_cnt, lanes, all);
    if (took.path < best.path) best = took;
  }
  const struct chain_ahead_stat *st = &best.st;
  printf("{\"name\":\"ahead_%s\",\"lanes\":%u,\"choice\":\"%s\","
         "\"value\":%.3f,\"unit\":\"us/tx\",\"cpu\":%.3f,"
         "\"in_vain\":%.4f,\"alone\":%.4f,\"windows\":%llu,\"lost\":%llu}\n",
         load->name, lanes, !lanes ? "none" : all ? "all" : "worth",
         best.path / load->tx_cnt * 1e6, best.cpu / load->tx_cnt * 1e6,
         (double)st->again / load->tx_cnt,
         lanes ? (double)st->alone / load->tx_cnt : 1,
         (unsigned long long)st->windows, (unsigned long long)st->lost);
}

int main(int argc, char **argv) {
  static const u32 lanes[] = {2, 8, 32};
  struct chain_tx *tx = mem_alloc(sizeof *tx * AHEAD_TXS);
  bool found = argc == 1, one = argc == 4 || argc == 5;
  if (argc == 5) ahead_slow = atof(argv[4]);
  for (u32 k = 0; k < ARRAY_LEN(ahead_loads); k++) {
    const struct ahead_load *load = &ahead_loads[k];
    struct arena a;
    if (one && strcmp(argv[1], load->name) != 0) continue;
    struct state_mem *mem = ahead_world(load);
    arena_init(&a, 1 << 20, 0);
    ahead_txs(tx, load, &a);
    if (one) {
      struct ahead_took took;
      found = true;
      ahead_run(&took, mem, tx, load->tx_cnt, (u32)atoi(argv[2]),
                argv[3][0] == 'a');
    } else if (found) {
      ahead_line(load, mem, tx, 0, false);
      for (u32 i = 0; i < 2 * ARRAY_LEN(lanes); i++)
        ahead_line(load, mem, tx, lanes[i / 2], i % 2 == 0);
    }
    state_mem_close(mem);
    arena_fini(&a);
  }
  mem_free(tx);
  if (!found) fprintf(stderr, "bench_ahead [LOAD LANES all|worth [SLOW]]\n");
  return !found;
}
