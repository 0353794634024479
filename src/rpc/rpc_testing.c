/* rpc_testing.c - testing_buildBlockV1: the block that would follow a block of a
** plain Ethereum chain, out of transactions that are given or wait.
**
** Transactions that are given must all be valid, in their order; of those that
** wait, what is not valid is left out.  The gas limit moves towards
** TESTING_GAS_LIMIT by as much as one block may.  The answer is what a consensus
** client would get (getPayload); blobs are not among it, as none are kept.
** Nothing is changed.
**
** Limits: those of eth_call; the block below must be one that has proofs.
*/
#include "chain/chain_import.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "rpc/rpc_param.h"
#include "rpc/rpc_tracer.h"

#define TESTING_GAS_LIMIT 60000000u /* geth's */
#define TESTING_LIST_MAX 10000u

struct testing {
  struct rpc_call *c;
  struct rpc_world w;
  struct node_block b;
  struct chain_withdrawal *withdrawal;
  u32 withdrawal_cnt;
  struct chain_tx *tx;      /* to be executed */
  u32 tx_cnt;
  bool pool;                /* they wait: leave out what is not valid */
  struct chain_requests requests;
  u256 value;               /* tips */
};

/*----------------------------------------------------------------- reading */

static err testing_withdrawals(struct testing *t, const struct rpc_value *v,
                               struct errmsg *msg) {
  size_t cnt;
  TRY(rpc_param_array(&cnt, v, TESTING_LIST_MAX, "withdrawals", msg));
  t->withdrawal = arena_array(t->c->a, struct chain_withdrawal, cnt);
  for (size_t i = 0; i < cnt; i++) {
    struct rpc_value item = rpc_value_of(json_array_get(v->tree, i));
    struct chain_withdrawal *d = &t->withdrawal[t->withdrawal_cnt++];
    TRY(rpc_param_object(&item, "withdrawal", msg));
    RPC_MEMBER(&item, "index", rpc_param_u64(&d->index, &m_, msg));
    RPC_MEMBER(&item, "validatorIndex", rpc_param_u64(&d->validator, &m_, msg));
    RPC_MEMBER(&item, "address",
               rpc_param_fixed(d->addr.b, 20, &m_, "address", msg));
    RPC_MEMBER(&item, "amount", rpc_param_u64(&d->amount, &m_, msg));
  }
  return ERR_OK;
}

static err testing_attributes(struct testing *t, const struct rpc_value *v,
                              struct errmsg *msg) {
  struct chain_header *h = &t->b.header;
  TRY(rpc_param_object(v, "payload attributes", msg));
  RPC_MEMBER(v, "timestamp", rpc_param_u64(&h->timestamp, &m_, msg));
  RPC_MEMBER(v, "prevRandao",
             rpc_param_fixed(h->mix_hash.b, 32, &m_, "hash", msg));
  RPC_MEMBER(v, "suggestedFeeRecipient",
             rpc_param_fixed(h->coinbase.b, 20, &m_, "address", msg));
  RPC_MEMBER(v, "parentBeaconBlockRoot",
             rpc_param_fixed(h->beacon_root.b, 32, &m_, "hash", msg));
  RPC_MEMBER(v, "withdrawals", testing_withdrawals(t, &m_, msg));
  return ERR_OK;
}

static err testing_list(struct testing *t, const struct rpc_value *v,
                        struct errmsg *msg) {
  struct arena *a = t->c->a;
  size_t cnt;
  TRY(rpc_param_array(&cnt, v, TESTING_LIST_MAX, "transactions", msg));
  t->tx = arena_array(a, struct chain_tx, cnt);
  for (size_t i = 0; i < cnt; i++) {
    struct rpc_value item = rpc_value_of(json_array_get(v->tree, i));
    struct chain_tx *tx = &t->tx[t->tx_cnt++];
    slice raw;
    TRY(rpc_param_bytes(t->c, &raw, &item, msg));
    TRY(chain_tx_unwrap(&raw, raw, a, msg));
    TRY(chain_tx_decode(tx, raw, a, msg));
    if (chain_tx_sender(tx) < 0)
      return err_say(msg, ERR_INPUT, "transaction %zu: invalid sender", i);
  }
  return ERR_OK;
}

static err testing_read(struct testing *t, struct errmsg *msg) {
  const struct rpc_arg *arg = t->c->arg;
  struct chain_header *h = &t->b.header;
  TRY(testing_attributes(t, &arg[1].any, msg));
  t->pool = !arg[2].given || arg[2].any.kind == RPC_NULL;
  if (t->pool) {
    t->tx = arena_array(t->c->a, struct chain_tx, TESTING_LIST_MAX);
    t->tx_cnt = node_pool_list(t->c->node, t->tx, TESTING_LIST_MAX, t->c->a);
  } else {
    TRY(testing_list(t, &arg[2].any, msg));
  }
  if (arg[3].given && arg[3].any.kind != RPC_NULL) {
    slice extra;
    TRY(rpc_param_bytes(t->c, &extra, &arg[3].any, msg));
    if (extra.len > sizeof h->extra)
      return err_say(msg, ERR_INPUT, "extraData has over 32 bytes");
    memcpy(h->extra, extra.ptr, extra.len);
    h->extra_len = (u32)extra.len;
  }
  return ERR_OK;
}

