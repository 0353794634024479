/* test_node_state.c - every height's values through cache, overlay, tables and
** history; catching up after a crash at any step; verify; pruning. */
#include "state_world.h"

/* All accounts and slots of one height, asked through one reader. */
static void check_height(struct world *w, struct node_read *r, u64 height) {
  struct state_source src;
  const struct world_past *p = &w->past[height];
  assert_int_equal(node_read_state(r, &src, height), ERR_OK);
  for (u32 i = 0; i < WORLD_ACCOUNTS; i++) {
    addr20 a = world_addr(i);
    struct state_account acc;
    hash32 h;
    bool found;
    crypto_keccak256(&h, a.b, 20);
    assert_int_equal(src.account(src.ctx, &acc, &found, &a, &h), ERR_OK);
    assert_int_equal(found, p->nonce[i] || p->balance[i]);
    if (!found) continue;
    assert_int_equal(acc.nonce, p->nonce[i]);
    u256 b = u256_from(p->balance[i]);
    assert_true(u256_eq(&acc.balance, &b));
    if (i >= WORLD_CONTRACTS) continue;
    slice code;
    u8 want[40];
    world_code(i, want);
    assert_int_equal(src.code(src.ctx, &code, &acc.code_hash), ERR_OK);
    assert_true(slice_eq(code, slice_of(want, 40)));
    for (u32 k = 0; k < WORLD_SLOTS; k++) {
      u256 slot = world_slot(k), v, wanted = u256_from(p->slot[i][k]);
      u8 be[32];
      hash32 sh;
      u256_to_be(be, &slot);
      crypto_keccak256(&sh, be, 32);
      assert_int_equal(src.slot(src.ctx, &v, &a, &h, &slot, &sh), ERR_OK);
      assert_true(u256_eq(&v, &wanted));
    }
  }
}

static void check_some(struct world *w, u32 cnt) {
  struct node_read *r = world_read(w);
  u64 head = node_read_head(r), oldest = node_read_oldest_state(r);
  check_height(w, r, head);
  check_height(w, r, oldest);
  for (u32 i = 0; i < cnt; i++)
    check_height(w, r, oldest + world_random(&w->rnd) % (head - oldest + 1));
  node_read_end(r);
}

static void heights_when_batches_run_then_all_read_right(void **state) {
  (void)state;
  struct world w;
  world_open(&w, 1);
  w.txs = 1;
  for (u32 round = 0; round < 20; round++) {
    world_grow(&w, 12);
    check_some(&w, 3);
  }
  world_settle(&w);
  check_some(&w, 10);
  struct store_standing st;
  store_standing(w.store, &st);
  assert_true(st.flushed > 150);
  for (u64 h = 0; h <= (u64)w.head; h += 17) {
    struct node_read *r = world_read(&w);
    check_height(&w, r, h);
    node_read_end(r);
  }
  world_close_file(&w);
  struct errmsg msg;
  err e = node_state_verify(w.path, true, NULL, NULL, NULL, &msg);
  if (e) print_message("%s\n", msg.text);
  assert_int_equal(e, ERR_OK);
  world_fini(&w);
}

/* A reader begun before blocks and batches still sees its own moment. */
static void reader_when_chain_moves_then_view_stands(void **state) {
  (void)state;
  struct world w;
  world_open(&w, 2);
  world_grow(&w, 60);
  struct node_read *r = world_read(&w);
  u64 head = node_read_head(r);
  for (u32 i = 0; i < 8; i++) {
    world_grow(&w, 15);
    world_settle(&w);
    assert_int_equal(node_read_head(r), head);
    check_height(&w, r, head);
    check_height(&w, r, head / 2);
  }
  struct state_source src;
  assert_int_equal(node_read_state(r, &src, head + 1), ERR_NOT_FOUND);
  node_read_end(r);
  check_some(&w, 5);
  world_fini(&w);
}

