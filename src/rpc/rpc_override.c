/* rpc_override.c - state and block overrides of calls, in geth's form.
**
** State: {address: {nonce, balance, code, state, stateDiff,
** movePrecompileToAddress}}.  state is the whole storage of the account from
** then on, stateDiff only changes slots; both at once are refused.  What is
** overridden counts as committed before the call: it is what SSTORE's refunds
** compare with.  Code put at a precompile's address is never run there: that
** takes movePrecompileToAddress.
** Block: {number, time, gasLimit, feeRecipient, prevRandao, baseFeePerGas,
** blobBaseFee, difficulty, beaconRoot}; older names (coinbase, random,
** baseFee) are taken too.
**
** Limits: RPC_OVERRIDE_MAX accounts, RPC_OVERRIDE_SLOT_MAX slots in all.
*/
#include "codec/hex.h"
#include "rpc/rpc_param.h"

static err override_slot_key(u256 *out, const char *text, size_t len,
                             struct errmsg *msg) {
  struct rpc_value v = {.kind = RPC_STRING, .str = slice_of(text, len)};
  u8 b[32];
  TRY(rpc_param_fixed(b, 32, &v, "hash", msg));
  u256_from_be(out, b);
  return ERR_OK;
}

static err override_slots(struct rpc_call *c, struct rpc_override *o,
                          const struct rpc_value *v, u32 *left,
                          struct errmsg *msg) {
  const char *key;
  json_t *val;
  TRY(rpc_param_object(v, "storage", msg));
  size_t cnt = json_object_size(v->tree);
  if (cnt > *left) {
    return err_say(msg, ERR_INPUT, "too many slots (max %u)",
                   RPC_OVERRIDE_SLOT_MAX);
  }
  *left -= (u32)cnt;
  o->slot = arena_array(c->a, struct rpc_override_slot, cnt);
  json_object_foreach((json_t *)v->tree, key, val) {
    struct rpc_override_slot *s = &o->slot[o->slot_cnt++];
    struct rpc_value item = rpc_value_of(val);
    u8 b[32];
    TRY(override_slot_key(&s->key, key, strlen(key), msg));
    TRY(rpc_param_fixed(b, 32, &item, "hash", msg));
    u256_from_be(&s->val, b);
  }
  return ERR_OK;
}

static err override_account(struct rpc_call *c, struct rpc_override *o,
                            const struct rpc_value *v, u32 *left,
                            struct errmsg *msg) {
  TRY(rpc_param_object(v, "override", msg));
  o->has_nonce = rpc_member(v, "nonce").kind != RPC_NONE;
  o->has_balance = rpc_member(v, "balance").kind != RPC_NONE;
  o->has_code = rpc_member(v, "code").kind != RPC_NONE;
  o->has_move = rpc_member(v, "movePrecompileToAddress").kind != RPC_NONE;
  o->wipe = rpc_member(v, "state").kind != RPC_NONE;
  if (o->wipe && rpc_member(v, "stateDiff").kind != RPC_NONE) {
    return err_say(msg, ERR_INPUT,
                   "account has both 'state' and 'stateDiff'");
  }
  RPC_MEMBER(v, "nonce", rpc_param_u64(&o->nonce, &m_, msg));
  RPC_MEMBER(v, "balance", rpc_param_u256(&o->balance, &m_, msg));
  RPC_MEMBER(v, "code", rpc_param_bytes(c, &o->code, &m_, msg));
  RPC_MEMBER(v, "movePrecompileToAddress",
             rpc_param_fixed(o->move.b, 20, &m_, "address", msg));
  RPC_MEMBER(v, "state", override_slots(c, o, &m_, left, msg));
  RPC_MEMBER(v, "stateDiff", override_slots(c, o, &m_, left, msg));
  return ERR_OK;
}

err rpc_read_OVERRIDES(struct rpc_call *c, struct rpc_arg *out,
                       const struct rpc_value *v, struct errmsg *msg) {
  const char *key;
  json_t *val;
  u32 left = RPC_OVERRIDE_SLOT_MAX;
  TRY(rpc_param_object(v, "override", msg));
  size_t cnt = json_object_size(v->tree);
  if (cnt > RPC_OVERRIDE_MAX) {
    return err_say(msg, ERR_INPUT, "too many accounts (max %u)",
                   RPC_OVERRIDE_MAX);
  }
  struct rpc_overrides *o = out->over = arena_new(c->a, struct rpc_overrides);
  o->item = arena_array(c->a, struct rpc_override, cnt);
  json_object_foreach((json_t *)v->tree, key, val) {
    struct rpc_override *item = &o->item[o->cnt++];
    struct rpc_value addr = {.kind = RPC_STRING, .str = slice_str(key)};
    struct rpc_value member = rpc_value_of(val);
    TRY(rpc_param_fixed(item->addr.b, 20, &addr, "address", msg));
    err e = override_account(c, item, &member, &left, msg);
    if (e < 0) {
      struct errmsg why = *msg;
      return err_say(msg, e, "%.42s: %.400s", key, why.text);
    }
  }
  return ERR_OK;
}

/* A member by its name, or by an older one. */
#define OVERRIDE_BLOCK(name, older, has, expr) \
  do { \
    RPC_MEMBER(v, older, expr); \
    RPC_MEMBER(v, name, expr); \
    b->has = rpc_member(v, name).kind != RPC_NONE || \
             rpc_member(v, older).kind != RPC_NONE; \
  } while (0)

