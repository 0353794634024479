/* rpc_tracer.c - tracings: their options, the machine's hooks shared out among
** tracers, and the small tracers (struct logger, 4byteTracer, noopTracer).
**
** The struct logger writes each step's text as it comes: nothing is kept but
** the text and the slots that SLOAD and SSTORE have shown so far, by contract.
*/
#include "rpc/rpc_tracer.h"

#include <stdio.h>

#include "codec/hex.h"
#include "rpc/rpc_param.h"

enum { TRACER_SLOAD = 0x54, TRACER_SSTORE = 0x55 };

/*---------------------------------------------------------------- options */

#define TRACER_FLAG(obj, key, member) \
  do { \
    bool flag_ = false; \
    RPC_MEMBER(obj, key, rpc_param_bool(&flag_, &m_, msg)); \
    out->member = flag_; \
  } while (0)

static err tracer_config_read(struct rpc_tracer_opts *out,
                              const struct rpc_value *v, struct errmsg *msg) {
  TRY(rpc_param_object(v, "tracerConfig", msg));
  TRACER_FLAG(v, "onlyTopCall", only_top);
  TRACER_FLAG(v, "withLog", with_log);
  TRACER_FLAG(v, "convertParityErrors", parity_errors);
  TRACER_FLAG(v, "includePrecompiles", precompiles);
  TRACER_FLAG(v, "diffMode", diff);
  TRACER_FLAG(v, "disableCode", no_code);
  TRACER_FLAG(v, "disableStorage", no_storage);
  TRACER_FLAG(v, "includeEmpty", empty);
  return ERR_OK;
}

static err tracer_struct_read(struct rpc_tracer_opts *out,
                              const struct rpc_value *v, struct errmsg *msg) {
  TRACER_FLAG(v, "enableMemory", memory);
  TRACER_FLAG(v, "disableStack", no_stack);
  TRACER_FLAG(v, "disableStorage", no_storage);
  TRACER_FLAG(v, "enableReturnData", return_data);
  RPC_MEMBER(v, "limit", rpc_param_count(&out->limit, &m_, msg));
  return ERR_OK;
}
#undef TRACER_FLAG

/* "300ms", "5s", "2m". */
static err tracer_timeout_read(u32 *out, const struct rpc_value *v,
                               struct errmsg *msg) {
  static const struct { const char *unit; u64 ms; } units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60000}};
  slice s = {0};
  u64 n = 0;
  size_t i = 0;
  TRY(rpc_param_string(&s, v, "duration", msg));
  for (; i < s.len && i < 9 && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++) {
    n = n * 10 + (u64)(s.ptr[i] - '0');
  }
  slice unit = slice_of(s.ptr + i, s.len - i);
  for (u32 k = 0; k < ARRAY_LEN(units) && i; k++) {
    if (!slice_eq(unit, slice_str(units[k].unit))) continue;
    n *= units[k].ms;
    *out = n > 3600000 ? 3600000 : n ? (u32)n : 1;
    return ERR_OK;
  }
  return err_say(msg, ERR_INPUT, "no duration as 300ms, 5s or 2m");
}

static void tracer_struct_begin(struct rpc_tracer *r);
static void tracer_struct_step(struct rpc_tracer *r, const struct evm_step *s);
static void tracer_struct_put(struct rpc_tracer *r, struct buf *out);
static void tracer_struct_end(struct rpc_tracer *r);
static void tracer_4byte_enter(struct rpc_tracer *r, const struct evm_msg *m,
                               u8 op);
static void tracer_4byte_put(struct rpc_tracer *r, struct buf *out);
static void tracer_noop_put(struct rpc_tracer *r, struct buf *out);

static const struct rpc_tracer_row tracer_row_struct = {
  .name = "", .begin = tracer_struct_begin, .step = tracer_struct_step,
  .put = tracer_struct_put, .end = tracer_struct_end};
static const struct rpc_tracer_row tracer_row_4byte = {
  .name = "4byteTracer", .enter = tracer_4byte_enter, .put = tracer_4byte_put};
static const struct rpc_tracer_row tracer_row_noop = {
  .name = "noopTracer", .put = tracer_noop_put};
static const struct rpc_tracer_row *const tracer_rows[RPC_TRACER_KIND_CNT] = {
  [RPC_TRACER_STRUCT] = &tracer_row_struct,
  [RPC_TRACER_CALL] = &RPC_TRACER_ROW_CALL,
  [RPC_TRACER_FLAT] = &RPC_TRACER_ROW_FLAT,
  [RPC_TRACER_PRESTATE] = &RPC_TRACER_ROW_PRESTATE,
  [RPC_TRACER_4BYTE] = &tracer_row_4byte,
  [RPC_TRACER_NOOP] = &tracer_row_noop,
  [RPC_TRACER_VM] = &RPC_TRACER_ROW_VM,
};

