/* chain_block.c - headers, receipts and blooms as bytes.
**
** Header: the RLP list of the yellow paper's 15 fields, then, as its fork has
** them: base fee (EIP-1559), withdrawals root (EIP-4895), blob gas used and
** excess blob gas (EIP-4844), beacon root (EIP-4788), requests hash
** (EIP-7685).
**
** extraData of this chain, 5 bytes: version 1, milliseconds below the second
** (2, big-endian, < 1000), round of the parent's commit (2, big-endian).
**
** Receipt in consensus: type byte (not for type 0), rlp([status or post state,
** cumulative gas, bloom, [[address, [topic, ...], data], ...]]).
** Receipt in the store: rlp([version 1, type, status or post state,
** cumulative gas, gas used, created address or "", logs as above]); the bloom
** is made from the logs again.
*/
#include "chain/chain_block.h"

#include "codec/rlp.h"
#include "crypto/keccak.h"

enum { CHAIN_RECEIPT_VERSION = 1 };

/*---------------------------------------------------------------- header */

u32 chain_header_opt_cnt(enum evm_fork f) {
  return f >= EVM_PRAGUE     ? 6
         : f >= EVM_CANCUN   ? 5
         : f >= EVM_SHANGHAI ? 2
         : f >= EVM_LONDON   ? 1
                             : 0;
}

void chain_header_encode(struct buf *out, const struct chain_header *h) {
  size_t list = rlp_list_open(out);
  rlp_put_str(out, h->parent_hash.b, 32);
  rlp_put_str(out, h->ommers_hash.b, 32);
  rlp_put_str(out, h->coinbase.b, 20);
  rlp_put_str(out, h->state_root.b, 32);
  rlp_put_str(out, h->txs_root.b, 32);
  rlp_put_str(out, h->receipts_root.b, 32);
  rlp_put_str(out, h->bloom.b, 256);
  rlp_put_u256(out, &h->difficulty);
  rlp_put_u64(out, h->number);
  rlp_put_u64(out, h->gas_limit);
  rlp_put_u64(out, h->gas_used);
  rlp_put_u64(out, h->timestamp);
  rlp_put_str(out, h->extra, h->extra_len);
  rlp_put_str(out, h->mix_hash.b, 32);
  rlp_put_str(out, h->nonce, 8);
  if (h->opt_cnt >= 1) rlp_put_u256(out, &h->base_fee);
  if (h->opt_cnt >= 2) rlp_put_str(out, h->withdrawals_root.b, 32);
  if (h->opt_cnt >= 4) {
    rlp_put_u64(out, h->blob_gas_used);
    rlp_put_u64(out, h->excess_blob_gas);
  }
  if (h->opt_cnt >= 5) rlp_put_str(out, h->beacon_root.b, 32);
  if (h->opt_cnt >= 6) rlp_put_str(out, h->requests_hash.b, 32);
  rlp_list_close(out, list);
}

static err chain_header_read_opt(struct chain_header *h, slice *in) {
  if (in->len == 0) return ERR_OK;
  TRY(rlp_read_u256(in, &h->base_fee));
  h->opt_cnt = 1;
  if (in->len == 0) return ERR_OK;
  TRY(rlp_read_fixed(in, h->withdrawals_root.b, 32));
  h->opt_cnt = 2;
  if (in->len == 0) return ERR_OK;
  TRY(rlp_read_u64(in, &h->blob_gas_used));
  TRY(rlp_read_u64(in, &h->excess_blob_gas));
  h->opt_cnt = 4;
  if (in->len == 0) return ERR_OK;
  TRY(rlp_read_fixed(in, h->beacon_root.b, 32));
  h->opt_cnt = 5;
  if (in->len == 0) return ERR_OK;
  TRY(rlp_read_fixed(in, h->requests_hash.b, 32));
  h->opt_cnt = 6;
  return rlp_end(*in);
}

err chain_header_decode(struct chain_header *out, slice rlp) {
  slice in, extra;
  struct chain_header *h = out;
  memset(h, 0, sizeof(*h));
  TRY(rlp_read_list(&rlp, &in));
  TRY(rlp_end(rlp));
  TRY(rlp_read_fixed(&in, h->parent_hash.b, 32));
  TRY(rlp_read_fixed(&in, h->ommers_hash.b, 32));
  TRY(rlp_read_fixed(&in, h->coinbase.b, 20));
  TRY(rlp_read_fixed(&in, h->state_root.b, 32));
  TRY(rlp_read_fixed(&in, h->txs_root.b, 32));
  TRY(rlp_read_fixed(&in, h->receipts_root.b, 32));
  TRY(rlp_read_fixed(&in, h->bloom.b, 256));
  TRY(rlp_read_u256(&in, &h->difficulty));
  TRY(rlp_read_u64(&in, &h->number));
  TRY(rlp_read_u64(&in, &h->gas_limit));
  TRY(rlp_read_u64(&in, &h->gas_used));
  TRY(rlp_read_u64(&in, &h->timestamp));
  TRY(rlp_read_str(&in, &extra));
  if (extra.len > sizeof(h->extra)) return ERR_RANGE;
  if (extra.len) memcpy(h->extra, extra.ptr, extra.len);
  h->extra_len = (u32)extra.len;
  TRY(rlp_read_fixed(&in, h->mix_hash.b, 32));
  TRY(rlp_read_fixed(&in, h->nonce, 8));
  return chain_header_read_opt(h, &in);
}

