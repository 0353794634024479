/* test_module_dispatch.c - the framework of native modules: dispatch, every
** kind of argument, named errors, events, records, parameters, gas, the texts
** made from the table; and that the rows of each table are known to a test. */
#include <dirent.h>

#include "module/module_fixture.h"

#include "chain/chain_module.h"
#include "codec/json.h"
#include "dpos/dpos_credit.h"
#include "module/sample.h"

#define AT 0x1fff

/* The world of th keeps 64 bytes of a log: enough. */
static void log_cut(void *ctx, const addr20 *a, const hash32 *topics,
                    u32 topic_cnt, slice data) {
  assert_int_equal(data.len, 128);
  th_log(ctx, a, topics, topic_cnt, slice_of(data.ptr, 64));
}

static void put_text(const char *s, size_t len) {
  static const u8 zeros[32];
  put(len);
  buf_put(&args, s, len);
  buf_put(&args, zeros, (32 - len % 32) % 32);
}
static struct evm_result call_as(enum evm_kind kind, bool is_static,
                                 u64 value, u64 gas) {
  struct evm_result r;
  struct evm_msg m = {.kind = kind, .gas = gas, .input = buf_slice(&args),
                      .is_static = is_static, .value = u256_from(value),
                      .sender = th_addr(0xca11), .recipient = th_addr(AT),
                      .code_addr = th_addr(AT)};
  if (kind == EVM_DELEGATECALL) m.recipient = th_addr(0xca11);
  evm_run(t->evm, &r, &m);
  return r;
}
static struct evm_result call(void) {
  return call_as(EVM_CALL, false, 0, 1000000);
}
static u64 error_word(const struct evm_result *r, u32 at) {
  u256 v = th_word(slice_of(r->output.ptr + 4, r->output.len - 4), at);
  return v.w[0];
}

static int begin(void **st) {
  (void)st;
  th_begin(t, EVM_OSAKA);
  addr20 self = th_addr(AT);
  th_acc(t, &self)->exists = true;
  return 0;
}

#define ECHO "echo(uint8,uint16,uint32,uint64,uint128,uint256,bool,address," \
             "bytes4,bytes32,bytes,string)"
static void put_echo(void) {
  u8 be[32] = {0};
  call_of(ECHO);
  put(255), put(65535), put(0xffffffff), put(1ull << 63);
  be[16] = 0xff, be[31] = 1;
  buf_put(&args, be, 32); /* a full uint128 */
  memset(be, 0xee, 32);
  buf_put(&args, be, 32);
  put(1), put(0xca11);
  memset(be, 0, 32);
  be[0] = 0xde;
  buf_put(&args, be, 32); /* bytes4 */
  memset(be, 7, 32);
  buf_put(&args, be, 32);
  put(12 * 32), put(12 * 32 + 64);
  put_text("\x00\x01\x02", 3);
  put_text("s\xc3\xbc\xc3\x9f", 5);
}

static void echo_when_every_kind_is_given_returns_the_same(void **st) {
  (void)st;
  put_echo();
  struct evm_result r = call();
  assert_status(r, EVM_SUCCESS);
  assert_true(slice_eq(r.output, slice_of(args.ptr + 4, args.len - 4)));
  assert_int_equal(th_used(&r), 400 + 3 * ((args.len + 31) / 32) + 10);
  buf_put(&args, "junk", 4); /* behind the last part */
  r = call();
  assert_status(r, EVM_SUCCESS);
}

