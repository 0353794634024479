/* node_user.c - users, logins, audit and settings by way of the writer; and
** passwords. */
#include "node/node_user.h"

#include <sodium/crypto_pwhash_argon2id.h>
#include <sodium/utils.h>
#include <stdio.h>
#include <strings.h>

#include "node/node_int.h"

#define USER_ARGON_MEMORY (64u << 20)
#define USER_ARGON_PASSES 3u
/* What a text that was put into the file by other hands may ask for. */
#define USER_ARGON_TEXT "$argon2id$v=19$m=65536,t=3,p=1$"

struct user_call {
  const char *name;
  const void *in;
  void *out;
  slice val;
  u64 id, *new_id;
  u32 max, *cnt;
  err result;
};

#define USER_CALL(what, call) \
  static void user_do_##what(struct node *n, void *arg) { \
    struct user_call *c = arg; \
    c->result = call; \
  }
USER_CALL(setting_get, store_meta_get(n->store, c->out, c->name))
USER_CALL(setting_put, store_meta_put(n->store, c->name, c->val))
USER_CALL(list, store_user_list(n->store, c->out, c->max, c->cnt))
USER_CALL(put, store_user_put(n->store, c->in, c->new_id))
USER_CALL(del, store_user_del(n->store, c->id))
USER_CALL(login_list, store_login_list(n->store, c->out, c->max, c->cnt))
USER_CALL(login_put, store_login_put(n->store, c->in))
USER_CALL(login_del, store_login_del(n->store, c->in))
USER_CALL(audit_list, store_audit_list(n->store, c->out, c->max, c->cnt))
USER_CALL(audit_add, store_audit_add(n->store, c->in))

static err user_run(struct node *n, void (*fn)(struct node *n, void *arg),
                    struct user_call c) {
  c.result = ERR_CLOSED;
  node_thread_call(&n->writer, fn, &c);
  return c.result;
}

struct user_with {
  err (*fn)(struct store *s, void *arg);
  void *arg;
  err result;
};

static void user_do_with(struct node *n, void *arg) {
  struct user_with *w = arg;
  w->result = w->fn(n->store, w->arg);
}

err node_with_store(struct node *n, err (*fn)(struct store *s, void *arg),
                    void *arg) {
  struct user_with w = {.fn = fn, .arg = arg, .result = ERR_CLOSED};
  node_thread_call(&n->writer, user_do_with, &w);
  return w.result;
}

err node_setting_get(struct node *n, struct buf *out, const char *name) {
  return user_run(n, user_do_setting_get,
                  (struct user_call){.out = out, .name = name});
}
err node_setting_put(struct node *n, const char *name, slice val) {
  return user_run(n, user_do_setting_put,
                  (struct user_call){.name = name, .val = val});
}
err node_user_list(struct node *n, struct store_user *out, u32 max,
                   u32 *cnt) {
  return user_run(n, user_do_list,
                  (struct user_call){.out = out, .max = max, .cnt = cnt});
}
err node_user_put(struct node *n, const struct store_user *u, u64 *id) {
  return user_run(n, user_do_put, (struct user_call){.in = u, .new_id = id});
}
err node_user_del(struct node *n, u64 id) {
  return user_run(n, user_do_del, (struct user_call){.id = id});
}
err node_login_list(struct node *n, struct store_login *out, u32 max,
                    u32 *cnt) {
  return user_run(n, user_do_login_list,
                  (struct user_call){.out = out, .max = max, .cnt = cnt});
}
err node_login_put(struct node *n, const struct store_login *l) {
  return user_run(n, user_do_login_put, (struct user_call){.in = l});
}
err node_login_del(struct node *n, const u8 token[32]) {
  return user_run(n, user_do_login_del, (struct user_call){.in = token});
}
err node_audit_list(struct node *n, struct store_audit *out, u32 max,
                    u32 *cnt) {
  return user_run(n, user_do_audit_list,
                  (struct user_call){.out = out, .max = max, .cnt = cnt});
}
err node_audit_add(struct node *n, const struct store_audit *a) {
  return user_run(n, user_do_audit_add, (struct user_call){.in = a});
}

/*------------------------------------------------------- administration */

static err user_change(struct store *s, const struct store_user *list, u32 cnt,
                       const struct node_user_change *c, struct errmsg *msg) {
  struct store_user u = {.role = STORE_OWNER};
  const struct store_user *old = NULL;
  bool make = c->act == NODE_USER_MAKE;
  u64 id;
  for (u32 i = 0; i < cnt; i++)
    if (strcasecmp(list[i].name, c->name) == 0) old = &list[i];
  if (make && c->role) u.role = store_role_find(c->role);
  if (u.role == STORE_ROLE_CNT)
    return err_say(msg, ERR_INPUT, "no role %s: owner, manager, cashier, "
                   "accountant or mediator", c->role);
  if (!node_user_name_valid(c->name))
    return err_say(msg, ERR_INPUT, "a name is 1 to 32 letters, digits, dots, "
                   "dashes, underscores");
  if (make && old)
    return err_say(msg, ERR_EXISTS, "there is a user %s already: cybermiles "
                   "admin reset-password %s gives another password", c->name, c->name);
  if (make && cnt >= NODE_USERS_MAX)
    return err_say(msg, ERR_LIMIT, "there are %u users, no more", cnt);
  if (!make && !old)
    return err_say(msg, ERR_NOT_FOUND, "no user %s: cybermiles admin list "
                   "shows all", c->name);
  if (old) u = *old;
  else snprintf(u.name, sizeof u.name, "%s", c->name);
  if (make) u.created_ms = node_clock_ms();
  if (c->act == NODE_USER_DROP_TOTP) {
    u.has_totp = false;
    u.recovery_cnt = 0;
  } else {
    snprintf(u.password, sizeof u.password, "%s", c->hash);
    u.has_code = false;
  }
  err e = store_user_put(s, &u, &id);
  if (e == ERR_OK && c->act == NODE_USER_RESET) e = store_login_del_user(s, u.id);
  mem_wipe(&u, sizeof u);
  return e;
}

