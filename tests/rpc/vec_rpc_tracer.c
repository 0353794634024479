/* vec_rpc_tracer.c - callTracer, flatCallTracer and prestateTracer against
** go-ethereum's recorded traces: each has a genesis, a block's context and a
** transaction, and what the tracer said.
*/
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "chain/chain_fork.h"
#include "chain/chain_genesis.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/secp256k1.h"
#include "rpc/rpc_param.h"
#include "rpc/rpc_tracer.h"

static char vec_dir[1024];
static struct arena vec_arena;

static int vec_setup(void **state) {
  (void)state;
  const char *src = getenv("SRCDIR");
  crypto_init(NULL);
  arena_init(&vec_arena, 1 << 20, 0);
  if (!src || !getenv("CONFORMANCE") || !getenv("CONFORMANCE_DIR")) return 0;
  char cmd[1200];
  snprintf(cmd, sizeof cmd, "sh '%s/tests/unpack.sh' misc", src);
  FILE *p = popen(cmd, "r");
  if (p) {
    if (fgets(vec_dir, sizeof vec_dir, p)) vec_dir[strcspn(vec_dir, "\n")] = 0;
    pclose(p);
  }
  return 0;
}
static int vec_teardown(void **state) {
  (void)state;
  arena_fini(&vec_arena);
  return 0;
}

static json_t *vec_load(const char *path) {
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  u8 *p = arena_alloc(&vec_arena, 8 << 20);
  size_t n = fread(p, 1, 8 << 20, f);
  fclose(f);
  struct errmsg msg;
  json_t *j = json_read(slice_of(p, n), &msg);
  if (!j) fail_msg("%s: %s", path, msg.text);
  return j;
}

static u256 vec_number(const json_t *obj, const char *key) {
  u256 v = U256_ZERO;
  const char *s = json_string_value(json_object_get(obj, key));
  if (s && u256_parse(&v, s, strlen(s)) < 0) fail_msg("%s: %s", key, s);
  return v;
}

/* One recorded trace as it is run again. */
struct vec_case {
  struct chain_genesis genesis;
  struct chain_header header;
  struct chain_rules rules;
  struct chain_tx tx;
  struct state_mem *mem;
};

static bool vec_ends(const char *s, const char *end) {
  size_t n = strlen(s), k = strlen(end);
  return n >= k && strcmp(s + n - k, end) == 0;
}

/* What the tests' own writer of genesis files adds is left out. */
static json_t *vec_genesis(const json_t *from) {
  static const char *const keep[] = {"alloc", "gasLimit", "difficulty"};
  json_t *g = json_object(), *config = json_object(), *val;
  const char *key;
  json_object_foreach(json_object_get(from, "config"), key, val) {
    if (strcmp(key, "chainId") == 0 || strcmp(key, "blobSchedule") == 0 ||
        vec_ends(key, "Block") || vec_ends(key, "Time")) {
      json_object_set(config, key, val);
    }
  }
  if (json_object_get(config, "eip158Block")) {
    json_object_set(config, "eip155Block",
                    json_object_get(config, "eip158Block"));
  }
  const json_t *eip150 = json_object_get(config, "eip150Block");
  if (eip150 && json_integer_value(eip150) == 0) {
    json_object_set_new(config, "homesteadBlock", json_integer(0));
  }
  json_object_set_new(g, "config", config);
  for (u32 i = 0; i < ARRAY_LEN(keep); i++) {
    json_object_set(g, keep[i], json_object_get(from, keep[i]));
  }
  return g;
}

static void vec_world(struct vec_case *v, const json_t *j) {
  struct errmsg msg;
  json_t *genesis = vec_genesis(json_object_get(j, "genesis"));
  char *text = json_dumps(genesis, 0);
  if (chain_genesis_parse(&v->genesis, slice_str(text), &vec_arena, &msg) < 0) {
    fail_msg("genesis: %s", msg.text);
  }
  free(text);
  json_decref(genesis);
  v->mem = state_mem_open();
  for (u32 i = 0; i < v->genesis.account_cnt; i++) {
    const struct chain_genesis_account *a = &v->genesis.account[i];
    state_mem_account(v->mem, &a->addr, a->nonce, &a->balance, a->code);
    for (u32 k = 0; k < a->slot_cnt; k++) {
      state_mem_slot(v->mem, &a->addr, &a->slot[k].slot, &a->slot[k].val);
    }
  }
}

