/* evm_effect.c - opcodes that reach out of the frame: the four calls, the two
** creations, storage prices and SELFDESTRUCT.
**
** Each function first computes the whole price, charges it once and only then
** changes anything, so that a tracer sees the frame as it was. */
#include "evm/evm_int.h"

/* gas - price, or false and gas is untouched. */
static inline bool evm_effect_pay(struct evm_frame *f, u64 price) {
  if (f->gas < price) return false;
  f->gas -= price;
  return true;
}

static slice evm_effect_view(const struct evm_frame *f, const u256 *off,
                             const u256 *len) {
  return len->w[0] ? slice_of(f->mem + off->w[0], len->w[0]) : (slice){0};
}

/*----------------------------------------------------------------- calls */

/* A delegated account pays the access to its delegate too. */
static u64 evm_effect_delegate_gas(struct evm *e, const addr20 *a) {
  hash32 hash;
  addr20 target;
  if (!e->rules.delegation ||
      !evm_delegation(e->host.code(e->host.ctx, &hash, a), &target)) {
    return 0;
  }
  return e->rules.op[EVM_OP_CALL].gas + evm_account_gas(e, &target);
}

static u64 evm_effect_value_gas(struct evm *e, enum evm_kind kind,
                                const addr20 *to, bool has_value) {
  const struct evm_host *h = &e->host;
  u64 gas = has_value ? EVM_CALL_VALUE_GAS : 0;
  if (kind != EVM_CALL) return gas;
  bool makes = e->rules.empty_is_dead
                   ? has_value && h->is_empty(h->ctx, to)
                   : !h->exists(h->ctx, to);
  return makes ? gas + EVM_NEW_ACCOUNT_GAS : gas;
}

/* Takes from f->gas what the call gets. */
static bool evm_effect_call_gas(struct evm *e, struct evm_frame *f, u64 *out,
                                const u256 *asked) {
  u64 most = e->rules.keep_64th ? f->gas - f->gas / 64 : f->gas;
  if (u256_fits64(asked) && asked->w[0] <= most) {
    *out = asked->w[0];
  } else if (e->rules.keep_64th) {
    *out = most;
  } else {
    return false;
  }
  f->gas -= *out;
  return true;
}

enum evm_status evm_prepare_call(struct evm *e, struct evm_frame *f,
                                 enum evm_kind kind) {
  bool valued = kind == EVM_CALL || kind == EVM_CALLCODE;
  const u256 *sp = f->sp, *value = valued ? sp - 2 : NULL;
  const u256 *area = valued ? sp - 3 : sp - 2; /* in, len, out, len down */
  bool has_value = valued && !u256_is_zero(value);
  addr20 to;
  u64 gas;
  if (kind == EVM_CALL && has_value && f->msg.is_static) {
    return EVM_STATIC_VIOLATION;
  }
  u64 in_end = evm_mem_end(area, area - 1);
  u64 end = evm_mem_end(area - 2, area - 3);
  if (in_end > end) end = in_end;
  if (end > EVM_MEM_MAX) return EVM_OUT_OF_GAS;
  u256_to_addr(&to, sp - 1);
  if (!evm_effect_pay(f, evm_mem_price(f, end) + evm_account_gas(e, &to) +
                             evm_effect_value_gas(e, kind, &to, has_value) +
                             evm_effect_delegate_gas(e, &to)) ||
      !evm_effect_call_gas(e, f, &gas, sp)) {
    return EVM_OUT_OF_GAS;
  }
  evm_mem_grow(f, end);
  struct evm_msg *m = &f[1].msg;
  m->kind = kind;
  m->is_static = f->msg.is_static || kind == EVM_STATICCALL;
  m->depth = f->msg.depth + 1;
  m->gas = gas + (has_value ? EVM_CALL_STIPEND : 0);
  m->sender = kind == EVM_DELEGATECALL ? f->msg.sender : f->msg.recipient;
  m->recipient = kind == EVM_CALL || kind == EVM_STATICCALL
                     ? to : f->msg.recipient;
  m->code_addr = to;
  m->value = valued ? *value
                    : kind == EVM_DELEGATECALL ? f->msg.value : U256_ZERO;
  m->input = evm_effect_view(f, area, area - 1);
  f->call_off = area[-2].w[0];
  f->call_len = area[-3].w[0];
  f->sp -= valued ? 7 : 6;
  return EVM_SUCCESS;
}

enum evm_status evm_prepare_create(struct evm *e, struct evm_frame *f,
                                   enum evm_kind kind) {
  const struct evm_rules *rules = &e->rules;
  const u256 *sp = f->sp;
  if (f->msg.is_static) return EVM_STATIC_VIOLATION;
  u64 end = evm_mem_end(sp - 1, sp - 2);
  if (end > EVM_MEM_MAX) return EVM_OUT_OF_GAS;
  u64 len = sp[-2].w[0], words = (len + 31) / 32;
  if (rules->init_code_max && len > rules->init_code_max) {
    return EVM_OUT_OF_GAS;
  }
  u64 word_gas = rules->init_code_word + (kind == EVM_CREATE2 ? 6u : 0u);
  if (!evm_effect_pay(f, evm_mem_price(f, end) + words * word_gas)) {
    return EVM_OUT_OF_GAS;
  }
  evm_mem_grow(f, end);
  struct evm_msg *m = &f[1].msg;
  m->kind = kind;
  m->is_static = false;
  m->depth = f->msg.depth + 1;
  m->gas = rules->keep_64th ? f->gas - f->gas / 64 : f->gas;
  f->gas -= m->gas;
  m->sender = f->msg.recipient;
  m->recipient = (addr20){{0}};
  m->value = sp[0];
  m->input = evm_effect_view(f, sp - 1, sp - 2);
  m->salt = kind == EVM_CREATE2 ? sp[-3] : U256_ZERO;
  f->sp -= kind == EVM_CREATE2 ? 4 : 3;
  return EVM_SUCCESS;
}

