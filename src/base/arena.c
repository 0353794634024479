/* arena.c - bump allocation in a chain of chunks.
**
** Chunks form a singly linked list in the order they are filled; cur is the
** one being filled and those behind it are empty, kept for reuse.  A request
** that does not fit takes the next chunk if that is large enough, else a new
** one is put between.  Every block is a multiple of 16 bytes, so pos stays
** aligned.  Under AddressSanitizer the free part is poisoned: use after
** arena_reset is found like use after free. */
#include "base/arena.h"
#include <stdarg.h>
#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define ARENA_HIDE(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define ARENA_SHOW(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define ARENA_HIDE(p, n) ((void)(p), (void)(n))
#define ARENA_SHOW(p, n) ((void)(p), (void)(n))
#endif

struct arena_chunk {
  struct arena_chunk *next;
  size_t size; /* of data */
  _Alignas(16) u8 data[];
};

void arena_init(struct arena *a, size_t chunk_size, size_t limit) {
  *a = (struct arena){.chunk_size = (chunk_size + 15) & ~(size_t)15,
                      .limit = limit};
}

void arena_fini(struct arena *a) {
  struct arena_chunk *next;
  for (struct arena_chunk *c = a->first; c; c = next) {
    next = c->next;
    ARENA_SHOW(c->data, c->size);
    if (a->home) a->home->give(a->home->ctx, c);
    else mem_free(c);
  }
  const struct arena_home *home = a->home;
  arena_init(a, a->chunk_size, a->limit);
  a->home = home;
}

static void arena_take(struct arena *a, struct arena_chunk *c) {
  a->cur = c;
  a->pos = c ? c->data : NULL;
  a->end = c ? c->data + c->size : NULL;
}

/* Makes cur a chunk with room for size bytes. */
static void arena_grow(struct arena *a, size_t size) {
  struct arena_chunk **at = a->cur ? &a->cur->next : &a->first;
  if (!*at || (*at)->size < size) {
    size_t want = size > a->chunk_size ? size : a->chunk_size;
    size_t all = sizeof(struct arena_chunk) + want;
    struct arena_chunk *c = a->home ? a->home->take(a->home->ctx, all)
                                    : mem_realloc(NULL, all);
    c->next = *at;
    c->size = want;
    ARENA_HIDE(c->data, want);
    *at = c;
  }
  arena_take(a, *at);
}

void *arena_alloc_raw(struct arena *a, size_t size) {
  MUST(size <= PTRDIFF_MAX / 2);
  size_t len = size ? (size + 15) & ~(size_t)15 : 16;
  if (UNLIKELY(a->limit && (a->used > a->limit || len > a->limit - a->used))) {
    a->over = true;
    return NULL;
  }
  if (UNLIKELY((size_t)(a->end - a->pos) < len)) arena_grow(a, len);
  void *p = a->pos;
  a->pos += len;
  a->used += len;
  ARENA_SHOW(p, size);
  return p;
}

void *arena_alloc(struct arena *a, size_t size) {
  void *p = arena_alloc_raw(a, size);
  if (LIKELY(p != NULL)) memset(p, 0, size);
  return p;
}

void *arena_copy(struct arena *a, const void *p, size_t len) {
  void *q = arena_alloc_raw(a, len);
  if (q && len) memcpy(q, p, len);
  return q;
}

slice arena_copy_slice(struct arena *a, slice s) {
  u8 *p = arena_copy(a, s.ptr, s.len);
  return slice_of(p, p ? s.len : 0);
}

char *arena_printf(struct arena *a, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  int len = vsnprintf(NULL, 0, fmt, ap);
  va_end(ap);
  MUST(len >= 0);
  char *p = arena_alloc_raw(a, (size_t)len + 1);
  if (!p) return NULL;
  va_start(ap, fmt);
  vsnprintf(p, (size_t)len + 1, fmt, ap);
  va_end(ap);
  return p;
}

struct arena_mark arena_mark(const struct arena *a) {
  return (struct arena_mark){a->cur, a->pos, a->used};
}

void arena_reset(struct arena *a, struct arena_mark m) {
#ifdef ARENA_ASAN
  for (struct arena_chunk *c = m.chunk ? m.chunk : a->first; c; c = c->next) {
    u8 *from = c == m.chunk ? m.pos : c->data;
    ARENA_HIDE(from, (size_t)(c->data + c->size - from));
    if (c == a->cur) break;
  }
#endif
  arena_take(a, m.chunk);
  if (m.chunk) a->pos = m.pos;
  a->used = m.used;
}

void arena_clear(struct arena *a) {
  arena_reset(a, (struct arena_mark){NULL, NULL, 0});
  a->over = false;
}

#undef ARENA_ASAN
#undef ARENA_HIDE
#undef ARENA_SHOW
