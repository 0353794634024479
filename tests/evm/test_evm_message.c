/* test_evm_message.c - calls, creations, delegation, self-destruction and the
** splits that other clients once had. */
#include "evm_test_host.h"

static struct th *host;

/* Returns the first word of storage slot n of 0xc0de. */
static u64 slot_of(u64 addr, u64 n) {
  addr20 a = th_addr(addr);
  u256 key = u256_from(n);
  return th_slot_at(host, &a, &key)->val.w[0];
}

/*------------------------------------------------------------------ calls */

static void call_when_callee_returns_then_output_is_copied(void **s) {
  (void)s;
  th_begin(host, EVM_OSAKA);
  th_put_code(host, 0xaa, "602a5f5260205ff3");
  /* call with 16 bytes of room at 0x20, return memory of 64 bytes */
  struct evm_result r =
      th_run(host, "6010 6020 5f 5f 5f 60aa 5a f1 5f52 60405ff3");
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 0, 1);
  assert_word(r, 1, 0); /* only the first half of the word came */
  r = th_run(host, "6020 6020 5f 5f 5f 60aa 5a f1 3d 5f52 60405ff3");
  assert_word(r, 0, 32);
  assert_word(r, 1, 0x2a);
}

static void call_when_identity_overlaps_then_return_data_is_a_copy(void **s) {
  (void)s;
  /* The split of 2021: identity's output lands shifted over its own input;
  ** return data must stay what it was. */
  th_begin(host, EVM_OSAKA);
  struct evm_result r = th_run(host,
      "7f 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
      "5f52"
      /* out 0x20 at 7, in 0x20 at 0 */
      "6020 6007 6020 5f 5f 6004 5a f1 50"
      /* overwrite memory, then copy return data to 0x40 */
      "5f5f52 5f602052 6020 5f 6040 3e 6020 6040 f3");
  assert_status(r, EVM_SUCCESS);
  for (u32 i = 0; i < 32; i++) assert_int_equal(r.output.ptr[i], i + 1);
}

static void call_when_memory_moves_then_return_data_stays(void **s) {
  (void)s;
  th_begin(host, EVM_OSAKA);
  th_put_code(host, 0xaa, "602a5f5260205ff3");
  struct evm_result r = th_run(host,
      "5f5f5f5f5f60aa5af150 5f620fffe052 60205f5f3e 60205ff3");
  (void)r;
  r = th_call(host, 0xc0de, 10000000, (slice){0});
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 0, 0x2a);
}

static void call_when_refused_then_return_data_is_empty(void **s) {
  (void)s;
  th_begin(host, EVM_OSAKA);
  th_put_code(host, 0xaa, "602a5f5260205ff3");
  /* first a good call, then one whose value is short */
  struct evm_result r = th_run(host,
      "5f5f5f5f5f60aa5af150 5f5f5f5f600160aa5af1 5f52 3d602052 60405ff3");
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 0, 0);
  assert_word(r, 1, 0);
}

static void call_when_gas_is_asked_beyond_then_63_of_64(void **s) {
  (void)s;
  th_begin(host, EVM_OSAKA);
  th_put_code(host, 0xaa, "5a5f5260205ff3");
  struct evm_result r = th_run(host,
      "60205f5f5f5f60aa 67ffffffffffffffff f1 50 60205ff3");
  u64 left = 1000000 - (3 + 2 * 4 + 3 + 3) - 2600 - 3;
  assert_word(r, 0, left - left / 64 - 2);
  /* Frontier: more than there is fails. */
  th_begin(host, EVM_FRONTIER);
  r = th_run(host, "6020600060006000600060aa67ffffffffffffffff f1 50");
  assert_status(r, EVM_OUT_OF_GAS);
}

