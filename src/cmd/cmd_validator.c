/* cmd_validator.c - the validator of this file.
**   show   its key and power, whether a node runs on the file or not
**   claim  tells the running node that no other copy of its file signs
**   fence  a stopped node's file signs nothing more until it is claimed: before
**          it is moved elsewhere (node_fence.c)
** create, edit, unjail and resign are words of chains with staking. */
#include <stdio.h>

#include "cmd/cmd.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/secp256k1.h"
#include "node/node.h"
#include "node/node_validator.h"
#include "store/store.h"

static void validator_put(struct jsonw *w, const struct node_validator *v,
                          const char *db) {
  jsonw_obj(w);
  jsonw_kv_str(w, "db", db);
  jsonw_kv_bool(w, "validator", v->power > 0);
  jsonw_key(w, "operator");
  if (v->power) jsonw_hex(w, addr20_slice(&v->operator_addr));
  else jsonw_null(w);
  jsonw_kv_hex(w, "publicKey", slice_of(v->key, 33));
  jsonw_kv_u64(w, "power", v->power);
  jsonw_kv_u64(w, "totalPower", v->total);
  jsonw_kv_u64(w, "lastSignedHeight", v->last_signed);
  jsonw_kv_str(w, "home", v->home);
  jsonw_key(w, "fenced");
  if (v->fenced) jsonw_str(w, v->why.text);
  else jsonw_null(w);
  jsonw_obj_end(w);
}

static void validator_print(const struct node_validator *v, const char *db) {
  char key[67], addr[43];
  hex_encode(key, v->key, 33);
  key[66] = 0;
  hex_addr(addr, &v->operator_addr);
  printf("Database    %s\nPublic key  0x%s\n", db, key);
  if (!v->power) {
    printf("No validator of this chain has this key: the node follows.\n");
    return;
  }
  printf("Operator    %s\nPower       %llu of %llu\nLast signed %llu\n", addr,
         (unsigned long long)v->power, (unsigned long long)v->total,
         (unsigned long long)v->last_signed);
  if (v->fenced)
    printf("NOT SIGNING %s; if no other copy runs: cybermiles validator claim, "
           "or run --claim\n", v->why.text);
}

static err validator_show(const struct cmd *c, struct errmsg *msg) {
  struct node_validator v;
  struct jsonw w;
  struct buf out;
  crypto_init(NULL);
  TRY(node_validator_read(&v, c->db_path, msg));
  if (!c->cfg.json) {
    validator_print(&v, c->db_path);
    return ERR_OK;
  }
  buf_init(&out, 0);
  jsonw_init(&w, &out);
  validator_put(&w, &v, c->db_path);
  printf("%s\n", buf_cstr(&out));
  buf_fini(&out);
  return ERR_OK;
}

static err validator_claim(const struct cmd *c, struct errmsg *msg) {
  json_t *j;
  err e = cmd_ask_node(&j, c, "node_claim", "[]", msg);
  if (e == ERR_NOT_FOUND)
    return err_say(msg, e, "no node runs on %s: start it with \"cybermiles run "
                   "--claim\"", c->db_path);
  if (e < 0) return e;
  const json_t *wrong = json_object_get(j, "error");
  if (wrong)
    e = err_say(msg, ERR_REFUSED, "%s",
                json_string_value(json_object_get(wrong, "message")));
  else
    printf(c->cfg.json ? "{\"fenced\":false}\n" : "This node signs.\n");
  json_decref(j);
  return e;
}

static err validator_fence(const struct cmd *c, struct errmsg *msg) {
  struct node_validator v;
  struct store *s;
  crypto_init(NULL);
  TRY(node_validator_read(&v, c->db_path, msg));
  if (!v.power)
    return err_say(msg, ERR_USAGE, "%s: no validator of its chain has this key",
                   c->db_path);
  TRY(store_open(&s, c->db_path, 0, msg));
  err e = node_fence_put_aside(s);
  if (e < 0) err_say(msg, e, "%s: %s", c->db_path, store_error(s));
  err closed = store_close(s, e < 0 ? NULL : msg);
  if (e == ERR_OK) e = closed;
  if (e < 0) return e;
  if (c->cfg.json)
    printf("{\"fenced\":true,\"lastSignedHeight\":%llu}\n",
           (unsigned long long)v.last_signed);
  else
    printf("%s signs nothing after height %llu until it is claimed: run "
           "--claim, here or where you take it\n", c->db_path,
           (unsigned long long)v.last_signed);
  return ERR_OK;
}

static err validator_no_staking(const struct cmd *c, struct errmsg *msg) {
  return err_say(msg, ERR_USAGE, "validator %s: this version has no staking: a "
                 "chain has the one validator of its genesis (cybermiles "
                 "genesis make)", c->arg[0]);
}

int cmd_validator(struct cmd *c) {
  static const struct {
    const char *name;
    err (*run)(const struct cmd *c, struct errmsg *msg);
  } row[] = {{"show", validator_show},         {"claim", validator_claim},
             {"fence", validator_fence},       {"create", validator_no_staking},
             {"edit", validator_no_staking},   {"unjail", validator_no_staking},
             {"resign", validator_no_staking}};
  struct errmsg msg = {""};
  err e = err_say(&msg, ERR_USAGE, "usage: cybermiles validator show | claim | "
                  "fence");
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    bool more = row[i].run == validator_no_staking; /* words may follow it */
    if (strcmp(c->arg[0], row[i].name) == 0 && (more || c->arg_cnt == 1))
      e = row[i].run(c, &msg);
  }
  return e < 0 ? cmd_fail(e, &msg) : EXIT_DONE;
}
