/* json.h - JSON: reading by jansson (duplicate keys and depth over 64
** refused), writing by a small streaming writer that cannot produce a
** malformed document. */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H
#include "base/base.h"
#include "base/buf.h"
#include "base/u256.h"
#include <jansson.h>

/* Parses a whole text, any value at its top; NULL and a message naming line
** and column on error.  Integers are exact: one over 63 bits is an error, as
** are \u0000 in a string and invalid UTF-8.  At most LIMIT_JSON_TEXT bytes;
** who reads from outside sets less.  The caller gives it back with
** json_decref. */
json_t *json_read(slice text, struct errmsg *msg);

/* Walks over the members of an object in their order, without a tree: for
** texts of millions of members.  key is as written between its quotes (escapes
** stay), val the text of one value with white space perhaps behind it, to be
** given to json_read; both are views of the text.  What is inside a value is
** not checked.  next: 1 a member, 0 the end, -1 no whole object is here.
** A watch is told of every JSON_WATCH_BYTES that were walked over: who has a
** large text mapped can let go of them for a while. */
#define JSON_WATCH_BYTES (4u << 20)
struct json_watch {
  void (*passed)(void *ctx, slice text);
  void *ctx;
};
struct json_walk {
  const u8 *at, *end; /* at: '{', ',' or '}' last seen; NULL: ended */
  const struct json_watch *watch; /* NULL, or set after init */
  const u8 *told;
};
void json_walk_init(struct json_walk *w, slice text);
int json_walk_next(struct json_walk *w, slice *key, slice *val) MUST_USE;

/* Writer over a buf.  Commas and nesting are its business:
**   jsonw_obj(&w); jsonw_kv_u64(&w, "a", 1); jsonw_obj_end(&w);
** Strings are escaped, invalid UTF-8 replaced.  A call out of place (a value
** without its key, a second value at the top) is a bug: MUST.  Over the buf's
** maximum the text is cut: check out->over at the end. */
struct jsonw {
  struct buf *out;
  u64 has_item;   /* bit per depth: a comma is due */
  u64 is_obj;     /* bit per depth: within an object */
  u32 depth;      /* at most 63; MUST */
  bool after_key;
};
void jsonw_init(struct jsonw *w, struct buf *out);
bool jsonw_done(const struct jsonw *w); /* one whole value is written */
void jsonw_obj(struct jsonw *w);
void jsonw_obj_end(struct jsonw *w);
void jsonw_arr(struct jsonw *w);
void jsonw_arr_end(struct jsonw *w);
void jsonw_key(struct jsonw *w, const char *key);
void jsonw_null(struct jsonw *w);
void jsonw_bool(struct jsonw *w, bool v);
void jsonw_u64(struct jsonw *w, u64 v);           /* decimal number */
void jsonw_i64(struct jsonw *w, i64 v);
void jsonw_double(struct jsonw *w, double v); /* infinite, NaN: null */
void jsonw_str(struct jsonw *w, const char *s);
void jsonw_str_len(struct jsonw *w, slice s);
void jsonw_printf(struct jsonw *w, const char *fmt, ...) PRINTF_LIKE(2, 3); /* as a string */
void jsonw_hex(struct jsonw *w, slice s);         /* "0x..." */
void jsonw_quantity(struct jsonw *w, u64 v);      /* "0x1f" */
void jsonw_quantity_u256(struct jsonw *w, const u256 *v);
void jsonw_raw(struct jsonw *w, slice json);      /* one value, already JSON */
void jsonw_dec_u256(struct jsonw *w, const u256 *v); /* decimal, as a string */
void jsonw_json(struct jsonw *w, const json_t *v);   /* one value, as read */
/* key and value in one call */
void jsonw_kv_str(struct jsonw *w, const char *key, const char *v);
void jsonw_kv_hex(struct jsonw *w, const char *key, slice v);
void jsonw_kv_quantity(struct jsonw *w, const char *key, u64 v);
void jsonw_kv_bool(struct jsonw *w, const char *key, bool v);
void jsonw_kv_u64(struct jsonw *w, const char *key, u64 v);
void jsonw_kv_i64(struct jsonw *w, const char *key, i64 v);
void jsonw_kv_quantity_u256(struct jsonw *w, const char *key, const u256 *v);
void jsonw_kv_null(struct jsonw *w, const char *key);
#endif
