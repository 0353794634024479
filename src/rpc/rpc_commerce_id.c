/* rpc_commerce_id.c - methods of Identity and Platforms beside their lists. */
#include <stdio.h>

#include "codec/hex.h"
#include "rpc/rpc_commerce.h"
#include "rpc/rpc_param.h"
#include "shop/shop_identity.h"

/* An anchor by its address, the address of its controller, or its handle. */
static err id_anchor(struct rpc_shop *q, struct store_val *out, slice who) {
  static const char *const col[] = {"anchor", "controller", "handle"};
  struct rpc_rows rows;
  addr20 a;
  bool address = hex_parse_addr(&a, who) == ERR_OK;
  slice key = address ? arena_copy_slice(q->c->a, addr20_slice(&a)) : who;
  *out = (struct store_val){STORE_NULL, 0, {0}};
  for (u32 i = address ? 0 : 2; i < (address ? 2 : 3); i++) {
    TRY(rpc_shop_rows(q, &rows, PROJ_T_id_identity, col[i],
                      address ? store_blob(key) : store_text(key), 1));
    if (!rows.cnt) continue;
    *out = rows.row[0].v[0];
    return ERR_OK;
  }
  return ERR_OK;
}

static err id_get_more(struct rpc_shop *q, const struct rpc_row *row) {
  struct rpc_rows rows;
  struct rpc_list guardians = {"", "", PROJ_T_id_guardian, PROJ_IDENTITY, 0,
                               NULL, NULL};
  TRY(rpc_shop_rows(q, &rows, PROJ_T_id_operator, "anchor", row->v[0], 100));
  TRY(rpc_shop_items(q, "operators", &RPC_LISTS[RPC_L_id_operators], &rows));
  TRY(rpc_shop_rows(q, &rows, PROJ_T_id_guardian, "anchor", row->v[0], 15));
  TRY(rpc_shop_items(q, "guardians", &guardians, &rows));
  TRY(rpc_shop_rows(q, &rows, PROJ_T_id_sanction, "party", row->v[0], 1));
  return rpc_shop_items(q, "sanctions", &RPC_LISTS[RPC_L_id_sanctions], &rows);
}
err rpc_do_id_get(struct rpc_call *c) {
  struct rpc_shop q;
  struct store_val anchor;
  TRY(rpc_shop_begin(c, &q));
  err e = id_anchor(&q, &anchor, c->arg[0].text);
  if (e < 0) return rpc_shop_fail(&q, e);
  if (anchor.kind == STORE_NULL) {
    jsonw_null(&c->w);
    return ERR_OK;
  }
  return rpc_shop_get(c, &RPC_LISTS[RPC_L_id_list], &anchor, id_get_more);
}

enum { ID_DID_MAX = 128 };

