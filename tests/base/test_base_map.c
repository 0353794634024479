/* test_base_map.c - the map against a plain array that says what it holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/map.h"

static u32 tm_state = 1;
static u32 tm_rand(void) {
  tm_state = tm_state * 1664525 + 1013904223;
  return tm_state >> 8;
}

enum { TM_KEYS = 5000, TM_STEPS = 60000 };

/* Keys differ only in places that move with i, so that every byte counts. */
static void tm_key(u8 *key, u32 len, u32 i) {
  memset(key, 0x5a, len);
  if (len < 4) {
    memcpy(key, &i, len);
    return;
  }
  u32 at = i % (len - 3);
  memcpy(key + at, &i, 4);
}

static void tm_walk(struct map *m, const u32 *held, u32 keys) {
  size_t it = 0, seen = 0;
  const void *key;
  void *val;
  while (map_next(m, &it, &key, &val)) {
    u32 v[2];
    u8 want[64];
    memcpy(v, val, 8);
    assert_true(v[0] < keys && held[v[0]] == v[1]);
    tm_key(want, m->key_len, v[0]);
    assert_memory_equal(key, want, m->key_len);
    seen++;
  }
  assert_int_equal(seen, m->cnt);
}

static void tm_exercise(u32 key_len) {
  static u32 held[TM_KEYS]; /* 0 absent, else the value */
  struct map m;
  u32 keys = key_len == 1 ? 200 : TM_KEYS, cnt = 0;
  u8 key[64] = {0};
  memset(held, 0, sizeof(held));
  map_init(&m, key_len, 8, 0, 0x1234567 * key_len);
  assert_null(map_get(&m, key));
  assert_false(map_del(&m, key));
  for (u32 step = 1; step <= TM_STEPS; step++) {
    /* phases that grow and phases that shrink */
    u32 i = tm_rand() % keys, put = tm_rand() % 100 < (step / 8000 % 2 ? 25 : 75);
    tm_key(key, key_len, i);
    u32 *v = map_get(&m, key);
    assert_int_equal(v ? v[1] : 0, held[i]);
    if (put) {
      bool is_new;
      v = map_put(&m, key, &is_new);
      assert_int_equal((uintptr_t)v % 8, 0);
      assert_int_equal(is_new, held[i] == 0);
      assert_int_equal(v[1], held[i]);
      cnt += is_new;
      v[0] = i;
      v[1] = held[i] = step;
    } else {
      assert_int_equal(map_del(&m, key), held[i] != 0);
      cnt -= held[i] != 0;
      held[i] = 0;
    }
    assert_int_equal(m.cnt, cnt);
    if (step % 5000 == 0) tm_walk(&m, held, keys);
  }
  assert_true(m.cap <= 4 * TM_KEYS); /* deleted slots are swept */
  map_clear(&m);
  assert_int_equal(m.cnt, 0);
  assert_null(map_get(&m, key));
  map_fini(&m);
  assert_int_equal(map_bytes(&m), 0);
}

static void map_any_when_random_steps_then_as_the_model(void **state) {
  (void)state;
  static const u32 lens[] = {1, 3, 4, 7, 8, 12, 15, 16, 17, 20, 32, 33, 52, 64};
  for (size_t i = 0; i < ARRAY_LEN(lens); i++) tm_exercise(lens[i]);
}

static void map_next_when_deleting_each_then_all_seen(void **state) {
  (void)state;
  struct map m;
  map_init(&m, 4, 0, 0, 9);
  for (u32 i = 0; i < 1000; i++) assert_non_null(map_put(&m, &i, NULL));
  size_t it = 0, seen = 0;
  const void *key;
  while (map_next(&m, &it, &key, NULL)) {
    u32 k;
    memcpy(&k, key, 4);
    assert_true(map_del(&m, &k));
    seen++;
  }
  assert_int_equal(seen, 1000);
  assert_int_equal(m.cnt, 0);
  map_fini(&m);
}

static void map_put_when_cnt_max_reached_then_null(void **state) {
  (void)state;
  struct map m;
  bool is_new = true;
  map_init(&m, 4, 4, 10, 0);
  for (u32 i = 0; i < 10; i++) assert_non_null(map_put(&m, &i, NULL));
  u32 k = 10;
  assert_null(map_put(&m, &k, &is_new));
  assert_false(is_new);
  k = 3;
  assert_non_null(map_put(&m, &k, &is_new));
  assert_false(is_new);
  assert_true(map_del(&m, &k));
  k = 10;
  assert_non_null(map_put(&m, &k, &is_new));
  assert_true(is_new);
  map_fini(&m);
}

/* Structured keys (storage slots 0, 1, 2 ..) must not crowd in few groups.
** 65,536 keys in 8,192 groups of 16: were the hash random, a group would be
** wanted by 8 keys in the mean and by 16 or more in 0.8 of 100 cases. */
static void map_put_when_keys_are_counters_then_spread(void **state) {
  (void)state;
  struct map m;
  u32 full = 0;
  map_init(&m, 32, 4, 0, 77);
  for (u32 i = 0; i < 1u << 16; i++) {
    u8 key[32] = {0};
    store_be32(key + 28, i);
    assert_non_null(map_put(&m, key, NULL));
  }
  assert_int_equal(m.cap, 1u << 17);
  for (size_t g = 0; g < m.cap; g += 16) {
    u32 used = 0;
    for (u32 i = 0; i < 16; i++) used += m.tags[g + i] != 0;
    full += used == 16;
  }
  assert_true(full < 8192 / 50);
  map_fini(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(map_any_when_random_steps_then_as_the_model),
      cmocka_unit_test(map_next_when_deleting_each_then_all_seen),
      cmocka_unit_test(map_put_when_cnt_max_reached_then_null),
      cmocka_unit_test(map_put_when_keys_are_counters_then_spread),
  };
  return cmocka_run_group_tests_name("base_map", tests, NULL, NULL);
}
