/* chain_import.c - see chain_import.h.  The checks follow the yellow paper
** (4.3.4, 4.4.4) and the EIPs: 1559 (base fee), 3675 (merge), 4895
** (withdrawals), 4844, 7691 and 7918 (blob gas), 4788, 7685, 7934 (size). */
#include "chain/chain_import.h"

#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "trie/trie.h"

enum {
  CHAIN_IMPORT_GAS_MIN = 5000,
  CHAIN_IMPORT_GAS_DIVISOR = 1024,
  CHAIN_IMPORT_FEE_DIVISOR = 8,
  CHAIN_IMPORT_FEE_FIRST = 1000000000,
  CHAIN_IMPORT_BLOB_BASE_COST = 8192,      /* EIP-7918 */
  CHAIN_IMPORT_SIZE_MAX = 8388608,         /* EIP-7934 */
  CHAIN_IMPORT_OMMER_DEPTH = 6
};

/* A check: what must hold, and what to say when it does not. */
#define CHAIN_IMPORT_NEED(cond, ...) \
  do { \
    if (!(cond)) return err_say(msg, ERR_INVALID_BLOCK, __VA_ARGS__); \
  } while (0)

/*-------------------------------------------------------------- decoding */

static err chain_import_read_header(slice *in, struct chain_header *h,
                                    slice *raw) {
  struct rlp_item item;
  TRY(rlp_read(in, &item));
  *raw = item.raw;
  return chain_header_decode(h, item.raw);
}

static err chain_import_read_txs(slice *in, struct chain_import_block *b,
                                 struct arena *a, struct errmsg *msg) {
  slice list;
  TRY(rlp_read_list(in, &list));
  TRY(rlp_count(list, &b->tx_cnt));
  b->tx = arena_array(a, struct chain_tx, b->tx_cnt);
  for (u32 i = 0; i < b->tx_cnt; i++) {
    struct rlp_item item;
    TRY(rlp_read(&list, &item));
    /* A typed envelope is a string, a legacy one the list itself. */
    slice raw = item.is_list ? item.raw : item.payload;
    TRY(chain_tx_decode(&b->tx[i], raw, a, msg));
    if (item.is_list != (b->tx[i].type == 0)) return ERR_INPUT;
  }
  return ERR_OK;
}

static err chain_import_read_ommers(slice *in, struct chain_import_block *b,
                                    struct arena *a) {
  struct rlp_item item;
  slice raw;
  TRY(rlp_read(in, &item));
  if (!item.is_list) return ERR_INPUT;
  b->ommers = item.raw;
  TRY(rlp_count(item.payload, &b->ommer_cnt));
  b->ommer = arena_array(a, struct chain_header, b->ommer_cnt);
  for (u32 i = 0; i < b->ommer_cnt; i++)
    TRY(chain_import_read_header(&item.payload, &b->ommer[i], &raw));
  return ERR_OK;
}

static err chain_import_read_withdrawals(slice *in,
                                         struct chain_import_block *b,
                                         struct arena *a) {
  slice list;
  if (in->len == 0) return ERR_OK;
  TRY(rlp_read_list(in, &list));
  TRY(rlp_count(list, &b->withdrawal_cnt));
  slice *raw = arena_array(a, slice, b->withdrawal_cnt);
  b->withdrawal = arena_array(a, struct chain_withdrawal, b->withdrawal_cnt);
  for (u32 i = 0; i < b->withdrawal_cnt; i++) {
    struct chain_withdrawal *w = &b->withdrawal[i];
    struct rlp_item item;
    TRY(rlp_read(&list, &item));
    if (!item.is_list) return ERR_INPUT;
    raw[i] = item.raw;
    TRY(rlp_read_u64(&item.payload, &w->index));
    TRY(rlp_read_u64(&item.payload, &w->validator));
    TRY(rlp_read_fixed(&item.payload, w->addr.b, 20));
    TRY(rlp_read_u64(&item.payload, &w->amount));
    TRY(rlp_end(item.payload));
  }
  b->withdrawal_raw = raw;
  b->has_withdrawals = true;
  return ERR_OK;
}

err chain_import_decode_rest(struct chain_import_block *out, slice rest,
                             struct arena *a) {
  TRY(chain_import_read_ommers(&rest, out, a));
  TRY(chain_import_read_withdrawals(&rest, out, a));
  return rlp_end(rest);
}