static void argument_when_malformed_is_named_by_its_number(void **st) {
  (void)st;
  /* One byte more than its type holds, at the word's high end. */
  static const u32 first_bad[] = {30, 29, 27, 23, 15};
  for (u32 i = 0; i < 5; i++) {
    put_echo();
    args.ptr[4 + 32 * i + first_bad[i]] = 1;
    struct evm_result r = call();
    assert_error(&r, "BadCalldata(uint16)");
    assert_int_equal(error_word(&r, 0), i + 1);
  }
  static const struct { u32 at; u8 v; u32 number; } rows[] = {
    {32 * 6 + 31, 2, 7},          /* bool 2 */
    {32 * 7 + 11, 1, 8},          /* address of 21 bytes */
    {32 * 8 + 4, 1, 9},           /* bytes4 of 5 */
    {32 * 10 + 0, 1, 11},         /* an offset far outside */
    {32 * 10 + 30, 0xff, 11},
    {32 * 12 + 0, 1, 11},         /* a length far outside */
    {32 * 12 + 30, 1, 11},
    {32 * 13 + 3, 9, 11},         /* padding that is not zero */
    {32 * 15 + 1, 0x80, 12},      /* no UTF-8 */
  };
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    put_echo();
    args.ptr[4 + rows[i].at] = rows[i].v;
    struct evm_result r = call();
    assert_error(&r, "BadCalldata(uint16)");
    assert_int_equal(error_word(&r, 0), rows[i].number);
  }
  for (size_t len = 4; len < args.len - 32; len += 32) {
    put_echo();
    args.len = len;
    struct evm_result r = call();
    assert_error(&r, "BadCalldata(uint16)");
  }
}

static void utf8_when_overlong_or_surrogate_is_refused(void **st) {
  (void)st;
  static const char *const bad[] = {
    "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\x80",
    "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80", "\xe2\x82", "\xff"};
  static const char *const good[] = {
    "", "a", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf",
    "\xf4\x8f\xbf\xbf"};
  for (u32 i = 0; i < ARRAY_LEN(bad) + ARRAY_LEN(good); i++) {
    bool is_bad = i < ARRAY_LEN(bad);
    const char *s = is_bad ? bad[i] : good[i - ARRAY_LEN(bad)];
    put_echo();
    args.len = 4 + 32 * 14;
    put_text(s, strlen(s));
    struct evm_result r = call();
    if (is_bad) assert_error(&r, "BadCalldata(uint16)");
    else assert_status(r, EVM_SUCCESS);
  }
}

static void lists_when_given_are_read_and_returned(void **st) {
  (void)st;
  call_of("lists(address[],uint64[],bytes4[])");
  put(96), put(96 + 96), put(96 + 96 + 96);
  put(2), put(0xaa), put(0xbb);
  put(2), put(5), put(6);
  put(1);
  u8 be[32] = {0, 0, 1, 2};
  buf_put(&args, be, 32);
  struct evm_result r = call();
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 2, 0x0102);
  assert_word(r, 3, 2);
  assert_word(r, 4, 0xaa);
  assert_word(r, 8, 6);
  args.ptr[args.len - 1] = 1; /* a bytes4 with a tail */
  r = call();
  assert_error(&r, "BadCalldata(uint16)");
  assert_int_equal(error_word(&r, 0), 3);
  /* The same tail thrice says more than four times what was sent. */
  call_of("lists(address[],uint64[],bytes4[])");
  put(96), put(96), put(96), put(1025);
  for (u32 i = 0; i < 1025; i++) put(0);
  r = call();
  assert_error(&r, "BadCalldata(uint16)"); /* over MODULE_LIST_MAX */
}

static void tuple_when_given_is_decoded_and_encoded(void **st) {
  (void)st;
  call_of("tuple(uint64,(uint64,string)[],address[])");
  put(9), put(96), put(96 + 32 + 32 + 64 + 64);
  put(1), put(32), put(77), put(64);
  put_text("shoe", 4);
  put(2), put(0xaa), put(0xbb);
  struct evm_result r = call();
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 1, 9);
  assert_word(r, 2, 0xbb);
  assert_word(r, 3, 1);
  assert_word(r, 5, 77);
  args.ptr[4 + 32 * 4 + 0] = 1;
  r = call();
  assert_error(&r, "BadCalldata(uint16)");
}

