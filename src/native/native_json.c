/* native_json.c - native function 0x..1100, JSON: one value out of a text.
**
** The whole text is read strictly first (RFC 8259): UTF-8 without byte order
** mark, no lone surrogates, no duplicate keys (compared with their escapes
** resolved), depth at most 32, nothing behind the value; JsonSyntax tells the
** byte at which it cannot go on.  Then the path is followed.
**
** Paths: "" is the whole; "a.b[3]" goes by names and places; a path that
** begins with '/' is a JSON pointer (RFC 6901).  A path that is neither is
** BadCalldata(2); one that leads nowhere JsonMissing, but typeOf says 0.
** Types: 1 null, 2 bool, 3 number, 4 string, 5 array, 6 object; JsonType tells
** what was found instead.
** getInt takes numbers without fraction and exponent; getDec gives
** floor(number * 10^decimals), exactly whatever the number's length; outside
** int256 both are Overflow.  length counts elements, members, or a string's
** bytes.  getRaw is the value's text as it stands.
**
** Keys of an object are sorted to find equal ones, so that no choice of keys
** makes that slow: n log n comparisons, whose bytes are at most the text's in
** each of the log n rounds.
** Price: 400, 3 a byte of call data, 2 a byte of path.  Limit: 64 KiB. */
#include "native/native.h"

#define ID(what, name) njson_##what##_##name
#include "module/pass_struct.inc"
#include "native/json.def"
#include "module/pass_param.inc"
#include "native/json.def"
static const struct module_row njson_rows[] = {
#include "module/pass_row.inc"
#include "native/json.def"
};
#include "module/pass_end.inc"

enum { NJSON_NUMBER = 0x1100, NJSON_DEPTH = 32 };
enum njson_kind {
  NJSON_NONE, NJSON_NULL, NJSON_BOOL, NJSON_NUM, NJSON_STR, NJSON_ARR,
  NJSON_OBJ
};

const struct module_def native_json = {
  .name = "JsonFunction", .text = "JSON, as a function",
  .number = NJSON_NUMBER, .row = njson_rows, .row_cnt = ARRAY_LEN(njson_rows),
  .is_function = true, .byte_gas = 3};

struct njson_key {
  u64 head;           /* its first eight bytes, as a number */
  slice text;         /* escapes resolved */
  u32 pos;
};
struct njson {
  const u8 *p;
  u32 len, at, depth;
  struct arena *a;
  struct njson_key *key, *spare; /* of the objects that are open */
  u32 key_cnt, bad;
  u8 *room;           /* where escapes are resolved: as long as the text */
  u32 room_at;
};

/*---------------------------------------------------------------- reading */

static u8 njson_peek(const struct njson *j) {
  return j->at < j->len ? j->p[j->at] : 0;
}
static void njson_blank(struct njson *j) {
  while (j->at < j->len && (j->p[j->at] == ' ' || j->p[j->at] == '\n' ||
                            j->p[j->at] == '\r' || j->p[j->at] == '\t'))
    j->at++;
}
static bool njson_word(struct njson *j, const char *word) {
  for (; *word; word++, j->at++)
    if (njson_peek(j) != (u8)*word) return false;
  return true;
}

static bool njson_hex4(struct njson *j, u32 *v) {
  *v = 0;
  for (int i = 0; i < 4; i++, j->at++) {
    u8 c = njson_peek(j), low = c | 32;
    if (c >= '0' && c <= '9') *v = *v * 16 + c - '0';
    else if (low >= 'a' && low <= 'f') *v = *v * 16 + low - 'a' + 10;
    else return false;
  }
  return true;
}
static u8 *njson_put_char(u8 *to, u32 c) {
  if (c < 0x80) {
    *to++ = (u8)c;
    return to;
  }
  if (c < 0x800) {
    *to++ = (u8)(0xc0 | c >> 6);
  } else {
    if (c < 0x10000) {
      *to++ = (u8)(0xe0 | c >> 12);
    } else {
      *to++ = (u8)(0xf0 | c >> 18);
      *to++ = (u8)(0x80 | (c >> 12 & 63));
    }
    *to++ = (u8)(0x80 | (c >> 6 & 63));
  }
  *to++ = (u8)(0x80 | (c & 63));
  return to;
}
/* Behind the backslash. */
static bool njson_escape(struct njson *j, u32 *c) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  u32 low;
  u8 e = njson_peek(j);
  if (e != 'u') {
    const char *at = e ? strchr(from, e) : NULL;
    if (!at) return false;
    *c = (u8)to[at - from];
    j->at++;
    return true;
  }
  j->at++;
  if (!njson_hex4(j, c) || (*c >= 0xdc00 && *c < 0xe000)) return false;
  if (*c < 0xd800 || *c >= 0xe000) return true;
  if (!njson_word(j, "\\u") || !njson_hex4(j, &low) || low < 0xdc00 ||
      low >= 0xe000)
    return false;
  *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
  return true;
}

