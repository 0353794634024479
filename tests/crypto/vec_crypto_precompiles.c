/* vec_crypto_precompiles.c - the result part of go-ethereum's and the EIPs'
** precompile vectors, for what this folder computes.  Gas and the cutting of
** inputs are evm's and tested there. */
#include "crypto_vec.h"

#include "crypto/bls12_381.h"
#include "crypto/bls12_x4.h"
#include "crypto/bn254.h"
#include "crypto/hash.h"
#include "crypto/kzg.h"
#include "crypto/modexp.h"
#include "crypto/mont_x86.h"
#include "crypto/p256.h"
#include "crypto/secp256k1.h"

/* Runs one input; fills out (up to 4 KiB) and returns its length, or a code
** below 0 where the precompile fails. */
typedef int vec_run_fn(u8 *out, slice in);

static size_t run_file(const char *file, vec_run_fn *run) {
  json_t *root = vec_load(file), *v;
  size_t i, cnt;
  u8 out[4096];
  json_array_foreach(root, i, v) {
    slice in = vec_bytes(v, "Input");
    int len = run(out, in);
    if (json_object_get(v, "ExpectedError")) {
      if (len >= 0) fail_msg("%s: not refused", vec_text(v, "Name"));
    } else {
      slice want = vec_bytes(v, "Expected");
      if (len < 0) fail_msg("%s: refused", vec_text(v, "Name"));
      vec_assert_eq(slice_of(out, (size_t)len), want, vec_text(v, "Name"));
      vec_free(want);
    }
    vec_free(in);
  }
  cnt = json_array_size(root);
  assert_true(cnt > 0);
  json_decref(root);
  return cnt;
}

/* Bytes past the end of an input are zero. */
static void take(u8 *to, slice in, size_t at, size_t len) {
  memset(to, 0, len);
  if (at < in.len)
    memcpy(to, in.ptr + at, in.len - at < len ? in.len - at : len);
}

static int run_blake2f(u8 *out, slice in) {
  u64 h[8], m[16], t[2];
  if (in.len != 213 || in.ptr[212] > 1) return -1;
  memcpy(h, in.ptr + 4, 64);
  memcpy(m, in.ptr + 68, 128);
  memcpy(t, in.ptr + 196, 16);
  crypto_blake2f(h, m, t, in.ptr[212], load_be32(in.ptr));
  memcpy(out, h, 64);
  return 64;
}

static int run_modexp(u8 *out, slice in) {
  u8 head[96], *num;
  size_t b, e, m;
  take(head, in, 0, 96);
  b = load_be64(head + 24);
  e = load_be64(head + 56);
  m = load_be64(head + 88);
  assert_true(b < 1 << 20 && e < 1 << 20 && m <= 4096);
  num = malloc(b + e + m + 1);
  take(num, in, 96, b + e + m);
  crypto_modexp(out, slice_of(num, b), slice_of(num + b, e),
                slice_of(num + b + e, m));
  free(num);
  return (int)m;
}

static int run_ecrecover(u8 *out, slice in) {
  u8 buf[128];
  struct sig65 sig;
  hash32 d;
  addr20 a;
  take(buf, in, 0, 128);
  for (int i = 32; i < 63; i++)
    if (buf[i]) return 0;
  if (buf[63] != 27 && buf[63] != 28) return 0;
  memcpy(d.b, buf, 32);
  memcpy(sig.r, buf + 64, 32);
  memcpy(sig.s, buf + 96, 32);
  sig.v = buf[63] - 27;
  if (!crypto_sig_in_range(&sig) || crypto_recover_addr(&a, &d, &sig) < 0)
    return 0;
  memset(out, 0, 12);
  memcpy(out + 12, a.b, 20);
  return 32;
}

static int run_p256(u8 *out, slice in) {
  if (in.len != 160 || !crypto_p256_verify(in.ptr, in.ptr + 32, in.ptr + 96))
    return 0;
  memset(out, 0, 31);
  out[31] = 1;
  return 32;
}

