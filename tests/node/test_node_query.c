/* test_node_query.c - blocks, transactions, receipts, logs, proofs and calls
** as rpc asks for them, before and after they are in the indexes. */
#include "state_world.h"

static void blocks_when_read_then_whole(void **state) {
  (void)state;
  struct world w;
  struct arena a;
  world_open(&w, 11);
  arena_init(&a, 1 << 16, 0);
  for (u32 round = 0; round < 6; round++) {
    w.txs = round * 40; /* up to several chunks */
    world_grow(&w, 9);
    if (round == 3) world_settle(&w);
    struct node_read *r = world_read(&w);
    for (u64 h = 0; h <= (u64)w.head; h++) {
      struct node_block b;
      u64 number = 0, logs = 0;
      assert_int_equal(node_read_number(r, &number, &w.past[h].hash), ERR_OK);
      assert_int_equal(number, h);
      assert_int_equal(node_read_block(r, &b, h,
                                       NODE_WITH_TXS | NODE_WITH_RECEIPTS, &a),
                       ERR_OK);
      assert_memory_equal(b.hash.b, w.past[h].hash.b, 32);
      assert_int_equal(b.header.number, h);
      assert_int_equal(b.tx_cnt, h / 9 * 40);
      assert_int_equal(b.size, chain_block_size(&b.header, b.tx, b.tx_cnt));
      for (u32 i = 0; i < b.tx_cnt; i++) {
        struct state_log want[3];
        assert_int_equal(b.tx[i].nonce, h * 1000 + i);
        assert_true(b.tx[i].has_sender);
        assert_int_equal(b.receipt[i].cumulative_gas, 21000 * (i + 1));
        assert_int_equal(b.receipt[i].log_cnt, world_logs(want, h, i));
        assert_int_equal(b.log_base[i], logs);
        logs += b.receipt[i].log_cnt;
        if (i % 13) continue;
        struct node_tx_place at;
        struct chain_tx tx;
        struct chain_receipt receipt;
        u64 base;
        assert_int_equal(node_read_tx_place(r, &at, &b.tx[i].hash), ERR_OK);
        assert_int_equal(at.number, h);
        assert_int_equal(at.idx, i);
        assert_int_equal(node_read_tx(r, &tx, &receipt, &base, &at, &a),
                         ERR_OK);
        assert_memory_equal(tx.hash.b, b.tx[i].hash.b, 32);
        addr20 sender = tx.sender;
        assert_int_equal(chain_tx_sender(&tx), ERR_OK);
        assert_memory_equal(sender.b, tx.sender.b, 20);
        assert_int_equal(base, b.log_base[i]);
        /* A block's hash is no transaction's and the other way round. */
        assert_int_equal(node_read_number(r, &number, &tx.hash),
                         ERR_NOT_FOUND);
      }
      struct node_tx_place at;
      assert_int_equal(node_read_tx_place(r, &at, &b.hash), ERR_NOT_FOUND);
      arena_clear(&a);
    }
    struct node_block b;
    hash32 none = {{9}};
    u64 number;
    assert_int_equal(node_read_block(r, &b, (u64)w.head + 1, 0, &a),
                     ERR_NOT_FOUND);
    assert_int_equal(node_read_number(r, &number, &none), ERR_NOT_FOUND);
    node_read_end(r);
  }
  arena_fini(&a);
  world_fini(&w);
}

/*------------------------------------------------------------------- logs */
struct log_seen {
  u64 cnt, last, stop_at;
  const struct node_log_filter *f;
};

static bool log_wanted(const struct node_log_filter *f,
                       const struct state_log *l) {
  bool addr = f->addr_cnt == 0;
  for (u32 i = 0; i < f->addr_cnt; i++) addr |= addr20_eq(&f->addr[i], &l->addr);
  bool all = addr;
  for (u32 t = 0; t < 4; t++) {
    bool any = f->topic_cnt[t] == 0;
    for (u32 i = 0; i < f->topic_cnt[t] && t < l->topic_cnt; i++)
      any |= hash32_eq(&f->topic[t][i], &l->topic[t]);
    all &= any;
  }
  return all;
}

