/* cmd_trace.c - a tracer that prints EIP-3155 lines to stderr, one JSON object
** a step, so that outside tools can compare us step by step. */
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

void cmd_trace_init(struct evm_tracer *t) {
  *t = (struct evm_tracer){.step = cmd_trace_step};
}