/*---------------------------------------------------------------- building */

static u64 testing_gas_limit(u64 was) {
  u64 step = was / 1024 - 1;
  if (was > TESTING_GAS_LIMIT)
    return was - TESTING_GAS_LIMIT > step ? was - step : TESTING_GAS_LIMIT;
  return TESTING_GAS_LIMIT - was > step ? was + step : TESTING_GAS_LIMIT;
}

static err testing_header(struct testing *t, const struct chain_header *parent,
                          const hash32 *hash) {
  struct chain_header *h = &t->b.header;
  struct chain_rules *rules = &t->w.rules;
  if (h->timestamp <= parent->timestamp)
    return rpc_fail(t->c, RPC_ERR_PARAMS, "invalid timestamp: not after the "
                    "parent's, %llu", (unsigned long long)parent->timestamp);
  h->number = parent->number + 1;
  h->parent_hash = *hash;
  node_run_rules(t->c->node, rules, h);
  if (rules->fork < EVM_PARIS)
    return rpc_fail(t->c, RPC_ERR_PARAMS, "no block after that parent is made "
                    "out of a payload");
  h->ommers_hash = CRYPTO_KECCAK_RLP_LIST;
  h->opt_cnt = chain_header_opt_cnt(rules->fork);
  h->gas_limit = testing_gas_limit(parent->gas_limit);
  chain_next_base_fee(&h->base_fee, parent);
  if (rules->fork >= EVM_CANCUN && parent->opt_cnt >= 4)
    h->excess_blob_gas = chain_next_excess_blob_gas(parent, rules);
  chain_withdrawals_root(&h->withdrawals_root, t->withdrawal,
                         t->withdrawal_cnt, t->c->a);
  return ERR_OK;
}

static err testing_refused(struct testing *t, struct chain_exec *x,
                           const struct chain_tx *tx, enum chain_verdict v) {
  char addr[43];
  hex_addr(addr, &tx->sender);
  if (v != CHAIN_NONCE_LOW && v != CHAIN_NONCE_HIGH)
    return rpc_fail(t->c, RPC_ERR_SERVER, "%s: address %s",
                    chain_verdict_text(v), addr);
  return rpc_fail(t->c, RPC_ERR_SERVER, "%s: address %s, tx: %llu state: %llu",
                  chain_verdict_text(v), addr, (unsigned long long)tx->nonce,
                  (unsigned long long)state_nonce(chain_exec_state(x),
                                                  &tx->sender));
}

static err testing_tx(struct testing *t, struct chain_exec *x,
                      const struct chain_tx *tx) {
  struct chain_outcome o;
  struct node_block *b = &t->b;
  chain_exec_tx(x, &o, tx);
  TRY(rpc_world_check(&t->w));
  if (o.verdict != CHAIN_OK)
    return t->pool ? ERR_OK : testing_refused(t, x, tx, o.verdict);
  err e = node_run_keep(&o, t->c->a);
  if (e < 0) return rpc_fail_err(t->c, e);
  struct chain_receipt *r = &b->receipt[b->tx_cnt];
  *r = (struct chain_receipt){.type = tx->type, .gas_used = o.gas_used,
                              .success = o.status == EVM_SUCCESS,
                              .cumulative_gas = chain_exec_gas_used(x),
                              .log = o.log, .log_cnt = o.log_cnt};
  chain_bloom_logs(&r->bloom, r->log, r->log_cnt);
  b->tx[b->tx_cnt++] = *tx;
  u256 tip, gas = u256_from(o.gas_used);
  u256_sub(&tip, &tx->gas_price, &b->header.base_fee);
  if (tx->type >= 2 && u256_lt(&tx->max_priority_fee, &tip))
    tip = tx->max_priority_fee;
  u256_mul(&tip, &tip, &gas);
  u256_add(&t->value, &t->value, &tip);
  return ERR_OK;
}

static err testing_run(struct testing *t, struct chain_exec *x,
                       const struct state_source *tries) {
  struct chain_header *h = &t->b.header;
  struct errmsg msg = {.text = ""};
  t->b.tx = arena_array(t->c->a, struct chain_tx, t->tx_cnt + 1);
  t->b.receipt = arena_array(t->c->a, struct chain_receipt, t->tx_cnt + 1);
  for (u32 i = 0; i < t->tx_cnt; i++) TRY(testing_tx(t, x, &t->tx[i]));
  chain_withdraw(x, t->withdrawal, t->withdrawal_cnt);
  t->requests.a = t->c->a;
  if (t->w.rules.fork >= EVM_PRAGUE &&
      chain_requests_hash(&h->requests_hash, x, t->b.receipt, t->b.tx_cnt,
                          &node_genesis(t->c->node)->deposit_contract,
                          &t->requests, &msg) < 0)
    return rpc_fail(t->c, RPC_ERR_SERVER, "%s", msg.text);
  h->blob_gas_used = chain_exec_blob_gas_used(x);
  TRY(rpc_world_root(&t->w, &h->state_root, x, tries));
  rpc_seal_block(t->c, &t->b);
  return ERR_OK;
}

