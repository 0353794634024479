/* rpc_pool.c - txpool_*: what waits for a block, in geth's shapes: by sender
** (EIP-55), then by nonce (decimal), pending apart from queued.  And cm_pool,
** which tells what geth's do not: since when, why, and the limits:
**   {"pending", "queued", "max", "bytes", "bytesMax", "senderReady",
**    "senderQueued", "keepMs", "nowMs": numbers, "items": [{"hash", "from",
**    "to", "nonce", "value", "input": its first POOL_INPUT_SHOWN bytes,
**    "bytes", "arrivedMs", "wait": "turn" | "gap" | "credits" | "block",
**    "lacks": the nonce that a gap wants}]}: the first POOL_SHOWN by sender and
**   nonce.
*/
#include <stdio.h>

#include "base/limits.h"
#include "codec/hex.h"
#include "rpc/rpc_call.h"

#define POOL_SHOWN 500u
#define POOL_INPUT_SHOWN 1024u

/* One run of items of the wanted kind, as "nonce": value. */
static u32 pool_put_sender(struct jsonw *w, const struct node_pool_item *item,
                           u32 cnt, bool queued,
                           void (*put)(struct jsonw *w,
                                       const struct chain_tx *tx,
                                       const struct chain_rules *rules),
                           const struct chain_rules *rules) {
  u32 i = 0;
  for (; i < cnt; i++) {
    if (!addr20_eq(&item[i].tx.sender, &item[0].tx.sender)) break;
    if (item[i].queued != queued) continue;
    char nonce[24];
    snprintf(nonce, sizeof nonce, "%llu", (unsigned long long)item[i].tx.nonce);
    jsonw_key(w, nonce);
    put(w, &item[i].tx, rules);
  }
  return i;
}

static bool pool_sender_has(const struct node_pool_item *item, u32 cnt,
                            bool queued) {
  for (u32 i = 0; i < cnt; i++) {
    if (!addr20_eq(&item[i].tx.sender, &item[0].tx.sender)) return false;
    if (item[i].queued == queued) return true;
  }
  return false;
}

static void pool_put_whole(struct jsonw *w, const struct chain_tx *tx,
                           const struct chain_rules *rules) {
  rpc_put_tx(w, tx, NULL, rules);
}

/* "0x…: 1 wei + 21000 gas × 0 wei" */
static void pool_put_words(struct jsonw *w, const struct chain_tx *tx,
                           const struct chain_rules *rules) {
  char to[43] = "contract creation", value[80], price[80];
  (void)rules;
  if (tx->has_to) hex_addr(to, &tx->to);
  u256_to_dec(value, &tx->value);
  u256_to_dec(price, &tx->gas_price);
  jsonw_printf(w, "%s: %s wei + %llu gas \u00d7 %s wei", to, value,
               (unsigned long long)tx->gas_limit, price);
}

