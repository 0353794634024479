/* shop_fixture.h - a chain in memory with the modules of commerce: calls as
** transactions and as views, time that passes, ABI words in and out.
**
** What SPEC-commerce 14 asks of every module, and where it is tested:
**   1  books after every block        test_shop_walk, test_shop_court_walk
**   2  random walk that reaches each  the same (make walk STEPS=1000000;
**      method and automatic exit;     shop_reach.h);
**      each method in each state      test_shop_states, test_shop_court_states
**   3  one side silent, both silent   test_shop_orders, _mediation, _court
**      tokens that cheat              test_shop_orders, _hostile, e2e/tokens
**      contracts that take no money   test_shop_hostile
**   4  one block on both executors    test_shop_walk, test_shop_lanes; on two
**                                     builds: make check-folded runs all of it
**   5  a revert around calls          e2e/modules
**   6  a flood of deadlines, a halt   test_module_flood (make flood: 10^6)
**   7  proofs of every record         e2e/modules
**   8  ethers, viem, Solidity         e2e/modules, e2e/tokens
**   9  reindex, a crash in between    e2e/commerce, e2e/durability
**  10  nobody's addresses             test_shop_states, test_shop_court_states,
**                                     e2e/modules
**  11  parameters at their ends       e2e/modules; test_shop_identity
** Mediation and Court by line of their state tables: test_shop_mediation and
** test_shop_court; appeals _appeal, challenges _challenge; bans, panels, the last
** round _court_walk. */
#ifndef TESTS_SHOP_FIXTURE_H
#define TESTS_SHOP_FIXTURE_H
#include <stdarg.h>

#include "chain/chain_fixture.h"

#include "shop/shop_meter.h"

#define SF_DAY 86400ull
#define SF_CMT 1000000000000000000ull

struct sf {
  struct cf cf;
  struct buf args;
  bool ok;               /* of the last call */
  u8 out[8192];
  size_t out_len;
  u64 gas;
  u64 due;               /* blocks in which deadlines were taken */
  u64 due_gas;           /* most gas that those of a block took */
  u32 failed;            /* deadlines that failed */
  const struct state_log *log; /* of the last call; a view until the next */
  u32 log_cnt;
};

/* Told of each call that was done, and each block; of walks (shop_reach.h). */
struct sf_reach {
  void (*call)(u32 module, slice data);
  void (*block)(const struct cf *f);
};
static struct sf_reach sf_reach;

/* Contracts are those of code; own: what genesis says of the chain itself. */
static inline void sf_open_own(struct sf *f, const char *const *code, u32 cnt,
                               const char *own) {
  memset(f, 0, sizeof *f);
  cf_open_own(&f->cf, "1000000000000000000000000", code, cnt, own);
  buf_init(&f->args, 0);
}
static inline void sf_open_code(struct sf *f, const char *const *code,
                                u32 cnt) {
  sf_open_own(f, code, cnt, "{}");
}
static inline void sf_open(struct sf *f) { sf_open_code(f, NULL, 0); }
/* With credits; the first so many users have a stake of 1,000 CMT each. */
static inline void sf_open_credits(struct sf *f, const char *const *code,
                                   u32 cnt, u32 users) {
  struct buf own;
  buf_init(&own, 0);
  crypto_init(NULL);
  buf_put_str(&own, "{\"credits\":{\"stakes\":{");
  for (u32 i = 0; i < users; i++) {
    char text[43];
    addr20 user;
    u8 key[32];
    cf_key(key, i);
    assert_int_equal(crypto_key_addr(&user, key), ERR_OK);
    hex_addr(text, &user);
    buf_printf(&own, "%s\"%s\":\"1000000000000000000000\"", i ? "," : "", text);
  }
  buf_put_str(&own, "},\"parameters\":{\"base_after_s\":0}}}");
  sf_open_own(f, code, cnt, buf_cstr(&own));
  assert_true(f->cf.rules.credits);
  buf_fini(&own);
}
static inline void sf_close(struct sf *f) {
  meter_end();
  buf_fini(&f->args);
  cf_close(&f->cf);
}
static inline addr20 sf_module(u32 number) {
  addr20 a;
  module_address(&a, (u16)number);
  return a;
}

