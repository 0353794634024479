/* buf.h - the one growable byte buffer.  Over its maximum it drops what
** comes and sets over; check once, at the end. */
#ifndef BASE_BUF_H
#define BASE_BUF_H
#include "base/base.h"

struct buf {
  u8 *ptr;
  size_t len, cap, max; /* max 0 = no limit */
  bool over;            /* sticky */
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
static inline void buf_clear(struct buf *b) { b->len = 0; b->over = false; }
/* Makes room for len more bytes; returns where to write them, or NULL when
** over.  The caller adds to b->len what it wrote.  Moves ptr. */
u8 *buf_room(struct buf *b, size_t len) MUST_USE;
void buf_put(struct buf *b, const void *p, size_t len);
static inline void buf_put_slice(struct buf *b, slice s) {
  buf_put(b, s.ptr, s.len);
}
void buf_put_u8(struct buf *b, u8 v);
void buf_put_str(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
static inline slice buf_slice(const struct buf *b) {
  return slice_of(b->ptr, b->len);
}
/* NUL-terminated view (the NUL is not counted in len). */
const char *buf_cstr(struct buf *b);
#endif
