/* evm.h - the Ethereum virtual machine, Frontier to Osaka.
**
** The machine knows the world only through struct evm_host (chain adapts
** state to it) and does all that happens inside a message: value transfer,
** calls, creations, precompiles, gas and refunds per opcode.  What surrounds
** a transaction (intrinsic gas, nonce, fees, authorizations, refund cap) is
** chain's.  Everything that differs between forks is a table row: opcode
** availability and gas, storage prices, precompile set, limits.
*/
#ifndef EVM_EVM_H
#define EVM_EVM_H
#include <stdatomic.h>

#include "base/arena.h"
#include "base/base.h"
#include "base/u256.h"

/* Each inherits the former.  CONSTANTINOPLE is the variant with EIP-1283. */
enum evm_fork {
  EVM_FRONTIER, EVM_HOMESTEAD, EVM_TANGERINE, EVM_SPURIOUS, EVM_BYZANTIUM,
  EVM_CONSTANTINOPLE, EVM_PETERSBURG, EVM_ISTANBUL, EVM_BERLIN, EVM_LONDON,
  EVM_PARIS, EVM_SHANGHAI, EVM_CANCUN, EVM_PRAGUE, EVM_OSAKA, EVM_FORK_CNT
};
/* "Osaka"; also takes the names of the test suites (EIP150, EIP158,
** ConstantinopleFix, ...).  ERR_NOT_FOUND. */
err evm_fork_parse(enum evm_fork *out, const char *name) MUST_USE;
const char *evm_fork_name(enum evm_fork f);

/* The outcome of a message: part of consensus. */
enum evm_status {
  EVM_SUCCESS,
  EVM_REVERT,              /* REVERT: output is kept, gas left is returned */
  EVM_OUT_OF_GAS,          /* from here on: all gas of the message is gone */
  EVM_STACK_UNDERFLOW, EVM_STACK_OVERFLOW, EVM_BAD_JUMP, EVM_BAD_OPCODE,
  EVM_STATIC_VIOLATION, EVM_RETURN_DATA_BOUNDS, EVM_CODE_SIZE, EVM_BAD_CODE,
  EVM_CREATE_COLLISION, EVM_PRECOMPILE_FAILED,
  /* Refused before it began: gas is returned. */
  EVM_CALL_DEPTH, EVM_BALANCE_SHORT, EVM_NONCE_OVERFLOW
};
/* geth's words: "execution reverted", "out of gas", "stack underflow (0 <=>
** 2)" without its numbers, "invalid jump destination", ... */
const char *evm_status_text(enum evm_status s);

/* The world.  Semantics are those of the state_* function of the same name;
** all changes are undone by revert. */
struct evm_native; /* a message to a native contract, below */
struct evm_msg;
struct evm_result;
enum evm_kind { EVM_CALL, EVM_CALLCODE, EVM_DELEGATECALL, EVM_STATICCALL,
                EVM_CREATE, EVM_CREATE2 };