/* From the opening quote to behind the closing one.  out, when given: its
** text, escapes resolved. */
static bool njson_string(struct njson *j, slice *out) {
  u32 start = ++j->at;
  u8 *text = NULL, *to = NULL;
  for (;;) {
    u8 c = njson_peek(j);
    if (j->at >= j->len || c < 0x20) return false;
    if (c == '"') break;
    if (c == '\\') {
      u32 v;
      if (out && !text) {
        text = j->room + j->room_at;
        memcpy(text, j->p + start, j->at - start);
        to = text + (j->at - start);
      }
      j->at++;
      if (!njson_escape(j, &v)) return false;
      if (text) to = njson_put_char(to, v);
      continue;
    }
    u32 n = module_utf8_char(j->p + j->at, j->len - j->at);
    if (n == 0) return false;
    for (u32 i = 0; text && i < n; i++) *to++ = j->p[j->at + i];
    j->at += n;
  }
  if (out)
    *out = text ? slice_of(text, (size_t)(to - text))
                : slice_of(j->p + start, j->at - start);
  if (text) j->room_at += (u32)(to - text);
  j->at++;
  return true;
}

static bool njson_digits(struct njson *j) {
  u32 start = j->at;
  while (njson_peek(j) >= '0' && njson_peek(j) <= '9') j->at++;
  return j->at > start;
}
static bool njson_number(struct njson *j) {
  if (njson_peek(j) == '-') j->at++;
  if (njson_peek(j) == '0') j->at++;
  else if (!njson_digits(j)) return false;
  if (njson_peek(j) == '.') {
    j->at++;
    if (!njson_digits(j)) return false;
  }
  if ((njson_peek(j) | 32) == 'e') {
    j->at++;
    if (njson_peek(j) == '+' || njson_peek(j) == '-') j->at++;
    if (!njson_digits(j)) return false;
  }
  return true;
}

/*---------------------------------------------------------------- keys */

static int njson_compare(const struct njson_key *a, const struct njson_key *b) {
  if (a->head != b->head) return a->head < b->head ? -1 : 1;
  size_t n = a->text.len < b->text.len ? a->text.len : b->text.len;
  int c = n > 8 ? memcmp(a->text.ptr + 8, b->text.ptr + 8, n - 8) : 0;
  return c ? c : a->text.len < b->text.len ? -1 : a->text.len > b->text.len;
}
/* Sorts by merging, from the bottom; stable. */
static void njson_sort(struct njson_key *key, struct njson_key *spare,
                       u32 cnt) {
  struct njson_key *from = key, *to = spare, *swap;
  for (u32 width = 1; width < cnt; width *= 2) {
    for (u32 i = 0; i < cnt; i += 2 * width) {
      u32 a = i, mid = i + width < cnt ? i + width : cnt, b = mid;
      u32 end = i + 2 * width < cnt ? i + 2 * width : cnt;
      for (u32 k = i; k < end; k++)
        to[k] = b >= end || (a < mid && njson_compare(&from[a], &from[b]) <= 0)
                    ? from[a++] : from[b++];
    }
    swap = from, from = to, to = swap;
  }
  if (from != key) memcpy(key, from, sizeof *key * cnt);
}
/* The object's keys, those from first on, are all different. */
static bool njson_close(struct njson *j, u32 first) {
  struct njson_key *key = j->key + first;
  u32 cnt = j->key_cnt - first;
  njson_sort(key, j->spare, cnt);
  for (u32 i = 1; i < cnt; i++)
    if (njson_compare(&key[i - 1], &key[i]) == 0) {
      j->bad = key[i].pos;
      return false;
    }
  j->key_cnt = first;
  return true;
}
static bool njson_take_key(struct njson *j) {
  struct njson_key *k = &j->key[j->key_cnt++];
  u8 head[8] = {0};
  k->pos = j->at;
  if (njson_peek(j) != '"' || !njson_string(j, &k->text)) return false;
  if (k->text.len)
    memcpy(head, k->text.ptr, k->text.len < 8 ? k->text.len : 8);
  k->head = load_be64(head);
  njson_blank(j);
  return njson_word(j, ":");
}

