/* chain_credit.h - who pays for a transaction with what, before it runs and
** after: the one path for pool, proposal check and execution.
**
** A chain without fees is limited by credits (SPEC 6, dpos/dpos_credit.h has
** the arithmetic).  Before a transaction runs, m x (gas limit + 8 x bytes) of
** its payer's credits are reserved; afterwards its cost is charged, which may
** leave the payer below zero, for what only running it can tell.
**
** The payer is the oldest sponsor with a policy that fits and with credits
** enough, else the sender.  Who pays and what is reserved follow from the
** state before the block and the transactions before this one in it alone,
** so that a proposal can be checked without running code, and admission says
** what execution will do.
**
** struct chain_credit is what one block to come allows: prices, parameters,
** and what is reserved by now.  The executor has one and begins it anew for
** each block; the pool has one and refreshes it after each.  Not for two
** threads at once.
*/
#ifndef CHAIN_CREDIT_H
#define CHAIN_CREDIT_H
#include "base/base.h"
#include "base/u256.h"
#include "chain/chain_exec.h"
#include "chain/chain_tx.h"
#include "dpos/dpos_credit.h"

extern const addr20 CHAIN_CREDIT_ADDR; /* 0x..1004 */

/* The state before the block; an err is the environment's and is given back
** by whoever called. */
struct chain_credit_view {
  void *ctx;
  /* A storage slot of the module at 0x..1004. */
  err (*slot)(void *ctx, u256 *out, const u256 *slot);
  err (*account)(void *ctx, u256 *balance, bool *has_code, const addr20 *a);
};
/* Over a source, which must outlive it. */
struct chain_credit_view chain_credit_view_of(const struct state_source *src);

struct chain_credit;
struct chain_credit *chain_credit_open(u64 hash_seed);
void chain_credit_close(struct chain_credit *c);

/* Reads prices and parameters for the block after view's state, and forgets
** all reservations.  height, time_s: the block's; for the pool the next height
** and the clock's time. */
err chain_credit_begin(struct chain_credit *c,
                       const struct chain_credit_view *view, u64 height,
                       u64 time_s) MUST_USE;
/* The same for a pool whose transactions go on waiting: what they have
** reserved stays.  diff: what has changed in the state since it was asked last,
** so that the records of all others need not be read again; NULL: all may
** have. */
struct state_diff;
err chain_credit_refresh(struct chain_credit *c,
                         const struct chain_credit_view *view, u64 height,
                         u64 time_s, const struct state_diff *diff) MUST_USE;

/* What admission says of one transaction. */
struct chain_credit_quote {
  enum chain_verdict verdict; /* CHAIN_OK, or CHAIN_CREDITS: too few */
  addr20 payer;        /* sender or sponsor */
  u64 policy;          /* the sponsor's policy; 0: the sender pays */
  u64 reserve;         /* credits */
  u64 available;       /* of the payer, less what is reserved already */
  u64 base_part;       /* of reserve, what the common base pool backs */
  u64 bought;          /* credits that the transaction itself rents */
  u64 wait_s;          /* seconds until available covers reserve at this
                       ** block's price; UINT64_MAX: more than it can hold */
  u32 share;           /* credits the payer has spent in the last hour, of its
                       ** capacity, in 2^-32: who has spent less comes first */
  u64 capacity;        /* of the payer, what share is a part of; 0: nothing is
                       ** counted */
};
/* Who pays and whether it can; when CHAIN_OK, reserve is reserved. */
err chain_credit_admit(struct chain_credit *c, struct chain_credit_quote *out,
                       const struct chain_tx *tx) MUST_USE;
/* Gives back a reservation: the transaction was replaced, dropped, left out by
** its proposer, or (pool) is in a block. */
void chain_credit_release(struct chain_credit *c,
                          const struct chain_credit_quote *q,
                          const struct chain_tx *tx);
/* The refusal for a person: what is needed and available, when it refills,
** and the three ways on. */
void chain_credit_say(struct errmsg *msg, const struct chain_credit_quote *q);
/* The block's parameters and prices, and an account's record settled to now. */
const struct dpos_credit_rules *chain_credit_rules(
    const struct chain_credit *c);
const struct dpos_credit_record_prices *chain_credit_prices(
    const struct chain_credit *c);
err chain_credit_account(struct chain_credit *c,
                         struct dpos_credit_record_account *out,
                         const addr20 *a) MUST_USE;
/* Policies of a target, the oldest first; at most
** DPOS_CREDIT_TARGET_POLICIES. */
err chain_credit_policies(struct chain_credit *c, u32 *id,
                          struct dpos_credit_record_policy *out, u32 *cnt,
                          const addr20 *target) MUST_USE;

/*----------------------------------------------- execution, on its own state */
/* The state before the block, through the state that executes it. */
struct chain_credit_view chain_credit_view_before(struct state *s);
/* After what ran before it in the block, the payer still has the reserve. */
bool chain_credit_holds(struct chain_credit *c,
                        const struct chain_credit_quote *q, struct state *s);
/* Charges the payer, and notes it on the sponsor's policy. */
void chain_credit_settle(struct chain_credit *c,
                         const struct chain_credit_quote *q,
                         const struct chain_tx *tx,
                         const struct dpos_credit_use *use, struct state *s);
/* After the last transaction: balances that crossed base_min, the pool and
** the next block's prices. */
void chain_credit_end(struct chain_credit *c, struct state *s, u64 gas_used,
                      u64 gas_limit, u64 state_new, u64 time_ms);
#endif
