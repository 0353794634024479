/* rpc_param.c - reads parameters by type: one reader for each row of RPC_TYPE.
**
** What is accepted is what geth accepts: quantities are 0x-hex without leading
** zeros, data has an even number of digits, addresses of any letter case (a
** mixed-case one is not held to its checksum, as geth does not), block
** arguments are tags, heights, hashes or EIP-1898 objects.  Unknown members of
** call and filter objects are ignored.  Fee fields of calls are read, checked
** and cost nothing.
**
** Limits (rpc_call.h): slots, percentiles, filter addresses and topics, access
** list entries, authorizations.
*/
#include "codec/hex.h"
#include "rpc/rpc_param.h"

struct rpc_value rpc_value_of(const json_t *j) {
  struct rpc_value v = {0};
  if (!j) return v;
  switch (json_typeof(j)) {
    case JSON_OBJECT: v.kind = RPC_OBJECT; v.tree = j; break;
    case JSON_ARRAY: v.kind = RPC_ARRAY; v.tree = j; break;
    case JSON_STRING:
      v.kind = RPC_STRING;
      v.str = slice_of(json_string_value(j), json_string_length(j));
      break;
    case JSON_INTEGER:
      v.kind = RPC_INTEGER;
      v.num = json_integer_value(j);
      break;
    case JSON_REAL:
      v.kind = RPC_REAL;
      v.real = json_real_value(j);
      break;
    case JSON_TRUE: v.kind = RPC_TRUE; break;
    case JSON_FALSE: v.kind = RPC_FALSE; break;
    case JSON_NULL: v.kind = RPC_NULL; break;
  }
  return v;
}

/* "string", "object", ...: for messages. */
static const char *rpc_kind_name(enum rpc_kind k) {
  switch (k) {
    case RPC_NULL: return "null";
    case RPC_FALSE:
    case RPC_TRUE: return "bool";
    case RPC_STRING: return "string";
    case RPC_INTEGER:
    case RPC_REAL: return "number";
    case RPC_OBJECT: return "object";
    case RPC_ARRAY: return "array";
    default: return "nothing";
  }
}

err rpc_param_string(slice *out, const struct rpc_value *v,
                     const char *want, struct errmsg *msg) {
  if (v->kind != RPC_STRING) {
    return err_say(msg, ERR_INPUT,
                   "json: cannot unmarshal %s into a value of type %s",
                   rpc_kind_name(v->kind), want);
  }
  *out = v->str;
  return ERR_OK;
}

/* Why a 0x-text was refused, in geth's words. */
static err rpc_param_bad_hex(slice s, struct errmsg *msg) {
  if (s.len == 0) return err_say(msg, ERR_INPUT, "empty hex string");
  if (s.len < 2 || s.ptr[0] != '0' || (s.ptr[1] | 0x20) != 'x') {
    return err_say(msg, ERR_INPUT, "hex string without 0x prefix");
  }
  for (size_t i = 2; i < s.len; i++) {
    u8 c = s.ptr[i] | 0x20;
    bool digit = s.ptr[i] >= '0' && s.ptr[i] <= '9';
    if (!digit && !(c >= 'a' && c <= 'f')) {
      return err_say(msg, ERR_INPUT, "invalid hex string");
    }
  }
  return err_say(msg, ERR_INPUT, "hex string of wrong length");
}

static err rpc_param_bad_quantity(slice s, u32 bits, struct errmsg *msg) {
  struct errmsg why;
  err e = rpc_param_bad_hex(s, &why);
  if (strcmp(why.text, "hex string of wrong length") != 0) {
    return err_say(msg, e, "%s", why.text);
  }
  if (s.len == 2) return err_say(msg, e, "hex string \"0x\"");
  if (s.ptr[2] == '0' && s.len > 3) {
    return err_say(msg, e, "hex number with leading zero digits");
  }
  return err_say(msg, e, "hex number > %u bits", bits);
}

err rpc_param_fixed(void *out, size_t len, const struct rpc_value *v,
                    const char *want, struct errmsg *msg) {
  slice s = {0};
  TRY(rpc_param_string(&s, v, want, msg));
  if (s.len == 2 + 2 * len && s.ptr[0] == '0' && (s.ptr[1] | 0x20) == 'x' &&
      hex_decode(out, (const char *)s.ptr + 2, 2 * len) >= 0) {
    return ERR_OK;
  }
  struct errmsg why;
  err e = rpc_param_bad_hex(s, &why);
  if (strcmp(why.text, "hex string of wrong length") != 0) {
    return err_say(msg, e, "%s", why.text);
  }
  return err_say(msg, e, "hex string has length %zu, want %zu for %s",
                 s.len - 2, 2 * len, want);
}

