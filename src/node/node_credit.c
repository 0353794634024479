/* node_credit.c - credits for the pool: chain_credit on the state after the
** last executed block, at the clock's time.
**
** All is asked under the pool's lock.  Time stands still between blocks, so a
** refusal is looked at again when a second has passed.
*/
#include "chain/chain_credit.h"
#include "crypto/keccak.h"
#include "node/node_int.h"

struct node_credit {
  struct node *n;
  struct chain_credit *credit;
  u64 height, time_s;
};

static err node_credit_slot(void *ctx, u256 *out, const u256 *slot) {
  const struct node_credit *c = ctx;
  return node_state_slot(c->n->state, out, &CHAIN_CREDIT_ADDR, slot);
}

static err node_credit_balance(void *ctx, u256 *balance, bool *has_code,
                               const addr20 *addr) {
  const struct node_credit *c = ctx;
  struct state_account a;
  bool found;
  TRY(node_state_account(c->n->state, &a, &found, addr));
  *balance = found ? a.balance : U256_ZERO;
  *has_code = found && !hash32_eq(&a.code_hash, &CRYPTO_KECCAK_EMPTY);
  return ERR_OK;
}

static err node_credit_refresh(void *ctx, u64 height) {
  struct node_credit *c = ctx;
  struct chain_credit_view view = {c, node_credit_slot, node_credit_balance};
  c->height = height;
  c->time_s = node_clock_ms() / 1000;
  return chain_credit_refresh(c->credit, &view, height + 1, c->time_s);
}

static err node_credit_admit(void *ctx, struct chain_credit_quote *out,
                             const struct chain_tx *tx) {
  struct node_credit *c = ctx;
  TRY(chain_credit_admit(c->credit, out, tx));
  if (out->verdict == CHAIN_OK || node_clock_ms() / 1000 <= c->time_s) {
    return ERR_OK;
  }
  TRY(node_credit_refresh(c, c->height));
  return chain_credit_admit(c->credit, out, tx);
}

static void node_credit_release(void *ctx, const struct chain_credit_quote *q,
                                const struct chain_tx *tx) {
  struct node_credit *c = ctx;
  chain_credit_release(c->credit, q, tx);
}

static bool node_credit_dear(void *ctx) {
  const struct node_credit *c = ctx;
  return chain_credit_prices(c->credit)->m > DPOS_CREDIT_ONE;
}

void node_credit_open(struct node *n, struct node_pool_credit *out, u64 seed) {
  if (!n->rules.credits) return;
  struct node_credit *c = n->credit = mem_alloc(sizeof *c);
  c->n = n;
  c->credit = chain_credit_open(seed);
  *out = (struct node_pool_credit){
    .ctx = c, .admit = node_credit_admit, .release = node_credit_release,
    .refresh = node_credit_refresh, .dear = node_credit_dear,
    .say = chain_credit_say};
}

err node_credit_start(struct node *n, struct errmsg *msg) {
  err e = n->credit ? node_credit_refresh(n->credit, n->head) : ERR_OK;
  return e < 0 ? err_say(msg, e, "cannot read the prices of credits: %s",
                         err_text(e)) : ERR_OK;
}

void node_credit_close(struct node *n) {
  if (!n->credit) return;
  chain_credit_close(n->credit->credit);
  mem_free(n->credit);
}
