/* http_auth.c - who is at the dashboard: first set-up, logins, sessions.
**
** Set-up: while the file has no user, the node draws a code when it starts and
** tells it in its banner.  Within 30 minutes it makes one owner, once; 20 wrong
** codes end it sooner.  Afterwards, and for lost passwords, there is the
** command `cybermiles admin` on the machine itself.
**
** A session is a random token of 32 bytes in a cookie (HttpOnly, SameSite=
** Strict; through TLS __Host- and Secure); the file has its SHA-256.  It ends
** after SESSION_IDLE_MS without a request, after SESSION_MAX_MS in any case,
** on logging out, when it is revoked, and when its user's password changes.
** JSON-RPC at / never looks at cookies: /admin/rpc is where an owner's counts.
**
** What changes something is asked for by POST with a JSON body and no foreign
** Origin or Sec-Fetch-Site (http_policy.c), so another site's page can do
** nothing in a user's name.
**
** Guessing: each failure of an address, and of an account, makes the next try
** wait: nothing for two, then 1, 2, 4 ... s (an address up to 15 minutes, an
** account up to one, so that nobody can lock its owner out for long).  One
** password is checked at a time, four may wait; names that do not exist take
** as long as those that do.
**
** Locks: auth->lock guards the tables, for moments; what is durable is written
** without it, by one request at a time (auth->turn).
*/
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>

#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "web/http_int.h"

#define AUTH_USERS_MAX NODE_USERS_MAX
#define AUTH_LOGINS_MAX 256u
#define AUTH_FAILS_MAX 512u
#define AUTH_SETUP_MS 1800000u
#define AUTH_SETUP_TRIES 20u
#define AUTH_WAITING_MAX 4u
#define SESSION_IDLE_MS (12ull * 3600000)
#define SESSION_MAX_MS (7ull * 86400000)
#define AUTH_FORGET_MS 3600000u
#define AUTH_AUDIT_SHOWN 100u

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
  char code[10];          /* "ABCD-EFGH"; empty: no set-up */
  u64 code_until_ms;
  u32 code_tries;
  struct auth_fail fail[AUTH_FAILS_MAX];
};

/*---------------------------------------------------------- small services */

static void auth_address(const struct http_request *rq,
                         char out[STORE_ADDRESS_MAX]) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(rq->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  out[0] = 0;
  if (!info || !info->client_addr) return;
  const struct sockaddr *sa = info->client_addr;
  if (sa->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, sa, sizeof in);
    inet_ntop(AF_INET, &in.sin_addr, out, STORE_ADDRESS_MAX);
  } else if (sa->sa_family == AF_INET6) {
    struct sockaddr_in6 in6;
    memcpy(&in6, sa, sizeof in6);
    inet_ntop(AF_INET6, &in6.sin6_addr, out, STORE_ADDRESS_MAX);
  }
}

static void auth_note(struct http_request *rq, const char *who,
                      const char *event, const char *detail) {
  struct store_audit a = {.at_ms = node_clock_ms()};
  snprintf(a.who, sizeof a.who, "%s", who);
  auth_address(rq, a.address);
  snprintf(a.event, sizeof a.event, "%s", event);
  snprintf(a.detail, sizeof a.detail, "%s", detail);
  if (node_audit_add(rq->h->node, &a) < 0) return; /* the writer has failed */
}

static json_t *auth_body(struct http_request *rq) {
  struct errmsg msg = {.text = ""};
  json_t *j = json_read(buf_slice(&rq->body), &msg);
  mem_wipe(rq->body.ptr, rq->body.len);
  if (json_is_object(j)) return j;
  http_api_error(rq, MHD_HTTP_BAD_REQUEST, "bad_request", "%s",
                 j ? "a JSON object is wanted" : msg.text);
  if (j) json_decref(j);
  return NULL;
}

