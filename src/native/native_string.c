/* native_string.c - native function 0x..1101, String.
**
** Texts are UTF-8 (RFC 3629), else BadUtf8; positions are bytes.  slice
** refuses to cut a character (BadUtf8) and what is not within the text
** (Range).  reverse turns characters round, not bytes.  lower and upper change
** ASCII letters alone, trim takes ASCII blanks (9 to 13 and 32) off both ends.
** indexOf looks from start on (Range beyond the text) and gives -1 for none;
** split and replace find matches from the left that do not overlap, and want
** something to look for (Range).  split of an empty text is one empty part.
** toInt reads -?[0-9]+ within int256 (Range), fromInt has no leading zeros;
** toHex begins with 0x, fromHex takes both cases with 0x or without and an
** even number of digits (Range).  compare: by bytes, which is by characters'
** numbers.
**
** All texts given are together at most 64 KiB, what is given back too, with 64
** for each part of a list (TooLong).  Price: 150, 2 a byte of call data, 2 a
** byte of result; 4 a byte more where there is a search, which is linear
** (Knuth, Morris, Pratt). */
#include "native/native.h"

#define ID(what, name) nstr_##what##_##name
#include "module/pass_struct.inc"
#include "native/string.def"
#include "module/pass_param.inc"
#include "native/string.def"
static const struct module_row nstr_rows[] = {
#include "module/pass_row.inc"
#include "native/string.def"
};
#include "module/pass_end.inc"

enum { NSTR_NUMBER = 0x1101, NSTR_GAS_OUT = 2, NSTR_GAS_FIND = 4,
       NSTR_PART = 64, NSTR_DIGITS = 77 };

const struct module_def native_string = {
  .name = "StringFunction", .text = "String, as a function",
  .number = NSTR_NUMBER, .row = nstr_rows, .row_cnt = ARRAY_LEN(nstr_rows),
  .is_function = true, .byte_gas = 2};

/*------------------------------------------------------- what methods share */

static enum module_end nstr_check(struct module_call *c, slice a, slice b,
                                  slice d) {
  if (a.len + b.len + d.len > NATIVE_TEXT_MAX) return MODULE_FAIL(c, too_long);
  if (!module_utf8(a) || !module_utf8(b) || !module_utf8(d))
    return MODULE_FAIL(c, bad_utf8);
  return MODULE_DONE;
}
static enum module_end nstr_check_one(struct module_call *c, slice s) {
  return nstr_check(c, s, slice_of(NULL, 0), slice_of(NULL, 0));
}
static enum module_end nstr_check_list(struct module_call *c,
                                       const struct module_array *a,
                                       slice sep) {
  size_t len = sep.len;
  for (u32 i = 0; i < a->cnt; i++) {
    slice part = *MODULE_AT(slice, a, i);
    if ((len += part.len) > NATIVE_TEXT_MAX) return MODULE_FAIL(c, too_long);
    if (!module_utf8(part)) return MODULE_FAIL(c, bad_utf8);
  }
  return nstr_check_one(c, sep);
}
/* Pays for a result and makes room for it. */
static enum module_end nstr_pay(struct module_call *c, size_t len) {
  if (len > NATIVE_TEXT_MAX) return MODULE_FAIL(c, too_long);
  return evm_native_charge(c->n, NSTR_GAS_OUT * (u64)len) ? MODULE_DONE
                                                          : MODULE_REVERTED;
}
static enum module_end nstr_room(struct module_call *c, slice *out, u8 **to,
                                 size_t len) {
  if (nstr_pay(c, len) != MODULE_DONE) return MODULE_REVERTED;
  *to = arena_alloc_raw(c->a, len + 1);
  *out = slice_of(*to, len);
  return MODULE_DONE;
}
static void nstr_append(u8 **to, slice s) {
  if (s.len) memcpy(*to, s.ptr, s.len);
  *to += s.len;
}

/* Where the next match begins, from *at on. */
struct nstr_search {
  slice s, find;
  u32 *border;       /* of find's beginnings: the longest both ends */
  size_t at;
};
static enum module_end nstr_search(struct module_call *c,
                                   struct nstr_search *m, slice s,
                                   slice find) {
  u64 gas = NSTR_GAS_FIND * (u64)evm_native_msg(c->n)->input.len;
  if (!evm_native_charge(c->n, gas)) return MODULE_REVERTED;
  *m = (struct nstr_search){s, find, NULL, 0};
  m->border = arena_alloc_raw(c->a, sizeof(u32) * (find.len + 1));
  m->border[0] = 0;
  for (u32 i = 1, k = 0; i < find.len; i++) {
    while (k && find.ptr[i] != find.ptr[k]) k = m->border[k - 1];
    if (find.ptr[i] == find.ptr[k]) k++;
    m->border[i] = k;
  }
  return MODULE_DONE;
}
static bool nstr_next(struct nstr_search *m, size_t *found) {
  u32 k = 0;
  for (; m->at < m->s.len; m->at++) {
    while (k && m->s.ptr[m->at] != m->find.ptr[k]) k = m->border[k - 1];
    if (m->s.ptr[m->at] == m->find.ptr[k]) k++;
    if (k < m->find.len) continue;
    *found = ++m->at - m->find.len;
    return true;
  }
  return false;
}

