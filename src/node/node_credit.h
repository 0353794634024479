/* node_credit.h - chain_credit.h as the pool asks for it: on the state after
** the last executed block, at the clock's time. */
#ifndef NODE_CREDIT_H
#define NODE_CREDIT_H
#include "node/node_pool.h"
#include "node/node_state.h"

struct node_credit;
/* Fills the pool's callbacks; clock_ms as node_clock_ms.  Prices are not known
** before out->refresh is called once with the last block's height. */
struct node_credit *node_credit_open(struct node_pool_credit *out,
                                     struct node_state *state,
                                     u64 (*clock_ms)(void), u64 seed);
void node_credit_close(struct node_credit *c); /* NULL is nothing */
#endif
