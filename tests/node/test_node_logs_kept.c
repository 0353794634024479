/* test_node_logs_kept.c - the cache of decoded logs: what is taken is what was
** put, its bytes stay bounded, and a chunk lives as long as somebody has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/limits.h"
#include "node/node_logs_kept.h"

static struct nstate_logs *chunk_of(u64 seq, u32 cnt, size_t data_len) {
  struct nstate_logs *c = nstate_logs_make(cnt, data_len);
  c->seq = seq;
  c->cnt = cnt;
  c->time_ms = seq * 3;
  memset(c->data, (int)(seq & 0xff), data_len);
  for (u32 i = 0; i < cnt; i++) c->entry[i].tx_idx = i / 2;
  return c;
}

static void chunk_when_put_then_taken_whole(void **state) {
  (void)state;
  struct nstate_kept *k = nstate_kept_open();
  struct nstate_logs *c = chunk_of(77, 4, 100);
  hash32 h = {{5}};
  assert_null(nstate_kept_take(k, 77));
  nstate_kept_put(k, c);
  nstate_logs_give(c);
  c = nstate_kept_take(k, 77);
  assert_non_null(c);
  assert_int_equal(c->time_ms, 231);
  assert_int_equal(c->data[99], 77);
  nstate_kept_hash(k, c, 1, &h);
  assert_false(c->entry[1].has_hash);
  assert_true(c->entry[2].has_hash && c->entry[3].has_hash);
  assert_memory_equal(c->entry[3].tx_hash.b, h.b, 32);
  assert_null(nstate_kept_take(k, 78));
  nstate_kept_clear(k);
  assert_null(nstate_kept_take(k, 77));
  assert_int_equal(c->data[0], 77); /* still ours */
  nstate_logs_give(c);
  nstate_kept_close(k);
}

static void chunks_when_many_then_bytes_bounded(void **state) {
  (void)state;
  struct nstate_kept *k = nstate_kept_open();
  const u32 cnt = 20000;
  size_t bytes = 0;
  u32 kept = 0;
  for (u32 i = 0; i < cnt; i++) {
    struct nstate_logs *c = chunk_of(i * 64ull, 1, 1000);
    nstate_kept_put(k, c);
    nstate_kept_put(k, c); /* again: once only */
    nstate_logs_give(c);
  }
  for (u32 i = 0; i < cnt; i++) {
    struct nstate_logs *c = nstate_kept_take(k, i * 64ull);
    if (!c) continue;
    assert_int_equal(c->seq, i * 64ull);
    assert_int_equal(c->data[999], i * 64 & 0xff);
    bytes += c->bytes;
    kept++;
    nstate_logs_give(c);
  }
  assert_true(bytes <= LIMIT_LOGS_KEPT);
  assert_true(kept > 3000 && kept < cnt);
  nstate_kept_close(k);
}

static void chunk_when_huge_then_not_kept(void **state) {
  (void)state;
  struct nstate_kept *k = nstate_kept_open();
  struct nstate_logs *c = chunk_of(1, 1, LIMIT_LOGS_KEPT / 16);
  nstate_kept_put(k, c);
  assert_null(nstate_kept_take(k, 1));
  nstate_logs_give(c);
  nstate_kept_close(k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(chunk_when_put_then_taken_whole),
    cmocka_unit_test(chunks_when_many_then_bytes_bounded),
    cmocka_unit_test(chunk_when_huge_then_not_kept),
  };
  return cmocka_run_group_tests_name("node_logs_kept", tests, NULL, NULL);
}
