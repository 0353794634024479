/* vec_chain_difficulty.c - the DifficultyTests of ethereum/tests: difficulty
** before the merge, of every rule set that changed it. */
#include "crypto/crypto_vec.h"

#include <dirent.h>

#include "chain/chain_import.h"

/* Two forks moved the bomb and nothing else. */
static const struct { const char *name, *fork; u64 delay; } vd_forks[] = {
  {"ArrowGlacier", "London", 10700000},
  {"GrayGlacier", "London", 11400000},
  {"Berlin", "Berlin", 0},
  {"Constantinople", "Constantinople", 0},
  {"Byzantium", "Byzantium", 0},
  {"Homestead", "Homestead", 0},
  {"Frontier", "Frontier", 0},
};

static u64 vd_u64(const json_t *one, const char *key) {
  return strtoull(vec_text(one, key), NULL, 0);
}

static void vd_case(const char *name, const char *fork, const json_t *one) {
  u256 parent, want, got;
  enum evm_fork f;
  u32 i = 0;
  while (i < ARRAY_LEN(vd_forks) && strcmp(vd_forks[i].name, fork) != 0) i++;
  if (i == ARRAY_LEN(vd_forks)) fail_msg("%s: fork %s", name, fork);
  assert_int_equal(evm_fork_parse(&f, vd_forks[i].fork), ERR_OK);
  u64 delay = vd_forks[i].delay ? vd_forks[i].delay : chain_bomb_delay(f);
  const char *text = vec_text(one, "parentDifficulty");
  assert_int_equal(u256_parse(&parent, text, strlen(text)), ERR_OK);
  text = vec_text(one, "currentDifficulty");
  assert_int_equal(u256_parse(&want, text, strlen(text)), ERR_OK);
  chain_difficulty(&got, f, delay, vd_u64(one, "currentBlockNumber"),
                   vd_u64(one, "currentTimestamp"),
                   vd_u64(one, "parentTimestamp"), &parent,
                   vd_u64(one, "parentUncles") != 0);
  if (!u256_eq(&got, &want)) fail_msg("%s on %s", name, fork);
}

static u32 vd_file(const char *file) {
  json_t *all = vec_load(file), *test, *cases, *one;
  const char *name, *fork, *id;
  u32 cnt = 0;
  json_object_foreach(all, name, test) {
    json_object_foreach(test, fork, cases) {
      if (strcmp(fork, "_info") == 0) continue;
      json_object_foreach(cases, id, one) {
        vd_case(id, fork, one);
        cnt++;
      }
    }
  }
  json_decref(all);
  return cnt;
}

static u32 vd_folder(const char *folder) {
  char file[1024];
  u32 cnt = 0;
  const char *path = vec_path(folder);
  if (!path) skip();
  DIR *d = opendir(path);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    snprintf(file, sizeof file, "%s/%s", folder, e->d_name);
    size_t len = strlen(file);
    cnt += strcmp(file + len - 5, ".json") == 0 ? vd_file(file)
                                                : vd_folder(file);
  }
  closedir(d);
  return cnt;
}

static void difficulty_when_public_cases_then_agrees(void **state) {
  (void)state;
  assert_int_equal(vd_folder("basic/DifficultyTests"), 14852);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(difficulty_when_public_cases_then_agrees),
  };
  return cmocka_run_group_tests_name("chain_difficulty", tests, NULL, NULL);
}