static void call_when_value_then_stipend_and_price(void **s) {
  (void)s;
  addr20 self = th_addr(0xc0de), to = th_addr(0xaa);
  th_begin(host, EVM_OSAKA);
  th_acc(host, &self)->balance = u256_from(5);
  th_put_code(host, 0xaa, "5a5f5260205ff3");
  struct evm_result r = th_run(host, "60205f5f5f600360aa5ff150 60205ff3");
  assert_word(r, 0, 2300 - 2);
  assert_int_equal(th_acc(host, &to)->balance.w[0], 3);
  assert_int_equal(th_acc(host, &self)->balance.w[0], 2);
  /* to a missing account: 25000 more */
  r = th_run(host, "5f5f5f5f600160bb5ff1 00");
  assert_status(r, EVM_SUCCESS);
  assert_int_equal(th_used(&r), 2 * 4 + 3 + 3 + 2 + 2600 + 9000 + 25000 - 2300);
}

static void calls_when_of_each_kind_then_right_context(void **s) {
  (void)s;
  /* The callee returns address, caller, value. */
  static const struct { const char *call; u64 addr, caller, value; } row[] = {
    {"60605f5f5f 6002 60aa 5a f1", 0xaa, 0xc0de, 2},
    {"60605f5f5f 6002 60aa 5a f2", 0xc0de, 0xc0de, 2},
    {"60605f5f5f 60aa 5a f4", 0xc0de, 0xca11, 0},
    {"60605f5f5f 60aa 5a fa", 0xaa, 0xc0de, 0},
  };
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    char code[128];
    addr20 self = th_addr(0xc0de);
    th_begin(host, EVM_OSAKA);
    th_acc(host, &self)->balance = u256_from(5);
    th_put_code(host, 0xaa, "305f523360205234604052 60605ff3");
    snprintf(code, sizeof code, "%s 50 60605ff3", row[i].call);
    struct evm_result r = th_run(host, code);
    assert_status(r, EVM_SUCCESS);
    assert_word(r, 0, row[i].addr);
    assert_word(r, 1, row[i].caller);
    assert_word(r, 2, row[i].value);
  }
}

static void call_when_1024_deep_then_next_is_refused(void **s) {
  (void)s;
  th_begin(host, EVM_FRONTIER);
  /* Counts in slot 0, calls itself with all gas but some. */
  struct evm_result r;
  th_put_code(host, 0xc0de,
              "600160005401600055 6000600060006000600061c0de"
              "61fde8 5a03 f1 600155");
  r = th_call(host, 0xc0de, (u64)1 << 40, (slice){0});
  assert_status(r, EVM_SUCCESS);
  assert_int_equal(slot_of(0xc0de, 0), 1025);
}

static void static_call_when_callee_changes_then_it_fails(void **s) {
  (void)s;
  static const char *const bad[] = {
    "60015f55", "60015f5d", "5f5fa0", "5f5f5ff0", "5f5f5f5ff5", "5fff",
    "5f5f5f5f600160bb5af1"};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    th_begin(host, EVM_OSAKA);
    th_put_code(host, 0xaa, bad[i]);
    struct evm_result r = th_run(host, "5f5f5f5f60aa61fffffa 5f52 60205ff3");
    assert_status(r, EVM_SUCCESS);
    assert_word(r, 0, 0);
    /* through a plain call below it is still static */
    th_begin(host, EVM_OSAKA);
    th_put_code(host, 0xaa, bad[i]);
    th_put_code(host, 0xab, "5f5f5f5f5f60aa61fffff1 5f52 60205ff3");
    r = th_run(host, "60205f5f5f60ab5afa 50 60205ff3");
    assert_word(r, 0, 0);
  }
}

static void revert_when_used_then_state_back_and_data_kept(void **s) {
  (void)s;
  th_begin(host, EVM_OSAKA);
  th_put_code(host, 0xaa, "60015f55 602a5f52 60205ffd");
  struct evm_result r = th_run(host,
      "5f5f5f5f5f60aa61fffff1 5f52 60205f60203e 3d604052 60605ff3");
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 0, 0);
  assert_word(r, 1, 0x2a);
  assert_word(r, 2, 32);
  assert_int_equal(slot_of(0xaa, 0), 0);
}

static void touch_of_ripemd_when_call_fails_then_survives(void **s) {
  (void)s;
  addr20 ripemd = th_addr(3);
  th_begin(host, EVM_SPURIOUS);
  /* The contract calls 0x3 with no gas, then fails itself. */
  struct evm_result r = th_run(host, "6000600060006000600060036000f1 fe");
  assert_status(r, EVM_BAD_OPCODE);
  assert_true(th_acc(host, &ripemd)->exists);
  th_begin(host, EVM_HOMESTEAD);
  r = th_run(host, "6000600060006000600060036000f1 fe");
  assert_false(th_acc(host, &ripemd)->exists);
}

