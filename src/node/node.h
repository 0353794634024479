/* node.h - the running node: what rpc, web and the commands see of it.
**
** Threads (node_threads.def has the queues between them):
**   core     the engine: decides what the next block is
**   exec     executes blocks in overlays; owns the head state cache
**   writer   the only user of SQLite's writing connection: one transaction
**            per block or group of blocks, keyed tables behind in slices
**   workers  signature recovery, trie hashing
** HTTP threads come from libmicrohttpd and only use what is declared here.
**
** Reads never block the core: a node_read is one reader connection with one
** SQLite snapshot, plus the differences not yet in the keyed tables.
** A block shows only once it is durable.
*/
#ifndef NODE_NODE_H
#define NODE_NODE_H
#include "base/arena.h"
#include "base/base.h"
#include "base/stage.h"
#include "chain/chain_block.h"
#include "chain/chain_exec.h"
#include "chain/chain_genesis.h"
#include "chain/chain_import.h"
#include "chain/chain_tx.h"
#include "state/state.h"

struct node;
struct store;

struct node_config {
  const char *db_path;
  bool dev;                  /* automine; chain id 31337 */
  u64 dev_period_s;          /* 0: a block per transaction */
  bool scratch;              /* the file is not kept: nothing is synced */
  bool dev_credits;          /* a new dev chain has credits */
  u64 dev_age_s;             /* a new dev chain begins so long ago */
  u64 network_id;            /* 0: as genesis says */
  bool allow_unprotected;
  u32 worker_cnt;            /* 0: one per core */
  u32 lane_cnt;              /* executors ahead of their turn
                             ** (chain_ahead.h): 0: by cores, 1: none */
  u64 cache_bytes;           /* head state cache; 0: default */
  u64 pool_tx_max;           /* 0: default of limits.def */
  u64 disk_floor;            /* bytes: with less free no block is made, and
                             ** the node does not start (ERR_REFUSED) */
  bool no_addresses;         /* no index of addresses in transactions */
  bool still;                /* makes no blocks: they are given to it */
  u64 history_state;         /* blocks whose states are kept; 0: 90,000 */
  u64 history_blocks;        /* whose transactions, receipts; 0: all */
  bool archive;
  bool light_kdf;            /* keys are written with geth's light scrypt */
  bool claim;                /* this file is the only one with its key: signs
                             ** though it is not where it was (node_fence.c) */
};

/* Makes a new chain in a file that has none (`init`); node_open does it with
** all defaults. */
struct node_create {
  slice genesis;        /* JSON; empty: the default one-validator chain */
  const char *password; /* of the operator's key; NULL: drawn */
  bool dev, dev_credits, light_kdf;
  const struct json_watch *watch; /* of the genesis' text; may be NULL */
  /* Told how much of the state is written; may be NULL. */
  void (*progress)(void *ctx, u32 percent);
  void *progress_ctx;
};
struct node_created {
  u64 chain_id;
  hash32 genesis_hash;
  addr20 operator_addr;
  bool plain;              /* of plain Ethereum: nobody operates it */
  char first_password[24]; /* empty when it was given, or a key was there */
};
/* ERR_EXISTS when the file has a chain. */
err node_create(struct node_created *out, const char *db_path,
                const struct node_create *what, struct errmsg *msg) MUST_USE;

/* Opens or makes the chain of the file and starts the threads.  On error
** nothing runs; the code tells the exit status (see err.def). */
err node_open(struct node **out, const struct node_config *cfg,
              struct errmsg *msg) MUST_USE;
/* Finishes the block, brings keyed tables up to date, leaves one file. */
void node_close(struct node *n);
/* Non-zero when a thread met an environment error and the node must end. */
err node_failed(struct node *n, struct errmsg *msg);

struct node_info {
  u64 chain_id, network_id;
  hash32 genesis_hash;
  bool dev;
  const char *db_path;
  addr20 operator_addr;    /* this validator's operator account */
  u64 block_gas_limit;
  u64 interval_ms;
  u64 started_ms;
  /* Of the operator's key when node_open has just made it; else empty. */
  char first_password[24];
};
const struct node_info *node_info(const struct node *n);
const struct chain_rules *node_rules(const struct node *n);
const struct chain_genesis *node_genesis(const struct node *n);
/* The well-known accounts of a dev chain; 0 elsewhere. */
#define NODE_DEV_MNEMONIC \
  "test test test test test test test test test test test junk"
