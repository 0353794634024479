/* http_api.c - what the dashboard asks beside JSON-RPC: status, the node's
** keys, sending from one of them; and health for supervisors.
**
** Sending goes the way every wallet goes: nonce and gas are asked by JSON-RPC
** (within the process), the transaction is signed with the key that the
** password opens, and submitted like any other.  Passwords are tried one at a
** time, a wrong one costs a second, and the body that held it is wiped.
*/
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "gen/gen_version.h"
#include "web/http_int.h"

#define API_KEYS_MAX 1024u
#define API_PASSWORD_MAX 1024u

static void api_open(struct http_request *rq, struct jsonw *w) {
  jsonw_init(w, &rq->reply);
  jsonw_obj(w);
  rq->type = "application/json";
}

static void api_close(struct http_request *rq, struct jsonw *w) {
  jsonw_obj_end(w);
  rq->status = MHD_HTTP_OK;
}

/*----------------------------------------------------------------- status */

void http_api_status(struct http_request *rq) {
  const struct node_info *info = node_info(rq->h->node);
  struct node_pool_stat pool;
  struct jsonw w;
  char why[NODE_RIGHT_REFUSAL], print[96];
  node_pool_stat(rq->h->node, &pool);
  api_open(rq, &w);
  jsonw_kv_str(&w, "version", gen_version);
  jsonw_kv_str(&w, "commit", gen_version_commit);
  jsonw_kv_u64(&w, "chainId", info->chain_id);
  jsonw_kv_u64(&w, "networkId", info->network_id);
  jsonw_kv_hex(&w, "genesisHash", hash32_slice(&info->genesis_hash));
  jsonw_kv_bool(&w, "dev", info->dev);
  jsonw_kv_hex(&w, "operator", addr20_slice(&info->operator_addr));
  jsonw_kv_u64(&w, "height", rpc_height(rq->h->rpc));
  jsonw_kv_u64(&w, "blockGasLimit", info->block_gas_limit);
  jsonw_kv_u64(&w, "intervalMs", info->interval_ms);
  jsonw_kv_u64(&w, "startedMs", info->started_ms);
  jsonw_kv_u64(&w, "nowMs", node_clock_ms());
  jsonw_kv_u64(&w, "clockMs", node_dev_clock_ms(rq->h->node)); /* of blocks */
  jsonw_kv_u64(&w, "pending", pool.pending);
  jsonw_kv_u64(&w, "queued", pool.queued);
  jsonw_kv_bool(&w, "fenced", node_is_fenced(rq->h->node, NULL));
  jsonw_kv_bool(&w, "keysUsable", !http_keys_refused(rq, 0, why));
  if (http_tls_ca(rq->h, NULL, print)) {
    jsonw_kv_str(&w, "authority", print); /* SHA-256 of /ca.crt */
  }
  api_close(rq, &w);
}

void http_api_version(struct http_request *rq) {
  struct jsonw w;
  api_open(rq, &w);
  jsonw_kv_str(&w, "name", "CyberMiles");
  jsonw_kv_str(&w, "version", gen_version);
  jsonw_kv_str(&w, "commit", gen_version_commit);
  jsonw_kv_str(&w, "source", gen_version_source);
  api_close(rq, &w);
}

/*------------------------------------------------------------------- keys */

void http_api_keys(struct http_request *rq) {
  addr20 *keys = mem_alloc(API_KEYS_MAX * sizeof *keys);
  u32 cnt = node_keys(rq->h->node, keys, API_KEYS_MAX);
  struct jsonw w;
  api_open(rq, &w);
  jsonw_key(&w, "keys");
  jsonw_arr(&w);
  for (u32 i = 0; i < cnt; i++) jsonw_hex(&w, addr20_slice(&keys[i]));
  jsonw_arr_end(&w);
  api_close(rq, &w);
  mem_free(keys);
}

/* The body as an object, wiped once read; NULL after answering. */
static json_t *api_body(struct http_request *rq) {
  struct errmsg msg = {.text = ""};
  json_t *j = json_read(buf_slice(&rq->body), &msg);
  mem_wipe(rq->body.ptr, rq->body.len);
  if (json_is_object(j)) return j;
  http_api_error(rq, MHD_HTTP_BAD_REQUEST, "bad_request", "%s",
                 j ? "a JSON object is wanted" : msg.text);
  if (j) json_decref(j);
  return NULL;
}

/* The password member; NULL after answering. */
static const char *api_password(struct http_request *rq, const json_t *body,
                                bool may_be_empty) {
  const json_t *j = json_object_get(body, "password");
  const char *s = json_string_value(j);
  if (!s && !j && may_be_empty) s = "";
  if (s && strlen(s) <= API_PASSWORD_MAX && (s[0] || may_be_empty)) return s;
  http_api_error(rq, MHD_HTTP_BAD_REQUEST, "bad_request",
                 "password: a text of 1 to %u bytes is wanted",
                 API_PASSWORD_MAX);
  return NULL;
}

