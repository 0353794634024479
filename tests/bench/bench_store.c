/* bench_store.c - what a transfer costs behind its execution: making the
** block's bytes and versions (apply), the block's transaction (append), the
** tables and indexes behind it (flush, upkeep, checkpoint), the tries
** (commit); then reads.  Durable, in the current folder.
**
** bench_store [accounts [blocks [transfers a block]]]
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "node/node_int.h"
#include "node/node_state_int.h"

struct bench {
  struct store *store;
  struct node_state *state;
  struct node node;
  addr20 *addr;
  hash32 *key;
  struct state_account *val;
  u32 accounts, transfers;
  u64 rnd;
  u64 apply_us, append_us, behind_us, commit_us, slice_max_us, append_max_us;
};

static u64 bench_random(u64 *x) {
  u64 z = (*x += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  return z ^ (z >> 31);
}

/* Of this thread: the machine's other work does not count. */
static u64 bench_thread_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (u64)t.tv_sec * 1000000 + (u64)t.tv_nsec / 1000;
}

static void bench_say(const char *name, double value, const char *unit) {
  printf("{\"name\":\"store.%s\",\"value\":%.3f,\"unit\":\"%s\"}\n", name,
         value, unit);
}

static void bench_must(err e, const char *what) {
  if (e == ERR_OK) return;
  fprintf(stderr, "bench_store: %s: %s\n", what, err_text(e));
  exit(1);
}

static int bench_diff_cmp(const void *a, const void *b) {
  return hash32_cmp(&((const struct state_diff_account *)a)->key,
                    &((const struct state_diff_account *)b)->key);
}

static void bench_write(struct bench *b, struct store_block *sb) {
  u64 t = nstate_clock_us(), cpu = bench_thread_us();
  bench_must(store_append(b->store, &sb, 1), "append");
  node_state_durable(b->state, sb->height);
  t = nstate_clock_us() - t;
  b->append_us += bench_thread_us() - cpu;
  if (t > b->append_max_us) b->append_max_us = t;
  store_block_free(sb);
}

static void bench_behind(struct bench *b, bool all) {
  bool more = true;
  for (u32 i = 0; (all || i < 200) && more; i++) {
    u64 t = nstate_clock_us(), cpu = bench_thread_us();
    bench_must(node_state_write_step(b->state, t / 1000, &more), "step");
    t = nstate_clock_us() - t;
    b->behind_us += bench_thread_us() - cpu;
    if (t > b->slice_max_us) b->slice_max_us = t;
  }
}

static void bench_block(struct bench *b, struct chain_block_result *res,
                        struct arena *a) {
  u64 t = bench_thread_us();
  bench_must(state_commit(&res->root, &res->diff, node_state_source(b->state),
                          NULL, a), "commit");
  b->commit_us += bench_thread_us() - t;
  res->header.state_root = res->root.root;
  res->header.opt_cnt = CHAIN_HEADER_OPT_MAX;
  chain_header_hash(&res->hash, &res->header);
  struct store_block *sb;
  t = bench_thread_us();
  bench_must(node_state_apply(b->state, &sb, res, slice_of(NULL, 0),
                              slice_of(NULL, 0)), "apply");
  b->apply_us += bench_thread_us() - t;
  bench_write(b, sb);
}

static void bench_genesis(struct bench *b, struct arena *a) {
  struct chain_block_result res = {0};
  res.diff.account = arena_array(a, struct state_diff_account, b->accounts);
  res.diff.account_cnt = b->accounts;
  for (u32 i = 0; i < b->accounts; i++) {
    struct state_diff_account *d = &res.diff.account[i];
    u64 x = i;
    for (u32 k = 0; k < 20; k++) b->addr[i].b[k] = (u8)bench_random(&x);
    crypto_keccak256(&b->key[i], b->addr[i].b, 20);
    b->val[i] = (struct state_account){.balance = u256_from(1ull << 60),
                                       .code_hash = CRYPTO_KECCAK_EMPTY,
                                       .storage_root = CRYPTO_KECCAK_RLP_NIL};
    d->key = b->key[i];
    d->addr = b->addr[i];
    d->exists = true;
    d->new_val = b->val[i];
    d->old_val.code_hash = CRYPTO_KECCAK_EMPTY;
    d->old_val.storage_root = CRYPTO_KECCAK_RLP_NIL;
  }
  qsort(res.diff.account, b->accounts, sizeof *res.diff.account,
        bench_diff_cmp);
  bench_block(b, &res, a);
}