u32 node_dev_cnt(const struct node *n);
void node_dev_account(const struct node *n, u32 i, addr20 *addr, u8 key[32]);
u64 node_clock_ms(void);   /* wall clock, ms since 1970 */
void node_random(void *out, size_t len); /* from the kernel */

/*------------------------------------------------------------ submitting */
struct node_submit_result {
  hash32 hash;
  enum chain_verdict verdict;
  struct errmsg msg;        /* geth's words when refused */
};
/* Decodes, recovers and pools one envelope; blocks until the verdict.  err:
** ERR_OK accepted; ERR_INPUT malformed; ERR_INVALID_TX, ERR_EXISTS ("already
** known"), ERR_LIMIT (pool full, too many of one sender). */
err node_submit(struct node *n, struct node_submit_result *out, slice raw)
    MUST_USE;
/* Many at once: recovery spread over the workers, results by index. */
void node_submit_batch(struct node *n, err *errs,
                       struct node_submit_result *out, const slice *raw,
                       u32 cnt);

/* The pool as seen now. */
struct node_pool_stat {
  u32 pending, queued, tx_max;
  u64 bytes, bytes_max;
};
void node_pool_stat(struct node *n, struct node_pool_stat *out);
/* A pooled transaction, copied into the arena; ERR_NOT_FOUND. */
err node_pool_tx(struct node *n, struct chain_tx *out, const hash32 *hash,
                 struct arena *a) MUST_USE;
/* The next nonce of an account, pooled transactions counted. */
u64 node_pool_nonce(struct node *n, const addr20 *a, u64 head_nonce);
/* Up to cnt_max pooled transactions, in pool order. */
u32 node_pool_list(struct node *n, struct chain_tx *out, u32 cnt_max,
                   struct arena *a);

/* Copies of all that wait for a block, or of one sender's (from not NULL),
** ascending by sender and nonce. */
enum node_pool_wait {
  NODE_WAIT_TURN,    /* the next blocks take it */
  NODE_WAIT_GAP,     /* for the sender's nonce `lacks` */
  NODE_WAIT_CREDITS, /* its payer cannot pay it at present */
  NODE_WAIT_BLOCK    /* in a block that is not yet durable */
};
struct node_pool_item {
  struct chain_tx tx;
  bool queued; /* behind a gap in its sender's nonces */
  enum node_pool_wait wait;
  u64 arrival_ms, lacks;
};
u32 node_pool_content(struct node *n, struct node_pool_item **out,
                      const addr20 *from, struct arena *a);

/* Hashes as the pool takes transactions in, numbered from 0: how many there
** were so far, and those from number *seq on (the newest NODE_FEED_CNT are
** kept; *seq moves past what is lost and what is given). */
#define NODE_FEED_CNT 32768u
u64 node_feed_seq(struct node *n);
u32 node_feed_read(struct node *n, u64 *seq, hash32 *out, u32 max);