/* jansson frees without wiping. */
static void auth_forget(json_t *body) {
  const char *key;
  json_t *val;
  json_object_foreach(body, key, val) {
    char *s = (char *)json_string_value(val);
    if (s) mem_wipe(s, json_string_length(val));
  }
  json_decref(body);
}

/* A text member without NUL bytes, of at most max bytes; else NULL. */
static const char *auth_text(const json_t *body, const char *key, size_t max) {
  const json_t *j = json_object_get(body, key);
  const char *s = json_string_value(j);
  return s && strlen(s) == json_string_length(j) && strlen(s) <= max ? s : NULL;
}

static void auth_open(struct http_request *rq, struct jsonw *w) {
  buf_clear(&rq->reply);
  jsonw_init(w, &rq->reply);
  jsonw_obj(w);
  rq->type = "application/json";
}

static void auth_close(struct http_request *rq, struct jsonw *w) {
  jsonw_obj_end(w);
  rq->status = MHD_HTTP_OK;
}

/*---------------------------------------------------------------- guessing */

/* Under the lock: the row of what, or the one to be given up for it. */
static struct auth_fail *auth_fail_row(struct http_auth *a, const char *what,
                                       u64 now) {
  struct auth_fail *old = &a->fail[0];
  for (u32 i = 0; i < AUTH_FAILS_MAX; i++) {
    struct auth_fail *f = &a->fail[i];
    if (strcasecmp(f->what, what) == 0) {
      if (now - f->last_ms > AUTH_FORGET_MS) f->cnt = 0;
      return f;
    }
    if (f->last_ms < old->last_ms) old = f;
  }
  memset(old, 0, sizeof *old);
  snprintf(old->what, sizeof old->what, "%s", what);
  return old;
}

/* Seconds that the next try has still to wait. */
static u32 auth_fail_wait(struct http_auth *a, const char *what, u32 max_s) {
  u64 now = node_clock_ms();
  pthread_mutex_lock(&a->lock);
  const struct auth_fail *f = auth_fail_row(a, what, now);
  u32 more = f->cnt > 2 ? f->cnt - 3 : 0;
  u64 wait = f->cnt < 3 ? 0 : more > 10 ? max_s : 1u << more;
  if (wait > max_s) wait = max_s;
  u64 until = f->last_ms + wait * 1000;
  pthread_mutex_unlock(&a->lock);
  return until > now ? (u32)((until - now + 999) / 1000) : 0;
}

static void auth_fail_set(struct http_auth *a, const char *what, bool failed) {
  u64 now = node_clock_ms();
  pthread_mutex_lock(&a->lock);
  struct auth_fail *f = auth_fail_row(a, what, now);
  f->cnt = failed ? f->cnt + 1 : 0;
  f->last_ms = failed ? now : 0;
  pthread_mutex_unlock(&a->lock);
}

struct auth_guess { /* the two that a try counts for */
  char ip[STORE_NAME_MAX + STORE_ADDRESS_MAX];
  char user[STORE_NAME_MAX + STORE_ADDRESS_MAX];
};

/* False after answering. */
static bool auth_may_try(struct http_request *rq, struct auth_guess *g,
                         const char *name) {
  char address[STORE_ADDRESS_MAX];
  auth_address(rq, address);
  snprintf(g->ip, sizeof g->ip, "ip %s", address);
  snprintf(g->user, sizeof g->user, "user %s", name);
  u32 a = auth_fail_wait(rq->h->auth, g->ip, 900);
  u32 b = auth_fail_wait(rq->h->auth, g->user, 60);
  u32 wait = a > b ? a : b;
  if (wait == 0) return true;
  http_api_error(rq, MHD_HTTP_TOO_MANY_REQUESTS, "slow_down",
                 "too many wrong tries: wait %u s; a lost password is replaced "
                 "on the machine itself by cybermiles admin reset", wait);
  return false;
}