/*---------------------------------------------------------------- arguments */

static inline void sf_call_of(struct sf *f, const char *signature) {
  u8 sel[4];
  abi_selector(sel, signature);
  buf_clear(&f->args);
  buf_put(&f->args, sel, 4);
}
static inline void sf_u256(struct sf *f, const u256 *v) {
  u8 be[32];
  u256_to_be(be, v);
  buf_put(&f->args, be, 32);
}
static inline void sf_u(struct sf *f, u64 v) {
  u256 w = u256_from(v);
  sf_u256(f, &w);
}
static inline void sf_a(struct sf *f, const addr20 *a) {
  u256 w;
  u256_from_addr(&w, a);
  sf_u256(f, &w);
}
static inline void sf_cmt(struct sf *f, u64 milli) {
  u256 v = u256_from(milli), unit = u256_from(SF_CMT / 1000);
  u256_mul(&v, &v, &unit);
  sf_u256(f, &v);
}
static inline void sf_text(struct sf *f, const void *p, size_t len) {
  static const u8 zeros[32];
  sf_u(f, len);
  buf_put(&f->args, p, len);
  buf_put(&f->args, zeros, (32 - len % 32) % 32);
}
/* Arguments by a letter each: u u64, a const addr20 *, m milli-CMT (u64),
** h a bytes32 of this number repeated in its last bytes, b bool (int). */
static inline void sf_args(struct sf *f, const char *signature,
                           const char *kinds, va_list ap) {
  sf_call_of(f, signature);
  for (const char *k = kinds; *k; k++) {
    if (*k == 'a') sf_a(f, va_arg(ap, const addr20 *));
    else if (*k == 'm') sf_cmt(f, va_arg(ap, u64));
    else sf_u(f, va_arg(ap, u64));
  }
}

/*-------------------------------------------------------------------- calls */

static inline void sf_keep(struct sf *f, bool ok, slice out) {
  f->ok = ok;
  f->out_len = out.len < sizeof f->out ? out.len : sizeof f->out;
  memset(f->out, 0, sizeof f->out);
  if (f->out_len) memcpy(f->out, out.ptr, f->out_len);
}

/* A view, by user; who may be any address.  At the time that the block of
** sf_send_value would have. */
static inline void sf_ask_as(struct sf *f, const addr20 *who, u32 module,
                             const u256 *value) {
  struct chain_header h = f->cf.head;
  struct chain_hashes hashes = {&f->cf, cf_hash_of};
  struct state_source src = state_mem_source(f->cf.mem);
  struct chain_outcome o;
  struct chain_tx tx = {.has_to = true, .to = sf_module(module),
                        .has_sender = true, .sender = *who,
                        .gas_limit = 20000000, .value = *value,
                        .data = buf_slice(&f->args)};
  h.number++;
  h.timestamp = (chain_header_time_ms(&f->cf.head) + 1000 + CF_BLOCK_MS) / 1000;
  struct chain_rules rules = f->cf.rules;
  rules.history_call = false;
  double best = 1e18;
  for (u32 left = meter_on() ? METER_RUNS : 1; left > 0; left--) {
    chain_exec_begin(f->cf.x, &rules, &h, &hashes, &src);
    double begun = meter_now();
    chain_exec_call(f->cf.x, &o, &tx);
    double took = meter_now() - begun;
    if (took < best) best = took;
  }
  if (meter_on() && o.status == EVM_SUCCESS)
    meter_note((u16)module, tx.data, o.gas_used, best);
  else if (o.status == EVM_SUCCESS)
    meter_check((u16)module, tx.data, o.gas_used);
  if (sf_reach.call && o.status == EVM_SUCCESS) sf_reach.call(module, tx.data);
  assert_int_equal(o.verdict, CHAIN_OK);
  sf_keep(f, o.status == EVM_SUCCESS, o.output);
  f->log = o.log;
  f->log_cnt = o.log_cnt;
  f->gas = o.gas_used;
}

