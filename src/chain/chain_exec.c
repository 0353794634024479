/* chain_exec.c - what surrounds a message: checks on state, fees, nonce,
** access lists, authorizations, refunds; and the system's own calls.
**
** The order is the yellow paper's (section 6) with the EIPs since: check,
** buy gas, raise the nonce, warm addresses (2929, 2930, 3651), authorizations
** (7702), the message, refund (at most a half, from London (3529) a fifth, of
** the gas used), floor (7623), give back, pay the coinbase, end.  Where rules
** take no fees nothing is bought, given back or paid, and GASPRICE and
** BASEFEE answer 0.
*/
#include "chain/chain_exec.h"

#include "chain/chain_ahead.h"
#include "chain/chain_credit.h"
#include "chain/chain_edit.h"
#include "chain/chain_fork.h"
#include "chain/chain_module.h"
#include "crypto/keccak.h"

enum {
  CHAIN_EXEC_AUTH_REFUND = 12500, /* 25000 less 12500: the account existed */
  CHAIN_EXEC_SYSTEM_GAS = 30000000,
  CHAIN_EXEC_TIMER_MIN = 1000000 /* less would not do for one deadline */
};

static const addr20 chain_exec_scheduler = {{[18] = 0x10, [19] = 0x05}};
static const addr20 chain_exec_beacon_addr = { /* EIP-4788 */
  {0x00, 0x0f, 0x3d, 0xf6, 0xd7, 0x32, 0x80, 0x7e, 0xf1, 0x31,
   0x9f, 0xb7, 0xb8, 0xbb, 0x85, 0x22, 0xd0, 0xbe, 0xac, 0x02}};
const addr20 CHAIN_HISTORY_ADDR = { /* EIP-2935 */
  {0x00, 0x00, 0xf9, 0x08, 0x27, 0xf1, 0xc5, 0x3a, 0x10, 0xcb,
   0x7a, 0x02, 0x33, 0x5b, 0x17, 0x53, 0x20, 0x00, 0x29, 0x35}};

struct chain_exec {
  struct state *state;
  struct evm *evm;
  struct evm_host host;
  struct chain_rules rules;
  struct chain_header header;
  struct chain_hashes hashes;
  u256 base_fee, blob_base_fee;
  u64 gas_used, blob_gas_used;
  u64 hash_seed;
  struct chain_ahead *ahead;
  chain_exec_fn *run;
  void *run_ctx;
  /* Of chains with modules, and with credits. */
  struct module_set *modules;
  struct dpos_credit_env env;
  struct chain_credit *credit;
  bool met_module, decided, credit_ready;
  u64 timer_gas;           /* what deadlines may use of this block; 0: not
                           ** asked yet, or nothing */
  struct chain_meet *meet;
  u64 state_new;           /* slots and accounts by this block's transactions */
};

/*---------------------------------------- the machine's host, over state */

#define CHAIN_HOST_STATE (((struct chain_exec *)ctx)->state)
#define CHAIN_HOST_GET(type, name) \
  static type chain_host_##name(void *ctx, const addr20 *a) { \
    return state_##name(CHAIN_HOST_STATE, a); \
  }
CHAIN_HOST_GET(bool, exists)
CHAIN_HOST_GET(bool, is_empty)
CHAIN_HOST_GET(u64, nonce)
CHAIN_HOST_GET(bool, has_storage)
CHAIN_HOST_GET(bool, created_in_tx)
CHAIN_HOST_GET(bool, is_destructed)
CHAIN_HOST_GET(void, touch)
CHAIN_HOST_GET(void, create)
CHAIN_HOST_GET(void, selfdestruct)
#undef CHAIN_HOST_GET
#define CHAIN_HOST_SLOT(name) \
  static void chain_host_##name(void *ctx, u256 *out, const addr20 *a, \
                                const u256 *slot) { \
    state_##name(CHAIN_HOST_STATE, out, a, slot); \
  }
CHAIN_HOST_SLOT(slot)
CHAIN_HOST_SLOT(slot_original)
CHAIN_HOST_SLOT(transient)
#undef CHAIN_HOST_SLOT
#define CHAIN_HOST_SLOT_SET(name) \
  static void chain_host_##name(void *ctx, const addr20 *a, \
                                const u256 *slot, const u256 *v) { \
    state_##name(CHAIN_HOST_STATE, a, slot, v); \
  }
CHAIN_HOST_SLOT_SET(slot_set)
CHAIN_HOST_SLOT_SET(transient_set)
#undef CHAIN_HOST_SLOT_SET

