/* node_app.h - the state machine behind one interface with the verbs of
** ABCI 2.0, so that the built-in engine and an outside one drive the same.
**
** Sequence, all on the exec thread:
**   1. app_init_chain once, on a file without a chain; app_info always
**   2. the proposer: app_prepare_proposal takes from the pool, executing while
**      it collects, and keeps the result; the others: app_process_proposal
**      executes what was proposed and keeps the result
**   3. decided: app_finalize_block gives the kept result of that proposal, or
**      executes it (again)
**   4. app_commit makes the state current and hands the block to the writer
** Between 2 and 4 anything may be dropped: nothing is lasting before commit.
*/
#ifndef NODE_APP_H
#define NODE_APP_H
#include "base/arena.h"
#include "chain/chain_genesis.h"
#include "chain/chain_proposal.h"
#include "node/node_pool.h"
#include "node/node_state.h"

struct node_app;
struct node_app_config {
  const struct chain_genesis *genesis;
  const hash32 *genesis_hash;
  struct node_state *state;
  struct node_pool *pool;
  const struct par *par;
  u64 hash_seed;
  u32 lane_cnt; /* below 2: transactions run one after the other */
};

struct node_app_info {  /* the last committed block */
  struct chain_header header;
  hash32 hash;
};

struct node_app *app_open(const struct node_app_config *cfg);
void app_close(struct node_app *app);
/* Where the chain stands: told at boot, and when it was taken back, with the
** last block and the hashes of up to 256 blocks before it (newest last, its own included). */
void app_set_info(struct node_app *app, const struct node_app_info *info,
                  const hash32 *hashes, u32 hash_cnt);
const struct node_app_info *app_info(const struct node_app *app);
/* The last proposal of ours was ended by what its block would take of memory
** (LIMIT_BLOCK_MET), not by time or for want of transactions: the next one may
** come sooner. */
bool app_was_cut(const struct node_app *app);

/* The genesis block, given to the writer like any other. */
err app_init_chain(const struct chain_genesis *genesis, hash32 *hash,
                   struct chain_header *header, struct node_state *state,
                   struct store_block **out, const struct par *par) MUST_USE;

struct node_app_request { /* what the engine knows before the list */
  u64 time_ms;
  struct chain_commit parent_commit;
  slice beacon;
  addr20 proposer;
  hash32 validators_hash;
  u32 tx_max;           /* 0: no limit but the block's */
  u64 deadline_ms;      /* CLOCK_MONOTONIC; stop collecting then */
  /* Development chain: all that the block holds; NULL: the pool is asked. */
  const struct chain_tx *edit;
};
/* A proposal of the pool's transactions; p's views live until app_commit or
** the next prepare. */
err app_prepare_proposal(struct node_app *app, struct chain_proposal *p,
                         hash32 *id, const struct node_app_request *rq)
    MUST_USE;
/* Executes a proposal made elsewhere.  ERR_INVALID_BLOCK: vote against it. */
err app_process_proposal(struct node_app *app, const struct chain_proposal *p,
                         hash32 *id, struct errmsg *msg) MUST_USE;
/* The Ethereum block that follows from a decided proposal. */
err app_finalize_block(struct node_app *app, const struct chain_proposal *p,
                       const hash32 *id, const struct chain_block_result **out)
    MUST_USE;
/* A block of a plain Ethereum chain (senders known): checks it against the last
** one, executes it and makes it current; *out goes to the writer, with the
** block's rest (chain_import.h) in place of a proposal.  ERR_INVALID_BLOCK with
** the reason: nothing happened. */
struct chain_import_block;
err app_import_block(struct node_app *app, struct store_block **out,
                     struct chain_import_block *b, struct errmsg *msg)
    MUST_USE;
/* Makes the finalized block current; commit: bytes of the votes that decided
** it.  *out goes to the writer. */
err app_commit(struct node_app *app, struct store_block **out, slice commit)
    MUST_USE;
#endif
