/* test_module_timer.c - what every module of commerce has, by a small one:
** deadlines, the pause and its clock, parameters, several calls in one, CMT
** and tokens in and out, and tokens that lie. */
#include "module/module_fixture.h"

#include "module/module.h"

#define MODULE_PUBLIC(what, name) clock_##what##_##name
#include "module/pass_record.inc"
#include "module/clock.def"
enum {
#include "module/pass_setting.inc"
#include "module/clock.def"
};
#include "module/pass_end.inc"
#define ID(what, name) clock_##what##_##name
#include "module/pass_struct.inc"
#include "module/clock.def"
#include "module/pass_param.inc"
#include "module/clock.def"
static const struct module_row clock_rows[] = {
#include "module/pass_row.inc"
#include "module/clock.def"
};
#include "module/pass_end.inc"

static enum module_end clock_do_set(struct module_call *c,
                                    const struct clock_in_set *in,
                                    struct clock_out_set *out) {
  struct clock_record_item r = {.state = 1, .created = c->now_s,
                                .fails = in->fails};
  u256 key = u256_from(in->id);
  (void)out;
  module_timer_set(c, (struct module_header *)&r, 1, &key,
                   c->now_s + in->after);
  module_record_put(c, &clock_table_item, &key, &r);
  return MODULE_DONE;
}
static enum module_end clock_do_move(struct module_call *c,
                                     const struct clock_in_move *in,
                                     struct clock_out_move *out) {
  struct clock_record_item r;
  u256 key = u256_from(in->id);
  (void)out;
  module_record_get(c, &clock_table_item, &r, &key);
  module_timer_set(c, (struct module_header *)&r, 1, &key,
                   c->now_s + in->after);
  module_record_put(c, &clock_table_item, &key, &r);
  return MODULE_DONE;
}
static enum module_end clock_do_put(struct module_call *c,
                                    const struct clock_in_put *in,
                                    struct clock_out_put *out) {
  (void)out;
  return module_take(c, &in->token, in->amount);
}
static enum module_end clock_do_take(struct module_call *c,
                                     const struct clock_in_take *in,
                                     struct clock_out_take *out) {
  u256 key = u256_from(5);
  (void)out;
  module_pay(c, &in->token, &in->to, in->amount, 1, &key, 3);
  return MODULE_DONE;
}
static enum module_end clock_do_get(struct module_call *c,
                                    const struct clock_in_get *in,
                                    struct clock_out_get *out) {
  struct clock_record_item r;
  u256 key = u256_from(in->id);
  module_record_get(c, &clock_table_item, &r, &key);
  out->r = module_record_abi(c, &clock_table_item, &key, &r);
  return MODULE_DONE;
}
static enum module_end clock_do_bag(struct module_call *c,
                                    const struct clock_in_bag *in,
                                    struct clock_out_bag *out) {
  struct clock_record_bag r = {.state = 1}, back;
  struct clock_record_number n[4];
  u256 key = u256_from(in->id);
  for (u32 i = 0; i < in->numbers.cnt; i++)
    n[i].v = module_list_u64(&in->numbers, i);
  r.numbers = (struct module_array){n, in->numbers.cnt};
  module_record_put(c, &clock_table_bag, &key, &r);
  module_record_get(c, &clock_table_bag, &back, &key);
  if (back.numbers.item != NULL) return MODULE_FAIL(c, broken, .left = 9);
  MODULE_EMIT(c, bag_saved, .id = in->id,
              .record = module_record_bytes(c, &clock_table_bag, &key, &back));
  module_record_load(c, &clock_table_bag, &back, &key);
  out->r = module_record_abi(c, &clock_table_bag, &key, &back);
  return MODULE_DONE;
}
static bool clock_timer(struct module_call *c, u8 type, const u256 *key) {
  struct clock_record_item r;
  addr20 party = th_addr(0xbeef), token = th_addr(0x70);
  module_record_get(c, &clock_table_item, &r, key);
  if (r.fails) {
    (void)MODULE_FAIL(c, broken, .left = r.fails);
    return false;
  }
  r.deadline = 0;
  r.state = 2;
  r.fired = c->now_s;
  module_record_put(c, &clock_table_item, key, &r);
  MODULE_EMIT(c, fired, .id = key->w[0], .at = c->now_s);
  if (key->w[0] == 77) module_pay(c, &token, &party, 10, type, key, 4);
  return true;
}
#undef ID
#undef MODULE_PUBLIC