static void auth_tried(struct http_request *rq, const struct auth_guess *g,
                       bool failed) {
  auth_fail_set(rq->h->auth, g->ip, failed);
  auth_fail_set(rq->h->auth, g->user, failed);
}

/* The turn to check or change a password; false after answering. */
static bool auth_take_turn(struct http_request *rq) {
  struct http_auth *a = rq->h->auth;
  if (__atomic_add_fetch(&a->waiting, 1, __ATOMIC_ACQ_REL) <=
      AUTH_WAITING_MAX) {
    pthread_mutex_lock(&a->turn);
    return true;
  }
  __atomic_sub_fetch(&a->waiting, 1, __ATOMIC_ACQ_REL);
  http_api_error(rq, MHD_HTTP_TOO_MANY_REQUESTS, "busy",
                 "other passwords are being checked, try again");
  return false;
}

static void auth_give_turn(struct http_request *rq) {
  struct http_auth *a = rq->h->auth;
  pthread_mutex_unlock(&a->turn);
  __atomic_sub_fetch(&a->waiting, 1, __ATOMIC_ACQ_REL);
}

/*---------------------------------------------------------------- sessions */

static const char *auth_cookie_name(const struct http_request *rq) {
  return rq->secure ? "__Host-cybermiles" : "cybermiles";
}

/* The SHA-256 of the token that came with the request. */
static bool auth_token(const struct http_request *rq, u8 out[32]) {
  u8 token[32];
  const char *text = MHD_lookup_connection_value(rq->conn, MHD_COOKIE_KIND,
                                                 auth_cookie_name(rq));
  if (!text || strlen(text) != 64 || hex_decode(token, text, 64) < 0) {
    return false;
  }
  crypto_sha256(out, token, sizeof token);
  return true;
}

/* Under the lock. */
static struct store_user *auth_user(struct http_auth *a, u64 id) {
  for (u32 i = 0; i < a->user_cnt; i++) {
    if (a->user[i].id == id) return &a->user[i];
  }
  return NULL;
}

static bool auth_login_ended(const struct store_login *l, u64 now) {
  return now > l->seen_ms + SESSION_IDLE_MS ||
         now > l->created_ms + SESSION_MAX_MS;
}

bool http_auth_who(struct http_request *rq, struct store_user *user,
                   struct store_login *login) {
  struct http_auth *a = rq->h->auth;
  u64 now = node_clock_ms();
  u8 token[32];
  bool found = false;
  if (!auth_token(rq, token)) return false;
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->login_cnt && !found; i++) {
    struct store_login *l = &a->login[i];
    if (memcmp(l->token, token, 32) != 0) continue;
    const struct store_user *u = auth_user(a, l->user);
    if (!u || auth_login_ended(l, now)) break;
    found = true;
    if (now > l->seen_ms) l->seen_ms = now;
    if (user) *user = *u;
    if (login) *login = *l;
  }
  pthread_mutex_unlock(&a->lock);
  return found;
}

bool http_auth_exists(struct http *h) {
  pthread_mutex_lock(&h->auth->lock);
  bool any = h->auth->user_cnt > 0;
  pthread_mutex_unlock(&h->auth->lock);
  return any;
}

/* From tables and file; by the token's hash. */
static void auth_drop(struct http_auth *a, const u8 token[32]) {
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->login_cnt; i++) {
    if (memcmp(a->login[i].token, token, 32) != 0) continue;
    a->login[i] = a->login[--a->login_cnt];
    break;
  }
  pthread_mutex_unlock(&a->lock);
  if (node_login_del(a->h->node, token) < 0) return; /* gone at its end */
}

