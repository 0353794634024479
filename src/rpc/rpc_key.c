/* rpc_key.c - what uses the node's keys, for callers that may (RPC_KEY: the
** Unix socket, a session that has logged in): personal_*, eth_sign*,
** eth_sendTransaction.
**
** A key is used while it is unlocked, or with its password in the call.
** Messages are signed as EIP-191 says: the digest is keccak256 of
** "\x19Ethereum Signed Message:\n", the length in decimal, the message.
*/
#include "chain/chain_edit.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "crypto/keystore.h"
#include "crypto/secp256k1.h"
#include "node/node_policy.h"
#include "rpc/rpc_dev.h"
#include "rpc/rpc_typed.h"

#define KEY_UNLOCK_S 300u /* geth's */
#define KEY_LIST_MAX 2048u
#define KEY_PASSWORD_MAX 1024u

/* The words of geth where it has any. */
static err key_fail_why(struct rpc_call *c, err e, const char *why) {
  switch (e) {
    case ERR_POLICY: return rpc_fail(c, RPC_ERR_RIGHT, "%.380s", why);
    case ERR_PASSWORD:
      return rpc_fail(c, RPC_ERR_SERVER,
                      "could not decrypt key with given password");
    case ERR_NOT_FOUND: return rpc_fail(c, RPC_ERR_SERVER, "unknown account");
    case ERR_REFUSED:
      return rpc_fail(c, RPC_ERR_SERVER,
                      "authentication needed: password or unlock");
    case ERR_BUSY:
      return rpc_fail(c, RPC_ERR_LIMIT,
                      "another password is being checked, try again");
    default: return rpc_fail_err(c, e);
  }
}

static err key_fail(struct rpc_call *c, err e) {
  return key_fail_why(c, e, "");
}

/* A password argument as a string of C, or an error. */
static err key_password(struct rpc_call *c, const char **out, u32 i) {
  slice s = c->arg[i].text;
  *out = NULL;
  if (!c->arg[i].given) return ERR_OK;
  if (s.len > KEY_PASSWORD_MAX || memchr(s.ptr, 0, s.len)) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument %u: no password", i);
  }
  char *p = arena_alloc_raw(c->a, s.len + 1);
  memcpy(p, s.ptr, s.len);
  p[s.len] = 0;
  *out = p;
  return ERR_OK;
}

/*--------------------------------------------------------------- accounts */

static u32 key_list(struct rpc_call *c, addr20 **out) {
  *out = arena_array(c->a, addr20, KEY_LIST_MAX);
  return node_keys(c->node, *out, KEY_LIST_MAX);
}

err rpc_do_personal_listAccounts(struct rpc_call *c) {
  addr20 *list;
  u32 cnt = key_list(c, &list);
  jsonw_arr(&c->w);
  for (u32 i = 0; i < cnt; i++) jsonw_hex(&c->w, addr20_slice(&list[i]));
  jsonw_arr_end(&c->w);
  return ERR_OK;
}

