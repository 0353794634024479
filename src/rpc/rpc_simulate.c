/* rpc_simulate.c - eth_simulateV1: blocks that could follow one that is, each
** with overrides and calls, run one after the other on one state.
**
** Between blocks that are asked for, missing heights are filled with empty
** ones.  Without validation a call needs neither nonce, fees nor a balance for
** gas; with it, it is executed as a transaction would be, but for its
** signature.  Calls that fail are results; calls that could not be in a block
** end the simulation with an error of the execution API's (-38010 to -38026).
** With traceTransfers moves of value are logs of 0xee..ee, as if the native
** coin were a token.
**
** Simulated blocks have every root; the state's only on the blocks of which
** there are proofs, else it is zero.  On a plain Ethereum chain they follow
** all of its rules: system calls, requests, blob gas, and with validation the
** base fee, which is zero without unless it is overridden.
**
** Limits: SIMULATE_BLOCK_MAX blocks; the node's gas cap for all calls
** together; the node's time for a call.
*/
#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "rpc/rpc_param.h"
#include "rpc/rpc_tracer.h"
#include "trie/trie.h"

#define SIMULATE_BLOCK_MAX 256u
#define SIMULATE_LOG_MAX 100000u
#define SIMULATE_SLOT_S 12u /* between blocks of Ethereum */

/* Codes of the execution API. */
enum {
  SIMULATE_NONCE_LOW = -38010, SIMULATE_NONCE_HIGH = -38011,
  SIMULATE_FEE_LOW = -38012, SIMULATE_INTRINSIC = -38013,
  SIMULATE_FUNDS = -38014, SIMULATE_GAS_LIMIT = -38015,
  SIMULATE_NUMBER = -38020, SIMULATE_TIME = -38021,
  SIMULATE_BLOCKS = -38026, SIMULATE_VM = -32015
};

/* One block as it is asked for, then as it came out. */
struct simulate_block {
  struct simulate_block *next;
  const struct rpc_overrides *over;
  const struct rpc_block_over *block_over;
  struct rpc_txcall **call;
  u32 call_cnt;
  struct node_block b;         /* header, hash, transactions, receipts */
  struct chain_outcome *out;   /* by call */
  u64 **log_idx;               /* by call, of each of its logs; with transfers */
};
/* Logs of a call with its transfers: undone with their frames. */
struct simulate_logs {
  struct arena *a;
  struct state_log *item;
  u64 *idx;                    /* of each in its block */
  u64 next;                    /* what is undone counts too (geth) */
  u32 cnt, cap;
  u32 mark[1100];              /* cnt when a frame began, by depth */
  u64 begun[1100];             /* next then */
  u32 depth;
  bool over;
};
struct simulate {
  struct rpc_call *c;
  struct rpc_world w;
  bool transfers, validation, full;
  struct simulate_block *first, *last;
  u32 cnt;
  u64 gas_left;
  struct chain_hashes node_hashes;
  bool plain, has_tries;
  struct state_source tries;   /* of the block below the first */
  struct simulate_logs logs;
};

/*---------------------------------------------------------------- reading */

static err simulate_read_calls(struct rpc_call *c, struct simulate_block *b,
                               const struct rpc_value *v,
                               struct errmsg *msg) {
  size_t cnt;
  TRY(rpc_param_array(&cnt, v, 10000, "calls", msg));
  b->call = arena_array(c->a, struct rpc_txcall *, cnt);
  for (; b->call_cnt < cnt; b->call_cnt++) {
    struct rpc_value item = rpc_value_of(json_array_get(v->tree, b->call_cnt));
    struct rpc_arg arg = {.given = true};
    TRY(rpc_read_CALL(c, &arg, &item, msg));
    b->call[b->call_cnt] = arg.call;
  }
  return ERR_OK;
}

static err simulate_read_block(struct rpc_call *c, struct simulate_block *b,
                               const struct rpc_value *v,
                               struct errmsg *msg) {
  struct rpc_arg arg = {.given = true};
  TRY(rpc_param_object(v, "block", msg));
  RPC_MEMBER(v, "stateOverrides", rpc_read_OVERRIDES(c, &arg, &m_, msg));
  RPC_MEMBER(v, "blockOverrides", rpc_read_BLOCKOVER(c, &arg, &m_, msg));
  RPC_MEMBER(v, "calls", simulate_read_calls(c, b, &m_, msg));
  b->over = arg.over;
  b->block_over = arg.block_over;
  return ERR_OK;
}

