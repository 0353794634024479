/* store.h - the one file: blocks, state, indexes, keys in SQLite.
**
** This folder alone knows SQLite and SQL; it stores bytes and numbers and
** knows nothing of what they mean.
**
** What is in the file (sql/schema_001.sql has the columns):
**   appended   block (by height); body, receipt and difference chunks, and
**              who was met in calls, by sequence number = height << 20 |
**              position of the first entry; contract code (by hash).  Written
**              in the block's transaction.
**   keyed      account, slot, nodes of the tries: only the newest value of
**              each key.
**              They stand at height `flushed`, behind the head, and are
**              brought forward by sorted batches.  A batch first becomes a
**              sorted run in front of the tables (store_fresh.c); when these
**              are many they are brought into them (store_settle.c).
**   indexes    sorted runs of (8-byte key, sequence number): transaction and
**              block hashes, log addresses and topics, changed state keys,
**              addresses in transactions.
**              A batch adds one run of each kind; runs are merged in slices.
**   small      meta (name -> bytes), keystore (address -> JSON), standing.
**
** Invariants
**   1. A block's transaction is whole: rows of block h are there exactly when
**      standing.head >= h.
**   2. A snapshot's keyed rows, those of its fresh runs over those of the
**      tables, are those of its `flushed`: nobody reads a row that is older or
**      younger.  A half-written batch, also one cut off by a crash, is
**      invisible, and is begun again.
**   3. `flushed` moves in the commit that ends the batch and adds its runs.
**   4. Rows of a table may be those of any moment up to the newest run in
**      front of it; a key that was ever written since the table had it whole
**      stands in one of these runs until all of them are in the table.
**
** Threads: a struct store belongs to one thread at a time, the writer.  Each
** store_reader belongs to one thread at a time.  Nothing here waits for a lock
** of ours.
**
** Calling sequence of the writer
**   1. store_open; store_standing tells whether there is a chain.
**   2. store_append for each block or group of blocks: returns when durable.
**   3. between blocks store_flush_begin once per batch and store_flush_step
**      until done; store_upkeep_step while it says more;
**      store_checkpoint_step when store_checkpoint_due and until done.  Each
**      call holds the writer for about STORE_SLICE_US.
**   4. store_close: leaves exactly one file.
** After ERR_DISK_FULL, ERR_IO or ERR_CORRUPT of a writing call nothing of it
** is in the file; the caller stops signing and ends, or tries again.
*/
#ifndef STORE_STORE_H
#define STORE_STORE_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

struct store;
struct store_reader;

#define STORE_APPLICATION_ID 0x434d494c /* "CMIL" */
#define STORE_SCHEMA 7
#define STORE_SEQ_BITS 20u              /* entries of one block: < 2^20 - 1 */
#define STORE_SEQ(height, idx) ((u64)(height) << STORE_SEQ_BITS | (u64)(idx))
#define STORE_SEQ_HEIGHT(seq) ((u64)(seq) >> STORE_SEQ_BITS)
#define STORE_SEQ_IDX(seq) ((u32)((seq) & ((1u << STORE_SEQ_BITS) - 1)))
#define STORE_SEQ_BLOCK ((1u << STORE_SEQ_BITS) - 1) /* "the block itself" */
#define STORE_SLICE_US 6000u

/*--------------------------------------------------------- open and close */
enum {
  STORE_CREATE = 1,    /* make the file when it is missing */
  STORE_READ_ONLY = 2, /* beside a running node: no lock, no write */
  STORE_SCRATCH = 4,   /* ends with the process: nothing is synced */
};
/* ERR_NOT_FOUND (missing, no STORE_CREATE), ERR_NOT_OURS, ERR_NEWER,
** ERR_READ_ONLY (file or folder), ERR_LOCKED (another process has it open
** for writing), ERR_CORRUPT, ERR_IO. */
err store_open(struct store **out, const char *path, u32 flags,
               struct errmsg *msg) MUST_USE;
/* Copies the write-ahead log into the file and leaves WAL mode, so that one
** file remains.  All readers must be closed.  The handle is gone even on
** error (then the log stays beside the file and is replayed at next open). */
err store_close(struct store *s, struct errmsg *msg);
/* Memory for pages of the writer's connection; 8 MiB unless called. */
void store_cache(struct store *s, u64 bytes);
/* As the process being killed: closes handles, writes nothing more. */
void store_abandon(struct store *s);
const char *store_path(const struct store *s);
/* A log lay beside the file at opening: it was not closed in order. */
bool store_was_open(const struct store *s);
/* The writer's: looks through the file's structure, for about ms at most
** (*whole: all of it was seen).  ERR_CORRUPT. */
err store_check_quick(struct store *s, u32 ms, bool *whole, struct errmsg *msg)
    MUST_USE;
