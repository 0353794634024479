/* vec_evm_opcodes.c - go-ethereum's pairs of operands for the two-operand
** opcodes, each run as code: PUSH32 X, PUSH32 Y, op, store, return. */
#include "evm_test_host.h"

static struct th *host;

static void run_file(const char *file, u8 op) {
  char path[128];
  snprintf(path, sizeof path, "precompiles/opcodes/testcases_%s.json", file);
  json_t *root = vec_load(path), *v;
  size_t i;
  assert_true(json_array_size(root) > 0);
  json_array_foreach(root, i, v) {
    char code[256];
    snprintf(code, sizeof code, "7f%s7f%s%02x5f5260205ff3", vec_text(v, "X"),
             vec_text(v, "Y"), op);
    th_begin(host, EVM_OSAKA);
    struct evm_result r = th_run(host, code);
    assert_status(r, EVM_SUCCESS);
    slice want = vec_bytes(v, "Expected");
    vec_assert_eq(r.output, want, code);
    vec_free(want);
  }
  json_decref(root);
}

#define ROWS(X) \
  X(add, 0x01) X(mul, 0x02) X(sub, 0x03) X(div, 0x04) X(sdiv, 0x05) \
  X(mod, 0x06) X(smod, 0x07) X(exp, 0x0a) X(signext, 0x0b) X(lt, 0x10) \
  X(gt, 0x11) X(slt, 0x12) X(sgt, 0x13) X(eq, 0x14) X(and, 0x16) X(or, 0x17) \
  X(xor, 0x18) X(byte, 0x1a) X(shl, 0x1b) X(shr, 0x1c) X(sar, 0x1d)

#define CASE(name, op) \
  static void name##_when_run_then_as_published(void **s) { \
    (void)s; \
    run_file(#name, op); \
  }
ROWS(CASE)
#undef CASE

int main(void) {
  const struct CMUnitTest tests[] = {
#define CASE(name, op) cmocka_unit_test(name##_when_run_then_as_published),
    ROWS(CASE)
#undef CASE
  };
  host = th_open();
  int failed = cmocka_run_group_tests_name("evm_opcodes", tests, NULL, NULL);
  th_close(host);
  return failed;
}
