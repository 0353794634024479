/* rpc_dev_state.c - what evm_*, hardhat_* and anvil_* do to the state of a
** development chain: edits, each a block of its own (chain_edit.h), so that the
** file can be recomputed; snapshots; senders without keys; the pool; all state
** out and in.
**
** A dump is {"accounts": {address: {nonce, balance, code, storage}}, ...} as
** Anvil's, as JSON in hex; one that is packed by gzip, as Anvil's own, is taken
** too.
*/
#include "rpc/rpc_dev.h"

#include "chain/chain_edit.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "rpc/rpc_tracer.h"

#include <zlib.h>

/*------------------------------------------------------------------- edits */

/* A block for the items, which are taken out of the buffer. */
static err dev_edit(struct rpc_call *c, struct buf *items) {
  struct buf list;
  u8 prefix[9];
  buf_init(&list, 0);
  buf_put(&list, prefix, rlp_prefix(prefix, items->len, true));
  buf_put_slice(&list, buf_slice(items));
  rpc_view_drop(c);
  err e = node_dev_edit(c->node, buf_slice(&list));
  buf_fini(&list);
  buf_clear(items);
  if (e == ERR_LIMIT)
    return rpc_fail(c, RPC_ERR_LIMIT, "the edit is too large (max %u bytes)",
                    NODE_DEV_EDIT_MAX);
  return rpc_dev_done(c, e, NULL);
}

/* As the whole answer. */
static err dev_edit_one(struct rpc_call *c, struct buf *item) {
  err e = dev_edit(c, item);
  buf_fini(item);
  if (e == ERR_OK) jsonw_bool(&c->w, true);
  return e;
}

static err dev_account(struct rpc_call *c, struct state_account *out,
                       const addr20 *addr) {
  struct state_source src;
  struct node_read *r;
  hash32 key;
  bool found = false;
  TRY(rpc_read(c, &r));
  crypto_keccak256(&key, addr->b, 20);
  err e = node_read_state(r, &src, node_read_head(r));
  if (e == ERR_OK) e = src.account(src.ctx, out, &found, addr, &key);
  if (e < 0) return rpc_fail_err(c, e);
  if (!found) *out = (struct state_account){.code_hash = CRYPTO_KECCAK_EMPTY};
  return ERR_OK;
}

static err dev_set_balance(struct rpc_call *c, const char *name) {
  struct buf b;
  u256 wei;
  TRY(rpc_dev_edits(c, name));
  TRY(rpc_dev_u256(c, &wei, 1));
  buf_init(&b, 0);
  chain_edit_put_balance(&b, &c->arg[0].addr, &wei);
  return dev_edit_one(c, &b);
}
RPC_DEV_NAME(hardhat_setBalance, dev_set_balance)
RPC_DEV_NAME(anvil_setBalance, dev_set_balance)
RPC_DEV_NAME(evm_setAccountBalance, dev_set_balance)

err rpc_do_anvil_addBalance(struct rpc_call *c) {
  struct state_account was;
  struct buf b;
  u256 wei;
  TRY(rpc_dev_edits(c, "anvil_addBalance"));
  TRY(rpc_dev_u256(c, &wei, 1));
  TRY(dev_account(c, &was, &c->arg[0].addr));
  if (u256_add(&wei, &wei, &was.balance))
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 1: over 256 bits");
  buf_init(&b, 0);
  chain_edit_put_balance(&b, &c->arg[0].addr, &wei);
  return dev_edit_one(c, &b);
}

static err dev_set_nonce(struct rpc_call *c, const char *name) {
  struct buf b;
  u64 nonce;
  TRY(rpc_dev_edits(c, name));
  TRY(rpc_dev_u64(c, &nonce, 1, UINT64_MAX - 1));
  buf_init(&b, 0);
  chain_edit_put_nonce(&b, &c->arg[0].addr, nonce);
  return dev_edit_one(c, &b);
}
RPC_DEV_NAME(anvil_setNonce, dev_set_nonce)
RPC_DEV_NAME(evm_setAccountNonce, dev_set_nonce)

err rpc_do_hardhat_setNonce(struct rpc_call *c) {
  struct state_account was;
  u64 nonce;
  TRY(rpc_dev_edits(c, "hardhat_setNonce"));
  TRY(rpc_dev_u64(c, &nonce, 1, UINT64_MAX - 1));
  TRY(dev_account(c, &was, &c->arg[0].addr));
  if (nonce < was.nonce)
    return rpc_fail(c, RPC_ERR_PARAMS,
                    "New nonce (%llu) must not be smaller than the existing "
                    "nonce (%llu)", (unsigned long long)nonce,
                    (unsigned long long)was.nonce);
  return dev_set_nonce(c, "hardhat_setNonce");
}

