/* vec_chain_tx.c - the TransactionTests of ethereum/tests: each envelope is
** valid on a fork (with its sender, hash and intrinsic gas) or not. */
#include "crypto/crypto_vec.h"

#include <dirent.h>

#include "chain/chain_exec.h"
#include "chain/chain_fork.h"
#include "codec/hex.h"

struct vt { u32 verdicts, files; };

/* Valid on the fork?  Fills tx when it is. */
static bool vt_valid(struct chain_tx *tx, enum evm_fork fork, slice raw,
                     struct arena *a) {
  struct chain_schedule s;
  struct chain_rules rules;
  struct errmsg msg;
  chain_schedule_all(&s, fork);
  chain_rules_ethereum(&rules, &s, 1, 0, 0);
  return chain_tx_decode(tx, raw, a, &msg) == ERR_OK &&
         chain_tx_sender(tx) == ERR_OK &&
         chain_tx_check(tx, &rules, UINT64_MAX) == CHAIN_OK;
}

static void vt_verdict(const char *name, const char *fork, const json_t *want,
                       slice raw, struct arena *a) {
  enum evm_fork f;
  struct chain_tx tx;
  u64 gas;
  assert_int_equal(evm_fork_parse(&f, fork), ERR_OK);
  bool valid = vt_valid(&tx, f, raw, a);
  bool expect = !json_object_get(want, "exception");
  if (valid != expect) fail_msg("%s on %s: valid %d", name, fork, valid);
  if (!valid) return;
  slice sender = vec_bytes(want, "sender"), hash = vec_bytes(want, "hash");
  vec_assert_eq(addr20_slice(&tx.sender), sender, name);
  vec_assert_eq(hash32_slice(&tx.hash), hash, name);
  vec_free(sender);
  vec_free(hash);
  const char *text = vec_text(want, "intrinsicGas");
  gas = strtoull(text, NULL, 16);
  if (chain_tx_intrinsic_gas(&tx, f) != gas)
    fail_msg("%s on %s: intrinsic gas", name, fork);
  struct buf b;
  buf_init(&b, 0);
  chain_tx_encode(&b, &tx);
  vec_assert_eq(buf_slice(&b), raw, name);
  buf_fini(&b);
}

static void vt_file(struct vt *t, const char *file) {
  json_t *all = vec_load(file), *one, *want;
  const char *name, *fork;
  struct arena a;
  arena_init(&a, 1 << 16, 0);
  json_object_foreach(all, name, one) {
    slice raw = vec_bytes(one, "txbytes");
    json_object_foreach(json_object_get(one, "result"), fork, want) {
      vt_verdict(name, fork, want, raw, &a);
      t->verdicts++;
    }
    vec_free(raw);
  }
  arena_fini(&a);
  json_decref(all);
  t->files++;
}

static void vt_folder(struct vt *t, const char *folder) {
  char file[1024];
  const char *path = vec_path(folder);
  if (!path) skip();
  DIR *d = opendir(path);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    snprintf(file, sizeof file, "%s/%s", folder, e->d_name);
    size_t len = strlen(file);
    if (len > 5 && strcmp(file + len - 5, ".json") == 0)
      vt_file(t, file);
    else
      vt_folder(t, file);
  }
  closedir(d);
}

static void tx_when_public_envelopes_then_as_told(void **state) {
  struct vt t = {0, 0};
  (void)state;
  vt_folder(&t, "basic/TransactionTests");
  assert_int_equal(t.files, 174);
  assert_int_equal(t.verdicts, 2208);
}

int main(void) {
  crypto_init(NULL);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(tx_when_public_envelopes_then_as_told),
  };
  return cmocka_run_group_tests_name("chain_tx", tests, NULL, NULL);
}
