/* test_node_reindex.c - accounts, slots and trie nodes made anew from the
** differences: byte for byte what a node had written, also after the rows were
** lost, and when the work is ended and begun again. */
#include "state_world.h"

static err dump_row(void *ctx, slice key, slice val) {
  struct buf *b = ctx;
  u8 len[8];
  store_be32(len, (u32)key.len);
  store_be32(len + 4, (u32)val.len);
  buf_put(b, len, 8);
  buf_put_slice(b, key);
  buf_put_slice(b, val);
  return ERR_OK;
}

/* All rows of the three tables, and the digest of each index. */
static void dump(struct buf *out, const char *path) {
  struct errmsg msg = {""};
  struct store *s;
  struct store_reader *r;
  struct store_standing st;
  assert_int_equal(store_open(&s, path, STORE_READ_ONLY, &msg), ERR_OK);
  assert_int_equal(store_reader_open(&r, s, 0, &msg), ERR_OK);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  assert_int_equal(st.flushed, st.head);
  buf_init(out, 0);
  for (u32 t = 0; t < STORE_TABLE_CNT; t++) {
    size_t before = out->len;
    assert_int_equal(store_read_rows(r, t, slice_of(NULL, 0), dump_row, out),
                     ERR_OK);
    assert_true(out->len > before);
  }
  for (u32 i = 0; i < STORE_INDEX_CNT; i++) {
    struct store_digest d;
    assert_int_equal(store_read_digest(r, &d, i, 0, UINT64_MAX), ERR_OK);
    buf_put(out, &d, sizeof d);
  }
  store_reader_end(r);
  store_reader_close(r);
  assert_int_equal(store_close(s, &msg), ERR_OK);
}

static void spoil(const char *path, const char *sql) {
  sqlite3 *db;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static bool stop_at_once(void *ctx, u64 height, u64 head) {
  (void)ctx, (void)height, (void)head;
  return false;
}

static void tables_when_made_anew_then_same_bytes(void **state) {
  (void)state;
  struct world w;
  struct errmsg msg = {""};
  struct node_reindexed r;
  struct node_state *ns;
  struct buf was, is;
  world_open(&w, 77);
  w.history = UINT64_MAX;
  world_grow(&w, 40);
  w.txs = 90; /* more than a group's transactions */
  world_grow(&w, 240);
  world_settle(&w);
  world_close_file(&w);
  dump(&was, w.path);
  static const char *const spoils[] = {
      "DELETE FROM account WHERE key > x'80'",
      "DELETE FROM account WHERE length(key) <> 32",
      "UPDATE slot SET val = x'01'",
      "UPDATE slot SET val = x'c0' WHERE length(key) <> 64", "SELECT 1"};
  for (u32 i = 0; i < ARRAY_LEN(spoils); i++) {
    spoil(w.path, spoils[i]);
    err e = node_reindex(&r, w.path, true, NULL, NULL, &msg);
    if (e) print_message("%s\n", msg.text);
    assert_int_equal(e, ERR_OK);
    assert_true(r.done && r.tables);
    assert_true(r.accounts && r.slots && r.nodes);
    assert_int_equal(r.blocks, 280);
    dump(&is, w.path);
    assert_int_equal(is.len, was.len);
    assert_memory_equal(is.ptr, was.ptr, was.len);
    buf_fini(&is);
  }
  /* Ended after the first group: nobody else uses the file, and it goes on. */
  assert_int_equal(node_reindex(&r, w.path, true, stop_at_once, NULL, &msg),
                   ERR_OK);
  assert_false(r.done || r.tables);
  struct store *s;
  struct store_standing st;
  assert_int_equal(store_open(&s, w.path, 0, &msg), ERR_OK);
  store_standing(s, &st);
  assert_true(st.flushed >= 0 && st.flushed < st.head);
  struct node_state_config cfg = {.store = s, .reader_cnt = 1};
  assert_int_equal(node_state_open(&ns, &cfg, &msg), ERR_REFUSED);
  assert_non_null(strstr(msg.text, "reindex"));
  assert_int_equal(store_close(s, &msg), ERR_OK);
  /* Asked for the indexes alone: the tables come first all the same. */
  assert_int_equal(node_reindex(&r, w.path, false, NULL, NULL, &msg), ERR_OK);
  assert_true(r.done && r.tables && r.resumed);
  dump(&is, w.path);
  assert_int_equal(is.len, was.len);
  assert_memory_equal(is.ptr, was.ptr, was.len);
  buf_fini(&is);
  assert_int_equal(node_reindex(&r, w.path, false, NULL, NULL, &msg), ERR_OK);
  assert_true(r.done && !r.tables);
  buf_fini(&was);
  world_open_file(&w);
  world_grow(&w, 5);
  world_fini(&w);
}

static void tables_when_differences_pruned_then_left(void **state) {
  (void)state;
  struct world w;
  struct errmsg msg = {""};
  struct node_reindexed r;
  struct node_pruned p;
  struct buf was, is;
  world_open(&w, 78);
  world_grow(&w, 300);
  world_settle(&w);
  world_close_file(&w);
  assert_int_equal(node_prune(&p, w.path, 128, 0, NULL, NULL, &msg), ERR_OK);
  assert_true(p.done && p.oldest_state > 0);
  dump(&was, w.path);
  assert_int_equal(node_reindex(&r, w.path, true, NULL, NULL, &msg), ERR_OK);
  assert_true(r.done && !r.tables);
  dump(&is, w.path);
  assert_int_equal(is.len, was.len);
  buf_fini(&was);
  buf_fini(&is);
  world_fini(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(tables_when_made_anew_then_same_bytes),
    cmocka_unit_test(tables_when_differences_pruned_then_left),
  };
  return cmocka_run_group_tests_name("node_reindex", tests, NULL, NULL);
}
