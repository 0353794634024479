/* chain_exec.h - executing transactions and blocks: the one code path for
** making, validating, replaying and simulating.
*/
#ifndef CHAIN_EXEC_H
#define CHAIN_EXEC_H
#include "base/arena.h"
#include "base/base.h"
#include "chain/chain_block.h"
#include "chain/chain_meet.h"
#include "chain/chain_tx.h"
#include "evm/evm.h"
#include "state/state.h"

/* The verdict on a transaction before its execution: part of consensus. */
enum chain_verdict {
  CHAIN_OK = 0,
#define VERDICT(name, text) CHAIN_##name,
#include "chain/verdict.def"
#undef VERDICT
};
/* geth's words ("nonce too low", ...). */
const char *chain_verdict_text(enum chain_verdict v);

/* The rules of one chain at one block. */
struct chain_rules {
  enum evm_fork fork;
  u64 chain_id;
  bool fees;              /* plain Ethereum: gas is bought and paid */
  bool credits;           /* transactions are paid with credits (SPEC 6) */
  u64 modules;            /* native modules at work: bits of chain_module.h */
  bool system_calls;      /* EIP-4788, 7002, 7251, from their forks on */
  bool history_call;      /* EIP-2935, from Prague on, where its contract has
                          ** code */
  bool allow_unprotected; /* pre-EIP-155 */
  bool dev_edits;         /* a development chain's (chain_edit.h) */
  u64 blob_target, blob_max, blob_update_fraction;
  u64 tx_gas_cap;         /* EIP-7825; 0 = the fork's own */
};

struct chain_exec; /* a machine and a state bound together, one per thread */
struct chain_exec *chain_exec_open(u64 hash_seed);
void chain_exec_close(struct chain_exec *x);
struct state *chain_exec_state(struct chain_exec *x);
struct evm *chain_exec_evm(struct chain_exec *x);

/* The last 256 block hashes, asked by BLOCKHASH. */
struct chain_hashes {
  void *ctx;
  void (*get)(void *ctx, hash32 *out, u64 number);
};
/* Has fn called for every message of a transaction in place of evm_run, which
** fn calls itself, as often as it likes: for measuring.  NULL: none. */
typedef void chain_exec_fn(void *ctx, struct evm *e, struct evm_result *out,
                           const struct evm_msg *msg);
void chain_exec_set_run(struct chain_exec *x, chain_exec_fn *fn, void *ctx);

/* Starts a block on a source; header gives number, time, coinbase, limits,
** base fee and randomness.  Runs the system calls that open a block, as rules
** say (a simulation on the state after a block clears both flags).  src NULL:
** goes on from the state as the last block left it; for simulations. */
void chain_exec_begin(struct chain_exec *x, const struct chain_rules *rules,
                      const struct chain_header *header,
                      const struct chain_hashes *hashes,
                      const struct state_source *src);

struct chain_outcome {
  enum chain_verdict verdict;  /* not CHAIN_OK: nothing was executed */
  enum evm_status status;
  u64 gas_used, gas_refunded;
  slice output;                /* return data or revert data; view until the
                               ** next transaction */
  bool has_created;
  addr20 created;
  const struct state_log *log; /* view until the next transaction */
  u32 log_cnt;
  struct state_growth growth;  /* where there are credits */
  const struct chain_met *met; /* view until the next transaction */
  u32 met_cnt;
};
/* Checks that need no state (form, chain id, fork, intrinsic gas, caps): what
** the pool asks first. */
enum chain_verdict chain_tx_check(const struct chain_tx *tx,
                                  const struct chain_rules *rules,
                                  u64 block_gas_limit);
/* The part of it about gas: caps, init code, intrinsic, floor. */
enum chain_verdict chain_tx_check_gas(const struct chain_tx *tx,
                                      const struct chain_rules *rules);
u64 chain_tx_intrinsic_gas(const struct chain_tx *tx, enum evm_fork fork);
/* EIP-7623: the least a transaction uses. */
u64 chain_tx_floor_gas(const struct chain_tx *tx, enum evm_fork fork);
/* Executes one transaction (sender known) on the block begun; its gas is taken
** from the block's.  An err of the source shows in state_error. */
void chain_exec_tx(struct chain_exec *x, struct chain_outcome *out,
                   const struct chain_tx *tx);
