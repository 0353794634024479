/* base.c - error texts, assertions, the allocator, the table of limits.
**
** The allocator is calloc/realloc/free with one rule added: it never returns
** NULL.  A node without memory must stop before it signs anything, so the
** process ends with one line that says how much was asked for. */
#include "base/base.h"
#include "base/limits.h"
#include "base/log.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(sizeof(((struct errmsg *)0)->text) == LIMIT_ERRMSG,
               "errmsg has the size limits.def states");

void base_must_fail(const char *what, const char *file, int line) {
  log_abort("%s:%d: internal error: %s does not hold", file, line, what);
}

const char *err_text(err e) {
  switch (e) {
    case ERR_OK: return "no error";
#define ERR(name, code, text) \
    case name: return text;
#include "base/err.def"
#undef ERR
    default: return "unknown error";
  }
}

err err_say(struct errmsg *msg, err e, const char *fmt, ...) {
  if (!msg) return e;
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(msg->text, sizeof(msg->text), fmt, ap);
  va_end(ap);
  return e;
}

const struct limit_row limit_rows[] = {
#define LIMIT(name, value, what) {#name, (u64)(value), what},
#include "base/limits.def"
#undef LIMIT
};
const u32 limit_row_cnt = ARRAY_LEN(limit_rows);

/*---------------------------------------------------------------- memory */

NORETURN static void base_no_memory(size_t size) {
  log_abort("out of memory: %zu bytes asked for; give the process more memory"
            " or lower its cache budget", size);
}

void *mem_alloc(size_t size) {
  void *p = calloc(1, size ? size : 1);
  if (UNLIKELY(!p)) base_no_memory(size);
  return p;
}

void *mem_realloc(void *p, size_t size) {
  void *q = realloc(p, size ? size : 1);
  if (UNLIKELY(!q)) base_no_memory(size);
  return q;
}

void mem_free(void *p) { free(p); }

char *mem_strdup(const char *s) {
  size_t len = strlen(s) + 1;
  char *p = mem_realloc(NULL, len);
  memcpy(p, s, len);
  return p;
}

void mem_wipe(void *p, size_t len) {
  if (!len) return;
  memset(p, 0, len);
  __asm__ volatile("" : : "r"(p) : "memory");
}
