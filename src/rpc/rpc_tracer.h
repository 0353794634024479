/* rpc_tracer.h - inside src/rpc: watching a transaction run, in geth's terms.
**
** A tracing is one transaction under one or several tracers: the struct
** logger (the default), callTracer, flatCallTracer, prestateTracer,
** 4byteTracer, noopTracer, or muxTracer with any of these.  It hooks into the
** machine's callback, reads the state beside it, and at the end writes what
** geth would answer.
**
** Limits: TRACER_BYTES of memory for a transaction; text up to the response's
** limit.  Over them `over` is set and the result is void.
*/
#ifndef RPC_RPC_TRACER_H
#define RPC_RPC_TRACER_H
#include "rpc/rpc_call.h"

#define RPC_TRACER_BYTES (256u << 20)
#define RPC_TRACER_MUX_MAX 8u

enum rpc_tracer_kind {
  RPC_TRACER_STRUCT, RPC_TRACER_CALL, RPC_TRACER_FLAT, RPC_TRACER_PRESTATE,
  RPC_TRACER_4BYTE, RPC_TRACER_NOOP, RPC_TRACER_VM, RPC_TRACER_KIND_CNT
};
/* What is asked of one tracer. */
struct rpc_tracer_opts {
  enum rpc_tracer_kind kind;
  /* struct logger */
  bool memory, no_stack, no_storage, return_data;
  u64 limit;                /* steps kept; 0: all */
  /* callTracer, flatCallTracer */
  bool only_top, with_log, parity_errors, precompiles;
  bool parity_gas;          /* the top frame without the intrinsic gas */
  bool unasked;             /* trace_*: frames are not told */
  /* prestateTracer; no_storage too */
  bool diff, no_code, empty;
};
struct rpc_trace_opts {
  struct rpc_tracer_opts one[RPC_TRACER_MUX_MAX];
  u32 cnt;
  bool mux;                 /* the result is an object by name */
  u32 timeout_ms;           /* 0: the node's own */
  /* of debug_traceCall */
  const struct rpc_overrides *over;
  const struct rpc_block_over *block_over;
};
/* Reads geth's trace config; v of kind RPC_NONE: all defaults. */
err rpc_trace_opts_read(struct rpc_call *c, struct rpc_trace_opts *out,
                        const struct rpc_value *v, struct errmsg *msg)
    MUST_USE;

/* A message of the transaction with those it made. */
struct rpc_frame_log {
  struct rpc_frame_log *next;
  addr20 addr;
  hash32 topic[4];
  u32 topic_cnt;
  slice data;
  u32 position;             /* calls of the frame before it */
  u32 idx;                  /* in the transaction */
};
struct rpc_frame {
  struct rpc_frame *parent, *first, *last, *next;
  u32 child_cnt;
  u8 op;                    /* CALL, CREATE, ..., SELFDESTRUCT */
  bool has_to, has_value, precompile, failed;
  bool returned;            /* its last step was RETURN */
  addr20 from, to;          /* SELFDESTRUCT: what ends, who gets the rest */
  u256 value;
  u64 gas, gas_used;
  slice input, output;
  enum evm_status status;
  u32 depth;
  struct rpc_frame_log *log, *log_last;
};

/* Where a traced transaction stands, for flat traces. */
struct rpc_trace_place {
  const hash32 *block_hash, *tx_hash;
  u64 number;
  u32 idx;
};

struct rpc_tracer;
struct rpc_tracing {
  const struct rpc_trace_opts *opts;
  struct chain_exec *x;
  const struct chain_rules *rules;
  const struct chain_header *header;
  const struct chain_tx *tx;
  const struct chain_outcome *out; /* set at the end */
  struct rpc_trace_place place;
  u64 text_max;
  struct arena mem;                /* bounded, of this transaction */
  bool over;
  struct evm_tracer hooks;
  struct rpc_tracer *tracer[RPC_TRACER_MUX_MAX];
};
/* Before tx runs on x: t->hooks is then the machine's tracer.  All given must
** live until rpc_tracing_fini. */
void rpc_tracing_init(struct rpc_tracing *t, const struct rpc_trace_opts *opts,
                      struct chain_exec *x, const struct chain_rules *rules,
                      const struct chain_header *header,
                      const struct chain_tx *tx, u64 text_max);
/* After it ran (verdict CHAIN_OK): appends the result's JSON; false when over
** a limit. */
bool rpc_tracing_put(struct rpc_tracing *t, struct buf *out,
                     const struct chain_outcome *o);
