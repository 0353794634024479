/* rpc_debug.c - debug_*: blocks run again under tracers, calls under tracers,
** and the encodings that hashes are made of.
**
** A block is replayed on its parent's state with its own header, every
** transaction before the one asked for as well, by the code that made it; so
** what is told is what happened, as long as that state is kept.
*/
#include "codec/hex.h"
#include "codec/rlp.h"
#include "rpc/rpc_param.h"
#include "rpc/rpc_tracer.h"

/*--------------------------------------------------------------- replaying */

err rpc_fail_traced(struct rpc_call *c) {
  return rpc_fail(c, RPC_ERR_TOO_LARGE,
                  "trace too large: ask for less, or for one transaction");
}

/* Runs transaction i of the block under a tracing. */
static err debug_replay_one(struct rpc_replay *rp, struct rpc_world *w,
                            struct chain_exec *x, const struct node_block *b,
                            u32 i) {
  struct rpc_call *c = w->c;
  struct rpc_tracing t;
  struct chain_outcome o;
  rpc_tracing_init(&t, rp->opts, x, &w->rules, &w->header, &b->tx[i],
                   rpc_limits(c->batch->server)->response_max);
  t.place = (struct rpc_trace_place){&b->hash, &b->tx[i].hash,
                                     b->header.number, i};
  evm_set_tracer(chain_exec_evm(x), &t.hooks);
  chain_exec_tx(x, &o, &b->tx[i]);
  evm_set_tracer(chain_exec_evm(x), NULL);
  err e = rpc_world_check(w);
  if (e >= 0 && o.verdict != CHAIN_OK) {
    e = rpc_fail(c, RPC_ERR_INTERNAL, "replay of transaction %u failed: %s", i,
                 chain_verdict_text(o.verdict));
  }
  if (e >= 0) e = rp->put(rp, &t, &o, b);
  if (e >= 0 && t.over) e = rpc_fail_traced(c);
  rpc_tracing_fini(&t);
  return e;
}

static err debug_replay_all(struct rpc_replay *rp, struct rpc_world *w,
                            struct chain_exec *x, const struct node_block *b) {
  for (u32 i = 0; i < b->tx_cnt; i++) {
    if (rp->only == RPC_REPLAY_ALL || rp->only == i) {
      TRY(debug_replay_one(rp, w, x, b, i));
      if (rp->only == i || w->c->w.out->over) return ERR_OK;
    } else {
      struct chain_outcome o;
      chain_exec_tx(x, &o, &b->tx[i]);
      TRY(rpc_world_check(w));
    }
  }
  return ERR_OK;
}

void rpc_authorities(struct node_block *b, u32 only) {
  for (u32 i = 0; i < b->tx_cnt && i <= only; i++) {
    for (u32 k = 0; k < b->tx[i].auth_cnt; k++)
      chain_auth_recover(&b->tx[i].auth[k]);
  }
}

err rpc_replay_run(struct rpc_replay *rp, struct rpc_call *c, u64 number) {
  struct rpc_world w;
  struct node_block b;
  struct chain_exec *x;
  if (number == 0) {
    return rpc_fail(c, RPC_ERR_SERVER, "genesis is not traceable");
  }
  TRY(rpc_world_open(&w, c));
  if (rp->opts->timeout_ms) w.end_ms = node_clock_ms() + rp->opts->timeout_ms;
  err e = node_read_block(w.r, &b, number, NODE_WITH_TXS, c->a);
  if (e < 0) return rpc_fail_err(c, e);
  rpc_authorities(&b, rp->only);
  w.number = number - 1;
  w.header = b.header;
  node_run_rules(c->node, &w.rules, &b.header);
  TRY(rpc_world_enter(&w, &x));
  return rpc_world_leave(&w, debug_replay_all(rp, &w, x, &b));
}

/*----------------------------------------------------------------- tracing */

static err debug_opts(struct rpc_call *c, struct rpc_trace_opts *out,
                      u32 arg) {
  struct errmsg msg = {.text = ""};
  const struct rpc_value none = {.kind = RPC_NONE};
  const struct rpc_value *v = c->arg[arg].given ? &c->arg[arg].any : &none;
  if (rpc_trace_opts_read(c, out, v, &msg) >= 0) return ERR_OK;
  return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument %u: %s", arg, msg.text);
}

