/* test_evmc_vm.c - the shared library as a host sees it: loaded, asked for its
** machine, and given code whose calls come back here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../evmc/evmc_abi.h"
#include "codec/hex.h"

enum { BERLIN = 8, LONDON = 9, PRAGUE = 13, OSAKA = 14 };

static struct evmc_vm *vm;

/* The host: answers what a case put here, and keeps what it was told. */
static struct evmc_ctx {
  enum evmc_change change;   /* what set_storage says */
  u8 slot_value[32];         /* what it was given */
  const char *code;          /* of every account, hex */
  u32 call_cnt, deepest;
  struct evmc_msg call;      /* the last */
  int revision;              /* in which calls are executed; -1: not at all */
  struct evmc_result answer; /* then */
  addr20 destructed, heir;
  u8 log[64];
  size_t log_len, topic_cnt;
} ctx;

static size_t unhex(u8 *out, size_t size, const char *hex) {
  size_t len = strlen(hex) / 2;
  assert_true(len <= size);
  assert_int_equal(hex_decode(out, hex, 2 * len), ERR_OK);
  return len;
}
static hash32 word(u64 n) {
  hash32 h = {{0}};
  store_be64(h.b + 24, n);
  return h;
}
static u64 number(const u8 *p) { return load_be64(p + 24); }

static bool host_exists(struct evmc_ctx *c, const addr20 *a) {
  (void)c, (void)a;
  return true;
}
static hash32 host_get_storage(struct evmc_ctx *c, const addr20 *a,
                               const hash32 *key) {
  (void)c, (void)a;
  return word(number(key->b) + 1000);
}
static enum evmc_change host_set_storage(struct evmc_ctx *c, const addr20 *a,
                                         const hash32 *key,
                                         const hash32 *value) {
  (void)a, (void)key;
  memcpy(c->slot_value, value->b, 32);
  return c->change;
}
static hash32 host_balance(struct evmc_ctx *c, const addr20 *a) {
  (void)c, (void)a;
  return word(5);
}
static size_t host_copy_code(struct evmc_ctx *c, const addr20 *a, size_t off,
                             u8 *out, size_t len) {
  u8 code[256];
  (void)a;
  size_t have = unhex(code, sizeof code, c->code);
  if (off > have) return 0;
  if (len > have - off) len = have - off;
  memcpy(out, code + off, len);
  return len;
}
static size_t host_code_size(struct evmc_ctx *c, const addr20 *a) {
  (void)a;
  return strlen(c->code) / 2;
}
static hash32 host_code_hash(struct evmc_ctx *c, const addr20 *a) {
  (void)c, (void)a;
  return word(77);
}
static bool host_selfdestruct(struct evmc_ctx *c, const addr20 *a,
                              const addr20 *heir) {
  c->destructed = *a;
  c->heir = *heir;
  return true;
}
static struct evmc_tx host_tx(struct evmc_ctx *c) {
  (void)c;
  return (struct evmc_tx){.number = 300, .timestamp = 31, .gas_limit = 32,
                          .chain_id = word(33), .base_fee = word(34)};
}
static hash32 host_block_hash(struct evmc_ctx *c, i64 n) {
  (void)c;
  return word((u64)n + 5000);
}
static void host_log(struct evmc_ctx *c, const addr20 *a, const u8 *data,
                     size_t len, const hash32 *topic, size_t topic_cnt) {
  (void)a, (void)topic;
  assert_true(len <= sizeof c->log);
  memcpy(c->log, data, len);
  c->log_len = len;
  c->topic_cnt = topic_cnt;
}
static int host_warm(struct evmc_ctx *c, const addr20 *a) {
  (void)c, (void)a;
  return 1;
}
static int host_warm_slot(struct evmc_ctx *c, const addr20 *a,
                          const hash32 *key) {
  (void)c, (void)a, (void)key;
  return 1;
}
static struct evmc_result host_call(struct evmc_ctx *c,
                                    const struct evmc_msg *m);

