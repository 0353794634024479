/* abi.c - the Solidity contract ABI (specification: "Contract ABI
** Specification" of the Solidity documentation).
**
** An encoding is a frame: the heads of its parts, one after the other, then
** the tails.  A static part stands in the head itself; for a dynamic one the
** head holds the offset of its tail, counted from the frame's start.
**   uint, int, address, bool   32 bytes, big-endian, sign-extended
**   bytesN                     32 bytes, padded at the right
**   bytes, string              length word, then the bytes, padded to 32
**   T[k], tuple                frame of its parts
**   T[]                        length word, then a frame
**
** What an outsider can make large: offsets may all point at the same tail, so
** a short text can describe very many values; a count of all values bounds
** work and memory.  Recursion is bounded by the depth of the type. */
#include "codec/abi.h"
#include "base/limits.h"
#include "crypto/keccak.h"
#include <stdio.h>

/*----------------------------------------------------------------- types */

struct abi_parser {
  const char *text, *at;
  struct arena *arena;
  struct errmsg *msg;
  u32 node_cnt;
};

static err abi_parse_fail(struct abi_parser *p, err e, const char *what) {
  return err_say(p->msg, e, "ABI type \"%s\", column %zu: %s", p->text,
                 (size_t)(p->at - p->text) + 1, what);
}

/* A decimal without leading zeros, at most 7 digits. */
static err abi_parse_number(struct abi_parser *p, u32 *out) {
  u32 v = 0, len = 0;
  for (; p->at[len] >= '0' && p->at[len] <= '9'; len++) {
    if (len == 7) return abi_parse_fail(p, ERR_LIMIT, "number is too large");
    v = v * 10 + (u32)(p->at[len] - '0');
  }
  if (!len || (p->at[0] == '0' && len > 1))
    return abi_parse_fail(p, ERR_INPUT, "number expected");
  p->at += len;
  *out = v;
  return ERR_OK;
}

static bool abi_parse_word(struct abi_parser *p, const char *word) {
  size_t len = strlen(word);
  if (strncmp(p->at, word, len) != 0) return false;
  p->at += len;
  return true;
}

static err abi_parse_bits(struct abi_parser *p, struct abi_type *t) {
  t->bits = 256;
  if (*p->at < '0' || *p->at > '9') return ERR_OK;
  TRY(abi_parse_number(p, &t->bits));
  if (!t->bits || t->bits > 256 || t->bits % 8)
    return abi_parse_fail(p, ERR_INPUT, "8, 16 .. 256 bits expected");
  return ERR_OK;
}

static err abi_parse_bytes(struct abi_parser *p, struct abi_type *t) {
  t->kind = ABI_BYTES;
  t->dynamic = true;
  if (*p->at < '0' || *p->at > '9') return ERR_OK;
  TRY(abi_parse_number(p, &t->bits));
  if (!t->bits || t->bits > 32)
    return abi_parse_fail(p, ERR_INPUT, "bytes1 .. bytes32 expected");
  t->kind = ABI_FIXED_BYTES;
  t->dynamic = false;
  t->bits *= 8;
  return ERR_OK;
}

static err abi_parse_elementary(struct abi_parser *p, struct abi_type *t) {
  t->head_len = 32;
  if (abi_parse_word(p, "uint")) {
    t->kind = ABI_UINT;
    return abi_parse_bits(p, t);
  }
  if (abi_parse_word(p, "int")) {
    t->kind = ABI_INT;
    return abi_parse_bits(p, t);
  }
  if (abi_parse_word(p, "bytes")) return abi_parse_bytes(p, t);
  if (abi_parse_word(p, "address")) {
    t->kind = ABI_ADDRESS;
    t->bits = 160;
  } else if (abi_parse_word(p, "bool")) {
    t->kind = ABI_BOOL;
    t->bits = 1;
  } else if (abi_parse_word(p, "string")) {
    t->kind = ABI_STRING;
    t->dynamic = true;
  } else {
    return abi_parse_fail(p, ERR_INPUT, "unknown type");
  }
  return ERR_OK;
}

static err abi_set_head(struct abi_parser *p, struct abi_type *t, u64 len) {
  if (len > (u64)LIMIT_ABI_WORDS * 32)
    return abi_parse_fail(p, ERR_LIMIT, "type is too large");
  t->head_len = t->dynamic ? 32 : (u32)len;
  return ERR_OK;
}

static err abi_parse_type(struct abi_parser *p, struct abi_type *t, u32 depth);

