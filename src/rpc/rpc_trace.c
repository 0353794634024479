/* rpc_trace.c - trace_*: what transactions did, in the shape of Parity (and
** Erigon): one entry for each message, with its path among them.
**
** Blocks are replayed as for debug_*.  Of the kinds of traces a caller may ask
** of trace_call and trace_replay*, there are "trace", "stateDiff" and "vmTrace".
**
** trace_filter by address asks the index of addresses which transactions to run
** again, in any range; without one it runs all of TRACE_FILTER_BLOCKS blocks
** at most.  It answers TRACE_FILTER_CNT entries at most; callMany takes TRACE_MANY calls.
*/
#include "codec/hex.h"
#include "rpc/rpc_param.h"
#include "rpc/rpc_tracer.h"

#define TRACE_FILTER_BLOCKS 1000u
#define TRACE_FILTER_CNT 10000u
#define TRACE_MANY 100u

static const struct rpc_trace_opts trace_flat = {
  .one = {{.kind = RPC_TRACER_FLAT, .parity_errors = true,
           .parity_gas = true}},
  .cnt = 1};

/*---------------------------------------------------- blocks, transactions */

/* ctx: a struct rpc_flat_want, or NULL. */
static err trace_put_flat(struct rpc_replay *rp, struct rpc_tracing *t,
                          const struct chain_outcome *o,
                          const struct node_block *b) {
  struct rpc_frame *top = rpc_frames_of(t->tracer[0]);
  bool any = rp->cnt > 0;
  (void)o;
  (void)b;
  if (top) {
    rpc_put_flat(rp->out, top, t->tracer[0]->opts, &t->place, rp->ctx, &any);
  }
  rp->cnt = any;
  return ERR_OK;
}

/* An array of what put writes, of one transaction or all. */
static err trace_array(struct rpc_call *c, struct rpc_replay *rp, u64 number) {
  struct buf text;
  buf_init(&text, rpc_limits(c->batch->server)->response_max);
  rp->out = &text;
  buf_put_u8(&text, '[');
  err e = number ? rpc_replay_run(rp, c, number) : ERR_OK;
  buf_put_u8(&text, ']');
  if (e >= 0 && text.over) e = rpc_fail_traced(c);
  if (e >= 0) jsonw_raw(&c->w, buf_slice(&text));
  buf_fini(&text);
  return e;
}

err rpc_do_trace_block(struct rpc_call *c) {
  struct rpc_replay rp = {.opts = &trace_flat, .only = RPC_REPLAY_ALL,
                          .put = trace_put_flat};
  u64 number;
  TRY(rpc_block_place(c, &number, &c->arg[0].block));
  return trace_array(c, &rp, number);
}

/* *found false: null was written. */
static err trace_place(struct rpc_call *c, struct node_tx_place *at,
                       bool *found) {
  struct node_read *r;
  TRY(rpc_read(c, &r));
  err e = node_read_tx_place(r, at, &c->arg[0].hash);
  *found = e >= 0;
  if (e == ERR_NOT_FOUND) {
    jsonw_null(&c->w);
    return ERR_OK;
  }
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

err rpc_do_trace_transaction(struct rpc_call *c) {
  struct node_tx_place at;
  bool found;
  TRY(trace_place(c, &at, &found));
  if (!found) return ERR_OK;
  struct rpc_replay rp = {.opts = &trace_flat, .only = at.idx,
                          .put = trace_put_flat};
  return trace_array(c, &rp, at.number);
}

struct trace_path {
  u64 at[1024];
  u32 cnt;
};

static bool trace_is_at(void *ctx, const struct rpc_frame *f, const u32 *path,
                        u32 depth) {
  const struct trace_path *p = ctx;
  bool hit = depth == p->cnt;
  (void)f;
  for (u32 i = 0; i < p->cnt && hit; i++) hit = path[i] == p->at[i];
  return hit;
}

err rpc_do_trace_get(struct rpc_call *c) {
  struct trace_path *path = arena_new(c->a, struct trace_path);
  struct rpc_value *list = &c->arg[1].any;
  struct node_tx_place at;
  struct errmsg msg;
  size_t cnt;
  bool found;
  if (rpc_param_array(&cnt, list, ARRAY_LEN(path->at), "places", &msg) < 0) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 1: %s", msg.text);
  }
  for (; path->cnt < cnt; path->cnt++) {
    struct rpc_value v = rpc_value_of(json_array_get(list->tree, path->cnt));
    if (rpc_param_count(&path->at[path->cnt], &v, &msg) < 0) {
      return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 1: %s", msg.text);
    }
  }
  TRY(trace_place(c, &at, &found));
  if (!found) return ERR_OK;
  struct buf text;
  struct rpc_flat_want want = {trace_is_at, path};
  struct rpc_replay rp = {.opts = &trace_flat, .only = at.idx,
                          .put = trace_put_flat, .ctx = &want, .out = &text};
  buf_init(&text, rpc_limits(c->batch->server)->response_max);
  err e = rpc_replay_run(&rp, c, at.number);
  if (e >= 0) jsonw_raw(&c->w, rp.cnt ? buf_slice(&text) : slice_str("null"));
  buf_fini(&text);
  return e;
}