static struct simulate_block *simulate_add(struct simulate *s) {
  struct simulate_block *b = arena_new(s->c->a, struct simulate_block);
  if (s->last) {
    s->last->next = b;
  } else {
    s->first = b;
  }
  s->last = b;
  s->cnt++;
  return b;
}

static err simulate_read(struct simulate *s, const struct rpc_value *v,
                         struct errmsg *msg) {
  size_t cnt;
  TRY(rpc_param_object(v, "simulation", msg));
  RPC_MEMBER(v, "traceTransfers", rpc_param_bool(&s->transfers, &m_, msg));
  RPC_MEMBER(v, "validation", rpc_param_bool(&s->validation, &m_, msg));
  RPC_MEMBER(v, "returnFullTransactions", rpc_param_bool(&s->full, &m_, msg));
  struct rpc_value blocks = rpc_member(v, "blockStateCalls");
  TRY(rpc_param_array(&cnt, &blocks, 4 * SIMULATE_BLOCK_MAX, "blocks", msg));
  if (cnt == 0) return err_say(msg, ERR_INPUT, "empty input");
  for (size_t i = 0; i < cnt; i++) {
    struct rpc_value item = rpc_value_of(json_array_get(blocks.tree, i));
    TRY(simulate_read_block(s->c, simulate_add(s), &item, msg));
  }
  return ERR_OK;
}

/* Numbers and times in order; heights that are left out become blocks. */
static err simulate_order(struct simulate *s, const struct chain_header *base) {
  u64 step = node_info(s->c->node)->interval_ms / 1000;
  u64 number = base->number, time = base->timestamp;
  u32 cnt = 0;
  if (step == 0) step = s->plain ? SIMULATE_SLOT_S : 1;
  for (struct simulate_block **at = &s->first, *b; (b = *at); at = &(*at)->next) {
    const struct rpc_block_over *o = b->block_over;
    bool named = o && o->has_number;
    if (named && o->number <= number) {
      return rpc_fail(s->c, SIMULATE_NUMBER,
                      "block numbers must be in order: %llu <= %llu",
                      (unsigned long long)o->number,
                      (unsigned long long)number);
    }
    if (++cnt > SIMULATE_BLOCK_MAX ||
        (named && o->number - base->number > SIMULATE_BLOCK_MAX)) {
      return rpc_fail(s->c, SIMULATE_BLOCKS, "too many blocks");
    }
    if (named && o->number > number + 1) {
      struct simulate_block *gap = arena_new(s->c->a, struct simulate_block);
      gap->next = b;
      *at = b = gap;
      o = NULL;
    }
    b->b.header.number = ++number;
    u64 next = o && o->has_time ? o->time : time + step;
    if (next <= time) {
      return rpc_fail(s->c, SIMULATE_TIME,
                      "block timestamps must be in order: %llu <= %llu",
                      (unsigned long long)next, (unsigned long long)time);
    }
    b->b.header.timestamp = time = next;
  }
  return ERR_OK;
}

/*------------------------------------------------------------------- logs */

static void simulate_log(struct simulate_logs *l, const struct state_log *log,
                         u64 idx) {
  if (l->cnt == l->cap) {
    u32 cap = l->cap ? 2 * l->cap : 16;
    if (cap > SIMULATE_LOG_MAX) {
      l->over = true;
      return;
    }
    struct state_log *item = arena_array(l->a, struct state_log, cap);
    if (l->cnt) memcpy(item, l->item, l->cnt * sizeof *item);
    u64 *at = arena_array(l->a, u64, cap);
    if (l->cnt) memcpy(at, l->idx, l->cnt * sizeof *at);
    l->item = item;
    l->idx = at;
    l->cap = cap;
  }
  l->idx[l->cnt] = idx;
  l->item[l->cnt++] = *log;
}

static void simulate_log_transfer(struct simulate_logs *l,
                                  const struct evm_msg *m, u64 idx) {
  static const char signature[] = "Transfer(address,address,uint256)";
  struct state_log log = {.topic_cnt = 3};
  addr20 to = m->recipient;
  hash32 *value = arena_new(l->a, hash32);
  memset(log.addr.b, 0xee, sizeof log.addr.b);
  crypto_keccak256(&log.topic[0], signature, sizeof signature - 1);
  memcpy(log.topic[1].b + 12, m->sender.b, 20);
  memcpy(log.topic[2].b + 12, to.b, 20);
  *value = u256_hash32(&m->value);
  log.data = hash32_slice(value);
  simulate_log(l, &log, idx);
}

