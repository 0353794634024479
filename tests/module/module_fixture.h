/* module_fixture.h - th's world with native modules of a test's own: opening it,
** arguments, and the error of a call that was refused. */
#ifndef TESTS_MODULE_FIXTURE_H
#define TESTS_MODULE_FIXTURE_H
#include "evm/evm_test_host.h"

#include "codec/abi.h"
#include "module/module.h"

static struct th *t;
static struct module_set *set;
static struct buf args;

static inline bool mf_native(void *ctx, struct evm_native *n) {
  (void)ctx;
  return module_run(set, n, ~(u64)0, NULL);
}
static inline void mf_open(const struct module_def *const *list, u32 cnt,
                           void (*log)(void *ctx, const addr20 *a,
                                       const hash32 *topics, u32 topic_cnt,
                                       slice data)) {
  t = th_open();
  t->host.native = mf_native;
  t->host.log = log;
  set = module_set_open(list, cnt);
  buf_init(&args, 0);
}
static int mf_close(void **st) {
  (void)st;
  buf_fini(&args);
  module_set_close(set);
  th_close(t);
  return 0;
}

static inline void call_of(const char *signature) {
  u8 sel[4];
  abi_selector(sel, signature);
  buf_clear(&args);
  buf_put(&args, sel, 4);
}
static inline void put(u64 v) {
  u8 be[32] = {0};
  store_be64(be + 24, v);
  buf_put(&args, be, 32);
}
static inline void assert_error(const struct evm_result *r,
                                const char *signature) {
  u8 sel[4];
  abi_selector(sel, signature);
  assert_status(*r, EVM_REVERT);
  assert_true(r->output.len >= 4);
  assert_memory_equal(r->output.ptr, sel, 4);
}
#endif