static bool njson_value(struct njson *j);

static bool njson_many(struct njson *j, bool object) {
  u8 end = object ? '}' : ']';
  u32 first = j->key_cnt;
  if (j->depth == NJSON_DEPTH) return false;
  j->at++;
  j->depth++;
  njson_blank(j);
  bool empty = njson_peek(j) == end;
  while (!empty) {
    njson_blank(j);
    if ((object && !njson_take_key(j)) || !njson_value(j)) return false;
    njson_blank(j);
    if (njson_peek(j) == end) break;
    if (!njson_word(j, ",")) return false;
  }
  j->at++;
  j->depth--;
  return !object || njson_close(j, first);
}

/* A value behind blanks.  Recursion ends at the depth's limit. */
static bool njson_value(struct njson *j) {
  njson_blank(j);
  switch (njson_peek(j)) {
    case '{': return njson_many(j, true);
    case '[': return njson_many(j, false);
    case '"': return njson_string(j, NULL);
    case 't': return njson_word(j, "true");
    case 'f': return njson_word(j, "false");
    case 'n': return njson_word(j, "null");
    default: return njson_number(j);
  }
}

static bool njson_text(struct njson *j) {
  u32 most = j->len / 4 + 1; /* a member takes four bytes and more */
  j->key = arena_alloc_raw(j->a, sizeof *j->key * most);
  j->spare = arena_alloc_raw(j->a, sizeof *j->key * most);
  j->room = arena_alloc_raw(j->a, j->len + 1);
  j->bad = UINT32_MAX;
  if (!njson_value(j)) return false;
  njson_blank(j);
  return j->at == j->len;
}

/*--------------------------------------------------------------- following
** In a text that was read: every step is certain to find what the grammar
** says. */

static enum njson_kind njson_kind(const struct njson *j) {
  switch (njson_peek(j)) {
    case '{': return NJSON_OBJ;
    case '[': return NJSON_ARR;
    case '"': return NJSON_STR;
    case 't': case 'f': return NJSON_BOOL;
    case 'n': return NJSON_NULL;
    default: return NJSON_NUM;
  }
}
static void njson_skip_string(struct njson *j) {
  for (j->at++; j->p[j->at] != '"'; j->at++)
    if (j->p[j->at] == '\\') j->at++;
  j->at++;
}
/* From a value's first byte to behind it. */
static void njson_skip(struct njson *j) {
  u32 depth = 0;
  do {
    u8 c = j->p[j->at];
    if (c == '"') {
      njson_skip_string(j);
      continue;
    }
    if (c == '{' || c == '[') depth++;
    if (c == '}' || c == ']') depth--;
    j->at++;
    /* A number or word goes on to what cannot be in one. */
    if (depth == 0 && c != '}' && c != ']')
      while (j->at < j->len && !strchr(" \t\r\n,]}", j->p[j->at])) j->at++;
  } while (depth);
}
/* Steps into an array or object, to the first entry, and to the next; false
** behind the last.  key: of an object's entry. */
static bool njson_entry(struct njson *j, bool first, bool object, slice *key) {
  njson_blank(j);
  if (first) j->at++, njson_blank(j);
  if (j->p[j->at] == ']' || j->p[j->at] == '}') return false;
  if (!first) j->at++, njson_blank(j); /* the comma */
  if (object) {
    j->room_at = 0;
    MUST(njson_string(j, key));
    njson_blank(j);
    j->at++;
    njson_blank(j);
  }
  return true;
}

