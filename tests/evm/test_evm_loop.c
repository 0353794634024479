/* test_evm_loop.c - single frames: gas to the unit, stack and memory limits,
** jumps, opcodes by fork, tracing. */
#include "evm_test_host.h"

static struct th *host;

static struct evm_result run_on(enum evm_fork fork, const char *code) {
  th_begin(host, fork);
  return th_run(host, code);
}

static void arithmetic_when_run_then_gas_is_exact(void **s) {
  (void)s;
  /* PUSH1 2, PUSH1 3, ADD, STOP */
  struct evm_result r = run_on(EVM_OSAKA, "6002600301 00");
  assert_status(r, EVM_SUCCESS);
  assert_int_equal(th_used(&r), 9);
}

static void code_end_when_reached_then_stops(void **s) {
  (void)s;
  struct evm_result r = run_on(EVM_OSAKA, "6001");
  assert_status(r, EVM_SUCCESS);
  assert_int_equal(r.output.len, 0);
  /* A PUSH32 cut short reads zeros. */
  r = run_on(EVM_OSAKA, "7f01");
  assert_status(r, EVM_SUCCESS);
}

static void push_when_of_every_width_then_value_is_exact(void **s) {
  (void)s;
  for (u32 n = 1; n <= 32; n++) {
    char code[160];
    u8 want[32] = {0};
    int len = snprintf(code, sizeof code, "%02x", 0x5f + n);
    for (u32 i = 0; i < n; i++) {
      want[32 - n + i] = (u8)(i * 7 + n);
      len += snprintf(code + len, sizeof code - (size_t)len, "%02x",
                      (u8)(i * 7 + n));
    }
    snprintf(code + len, sizeof code - (size_t)len, "60005260206000f3");
    struct evm_result r = run_on(EVM_FRONTIER, code);
    assert_status(r, EVM_SUCCESS);
    vec_assert_eq(r.output, slice_of(want, 32), code);
  }
}

static void dup_and_swap_when_of_every_depth_then_right_word(void **s) {
  (void)s;
  for (u32 n = 1; n <= 16; n++) {
    char code[256];
    int len = 0;
    for (u32 i = 0; i <= n; i++)
      len += snprintf(code + len, sizeof code - (size_t)len, "60%02x", i);
    /* SWAPn: the top is 0 and the bottom n; DUP(n+1)... of the new bottom. */
    snprintf(code + len, sizeof code - (size_t)len,
             "%02x60005260206000f3", 0x8f + n);
    struct evm_result r = run_on(EVM_FRONTIER, code);
    assert_status(r, EVM_SUCCESS);
    assert_word(r, 0, 0);
    snprintf(code + len, sizeof code - (size_t)len,
             "%02x60005260206000f3", 0x7f + n);
    r = run_on(EVM_FRONTIER, code);
    assert_status(r, EVM_SUCCESS);
    assert_word(r, 0, 1);
  }
}

static void stack_when_over_1024_then_overflow(void **s) {
  (void)s;
  /* JUMPDEST PUSH1 0 DUP1 ... loops pushing for ever: 5b 36 6000 56 */
  struct evm_result r = run_on(EVM_FRONTIER, "5b36600056");
  assert_status(r, EVM_STACK_OVERFLOW);
  assert_int_equal(r.gas_left, 0);
}

static void stack_when_exactly_1024_then_runs(void **s) {
  (void)s;
  char code[4096];
  for (int i = 0; i < 1024; i++) memcpy(code + 2 * i, "36", 2);
  strcpy(code + 2048, "00");
  struct evm_result r = run_on(EVM_FRONTIER, code);
  assert_status(r, EVM_SUCCESS);
  strcpy(code + 2048, "3600");
  r = run_on(EVM_FRONTIER, code);
  assert_status(r, EVM_STACK_OVERFLOW);
}

