/* bench_shop.c - what listing, ordering, shipping and confirming cost on one
** core, in memory: whole blocks with their roots, the thread's own time, and
** the gas of each; as JSON lines.  Senders are recovered before. */
#include <stdio.h>

#include "bench/bench_time.h"
#include "chain/chain_genesis.h"
#include "chain/chain_proposal.h"
#include "codec/abi.h"
#include "crypto/secp256k1.h"

enum { BENCH_ACCOUNTS = 500, BENCH_TXS = 1000 };

static struct arena bench_keep;
static struct chain_genesis bench_genesis;
static struct chain_header bench_head;
static hash32 bench_hash;
static struct state_mem *bench_mem;
static struct chain_exec *bench_exec;
static addr20 bench_addr[BENCH_ACCOUNTS];
static u64 bench_nonce[BENCH_ACCOUNTS];
static struct buf bench_args;
static double bench_all;

static void bench_key(u8 key[32], u32 i) {
  memset(key, 0, 32);
  key[28] = 1, key[30] = (u8)(i >> 8), key[31] = (u8)i;
}

static void bench_open(void) {
  struct state_diff diff;
  struct state_root root;
  u256 balance = u256_from(1ull << 60);
  arena_init(&bench_keep, 1 << 20, 0);
  for (u32 i = 0; i < BENCH_ACCOUNTS; i++) {
    u8 key[32];
    bench_key(key, i);
    MUST(crypto_key_addr(&bench_addr[i], key) == ERR_OK);
  }
  chain_genesis_default(&bench_genesis, CHAIN_DEV_ID, &bench_addr[0], NULL,
                        1000, bench_addr, BENCH_ACCOUNTS, &balance,
                        &bench_keep);
  MUST(chain_genesis_build(&diff, &root, &bench_head, &bench_hash,
                           &bench_genesis, NULL, &bench_keep) == ERR_OK);
  bench_mem = state_mem_open();
  state_mem_apply(bench_mem, &diff);
  state_mem_apply_nodes(bench_mem, &root);
  bench_exec = chain_exec_open(1);
}

/*---------------------------------------------------------------- arguments */

static void bench_call(const char *signature) {
  u8 sel[4];
  abi_selector(sel, signature);
  buf_clear(&bench_args);
  buf_put(&bench_args, sel, 4);
}
static void bench_u(u64 v) {
  u8 be[32] = {0};
  store_be64(be + 24, v);
  buf_put(&bench_args, be, 32);
}
static void bench_a(const addr20 *a) {
  u8 be[32] = {0};
  memcpy(be + 12, a->b, 20);
  buf_put(&bench_args, be, 32);
}

#define BENCH_LIST "save(uint64,address,(uint8,uint32,bytes32,address,uint256," \
  "uint64,uint32,uint32,uint32,uint16,uint16,uint16,address,uint16,uint64," \
  "uint64,uint64),(uint16,uint256,uint32,bytes32,bool)[])"
#define BENCH_PLACE "place((address,(uint64,uint32,uint16,uint32)[],bytes8," \
  "address,uint256,uint64,address,uint64,bytes,uint64,uint256,bytes32," \
  "bytes32))"

/* The i-th of a kind: its arguments; who sends it to which module, with what. */
static u32 bench_list(u32 i, u64 *value) {
  static const u64 word[] = {0, 0, 1, 5, 77, 0, 1000, 0, 86400, 86400, 86400,
                             0, 1000, 300, 0, 0, 0, 0, 0, 640, 1, 0, 0, 100, 1,
                             1};
  (void)value;
  bench_call(BENCH_LIST);
  for (u32 k = 0; k < ARRAY_LEN(word); k++) bench_u(word[k]);
  return i % BENCH_ACCOUNTS;
}
static u32 bench_place(u32 i, u64 *value) {
  *value = 1000;
  bench_call(BENCH_PLACE);
  bench_u(32), bench_a(&bench_addr[i % BENCH_ACCOUNTS]);
  static const u64 word[] = {416, 0, 0, 1000, 0, 0, 0, 576, 0, 0, 5, 6, 1};
  for (u32 k = 0; k < ARRAY_LEN(word); k++) bench_u(word[k]);
  bench_u(i + 1), bench_u(1), bench_u(0), bench_u(1), bench_u(0);
  return (i + 1) % BENCH_ACCOUNTS;
}
static u32 bench_ship(u32 i, u64 *value) {
  (void)value;
  bench_call("ship(uint64,bytes32)");
  bench_u(i + 1), bench_u(9);
  return i % BENCH_ACCOUNTS;
}
static u32 bench_confirm(u32 i, u64 *value) {
  (void)value;
  bench_call("confirm(uint64)");
  bench_u(i + 1);
  return (i + 1) % BENCH_ACCOUNTS;
}