/*----------------------------------------------------------- one text to one */

static enum module_end nstr_do_reverse(struct module_call *c,
                                       const struct nstr_in_reverse *in,
                                       struct nstr_out_reverse *out) {
  u8 *to;
  if (nstr_check_one(c, in->s) != MODULE_DONE ||
      nstr_room(c, &out->value, &to, in->s.len) != MODULE_DONE)
    return MODULE_REVERTED;
  to += in->s.len;
  for (size_t i = 0; i < in->s.len;) {
    u32 n = module_utf8_char(in->s.ptr + i, in->s.len - i);
    to -= n;
    for (u32 k = 0; k < n; k++) to[k] = in->s.ptr[i + k];
    i += n;
  }
  return MODULE_DONE;
}

/* Letters from first on, 26 of them, change case. */
static enum module_end nstr_case(struct module_call *c, slice *out, slice s,
                                 u8 first) {
  u8 *to;
  if (nstr_check_one(c, s) != MODULE_DONE ||
      nstr_room(c, out, &to, s.len) != MODULE_DONE)
    return MODULE_REVERTED;
  for (size_t i = 0; i < s.len; i++)
    to[i] = (u8)(s.ptr[i] - first) < 26 ? s.ptr[i] ^ 0x20 : s.ptr[i];
  return MODULE_DONE;
}
static enum module_end nstr_do_lower(struct module_call *c,
                                     const struct nstr_in_lower *in,
                                     struct nstr_out_lower *out) {
  return nstr_case(c, &out->value, in->s, 'A');
}
static enum module_end nstr_do_upper(struct module_call *c,
                                     const struct nstr_in_upper *in,
                                     struct nstr_out_upper *out) {
  return nstr_case(c, &out->value, in->s, 'a');
}

static bool nstr_is_blank(u8 b) { return b == ' ' || (b >= 9 && b <= 13); }
static enum module_end nstr_do_trim(struct module_call *c,
                                    const struct nstr_in_trim *in,
                                    struct nstr_out_trim *out) {
  slice s = in->s;
  if (nstr_check_one(c, s) != MODULE_DONE) return MODULE_REVERTED;
  while (s.len && nstr_is_blank(s.ptr[0])) s.ptr++, s.len--;
  while (s.len && nstr_is_blank(s.ptr[s.len - 1])) s.len--;
  out->value = s;
  return nstr_pay(c, s.len);
}

static bool nstr_is_cut(slice s, size_t at) {
  return at < s.len && (s.ptr[at] & 0xc0) == 0x80;
}
static enum module_end nstr_do_slice(struct module_call *c,
                                     const struct nstr_in_slice *in,
                                     struct nstr_out_slice *out) {
  u256 len = u256_from(in->s.len);
  if (nstr_check_one(c, in->s) != MODULE_DONE) return MODULE_REVERTED;
  if (u256_lt(&len, &in->end) || u256_lt(&in->end, &in->start))
    return MODULE_FAIL(c, range);
  size_t start = in->start.w[0], end = in->end.w[0];
  if (nstr_is_cut(in->s, start) || nstr_is_cut(in->s, end))
    return MODULE_FAIL(c, bad_utf8);
  out->value = slice_of(in->s.ptr + start, end - start);
  return nstr_pay(c, end - start);
}

/*--------------------------------------------------------------- searching */

static enum module_end nstr_do_index_of(struct module_call *c,
                                        const struct nstr_in_index_of *in,
                                        struct nstr_out_index_of *out) {
  struct nstr_search m;
  u256 len = u256_from(in->s.len);
  size_t found;
  if (nstr_check(c, in->s, in->find, slice_of(NULL, 0)) != MODULE_DONE)
    return MODULE_REVERTED;
  if (u256_lt(&len, &in->start)) return MODULE_FAIL(c, range);
  out->index = in->start;
  if (in->find.len == 0) return MODULE_DONE;
  if (nstr_search(c, &m, in->s, in->find) != MODULE_DONE)
    return MODULE_REVERTED;
  m.at = in->start.w[0];
  if (nstr_next(&m, &found)) out->index = u256_from(found);
  else memset(&out->index, 0xff, sizeof out->index);
  return MODULE_DONE;
}

