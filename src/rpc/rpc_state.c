/* rpc_state.c - methods that read state or execute on it: balances, code,
** slots, proofs, eth_call, eth_estimateGas, eth_createAccessList.
**
** Estimation (as geth does it): a plain transfer is tried with 21,000 first;
** then the message runs once with all gas allowed, which says whether it can
** succeed at all and gives a lower bound (what it used, less one) and a good
** guess of an upper one (what it used with refunds and stipend, by 64/63);
** then halving, taking at most twice the lower bound as the middle, until the
** bounds are within 1.5 % of each other.
**
** Access lists: the message runs with the list found so far until the list
** stays the same; sender, recipient, precompiles and coinbase are left out.
*/
#include "chain/chain_module.h"
#include "crypto/keccak.h"
#include "rpc/rpc_param.h"
#include "rpc/rpc_tracer.h"

#define RPC_TX_GAS 21000u
#define RPC_STIPEND 2300u
/* A deadline that is counted from the block's time may come to a second, and
** with it to words of the scheduler's index (two of them), that hold nothing
** yet: two cold slots set anew more than at the time of asking. */
#define RPC_ESTIMATE_TIMER (2 * 22100u)
#define RPC_ESTIMATE_ERROR 0.015
#define RPC_ACCESS_ROUNDS 16

/*------------------------------------------------------------------ reading */