/* What the node is doing, for /metrics; any thread. */
struct node_stat {
  u64 height, flushed;               /* durable; where the tables stand */
  struct node_pool_stat pool;
  u64 file_bytes, wal_bytes, disk_free_bytes;
  u64 checkpoints, checkpoint_us, checkpoint_step_us; /* cnt, last, longest */
  u64 upkeep_us;                     /* longest hold by pruning, merging */
  u64 upkeep_cpu_us;                 /* of processor time */
  u64 hold_us;                       /* by any work behind the head */
  u64 hold_cpu_us;                   /* of a processor */
  u64 cache_bytes, cache_hits, cache_misses, overlay_bytes;
  u32 reader_cnt, reader_busy;
  u64 started_ms;
  u64 commits, commit_us;            /* groups of blocks; the last one */
  u64 gas, exec_us;                  /* of all blocks made here */
  u64 backup_ms;                     /* the last good copy; 0: none known */
  u64 backup_every_s, backup_failures; /* 0: not by the node itself */
  bool disk_low;                     /* below disk_floor: no blocks */
  bool validates;                    /* its key is a validator's of the chain */
  bool fenced;                       /* node_is_fenced */
};
void node_stat(struct node *n, struct node_stat *out);
/* When the writer's thread last turned; it does at least each second. */
u64 node_beat_ms(const struct node *n);
/* A copied, moved or restored file of a validator: all is served, nothing is
** signed, until it is claimed.  why may be NULL. */
bool node_is_fenced(struct node *n, struct errmsg *why);
/* The operator says that no other copy runs; from now on it signs. */
err node_claim(struct node *n, struct errmsg *msg) MUST_USE;
/* On a file that no node runs on: whoever starts it is fenced; its place will
** be that of the file at. */
err node_fence_put_aside(struct store *s) MUST_USE;
err node_fence_settle(struct store *s, const char *at) MUST_USE;
/* Of the whole process. */
struct node_process {
  double cpu_s;                 /* user and system */
  u64 rss_bytes, virtual_bytes;
  u64 heap_bytes, mapped_bytes; /* in use: of the heaps, of large pieces */
  u32 fds, fds_max, threads;
};
void node_process(struct node_process *out);
/* Measures the processor time of each stage from now on, for good; before
** node_open.  What each has used since, in seconds, and how long syncs took;
** false: it is not measured. */
void node_stage_measure(void);
bool node_stage_read(double cpu_s[STAGE_CNT], double *sync_s);
/* A verified copy of the file was made now: kept in the file.  One could not be
** made; and one is wanted every so many seconds: for node_stat. */
err node_backup_done(struct node *n) MUST_USE;
void node_backup_failed(struct node *n);
void node_backup_plan(struct node *n, u64 every_s);

/*--------------------------------------------------------- taking blocks in */
/* One whose genesis has no `cybermiles` object: it is served but not
** continued, and grows by blocks that are given to it. */
bool node_is_plain(const struct node *n);
/* What the block after h would begin with, and its rules: 12 s later. */
void node_plain_next(const struct node *n, struct chain_header *next,
                     struct chain_rules *rules, const struct chain_header *h,
                     const hash32 *hash);
struct node_imported {
  u64 number;
  u64 gas_used;
  u32 tx_cnt;
  bool known;     /* the chain had it already */
};
/* Takes the next block, as node_export.h tells it: checks and executes it and
** gives it to the writer, which makes it durable a little later.  Any one
** thread.  ERR_INVALID_BLOCK with the reason; ERR_EXISTS when the chain has
** another block of that height; ERR_UNSUPPORTED when this node makes blocks
** itself (node_config.still: it does not). */
err node_import(struct node *n, struct node_imported *out, slice rlp,
                struct errmsg *msg) MUST_USE;

/*------------------------------------------------------ development chain */
/* On a development chain only (ERR_UNSUPPORTED elsewhere, or nothing). */

/* Makes cnt blocks with what is ready, gap_ms (0: as time goes) after each
** other, and waits until they are durable; ERR_LIMIT over NODE_DEV_MINE_MAX. */
#define NODE_DEV_MINE_MAX 100000u
err node_dev_mine(struct node *n, u64 cnt, u64 gap_ms) MUST_USE;
/* A block per transaction (the start, unless dev_period_s), and a block every
** so many ms (0: none). */
void node_dev_automine(struct node *n, bool on);
bool node_dev_is_automine(struct node *n);
void node_dev_interval(struct node *n, u64 ms);
u64 node_dev_interval_ms(struct node *n);

/* A block's time is the clock's, and in a second of its own unless blocks come
** by interval.  Blocks' clock runs ahead of ours by ms more; answers by how
** much in all. */
i64 node_dev_add_time(struct node *n, u64 ms);
/* Blocks' clock is set; answers by how much it runs ahead. */
i64 node_dev_set_time(struct node *n, u64 time_ms);
/* The time of the next block, from which the clock goes on; what is not after
** the last block's is ignored. */
void node_dev_next_time(struct node *n, u64 time_ms);
/* Every block comes so long after the one before, whatever the clock says; 0:
** as time goes; false when it was so. */
bool node_dev_step(struct node *n, u64 ms);
/* What time blocks have now; on any chain. */
u64 node_dev_clock_ms(struct node *n);
/* Who is paid by the blocks to come; the randomness of the next one. */
void node_dev_set_coinbase(struct node *n, const addr20 *addr);
void node_dev_set_randao(struct node *n, const hash32 *randao);