/* Logs of the last block with this event; the last of them in *out. */
static inline u32 sf_logs(const struct sf *f, const char *event,
                          const struct state_log **out) {
  hash32 topic;
  u32 cnt = 0;
  crypto_keccak256(&topic, (const u8 *)event, strlen(event));
  for (u32 i = 0; i < f->cf.block.tx_cnt; i++) {
    const struct chain_receipt *r = &f->cf.block.receipt[i];
    for (u32 k = 0; k < r->log_cnt; k++)
      if (hash32_eq(&r->log[k].topic[0], &topic)) {
        cnt++;
        if (out) *out = &r->log[k];
      }
  }
  return cnt;
}
/* The last call's, in a block or not. */
static inline bool sf_said(const struct sf *f, const char *event) {
  hash32 topic;
  crypto_keccak256(&topic, (const u8 *)event, strlen(event));
  for (u32 i = 0; i < f->log_cnt; i++)
    if (hash32_eq(&f->log[i].topic[0], &topic)) return true;
  return false;
}
#define assert_said(f, event) \
  do { \
    if (!sf_said(f, event)) \
      fail_msg("%s:%d: no %s", __FILE__, __LINE__, event); \
  } while (0)
#define assert_logged(f, event) \
  do { \
    if (sf_logs(f, event, NULL) == 0) \
      fail_msg("%s:%d: no %s", __FILE__, __LINE__, event); \
  } while (0)

/* What the last block's deadlines did comes last; noted. */
static inline void sf_note_block(struct sf *f) {
  const struct chain_block_result *b = &f->cf.block;
  u32 last = b->tx_cnt - 1;
  if (sf_reach.block) sf_reach.block(&f->cf);
  if (b->tx_cnt == 0 || b->tx[last]->type != CHAIN_TX_TYPE_SYSTEM) return;
  f->due++;
  if (b->receipt[last].gas_used > f->due_gas)
    f->due_gas = b->receipt[last].gas_used;
  f->failed += sf_logs(f, "TimerFailed(uint8,bytes32,uint64,bytes)", NULL);
}
/* A transaction in a block of its own, a second later; the reason of a revert
** is found by asking first. */
static inline void sf_send_value(struct sf *f, u32 user, u32 module,
                                 const u256 *value) {
  addr20 to = sf_module(module);
  struct chain_tx tx = cf_tx(&f->cf, user, 2, &to, 0);
  tx.value = *value;
  tx.data = buf_slice(&f->args);
  tx.gas_limit = 9000000;
  sf_ask_as(f, &f->cf.user[user], module, value);
  bool ok = f->ok;
  cf_sign(&f->cf, &tx, user);
  f->cf.head.timestamp++;
  cf_block(&f->cf, &tx, 1);
  assert_true(f->cf.block.tx_cnt >= 1);
  assert_int_equal(f->cf.block.receipt[0].success, ok);
  f->ok = ok;
  f->gas = f->cf.block.receipt[0].gas_used;
  sf_note_block(f);
}
static inline void sf_send_m(struct sf *f, u32 user, u32 module, u64 milli) {
  u256 v = u256_from(milli), unit = u256_from(SF_CMT / 1000);
  u256_mul(&v, &v, &unit);
  sf_send_value(f, user, module, &v);
}
static inline bool sf_do(struct sf *f, u32 user, u32 module,
                         const char *signature, const char *kinds, ...) {
  va_list ap;
  va_start(ap, kinds);
  sf_args(f, signature, kinds, ap);
  va_end(ap);
  sf_send_m(f, user, module, 0);
  return f->ok;
}
static inline void sf_view(struct sf *f, u32 module, const char *signature,
                           const char *kinds, ...) {
  u256 zero = U256_ZERO;
  va_list ap;
  va_start(ap, kinds);
  sf_args(f, signature, kinds, ap);
  va_end(ap);
  sf_ask_as(f, &f->cf.user[5], module, &zero);
}
static inline u64 sf_word(const struct sf *f, u32 i) {
  return load_be64(f->out + 32 * i + 24);
}
static inline bool sf_error(const struct sf *f, const char *signature) {
  u8 sel[4];
  abi_selector(sel, signature);
  return !f->ok && f->out_len >= 4 && memcmp(f->out, sel, 4) == 0;
}
#define assert_reverted(f, error) \
  do { \
    if (!sf_error(f, error)) \
      fail_msg("%s:%d: %s wanted, %s %02x%02x%02x%02x", __FILE__, __LINE__, \
               error, (f)->ok ? "success" : "revert", (f)->out[0], \
               (f)->out[1], (f)->out[2], (f)->out[3]); \
  } while (0)