static err dev_set_code(struct rpc_call *c, const char *name) {
  struct buf b;
  TRY(rpc_dev_edits(c, name));
  buf_init(&b, 0);
  chain_edit_put_code(&b, &c->arg[0].addr, c->arg[1].bytes);
  return dev_edit_one(c, &b);
}
RPC_DEV_NAME(hardhat_setCode, dev_set_code)
RPC_DEV_NAME(anvil_setCode, dev_set_code)
RPC_DEV_NAME(evm_setAccountCode, dev_set_code)

static err dev_set_slot(struct rpc_call *c, const char *name) {
  struct buf b;
  u256 v;
  TRY(rpc_dev_edits(c, name));
  u256_from_be(&v, c->arg[2].hash.b);
  buf_init(&b, 0);
  chain_edit_put_slot(&b, &c->arg[0].addr, &c->arg[1].slot->key, &v);
  return dev_edit_one(c, &b);
}
RPC_DEV_NAME(hardhat_setStorageAt, dev_set_slot)
RPC_DEV_NAME(anvil_setStorageAt, dev_set_slot)
RPC_DEV_NAME(evm_setAccountStorageAt, dev_set_slot)

/*-------------------------------------------------------------- going back */

static err dev_snap(struct rpc_call *c, const char *name) {
  struct errmsg msg = {.text = ""};
  u64 id = 0;
  TRY(rpc_dev_only(c, name));
  rpc_view_drop(c);
  err e = node_dev_snapshot(c->node, &id, &msg);
  TRY(rpc_dev_done(c, e, &msg));
  jsonw_quantity(&c->w, id);
  return ERR_OK;
}
RPC_DEV_NAME(evm_snapshot, dev_snap)
RPC_DEV_NAME(anvil_snapshot, dev_snap)

static err dev_snap_revert(struct rpc_call *c, const char *name) {
  struct errmsg msg = {.text = ""};
  bool found = false;
  u64 id = 0;
  TRY(rpc_dev_only(c, name));
  TRY(rpc_dev_u64(c, &id, 0, UINT64_MAX));
  rpc_view_drop(c);
  err e = node_dev_revert(c->node, id, &found, &msg);
  TRY(rpc_dev_done(c, e, &msg));
  jsonw_bool(&c->w, found);
  return ERR_OK;
}
RPC_DEV_NAME(evm_revert, dev_snap_revert)
RPC_DEV_NAME(anvil_revert, dev_snap_revert)

static err dev_back(struct rpc_call *c, u64 height) {
  struct errmsg msg = {.text = ""};
  rpc_view_drop(c);
  err e = node_dev_rollback(c->node, height, &msg);
  return rpc_dev_done(c, e, &msg);
}

err rpc_do_anvil_rollback(struct rpc_call *c) {
  u64 depth = c->arg[0].given ? c->arg[0].num : 1;
  u64 head = rpc_height(c->batch->server);
  TRY(rpc_dev_only(c, "anvil_rollback"));
  if (depth > head)
    return rpc_fail(c, RPC_ERR_PARAMS,
                    "Rollback depth must not exceed current chain height: "
                    "current height %llu, depth %llu",
                    (unsigned long long)head, (unsigned long long)depth);
  TRY(dev_back(c, head - depth));
  jsonw_null(&c->w);
  return ERR_OK;
}

static err dev_reset(struct rpc_call *c, const char *name) {
  TRY(rpc_dev_only(c, name));
  struct rpc_value from = {.kind = RPC_NONE};
  if (c->arg[0].given && c->arg[0].any.kind == RPC_OBJECT)
    from = rpc_member(&c->arg[0].any, "forking");
  if (from.kind == RPC_OBJECT && rpc_member(&from, "jsonRpcUrl").kind)
    return rpc_fail(c, RPC_ERR_PARAMS,
                    "invalid argument 0: this node forks no other chain");
  TRY(dev_back(c, 0));
  node_dev_step(c->node, 0);
  node_dev_set_time(c->node, node_clock_ms());
  jsonw_bool(&c->w, true);
  return ERR_OK;
}
RPC_DEV_NAME(hardhat_reset, dev_reset)
RPC_DEV_NAME(anvil_reset, dev_reset)

