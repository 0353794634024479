/* test_chain_genesis.c - own genesis files: default, canonical text, what is
** refused and how it is said. */
#include "crypto/crypto_vec.h"

#include "base/buf.h"
#include "chain/chain_genesis.h"
#include "crypto/keccak.h"

#define TG_A "0x00000000000000000000000000000000000000aa"
#define TG_B "0x00000000000000000000000000000000000000bb"
/* The generator of secp256k1, compressed. */
#define TG_KEY \
  "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"

static hash32 tg_hash(const struct chain_genesis *g, struct arena *a) {
  struct state_diff diff;
  struct state_root root;
  struct chain_header h;
  hash32 hash;
  assert_int_equal(chain_genesis_build(&diff, &root, &h, &hash, g, NULL, a),
                   ERR_OK);
  assert_int_equal(h.opt_cnt, 6);
  assert_int_equal(h.extra_len, 5);
  return hash;
}

static struct chain_genesis tg_parse(const char *text, struct arena *a) {
  struct chain_genesis g;
  struct errmsg msg = {""};
  if (chain_genesis_parse(&g, slice_str(text), a, &msg) < 0)
    fail_msg("%s", msg.text);
  return g;
}

/* Written and read again: the same chain. */
static void tg_same_again(const struct chain_genesis *g, struct arena *a) {
  struct buf b, again;
  buf_init(&b, 0);
  buf_init(&again, 0);
  chain_genesis_write(&b, g);
  struct chain_genesis back = tg_parse(buf_cstr(&b), a);
  hash32 x = tg_hash(g, a), y = tg_hash(&back, a);
  assert_memory_equal(x.b, y.b, 32);
  chain_genesis_write(&again, &back);
  assert_string_equal(buf_cstr(&b), buf_cstr(&again));
  /* The settings and alloc: the same chain too. */
  struct errmsg msg = {""};
  buf_clear(&again);
  chain_genesis_write_settings(&again, g);
  assert_null(strstr(buf_cstr(&again), "alloc"));
  if (chain_genesis_parse_settings(&back, buf_slice(&again), a, &msg) < 0)
    fail_msg("%s", msg.text);
  assert_int_equal(back.account_cnt, 0);
  back.account = g->account;
  back.account_cnt = g->account_cnt;
  hash32 z = tg_hash(&back, a);
  assert_memory_equal(x.b, z.b, 32);
  buf_fini(&again);
  buf_fini(&b);
}

static void genesis_when_default_then_complete(void **state) {
  struct arena a;
  struct chain_genesis g;
  addr20 op = {{1}}, users[2] = {{{9}}, {{5}}};
  u256 balance = u256_from(10000);
  slice key = vec_hex(TG_KEY);
  (void)state;
  arena_init(&a, 1 << 16, 0);
  chain_genesis_default(&g, CHAIN_DEV_ID, &op, key.ptr, 1700000000, users, 2,
                        &balance, &a);
  assert_int_equal(g.account_cnt, 2 + 1 + 22);
  assert_int_equal(chain_genesis_gas_limit(&g), 500000000);
  u32 modules = 0, history = 0;
  for (u32 i = 0; i < g.account_cnt; i++) {
    const struct chain_genesis_account *e = &g.account[i];
    if (i) assert_true(memcmp(e[-1].addr.b, e->addr.b, 20) < 0);
    if (chain_is_module(&e->addr)) {
      modules++;
      assert_int_equal(e->code.len, 1);
      assert_int_equal(e->code.ptr[0], 0xfe);
    }
    if (addr20_eq(&e->addr, &CHAIN_HISTORY_ADDR)) {
      hash32 h;
      history++;
      assert_int_equal(e->nonce, 1);
      assert_int_equal(e->code.len, 83);
      crypto_keccak256(&h, e->code.ptr, e->code.len);
      /* The code hash that EIP-2935's deployment has on the main network. */
      slice want = vec_hex("6e49e66782037c0555897870e29fa5e552daf4719552131a0a"
                           "bce779daec0a5d");
      vec_assert_eq(hash32_slice(&h), want, "history code");
      vec_free(want);
    }
  }
  assert_int_equal(modules, 22);
  assert_int_equal(history, 1);
  tg_same_again(&g, &a);
  vec_free(key);
  arena_fini(&a);
}