/* did:cmt:<chain>:<anchor>, as it was given and as it is written. */
static err id_did_read(struct rpc_call *c, char did[ID_DID_MAX],
                       addr20 *anchor) {
  char start[48], hex[43];
  slice text = c->arg[0].text;
  snprintf(start, sizeof start, "did:cmt:%llu:",
           (unsigned long long)node_info(c->node)->chain_id);
  size_t n = strlen(start);
  if (text.len != n + 42 || memcmp(text.ptr, start, n) != 0 ||
      hex_parse_addr(anchor, slice_of(text.ptr + n, 42)) < 0)
    return rpc_fail(c, RPC_ERR_PARAMS, "did: %s and an address", start);
  hex_addr(hex, anchor);
  snprintf(did, ID_DID_MAX, "%s%s", start, hex);
  return ERR_OK;
}
/* One key of the document; what it is follows. */
static void id_did_method(struct jsonw *w, const char *did, const char *key,
                          const char *type) {
  jsonw_obj(w);
  jsonw_key(w, "id");
  jsonw_printf(w, "%s#%s", did, key);
  jsonw_kv_str(w, "type", type);
  jsonw_kv_str(w, "controller", did);
}
static void id_did_use(struct jsonw *w, const char *use, const char *did,
                       const char *key) {
  jsonw_key(w, use);
  jsonw_arr(w);
  jsonw_printf(w, "%s#%s", did, key);
  jsonw_arr_end(w);
}
/* The document that follows from the state. */
err rpc_do_id_did(struct rpc_call *c) {
  struct rpc_shop q;
  struct rpc_rows rows;
  char did[ID_DID_MAX], hex[43];
  addr20 anchor, by = {{0}};
  TRY(rpc_shop_begin(c, &q));
  TRY(id_did_read(c, did, &anchor));
  err e = rpc_shop_rows(&q, &rows, PROJ_T_id_identity, "anchor",
                        store_blob(addr20_slice(&anchor)), 1);
  if (e < 0) return rpc_shop_fail(&q, e);
  struct jsonw *w = &c->w;
  if (!rows.cnt) {
    jsonw_null(w);
    return ERR_OK;
  }
  const struct rpc_row *row = &rows.row[0];
  slice controller = rpc_row_col(row, PROJ_T_id_identity, "controller")->bytes;
  if (controller.len == 20) memcpy(by.b, controller.ptr, 20);
  hex_addr(hex, &by);
  jsonw_obj(w);
  jsonw_kv_str(w, "@context", "https://www.w3.org/ns/did/v1");
  jsonw_kv_str(w, "id", did);
  jsonw_key(w, "verificationMethod");
  jsonw_arr(w);
  id_did_method(w, did, "controller", "EcdsaSecp256k1RecoveryMethod2020");
  jsonw_key(w, "blockchainAccountId");
  jsonw_printf(w, "eip155:%llu:%s",
               (unsigned long long)node_info(c->node)->chain_id, hex);
  jsonw_obj_end(w);
  id_did_method(w, did, "encryption", "X25519KeyAgreementKey2020");
  jsonw_kv_hex(w, "publicKeyHex",
               rpc_row_col(row, PROJ_T_id_identity, "enc_key")->bytes);
  jsonw_obj_end(w);
  jsonw_arr_end(w);
  id_did_use(w, "authentication", did, "controller");
  id_did_use(w, "keyAgreement", did, "encryption");
  jsonw_kv_hex(w, "serviceHash",
               rpc_row_col(row, PROJ_T_id_identity, "doc")->bytes);
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_do_id_guardianOf(struct rpc_call *c) {
  struct rpc_shop q;
  struct rpc_rows rows;
  struct rpc_list l = {"", "", PROJ_T_id_guardian, PROJ_IDENTITY, 0, NULL,
                       NULL};
  const addr20 *who;
  TRY(rpc_shop_begin_party(c, &q, &who));
  err e = rpc_shop_rows(&q, &rows, PROJ_T_id_guardian, "guardian",
                        store_blob(addr20_slice(who)), 200);
  if (e < 0) return rpc_shop_fail(&q, e);
  jsonw_obj(&c->w);
  e = rpc_shop_items(&q, "items", &l, &rows);
  if (e < 0) return rpc_shop_fail(&q, e);
  jsonw_kv_u64(&c->w, "height", q.head);
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

err rpc_do_id_reputation(struct rpc_call *c) {
  struct rpc_shop q;
  struct rpc_rows rows;
  bool found;
  const addr20 *who;
  TRY(rpc_shop_begin_party(c, &q, &who));
  struct jsonw *w = &c->w;
  u256 key = module_key_addr(who);
  err e = rpc_shop_rows(&q, &rows, PROJ_T_id_rep, "party",
                        store_blob(addr20_slice(who)), 1);
  jsonw_obj(w);
  jsonw_kv_hex(w, "party", addr20_slice(who));
  jsonw_key(w, "inputs");
  jsonw_obj(w);
  if (!e) e = rpc_shop_record(&q, &found, PROJ_IDENTITY, 8, &key);
  if (e < 0) return rpc_shop_fail(&q, e);
  jsonw_obj_end(w);
  i64 rating = 350, score = 700;
  if (rows.cnt) {
    rating = rpc_row_col(&rows.row[0], PROJ_T_id_rep, "rating")->num;
    score = rpc_row_col(&rows.row[0], PROJ_T_id_rep, "score")->num;
  }
  jsonw_kv_i64(w, "ratingX100", rating);
  jsonw_kv_i64(w, "score", score);
  jsonw_kv_str(w, "formula",
               "rating = (14000 + 100 reviewSum) / (40 + reviewWeight); score = "
               "2 rating - 40 disputesLost - 15 sellerCancels - 100 sanctions, "
               "from 0 to 1000");
  jsonw_key(w, "history");
  e = rpc_shop_timeline(&q, PROJ_IDENTITY, 8, addr20_slice(who), 50);
  if (e < 0) return rpc_shop_fail(&q, e);
  jsonw_kv_u64(w, "height", q.head);
  jsonw_obj_end(w);
  return ERR_OK;
}

/*--------------------------------------------------------------- platforms */
err rpc_do_platform_get(struct rpc_call *c) {
  return rpc_shop_get_num(c, RPC_L_platform_list, NULL);
}

err rpc_do_platform_income(struct rpc_call *c) {
  struct rpc_shop q;
  u64 id = 0, from = 0, to = INT64_MAX;
  TRY(rpc_shop_arg_only(c, "id from to"));
  TRY(rpc_shop_arg_u64(c, &id, "id"));
  TRY(rpc_shop_arg_u64(c, &from, "from"));
  TRY(rpc_shop_arg_u64(c, &to, "to"));
  if (!id) return rpc_fail(c, RPC_ERR_PARAMS, "id: of the platform");
  if (to > INT64_MAX) to = INT64_MAX;
  TRY(rpc_shop_begin(c, &q));
  struct rpc_rows rows = {.a = c->a};
  struct store_val v[] = {store_num(id), store_num(from), store_num(to)};
  err e = proj_named(q.s, "platform_income", v, 3, rpc_rows_add, &rows);
  if (e < 0) return rpc_shop_fail(&q, e);
  static const char *const name[] = {"token", "orders", "fees", "allFees",
                                     "volume"};
  struct jsonw *w = &c->w;
  jsonw_obj(w);
  rpc_shop_tokens(w, "items", name, ARRAY_LEN(name), &rows);
  jsonw_kv_u64(w, "height", q.head);
  jsonw_obj_end(w);
  return ERR_OK;
}
