/* state.h - the world: accounts, storage and code of one chain.
**
** struct state is what transactions run on: it reads through a state_source,
** keeps what a block touches, journals every change so that any call can be
** undone, and at the block's end gives the sorted difference (old and new
** values).  The difference is the unit of everything behind it: the trie
** update, the block's row in the store, history, and the caches.
**
** Accounts and slots are ordered by hashed key, the trie's order.
** Invariants: snapshots belong to their transaction; original values are
** those at the start of the transaction; block-old values those at the start
** of the block; a reverted snapshot
** leaves no trace but warmed caches.
*/
#ifndef STATE_STATE_H
#define STATE_STATE_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/u256.h"
#include "trie/trie.h"

struct state_account {
  u64 nonce;
  u256 balance;
  hash32 code_hash;    /* CRYPTO_KECCAK_EMPTY: no code */
  hash32 storage_root; /* CRYPTO_KECCAK_RLP_NIL: no storage */
};
static inline bool state_account_is_empty(const struct state_account *a,
                                          const hash32 *keccak_empty) {
  return a->nonce == 0 && u256_is_zero(&a->balance) &&
         hash32_eq(&a->code_hash, keccak_empty);
}
/* The trie's leaf: rlp([nonce, balance, storageRoot, codeHash]). */
#define STATE_ACCOUNT_RLP_MAX 110
u32 state_account_encode_to(u8 out[STATE_ACCOUNT_RLP_MAX],
                            const struct state_account *a); /* its length */
void state_account_encode(struct buf *out, const struct state_account *a);
err state_account_decode(struct state_account *out, slice rlp) MUST_USE;
/* The leaf of a storage trie: rlp of a value that is not zero, without leading
** zeros.  Returns the length. */
u32 state_slot_encode(u8 out[33], const u256 *v);

/* Where committed state comes from: the node's cache over SQLite, a view of
** an old height, or memory (tests, state-test runner).  Hashed keys are
** keccak256 of address and of slot.  Results are copied out, code is a view
** that lives as long as the source.  An account's storage_root is trusted:
** slots of an account whose root is that of the empty trie are never asked. */
struct state_source {
  void *ctx;
  bool hashless; /* account and slot may be called with NULL for the hash of
                 ** what is asked: the source does not need it, which saves
                 ** computing them one by one; slot has its account's */
  err (*account)(void *ctx, struct state_account *out, bool *found,
                 const addr20 *addr, const hash32 *addr_hash);
  err (*slot)(void *ctx, u256 *out, const addr20 *addr,
              const hash32 *addr_hash, const u256 *slot,
              const hash32 *slot_hash); /* missing = zero */
  err (*code)(void *ctx, slice *out, const hash32 *code_hash);
  /* Trie side (may be NULL when roots are never asked).  owner NULL = the
  ** account trie, else the account whose storage trie is meant. */
  err (*node)(void *ctx, slice *out, const hash32 *owner, const u8 *path,
              u32 path_len);
  /* As trie_source.low. */
  err (*low)(void *ctx, slice *out, const hash32 *owner, const u8 key[32],
             u32 path_len);
  err (*account_by_hash)(void *ctx, struct state_account *out, bool *found,
                         const hash32 *addr_hash);
  err (*slot_by_hash)(void *ctx, u256 *out, const hash32 *addr_hash,
                      const hash32 *slot_hash);
};

/*---------------------------------------------------------- difference */
struct state_diff_slot {
  hash32 key; /* keccak of slot */
  u256 slot, old_val, new_val;
  bool hashed; /* slot is not known: one that a wiped account had stored */
};
struct state_diff_account {
  hash32 key; /* keccak of addr */
  addr20 addr;
  bool existed, exists;                 /* before, after */
  bool wiped;                           /* storage as it was is gone whole: the
                                        ** slots that a block did not meet are
                                        ** not listed (no fork from Cancun on
                                        ** can do this to stored storage) */
  struct state_account old_val, new_val; /* storage_root set by state_commit */
  struct state_diff_slot *slot;         /* ascending by key */
  u32 slot_cnt;
};
struct state_diff_code {
  hash32 hash;
  slice code;
};
struct state_diff {
  struct state_diff_account *account; /* ascending by key */
  u32 account_cnt;
  struct state_diff_code *code; /* new code */
  u32 code_cnt;
};
/* Bytes for the store: versioned, compact, self-contained (see state_diff.c);
** decoding checks everything (ERR_CORRUPT, ERR_NEWER) and gives what was
** encoded, in the arena; code is a view into bytes. */
void state_diff_encode(struct buf *out, const struct state_diff *d);
err state_diff_decode(struct state_diff *out, slice bytes, struct arena *a)
    MUST_USE;

