/* bench_node.c - the node without its network side: signed transfers in, the
** durable blocks out, as JSON lines.
**
** Each is the median of RUNS (3) runs in turn, of TXS (60000) transfers each,
** with the block gas limit named:
**   ecrecover_all_cores  recoveries a second alone, on as many threads as
**                        cores, one by one
**   ecrecover_groups     the same by CRYPTO_RECOVER_GROUP, as the node does
**   node_transfers       transfers a second from node_submit_batch to durable,
**                        batches of 100, two submitters, blocks as they come
**   node_transfer_cpu    what one of those costs on all threads together
**   node_share           node_transfers of ecrecover_groups in the same run
**   ..._credits          the same with credits
**   ..._fast             the same with a block as soon as the one before is
**                        made, but every 200 ms at most (block_interval_ms, as
**                        a genesis may set it), and a gas limit of 2 G: what
**                        the node does when nothing waits for the next second
**   node_stage_...       where a transfer's processor time goes in one more such
**                        run (base/stage.def), and how long its share of fsync
**                        takes
**   node_single_blocks   blocks a second, durable, one transfer each, one
**                        waiting for the other
** Files are in a folder of their own under TMPDIR. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/stage.h"
#include "bench/bench_time.h"
#include "chain/chain_tx.h"
#include "cmd/cmd_bench.h"
#include "crypto/secp256k1.h"
#include "node/node.h"
#include "node/node_workers.h"

enum { BENCH_ACCOUNTS = 1000, BENCH_BATCH = 100, BENCH_SUBMITTERS = 2,
       BENCH_RECOVER = 12000, BENCH_SINGLES = 300, BENCH_RUNS_MAX = 99,
       BENCH_FAST_GAS = 2000000000, BENCH_FAST_MS = 200,
       BENCH_WINDOW = LIMIT_POOL_TX * 3 / 4 };

/* What is measured; share: a ratio. */
#define BENCH_ROWS(X) \
  X(ecrecover_all_cores, "1/s") \
  X(ecrecover_groups, "1/s") \
  X(node_transfers, "1/s") \
  X(node_transfer_cpu, "us") \
  X(node_share, "of 1") \
  X(node_transfers_credits, "1/s") \
  X(node_transfer_credits_cpu, "us") \
  X(node_share_credits, "of 1") \
  X(node_transfers_fast, "1/s") \
  X(node_transfer_fast_cpu, "us") \
  X(node_share_fast, "of 1") \
  X(node_single_blocks, "1/s")
enum {
#define X(name, unit) BENCH_##name,
  BENCH_ROWS(X)
#undef X
  BENCH_ROW_CNT
};
static const struct { const char *name, *unit; } bench_row[] = {
#define X(name, unit) {#name, unit},
  BENCH_ROWS(X)
#undef X
};
static double bench_val[BENCH_ROW_CNT][BENCH_RUNS_MAX];
static u32 bench_runs, bench_tx_cnt;
static u64 bench_gas[BENCH_ROW_CNT]; /* the block gas limit of a row; or 0 */

static char bench_dir[256];
static struct cmd_bench_accounts bench_accounts;
static struct cmd_bench_txs bench_txs;