static void simulate_on_enter(void *ctx, const struct evm_msg *m, u8 op) {
  struct simulate_logs *l = ctx;
  if (l->depth < ARRAY_LEN(l->mark)) {
    l->mark[l->depth] = l->cnt;
    l->begun[l->depth] = l->next;
  }
  l->depth++;
  bool moves = m->kind == EVM_CALL || m->kind >= EVM_CREATE || op == 0xff;
  if (!moves || u256_is_zero(&m->value)) return;
  u64 idx = l->next++;
  if (m->kind < EVM_CREATE) simulate_log_transfer(l, m, idx);
}

static void simulate_on_leave(void *ctx, const struct evm_msg *m,
                              const struct evm_result *res) {
  struct simulate_logs *l = ctx;
  if (l->depth > 0) l->depth--;
  bool known = l->depth < ARRAY_LEN(l->mark);
  u32 mark = known ? l->mark[l->depth] : l->cnt;
  if (res->status != EVM_SUCCESS) {
    l->cnt = mark;
  } else if (m->kind >= EVM_CREATE && !u256_is_zero(&m->value)) {
    u64 idx = known ? l->begun[l->depth] : l->next;
    simulate_log_transfer(l, m, idx); /* its address is known now */
    if (l->over) return;
    struct state_log log = l->item[l->cnt - 1];
    size_t behind = l->cnt - 1 - mark;
    memmove(l->item + mark + 1, l->item + mark, behind * sizeof log);
    memmove(l->idx + mark + 1, l->idx + mark, behind * sizeof idx);
    l->item[mark] = log;
    l->idx[mark] = idx;
  }
}

static void simulate_on_step(void *ctx, const struct evm_step *s) {
  struct simulate_logs *l = ctx;
  u32 topics = (u32)s->op - 0xa0;
  if (topics > 4 || s->fault != EVM_SUCCESS || s->stack_cnt < topics + 2) {
    return;
  }
  const u256 *top = s->stack + s->stack_cnt;
  struct state_log log = {.addr = s->msg->recipient, .topic_cnt = topics};
  for (u32 i = 0; i < topics; i++) log.topic[i] = u256_hash32(top - 3 - i);
  log.data = rpc_step_memory(s, &top[-1], &top[-2], l->a);
  simulate_log(l, &log, l->next++);
}

/*---------------------------------------------------------------- running */

static void simulate_hash(void *ctx, hash32 *out, u64 number) {
  struct simulate *s = ctx;
  for (const struct simulate_block *b = s->first; b; b = b->next) {
    if (b->b.header.number != number) continue;
    *out = b->b.hash;
    return;
  }
  s->node_hashes.get(s->node_hashes.ctx, out, number);
}

static err simulate_refuse(struct simulate *s, const struct chain_tx *tx,
                           enum chain_verdict v) {
  static const struct { enum chain_verdict v; int code; } codes[] = {
    {CHAIN_NONCE_LOW, SIMULATE_NONCE_LOW},
    {CHAIN_NONCE_HIGH, SIMULATE_NONCE_HIGH},
    {CHAIN_FEE_CAP_LOW, SIMULATE_FEE_LOW},
    {CHAIN_INTRINSIC_GAS, SIMULATE_INTRINSIC},
    {CHAIN_FLOOR_GAS, SIMULATE_INTRINSIC},
    {CHAIN_FUNDS_GAS, SIMULATE_FUNDS}};
  int code = s->plain ? RPC_ERR_INTERNAL : RPC_ERR_SERVER;
  for (u32 i = 0; i < ARRAY_LEN(codes); i++) {
    if (codes[i].v == v) code = codes[i].code;
  }
  return rpc_fail(s->c, code, "err: %s (supplied gas %llu)",
                  chain_verdict_text(v), (unsigned long long)tx->gas_limit);
}