/* Takes over what another executor of the same block found (chain_ahead.h):
** its outcome and the effect that it left.  False when something that it read
** is no longer so, or the block's gas may not do; then nothing happened, and
** the transaction is to be executed.  Not where fees are paid. */
bool chain_exec_take(struct chain_exec *x, struct chain_outcome *out,
                     const struct chain_tx *tx,
                     const struct chain_outcome *found,
                     const struct state_effect *effect) MUST_USE;
/* The block's gas is whole again: for who executes out of order. */
void chain_exec_gas_reset(struct chain_exec *x);
/* A native module was called since; what it found holds at its turn only. */
bool chain_exec_met_module(struct chain_exec *x);
/* The transactions to come were decided: one that cannot be executed costs its
** payer the credits of its intrinsic gas.  Off at the begin of a block. */
void chain_exec_set_decided(struct chain_exec *x, bool decided);
/* Takes the deadlines that are due, after the last transaction: gas and logs of
** the block's system transaction; false: there is none. */
bool chain_exec_timers(struct chain_exec *x, struct chain_outcome *out);
/* What ends a block with credits, after its last transaction. */
void chain_exec_end_credits(struct chain_exec *x);
/* As chain_exec_tx for eth_call: no nonce, signature or cap checks, and no gas
** is taken from the block; the balance must cover value.  Fees are for those
** who name one, where fees are taken at all: then gas is bought at it, else
** the price of gas and the base fee are 0 (as geth has it). */
void chain_exec_call(struct chain_exec *x, struct chain_outcome *out,
                     const struct chain_tx *tx);

/* The same in a simulated block: the base fee is the block's whoever asks.
** validate: all that the state says against a transaction is asked, but not
** whether the sender has code nor the cap of EIP-7825. */
void chain_exec_simulate(struct chain_exec *x, struct chain_outcome *out,
                         const struct chain_tx *tx, bool validate);

/* A call by the system (0xff..fe, 30,000,000 gas, outside every limit).
** ERR_NOT_FOUND when the contract has no code, ERR_INVALID_BLOCK when it
** failed.  output: view until the next transaction. */
err chain_exec_system(struct chain_exec *x, slice *output, const addr20 *to,
                      slice input) MUST_USE;
/* Executes transactions of chain_exec_block on cnt lanes, ahead of their turn,
** where that is worth it by clock (chain_worth.h; NULL: all) and par is given.
** Below 2: one after the other. */
void chain_exec_set_lanes(struct chain_exec *x, u32 cnt, u64 (*clock)(void));
struct chain_ahead *chain_exec_ahead(struct chain_exec *x); /* or NULL */
/* Gas used by the transactions of the block so far. */
u64 chain_exec_gas_used(const struct chain_exec *x);
u64 chain_exec_blob_gas_used(const struct chain_exec *x);

/* A whole block: runs begin, txs in order, and ends it.  A transaction whose
** verdict is not CHAIN_OK, or whose gas or bytes (EIP-7934) do not fit, is
** left out: skipped[i] holds its verdict (CHAIN_GAS_LIMIT_REACHED: stays in
** the pool). */
struct chain_block_result {
  struct chain_header header;       /* complete but for nothing */
  hash32 hash;
  u32 tx_cnt;                       /* included */
  const struct chain_tx **tx;
  struct chain_receipt *receipt;    /* with logs, in the arena */
  enum chain_verdict *skipped;      /* per transaction given */
  struct state_diff diff;
  struct state_root root;           /* trie nodes to store */
};
/* keep_going (may be NULL) is asked before each transaction: false ends the
** block there (the proposer's clock); the rest are marked as not fitting.
** draft holds parent hash, number, time, coinbase, gas limit, mix hash, extra,
** beacon root; the rest of the header is computed.  An err only from the
** source (environment).  With keep_going the list is a choice still and what is
** left out of it is free; without, it was decided. */
err chain_exec_block(struct chain_exec *x, struct chain_block_result *out,
                     const struct chain_rules *rules,
                     const struct chain_header *draft,
                     const struct chain_tx *txs, u32 tx_cnt,
                     const struct chain_hashes *hashes,
                     const struct state_source *src, const struct par *par,
                     bool (*keep_going)(void *ctx, u32 done, u64 gas_used),
                     void *keep_ctx, struct arena *a) MUST_USE;
#endif
