/* cmd_bench_evm.c - the command  bench evm : state tests as benchmarks.
**
** A case's transaction is prepared as on a chain; then its message alone, the
** execution of the code with all that it calls, is run again and again, the
** state undone between, and the median taken.  Neither the state's making nor
** the transaction around the message (checks, nonce, fees, intrinsic gas) is
** in the time or the gas.  In the end the whole transaction must have the
** outcome that the test demands.
**
** Code is warm: analysed, and translated if it is worth it, as code of a
** contract in use is.  With --cold every run begins without any code known. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/cmd_bench.h"
#include "cmd/cmd_state.h"
#include "crypto/secp256k1.h"

#define BENCH_EVM_FILE_MAX (256u << 20)
#define BENCH_EVM_RUN_MIN 7u
#define BENCH_EVM_RUN_MAX 100000u
#define BENCH_EVM_NS 5e8 /* of one case's runs together */

struct bench_evm {
  struct cmd_vector v;
  bool cold;
  double *ns;  /* BENCH_EVM_RUN_MAX */
  u32 run_cnt;
  u64 gas;
  u32 passed, failed;
};

static double bench_evm_now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The time of one run that the thread had the core: by its own clock, whose
** reading is a system call, or by the wall's if that says less. */
static double bench_evm_time(struct evm *e, struct evm_result *out,
                             const struct evm_msg *msg) {
  double own = bench_evm_now(CLOCK_THREAD_CPUTIME_ID);
  double wall = bench_evm_now(CLOCK_MONOTONIC);
  evm_run(e, out, msg);
  wall = bench_evm_now(CLOCK_MONOTONIC) - wall;
  own = bench_evm_now(CLOCK_THREAD_CPUTIME_ID) - own;
  return own < wall ? own : wall;
}