err rpc_param_u64(u64 *out, const struct rpc_value *v,
                  struct errmsg *msg) {
  slice s = {0};
  TRY(rpc_param_string(&s, v, "quantity", msg));
  if (hex_quantity(out, s) >= 0) return ERR_OK;
  return rpc_param_bad_quantity(s, 64, msg);
}

err rpc_param_u256(u256 *out, const struct rpc_value *v,
                   struct errmsg *msg) {
  slice s = {0};
  TRY(rpc_param_string(&s, v, "quantity", msg));
  if (hex_quantity_u256(out, s) >= 0) return ERR_OK;
  return rpc_param_bad_quantity(s, 256, msg);
}

/* [2, 248, ...]: how alloy, and so Foundry, writes bytes here and there. */
static err rpc_param_byte_list(struct rpc_call *c, slice *out,
                               const json_t *list, struct errmsg *msg) {
  size_t len = json_array_size(list);
  u8 *p = arena_alloc_raw(c->a, len ? len : 1);
  for (size_t i = 0; i < len; i++) {
    const json_t *item = json_array_get(list, i);
    json_int_t byte = json_integer_value(item);
    if (!json_is_integer(item) || byte < 0 || byte > 255)
      return err_say(msg, ERR_INPUT, "bytes are wanted in hex: \"0x...\"");
    p[i] = (u8)byte;
  }
  *out = slice_of(p, len);
  return ERR_OK;
}

err rpc_param_bytes(struct rpc_call *c, slice *out,
                    const struct rpc_value *v, struct errmsg *msg) {
  slice s = {0};
  if (v->kind == RPC_ARRAY) return rpc_param_byte_list(c, out, v->tree, msg);
  TRY(rpc_param_string(&s, v, "bytes", msg));
  if (s.len < 2 || s.ptr[0] != '0' || (s.ptr[1] | 0x20) != 'x') {
    return rpc_param_bad_hex(s, msg);
  }
  if (s.len % 2) return err_say(msg, ERR_INPUT, "hex string of odd length");
  size_t len = s.len / 2 - 1;
  u8 *p = arena_alloc_raw(c->a, len ? len : 1);
  if (hex_decode(p, (const char *)s.ptr + 2, 2 * len) < 0) {
    return rpc_param_bad_hex(s, msg);
  }
  *out = slice_of(p, len);
  return ERR_OK;
}

/*---------------------------------------------------------- simple readers */

err rpc_read_ADDRESS(struct rpc_call *c, struct rpc_arg *out,
                     const struct rpc_value *v, struct errmsg *msg) {
  (void)c;
  return rpc_param_fixed(out->addr.b, 20, v, "address", msg);
}

err rpc_read_HASH(struct rpc_call *c, struct rpc_arg *out,
                  const struct rpc_value *v, struct errmsg *msg) {
  (void)c;
  return rpc_param_fixed(out->hash.b, 32, v, "hash", msg);
}

err rpc_read_QUANTITY(struct rpc_call *c, struct rpc_arg *out,
                      const struct rpc_value *v, struct errmsg *msg) {
  (void)c;
  return rpc_param_u64(&out->num, v, msg);
}

/* eth_feeHistory is called with both. */
err rpc_param_count(u64 *out, const struct rpc_value *v, struct errmsg *msg) {
  if (v->kind == RPC_INTEGER) {
    if (v->num < 0) return err_say(msg, ERR_INPUT, "negative number");
    *out = (u64)v->num;
    return ERR_OK;
  }
  if (v->kind == RPC_STRING && v->str.len && v->str.len < 20 &&
      !(v->str.len > 1 && v->str.ptr[0] == '0')) {
    u256 n;
    if (u256_parse(&n, (const char *)v->str.ptr, v->str.len) >= 0 &&
        u256_fits64(&n)) {
      *out = n.w[0];
      return ERR_OK;
    }
  }
  return rpc_param_u64(out, v, msg);
}

err rpc_read_COUNT(struct rpc_call *c, struct rpc_arg *out,
                   const struct rpc_value *v, struct errmsg *msg) {
  (void)c;
  return rpc_param_count(&out->num, v, msg);
}