err rpc_do_personal_listWallets(struct rpc_call *c) {
  addr20 *list;
  u32 cnt = key_list(c, &list);
  struct jsonw *w = &c->w;
  jsonw_arr(w);
  for (u32 i = 0; i < cnt; i++) {
    char text[43];
    hex_addr(text, &list[i]);
    jsonw_obj(w);
    jsonw_key(w, "url");
    jsonw_printf(w, "keystore://%s", text);
    u64 until = node_key_open_until(c->node, &list[i]);
    jsonw_kv_str(w, "status", until ? "Unlocked" : "Locked");
    if (until && until != UINT64_MAX) jsonw_kv_u64(w, "untilMs", until);
    jsonw_key(w, "accounts");
    jsonw_arr(w);
    jsonw_obj(w);
    jsonw_kv_hex(w, "address", addr20_slice(&list[i]));
    jsonw_obj_end(w);
    jsonw_arr_end(w);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  return ERR_OK;
}

err rpc_do_personal_newAccount(struct rpc_call *c) {
  const char *password;
  addr20 addr;
  TRY(key_password(c, &password, 0));
  rpc_view_drop(c);
  err e = node_key_new(c->node, &addr, password);
  if (e < 0) return key_fail(c, e);
  jsonw_hex(&c->w, addr20_slice(&addr));
  return ERR_OK;
}

err rpc_do_personal_newMnemonic(struct rpc_call *c) {
  char words[CRYPTO_MNEMONIC_SIZE];
  u8 entropy[16];
  node_random(entropy, sizeof entropy);
  err e = crypto_mnemonic_make(words, entropy, sizeof entropy);
  if (e == ERR_OK) jsonw_str(&c->w, words);
  mem_wipe(entropy, sizeof entropy);
  mem_wipe(words, sizeof words);
  return e < 0 ? key_fail(c, e) : ERR_OK;
}

err rpc_do_personal_importMnemonic(struct rpc_call *c) {
  const char *password;
  char words[CRYPTO_MNEMONIC_SIZE];
  u64 index = c->arg[2].given ? c->arg[2].num : 0;
  struct errmsg why;
  addr20 addr;
  u8 key[32];
  TRY(key_password(c, &password, 1));
  if (index > INT32_MAX)
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 2: no account");
  if (crypto_mnemonic_read(words, c->arg[0].text, &why) < 0)
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %s", why.text);
  rpc_view_drop(c);
  err e = crypto_mnemonic_key(key, words, (u32)index);
  if (e == ERR_OK) e = node_key_import(c->node, &addr, key, password);
  mem_wipe(words, sizeof words);
  mem_wipe(key, sizeof key);
  if (e < 0) return key_fail(c, e);
  jsonw_hex(&c->w, addr20_slice(&addr));
  return ERR_OK;
}

err rpc_do_personal_importRawKey(struct rpc_call *c) {
  const char *password;
  slice hex = c->arg[0].text;
  addr20 addr;
  u8 key[32];
  TRY(key_password(c, &password, 1));
  if (hex.len == 66 && hex.ptr[0] == '0' && hex.ptr[1] == 'x') {
    hex = slice_of(hex.ptr + 2, 64);
  }
  if (hex.len != 64 || hex_decode(key, (const char *)hex.ptr, 64) < 0) {
    return rpc_fail(c, RPC_ERR_PARAMS,
                    "invalid argument 0: a key is 64 hex digits");
  }
  err e = node_key_import(c->node, &addr, key, password);
  mem_wipe(key, sizeof key);
  if (e < 0) return key_fail(c, e);
  jsonw_hex(&c->w, addr20_slice(&addr));
  return ERR_OK;
}

err rpc_do_personal_unlockAccount(struct rpc_call *c) {
  const char *password;
  u64 seconds = c->arg[2].given ? c->arg[2].num : KEY_UNLOCK_S;
  TRY(key_password(c, &password, 1));
  rpc_view_drop(c);
  err e = node_key_unlock(c->node, &c->arg[0].addr, password, seconds);
  if (e < 0) return key_fail(c, e);
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

err rpc_do_personal_lockAccount(struct rpc_call *c) {
  node_key_lock(c->node, &c->arg[0].addr);
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

/*---------------------------------------------------------------- policies */

static err key_policy_say(struct rpc_call *c, const addr20 *addr) {
  struct jsonw *w = &c->w;
  struct node_policy p;
  rpc_view_drop(c);
  err e = node_policy_get(c->node, &p, addr);
  if (e < 0) return rpc_fail_err(c, e);
  if (!p.is_set) {
    jsonw_null(w);
    return ERR_OK;
  }
  jsonw_obj(w);
  jsonw_key(w, "rights");
  jsonw_arr(w);
  for (u32 i = 0; i < NODE_RIGHT_CNT; i++)
    if (p.rights >> i & 1) jsonw_str(w, node_right_name((enum node_right)i));
  jsonw_arr_end(w);
  jsonw_key(w, "daily");
  jsonw_quantity_u256(w, &p.daily);
  jsonw_key(w, "spent");
  jsonw_quantity_u256(w, &p.spent);
  jsonw_key(w, "allow");
  jsonw_arr(w);
  for (u32 i = 0; i < p.allow_cnt; i++) jsonw_hex(w, addr20_slice(&p.allow[i]));
  jsonw_arr_end(w);
  jsonw_kv_u64(w, "unlockSeconds", p.unlock_s);
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_do_personal_policy(struct rpc_call *c) {
  return key_policy_say(c, &c->arg[0].addr);
}

/* The rows of an array of texts, each taken by fn; false: one was not. */
static bool key_policy_each(const json_t *list, struct node_policy *p,
                            bool (*fn)(struct node_policy *p, slice text)) {
  size_t i;
  json_t *v;
  if (!json_is_array(list)) return list == NULL;
  json_array_foreach(list, i, v) {
    slice s = slice_of(json_string_value(v), json_string_length(v));
    if (!s.ptr || !fn(p, s)) return false;
  }
  return true;
}

static bool key_policy_right(struct node_policy *p, slice text) {
  const char *bad;
  size_t n;
  u32 set;
  if (!text.len || !node_rights_parse(&set, (const char *)text.ptr, &bad, &n))
    return false;
  p->rights |= set;
  return true;
}

static bool key_policy_allow(struct node_policy *p, slice text) {
  return p->allow_cnt < STORE_ALLOW_MAX &&
         hex_parse_addr(&p->allow[p->allow_cnt++], text) >= 0;
}

static err key_policy_read(struct rpc_call *c, struct node_policy *p,
                           const json_t *j) {
  const json_t *daily = json_object_get(j, "daily");
  const json_t *unlock = json_object_get(j, "unlockSeconds");
  if (!json_is_object(j) || !json_is_array(json_object_get(j, "rights")) ||
      !key_policy_each(json_object_get(j, "rights"), p, key_policy_right)) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 1: rights: a list of "
                    "names such as till is wanted");
  }
  if (!key_policy_each(json_object_get(j, "allow"), p, key_policy_allow)) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 1: allow: a list of at "
                    "most %u addresses is wanted", STORE_ALLOW_MAX);
  }
  const char *sum = json_string_value(daily);
  if (daily && (!sum || u256_parse(&p->daily, sum, strlen(sum)) < 0)) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 1: daily: wei as a "
                    "text is wanted");
  }
  if (unlock && (!json_is_integer(unlock) || json_integer_value(unlock) < 0)) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 1: unlockSeconds: a "
                    "number is wanted");
  }
  if (unlock) p->unlock_s = (u64)json_integer_value(unlock);
  return ERR_OK;
}

