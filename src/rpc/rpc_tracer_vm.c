/* rpc_tracer_vm.c - vmTrace, step by step in the shape of Parity: for each
** message that ran code {code, ops}, for each step
**   cost  gas of the step, given gas of calls included
**   ex    null when the step failed; else what it did:
**           used   gas left after it
**           push   words it left on the stack, the deepest first
**           mem    {off, data} that it wrote, or null
**           store  {key, val} of SSTORE, or null
**   pc
**   sub   the trace of the message it made, null when that ran no code
**
** What a step did shows when its frame's next one begins, or ends.
*/
#include "codec/hex.h"
#include "rpc/rpc_tracer.h"

enum { VM_DEPTH_MAX = 1100 };

struct vm_frame {
  struct buf ops, sub;   /* text; sub: of the message of the step under way */
  u32 op_cnt;
  slice code;
  bool stepped, pending; /* has code; a step is under way */
  u8 op;
  bool fault;
  u32 pc;
  u64 gas, cost;
  bool has_mem;
  u64 mem_off, mem_len;
  u256 key, val;         /* of SSTORE */
};
struct vm_trace {
  struct vm_frame *frame[VM_DEPTH_MAX];
  u32 depth;
  struct buf top;
};

/* How many words a step leaves, by opcode. */
static const u8 vm_out[256] = {
#define OP(code, name, in, out, gas, fork) [code] = out,
#include "evm/opcode.def"
#undef OP
};
/* Where memory is written: stack places of offset and length, from the top; a
** length of 0: mem_fixed bytes. */
static const struct { u8 op, off, len, fixed; } vm_mem[] = {
  {0x37, 1, 3, 0}, {0x39, 1, 3, 0}, {0x3c, 2, 4, 0}, {0x3e, 1, 3, 0},
  {0x51, 1, 0, 32}, {0x52, 1, 0, 32}, {0x53, 1, 0, 1}, {0x5e, 1, 3, 0},
  {0xf1, 6, 7, 0}, {0xf2, 6, 7, 0}, {0xf4, 5, 6, 0}, {0xfa, 5, 6, 0},
};

static void vm_begin(struct rpc_tracer *r) {
  struct vm_trace *v = r->data = mem_alloc(sizeof *v);
  buf_init(&v->top, r->t->text_max);
}

static void vm_free(struct vm_frame *f) {
  buf_fini(&f->ops);
  buf_fini(&f->sub);
  mem_free(f);
}

static void vm_end(struct rpc_tracer *r) {
  struct vm_trace *v = r->data;
  for (u32 i = 0; i < v->depth && i < VM_DEPTH_MAX; i++) vm_free(v->frame[i]);
  buf_fini(&v->top);
  mem_free(v);
}

static void vm_enter(struct rpc_tracer *r, const struct evm_msg *m, u8 op) {
  struct vm_trace *v = r->data;
  (void)m;
  (void)op;
  if (v->depth < VM_DEPTH_MAX) {
    struct vm_frame *f = v->frame[v->depth] = mem_alloc(sizeof *f);
    buf_init(&f->ops, r->t->text_max);
    buf_init(&f->sub, r->t->text_max);
  }
  v->depth++;
}

static void vm_code(struct rpc_tracer *r, struct vm_frame *f,
                    const struct evm_msg *m) {
  struct state *s = chain_exec_state(r->t->x);
  hash32 hash;
  addr20 target;
  slice code = m->input;
  if (m->kind < EVM_CREATE) {
    code = state_code(s, &hash, &m->code_addr);
    if (evm_delegation(code, &target)) code = state_code(s, &hash, &target);
  }
  f->code = arena_copy_slice(&r->t->mem, code);
  f->stepped = true;
}

/* s: the frame's next step, or NULL at its end. */
static void vm_put_effect(struct vm_frame *f, const struct evm_step *s) {
  struct buf *b = &f->ops;
  u32 cnt = s ? vm_out[f->op] : 0;
  buf_put_str(b, "{\"mem\":");
  if (s && f->has_mem && f->mem_len && f->mem_off <= s->mem_len &&
      f->mem_len <= s->mem_len - f->mem_off) {
    buf_put_str(b, "{\"data\":\"");
    buf_put_hex(b, slice_of(s->mem + f->mem_off, f->mem_len));
    buf_printf(b, "\",\"off\":%llu}", (unsigned long long)f->mem_off);
  } else {
    buf_put_str(b, "null");
  }
  buf_put_str(b, ",\"push\":[");
  for (u32 i = 0; s && i < cnt && cnt <= s->stack_cnt; i++) {
    buf_put_str(b, i ? ",\"" : "\"");
    buf_put_quantity_u256(b, &s->stack[s->stack_cnt - cnt + i]);
    buf_put_u8(b, '"');
  }
  buf_put_str(b, "],\"store\":");
  if (f->op == 0x55) {
    buf_put_str(b, "{\"key\":\"");
    buf_put_quantity_u256(b, &f->key);
    buf_put_str(b, "\",\"val\":\"");
    buf_put_quantity_u256(b, &f->val);
    buf_put_str(b, "\"}");
  } else {
    buf_put_str(b, "null");
  }
  u64 left = s ? s->gas : f->gas > f->cost ? f->gas - f->cost : 0;
  buf_printf(b, ",\"used\":%llu}", (unsigned long long)left);
}