err rpc_read_DATA(struct rpc_call *c, struct rpc_arg *out,
                  const struct rpc_value *v, struct errmsg *msg) {
  return rpc_param_bytes(c, &out->bytes, v, msg);
}

err rpc_param_bool(bool *out, const struct rpc_value *v, struct errmsg *msg) {
  if (v->kind != RPC_TRUE && v->kind != RPC_FALSE) {
    return err_say(msg, ERR_INPUT,
                   "json: cannot unmarshal %s into a value of type bool",
                   rpc_kind_name(v->kind));
  }
  *out = v->kind == RPC_TRUE;
  return ERR_OK;
}

err rpc_read_BOOL(struct rpc_call *c, struct rpc_arg *out,
                  const struct rpc_value *v, struct errmsg *msg) {
  (void)c;
  return rpc_param_bool(&out->flag, v, msg);
}

err rpc_read_NUMBER(struct rpc_call *c, struct rpc_arg *out,
                    const struct rpc_value *v, struct errmsg *msg) {
  static const struct {
    const char *name;
    enum rpc_tag tag;
  } tags[] = {{"latest", RPC_AT_LATEST},
              {"pending", RPC_AT_PENDING},
              {"earliest", RPC_AT_NUMBER},
              {"safe", RPC_AT_LATEST},
              {"finalized", RPC_AT_LATEST}};
  (void)c;
  slice s = {0};
  TRY(rpc_param_string(&s, v, "block number", msg));
  out->block = (struct rpc_block){0};
  for (u32 i = 0; i < ARRAY_LEN(tags); i++) {
    if (slice_eq(s, slice_str(tags[i].name))) {
      out->block.tag = tags[i].tag;
      return ERR_OK;
    }
  }
  out->block.tag = RPC_AT_NUMBER;
  TRY(rpc_param_u64(&out->block.number, v, msg));
  if (out->block.number > INT64_MAX) {
    return err_say(msg, ERR_INPUT, "block number larger than int64");
  }
  return ERR_OK;
}

/* EIP-1898, or a bare hash, or what NUMBER takes. */
err rpc_read_BLOCK(struct rpc_call *c, struct rpc_arg *out,
                   const struct rpc_value *v, struct errmsg *msg) {
  struct rpc_value hash = *v;
  if (v->kind == RPC_OBJECT) {
    hash = rpc_value_of(json_object_get(v->tree, "blockHash"));
    struct rpc_value num =
        rpc_value_of(json_object_get(v->tree, "blockNumber"));
    bool has_hash = hash.kind > RPC_NULL, has_num = num.kind > RPC_NULL;
    if (has_hash && has_num) {
      return err_say(msg, ERR_INPUT,
                     "cannot specify both BlockHash and BlockNumber, choose "
                     "one or the other");
    }
    if (has_num) return rpc_read_NUMBER(c, out, &num, msg);
    if (!has_hash) return err_say(msg, ERR_INPUT, "blockNumber or blockHash is missing");
  } else if (v->kind != RPC_STRING || v->str.len != 66) {
    return rpc_read_NUMBER(c, out, v, msg);
  }
  out->block = (struct rpc_block){.tag = RPC_AT_HASH};
  return rpc_param_fixed(out->block.hash.b, 32, &hash, "hash", msg);
}

/*---------------------------------------------------------------- storage */

/* As geth: with or without 0x, odd digits allowed, at most 32 bytes. */
err rpc_param_slot(struct rpc_slot *out, const struct rpc_value *v,
                   struct errmsg *msg) {
  slice s = {0};
  TRY(rpc_param_string(&s, v, "storage key", msg));
  if (s.len >= 2 && s.ptr[0] == '0' && (s.ptr[1] | 0x20) == 'x') {
    s = slice_of(s.ptr + 2, s.len - 2);
  }
  if (s.len > 64) {
    return err_say(msg, ERR_INPUT,
                   "storage key too long (want at most 32 bytes)");
  }
  char digits[64];
  u8 bytes[32];
  memset(digits, '0', sizeof digits);
  memcpy(digits + 64 - s.len, s.ptr, s.len);
  if (hex_decode(bytes, digits, 64) < 0) {
    return err_say(msg, ERR_INPUT, "invalid hex in storage key");
  }
  u256_from_be(&out->key, bytes);
  out->padded = s.len == 64;
  return ERR_OK;
}

