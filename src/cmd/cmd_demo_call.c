/* cmd_demo_call.c - calldata from text; see cmd_demo.h. */
#include "cmd/cmd_demo.h"
#include "codec/abi.h"
#include "codec/hex.h"
#include <stdlib.h>

static err democall_value(struct abi_value *v, const struct abi_type *t,
                          struct arena *a, const char **at);

static bool democall_take(const char **at, char c) {
  if (**at != c) return false;
  ++*at;
  return true;
}

/* Decimal up to 64 bits and then zeros, or hex. */
static err democall_number(u256 *out, const char **at) {
  const char *p = *at;
  u256 ten = u256_from(10), n = u256_from(0), digit;
  if (p[0] == '0' && p[1] == 'x') {
    size_t len = strspn(p + 2, "0123456789abcdefABCDEF");
    u8 word[32] = {0};
    if (len == 0 || len > 64 || len % 2) return ERR_INPUT;
    TRY(hex_decode(word + 32 - len / 2, p + 2, len));
    u256_from_be(out, word);
    *at = p + 2 + len;
    return ERR_OK;
  }
  if (*p < '0' || *p > '9') return ERR_INPUT;
  for (; *p >= '0' && *p <= '9'; p++) {
    digit = u256_from((u64)(*p - '0'));
    u256_mul(&n, &n, &ten);
    u256_add(&n, &n, &digit);
  }
  *out = n;
  *at = p;
  return ERR_OK;
}

static err democall_bytes(struct abi_value *v, const struct abi_type *t,
                          struct arena *a, const char **at) {
  const char *p = *at;
  size_t want = t->kind == ABI_FIXED_BYTES ? t->bits / 8 : 0;
  if (p[0] != '0') return ERR_INPUT;
  size_t len = p[1] == 'x' ? strspn(p + 2, "0123456789abcdefABCDEF") : 0;
  if (len % 2 || (want && len && len != 2 * want)) return ERR_INPUT;
  u8 *b = arena_alloc(a, want + len / 2 + 1);
  TRY(hex_decode(b, p + 2, len));
  v->bytes = slice_of(b, want ? want : len / 2);
  *at = p[1] == 'x' ? p + 2 + len : p + 1;
  return ERR_OK;
}

static err democall_string(struct abi_value *v, const char **at) {
  if (!democall_take(at, '"')) return ERR_INPUT;
  const char *end = strchr(*at, '"');
  if (!end) return ERR_INPUT;
  v->bytes = slice_of(*at, (size_t)(end - *at));
  *at = end + 1;
  return ERR_OK;
}

static err democall_list(struct abi_value *v, const struct abi_type *t,
                         struct arena *a, const char **at) {
  bool tuple = t->kind == ABI_TUPLE;
  u32 room = tuple ? t->len : 256, cnt = 0;
  char close = tuple ? ')' : ']';
  v->item = arena_array(a, struct abi_value, room + 1);
  if (!democall_take(at, tuple ? '(' : '[')) return ERR_INPUT;
  while (!democall_take(at, close)) {
    if (cnt == room || (cnt && !democall_take(at, ','))) return ERR_INPUT;
    TRY(democall_value(&v->item[cnt], tuple ? &t->sub[cnt] : t->sub, a, at));
    cnt++;
  }
  v->item_cnt = cnt;
  return ERR_OK;
}

static err democall_value(struct abi_value *v, const struct abi_type *t,
                          struct arena *a, const char **at) {
  switch (t->kind) {
    case ABI_TUPLE: case ABI_ARRAY: return democall_list(v, t, a, at);
    case ABI_STRING: return democall_string(v, at);
    case ABI_BYTES: case ABI_FIXED_BYTES: return democall_bytes(v, t, a, at);
    default: return democall_number(&v->num, at);
  }
}

err cmd_demo_encode(struct buf *out, struct arena *a, const char *method,
                    const char *value, struct errmsg *msg) {
  const char *open = strchr(method, '('), *at = value;
  struct abi_type t;
  struct abi_value v = {0};
  MUST(open);
  char *types = arena_printf(a, "%s", open + 1);
  types[strlen(types) - 1] = 0;
  TRY(abi_parse_types(&t, a, types, msg));
  err e = democall_value(&v, &t, a, &at);
  if (e < 0 || *at) {
    return err_say(msg, ERR_INPUT, "%s does not take %.120s", method, value);
  }
  u8 selector[4];
  abi_selector(selector, method);
  buf_put(out, selector, 4);
  e = abi_encode(out, &t, &v);
  return e < 0 ? err_say(msg, e, "%s: %.120s", method, value) : ERR_OK;
}
