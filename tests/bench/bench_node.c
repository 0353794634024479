/* bench_node.c - the node without its network side: signed transfers in, the
** durable blocks out, as JSON lines.
**
**   ecrecover_all_cores  recoveries a second alone, on as many threads as
**                        cores, one by one
**   ecrecover_groups     the same by CRYPTO_RECOVER_GROUP, as the node does
**   node_transfers       transfers a second from node_submit_batch to durable,
**                        batches of 100, two submitters, blocks as they come
**   node_transfer_cpu    what one of those costs on all threads together
**   node_share           node_transfers of ecrecover_groups
**   node_single_blocks   blocks a second, durable, one transfer each, one
**                        waiting for the other
** Files are in a folder of their own under TMPDIR. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "chain/chain_tx.h"
#include "cmd/cmd_bench.h"
#include "crypto/secp256k1.h"
#include "node/node.h"
#include "node/node_workers.h"

enum { BENCH_ACCOUNTS = 1000, BENCH_TXS = 60000, BENCH_BATCH = 100,
       BENCH_SUBMITTERS = 2, BENCH_RECOVER = 12000, BENCH_SINGLES = 300 };

static char bench_dir[256];
static struct cmd_bench_accounts bench_accounts;
static struct cmd_bench_txs bench_txs;

static double bench_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double bench_cpu_us(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void bench_print(const char *name, double value, const char *unit) {
  printf("{\"name\":\"%s\",\"value\":%.*f,\"unit\":\"%s\"}\n", name,
         value < 100 ? 2 : 0, value, unit);
  fflush(stdout);
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

static double bench_recover(const struct par *par, const char *name,
                            void (*piece)(void *arg, u32 i), u32 pieces) {
  double start = bench_now();
  par_run(par, piece, NULL, pieces);
  double rate = BENCH_RECOVER / (bench_now() - start);
  bench_print(name, rate, "1/s");
  return rate;
}

/*-------------------------------------------------------- pool to durable */

/* Each submitter has its own senders, so that nonces stay in order. */
static void bench_submit(struct node *n, u32 me) {
  slice raw[BENCH_BATCH], again[BENCH_BATCH];
  err errs[BENCH_BATCH];
  struct node_submit_result *out = mem_alloc(sizeof *out * BENCH_BATCH);
  u32 next = 0, left = 0;
  for (;;) {
    u32 cnt = left;
    memcpy(raw, again, sizeof *raw * left);
    for (; cnt < BENCH_BATCH && next < BENCH_TXS; next++) {
      if (next % BENCH_ACCOUNTS % BENCH_SUBMITTERS == me) {
        raw[cnt++] = bench_txs.raw[next];
      }
    }
    if (cnt == 0) break;
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

static double bench_transfers(bool credits) {
  char path[300];
  struct errmsg msg = {""};
  struct buf genesis;
  struct node_created made;
  struct node *n;
  bench_path(path, credits ? "credits.db" : "transfers.db");
  buf_init(&genesis, 0);
  cmd_bench_genesis(&genesis, &bench_accounts, false, credits, 0);
  struct node_create what = {.genesis = buf_slice(&genesis), .password = "x"};
  bench_must(node_create(&made, path, &what, &msg), &msg);
  buf_fini(&genesis);
  struct node_config cfg = {.db_path = path};
  bench_must(node_open(&n, &cfg, &msg), &msg);
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
  } while (left.pending + left.queued > 0);
  double rate = BENCH_TXS / (bench_now() - start);
  bench_print(credits ? "node_transfers_credits" : "node_transfers", rate,
              "1/s");
  bench_print(credits ? "node_transfer_credits_cpu" : "node_transfer_cpu",
              (bench_cpu_us() - cpu) / BENCH_TXS, "us");
  node_close(n);
  bench_unlink(path);
  return rate;
}

/*---------------------------------------------------------- single blocks */

static void bench_singles(void) {
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
  bench_print("node_single_blocks", BENCH_SINGLES / (bench_now() - start),
              "1/s");
  node_close(n);
  bench_unlink(path);
  arena_fini(&a);
  mem_free(out);
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
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  struct node_workers *w = node_workers_open(cores > 1 ? (u32)cores - 1 : 0);
  const struct par *par = node_workers_par(w);
  cmd_bench_accounts_init(&bench_accounts, BENCH_ACCOUNTS, par);
  cmd_bench_txs_init(&bench_txs, BENCH_TXS, &bench_accounts, NULL,
                     CMD_BENCH_CHAIN_ID, cmd_bench_fill_transfer,
                     &bench_accounts, par);
  bench_recover(par, "ecrecover_all_cores", bench_recover_one, BENCH_RECOVER);
  double recover = bench_recover(par, "ecrecover_groups", bench_recover_group,
                                 BENCH_RECOVER / BENCH_GROUP);
  node_workers_close(w);
  bench_print("node_share", bench_transfers(false) / recover, "of 1");
  bench_print("node_share_credits", bench_transfers(true) / recover, "of 1");
  bench_singles();
  cmd_bench_txs_fini(&bench_txs);
  cmd_bench_accounts_fini(&bench_accounts);
  rmdir(bench_dir);
  return 0;
}
