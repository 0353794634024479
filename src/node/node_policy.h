/* node_policy.h - what a key of the node's keystore may sign, whoever asks and
** by whatever door.
**
** A policy names rights (right.def: what a till's key needs is "till"), a sum of
** CMT a day (UTC), an allow-list of recipients and for how long the key may be
** unlocked.  A key without a policy may sign anything.
**   rights   a transaction must need no other; a message (eth_sign, typed data)
**            needs MONEY, the one that opens letters ORDERS
**   daily    the values of what was signed this day, counted when signed
**   allow    who may be sent anything; the chain's modules are governed by
**            rights alone.  With a daily limit, calls of other contracts are
**            refused unless their address is listed: what they move is not seen
** What was spent is durable before the signature is given.
*/
#ifndef NODE_NODE_POLICY_H
#define NODE_NODE_POLICY_H
#include "node/node.h"
#include "node/node_right.h"

struct node_policy {
  bool is_set;       /* false: anything */
  u32 rights;
  u256 daily;        /* wei; 0: any sum */
  u256 spent;        /* of this day */
  u64 unlock_s;      /* 0: any time */
  u32 allow_cnt;     /* 0: anybody */
  addr20 allow[STORE_ALLOW_MAX];
};
err node_policy_get(struct node *n, struct node_policy *out,
                    const addr20 *key) MUST_USE;
/* spent stays as it is. */
err node_policy_set(struct node *n, const struct node_policy *p,
                    const addr20 *key) MUST_USE;
/* Before a signature: tx, or NULL for a message, which needs these rights.
** ERR_POLICY with words. */
err node_policy_take(struct node *n, const addr20 *key,
                     const struct chain_tx *tx, u32 rights,
                     struct errmsg *msg) MUST_USE;
#endif
