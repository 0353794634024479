/* evmc_vm.c - our interpreter as an EVMC virtual machine (evmc_abi.h), built by
** make evmc as the shared library cybermiles.so.
**
** EVMC gives a machine one message at a time and its code; calls, creations,
** value, snapshots and precompiles are the host's.  So this is evm_run_code on
** an evm_host that passes on what it can and never is asked the rest.
**   - A changed slot is one of nine kinds; the price of each is found by values
**     that stand for it (evm_effect.c knows the rules).
**   - SELFDESTRUCT is one call of the host; the machine's steps before it tell
**     nothing but the heir.
**   - An account is empty when the host says it does not exist.
**
** A machine for each thread that ever executed: code stays translated from one
** message to the next.  A message may lead back here before it ends (the host
** executes a call): the same machine then runs it in its next frame. */
#include "evmc/evmc_abi.h"

#include <pthread.h>
#include <stdlib.h>

#include "crypto/keccak.h"
#include "evm/evm.h"

struct evmc_machine {
  struct evmc_machine *next;
  pthread_t thread;
  struct evm *evm;
  struct evmc_run *running; /* innermost */
  u8 *code;                 /* of the account asked for last */
  size_t code_cap;
};
struct evmc_shared {
  struct evmc_vm vm;
  pthread_mutex_t lock;
  struct evmc_machine *machine;
};
/* One message in execution: the context of the machine's host. */
struct evmc_run {
  struct evmc_run *outer;
  struct evmc_machine *machine;
  const struct evmc_host *host;
  struct evmc_ctx *ctx;
  enum evm_fork fork;
  i64 refund;
  addr20 heir;
  struct evmc_result last; /* of the last call; its output is being viewed */
  struct evm_block block;
  struct evm_tx tx;
};

static u256 evmc_word(hash32 h) {
  u256 v;
  u256_from_be(&v, h.b);
  return v;
}
static hash32 evmc_bytes(const u256 *v) { return u256_hash32(v); }

/*---------------------------------------------------- the machine's host */