static void struct_when_nested_is_decoded_and_encoded_the_same(void **st) {
  (void)st;
  u8 all[32], code[32] = {'D', 'E'};
  memset(all, 0xff, 32);
  call_of("deep(((uint8,bytes8,int32,int256),(uint8,bytes8,int32,int256)[],"
          "bytes[],bytes32[],uint256[],uint256)[],(uint64,string),int64)");
  put(96), put(96 + 32 * 26), buf_put(&args, all, 32); /* minus: -1 */
  put(1), put(32);                       /* one Deep, behind its offset */
  put(7), buf_put(&args, code, 32), buf_put(&args, all, 32),
      buf_put(&args, all, 32);
  put(32 * 9), put(32 * 14), put(32 * 20), put(32 * 22), put(5);
  put(1), put(9), put(0), put(3), put(4);                     /* many */
  put(2), put(64), put(128), put_text("abc", 3), put_text("", 0);
  put(1), put(77);                                            /* roots */
  put(1), put(88);                                            /* sums */
  put(5), put(64), put_text("last", 4);
  struct evm_result r = call();
  assert_status(r, EVM_SUCCESS);
  assert_true(slice_eq(r.output, slice_of(args.ptr + 4, args.len - 4)));
  args.ptr[4 + 32 * 7] = 0x7f; /* an int32 that is none */
  r = call();
  assert_error(&r, "BadCalldata(uint16)");
  assert_int_equal(error_word(&r, 0), 1);
}

static void amount_when_at_most_127_bits_is_taken(void **st) {
  (void)st;
  u8 be[32] = {[16] = 0x7f};
  call_of("amount(uint256)");
  buf_put(&args, be, 32);
  struct evm_result r = call_as(EVM_CALL, false, 5, 1000000);
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 0, 5);
  args.ptr[4 + 16] = 0x80;
  r = call();
  assert_error(&r, "AmountTooLarge()");
  args.len = 4;
  r = call();
  assert_error(&r, "BadCalldata(uint16)");
}

static void call_when_not_meant_is_refused_with_its_name(void **st) {
  (void)st;
  call_of("limit()");
  struct evm_result r = call_as(EVM_DELEGATECALL, false, 0, 100000);
  assert_error(&r, "DelegateCallForbidden()");
  r = call_as(EVM_CALLCODE, false, 0, 100000);
  assert_error(&r, "DelegateCallForbidden()");
  r = call_as(EVM_CALL, false, 1, 100000);
  assert_error(&r, "NonPayable()");
  buf_clear(&args);
  r = call();
  assert_error(&r, "NoPlainTransfer()");
  buf_put(&args, "\x01\x02", 2);
  r = call();
  assert_error(&r, "UnknownMethod(bytes4)");
  call_of("nothing()");
  r = call();
  assert_error(&r, "UnknownMethod(bytes4)");
  assert_memory_equal(r.output.ptr + 4, args.ptr, 4);
  call_of("save(uint64,address,uint64)");
  put(1), put(2), put(3);
  r = call_as(EVM_STATICCALL, true, 0, 100000);
  assert_error(&r, "StaticContext()");
  /* A refused call with value gives it back. */
  addr20 caller = th_addr(0xca11);
  assert_int_equal(th_acc(t, &caller)->balance.w[0], 1000);
}

static void error_when_raised_has_its_arguments(void **st) {
  (void)st;
  call_of("fail(uint64)");
  put(41);
  struct evm_result r = call();
  assert_error(&r, "ShortOf(uint64,string)");
  assert_int_equal(error_word(&r, 0), 42);
  assert_int_equal(error_word(&r, 1), 64);
  assert_int_equal(error_word(&r, 2), 5);
  assert_memory_equal(r.output.ptr + 4 + 96, "stock", 5);
}

static void record_when_saved_is_read_back_and_logged(void **st) {
  (void)st;
  call_of("save(uint64,address,uint64)");
  put(3), put(0xca11), put(123456);
  u64 base = 400 + 3 * 4 + 100;
  struct evm_result r = call();
  assert_status(r, EVM_SUCCESS);
  /* Slots of the record: 0 and 2 are written (22,100 each: cold, then read
  ** warm), 1 stays zero; the log has three topics and 96 + 32 bytes. */
  assert_int_equal(th_used(&r), base + 3 * 2100 + 3 * 100 + 2 * 20000 +
                                    375 * 4 + 8 * 128);
  assert_int_equal(t->w.log_cnt, 1);
  assert_int_equal(t->w.log[0].topic_cnt, 3);
  assert_int_equal(t->w.log[0].topic[1].b[31], 3);
  hash32 topic;
  crypto_keccak256(&topic, "Saved(uint64,address,uint64,bytes)", 34);
  assert_memory_equal(&t->w.log[0].topic[0], &topic, 32);
  call_of("load(uint64)");
  put(3);
  r = call();
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 0, 0xca11);
  assert_word(r, 1, 123456);
  /* keccak256(abi.encode(1, 3)) */
  u8 text[64] = {[31] = 1, [63] = 3};
  crypto_keccak256(&topic, text, 64);
  assert_memory_equal(r.output.ptr + 64, &topic, 32);
}

