/* evm_loop.c - the two loops, plain and traced, from one text (evm_loop.inc),
** and the small things their bodies share. */
#include "evm/evm_int.h"

#include "crypto/keccak.h"

static inline bool evm_loop_slt(const u256 *a, const u256 *b) {
  return ((a->w[3] ^ b->w[3]) >> 63) ? a->w[3] >> 63 : u256_lt(a, b);
}

/* A shift count; 256 stands for all that is more. */
static inline u64 evm_loop_count(const u256 *a) {
  return u256_fits64(a) && a->w[0] < 256 ? a->w[0] : 256;
}

/* Byte i of b, 0 the most significant. */
static inline u64 evm_loop_byte(const u256 *i, const u256 *b) {
  if (!u256_fits64(i) || i->w[0] > 31) return 0;
  u64 at = 31 - i->w[0];
  return b->w[at / 8] >> (at % 8 * 8) & 0xff;
}

/* The sign bit of byte i (0 the least significant) fills all above it. */
static inline void evm_loop_signextend(u256 *out, const u256 *i,
                                       const u256 *b) {
  if (!u256_fits64(i) || i->w[0] > 30) {
    *out = *b;
    return;
  }
  u64 up = 248 - 8 * i->w[0];
  u256_shl(out, b, up);
  u256_sar(out, out, up);
}

static inline u256 evm_loop_addr(const addr20 *a) {
  return (u256){{load_be64(a->b + 12), load_be64(a->b + 4), load_be32(a->b),
                 0}};
}

/* n (constant at each use) big-endian bytes; reads up to 7 bytes beyond. */
static inline void evm_loop_push(u256 *out, const u8 *p, u32 n) {
  u32 top = (n - 1) / 8, rest = n - 8 * top; /* rest 1..8 */
  *out = U256_ZERO;
  out->w[top] = load_be64(p) >> (64 - 8 * rest);
  for (u32 i = 0; i < top; i++) {
    out->w[top - 1 - i] = load_be64(p + rest + 8 * i);
  }
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

#define EVM_LOOP evm_loop_plain
#define EVM_TRACED 0
#include "evm/evm_loop.inc"

void evm_loop_labels(struct evm *e) { (void)evm_loop_plain(e, NULL); }

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
  if (!e->tracer->step) return;
  const struct evm_step step = {
      .pc = (u32)(pc - f->code->bytes), .op = *pc, .depth = f->msg.depth,
      .gas = before->gas, .gas_cost = before->gas - gas_now,
      .stack = f->base, .stack_cnt = before->stack_cnt,
      .mem = f->mem, .mem_len = before->mem_len, .return_data = f->ret,
      .msg = &f->msg, .refund = e->host.refund(e->host.ctx), .fault = fault};
  e->tracer->step(e->tracer->ctx, &step);
}

#define EVM_LOOP evm_loop_traced
#define EVM_TRACED 1
#include "evm/evm_loop.inc"