err rpc_read_SLOT(struct rpc_call *c, struct rpc_arg *out,
                  const struct rpc_value *v, struct errmsg *msg) {
  out->slot = arena_new(c->a, struct rpc_slot);
  out->cnt = 1;
  return rpc_param_slot(out->slot, v, msg);
}

err rpc_param_array(size_t *cnt, const struct rpc_value *v, size_t max,
                    const char *what, struct errmsg *msg) {
  if (v->kind != RPC_ARRAY) {
    return err_say(msg, ERR_INPUT,
                   "json: cannot unmarshal %s into a list of %s",
                   rpc_kind_name(v->kind), what);
  }
  *cnt = json_array_size(v->tree);
  if (*cnt > max) {
    return err_say(msg, ERR_INPUT, "too many %s (max %zu)", what, max);
  }
  return ERR_OK;
}

err rpc_read_SLOTS(struct rpc_call *c, struct rpc_arg *out,
                   const struct rpc_value *v, struct errmsg *msg) {
  size_t cnt;
  TRY(rpc_param_array(&cnt, v, RPC_SLOT_CNT_MAX, "storage keys", msg));
  out->slot = arena_array(c->a, struct rpc_slot, cnt);
  out->cnt = (u32)cnt;
  for (u32 i = 0; i < cnt; i++) {
    struct rpc_value item = rpc_value_of(json_array_get(v->tree, i));
    TRY(rpc_param_slot(&out->slot[i], &item, msg));
  }
  return ERR_OK;
}

err rpc_read_PERCENTILES(struct rpc_call *c, struct rpc_arg *out,
                         const struct rpc_value *v, struct errmsg *msg) {
  size_t cnt;
  TRY(rpc_param_array(&cnt, v, RPC_PERCENTILE_MAX, "percentiles", msg));
  double last = 0, *list = arena_array(c->a, double, cnt);
  for (u32 i = 0; i < cnt; i++) {
    struct rpc_value item = rpc_value_of(json_array_get(v->tree, i));
    double p = item.kind == RPC_INTEGER ? (double)item.num : item.real;
    bool number = item.kind == RPC_INTEGER || item.kind == RPC_REAL;
    if (!number || !(p >= 0 && p <= 100)) {
      return err_say(msg, ERR_INPUT, "invalid reward percentile: entry %u", i);
    }
    if (i && p < last) {
      return err_say(msg, ERR_INPUT,
                     "invalid reward percentile: entry %u is below the one "
                     "before it", i);
    }
    list[i] = last = p;
  }
  out->real = list;
  out->cnt = (u32)cnt;
  return ERR_OK;
}

/*------------------------------------------------------------ call objects */

err rpc_param_object(const struct rpc_value *v, const char *what,
                     struct errmsg *msg) {
  if (v->kind == RPC_OBJECT) return ERR_OK;
  return err_say(msg, ERR_INPUT,
                 "json: cannot unmarshal %s into a%s %s object",
                 rpc_kind_name(v->kind), strchr("aeiou", what[0]) ? "n" : "",
                 what);
}

struct rpc_value rpc_member(const struct rpc_value *obj,
                            const char *key) {
  struct rpc_value v = {0};
  if (obj->tree) {
    v = rpc_value_of(json_object_get(obj->tree, key));
  } else if (obj->flat) {
    slice name = slice_str(key);
    for (u32 i = 0; i < obj->flat->cnt; i++) {
      if (slice_eq(obj->flat->key[i], name)) v = obj->flat->val[i];
    }
  }
  if (v.kind == RPC_NULL) v.kind = RPC_NONE;
  return v;
}

static err rpc_param_access_entry(struct rpc_call *c, struct chain_access *out,
                                  const struct rpc_value *v, size_t *left,
                                  struct errmsg *msg) {
  if (v->kind != RPC_OBJECT) {
    return err_say(msg, ERR_INPUT, "entry is no object");
  }
  struct rpc_value addr = rpc_member(v, "address");
  TRY(rpc_param_fixed(out->addr.b, 20, &addr, "address", msg));
  struct rpc_value keys = rpc_member(v, "storageKeys");
  if (keys.kind == RPC_NONE) return ERR_OK;
  size_t cnt;
  TRY(rpc_param_array(&cnt, &keys, *left, "storage keys", msg));
  *left -= cnt;
  u256 *slot = arena_array(c->a, u256, cnt);
  for (u32 i = 0; i < cnt; i++) {
    struct rpc_value item = rpc_value_of(json_array_get(keys.tree, i));
    u8 b[32];
    TRY(rpc_param_fixed(b, 32, &item, "hash", msg));
    u256_from_be(&slot[i], b);
  }
  out->slot = slot;
  out->slot_cnt = (u32)cnt;
  return ERR_OK;
}