/* Drops what has ended, or, when the table is full, what was used longest
** ago; keep NULL: else all others of user. */
static void auth_sweep(struct http_auth *a, u64 user, const u8 *keep) {
  u64 now = node_clock_ms();
  for (;;) {
    u8 token[32];
    const struct store_login *found = NULL, *oldest = NULL;
    pthread_mutex_lock(&a->lock);
    for (u32 i = 0; i < a->login_cnt && !found; i++) {
      const struct store_login *l = &a->login[i];
      if (auth_login_ended(l, now)) found = l;
      if (keep && l->user == user && memcmp(l->token, keep, 32)) found = l;
      if (!oldest || l->seen_ms < oldest->seen_ms) oldest = l;
    }
    if (!found && a->login_cnt == AUTH_LOGINS_MAX) found = oldest;
    if (found) memcpy(token, found->token, 32);
    pthread_mutex_unlock(&a->lock);
    if (!found) return;
    auth_drop(a, token);
  }
}

/* A new session for the user: the cookie is in the answer's header. */
static err auth_log_in(struct http_request *rq, const struct store_user *u) {
  struct http_auth *a = rq->h->auth;
  struct store_login l = {.user = u->id};
  char text[65];
  u8 token[32];
  const char *agent = http_header(rq, "User-Agent");
  auth_sweep(a, 0, NULL);
  node_random(token, sizeof token);
  hex_encode(text, token, 32);
  text[64] = 0;
  crypto_sha256(l.token, token, sizeof token);
  l.created_ms = l.seen_ms = node_clock_ms();
  auth_address(rq, l.address);
  for (size_t i = 0; agent && agent[i] && i + 1 < sizeof l.agent; i++) {
    l.agent[i] = agent[i] >= ' ' && agent[i] <= '~' ? agent[i] : '?';
  }
  TRY(node_login_put(rq->h->node, &l));
  pthread_mutex_lock(&a->lock);
  if (a->login_cnt < AUTH_LOGINS_MAX) a->login[a->login_cnt++] = l;
  pthread_mutex_unlock(&a->lock);
  buf_clear(&rq->cookie);
  buf_printf(&rq->cookie, "%s=%s; Path=/; Max-Age=%llu; HttpOnly; "
             "SameSite=Strict%s", auth_cookie_name(rq), text,
             (unsigned long long)(SESSION_MAX_MS / 1000),
             rq->secure ? "; Secure" : "");
  mem_wipe(token, sizeof token);
  mem_wipe(text, sizeof text);
  return ERR_OK;
}

static void auth_say_user(struct http_request *rq, const struct store_user *u) {
  struct jsonw w;
  auth_open(rq, &w);
  jsonw_kv_str(&w, "name", u->name);
  jsonw_kv_str(&w, "role", node_role_name(u->role));
  auth_close(rq, &w);
}

/* Answers what went wrong with the file. */
static void auth_failed(struct http_request *rq, err e) {
  http_api_error(rq, MHD_HTTP_INTERNAL_SERVER_ERROR, "internal", "%s",
                 err_text(e));
}

/*------------------------------------------------------------------ set-up */

static bool auth_setup_open(struct http_auth *a) {
  pthread_mutex_lock(&a->lock);
  bool open = a->code[0] && a->user_cnt == 0 &&
              node_clock_ms() < a->code_until_ms;
  pthread_mutex_unlock(&a->lock);
  return open;
}

/* Whether code is the one; counts the tries. */
static bool auth_code_right(struct http_auth *a, const char *code) {
  char given[sizeof a->code] = "";
  size_t n = 0;
  for (; *code && n < 8; code++) { /* however it was typed */
    char c = *code >= 'a' && *code <= 'z' ? (char)(*code - 32) : *code;
    if (c == '-' || c == ' ') continue;
    if (n == 4) given[n] = '-';
    given[n + (n >= 4)] = c;
    n++;
  }
  pthread_mutex_lock(&a->lock);
  u32 diff = !a->code[0];
  for (u32 i = 0; i < sizeof a->code; i++) {
    diff |= (u32)(given[i] ^ a->code[i]);
  }
  if (diff && a->code[0] && ++a->code_tries >= AUTH_SETUP_TRIES) {
    mem_wipe(a->code, sizeof a->code);
  }
  pthread_mutex_unlock(&a->lock);
  return diff == 0;
}

