/* state_world.h - a made-up chain over node_state for tests: random blocks
** whose states are remembered at every height, beside a world in memory that
** tells the roots. */
#ifndef TESTS_STATE_WORLD_H
#define TESTS_STATE_WORLD_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "node/node_int.h"
#include "node/node_state_int.h"
#include "store/store_int.h"

enum { WORLD_ACCOUNTS = 120, WORLD_CONTRACTS = 6, WORLD_SLOTS = 40,
       WORLD_HEIGHTS = 700 };

/* What a height looked like: enough to ask for everything again. */
struct world_past {
  u64 nonce[WORLD_ACCOUNTS];
  u64 balance[WORLD_ACCOUNTS]; /* 0 and nonce 0: no account */
  u64 slot[WORLD_CONTRACTS][WORLD_SLOTS];
  hash32 hash, root;
};
struct world {
  char dir[64], path[96];
  u64 rnd;
  struct store *store;
  struct node_state *state;
  struct node node;             /* as much of one as queries ask for */
  struct state *exec;
  struct state_mem *mem;
  struct world_past *past;      /* by height */
  i64 head;                     /* applied */
  u32 txs;                      /* transactions in each block */
  u64 batch_changes, batch_blocks, history;
  u32 reader_cnt, drop_budget;
  u64 cache_bytes;
  u32 far_slots;                /* writes in each block to slots that only the
                                ** roots tell of */
};