/* The state after the block of a block argument. */
static err rpc_state_at(struct rpc_call *c, struct state_source *src,
                        const struct rpc_arg *block) {
  struct node_read *r;
  u64 number;
  TRY(rpc_at(c, &r, &number, block));
  err e = node_read_state(r, src, number);
  if (e == ERR_NOT_FOUND) {
    return rpc_fail_pruned(c, r, number);
  }
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

static err rpc_account(struct rpc_call *c, struct state_account *out,
                       bool *found, const struct state_source *src,
                       const addr20 *addr) {
  hash32 key;
  memset(out, 0, sizeof *out);
  out->code_hash = CRYPTO_KECCAK_EMPTY;
  crypto_keccak256(&key, addr->b, 20);
  err e = src->account(src->ctx, out, found, addr, &key);
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

err rpc_do_eth_getBalance(struct rpc_call *c) {
  struct state_source src;
  struct state_account acct;
  bool found;
  TRY(rpc_state_at(c, &src, &c->arg[1]));
  TRY(rpc_account(c, &acct, &found, &src, &c->arg[0].addr));
  jsonw_quantity_u256(&c->w, &acct.balance);
  return ERR_OK;
}

err rpc_do_eth_getTransactionCount(struct rpc_call *c) {
  const addr20 *addr = &c->arg[0].addr;
  struct state_source src;
  struct state_account acct;
  bool found;
  TRY(rpc_state_at(c, &src, &c->arg[1]));
  TRY(rpc_account(c, &acct, &found, &src, addr));
  u64 nonce = found ? acct.nonce : 0;
  if (c->arg[1].given && c->arg[1].block.tag == RPC_AT_PENDING) {
    nonce = node_pool_nonce(c->node, addr, nonce);
  }
  jsonw_quantity(&c->w, nonce);
  return ERR_OK;
}

err rpc_do_eth_getCode(struct rpc_call *c) {
  struct state_source src;
  struct state_account acct;
  slice code = {0};
  bool found;
  TRY(rpc_state_at(c, &src, &c->arg[1]));
  TRY(rpc_account(c, &acct, &found, &src, &c->arg[0].addr));
  if (found && !hash32_eq(&acct.code_hash, &CRYPTO_KECCAK_EMPTY)) {
    err e = src.code(src.ctx, &code, &acct.code_hash);
    if (e < 0) return rpc_fail_err(c, e);
  }
  jsonw_hex(&c->w, code);
  return ERR_OK;
}

err rpc_do_eth_getStorageAt(struct rpc_call *c) {
  const addr20 *addr = &c->arg[0].addr;
  const u256 *slot = &c->arg[1].slot->key;
  struct state_source src;
  hash32 addr_key, slot_key, raw = u256_hash32(slot);
  u256 val;
  TRY(rpc_state_at(c, &src, &c->arg[2]));
  crypto_keccak256(&addr_key, addr->b, 20);
  crypto_keccak256(&slot_key, raw.b, 32);
  err e = src.slot(src.ctx, &val, addr, &addr_key, slot, &slot_key);
  if (e < 0) return rpc_fail_err(c, e);
  raw = u256_hash32(&val);
  jsonw_hex(&c->w, hash32_slice(&raw));
  return ERR_OK;
}

/* {address: [slot, ...]} -> {address: [value, ...]} */
static err rpc_put_values_of(struct rpc_call *c,
                             const struct state_source *src, const char *key,
                             const json_t *list, u32 *left) {
  struct rpc_value name = {.kind = RPC_STRING, .str = slice_str(key)},
                   slots = rpc_value_of(list);
  struct errmsg msg = {.text = ""};
  hash32 addr_key, slot_key;
  addr20 addr;
  size_t cnt;
  if (rpc_param_fixed(addr.b, 20, &name, "address", &msg) < 0 ||
      rpc_param_array(&cnt, &slots, *left, "storage keys", &msg) < 0) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %s", msg.text);
  }
  *left -= (u32)cnt;
  crypto_keccak256(&addr_key, addr.b, 20);
  jsonw_key(&c->w, key);
  jsonw_arr(&c->w);
  for (size_t i = 0; i < cnt; i++) {
    struct rpc_value item = rpc_value_of(json_array_get(list, i));
    struct rpc_slot slot;
    u256 val;
    if (rpc_param_slot(&slot, &item, &msg) < 0) {
      return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %s", msg.text);
    }
    hash32 raw = u256_hash32(&slot.key);
    crypto_keccak256(&slot_key, raw.b, 32);
    err e = src->slot(src->ctx, &val, &addr, &addr_key, &slot.key, &slot_key);
    if (e < 0) return rpc_fail_err(c, e);
    raw = u256_hash32(&val);
    jsonw_hex(&c->w, hash32_slice(&raw));
  }
  jsonw_arr_end(&c->w);
  return ERR_OK;
}

err rpc_do_eth_getStorageValues(struct rpc_call *c) {
  const struct rpc_value *v = &c->arg[0].any;
  struct state_source src;
  u32 left = RPC_SLOT_CNT_MAX;
  const char *key;
  json_t *list;
  struct errmsg msg;
  if (rpc_param_object(v, "storage", &msg) < 0) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %s", msg.text);
  }
  if (json_object_size(v->tree) == 0) {
    return rpc_fail(c, RPC_ERR_PARAMS, "empty request");
  }
  TRY(rpc_state_at(c, &src, &c->arg[1]));
  jsonw_obj(&c->w);
  json_object_foreach((json_t *)v->tree, key, list) {
    TRY(rpc_put_values_of(c, &src, key, list, &left));
  }
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

/*------------------------------------------------------------------ proofs */

static void rpc_put_nodes(struct jsonw *w, const char *key, const slice *node,
                          u32 cnt) {
  jsonw_key(w, key);
  jsonw_arr(w);
  for (u32 i = 0; i < cnt; i++) jsonw_hex(w, node[i]);
  jsonw_arr_end(w);
}

/* A key given in full is shown in full, a short one as a quantity (geth). */
static void rpc_put_slot_key(struct jsonw *w, const struct rpc_slot *s) {
  hash32 h = u256_hash32(&s->key);
  jsonw_key(w, "key");
  if (s->padded) {
    jsonw_hex(w, hash32_slice(&h));
  } else {
    jsonw_quantity_u256(w, &s->key);
  }
}

static void rpc_put_proof(struct rpc_call *c, const struct node_proof *p) {
  struct jsonw *w = &c->w;
  const struct state_account *a = &p->account;
  jsonw_obj(w);
  jsonw_kv_hex(w, "address", addr20_slice(&c->arg[0].addr));
  rpc_put_nodes(w, "accountProof", p->account_node, p->account_node_cnt);
  jsonw_key(w, "balance");
  jsonw_quantity_u256(w, &a->balance);
  jsonw_kv_hex(w, "codeHash",
               hash32_slice(p->exists ? &a->code_hash : &CRYPTO_KECCAK_EMPTY));
  jsonw_kv_quantity(w, "nonce", a->nonce);
  jsonw_kv_hex(w, "storageHash",
               hash32_slice(p->exists ? &a->storage_root
                                      : &CRYPTO_KECCAK_RLP_NIL));
  jsonw_key(w, "storageProof");
  jsonw_arr(w);
  for (u32 i = 0; i < p->slot_cnt; i++) {
    jsonw_obj(w);
    rpc_put_slot_key(w, &c->arg[1].slot[i]);
    jsonw_key(w, "value");
    jsonw_quantity_u256(w, &p->slot[i].val);
    rpc_put_nodes(w, "proof", p->slot[i].node, p->slot[i].node_cnt);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  jsonw_obj_end(w);
}

err rpc_do_eth_getProof(struct rpc_call *c) {
  struct node_read *r;
  struct node_proof *p = arena_new(c->a, struct node_proof);
  u64 number;
  u32 cnt = c->arg[1].cnt;
  u256 *slots = arena_array(c->a, u256, cnt);
  for (u32 i = 0; i < cnt; i++) slots[i] = c->arg[1].slot[i].key;
  TRY(rpc_at(c, &r, &number, &c->arg[2]));
  err e = node_read_proof(r, p, number, &c->arg[0].addr, slots, cnt, c->a);
  if (e == ERR_NOT_FOUND) {
    return rpc_fail(c, RPC_ERR_SERVER,
                    "no proofs are kept for block %llu, head is %llu",
                    (unsigned long long)number,
                    (unsigned long long)node_read_head(r));
  }
  if (e < 0) return rpc_fail_err(c, e);
  rpc_put_proof(c, p);
  return ERR_OK;
}

/*--------------------------------------------------------------- executing */

/* One message under way, and what became of it. */
struct rpc_run {
  struct rpc_world world;
  const struct evm_tracer *tracer;
  struct chain_outcome out;
  bool sets_timer; /* it wrote the scheduler's storage; of estimates only */
  bool asks_timer;
};

/* Of a method with parameters: call, block, overrides, block overrides. */
static err rpc_run_begin(struct rpc_run *run, struct rpc_call *c) {
  *run = (struct rpc_run){.tracer = NULL};
  return rpc_world_begin(&run->world, c, &c->arg[1], &c->arg[2], &c->arg[3]);
}

static bool rpc_run_sets_timer(struct chain_exec *x, struct arena *a) {
  struct state_diff d;
  addr20 scheduler;
  bool yes = false;
  module_address(&scheduler, module_scheduler.number);
  state_block_diff(chain_exec_state(x), &d, a);
  for (u32 i = 0; i < d.account_cnt; i++)
    yes |= d.account[i].slot_cnt && addr20_eq(&d.account[i].addr, &scheduler);
  return yes;
}

/* Executes tx; ERR_OK whatever became of it: see run->out. */
static err rpc_run_tx(struct rpc_run *run, const struct chain_tx *tx) {
  struct rpc_world *w = &run->world;
  struct chain_exec *x;
  TRY(rpc_world_enter(w, &x));
  evm_set_tracer(chain_exec_evm(x), run->tracer);
  chain_exec_call(x, &run->out, tx);
  if (run->asks_timer && run->out.verdict == CHAIN_OK)
    run->sets_timer = rpc_run_sets_timer(x, w->c->a);
  err e = node_run_keep(&run->out, w->c->a);
  return rpc_world_leave(w, e < 0 ? rpc_fail_err(w->c, e) : ERR_OK);
}

static bool rpc_run_ok(const struct rpc_run *run) {
  return run->out.verdict == CHAIN_OK && run->out.status == EVM_SUCCESS;
}

static err rpc_run_fail(const struct rpc_run *run) {
  return rpc_fail_outcome(run->world.c, &run->out);
}

err rpc_do_eth_call(struct rpc_call *c) {
  struct rpc_run run;
  struct rpc_txcall *call = c->arg[0].call;
  TRY(rpc_run_begin(&run, c));
  call->tx.gas_limit = rpc_call_gas(c, call);
  TRY(rpc_run_tx(&run, &call->tx));
  if (!rpc_run_ok(&run)) return rpc_run_fail(&run);
  jsonw_hex(&c->w, run.out.output);
  return ERR_OK;
}

/*-------------------------------------------------------------- estimation */

/* *ok: succeeded with so much gas.  Anything but a lack of gas is an error
** only where the caller had all gas allowed. */
static err rpc_estimate_try(struct rpc_run *run, struct chain_tx *tx, u64 gas,
                            bool *ok) {
  tx->gas_limit = gas;
  TRY(rpc_run_tx(run, tx));
  *ok = rpc_run_ok(run);
  return ERR_OK;
}

/* A transfer to an account without code. */
static err rpc_estimate_is_transfer(struct rpc_run *run,
                                    const struct chain_tx *tx, bool *yes) {
  struct chain_exec *x;
  hash32 hash;
  *yes = false;
  if (!tx->has_to || tx->data.len || tx->access_cnt || tx->auth_cnt) {
    return ERR_OK;
  }
  TRY(rpc_world_enter(&run->world, &x));
  *yes = state_code(chain_exec_state(x), &hash, &tx->to).len == 0;
  return rpc_world_leave(&run->world, ERR_OK);
}

static err rpc_estimate_failed(struct rpc_run *run, u64 gas) {
  const struct chain_outcome *o = &run->out;
  bool short_of_gas =
      o->verdict == CHAIN_INTRINSIC_GAS || o->verdict == CHAIN_FLOOR_GAS ||
      (o->verdict == CHAIN_OK && o->status == EVM_OUT_OF_GAS);
  if (!short_of_gas) return rpc_run_fail(run);
  return rpc_fail(run->world.c, RPC_ERR_SERVER,
                  "gas required exceeds allowance (%llu)",
                  (unsigned long long)gas);
}

/* Most gas a transaction could have there. */
static u64 rpc_estimate_most(const struct rpc_run *run,
                             const struct rpc_txcall *call) {
  const struct chain_rules *rules = &run->world.rules;
  u64 most = call->has_gas && call->tx.gas_limit >= RPC_TX_GAS
                 ? call->tx.gas_limit : run->world.header.gas_limit;
  u64 tx_cap = rules->tx_gas_cap ? rules->tx_gas_cap
             : rules->fork >= EVM_OSAKA ? 1u << 24 : UINT64_MAX;
  u64 cap = rpc_limits(run->world.c->batch->server)->gas_cap;
  if (most > tx_cap) most = tx_cap;
  return most > cap ? cap : most;
}

/* Narrows (lo fails, hi succeeds) until hi is good enough. */
static err rpc_estimate_narrow(struct rpc_run *run, struct chain_tx *tx,
                               u64 lo, u64 *hi) {
  while (lo + 1 < *hi &&
         (double)(*hi - lo) / (double)*hi >= RPC_ESTIMATE_ERROR) {
    bool ok;
    u64 mid = lo + (*hi - lo) / 2;
    if (lo && mid > lo * 2) mid = lo * 2;
    TRY(rpc_estimate_try(run, tx, mid, &ok));
    if (ok) {
      *hi = mid;
    } else {
      lo = mid;
    }
  }
  return ERR_OK;
}

err rpc_estimate_gas(struct rpc_call *c, u64 *gas) {
  struct rpc_run run;
  struct rpc_txcall *call = c->arg[0].call;
  struct chain_tx *tx = &call->tx;
  struct rpc_arg *at = &c->arg[1];
  bool ok;
  /* It is for the next block: what depends on number or time must not cost
  ** less here (a checkpoint of votes, made by the block before). */
  if (node_genesis(c->node)->own &&
      (!at->given || at->block.tag == RPC_AT_LATEST)) {
    at->given = true;
    at->block.tag = RPC_AT_PENDING;
  }
  TRY(rpc_run_begin(&run, c));
  run.asks_timer = true;
  u64 most = rpc_estimate_most(&run, call), hi = most;
  TRY(rpc_estimate_is_transfer(&run, tx, &ok));
  if (ok) {
    TRY(rpc_estimate_try(&run, tx, RPC_TX_GAS, &ok));
    if (ok) {
      *gas = RPC_TX_GAS;
      return ERR_OK;
    }
  }
  TRY(rpc_estimate_try(&run, tx, hi, &ok));
  if (!ok) return rpc_estimate_failed(&run, hi);
  u64 used = run.out.gas_used, lo = used ? used - 1 : 0;
  u64 guess = (used + run.out.gas_refunded + RPC_STIPEND) * 64 / 63;
  if (guess < hi) {
    TRY(rpc_estimate_try(&run, tx, guess, &ok));
    if (ok) {
      hi = guess;
    } else {
      lo = guess;
    }
  }
  bool sets_timer = run.sets_timer;
  TRY(rpc_estimate_narrow(&run, tx, lo, &hi));
  if (sets_timer) hi += RPC_ESTIMATE_TIMER;
  *gas = hi < most ? hi : most;
  return ERR_OK;
}

err rpc_do_eth_estimateGas(struct rpc_call *c) {
  u64 gas = 0;
  TRY(rpc_estimate_gas(c, &gas));
  jsonw_quantity(&c->w, gas);
  return ERR_OK;
}

/*------------------------------------------------------------ access lists */

struct rpc_touch {
  struct arena *a;
  enum evm_fork fork;
  addr20 skip[3];       /* sender, recipient, coinbase */
  struct chain_access *list;
  u32 cnt, cap;
  u32 slot_total;       /* of all entries */
  bool over;
};

static struct chain_access *rpc_touch_entry(struct rpc_touch *t,
                                            const addr20 *a) {
  for (u32 i = 0; i < t->cnt; i++) {
    if (addr20_eq(&t->list[i].addr, a)) return &t->list[i];
  }
  if (t->cnt == RPC_ACCESS_MAX) {
    t->over = true;
    return NULL;
  }
  if (t->cnt == t->cap) {
    u32 cap = t->cap ? 2 * t->cap : 16;
    struct chain_access *list = arena_array(t->a, struct chain_access, cap);
    if (t->cnt) memcpy(list, t->list, t->cnt * sizeof *list);
    t->list = list;
    t->cap = cap;
  }
  struct chain_access *e = &t->list[t->cnt++];
  *e = (struct chain_access){.addr = *a};
  return e;
}

static void rpc_touch_address(struct rpc_touch *t, const u256 *word) {
  addr20 a;
  u256_to_addr(&a, word);
  for (u32 i = 0; i < ARRAY_LEN(t->skip); i++) {
    if (addr20_eq(&a, &t->skip[i])) return;
  }
  if (!evm_is_precompile(t->fork, &a)) rpc_touch_entry(t, &a);
}

/* Slots of an entry double in place: capacities are powers of two. */
static void rpc_touch_slot(struct rpc_touch *t, const addr20 *a,
                           const u256 *slot) {
  struct chain_access *e = rpc_touch_entry(t, a);
  if (!e) return;
  for (u32 i = 0; i < e->slot_cnt; i++) {
    if (u256_eq(&e->slot[i], slot)) return;
  }
  if (++t->slot_total > RPC_ACCESS_MAX) {
    t->over = true;
    return;
  }
  u32 n = e->slot_cnt;
  u256 *list = (u256 *)e->slot;
  if ((n & (n - 1)) == 0) {
    list = arena_array(t->a, u256, n ? 2 * n : 1);
    if (n) memcpy(list, e->slot, n * sizeof *list);
  }
  list[n] = *slot;
  e->slot = list;
  e->slot_cnt = n + 1;
}

enum rpc_touched rpc_step_touches(const u256 **what,
                                  const struct evm_step *s) {
  const u256 *top = s->stack + s->stack_cnt; /* top[-1] is the first operand */
  switch (s->op) {
    case 0x54: /* SLOAD */
    case 0x55: /* SSTORE */
      *what = &top[-1];
      return s->stack_cnt >= 1 ? RPC_TOUCHES_SLOT : RPC_TOUCHES_NOTHING;
    case 0x31: /* BALANCE */
    case 0x3b: /* EXTCODESIZE */
    case 0x3c: /* EXTCODECOPY */
    case 0x3f: /* EXTCODEHASH */
    case 0xff: /* SELFDESTRUCT */
      *what = &top[-1];
      return s->stack_cnt >= 1 ? RPC_TOUCHES_ACCOUNT : RPC_TOUCHES_NOTHING;
    case 0xf1: /* CALL */
    case 0xf2: /* CALLCODE */
    case 0xf4: /* DELEGATECALL */
    case 0xfa: /* STATICCALL */
      *what = &top[-2];
      return s->stack_cnt >= 5 ? RPC_TOUCHES_ACCOUNT : RPC_TOUCHES_NOTHING;
    default: return RPC_TOUCHES_NOTHING;
  }
}

static void rpc_touch_step(void *ctx, const struct evm_step *s) {
  struct rpc_touch *t = ctx;
  const u256 *what;
  if (t->over) return;
  switch (rpc_step_touches(&what, s)) {
    case RPC_TOUCHES_SLOT: rpc_touch_slot(t, &s->msg->recipient, what); break;
    case RPC_TOUCHES_ACCOUNT: rpc_touch_address(t, what); break;
    default: break;
  }
}

static bool rpc_touch_same(const struct chain_tx *tx,
                           const struct rpc_touch *t) {
  if (tx->access_cnt != t->cnt) return false;
  u32 had = 0;
  for (u32 i = 0; i < tx->access_cnt; i++) had += tx->access[i].slot_cnt;
  return had == t->slot_total;
}

static err rpc_touch_begin(struct rpc_touch *t, struct rpc_run *run,
                           const struct chain_tx *tx) {
  struct rpc_world *w = &run->world;
  struct chain_exec *x;
  *t = (struct rpc_touch){.a = w->c->a, .fork = w->rules.fork};
  t->skip[0] = tx->sender;
  t->skip[1] = tx->to;
  t->skip[2] = w->header.coinbase;
  if (tx->has_to) return ERR_OK;
  TRY(rpc_world_enter(w, &x));
  evm_create_addr(&t->skip[1], &tx->sender,
                  state_nonce(chain_exec_state(x), &tx->sender));
  return rpc_world_leave(w, ERR_OK);
}

/* What was given stays in the list, then grows by what each run touches. */
static void rpc_touch_seed(struct rpc_touch *t, const struct chain_tx *tx) {
  for (u32 i = 0; i < tx->access_cnt; i++) {
    rpc_touch_entry(t, &tx->access[i].addr);
    for (u32 k = 0; k < tx->access[i].slot_cnt; k++) {
      rpc_touch_slot(t, &tx->access[i].addr, &tx->access[i].slot[k]);
    }
  }
}

static void rpc_put_touched(struct rpc_run *run, const struct rpc_touch *t) {
  struct jsonw *w = &run->world.c->w;
  const struct chain_outcome *o = &run->out;
  jsonw_obj(w);
  jsonw_key(w, "accessList");
  rpc_put_access_list(w, t->list, t->cnt);
  if (!rpc_run_ok(run)) {
    jsonw_kv_str(w, "error", o->status == EVM_REVERT ? "execution reverted"
                                                     : evm_status_text(o->status));
  }
  jsonw_kv_quantity(w, "gasUsed", o->gas_used);
  jsonw_obj_end(w);
}

err rpc_do_eth_createAccessList(struct rpc_call *c) {
  struct rpc_run run;
  struct rpc_touch touch;
  struct chain_tx *tx = &c->arg[0].call->tx;
  struct evm_tracer tracer = {.ctx = &touch, .step = rpc_touch_step};
  TRY(rpc_run_begin(&run, c));
  TRY(rpc_touch_begin(&touch, &run, tx));
  tx->gas_limit = rpc_call_gas(c, c->arg[0].call);
  if (tx->type == 0) tx->type = 1;
  rpc_touch_seed(&touch, tx);
  run.tracer = &tracer;
  for (u32 i = 0; i < RPC_ACCESS_ROUNDS; i++) {
    TRY(rpc_run_tx(&run, tx));
    if (run.out.verdict != CHAIN_OK) return rpc_run_fail(&run);
    if (touch.over) {
      return rpc_fail(c, RPC_ERR_LIMIT, "more than %u entries were touched",
                      RPC_ACCESS_MAX);
    }
    if (rpc_touch_same(tx, &touch)) break;
    /* Copies: the lists grow while the next run uses them. */
    struct chain_access *list =
        arena_array(c->a, struct chain_access, touch.cnt);
    if (touch.cnt) memcpy(list, touch.list, touch.cnt * sizeof *list);
    tx->access = list;
    tx->access_cnt = touch.cnt;
  }
  rpc_put_touched(&run, &touch);
  return ERR_OK;
}

#undef RPC_TX_GAS
#undef RPC_STIPEND
#undef RPC_ESTIMATE_TIMER
#undef RPC_ESTIMATE_ERROR
#undef RPC_ACCESS_ROUNDS