/*--------------------------------------------------------------- filtering */

struct trace_filter {
  const addr20 *from, *to; /* any of them; none: all */
  u32 from_cnt, to_cnt;
  u64 after, left;
};

static bool trace_has(const addr20 *list, u32 cnt, const addr20 *a) {
  for (u32 i = 0; i < cnt; i++) {
    if (addr20_eq(&list[i], a)) return true;
  }
  return cnt == 0;
}

static bool trace_matches(void *ctx, const struct rpc_frame *f,
                          const u32 *path, u32 depth) {
  struct trace_filter *q = ctx;
  (void)path;
  (void)depth;
  bool hit = trace_has(q->from, q->from_cnt, &f->from) &&
             (q->to_cnt == 0 || (f->has_to &&
                                 trace_has(q->to, q->to_cnt, &f->to)));
  if (!hit || q->left == 0) return false;
  if (q->after) {
    q->after--;
    return false;
  }
  q->left--;
  return true;
}

static err trace_read_addrs(struct rpc_call *c, const addr20 **out, u32 *cnt,
                            const struct rpc_value *v, struct errmsg *msg) {
  size_t n;
  TRY(rpc_param_array(&n, v, RPC_FILTER_ADDR_MAX, "addresses", msg));
  addr20 *list = arena_array(c->a, addr20, n);
  for (u32 i = 0; i < n; i++) {
    struct rpc_value item = rpc_value_of(json_array_get(v->tree, i));
    TRY(rpc_param_fixed(list[i].b, 20, &item, "address", msg));
  }
  *out = list;
  *cnt = (u32)n;
  return ERR_OK;
}

static err trace_read_filter(struct rpc_call *c, struct trace_filter *q,
                             struct rpc_arg *from, struct rpc_arg *to,
                             struct errmsg *msg) {
  const struct rpc_value *v = &c->arg[0].any;
  TRY(rpc_param_object(v, "filter", msg));
  RPC_MEMBER(v, "fromBlock", rpc_read_NUMBER(c, from, &m_, msg));
  RPC_MEMBER(v, "toBlock", rpc_read_NUMBER(c, to, &m_, msg));
  RPC_MEMBER(v, "fromAddress",
             trace_read_addrs(c, &q->from, &q->from_cnt, &m_, msg));
  RPC_MEMBER(v, "toAddress",
             trace_read_addrs(c, &q->to, &q->to_cnt, &m_, msg));
  RPC_MEMBER(v, "after", rpc_param_count(&q->after, &m_, msg));
  RPC_MEMBER(v, "count", rpc_param_count(&q->left, &m_, msg));
  if (q->left > TRACE_FILTER_CNT) q->left = TRACE_FILTER_CNT;
  return ERR_OK;
}

/* The next transaction from (at, idx) on that any of the addresses took part
** in; those of the shorter list, since both must hold.  *found false: none. */
static err trace_next(struct rpc_call *c, const struct trace_filter *q,
                      u64 at, u32 idx, u64 last, struct node_tx_place *out,
                      bool *found) {
  bool by_from = q->from_cnt && (!q->to_cnt || q->from_cnt <= q->to_cnt);
  const addr20 *list = by_from ? q->from : q->to;
  u32 cnt = by_from ? q->from_cnt : q->to_cnt;
  struct node_read *r;
  *found = false;
  TRY(rpc_read(c, &r));
  for (u32 i = 0; i < cnt; i++) {
    struct node_tx_place p;
    struct node_parties parties = {
      .addr = list[i], .parts = NODE_PART_ANY, .from = at, .from_idx = idx,
      .to = last, .to_idx = NODE_IDX_MAX};
    u32 n;
    bool more;
    err e = node_read_parties(r, &parties, &p, 1, &n, &more);
    if (e < 0) return rpc_fail_err(c, e);
    if (!n || (*found && (p.number > out->number ||
                          (p.number == out->number && p.idx >= out->idx))))
      continue;
    *out = p;
    *found = true;
    last = p.number;
  }
  return ERR_OK;
}

