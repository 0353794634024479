/* node_pool.h - transactions waiting for a block.
**
** Each sender's transactions stand in nonce order; those that follow its
** state nonce without a gap are ready, the others queued.  Ready ones form
** one list in order of arrival, from which the proposer takes.  A transaction
** goes ready -> in a block (when executed) -> gone (when durable); it is
** found by its hash until then.
**
** Rules of admission (SPEC-chain 2): at most POOL_SENDER_QUEUED queued and
** POOL_SENDER_READY ready for one sender; a pooled one of equal nonce is
** replaced only if it is older than 30 s or both fee fields are at least 10 %
** higher; a sender that is delegated (EIP-7702) or an authority of a pooled
** transaction has at most one.  A full pool drops its newest queued
** transaction for a ready newcomer, else refuses.
**
** Account nonces and balances are those after the last executed block: read
** once when a sender is first seen, then kept right by each block's
** difference.
*/
#ifndef NODE_POOL_H
#define NODE_POOL_H
#include "base/arena.h"
#include "chain/chain_exec.h"
#include "node/node.h"
#include "state/state.h"

struct node_pool;
struct pool_tx; /* one pooled transaction, owned by the pool */

struct node_pool_config {
  u32 tx_max;
  u64 bytes_max;
  u64 seed;
  struct chain_rules rules; /* of the next block */
  u64 block_gas_limit;
  void *ctx;
  /* The account after the last executed block; any thread. */
  err (*account)(void *ctx, struct state_account *out, bool *found,
                 const addr20 *addr);
  /* One was taken in; under the pool's lock: be short.  May be NULL. */
  void (*added)(void *ctx, const hash32 *hash);
  void (*ready)(void *ctx); /* something became ready; may be called often */
};
struct node_pool *node_pool_open(const struct node_pool_config *cfg);
void node_pool_close(struct node_pool *p);

/* Before the pool: decodes a copy of each raw, checks all that needs no state
** and recovers the senders (the costly part: best by CRYPTO_RECOVER_GROUP);
** no lock is held.  t[i] is NULL with result and error filled when refused. */
void node_pool_prepare(const struct node_pool *p, struct pool_tx **t,
                       struct node_submit_result *out, err *errs,
                       const slice *raw, u32 cnt);
void node_pool_drop(struct pool_tx *t);
/* Takes t (freed when refused). */
err node_pool_add(struct node_pool *p, struct node_submit_result *out,
                  struct pool_tx *t);
const struct chain_tx *node_pool_tx_of(const struct pool_tx *t);

/* The proposer's view: up to cnt_max ready transactions in order whose gas
** limits sum up to gas_max at most.  They stay pooled, marked as taken. */
struct node_pool_take {
  struct pool_tx **ref;
  struct chain_tx *tx; /* shallow copies, views into the pool */
  u32 cnt;
};
void node_pool_take(struct node_pool *p, struct node_pool_take *out,
                    u32 cnt_max, u64 gas_max, struct arena *a);
enum node_pool_fate { POOL_INCLUDED, POOL_DROPPED, POOL_KEPT };
/* After the execution of block height: what became of each taken one, and
** the block's difference. */
void node_pool_executed(struct node_pool *p, const struct node_pool_take *take,
                        const enum node_pool_fate *fate, u64 height,
                        const struct state_diff *diff);
/* Frees the included ones of heights up to this. */
void node_pool_durable(struct node_pool *p, u64 height);

bool node_pool_has_ready(struct node_pool *p);
/* In the pool and next in line, or in a block that is not yet durable. */
bool node_pool_is_ready(struct node_pool *p, const hash32 *hash);
void node_pool_stat_of(struct node_pool *p, struct node_pool_stat *out);
err node_pool_find(struct node_pool *p, struct chain_tx *out,
                   const hash32 *hash, struct arena *a);
u64 node_pool_next_nonce(struct node_pool *p, const addr20 *a, u64 head_nonce);
u32 node_pool_copy(struct node_pool *p, struct chain_tx *out, u32 cnt_max,
                   struct arena *a);
#endif