static err debug_put_result(struct rpc_replay *rp, struct rpc_tracing *t,
                            const struct chain_outcome *o,
                            const struct node_block *b) {
  struct buf *out = rp->out;
  (void)b;
  if (rp->only == RPC_REPLAY_ALL) {
    if (rp->cnt++) buf_put_u8(out, ',');
    buf_put_str(out, "{\"txHash\":\"");
    buf_put_hex(out, hash32_slice(&t->tx->hash));
    buf_put_str(out, "\",\"result\":");
  }
  rpc_tracing_put(t, out, o);
  if (rp->only == RPC_REPLAY_ALL) buf_put_u8(out, '}');
  return ERR_OK;
}

/* Appends what run writes as the call's result: the tracers nest deeper than
** the JSON writer follows. */
err rpc_put_replay(struct rpc_call *c, struct rpc_replay *rp, u64 number) {
  bool all = rp->only == RPC_REPLAY_ALL;
  struct buf text;
  buf_init(&text, rpc_limits(c->batch->server)->response_max);
  rp->out = &text;
  if (all) buf_put_u8(&text, '[');
  err e = rpc_replay_run(rp, c, number);
  if (all) buf_put_u8(&text, ']');
  if (e >= 0 && text.over) e = rpc_fail_traced(c);
  if (e >= 0) jsonw_raw(&c->w, buf_slice(&text));
  buf_fini(&text);
  return e;
}

