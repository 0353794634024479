/* http_frame.h - WebSocket frames (RFC 6455), as a server reads and writes
** them; free of sockets.
**
** Reading is strict: a client's frames are masked, reserved bits and opcodes
** are zero, lengths are the shortest form, control frames are whole and at
** most 125 bytes, a message's first frame has an opcode and the others none,
** text is UTF-8, and nothing but a close follows a fault.  Binary messages are
** taken as text: some clients (web3.py) send JSON so, and geth reads both.
*/
#ifndef WEB_HTTP_FRAME_H
#define WEB_HTTP_FRAME_H
#include "base/base.h"
#include "base/buf.h"

enum http_frame_op {
  HTTP_FRAME_MORE = 0, HTTP_FRAME_TEXT = 1, HTTP_FRAME_BINARY = 2,
  HTTP_FRAME_CLOSE = 8, HTTP_FRAME_PING = 9, HTTP_FRAME_PONG = 10
};
enum { /* close codes */
  HTTP_CLOSE_NORMAL = 1000, HTTP_CLOSE_AWAY = 1001, HTTP_CLOSE_PROTOCOL = 1002,
  HTTP_CLOSE_NONE = 1005, HTTP_CLOSE_TEXT = 1007,
  HTTP_CLOSE_TOO_BIG = 1009, HTTP_CLOSE_LATER = 1013
};

struct http_frames {
  size_t max;        /* bytes of one message */
  u8 head[14];
  u32 head_len, head_want;
  u64 left;          /* of the frame's payload */
  u32 mask_at;
  bool open;         /* in the midst of a message */
  bool ended;        /* a close or a fault was seen */
  u8 control[125];
  u32 control_len;
  struct buf message;
  u16 close_code;    /* of HTTP_GOT_CLOSE (what the peer said, or NONE) and
                     ** HTTP_GOT_FAULT (what to answer) */
};
void http_frames_init(struct http_frames *f, size_t max);
void http_frames_fini(struct http_frames *f);

enum http_frame_got {
  HTTP_GOT_NOTHING, /* all bytes are taken, more are needed */
  HTTP_GOT_MESSAGE, /* f->message: a whole text; the caller may take its memory
                    ** (and init it), else it is overwritten */
  HTTP_GOT_PING,    /* f->control is to be sent back */
  HTTP_GOT_PONG,
  HTTP_GOT_CLOSE,
  HTTP_GOT_FAULT
};
/* Takes bytes off *in up to the next event.  After a close or a fault all
** bytes are dropped. */
enum http_frame_got http_frames_read(struct http_frames *f, slice *in);

/* Appends a whole, unmasked frame. */
void http_frame_put(struct buf *out, enum http_frame_op op, slice payload);
/* A close frame with its code. */
void http_frame_put_close(struct buf *out, u16 code);
/* The value of Sec-WebSocket-Accept for a key; out has room for 29 bytes. */
void http_frame_accept(char out[29], const char *key);
/* A client's key: 16 bytes in base64. */
bool http_frame_key_valid(const char *key);
#endif
