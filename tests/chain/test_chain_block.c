/* test_chain_block.c - headers, receipts, blooms and transactions as bytes. */
#include "chain/chain_fixture.h"

#include "codec/rlp.h"

static struct chain_header tb_header(u32 opt_cnt) {
  struct chain_header h;
  memset(&h, 0, sizeof h);
  h.difficulty = u256_from(opt_cnt ? 0 : 131072);
  h.number = 7;
  h.gas_limit = 30000000;
  h.timestamp = 1700000000;
  h.opt_cnt = opt_cnt;
  h.base_fee = u256_from(opt_cnt ? 9 : 0);
  h.blob_gas_used = opt_cnt >= 4 ? 131072 : 0;
  chain_extra_put(&h, 999, 65535);
  return h;
}

static void header_when_of_any_fork_then_decodes_equal(void **state) {
  static const u32 opt[] = {0, 1, 2, 4, 5, 6};
  (void)state;
  for (u32 i = 0; i < ARRAY_LEN(opt); i++) {
    struct chain_header h = tb_header(opt[i]), back;
    struct buf b, again;
    u32 ms, round;
    buf_init(&b, 0);
    buf_init(&again, 0);
    chain_header_encode(&b, &h);
    assert_int_equal(chain_header_decode(&back, buf_slice(&b)), ERR_OK);
    chain_header_encode(&again, &back);
    vec_assert_eq(buf_slice(&again), buf_slice(&b), "header");
    assert_int_equal(back.opt_cnt, opt[i]);
    assert_true(chain_extra_get(&back, &ms, &round));
    assert_int_equal(ms, 999);
    assert_int_equal(round, 65535);
    for (size_t len = 0; len < b.len; len++)
      assert_true(chain_header_decode(&back, slice_of(b.ptr, len)) < 0);
    buf_fini(&again);
    buf_fini(&b);
  }
}

static void extra_when_not_ours_then_seconds_only(void **state) {
  struct chain_header h = tb_header(6);
  u32 ms, round;
  (void)state;
  assert_int_equal(chain_header_time_ms(&h), 1700000000999ull);
  h.extra[1] = 0x03, h.extra[2] = 0xe8; /* 1000 ms */
  assert_false(chain_extra_get(&h, &ms, &round));
  h.extra_len = 4;
  assert_false(chain_extra_get(&h, &ms, &round));
  assert_int_equal(chain_header_time_ms(&h), 1700000000000ull);
}

static void receipt_when_stored_then_loads_equal(void **state) {
  (void)state;
  for (u32 i = 0; i < 4; i++) {
    struct state_log log[2];
    struct chain_receipt r, back;
    struct arena a;
    struct buf b, again, whole;
    memset(log, 0, sizeof log);
    log[0].topic_cnt = 4;
    log[0].topic[3].b[0] = 9;
    log[1].addr.b[0] = 8;
    log[1].data = slice_str("some data");
    memset(&r, 0, sizeof r);
    r.type = (u8)i;
    r.success = i & 1;
    if (i == 2) r.post_state.b[0] = 1;
    r.cumulative_gas = 500000;
    r.gas_used = 21000;
    r.log = log;
    r.log_cnt = i < 3 ? 2 : 0;
    r.has_created = i == 1;
    r.created.b[0] = i == 1 ? 5 : 0;
    chain_bloom_logs(&r.bloom, r.log, r.log_cnt);
    arena_init(&a, 1 << 12, 0);
    buf_init(&b, 0);
    buf_init(&again, 0);
    chain_receipt_store(&b, &r);
    assert_int_equal(chain_receipt_load(&back, buf_slice(&b), &a), ERR_OK);
    assert_int_equal(back.gas_used, 21000);
    assert_int_equal(back.has_created, r.has_created);
    assert_memory_equal(back.created.b, r.created.b, 20);
    chain_receipt_store(&again, &back);
    vec_assert_eq(buf_slice(&again), buf_slice(&b), "stored form");
    buf_clear(&again);
    for (size_t len = 0; len < b.len; len++)
      assert_true(chain_receipt_load(&back, slice_of(b.ptr, len), &a) < 0);
    assert_int_equal(chain_receipt_load(&back, buf_slice(&b), &a), ERR_OK);
    /* The consensus form of both is the same, bloom included. */
    buf_init(&whole, 0);
    chain_receipt_encode(&whole, &r);
    chain_receipt_encode(&again, &back);
    vec_assert_eq(buf_slice(&again), buf_slice(&whole), "consensus form");
    buf_fini(&whole);
    buf_fini(&again);
    buf_fini(&b);
    arena_fini(&a);
  }
}

static void bloom_when_data_is_added_then_its_three_bits(void **state) {
  struct bloom256 b;
  (void)state;
  memset(&b, 0, sizeof b);
  assert_false(chain_bloom_may(&b, slice_str("x")));
  chain_bloom_add(&b, slice_str("x"));
  assert_true(chain_bloom_may(&b, slice_str("x")));
  u32 bits = 0;
  for (u32 i = 0; i < 256; i++) bits += (u32)__builtin_popcount(b.b[i]);
  assert_in_range(bits, 1, 3);
}

