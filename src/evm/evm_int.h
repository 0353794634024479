/* evm_int.h - what the machine's own files share.
**
** A message in execution is a struct evm_frame; frames lie in one array by
** depth, so a call of depth 1024 needs no more C stack than one of depth 0.
** The loop (evm_loop.inc) runs one frame until it ends or calls; evm_call.c
** begins messages, ends them and gives results back to the frame above.
**
** Memory, all reused from message to message:
**   - one stack of 256-bit words for all depths: a frame's part begins where
**     its caller's ends, so shallow frames stay in the cache;
**   - for each depth one byte buffer, the frame's memory (or the output of a
**     precompile).  Output and return data are views of the buffer one deeper
**     and so never alias the memory of the frame that sees them.
*/
#ifndef EVM_INT_H
#define EVM_INT_H
#include "evm/evm.h"

enum {
  EVM_DEPTH_MAX = 1024,
  EVM_STACK_MAX = 1024,
  EVM_NESTED_MAX = 8,             /* native contracts that wait for a call:
                                  ** each takes C stack */
  EVM_CODE_PAD = 40,              /* zero bytes (STOP) after code: PUSH32 at
                                  ** the end and a word-wise reader fit */
  EVM_CALL_STIPEND = 2300,
  EVM_CALL_VALUE_GAS = 9000,
  EVM_NEW_ACCOUNT_GAS = 25000,
  EVM_CODE_BYTE_GAS = 200,
  EVM_DELEGATION_LEN = 23         /* 0xef0100 and an address */
};
#define EVM_MEM_MAX ((u64)1 << 32) /* costs 2^45 gas; more is never paid */
#define EVM_GAS_NEVER ((u64)1 << 62)

/*--------------------------------------------------------------- tables */

/* The name of every opcode as a number, and what it takes and leaves. */
enum {
#define OP(code, name, in, out, gas, fork) EVM_OP_##name = (code),
#include "evm/opcode.def"
#undef OP
};
enum {
#define OP(code, name, in, out, gas, fork) \
  EVM_IN_##name = (in), EVM_OUT_##name = (out),
#include "evm/opcode.def"
#undef OP
};

struct evm_op_row {
  u16 gas;
  u8 in, out;
  bool defined;
};
/* All that differs between forks; rows in opcode.def, gas.def, rule.def. */
struct evm_rules {
  enum evm_fork fork;
  u32 exp_byte, sstore_set, sstore_reset, sstore_clear_refund;
  u32 sstore_noop, sstore_sentry, destruct_refund, destruct_new_account;
  u32 cold_account, cold_slot, code_max, init_code_max, init_code_word;
  bool create_needs_deposit, keep_64th, empty_is_dead, sstore_net;
  bool access_lists, no_ef_code, destruct_same_tx_only, delegation;
  struct evm_op_row op[256];
};
void evm_rules_make(struct evm_rules *out, enum evm_fork fork);

/*----------------------------------------------------------------- code */

/* Code ready to run: a padded copy and, once a jump asks, one bit for each
** byte that is a JUMPDEST outside of push data. */
struct evm_code {
  hash32 hash;
  u8 *bytes;
  size_t len, cap;   /* cap: what bytes and dest have room for */
  u64 *dest;
  bool dest_ready;
  u32 pins;          /* frames that run it */
  u32 cool;          /* jumps until it is worth translating */
  struct evm_fast *fast; /* translated, or NULL */
  struct evm_code *older, *newer, *chain;
};

/* Analysed code by hash, least recently used goes first. */
struct evm_cache {
  struct evm_code **bucket;
  struct evm_code *newest, *oldest;
  size_t bytes;
};
void evm_cache_init(struct evm_cache *c);
void evm_cache_fini(struct evm_cache *c);
/* When a transaction begins: down to what is kept between them. */
void evm_cache_trim(struct evm_cache *c);
/* Pinned until evm_cache_unpin.  New code is hot after cool jumps and some
** more by its length; 0: at once. */
struct evm_code *evm_cache_pin(struct evm_cache *c, const hash32 *hash,
                               slice code, u32 cool);
