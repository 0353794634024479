/* cmd_statetest.c - runs Ethereum state tests: one transaction on one state
** under one fork, and the root and the hash of the logs after it.
**
** The execution is the chain's own (chain_exec), with fees and without system
** calls.  Where a file has the signed bytes of a transaction, these are
** decoded, recovered, encoded again and executed; else it is put together
** from the fields.
*/
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/cmd_state.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"

/* By convention of the tests: keccak256 of the number in decimal. */
static void cmd_state_block_hash(void *ctx, hash32 *out, u64 number) {
  char text[24];
  (void)ctx;
  int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
  crypto_keccak256(out, text, (size_t)len);
}

static void cmd_state_header(struct cmd_state_case *c) {
  const json_t *env = json_object_get(c->test, "env");
  struct chain_header *h = &c->header;
  h->coinbase = cmd_vector_addr(
      json_string_value(json_object_get(env, "currentCoinbase")));
  h->number = cmd_vector_get_u64(env, "currentNumber");
  h->timestamp = cmd_vector_get_u64(env, "currentTimestamp");
  h->gas_limit = cmd_vector_get_u64(env, "currentGasLimit");
  h->difficulty = cmd_vector_get_u256(env, "currentDifficulty");
  h->mix_hash = cmd_vector_hash(json_object_get(env, "currentRandom"));
  h->base_fee = cmd_vector_has(env, "currentBaseFee")
                    ? cmd_vector_get_u256(env, "currentBaseFee")
                    : u256_from(10);
  h->excess_blob_gas = cmd_vector_get_u64(env, "currentExcessBlobGas");
  h->opt_cnt = c->fork >= EVM_CANCUN ? 5 : c->fork >= EVM_LONDON ? 1 : 0;
}

static void cmd_state_rules(struct cmd_state_case *c) {
  struct chain_schedule s;
  const json_t *config = json_object_get(c->test, "config");
  chain_schedule_all(&s, c->fork);
  chain_rules_ethereum(&c->rules, &s, 1, c->header.number,
                       c->header.timestamp);
  c->rules.system_calls = c->rules.history_call = false;
  cmd_vector_blobs(&c->rules, config, c->report.fork);
}

/*----------------------------------------------------------- transaction */

/* Element of an array of the transaction, as the case's index says. */
static const json_t *cmd_state_pick(const struct cmd_state_case *c,
                                    const char *list, const char *index) {
  const json_t *indexes = json_object_get(c->post, "indexes");
  size_t i = (size_t)cmd_vector_get_u64(indexes, index);
  return json_array_get(json_object_get(c->tx, list), i);
}

static void cmd_state_access(struct chain_tx *tx, const json_t *list,
                             struct arena *a) {
  u32 cnt = (u32)json_array_size(list);
  struct chain_access *out = arena_array(a, struct chain_access, cnt);
  for (u32 i = 0; i < cnt; i++) {
    const json_t *e = json_array_get(list, i);
    const json_t *keys = json_object_get(e, "storageKeys");
    u32 key_cnt = (u32)json_array_size(keys);
    u256 *slot = arena_array(a, u256, key_cnt);
    for (u32 k = 0; k < key_cnt; k++)
      cmd_vector_u256(&slot[k], json_array_get(keys, k));
    out[i].addr =
        cmd_vector_addr(json_string_value(json_object_get(e, "address")));
    out[i].slot = slot;
    out[i].slot_cnt = key_cnt;
  }
  tx->access = out;
  tx->access_cnt = cnt;
}

static void cmd_state_blobs(struct chain_tx *tx, const json_t *list,
                            struct arena *a) {
  u32 cnt = (u32)json_array_size(list);
  hash32 *out = arena_array(a, hash32, cnt);
  for (u32 i = 0; i < cnt; i++)
    cmd_vector_fixed(out[i].b, 32, json_array_get(list, i));
  tx->blob_hash = out;
  tx->blob_cnt = cnt;
}

static void cmd_state_auths(struct chain_tx *tx, const json_t *list,
                            struct arena *a) {
  u32 cnt = (u32)json_array_size(list);
  tx->auth = arena_array(a, struct chain_auth, cnt);
  tx->auth_cnt = cnt;
  for (u32 i = 0; i < cnt; i++) {
    const json_t *e = json_array_get(list, i);
    struct chain_auth *t = &tx->auth[i];
    hash32 r = cmd_vector_hash(json_object_get(e, "r"));
    hash32 s = cmd_vector_hash(json_object_get(e, "s"));
    t->chain_id = cmd_vector_get_u256(e, "chainId");
    t->addr =
        cmd_vector_addr(json_string_value(json_object_get(e, "address")));
    t->nonce = cmd_vector_get_u64(e, "nonce");
    t->y_parity = cmd_vector_get_u256(e, cmd_vector_has(e, "yParity")
                                             ? "yParity" : "v");
    t->sig.v = (u8)t->y_parity.w[0];
    memcpy(t->sig.r, r.b, 32);
    memcpy(t->sig.s, s.b, 32);
    chain_auth_recover(t);
  }
}