static err tracer_named(struct rpc_trace_opts *out, slice name,
                        const struct rpc_value *config, struct errmsg *msg) {
  for (u32 k = 0; k < RPC_TRACER_VM; k++) {
    if (!slice_eq(name, slice_str(tracer_rows[k]->name))) continue;
    if (out->cnt == RPC_TRACER_MUX_MAX) {
      return err_say(msg, ERR_INPUT, "more than %u tracers",
                     RPC_TRACER_MUX_MAX);
    }
    struct rpc_tracer_opts *o = &out->one[out->cnt++];
    o->kind = (enum rpc_tracer_kind)k;
    if (config->kind == RPC_NONE || config->kind == RPC_NULL) return ERR_OK;
    return tracer_config_read(o, config, msg);
  }
  return err_say(msg, ERR_INPUT,
                 "tracer %.*s is not known: there are callTracer, "
                 "flatCallTracer, prestateTracer, 4byteTracer, noopTracer, "
                 "muxTracer and, without a name, the struct logger",
                 (int)(name.len > 40 ? 40 : name.len),
                 (const char *)name.ptr);
}

static err tracer_mux_read(struct rpc_trace_opts *out,
                           const struct rpc_value *config,
                           struct errmsg *msg) {
  const char *key;
  json_t *val;
  out->mux = true;
  TRY(rpc_param_object(config, "tracerConfig", msg));
  json_object_foreach((json_t *)config->tree, key, val) {
    struct rpc_value one = rpc_value_of(val);
    TRY(tracer_named(out, slice_str(key), &one, msg));
  }
  return ERR_OK;
}

err rpc_trace_opts_read(struct rpc_call *c, struct rpc_trace_opts *out,
                        const struct rpc_value *v, struct errmsg *msg) {
  struct rpc_arg arg = {.given = true};
  slice name = {0};
  memset(out, 0, sizeof *out);
  if (v->kind == RPC_NONE || v->kind == RPC_NULL) {
    out->cnt = 1;
    return ERR_OK;
  }
  TRY(rpc_param_object(v, "trace config", msg));
  struct rpc_value config = rpc_member(v, "tracerConfig");
  RPC_MEMBER(v, "tracer", rpc_param_string(&name, &m_, "string", msg));
  RPC_MEMBER(v, "timeout", tracer_timeout_read(&out->timeout_ms, &m_, msg));
  RPC_MEMBER(v, "stateOverrides", rpc_read_OVERRIDES(c, &arg, &m_, msg));
  RPC_MEMBER(v, "blockOverrides", rpc_read_BLOCKOVER(c, &arg, &m_, msg));
  out->over = arg.over;
  out->block_over = arg.block_over;
  if (slice_eq(name, slice_str("muxTracer"))) {
    return tracer_mux_read(out, &config, msg);
  }
  if (name.len) return tracer_named(out, name, &config, msg);
  out->cnt = 1;
  return tracer_struct_read(&out->one[0], v, msg);
}

/*------------------------------------------------------------------ hooks */

#define TRACER_EACH(t, i) for (u32 i = 0; i < (t)->opts->cnt; i++)
#define TRACER_ROW(t, i) (tracer_rows[(t)->opts->one[i].kind])

static void tracer_on_step(void *ctx, const struct evm_step *s) {
  struct rpc_tracing *t = ctx;
  TRACER_EACH(t, i) {
    if (TRACER_ROW(t, i)->step && !t->over) {
      TRACER_ROW(t, i)->step(t->tracer[i], s);
    }
  }
}

static void tracer_on_enter(void *ctx, const struct evm_msg *m, u8 op) {
  struct rpc_tracing *t = ctx;
  TRACER_EACH(t, i) {
    if (TRACER_ROW(t, i)->enter && !t->over) {
      TRACER_ROW(t, i)->enter(t->tracer[i], m, op);
    }
  }
}

static void tracer_on_leave(void *ctx, const struct evm_msg *m,
                            const struct evm_result *res) {
  struct rpc_tracing *t = ctx;
  TRACER_EACH(t, i) {
    if (TRACER_ROW(t, i)->leave && !t->over) {
      TRACER_ROW(t, i)->leave(t->tracer[i], m, res);
    }
  }
}