/* transfers between random accounts: the difference that executing gives. */
static void bench_transfers(struct bench *b, u64 height, struct arena *a) {
  struct chain_block_result res = {0};
  u32 n = b->transfers, cnt = 0;
  struct chain_tx *tx = arena_array(a, struct chain_tx, n);
  res.tx = arena_array(a, const struct chain_tx *, n);
  res.receipt = arena_array(a, struct chain_receipt, n);
  res.diff.account = arena_array(a, struct state_diff_account, 2 * n);
  u32 *seen = arena_array(a, u32, b->accounts);
  for (u32 i = 0; i < n; i++) {
    u32 who[2] = {(u32)(bench_random(&b->rnd) % b->accounts),
                  (u32)(bench_random(&b->rnd) % b->accounts)};
    for (u32 k = 0; k < 2; k++) {
      if (!seen[who[k]]) {
        struct state_diff_account *d = &res.diff.account[cnt];
        d->key = b->key[who[k]];
        d->addr = b->addr[who[k]];
        d->existed = d->exists = true;
        d->old_val = b->val[who[k]];
        seen[who[k]] = ++cnt;
      }
      b->val[who[k]].nonce++;
      b->val[who[k]].balance.w[0] += k ? 1 : (u64)-1;
      res.diff.account[seen[who[k]] - 1].new_val = b->val[who[k]];
    }
    /* 110 bytes as of a signed transfer; nobody decodes it here. */
    u8 raw[110];
    for (u32 k = 0; k < sizeof raw; k++) raw[k] = (u8)bench_random(&b->rnd);
    tx[i].raw = slice_of(arena_copy(a, raw, sizeof raw), sizeof raw);
    crypto_keccak256(&tx[i].hash, raw, sizeof raw);
    tx[i].sender = b->addr[who[0]];
    res.tx[i] = &tx[i];
    res.receipt[i].success = true;
    res.receipt[i].gas_used = 21000;
    res.receipt[i].cumulative_gas = 21000ull * (i + 1);
  }
  res.tx_cnt = n;
  res.diff.account_cnt = cnt;
  res.header.number = height;
  qsort(res.diff.account, cnt, sizeof *res.diff.account, bench_diff_cmp);
  bench_block(b, &res, a);
}

static void bench_reads(struct bench *b) {
  enum { READS = 20000 };
  struct state_source src;
  struct node_read *r;
  struct state_account acc;
  bool found;
  u64 t = nstate_clock_us();
  bench_must(node_read_begin(&b->node, &r), "read");
  bench_must(node_read_state(r, &src, node_read_head(r)), "read");
  r->deadline_us = 0;
  r->deadline_us--;
  for (u32 i = 0; i < READS; i++) {
    u32 who = (u32)(bench_random(&b->rnd) % b->accounts);
    bench_must(src.account(src.ctx, &acc, &found, &b->addr[who],
                           &b->key[who]), "account");
    MUST(found && acc.nonce == b->val[who].nonce);
  }
  bench_say("read_account", (double)(nstate_clock_us() - t) / READS, "us");
  bench_must(node_read_state(r, &src, node_read_head(r) / 2), "read");
  t = nstate_clock_us();
  for (u32 i = 0; i < READS / 20; i++) {
    u32 who = (u32)(bench_random(&b->rnd) % b->accounts);
    bench_must(src.account(src.ctx, &acc, &found, &b->addr[who],
                           &b->key[who]), "account");
  }
  bench_say("read_account_past",
            (double)(nstate_clock_us() - t) / (READS / 20), "us");
  node_read_end(r);
  t = nstate_clock_us();
  for (u32 i = 0; i < READS / 20; i++) {
    bench_must(node_read_begin(&b->node, &r), "read");
    node_read_end(r);
  }
  bench_say("read_begin_end", (double)(nstate_clock_us() - t) / (READS / 20),
            "us");
}