static int run_bn254_add(u8 *out, slice in) {
  u8 buf[128];
  take(buf, in, 0, sizeof buf);
  return crypto_bn254_add(out, buf) == 0 ? 64 : -1;
}
static int run_bn254_mul(u8 *out, slice in) {
  u8 buf[96];
  take(buf, in, 0, sizeof buf);
  return crypto_bn254_mul(out, buf) == 0 ? 64 : -1;
}
static int run_bn254_pairing(u8 *out, slice in) {
  bool one;
  if (crypto_bn254_pairing(&one, in) < 0) return -1;
  memset(out, 0, 32);
  out[31] = one;
  return 32;
}

static int run_bls_g1_add(u8 *out, slice in) {
  return in.len == 256 && crypto_bls_g1_add(out, in.ptr) == 0 ? 128 : -1;
}
static int run_bls_g2_add(u8 *out, slice in) {
  return in.len == 512 && crypto_bls_g2_add(out, in.ptr) == 0 ? 256 : -1;
}
static int run_bls_g1_msm(u8 *out, slice in) {
  return crypto_bls_g1_msm(out, in) == 0 ? 128 : -1;
}
static int run_bls_g2_msm(u8 *out, slice in) {
  return crypto_bls_g2_msm(out, in) == 0 ? 256 : -1;
}
static int run_bls_map_g1(u8 *out, slice in) {
  return in.len == 64 && crypto_bls_map_g1(out, in.ptr) == 0 ? 128 : -1;
}
static int run_bls_map_g2(u8 *out, slice in) {
  return in.len == 128 && crypto_bls_map_g2(out, in.ptr) == 0 ? 256 : -1;
}
static int run_bls_pairing(u8 *out, slice in) {
  bool one;
  if (crypto_bls_pairing(&one, in) < 0) return -1;
  memset(out, 0, 32);
  out[31] = one;
  return 32;
}