void chain_header_hash(hash32 *out, const struct chain_header *h) {
  struct buf b;
  buf_init(&b, 0);
  chain_header_encode(&b, h);
  crypto_keccak256(out, b.ptr, b.len);
  buf_fini(&b);
}

void chain_extra_put(struct chain_header *h, u32 ms, u32 parent_round) {
  MUST(ms < 1000 && parent_round <= 0xffff);
  memset(h->extra, 0, sizeof(h->extra));
  h->extra[0] = CHAIN_EXTRA_VERSION;
  h->extra[1] = (u8)(ms >> 8);
  h->extra[2] = (u8)ms;
  h->extra[3] = (u8)(parent_round >> 8);
  h->extra[4] = (u8)parent_round;
  h->extra_len = 5;
}

bool chain_extra_get(const struct chain_header *h, u32 *ms,
                     u32 *parent_round) {
  u32 v = (u32)h->extra[1] << 8 | h->extra[2];
  if (h->extra_len != 5 || h->extra[0] != CHAIN_EXTRA_VERSION || v >= 1000)
    return false;
  *ms = v;
  *parent_round = (u32)h->extra[3] << 8 | h->extra[4];
  return true;
}

u64 chain_header_time_ms(const struct chain_header *h) {
  u32 ms, round;
  return h->timestamp * 1000 + (chain_extra_get(h, &ms, &round) ? ms : 0);
}

/*----------------------------------------------------------------- bloom */

/* The three bits of data: 11 bits each of its keccak, as byte and mask. */
/* The three bits of a hash. */
static void chain_bloom_bits(u32 byte[3], u8 mask[3], const hash32 *h) {
  for (int i = 0; i < 3; i++) {
    u32 bit = ((u32)h->b[2 * i] << 8 | h->b[2 * i + 1]) & 2047;
    byte[i] = 255 - bit / 8;
    mask[i] = (u8)(1u << bit % 8);
  }
}
static void chain_bloom_set(struct bloom256 *b, const hash32 *h) {
  u32 byte[3];
  u8 mask[3];
  chain_bloom_bits(byte, mask, h);
  for (int i = 0; i < 3; i++) b->b[byte[i]] |= mask[i];
}

void chain_bloom_add(struct bloom256 *b, slice data) {
  hash32 h;
  crypto_keccak256(&h, data.ptr, data.len);
  chain_bloom_set(b, &h);
}

bool chain_bloom_may(const struct bloom256 *b, slice data) {
  u32 byte[3];
  u8 mask[3];
  hash32 h;
  crypto_keccak256(&h, data.ptr, data.len);
  chain_bloom_bits(byte, mask, &h);
  return (b->b[byte[0]] & mask[0]) && (b->b[byte[1]] & mask[1]) &&
         (b->b[byte[2]] & mask[2]);
}

/* What is to be hashed, several at a time. */
enum { CHAIN_BLOOM_BATCH = 16 };
struct chain_bloom_batch {
  slice in[CHAIN_BLOOM_BATCH];
  u32 cnt;
};
static void chain_bloom_flush(struct bloom256 *b, struct chain_bloom_batch *q) {
  hash32 h[CHAIN_BLOOM_BATCH];
  crypto_keccak256_batch(h, q->in, q->cnt);
  for (u32 i = 0; i < q->cnt; i++) chain_bloom_set(b, &h[i]);
  q->cnt = 0;
}
static void chain_bloom_ask(struct bloom256 *b, struct chain_bloom_batch *q,
                            slice data) {
  if (q->cnt == CHAIN_BLOOM_BATCH) chain_bloom_flush(b, q);
  q->in[q->cnt++] = data;
}

void chain_bloom_logs(struct bloom256 *b, const struct state_log *log,
                      u32 cnt) {
  struct chain_bloom_batch q = {.cnt = 0};
  for (u32 i = 0; i < cnt; i++) {
    if (i == 0 || !addr20_eq(&log[i].addr, &log[i - 1].addr))
      chain_bloom_ask(b, &q, addr20_slice(&log[i].addr));
    for (u32 t = 0; t < log[i].topic_cnt; t++)
      chain_bloom_ask(b, &q, hash32_slice(&log[i].topic[t]));
  }
  chain_bloom_flush(b, &q);
}

/*-------------------------------------------------------------- receipts */

void chain_logs_encode(struct buf *out, const struct state_log *log, u32 cnt) {
  size_t list = rlp_list_open(out);
  for (u32 i = 0; i < cnt; i++) {
    size_t entry = rlp_list_open(out);
    rlp_put_str(out, log[i].addr.b, 20);
    size_t topics = rlp_list_open(out);
    for (u32 t = 0; t < log[i].topic_cnt; t++)
      rlp_put_str(out, log[i].topic[t].b, 32);
    rlp_list_close(out, topics);
    rlp_put_slice(out, log[i].data);
    rlp_list_close(out, entry);
  }
  rlp_list_close(out, list);
}