/* Completes what a call leaves open, as a transaction of this block. */
static err simulate_fill(struct simulate *s, struct simulate_block *b,
                         struct chain_exec *x, struct rpc_txcall *call,
                         u64 used) {
  struct chain_tx *tx = &call->tx;
  u64 left = b->b.header.gas_limit - used;
  struct buf raw;
  if (call->has_gas && tx->gas_limit > left) {
    return rpc_fail(s->c, SIMULATE_GAS_LIMIT,
                    "block gas limit reached: %llu >= %llu",
                    (unsigned long long)(used + tx->gas_limit),
                    (unsigned long long)b->b.header.gas_limit);
  }
  if (!call->has_gas) tx->gas_limit = left;
  if (tx->gas_limit > s->gas_left) tx->gas_limit = s->gas_left;
  if (!call->has_nonce) {
    tx->nonce = state_nonce(chain_exec_state(x), &tx->sender);
  }
  if (tx->type == 0 && u256_is_zero(&tx->gas_price)) tx->type = 2;
  buf_init(&raw, 0);
  chain_tx_encode(&raw, tx);
  tx->raw = arena_copy_slice(s->c->a, buf_slice(&raw));
  buf_fini(&raw);
  crypto_keccak256(&tx->hash, tx->raw.ptr, tx->raw.len);
  return ERR_OK;
}

static err simulate_call(struct simulate *s, struct simulate_block *b,
                         struct chain_exec *x, u32 i, u64 *used) {
  struct evm_tracer hooks = {&s->logs, simulate_on_step, simulate_on_enter,
                             simulate_on_leave};
  struct rpc_call *c = s->c;
  struct chain_tx *tx = &b->call[i]->tx;
  struct chain_outcome *o = &b->out[i];
  TRY(simulate_fill(s, b, x, b->call[i], *used));
  s->logs.item = NULL;
  s->logs.idx = NULL;
  s->logs.cnt = s->logs.cap = s->logs.depth = 0;
  if (s->transfers) evm_set_tracer(chain_exec_evm(x), &hooks);
  if (s->plain) {
    chain_exec_simulate(x, o, tx, s->validation);
  } else if (s->validation) {
    chain_exec_tx(x, o, tx);
  } else {
    chain_exec_call(x, o, tx);
  }
  evm_set_tracer(chain_exec_evm(x), NULL);
  TRY(rpc_world_check(&s->w));
  if (o->verdict != CHAIN_OK) return simulate_refuse(s, tx, o->verdict);
  if (s->logs.over) return rpc_fail(c, RPC_ERR_LIMIT, "too many logs");
  err e = node_run_keep(o, c->a);
  if (e < 0) return rpc_fail_err(c, e);
  *used += o->gas_used;
  s->gas_left -= o->gas_used < s->gas_left ? o->gas_used : s->gas_left;
  struct chain_receipt *r = &b->b.receipt[i];
  *r = (struct chain_receipt){.type = tx->type, .cumulative_gas = *used,
                              .success = o->status == EVM_SUCCESS,
                              .gas_used = o->gas_used, .log = o->log,
                              .log_cnt = o->log_cnt};
  chain_bloom_logs(&r->bloom, r->log, r->log_cnt);
  if (s->transfers) {
    o->log = o->status == EVM_SUCCESS ? s->logs.item : NULL;
    o->log_cnt = o->status == EVM_SUCCESS ? s->logs.cnt : 0;
    b->log_idx[i] = s->logs.idx;
  }
  b->b.tx[b->b.tx_cnt++] = *tx;
  return ERR_OK;
}

/* What the rules of a plain Ethereum chain put into a header before its
** transactions run. */
static void simulate_plain_header(const struct simulate *s,
                                  struct simulate_block *b,
                                  const struct chain_rules *rules,
                                  const struct chain_header *parent) {
  struct chain_header *h = &b->b.header;
  bool named = b->block_over && b->block_over->has_base_fee;
  h->opt_cnt = chain_header_opt_cnt(rules->fork);
  if (rules->fork < EVM_PARIS &&
      !(b->block_over && b->block_over->has_difficulty))
    h->difficulty = parent->difficulty;
  if (s->validation && !named && rules->fork >= EVM_LONDON)
    chain_next_base_fee(&h->base_fee, parent);
  if (rules->fork >= EVM_CANCUN && parent->opt_cnt >= 4)
    h->excess_blob_gas = chain_next_excess_blob_gas(parent, rules);
}

/* And after them. */
static err simulate_plain_end(struct simulate *s, struct simulate_block *b,
                              struct chain_exec *x,
                              const struct chain_rules *rules) {
  struct chain_header *h = &b->b.header;
  struct errmsg msg = {.text = ""};
  h->blob_gas_used = chain_exec_blob_gas_used(x);
  if (rules->fork < EVM_PRAGUE) return ERR_OK;
  err e = chain_requests_hash(&h->requests_hash, x, b->b.receipt, b->b.tx_cnt,
                              &node_genesis(s->c->node)->deposit_contract,
                              NULL, &msg);
  TRY(rpc_world_check(&s->w));
  return e < 0 ? rpc_fail(s->c, RPC_ERR_INTERNAL, "%s", msg.text) : ERR_OK;
}

