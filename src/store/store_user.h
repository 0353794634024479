/* store_user.h - rows of the tables user, login and audit: who may use the
** dashboard, where they are logged in, what they did.
**
** As with store.h's small rows, one row is one durable transaction, and the
** store belongs to one thread at a time.  The audit keeps the newest
** STORE_AUDIT_MAX rows. */
#ifndef STORE_STORE_USER_H
#define STORE_STORE_USER_H
#include "store/store.h"

#define STORE_NAME_MAX 33
#define STORE_PASSWORD_MAX 128
#define STORE_ADDRESS_MAX 48
#define STORE_AGENT_MAX 160
#define STORE_AUDIT_MAX 10000

/* In the order of what they may: the first may all. */
enum store_role {
  STORE_OWNER, STORE_MANAGER, STORE_CASHIER, STORE_ACCOUNTANT, STORE_MEDIATOR,
  STORE_ROLE_CNT
};
const char *store_role_name(enum store_role role);
/* STORE_ROLE_CNT when it is none. */
enum store_role store_role_find(const char *name);

struct store_user {
  u64 id;                            /* 0: a new one */
  char name[STORE_NAME_MAX];         /* unique, whatever the case */
  enum store_role role;
  char password[STORE_PASSWORD_MAX]; /* PHC text */
  u64 created_ms;
};
struct store_login {
  u8 token[32];                      /* SHA-256 of what the browser holds */
  u64 user, created_ms, seen_ms;
  char address[STORE_ADDRESS_MAX];
  char agent[STORE_AGENT_MAX];       /* the browser's name for itself */
};
struct store_audit {
  u64 id, at_ms;
  char who[STORE_NAME_MAX];
  char address[STORE_ADDRESS_MAX];
  char event[32];
  char detail[128];
};

/* Up to max rows; *cnt is how many there are (audit: how many were given,
** newest first). */
err store_user_list(struct store *s, struct store_user *out, u32 max, u32 *cnt)
    MUST_USE;
/* id 0 adds and sets *id: ERR_EXISTS when the name is taken. */
err store_user_put(struct store *s, const struct store_user *u, u64 *id)
    MUST_USE;
/* And its logins. */
err store_user_del(struct store *s, u64 id) MUST_USE;
err store_login_list(struct store *s, struct store_login *out, u32 max,
                     u32 *cnt) MUST_USE;
err store_login_put(struct store *s, const struct store_login *l) MUST_USE;
err store_login_del(struct store *s, const u8 token[32]) MUST_USE;
/* All of a user's. */
err store_login_del_user(struct store *s, u64 user) MUST_USE;
err store_audit_list(struct store *s, struct store_audit *out, u32 max,
                     u32 *cnt) MUST_USE;
err store_audit_add(struct store *s, const struct store_audit *a) MUST_USE;
#endif
