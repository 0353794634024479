/* proj_content.c - content: bytes by their keccak256, for the hashes that events
** name (proj.h).
**
** Table content (hash, type, size, when added, until when it is only held; NULL
** for good) and content_ref: which module's events named a hash, and, where its
** text is searched, the row: (hash, module, kind, id), kind 0: only named; 1 +
** the full-text table.  Event and bytes come in any order: an event that names
** bytes that are here keeps them and fills the full-text row; bytes that come
** later look for who named them.  A kept JSON document names further content by
** "0x" and 64 hex digits in any of its texts: images of a listing.
**
** JSON is read twice: once by a strict walk that accepts the canonical form
** alone, then by jansson for its texts.
**
** What a listing's document is searched by: "title" (or "name"), "body" (or
** "description", "about"), "tags" (a list of texts), "variants" (texts, or
** objects with "name" or "title").  A platform's: "name" or "title", "about";
** an identity's: "name", "display" or "title"; an order's, when it is not
** sealed: "note", "text", "message", "body" or "title".
*/
#include "proj/proj_int.h"

#include <stdio.h>

#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/keccak.h"
#include "shop/shop_court.h"

#define CONTENT_KIND_NAMED 0u
#define CONTENT_NAMES_MAX 64u  /* hashes that one document names */
#define CONTENT_TEXT_MAX 8192u /* bytes of one searched text */
#define CONTENT_MODULE_DOC 255u /* named by a document */
#define CONTENT_POINTS_MAX (1ull << 25) /* of a picture: 128 MiB in a browser */
#define CONTENT_PACKED_MAX 16384u       /* of a PNG's packed text or profile */

const struct proj_fts_text PROJ_FTS_TEXT[PROJ_FTS_CNT] = {
  [PROJ_F_market_fts] = {"market", {"title name", "body description about",
                                    "tags", "variants"}},
  [PROJ_F_platform_fts] = {"platform", {"name title", "about description"}},
  [PROJ_F_mediation_fts] = {"mediator", {"about name title"}},
  [PROJ_F_court_fts] = {"court", {"text grounds title body"}},
  [PROJ_F_order_fts] = {"order", {"note text message body title"}},
  [PROJ_F_id_fts] = {"identity", {"display name title"}},
};

/*---------------------------------------------------------- canonical JSON */
struct content_walk {
  const u8 *p, *end;
  u32 depth;
  const char *why;
};
static bool content_bad(struct content_walk *w, const char *why) {
  if (!w->why) w->why = why;
  return false;
}
static bool content_is(const struct content_walk *w, char c) {
  return w->p < w->end && *w->p == (u8)c;
}
static bool content_take(struct content_walk *w, char c) {
  if (!content_is(w, c)) return false;
  w->p++;
  return true;
}

/* One character of UTF-8 in its shortest form; surrogates are none. */
static bool content_utf8(struct content_walk *w) {
  u8 c = *w->p;
  u32 more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1
           : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 4;
  if (more == 4 || (size_t)(w->end - w->p) <= more)
    return content_bad(w, "text that is not UTF-8");
  u8 next = more ? w->p[1] : 0;
  if ((c == 0xe0 && next < 0xa0) || (c == 0xed && next > 0x9f) ||
      (c == 0xf0 && next < 0x90) || (c == 0xf4 && next > 0x8f))
    return content_bad(w, "text that is not UTF-8");
  for (u32 i = 1; i <= more; i++)
    if ((w->p[i] & 0xc0) != 0x80)
      return content_bad(w, "text that is not UTF-8");
  w->p += 1 + more;
  return true;
}

/* Escapes as JSON.stringify writes them: \" \\ \b \f \n \r \t, \u00xx in lower
** case for other control characters, and none else. */
static bool content_escape(struct content_walk *w) {
  static const char plain[] = "\"\\bfnrt";
  if (w->end - w->p < 2) return content_bad(w, "a text without its end");
  if (memchr(plain, w->p[1], sizeof plain - 1)) {
    w->p += 2;
    return true;
  }
  if (w->p[1] != 'u' || w->end - w->p < 6 || memcmp(w->p + 2, "00", 2) != 0)
    return content_bad(w, "an escape that need not be one");
  u8 hi = w->p[4], lo = w->p[5];
  bool low = (lo >= '0' && lo <= '9') || (lo >= 'a' && lo <= 'f');
  bool short_form = hi == '0' && lo && strchr("89acd", lo);
  if ((hi != '0' && hi != '1') || !low || short_form ||
      (hi == '0' && lo == '0'))
    return content_bad(w, "an escape that need not be one");
  w->p += 6;
  return true;
}

