/* evm_msg.c - beginning and ending messages: refusals, value, precompiles,
** delegated code, creation.
**
** Order of a call: depth, balance; then a snapshot, touch and transfer; then
** precompile or code.  Order of a creation: depth, balance, nonce; the
** creator's nonce rises and the new address becomes warm for good; a taken
** address (nonce, code, or storage: EIP-7610) burns the gas; then a snapshot.
** What is refused before the snapshot gives its gas back.
**
** The touch of 0x3: on the main network a call to RIPEMD-160 ran out of gas
** (block 2,675,119) and the empty account 0x3 was deleted all the same,
** because two clients did not undo touches; since then the touch of that one
** address survives every revert (EIP-161 on).  A touch is what gives nothing
** to an empty account: a call with value is undone like any other change. */
#include "evm/evm_msg.h"

#include "crypto/keccak.h"

u8 evm_kind_op(enum evm_kind kind) {
  static const u8 op[] = {
    [EVM_CALL] = EVM_OP_CALL, [EVM_CALLCODE] = EVM_OP_CALLCODE,
    [EVM_DELEGATECALL] = EVM_OP_DELEGATECALL,
    [EVM_STATICCALL] = EVM_OP_STATICCALL,
    [EVM_CREATE] = EVM_OP_CREATE, [EVM_CREATE2] = EVM_OP_CREATE2,
  };
  return op[kind];
}

bool evm_delegation(slice code, addr20 *target) {
  if (code.len != EVM_DELEGATION_LEN || code.ptr[0] != 0xef ||
      code.ptr[1] != 0x01 || code.ptr[2] != 0x00) {
    return false;
  }
  memcpy(target->b, code.ptr + 3, 20);
  return true;
}

/*------------------------------------------------------------- addresses */

void evm_create_addr(addr20 *out, const addr20 *sender, u64 nonce) {
  /* rlp([sender, nonce]) */
  u8 rlp[32], be[8];
  u32 len = 0, nonce_len = nonce ? (71 - (u32)__builtin_clzll(nonce)) / 8 : 0;
  hash32 h;
  store_be64(be, nonce);
  rlp[1] = 0x80 + 20;
  memcpy(rlp + 2, sender->b, 20);
  len = 22;
  if (nonce == 0 || nonce >= 0x80) rlp[len++] = (u8)(0x80 + nonce_len);
  memcpy(rlp + len, be + 8 - nonce_len, nonce_len);
  len += nonce_len;
  rlp[0] = (u8)(0xc0 + len - 1);
  crypto_keccak256(&h, rlp, len);
  memcpy(out->b, h.b + 12, 20);
}

void evm_create2_addr(addr20 *out, const addr20 *sender, const u256 *salt,
                      const hash32 *init_code_hash) {
  u8 in[85];
  hash32 h;
  in[0] = 0xff;
  memcpy(in + 1, sender->b, 20);
  u256_to_be(in + 21, salt);
  memcpy(in + 53, init_code_hash->b, 32);
  crypto_keccak256(&h, in, sizeof in);
  memcpy(out->b, h.b + 12, 20);
}

/*------------------------------------------------------------------- end */

static void evm_msg_revert(struct evm *e, struct evm_frame *f) {
  static const addr20 ripemd = {.b = {[19] = 3}};
  e->host.revert(e->host.ctx, f->snap);
  if (UNLIKELY(e->ripemd_touched)) e->host.touch(e->host.ctx, &ripemd);
}

/* The code that a creation returned: size, first byte, price. */
static enum evm_status evm_msg_deposit(struct evm *e, struct evm_frame *f,
                                       struct evm_result *r) {
  const struct evm_rules *rules = &e->rules;
  slice code = r->output;
  u64 price = code.len * (u64)EVM_CODE_BYTE_GAS;
  if (rules->code_max && code.len > rules->code_max) return EVM_CODE_SIZE;
  if (rules->no_ef_code && code.len && code.ptr[0] == 0xef) {
    return EVM_BAD_CODE;
  }
  if (r->gas_left < price) {
    if (rules->create_needs_deposit) return EVM_OUT_OF_GAS;
    r->output.len = 0; /* Frontier: the contract stays without code */
    return EVM_SUCCESS;
  }
  r->gas_left -= price;
  e->host.code_set(e->host.ctx, &f->msg.recipient, code);
  return EVM_SUCCESS;
}

/* r has what the code or precompile said; settle it. */
static void evm_msg_settle(struct evm *e, struct evm_frame *f,
                           struct evm_result *r) {
  if (f->msg.kind >= EVM_CREATE && r->status == EVM_SUCCESS) {
    r->status = evm_msg_deposit(e, f, r);
    r->created = f->msg.recipient;
  }
  if (r->status != EVM_SUCCESS) {
    evm_msg_revert(e, f);
    if (r->status != EVM_REVERT) {
      r->gas_left = 0;
      r->output = (slice){0};
    }
  }
}