void rpc_tracing_init(struct rpc_tracing *t, const struct rpc_trace_opts *opts,
                      struct chain_exec *x, const struct chain_rules *rules,
                      const struct chain_header *header,
                      const struct chain_tx *tx, u64 text_max) {
  bool step = false;
  *t = (struct rpc_tracing){.opts = opts, .x = x, .rules = rules,
                            .header = header, .tx = tx, .text_max = text_max};
  arena_init(&t->mem, 16384, RPC_TRACER_BYTES);
  TRACER_EACH(t, i) {
    t->tracer[i] = arena_new(&t->mem, struct rpc_tracer);
    *t->tracer[i] = (struct rpc_tracer){.t = t, .opts = &opts->one[i]};
    if (TRACER_ROW(t, i)->begin) TRACER_ROW(t, i)->begin(t->tracer[i]);
    step |= TRACER_ROW(t, i)->step != NULL;
  }
  t->hooks = (struct evm_tracer){.ctx = t, .step = step ? tracer_on_step : NULL,
                                 .enter = tracer_on_enter,
                                 .leave = tracer_on_leave};
}

bool rpc_tracing_put(struct rpc_tracing *t, struct buf *out,
                     const struct chain_outcome *o) {
  t->out = o;
  if (t->opts->mux) buf_put_u8(out, '{');
  TRACER_EACH(t, i) {
    if (t->opts->mux) {
      buf_printf(out, "%s\"%s\":", i ? "," : "", TRACER_ROW(t, i)->name);
    }
    TRACER_ROW(t, i)->put(t->tracer[i], out);
  }
  if (t->opts->mux) buf_put_u8(out, '}');
  t->over |= t->mem.over;
  return !t->over;
}

void rpc_tracing_fini(struct rpc_tracing *t) {
  TRACER_EACH(t, i) {
    if (TRACER_ROW(t, i)->end) TRACER_ROW(t, i)->end(t->tracer[i]);
  }
  arena_fini(&t->mem);
}
#undef TRACER_EACH
#undef TRACER_ROW

slice rpc_step_memory(const struct evm_step *s, const u256 *off,
                      const u256 *len, struct arena *a) {
  if (u256_is_zero(len) || !u256_fits64(len) || !u256_fits64(off) ||
      len->w[0] > 1u << 26 || off->w[0] > 1u << 26) {
    return (slice){0};
  }
  u8 *p = arena_alloc(a, len->w[0]);
  if (!p) return (slice){0};
  if (off->w[0] < s->mem_len) {
    size_t n = s->mem_len - off->w[0];
    memcpy(p, s->mem + off->w[0], n < len->w[0] ? n : len->w[0]);
  }
  return slice_of(p, len->w[0]);
}

/*----------------------------------------------------------- struct logger */

struct tracer_slot {
  struct tracer_slot *next;
  addr20 addr;
  u256 key, val;
};
struct tracer_struct {
  struct buf text;
  u64 cnt;
  struct tracer_slot *slot; /* shown so far, newest first */
};

static void tracer_struct_begin(struct rpc_tracer *r) {
  struct tracer_struct *d = r->data =
      arena_new(&r->t->mem, struct tracer_struct);
  buf_init(&d->text, r->t->text_max);
}

static void tracer_struct_end(struct rpc_tracer *r) {
  buf_fini(&((struct tracer_struct *)r->data)->text);
}

/* Notes what SLOAD or SSTORE shows. */
static void tracer_note_slot(struct rpc_tracer *r, const struct evm_step *s) {
  struct tracer_struct *d = r->data;
  const u256 *top = s->stack + s->stack_cnt;
  const addr20 *addr = &s->msg->recipient;
  struct tracer_slot *e = d->slot;
  while (e && !(addr20_eq(&e->addr, addr) && u256_eq(&e->key, &top[-1]))) {
    e = e->next;
  }
  if (!e) {
    if (!(e = arena_new(&r->t->mem, struct tracer_slot))) return;
    *e = (struct tracer_slot){d->slot, *addr, top[-1], U256_ZERO};
    d->slot = e;
  }
  if (s->op == TRACER_SSTORE) {
    e->val = top[-2];
  } else {
    state_slot(chain_exec_state(r->t->x), &e->val, addr, &e->key);
  }
}

static void tracer_put_storage(struct jsonw *w, const struct tracer_slot *e,
                               const addr20 *addr) {
  jsonw_key(w, "storage");
  jsonw_obj(w);
  for (; e; e = e->next) {
    if (!addr20_eq(&e->addr, addr)) continue;
    hash32 key = u256_hash32(&e->key), val = u256_hash32(&e->val);
    char name[67];
    hex_encode(name + 2, key.b, 32);
    name[0] = '0';
    name[1] = 'x';
    name[66] = 0;
    jsonw_kv_hex(w, name, hash32_slice(&val));
  }
  jsonw_obj_end(w);
}

static void tracer_put_memory(struct jsonw *w, const struct evm_step *s) {
  jsonw_key(w, "memory");
  jsonw_arr(w);
  for (size_t at = 0; at + 32 <= s->mem_len; at += 32) {
    jsonw_hex(w, slice_of(s->mem + at, 32));
  }
  jsonw_arr_end(w);
}

