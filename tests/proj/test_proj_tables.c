/* test_proj_tables.c - events become rows: by the tables, in order, the same
** again after clearing; crashes between blocks; content and who names it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "proj/proj_dump.h"
#include "proj/proj_make.h"
#include "shop/shop_market.h"
#include "shop/shop_orders.h"

struct proj_world {
  char folder[64], path[96];
  struct store *s;
  struct proj *p;
};
static void proj_world_open(struct proj_world *w) {
  struct errmsg msg = {""};
  if (!w->path[0]) {
    snprintf(w->folder, sizeof w->folder, "/tmp/cm-proj-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/proj.db", w->folder);
  }
  assert_int_equal(store_open(&w->s, w->path, STORE_CREATE, &msg), ERR_OK);
  assert_int_equal(proj_open(&w->p, w->s, &msg), ERR_OK);
}
static void proj_world_close(struct proj_world *w) {
  proj_close(w->p);
  assert_int_equal(store_close(w->s, NULL), ERR_OK);
}
static void proj_world_end(struct proj_world *w) {
  proj_world_close(w);
  unlink(w->path);
  rmdir(w->folder);
}

static const char *const proj_docs[] = {
  "{\"body\":\"round and red\",\"tags\":[\"fruit\"],\"title\":\"Apple\"}",
  "{\"title\":\"Pear\",\"variants\":[{\"name\":\"green\"},\"yellow\"]}"};

/* One block: listings, orders, their ends, reviews. */
static err proj_play(struct proj_world *w, u64 height) {
  struct proj_make m = {.proj = w->p, .seed = height, .id = height,
                        .b = {height, 1000 + height, {{(u8)height}},
                              PROJ_ALL}};
  const char *doc = proj_docs[height % 2];
  crypto_keccak256(&m.doc, doc, strlen(doc));
  TRY(proj_make_event(&m, PROJ_MARKET, "ListingSaved",
                      &shop_market_table_listing));
  TRY(proj_make_event(&m, PROJ_MARKET, "VariantsSaved", NULL));
  TRY(proj_make_event(&m, PROJ_MARKET, "ShipTableSaved",
                      &shop_market_table_ship_table));
  TRY(proj_make_event(&m, PROJ_ORDERS, "OrderPlaced",
                      &shop_orders_table_order));
  TRY(proj_make_event(&m, PROJ_ORDERS, "Released", NULL));
  TRY(proj_make_event(&m, PROJ_ORDERS, "Refunded", NULL));
  TRY(proj_make_event(&m, PROJ_ORDERS, "OrderState", NULL));
  TRY(proj_make_event(&m, PROJ_MARKET, "ReviewSaved", NULL));
  TRY(proj_make_event(&m, PROJ_MARKET, "Message", NULL));
  TRY(proj_make_event(&m, PROJ_IDENTITY, "RepChanged", NULL));
  TRY(proj_make_event(&m, PROJ_MARKET, "StockChanged", NULL));
  return proj_block_end(w->p, &m.b, true);
}
static void proj_play_all(struct proj_world *w, u64 from, u64 to) {
  assert_int_equal(store_table_begin(w->s), ERR_OK);
  err e = ERR_OK;
  for (u64 h = from; h <= to && !e; h++) e = proj_play(w, h);
  assert_int_equal(store_table_end(w->s, e), ERR_OK);
}
static void proj_keep_docs(struct proj_world *w) {
  struct proj_content c;
  struct errmsg msg;
  for (u32 i = 0; i < ARRAY_LEN(proj_docs); i++)
    assert_int_equal(proj_content_put(w->p, &c, slice_str(proj_docs[i]), 100,
                                      &msg), ERR_OK);
}

