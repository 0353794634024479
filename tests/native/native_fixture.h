/* native_fixture.h - the native functions called as a contract calls them:
** arguments by a letter each, results and errors looked at. */
#ifndef TESTS_NATIVE_FIXTURE_H
#define TESTS_NATIVE_FIXTURE_H
#include <stdarg.h>

#include "evm/evm_test_host.h"

#include "codec/abi.h"
#include "crypto/keccak.h"
#include "native/native.h"

enum { NF_CNT = 7, NF_GAS = 60000000 };
static const struct module_def *const nf_defs[NF_CNT] = {
  &native_json, &native_string, &native_decimal, &native_rsa, &native_scrypt,
  &native_ed25519, &native_merkle};

static struct th *nf_th;
static struct module_set *nf_set;
static struct buf nf_args;
static struct evm_result nf_result;
static struct arena nf_keep; /* of the program */

static bool nf_native(void *ctx, struct evm_native *n) {
  (void)ctx;
  return module_run(nf_set, n, ~0ull, NULL);
}

static inline slice nf_hex(const char *text) {
  slice s = vec_hex(text), kept = arena_copy_slice(&nf_keep, s);
  vec_free(s);
  return kept;
}

/* Letters: u u64, i i64, w const u256 *, h const u8[32], s const char *
** (text), b slice (bytes or text), H u32 cnt and const u8 (*)[32] (bytes32[]),
** S u32 cnt and const slice * (bytes[] or string[]). */
static inline void nf_word(struct buf *b, u64 v) {
  u8 be[32] = {0};
  store_be64(be + 24, v);
  buf_put(b, be, 32);
}
static inline void nf_text(struct buf *b, slice s) {
  static const u8 zeros[32];
  nf_word(b, s.len);
  buf_put_slice(b, s);
  buf_put(b, zeros, (32 - s.len % 32) % 32);
}
static inline void nf_encode(const char *signature, const char *kinds,
                             va_list ap) {
  struct buf tail;
  u8 be[32];
  u64 head = 32 * strlen(kinds);
  buf_init(&tail, 0);
  buf_clear(&nf_args);
  abi_selector(be, signature);
  buf_put(&nf_args, be, 4);
  for (const char *k = kinds; *k; k++) {
    if (strchr("sbHS", *k)) nf_word(&nf_args, head + tail.len);
    if (*k == 'u') nf_word(&nf_args, va_arg(ap, u64));
    if (*k == 'h') buf_put(&nf_args, va_arg(ap, const u8 *), 32);
    if (*k == 's') nf_text(&tail, slice_str(va_arg(ap, const char *)));
    if (*k == 'b') nf_text(&tail, va_arg(ap, slice));
    if (*k == 'i') {
      i64 v = va_arg(ap, i64);
      memset(be, v < 0 ? 0xff : 0, 32);
      store_be64(be + 24, (u64)v);
      buf_put(&nf_args, be, 32);
    }
    if (*k == 'w') {
      u256_to_be(be, va_arg(ap, const u256 *));
      buf_put(&nf_args, be, 32);
    }
    if (*k == 'H') {
      u32 cnt = va_arg(ap, u32);
      const u8 *p = va_arg(ap, const u8 *);
      nf_word(&tail, cnt);
      buf_put(&tail, p, 32 * (size_t)cnt);
    }
    if (*k == 'S') {
      u32 cnt = va_arg(ap, u32);
      const slice *p = va_arg(ap, const slice *);
      size_t at = 32 * (size_t)cnt;
      nf_word(&tail, cnt);
      for (u32 i = 0; i < cnt; i++) {
        nf_word(&tail, at);
        at += 32 + (p[i].len + 31) / 32 * 32;
      }
      for (u32 i = 0; i < cnt; i++) nf_text(&tail, p[i]);
    }
  }
  buf_put_slice(&nf_args, buf_slice(&tail));
  buf_fini(&tail);
}
/* nf_args as they are. */
static inline bool nf_run(u32 number, enum evm_kind kind, u64 gas) {
  struct evm_msg m = {.kind = kind, .gas = (i64)gas,
                      .input = buf_slice(&nf_args),
                      .sender = th_addr(0xca11), .recipient = th_addr(number),
                      .code_addr = th_addr(number)};
  if (kind == EVM_DELEGATECALL) m.recipient = th_addr(0xca11);
  m.is_static = kind == EVM_STATICCALL;
  nf_th->snap_cnt = 0; /* nothing that a function does can be undone */
  evm_run(nf_th->evm, &nf_result, &m);
  return nf_result.status == EVM_SUCCESS;
}
static inline bool nf_call(u32 number, const char *signature,
                           const char *kinds, ...) {
  va_list ap;
  va_start(ap, kinds);
  nf_encode(signature, kinds, ap);
  va_end(ap);
  return nf_run(number, EVM_STATICCALL, NF_GAS);
}
static inline u64 nf_used(void) { return NF_GAS - (u64)nf_result.gas_left; }
static inline u256 nf_out(u32 i) {
  u256 v;
  assert_int_equal(nf_result.status, EVM_SUCCESS);
  assert_true(nf_result.output.len >= 32 * ((size_t)i + 1));
  u256_from_be(&v, nf_result.output.ptr + 32 * i);
  return v;
}
static inline u64 nf_u(void) {
  u256 v = nf_out(0);
  assert_true(u256_fits64(&v));
  return v.w[0];
}
static inline slice nf_bytes(void) {
  u256 len = nf_out(1);
  assert_true(nf_u() == 32 && u256_fits64(&len) &&
              len.w[0] <= nf_result.output.len - 64);
  return slice_of(nf_result.output.ptr + 64, (size_t)len.w[0]);
}
static inline bool nf_error(const char *signature) {
  u8 sel[4];
  abi_selector(sel, signature);
  return nf_result.status == EVM_REVERT && nf_result.output.len >= 4 &&
         memcmp(nf_result.output.ptr, sel, 4) == 0;
}
static inline u64 nf_error_word(u32 i) {
  return load_be64(nf_result.output.ptr + 4 + 32 * i + 24);
}
#define assert_fails(error) \
  do { \
    if (!nf_error(error)) \
      fail_msg("%s:%d: %s wanted, status %d", __FILE__, __LINE__, error, \
               (int)nf_result.status); \
  } while (0)
#define assert_text(want) \
  do { \
    slice got_ = nf_bytes(), want_ = slice_str(want); \
    if (!slice_eq(got_, want_)) \
      fail_msg("%s:%d: %s wanted, got %.*s", __FILE__, __LINE__, want, \
               (int)got_.len, (const char *)got_.ptr); \
  } while (0)

static inline int nf_open(void **st) {
  (void)st;
  nf_th = th_open();
  nf_th->host.native = nf_native;
  nf_set = module_set_open(nf_defs, NF_CNT);
  buf_init(&nf_args, 0);
  arena_init(&nf_keep, 4096, 0);
  th_begin(nf_th, EVM_OSAKA);
  for (u32 i = 0; i < NF_CNT; i++) {
    addr20 a = th_addr(nf_defs[i]->number);
    th_acc(nf_th, &a)->exists = true;
  }
  return 0;
}
static inline int nf_close(void **st) {
  (void)st;
  buf_fini(&nf_args);
  arena_fini(&nf_keep);
  module_set_close(nf_set);
  th_close(nf_th);
  return 0;
}
#endif
