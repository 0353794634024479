/* node_state.h - the chain's state as the node sees it: memory in front of
** the store, for executing (head) and for reading (any kept height).
**
** Three layers hold a value; who reads asks them in this order:
**   cache    clean and newest values, for execution only, bounded in bytes
**   overlay  every change above the store's `flushed` height, with all its
**            versions (from the blocks' differences); trie nodes: the newest
**   store    the keyed tables, which stand at `flushed`; below it the
**            difference chunks, found through the index of changed keys
**
** The value of a key at height h: the newest overlay version at or below h;
** else, if the overlay knows the key, the old value of its oldest version;
** else, for h < flushed, the old value in the first difference above h; else
** the keyed row.  So a keyed row is never read for a key that changed above
** `flushed`, which is what makes half-applied batches harmless (store.h).
** Versions are dropped when their batch is done and no reader's snapshot is
** older.
**
** Calling sequence
**   boot     1. store_open
**            2. node_state_open: brings tables up to the redo log if a crash
**               left one, loads the differences above, checks the root
**            3. a new chain: node_state_apply with the genesis result, then
**               store_append of what it gives, then node_state_durable
**   exec     4. src = node_state_source(ns), the same all the time
**            5. chain_exec_block(..., src, ...); may be dropped and repeated
**            6. when decided: node_state_apply(ns, &block, result, ...):
**               from its return on src stands after the block; block goes to
**               the writer.  Nothing may read through src during apply.
**   writer   7. store_append(store, blocks, cnt)
**            8. node_state_durable(ns, height of the last), then free blocks
**               by store_block_free, then tell watchers
**            9. between blocks and when idle: node_state_write_step until
**               more is false: flush, merge, prune, checkpoint, each slice
**               about 6 ms.  Call it at least once after each append.
**   others  10. readers: node_query.c (node_read_*); node_state_account
**   stop    11. all threads ended: node_state_close (flushes), store_close
*/
#ifndef NODE_NODE_STATE_H
#define NODE_NODE_STATE_H
#include "base/base.h"
#include "chain/chain_exec.h"
#include "node/node.h"
#include "state/state.h"
#include "store/store.h"

struct node_state;

struct node_state_config {
  struct store *store;      /* open; stays the caller's */
  u64 cache_bytes;          /* values and nodes of the head, and pages of the
                            ** file in all connections; 0: 32 MiB */
  u32 reader_cnt;           /* connections for node_read; 0: as many as HTTP
                            ** has threads on this machine */
  u64 history_blocks;       /* 0: 90,000; UINT64_MAX: archive */
  u64 body_blocks;          /* with transactions and receipts; 0: all */
  bool no_addresses;        /* no index of addresses in transactions */
  const struct par *par;    /* may be NULL */
  /* Making the keyed tables anew (store_rebuild_begin): no higher than this, and
  ** the indexes are left as they are. */
  bool rebuild;
  u64 rebuild_to;
  /* When changes become a batch: 0: 50,000 changed keys, 256 blocks. */
  u64 batch_changes, batch_blocks;
  /* How much one step lets go of once a batch is in the tables (versions, trie
  ** nodes; 0: 3,000): blocks are applied between two such portions. */
  u32 drop_budget;
};
err node_state_open(struct node_state **out,
                    const struct node_state_config *cfg, struct errmsg *msg)
    MUST_USE;
/* Writer's thread, after all others ended.  Brings the tables up to the
** head.  With abandon nothing more is written, as after a failure. */
err node_state_close(struct node_state *ns, bool abandon, struct errmsg *msg);

/* The state after the last applied block.  Several threads may read through
** it while no apply runs; code and node views hold until the next apply. */
const struct state_source *node_state_source(struct node_state *ns);
/* Makes a block current and gives its bytes for the store.  result's diff has
** its storage roots (state_commit ran).  proposal, commit: bytes kept beside
** the block, may be empty; a proposal should not hold again the transactions
** that the block has.  Height must be the last applied + 1 (or 0). */
err node_state_apply(struct node_state *ns, struct store_block **out,
                     const struct chain_block_result *result, slice proposal,
                     slice commit) MUST_USE;