static err auth_add_user(struct http_auth *a, struct store_user *u,
                         const char *password) {
  TRY(node_password_hash(u->password, password));
  u->created_ms = node_clock_ms();
  TRY(node_user_put(a->h->node, u, &u->id));
  pthread_mutex_lock(&a->lock);
  if (a->user_cnt < AUTH_USERS_MAX) a->user[a->user_cnt++] = *u;
  mem_wipe(a->code, sizeof a->code);
  pthread_mutex_unlock(&a->lock);
  return ERR_OK;
}

static void auth_setup(struct http_request *rq, const json_t *body) {
  struct http_auth *a = rq->h->auth;
  struct store_user u = {.role = STORE_OWNER};
  struct auth_guess g;
  const char *code = auth_text(body, "code", 32);
  const char *name = auth_text(body, "name", STORE_NAME_MAX - 1);
  const char *password = auth_text(body, "password", 1024);
  const char *weak = password ? node_password_weak(password)
                              : "a password is wanted";
  if (!auth_setup_open(a)) {
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "closed",
                   "set-up is over: log in; or, on the machine itself, "
                   "cybermiles admin create; a restart draws a new code while "
                   "there is no administrator");
  } else if (!code || !name || !node_user_name_valid(name)) {
    http_api_error(rq, MHD_HTTP_BAD_REQUEST, "bad_request",
                   "the code, and a name of 1 to 32 letters, digits, dots, "
                   "dashes are wanted");
  } else if (weak) {
    http_api_error(rq, MHD_HTTP_BAD_REQUEST, "weak", "%s", weak);
  } else if (!auth_may_try(rq, &g, "")) {
    return;
  } else if (!auth_code_right(a, code)) {
    auth_tried(rq, &g, true);
    auth_note(rq, "", "setup.refused", "wrong code");
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "code", "wrong code: it is in what "
                   "the node printed when it started");
  } else {
    snprintf(u.name, sizeof u.name, "%s", name);
    err e = auth_add_user(a, &u, password);
    if (e == ERR_OK) e = auth_log_in(rq, &u);
    if (e == ERR_OK) {
      auth_note(rq, u.name, "setup.done", "");
      auth_say_user(rq, &u);
    } else {
      auth_failed(rq, e);
    }
  }
}

/*------------------------------------------------------------------- login */

/* Name and password are those of a user. */
static bool auth_check(struct http_auth *a, struct store_user *out,
                       const char *name, const char *password) {
  /* Of no password: as dear to check as any. */
  static const char none[] =
      "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  bool known = false;
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->user_cnt && !known; i++) {
    known = strcasecmp(a->user[i].name, name) == 0;
    if (known) *out = a->user[i];
  }
  pthread_mutex_unlock(&a->lock);
  return node_password_check(known ? out->password : none, password) && known;
}

static void auth_login(struct http_request *rq, const json_t *body) {
  const char *name = auth_text(body, "name", STORE_NAME_MAX - 1);
  const char *password = auth_text(body, "password", 1024);
  struct auth_guess g;
  struct store_user u = {.id = 0};
  if (!name || !password || !node_user_name_valid(name)) {
    http_api_error(rq, MHD_HTTP_BAD_REQUEST, "bad_request",
                   "name and password are wanted");
    return;
  }
  if (!auth_may_try(rq, &g, name)) return;
  bool right = auth_check(rq->h->auth, &u, name, password);
  auth_tried(rq, &g, !right);
  auth_note(rq, name, right ? "login" : "login.refused", "");
  if (!right) {
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "password",
                   "wrong name or password; a lost one is replaced on the "
                   "machine itself by cybermiles admin reset");
    return;
  }
  err e = auth_log_in(rq, &u);
  if (e < 0) auth_failed(rq, e); else auth_say_user(rq, &u);
}