static err trace_in_time(struct rpc_call *c, u64 end, u64 at) {
  if (node_clock_ms() <= end) return ERR_OK;
  return rpc_fail(c, RPC_ERR_TIMEOUT,
                  "timed out at block 0x%llx: ask for a shorter range",
                  (unsigned long long)at);
}

/* A block with one such transaction runs up to that one, with more than one as
** a whole: the filter looks at every message anyway. */
static err trace_by_index(struct rpc_call *c, struct trace_filter *q,
                          struct rpc_replay *rp, u64 at, u64 last, u64 end) {
  while (at <= last && q->left && !rp->out->over) {
    struct node_tx_place p, other;
    bool found, two;
    TRY(trace_in_time(c, end, at));
    TRY(trace_next(c, q, at, 0, last, &p, &found));
    if (!found) break;
    TRY(trace_next(c, q, p.number, p.idx + 1, p.number, &other, &two));
    rp->only = two ? RPC_REPLAY_ALL : p.idx;
    TRY(rpc_replay_run(rp, c, p.number));
    at = p.number + 1;
  }
  return ERR_OK;
}

static err trace_by_block(struct rpc_call *c, struct trace_filter *q,
                          struct rpc_replay *rp, u64 at, u64 last, u64 end) {
  for (at += at == 0; at <= last && q->left && !rp->out->over; at++) {
    TRY(trace_in_time(c, end, at));
    TRY(rpc_replay_run(rp, c, at));
  }
  return ERR_OK;
}

err rpc_do_trace_filter(struct rpc_call *c) {
  struct trace_filter q = {.left = TRACE_FILTER_CNT};
  struct rpc_arg from = {.block.tag = RPC_AT_LATEST},
                 to = {.block.tag = RPC_AT_LATEST};
  struct errmsg msg = {.text = ""};
  struct node_read *r;
  struct buf text;
  u64 at, last;
  if (trace_read_filter(c, &q, &from, &to, &msg) < 0) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %s", msg.text);
  }
  TRY(rpc_block_place(c, &at, &from.block));
  TRY(rpc_block_place(c, &last, &to.block));
  TRY(rpc_read(c, &r));
  if (at > last) return rpc_fail(c, RPC_ERR_PARAMS, "invalid block range");
  bool indexed = (q.from_cnt || q.to_cnt) && node_read_parties_from(r) <= at;
  if (!indexed && last - at >= TRACE_FILTER_BLOCKS) {
    return rpc_fail(c, RPC_ERR_LIMIT,
                    "query exceeds max block range %u. Try with this block "
                    "range [0x%llx, 0x%llx]", TRACE_FILTER_BLOCKS,
                    (unsigned long long)at,
                    (unsigned long long)(at + TRACE_FILTER_BLOCKS - 1));
  }
  struct rpc_flat_want want = {trace_matches, &q};
  struct rpc_replay rp = {.opts = &trace_flat, .only = RPC_REPLAY_ALL,
                          .put = trace_put_flat, .out = &text, .ctx = &want};
  u64 end = node_clock_ms() + rpc_limits(c->batch->server)->evm_timeout_ms;
  buf_init(&text, rpc_limits(c->batch->server)->response_max);
  buf_put_u8(&text, '[');
  err e = indexed ? trace_by_index(c, &q, &rp, at, last, end)
                  : trace_by_block(c, &q, &rp, at, last, end);
  buf_put_u8(&text, ']');
  if (e >= 0 && text.over) e = rpc_fail_traced(c);
  if (e >= 0) jsonw_raw(&c->w, buf_slice(&text));
  buf_fini(&text);
  return e;
}

/*------------------------------------------------------ calls and replays */