/* From the fields; false when one cannot be said in a transaction. */
static bool cmd_state_tx(struct cmd_state_case *c, struct chain_tx *tx) {
  const json_t *j = c->tx;
  struct arena *a = &c->v->arena;
  const json_t *access = cmd_state_pick(c, "accessLists", "data");
  const char *to = json_string_value(json_object_get(j, "to"));
  u256 gas;
  memset(tx, 0, sizeof(*tx));
  tx->type = cmd_vector_has(j, "authorizationList") ? 4
             : cmd_vector_has(j, "blobVersionedHashes") ||
                       cmd_vector_has(j, "maxFeePerBlobGas") ? 3
             : cmd_vector_has(j, "maxFeePerGas") ? 2
             : access && !json_is_null(access) ? 1 : 0;
  tx->protected = tx->type != 0;
  tx->chain_id = 1;
  tx->nonce = cmd_vector_get_u64(j, "nonce");
  tx->gas_price =
      cmd_vector_get_u256(j, tx->type >= 2 ? "maxFeePerGas" : "gasPrice");
  tx->max_priority_fee = tx->type >= 2
                             ? cmd_vector_get_u256(j, "maxPriorityFeePerGas")
                             : tx->gas_price;
  tx->max_blob_fee = cmd_vector_get_u256(j, "maxFeePerBlobGas");
  tx->has_to = to && *to;
  if (tx->has_to) tx->to = cmd_vector_addr(to);
  tx->data = cmd_vector_bytes(a, cmd_state_pick(c, "data", "data"));
  cmd_state_access(tx, access, a);
  if (tx->type == 3)
    cmd_state_blobs(tx, json_object_get(j, "blobVersionedHashes"), a);
  if (tx->type == 4)
    cmd_state_auths(tx, json_object_get(j, "authorizationList"), a);
  if (cmd_vector_has(j, "sender")) {
    tx->sender =
        cmd_vector_addr(json_string_value(json_object_get(j, "sender")));
  } else {
    hash32 key = cmd_vector_hash(json_object_get(j, "secretKey"));
    if (crypto_key_addr(&tx->sender, key.b) < 0) return false;
  }
  tx->has_sender = true;
  if (!cmd_vector_u256(&gas, cmd_state_pick(c, "gasLimit", "gas")) ||
      !u256_fits64(&gas))
    return false;
  tx->gas_limit = gas.w[0];
  return cmd_vector_u256(&tx->value, cmd_state_pick(c, "value", "value"));
}

/* From the bytes; false when they are malformed.  fault: a bug of ours. */
static bool cmd_state_tx_bytes(struct cmd_state_case *c, struct chain_tx *tx,
                               slice raw, const char **fault) {
  struct errmsg msg;
  addr20 sender = cmd_vector_addr(
      json_string_value(json_object_get(c->tx, "sender")));
  if (chain_tx_decode(tx, raw, &c->v->arena, &msg) < 0 ||
      chain_tx_sender(tx) < 0)
    return false;
  struct buf b;
  buf_init(&b, 0);
  chain_tx_encode(&b, tx);
  if (!slice_eq(buf_slice(&b), raw)) *fault = "txbytes encode differently";
  if (cmd_vector_has(c->tx, "sender") && !addr20_eq(&sender, &tx->sender))
    *fault = "txbytes have another sender";
  buf_fini(&b);
  return true;
}

bool cmd_state_transaction(struct cmd_state_case *c, struct chain_tx *tx,
                           const char **fault) {
  slice raw =
      cmd_vector_bytes(&c->v->arena, json_object_get(c->post, "txbytes"));
  return raw.len ? cmd_state_tx_bytes(c, tx, raw, fault)
                 : cmd_state_tx(c, tx);
}

/*------------------------------------------------------------- execution */

void cmd_state_begin(struct cmd_state_case *c, const struct state_source *src) {
  struct chain_hashes hashes = {NULL, cmd_state_block_hash};
  chain_exec_begin(c->v->exec, &c->rules, &c->header, &hashes, src);
}

static void cmd_state_logs(struct cmd_state_case *c,
                           const struct state_log *log, u32 cnt) {
  struct buf b;
  buf_init(&b, 0);
  chain_logs_encode(&b, log, cnt);
  crypto_keccak256(&c->report.logs_hash, b.ptr, b.len);
  buf_fini(&b);
}

