/* rpc_fee.c - what gas costs: the next block's base fee, the blob fee, a tip to
** offer, and eth_feeHistory.
**
** On a chain of our own all of it is zero.  On a plain Ethereum chain the base
** fee follows from the newest header (EIP-1559), the blob fee from its excess
** (EIP-4844), and the tip is geth's: of each of the newest FEE_TIP_BLOCKS the
** FEE_TIP_SAMPLES lowest tips of FEE_TIP_LEAST wei or more, and of all these
** the 60th percentile; FEE_TIP_NONE where there are none.
**
** A percentile of a block's tips is the tip of the transaction at which, tips
** ascending, that part of the block's gas is reached.
*/
#include <stdlib.h>

#include "chain/chain_import.h"
#include "rpc/rpc_call.h"

#define FEE_HISTORY_MAX 1024u /* geth's */
#define FEE_TIP_BLOCKS 20u
#define FEE_TIP_SAMPLES 3u
#define FEE_TIP_LEAST 2u
#define FEE_TIP_NONE 1000000u
#define FEE_TIP_PERCENT 60u

/*-------------------------------------------------------------------- tips */

struct fee_tip {
  u256 tip;
  u64 gas;
};

static int fee_cmp(const void *a, const void *b) {
  const struct fee_tip *x = a, *y = b;
  return u256_lt(&x->tip, &y->tip) ? -1 : u256_lt(&y->tip, &x->tip);
}

/* What each transaction of a block pays the coinbase for a unit of gas,
** ascending. */
static struct fee_tip *fee_tips(struct rpc_call *c,
                                const struct node_block *b) {
  struct fee_tip *list = arena_array(c->a, struct fee_tip, b->tx_cnt + 1);
  for (u32 i = 0; i < b->tx_cnt; i++) {
    const struct chain_tx *tx = &b->tx[i];
    u256 most = U256_ZERO;
    if (u256_lt(&b->header.base_fee, &tx->gas_price))
      u256_sub(&most, &tx->gas_price, &b->header.base_fee);
    list[i].tip = tx->type >= 2 && u256_lt(&tx->max_priority_fee, &most)
                      ? tx->max_priority_fee : most;
    list[i].gas = b->receipt ? b->receipt[i].gas_used : 0;
  }
  if (b->tx_cnt) qsort(list, b->tx_cnt, sizeof *list, fee_cmp);
  return list;
}

static err fee_suggest(struct rpc_call *c, u256 *out, struct node_read *r) {
  struct fee_tip all[FEE_TIP_BLOCKS * FEE_TIP_SAMPLES];
  u256 least = u256_from(FEE_TIP_LEAST);
  u64 head = node_read_head(r);
  u32 cnt = 0;
  for (u32 k = 0; k < FEE_TIP_BLOCKS && k < head; k++) {
    struct node_block b;
    err e = node_read_block(r, &b, head - k, NODE_WITH_TXS, c->a);
    if (e < 0) return rpc_fail_err(c, e);
    const struct fee_tip *tips = fee_tips(c, &b);
    for (u32 i = 0, taken = 0; i < b.tx_cnt && taken < FEE_TIP_SAMPLES; i++) {
      if (u256_lt(&tips[i].tip, &least)) continue;
      all[cnt++] = tips[i];
      taken++;
    }
  }
  *out = u256_from(FEE_TIP_NONE);
  if (cnt) qsort(all, cnt, sizeof *all, fee_cmp);
  if (cnt) *out = all[(cnt - 1) * FEE_TIP_PERCENT / 100].tip;
  return ERR_OK;
}

/*------------------------------------------------------------ single fees */

/* Of the block after h; zero before London. */
static u256 fee_next_base(struct rpc_call *c, const struct chain_header *h) {
  struct chain_rules rules;
  struct chain_header next = *h;
  u256 fee = U256_ZERO;
  next.number++;
  node_run_rules(c->node, &rules, &next);
  if (rules.fees && rules.fork >= EVM_LONDON) chain_next_base_fee(&fee, h);
  return fee;
}