static void rules_when_own_then_osaka_without_fees(void **state) {
  struct arena a;
  struct chain_rules r;
  (void)state;
  arena_init(&a, 1 << 16, 0);
  struct chain_genesis g = tg_parse("{\"alloc\":{},\"cybermiles\":{}}", &a);
  assert_int_equal(g.chain_id, 0);
  assert_int_equal(g.validator_cnt, 0);
  g.chain_id = 77;
  chain_rules_at(&r, &g, 1, 1);
  assert_int_equal(r.fork, EVM_OSAKA);
  assert_int_equal(r.chain_id, 77);
  assert_false(r.fees);
  assert_false(r.system_calls);
  assert_true(r.history_call);
  assert_true(r.allow_unprotected);
  arena_fini(&a);
}

static void genesis_when_all_is_given_then_kept(void **state) {
  struct arena a;
  struct chain_rules r;
  (void)state;
  arena_init(&a, 1 << 16, 0);
  struct chain_genesis g = tg_parse(
      "{\"config\":{\"chainId\":1234567,\"londonBlock\":0,\"osakaTime\":0},"
      "\"timestamp\":\"0x65\",\"gasLimit\":\"0x1c9c380\",\"alloc\":{"
      "\"" TG_A "\":{\"balance\":\"0x10\",\"nonce\":3,\"code\":\"0x6001\","
      "\"storage\":{\"0x01\":\"0x02\",\"0x03\":\"0x00\"}},"
      "\"0000000000000000000000000000000000001001\":{\"balance\":\"5\"}},"
      "\"cybermiles\":{\"version\":1,\"validators\":[{\"address\":\"" TG_A
      "\",\"consensusKey\":\"" TG_KEY "\",\"power\":7}],\"parameters\":{"
      "\"block_interval_ms\":500},\"switches\":{\"unprotected_txs\":false}}}",
      &a);
  assert_int_equal(g.chain_id, 1234567);
  assert_int_equal(chain_genesis_gas_limit(&g), 30000000);
  assert_int_equal(g.param[CHAIN_PARAM_block_interval_ms], 500);
  assert_int_equal(g.param[CHAIN_PARAM_empty_block_ms], 10000);
  assert_int_equal(g.account_cnt, 1 + 1 + 22);
  assert_int_equal(g.validator_cnt, 1);
  assert_int_equal(g.validator[0].power, 7);
  chain_rules_at(&r, &g, 1, 1);
  assert_false(r.allow_unprotected);
  for (u32 i = 0; i < g.account_cnt; i++) {
    if (g.account[i].addr.b[19] == 0xaa) {
      assert_int_equal(g.account[i].slot_cnt, 1);
      assert_int_equal(g.account[i].nonce, 3);
    }
    if (chain_is_module(&g.account[i].addr) &&
        g.account[i].addr.b[19] == 0x01)
      assert_int_equal(g.account[i].balance.w[0], 5);
  }
  tg_same_again(&g, &a);
  arena_fini(&a);
}

static void genesis_when_a_setting_differs_then_another_hash(void **state) {
  static const char *const text[] = {
    "{\"config\":{\"chainId\":5},\"alloc\":{},\"cybermiles\":{}}",
    "{\"config\":{\"chainId\":6},\"alloc\":{},\"cybermiles\":{}}",
    "{\"config\":{\"chainId\":5},\"alloc\":{\"" TG_A
    "\":{\"balance\":1}},\"cybermiles\":{}}",
    "{\"config\":{\"chainId\":5},\"alloc\":{},\"cybermiles\":{\"validators\":"
    "[{\"address\":\"" TG_A "\"}]}}",
    "{\"config\":{\"chainId\":5},\"alloc\":{},\"cybermiles\":{\"parameters\":"
    "{\"empty_block_ms\":20000}}}",
    "{\"config\":{\"chainId\":5},\"alloc\":{},\"cybermiles\":{\"switches\":"
    "{\"unprotected_txs\":false}}}",
    "{\"config\":{\"chainId\":5},\"timestamp\":1,\"alloc\":{},"
    "\"cybermiles\":{}}",
  };
  hash32 hash[ARRAY_LEN(text)];
  struct arena a;
  (void)state;
  arena_init(&a, 1 << 16, 0);
  for (u32 i = 0; i < ARRAY_LEN(text); i++) {
    struct chain_genesis g = tg_parse(text[i], &a);
    hash[i] = tg_hash(&g, &a);
    for (u32 k = 0; k < i; k++) assert_false(hash32_eq(&hash[i], &hash[k]));
  }
  arena_fini(&a);
}