static const struct module_def clock_def = {
  .name = "Clock", .text = "Clock, for tests", .number = 0x1ffe,
  .row = clock_rows, .row_cnt = ARRAY_LEN(clock_rows), .base = &module_common,
  .timer = clock_timer};
static const struct module_def *const list[] = {&module_scheduler, &clock_def};

static u32 log_cnt;
static hash32 log_topic[64];
static void note_log(void *ctx, const addr20 *a, const hash32 *topics,
                     u32 topic_cnt, slice data) {
  (void)ctx, (void)a, (void)topic_cnt, (void)data;
  if (log_cnt < 64) log_topic[log_cnt++] = topics[0];
}
static u32 logs_of(const char *event) {
  hash32 h;
  u32 cnt = 0;
  crypto_keccak256(&h, event, strlen(event));
  for (u32 i = 0; i < log_cnt; i++) cnt += hash32_eq(&h, &log_topic[i]);
  return cnt;
}
static struct evm_result call_as(u64 from, u64 to, u64 value) {
  struct evm_result r;
  struct evm_msg m = {.kind = EVM_CALL, .gas = 20000000,
                      .input = buf_slice(&args), .value = u256_from(value),
                      .sender = th_addr(from), .recipient = th_addr(to),
                      .code_addr = th_addr(to)};
  if (from == 0) {
    memset(m.sender.b, 0xff, 20);
    m.sender.b[19] = 0xfe;
  }
  evm_run(t->evm, &r, &m);
  return r;
}
static struct evm_result call(void) { return call_as(0xca11, 0x1ffe, 0); }
static u64 now(void) { return evm_block_now(t->evm)->timestamp; }
static void pass(u64 seconds) { evm_block_now(t->evm)->timestamp += seconds; }
/* The end of a block; how many deadlines were taken. */
static u64 end_block(void) {
  call_of("onBlock()");
  struct evm_result r = call_as(0, 0x1005, 0);
  assert_status(r, EVM_SUCCESS);
  evm_block_now(t->evm)->number++;
  return th_word(r.output, 0).w[0];
}
static void set_item(u64 id, u64 after, u64 fails) {
  call_of("set(uint64,uint64,uint8)");
  put(id), put(after), put(fails);
  struct evm_result r = call();
  assert_status(r, EVM_SUCCESS);
}
static u64 state_of(u64 id) {
  call_of("get(uint64)");
  put(id);
  struct evm_result r = call();
  assert_status(r, EVM_SUCCESS);
  return th_word(r.output, 0).w[0];
}

static int begin(void **st) {
  (void)st;
  th_begin(t, EVM_OSAKA);
  static const u32 at[] = {0x1005, 0x1ffe};
  for (u32 i = 0; i < 2; i++) {
    addr20 self = th_addr(at[i]);
    th_acc(t, &self)->exists = true;
  }
  evm_block_now(t->evm)->timestamp = 1000000;
  log_cnt = 0;
  end_block();
  return 0;
}

static void deadline_when_it_comes_is_taken_once(void **st) {
  (void)st;
  set_item(1, 100, 0);
  pass(99);
  assert_int_equal(end_block(), 0);
  assert_int_equal(state_of(1), 1);
  pass(1);
  assert_int_equal(end_block(), 1);
  assert_int_equal(state_of(1), 2);
  assert_int_equal(logs_of("Fired(uint64,uint64)"), 1);
  assert_int_equal(logs_of("TimerFired(uint8,bytes32,uint64,uint8)"), 1);
  pass(1000);
  assert_int_equal(end_block(), 0);
}