static bool chain_receipt_has_post_state(const struct chain_receipt *r) {
  static const hash32 none;
  return !hash32_eq(&r->post_state, &none);
}

static void chain_receipt_put_status(struct buf *out,
                                     const struct chain_receipt *r) {
  if (chain_receipt_has_post_state(r))
    rlp_put_str(out, r->post_state.b, 32);
  else
    rlp_put_u64(out, r->success);
}

void chain_receipt_encode(struct buf *out, const struct chain_receipt *r) {
  if (r->type != 0) buf_put_u8(out, r->type);
  size_t list = rlp_list_open(out);
  chain_receipt_put_status(out, r);
  rlp_put_u64(out, r->cumulative_gas);
  rlp_put_str(out, r->bloom.b, 256);
  chain_logs_encode(out, r->log, r->log_cnt);
  rlp_list_close(out, list);
}

void chain_receipt_store(struct buf *out, const struct chain_receipt *r) {
  size_t list = rlp_list_open(out);
  rlp_put_u64(out, CHAIN_RECEIPT_VERSION);
  rlp_put_u64(out, r->type);
  chain_receipt_put_status(out, r);
  rlp_put_u64(out, r->cumulative_gas);
  rlp_put_u64(out, r->gas_used);
  rlp_put_str(out, r->created.b, r->has_created ? 20 : 0);
  chain_logs_encode(out, r->log, r->log_cnt);
  rlp_list_close(out, list);
}

static err chain_log_read(struct state_log *out, slice *in) {
  slice entry, topics;
  TRY(rlp_read_list(in, &entry));
  TRY(rlp_read_fixed(&entry, out->addr.b, 20));
  TRY(rlp_read_list(&entry, &topics));
  if (topics.len > 4 * 33) return ERR_RANGE;
  while (topics.len) {
    TRY(rlp_read_fixed(&topics, out->topic[out->topic_cnt].b, 32));
    out->topic_cnt++;
  }
  TRY(rlp_read_str(&entry, &out->data));
  return rlp_end(entry);
}

static err chain_logs_read(struct chain_receipt *r, slice *in,
                           struct arena *a) {
  slice list;
  TRY(rlp_read_list(in, &list));
  TRY(rlp_count(list, &r->log_cnt));
  struct state_log *log = arena_array(a, struct state_log, r->log_cnt);
  if (!log) return ERR_LIMIT;
  for (u32 i = 0; i < r->log_cnt; i++) TRY(chain_log_read(&log[i], &list));
  r->log = log;
  chain_bloom_logs(&r->bloom, log, r->log_cnt);
  return ERR_OK;
}

err chain_receipt_load(struct chain_receipt *out, slice bytes,
                       struct arena *a) {
  slice in, s;
  u64 version, type;
  memset(out, 0, sizeof(*out));
  TRY(rlp_read_list(&bytes, &in));
  TRY(rlp_end(bytes));
  TRY(rlp_read_u64(&in, &version));
  if (version != CHAIN_RECEIPT_VERSION) return ERR_UNSUPPORTED;
  TRY(rlp_read_u64(&in, &type));
  if (type > 0x7f) return ERR_RANGE;
  out->type = (u8)type;
  TRY(rlp_read_str(&in, &s));
  if (s.len == 32)
    memcpy(out->post_state.b, s.ptr, 32);
  else if (s.len == 1 && s.ptr[0] == 1)
    out->success = true;
  else if (s.len != 0)
    return ERR_INPUT;
  TRY(rlp_read_u64(&in, &out->cumulative_gas));
  TRY(rlp_read_u64(&in, &out->gas_used));
  TRY(rlp_read_str(&in, &s));
  if (s.len != 0 && s.len != 20) return ERR_INPUT;
  out->has_created = s.len == 20;
  if (out->has_created) memcpy(out->created.b, s.ptr, 20);
  TRY(chain_logs_read(out, &in, a));
  return rlp_end(in);
}

/*------------------------------------------------------------------ size */

static u64 chain_block_list_len(u64 payload) {
  u8 prefix[9];
  return payload + rlp_prefix(prefix, payload, true);
}

u64 chain_tx_block_len(const struct chain_tx *tx) {
  return tx->type == 0 ? tx->raw.len : rlp_str_len(tx->raw.ptr, tx->raw.len);
}

u64 chain_block_size_of(u64 header_len, u64 txs_len, bool withdrawals) {
  return chain_block_list_len(header_len + chain_block_list_len(txs_len) + 1 +
                              (withdrawals ? 1 : 0));
}

u64 chain_block_size(const struct chain_header *h, const struct chain_tx *txs,
                     u32 tx_cnt) {
  struct buf b;
  u64 txs_len = 0;
  buf_init(&b, 0);
  chain_header_encode(&b, h);
  for (u32 i = 0; i < tx_cnt; i++) txs_len += chain_tx_block_len(&txs[i]);
  u64 size = chain_block_size_of(b.len, txs_len, h->opt_cnt >= 2);
  buf_fini(&b);
  return size;
}
