/* test_codec_json.c - the reader's refusals; the writer's texts as jansson
** reads them, and its refusal to write out of place. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/limits.h"
#include "codec/json.h"

static void json_read_when_refused_then_says_where(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
  } rows[] = {
      {"", "line 1"},
      {"{\"a\":1,\n\"a\":2}", "line 2 column"},
      {"{\"a\":1} x", "end of file expected"},
      {"[1,]", "line 1 column 4"},
      {"[9223372036854775808]", "too big"},
      {"[1e999]", "overflow"},
      {"[01]", "line 1"},
      {"[\"\\u0000\"]", "line 1"},
      {"[\"\xff\"]", "unable to decode byte 0xff"},
      {"[nan]", "line 1"},
      {"\"abc", "line 1"},
      {"\"abc\\", "line 1"},
      {"]]]][", "line 1"}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct errmsg msg = {""};
    json_t *j = json_read(slice_str(rows[i].text), &msg);
    if (j) fail_msg("%s was read", rows[i].text);
    if (!strstr(msg.text, rows[i].says))
      fail_msg("%s gave: %s", rows[i].text, msg.text);
    assert_null(json_read(slice_str(rows[i].text), NULL));
  }
}

static void json_read_when_good_then_exact(void **state) {
  (void)state;
  json_t *j = json_read(slice_str("[9223372036854775807,-5,\"\\u00e9\",7]"),
                        NULL);
  assert_int_equal(json_integer_value(json_array_get(j, 0)), INT64_MAX);
  assert_int_equal(json_integer_value(json_array_get(j, 1)), -5);
  assert_string_equal(json_string_value(json_array_get(j, 2)), "\xc3\xa9");
  json_decref(j);
  j = json_read(slice_str(" 17 "), NULL);
  assert_int_equal(json_integer_value(j), 17);
  json_decref(j);
}

static void json_read_when_nested_then_limit_counts_real_braces(void **state) {
  (void)state;
  char text[4 * LIMIT_JSON_DEPTH];
  struct errmsg msg;
  for (u32 depth = LIMIT_JSON_DEPTH; depth <= LIMIT_JSON_DEPTH + 1; depth++) {
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    text[0] = '\n'; /* one level less, and a line more */
    text[2 * depth - 1] = ' ';
    json_t *j = json_read(slice_of(text, 2 * depth), &msg);
    assert_non_null(j);
    json_decref(j);
    text[1] = '[';
    text[0] = '[';
    text[2 * depth - 1] = ']';
    j = json_read(slice_of(text, 2 * depth), &msg);
    assert_int_equal(j != NULL, depth == LIMIT_JSON_DEPTH);
    json_decref(j);
  }
  assert_string_equal(msg.text, "line 1 column 65: arrays and objects nested "
                                "over 64 deep");
  /* braces within strings, behind an escaped quote and backslash */
  static const char strings[] = "[\"\\\"[[[[{{{{\\\\\",\"]]]\"]";
  char many[200 * 20 + 2], *p = many;
  *p++ = '[';
  for (int i = 0; i < 100; i++) p = stpcpy(p, i ? ",\"[{\\\"[\"" : "\"[\"");
  *p++ = ']';
  json_t *j = json_read(slice_of(many, (size_t)(p - many)), &msg);
  assert_int_equal(json_array_size(j), 100);
  json_decref(j);
  j = json_read(slice_str(strings), &msg);
  assert_int_equal(json_array_size(j), 2);
  json_decref(j);
}

static void jsonw_any_when_written_then_text(void **state) {
  (void)state;
  struct buf b;
  struct jsonw w;
  u256 big = {{1, 0, 0, 0x10}};
  buf_init(&b, 0);
  jsonw_init(&w, &b);
  assert_false(jsonw_done(&w));
  jsonw_obj(&w);
  jsonw_kv_u64(&w, "a", ~(u64)0);
  jsonw_kv_str(&w, "b", "x\"y\\z\n\x01\x7f/");
  jsonw_key(&w, "c");
  jsonw_arr(&w);
  jsonw_i64(&w, INT64_MIN);
  jsonw_u64(&w, 0);
  jsonw_bool(&w, true);
  jsonw_null(&w);
  jsonw_obj(&w);
  jsonw_obj_end(&w);
  jsonw_arr(&w);
  jsonw_arr_end(&w);
  jsonw_hex(&w, slice_of("\x00\xab", 2));
  jsonw_hex(&w, slice_of(NULL, 0));
  jsonw_raw(&w, slice_str("[1]"));
  jsonw_arr_end(&w);
  jsonw_kv_quantity(&w, "d", 255);
  jsonw_kv_quantity_u256(&w, "e", &big);
  jsonw_kv_hex(&w, "f", slice_of("\xff", 1));
  jsonw_kv_bool(&w, "g", false);
  jsonw_kv_null(&w, "h");
  jsonw_kv_i64(&w, "i", -1);
  jsonw_key(&w, "j");
  jsonw_printf(&w, "%d\"%s", 5, "\xc3\xa9");
  jsonw_key(&w, "k");
  jsonw_dec_u256(&w, &big);
  assert_false(jsonw_done(&w));
  jsonw_obj_end(&w);
  assert_true(jsonw_done(&w));
  assert_string_equal(
      buf_cstr(&b),
      "{\"a\":18446744073709551615,\"b\":\"x\\\"y\\\\z\\n\\u0001\\u007f/\","
      "\"c\":[-9223372036854775808,0,true,null,{},[],\"0x00ab\",\"0x\",[1]],"
      "\"d\":\"0xff\",\"e\":\"0x10000000000000000000000000000000000000000000000"
      "001\",\"f\":\"0xff\",\"g\":false,\"h\":null,\"i\":-1,"
      "\"j\":\"5\\\"\xc3\xa9\","
      "\"k\":\"100433627766186892221372630771322662657637687111424552206337\"}");
  buf_fini(&b);
}

