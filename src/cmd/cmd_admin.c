/* cmd_admin.c - admin: users of the dashboard and API tokens, made and mended on
** the machine itself: the way in when a password or a second factor is lost.
** Beside a running node by its Unix socket (what goes there of the password is
** its argon2id text), else on the file.  A new form is a row of admin_rows. */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/cmd.h"
#include "codec/json.h"
#include "node/node_token.h"

#define ADMIN_PASSWORD_MAX 1025

static err cmd_admin_hash(char out[STORE_PASSWORD_MAX], const struct cmd *c,
                      struct errmsg *msg) {
  char password[ADMIN_PASSWORD_MAX];
  TRY(cmd_password(password, sizeof password, c, "Password for the dashboard",
                   true, msg));
  const char *weak = node_password_weak(password);
  err e = weak ? err_say(msg, ERR_USAGE, "%s", weak)
               : node_password_hash(out, password);
  if (e == ERR_BUSY) e = err_say(msg, e, "argon2id found no 64 MiB of memory");
  mem_wipe(password, sizeof password);
  return e;
}

/* What is asked, and how it is done on the file and by a running node. */
struct admin_ask {
  const struct cmd *c;
  const struct admin_row *row;
  struct node_user_change change;
  struct node_token_new token;
  u64 id;
  char hash[STORE_PASSWORD_MAX];
};
struct admin_row {
  const char *verb, *verb2;  /* of two words, or NULL */
  u32 least, most;           /* arguments after them */
  bool password;             /* is asked for */
  enum node_user_act act;    /* of a user */
  const char *method;        /* of the running node */
  err (*file)(struct store *s, struct admin_ask *q, struct errmsg *msg);
  void (*params)(struct jsonw *w, const struct admin_ask *q);
  void (*tell)(struct admin_ask *q, const json_t *result); /* NULL: by file */
};

/*------------------------------------------------------------------- users */

static void admin_put_user(const struct cmd *c, size_t i, const char *name,
                           const char *role) {
  /* Names have no character that JSON would write otherwise. */
  printf(c->cfg.json ? "%s{\"name\":\"%s\",\"role\":\"%s\"}" : "%s%s %s\n",
         c->cfg.json && i ? "," : "", name, role);
}

static const char *admin_str(const json_t *row, const char *key) {
  const char *s = json_string_value(json_object_get(row, key));
  return s ? s : "";
}

static err admin_file_list(struct store *s, struct admin_ask *q,
                           struct errmsg *msg) {
  struct store_user *list = mem_alloc(NODE_USERS_MAX * sizeof *list);
  u32 cnt = 0;
  (void)msg;
  err e = store_user_list(s, list, NODE_USERS_MAX, &cnt);
  if (e == ERR_OK && q->c->cfg.json) printf("[");
  for (u32 i = 0; e == ERR_OK && i < cnt && i < NODE_USERS_MAX; i++) {
    admin_put_user(q->c, i, list[i].name, store_role_name(list[i].role));
  }
  if (e == ERR_OK && q->c->cfg.json) printf("]\n");
  mem_wipe(list, NODE_USERS_MAX * sizeof *list);
  mem_free(list);
  return e;
}

static void admin_tell_list(struct admin_ask *q, const json_t *result) {
  json_t *user;
  size_t i;
  if (!result) return;
  if (q->c->cfg.json) printf("[");
  json_array_foreach(result, i, user)
    admin_put_user(q->c, i, admin_str(user, "name"), admin_str(user, "role"));
  if (q->c->cfg.json) printf("]\n");
}

static err admin_file_change(struct store *s, struct admin_ask *q,
                             struct errmsg *msg) {
  return node_user_change_file(s, &q->change, msg);
}

static void admin_params_change(struct jsonw *w, const struct admin_ask *q) {
  jsonw_str(w, q->change.name);
  if (q->row->password) jsonw_str(w, q->change.hash);
  if (q->change.act == NODE_USER_MAKE) jsonw_str(w, q->change.role);
}

static void admin_tell_change(struct admin_ask *q, const json_t *result) {
  static const char *const said[NODE_USER_ACT_CNT] = {
    "Made %s, %s\n", "%s has a new password and is logged out everywhere\n",
    "%s logs in by password alone\n"};
  (void)result;
  printf(said[q->change.act], q->change.name, q->change.role);
}

/*------------------------------------------------------------------ tokens */

static err admin_file_token(struct store *s, struct admin_ask *q,
                            struct errmsg *msg) {
  return node_token_make_file(s, &q->token, msg);
}