err rpc_world_root(struct rpc_world *w, hash32 *out, struct chain_exec *x,
                   const struct state_source *tries) {
  struct state_diff diff;
  struct state_root root;
  struct arena a;
  arena_init(&a, 1 << 16, 0);
  state_block_diff(chain_exec_state(x), &diff, &a);
  err e = state_commit(&root, &diff, tries, NULL, &a);
  if (e == ERR_OK) *out = root.root;
  arena_fini(&a);
  TRY(rpc_world_check(w));
  return e < 0 ? rpc_fail_err(w->c, e) : ERR_OK;
}

static void simulate_header(struct simulate_block *b,
                            const struct chain_header *parent,
                            const hash32 *parent_hash) {
  struct chain_header *h = &b->b.header;
  u64 number = h->number, time = h->timestamp;
  *h = (struct chain_header){.number = number, .timestamp = time,
                             .parent_hash = *parent_hash,
                             .coinbase = parent->coinbase,
                             .gas_limit = parent->gas_limit,
                             .opt_cnt = parent->opt_cnt};
  h->ommers_hash = CRYPTO_KECCAK_RLP_LIST;
  h->withdrawals_root = CRYPTO_KECCAK_RLP_NIL;
  crypto_sha256(h->requests_hash.b, NULL, 0);
  if (b->block_over) rpc_override_block(h, b->block_over);
}

/* What the header tells of the calls. */
void rpc_seal_block(struct rpc_call *c, struct node_block *nb) {
  struct chain_header *h = &nb->header;
  slice *vals = arena_array(c->a, slice, nb->tx_cnt + 1);
  for (u32 i = 0; i < nb->tx_cnt; i++) vals[i] = nb->tx[i].raw;
  trie_root_indexed(&h->txs_root, vals, nb->tx_cnt, c->a);
  for (u32 i = 0; i < nb->tx_cnt; i++) {
    struct buf raw;
    buf_init(&raw, 0);
    chain_receipt_encode(&raw, &nb->receipt[i]);
    vals[i] = arena_copy_slice(c->a, buf_slice(&raw));
    buf_fini(&raw);
    for (u32 k = 0; k < sizeof h->bloom.b; k++) {
      h->bloom.b[k] |= nb->receipt[i].bloom.b[k];
    }
    h->gas_used = nb->receipt[i].cumulative_gas;
  }
  trie_root_indexed(&h->receipts_root, vals, nb->tx_cnt, c->a);
  chain_header_hash(&nb->hash, h);
  nb->size = chain_block_size(h, nb->tx, nb->tx_cnt);
}

static err simulate_block(struct simulate *s, struct simulate_block *b,
                          struct chain_exec *x,
                          const struct chain_header *parent) {
  struct chain_rules rules;
  struct chain_hashes hashes = {s, simulate_hash};
  u64 used = 0;
  node_run_rules(s->c->node, &rules, &b->b.header);
  rules.credits = false;
  if (s->plain) {
    simulate_plain_header(s, b, &rules, parent);
  } else {
    rules.system_calls = rules.history_call = false;
  }
  chain_exec_begin(x, &rules, &b->b.header, &hashes, NULL);
  if (b->block_over) rpc_override_fees(x, b->block_over);
  TRY(rpc_override_apply(s->c, x, b->over, rules.fork));
  b->b.tx = arena_array(s->c->a, struct chain_tx, b->call_cnt + 1);
  b->b.receipt = arena_array(s->c->a, struct chain_receipt, b->call_cnt + 1);
  b->out = arena_array(s->c->a, struct chain_outcome, b->call_cnt + 1);
  b->log_idx = arena_array(s->c->a, u64 *, b->call_cnt + 1);
  s->logs = (struct simulate_logs){.a = s->c->a};
  for (u32 i = 0; i < b->call_cnt; i++) {
    TRY(simulate_call(s, b, x, i, &used));
  }
  if (s->plain) TRY(simulate_plain_end(s, b, x, &rules));
  if (s->has_tries)
    TRY(rpc_world_root(&s->w, &b->b.header.state_root, x, &s->tries));
  rpc_seal_block(s->c, &b->b);
  return ERR_OK;
}