/* What moves value is no touch; it is undone. */
static void call_of_ripemd_when_with_value_then_undone(void **s) {
  (void)s;
  addr20 ripemd = th_addr(3), self = th_addr(0xc0de);
  th_begin(host, EVM_SPURIOUS);
  th_acc(host, &self)->balance = u256_from(5);
  struct evm_result r = th_run(host, "6000600060006000600260036000f1 fe");
  assert_status(r, EVM_BAD_OPCODE);
  assert_false(th_acc(host, &ripemd)->exists);
}

/*-------------------------------------------------------------- creations */

static void create_when_code_is_good_then_deployed(void **s) {
  (void)s;
  th_begin(host, EVM_OSAKA);
  addr20 self = th_addr(0xc0de), made;
  th_acc(host, &self)->nonce = 7;
  /* init code: return one byte 0x00 (STOP): 60015ff3 */
  struct evm_result r =
      th_run(host, "6360015ff35f52 6004601c5f f0 5f52 3d602052 60405ff3");
  assert_status(r, EVM_SUCCESS);
  evm_create_addr(&made, &self, 7);
  assert_memory_equal(r.output.ptr + 12, made.b, 20);
  assert_word(r, 1, 0);
  assert_int_equal(th_acc(host, &made)->code_len, 1);
  assert_int_equal(th_acc(host, &made)->nonce, 1);
  assert_int_equal(th_acc(host, &self)->nonce, 8);
}

static void create_addr_when_known_then_matches(void **s) {
  (void)s;
  /* EIP-1014, examples 2 and 6; the create address of a well-known pair. */
  addr20 a = {{0}}, out;
  u256 salt = U256_ZERO;
  hash32 h;
  u8 code[1] = {0};
  crypto_keccak256(&h, code, 1);
  evm_create2_addr(&out, &a, &salt, &h);
  slice want = vec_hex("4D1A2e2bB4F88F0250f26Ffff098B0b30B26BF38");
  assert_memory_equal(out.b, want.ptr, 20);
  vec_free(want);
  slice from = vec_hex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0");
  static const char *const made[] = {
    "cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d",
    "343c43a37d37dff08ae8c4a11544c718abb4fcf8"};
  memcpy(a.b, from.ptr, 20);
  vec_free(from);
  for (u64 n = 0; n < 2; n++) {
    evm_create_addr(&out, &a, n);
    want = vec_hex(made[n]);
    assert_memory_equal(out.b, want.ptr, 20);
    vec_free(want);
  }
}

static struct evm_result create(enum evm_kind kind, u64 gas, slice init) {
  struct evm_result r;
  struct evm_msg m = {.kind = kind, .gas = gas, .sender = th_addr(0xca11),
                      .input = init};
  addr20 sender = m.sender;
  th_acc(host, &sender)->nonce++;
  evm_run(host->evm, &r, &m);
  return r;
}

static void create_when_deposit_is_short_then_by_fork(void **s) {
  (void)s;
  /* 60015ff3 costs little, one byte of code 200 */
  const u8 init[] = {0x60, 0x01, 0x60, 0x00, 0xf3};
  th_begin(host, EVM_HOMESTEAD);
  struct evm_result r = create(EVM_CREATE, 100, slice_of(init, sizeof init));
  assert_status(r, EVM_OUT_OF_GAS);
  assert_int_equal(r.gas_left, 0);
  th_begin(host, EVM_FRONTIER);
  r = create(EVM_CREATE, 100, slice_of(init, sizeof init));
  assert_status(r, EVM_SUCCESS);
  assert_int_equal(r.gas_left, 100 - 9);
  assert_int_equal(th_acc(host, &r.created)->code_len, 0);
}