static void evm_msg_leave(struct evm *e, struct evm_frame *f,
                          const struct evm_result *r) {
  if (UNLIKELY(e->tracer) && e->tracer->leave) {
    e->tracer->leave(e->tracer->ctx, &f->msg, r);
  }
}

void evm_msg_end(struct evm *e, struct evm_frame *f, struct evm_result *r) {
  if (f->msg.kind < EVM_CREATE) evm_cache_unpin(f->code);
  *r = (struct evm_result){
      .status = f->status, .gas_left = f->gas, .output = f->output};
  evm_msg_settle(e, f, r);
  evm_msg_leave(e, f, r);
}

void evm_msg_resume(struct evm_frame *f, const struct evm_result *r) {
  const struct evm_frame *callee = f + 1;
  bool ok = r->status == EVM_SUCCESS;
  bool creation = callee->msg.kind >= EVM_CREATE;
  u256 *top = ++f->sp;
  f->gas += r->gas_left;
  f->ret = creation && ok ? (slice){0} : r->output;
  if (creation) {
    *top = U256_ZERO;
    if (ok) u256_from_addr(top, &r->created);
    return;
  }
  *top = u256_from(ok);
  u64 len = f->call_len < f->ret.len ? f->call_len : f->ret.len;
  if (len) memcpy(f->mem + f->call_off, f->ret.ptr, len);
}

/*----------------------------------------------------------------- begin */

static void evm_msg_transfer(struct evm *e, const struct evm_msg *m) {
  const struct evm_host *h = &e->host;
  if (u256_is_zero(&m->value)) {
    h->touch(h->ctx, &m->recipient);
    return;
  }
  MUST(h->balance_sub(h->ctx, &m->sender, &m->value));
  h->balance_add(h->ctx, &m->recipient, &m->value);
}

void evm_msg_start_code(struct evm_frame *f) {
  f->pc = f->code->bytes;
  f->in = NULL;
  f->gas = f->msg.gas;
  f->sp = f->base - 1;
  f->mem_len = f->mem_reach = f->mem_clean = 0;
  f->data = f->msg.kind >= EVM_CREATE ? (slice){0} : f->msg.input;
  f->ret = (slice){0};
}

static void evm_msg_precompile(struct evm *e, struct evm_frame *f,
                               const struct evm_precompile *p,
                               struct evm_result *r) {
  u64 price = p->price(e->rules.fork, f->msg.input);
  f->output = (slice){0};
  if (price >= EVM_GAS_NEVER || price > f->msg.gas) {
    r->status = EVM_OUT_OF_GAS;
  } else if (!p->run(f, e->rules.fork, f->msg.input)) {
    r->status = EVM_PRECOMPILE_FAILED;
  } else {
    r->gas_left = f->msg.gas - price;
    r->output = f->output;
  }
}

/* Code to run, past a delegation (one step, EIP-7702). */
static slice evm_msg_code(struct evm *e, hash32 *hash,
                          const struct evm_msg *m) {
  slice code = e->host.code(e->host.ctx, hash, &m->code_addr);
  addr20 target;
  if (!e->rules.delegation || !evm_delegation(code, &target)) return code;
  if (m->depth == 0) e->host.access_account(e->host.ctx, &target);
  return e->host.code(e->host.ctx, hash, &target);
}

/* Where native contracts may be: below 2^16. */
static bool evm_msg_is_low(const addr20 *a) {
  u64 high, mid;
  memcpy(&high, a->b, 8);
  memcpy(&mid, a->b + 8, 8);
  return (high | mid | a->b[16] | a->b[17]) == 0;
}

static const struct evm_precompile *evm_msg_moved(const struct evm *e,
                                                  const addr20 *a) {
  for (u32 i = 0; i < e->move_cnt; i++) {
    const struct evm_move *m = &e->move[i];
    if (m->has_to && addr20_eq(&m->to, a)) {
      return evm_precompile_find(e->rules.fork, &m->from);
    }
    if (addr20_eq(&m->from, a)) return NULL;
  }
  return evm_precompile_find(e->rules.fork, a);
}

