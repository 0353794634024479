/* node_user.h - who may use the dashboard, kept in the node's file: users,
** their logins, what was done, and settings that are no part of the chain.
**
** Passwords are argon2id (RFC 9106: 64 MiB, 3 passes, one lane) in PHC form;
** of a login's token only the SHA-256 is kept.  All calls may come from any
** thread and go through the writer's; what they changed is durable on return.
*/
#ifndef NODE_NODE_USER_H
#define NODE_NODE_USER_H
#include "base/buf.h"
#include "node/node.h"
#include "store/store_user.h"

/* Runs fn on the writer's thread, with the store: for rows that are no part of
** the chain (store_notify.h).  ERR_CLOSED when the node stops. */
err node_with_store(struct node *n, err (*fn)(struct store *s, void *arg),
                    void *arg) MUST_USE;

/* ERR_NOT_FOUND.  Names are short ASCII. */
err node_setting_get(struct node *n, struct buf *out, const char *name)
    MUST_USE;
err node_setting_put(struct node *n, const char *name, slice val) MUST_USE;

/* out: up to max rows; returns how many there are. */
err node_user_list(struct node *n, struct store_user *out, u32 max, u32 *cnt)
    MUST_USE;
/* Adds (id 0: *id is set; ERR_EXISTS when the name is taken) or changes. */
err node_user_put(struct node *n, const struct store_user *u, u64 *id)
    MUST_USE;
err node_user_del(struct node *n, u64 id) MUST_USE;

err node_login_list(struct node *n, struct store_login *out, u32 max, u32 *cnt)
    MUST_USE;
err node_login_put(struct node *n, const struct store_login *l) MUST_USE;
err node_login_del(struct node *n, const u8 token[32]) MUST_USE;

/* Newest first. */
err node_audit_list(struct node *n, struct store_audit *out, u32 max, u32 *cnt)
    MUST_USE;
err node_audit_add(struct node *n, const struct store_audit *a) MUST_USE;

/* What `admin` does, on a file that no node runs on (s), and on a running node;
** hash is what node_password_hash made.  Noted in the audit, from being where it
** was asked.  ERR_EXISTS, ERR_NOT_FOUND, ERR_INPUT, ERR_LIMIT with words. */
#define NODE_USERS_MAX 64u
enum node_user_act {
  NODE_USER_MAKE,
  NODE_USER_RESET,      /* another password, and logged out everywhere */
  NODE_USER_DROP_TOTP,  /* no second factor any more */
  NODE_USER_ACT_CNT
};
struct node_user_change {
  enum node_user_act act;
  const char *name;
  const char *role;  /* of a new one; NULL: owner */
  const char *hash;
  const char *from;
};
err node_user_change_file(struct store *s, const struct node_user_change *c,
                          struct errmsg *msg) MUST_USE;
err node_user_change(struct node *n, const struct node_user_change *c,
                     struct errmsg *msg) MUST_USE;

/* A password's text to keep; what says why it is refused (NULL: taken).
** False when a check's parameters cost too much memory or the text is none. */
const char *node_password_weak(const char *password);
err node_password_hash(char out[STORE_PASSWORD_MAX], const char *password)
    MUST_USE;
/* Whether a text is what node_password_hash makes. */
bool node_password_is_hash(const char *text);
bool node_password_check(const char *hash, const char *password);
const char *node_role_name(enum store_role role);
enum store_role node_role_find(const char *name); /* or STORE_ROLE_CNT */
/* 1 to 32 of a-z A-Z 0-9 . _ - */
bool node_user_name_valid(const char *name);
#endif