static void create_when_code_starts_with_ef_then_refused_from_london(void **s) {
  (void)s;
  const u8 init[] = {0x60, 0xef, 0x60, 0x00, 0x53, 0x60, 0x01, 0x60, 0x00,
                     0xf3};
  th_begin(host, EVM_BERLIN);
  assert_status(create(EVM_CREATE, 9999, slice_of(init, sizeof init)),
                EVM_SUCCESS);
  th_begin(host, EVM_LONDON);
  assert_status(create(EVM_CREATE, 9999, slice_of(init, sizeof init)),
                EVM_BAD_CODE);
}

static void create_when_code_is_too_long_then_refused(void **s) {
  (void)s;
  const u8 init[] = {0x61, 0x60, 0x01, 0x60, 0x00, 0xf3}; /* 24577 zeros */
  const u8 fits[] = {0x61, 0x60, 0x00, 0x60, 0x00, 0xf3};
  th_begin(host, EVM_OSAKA);
  assert_status(create(EVM_CREATE, 9999999, slice_of(init, sizeof init)),
                EVM_CODE_SIZE);
  th_begin(host, EVM_OSAKA);
  assert_status(create(EVM_CREATE, 9999999, slice_of(fits, sizeof fits)),
                EVM_SUCCESS);
}

static void create_when_address_is_taken_then_gas_is_gone(void **s) {
  (void)s;
  for (int k = 0; k < 3; k++) {
    addr20 a = th_addr(0xca11), made;
    u256 key = u256_from(9);
    th_begin(host, EVM_OSAKA);
    evm_create_addr(&made, &a, 0);
    if (k == 0) th_acc(host, &made)->nonce = 1;
    if (k == 1) th_code_set(host, &made, slice_str("x"));
    if (k == 2) th_slot_at(host, &made, &key)->val = u256_from(1);
    struct evm_result r = create(EVM_CREATE, 9999, (slice){0});
    assert_status(r, EVM_CREATE_COLLISION);
    assert_int_equal(r.gas_left, 0);
  }
}

static void create_when_nonce_is_at_its_end_then_refused(void **s) {
  (void)s;
  addr20 self = th_addr(0xc0de);
  th_begin(host, EVM_OSAKA);
  th_acc(host, &self)->nonce = UINT64_MAX;
  struct evm_result r = th_run(host, "5f5f5ff0 5f52 5a602052 60405ff3");
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 0, 0);
  assert_true(th_word(r.output, 1).w[0] > 900000); /* the gas came back */
  assert_true(th_acc(host, &self)->nonce == UINT64_MAX);
}

static void init_code_when_over_limit_then_out_of_gas(void **s) {
  (void)s;
  th_begin(host, EVM_SHANGHAI);
  struct evm_result r = th_run(host, "61c0015f5ff0"); /* 49153 */
  assert_status(r, EVM_OUT_OF_GAS);
  r = th_run(host, "61c0005f5ff0");
  assert_status(r, EVM_SUCCESS);
}

/*------------------------------------------------------------- delegation */

static void put_delegation(u64 from, u64 to) {
  char hex[64];
  snprintf(hex, sizeof hex, "ef0100%040llx", (unsigned long long)to);
  th_put_code(host, from, hex);
}

static void delegated_call_when_made_then_delegates_code_runs(void **s) {
  (void)s;
  th_begin(host, EVM_PRAGUE);
  th_put_code(host, 0xdd, "305f5260205ff3"); /* returns ADDRESS */
  put_delegation(0xaa, 0xdd);
  struct evm_result r = th_run(host, "60205f5f5f5f60aa5ff1 60205ff3");
  assert_status(r, EVM_SUCCESS);
  /* no gas for the callee: 2600 for each of both accounts */
  assert_int_equal(th_used(&r), 3 + 2 * 4 + 3 + 2 + 2600 + 2600 + 3 + 3 + 2);
  r = th_run(host, "60205f5f5f5f60aa5af1 50 60205ff3");
  assert_word(r, 0, 0xaa);
  r = th_call(host, 0xaa, 99999, (slice){0});
  assert_word(r, 0, 0xaa);
  /* the code that others see is the 23 bytes */
  r = th_run(host, "60aa3b5f5260205ff3");
  assert_word(r, 0, 23);
}