/* Gives a pinned entry its translation, or takes it away (NULL). */
void evm_cache_grown(struct evm_cache *c, struct evm_code *code,
                     struct evm_fast *fast);
void evm_cache_unpin(struct evm_code *code);
/* The same for code whose hash is not known; NULL: there is other code of the
** same fingerprint, which stays. */
struct evm_code *evm_cache_pin_bytes(struct evm_cache *c, slice code, u32 cool);
/* Copies code in for one use (init code). */
void evm_code_set(struct evm_code *c, slice code, u32 cool);
void evm_code_fini(struct evm_code *c);
void evm_code_find_dests(struct evm_code *c);
static inline bool evm_code_is_dest(struct evm_code *c, u64 pc) {
  if (pc >= c->len) return false;
  if (UNLIKELY(!c->dest_ready)) evm_code_find_dests(c);
  return c->dest[pc >> 6] >> (pc & 63) & 1;
}

/*-------------------------------------------------------------- machine */

struct evm_mod {   /* a modulus of MULMOD; see evm_mod.c */
  u256 m;
  u64 mu[5];
  u32 cool;        /* uses until mu is computed; UINT32_MAX: never */
};

struct evm_frame {
  struct evm_msg msg;
  struct evm_code *code;
  const u8 *pc;           /* where to go on, in the plain loops */
  const struct evm_ins *in; /* in the fast loop; NULL: plain */
  u64 gas;
  u256 *base, *sp;        /* sp: the top word; base - 1 when empty */
  u8 *mem;
  size_t mem_len, mem_cap;
  size_t mem_reach;       /* below it 32 bytes can be had without growing */
  size_t mem_clean;       /* zeroed up to here, at least mem_len */
  slice data;             /* call data; of init code: none */
  slice ret;              /* return data of the last call */
  slice output;
  enum evm_status status;
  u32 snap;
  u64 call_off, call_len; /* where the output of the call under way goes */
  struct evm_code init;   /* init code at this depth */
};

struct evm {
  struct evm_rules rules;
  struct evm_block block;
  struct evm_host host;
  struct evm_tx tx;
  const struct evm_tracer *tracer;
  const struct evm_move *move; /* of precompiles */
  u32 move_cnt;
  const atomic_bool *interrupt;
  bool interrupted;
  bool ripemd_touched;    /* see evm_call.c */
  u32 depth_top;          /* deepest frame of this run */
  u32 nested;             /* native contracts waiting for a call */
  struct evm_frame *outer; /* the frame whose call the host executes */
  struct evm_frame *frame; /* EVM_DEPTH_MAX + 2 */
  void *stack_mem;
  u256 *stack;
  struct evm_cache cache;
  struct evm_mod mod[2];  /* the last first; at the start modulus 0 */
  const void *label[256]; /* of the plain loop, undefined opcodes replaced */
  const void *fast_label[256]; /* by enum evm_fn */
  struct evm_tr *tr;      /* scratch of translation */
  u32 cool;               /* EVM_FAST_COOL, or what a test wants */
};

/*------------------------------------------------------- memory of a frame */

