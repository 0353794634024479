/* node_int.h - what the files of node/ share; nobody else includes it. */
#ifndef NODE_NODE_INT_H
#define NODE_NODE_INT_H
#include "base/limits.h"
#include "chain/chain_genesis.h"
#include "node/node.h"
#include "node/node_app.h"
#include "node/node_pool.h"
#include "node/node_proj.h"
#include "node/node_state.h"
#include "node/node_workers.h"
#include "store/store.h"
#include <stdatomic.h>

/* A thread that runs closures from a bounded queue, and its own idle work in
** between. */
struct node_thread {
  const char *name;
  struct node *node;
  pthread_t id;
  bool started;
  struct node_queue queue;      /* struct node_job * */
  /* Called when the queue is empty; returns how long to wait before the next
  ** call, in ms. */
  i64 (*idle)(struct node *n);
};
struct node_job {
  void (*fn)(struct node *n, void *arg);
  void *arg;
  pthread_mutex_t lock;
  pthread_cond_t cond;
  bool done;
};
/* Runs fn on the thread and waits; false when it is closed. */
bool node_thread_call(struct node_thread *t,
                      void (*fn)(struct node *n, void *arg), void *arg);

/* Committed blocks on their way to the writer, oldest first. */
struct node_pending {
  pthread_mutex_t lock;
  pthread_cond_t room;
  struct store_block *block[LIMIT_WRITER_QUEUE];
  u32 first, cnt;
};
struct node_watcher {
  u32 handle;
  void (*cb)(void *ctx, u64 head);
  void *ctx;
};

/* The newest hashes that the pool took in. */
struct node_feed {
  pthread_mutex_t lock;
  u64 seq;                      /* atomic to read */
  hash32 ring[NODE_FEED_CNT];
};

/* node_dev.c: what a development chain was told; under node's lock, but for
** what is the engine's. */
struct node_dev_snap;
struct node_dev_op {            /* asked of the engine, between two blocks */
  enum node_dev_what { NODE_DEV_EDIT, NODE_DEV_SNAPSHOT, NODE_DEV_REVERT,
                       NODE_DEV_ROLLBACK } what;
  slice edit;                   /* chain_edit.h's data */
  u64 id, height;               /* of a snapshot; of a block */
  bool found, done;
  err result;
  struct errmsg msg;
};
struct node_dev {
  bool automine;
  u64 interval_ms;
  i64 offset_ms;                /* of the blocks' clock */
  u64 next_ms, step_ms;         /* the next block's time; between blocks' */
  u64 mine;                     /* blocks still to be made at once */
  u64 gap_ms, first;            /* between those; the first of them */
  u64 made, height;             /* so far; the last one's */
  bool has_coinbase, has_randao;
  addr20 coinbase;
  hash32 randao;                /* of the next block */
  bool impersonate_all;
  addr20 *impersonated;
  u32 impersonated_cnt;
  struct node_dev_op *op;
  bool ended;                   /* the engine takes no more */
  struct node_dev_snap *snap;   /* the engine's: oldest first */
  u32 snap_cnt;
  u64 snap_id;                  /* the last one's */
  bool keep_first;              /* genesis can be gone back to */
};

/* What was done since the start, for node_stat; atomic. */
struct node_tally {
  u64 commits, commit_us;       /* of blocks to the file; the last one */
  u64 gas, exec_us;             /* of all blocks made */
  u64 backup_ms;                /* when the last good copy was made */
  u64 backup_every_s, backup_failures;
  u64 beat_ms;                  /* the writer's last turn */
  bool disk_low;
  u64 disk_asked_ms;            /* the core's */
};
struct node_keys;               /* node_key.c */

#define NODE_DEV_CNT CHAIN_DEV_ACCOUNTS

struct node {
  struct node_config cfg;
  struct node_info info;
  struct chain_rules rules;     /* of the next block, with the pool's choices */
  char *db_path;
  struct arena boot;            /* genesis and all that lives as long */
  struct chain_genesis genesis;
  u8 consensus_key[32];
  u8 dev_key[NODE_DEV_CNT][32];
  addr20 dev_addr[NODE_DEV_CNT];
  u32 dev_cnt;

  struct store *store;          /* the writer's */
  struct node_proj *proj;       /* the writer's; NULL: a chain without */
  struct node_state *state;
  struct node_workers *workers;
  struct node_pool *pool;
  struct node_credit *credit;   /* the pool's; NULL: a chain without */
  struct node_feed feed;
  struct node_dev dev;
  struct node_tally tally;
  struct node_keys *keys;
  struct node_app *app;         /* exec's */