static err rpc_param_access(struct rpc_call *c, struct chain_tx *tx,
                            const struct rpc_value *v, struct errmsg *msg) {
  size_t cnt, left = RPC_ACCESS_MAX;
  TRY(rpc_param_array(&cnt, v, RPC_ACCESS_MAX, "access list entries", msg));
  struct chain_access *list = arena_array(c->a, struct chain_access, cnt);
  for (u32 i = 0; i < cnt; i++) {
    struct rpc_value item = rpc_value_of(json_array_get(v->tree, i));
    TRY(rpc_param_access_entry(c, &list[i], &item, &left, msg));
  }
  tx->access = list;
  tx->access_cnt = (u32)cnt;
  return ERR_OK;
}

static err rpc_param_auth(struct chain_auth *out, const struct rpc_value *v,
                          struct errmsg *msg) {
  if (v->kind != RPC_OBJECT) {
    return err_say(msg, ERR_INPUT, "entry is no object");
  }
  u256 r = U256_ZERO, s = U256_ZERO;
  RPC_MEMBER(v, "chainId", rpc_param_u256(&out->chain_id, &m_, msg));
  RPC_MEMBER(v, "address",
             rpc_param_fixed(out->addr.b, 20, &m_, "address", msg));
  RPC_MEMBER(v, "nonce", rpc_param_u64(&out->nonce, &m_, msg));
  RPC_MEMBER(v, "yParity", rpc_param_u256(&out->y_parity, &m_, msg));
  RPC_MEMBER(v, "r", rpc_param_u256(&r, &m_, msg));
  RPC_MEMBER(v, "s", rpc_param_u256(&s, &m_, msg));
  u256_to_be(out->sig.r, &r);
  u256_to_be(out->sig.s, &s);
  out->sig.v = (u8)(out->y_parity.w[0] & 1);
  chain_auth_recover(out);
  return ERR_OK;
}

static err rpc_param_auths(struct rpc_call *c, struct chain_tx *tx,
                           const struct rpc_value *v, struct errmsg *msg) {
  size_t cnt;
  TRY(rpc_param_array(&cnt, v, RPC_AUTH_MAX, "authorizations", msg));
  tx->auth = arena_array(c->a, struct chain_auth, cnt);
  for (u32 i = 0; i < cnt; i++) {
    struct rpc_value item = rpc_value_of(json_array_get(v->tree, i));
    TRY(rpc_param_auth(&tx->auth[i], &item, msg));
  }
  tx->auth_cnt = (u32)cnt;
  return ERR_OK;
}

static err rpc_param_hashes(struct rpc_call *c, const hash32 **out, u32 *out_cnt,
                            const struct rpc_value *v, size_t max,
                            const char *what, struct errmsg *msg) {
  size_t cnt;
  TRY(rpc_param_array(&cnt, v, max, what, msg));
  hash32 *list = arena_array(c->a, hash32, cnt);
  for (u32 i = 0; i < cnt; i++) {
    struct rpc_value item = rpc_value_of(json_array_get(v->tree, i));
    TRY(rpc_param_fixed(list[i].b, 32, &item, "hash", msg));
  }
  *out = list;
  *out_cnt = (u32)cnt;
  return ERR_OK;
}

static err rpc_param_input(struct rpc_call *c, struct chain_tx *tx,
                           const struct rpc_value *v, struct errmsg *msg) {
  slice data = {0}, input = {0};
  RPC_MEMBER(v, "data", rpc_param_bytes(c, &data, &m_, msg));
  RPC_MEMBER(v, "input", rpc_param_bytes(c, &input, &m_, msg));
  if (data.ptr && input.ptr && !slice_eq(data, input)) {
    return err_say(msg, ERR_INPUT,
                   "both \"data\" and \"input\" are set and not equal. Please "
                   "use \"input\" to pass transaction call data");
  }
  tx->data = input.ptr ? input : data;
  return ERR_OK;
}