static void size_when_counted_then_that_of_the_bytes(void **state) {
  (void)state;
  for (u32 cnt = 0; cnt < 40; cnt += 13) {
    struct cf f;
    struct chain_tx tx[40];
    struct buf b;
    struct chain_header h = tb_header(6);
    cf_open(&f, 1, NULL, 0);
    buf_init(&b, 0);
    size_t block = rlp_list_open(&b);
    chain_header_encode(&b, &h);
    size_t list = rlp_list_open(&b);
    for (u32 i = 0; i < cnt; i++) {
      tx[i] = cf_tx(&f, 0, (u8)(i % 3), &f.user[1], i);
      cf_sign(&f, &tx[i], 0);
      if (tx[i].type == 0)
        rlp_put_raw(&b, tx[i].raw);
      else
        rlp_put_slice(&b, tx[i].raw);
    }
    rlp_list_close(&b, list);
    buf_put(&b, "\xc0\xc0", 2);
    rlp_list_close(&b, block);
    assert_int_equal(chain_block_size(&h, tx, cnt), b.len);
    buf_fini(&b);
    cf_close(&f);
  }
}

static void tx_when_signed_then_decodes_to_its_sender(void **state) {
  struct cf f;
  (void)state;
  cf_open(&f, 1, NULL, 0);
  for (u32 i = 0; i < 12; i++) {
    struct errmsg msg;
    struct chain_tx tx = cf_tx(&f, 1, (u8)(i % 5), &f.user[2], i), back;
    hash32 blob = {{1}};
    u256 slot = u256_from(i);
    struct chain_access access = {.addr = {{3}}, .slot = &slot, .slot_cnt = 1};
    struct chain_auth auth = {.addr = {{4}}, .nonce = i};
    tx.protected = i != 10; /* type 0 */
    if (tx.type) tx.access = &access, tx.access_cnt = 1;
    if (tx.type == 3) tx.blob_hash = &blob, tx.blob_cnt = 1;
    if (tx.type == 4) tx.auth = &auth, tx.auth_cnt = 1;
    cf_sign(&f, &tx, 1);
    if (chain_tx_decode(&back, tx.raw, &f.a, &msg) < 0) fail_msg("%s", msg.text);
    assert_int_equal(chain_tx_sender(&back), ERR_OK);
    assert_memory_equal(back.sender.b, f.user[1].b, 20);
    assert_memory_equal(back.hash.b, tx.hash.b, 32);
    assert_int_equal(back.protected, i != 10);
    assert_int_equal(back.access_cnt, tx.access_cnt);
    assert_int_equal(back.blob_cnt, tx.blob_cnt);
    assert_int_equal(back.auth_cnt, tx.auth_cnt);
  }
  cf_close(&f);
}

static void tx_when_malformed_then_says_what(void **state) {
  static const struct { const char *hex, *said; } bad[] = {
    {"", "typed transaction too short"},
    {"05c0", "transaction type not supported"},
    {"7e", "transaction type not supported"},
    {"80", "expected a list"},
    {"02", "expected a list"},
    {"c0", "nonce"},
    {"c000", "after the transaction"},
    {"c28000", "gasPrice"},
    {"c9808080808080808080", "v, r, s"},
    {"ca80808080808026808080", "too many"},
    {"ce80808085000000000080801b8080", "to"},
    {"03ce0180808080808080c080c0808080", "common.Address"},
  };
  struct arena a;
  (void)state;
  arena_init(&a, 1 << 12, 0);
  for (u32 i = 0; i < ARRAY_LEN(bad); i++) {
    struct chain_tx tx;
    struct errmsg msg = {""};
    slice raw = vec_hex(bad[i].hex);
    err e = chain_tx_decode(&tx, raw, &a, &msg);
    if (e == ERR_OK || !strstr(msg.text, bad[i].said))
      fail_msg("%s: \"%s\", not \"%s\"", bad[i].hex, msg.text, bad[i].said);
    vec_free(raw);
  }
  arena_fini(&a);
}

int main(void) {
  crypto_init(NULL);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(header_when_of_any_fork_then_decodes_equal),
    cmocka_unit_test(extra_when_not_ours_then_seconds_only),
    cmocka_unit_test(receipt_when_stored_then_loads_equal),
    cmocka_unit_test(bloom_when_data_is_added_then_its_three_bits),
    cmocka_unit_test(size_when_counted_then_that_of_the_bytes),
    cmocka_unit_test(tx_when_signed_then_decodes_to_its_sender),
    cmocka_unit_test(tx_when_malformed_then_says_what),
  };
  return cmocka_run_group_tests_name("chain_block", tests, NULL, NULL);
}