static void delegation_when_in_a_chain_or_to_precompile_then_one_step(
    void **s) {
  (void)s;
  th_begin(host, EVM_PRAGUE);
  put_delegation(0xaa, 0xbb);
  put_delegation(0xbb, 0xaa);
  struct evm_result r = th_call(host, 0xaa, 99999, (slice){0});
  assert_status(r, EVM_BAD_OPCODE); /* 0xef is executed */
  put_delegation(0xaa, 4);
  r = th_call(host, 0xaa, 99999, slice_str("text"));
  assert_status(r, EVM_SUCCESS);
  assert_int_equal(r.output.len, 0);
  assert_int_equal(r.gas_left, 99999);
}

/*---------------------------------------------------------- selfdestruct */

static void selfdestruct_when_to_itself_then_by_fork(void **s) {
  (void)s;
  addr20 self = th_addr(0xc0de);
  th_begin(host, EVM_SHANGHAI);
  th_acc(host, &self)->balance = u256_from(5);
  struct evm_result r = th_run(host, "30ff");
  assert_status(r, EVM_SUCCESS);
  assert_int_equal(th_acc(host, &self)->balance.w[0], 0);
  assert_true(th_acc(host, &self)->destructed);
  /* Cancun: not created in this transaction, so it only sends. */
  th_begin(host, EVM_CANCUN);
  th_acc(host, &self)->balance = u256_from(5);
  r = th_run(host, "30ff");
  assert_int_equal(th_acc(host, &self)->balance.w[0], 5);
  assert_false(th_acc(host, &self)->destructed);
  th_begin(host, EVM_CANCUN);
  th_acc(host, &self)->balance = u256_from(5);
  th_acc(host, &self)->created = true;
  r = th_run(host, "30ff");
  assert_int_equal(th_acc(host, &self)->balance.w[0], 0);
  assert_true(th_acc(host, &self)->destructed);
}

static void selfdestruct_when_priced_then_by_fork(void **s) {
  (void)s;
  static const struct { enum evm_fork fork; u64 balance, used; i64 refund; }
  row[] = {
    {EVM_FRONTIER, 0, 3, 24000}, {EVM_TANGERINE, 0, 30003, 24000},
    {EVM_SPURIOUS, 0, 5003, 24000}, {EVM_SPURIOUS, 1, 30003, 24000},
    {EVM_BERLIN, 1, 32603, 24000}, {EVM_LONDON, 0, 7603, 0}};
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    addr20 self = th_addr(0xc0de);
    th_begin(host, row[i].fork);
    th_acc(host, &self)->balance = u256_from(row[i].balance);
    struct evm_result r = th_run(host, "60bbff");
    assert_status(r, EVM_SUCCESS);
    assert_int_equal(th_used(&r), row[i].used);
    assert_int_equal(host->w.refund, row[i].refund);
  }
}

/*------------------------------------------------------- logs, precompiles */

static void log_when_made_then_topics_and_data(void **s) {
  (void)s;
  th_begin(host, EVM_OSAKA);
  struct evm_result r =
      th_run(host, "602a5f52 60046003600260016020 5f a4 00");
  assert_status(r, EVM_SUCCESS);
  assert_int_equal(host->w.log_cnt, 1);
  assert_int_equal(host->w.log[0].topic_cnt, 4);
  for (u32 i = 0; i < 4; i++)
    assert_int_equal(host->w.log[0].topic[i].b[31], i + 1);
  assert_int_equal(host->w.log[0].len, 32);
  assert_int_equal(host->w.log[0].data[31], 0x2a);
}

static void precompiles_when_listed_then_by_fork(void **s) {
  (void)s;
  static const struct { enum evm_fork fork; u32 cnt; } row[] = {
    {EVM_FRONTIER, 4}, {EVM_BYZANTIUM, 8}, {EVM_ISTANBUL, 9},
    {EVM_CANCUN, 10}, {EVM_PRAGUE, 17}, {EVM_OSAKA, 18}};
  for (size_t i = 0; i < ARRAY_LEN(row); i++) {
    const addr20 *list;
    u32 cnt, hits = 0;
    evm_precompiles(row[i].fork, &list, &cnt);
    assert_int_equal(cnt, row[i].cnt);
    for (u32 k = 0; k < cnt; k++)
      assert_true(evm_is_precompile(row[i].fork, &list[k]));
    for (u64 n = 0; n < 70000; n++) {
      addr20 a = th_addr(n);
      hits += evm_is_precompile(row[i].fork, &a);
    }
    assert_int_equal(hits, cnt);
  }
}