static void vm_finish(struct vm_frame *f, const struct evm_step *s,
                      bool failed) {
  struct buf *b = &f->ops;
  if (!f->pending) return;
  f->pending = false;
  buf_printf(b, "%s{\"cost\":%llu,\"ex\":", f->op_cnt++ ? "," : "",
             (unsigned long long)f->cost);
  if (f->fault || failed) buf_put_str(b, "null");
  else vm_put_effect(f, s);
  buf_printf(b, ",\"pc\":%u,\"sub\":", f->pc);
  if (f->sub.len) buf_put_slice(b, buf_slice(&f->sub));
  else buf_put_str(b, "null");
  buf_put_u8(b, '}');
  b->over |= f->sub.over;
  buf_clear(&f->sub);
}

static void vm_operands(struct vm_frame *f, const struct evm_step *s) {
  const u256 *top = s->stack + s->stack_cnt;
  f->has_mem = false;
  if (f->op == 0x55 && s->stack_cnt >= 2) {
    f->key = top[-1];
    f->val = top[-2];
  }
  for (u32 i = 0; i < ARRAY_LEN(vm_mem); i++) {
    u32 need = vm_mem[i].len ? vm_mem[i].len : vm_mem[i].off;
    if (vm_mem[i].op != f->op || s->stack_cnt < need) continue;
    const u256 *off = &top[-(int)vm_mem[i].off];
    u256 fixed = u256_from(vm_mem[i].fixed);
    const u256 *len = vm_mem[i].len ? &top[-(int)vm_mem[i].len] : &fixed;
    if (u256_bytes(off) > 8 || u256_bytes(len) > 8) continue;
    f->has_mem = true;
    f->mem_off = off->w[0];
    f->mem_len = len->w[0];
  }
}

static void vm_step(struct rpc_tracer *r, const struct evm_step *s) {
  struct vm_trace *v = r->data;
  if (v->depth == 0 || v->depth > VM_DEPTH_MAX) return;
  struct vm_frame *f = v->frame[v->depth - 1];
  if (!f->stepped) vm_code(r, f, s->msg);
  vm_finish(f, s, false);
  f->pending = true;
  f->op = s->op;
  f->pc = s->pc;
  f->gas = s->gas;
  f->cost = s->gas_cost;
  f->fault = s->fault != EVM_SUCCESS;
  vm_operands(f, s);
  r->t->over |= f->ops.over;
}

static void vm_put_frame(struct buf *out, const struct vm_frame *f) {
  buf_put_str(out, "{\"code\":\"");
  buf_put_hex(out, f->code);
  buf_put_str(out, "\",\"ops\":[");
  buf_put_slice(out, buf_slice(&f->ops));
  buf_put_str(out, "]}");
  out->over |= f->ops.over;
}

static void vm_leave(struct rpc_tracer *r, const struct evm_msg *m,
                     const struct evm_result *res) {
  struct vm_trace *v = r->data;
  (void)m;
  if (v->depth == 0 || v->depth-- > VM_DEPTH_MAX) return;
  struct vm_frame *f = v->frame[v->depth];
  vm_finish(f, NULL,
            res->status != EVM_SUCCESS && res->status != EVM_REVERT);
  if (v->depth == 0) {
    vm_put_frame(&v->top, f);
  } else if (f->stepped) {
    buf_clear(&v->frame[v->depth - 1]->sub);
    vm_put_frame(&v->frame[v->depth - 1]->sub, f);
  }
  vm_free(f);
}

static void vm_put(struct rpc_tracer *r, struct buf *out) {
  struct vm_trace *v = r->data;
  r->t->over |= v->top.over;
  if (v->top.len) buf_put_slice(out, buf_slice(&v->top));
  else buf_put_str(out, "null");
}

const struct rpc_tracer_row RPC_TRACER_ROW_VM = {
  .name = "vmTrace", .begin = vm_begin, .step = vm_step, .enter = vm_enter,
  .leave = vm_leave, .put = vm_put, .end = vm_end};