static void auth_password(struct http_request *rq, const json_t *body) {
  const char *old = auth_text(body, "old", 1024);
  const char *password = auth_text(body, "new", 1024);
  const char *weak = password ? node_password_weak(password)
                              : "a new password is wanted";
  struct store_user u, checked;
  struct store_login l;
  struct auth_guess g;
  if (!http_auth_who(rq, &u, &l)) return; /* since the route was opened */
  if (!old || weak) {
    http_api_error(rq, MHD_HTTP_BAD_REQUEST, weak ? "weak" : "bad_request",
                   "%s", weak ? weak : "the old password is wanted");
    return;
  }
  if (!auth_may_try(rq, &g, u.name)) return;
  bool right = auth_check(rq->h->auth, &checked, u.name, old);
  auth_tried(rq, &g, !right);
  if (!right) {
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "password", "wrong old password");
    return;
  }
  err e = node_password_hash(u.password, password);
  u64 id;
  if (e == ERR_OK) e = node_user_put(rq->h->node, &u, &id);
  if (e < 0) {
    auth_failed(rq, e);
    return;
  }
  pthread_mutex_lock(&rq->h->auth->lock);
  struct store_user *kept = auth_user(rq->h->auth, u.id);
  if (kept) *kept = u;
  pthread_mutex_unlock(&rq->h->auth->lock);
  auth_sweep(rq->h->auth, u.id, l.token); /* whoever else is logged in */
  auth_note(rq, u.name, "password.changed", "");
  auth_say_user(rq, &u);
}

void http_auth_try(struct http_request *rq) {
  json_t *body = auth_body(rq);
  if (!body) return;
  if (auth_take_turn(rq)) {
    if (rq->route == HTTP_SETUP) auth_setup(rq, body);
    else if (rq->route == HTTP_LOGIN) auth_login(rq, body);
    else auth_password(rq, body);
    auth_give_turn(rq);
  }
  if (!rq->status) {
    http_api_error(rq, MHD_HTTP_UNAUTHORIZED, "login", "log in first");
  }
  auth_forget(body);
}

/*------------------------------------------------------------ the sessions */

void http_auth_session(struct http_request *rq) {
  struct store_user u;
  struct jsonw w;
  bool in = http_auth_who(rq, &u, NULL);
  auth_open(rq, &w);
  jsonw_kv_bool(&w, "setup", auth_setup_open(rq->h->auth));
  jsonw_kv_bool(&w, "users", http_auth_exists(rq->h));
  jsonw_kv_bool(&w, "secure", rq->secure);
  if (in) {
    jsonw_kv_str(&w, "name", u.name);
    jsonw_kv_str(&w, "role", node_role_name(u.role));
  }
  auth_close(rq, &w);
}

void http_auth_logout(struct http_request *rq) {
  struct store_user u;
  struct store_login l;
  struct jsonw w;
  if (http_auth_who(rq, &u, &l)) {
    auth_drop(rq->h->auth, l.token);
    auth_note(rq, u.name, "logout", "");
  }
  buf_clear(&rq->cookie);
  buf_printf(&rq->cookie, "%s=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict%s",
             auth_cookie_name(rq), rq->secure ? "; Secure" : "");
  auth_open(rq, &w);
  auth_close(rq, &w);
}

/* A session as others may name it: half of its token's hash. */
static void auth_id(char out[33], const struct store_login *l) {
  hex_encode(out, l->token, 16);
  out[32] = 0;
}