/* jansson frees without wiping. */
static void api_forget(json_t *body) {
  const json_t *j = json_object_get(body, "password");
  char *s = (char *)json_string_value(j);
  if (s) mem_wipe(s, json_string_length(j));
  json_decref(body);
}

/* The right to try a password; false after answering. */
static bool api_key_lock(struct http_request *rq) {
  if (pthread_mutex_trylock(&rq->h->key_lock) == 0) return true;
  http_api_error(rq, MHD_HTTP_TOO_MANY_REQUESTS, "busy",
                 "another password is being checked, try again");
  return false;
}

static void api_key_error(struct http_request *rq, err e, const char *why) {
  switch (e) {
    case ERR_PASSWORD:
      sleep(1); /* with the lock held: guessing is slow */
      http_api_error(rq, MHD_HTTP_FORBIDDEN, "password", "wrong password");
      break;
    case ERR_NOT_FOUND:
      http_api_error(rq, MHD_HTTP_NOT_FOUND, "not_found",
                     "the node holds no key of this account");
      break;
    case ERR_POLICY:
      http_api_error(rq, MHD_HTTP_FORBIDDEN, "policy", "%s", why);
      break;
    default:
      http_api_error(rq, MHD_HTTP_INTERNAL_SERVER_ERROR, "internal", "%s",
                     err_text(e));
  }
}

void http_api_key_new(struct http_request *rq) {
  addr20 addr;
  struct jsonw w;
  json_t *body = api_body(rq);
  if (!body) return;
  const char *password = api_password(rq, body, false);
  if (password && api_key_lock(rq)) {
    err e = node_key_new(rq->h->node, &addr, password);
    if (e < 0) {
      api_key_error(rq, e, "");
    } else {
      api_open(rq, &w);
      jsonw_kv_hex(&w, "address", addr20_slice(&addr));
      api_close(rq, &w);
    }
    pthread_mutex_unlock(&rq->h->key_lock);
  }
  api_forget(body);
}

/*---------------------------------------------------------------- sending */

/* Asks our own JSON-RPC.  The result as a quantity; false after answering. */
static bool api_ask(struct http_request *rq, u64 *out, const struct buf *call) {
  static const struct rpc_peer peer = {.access = RPC_PUBLIC};
  struct buf reply;
  buf_init(&reply, 0);
  rpc_handle(rq->h->rpc, &reply, buf_slice(call), &peer);
  json_t *j = json_read(buf_slice(&reply), NULL);
  const char *result = json_string_value(json_object_get(j, "result"));
  bool ok = result && hex_quantity(out, slice_str(result)) >= 0;
  if (!ok) {
    const char *why = json_string_value(
        json_object_get(json_object_get(j, "error"), "message"));
    http_api_error(rq, MHD_HTTP_UNPROCESSABLE_CONTENT, "refused", "%s",
                   why ? why : "the node gave no answer");
  }
  if (j) json_decref(j);
  buf_fini(&reply);
  return ok;
}

static bool api_nonce(struct http_request *rq, struct chain_tx *tx) {
  struct buf call;
  buf_init(&call, 0);
  buf_put_str(&call, "{\"jsonrpc\":\"2.0\",\"id\":1,"
                     "\"method\":\"eth_getTransactionCount\",\"params\":[\"");
  buf_put_hex(&call, addr20_slice(&tx->sender));
  buf_put_str(&call, "\",\"pending\"]}");
  bool ok = api_ask(rq, &tx->nonce, &call);
  buf_fini(&call);
  return ok;
}

static bool api_gas(struct http_request *rq, struct chain_tx *tx) {
  struct buf call;
  struct jsonw w;
  buf_init(&call, 0);
  jsonw_init(&w, &call);
  jsonw_obj(&w);
  jsonw_kv_str(&w, "jsonrpc", "2.0");
  jsonw_kv_u64(&w, "id", 1);
  jsonw_kv_str(&w, "method", "eth_estimateGas");
  jsonw_key(&w, "params");
  jsonw_arr(&w);
  jsonw_obj(&w);
  jsonw_kv_hex(&w, "from", addr20_slice(&tx->sender));
  if (tx->has_to) jsonw_kv_hex(&w, "to", addr20_slice(&tx->to));
  jsonw_key(&w, "value");
  jsonw_quantity_u256(&w, &tx->value);
  jsonw_kv_hex(&w, "input", tx->data);
  jsonw_obj_end(&w);
  jsonw_str(&w, "pending");
  jsonw_arr_end(&w);
  jsonw_obj_end(&w);
  bool ok = api_ask(rq, &tx->gas_limit, &call);
  buf_fini(&call);
  return ok;
}