struct proj_found {
  u32 cnt;
  struct store_val last[STORE_TABLE_COLS];
};
static err proj_found_row(void *ctx, const struct store_val *v, u32 cnt) {
  struct proj_found *f = ctx;
  f->cnt++;
  for (u32 i = 0; i < cnt && i < STORE_TABLE_COLS; i++) f->last[i] = v[i];
  return ERR_OK;
}
static u32 proj_search(struct proj_world *w, const char *words) {
  struct store_reader *r;
  struct store_standing st;
  struct proj_found f = {0};
  struct store_query q = {.table = proj_table(PROJ_T_market_listing),
                          .limit = 100, .order = "created_at",
                          .rank = "title"};
  q.where[0] = (struct store_where){"market_fts", STORE_MATCH,
                                    store_text(slice_str(words))};
  q.where_cnt = 1;
  assert_int_equal(store_reader_open(&r, w->s, 0, NULL), ERR_OK);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  assert_int_equal(proj_query(r, &q, proj_found_row, &f), ERR_OK);
  store_reader_close(r);
  return f.cnt;
}

static void tables_when_cleared_and_made_again_then_equal(void **state) {
  (void)state;
  struct proj_world w = {.path = ""};
  proj_world_open(&w);
  proj_play_all(&w, 1, 20);
  proj_keep_docs(&w); /* later than the events that name them */
  assert_int_equal(proj_search(&w, "apple"), 10);
  assert_int_equal(proj_search(&w, "yellow"), 10);
  proj_play_all(&w, 21, 40); /* and before them */
  assert_int_equal(proj_search(&w, "appl*"), 20);
  proj_world_close(&w);
  char *was = proj_dump(w.path);
  assert_true(strlen(was) > 10000);
  proj_world_open(&w);
  assert_int_equal(store_table_begin(w.s), ERR_OK);
  assert_int_equal(store_table_end(w.s, proj_clear(w.p, PROJ_ALL)), ERR_OK);
  assert_int_equal(proj_search(&w, "apple"), 0);
  proj_play_all(&w, 1, 40);
  proj_world_close(&w);
  char *is = proj_dump(w.path);
  assert_string_equal(is, was);
  free(is);
  free(was);
  proj_world_open(&w);
  proj_world_end(&w);
}

static void tables_when_transaction_is_cut_off_then_as_before(void **state) {
  (void)state;
  struct proj_world w = {.path = ""};
  i64 height;
  hash32 hash;
  proj_world_open(&w);
  proj_play_all(&w, 1, 5);
  proj_world_close(&w);
  char *was = proj_dump(w.path);
  for (u32 events = 0; events < 3; events++) {
    proj_world_open(&w);
    assert_int_equal(store_table_begin(w.s), ERR_OK);
    for (u32 i = 0; i <= events; i++)
      assert_int_equal(proj_play(&w, 6 + i), ERR_OK);
    proj_close(w.p);
    store_abandon(w.s); /* as if killed */
    proj_world_open(&w);
    assert_int_equal(proj_stands_all(w.p, &height, &hash), ERR_OK);
    assert_int_equal(height, 5);
    proj_world_close(&w);
    char *is = proj_dump(w.path);
    assert_string_equal(is, was);
    free(is);
  }
  free(was);
  proj_world_open(&w);
  proj_world_end(&w);
}

static void events_when_short_then_passed_over(void **state) {
  (void)state;
  struct proj_world w = {.path = ""};
  struct proj_block b = {1, 1, {{1}}, PROJ_ALL};
  hash32 tx = {{1}};
  proj_world_open(&w);
  proj_play_all(&w, 1, 1);
  const struct module_def *def = proj_module(PROJ_MARKET);
  assert_int_equal(store_table_begin(w.s), ERR_OK);
  for (u32 i = 0; i < def->row_cnt; i++) {
    struct buf sig;
    struct state_log log = {.topic_cnt = 1};
    u8 junk[160];
    if (def->row[i].kind != MODULE_ROW_EVENT) continue;
    buf_init(&sig, 0);
    module_signature(&sig, def->row[i].message->name,
                     def->row[i].message->param);
    crypto_keccak256(&log.topic[0], sig.ptr, sig.len);
    buf_fini(&sig);
    module_address(&log.addr, def->number);
    memset(junk, 0xff, sizeof junk);
    for (u32 topics = 1; topics <= 4; topics++)
      for (u32 len = 0; len <= sizeof junk; len += 16) {
        log.topic_cnt = topics;
        log.data = slice_of(junk, len);
        assert_int_equal(proj_log(w.p, &b, &tx, 0, 99, &log), ERR_OK);
      }
  }
  assert_int_equal(store_table_end(w.s, ERR_OK), ERR_OK);
  proj_world_end(&w);
}