static err rpc_param_fees(struct chain_tx *tx, const struct rpc_value *v,
                          struct errmsg *msg) {
  u256 price = U256_ZERO, fee = U256_ZERO, tip = U256_ZERO;
  RPC_MEMBER(v, "gasPrice", rpc_param_u256(&price, &m_, msg));
  RPC_MEMBER(v, "maxFeePerGas", rpc_param_u256(&fee, &m_, msg));
  RPC_MEMBER(v, "maxPriorityFeePerGas", rpc_param_u256(&tip, &m_, msg));
  RPC_MEMBER(v, "maxFeePerBlobGas",
             rpc_param_u256(&tx->max_blob_fee, &m_, msg));
  bool legacy = rpc_member(v, "gasPrice").kind != RPC_NONE;
  bool has_fee = rpc_member(v, "maxFeePerGas").kind != RPC_NONE;
  bool dynamic =
      has_fee || rpc_member(v, "maxPriorityFeePerGas").kind != RPC_NONE;
  if (legacy && dynamic) {
    return err_say(msg, ERR_INPUT,
                   "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) "
                   "specified");
  }
  if (has_fee && u256_lt(&fee, &tip)) {
    return err_say(msg, ERR_INPUT,
                   "maxFeePerGas is below maxPriorityFeePerGas");
  }
  tx->gas_price = dynamic ? fee : price;
  tx->max_priority_fee = dynamic ? tip : price;
  if (dynamic) tx->type = 2;
  return ERR_OK;
}

err rpc_read_CALL(struct rpc_call *c, struct rpc_arg *out,
                  const struct rpc_value *value, struct errmsg *msg) {
  struct rpc_value read = *value, *v = &read;
  TRY(rpc_param_object(v, "call", msg));
  if (!v->tree) {
    struct rpc_flat *flat = arena_new(c->a, struct rpc_flat);
    slice text = v->str;
    MUST(rpc_scan_flat(flat, &text));
    v->flat = flat;
  }
  struct rpc_txcall *call = out->call = arena_new(c->a, struct rpc_txcall);
  struct chain_tx *tx = &call->tx;
  u64 our_id = node_info(c->node)->chain_id;
  tx->has_sender = true; /* zero unless given */
  tx->chain_id = our_id;
  tx->protected = true;
  TRY(rpc_param_fees(tx, v, msg));
  RPC_MEMBER(v, "from",
             rpc_param_fixed(tx->sender.b, 20, &m_, "address", msg));
  RPC_MEMBER(v, "to", rpc_param_fixed(tx->to.b, 20, &m_, "address", msg));
  RPC_MEMBER(v, "gas", rpc_param_u64(&tx->gas_limit, &m_, msg));
  RPC_MEMBER(v, "value", rpc_param_u256(&tx->value, &m_, msg));
  RPC_MEMBER(v, "nonce", rpc_param_u64(&tx->nonce, &m_, msg));
  RPC_MEMBER(v, "chainId", rpc_param_u64(&tx->chain_id, &m_, msg));
  RPC_MEMBER(v, "accessList", rpc_param_access(c, tx, &m_, msg));
  RPC_MEMBER(v, "authorizationList", rpc_param_auths(c, tx, &m_, msg));
  RPC_MEMBER(v, "blobVersionedHashes",
             rpc_param_hashes(c, &tx->blob_hash, &tx->blob_cnt, &m_, 64,
                              "blob hashes", msg));
  TRY(rpc_param_input(c, tx, v, msg));
  tx->has_to = rpc_member(v, "to").kind != RPC_NONE;
  call->has_gas = rpc_member(v, "gas").kind != RPC_NONE;
  call->has_nonce = rpc_member(v, "nonce").kind != RPC_NONE;
  if (tx->chain_id != our_id) {
    return err_say(msg, ERR_INPUT,
                   "chainId does not match node's (have=%llu, want=%llu)",
                   (unsigned long long)tx->chain_id,
                   (unsigned long long)our_id);
  }
  if (tx->auth_cnt) {
    tx->type = 4;
  } else if (tx->blob_cnt) {
    tx->type = 3;
  } else if (tx->access_cnt && tx->type == 0) {
    tx->type = 1;
  }
  return ERR_OK;
}

/*---------------------------------------------------------------- filters */

