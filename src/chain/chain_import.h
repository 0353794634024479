/* chain_import.h - blocks of plain Ethereum: decoding one, checking it against
** its parent, executing it and checking what its header promises.
**
** For public test chains and for tools that replay one; a chain of this node
** never comes this way.  Proof of work is not checked, nor whether an ommer
** was included before.
*/
#ifndef CHAIN_IMPORT_H
#define CHAIN_IMPORT_H
#include "base/arena.h"
#include "base/base.h"
#include "chain/chain_block.h"
#include "chain/chain_exec.h"
#include "chain/chain_fork.h"
#include "state/state.h"

struct chain_withdrawal { /* EIP-4895 */
  u64 index, validator;
  addr20 addr;
  u64 amount; /* Gwei */
};
struct chain_import_block {
  struct chain_header header;
  hash32 hash;
  slice raw;
  struct chain_tx *tx;      /* senders filled by chain_import, unless before */
  u32 tx_cnt;
  struct chain_header *ommer;
  u32 ommer_cnt;
  slice ommers;             /* as encoded */
  struct chain_withdrawal *withdrawal;
  const slice *withdrawal_raw;
  u32 withdrawal_cnt;
  bool has_withdrawals;
  slice rest;               /* what follows the transactions, as encoded:
                            ** ommers, withdrawals */
};
/* rlp([header, txs, ommers, withdrawals]), the last from Shanghai. */
err chain_import_decode(struct chain_import_block *out, slice rlp,
                        struct arena *a, struct errmsg *msg) MUST_USE;

/* Ommers and withdrawals out of a block's rest; raw parts are views of it. */
err chain_import_decode_rest(struct chain_import_block *out, slice rest,
                             struct arena *a) MUST_USE;

struct chain_import_env {
  struct chain_rules rules;         /* of the block */
  struct chain_header parent;
  hash32 parent_hash;
  struct chain_hashes hashes;
  struct state_source src;          /* the state after parent, with nodes */
  addr20 deposit_contract;          /* EIP-6110 */
  u64 bomb_delay;                   /* of the difficulty, in blocks */
  const struct par *par;            /* may be NULL */
};
struct chain_import_result {
  struct chain_receipt *receipt;    /* one for each transaction */
  struct state_diff diff;
  struct state_root root;
};
/* ERR_INVALID_BLOCK and the reason; an err of the source. */
err chain_import(struct chain_exec *x, struct chain_import_result *out,
                 const struct chain_import_env *env,
                 struct chain_import_block *block, struct arena *a,
                 struct errmsg *msg) MUST_USE;

/* What a block after parent must name: the base fee (EIP-1559), and under its
** rules the excess blob gas (EIP-4844, 7691, 7918). */
void chain_next_base_fee(u256 *out, const struct chain_header *parent);
u64 chain_next_excess_blob_gas(const struct chain_header *parent,
                               const struct chain_rules *rules);

/* Difficulty before the merge; bomb_delay in blocks. */
void chain_difficulty(u256 *out, enum evm_fork fork, u64 bomb_delay,
                      u64 number, u64 time, u64 parent_time,
                      const u256 *parent_difficulty, bool parent_has_ommers);
/* The delay that came with the rule set itself. */
u64 chain_bomb_delay(enum evm_fork fork);
/* The same where the forks that did nothing but move it have heights. */
u64 chain_bomb_delay_at(const struct chain_schedule *s, enum evm_fork fork,
                        u64 number);

/* EIP-7685: sha256 of the sha256 of each non-empty request list.  Ends the
** block: runs the system calls of EIP-7002 and 7251.  logs: all of the block's
** in order.  ERR_INVALID_BLOCK. */
struct chain_requests { /* those that are not empty, type byte first */
  struct arena *a;
  slice list[3];
  u32 cnt;
};
/* keep may be NULL. */
err chain_requests_hash(hash32 *out, struct chain_exec *x,
                        const struct chain_receipt *receipts, u32 cnt,
                        const addr20 *deposit_contract,
                        struct chain_requests *keep, struct errmsg *msg)
    MUST_USE;
/* EIP-4895: pays them out, after the last transaction. */
void chain_withdraw(struct chain_exec *x, const struct chain_withdrawal *w,
                    u32 cnt);
void chain_withdrawals_root(hash32 *out, const struct chain_withdrawal *w,
                            u32 cnt, struct arena *a);
extern const addr20 CHAIN_DEPOSIT_ADDR; /* of the main network */
#endif