static err chain_import_read(struct chain_import_block *b, slice rlp,
                             struct arena *a, struct errmsg *msg) {
  slice in, raw;
  TRY(rlp_read_list(&rlp, &in));
  TRY(rlp_end(rlp));
  TRY(chain_import_read_header(&in, &b->header, &raw));
  crypto_keccak256(&b->hash, raw.ptr, raw.len);
  TRY(chain_import_read_txs(&in, b, a, msg));
  b->rest = in;
  return chain_import_decode_rest(b, in, a);
}

err chain_import_decode(struct chain_import_block *out, slice rlp,
                        struct arena *a, struct errmsg *msg) {
  struct errmsg inner = {""};
  memset(out, 0, sizeof(*out));
  out->raw = rlp;
  err e = chain_import_read(out, rlp, a, &inner);
  if (e < 0)
    return err_say(msg, ERR_INVALID_BLOCK, "%.400s",
                   inner.text[0] ? inner.text : err_text(e));
  return ERR_OK;
}

/*---------------------------------------------------------------- header */

void chain_next_base_fee(u256 *out, const struct chain_header *parent) {
  if (parent->opt_cnt < 1) {
    *out = u256_from(CHAIN_IMPORT_FEE_FIRST);
    return;
  }
  u64 target = parent->gas_limit / 2, used = parent->gas_used;
  u256 fee = parent->base_fee, delta, by = u256_from(target);
  u256 eight = u256_from(CHAIN_IMPORT_FEE_DIVISOR), one = u256_from(1);
  bool up = used > target;
  delta = u256_from(up ? used - target : target - used);
  u256_mul(&delta, &delta, &fee);
  u256_divmod(&delta, NULL, &delta, &by);
  u256_divmod(&delta, NULL, &delta, &eight);
  if (up && u256_is_zero(&delta)) delta = one;
  if (up)
    u256_add(out, &fee, &delta);
  else
    u256_sub(out, &fee, &delta);
}

u64 chain_next_excess_blob_gas(const struct chain_header *parent,
                               const struct chain_rules *rules) {
  u64 target = rules->blob_target * CHAIN_GAS_PER_BLOB;
  u64 used = parent->blob_gas_used, sum = parent->excess_blob_gas + used;
  if (sum < target) return 0;
  if (rules->fork >= EVM_OSAKA) {
    u256 reserve = u256_from(CHAIN_IMPORT_BLOB_BASE_COST), price;
    u256 per_blob = u256_from(CHAIN_GAS_PER_BLOB);
    chain_blob_base_fee(&price, parent->excess_blob_gas,
                        rules->blob_update_fraction);
    u256_mul(&price, &price, &per_blob);
    u256_mul(&reserve, &reserve, &parent->base_fee);
    if (u256_lt(&price, &reserve))
      return parent->excess_blob_gas +
             used * (rules->blob_max - rules->blob_target) / rules->blob_max;
  }
  return sum - target;
}

static err chain_import_gas_limit(const struct chain_header *h,
                                  const struct chain_header *parent,
                                  struct errmsg *msg) {
  u64 was = parent->gas_limit;
  if (h->opt_cnt >= 1 && parent->opt_cnt < 1) was *= 2; /* EIP-1559 */
  u64 diff = h->gas_limit > was ? h->gas_limit - was : was - h->gas_limit;
  CHAIN_IMPORT_NEED(diff < was / CHAIN_IMPORT_GAS_DIVISOR,
                    "gas limit moves too far");
  CHAIN_IMPORT_NEED(h->gas_limit >= CHAIN_IMPORT_GAS_MIN, "gas limit too low");
  CHAIN_IMPORT_NEED(h->gas_limit <= INT64_MAX, "gas limit too high");
  CHAIN_IMPORT_NEED(h->gas_used <= h->gas_limit, "gas used over gas limit");
  return ERR_OK;
}

static err chain_import_consensus(const struct chain_import_env *env,
                                  const struct chain_header *h,
                                  struct errmsg *msg) {
  static const u8 no_nonce[8];
  const struct chain_header *parent = &env->parent;
  if (env->rules.fork >= EVM_PARIS) {
    CHAIN_IMPORT_NEED(u256_is_zero(&h->difficulty), "difficulty not zero");
    CHAIN_IMPORT_NEED(memcmp(h->nonce, no_nonce, 8) == 0, "nonce not zero");
    CHAIN_IMPORT_NEED(hash32_eq(&h->ommers_hash, &CRYPTO_KECCAK_RLP_LIST),
                      "ommers after the merge");
    return ERR_OK;
  }
  u256 d;
  chain_difficulty(&d, env->rules.fork, env->bomb_delay, h->number, h->timestamp, parent->timestamp,
                   &parent->difficulty,
                   !hash32_eq(&parent->ommers_hash, &CRYPTO_KECCAK_RLP_LIST));
  CHAIN_IMPORT_NEED(u256_eq(&d, &h->difficulty), "wrong difficulty");
  return ERR_OK;
}

