/* crypto_vec.h - what the vector tests of this folder share: the JSON files of
** the public suites and hexadecimal text.
**
** The runner unpacks the archives into CONFORMANCE_DIR; where a suite is
** absent the case prints why and is skipped. */
#ifndef TESTS_CRYPTO_VEC_H
#define TESTS_CRYPTO_VEC_H
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/base.h"

/* CONFORMANCE_DIR/file; NULL after a line that says what is missing. */
static inline char *vec_path(const char *file) {
  static char path[4096];
  const char *dir = getenv("CONFORMANCE_DIR");
  FILE *f;
  snprintf(path, sizeof path, "%s/%s", dir ? dir : "conformance", file);
  f = fopen(path, "rb");
  if (!f) {
    printf("SKIP: public vectors %s are not unpacked\n", file);
    return NULL;
  }
  fclose(f);
  return path;
}

/* How many vectors the program has met, told at its end to make conformance. */
static size_t vec_met;
static inline void vec_tell(void) { printf("# vectors: %zu\n", vec_met); }
static inline void vec_count(size_t cnt) {
  if (vec_met == 0 && cnt > 0) atexit(vec_tell);
  vec_met += cnt;
}

/* The whole file as JSON; skips the case when it is not there. */
static inline json_t *vec_load(const char *file) {
  json_error_t e;
  const char *path = vec_path(file);
  json_t *j, *cnt;
  if (!path) skip();
  j = json_load_file(path, JSON_ALLOW_NUL, &e);
  if (!j) fail_msg("%s: line %d: %s", file, e.line, e.text);
  cnt = json_object_get(j, "numberOfTests"); /* Wycheproof's */
  vec_count(cnt ? (size_t)json_integer_value(cnt) : json_array_size(j));
  return j;
}

static inline const char *vec_text(const json_t *obj, const char *key) {
  const char *s = json_string_value(json_object_get(obj, key));
  if (!s) fail_msg("%s is not there", key);
  return s;
}

static inline int vec_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Hexadecimal text, with or without 0x, as fresh bytes (vec_free). */
static inline slice vec_hex(const char *s) {
  size_t len;
  u8 *p;
  if (s[0] == '0' && s[1] == 'x') s += 2;
  len = strlen(s) / 2;
  p = malloc(len + 1);
  for (size_t i = 0; i < len; i++) {
    int hi = vec_digit(s[2 * i]), lo = vec_digit(s[2 * i + 1]);
    if (hi < 0 || lo < 0) fail_msg("not hexadecimal: %s", s);
    p[i] = (u8)(hi << 4 | lo);
  }
  return slice_of(p, len);
}
static inline slice vec_bytes(const json_t *obj, const char *key) {
  return vec_hex(vec_text(obj, key));
}
static inline void vec_free(slice s) { free((void *)(uintptr_t)s.ptr); }

/* Bytes as text, for comparisons that print both sides. */
static inline char *vec_show(slice s) {
  char *t;
  if (s.len > 1 << 20) s.len = 1 << 20;
  t = malloc(2 * s.len + 1);
  for (size_t i = 0; i < s.len; i++) snprintf(t + 2 * i, 3, "%02x", s.ptr[i]);
  t[2 * s.len] = 0;
  return t;
}
static inline void vec_assert_eq(slice got, slice want, const char *name) {
  if (!slice_eq(got, want))
    fail_msg("%s:\n got  %s\n want %s", name, vec_show(got), vec_show(want));
}
#endif
