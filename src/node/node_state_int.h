/* node_state_int.h - what node_state*.c and node_query.c share.
**
** Locks, in the order in which they may be taken together:
**   apply_lock   the list of blocks and what is current: apply, freeze
**   flush_lock   the batch in work, between its maker and the writer
**   pin_lock     heights readers stand at, `flushed`, the list of generations
**   shard.lock   the maps of one sixteenth of the keys; held for one lookup
*/
#ifndef NODE_NODE_STATE_INT_H
#define NODE_NODE_STATE_INT_H
#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "node/node_bytes.h"
#include "node/node_logs_kept.h"
#include "node/node_state.h"

#define NSTATE_SHARDS 16u
#define NSTATE_EXEC_CONNS 2u
#define NSTATE_NODE_KEY 66u
#define NSTATE_META_PARTY "addresses_from"
#define NSTATE_NODE_CHUNK (64u << 10) /* of a shard's memory for nodes */

/* An account as memory keeps it.  Most have no code, no storage and a balance
** below 2^128: for them the numbers tell all, in place of 104 bytes. */
struct nstate_slim {
  u64 nonce, balance[2];
  struct state_account *whole; /* NULL: the numbers tell all */
};
bool nstate_slim_fits(const struct state_account *a);
/* whole: where a goes when it does not fit. */
static inline void nstate_slim_set(struct nstate_slim *s,
                                   const struct state_account *a,
                                   struct state_account *whole) {
  *s = (struct nstate_slim){a->nonce, {a->balance.w[0], a->balance.w[1]},
                            whole};
  if (whole) *whole = *a;
}
void nstate_slim_get(struct state_account *out, const struct nstate_slim *s);

#define NSTATE_MALLOC 16u /* what an allocation takes beside its bytes */
/* Memory of cnt entries.  A table that grew by doubling is on average five
** eighths full; it keeps its size when entries go, and who shrinks or frees
** them must see that they went. */
static inline size_t nstate_map_share(const struct map *m, size_t cnt) {
  return cnt * (m->slot_len + 1) * 8 / 5;
}

/*---------------------------------------------------------------- overlay */
/* One version of an account or slot.  Versions of a key form a list, newest
** first; the newest is in the shard's map. */
struct nstate_account_ver {
  struct nstate_account_ver *older, *newer;
  u64 height;
  hash32 key;
  addr20 addr;
  bool existed, exists;
  u32 chunk; /* of the difference that tells it */
  struct nstate_slim old_val, new_val;
};
struct nstate_slot_ver {
  struct nstate_slot_ver *older, *newer;
  u64 height;
  const struct nstate_account_ver *owner;
  hash32 key;
  u32 chunk;
  u256 old_val, new_val;
};
/* What one block above `flushed` keeps in memory. */
struct nstate_block {
  struct nstate_block *next;
  u64 height;
  hash32 hash;
  struct nstate_account_ver *account;
  struct nstate_slot_ver *slot;
  hash32 *tx_hash;
  struct store_entry *log;
  struct store_entry *party;   /* addresses in transactions */
  struct state_diff_code *code; /* copies */
  u32 account_cnt, slot_cnt, tx_cnt, log_cnt, party_cnt, code_cnt;
  u32 unlinked; /* of accounts, slots and transactions, in this order */
  size_t bytes;
};

/*------------------------------------------------------------- trie nodes */
struct nstate_node { /* value in the node maps */
  u8 *ptr;           /* NULL: there is no such node */
  u32 len, cap;
  bool no_row;       /* the table has none, for certain */
  bool rowless;      /* frozen ones: their batch, when made, has no row of it */
  bool top;          /* trie_node_is_top: cached ones stay for longer */
  u8 ref;            /* used since the clock's hand passed (cache) */
};
#define NSTATE_TOP_REF 8u /* the hand passes so often */
static inline bool nstate_node_is_top(const u8 key[NSTATE_NODE_KEY],
                                      slice node) {
  return key[64] == 255 || trie_node_is_top(node, key[64]);
}
/* Nodes changed by the blocks of one batch, frozen: with them over the table
** the tries stand at `to`. */
struct nstate_gen {
  struct nstate_gen *next; /* newer */
  i64 from;
  u64 to;
  bool done;               /* in the table, durable order */
  u32 shard_left;          /* shards not yet moved to the cache */
  size_t bytes;
  struct map node[NSTATE_SHARDS];
  struct arena mem[NSTATE_SHARDS]; /* what they point to */
};