static u64 bench_cpu_us(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (u64)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
         (u64)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

int main(int argc, char **argv) {
  struct bench b = {.accounts = 100000, .transfers = 5000, .rnd = 7};
  u32 blocks = 20;
  struct errmsg msg = {{0}};
  char path[64];
  if (argc > 1) b.accounts = (u32)atoi(argv[1]);
  if (argc > 2) blocks = (u32)atoi(argv[2]);
  if (argc > 3) b.transfers = (u32)atoi(argv[3]);
  snprintf(path, sizeof path, "bench_store_%d.db", (int)getpid());
  crypto_init(NULL);
  err e = store_open(&b.store, path, STORE_CREATE, &msg);
  struct node_state_config cfg = {.store = b.store};
  if (!e) e = node_state_open(&b.state, &cfg, &msg);
  if (e) fprintf(stderr, "bench_store: %s\n", msg.text);
  if (e) return 1;
  b.node.state = b.state;
  b.addr = calloc(b.accounts, sizeof *b.addr);
  b.key = calloc(b.accounts, sizeof *b.key);
  b.val = calloc(b.accounts, sizeof *b.val);
  struct arena a;
  arena_init(&a, 1 << 20, 0);
  u64 t = nstate_clock_us();
  bench_genesis(&b, &a);
  for (u32 i = 0; i < 100; i++) {
    bench_behind(&b, true);
    usleep(10000);
  }
  arena_fini(&a);
  arena_init(&a, 1 << 20, 0);
  bench_say("genesis_account", (double)(nstate_clock_us() - t - 1000000) /
                                   b.accounts, "us");
  b.apply_us = b.append_us = b.behind_us = b.commit_us = 0;
  b.slice_max_us = b.append_max_us = 0;
  t = nstate_clock_us();
  u64 cpu = bench_cpu_us();
  for (u32 i = 1; i <= blocks; i++) {
    bench_transfers(&b, i, &a);
    bench_behind(&b, false);
    arena_clear(&a);
  }
  bench_behind(&b, true);
  double all = (double)blocks * b.transfers;
  bench_say("all_per_transfer", (double)(bench_cpu_us() - cpu) / all, "us cpu");
  bench_say("wall_per_transfer", (double)(nstate_clock_us() - t) / all, "us");
  bench_say("tries_per_transfer", (double)b.commit_us / all, "us cpu");
  bench_say("apply_per_transfer", (double)b.apply_us / all, "us cpu");
  bench_say("append_per_transfer", (double)b.append_us / all, "us cpu");
  bench_say("behind_per_transfer", (double)b.behind_us / all, "us cpu");
  bench_say("append_max", (double)b.append_max_us / 1000, "ms");
  bench_say("slice_max", (double)b.slice_max_us / 1000, "ms");
  struct node_state_stat st;
  node_state_stat(b.state, &st);
  bench_say("cache_bytes", (double)st.cache_bytes / 1e6, "MB");
  bench_say("overlay_bytes", (double)st.overlay_bytes / 1e6, "MB");
  bench_say("flushed_of_head", (double)st.flushed / (double)st.durable, "");
  bench_say("cache_hit_rate",
            (double)st.cache_hits /
                (double)(st.cache_hits + st.cache_misses + 1), "");
  bench_reads(&b);
  t = nstate_clock_us();
  e = node_state_close(b.state, false, &msg);
  if (!e) e = store_close(b.store, &msg);
  bench_must(e, msg.text);
  bench_say("close", (double)(nstate_clock_us() - t) / 1000, "ms");
  FILE *f = fopen(path, "rb");
  if (f && fseek(f, 0, SEEK_END) == 0)
    bench_say("file_bytes", (double)ftell(f) / 1e6, "MB");
  if (f) fclose(f);
  unlink(path);
  free(b.addr);
  free(b.key);
  free(b.val);
  arena_fini(&a);
  return 0;
}