static void gas_when_short_ends_the_message_and_leaves_nothing(void **st) {
  (void)st;
  for (u64 gas = 0; gas < 45000; gas += 501) {
    begin(NULL);
    call_of("save(uint64,address,uint64)");
    put(3), put(0xca11), put(123456);
    struct evm_result r = call_as(EVM_CALL, false, 0, gas);
    assert_status(r, EVM_OUT_OF_GAS);
    assert_int_equal(r.gas_left, 0);
    assert_int_equal(t->w.log_cnt, 0);
    for (u32 i = 0; i < t->w.slot_cnt; i++)
      assert_true(u256_is_zero(&t->w.slot[i].val));
  }
}

static void payment_when_the_module_has_it_moves_and_runs_no_code(void **st) {
  (void)st;
  addr20 self = th_addr(AT), to = th_addr(0xbeef);
  th_acc(t, &self)->balance = u256_from(10);
  call_of("pay(address,uint256)");
  put(0xbeef), put(7);
  struct evm_result r = call();
  assert_status(r, EVM_SUCCESS);
  assert_word(r, 0, 1);
  assert_int_equal(th_acc(t, &to)->balance.w[0], 7);
  assert_int_equal(th_used(&r), 400 + 3 * 3 + 6700 + 2600 + 25000);
  r = call();
  assert_word(r, 0, 0); /* 3 are left */
}

static void parameter_when_never_set_is_its_default(void **st) {
  (void)st;
  call_of("limit()");
  struct evm_result r = call();
  assert_word(r, 0, 7);
  addr20 self = th_addr(AT);
  u256 slot, zero = module_setting_word(0);
  module_setting_slot(&slot, 0);
  th_slot_at(t, &self, &slot)->val = zero;
  r = call();
  assert_word(r, 0, 0);
}

static void record_when_packed_holds_every_field_at_its_ends(void **st) {
  (void)st;
  struct sample_record_item r = {
    .count = (1ull << 40) - 1, .delta = -(1 << 23), .flags = 255,
    .big = -((__int128)1 << 103), .kind = 65535}, back;
  memset(&r.owner, 0xab, 20);
  memset(&r.doc, 0xcd, 32);
  u256 slot[3];
  assert_int_equal(module_record_slots(&sample_table_item), 3);
  module_record_pack(&sample_table_item, slot, &r);
  module_record_unpack(&sample_table_item, &back, slot);
  assert_memory_equal(&back.owner, &r.owner, 20);
  assert_memory_equal(&back.doc, &r.doc, 32);
  assert_true(back.count == r.count && back.delta == r.delta &&
              back.flags == 255 && back.big == r.big && back.kind == 65535);
  /* Low bits first: the owner is the first 160 of slot 0. */
  assert_true(slot[0].w[0] == 0xababababababababull);
  assert_int_equal(slot[0].w[2] & 0xffffffff, 0xabababab);
}

/*------------------------------------------------------------------- texts */