#define RUN const struct evmc_run *r = ctx
static bool evmc_exists(void *ctx, const addr20 *a) {
  RUN;
  return r->host->account_exists(r->ctx, a);
}
static bool evmc_is_empty(void *ctx, const addr20 *a) {
  return !evmc_exists(ctx, a);
}
static void evmc_balance(void *ctx, u256 *out, const addr20 *a) {
  RUN;
  *out = evmc_word(r->host->get_balance(r->ctx, a));
}
static slice evmc_code(void *ctx, hash32 *code_hash, const addr20 *a) {
  RUN;
  struct evmc_machine *m = r->machine;
  size_t len = r->host->get_code_size(r->ctx, a);
  if (len > m->code_cap) {
    m->code = mem_realloc(m->code, len);
    m->code_cap = len;
  }
  memset(code_hash, 0, sizeof *code_hash);
  return slice_of(m->code, r->host->copy_code(r->ctx, a, 0, m->code, len));
}
static void evmc_code_hash(void *ctx, hash32 *out, const addr20 *a) {
  RUN;
  *out = r->host->get_code_hash(r->ctx, a);
}
static void evmc_slot(void *ctx, u256 *out, const addr20 *a,
                      const u256 *slot) {
  RUN;
  hash32 key = evmc_bytes(slot);
  *out = evmc_word(r->host->get_storage(r->ctx, a, &key));
}
static void evmc_slot_change(void *ctx, u256 stand_for[3], const addr20 *a,
                             const u256 *slot, const u256 *v) {
  static const u8 stand[EVMC_CHANGE_CNT][3] = {
    [EVMC_ASSIGNED] = {1, 2, 3}, [EVMC_ADDED] = {0, 0, 1},
    [EVMC_DELETED] = {1, 1, 0}, [EVMC_MODIFIED] = {1, 1, 2},
    [EVMC_DELETED_ADDED] = {1, 0, 2}, [EVMC_MODIFIED_DELETED] = {1, 2, 0},
    [EVMC_DELETED_RESTORED] = {1, 0, 1}, [EVMC_ADDED_DELETED] = {0, 1, 0},
    [EVMC_MODIFIED_RESTORED] = {1, 2, 1},
  };
  RUN;
  hash32 key = evmc_bytes(slot), value = evmc_bytes(v);
  u32 change = (u32)r->host->set_storage(r->ctx, a, &key, &value);
  if (change >= EVMC_CHANGE_CNT) change = EVMC_ASSIGNED;
  for (u32 i = 0; i < 3; i++) stand_for[i] = u256_from(stand[change][i]);
}
static void evmc_slot_set(void *ctx, const addr20 *a, const u256 *slot,
                          const u256 *v) {
  (void)ctx, (void)a, (void)slot, (void)v; /* slot_change did it */
}
static void evmc_transient(void *ctx, u256 *out, const addr20 *a,
                           const u256 *slot) {
  RUN;
  hash32 key = evmc_bytes(slot);
  *out = evmc_word(r->host->get_transient_storage(r->ctx, a, &key));
}
static void evmc_transient_set(void *ctx, const addr20 *a, const u256 *slot,
                               const u256 *v) {
  RUN;
  hash32 key = evmc_bytes(slot), value = evmc_bytes(v);
  r->host->set_transient_storage(r->ctx, a, &key, &value);
}
static void evmc_touch(void *ctx, const addr20 *a) {
  struct evmc_run *r = ctx; /* only SELFDESTRUCT touches */
  r->heir = *a;
}
static void evmc_balance_add(void *ctx, const addr20 *a, const u256 *v) {
  (void)ctx, (void)a, (void)v; /* part of the host's selfdestruct */
}
static bool evmc_balance_sub(void *ctx, const addr20 *a, const u256 *v) {
  (void)ctx, (void)a, (void)v;
  return true;
}
/* True: the host is told of every SELFDESTRUCT. */
static bool evmc_created_in_tx(void *ctx, const addr20 *a) {
  (void)ctx, (void)a;
  return true;
}
/* True: the refund is the host's answer, below. */
static bool evmc_is_destructed(void *ctx, const addr20 *a) {
  (void)ctx, (void)a;
  return true;
}
static void evmc_selfdestruct(void *ctx, const addr20 *a) {
  enum { REFUND = 24000 }; /* until EIP-3529 */
  struct evmc_run *r = ctx;
  if (r->host->selfdestruct(r->ctx, a, &r->heir) && r->fork < EVM_LONDON) {
    r->refund += REFUND;
  }
}
static void evmc_log(void *ctx, const addr20 *a, const hash32 *topics,
                     u32 topic_cnt, slice data) {
  RUN;
  r->host->emit_log(r->ctx, a, data.ptr, data.len, topics, topic_cnt);
}
static bool evmc_access_account(void *ctx, const addr20 *a) {
  RUN;
  return r->host->access_account(r->ctx, a) == 0;
}
static bool evmc_access_slot(void *ctx, const addr20 *a, const u256 *slot) {
  RUN;
  hash32 key = evmc_bytes(slot);
  return r->host->access_storage(r->ctx, a, &key) == 0;
}
static void evmc_refund_add(void *ctx, i64 delta) {
  struct evmc_run *r = ctx;
  r->refund += delta;
}
static i64 evmc_refund(void *ctx) {
  RUN;
  return r->refund;
}
static void evmc_block_hash(void *ctx, hash32 *out, u64 number) {
  RUN;
  *out = r->host->get_block_hash(r->ctx, (i64)number);
}
#undef RUN

static void evmc_release(struct evmc_result *r) {
  if (r->release) r->release(r);
  r->release = NULL;
}

/* EIP-7702: the code of a delegated account is its delegate's. */
static void evmc_delegate(const struct evmc_run *r, struct evmc_msg *m) {
  u8 code[24];
  addr20 target;
  size_t len = r->host->copy_code(r->ctx, &m->code_addr, 0, code, sizeof code);
  if (!evm_delegation(slice_of(code, len), &target)) return;
  m->code_addr = target;
  m->flags |= EVMC_FLAG_DELEGATED;
}