static void bloom_when_no_module_logged_then_none_wanted(void **state) {
  (void)state;
  struct proj_world w = {.path = ""};
  struct bloom256 bloom = {{0}};
  addr20 market;
  proj_world_open(&w);
  assert_int_equal(proj_wants(w.p, &bloom), 0);
  module_address(&market, 0x1012);
  chain_bloom_add(&bloom, addr20_slice(&market));
  assert_true(proj_wants(w.p, &bloom) >> PROJ_MARKET & 1);
  proj_world_end(&w);
}

/*----------------------------------------------------------------- content */
static void json_when_canonical_then_taken(void **state) {
  (void)state;
  static const char *const good[] = {
    "{}", "[]", "\"a\"", "0", "-5", "true", "null", "[1,[2],{\"a\":{}}]",
    "{\"a\":1,\"b\":\"\\u001f\\n\\\"\"}", "{\"a\":1,\"aa\":2,\"\xc3\xa9\":3}"};
  static const char *const bad[] = {
    "", " {}", "{} ", "{\"b\":1,\"a\":1}", "{\"a\":1,\"a\":1}", "{\"a\" :1}",
    "[1, 2]", "01", "-0", "1.0", "1e5", "\"\\u0041\"", "\"\\/\"", "\"\n\"",
    "\"\\u000a\"", "\"\\u001F\"", "\"\xff\"", "\"\xed\xa0\x80\"",
    "\"\xc0\x80\"", "nul", "{\"a\":}", "[1,]", "{,}", "\"a", "[", "{\"\\n\":1}",
    "12345678901234567"};
  struct errmsg msg;
  for (u32 i = 0; i < ARRAY_LEN(good); i++)
    assert_true(proj_json_canonical(slice_str(good[i]), &msg));
  for (u32 i = 0; i < ARRAY_LEN(bad); i++)
    assert_false(proj_json_canonical(slice_str(bad[i]), &msg));
}

static void content_when_a_browser_would_run_it_then_refused(void **state) {
  (void)state;
  static const struct { const char *text, *type; } row[] = {
    {"<svg/>", NULL}, {"  \n<!doctype html>", NULL}, {"\xef\xbb\xbf<html>", NULL},
    {"<?xml", NULL}, {"\xff\xd8\xff\xe0<script>", "image/jpeg"},
    {"\x89PNG\r\n\x1a\n", "image/png"}, {"GIF89a<", "image/gif"},
    {"RIFF\1\1\1\1WEBPVP8 ", "image/webp"}, {"XXXX\1\1\1\1WEBPVP8 ",
     "application/octet-stream"}, {"%PDF-1.7", "application/pdf"},
    {"\1\2\3", "application/octet-stream"}, {"{\"a\":1}", "application/json"},
    {"{\"a\": 1}", NULL}};
  struct errmsg msg;
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    const char *is = proj_content_type(slice_str(row[i].text), &msg);
    if (row[i].type) assert_string_equal(is, row[i].type);
    else assert_null(is);
  }
}

