/* evm_test_host.h - a world of a few accounts for the tests of the machine.
**
** Simple on purpose: everything is one flat struct, a snapshot is a copy of
** it, so the host cannot share a fault with the journal of src/state.  Writing
** bytecode: bytes are given as hexadecimal text, spaces are skipped. */
#ifndef TESTS_EVM_HOST_H
#define TESTS_EVM_HOST_H
#include "crypto/crypto_vec.h"

#include "base/u256.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "evm/evm.h"

enum { TH_ACCOUNTS = 64, TH_SLOTS = 256, TH_LOGS = 64, TH_SNAPS = 1200,
       TH_CODES = 256 };

struct th_account {
  addr20 addr;
  bool exists, created, destructed, warm;
  u64 nonce;
  u256 balance;
  u8 *code; /* one of th.made */
  size_t code_len;
};
struct th_slot {
  addr20 addr;
  u256 key, val, orig, transient;
  bool warm;
};
struct th_world {
  struct th_account acc[TH_ACCOUNTS];
  struct th_slot slot[TH_SLOTS];
  u32 acc_cnt, slot_cnt, log_cnt;
  i64 refund;
  struct { addr20 addr; u32 topic_cnt; hash32 topic[4]; u8 data[64];
           size_t len; } log[TH_LOGS];
};
struct th {
  struct th_world w;
  struct th_world *snap[TH_SNAPS];
  u32 snap_cnt;
  u8 *made[TH_CODES]; /* code of this case */
  u32 made_cnt;
  struct evm *evm;
  struct evm_host host;
  struct evm_block block;
  struct evm_tx tx;
};

static inline struct th_account *th_acc(struct th *t, const addr20 *a) {
  for (u32 i = 0; i < t->w.acc_cnt; i++)
    if (addr20_eq(&t->w.acc[i].addr, a)) return &t->w.acc[i];
  assert_true(t->w.acc_cnt < TH_ACCOUNTS);
  struct th_account *n = &t->w.acc[t->w.acc_cnt++];
  *n = (struct th_account){.addr = *a};
  return n;
}
static inline struct th_slot *th_slot_at(struct th *t, const addr20 *a,
                                         const u256 *key) {
  for (u32 i = 0; i < t->w.slot_cnt; i++)
    if (addr20_eq(&t->w.slot[i].addr, a) && u256_eq(&t->w.slot[i].key, key))
      return &t->w.slot[i];
  assert_true(t->w.slot_cnt < TH_SLOTS);
  struct th_slot *n = &t->w.slot[t->w.slot_cnt++];
  *n = (struct th_slot){.addr = *a, .key = *key};
  return n;
}

