/* node_credit.c - credits for the pool: chain_credit on the state after the
** last executed block, at the clock's time.
**
** All is asked under the pool's lock.  Time stands still between blocks, so a
** refusal is looked at again when a second has passed.
*/
#include "node/node_credit.h"
#include "crypto/keccak.h"

struct node_credit {
  struct node_state *state;
  u64 (*clock_ms)(void);
  struct chain_credit *credit;
  u64 height, time_s;
};

static err credit_ops_slot(void *ctx, u256 *out, const u256 *slot) {
  const struct node_credit *c = ctx;
  return node_state_slot(c->state, out, &CHAIN_CREDIT_ADDR, slot);
}

static err credit_ops_balance(void *ctx, u256 *balance, bool *has_code,
                               const addr20 *addr) {
  const struct node_credit *c = ctx;
  struct state_account a;
  bool found;
  TRY(node_state_account(c->state, &a, &found, addr));
  *balance = found ? a.balance : U256_ZERO;
  *has_code = found && !hash32_eq(&a.code_hash, &CRYPTO_KECCAK_EMPTY);
  return ERR_OK;
}

static err credit_ops_refresh(void *ctx, u64 height,
                              const struct state_diff *diff) {
  struct node_credit *c = ctx;
  struct chain_credit_view view = {c, credit_ops_slot, credit_ops_balance};
  c->height = height;
  c->time_s = c->clock_ms() / 1000;
  return chain_credit_refresh(c->credit, &view, height + 1, c->time_s, diff);
}

static err credit_ops_admit(void *ctx, struct chain_credit_quote *out,
                             const struct chain_tx *tx) {
  static const struct state_diff nothing;
  struct node_credit *c = ctx;
  TRY(chain_credit_admit(c->credit, out, tx));
  if (out->verdict == CHAIN_OK || c->clock_ms() / 1000 <= c->time_s) {
    return ERR_OK;
  }
  TRY(credit_ops_refresh(c, c->height, &nothing));
  return chain_credit_admit(c->credit, out, tx);
}

static void credit_ops_release(void *ctx, const struct chain_credit_quote *q,
                                const struct chain_tx *tx) {
  struct node_credit *c = ctx;
  chain_credit_release(c->credit, q, tx);
}

static bool credit_ops_dear(void *ctx) {
  const struct node_credit *c = ctx;
  return chain_credit_prices(c->credit)->m > DPOS_CREDIT_ONE;
}

struct node_credit *node_credit_open(struct node_pool_credit *out,
                                     struct node_state *state,
                                     u64 (*clock_ms)(void), u64 seed) {
  struct node_credit *c = mem_alloc(sizeof *c);
  c->state = state;
  c->clock_ms = clock_ms;
  c->credit = chain_credit_open(seed);
  *out = (struct node_pool_credit){
    .ctx = c, .admit = credit_ops_admit, .release = credit_ops_release,
    .refresh = credit_ops_refresh, .dear = credit_ops_dear,
    .say = chain_credit_say};
  return c;
}

void node_credit_close(struct node_credit *c) {
  if (!c) return;
  chain_credit_close(c->credit);
  mem_free(c);
}
