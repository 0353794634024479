/* rpc_tracer_call.c - callTracer and flatCallTracer: the messages of a
** transaction as a tree, and the tree flattened as Parity told it.
**
** A creation's address is known when it is left, and only shown when it
** succeeded.  Logs of a frame that failed, or of one below it, did not happen
** and are not shown.  The tree is as deep as the machine calls, so its text is
** not nested by the JSON writer but here.
**
** Flat: one entry for each frame with its path of places (traceAddress);
** calls of precompiles are left out, as Parity and geth do.
*/
#include "codec/abi.h"
#include "codec/hex.h"
#include "rpc/rpc_tracer.h"

enum {
  FRAME_CREATE = 0xf0, FRAME_CALL = 0xf1, FRAME_CALLCODE = 0xf2,
  FRAME_DELEGATECALL = 0xf4, FRAME_CREATE2 = 0xf5, FRAME_STATICCALL = 0xfa,
  FRAME_RETURN = 0xf3, FRAME_SELFDESTRUCT = 0xff, FRAME_LOG0 = 0xa0, FRAME_LOG4 = 0xa4
};

struct frame_tree {
  struct rpc_frame *top, *cur;
  u32 log_cnt;
  u32 skipped; /* depth below what onlyTopCall keeps */
};

struct rpc_frame *rpc_frames_of(const struct rpc_tracer *r) {
  return ((struct frame_tree *)r->data)->top;
}

const char *rpc_frame_type(const struct rpc_frame *f) {
  return evm_op_name(f->op);
}

static bool frame_is_create(const struct rpc_frame *f) {
  return f->op == FRAME_CREATE || f->op == FRAME_CREATE2;
}

/* geth's words. */
static const char *frame_error(const struct rpc_frame *f) {
  if (frame_is_create(f) && f->returned && f->status == EVM_OUT_OF_GAS) {
    return "contract creation code storage out of gas";
  }
  return evm_status_text(f->status);
}

static void frame_begin(struct rpc_tracer *r) {
  r->data = arena_new(&r->t->mem, struct frame_tree);
}

static void frame_enter(struct rpc_tracer *r, const struct evm_msg *m, u8 op) {
  struct frame_tree *tree = r->data;
  struct arena *a = &r->t->mem;
  if (r->opts->only_top && tree->cur && r->opts->kind == RPC_TRACER_CALL) {
    tree->skipped++;
    return;
  }
  struct rpc_frame *f = arena_new(a, struct rpc_frame);
  if (!f) {
    r->t->over = true;
    return;
  }
  f->op = op;
  f->from = op == FRAME_DELEGATECALL ? m->recipient : m->sender;
  f->to = op == FRAME_SELFDESTRUCT ? m->recipient : m->code_addr;
  f->has_to = !frame_is_create(f);
  f->has_value = op != FRAME_STATICCALL;
  f->value = m->value;
  f->gas = m->gas;
  f->depth = m->depth;
  f->input = arena_copy_slice(a, m->input);
  f->precompile = f->has_to && op != FRAME_SELFDESTRUCT &&
                  evm_is_precompile(r->t->rules->fork, &m->code_addr);
  f->parent = tree->cur;
  if (!tree->top) {
    tree->top = f;
    if (!r->opts->parity_gas) f->gas = r->t->tx->gas_limit;
  } else if (f->parent) {
    struct rpc_frame *p = f->parent;
    if (p->last) {
      p->last->next = f;
    } else {
      p->first = f;
    }
    p->last = f;
    p->child_cnt++;
  }
  tree->cur = f;
}

static void frame_leave(struct rpc_tracer *r, const struct evm_msg *m,
                        const struct evm_result *res) {
  struct frame_tree *tree = r->data;
  struct rpc_frame *f = tree->cur;
  if (tree->skipped) {
    tree->skipped--;
    return;
  }
  if (!f) return;
  f->status = res->status;
  f->failed = res->status != EVM_SUCCESS;
  f->gas_used = m->gas > res->gas_left ? m->gas - res->gas_left : 0;
  if (f->op == FRAME_SELFDESTRUCT) f->gas_used = 0;
  f->output = arena_copy_slice(&r->t->mem, res->output);
  if (frame_is_create(f) && !f->failed) {
    f->has_to = true;
    f->to = res->created;
  }
  tree->cur = f->parent;
}

