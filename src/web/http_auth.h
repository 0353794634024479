/* http_auth.h - what http_auth.c (logins, sessions) and http_user.c (users,
** second factor, API tokens) share; not for others, who have http_int.h. */
#ifndef WEB_HTTP_AUTH_H
#define WEB_HTTP_AUTH_H
#include "codec/json.h"
#include "node/node_token.h"
#include "web/http_int.h"

#define AUTH_USERS_MAX NODE_USERS_MAX
#define AUTH_LOGINS_MAX 256u
#define AUTH_FAILS_MAX 512u
#define AUTH_CODE_TEXT 10 /* "ABCD-EFGH" */

struct auth_fail {
  char what[STORE_NAME_MAX + STORE_ADDRESS_MAX]; /* "ip …" or "user …" */
  u32 cnt;
  u64 last_ms;
};

struct http_auth {
  struct http *h;
  pthread_mutex_t turn;   /* one password, one change at a time */
  u32 waiting;            /* for turn; atomic */
  pthread_mutex_t lock;   /* guards the following */
  struct store_user user[AUTH_USERS_MAX];
  u32 user_cnt;
  struct store_login login[AUTH_LOGINS_MAX];
  u32 login_cnt;
  struct store_token token[NODE_TOKENS_MAX];
  u32 token_cnt;
  u64 token_noted_ms[NODE_TOKENS_MAX]; /* when its use was written */
  char code[AUTH_CODE_TEXT]; /* empty: no set-up */
  u64 code_until_ms;
  u32 code_tries;
  struct http_begun { /* second factors not yet confirmed */
    u64 user, at_ms;
    u8 key[STORE_TOTP_MAX];
  } begun[16];
  struct auth_fail fail[AUTH_FAILS_MAX];
};

/* The body as an object, its source wiped; NULL after answering.  forget wipes
** its texts and frees it. */
json_t *http_auth_body(struct http_request *rq);
void http_auth_forget(json_t *body);
/* A text member without NUL bytes, of at most max bytes; else NULL. */
const char *http_auth_text(const json_t *body, const char *key, size_t max);
/* An object as answer. */
void http_auth_open(struct http_request *rq, struct jsonw *w);
void http_auth_close(struct http_request *rq, struct jsonw *w);
/* Answers what went wrong with the file. */
void http_auth_failed(struct http_request *rq, err e);
void http_auth_note(struct http_request *rq, const char *who,
                    const char *event, const char *detail);

struct http_guess { /* the two that a try counts for */
  char ip[STORE_NAME_MAX + STORE_ADDRESS_MAX];
  char user[STORE_NAME_MAX + STORE_ADDRESS_MAX];
};
/* False after answering: there were too many wrong tries. */
bool http_auth_may_try(struct http_request *rq, struct http_guess *g,
                       const char *name);
void http_auth_tried(struct http_request *rq, const struct http_guess *g,
                     bool failed);
/* Name and password are those of a user. */
bool http_auth_check(struct http_auth *a, struct store_user *out,
                     const char *name, const char *password);

/* Under the lock: the row, or NULL. */
struct store_user *http_auth_user(struct http_auth *a, u64 id);
/* By name, whatever its case: a copy; false when there is none. */
bool http_auth_find(struct http_auth *a, struct store_user *out,
                    const char *name);
/* Into the file and the table: a new one (id 0) or a change. */
err http_auth_put(struct http_auth *a, struct store_user *u) MUST_USE;
/* Ends what has ended, or, when the table is full, what was used longest ago;
** with keep all of user but that token's. */
void http_auth_sweep(struct http_auth *a, u64 user, const u8 *keep);
/* A one-time code; and however it was typed, as it was drawn. */
void http_auth_draw_code(char out[AUTH_CODE_TEXT]);
void http_auth_plain_code(char out[AUTH_CODE_TEXT], const char *typed);
void http_auth_code_hash(u8 out[32], const char code[AUTH_CODE_TEXT]);

/* The table of rights as a member "table". */
void http_user_put_rights(struct jsonw *w);
/* http_user.c: what POST changes, each with its turn and the body. */
void http_user_do(struct http_request *rq, const json_t *body);
void http_user_profile(struct http_request *rq, const json_t *body);
void http_user_totp(struct http_request *rq, const json_t *body);
void http_user_token(struct http_request *rq, const json_t *body);
#endif