/* Cache values. */
struct nstate_cached_account {
  struct nstate_slim val; /* whole is the entry's own */
  bool found;
  u8 ref;
};
struct nstate_cached_slot {
  u256 val;
  u8 ref;
};
struct nstate_cached_code {
  u8 *ptr;
  u32 len;
  u8 ref;
};

struct nstate_shard {
  pthread_mutex_t lock;
  struct map ver_account;   /* 32 -> nstate_account_ver * */
  struct map ver_slot;      /* 64 -> nstate_slot_ver * */
  struct map ver_code;      /* 32 -> state_diff_code * */
  struct map ver_hash;      /* 32 -> u64 seq: blocks and transactions */
  struct map node;          /* 66 -> nstate_node, since the last freeze */
  struct arena mem;         /* what they point to: all goes at once */
  struct map cache_account; /* 20 -> nstate_cached_account */
  struct map cache_slot;    /* 52 -> nstate_cached_slot */
  struct map cache_node;    /* 66 -> nstate_node */
  struct map cache_code;    /* 32 -> nstate_cached_code */
  size_t node_bytes, cache_node_bytes, cache_code_bytes, cache_whole_cnt;
  size_t hand[4];           /* of the clocks: account, slot, node, code */
  u64 hits, misses;
} __attribute__((aligned(64)));

/* A reader connection and the flushed height it pins. */
struct nstate_reader {
  struct store_reader *store;
  i64 pin;                 /* INT64_MAX: none */
  struct node_read *read;  /* node_query.c's, kept with the connection */
  struct nstate_reader *next_free;
};
struct nstate_exec_conn {
  pthread_mutex_t lock;
  struct nstate_reader r;
  bool begun;
  u64 begun_ms;
};

/* The entries of the blocks in memory that have any, by height; a block's are
** appended as it is linked, and go when it is popped. */
struct nstate_index_list {
  struct nstate_index_row {
    u64 height;
    const struct store_entry *entry;
    u32 cnt;
  } *row;
  u32 first, end, cap; /* rows first..end-1 */
};

enum nstate_flush_phase {
  NSTATE_IDLE,
  NSTATE_FROZEN,  /* a generation waits for its batch to be made */
  NSTATE_READY,   /* the batch is made */
  NSTATE_RUNNING  /* the writer is at it */
};

struct node_state {
  struct node_state_config cfg; /* cache_bytes: the cache's own share */
  u64 budget;                   /* cache_bytes as configured */
  struct store *store;
  struct state_source source;
  struct nstate_shard shard[NSTATE_SHARDS];

  pthread_mutex_t apply_lock;
  struct nstate_block *oldest, *newest; /* above what was dropped */
  struct nstate_block *leaving; /* the one being dropped; the writer's */
  struct nstate_index_list log_list, party_list; /* of those */
  _Atomic i64 applied, durable;
  _Atomic i64 keep;            /* tables stay at or below; INT64_MAX: free */
  i64 frozen_to;               /* generations cover blocks up to here */
  u64 cur_changes, cur_blocks; /* since the last freeze */
  u64 frozen_ms;               /* when that was */
  struct nstate_gen *grave_gen; /* of these the memory is left */
  u8 **grave;                  /* memory to free at the next apply */
  size_t grave_cnt, grave_cap;
  pthread_mutex_t grave_lock;
  _Atomic u64 overlay_bytes, block_cnt; /* bytes: of nodes above the tables too */

  pthread_mutex_t pin_lock;
  pthread_cond_t reader_free;
  i64 flushed;
  u64 party_from;         /* the index of addresses is whole from here */
  struct nstate_gen *gen; /* oldest first */
  struct nstate_reader *reader, *free_reader;
  u32 reader_cnt, reader_busy;
  struct nstate_exec_conn conn[NSTATE_EXEC_CONNS];
  u32 conn_cnt;

