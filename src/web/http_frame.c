/* http_frame.c - WebSocket frames; see http_frame.h.
**
** A frame (RFC 6455 section 5.2): FIN and opcode; mask bit and length, 7 bits
** or 126 and 16 bits or 127 and 64 bits, big-endian; 4 bytes of mask; payload,
** byte i xored with mask[i % 4].
*/
#include "web/http_frame.h"

#include <mbedtls/base64.h>
#include <mbedtls/md.h>

#define FRAME_FIN 0x80u
#define FRAME_RESERVED 0x70u
#define FRAME_MASKED 0x80u
#define FRAME_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

void http_frames_init(struct http_frames *f, size_t max) {
  memset(f, 0, sizeof *f);
  f->max = max;
  f->head_want = 2;
  buf_init(&f->message, 0);
}

void http_frames_fini(struct http_frames *f) { buf_fini(&f->message); }

static enum http_frame_got frame_fault(struct http_frames *f, u16 code) {
  f->ended = true;
  f->close_code = code;
  return HTTP_GOT_FAULT;
}

static bool frame_is_control(const struct http_frames *f) {
  return (f->head[0] & 0x08) != 0;
}

/* The first two bytes say how long the head is; or what is wrong. */
static enum http_frame_got frame_start(struct http_frames *f) {
  u8 op = f->head[0] & 0x0f, len = f->head[1] & 0x7f;
  bool fin = (f->head[0] & FRAME_FIN) != 0;
  if ((f->head[0] & FRAME_RESERVED) || !(f->head[1] & FRAME_MASKED)) {
    return frame_fault(f, HTTP_CLOSE_PROTOCOL);
  }
  if (op >= HTTP_FRAME_CLOSE) {
    if (op > HTTP_FRAME_PONG || !fin || len > 125) {
      return frame_fault(f, HTTP_CLOSE_PROTOCOL);
    }
  } else if (op > HTTP_FRAME_BINARY || f->open == (op != HTTP_FRAME_MORE)) {
    return frame_fault(f, HTTP_CLOSE_PROTOCOL);
  }
  f->head_want = 6 + (len == 126 ? 2 : len == 127 ? 8 : 0);
  return HTTP_GOT_NOTHING;
}

/* The head is whole. */
static enum http_frame_got frame_head(struct http_frames *f) {
  u8 len = f->head[1] & 0x7f;
  u32 bytes = len == 126 ? 2 : len == 127 ? 8 : 0;
  u64 n = bytes ? 0 : len;
  for (u32 i = 0; i < bytes; i++) n = n << 8 | f->head[2 + i];
  if ((bytes == 2 && n < 126) || (bytes == 8 && n < 65536)) {
    return frame_fault(f, HTTP_CLOSE_PROTOCOL);
  }
  if (!frame_is_control(f)) {
    if ((f->head[0] & 0x0f) != HTTP_FRAME_MORE) buf_clear(&f->message);
    if (n > f->max || f->message.len > f->max - n) {
      return frame_fault(f, HTTP_CLOSE_TOO_BIG);
    }
    f->open = true;
  }
  f->left = n;
  f->mask_at = 0;
  f->control_len = 0;
  return HTTP_GOT_NOTHING;
}

/* Well-formed UTF-8 (RFC 3629), no surrogates, nothing overlong. */
static bool frame_is_utf8(slice s) {
  if (s.len == 0) return true;
  const u8 *p = s.ptr, *end = s.ptr + s.len;
  while (p < end) {
    u8 c = *p++;
    u32 more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    if (c < 0x80) continue;
    if (c < 0xc2 || c > 0xf4 || (size_t)(end - p) < more) return false;
    u8 lo = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    u8 hi = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (*p < lo || *p > hi) return false;
    for (u32 i = 1; i < more; i++) {
      if ((p[i] & 0xc0) != 0x80) return false;
    }
    p += more;
  }
  return true;
}

static bool frame_code_allowed(u16 code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
          code != 1006) || (code >= 3000 && code <= 4999);
}

static enum http_frame_got frame_close(struct http_frames *f) {
  u16 code = HTTP_CLOSE_NONE;
  if (f->control_len == 1) return frame_fault(f, HTTP_CLOSE_PROTOCOL);
  if (f->control_len) {
    code = (u16)(f->control[0] << 8 | f->control[1]);
    if (!frame_code_allowed(code)) return frame_fault(f, HTTP_CLOSE_PROTOCOL);
    if (!frame_is_utf8(slice_of(f->control + 2, f->control_len - 2))) {
      return frame_fault(f, HTTP_CLOSE_TEXT);
    }
  }
  f->ended = true;
  f->close_code = code;
  return HTTP_GOT_CLOSE;
}

