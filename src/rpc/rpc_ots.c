/* rpc_ots.c - ots_*: what the Otterscan explorer asks beyond eth_*, API level
** 8 but for its search by address, and erigon_getHeaderByNumber.
**
** When an account first had a nonce or code is found by halving among the
** heights whose state is kept; what it was then, in that block.
*/
#include "crypto/keccak.h"
#include "rpc/rpc_tracer.h"

#define OTS_LEVEL 8u
#define OTS_PAGE_MAX 1000u

err rpc_do_ots_getApiLevel(struct rpc_call *c) {
  jsonw_u64(&c->w, OTS_LEVEL);
  return ERR_OK;
}

err rpc_do_erigon_getHeaderByNumber(struct rpc_call *c) {
  struct node_read *r;
  struct chain_header h;
  hash32 hash;
  u64 number;
  bool found;
  TRY(rpc_find(c, &r, &number, &found, &c->arg[0].block));
  if (!found) {
    jsonw_null(&c->w);
    return ERR_OK;
  }
  err e = node_read_header(r, &h, &hash, number);
  if (e < 0) return rpc_fail_err(c, e);
  rpc_put_head(&c->w, &h, &hash);
  return ERR_OK;
}

/*------------------------------------------------------------------ blocks */

static err ots_block(struct rpc_call *c, struct node_block *b, bool *found,
                     const struct rpc_block *at, u32 flags) {
  struct node_read *r;
  u64 number;
  TRY(rpc_find(c, &r, &number, found, at));
  if (!*found) {
    jsonw_null(&c->w);
    return ERR_OK;
  }
  err e = node_read_block(r, b, number, flags, c->a);
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

static err ots_put_details(struct rpc_call *c, const struct rpc_block *at) {
  struct node_block b;
  struct jsonw *w = &c->w;
  bool found;
  TRY(ots_block(c, &b, &found, at, 0));
  if (!found) return ERR_OK;
  u32 cnt = b.tx_cnt;
  b.tx_cnt = 0;
  jsonw_obj(w);
  jsonw_key(w, "block");
  rpc_put_block_open(w, &b, false, false, node_rules(c->node));
  jsonw_kv_u64(w, "transactionCount", cnt);
  jsonw_obj_end(w);
  jsonw_key(w, "issuance");
  jsonw_obj(w);
  jsonw_kv_quantity(w, "blockReward", 0);
  jsonw_kv_quantity(w, "uncleReward", 0);
  jsonw_kv_quantity(w, "issuance", 0);
  jsonw_obj_end(w);
  jsonw_kv_quantity(w, "totalFees", 0);
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_do_ots_getBlockDetails(struct rpc_call *c) {
  return ots_put_details(c, &c->arg[0].block);
}

err rpc_do_ots_getBlockDetailsByHash(struct rpc_call *c) {
  struct rpc_block at = {.tag = RPC_AT_HASH, .hash = c->arg[0].hash};
  return ots_put_details(c, &at);
}

/* Page 0 is the last of the block; input is cut to the selector, logs are left
** out. */
err rpc_do_ots_getBlockTransactions(struct rpc_call *c) {
  u64 page = c->arg[1].num, size = c->arg[2].num;
  struct node_block b;
  struct jsonw *w = &c->w;
  bool found;
  if (size == 0 || size > OTS_PAGE_MAX) {
    return rpc_fail(c, RPC_ERR_PARAMS, "page size must be 1 to %u",
                    OTS_PAGE_MAX);
  }
  TRY(ots_block(c, &b, &found, &c->arg[0].block,
                NODE_WITH_TXS | NODE_WITH_RECEIPTS));
  if (!found) return ERR_OK;
  u64 end = page < b.tx_cnt && page * size < b.tx_cnt
                ? b.tx_cnt - page * size : 0;
  u64 from = end > size ? end - size : 0;
  struct chain_rules rules;
  node_run_rules(c->node, &rules, &b.header);
  for (u64 i = from; i < end; i++) {
    if (b.tx[i].data.len > 4) b.tx[i].data.len = 4;
  }
  struct node_block shown = b;
  shown.tx = b.tx + from;
  shown.tx_cnt = (u32)(end - from);
  jsonw_obj(w);
  jsonw_key(w, "fullblock");
  rpc_put_block_open(w, &shown, true, false, &rules);
  jsonw_kv_u64(w, "transactionCount", b.tx_cnt);
  jsonw_obj_end(w);
  jsonw_key(w, "receipts");
  jsonw_arr(w);
  for (u64 i = from; i < end; i++) {
    struct rpc_place p = {&b.hash, &b.header, (u32)i};
    b.receipt[i].log_cnt = 0;
    rpc_put_receipt(w, &b.tx[i], &b.receipt[i], b.log_base[i], &p,
                    &rules);
  }
  jsonw_arr_end(w);
  jsonw_obj_end(w);
  return ERR_OK;
}

/*------------------------------------------------------------ transactions */

static const struct rpc_trace_opts ots_calls = {
  .one = {{.kind = RPC_TRACER_CALL}}, .cnt = 1};

/* Replays the transaction of the first argument; what put writes is an array,
** or with only the put's own value. */
static err ots_replay(struct rpc_call *c, bool array,
                      err (*put)(struct rpc_replay *rp, struct rpc_tracing *t,
                                 const struct chain_outcome *o,
                                 const struct node_block *b)) {
  struct node_tx_place at;
  struct buf text;
  TRY(rpc_tx_place(c, &at, &c->arg[0].hash));
  struct rpc_replay rp = {.opts = &ots_calls, .only = at.idx, .put = put,
                          .out = &text};
  buf_init(&text, rpc_limits(c->batch->server)->response_max);
  if (array) buf_put_u8(&text, '[');
  err e = rpc_replay_run(&rp, c, at.number);
  if (array) buf_put_u8(&text, ']');
  if (e >= 0 && text.over) e = rpc_fail_traced(c);
  if (e >= 0) jsonw_raw(&c->w, buf_slice(&text));
  buf_fini(&text);
  return e;
}

static void ots_put_call(struct rpc_replay *rp, const struct rpc_frame *f) {
  struct jsonw w;
  if (rp->cnt++) buf_put_u8(rp->out, ',');
  jsonw_init(&w, rp->out);
  jsonw_obj(&w);
  jsonw_kv_str(&w, "type", rpc_frame_type(f));
  jsonw_kv_u64(&w, "depth", f->depth);
  jsonw_kv_hex(&w, "from", addr20_slice(&f->from));
  jsonw_kv_hex(&w, "to", addr20_slice(&f->to));
  if (f->has_value) {
    jsonw_kv_quantity_u256(&w, "value", &f->value);
  } else {
    jsonw_kv_null(&w, "value");
  }
  jsonw_kv_hex(&w, "input", f->input);
  jsonw_kv_hex(&w, "output", f->output);
  jsonw_obj_end(&w);
  for (const struct rpc_frame *k = f->first; k; k = k->next) {
    ots_put_call(rp, k);
  }
}

static err ots_put_calls(struct rpc_replay *rp, struct rpc_tracing *t,
                         const struct chain_outcome *o,
                         const struct node_block *b) {
  const struct rpc_frame *top = rpc_frames_of(t->tracer[0]);
  (void)o;
  (void)b;
  if (top) ots_put_call(rp, top);
  return ERR_OK;
}

err rpc_do_ots_traceTransaction(struct rpc_call *c) {
  return ots_replay(c, true, ots_put_calls);
}

/* Moves of value, creations and self-destructs below the top that held. */
static void ots_put_operation(struct rpc_replay *rp,
                              const struct rpc_frame *f) {
  int type = f->op == 0xff ? 1 : f->op == 0xf0 ? 2 : f->op == 0xf5 ? 3
           : f->op == 0xf1 && !u256_is_zero(&f->value) ? 0 : -1;
  if (f->failed) return;
  if (type >= 0 && f->parent) {
    struct jsonw w;
    if (rp->cnt++) buf_put_u8(rp->out, ',');
    jsonw_init(&w, rp->out);
    jsonw_obj(&w);
    jsonw_kv_i64(&w, "type", type);
    jsonw_kv_hex(&w, "from", addr20_slice(&f->from));
    jsonw_kv_hex(&w, "to", addr20_slice(&f->to));
    jsonw_kv_quantity_u256(&w, "value", &f->value);
    jsonw_obj_end(&w);
  }
  for (const struct rpc_frame *k = f->first; k; k = k->next) {
    ots_put_operation(rp, k);
  }
}

static err ots_put_operations(struct rpc_replay *rp, struct rpc_tracing *t,
                              const struct chain_outcome *o,
                              const struct node_block *b) {
  const struct rpc_frame *top = rpc_frames_of(t->tracer[0]);
  (void)o;
  (void)b;
  if (top) ots_put_operation(rp, top);
  return ERR_OK;
}

err rpc_do_ots_getInternalOperations(struct rpc_call *c) {
  return ots_replay(c, true, ots_put_operations);
}

static err ots_put_error(struct rpc_replay *rp, struct rpc_tracing *t,
                         const struct chain_outcome *o,
                         const struct node_block *b) {
  struct jsonw w;
  (void)t;
  (void)b;
  jsonw_init(&w, rp->out);
  jsonw_hex(&w, o->status == EVM_REVERT ? o->output : slice_of(NULL, 0));
  return ERR_OK;
}

err rpc_do_ots_getTransactionError(struct rpc_call *c) {
  return ots_replay(c, false, ots_put_error);
}

/*---------------------------------------------------------------- accounts */

/* What is looked for: the first height after which an account has this nonce,
** or code. */
struct ots_search {
  struct rpc_call *c;
  struct node_read *r;
  const addr20 *addr;
  bool code;
  u64 nonce;
};

static err ots_holds(const struct ots_search *q, u64 number, bool *yes) {
  struct state_source src;
  struct state_account acct = {.nonce = 0};
  hash32 key;
  bool found;
  crypto_keccak256(&key, q->addr->b, 20);
  err e = node_read_state(q->r, &src, number);
  if (e >= 0) e = src.account(src.ctx, &acct, &found, q->addr, &key);
  if (e == ERR_NOT_FOUND) return rpc_fail_pruned(q->c, q->r, number);
  if (e < 0) return rpc_fail_err(q->c, e);
  *yes = found && (q->code ? !hash32_eq(&acct.code_hash, &CRYPTO_KECCAK_EMPTY)
                           : acct.nonce > q->nonce);
  return ERR_OK;
}

/* *found false: never, or from the start. */
static err ots_first(const struct ots_search *q, u64 *number, bool *found) {
  u64 lo = node_read_oldest_state(q->r), hi = node_read_head(q->r);
  bool yes;
  TRY(ots_holds(q, hi, found));
  if (!*found) return ERR_OK;
  TRY(ots_holds(q, lo, &yes));
  if (yes) {
    *found = false;
    return lo == 0 ? ERR_OK : rpc_fail_pruned(q->c, q->r, lo - 1);
  }
  while (lo + 1 < hi) { /* not after lo, but after hi */
    u64 mid = lo + (hi - lo) / 2;
    TRY(ots_holds(q, mid, &yes));
    if (yes) {
      hi = mid;
    } else {
      lo = mid;
    }
  }
  *number = hi;
  return ERR_OK;
}

err rpc_do_ots_hasCode(struct rpc_call *c) {
  struct ots_search q = {.c = c, .addr = &c->arg[0].addr, .code = true};
  u64 number;
  bool yes;
  TRY(rpc_at(c, &q.r, &number, &c->arg[1]));
  TRY(ots_holds(&q, number, &yes));
  jsonw_bool(&c->w, yes);
  return ERR_OK;
}

err rpc_do_ots_getTransactionBySenderAndNonce(struct rpc_call *c) {
  struct ots_search q = {.c = c, .addr = &c->arg[0].addr,
                         .nonce = c->arg[1].num};
  struct node_block b = {.tx_cnt = 0};
  u64 number = 0;
  bool found;
  TRY(rpc_read(c, &q.r));
  TRY(ots_first(&q, &number, &found));
  if (found) {
    err e = node_read_block(q.r, &b, number, NODE_WITH_TXS, c->a);
    if (e < 0) return rpc_fail_err(c, e);
  }
  for (u32 i = 0; i < b.tx_cnt; i++) {
    if (b.tx[i].nonce != q.nonce || !addr20_eq(&b.tx[i].sender, q.addr)) {
      continue;
    }
    jsonw_hex(&c->w, hash32_slice(&b.tx[i].hash));
    return ERR_OK;
  }
  jsonw_null(&c->w); /* or its nonce rose by a creation */
  return ERR_OK;
}

/* Looks for the creation of ctx's address. */
struct ots_creation {
  addr20 addr, creator;
  hash32 hash;
  bool found;
};

static void ots_seek_creation(struct ots_creation *q,
                              const struct rpc_frame *f, const hash32 *tx) {
  if (f->failed) return;
  if ((f->op == 0xf0 || f->op == 0xf5) && addr20_eq(&f->to, &q->addr)) {
    q->found = true;
    q->hash = *tx;
    q->creator = f->from;
  }
  for (const struct rpc_frame *k = f->first; k; k = k->next) {
    ots_seek_creation(q, k, tx);
  }
}

static err ots_on_creation(struct rpc_replay *rp, struct rpc_tracing *t,
                           const struct chain_outcome *o,
                           const struct node_block *b) {
  const struct rpc_frame *top = rpc_frames_of(t->tracer[0]);
  (void)o;
  (void)b;
  if (top) ots_seek_creation(rp->ctx, top, &t->tx->hash);
  return ERR_OK;
}

err rpc_do_ots_getContractCreator(struct rpc_call *c) {
  struct ots_search q = {.c = c, .addr = &c->arg[0].addr, .code = true};
  struct ots_creation made = {.addr = c->arg[0].addr};
  struct rpc_replay rp = {.opts = &ots_calls, .only = RPC_REPLAY_ALL,
                          .put = ots_on_creation, .out = c->w.out,
                          .ctx = &made};
  u64 number = 0;
  bool found;
  TRY(rpc_read(c, &q.r));
  TRY(ots_first(&q, &number, &found));
  if (found) TRY(rpc_replay_run(&rp, c, number));
  if (!made.found) {
    jsonw_null(&c->w);
    return ERR_OK;
  }
  jsonw_obj(&c->w);
  jsonw_kv_hex(&c->w, "hash", hash32_slice(&made.hash));
  jsonw_kv_hex(&c->w, "creator", addr20_slice(&made.creator));
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

#undef OTS_LEVEL
#undef OTS_PAGE_MAX