static void admin_params_token(struct jsonw *w, const struct admin_ask *q) {
  jsonw_str(w, q->token.user);
  jsonw_str(w, q->token.name);
  jsonw_str(w, q->token.scopes);
  jsonw_u64(w, q->token.days);
}

static void admin_tell_token(struct admin_ask *q, const json_t *result) {
  const char *text = result ? admin_str(result, "token") : q->token.text;
  u64 id = result ? (u64)json_integer_value(json_object_get(result, "id"))
                  : q->token.id;
  printf(q->c->cfg.json ? "{\"id\":%llu,\"token\":\"%s\"}\n"
                        : "Token %llu, shown this once:\n%s\n",
         (unsigned long long)id, text);
}

static void admin_put_token(const struct cmd *c, size_t i, u64 id,
                            const char *name, const char *scopes, u64 used_ms) {
  printf(c->cfg.json
             ? "%s{\"id\":%llu,\"name\":\"%s\",\"scopes\":\"%s\","
               "\"usedMs\":%llu}"
             : "%s%llu %s: %s (last used: %llu)\n",
         c->cfg.json && i ? "," : "", (unsigned long long)id, name, scopes,
         (unsigned long long)used_ms);
}

static err admin_file_tokens(struct store *s, struct admin_ask *q,
                             struct errmsg *msg) {
  struct store_token *list = mem_alloc(NODE_TOKENS_MAX * sizeof *list);
  u32 cnt = 0;
  (void)msg;
  err e = store_token_list(s, list, NODE_TOKENS_MAX, &cnt);
  if (e == ERR_OK && q->c->cfg.json) printf("[");
  for (u32 i = 0; e == ERR_OK && i < cnt && i < NODE_TOKENS_MAX; i++)
    admin_put_token(q->c, i, list[i].id, list[i].name, list[i].rights,
                    list[i].used_ms);
  if (e == ERR_OK && q->c->cfg.json) printf("]\n");
  mem_free(list);
  return e;
}

static void admin_tell_tokens(struct admin_ask *q, const json_t *result) {
  json_t *t;
  size_t i;
  if (!result) return;
  if (q->c->cfg.json) printf("[");
  json_array_foreach(result, i, t) {
    admin_put_token(q->c, i,
                    (u64)json_integer_value(json_object_get(t, "id")),
                    admin_str(t, "name"), admin_str(t, "scopes"),
                    (u64)json_integer_value(json_object_get(t, "usedMs")));
  }
  if (q->c->cfg.json) printf("]\n");
}

static err admin_file_revoke(struct store *s, struct admin_ask *q,
                             struct errmsg *msg) {
  return node_token_revoke_file(s, q->id, "console", msg);
}

static void admin_params_revoke(struct jsonw *w, const struct admin_ask *q) {
  jsonw_u64(w, q->id);
}

static void admin_tell_revoke(struct admin_ask *q, const json_t *result) {
  (void)result;
  printf("Token %llu is revoked\n", (unsigned long long)q->id);
}

/*--------------------------------------------------------------- the forms */

static const struct admin_row admin_rows[] = {
  {"create", NULL, 1, 2, true, NODE_USER_MAKE, "admin_createUser", admin_file_change,
   admin_params_change, admin_tell_change},
  {"reset-password", NULL, 1, 1, true, NODE_USER_RESET, "admin_resetUser", admin_file_change,
   admin_params_change, admin_tell_change},
  {"reset", NULL, 1, 1, true, NODE_USER_RESET, "admin_resetUser", admin_file_change,
   admin_params_change, admin_tell_change},
  {"disable-2fa", NULL, 1, 1, false, NODE_USER_DROP_TOTP, "admin_dropTwoFactor", admin_file_change,
   admin_params_change, admin_tell_change},
  {"list", NULL, 0, 0, false, 0, "admin_users", admin_file_list, NULL,
   admin_tell_list},
  {"token", "new", 3, 4, false, 0, "admin_createToken", admin_file_token,
   admin_params_token, admin_tell_token},
  {"token", "list", 0, 0, false, 0, "admin_tokens", admin_file_tokens, NULL,
   admin_tell_tokens},
  {"token", "revoke", 1, 1, false, 0, "admin_revokeToken", admin_file_revoke,
   admin_params_revoke, admin_tell_revoke},
};