static void chain_host_slot_fresh(void *ctx, const addr20 *a,
                                  const u256 *slot) {
  state_slot_fresh(CHAIN_HOST_STATE, a, slot);
}

static void chain_host_balance(void *ctx, u256 *out, const addr20 *a) {
  state_balance(CHAIN_HOST_STATE, out, a);
}
static slice chain_host_code(void *ctx, hash32 *code_hash, const addr20 *a) {
  return state_code(CHAIN_HOST_STATE, code_hash, a);
}
static void chain_host_code_hash(void *ctx, hash32 *out, const addr20 *a) {
  state_code_hash(CHAIN_HOST_STATE, out, a);
}
static void chain_host_balance_add(void *ctx, const addr20 *a,
                                   const u256 *v) {
  state_balance_add(CHAIN_HOST_STATE, a, v);
}
static bool chain_host_balance_sub(void *ctx, const addr20 *a,
                                   const u256 *v) {
  return state_balance_sub(CHAIN_HOST_STATE, a, v);
}
static void chain_host_nonce_set(void *ctx, const addr20 *a, u64 nonce) {
  state_nonce_set(CHAIN_HOST_STATE, a, nonce);
}
static void chain_host_code_set(void *ctx, const addr20 *a, slice code) {
  state_code_set(CHAIN_HOST_STATE, a, code);
}
static void chain_host_log(void *ctx, const addr20 *a, const hash32 *topics,
                           u32 topic_cnt, slice data) {
  state_log_add(CHAIN_HOST_STATE, a, topics, topic_cnt, data);
}
static bool chain_host_access_account(void *ctx, const addr20 *a) {
  const struct chain_exec *x = ctx;
  /* Precompiles are warm from the start; so they need not be put in the list
  ** for every transaction. */
  if (x->rules.modules && module_is_active(x->modules, a, x->rules.modules))
    return false;
  return !evm_is_precompile(x->rules.fork, a) &&
         state_access_account(x->state, a);
}
static bool chain_host_access_slot(void *ctx, const addr20 *a,
                                   const u256 *slot) {
  return state_access_slot(CHAIN_HOST_STATE, a, slot);
}
static void chain_host_refund_add(void *ctx, i64 delta) {
  state_refund_add(CHAIN_HOST_STATE, delta);
}
static i64 chain_host_refund(void *ctx) {
  return state_refund(CHAIN_HOST_STATE);
}
static u32 chain_host_snapshot(void *ctx) {
  return state_snapshot(CHAIN_HOST_STATE);
}
static void chain_host_revert(void *ctx, u32 snap) {
  state_revert(CHAIN_HOST_STATE, snap);
}
static void chain_host_block_hash(void *ctx, hash32 *out, u64 number) {
  const struct chain_exec *x = ctx;
  memset(out, 0, sizeof(*out));
  if (x->hashes.get) x->hashes.get(x->hashes.ctx, out, number);
}
#undef CHAIN_HOST_STATE
static void chain_host_balance_before(void *ctx, u256 *out, const addr20 *a) {
  const struct chain_exec *x = ctx;
  struct state_account old;
  state_account_before(x->state, &old, a);
  *out = old.balance;
}

/* Parameters and prices as the block finds them, read when first wanted, which
** most simulations never do; an err of the source shows in state_error like
** any other. */
static void chain_exec_need_credit(struct chain_exec *x) {
  struct chain_credit_view view = chain_credit_view_before(x->state);
  if (LIKELY(x->credit_ready)) return;
  x->credit_ready = true;
  err e = chain_credit_begin(x->credit, &view, x->header.number,
                             x->header.timestamp);
  MUST(e == ERR_OK || state_error(x->state) < 0);
  x->env = (struct dpos_credit_env){chain_credit_rules(x->credit), x,
                                    chain_host_balance_before};
}

static void chain_exec_verified(struct module_call *c, const addr20 *who,
                                bool verified) {
  const struct dpos_credit_env *env = c->env;
  if (env->rules) dpos_credit_verify(c, who, verified);
}

static bool chain_host_native(void *ctx, struct evm_native *n) {
  struct chain_exec *x = ctx;
  if (x->rules.modules == 0 ||
      !module_is_active(x->modules, &evm_native_msg(n)->code_addr,
                        x->rules.modules))
    return false;
  if (x->rules.credits) chain_exec_need_credit(x);
  x->met_module = true;
  return module_run(x->modules, n, x->rules.modules, &x->env);
}

static void chain_host_met(void *ctx, enum evm_kind kind, const addr20 *by,
                           const addr20 *a) {
  chain_meet_add(((struct chain_exec *)ctx)->meet, kind, by, a);
}