static void stack_when_short_then_underflow(void **s) {
  (void)s;
  static const char *const code[] = {"01", "600101", "50", "6001600291",
                                     "60016002a1", "f1", "ff", "80", "90"};
  for (size_t i = 0; i < ARRAY_LEN(code); i++) {
    struct evm_result r = run_on(EVM_OSAKA, code[i]);
    if (r.status != EVM_STACK_UNDERFLOW)
      fail_msg("%s: %s", code[i], evm_status_text(r.status));
  }
}

static void jump_when_target_is_push_data_then_fails(void **s) {
  (void)s;
  struct evm_result r = run_on(EVM_OSAKA, "6004 56 60 5b 00");
  assert_status(r, EVM_BAD_JUMP);
  r = run_on(EVM_OSAKA, "6003 56 5b 00");
  assert_status(r, EVM_SUCCESS);
  assert_int_equal(th_used(&r), 3 + 8 + 1);
  r = run_on(EVM_OSAKA, "68010000000000000003 56 5b 00"); /* 2^64 + 3 */
  assert_status(r, EVM_BAD_JUMP);
  r = run_on(EVM_OSAKA, "60ff 56"); /* beyond the code */
  assert_status(r, EVM_BAD_JUMP);
}

static void jumpi_when_condition_is_zero_then_target_is_not_asked(void **s) {
  (void)s;
  struct evm_result r = run_on(EVM_OSAKA, "6000 60ff 57 00");
  assert_status(r, EVM_SUCCESS);
  r = run_on(EVM_OSAKA, "6001 60ff 57 00");
  assert_status(r, EVM_BAD_JUMP);
  /* A condition with only its top bit set is true. */
  r = run_on(EVM_OSAKA, "7f80000000000000000000000000000000000000000000000000"
                        "00000000000000 6025 57 fe 5b 00");
  assert_status(r, EVM_SUCCESS);
}

static void memory_when_grown_then_price_is_quadratic(void **s) {
  (void)s;
  /* MLOAD at 0x3fe0: 512 words = 3*512 + 512 gas */
  struct evm_result r = run_on(EVM_OSAKA, "613fe051 00");
  assert_status(r, EVM_SUCCESS);
  assert_int_equal(th_used(&r), 3 + 3 + 3 * 512 + 512);
  /* again costs nothing more; MSIZE is in bytes */
  r = run_on(EVM_OSAKA, "613fe051 613fe051 595f52 60205ff3");
  assert_word(r, 0, 0x4000);
}

/* A leap takes room that the system zeroed: what was written stays, what another
** frame left is not seen. */
static void memory_when_it_leaps_then_kept_and_zeros(void **s) {
  static const char dirty[] = "5f19 613fe052 5f19 60e052 00";
  static const char leap[] =
      "602a 600052 62200000 51 50 613fe051 602052 62200000 51 604052"
      " 60e051 606052 6007 621fffe0 52 621fffe0 51 608052 60a0 6000 f3";
  (void)s;
  th_begin(host, EVM_OSAKA);
  th_put_code(host, 0xc0de, dirty);
  th_put_code(host, 0xc0df, leap);
  for (u32 i = 0; i < 2; i++) {
    struct evm_result r = th_call(host, 0xc0de, 100000000, (slice){0});
    assert_status(r, EVM_SUCCESS);
    r = th_call(host, 0xc0df, 100000000, (slice){0});
    assert_status(r, EVM_SUCCESS);
    assert_int_equal(r.output.len, 160);
    assert_word(r, 0, 0x2a);
    for (u32 k = 1; k < 4; k++) assert_word(r, k, 0);
    assert_word(r, 4, 7);
  }
}