static bool log_cb(void *ctx, const struct node_log *l) {
  struct log_seen *s = ctx;
  struct state_log want[3];
  u32 cnt = world_logs(want, l->number, l->tx_idx), base = 0;
  for (u32 i = 0; i < l->tx_idx; i++) {
    struct state_log other[3];
    base += world_logs(other, l->number, i);
  }
  assert_true(l->log_idx >= base && l->log_idx < base + cnt);
  const struct state_log *w = &want[l->log_idx - base];
  assert_true(log_wanted(s->f, w));
  assert_memory_equal(w->addr.b, l->log->addr.b, 20);
  assert_memory_equal(w->topic, l->log->topic, sizeof w->topic);
  assert_int_equal(l->time_ms, (1000 + l->number) * 1000 + 5);
  u64 place = l->number * 100000 + l->log_idx;
  assert_true(s->cnt == 0 || place > s->last);
  s->last = place;
  return ++s->cnt != s->stop_at;
}

static u64 logs_wanted(struct world *w, const struct node_log_filter *f,
                       u32 txs) {
  u64 cnt = 0;
  for (u64 h = f->from; h <= f->to && h <= (u64)w->head; h++) {
    for (u32 i = 0; i < txs; i++) {
      struct state_log l[3];
      u32 n = world_logs(l, h, i);
      for (u32 k = 0; k < n; k++) cnt += log_wanted(f, &l[k]);
    }
  }
  return cnt;
}

static void logs_when_filtered_then_all_and_only(void **state) {
  (void)state;
  struct world w;
  world_open(&w, 12);
  w.txs = 70;
  world_grow(&w, 90);
  world_settle(&w);
  world_grow(&w, 10);
  struct store_standing st;
  store_standing(w.store, &st);
  assert_true(st.flushed > 20 && st.flushed < w.head);
  struct node_read *r = world_read(&w);
  u64 any = 0;
  for (u32 round = 0; round < 60; round++) {
    addr20 addr[3] = {0};
    hash32 t0[2] = {0}, t1[4] = {0};
    struct node_log_filter f = {.addr = addr, .topic = {t0, t1}};
    f.from = world_random(&w.rnd) % 100;
    f.to = f.from + world_random(&w.rnd) % 60;
    f.addr_cnt = (u32)(world_random(&w.rnd) % 4);
    f.topic_cnt[0] = (u32)(world_random(&w.rnd) % 3);
    f.topic_cnt[1] = round % 3 ? 0 : (u32)(world_random(&w.rnd) % 5);
    for (u32 i = 0; i < 3; i++)
      addr[i].b[0] = (u8)(0x10 + world_random(&w.rnd) % 6);
    for (u32 i = 0; i < 2; i++)
      t0[i].b[31] = (u8)(world_random(&w.rnd) % 4);
    for (u32 i = 0; i < 4; i++)
      store_be64(t1[i].b, f.from * 1000 + world_random(&w.rnd) % 70 * 10);
    struct log_seen s = {.f = &f};
    assert_int_equal(node_read_logs(r, &f, log_cb, &s), ERR_OK);
    assert_int_equal(s.cnt, logs_wanted(&w, &f, 70));
    any += s.cnt;
  }
  assert_true(any > 1000);
  struct node_log_filter all = {.from = 0, .to = 1000};
  struct log_seen s = {.f = &all, .stop_at = 17};
  assert_int_equal(node_read_logs(r, &all, log_cb, &s), ERR_OK);
  assert_int_equal(s.cnt, 17);
  node_read_end(r);
  world_fini(&w);
}

