/* node_genesis.h - block 0 of a chain with millions of accounts, straight into
** the file. */
#ifndef NODE_NODE_GENESIS_H
#define NODE_NODE_GENESIS_H
#include "chain/chain_genesis.h"
#include "store/store.h"

/* What app_init_chain, store_append and a flush of it give, in one transaction
** and with memory for one portion at a time.  s has no chain yet, and no
** node_state is open on it.  meta is written with the block.  progress (may be
** NULL) is told how much is done.  a: the arena of g, which rests now and then;
** it takes some 12 bytes for each account and slot. */
err node_genesis_write(struct store *s, const struct chain_genesis *g,
                       struct arena *a,
                       const struct store_meta *meta, u32 meta_cnt,
                       void (*progress)(void *ctx, u32 percent), void *ctx,
                       hash32 *hash) MUST_USE;
#endif