/* The components up to end (')' or the text's end), which is consumed. */
static err abi_parse_tuple(struct abi_parser *p, struct abi_type *t, char end,
                           u32 depth) {
  struct abi_type *sub = NULL;
  u32 cnt = 0, cap = 0;
  u64 head = 0;
  *t = (struct abi_type){.kind = ABI_TUPLE};
  while (*p->at != end || cnt) {
    if (cnt == cap) {
      u32 more = cap ? cap * 2 : 4;
      struct abi_type *grown = arena_array(p->arena, struct abi_type, more);
      if (!grown) return abi_parse_fail(p, ERR_LIMIT, "no memory left");
      if (cnt) memcpy(grown, sub, sizeof(*sub) * cnt);
      sub = grown;
      cap = more;
    }
    TRY(abi_parse_type(p, &sub[cnt], depth));
    t->dynamic |= sub[cnt].dynamic;
    head += sub[cnt++].head_len;
    if (*p->at == end) break;
    if (*p->at != ',') return abi_parse_fail(p, ERR_INPUT, "',' expected");
    p->at++;
  }
  p->at += end != 0;
  t->sub = sub;
  t->len = cnt;
  return abi_set_head(p, t, head);
}

/* Suffixes [] and [k]: what is parsed so far becomes the element. */
static err abi_parse_arrays(struct abi_parser *p, struct abi_type *t,
                            u32 depth) {
  while (*p->at == '[') {
    p->at++;
    if (++depth > LIMIT_ABI_DEPTH || ++p->node_cnt > LIMIT_ABI_NODES)
      return abi_parse_fail(p, ERR_LIMIT, "nested too deep");
    struct abi_type *sub = arena_copy(p->arena, t, sizeof(*t));
    if (!sub) return abi_parse_fail(p, ERR_LIMIT, "no memory left");
    *t = (struct abi_type){.kind = ABI_ARRAY, .len = ABI_DYNAMIC, .sub = sub,
                           .dynamic = true};
    if (*p->at != ']') {
      TRY(abi_parse_number(p, &t->len));
      t->dynamic = sub->dynamic;
    }
    if (*p->at != ']') return abi_parse_fail(p, ERR_INPUT, "']' expected");
    p->at++;
    TRY(abi_set_head(p, t, t->dynamic ? 32 : (u64)sub->head_len * t->len));
  }
  return ERR_OK;
}

static err abi_parse_type(struct abi_parser *p, struct abi_type *t,
                          u32 depth) {
  if (depth >= LIMIT_ABI_DEPTH || ++p->node_cnt > LIMIT_ABI_NODES)
    return abi_parse_fail(p, ERR_LIMIT, "nested too deep or too many parts");
  *t = (struct abi_type){.kind = ABI_UINT};
  if (*p->at == '(') {
    p->at++;
    TRY(abi_parse_tuple(p, t, ')', depth + 1));
  } else {
    TRY(abi_parse_elementary(p, t));
  }
  return abi_parse_arrays(p, t, depth);
}

err abi_parse_types(struct abi_type *out, struct arena *a, const char *text,
                    struct errmsg *msg) {
  struct abi_parser p = {.text = text, .at = text, .arena = a, .msg = msg};
  return abi_parse_tuple(&p, out, 0, 0);
}

void abi_put_type(struct buf *out, const struct abi_type *t) {
  switch (t->kind) {
    case ABI_UINT: buf_printf(out, "uint%u", t->bits); break;
    case ABI_INT: buf_printf(out, "int%u", t->bits); break;
    case ABI_ADDRESS: buf_put_str(out, "address"); break;
    case ABI_BOOL: buf_put_str(out, "bool"); break;
    case ABI_FIXED_BYTES: buf_printf(out, "bytes%u", t->bits / 8); break;
    case ABI_BYTES: buf_put_str(out, "bytes"); break;
    case ABI_STRING: buf_put_str(out, "string"); break;
    case ABI_ARRAY:
      abi_put_type(out, t->sub);
      if (t->len == ABI_DYNAMIC) buf_put_str(out, "[]");
      else buf_printf(out, "[%u]", t->len);
      break;
    case ABI_TUPLE:
      buf_put_u8(out, '(');
      for (u32 i = 0; i < t->len; i++) {
        if (i) buf_put_u8(out, ',');
        abi_put_type(out, &t->sub[i]);
      }
      buf_put_u8(out, ')');
      break;
  }
}

void abi_selector(u8 out[4], const char *signature) {
  hash32 h;
  crypto_keccak256(&h, signature, strlen(signature));
  memcpy(out, h.b, 4);
}

/* A word that holds a number of the type: high bits zero, or all equal to the
** sign. */
static bool abi_in_range(const struct abi_type *t, const u256 *v) {
  if (t->kind != ABI_INT) return u256_bits(v) <= t->bits;
  u256 high;
  u256_sar(&high, v, t->bits - 1);
  return u256_is_zero(&high) || !~(high.w[0] & high.w[1] & high.w[2] & high.w[3]);
}