static enum module_end nstr_do_split(struct module_call *c,
                                     const struct nstr_in_split *in,
                                     struct nstr_out_split *out) {
  struct nstr_search m;
  size_t found, from = 0, cnt = 0, most = NATIVE_TEXT_MAX / NSTR_PART;
  if (nstr_check(c, in->s, in->sep, slice_of(NULL, 0)) != MODULE_DONE)
    return MODULE_REVERTED;
  if (in->sep.len == 0) return MODULE_FAIL(c, range);
  if (nstr_search(c, &m, in->s, in->sep) != MODULE_DONE)
    return MODULE_REVERTED;
  slice *part = arena_array(c->a, slice, most + 1);
  for (; nstr_next(&m, &found); from = found + in->sep.len) {
    if (cnt == most) return MODULE_FAIL(c, too_long);
    part[cnt++] = slice_of(in->s.ptr + from, found - from);
  }
  part[cnt++] = slice_of(in->s.ptr + from, in->s.len - from);
  out->parts = (struct module_array){part, (u32)cnt};
  return nstr_pay(c, in->s.len - (cnt - 1) * in->sep.len + cnt * NSTR_PART);
}

static enum module_end nstr_do_replace(struct module_call *c,
                                       const struct nstr_in_replace *in,
                                       struct nstr_out_replace *out) {
  struct nstr_search m;
  size_t found, from = 0, cnt = 0;
  u8 *to;
  if (nstr_check(c, in->s, in->find, in->by) != MODULE_DONE)
    return MODULE_REVERTED;
  if (in->find.len == 0) return MODULE_FAIL(c, range);
  if (nstr_search(c, &m, in->s, in->find) != MODULE_DONE)
    return MODULE_REVERTED;
  while (nstr_next(&m, &found)) cnt++;
  if (nstr_room(c, &out->value, &to, in->s.len - cnt * in->find.len +
                                         cnt * in->by.len) != MODULE_DONE)
    return MODULE_REVERTED;
  for (m.at = 0; nstr_next(&m, &found); from = found + in->find.len) {
    nstr_append(&to, slice_of(in->s.ptr + from, found - from));
    nstr_append(&to, in->by);
  }
  nstr_append(&to, slice_of(in->s.ptr + from, in->s.len - from));
  return MODULE_DONE;
}

/*------------------------------------------------------------------- lists */

static enum module_end nstr_join(struct module_call *c, slice *out,
                                 const struct module_array *a, slice sep) {
  u8 *to;
  size_t len = 0;
  if (nstr_check_list(c, a, sep) != MODULE_DONE) return MODULE_REVERTED;
  for (u32 i = 0; i < a->cnt; i++)
    len += MODULE_AT(slice, a, i)->len + (i ? sep.len : 0);
  if (nstr_room(c, out, &to, len) != MODULE_DONE) return MODULE_REVERTED;
  for (u32 i = 0; i < a->cnt; i++) {
    if (i) nstr_append(&to, sep);
    nstr_append(&to, *MODULE_AT(slice, a, i));
  }
  return MODULE_DONE;
}
static enum module_end nstr_do_join(struct module_call *c,
                                    const struct nstr_in_join *in,
                                    struct nstr_out_join *out) {
  return nstr_join(c, &out->value, &in->a, in->sep);
}
static enum module_end nstr_do_concat(struct module_call *c,
                                      const struct nstr_in_concat *in,
                                      struct nstr_out_concat *out) {
  return nstr_join(c, &out->value, &in->a, slice_of(NULL, 0));
}

/*----------------------------------------------------------------- numbers */

static enum module_end nstr_do_to_int(struct module_call *c,
                                      const struct nstr_in_to_int *in,
                                      struct nstr_out_to_int *out) {
  slice s = in->s;
  u256 v = U256_ZERO, ten = u256_from(10), edge = {{0, 0, 0, 1ull << 63}};
  if (nstr_check_one(c, s) != MODULE_DONE) return MODULE_REVERTED;
  bool minus = s.len && s.ptr[0] == '-';
  if (minus) s.ptr++, s.len--;
  if (s.len == 0) return MODULE_FAIL(c, range);
  while (s.len > 1 && s.ptr[0] == '0') s.ptr++, s.len--;
  if (s.len > NSTR_DIGITS) return MODULE_FAIL(c, range);
  for (size_t i = 0; i < s.len; i++) {
    u256 digit = u256_from((u8)(s.ptr[i] - '0'));
    if (digit.w[0] > 9 || u256_mul_over(&v, &v, &ten) ||
        u256_add(&v, &v, &digit))
      return MODULE_FAIL(c, range);
  }
  if (minus ? u256_lt(&edge, &v) : !u256_lt(&v, &edge))
    return MODULE_FAIL(c, range);
  out->value = U256_ZERO;
  if (minus) u256_sub(&out->value, &out->value, &v);
  else out->value = v;
  return MODULE_DONE;
}