static void jsonw_str_when_not_utf8_then_replaced(void **state) {
  (void)state;
#define BAD "\xef\xbf\xbd"
  static const struct {
    const char *in, *out;
  } rows[] = {
      {"", ""},
      {"a\xff""b", "a" BAD "b"},
      {"\xc3", BAD},
      {"\xc3(", BAD "("},
      {"\xc0\x80", BAD BAD},                 /* overlong NUL */
      {"\xe0\x80\x80", BAD BAD BAD},         /* overlong */
      {"\xed\xa0\x80", BAD BAD BAD},         /* surrogate */
      {"\xf4\x90\x80\x80", BAD BAD BAD BAD}, /* over 10FFFF */
      {"\xf0\x9f\x98", BAD BAD BAD},
      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
      {"\xe2\x82\xac", "\xe2\x82\xac"},
      {"\xef\xbf\xbf", "\xef\xbf\xbf"},
      {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
      {"\x80", BAD}};
#undef BAD
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 0);
    jsonw_init(&w, &b);
    jsonw_str(&w, rows[i].in);
    json_t *j = json_read(buf_slice(&b), NULL);
    if (!j) fail_msg("row %zu is not JSON", i);
    assert_string_equal(json_string_value(j), rows[i].out);
    json_decref(j);
    buf_fini(&b);
  }
}

static void jsonw_printf_when_long_then_whole(void **state) {
  (void)state;
  struct buf b;
  struct jsonw w;
  buf_init(&b, 0);
  jsonw_init(&w, &b);
  jsonw_printf(&w, "%05000d", 7);
  assert_int_equal(b.len, 5002);
  assert_memory_equal(b.ptr + 4990, "00000000007\"", 12);
  buf_fini(&b);
}

static void jsonw_double_when_written_then_reads_back(void **state) {
  (void)state;
  static const double rows[] = {0, -0.0, 1, -1.5, 0.1, 1e300, 5e-324, 1.0 / 3,
                                123456789012345678.0};
  struct buf b;
  struct jsonw w;
  buf_init(&b, 0);
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    buf_clear(&b);
    jsonw_init(&w, &b);
    jsonw_double(&w, rows[i]);
    json_t *j = json_read(buf_slice(&b), NULL);
    assert_true(json_is_real(j) && json_real_value(j) == rows[i]);
    json_decref(j);
  }
  buf_clear(&b);
  jsonw_init(&w, &b);
  jsonw_arr(&w);
  jsonw_double(&w, 0.1);
  jsonw_double(&w, __builtin_inf());
  jsonw_double(&w, __builtin_nan(""));
  jsonw_arr_end(&w);
  assert_string_equal(buf_cstr(&b), "[0.1,null,null]");
  buf_fini(&b);
}

static void jsonw_json_when_as_deep_as_read_then_same(void **state) {
  (void)state;
  char text[2 * LIMIT_JSON_DEPTH + 1] = "";
  memset(text, '[', LIMIT_JSON_DEPTH);
  memset(text + LIMIT_JSON_DEPTH, ']', LIMIT_JSON_DEPTH);
  const char *rows[] = {text, "{\"a\":[1,-2,true,false,null,\"x\\\"\"],"
                              "\"b\":{\"c\":1.5,\"d\":{}}}"};
  struct buf b;
  buf_init(&b, 0);
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    struct jsonw w;
    json_t *j = json_read(slice_str(rows[i]), NULL);
    buf_clear(&b);
    jsonw_init(&w, &b);
    jsonw_arr(&w);
    jsonw_json(&w, j);
    jsonw_json(&w, j);
    jsonw_arr_end(&w);
    size_t len = strlen(rows[i]);
    assert_int_equal(b.len, 2 * len + 3);
    assert_memory_equal(b.ptr + 1, rows[i], len);
    assert_memory_equal(b.ptr + 2 + len, rows[i], len);
    json_decref(j);
  }
  buf_fini(&b);
}