static err chain_import_header(const struct chain_import_env *env,
                               const struct chain_header *h,
                               struct errmsg *msg) {
  const struct chain_header *parent = &env->parent;
  u256 fee;
  CHAIN_IMPORT_NEED(hash32_eq(&h->parent_hash, &env->parent_hash),
                    "another parent");
  CHAIN_IMPORT_NEED(h->number == parent->number + 1, "not the next number");
  CHAIN_IMPORT_NEED(h->timestamp > parent->timestamp,
                    "timestamp not above the parent's");
  CHAIN_IMPORT_NEED(h->opt_cnt == chain_header_opt_cnt(env->rules.fork),
                    "header fields of another fork");
  TRY(chain_import_gas_limit(h, parent, msg));
  TRY(chain_import_consensus(env, h, msg));
  if (h->opt_cnt >= 1) {
    chain_next_base_fee(&fee, parent);
    CHAIN_IMPORT_NEED(u256_eq(&fee, &h->base_fee), "wrong base fee");
  }
  if (h->opt_cnt >= 4) {
    CHAIN_IMPORT_NEED(h->excess_blob_gas ==
                          chain_next_excess_blob_gas(parent, &env->rules),
                      "wrong excess blob gas");
    CHAIN_IMPORT_NEED(h->blob_gas_used <=
                          env->rules.blob_max * CHAIN_GAS_PER_BLOB,
                      "too much blob gas");
  }
  return ERR_OK;
}

/*------------------------------------------------------------------ body */

static err chain_import_ommers(const struct chain_import_env *env,
                               const struct chain_import_block *b,
                               struct errmsg *msg) {
  hash32 hash[2], at;
  crypto_keccak256(&at, b->ommers.ptr, b->ommers.len);
  CHAIN_IMPORT_NEED(hash32_eq(&at, &b->header.ommers_hash),
                    "wrong ommers hash");
  CHAIN_IMPORT_NEED(b->ommer_cnt <= 2, "over two ommers");
  for (u32 i = 0; i < b->ommer_cnt; i++) {
    const struct chain_header *o = &b->ommer[i];
    u64 depth = b->header.number - o->number;
    chain_header_hash(&hash[i], o);
    CHAIN_IMPORT_NEED(o->number > 0 && depth >= 1 &&
                          depth <= CHAIN_IMPORT_OMMER_DEPTH,
                      "ommer too old or too new");
    env->hashes.get(env->hashes.ctx, &at, o->number);
    CHAIN_IMPORT_NEED(!hash32_eq(&at, &hash[i]), "ommer is an ancestor");
    env->hashes.get(env->hashes.ctx, &at, o->number - 1);
    CHAIN_IMPORT_NEED(hash32_eq(&at, &o->parent_hash),
                      "ommer of no ancestor");
  }
  CHAIN_IMPORT_NEED(b->ommer_cnt < 2 || !hash32_eq(&hash[0], &hash[1]),
                    "ommer given twice");
  return ERR_OK;
}

static err chain_import_body(const struct chain_import_env *env,
                             const struct chain_import_block *b,
                             struct arena *a, struct errmsg *msg) {
  hash32 root;
  struct arena_mark mark = arena_mark(a);
  slice *raw = arena_array(a, slice, b->tx_cnt);
  for (u32 i = 0; i < b->tx_cnt; i++) raw[i] = b->tx[i].raw;
  trie_root_indexed(&root, raw, b->tx_cnt, a);
  CHAIN_IMPORT_NEED(hash32_eq(&root, &b->header.txs_root),
                    "wrong transactions root");
  CHAIN_IMPORT_NEED(b->has_withdrawals == (b->header.opt_cnt >= 2),
                    "withdrawals of another fork");
  if (b->has_withdrawals) {
    trie_root_indexed(&root, b->withdrawal_raw, b->withdrawal_cnt, a);
    CHAIN_IMPORT_NEED(hash32_eq(&root, &b->header.withdrawals_root),
                      "wrong withdrawals root");
  }
  arena_reset(a, mark);
  CHAIN_IMPORT_NEED(env->rules.fork < EVM_OSAKA ||
                        b->raw.len <= CHAIN_IMPORT_SIZE_MAX,
                    "block too large");
  return chain_import_ommers(env, b, msg);
}

