/* evm_native.c - native contracts: C that runs in a message's place.
**
** The message has a frame like any other, without code; storage and logs cost
** what SLOAD, SSTORE and LOG cost, by the same functions.  What cannot be
** paid for ends the message: from then on reads give zero, writes do nothing,
** and the outcome is out of gas whatever the native contract says, so it need
** not ask after each step. */
#include "evm/evm_int.h"

enum { EVM_NATIVE_LOG = 375, EVM_NATIVE_LOG_BYTE = 8, EVM_NATIVE_PAY = 6700 };

struct evm_native {
  struct evm *e;
  struct evm_frame *f;
  enum evm_status status; /* EVM_SUCCESS while nothing went wrong */
  slice output;
};

const struct evm_msg *evm_native_msg(const struct evm_native *n) {
  return &n->f->msg;
}
const struct evm_block *evm_native_block(const struct evm_native *n) {
  return &n->e->block;
}

bool evm_native_charge(struct evm_native *n, u64 gas) {
  if (n->status != EVM_SUCCESS) return false;
  if (n->f->gas < gas) {
    n->status = EVM_OUT_OF_GAS;
    return false;
  }
  n->f->gas -= gas;
  return true;
}

void evm_native_slot(struct evm_native *n, u256 *out, const u256 *slot) {
  const struct evm_host *h = &n->e->host;
  const addr20 *self = &n->f->msg.recipient;
  u64 gas = n->e->rules.op[EVM_OP_SLOAD].gas;
  *out = U256_ZERO;
  if (n->status != EVM_SUCCESS) return;
  if (h->access_slot(h->ctx, self, slot)) gas += n->e->rules.cold_slot;
  if (evm_native_charge(n, gas)) h->slot(h->ctx, out, self, slot);
}

void evm_native_slot_set(struct evm_native *n, const u256 *slot,
                         const u256 *v) {
  const struct evm_host *h = &n->e->host;
  if (n->status != EVM_SUCCESS) return;
  n->status = evm_charge_sstore(n->e, n->f, slot, v);
  if (n->status == EVM_SUCCESS)
    h->slot_set(h->ctx, &n->f->msg.recipient, slot, v);
}

void evm_native_slot_fresh(struct evm_native *n, const u256 *slot) {
  const struct evm_host *h = &n->e->host;
  if (n->status == EVM_SUCCESS && h->slot_fresh)
    h->slot_fresh(h->ctx, &n->f->msg.recipient, slot);
}

void evm_native_log(struct evm_native *n, const hash32 *topics, u32 topic_cnt,
                    slice data) {
  const struct evm_host *h = &n->e->host;
  if (n->status == EVM_SUCCESS && n->f->msg.is_static)
    n->status = EVM_STATIC_VIOLATION;
  if (evm_native_charge(n, EVM_NATIVE_LOG * (u64)(1 + topic_cnt) +
                               EVM_NATIVE_LOG_BYTE * data.len))
    h->log(h->ctx, &n->f->msg.recipient, topics, topic_cnt, data);
}

void evm_native_balance(struct evm_native *n, u256 *out, const addr20 *a) {
  const struct evm_host *h = &n->e->host;
  *out = U256_ZERO;
  if (n->status != EVM_SUCCESS) return;
  if (evm_native_charge(n, n->e->rules.op[EVM_OP_BALANCE].gas +
                               evm_account_gas(n->e, a)))
    h->balance(h->ctx, out, a);
}

bool evm_native_pay(struct evm_native *n, const addr20 *to, const u256 *v) {
  const struct evm_host *h = &n->e->host;
  if (u256_is_zero(v) || n->status != EVM_SUCCESS) return true;
  u64 gas = EVM_NATIVE_PAY + n->e->rules.op[EVM_OP_CALL].gas +
            evm_account_gas(n->e, to);
  if (h->is_empty(h->ctx, to)) gas += EVM_NEW_ACCOUNT_GAS;
  if (n->f->msg.is_static) n->status = EVM_STATIC_VIOLATION;
  if (!evm_native_charge(n, gas)) return true;
  if (!h->balance_sub(h->ctx, &n->f->msg.recipient, v)) return false;
  h->balance_add(h->ctx, to, v);
  if (h->met) h->met(h->ctx, EVM_CALL, &n->f->msg.recipient, to);
  return true;
}

