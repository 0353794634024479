/* rpc_scan.c - the short cut for plain requests.
**
** Most bodies are {"jsonrpc":"2.0","id":1,"method":"...","params":["0x..."]}
** in some order.  This scanner reads that without building a tree, in one
** pass, pointing into the body; call objects too, {"to":"0x...","data":"0x..."}
** of at most RPC_FLAT_MAX plain values.  It takes only texts on which the JSON
** parser would give the same values, and gives up on everything else: other or
** repeated members, arrays and other objects within params, escapes, bytes
** outside 0x20..0x7e in strings, numbers with sign, point, exponent, leading
** zero or more than 15 digits.  fuzz_rpc holds both ways against each other.
*/
#include "rpc/rpc_call.h"

static bool rpc_scan_char(slice *s, u8 c) {
  if (s->len == 0 || *s->ptr != c) return false;
  s->ptr++;
  s->len--;
  return true;
}

void rpc_scan_space(slice *s) {
  while (s->len && (*s->ptr == ' ' || *s->ptr == '\t' || *s->ptr == '\n' ||
                    *s->ptr == '\r')) {
    s->ptr++;
    s->len--;
  }
}

/* "..." without escapes; out is what stands between the quotes. */
static bool rpc_scan_string(slice *s, slice *out) {
  if (!rpc_scan_char(s, '"')) return false;
  for (size_t i = 0; i < s->len; i++) {
    u8 c = s->ptr[i];
    if (c == '"') {
      *out = slice_of(s->ptr, i);
      s->ptr += i + 1;
      s->len -= i + 1;
      return true;
    }
    if (c < 0x20 || c > 0x7e || c == '\\') return false;
  }
  return false;
}

static bool rpc_scan_integer(slice *s, i64 *out) {
  size_t i = 0;
  i64 v = 0;
  while (i < s->len && s->ptr[i] >= '0' && s->ptr[i] <= '9') {
    v = v * 10 + (s->ptr[i] - '0');
    if (++i > 15) return false;
  }
  if (i == 0 || (i > 1 && s->ptr[0] == '0')) return false;
  if (i < s->len &&
      (s->ptr[i] == '.' || s->ptr[i] == 'e' || s->ptr[i] == 'E')) {
    return false;
  }
  s->ptr += i;
  s->len -= i;
  *out = v;
  return true;
}

static bool rpc_scan_word(slice *s, const char *word) {
  size_t n = strlen(word);
  if (s->len < n || memcmp(s->ptr, word, n) != 0) return false;
  s->ptr += n;
  s->len -= n;
  return true;
}

static bool rpc_scan_value(slice *s, struct rpc_value *out) {
  *out = (struct rpc_value){0};
  if (s->len == 0) return false;
  switch (*s->ptr) {
    case '"':
      out->kind = RPC_STRING;
      return rpc_scan_string(s, &out->str);
    case 't':
      out->kind = RPC_TRUE;
      return rpc_scan_word(s, "true");
    case 'f':
      out->kind = RPC_FALSE;
      return rpc_scan_word(s, "false");
    case 'n':
      out->kind = RPC_NULL;
      return rpc_scan_word(s, "null");
    default:
      out->kind = RPC_INTEGER;
      return rpc_scan_integer(s, &out->num);
  }
}

/* name, its colon, and the space around it */
static bool rpc_scan_key(slice *s, slice *key) {
  if (!rpc_scan_string(s, key)) return false;
  rpc_scan_space(s);
  if (!rpc_scan_char(s, ':')) return false;
  rpc_scan_space(s);
  return true;
}

bool rpc_scan_flat(struct rpc_flat *out, slice *text) {
  out->cnt = 0;
  if (!rpc_scan_char(text, '{')) return false;
  rpc_scan_space(text);
  if (rpc_scan_char(text, '}')) return true;
  for (;;) {
    u32 n = out->cnt;
    if (n == RPC_FLAT_MAX || !rpc_scan_key(text, &out->key[n]) ||
        !rpc_scan_value(text, &out->val[n])) {
      return false;
    }
    for (u32 i = 0; i < n; i++) {
      if (slice_eq(out->key[i], out->key[n])) return false;
    }
    out->cnt++;
    rpc_scan_space(text);
    if (rpc_scan_char(text, '}')) return true;
    if (!rpc_scan_char(text, ',')) return false;
    rpc_scan_space(text);
  }
}

static bool rpc_scan_param(slice *s, struct rpc_value *out) {
  struct rpc_flat flat;
  const u8 *from = s->ptr;
  if (s->len == 0 || *from != '{') return rpc_scan_value(s, out);
  *out = (struct rpc_value){.kind = RPC_OBJECT};
  if (!rpc_scan_flat(&flat, s)) return false;
  out->str = slice_of(from, (size_t)(s->ptr - from));
  return true;
}

static bool rpc_scan_params(slice *s, struct rpc_plain *out) {
  if (!rpc_scan_char(s, '[')) return false;
  rpc_scan_space(s);
  if (rpc_scan_char(s, ']')) return true;
  for (;;) {
    if (out->param_cnt == RPC_PARAM_MAX) return false;
    if (!rpc_scan_param(s, &out->param[out->param_cnt++])) return false;
    rpc_scan_space(s);
    if (rpc_scan_char(s, ']')) return true;
    if (!rpc_scan_char(s, ',')) return false;
    rpc_scan_space(s);
  }
}

/* id: a string, an integer or null, kept as written. */
static bool rpc_scan_id(slice *s, slice *out) {
  const u8 *from = s->ptr;
  struct rpc_value v;
  if (!rpc_scan_value(s, &v)) return false;
  if (v.kind != RPC_STRING && v.kind != RPC_INTEGER && v.kind != RPC_NULL) {
    return false;
  }
  *out = slice_of(from, (size_t)(s->ptr - from));
  return true;
}

static bool rpc_scan_member(slice *s, struct rpc_plain *out, u32 *seen) {
  slice key;
  if (!rpc_scan_key(s, &key)) return false;
  u32 bit;
  bool ok;
  if (slice_eq(key, slice_str("jsonrpc"))) {
    slice version;
    bit = 1;
    ok = rpc_scan_string(s, &version) && slice_eq(version, slice_str("2.0"));
  } else if (slice_eq(key, slice_str("id"))) {
    bit = 2;
    ok = rpc_scan_id(s, &out->id);
  } else if (slice_eq(key, slice_str("method"))) {
    bit = 4;
    ok = rpc_scan_string(s, &out->method) && out->method.len > 0;
  } else if (slice_eq(key, slice_str("params"))) {
    bit = 8;
    ok = rpc_scan_params(s, out);
  } else {
    return false;
  }
  if (!ok || (*seen & bit)) return false;
  *seen |= bit;
  return true;
}

bool rpc_scan(struct rpc_plain *out, slice *text) {
  slice s = *text;
  u32 seen = 0;
  out->id = out->method = (slice){0};
  out->param_cnt = 0;
  if (!rpc_scan_char(&s, '{')) return false;
  for (;;) {
    rpc_scan_space(&s);
    if (!rpc_scan_member(&s, out, &seen)) return false;
    rpc_scan_space(&s);
    if (rpc_scan_char(&s, '}')) break;
    if (!rpc_scan_char(&s, ',')) return false;
  }
  if ((seen & 5) != 5) return false; /* jsonrpc and method */
  *text = s;
  return true;
}
