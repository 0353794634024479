/* module_host.h - a world for modules and functions without a chain: nobody has
** code or money, every slot is cold, slots are a map's with which the context
** begins, logs are dropped, nothing is undone.  Who wants more takes mh_host and
** puts its own functions in. */
#ifndef TESTS_MODULE_HOST_H
#define TESTS_MODULE_HOST_H
#include "base/map.h"
#include "evm/evm.h"

static inline void mh_open(struct map *slots) {
  map_init(slots, 52, sizeof(u256), 0, 1);
}
static inline u256 *mh_place(void *slots, const addr20 *a, const u256 *slot) {
  u8 key[52];
  memcpy(key, a->b, 20);
  u256_to_be(key + 20, slot);
  return map_put(slots, key, NULL);
}
static inline bool mh_no(void *ctx, const addr20 *a) {
  (void)ctx, (void)a;
  return false;
}
static inline void mh_balance(void *ctx, u256 *out, const addr20 *a) {
  (void)ctx, (void)a;
  *out = U256_ZERO;
}
static inline void mh_add(void *ctx, const addr20 *a, const u256 *v) {
  (void)ctx, (void)a, (void)v;
}
static inline bool mh_sub(void *ctx, const addr20 *a, const u256 *v) {
  (void)ctx, (void)a, (void)v;
  return true;
}
static inline slice mh_code(void *ctx, hash32 *hash, const addr20 *a) {
  (void)ctx, (void)a;
  memset(hash, 0, sizeof *hash);
  return slice_of(NULL, 0);
}
static inline void mh_slot(void *ctx, u256 *out, const addr20 *a,
                           const u256 *slot) {
  *out = *mh_place(ctx, a, slot);
}
static inline void mh_slot_set(void *ctx, const addr20 *a, const u256 *slot,
                               const u256 *v) {
  *mh_place(ctx, a, slot) = *v;
}
static inline bool mh_cold(void *ctx, const addr20 *a, const u256 *slot) {
  (void)ctx, (void)a, (void)slot;
  return true;
}
static inline void mh_touch(void *ctx, const addr20 *a) {
  (void)ctx, (void)a;
}
static inline void mh_log(void *ctx, const addr20 *a, const hash32 *topics,
                          u32 cnt, slice data) {
  (void)ctx, (void)a, (void)topics;
  MUST(cnt >= 1 && cnt <= 4 && data.len % 32 == 0);
}
static inline void mh_refund(void *ctx, i64 delta) { (void)ctx, (void)delta; }
static inline u32 mh_snapshot(void *ctx) { (void)ctx; return 0; }
static inline void mh_revert(void *ctx, u32 snap) { (void)ctx, (void)snap; }

static inline struct evm_host mh_host(void *ctx,
                                      bool (*native)(void *ctx,
                                                     struct evm_native *n)) {
  return (struct evm_host){
    .ctx = ctx, .exists = mh_no, .is_empty = mh_no, .balance = mh_balance,
    .code = mh_code, .slot = mh_slot, .slot_original = mh_slot,
    .slot_set = mh_slot_set, .touch = mh_touch, .balance_add = mh_add,
    .balance_sub = mh_sub, .log = mh_log, .access_account = mh_no,
    .access_slot = mh_cold, .refund_add = mh_refund, .snapshot = mh_snapshot,
    .revert = mh_revert, .native = native};
}
#endif
