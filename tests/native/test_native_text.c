/* test_native_text.c - JSON and String as functions: what texts and paths are
** taken and refused and where, numbers held against GMP, every method of
** String, limits, prices. */
#include "native_fixture.h"

#define JSON 0x1100
#define STRING 0x1101

/*-------------------------------------------------------------------- JSON */

static u64 kind_of(const char *json, const char *path) {
  assert_true(nf_call(JSON, "typeOf(bytes,string)", "ss", json, path));
  return nf_u();
}

static void json_when_strict_is_taken(void **st) {
  (void)st;
  static const struct { const char *text; u64 kind; } rows[] = {
    {"null", 1}, {" true", 2}, {"false ", 2}, {"0", 3}, {"-0", 3},
    {"-0.0e-0", 3}, {"123456789012345678901234567890", 3}, {"1E+2", 3},
    {"\"\"", 4}, {"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", 4},
    {"\"\\u0000\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"", 4}, {"[]", 5},
    {"\t[ 1 ,\r\n2 ]\n", 5}, {"{}", 6}, {"{\"\":0}", 6},
    {"{\"a\":1,\"b\":{\"a\":1}}", 6}, {"[{\"a\":1},{\"a\":1}]", 5},
    {"\"\x7f\"", 4}, {"\"\xf4\x8f\xbf\xbf\"", 4},
    {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 5}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++)
    if (kind_of(rows[i].text, "") != rows[i].kind) fail_msg("%s", rows[i].text);
}

static void json_when_not_strict_is_refused_at_its_byte(void **st) {
  (void)st;
  static const struct { const char *text; u64 pos; } rows[] = {
    {"", 0}, {" ", 1}, {"nul", 3}, {"nulL", 3}, {"True", 0}, {"1 2", 2},
    {"01", 1}, {"-", 1}, {"+1", 0}, {".5", 0}, {"1.", 2}, {"1.e2", 2},
    {"1e", 2}, {"1e+", 3}, {"0x1", 1}, {"NaN", 0}, {"Infinity", 0}, {"\"", 1},
    {"\"a", 2}, {"'a'", 0}, {"\"\\x\"", 2}, {"\"\\u12G4\"", 5},
    {"\"\\ud800\"", 7}, {"\"\\udc00\"", 7}, {"\"\\ud800\\u0041\"", 13},
    {"\"\x01\"", 1}, {"\"\n\"", 1}, {"\"\x80\"", 1}, {"\"\xc0\x80\"", 1},
    {"\"\xed\xa0\x80\"", 1}, {"\"\xf4\x90\x80\x80\"", 1}, {"\"\xe2\x82\"", 1},
    {"\xef\xbb\xbf{}", 0}, {"[", 1}, {"[1", 2}, {"[1,", 3}, {"[1,]", 3},
    {"[,1]", 1}, {"[1 2]", 3}, {"]", 0}, {"{", 1}, {"{\"a\"}", 4},
    {"{\"a\":}", 5}, {"{\"a\":1,}", 7}, {"{a:1}", 1}, {"{1:1}", 1},
    {"{\"a\" 1}", 5}, {"{\"a\":1 \"b\":2}", 7}, {"[1}", 2}, {"{\"a\":1]", 6},
    {"// x\n1", 0}, {"[1]x", 3}, {"{\"a\":1,\"a\":2}", 7},
    {"{\"a\":1,\"\\u0061\":2}", 7}, {"{\"longer key\":1,\"b\":0,\"longer "
    "key\":2}", 22}, {"{\"\":1,\"\":2}", 6},
    {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 32}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    nf_call(JSON, "typeOf(bytes,string)", "ss", rows[i].text, "");
    if (!nf_error("JsonSyntax(uint32)")) fail_msg("taken: %s", rows[i].text);
    if (nf_error_word(0) != rows[i].pos)
      fail_msg("%s: at %llu, not %llu", rows[i].text,
               (unsigned long long)nf_error_word(0),
               (unsigned long long)rows[i].pos);
  }
  nf_call(JSON, "typeOf(bytes,string)", "bs", slice_of((const u8 *)"1\0", 2),
          "");
  assert_fails("JsonSyntax(uint32)");
}

static const char sample[] =
    "{\"a\": {\"b\": [10, -20, {\"c\": \"deep\"}], \"x.y\": true, \"~/\": 7,"
    "\"3\": \"three\"}, \"\": [[1, 2], []], \"e\\u0073c\\n\": null,"
    "\"n\": [1.5, 1e3, -0, 12]}";

static void path_when_of_either_kind_leads_there(void **st) {
  (void)st;
  static const struct { const char *path, *raw; } rows[] = {
    {"a.b[1]", "-20"}, {"/a/b/1", "-20"}, {"a.b[2].c", "\"deep\""},
    {"/a/b/2/c", "\"deep\""}, {"/a/x.y", "true"}, {"/a/~0~1", "7"},
    {"/a/3", "\"three\""}, {"a.3", "\"three\""}, {"//0", "[1, 2]"},
    {"//1", "[]"}, {"//0/1", "2"}, {"esc\n", "null"}, {"/esc\n", "null"},
    {"n[0]", "1.5"}, {"n[3]", "12"}, {"n", "[1.5, 1e3, -0, 12]"}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    if (!nf_call(JSON, "getRaw(bytes,string)", "ss", sample, rows[i].path))
      fail_msg("%s leads nowhere", rows[i].path);
    assert_text(rows[i].raw);
  }
  assert_true(nf_call(JSON, "getRaw(bytes,string)", "ss", " [ 1 ] ", ""));
  assert_text("[ 1 ]");
  assert_true(nf_call(JSON, "getRaw(bytes,string)", "ss", "[[1],[2,3]]",
                      "[1][1]"));
  assert_text("3");
}

static void path_when_it_leads_nowhere_or_is_none(void **st) {
  (void)st;
  static const char *const nowhere[] = {
    "b", "a.c", "a.b[3]", "a.b[99999999999999999999]", "a.b.c", "a[0]",
    "/a/b/-", "/a/b/01", "/a/b/3", "/a/b/2/c/d", "/", "/a/", "n[0][0]",
    "//2"};
  static const char *const none[] = {
    ".", ".a", "a.", "a..b", "a[", "a[]", "a[1", "a[-1]", "a[01]", "a[x]",
    "a]", "a[0]b", "/a/~", "/a/~2", "a[0].", "[0", "a\xff"};
  for (u32 i = 0; i < ARRAY_LEN(nowhere); i++) {
    if (i != 10) assert_int_equal(kind_of(sample, nowhere[i]), 0);
    nf_call(JSON, "getRaw(bytes,string)", "ss", sample, nowhere[i]);
    if (i == 10) assert_text("[[1, 2], []]"); /* "/" is the member "" */
    else assert_fails("JsonMissing()");
  }
  for (u32 i = 0; i < ARRAY_LEN(none); i++) {
    nf_call(JSON, "typeOf(bytes,string)", "ss", sample, none[i]);
    if (!nf_error("BadCalldata(uint16)")) fail_msg("a path: %s", none[i]);
    assert_int_equal(nf_error_word(0), 2);
  }
}

static void value_when_of_its_type_is_given_else_named(void **st) {
  (void)st;
  static const char *const text[] = {"null", "true", "1", "\"s\"", "[]", "{}"};
  static const struct { const char *f; u64 kind; } rows[] = {
    {"getString(bytes,string)", 4}, {"getInt(bytes,string)", 3},
    {"getBool(bytes,string)", 2}};
  for (u32 i = 0; i < 6; i++) {
    for (u32 k = 0; k < ARRAY_LEN(rows); k++) {
      bool ok = nf_call(JSON, rows[k].f, "ss", text[i], "");
      assert_int_equal(ok, rows[k].kind == i + 1);
      if (ok) continue;
      assert_fails("JsonType(uint8)");
      assert_int_equal(nf_error_word(0), i + 1);
    }
    bool ok = nf_call(JSON, "length(bytes,string)", "ss", text[i], "");
    assert_int_equal(ok, i >= 3);
    assert_int_equal(nf_call(JSON, "keyAt(bytes,string,uint256)", "ssu",
                             text[i], "", 0ull), false);
    if (i == 5) assert_fails("JsonMissing()");
    else assert_fails("JsonType(uint8)");
  }
  assert_true(nf_call(JSON, "getBool(bytes,string)", "ss", "[true,false]",
                      "[0]") && nf_u() == 1);
  assert_true(nf_call(JSON, "getBool(bytes,string)", "ss", "[true,false]",
                      "[1]") && nf_u() == 0);
  assert_true(nf_call(JSON, "getString(bytes,string)", "ss",
                      "\"\\u20ac\\ud83d\\ude00 \\t\\u00e9\"", ""));
  assert_text("\xe2\x82\xac\xf0\x9f\x98\x80 \t\xc3\xa9");
  assert_true(nf_call(JSON, "length(bytes,string)", "ss", sample, "") &&
              nf_u() == 4);
  assert_true(nf_call(JSON, "length(bytes,string)", "ss", sample, "n") &&
              nf_u() == 4);
  assert_true(nf_call(JSON, "length(bytes,string)", "ss", "\"\\u20ac\"", "") &&
              nf_u() == 3);
  static const char *const keys[] = {"a", "", "esc\n", "n"};
  for (u64 i = 0; i < 4; i++) {
    assert_true(nf_call(JSON, "keyAt(bytes,string,uint256)", "ssu", sample, "",
                        i));
    assert_text(keys[i]);
  }
  nf_call(JSON, "keyAt(bytes,string,uint256)", "ssu", sample, "", 4ull);
  assert_fails("JsonMissing()");
}

static void number_when_read_is_exact(void **st) {
  (void)st;
  static const struct { const char *text; u64 decimals; i64 want; } rows[] = {
    {"1.5", 0, 1}, {"-1.5", 0, -2}, {"1.5", 1, 15}, {"-1.5", 1, -15},
    {"0.005", 2, 0}, {"-0.005", 2, -1}, {"0.005", 3, 5}, {"1e3", 0, 1000},
    {"1E-3", 3, 1}, {"1e-4", 3, 0}, {"-1e-4", 3, -1}, {"12.34e1", 1, 1234},
    {"0e999999999999", 18, 0}, {"-0.0", 5, 0}, {"1e-999999999999", 255, 0},
    {"-1e-999999999999", 255, -1}, {"0.00001e5", 0, 1}, {"100e-2", 0, 1},
    {"1.0000000000000000000000000000000000000000000000000000001", 2, 100},
    {"-1.0000000000000000000000000000000000000000000000000000", 2, -100}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    assert_true(nf_call(JSON, "getDec(bytes,string,uint8)", "ssu",
                        rows[i].text, "", rows[i].decimals));
    u256 v = nf_out(0);
    if ((i64)v.w[0] != rows[i].want) fail_msg("%s", rows[i].text);
    assert_true(v.w[3] == (rows[i].want < 0 ? ~0ull : 0));
  }
  static const char *const edge[] = { /* 2^255 - 1, 2^255, -2^255, one below */
    "57896044618658097711785492504343953926634992332820282019728792003956564819"
    "967",
    "57896044618658097711785492504343953926634992332820282019728792003956564819"
    "968",
    "-5789604461865809771178549250434395392663499233282028201972879200395656481"
    "9968",
    "-5789604461865809771178549250434395392663499233282028201972879200395656481"
    "9969"};
  for (u32 i = 0; i < 4; i++) {
    bool ok = nf_call(JSON, "getInt(bytes,string)", "ss", edge[i], "");
    assert_int_equal(ok, i == 0 || i == 2);
    if (!ok) assert_fails("Overflow()");
  }
  static const char *const whole[] = {"1.0", "1e2", "10E0"};
  for (u32 i = 0; i < 3; i++) {
    nf_call(JSON, "getInt(bytes,string)", "ss", whole[i], "");
    assert_fails("JsonType(uint8)");
  }
  nf_call(JSON, "getDec(bytes,string,uint8)", "ssu", "1e77", "", 0ull);
  assert_fails("Overflow()");
  nf_call(JSON, "getDec(bytes,string,uint8)", "ssu", "1e99999999999999", "",
          0ull);
  assert_fails("Overflow()");
  assert_true(nf_call(JSON, "getDec(bytes,string,uint8)", "ssu", "1e76", "",
                      0ull));
  nf_call(JSON, "getDec(bytes,string,uint8)", "ssu", "1", "", 77ull);
  assert_fails("Overflow()");
}

/* Members with keys of every kind, one of them twice. */
static void object_when_large_finds_the_double(void **st) {
  (void)st;
  struct buf b;
  buf_init(&b, 0);
  for (u32 twice = 0; twice < 2; twice++) {
    buf_clear(&b);
    buf_put_str(&b, "{\"key 77\":0");
    for (u32 i = 0; i < 3000; i++)
      if (i != 77 || twice)
        buf_printf(&b, i & 1 ? ",\"k\\u0065y %u\":1" : ",\"%u\":[]", i);
    buf_put_str(&b, "}");
    bool ok = nf_call(JSON, "typeOf(bytes,string)", "bs", buf_slice(&b), "");
    assert_int_equal(ok, !twice);
    if (twice) assert_fails("JsonSyntax(uint32)");
  }
  buf_clear(&b);
  for (u32 i = 0; i < NATIVE_TEXT_MAX - 1; i++) buf_put_u8(&b, ' ');
  buf_put_str(&b, "1");
  assert_true(nf_call(JSON, "typeOf(bytes,string)", "bs", buf_slice(&b), "") &&
              nf_u() == 3);
  assert_int_equal(nf_used(), 400 + 3 * nf_args.len);
  buf_put_str(&b, " ");
  nf_call(JSON, "typeOf(bytes,string)", "bs", buf_slice(&b), "");
  assert_fails("TooMany(bytes32,uint256)");
  buf_fini(&b);
}

/*------------------------------------------------------------------ String */

static void text_when_one_goes_in_one_comes_out(void **st) {
  (void)st;
  static const struct { const char *f, *in, *out; } rows[] = {
    {"reverse(string)", "", ""}, {"reverse(string)", "abc", "cba"},
    {"reverse(string)", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
     "\xf0\x9f\x98\x80\xe2\x82\xac\xc3\xa9" "a"},
    {"lower(string)", "AZaz@[`{09\xc3\x89", "azaz@[`{09\xc3\x89"},
    {"upper(string)", "AZaz@[`{09\xc3\xa9", "AZAZ@[`{09\xc3\xa9"},
    {"trim(string)", " \t\n\v\f\r a b \r\n", "a b"}, {"trim(string)", "  ", ""},
    {"trim(string)", "\xc2\xa0x", "\xc2\xa0x"},
    {"fromHex(string)", "0x414243", "ABC"}, {"fromHex(string)", "4a4B", "JK"},
    {"fromHex(string)", "0x", ""}, {"fromHex(string)", "", ""},
    {"toHex(bytes)", "", "0x"}, {"toHex(bytes)", "J\xff", "0x4aff"}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    assert_true(nf_call(STRING, rows[i].f, "s", rows[i].in));
    assert_text(rows[i].out);
    assert_int_equal(nf_used(), 150 + 2 * nf_args.len +
                                    2 * strlen(rows[i].out));
  }
  static const char *const bad[] = {"0", "0x1", "0xgg", "zz", "0X00", "4 "};
  for (u32 i = 0; i < ARRAY_LEN(bad); i++) {
    nf_call(STRING, "fromHex(string)", "s", bad[i]);
    assert_fails("Range()");
  }
}

static void text_when_searched_finds_as_it_says(void **st) {
  (void)st;
  static const struct { const char *s, *find; u64 start; i64 at; } rows[] = {
    {"hello", "l", 0, 2}, {"hello", "l", 3, 3}, {"hello", "l", 4, -1},
    {"hello", "", 5, 5}, {"hello", "", 0, 0}, {"", "", 0, 0}, {"", "a", 0, -1},
    {"aabaabaaab", "aaab", 0, 6}, {"aaaa", "aaaaa", 0, -1},
    {"\xe2\x82\xac!", "!", 1, 3}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    assert_true(nf_call(STRING, "indexOf(string,string,uint256)", "ssu",
                        rows[i].s, rows[i].find, rows[i].start));
    u256 v = nf_out(0);
    assert_int_equal((i64)v.w[0], rows[i].at);
  }
  nf_call(STRING, "indexOf(string,string,uint256)", "ssu", "abc", "a", 4ull);
  assert_fails("Range()");
  static const struct { const char *s, *find, *by, *out; } swap[] = {
    {"aaaa", "aa", "b", "bb"}, {"aaaaa", "aa", "b", "bba"}, {"abc", "b", "",
    "ac"}, {"abc", "x", "y", "abc"}, {"", "a", "b", ""},
    {"ababab", "abab", "-", "-ab"}, {"a.b.c", ".", "::", "a::b::c"}};
  for (u32 i = 0; i < ARRAY_LEN(swap); i++) {
    assert_true(nf_call(STRING, "replace(string,string,string)", "sss",
                        swap[i].s, swap[i].find, swap[i].by));
    assert_text(swap[i].out);
    assert_int_equal(nf_used(), 150 + 6 * nf_args.len +
                                    2 * strlen(swap[i].out));
  }
  nf_call(STRING, "replace(string,string,string)", "sss", "a", "", "b");
  assert_fails("Range()");
}

static void text_when_cut_keeps_characters_whole(void **st) {
  (void)st;
  const char *s = "a\xe2\x82\xac" "b";
  static const struct { u64 from, to; const char *out, *error; } rows[] = {
    {0, 5, "a\xe2\x82\xac" "b", NULL}, {1, 4, "\xe2\x82\xac", NULL},
    {5, 5, "", NULL}, {2, 4, NULL, "BadUtf8()"}, {0, 3, NULL, "BadUtf8()"},
    {3, 2, NULL, "Range()"}, {0, 6, NULL, "Range()"},
    {6, 6, NULL, "Range()"}, {~0ull, ~0ull, NULL, "Range()"}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    nf_call(STRING, "slice(string,uint256,uint256)", "suu", s, rows[i].from,
            rows[i].to);
    if (rows[i].error) assert_fails(rows[i].error);
    else assert_text(rows[i].out);
  }
}

static slice part_of(u32 i) { /* of a string[] */
  u256 off = nf_out(2 + i), len;
  const u8 *p = nf_result.output.ptr + 64 + off.w[0];
  u256_from_be(&len, p);
  return slice_of(p + 32, (size_t)len.w[0]);
}
static void lists_when_split_and_joined_are_the_same(void **st) {
  (void)st;
  static const struct { const char *s, *sep, *out[4]; u32 cnt; } rows[] = {
    {"a,b,,c", ",", {"a", "b", "", "c"}, 4}, {"", ",", {""}, 1},
    {",", ",", {"", ""}, 2}, {"abc", "::", {"abc"}, 1},
    {"a::b:", "::", {"a", "b:"}, 2}, {":::", "::", {"", ":"}, 2}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    slice part[4];
    assert_true(nf_call(STRING, "split(string,string)", "ss", rows[i].s,
                        rows[i].sep));
    u256 cnt = nf_out(1);
    assert_int_equal(cnt.w[0], rows[i].cnt);
    for (u32 k = 0; k < rows[i].cnt; k++) {
      part[k] = slice_str(rows[i].out[k]);
      assert_true(slice_eq(part_of(k), part[k]));
    }
    assert_true(nf_call(STRING, "join(string[],string)", "Ss", rows[i].cnt,
                        part, rows[i].sep));
    assert_text(rows[i].s);
  }
  slice two[] = {slice_str("x\xc3"), slice_str("\xa9y")};
  nf_call(STRING, "concat(string[])", "S", 2, two);
  assert_fails("BadUtf8()");
  two[0] = slice_str("x"), two[1] = slice_str("\xc3\xa9y");
  assert_true(nf_call(STRING, "concat(string[])", "S", 2, two));
  assert_text("x\xc3\xa9y");
  assert_true(nf_call(STRING, "concat(string[])", "S", 0, two));
  assert_text("");
  nf_call(STRING, "split(string,string)", "ss", "abc", "");
  assert_fails("Range()");
}

static void number_when_text_and_back_is_the_same(void **st) {
  (void)st;
  static const char *const rows[] = {
    "0", "-1", "1", "1234567890",
    "57896044618658097711785492504343953926634992332820282019728792003956564819"
    "967",
    "-5789604461865809771178549250434395392663499233282028201972879200395656481"
    "9968"};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    assert_true(nf_call(STRING, "toInt(string)", "s", rows[i]));
    u256 v = nf_out(0);
    assert_true(nf_call(STRING, "fromInt(int256)", "w", &v));
    assert_text(rows[i]);
  }
  static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "0x10", "1.0",
    "--1", "57896044618658097711785492504343953926634992332820282019728792003"
    "956564819968", "999999999999999999999999999999999999999999999999999999999"
    "999999999999999999999999999999999999"};
  for (u32 i = 0; i < ARRAY_LEN(bad); i++) {
    nf_call(STRING, "toInt(string)", "s", bad[i]);
    assert_fails("Range()");
  }
  assert_true(nf_call(STRING, "toInt(string)", "s", "-007"));
}