static void chain_host_fill(struct chain_exec *x) {
#define HOST(name) .name = chain_host_##name
  x->host = (struct evm_host){
    .ctx = x, HOST(exists), HOST(is_empty), HOST(balance), HOST(nonce),
    HOST(code), HOST(code_hash), HOST(has_storage), HOST(slot),
    HOST(slot_original), HOST(slot_set), HOST(slot_fresh), HOST(transient),
    HOST(transient_set), HOST(touch), HOST(balance_add), HOST(balance_sub),
    HOST(nonce_set), HOST(code_set), HOST(create), HOST(created_in_tx),
    HOST(selfdestruct), HOST(is_destructed), HOST(log), HOST(access_account),
    HOST(access_slot), HOST(refund_add), HOST(refund), HOST(snapshot),
    HOST(revert), HOST(block_hash),
    HOST(native), HOST(met)};
#undef HOST
}

/*-------------------------------------------------- opening and beginning */

struct chain_exec *chain_exec_open(u64 hash_seed) {
  struct chain_exec *x = mem_alloc(sizeof(*x));
  x->hash_seed = hash_seed;
  x->state = state_open(hash_seed);
  x->evm = evm_open();
  x->modules = module_set_open(CHAIN_MODULES, CHAIN_MODULE_CNT);
  module_set_verified(x->modules, chain_exec_verified);
  x->credit = chain_credit_open(hash_seed);
  x->meet = chain_meet_open();
  chain_host_fill(x);
  return x;
}

void chain_exec_close(struct chain_exec *x) {
  if (!x) return;
  chain_ahead_close(x->ahead);
  module_set_close(x->modules);
  chain_credit_close(x->credit);
  chain_meet_close(x->meet);
  evm_close(x->evm);
  state_close(x->state);
  mem_free(x);
}

struct state *chain_exec_state(struct chain_exec *x) { return x->state; }
struct evm *chain_exec_evm(struct chain_exec *x) { return x->evm; }
void chain_exec_set_run(struct chain_exec *x, chain_exec_fn *fn, void *ctx) {
  x->run = fn;
  x->run_ctx = ctx;
}
u64 chain_exec_gas_used(const struct chain_exec *x) { return x->gas_used; }
u64 chain_exec_blob_gas_used(const struct chain_exec *x) {
  return x->blob_gas_used;
}

void chain_exec_set_lanes(struct chain_exec *x, u32 cnt, u64 (*clock)(void)) {
  chain_ahead_close(x->ahead);
  x->ahead = cnt < 2 ? NULL : chain_ahead_open(cnt, clock, x->hash_seed);
}
struct chain_ahead *chain_exec_ahead(struct chain_exec *x) {
  return x->ahead;
}

static bool chain_exec_clear_empty(const struct chain_exec *x) {
  return x->rules.fork >= EVM_SPURIOUS; /* EIP-161 */
}

err chain_exec_system(struct chain_exec *x, slice *output, const addr20 *to,
                      slice input) {
  struct evm_tx etx = {.origin = CHAIN_SYSTEM_ADDR};
  struct evm_msg msg = {.kind = EVM_CALL,
                        .gas = CHAIN_EXEC_SYSTEM_GAS,
                        .sender = CHAIN_SYSTEM_ADDR,
                        .recipient = *to,
                        .code_addr = *to,
                        .input = input};
  struct evm_result res;
  hash32 code_hash;
  *output = slice_of(NULL, 0);
  if (state_code(x->state, &code_hash, to).len == 0) return ERR_NOT_FOUND;
  state_tx_begin(x->state);
  evm_tx_begin(x->evm, &etx);
  evm_run(x->evm, &res, &msg);
  state_tx_end(x->state, chain_exec_clear_empty(x));
  *output = res.output;
  return res.status == EVM_SUCCESS ? ERR_OK : ERR_INVALID_BLOCK;
}

/*------------------------------------------------------ beacon, deadlines */

static bool chain_exec_has(const struct chain_exec *x, u32 module) {
  return x->rules.modules >> module & 1;
}

/* The block's beacon, for those after it. */
static void chain_exec_keep_beacon(struct chain_exec *x) {
  addr20 self;
  u256 slot, v;
  module_address(&self, module_beacon.number);
  module_beacon_slot(&slot, x->header.number);
  u256_from_be(&v, x->header.mix_hash.b);
  state_tx_begin(x->state);
  state_slot_set(x->state, &self, &slot, &v);
  state_tx_end(x->state, chain_exec_clear_empty(x));
}