/* Logs, from the opcode: what fails afterwards undoes them. */
static void frame_step(struct rpc_tracer *r, const struct evm_step *s) {
  struct frame_tree *tree = r->data;
  if (tree->cur && !tree->skipped) {
    tree->cur->returned = s->op == FRAME_RETURN && s->fault == EVM_SUCCESS;
  }
  u32 topics = (u32)(s->op - FRAME_LOG0);
  if (s->op < FRAME_LOG0 || s->op > FRAME_LOG4 || !r->opts->with_log ||
      s->fault != EVM_SUCCESS || s->stack_cnt < topics + 2 || !tree->cur ||
      tree->skipped) {
    return;
  }
  const u256 *top = s->stack + s->stack_cnt;
  struct rpc_frame *f = tree->cur;
  struct rpc_frame_log *log = arena_new(&r->t->mem, struct rpc_frame_log);
  if (!log) return;
  log->addr = s->msg->recipient;
  log->topic_cnt = topics;
  for (u32 i = 0; i < topics; i++) log->topic[i] = u256_hash32(top - 3 - i);
  log->data = rpc_step_memory(s, &top[-1], &top[-2], &r->t->mem);
  log->position = f->child_cnt;
  log->idx = tree->log_cnt++;
  if (f->log_last) {
    f->log_last->next = log;
  } else {
    f->log = log;
  }
  f->log_last = log;
}

/*---------------------------------------------------------------- nested */