static void memory_when_near_2_64_then_out_of_gas(void **s) {
  (void)s;
  static const char *const code[] = {
    "67ffffffffffffffff51", "67ffffffffffffffe051", "68010000000000000000 51",
    "6000 67ffffffffffffffff 52", "6000 67ffffffffffffffff 53",
    "67ffffffffffffffff 6001 20", "6001 67ffffffffffffffff 20",
    "67ffffffffffffffff 67ffffffffffffffff 20",
    "67ffffffffffffffff 6000 6000 37", "6001 6000 67ffffffffffffffff 39",
    "67ffffffffffffffff 6000 6000 5e", "6001 67ffffffffffffffff 6000 5e",
    "67ffffffffffffffff 6000 a0", "67ffffffffffffffff 6001 f3",
    "6000 6000 67ffffffffffffffff 6001 6000 73000000000000000000000000000000"
    "0000000004 61ffff f1",
    "67ffffffffffffffff 6000 6000 f0",
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff 51",
  };
  for (size_t i = 0; i < ARRAY_LEN(code); i++) {
    th_begin(host, EVM_OSAKA);
    th_put_code(host, 0xc0de, code[i]);
    /* gas near 2^63 and near 2^64 must not let it through either */
    const u64 gas[] = {1000000, (u64)1 << 63, UINT64_MAX};
    for (size_t k = 0; k < 3; k++) {
      struct evm_result r = th_call(host, 0xc0de, gas[k], (slice){0});
      if (r.status != EVM_OUT_OF_GAS)
        fail_msg("%s: %s", code[i], evm_status_text(r.status));
    }
  }
}

static void memory_when_length_is_zero_then_offset_is_free(void **s) {
  (void)s;
  struct evm_result r = run_on(EVM_OSAKA, "6000 67ffffffffffffffff 20 00");
  assert_status(r, EVM_SUCCESS);
  r = run_on(EVM_OSAKA, "6000 67ffffffffffffffff f3");
  assert_status(r, EVM_SUCCESS);
  r = run_on(EVM_OSAKA, "6000 7fffffffffffffffffffffffffffffffffffffffffffffff"
                        "ffffffffffffffffff 67ffffffffffffffff 37 59"
                        "5f52 60205ff3");
  assert_word(r, 0, 0);
}

static void gas_when_near_2_63_then_counts_on(void **s) {
  (void)s;
  th_begin(host, EVM_OSAKA);
  th_put_code(host, 0xc0de, "5a 5f52 60205f f3");
  struct evm_result r = th_call(host, 0xc0de, UINT64_MAX, (slice){0});
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 0, UINT64_MAX - 2);
  r = th_call(host, 0xc0de, (u64)1 << 63, (slice){0});
  assert_word(r, 0, ((u64)1 << 63) - 2);
}

static void opcode_when_before_its_fork_then_undefined(void **s) {
  (void)s;
  static const struct { const char *code; enum evm_fork since; } row[] = {
    {"600060001b", EVM_CONSTANTINOPLE}, {"60001e", EVM_OSAKA},
    {"3d", EVM_BYZANTIUM}, {"60003f", EVM_CONSTANTINOPLE},
    {"46", EVM_ISTANBUL}, {"47", EVM_ISTANBUL}, {"48", EVM_LONDON},
    {"600049", EVM_CANCUN}, {"4a", EVM_CANCUN}, {"60005c", EVM_CANCUN},
    {"600060005d", EVM_CANCUN}, {"6000600060005e", EVM_CANCUN},
    {"5f", EVM_SHANGHAI}, {"600060006000600060006000f4", EVM_HOMESTEAD},
    {"6000600060006000f5", EVM_CONSTANTINOPLE},
    {"600060006000600060006000fa", EVM_BYZANTIUM},
  };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    for (enum evm_fork f = EVM_FRONTIER; f < EVM_FORK_CNT; f++) {
      struct evm_result r = run_on(f, row[i].code);
      enum evm_status want = f < row[i].since ? EVM_BAD_OPCODE : EVM_SUCCESS;
      if (r.status != want)
        fail_msg("%s on %s: %s", row[i].code, evm_fork_name(f),
                 evm_status_text(r.status));
    }
  }
  assert_status(run_on(EVM_OSAKA, "fe"), EVM_BAD_OPCODE);
  assert_status(run_on(EVM_OSAKA, "0c"), EVM_BAD_OPCODE);
}