static void deadline_when_moved_is_taken_at_the_new_one_alone(void **st) {
  (void)st;
  set_item(1, 100, 0);
  call_of("move(uint64,uint64)");
  put(1), put(300);
  assert_status(call(), EVM_SUCCESS);
  pass(299);
  assert_int_equal(end_block(), 0);
  assert_int_equal(state_of(1), 1);
  pass(1);
  assert_int_equal(end_block(), 1);
  assert_int_equal(state_of(1), 2);
}

static void deadlines_when_the_chain_stood_still_all_come_in_order(void **st) {
  (void)st;
  for (u64 i = 1; i <= 5; i++) set_item(i, 1 + i * 1400, 0);
  pass(2 * 3600);
  u64 fired = 0;
  for (u32 i = 0; i < 4; i++) fired += end_block();
  assert_int_equal(fired, 5);
  for (u64 i = 1; i <= 5; i++) assert_int_equal(state_of(i), 2);
}

static void deadlines_when_of_one_second_share_its_bucket(void **st) {
  (void)st;
  for (u64 i = 1; i <= 20; i++) set_item(i, 50, 0);
  call_of("due(uint16,uint64)");
  put(0x1ffe), put(now() + 50);
  struct evm_result r = call_as(0xca11, 0x1005, 0);
  assert_word(r, 0, 20);
  pass(60);
  assert_int_equal(end_block(), 20);
  call_of("due(uint16,uint64)");
  put(0x1ffe), put(now() - 10);
  r = call_as(0xca11, 0x1005, 0);
  assert_word(r, 0, 0);
}

/* The record "retry" of the scheduler holds how often. */
static void handler_when_it_fails_is_undone_and_tried_again_later(void **st) {
  (void)st;
  set_item(1, 10, 5);
  pass(10);
  assert_int_equal(end_block(), 1);
  assert_int_equal(logs_of("TimerFailed(uint8,bytes32,uint64,bytes)"), 1);
  pass(59);
  assert_int_equal(end_block(), 0);
  pass(1);
  assert_int_equal(end_block(), 1); /* after 60 s */
  pass(119);
  assert_int_equal(end_block(), 0);
  pass(1);
  assert_int_equal(end_block(), 1); /* after 120 s */
  assert_int_equal(state_of(1), 1);
  set_item(1, 5, 0);
  pass(5);
  assert_int_equal(end_block(), 1);
  assert_int_equal(state_of(1), 2);
}

static void scheduler_when_called_by_anybody_refuses(void **st) {
  (void)st;
  call_of("onBlock()");
  struct evm_result r = call_as(0xca11, 0x1005, 0);
  assert_error(&r, "NotAuthorised(address)");
  const struct module_setting *s =
      module_row_at(&module_scheduler, MODULE_ROW_SETTING, 0)->setting;
  assert_string_equal(s->name, "timer_ppm");
  assert_true(s->min <= s->dflt && s->dflt <= s->max && s->max < 1000000);
  call_of("cursor(uint16)");
  put(0x1ffe);
  r = call_as(0xca11, 0x1005, 0);
  assert_word(r, 0, now());
}

