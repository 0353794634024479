/* json.c - JSON (RFC 8259): reading by jansson, writing by a small writer.
**
** Before jansson parses, one pass over the text finds how deep arrays and
** objects are nested (braces within strings do not count): jansson recurses,
** and its own bound of 2048 is more stack than a request may cost.
**
** The writer keeps one bit a depth for "a comma is due" and one for "within
** an object"; bit 0 is the top, where one value may stand.  Strings are
** written in runs: a table names the bytes that need care, all between two of
** them are copied at once.  Text that is not UTF-8 gets U+FFFD for each bad
** byte (RFC 3629: no overlong forms, surrogates, or values over 10FFFF). */
#include "codec/json.h"
#include "base/limits.h"
#include "codec/hex.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*--------------------------------------------------------------- reading */

/* Length of the string that starts after the quote at p, with its closing
** quote; what is left when it has none. */
static size_t json_string_len(const u8 *p, size_t left) {
  size_t i = 0;
  while (i < left && p[i] != '"') i += p[i] == '\\' ? 2 : 1;
  return i < left ? i + 1 : left;
}

/* Where the nesting first exceeds the limit, or text.len. */
static size_t json_too_deep(slice text) {
  u32 depth = 0;
  for (size_t i = 0; i < text.len; i++) {
    switch (text.ptr[i]) {
      case '"':
        i += json_string_len(text.ptr + i + 1, text.len - i - 1);
        break;
      case '[':
      case '{':
        if (++depth > LIMIT_JSON_DEPTH) return i;
        break;
      case ']':
      case '}':
        if (depth) depth--; /* a text that closes too much fails to parse */
        break;
    }
  }
  return text.len;
}

json_t *json_read(slice text, struct errmsg *msg) {
  json_error_t e;
  if (text.len > LIMIT_JSON_TEXT) {
    err_say(msg, ERR_LIMIT, "JSON text is over %d bytes", LIMIT_JSON_TEXT);
    return NULL;
  }
  size_t deep = json_too_deep(text);
  if (deep < text.len) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < deep; i++) {
      bool nl = text.ptr[i] == '\n';
      line += nl;
      column = nl ? 1 : column + 1;
    }
    err_say(msg, ERR_LIMIT,
            "line %zu column %zu: arrays and objects nested over %d deep", line,
            column, LIMIT_JSON_DEPTH);
    return NULL;
  }
  json_t *v = json_loadb(text.len ? (const char *)text.ptr : "", text.len,
                         JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
  if (!v)
    err_say(msg, ERR_INPUT, "line %d column %d: %s", e.line, e.column, e.text);
  return v;
}

/*--------------------------------------------------------------- strings */

/* 0 as it is, 'u' \u00XX, 1 start of UTF-8 (to be checked), else \ letter. */
static const u8 json_care[256] = {
    [0 ... 7] = 'u', [8] = 'b',         [9] = 't',   [10] = 'n',
    [11] = 'u',      [12] = 'f',        [13] = 'r',  [14 ... 31] = 'u',
    ['"'] = '"',     ['\\'] = '\\', [127] = 'u', [128 ... 255] = 1};