void http_auth_sessions(struct http_request *rq) {
  struct http_auth *a = rq->h->auth;
  struct store_user me;
  struct store_login mine;
  struct jsonw w;
  u64 now = node_clock_ms();
  if (!http_auth_who(rq, &me, &mine)) {
    http_api_error(rq, MHD_HTTP_UNAUTHORIZED, "login", "log in first");
    return;
  }
  auth_open(rq, &w);
  jsonw_key(&w, "sessions");
  jsonw_arr(&w);
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->login_cnt; i++) {
    const struct store_login *l = &a->login[i];
    const struct store_user *u = auth_user(a, l->user);
    char id[33];
    if (!u || auth_login_ended(l, now)) continue;
    if (u->id != me.id && me.role != STORE_OWNER) continue;
    auth_id(id, l);
    jsonw_obj(&w);
    jsonw_kv_str(&w, "id", id);
    jsonw_kv_str(&w, "name", u->name);
    jsonw_kv_str(&w, "role", node_role_name(u->role));
    jsonw_kv_str(&w, "address", l->address);
    jsonw_kv_str(&w, "agent", l->agent);
    jsonw_kv_u64(&w, "createdMs", l->created_ms);
    jsonw_kv_u64(&w, "seenMs", l->seen_ms);
    jsonw_kv_bool(&w, "current", memcmp(l->token, mine.token, 32) == 0);
    jsonw_obj_end(&w);
  }
  pthread_mutex_unlock(&a->lock);
  jsonw_arr_end(&w);
  auth_close(rq, &w);
}

/* The session of that id, if the caller may end it. */
static bool auth_find_id(struct http_auth *a, u8 token[32], const char *id,
                         const struct store_user *me) {
  bool found = false;
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->login_cnt && !found; i++) {
    char text[33];
    auth_id(text, &a->login[i]);
    found = strcmp(text, id) == 0 &&
            (a->login[i].user == me->id || me->role == STORE_OWNER);
    if (found) memcpy(token, a->login[i].token, 32);
  }
  pthread_mutex_unlock(&a->lock);
  return found;
}

void http_auth_revoke(struct http_request *rq) {
  struct store_user me;
  struct jsonw w;
  u8 token[32];
  json_t *body = auth_body(rq);
  if (!body) return;
  const char *id = auth_text(body, "id", 32);
  if (!http_auth_who(rq, &me, NULL)) {
    http_api_error(rq, MHD_HTTP_UNAUTHORIZED, "login", "log in first");
  } else if (!id || !auth_find_id(rq->h->auth, token, id, &me)) {
    http_api_error(rq, MHD_HTTP_NOT_FOUND, "not_found", "no such session");
  } else {
    auth_drop(rq->h->auth, token);
    auth_note(rq, me.name, "session.revoked", id);
    auth_open(rq, &w);
    auth_close(rq, &w);
  }
  json_decref(body);
}

void http_auth_audit(struct http_request *rq) {
  struct store_audit *row = mem_alloc(AUTH_AUDIT_SHOWN * sizeof *row);
  struct jsonw w;
  u32 cnt = 0;
  err e = node_audit_list(rq->h->node, row, AUTH_AUDIT_SHOWN, &cnt);
  if (e < 0) {
    auth_failed(rq, e);
    mem_free(row);
    return;
  }
  auth_open(rq, &w);
  jsonw_key(&w, "audit");
  jsonw_arr(&w);
  for (u32 i = 0; i < cnt; i++) {
    jsonw_obj(&w);
    jsonw_kv_u64(&w, "atMs", row[i].at_ms);
    jsonw_kv_str(&w, "who", row[i].who);
    jsonw_kv_str(&w, "address", row[i].address);
    jsonw_kv_str(&w, "event", row[i].event);
    jsonw_kv_str(&w, "detail", row[i].detail);
    jsonw_obj_end(&w);
  }
  jsonw_arr_end(&w);
  auth_close(rq, &w);
  mem_free(row);
}

void http_auth_rpc(struct http_request *rq) {
  static const struct rpc_peer peer = {.access = RPC_KEY};
  rpc_handle(rq->h->rpc, &rq->reply, buf_slice(&rq->body), &peer);
  rq->type = "application/json";
  rq->status = MHD_HTTP_OK;
}