struct evm_host {
  void *ctx;
  bool (*exists)(void *ctx, const addr20 *a);
  bool (*is_empty)(void *ctx, const addr20 *a);
  void (*balance)(void *ctx, u256 *out, const addr20 *a);
  u64 (*nonce)(void *ctx, const addr20 *a);
  /* Code with its hash, the key of the analysis cache; view until the
  ** transaction ends. */
  slice (*code)(void *ctx, hash32 *code_hash, const addr20 *a);
  void (*code_hash)(void *ctx, hash32 *out, const addr20 *a);
  bool (*has_storage)(void *ctx, const addr20 *a);
  void (*slot)(void *ctx, u256 *out, const addr20 *a, const u256 *slot);
  void (*slot_original)(void *ctx, u256 *out, const addr20 *a,
                        const u256 *slot);
  void (*slot_set)(void *ctx, const addr20 *a, const u256 *slot, const u256 *v);
  void (*transient)(void *ctx, u256 *out, const addr20 *a, const u256 *slot);
  void (*transient_set)(void *ctx, const addr20 *a, const u256 *slot,
                        const u256 *v);
  void (*touch)(void *ctx, const addr20 *a);
  void (*balance_add)(void *ctx, const addr20 *a, const u256 *v);
  bool (*balance_sub)(void *ctx, const addr20 *a, const u256 *v);
  void (*nonce_set)(void *ctx, const addr20 *a, u64 nonce);
  void (*code_set)(void *ctx, const addr20 *a, slice code);
  void (*create)(void *ctx, const addr20 *a);
  bool (*created_in_tx)(void *ctx, const addr20 *a);
  void (*selfdestruct)(void *ctx, const addr20 *a);
  bool (*is_destructed)(void *ctx, const addr20 *a);
  void (*log)(void *ctx, const addr20 *a, const hash32 *topics, u32 topic_cnt,
              slice data);
  bool (*access_account)(void *ctx, const addr20 *a); /* true: was cold */
  bool (*access_slot)(void *ctx, const addr20 *a, const u256 *slot);
  void (*refund_add)(void *ctx, i64 delta);
  i64 (*refund)(void *ctx);
  u32 (*snapshot)(void *ctx);
  void (*revert)(void *ctx, u32 snap);
  void (*block_hash)(void *ctx, hash32 *out, u64 number); /* zero if unknown */
  /* Asked for each call of code at an address below 2^16 that is no
  ** precompile, once value has moved; false: not native, its code runs.  NULL:
  ** there are none. */
  bool (*native)(void *ctx, struct evm_native *n);
  /* Told of each message within a message as it begins (also of a library's
  ** code, of a self-destruct's heir, of who a native contract pays); changes
  ** nothing.  NULL: nobody wants to know. */
  void (*met)(void *ctx, enum evm_kind kind, const addr20 *by,
              const addr20 *a);
  /* For evm_run_code alone, else NULL.  call executes a message that code
  ** makes, and may call evm_run_code for it; the output is a view until its
  ** next call from the same frame.  slot_change sets a slot, before the price
  ** is paid, and says what kind of change it was by values that stand for the
  ** original, the current and the new one; slot_set is not called then. */
  void (*call)(void *ctx, struct evm_result *out, const struct evm_msg *msg);
  void (*slot_change)(void *ctx, u256 stand_for[3], const addr20 *a,
                      const u256 *slot, const u256 *v);
  /* A native contract knows that the slot was never set before this
  ** transaction: it need not be looked for.  May be NULL. */
  void (*slot_fresh)(void *ctx, const addr20 *a, const u256 *slot);
};

struct evm_block { /* what block opcodes answer */
  addr20 coinbase;
  u64 number, timestamp, gas_limit;
  u256 prev_randao;   /* DIFFICULTY before Paris */
  u256 base_fee, blob_base_fee, chain_id;
};
struct evm_tx { /* what transaction opcodes answer */
  addr20 origin;
  u256 gas_price;
  const hash32 *blob_hash;
  u32 blob_cnt;
};

struct evm_msg {
  enum evm_kind kind;
  bool is_static;
  u32 depth;        /* 0 at the top */
  u64 gas;
  addr20 sender;    /* CALLER */
  addr20 recipient; /* ADDRESS: whose storage; of a creation: filled in */
  addr20 code_addr; /* whose code runs (after EIP-7702: the delegate) */
  u256 value;       /* CALLVALUE; moved unless DELEGATECALL */
  slice input;      /* call data, or init code */
  u256 salt;        /* CREATE2 */
};
struct evm_result {
  enum evm_status status;
  u64 gas_left;
  slice output;     /* view until the next evm_run on this machine */
  addr20 created;   /* of a successful creation */
};

/* Called around every step; NULL members are skipped.  The loop without a
** tracer pays nothing for them. */
struct evm_step {
  u32 pc;
  u8 op;
  u32 depth;              /* 0 at the top */
  u64 gas, gas_cost;      /* before the step; of the step */
  const u256 *stack;      /* bottom first */
  u32 stack_cnt;
  const u8 *mem;
  size_t mem_len;
  slice return_data;
  const struct evm_msg *msg;
  i64 refund;
  enum evm_status fault;  /* EVM_SUCCESS unless the step failed */
};
struct evm_tracer {
  void *ctx;
  void (*step)(void *ctx, const struct evm_step *step);
  void (*enter)(void *ctx, const struct evm_msg *msg, u8 op);
  void (*leave)(void *ctx, const struct evm_msg *msg,
                const struct evm_result *result);
};

/* One machine for each executing thread: holds the frames' memory and the
** cache of analysed code (keyed by code hash, bounded). */
struct evm;
struct evm *evm_open(void);
void evm_close(struct evm *e);
/* Drops the cache of code: what runs next is analysed anew. */
void evm_forget(struct evm *e);
/* For the block to come. */
void evm_block_begin(struct evm *e, enum evm_fork fork,
                     const struct evm_block *block,
                     const struct evm_host *host);