/* Which traces are asked for. */
static err trace_types(struct rpc_call *c, struct rpc_trace_opts *out,
                       const struct rpc_value *v, u32 arg) {
  struct errmsg msg;
  size_t cnt;
  bool diff = false, flat = false, vm = false;
  if (rpc_param_array(&cnt, v, 3, "trace types", &msg) < 0) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument %u: %s", arg,
                    msg.text);
  }
  for (size_t i = 0; i < cnt; i++) {
    const char *t = json_string_value(json_array_get(v->tree, i));
    if (t && strcmp(t, "trace") == 0) {
      flat = true;
    } else if (t && strcmp(t, "stateDiff") == 0) {
      diff = true;
    } else if (t && strcmp(t, "vmTrace") == 0) {
      vm = true;
    } else {
      return rpc_fail(c, RPC_ERR_PARAMS,
                      "invalid argument %u: there are \"trace\", "
                      "\"stateDiff\" and \"vmTrace\"", arg);
    }
  }
  *out = trace_flat;
  out->one[0].unasked = !flat;
  if (diff) out->one[out->cnt++].kind = RPC_TRACER_PRESTATE;
  if (vm) out->one[out->cnt++].kind = RPC_TRACER_VM;
  return ERR_OK;
}

/* What a tracer of a kind told, if it is asked for. */
static void trace_put_kind(struct buf *out, struct rpc_tracing *t,
                           enum rpc_tracer_kind kind) {
  for (u32 i = 1; i < t->opts->cnt; i++) {
    if (t->opts->one[i].kind != kind) continue;
    if (kind == RPC_TRACER_PRESTATE) rpc_put_state_diff(t->tracer[i], out);
    else RPC_TRACER_ROW_VM.put(t->tracer[i], out);
    return;
  }
  buf_put_str(out, "null");
}

static void trace_put_full(struct buf *out, struct rpc_tracing *t,
                           const struct chain_outcome *o,
                           const hash32 *tx_hash) {
  static const struct rpc_trace_place nowhere;
  struct rpc_frame *top = rpc_frames_of(t->tracer[0]);
  bool any = false;
  buf_put_str(out, "{\"output\":\"");
  buf_put_hex(out, o->output);
  buf_put_str(out, "\",\"stateDiff\":");
  trace_put_kind(out, t, RPC_TRACER_PRESTATE);
  buf_put_str(out, ",\"trace\":[");
  if (top && !t->opts->one[0].unasked) {
    rpc_put_flat(out, top, t->tracer[0]->opts, &nowhere, NULL, &any);
  }
  buf_put_str(out, "],\"vmTrace\":");
  trace_put_kind(out, t, RPC_TRACER_VM);
  if (tx_hash) {
    buf_put_str(out, ",\"transactionHash\":\"");
    buf_put_hex(out, hash32_slice(tx_hash));
    buf_put_u8(out, '"');
  }
  buf_put_u8(out, '}');
}

static err trace_put_replay(struct rpc_replay *rp, struct rpc_tracing *t,
                            const struct chain_outcome *o,
                            const struct node_block *b) {
  bool all = rp->only == RPC_REPLAY_ALL;
  (void)b;
  if (all && rp->cnt++) buf_put_u8(rp->out, ',');
  trace_put_full(rp->out, t, o, all ? &t->tx->hash : NULL);
  return ERR_OK;
}

err rpc_do_trace_replayTransaction(struct rpc_call *c) {
  struct rpc_trace_opts opts;
  struct node_tx_place at;
  TRY(trace_types(c, &opts, &c->arg[1].any, 1));
  TRY(rpc_tx_place(c, &at, &c->arg[0].hash));
  struct rpc_replay rp = {.opts = &opts, .only = at.idx,
                          .put = trace_put_replay};
  return rpc_put_replay(c, &rp, at.number);
}

err rpc_do_trace_replayBlockTransactions(struct rpc_call *c) {
  struct rpc_trace_opts opts;
  u64 number;
  TRY(trace_types(c, &opts, &c->arg[1].any, 1));
  TRY(rpc_block_place(c, &number, &c->arg[0].block));
  struct rpc_replay rp = {.opts = &opts, .only = RPC_REPLAY_ALL,
                          .put = trace_put_replay};
  return trace_array(c, &rp, number);
}

static err trace_put_call(void *ctx, struct rpc_tracing *t,
                          const struct chain_outcome *o) {
  trace_put_full(ctx, t, o, NULL);
  return ERR_OK;
}

