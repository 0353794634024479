/* node_export.h - a file's blocks as bytes, and a chain made from them.
**
** A block in an exported file is an RLP list:
**   plain Ethereum chain   geth's: [header, transactions, ommers, withdrawals]
**   own chain              [header, transactions, [], [], proposal, decision]
**   its block 0            [header, [], [], [], settings, [difference, ...],
**                          [code, ...]]: the whole state it begins with
** with header and transactions as geth has them (typed ones as byte strings).
** proposal is chain_proposal.h's encoding, without the list of transactions
** where the block's own list is the same; decision is rlp([round, proposal id,
** [[validator, flag, r || s], ...]]); settings is the genesis' JSON without
** alloc; a difference is what state_diff.c writes.
*/
#ifndef NODE_EXPORT_H
#define NODE_EXPORT_H
#include "base/arena.h"
#include "base/buf.h"
#include "node/node.h"

struct node_export;
/* Beside a running node too. */
err node_export_open(struct node_export **out, const char *db_path,
                     struct errmsg *msg) MUST_USE;
void node_export_close(struct node_export *x);
/* The newest block, and the lowest whose transactions are kept. */
u64 node_export_head(const struct node_export *x);
u64 node_export_first(const struct node_export *x);
/* Appends one block.  Snapshots are renewed as time goes by. */
err node_export_block(struct node_export *x, struct buf *out, u64 height,
                      struct errmsg *msg) MUST_USE;
/* One block decoded, as node_read_block does; flags: NODE_WITH_... */
err node_export_read(struct node_export *x, struct node_block *out, u64 height,
                     u32 flags, struct arena *a, struct errmsg *msg) MUST_USE;

/* Makes the chain that block 0 of an own chain's export tells, in a file that
** has none.  It has a key of its own, so it is no validator of that chain. */
err node_adopt(const char *db_path, slice block0, struct errmsg *msg) MUST_USE;
#endif