/* What the last failing call met, in words. */
const char *store_error(const struct store *s);

struct store_standing {
  i64 head;         /* newest durable block; -1: no chain yet */
  i64 flushed;      /* keyed tables and indexes stand here; -1: empty */
  u64 oldest_state; /* lowest height whose state can still be had */
  u64 oldest_body;  /* lowest whose transactions and receipts are kept */
};
void store_standing(const struct store *s, struct store_standing *out);

/*-------------------------------------------------------------- appending */
struct store_chunk {
  u64 seq;     /* of its first entry */
  slice bytes;
};
enum store_chunk_kind { STORE_BODY, STORE_RECEIPT, STORE_DIFF, STORE_MET,
                        STORE_CHUNK_CNT };
struct store_code {
  hash32 hash;
  slice code;
};
/* A setting written with a block, in its transaction; val.len 0: deleted. */
struct store_meta {
  const char *name;
  slice val;
};
/* All views; one owner made them (node_state.h: store_block_free). */
struct store_block {
  u64 height;
  hash32 hash;
  slice header, proposal, commit;
  u64 size;      /* as eth_getBlock tells it */
  u32 tx_cnt;
  u32 log_cnt;
  const struct store_chunk *chunk[STORE_CHUNK_CNT]; /* ascending */
  u32 chunk_cnt[STORE_CHUNK_CNT];
  const struct store_code *code;
  u32 code_cnt;
  const struct store_meta *meta;
  u32 meta_cnt;
  void *owner;   /* memory of all of the above */
  void (*free)(struct store_block *b);
};
/* Consecutive blocks, the first at head + 1 (or 0), in one transaction,
** durable on return. */
err store_append(struct store *s, struct store_block *const *blocks, u32 cnt)
    MUST_USE;

/* Takes away the blocks above height, in one transaction; their code stays.
** Keyed tables and indexes must stand at or below it. */
err store_cut(struct store *s, u64 height) MUST_USE;

/*------------------------------------------------------------------- meta
** Durable on return. Names are short ASCII ("genesis", "instance"). */
err store_meta_put(struct store *s, const char *name, slice val) MUST_USE;
err store_meta_get(struct store *s, struct buf *out, const char *name)
    MUST_USE; /* ERR_NOT_FOUND */
err store_meta_del(struct store *s, const char *name) MUST_USE;
/* Keys at rest: address -> Web3 v3 JSON. */
err store_key_put(struct store *s, const addr20 *addr, slice json) MUST_USE;
err store_key_del(struct store *s, const addr20 *addr) MUST_USE;
err store_key_get(struct store *s, struct buf *out, const addr20 *addr)
    MUST_USE;
/* Up to cnt_max addresses in order of adding; returns how many there are. */
err store_key_list(struct store *s, addr20 *out, u32 cnt_max, u32 *cnt)
    MUST_USE;

/*------------------------------------------------------------------- pool
** Transactions that wait for a block, as their senders gave them. */
struct store_pool_row {
  u64 id;         /* rises with arrival */
  u64 arrival_ms;
  slice raw;
};
/* Puts rows, then deletes those of the ids gone.  Whole or not at all, but not
** durable at once. */
err store_pool_write(struct store *s, const struct store_pool_row *rows,
                     u32 row_cnt, const u64 *gone, u32 gone_cnt) MUST_USE;
/* All rows by ascending id; cb's error ends it and is returned. */
err store_pool_read(struct store *s, err (*cb)(void *ctx,
                    const struct store_pool_row *row), void *ctx) MUST_USE;

/*------------------------------------------------------------- bringing up */
/* The lower nodes of the tries stand in the tables of their leaves, near the
** leaves under them, so that one page of the file has all that changes
** together.  The upper ones, which nearly every batch changes, stand together
** in a table of their own: among leaves each would be a page more.  A node's
** key: its place (enum store_table, one byte), then a key there, of another
** length than a leaf's. */
#define STORE_ACCOUNT_KEY 32u
#define STORE_SLOT_KEY 64u
enum store_table { STORE_ACCOUNT, STORE_SLOT, STORE_NODE, STORE_TABLE_CNT };
enum store_index { STORE_INDEX_HASH, STORE_INDEX_LOG, STORE_INDEX_STATE,
                   STORE_INDEX_ADDR, STORE_INDEX_CNT };