void evm_tx_begin(struct evm *e, const struct evm_tx *tx);
/* tracer NULL: none. */
void evm_set_tracer(struct evm *e, const struct evm_tracer *tracer);
/* For simulations, after evm_block_begin, which undoes both: what block opcodes
** answer, to be changed in place; and precompiles that are no more where they
** were, but (has_to) answer elsewhere.  list must outlive the block. */
struct evm_block *evm_block_now(struct evm *e);
struct evm_move {
  addr20 from, to;
  bool has_to;
};
void evm_set_moves(struct evm *e, const struct evm_move *list, u32 cnt);
/* Another thread may set *flag to end a long call (eth_call timeout): checked
** at jumps; the call ends with EVM_OUT_OF_GAS and evm_interrupted is true.
** Never in consensus. */
void evm_set_interrupt(struct evm *e, const atomic_bool *flag);
bool evm_interrupted(const struct evm *e);
/* Runs a message with all that it calls.  The sender's nonce was already
** raised for a top-level creation (the address uses nonce - 1); depth 0. */
void evm_run(struct evm *e, struct evm_result *out, const struct evm_msg *msg);

/* Runs code as msg says and no more: no value moves, nothing is undone, and the
** messages it makes go to host.call.  For embedding in another's host. */
void evm_run_code(struct evm *e, struct evm_result *out,
                  const struct evm_msg *msg, slice code);

/* What a native contract does in its message, each at the price of the opcode
** that does the same, on the storage of the message's recipient.  Once gas is
** short reads give zero, writes do nothing and the message ends out of gas. */
const struct evm_msg *evm_native_msg(const struct evm_native *n);
const struct evm_block *evm_native_block(const struct evm_native *n);
bool evm_native_charge(struct evm_native *n, u64 gas); /* false: short */
void evm_native_slot(struct evm_native *n, u256 *out, const u256 *slot);
void evm_native_slot_set(struct evm_native *n, const u256 *slot, const u256 *v);
/* Said before a slot is first used that nobody can have set before this
** transaction; spares the look into the database, costs and changes nothing. */
void evm_native_slot_fresh(struct evm_native *n, const u256 *slot);
void evm_native_log(struct evm_native *n, const hash32 *topics, u32 topic_cnt,
                    slice data);
void evm_native_balance(struct evm_native *n, u256 *out, const addr20 *a);
/* From the recipient's balance, running no code; 6700 gas, access to the
** account, and 25000 for a new one.  False: the balance is short. */
bool evm_native_pay(struct evm_native *n, const addr20 *to, const u256 *v)
    MUST_USE;
/* Whose storage, logs and balance the functions above mean: at first the
** message's recipient.  For native contracts that use each other's. */
void evm_native_as(struct evm_native *n, const addr20 *self);
/* Calls a contract with value from the recipient's balance, at the price of
** CALL (kind EVM_CALL or EVM_STATICCALL), with exactly gas, or (0) with all
** but a 64th of what is left.  The output is a view until the next call.
** False: the message itself is out of gas. */
bool evm_native_call(struct evm_native *n, struct evm_result *out,
                     enum evm_kind kind, const addr20 *to, const u256 *value,
                     u64 gas, slice input) MUST_USE;
/* Runs fn with at most gas of what is left; when it returns false or runs out
** all it did is undone.  What it used is used. */
bool evm_native_try(struct evm_native *n, u64 gas, bool (*fn)(void *ctx),
                    void *ctx);
u64 evm_native_gas(const struct evm_native *n); /* left */
/* The outcome; output is copied.  Not success: a revert. */
void evm_native_end(struct evm_native *n, bool success, slice output);

/* True when the address is a precompile of the fork (1..0x11, 0x100). */
bool evm_is_precompile(enum evm_fork fork, const addr20 *a);
void evm_precompiles(enum evm_fork fork, const addr20 **list, u32 *cnt);
/* EIP-7702: code is 0xef0100 and an address. */
bool evm_delegation(slice code, addr20 *target);
/* Addresses of creations. */
void evm_create_addr(addr20 *out, const addr20 *sender, u64 nonce);
void evm_create2_addr(addr20 *out, const addr20 *sender, const u256 *salt,
                      const hash32 *init_code_hash);

/* Names of opcodes for tracers; "opcode 0x.. not defined". */
const char *evm_op_name(u8 op);
#endif