static void exp_when_priced_then_by_bytes_of_exponent(void **s) {
  (void)s;
  struct evm_result r = run_on(EVM_FRONTIER, "610100 6002 0a 00");
  assert_int_equal(th_used(&r), 6 + 10 + 2 * 10);
  r = run_on(EVM_SPURIOUS, "610100 6002 0a 00");
  assert_int_equal(th_used(&r), 6 + 10 + 2 * 50);
  r = run_on(EVM_SPURIOUS, "6000 6002 0a 00");
  assert_int_equal(th_used(&r), 6 + 10);
}

static void clz_when_run_then_counts(void **s) {
  (void)s;
  struct evm_result r = run_on(EVM_OSAKA, "60001e 5f52 60205ff3");
  assert_word(r, 0, 256);
  r = run_on(EVM_OSAKA, "60011e 5f52 60205ff3");
  assert_word(r, 0, 255);
}

static void returndatacopy_when_beyond_data_then_fails(void **s) {
  (void)s;
  assert_status(run_on(EVM_OSAKA, "600160005f3e"), EVM_RETURN_DATA_BOUNDS);
  assert_status(run_on(EVM_OSAKA, "600060015f3e"), EVM_RETURN_DATA_BOUNDS);
  assert_status(run_on(EVM_OSAKA, "5f5f5f3e"), EVM_SUCCESS);
}

static void blockhash_when_out_of_window_then_zero(void **s) {
  (void)s;
  static const struct { const char *n; bool known; } row[] = {
    {"6103e8", false}, {"6103e7", true}, {"6102e8", true}, {"6102e7", false}};
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    char code[64];
    snprintf(code, sizeof code, "%s405f5260205ff3", row[i].n);
    struct evm_result r = run_on(EVM_OSAKA, code);
    assert_int_equal(r.output.ptr[0], row[i].known ? 0xbb : 0);
  }
}

static void sload_when_cold_then_2100_and_warm_100(void **s) {
  (void)s;
  struct evm_result r = run_on(EVM_BERLIN, "6007545060075450 00");
  assert_int_equal(th_used(&r), 2 * 5 + 2100 + 100);
  r = run_on(EVM_ISTANBUL, "60075450 00");
  assert_int_equal(th_used(&r), 5 + 800);
}

/* EIP-2200's and EIP-3529's tables: gas and refund of sequences of stores to
** slot 0 whose original value is given. */
static void sstore_when_netted_then_as_in_the_eips(void **s) {
  (void)s;
  static const struct {
    const char *code; u64 orig, used_2200; i64 refund_2200;
    u64 used_3529; i64 refund_3529;
  } row[] = {
    {"60006000556000600055", 0, 1612, 0, 212, 0},
    {"60006000556001600055", 0, 20812, 0, 20112, 0},
    {"60016000556000600055", 0, 20812, 19200, 20112, 19900},
    {"60016000556002600055", 0, 20812, 0, 20112, 0},
    {"60016000556001600055", 0, 20812, 0, 20112, 0},
    {"60006000556000600055", 1, 5812, 15000, 3012, 4800},
    {"60006000556001600055", 1, 5812, 4200, 3012, 2800},
    {"60006000556002600055", 1, 5812, 0, 3012, 0},
    {"60026000556000600055", 1, 5812, 15000, 3012, 4800},
    {"60026000556003600055", 1, 5812, 0, 3012, 0},
    {"60026000556001600055", 1, 5812, 4200, 3012, 2800},
    {"60026000556002600055", 1, 5812, 0, 3012, 0},
    {"60016000556000600055", 1, 5812, 15000, 3012, 4800},
    {"60016000556002600055", 1, 5812, 0, 3012, 0},
    {"60016000556001600055", 1, 1612, 0, 212, 0},
    {"600160005560006000556001600055", 0, 40818, 19200, 40118, 19900},
    {"600060005560016000556000600055", 1, 10818, 19200, 5918, 7600},
  };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    for (int k = 0; k < 2; k++) {
      addr20 self = th_addr(0xc0de);
      u256 zero = U256_ZERO;
      th_begin(host, k ? EVM_LONDON : EVM_ISTANBUL);
      struct th_slot *slot = th_slot_at(host, &self, &zero);
      slot->orig = slot->val = u256_from(row[i].orig);
      slot->warm = true;
      struct evm_result r = th_run(host, row[i].code);
      assert_status(r, EVM_SUCCESS);
      assert_int_equal(th_used(&r), k ? row[i].used_3529 : row[i].used_2200);
      assert_int_equal(host->w.refund,
                       k ? row[i].refund_3529 : row[i].refund_2200);
    }
  }
}