static const struct evmc_host host = {
  .account_exists = host_exists, .get_storage = host_get_storage,
  .set_storage = host_set_storage, .get_balance = host_balance,
  .get_code_size = host_code_size, .get_code_hash = host_code_hash,
  .copy_code = host_copy_code, .selfdestruct = host_selfdestruct,
  .call = host_call, .get_tx_context = host_tx,
  .get_block_hash = host_block_hash, .emit_log = host_log,
  .access_account = host_warm, .access_storage = host_warm_slot,
  .get_transient_storage = host_get_storage,
};

static struct evmc_result host_call(struct evmc_ctx *c,
                                    const struct evmc_msg *m) {
  u8 code[256];
  c->call_cnt++;
  c->call = *m;
  if ((u32)m->depth > c->deepest) c->deepest = (u32)m->depth;
  if (c->revision < 0) return c->answer;
  size_t len = unhex(code, sizeof code, c->code);
  return vm->execute(vm, &host, c, c->revision, m, code, len);
}

/* Runs code with 10^6 gas, one word of input (7); its output as a number. */
static struct evmc_result run_msg(int revision, struct evmc_msg m,
                                  const char *hex, u64 *out) {
  u8 code[2048];
  static const u8 input[32] = {[31] = 7};
  size_t len = unhex(code, sizeof code, hex);
  m.gas = 1000000;
  m.input = input;
  m.input_len = sizeof input;
  m.recipient.b[19] = 0xaa;
  struct evmc_result r =
      vm->execute(vm, &host, &ctx, revision, &m, code, len);
  if (out) {
    assert_int_equal(r.status, EVMC_SUCCESS);
    assert_int_equal(r.output_len, 32);
    *out = number(r.output);
  }
  if (r.release) r.release(&r);
  return r;
}
static struct evmc_result run(int revision, const char *hex, u64 *out) {
  return run_msg(revision, (struct evmc_msg){0}, hex, out);
}
#define RETURN "60005260206000f3" /* the top word */

static int reset(void **s) {
  (void)s;
  ctx = (struct evmc_ctx){.code = "", .revision = -1};
  return 0;
}

static void library_when_loaded_then_says_what_it_is(void **s) {
  (void)s;
  assert_int_equal(vm->abi_version, EVMC_ABI);
  assert_string_equal(vm->name, "cybermiles");
  assert_true(strlen(vm->version) > 0);
  assert_int_equal(vm->get_capabilities(vm), EVMC_CAN_EVM1);
  assert_int_equal(vm->set_option(vm, "trace", ""), EVMC_OPTION_UNKNOWN);
}

static void code_when_run_then_output_and_gas(void **s) {
  (void)s;
  u64 v;
  struct evmc_result r = run(OSAKA, "6000356005900a" RETURN, &v);
  assert_int_equal(v, 16807); /* input^5 */
  assert_int_equal(r.gas_left, 1000000 - 87);
  static const struct { const char *code; u64 want; } row[] = {
    {"43", 300}, {"42", 31}, {"45", 32}, {"46", 33}, {"48", 34},
    {"604c40", 5076}, {"60075c", 1007}, {"600654", 1006}, {"47", 5},
    {"60aa3f", 77}, {"30", 0xaa},
  };
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    char code[64];
    snprintf(code, sizeof code, "%s" RETURN, row[i].code);
    run(OSAKA, code, &v);
    assert_int_equal(v, row[i].want);
  }
}

static void failure_when_code_is_bad_then_told(void **s) {
  (void)s;
  static const struct { const char *code; u32 flags; int want; } row[] = {
    {"fe", 0, EVMC_UNDEFINED_INSTRUCTION}, {"01", 0, EVMC_STACK_UNDERFLOW},
    {"600056", 0, EVMC_BAD_JUMP}, {"5b600056", 0, EVMC_OUT_OF_GAS},
    {"600160005d", EVMC_FLAG_STATIC, EVMC_STATIC_VIOLATION},
    {"6001600060003e", 0, EVMC_INVALID_MEMORY},
    {"5b5f600056", 0, EVMC_STACK_OVERFLOW}, {"5f5ffd", 0, EVMC_REVERT},
  };
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    struct evmc_msg m = {.flags = row[i].flags};
    struct evmc_result r = run_msg(OSAKA, m, row[i].code, NULL);
    assert_int_equal(r.status, row[i].want);
    if (row[i].want != EVMC_REVERT) assert_int_equal(r.gas_left, 0);
  }
}