/* The frame's last byte is there. */
static enum http_frame_got frame_end(struct http_frames *f) {
  u8 op = f->head[0] & 0x0f;
  bool fin = (f->head[0] & FRAME_FIN) != 0;
  f->head_len = 0;
  f->head_want = 2;
  switch (op) {
    case HTTP_FRAME_CLOSE: return frame_close(f);
    case HTTP_FRAME_PING: return HTTP_GOT_PING;
    case HTTP_FRAME_PONG: return HTTP_GOT_PONG;
    default: break;
  }
  if (!fin) return HTTP_GOT_NOTHING;
  f->open = false;
  if (!frame_is_utf8(buf_slice(&f->message))) {
    return frame_fault(f, HTTP_CLOSE_TEXT);
  }
  return HTTP_GOT_MESSAGE;
}

static void frame_payload(struct http_frames *f, slice *in) {
  size_t n = in->len < f->left ? in->len : (size_t)f->left;
  const u8 *mask = f->head + f->head_want - 4;
  u8 *to;
  if (frame_is_control(f)) {
    to = f->control + f->control_len;
    f->control_len += (u32)n;
  } else {
    to = buf_room(&f->message, n);
    MUST(to);
    f->message.len += n;
  }
  for (size_t i = 0; i < n; i++) to[i] = in->ptr[i] ^ mask[(f->mask_at + i) & 3];
  f->mask_at = (f->mask_at + (u32)n) & 3;
  f->left -= n;
  *in = slice_of(in->ptr + n, in->len - n);
}

enum http_frame_got http_frames_read(struct http_frames *f, slice *in) {
  while (!f->ended) {
    if (f->head_len == f->head_want && f->left == 0) {
      enum http_frame_got got = frame_end(f);
      if (got != HTTP_GOT_NOTHING) return got;
    }
    if (in->len == 0) return HTTP_GOT_NOTHING;
    if (f->head_len == f->head_want) {
      frame_payload(f, in);
      continue;
    }
    f->head[f->head_len++] = *in->ptr;
    *in = slice_of(in->ptr + 1, in->len - 1);
    enum http_frame_got got = HTTP_GOT_NOTHING;
    if (f->head_len == 2) got = frame_start(f);
    if (got == HTTP_GOT_NOTHING && f->head_len == f->head_want) {
      got = frame_head(f);
    }
    if (got != HTTP_GOT_NOTHING) return got;
  }
  *in = slice_of(in->ptr + in->len, 0);
  return HTTP_GOT_NOTHING;
}

void http_frame_put(struct buf *out, enum http_frame_op op, slice payload) {
  buf_put_u8(out, (u8)(FRAME_FIN | op));
  if (payload.len < 126) {
    buf_put_u8(out, (u8)payload.len);
  } else {
    u32 bytes = payload.len < 65536 ? 2 : 8;
    buf_put_u8(out, bytes == 2 ? 126 : 127);
    for (u32 i = bytes; i-- > 0;) {
      buf_put_u8(out, (u8)((u64)payload.len >> (8 * i)));
    }
  }
  buf_put_slice(out, payload);
}

void http_frame_put_close(struct buf *out, u16 code) {
  u8 b[2] = {(u8)(code >> 8), (u8)code};
  http_frame_put(out, HTTP_FRAME_CLOSE,
                 slice_of(b, code == HTTP_CLOSE_NONE ? 0 : 2));
}

void http_frame_accept(char out[29], const char *key) {
  u8 text[24 + sizeof FRAME_GUID], digest[20];
  size_t n;
  memcpy(text, key, 24);
  memcpy(text + 24, FRAME_GUID, sizeof FRAME_GUID);
  int bad = mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), text,
                       24 + sizeof FRAME_GUID - 1, digest);
  bad |= mbedtls_base64_encode((u8 *)out, 29, &n, digest, sizeof digest);
  MUST(!bad);
}

bool http_frame_key_valid(const char *key) {
  u8 raw[24];
  size_t n;
  return strlen(key) == 24 &&
         mbedtls_base64_decode(raw, sizeof raw, &n, (const u8 *)key, 24) == 0 &&
         n == 16;
}

#undef FRAME_FIN
#undef FRAME_RESERVED
#undef FRAME_MASKED
#undef FRAME_GUID