struct njson_step {
  slice name;
  u32 index;
  bool by_name, by_index;
};
static bool njson_go(struct njson *j, const struct njson_step *s) {
  enum njson_kind kind = njson_kind(j);
  slice key = {0};
  bool first = true;
  if (!(kind == NJSON_OBJ && s->by_name) && !(kind == NJSON_ARR && s->by_index))
    return false;
  for (u32 i = 0; njson_entry(j, first, kind == NJSON_OBJ, &key); i++) {
    if (kind == NJSON_OBJ ? slice_eq(key, s->name) : i == s->index) return true;
    njson_skip(j);
    first = false;
  }
  return false;
}

/* Digits without leading zeros; a number that no text reaches saturates. */
static bool njson_index(struct njson_step *s, slice text) {
  u64 v = 0;
  if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0')) return false;
  for (size_t i = 0; i < text.len; i++) {
    if (text.ptr[i] < '0' || text.ptr[i] > '9') return false;
    if (v < UINT32_MAX) v = v * 10 + text.ptr[i] - '0';
  }
  s->index = v < UINT32_MAX ? (u32)v : UINT32_MAX;
  return true;
}
static slice njson_until(slice *path, const char *stop) {
  slice s = slice_of(path->ptr, 0);
  while (path->len && !(path->ptr[0] && strchr(stop, path->ptr[0])))
    path->ptr++, path->len--, s.len++;
  return s;
}
/* "/name": ~0 is ~ and ~1 is /; a number is a name and a place. */
static bool njson_step_pointer(struct njson_step *s, struct arena *a,
                               slice *path) {
  path->ptr++, path->len--;
  slice raw = njson_until(path, "/");
  u8 *name = arena_alloc_raw(a, raw.len + 1), *to = name;
  for (size_t i = 0; i < raw.len; i++) {
    u8 c = raw.ptr[i];
    if (c == '~') {
      if (++i == raw.len || (raw.ptr[i] | 1) != '1') return false;
      c = raw.ptr[i] == '0' ? '~' : '/';
    }
    *to++ = c;
  }
  s->name = slice_of(name, (size_t)(to - name));
  s->by_name = true;
  s->by_index = njson_index(s, raw);
  return true;
}
static bool njson_step_plain(struct njson_step *s, slice *path, bool first) {
  if (path->ptr[0] == '[') {
    path->ptr++, path->len--;
    slice digits = njson_until(path, "]");
    if (path->len == 0 || !njson_index(s, digits)) return false;
    path->ptr++, path->len--;
    s->by_index = true;
    return true;
  }
  if (!first && path->ptr[0] != '.') return false;
  if (!first) path->ptr++, path->len--;
  s->name = njson_until(path, ".[]");
  s->by_name = true;
  return s->name.len > 0 && (path->len == 0 || path->ptr[0] != ']');
}

/* Leaves j at the value, or sets *found to false; false: no path. */
static bool njson_follow(struct njson *j, slice path, bool *found) {
  bool pointer = path.len && path.ptr[0] == '/', first = true;
  *found = true;
  if (!module_utf8(path)) return false;
  j->at = 0;
  njson_blank(j);
  for (; path.len; first = false) {
    struct njson_step s = {0};
    if (pointer ? !njson_step_pointer(&s, j->a, &path)
                : !njson_step_plain(&s, &path, first))
      return false;
    if (*found && !njson_go(j, &s)) *found = false;
  }
  return true;
}