static void evmc_call(void *ctx, struct evm_result *out,
                      const struct evm_msg *msg) {
  static const enum evmc_kind kind[] = {
    [EVM_CALL] = EVMC_CALL, [EVM_CALLCODE] = EVMC_CALLCODE,
    [EVM_DELEGATECALL] = EVMC_DELEGATECALL, [EVM_STATICCALL] = EVMC_CALL,
    [EVM_CREATE] = EVMC_CREATE, [EVM_CREATE2] = EVMC_CREATE2,
  };
  struct evmc_run *r = ctx;
  struct evmc_msg m = {
      .kind = kind[msg->kind], .flags = msg->is_static ? EVMC_FLAG_STATIC : 0,
      .depth = (int32_t)msg->depth, .gas = (i64)msg->gas,
      .recipient = msg->recipient, .sender = msg->sender,
      .input = msg->input.ptr, .input_len = msg->input.len,
      .value = evmc_bytes(&msg->value), .salt = evmc_bytes(&msg->salt),
      .code_addr = msg->code_addr};
  if (msg->kind < EVM_CREATE && r->fork >= EVM_PRAGUE) evmc_delegate(r, &m);
  evmc_release(&r->last);
  r->last = r->host->call(r->ctx, &m);
  bool good = r->last.status == EVMC_SUCCESS;
  r->refund += r->last.gas_refund;
  *out = (struct evm_result){
      .status = good ? EVM_SUCCESS
                     : r->last.status == EVMC_REVERT ? EVM_REVERT
                                                     : EVM_OUT_OF_GAS,
      .gas_left = r->last.gas_left > 0 ? (u64)r->last.gas_left : 0,
      .output = slice_of(r->last.output, r->last.output_len),
      .created = r->last.created};
}

static const struct evm_host evmc_vm_host = {
  .exists = evmc_exists, .is_empty = evmc_is_empty, .balance = evmc_balance,
  .code = evmc_code, .code_hash = evmc_code_hash, .slot = evmc_slot,
  .slot_change = evmc_slot_change, .slot_set = evmc_slot_set,
  .transient = evmc_transient, .transient_set = evmc_transient_set,
  .touch = evmc_touch, .balance_add = evmc_balance_add,
  .balance_sub = evmc_balance_sub, .created_in_tx = evmc_created_in_tx,
  .selfdestruct = evmc_selfdestruct, .is_destructed = evmc_is_destructed,
  .log = evmc_log, .access_account = evmc_access_account,
  .access_slot = evmc_access_slot, .refund_add = evmc_refund_add,
  .refund = evmc_refund, .block_hash = evmc_block_hash, .call = evmc_call,
};

/*------------------------------------------------------------- execution */

static void evmc_context(struct evmc_run *r) {
  struct evmc_tx t = r->host->get_tx_context(r->ctx);
  r->block = (struct evm_block){
      .coinbase = t.coinbase, .number = (u64)t.number,
      .timestamp = (u64)t.timestamp, .gas_limit = (u64)t.gas_limit,
      .prev_randao = evmc_word(t.prev_randao),
      .base_fee = evmc_word(t.base_fee),
      .blob_base_fee = evmc_word(t.blob_base_fee),
      .chain_id = evmc_word(t.chain_id)};
  r->tx = (struct evm_tx){.origin = t.origin,
                          .gas_price = evmc_word(t.gas_price),
                          .blob_hash = t.blob_hash,
                          .blob_cnt = (u32)t.blob_cnt};
}

/* Makes r the message that the machine's opcodes ask about. */
static void evmc_enter(struct evmc_run *r) {
  struct evm_host host = evmc_vm_host;
  host.ctx = r;
  r->machine->running = r;
  evm_block_begin(r->machine->evm, r->fork, &r->block, &host);
  evm_tx_begin(r->machine->evm, &r->tx);
}

static void evmc_free_output(const struct evmc_result *r) {
  free((void *)(uintptr_t)r->output);
}

static int evmc_status_of(enum evm_status s) {
  static const int of[] = {
    [EVM_SUCCESS] = EVMC_SUCCESS, [EVM_REVERT] = EVMC_REVERT,
    [EVM_OUT_OF_GAS] = EVMC_OUT_OF_GAS,
    [EVM_STACK_UNDERFLOW] = EVMC_STACK_UNDERFLOW,
    [EVM_STACK_OVERFLOW] = EVMC_STACK_OVERFLOW, [EVM_BAD_JUMP] = EVMC_BAD_JUMP,
    [EVM_BAD_OPCODE] = EVMC_UNDEFINED_INSTRUCTION,
    [EVM_STATIC_VIOLATION] = EVMC_STATIC_VIOLATION,
    [EVM_RETURN_DATA_BOUNDS] = EVMC_INVALID_MEMORY,
    [EVM_CALL_DEPTH] = EVMC_CALL_DEPTH,
    [EVM_BALANCE_SHORT] = EVMC_INSUFFICIENT_BALANCE,
  };
  return (size_t)s < ARRAY_LEN(of) && (of[s] || s == EVM_SUCCESS)
             ? of[s] : EVMC_FAILURE;
}

