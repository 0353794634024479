/* rpc_dev.c - evm_*, hardhat_* and anvil_* of a development chain that are
** about blocks and time: blocks at once, automining, intervals, the clock, who
** makes the block; and what the node is.  On other chains they do not exist.
** Those about state are in rpc_dev_state.c.
**
** Times are seconds, evm_setIntervalMining's milliseconds.  What two tools
** know by one name but take differently follows the name's first owner:
** evm_ and hardhat_ are Hardhat's, anvil_ Anvil's.
*/
#include "rpc/rpc_dev.h"

#include "crypto/keccak.h"

#define DEV_TIME_MAX 253402300799ull /* the year 9999 */
#define DEV_GAP_MAX 1000000000ull

err rpc_dev_only(struct rpc_call *c, const char *name) {
  if (node_info(c->node)->dev) return ERR_OK;
  return rpc_fail(c, RPC_ERR_METHOD,
                  "the method %s does not exist/is not available: it is for a "
                  "development chain (cybermiles dev)", name);
}

err rpc_do_dev_loadDemoShop(struct rpc_call *c) {
  const struct rpc_host *h = rpc_host_of(c->batch->server);
  struct errmsg msg = {.text = ""};
  u32 day, days;
  if (!h || !h->load_demo) return rpc_fail(c, RPC_ERR_SERVER, "cannot");
  rpc_view_drop(c);
  err e = h->load_demo(h->ctx, &day, &days, &msg);
  if (e < 0) return rpc_fail(c, RPC_ERR_SERVER, "%.400s", msg.text);
  jsonw_obj(&c->w);
  jsonw_kv_u64(&c->w, "day", day);
  jsonw_kv_u64(&c->w, "days", days);
  jsonw_kv_bool(&c->w, "done", day == days);
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

err rpc_dev_edits(struct rpc_call *c, const char *name) {
  TRY(rpc_dev_only(c, name));
  if (node_genesis(c->node)->dev_edits) return ERR_OK;
  return rpc_fail(c, RPC_ERR_METHOD,
                  "the method %s is not available: the genesis of this "
                  "development chain has no switch dev_edits", name);
}

err rpc_dev_u256(struct rpc_call *c, u256 *out, u32 i) {
  const struct rpc_value *v = &c->arg[i].any;
  struct errmsg msg = {.text = ""};
  if (v->kind == RPC_INTEGER && v->num >= 0) {
    *out = u256_from((u64)v->num);
    return ERR_OK;
  }
  bool hex = v->kind == RPC_STRING && v->str.len > 1 && v->str.ptr[1] == 'x';
  err e = hex || v->kind != RPC_STRING
              ? rpc_param_u256(out, v, &msg)
              : u256_parse(out, (const char *)v->str.ptr, v->str.len);
  if (e >= 0) return ERR_OK;
  return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument %u: %s", i,
                  msg.text[0] ? msg.text : "a number is wanted");
}

err rpc_dev_u64(struct rpc_call *c, u64 *out, u32 i, u64 max) {
  u256 v, top = u256_from(max);
  TRY(rpc_dev_u256(c, &v, i));
  *out = v.w[0];
  if (!u256_lt(&top, &v)) return ERR_OK;
  return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument %u: above %llu", i,
                  (unsigned long long)max);
}

err rpc_dev_done(struct rpc_call *c, err e, const struct errmsg *msg) {
  if (e >= 0) return ERR_OK;
  if (!msg || !msg->text[0]) return rpc_fail_err(c, e);
  return rpc_fail(c, e == ERR_LIMIT ? RPC_ERR_LIMIT : RPC_ERR_SERVER, "%s",
                  msg->text);
}

/*------------------------------------------------------------------ blocks */