/*--------------------------------------------------------- senders and pool */

static err dev_impersonate(struct rpc_call *c, const char *name) {
  TRY(rpc_dev_edits(c, name));
  err e = node_dev_impersonate(c->node, &c->arg[0].addr);
  TRY(rpc_dev_done(c, e, NULL));
  jsonw_bool(&c->w, true);
  return ERR_OK;
}
RPC_DEV_NAME(hardhat_impersonateAccount, dev_impersonate)
RPC_DEV_NAME(anvil_impersonateAccount, dev_impersonate)

static err dev_stop_impersonating(struct rpc_call *c, const char *name) {
  TRY(rpc_dev_edits(c, name));
  jsonw_bool(&c->w, node_dev_stop_impersonating(c->node, &c->arg[0].addr));
  return ERR_OK;
}
RPC_DEV_NAME(hardhat_stopImpersonatingAccount, dev_stop_impersonating)
RPC_DEV_NAME(anvil_stopImpersonatingAccount, dev_stop_impersonating)

err rpc_do_anvil_autoImpersonateAccount(struct rpc_call *c) {
  TRY(rpc_dev_edits(c, "anvil_autoImpersonateAccount"));
  node_dev_impersonate_all(c->node, c->arg[0].flag);
  jsonw_null(&c->w);
  return ERR_OK;
}

static err dev_drop_tx(struct rpc_call *c, const char *name, bool *gone) {
  TRY(rpc_dev_only(c, name));
  *gone = node_dev_drop(c->node, &c->arg[0].hash);
  return ERR_OK;
}

/* Hardhat answers whether it was there, Anvil its hash or null. */
err rpc_do_hardhat_dropTransaction(struct rpc_call *c) {
  bool gone;
  TRY(dev_drop_tx(c, "hardhat_dropTransaction", &gone));
  jsonw_bool(&c->w, gone);
  return ERR_OK;
}
err rpc_do_anvil_dropTransaction(struct rpc_call *c) {
  bool gone;
  TRY(dev_drop_tx(c, "anvil_dropTransaction", &gone));
  if (gone) jsonw_hex(&c->w, hash32_slice(&c->arg[0].hash));
  else jsonw_null(&c->w);
  return ERR_OK;
}

err rpc_do_anvil_dropAllTransactions(struct rpc_call *c) {
  TRY(rpc_dev_only(c, "anvil_dropAllTransactions"));
  node_dev_drop_all(c->node, NULL);
  jsonw_null(&c->w);
  return ERR_OK;
}

err rpc_do_anvil_removePoolTransactions(struct rpc_call *c) {
  TRY(rpc_dev_only(c, "anvil_removePoolTransactions"));
  node_dev_drop_all(c->node, &c->arg[0].addr);
  jsonw_null(&c->w);
  return ERR_OK;
}

/*----------------------------------------------------------- out and in */

static err dev_dump_slots(struct jsonw *w, const struct state_source *src,
                          const struct node_touched *t, const hash32 *key) {
  jsonw_key(w, "storage");
  jsonw_obj(w);
  for (u32 i = 0; i < t->slot_cnt; i++) {
    u8 word[32];
    char name[67] = "0x";
    hash32 slot;
    u256 v;
    u256_to_be(word, &t->slot[i]);
    crypto_keccak256(&slot, word, 32);
    TRY(src->slot(src->ctx, &v, &t->addr, key, &t->slot[i], &slot));
    if (u256_is_zero(&v)) continue;
    hex_encode(name + 2, word, 32);
    name[66] = 0;
    u256_to_be(word, &v);
    jsonw_kv_hex(w, name, slice_of(word, 32));
  }
  jsonw_obj_end(w);
  return ERR_OK;
}

static err dev_dump_account(struct jsonw *w, const struct state_source *src,
                            const struct node_touched *t) {
  struct state_account a;
  slice code = slice_of(NULL, 0);
  char name[43] = "0x";
  hash32 key;
  bool found = false;
  crypto_keccak256(&key, t->addr.b, 20);
  TRY(src->account(src->ctx, &a, &found, &t->addr, &key));
  if (!found || addr20_eq(&t->addr, &CHAIN_EDIT_SENDER)) return ERR_OK;
  if (!hash32_eq(&a.code_hash, &CRYPTO_KECCAK_EMPTY))
    TRY(src->code(src->ctx, &code, &a.code_hash));
  hex_encode(name + 2, t->addr.b, 20);
  name[42] = 0;
  jsonw_key(w, name);
  jsonw_obj(w);
  jsonw_kv_u64(w, "nonce", a.nonce);
  jsonw_kv_quantity_u256(w, "balance", &a.balance);
  jsonw_kv_hex(w, "code", code);
  TRY(dev_dump_slots(w, src, t, &key));
  jsonw_obj_end(w);
  return ERR_OK;
}

