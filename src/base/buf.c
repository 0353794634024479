/* buf.c - the growable byte buffer.  Capacity doubles, up to max; one byte
** beyond max may be held for the NUL of buf_cstr. */
#include "base/buf.h"
#include <stdarg.h>
#include <stdio.h>

void buf_init(struct buf *b, size_t max) { *b = (struct buf){.max = max}; }

void buf_fini(struct buf *b) {
  mem_free(b->ptr);
  buf_init(b, b->max);
}

static void buf_grow(struct buf *b, size_t need) {
  size_t cap = b->cap < 32 ? 64 : b->cap * 2;
  if (b->max && cap > b->max) cap = b->max;
  if (cap < need) cap = need;
  b->ptr = mem_realloc(b->ptr, cap);
  b->cap = cap;
}

u8 *buf_room(struct buf *b, size_t len) {
  if (UNLIKELY(len > b->cap - b->len)) {
    MUST(len <= PTRDIFF_MAX / 2 && b->len <= PTRDIFF_MAX / 2);
    if (b->max && len > b->max - b->len) b->over = true;
    else if (!b->over) buf_grow(b, b->len + len);
  } else if (UNLIKELY(b->max && len > b->max - b->len)) {
    b->over = true;
  }
  return LIKELY(!b->over) ? b->ptr + b->len : NULL;
}

void buf_put(struct buf *b, const void *p, size_t len) {
  if (!len) return;
  u8 *to = buf_room(b, len);
  if (UNLIKELY(!to)) return;
  memcpy(to, p, len);
  b->len += len;
}

void buf_put_u8(struct buf *b, u8 v) {
  u8 *to = buf_room(b, 1);
  if (UNLIKELY(!to)) return;
  *to = v;
  b->len++;
}

void buf_put_str(struct buf *b, const char *s) { buf_put(b, s, strlen(s)); }

void buf_printf(struct buf *b, const char *fmt, ...) {
  char t[256];
  va_list ap;
  va_start(ap, fmt);
  int len = vsnprintf(t, sizeof(t), fmt, ap);
  va_end(ap);
  MUST(len >= 0);
  if ((size_t)len < sizeof(t)) {
    buf_put(b, t, (size_t)len);
    return;
  }
  /* vsnprintf ends with a NUL, so the text is made beside, not in place. */
  char *p = mem_realloc(NULL, (size_t)len + 1);
  va_start(ap, fmt);
  vsnprintf(p, (size_t)len + 1, fmt, ap);
  va_end(ap);
  buf_put(b, p, (size_t)len);
  mem_free(p);
}

const char *buf_cstr(struct buf *b) {
  if (b->cap == b->len) {
    b->ptr = mem_realloc(b->ptr, b->len + 1);
    b->cap = b->len + 1;
  }
  b->ptr[b->len] = 0;
  return (const char *)b->ptr;
}
