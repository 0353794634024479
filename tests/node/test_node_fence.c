/* test_node_fence.c - copies, moved and restored files of a validator: which of
** them may sign. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "crypto/secp256k1.h"
#include "node/node.h"
#include "store/store.h"

struct place {
  char dir[64], a[96], b[96];
};

static void place_make(struct place *p) {
  struct errmsg msg = {""};
  struct node_created made;
  struct node_create what = {.password = "a password"};
  snprintf(p->dir, sizeof p->dir, "/tmp/cybermiles-fence-XXXXXX");
  assert_non_null(mkdtemp(p->dir));
  snprintf(p->a, sizeof p->a, "%s/a.db", p->dir);
  snprintf(p->b, sizeof p->b, "%s/b.db", p->dir);
  assert_int_equal(node_create(&made, p->a, &what, &msg), ERR_OK);
}

static void place_fini(struct place *p) {
  unlink(p->a);
  unlink(p->b);
  assert_int_equal(rmdir(p->dir), 0);
}

static void place_copy(const char *from, const char *to) {
  char cmd[256];
  snprintf(cmd, sizeof cmd, "rm -f '%s'; cp '%s' '%s'", to, from, to);
  assert_int_equal(system(cmd), 0);
}

static struct node *place_open(const char *path, bool claim) {
  struct errmsg msg = {""};
  struct node *n = NULL;
  struct node_config c = {.db_path = path, .worker_cnt = 1, .claim = claim};
  err e = node_open(&n, &c, &msg);
  if (e < 0) print_message("%s\n", msg.text);
  assert_int_equal(e, ERR_OK);
  return n;
}

/* Opens it, says whether it is fenced, and closes it. */
static bool place_fenced(const char *path, bool claim, const char *why) {
  struct errmsg msg = {""};
  struct node *n = place_open(path, claim);
  bool fenced = node_is_fenced(n, &msg);
  if (fenced != (why != NULL)) print_message("%s\n", msg.text);
  if (why) assert_non_null(strstr(msg.text, why));
  node_close(n);
  return fenced;
}

static void place_meta(const char *path, const char *name, u8 out[64],
                       size_t at, u8 flip) {
  struct errmsg msg;
  struct store *s;
  struct buf b;
  assert_int_equal(store_open(&s, path, 0, &msg), ERR_OK);
  buf_init(&b, 0);
  assert_int_equal(store_meta_get(s, &b, name), ERR_OK);
  if (out) memcpy(out, b.ptr, b.len < 64 ? b.len : 64);
  ((u8 *)b.ptr)[at] ^= flip;
  if (flip)
    assert_int_equal(store_meta_put(s, name, buf_slice(&b)), ERR_OK);
  buf_fini(&b);
  assert_int_equal(store_close(s, &msg), ERR_OK);
}

static void file_when_same_then_signs(void **state) {
  (void)state;
  struct place p;
  u8 first[64], later[64];
  place_make(&p);
  assert_false(place_fenced(p.a, false, NULL));
  place_meta(p.a, "instance", first, 0, 0);
  assert_false(place_fenced(p.a, false, NULL));
  place_meta(p.a, "instance", later, 0, 0);
  assert_memory_equal(first, later, 16);
  /* A rename is no copy. */
  assert_int_equal(rename(p.a, p.b), 0);
  assert_false(place_fenced(p.b, false, NULL));
  place_fini(&p);
}

static void copy_when_original_is_there_then_fenced(void **state) {
  (void)state;
  struct place p;
  u8 first[64], later[64];
  place_make(&p);
  assert_false(place_fenced(p.a, false, NULL));
  place_copy(p.a, p.b);
  for (u32 i = 0; i < 2; i++)
    assert_true(place_fenced(p.b, false, "it is a copy of"));
  assert_false(place_fenced(p.a, false, NULL));
  /* Said to be the only one: it is at home there, and stays so. */
  place_meta(p.b, "instance", first, 0, 0);
  assert_false(place_fenced(p.b, true, NULL));
  place_meta(p.b, "instance", later, 0, 0);
  assert_memory_not_equal(first, later, 16);
  assert_false(place_fenced(p.b, false, NULL));
  place_fini(&p);
}

static void copy_when_original_is_gone_then_signs(void **state) {
  (void)state;
  struct place p;
  place_make(&p);
  assert_false(place_fenced(p.a, false, NULL));
  /* A backup copied to the place of what was lost. */
  place_copy(p.a, p.b);
  unlink(p.a);
  place_copy(p.b, p.a);
  assert_false(place_fenced(p.a, false, NULL));
  /* Moved to another file system. */
  place_copy(p.a, p.b);
  unlink(p.a);
  assert_false(place_fenced(p.b, false, NULL));
  place_fini(&p);
}