/* Changes the state (chain_edit.h's data, at most NODE_DEV_EDIT_MAX bytes) by
** a block of its own, durable on return. */
#define NODE_DEV_EDIT_MAX 400000u
err node_dev_edit(struct node *n, slice data) MUST_USE;

/* Remembers where the chain, its clock and the pool stand; going back there
** takes the blocks above it away, and forgets this and all later snapshots
** (*found false: not known).  While one is known, all that came after it stays
** in memory: when that is too much (NODE_DEV_KEEP_MAX bytes) the oldest is
** forgotten.  ERR_LIMIT over NODE_DEV_SNAP_MAX. */
#define NODE_DEV_SNAP_MAX 4096u
#define NODE_DEV_KEEP_MAX (512ull << 20)
#define NODE_DEV_KEEP_FIRST (64ull << 20) /* the same for genesis */
err node_dev_snapshot(struct node *n, u64 *id, struct errmsg *msg) MUST_USE;
err node_dev_revert(struct node *n, u64 id, bool *found, struct errmsg *msg)
    MUST_USE;
/* Takes the blocks above height away, and empties the pool; ERR_UNSUPPORTED
** when the tables of the file are above it. */
err node_dev_rollback(struct node *n, u64 height, struct errmsg *msg) MUST_USE;

/* Transactions of addr are taken without its key (node_dev_send). */
err node_dev_impersonate(struct node *n, const addr20 *addr) MUST_USE;
bool node_dev_stop_impersonating(struct node *n, const addr20 *addr);
void node_dev_impersonate_all(struct node *n, bool on);
bool node_dev_is_impersonated(struct node *n, const addr20 *addr);
/* Takes a waiting transaction out; false when there is none. */
bool node_dev_drop(struct node *n, const hash32 *hash);
u32 node_dev_drop_all(struct node *n, const addr20 *from); /* NULL: of all */

/*--------------------------------------------------------------- reading */
struct node_read;
#define NODE_READ_MS 2000u
#define NODE_RUN_BRIEF_MS 8u /* runs of at most so long are made often */
/* A consistent view for one request; at most NODE_READ_MS, then reads fail
** with ERR_TIMEOUT: while it lasts, memory keeps what changed since.
** ERR_BUSY when all readers stay taken for 1 s. */
err node_read_begin(struct node *n, struct node_read **out) MUST_USE;
void node_read_end(struct node_read *r);
u64 node_read_head(const struct node_read *r);
/* The lowest height whose state is kept. */
u64 node_read_oldest_state(const struct node_read *r);
/* The lowest whose transactions and receipts are kept; reading those below is
** ERR_PRUNED. */
u64 node_read_oldest_body(const struct node_read *r);

err node_read_number(struct node_read *r, u64 *number, const hash32 *hash)
    MUST_USE;
err node_read_header(struct node_read *r, struct chain_header *out,
                     hash32 *hash, u64 number) MUST_USE;

struct node_block {
  struct chain_header header;
  hash32 hash;
  u64 size;
  u32 tx_cnt;
  struct chain_tx *tx;            /* sender filled */
  struct chain_receipt *receipt;  /* NULL unless asked */
  u64 *log_base;                  /* index in the block of a tx's first log */
  /* With transactions, on a plain Ethereum chain; NULL, 0 elsewhere. */
  const struct chain_header *ommer;
  u32 ommer_cnt;
  const struct chain_withdrawal *withdrawal;
  u32 withdrawal_cnt;
  slice rest;                     /* both, as the block has them */
};
enum { NODE_WITH_TXS = 1, NODE_WITH_RECEIPTS = 2 };
err node_read_block(struct node_read *r, struct node_block *out, u64 number,
                    u32 flags, struct arena *a) MUST_USE;
struct node_tx_place {
  u64 number;
  u32 idx;
};
err node_read_tx_place(struct node_read *r, struct node_tx_place *out,
                       const hash32 *tx_hash) MUST_USE;
/* One transaction with its receipt, without reading the whole block. */
err node_read_tx(struct node_read *r, struct chain_tx *tx,
                 struct chain_receipt *receipt, u64 *log_base,
                 const struct node_tx_place *place, struct arena *a) MUST_USE;