err rpc_do_personal_setPolicy(struct rpc_call *c) {
  struct node_policy p = {.is_set = true};
  const addr20 *addr = &c->arg[0].addr;
  addr20 *list;
  u32 cnt = key_list(c, &list), i = 0;
  while (i < cnt && !addr20_eq(&list[i], addr)) i++;
  if (i == cnt) return key_fail(c, ERR_NOT_FOUND);
  TRY(key_policy_read(c, &p, c->arg[1].any.tree));
  rpc_view_drop(c);
  err e = node_policy_set(c->node, &p, addr);
  if (e < 0) return rpc_fail_err(c, e);
  node_key_lock(c->node, addr); /* it may have been opened for longer */
  return key_policy_say(c, addr);
}

/*---------------------------------------------------------------- messages */

static void key_digest(hash32 *out, slice data) {
  struct buf b;
  buf_init(&b, 0);
  buf_printf(&b, "\x19" "Ethereum Signed Message:\n%zu", data.len);
  buf_put_slice(&b, data);
  crypto_keccak256(out, b.ptr, b.len);
  buf_fini(&b);
}

static err key_sign_as(struct rpc_call *c, u8 sig[65], const hash32 *digest,
                       const addr20 *from, const char *password, u32 rights) {
  rpc_view_drop(c);
  struct errmsg msg = {.text = ""};
  err e = node_key_sign(c->node, sig, digest, from, password, rights, &msg);
  return e < 0 ? key_fail_why(c, e, msg.text) : ERR_OK;
}
static err key_sign(struct rpc_call *c, const hash32 *digest,
                    const addr20 *from, const char *password) {
  u8 sig[65];
  TRY(key_sign_as(c, sig, digest, from, password, NODE_RIGHT(MONEY)));
  jsonw_hex(&c->w, slice_of(sig, 65));
  return ERR_OK;
}