static err dev_mine(struct rpc_call *c, u64 cnt, u64 gap_s) {
  rpc_view_drop(c);
  err e = node_dev_mine(c->node, cnt, gap_s * 1000);
  if (e == ERR_LIMIT) {
    return rpc_fail(c, RPC_ERR_LIMIT, "too many blocks at once (max %u)",
                    NODE_DEV_MINE_MAX);
  }
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

/* Nothing, a time, or {blocks, timestamp}. */
err rpc_do_evm_mine(struct rpc_call *c) {
  const struct rpc_value *v = &c->arg[0].any;
  struct rpc_value time = {.kind = RPC_NONE};
  struct errmsg msg = {.text = ""};
  u64 cnt = 1, at = 0;
  TRY(rpc_dev_only(c, "evm_mine"));
  if (c->arg[0].given && v->kind == RPC_OBJECT) {
    struct rpc_value blocks = rpc_member(v, "blocks");
    if (blocks.kind != RPC_NONE && rpc_param_count(&cnt, &blocks, &msg) < 0) {
      return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %s", msg.text);
    }
    time = rpc_member(v, "timestamp");
  } else if (c->arg[0].given) {
    time = *v;
  }
  if (time.kind != RPC_NONE && time.kind != RPC_NULL) {
    c->arg[0].any = time;
    TRY(rpc_dev_u64(c, &at, 0, DEV_TIME_MAX));
    node_dev_next_time(c->node, at * 1000);
  }
  TRY(dev_mine(c, cnt, 0));
  jsonw_str(&c->w, "0x0");
  return ERR_OK;
}

/* Blocks, and seconds between them. */
static err dev_mine_many(struct rpc_call *c, const char *name) {
  u64 cnt = c->arg[0].given ? c->arg[0].num : 1;
  u64 gap = c->arg[1].given ? c->arg[1].num : 0;
  TRY(rpc_dev_only(c, name));
  if (gap > DEV_GAP_MAX) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 1: above %llu",
                    DEV_GAP_MAX);
  }
  TRY(dev_mine(c, cnt, gap));
  jsonw_bool(&c->w, true);
  return ERR_OK;
}
RPC_DEV_NAME(hardhat_mine, dev_mine_many)
RPC_DEV_NAME(hardhat_intervalMine, dev_mine_many)

err rpc_do_anvil_mine(struct rpc_call *c) {
  TRY(rpc_dev_only(c, "anvil_mine"));
  TRY(dev_mine_many(c, "anvil_mine"));
  return ERR_OK;
}

static err dev_truth(struct rpc_call *c, bool v) {
  jsonw_bool(&c->w, v);
  return ERR_OK;
}

err rpc_do_evm_setAutomine(struct rpc_call *c) {
  TRY(rpc_dev_only(c, "evm_setAutomine"));
  node_dev_automine(c->node, c->arg[0].flag);
  return dev_truth(c, true);
}

static err dev_interval(struct rpc_call *c, const char *name, u64 unit_ms) {
  TRY(rpc_dev_only(c, name));
  if (c->arg[0].num > 86400000 / unit_ms) {
    return rpc_fail(c, RPC_ERR_PARAMS, "interval over a day");
  }
  node_dev_interval(c->node, c->arg[0].num * unit_ms);
  return dev_truth(c, true);
}
err rpc_do_evm_setIntervalMining(struct rpc_call *c) {
  return dev_interval(c, "evm_setIntervalMining", 1);
}
/* There one way of making blocks takes the place of the other. */
err rpc_do_anvil_setIntervalMining(struct rpc_call *c) {
  TRY(dev_interval(c, "anvil_setIntervalMining", 1000));
  if (c->arg[0].num) node_dev_automine(c->node, false);
  return ERR_OK;
}

err rpc_do_anvil_getIntervalMining(struct rpc_call *c) {
  TRY(rpc_dev_only(c, "anvil_getIntervalMining"));
  u64 ms = node_dev_interval_ms(c->node);
  if (ms) jsonw_u64(&c->w, ms / 1000); else jsonw_null(&c->w);
  return ERR_OK;
}

static err dev_get_automine(struct rpc_call *c, const char *name) {
  TRY(rpc_dev_only(c, name));
  return dev_truth(c, node_dev_is_automine(c->node));
}
RPC_DEV_NAME(hardhat_getAutomine, dev_get_automine)
RPC_DEV_NAME(anvil_getAutomine, dev_get_automine)

static err dev_coinbase(struct rpc_call *c, const char *name) {
  TRY(rpc_dev_edits(c, name));
  node_dev_set_coinbase(c->node, &c->arg[0].addr);
  return dev_truth(c, true);
}
RPC_DEV_NAME(hardhat_setCoinbase, dev_coinbase)
RPC_DEV_NAME(anvil_setCoinbase, dev_coinbase)

