/* chain_block.h - headers, receipts, blooms and their encodings.
**
** The header is that of the newest Ethereum fork, 21 fields; older forks (for
** the test runners) have fewer, and so encode fewer.
*/
#ifndef CHAIN_BLOCK_H
#define CHAIN_BLOCK_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/u256.h"
#include "chain/chain_tx.h"
#include "evm/evm.h"
#include "state/state.h"

struct bloom256 { u8 b[256]; };

struct chain_header {
  hash32 parent_hash, ommers_hash;
  addr20 coinbase;
  hash32 state_root, txs_root, receipts_root;
  struct bloom256 bloom;
  u256 difficulty;
  u64 number, gas_limit, gas_used, timestamp;
  u8 extra[32];
  u32 extra_len;
  hash32 mix_hash;
  u8 nonce[8];
  /* How many of the following are present: 0 (before London), 1 base_fee,
  ** 2 withdrawals_root, 4 blob_gas_used and excess_blob_gas, 5 beacon_root,
  ** 6 requests_hash. */
  u32 opt_cnt;
  u256 base_fee;
  hash32 withdrawals_root;
  u64 blob_gas_used, excess_blob_gas;
  hash32 beacon_root, requests_hash;
};
#define CHAIN_HEADER_OPT_MAX 6
/* What a header of a rule set has of them. */
u32 chain_header_opt_cnt(enum evm_fork f);
void chain_header_encode(struct buf *out, const struct chain_header *h);
err chain_header_decode(struct chain_header *out, slice rlp) MUST_USE;
void chain_header_hash(hash32 *out, const struct chain_header *h);
/* What this chain keeps in extra (version 1, 5 bytes): the milliseconds below
** the second, and the round of the parent's commit. */
#define CHAIN_EXTRA_VERSION 1
void chain_extra_put(struct chain_header *h, u32 ms, u32 parent_round);
bool chain_extra_get(const struct chain_header *h, u32 *ms, u32 *parent_round);
/* timestamp and extra as one: milliseconds since 1970 (whole seconds where
** extra is not this chain's). */
u64 chain_header_time_ms(const struct chain_header *h);

struct chain_met; /* chain_meet.h */
struct chain_receipt {
  u8 type;
  bool success;           /* from Byzantium */
  hash32 post_state;      /* before Byzantium; zero: has a status */
  u64 cumulative_gas, gas_used;
  struct bloom256 bloom;
  const struct state_log *log;
  u32 log_cnt;
  bool has_created;
  addr20 created;         /* not in the encoding; derived or kept apart */
  const struct chain_met *met; /* of its execution; in no encoding */
  u32 met_cnt;
};
/* The consensus encoding (type byte, rlp). */
void chain_receipt_encode(struct buf *out, const struct chain_receipt *r);
/* rlp([[address, [topic, ...], data], ...]) */
void chain_logs_encode(struct buf *out, const struct state_log *log, u32 cnt);
void chain_bloom_add(struct bloom256 *b, slice data);
void chain_bloom_logs(struct bloom256 *b, const struct state_log *log, u32 cnt);
bool chain_bloom_may(const struct bloom256 *b, slice data);

/* The store's form of a receipt: compact, with the gas used and the created
** address, without what follows from the rest (bloom).  See chain_block.c. */
void chain_receipt_store(struct buf *out, const struct chain_receipt *r);
err chain_receipt_load(struct chain_receipt *out, slice bytes, struct arena *a)
    MUST_USE;

/* rlp([header, txs, ommers, withdrawals]) as eth_getBlock's size counts it. */
u64 chain_block_size(const struct chain_header *h, const struct chain_tx *txs,
                     u32 tx_cnt);
/* The same from parts: the encoded header's length, and the transactions' as
** they stand in the block (chain_tx_block_len each). */
u64 chain_block_size_of(u64 header_len, u64 txs_len, bool withdrawals);
u64 chain_tx_block_len(const struct chain_tx *tx);
#endif