static enum module_end nstr_do_from_int(struct module_call *c,
                                        const struct nstr_in_from_int *in,
                                        struct nstr_out_from_int *out) {
  char text[81] = "-";
  u256 v = in->v;
  bool minus = v.w[3] >> 63;
  if (minus) u256_sub(&v, &U256_ZERO, &v);
  u256_to_dec(text + minus, &v);
  out->value = arena_copy_slice(c->a, slice_str(text));
  return nstr_pay(c, out->value.len);
}

static enum module_end nstr_do_to_hex(struct module_call *c,
                                      const struct nstr_in_to_hex *in,
                                      struct nstr_out_to_hex *out) {
  static const char digit[] = "0123456789abcdef";
  u8 *to;
  if (in->b.len > NATIVE_TEXT_MAX) return MODULE_FAIL(c, too_long);
  if (nstr_room(c, &out->value, &to, 2 + 2 * in->b.len) != MODULE_DONE)
    return MODULE_REVERTED;
  *to++ = '0', *to++ = 'x';
  for (size_t i = 0; i < in->b.len; i++) {
    *to++ = (u8)digit[in->b.ptr[i] >> 4];
    *to++ = (u8)digit[in->b.ptr[i] & 15];
  }
  return MODULE_DONE;
}

static int nstr_digit(u8 ch) {
  u8 low = ch | 32;
  return ch >= '0' && ch <= '9' ? ch - '0'
       : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}
static enum module_end nstr_do_from_hex(struct module_call *c,
                                        const struct nstr_in_from_hex *in,
                                        struct nstr_out_from_hex *out) {
  slice s = in->s;
  u8 *to;
  if (nstr_check_one(c, s) != MODULE_DONE) return MODULE_REVERTED;
  if (s.len >= 2 && s.ptr[0] == '0' && s.ptr[1] == 'x')
    s.ptr += 2, s.len -= 2;
  if (s.len % 2) return MODULE_FAIL(c, range);
  if (nstr_room(c, &out->value, &to, s.len / 2) != MODULE_DONE)
    return MODULE_REVERTED;
  for (size_t i = 0; i < s.len; i += 2) {
    int hi = nstr_digit(s.ptr[i]), lo = nstr_digit(s.ptr[i + 1]);
    if (hi < 0 || lo < 0) return MODULE_FAIL(c, range);
    *to++ = (u8)(hi << 4 | lo);
  }
  return MODULE_DONE;
}

/*---------------------------------------------------------------- questions */

static enum module_end nstr_do_is_utf8(struct module_call *c,
                                       const struct nstr_in_is_utf8 *in,
                                       struct nstr_out_is_utf8 *out) {
  if (in->b.len > NATIVE_TEXT_MAX) return MODULE_FAIL(c, too_long);
  out->value = module_utf8(in->b);
  return MODULE_DONE;
}

static enum module_end nstr_do_length_utf8(struct module_call *c,
                                           const struct nstr_in_length_utf8 *in,
                                           struct nstr_out_length_utf8 *out) {
  u64 cnt = 0;
  if (nstr_check_one(c, in->s) != MODULE_DONE) return MODULE_REVERTED;
  for (size_t i = 0; i < in->s.len; i++) cnt += !nstr_is_cut(in->s, i);
  out->count = u256_from(cnt);
  return MODULE_DONE;
}

static enum module_end nstr_do_compare(struct module_call *c,
                                       const struct nstr_in_compare *in,
                                       struct nstr_out_compare *out) {
  slice a = in->a, b = in->b;
  if (nstr_check(c, a, b, slice_of(NULL, 0)) != MODULE_DONE)
    return MODULE_REVERTED;
  size_t n = a.len < b.len ? a.len : b.len;
  int d = n ? memcmp(a.ptr, b.ptr, n) : 0;
  if (d == 0) d = a.len < b.len ? -1 : a.len > b.len;
  out->order = (int8_t)(d < 0 ? -1 : d > 0);
  return MODULE_DONE;
}
#undef ID