/* What deadlines may use of this block's gas. */
static u64 chain_exec_timer_gas(struct chain_exec *x) {
  u256 slot, v;
  if (!chain_exec_has(x, CHAIN_MODULE_SCHEDULER)) return 0;
  if (x->timer_gas) return x->timer_gas;
  module_setting_slot(&slot, 0);
  state_slot_before(x->state, &v, &chain_exec_scheduler, &slot);
  const struct module_row *row =
      module_row_at(&module_scheduler, MODULE_ROW_SETTING, 0);
  u64 gas = x->header.gas_limit / 1000000 *
            module_setting_value(row->setting, &v);
  x->timer_gas = gas < CHAIN_EXEC_TIMER_MIN ? CHAIN_EXEC_TIMER_MIN : gas;
  return x->timer_gas;
}

bool chain_exec_timers(struct chain_exec *x, struct chain_outcome *out) {
  struct evm_tx etx = {.origin = CHAIN_SYSTEM_ADDR};
  struct chain_tx tx;
  struct arena a;
  struct evm_result res;
  u256 fired = U256_ZERO;
  memset(out, 0, sizeof *out);
  if (!chain_exec_has(x, CHAIN_MODULE_SCHEDULER)) return false;
  arena_init(&a, 256, 0);
  chain_tx_system(&tx, x->rules.chain_id, x->header.number, &a);
  u64 gas = chain_exec_timer_gas(x), left = x->header.gas_limit - x->gas_used;
  if (gas > left) gas = left;
  struct evm_msg msg = {.kind = EVM_CALL, .gas = gas, .sender = tx.sender,
                        .recipient = tx.to, .code_addr = tx.to,
                        .input = tx.data};
  state_tx_begin(x->state);
  evm_tx_begin(x->evm, &etx);
  evm_run(x->evm, &res, &msg);
  if (res.status == EVM_SUCCESS && res.output.len == 32)
    u256_from_be(&fired, res.output.ptr);
  out->status = res.status;
  out->gas_used = gas - res.gas_left;
  out->log = state_tx_logs(x->state, &out->log_cnt);
  state_tx_end(x->state, chain_exec_clear_empty(x));
  arena_fini(&a);
  if (u256_is_zero(&fired)) return false;
  x->gas_used += out->gas_used;
  return true;
}

static void chain_exec_begin_modules(struct chain_exec *x) {
  x->met_module = x->decided = x->credit_ready = false;
  x->env.rules = NULL;
  x->timer_gas = 0;
  x->state_new = 0;
  state_count_growth(x->state, x->rules.credits);
}

void chain_exec_begin(struct chain_exec *x, const struct chain_rules *rules,
                      const struct chain_header *header,
                      const struct chain_hashes *hashes,
                      const struct state_source *src) {
  slice out;
  err e = ERR_OK;
  x->rules = *rules;
  x->header = *header;
  x->hashes = hashes ? *hashes : (struct chain_hashes){NULL, NULL};
  x->gas_used = x->blob_gas_used = 0;
  x->base_fee = rules->fees && header->opt_cnt >= 1 ? header->base_fee
                                                    : U256_ZERO;
  x->blob_base_fee = U256_ZERO;
  if (rules->fork >= EVM_CANCUN)
    chain_blob_base_fee(&x->blob_base_fee, header->excess_blob_gas,
                        rules->blob_update_fraction);
  struct evm_block b = {.coinbase = header->coinbase,
                        .number = header->number,
                        .timestamp = header->timestamp,
                        .gas_limit = header->gas_limit,
                        .base_fee = x->base_fee,
                        .blob_base_fee = x->blob_base_fee,
                        .chain_id = u256_from(rules->chain_id)};
  if (rules->fork >= EVM_PARIS)
    u256_from_be(&b.prev_randao, header->mix_hash.b);
  else
    b.prev_randao = header->difficulty;
  if (src) state_block_begin(x->state, src);
  if (rules->modules) chain_exec_begin_modules(x);
  evm_block_begin(x->evm, rules->fork, &b, &x->host);
  /* Both calls are best-effort by their EIPs: no code or a failure changes
  ** nothing. */
  if (rules->system_calls && rules->fork >= EVM_CANCUN && header->number > 0)
    e = chain_exec_system(x, &out, &chain_exec_beacon_addr,
                          hash32_slice(&header->beacon_root));
  if (rules->history_call && chain_exec_has(x, CHAIN_MODULE_BEACON))
    chain_exec_keep_beacon(x);
  if (rules->history_call && rules->fork >= EVM_PRAGUE && header->number > 0)
    e = chain_exec_system(x, &out, &CHAIN_HISTORY_ADDR,
                          hash32_slice(&header->parent_hash));
  (void)e;
}

/*-------------------------------------------------------- one transaction */