static err rpc_filter_addrs(struct rpc_call *c, struct rpc_filter *f,
                            const struct rpc_value *v, struct errmsg *msg) {
  size_t cnt = 1;
  bool many = v->kind == RPC_ARRAY;
  if (many) {
    TRY(rpc_param_array(&cnt, v, RPC_FILTER_ADDR_MAX, "addresses", msg));
  }
  addr20 *list = arena_array(c->a, addr20, cnt);
  for (u32 i = 0; i < cnt; i++) {
    struct rpc_value item =
        many ? rpc_value_of(json_array_get(v->tree, i)) : *v;
    TRY(rpc_param_fixed(list[i].b, 20, &item, "address", msg));
  }
  f->addr = list;
  f->addr_cnt = (u32)cnt;
  return ERR_OK;
}

/* Each place: null = any, a topic, or a list of which one must match (a null
** within makes it any). */
static err rpc_filter_topic(struct rpc_call *c, struct rpc_filter *f, u32 at,
                            const struct rpc_value *v, struct errmsg *msg) {
  if (v->kind == RPC_NULL) return ERR_OK;
  if (v->kind != RPC_ARRAY) {
    hash32 *one = arena_new(c->a, hash32);
    TRY(rpc_param_fixed(one->b, 32, v, "topic", msg));
    f->topic[at] = one;
    f->topic_cnt[at] = 1;
    return ERR_OK;
  }
  for (size_t i = 0; i < json_array_size(v->tree); i++) {
    if (json_is_null(json_array_get(v->tree, i))) return ERR_OK;
  }
  return rpc_param_hashes(c, &f->topic[at], &f->topic_cnt[at], v,
                          RPC_FILTER_TOPIC_MAX, "topics", msg);
}

static err rpc_filter_topics(struct rpc_call *c, struct rpc_filter *f,
                             const struct rpc_value *v, struct errmsg *msg) {
  size_t cnt;
  TRY(rpc_param_array(&cnt, v, 4, "topics", msg));
  for (u32 i = 0; i < cnt; i++) {
    struct rpc_value item = rpc_value_of(json_array_get(v->tree, i));
    TRY(rpc_filter_topic(c, f, i, &item, msg));
  }
  return ERR_OK;
}

static err rpc_filter_block(struct rpc_call *c, struct rpc_block *out,
                            const struct rpc_value *v, struct errmsg *msg) {
  struct rpc_arg arg;
  TRY(rpc_read_NUMBER(c, &arg, v, msg));
  *out = arg.block;
  return ERR_OK;
}

err rpc_read_FILTER(struct rpc_call *c, struct rpc_arg *out,
                    const struct rpc_value *v, struct errmsg *msg) {
  TRY(rpc_param_object(v, "filter", msg));
  struct rpc_filter *f = out->filter = arena_new(c->a, struct rpc_filter);
  f->from.tag = f->to.tag = RPC_AT_LATEST;
  RPC_MEMBER(v, "fromBlock", rpc_filter_block(c, &f->from, &m_, msg));
  RPC_MEMBER(v, "toBlock", rpc_filter_block(c, &f->to, &m_, msg));
  RPC_MEMBER(v, "address", rpc_filter_addrs(c, f, &m_, msg));
  RPC_MEMBER(v, "topics", rpc_filter_topics(c, f, &m_, msg));
  struct rpc_value hash = rpc_member(v, "blockHash");
  if (hash.kind == RPC_NONE) return ERR_OK;
  if (rpc_member(v, "fromBlock").kind != RPC_NONE ||
      rpc_member(v, "toBlock").kind != RPC_NONE) {
    return err_say(msg, ERR_INPUT,
                   "cannot specify both BlockHash and FromBlock/ToBlock, "
                   "choose one or the other");
  }
  f->by_hash = true;
  f->from.tag = RPC_AT_HASH;
  return rpc_param_fixed(f->from.hash.b, 32, &hash, "hash", msg);
}

err rpc_read_TEXT(struct rpc_call *c, struct rpc_arg *out,
                  const struct rpc_value *v, struct errmsg *msg) {
  (void)c;
  return rpc_param_string(&out->text, v, "string", msg);
}

err rpc_read_ANY(struct rpc_call *c, struct rpc_arg *out,
                 const struct rpc_value *v, struct errmsg *msg) {
  (void)c;
  (void)msg;
  out->any = *v;
  return ERR_OK;
}

err rpc_param_read(struct rpc_call *c, struct rpc_arg *out, enum rpc_type t,
                   const struct rpc_value *v, struct errmsg *msg) {
  switch (t) {
#define X(name, words, schema) \
  case RPC_##name: return rpc_read_##name(c, out, v, msg);
    RPC_TYPE(X)
#undef X
    default: break;
  }
  MUST(!"parameter type");
}