struct state_trie_put { /* one node to store */
  const hash32 *owner;  /* NULL = account trie */
  struct trie_node_put node;
};
struct state_root {
  hash32 root;
  struct state_trie_put *put; /* each path once; owners point into the diff */
  size_t put_cnt;
};
/* Computes storage roots (written into d's new_val.storage_root) and the state
** root after d; serial or on par's workers, which call the source's trie side
** at the same time.  The source must stand before d.  A wiped account costs a
** walk over its old storage trie. */
err state_commit(struct state_root *out, struct state_diff *d,
                 const struct state_source *src, const struct par *par,
                 struct arena *a) MUST_USE;

/*-------------------------------------------------------- world in use */
struct state;
struct state_log {
  addr20 addr;
  u32 topic_cnt; /* 0..4 */
  hash32 topic[4];
  slice data;    /* lives until state_block_begin */
};

/* Made once and reused for block after block; keeps its memory. */
struct state *state_open(u64 hash_seed);
void state_close(struct state *s);
/* Forgets all and starts on a source.  An err of the source during execution
** is kept (state_error) and ends the block: the results must be dropped. */
void state_block_begin(struct state *s, const struct state_source *src);
err state_error(const struct state *s);
void state_block_diff(struct state *s, struct state_diff *out, struct arena *a);

/* A transaction: fresh access lists, transient storage, refund, logs; its
** originals are the current values.  end applies self-destructs and, with
** clear_empty (EIP-161), removes touched empty accounts. */
void state_tx_begin(struct state *s);
void state_tx_end(struct state *s, bool clear_empty);
/* Accounts and slots that the block has met so far: what it costs in memory,
** all the way to the file. */
u64 state_met_cnt(const struct state *s);
/* What the transaction that ended last added for good: slots and accounts that
** were not there before it, bytes of code.  Counted once it was switched on. */
struct state_growth {
  u32 slots, accounts;
  u64 code_bytes;
};
void state_count_growth(struct state *s, bool on);
struct state_growth state_tx_growth(const struct state *s);
/* Every account of the block whose balance changed; fn may change slots. */
void state_block_balances(struct state *s,
                          void (*fn)(void *ctx, const addr20 *a,
                                     const u256 *before, const u256 *now),
                          void *ctx);
/* Logs of the current transaction, views until the next state_tx_begin. */
const struct state_log *state_tx_logs(const struct state *s, u32 *cnt);

typedef u32 state_snap;
state_snap state_snapshot(struct state *s);
void state_revert(struct state *s, state_snap snap);

/* Reads.  Missing accounts read as zero, empty code. */
bool state_exists(struct state *s, const addr20 *a);   /* in the trie */
bool state_is_empty(struct state *s, const addr20 *a); /* EIP-161 or missing */
void state_balance(struct state *s, u256 *out, const addr20 *a);
u64 state_nonce(struct state *s, const addr20 *a);
slice state_code(struct state *s, hash32 *code_hash, const addr20 *a);
void state_code_hash(struct state *s, hash32 *out, const addr20 *a);
bool state_has_storage(struct state *s, const addr20 *a); /* EIP-7610 */
void state_slot(struct state *s, u256 *out, const addr20 *a, const u256 *slot);
/* Value at the start of the transaction. */
void state_slot_original(struct state *s, u256 *out, const addr20 *a,
                         const u256 *slot);
void state_transient(struct state *s, u256 *out, const addr20 *a,
                     const u256 *slot);
/* As they were at the start of the block. */
void state_slot_before(struct state *s, u256 *out, const addr20 *a,
                       const u256 *slot);
void state_account_before(struct state *s, struct state_account *out,
                          const addr20 *a);

