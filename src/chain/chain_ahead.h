/* chain_ahead.h - executing a block's transactions ahead of their turn, on
** several lanes; what comes out is what one executor alone would make.
*/
#ifndef CHAIN_CHAIN_AHEAD_H
#define CHAIN_CHAIN_AHEAD_H
#include "chain/chain_exec.h"

#define CHAIN_LANE_MAX 64

struct chain_ahead;
/* lane_cnt 2..CHAIN_LANE_MAX executors, each with its own machine, for those
** transactions that are worth it by clock (chain_worth.h; NULL: for all). */
struct chain_ahead *chain_ahead_open(u32 lane_cnt, u64 (*clock)(void),
                                     u64 hash_seed);
void chain_ahead_close(struct chain_ahead *h);

/* Starts on a block that x has begun on src, with the same arguments, which
** stay until its end.  src is read by all lanes at once; so are hashes. */
void chain_ahead_begin(struct chain_ahead *h, struct chain_exec *x,
                       const struct chain_rules *rules,
                       const struct chain_header *header,
                       const struct chain_hashes *hashes,
                       const struct state_source *src, const struct par *par);
/* Executes txs[at] in x: by taking over what a lane found, if that still
** holds, else here.  at rises by one from 0; txs and cnt stay. */
void chain_ahead_tx(struct chain_ahead *h, struct chain_outcome *out,
                    const struct chain_tx *txs, u32 cnt, u32 at);

struct chain_ahead_stat { /* since open */
  u64 taken;   /* executed on a lane, and taken over */
  u64 again;   /* executed on a lane in vain */
  u64 alone;   /* not tried on a lane */
  u64 windows, lost; /* that lanes worked on; of these without gain */
  u64 gas_taken, gas_again, gas_alone;
  u64 gas_longest; /* sum over windows of the busiest lane's gas: with
                   ** gas_again and gas_alone the critical path */
};
void chain_ahead_stat(const struct chain_ahead *h,
                      struct chain_ahead_stat *out);
#endif
