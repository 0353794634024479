/* vec_evm_precompiles.c - go-ethereum's and the EIPs' precompile vectors by a
** message to the address: result, gas and refusal. */
#include "evm_test_host.h"

#define GETH "precompiles/go-ethereum/"
#define EIP2537 "precompiles/eips/eip-2537/"

static struct th *host;

/* scale: what the printed price is multiplied by. */
static void run_one(const json_t *v, u64 addr, slice in, int scale) {
  const char *name = vec_text(v, "Name");
  const u64 gas = (u64)1 << 40;
  struct evm_result r = th_call(host, addr, gas, in);
  if (json_object_get(v, "ExpectedError")) {
    if (r.status == EVM_SUCCESS) fail_msg("%s: not refused", name);
    assert_int_equal(r.gas_left, 0);
    return;
  }
  if (r.status != EVM_SUCCESS)
    fail_msg("%s: %s", name, evm_status_text(r.status));
  slice want = vec_bytes(v, "Expected");
  vec_assert_eq(r.output, want, name);
  vec_free(want);
  json_int_t price = json_integer_value(json_object_get(v, "Gas")) * scale;
  if ((u64)price != gas - r.gas_left)
    fail_msg("%s: gas %llu, want %llu", name,
             (unsigned long long)(gas - r.gas_left),
             (unsigned long long)price);
  /* One gas less must not do. */
  if (price > 0) {
    r = th_call(host, addr, (u64)price - 1, in);
    assert_status(r, EVM_OUT_OF_GAS);
  }
}

static void run_file(const char *file, u64 addr, enum evm_fork fork) {
  /* The EIP's own file still has the half price of the roll-ups. */
  int scale = strstr(file, "eip-7951") ? 2 : 1;
  json_t *root = vec_load(file), *v;
  size_t i;
  th_begin(host, fork);
  assert_true(json_array_size(root) > 0);
  json_array_foreach(root, i, v) {
    slice in = vec_bytes(v, "Input");
    run_one(v, addr, in, scale);
    vec_free(in);
  }
  json_decref(root);
}