static void pause_when_at_level_two_stops_the_clock_and_work(void **st) {
  (void)st;
  set_item(1, 100, 0);
  call_of("setPause(uint8,uint64,bytes32)");
  put(2), put(now() + 1000), put(1);
  struct evm_result r = call();
  assert_error(&r, "NotAuthorised(address)");
  assert_status(call_as(0x1002, 0x1ffe, 0), EVM_SUCCESS);
  call_of("move(uint64,uint64)");
  put(1), put(5);
  r = call();
  assert_error(&r, "ModulePaused(uint8)");
  call_of("take(address,address,uint256)");
  put(0), put(0xbeef), put(0);
  assert_status(call(), EVM_SUCCESS);
  pass(500);
  assert_int_equal(end_block(), 0);
  call_of("pauseLevel()");
  r = call();
  assert_word(r, 0, 2);
  assert_word(r, 2, now() - 500);
  pass(500); /* over by itself */
  r = call();
  assert_word(r, 0, 0);
  assert_word(r, 2, now() - 1000);
  assert_int_equal(end_block(), 0);
  pass(100);
  assert_int_equal(end_block(), 1);
  /* At most 14 days in a series. */
  call_of("setPause(uint8,uint64,bytes32)");
  put(2), put(now() + 14 * 86400), put(1);
  r = call_as(0x1002, 0x1ffe, 0);
  assert_error(&r, "OutOfRange(bytes32,uint256,uint256,uint256)");
  call_of("setPause(uint8,uint64,bytes32)");
  put(1), put(now() + 100), put(1);
  assert_status(call_as(0x1002, 0x1ffe, 0), EVM_SUCCESS);
  assert_int_equal(logs_of("PauseSet(uint8,uint64,bytes32)"), 2);
  call_of("set(uint64,uint64,uint8)");
  put(9), put(9), put(0);
  r = call();
  assert_error(&r, "ModulePaused(uint8)");
}

static void put_name(const char *name) {
  u8 be[32] = {0};
  memcpy(be, name, strlen(name));
  buf_put(&args, be, 32);
}
static void parameter_when_set_stays_in_its_range(void **st) {
  (void)st;
  static const struct { const char *name; u64 v; bool ok; } rows[] = {
    {"limit", 1, true}, {"limit", 9, true}, {"limit", 0, false},
    {"limit", 10, false}, {"bond", 1000000000000000000, true},
    {"bond", 1000000000000000001, false}, {"bond", 999, false}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    call_of("setParam(bytes32,uint256)");
    put_name(rows[i].name), put(rows[i].v);
    struct evm_result r = call_as(0x1002, 0x1ffe, 0);
    if (rows[i].ok) assert_status(r, EVM_SUCCESS);
    else assert_error(&r, "OutOfRange(bytes32,uint256,uint256,uint256)");
    if (!rows[i].ok) continue;
    call_of("param(bytes32)");
    put_name(rows[i].name);
    r = call();
    assert_word(r, 0, rows[i].v);
  }
  assert_int_equal(logs_of("ParamSet(bytes32,uint256,uint256)"), 3);
  call_of("param(bytes32)");
  put_name("nothing");
  struct evm_result r = call();
  assert_error(&r, "NoSuchRecord(uint8,bytes32)");
}

static void record_when_asked_by_number_is_its_abi_text(void **st) {
  (void)st;
  set_item(3, 50, 7);
  call_of("record(uint8,bytes32)");
  put(1), put(3);
  struct evm_result r = call();
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 1, 8 * 32);
  assert_word(r, 2, 1);           /* state */
  assert_word(r, 3, now() + 50);  /* deadline */
  assert_word(r, 7, 3);           /* the key */
  assert_word(r, 8, 7);           /* fails */
  call_of("deadlineOf(uint8,bytes32)");
  put(1), put(3);
  assert_word(call(), 0, now() + 50);
  call_of("record(uint8,bytes32)");
  put(1), put(4);
  r = call();
  assert_error(&r, "NoSuchRecord(uint8,bytes32)");
  call_of("bag(uint64,uint64[])");
  put(8), put(64), put(3), put(5), put(6), put(7);
  r = call();
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 0, 32);
  assert_word(r, 1, 1);
  assert_word(r, 7, 7 * 32);      /* where the numbers are */
  assert_word(r, 8, 3);
  assert_word(r, 11, 7);
  call_of("slotOf(uint8,bytes32)");
  put(2), put(8);
  assert_status(call(), EVM_SUCCESS);
}

