/* cmd_trace.c - a tracer that prints EIP-3155 lines to stderr, one JSON object
** a step, so that outside tools can compare us step by step:
**   {"pc":0,"op":96,"gas":"0x..","gasCost":"0x3","memSize":0,"stack":["0x.."],
**    "depth":1,"refund":0,"opName":"PUSH1"}
** and "error" where the step failed.  After a transaction of a state test:
**   {"output":"0x","gasUsed":"0x..","stateRoot":"0x..","pass":true,"fork":".."}
*/
#include <stdio.h>

#include "cmd/cmd_vector.h"

static void cmd_trace_step(void *ctx, const struct evm_step *s) {
  (void)ctx;
  char word[67];
  fprintf(stderr,
          "{\"pc\":%u,\"op\":%u,\"gas\":\"0x%llx\",\"gasCost\":\"0x%llx\","
          "\"memSize\":%zu,\"stack\":[",
          s->pc, s->op, (unsigned long long)s->gas,
          (unsigned long long)s->gas_cost, s->mem_len);
  for (u32 i = 0; i < s->stack_cnt; i++) {
    u256_to_hex(word, &s->stack[i]);
    fprintf(stderr, "%s\"%s\"", i ? "," : "", word);
  }
  fprintf(stderr, "],\"depth\":%u,\"refund\":%lld,\"opName\":\"%s\"",
          s->depth + 1, (long long)s->refund, evm_op_name(s->op));
  if (s->fault != EVM_SUCCESS)
    fprintf(stderr, ",\"error\":\"%s\"", evm_status_text(s->fault));
  fprintf(stderr, "}\n");
}

void cmd_trace_end(const struct cmd_vector_case *c, slice output,
                   u64 gas_used) {
  struct buf out;
  struct jsonw w;
  buf_init(&out, 0);
  jsonw_init(&w, &out);
  jsonw_obj(&w);
  jsonw_kv_hex(&w, "output", output);
  jsonw_kv_quantity(&w, "gasUsed", gas_used);
  jsonw_kv_hex(&w, "stateRoot", hash32_slice(&c->state_root));
  jsonw_kv_bool(&w, "pass", c->pass);
  jsonw_kv_str(&w, "fork", c->fork);
  jsonw_obj_end(&w);
  fprintf(stderr, "%s\n", buf_cstr(&out));
  buf_fini(&out);
}

void cmd_trace_init(struct evm_tracer *t) {
  *t = (struct evm_tracer){.step = cmd_trace_step};
}