/*----------------------------------------------------------------- telling */

static void testing_put_payload(struct jsonw *w, const struct testing *t) {
  const struct chain_header *h = &t->b.header;
  jsonw_kv_hex(w, "parentHash", hash32_slice(&h->parent_hash));
  jsonw_kv_hex(w, "feeRecipient", addr20_slice(&h->coinbase));
  jsonw_kv_hex(w, "stateRoot", hash32_slice(&h->state_root));
  jsonw_kv_hex(w, "receiptsRoot", hash32_slice(&h->receipts_root));
  jsonw_kv_hex(w, "logsBloom", slice_of(h->bloom.b, sizeof h->bloom.b));
  jsonw_kv_hex(w, "prevRandao", hash32_slice(&h->mix_hash));
  jsonw_kv_quantity(w, "blockNumber", h->number);
  jsonw_kv_quantity(w, "gasLimit", h->gas_limit);
  jsonw_kv_quantity(w, "gasUsed", h->gas_used);
  jsonw_kv_quantity(w, "timestamp", h->timestamp);
  jsonw_kv_hex(w, "extraData", slice_of(h->extra, h->extra_len));
  jsonw_key(w, "baseFeePerGas");
  jsonw_quantity_u256(w, &h->base_fee);
  jsonw_kv_hex(w, "blockHash", hash32_slice(&t->b.hash));
  jsonw_key(w, "transactions");
  jsonw_arr(w);
  for (u32 i = 0; i < t->b.tx_cnt; i++) jsonw_hex(w, t->b.tx[i].raw);
  jsonw_arr_end(w);
  if (h->opt_cnt >= 2) {
    struct node_block b = {.withdrawal = t->withdrawal,
                           .withdrawal_cnt = t->withdrawal_cnt};
    rpc_put_withdrawals(w, &b);
  }
  if (h->opt_cnt >= 4) {
    jsonw_kv_quantity(w, "blobGasUsed", h->blob_gas_used);
    jsonw_kv_quantity(w, "excessBlobGas", h->excess_blob_gas);
  }
}

static void testing_put_empty(struct jsonw *w, const char *key) {
  jsonw_key(w, key);
  jsonw_arr(w);
  jsonw_arr_end(w);
}

static void testing_put(struct jsonw *w, const struct testing *t) {
  jsonw_obj(w);
  jsonw_key(w, "executionPayload");
  jsonw_obj(w);
  testing_put_payload(w, t);
  jsonw_obj_end(w);
  jsonw_key(w, "blockValue");
  jsonw_quantity_u256(w, &t->value);
  jsonw_key(w, "blobsBundle");
  jsonw_obj(w);
  testing_put_empty(w, "commitments");
  testing_put_empty(w, "proofs");
  testing_put_empty(w, "blobs");
  jsonw_obj_end(w);
  jsonw_key(w, "executionRequests");
  jsonw_arr(w);
  for (u32 i = 0; i < t->requests.cnt; i++) jsonw_hex(w, t->requests.list[i]);
  jsonw_arr_end(w);
  jsonw_kv_bool(w, "shouldOverrideBuilder", false);
  jsonw_obj_end(w);
}

err rpc_do_testing_buildBlockV1(struct rpc_call *c) {
  struct testing *t = arena_new(c->a, struct testing);
  struct rpc_block at = {.tag = RPC_AT_HASH, .hash = c->arg[0].hash};
  struct errmsg msg = {.text = ""};
  struct state_source tries;
  struct chain_header parent;
  struct chain_exec *x;
  hash32 hash;
  t->c = c;
  if (!node_is_plain(c->node))
    return rpc_fail(c, RPC_ERR_METHOD, "the method testing_buildBlockV1 is for "
                    "plain Ethereum chains");
  if (testing_read(t, &msg) < 0)
    return rpc_fail(c, RPC_ERR_PARAMS, "%s", msg.text);
  TRY(rpc_world_open(&t->w, c));
  TRY(rpc_block_place(c, &t->w.number, &at));
  err e = node_read_header(t->w.r, &parent, &hash, t->w.number);
  if (e < 0) return rpc_fail_err(c, e);
  TRY(testing_header(t, &parent, &hash));
  t->w.header = t->b.header;
  e = node_read_tries(t->w.r, &tries, t->w.number);
  if (e == ERR_NOT_FOUND) return rpc_fail_pruned(c, t->w.r, t->w.number);
  if (e < 0) return rpc_fail_err(c, e);
  TRY(rpc_world_enter(&t->w, &x));
  TRY(rpc_world_leave(&t->w, testing_run(t, x, &tries)));
  testing_put(&c->w, t);
  return ERR_OK;
}
#undef TESTING_GAS_LIMIT
#undef TESTING_LIST_MAX