/* Wei: what gas and blobs cost, at most and in fact; tip for the coinbase. */
struct chain_exec_price {
  u256 gas_price, tip;
  u256 blob_cost;
  u64 blob_gas;
};

static enum chain_verdict chain_exec_check_nonce(struct chain_exec *x,
                                                 const struct chain_tx *tx) {
  u64 nonce = state_nonce(x->state, &tx->sender);
  if (tx->nonce < nonce) return CHAIN_NONCE_LOW;
  if (tx->nonce > nonce) return CHAIN_NONCE_HIGH;
  /* EIP-3607, a delegation (EIP-7702) excepted. */
  hash32 code_hash;
  if (x->rules.dev_edits && chain_tx_is_unsigned(tx)) return CHAIN_OK;
  state_code_hash(x->state, &code_hash, &tx->sender);
  if (hash32_eq(&code_hash, &CRYPTO_KECCAK_EMPTY)) return CHAIN_OK;
  addr20 target;
  slice code = state_code(x->state, &code_hash, &tx->sender);
  if (code.len == 0 ||
      (x->rules.fork >= EVM_PRAGUE && evm_delegation(code, &target)))
    return CHAIN_OK;
  return CHAIN_SENDER_NO_EOA;
}

static enum chain_verdict chain_exec_check_fee(struct chain_exec *x,
                                               struct chain_exec_price *p,
                                               const struct chain_tx *tx) {
  p->blob_gas = (u64)tx->blob_cnt * CHAIN_GAS_PER_BLOB;
  if (!x->rules.fees) return CHAIN_OK;
  if (u256_lt(&tx->gas_price, &x->base_fee)) return CHAIN_FEE_CAP_LOW;
  if (u256_add(&p->gas_price, &x->base_fee, &tx->max_priority_fee) ||
      u256_lt(&tx->gas_price, &p->gas_price))
    p->gas_price = tx->gas_price;
  u256_sub(&p->tip, &p->gas_price, &x->base_fee);
  if (tx->type != 3) return CHAIN_OK;
  if (u256_lt(&tx->max_blob_fee, &x->blob_base_fee)) return CHAIN_BLOB_FEE_LOW;
  if (x->blob_gas_used + p->blob_gas >
      x->rules.blob_max * CHAIN_GAS_PER_BLOB)
    return CHAIN_BLOB_TOO_MANY;
  u256 gas = u256_from(p->blob_gas);
  return u256_mul_over(&p->blob_cost, &gas, &x->blob_base_fee)
             ? CHAIN_FUNDS_GAS
             : CHAIN_OK;
}

/* The balance covers value, and all gas and blobs at their highest price. */
static enum chain_verdict chain_exec_check_funds(struct chain_exec *x,
                                                 const struct chain_tx *tx,
                                                 bool pays) {
  u256 balance, need = tx->value;
  if (pays) {
    u256 gas = u256_from(tx->gas_limit), blob = u256_from(
        (u64)tx->blob_cnt * CHAIN_GAS_PER_BLOB);
    if (u256_mul_over(&gas, &gas, &tx->gas_price) ||
        u256_mul_over(&blob, &blob, &tx->max_blob_fee) ||
        u256_add(&need, &need, &gas) || u256_add(&need, &need, &blob))
      return CHAIN_FUNDS_GAS;
  }
  state_balance(x->state, &balance, &tx->sender);
  return u256_lt(&balance, &need) ? CHAIN_FUNDS_GAS : CHAIN_OK;
}

static void chain_exec_warm(struct chain_exec *x, const struct chain_tx *tx) {
  struct state *s = x->state;
  if (x->rules.fork < EVM_BERLIN) return;
  state_access_account(s, &tx->sender);
  if (tx->has_to) state_access_account(s, &tx->to);
  if (x->rules.fork >= EVM_SHANGHAI)
    state_access_account(s, &x->header.coinbase);
  for (u32 i = 0; i < tx->access_cnt; i++) {
    const struct chain_access *e = &tx->access[i];
    state_access_account(s, &e->addr);
    for (u32 k = 0; k < e->slot_cnt; k++)
      state_access_slot(s, &e->addr, &e->slot[k]);
  }
}