err rpc_do_hardhat_setPrevRandao(struct rpc_call *c) {
  u256 v;
  hash32 randao;
  TRY(rpc_dev_edits(c, "hardhat_setPrevRandao"));
  const struct rpc_value *a = &c->arg[0].any;
  struct errmsg msg = {.text = ""};
  if (rpc_param_fixed(randao.b, 32, a, "hash", &msg) < 0) {
    TRY(rpc_dev_u256(c, &v, 0));
    u256_to_be(randao.b, &v);
  }
  node_dev_set_randao(c->node, &randao);
  return dev_truth(c, true);
}

/*-------------------------------------------------- what cannot be changed */

static err dev_no_fee(struct rpc_call *c, const char *name) {
  u256 v;
  TRY(rpc_dev_only(c, name));
  TRY(rpc_dev_u256(c, &v, 0));
  if (u256_is_zero(&v)) return dev_truth(c, true);
  return rpc_fail(c, RPC_ERR_SERVER,
                  "this chain takes no fees: its base fee and its least gas "
                  "price are always 0");
}
RPC_DEV_NAME(hardhat_setMinGasPrice, dev_no_fee)
RPC_DEV_NAME(anvil_setMinGasPrice, dev_no_fee)
RPC_DEV_NAME(hardhat_setNextBlockBaseFeePerGas, dev_no_fee)
RPC_DEV_NAME(anvil_setNextBlockBaseFeePerGas, dev_no_fee)

err rpc_do_evm_setBlockGasLimit(struct rpc_call *c) {
  u64 gas, have = node_info(c->node)->block_gas_limit;
  TRY(rpc_dev_only(c, "evm_setBlockGasLimit"));
  TRY(rpc_dev_u64(c, &gas, 0, UINT64_MAX));
  if (gas == have) return dev_truth(c, true);
  return rpc_fail(c, RPC_ERR_SERVER,
                  "the gas limit of a block is what genesis says: %llu",
                  (unsigned long long)have);
}

static err dev_logging(struct rpc_call *c, const char *name) {
  TRY(rpc_dev_only(c, name));
  return dev_truth(c, true);
}
RPC_DEV_NAME(hardhat_setLoggingEnabled, dev_logging)
RPC_DEV_NAME(anvil_setLoggingEnabled, dev_logging)

/*-------------------------------------------------------------------- time */

static err dev_increase_time(struct rpc_call *c, const char *name) {
  u64 s = 0;
  TRY(rpc_dev_only(c, name));
  TRY(rpc_dev_u64(c, &s, 0, DEV_TIME_MAX));
  i64 all = node_dev_add_time(c->node, s * 1000);
  jsonw_printf(&c->w, "%lld", (long long)all / 1000);
  return ERR_OK;
}
RPC_DEV_NAME(evm_increaseTime, dev_increase_time)
RPC_DEV_NAME(anvil_increaseTime, dev_increase_time)

static err dev_set_time(struct rpc_call *c, const char *name) {
  u64 s = 0;
  TRY(rpc_dev_only(c, name));
  TRY(rpc_dev_u64(c, &s, 0, DEV_TIME_MAX));
  u64 was = node_dev_clock_ms(c->node) / 1000;
  node_dev_set_time(c->node, s * 1000);
  jsonw_u64(&c->w, s > was ? s - was : 0);
  return ERR_OK;
}
RPC_DEV_NAME(evm_setTime, dev_set_time)
RPC_DEV_NAME(anvil_setTime, dev_set_time)

static err dev_next_time(struct rpc_call *c, const char *name) {
  struct node_read *r;
  struct chain_header h;
  hash32 hash;
  u64 s = 0;
  TRY(rpc_dev_only(c, name));
  TRY(rpc_dev_u64(c, &s, 0, DEV_TIME_MAX));
  TRY(rpc_read(c, &r));
  err e = node_read_header(r, &h, &hash, node_read_head(r));
  if (e < 0) return rpc_fail_err(c, e);
  if (s <= h.timestamp) {
    return rpc_fail(c, RPC_ERR_PARAMS,
                    "Timestamp %llu is lower than or equal to previous "
                    "block's timestamp %llu", (unsigned long long)s,
                    (unsigned long long)h.timestamp);
  }
  node_dev_next_time(c->node, s * 1000);
  jsonw_printf(&c->w, "%llu", (unsigned long long)s);
  return ERR_OK;
}
RPC_DEV_NAME(evm_setNextBlockTimestamp, dev_next_time)
RPC_DEV_NAME(anvil_setNextBlockTimestamp, dev_next_time)

