/* node_pool.h - transactions waiting for a block.
**
** Each sender's transactions stand in nonce order; those that follow its
** state nonce without a gap are ready, the others queued.  A transaction goes
** ready -> in a block (when executed) -> gone (when durable); it is found by
** its hash until then.
**
** Order: the transaction comes first after which its payer will have spent the
** least of its capacity within the hour, then the one that came first; each
** sender's own by nonce.  Nobody fills more than a twentieth of a block, or one
** transaction, while others wait; and those that ask for more than that at once
** fill at most half of what is taken, so that gas limits far above use do not
** keep the others out.  Without credits all shares are zero, and the
** order is that of arrival.
**
** Rules of admission (SPEC-chain 2): at most POOL_SENDER_QUEUED queued for one
** sender; POOL_SENDER_FAIR ready for sure, POOL_SENDER_READY while the pool is
** less than half full; a pooled one of equal nonce is replaced only if it is
** older than 30 s or both fee fields are at least 10 % higher; a sender that
** is delegated (EIP-7702) or an authority of a pooled transaction has at most
** one.  A full pool makes room for a ready newcomer: the newest queued goes,
** else the last one of a sender with more than its fair part, else the last
** one of the sender who would come last if the newcomer comes before; when
** nobody can go, newcomers are refused before their signatures are recovered.
** What waits longer than POOL_KEEP_MS is dropped.
**
** Account nonces and balances are those after the last executed block: read
** once when a sender is first seen, then kept right by each block's
** difference; what can no longer be paid leaves.  With credits, each pooled
** transaction holds a reservation of its payer's; when prices have risen so
** that a sender's next one cannot be paid, its row waits ("parked"); as long as
** that is for prices, which only blocks bring down, blocks are asked for.
**
** The pool outlives a restart: node_pool_save gives what is new and what is
** gone since the last call, a few seconds late, so that what passes through
** quickly is never written.
*/
#ifndef NODE_POOL_H
#define NODE_POOL_H
#include "base/arena.h"
#include "chain/chain_credit.h"
#include "chain/chain_exec.h"
#include "node/node.h"
#include "state/state.h"
#include "store/store.h"

struct node_pool;
struct pool_tx; /* one pooled transaction, owned by the pool */

/* How the pool asks for credits, always under its lock; admit NULL: a chain
** without.  As chain_credit.h, whose functions node.c puts behind these. */
struct node_pool_credit {
  void *ctx;
  err (*admit)(void *ctx, struct chain_credit_quote *out,
               const struct chain_tx *tx);
  void (*release)(void *ctx, const struct chain_credit_quote *q,
                  const struct chain_tx *tx);
  /* That block was executed; diff: what it changed, NULL: anything may be
  ** other than it was. */
  err (*refresh)(void *ctx, u64 height, const struct state_diff *diff);
  /* Prices are above their least: blocks bring them down. */
  bool (*dear)(void *ctx);
  void (*say)(struct errmsg *msg, const struct chain_credit_quote *q);
};
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
  struct node_pool_credit credit;
};
struct node_pool *node_pool_open(const struct node_pool_config *cfg);
void node_pool_close(struct node_pool *p);
/* Before the first transaction, when the last block is known. */
err node_pool_start(struct node_pool *p, u64 height) MUST_USE;

/* Before the pool: decodes a copy of each raw, refuses what needs no state and
** what is known or has no room, and recovers the senders (the costly part:
** best by CRYPTO_RECOVER_GROUP) without the lock.  t[i] is NULL with result
** and error filled when refused. */
void node_pool_prepare(struct node_pool *p, struct pool_tx **t,
                       struct node_submit_result *out, err *errs,
                       const slice *raw, u32 cnt);
/* Takes t (freed when refused). */
err node_pool_add(struct node_pool *p, struct node_submit_result *out,
                  struct pool_tx *t);

/* The proposer's view: up to cnt_max ready transactions in order whose gas
** limits sum up to gas_max at most.  They stay pooled, marked as taken. */
struct node_pool_take {
  struct pool_tx **ref;
  struct chain_tx *tx; /* shallow copies, views into the pool */
  u32 cnt;
};
void node_pool_take(struct node_pool *p, struct node_pool_take *out,
                    u32 cnt_max, u64 gas_max, struct arena *a);
/* The proposal was dropped: what it took is as free as the rest. */
void node_pool_untake(struct node_pool *p, const struct node_pool_take *take);
enum node_pool_fate { POOL_INCLUDED, POOL_DROPPED, POOL_KEPT };
/* After the execution of block height: what became of each taken one, and
** the block's difference. */
void node_pool_executed(struct node_pool *p, const struct node_pool_take *take,
                        const enum node_pool_fate *fate, u64 height,
                        const struct state_diff *diff);
/* Frees the included ones of heights up to this. */
void node_pool_durable(struct node_pool *p, u64 height);

/* Takes one out; false when it is not there, or being put into a block. */
bool node_pool_drop(struct node_pool *p, const hash32 *hash);
/* The chain was taken back to height: empties the pool, which forgets what it
** knew of accounts.  No block may be under way. */
err node_pool_restart(struct node_pool *p, u64 height) MUST_USE;

/* Whether a block could take something. */
bool node_pool_has_ready(struct node_pool *p);
/* In the pool and next in line, or in a block that is not yet durable. */
bool node_pool_is_ready(struct node_pool *p, const hash32 *hash);
void node_pool_stat_of(struct node_pool *p, struct node_pool_stat *out);
err node_pool_find(struct node_pool *p, struct chain_tx *out,
                   const hash32 *hash, struct arena *a);
u64 node_pool_next_nonce(struct node_pool *p, const addr20 *a, u64 head_nonce);
/* As a proposer would take them. */
u32 node_pool_copy(struct node_pool *p, struct chain_tx *out, u32 cnt_max,
                   struct arena *a);
/* All that wait, or those of one sender, by sender and nonce. */
u32 node_pool_items(struct node_pool *p, struct node_pool_item **out,
                    const addr20 *from, struct arena *a);

/* What the file does not know yet: rows that arrived before before_ms and are
** still waiting, and ids of rows that are gone; at most cnt_max of each, to be
** given to store_pool_write (copies in the arena).  Also drops what has waited
** too long at now_ms. */
struct node_pool_saving {
  struct store_pool_row *row;
  u64 *gone;
  u32 row_cnt, gone_cnt;
};
void node_pool_save(struct node_pool *p, struct node_pool_saving *out,
                    u64 before_ms, u64 now_ms, u32 cnt_max, struct arena *a);
/* Rows of the file back into the pool, by ascending id, before anything else
** is added; what is no longer valid goes.  Returns how many stay. */
u32 node_pool_restore(struct node_pool *p, const struct store_pool_row *rows,
                      u32 cnt, const struct par *par);
#endif
