/* cmd_admin.c - admin: users of the dashboard, made and mended on the machine
** itself: the way in when a password is lost.  Works on the file while the node
** is stopped. */
#include "cmd/cmd.h"
#include "node/node_user.h"
#include <stdio.h>
#include <strings.h>

#define ADMIN_USERS_MAX 64u
#define ADMIN_PASSWORD_MAX 1025

/* The user of that name among cnt; NULL. */
static struct store_user *admin_find(struct store_user *list, u32 cnt,
                                     const char *name) {
  for (u32 i = 0; i < cnt; i++) {
    if (strcasecmp(list[i].name, name) == 0) return &list[i];
  }
  return NULL;
}

static err admin_set_password(struct store_user *u, const struct cmd *c,
                              struct errmsg *msg) {
  char password[ADMIN_PASSWORD_MAX];
  TRY(cmd_password(password, sizeof password, c, "Password for the dashboard",
                   true, msg));
  const char *weak = node_password_weak(password);
  err e = weak ? err_say(msg, ERR_USAGE, "%s", weak)
               : node_password_hash(u->password, password);
  if (e == ERR_BUSY) e = err_say(msg, e, "argon2id found no 64 MiB of memory");
  mem_wipe(password, sizeof password);
  return e;
}

static void admin_note(struct store *s, const char *event, const char *name) {
  struct store_audit a = {.at_ms = node_clock_ms(), .address = "console"};
  snprintf(a.event, sizeof a.event, "%s", event);
  snprintf(a.detail, sizeof a.detail, "%s", name);
  /* What it tells of is done: a full disk then says so by itself. */
  if (store_audit_add(s, &a) < 0) fprintf(stderr, "not in the audit\n");
}

static err admin_create(struct store *s, struct store_user *list, u32 cnt,
                        const struct cmd *c, struct errmsg *msg) {
  struct store_user u = {.role = STORE_OWNER};
  const char *name = c->arg[1];
  u64 id;
  if (c->arg_cnt > 2) u.role = store_role_find(c->arg[2]);
  if (u.role == STORE_ROLE_CNT) {
    return err_say(msg, ERR_USAGE, "no role %s: owner, manager, cashier, "
                   "accountant or mediator", c->arg[2]);
  }
  if (!node_user_name_valid(name)) {
    return err_say(msg, ERR_USAGE, "a name is 1 to 32 letters, digits, dots, "
                   "dashes, underscores");
  }
  if (admin_find(list, cnt, name)) {
    return err_say(msg, ERR_EXISTS, "there is a user %s already: cybermiles "
                   "admin reset %s gives another password", name, name);
  }
  if (cnt >= ADMIN_USERS_MAX) {
    return err_say(msg, ERR_LIMIT, "there are %u users, no more", cnt);
  }
  snprintf(u.name, sizeof u.name, "%s", name);
  TRY(admin_set_password(&u, c, msg));
  u.created_ms = node_clock_ms();
  TRY(store_user_put(s, &u, &id));
  admin_note(s, "user.created", name);
  printf("Made %s, %s\n", u.name, store_role_name(u.role));
  return ERR_OK;
}

static err admin_reset(struct store *s, struct store_user *list, u32 cnt,
                       const struct cmd *c, struct errmsg *msg) {
  struct store_user *u = admin_find(list, cnt, c->arg[1]);
  u64 id;
  if (!u) {
    return err_say(msg, ERR_NOT_FOUND, "no user %s: cybermiles admin list "
                   "shows all", c->arg[1]);
  }
  TRY(admin_set_password(u, c, msg));
  TRY(store_user_put(s, u, &id));
  TRY(store_login_del_user(s, u->id));
  admin_note(s, "password.reset", u->name);
  printf("%s has a new password and is logged out everywhere\n", u->name);
  return ERR_OK;
}

static err admin_list(const struct store_user *list, u32 cnt,
                      const struct cmd *c) {
  if (c->cfg.json) printf("[");
  for (u32 i = 0; i < cnt; i++) {
    /* Names have no character that JSON would write otherwise. */
    printf(c->cfg.json ? "%s{\"name\":\"%s\",\"role\":\"%s\"}" : "%s%s %s\n",
           c->cfg.json && i ? "," : "", list[i].name,
           store_role_name(list[i].role));
  }
  if (c->cfg.json) printf("]\n");
  return ERR_OK;
}

int cmd_admin(struct cmd *c) {
  struct errmsg msg = {""};
  struct store *s;
  const char *verb = c->arg[0];
  bool list = strcmp(verb, "list") == 0, create = strcmp(verb, "create") == 0;
  if (!(list ? c->arg_cnt == 1
        : create ? c->arg_cnt == 2 || c->arg_cnt == 3
                 : strcmp(verb, "reset") == 0 && c->arg_cnt == 2)) {
    err_say(&msg, ERR_USAGE, "admin create NAME [ROLE], admin reset NAME, "
            "admin list");
    return cmd_fail(ERR_USAGE, &msg);
  }
  err e = store_open(&s, c->db_path, 0, &msg);
  if (e == ERR_LOCKED) {
    err_say(&msg, e, "%s is in use: stop the node first", c->db_path);
  }
  if (e < 0) return cmd_fail(e, &msg);
  struct store_user *users = mem_alloc(ADMIN_USERS_MAX * sizeof *users);
  u32 cnt = 0;
  e = store_user_list(s, users, ADMIN_USERS_MAX, &cnt);
  if (cnt > ADMIN_USERS_MAX) cnt = ADMIN_USERS_MAX;
  if (e == ERR_OK) {
    e = list ? admin_list(users, cnt, c)
        : create ? admin_create(s, users, cnt, c, &msg)
                 : admin_reset(s, users, cnt, c, &msg);
  }
  mem_wipe(users, ADMIN_USERS_MAX * sizeof *users);
  mem_free(users);
  struct errmsg closing = {""};
  err end = store_close(s, &closing);
  if (e < 0 && !msg.text[0]) err_say(&msg, e, "%s", err_text(e));
  if (e < 0) return cmd_fail(e, &msg);
  return end < 0 ? cmd_fail(end, &closing) : EXIT_DONE;
}

#undef ADMIN_USERS_MAX
#undef ADMIN_PASSWORD_MAX