static void calls_when_several_are_all_or_nothing(void **st) {
  (void)st;
  call_of("multicall(bytes[])");
  put(32), put(2), put(64), put(64 + 32 + 128);
  u8 sel[4], zeros[28] = {0};
  for (u32 i = 0; i < 2; i++) {
    put(100);
    abi_selector(sel, "set(uint64,uint64,uint8)");
    buf_put(&args, sel, 4);
    put(20 + i), put(100), put(0);
    buf_put(&args, zeros, 28);
  }
  struct evm_result r = call();
  assert_status(r, EVM_SUCCESS);
  assert_int_equal(state_of(21), 1);
  call_of("multicall(bytes[])");
  put(32), put(1), put(32), put(4);
  abi_selector(sel, "multicall(bytes[])");
  buf_put(&args, sel, 4);
  buf_put(&args, zeros, 28);
  r = call();
  assert_error(&r, "BadCalldata(uint16)");
  call_of("supportsInterface(bytes4)");
  u8 be[32] = {0x01, 0xff, 0xc9, 0xa7};
  buf_put(&args, be, 32);
  assert_word(call(), 0, 1);
  call_of("version()");
  assert_word(call(), 0, 1);
}

/*------------------------------------------------------------------- money */

static void cmt_when_put_is_accounted_and_goes_out_at_once(void **st) {
  (void)st;
  addr20 self = th_addr(0x1ffe), to = th_addr(0xbeef);
  call_of("put(address,uint256)");
  put(0), put(40);
  struct evm_result r = call_as(0xca11, 0x1ffe, 41);
  assert_error(&r, "WrongValue(uint256,uint256)");
  r = call_as(0xca11, 0x1ffe, 39);
  assert_error(&r, "WrongValue(uint256,uint256)");
  assert_status(call_as(0xca11, 0x1ffe, 40), EVM_SUCCESS);
  call_of("accounted(address)");
  put(0);
  r = call();
  assert_word(r, 0, 40);
  assert_word(r, 1, 0);
  call_of("take(address,address,uint256)");
  put(0), put(0xbeef), put(30);
  assert_status(call(), EVM_SUCCESS);
  assert_int_equal(th_acc(t, &to)->balance.w[0], 30);
  assert_int_equal(logs_of("Paid(address,address,uint8,bytes32,uint256,"
                           "uint8)"), 1);
  /* What is forced in is surplus, for the treasury alone. */
  th_acc(t, &self)->balance = u256_from(17);
  call_of("accounted(address)");
  put(0);
  r = call();
  assert_word(r, 0, 10);
  assert_word(r, 1, 7);
  call_of("sweepSurplus(address)");
  put(0);
  r = call();
  assert_error(&r, "NotAuthorised(address)");
  assert_status(call_as(0x1002, 0x1ffe, 0), EVM_SUCCESS);
  assert_int_equal(th_acc(t, &self)->balance.w[0], 10);
}

static int open_all(void **st) {
  (void)st;
  mf_open(list, 2, note_log);
  return 0;
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup(f, begin)
  const struct CMUnitTest tests[] = {
    CASE(deadline_when_it_comes_is_taken_once),
    CASE(deadline_when_moved_is_taken_at_the_new_one_alone),
    CASE(deadlines_when_the_chain_stood_still_all_come_in_order),
    CASE(deadlines_when_of_one_second_share_its_bucket),
    CASE(handler_when_it_fails_is_undone_and_tried_again_later),
    CASE(scheduler_when_called_by_anybody_refuses),
    CASE(pause_when_at_level_two_stops_the_clock_and_work),
    CASE(parameter_when_set_stays_in_its_range),
    CASE(record_when_asked_by_number_is_its_abi_text),
    CASE(calls_when_several_are_all_or_nothing),
    CASE(cmt_when_put_is_accounted_and_goes_out_at_once),
  };
#undef CASE
  return cmocka_run_group_tests_name("module_timer", tests, open_all,
                                     mf_close);
}
