/* rpc_credit.c - cm_credits, cm_sponsors, cm_estimateCredits: what an account
** may use of the chain, who pays for calls of a contract, and what a
** transaction would cost.  Numbers are quantities, stake and prices in wei,
** multipliers in 2^-16, times in seconds since 1970. */
#include "chain/chain_credit.h"
#include "rpc/rpc_call.h"

struct rpc_credit {
  struct chain_credit *credit;
  struct state_source src;
  struct node_read *read;
  u64 number, time_s;
};

/* Credits after a block (not given: the newest), at the clock's time where
** that is the newest.  rpc_credit_end gives back; on error nothing is held. */
static err rpc_credit_begin(struct rpc_call *c, struct rpc_credit *out,
                            const struct rpc_arg *block) {
  struct chain_header h;
  hash32 hash;
  memset(out, 0, sizeof *out);
  if (!node_rules(c->node)->credits)
    return rpc_fail(c, RPC_ERR_SERVER,
                    "credits are off on this chain: nothing limits its users");
  TRY(rpc_at(c, &out->read, &out->number, block));
  err e = node_read_state(out->read, &out->src, out->number);
  if (e == ERR_OK) e = node_read_header(out->read, &h, &hash, out->number);
  if (e < 0) return rpc_fail_err(c, e);
  u64 now = node_clock_ms() / 1000;
  bool newest = out->number == node_read_head(out->read);
  out->time_s = newest && now > h.timestamp ? now : h.timestamp;
  out->credit = chain_credit_open(node_clock_ms());
  struct chain_credit_view view = chain_credit_view_of(&out->src);
  e = chain_credit_begin(out->credit, &view, out->number + 1, out->time_s);
  if (e == ERR_OK) return ERR_OK;
  chain_credit_close(out->credit);
  return rpc_fail_err(c, e);
}
static err rpc_credit_end(struct rpc_call *c, struct rpc_credit *r, err e) {
  chain_credit_close(r->credit);
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

static void rpc_credit_wei(struct jsonw *w, const char *key, u64 gwei) {
  u256 v = u256_from(gwei), unit = u256_from(1000000000);
  u256_mul(&v, &v, &unit);
  jsonw_kv_quantity_u256(w, key, &v);
}

static void rpc_credit_prices(struct jsonw *w, const struct rpc_credit *r) {
  const struct dpos_credit_record_prices *p = chain_credit_prices(r->credit);
  u256 rent;
  u64 left;
  jsonw_kv_quantity(w, "multiplier", p->m);
  jsonw_kv_quantity(w, "stateMultiplier", p->m_state);
  jsonw_kv_quantity(w, "basePool",
                    p->pool > 0 ? (u64)(p->pool / DPOS_CREDIT_UNIT) : 0);
  if (dpos_credit_rent_price(&rent, &left, p, chain_credit_rules(r->credit),
                             1))
    jsonw_kv_quantity_u256(w, "rentPrice", &rent);
  else
    jsonw_kv_null(w, "rentPrice");
}

err rpc_do_cm_credits(struct rpc_call *c) {
  struct rpc_credit r;
  struct dpos_credit_record_account a;
  TRY(rpc_credit_begin(c, &r, &c->arg[1]));
  const struct dpos_credit_rules *rules = chain_credit_rules(r.credit);
  err e = chain_credit_account(r.credit, &a, &c->arg[0].addr);
  if (e == ERR_OK) {
    struct jsonw *w = &c->w;
    u64 base = dpos_credit_base(&a), own = dpos_credit_own(&a);
    u64 room = dpos_credit_pool_room(&a, rules,
                                     chain_credit_prices(r.credit)->pool);
    u64 cap = dpos_credit_capacity(&a, rules);
    u64 base_day = dpos_credit_base_day(&a, rules);
    u64 full = own + base >= cap + base_day
                   ? 0 : dpos_credit_wait(&a, rules, r.time_s, cap + base_day);
    jsonw_obj(w);
    jsonw_kv_quantity(w, "available", own + (base < room ? base : room));
    jsonw_kv_quantity(w, "byStake", own);
    jsonw_kv_quantity(w, "byAllowance", base);
    jsonw_kv_quantity(w, "debt", a.level < 0
        ? (u64)((DPOS_CREDIT_UNIT - 1 - a.level) / DPOS_CREDIT_UNIT) : 0);
    jsonw_kv_quantity(w, "capacity", cap);
    jsonw_kv_quantity(w, "baseAllowance", base_day);
    rpc_credit_wei(w, "stake", a.weight);
    jsonw_kv_bool(w, "verified", a.flags & DPOS_CREDIT_VERIFIED);
    jsonw_kv_quantity(w, "usedInLastHour", dpos_credit_share(&a));
    if (full == DPOS_CREDIT_NEVER) jsonw_kv_null(w, "fullIn");
    else jsonw_kv_quantity(w, "fullIn", full);
    rpc_credit_prices(w, &r);
    jsonw_obj_end(w);
  }
  return rpc_credit_end(c, &r, e);
}

static void rpc_credit_policy(struct jsonw *w, u32 id,
                              const struct dpos_credit_record_policy *p,
                              const struct rpc_credit *r) {
  static const char *const who[] = {"anyone", "listed", "verified"};
  jsonw_obj(w);
  jsonw_kv_quantity(w, "id", id);
  jsonw_kv_hex(w, "sponsor", addr20_slice(&p->sponsor));
  jsonw_kv_hex(w, "target", addr20_slice(&p->target));
  jsonw_kv_str(w, "who", who[p->who % ARRAY_LEN(who)]);
  jsonw_key(w, "selectors");
  jsonw_arr(w);
  for (u32 i = 0; i < p->selector_cnt && i < DPOS_CREDIT_SELECTORS; i++)
    jsonw_hex(w, slice_of(p->selectors.b + 4 * i, 4));
  jsonw_arr_end(w);
  jsonw_kv_quantity(w, "gasPerCall", p->gas_per_call);
  jsonw_kv_quantity(w, "perUserDay", p->per_user_day);
  jsonw_kv_quantity(w, "perDay", p->per_day);
  jsonw_kv_quantity(w, "usedToday",
                    p->day == r->time_s / 86400 ? p->used : 0);
  jsonw_kv_quantity(w, "until", p->until);
  jsonw_kv_bool(w, "active", p->state == DPOS_CREDIT_POLICY_ACTIVE &&
                                 (p->until == 0 || r->time_s < p->until));
  jsonw_obj_end(w);
}

err rpc_do_cm_sponsors(struct rpc_call *c) {
  struct rpc_credit r;
  struct dpos_credit_record_policy p[DPOS_CREDIT_TARGET_POLICIES];
  u32 id[DPOS_CREDIT_TARGET_POLICIES], cnt;
  TRY(rpc_credit_begin(c, &r, &c->arg[1]));
  err e = chain_credit_policies(r.credit, id, p, &cnt, &c->arg[0].addr);
  if (e == ERR_OK) {
    jsonw_arr(&c->w);
    for (u32 i = 0; i < cnt; i++) rpc_credit_policy(&c->w, id[i], &p[i], &r);
    jsonw_arr_end(&c->w);
  }
  return rpc_credit_end(c, &r, e);
}

/* As it would be signed: 65 bytes of signature are about what they take. */
static void rpc_credit_raw(struct rpc_call *c, struct chain_tx *tx) {
  struct buf b;
  buf_init(&b, 0);
  memset(&tx->sig, 0xff, sizeof tx->sig);
  tx->sig.v = 1;
  chain_tx_encode(&b, tx);
  tx->raw = arena_copy_slice(c->a, buf_slice(&b));
  buf_fini(&b);
}

static void rpc_credit_quote(struct jsonw *w, const struct rpc_credit *r,
                             const struct chain_credit_quote *q,
                             const struct chain_tx *tx,
                             const struct chain_outcome *o) {
  struct dpos_credit_use use = {
    .gas_used = o->gas_used, .gas_limit = tx->gas_limit, .bytes = tx->raw.len,
    .state_new = (u64)o->growth.slots + o->growth.accounts,
    .code_bytes = o->growth.code_bytes};
  struct errmsg msg;
  jsonw_obj(w);
  jsonw_kv_quantity(w, "cost",
                    dpos_credit_cost(chain_credit_prices(r->credit),
                                     chain_credit_rules(r->credit), &use));
  jsonw_kv_quantity(w, "reserve", q->reserve);
  jsonw_kv_quantity(w, "gasLimit", tx->gas_limit);
  jsonw_kv_quantity(w, "gasUsed", o->gas_used);
  jsonw_kv_quantity(w, "bytes", use.bytes);
  jsonw_kv_quantity(w, "newState", use.state_new);
  jsonw_kv_quantity(w, "codeBytes", use.code_bytes);
  jsonw_kv_hex(w, "payer", addr20_slice(&q->payer));
  if (q->policy) jsonw_kv_quantity(w, "policy", q->policy);
  else jsonw_kv_null(w, "policy");
  jsonw_kv_quantity(w, "available", q->available);
  jsonw_kv_bool(w, "admitted", q->verdict == CHAIN_OK);
  if (q->verdict != CHAIN_OK) {
    chain_credit_say(&msg, q);
    jsonw_kv_str(w, "reason", msg.text);
    if (q->wait_s == DPOS_CREDIT_NEVER) jsonw_kv_null(w, "wait");
    else jsonw_kv_quantity(w, "wait", q->wait_s);
  }
  jsonw_obj_end(w);
}

err rpc_do_cm_estimateCredits(struct rpc_call *c) {
  const struct rpc_config *limits = rpc_limits(c->batch->server);
  struct rpc_txcall *call = c->arg[0].call;
  struct chain_tx *tx = &call->tx;
  struct rpc_credit r;
  struct chain_outcome o;
  struct chain_credit_quote q;
  TRY(rpc_credit_begin(c, &r, &c->arg[1]));
  if (!call->has_gas || tx->gas_limit > limits->gas_cap)
    tx->gas_limit = limits->gas_cap;
  err e = node_read_call(r.read, &o, r.number, true, tx,
                         limits->evm_timeout_ms, NULL, c->a);
  if (e < 0 || o.verdict != CHAIN_OK) {
    chain_credit_close(r.credit);
    return e < 0 ? rpc_fail_err(c, e)
                 : rpc_fail(c, RPC_ERR_SERVER, "%s",
                            chain_verdict_text(o.verdict));
  }
  /* Who names no limit will set what is used, or a little more. */
  if (!call->has_gas) tx->gas_limit = o.gas_used + o.gas_refunded;
  rpc_credit_raw(c, tx);
  e = chain_credit_admit(r.credit, &q, tx);
  if (e == ERR_OK) rpc_credit_quote(&c->w, &r, &q, tx, &o);
  return rpc_credit_end(c, &r, e);
}