/* What every method begins with: the text is read, the path followed.
** NJSON_NONE and DONE: nothing is there. */
static enum module_end njson_open(struct module_call *c, struct njson *j,
                                  enum njson_kind *kind, slice json,
                                  slice path) {
  bool found;
  if (json.len > NATIVE_TEXT_MAX)
    return MODULE_FAIL_COMMON(c, too_many, .what = {"json"},
                              .max = u256_from(NATIVE_TEXT_MAX));
  if (!evm_native_charge(c->n, 2 * (u64)path.len)) return MODULE_REVERTED;
  *j = (struct njson){.p = json.ptr, .len = (u32)json.len, .a = c->a};
  if (!njson_text(j))
    return MODULE_FAIL(c, syntax, .pos = j->bad < j->at ? j->bad : j->at);
  if (!njson_follow(j, path, &found))
    return MODULE_FAIL_COMMON(c, bad_calldata, .argument = 2);
  *kind = found ? njson_kind(j) : NJSON_NONE;
  return MODULE_DONE;
}
static enum module_end njson_find(struct module_call *c, struct njson *j,
                                  enum njson_kind *kind, slice json,
                                  slice path) {
  if (njson_open(c, j, kind, json, path) != MODULE_DONE) return MODULE_REVERTED;
  return *kind == NJSON_NONE ? MODULE_FAIL(c, missing) : MODULE_DONE;
}
static enum module_end njson_find_as(struct module_call *c, struct njson *j,
                                     enum njson_kind want, slice json,
                                     slice path) {
  enum njson_kind kind;
  if (njson_find(c, j, &kind, json, path) != MODULE_DONE)
    return MODULE_REVERTED;
  return kind == want ? MODULE_DONE : MODULE_FAIL(c, type, .found = (u8)kind);
}

/*---------------------------------------------------------------- numbers */

/* A number's parts; text is all its digits, the point left out. */
struct njson_decimal {
  bool minus, plain;  /* plain: no fraction, no exponent */
  const u8 *digit;
  u32 digit_cnt;      /* without leading zeros */
  i64 point;          /* how many of them stand before the point */
};
enum { NJSON_EXP_MAX = 1000000 }; /* beyond any text's number of digits */

static void njson_decimal(struct njson *j, struct njson_decimal *d) {
  u8 *to = arena_alloc_raw(j->a, j->len + 1);
  i64 e = 0, whole = 0;
  bool behind = false, small;
  *d = (struct njson_decimal){.plain = true, .digit = to};
  if (j->p[j->at] == '-') d->minus = true, j->at++;
  for (;; j->at++) {
    u8 c = njson_peek(j);
    if (c == '.') {
      behind = true;
      d->plain = false;
    } else if (c >= '0' && c <= '9') {
      if (d->digit_cnt || c != '0') to[d->digit_cnt++] = c;
      else whole--; /* a leading zero */
      if (!behind) whole++;
    } else {
      break;
    }
  }
  /* Leading zeros before the point count for nothing, those behind it move
  ** the first digit away from it. */
  d->point = whole;
  if ((njson_peek(j) | 32) != 'e') return;
  d->plain = false;
  j->at++;
  small = njson_peek(j) == '-';
  if (small || njson_peek(j) == '+') j->at++;
  for (; njson_peek(j) >= '0' && njson_peek(j) <= '9'; j->at++)
    if (e < NJSON_EXP_MAX) e = e * 10 + njson_peek(j) - '0';
  d->point += small ? -e : e;
}
/* floor(d * 10^decimals); false: outside int256. */
static bool njson_scaled(u256 *out, const struct njson_decimal *d,
                         u32 decimals) {
  u256 ten = u256_from(10), v = U256_ZERO, one = u256_from(1);
  i64 cnt = d->digit_cnt ? d->point + decimals : 0;
  bool rest = d->digit_cnt > (cnt > 0 ? (u64)cnt : 0);
  if (cnt > 77) return false; /* the first digit is not 0 */
  for (i64 i = 0; i < cnt; i++) {
    u256 digit = u256_from(i < d->digit_cnt ? d->digit[i] - '0' : 0);
    if (u256_mul_over(&v, &v, &ten) || u256_add(&v, &v, &digit)) return false;
  }
  for (u32 i = cnt > 0 ? (u32)cnt : 0; rest && d->digit[i] == '0';)
    if (++i == d->digit_cnt) rest = false;
  if (d->minus && rest && u256_add(&v, &v, &one)) return false;
  u256 edge = {{0, 0, 0, 1ull << 63}};
  if (d->minus ? u256_lt(&edge, &v) : !u256_lt(&v, &edge)) return false;
  u256 zero = U256_ZERO;
  if (d->minus) u256_sub(out, &zero, &v);
  else *out = v;
  return true;
}

/*---------------------------------------------------------------- methods */

