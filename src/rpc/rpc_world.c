/* rpc_world.c - where messages run that nobody signed: on the state after a
** block, as overrides change it, until the call's time is up.
*/
#include "codec/abi.h"
#include "rpc/rpc_call.h"

err rpc_fail_pruned(struct rpc_call *c, struct node_read *r, u64 number) {
  return rpc_fail(c, RPC_ERR_SERVER,
                  "state of block %llu is not kept, the oldest is %llu",
                  (unsigned long long)number,
                  (unsigned long long)node_read_oldest_state(r));
}

err rpc_fail_addresses(struct rpc_call *c, u64 from) {
  if (from == UINT64_MAX)
    return rpc_fail(c, RPC_ERR_SERVER,
                    "this node keeps no index of addresses: start it with "
                    "--index.addresses, once after \"cybermiles reindex\"");
  return rpc_fail(c, RPC_ERR_SERVER,
                  "not found from block %llu on, where the index of addresses "
                  "begins: \"cybermiles reindex\" makes it whole",
                  (unsigned long long)from);
}

static err world_timeout(struct rpc_call *c) {
  return rpc_fail(c, RPC_ERR_TIMEOUT, "execution aborted (timeout = %ums)",
                  rpc_limits(c->batch->server)->evm_timeout_ms);
}

static err world_fail(struct rpc_world *w, err e) {
  if (e == ERR_TIMEOUT) return world_timeout(w->c);
  if (e == ERR_NOT_FOUND) return rpc_fail_pruned(w->c, w->r, w->number);
  return rpc_fail_err(w->c, e);
}

err rpc_world_open(struct rpc_world *w, struct rpc_call *c) {
  *w = (struct rpc_world){.c = c};
  u32 time_ms = rpc_limits(c->batch->server)->evm_timeout_ms;
  if (c->batch->brief && time_ms > NODE_RUN_BRIEF_MS)
    time_ms = NODE_RUN_BRIEF_MS;
  w->end_ms = node_clock_ms() + time_ms;
  return rpc_read(c, &w->r);
}

err rpc_world_begin(struct rpc_world *w, struct rpc_call *c,
                    const struct rpc_arg *block, const struct rpc_arg *over,
                    const struct rpc_arg *block_over) {
  bool pending = block->given && block->block.tag == RPC_AT_PENDING;
  TRY(rpc_world_open(w, c));
  TRY(rpc_at(c, &w->r, &w->number, block));
  err e = node_run_world(w->r, &w->rules, &w->header, w->number, pending);
  if (e < 0) return world_fail(w, e);
  if (over && over->given) w->over = over->over;
  if (block_over && block_over->given) {
    w->block_over = block_over->block_over;
    rpc_override_block(&w->header, w->block_over);
  }
  return ERR_OK;
}

err rpc_world_enter(struct rpc_world *w, struct chain_exec **x) {
  u64 now = node_clock_ms();
  if (now >= w->end_ms) return world_timeout(w->c);
  err e = node_run_begin(w->r, x, w->number, &w->rules, &w->header,
                         (u32)(w->end_ms - now));
  if (e < 0) return world_fail(w, e);
  if (w->block_over) rpc_override_fees(*x, w->block_over);
  e = rpc_override_apply(w->c, *x, w->over, w->rules.fork);
  if (e < 0) node_run_end(w->r);
  return e;
}

err rpc_world_check(struct rpc_world *w) {
  err e = node_run_check(w->r);
  return e < 0 ? world_fail(w, e) : ERR_OK;
}

err rpc_world_leave(struct rpc_world *w, err e) {
  err now = node_run_check(w->r);
  node_run_end(w->r);
  return now < 0 ? world_fail(w, now) : e;
}

err rpc_fail_outcome(struct rpc_call *c, const struct chain_outcome *o) {
  if (o->verdict != CHAIN_OK) {
    return rpc_fail(c, RPC_ERR_SERVER, "%s", chain_verdict_text(o->verdict));
  }
  if (o->status != EVM_REVERT) {
    return rpc_fail(c, RPC_ERR_SERVER, "%s", evm_status_text(o->status));
  }
  struct buf reason;
  buf_init(&reason, 300);
  bool known = abi_revert_reason(&reason, o->output);
  err e = rpc_fail(c, RPC_ERR_REVERT, "execution reverted%s%s",
                   known ? ": " : "", known ? buf_cstr(&reason) : "");
  buf_fini(&reason);
  c->fault.has_data = true;
  c->fault.data = arena_copy_slice(c->a, o->output);
  return e;
}

u64 rpc_call_gas(struct rpc_call *c, const struct rpc_txcall *call) {
  u64 cap = rpc_limits(c->batch->server)->gas_cap;
  return call->has_gas && call->tx.gas_limit < cap ? call->tx.gas_limit : cap;
}