#define assert_done(f) \
  do { \
    if (!(f)->ok) \
      fail_msg("%s:%d: reverted with %02x%02x%02x%02x", __FILE__, __LINE__, \
               (f)->out[0], (f)->out[1], (f)->out[2], (f)->out[3]); \
  } while (0)

/* What was asked last is kept, as if a block had it. */
static inline void sf_commit(struct sf *f) {
  struct state_source src = state_mem_source(f->cf.mem);
  struct state_diff diff;
  struct state_root root;
  state_block_diff(chain_exec_state(f->cf.x), &diff, &f->cf.a);
  assert_int_equal(state_commit(&root, &diff, &src, NULL, &f->cf.a), ERR_OK);
  state_mem_apply(f->cf.mem, &diff);
  state_mem_apply_nodes(f->cf.mem, &root);
}
/* Whatever f->args says, done by governance between two blocks. */
static inline void sf_govern(struct sf *f, u32 module) {
  addr20 governance = sf_module(0x1002);
  u256 zero = U256_ZERO;
  sf_ask_as(f, &governance, module, &zero);
  if (f->ok) sf_commit(f);
}
static inline void sf_param(struct sf *f, u32 module, const char *name,
                            const u256 *v) {
  u8 be[32] = {0};
  memcpy(be, name, strlen(name));
  sf_call_of(f, "setParam(bytes32,uint256)");
  buf_put(&f->args, be, 32);
  sf_u256(f, v);
  sf_govern(f, module);
}
/* For ten days, or (0) no more. */
static inline void sf_pause(struct sf *f, u32 module, u64 level) {
  sf_call_of(f, "setPause(uint8,uint64,bytes32)");
  sf_u(f, level);
  sf_u(f, level ? f->cf.head.timestamp + 10 * SF_DAY : 0);
  sf_u(f, 1);
  sf_govern(f, module);
  if (!f->ok) fail_msg("setPause(%llu): %02x%02x%02x%02x",
                       (unsigned long long)level, f->out[0], f->out[1],
                       f->out[2], f->out[3]);
}