/* EIP-7702: each authorization is skipped on its own when it does not hold. */
static void chain_exec_auth(struct chain_exec *x,
                            const struct chain_auth *auth) {
  struct state *s = x->state;
  static const addr20 none;
  addr20 target;
  hash32 code_hash;
  u8 code[23] = {0xef, 0x01, 0x00};
  u256 chain_id = u256_from(x->rules.chain_id);
  if (!u256_is_zero(&auth->chain_id) && !u256_eq(&auth->chain_id, &chain_id))
    return;
  if (auth->nonce == UINT64_MAX || !auth->has_authority) return;
  state_access_account(s, &auth->authority);
  slice old = state_code(s, &code_hash, &auth->authority);
  if (old.len != 0 && !evm_delegation(old, &target)) return;
  if (state_nonce(s, &auth->authority) != auth->nonce) return;
  if (state_exists(s, &auth->authority))
    state_refund_add(s, CHAIN_EXEC_AUTH_REFUND);
  memcpy(code + 3, auth->addr.b, 20);
  state_code_set(s, &auth->authority,
                 slice_of(code, addr20_eq(&auth->addr, &none) ? 0 : 23));
  state_nonce_set(s, &auth->authority, auth->nonce + 1);
}

static void chain_exec_message(struct chain_exec *x, struct evm_result *res,
                               const struct chain_tx *tx,
                               const struct chain_exec_price *p, u64 gas) {
  struct evm_tx etx = {.origin = tx->sender,
                       .gas_price = p->gas_price,
                       .blob_hash = tx->blob_hash,
                       .blob_cnt = tx->blob_cnt};
  struct evm_msg msg = {.kind = tx->has_to ? EVM_CALL : EVM_CREATE,
                        .gas = gas,
                        .sender = tx->sender,
                        .recipient = tx->to,
                        .code_addr = tx->to,
                        .value = tx->value,
                        .input = tx->data};
  evm_tx_begin(x->evm, &etx);
  if (x->run) x->run(x->run_ctx, x->evm, res, &msg);
  else evm_run(x->evm, res, &msg);
}

static u64 chain_exec_gas_after_refund(const struct chain_exec *x,
                                       struct chain_outcome *out, u64 used,
                                       u64 floor) {
  i64 counter = state_refund(x->state);
  u64 refund = counter > 0 ? (u64)counter : 0;
  u64 most = used / (x->rules.fork >= EVM_LONDON ? 5 : 2);
  out->gas_refunded = refund < most ? refund : most;
  used -= out->gas_refunded;
  return used < floor ? floor : used;
}

static void chain_exec_pay(struct chain_exec *x, const struct chain_tx *tx,
                           const struct chain_exec_price *p, u64 used) {
  u256 left = u256_from(tx->gas_limit - used), fee = u256_from(used);
  u256_mul(&left, &left, &p->gas_price);
  u256_mul(&fee, &fee, &p->tip);
  state_balance_add(x->state, &tx->sender, &left);
  state_balance_add(x->state, &x->header.coinbase, &fee);
}

static void chain_exec_run(struct chain_exec *x, struct chain_outcome *out,
                           const struct chain_tx *tx,
                           const struct chain_exec_price *p, bool pays) {
  struct state *s = x->state;
  struct evm_result res;
  state_tx_begin(s);
  chain_meet_begin(x->meet, tx);
  if (pays) {
    u256 cost = u256_from(tx->gas_limit);
    u256_mul(&cost, &cost, &p->gas_price);
    u256_add(&cost, &cost, &p->blob_cost);
    bool paid = state_balance_sub(s, &tx->sender, &cost);
    MUST(paid || state_error(s) < 0);
  }
  state_nonce_set(s, &tx->sender, state_nonce(s, &tx->sender) + 1);
  chain_exec_warm(x, tx);
  for (u32 i = 0; i < tx->auth_cnt; i++) chain_exec_auth(x, &tx->auth[i]);
  u64 intrinsic = chain_tx_intrinsic_gas(tx, x->rules.fork);
  chain_exec_message(x, &res, tx, p, tx->gas_limit - intrinsic);
  out->status = res.status;
  out->output = res.output;
  out->has_created = !tx->has_to && res.status == EVM_SUCCESS;
  if (out->has_created) out->created = res.created;
  out->gas_used =
      chain_exec_gas_after_refund(x, out, tx->gas_limit - res.gas_left,
                                  chain_tx_floor_gas(tx, x->rules.fork));
  if (pays) chain_exec_pay(x, tx, p, out->gas_used);
  out->log = state_tx_logs(s, &out->log_cnt);
  out->met = chain_meet_end(x->meet, s, &out->met_cnt);
  state_tx_end(s, chain_exec_clear_empty(x));
  if (x->rules.credits) out->growth = state_tx_growth(s);
}

/* Into what is left of the block's gas, less what is kept for deadlines; alone
** in its block a transaction may have that too. */
static bool chain_exec_fits(struct chain_exec *x, const struct chain_tx *tx) {
  u64 kept = x->gas_used ? chain_exec_timer_gas(x) : 0;
  u64 left = x->header.gas_limit - x->gas_used;
  return left >= kept && tx->gas_limit <= left - kept;
}