#define ROWS(X) \
  X(ecrecover, GETH "ecRecover.json", 1, FRONTIER) \
  X(modexp_byzantium, GETH "modexp.json", 5, BYZANTIUM) \
  X(modexp_berlin, GETH "modexp_eip2565.json", 5, BERLIN) \
  X(modexp_osaka, GETH "modexp_eip7883.json", 5, OSAKA) \
  X(bn254_add, GETH "bn256Add.json", 6, ISTANBUL) \
  X(bn254_mul, GETH "bn256ScalarMul.json", 7, ISTANBUL) \
  X(bn254_pairing, GETH "bn256Pairing.json", 8, ISTANBUL) \
  X(blake2f, GETH "blake2F.json", 9, ISTANBUL) \
  X(blake2f_bad, GETH "fail-blake2f.json", 9, ISTANBUL) \
  X(kzg_point, GETH "pointEvaluation.json", 10, CANCUN) \
  X(bls_g1_add, GETH "blsG1Add.json", 0x0b, PRAGUE) \
  X(bls_g1_add_bad, GETH "fail-blsG1Add.json", 0x0b, PRAGUE) \
  X(bls_g1_mul, GETH "blsG1Mul.json", 0x0c, PRAGUE) \
  X(bls_g1_mul_bad, GETH "fail-blsG1Mul.json", 0x0c, PRAGUE) \
  X(bls_g1_msm, GETH "blsG1MultiExp.json", 0x0c, PRAGUE) \
  X(bls_g1_msm_bad, GETH "fail-blsG1MultiExp.json", 0x0c, PRAGUE) \
  X(bls_g2_add, GETH "blsG2Add.json", 0x0d, PRAGUE) \
  X(bls_g2_add_bad, GETH "fail-blsG2Add.json", 0x0d, PRAGUE) \
  X(bls_g2_mul, GETH "blsG2Mul.json", 0x0e, PRAGUE) \
  X(bls_g2_mul_bad, GETH "fail-blsG2Mul.json", 0x0e, PRAGUE) \
  X(bls_g2_msm, GETH "blsG2MultiExp.json", 0x0e, PRAGUE) \
  X(bls_g2_msm_bad, GETH "fail-blsG2MultiExp.json", 0x0e, PRAGUE) \
  X(bls_pairing, GETH "blsPairing.json", 0x0f, PRAGUE) \
  X(bls_pairing_bad, GETH "fail-blsPairing.json", 0x0f, PRAGUE) \
  X(bls_map_fp, GETH "blsMapG1.json", 0x10, PRAGUE) \
  X(bls_map_fp_bad, GETH "fail-blsMapG1.json", 0x10, PRAGUE) \
  X(bls_map_fp2, GETH "blsMapG2.json", 0x11, PRAGUE) \
  X(bls_map_fp2_bad, GETH "fail-blsMapG2.json", 0x11, PRAGUE) \
  X(eip_g1_add, EIP2537 "add_G1_bls.json", 0x0b, PRAGUE) \
  X(eip_g1_add_bad, EIP2537 "fail-add_G1_bls.json", 0x0b, PRAGUE) \
  X(eip_g2_add, EIP2537 "add_G2_bls.json", 0x0d, PRAGUE) \
  X(eip_g2_add_bad, EIP2537 "fail-add_G2_bls.json", 0x0d, PRAGUE) \
  X(eip_g1_mul, EIP2537 "mul_G1_bls.json", 0x0c, PRAGUE) \
  X(eip_g1_mul_bad, EIP2537 "fail-mul_G1_bls.json", 0x0c, PRAGUE) \
  X(eip_g1_msm, EIP2537 "msm_G1_bls.json", 0x0c, PRAGUE) \
  X(eip_g1_msm_bad, EIP2537 "fail-msm_G1_bls.json", 0x0c, PRAGUE) \
  X(eip_g2_mul, EIP2537 "mul_G2_bls.json", 0x0e, PRAGUE) \
  X(eip_g2_mul_bad, EIP2537 "fail-mul_G2_bls.json", 0x0e, PRAGUE) \
  X(eip_g2_msm_bad, EIP2537 "fail-msm_G2_bls.json", 0x0e, PRAGUE) \
  X(eip_pairing, EIP2537 "pairing_check_bls.json", 0x0f, PRAGUE) \
  X(eip_pairing_bad, EIP2537 "fail-pairing_check_bls.json", 0x0f, PRAGUE) \
  X(eip_map_fp, EIP2537 "map_fp_to_G1_bls.json", 0x10, PRAGUE) \
  X(eip_map_fp_bad, EIP2537 "fail-map_fp_to_G1_bls.json", 0x10, PRAGUE) \
  X(eip_map_fp2, EIP2537 "map_fp2_to_G2_bls.json", 0x11, PRAGUE) \
  X(eip_map_fp2_bad, EIP2537 "fail-map_fp2_to_G2_bls.json", 0x11, PRAGUE) \
  X(p256_verify, GETH "p256Verify.json", 0x100, OSAKA) \
  X(eip_p256, "precompiles/eips/eip-7951/test-vectors.json", 0x100, OSAKA)

#define CASE(name, file, addr, fork) \
  static void name##_when_called_then_as_published(void **s) { \
    (void)s; \
    run_file(file, addr, EVM_##fork); \
  }
ROWS(CASE)
#undef CASE

int main(void) {
  const struct CMUnitTest tests[] = {
#define CASE(name, file, addr, fork) \
    cmocka_unit_test(name##_when_called_then_as_published),
    ROWS(CASE)
#undef CASE
  };
  host = th_open();
  int failed = cmocka_run_group_tests_name("evm_precompiles", tests, NULL, NULL);
  th_close(host);
  return failed;
}