/* Type of part i of an array or tuple. */
static inline const struct abi_type *abi_part(const struct abi_type *t, u32 i) {
  return t->kind == ABI_ARRAY ? t->sub : &t->sub[i];
}

static inline size_t abi_padding(size_t len) { return (32 - len % 32) % 32; }

/*-------------------------------------------------------------- encoding */

static void abi_put_word(struct buf *out, const u256 *v) {
  u8 *to = buf_room(out, 32);
  if (!to) return;
  u256_to_be(to, v);
  out->len += 32;
}

static void abi_put_padded(struct buf *out, slice s) {
  size_t pad = abi_padding(s.len);
  buf_put_slice(out, s);
  buf_put(out, (u8[32]){0}, pad);
}

static err abi_put_value(struct buf *out, const struct abi_type *t,
                         const struct abi_value *v);

static err abi_put_frame(struct buf *out, const struct abi_type *t,
                         const struct abi_value *v) {
  size_t start = out->len, head = start;
  u256 zero = U256_ZERO;
  for (u32 i = 0; i < v->item_cnt; i++) {
    if (abi_part(t, i)->dynamic) abi_put_word(out, &zero);
    else TRY(abi_put_value(out, abi_part(t, i), &v->item[i]));
  }
  for (u32 i = 0; i < v->item_cnt; i++) {
    if (out->over) return ERR_LIMIT;
    if (abi_part(t, i)->dynamic) {
      store_be64(out->ptr + head + 24, out->len - start);
      TRY(abi_put_value(out, abi_part(t, i), &v->item[i]));
    }
    head += abi_part(t, i)->head_len;
  }
  return ERR_OK;
}

static err abi_put_value(struct buf *out, const struct abi_type *t,
                         const struct abi_value *v) {
  u256 len;
  switch (t->kind) {
    case ABI_FIXED_BYTES:
      if (v->bytes.len != t->bits / 8) return ERR_INPUT;
      abi_put_padded(out, v->bytes);
      break;
    case ABI_BYTES:
    case ABI_STRING:
      len = u256_from(v->bytes.len);
      abi_put_word(out, &len);
      abi_put_padded(out, v->bytes);
      break;
    case ABI_ARRAY:
    case ABI_TUPLE:
      if (t->len == ABI_DYNAMIC) {
        len = u256_from(v->item_cnt);
        abi_put_word(out, &len);
      } else if (v->item_cnt != t->len) {
        return ERR_INPUT;
      }
      return abi_put_frame(out, t, v);
    default:
      if (!abi_in_range(t, &v->num)) return ERR_RANGE;
      abi_put_word(out, &v->num);
      break;
  }
  return out->over ? ERR_LIMIT : ERR_OK;
}

err abi_encode(struct buf *out, const struct abi_type *tuple,
               const struct abi_value *value) {
  MUST(tuple->kind == ABI_TUPLE);
  return abi_put_value(out, tuple, value);
}

/*-------------------------------------------------------------- decoding */

struct abi_reader {
  struct arena *arena;
  u32 value_cnt;
};

/* A word that counts bytes or parts, at most max. */
static err abi_get_len(slice frame, size_t at, size_t max, size_t *out) {
  u256 v;
  if (at > frame.len || frame.len - at < 32) return ERR_INPUT;
  u256_from_be(&v, frame.ptr + at);
  if (!u256_fits64(&v) || v.w[0] > max) return ERR_INPUT;
  *out = v.w[0];
  return ERR_OK;
}

static bool abi_all_zero(const u8 *p, size_t len) {
  u8 any = 0;
  for (size_t i = 0; i < len; i++) any |= p[i];
  return any == 0;
}

static err abi_get_bytes(slice *out, slice tail) {
  size_t len;
  TRY(abi_get_len(tail, 0, tail.len - 32, &len));
  size_t pad = abi_padding(len);
  if (tail.len - 32 - len < pad) return ERR_INPUT;
  if (!abi_all_zero(tail.ptr + 32 + len, pad)) return ERR_INPUT;
  *out = slice_of(tail.ptr + 32, len);
  return ERR_OK;
}

static err abi_get_value(struct abi_reader *r, struct abi_value *out,
                         const struct abi_type *t, slice at);