  struct node_thread exec, writer;
  struct node_pending pending;
  u64 pool_saved_ms;            /* writer's: when the file had all of it */
  int signer_fd;                /* held while it may sign; -1 */
  pthread_t core;
  bool core_started;
  pthread_mutex_t lock;         /* of everything below */
  pthread_cond_t wake;          /* the engine: something became ready */
  pthread_cond_t moved;         /* the head moved, or the node fails */
  bool ready, closing;
  u64 head;                     /* durable */
  err failure;
  bool fenced;                  /* signs nothing (node_fence.c) */
  struct errmsg fence;          /* why */
  struct errmsg failure_msg;
  struct node_watcher watcher[LIMIT_WATCHERS];
  u32 watcher_cnt, watcher_next;
};

/* node_feed.c; add is the pool's callback, ctx the node. */
void node_feed_init(struct node *n);
/* node_import.c: what the block after the head of a plain Ethereum chain would
** begin with, and its rules. */
err node_import_next(struct node *n, struct chain_header *next,
                     struct chain_rules *rules, struct errmsg *msg) MUST_USE;

/* node_import_own.c: the next block of an own chain, with what decided it. */
err node_import_own(struct node *n, struct node_imported *out, slice rlp,
                    struct arena *a, struct errmsg *msg) MUST_USE;
/* Waits while the tables are too far behind. */
void node_import_wait(struct node *n);
/* node_engine.c: what a precommit of a proposal signs. */
void node_vote_digest(hash32 *out, const struct node *n, u64 height, u32 round,
                      const hash32 *id);

void node_feed_fini(struct node *n);
void node_feed_add(void *ctx, const hash32 *hash);

/* node_dev.c; the engine's side: the time of a development chain's block after
** parent_ms; the beacon that was set for it (CHAIN_BEACON_DEV bytes), or
** false; and that a block was made. */
void node_dev_init(struct node *n);
void node_dev_fini(struct node *n);
/* When the state is open. */
void node_dev_open(struct node *n);
u64 node_dev_block_ms(struct node *n, u64 parent_ms);
bool node_dev_beacon(struct node *n, u8 out[CHAIN_BEACON_DEV],
                     const hash32 *parent_mix, slice beacon);
void node_dev_made(struct node *n, u64 height);
/* The next thing asked, or NULL; what is no edit is done by _run; _done lets
** its asker go on.  _end: no more are taken. */
struct node_dev_op *node_dev_next(struct node *n);
void node_dev_run(struct node *n, struct node_dev_op *op);
void node_dev_done(struct node *n, struct node_dev_op *op);
void node_dev_end(struct node *n);

/* node_key.c */
void node_keys_init(struct node *n);
void node_keys_fini(struct node *n);

/* node_stat.c: reads when the last copy was made; ERR_REFUSED without room.
** Core's: whether there is room to go on (told once each way). */
err node_stat_open(struct node *n, struct errmsg *msg) MUST_USE;
bool node_disk_has_room(struct node *n);

/* node.c: this file's key is to sign the chain's blocks. */
bool node_makes(const struct node *n);
/* node_fence.c: with the genesis and keys loaded; signs: this file's key is to
** sign blocks.  ERR_CORRUPT; ERR_REFUSED: another process does. */
err node_fence_open(struct node *n, bool signs, struct errmsg *msg) MUST_USE;
void node_fence_close(struct node *n);

/* node_engine.c: the core thread. */
void *node_engine_main(void *arg);
/* Any thread: the environment failed; the node makes no more blocks. */
void node_fail(struct node *n, err e, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Writer's thread, and when opening: the last block of the file is the last
** one of all. */
err node_load_head(struct node *n, struct errmsg *msg) MUST_USE;
/* Writer's thread: the head is at a block, and watchers are told. */
void node_tell_watchers(struct node *n, u64 head);
/* Gives a committed block to the writer (waits for room). */
bool node_write_block(struct node *n, struct store_block *b);

/* node_submit.c: one envelope into the pool, without waiting for a block. */
err node_submit_pool(struct node *n, struct node_submit_result *out, slice raw)
    MUST_USE;
/* node_submit.c: the pool of an opened chain, and its rows in the file. */
void node_submit_open(struct node *n, u64 seed);
void node_submit_close(struct node *n);
err node_submit_restore(struct node *n, struct errmsg *msg) MUST_USE;
/* Writer's thread.  One slice when it is time, or (all) one larger slice of
** everything; *more: call again. */
err node_submit_save(struct node *n, bool all, bool *more) MUST_USE;

/* node_boot.c: the keys of a file without a chain, and its genesis with alloc
** into n.  Repeatable. */
err node_boot_create(struct node *n, const struct node_create *what,
                     char first_password[24], struct errmsg *msg) MUST_USE;
/* What the file holds, into n: the genesis' settings, keys, dev accounts. */
err node_boot_load(struct node *n, struct errmsg *msg) MUST_USE;
/* The chain's first block, when the file has none yet. */
err node_boot_genesis(struct node *n, struct errmsg *msg) MUST_USE;
#endif
