/* test_web_frame.c - WebSocket frames: what is taken, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "web/http_frame.h"

#define MAX 70000u

struct reader {
  struct http_frames f;
  struct buf in;
};
static void reader_open(struct reader *r) {
  http_frames_init(&r->f, MAX);
  buf_init(&r->in, 0);
}
static void reader_close(struct reader *r) {
  http_frames_fini(&r->f);
  buf_fini(&r->in);
}

/* A client's frame of the shortest form: first byte, masked payload. */
static void add(struct buf *b, u8 first, const void *payload, size_t len) {
  static const u8 mask[4] = {0x12, 0xa5, 0x00, 0xff};
  const u8 *p = payload;
  buf_put_u8(b, first);
  if (len < 126) {
    buf_put_u8(b, (u8)(0x80 | len));
  } else if (len < 65536) {
    buf_put_u8(b, 0x80 | 126);
    buf_put_u8(b, (u8)(len >> 8));
    buf_put_u8(b, (u8)len);
  } else {
    buf_put_u8(b, 0x80 | 127);
    for (u32 i = 8; i-- > 0;) buf_put_u8(b, (u8)((u64)len >> (8 * i)));
  }
  buf_put(b, mask, 4);
  for (size_t i = 0; i < len; i++) buf_put_u8(b, p[i] ^ mask[i & 3]);
}

static enum http_frame_got next(struct reader *r) {
  slice in = buf_slice(&r->in);
  enum http_frame_got got = http_frames_read(&r->f, &in);
  memmove(r->in.ptr, in.ptr, in.len);
  r->in.len = in.len;
  return got;
}

static void assert_message(struct reader *r, const char *want) {
  assert_int_equal(next(r), HTTP_GOT_MESSAGE);
  assert_true(slice_eq(buf_slice(&r->f.message), slice_str(want)));
}

static void message_when_whole_or_in_parts_then_the_same(void **state) {
  struct reader r;
  (void)state;
  reader_open(&r);
  add(&r.in, 0x81, "hello", 5);
  add(&r.in, 0x01, "he", 2);
  add(&r.in, 0x89, "ping", 4); /* between the parts */
  add(&r.in, 0x00, "", 0);
  add(&r.in, 0x80, "llo", 3);
  assert_message(&r, "hello");
  assert_int_equal(next(&r), HTTP_GOT_PING);
  assert_int_equal(r.f.control_len, 4);
  assert_memory_equal(r.f.control, "ping", 4);
  assert_message(&r, "hello");
  assert_int_equal(next(&r), HTTP_GOT_NOTHING);
  reader_close(&r);
}

static void message_when_of_any_length_then_read_whole(void **state) {
  static const size_t lens[] = {0, 1, 125, 126, 65535, 65536, MAX};
  char *text = malloc(MAX);
  (void)state;
  memset(text, 'x', MAX);
  for (u32 i = 0; i < ARRAY_LEN(lens); i++) {
    struct reader r;
    reader_open(&r);
    add(&r.in, 0x81, text, lens[i]);
    assert_int_equal(next(&r), HTTP_GOT_MESSAGE);
    assert_int_equal(r.f.message.len, lens[i]);
    if (lens[i]) assert_memory_equal(r.f.message.ptr, text, lens[i]);
    reader_close(&r);
  }
  free(text);
}