/* Cut off after each number of steps: opening brings the root of the head (it
** checks that itself), and the chain goes on. */
static void file_when_cut_off_anywhere_then_catches_up(void **state) {
  (void)state;
  struct world w;
  u32 half = 0;
  world_open(&w, 3);
  w.txs = 2;
  for (u32 round = 0; round < 60; round++) {
    u32 cnt = (u32)(world_random(&w.rnd) % 14);
    for (u32 i = 0; i < cnt; i++) world_write(&w, world_make(&w));
    usleep(2000); /* the maker's thread */
    for (u32 i = 0; i < round * 7 % 31; i++) {
      w.store->flush.slice_rows = 1; /* 32 rows a slice */
      world_step(&w);
    }
    half += w.store->flush.phase != STORE_FLUSH_OFF;
    world_crash(&w);
    world_open_file(&w);
    check_some(&w, 2);
    if (round % 10 == 9) {
      struct errmsg msg;
      err e = node_state_verify(w.path, true, NULL, NULL, NULL, &msg);
      if (e) print_message("%s\n", msg.text);
      assert_int_equal(e, ERR_OK);
    }
  }
  /* The interesting moments did come about. */
  assert_true(half > 3);
  world_close_file(&w);
  assert_int_equal(node_state_verify(w.path, true, NULL, NULL, NULL, NULL),
                   ERR_OK);
  world_fini(&w);
}

/* Blocks applied but never written are as if they had not been. */
static void blocks_when_not_durable_then_not_seen(void **state) {
  (void)state;
  struct world w;
  world_open(&w, 4);
  world_grow(&w, 20);
  struct world_past kept = w.past[19];
  store_block_free(world_make(&w));
  store_block_free(world_make(&w));
  struct node_read *r = world_read(&w);
  assert_int_equal(node_read_head(r), 19);
  check_height(&w, r, 19);
  u64 n;
  assert_int_equal(node_read_number(r, &n, &w.past[20].hash), ERR_NOT_FOUND);
  assert_int_equal(node_read_number(r, &n, &w.past[19].hash), ERR_OK);
  assert_int_equal(n, 19);
  node_read_end(r);
  world_crash(&w);
  world_open_file(&w);
  assert_int_equal(w.head, 19);
  w.past[19] = kept;
  check_some(&w, 4);
  world_fini(&w);
}

