/* fuzz_module.c - the input is a byte that says how, and call data, for the
** module of credits and one that has every kind of argument.  Whatever comes,
** the call ends, a revert has a named error, gas never grows, and what echo
** returns it takes again and returns the same. */
#include "base/map.h"
#include "dpos/dpos_credit.h"
#include "module/sample.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

struct world {
  struct map slot;
  struct module_set *set;
  struct dpos_credit_rules rules;
  struct dpos_credit_env env;
};

static const struct module_def *const modules[] = {&sample_def, &dpos_credits};

static u256 *place(struct world *w, const addr20 *a, const u256 *slot) {
  u8 key[52];
  memcpy(key, a->b, 20);
  u256_to_be(key + 20, slot);
  return map_put(&w->slot, key, NULL);
}
static bool is_no(void *ctx, const addr20 *a) {
  (void)ctx, (void)a;
  return false;
}
static void no_balance(void *ctx, u256 *out, const addr20 *a) {
  (void)ctx, (void)a;
  *out = u256_from(1ull << 62);
}
static slice no_code(void *ctx, hash32 *hash, const addr20 *a) {
  (void)ctx, (void)a;
  memset(hash, 0, sizeof *hash);
  return slice_of(NULL, 0);
}
static void get_slot(void *ctx, u256 *out, const addr20 *a, const u256 *slot) {
  *out = *place(ctx, a, slot);
}
static void set_slot(void *ctx, const addr20 *a, const u256 *slot,
                     const u256 *v) {
  *place(ctx, a, slot) = *v;
}
static bool cold_slot(void *ctx, const addr20 *a, const u256 *slot) {
  (void)ctx, (void)a, (void)slot;
  return true;
}
static void touch(void *ctx, const addr20 *a) { (void)ctx, (void)a; }
static void add(void *ctx, const addr20 *a, const u256 *v) {
  (void)ctx, (void)a, (void)v;
}
static bool sub(void *ctx, const addr20 *a, const u256 *v) {
  (void)ctx, (void)a, (void)v;
  return true;
}
static void take_log(void *ctx, const addr20 *a, const hash32 *topics, u32 cnt,
                     slice data) {
  (void)ctx, (void)a, (void)topics;
  MUST(cnt >= 1 && cnt <= 4 && data.len % 32 == 0);
}
static void refund(void *ctx, i64 delta) { (void)ctx, (void)delta; }
static u32 snapshot(void *ctx) { (void)ctx; return 0; }
static void revert(void *ctx, u32 snap) { (void)ctx, (void)snap; }
static bool native(void *ctx, struct evm_native *n) {
  struct world *w = ctx;
  return module_run(w->set, n, 3, &w->env);
}

static void world_open(struct world *w) {
  map_init(&w->slot, 52, sizeof(u256), 0, 1);
  w->set = module_set_open(modules, 2);
  for (u32 i = 0; i < DPOS_CREDIT_PARAM_CNT; i++)
    w->rules.param[i] = dpos_credit_default(i);
  w->rules.totals.weight = 1000000000000;
  dpos_credit_rules_fill(&w->rules);
  w->env = (struct dpos_credit_env){&w->rules, w, no_balance};
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  static const u8 echo_len = 4;
  static struct evm *e;
  struct world w;
  struct evm_result r;
  if (len < 1) return 0;
  if (!e) e = evm_open();
  world_open(&w);
  struct evm_host host = {
    .ctx = &w, .exists = is_no, .is_empty = is_no, .balance = no_balance,
    .code = no_code, .slot = get_slot, .slot_original = get_slot,
    .slot_set = set_slot, .touch = touch, .balance_add = add,
    .balance_sub = sub, .log = take_log, .access_account = is_no,
    .access_slot = cold_slot, .refund_add = refund, .snapshot = snapshot,
    .revert = revert, .native = native};
  struct evm_block block = {.number = 7, .timestamp = 1000000};
  struct evm_tx tx = {.gas_price = U256_ZERO};
  evm_block_begin(e, EVM_OSAKA, &block, &host);
  evm_tx_begin(e, &tx);
  struct evm_msg m = {.kind = EVM_CALL, .gas = 2000000,
                      .is_static = data[0] & 2,
                      .value = u256_from(data[0] >> 2),
                      .input = slice_of(data + 1, len - 1)};
  module_address(&m.recipient, data[0] & 1 ? DPOS_CREDIT_NUMBER : 0x1fff);
  m.code_addr = m.recipient;
  m.sender.b[19] = 9;
  evm_run(e, &r, &m);
  MUST(r.gas_left <= m.gas);
  MUST(r.status == EVM_SUCCESS || r.status == EVM_REVERT ||
       r.status == EVM_OUT_OF_GAS);
  if (r.status == EVM_REVERT) MUST(r.output.len >= 4);
  u8 sel[4];
  abi_selector(sel, "echo(uint8,uint16,uint32,uint64,uint128,uint256,bool,"
                    "address,bytes4,bytes32,bytes,string)");
  if (r.status == EVM_SUCCESS && !(data[0] & 1) &&
      memcmp(m.input.ptr, sel, 4) == 0) {
    struct buf first, again;
    buf_init(&first, 0);
    buf_init(&again, 0);
    buf_put(&first, sel, echo_len);
    buf_put_slice(&first, r.output);
    m.input = buf_slice(&first);
    evm_run(e, &r, &m);
    MUST(r.status == EVM_SUCCESS);
    buf_put(&again, sel, echo_len);
    buf_put_slice(&again, r.output);
    MUST(slice_eq(buf_slice(&first), buf_slice(&again)));
    buf_fini(&first);
    buf_fini(&again);
  }
  module_set_close(w.set);
  map_fini(&w.slot);
  return 0;
}