/* Before Spurious Dragon the older suites touch the coinbase even when the
** transaction is refused; those with a config do not. */
static void cmd_state_touch(struct cmd_state_case *c) {
  struct state *s = chain_exec_state(c->v->exec);
  if (c->fork >= EVM_SPURIOUS || cmd_vector_has(c->test, "config")) return;
  state_tx_begin(s);
  state_touch(s, &c->header.coinbase);
  state_tx_end(s, false);
}

const char *cmd_state_check(struct cmd_state_case *c, struct state_mem *mem,
                            const struct chain_outcome *out) {
  struct state_diff diff;
  struct cmd_vector *v = c->v;
  bool expect = cmd_vector_has(c->post, "expectException");
  bool refused = out->verdict != CHAIN_OK;
  const char *fault = NULL;
  if (refused) cmd_state_touch(c);
  cmd_state_logs(c, out->log, out->log_cnt);
  state_block_diff(chain_exec_state(v->exec), &diff, &v->arena);
  state_mem_apply(mem, &diff);
  state_mem_root(mem, &c->report.state_root);
  c->report.has_root = c->report.has_logs = true;
  if (refused != expect)
    fault = refused ? arena_printf(&v->arena, "refused: %s",
                                   chain_verdict_text(out->verdict))
                    : arena_printf(&v->arena, "not refused, expected %s",
                                   json_string_value(json_object_get(
                                       c->post, "expectException")));
  hash32 root = cmd_vector_hash(json_object_get(c->post, "hash"));
  hash32 logs = cmd_vector_hash(json_object_get(c->post, "logs"));
  if (!fault && !hash32_eq(&root, &c->report.state_root)) {
    fault = cmd_vector_diff(mem, json_object_get(c->post, "state"), &v->arena);
    if (!fault) fault = "state root differs";
  }
  if (!fault && !hash32_eq(&logs, &c->report.logs_hash))
    fault = "logs differ";
  return fault;
}

static void cmd_state_run(struct cmd_state_case *c) {
  struct chain_tx tx;
  struct chain_outcome out = {.verdict = CHAIN_SIGNATURE};
  const char *fault = NULL;
  struct state_mem *mem = state_mem_open();
  cmd_vector_alloc(mem, json_object_get(c->test, "pre"), &c->v->arena);
  struct state_source src = state_mem_source(mem);
  bool formed = cmd_state_transaction(c, &tx, &fault);
  cmd_state_begin(c, &src);
  if (formed) chain_exec_tx(c->v->exec, &out, &tx);
  c->report.error = cmd_state_check(c, mem, &out);
  if (fault) c->report.error = fault;
  c->report.pass = c->report.error == NULL;
  if (c->v->opt->trace) cmd_trace_end(&c->report, out.output, out.gas_used);
  state_mem_close(mem);
  cmd_vector_report(c->v, &c->report);
}

static void cmd_state_fork(struct cmd_vector *v, const char *name,
                           const json_t *test, const char *fork,
                           const json_t *posts,
                           void (*run)(struct cmd_state_case *c)) {
  struct cmd_state_case c = {.v = v, .test = test};
  enum evm_fork want;
  if (evm_fork_parse(&c.fork, fork) < 0) return;
  if (v->opt->fork &&
      (evm_fork_parse(&want, v->opt->fork) < 0 || want != c.fork))
    return;
  c.tx = json_object_get(test, "transaction");
  c.report.name = name;
  c.report.fork = fork;
  cmd_state_header(&c);
  cmd_state_rules(&c);
  for (u32 i = 0; i < json_array_size(posts); i++) {
    struct arena_mark mark = arena_mark(&v->arena);
    c.post = json_array_get(posts, i);
    c.report.index = i;
    run(&c);
    arena_reset(&v->arena, mark);
  }
}

void cmd_state_each(struct cmd_vector *v, const json_t *root,
                    void (*run)(struct cmd_state_case *c)) {
  const char *name, *fork;
  json_t *test, *posts;
  json_object_foreach((json_t *)root, name, test) {
    json_object_foreach(json_object_get(test, "post"), fork, posts) {
      cmd_state_fork(v, name, test, fork, posts, run);
    }
  }
}

static void cmd_state_file(struct cmd_vector *v, const json_t *root) {
  cmd_state_each(v, root, cmd_state_run);
}

int cmd_statetest(int argc, char **argv) {
  return cmd_vector_main(argc, argv,
                         "statetest [--fork NAME] [--json] [--trace] PATH...",
                         cmd_state_file);
}