err rpc_do_eth_sign(struct rpc_call *c) {
  hash32 digest;
  key_digest(&digest, c->arg[1].bytes);
  return key_sign(c, &digest, &c->arg[0].addr, NULL);
}

err rpc_do_personal_sign(struct rpc_call *c) {
  hash32 digest;
  const char *password;
  TRY(key_password(c, &password, 2));
  key_digest(&digest, c->arg[0].bytes);
  return key_sign(c, &digest, &c->arg[1].addr, password);
}

/* What opens letters to an account (web/src/seal.js has the same sentence): whoever
** may ship may read where to. */
err rpc_do_personal_letterKey(struct rpc_call *c) {
  static const char sentence[] = "CyberMiles: open my letters.\nSign this only on "
                                 "a page that you trust with your messages.";
  const char *password;
  hash32 digest;
  u8 sig[65], secret[32];
  TRY(key_password(c, &password, 1));
  key_digest(&digest, slice_str(sentence));
  TRY(key_sign_as(c, sig, &digest, &c->arg[0].addr, password,
                  NODE_RIGHT(ORDERS)));
  crypto_sha256(secret, sig, sizeof sig);
  jsonw_hex(&c->w, slice_of(secret, sizeof secret));
  mem_wipe(sig, sizeof sig);
  mem_wipe(secret, sizeof secret);
  return ERR_OK;
}

static err key_sign_typed(struct rpc_call *c) {
  struct errmsg msg = {.text = ""};
  const struct rpc_value *v = &c->arg[1].any;
  hash32 digest;
  json_t *read = v->kind == RPC_STRING ? json_read(v->str, &msg) : NULL;
  const json_t *data = read ? read : v->tree;
  err e = data ? rpc_typed_digest(&digest, data, &msg)
               : err_say(&msg, ERR_INPUT, "an object is wanted");
  if (read) json_decref(read);
  if (e < 0) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 1: %.300s", msg.text);
  }
  return key_sign(c, &digest, &c->arg[0].addr, NULL);
}

err rpc_do_eth_signTypedData_v4(struct rpc_call *c) {
  return key_sign_typed(c);
}
/* As web3.py and Parity call it. */
err rpc_do_eth_signTypedData(struct rpc_call *c) { return key_sign_typed(c); }

err rpc_do_personal_ecRecover(struct rpc_call *c) {
  struct sig65 sig;
  hash32 digest;
  addr20 who;
  slice s = c->arg[1].bytes;
  if (s.len != 65 || (s.ptr[64] != 27 && s.ptr[64] != 28)) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 1: a signature is 65 "
                    "bytes of which the last is 27 or 28");
  }
  memcpy(&sig, s.ptr, 65);
  sig.v = (u8)(s.ptr[64] - 27);
  key_digest(&digest, c->arg[0].bytes);
  if (crypto_recover_addr(&who, &digest, &sig) < 0) {
    return rpc_fail(c, RPC_ERR_SERVER, "invalid signature");
  }
  jsonw_hex(&c->w, addr20_slice(&who));
  return ERR_OK;
}

/*------------------------------------------------------------ transactions */

static err key_nonce(struct rpc_call *c, u64 *nonce, const addr20 *from) {
  struct state_source src;
  struct state_account account;
  struct node_read *r;
  bool found = false;
  TRY(rpc_read(c, &r));
  err e = node_read_state(r, &src, node_read_head(r));
  hash32 hash;
  crypto_keccak256(&hash, from->b, 20);
  if (e == ERR_OK) e = src.account(src.ctx, &account, &found, from, &hash);
  if (e < 0) return rpc_fail_err(c, e);
  *nonce = node_pool_nonce(c->node, from, found ? account.nonce : 0);
  return ERR_OK;
}