static void sstore_when_2300_gas_left_then_refused(void **s) {
  (void)s;
  th_begin(host, EVM_ISTANBUL);
  th_put_code(host, 0xc0de, "6000600055");
  struct evm_result r = th_call(host, 0xc0de, 2306, (slice){0});
  assert_status(r, EVM_OUT_OF_GAS);
  r = th_call(host, 0xc0de, 2307, (slice){0});
  assert_status(r, EVM_SUCCESS);
}

static void interrupt_when_set_then_endless_loop_ends(void **s) {
  (void)s;
  atomic_bool flag = true;
  evm_set_interrupt(host->evm, &flag);
  struct evm_result r = run_on(EVM_OSAKA, "5b600056");
  assert_status(r, EVM_OUT_OF_GAS);
  assert_true(evm_interrupted(host->evm));
  evm_set_interrupt(host->evm, NULL);
  r = run_on(EVM_OSAKA, "00");
  assert_false(evm_interrupted(host->evm));
}

/*---------------------------------------------------------------- tracing */

static struct { u32 cnt; struct evm_step step[16]; u64 top[16]; } seen;

static void see_step(void *ctx, const struct evm_step *step) {
  (void)ctx;
  if (seen.cnt < 16) {
    seen.step[seen.cnt] = *step;
    seen.top[seen.cnt] =
        step->stack_cnt ? step->stack[step->stack_cnt - 1].w[0] : 0;
  }
  seen.cnt++;
}

static void trace_when_on_then_steps_show_state_before(void **s) {
  (void)s;
  const struct evm_tracer tracer = {.step = see_step};
  seen.cnt = 0;
  evm_set_tracer(host->evm, &tracer);
  struct evm_result r = run_on(EVM_OSAKA, "6005 6020 52 6000 54 0c");
  evm_set_tracer(host->evm, NULL);
  assert_status(r, EVM_BAD_OPCODE);
  assert_int_equal(seen.cnt, 6);
  static const struct { u32 pc; u8 op; u64 used, cost; u32 stack; u64 top;
                        size_t mem; } want[] = {
    {0, 0x60, 0, 3, 0, 0, 0}, {2, 0x60, 3, 3, 1, 5, 0},
    {4, 0x52, 6, 3 + 6, 2, 0x20, 0}, {5, 0x60, 15, 3, 0, 0, 64},
    {7, 0x54, 18, 2100, 1, 0, 64}, {8, 0x0c, 2118, 0, 1, 0, 64}};
  for (u32 i = 0; i < 6; i++) {
    const struct evm_step *p = &seen.step[i];
    assert_int_equal(p->pc, want[i].pc);
    assert_int_equal(p->op, want[i].op);
    assert_int_equal(1000000 - p->gas, want[i].used);
    assert_int_equal(p->gas_cost, want[i].cost);
    assert_int_equal(p->stack_cnt, want[i].stack);
    assert_int_equal(seen.top[i], want[i].top);
    assert_int_equal(p->mem_len, want[i].mem);
  }
  assert_int_equal(seen.step[4].fault, EVM_SUCCESS);
  assert_int_equal(seen.step[5].fault, EVM_BAD_OPCODE);
}

