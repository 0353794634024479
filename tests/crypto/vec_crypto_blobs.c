/* vec_crypto_blobs.c - c-kzg-4844's vectors of whole blobs: one proof each
** (verify_blob_kzg_proof), and 128 (compute_cells_and_kzg_proofs, with the
** commitments of the former), whole and spoilt. */
#include "crypto_vec.h"

#include "crypto/keccak.h"
#include "crypto/kzg.h"
#include "crypto/secp256k1.h"

enum { VALUES = 260, FILES = 80 };
struct yaml_file {
  char path[512];
  slice value[VALUES];
  u32 cnt;
  char output; /* t, f, n; else a list */
};
static struct yaml_file files[FILES];
static u32 file_cnt;

/* All quoted values in order. */
static void yaml_read(struct yaml_file *y) {
  FILE *f = fopen(y->path, "rb");
  assert_non_null(f);
  static char text[4 << 20];
  size_t len = fread(text, 1, sizeof text - 1, f);
  fclose(f);
  text[len] = 0;
  char *out = strstr(text, "output:");
  assert_non_null(out);
  y->output = out[8];
  for (char *at = text; (at = strstr(at, "'0x"));) {
    char *end = strchr(at + 1, '\'');
    assert_non_null(end);
    assert_in_range(y->cnt, 0, VALUES - 1);
    *end = 0;
    y->value[y->cnt++] = vec_hex(at + 1);
    at = end + 1;
  }
}

static int blobs_unpack(void **state) {
  char command[4096];
  const char *archives = getenv("CONFORMANCE");
  (void)state;
  crypto_init(NULL);
  if (!archives) return 0;
  snprintf(command, sizeof command,
           "mkdir -p kzg-blobs && test -f '%s/kzg.tar.xz' && tar xJf "
           "'%s/kzg.tar.xz' -C kzg-blobs kzg/verify_blob_kzg_proof "
           "kzg/compute_cells_and_kzg_proofs && find kzg-blobs -name '*.yaml'",
           archives, archives);
  FILE *list = popen(command, "r");
  assert_non_null(list);
  while (file_cnt < FILES && fgets(files[file_cnt].path, 512, list)) {
    struct yaml_file *y = &files[file_cnt++];
    y->path[strcspn(y->path, "\n")] = 0;
    yaml_read(y);
  }
  pclose(list);
  return 0;
}
static int blobs_free(void **state) {
  (void)state;
  for (u32 i = 0; i < file_cnt; i++)
    for (u32 k = 0; k < files[i].cnt; k++) vec_free(files[i].value[k]);
  return 0;
}

static void blobs_need(void) {
  if (file_cnt) return;
  printf("SKIP: kzg.tar.xz is not there\n");
  skip();
}

static struct crypto_kzg_work work;

static void proof_when_c_kzg_vectors_then_verdicts_equal(void **state) {
  u32 met = 0;
  (void)state;
  blobs_need();
  for (u32 i = 0; i < file_cnt; i++) {
    const struct yaml_file *y = &files[i];
    if (!strstr(y->path, "/verify_blob_kzg_proof/")) continue;
    const slice *v = y->value;
    err e = ERR_INPUT;
    assert_int_equal(y->cnt, 3);
    if (v[0].len == CRYPTO_KZG_BLOB && v[1].len == 48 && v[2].len == 48)
      e = crypto_kzg_verify_blob(v[1].ptr, v[0].ptr, v[2].ptr, &work);
    if (e != (y->output == 't' ? 0
              : y->output == 'f' ? ERR_SIGNATURE : ERR_INPUT))
      fail_msg("%s: %d", y->path, e);
    met++;
  }
  vec_count(met);
  assert_in_range(met, 20, 100);
}

/* The commitment that another file tells for this blob. */
static const u8 *commitment_of(slice blob) {
  for (u32 i = 0; i < file_cnt; i++) {
    const struct yaml_file *y = &files[i];
    if (y->cnt == 3 && y->output == 't' && slice_eq(y->value[0], blob))
      return y->value[1].ptr;
  }
  return NULL;
}

static void cells_when_c_kzg_vectors_then_all_must_hold(void **state) {
  static u8 proofs[CRYPTO_KZG_CELLS][48];
  static u8 blob[CRYPTO_KZG_BLOB];
  u32 met = 0;
  (void)state;
  blobs_need();
  for (u32 i = 0; i < file_cnt; i++) {
    const struct yaml_file *y = &files[i];
    if (!strstr(y->path, "/compute_cells_and_kzg_proofs/")) continue;
    if (y->output == 'n') continue; /* not a blob at all */
    assert_int_equal(y->cnt, 1 + 2 * CRYPTO_KZG_CELLS);
    const u8 *c = commitment_of(y->value[0]);
    if (!c) continue;
    memcpy(blob, y->value[0].ptr, sizeof blob);
    for (u32 k = 0; k < CRYPTO_KZG_CELLS; k++)
      memcpy(proofs[k], y->value[1 + CRYPTO_KZG_CELLS + k].ptr, 48);
    assert_int_equal(crypto_kzg_verify_cells(c, blob, proofs[0], &work), 0);
    met++;
    if (memcmp(proofs[3], proofs[77], 48) != 0) { /* two that change places */
      memcpy(proofs[3], y->value[1 + CRYPTO_KZG_CELLS + 77].ptr, 48);
      assert_int_equal(crypto_kzg_verify_cells(c, blob, proofs[0], &work),
                       ERR_SIGNATURE);
      memcpy(proofs[3], y->value[1 + CRYPTO_KZG_CELLS + 3].ptr, 48);
    }
    blob[0] = !blob[0]; /* another number, below the order too */
    assert_int_equal(crypto_kzg_verify_cells(c, blob, proofs[0], &work),
                     ERR_SIGNATURE);
    blob[0] = y->value[0].ptr[0];
    proofs[127][0] ^= 0x80; /* not compressed */
    assert_int_equal(crypto_kzg_verify_cells(c, blob, proofs[0], &work),
                     ERR_INPUT);
    memset(blob, 0xff, 32); /* not below the order */
    assert_int_equal(crypto_kzg_verify_cells(c, blob, proofs[0], &work),
                     ERR_INPUT);
  }
  vec_count(met);
  assert_in_range(met, 3, 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(proof_when_c_kzg_vectors_then_verdicts_equal),
      cmocka_unit_test(cells_when_c_kzg_vectors_then_all_must_hold),
  };
  return cmocka_run_group_tests_name("crypto_blobs", tests, blobs_unpack,
                                     blobs_free);
}
