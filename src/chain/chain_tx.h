/* chain_tx.h - transactions: the EIP-2718 envelopes 0 (legacy), 1 (EIP-2930),
** 2 (EIP-1559), 3 (EIP-4844), 4 (EIP-7702); decoding, sender, encoding. */
#ifndef CHAIN_TX_H
#define CHAIN_TX_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/u256.h"
#include "crypto/secp256k1.h"

struct chain_access { /* one entry of an access list */
  addr20 addr;
  const u256 *slot;
  u32 slot_cnt;
};
struct chain_auth { /* one EIP-7702 authorization */
  u256 chain_id;
  addr20 addr;
  u64 nonce;
  struct sig65 sig;   /* v = yParity */
  u256 y_parity;      /* as given: over 1 makes it invalid, not the tx */
  bool has_authority; /* set by chain_tx_sender: recovered */
  addr20 authority;
};
struct chain_tx {
  u8 type;
  bool protected;         /* has a chain id (always but pre-EIP-155) */
  bool has_to;            /* false: creation */
  bool has_sender;        /* sender is filled */
  u64 chain_id;
  u64 nonce, gas_limit;
  u256 gas_price;         /* types 0, 1; of 2.. the max fee */
  u256 max_priority_fee;  /* types 2..; else = gas_price */
  u256 max_blob_fee;
  addr20 to, sender;
  u256 value;
  slice data;
  const struct chain_access *access;
  u32 access_cnt;
  const hash32 *blob_hash;
  u32 blob_cnt;
  struct chain_auth *auth;
  u32 auth_cnt;
  struct sig65 sig;
  u64 v;                  /* as encoded (legacy: 27, 28 or EIP-155) */
  hash32 hash;            /* keccak256 of raw */
  slice raw;              /* the whole envelope, view of what was decoded */
  slice body;             /* of raw, the fields before the signature: what
                          ** decode leaves for the signing hash; else empty */
};
#define CHAIN_TX_TYPE_MAX 4
/* What a block's deadlines did, last in the block and never sent by anybody:
** 0x7e || rlp([chainId, height]), from the system to the scheduler.  It has no
** signature, so no pool or proposal takes one. */
#define CHAIN_TX_TYPE_SYSTEM 0x7e
extern const addr20 CHAIN_SYSTEM_ADDR; /* 0xff..fe */
/* raw in the arena. */
void chain_tx_system(struct chain_tx *out, u64 chain_id, u64 height,
                     struct arena *a);

/* Decodes one envelope strictly (form only: no chain id or fee rules).  All
** views are into raw or the arena. msg says what is malformed, in geth's
** words where it has any. */
err chain_tx_decode(struct chain_tx *out, slice raw, struct arena *a,
                    struct errmsg *msg) MUST_USE;
/* A blob transaction that comes with its blobs, without them, when all proofs
** hold; others as they are.  ERR_INPUT, ERR_INVALID_TX with geth's words. */
err chain_tx_unwrap(slice *out, slice raw, struct arena *a,
                    struct errmsg *msg) MUST_USE;
/* The hash that the sender signed; of a decoded transaction, over the bytes it
** was decoded from. */
void chain_tx_signing_hash(hash32 *out, const struct chain_tx *tx);
/* Recovers sender (and authorities) into tx.  ERR_SIGNATURE. The costly part:
** once, in a worker, never again.  A high s is refused but for unprotected
** transactions, which Frontier took (chain_tx_check knows the fork). */
err chain_tx_sender(struct chain_tx *tx) MUST_USE;
/* The same for cnt transactions; res[i] is what chain_tx_sender gives.  Best
** in groups of CRYPTO_RECOVER_GROUP. */
void chain_tx_senders(struct chain_tx *const *tx, err *res, u32 cnt);
/* Recovers one authorization (EIP-7702): has_authority stays false when its
** signature is not one of a low s. */
void chain_auth_recover(struct chain_auth *auth);
/* Encodes with the signature that tx carries; tx->raw is not touched. */
void chain_tx_encode(struct buf *out, const struct chain_tx *tx);
/* Signs with key: sets sig, v, sender, hash; raw into the arena. */
err chain_tx_sign(struct chain_tx *tx, const u8 key[32], struct arena *a)
    MUST_USE;
#endif
