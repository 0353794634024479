/* bench_trie.c - the trie and the world on one core and on two, as JSON lines:
** account updates in batches of 5,000 over 100,000 and 1,000,000 accounts,
** roots of a block's transactions and receipts, and what the world takes for a
** transfer and for a slot, with the best keccak of this CPU.  Nodes are in a
** table in memory; storing them there is not counted.  Each figure is the
** median of several batches. */
#include "bench/bench_time.h"
#include "crypto/keccak.h"
#include "state/state.h"
#include "trie/trie_fixture.h"
#include "trie/trie_random.h"
#include <stdio.h>

enum { BENCH_BATCH = 5000, BENCH_RUNS = 9, BENCH_LEAF = 76 };

static void bench_say(const char *name, double value, const char *unit) {
  printf("{\"name\":\"%s\",\"value\":%.4g,\"unit\":\"%s\"}\n", name, value,
         unit);
  fflush(stdout);
}


/* Two threads for each run, the caller being one. */
static void bench_par_run(void *ctx, void (*fn)(void *arg, u32 i), void *arg,
                          u32 cnt) {
  struct trie_threads t = {fn, arg, cnt, 0};
  pthread_t th;
  (void)ctx;
  MUST(pthread_create(&th, NULL, trie_threads_main, &t) == 0);
  trie_threads_main(&t);
  pthread_join(th, NULL);
}
static const struct par bench_par = {NULL, 2, bench_par_run};

/*-------------------------------------------------------------------- trie */

static u8 bench_leaf[BENCH_LEAF]; /* every account's */
static err bench_leaf_get(void *ctx, slice *out, const hash32 *key) {
  (void)ctx;
  (void)key;
  *out = slice_of(bench_leaf, BENCH_LEAF);
  return ERR_OK;
}

static int bench_cmp_change(const void *a, const void *b) {
  return hash32_cmp(&((const struct trie_change *)a)->key,
                    &((const struct trie_change *)b)->key);
}

/* The i-th account's key: existing ones are 0..accounts-1. */
static void bench_key(hash32 *out, u64 i) {
  crypto_keccak256(out, &i, sizeof i);
}

/* Seconds of one update; its nodes are stored afterwards. */
static double bench_update(struct trie_fixture *t, struct trie_change *c,
                           size_t cnt, const struct par *par) {
  struct trie_source src = {.ctx = t, .node = trie_fixture_node,
                            .leaf = bench_leaf_get};
  struct trie_result r;
  qsort(c, cnt, sizeof *c, bench_cmp_change);
  double start = bench_now();
  MUST(trie_update(&r, &src, c, cnt, par, &t->a) == ERR_OK);
  double took = bench_now() - start;
  for (size_t i = 0; i < r.put_cnt; i++) {
    struct trie_fixture_key k =
        trie_fixture_path(r.put[i].path, r.put[i].path_len);
    trie_fixture_put(&t->node, &k, r.put[i].node);
  }
  arena_clear(&t->a);
  return took;
}

/* Bytes of all stored nodes, paths not counted. */
static double bench_node_bytes(const struct trie_fixture *t) {
  const void *key;
  void *val;
  double sum = 0;
  for (size_t it = 0; map_next(&t->node, &it, &key, &val);) {
    sum += (double)((const struct trie_fixture_val *)val)->len;
  }
  return sum;
}

static void bench_trie_size(u64 accounts) {
  static struct trie_change c[BENCH_BATCH];
  struct trie_fixture t;
  struct trie_random r = {accounts};
  double built = 0, took[BENCH_RUNS];
  char name[80];
  trie_fixture_init(&t);
  for (u64 i = 0; i < accounts; i += BENCH_BATCH) {
    for (u32 k = 0; k < BENCH_BATCH; k++) {
      bench_key(&c[k].key, i + k);
      c[k].val = slice_of(bench_leaf, BENCH_LEAF);
    }
    built += bench_update(&t, c, BENCH_BATCH, NULL);
  }
  snprintf(name, sizeof name, "trie_insert_to_%llu",
           (unsigned long long)accounts);
  bench_say(name, (double)accounts / built, "accounts/s");
  snprintf(name, sizeof name, "trie_nodes_of_%llu",
           (unsigned long long)accounts);
  bench_say(name, bench_node_bytes(&t) / (double)accounts, "bytes/account");
  for (int par = 0; par < 2; par++) {
    for (int run = 0; run < BENCH_RUNS; run++) {
      u64 first = trie_random_u64(&r) % accounts;
      for (u32 k = 0; k < BENCH_BATCH; k++) { /* 7919 is prime: all differ */
        bench_key(&c[k].key, (first + k * 7919ull) % accounts);
        c[k].val = slice_of(bench_leaf, BENCH_LEAF);
      }
      took[run] = bench_update(&t, c, BENCH_BATCH, par ? &bench_par : NULL);
    }
    snprintf(name, sizeof name, "trie_update_of_%llu_%s",
             (unsigned long long)accounts, par ? "2_threads" : "1_thread");
    bench_say(name, BENCH_BATCH / bench_median(took, BENCH_RUNS),
              "accounts/s");
  }
  trie_fixture_fini(&t);
}