/* ERR_NOT_FOUND when none runs on the file. */
static err admin_running(struct admin_ask *q, struct errmsg *msg) {
  json_t *reply;
  struct buf params;
  struct jsonw w;
  buf_init(&params, 0);
  jsonw_init(&w, &params);
  jsonw_arr(&w);
  if (q->row->params) q->row->params(&w, q);
  jsonw_arr_end(&w);
  err e = cmd_ask_node(&reply, q->c, q->row->method, buf_cstr(&params), msg);
  mem_wipe(params.ptr, params.len);
  buf_fini(&params);
  if (e < 0) return e;
  const char *why = json_string_value(json_object_get(
      json_object_get(reply, "error"), "message"));
  if (why) e = err_say(msg, ERR_INPUT, "%s", why);
  else q->row->tell(q, json_object_get(reply, "result"));
  json_decref(reply);
  return e;
}

static err admin_stopped(struct store *s, struct admin_ask *q,
                         struct errmsg *msg) {
  err e = q->row->file(s, q, msg);
  if (e < 0 && !msg->text[0]) err_say(msg, e, "%s", store_error(s));
  struct errmsg closing = {""};
  err end = store_close(s, &closing);
  if (e == ERR_OK && end < 0) *msg = closing;
  if (e == ERR_OK && end == ERR_OK) q->row->tell(q, NULL);
  return e < 0 ? e : end;
}

static err admin_do(struct admin_ask *q, struct errmsg *msg) {
  struct store *s;
  struct errmsg none;
  err e = store_open(&s, q->c->db_path, 0, msg);
  if (e == ERR_OK) return admin_stopped(s, q, msg);
  if (e != ERR_LOCKED) return e;
  e = admin_running(q, &none);
  if (e == ERR_NOT_FOUND) {
    return err_say(msg, ERR_LOCKED, "%s is in use, and no node answers on its "
                   "Unix socket: stop the node first, or name it by --ipcpath",
                   q->c->db_path);
  }
  if (e < 0) *msg = none;
  return e;
}

static const struct admin_row *admin_find(const struct cmd *c, u32 *args) {
  for (u32 i = 0; i < ARRAY_LEN(admin_rows); i++) {
    const struct admin_row *r = &admin_rows[i];
    *args = r->verb2 ? 2 : 1;
    if (strcmp(c->arg[0], r->verb) != 0 || c->arg_cnt < *args) continue;
    if (r->verb2 && strcmp(c->arg[1], r->verb2) != 0) continue;
    u32 n = c->arg_cnt - *args;
    return n >= r->least && n <= r->most ? r : NULL;
  }
  return NULL;
}

/* A number, or ERR_USAGE. */
static err admin_number(u64 *out, const char *text, struct errmsg *msg) {
  char *end;
  *out = strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && !*end ? ERR_OK
      : err_say(msg, ERR_USAGE, "%s is no number", text);
}

/* What the words after the verbs say. */
static err admin_read(struct admin_ask *q, char **arg, u32 cnt,
                      struct errmsg *msg) {
  q->change = (struct node_user_change){
    .act = q->row->act, .name = cnt ? arg[0] : "", .hash = q->hash, .from = "console",
    .role = cnt > 1 ? arg[1] : "owner"};
  q->token = (struct node_token_new){.from = "console"};
  if (q->row->file == admin_file_token) {
    q->token.user = arg[0];
    q->token.name = arg[1];
    q->token.scopes = arg[2];
    if (cnt > 3) TRY(admin_number(&q->token.days, arg[3], msg));
  }
  if (q->row->file == admin_file_revoke)
    TRY(admin_number(&q->id, arg[0], msg));
  return q->row->password ? cmd_admin_hash(q->hash, q->c, msg) : ERR_OK;
}

int cmd_admin(struct cmd *c) {
  struct errmsg msg = {""};
  struct admin_ask q = {.c = c};
  u32 args;
  q.row = admin_find(c, &args);
  if (!q.row) {
    err_say(&msg, ERR_USAGE, "admin create NAME [ROLE], admin reset-password "
            "NAME, admin disable-2fa NAME, admin list, admin token new USER NAME "
            "SCOPES [DAYS], admin token list, admin token revoke ID");
    return cmd_fail(ERR_USAGE, &msg);
  }
  err e = admin_read(&q, c->arg + args, c->arg_cnt - args, &msg);
  if (e == ERR_OK) e = admin_do(&q, &msg);
  mem_wipe(&q, sizeof q);
  return e < 0 ? cmd_fail(e, &msg) : EXIT_DONE;
}

#undef ADMIN_PASSWORD_MAX