/*------------------------------------------------------------- execution */

static const struct state_log *chain_import_logs(struct arena *a,
                                                 const struct state_log *log,
                                                 u32 cnt) {
  struct state_log *out = arena_array(a, struct state_log, cnt);
  for (u32 i = 0; i < cnt; i++) {
    out[i] = log[i];
    out[i].data = arena_copy_slice(a, log[i].data);
  }
  return out;
}

/* Before Byzantium a receipt holds the state root after its transaction. */
static err chain_import_post_state(struct chain_exec *x,
                                   const struct chain_import_env *env,
                                   hash32 *out, struct arena *a) {
  struct state_diff diff;
  struct state_root root;
  state_block_diff(chain_exec_state(x), &diff, a);
  TRY(state_commit(&root, &diff, &env->src, NULL, a));
  *out = root.root;
  return ERR_OK;
}

static err chain_import_tx(struct chain_exec *x,
                           const struct chain_import_env *env, u32 i,
                           struct chain_tx *tx, struct chain_receipt *r,
                           struct arena *a, struct errmsg *msg) {
  struct chain_outcome o;
  CHAIN_IMPORT_NEED(tx->has_sender || chain_tx_sender(tx) == ERR_OK,
                    "transaction %u: invalid signature", i);
  chain_exec_tx(x, &o, tx);
  TRY(state_error(chain_exec_state(x)));
  CHAIN_IMPORT_NEED(o.verdict == CHAIN_OK, "transaction %u: %s", i,
                    chain_verdict_text(o.verdict));
  r->type = tx->type;
  r->success = o.status == EVM_SUCCESS;
  r->cumulative_gas = chain_exec_gas_used(x);
  r->gas_used = o.gas_used;
  r->has_created = o.has_created;
  r->created = o.created;
  r->met_cnt = o.met_cnt;
  if (o.met_cnt) r->met = arena_copy(a, o.met, sizeof(*o.met) * o.met_cnt);
  r->log = chain_import_logs(a, o.log, o.log_cnt);
  r->log_cnt = o.log_cnt;
  chain_bloom_logs(&r->bloom, r->log, r->log_cnt);
  return env->rules.fork >= EVM_BYZANTIUM
             ? ERR_OK
             : chain_import_post_state(x, env, &r->post_state, a);
}

static void chain_import_credit(struct chain_exec *x, const addr20 *to,
                                const u256 *wei, bool clear_empty) {
  struct state *s = chain_exec_state(x);
  state_tx_begin(s);
  state_balance_add(s, to, wei);
  state_tx_end(s, clear_empty);
}

void chain_withdraw(struct chain_exec *x, const struct chain_withdrawal *w,
                    u32 cnt) {
  for (u32 i = 0; i < cnt; i++) {
    u256 gwei = u256_from(1000000000), wei = u256_from(w[i].amount);
    u256_mul(&wei, &wei, &gwei);
    chain_import_credit(x, &w[i].addr, &wei, true);
  }
}

void chain_withdrawals_root(hash32 *out, const struct chain_withdrawal *w,
                            u32 cnt, struct arena *a) {
  slice *raw = arena_array(a, slice, cnt);
  struct buf b;
  buf_init(&b, 0);
  for (u32 i = 0; i < cnt; i++) {
    buf_clear(&b);
    size_t at = rlp_list_open(&b);
    rlp_put_u64(&b, w[i].index);
    rlp_put_u64(&b, w[i].validator);
    rlp_put_str(&b, w[i].addr.b, 20);
    rlp_put_u64(&b, w[i].amount);
    rlp_list_close(&b, at);
    raw[i] = arena_copy_slice(a, buf_slice(&b));
  }
  buf_fini(&b);
  trie_root_indexed(out, raw, cnt, a);
}