static void frame_put_logs(struct jsonw *w, const struct rpc_frame *f) {
  jsonw_key(w, "logs");
  jsonw_arr(w);
  for (const struct rpc_frame_log *l = f->log; l; l = l->next) {
    jsonw_obj(w);
    jsonw_kv_hex(w, "address", addr20_slice(&l->addr));
    jsonw_key(w, "topics");
    jsonw_arr(w);
    for (u32 i = 0; i < l->topic_cnt; i++) {
      jsonw_hex(w, hash32_slice(&l->topic[i]));
    }
    jsonw_arr_end(w);
    jsonw_kv_hex(w, "data", l->data);
    jsonw_kv_quantity(w, "index", l->idx);
    jsonw_kv_quantity(w, "position", l->position);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
}

static void frame_put_error(struct jsonw *w, const struct rpc_frame *f) {
  jsonw_kv_str(w, "error", frame_error(f));
  if (f->status != EVM_REVERT || f->output.len == 0) return;
  struct buf reason;
  jsonw_kv_hex(w, "output", f->output);
  buf_init(&reason, 4096);
  if (abi_revert_reason(&reason, f->output)) {
    jsonw_key(w, "revertReason");
    jsonw_str_len(w, buf_slice(&reason));
  }
  buf_fini(&reason);
}

/* failed: this frame or one above it did. */
static void frame_put_nested(struct buf *out, const struct rpc_frame *f,
                             bool failed) {
  struct jsonw w;
  failed |= f->failed;
  jsonw_init(&w, out);
  jsonw_obj(&w);
  jsonw_kv_hex(&w, "from", addr20_slice(&f->from));
  jsonw_kv_quantity(&w, "gas", f->gas);
  jsonw_kv_quantity(&w, "gasUsed", f->gas_used);
  if (f->has_to) jsonw_kv_hex(&w, "to", addr20_slice(&f->to));
  jsonw_kv_hex(&w, "input", f->input);
  if (f->failed) {
    frame_put_error(&w, f);
  } else if (f->output.len) {
    jsonw_kv_hex(&w, "output", f->output);
  }
  if (f->first) {
    jsonw_key(&w, "calls");
    jsonw_raw(&w, slice_str("["));
    for (const struct rpc_frame *c = f->first; c; c = c->next) {
      if (c != f->first) buf_put_u8(out, ',');
      frame_put_nested(out, c, failed);
    }
    buf_put_u8(out, ']');
  }
  if (f->log && !failed) frame_put_logs(&w, f);
  if (f->has_value) jsonw_kv_quantity_u256(&w, "value", &f->value);
  jsonw_kv_str(&w, "type", rpc_frame_type(f));
  jsonw_obj_end(&w);
}

/* The top frame's gas is the transaction's. */
static void frame_finish(struct rpc_tracer *r) {
  struct frame_tree *tree = r->data;
  if (!tree->top) {
    r->t->over = true;
    return;
  }
  if (!r->opts->parity_gas) tree->top->gas_used = r->t->out->gas_used;
}

static void frame_put(struct rpc_tracer *r, struct buf *out) {
  struct frame_tree *tree = r->data;
  frame_finish(r);
  if (tree->top) frame_put_nested(out, tree->top, false);
}

const struct rpc_tracer_row RPC_TRACER_ROW_CALL = {
  .name = "callTracer", .begin = frame_begin, .step = frame_step,
  .enter = frame_enter, .leave = frame_leave, .put = frame_put};

/*------------------------------------------------------------------- flat */

struct frame_flat {
  struct buf *out;
  const struct rpc_tracer_opts *opts;
  const struct rpc_trace_place *place;
  const struct rpc_flat_want *want;
  bool *any;
  u32 path[1100]; /* deeper than the machine calls */
};

static bool frame_is_hidden(const struct rpc_frame *f,
                            const struct rpc_tracer_opts *o) {
  return f->precompile && f->parent && !o->precompiles &&
         (f->op == FRAME_CALL || f->op == FRAME_STATICCALL);
}

/* Parity's words. */
static const char *frame_parity_error(const struct rpc_frame *f) {
  switch (f->status) {
    case EVM_REVERT: return "Reverted";
    case EVM_OUT_OF_GAS:
    case EVM_CODE_SIZE: return "Out of gas";
    case EVM_STACK_OVERFLOW: return "Out of stack";
    case EVM_STACK_UNDERFLOW: return "Stack underflow";
    case EVM_BAD_JUMP: return "Bad jump destination";
    case EVM_BAD_OPCODE: return "Bad instruction";
    case EVM_STATIC_VIOLATION: return "Mutable Call In Static Context";
    case EVM_PRECOMPILE_FAILED: return "Built-in failed";
    default: return frame_error(f);
  }
}

static void frame_put_action(struct jsonw *w, const struct rpc_frame *f) {
  static const struct { u8 op; const char *name; } types[] = {
    {FRAME_CALL, "call"}, {FRAME_CALLCODE, "callcode"},
    {FRAME_DELEGATECALL, "delegatecall"}, {FRAME_STATICCALL, "staticcall"}};
  jsonw_key(w, "action");
  jsonw_obj(w);
  if (f->op == FRAME_SELFDESTRUCT) {
    jsonw_kv_hex(w, "address", addr20_slice(&f->from));
    jsonw_kv_quantity_u256(w, "balance", &f->value);
    jsonw_kv_hex(w, "refundAddress", addr20_slice(&f->to));
    jsonw_obj_end(w);
    return;
  }
  jsonw_kv_hex(w, "from", addr20_slice(&f->from));
  jsonw_kv_quantity(w, "gas", f->gas);
  jsonw_kv_quantity_u256(w, "value", f->has_value ? &f->value : &U256_ZERO);
  if (frame_is_create(f)) {
    jsonw_kv_str(w, "creationMethod",
                 f->op == FRAME_CREATE ? "create" : "create2");
    jsonw_kv_hex(w, "init", f->input);
  } else {
    jsonw_kv_hex(w, "input", f->input);
    jsonw_kv_hex(w, "to", addr20_slice(&f->to));
    for (u32 i = 0; i < ARRAY_LEN(types); i++) {
      if (types[i].op == f->op) jsonw_kv_str(w, "callType", types[i].name);
    }
  }
  jsonw_obj_end(w);
}

static void frame_put_result(struct jsonw *w, const struct rpc_frame *f,
                             const struct rpc_tracer_opts *o) {
  if (f->failed) {
    jsonw_kv_str(w, "error", o->parity_errors ? frame_parity_error(f)
                                              : frame_error(f));
    if (f->status != EVM_REVERT) return;
  }
  jsonw_key(w, "result");
  if (f->op == FRAME_SELFDESTRUCT) {
    jsonw_null(w);
    return;
  }
  jsonw_obj(w);
  if (frame_is_create(f) && !f->failed) {
    jsonw_kv_hex(w, "address", addr20_slice(&f->to));
    jsonw_kv_hex(w, "code", f->output);
  } else if (!frame_is_create(f) || f->output.len) {
    jsonw_kv_hex(w, "output", f->output);
  }
  jsonw_kv_quantity(w, "gasUsed", f->gas_used);
  jsonw_obj_end(w);
}

static void frame_put_flat_one(struct frame_flat *c,
                               const struct rpc_frame *f, u32 depth,
                               u32 subtraces) {
  const struct rpc_trace_place *p = c->place;
  struct jsonw w;
  if (*c->any) buf_put_u8(c->out, ',');
  *c->any = true;
  jsonw_init(&w, c->out);
  jsonw_obj(&w);
  frame_put_action(&w, f);
  if (p->block_hash) {
    jsonw_kv_hex(&w, "blockHash", hash32_slice(p->block_hash));
    jsonw_kv_u64(&w, "blockNumber", p->number);
  }
  frame_put_result(&w, f, c->opts);
  jsonw_kv_u64(&w, "subtraces", subtraces);
  jsonw_key(&w, "traceAddress");
  jsonw_arr(&w);
  for (u32 i = 0; i < depth; i++) jsonw_u64(&w, c->path[i]);
  jsonw_arr_end(&w);
  if (p->tx_hash) {
    jsonw_kv_hex(&w, "transactionHash", hash32_slice(p->tx_hash));
    jsonw_kv_u64(&w, "transactionPosition", p->idx);
  }
  jsonw_kv_str(&w, "type", f->op == FRAME_SELFDESTRUCT ? "suicide"
                         : frame_is_create(f)          ? "create"
                                                       : "call");
  jsonw_obj_end(&w);
}

static void frame_put_flat(struct frame_flat *c, const struct rpc_frame *f,
                           u32 depth) {
  u32 shown = 0;
  MUST(depth < ARRAY_LEN(c->path));
  for (const struct rpc_frame *k = f->first; k; k = k->next) {
    shown += !frame_is_hidden(k, c->opts);
  }
  if (!c->want || c->want->fn(c->want->ctx, f, c->path, depth)) {
    frame_put_flat_one(c, f, depth, shown);
  }
  u32 at = 0;
  for (const struct rpc_frame *k = f->first; k; k = k->next) {
    if (frame_is_hidden(k, c->opts)) continue;
    c->path[depth] = at++;
    frame_put_flat(c, k, depth + 1);
  }
}

void rpc_put_flat(struct buf *out, const struct rpc_frame *f,
                  const struct rpc_tracer_opts *opts,
                  const struct rpc_trace_place *place,
                  const struct rpc_flat_want *want, bool *any) {
  struct frame_flat c = {.out = out, .opts = opts, .place = place,
                         .want = want, .any = any};
  frame_put_flat(&c, f, 0);
}

static void frame_flat_put(struct rpc_tracer *r, struct buf *out) {
  struct frame_tree *tree = r->data;
  bool any = false;
  frame_finish(r);
  buf_put_u8(out, '[');
  if (tree->top) {
    rpc_put_flat(out, tree->top, r->opts, &r->t->place, NULL, &any);
  }
  buf_put_u8(out, ']');
}

const struct rpc_tracer_row RPC_TRACER_ROW_FLAT = {
  .name = "flatCallTracer", .begin = frame_begin, .step = frame_step,
  .enter = frame_enter, .leave = frame_leave, .put = frame_flat_put};