void evm_native_as(struct evm_native *n, const addr20 *self) {
  n->f->msg.recipient = *self;
}
u64 evm_native_gas(const struct evm_native *n) {
  return n->status == EVM_SUCCESS ? n->f->gas : 0;
}

/* What it costs to begin the call, and what is given to it. */
static bool evm_native_call_gas(struct evm_native *n, u64 *gas,
                                const addr20 *to, const u256 *value) {
  const struct evm_host *h = &n->e->host;
  u64 price = n->e->rules.op[EVM_OP_CALL].gas + evm_account_gas(n->e, to);
  if (!u256_is_zero(value)) {
    price += EVM_CALL_VALUE_GAS;
    if (h->is_empty(h->ctx, to)) price += EVM_NEW_ACCOUNT_GAS;
  }
  if (!evm_native_charge(n, price)) return false;
  if (*gas == 0) *gas = n->f->gas - n->f->gas / 64;
  return evm_native_charge(n, *gas);
}

bool evm_native_call(struct evm_native *n, struct evm_result *out,
                     enum evm_kind kind, const addr20 *to, const u256 *value,
                     u64 gas, slice input) {
  struct evm_frame *f = n->f;
  struct evm_msg *m = &f[1].msg;
  *out = (struct evm_result){.status = EVM_OUT_OF_GAS};
  if (n->status == EVM_SUCCESS && f->msg.is_static && !u256_is_zero(value))
    n->status = EVM_STATIC_VIOLATION;
  if (n->status != EVM_SUCCESS || !evm_native_call_gas(n, &gas, to, value))
    return false;
  *m = (struct evm_msg){
    .kind = kind, .is_static = f->msg.is_static || kind == EVM_STATICCALL,
    .gas = gas, .sender = f->msg.recipient, .recipient = *to,
    .code_addr = *to, .value = *value, .input = input};
  evm_run_nested(n->e, f, out);
  f->gas += out->gas_left;
  return true;
}

bool evm_native_try(struct evm_native *n, u64 gas, bool (*fn)(void *ctx),
                    void *ctx) {
  const struct evm_host *h = &n->e->host;
  struct evm_frame *f = n->f;
  if (n->status != EVM_SUCCESS) return false;
  if (gas > f->gas) gas = f->gas;
  u64 kept = f->gas - gas;
  u32 snap = h->snapshot(h->ctx);
  f->gas = gas;
  bool ok = fn(ctx);
  if (n->status != EVM_SUCCESS) f->gas = 0;
  if (!ok || n->status != EVM_SUCCESS) {
    h->revert(h->ctx, snap);
    ok = false;
  }
  n->status = EVM_SUCCESS;
  f->gas += kept;
  return ok;
}

void evm_native_end(struct evm_native *n, bool success, slice output) {
  if (n->status == EVM_SUCCESS && !success) n->status = EVM_REVERT;
  n->output = output;
}

bool evm_native_run(struct evm *e, struct evm_frame *f, struct evm_result *r) {
  struct evm_native n = {.e = e, .f = f, .status = EVM_SUCCESS};
  f->gas = f->msg.gas;
  if (!e->host.native(e->host.ctx, &n)) return false;
  r->status = n.status;
  r->gas_left = f->gas;
  r->output = (slice){0};
  if (n.output.len) {
    u8 *room = evm_mem_room(f, n.output.len);
    memcpy(room, n.output.ptr, n.output.len);
    r->output = slice_of(room, n.output.len);
  }
  return true;
}
