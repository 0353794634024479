/* chain_make.c - a whole block from an ordered list of transactions.
**
** What cannot be executed, or does not fit the block any more, is left out
** and the rest goes on, so the block follows from the list alone.  The header
** is Prague's; what an own chain does not have (ommers, withdrawals, blobs,
** requests) is that of an empty list.
*/
#include "base/stage.h"
#include "chain/chain_ahead.h"
#include "chain/chain_exec.h"
#include "crypto/hash.h"
#include "crypto/keccak.h"

/* EIP-7934: 10 MiB less 2 MiB for the consensus layer. */
#define CHAIN_MAKE_BLOCK_BYTES (8u << 20)

struct chain_make {
  struct chain_exec *x;
  struct chain_ahead *ahead; /* NULL: one after the other */
  const struct chain_tx *txs;
  u32 cnt;
  struct chain_block_result *out;
  struct arena *a;
  struct buf receipts;   /* encoded, one after the other */
  size_t *receipt_end;
  u64 header_len, txs_len;
};

static const struct state_log *chain_make_logs(struct arena *a,
                                               const struct state_log *log,
                                               u32 cnt) {
  if (cnt == 0) return NULL;
  struct state_log *out = arena_copy(a, log, sizeof(*log) * cnt);
  for (u32 i = 0; i < cnt; i++) out[i].data = arena_copy_slice(a, log[i].data);
  return out;
}

static void chain_make_receipt(struct chain_make *m, const struct chain_tx *tx,
                               const struct chain_outcome *o) {
  struct chain_block_result *out = m->out;
  struct chain_receipt *r = &out->receipt[out->tx_cnt];
  r->type = tx->type;
  r->success = o->status == EVM_SUCCESS;
  r->gas_used = o->gas_used;
  r->cumulative_gas = chain_exec_gas_used(m->x);
  r->log = chain_make_logs(m->a, o->log, o->log_cnt);
  r->log_cnt = o->log_cnt;
  chain_bloom_logs(&r->bloom, r->log, r->log_cnt);
  if (r->log_cnt)
    for (u32 i = 0; i < sizeof(r->bloom.b); i++)
      out->header.bloom.b[i] |= r->bloom.b[i];
  r->has_created = o->has_created;
  r->created = o->created;
  r->met_cnt = o->met_cnt;
  if (o->met_cnt)
    r->met = arena_copy(m->a, o->met, sizeof(*o->met) * o->met_cnt);
  chain_receipt_encode(&m->receipts, r);
  m->receipt_end[out->tx_cnt] = m->receipts.len;
  out->tx[out->tx_cnt++] = tx;
}

/* Deadlines that are due. */
static void chain_make_timers(struct chain_make *m, u64 chain_id) {
  struct chain_outcome o;
  if (!chain_exec_timers(m->x, &o)) return;
  struct chain_tx *tx = arena_new(m->a, struct chain_tx);
  chain_tx_system(tx, chain_id, m->out->header.number, m->a);
  chain_make_receipt(m, tx, &o);
}

/* Executes txs[i], or says why it is left out. */
static enum chain_verdict chain_make_tx(struct chain_make *m, u32 i) {
  const struct chain_tx *tx = &m->txs[i];
  struct chain_outcome o;
  if (tx->type == CHAIN_TX_TYPE_SYSTEM) return CHAIN_TYPE;
  u64 len = chain_tx_block_len(tx);
  if (chain_block_size_of(m->header_len, m->txs_len + len, true) >
      CHAIN_MAKE_BLOCK_BYTES)
    return CHAIN_GAS_LIMIT_REACHED;
  if (m->ahead)
    chain_ahead_tx(m->ahead, &o, m->txs, m->cnt, i);
  else
    chain_exec_tx(m->x, &o, tx);
  if (o.verdict != CHAIN_OK) return o.verdict;
  m->txs_len += len;
  chain_make_receipt(m, tx, &o);
  return CHAIN_OK;
}

static void chain_make_header(struct chain_header *h,
                              const struct chain_header *draft) {
  *h = *draft;
  h->ommers_hash = CRYPTO_KECCAK_RLP_LIST;
  h->withdrawals_root = CRYPTO_KECCAK_RLP_NIL;
  crypto_sha256(h->requests_hash.b, NULL, 0); /* EIP-7685: of no requests */
  h->difficulty = h->base_fee = U256_ZERO;
  h->blob_gas_used = h->excess_blob_gas = 0;
  memset(h->nonce, 0, sizeof(h->nonce));
  memset(&h->bloom, 0, sizeof(h->bloom));
  h->opt_cnt = CHAIN_HEADER_OPT_MAX;
}

