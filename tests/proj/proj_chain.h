/* proj_chain.h - for tests and benchmarks of projections: a file whose blocks
** hold the events of trade, and nothing that they come of: to be read, not run.
**
** A trade is eleven events in four transactions: a listing that is sold once. */
#ifndef PROJ_PROJ_CHAIN_H
#define PROJ_PROJ_CHAIN_H
#include "node/node_bytes.h"
#include "node/node_state.h"
#include "proj/proj_make.h"
#include "shop/shop_market.h"
#include "shop/shop_orders.h"

static const struct proj_trade_event {
  u32 tx; /* of the trade's four */
  u32 module;
  const char *event;
  const struct module_record *record;
} proj_trade[] = {
  {0, PROJ_MARKET, "ListingSaved", &shop_market_table_listing},
  {0, PROJ_MARKET, "VariantsSaved", NULL},
  {1, PROJ_ORDERS, "OrderPlaced", &shop_orders_table_order},
  {1, PROJ_MARKET, "StockChanged", NULL},
  {2, PROJ_ORDERS, "Shipped", NULL},
  {2, PROJ_ORDERS, "OrderState", NULL},
  {3, PROJ_ORDERS, "Released", NULL},
  {3, PROJ_ORDERS, "OrderState", NULL},
  {3, PROJ_IDENTITY, "RepChanged", NULL},
  {3, PROJ_IDENTITY, "RepChanged", NULL},
  {3, PROJ_MARKET, "ReviewSaved", NULL}};
#define PROJ_TRADE_EVENTS ARRAY_LEN(proj_trade)

/* One transaction of the trade that m is at: its logs. */
static inline void proj_chain_receipt(struct proj_make *m, struct chain_receipt *r,
                            u32 which, struct arena *a) {
  struct state_log *logs = arena_array(a, struct state_log, PROJ_TRADE_EVENTS);
  r->success = true;
  r->log = logs;
  for (u32 i = 0; i < PROJ_TRADE_EVENTS; i++) {
    struct buf b;
    if (proj_trade[i].tx != which) continue;
    buf_init(&b, 0);
    struct state_log log =
        proj_make_log(m, &b, proj_trade[i].module,
                      proj_trade[i].event, proj_trade[i].record);
    log.data = arena_copy_slice(a, buf_slice(&b));
    chain_bloom_add(&r->bloom, addr20_slice(&log.addr));
    logs[r->log_cnt++] = log;
    buf_fini(&b);
  }
}

static inline err proj_chain_block(struct store *s, struct proj_make *m, u64 height,
                          u32 txs, struct arena *a) {
  struct chain_block_result res = {.tx_cnt = txs};
  struct store_block *sb;
  struct chain_tx *tx = arena_array(a, struct chain_tx, txs + 1);
  res.tx = arena_array(a, const struct chain_tx *, txs + 1);
  res.receipt = arena_array(a, struct chain_receipt, txs + 1);
  res.header.number = height;
  res.header.timestamp = 1000 + height;
  res.header.opt_cnt = CHAIN_HEADER_OPT_MAX;
  for (u32 i = 0; i < txs; i++) {
    u8 raw[400] = {2};
    if (i % 4 == 0) {
      m->id++;
      m->seed++;
    }
    store_be64(raw + 8, height << 32 | i);
    tx[i].raw = arena_copy_slice(a, slice_of(raw, sizeof raw));
    res.tx[i] = &tx[i];
    proj_chain_receipt(m, &res.receipt[i], i % 4, a);
    for (u32 k = 0; k < sizeof res.header.bloom.b; k++)
      res.header.bloom.b[k] |= res.receipt[i].bloom.b[k];
  }
  chain_header_hash(&res.hash, &res.header);
  TRY(bytes_block(&sb, NULL, &res, slice_of(NULL, 0), slice_of(NULL, 0), a));
  err e = store_append(s, &sb, 1);
  store_block_free(sb);
  return e;
}

/* Makes the file, with so many trades in blocks of block transactions. */
static inline err proj_chain_make(const char *path, u32 trades, u32 block,
                                  struct errmsg *msg) {
  struct store *s;
  struct proj_make m = {.seed = 0};
  struct arena a;
  TRY(store_open(&s, path, STORE_CREATE | STORE_SCRATCH, msg));
  arena_init(&a, 1u << 20, 256u << 20);
  err e = proj_chain_block(s, &m, 0, 0, &a);
  u64 height = 1;
  for (u32 left = 4 * trades; left && !e; height++) {
    u32 txs = left < block ? left : block;
    struct arena_mark mark = arena_mark(&a);
    e = proj_chain_block(s, &m, height, txs, &a);
    arena_reset(&a, mark);
    left -= txs;
  }
  arena_fini(&a);
  err closed = store_close(s, e ? NULL : msg);
  return e ? e : closed;
}
#endif