/* Fills in what is missing. */
static err key_fill_tx(struct rpc_call *c, struct chain_tx *tx) {
  struct rpc_txcall *call = c->arg[0].call;
  *tx = call->tx;
  if (!tx->has_to && tx->data.len == 0) {
    return rpc_fail(c, RPC_ERR_PARAMS,
                    "invalid argument 0: contract creation without any data "
                    "provided");
  }
  if (!call->has_gas) {
    struct rpc_arg password = c->arg[1]; /* there an estimate has its block */
    c->arg[1] = (struct rpc_arg){.given = false};
    TRY(rpc_estimate_gas(c, &tx->gas_limit));
    c->arg[1] = password;
  }
  if (!call->has_nonce) TRY(key_nonce(c, &tx->nonce, &tx->sender));
  tx->chain_id = node_info(c->node)->chain_id;
  tx->protected = true;
  if (tx->type == 0 && u256_is_zero(&tx->gas_price)) tx->type = 2;
  rpc_view_drop(c);
  return ERR_OK;
}

/* Whether the one who asks may sign this at all. */
static err key_may(struct rpc_call *c, const struct chain_tx *tx) {
  const char *why;
  int code;
  return rpc_peer_allows(c->batch->peer, node_rights_of_tx(tx), c->a, &code,
                         &why)
      ? ERR_OK : rpc_fail(c, code, "%s", why);
}

static err key_sign_tx(struct rpc_call *c, struct chain_tx *tx,
                       const char *password) {
  TRY(key_fill_tx(c, tx));
  TRY(key_may(c, tx));
  addr20 from = tx->sender;
  if (!node_key_is_open(c->node, &from) &&
      node_dev_is_impersonated(c->node, &from)) {
    chain_tx_make_unsigned(tx, c->a);
    return ERR_OK;
  }
  struct errmsg msg = {.text = ""};
  err e = node_key_sign_tx(c->node, tx, &from, password, c->a, &msg);
  return e < 0 ? key_fail_why(c, e, msg.text) : ERR_OK;
}

static err key_send(struct rpc_call *c, const char *password) {
  struct node_submit_result r = {.msg.text = ""};
  struct chain_tx tx;
  TRY(key_sign_tx(c, &tx, password));
  err e = node_submit(c->node, &r, tx.raw);
  if (e < 0) return rpc_fail_submit(c, e, &r);
  TRY(rpc_dev_sent(c, &r.hash));
  jsonw_hex(&c->w, hash32_slice(&r.hash));
  return ERR_OK;
}

static err key_show(struct rpc_call *c, const char *password) {
  struct chain_tx tx;
  TRY(key_sign_tx(c, &tx, password));
  jsonw_obj(&c->w);
  jsonw_kv_hex(&c->w, "raw", tx.raw);
  jsonw_key(&c->w, "tx");
  rpc_put_tx(&c->w, &tx, NULL, node_rules(c->node));
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

err rpc_key_send_unsigned(struct rpc_call *c) {
  struct node_submit_result r = {.msg.text = ""};
  struct chain_tx tx;
  TRY(key_fill_tx(c, &tx));
  chain_tx_make_unsigned(&tx, c->a);
  err e = node_submit(c->node, &r, tx.raw);
  if (e < 0) return rpc_fail_submit(c, e, &r);
  TRY(rpc_dev_sent(c, &r.hash));
  jsonw_hex(&c->w, hash32_slice(&r.hash));
  return ERR_OK;
}

err rpc_do_eth_sendTransaction(struct rpc_call *c) { return key_send(c, NULL); }
err rpc_do_eth_signTransaction(struct rpc_call *c) { return key_show(c, NULL); }

err rpc_do_personal_sendTransaction(struct rpc_call *c) {
  const char *password;
  TRY(key_password(c, &password, 1));
  return key_send(c, password);
}

err rpc_do_personal_signTransaction(struct rpc_call *c) {
  const char *password;
  TRY(key_password(c, &password, 1));
  return key_show(c, password);
}

#undef KEY_UNLOCK_S
#undef KEY_LIST_MAX
#undef KEY_PASSWORD_MAX