static void file_when_from_other_machine_then_fenced_until_claimed(
    void **state) {
  (void)state;
  struct place p;
  struct errmsg msg = {""};
  place_make(&p);
  assert_false(place_fenced(p.a, false, NULL));
  place_meta(p.a, "home", NULL, 5, 0x80); /* the machine's bytes */
  assert_true(place_fenced(p.a, false, "from another machine"));
  struct node *n = place_open(p.a, false);
  struct node_stat s;
  node_stat(n, &s);
  assert_true(s.fenced);
  assert_int_equal(node_claim(n, &msg), ERR_OK);
  assert_false(node_is_fenced(n, NULL));
  assert_int_equal(node_claim(n, &msg), ERR_OK);
  node_close(n);
  assert_false(place_fenced(p.a, false, NULL));
  place_fini(&p);
}

static void copy_when_other_signs_then_refused(void **state) {
  (void)state;
  struct place p;
  struct errmsg msg = {""};
  struct node *n, *second = NULL;
  place_make(&p);
  n = place_open(p.a, false);
  node_close(n);
  place_copy(p.a, p.b);
  n = place_open(p.a, false);
  struct node_config c = {.db_path = p.b, .worker_cnt = 1, .claim = true};
  assert_int_equal(node_open(&second, &c, &msg), ERR_REFUSED);
  assert_non_null(strstr(msg.text, "signs with this file's key already"));
  /* Without the claim it serves, and cannot claim while the other signs. */
  second = place_open(p.b, false);
  assert_int_equal(node_claim(second, &msg), ERR_REFUSED);
  assert_true(node_is_fenced(second, NULL));
  node_close(n);
  assert_int_equal(node_claim(second, &msg), ERR_OK);
  node_close(second);
  place_fini(&p);
}

static void file_when_put_aside_then_fenced(void **state) {
  (void)state;
  struct place p;
  struct errmsg msg;
  struct store *s;
  place_make(&p);
  assert_false(place_fenced(p.a, false, NULL));
  assert_int_equal(store_open(&s, p.a, 0, &msg), ERR_OK);
  assert_int_equal(node_fence_put_aside(s), ERR_OK);
  assert_int_equal(store_close(s, &msg), ERR_OK);
  assert_true(place_fenced(p.a, false, "put aside"));
  assert_int_equal(store_open(&s, p.a, 0, &msg), ERR_OK);
  assert_int_equal(node_fence_settle(s, p.a), ERR_OK);
  assert_int_equal(store_close(s, &msg), ERR_OK);
  assert_false(place_fenced(p.a, false, NULL));
  place_fini(&p);
}

/* A file that was left with its log is looked through before it is used. */
static void file_when_torn_and_left_open_then_damaged(void **state) {
  (void)state;
  struct place p;
  struct errmsg msg = {""};
  struct node *n = NULL;
  struct store *s;
  char log[112];
  place_make(&p);
  assert_int_equal(store_open(&s, p.a, 0, &msg), ERR_OK);
  assert_int_equal(store_meta_put(s, "note", slice_str("x")), ERR_OK);
  assert_false(store_was_open(s));
  store_abandon(s);
  snprintf(log, sizeof log, "%s-wal", p.a);
  FILE *f = fopen(log, "we"); /* what is beside it is empty, but it is there */
  assert_non_null(f);
  fclose(f);
  f = fopen(p.a, "r+e");
  assert_non_null(f);
  u8 junk[8192];
  memset(junk, 0x5a, sizeof junk);
  fseek(f, 0, SEEK_END);
  long size = ftell(f);
  /* A page amid the tables comes from another time. */
  fseek(f, size / 8192 / 2 * 8192, SEEK_SET);
  assert_int_equal(fwrite(junk, 1, sizeof junk, f), sizeof junk);
  fclose(f);
  struct node_config c = {.db_path = p.a, .worker_cnt = 1};
  assert_int_equal(node_open(&n, &c, &msg), ERR_CORRUPT);
  assert_null(n);
  unlink(log);
  snprintf(log, sizeof log, "%s-shm", p.a);
  unlink(log);
  place_fini(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(file_when_same_then_signs),
    cmocka_unit_test(copy_when_original_is_there_then_fenced),
    cmocka_unit_test(copy_when_original_is_gone_then_signs),
    cmocka_unit_test(file_when_from_other_machine_then_fenced_until_claimed),
    cmocka_unit_test(copy_when_other_signs_then_refused),
    cmocka_unit_test(file_when_put_aside_then_fenced),
    cmocka_unit_test(file_when_torn_and_left_open_then_damaged),
  };
  crypto_init(NULL);
  log_setup(LOG_ERROR, LOG_TEXT);
  return cmocka_run_group_tests_name("node_fence", tests, NULL, NULL);
}