static bool content_string(struct content_walk *w, slice *out) {
  if (!content_take(w, '"')) return content_bad(w, "a text is missing");
  const u8 *start = w->p;
  while (w->p < w->end && *w->p != '"') {
    if (*w->p < 0x20) return content_bad(w, "a control character");
    if (*w->p == '\\' ? !content_escape(w) : !content_utf8(w)) return false;
  }
  if (out) *out = slice_of(start, (size_t)(w->p - start));
  return content_take(w, '"') || content_bad(w, "a text without its end");
}

static bool content_number(struct content_walk *w) {
  const u8 *start = w->p;
  (void)content_take(w, '-');
  const u8 *digits = w->p;
  while (w->p < w->end && *w->p >= '0' && *w->p <= '9') w->p++;
  size_t len = (size_t)(w->p - digits);
  if (!len) return content_bad(w, "a blank, or no value");
  if (*digits == '0' && (len > 1 || digits != start))
    return content_bad(w, "a number with a leading zero");
  if (len > 16) return content_bad(w, "an integer of more than 16 digits");
  if (content_is(w, '.') || content_is(w, 'e') || content_is(w, 'E'))
    return content_bad(w, "a number that is no integer");
  return true;
}

/* Keys ascend by code point, which in UTF-8 is by bytes.  Escaped ones are
** compared as they are written: allowed escapes are of characters that a key
** does not need, so a key with one is refused. */
static bool content_value(struct content_walk *w);
static bool content_object(struct content_walk *w) {
  slice last = {0}, key;
  bool first = true;
  if (content_take(w, '}')) return true;
  do {
    if (!content_string(w, &key)) return false;
    if (memchr(key.ptr, '\\', key.len)) return content_bad(w, "an escape in a key");
    if (!first) {
      size_t n = last.len < key.len ? last.len : key.len;
      int c = memcmp(last.ptr, key.ptr, n);
      if (c > 0 || (c == 0 && last.len >= key.len))
        return content_bad(w, "keys that do not ascend, or twice the same");
    }
    first = false;
    last = key;
    if (!content_take(w, ':')) return content_bad(w, "a blank, or no colon");
    if (!content_value(w)) return false;
  } while (content_take(w, ','));
  return content_take(w, '}') || content_bad(w, "a blank, or no comma");
}
static bool content_list(struct content_walk *w) {
  if (content_take(w, ']')) return true;
  do {
    if (!content_value(w)) return false;
  } while (content_take(w, ','));
  return content_take(w, ']') || content_bad(w, "a blank, or no comma");
}
static bool content_value(struct content_walk *w) {
  static const char *const word[] = {"true", "false", "null"};
  bool ok;
  if (w->depth >= 16) return content_bad(w, "more than 16 levels");
  w->depth++;
  if (content_is(w, '"')) {
    ok = content_string(w, NULL);
  } else if (content_take(w, '{')) {
    ok = content_object(w);
  } else if (content_take(w, '[')) {
    ok = content_list(w);
  } else {
    ok = false;
    for (u32 i = 0; i < ARRAY_LEN(word) && !ok; i++) {
      size_t n = strlen(word[i]);
      ok = (size_t)(w->end - w->p) >= n && !memcmp(w->p, word[i], n);
      if (ok) w->p += n;
    }
    if (!ok) ok = content_number(w);
  }
  w->depth--;
  return ok;
}

bool proj_json_canonical(slice text, struct errmsg *msg) {
  struct content_walk w = {text.ptr, text.ptr + text.len, 0, NULL};
  bool ok = content_value(&w);
  if (ok && w.p != w.end) ok = content_bad(&w, "something behind the value");
  if (!ok)
    (void)err_say(msg, ERR_INPUT, "not canonical JSON: %s at byte %zu", w.why,
                  (size_t)(w.p - text.ptr));
  return ok;
}

/*------------------------------------------------------------------- types */
static bool content_begins(slice b, const char *with, size_t len, size_t at) {
  return b.len >= at + len && !memcmp(b.ptr + at, with, len);
}
/* Text that a browser might run or render: begins with "<" behind blanks and
** byte order marks. */
static bool content_is_markup(slice b) {
  size_t i = 0;
  while (i < b.len && i < 1024 &&
         (b.ptr[i] <= ' ' || b.ptr[i] == 0xef || b.ptr[i] == 0xbb ||
          b.ptr[i] == 0xbf || b.ptr[i] == 0xfe || b.ptr[i] == 0xff))
    i++;
  return i < b.len && b.ptr[i] == '<';
}

