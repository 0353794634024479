/* arena.h - memory by lifetime: allocate freely, release all at once.
** Named by what bounds them: boot, block, tx, request.  Chunks are kept for
** reuse by arena_reset and returned by arena_fini. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include "base/base.h"

struct arena_chunk;
/* Where chunks come from, when not from the heap.  rest: what they hold is not
** needed for a while, and may leave memory until it is looked at again. */
struct arena_home {
  void *ctx;
  void *(*take)(void *ctx, size_t size); /* aligned to 16, never NULL */
  void (*give)(void *ctx, void *chunk);
  void (*rest)(void *ctx);
};
struct arena {
  struct arena_chunk *first, *cur; /* chunks in order; cur is being filled */
  u8 *pos, *end;                   /* free part of cur */
  size_t chunk_size;               /* least size of a new chunk */
  size_t used, limit;              /* bytes handed out; 0 = no limit */
  bool over;                       /* sticky: a request exceeded limit */
  const struct arena_home *home;   /* NULL: the heap; set after init */
};
struct arena_mark {
  struct arena_chunk *chunk;
  u8 *pos;
  size_t used;
};

/* limit 0 = none.  With a limit, an allocation over it returns NULL and sets
** over; without one, arena_alloc never returns NULL. */
void arena_init(struct arena *a, size_t chunk_size, size_t limit);
void arena_fini(struct arena *a);
/* 16-byte aligned, zeroed. */
void *arena_alloc(struct arena *a, size_t size) MUST_USE;
/* 16-byte aligned, contents undefined. */
void *arena_alloc_raw(struct arena *a, size_t size) MUST_USE;
void *arena_copy(struct arena *a, const void *p, size_t len);
slice arena_copy_slice(struct arena *a, slice s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Marks nest; resetting to one frees all allocated since.  over stays set
** until arena_clear. */
struct arena_mark arena_mark(const struct arena *a);
void arena_reset(struct arena *a, struct arena_mark m);
void arena_clear(struct arena *a); /* frees all allocations, keeps chunks */
static inline void arena_rest(const struct arena *a) {
  if (a->home) a->home->rest(a->home->ctx);
}

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_array(a, type, cnt) \
  ((type *)arena_alloc((a), sizeof(type) * (size_t)(cnt)))
#endif