/* Some hundred bytes that would be gigabytes in a browser. */
static void content_when_a_picture_is_a_bomb_then_refused(void **state) {
  (void)state;
#define PNG "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
#define SOF "\x08\xff\xff\xff\xff\3"
#define ROW(text, type) {text, sizeof text - 1, type}
  static const struct { const char *bytes; size_t len; const char *type; } row[] = {
    ROW(PNG "\0\0\x10\0\0\0\x20\0", "image/png"), /* 4096 x 8192 */
    ROW(PNG "\0\0\x10\0\0\0\x20\1", NULL),
    ROW(PNG "\xff\xff\xff\xff\xff\xff\xff\xff", NULL),
    ROW(PNG "\0\0\0\1\0\0\0\1\x08\2\0\0\0....\0\0\x40\0iCCP", "image/png"),
    ROW(PNG "\0\0\0\1\0\0\0\1\x08\2\0\0\0....\0\0\x40\1zTXt....", NULL),
    ROW(PNG "\0\0\0\1\0\0\0\1\x08\2\0\0\0....\xff\xff\xff\xfftEXt....",
        "image/png"), /* cut off: no picture, and no harm */
    ROW("GIF89a\xff\xff\xff\xff", NULL), ROW("GIF89a\1\0\1\0", "image/gif"),
    ROW("\xff\xd8\xff\xc2\0\x0b" SOF, NULL),
    ROW("\xff\xd8\xff\xff\xff\xe0\0\4..\xff\xc0\0\x0b" SOF, NULL),
    ROW("\xff\xd8\xff\xc4\0\x0b" SOF, "image/jpeg"), /* a table */
    ROW("\xff\xd8\xff\xe0\0\0\xff\xe0\0\0", "image/jpeg"),
    ROW("RIFF....WEBPVP8X\0\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff", NULL),
    ROW("RIFF....WEBPVP8L\0\0\0\0\x2f\xff\xff\xff\xff.....", NULL),
    ROW("RIFF....WEBPVP8 \0\0\0\0...\x9d\1\x2a\xff\x3f\xff\x3f", NULL),
    ROW("RIFF....WEBPVP8 \0\0\0\0...\x9d\1\x2a\1\0\1\0", "image/webp")};
#undef PNG
#undef SOF
#undef ROW
  struct errmsg msg;
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    /* From an exact piece, so that a sanitizer sees what is read behind it. */
    u8 *exact = mem_alloc(row[i].len);
    memcpy(exact, row[i].bytes, row[i].len);
    const char *is = proj_content_type(slice_of(exact, row[i].len), &msg);
    mem_free(exact);
    if (!is != !row[i].type || (is && strcmp(is, row[i].type) != 0))
      fail_msg("row %u: %s", i, is ? is : msg.text);
    if (!is) assert_non_null(strstr(msg.text, "picture"));
  }
}

/* What another program did to the file. */
static void content_file_run(const struct proj_world *w, const char *sql) {
  sqlite3 *db;
  assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_changes(db), 1);
  sqlite3_close(db);
}
static err content_read(struct proj_world *w, struct proj_content *c,
                        const hash32 *hash) {
  struct store_reader *r;
  struct store_standing st;
  struct arena a;
  assert_int_equal(store_reader_open(&r, w->s, 0, NULL), ERR_OK);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  arena_init(&a, 4096, 1u << 20);
  err e = proj_content_get(r, c, hash, &a);
  arena_fini(&a);
  store_reader_close(r);
  return e;
}

static void content_when_bytes_are_damaged_then_not_given(void **state) {
  (void)state;
  struct proj_world w = {.path = ""};
  struct proj_content c;
  struct errmsg msg;
  proj_world_open(&w);
  assert_int_equal(proj_content_put(w.p, &c, slice_str("[1]"), 1000, &msg),
                   ERR_OK);
  hash32 hash = c.hash;
  assert_int_equal(content_read(&w, &c, &hash), ERR_OK);
  proj_world_close(&w);
  content_file_run(&w, "UPDATE content SET bytes = x'5b325d'");
  proj_world_open(&w);
  assert_int_equal(content_read(&w, &c, &hash), ERR_CORRUPT);
  proj_world_end(&w);
}