static bool th_exists(void *c, const addr20 *a) { return th_acc(c, a)->exists; }
static bool th_is_empty(void *c, const addr20 *a) {
  struct th_account *x = th_acc(c, a);
  return x->nonce == 0 && x->code_len == 0 && u256_is_zero(&x->balance);
}
static void th_balance(void *c, u256 *out, const addr20 *a) {
  *out = th_acc(c, a)->balance;
}
static u64 th_nonce(void *c, const addr20 *a) { return th_acc(c, a)->nonce; }
static slice th_code(void *c, hash32 *hash, const addr20 *a) {
  struct th_account *x = th_acc(c, a);
  crypto_keccak256(hash, x->code, x->code_len);
  return slice_of(x->code, x->code_len);
}
static void th_code_hash(void *c, hash32 *out, const addr20 *a) {
  struct th_account *x = th_acc(c, a);
  if (x->exists) crypto_keccak256(out, x->code, x->code_len);
  else memset(out, 0, sizeof *out);
}
static bool th_has_storage(void *c, const addr20 *a) {
  struct th *t = c;
  for (u32 i = 0; i < t->w.slot_cnt; i++)
    if (addr20_eq(&t->w.slot[i].addr, a) && !u256_is_zero(&t->w.slot[i].val))
      return true;
  return false;
}
static void th_slot(void *c, u256 *out, const addr20 *a, const u256 *k) {
  *out = th_slot_at(c, a, k)->val;
}
static void th_slot_original(void *c, u256 *out, const addr20 *a,
                             const u256 *k) {
  *out = th_slot_at(c, a, k)->orig;
}
static void th_slot_set(void *c, const addr20 *a, const u256 *k,
                        const u256 *v) {
  th_slot_at(c, a, k)->val = *v;
}
static void th_transient(void *c, u256 *out, const addr20 *a, const u256 *k) {
  *out = th_slot_at(c, a, k)->transient;
}
static void th_transient_set(void *c, const addr20 *a, const u256 *k,
                             const u256 *v) {
  th_slot_at(c, a, k)->transient = *v;
}
static void th_touch(void *c, const addr20 *a) { th_acc(c, a)->exists = true; }
static void th_balance_add(void *c, const addr20 *a, const u256 *v) {
  struct th_account *x = th_acc(c, a);
  x->exists = true;
  assert_false(u256_add(&x->balance, &x->balance, v));
}
static bool th_balance_sub(void *c, const addr20 *a, const u256 *v) {
  struct th_account *x = th_acc(c, a);
  if (u256_lt(&x->balance, v)) return false;
  u256_sub(&x->balance, &x->balance, v);
  return true;
}
static void th_nonce_set(void *c, const addr20 *a, u64 nonce) {
  th_acc(c, a)->nonce = nonce;
}
static void th_code_set(void *c, const addr20 *a, slice code) {
  struct th *t = c;
  struct th_account *x = th_acc(c, a);
  assert_true(t->made_cnt < TH_CODES);
  x->code = t->made[t->made_cnt++] = malloc(code.len + 1);
  if (code.len) memcpy(x->code, code.ptr, code.len);
  x->code_len = code.len;
}
static void th_create(void *c, const addr20 *a) {
  struct th_account *x = th_acc(c, a);
  x->exists = x->created = true;
}
static bool th_created_in_tx(void *c, const addr20 *a) {
  return th_acc(c, a)->created;
}
static void th_selfdestruct(void *c, const addr20 *a) {
  th_acc(c, a)->destructed = true;
}
static bool th_is_destructed(void *c, const addr20 *a) {
  return th_acc(c, a)->destructed;
}
static void th_log(void *c, const addr20 *a, const hash32 *topics,
                   u32 topic_cnt, slice data) {
  struct th *t = c;
  u32 n = t->w.log_cnt++;
  assert_true(n < TH_LOGS && data.len <= sizeof t->w.log[n].data);
  t->w.log[n].addr = *a;
  t->w.log[n].topic_cnt = topic_cnt;
  for (u32 i = 0; i < topic_cnt; i++) t->w.log[n].topic[i] = topics[i];
  t->w.log[n].len = data.len;
  if (data.len) memcpy(t->w.log[n].data, data.ptr, data.len);
}
static bool th_access_account(void *c, const addr20 *a) {
  struct th_account *x = th_acc(c, a);
  bool cold = !x->warm;
  x->warm = true;
  return cold;
}
static bool th_access_slot(void *c, const addr20 *a, const u256 *k) {
  struct th_slot *x = th_slot_at(c, a, k);
  bool cold = !x->warm;
  x->warm = true;
  return cold;
}
static void th_refund_add(void *c, i64 d) { ((struct th *)c)->w.refund += d; }
static i64 th_refund(void *c) { return ((struct th *)c)->w.refund; }
static u32 th_snapshot(void *c) {
  struct th *t = c;
  assert_true(t->snap_cnt < TH_SNAPS);
  struct th_world *w = t->snap[t->snap_cnt];
  if (!w) w = t->snap[t->snap_cnt] = malloc(sizeof *w);
  *w = t->w;
  return t->snap_cnt++;
}
static void th_revert(void *c, u32 snap) {
  struct th *t = c;
  assert_true(snap < t->snap_cnt);
  t->w = *t->snap[snap];
  t->snap_cnt = snap;
}
static void th_block_hash(void *c, hash32 *out, u64 number) {
  (void)c;
  u256 n = u256_from(number);
  u256_to_be(out->b, &n);
  out->b[0] = 0xbb;
}