static void frame_when_against_the_rules_then_fault_and_code(void **state) {
#define RAW(...) (const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__})
  const struct {
    const char *what;
    const u8 *bytes;
    size_t len;
    u16 code;
  } cases[] = {
    {"not masked", RAW(0x81, 0x01, 'a'), 1002},
    {"reserved bit", RAW(0xc1, 0x80, 0, 0, 0, 0), 1002},
    {"reserved opcode", RAW(0x83, 0x80, 0, 0, 0, 0), 1002},
    {"reserved control", RAW(0x8b, 0x80, 0, 0, 0, 0), 1002},
    {"binary, not UTF-8", RAW(0x82, 0x82, 0, 0, 0, 0, 0xc0, 0x80), 1007},
    {"control in parts", RAW(0x09, 0x80, 0, 0, 0, 0), 1002},
    {"long control", RAW(0x89, 0xfe, 0, 126), 1002},
    {"continues nothing", RAW(0x80, 0x80, 0, 0, 0, 0), 1002},
    {"text within text", RAW(0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80), 1002},
    {"length not shortest", RAW(0x81, 0xfe, 0, 125, 0, 0, 0, 0), 1002},
    {"length over 63 bits",
     RAW(0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 1009},
    {"too big", RAW(0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x71, 0, 0, 0, 0),
     1009},
    {"not UTF-8", RAW(0x81, 0x82, 0, 0, 0, 0, 0xc0, 0x80), 1007},
    {"surrogate", RAW(0x81, 0x83, 0, 0, 0, 0, 0xed, 0xa0, 0x80), 1007},
    {"cut UTF-8", RAW(0x81, 0x82, 0, 0, 0, 0, 0xe2, 0x82), 1007},
    {"close of one byte", RAW(0x88, 0x81, 0, 0, 0, 0, 3), 1002},
    {"close with 1005", RAW(0x88, 0x82, 0, 0, 0, 0, 3, 0xed), 1002},
    {"close with 999", RAW(0x88, 0x82, 0, 0, 0, 0, 3, 0xe7), 1002},
  };
#undef RAW
  (void)state;
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    struct reader r;
    enum http_frame_got got;
    reader_open(&r);
    buf_put(&r.in, cases[i].bytes, cases[i].len);
    while ((got = next(&r)) == HTTP_GOT_MESSAGE) continue;
    if (got != HTTP_GOT_FAULT || r.f.close_code != cases[i].code) {
      fail_msg("%s: %d, %u", cases[i].what, got, r.f.close_code);
    }
    add(&r.in, 0x81, "later", 5); /* is not heard any more */
    assert_int_equal(next(&r), HTTP_GOT_NOTHING);
    assert_int_equal(r.in.len, 0);
    reader_close(&r);
  }
}

static void message_when_parts_exceed_the_limit_then_fault(void **state) {
  struct reader r;
  char *text = malloc(MAX);
  (void)state;
  memset(text, 'x', MAX);
  reader_open(&r);
  add(&r.in, 0x01, text, MAX);
  add(&r.in, 0x80, "y", 1);
  assert_int_equal(next(&r), HTTP_GOT_FAULT);
  assert_int_equal(r.f.close_code, 1009);
  reader_close(&r);
  free(text);
}

static void close_when_read_then_code_or_none(void **state) {
  struct reader r;
  (void)state;
  reader_open(&r);
  add(&r.in, 0x88, "\x03\xe8" "bye", 5);
  assert_int_equal(next(&r), HTTP_GOT_CLOSE);
  assert_int_equal(r.f.close_code, 1000);
  reader_close(&r);
  reader_open(&r);
  add(&r.in, 0x88, "", 0);
  assert_int_equal(next(&r), HTTP_GOT_CLOSE);
  assert_int_equal(r.f.close_code, HTTP_CLOSE_NONE);
  reader_close(&r);
}

static void frame_when_written_then_length_in_shortest_form(void **state) {
  static const struct { size_t len, head; } cases[] = {
    {0, 2}, {125, 2}, {126, 4}, {65535, 4}, {65536, 10}};
  char *text = malloc(65536);
  (void)state;
  memset(text, 'x', 65536);
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    struct buf b;
    buf_init(&b, 0);
    http_frame_put(&b, HTTP_FRAME_TEXT, slice_of(text, cases[i].len));
    assert_int_equal(b.len, cases[i].head + cases[i].len);
    assert_int_equal(b.ptr[0], 0x81);
    assert_int_equal(b.ptr[1] & 0x80, 0); /* a server does not mask */
    buf_fini(&b);
  }
  free(text);
}

/* The example of RFC 6455, section 1.3. */
static void accept_when_computed_then_the_standards_example(void **state) {
  char out[29];
  (void)state;
  assert_true(http_frame_key_valid("dGhlIHNhbXBsZSBub25jZQ=="));
  assert_false(http_frame_key_valid("dGhlIHNhbXBsZSBub25jZQ="));
  assert_false(http_frame_key_valid("dGhlIHNhbXBsZSBub25jZQ!="));
  http_frame_accept(out, "dGhlIHNhbXBsZSBub25jZQ==");
  assert_string_equal(out, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(message_when_whole_or_in_parts_then_the_same),
    cmocka_unit_test(message_when_of_any_length_then_read_whole),
    cmocka_unit_test(frame_when_against_the_rules_then_fault_and_code),
    cmocka_unit_test(message_when_parts_exceed_the_limit_then_fault),
    cmocka_unit_test(close_when_read_then_code_or_none),
    cmocka_unit_test(frame_when_written_then_length_in_shortest_form),
    cmocka_unit_test(accept_when_computed_then_the_standards_example),
  };
  return cmocka_run_group_tests_name("web_frame", tests, NULL, NULL);
}