/*--------------------------------------------------------------- storage */

/* EIP-1283, 2200, 2929, 3529: by original, current and new value. */
static u64 evm_effect_net_gas(const struct evm_rules *rules, i64 *refund,
                              const u256 *orig, const u256 *cur,
                              const u256 *val) {
  i64 clear = rules->sstore_clear_refund;
  u64 first = u256_is_zero(orig) ? rules->sstore_set : rules->sstore_reset;
  if (u256_eq(cur, val)) return rules->sstore_noop;
  if (u256_eq(orig, cur)) {
    if (!u256_is_zero(orig) && u256_is_zero(val)) *refund = clear;
    return first;
  }
  if (!u256_is_zero(orig)) {
    if (u256_is_zero(cur)) *refund -= clear;
    if (u256_is_zero(val)) *refund += clear;
  }
  if (u256_eq(orig, val)) *refund += (i64)(first - rules->sstore_noop);
  return rules->sstore_noop;
}

enum evm_status evm_charge_sstore(struct evm *e, struct evm_frame *f,
                                  const u256 *slot, const u256 *val) {
  const struct evm_rules *rules = &e->rules;
  const struct evm_host *h = &e->host;
  const addr20 *self = &f->msg.recipient;
  u256 cur, orig;
  u64 gas = 0;
  i64 refund = 0;
  if (f->msg.is_static) return EVM_STATIC_VIOLATION;
  if (rules->sstore_sentry && f->gas <= rules->sstore_sentry) {
    return EVM_OUT_OF_GAS;
  }
  if (rules->access_lists && h->access_slot(h->ctx, self, slot)) {
    gas = rules->cold_slot + rules->op[EVM_OP_SLOAD].gas;
  }
  u256 stand_for[3];
  if (UNLIKELY(h->slot_change != NULL)) {
    h->slot_change(h->ctx, stand_for, self, slot, val);
    orig = stand_for[0];
    cur = stand_for[1];
    val = &stand_for[2];
  } else {
    h->slot(h->ctx, &cur, self, slot);
    if (rules->sstore_net) h->slot_original(h->ctx, &orig, self, slot);
  }
  if (rules->sstore_net) {
    gas += evm_effect_net_gas(rules, &refund, &orig, &cur, val);
  } else {
    bool sets = u256_is_zero(&cur) && !u256_is_zero(val);
    gas += sets ? rules->sstore_set : rules->sstore_reset;
    if (!u256_is_zero(&cur) && u256_is_zero(val)) {
      refund = rules->sstore_clear_refund;
    }
  }
  if (!evm_effect_pay(f, gas)) return EVM_OUT_OF_GAS;
  if (refund) h->refund_add(h->ctx, refund);
  return EVM_SUCCESS;
}

/*---------------------------------------------------------- selfdestruct */

enum evm_status evm_charge_destruct(struct evm *e, struct evm_frame *f,
                                    const addr20 *heir) {
  const struct evm_rules *rules = &e->rules;
  const struct evm_host *h = &e->host;
  const addr20 *self = &f->msg.recipient;
  u256 balance;
  u64 gas = 0;
  bool makes;
  if (f->msg.is_static) return EVM_STATIC_VIOLATION;
  if (rules->access_lists && h->access_account(h->ctx, heir)) {
    gas = rules->cold_account + rules->op[EVM_OP_BALANCE].gas;
  }
  if (rules->empty_is_dead) {
    h->balance(h->ctx, &balance, self);
    makes = !u256_is_zero(&balance) && h->is_empty(h->ctx, heir);
  } else {
    makes = !h->exists(h->ctx, heir);
  }
  if (makes) gas += rules->destruct_new_account;
  if (!evm_effect_pay(f, gas)) return EVM_OUT_OF_GAS;
  if (rules->destruct_refund && !h->is_destructed(h->ctx, self)) {
    h->refund_add(h->ctx, rules->destruct_refund);
  }
  return EVM_SUCCESS;
}

static void evm_effect_trace_destruct(struct evm *e, struct evm_frame *f,
                                      const addr20 *heir,
                                      const u256 *balance) {
  struct evm_msg m = {.kind = EVM_CALL, .depth = f->msg.depth + 1,
                      .sender = f->msg.recipient, .recipient = *heir,
                      .code_addr = *heir, .value = *balance};
  struct evm_result r = {.status = EVM_SUCCESS};
  if (e->tracer->enter) {
    e->tracer->enter(e->tracer->ctx, &m, EVM_OP_SELFDESTRUCT);
  }
  if (e->tracer->leave) e->tracer->leave(e->tracer->ctx, &m, &r);
}

void evm_destruct(struct evm *e, struct evm_frame *f, const addr20 *heir) {
  const struct evm_host *h = &e->host;
  const addr20 *self = &f->msg.recipient;
  bool goes = !e->rules.destruct_same_tx_only || h->created_in_tx(h->ctx, self);
  u256 balance;
  h->balance(h->ctx, &balance, self);
  h->touch(h->ctx, heir);
  /* To oneself the balance is burnt when the account goes, else kept. */
  if (goes || !addr20_eq(self, heir)) {
    MUST(h->balance_sub(h->ctx, self, &balance));
    if (!addr20_eq(self, heir)) h->balance_add(h->ctx, heir, &balance);
  }
  if (goes) h->selfdestruct(h->ctx, self);
  if (h->met) h->met(h->ctx, EVM_CALL, self, heir);
  if (UNLIKELY(e->tracer)) evm_effect_trace_destruct(e, f, heir, &balance);
}