err node_user_change_file(struct store *s, const struct node_user_change *c,
                          struct errmsg *msg) {
  static const char *const said[NODE_USER_ACT_CNT] = {
    "user.created", "password.reset", "second.dropped"};
  struct store_user *list = mem_alloc(NODE_USERS_MAX * sizeof *list);
  struct store_audit a = {.at_ms = node_clock_ms()};
  u32 cnt = 0;
  msg->text[0] = 0;
  err e = store_user_list(s, list, NODE_USERS_MAX, &cnt);
  if (cnt > NODE_USERS_MAX) cnt = NODE_USERS_MAX;
  if (e == ERR_OK) e = user_change(s, list, cnt, c, msg);
  mem_wipe(list, NODE_USERS_MAX * sizeof *list);
  mem_free(list);
  if (e == ERR_OK) {
    snprintf(a.address, sizeof a.address, "%s", c->from);
    snprintf(a.event, sizeof a.event, "%s", said[c->act]);
    snprintf(a.detail, sizeof a.detail, "%.64s", c->name);
    e = store_audit_add(s, &a);
  }
  if (e < 0 && !msg->text[0]) err_say(msg, e, "%s", store_error(s));
  return e;
}

struct user_change_call {
  const struct node_user_change *c;
  struct errmsg *msg;
  err result;
};
static void user_do_change(struct node *n, void *arg) {
  struct user_change_call *q = arg;
  q->result = node_user_change_file(n->store, q->c, q->msg);
}

err node_user_change(struct node *n, const struct node_user_change *c,
                     struct errmsg *msg) {
  struct user_change_call q = {c, msg, ERR_CLOSED};
  if (!node_thread_call(&n->writer, user_do_change, &q))
    return err_say(msg, ERR_CLOSED, "%s", err_text(ERR_CLOSED));
  return q.result;
}

/*-------------------------------------------------------------- passwords */

const char *node_password_weak(const char *password) {
  size_t len = strlen(password);
  bool seen[256] = {false};
  u32 kinds = 0;
  if (len < 10) return "a password has at least 10 characters";
  if (len > 1024) return "a password has at most 1024 bytes";
  for (size_t i = 0; i < len; i++) {
    u8 c = (u8)password[i];
    kinds += !seen[c];
    seen[c] = true;
  }
  return kinds < 5 ? "a password has at least 5 different characters" : NULL;
}

err node_password_hash(char out[STORE_PASSWORD_MAX], const char *password) {
  u8 salt[16], key[32];
  char a[32], b[64];
  node_random(salt, sizeof salt);
  if (crypto_pwhash_argon2id(key, sizeof key, password, strlen(password), salt,
                             USER_ARGON_PASSES, USER_ARGON_MEMORY,
                             crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
    return ERR_BUSY; /* no memory for it now */
  }
  sodium_bin2base64(a, sizeof a, salt, sizeof salt,
                    sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  sodium_bin2base64(b, sizeof b, key, sizeof key,
                    sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  snprintf(out, STORE_PASSWORD_MAX, USER_ARGON_TEXT "%s$%s", a, b);
  mem_wipe(key, sizeof key);
  mem_wipe(b, sizeof b);
  return ERR_OK;
}

bool node_password_is_hash(const char *text) {
  size_t n = strlen(text);
  return n > sizeof USER_ARGON_TEXT && n < STORE_PASSWORD_MAX &&
         strncmp(text, USER_ARGON_TEXT, sizeof USER_ARGON_TEXT - 1) == 0;
}

bool node_password_check(const char *hash, const char *password) {
  return strncmp(hash, USER_ARGON_TEXT, sizeof USER_ARGON_TEXT - 1) == 0 &&
         crypto_pwhash_argon2id_str_verify(hash, password,
                                           strlen(password)) == 0;
}

const char *node_role_name(enum store_role role) {
  return store_role_name(role);
}

enum store_role node_role_find(const char *name) {
  return store_role_find(name);
}

bool node_user_name_valid(const char *name) {
  size_t n = strlen(name);
  return n > 0 && n < STORE_NAME_MAX &&
         strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                      "0123456789._-") == n;
}

#undef USER_ARGON_MEMORY
#undef USER_ARGON_PASSES
#undef USER_ARGON_TEXT
#undef USER_CALL