/* Length of the UTF-8 sequence at p, 0 when there is none. */
static size_t json_utf8_len(const u8 *p, size_t left) {
  static const struct {
    u8 lead_min, lead_max, second_min, second_max, len;
  } rows[] = {
      {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
      {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3},
      {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
      {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
    if (p[0] < rows[i].lead_min || p[0] > rows[i].lead_max) continue;
    if (left < rows[i].len || p[1] < rows[i].second_min ||
        p[1] > rows[i].second_max)
      return 0;
    for (size_t k = 2; k < rows[i].len; k++)
      if ((p[k] & 0xc0) != 0x80) return 0;
    return rows[i].len;
  }
  return 0;
}

/* How many bytes from the start need no care. */
static inline size_t json_plain_len(slice s) {
  size_t i = 0;
#ifdef __SSE2__
  /* 20..7e without quote and backslash; bytes from 80 are below 0 here */
  for (; i + 16 <= s.len; i += 16) {
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s.ptr + i));
    __m128i care = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
    care = _mm_or_si128(care, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
    care = _mm_or_si128(care, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    care = _mm_or_si128(care, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
    u32 bits = (u32)_mm_movemask_epi8(care);
    if (bits) return i + (u32)__builtin_ctz(bits);
  }
#endif
  while (i < s.len && !json_care[s.ptr[i]]) i++;
  return i;
}

static void json_put_string(struct buf *b, slice s) {
  size_t from = 0, i = json_plain_len(s);
  if (LIKELY(i == s.len)) {
    u8 *to = buf_room(b, s.len + 2);
    if (!to) return;
    to[0] = '"';
    if (s.len) memcpy(to + 1, s.ptr, s.len);
    to[s.len + 1] = '"';
    b->len += s.len + 2;
    return;
  }
  buf_put_u8(b, '"');
  while (i < s.len) {
    u8 care = json_care[s.ptr[i]];
    size_t len = care == 1 ? json_utf8_len(s.ptr + i, s.len - i) : !care;
    if (len) {
      i += len;
      continue;
    }
    buf_put(b, s.ptr + from, i - from);
    if (care == 1) {
      buf_put(b, "\xef\xbf\xbd", 3);
    } else if (care == 'u') {
      u8 t[6] = {'\\', 'u', '0', '0'};
      hex_encode((char *)t + 4, s.ptr + i, 1);
      buf_put(b, t, 6);
    } else {
      buf_put(b, (u8[2]){'\\', care}, 2);
    }
    from = ++i;
  }
  buf_put(b, s.ptr + from, s.len - from);
  buf_put_u8(b, '"');
}

/*---------------------------------------------------------------- writer */

void jsonw_init(struct jsonw *w, struct buf *out) {
  *w = (struct jsonw){.out = out};
}

bool jsonw_done(const struct jsonw *w) {
  return w->depth == 0 && (w->has_item & 1);
}

/* Before every value: its place is checked, a comma put where due. */
static void jsonw_value(struct jsonw *w) {
  u64 bit = (u64)1 << w->depth;
  if (w->is_obj & bit) {
    MUST(w->after_key);
    w->after_key = false;
    return;
  }
  if (w->has_item & bit) {
    MUST(w->depth > 0);
    buf_put_u8(w->out, ',');
  }
  w->has_item |= bit;
}

static void jsonw_open(struct jsonw *w, char c, u64 is_obj) {
  jsonw_value(w);
  buf_put_u8(w->out, (u8)c);
  MUST(w->depth < 63);
  w->depth++;
  w->has_item &= ~((u64)1 << w->depth);
  w->is_obj &= ~((u64)1 << w->depth);
  w->is_obj |= is_obj << w->depth;
}

static void jsonw_close(struct jsonw *w, char c, u64 is_obj) {
  MUST(w->depth > 0 && !w->after_key && (w->is_obj >> w->depth & 1) == is_obj);
  buf_put_u8(w->out, (u8)c);
  w->depth--;
}

void jsonw_obj(struct jsonw *w) { jsonw_open(w, '{', 1); }
void jsonw_obj_end(struct jsonw *w) { jsonw_close(w, '}', 1); }
void jsonw_arr(struct jsonw *w) { jsonw_open(w, '[', 0); }
void jsonw_arr_end(struct jsonw *w) { jsonw_close(w, ']', 0); }

void jsonw_key(struct jsonw *w, const char *key) {
  u64 bit = (u64)1 << w->depth;
  MUST((w->is_obj & bit) && !w->after_key);
  if (w->has_item & bit) buf_put_u8(w->out, ',');
  w->has_item |= bit;
  w->after_key = true;
  json_put_string(w->out, slice_str(key));
  buf_put_u8(w->out, ':');
}

void jsonw_raw(struct jsonw *w, slice json) {
  MUST(json.len > 0);
  jsonw_value(w);
  buf_put_slice(w->out, json);
}

void jsonw_null(struct jsonw *w) { jsonw_raw(w, slice_of("null", 4)); }

void jsonw_bool(struct jsonw *w, bool v) {
  jsonw_raw(w, v ? slice_of("true", 4) : slice_of("false", 5));
}

void jsonw_u64(struct jsonw *w, u64 v) {
  char t[20], *p = t + sizeof(t);
  do *--p = (char)('0' + v % 10);
  while (v /= 10);
  jsonw_raw(w, slice_of(p, (size_t)(t + sizeof(t) - p)));
}

void jsonw_i64(struct jsonw *w, i64 v) {
  char t[24];
  int len = snprintf(t, sizeof(t), "%lld", (long long)v);
  jsonw_raw(w, slice_of(t, (size_t)len));
}

/* The shortest of 15 to 17 digits that reads back the same; with ".0" where it
** would else read back as an integer. */
void jsonw_double(struct jsonw *w, double v) {
  char t[40];
  int len = 0;
  if (v - v != 0) {
    jsonw_null(w);
    return;
  }
  for (int digits = 15; digits <= 17; digits++) {
    len = snprintf(t, sizeof(t), "%.*g", digits, v);
    if (strtod(t, NULL) == v) break;
  }
  if (!t[strspn(t, "-0123456789")]) {
    memcpy(t + len, ".0", 3);
    len += 2;
  }
  jsonw_raw(w, slice_of(t, (size_t)len));
}

void jsonw_str_len(struct jsonw *w, slice s) {
  jsonw_value(w);
  json_put_string(w->out, s);
}

void jsonw_str(struct jsonw *w, const char *s) {
  jsonw_str_len(w, slice_str(s));
}

void jsonw_printf(struct jsonw *w, const char *fmt, ...) {
  char t[1024], *p = t;
  va_list ap;
  va_start(ap, fmt);
  int len = vsnprintf(t, sizeof(t), fmt, ap);
  va_end(ap);
  MUST(len >= 0);
  if ((size_t)len >= sizeof(t)) {
    p = mem_realloc(NULL, (size_t)len + 1);
    va_start(ap, fmt);
    vsnprintf(p, (size_t)len + 1, fmt, ap);
    va_end(ap);
  }
  jsonw_str_len(w, slice_of(p, (size_t)len));
  if (p != t) mem_free(p);
}

void jsonw_hex(struct jsonw *w, slice s) {
  jsonw_value(w);
  u8 *to = buf_room(w->out, 4 + 2 * s.len);
  if (UNLIKELY(!to)) return;
  memcpy(to, "\"0x", 3);
  hex_encode((char *)to + 3, s.ptr, s.len);
  to[3 + 2 * s.len] = '"';
  w->out->len += 4 + 2 * s.len;
}

void jsonw_quantity_u256(struct jsonw *w, const u256 *v) {
  char t[67];
  u256_to_hex(t, v);
  jsonw_str(w, t);
}

void jsonw_quantity(struct jsonw *w, u64 v) {
  u256 t = u256_from(v);
  jsonw_quantity_u256(w, &t);
}

void jsonw_dec_u256(struct jsonw *w, const u256 *v) {
  char t[80];
  u256_to_dec(t, v);
  jsonw_str(w, t);
}

/* Through a buf and not the writer's calls: a text of an outsider may be
** nested as deep as the reader allows, the writer's depth is ours. */
static void json_put_value(struct buf *b, const json_t *v) {
  struct jsonw leaf;
  const char *key;
  const json_t *item;
  size_t i, n = 0;
  jsonw_init(&leaf, b);
  switch (json_typeof(v)) {
    case JSON_NULL: jsonw_null(&leaf); break;
    case JSON_TRUE:
    case JSON_FALSE: jsonw_bool(&leaf, json_is_true(v)); break;
    case JSON_INTEGER: jsonw_i64(&leaf, json_integer_value(v)); break;
    case JSON_REAL: jsonw_double(&leaf, json_real_value(v)); break;
    case JSON_STRING:
      json_put_string(b, slice_of(json_string_value(v), json_string_length(v)));
      break;
    case JSON_ARRAY:
      buf_put_u8(b, '[');
      json_array_foreach(v, i, item) {
        if (i) buf_put_u8(b, ',');
        json_put_value(b, item);
      }
      buf_put_u8(b, ']');
      break;
    case JSON_OBJECT:
      buf_put_u8(b, '{');
      /* jansson's iterator takes no const, though it changes nothing */
      json_object_foreach((json_t *)(uintptr_t)v, key, item) {
        if (n++) buf_put_u8(b, ',');
        json_put_string(b, slice_str(key));
        buf_put_u8(b, ':');
        json_put_value(b, item);
      }
      buf_put_u8(b, '}');
      break;
  }
}

void jsonw_json(struct jsonw *w, const json_t *v) {
  jsonw_value(w);
  json_put_value(w->out, v);
}

#define JSON_KV(name, params, call) \
  void jsonw_kv_##name params { \
    jsonw_key(w, key); \
    call; \
  }
JSON_KV(str, (struct jsonw *w, const char *key, const char *v), jsonw_str(w, v))
JSON_KV(hex, (struct jsonw *w, const char *key, slice v), jsonw_hex(w, v))
JSON_KV(quantity, (struct jsonw *w, const char *key, u64 v),
        jsonw_quantity(w, v))
JSON_KV(quantity_u256, (struct jsonw *w, const char *key, const u256 *v),
        jsonw_quantity_u256(w, v))
JSON_KV(bool, (struct jsonw *w, const char *key, bool v), jsonw_bool(w, v))
JSON_KV(u64, (struct jsonw *w, const char *key, u64 v), jsonw_u64(w, v))
JSON_KV(i64, (struct jsonw *w, const char *key, i64 v), jsonw_i64(w, v))
JSON_KV(null, (struct jsonw *w, const char *key), jsonw_null(w))
#undef JSON_KV
