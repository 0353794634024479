/* vec_trie_suite.c - the public TrieTests: every case through the ordered
** builder, the secure ones (keys hashed) through the persistent trie too, one
** change at a time. */
#include "base/map.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/keccak.h"
#include "trie/trie.h"
#include "trie/trie_fixture.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char vec_dir[1024];

static int vec_unpack(void **state) {
  (void)state;
  const char *src = getenv("SRCDIR");
  if (!src || !getenv("CONFORMANCE") || !getenv("CONFORMANCE_DIR")) return 0;
  char cmd[1200];
  snprintf(cmd, sizeof cmd, "sh '%s/tests/unpack.sh' basic", src);
  FILE *p = popen(cmd, "r");
  if (!p) return 0;
  if (!fgets(vec_dir, sizeof vec_dir, p)) vec_dir[0] = 0;
  pclose(p);
  vec_dir[strcspn(vec_dir, "\n")] = 0;
  return 0;
}

static json_t *vec_read(const char *name) {
  if (!vec_dir[0]) {
    print_message("SKIP: no public vectors (CONFORMANCE)\n");
    skip();
  }
  char path[1200];
  snprintf(path, sizeof path, "%s/TrieTests/%s", vec_dir, name);
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  struct buf b;
  buf_init(&b, 0);
  for (;;) {
    u8 *room = buf_room(&b, 1 << 16);
    size_t len = fread(room, 1, 1 << 16, f);
    if (len == 0) break;
    b.len += len;
  }
  fclose(f);
  struct errmsg msg;
  json_t *j = json_read(buf_slice(&b), &msg);
  if (!j) fail_msg("%s: %s", name, msg.text);
  buf_fini(&b);
  return j;
}

/* "0x.." is hex, all else plain bytes; null none. */
static slice vec_bytes(const char *s, struct arena *a) {
  if (!s) return slice_of(NULL, 0);
  if (strncmp(s, "0x", 2) != 0) return arena_copy_slice(a, slice_str(s));
  size_t len = strlen(s) / 2 - 1;
  u8 *out = arena_alloc(a, len + 1);
  for (size_t i = 0; i < len; i++) {
    unsigned v;
    assert_int_equal(sscanf(s + 2 + 2 * i, "%2x", &v), 1);
    out[i] = (u8)v;
  }
  return slice_of(out, len);
}

struct vec_pairs {
  struct trie_pair p[512];
  size_t cnt;
};

static int vec_key_cmp(slice a, slice b) {
  size_t len = a.len < b.len ? a.len : b.len;
  int c = len ? memcmp(a.ptr, b.ptr, len) : 0;
  return c ? c : a.len < b.len ? -1 : a.len > b.len;
}

static void vec_put(struct vec_pairs *v, slice key, slice val) {
  size_t at = 0;
  while (at < v->cnt && vec_key_cmp(v->p[at].key, key) < 0) at++;
  bool hit = at < v->cnt && vec_key_cmp(v->p[at].key, key) == 0;
  if (val.len == 0) {
    if (!hit) return;
    memmove(&v->p[at], &v->p[at + 1], (--v->cnt - at) * sizeof v->p[0]);
    return;
  }
  if (!hit) {
    assert_true(v->cnt < ARRAY_LEN(v->p));
    memmove(&v->p[at + 1], &v->p[at], (v->cnt++ - at) * sizeof v->p[0]);
  }
  v->p[at] = (struct trie_pair){key, val};
}

struct vec_case {
  struct vec_pairs pairs;
  struct arena a;
  struct trie_fixture trie;
  bool secure;
};

static void vec_step(struct vec_case *c, const char *key, const char *val) {
  slice k = vec_bytes(key, &c->a), v = vec_bytes(val, &c->a);
  if (c->secure) {
    hash32 h;
    crypto_keccak256(&h, k.ptr, k.len);
    k = arena_copy_slice(&c->a, hash32_slice(&h));
    struct trie_change change = {h, v};
    trie_fixture_update(&c->trie, &change, 1, NULL);
  }
  vec_put(&c->pairs, k, v);
}

static void vec_run(const char *file, bool secure) {
  json_t *all = vec_read(file), *test;
  const char *name;
  int cnt = 0;
  json_object_foreach(all, name, test) {
    struct vec_case *c = calloc(1, sizeof *c);
    arena_init(&c->a, 1 << 16, 0);
    trie_fixture_init(&c->trie);
    c->secure = secure;
    json_t *in = json_object_get(test, "in"), *item;
    const char *key;
    size_t i;
    if (json_is_array(in)) {
      json_array_foreach(in, i, item) {
        vec_step(c, json_string_value(json_array_get(item, 0)),
                 json_string_value(json_array_get(item, 1)));
      }
    } else {
      json_object_foreach(in, key, item) {
        vec_step(c, key, json_string_value(item));
      }
    }
    hash32 root;
    trie_root_sorted(&root, c->pairs.p, c->pairs.cnt, &c->a);
    slice want = vec_bytes(
        json_string_value(json_object_get(test, "root")), &c->a);
    print_message("# %s %s\n", file, name);
    assert_int_equal(want.len, 32);
    assert_memory_equal(root.b, want.ptr, 32);
    if (secure) assert_memory_equal(c->trie.root.b, want.ptr, 32);
    trie_fixture_fini(&c->trie);
    arena_fini(&c->a);
    free(c);
    cnt++;
  }
  assert_true(cnt > 0);
  json_decref(all);
}

static void suite_when_ordered_list_then_root(void **state) {
  (void)state;
  vec_run("trietest.json", false);
}
static void suite_when_any_order_then_root(void **state) {
  (void)state;
  vec_run("trieanyorder.json", false);
}
static void suite_when_secure_list_then_root(void **state) {
  (void)state;
  vec_run("trietest_secureTrie.json", true);
}
static void suite_when_secure_any_order_then_root(void **state) {
  (void)state;
  vec_run("trieanyorder_secureTrie.json", true);
}
static void suite_when_secure_hex_then_root(void **state) {
  (void)state;
  vec_run("hex_encoded_securetrie_test.json", true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(suite_when_ordered_list_then_root),
      cmocka_unit_test(suite_when_any_order_then_root),
      cmocka_unit_test(suite_when_secure_list_then_root),
      cmocka_unit_test(suite_when_secure_any_order_then_root),
      cmocka_unit_test(suite_when_secure_hex_then_root),
  };
  return cmocka_run_group_tests_name("trie_suite", tests, vec_unpack, NULL);
}
