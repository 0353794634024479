/* rpc_chain.c - methods about the node, the chain, blocks, transactions,
** receipts and logs; and the pool.
*/
#include "crypto/keccak.h"
#include "rpc/rpc_call.h"

#define RPC_KEYS_SHOWN 256u
#define RPC_PENDING_TX_MAX 2000u

/*------------------------------------------------------- node and network */

/* Development tools (Hardhat's network helpers) use hardhat_* only where they
** know the name. */
err rpc_do_web3_clientVersion(struct rpc_call *c) {
  const char *dialect = node_info(c->node)->dev ? "HardhatNetwork/" : "";
  jsonw_printf(&c->w, "%s%s", dialect, rpc_client_version());
  return ERR_OK;
}

err rpc_do_web3_sha3(struct rpc_call *c) {
  hash32 h;
  crypto_keccak256(&h, c->arg[0].bytes.ptr, c->arg[0].bytes.len);
  jsonw_hex(&c->w, hash32_slice(&h));
  return ERR_OK;
}

err rpc_do_net_version(struct rpc_call *c) {
  jsonw_printf(&c->w, "%llu",
               (unsigned long long)node_info(c->node)->network_id);
  return ERR_OK;
}

err rpc_do_net_listening(struct rpc_call *c) {
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

err rpc_do_net_peerCount(struct rpc_call *c) {
  jsonw_quantity(&c->w, 0);
  return ERR_OK;
}

/* The part before the underscore of every method the peer may call. */
err rpc_do_rpc_modules(struct rpc_call *c) {
  char last[16] = "";
  const struct rpc_method_info *m;
  jsonw_obj(&c->w);
  for (u32 i = 0; (m = rpc_method_at(i)); i++) {
    char space[16];
    size_t n = strcspn(m->name, "_");
    if (!rpc_peer_sees(c->batch, m->name, m->access) || n >= sizeof space) {
      continue;
    }
    memcpy(space, m->name, n);
    space[n] = 0;
    if (strcmp(space, last) == 0) continue;
    memcpy(last, space, sizeof last);
    jsonw_kv_str(&c->w, space, "1.0");
  }
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

err rpc_do_eth_chainId(struct rpc_call *c) {
  jsonw_quantity(&c->w, node_info(c->node)->chain_id);
  return ERR_OK;
}

err rpc_do_eth_syncing(struct rpc_call *c) {
  jsonw_bool(&c->w, false);
  return ERR_OK;
}

err rpc_do_eth_coinbase(struct rpc_call *c) {
  jsonw_hex(&c->w, addr20_slice(&node_info(c->node)->operator_addr));
  return ERR_OK;
}

err rpc_do_eth_accounts(struct rpc_call *c) {
  jsonw_arr(&c->w);
  if (rpc_peer_may(c->batch, RPC_KEY)) {
    addr20 *keys = arena_array(c->a, addr20, RPC_KEYS_SHOWN);
    u32 cnt = node_keys(c->node, keys, RPC_KEYS_SHOWN);
    for (u32 i = 0; i < cnt; i++) jsonw_hex(&c->w, addr20_slice(&keys[i]));
  }
  jsonw_arr_end(&c->w);
  return ERR_OK;
}

err rpc_do_eth_blockNumber(struct rpc_call *c) {
  jsonw_quantity(&c->w, rpc_height(c->batch->server));
  return ERR_OK;
}

/*----------------------------------------------------------------- blocks */

/* The block to come: the pool's transactions on top of the head.  What only
** execution tells (roots, gas used, bloom) is left empty. */
static err rpc_put_pending_block(struct rpc_call *c, struct node_read *r,
                                 bool full) {
  struct node_block b = {0};
  hash32 parent;
  err e = node_read_header(r, &b.header, &parent, node_read_head(r));
  if (e < 0) return rpc_fail_err(c, e);
  struct chain_header *h = &b.header;
  u64 now = node_clock_ms() / 1000;
  if (node_is_plain(c->node)) {
    struct chain_rules rules;
    struct chain_header head = *h;
    node_plain_next(c->node, h, &rules, &head, &parent);
  } else {
    h->parent_hash = parent;
    h->number++;
    if (now > h->timestamp) h->timestamp = now;
  }
  h->gas_used = 0;
  h->extra_len = 0;
  h->txs_root = h->receipts_root = CRYPTO_KECCAK_RLP_NIL;
  memset(&h->bloom, 0, sizeof h->bloom);
  b.tx = arena_array(c->a, struct chain_tx, RPC_PENDING_TX_MAX);
  u32 cnt = node_pool_list(c->node, b.tx, RPC_PENDING_TX_MAX, c->a);
  u64 gas = 0;
  while (b.tx_cnt < cnt && b.tx[b.tx_cnt].gas_limit <= h->gas_limit - gas) {
    gas += b.tx[b.tx_cnt++].gas_limit;
  }
  b.size = chain_block_size(h, b.tx, b.tx_cnt);
  rpc_put_block(&c->w, &b, full, true, node_rules(c->node));
  return ERR_OK;
}

/* rpc_find for a method that answers null for a block that is not there: false
** when that, or the failure in *e, is the answer. */
static bool rpc_chain_has(struct rpc_call *c, struct node_read **r, u64 *number,
                          const struct rpc_block *at, err *e) {
  bool found;
  *e = rpc_find(c, r, number, &found, at);
  if (*e < 0) return false;
  if (!found) jsonw_null(&c->w);
  return found;
}

static err rpc_put_block_at(struct rpc_call *c, const struct rpc_block *at,
                            bool full) {
  struct node_read *r;
  struct node_block b;
  u64 number;
  err e;
  if (!rpc_chain_has(c, &r, &number, at, &e)) return e;
  if (at->tag == RPC_AT_PENDING) return rpc_put_pending_block(c, r, full);
  e = node_read_block(r, &b, number, NODE_WITH_TXS, c->a);
  if (e < 0) return rpc_fail_err(c, e);
  rpc_put_block(&c->w, &b, full, false, node_rules(c->node));
  return ERR_OK;
}

err rpc_do_eth_getBlockByNumber(struct rpc_call *c) {
  return rpc_put_block_at(c, &c->arg[0].block, c->arg[1].flag);
}

static struct rpc_block rpc_by_hash(const hash32 *hash) {
  return (struct rpc_block){.tag = RPC_AT_HASH, .hash = *hash};
}

err rpc_do_eth_getBlockByHash(struct rpc_call *c) {
  struct rpc_block at = rpc_by_hash(&c->arg[0].hash);
  return rpc_put_block_at(c, &at, c->arg[1].flag);
}

static err rpc_put_tx_cnt(struct rpc_call *c, const struct rpc_block *at) {
  struct node_read *r;
  struct node_block b;
  struct node_pool_stat pool;
  u64 number;
  err e;
  if (!rpc_chain_has(c, &r, &number, at, &e)) return e;
  if (at->tag == RPC_AT_PENDING) {
    node_pool_stat(c->node, &pool);
    jsonw_quantity(&c->w, pool.pending);
    return ERR_OK;
  }
  e = node_read_block(r, &b, number, 0, c->a);
  if (e < 0) return rpc_fail_err(c, e);
  jsonw_quantity(&c->w, b.tx_cnt);
  return ERR_OK;
}

err rpc_do_eth_getBlockTransactionCountByNumber(struct rpc_call *c) {
  return rpc_put_tx_cnt(c, &c->arg[0].block);
}

err rpc_do_eth_getBlockTransactionCountByHash(struct rpc_call *c) {
  struct rpc_block at = rpc_by_hash(&c->arg[0].hash);
  return rpc_put_tx_cnt(c, &at);
}

err rpc_do_eth_getBlockReceipts(struct rpc_call *c) {
  struct node_read *r;
  struct node_block b;
  u64 number;
  err e;
  if (!rpc_chain_has(c, &r, &number, &c->arg[0].block, &e)) return e;
  e = node_read_block(r, &b, number, NODE_WITH_TXS | NODE_WITH_RECEIPTS, c->a);
  if (e < 0) return rpc_fail_err(c, e);
  struct chain_rules rules;
  node_run_rules(c->node, &rules, &b.header);
  jsonw_arr(&c->w);
  for (u32 i = 0; i < b.tx_cnt; i++) {
    struct rpc_place p = {&b.hash, &b.header, i};
    rpc_put_receipt(&c->w, &b.tx[i], &b.receipt[i], b.log_base[i], &p, &rules);
  }
  jsonw_arr_end(&c->w);
  return ERR_OK;
}

/*---------------------------------------------------------------- headers */

static err rpc_put_header_at(struct rpc_call *c, const struct rpc_block *at) {
  struct node_read *r;
  struct chain_header h;
  hash32 hash;
  u64 number;
  err e;
  if (!rpc_chain_has(c, &r, &number, at, &e)) return e;
  e = node_read_header(r, &h, &hash, number);
  if (e < 0) return rpc_fail_err(c, e);
  rpc_put_head(&c->w, &h, &hash);
  return ERR_OK;
}

err rpc_do_eth_getHeaderByNumber(struct rpc_call *c) {
  return rpc_put_header_at(c, &c->arg[0].block);
}

err rpc_do_eth_getHeaderByHash(struct rpc_call *c) {
  struct rpc_block at = rpc_by_hash(&c->arg[0].hash);
  return rpc_put_header_at(c, &at);
}

err rpc_do_erigon_getHeaderByNumber(struct rpc_call *c) {
  return rpc_put_header_at(c, &c->arg[0].block);
}

/*----------------------------------------------------------------- uncles */

static err rpc_put_uncle_cnt(struct rpc_call *c, const struct rpc_block *at) {
  struct node_read *r;
  u64 number;
  err e;
  if (!rpc_chain_has(c, &r, &number, at, &e)) return e;
  struct node_block b;
  e = node_read_block(r, &b, number, NODE_WITH_TXS, c->a);
  if (e < 0) return rpc_fail_err(c, e);
  jsonw_quantity(&c->w, b.ommer_cnt);
  return ERR_OK;
}

err rpc_do_eth_getUncleCountByBlockNumber(struct rpc_call *c) {
  return rpc_put_uncle_cnt(c, &c->arg[0].block);
}

err rpc_do_eth_getUncleCountByBlockHash(struct rpc_call *c) {
  struct rpc_block at = rpc_by_hash(&c->arg[0].hash);
  return rpc_put_uncle_cnt(c, &at);
}

/* As a block without its transactions. */
static err rpc_put_uncle(struct rpc_call *c, const struct rpc_block *at,
                         u64 idx) {
  struct node_read *r;
  struct node_block b, ommer = {.tx_cnt = 0};
  u64 number;
  bool found;
  TRY(rpc_find(c, &r, &number, &found, at));
  err e = found ? node_read_block(r, &b, number, NODE_WITH_TXS, c->a) : ERR_OK;
  if (e < 0) return rpc_fail_err(c, e);
  if (!found || idx >= b.ommer_cnt) {
    jsonw_null(&c->w);
    return ERR_OK;
  }
  ommer.header = b.ommer[idx];
  chain_header_hash(&ommer.hash, &ommer.header);
  ommer.size = chain_block_size(&ommer.header, NULL, 0);
  rpc_put_block(&c->w, &ommer, false, false, node_rules(c->node));
  return ERR_OK;
}

err rpc_do_eth_getUncleByBlockNumberAndIndex(struct rpc_call *c) {
  return rpc_put_uncle(c, &c->arg[0].block, c->arg[1].num);
}

err rpc_do_eth_getUncleByBlockHashAndIndex(struct rpc_call *c) {
  struct rpc_block at = rpc_by_hash(&c->arg[0].hash);
  return rpc_put_uncle(c, &at, c->arg[1].num);
}

/*----------------------------------------------------------- transactions */

/* One transaction and where it stands; header and hash are kept in the
** arena. */
struct rpc_mined {
  struct chain_tx tx;
  struct chain_receipt receipt;
  u64 log_base;
  struct chain_header header;
  hash32 hash;
  struct rpc_place place;
};

static err rpc_read_mined(struct rpc_call *c, struct rpc_mined **out,
                          struct node_read *r,
                          const struct node_tx_place *at) {
  struct rpc_mined *m = *out = arena_new(c->a, struct rpc_mined);
  TRY(node_read_tx(r, &m->tx, &m->receipt, &m->log_base, at, c->a));
  TRY(node_read_header(r, &m->header, &m->hash, at->number));
  m->place = (struct rpc_place){&m->hash, &m->header, at->idx};
  return ERR_OK;
}

/* *out NULL: no such transaction in a block. */
static err rpc_find_mined(struct rpc_call *c, struct rpc_mined **out,
                          const hash32 *hash) {
  struct node_read *r;
  struct node_tx_place at;
  *out = NULL;
  TRY(rpc_read(c, &r));
  err e = node_read_tx_place(r, &at, hash);
  if (e == ERR_NOT_FOUND) return ERR_OK;
  if (e >= 0) e = rpc_read_mined(c, out, r, &at);
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

err rpc_do_eth_getTransactionByHash(struct rpc_call *c) {
  const struct chain_rules *rules = node_rules(c->node);
  const hash32 *hash = &c->arg[0].hash;
  struct rpc_mined *m;
  /* Pool first: what leaves it meanwhile is then in a block. */
  struct chain_tx *pooled = arena_new(c->a, struct chain_tx);
  err in_pool = node_pool_tx(c->node, pooled, hash, c->a);
  TRY(rpc_find_mined(c, &m, hash));
  if (m) {
    rpc_put_tx(&c->w, &m->tx, &m->place, rules);
  } else if (in_pool >= 0) {
    rpc_put_tx(&c->w, pooled, NULL, rules);
  } else {
    jsonw_null(&c->w);
  }
  return ERR_OK;
}

err rpc_put_receipt_of(struct rpc_call *c, bool *found, const hash32 *hash) {
  struct rpc_mined *m;
  TRY(rpc_find_mined(c, &m, hash));
  *found = m != NULL;
  if (m) {
    struct chain_rules rules;
    node_run_rules(c->node, &rules, &m->header);
    rpc_put_receipt(&c->w, &m->tx, &m->receipt, m->log_base, &m->place, &rules);
  }
  return ERR_OK;
}

err rpc_do_eth_getTransactionReceipt(struct rpc_call *c) {
  bool found;
  TRY(rpc_put_receipt_of(c, &found, &c->arg[0].hash));
  if (!found) jsonw_null(&c->w);
  return ERR_OK;
}

/* As an object, null when there is none; or raw, then "0x" as geth has it. */
static err rpc_put_tx_at(struct rpc_call *c, const struct rpc_block *at,
                         u64 idx, bool raw) {
  struct node_read *r;
  struct node_block b = {.tx_cnt = 0};
  struct node_tx_place place = {0};
  struct rpc_mined *m;
  bool found;
  TRY(rpc_find(c, &r, &place.number, &found, at));
  err e = found ? node_read_block(r, &b, place.number, 0, c->a) : ERR_OK;
  found = idx < b.tx_cnt;
  if (e == ERR_OK && found) {
    place.idx = (u32)idx;
    e = rpc_read_mined(c, &m, r, &place);
  }
  if (e < 0) return rpc_fail_err(c, e);
  if (!found) {
    if (raw) jsonw_str(&c->w, "0x");
    else jsonw_null(&c->w);
    return ERR_OK;
  }
  if (raw) jsonw_hex(&c->w, m->tx.raw);
  else rpc_put_tx(&c->w, &m->tx, &m->place, node_rules(c->node));
  return ERR_OK;
}

err rpc_do_eth_getTransactionByBlockNumberAndIndex(struct rpc_call *c) {
  return rpc_put_tx_at(c, &c->arg[0].block, c->arg[1].num, false);
}

err rpc_do_eth_getTransactionByBlockHashAndIndex(struct rpc_call *c) {
  struct rpc_block at = rpc_by_hash(&c->arg[0].hash);
  return rpc_put_tx_at(c, &at, c->arg[1].num, false);
}

err rpc_do_eth_getRawTransactionByBlockNumberAndIndex(struct rpc_call *c) {
  return rpc_put_tx_at(c, &c->arg[0].block, c->arg[1].num, true);
}

err rpc_do_eth_getRawTransactionByBlockHashAndIndex(struct rpc_call *c) {
  struct rpc_block at = rpc_by_hash(&c->arg[0].hash);
  return rpc_put_tx_at(c, &at, c->arg[1].num, true);
}

err rpc_fail_submit(struct rpc_call *c, err e,
                    const struct node_submit_result *r) {
  const char *text = r->msg.text[0] ? r->msg.text : err_text(e);
  switch (e) {
    case ERR_INPUT:
    case ERR_RANGE:
    case ERR_INVALID_TX:
    case ERR_EXISTS:
    case ERR_LIMIT:
    case ERR_SIGNATURE:
    case ERR_UNSUPPORTED:
      return rpc_fail(c, RPC_ERR_SERVER, "%s", text);
    default:
      return rpc_fail_err(c, e);
  }
}

err rpc_do_eth_sendRawTransaction(struct rpc_call *c) {
  struct node_submit_result r = {.msg.text = ""};
  err e = node_submit(c->node, &r, c->arg[0].bytes);
  if (e < 0) return rpc_fail_submit(c, e, &r);
  jsonw_hex(&c->w, hash32_slice(&r.hash));
  return ERR_OK;
}

/*------------------------------------------------------------------- logs */

struct rpc_log_sink {
  struct jsonw *w;
  u32 cnt, max;
  u64 from, last;    /* first height asked; of the last log */
  bool full;
};

static bool rpc_on_log(void *ctx, const struct node_log *log) {
  struct rpc_log_sink *s = ctx;
  if (s->w->out->over) return false;
  /* One block is always told whole. */
  if (s->cnt >= s->max && log->number > s->from) {
    s->full = true;
    s->last = log->number;
    return false;
  }
  s->cnt++;
  rpc_put_log(s->w, log);
  return true;
}

static err rpc_log_range(struct rpc_call *c, struct node_read *r, u64 *from,
                         u64 *to, const struct rpc_filter *f) {
  bool found;
  if (f->by_hash) {
    TRY(rpc_find(c, &r, from, &found, &f->from));
    *to = *from;
    return found ? ERR_OK : rpc_fail(c, RPC_ERR_SERVER, "unknown block");
  }
  u64 head = node_read_head(r);
  u64 max = rpc_limits(c->batch->server)->log_range_max;
  *from = f->from.tag == RPC_AT_NUMBER ? f->from.number : head;
  *to = f->to.tag == RPC_AT_NUMBER ? f->to.number : head;
  if (*from > *to) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid block range params");
  }
  if (*to > head) {
    return rpc_fail(c, RPC_ERR_PARAMS,
                    "block range extends beyond current head block");
  }
  if (*to - *from < max) return ERR_OK;
  return rpc_fail(c, RPC_ERR_LIMIT,
                  "query exceeds max block range %llu. Try with this block "
                  "range [0x%llx, 0x%llx]",
                  (unsigned long long)max, (unsigned long long)*from,
                  (unsigned long long)(*from + max - 1));
}

err rpc_put_logs(struct rpc_call *c, struct node_read *r,
                 const struct rpc_filter *f, u64 from, u64 to, u64 *next) {
  struct node_log_filter q = {.from = from, .to = to, .addr = f->addr,
                              .addr_cnt = f->addr_cnt};
  struct rpc_log_sink sink = {.w = &c->w, .from = from};
  memcpy(q.topic, f->topic, sizeof q.topic);
  memcpy(q.topic_cnt, f->topic_cnt, sizeof q.topic_cnt);
  sink.max = rpc_limits(c->batch->server)->log_cnt_max;
  jsonw_arr(&c->w);
  err e = node_read_logs(r, &q, rpc_on_log, &sink);
  if (e < 0) return rpc_fail_err(c, e);
  jsonw_arr_end(&c->w);
  *next = sink.full ? sink.last : to + 1;
  return ERR_OK;
}

err rpc_put_logs_of(struct rpc_call *c, const struct rpc_filter *f) {
  struct node_read *r;
  u64 from, to, next;
  TRY(rpc_read(c, &r));
  TRY(rpc_log_range(c, r, &from, &to, f));
  TRY(rpc_put_logs(c, r, f, from, to, &next));
  if (next > to) return ERR_OK;
  return rpc_fail(c, RPC_ERR_LIMIT,
                  "query returned more than %u results. Try with this block "
                  "range [0x%llx, 0x%llx]",
                  rpc_limits(c->batch->server)->log_cnt_max,
                  (unsigned long long)from, (unsigned long long)(next - 1));
}

err rpc_do_eth_getLogs(struct rpc_call *c) {
  return rpc_put_logs_of(c, c->arg[0].filter);
}

#undef RPC_KEYS_SHOWN
#undef RPC_PENDING_TX_MAX