/*----------------------------------------------------------------- proofs */
static void proof_check(struct world *w, struct node_read *r, u64 h, u32 who,
                        struct arena *a) {
  u256 slots[3];
  addr20 addr = world_addr(who);
  hash32 key;
  struct node_proof p;
  slice val;
  for (u32 i = 0; i < 3; i++)
    slots[i] = world_slot((u32)(world_random(&w->rnd) % (WORLD_SLOTS + 2)));
  assert_int_equal(node_read_proof(r, &p, h, &addr, slots, 3, a), ERR_OK);
  crypto_keccak256(&key, addr.b, 20);
  assert_int_equal(trie_proof_check(&val, &w->past[h].root, &key,
                                    p.account_node, p.account_node_cnt),
                   ERR_OK);
  bool exists = who < WORLD_ACCOUNTS &&
                (w->past[h].nonce[who] || w->past[h].balance[who]);
  assert_int_equal(p.exists, exists);
  assert_int_equal(val.len > 0, exists);
  if (exists) {
    struct state_account acc;
    assert_int_equal(state_account_decode(&acc, val), ERR_OK);
    assert_int_equal(acc.nonce, w->past[h].nonce[who]);
    assert_int_equal(p.account.nonce, acc.nonce);
  }
  assert_int_equal(p.slot_cnt, 3);
  for (u32 i = 0; i < 3; i++) {
    u8 be[32];
    u256_to_be(be, &slots[i]);
    crypto_keccak256(&key, be, 32);
    u64 k = (slots[i].w[0] - 1) / 3;
    u64 want = who < WORLD_CONTRACTS && k < WORLD_SLOTS
                   ? w->past[h].slot[who][k] : 0;
    u256 wanted = u256_from(want);
    assert_true(u256_eq(&p.slot[i].val, &wanted));
    if (hash32_eq(&p.account.storage_root, &CRYPTO_KECCAK_RLP_NIL)) continue;
    assert_int_equal(trie_proof_check(&val, &p.account.storage_root, &key,
                                      p.slot[i].node, p.slot[i].node_cnt),
                     ERR_OK);
    u8 rlp[33];
    u32 len = want ? state_slot_encode(rlp, &wanted) : 0;
    assert_true(slice_eq(val, slice_of(rlp, len)));
  }
  arena_clear(a);
}

/* While batches are at every stage, at heights before and after the tables'.
** The batches are made by a thread of its own, so on a busy machine it takes
** more rounds until enough of them were seen on their way. */
static void proofs_when_tables_move_then_check_out(void **state) {
  (void)state;
  struct world w;
  struct arena a;
  world_open(&w, 13);
  arena_init(&a, 1 << 16, 0);
  u32 running = 0;
  for (u32 round = 0; round < 40 || (running <= 5 && round < 4000); round++) {
    world_write(&w, world_make(&w));
    if (round % 8 == 0) world_grow(&w, 10);
    w.store->flush.slice_rows = 1;
    usleep(500);
    world_step(&w);
    running += w.store->flush.phase != STORE_FLUSH_OFF;
    struct node_read *r = world_read(&w);
    u64 head = node_read_head(r);
    for (u32 i = 0; i < 4; i++) {
      u64 h = head - world_random(&w.rnd) % (head < 128 ? head + 1 : 129);
      proof_check(&w, r, h, (u32)(world_random(&w.rnd) % WORLD_CONTRACTS), &a);
      proof_check(&w, r, h, (u32)(world_random(&w.rnd) % (WORLD_ACCOUNTS + 9)),
                  &a);
    }
    node_read_end(r);
  }
  assert_true(running > 5);
  world_grow(&w, 100);
  struct node_read *r = world_read(&w);
  struct node_proof p;
  addr20 addr = world_addr(0);
  u64 head = node_read_head(r);
  proof_check(&w, r, head - 128, 0, &a);
  assert_int_equal(node_read_proof(r, &p, head - 129, &addr, NULL, 0, &a),
                   ERR_NOT_FOUND);
  assert_int_equal(node_read_proof(r, &p, head + 1, &addr, NULL, 0, &a),
                   ERR_NOT_FOUND);
  node_read_end(r);
  arena_fini(&a);
  world_fini(&w);
}

/*------------------------------------------------------------------ limits */
static void reader_when_over_its_time_then_timeout(void **state) {
  (void)state;
  struct world w;
  struct state_source src;
  struct state_account acc;
  struct node_block b;
  struct arena a;
  bool found;
  world_open(&w, 14);
  world_grow(&w, 5);
  world_crash(&w);
  world_open_file(&w);
  arena_init(&a, 1 << 16, 0);
  struct node_read *r = world_read(&w);
  assert_int_equal(node_read_state(r, &src, 0), ERR_OK);
  r->deadline_us = nstate_clock_us() - 1;
  assert_int_equal(node_read_block(r, &b, 1, 0, &a), ERR_TIMEOUT);
  assert_int_equal(node_read_state(r, &src, 0), ERR_OK);
  addr20 addr = {{0xee}}; /* nobody: not in the overlay */
  hash32 h;
  crypto_keccak256(&h, addr.b, 20);
  assert_int_equal(src.account(src.ctx, &acc, &found, &addr, &h), ERR_TIMEOUT);
  node_read_end(r);
  arena_fini(&a);
  world_fini(&w);
}