/* The byte after a range, or more than EVM_MEM_MAX when it lies beyond. */
static inline u64 evm_mem_end(const u256 *off, const u256 *len) {
  if (u256_is_zero(len)) return 0;
  if (UNLIKELY(!u256_fits64(off) || !u256_fits64(len) ||
               off->w[0] > EVM_MEM_MAX || len->w[0] > EVM_MEM_MAX)) {
    return EVM_MEM_MAX + 1;
  }
  return off->w[0] + len->w[0];
}
/* Gas to make memory reach end: 3 a word and words^2/512, less what is paid
** already.  EVM_GAS_NEVER beyond the maximum. */
static inline u64 evm_mem_price(const struct evm_frame *f, u64 end) {
  u64 old = f->mem_len / 32, now = (end + 31) / 32;
  if (UNLIKELY(end > EVM_MEM_MAX)) return EVM_GAS_NEVER;
  return now <= old ? 0 : 3 * (now - old) + now * now / 512 - old * old / 512;
}
void evm_mem_clean(struct evm_frame *f, size_t len);
static inline void evm_mem_grow(struct evm_frame *f, u64 end) {
  size_t len = (size_t)((end + 31) / 32 * 32);
  if (len <= f->mem_len) return;
  if (UNLIKELY(len > f->mem_clean)) evm_mem_clean(f, len);
  f->mem_len = len;
  f->mem_reach = len - 31;
}
/* Room for len bytes at the start of the frame's buffer, contents lost. */
u8 *evm_mem_room(struct evm_frame *f, size_t len);
/* dst = len bytes of src from src_off, zeros behind its end. */
void evm_copy_padded(u8 *dst, u64 len, slice src, const u256 *src_off);

/*------------------------------------- messages and opcodes with effects */

enum evm_exit {
  EVM_EXIT_DONE, /* status and output are set */
  EVM_EXIT_CALL, /* the message is in the next frame */
  EVM_EXIT_HOT,  /* pc is a jump target of code worth translating */
  EVM_EXIT_COLD  /* the fast loop leaves the rest to the plain one */
};
/* Runs the frame as far as it gets. */
enum evm_exit evm_loop_plain(struct evm *e, struct evm_frame *f);
enum evm_exit evm_loop_traced(struct evm *e, struct evm_frame *f);
/* Fills e->label for e->rules. */
void evm_loop_labels(struct evm *e);
/* Chooses the loop for a frame that begins. */
void evm_start(struct evm *e, struct evm_frame *f);
/* Runs the frame until it ends (true) or calls. */
bool evm_continue(struct evm *e, struct evm_frame *f);
/* Runs the message in the frame after f, for the native contract in f. */
void evm_run_nested(struct evm *e, struct evm_frame *f,
                    struct evm_result *out);
/* Gives large buffers back. */
void evm_give_back(struct evm *e);

/* Each takes its words off f->sp, charges f->gas and prepares what follows;
** anything but EVM_SUCCESS ends the frame. */
enum evm_status evm_prepare_call(struct evm *e, struct evm_frame *f,
                                 enum evm_kind kind);
enum evm_status evm_prepare_create(struct evm *e, struct evm_frame *f,
                                   enum evm_kind kind);
/* The cost and the refund; the caller stores. */
enum evm_status evm_charge_sstore(struct evm *e, struct evm_frame *f,
                                  const u256 *slot, const u256 *val);
enum evm_status evm_charge_destruct(struct evm *e, struct evm_frame *f,
                                    const addr20 *heir);
void evm_destruct(struct evm *e, struct evm_frame *f, const addr20 *heir);
/* What a cold account costs; it is warm afterwards. */
static inline u64 evm_account_gas(struct evm *e, const addr20 *a) {
  if (!e->rules.access_lists) return 0;
  return e->host.access_account(e->host.ctx, a) ? e->rules.cold_account : 0;
}
void evm_mulmod(struct evm *e, u256 *out, const u256 *a, const u256 *b,
                const u256 *m);
/* The opcode that starts such a message. */
u8 evm_kind_op(enum evm_kind kind);
/* Has the host's native contract run in f's place; false when there is none. */
bool evm_native_run(struct evm *e, struct evm_frame *f, struct evm_result *r);

/*---------------------------------------------------------- precompiles */

/* A precompile computes on in and writes to the buffer of f. */
struct evm_precompile {
  addr20 addr;
  const char *name;
  enum evm_fork since;
  u64 (*price)(enum evm_fork fork, slice in);  /* EVM_GAS_NEVER: too dear */
  bool (*run)(struct evm_frame *f, enum evm_fork fork, slice in);
};
/* NULL when a is none in this fork. */
const struct evm_precompile *evm_precompile_find(enum evm_fork fork,
                                                 const addr20 *a);
#endif