/* Text, and what the message must hold. */
static const struct { const char *json, *said; } tg_refused[] = {
  {"", "line 1"},
  {"{", "line 1"},
  {"[]", "must be a JSON object"},
  {"{\"alloc\":{},\"alloc\":{}}", "duplicate"},
  {"{\"alloc\":{},\"nonsense\":1}", "nonsense: is not known"},
  {"{\n\"alloc\":{\n\"" TG_A "\":{}\n},\n\"nonce\":}", "line 5"},
  {"{\"alloc\":{\"" TG_A "\":{},}}", "line 1"},
  {"{\"alloc\":{\"" TG_A "\":{}}", "line 1"},
  {"{\"alloc\":{\"" TG_A "\":{\"balance\":}}}", "aa: line 1"},
  {"{\"a\\u006cloc\":{}}", "alloc: its name must be written plainly"},
  {"{\"alloc\":{\"" TG_A "\":{\"storage\":{},\"storage\":{}}}}",
   "duplicate"},
  {"{\"alloc\":{\"" TG_A "\":{\"storage\":{\"0x1\":{}}}}}",
   "storage.0x1: must be a number"},
  {"{\"alloc\":{\"" TG_A "\":{\"storage\":7}}}", "storage: must be an object"},
  {"{\"alloc\":{\"" TG_A "\":7}}", "aa: must be an object"},
  {"{\"config\":{\"chainId\":1}}", "alloc: is missing"},
  {"{\"config\":{},\"alloc\":{}}", "config.chainId: is missing"},
  {"{\"config\":{\"chainId\":0},\"alloc\":{}}", "config.chainId: is out of"},
  {"{\"config\":{\"chainId\":-1},\"alloc\":{}}", "config.chainId: is negative"},
  {"{\"config\":{\"chainId\":9007199254740993},\"alloc\":{}}",
   "config.chainId: is out of"},
  {"{\"config\":{\"chainId\":1.5},\"alloc\":{}}", "not a whole number"},
  {"{\"config\":{\"chainId\":1,\"amsterdamTime\":0},\"alloc\":{}}",
   "config.amsterdamTime: is not a fork"},
  {"{\"config\":{\"chainId\":1,\"pragueTime\":7},\"alloc\":{}}",
   "config.pragueTime: comes before"},
  {"{\"config\":{\"chainId\":1,\"homesteadBlock\":0,\"eip150Block\":0,"
   "\"eip155Block\":1,\"eip158Block\":2},\"alloc\":{}}", "eip158Block: must"},
  {"{\"config\":{\"chainId\":5,\"pragueTime\":7},\"alloc\":{},"
   "\"cybermiles\":{}}", "config.pragueTime: must be 0"},
  {"{\"config\":[],\"alloc\":{}}", "config: must be an object"},
  {"{\"alloc\":[]}", "alloc: must be an object"},
  {"{\"alloc\":{\"0x12\":{}}}", "alloc.0x12: is not an address"},
  {"{\"alloc\":{\"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD\":{}, "
   "\"5AAEB6053F3E94C9b9A09f33669435E7Ef1BeAed\":{}}}", "checksum"},
  {"{\"alloc\":{\"" TG_A "\":{},\"00000000000000000000000000000000000000AA\":"
   "{}}}", "is given twice"},
  {"{\"alloc\":{\"" TG_A "\":{\"balance\":\"-1\"}}}", "balance: is negative"},
  {"{\"alloc\":{\"" TG_A "\":{\"balance\":\"ten\"}}}", "balance: \"ten\""},
  {"{\"alloc\":{\"" TG_A "\":{\"balance\":true}}}", "balance: must be a number"},
  {"{\"alloc\":{\"" TG_A "\":{\"balance\":\"0x1"
   "0000000000000000000000000000000000000000000000000000000000000000\"}}}",
   "balance: is over 2^256"},
  {"{\"alloc\":{\"" TG_A "\":{\"balance\":\"0xf"
   "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"},\"" TG_B
   "\":{\"balance\":1}}}", "add up to over 2^256"},
  {"{\"alloc\":{\"" TG_A "\":{\"nonce\":\"0xffffffffffffffff\"}}}",
   "nonce: is out of range"},
  {"{\"alloc\":{\"" TG_A "\":{\"code\":\"0x123\"}}}", "odd number"},
  {"{\"alloc\":{\"" TG_A "\":{\"code\":\"0xzz\"}}}", "code: is not hexa"},
  {"{\"alloc\":{\"" TG_A "\":{\"code\":\"6001\"}}}", "code: must be a 0x-hex"},
  {"{\"alloc\":{\"" TG_A "\":{\"storage\":{\"x\":1}}}}", "is not a slot"},
  {"{\"alloc\":{\"" TG_A "\":{\"storage\":{\"0x1\":1,\"0x01\":2}}}}",
   "storage.0x1: is given twice"},
  {"{\"alloc\":{\"" TG_A "\":{\"ballance\":1}}}", "ballance: is not known"},
  {"{\"alloc\":{},\"extraData\":\"0x"
   "000000000000000000000000000000000000000000000000000000000000000000\"}",
   "extraData: has 33 bytes"},
  {"{\"alloc\":{},\"coinbase\":\"0x01\"}", "coinbase: has 1 bytes"},
  {"{\"alloc\":{},\"gasLimit\":0}", "gasLimit: is out of range"},
  {"{\"alloc\":{},\"gasLimit\":21000,\"cybermiles\":{}}", "gasLimit: is out"},
  {"{\"alloc\":{},\"difficulty\":1,\"cybermiles\":{}}", "difficulty: must be"},
  {"{\"alloc\":{\"0x0000000000000000000000000000000000001004\":{\"code\":"
   "\"0x00\"}},\"cybermiles\":{}}", "contract of the chain itself"},
  {"{\"alloc\":{},\"cybermiles\":7}", "cybermiles: must be an object"},
  {"{\"alloc\":{},\"cybermiles\":{\"version\":2}}", "cybermiles.version"},
  {"{\"alloc\":{},\"cybermiles\":{\"colour\":2}}", "cybermiles.colour: is not"},
  {"{\"alloc\":{},\"cybermiles\":{\"parameters\":{\"speed\":2}}}",
   "cybermiles.parameters.speed: is not known"},
  {"{\"alloc\":{},\"cybermiles\":{\"parameters\":{\"block_interval_ms\":1}}}",
   "block_interval_ms: is out of range (200 to 60000)"},
  {"{\"alloc\":{},\"cybermiles\":{\"parameters\":{\"block_interval_ms\":20000}"
   "}}", "empty_block_ms is below"},
  {"{\"alloc\":{},\"cybermiles\":{\"switches\":{\"unprotected_txs\":1}}}",
   "unprotected_txs: must be true or false"},
  {"{\"alloc\":{},\"cybermiles\":{\"switches\":{\"unprotected_tx\":true}}}",
   "unprotected_tx: is not known"},
  {"{\"alloc\":{},\"cybermiles\":{\"validators\":[]}}", "validators: is empty"},
  {"{\"alloc\":{},\"cybermiles\":{\"validators\":{}}}", "must be an array"},
  {"{\"alloc\":{},\"cybermiles\":{\"validators\":[{}]}}",
   "cybermiles.validators[0].address: is missing"},
  {"{\"alloc\":{},\"cybermiles\":{\"validators\":[{\"address\":\"" TG_A
   "\"},{\"address\":\"" TG_A "\"}]}}", "validators[1]: has the address"},
  {"{\"alloc\":{},\"cybermiles\":{\"validators\":[{\"address\":\"" TG_A
   "\",\"power\":0}]}}", "power: is out of range"},
  {"{\"alloc\":{},\"cybermiles\":{\"validators\":[{\"address\":\"" TG_A
   "\",\"consensusKey\":\"0x02\"}]}}", "consensusKey: has 1 bytes, must have"},
  {"{\"alloc\":{},\"cybermiles\":{\"validators\":[{\"address\":\"" TG_A
   "\",\"consensusKey\":\"0x02"
   "0000000000000000000000000000000000000000000000000000000000000005\"}]}}",
   "is not a point"},
  {"{\"alloc\":{},\"cybermiles\":{\"validators\":[{\"address\":\"" TG_A
   "\",\"consensusKey\":\"" TG_KEY "\"},{\"address\":\"" TG_B
   "\",\"consensusKey\":\"" TG_KEY "\"}]}}", "consensusKey of another"},
};