struct store_row {
  slice key, val; /* val.len 0: delete */
};
struct store_entry {
  u64 key, seq;
};
/* What brings keyed tables and indexes from `flushed` to height `to`.  All
** views, valid until the batch is done. */
struct store_batch {
  u64 to;                                  /* <= head */
  const struct store_row *row[STORE_TABLE_CNT];    /* ascending by key */
  size_t row_cnt[STORE_TABLE_CNT];
  const struct store_entry *entry[STORE_INDEX_CNT]; /* ascending, unique */
  size_t entry_cnt[STORE_INDEX_CNT];
};
/* The first block with its state, in portions, in one transaction: begin; rows
** of the tables (each key once), parts (chunks of the difference, their
** sequence numbers `at` higher, and code) and runs (ascending entries, all that
** next gives; each index once), in any order; end appends b, and
** head and flushed are 0.  An error of any of them, or abandon, ends it: the
** file has no chain then. */
err store_first_begin(struct store *s) MUST_USE;
err store_first_row(struct store *s, enum store_table table, slice key,
                    slice val) MUST_USE;
err store_first_part(struct store *s, const struct store_block *b, u32 at)
    MUST_USE;
err store_first_run(struct store *s, enum store_index index,
                    bool (*next)(void *ctx, struct store_entry *e), void *ctx)
    MUST_USE;
err store_first_end(struct store *s, const struct store_block *b) MUST_USE;
void store_first_abandon(struct store *s);

err store_flush_begin(struct store *s, const struct store_batch *batch)
    MUST_USE;
/* One slice of about slice_us; *done when `flushed` is batch->to.  After an
** error nothing of the slice is kept and the same batch must begin again. */
err store_flush_step(struct store *s, u32 slice_us, bool *done) MUST_USE;

/* Merges runs, settles fresh ones, deletes what is no longer needed, in
** slices. */
err store_upkeep_step(struct store *s, u32 slice_us, bool *more) MUST_USE;
/* The longest of all; any thread. */
u64 store_upkeep_us(const struct store *s);
/* What the dearest took of a processor: where this is far below the former, the
** writer only waited its turn on a busy machine. */
u64 store_upkeep_cpu_us(const struct store *s);
/* From now on state below height oldest need not be kept (what block 0 begins
** with is); nor transactions, receipts and who was met below height body. */
err store_prune_below(struct store *s, u64 oldest, u64 body) MUST_USE;
/* From now on upkeep settles all fresh rows and gives back every free page, not
** only when there are many. */
void store_vacuum(struct store *s, bool all);
/* Of the file, free pages included. */
err store_bytes(struct store *s, u64 *bytes) MUST_USE;

/* The keyed tables anew: all their rows go, and flushed is -1; until it is ended
** opening tells it (store_rebuilding), and nobody but who makes them may use
** them.  No batch may be in work. */
err store_rebuild_begin(struct store *s) MUST_USE;
err store_rebuild_end(struct store *s) MUST_USE;
bool store_rebuilding(struct store *s);

/* All indexes anew: from the height after *to (-1: from the start), ascending
** groups of blocks, the entries of each kind sorted; finish puts them in the
** place of the old ones.  No batch may be in work. */
err store_reindex_at(struct store *s, i64 *to) MUST_USE;
err store_reindex_add(struct store *s, u64 first, u64 last,
                      const struct store_entry *const *entry,
                      const size_t *cnt) MUST_USE;
err store_reindex_finish(struct store *s) MUST_USE;

/*------------------------------------------------------------- checkpoint */
u64 store_wal_bytes(const struct store *s);
/* True while one is under way; once a minute, or earlier when the log is over
** STORE_WAL_WISH, when there is something to copy and no other process has had
** the file open (for at most ten minutes); when the log is over STORE_WAL_MAX. */
#define STORE_WAL_WISH (128ull << 20)
#define STORE_WAL_MAX (1ull << 30)
#define STORE_CHECKPOINT_MS 60000u
#define STORE_FOREIGN_MS 600000u
bool store_checkpoint_due(struct store *s, u64 now_ms);
/* For long works without readers: copies the log into the file when it is
** larger than STORE_WAL_WISH. */
err store_wal_trim(struct store *s) MUST_USE;
/* Begins a checkpoint, or looks how far the thread has come that makes it, and
** ends it.  *more: call again soon, other writing calls may come between.
** ERR_BUSY: readers hold it back, try later. */
err store_checkpoint_step(struct store *s, u64 now_ms, bool *more) MUST_USE;
/* Its end is near if now no more is written than must be. */
bool store_checkpoint_closing(const struct store *s);
struct store_checkpoint_stat {
  u64 cnt;      /* finished */
  u64 step_us;  /* the longest step of all */
  u64 last_us;  /* the last one, from its begin to its end */
};
/* Any thread. */
void store_checkpoint_stat(const struct store *s,
                           struct store_checkpoint_stat *out);