/* All that the state says against it, but credits. */
static enum chain_verdict chain_exec_check(struct chain_exec *x,
                                           struct chain_exec_price *p,
                                           const struct chain_tx *tx) {
  enum chain_verdict v = chain_tx_check(tx, &x->rules, x->header.gas_limit);
  if (v == CHAIN_OK) v = chain_exec_check_nonce(x, tx);
  if (v == CHAIN_OK) v = chain_exec_check_fee(x, p, tx);
  if (v == CHAIN_OK) v = chain_exec_check_funds(x, tx, x->rules.fees);
  if (v == CHAIN_OK && !chain_exec_fits(x, tx)) v = CHAIN_GAS_LIMIT_REACHED;
  return v;
}

/*---------------------------------------------------------------- credits */

/* Reserves; an err of the source shows in state_error. */
static enum chain_verdict chain_exec_reserve(struct chain_exec *x,
                                             struct chain_credit_quote *q,
                                             const struct chain_tx *tx) {
  chain_exec_need_credit(x);
  if (chain_credit_admit(x->credit, q, tx) < 0) return CHAIN_CREDITS;
  return q->verdict;
}

static void chain_exec_charge(struct chain_exec *x,
                              const struct chain_credit_quote *q,
                              const struct chain_tx *tx, u64 gas_used) {
  struct state_growth g = state_tx_growth(x->state);
  struct dpos_credit_use use = {
    .gas_used = gas_used, .gas_limit = tx->gas_limit, .bytes = tx->raw.len,
    .state_new = (u64)g.slots + g.accounts, .code_bytes = g.code_bytes};
  x->state_new += use.state_new;
  chain_credit_settle(x->credit, q, tx, &use, x->state);
}

/* A decided transaction that cannot be executed: its intrinsic gas.  What was
** reserved stays so, as it does where the list is checked. */
static void chain_exec_charge_void(struct chain_exec *x,
                                   const struct chain_credit_quote *q,
                                   const struct chain_tx *tx) {
  struct dpos_credit_use use = {
    .gas_used = chain_tx_intrinsic_gas(tx, x->rules.fork),
    .bytes = tx->raw.len};
  chain_credit_settle(x->credit, q, tx, &use, x->state);
}

static void chain_exec_credit_tx(struct chain_exec *x,
                                 struct chain_outcome *out,
                                 const struct chain_tx *tx) {
  struct chain_exec_price p = {0};
  struct chain_credit_quote q;
  enum chain_verdict v = chain_exec_check(x, &p, tx);
  if (v != CHAIN_OK && !x->decided) {
    out->verdict = v;
    return;
  }
  out->verdict = chain_exec_reserve(x, &q, tx);
  if (out->verdict != CHAIN_OK) return;
  if (v == CHAIN_OK && !chain_credit_holds(x->credit, &q, x->state))
    v = CHAIN_CREDITS;
  out->verdict = v;
  if (v == CHAIN_OK) {
    chain_exec_run(x, out, tx, &p, false);
    x->gas_used += out->gas_used;
    chain_exec_charge(x, &q, tx, out->gas_used);
  } else if (x->decided && v != CHAIN_GAS_LIMIT_REACHED) {
    chain_exec_charge_void(x, &q, tx);
  } else if (!x->decided) {
    chain_credit_release(x->credit, &q, tx);
  }
}

void chain_exec_set_decided(struct chain_exec *x, bool decided) {
  x->decided = decided;
}
bool chain_exec_met_module(struct chain_exec *x) {
  bool met = x->met_module;
  x->met_module = false;
  return met;
}

void chain_exec_end_credits(struct chain_exec *x) {
  if (!x->rules.credits) return;
  chain_exec_need_credit(x);
  chain_credit_end(x->credit, x->state, x->gas_used, x->header.gas_limit,
                   x->state_new, chain_header_time_ms(&x->header));
}

/*----------------------------------------------------------------- running */

/* Costs no credits; the lanes cannot tell what it does. */
static void chain_exec_edit(struct chain_exec *x, struct chain_outcome *out,
                            const struct chain_tx *tx) {
  struct chain_exec_price p = {0};
  struct state *s = x->state;
  out->verdict = chain_exec_check(x, &p, tx);
  if (out->verdict != CHAIN_OK) return;
  state_tx_begin(s);
  state_nonce_set(s, &tx->sender, tx->nonce + 1);
  out->status = chain_edit_apply(s, tx->data) < 0 ? EVM_REVERT : EVM_SUCCESS;
  state_tx_end(s, chain_exec_clear_empty(x));
  out->gas_used = tx->gas_limit;
  x->gas_used += out->gas_used;
  x->met_module = true;
}