static inline u64 world_random(u64 *x) {
  u64 z = (*x += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static inline addr20 world_addr(u32 i) {
  addr20 a = {{0xaa, (u8)(i >> 8), (u8)i}};
  a.b[19] = (u8)(i * 7);
  return a;
}
/* Contracts are accounts 0..WORLD_CONTRACTS-1. */
static inline u256 world_slot(u32 k) { return u256_from(k * 3 + 1); }

static inline void world_open_file(struct world *w) {
  struct errmsg msg = {{0}};
  err e = store_open(&w->store, w->path, STORE_CREATE, &msg);
  if (e) print_message("%s\n", msg.text);
  assert_int_equal(e, ERR_OK);
  struct node_state_config cfg = {
      .store = w->store, .batch_changes = w->batch_changes,
      .batch_blocks = w->batch_blocks, .history_blocks = w->history,
      .reader_cnt = w->reader_cnt ? w->reader_cnt : 2,
      .drop_budget = w->drop_budget, .cache_bytes = w->cache_bytes};
  e = node_state_open(&w->state, &cfg, &msg);
  if (e) print_message("%s\n", msg.text);
  assert_int_equal(e, ERR_OK);
  w->node.state = w->state;
  w->node.genesis.own = true;
  struct store_standing st;
  store_standing(w->store, &st);
  w->head = st.head;
}

static inline void world_open(struct world *w, u64 seed) {
  memset(w, 0, sizeof *w);
  crypto_init(NULL);
  w->rnd = seed;
  w->node.genesis.own = true;
  w->batch_changes = 400;
  w->batch_blocks = 40;
  w->cache_bytes = 64 << 10;
  strcpy(w->dir, "/tmp/test_node_XXXXXX");
  assert_non_null(mkdtemp(w->dir));
  snprintf(w->path, sizeof w->path, "%s/chain.db", w->dir);
  w->past = calloc(WORLD_HEIGHTS, sizeof *w->past);
  w->exec = state_open(1);
  w->mem = state_mem_open();
  w->head = -1;
  world_open_file(w);
}

/* The process is gone: nothing more is written. */
static inline void world_crash(struct world *w) {
  node_state_close(w->state, true, NULL);
  store_abandon(w->store);
  w->state = NULL;
  w->store = NULL;
}

/* settle: no rows stand in front of the tables. */
static inline void world_close_as(struct world *w, bool settle) {
  struct errmsg msg = {{0}};
  err e = node_state_close(w->state, false, &msg);
  store_vacuum(w->store, settle);
  for (bool more = settle; more && !e;)
    e = store_upkeep_step(w->store, STORE_SLICE_US, &more);
  if (!e) e = store_close(w->store, &msg);
  if (e) print_message("%s\n", msg.text);
  assert_int_equal(e, ERR_OK);
  w->state = NULL;
  w->store = NULL;
}
static inline void world_close_file(struct world *w) {
  world_close_as(w, false);
}

static inline void world_fini(struct world *w) {
  char cmd[128];
  if (w->state) world_crash(w);
  state_close(w->exec);
  state_mem_close(w->mem);
  free(w->past);
  snprintf(cmd, sizeof cmd, "rm -rf '%s'", w->dir);
  assert_int_equal(system(cmd), 0);
}

static inline void world_touch(struct world *w, struct world_past *p) {
  u32 i = (u32)(world_random(&w->rnd) % WORLD_ACCOUNTS);
  addr20 a = world_addr(i);
  u64 kind = world_random(&w->rnd) % 10;
  if (kind == 0 && i >= WORLD_CONTRACTS) { /* gone: empty and touched */
    u256 zero = U256_ZERO;
    state_balance_set(w->exec, &a, &zero);
    state_nonce_set(w->exec, &a, 0);
    state_touch(w->exec, &a);
    p->balance[i] = p->nonce[i] = 0;
  } else {
    p->balance[i] = world_random(&w->rnd) >> 8;
    p->nonce[i]++;
    u256 v = u256_from(p->balance[i]);
    state_balance_set(w->exec, &a, &v);
    state_nonce_set(w->exec, &a, p->nonce[i]);
  }
}

static inline void world_touch_slot(struct world *w, struct world_past *p) {
  u32 c = (u32)(world_random(&w->rnd) % WORLD_CONTRACTS);
  u32 k = (u32)(world_random(&w->rnd) % WORLD_SLOTS);
  addr20 a = world_addr(c);
  u256 slot = world_slot(k);
  p->slot[c][k] =
      world_random(&w->rnd) % 4 == 0 ? 0 : world_random(&w->rnd) >> 16;
  u256 v = u256_from(p->slot[c][k]);
  state_slot_set(w->exec, &a, &slot, &v);
}

/* One of 2,000 of each contract, so that tries have many nodes. */
static inline void world_touch_far_slot(struct world *w) {
  addr20 a = world_addr((u32)(world_random(&w->rnd) % WORLD_CONTRACTS));
  u256 slot = u256_from(1000000 + world_random(&w->rnd) % 2000);
  u256 v = u256_from(world_random(&w->rnd) >> 16);
  state_slot_set(w->exec, &a, &slot, &v);
}

/* Code of each contract, told by its number. */
static inline void world_code(u32 c, u8 out[40]) {
  memset(out, 0x5b, 40);
  out[0] = (u8)c;
}

static inline void world_changes(struct world *w, struct world_past *p) {
  u32 cnt = (u32)(world_random(&w->rnd) % 30);
  state_block_begin(w->exec, node_state_source(w->state));
  state_tx_begin(w->exec);
  for (u32 c = 0; w->head < 0 && c < WORLD_CONTRACTS; c++) {
    addr20 a = world_addr(c);
    u8 code[40];
    world_code(c, code);
    p->nonce[c] = 1;
    p->balance[c] = 5;
    u256 v = u256_from(5);
    state_balance_set(w->exec, &a, &v);
    state_nonce_set(w->exec, &a, 1);
    state_code_set(w->exec, &a, slice_of(code, 40));
  }
  for (u32 i = 0; i < cnt; i++) world_touch(w, p);
  for (u32 i = 0; i < cnt; i++) world_touch_slot(w, p);
  for (u32 i = 0; i < w->far_slots; i++) world_touch_far_slot(w);
  state_tx_end(w->exec, true);
  assert_int_equal(state_error(w->exec), ERR_OK);
}

/* Logs that follow from height and index: address 0x10 + (n % 5), one topic
** of 3 values, and one of its own. */
static inline u32 world_logs(struct state_log *out, u64 height, u32 idx) {
  u32 cnt = (u32)((height + idx) % 3);
  for (u32 i = 0; i < cnt; i++) {
    memset(&out[i], 0, sizeof out[i]);
    out[i].addr.b[0] = (u8)(0x10 + (height + idx + i) % 5);
    out[i].topic_cnt = 2;
    out[i].topic[0].b[31] = (u8)((height * 3 + i) % 3);
    store_be64(out[i].topic[1].b, height * 1000 + idx * 10 + i);
    out[i].data = slice_str("data");
  }
  return cnt;
}

static inline void world_txs(struct world *w, struct chain_block_result *res,
                             struct arena *a) {
  u32 cnt = w->txs;
  u8 key[32] = {1};
  struct chain_tx *tx = arena_array(a, struct chain_tx, cnt + 1);
  res->tx = arena_array(a, const struct chain_tx *, cnt + 1);
  res->receipt = arena_array(a, struct chain_receipt, cnt + 1);
  slice *raw = arena_array(a, slice, cnt + 1);
  slice *enc = arena_array(a, slice, cnt + 1);
  for (u32 i = 0; i < cnt; i++) {
    struct state_log *log = arena_array(a, struct state_log, 3);
    tx[i] = (struct chain_tx){.type = 0, .protected = true, .chain_id = 7,
                              .nonce = res->header.number * 1000 + i,
                              .gas_limit = 21000, .has_to = true};
    assert_int_equal(chain_tx_sign(&tx[i], key, a), ERR_OK);
    res->tx[i] = &tx[i];
    struct chain_receipt *r = &res->receipt[i];
    r->success = true;
    r->gas_used = 21000;
    r->cumulative_gas = 21000 * (i + 1);
    r->log = log;
    r->log_cnt = world_logs(log, res->header.number, i);
    chain_bloom_logs(&r->bloom, log, r->log_cnt);
    for (u32 b = 0; b < 256; b++) res->header.bloom.b[b] |= r->bloom.b[b];
    raw[i] = tx[i].raw;
    struct buf b;
    buf_init(&b, 0);
    chain_receipt_encode(&b, r);
    enc[i] = arena_copy_slice(a, buf_slice(&b));
    buf_fini(&b);
  }
  res->tx_cnt = cnt;
  trie_root_indexed(&res->header.txs_root, raw, cnt, a);
  trie_root_indexed(&res->header.receipts_root, enc, cnt, a);
}

/* The next block, applied; its bytes for the store are given. */
static inline struct store_block *world_make(struct world *w) {
  struct chain_block_result res = {0};
  struct store_block *out = NULL;
  struct arena a;
  arena_init(&a, 1 << 16, 0);
  u64 height = (u64)(w->head + 1);
  assert_true(height < WORLD_HEIGHTS);
  struct world_past *p = &w->past[height];
  if (height) *p = w->past[height - 1];
  world_changes(w, p);
  state_block_diff(w->exec, &res.diff, &a);
  assert_int_equal(state_commit(&res.root, &res.diff,
                                node_state_source(w->state), NULL, &a),
                   ERR_OK);
  state_mem_apply(w->mem, &res.diff);
  state_mem_root(w->mem, &p->root);
  assert_memory_equal(res.root.root.b, p->root.b, 32);
  res.header.number = height;
  res.header.timestamp = 1000 + height;
  res.header.state_root = res.root.root;
  res.header.opt_cnt = CHAIN_HEADER_OPT_MAX;
  if (height) res.header.parent_hash = w->past[height - 1].hash;
  chain_extra_put(&res.header, 5, 0);
  world_txs(w, &res, &a);
  chain_header_hash(&res.hash, &res.header);
  p->hash = res.hash;
  assert_int_equal(node_state_apply(w->state, &out, &res, slice_str("prop"),
                                    slice_str("commit")), ERR_OK);
  arena_fini(&a);
  w->head = (i64)height;
  return out;
}

static inline void world_write(struct world *w, struct store_block *b) {
  err e = store_append(w->store, &b, 1);
  if (e) print_message("%s\n", store_error(w->store));
  assert_int_equal(e, ERR_OK);
  node_state_durable(w->state, b->height);
  store_block_free(b);
}

/* A view that does not time out: sanitizers are slow. */
static inline struct node_read *world_read(struct world *w) {
  struct node_read *r;
  assert_int_equal(node_read_begin(&w->node, &r), ERR_OK);
  r->deadline_us = nstate_clock_us() + 600000000;
  return r;
}

static inline void world_step(struct world *w) {
  bool more;
  assert_int_equal(node_state_write_step(w->state, 1000, &more), ERR_OK);
}
/* Until there is nothing more to do; the maker's thread gets its time. */
static inline void world_settle(struct world *w) {
  bool more = true;
  for (u32 quiet = 0; quiet < 20;) {
    assert_int_equal(node_state_write_step(w->state, 1000, &more), ERR_OK);
    quiet = more ? 0 : quiet + 1;
    if (!more) usleep(1000);
  }
}

static inline void world_grow(struct world *w, u32 blocks) {
  for (u32 i = 0; i < blocks; i++) {
    world_write(w, world_make(w));
    u32 steps = (u32)(world_random(&w->rnd) % 3);
    for (u32 k = 0; k < steps; k++) world_step(w);
  }
}
#endif