static err pool_put_all(struct rpc_call *c,
                        void (*put)(struct jsonw *w, const struct chain_tx *tx,
                                    const struct chain_rules *rules)) {
  struct node_pool_item *item;
  u32 cnt = node_pool_content(c->node, &item, NULL, c->a);
  jsonw_obj(&c->w);
  for (u32 queued = 0; queued < 2; queued++) {
    jsonw_key(&c->w, queued ? "queued" : "pending");
    jsonw_obj(&c->w);
    for (u32 i = 0; i < cnt;) {
      if (!pool_sender_has(item + i, cnt - i, queued)) {
        const addr20 *sender = &item[i].tx.sender;
        while (i < cnt && addr20_eq(&item[i].tx.sender, sender)) i++;
        continue;
      }
      char addr[43];
      hex_addr(addr, &item[i].tx.sender);
      jsonw_key(&c->w, addr);
      jsonw_obj(&c->w);
      i += pool_put_sender(&c->w, item + i, cnt - i, queued, put,
                           node_rules(c->node));
      jsonw_obj_end(&c->w);
    }
    jsonw_obj_end(&c->w);
  }
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

err rpc_do_txpool_content(struct rpc_call *c) {
  return pool_put_all(c, pool_put_whole);
}

err rpc_do_txpool_inspect(struct rpc_call *c) {
  return pool_put_all(c, pool_put_words);
}

err rpc_do_txpool_contentFrom(struct rpc_call *c) {
  struct node_pool_item *item;
  u32 cnt = node_pool_content(c->node, &item, &c->arg[0].addr, c->a);
  jsonw_obj(&c->w);
  for (u32 queued = 0; queued < 2; queued++) {
    jsonw_key(&c->w, queued ? "queued" : "pending");
    jsonw_obj(&c->w);
    pool_put_sender(&c->w, item, cnt, queued, pool_put_whole,
                    node_rules(c->node));
    jsonw_obj_end(&c->w);
  }
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

err rpc_do_txpool_status(struct rpc_call *c) {
  struct node_pool_stat st;
  node_pool_stat(c->node, &st);
  jsonw_obj(&c->w);
  jsonw_kv_quantity(&c->w, "pending", st.pending);
  jsonw_kv_quantity(&c->w, "queued", st.queued);
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

/*---------------------------------------------------------------- cm_pool */

static const char *const POOL_WAIT[] = {
    [NODE_WAIT_TURN] = "turn", [NODE_WAIT_GAP] = "gap",
    [NODE_WAIT_CREDITS] = "credits", [NODE_WAIT_BLOCK] = "block"};

static void pool_put_item(struct jsonw *w, const struct node_pool_item *item) {
  const struct chain_tx *tx = &item->tx;
  jsonw_obj(w);
  jsonw_kv_hex(w, "hash", hash32_slice(&tx->hash));
  jsonw_kv_hex(w, "from", addr20_slice(&tx->sender));
  if (tx->has_to) jsonw_kv_hex(w, "to", addr20_slice(&tx->to));
  jsonw_kv_quantity(w, "nonce", tx->nonce);
  jsonw_kv_quantity_u256(w, "value", &tx->value);
  size_t len = tx->data.len;
  if (len > POOL_INPUT_SHOWN) len = POOL_INPUT_SHOWN;
  jsonw_kv_hex(w, "input", slice_of(tx->data.ptr, len));
  jsonw_kv_u64(w, "bytes", tx->raw.len);
  jsonw_kv_u64(w, "arrivedMs", item->arrival_ms);
  jsonw_kv_str(w, "wait", POOL_WAIT[item->wait]);
  if (item->wait == NODE_WAIT_GAP) {
    jsonw_kv_quantity(w, "lacks", item->lacks);
  }
  jsonw_obj_end(w);
}

err rpc_do_cm_pool(struct rpc_call *c) {
  struct node_pool_stat st;
  struct node_pool_item *item;
  u32 cnt = node_pool_content(c->node, &item, NULL, c->a);
  node_pool_stat(c->node, &st);
  jsonw_obj(&c->w);
  jsonw_kv_u64(&c->w, "pending", st.pending);
  jsonw_kv_u64(&c->w, "queued", st.queued);
  jsonw_kv_u64(&c->w, "max", st.tx_max);
  jsonw_kv_u64(&c->w, "bytes", st.bytes);
  jsonw_kv_u64(&c->w, "bytesMax", st.bytes_max);
  jsonw_kv_u64(&c->w, "senderReady", LIMIT_POOL_SENDER_FAIR);
  jsonw_kv_u64(&c->w, "senderQueued", LIMIT_POOL_SENDER_QUEUED);
  jsonw_kv_u64(&c->w, "keepMs", LIMIT_POOL_KEEP_MS);
  jsonw_kv_u64(&c->w, "nowMs", node_clock_ms());
  jsonw_key(&c->w, "items");
  jsonw_arr(&c->w);
  for (u32 i = 0; i < cnt && i < POOL_SHOWN; i++) {
    pool_put_item(&c->w, &item[i]);
  }
  jsonw_arr_end(&c->w);
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

#undef POOL_SHOWN
#undef POOL_INPUT_SHOWN
