/* chain_meet.h - whom a transaction met below its top: accounts called,
** created, paid or run by code, for an index of addresses.  No part of
** consensus.
**
** Told by the machine (evm_host.met).  What is left out: precompiles, the
** sender and the recipient (the transaction itself tells them), repetitions;
** and what comes after CHAIN_MEET_MAX, which no transaction within EIP-7825's
** gas can reach by cold calls.  Callees of calls that failed are in it,
** creations that were undone are not.
*/
#ifndef CHAIN_CHAIN_MEET_H
#define CHAIN_CHAIN_MEET_H
#include "base/base.h"
#include "chain/chain_tx.h"
#include "evm/evm.h"
#include "state/state.h"

#define CHAIN_MEET_MAX 10000u

struct chain_met {
  addr20 addr;
  bool created; /* by `by`, within the transaction */
  addr20 by;
};

struct chain_meet;
struct chain_meet *chain_meet_open(void);
void chain_meet_close(struct chain_meet *m);
void chain_meet_begin(struct chain_meet *m, const struct chain_tx *tx);
/* A message of that kind from by to a. */
void chain_meet_add(struct chain_meet *m, enum evm_kind kind, const addr20 *by,
                    const addr20 *a);
/* Before the transaction's end: forgets creations that were undone.  The list
** is a view until the next begin. */
const struct chain_met *chain_meet_end(struct chain_meet *m, struct state *s,
                                       u32 *cnt);
#endif