/*----------------------------------------------------------- start and stop */

static void auth_draw_code(struct http_auth *a) {
  static const char letter[] = "ABCDEFGHJKMNPQRSTVWXYZ0123456789";
  u8 r[8];
  node_random(r, sizeof r);
  for (u32 i = 0; i < 8; i++) {
    a->code[i + (i >= 4)] = letter[r[i] % 32];
  }
  a->code[4] = '-';
  a->code_until_ms = node_clock_ms() + AUTH_SETUP_MS;
}

err http_auth_start(struct http *h, struct errmsg *msg) {
  struct http_auth *a = h->auth = mem_alloc(sizeof *a);
  a->h = h;
  pthread_mutex_init(&a->turn, NULL);
  pthread_mutex_init(&a->lock, NULL);
  u32 users = 0, logins = 0;
  err e = node_user_list(h->node, a->user, AUTH_USERS_MAX, &users);
  if (e == ERR_OK) {
    e = node_login_list(h->node, a->login, AUTH_LOGINS_MAX, &logins);
  }
  if (e < 0) return err_say(msg, e, "cannot read the users: %s", err_text(e));
  a->user_cnt = users < AUTH_USERS_MAX ? users : AUTH_USERS_MAX;
  a->login_cnt = logins < AUTH_LOGINS_MAX ? logins : AUTH_LOGINS_MAX;
  if (users == 0) auth_draw_code(a);
  return ERR_OK;
}

/* Sessions that the file has no more are ended; the others keep their times. */
void http_auth_reload(struct http *h) {
  struct http_auth *a = h->auth;
  struct store_user *user = mem_alloc(AUTH_USERS_MAX * sizeof *user);
  struct store_login *login = mem_alloc(AUTH_LOGINS_MAX * sizeof *login);
  u32 users = 0, logins = 0;
  err e = node_user_list(h->node, user, AUTH_USERS_MAX, &users);
  if (e == ERR_OK) e = node_login_list(h->node, login, AUTH_LOGINS_MAX, &logins);
  if (users > AUTH_USERS_MAX) users = AUTH_USERS_MAX;
  if (logins > AUTH_LOGINS_MAX) logins = AUTH_LOGINS_MAX;
  pthread_mutex_lock(&a->lock);
  if (e == ERR_OK) {
    memcpy(a->user, user, users * sizeof *user);
    a->user_cnt = users;
    if (users) mem_wipe(a->code, sizeof a->code);
    for (u32 i = 0; i < a->login_cnt;) {
      u32 k = 0;
      while (k < logins && memcmp(login[k].token, a->login[i].token, 32)) k++;
      if (k < logins) i++;
      else a->login[i] = a->login[--a->login_cnt];
    }
  }
  pthread_mutex_unlock(&a->lock);
  mem_wipe(user, AUTH_USERS_MAX * sizeof *user);
  mem_free(user);
  mem_free(login);
}

/* When a session was last used is written at the end only: after a crash it
** counts from its login. */
void http_auth_free(struct http *h) {
  struct http_auth *a = h->auth;
  if (!a) return;
  for (u32 i = 0; i < a->login_cnt; i++) {
    if (node_login_put(h->node, &a->login[i]) < 0) break;
  }
  pthread_mutex_destroy(&a->turn);
  pthread_mutex_destroy(&a->lock);
  mem_wipe(a, sizeof *a);
  mem_free(a);
}

const char *http_setup_code(const struct http *h) { return h->auth->code; }

#undef AUTH_USERS_MAX
#undef AUTH_LOGINS_MAX
#undef AUTH_FAILS_MAX
#undef AUTH_SETUP_MS
#undef AUTH_SETUP_TRIES
#undef AUTH_WAITING_MAX
#undef SESSION_IDLE_MS
#undef SESSION_MAX_MS
#undef AUTH_FORGET_MS
#undef AUTH_AUDIT_SHOWN