err rpc_do_anvil_setBlockTimestampInterval(struct rpc_call *c) {
  TRY(rpc_dev_only(c, "anvil_setBlockTimestampInterval"));
  if (c->arg[0].num > DEV_GAP_MAX) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: above %llu",
                    DEV_GAP_MAX);
  }
  node_dev_step(c->node, c->arg[0].num * 1000);
  jsonw_null(&c->w);
  return ERR_OK;
}

err rpc_do_anvil_removeBlockTimestampInterval(struct rpc_call *c) {
  TRY(rpc_dev_only(c, "anvil_removeBlockTimestampInterval"));
  return dev_truth(c, node_dev_step(c->node, 0));
}

/*---------------------------------------------------------- what it is */

/* Another one for each run, as Hardhat's. */
static void dev_instance(struct rpc_call *c, hash32 *out) {
  const struct node_info *info = node_info(c->node);
  u8 text[40];
  memcpy(text, info->genesis_hash.b, 32);
  store_be64(text + 32, info->started_ms);
  crypto_keccak256(out, text, sizeof text);
}

static err dev_metadata(struct rpc_call *c, const char *name) {
  struct node_read *r;
  struct chain_header h;
  hash32 hash, instance;
  TRY(rpc_dev_only(c, name));
  TRY(rpc_read(c, &r));
  err e = node_read_header(r, &h, &hash, node_read_head(r));
  if (e < 0) return rpc_fail_err(c, e);
  dev_instance(c, &instance);
  struct jsonw *w = &c->w;
  jsonw_obj(w);
  jsonw_kv_str(w, "clientVersion", rpc_client_version());
  jsonw_kv_u64(w, "chainId", node_info(c->node)->chain_id);
  jsonw_kv_hex(w, "instanceId", hash32_slice(&instance));
  jsonw_kv_u64(w, "latestBlockNumber", h.number);
  jsonw_kv_hex(w, "latestBlockHash", hash32_slice(&hash));
  jsonw_obj_end(w);
  return ERR_OK;
}
RPC_DEV_NAME(hardhat_metadata, dev_metadata)
RPC_DEV_NAME(anvil_metadata, dev_metadata)

err rpc_do_anvil_nodeInfo(struct rpc_call *c) {
  struct node_read *r;
  struct chain_header h;
  hash32 hash;
  TRY(rpc_dev_only(c, "anvil_nodeInfo"));
  TRY(rpc_read(c, &r));
  err e = node_read_header(r, &h, &hash, node_read_head(r));
  if (e < 0) return rpc_fail_err(c, e);
  struct jsonw *w = &c->w;
  jsonw_obj(w);
  jsonw_kv_quantity(w, "currentBlockNumber", h.number);
  jsonw_kv_u64(w, "currentBlockTimestamp", h.timestamp);
  jsonw_kv_hex(w, "currentBlockHash", hash32_slice(&hash));
  jsonw_kv_str(w, "hardFork", "Osaka");
  jsonw_kv_str(w, "transactionOrder", "fifo");
  jsonw_key(w, "environment");
  jsonw_obj(w);
  jsonw_kv_quantity(w, "baseFee", 0);
  jsonw_kv_u64(w, "chainId", node_info(c->node)->chain_id);
  jsonw_kv_quantity(w, "gasLimit", h.gas_limit);
  jsonw_kv_quantity(w, "gasPrice", 0);
  jsonw_obj_end(w);
  jsonw_key(w, "forkConfig");
  jsonw_obj(w);
  static const char *const none[] = {"forkUrl", "forkBlockNumber",
                                     "forkRetryBackoff"};
  for (u32 i = 0; i < ARRAY_LEN(none); i++) {
    jsonw_key(w, none[i]);
    jsonw_null(w);
  }
  jsonw_obj_end(w);
  jsonw_obj_end(w);
  return ERR_OK;
}

#undef DEV_TIME_MAX
#undef DEV_GAP_MAX
