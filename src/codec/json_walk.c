/* json_walk.c - the members of an object, one by one, without a tree.
**
** A tree takes about twenty times its text; a text of a million members is
** walked instead and each value read for itself.  The walk checks what stands
** between members (names, colons, commas, the end); within a value it only
** matches brackets and quotes, the rest is for who reads the value.
*/
#include "base/limits.h"
#include "codec/json.h"

static const u8 *json_walk_space(const u8 *p, const u8 *end) {
  while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  return p;
}

/* p at the opening quote; the byte after the closing one, or NULL. */
static const u8 *json_walk_string(const u8 *p, const u8 *end) {
  for (p++; p < end && *p != '"'; p++)
    if (*p == '\\') p++;
  return p < end ? p + 1 : NULL;
}

static void json_walk_tell(struct json_walk *w, const u8 *p) {
  w->watch->passed(w->watch->ctx, slice_of(w->told, (size_t)(p - w->told)));
  w->told = p;
}

/* The byte after the value at p, or NULL. */
static const u8 *json_walk_value(struct json_walk *w, const u8 *p) {
  const u8 *end = w->end;
  u32 depth = 0;
  const u8 *from = p;
  while (p && p < end) {
    if (w->watch && p - w->told >= (i64)JSON_WATCH_BYTES) json_walk_tell(w, p);
    switch (*p) {
      case '"': p = json_walk_string(p, end); break;
      case '{':
      case '[':
        if (++depth > LIMIT_JSON_DEPTH) return NULL;
        p++;
        break;
      case '}':
      case ']':
        if (depth == 0) return p > from ? p : NULL;
        depth--;
        p++;
        break;
      case ',':
        if (depth == 0) return p > from ? p : NULL;
        p++;
        break;
      default: p++; continue;
    }
    if (depth == 0) return p;
  }
  return NULL;
}

void json_walk_init(struct json_walk *w, slice text) {
  const u8 *end = text.ptr + text.len, *p = text.ptr;
  *w = (struct json_walk){.end = end, .told = text.ptr};
  p = text.len ? json_walk_space(p, end) : end;
  if (p < end && *p == '{') w->at = p;
}

int json_walk_next(struct json_walk *w, slice *key, slice *val) {
  const u8 *p = w->at, *end = w->end;
  w->at = NULL; /* unless there is a next member */
  if (!p) return -1;
  bool first = *p == '{'; /* else at a comma, or at the end */
  const u8 *q = json_walk_space(p + 1, end);
  if (*p == '}' || (first && q < end && *q == '}')) {
    p = json_walk_space(*p == '}' ? p + 1 : q + 1, end);
    return p == end ? 0 : -1;
  }
  if (q == end || *q != '"') return -1;
  p = json_walk_string(q, end);
  if (!p) return -1;
  *key = slice_of(q + 1, (size_t)(p - q) - 2);
  p = json_walk_space(p, end);
  if (p == end || *p != ':') return -1;
  p = json_walk_space(p + 1, end);
  q = p == end ? NULL : json_walk_value(w, p);
  if (!q) return -1;
  *val = slice_of(p, (size_t)(q - p));
  q = json_walk_space(q, end);
  if (q == end || (*q != ',' && *q != '}')) return -1;
  w->at = q;
  return 1;
}