static enum module_end njson_do_type_of(struct module_call *c,
                                        const struct njson_in_type_of *in,
                                        struct njson_out_type_of *out) {
  struct njson j;
  enum njson_kind kind;
  if (njson_open(c, &j, &kind, in->json, in->path) != MODULE_DONE)
    return MODULE_REVERTED;
  out->kind = (u8)kind;
  return MODULE_DONE;
}

static enum module_end njson_do_get_string(struct module_call *c,
                                           const struct njson_in_get_string *in,
                                           struct njson_out_get_string *out) {
  struct njson j;
  if (njson_find_as(c, &j, NJSON_STR, in->json, in->path) != MODULE_DONE)
    return MODULE_REVERTED;
  j.room_at = 0;
  MUST(njson_string(&j, &out->value));
  return MODULE_DONE;
}

static enum module_end njson_number_of(struct module_call *c, u256 *out,
                                       slice json, slice path, u32 decimals,
                                       bool plain) {
  struct njson j;
  struct njson_decimal d;
  if (njson_find_as(c, &j, NJSON_NUM, json, path) != MODULE_DONE)
    return MODULE_REVERTED;
  njson_decimal(&j, &d);
  if (plain && !d.plain) return MODULE_FAIL(c, type, .found = NJSON_NUM);
  if (!njson_scaled(out, &d, decimals)) return MODULE_FAIL_COMMON(c, overflow);
  return MODULE_DONE;
}
static enum module_end njson_do_get_int(struct module_call *c,
                                        const struct njson_in_get_int *in,
                                        struct njson_out_get_int *out) {
  return njson_number_of(c, &out->value, in->json, in->path, 0, true);
}
static enum module_end njson_do_get_dec(struct module_call *c,
                                        const struct njson_in_get_dec *in,
                                        struct njson_out_get_dec *out) {
  return njson_number_of(c, &out->value, in->json, in->path, in->decimals,
                         false);
}

static enum module_end njson_do_get_bool(struct module_call *c,
                                         const struct njson_in_get_bool *in,
                                         struct njson_out_get_bool *out) {
  struct njson j;
  if (njson_find_as(c, &j, NJSON_BOOL, in->json, in->path) != MODULE_DONE)
    return MODULE_REVERTED;
  out->value = njson_peek(&j) == 't';
  return MODULE_DONE;
}

static enum module_end njson_do_get_raw(struct module_call *c,
                                        const struct njson_in_get_raw *in,
                                        struct njson_out_get_raw *out) {
  struct njson j;
  enum njson_kind kind;
  if (njson_find(c, &j, &kind, in->json, in->path) != MODULE_DONE)
    return MODULE_REVERTED;
  u32 start = j.at;
  njson_skip(&j);
  out->value = slice_of(j.p + start, j.at - start);
  return MODULE_DONE;
}

static enum module_end njson_do_length(struct module_call *c,
                                       const struct njson_in_length *in,
                                       struct njson_out_length *out) {
  struct njson j;
  enum njson_kind kind;
  slice text = {0};
  u64 cnt = 0;
  if (njson_find(c, &j, &kind, in->json, in->path) != MODULE_DONE)
    return MODULE_REVERTED;
  if (kind == NJSON_STR) {
    j.room_at = 0;
    MUST(njson_string(&j, &text));
    cnt = text.len;
  } else if (kind == NJSON_ARR || kind == NJSON_OBJ) {
    while (njson_entry(&j, cnt == 0, kind == NJSON_OBJ, &text))
      njson_skip(&j), cnt++;
  } else {
    return MODULE_FAIL(c, type, .found = (u8)kind);
  }
  out->count = u256_from(cnt);
  return MODULE_DONE;
}

static enum module_end njson_do_key_at(struct module_call *c,
                                       const struct njson_in_key_at *in,
                                       struct njson_out_key_at *out) {
  struct njson j;
  if (njson_find_as(c, &j, NJSON_OBJ, in->json, in->path) != MODULE_DONE)
    return MODULE_REVERTED;
  for (u64 i = 0; njson_entry(&j, i == 0, true, &out->key); i++) {
    if (u256_fits64(&in->i) && in->i.w[0] == i) return MODULE_DONE;
    njson_skip(&j);
  }
  return MODULE_FAIL(c, missing);
}
#undef ID