/* 256 MiB wait for their transactions: no more until some are named or old. */
static void content_when_too_much_waits_then_refused(void **state) {
  (void)state;
  struct proj_world w = {.path = ""};
  struct proj_content c;
  struct errmsg msg = {""};
  proj_world_open(&w);
  assert_int_equal(proj_content_put(w.p, &c, slice_str("[1]"), 1000, &msg),
                   ERR_OK);
  proj_world_close(&w);
  content_file_run(&w, "UPDATE content SET size = 268435456 - 2");
  proj_world_open(&w);
  assert_int_equal(proj_content_put(w.p, &c, slice_str("[2]"), 1001, &msg),
                   ERR_LIMIT);
  assert_non_null(strstr(msg.text, "wait for their transactions"));
  assert_int_equal(proj_content_put(w.p, &c, slice_str("[]"), 1001, &msg),
                   ERR_OK);
  /* What an event names is kept beside it. */
  proj_play_all(&w, 1, 2);
  assert_int_equal(proj_content_put(w.p, &c, slice_str(proj_docs[0]), 1001, &msg),
                   ERR_OK);
  assert_int_equal(c.until, 0);
  assert_int_equal(proj_content_put(w.p, &c, slice_str("[2]"),
                                    1001 + PROJ_HOLD_S, &msg), ERR_OK);
  proj_world_end(&w);
}

static void content_when_nobody_names_it_then_held_for_a_day(void **state) {
  (void)state;
  struct proj_world w = {.path = ""};
  struct proj_content c;
  struct errmsg msg;
  struct store_reader *r;
  struct store_standing st;
  struct arena a;
  proj_world_open(&w);
  assert_int_equal(proj_content_put(w.p, &c, slice_str("[1]"), 1000, &msg),
                   ERR_OK);
  assert_int_equal(c.until, 1000 + PROJ_HOLD_S);
  hash32 hash = c.hash;
  proj_keep_docs(&w);
  proj_play_all(&w, 1, 2); /* names the two documents */
  assert_int_equal(proj_content_put(w.p, &c, slice_str("[2]"),
                                    1001 + PROJ_HOLD_S, &msg), ERR_OK);
  assert_int_equal(store_reader_open(&r, w.s, 0, NULL), ERR_OK);
  assert_int_equal(store_reader_begin(r, &st), ERR_OK);
  arena_init(&a, 4096, 1u << 20);
  assert_int_equal(proj_content_get(r, &c, &hash, &a), ERR_NOT_FOUND);
  crypto_keccak256(&hash, proj_docs[0], strlen(proj_docs[0]));
  assert_int_equal(proj_content_get(r, &c, &hash, &a), ERR_OK);
  assert_int_equal(c.until, 0);
  assert_true(slice_eq(c.bytes, slice_str(proj_docs[0])));
  assert_true(proj_content_known(r, &hash));
  arena_fini(&a);
  store_reader_close(r);
  proj_world_end(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(tables_when_cleared_and_made_again_then_equal),
    cmocka_unit_test(tables_when_transaction_is_cut_off_then_as_before),
    cmocka_unit_test(events_when_short_then_passed_over),
    cmocka_unit_test(bloom_when_no_module_logged_then_none_wanted),
    cmocka_unit_test(json_when_canonical_then_taken),
    cmocka_unit_test(content_when_a_browser_would_run_it_then_refused),
    cmocka_unit_test(content_when_a_picture_is_a_bomb_then_refused),
    cmocka_unit_test(content_when_bytes_are_damaged_then_not_given),
    cmocka_unit_test(content_when_too_much_waits_then_refused),
    cmocka_unit_test(content_when_nobody_names_it_then_held_for_a_day),
  };
  return cmocka_run_group_tests_name("proj_tables", tests, NULL, NULL);
}