static void chain_import_rewards(struct chain_exec *x,
                                 const struct chain_import_env *env,
                                 const struct chain_import_block *b) {
  enum evm_fork f = env->rules.fork;
  bool clear = f >= EVM_SPURIOUS;
  u256 ether = u256_from(1000000000000000000ull), reward, part;
  chain_withdraw(x, b->withdrawal, b->withdrawal_cnt);
  if (f >= EVM_PARIS) return;
  reward = u256_from(f >= EVM_CONSTANTINOPLE ? 2 : f >= EVM_BYZANTIUM ? 3 : 5);
  u256_mul(&reward, &reward, &ether);
  u256_shr(&part, &reward, 5);
  for (u32 i = 0; i < b->ommer_cnt; i++) {
    u256 share = u256_from(8 - (b->header.number - b->ommer[i].number));
    u256_mul(&share, &share, &reward);
    u256_shr(&share, &share, 3);
    chain_import_credit(x, &b->ommer[i].coinbase, &share, clear);
  }
  for (u32 i = 0; i < b->ommer_cnt; i++) u256_add(&reward, &reward, &part);
  chain_import_credit(x, &b->header.coinbase, &reward, clear);
}

static void chain_import_receipts(struct chain_header *out,
                                  const struct chain_receipt *r, u32 cnt,
                                  struct arena *a) {
  struct arena_mark mark = arena_mark(a);
  slice *raw = arena_array(a, slice, cnt);
  struct buf b;
  buf_init(&b, 0);
  memset(&out->bloom, 0, sizeof(out->bloom));
  for (u32 i = 0; i < cnt; i++) {
    buf_clear(&b);
    chain_receipt_encode(&b, &r[i]);
    raw[i] = arena_copy_slice(a, buf_slice(&b));
    for (u32 k = 0; k < sizeof(out->bloom.b); k++)
      out->bloom.b[k] |= r[i].bloom.b[k];
  }
  trie_root_indexed(&out->receipts_root, raw, cnt, a);
  buf_fini(&b);
  arena_reset(a, mark);
}

/* What execution gave, against the header. */
static err chain_import_promises(const struct chain_exec *x,
                                 const struct chain_header *h,
                                 const struct chain_header *got,
                                 struct errmsg *msg) {
  CHAIN_IMPORT_NEED(chain_exec_gas_used(x) == h->gas_used, "wrong gas used");
  CHAIN_IMPORT_NEED(h->opt_cnt < 4 ||
                        chain_exec_blob_gas_used(x) == h->blob_gas_used,
                    "wrong blob gas used");
  CHAIN_IMPORT_NEED(hash32_eq(&got->receipts_root, &h->receipts_root),
                    "wrong receipts root");
  CHAIN_IMPORT_NEED(memcmp(got->bloom.b, h->bloom.b, 256) == 0, "wrong bloom");
  CHAIN_IMPORT_NEED(h->opt_cnt < 6 ||
                        hash32_eq(&got->requests_hash, &h->requests_hash),
                    "wrong requests hash");
  CHAIN_IMPORT_NEED(hash32_eq(&got->state_root, &h->state_root),
                    "wrong state root");
  return ERR_OK;
}

err chain_import(struct chain_exec *x, struct chain_import_result *out,
                 const struct chain_import_env *env,
                 struct chain_import_block *block, struct arena *a,
                 struct errmsg *msg) {
  struct chain_header *got = arena_new(a, struct chain_header);
  memset(out, 0, sizeof(*out));
  TRY(chain_import_header(env, &block->header, msg));
  TRY(chain_import_body(env, block, a, msg));
  out->receipt = arena_array(a, struct chain_receipt, block->tx_cnt);
  chain_exec_begin(x, &env->rules, &block->header, &env->hashes, &env->src);
  for (u32 i = 0; i < block->tx_cnt; i++)
    TRY(chain_import_tx(x, env, i, &block->tx[i], &out->receipt[i], a, msg));
  chain_import_rewards(x, env, block);
  if (env->rules.fork >= EVM_PRAGUE)
    TRY(chain_requests_hash(&got->requests_hash, x, out->receipt,
                            block->tx_cnt, &env->deposit_contract, NULL, msg));
  TRY(state_error(chain_exec_state(x)));
  chain_import_receipts(got, out->receipt, block->tx_cnt, a);
  state_block_diff(chain_exec_state(x), &out->diff, a);
  TRY(state_commit(&out->root, &out->diff, &env->src, env->par, a));
  got->state_root = out->root.root;
  return chain_import_promises(x, &block->header, got, msg);
}
#undef CHAIN_IMPORT_NEED