/*------------------------------------------------------------------- a block */

static void bench_sign(struct chain_tx *tx, u32 from, u16 module, u64 value,
                       struct arena *a) {
  u8 key[32];
  *tx = (struct chain_tx){.type = 2, .chain_id = CHAIN_DEV_ID,
                          .nonce = bench_nonce[from]++, .gas_limit = 1000000,
                          .has_to = true, .value = u256_from(value),
                          .data = arena_copy_slice(a, buf_slice(&bench_args))};
  tx->to.b[18] = (u8)(module >> 8), tx->to.b[19] = (u8)module;
  bench_key(key, from);
  MUST(chain_tx_sign(tx, key, a) == ERR_OK);
}

static void bench_kind(const char *name, u16 module,
                       u32 (*make)(u32 i, u64 *value)) {
  struct arena a;
  struct chain_block_result out;
  struct chain_rules rules;
  struct chain_header draft;
  struct state_source src = state_mem_source(bench_mem);
  struct chain_proposal p = {
    .version = 1, .height = bench_head.number + 1,
    .time_ms = (bench_head.timestamp + 1) * 1000, .parent_hash = bench_hash};
  arena_init(&a, 1 << 20, 0);
  struct chain_tx *tx = arena_array(&a, struct chain_tx, BENCH_TXS);
  for (u32 i = 0; i < BENCH_TXS; i++) {
    u64 value = 0;
    u32 from = make(i, &value);
    bench_sign(&tx[i], from, module, value, &a);
  }
  chain_rules_at(&rules, &bench_genesis, p.height, p.time_ms / 1000);
  chain_proposal_draft(&draft, &p, &bench_head, 2000000000);
  double start = bench_cpu();
  MUST(chain_exec_block(bench_exec, &out, &rules, &draft, tx, BENCH_TXS, NULL,
                        &src, NULL, NULL, NULL, &a) == ERR_OK);
  double took = bench_cpu() - start;
  bench_all += took;
  MUST(out.tx_cnt == BENCH_TXS);
  for (u32 i = 0; i < BENCH_TXS; i++) MUST(out.receipt[i].success);
  printf("{\"name\":\"shop_%s\",\"value\":%.1f,\"unit\":\"us/tx\"}\n", name,
         took / BENCH_TXS * 1e6);
  printf("{\"name\":\"shop_%s_gas\",\"value\":%llu,\"unit\":\"gas\"}\n", name,
         (unsigned long long)out.header.gas_used / BENCH_TXS);
  state_mem_apply(bench_mem, &out.diff);
  state_mem_apply_nodes(bench_mem, &out.root);
  bench_head = out.header;
  bench_hash = out.hash;
  arena_fini(&a);
}

int main(void) {
  crypto_init(NULL);
  buf_init(&bench_args, 0);
  bench_open();
  bench_kind("list", 0x1012, bench_list);
  bench_kind("place", 0x1013, bench_place);
  bench_kind("ship", 0x1013, bench_ship);
  bench_kind("confirm", 0x1013, bench_confirm);
  printf("{\"name\":\"shop_mix\",\"value\":%.0f,\"unit\":\"tx/s\"}\n",
         4 * BENCH_TXS / bench_all);
  chain_exec_close(bench_exec);
  state_mem_close(bench_mem);
  buf_fini(&bench_args);
  arena_fini(&bench_keep);
  return 0;
}