/* versioned hash, z, y, commitment, proof. */
static int run_kzg(u8 *out, slice in) {
  hash32 h;
  slice ok;
  if (in.len != 192) return -1;
  crypto_kzg_versioned_hash(&h, in.ptr + 96);
  if (memcmp(h.b, in.ptr, 32) != 0 ||
      crypto_kzg_verify(in.ptr + 96, in.ptr + 32, in.ptr + 64, in.ptr + 144))
    return -1;
  ok = vec_hex(
      "0000000000000000000000000000000000000000000000000000000000001000"
      "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
  memcpy(out, ok.ptr, 64);
  vec_free(ok);
  return 64;
}

#define GETH "precompiles/go-ethereum/"

static void blake2f_when_geth_vectors_then_equal(void **state) {
  (void)state;
  run_file(GETH "blake2F.json", run_blake2f);
  run_file(GETH "fail-blake2f.json", run_blake2f);
}
static void modexp_when_geth_vectors_then_equal(void **state) {
  (void)state;
  run_file(GETH "modexp.json", run_modexp);
  run_file(GETH "modexp_eip2565.json", run_modexp);
  run_file(GETH "modexp_eip7883.json", run_modexp);
}
static void ecrecover_when_geth_vectors_then_equal(void **state) {
  (void)state;
  run_file(GETH "ecRecover.json", run_ecrecover);
}
static void p256_when_public_vectors_then_equal(void **state) {
  (void)state;
  run_file(GETH "p256Verify.json", run_p256);
  run_file("precompiles/eips/eip-7951/test-vectors.json", run_p256);
}
static void bn254_when_geth_vectors_then_equal(void **state) {
  (void)state;
  run_file(GETH "bn256Add.json", run_bn254_add);
  run_file(GETH "bn256ScalarMul.json", run_bn254_mul);
  run_file(GETH "bn256Pairing.json", run_bn254_pairing);
}
#define EIPS "precompiles/eips/eip-2537/"

static void bls_when_geth_vectors_then_equal(void **state) {
  (void)state;
  run_file(GETH "blsG1Add.json", run_bls_g1_add);
  run_file(GETH "blsG2Add.json", run_bls_g2_add);
  run_file(GETH "blsG1Mul.json", run_bls_g1_msm);
  run_file(GETH "blsG2Mul.json", run_bls_g2_msm);
  run_file(GETH "blsG1MultiExp.json", run_bls_g1_msm);
  run_file(GETH "blsG2MultiExp.json", run_bls_g2_msm);
  run_file(GETH "blsPairing.json", run_bls_pairing);
  run_file(GETH "blsMapG1.json", run_bls_map_g1);
  run_file(GETH "blsMapG2.json", run_bls_map_g2);
}
static void bls_when_geth_failures_then_refused(void **state) {
  (void)state;
  run_file(GETH "fail-blsG1Add.json", run_bls_g1_add);
  run_file(GETH "fail-blsG2Add.json", run_bls_g2_add);
  run_file(GETH "fail-blsG1Mul.json", run_bls_g1_msm);
  run_file(GETH "fail-blsG2Mul.json", run_bls_g2_msm);
  run_file(GETH "fail-blsG1MultiExp.json", run_bls_g1_msm);
  run_file(GETH "fail-blsG2MultiExp.json", run_bls_g2_msm);
  run_file(GETH "fail-blsPairing.json", run_bls_pairing);
  run_file(GETH "fail-blsMapG1.json", run_bls_map_g1);
  run_file(GETH "fail-blsMapG2.json", run_bls_map_g2);
}
static void bls_when_eip_vectors_then_equal(void **state) {
  (void)state;
  run_file(EIPS "add_G1_bls.json", run_bls_g1_add);
  run_file(EIPS "add_G2_bls.json", run_bls_g2_add);
  run_file(EIPS "mul_G1_bls.json", run_bls_g1_msm);
  run_file(EIPS "mul_G2_bls.json", run_bls_g2_msm);
  run_file(EIPS "msm_G1_bls.json", run_bls_g1_msm);
  run_file(EIPS "pairing_check_bls.json", run_bls_pairing);
  run_file(EIPS "map_fp_to_G1_bls.json", run_bls_map_g1);
  run_file(EIPS "map_fp2_to_G2_bls.json", run_bls_map_g2);
}
static void bls_when_eip_failures_then_refused(void **state) {
  (void)state;
  run_file(EIPS "fail-add_G1_bls.json", run_bls_g1_add);
  run_file(EIPS "fail-add_G2_bls.json", run_bls_g2_add);
  run_file(EIPS "fail-mul_G1_bls.json", run_bls_g1_msm);
  run_file(EIPS "fail-mul_G2_bls.json", run_bls_g2_msm);
  run_file(EIPS "fail-msm_G1_bls.json", run_bls_g1_msm);
  run_file(EIPS "fail-msm_G2_bls.json", run_bls_g2_msm);
  run_file(EIPS "fail-pairing_check_bls.json", run_bls_pairing);
  run_file(EIPS "fail-map_fp_to_G1_bls.json", run_bls_map_g1);
  run_file(EIPS "fail-map_fp2_to_G2_bls.json", run_bls_map_g2);
}
static void kzg_when_geth_vectors_then_equal(void **state) {
  (void)state;
  run_file(GETH "pointEvaluation.json", run_kzg);
}

/* c-kzg-4844's cases: small YAML files with four hexadecimal values and the
** output true, false or null (malformed). */
static const char *yaml_value(const char *text, const char *key) {
  const char *at = strstr(text, key);
  if (!at) fail_msg("%s is not there", key);
  at += strlen(key);
  while (*at == ' ' || *at == '\'') at++;
  return at;
}
static slice yaml_hex(const char *text, const char *key) {
  static char hex[512];
  const char *at = yaml_value(text, key);
  size_t len = strcspn(at, "'\n");
  if (len >= sizeof hex) len = sizeof hex - 1;
  memcpy(hex, at, len);
  hex[len] = 0;
  return vec_hex(hex);
}

static void check_kzg(const char *name, const char *text) {
  slice c = yaml_hex(text, "commitment:"), z = yaml_hex(text, "z:");
  slice y = yaml_hex(text, "y:"), proof = yaml_hex(text, "proof:");
  const char *want = yaml_value(text, "output:");
  err e = ERR_INPUT;
  if (c.len == 48 && z.len == 32 && y.len == 32 && proof.len == 48)
    e = crypto_kzg_verify(c.ptr, z.ptr, y.ptr, proof.ptr);
  if (e != (*want == 't' ? 0 : *want == 'f' ? ERR_SIGNATURE : ERR_INPUT))
    fail_msg("%s: %d", name, e);
  vec_free(c);
  vec_free(z);
  vec_free(y);
  vec_free(proof);
}

/* The archive is large and left packed by the runner. */
static void kzg_when_c_kzg_vectors_then_verdicts_equal(void **state) {
  static char text[4096], path[2048], command[4096];
  const char *archives = getenv("CONFORMANCE");
  size_t cnt = 0, len;
  FILE *list, *f;
  (void)state;
  if (!archives) {
    printf("SKIP: CONFORMANCE is not set\n");
    skip();
  }
  snprintf(command, sizeof command,
           "mkdir -p kzg-vectors && test -f '%s/kzg.tar.xz' && "
           "tar xJf '%s/kzg.tar.xz' -C kzg-vectors kzg/verify_kzg_proof && "
           "find kzg-vectors -name '*.yaml'",
           archives, archives);
  list = popen(command, "r");
  assert_non_null(list);
  while (fgets(path, sizeof path, list)) {
    path[strcspn(path, "\n")] = 0;
    f = fopen(path, "rb");
    assert_non_null(f);
    len = fread(text, 1, sizeof text - 1, f);
    text[len] = 0;
    fclose(f);
    check_kzg(path, text);
    vec_count(1);
    cnt++;
  }
  if (pclose(list) != 0) {
    printf("SKIP: kzg.tar.xz is not there\n");
    skip();
  }
  assert_in_range(cnt, 100, 10000);
}

/* The same once more without the instructions of this CPU. */
static void curves_when_plain_c_then_equal(void **state) {
  (void)state;
  crypto_mont_select(false);
  crypto_bls_x4_select(false);
  kzg_when_geth_vectors_then_equal(state);
  p256_when_public_vectors_then_equal(state);
  run_file(GETH "bn256Pairing.json", run_bn254_pairing);
  run_file(GETH "bn256ScalarMul.json", run_bn254_mul);
  run_file(EIPS "msm_G1_bls.json", run_bls_g1_msm);
  run_file(EIPS "mul_G2_bls.json", run_bls_g2_msm);
  run_file(EIPS "pairing_check_bls.json", run_bls_pairing);
  run_file(EIPS "map_fp_to_G1_bls.json", run_bls_map_g1);
  run_file(EIPS "map_fp2_to_G2_bls.json", run_bls_map_g2);
  crypto_mont_select(true);
  crypto_bls_x4_select(true);
}

static int start(void **state) {
  (void)state;
  crypto_init(NULL);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blake2f_when_geth_vectors_then_equal),
      cmocka_unit_test(modexp_when_geth_vectors_then_equal),
      cmocka_unit_test(ecrecover_when_geth_vectors_then_equal),
      cmocka_unit_test(p256_when_public_vectors_then_equal),
      cmocka_unit_test(bn254_when_geth_vectors_then_equal),
      cmocka_unit_test(bls_when_geth_vectors_then_equal),
      cmocka_unit_test(bls_when_geth_failures_then_refused),
      cmocka_unit_test(bls_when_eip_vectors_then_equal),
      cmocka_unit_test(bls_when_eip_failures_then_refused),
      cmocka_unit_test(curves_when_plain_c_then_equal),
      cmocka_unit_test(kzg_when_geth_vectors_then_equal),
      cmocka_unit_test(kzg_when_c_kzg_vectors_then_verdicts_equal),
  };
  return cmocka_run_group_tests_name("crypto_precompiles", tests, start, NULL);
}