/* A picture's size as its head tells it, where that is there to be read; a
** browser takes 4 bytes for each of its points, whatever the file's length. */
static u32 content_u16(const u8 *p, bool little) {
  return little ? p[0] | (u32)p[1] << 8 : p[1] | (u32)p[0] << 8;
}
static void content_jpeg_size(slice b, u64 *wide, u64 *high) {
  for (size_t at = 2; at + 9 <= b.len && b.ptr[at] == 0xff;) {
    u8 kind = b.ptr[at + 1];
    if (kind == 0xff) { /* fill */
      at++;
      continue;
    }
    /* Frames, but for the tables that have numbers among theirs. */
    if (kind >= 0xc0 && kind <= 0xcf && kind != 0xc4 && kind != 0xc8 &&
        kind != 0xcc) {
      *high = content_u16(b.ptr + at + 5, false);
      *wide = content_u16(b.ptr + at + 7, false);
      return;
    }
    bool bare = kind == 0x01 || (kind >= 0xd0 && kind <= 0xd8);
    at += 2 + (bare ? 0 : content_u16(b.ptr + at + 2, false)); /* onwards */
  }
}
static void content_webp_size(slice b, u64 *wide, u64 *high) {
  const u8 *p = b.ptr;
  if (b.len < 30) return;
  if (p[15] == 'X') {
    *wide = 1 + (content_u16(p + 24, true) | (u64)p[26] << 16);
    *high = 1 + (content_u16(p + 27, true) | (u64)p[29] << 16);
  } else if (p[15] == 'L') {
    u32 bits = content_u16(p + 21, true) | content_u16(p + 23, true) << 16;
    *wide = 1 + (bits & 0x3fff);
    *high = 1 + (bits >> 14 & 0x3fff);
  } else {
    *wide = content_u16(p + 26, true) & 0x3fff;
    *high = content_u16(p + 28, true) & 0x3fff;
  }
}

/* Of a PNG, what is packed beside the picture (profiles, texts) is short: each
** byte of it can unfold to a thousand. */
static bool content_png_packed(slice b) {
  static const char names[] = "iCCPzTXtiTXt";
  for (size_t at = 8; at + 12 <= b.len;) {
    u64 len = load_be32(b.ptr + at);
    for (u32 i = 0; i < sizeof names - 1; i += 4)
      if (!memcmp(b.ptr + at + 4, names + i, 4) && len > CONTENT_PACKED_MAX)
        return true;
    if (len > b.len - at - 12) return false;
    at += 12 + len;
  }
  return false;
}

/* NULL, or why this picture is not taken. */
static const char *content_bomb(slice b, const char *type) {
  u64 wide = 0, high = 0;
  if (!strcmp(type, "image/png")) {
    if (content_png_packed(b)) return "a PNG with more than a picture in it";
    if (b.len >= 24 && !memcmp(b.ptr + 12, "IHDR", 4)) {
      wide = load_be32(b.ptr + 16);
      high = load_be32(b.ptr + 20);
    }
  } else if (!strcmp(type, "image/gif") && b.len >= 10) {
    wide = content_u16(b.ptr + 6, true);
    high = content_u16(b.ptr + 8, true);
  } else if (!strcmp(type, "image/jpeg")) {
    content_jpeg_size(b, &wide, &high);
  } else if (!strcmp(type, "image/webp")) {
    content_webp_size(b, &wide, &high);
  }
  return wide * high > CONTENT_POINTS_MAX
             ? "a picture of more than 2^25 points: make it smaller" : NULL;
}