static u64 chain_make_header_len(const struct chain_header *h) {
  struct buf b;
  buf_init(&b, 0);
  chain_header_encode(&b, h);
  /* Gas used is not known yet: at most 8 bytes more. */
  u64 len = b.len + 8;
  buf_fini(&b);
  return len;
}

static void chain_make_roots(struct chain_make *m) {
  struct chain_block_result *out = m->out;
  struct arena_mark mark = arena_mark(m->a);
  slice *vals = arena_array(m->a, slice, out->tx_cnt);
  for (u32 i = 0; i < out->tx_cnt; i++) vals[i] = out->tx[i]->raw;
  trie_root_indexed(&out->header.txs_root, vals, out->tx_cnt, m->a);
  size_t at = 0;
  for (u32 i = 0; i < out->tx_cnt; i++) {
    vals[i] = slice_of(m->receipts.ptr + at, m->receipt_end[i] - at);
    at = m->receipt_end[i];
  }
  trie_root_indexed(&out->header.receipts_root, vals, out->tx_cnt, m->a);
  arena_reset(m->a, mark);
}

static err chain_make_run(struct chain_make *m,
                          bool (*keep_going)(void *ctx, u32 done,
                                             u64 gas_used),
                          void *keep_ctx) {
  struct state *s = chain_exec_state(m->x);
  bool stopped = false;
  for (u32 i = 0; i < m->cnt; i++) {
    if (!stopped && keep_going)
      stopped = !keep_going(keep_ctx, i, chain_exec_gas_used(m->x));
    m->out->skipped[i] = stopped ? CHAIN_GAS_LIMIT_REACHED
                                 : chain_make_tx(m, i);
    TRY(state_error(s));
  }
  return state_error(s);
}

err chain_exec_block(struct chain_exec *x, struct chain_block_result *out,
                     const struct chain_rules *rules,
                     const struct chain_header *draft,
                     const struct chain_tx *txs, u32 tx_cnt,
                     const struct chain_hashes *hashes,
                     const struct state_source *src, const struct par *par,
                     bool (*keep_going)(void *ctx, u32 done, u64 gas_used),
                     void *keep_ctx, struct arena *a) {
  struct chain_make m = {.x = x, .out = out, .a = a, .txs = txs,
                         .cnt = tx_cnt};
  memset(out, 0, sizeof(*out));
  chain_make_header(&out->header, draft);
  m.header_len = chain_make_header_len(&out->header);
  out->tx = arena_array(a, const struct chain_tx *, tx_cnt + 1);
  out->receipt = arena_array(a, struct chain_receipt, tx_cnt + 1);
  out->skipped = arena_array(a, enum chain_verdict, tx_cnt);
  m.receipt_end = arena_array(a, size_t, tx_cnt + 1);
  buf_init(&m.receipts, 0);
  u8 was = stage_enter(STAGE_execute);
  chain_exec_begin(x, rules, &out->header, hashes, src);
  if (par && tx_cnt > 1) m.ahead = chain_exec_ahead(x);
  if (m.ahead)
    chain_ahead_begin(m.ahead, x, rules, &out->header, hashes, src, par);
  chain_exec_set_decided(x, keep_going == NULL);
  err e = chain_make_run(&m, keep_going, keep_ctx);
  if (e == ERR_OK) {
    chain_make_timers(&m, rules->chain_id);
    chain_exec_end_credits(x);
    e = state_error(chain_exec_state(x));
  }
  if (e == ERR_OK) {
    out->header.gas_used = chain_exec_gas_used(x);
    stage_enter(STAGE_encode);
    chain_make_roots(&m);
    stage_enter(STAGE_trie);
    state_block_diff(chain_exec_state(x), &out->diff, a);
    e = state_commit(&out->root, &out->diff, src, par, a);
  }
  stage_enter(was);
  buf_fini(&m.receipts);
  if (e < 0) return e;
  out->header.state_root = out->root.root;
  chain_header_hash(&out->hash, &out->header);
  return ERR_OK;
}