err rpc_do_trace_call(struct rpc_call *c) {
  struct rpc_trace_opts opts;
  struct buf text;
  TRY(trace_types(c, &opts, &c->arg[1].any, 1));
  buf_init(&text, rpc_limits(c->batch->server)->response_max);
  err e = rpc_trace_call(c, &text, &opts, c->arg[0].call, &c->arg[2],
                         trace_put_call, &text);
  if (e >= 0) jsonw_raw(&c->w, buf_slice(&text));
  buf_fini(&text);
  return e;
}

/* One of the calls of callMany: [call, types]. */
static err trace_many_read(struct rpc_call *c, const json_t *pair,
                           struct rpc_txcall **call,
                           struct rpc_trace_opts *opts) {
  struct rpc_value first = rpc_value_of(json_array_get(pair, 0)),
                   types = rpc_value_of(json_array_get(pair, 1));
  struct rpc_arg arg = {.given = true};
  struct errmsg msg = {.text = ""};
  if (rpc_read_CALL(c, &arg, &first, &msg) < 0) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %s", msg.text);
  }
  *call = arg.call;
  return trace_types(c, opts, &types, 0);
}

static err trace_many(struct rpc_call *c, struct rpc_world *w,
                      struct chain_exec *x, struct buf *text) {
  const json_t *list = c->arg[0].any.tree;
  for (size_t i = 0; i < json_array_size(list); i++) {
    struct rpc_trace_opts opts;
    struct rpc_txcall *call = NULL;
    struct rpc_tracing t;
    struct chain_outcome o;
    TRY(trace_many_read(c, json_array_get(list, i), &call, &opts));
    call->tx.gas_limit = rpc_call_gas(c, call);
    rpc_tracing_init(&t, &opts, x, &w->rules, &w->header, &call->tx,
                     rpc_limits(c->batch->server)->response_max);
    evm_set_tracer(chain_exec_evm(x), &t.hooks);
    chain_exec_call(x, &o, &call->tx);
    evm_set_tracer(chain_exec_evm(x), NULL);
    err e = rpc_world_check(w);
    if (e >= 0 && o.verdict != CHAIN_OK) e = rpc_fail_outcome(c, &o);
    if (e >= 0) {
      if (i) buf_put_u8(text, ',');
      trace_put_full(text, &t, &o, NULL);
      if (t.over || t.mem.over || text->over) e = rpc_fail_traced(c);
    }
    rpc_tracing_fini(&t);
    TRY(e);
  }
  return ERR_OK;
}

/* Each call on the state that the one before it left. */
err rpc_do_trace_callMany(struct rpc_call *c) {
  struct rpc_world w;
  struct chain_exec *x;
  struct errmsg msg;
  struct buf text;
  size_t cnt;
  if (rpc_param_array(&cnt, &c->arg[0].any, TRACE_MANY, "calls", &msg) < 0) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %s", msg.text);
  }
  TRY(rpc_world_begin(&w, c, &c->arg[1], NULL, NULL));
  TRY(rpc_world_enter(&w, &x));
  buf_init(&text, rpc_limits(c->batch->server)->response_max);
  buf_put_u8(&text, '[');
  err e = rpc_world_leave(&w, trace_many(c, &w, x, &text));
  buf_put_u8(&text, ']');
  if (e >= 0) jsonw_raw(&c->w, buf_slice(&text));
  buf_fini(&text);
  return e;
}

err rpc_do_trace_rawTransaction(struct rpc_call *c) {
  const struct rpc_arg latest = {.given = false};
  struct rpc_trace_opts opts;
  struct rpc_txcall call = {.has_gas = true};
  struct errmsg msg = {.text = ""};
  struct buf text;
  TRY(trace_types(c, &opts, &c->arg[1].any, 1));
  err e = chain_tx_decode(&call.tx, c->arg[0].bytes, c->a, &msg);
  if (e >= 0 && (e = chain_tx_sender(&call.tx)) < 0) {
    err_say(&msg, e, "invalid sender");
  }
  if (e < 0) return rpc_fail(c, RPC_ERR_SERVER, "%s", msg.text);
  buf_init(&text, rpc_limits(c->batch->server)->response_max);
  e = rpc_trace_call(c, &text, &opts, &call, &latest, trace_put_call, &text);
  if (e >= 0) jsonw_raw(&c->w, buf_slice(&text));
  buf_fini(&text);
  return e;
}

#undef TRACE_FILTER_BLOCKS
#undef TRACE_FILTER_CNT
#undef TRACE_MANY