/* A creation's cost is without the gas it takes along; what failed tells its
** constant part. */
static void trace_when_created_or_failed_then_cost_as_others_tell(void **s) {
  (void)s;
  const struct evm_tracer tracer = {.step = see_step};
  seen.cnt = 0;
  evm_set_tracer(host->evm, &tracer);
  struct evm_result r = run_on(EVM_OSAKA, "5f 5f 5f f0 50 50 01");
  evm_set_tracer(host->evm, NULL);
  assert_status(r, EVM_STACK_UNDERFLOW);
  assert_int_equal(seen.cnt, 6);
  assert_int_equal(seen.step[3].gas_cost, 32000);
  assert_int_equal(seen.step[5].fault, EVM_STACK_UNDERFLOW);
  assert_int_equal(seen.step[5].gas_cost, 2);
}

static void names_when_asked_then_known(void **s) {
  (void)s;
  enum evm_fork f;
  assert_int_equal(evm_fork_parse(&f, "EIP158"), 0);
  assert_int_equal(f, EVM_SPURIOUS);
  assert_int_equal(evm_fork_parse(&f, "ConstantinopleFix"), 0);
  assert_int_equal(f, EVM_PETERSBURG);
  assert_int_equal(evm_fork_parse(&f, "Nowhere"), ERR_NOT_FOUND);
  assert_string_equal(evm_op_name(0x20), "KECCAK256");
  assert_string_equal(evm_op_name(0x7f), "PUSH32");
  assert_string_equal(evm_op_name(0x0c), "opcode 0xc not defined");
  assert_string_equal(evm_op_name(0xef), "opcode 0xef not defined");
  assert_string_equal(evm_op_name(0xfe), "INVALID");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(arithmetic_when_run_then_gas_is_exact),
    cmocka_unit_test(code_end_when_reached_then_stops),
    cmocka_unit_test(push_when_of_every_width_then_value_is_exact),
    cmocka_unit_test(dup_and_swap_when_of_every_depth_then_right_word),
    cmocka_unit_test(stack_when_over_1024_then_overflow),
    cmocka_unit_test(stack_when_exactly_1024_then_runs),
    cmocka_unit_test(stack_when_short_then_underflow),
    cmocka_unit_test(jump_when_target_is_push_data_then_fails),
    cmocka_unit_test(jumpi_when_condition_is_zero_then_target_is_not_asked),
    cmocka_unit_test(memory_when_grown_then_price_is_quadratic),
    cmocka_unit_test(memory_when_it_leaps_then_kept_and_zeros),
    cmocka_unit_test(memory_when_near_2_64_then_out_of_gas),
    cmocka_unit_test(memory_when_length_is_zero_then_offset_is_free),
    cmocka_unit_test(gas_when_near_2_63_then_counts_on),
    cmocka_unit_test(opcode_when_before_its_fork_then_undefined),
    cmocka_unit_test(exp_when_priced_then_by_bytes_of_exponent),
    cmocka_unit_test(clz_when_run_then_counts),
    cmocka_unit_test(returndatacopy_when_beyond_data_then_fails),
    cmocka_unit_test(blockhash_when_out_of_window_then_zero),
    cmocka_unit_test(sload_when_cold_then_2100_and_warm_100),
    cmocka_unit_test(sstore_when_netted_then_as_in_the_eips),
    cmocka_unit_test(sstore_when_2300_gas_left_then_refused),
    cmocka_unit_test(interrupt_when_set_then_endless_loop_ends),
    cmocka_unit_test(trace_when_on_then_steps_show_state_before),
    cmocka_unit_test(trace_when_created_or_failed_then_cost_as_others_tell),
    cmocka_unit_test(names_when_asked_then_known),
  };
  host = th_open();
  int failed = cmocka_run_group_tests_name("evm_loop", tests, NULL, NULL);
  th_close(host);
  return failed;
}