static err dev_dump(struct rpc_call *c, struct node_read *r, struct buf *out) {
  struct state_source src;
  struct node_touched *t = NULL;
  struct jsonw w;
  u32 cnt;
  TRY(node_read_state(r, &src, node_read_head(r)));
  TRY(node_read_touched(r, &t, &cnt, c->a));
  jsonw_init(&w, out);
  jsonw_obj(&w);
  jsonw_key(&w, "accounts");
  jsonw_obj(&w);
  for (u32 i = 0; i < cnt; i++) TRY(dev_dump_account(&w, &src, &t[i]));
  jsonw_obj_end(&w);
  jsonw_kv_quantity(&w, "best_block_number", node_read_head(r));
  jsonw_obj_end(&w);
  return out->over ? ERR_LIMIT : ERR_OK;
}

err rpc_do_anvil_dumpState(struct rpc_call *c) {
  struct node_read *r;
  struct buf text;
  TRY(rpc_dev_only(c, "anvil_dumpState"));
  TRY(rpc_read(c, &r));
  buf_init(&text, rpc_limits(c->batch->server)->response_max);
  err e = dev_dump(c, r, &text);
  if (e == ERR_OK) jsonw_hex(&c->w, buf_slice(&text));
  buf_fini(&text);
  if (e == ERR_NOT_FOUND)
    return rpc_fail(c, RPC_ERR_SERVER,
                    "the first blocks' changes are no longer kept: run the "
                    "chain with --archive");
  if (e == ERR_LIMIT)
    return rpc_fail(c, RPC_ERR_TOO_LARGE, "the state is too large to tell");
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

/* One item too many for a block: those before it first. */
static err dev_load_room(struct rpc_call *c, struct buf *items, size_t more) {
  if (items->len + more + 128 <= NODE_DEV_EDIT_MAX) return ERR_OK;
  return dev_edit(c, items);
}

static err dev_load_slots(struct rpc_call *c, struct buf *items,
                          const addr20 *addr, const json_t *storage,
                          struct errmsg *msg) {
  const char *key;
  json_t *val;
  json_object_foreach((json_t *)storage, key, val) {
    struct rpc_value k = {.kind = RPC_STRING, .str = slice_str(key)};
    struct rpc_value v = rpc_value_of(val);
    struct rpc_slot slot;
    struct rpc_slot word; /* as long as it may be, as Anvil writes them */
    if (rpc_param_slot(&slot, &k, msg) < 0 || rpc_param_slot(&word, &v, msg) < 0)
      return rpc_fail(c, RPC_ERR_PARAMS, "storage: %s", msg->text);
    TRY(dev_load_room(c, items, 0));
    chain_edit_put_slot(items, addr, &slot.key, &word.key);
  }
  return ERR_OK;
}

static err dev_load_account(struct rpc_call *c, struct buf *items,
                            const char *name, const struct rpc_value *v) {
  struct errmsg msg = {.text = ""};
  struct rpc_value nonce = rpc_member(v, "nonce");
  struct rpc_value balance = rpc_member(v, "balance");
  struct rpc_value code = rpc_member(v, "code");
  struct rpc_value storage = rpc_member(v, "storage");
  addr20 addr;
  u256 wei = U256_ZERO;
  u64 number = 0;
  slice bytes = slice_of(NULL, 0);
  err e = hex_parse_addr(&addr, slice_str(name));
  if (e >= 0 && nonce.kind != RPC_NONE)
    e = rpc_param_count(&number, &nonce, &msg);
  if (e >= 0 && balance.kind != RPC_NONE)
    e = rpc_param_u256(&wei, &balance, &msg);
  if (e >= 0 && code.kind != RPC_NONE)
    e = rpc_param_bytes(c, &bytes, &code, &msg);
  if (e < 0)
    return rpc_fail(c, RPC_ERR_PARAMS, "account %.60s: %s", name, msg.text);
  TRY(dev_load_room(c, items, bytes.len));
  chain_edit_put_balance(items, &addr, &wei);
  chain_edit_put_nonce(items, &addr, number);
  chain_edit_put_code(items, &addr, bytes);
  return storage.kind == RPC_OBJECT
             ? dev_load_slots(c, items, &addr, storage.tree, &msg) : ERR_OK;
}

static err dev_load(struct rpc_call *c, const json_t *accounts) {
  const char *name;
  json_t *val;
  struct buf items;
  err e = ERR_OK;
  buf_init(&items, 0);
  json_object_foreach((json_t *)accounts, name, val) {
    struct rpc_value v = rpc_value_of(val);
    e = v.kind == RPC_OBJECT
            ? dev_load_account(c, &items, name, &v)
            : rpc_fail(c, RPC_ERR_PARAMS, "account %.60s: no object", name);
    if (e < 0) break;
  }
  if (e >= 0 && items.len) e = dev_edit(c, &items);
  buf_fini(&items);
  return e;
}

/* Anvil's own dumps are packed (gzip); *text becomes what is in them. */
#define DEV_UNPACKED_MAX (64u << 20)
static err dev_unpack(struct buf *out, slice *text) {
  z_stream z = {0};
  u8 piece[16384];
  int rc;
  if (text->len < 2 || text->ptr[0] != 0x1f || text->ptr[1] != 0x8b)
    return ERR_OK;
  if (inflateInit2(&z, 15 + 16) != Z_OK) return ERR_LIMIT;
  z.next_in = (Bytef *)text->ptr;
  z.avail_in = (uInt)text->len;
  do {
    z.next_out = piece;
    z.avail_out = sizeof piece;
    rc = inflate(&z, Z_NO_FLUSH);
    if (rc == Z_OK || rc == Z_STREAM_END)
      buf_put(out, piece, sizeof piece - z.avail_out);
  } while (rc == Z_OK && out->len <= DEV_UNPACKED_MAX);
  inflateEnd(&z);
  *text = buf_slice(out);
  return rc == Z_STREAM_END ? ERR_OK : ERR_INPUT;
}

err rpc_do_anvil_loadState(struct rpc_call *c) {
  struct errmsg msg = {.text = ""};
  slice text = c->arg[0].bytes;
  TRY(rpc_dev_edits(c, "anvil_loadState"));
  struct buf unpacked;
  buf_init(&unpacked, 0);
  if (dev_unpack(&unpacked, &text) < 0) {
    buf_fini(&unpacked);
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: what is packed is "
                    "damaged, or larger than 64 MiB");
  }
  json_t *j = json_read(text, &msg);
  const json_t *accounts = json_object_get(j, "accounts");
  err e = json_is_object(accounts)
              ? dev_load(c, accounts)
              : rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %s",
                         j ? "no accounts" : msg.text);
  json_decref(j);
  buf_fini(&unpacked);
  if (e >= 0) jsonw_bool(&c->w, true);
  return e;
}