static void tj_value_without_key(struct jsonw *w) { jsonw_obj(w); jsonw_null(w); }
static void tj_key_in_array(struct jsonw *w) { jsonw_arr(w); jsonw_key(w, "a"); }
static void tj_key_at_top(struct jsonw *w) { jsonw_key(w, "a"); }
static void tj_two_keys(struct jsonw *w) {
  jsonw_obj(w);
  jsonw_key(w, "a");
  jsonw_key(w, "b");
}
static void tj_end_after_key(struct jsonw *w) {
  jsonw_obj(w);
  jsonw_key(w, "a");
  jsonw_obj_end(w);
}
static void tj_wrong_end(struct jsonw *w) { jsonw_obj(w); jsonw_arr_end(w); }
static void tj_end_at_top(struct jsonw *w) { jsonw_arr_end(w); }
static void tj_two_values(struct jsonw *w) { jsonw_null(w); jsonw_null(w); }
static void tj_too_deep(struct jsonw *w) {
  for (int i = 0; i < 64; i++) jsonw_arr(w);
}

static void jsonw_when_out_of_place_then_aborts(void **state) {
  (void)state;
  static void (*const rows[])(struct jsonw *) = {
      tj_value_without_key, tj_key_in_array, tj_key_at_top, tj_two_keys,
      tj_end_after_key, tj_wrong_end, tj_end_at_top, tj_two_values,
      tj_too_deep};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
      struct buf b;
      struct jsonw w;
      buf_init(&b, 0);
      jsonw_init(&w, &b);
      close(2);
      rows[i](&w);
      _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
      fail_msg("case %zu was written", i);
  }
}

static void jsonw_when_63_deep_then_well_formed(void **state) {
  (void)state;
  struct buf b;
  struct jsonw w;
  buf_init(&b, 0);
  jsonw_init(&w, &b);
  for (int i = 0; i < 63; i++) {
    if (i % 2) jsonw_arr(&w);
    else jsonw_obj(&w);
    if (i % 2 == 0) jsonw_key(&w, "k");
    else jsonw_u64(&w, 1);
  }
  jsonw_null(&w);
  for (int i = 63; i-- > 0;) {
    if (i % 2) jsonw_arr_end(&w);
    else jsonw_obj_end(&w);
  }
  json_t *j = json_read(buf_slice(&b), NULL);
  assert_non_null(j);
  json_decref(j);
  buf_fini(&b);
}

/* What the walk gives: "key=value," for each member, then its last word. */
static void json_walk_text(char out[256], const char *json) {
  struct json_walk w;
  slice key, val;
  int got;
  out[0] = 0;
  json_walk_init(&w, slice_str(json));
  while ((got = json_walk_next(&w, &key, &val)) == 1) {
    size_t n = strlen(out);
    snprintf(out + n, 256 - n, "%.*s=%.*s,", (int)key.len,
             (const char *)key.ptr, (int)val.len, (const char *)val.ptr);
  }
  size_t n = strlen(out);
  snprintf(out + n, 256 - n, "%d", got);
  assert_int_equal(json_walk_next(&w, &key, &val), -1);
}

static void json_walk_when_any_text_then_members_or_refused(void **state) {
  static const struct { const char *json, *want; } cases[] = {
    {"{}", "0"},
    {" { } ", "0"},
    {"{\"a\":1}", "a=1,0"},
    {" {\"a\" : [1,{\"}\":2}] , \"b\":\"x\\\"}\"} ",
     "a=[1,{\"}\":2}],b=\"x\\\"}\",0"},
    {"{\"a\":{\"b\":{}},\"c\":null}", "a={\"b\":{}},c=null,0"},
    {"", "-1"},
    {"[]", "-1"},
    {"{", "-1"},
    {"{\"a\"}", "-1"},
    {"{\"a\":}", "-1"},
    {"{\"a\":1", "-1"},
    {"{\"a\":1,}", "a=1,-1"},
    {"{\"a\":1}x", "a=1,-1"},
    {"{\"a\":1]", "-1"},
    {"{\"a\":[1}", "-1"},
    {"{\"a\":\"x", "-1"},
    {"{\"a\":\"x\\", "-1"},
    {"{\"a", "-1"},
    {"{a:1}", "-1"},
    {"{\"a\":1 \"b\":2}", "-1"},
  };
  (void)state;
  for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
    char out[256];
    json_walk_text(out, cases[i].json);
    assert_string_equal(out, cases[i].want);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(json_read_when_refused_then_says_where),
      cmocka_unit_test(json_read_when_good_then_exact),
      cmocka_unit_test(json_read_when_nested_then_limit_counts_real_braces),
      cmocka_unit_test(json_walk_when_any_text_then_members_or_refused),
      cmocka_unit_test(jsonw_any_when_written_then_text),
      cmocka_unit_test(jsonw_str_when_not_utf8_then_replaced),
      cmocka_unit_test(jsonw_printf_when_long_then_whole),
      cmocka_unit_test(jsonw_double_when_written_then_reads_back),
      cmocka_unit_test(jsonw_json_when_as_deep_as_read_then_same),
      cmocka_unit_test(jsonw_when_out_of_place_then_aborts),
      cmocka_unit_test(jsonw_when_63_deep_then_well_formed),
  };
  return cmocka_run_group_tests_name("codec_json", tests, NULL, NULL);
}