static u256 fee_blob(struct rpc_call *c, const struct chain_header *h,
                     u64 excess) {
  struct chain_rules rules;
  u256 fee = U256_ZERO;
  node_run_rules(c->node, &rules, h);
  if (rules.fees && rules.fork >= EVM_CANCUN)
    chain_blob_base_fee(&fee, excess, rules.blob_update_fraction);
  return fee;
}

/* Of the block after h, at h's time. */
static u256 fee_next_blob(struct rpc_call *c, const struct chain_header *h) {
  struct chain_rules rules;
  node_run_rules(c->node, &rules, h);
  u64 excess = rules.fork >= EVM_CANCUN
                   ? chain_next_excess_blob_gas(h, &rules) : 0;
  return fee_blob(c, h, excess);
}

static err fee_head(struct rpc_call *c, struct chain_header *h,
                    struct node_read **r) {
  hash32 hash;
  TRY(rpc_read(c, r));
  err e = node_read_header(*r, h, &hash, node_read_head(*r));
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

err rpc_do_eth_baseFee(struct rpc_call *c) {
  struct chain_header h;
  struct node_read *r;
  u256 fee = U256_ZERO;
  if (node_is_plain(c->node)) {
    TRY(fee_head(c, &h, &r));
    fee = fee_next_base(c, &h);
  }
  jsonw_quantity_u256(&c->w, &fee);
  return ERR_OK;
}

err rpc_do_eth_blobBaseFee(struct rpc_call *c) {
  struct chain_header h;
  struct node_read *r;
  u256 fee = U256_ZERO;
  if (node_is_plain(c->node)) {
    TRY(fee_head(c, &h, &r));
    fee = fee_blob(c, &h, h.excess_blob_gas);
  }
  jsonw_quantity_u256(&c->w, &fee);
  return ERR_OK;
}

static err fee_put_tip(struct rpc_call *c, bool with_base) {
  struct chain_header h;
  struct node_read *r;
  u256 fee = U256_ZERO;
  if (node_is_plain(c->node)) {
    TRY(fee_head(c, &h, &r));
    TRY(fee_suggest(c, &fee, r));
    if (with_base) u256_add(&fee, &fee, &h.base_fee);
  }
  jsonw_quantity_u256(&c->w, &fee);
  return ERR_OK;
}
err rpc_do_eth_gasPrice(struct rpc_call *c) { return fee_put_tip(c, true); }
err rpc_do_eth_maxPriorityFeePerGas(struct rpc_call *c) {
  return fee_put_tip(c, false);
}

/*----------------------------------------------------------------- history */

struct fee_row { /* of one block */
  u256 base, blob;
  double gas_ratio, blob_ratio;
  u256 *reward; /* one for each percentile */
};

static err fee_rewards(struct rpc_call *c, struct fee_row *row,
                       struct node_read *r, const struct chain_header *h) {
  struct node_block b;
  row->reward = arena_array(c->a, u256, c->arg[2].cnt);
  if (!node_is_plain(c->node)) return ERR_OK;
  err e = node_read_block(r, &b, h->number,
                          NODE_WITH_TXS | NODE_WITH_RECEIPTS, c->a);
  if (e < 0) return rpc_fail_err(c, e);
  const struct fee_tip *tips = fee_tips(c, &b);
  u64 sum = b.tx_cnt ? tips[0].gas : 0;
  for (u32 i = 0, at = 0; i < c->arg[2].cnt && b.tx_cnt; i++) {
    double want = c->arg[2].real[i] / 100 * (double)h->gas_used;
    while ((double)sum < want && at + 1 < b.tx_cnt) sum += tips[++at].gas;
    row->reward[i] = tips[at].tip;
  }
  return ERR_OK;
}

static err fee_row(struct rpc_call *c, struct fee_row *row,
                   struct node_read *r, struct chain_header *h, u64 number) {
  struct chain_rules rules;
  hash32 hash;
  err e = node_read_header(r, h, &hash, number);
  if (e < 0) return rpc_fail_err(c, e);
  node_run_rules(c->node, &rules, h);
  row->base = h->base_fee;
  row->blob = fee_blob(c, h, h->excess_blob_gas);
  if (h->gas_limit) row->gas_ratio = (double)h->gas_used / (double)h->gas_limit;
  if (rules.blob_max)
    row->blob_ratio = (double)h->blob_gas_used /
                      (double)(rules.blob_max * CHAIN_GAS_PER_BLOB);
  return c->arg[2].given && c->arg[2].cnt ? fee_rewards(c, row, r, h) : ERR_OK;
}

static void fee_put_rows(struct rpc_call *c, const struct fee_row *row,
                         u64 cnt) {
  struct jsonw *w = &c->w;
  u64 fees = cnt ? cnt + 1 : 0;
  jsonw_key(w, "baseFeePerGas");
  jsonw_arr(w);
  for (u64 i = 0; i < fees; i++) jsonw_quantity_u256(w, &row[i].base);
  jsonw_arr_end(w);
  jsonw_key(w, "gasUsedRatio");
  jsonw_arr(w);
  for (u64 i = 0; i < cnt; i++) jsonw_double(w, row[i].gas_ratio);
  jsonw_arr_end(w);
  jsonw_key(w, "baseFeePerBlobGas");
  jsonw_arr(w);
  for (u64 i = 0; i < fees; i++) jsonw_quantity_u256(w, &row[i].blob);
  jsonw_arr_end(w);
  jsonw_key(w, "blobGasUsedRatio");
  jsonw_arr(w);
  for (u64 i = 0; i < cnt; i++) jsonw_double(w, row[i].blob_ratio);
  jsonw_arr_end(w);
  if (!c->arg[2].given || c->arg[2].cnt == 0) return;
  jsonw_key(w, "reward");
  jsonw_arr(w);
  for (u64 i = 0; i < cnt; i++) {
    jsonw_arr(w);
    for (u32 k = 0; k < c->arg[2].cnt; k++)
      jsonw_quantity_u256(w, &row[i].reward[k]);
    jsonw_arr_end(w);
  }
  jsonw_arr_end(w);
}

err rpc_do_eth_feeHistory(struct rpc_call *c) {
  struct node_read *r;
  struct chain_header h;
  u64 newest, cnt = c->arg[0].num;
  bool found;
  TRY(rpc_find(c, &r, &newest, &found, &c->arg[1].block));
  if (!found) {
    return rpc_fail(c, RPC_ERR_SERVER,
                    "request beyond head block: requested %llu, head %llu",
                    (unsigned long long)newest,
                    (unsigned long long)node_read_head(r));
  }
  if (cnt > FEE_HISTORY_MAX) cnt = FEE_HISTORY_MAX;
  if (cnt > newest + 1) cnt = newest + 1;
  u64 oldest = cnt ? newest + 1 - cnt : 0;
  struct fee_row *row = arena_array(c->a, struct fee_row, cnt + 1);
  for (u64 i = 0; i < cnt; i++) TRY(fee_row(c, &row[i], r, &h, oldest + i));
  if (cnt) {
    row[cnt].base = fee_next_base(c, &h);
    row[cnt].blob = fee_next_blob(c, &h);
  }
  jsonw_obj(&c->w);
  jsonw_kv_quantity(&c->w, "oldestBlock", oldest);
  fee_put_rows(c, row, cnt);
  jsonw_obj_end(&c->w);
  return ERR_OK;
}
#undef FEE_HISTORY_MAX
#undef FEE_TIP_BLOCKS
#undef FEE_TIP_SAMPLES
#undef FEE_TIP_LEAST
#undef FEE_TIP_NONE
#undef FEE_TIP_PERCENT