void node_state_durable(struct node_state *ns, u64 height);
static inline void store_block_free(struct store_block *b) {
  if (b) b->free(b);
}
/* One slice of work behind the head; *more: call again soon. */
err node_state_write_step(struct node_state *ns, u64 now_ms, bool *more)
    MUST_USE;
/* How far behind: 0..100 normal, above 100 the engine should make no block
** before the writer has caught up. */
u32 node_state_lag_percent(struct node_state *ns);

/* The account after the last applied block; any thread, any time. */
err node_state_account(struct node_state *ns, struct state_account *out,
                       bool *found, const addr20 *addr) MUST_USE;
/* A slot likewise. */
err node_state_slot(struct node_state *ns, u256 *out, const addr20 *addr,
                    const u256 *slot) MUST_USE;

/* node_rewind.c: from now on the tables stay at or below height (INT64_MAX:
** free again), so that blocks above it can be taken back.  All that they
** change stays in memory: for chains that are thrown away. */
void node_state_keep(struct node_state *ns, i64 height);
/* Takes back all blocks above height.  Writer's thread; no block may be under
** way and none waits to be written.  ERR_UNSUPPORTED when the tables are above
** it; ERR_BUSY when readers do not end in time.  Views given before are void. */
err node_state_rewind(struct node_state *ns, u64 height, struct errmsg *msg)
    MUST_USE;

struct node_state_stat {
  u64 applied, durable, flushed;
  u64 cache_bytes, overlay_bytes;
  u64 cache_hits, cache_misses;
  u64 wal_bytes;
  u64 hold_us;              /* the longest node_state_write_step */
  u64 hold_cpu_us;          /* what the dearest took of a processor: where it is
                            ** far below, the writer waited for its turn */
  u32 reader_cnt, reader_busy;
};
void node_state_stat(struct node_state *ns, struct node_state_stat *out);

/* Checks the whole file: structure; block hashes, parents, roots of
** transactions and receipts; the state root from the keyed tables by the
** ordered builder, after catching up in memory.  Read-only; progress may be
** NULL.  Of the indexes it looks up the first entry of each chunk; deep: all
** entries, none too many, and where the tables are at the head all nodes of the
** tries.  ERR_CORRUPT with what is wrong; else out, unless NULL, tells the
** newest block. */
struct node_verified {
  u64 height;
  hash32 hash;
};
err node_state_verify(const char *path, bool deep, struct node_verified *out,
                      void (*progress)(void *ctx, u64 height, u64 head),
                      void *ctx, struct errmsg *msg) MUST_USE;

/* Makes anew, from the blocks of a stopped node's file, all indexes, beside the
** old ones until they are whole; and with tables the accounts, slots and tries,
** from the differences, each group's root checked against its block's (not when
** the first differences were pruned).  Until those are done the file serves
** nobody else.  An interrupted one goes on where it was.  go_on (may be NULL)
** is told the height, from 0 for each of the two, and may end it (*done
** false). */
struct node_reindexed {
  u64 blocks, entries;
  u64 accounts, slots, nodes; /* rows of the keyed tables */
  bool resumed, done;
  bool tables;                /* they were made anew too */
};
/* Drops from a stopped node's file what is older than so many states (at least
** 128) and blocks (0: all stay), and gives back the room. */
struct node_pruned {
  u64 bytes_before, bytes_after, oldest_state, oldest_body;
  bool done;
};
err node_prune(struct node_pruned *out, const char *path, u64 state, u64 blocks,
               bool (*go_on)(void *ctx), void *ctx, struct errmsg *msg)
    MUST_USE;
err node_reindex(struct node_reindexed *out, const char *path, bool tables,
                 bool (*go_on)(void *ctx, u64 height, u64 head), void *ctx,
                 struct errmsg *msg) MUST_USE;

/* node.c gives node_query.c its state. */
struct node_state *node_state_of(struct node *n);
#endif
