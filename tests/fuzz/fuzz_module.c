/* fuzz_module.c - the input is a byte that says how, and call data, for the
** module of credits and one that has every kind of argument.  Whatever comes,
** the call ends, a revert has a named error, gas never grows, and what echo
** returns it takes again and returns the same. */
#include "dpos/dpos_credit.h"
#include "module/module_host.h"
#include "module/sample.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

struct world {
  struct map slot; /* first: module_host.h */
  struct module_set *set;
  struct dpos_credit_rules rules;
  struct dpos_credit_env env;
};

static const struct module_def *const modules[] = {&sample_def, &dpos_credits};

static void rich(void *ctx, u256 *out, const addr20 *a) {
  (void)ctx, (void)a;
  *out = u256_from(1ull << 62);
}
static bool native(void *ctx, struct evm_native *n) {
  struct world *w = ctx;
  return module_run(w->set, n, 3, &w->env);
}

static void world_open(struct world *w) {
  mh_open(&w->slot);
  w->set = module_set_open(modules, 2);
  for (u32 i = 0; i < DPOS_CREDIT_PARAM_CNT; i++)
    w->rules.param[i] = dpos_credit_default(i);
  w->rules.totals.weight = 1000000000000;
  dpos_credit_rules_fill(&w->rules);
  w->env = (struct dpos_credit_env){&w->rules, w, rich};
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  static const u8 echo_len = 4;
  static struct evm *e;
  struct world w;
  struct evm_result r;
  if (len < 1) return 0;
  if (!e) e = evm_open();
  world_open(&w);
  struct evm_host host = mh_host(&w, native);
  host.balance = rich;
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