static void text_when_asked_about_answers(void **st) {
  (void)st;
  static const struct { const char *a, *b; i64 order; } rows[] = {
    {"a", "b", -1}, {"b", "a", 1}, {"a", "a", 0}, {"", "a", -1}, {"ab", "a", 1},
    {"\xc3\xa9", "z", 1}, {"", "", 0}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    assert_true(nf_call(STRING, "compare(string,string)", "ss", rows[i].a,
                        rows[i].b));
    u256 v = nf_out(0);
    assert_int_equal((i64)v.w[0], rows[i].order);
    assert_true(v.w[3] == (rows[i].order < 0 ? ~0ull : 0));
  }
  assert_true(nf_call(STRING, "lengthUtf8(string)", "s",
                      "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") && nf_u() == 4);
  static const struct { const char *s; bool ok; } utf[] = {
    {"", true}, {"abcdefghijk", true}, {"abcdefgh\x80", false},
    {"\xf0\x9f\x98\x80", true}, {"\xc0\xaf", false}, {"\xed\xbf\xbf", false},
    {"\xf5\x80\x80\x80", false}, {"abcdefg\xc3", false}};
  for (u32 i = 0; i < ARRAY_LEN(utf); i++) {
    assert_true(nf_call(STRING, "isUtf8(bytes)", "s", utf[i].s));
    assert_int_equal(nf_u(), utf[i].ok);
  }
}