/* The chain's own call for what is due, to be metered. */
static inline void sf_meter_due(struct sf *f) {
  addr20 system = {{0}};
  u256 zero = U256_ZERO;
  if (!meter_on()) return;
  memset(system.b, 0xff, 20);
  system.b[19] = 0xfe;
  sf_call_of(f, "onBlock()");
  sf_ask_as(f, &system, 0x1005, &zero);
}
/* Time passes, and a block. */
static inline void sf_pass(struct sf *f, u64 seconds) {
  f->cf.head.timestamp += seconds;
  sf_meter_due(f);
  cf_block(&f->cf, NULL, 0);
  sf_note_block(f);
  /* What one block's budget does not get over. */
  for (; seconds > 20 * SF_DAY; seconds -= 20 * SF_DAY) {
    cf_block(&f->cf, NULL, 0);
    sf_note_block(f);
  }
}
static inline u64 sf_now(const struct sf *f) { return f->cf.head.timestamp; }
/* A block of this second, and none after it. */
static inline void sf_pass_to(struct sf *f, u64 second) {
  while (second > sf_now(f) + 20 * SF_DAY) sf_pass(f, 19 * SF_DAY);
  u64 ms = chain_header_time_ms(&f->cf.head) - sf_now(f) * 1000 + CF_BLOCK_MS;
  sf_pass(f, second - sf_now(f) - ms / 1000);
  assert_int_equal(sf_now(f), second);
}
/* The next call is of this second. */
static inline void sf_pass_before(struct sf *f, u64 second) {
  enum { NEXT_MS = 1000 + CF_BLOCK_MS };
  if (second > sf_now(f) + 3) sf_pass_to(f, second - 3);
  while ((chain_header_time_ms(&f->cf.head) + NEXT_MS) / 1000 < second)
    sf_pass(f, 0);
  assert_int_equal((chain_header_time_ms(&f->cf.head) + NEXT_MS) / 1000,
                   second);
}
static inline u256 sf_balance(struct sf *f, const addr20 *a) {
  return cf_balance(&f->cf, a);
}
/* State and deadline of a record. */
static inline u64 sf_state(struct sf *f, u32 module, u8 type, const u256 *key) {
  u256 zero = U256_ZERO;
  sf_call_of(f, "record(uint8,bytes32)");
  sf_u(f, type);
  sf_u256(f, key);
  sf_ask_as(f, &f->cf.user[5], module, &zero);
  if (!f->ok) return 0;
  /* bytes; of a record with arrays, behind one more offset */
  return sf_word(f, 2) == 32 ? sf_word(f, 3) : sf_word(f, 2);
}
/* A module's record as its C struct, without arrays. */
static inline void sf_record(struct sf *f, u32 module,
                             const struct module_record *r, void *out,
                             const u256 *key) {
  u256 slot[MODULE_RECORD_SLOTS], base, one = u256_from(1);
  struct state_source src = state_mem_source(f->cf.mem);
  addr20 at = sf_module(module);
  hash32 h, s;
  crypto_keccak256(&h, at.b, 20);
  module_slot_of(&base, r->type, key);
  for (u32 i = 0; i < module_record_slots(r); i++) {
    hash32 word = u256_hash32(&base);
    crypto_keccak256(&s, word.b, 32);
    assert_int_equal(src.slot(src.ctx, &slot[i], &at, &h, &base, &s), ERR_OK);
    u256_add(&base, &base, &one);
  }
  module_record_unpack(r, out, slot);
}
/* Slots of a module's, from this one on, written from outside. */
static inline void sf_slots_put(struct sf *f, u32 module, u256 slot,
                                const u256 *v, u32 cnt) {
  addr20 at = sf_module(module);
  u256 one = u256_from(1), zero = U256_ZERO;
  sf_call_of(f, "version()");
  sf_ask_as(f, &f->cf.user[5], module, &zero);
  for (u32 i = 0; i < cnt; i++, u256_add(&slot, &slot, &one))
    state_slot_set(chain_exec_state(f->cf.x), &at, &slot, &v[i]);
  sf_commit(f);
}
/* A record's fields up to its array, which is its last one; and the state in the
** header. */
static inline void sf_record_put(struct sf *f, u32 module,
                                 const struct module_record *r,
                                 const void *rec, const u256 *key) {
  u256 v[MODULE_RECORD_SLOTS], slot;
  const struct module_field *last = r->field;
  while (last[1].name) last++;
  module_record_pack(r, v, rec);
  module_slot_of(&slot, r->type, key);
  sf_slots_put(f, module, slot, v,
               module_record_slots(r) - (last->kind == MODULE_ARRAY));
}
static inline void sf_state_put(struct sf *f, u32 module, u8 type,
                                const u256 *key, u8 state) {
  addr20 at = sf_module(module);
  u256 slot, v, zero = U256_ZERO;
  module_slot_of(&slot, type, key);
  sf_call_of(f, "version()");
  sf_ask_as(f, &f->cf.user[5], module, &zero);
  state_slot(chain_exec_state(f->cf.x), &v, &at, &slot);
  assert_false(u256_is_zero(&v));
  v.w[0] = (v.w[0] & ~0xffull) | state;
  sf_slots_put(f, module, slot, &v, 1);
  assert_int_equal(sf_state(f, module, type, key), state);
}
#endif