static void genesis_when_nonsense_then_says_where(void **state) {
  (void)state;
  for (u32 i = 0; i < ARRAY_LEN(tg_refused); i++) {
    struct arena a;
    struct chain_genesis g;
    struct errmsg msg = {""};
    arena_init(&a, 1 << 12, 0);
    err e = chain_genesis_parse(&g, slice_str(tg_refused[i].json), &a, &msg);
    if (e != ERR_INPUT || !strstr(msg.text, tg_refused[i].said) ||
        strncmp(msg.text, "genesis", 7) != 0)
      fail_msg("%s\n gave %d \"%s\"\n not \"%s\"", tg_refused[i].json, e,
               msg.text, tg_refused[i].said);
    arena_fini(&a);
  }
}

static void schedule_when_plain_then_forks_by_number_and_time(void **state) {
  static const struct { u64 number, time; enum evm_fork fork; } at[] = {
    {0, 0, EVM_HOMESTEAD}, {2, 0, EVM_HOMESTEAD}, {3, 0, EVM_TANGERINE},
    {6, 0, EVM_SPURIOUS}, {9, 0, EVM_BYZANTIUM}, {12, 0, EVM_PETERSBURG},
    {18, 0, EVM_ISTANBUL}, {24, 0, EVM_BERLIN}, {27, 0, EVM_LONDON},
    {36, 389, EVM_PARIS}, {36, 390, EVM_SHANGHAI}, {36, 420, EVM_CANCUN},
    {36, 450, EVM_PRAGUE}, {36, 480, EVM_OSAKA}, {36, 999, EVM_OSAKA}};
  struct arena a;
  struct chain_rules r;
  (void)state;
  arena_init(&a, 1 << 16, 0);
  struct chain_genesis g = tg_parse(
      "{\"config\":{\"chainId\":9,\"homesteadBlock\":0,\"eip150Block\":3,"
      "\"eip155Block\":6,\"eip158Block\":6,\"byzantiumBlock\":9,"
      "\"constantinopleBlock\":12,\"istanbulBlock\":18,"
      "\"berlinBlock\":24,\"londonBlock\":27,\"mergeNetsplitBlock\":36,"
      "\"shanghaiTime\":390,\"cancunTime\":420,\"pragueTime\":450,"
      "\"osakaTime\":480,\"bpo1Time\":510,\"blobSchedule\":{\"cancun\":{"
      "\"target\":3,\"max\":6,\"baseFeeUpdateFraction\":3338477},\"bpo1\":{"
      "\"target\":10,\"max\":15,\"baseFeeUpdateFraction\":8346193}}},"
      "\"alloc\":{}}", &a);
  for (u32 i = 0; i < ARRAY_LEN(at); i++) {
    chain_rules_at(&r, &g, at[i].number, at[i].time);
    assert_int_equal(r.fork, at[i].fork);
    assert_true(r.fees);
  }
  chain_rules_at(&r, &g, 40, 509);
  assert_int_equal(r.blob_max, 6);
  chain_rules_at(&r, &g, 40, 510);
  assert_int_equal(r.blob_max, 15);
  assert_int_equal(r.blob_target, 10);
  struct buf b;
  buf_init(&b, 0);
  chain_genesis_write(&b, &g);
  struct chain_genesis back = tg_parse(buf_cstr(&b), &a);
  assert_memory_equal(&back.schedule, &g.schedule, sizeof g.schedule);
  buf_fini(&b);
  arena_fini(&a);
}

int main(void) {
  crypto_init(NULL);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(genesis_when_default_then_complete),
    cmocka_unit_test(rules_when_own_then_osaka_without_fees),
    cmocka_unit_test(genesis_when_all_is_given_then_kept),
    cmocka_unit_test(genesis_when_a_setting_differs_then_another_hash),
    cmocka_unit_test(genesis_when_nonsense_then_says_where),
    cmocka_unit_test(schedule_when_plain_then_forks_by_number_and_time),
  };
  return cmocka_run_group_tests_name("chain_genesis", tests, NULL, NULL);
}