/*----------------------------------------------------------- sending */

static err dev_put_failure(struct rpc_replay *rp, struct rpc_tracing *t,
                           const struct chain_outcome *o,
                           const struct node_block *b) {
  (void)t;
  (void)b;
  return o->status == EVM_SUCCESS ? ERR_OK : rpc_fail_outcome(rp->ctx, o);
}

err rpc_dev_sent(struct rpc_call *c, const hash32 *hash) {
  static const struct rpc_trace_opts quiet = {
    .one = {{.kind = RPC_TRACER_NOOP}}, .cnt = 1};
  struct node_tx_place at;
  struct node_read *r;
  struct chain_tx tx;
  struct chain_receipt receipt;
  u64 base;
  if (!node_info(c->node)->dev || !node_dev_is_automine(c->node)) return ERR_OK;
  rpc_view_drop(c);
  TRY(rpc_read(c, &r));
  err e = node_read_tx_place(r, &at, hash);
  if (e == ERR_NOT_FOUND) return ERR_OK; /* it waits */
  if (e == ERR_OK) e = node_read_tx(r, &tx, &receipt, &base, &at, c->a);
  if (e < 0) return rpc_fail_err(c, e);
  if (receipt.success) return ERR_OK;
  struct rpc_replay rp = {.opts = &quiet, .only = at.idx,
                          .put = dev_put_failure, .ctx = c};
  return rpc_replay_run(&rp, c, at.number);
}

/*------------------------------------------------------------ without a key */

err rpc_do_eth_sendUnsignedTransaction(struct rpc_call *c) {
  TRY(rpc_dev_edits(c, "eth_sendUnsignedTransaction"));
  return rpc_key_send_unsigned(c);
}

#undef DEV_UNPACKED_MAX