static void vec_context(struct vec_case *v, const json_t *j) {
  const json_t *c = json_object_get(j, "context");
  struct chain_header *h = &v->header;
  h->number = vec_number(c, "number").w[0];
  h->timestamp = vec_number(c, "timestamp").w[0];
  h->gas_limit = vec_number(c, "gasLimit").w[0];
  h->difficulty = vec_number(c, "difficulty");
  h->base_fee = vec_number(c, "baseFeePerGas");
  assert_int_equal(hex_parse_addr(&h->coinbase, slice_str(json_string_value(
      json_object_get(c, "miner")))), ERR_OK);
  chain_rules_ethereum(&v->rules, &v->genesis.schedule, v->genesis.chain_id,
                       h->number, h->timestamp);
  v->rules.system_calls = v->rules.history_call = false;
  if (v->rules.fork >= EVM_LONDON) h->opt_cnt = CHAIN_HEADER_OPT_MAX;
}

static void vec_transaction(struct vec_case *v, const json_t *j) {
  const char *hex = json_string_value(json_object_get(j, "input"));
  size_t n = strlen(hex) / 2 - 1;
  u8 *raw = arena_alloc(&vec_arena, n);
  struct errmsg msg;
  assert_int_equal(hex_decode(raw, hex + 2, 2 * n), ERR_OK);
  if (chain_tx_decode(&v->tx, slice_of(raw, n), &vec_arena, &msg) < 0) {
    fail_msg("transaction: %s", msg.text);
  }
  assert_int_equal(chain_tx_sender(&v->tx), ERR_OK);
}

/* The trace's text. */
static void vec_run(struct buf *out, struct vec_case *v,
                    const struct rpc_trace_opts *opts) {
  struct chain_exec *x = chain_exec_open(1);
  struct state_source src = state_mem_source(v->mem);
  struct rpc_tracing t;
  struct chain_outcome o;
  chain_exec_begin(x, &v->rules, &v->header, NULL, &src);
  rpc_tracing_init(&t, opts, x, &v->rules, &v->header, &v->tx, 0);
  t.place.number = v->header.number;
  evm_set_tracer(chain_exec_evm(x), &t.hooks);
  chain_exec_tx(x, &o, &v->tx);
  evm_set_tracer(chain_exec_evm(x), NULL);
  if (o.verdict != CHAIN_OK) {
    fail_msg("not executed: %s", chain_verdict_text(o.verdict));
  }
  assert_true(rpc_tracing_put(&t, out, &o));
  rpc_tracing_fini(&t);
  chain_exec_close(x);
}

#define ZERO_ADDR "0x0000000000000000000000000000000000000000"
static bool vec_is_of_suicide(const char *key) {
  return strcmp(key, "author") == 0 || strcmp(key, "address") == 0 ||
         strcmp(key, "balance") == 0 || strcmp(key, "refundAddress") == 0;
}

/* What one side leaves out as empty, or has as geth's own bookkeeping. */
static void vec_plain(json_t *j) {
  static const char *const noise[] = {"time", "blockNumber", "blockHash",
                                      "transactionHash",
                                      "transactionPosition"};
  const char *key;
  json_t *val;
  void *tmp;
  size_t i;
  json_array_foreach(j, i, val) vec_plain(val);
  if (!json_is_object(j)) return;
  for (i = 0; i < ARRAY_LEN(noise); i++) json_object_del(j, noise[i]);
  json_t *result = json_object_get(j, "result");
  if (json_is_null(result) ||
      (json_is_object(result) && json_object_size(result) == 0)) {
    json_object_del(j, "result");
  }
  json_object_foreach_safe(j, tmp, key, val) {
    const char *s = json_string_value(val);
    bool empty = s && strcmp(s, "0x") == 0;
    bool zero = s && (strcmp(s, "0x0") == 0 || strcmp(s, ZERO_ADDR) == 0);
    if (empty || (zero && vec_is_of_suicide(key))) {
      json_object_del(j, key);
      continue;
    }
    vec_plain(val);
  }
}

/* geth adds to some errors what they were about. */
static void vec_errors(json_t *got, json_t *want) {
  const char *a = json_string_value(json_object_get(got, "error"));
  const char *b = json_string_value(json_object_get(want, "error"));
  const char *key;
  json_t *val;
  size_t i;
  if (!json_object_get(want, "index")) json_object_del(got, "index");
  if (a && b && strncmp(a, b, strlen(a)) == 0) {
    json_object_set_new(want, "error", json_string(a));
  }
  json_array_foreach(got, i, val) vec_errors(val, json_array_get(want, i));
  json_object_foreach(got, key, val) {
    vec_errors(val, json_object_get(want, key));
  }
}

