/* test_evm_fast.c - the plain, the traced and the fast loop agree on generated
** code, at every amount of gas; EVM_FAST_CASES=N tries N codes. */
#include "crypto/crypto_vec.h"

#include "evm_gen.h"

static struct gen_bench bench;

static void compare(slice code, slice input, enum evm_fork fork, u64 gas,
                    u64 seed) {
  const char *diff = gen_compare(&bench, fork, code, input, gas);
  if (diff) {
    fail_msg("seed %llu, gas %llu: %s\ncode %s", (unsigned long long)seed,
             (unsigned long long)gas, diff, vec_show(code));
  }
}

static void loops_when_code_is_random_then_agree(void **s) {
  (void)s;
  static struct gen g;
  const char *env = getenv("EVM_FAST_CASES");
  u64 cases = env ? strtoull(env, NULL, 10) : 3000, base = 1;
  if ((env = getenv("EVM_FAST_SEED"))) base = strtoull(env, NULL, 10);
  for (u64 i = base; i < base + cases; i++) {
    u8 input[96];
    g.seed = i * 0x9e3779b97f4a7c15u | 1;
    slice code = gen_code(&g);
    for (u32 k = 0; k < sizeof input; k++) input[k] = (u8)gen_raw(&g);
    enum evm_fork fork = i % 4 ? EVM_OSAKA : (enum evm_fork)(i / 4 %
                                                             EVM_FORK_CNT);
    u64 gas = gen_raw(&g) % 3 ? 200000 : gen_raw(&g) % 5000;
    compare(code, slice_of(input, gen_raw(&g) % sizeof input), fork, gas, i);
  }
}

static void loops_when_gas_ends_anywhere_then_agree(void **s) {
  (void)s;
  static struct gen g;
  for (u64 i = 1; i <= 6; i++) {
    g.seed = i * 0x123456789abcdefu | 1;
    slice code = gen_code(&g);
    for (u64 gas = 0; gas < 400; gas++) {
      compare(code, (slice){0}, EVM_OSAKA, gas, i);
    }
  }
}

static slice bytes(const char *hex) { return vec_hex(hex); }

/* Shapes that translation treats by itself. */
static void loops_when_shape_is_special_then_agree(void **s) {
  (void)s;
  static const char *const code[] = {
    "",                                   /* no code */
    "5b",                                 /* a target at 0 */
    "5b600056", "5b3660005700",           /* loops to 0 */
    "600456005b00", "6003565b",           /* last byte is the target */
    "60ff56", "6000600057", "600160ff57", /* bad targets */
    "6001600260036004600591935f525f5260205ff3", /* cycles */
    "60016002600360049192905f52602052604052606052608060 5ff3",
    "60015f525f5180805f526020526040526060 5ff3",
    "5f355f351460085760015b00", "5f3580158015600957fe5b00",
    "5f35805f5250602060 5ff3",
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
    "80018080025f5260205ff3",
    "5a5f525a60205260405ff3", "585f5260205ff3", "385f5260205ff3",
    "5f5f5f5f5f60aa5af15f525a6020526040 5ff3",
    "60206000600060aa60ff5ffa", "ef", "fe", "0c",
    "6101006101005256", "5b5a6000575b00",
    "36369080021560ff5700",               /* condition in a spare slot */
  };
  for (size_t i = 0; i < ARRAY_LEN(code); i++) {
    char clean[512];
    size_t n = 0;
    for (const char *p = code[i]; *p; p++) {
      if (*p != ' ') clean[n++] = *p;
    }
    clean[n] = 0;
    slice c = bytes(clean), in = bytes(
        "000000000000000000000000000000000000000000000000000000000000000700");
    for (int f = 0; f < EVM_FORK_CNT; f++) {
      for (u64 gas = 0; gas < 3000; gas += 1 + gas / 8) {
        compare(c, in, (enum evm_fork)f, gas, i);
      }
    }
    vec_free(c);
    vec_free(in);
  }
}

/* Every stack height around the limits, so that the header's bounds are the
** opcodes' own. */
static void loops_when_stack_is_near_its_limit_then_agree(void **s) {
  (void)s;
  for (u32 n = 1000; n < 1030; n++) {
    u8 code[2200];
    u32 len = 0;
    for (u32 i = 0; i < n; i++) code[len++] = 0x36;
    code[len++] = 0x5b; /* a block of its own */
    code[len++] = 0x36;
    code[len++] = 0x8f;
    code[len++] = 0x50;
    code[len++] = 0x01;
    compare(slice_of(code, len), (slice){0}, EVM_OSAKA, 100000, n);
  }
  for (u32 n = 0; n < 20; n++) {
    u8 code[64];
    u32 len = 0;
    for (u32 i = 0; i < n; i++) code[len++] = 0x36;
    code[len++] = 0x5b;
    code[len++] = 0x9f;
    code[len++] = 0x8f;
    compare(slice_of(code, len), (slice){0}, EVM_OSAKA, 100000, n);
  }
}

/* Code becomes hot while it runs: the frame changes loops at a jump. */
static void frame_when_hot_in_the_middle_then_same_result(void **s) {
  (void)s;
  /* sum of 1..200 in a loop */
  slice code = bytes("60c85f5b8101906001900380600357"
                     "505f5260205ff3");
  struct gen_outcome cold, warm;
  u32 keep = chain_exec_evm(bench.exec[GEN_FAST])->cool;
  gen_run(&bench, GEN_PLAIN, &cold, EVM_OSAKA, code, (slice){0}, 100000);
  for (u32 cool = 1; cool < 200; cool += 7) {
    chain_exec_evm(bench.exec[GEN_FAST])->cool = cool;
    u8 fresh[64]; /* another hash, so that it is not in the cache */
    memcpy(fresh, code.ptr, code.len);
    fresh[code.len] = (u8)cool;
    gen_run(&bench, GEN_FAST, &warm, EVM_OSAKA, slice_of(fresh, code.len + 1),
            (slice){0}, 100000);
    assert_int_equal(cold.kind, warm.kind);
    assert_int_equal(cold.gas_left, warm.gas_left);
    assert_true(hash32_eq(&cold.output, &warm.output));
  }
  chain_exec_evm(bench.exec[GEN_FAST])->cool = keep;
  vec_free(code);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(loops_when_code_is_random_then_agree),
    cmocka_unit_test(loops_when_gas_ends_anywhere_then_agree),
    cmocka_unit_test(loops_when_shape_is_special_then_agree),
    cmocka_unit_test(loops_when_stack_is_near_its_limit_then_agree),
    cmocka_unit_test(frame_when_hot_in_the_middle_then_same_result),
  };
  gen_bench_open(&bench);
  int failed = cmocka_run_group_tests_name("evm_fast", tests, NULL, NULL);
  gen_bench_close(&bench);
  return failed;
}
