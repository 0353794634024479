/* rlp.c - Recursive Length Prefix.
**
** One item:
**   00..7f          the byte itself
**   80..b7          string of 0..55 bytes follows
**   b8..bf n        string; its length is in the next 1..8 bytes
**   c0..f7          list whose items take 0..55 bytes
**   f8..ff n        list; its length is in the next 1..8 bytes
** Strict: a single byte below 0x80 has no prefix, long lengths are 56 or more
** and without leading zeros, integers have no leading zeros.  Reading makes
** views and allocates nothing; a failed read leaves the cursor as it was. */
#include "codec/rlp.h"
#include "base/limits.h"

/* Length of the length field for a prefix beyond the short form. */
static err rlp_long(slice in, size_t of, size_t *head, size_t *len) {
  if (in.len < 1 + of || in.ptr[1] == 0) return ERR_INPUT;
  u64 n = 0;
  for (size_t i = 0; i < of; i++) n = n << 8 | in.ptr[1 + i];
  if (n < 56 || n > in.len - 1 - of) return ERR_INPUT;
  *head = 1 + of;
  *len = n;
  return ERR_OK;
}

err rlp_read(slice *in, struct rlp_item *out) {
  if (!in->len) return ERR_INPUT;
  u8 p = in->ptr[0];
  size_t head = 1, len;
  if (p < 0x80) {
    head = 0;
    len = 1;
  } else if (p < 0xb8) {
    len = p - 0x80u;
  } else if (p < 0xc0) {
    TRY(rlp_long(*in, p - 0xb7u, &head, &len));
  } else if (p < 0xf8) {
    len = p - 0xc0u;
  } else {
    TRY(rlp_long(*in, p - 0xf7u, &head, &len));
  }
  if (len > in->len - head) return ERR_INPUT;
  if (p == 0x81 && in->ptr[1] < 0x80) return ERR_INPUT;
  out->payload = slice_of(in->ptr + head, len);
  out->raw = slice_of(in->ptr, head + len);
  out->is_list = p >= 0xc0;
  in->ptr += head + len;
  in->len -= head + len;
  return ERR_OK;
}

static inline err rlp_read_kind(slice *in, slice *payload, bool is_list) {
  slice at = *in;
  struct rlp_item item;
  TRY(rlp_read(&at, &item));
  if (item.is_list != is_list) return ERR_INPUT;
  *payload = item.payload;
  *in = at;
  return ERR_OK;
}

err rlp_read_list(slice *in, slice *items) {
  return rlp_read_kind(in, items, true);
}

err rlp_read_str(slice *in, slice *str) {
  return rlp_read_kind(in, str, false);
}

err rlp_read_fixed(slice *in, void *out, size_t len) {
  slice at = *in, s;
  TRY(rlp_read_str(&at, &s));
  if (s.len != len) return ERR_INPUT;
  if (len) memcpy(out, s.ptr, len);
  *in = at;
  return ERR_OK;
}

/* The payload of an integer of at most max bytes. */
static inline err rlp_read_int(slice *in, slice *s, size_t max) {
  slice at = *in;
  TRY(rlp_read_str(&at, s));
  if (s->len && s->ptr[0] == 0) return ERR_INPUT;
  if (s->len > max) return ERR_RANGE;
  *in = at;
  return ERR_OK;
}

err rlp_read_u64(slice *in, u64 *out) {
  slice s;
  TRY(rlp_read_int(in, &s, 8));
  u64 v = 0;
  for (size_t i = 0; i < s.len; i++) v = v << 8 | s.ptr[i];
  *out = v;
  return ERR_OK;
}

err rlp_read_u256(slice *in, u256 *out) {
  slice s;
  TRY(rlp_read_int(in, &s, 32));
  u256_from_be_len(out, s.ptr, s.len);
  return ERR_OK;
}

err rlp_end(slice in) { return in.len ? ERR_INPUT : ERR_OK; }

err rlp_count(slice items, u32 *cnt) {
  u32 n = 0;
  struct rlp_item item;
  while (items.len) {
    TRY(rlp_read(&items, &item));
    if (n == UINT32_MAX) return ERR_LIMIT;
    n++;
  }
  *cnt = n;
  return ERR_OK;
}

static err rlp_validate_items(slice items, u32 depth) {
  struct rlp_item item;
  while (items.len) {
    TRY(rlp_read(&items, &item));
    if (!item.is_list) continue;
    if (!depth) return ERR_LIMIT;
    TRY(rlp_validate_items(item.payload, depth - 1));
  }
  return ERR_OK;
}

err rlp_validate(slice whole, u32 depth) {
  struct rlp_item item;
  MUST(depth <= LIMIT_RLP_DEPTH);
  TRY(rlp_read(&whole, &item));
  TRY(rlp_end(whole));
  return rlp_validate_items(item.raw, depth);
}

/*--------------------------------------------------------------- writing */

static inline u32 rlp_len_bytes(u64 len) {
  return (71u - (u32)__builtin_clzll(len | 1)) / 8;
}

u32 rlp_prefix(u8 out[9], size_t payload_len, bool is_list) {
  u8 base = is_list ? 0xc0 : 0x80;
  if (payload_len < 56) {
    out[0] = (u8)(base + payload_len);
    return 1;
  }
  u32 of = rlp_len_bytes(payload_len);
  out[0] = (u8)(base + 55 + of);
  for (u32 i = 0; i < of; i++) out[1 + i] = (u8)(payload_len >> 8 * (of - 1 - i));
  return 1 + of;
}

size_t rlp_str_len(const void *p, size_t len) {
  if (len == 1 && *(const u8 *)p < 0x80) return 1;
  return len < 56 ? 1 + len : 1 + rlp_len_bytes(len) + len;
}

void rlp_put_str(struct buf *b, const void *p, size_t len) {
  if (len == 1 && *(const u8 *)p < 0x80) {
    buf_put_u8(b, *(const u8 *)p);
    return;
  }
  u8 head[9];
  u32 n = rlp_prefix(head, len, false);
  u8 *to = buf_room(b, n + len);
  if (UNLIKELY(!to)) return;
  to[0] = head[0];
  for (u32 i = 1; i < n; i++) to[i] = head[i];
  if (len) memcpy(to + n, p, len);
  b->len += n + len;
}

void rlp_put_slice(struct buf *b, slice s) { rlp_put_str(b, s.ptr, s.len); }

void rlp_put_u64(struct buf *b, u64 v) {
  u8 t[8];
  store_be64(t, v);
  u32 len = v ? rlp_len_bytes(v) : 0;
  rlp_put_str(b, t + 8 - len, len);
}

void rlp_put_u256(struct buf *b, const u256 *v) {
  u8 t[32];
  u256_to_be(t, v);
  u32 len = u256_bytes(v);
  rlp_put_str(b, t + 32 - len, len);
}

void rlp_put_raw(struct buf *b, slice item) { buf_put_slice(b, item); }

/* One byte is kept for the prefix: enough for lists up to 55 bytes, which
** then need no move. */
size_t rlp_list_open(struct buf *b) {
  size_t at = b->len;
  buf_put_u8(b, 0xc0);
  return at;
}

void rlp_list_close(struct buf *b, size_t at) {
  if (UNLIKELY(b->over)) return;
  MUST(at < b->len);
  u8 head[9];
  size_t len = b->len - at - 1;
  u32 n = rlp_prefix(head, len, true);
  if (n > 1) {
    if (!buf_room(b, n - 1)) return;
    memmove(b->ptr + at + n, b->ptr + at + 1, len);
    b->len += n - 1;
  }
  memcpy(b->ptr + at, head, n);
}