static void history_when_pruned_then_older_not_found(void **state) {
  (void)state;
  struct world w;
  world_open(&w, 5);
  world_crash(&w);
  w.history = 130;
  world_open_file(&w);
  world_grow(&w, 600);
  world_settle(&w);
  struct node_read *r = world_read(&w);
  struct state_source src;
  u64 oldest = node_read_oldest_state(r);
  assert_true(oldest > 100 && oldest <= 600 - 130);
  assert_int_equal(node_read_state(r, &src, oldest - 1), ERR_NOT_FOUND);
  node_read_end(r);
  check_some(&w, 10);
  world_close_file(&w);
  /* What is below is really gone. */
  sqlite3 *db;
  sqlite3_stmt *st;
  assert_int_equal(sqlite3_open(w.path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_prepare_v2(db, "SELECT min(seq) >> 20 FROM diff "
                                      "WHERE seq >= 1 << 20",
                                      -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  assert_true((u64)sqlite3_column_int64(st, 0) > oldest);
  sqlite3_finalize(st);
  sqlite3_close(db);
  assert_int_equal(node_state_verify(w.path, true, NULL, NULL, NULL, NULL),
                   ERR_OK);
  world_fini(&w);
}

static void damage_sql(struct world *w, const char *sql) {
  sqlite3 *db;
  assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_true(sqlite3_changes(db) > 0);
  sqlite3_close(db);
}

static void verify_when_a_row_is_changed_then_damaged(void **state) {
  (void)state;
  static const char *const damage[] = {
      "UPDATE account SET val = (SELECT val FROM account WHERE length(key) = 32 "
      "LIMIT 1 OFFSET 5) WHERE key = (SELECT key FROM account "
      "WHERE length(key) = 32 LIMIT 1 OFFSET 6)",
      "DELETE FROM slot WHERE key = "
      "(SELECT key FROM slot WHERE length(key) = 64 LIMIT 1)",
      "UPDATE slot SET val = x'01020304' WHERE key = "
      "(SELECT key FROM slot WHERE length(key) = 64 LIMIT 1)",
      "DELETE FROM account WHERE key = "
      "(SELECT key FROM account WHERE length(key) = 32 LIMIT 1)",
      "UPDATE block SET hash = zeroblob(32) WHERE height = 3",
      "DELETE FROM body WHERE seq = (SELECT max(seq) FROM body)",
      "DELETE FROM account WHERE key = "
      "(SELECT key FROM account WHERE length(key) <> 32 LIMIT 1)",
      "DELETE FROM slot WHERE key = "
      "(SELECT key FROM slot WHERE length(key) <> 64 LIMIT 1 OFFSET 3)",
      "DELETE FROM node WHERE key = (SELECT key FROM node LIMIT 1 OFFSET 3)",
      "UPDATE node SET val = zeroblob(length(val)) WHERE key = "
      "(SELECT max(key) FROM node)",
      "INSERT INTO node SELECT CAST(key || x'00' AS BLOB), val FROM node LIMIT 1",
      "UPDATE account SET val = zeroblob(length(val)) WHERE key = "
      "(SELECT max(key) FROM account WHERE length(key) <> 32)",
      "INSERT INTO slot SELECT CAST(substr(key, 1, 32) || x'0a0b0c0d' AS BLOB), "
      "val FROM slot WHERE length(key) <> 64 LIMIT 1", /* nobody leads to it */
      "DELETE FROM run WHERE kind = 0",
      "DELETE FROM run WHERE kind = 1",
      "DELETE FROM run WHERE kind = 2",
      "UPDATE receipt SET bytes = (SELECT bytes FROM receipt LIMIT 1) "
      "WHERE seq = (SELECT max(seq) FROM receipt)"};
  struct world w;
  world_open(&w, 6);
  w.txs = 2;
  world_grow(&w, 30);
  world_close_as(&w, true);
  char cmd[300];
  snprintf(cmd, sizeof cmd, "cp '%s' '%s/good'", w.path, w.dir);
  assert_int_equal(system(cmd), 0);
  for (u32 i = 0; i < ARRAY_LEN(damage); i++) {
    struct errmsg msg = {{0}};
    snprintf(cmd, sizeof cmd, "cp '%s/good' '%s'", w.dir, w.path);
    assert_int_equal(system(cmd), 0);
    assert_int_equal(node_state_verify(w.path, true, NULL, NULL, NULL, &msg),
                     ERR_OK);
    damage_sql(&w, damage[i]);
    err e = node_state_verify(w.path, true, NULL, NULL, NULL, &msg);
    if (!e) print_message("not seen: %s\n", damage[i]);
    assert_int_equal(e, ERR_CORRUPT);
    assert_true(strlen(msg.text) > 10);
  }
  world_fini(&w);
}

static void verify_when_node_runs_then_fine(void **state) {
  (void)state;
  struct world w;
  world_open(&w, 7);
  w.txs = 1;
  for (u32 i = 0; i < 6; i++) {
    world_grow(&w, 20);
    struct errmsg msg = {{0}};
    err e = node_state_verify(w.path, true, NULL, NULL, NULL, &msg);
    if (e) print_message("%s\n", msg.text);
    assert_int_equal(e, ERR_OK);
  }
  world_fini(&w);
}

/* The account after the last applied block, whatever is durable. */
static void account_when_asked_then_newest(void **state) {
  (void)state;
  struct world w;
  world_open(&w, 8);
  for (u32 round = 0; round < 40; round++) {
    struct store_block *b = world_make(&w);
    for (u32 i = 0; i < WORLD_ACCOUNTS; i++) {
      addr20 a = world_addr(i);
      struct state_account acc;
      bool found;
      assert_int_equal(node_state_account(w.state, &acc, &found, &a), ERR_OK);
      const struct world_past *p = &w.past[w.head];
      assert_int_equal(found, p->nonce[i] || p->balance[i]);
      if (found) assert_int_equal(acc.nonce, p->nonce[i]);
    }
    world_write(&w, b);
    world_step(&w);
  }
  world_fini(&w);
}

/* A snapshot from before a batch keeps in memory what the tables have; it goes
** when the batch is done, and is not waited for. */
static void snapshot_when_batch_is_done_then_let_go(void **state) {
  (void)state;
  struct world w;
  addr20 nobody = world_addr(9999);
  world_open(&w, 10);
  world_grow(&w, 10);
  world_settle(&w);
  world_crash(&w);
  w.batch_blocks = 1;
  world_open_file(&w);
  for (u32 round = 0; round < 5; round++) {
    struct state_account acc;
    bool found;
    nobody.b[0] = (u8)round; /* of whom the cache does not know */
    world_write(&w, world_make(&w));
    assert_int_equal(node_state_account(w.state, &acc, &found, &nobody),
                     ERR_OK);
    assert_true(w.state->conn[0].begun);
    world_settle(&w);
    assert_int_equal(w.state->flushed, w.head);
    assert_null(w.state->oldest);
    assert_null(w.state->gen);
  }
  world_fini(&w);
}

/* The nodes of the oldest frozen batch as they were before any of them moved
** to the cache, to be asked for after each block that is applied meanwhile. */
struct held {
  i64 to;
  struct map node; /* 66 -> held_node */
  struct arena mem;
  u32 checked, given_up;
};
struct held_node {
  slice bytes;
  bool cached;
};

/* Newer blocks have put the node. */
static bool held_is_past(struct world *w, const struct held *h, u32 at,
                         const void *key) {
  if (map_get(&w->state->shard[at].node, key)) return true;
  for (struct nstate_gen *g = w->state->gen; g; g = g->next)
    if ((i64)g->to > h->to && map_get(&g->node[at], key)) return true;
  return false;
}

static bool held_is_listed(struct world *w, const struct held *h) {
  return w->state->gen && (i64)w->state->gen->to == h->to;
}
/* Some of its shards have moved, others have not. */
static bool held_is_halfway(struct world *w, const struct held *h) {
  return held_is_listed(w, h) && w->state->gen->shard_left < NSTATE_SHARDS;
}

static void held_take(struct held *h, const struct nstate_gen *g) {
  assert_int_equal(g->shard_left, NSTATE_SHARDS);
  map_clear(&h->node);
  arena_fini(&h->mem);
  arena_init(&h->mem, 1 << 16, 0);
  h->to = (i64)g->to;
  for (u32 i = 0; i < NSTATE_SHARDS; i++) {
    size_t it = 0;
    const void *key;
    void *val;
    while (map_next(&g->node[i], &it, &key, &val)) {
      const struct nstate_node *n = val;
      if (!n->len) continue;
      struct held_node *to = map_put(&h->node, key, NULL);
      to->bytes = arena_copy_slice(&h->mem, slice_of(n->ptr, n->len));
    }
  }
}

/* Which of the moved ones the cache has. */
static void held_mark(struct world *w, struct held *h) {
  size_t it = 0;
  const void *key;
  void *val;
  while (map_next(&h->node, &it, &key, &val)) {
    u32 at = nstate_node_shard(key);
    ((struct held_node *)val)->cached =
        held_is_halfway(w, h) && at >= w->state->gen->shard_left &&
        map_get(&w->state->shard[at].cache_node, key);
  }
}

/* Through execution's source each is still what it was. */
static void held_check(struct world *w, struct held *h) {
  const struct state_source *src = node_state_source(w->state);
  size_t it = 0;
  const void *key;
  void *val;
  while (map_next(&h->node, &it, &key, &val)) {
    const struct held_node *want = val;
    const u8 *k = key;
    u32 at = nstate_node_shard(k);
    if (held_is_past(w, h, at, k)) continue;
    h->given_up += want->cached && held_is_listed(w, h) &&
                   !map_get(&w->state->shard[at].cache_node, k);
    u8 path[64];
    hash32 owner;
    slice node;
    u32 len = k[64] == 255 ? TRIE_ROOT_EDGE : k[64];
    for (u32 i = 0; k[64] != 255 && i < len; i++)
      path[i] = i & 1 ? k[32 + i / 2] & 15 : k[32 + i / 2] >> 4;
    memcpy(owner.b, k, 32);
    assert_int_equal(src->node(src->ctx, &node, k[65] ? &owner : NULL, path,
                               len), ERR_OK);
    assert_true(slice_eq(node, want->bytes));
    h->checked++;
  }
}

/* Until a portion of a batch has moved, or nothing is to be done. */
static void held_step(struct world *w, struct held *h) {
  for (bool more = true; more;) {
    struct nstate_gen *g = w->state->gen;
    if (g && (i64)g->to != h->to) held_take(h, g);
    u32 left = g ? g->shard_left : 0;
    assert_int_equal(node_state_write_step(w->state, 1000, &more), ERR_OK);
    if (g && (w->state->gen != g || g->shard_left != left)) break;
  }
}

/* A batch moves to the cache in portions.  Between two of them blocks are
** applied, and a cache that is over its budget gives up what has just moved,
** while the batch is still the one that is asked first. */
static void nodes_when_batch_moved_in_part_then_stand(void **state) {
  (void)state;
  struct world w;
  struct held h = {.to = -1};
  u32 halfway = 0;
  world_open(&w, 9);
  world_crash(&w);
  w.drop_budget = 8;
  w.batch_changes = 1 << 20;
  w.batch_blocks = 24;
  w.cache_bytes = 512 << 10;
  world_open_file(&w);
  map_init(&h.node, NSTATE_NODE_KEY, sizeof(struct held_node), 0, 1);
  arena_init(&h.mem, 1 << 16, 0);
  while (w.head < 200) {
    held_mark(&w, &h);
    bool half = held_is_halfway(&w, &h);
    halfway += half;
    /* Some blocks are large: what was not used goes to make them room. */
    w.far_slots = half && w.state->gen->shard_left % 5 == 1 ? 200 : 4;
    struct store_block *b = world_make(&w);
    held_check(&w, &h);
    world_write(&w, b);
    held_step(&w, &h);
  }
  /* The interesting moments did come about. */
  assert_true(halfway > 50);
  assert_true(h.checked > 10000);
  assert_true(h.given_up > 5);
  map_fini(&h.node);
  arena_fini(&h.mem);
  world_close_file(&w);
  assert_int_equal(node_state_verify(w.path, true, NULL, NULL, NULL, NULL),
                   ERR_OK);
  world_fini(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(heights_when_batches_run_then_all_read_right),
      cmocka_unit_test(reader_when_chain_moves_then_view_stands),
      cmocka_unit_test(file_when_cut_off_anywhere_then_catches_up),
      cmocka_unit_test(blocks_when_not_durable_then_not_seen),
      cmocka_unit_test(history_when_pruned_then_older_not_found),
      cmocka_unit_test(verify_when_a_row_is_changed_then_damaged),
      cmocka_unit_test(verify_when_node_runs_then_fine),
      cmocka_unit_test(account_when_asked_then_newest),
      cmocka_unit_test(snapshot_when_batch_is_done_then_let_go),
      cmocka_unit_test(nodes_when_batch_moved_in_part_then_stand),
  };
  return cmocka_run_group_tests_name("node_state", tests, NULL, NULL);
}