/* cnt parts of t, the heads at the frame's start. */
static err abi_get_frame(struct abi_reader *r, struct abi_value *out,
                         const struct abi_type *t, slice frame, size_t cnt) {
  size_t head = 0, offset;
  if (cnt > LIMIT_ABI_VALUES - r->value_cnt) return ERR_LIMIT;
  r->value_cnt += (u32)cnt;
  out->item_cnt = (u32)cnt;
  if (!cnt) return ERR_OK;
  out->item = arena_array(r->arena, struct abi_value, cnt);
  if (!out->item) return ERR_LIMIT;
  for (u32 i = 0; i < cnt; i++) {
    const struct abi_type *part = abi_part(t, i);
    size_t from = head;
    if (part->dynamic) {
      TRY(abi_get_len(frame, head, frame.len, &offset));
      from = offset;
    } else if (frame.len - head < part->head_len) {
      return ERR_INPUT;
    }
    TRY(abi_get_value(r, &out->item[i], part,
                      slice_of(frame.ptr + from, frame.len - from)));
    head += part->head_len;
  }
  return ERR_OK;
}

static err abi_get_array(struct abi_reader *r, struct abi_value *out,
                         const struct abi_type *t, slice at) {
  size_t cnt = t->len;
  if (t->len == ABI_DYNAMIC) {
    TRY(abi_get_len(at, 0, SIZE_MAX, &cnt));
    at = slice_of(at.ptr + 32, at.len - 32);
  }
  /* Heads that cannot fit are malformed, not merely too many. */
  if (t->sub->head_len && cnt > at.len / t->sub->head_len) return ERR_INPUT;
  return abi_get_frame(r, out, t, at, cnt);
}

static err abi_get_value(struct abi_reader *r, struct abi_value *out,
                         const struct abi_type *t, slice at) {
  if (t->kind == ABI_TUPLE) return abi_get_frame(r, out, t, at, t->len);
  if (t->kind == ABI_ARRAY) return abi_get_array(r, out, t, at);
  if (at.len < 32) return ERR_INPUT;
  if (t->kind == ABI_BYTES || t->kind == ABI_STRING)
    return abi_get_bytes(&out->bytes, at);
  if (t->kind == ABI_FIXED_BYTES) {
    out->bytes = slice_of(at.ptr, t->bits / 8);
    return abi_all_zero(at.ptr + t->bits / 8, 32 - t->bits / 8) ? ERR_OK
                                                                : ERR_INPUT;
  }
  u256_from_be(&out->num, at.ptr);
  return abi_in_range(t, &out->num) ? ERR_OK : ERR_INPUT;
}

err abi_decode(struct abi_value *out, struct arena *a,
               const struct abi_type *tuple, slice data) {
  struct abi_reader r = {.arena = a};
  MUST(tuple->kind == ABI_TUPLE);
  *out = (struct abi_value){.item_cnt = 0};
  if (!data.ptr) data = slice_of("", 0); /* frames are found by adding to it */
  return abi_get_value(&r, out, tuple, data);
}

/*--------------------------------------------------------------- reverts */

static const struct {
  u32 code;
  const char *text;
} abi_panics[] = {
    {0x00, "generic panic"},
    {0x01, "assert(false)"},
    {0x11, "arithmetic underflow or overflow"},
    {0x12, "division or modulo by zero"},
    {0x21, "enum overflow"},
    {0x22, "invalid encoded storage byte array accessed"},
    {0x31, "out-of-bounds array access; popping on an empty array"},
    {0x32, "out-of-bounds access of an array or bytesN"},
    {0x41, "out of memory"},
    {0x51, "uninitialized function"},
};

static void abi_put_panic(struct buf *out, const u256 *code) {
  char hex[67];
  for (size_t i = 0; i < ARRAY_LEN(abi_panics); i++) {
    if (u256_fits64(code) && code->w[0] == abi_panics[i].code) {
      buf_put_str(out, abi_panics[i].text);
      return;
    }
  }
  u256_to_hex(hex, code);
  buf_printf(out, "unknown panic code: %s", hex);
}

/* Paddings are not looked at: a contract may have been careless, and the
** words are for a person. */
bool abi_revert_reason(struct buf *out, slice data) {
  if (data.len < 36) return false;
  slice args = slice_of(data.ptr + 4, data.len - 4);
  u32 selector = load_be32(data.ptr);
  if (selector == 0x4e487b71) { /* Panic(uint256) */
    u256 code;
    u256_from_be(&code, args.ptr);
    abi_put_panic(out, &code);
    return true;
  }
  size_t offset, len;
  if (selector != 0x08c379a0 || /* Error(string) */
      abi_get_len(args, 0, args.len, &offset) < 0 ||
      args.len - offset < 32 ||
      abi_get_len(args, offset, args.len - offset - 32, &len) < 0)
    return false;
  buf_put(out, args.ptr + offset + 32, len);
  return true;
}