/* False, and says why, when it is not as recorded. */
static bool vec_check(const char *tracer, const char *path) {
  struct arena_mark mark = arena_mark(&vec_arena);
  struct vec_case *v = arena_new(&vec_arena, struct vec_case);
  struct rpc_trace_opts opts;
  struct rpc_call call = {.a = &vec_arena};
  struct errmsg msg;
  struct buf out;
  json_t *j = vec_load(path);
  json_t *config = json_pack("{s:s}", "tracer", tracer);
  json_t *given = json_object_get(j, "tracerConfig");
  if (given) json_object_set(config, "tracerConfig", given);
  struct rpc_value value = rpc_value_of(config);
  if (rpc_trace_opts_read(&call, &opts, &value, &msg) < 0) {
    fail_msg("%s: %s", path, msg.text);
  }
  vec_world(v, j);
  vec_context(v, j);
  vec_transaction(v, j);
  buf_init(&out, 0);
  vec_run(&out, v, &opts);
  json_t *got = json_read(buf_slice(&out), &msg);
  if (!got) fail_msg("%s: %s", path, msg.text);
  json_t *want = json_object_get(j, "result");
  vec_plain(got);
  vec_plain(want);
  vec_errors(got, want);
  bool same = json_equal(got, want);
  if (!same) {
    char *a = json_dumps(got, JSON_SORT_KEYS | JSON_INDENT(1));
    char *b = json_dumps(want, JSON_SORT_KEYS | JSON_INDENT(1));
    size_t at = 0;
    while (a[at] && a[at] == b[at]) at++;
    size_t from = at > 300 ? at - 300 : 0;
    print_error("%s:\ngot  ...%.600s\nwant ...%.600s\n", path, a + from,
                b + from);
    free(a);
    free(b);
  }
  buf_fini(&out);
  json_decref(got);
  json_decref(config);
  json_decref(j);
  state_mem_close(v->mem);
  arena_reset(&vec_arena, mark);
  return same;
}

/* Frontier kept a contract whose code could not be paid, without code; geth
** shows what its init code returned all the same.  And a precompile says in
** words of its own why it failed. */
static const char *const vec_except[] = {"frontier_create_outofstorage.json",
                                         "callcode_precompiled_throw.json"};

static bool vec_wanted(const char *name) {
  for (u32 i = 0; i < ARRAY_LEN(vec_except); i++) {
    if (strcmp(name, vec_except[i]) == 0) return false;
  }
  return strstr(name, ".json") != NULL;
}

static void vec_folder(const char *tracer, const char *folder, u32 least) {
  char path[1400];
  u32 cnt = 0, bad = 0;
  if (!vec_dir[0]) {
    print_message("SKIP: no public vectors (CONFORMANCE)\n");
    skip();
  }
  snprintf(path, sizeof path, "%s/tracers/%s", vec_dir, folder);
  DIR *d = opendir(path);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    if (!vec_wanted(e->d_name)) continue;
    snprintf(path, sizeof path, "%s/tracers/%s/%.200s", vec_dir, folder,
             e->d_name);
    bad += !vec_check(tracer, path);
    cnt++;
  }
  closedir(d);
  assert_in_range(cnt, least, 1000);
  assert_int_equal(bad, 0);
}

static void calls_when_traced_then_as_recorded(void **state) {
  (void)state;
  vec_folder("callTracer", "call_tracer", 10);
}
static void logs_when_traced_then_as_recorded(void **state) {
  (void)state;
  vec_folder("callTracer", "call_tracer_withLog", 8);
}
static void flat_calls_when_traced_then_as_recorded(void **state) {
  (void)state;
  vec_folder("flatCallTracer", "call_tracer_flat", 20);
}
static void prestate_when_traced_then_as_recorded(void **state) {
  (void)state;
  vec_folder("prestateTracer", "prestate_tracer", 9);
}
static void difference_when_traced_then_as_recorded(void **state) {
  (void)state;
  vec_folder("prestateTracer", "prestate_tracer_with_diff_mode", 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(calls_when_traced_then_as_recorded),
    cmocka_unit_test(logs_when_traced_then_as_recorded),
    cmocka_unit_test(flat_calls_when_traced_then_as_recorded),
    cmocka_unit_test(prestate_when_traced_then_as_recorded),
    cmocka_unit_test(difference_when_traced_then_as_recorded),
  };
  return cmocka_run_group_tests_name("rpc_tracer", tests, vec_setup,
                                     vec_teardown);
}
