/* rpc_json.c - blocks, transactions, receipts and logs in the shapes of the
** Ethereum execution API.
**
** Quantities are 0x-hex without leading zeros (r and s of signatures too),
** data is 0x and even digits, what does not apply is null or left out as geth
** does.  Where no fees are taken, effectiveGasPrice is 0x0 and so is gasPrice
** of a mined transaction of type 2 or above; types 0 and 1 show the price they
** were signed with.  Everywhere, type 0 without chain id (before EIP-155) has
** no chainId, and types above 0 have yParity beside v.
*/
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "rpc/rpc_call.h"

static void rpc_kv_hash(struct jsonw *w, const char *key, const hash32 *h) {
  jsonw_kv_hex(w, key, hash32_slice(h));
}

static void rpc_kv_addr(struct jsonw *w, const char *key, const addr20 *a) {
  jsonw_kv_hex(w, key, addr20_slice(a));
}

static void rpc_kv_u256(struct jsonw *w, const char *key, const u256 *v) {
  jsonw_key(w, key);
  jsonw_quantity_u256(w, v);
}

static void rpc_kv_be32(struct jsonw *w, const char *key, const u8 b[32]) {
  u256 v;
  u256_from_be(&v, b);
  rpc_kv_u256(w, key, &v);
}

void rpc_put_access_list(struct jsonw *w, const struct chain_access *list,
                         u32 cnt) {
  jsonw_arr(w);
  for (u32 i = 0; i < cnt; i++) {
    jsonw_obj(w);
    rpc_kv_addr(w, "address", &list[i].addr);
    jsonw_key(w, "storageKeys");
    jsonw_arr(w);
    for (u32 k = 0; k < list[i].slot_cnt; k++) {
      hash32 h = u256_hash32(&list[i].slot[k]);
      jsonw_hex(w, hash32_slice(&h));
    }
    jsonw_arr_end(w);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
}

static void rpc_put_auths(struct jsonw *w, const struct chain_tx *tx) {
  jsonw_arr(w);
  for (u32 i = 0; i < tx->auth_cnt; i++) {
    const struct chain_auth *a = &tx->auth[i];
    jsonw_obj(w);
    rpc_kv_u256(w, "chainId", &a->chain_id);
    rpc_kv_addr(w, "address", &a->addr);
    jsonw_kv_quantity(w, "nonce", a->nonce);
    rpc_kv_u256(w, "yParity", &a->y_parity);
    rpc_kv_be32(w, "r", a->sig.r);
    rpc_kv_be32(w, "s", a->sig.s);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
}

/* What gas cost in a block: base fee and tip, at most the maximum. */
static u256 rpc_effective_price(const struct chain_tx *tx,
                                const struct chain_header *h,
                                const struct chain_rules *rules) {
  if (!rules->fees) return U256_ZERO;
  if (tx->type < 2 || h->opt_cnt == 0) return tx->gas_price;
  u256 price;
  if (u256_add(&price, &h->base_fee, &tx->max_priority_fee) ||
      u256_lt(&tx->gas_price, &price)) {
    return tx->gas_price;
  }
  return price;
}

static void rpc_put_tx_fees(struct jsonw *w, const struct chain_tx *tx,
                            const struct rpc_place *p,
                            const struct chain_rules *rules) {
  u256 price = tx->gas_price;
  if (p && tx->type >= 2) price = rpc_effective_price(tx, p->header, rules);
  rpc_kv_u256(w, "gasPrice", &price);
  if (tx->type < 2 || tx->type > 4) return;
  rpc_kv_u256(w, "maxFeePerGas", &tx->gas_price);
  rpc_kv_u256(w, "maxPriorityFeePerGas", &tx->max_priority_fee);
  if (tx->type == 3) rpc_kv_u256(w, "maxFeePerBlobGas", &tx->max_blob_fee);
}

static void rpc_put_tx_place(struct jsonw *w, const struct rpc_place *p) {
  if (!p) {
    jsonw_kv_null(w, "blockHash");
    jsonw_kv_null(w, "blockNumber");
    jsonw_kv_null(w, "transactionIndex");
    return;
  }
  if (p->block_hash) {
    rpc_kv_hash(w, "blockHash", p->block_hash);
  } else {
    jsonw_kv_null(w, "blockHash");
  }
  jsonw_kv_quantity(w, "blockNumber", p->header->number);
  jsonw_kv_quantity(w, "blockTimestamp", p->header->timestamp);
  jsonw_kv_quantity(w, "transactionIndex", p->idx);
}

static void rpc_kv_to(struct jsonw *w, const struct chain_tx *tx) {
  if (tx->has_to) {
    rpc_kv_addr(w, "to", &tx->to);
  } else {
    jsonw_kv_null(w, "to");
  }
}

void rpc_put_tx(struct jsonw *w, const struct chain_tx *tx,
                const struct rpc_place *p, const struct chain_rules *rules) {
  jsonw_obj(w);
  rpc_put_tx_place(w, p);
  rpc_kv_addr(w, "from", &tx->sender);
  jsonw_kv_quantity(w, "gas", tx->gas_limit);
  rpc_put_tx_fees(w, tx, p, rules);
  rpc_kv_hash(w, "hash", &tx->hash);
  jsonw_kv_hex(w, "input", tx->data);
  jsonw_kv_quantity(w, "nonce", tx->nonce);
  rpc_kv_to(w, tx);
  rpc_kv_u256(w, "value", &tx->value);
  jsonw_kv_quantity(w, "type", tx->type);
  if (tx->type >= 1 && tx->type <= 4) {
    jsonw_key(w, "accessList");
    rpc_put_access_list(w, tx->access, tx->access_cnt);
  }
  if (tx->type > 0 || tx->protected) {
    jsonw_kv_quantity(w, "chainId", tx->chain_id);
  }
  if (tx->type == 3) {
    jsonw_key(w, "blobVersionedHashes");
    jsonw_arr(w);
    for (u32 i = 0; i < tx->blob_cnt; i++) {
      jsonw_hex(w, hash32_slice(&tx->blob_hash[i]));
    }
    jsonw_arr_end(w);
  }
  if (tx->type == 4) {
    jsonw_key(w, "authorizationList");
    rpc_put_auths(w, tx);
  }
  jsonw_kv_quantity(w, "v", tx->v);
  rpc_kv_be32(w, "r", tx->sig.r);
  rpc_kv_be32(w, "s", tx->sig.s);
  if (tx->type > 0) jsonw_kv_quantity(w, "yParity", tx->v);
  jsonw_obj_end(w);
}

/*------------------------------------------------------------------- logs */

struct rpc_log_place {
  u64 number, timestamp, log_idx;
  const hash32 *block_hash, *tx_hash;
  u32 tx_idx;
};

static void rpc_put_log_at(struct jsonw *w, const struct state_log *log,
                           const struct rpc_log_place *p) {
  jsonw_obj(w);
  rpc_kv_addr(w, "address", &log->addr);
  jsonw_key(w, "topics");
  jsonw_arr(w);
  for (u32 i = 0; i < log->topic_cnt; i++) {
    jsonw_hex(w, hash32_slice(&log->topic[i]));
  }
  jsonw_arr_end(w);
  jsonw_kv_hex(w, "data", log->data);
  jsonw_kv_quantity(w, "blockNumber", p->number);
  rpc_kv_hash(w, "transactionHash", p->tx_hash);
  jsonw_kv_quantity(w, "transactionIndex", p->tx_idx);
  rpc_kv_hash(w, "blockHash", p->block_hash);
  jsonw_kv_quantity(w, "blockTimestamp", p->timestamp);
  jsonw_kv_quantity(w, "logIndex", p->log_idx);
  jsonw_kv_bool(w, "removed", false);
  jsonw_obj_end(w);
}

void rpc_put_log(struct jsonw *w, const struct node_log *log) {
  struct rpc_log_place p = {.number = log->number,
                            .timestamp = log->time_ms / 1000,
                            .log_idx = log->log_idx,
                            .block_hash = &log->block_hash,
                            .tx_hash = &log->tx_hash,
                            .tx_idx = log->tx_idx};
  rpc_put_log_at(w, log->log, &p);
}

/*--------------------------------------------------------------- receipts */

/* EIP-4844. */
static void rpc_put_blob_fees(struct jsonw *w, const struct chain_tx *tx,
                              const struct chain_header *h,
                              const struct chain_rules *rules) {
  u256 price = U256_ZERO;
  if (rules->fees)
    chain_blob_base_fee(&price, h->excess_blob_gas,
                        rules->blob_update_fraction);
  jsonw_kv_quantity(w, "blobGasUsed",
                    (u64)tx->blob_cnt * CHAIN_GAS_PER_BLOB);
  rpc_kv_u256(w, "blobGasPrice", &price);
}

void rpc_put_receipt(struct jsonw *w, const struct chain_tx *tx,
                     const struct chain_receipt *r, u64 log_base,
                     const struct rpc_place *p,
                     const struct chain_rules *rules) {
  rpc_put_receipt_open(w, tx, r, log_base, p, rules);
  jsonw_obj_end(w);
}

void rpc_put_receipt_open(struct jsonw *w, const struct chain_tx *tx,
                          const struct chain_receipt *r, u64 log_base,
                          const struct rpc_place *p,
                          const struct chain_rules *rules) {
  static const hash32 none = {{0}};
  jsonw_obj(w);
  rpc_kv_hash(w, "blockHash", p->block_hash);
  jsonw_kv_quantity(w, "blockNumber", p->header->number);
  if (r->has_created) {
    rpc_kv_addr(w, "contractAddress", &r->created);
  } else {
    jsonw_kv_null(w, "contractAddress");
  }
  jsonw_kv_quantity(w, "cumulativeGasUsed", r->cumulative_gas);
  u256 price = rpc_effective_price(tx, p->header, rules);
  rpc_kv_u256(w, "effectiveGasPrice", &price);
  rpc_kv_addr(w, "from", &tx->sender);
  jsonw_kv_quantity(w, "gasUsed", r->gas_used);
  if (tx->type == 3) rpc_put_blob_fees(w, tx, p->header, rules);
  jsonw_key(w, "logs");
  jsonw_arr(w);
  struct rpc_log_place lp = {.number = p->header->number,
                             .timestamp = p->header->timestamp,
                             .log_idx = log_base,
                             .block_hash = p->block_hash,
                             .tx_hash = &tx->hash,
                             .tx_idx = p->idx};
  for (u32 i = 0; i < r->log_cnt; i++, lp.log_idx++) {
    rpc_put_log_at(w, &r->log[i], &lp);
  }
  jsonw_arr_end(w);
  jsonw_kv_hex(w, "logsBloom", slice_of(r->bloom.b, sizeof r->bloom.b));
  if (hash32_eq(&r->post_state, &none)) {
    jsonw_kv_quantity(w, "status", r->success);
  } else {
    rpc_kv_hash(w, "root", &r->post_state);
  }
  rpc_kv_to(w, tx);
  rpc_kv_hash(w, "transactionHash", &tx->hash);
  jsonw_kv_quantity(w, "transactionIndex", p->idx);
  jsonw_kv_quantity(w, "type", tx->type);
}

/*----------------------------------------------------------------- blocks */

/* The members that came with London and after. */
static void rpc_put_header_optional(struct jsonw *w,
                                    const struct chain_header *h) {
  if (h->opt_cnt >= 1) rpc_kv_u256(w, "baseFeePerGas", &h->base_fee);
  if (h->opt_cnt >= 2) {
    rpc_kv_hash(w, "withdrawalsRoot", &h->withdrawals_root);
  }
  if (h->opt_cnt >= 4) {
    jsonw_kv_quantity(w, "blobGasUsed", h->blob_gas_used);
    jsonw_kv_quantity(w, "excessBlobGas", h->excess_blob_gas);
  }
  if (h->opt_cnt >= 5) {
    rpc_kv_hash(w, "parentBeaconBlockRoot", &h->beacon_root);
  }
  if (h->opt_cnt >= 6) rpc_kv_hash(w, "requestsHash", &h->requests_hash);
}

static void rpc_put_header(struct jsonw *w, const struct chain_header *h,
                           const hash32 *hash) {
  jsonw_kv_quantity(w, "number", h->number);
  if (hash) {
    rpc_kv_hash(w, "hash", hash);
    jsonw_kv_hex(w, "nonce", slice_of(h->nonce, 8));
    rpc_kv_addr(w, "miner", &h->coinbase);
  } else {
    jsonw_kv_null(w, "hash");
    jsonw_kv_null(w, "nonce");
    jsonw_kv_null(w, "miner");
  }
  rpc_kv_hash(w, "parentHash", &h->parent_hash);
  rpc_kv_hash(w, "sha3Uncles", &h->ommers_hash);
  jsonw_kv_hex(w, "logsBloom", slice_of(h->bloom.b, sizeof h->bloom.b));
  rpc_kv_hash(w, "transactionsRoot", &h->txs_root);
  rpc_kv_hash(w, "stateRoot", &h->state_root);
  rpc_kv_hash(w, "receiptsRoot", &h->receipts_root);
  rpc_kv_u256(w, "difficulty", &h->difficulty);
  jsonw_kv_hex(w, "extraData", slice_of(h->extra, h->extra_len));
  jsonw_kv_quantity(w, "gasLimit", h->gas_limit);
  jsonw_kv_quantity(w, "gasUsed", h->gas_used);
  jsonw_kv_quantity(w, "timestamp", h->timestamp);
  rpc_kv_hash(w, "mixHash", &h->mix_hash);
  rpc_put_header_optional(w, h);
}

void rpc_put_head(struct jsonw *w, const struct chain_header *h,
                  const hash32 *hash) {
  jsonw_obj(w);
  rpc_put_header(w, h, hash);
  jsonw_obj_end(w);
}

void rpc_put_withdrawals(struct jsonw *w, const struct node_block *b) {
  jsonw_key(w, "withdrawals");
  jsonw_arr(w);
  for (u32 i = 0; i < b->withdrawal_cnt; i++) {
    const struct chain_withdrawal *d = &b->withdrawal[i];
    jsonw_obj(w);
    jsonw_kv_quantity(w, "index", d->index);
    jsonw_kv_quantity(w, "validatorIndex", d->validator);
    rpc_kv_addr(w, "address", &d->addr);
    jsonw_kv_quantity(w, "amount", d->amount);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
}

/* Ommers by their hashes. */
static void rpc_put_block_rest(struct jsonw *w, const struct node_block *b) {
  if (b->header.opt_cnt >= 2) rpc_put_withdrawals(w, b);
  jsonw_key(w, "uncles");
  jsonw_arr(w);
  for (u32 i = 0; i < b->ommer_cnt; i++) {
    hash32 hash;
    chain_header_hash(&hash, &b->ommer[i]);
    jsonw_hex(w, hash32_slice(&hash));
  }
  jsonw_arr_end(w);
}

void rpc_put_block_open(struct jsonw *w, const struct node_block *b,
                        bool full, bool pending,
                        const struct chain_rules *rules) {
  const hash32 *hash = pending ? NULL : &b->hash;
  jsonw_obj(w);
  rpc_put_header(w, &b->header, hash);
  jsonw_kv_quantity(w, "size", b->size);
  jsonw_key(w, "transactions");
  jsonw_arr(w);
  for (u32 i = 0; i < b->tx_cnt; i++) {
    if (full) {
      struct rpc_place p = {hash, &b->header, i};
      rpc_put_tx(w, &b->tx[i], &p, rules);
    } else {
      jsonw_hex(w, hash32_slice(&b->tx[i].hash));
    }
  }
  jsonw_arr_end(w);
  rpc_put_block_rest(w, b);
}

void rpc_put_block(struct jsonw *w, const struct node_block *b, bool full,
                   bool pending, const struct chain_rules *rules) {
  rpc_put_block_open(w, b, full, pending, rules);
  jsonw_obj_end(w);
}
