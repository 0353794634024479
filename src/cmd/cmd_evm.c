/* cmd_evm.c - runs bytes as a contract: cybermiles evm --code HEX.
**
** The code stands at 0x..c0de in an otherwise empty world and is called by
** 0x..ca11; no intrinsic gas, no fees.  One JSON line on stdout:
**   {"output":"0x..","gasUsed":"0x..","status":"success"}
** and with --trace the EIP-3155 lines on stderr. */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "cmd/cmd_vector.h"
#include "codec/hex.h"
#include "crypto/secp256k1.h"

struct cmd_evm_opt {
  const char *code, *input;
  u64 gas;
  enum evm_fork fork;
  bool trace;
};

static bool cmd_evm_parse(struct cmd_evm_opt *o, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const char *key = argv[i], *val = i + 1 < argc ? argv[i + 1] : NULL;
    if (strcmp(key, "--trace") == 0) {
      o->trace = true;
      continue;
    }
    if (!val) return false;
    i++;
    if (strcmp(key, "--code") == 0) {
      o->code = val;
    } else if (strcmp(key, "--input") == 0) {
      o->input = val;
    } else if (strcmp(key, "--gas") == 0) {
      u256 gas;
      if (u256_parse(&gas, val, strlen(val)) < 0 || !u256_fits64(&gas)) {
        return false;
      }
      o->gas = gas.w[0];
    } else if (strcmp(key, "--fork") != 0 ||
               evm_fork_parse(&o->fork, val) < 0) {
      return false;
    }
  }
  return o->code != NULL;
}

/* With or without 0x. */
static bool cmd_evm_hex(slice *out, struct arena *a, const char *text) {
  if (text[0] == '0' && text[1] == 'x') text += 2;
  size_t len = strlen(text);
  u8 *p = arena_alloc(a, len / 2 + 1);
  *out = slice_of(p, len / 2);
  return hex_decode(p, text, len) == ERR_OK;
}

static struct evm_result cmd_evm_run(struct chain_exec *x,
                                     const struct cmd_evm_opt *o, slice code,
                                     slice input) {
  const addr20 self = {.b = {[18] = 0xc0, [19] = 0xde}};
  const addr20 caller = {.b = {[18] = 0xca, [19] = 0x11}};
  const u256 nothing = U256_ZERO;
  const struct chain_rules rules = {.fork = o->fork, .chain_id = 1,
                                    .blob_update_fraction = 5007716};
  const struct chain_header header = {.number = 1, .gas_limit = o->gas};
  const struct evm_tx tx = {.origin = caller};
  const struct evm_msg msg = {.kind = EVM_CALL, .gas = o->gas,
                              .sender = caller, .recipient = self,
                              .code_addr = self, .input = input};
  struct evm_result r;
  struct state_mem *world = state_mem_open();
  state_mem_account(world, &self, 1, &nothing, code);
  struct state_source source = state_mem_source(world);
  chain_exec_begin(x, &rules, &header, NULL, &source);
  state_tx_begin(chain_exec_state(x));
  evm_tx_begin(chain_exec_evm(x), &tx);
  state_access_account(chain_exec_state(x), &self);
  state_access_account(chain_exec_state(x), &caller);
  evm_run(chain_exec_evm(x), &r, &msg);
  state_mem_close(world);
  return r;
}

static void cmd_evm_print(const struct evm_result *r, u64 gas) {
  struct buf out;
  struct jsonw w;
  buf_init(&out, 0);
  jsonw_init(&w, &out);
  jsonw_obj(&w);
  jsonw_kv_hex(&w, "output", r->output);
  jsonw_kv_quantity(&w, "gasUsed", gas - r->gas_left);
  jsonw_kv_str(&w, "status", evm_status_text(r->status));
  jsonw_obj_end(&w);
  printf("%s\n", buf_cstr(&out));
  buf_fini(&out);
}

int cmd_evm(int argc, char **argv) {
  struct cmd_evm_opt o = {.input = "", .gas = 10000000,
                          .fork = EVM_FORK_CNT - 1};
  struct arena a;
  slice code, input;
  int exit_code = EXIT_USAGE;
  arena_init(&a, 1 << 16, 0);
  if (!cmd_evm_parse(&o, argc, argv) || !cmd_evm_hex(&code, &a, o.code) ||
      !cmd_evm_hex(&input, &a, o.input)) {
    fprintf(stderr, "usage: cybermiles evm --code HEX [--input HEX] [--gas N] "
                    "[--fork F] [--trace]\n");
  } else {
    struct evm_tracer tracer;
    crypto_init(NULL);
    struct chain_exec *x = chain_exec_open(1);
    cmd_trace_init(&tracer);
    if (o.trace) evm_set_tracer(chain_exec_evm(x), &tracer);
    struct evm_result r = cmd_evm_run(x, &o, code, input);
    cmd_evm_print(&r, o.gas);
    exit_code = r.status == EVM_SUCCESS ? EXIT_DONE : EXIT_FAILED;
    chain_exec_close(x);
  }
  arena_fini(&a);
  return exit_code;
}