const char *proj_content_type(slice b, struct errmsg *why) {
  static const struct {
    const char *magic, *type;
    u8 len, at;
  } row[] = {
    {"\xff\xd8\xff", "image/jpeg", 3, 0},
    {"\x89PNG\r\n\x1a\n", "image/png", 8, 0},
    {"WEBPVP8", "image/webp", 7, 8},
    {"GIF87a", "image/gif", 6, 0}, {"GIF89a", "image/gif", 6, 0},
    {"%PDF-", "application/pdf", 5, 0}};
  if (!b.len) return err_say(why, ERR_INPUT, "no bytes"), NULL;
  if (b.len > PROJ_BLOB_MAX)
    return err_say(why, ERR_INPUT, "%zu bytes: at most %u", b.len,
                   PROJ_BLOB_MAX), NULL;
  for (u32 i = 0; i < ARRAY_LEN(row); i++)
    if (content_begins(b, row[i].magic, row[i].len, row[i].at)) {
      if (row[i].at && !content_begins(b, "RIFF", 4, 0)) continue;
      const char *bomb = content_bomb(b, row[i].type);
      if (bomb) return err_say(why, ERR_INPUT, "%s", bomb), NULL;
      return row[i].type;
    }
  if (content_is_markup(b))
    return err_say(why, ERR_INPUT, "SVG, HTML and XML are not taken"), NULL;
  if (b.ptr[0] != '{' && b.ptr[0] != '[') return "application/octet-stream";
  if (b.len <= PROJ_DOC_MAX) {
    return proj_json_canonical(b, why) ? "application/json" : NULL;
  }
  /* Bytes that are sealed may begin with anything. */
  for (size_t i = 0; i < b.len; i++)
    if (b.ptr[i] < 0x09 || b.ptr[i] >= 0x80) return "application/octet-stream";
  return err_say(why, ERR_INPUT, "a document of %zu bytes: at most %u", b.len,
                 PROJ_DOC_MAX), NULL;
}

/*------------------------------------------------------------------- texts */
static void content_text(struct buf *out, const json_t *v) {
  if (out->len >= CONTENT_TEXT_MAX) return;
  if (out->len) buf_put_str(out, " ");
  if (json_is_string(v)) {
    size_t len = json_string_length(v);
    if (len > CONTENT_TEXT_MAX - out->len) return;
    buf_put(out, json_string_value(v), len);
  }
}
/* The first of the names that the document has. */
static void content_field(struct buf *out, const json_t *doc,
                          const char *names) {
  char name[32];
  buf_clear(out);
  while (*names) {
    size_t n = strcspn(names, " ");
    snprintf(name, sizeof name, "%.*s", (int)n, names);
    names += names[n] ? n + 1 : n;
    const json_t *v = json_object_get(doc, name), *item;
    if (!v) continue;
    content_text(out, v);
    for (size_t i = 0; json_is_array(v) && i < json_array_size(v); i++) {
      item = json_array_get(v, i);
      if (json_is_object(item)) {
        const json_t *label = json_object_get(item, "name");
        item = label ? label : json_object_get(item, "title");
      }
      if (item) content_text(out, item);
    }
    return;
  }
}

/* The document's texts go to the row, if it is still that row's document. */
static err content_index(struct proj *p, u32 fts, i64 row, const hash32 *hash,
                         const json_t *doc) {
  struct buf text[PROJ_FTS_TEXTS];
  struct store_val v[2 + PROJ_FTS_TEXTS] = {store_num((u64)row),
                                            store_blob(hash32_slice(hash))};
  u32 cnt = 0;
  for (; cnt < PROJ_FTS_TEXTS && PROJ_FTS_TEXT[fts].field[cnt]; cnt++) {
    buf_init(&text[cnt], 0);
    content_field(&text[cnt], doc, PROJ_FTS_TEXT[fts].field[cnt]);
    v[2 + cnt] = store_text(buf_slice(&text[cnt]));
  }
  err e = proj_fts_run(p, fts, p->fts[fts].put, v, 2 + cnt, row);
  if (!e) e = store_table_run(p->s, p->fts[fts].title, v, 3);
  for (u32 i = 0; i < cnt; i++) buf_fini(&text[i]);
  return e;
}

/*------------------------------------------------------------ who names it */
static err content_ref_put(struct proj *p, const hash32 *hash, u32 module,
                           u32 kind, i64 id, u64 height) {
  struct store_val v[] = {store_blob(hash32_slice(hash)), store_num(module),
                          store_num(kind), store_num((u64)id),
                          store_num(height)};
  TRY(proj_run(p, PROJ_ST_proj_ref_put, v, 5));
  return proj_run(p, PROJ_ST_content_hold, v, 1);
}

/* Hashes in the texts of a kept document. */
static err content_names(struct proj *p, const json_t *v, u32 *cnt) {
  const char *key;
  json_t *item;
  size_t i;
  hash32 hash;
  if (*cnt >= CONTENT_NAMES_MAX) return ERR_OK;
  if (json_is_string(v) && json_string_length(v) == 66 &&
      hex_fixed(hash.b, 32, slice_str(json_string_value(v))) == ERR_OK) {
    (*cnt)++;
    return content_ref_put(p, &hash, CONTENT_MODULE_DOC, CONTENT_KIND_NAMED, 0,
                           0);
  }
  if (json_is_array(v))
    json_array_foreach((json_t *)v, i, item) TRY(content_names(p, item, cnt));
  if (json_is_object(v))
    json_object_foreach((json_t *)v, key, item)
      TRY(content_names(p, item, cnt));
  return ERR_OK;
}