static void abi_when_made_is_json_that_lists_every_row(void **st) {
  (void)st;
  struct buf b;
  struct errmsg msg;
  buf_init(&b, 0);
  module_abi_json(&b, &sample_def);
  json_t *abi = json_read(buf_slice(&b), &msg);
  assert_non_null(abi);
  assert_int_equal(json_array_size(abi), 10 + 1 + 1 + MODULE_ERROR_CNT);
  json_t *tuple = json_array_get(abi, 2);
  assert_string_equal(json_string_value(json_object_get(
      json_array_get(json_object_get(tuple, "inputs"), 1), "type")), "tuple[]");
  assert_int_equal(json_array_size(json_object_get(json_array_get(
      json_object_get(tuple, "inputs"), 1), "components")), 2);
  json_decref(abi);
  buf_clear(&b);
  static const struct module_text text[] = {
    {"Other", "amount", "of another module"}, {"Sample", "amount", "Sent on."},
    {"*", "StaticContext", "It writes."}, {0}};
  static const struct module_cost cost[] = {{0}};
  static const struct module_notes notes = {text, cost};
  module_solidity(&b, &sample_def, &notes);
  const char *sol = buf_cstr(&b);
  static const char *const want[] = {
    "interface ISample {", "struct Pair { uint64 number; string text; }",
    "function tuple(uint64 id, Pair[] calldata items, address[] "
    "calldata more) external view returns (Pair[] memory items, "
    "uint64 id, address last);",
    "    /// @notice Sent on.\n"
    "    function amount(uint256 v) external payable returns (uint256 sent);",
    "event Saved(uint64 indexed id, address indexed owner, uint64 count, bytes "
    "record);",
    "error ShortOf(uint64 want, string what);",
    "    /// @notice It writes.\n    error StaticContext();"};
  for (u32 i = 0; i < ARRAY_LEN(want); i++)
    if (!strstr(sol, want[i])) fail_msg("%s\nis not in\n%s", want[i], sol);
  buf_fini(&b);
}

/* Every row of every module's table is used by some test: a method, an event and
** an error by their signature ("name(..), as calls and what is expected of them
** are written), a record and a parameter by their quoted name.  That each
** parameter is taken at its ends and not beyond: e2e/modules. */
static const char *const row_folders[] = {"module", "native", "chain", "dpos",
                                          "shop"};

static void read_file(struct buf *all, const char *path) {
  char part[4096];
  FILE *f = fopen(path, "r");
  if (!f) fail_msg("cannot read %s", path);
  size_t n;
  while ((n = fread(part, 1, sizeof part, f)) > 0) buf_put(all, part, n);
  fclose(f);
}
static char *read_tests(void) {
  const char *src = getenv("SRCDIR");
  struct buf all;
  buf_init(&all, 0);
  for (u32 i = 0; i < ARRAY_LEN(row_folders); i++) {
    char path[1024];
    struct dirent *e;
    int len = snprintf(path, 512, "%s/tests/%s", src ? src : ".",
                       row_folders[i]);
    DIR *dir = opendir(path);
    if (!dir) fail_msg("cannot read %s (SRCDIR names the source tree)", path);
    while ((e = readdir(dir)) != NULL) {
      size_t n = strlen(e->d_name);
      if (n < 3 || e->d_name[n - 2] != '.' || !strchr("ch", e->d_name[n - 1]))
        continue;
      snprintf(path + len, sizeof path - (size_t)len, "/%s", e->d_name);
      read_file(&all, path);
    }
    closedir(dir);
  }
  char *text = mem_strdup(buf_cstr(&all));
  buf_fini(&all);
  return text;
}
/* What nothing can reach yet, and what it waits for. */
static bool row_waits(const char *want) {
  static const char *const waits[] = {"LienSet" /* Loans lay liens */};
  size_t len = strlen(want) - 2; /* without quote and parenthesis */
  for (u32 i = 0; i < ARRAY_LEN(waits); i++)
    if (strncmp(waits[i], want + 1, len) == 0 && waits[i][len] == 0)
      return true;
  return false;
}
/* How many rows no test uses. */
static u32 look_for_rows(const char *text, const struct module_def *def) {
  u32 missing = 0;
  for (u32 i = 0; i < def->row_cnt; i++) {
    const struct module_row *r = &def->row[i];
    char want[80];
    /* Structs stand in the signatures of the methods that take them. */
    if (r->kind == MODULE_ROW_STRUCT) continue;
    if (r->kind == MODULE_ROW_RECORD || r->kind == MODULE_ROW_SETTING)
      snprintf(want, sizeof want, "\"%s\"",
               r->kind == MODULE_ROW_RECORD ? r->record->name
                                            : r->setting->name);
    else
      snprintf(want, sizeof want, "\"%s(",
               r->kind == MODULE_ROW_METHOD ? r->method->name
                                            : r->message->name);
    if (strstr(text, want) || row_waits(want)) continue;
    missing++;
    print_error("%s: no test has %s\n", def->name, want);
  }
  return missing;
}
static void row_when_in_a_table_is_in_a_test(void **st) {
  (void)st;
  char *text = read_tests();
  u32 missing = look_for_rows(text, &module_common);
  for (u32 m = 0; m < CHAIN_MODULE_CNT; m++)
    missing += look_for_rows(text, CHAIN_MODULES[m]);
  assert_int_equal(missing, 0);
  mem_free(text);
}
/* The check itself: a row of each kind that no test has, and one that is only
** the beginning of another's name. */
static void row_when_in_no_test_is_found(void **st) {
  (void)st;
  static const struct module_param none = {0};
  static const struct module_method method[] = {
    {.name = "neverCalled", .in = &none, .out = &none},
    {.name = "kep", .in = &none, .out = &none},
    {.name = "kept", .in = &none, .out = &none}};
  static const struct module_message event = {.name = "NeverHappened",
                                              .param = &none};
  static const struct module_record record = {.name = "never_kept"};
  static const struct module_setting setting = {.name = "neverSet"};
  const struct module_row row[] = {
    {.kind = MODULE_ROW_METHOD, .method = &method[0]},
    {.kind = MODULE_ROW_METHOD, .method = &method[1]},
    {.kind = MODULE_ROW_METHOD, .method = &method[2]},
    {.kind = MODULE_ROW_EVENT, .message = &event},
    {.kind = MODULE_ROW_ERROR, .message = &event},
    {.kind = MODULE_ROW_RECORD, .record = &record},
    {.kind = MODULE_ROW_SETTING, .setting = &setting}};
  const struct module_def def = {.name = "Sample", .row = row,
                                 .row_cnt = ARRAY_LEN(row)};
  const char *text = "sf_do(&f, 0, \"kept(uint64)\", \"never\")";
  assert_int_equal(look_for_rows(text, &def), ARRAY_LEN(row) - 1);
}

