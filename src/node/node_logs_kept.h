/* node_logs_kept.h - logs of chunks of receipts, decoded, as they were last
** read; safe for any threads. */
#ifndef NODE_NODE_LOGS_KEPT_H
#define NODE_NODE_LOGS_KEPT_H
#include <stdatomic.h>

#include "state/state.h"

struct nstate_log {
  struct state_log log;  /* its data is the chunk's */
  u32 tx_idx, log_idx;   /* in the block */
  atomic_bool has_hash;
  hash32 tx_hash;        /* once has_hash */
};
struct nstate_logs {
  u64 seq;
  u64 time_ms;           /* of the block */
  hash32 block_hash;
  u8 *data;              /* after the entries */
  size_t bytes;          /* of all this */
  atomic_uint refs;
  bool used;             /* the cache's */
  u32 cnt;
  struct nstate_log entry[];
};
/* One with room for cnt entries, which the caller fills, and as many bytes of
** data; the caller's until nstate_logs_give. */
struct nstate_logs *nstate_logs_make(u32 cnt, size_t data_len);
void nstate_logs_give(struct nstate_logs *c);

struct nstate_kept;
struct nstate_kept *nstate_kept_open(void);
void nstate_kept_close(struct nstate_kept *k);
/* The chunk, to be given back, or NULL. */
struct nstate_logs *nstate_kept_take(struct nstate_kept *k, u64 seq);
/* May keep it; the caller still gives it back. */
void nstate_kept_put(struct nstate_kept *k, struct nstate_logs *c);
/* The hash of a transaction, for its entries. */
void nstate_kept_hash(struct nstate_kept *k, struct nstate_logs *c,
                      u32 tx_idx, const hash32 *hash);
void nstate_kept_clear(struct nstate_kept *k);
#endif