static err simulate_all(struct simulate *s, struct chain_exec *x,
                        const struct chain_header *base,
                        const hash32 *base_hash) {
  const struct chain_header *parent = base;
  const hash32 *hash = base_hash;
  for (struct simulate_block *b = s->first; b; b = b->next) {
    simulate_header(b, parent, hash);
    TRY(simulate_block(s, b, x, parent));
    parent = &b->b.header;
    hash = &b->b.hash;
  }
  return ERR_OK;
}

/*---------------------------------------------------------------- telling */

static void simulate_put_error(struct rpc_call *c,
                               const struct chain_outcome *o) {
  struct jsonw *w = &c->w;
  rpc_fail_outcome(c, o);
  jsonw_key(w, "error");
  jsonw_obj(w);
  jsonw_kv_str(w, "message", c->fault.message);
  jsonw_kv_i64(w, "code", o->status == EVM_REVERT ? RPC_ERR_REVERT
                                                  : SIMULATE_VM);
  if (o->status == EVM_REVERT) jsonw_kv_hex(w, "data", o->output);
  jsonw_obj_end(w);
}

static void simulate_put_call(struct rpc_call *c, const struct simulate_block *b,
                              u32 i, u64 *log_idx) {
  const struct chain_outcome *o = &b->out[i];
  struct jsonw *w = &c->w;
  struct node_log log = {.number = b->b.header.number,
                         .time_ms = b->b.header.timestamp * 1000,
                         .block_hash = b->b.hash,
                         .tx_hash = b->b.tx[i].hash, .tx_idx = i};
  jsonw_obj(w);
  jsonw_kv_hex(w, "returnData",
               o->status == EVM_SUCCESS ? o->output : slice_of(NULL, 0));
  jsonw_key(w, "logs");
  jsonw_arr(w);
  for (u32 k = 0; k < o->log_cnt; k++) {
    log.log_idx = b->log_idx[i] ? b->log_idx[i][k] : (*log_idx)++;
    log.log = &o->log[k];
    rpc_put_log(w, &log);
  }
  jsonw_arr_end(w);
  jsonw_kv_quantity(w, "gasUsed", o->gas_used);
  jsonw_kv_quantity(w, "maxUsedGas", o->gas_used + o->gas_refunded);
  jsonw_kv_quantity(w, "status", o->status == EVM_SUCCESS);
  if (o->status != EVM_SUCCESS) simulate_put_error(c, o);
  jsonw_obj_end(w);
}

static void simulate_put(struct simulate *s) {
  struct rpc_call *c = s->c;
  jsonw_arr(&c->w);
  for (const struct simulate_block *b = s->first; b; b = b->next) {
    u64 log_idx = 0;
    rpc_put_block_open(&c->w, &b->b, s->full, false, node_rules(c->node));
    jsonw_key(&c->w, "calls");
    jsonw_arr(&c->w);
    for (u32 i = 0; i < b->call_cnt; i++) simulate_put_call(c, b, i, &log_idx);
    jsonw_arr_end(&c->w);
    jsonw_obj_end(&c->w);
  }
  jsonw_arr_end(&c->w);
}

err rpc_do_eth_simulateV1(struct rpc_call *c) {
  struct simulate *s = arena_new(c->a, struct simulate);
  struct errmsg msg = {.text = ""};
  struct chain_exec *x;
  hash32 hash;
  s->c = c;
  s->plain = node_is_plain(c->node);
  s->gas_left = rpc_limits(c->batch->server)->gas_cap;
  if (simulate_read(s, &c->arg[0].any, &msg) < 0) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %s", msg.text);
  }
  TRY(rpc_world_begin(&s->w, c, &c->arg[1], NULL, NULL));
  struct chain_header base;
  err e = node_read_header(s->w.r, &base, &hash, s->w.number);
  if (e < 0) return rpc_fail_err(c, e);
  s->node_hashes = node_run_hashes(s->w.r);
  TRY(simulate_order(s, &base));
  e = node_read_tries(s->w.r, &s->tries, s->w.number);
  if (e < 0 && e != ERR_NOT_FOUND) return rpc_fail_err(c, e);
  s->has_tries = e == ERR_OK;
  TRY(rpc_world_enter(&s->w, &x));
  TRY(rpc_world_leave(&s->w, simulate_all(s, x, &base, &hash)));
  simulate_put(s);
  return ERR_OK;
}

#undef SIMULATE_BLOCK_MAX
#undef SIMULATE_LOG_MAX
#undef SIMULATE_SLOT_S