static bool api_bad(struct http_request *rq, const char *what) {
  http_api_error(rq, MHD_HTTP_BAD_REQUEST, "bad_request", "%s", what);
  return false;
}

static slice api_text(const json_t *j) {
  return slice_of(json_string_value(j), json_string_length(j));
}

/* from, to, value, data, gas; false after answering. */
static bool api_read_tx(struct http_request *rq, struct chain_tx *tx,
                        const json_t *body, struct arena *a) {
  const json_t *to = json_object_get(body, "to");
  const json_t *data = json_object_get(body, "data");
  const json_t *gas = json_object_get(body, "gas");
  slice value = api_text(json_object_get(body, "value"));
  slice from = api_text(json_object_get(body, "from"));
  tx->type = 2;
  tx->protected = tx->has_sender = true;
  tx->chain_id = node_info(rq->h->node)->chain_id;
  tx->has_to = to && !json_is_null(to);
  if (!from.ptr || hex_parse_addr(&tx->sender, from) < 0) {
    return api_bad(rq, "from: an address is wanted");
  }
  if (tx->has_to && (!json_is_string(to) ||
                     hex_parse_addr(&tx->to, api_text(to)) < 0)) {
    return api_bad(rq, "to: no address, or its checksum is wrong");
  }
  if (!value.ptr ||
      u256_parse(&tx->value, (const char *)value.ptr, value.len) < 0) {
    return api_bad(rq, "value: wei as a text of digits is wanted");
  }
  if (data && !json_is_null(data)) {
    slice text = api_text(data);
    u8 *bytes = arena_alloc_raw(a, text.len / 2 + 1);
    if (text.len < 2 || memcmp(text.ptr, "0x", 2) != 0 ||
        hex_decode(bytes, (const char *)text.ptr + 2, text.len - 2) < 0) {
      return api_bad(rq, "data: 0x and hex digits are wanted");
    }
    tx->data = slice_of(bytes, text.len / 2 - 1);
  }
  if (!tx->has_to && tx->data.len == 0) {
    return api_bad(rq, "to: an address is wanted");
  }
  if (gas && !json_is_null(gas)) {
    if (!json_is_integer(gas) || json_integer_value(gas) <= 0) {
      return api_bad(rq, "gas: a number is wanted");
    }
    tx->gas_limit = (u64)json_integer_value(gas);
  }
  return true;
}

static void api_submit(struct http_request *rq, const struct chain_tx *tx) {
  struct node_submit_result r = {.msg.text = ""};
  struct jsonw w;
  err e = node_submit(rq->h->node, &r, tx->raw);
  if (e < 0) {
    http_api_error(rq, MHD_HTTP_UNPROCESSABLE_CONTENT, "refused", "%s",
                   r.msg.text[0] ? r.msg.text : err_text(e));
    return;
  }
  api_open(rq, &w);
  jsonw_kv_hex(&w, "hash", hash32_slice(&r.hash));
  jsonw_kv_u64(&w, "nonce", tx->nonce);
  api_close(rq, &w);
}

/* The lock is held from nonce to submission, so that two sends at once do not
** take the same nonce. */
static void api_send(struct http_request *rq, const json_t *body,
                     struct arena *a) {
  struct chain_tx tx = {0};
  const char *password = api_password(rq, body, true);
  char why[NODE_RIGHT_REFUSAL];
  if (!password || !api_read_tx(rq, &tx, body, a)) return;
  const char *code = http_keys_refused(rq, node_rights_of_tx(&tx), why);
  if (code) {
    http_api_error(rq, MHD_HTTP_FORBIDDEN, code, "%s", why);
    return;
  }
  if (!api_key_lock(rq)) return;
  if (api_nonce(rq, &tx) && (tx.gas_limit || api_gas(rq, &tx))) {
    addr20 from = tx.sender;
    struct errmsg msg = {.text = ""};
    err e = node_key_sign_tx(rq->h->node, &tx, &from, password, a, &msg);
    if (e < 0) {
      api_key_error(rq, e, msg.text);
    } else {
      api_submit(rq, &tx);
    }
  }
  pthread_mutex_unlock(&rq->h->key_lock);
}

void http_api_send(struct http_request *rq) {
  struct arena a;
  json_t *body = api_body(rq);
  if (!body) return;
  arena_init(&a, 4096, 0);
  api_send(rq, body, &a);
  arena_fini(&a);
  api_forget(body);
}

#undef API_KEYS_MAX
#undef API_PASSWORD_MAX