static bool evm_msg_begin_call(struct evm *e, struct evm_frame *f,
                               struct evm_result *r) {
  const struct evm_host *h = &e->host;
  const struct evm_msg *m = &f->msg;
  const struct evm_precompile *p =
      UNLIKELY(e->move_cnt) ? evm_msg_moved(e, &m->code_addr)
                            : evm_precompile_find(e->rules.fork, &m->code_addr);
  hash32 hash;
  f->snap = h->snapshot(h->ctx);
  if (m->kind == EVM_CALL) {
    evm_msg_transfer(e, m);
  } else if (m->kind == EVM_STATICCALL) {
    h->touch(h->ctx, &m->recipient);
  }
  if (UNLIKELY(p)) {
    if (m->code_addr.b[19] == 3 && e->rules.empty_is_dead &&
        addr20_eq(&m->code_addr, &m->recipient) &&
        h->is_empty(h->ctx, &m->recipient)) {
      e->ripemd_touched = true;
    }
    evm_msg_precompile(e, f, p, r);
    evm_msg_settle(e, f, r);
    return false;
  }
  if (UNLIKELY(evm_msg_is_low(&m->code_addr)) && h->native &&
      evm_native_run(e, f, r)) {
    evm_msg_settle(e, f, r);
    return false;
  }
  slice code = evm_msg_code(e, &hash, m);
  if (code.len == 0) {
    r->gas_left = m->gas;
    return false;
  }
  f->code = evm_cache_pin(&e->cache, &hash, code, e->cool);
  evm_msg_start_code(f);
  return true;
}

static void evm_msg_new_addr(struct evm_msg *m, u64 nonce) {
  if (m->kind == EVM_CREATE2) {
    hash32 hash;
    crypto_keccak256(&hash, m->input.ptr, m->input.len);
    evm_create2_addr(&m->recipient, &m->sender, &m->salt, &hash);
  } else {
    evm_create_addr(&m->recipient, &m->sender, nonce);
  }
  m->code_addr = m->recipient;
}

static bool evm_msg_addr_taken(struct evm *e, const addr20 *a) {
  const struct evm_host *h = &e->host;
  hash32 hash;
  return h->nonce(h->ctx, a) != 0 || h->code(h->ctx, &hash, a).len != 0 ||
         h->has_storage(h->ctx, a);
}

static bool evm_msg_begin_create(struct evm *e, struct evm_frame *f,
                                 struct evm_result *r) {
  const struct evm_host *h = &e->host;
  struct evm_msg *m = &f->msg;
  u64 nonce = h->nonce(h->ctx, &m->sender);
  if (m->depth == 0) {
    nonce--; /* raised already */
  } else if (nonce == UINT64_MAX) {
    r->status = EVM_NONCE_OVERFLOW;
    r->gas_left = m->gas;
    return false;
  } else {
    h->nonce_set(h->ctx, &m->sender, nonce + 1);
  }
  evm_msg_new_addr(m, nonce);
  if (e->rules.access_lists) h->access_account(h->ctx, &m->recipient);
  if (evm_msg_addr_taken(e, &m->recipient)) {
    r->status = EVM_CREATE_COLLISION;
    return false;
  }
  f->snap = h->snapshot(h->ctx);
  h->create(h->ctx, &m->recipient);
  if (e->rules.empty_is_dead) h->nonce_set(h->ctx, &m->recipient, 1);
  evm_msg_transfer(e, m);
  evm_code_set(&f->init, m->input, e->cool);
  f->code = &f->init;
  evm_msg_start_code(f);
  return true;
}

enum evm_status evm_msg_refusal(struct evm *e, const struct evm_msg *m) {
  if (m->depth > EVM_DEPTH_MAX) return EVM_CALL_DEPTH;
  if (m->kind == EVM_DELEGATECALL || u256_is_zero(&m->value)) {
    return EVM_SUCCESS;
  }
  u256 balance;
  e->host.balance(e->host.ctx, &balance, &m->sender);
  return u256_lt(&balance, &m->value) ? EVM_BALANCE_SHORT : EVM_SUCCESS;
}

static void evm_msg_met(const struct evm_host *h, const struct evm_msg *m) {
  h->met(h->ctx, m->kind, &m->sender, &m->recipient);
  if (m->kind < EVM_CREATE && !addr20_eq(&m->recipient, &m->code_addr)) {
    h->met(h->ctx, m->kind, &m->sender, &m->code_addr);
  }
}

bool evm_msg_begin(struct evm *e, struct evm_frame *f, struct evm_result *r) {
  *r = (struct evm_result){.status = evm_msg_refusal(e, &f->msg)};
  if (UNLIKELY(e->tracer) && e->tracer->enter) {
    e->tracer->enter(e->tracer->ctx, &f->msg, evm_kind_op(f->msg.kind));
  }
  bool running = false;
  if (UNLIKELY(r->status != EVM_SUCCESS)) {
    r->gas_left = f->msg.gas;
  } else if (f->msg.kind >= EVM_CREATE) {
    running = evm_msg_begin_create(e, f, r);
  } else {
    running = evm_msg_begin_call(e, f, r);
  }
  if (f->msg.depth && e->host.met &&
      (running || r->status == EVM_SUCCESS)) {
    evm_msg_met(&e->host, &f->msg);
  }
  if (!running) evm_msg_leave(e, f, r);
  return running;
}