/* Transactions in which an address took part, in order (down: the newest
** first), at most max of 4,096, from (from, from_idx) to (to, to_idx).  *more:
** there may be others behind them. */
enum {
  NODE_PART_SENDER = 1,
  NODE_PART_OTHER = 2,    /* recipient, created, met in calls (chain_meet.h) */
  NODE_PART_CREATED = 4,  /* created by it */
  NODE_PART_ANY = NODE_PART_SENDER | NODE_PART_OTHER
};
#define NODE_IDX_MAX ((1u << 20) - 2) /* above any place in a block */
struct node_parties {
  addr20 addr;
  u32 parts;
  u64 from, to;
  u32 from_idx, to_idx;
  bool down;
};
err node_read_parties(struct node_read *r, const struct node_parties *q,
                      struct node_tx_place *out, u32 max, u32 *cnt, bool *more)
    MUST_USE;
/* The lowest height from which on that is complete; UINT64_MAX: the index is
** switched off. */
u64 node_read_parties_from(const struct node_read *r);
/* Whom a transaction met in calls. */
err node_read_met(struct node_read *r, const struct chain_met **out, u32 *cnt,
                  const struct node_tx_place *place, struct arena *a) MUST_USE;

/* State after block number; ERR_NOT_FOUND when pruned.  Valid until
** node_read_end. */
err node_read_state(struct node_read *r, struct state_source *out, u64 number)
    MUST_USE;
/* As eth_getProof: account proof, and one for each slot. */
struct node_proof {
  struct state_account account;
  bool exists;
  slice *account_node;
  u32 account_node_cnt;
  struct {
    u256 slot, val;
    slice *node;
    u32 node_cnt;
  } *slot;
  u32 slot_cnt;
};
err node_read_proof(struct node_read *r, struct node_proof *out, u64 number,
                    const addr20 *addr, const u256 *slots, u32 slot_cnt,
                    struct arena *a) MUST_USE;

/* Every account that the chain ever had, ascending, each with every slot that
** was ever set; whether they are there still the state tells.  Reads all
** differences.  ERR_NOT_FOUND when the first ones were pruned; ERR_LIMIT over
** two million. */
struct node_touched {
  addr20 addr;
  u256 *slot; /* ascending */
  u32 slot_cnt;
};
err node_read_touched(struct node_read *r, struct node_touched **out, u32 *cnt,
                      struct arena *a) MUST_USE;

/* The state after block number with its tries, for state_commit; of the blocks
** that have proofs.  Valid until node_read_end, for one thread. */
err node_read_tries(struct node_read *r, struct state_source *out, u64 number)
    MUST_USE;

/* All accounts after block number (owner NULL), or all slots of the account
** whose hashed address is *owner, ascending by hashed key from start on; v is
** the slot's value.  cb returns false to stop.  Costs a look at all that changed
** since that block. */
struct node_range {
  hash32 key;
  addr20 addr;                /* of an account, where it is known */
  bool has_addr;
  struct state_account account;
  u256 val;
};
err node_read_range(struct node_read *r, u64 number, const hash32 *owner,
                    const hash32 *start,
                    bool (*cb)(void *ctx, const struct node_range *item),
                    void *ctx) MUST_USE;
/* The slot, or the address, of which only the hash is known, out of the
** differences that are kept; ERR_NOT_FOUND. */
err node_read_slot_name(struct node_read *r, u256 *out, const hash32 *owner,
                        const hash32 *slot) MUST_USE;
err node_read_address(struct node_read *r, addr20 *out, const hash32 *hash)
    MUST_USE;
/* How many blocks' states are kept; UINT64_MAX: all. */
u64 node_history_blocks(const struct node *n);
/* How many blocks' transactions and receipts; likewise. */
u64 node_history_bodies(const struct node *n);
#define NODE_PROOF_BLOCKS 128u /* the newest so many have proofs */

/* Logs from..to of any of addrs (none = all) whose topic i is among
** topic[i] (none = any).  cb returns false to stop. */
struct node_log_filter {
  u64 from, to;
  const addr20 *addr;
  u32 addr_cnt;
  const hash32 *topic[4];
  u32 topic_cnt[4];
};
struct node_log {
  u64 number;
  u64 time_ms;
  hash32 block_hash, tx_hash;
  u32 tx_idx;
  u64 log_idx; /* in the block */
  const struct state_log *log;
};
err node_read_logs(struct node_read *r, const struct node_log_filter *f,
                   bool (*cb)(void *ctx, const struct node_log *log),
                   void *ctx) MUST_USE;