static struct evmc_result evmc_result_of(const struct evm_result *out,
                                         i64 refund) {
  struct evmc_result r = {.status = evmc_status_of(out->status),
                          .gas_left = (i64)out->gas_left};
  if (out->status == EVM_SUCCESS) r.gas_refund = refund;
  if (out->output.len) {
    u8 *copy = malloc(out->output.len);
    if (!copy) return (struct evmc_result){.status = EVMC_INTERNAL_ERROR};
    memcpy(copy, out->output.ptr, out->output.len);
    r.output = copy;
    r.output_len = out->output.len;
    r.release = evmc_free_output;
  }
  return r;
}

/* The calling thread's machine; made on its first message. */
static struct evmc_machine *evmc_machine_of(struct evmc_shared *s) {
  pthread_t self = pthread_self();
  pthread_mutex_lock(&s->lock);
  struct evmc_machine *m = s->machine;
  while (m && !pthread_equal(m->thread, self)) m = m->next;
  if (!m) {
    m = mem_alloc(sizeof *m);
    m->thread = self;
    m->evm = evm_open();
    m->next = s->machine;
    s->machine = m;
  }
  pthread_mutex_unlock(&s->lock);
  return m;
}

static struct evmc_result evmc_execute(struct evmc_vm *vm,
                                       const struct evmc_host *host,
                                       struct evmc_ctx *ctx, int revision,
                                       const struct evmc_msg *m,
                                       const u8 *code, size_t code_len) {
  static const enum evm_kind kind[] = {
    [EVMC_CALL] = EVM_CALL, [EVMC_DELEGATECALL] = EVM_DELEGATECALL,
    [EVMC_CALLCODE] = EVM_CALLCODE, [EVMC_CREATE] = EVM_CREATE,
    [EVMC_CREATE2] = EVM_CREATE2,
  };
  if ((size_t)m->kind >= ARRAY_LEN(kind) || m->gas < 0 || m->depth < 0) {
    return (struct evmc_result){.status = EVMC_FAILURE};
  }
  struct evmc_run r = {.machine = evmc_machine_of((struct evmc_shared *)vm),
                       .host = host, .ctx = ctx,
                       .fork = revision < 0 ? EVM_FRONTIER
                               : revision < EVMC_REVISION_CNT
                                   ? (enum evm_fork)revision : EVM_OSAKA};
  const struct evm_msg msg = {
      .kind = kind[m->kind], .is_static = m->flags & EVMC_FLAG_STATIC,
      .depth = (u32)m->depth, .gas = (u64)m->gas, .sender = m->sender,
      .recipient = m->recipient, .code_addr = m->code_addr,
      .value = evmc_word(m->value), .salt = evmc_word(m->salt),
      .input = slice_of(m->input, m->input_len)};
  struct evm_result out;
  r.outer = r.machine->running;
  evmc_context(&r);
  evmc_enter(&r);
  evm_run_code(r.machine->evm, &out, &msg, slice_of(code, code_len));
  struct evmc_result result = evmc_result_of(&out, r.refund);
  evmc_release(&r.last);
  r.machine->running = r.outer;
  if (r.outer) evmc_enter(r.outer);
  return result;
}

/*--------------------------------------------------------------- library */

static void evmc_destroy(struct evmc_vm *vm) {
  struct evmc_shared *s = (struct evmc_shared *)vm;
  while (s->machine) {
    struct evmc_machine *m = s->machine;
    s->machine = m->next;
    evm_close(m->evm);
    mem_free(m->code);
    mem_free(m);
  }
  pthread_mutex_destroy(&s->lock);
  mem_free(s);
}

static u32 evmc_capabilities(struct evmc_vm *vm) {
  (void)vm;
  return EVMC_CAN_EVM1;
}

static enum evmc_option evmc_set_option(struct evmc_vm *vm, const char *name,
                                        const char *value) {
  (void)vm, (void)name, (void)value;
  return EVMC_OPTION_UNKNOWN;
}

__attribute__((visibility("default")))
struct evmc_vm *evmc_create_cybermiles(void) {
  struct evmc_shared *s = mem_alloc(sizeof *s);
  crypto_keccak_select(NULL);
  pthread_mutex_init(&s->lock, NULL);
  s->vm = (struct evmc_vm){
      .abi_version = EVMC_ABI, .name = "cybermiles", .version = EVMC_VERSION,
      .destroy = evmc_destroy, .execute = evmc_execute,
      .get_capabilities = evmc_capabilities, .set_option = evmc_set_option};
  return &s->vm;
}
