/* module_codec.c - between call data and the C structs that methods take and
** give: one walk over the table's rows each way.
**
** Strict: nothing in unused bits, offsets and lengths inside the data, padding
** of bytes zero, strings UTF-8.  Tails may share bytes; what all come to is at
** most four times the call data. */
#include "module/module.h"

bool module_is_dynamic(const struct module_param *p) {
  if (p->kind != MODULE_STRUCT) return p->kind >= MODULE_BYTES;
  for (const struct module_param *m = p->sub->param; m->name; m++)
    if (module_is_dynamic(m)) return true;
  return false;
}
static bool module_struct_is_dynamic(const struct module_struct *t) {
  struct module_param p = {.kind = MODULE_STRUCT, .sub = t};
  return module_is_dynamic(&p);
}
/* Words that it takes in the head. */
static u32 module_words(const struct module_param *p) {
  u32 cnt = 0;
  if (p->kind != MODULE_STRUCT || module_is_dynamic(p)) return 1;
  for (const struct module_param *m = p->sub->param; m->name; m++)
    cnt += module_words(m);
  return cnt;
}

u32 module_place(u32 *at, const struct module_param *p) {
  u32 place = (*at + p->align - 1u) / p->align * p->align;
  *at = place + p->size;
  return place;
}

/*-------------------------------------------------------------- decoding */

struct module_reader {
  struct arena *a;
  u64 total, max; /* bytes decoded */
};

u32 module_utf8_char(const u8 *p, size_t left) {
  u8 c = p[0];
  if (c < 0x80) return 1;
  u32 more = c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2
           : c >= 0xf0 && c < 0xf5 ? 3 : 4;
  if (more == 4 || left <= more) return 0;
  if ((c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f) ||
      (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f))
    return 0;
  for (u32 k = 1; k <= more; k++)
    if ((p[k] & 0xc0) != 0x80) return 0;
  return 1 + more;
}

bool module_utf8(slice s) {
  for (size_t i = 0; i < s.len;) {
    u64 eight;
    if (s.len - i >= 8 && (memcpy(&eight, s.ptr + i, 8),
                           (eight & 0x8080808080808080ull) == 0)) {
      i += 8;
      continue;
    }
    u32 n = module_utf8_char(s.ptr + i, s.len - i);
    if (n == 0) return false;
    i += n;
  }
  return true;
}

/* A word of a kind with nothing in its unused bits. */
static bool module_word_ok(u8 kind, u16 bits, const u256 *w) {
  u256 rest;
  if (kind == MODULE_B4 || kind == MODULE_B8) {
    u256_shl(&rest, w, kind == MODULE_B4 ? 32 : 64);
    return u256_is_zero(&rest);
  }
  if (kind == MODULE_INT && bits < 256) {
    u256_sar(&rest, w, bits - 1u);
    bool minus = (rest.w[0] & rest.w[1] & rest.w[2] & rest.w[3]) == UINT64_MAX;
    return u256_is_zero(&rest) || minus;
  }
  u256_shr(&rest, w, bits);
  return u256_is_zero(&rest);
}

static void module_word_load(void *dst, const struct module_param *p,
                             const u8 *be) {
  u256 w;
  u256_from_be(&w, be);
  switch (p->kind) {
    case MODULE_ADDR: u256_to_addr(dst, &w); return;
    case MODULE_B32: memcpy(dst, be, 32); return;
    case MODULE_B8: memcpy(dst, be, 8); return;
    case MODULE_B4: *(u32 *)dst = load_be32(be); return;
    case MODULE_BOOL: *(bool *)dst = w.w[0] != 0; return;
    default: memcpy(dst, w.w, p->size); /* little-endian as the limbs are */
  }
}

/* What the offset in the word at `at` leads to. */
static bool module_behind(slice *out, slice data, u32 at) {
  u256 off;
  if (data.len / 32 <= at) return false;
  u256_from_be(&off, data.ptr + 32 * (size_t)at);
  if (!u256_fits64(&off) || off.w[0] > data.len) return false;
  *out = slice_of(data.ptr + off.w[0], data.len - (size_t)off.w[0]);
  return true;
}
/* A tail's count, and what follows it; cnt units of at least unit bytes. */
static bool module_tail(slice *out, u64 *cnt, slice data, u32 at, u32 unit) {
  slice s;
  u256 v;
  if (!module_behind(&s, data, at) || s.len < 32) return false;
  u256_from_be(&v, s.ptr);
  if (!u256_fits64(&v) || v.w[0] > (s.len - 32) / unit) return false;
  *cnt = v.w[0];
  *out = slice_of(s.ptr + 32, s.len - 32);
  return true;
}

static bool module_read_bytes(struct module_reader *r, void *dst, bool text,
                              slice data, u32 at) {
  u64 len;
  slice s;
  if (!module_tail(&s, &len, data, at, 1)) return false;
  u64 pad = (32 - len % 32) % 32;
  if (s.len - len < pad) return false;
  for (u64 i = 0; i < pad; i++)
    if (s.ptr[len + i]) return false;
  r->total += 32 + len;
  s.len = (size_t)len;
  memcpy(dst, &s, sizeof s);
  return !text || module_utf8(s);
}

