/* base.h - what every other folder stands on: sized types, byte slices,
** errors, assertions and the allocator.
**
** Conventions that hold in the whole tree:
**   - Names are folder_noun_verb.  Static names carry the file's word too,
**     so that all files fold into one translation unit.
**   - Arguments: context, outputs, in-outs, inputs, length after its pointer,
**     flags, callback.
**   - Four kinds of failure are kept apart: bad outside input (an err is
**     returned), the verdict on a transaction or block (an enum, part of
**     consensus), the environment (an err is returned), our own bug (MUST,
**     always on, aborts with file and line).
**   - Ownership words: init/fini = the caller's struct; open/close = an OS or
**     database handle; make = lives in the given arena; view = borrowed until
**     the next change; copy = copied in; give = the callee owns it from here.
**   - Only this folder allocates (mem_alloc and what is built on it).
*/
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t i64;
typedef unsigned __int128 u128;

/* Borrowed bytes.  An empty slice may have ptr == NULL. */
typedef struct slice {
  const u8 *ptr;
  size_t len;
} slice;

typedef struct hash32 { u8 b[32]; } hash32;
typedef struct addr20 { u8 b[20]; } addr20;

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MUST_USE __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* A fact that only a bug of ours can break.  Always on. */
#define MUST(x) \
  do { \
    if (UNLIKELY(!(x))) base_must_fail(#x, __FILE__, __LINE__); \
  } while (0)
NORETURN void base_must_fail(const char *what, const char *file, int line);

static inline slice slice_of(const void *ptr, size_t len) {
  return (slice){(const u8 *)ptr, len};
}
static inline slice slice_str(const char *s) { return slice_of(s, strlen(s)); }
static inline bool slice_eq(slice a, slice b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
static inline bool hash32_eq(const hash32 *a, const hash32 *b) {
  return memcmp(a->b, b->b, 32) == 0;
}
static inline int hash32_cmp(const hash32 *a, const hash32 *b) {
  return memcmp(a->b, b->b, 32);
}
static inline bool addr20_eq(const addr20 *a, const addr20 *b) {
  return memcmp(a->b, b->b, 20) == 0;
}
static inline slice hash32_slice(const hash32 *h) { return slice_of(h->b, 32); }
static inline slice addr20_slice(const addr20 *a) { return slice_of(a->b, 20); }

/* Big-endian loads and stores; no alignment needed. */
static inline u64 load_be64(const u8 *p) {
  u64 v;
  memcpy(&v, p, 8);
  return __builtin_bswap64(v);
}
static inline void store_be64(u8 *p, u64 v) {
  v = __builtin_bswap64(v);
  memcpy(p, &v, 8);
}
static inline u32 load_be32(const u8 *p) {
  u32 v;
  memcpy(&v, p, 4);
  return __builtin_bswap32(v);
}
static inline void store_be32(u8 *p, u32 v) {
  v = __builtin_bswap32(v);
  memcpy(p, &v, 4);
}

/*---------------------------------------------------------------- errors */

/* 0 or a negative code from err.def. */
typedef int err;

enum {
  ERR_OK = 0,
#define ERR(name, code, text) name = -(code),
#include "base/err.def"
#undef ERR
};

/* The fixed text of a code ("malformed input"); never NULL. */
const char *err_text(err e);

/* What to tell the person who can mend it: what is wrong and what to do.
** Functions that take one fill it whenever they return a code below 0. */
struct errmsg {
  char text[512];
};
/* Writes the text (cut at the buffer) and returns e, so that a function can
** end with  return err_say(msg, ERR_INPUT, "genesis: %s is missing", key);
** msg may be NULL. */
err err_say(struct errmsg *msg, err e, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Returns from the calling function when the expression is an error. */
#define TRY(expr) \
  do { \
    err try_e_ = (expr); \
    if (UNLIKELY(try_e_ < 0)) return try_e_; \
  } while (0)

/*---------------------------------------------------------------- memory */

/* The only allocator.  Never returns NULL: when the machine has no memory the
** process ends with a clear line (a node that cannot allocate must not sign).
** mem_alloc memory is zeroed; mem_realloc does not zero what it adds. */
void *mem_alloc(size_t size);
void *mem_realloc(void *p, size_t size);
void mem_free(void *p);
char *mem_strdup(const char *s);

/* Wipes secrets; the compiler cannot drop it. */
void mem_wipe(void *p, size_t len);

/* Runs fn(arg, i) for i in 0..cnt-1, on this thread or on several; returns
** when all are done.  Pure folders get one as an argument and never make a
** thread.  par == NULL means serial. */
struct par {
  void *ctx;
  u32 worker_cnt;
  void (*run)(void *ctx, void (*fn)(void *arg, u32 i), void *arg, u32 cnt);
};
static inline void par_run(const struct par *par,
                           void (*fn)(void *arg, u32 i), void *arg, u32 cnt) {
  if (par) {
    par->run(par->ctx, fn, arg, cnt);
  } else {
    for (u32 i = 0; i < cnt; i++) fn(arg, i);
  }
}

#endif