  pthread_mutex_t flush_lock;
  pthread_cond_t flush_wake;
  enum nstate_flush_phase flush_phase;
  struct nstate_gen *flush_gen;
  struct store_batch batch;
  struct arena batch_arena;
  struct nstate_call *call; /* running, with deadlines */
  u64 maker_wakes_us;     /* when, at the latest, deadlines are looked at */
  bool brief_seen;        /* since the maker last looked */
  bool upkeep_more, stop;
  pthread_t maker;
  bool maker_started;
  u64 prune_at;           /* head at which to prune next */
  _Atomic u64 hold_us;    /* the longest step of the writer */
  _Atomic u64 hold_cpu_us; /* and the dearest */
  struct nstate_kept *logs;
};

static inline u32 nstate_shard_of(const u8 *key) { return key[0] >> 4; }
static inline u32 nstate_shard_of_slot(const hash32 *addr, const hash32 *slot) {
  return (addr->b[0] ^ slot->b[0]) >> 4;
}

/* node_overlay.c */
struct nstate_block *nstate_block_make(u64 height, const hash32 *hash,
                                       const struct state_diff *diff,
                                       const u32 *account_chunk,
                                       const u32 *slot_chunk, u32 tx_cnt,
                                       u32 log_max, u32 party_max);
void nstate_block_free(struct nstate_block *b);
void nstate_block_link(struct node_state *ns, struct nstate_block *b);
/* Of the indexes of memory: the oldest block goes; all do. */
void nstate_index_pop(struct node_state *ns, u64 height);
void nstate_index_clear(struct node_state *ns);
/* Takes the block's versions out of the maps, some for each of the budget; it
** must be the oldest.  False: there are more. */
bool nstate_block_unlink(struct node_state *ns, struct nstate_block *b,
                         u32 *budget);
/* All blocks go, whatever finds them. */
void nstate_blocks_clear(struct node_state *ns);
void nstate_node_key(u8 out[NSTATE_NODE_KEY], const hash32 *owner,
                     const u8 *path, u32 path_len);
u32 nstate_node_shard(const u8 key[NSTATE_NODE_KEY]);
void nstate_nodes_put(struct node_state *ns, const struct state_root *root);
/* Memory that views of exec may still see: freed at the next apply. */
void nstate_bury(struct node_state *ns, u8 *p);
void nstate_freeze(struct node_state *ns, u64 now_ms);
void nstate_gen_free(struct node_state *ns, struct nstate_gen *g);

/* A view at one height through one reader; not for two threads at once. */
struct nstate_view {
  struct node_state *ns;
  struct store_reader *r;
  struct store_standing st;
  i64 height;           /* -1: before the first block */
  u64 deadline_us;      /* 0: none */
  struct arena *a;      /* codes and scratch */
  struct map *code;     /* 32 -> slice, of this view; may be NULL */
  const struct nstate_gen *gen; /* nodes over the table (or NULL) */
};
err nstate_view_account(struct nstate_view *v, struct state_account *out,
                        bool *found, const hash32 *key) MUST_USE;
err nstate_view_slot(struct nstate_view *v, u256 *out, const hash32 *addr_hash,
                     const hash32 *slot_hash) MUST_USE;
/* All of a state_source, nodes too (they stand at the generation's end, or at
** flushed). */
void nstate_view_source(struct nstate_view *v, struct state_source *out);
bool nstate_hash_find(struct node_state *ns, const hash32 *hash, u64 *seq);
/* Entries of an index (logs, addresses) with one of the keys, of the blocks
** above..to that are in memory: cb in no order. */
void nstate_memory_index(struct node_state *ns, enum store_index index,
                         const u64 *key, u32 key_cnt, i64 above, i64 to,
                         void (*cb)(void *ctx, u64 seq), void *ctx);

