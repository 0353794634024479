/* cmd_admin.c - admin: users of the dashboard, made and mended on the machine
** itself: the way in when a password is lost.  Beside a running node by its Unix
** socket (what goes there of the password is its argon2id text), else on the
** file. */
#include "cmd/cmd.h"
#include "codec/json.h"
#include "node/node_user.h"
#include <stdio.h>

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

static void admin_put_user(const struct cmd *c, u32 i, const char *name,
                           const char *role) {
  /* Names have no character that JSON would write otherwise. */
  printf(c->cfg.json ? "%s{\"name\":\"%s\",\"role\":\"%s\"}" : "%s%s %s\n",
         c->cfg.json && i ? "," : "", name, role);
}

/*------------------------------------------------------- by a running node */

static err admin_ask(json_t **reply, const struct cmd *c,
                     const struct node_user_change *change,
                     struct errmsg *msg) {
  struct buf params;
  struct jsonw w;
  buf_init(&params, 0);
  jsonw_init(&w, &params);
  jsonw_arr(&w);
  if (change) {
    jsonw_str(&w, change->name);
    jsonw_str(&w, change->hash);
    if (change->make) jsonw_str(&w, change->role);
  }
  jsonw_arr_end(&w);
  err e = cmd_ask_node(reply, c, !change       ? "admin_users"
                                 : change->make ? "admin_createUser"
                                                : "admin_resetUser",
                       buf_cstr(&params), msg);
  mem_wipe(params.ptr, params.len);
  buf_fini(&params);
  const char *why = e < 0 ? NULL : json_string_value(json_object_get(
      json_object_get(*reply, "error"), "message"));
  if (!why) return e;
  e = err_say(msg, ERR_INPUT, "%s", why);
  json_decref(*reply);
  return e;
}

/* ERR_NOT_FOUND when none runs on the file. */
static err admin_running(const struct cmd *c,
                         const struct node_user_change *change,
                         struct errmsg *msg) {
  json_t *reply, *user;
  size_t i;
  TRY(admin_ask(&reply, c, change, msg));
  if (!change) {
    if (c->cfg.json) printf("[");
    json_array_foreach(json_object_get(reply, "result"), i, user) {
      admin_put_user(c, (u32)i, json_string_value(json_object_get(user, "name")),
                     json_string_value(json_object_get(user, "role")));
    }
    if (c->cfg.json) printf("]\n");
  }
  json_decref(reply);
  return ERR_OK;
}

/*------------------------------------------------------------- on the file */

static err admin_list(struct store *s, const struct cmd *c) {
  struct store_user *list = mem_alloc(NODE_USERS_MAX * sizeof *list);
  u32 cnt = 0;
  err e = store_user_list(s, list, NODE_USERS_MAX, &cnt);
  if (e == ERR_OK && c->cfg.json) printf("[");
  for (u32 i = 0; e == ERR_OK && i < cnt && i < NODE_USERS_MAX; i++) {
    admin_put_user(c, i, list[i].name, store_role_name(list[i].role));
  }
  if (e == ERR_OK && c->cfg.json) printf("]\n");
  mem_wipe(list, NODE_USERS_MAX * sizeof *list);
  mem_free(list);
  return e;
}

static err admin_stopped(struct store *s, const struct cmd *c,
                         const struct node_user_change *change,
                         struct errmsg *msg) {
  err e = change ? node_user_change_file(s, change, msg) : admin_list(s, c);
  if (e < 0 && !msg->text[0]) err_say(msg, e, "%s", store_error(s));
  struct errmsg closing = {""};
  err end = store_close(s, &closing);
  if (e == ERR_OK && end < 0) *msg = closing;
  return e < 0 ? e : end;
}

static err admin_do(const struct cmd *c, const struct node_user_change *change,
                    struct errmsg *msg) {
  struct store *s;
  struct errmsg none;
  err e = store_open(&s, c->db_path, 0, msg);
  if (e == ERR_OK) return admin_stopped(s, c, change, msg);
  if (e != ERR_LOCKED) return e;
  e = admin_running(c, change, &none);
  if (e == ERR_NOT_FOUND) {
    return err_say(msg, ERR_LOCKED, "%s is in use, and no node answers on its "
                   "Unix socket: stop the node first, or name it by --ipcpath",
                   c->db_path);
  }
  if (e < 0) *msg = none;
  return e;
}

int cmd_admin(struct cmd *c) {
  struct errmsg msg = {""};
  char hash[STORE_PASSWORD_MAX];
  const char *verb = c->arg[0];
  bool list = strcmp(verb, "list") == 0, create = strcmp(verb, "create") == 0;
  if (!(list ? c->arg_cnt == 1
        : create ? c->arg_cnt == 2 || c->arg_cnt == 3
                 : strcmp(verb, "reset") == 0 && c->arg_cnt == 2)) {
    err_say(&msg, ERR_USAGE, "admin create NAME [ROLE], admin reset NAME, "
            "admin list");
    return cmd_fail(ERR_USAGE, &msg);
  }
  struct node_user_change change = {
    .make = create, .name = list ? NULL : c->arg[1],
    .role = c->arg_cnt > 2 ? c->arg[2] : "owner",
    .hash = hash, .from = "console",
  };
  err e = list ? ERR_OK : cmd_admin_hash(hash, c, &msg);
  if (e == ERR_OK) e = admin_do(c, list ? NULL : &change, &msg);
  mem_wipe(hash, sizeof hash);
  if (e < 0) return cmd_fail(e, &msg);
  if (create) printf("Made %s, %s\n", change.name, change.role);
  else if (!list)
    printf("%s has a new password and is logged out everywhere\n", change.name);
  return EXIT_DONE;
}

#undef ADMIN_PASSWORD_MAX