static double bench_cpu_us(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void bench_print(u32 row) {
  double *v = bench_val[row];
  double median = bench_median(v, bench_runs);
  printf("{\"name\":\"%s\",\"value\":%.*f,\"unit\":\"%s\",\"runs\":%u",
         bench_row[row].name, median < 100 ? 2 : 0, median,
         bench_row[row].unit, bench_runs);
  if (bench_gas[row])
    printf(",\"gas_limit\":%llu", (unsigned long long)bench_gas[row]);
  printf("}\n");
  fflush(stdout);
}

/* A whole number from the environment. */
static u32 bench_env(const char *name, u32 otherwise, u32 max) {
  const char *text = getenv(name);
  unsigned long v = text && text[0] ? strtoul(text, NULL, 10) : otherwise;
  if (v >= 1 && v <= max) return (u32)v;
  fprintf(stderr, "bench_node: %s must be 1 to %u\n", name, max);
  exit(1);
}

static void bench_must(err e, const struct errmsg *msg) {
  if (e == ERR_OK) return;
  fprintf(stderr, "bench_node: %s\n", msg->text[0] ? msg->text : err_text(e));
  exit(1);
}

static void bench_path(char out[300], const char *name) {
  snprintf(out, 300, "%s/%s", bench_dir, name);
}

static void bench_unlink(const char *db) {
  static const char *const tail[] = {"", "-wal", "-shm", "-journal"};
  char path[320];
  for (u32 i = 0; i < ARRAY_LEN(tail); i++) {
    snprintf(path, sizeof path, "%s%s", db, tail[i]);
    unlink(path);
  }
}

/*--------------------------------------------------------------- recovery */

enum { BENCH_GROUP = CRYPTO_RECOVER_GROUP };

static void bench_recover_some(u32 at, u32 cnt) {
  struct arena a;
  struct chain_tx tx[BENCH_GROUP], *ref[BENCH_GROUP];
  err res[BENCH_GROUP];
  arena_init(&a, 1024, 0);
  for (u32 i = 0; i < cnt; i++) {
    ref[i] = &tx[i];
    MUST(chain_tx_decode(&tx[i], bench_txs.raw[at + i], &a, NULL) == ERR_OK);
  }
  chain_tx_senders(ref, res, cnt);
  for (u32 i = 0; i < cnt; i++) {
    const addr20 *want = &bench_accounts.addr[(at + i) % BENCH_ACCOUNTS];
    MUST(res[i] == ERR_OK && addr20_eq(&tx[i].sender, want));
  }
  arena_fini(&a);
}
static void bench_recover_one(void *arg, u32 i) {
  (void)arg;
  bench_recover_some(i, 1);
}
static void bench_recover_group(void *arg, u32 i) {
  (void)arg;
  bench_recover_some(i * BENCH_GROUP, BENCH_GROUP);
}

static double bench_recover(const struct par *par,
                            void (*piece)(void *arg, u32 i), u32 pieces) {
  double start = bench_now();
  par_run(par, piece, NULL, pieces);
  return BENCH_RECOVER / (bench_now() - start);
}

/*-------------------------------------------------------- pool to durable */

/* A full pool evicts what it took, and nobody would send that again. */
static void bench_await_room(struct node *n) {
  struct node_pool_stat pool;
  for (;;) {
    node_pool_stat(n, &pool);
    if (pool.pending + pool.queued < BENCH_WINDOW) return;
    usleep(2000);
  }
}

/* Each submitter has its own senders, so that nonces stay in order. */
static void bench_submit(struct node *n, u32 me) {
  slice raw[BENCH_BATCH], again[BENCH_BATCH];
  err errs[BENCH_BATCH];
  struct node_submit_result *out = mem_alloc(sizeof *out * BENCH_BATCH);
  u32 next = 0, left = 0;
  for (;;) {
    u32 cnt = left;
    memcpy(raw, again, sizeof *raw * left);
    for (; cnt < BENCH_BATCH && next < bench_tx_cnt; next++) {
      if (next % BENCH_ACCOUNTS % BENCH_SUBMITTERS == me) {
        raw[cnt++] = bench_txs.raw[next];
      }
    }
    if (cnt == 0) break;
    bench_await_room(n);
    node_submit_batch(n, errs, out, raw, cnt);
    left = 0;
    for (u32 i = 0; i < cnt; i++) {
      if (errs[i] == ERR_LIMIT) {
        again[left++] = raw[i];
      } else {
        bench_must(errs[i], &out[i].msg);
      }
    }
    if (left) usleep(10000);
  }
  mem_free(out);
}

struct bench_submitter { struct node *n; u32 me; pthread_t id; };
static void *bench_submitter_main(void *arg) {
  struct bench_submitter *s = arg;
  bench_submit(s->n, s->me);
  return NULL;
}

struct bench_result { double rate, cpu_us; u64 gas_limit; };
static struct bench_result bench_transfers(const struct cmd_bench_chain *chain) {
  char path[300];
  struct errmsg msg = {""};
  struct buf genesis;
  struct node_created made;
  struct node *n;
  bench_path(path, "transfers.db");
  buf_init(&genesis, 0);
  cmd_bench_genesis(&genesis, &bench_accounts, chain);
  struct node_create what = {.genesis = buf_slice(&genesis), .password = "x"};
  bench_must(node_create(&made, path, &what, &msg), &msg);
  buf_fini(&genesis);
  struct node_config cfg = {.db_path = path};
  bench_must(node_open(&n, &cfg, &msg), &msg);
  struct bench_result out = {.gas_limit = node_info(n)->block_gas_limit};
  struct bench_submitter s[BENCH_SUBMITTERS];
  struct node_pool_stat left;
  double start = bench_now(), cpu = bench_cpu_us();
  for (u32 i = 0; i < BENCH_SUBMITTERS; i++) {
    s[i].n = n, s[i].me = i;
    MUST(pthread_create(&s[i].id, NULL, bench_submitter_main, &s[i]) == 0);
  }
  for (u32 i = 0; i < BENCH_SUBMITTERS; i++) pthread_join(s[i].id, NULL);
  do { /* a transaction leaves the pool when its block is durable */
    usleep(2000);
    node_pool_stat(n, &left);
    bench_must(node_failed(n, &msg), &msg);
  } while (left.pending > 0);
  MUST(left.queued == 0); /* none was evicted */
  out.rate = bench_tx_cnt / (bench_now() - start);
  out.cpu_us = (bench_cpu_us() - cpu) / bench_tx_cnt;
  node_close(n);
  bench_unlink(path);
  return out;
}

/* Three rows, of which the first is row. */
static void bench_fill(const struct cmd_bench_chain *chain, u32 run, u32 row) {
  struct bench_result out = bench_transfers(chain);
  bench_val[row][run] = out.rate;
  bench_val[row + 1][run] = out.cpu_us;
  bench_val[row + 2][run] = out.rate / bench_val[BENCH_ecrecover_groups][run];
  for (u32 i = row; i < row + 3; i++) bench_gas[i] = out.gas_limit;
}

/* The last: threads that are there already do not know of it.  What is in no
** stage is the making of the chain. */
static void bench_stages(const struct cmd_bench_chain *chain) {
  double cpu_s[STAGE_CNT], sync_s;
  node_stage_measure();
  bench_transfers(chain);
  MUST(node_stage_read(cpu_s, &sync_s));
  for (u32 i = STAGE_other + 1; i < STAGE_CNT; i++)
    printf("{\"name\":\"node_stage_%s\",\"value\":%.2f,\"unit\":\"us\"}\n",
           stage_name[i], cpu_s[i] * 1e6 / bench_tx_cnt);
  printf("{\"name\":\"node_stage_sync_time\",\"value\":%.2f,"
         "\"unit\":\"us\"}\n", sync_s * 1e6 / bench_tx_cnt);
}

/*---------------------------------------------------------- single blocks */

static double bench_singles(void) {
  char path[300];
  struct errmsg msg = {""};
  struct node *n;
  struct arena a;
  u8 key[32];
  struct node_submit_result *out = mem_alloc(sizeof *out);
  struct chain_tx tx = {
    .type = 2, .protected = true, .has_to = true, .gas_limit = 21000,
    .value = u256_from(1),
  };
  arena_init(&a, 1 << 16, 0);
  bench_path(path, "singles.db");
  struct node_config cfg = {.db_path = path, .dev = true};
  bench_must(node_open(&n, &cfg, &msg), &msg);
  tx.chain_id = node_info(n)->chain_id;
  node_dev_account(n, 0, &tx.to, key);
  double start = bench_now();
  for (tx.nonce = 0; tx.nonce < BENCH_SINGLES; tx.nonce++) {
    MUST(chain_tx_sign(&tx, key, &a) == ERR_OK);
    bench_must(node_submit(n, out, tx.raw), &out->msg);
  }
  double rate = BENCH_SINGLES / (bench_now() - start);
  node_close(n);
  bench_unlink(path);
  arena_fini(&a);
  mem_free(out);
  return rate;
}

int main(void) {
  const char *tmp = getenv("TMPDIR");
  u8 seed[32];
  snprintf(bench_dir, sizeof bench_dir, "%s/bench-node-XXXXXX",
           tmp && tmp[0] ? tmp : "/tmp");
  MUST(mkdtemp(bench_dir));
  log_setup(LOG_WARN, LOG_TEXT);
  node_random(seed, sizeof seed);
  crypto_init(seed);
  bench_runs = bench_env("RUNS", 3, BENCH_RUNS_MAX);
  bench_tx_cnt = bench_env("TXS", 60000, CMD_BENCH_TX_MAX);
  if (bench_tx_cnt < BENCH_RECOVER) bench_tx_cnt = BENCH_RECOVER;
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  struct node_workers *w = node_workers_open(cores > 1 ? (u32)cores - 1 : 0);
  const struct par *par = node_workers_par(w);
  cmd_bench_accounts_init(&bench_accounts, 0, BENCH_ACCOUNTS, par);
  cmd_bench_txs_init(&bench_txs, bench_tx_cnt, &bench_accounts, NULL,
                     CMD_BENCH_CHAIN_ID, cmd_bench_fill_transfer,
                     &bench_accounts, par);
  const struct cmd_bench_chain plain = {0}, credits = {.staked = BENCH_ACCOUNTS},
    fast = {.staked = BENCH_ACCOUNTS, .gas_limit = BENCH_FAST_GAS,
            .interval_ms = BENCH_FAST_MS};
  for (u32 i = 0; i < bench_runs; i++) {
    bench_val[BENCH_ecrecover_all_cores][i] =
        bench_recover(par, bench_recover_one, BENCH_RECOVER);
    bench_val[BENCH_ecrecover_groups][i] = bench_recover(
        par, bench_recover_group, BENCH_RECOVER / BENCH_GROUP);
    bench_fill(&plain, i, BENCH_node_transfers);
    bench_fill(&credits, i, BENCH_node_transfers_credits);
    bench_fill(&fast, i, BENCH_node_transfers_fast);
    bench_val[BENCH_node_single_blocks][i] = bench_singles();
  }
  node_workers_close(w);
  for (u32 row = 0; row < BENCH_ROW_CNT; row++) bench_print(row);
  bench_stages(&fast);
  cmd_bench_txs_fini(&bench_txs);
  cmd_bench_accounts_fini(&bench_accounts);
  rmdir(bench_dir);
  return 0;
}