void rpc_tracing_fini(struct rpc_tracing *t);

/* One tracer: rows by kind.  Hooks may be NULL. */
struct rpc_tracer {
  struct rpc_tracing *t;
  const struct rpc_tracer_opts *opts;
  void *data;
};
struct rpc_tracer_row {
  const char *name;
  void (*begin)(struct rpc_tracer *r);
  void (*step)(struct rpc_tracer *r, const struct evm_step *s);
  void (*enter)(struct rpc_tracer *r, const struct evm_msg *m, u8 op);
  void (*leave)(struct rpc_tracer *r, const struct evm_msg *m,
                const struct evm_result *res);
  void (*put)(struct rpc_tracer *r, struct buf *out);
  void (*end)(struct rpc_tracer *r);
};
extern const struct rpc_tracer_row RPC_TRACER_ROW_CALL, RPC_TRACER_ROW_FLAT,
    RPC_TRACER_ROW_PRESTATE, RPC_TRACER_ROW_VM; /* VM: of trace_* */

/* The frames that a callTracer (or flat) has built; NULL: none. */
struct rpc_frame *rpc_frames_of(const struct rpc_tracer *r);
/* Flat traces (Parity's) of a frame and those below, as members of an array;
** *any: a comma is due before the next.  want (NULL: all) says which, by the
** frame and its path. */
struct rpc_flat_want {
  bool (*fn)(void *ctx, const struct rpc_frame *f, const u32 *path, u32 depth);
  void *ctx;
};
void rpc_put_flat(struct buf *out, const struct rpc_frame *f,
                  const struct rpc_tracer_opts *opts,
                  const struct rpc_trace_place *place,
                  const struct rpc_flat_want *want, bool *any);
/* What a prestateTracer found changed, in Parity's form: for each account and
** slot "=", or {"*": {from, to}}, {"+": new}, {"-": old}. */
void rpc_put_state_diff(struct rpc_tracer *r, struct buf *out);
/* "CALL", "CREATE2", ... */
const char *rpc_frame_type(const struct rpc_frame *f);
/* What the opcode about to run asks the world for by its operands: *what is a
** slot of the recipient, or an address in a word.  Creations are not told. */
enum rpc_touched {
  RPC_TOUCHES_NOTHING, RPC_TOUCHES_SLOT, RPC_TOUCHES_ACCOUNT
};
enum rpc_touched rpc_step_touches(const u256 **what,
                                  const struct evm_step *s);
/* Memory of a step from off to off + len, zeros beyond its end, in the arena;
** empty when it is too long to be real. */
slice rpc_step_memory(const struct evm_step *s, const u256 *off,
                      const u256 *len, struct arena *a);

/*--------------------------------------------------------------- replaying */

/* Transactions of a block run again: put gets each traced one, right after it
** ran, the state as it left it. */
#define RPC_REPLAY_ALL UINT32_MAX
struct rpc_replay {
  const struct rpc_trace_opts *opts;
  u32 only;                /* its index, or RPC_REPLAY_ALL */
  err (*put)(struct rpc_replay *rp, struct rpc_tracing *t,
             const struct chain_outcome *o, const struct node_block *b);
  struct buf *out;         /* where put writes */
  u32 cnt;                 /* put's: how many it wrote */
  void *ctx;
};
/* Before transactions up to idx of a stored block run again: it keeps senders,
** not who gave its authorizations (EIP-7702). */
void rpc_authorities(struct node_block *b, u32 idx);
err rpc_replay_run(struct rpc_replay *rp, struct rpc_call *c, u64 number)
    MUST_USE;
/* The same, what put writes being the call's result; of all: as an array. */
err rpc_put_replay(struct rpc_call *c, struct rpc_replay *rp, u64 number)
    MUST_USE;
/* One call under tracers: the result appended to text, or given to put. */
err rpc_trace_call(struct rpc_call *c, struct buf *text,
                   const struct rpc_trace_opts *opts,
                   const struct rpc_txcall *call, const struct rpc_arg *block,
                   err (*put)(void *ctx, struct rpc_tracing *t,
                              const struct chain_outcome *o), void *ctx)
    MUST_USE;
err rpc_fail_traced(struct rpc_call *c);
/* Where a transaction or block is, or geth's error. */
err rpc_tx_place(struct rpc_call *c, struct node_tx_place *at,
                 const hash32 *hash) MUST_USE;
err rpc_block_place(struct rpc_call *c, u64 *number,
                    const struct rpc_block *at) MUST_USE;
#endif