static bool module_read_list(struct module_reader *r, void *dst,
                             const struct module_param *p, slice data,
                             u32 at) {
  u64 cnt;
  slice s;
  if (!module_tail(&s, &cnt, data, at, 32) || cnt > MODULE_LIST_MAX)
    return false;
  for (u64 i = 0; i < cnt && p->bits < 256; i++) {
    u256 w;
    u256_from_be(&w, s.ptr + 32 * i);
    if (!module_word_ok(p->item, p->bits, &w)) return false;
  }
  r->total += 32 + 32 * cnt;
  struct module_list l = {s.ptr, (u32)cnt};
  memcpy(dst, &l, sizeof l);
  return true;
}

static u32 module_read_members(struct module_reader *r, u8 *dst,
                               const struct module_param *p, slice data,
                               u32 at);

static bool module_read_struct(struct module_reader *r, u8 *dst,
                               const struct module_struct *t, slice data,
                               u32 at) {
  if (module_struct_is_dynamic(t)) {
    if (!module_behind(&data, data, at)) return false;
    at = 0;
  }
  return module_read_members(r, dst, t->param, data, at) == 0;
}

static bool module_read_array(struct module_reader *r, void *dst,
                              const struct module_param *p, slice data,
                              u32 at) {
  u64 cnt;
  slice s;
  bool texts = p->kind == MODULE_BYTESS;
  struct module_param one = {.kind = MODULE_STRUCT, .sub = p->sub};
  u32 words = texts ? 1 : module_words(&one);
  size_t size = texts ? sizeof(slice) : p->sub->size;
  if (!module_tail(&s, &cnt, data, at, 32 * words) || cnt > MODULE_LIST_MAX)
    return false;
  r->total += 32 + 32 * words * cnt;
  if (r->total > r->max) return false;
  u8 *item = arena_alloc(r->a, size * cnt + 1);
  for (u32 i = 0; i < cnt; i++)
    if (texts ? !module_read_bytes(r, item + size * i, false, s, i)
              : !module_read_struct(r, item + size * i, p->sub, s, i * words))
      return false;
  struct module_array list = {item, (u32)cnt};
  memcpy(dst, &list, sizeof list);
  return true;
}

static bool module_read_one(struct module_reader *r, void *dst,
                            const struct module_param *p, slice data, u32 at) {
  u256 w;
  switch (p->kind) {
    case MODULE_BYTES: case MODULE_STR:
      return module_read_bytes(r, dst, p->kind == MODULE_STR, data, at);
    case MODULE_LIST: return module_read_list(r, dst, p, data, at);
    case MODULE_BYTESS: case MODULE_STRUCTS:
      return module_read_array(r, dst, p, data, at);
    case MODULE_STRUCT: return module_read_struct(r, dst, p->sub, data, at);
    default: break;
  }
  if (data.len / 32 <= at) return false;
  u256_from_be(&w, data.ptr + 32 * (size_t)at);
  if (!module_word_ok(p->kind, p->bits, &w)) return false;
  module_word_load(dst, p, data.ptr + 32 * (size_t)at);
  return true;
}

/* 0, or the number of the bad one, from 1. */
static u32 module_read_members(struct module_reader *r, u8 *dst,
                               const struct module_param *p, slice data,
                               u32 at) {
  u32 place = 0, number = 1;
  for (; p->name; p++, number++) {
    if (!module_read_one(r, dst + module_place(&place, p), p, data, at) ||
        r->total > r->max)
      return number;
    at += module_words(p);
  }
  return 0;
}

u32 module_read(struct module_call *c, const struct module_param *p, void *in,
                slice data) {
  struct module_reader r = {c->a, 0, 4 * (u64)data.len};
  return module_read_members(&r, in, p, data, 0);
}

bool module_amount_is_large(const struct module_param *p, u32 number,
                            slice data) {
  u32 at = 0;
  u256 w;
  for (u32 i = 1; i < number; i++) at += module_words(p++);
  if (p->kind != MODULE_AMOUNT || data.len / 32 <= at) return false;
  u256_from_be(&w, data.ptr + 32 * (size_t)at);
  return !module_word_ok(MODULE_UINT, p->bits, &w);
}

/*-------------------------------------------------------------- encoding */

static void module_word_store(u8 be[32], const struct module_param *p,
                              const void *src) {
  u256 w = U256_ZERO;
  memset(be, 0, 32);
  switch (p->kind) {
    case MODULE_ADDR: memcpy(be + 12, src, 20); return;
    case MODULE_B32: memcpy(be, src, 32); return;
    case MODULE_B8: memcpy(be, src, 8); return;
    case MODULE_B4: store_be32(be, *(const u32 *)src); return;
    case MODULE_BOOL: be[31] = *(const bool *)src; return;
    default:
      if (p->kind == MODULE_INT && ((const u8 *)src)[p->size - 1] >> 7)
        memset(w.w, 0xff, sizeof w.w);
      memcpy(w.w, src, p->size);
      u256_to_be(be, &w);
  }
}