static void slot_when_set_then_price_and_refund_by_kind(void **s) {
  (void)s;
  static const struct { u32 gas; i64 refund; } want[EVMC_CHANGE_CNT] = {
    [EVMC_ASSIGNED] = {100, 0}, [EVMC_ADDED] = {20000, 0},
    [EVMC_DELETED] = {2900, 4800}, [EVMC_MODIFIED] = {2900, 0},
    [EVMC_DELETED_ADDED] = {100, -4800},
    [EVMC_MODIFIED_DELETED] = {100, 4800},
    [EVMC_DELETED_RESTORED] = {100, -2000},
    [EVMC_ADDED_DELETED] = {100, 19900},
    [EVMC_MODIFIED_RESTORED] = {100, 2800},
  };
  for (u32 i = 0; i < EVMC_CHANGE_CNT; i++) {
    ctx.change = (enum evmc_change)i;
    struct evmc_result r = run(LONDON, "602a600955", NULL);
    assert_int_equal(r.status, EVMC_SUCCESS);
    assert_int_equal(number(ctx.slot_value), 42);
    assert_int_equal(1000000 - r.gas_left, want[i].gas + 6);
    assert_int_equal(r.gas_refund, want[i].refund);
  }
}

/* 64 bytes of return data asked for, 32 come; returns the first word. */
#define CALL_AND_RETURN \
  "6040" "6000" "6000" "6000" "6003" "60bb" "620186a0" "f1" \
  "50" "3d" "600051" "01" RETURN

static void call_when_made_then_host_executes_it(void **s) {
  (void)s;
  u64 v;
  ctx.code = "60043401" RETURN; /* value + 4 */
  ctx.revision = OSAKA;
  run(OSAKA, CALL_AND_RETURN, &v);
  assert_int_equal(v, 3 + 4 + 32);
  assert_int_equal(ctx.call_cnt, 1);
  assert_int_equal(ctx.call.kind, EVMC_CALL);
  assert_int_equal(ctx.call.depth, 1);
  assert_int_equal(ctx.call.gas, 100000 + 2300);
  assert_int_equal(ctx.call.recipient.b[19], 0xbb);
  assert_int_equal(ctx.call.sender.b[19], 0xaa);
  assert_int_equal(number(ctx.call.value.b), 3);
}

static void call_when_in_another_revision_then_own_rules_after(void **s) {
  (void)s;
  u64 v;
  ctx.code = "6001" RETURN;
  ctx.revision = BERLIN;
  /* PUSH0 exists before and after the call. */
  run(OSAKA, "5f50" CALL_AND_RETURN, &v);
  assert_int_equal(v, 33);
  run(OSAKA, "60406000600060006000" "60bb" "620186a0" "f1" "5f01" RETURN, &v);
  assert_int_equal(v, 1);
}

static void call_when_recursive_then_ends_at_depth_1024(void **s) {
  (void)s;
  u64 v;
  /* calls with all gas, adds one to the answer; 1 where it cannot call */
  ctx.code = "6020600060006000600060bb5af1" "50600051600101" RETURN;
  ctx.revision = LONDON;
  u8 code[64];
  struct evmc_msg m = {.gas = 1ll << 40};
  size_t len = unhex(code, sizeof code, ctx.code);
  struct evmc_result r = vm->execute(vm, &host, &ctx, LONDON, &m, code, len);
  assert_int_equal(r.status, EVMC_SUCCESS);
  v = number(r.output);
  r.release(&r);
  assert_int_equal(v, 1025);
  assert_int_equal(ctx.deepest, 1024);
}

static void call_when_balance_is_short_then_not_made(void **s) {
  (void)s;
  u64 v;
  run(OSAKA, "6000600060006000600660bb5af1" RETURN, &v);
  assert_int_equal(v, 0);
  assert_int_equal(ctx.call_cnt, 0);
}