/* Writes, all journaled. */
void state_touch(struct state *s, const addr20 *a); /* EIP-161 touch; creates */
void state_balance_add(struct state *s, const addr20 *a, const u256 *v);
/* false and nothing done when the balance is short. */
bool state_balance_sub(struct state *s, const addr20 *a, const u256 *v)
    MUST_USE;
void state_balance_set(struct state *s, const addr20 *a, const u256 *v);
void state_nonce_set(struct state *s, const addr20 *a, u64 nonce);
void state_code_set(struct state *s, const addr20 *a, slice code);
/* The caller knows that the slot was never set before the block, or was met in
** it: what is not met yet is 0 without asking the source. */
void state_slot_fresh(struct state *s, const addr20 *a, const u256 *slot);
void state_slot_set(struct state *s, const addr20 *a, const u256 *slot,
                    const u256 *v);
void state_transient_set(struct state *s, const addr20 *a, const u256 *slot,
                         const u256 *v);
/* A contract is being created here: storage starts empty, balance is kept. */
void state_create(struct state *s, const addr20 *a);
bool state_created_in_tx(struct state *s, const addr20 *a); /* EIP-6780 */
/* The balance is burnt now (move it first), the rest is deleted at tx end. */
void state_selfdestruct(struct state *s, const addr20 *a);
bool state_is_destructed(struct state *s, const addr20 *a);
void state_log_add(struct state *s, const addr20 *a, const hash32 *topics,
                   u32 topic_cnt, slice data);

/* EIP-2929 access: true when it was cold; now warm. */
bool state_access_account(struct state *s, const addr20 *a);
bool state_access_slot(struct state *s, const addr20 *a, const u256 *slot);
/* Refund counter of the transaction (journaled). */
void state_refund_add(struct state *s, i64 delta);
i64 state_refund(const struct state *s);

/*------------------------------------------- effects: running ahead of turn */
/* What a transaction read and what it changed, each account once, so that a
** transaction executed elsewhere, on a state that has moved since, can be
** taken over if all that it read is still so.  A balance that was only added
** to was not read: payments to one account do not hinder each other. */
struct state_effect_slot {
  u256 slot, old_val, new_val;
};
struct state_effect_account {
  addr20 addr;
  u8 seen;                               /* which fields were read */
  bool existed;
  struct state_account old_val, new_val; /* read, written */
  slice code;                            /* when code_hash changed */
  struct state_effect_slot *slot;        /* read or written */
  u32 slot_cnt;
};
struct state_effect {
  bool whole; /* false: it did what an effect cannot say (an account or its
              ** storage deleted); execute it at its turn */
  struct state_effect_account *account;
  u32 account_cnt;
};
/* Of the one transaction that s executed since state_block_begin. */
void state_effect_take(struct state *s, struct state_effect *out,
                       struct arena *a);
/* If all that e read still holds in s: does in s what e did, as a transaction
** of its own, and returns true.  Else false, and s is unchanged. */
bool state_effect_apply(struct state *s, const struct state_effect *e,
                        bool clear_empty);
/* What s knows by now, for a source of a state that runs ahead: true when s
** answers, false when the question goes to the source beneath it.  Several
** threads may ask while none changes s.  storage_root is not a root, only NIL
** or not; code: of the account when it changed since the block began. */
bool state_peek_account(const struct state *s, struct state_account *out,
                        bool *exists, slice *code, const addr20 *a);
bool state_peek_slot(const struct state *s, u256 *out, const addr20 *a,
                     const u256 *slot);

/*--------------------------------------------------- memory as a source */
/* A whole world in memory, for tests and the state-test runner. */
struct state_mem;
struct state_mem *state_mem_open(void);
void state_mem_close(struct state_mem *m);
struct state_source state_mem_source(struct state_mem *m);
void state_mem_account(struct state_mem *m, const addr20 *a, u64 nonce,
                       const u256 *balance, slice code);
void state_mem_slot(struct state_mem *m, const addr20 *a, const u256 *slot,
                    const u256 *v);
void state_mem_apply(struct state_mem *m, const struct state_diff *d);
void state_mem_apply_nodes(struct state_mem *m, const struct state_root *r);
/* From scratch, by the ordered builder: the oracle for state_commit. */
void state_mem_root(struct state_mem *m, hash32 *root);
#endif