/*---------------------------------------------------------------- tracing */

static struct { u32 enter, leave; u8 op[8]; enum evm_status status[8]; } seen;

static void see_enter(void *ctx, const struct evm_msg *msg, u8 op) {
  (void)ctx, (void)msg;
  seen.op[seen.enter++] = op;
}
static void see_leave(void *ctx, const struct evm_msg *msg,
                      const struct evm_result *r) {
  (void)ctx, (void)msg;
  seen.status[seen.leave++] = r->status;
}

static void trace_when_messages_nest_then_enter_and_leave_pair(void **s) {
  (void)s;
  const struct evm_tracer tracer = {.enter = see_enter, .leave = see_leave};
  th_begin(host, EVM_OSAKA);
  th_put_code(host, 0xaa, "30ff");
  memset(&seen, 0, sizeof seen);
  evm_set_tracer(host->evm, &tracer);
  /* static call to identity, a call whose value is short, one that ends in
  ** SELFDESTRUCT */
  struct evm_result r = th_run(host,
      "5f5f5f5f60045afa 5f5f5f5f600160aa5af1 5f5f5f5f5f60aa5af1");
  evm_set_tracer(host->evm, NULL);
  assert_status(r, EVM_SUCCESS);
  assert_int_equal(seen.enter, 5);
  assert_int_equal(seen.leave, 5);
  assert_memory_equal(seen.op, "\xf1\xfa\xf1\xf1\xff", 5);
  assert_int_equal(seen.status[1], EVM_BALANCE_SHORT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(call_when_callee_returns_then_output_is_copied),
    cmocka_unit_test(call_when_identity_overlaps_then_return_data_is_a_copy),
    cmocka_unit_test(call_when_memory_moves_then_return_data_stays),
    cmocka_unit_test(call_when_refused_then_return_data_is_empty),
    cmocka_unit_test(call_when_gas_is_asked_beyond_then_63_of_64),
    cmocka_unit_test(call_when_value_then_stipend_and_price),
    cmocka_unit_test(calls_when_of_each_kind_then_right_context),
    cmocka_unit_test(call_when_1024_deep_then_next_is_refused),
    cmocka_unit_test(static_call_when_callee_changes_then_it_fails),
    cmocka_unit_test(revert_when_used_then_state_back_and_data_kept),
    cmocka_unit_test(touch_of_ripemd_when_call_fails_then_survives),
    cmocka_unit_test(call_of_ripemd_when_with_value_then_undone),
    cmocka_unit_test(create_when_code_is_good_then_deployed),
    cmocka_unit_test(create_addr_when_known_then_matches),
    cmocka_unit_test(create_when_deposit_is_short_then_by_fork),
    cmocka_unit_test(create_when_code_starts_with_ef_then_refused_from_london),
    cmocka_unit_test(create_when_code_is_too_long_then_refused),
    cmocka_unit_test(create_when_address_is_taken_then_gas_is_gone),
    cmocka_unit_test(create_when_nonce_is_at_its_end_then_refused),
    cmocka_unit_test(init_code_when_over_limit_then_out_of_gas),
    cmocka_unit_test(delegated_call_when_made_then_delegates_code_runs),
    cmocka_unit_test(
        delegation_when_in_a_chain_or_to_precompile_then_one_step),
    cmocka_unit_test(selfdestruct_when_to_itself_then_by_fork),
    cmocka_unit_test(selfdestruct_when_priced_then_by_fork),
    cmocka_unit_test(log_when_made_then_topics_and_data),
    cmocka_unit_test(precompiles_when_listed_then_by_fork),
    cmocka_unit_test(trace_when_messages_nest_then_enter_and_leave_pair),
  };
  host = th_open();
  int failed = cmocka_run_group_tests_name("evm_message", tests, NULL, NULL);
  th_close(host);
  return failed;
}