/* Executing on the state after block number, message by message; one run at a
** time on a view, nothing is kept.  node_run_world gives the rules and header
** for it: those of the block itself (pending: of one to come), without the
** system's calls; the caller may change them.  A replay of a block takes
** its header, the rules of node_run_rules, and the state of its parent.
** node_run_check after each message: ERR_TIMEOUT when timeout_ms have passed,
** or what the source said; the rest is then void.  node_run_end ends what
** node_run_begin began (not where that failed). */
void node_run_rules(const struct node *n, struct chain_rules *out,
                    const struct chain_header *h);
err node_run_world(struct node_read *r, struct chain_rules *rules,
                   struct chain_header *h, u64 number, bool pending) MUST_USE;
err node_run_begin(struct node_read *r, struct chain_exec **out, u64 number,
                   const struct chain_rules *rules,
                   const struct chain_header *header, u32 timeout_ms)
    MUST_USE;
err node_run_check(struct node_read *r) MUST_USE;
void node_run_end(struct node_read *r);
/* Block hashes of the view, for BLOCKHASH. */
struct chain_hashes node_run_hashes(struct node_read *r);
/* Makes the views in o copies in the arena. */
err node_run_keep(struct chain_outcome *o, struct arena *a) MUST_USE;

/* Executes tx on the state after block number (pending: on a block to come);
** nothing is kept.  out's views live in the arena.  timeout_ms bounds it:
** ERR_TIMEOUT. */
err node_read_call(struct node_read *r, struct chain_outcome *out, u64 number,
                   bool pending, const struct chain_tx *tx, u32 timeout_ms,
                   const struct evm_tracer *tracer, struct arena *a) MUST_USE;

/*-------------------------------------------------------------- watching */
/* cb runs on the writer's thread after each durable block, must not block;
** returns a handle for node_unwatch. */
u32 node_watch(struct node *n, void (*cb)(void *ctx, u64 head), void *ctx);
void node_unwatch(struct node *n, u32 handle);
/* Waits until the head is above height; false on timeout. */
bool node_wait_head(struct node *n, u64 height, u32 timeout_ms);

/*----------------------------------------------------------------- keys */
/* The node's keystore (Web3 v3 JSON).  All keys are locked at the start; those
** of a dev chain's accounts never are. */
u32 node_keys(struct node *n, addr20 *out, u32 cnt_max);
/* Opens a key for so many seconds (0: until it is locked or the node ends), but
** no longer than its policy says.
** ERR_PASSWORD (after a second), ERR_NOT_FOUND, ERR_BUSY (another password is
** being tried), ERR_LIMIT (too many are open). */
err node_key_unlock(struct node *n, const addr20 *addr, const char *password,
                    u64 seconds) MUST_USE;
void node_key_lock(struct node *n, const addr20 *addr);
bool node_key_is_open(struct node *n, const addr20 *addr);
/* When it will be locked, ms; 0: it is, UINT64_MAX: at the node's end. */
u64 node_key_open_until(struct node *n, const addr20 *addr);
/* Signs with a key of the keystore; password NULL: with an open one, or
** ERR_REFUSED.  ERR_POLICY: not what the key may sign (node_policy.h), msg says
** why.  Errors as above. */
err node_key_sign_tx(struct node *n, struct chain_tx *tx, const addr20 *from,
                     const char *password, struct arena *a,
                     struct errmsg *msg) MUST_USE;
/* sig: r, s, v = 27 or 28.  rights: what the key's policy must have (right.def),
** of which one that signs any message has MONEY. */
err node_key_sign(struct node *n, u8 sig[65], const hash32 *digest,
                  const addr20 *from, const char *password, u32 rights,
                  struct errmsg *msg) MUST_USE;
err node_key_new(struct node *n, addr20 *out, const char *password) MUST_USE;
/* ERR_INPUT: no key; ERR_LIMIT. */
err node_key_import(struct node *n, addr20 *out, const u8 key[32],
                    const char *password) MUST_USE;
#endif
