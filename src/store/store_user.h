/* store_user.h - rows of the tables user, login, token and audit: who may use
** the dashboard, where they are logged in, what their programs log in with,
** what they did; and of key_policy: what the keys of the node may sign.
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
#define STORE_RIGHTS_MAX 192   /* names of rights */
#define STORE_LANGUAGE_MAX 12
#define STORE_TOTP_MAX 20
#define STORE_RECOVERY_MAX 10
#define STORE_ALLOW_MAX 64

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
  char password[STORE_PASSWORD_MAX]; /* PHC text; "": none yet */
  u64 created_ms;
  bool disabled;
  char language[STORE_LANGUAGE_MAX]; /* "": the browser's */
  bool has_code;                     /* may set a password once, by a code */
  u8 code[32];                       /* its SHA-256 */
  u64 code_until_ms;
  bool has_totp;                     /* a second factor is wanted */
  u8 totp[STORE_TOTP_MAX];
  u64 totp_step;                     /* of the newest code taken */
  u32 recovery_cnt;
  u8 recovery[STORE_RECOVERY_MAX][32]; /* SHA-256 of each left */
};
struct store_token {
  u64 id;                            /* 0: a new one */
  u8 hash[32];                       /* SHA-256 of what the program holds */
  u64 user;
  char name[STORE_NAME_MAX];
  char rights[STORE_RIGHTS_MAX];
  u64 created_ms, used_ms;           /* used_ms 0: never */
  u64 until_ms;                      /* 0: for good */
};
struct store_policy {                /* of a key */
  char rights[STORE_RIGHTS_MAX];
  u8 daily[32];                      /* wei a day, big endian; 0: any sum */
  u32 allow_cnt;                     /* 0: anybody */
  addr20 allow[STORE_ALLOW_MAX];
  u64 unlock_s;                      /* at most so long; 0: any time */
  u64 day;                           /* since 1970, of spent */
  u8 spent[32];
};
struct store_login {
  u8 token[32];                      /* SHA-256 of what the browser holds */
  u64 user, created_ms, seen_ms;
  char address[STORE_ADDRESS_MAX];
  char agent[STORE_AGENT_MAX];       /* the browser's name for itself */
  u64 confirmed_ms;                  /* password given; not in the file */
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
/* id 0 adds and sets *id.  ERR_EXISTS when the name is another's. */
err store_user_put(struct store *s, const struct store_user *u, u64 *id)
    MUST_USE;
/* And its logins and tokens. */
err store_user_del(struct store *s, u64 id) MUST_USE;
err store_login_list(struct store *s, struct store_login *out, u32 max,
                     u32 *cnt) MUST_USE;
err store_login_put(struct store *s, const struct store_login *l) MUST_USE;
err store_login_del(struct store *s, const u8 token[32]) MUST_USE;
/* All of a user's. */
err store_login_del_user(struct store *s, u64 user) MUST_USE;
err store_token_list(struct store *s, struct store_token *out, u32 max,
                     u32 *cnt) MUST_USE;
err store_token_add(struct store *s, const struct store_token *t, u64 *id)
    MUST_USE;
err store_token_used(struct store *s, u64 id, u64 at_ms) MUST_USE;
err store_token_del(struct store *s, u64 id) MUST_USE;
/* ERR_NOT_FOUND: the key has none. */
err store_policy_get(struct store *s, struct store_policy *out,
                     const addr20 *addr) MUST_USE;
err store_policy_put(struct store *s, const struct store_policy *p,
                     const addr20 *addr) MUST_USE;
err store_audit_list(struct store *s, struct store_audit *out, u32 max,
                     u32 *cnt) MUST_USE;
err store_audit_add(struct store *s, const struct store_audit *a) MUST_USE;
#endif
