/* chain_worth.h - which transactions are worth executing ahead on a lane
** (chain_ahead.h), told from what their like have cost before.
*/
#ifndef CHAIN_CHAIN_WORTH_H
#define CHAIN_CHAIN_WORTH_H
#include "chain/chain_tx.h"

struct chain_worth;
/* clock: nanoseconds of a clock that never goes back.  NULL: every transaction
** is worth it and nothing is learnt, for tests and for measuring the lanes. */
struct chain_worth *chain_worth_open(u32 lane_cnt, u64 (*clock)(void),
                                     u64 seed);
void chain_worth_close(struct chain_worth *w);
u64 chain_worth_now(const struct chain_worth *w); /* 0 without a clock */

/* A transaction's like: the same method of the same contract. */
struct chain_worth_view {
  u32 like;       /* its number, until another takes the place */
  u32 cost_ns;    /* that of executing one at its turn, by the late ones; 0:
                  ** not known */
  bool wanted;    /* on a lane */
  bool timed;     /* when it is executed at its turn, its cost is to be told */
  bool strange;   /* its like is hardly known */
};
void chain_worth_see(struct chain_worth *w, struct chain_worth_view *out,
                     const struct chain_tx *tx);
/* What one cost, executed at its turn. */
void chain_worth_cost(struct chain_worth *w, u32 like, u64 took_ns);
/* One came back from a lane; in_vain: and had to be executed again. */
void chain_worth_tried(struct chain_worth *w, u32 like, bool in_vain);

/* Are lanes worth it for transactions that cost sum_ns, those of one sender at
** most longest_ns? */
bool chain_worth_window(const struct chain_worth *w, u64 sum_ns,
                        u64 longest_ns);
/* A window is done: of transactions expected to cost sum_ns at their turn, cnt
** were taken over, and lanes and those in vain took used_ns.  False: no gain,
** so that lanes rest. */
bool chain_worth_done(struct chain_worth *w, u64 sum_ns, u64 used_ns, u32 cnt);
#endif