static int bench_evm_cmp(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* In place of the one evm_run of a transaction. */
static void bench_evm_message(void *ctx, struct evm *e, struct evm_result *out,
                              const struct evm_msg *msg) {
  struct bench_evm *b = ctx;
  struct state *s = chain_exec_state(b->v.exec);
  double sum = 0;
  b->run_cnt = 0;
  for (;;) {
    state_snap snap = state_snapshot(s);
    if (b->cold) evm_forget(e);
    double took = bench_evm_time(e, out, msg);
    b->ns[b->run_cnt++] = took;
    sum += took;
    if (b->run_cnt == BENCH_EVM_RUN_MAX ||
        (sum >= BENCH_EVM_NS && b->run_cnt >= BENCH_EVM_RUN_MIN)) {
      break;
    }
    state_revert(s, snap);
  }
  b->gas = msg->gas - out->gas_left;
  qsort(b->ns, b->run_cnt, sizeof *b->ns, bench_evm_cmp);
}

static void bench_evm_print(struct bench_evm *b,
                            const struct cmd_state_case *c) {
  const json_t *info = json_object_get(c->test, "_info");
  const json_t *labels = json_object_get(info, "labels");
  u64 data =
      cmd_vector_get_u64(json_object_get(c->post, "indexes"), "data");
  char key[24], name[512];
  snprintf(key, sizeof key, "%llu", (unsigned long long)data);
  const char *label = json_string_value(json_object_get(labels, key));
  if (!label) {
    snprintf(key, sizeof key, "%u", c->report.index);
    label = key;
  }
  if (*label == ':') label += strncmp(label, ":label ", 7) == 0 ? 7 : 1;
  snprintf(name, sizeof name, "%s/%s", c->report.name, label);
  double ns = b->ns[b->run_cnt / 2], speed = (double)b->gas * 1e3 / ns;
  if (b->v.opt->json) {
    struct jsonw w;
    buf_clear(&b->v.out);
    jsonw_init(&w, &b->v.out);
    jsonw_obj(&w);
    jsonw_kv_str(&w, "name", name);
    jsonw_kv_str(&w, "fork", c->report.fork);
    jsonw_kv_u64(&w, "ns", (u64)ns);
    jsonw_kv_u64(&w, "gas", b->gas);
    jsonw_key(&w, "mgas_s");
    jsonw_double(&w, (double)(u64)(speed * 10 + 0.5) / 10);
    jsonw_kv_u64(&w, "runs", b->run_cnt);
    jsonw_obj_end(&w);
    printf("%.*s\n", (int)b->v.out.len, (const char *)b->v.out.ptr);
  } else {
    printf("%-44s %-10s %13.0f ns %11llu gas %9.1f Mgas/s\n", name,
           c->report.fork, ns, (unsigned long long)b->gas, speed);
  }
  fflush(stdout);
}

static void bench_evm_case(struct cmd_state_case *c) {
  struct bench_evm *b = (struct bench_evm *)(void *)c->v;
  struct chain_tx tx;
  struct chain_outcome out = {.verdict = CHAIN_SIGNATURE};
  const char *fault = NULL;
  struct state_mem *mem = state_mem_open();
  cmd_vector_alloc(mem, json_object_get(c->test, "pre"), &b->v.arena);
  struct state_source src = state_mem_source(mem);
  bool formed = cmd_state_transaction(c, &tx, &fault);
  cmd_state_begin(c, &src);
  b->run_cnt = 0;
  if (formed) chain_exec_tx(b->v.exec, &out, &tx);
  if (b->run_cnt) bench_evm_print(b, c);
  if (!fault) fault = cmd_state_check(c, mem, &out);
  if (fault) {
    fprintf(stderr, "cybermiles: %s [%s %u]: %s\n", c->report.name,
            c->report.fork, c->report.index, fault);
    b->failed++;
  }
  b->passed += b->run_cnt && !fault;
  state_mem_close(mem);
}

static int bench_evm_file(struct bench_evm *b, const char *path) {
  struct errmsg msg;
  u8 *text;
  size_t len;
  err e = cmd_read_file(&text, &len, path, BENCH_EVM_FILE_MAX, &msg);
  if (e < 0) return cmd_fail(e, &msg);
  json_t *root = json_read(slice_of(text, len), &msg);
  mem_free(text);
  if (!root) return cmd_fail(ERR_INPUT, &msg);
  arena_clear(&b->v.arena);
  cmd_state_each(&b->v, root, bench_evm_case);
  json_decref(root);
  return EXIT_DONE;
}

static int bench_evm_files(struct bench_evm *b, char **path, int cnt) {
  int code = EXIT_DONE;
  crypto_init(NULL);
  b->v.exec = chain_exec_open(1);
  chain_exec_set_run(b->v.exec, bench_evm_message, b);
  arena_init(&b->v.arena, 1 << 20, 0);
  buf_init(&b->v.out, 0);
  b->ns = mem_alloc(BENCH_EVM_RUN_MAX * sizeof *b->ns);
  for (int i = 0; i < cnt && code == EXIT_DONE; i++) {
    code = bench_evm_file(b, path[i]);
  }
  mem_free(b->ns);
  buf_fini(&b->v.out);
  arena_fini(&b->v.arena);
  chain_exec_close(b->v.exec);
  if (code == EXIT_DONE && b->passed + b->failed == 0) {
    fprintf(stderr, "cybermiles: nothing was run\n");
  }
  return code != EXIT_DONE              ? code
         : b->failed || b->passed == 0 ? EXIT_FAILED
                                       : EXIT_DONE;
}

int cmd_bench_evm(int argc, char **argv) {
  struct cmd_vector_opt opt = {0};
  struct bench_evm b = {.v.opt = &opt};
  enum evm_fork fork;
  int i = 1;
  for (; i < argc && argv[i][0] == '-'; i++) {
    if (strcmp(argv[i], "--json") == 0) opt.json = true;
    else if (strcmp(argv[i], "--cold") == 0) b.cold = true;
    else if (strcmp(argv[i], "--fork") == 0 && i + 1 < argc) {
      opt.fork = argv[++i];
    } else {
      break;
    }
  }
  if (i == argc || argv[i][0] == '-' ||
      (opt.fork && evm_fork_parse(&fork, opt.fork) < 0)) {
    fprintf(stderr, "usage: cybermiles bench evm [--json] [--cold] "
                    "[--fork F] FILE...\n");
    return EXIT_USAGE;
  }
  return bench_evm_files(&b, argv + i, argc - i);
}

#undef BENCH_EVM_FILE_MAX
#undef BENCH_EVM_RUN_MIN
#undef BENCH_EVM_RUN_MAX
#undef BENCH_EVM_NS
