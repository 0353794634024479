/* node_bytes.h - the bytes of what the store keeps: chunks of transactions,
** receipts and differences, rows of the keyed tables, keys of the indexes.
** node_bytes.c tells the formats.
*/
#ifndef NODE_NODE_BYTES_H
#define NODE_NODE_BYTES_H
#include "base/arena.h"
#include "base/buf.h"
#include "chain/chain_block.h"
#include "chain/chain_exec.h"
#include "state/state.h"
#include "store/store.h"

/*---------------------------------------------------------------- blocks */
/* Where a difference's keys went: the chunk of each account and slot, in the
** difference's order (slots of all accounts one after the other). */
struct bytes_places {
  u32 *account, *slot; /* chunk's position, STORE_SEQ_IDX of its seq */
};
/* The bytes of a block for the store; all in one piece of memory that
** store_block_free returns.  places (may be NULL) lives in the arena. */
err bytes_block(struct store_block **out, struct bytes_places *places,
                const struct chain_block_result *result, slice proposal,
                slice commit, struct arena *a) MUST_USE;

/* Entry idx of a body chunk: a view of the envelope. */
err bytes_body(slice *raw, addr20 *sender, const struct store_chunk *c,
               u32 idx) MUST_USE;
/* Entry idx of a receipt chunk; log_base = index in the block of its first
** log. */
err bytes_receipt(slice *receipt, u32 *log_base, const struct store_chunk *c,
                  u32 idx) MUST_USE;
/* The next transaction's list of a chunk of who was met, taken off *at. */
struct bytes_met {
  u32 idx;     /* of the transaction */
  u32 cnt;
  const struct chain_met *met; /* in the arena */
};
err bytes_met(slice *at, struct bytes_met *out, struct arena *a) MUST_USE;
/* Entries first..first+cnt-1 are in the chunk. */
err bytes_chunk_span(u32 *first, u32 *cnt, const struct store_chunk *c)
    MUST_USE;

/*------------------------------------------------------------ keyed rows */
#define BYTES_ACCOUNT_MAX 132u /* value of an account's row */
#define BYTES_NODE_KEY_MAX 66u
u32 bytes_account_put(u8 out[BYTES_ACCOUNT_MAX], const addr20 *addr,
                      const struct state_account *a);
err bytes_account_get(struct state_account *out, addr20 *addr, slice val)
    MUST_USE;
void bytes_slot_key(u8 out[64], const hash32 *addr_hash, const hash32 *slot);
u32 bytes_slot_put(u8 out[32], const u256 *v);
err bytes_slot_get(u256 *out, slice val) MUST_USE;
/* As the store wants it (store.h); path as in trie_source.node. */
u32 bytes_node_key(u8 out[BYTES_NODE_KEY_MAX], const hash32 *owner,
                   const u8 *path, u32 path_len);
/* The way back; has_owner false: a node of the accounts' trie. */
err bytes_node_key_get(slice key, hash32 *owner, bool *has_owner, u8 path[64],
                       u32 *path_len) MUST_USE;

/*---------------------------------------------------------- index keys */
u64 bytes_key_hash(const hash32 *h);
u64 bytes_key_account(const hash32 *addr_hash);
u64 bytes_key_slot(const hash32 *addr_hash, const hash32 *slot_hash);
u64 bytes_key_log_addr(const addr20 *a);
u64 bytes_key_log_topic(u32 at, const hash32 *topic);
/* The distinct (key, chunk) pairs of one block's logs, unsorted. */
u32 bytes_log_entries_max(const struct chain_receipt *r, u32 cnt);
u32 bytes_log_entries(struct store_entry *out, u64 chunk_seq,
                      const struct chain_receipt *r, u32 cnt);
/* An address in a transaction: as its sender; as recipient, created contract or
** met in a call (chain_meet.h); as created. */
u64 bytes_key_sender(const addr20 *a);
u64 bytes_key_party(const addr20 *a);
u64 bytes_key_created(const addr20 *a);
/* The distinct entries of one transaction, told by its sequence number; to
** NULL: a creation. */
u32 bytes_addr_entries_max(const struct chain_receipt *r, u32 cnt);
u32 bytes_addr_entries(struct store_entry *out, u64 seq, const addr20 *sender,
                       const addr20 *to, const struct chain_receipt *r);
#endif