err rpc_tx_place(struct rpc_call *c, struct node_tx_place *at,
                 const hash32 *hash) {
  struct node_read *r;
  TRY(rpc_read(c, &r));
  err e = node_read_tx_place(r, at, hash);
  if (e == ERR_NOT_FOUND) {
    return rpc_fail(c, RPC_ERR_SERVER, "transaction not found");
  }
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

err rpc_do_debug_traceTransaction(struct rpc_call *c) {
  struct rpc_trace_opts opts;
  struct node_tx_place at;
  TRY(debug_opts(c, &opts, 1));
  TRY(rpc_tx_place(c, &at, &c->arg[0].hash));
  struct rpc_replay rp = {.opts = &opts, .only = at.idx,
                          .put = debug_put_result};
  return rpc_put_replay(c, &rp, at.number);
}

err rpc_block_place(struct rpc_call *c, u64 *number,
                    const struct rpc_block *at) {
  struct node_read *r;
  bool found;
  TRY(rpc_find(c, &r, number, &found, at));
  if (found) return ERR_OK;
  if (at->tag != RPC_AT_HASH) {
    return rpc_fail(c, RPC_ERR_SERVER, "block #%llu not found",
                    (unsigned long long)at->number);
  }
  char hex[64];
  hex_encode(hex, at->hash.b, 32);
  return rpc_fail(c, RPC_ERR_SERVER, "block 0x%.64s not found", hex);
}

static err debug_trace_block(struct rpc_call *c, const struct rpc_block *at) {
  struct rpc_trace_opts opts;
  u64 number;
  TRY(debug_opts(c, &opts, 1));
  TRY(rpc_block_place(c, &number, at));
  struct rpc_replay rp = {.opts = &opts, .only = RPC_REPLAY_ALL,
                          .put = debug_put_result};
  return rpc_put_replay(c, &rp, number);
}

err rpc_do_debug_traceBlockByNumber(struct rpc_call *c) {
  return debug_trace_block(c, &c->arg[0].block);
}

err rpc_do_debug_traceBlockByHash(struct rpc_call *c) {
  struct rpc_block at = {.tag = RPC_AT_HASH, .hash = c->arg[0].hash};
  return debug_trace_block(c, &at);
}

err rpc_trace_call(struct rpc_call *c, struct buf *text,
                   const struct rpc_trace_opts *opts,
                   const struct rpc_txcall *call, const struct rpc_arg *block,
                   err (*put)(void *ctx, struct rpc_tracing *t,
                              const struct chain_outcome *o), void *ctx) {
  struct rpc_world w;
  struct rpc_tracing t;
  struct chain_exec *x;
  struct chain_outcome o;
  struct chain_tx tx = call->tx;
  TRY(rpc_world_begin(&w, c, block, NULL, NULL));
  if (opts->timeout_ms) w.end_ms = node_clock_ms() + opts->timeout_ms;
  w.over = opts->over;
  w.block_over = opts->block_over;
  if (w.block_over) rpc_override_block(&w.header, w.block_over);
  tx.gas_limit = rpc_call_gas(c, call);
  TRY(rpc_world_enter(&w, &x));
  rpc_tracing_init(&t, opts, x, &w.rules, &w.header, &tx,
                   rpc_limits(c->batch->server)->response_max);
  evm_set_tracer(chain_exec_evm(x), &t.hooks);
  chain_exec_call(x, &o, &tx);
  evm_set_tracer(chain_exec_evm(x), NULL);
  err e = rpc_world_check(&w);
  if (e >= 0 && o.verdict != CHAIN_OK) e = rpc_fail_outcome(c, &o);
  if (e >= 0 && put) e = put(ctx, &t, &o);
  if (e >= 0 && !put) rpc_tracing_put(&t, text, &o);
  if (e >= 0 && (t.over || text->over)) e = rpc_fail_traced(c);
  rpc_tracing_fini(&t);
  return rpc_world_leave(&w, e);
}

err rpc_do_debug_traceCall(struct rpc_call *c) {
  struct rpc_trace_opts opts;
  struct buf text;
  TRY(debug_opts(c, &opts, 2));
  buf_init(&text, rpc_limits(c->batch->server)->response_max);
  err e = rpc_trace_call(c, &text, &opts, c->arg[0].call, &c->arg[1], NULL,
                         NULL);
  if (e >= 0) jsonw_raw(&c->w, buf_slice(&text));
  buf_fini(&text);
  return e;
}

/*--------------------------------------------------------------- encodings */

static err debug_block(struct rpc_call *c, struct node_block *b, u32 flags) {
  struct node_read *r;
  u64 number;
  TRY(rpc_block_place(c, &number, &c->arg[0].block));
  TRY(rpc_read(c, &r));
  err e = node_read_block(r, b, number, flags, c->a);
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

err rpc_do_debug_getRawHeader(struct rpc_call *c) {
  struct node_block b;
  struct buf raw;
  TRY(debug_block(c, &b, 0));
  buf_init(&raw, 0);
  chain_header_encode(&raw, &b.header);
  jsonw_hex(&c->w, buf_slice(&raw));
  buf_fini(&raw);
  return ERR_OK;
}

err rpc_do_debug_getRawBlock(struct rpc_call *c) {
  struct node_block b;
  struct buf raw;
  TRY(debug_block(c, &b, NODE_WITH_TXS));
  buf_init(&raw, 0);
  size_t whole = rlp_list_open(&raw);
  chain_header_encode(&raw, &b.header);
  size_t txs = rlp_list_open(&raw);
  for (u32 i = 0; i < b.tx_cnt; i++) {
    if (b.tx[i].type == 0) {
      rlp_put_raw(&raw, b.tx[i].raw);
    } else {
      rlp_put_slice(&raw, b.tx[i].raw);
    }
  }
  rlp_list_close(&raw, txs);
  if (b.rest.len) {
    rlp_put_raw(&raw, b.rest);
  } else {
    rlp_list_close(&raw, rlp_list_open(&raw)); /* ommers */
    if (b.header.opt_cnt >= 2) rlp_list_close(&raw, rlp_list_open(&raw));
  }
  rlp_list_close(&raw, whole);
  jsonw_hex(&c->w, buf_slice(&raw));
  buf_fini(&raw);
  return ERR_OK;
}

err rpc_do_debug_getRawReceipts(struct rpc_call *c) {
  struct node_block b;
  struct buf raw;
  TRY(debug_block(c, &b, NODE_WITH_TXS | NODE_WITH_RECEIPTS));
  buf_init(&raw, 0);
  jsonw_arr(&c->w);
  for (u32 i = 0; i < b.tx_cnt; i++) {
    buf_clear(&raw);
    chain_receipt_encode(&raw, &b.receipt[i]);
    jsonw_hex(&c->w, buf_slice(&raw));
  }
  jsonw_arr_end(&c->w);
  buf_fini(&raw);
  return ERR_OK;
}

err rpc_do_debug_getRawTransaction(struct rpc_call *c) {
  struct node_read *r;
  struct node_tx_place at;
  struct chain_tx *tx = arena_new(c->a, struct chain_tx);
  err e = node_pool_tx(c->node, tx, &c->arg[0].hash, c->a);
  if (e < 0) {
    TRY(rpc_read(c, &r));
    e = node_read_tx_place(r, &at, &c->arg[0].hash);
    if (e >= 0) e = node_read_tx(r, tx, NULL, NULL, &at, c->a);
  }
  if (e == ERR_NOT_FOUND) {
    jsonw_str(&c->w, "0x");
    return ERR_OK;
  }
  if (e < 0) return rpc_fail_err(c, e);
  jsonw_hex(&c->w, tx->raw);
  return ERR_OK;
}

err rpc_do_eth_getRawTransactionByHash(struct rpc_call *c) {
  return rpc_do_debug_getRawTransaction(c);
}

/* Every block that was decided is good. */
err rpc_do_debug_getBadBlocks(struct rpc_call *c) {
  jsonw_arr(&c->w);
  jsonw_arr_end(&c->w);
  return ERR_OK;
}