struct content_row {
  struct arena *a;
  bool found, is_json;
  slice bytes;
};
static err content_row_cb(void *ctx, const struct store_val *v, u32 cnt) {
  struct content_row *row = ctx;
  MUST(cnt == 4);
  row->found = true;
  row->is_json = slice_eq(v[0].bytes, slice_str("application/json"));
  if (row->is_json) row->bytes = arena_copy_slice(row->a, v[3].bytes);
  return row->is_json && !row->bytes.ptr ? ERR_LIMIT : ERR_OK;
}

err proj_ref(struct proj *p, const struct proj_event_data *d, u32 module,
             const hash32 *hash, u32 fts, i64 row) {
  struct content_row c = {.a = &p->a};
  struct store_val v = store_blob(hash32_slice(hash)), id = store_num((u64)row);
  static const hash32 none;
  u32 kind = fts < PROJ_FTS_CNT ? 1 + fts : CONTENT_KIND_NAMED;
  u32 names = 0;
  bool empty = hash32_eq(hash, &none);
  if (!empty)
    TRY(content_ref_put(p, hash, module, kind, kind ? row : 0, d->b->height));
  if (!kind && empty) return ERR_OK;
  struct arena_mark mark = arena_mark(&p->a);
  err e = empty ? ERR_OK
                : proj_rows(p, PROJ_ST_content_get, &v, 1, content_row_cb, &c);
  json_t *doc = !e && c.is_json ? json_read(c.bytes, NULL) : NULL;
  if (!e && doc) e = content_names(p, doc, &names);
  if (!e && kind)
    e = doc ? content_index(p, fts, row, hash, doc)
            : proj_fts_run(p, fts, p->fts[fts].clear, &id, 1, row);
  if (!e && kind && !doc) {
    struct store_val gone[] = {id, v, {STORE_NULL, 0, {0}}};
    e = store_table_run(p->s, p->fts[fts].title, gone, 3);
  }
  json_decref(doc);
  arena_reset(&p->a, mark);
  return e;
}

/*--------------------------------------------------------------- taking in */
struct content_refs {
  struct { u32 fts; i64 row; } item[256];
  u32 cnt;
};
static err content_refs_cb(void *ctx, const struct store_val *v, u32 cnt) {
  struct content_refs *l = ctx;
  MUST(cnt == 2);
  if (l->cnt < ARRAY_LEN(l->item) && v[0].num >= 1 &&
      v[0].num <= PROJ_FTS_CNT) {
    l->item[l->cnt].fts = (u32)v[0].num - 1;
    l->item[l->cnt++].row = v[1].num;
  }
  return ERR_OK;
}
static err content_any_cb(void *ctx, const struct store_val *v, u32 cnt) {
  (void)v, (void)cnt;
  *(bool *)ctx = true;
  return ERR_OK;
}
struct content_sum {
  i64 cnt, bytes;
};
static err content_sum_cb(void *ctx, const struct store_val *v, u32 cnt) {
  MUST(cnt == 2);
  *(struct content_sum *)ctx = (struct content_sum){v[0].num, v[1].num};
  return ERR_OK;
}

/* Room for what is only held.  Counting reads all of it, so it is done at the
** start and when it seems too much; in between only what comes is added. */
static err content_room(struct proj *p, size_t len, struct errmsg *msg) {
  struct content_sum sum;
  if (!p->held_counted || p->held + len > PROJ_HOLD_BYTES) {
    TRY(proj_rows(p, PROJ_ST_content_waiting, NULL, 0, content_sum_cb, &sum));
    p->held = (u64)sum.bytes;
    p->held_counted = true;
  }
  if (p->held + len > PROJ_HOLD_BYTES)
    return err_say(msg, ERR_LIMIT, "%llu bytes wait for their transactions "
                   "already: send yours first, or try again later",
                   (unsigned long long)p->held);
  p->held += len;
  return ERR_OK;
}

