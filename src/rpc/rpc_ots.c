/* rpc_ots.c - ots_*: what the Otterscan explorer asks beyond eth_*, API level
** 8, and eth_getTransactionBySenderAndNonce.
**
** What an address took part in, sent and was created by is told by the index
** of addresses (node_party.c), at every height that it has.
*/
#include "crypto/keccak.h"
#include "rpc/rpc_tracer.h"

#define OTS_LEVEL 8u
#define OTS_PAGE_MAX 1000u

err rpc_do_ots_getApiLevel(struct rpc_call *c) {
  jsonw_u64(&c->w, OTS_LEVEL);
  return ERR_OK;
}

/*------------------------------------------------------------------ blocks */

static err ots_block(struct rpc_call *c, struct node_block *b, bool *found,
                     const struct rpc_block *at, u32 flags) {
  struct node_read *r;
  u64 number;
  TRY(rpc_find(c, &r, &number, found, at));
  if (!*found) {
    jsonw_null(&c->w);
    return ERR_OK;
  }
  err e = node_read_block(r, b, number, flags, c->a);
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

static err ots_put_details(struct rpc_call *c, const struct rpc_block *at) {
  struct node_block b;
  struct jsonw *w = &c->w;
  bool found;
  TRY(ots_block(c, &b, &found, at, 0));
  if (!found) return ERR_OK;
  u32 cnt = b.tx_cnt;
  b.tx_cnt = 0;
  jsonw_obj(w);
  jsonw_key(w, "block");
  rpc_put_block_open(w, &b, false, false, node_rules(c->node));
  jsonw_kv_u64(w, "transactionCount", cnt);
  jsonw_obj_end(w);
  jsonw_key(w, "issuance");
  jsonw_obj(w);
  jsonw_kv_quantity(w, "blockReward", 0);
  jsonw_kv_quantity(w, "uncleReward", 0);
  jsonw_kv_quantity(w, "issuance", 0);
  jsonw_obj_end(w);
  jsonw_kv_quantity(w, "totalFees", 0);
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_do_ots_getBlockDetails(struct rpc_call *c) {
  return ots_put_details(c, &c->arg[0].block);
}

err rpc_do_ots_getBlockDetailsByHash(struct rpc_call *c) {
  struct rpc_block at = {.tag = RPC_AT_HASH, .hash = c->arg[0].hash};
  return ots_put_details(c, &at);
}

/* Page 0 is the last of the block; input is cut to the selector, logs are left
** out. */
err rpc_do_ots_getBlockTransactions(struct rpc_call *c) {
  u64 page = c->arg[1].num, size = c->arg[2].num;
  struct node_block b;
  struct jsonw *w = &c->w;
  bool found;
  if (size == 0 || size > OTS_PAGE_MAX) {
    return rpc_fail(c, RPC_ERR_PARAMS, "page size must be 1 to %u",
                    OTS_PAGE_MAX);
  }
  TRY(ots_block(c, &b, &found, &c->arg[0].block,
                NODE_WITH_TXS | NODE_WITH_RECEIPTS));
  if (!found) return ERR_OK;
  u64 end = page < b.tx_cnt && page * size < b.tx_cnt
                ? b.tx_cnt - page * size : 0;
  u64 from = end > size ? end - size : 0;
  struct chain_rules rules;
  node_run_rules(c->node, &rules, &b.header);
  for (u64 i = from; i < end; i++) {
    if (b.tx[i].data.len > 4) b.tx[i].data.len = 4;
  }
  struct node_block shown = b;
  shown.tx = b.tx + from;
  shown.tx_cnt = (u32)(end - from);
  jsonw_obj(w);
  jsonw_key(w, "fullblock");
  rpc_put_block_open(w, &shown, true, false, &rules);
  jsonw_kv_u64(w, "transactionCount", b.tx_cnt);
  jsonw_obj_end(w);
  jsonw_key(w, "receipts");
  jsonw_arr(w);
  for (u64 i = from; i < end; i++) {
    struct rpc_place p = {&b.hash, &b.header, (u32)i};
    b.receipt[i].log_cnt = 0;
    rpc_put_receipt(w, &b.tx[i], &b.receipt[i], b.log_base[i], &p,
                    &rules);
  }
  jsonw_arr_end(w);
  jsonw_obj_end(w);
  return ERR_OK;
}

/*------------------------------------------------------------ transactions */

static const struct rpc_trace_opts ots_calls = {
  .one = {{.kind = RPC_TRACER_CALL}}, .cnt = 1};

/* Replays the transaction of the first argument; what put writes is an array,
** or with only the put's own value. */
static err ots_replay(struct rpc_call *c, bool array,
                      err (*put)(struct rpc_replay *rp, struct rpc_tracing *t,
                                 const struct chain_outcome *o,
                                 const struct node_block *b)) {
  struct node_tx_place at;
  struct buf text;
  TRY(rpc_tx_place(c, &at, &c->arg[0].hash));
  struct rpc_replay rp = {.opts = &ots_calls, .only = at.idx, .put = put,
                          .out = &text};
  buf_init(&text, rpc_limits(c->batch->server)->response_max);
  if (array) buf_put_u8(&text, '[');
  err e = rpc_replay_run(&rp, c, at.number);
  if (array) buf_put_u8(&text, ']');
  if (e >= 0 && text.over) e = rpc_fail_traced(c);
  if (e >= 0) jsonw_raw(&c->w, buf_slice(&text));
  buf_fini(&text);
  return e;
}

static void ots_put_call(struct rpc_replay *rp, const struct rpc_frame *f) {
  struct jsonw w;
  if (rp->cnt++) buf_put_u8(rp->out, ',');
  jsonw_init(&w, rp->out);
  jsonw_obj(&w);
  jsonw_kv_str(&w, "type", rpc_frame_type(f));
  jsonw_kv_u64(&w, "depth", f->depth);
  jsonw_kv_hex(&w, "from", addr20_slice(&f->from));
  jsonw_kv_hex(&w, "to", addr20_slice(&f->to));
  if (f->has_value) {
    jsonw_kv_quantity_u256(&w, "value", &f->value);
  } else {
    jsonw_kv_null(&w, "value");
  }
  jsonw_kv_hex(&w, "input", f->input);
  jsonw_kv_hex(&w, "output", f->output);
  jsonw_obj_end(&w);
  for (const struct rpc_frame *k = f->first; k; k = k->next) {
    ots_put_call(rp, k);
  }
}

static err ots_put_calls(struct rpc_replay *rp, struct rpc_tracing *t,
                         const struct chain_outcome *o,
                         const struct node_block *b) {
  const struct rpc_frame *top = rpc_frames_of(t->tracer[0]);
  (void)o;
  (void)b;
  if (top) ots_put_call(rp, top);
  return ERR_OK;
}

err rpc_do_ots_traceTransaction(struct rpc_call *c) {
  return ots_replay(c, true, ots_put_calls);
}

/* Moves of value, creations and self-destructs below the top that held. */
static void ots_put_operation(struct rpc_replay *rp,
                              const struct rpc_frame *f) {
  int type = f->op == 0xff ? 1 : f->op == 0xf0 ? 2 : f->op == 0xf5 ? 3
           : f->op == 0xf1 && !u256_is_zero(&f->value) ? 0 : -1;
  if (f->failed) return;
  if (type >= 0 && f->parent) {
    struct jsonw w;
    if (rp->cnt++) buf_put_u8(rp->out, ',');
    jsonw_init(&w, rp->out);
    jsonw_obj(&w);
    jsonw_kv_i64(&w, "type", type);
    jsonw_kv_hex(&w, "from", addr20_slice(&f->from));
    jsonw_kv_hex(&w, "to", addr20_slice(&f->to));
    jsonw_kv_quantity_u256(&w, "value", &f->value);
    jsonw_obj_end(&w);
  }
  for (const struct rpc_frame *k = f->first; k; k = k->next) {
    ots_put_operation(rp, k);
  }
}

static err ots_put_operations(struct rpc_replay *rp, struct rpc_tracing *t,
                              const struct chain_outcome *o,
                              const struct node_block *b) {
  const struct rpc_frame *top = rpc_frames_of(t->tracer[0]);
  (void)o;
  (void)b;
  if (top) ots_put_operation(rp, top);
  return ERR_OK;
}

err rpc_do_ots_getInternalOperations(struct rpc_call *c) {
  return ots_replay(c, true, ots_put_operations);
}

static err ots_put_error(struct rpc_replay *rp, struct rpc_tracing *t,
                         const struct chain_outcome *o,
                         const struct node_block *b) {
  struct jsonw w;
  (void)t;
  (void)b;
  jsonw_init(&w, rp->out);
  jsonw_hex(&w, o->status == EVM_REVERT ? o->output : slice_of(NULL, 0));
  return ERR_OK;
}

err rpc_do_ots_getTransactionError(struct rpc_call *c) {
  return ots_replay(c, false, ots_put_error);
}

/*---------------------------------------------------------------- accounts */

err rpc_do_ots_hasCode(struct rpc_call *c) {
  struct node_read *r;
  struct state_source src;
  struct state_account acct;
  hash32 key;
  u64 number;
  bool found;
  TRY(rpc_at(c, &r, &number, &c->arg[1]));
  crypto_keccak256(&key, c->arg[0].addr.b, 20);
  err e = node_read_state(r, &src, number);
  if (e >= 0) e = src.account(src.ctx, &acct, &found, &c->arg[0].addr, &key);
  if (e == ERR_NOT_FOUND) return rpc_fail_pruned(c, r, number);
  if (e < 0) return rpc_fail_err(c, e);
  jsonw_bool(&c->w,
             found && !hash32_eq(&acct.code_hash, &CRYPTO_KECCAK_EMPTY));
  return ERR_OK;
}

/* The index tells nothing of blocks below where it begins. */
static err ots_index_from(struct rpc_call *c, struct node_read *r, u64 *from) {
  *from = node_read_parties_from(r);
  return *from == UINT64_MAX ? rpc_fail_addresses(c, *from) : ERR_OK;
}

/* The sender's first transaction from a height on: its nonce. */
static err ots_nonce_from(struct rpc_call *c, struct node_read *r,
                          const addr20 *a, u64 from, struct node_tx_place *at,
                          struct chain_tx *tx, bool *found) {
  struct node_parties q = {.addr = *a, .parts = NODE_PART_SENDER, .from = from,
                           .to = node_read_head(r), .to_idx = NODE_IDX_MAX};
  u32 cnt;
  bool more;
  err e = node_read_parties(r, &q, at, 1, &cnt, &more);
  *found = !e && cnt;
  if (*found) e = node_read_tx(r, tx, NULL, NULL, at, c->a);
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

/* The transaction of arg[0] with the nonce arg[1]; found false: there is none
** in a block.  Nonces rise with heights: halving finds the last height from
** which on the first nonce is not above the one looked for. */
static err ots_find_nonce(struct rpc_call *c, struct node_tx_place *at,
                          struct chain_tx *tx, bool *found) {
  struct node_read *r;
  u64 lo, hi, nonce = c->arg[1].num;
  TRY(rpc_read(c, &r));
  TRY(ots_index_from(c, r, &lo));
  hi = node_read_head(r) + 1;
  while (hi - lo > 1) { /* from lo on, but not from hi on */
    u64 mid = lo + (hi - lo) / 2;
    TRY(ots_nonce_from(c, r, &c->arg[0].addr, mid, at, tx, found));
    if (*found && tx->nonce <= nonce) {
      lo = at->number;
    } else {
      hi = mid;
    }
  }
  /* In that block one after the other. */
  struct node_parties q = {.addr = c->arg[0].addr, .parts = NODE_PART_SENDER,
                           .from = lo, .to = lo, .to_idx = NODE_IDX_MAX};
  *found = false;
  for (bool more = true; more;) {
    struct node_tx_place some[64];
    u32 cnt;
    err e = node_read_parties(r, &q, some, ARRAY_LEN(some), &cnt, &more);
    for (u32 i = 0; i < cnt && e >= 0; i++) {
      *at = some[i];
      e = node_read_tx(r, tx, NULL, NULL, at, c->a);
      *found = e >= 0 && tx->nonce == nonce;
      if (*found) return ERR_OK;
    }
    if (e < 0) return rpc_fail_err(c, e);
    if (cnt == 0) break;
    q.from_idx = some[cnt - 1].idx + 1;
  }
  u64 from = node_read_parties_from(r);
  return from > 0 ? rpc_fail_addresses(c, from) : ERR_OK;
}

err rpc_do_ots_getTransactionBySenderAndNonce(struct rpc_call *c) {
  struct node_tx_place at;
  struct chain_tx tx;
  bool found;
  TRY(ots_find_nonce(c, &at, &tx, &found));
  if (found) jsonw_hex(&c->w, hash32_slice(&tx.hash));
  else jsonw_null(&c->w);
  return ERR_OK;
}

/* The pool first: what leaves it meanwhile is then in a block. */
err rpc_do_eth_getTransactionBySenderAndNonce(struct rpc_call *c) {
  struct node_pool_item *item;
  struct node_read *r;
  struct node_tx_place at;
  struct chain_header header;
  struct chain_tx tx;
  hash32 hash;
  bool found;
  u32 cnt = node_pool_content(c->node, &item, &c->arg[0].addr, c->a), i = 0;
  while (i < cnt && item[i].tx.nonce != c->arg[1].num) i++;
  if (i < cnt) {
    rpc_put_tx(&c->w, &item[i].tx, NULL, node_rules(c->node));
    return ERR_OK;
  }
  TRY(ots_find_nonce(c, &at, &tx, &found));
  if (!found) {
    jsonw_null(&c->w);
    return ERR_OK;
  }
  TRY(rpc_read(c, &r));
  err e = node_read_header(r, &header, &hash, at.number);
  if (e < 0) return rpc_fail_err(c, e);
  rpc_put_tx(&c->w, &tx, &(struct rpc_place){&hash, &header, at.idx},
             node_rules(c->node));
  return ERR_OK;
}

/* Who made it in that transaction. */
static err ots_creator(struct rpc_call *c, struct node_read *r, addr20 *by,
                       struct chain_tx *tx, const struct node_tx_place *at) {
  struct chain_receipt receipt;
  const struct chain_met *met;
  u64 base;
  u32 cnt;
  err e = node_read_tx(r, tx, &receipt, &base, at, c->a);
  if (e >= 0) e = node_read_met(r, &met, &cnt, at, c->a);
  if (e < 0) return rpc_fail_err(c, e);
  *by = tx->sender;
  if (receipt.has_created && addr20_eq(&receipt.created, &c->arg[0].addr))
    return ERR_OK;
  for (u32 i = 0; i < cnt; i++) {
    if (met[i].created && addr20_eq(&met[i].addr, &c->arg[0].addr))
      *by = met[i].by;
  }
  return ERR_OK;
}

err rpc_do_ots_getContractCreator(struct rpc_call *c) {
  struct node_read *r;
  struct node_tx_place at;
  struct chain_tx tx;
  addr20 by;
  u64 from;
  u32 cnt;
  bool more;
  TRY(rpc_read(c, &r));
  TRY(ots_index_from(c, r, &from));
  struct node_parties q = {.addr = c->arg[0].addr, .parts = NODE_PART_CREATED,
                           .to = node_read_head(r), .to_idx = NODE_IDX_MAX,
                           .down = true};
  err e = node_read_parties(r, &q, &at, 1, &cnt, &more);
  if (e < 0) return rpc_fail_err(c, e);
  if (!cnt && from > 0) return rpc_fail_addresses(c, from);
  if (!cnt) {
    jsonw_null(&c->w);
    return ERR_OK;
  }
  TRY(ots_creator(c, r, &by, &tx, &at));
  jsonw_obj(&c->w);
  jsonw_kv_hex(&c->w, "hash", hash32_slice(&tx.hash));
  jsonw_kv_hex(&c->w, "creator", addr20_slice(&by));
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

/*--------------------------------------------------------- search by address
** A page ends with a whole block: it may have more than it was asked for. */
struct ots_page {
  struct node_tx_place *at; /* in the order of the search */
  u32 cnt;
  bool more;
};

static err ots_page(struct rpc_call *c, struct node_read *r,
                    struct node_parties *q, u32 size, struct ots_page *out) {
  u32 cnt;
  out->at = arena_array(c->a, struct node_tx_place, size);
  err e = node_read_parties(r, q, out->at, size, &out->cnt, &out->more);
  while (e >= 0 && out->more && out->cnt) { /* the rest of the last block */
    struct node_tx_place last = out->at[out->cnt - 1];
    struct node_parties rest = *q;
    bool more;
    rest.from = rest.to = last.number;
    if (q->down && last.idx == 0) break;
    rest.from_idx = q->down ? 0 : last.idx + 1;
    rest.to_idx = q->down ? last.idx - 1 : NODE_IDX_MAX;
    struct node_tx_place *list =
        arena_array(c->a, struct node_tx_place, out->cnt + OTS_PAGE_MAX);
    if (!list) return rpc_fail_err(c, ERR_LIMIT);
    memcpy(list, out->at, out->cnt * sizeof *list);
    out->at = list;
    e = node_read_parties(r, &rest, list + out->cnt, OTS_PAGE_MAX, &cnt, &more);
    out->cnt += cnt;
    if (!more) break;
  }
  if (e >= 0 && out->more) { /* anything behind it */
    struct node_tx_place last = out->at[out->cnt - 1], one;
    if (q->down) {
      q->to = last.number - 1;
      q->to_idx = NODE_IDX_MAX;
    } else {
      q->from = last.number + 1;
    }
    e = node_read_parties(r, q, &one, 1, &cnt, &out->more);
    out->more = cnt > 0;
  }
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

/* Newest first in both directions. */
static err ots_put_page(struct rpc_call *c, struct node_read *r,
                        const struct ots_page *p, bool down, bool first,
                        bool last) {
  const struct chain_rules *rules = node_rules(c->node);
  struct jsonw *w = &c->w;
  struct chain_header h = {.number = UINT64_MAX};
  hash32 hash;
  for (u32 pass = 0; pass < 2; pass++) {
    if (!pass) jsonw_obj(w);
    jsonw_key(w, pass ? "receipts" : "txs");
    jsonw_arr(w);
    for (u32 i = 0; i < p->cnt; i++) {
      const struct node_tx_place *at = &p->at[down ? i : p->cnt - 1 - i];
      struct arena_mark mark = arena_mark(c->a);
      struct chain_tx tx;
      struct chain_receipt receipt;
      struct rpc_place place = {&hash, &h, at->idx};
      u64 base;
      err e = h.number == at->number
                  ? ERR_OK : node_read_header(r, &h, &hash, at->number);
      if (e >= 0) e = node_read_tx(r, &tx, &receipt, &base, at, c->a);
      if (e < 0) return rpc_fail_err(c, e);
      if (pass) {
        rpc_put_receipt_open(w, &tx, &receipt, base, &place, rules);
        jsonw_kv_u64(w, "timestamp", h.timestamp);
        jsonw_obj_end(w);
      } else {
        rpc_put_tx(w, &tx, &place, rules);
      }
      arena_reset(c->a, mark);
    }
    jsonw_arr_end(w);
  }
  jsonw_kv_bool(w, "firstPage", first);
  jsonw_kv_bool(w, "lastPage", last);
  jsonw_obj_end(w);
  return ERR_OK;
}

static err ots_search(struct rpc_call *c, bool down) {
  u64 number = c->arg[1].num, size = c->arg[2].num, from;
  struct node_read *r;
  struct ots_page page = {.cnt = 0};
  if (size == 0 || size > OTS_PAGE_MAX)
    return rpc_fail(c, RPC_ERR_PARAMS, "page size must be 1 to %u",
                    OTS_PAGE_MAX);
  TRY(rpc_read(c, &r));
  TRY(ots_index_from(c, r, &from));
  struct node_parties q = {.addr = c->arg[0].addr, .parts = NODE_PART_ANY,
                           .from = from, .to = node_read_head(r),
                           .to_idx = NODE_IDX_MAX, .down = down};
  if (down && number && number - 1 < q.to) q.to = number - 1;
  if (!down && number && number >= q.from) q.from = number + 1;
  if (q.from <= q.to) TRY(ots_page(c, r, &q, (u32)size, &page));
  if (down && !page.more && from > 0 && page.cnt == 0)
    return rpc_fail_addresses(c, from);
  return ots_put_page(c, r, &page, down, down ? number == 0 : !page.more,
                      down ? !page.more : number == 0);
}

err rpc_do_ots_searchTransactionsBefore(struct rpc_call *c) {
  return ots_search(c, true);
}
err rpc_do_ots_searchTransactionsAfter(struct rpc_call *c) {
  return ots_search(c, false);
}

#undef OTS_LEVEL
#undef OTS_PAGE_MAX