static void module_put_word(struct buf *out, u64 v) {
  u8 be[32] = {0};
  store_be64(be + 24, v);
  buf_put(out, be, 32);
}
/* The offset word at pos now leads to the end of out. */
static void module_put_offset(struct buf *out, size_t pos, size_t start) {
  store_be64(out->ptr + pos + 24, out->len - start);
}
static void module_put_bytes(struct buf *out, slice s) {
  static const u8 zeros[32];
  module_put_word(out, s.len);
  buf_put_slice(out, s);
  buf_put(out, zeros, (32 - s.len % 32) % 32);
}

static void module_put_array(struct buf *out, const struct module_param *p,
                             const struct module_array *list) {
  bool texts = p->kind == MODULE_BYTESS;
  bool dynamic = texts || module_struct_is_dynamic(p->sub);
  size_t size = texts ? sizeof(slice) : p->sub->size;
  const u8 *item = list->item;
  module_put_word(out, list->cnt);
  size_t start = out->len;
  if (dynamic)
    for (u32 i = 0; i < list->cnt; i++) module_put_word(out, 0);
  for (u32 i = 0; i < list->cnt; i++, item += size) {
    if (dynamic) module_put_offset(out, start + 32 * (size_t)i, start);
    if (texts) module_put_bytes(out, *(const slice *)item);
    else module_put(out, p->sub->param, item, NULL, NULL);
  }
}

static void module_put_tail(struct buf *out, const struct module_param *p,
                            const void *src) {
  const struct module_list *l = src;
  switch (p->kind) {
    case MODULE_LIST:
      module_put_word(out, l->cnt);
      buf_put(out, l->words, 32 * (size_t)l->cnt);
      break;
    case MODULE_BYTESS: case MODULE_STRUCTS:
      module_put_array(out, p, src);
      break;
    case MODULE_STRUCT: module_put(out, p->sub->param, src, NULL, NULL); break;
    case MODULE_RECD: buf_put_slice(out, *(const slice *)src); break;
    default: module_put_bytes(out, *(const slice *)src);
  }
}

static void module_put_head(struct buf *out, const struct module_param *p,
                            const void *src, hash32 *topic, u32 *topic_cnt) {
  u8 be[32];
  if (p->kind == MODULE_STRUCT) {
    module_put(out, p->sub->param, src, NULL, NULL);
  } else if (p->kind == MODULE_REC) {
    buf_put_slice(out, *(const slice *)src);
  } else {
    module_word_store(be, p, src);
    if (topic && p->indexed) memcpy(topic[(*topic_cnt)++].b, be, 32);
    else buf_put(out, be, 32);
  }
}

void module_put(struct buf *out, const struct module_param *params,
                const void *fields, hash32 *topic, u32 *topic_cnt) {
  const u8 *base = fields;
  size_t start = out->len, pos[MODULE_PARAM_MAX];
  u32 at = 0, i = 0;
  for (const struct module_param *p = params; p->name; p++, i++) {
    const void *src = base + module_place(&at, p);
    pos[i] = out->len;
    if (module_is_dynamic(p)) module_put_word(out, 0);
    else module_put_head(out, p, src, topic, topic_cnt);
  }
  at = i = 0;
  for (const struct module_param *p = params; p->name; p++, i++) {
    const void *src = base + module_place(&at, p);
    if (!module_is_dynamic(p)) continue;
    module_put_offset(out, pos[i], start);
    module_put_tail(out, p, src);
  }
}

/*----------------------------------------------------------------- lists */

static const u8 *module_list_word(const struct module_list *l, u32 i) {
  MUST(i < l->cnt);
  return l->words + 32 * (size_t)i;
}
void module_list_addr(addr20 *out, const struct module_list *l, u32 i) {
  memcpy(out->b, module_list_word(l, i) + 12, 20);
}
u64 module_list_u64(const struct module_list *l, u32 i) {
  return load_be64(module_list_word(l, i) + 24);
}
u32 module_list_b4(const struct module_list *l, u32 i) {
  return load_be32(module_list_word(l, i));
}
void module_list_u256(u256 *out, const struct module_list *l, u32 i) {
  u256_from_be(out, module_list_word(l, i));
}
void module_list_b32(hash32 *out, const struct module_list *l, u32 i) {
  memcpy(out->b, module_list_word(l, i), 32);
}
struct module_list module_list_make(struct module_call *c, u32 cnt) {
  return (struct module_list){arena_alloc(c->a, 32 * (size_t)cnt + 1), cnt};
}
void module_list_put_addr(struct module_list *l, u32 i, const addr20 *v) {
  memcpy((u8 *)module_list_word(l, i) + 12, v->b, 20);
}
void module_list_put_u64(struct module_list *l, u32 i, u64 v) {
  store_be64((u8 *)module_list_word(l, i) + 24, v);
}