static err content_put_tx(struct proj *p, struct proj_content *c, slice bytes,
                          u64 now_s, struct errmsg *msg) {
  struct store_val key = store_blob(hash32_slice(&c->hash)), now;
  struct content_refs *refs = arena_alloc(&p->a, sizeof *refs);
  bool named = false;
  u32 names = 0;
  if (!refs) return ERR_LIMIT;
  memset(refs, 0, sizeof *refs);
  now = store_num(now_s);
  TRY(proj_run(p, PROJ_ST_content_clean, &now, 1));
  TRY(proj_rows(p, PROJ_ST_proj_ref_any, &key, 1, content_any_cb, &named));
  if (!named) TRY(content_room(p, bytes.len, msg));
  c->until = named ? 0 : now_s + PROJ_HOLD_S;
  struct store_val v[] = {
      key, store_text(slice_str(c->type)), store_num(bytes.len), now,
      named ? (struct store_val){STORE_NULL, 0, {0}} : store_num(c->until),
      store_blob(bytes)};
  TRY(proj_run(p, PROJ_ST_content_put, v, 6));
  if (!named || strcmp(c->type, "application/json") != 0) return ERR_OK;
  TRY(proj_rows(p, PROJ_ST_proj_ref_list, &key, 1, content_refs_cb, refs));
  json_t *doc = json_read(bytes, NULL);
  err e = doc ? content_names(p, doc, &names) : ERR_OK;
  for (u32 i = 0; i < refs->cnt && doc && !e; i++)
    e = content_index(p, refs->item[i].fts, refs->item[i].row, &c->hash, doc);
  json_decref(doc);
  return e;
}

err proj_content_put(struct proj *p, struct proj_content *out, slice bytes,
                     u64 now_s, struct errmsg *msg) {
  memset(out, 0, sizeof *out);
  const char *type = proj_content_type(bytes, msg);
  if (!type) return ERR_INPUT;
  snprintf(out->type, sizeof out->type, "%s", type);
  out->size = bytes.len;
  crypto_keccak256(&out->hash, bytes.ptr, bytes.len);
  struct arena_mark mark = arena_mark(&p->a);
  err e = store_table_begin(p->s);
  if (!e) e = store_table_end(p->s, content_put_tx(p, out, bytes, now_s, msg));
  arena_reset(&p->a, mark);
  return e;
}

/*----------------------------------------------------------------- giving */
struct content_give {
  struct proj_content *c;
  struct arena *a;
  bool found;
};
static err content_give_cb(void *ctx, const struct store_val *v, u32 cnt) {
  struct content_give *g = ctx;
  MUST(cnt >= 3);
  g->found = true;
  snprintf(g->c->type, sizeof g->c->type, "%.*s", (int)v[0].bytes.len,
           (const char *)v[0].bytes.ptr);
  g->c->size = (u64)v[1].num;
  g->c->until = v[2].kind == STORE_NUM ? (u64)v[2].num : 0;
  if (cnt < 4) return ERR_OK;
  g->c->bytes = arena_copy_slice(g->a, v[3].bytes);
  return v[3].bytes.len && !g->c->bytes.ptr ? ERR_LIMIT : ERR_OK;
}

err proj_content_get(struct store_reader *r, struct proj_content *out,
                     const hash32 *hash, struct arena *a) {
  struct content_give g = {out, a, false};
  struct store_val v = store_blob(hash32_slice(hash));
  hash32 is;
  memset(out, 0, sizeof *out);
  out->hash = *hash;
  TRY(proj_named(r, a ? "content_get" : "content_stat", &v, 1, content_give_cb,
                 &g));
  if (!g.found) {
    out->bytes = shop_court_document(hash);
    out->size = out->bytes.len;
    snprintf(out->type, sizeof out->type, "application/json");
    return out->size ? ERR_OK : ERR_NOT_FOUND;
  }
  if (!a) return ERR_OK;
  /* Bytes of a damaged file are not given. */
  crypto_keccak256(&is, out->bytes.ptr, out->bytes.len);
  return hash32_eq(&is, hash) ? ERR_OK : ERR_CORRUPT;
}

bool proj_content_known(struct store_reader *r, const hash32 *hash) {
  struct store_val v = store_blob(hash32_slice(hash));
  bool any = false;
  err e = proj_named(r, "proj_ref_any", &v, 1, content_any_cb, &any);
  return !e && any;
}
#undef CONTENT_KIND_NAMED
#undef CONTENT_NAMES_MAX
#undef CONTENT_TEXT_MAX
#undef CONTENT_MODULE_DOC
#undef CONTENT_POINTS_MAX
#undef CONTENT_PACKED_MAX