static inline addr20 th_addr(u64 n) {
  addr20 a = {{0}};
  store_be64(a.b + 12, n);
  return a;
}

/* The machine and an empty world; one for all cases of a program. */
static inline struct th *th_open(void) {
  struct th *t = calloc(1, sizeof *t);
  t->host = (struct evm_host){
    t, th_exists, th_is_empty, th_balance, th_nonce, th_code, th_code_hash,
    th_has_storage, th_slot, th_slot_original, th_slot_set, th_transient,
    th_transient_set, th_touch, th_balance_add, th_balance_sub, th_nonce_set,
    th_code_set, th_create, th_created_in_tx, th_selfdestruct,
    th_is_destructed, th_log, th_access_account, th_access_slot,
    th_refund_add, th_refund, th_snapshot, th_revert, th_block_hash, NULL, NULL,
    NULL, NULL, NULL};
  crypto_init(NULL);
  t->evm = evm_open();
  return t;
}
static inline void th_forget(struct th *t) {
  for (u32 i = 0; i < t->made_cnt; i++) free(t->made[i]);
  t->made_cnt = 0;
}
static inline void th_close(struct th *t) {
  th_forget(t);
  evm_close(t->evm);
  for (u32 i = 0; i < TH_SNAPS; i++) free(t->snap[i]);
  free(t);
}
/* A fresh world on a fork; account 0xca11 has 1000 wei, 0xc0de runs. */
static inline void th_begin(struct th *t, enum evm_fork fork) {
  addr20 caller = th_addr(0xca11);
  th_forget(t);
  memset(&t->w, 0, sizeof t->w);
  t->snap_cnt = 0;
  struct th_account *x = th_acc(t, &caller);
  x->exists = true;
  x->balance = u256_from(1000);
  t->block = (struct evm_block){.number = 1000, .timestamp = 77,
                                .gas_limit = 30000000,
                                .coinbase = th_addr(0xc01),
                                .chain_id = u256_from(1)};
  t->tx = (struct evm_tx){.origin = caller, .gas_price = u256_from(9)};
  evm_block_begin(t->evm, fork, &t->block, &t->host);
  evm_tx_begin(t->evm, &t->tx);
}
static inline void th_put_code(struct th *t, u64 addr, const char *hex) {
  addr20 a = th_addr(addr);
  char clean[65536];
  size_t n = 0;
  for (; *hex; hex++)
    if (*hex != ' ') clean[n++] = *hex;
  clean[n] = 0;
  slice code = vec_hex(clean);
  th_acc(t, &a)->exists = true;
  th_code_set(t, &a, code);
  vec_free(code);
}
static inline struct evm_result th_call(struct th *t, u64 to, u64 gas,
                                        slice input) {
  struct evm_result r;
  struct evm_msg m = {.kind = EVM_CALL, .gas = gas, .input = input,
                      .sender = th_addr(0xca11), .recipient = th_addr(to),
                      .code_addr = th_addr(to)};
  evm_run(t->evm, &r, &m);
  return r;
}
/* Runs code at 0xc0de with 1,000,000 gas. */
static inline struct evm_result th_run(struct th *t, const char *hex) {
  th_put_code(t, 0xc0de, hex);
  return th_call(t, 0xc0de, 1000000, (slice){0});
}
static inline u64 th_used(const struct evm_result *r) {
  return 1000000 - r->gas_left;
}
static inline u256 th_word(slice s, u32 at) {
  u256 v = U256_ZERO;
  if (s.len >= 32 * (at + 1)) u256_from_be(&v, s.ptr + 32 * at);
  else fail_msg("output has only %zu bytes", s.len);
  return v;
}
#define assert_word(r, at, value) \
  do { \
    u256 word_ = th_word((r).output, at); \
    assert_true(u256_fits64(&word_)); \
    assert_int_equal(word_.w[0], value); \
  } while (0)
#define assert_status(r, s) \
  assert_string_equal(evm_status_text((r).status), evm_status_text(s))
#endif
