/* rpc_dev.c - evm_*, hardhat_* and anvil_* of a development chain: blocks at
** once, automining, intervals, time.  On other chains they do not exist.
**
** Times are seconds.  What would change the past or the state without a
** transaction (snapshots, balances, code, impersonation) is not here: every
** block of the file can be recomputed, on a development chain too.
*/
#include "rpc/rpc_param.h"

static err dev_only(struct rpc_call *c, const char *name) {
  if (node_info(c->node)->dev) return ERR_OK;
  return rpc_fail(c, RPC_ERR_METHOD,
                  "the method %s does not exist/is not available", name);
}

static err dev_mine(struct rpc_call *c, u64 cnt) {
  rpc_view_drop(c);
  err e = node_dev_mine(c->node, cnt);
  if (e == ERR_LIMIT) {
    return rpc_fail(c, RPC_ERR_LIMIT, "too many blocks at once (max 10000)");
  }
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

/* A number of seconds, hex or decimal, as the first argument. */
static err dev_seconds(struct rpc_call *c, u64 *out, const struct rpc_value *v) {
  struct errmsg msg = {.text = ""};
  if (rpc_param_count(out, v, &msg) >= 0 && *out <= 253402300799ull) {
    return ERR_OK;
  }
  return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %s",
                  msg.text[0] ? msg.text : "time after the year 9999");
}

/* Nothing, a time, or {blocks, timestamp}. */
err rpc_do_evm_mine(struct rpc_call *c) {
  const struct rpc_value *v = &c->arg[0].any;
  struct rpc_value time = {.kind = RPC_NONE};
  struct errmsg msg = {.text = ""};
  u64 cnt = 1, at = 0;
  TRY(dev_only(c, "evm_mine"));
  if (c->arg[0].given && v->kind == RPC_OBJECT) {
    struct rpc_value blocks = rpc_member(v, "blocks");
    if (blocks.kind != RPC_NONE && rpc_param_count(&cnt, &blocks, &msg) < 0) {
      return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %s", msg.text);
    }
    time = rpc_member(v, "timestamp");
  } else if (c->arg[0].given) {
    time = *v;
  }
  if (time.kind != RPC_NONE) {
    TRY(dev_seconds(c, &at, &time));
    node_dev_next_time(c->node, at * 1000);
  }
  TRY(dev_mine(c, cnt));
  jsonw_str(&c->w, "0x0");
  return ERR_OK;
}

err rpc_do_evm_increaseTime(struct rpc_call *c) {
  u64 s = 0;
  TRY(dev_only(c, "evm_increaseTime"));
  TRY(dev_seconds(c, &s, &c->arg[0].any));
  jsonw_printf(&c->w, "%llu",
               (unsigned long long)node_dev_add_time(c->node, s * 1000) / 1000);
  return ERR_OK;
}

static err dev_next_time(struct rpc_call *c, const char *name) {
  struct node_read *r;
  struct chain_header h;
  hash32 hash;
  u64 s = 0;
  TRY(dev_only(c, name));
  TRY(dev_seconds(c, &s, &c->arg[0].any));
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

err rpc_do_evm_setNextBlockTimestamp(struct rpc_call *c) {
  return dev_next_time(c, "evm_setNextBlockTimestamp");
}

err rpc_do_evm_setAutomine(struct rpc_call *c) {
  TRY(dev_only(c, "evm_setAutomine"));
  node_dev_automine(c->node, c->arg[0].flag);
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

err rpc_do_evm_setIntervalMining(struct rpc_call *c) {
  TRY(dev_only(c, "evm_setIntervalMining"));
  if (c->arg[0].num > 86400000) {
    return rpc_fail(c, RPC_ERR_PARAMS, "interval over a day");
  }
  node_dev_interval(c->node, c->arg[0].num);
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

static err dev_put_automine(struct rpc_call *c, const char *name) {
  TRY(dev_only(c, name));
  jsonw_bool(&c->w, node_dev_is_automine(c->node));
  return ERR_OK;
}

err rpc_do_hardhat_getAutomine(struct rpc_call *c) {
  return dev_put_automine(c, "hardhat_getAutomine");
}

err rpc_do_anvil_getAutomine(struct rpc_call *c) {
  return dev_put_automine(c, "anvil_getAutomine");
}

/* Blocks, and seconds between them. */
static err dev_mine_many(struct rpc_call *c, const char *name) {
  u64 cnt = c->arg[0].given ? c->arg[0].num : 1;
  u64 gap = c->arg[1].given ? c->arg[1].num : 0;
  TRY(dev_only(c, name));
  if (gap > 1000000000 || (gap > 1 && cnt > 1000)) {
    return rpc_fail(c, RPC_ERR_LIMIT, "too many blocks, or too far apart");
  }
  if (gap > 1) {
    TRY(dev_mine(c, cnt ? 1 : 0));
    for (u64 i = 1; i < cnt; i++) {
      node_dev_add_time(c->node, gap * 1000);
      TRY(dev_mine(c, 1));
    }
  } else {
    TRY(dev_mine(c, cnt));
  }
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

err rpc_do_hardhat_mine(struct rpc_call *c) {
  return dev_mine_many(c, "hardhat_mine");
}

err rpc_do_anvil_mine(struct rpc_call *c) {
  return dev_mine_many(c, "anvil_mine");
}