err rpc_read_BLOCKOVER(struct rpc_call *c, struct rpc_arg *out,
                       const struct rpc_value *v, struct errmsg *msg) {
  TRY(rpc_param_object(v, "block override", msg));
  struct rpc_block_over *b = out->block_over =
      arena_new(c->a, struct rpc_block_over);
  OVERRIDE_BLOCK("number", "blockNumber", has_number,
                 rpc_param_u64(&b->number, &m_, msg));
  OVERRIDE_BLOCK("time", "timestamp", has_time,
                 rpc_param_u64(&b->time, &m_, msg));
  OVERRIDE_BLOCK("gasLimit", "gasLimit", has_gas_limit,
                 rpc_param_u64(&b->gas_limit, &m_, msg));
  OVERRIDE_BLOCK("feeRecipient", "coinbase", has_coinbase,
                 rpc_param_fixed(b->coinbase.b, 20, &m_, "address", msg));
  OVERRIDE_BLOCK("prevRandao", "random", has_mix_hash,
                 rpc_param_fixed(b->mix_hash.b, 32, &m_, "hash", msg));
  OVERRIDE_BLOCK("baseFeePerGas", "baseFee", has_base_fee,
                 rpc_param_u256(&b->base_fee, &m_, msg));
  OVERRIDE_BLOCK("blobBaseFee", "blobBaseFee", has_blob_base_fee,
                 rpc_param_u256(&b->blob_base_fee, &m_, msg));
  OVERRIDE_BLOCK("difficulty", "difficulty", has_difficulty,
                 rpc_param_u256(&b->difficulty, &m_, msg));
  OVERRIDE_BLOCK("beaconRoot", "parentBeaconBlockRoot", has_beacon_root,
                 rpc_param_fixed(b->beacon_root.b, 32, &m_, "hash", msg));
  return ERR_OK;
}
#undef OVERRIDE_BLOCK

/*--------------------------------------------------------------- applying */

void rpc_override_block(struct chain_header *h,
                        const struct rpc_block_over *b) {
  if (b->has_number) h->number = b->number;
  if (b->has_time) h->timestamp = b->time;
  if (b->has_gas_limit) h->gas_limit = b->gas_limit;
  if (b->has_coinbase) h->coinbase = b->coinbase;
  if (b->has_mix_hash) h->mix_hash = b->mix_hash;
  if (b->has_difficulty) h->difficulty = b->difficulty;
  if (b->has_beacon_root) h->beacon_root = b->beacon_root;
  if (b->has_base_fee) h->base_fee = b->base_fee;
}

void rpc_override_fees(struct chain_exec *x, const struct rpc_block_over *b) {
  struct evm_block *now = evm_block_now(chain_exec_evm(x));
  if (b->has_base_fee) now->base_fee = b->base_fee;
  if (b->has_blob_base_fee) now->blob_base_fee = b->blob_base_fee;
}

static void override_put(struct state *s, const struct rpc_override *o) {
  if (o->wipe) {
    hash32 hash;
    u64 nonce = state_nonce(s, &o->addr);
    slice code = state_code(s, &hash, &o->addr);
    state_create(s, &o->addr);
    state_nonce_set(s, &o->addr, nonce);
    if (code.len) state_code_set(s, &o->addr, code);
  }
  if (o->has_nonce) state_nonce_set(s, &o->addr, o->nonce);
  if (o->has_balance) state_balance_set(s, &o->addr, &o->balance);
  if (o->has_code) state_code_set(s, &o->addr, o->code);
  for (u32 i = 0; i < o->slot_cnt; i++) {
    state_slot_set(s, &o->addr, &o->slot[i].key, &o->slot[i].val);
  }
}

static err override_refuse(struct rpc_call *c, int code, const addr20 *a,
                           const char *why) {
  char hex[40];
  hex_encode(hex, a->b, 20);
  return rpc_fail(c, code, "account 0x%.40s %s", hex, why);
}

/* As geth: what overrides a precompile takes its place; its code goes on to
** run where it is moved, which nothing else may override. */
static err override_moves(struct rpc_call *c, struct evm_move *move, u32 *cnt,
                          const struct rpc_overrides *over,
                          enum evm_fork fork) {
  *cnt = 0;
  for (u32 i = 0; i < over->cnt; i++) {
    const struct rpc_override *o = &over->item[i];
    bool native = evm_is_precompile(fork, &o->addr);
    if (o->has_move && !native) {
      return override_refuse(c, RPC_ERR_SERVER, &o->addr,
                             "is not a precompile");
    }
    if (o->has_move && addr20_eq(&o->addr, &o->move)) {
      return override_refuse(c, RPC_ERR_MOVE_SELF, &o->addr,
                             "is moved to itself");
    }
    for (u32 k = 0; o->has_move && k < over->cnt; k++) {
      if (addr20_eq(&over->item[k].addr, &o->move)) {
        return override_refuse(c, RPC_ERR_MOVE_TWICE, &o->move,
                               "is already overridden");
      }
    }
    if (native) {
      move[(*cnt)++] = (struct evm_move){o->addr, o->move, o->has_move};
    }
  }
  return ERR_OK;
}

err rpc_override_apply(struct rpc_call *c, struct chain_exec *x,
                       const struct rpc_overrides *over, enum evm_fork fork) {
  struct state *s = chain_exec_state(x);
  u32 cnt;
  if (!over || over->cnt == 0) return ERR_OK;
  struct evm_move *move = arena_array(c->a, struct evm_move, over->cnt);
  TRY(override_moves(c, move, &cnt, over, fork));
  evm_set_moves(chain_exec_evm(x), move, cnt);
  state_tx_begin(s);
  for (u32 i = 0; i < over->cnt; i++) override_put(s, &over->item[i]);
  state_tx_end(s, false);
  return ERR_OK;
}