static void readers_when_all_taken_then_busy(void **state) {
  (void)state;
  struct world w;
  world_open(&w, 15);
  world_grow(&w, 2);
  struct node_read *r1 = world_read(&w), *r2 = world_read(&w), *r3;
  assert_int_equal(node_read_begin(&w.node, &r3), ERR_BUSY);
  node_read_end(r1);
  assert_int_equal(node_read_begin(&w.node, &r3), ERR_OK);
  node_read_end(r3);
  node_read_end(r2);
  world_fini(&w);
}

/* The contract at 0: an endless loop; at 1 the block number is returned. */
static void call_when_endless_then_timeout(void **state) {
  (void)state;
  static const u8 loop[] = {0x5b, 0x60, 0x00, 0x56};
  static const u8 number[] = {0x43, 0x60, 0x00, 0x52, 0x60, 0x20, 0x60, 0x00,
                              0xf3};
  struct world w;
  struct arena a, b;
  struct errmsg msg;
  world_open(&w, 16);
  arena_init(&a, 1 << 16, 0);
  arena_init(&b, 1 << 16, 0);
  addr20 op = {{1}};
  u256 zero = U256_ZERO;
  chain_genesis_default(&w.node.genesis, 31337, &op, NULL, 1000, NULL, 0,
                        &zero, &a);
  (void)msg;
  /* Two contracts of our own beside the world's. */
  struct chain_block_result res = {0};
  struct store_block *sb;
  addr20 c0 = {{0xc0}}, c1 = {{0xc1}};
  state_block_begin(w.exec, node_state_source(w.state));
  state_tx_begin(w.exec);
  state_nonce_set(w.exec, &c0, 1);
  state_code_set(w.exec, &c0, slice_of(loop, sizeof loop));
  state_nonce_set(w.exec, &c1, 1);
  state_code_set(w.exec, &c1, slice_of(number, sizeof number));
  state_tx_end(w.exec, true);
  state_block_diff(w.exec, &res.diff, &b);
  assert_int_equal(state_commit(&res.root, &res.diff,
                                node_state_source(w.state), NULL, &b), ERR_OK);
  res.header.gas_limit = 500000000;
  res.header.timestamp = 1000;
  res.header.opt_cnt = CHAIN_HEADER_OPT_MAX;
  res.header.state_root = res.root.root;
  assert_int_equal(node_state_apply(w.state, &sb, &res, slice_of(NULL, 0),
                                    slice_of(NULL, 0)), ERR_OK);
  world_write(&w, sb);
  struct node_read *r = world_read(&w);
  struct chain_tx tx = {.has_to = true, .to = c1, .gas_limit = 100000,
                        .has_sender = true};
  struct chain_outcome out;
  assert_int_equal(node_read_call(r, &out, 0, false, &tx, 1000, NULL, &b),
                   ERR_OK);
  assert_int_equal(out.verdict, CHAIN_OK);
  assert_int_equal(out.output.len, 32);
  assert_int_equal(out.output.ptr[31], 0);
  assert_int_equal(node_read_call(r, &out, 0, true, &tx, 1000, NULL, &b),
                   ERR_OK);
  assert_int_equal(out.output.ptr[31], 1);
  tx.to = c0;
  tx.gas_limit = UINT64_MAX / 4;
  assert_int_equal(node_read_call(r, &out, 0, false, &tx, 30, NULL, &b),
                   ERR_TIMEOUT);
  tx.to = c1;
  tx.gas_limit = 100000;
  assert_int_equal(node_read_call(r, &out, 0, false, &tx, 1000, NULL, &b),
                   ERR_OK);
  node_read_end(r);
  arena_fini(&a);
  arena_fini(&b);
  world_fini(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(blocks_when_read_then_whole),
      cmocka_unit_test(logs_when_filtered_then_all_and_only),
      cmocka_unit_test(proofs_when_tables_move_then_check_out),
      cmocka_unit_test(reader_when_over_its_time_then_timeout),
      cmocka_unit_test(readers_when_all_taken_then_busy),
      cmocka_unit_test(call_when_endless_then_timeout),
  };
  return cmocka_run_group_tests_name("node_query", tests, NULL, NULL);
}