/* node_low.c: a low node and those under it (on the way to key, if not NULL),
** from a reader's rows of leaves; ERR_NOT_FOUND when there is none. */
err nstate_low_make(struct trie_result *out, struct store_reader *r,
                    const hash32 *owner, const u8 *path, u32 path_len,
                    const u8 *key, struct arena *a) MUST_USE;
/* Whether a batch gives the node a row. */
bool nstate_node_has_row(const u8 key[NSTATE_NODE_KEY],
                         const struct nstate_node *n);

/* node_flush.c */
err nstate_batch_make(struct node_state *ns);
void *nstate_maker_main(void *arg);
/* The entries of blocks in an index, sorted; room for nstate_entries_max. */
size_t nstate_entries(struct nstate_block *const *block, u32 cnt, u32 index,
                      struct store_entry *out);
void nstate_drop(struct node_state *ns, u32 *budget);

/* node_state.c: what a shard's part of the cache takes. */
size_t nstate_cache_bytes(const struct nstate_shard *s);
/* node_state.c: all that a shard holds, of versions only what finds them. */
void nstate_shard_clear(struct nstate_shard *s);
void nstate_empty_grave(struct node_state *ns);
/* node_state.c: without connections and threads; all memory given back. */
struct node_state *nstate_new(const struct node_state_config *cfg);
void nstate_free(struct node_state *ns);
/* node_wipe.c: a difference whose wiped accounts name all slots they had, in
** the arena; exec's thread. */
bool nstate_is_wiped(const struct state_diff_account *d);
err nstate_complete_wiped(struct node_state *ns, struct state_diff *out,
                          const struct state_diff *diff, struct arena *a)
    MUST_USE;
/* Readers with pins. */
err nstate_reader_begin(struct node_state *ns, struct nstate_reader *r,
                        struct store_standing *st) MUST_USE;
void nstate_reader_end(struct node_state *ns, struct nstate_reader *r);
err nstate_reader_take(struct node_state *ns, struct nstate_reader **out,
                       u32 wait_ms) MUST_USE;
void nstate_reader_give(struct node_state *ns, struct nstate_reader *r);
u64 nstate_clock_us(void);

/* A call that must end by a time: see nstate_call_begin. */
struct nstate_call {
  struct nstate_call *next;
  u64 deadline_us;
  bool brief;             /* the next may soon follow, as short */
  atomic_bool stop;
};
/* One request's view: a reader, its snapshot, memory until node_read_end. */
struct node_read {
  struct node *n;
  struct node_state *ns;
  struct nstate_reader *r;
  struct store_standing st;
  u64 deadline_us;
  struct arena a;          /* all that lives until node_read_end */
  struct map code;         /* 32 -> slice: codes read in this request */
  struct chain_exec *exec; /* made when first asked */
  struct nstate_call call; /* of the run under way */
  struct nproof_tries *tries; /* of node_read_tries, or NULL */
};
void nstate_tries_close(struct nproof_tries *t);
/* node_proof.c: hashed keys of the accounts, or of owner's slots, that the
** tables may not have as they were after block number; ascending, to be freed
** by the caller. */
err nstate_changed_since(struct node_read *r, u64 number, const hash32 *owner,
                         hash32 **keys, size_t *cnt, struct arena *a) MUST_USE;
/* A view at a height, good until node_read_end. */
void nstate_read_view(struct node_read *r, struct nstate_view *out, i64 height);
err nstate_read_time(const struct node_read *r) MUST_USE;
void nstate_read_close(struct node_read *r);

/* The maker's thread sets stop when the time is up. */
void nstate_call_begin(struct node_state *ns, struct nstate_call *c);
void nstate_call_end(struct node_state *ns, struct nstate_call *c);

/* node_load.c: blocks above flushed, from the file */
err nstate_load(struct node_state *ns, struct store_reader *r,
                const struct store_standing *st, struct errmsg *msg) MUST_USE;
/* bodies: the block's transactions and receipts are kept. */
err nstate_load_block(struct nstate_block **out, struct store_reader *r,
                      u64 height, bool bodies) MUST_USE;
err nstate_catch_up(struct node_state *ns, struct store_reader *r,
                    const struct store_standing *st, struct errmsg *msg)
    MUST_USE;
#endif
