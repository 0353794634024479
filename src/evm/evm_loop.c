/* evm_loop.c - the three loops, plain, traced and fast, from one text
** (evm_loop.inc), and the small things their bodies share. */
#include "evm/evm_fast.h"
#include "evm/evm_word.h"

#include "crypto/keccak.h"

/* n (constant at each use) big-endian bytes; reads up to 7 bytes beyond. */
static inline void evm_loop_push(u256 *out, const u8 *p, u32 n) {
  u32 top = (n - 1) / 8, rest = n - 8 * top; /* rest 1..8 */
  u64 w[4] = {0, 0, 0, 0};
  w[top] = load_be64(p) >> (64 - 8 * rest);
  for (u32 i = 0; i < top; i++) w[top - 1 - i] = load_be64(p + rest + 8 * i);
  word_put(out, w[0], w[1], w[2], w[3]);
}

static void evm_loop_log(struct evm *e, struct evm_frame *f, const u256 *sp,
                         u32 topic_cnt) {
  hash32 topic[4];
  u64 len = sp[-1].w[0];
  for (u32 i = 0; i < topic_cnt; i++) u256_to_be(topic[i].b, sp - 2 - i);
  e->host.log(e->host.ctx, &f->msg.recipient, topic, topic_cnt,
              len ? slice_of(f->mem + sp->w[0], len) : (slice){0});
}

/*-------------------------------------------------------------- the loops */

#define EVM_PLAIN 0
#define EVM_TRACED 1
#define EVM_FAST 2

#define EVM_LOOP evm_loop_plain
#define EVM_KIND EVM_PLAIN
#include "evm/evm_loop.inc"

/* Enters the block whose header is at: see evm_fast.h. */
#define ENTER(at) \
  do { \
    in = (at); \
    if (UNLIKELY(gas < in->gas) || \
        UNLIKELY((u32)((u8 *)sp - (u8 *)base) - (u32)in->low > in->span)) { \
      goto cold; \
    } \
    gas -= in->gas; \
    in++; \
    goto *in->fn; \
  } while (0)
#define EVM_LOOP evm_loop_fast
#define EVM_KIND EVM_FAST
#include "evm/evm_loop.inc"
#undef ENTER

void evm_loop_labels(struct evm *e) {
  (void)evm_loop_plain(e, NULL);
  (void)evm_loop_fast(e, NULL);
}

/*------------------------------------------------------------------ tracing */

/* What a step found; bodies tell it only after they have charged. */
struct evm_loop_before {
  u64 gas;
  u32 stack_cnt;
  size_t mem_len;
};

/* Opcodes whose price is not constant, or that can fail by themselves before
** they have an effect: their bodies trace. */
static const bool evm_loop_charges[256] = {
  [EVM_OP_EXP] = true, [EVM_OP_KECCAK256] = true, [EVM_OP_BALANCE] = true,
  [EVM_OP_CALLDATACOPY] = true, [EVM_OP_CODECOPY] = true,
  [EVM_OP_EXTCODESIZE] = true, [EVM_OP_EXTCODECOPY] = true,
  [EVM_OP_RETURNDATACOPY] = true, [EVM_OP_EXTCODEHASH] = true,
  [EVM_OP_MLOAD] = true, [EVM_OP_MSTORE] = true, [EVM_OP_MSTORE8] = true,
  [EVM_OP_SLOAD] = true, [EVM_OP_SSTORE] = true, [EVM_OP_TSTORE] = true,
  [EVM_OP_MCOPY] = true,
  [EVM_OP_LOG0] = true, [EVM_OP_LOG1] = true, [EVM_OP_LOG2] = true,
  [EVM_OP_LOG3] = true, [EVM_OP_LOG4] = true,
  [EVM_OP_CREATE] = true, [EVM_OP_CALL] = true, [EVM_OP_CALLCODE] = true,
  [EVM_OP_RETURN] = true, [EVM_OP_DELEGATECALL] = true,
  [EVM_OP_CREATE2] = true, [EVM_OP_STATICCALL] = true,
  [EVM_OP_REVERT] = true, [EVM_OP_SELFDESTRUCT] = true,
};

static void evm_loop_tell(struct evm *e, struct evm_frame *f, const u8 *pc,
                          u64 gas_now, const struct evm_loop_before *before,
                          enum evm_status fault) {
  u64 cost = before->gas - gas_now;
  if (!e->tracer->step || f->code->len == 0) return; /* no code, no step */
  /* As others tell it: without what a creation takes along (a call's counts),
  ** and of a step that failed the constant part at least. */
  if (fault != EVM_SUCCESS && cost < e->rules.op[*pc].gas)
    cost = e->rules.op[*pc].gas;
  if (fault == EVM_SUCCESS && (*pc == EVM_OP_CREATE || *pc == EVM_OP_CREATE2))
    cost -= f[1].msg.gas;
  const struct evm_step step = {
      .pc = (u32)(pc - f->code->bytes), .op = *pc, .depth = f->msg.depth,
      .gas = before->gas, .gas_cost = cost,
      .stack = f->base, .stack_cnt = before->stack_cnt,
      .mem = f->mem, .mem_len = before->mem_len, .return_data = f->ret,
      .msg = &f->msg, .refund = e->host.refund(e->host.ctx), .fault = fault};
  e->tracer->step(e->tracer->ctx, &step);
}

#define EVM_LOOP evm_loop_traced
#define EVM_KIND EVM_TRACED
#include "evm/evm_loop.inc"

#undef EVM_PLAIN
#undef EVM_TRACED
#undef EVM_FAST