static void call_when_delegated_then_flag_and_target(void **s) {
  (void)s;
  ctx.code = "ef0100" "00000000000000000000000000000000000000cc";
  run(PRAGUE, "600060006000600060bb61fffffa", NULL);
  assert_int_equal(ctx.call.flags, EVMC_FLAG_STATIC | EVMC_FLAG_DELEGATED);
  assert_int_equal(ctx.call.code_addr.b[19], 0xcc);
  assert_int_equal(ctx.call.recipient.b[19], 0xbb);
  run(LONDON, "600060006000600060bb61fffffa", NULL);
  assert_int_equal(ctx.call.flags, EVMC_FLAG_STATIC);
  assert_int_equal(ctx.call.code_addr.b[19], 0xbb);
}

static void creation_when_made_then_address_comes_back(void **s) {
  (void)s;
  u64 v;
  ctx.answer = (struct evmc_result){.status = EVMC_SUCCESS, .gas_left = 1000,
                                    .gas_refund = 5, .created.b[19] = 0xdd};
  /* CREATE2 of 3 bytes with salt 9 */
  struct evmc_result r = run(OSAKA, "6009600360006001f5" RETURN, &v);
  assert_int_equal(v, 0xdd);
  assert_int_equal(r.gas_refund, 5);
  assert_int_equal(ctx.call.kind, EVMC_CREATE2);
  assert_int_equal(ctx.call.input_len, 3);
  assert_int_equal(number(ctx.call.salt.b), 9);
  assert_int_equal(number(ctx.call.value.b), 1);
}

static void selfdestruct_when_run_then_heir_and_refund(void **s) {
  (void)s;
  struct evmc_result r = run(BERLIN, "60eeff", NULL);
  assert_int_equal(r.status, EVMC_SUCCESS);
  assert_int_equal(r.gas_refund, 24000);
  assert_int_equal(ctx.destructed.b[19], 0xaa);
  assert_int_equal(ctx.heir.b[19], 0xee);
  r = run(LONDON, "60eeff", NULL);
  assert_int_equal(r.gas_refund, 0);
}

static void log_when_emitted_then_data_and_topics(void **s) {
  (void)s;
  run(OSAKA, "60ab600053" "60016002" "60016000a2", NULL);
  assert_int_equal(ctx.log_len, 1);
  assert_int_equal(ctx.log[0], 0xab);
  assert_int_equal(ctx.topic_cnt, 2);
}

static void code_when_alike_but_for_a_byte_then_told_apart(void **s) {
  (void)s;
  enum { LEN = 600 };
  char code[2 * LEN + 1];
  u64 v;
  /* PUSH1 x, return, and much that never runs */
  for (int k = 0; k < 3; k++) {
    for (u32 x = 1; x < 5; x++) {
      memset(code, '0', 2 * LEN);
      code[2 * LEN] = 0;
      memcpy(code, "5b5b5b5b5b5b5b5b5b5b5b5b", 24);
      snprintf(code + 24, 40, "60%02x" RETURN, x);
      code[strlen(code)] = '0';
      run(OSAKA, code, &v);
      assert_int_equal(v, x);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup(name, reset)
    CASE(library_when_loaded_then_says_what_it_is),
    CASE(code_when_run_then_output_and_gas),
    CASE(failure_when_code_is_bad_then_told),
    CASE(slot_when_set_then_price_and_refund_by_kind),
    CASE(call_when_made_then_host_executes_it),
    CASE(call_when_in_another_revision_then_own_rules_after),
    CASE(call_when_recursive_then_ends_at_depth_1024),
    CASE(call_when_balance_is_short_then_not_made),
    CASE(call_when_delegated_then_flag_and_target),
    CASE(creation_when_made_then_address_comes_back),
    CASE(selfdestruct_when_run_then_heir_and_refund),
    CASE(log_when_emitted_then_data_and_topics),
    CASE(code_when_alike_but_for_a_byte_then_told_apart),
#undef CASE
  };
  char path[4096];
  const char *build = getenv("BUILD");
  snprintf(path, sizeof path, "%s/../cybermiles.so", build ? build : "build");
  void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!lib) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  struct evmc_vm *(*create)(void);
  *(void **)&create = dlsym(lib, "evmc_create_cybermiles");
  if (!create) return 1;
  vm = create();
  int failed = cmocka_run_group_tests_name("evmc_vm", tests, NULL, NULL);
  vm->destroy(vm);
  dlclose(lib);
  return failed;
}