static void bench_indexed(const char *name, u32 len) {
  enum { CNT = 5000 };
  static u8 bytes[CNT][300];
  static slice vals[CNT];
  struct arena a;
  double took[BENCH_RUNS];
  arena_init(&a, 1 << 20, 0);
  for (u32 i = 0; i < CNT; i++) {
    store_be64(bytes[i], i);
    vals[i] = slice_of(bytes[i], len);
  }
  for (int run = 0; run < BENCH_RUNS; run++) {
    hash32 root;
    double start = bench_now();
    trie_root_indexed(&root, vals, CNT, &a);
    took[run] = bench_now() - start;
  }
  arena_fini(&a);
  bench_say(name, CNT / bench_median(took, BENCH_RUNS), "items/s");
}

/*------------------------------------------------------------------- world */

enum { BENCH_ACCOUNTS = 1000, BENCH_TXS = 5000 };

static addr20 bench_addr(u64 i) {
  addr20 a = {{1}};
  store_be64(a.b + 12, i);
  return a;
}

/* What execution does to the world for a plain transfer. */
static void bench_transfer(struct state *s, const addr20 *from,
                           const addr20 *to) {
  u256 v = u256_from(1), bal;
  state_tx_begin(s);
  state_access_account(s, from);
  state_access_account(s, to);
  u64 nonce = state_nonce(s, from);
  state_balance(s, &bal, from);
  state_nonce_set(s, from, nonce + 1);
  state_snapshot(s);
  MUST(state_balance_sub(s, from, &v));
  state_balance_add(s, to, &v);
  state_code(s, NULL, to);
  state_tx_end(s, true);
}

static void bench_world(void) {
  struct state *s = state_open(1);
  struct state_mem *m = state_mem_open();
  struct trie_random r = {5};
  struct arena a;
  double transfer[BENCH_RUNS], diff[BENCH_RUNS], bytes[BENCH_RUNS];
  double slots[BENCH_RUNS];
  u256 rich = {{0, 1}};
  arena_init(&a, 1 << 20, 0);
  for (u64 i = 0; i < BENCH_ACCOUNTS; i++) {
    addr20 ad = bench_addr(i);
    state_mem_account(m, &ad, 1, &rich, slice_of(NULL, 0));
  }
  struct state_source src = state_mem_source(m);
  for (int run = 0; run < BENCH_RUNS; run++) {
    struct state_diff d;
    struct buf b;
    state_block_begin(s, &src);
    double start = bench_now();
    for (u32 i = 0; i < BENCH_TXS; i++) {
      addr20 from = bench_addr(trie_random_below(&r, BENCH_ACCOUNTS));
      addr20 to = bench_addr(trie_random_below(&r, BENCH_ACCOUNTS));
      bench_transfer(s, &from, &to);
    }
    transfer[run] = bench_now() - start;
    start = bench_now();
    state_block_diff(s, &d, &a);
    diff[run] = bench_now() - start;
    buf_init(&b, 0);
    start = bench_now();
    state_diff_encode(&b, &d);
    bytes[run] = bench_now() - start;
    buf_fini(&b);
    arena_clear(&a);
    addr20 token = bench_addr(0);
    start = bench_now();
    for (u32 i = 0; i < 100000; i++) {
      u256 slot = {{trie_random_below(&r, 2000), 1, 2, 3}}, v;
      if (i % 20 == 0) state_tx_begin(s);
      state_access_slot(s, &token, &slot);
      state_slot(s, &v, &token, &slot);
      v.w[0]++;
      state_slot_set(s, &token, &slot, &v);
    }
    slots[run] = bench_now() - start;
  }
  bench_say("state_transfer", bench_median(transfer, BENCH_RUNS) / BENCH_TXS * 1e9,
            "ns");
  bench_say("state_diff_of_1000_accounts", bench_median(diff, BENCH_RUNS) * 1e6,
            "us");
  bench_say("state_diff_encode_1000_accounts",
            bench_median(bytes, BENCH_RUNS) * 1e6, "us");
  bench_say("state_slot_read_and_write",
            bench_median(slots, BENCH_RUNS) / 100000 * 1e9, "ns");
  arena_fini(&a);
  state_close(s);
  state_mem_close(m);
}

int main(void) {
  MUST(crypto_keccak_select(NULL));
  memset(bench_leaf, 0x85, sizeof bench_leaf);
  bench_trie_size(100000);
  bench_trie_size(1000000);
  bench_indexed("trie_root_of_5000_transactions", 110);
  bench_indexed("trie_root_of_5000_receipts", 290);
  bench_world();
  return 0;
}
