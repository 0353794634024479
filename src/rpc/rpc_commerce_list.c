/* rpc_commerce_list.c - the methods that are lists and no more, and arguments
** of those that are not. */
#include <stdio.h>

#include "rpc/rpc_commerce.h"
#include "rpc/rpc_param.h"

const struct rpc_list RPC_LISTS[] = {
#define LIST(name, module, type, table, filters, sorts, more, where) \
  {filters, sorts, PROJ_T_##table, PROJ_##module, type, more, where},
#define LIST_OWN LIST
#include "rpc/rpc_commerce.def"
#undef LIST
#undef LIST_OWN
};
#define LIST_OWN(name, module, type, table, filters, sorts, more, where)
#define LIST(name, module, type, table, filters, sorts, more, where) \
  err rpc_do_##name(struct rpc_call *c) { \
    return rpc_shop_list(c, &RPC_LISTS[RPC_L_##name], NULL, 0); \
  }
#include "rpc/rpc_commerce.def"
#undef LIST
#undef LIST_OWN

err rpc_do_id_params(struct rpc_call *c) {
  return rpc_shop_params(c, PROJ_IDENTITY);
}
err rpc_do_platform_params(struct rpc_call *c) {
  return rpc_shop_params(c, PROJ_PLATFORMS);
}
err rpc_do_market_params(struct rpc_call *c) {
  return rpc_shop_params(c, PROJ_MARKET);
}
err rpc_do_order_params(struct rpc_call *c) {
  return rpc_shop_params(c, PROJ_ORDERS);
}

err rpc_do_mediation_params(struct rpc_call *c) {
  return rpc_shop_params(c, PROJ_MEDIATION);
}
err rpc_do_court_params(struct rpc_call *c) {
  return rpc_shop_params(c, PROJ_COURT);
}

/*--------------------------------------------------------------- arguments */
struct rpc_value rpc_shop_arg(struct rpc_call *c, const char *key) {
  struct rpc_value none = {.kind = RPC_NONE};
  if (!c->arg[0].given || c->arg[0].any.kind != RPC_OBJECT) return none;
  return rpc_member(&c->arg[0].any, key);
}
err rpc_shop_arg_u64(struct rpc_call *c, u64 *out, const char *key) {
  struct rpc_value v = rpc_shop_arg(c, key);
  struct errmsg msg;
  if (v.kind == RPC_NONE) return ERR_OK;
  return rpc_param_count(out, &v, &msg) < 0
             ? rpc_fail(c, RPC_ERR_PARAMS, "%s: %s", key, msg.text)
             : ERR_OK;
}
err rpc_shop_arg_addr(struct rpc_call *c, addr20 *out, bool *given,
                      const char *key) {
  struct rpc_value v = rpc_shop_arg(c, key);
  struct errmsg msg;
  *given = v.kind != RPC_NONE;
  if (!*given) return ERR_OK;
  return rpc_param_fixed(out->b, 20, &v, "0x and 40 hex digits", &msg) < 0
             ? rpc_fail(c, RPC_ERR_PARAMS, "%s: %s", key, msg.text)
             : ERR_OK;
}
err rpc_shop_arg_only(struct rpc_call *c, const char *keys) {
  const char *key;
  json_t *member;
  if (!c->arg[0].given || c->arg[0].any.kind == RPC_NULL) return ERR_OK;
  if (c->arg[0].any.kind != RPC_OBJECT)
    return rpc_fail(c, RPC_ERR_PARAMS, "one object with %s", keys);
  json_object_foreach((json_t *)c->arg[0].any.tree, key, member) {
    size_t len = strlen(key);
    const char *at = keys;
    bool known = false;
    while (*at && !known) {
      size_t n = strcspn(at, " ");
      known = n == len && !memcmp(at, key, n);
      at += at[n] ? n + 1 : n;
    }
    if (!known)
      return rpc_fail(c, RPC_ERR_PARAMS, "unknown member \"%.40s\": there are "
                      "%s", key, keys);
  }
  return ERR_OK;
}

/*------------------------------------------------------------- full text */
static bool shop_is_letter(u8 b) {
  return b >= 0x80 || (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') ||
         (b >= 'A' && b <= 'Z');
}
slice rpc_shop_match(struct arena *a, slice words) {
  struct buf b;
  u32 cnt = 0;
  size_t i = 0;
  buf_init(&b, 0);
  while (i < words.len && cnt < 8) {
    while (i < words.len && !shop_is_letter(words.ptr[i])) i++;
    size_t from = i;
    while (i < words.len && shop_is_letter(words.ptr[i])) i++;
    size_t len = i - from < 64 ? i - from : 64;
    if (!len) break;
    if (cnt++) buf_put_str(&b, " ");
    buf_put_str(&b, "\"");
    buf_put(&b, words.ptr + from, len);
    buf_put_str(&b, i == words.len ? "\"*" : "\"");
  }
  slice out = cnt ? arena_copy_slice(a, buf_slice(&b)) : slice_of(NULL, 0);
  buf_fini(&b);
  return out;
}

err rpc_shop_where_q(struct rpc_shop *q, struct store_query *sq,
                     const char *name, const struct rpc_value *v) {
  static const struct { u16 table; const char *name; } fts[] = {
    {PROJ_T_id_identity, "id_fts"}, {PROJ_T_platform_platform, "platform_fts"},
    {PROJ_T_mediation_mediator, "mediation_fts"},
    {PROJ_T_court_case, "court_fts"}};
  struct errmsg msg;
  slice text;
  (void)name;
  if (rpc_param_string(&text, v, "text", &msg) < 0)
    return rpc_fail(q->c, RPC_ERR_PARAMS, "q: %s", msg.text);
  slice match = rpc_shop_match(q->c->a, text);
  if (match.len)
    for (u32 i = 0; i < ARRAY_LEN(fts); i++)
      if (sq->table == proj_table(fts[i].table))
        rpc_shop_where(sq, fts[i].name, STORE_MATCH, store_text(match));
  return ERR_OK;
}