/*----------------------------------------------------------------- backup */
struct store_backup;
/* Online copy to path.part in steps; finish checks it, syncs it and renames
** it to path.  abort removes the part. */
err store_backup_begin(struct store *s, struct store_backup **out,
                       const char *path, struct errmsg *msg) MUST_USE;
err store_backup_step(struct store_backup *b, u32 slice_us, bool *done,
                      u32 *left_ppm) MUST_USE;
/* Any thread; not on the writer: integrity check, fsync, rename. */
err store_backup_finish(struct store_backup *b, struct errmsg *msg) MUST_USE;
void store_backup_abort(struct store_backup *b);
/* Structure of the whole file (PRAGMA integrity_check); reads everything. */
err store_integrity(struct store_reader *r, struct errmsg *msg) MUST_USE;

/*---------------------------------------------------------------- reading
** A reader is a connection of its own.  Between begin and end it sees one
** moment.  Views hold until the next call with the same reader, or its end. */
err store_reader_open(struct store_reader **out, const struct store *s,
                      u64 cache_bytes, struct errmsg *msg) MUST_USE;
void store_reader_close(struct store_reader *r);
err store_reader_begin(struct store_reader *r, struct store_standing *out)
    MUST_USE;
void store_reader_end(struct store_reader *r);

struct store_block_row {
  hash32 hash;
  slice header;
  u64 size;
  u32 tx_cnt, log_cnt;
};
err store_read_block(struct store_reader *r, struct store_block_row *out,
                     u64 height) MUST_USE;
err store_read_proposal(struct store_reader *r, slice *proposal, slice *commit,
                        u64 height) MUST_USE;
err store_read_hash(struct store_reader *r, hash32 *out, u64 height) MUST_USE;
/* The chunk that holds entry seq: the one with the largest first sequence
** number not above it, of the same block. */
err store_read_chunk(struct store_reader *r, struct store_chunk *out,
                     enum store_chunk_kind kind, u64 seq) MUST_USE;
/* All chunks with first sequence numbers from..to, ascending; cb's error ends
** it and is returned. */
err store_read_chunks(struct store_reader *r, enum store_chunk_kind kind,
                      u64 from, u64 to,
                      err (*cb)(void *ctx, const struct store_chunk *c),
                      void *ctx) MUST_USE;
/* Missing: ERR_NOT_FOUND. */
err store_read_row(struct store_reader *r, slice *val, enum store_table table,
                   slice key) MUST_USE;
/* Leaves with from <= key (from.len 0: all), ascending; of STORE_NODE all, and
** keys without their first byte. */
err store_read_rows(struct store_reader *r, enum store_table table, slice from,
                    err (*cb)(void *ctx, slice key, slice val), void *ctx)
    MUST_USE;
/* Leaves with from <= key, ascending, of which only those are told for certain
** whose keys begin with the first nibbles of from (for slots the account's 64
** among them): cb ends it where they do. */
err store_read_under(struct store_reader *r, enum store_table table, slice from,
                     u32 nibbles, err (*cb)(void *ctx, slice key, slice val),
                     void *ctx) MUST_USE;
err store_read_code(struct store_reader *r, slice *code, const hash32 *hash)
    MUST_USE;
err store_read_meta(struct store_reader *r, slice *val, const char *name)
    MUST_USE;
/* Entries of key with seq in from..to, run by run: newest runs first, or
** oldest first (STORE_INDEX_OLDEST); ascending within a run, or descending
** (STORE_INDEX_DOWN), and heights of different runs never overlap.  cb returns
** 1 to stop, 0 to go on, or an error. */
enum { STORE_INDEX_OLDEST = 1, STORE_INDEX_DOWN = 2 };
err store_read_index(struct store_reader *r, enum store_index index, u64 key,
                     u64 from, u64 to, u32 flags,
                     int (*cb)(void *ctx, u64 seq), void *ctx) MUST_USE;
/* How many entries of an index there are with heights from..to, and a sum that
** does not depend on how they are spread over runs; against mistakes and damage,
** not against somebody's skill. */
struct store_digest {
  u64 cnt, sum[2];
};
void store_digest_add(struct store_digest *d, const struct store_entry *e);
err store_read_digest(struct store_reader *r, struct store_digest *out,
                      enum store_index index, u64 from, u64 to) MUST_USE;
#endif
