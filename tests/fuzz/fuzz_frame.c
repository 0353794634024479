/* fuzz_frame.c - the input is what a WebSocket client sends, read in one piece
** and byte by byte: both must see the same events; messages never exceed the
** limit and are UTF-8; after the end nothing comes. */
#include "codec/json.h"
#include "web/http_frame.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

#define FUZZ_MAX 300u

static void fuzz_note(struct buf *out, struct http_frames *f,
                      enum http_frame_got got) {
  buf_put_u8(out, (u8)got);
  switch (got) {
    case HTTP_GOT_MESSAGE:
      MUST(f->message.len <= FUZZ_MAX);
      buf_put_slice(out, buf_slice(&f->message));
      break;
    case HTTP_GOT_PING:
    case HTTP_GOT_PONG:
      MUST(f->control_len <= 125);
      buf_put(out, f->control, f->control_len);
      break;
    default:
      buf_put_u8(out, (u8)(f->close_code >> 8));
      buf_put_u8(out, (u8)f->close_code);
      break;
  }
}

static void fuzz_read(struct buf *out, const u8 *data, size_t len,
                      size_t step) {
  struct http_frames f;
  bool ended = false;
  http_frames_init(&f, FUZZ_MAX);
  for (size_t at = 0; at < len; at += step) {
    slice in = slice_of(data + at, len - at < step ? len - at : step);
    enum http_frame_got got;
    while ((got = http_frames_read(&f, &in)) != HTTP_GOT_NOTHING) {
      MUST(!ended);
      fuzz_note(out, &f, got);
      ended = got == HTTP_GOT_CLOSE || got == HTTP_GOT_FAULT;
    }
    MUST(in.len == 0);
  }
  http_frames_fini(&f);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  struct buf one, two;
  buf_init(&one, 0);
  buf_init(&two, 0);
  fuzz_read(&one, data, len, len ? len : 1);
  fuzz_read(&two, data, len, 1);
  MUST(slice_eq(buf_slice(&one), buf_slice(&two)));
  buf_fini(&one);
  buf_fini(&two);
  return 0;
}
