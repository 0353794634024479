/* test_module_flood.c - very many deadlines at once: the backlog drains in
** order, no block takes more than its budget, each deadline is taken once, and
** after the chain stood still for 17 hours the cursor catches up.
**
** FLOOD in the environment says how many (20,000): make flood takes 10^6. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "module/module.h"
#include "module/module_host.h"

#define MODULE_PUBLIC(what, name) flood_##what##_##name
#include "module/pass_record.inc"
#include "module/flood.def"
#include "module/pass_end.inc"
#define ID(what, name) flood_##what##_##name
#include "module/pass_struct.inc"
#include "module/flood.def"
#include "module/pass_param.inc"
#include "module/flood.def"
static const struct module_row flood_rows[] = {
#include "module/pass_row.inc"
#include "module/flood.def"
};
#include "module/pass_end.inc"

enum { FLOOD_NUMBER = 0x1ffd, FLOOD_BUDGET = 20000000 };

static u64 flood_due, flood_taken; /* the last deadline, and how many */

static enum module_end flood_do_fill(struct module_call *c,
                                     const struct flood_in_fill *in,
                                     struct flood_out_fill *out) {
  (void)out;
  for (u64 i = 0; i < in->count; i++) {
    struct flood_record_item r = {.state = 1, .created = c->now_s};
    u256 key = u256_from(in->first + i);
    module_timer_set(c, (struct module_header *)&r, 1, &key,
                     c->now_s + in->after + (in->every ? i / in->every : 0));
    module_record_put(c, &flood_table_item, &key, &r);
  }
  return MODULE_DONE;
}
static bool flood_timer(struct module_call *c, u8 type, const u256 *key) {
  struct flood_record_item r;
  MUST(type == 1);
  module_record_get(c, &flood_table_item, &r, key);
  assert_int_equal(r.state, 1); /* once */
  assert_true(r.deadline >= flood_due && r.deadline <= c->now_s);
  flood_due = r.deadline;
  r.deadline = 0;
  r.state = 2;
  module_record_put(c, &flood_table_item, key, &r);
  flood_taken++;
  return true;
}
#undef ID
#undef MODULE_PUBLIC

static const struct module_def flood_def = {
  .name = "Flood", .text = "Flood, for tests", .number = FLOOD_NUMBER,
  .row = flood_rows, .row_cnt = ARRAY_LEN(flood_rows), .base = &module_common,
  .timer = flood_timer};
static const struct module_def *const flood_list[] = {&module_scheduler,
                                                      &flood_def};

/*------------------------------------------------------- a world of a map */

static struct map flood_slots;
static struct module_set *flood_set;
static struct evm *flood_evm;
static struct evm_block flood_block;
static struct evm_host flood_host;

static void revert(void *ctx, u32 snap) {
  (void)ctx, (void)snap;
  fail_msg("a handler was undone");
}
static bool native(void *ctx, struct evm_native *n) {
  (void)ctx;
  return module_run(flood_set, n, 3, NULL);
}

static u64 run(bool system, u16 to, slice input, u64 gas) {
  static const struct evm_tx tx;
  struct evm_result r;
  struct evm_msg m = {.kind = EVM_CALL, .gas = (i64)gas, .input = input};
  module_address(&m.recipient, to);
  m.code_addr = m.recipient;
  memset(m.sender.b, 0xff, 20);
  m.sender.b[19] = system ? 0xfe : 1;
  evm_block_begin(flood_evm, EVM_OSAKA, &flood_block, &flood_host);
  evm_tx_begin(flood_evm, &tx);
  evm_run(flood_evm, &r, &m);
  assert_int_equal(r.status, EVM_SUCCESS);
  return gas - (u64)r.gas_left;
}
static void fill(u64 first, u64 count, u64 after, u64 every) {
  u8 in[4 + 4 * 32] = {0};
  u64 v[] = {first, count, after, every};
  abi_selector(in, "fill(uint64,uint64,uint64,uint64)");
  for (u32 i = 0; i < 4; i++) store_be64(in + 4 + 32 * i + 24, v[i]);
  run(false, FLOOD_NUMBER, slice_of(in, sizeof in), 1ull << 50);
}
/* Blocks a second apart until what was set is taken; the number of them. */
static u64 drain(u64 count) {
  u8 in[4];
  u64 blocks = 0, before;
  abi_selector(in, "onBlock()");
  for (; flood_taken < count; blocks++) {
    before = flood_taken;
    u64 used = run(true, 0x1005, slice_of(in, 4), FLOOD_BUDGET);
    assert_true(used <= FLOOD_BUDGET);
    flood_block.number++;
    flood_block.timestamp++;
    assert_true(flood_taken > before || blocks < 100);
  }
  run(true, 0x1005, slice_of(in, 4), FLOOD_BUDGET);
  assert_int_equal(flood_taken, count);
  return blocks;
}

static u64 count_wanted(void) {
  const char *s = getenv("FLOOD");
  return s ? strtoull(s, NULL, 10) : 20000;
}

static void flood_when_of_one_second_drains_in_order(void **st) {
  (void)st;
  u64 cnt = count_wanted();
  flood_taken = flood_due = 0;
  fill(1, cnt, 10, 0);
  flood_block.timestamp += 10;
  u64 blocks = drain(cnt);
  printf("# %llu deadlines of one second: %llu blocks\n",
         (unsigned long long)cnt, (unsigned long long)blocks);
  assert_true(blocks > 1 && blocks < cnt);
}

static void flood_when_the_chain_stood_17_hours_is_caught_up(void **st) {
  (void)st;
  u64 cnt = count_wanted(), halt = 17 * 3600;
  flood_taken = flood_due = 0;
  fill(cnt + 1, cnt, 1, cnt / halt + 1);
  flood_block.timestamp += halt;
  u64 blocks = drain(cnt);
  printf("# %llu deadlines of 17 hours: %llu blocks\n",
         (unsigned long long)cnt, (unsigned long long)blocks);
  assert_true(blocks > 1 && blocks < cnt);
}

static int open_all(void **st) {
  u8 in[4];
  (void)st;
  mh_open(&flood_slots);
  flood_set = module_set_open(flood_list, 2);
  flood_evm = evm_open();
  flood_block = (struct evm_block){.number = 7, .timestamp = 1000000};
  flood_host = mh_host(&flood_slots, native);
  flood_host.revert = revert;
  abi_selector(in, "onBlock()");
  run(true, 0x1005, slice_of(in, 4), FLOOD_BUDGET);
  return 0;
}
static int close_all(void **st) {
  (void)st;
  evm_close(flood_evm);
  module_set_close(flood_set);
  map_fini(&flood_slots);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(flood_when_of_one_second_drains_in_order),
    cmocka_unit_test(flood_when_the_chain_stood_17_hours_is_caught_up),
  };
  return cmocka_run_group_tests_name("module_flood", tests, open_all,
                                     close_all);
}