static void text_when_bad_or_long_is_refused_by_name(void **st) {
  (void)st;
  static const char *const one[] = {
    "reverse(string)", "lower(string)", "upper(string)", "trim(string)",
    "toInt(string)", "fromHex(string)", "lengthUtf8(string)"};
  u8 *text = mem_alloc(NATIVE_TEXT_MAX + 1);
  memset(text, 'a', NATIVE_TEXT_MAX + 1);
  slice full = slice_of(text, NATIVE_TEXT_MAX), more = {text, full.len + 1};
  for (u32 i = 0; i < ARRAY_LEN(one); i++) {
    nf_call(STRING, one[i], "s", "\xff");
    assert_fails("BadUtf8()");
    nf_call(STRING, one[i], "b", more);
    assert_fails("TooLong()");
  }
  nf_call(STRING, "compare(string,string)", "bs", full, "b");
  assert_fails("TooLong()");
  nf_call(STRING, "isUtf8(bytes)", "b", more);
  assert_fails("TooLong()");
  nf_call(STRING, "toHex(bytes)", "b", slice_of(text, NATIVE_TEXT_MAX / 2));
  assert_fails("TooLong()");
  assert_true(nf_call(STRING, "toHex(bytes)", "b",
                      slice_of(text, NATIVE_TEXT_MAX / 2 - 1)));
  nf_call(STRING, "replace(string,string,string)", "bss",
          slice_of(text, 40000), "a", "bb");
  assert_fails("TooLong()");
  nf_call(STRING, "split(string,string)", "bs", slice_of(text, 1024), "a");
  assert_fails("TooLong()");
  assert_true(nf_call(STRING, "reverse(string)", "b", full));
  assert_int_equal(nf_used(), 150 + 2 * nf_args.len + 2 * full.len);
  /* Gas runs out where it is charged, not later. */
  assert_false(nf_run(STRING, EVM_CALL, nf_used() - 1));
  assert_int_equal(nf_result.status, EVM_OUT_OF_GAS);
  slice parts[] = {slice_of(text, 40000), slice_of(text, 40000)};
  nf_call(STRING, "concat(string[])", "S", 2, parts);
  assert_fails("TooLong()");
  nf_call(STRING, "join(string[],string)", "Ss", 2, parts, "\xff");
  assert_fails("TooLong()");
  parts[0].len = 1;
  nf_call(STRING, "join(string[],string)", "Ss", 2, parts, "\xff");
  assert_fails("BadUtf8()");
  mem_free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(json_when_strict_is_taken),
    cmocka_unit_test(json_when_not_strict_is_refused_at_its_byte),
    cmocka_unit_test(path_when_of_either_kind_leads_there),
    cmocka_unit_test(path_when_it_leads_nowhere_or_is_none),
    cmocka_unit_test(value_when_of_its_type_is_given_else_named),
    cmocka_unit_test(number_when_read_is_exact),
    cmocka_unit_test(object_when_large_finds_the_double),
    cmocka_unit_test(text_when_one_goes_in_one_comes_out),
    cmocka_unit_test(text_when_searched_finds_as_it_says),
    cmocka_unit_test(text_when_cut_keeps_characters_whole),
    cmocka_unit_test(lists_when_split_and_joined_are_the_same),
    cmocka_unit_test(number_when_text_and_back_is_the_same),
    cmocka_unit_test(text_when_asked_about_answers),
    cmocka_unit_test(text_when_bad_or_long_is_refused_by_name),
  };
  return cmocka_run_group_tests_name("native_text", tests, nf_open, nf_close);
}