/* Of the modules that have no file of their own here: a record's number is a
** part of where it is kept. */
static void record_when_numbered_keeps_its_number(void **st) {
  (void)st;
  static const char *const credits[] = {"account", "stake", "delegation",
                                        "target", "policy", "user", "prices",
                                        "totals"};
  for (u32 i = 0; i < ARRAY_LEN(credits); i++)
    assert_string_equal(module_record_of(&dpos_credits, (u8)(i + 1))->name,
                        credits[i]);
  assert_string_equal(module_record_of(&module_scheduler, 1)->name, "cursor");
  assert_string_equal(module_record_of(&module_scheduler, 4)->name, "retry");
}

static int open_all(void **st) {
  (void)st;
  mf_open(sample_list, 1, log_cut);
  return 0;
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup(f, begin)
  const struct CMUnitTest tests[] = {
    CASE(echo_when_every_kind_is_given_returns_the_same),
    CASE(argument_when_malformed_is_named_by_its_number),
    CASE(utf8_when_overlong_or_surrogate_is_refused),
    CASE(lists_when_given_are_read_and_returned),
    CASE(tuple_when_given_is_decoded_and_encoded),
    CASE(struct_when_nested_is_decoded_and_encoded_the_same),
    CASE(amount_when_at_most_127_bits_is_taken),
    CASE(call_when_not_meant_is_refused_with_its_name),
    CASE(error_when_raised_has_its_arguments),
    CASE(record_when_saved_is_read_back_and_logged),
    CASE(gas_when_short_ends_the_message_and_leaves_nothing),
    CASE(payment_when_the_module_has_it_moves_and_runs_no_code),
    CASE(parameter_when_never_set_is_its_default),
    CASE(record_when_packed_holds_every_field_at_its_ends),
    CASE(abi_when_made_is_json_that_lists_every_row),
    CASE(row_when_in_a_table_is_in_a_test),
    CASE(row_when_in_no_test_is_found),
    CASE(record_when_numbered_keeps_its_number),
  };
#undef CASE
  return cmocka_run_group_tests_name("module_dispatch", tests, open_all,
                                     mf_close);
}
