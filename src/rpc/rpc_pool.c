/* rpc_pool.c - txpool_*: what waits for a block, in geth's shapes: by sender
** (EIP-55), then by nonce (decimal), pending apart from queued.
*/
#include <stdio.h>

#include "codec/hex.h"
#include "rpc/rpc_call.h"

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