void chain_exec_tx(struct chain_exec *x, struct chain_outcome *out,
                   const struct chain_tx *tx) {
  struct chain_exec_price p = {0};
  memset(out, 0, sizeof(*out));
  MUST(tx->has_sender);
  if (x->rules.dev_edits && chain_edit_is(tx)) {
    chain_exec_edit(x, out, tx);
    return;
  }
  if (tx->type == CHAIN_TX_TYPE_SYSTEM) { /* of a block that is run again */
    if (!chain_exec_timers(x, out)) out->verdict = CHAIN_TYPE;
    return;
  }
  if (x->rules.credits) {
    chain_exec_credit_tx(x, out, tx);
    return;
  }
  out->verdict = chain_exec_check(x, &p, tx);
  if (out->verdict != CHAIN_OK) return;
  chain_exec_run(x, out, tx, &p, x->rules.fees);
  x->gas_used += out->gas_used;
  x->blob_gas_used += p.blob_gas;
}

bool chain_exec_take(struct chain_exec *x, struct chain_outcome *out,
                     const struct chain_tx *tx,
                     const struct chain_outcome *found,
                     const struct state_effect *effect) {
  struct chain_credit_quote q;
  MUST(!x->rules.fees);
  if (!chain_exec_fits(x, tx)) return false;
  if (x->rules.credits) {
    if (found->verdict != CHAIN_OK ||
        chain_exec_reserve(x, &q, tx) != CHAIN_OK)
      return false;
    if (!chain_credit_holds(x->credit, &q, x->state) ||
        !state_effect_apply(x->state, effect, chain_exec_clear_empty(x))) {
      chain_credit_release(x->credit, &q, tx);
      return false;
    }
    chain_exec_charge(x, &q, tx, found->gas_used);
  } else if (!state_effect_apply(x->state, effect,
                                 chain_exec_clear_empty(x))) {
    return false;
  }
  *out = *found;
  x->gas_used += out->gas_used;
  return true;
}

void chain_exec_gas_reset(struct chain_exec *x) {
  x->gas_used = x->blob_gas_used = 0;
}

/* In geth's order. */
static enum chain_verdict chain_exec_check_signed(struct chain_exec *x,
                                                  const struct chain_tx *tx) {
  u64 nonce = state_nonce(x->state, &tx->sender);
  if (tx->nonce < nonce) return CHAIN_NONCE_LOW;
  if (tx->nonce > nonce) return CHAIN_NONCE_HIGH;
  if (nonce == UINT64_MAX) return CHAIN_NONCE_MAX;
  return u256_lt(&tx->gas_price, &tx->max_priority_fee) ? CHAIN_TIP_ABOVE_FEE
                                                        : CHAIN_OK;
}

/* A message that nobody signed; validate: as one that somebody did. */
static void chain_exec_unsigned(struct chain_exec *x,
                                struct chain_outcome *out,
                                const struct chain_tx *tx, bool validate,
                                bool lower) {
  struct chain_exec_price p = {0};
  struct chain_rules rules = x->rules;
  enum chain_verdict v = CHAIN_OK;
  memset(out, 0, sizeof(*out));
  rules.tx_gas_cap = UINT64_MAX;
  bool pays = rules.fees && (validate || !u256_is_zero(&tx->gas_price) ||
                             !u256_is_zero(&tx->max_priority_fee));
  if (validate) v = chain_exec_check_signed(x, tx);
  if (v == CHAIN_OK && pays) v = chain_exec_check_fee(x, &p, tx);
  if (v == CHAIN_OK) v = chain_exec_check_funds(x, tx, pays);
  if (v == CHAIN_OK) v = chain_tx_check_gas(tx, &rules);
  out->verdict = v;
  if (v != CHAIN_OK) return;
  if (lower && rules.fees)
    evm_block_now(x->evm)->base_fee = pays ? x->base_fee : U256_ZERO;
  chain_exec_run(x, out, tx, &p, pays);
}

void chain_exec_call(struct chain_exec *x, struct chain_outcome *out,
                     const struct chain_tx *tx) {
  chain_exec_unsigned(x, out, tx, false, true);
}

void chain_exec_simulate(struct chain_exec *x, struct chain_outcome *out,
                         const struct chain_tx *tx, bool validate) {
  chain_exec_unsigned(x, out, tx, validate, false);
  if (out->verdict == CHAIN_OK)
    x->blob_gas_used += (u64)tx->blob_cnt * CHAIN_GAS_PER_BLOB;
}