static void tracer_put_step(struct rpc_tracer *r, struct jsonw *w,
                            const struct evm_step *s) {
  const struct rpc_tracer_opts *o = r->opts;
  struct tracer_struct *d = r->data;
  u32 need = s->op == TRACER_SLOAD ? 1 : s->op == TRACER_SSTORE ? 2 : UINT32_MAX;
  jsonw_obj(w);
  jsonw_kv_u64(w, "pc", s->pc);
  jsonw_kv_str(w, "op", evm_op_name(s->op));
  jsonw_kv_u64(w, "gas", s->gas);
  jsonw_kv_u64(w, "gasCost", s->gas_cost);
  jsonw_kv_u64(w, "depth", s->depth + 1);
  if (s->fault != EVM_SUCCESS) {
    jsonw_kv_str(w, "error", evm_status_text(s->fault));
  }
  if (!o->no_stack) {
    jsonw_key(w, "stack");
    jsonw_arr(w);
    for (u32 i = 0; i < s->stack_cnt; i++) jsonw_quantity_u256(w, &s->stack[i]);
    jsonw_arr_end(w);
  }
  if (o->return_data && s->return_data.len) {
    jsonw_kv_hex(w, "returnData", s->return_data);
  }
  if (o->memory && s->mem_len) tracer_put_memory(w, s);
  if (!o->no_storage && s->stack_cnt >= need && s->fault == EVM_SUCCESS) {
    tracer_note_slot(r, s);
    tracer_put_storage(w, d->slot, &s->msg->recipient);
  }
  if (s->refund) jsonw_kv_i64(w, "refund", s->refund);
  jsonw_obj_end(w);
}

static void tracer_struct_step(struct rpc_tracer *r,
                               const struct evm_step *s) {
  struct tracer_struct *d = r->data;
  struct jsonw w;
  if (r->opts->limit && d->cnt >= r->opts->limit) return;
  if (d->cnt++) buf_put_u8(&d->text, ',');
  jsonw_init(&w, &d->text);
  tracer_put_step(r, &w, s);
  r->t->over |= d->text.over;
}

static void tracer_struct_put(struct rpc_tracer *r, struct buf *out) {
  struct tracer_struct *d = r->data;
  const struct chain_outcome *o = r->t->out;
  bool shown = o->status == EVM_SUCCESS || o->status == EVM_REVERT;
  struct jsonw w;
  jsonw_init(&w, out);
  jsonw_obj(&w);
  jsonw_kv_u64(&w, "gas", o->gas_used);
  jsonw_kv_bool(&w, "failed", o->status != EVM_SUCCESS);
  jsonw_kv_hex(&w, "returnValue", shown ? o->output : slice_of(NULL, 0));
  jsonw_key(&w, "structLogs");
  jsonw_raw(&w, slice_str("["));
  buf_put_slice(out, buf_slice(&d->text));
  buf_put_u8(out, ']');
  jsonw_obj_end(&w);
}

/*------------------------------------------------------------- 4byteTracer */

struct tracer_4byte {
  struct tracer_4byte *next;
  u8 selector[4];
  size_t len;
  u64 cnt;
};

static void tracer_4byte_enter(struct rpc_tracer *r, const struct evm_msg *m,
                               u8 op) {
  struct tracer_4byte **at = (struct tracer_4byte **)&r->data;
  if (op == 0xff || m->kind >= EVM_CREATE || m->input.len < 4 ||
      evm_is_precompile(r->t->rules->fork, &m->code_addr)) {
    return;
  }
  while (*at && (memcmp((*at)->selector, m->input.ptr, 4) != 0 ||
                 (*at)->len != m->input.len - 4)) {
    at = &(*at)->next;
  }
  if (!*at) {
    if (!(*at = arena_new(&r->t->mem, struct tracer_4byte))) return;
    memcpy((*at)->selector, m->input.ptr, 4);
    (*at)->len = m->input.len - 4;
  }
  (*at)->cnt++;
}

static void tracer_4byte_put(struct rpc_tracer *r, struct buf *out) {
  struct jsonw w;
  jsonw_init(&w, out);
  jsonw_obj(&w);
  for (const struct tracer_4byte *e = r->data; e; e = e->next) {
    char key[40];
    snprintf(key, sizeof key, "0x%02x%02x%02x%02x-%zu", e->selector[0],
             e->selector[1], e->selector[2], e->selector[3], e->len);
    jsonw_kv_u64(&w, key, e->cnt);
  }
  jsonw_obj_end(&w);
}

static void tracer_noop_put(struct rpc_tracer *r, struct buf *out) {
  (void)r;
  buf_put_str(out, "{}");
}
