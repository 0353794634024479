/* http_auth.c - who is at the dashboard: first set-up, logins, sessions.
**
** Set-up: while the file has no user, the node draws a code when it starts and
** tells it in its banner.  Within 30 minutes it makes one owner, once; 20 wrong
** codes end it sooner.  Afterwards owners invite others, who set a password by a
** one-time code too; for lost passwords there is the command `cybermiles admin`
** on the machine itself.
**
** A session is a random token of 32 bytes in a cookie (HttpOnly, SameSite=
** Strict; through TLS __Host- and Secure); the file has its SHA-256.  It ends
** after SESSION_IDLE_MS without a request, after SESSION_MAX_MS in any case,
** on logging out, when it is revoked, and when its user's password changes.
** JSON-RPC at / never looks at cookies: /admin/rpc is where a login counts, or
** an API token (node_token.h) in the Authorization header; of each only what
** the table of node/right.def gives its role and scopes.  What moves money,
** changes users, tokens, sessions, keys, the identity or the second factor wants
** the password again when it was given longer than AUTH_CONFIRMED_MS ago
** (/api/confirm; the rights marked AGAIN in right.def).
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
#include <sodium/utils.h>
#include <stdio.h>
#include <strings.h>

#include "codec/hex.h"
#include "crypto/hash.h"
#include "node/node_token.h"
#include "node/node_totp.h"
#include "web/http_auth.h"

#define AUTH_SETUP_MS 1800000u
#define AUTH_SETUP_TRIES 20u
#define AUTH_WAITING_MAX 4u
#define SESSION_IDLE_MS (12ull * 3600000)
#define SESSION_MAX_MS (7ull * 86400000)
#define AUTH_CONFIRMED_MS 600000u
#define AUTH_FORGET_MS 3600000u
#define AUTH_AUDIT_SHOWN 100u

/*---------------------------------------------------------- small services */

void http_auth_note(struct http_request *rq, const char *who,
                      const char *event, const char *detail) {
  struct store_audit a = {.at_ms = node_clock_ms()};
  snprintf(a.who, sizeof a.who, "%s", who);
  http_asker_text(rq, a.address, sizeof a.address);
  snprintf(a.event, sizeof a.event, "%s", event);
  snprintf(a.detail, sizeof a.detail, "%s", detail);
  if (node_audit_add(rq->h->node, &a) < 0) return; /* the writer has failed */
}

json_t *http_auth_body(struct http_request *rq) {
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
void http_auth_forget(json_t *body) {
  const char *key;
  json_t *val;
  json_object_foreach(body, key, val) {
    char *s = (char *)json_string_value(val);
    if (s) mem_wipe(s, json_string_length(val));
  }
  json_decref(body);
}

/* A text member without NUL bytes, of at most max bytes; else NULL. */
const char *http_auth_text(const json_t *body, const char *key, size_t max) {
  const json_t *j = json_object_get(body, key);
  const char *s = json_string_value(j);
  return s && strlen(s) == json_string_length(j) && strlen(s) <= max ? s : NULL;
}

void http_auth_open(struct http_request *rq, struct jsonw *w) {
  buf_clear(&rq->reply);
  jsonw_init(w, &rq->reply);
  jsonw_obj(w);
  rq->type = "application/json";
}

void http_auth_close(struct http_request *rq, struct jsonw *w) {
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

/* False after answering. */
bool http_auth_may_try(struct http_request *rq, struct http_guess *g,
                         const char *name) {
  char address[STORE_ADDRESS_MAX];
  http_asker_text(rq, address, sizeof address);
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

void http_auth_tried(struct http_request *rq, const struct http_guess *g,
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
static bool auth_cookie(const struct http_request *rq, u8 out[32]) {
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
struct store_user *http_auth_user(struct http_auth *a, u64 id) {
  for (u32 i = 0; i < a->user_cnt; i++) {
    if (a->user[i].id == id) return &a->user[i];
  }
  return NULL;
}

bool http_auth_find(struct http_auth *a, struct store_user *out,
                    const char *name) {
  bool known = false;
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->user_cnt && !known; i++) {
    known = strcasecmp(a->user[i].name, name) == 0;
    if (known) *out = a->user[i];
  }
  pthread_mutex_unlock(&a->lock);
  return known;
}

static bool auth_login_ended(const struct store_login *l, u64 now) {
  return now > l->seen_ms + SESSION_IDLE_MS ||
         now > l->created_ms + SESSION_MAX_MS;
}

/* Under the lock: whose token text is. */
static bool auth_by_token(struct http_auth *a, struct http_who *out,
                          const char *text, u64 now) {
  u8 hash[32];
  if (strncasecmp(text, "Bearer ", 7) != 0) return false;
  text += 7;
  if (!node_token_hash(hash, text + strspn(text, " "))) return false;
  for (u32 i = 0; i < a->token_cnt; i++) {
    struct store_token *t = &a->token[i];
    const char *bad;
    size_t n;
    if (memcmp(t->hash, hash, 32) != 0) continue;
    const struct store_user *u = http_auth_user(a, t->user);
    if (!u || u->disabled || (t->until_ms && now > t->until_ms) ||
        !node_rights_parse(&out->rights, t->rights, &bad, &n))
      return false;
    out->rights &= node_rights_of_role(u->role);
    out->user = *u;
    out->by_token = out->confirmed = true;
    out->token_id = t->id;
    t->used_ms = now;
    return true;
  }
  return false;
}

/* Under the lock: whose session has the token of that hash. */
static bool auth_by_cookie(struct http_auth *a, struct http_who *out,
                           const u8 token[32], u64 now) {
  for (u32 i = 0; i < a->login_cnt; i++) {
    struct store_login *l = &a->login[i];
    if (memcmp(l->token, token, 32) != 0) continue;
    const struct store_user *u = http_auth_user(a, l->user);
    if (!u || u->disabled || auth_login_ended(l, now)) return false;
    if (now > l->seen_ms) l->seen_ms = now;
    out->user = *u;
    out->login = *l;
    out->rights = node_rights_of_role(u->role);
    out->confirmed = now < l->confirmed_ms + AUTH_CONFIRMED_MS;
    return true;
  }
  return false;
}

bool http_auth_who(struct http_request *rq, struct http_who *out) {
  struct http_auth *a = rq->h->auth;
  u64 now = node_clock_ms();
  const char *text = http_header(rq, "Authorization");
  struct http_who who = {.rights = 0};
  u8 token[32];
  if (!text && !auth_cookie(rq, token)) return false;
  pthread_mutex_lock(&a->lock);
  bool found = text ? auth_by_token(a, &who, text, now)
                    : auth_by_cookie(a, &who, token, now);
  pthread_mutex_unlock(&a->lock);
  if (found && out) *out = who;
  mem_wipe(&who, sizeof who);
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
void http_auth_sweep(struct http_auth *a, u64 user, const u8 *keep) {
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
  http_auth_sweep(a, 0, NULL);
  node_random(token, sizeof token);
  hex_encode(text, token, 32);
  text[64] = 0;
  crypto_sha256(l.token, token, sizeof token);
  l.created_ms = l.seen_ms = l.confirmed_ms = node_clock_ms();
  http_asker_text(rq, l.address, sizeof l.address);
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
  http_auth_open(rq, &w);
  jsonw_kv_str(&w, "name", u->name);
  jsonw_kv_str(&w, "role", node_role_name(u->role));
  http_auth_close(rq, &w);
}

/* Answers what went wrong with the file. */
void http_auth_failed(struct http_request *rq, err e) {
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

void http_auth_draw_code(char out[AUTH_CODE_TEXT]) {
  static const char letter[] = "ABCDEFGHJKMNPQRSTVWXYZ0123456789";
  u8 r[8];
  node_random(r, sizeof r);
  for (u32 i = 0; i < 8; i++) out[i + (i >= 4)] = letter[r[i] % 32];
  out[4] = '-';
  out[AUTH_CODE_TEXT - 1] = 0;
}

void http_auth_plain_code(char out[AUTH_CODE_TEXT], const char *typed) {
  size_t n = 0;
  memset(out, 0, AUTH_CODE_TEXT);
  for (; *typed && n < 8; typed++) {
    char c = *typed >= 'a' && *typed <= 'z' ? (char)(*typed - 32) : *typed;
    if (c == '-' || c == ' ') continue;
    if (n == 4) out[n] = '-';
    out[n + (n >= 4)] = c;
    n++;
  }
}

void http_auth_code_hash(u8 out[32], const char code[AUTH_CODE_TEXT]) {
  crypto_sha256(out, code, AUTH_CODE_TEXT - 1);
}

/* Whether code is the one; counts the tries. */
static bool auth_code_right(struct http_auth *a, const char *code) {
  char given[sizeof a->code];
  http_auth_plain_code(given, code);
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

err http_auth_put(struct http_auth *a, struct store_user *u) {
  bool fresh = u->id == 0;
  if (fresh) u->created_ms = node_clock_ms();
  TRY(node_user_put(a->h->node, u, &u->id));
  pthread_mutex_lock(&a->lock);
  struct store_user *row = http_auth_user(a, u->id);
  if (!row && fresh && a->user_cnt < AUTH_USERS_MAX)
    row = &a->user[a->user_cnt++];
  if (row) *row = *u;
  mem_wipe(a->code, sizeof a->code);
  pthread_mutex_unlock(&a->lock);
  return ERR_OK;
}

/* The password is set and the user logged in. */
static void auth_enter(struct http_request *rq, struct store_user *u,
                       const char *password, const char *event) {
  err e = node_password_hash(u->password, password);
  if (e == ERR_OK) e = http_auth_put(rq->h->auth, u);
  if (e == ERR_OK) e = auth_log_in(rq, u);
  if (e < 0) {
    http_auth_failed(rq, e);
    return;
  }
  http_auth_note(rq, u->name, event, "");
  auth_say_user(rq, u);
}

/* Who was invited, or given a code for a lost password, sets one. */
static void auth_redeem(struct http_request *rq, const char *code,
                        const char *name, const char *password) {
  struct http_auth *a = rq->h->auth;
  char given[AUTH_CODE_TEXT];
  struct http_guess g;
  struct store_user u;
  u8 hash[32];
  if (!http_auth_may_try(rq, &g, name)) return;
  http_auth_plain_code(given, code);
  http_auth_code_hash(hash, given);
  bool right = http_auth_find(a, &u, name) && u.has_code && !u.disabled &&
               node_clock_ms() < u.code_until_ms &&
               sodium_memcmp(u.code, hash, 32) == 0;
  http_auth_tried(rq, &g, !right);
  if (right) {
    u.has_code = false;
    auth_enter(rq, &u, password, "code.used");
  } else {
    http_auth_note(rq, name, "code.refused", "");
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "code",
                   "no such code for this name, or it is over: ask an owner for "
                   "another; where there is none, on the machine itself, "
                   "cybermiles admin create");
  }
}

static void auth_setup(struct http_request *rq, const json_t *body) {
  struct http_auth *a = rq->h->auth;
  struct store_user u = {.role = STORE_OWNER};
  struct http_guess g;
  const char *code = http_auth_text(body, "code", 32);
  const char *name = http_auth_text(body, "name", STORE_NAME_MAX - 1);
  const char *password = http_auth_text(body, "password", 1024);
  const char *weak = password ? node_password_weak(password)
                              : "a password is wanted";
  bool users = http_auth_exists(rq->h);
  if (!users && !auth_setup_open(a)) {
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
  } else if (users) {
    auth_redeem(rq, code, name, password);
  } else if (!http_auth_may_try(rq, &g, "")) {
    return;
  } else if (!auth_code_right(a, code)) {
    http_auth_tried(rq, &g, true);
    http_auth_note(rq, "", "setup.refused", "wrong code");
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "code", "wrong code: it is in what "
                   "the node printed when it started");
  } else {
    snprintf(u.name, sizeof u.name, "%s", name);
    auth_enter(rq, &u, password, "setup.done");
  }
}

/*------------------------------------------------------------------- login */

/* Name and password are those of a user. */
bool http_auth_check(struct http_auth *a, struct store_user *out,
                       const char *name, const char *password) {
  /* Of no password: as dear to check as any. */
  static const char none[] =
      "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
  bool known = http_auth_find(a, out, name) && out->password[0];
  return node_password_check(known ? out->password : none, password) && known;
}

/* Of a right password: the second factor, and whether the user may log in at
** all; false after answering. */
static bool auth_second(struct http_request *rq, struct store_user *u,
                        const struct http_guess *g, const char *code) {
  err e;
  if (u->disabled) {
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "disabled", "this user is disabled: "
                   "an owner enables it in the settings");
  } else if (!u->has_totp) {
    return true;
  } else if (!code || !code[0]) {
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "second",
                   "the code of your second factor is wanted too");
  } else if (!node_totp_take(u, code, node_clock_ms())) {
    http_auth_tried(rq, g, true);
    http_auth_note(rq, u->name, "second.refused", "");
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "second", "wrong code, or one that "
                   "was used: wait for the next; a lost device is forgotten on "
                   "the machine itself by cybermiles admin disable-2fa");
  } else if ((e = http_auth_put(rq->h->auth, u)) < 0) {
    http_auth_failed(rq, e);
  } else {
    return true;
  }
  return false;
}

static void auth_login(struct http_request *rq, const json_t *body) {
  const char *name = http_auth_text(body, "name", STORE_NAME_MAX - 1);
  const char *password = http_auth_text(body, "password", 1024);
  const char *code = http_auth_text(body, "code", 32);
  struct http_guess g;
  struct store_user u = {.id = 0};
  if (!name || !password || !node_user_name_valid(name)) {
    http_api_error(rq, MHD_HTTP_BAD_REQUEST, "bad_request",
                   "name and password are wanted");
    return;
  }
  if (!http_auth_may_try(rq, &g, name)) return;
  bool right = http_auth_check(rq->h->auth, &u, name, password);
  if (!right || !u.has_totp) http_auth_tried(rq, &g, !right);
  if (!right) {
    http_auth_note(rq, name, "login.refused", "");
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "password",
                   "wrong name or password; a lost one is replaced on the "
                   "machine itself by cybermiles admin reset-password");
    return;
  }
  if (!auth_second(rq, &u, &g, code)) return;
  if (u.has_totp) http_auth_tried(rq, &g, false);
  http_auth_note(rq, name, "login", "");
  err e = auth_log_in(rq, &u);
  if (e < 0) http_auth_failed(rq, e); else auth_say_user(rq, &u);
}

/* The password of who is logged in; false after answering. */
static bool auth_again(struct http_request *rq, struct http_who *who,
                       const char *password) {
  struct store_user checked;
  struct http_guess g;
  if (!http_auth_who(rq, who)) return false; /* since the route was opened */
  if (!password) {
    http_api_error(rq, MHD_HTTP_BAD_REQUEST, "bad_request",
                   "the password is wanted");
    return false;
  }
  if (!http_auth_may_try(rq, &g, who->user.name)) return false;
  bool right = http_auth_check(rq->h->auth, &checked, who->user.name, password);
  mem_wipe(&checked, sizeof checked);
  http_auth_tried(rq, &g, !right);
  if (!right)
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "password", "wrong password");
  return right;
}

/* Who is logged in is still the one: for the next minutes. */
static void auth_confirm(struct http_request *rq, const json_t *body) {
  struct http_auth *a = rq->h->auth;
  struct http_who who;
  if (!auth_again(rq, &who, http_auth_text(body, "password", 1024))) return;
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->login_cnt; i++)
    if (memcmp(a->login[i].token, who.login.token, 32) == 0)
      a->login[i].confirmed_ms = node_clock_ms();
  pthread_mutex_unlock(&a->lock);
  auth_say_user(rq, &who.user);
}

static void auth_password(struct http_request *rq, const json_t *body) {
  const char *password = http_auth_text(body, "new", 1024);
  const char *weak = password ? node_password_weak(password)
                              : "a new password is wanted";
  struct http_who who;
  if (weak) {
    http_api_error(rq, MHD_HTTP_BAD_REQUEST, "weak", "%s", weak);
    return;
  }
  if (!auth_again(rq, &who, http_auth_text(body, "old", 1024))) return;
  err e = node_password_hash(who.user.password, password);
  if (e == ERR_OK) e = http_auth_put(rq->h->auth, &who.user);
  if (e < 0) {
    http_auth_failed(rq, e);
    return;
  }
  /* whoever else is logged in */
  http_auth_sweep(rq->h->auth, who.user.id, who.login.token);
  http_auth_note(rq, who.user.name, "password.changed", "");
  auth_say_user(rq, &who.user);
}

void http_auth_try(struct http_request *rq) {
  static const struct {
    enum http_route route;
    void (*run)(struct http_request *rq, const json_t *body);
  } row[] = {
    {HTTP_SETUP, auth_setup}, {HTTP_LOGIN, auth_login},
    {HTTP_PASSWORD, auth_password}, {HTTP_CONFIRM, auth_confirm},
    {HTTP_USER_DO, http_user_do}, {HTTP_PROFILE, http_user_profile},
    {HTTP_TOTP, http_user_totp}, {HTTP_TOKEN_DO, http_user_token},
  };
  json_t *body = http_auth_body(rq);
  if (!body) return;
  if (auth_take_turn(rq)) {
    for (u32 i = 0; i < ARRAY_LEN(row); i++)
      if (row[i].route == rq->route) row[i].run(rq, body);
    auth_give_turn(rq);
  }
  if (!rq->status) {
    http_api_error(rq, MHD_HTTP_UNAUTHORIZED, "login", "log in first");
  }
  http_auth_forget(body);
}

/*------------------------------------------------------------ the sessions */

void http_auth_session(struct http_request *rq) {
  struct http_who who;
  struct jsonw w;
  char why[NODE_RIGHT_REFUSAL];
  bool in = http_auth_who(rq, &who), users = http_auth_exists(rq->h);
  u32 rights = in ? who.rights
      : !users && !http_keys_refused(rq, 0, why) ? NODE_RIGHTS_ALL : 0;
  http_auth_open(rq, &w);
  jsonw_kv_bool(&w, "setup", auth_setup_open(rq->h->auth));
  jsonw_kv_bool(&w, "users", users);
  jsonw_kv_bool(&w, "secure", rq->secure);
  jsonw_key(&w, "rights");
  jsonw_arr(&w);
  for (u32 i = 0; i < NODE_RIGHT_CNT; i++)
    if (rights >> i & 1) jsonw_str(&w, node_right_name((enum node_right)i));
  jsonw_arr_end(&w);
  http_user_put_rights(&w);
  if (in) {
    jsonw_kv_str(&w, "name", who.user.name);
    jsonw_kv_str(&w, "role", node_role_name(who.user.role));
    jsonw_kv_str(&w, "language", who.user.language);
    jsonw_kv_bool(&w, "twoFactor", who.user.has_totp);
    jsonw_kv_u64(&w, "recoveryLeft", who.user.recovery_cnt);
    jsonw_kv_bool(&w, "confirmed", who.confirmed);
  }
  http_auth_close(rq, &w);
}

void http_auth_logout(struct http_request *rq) {
  struct http_who who;
  struct jsonw w;
  if (http_auth_who(rq, &who) && !who.by_token) {
    auth_drop(rq->h->auth, who.login.token);
    http_auth_note(rq, who.user.name, "logout", "");
  }
  buf_clear(&rq->cookie);
  buf_printf(&rq->cookie, "%s=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict%s",
             auth_cookie_name(rq), rq->secure ? "; Secure" : "");
  http_auth_open(rq, &w);
  http_auth_close(rq, &w);
}

/* A session as others may name it: half of its token's hash. */
static void auth_id(char out[33], const struct store_login *l) {
  hex_encode(out, l->token, 16);
  out[32] = 0;
}

void http_auth_sessions(struct http_request *rq) {
  struct http_auth *a = rq->h->auth;
  struct http_who me;
  struct jsonw w;
  u64 now = node_clock_ms();
  if (!http_auth_who(rq, &me)) {
    http_api_error(rq, MHD_HTTP_UNAUTHORIZED, "login", "log in first");
    return;
  }
  http_auth_open(rq, &w);
  jsonw_key(&w, "sessions");
  jsonw_arr(&w);
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->login_cnt; i++) {
    const struct store_login *l = &a->login[i];
    const struct store_user *u = http_auth_user(a, l->user);
    char id[33];
    if (!u || auth_login_ended(l, now)) continue;
    if (u->id != me.user.id && !(me.rights & NODE_RIGHT(USERS))) continue;
    auth_id(id, l);
    jsonw_obj(&w);
    jsonw_kv_str(&w, "id", id);
    jsonw_kv_str(&w, "name", u->name);
    jsonw_kv_str(&w, "role", node_role_name(u->role));
    jsonw_kv_str(&w, "address", l->address);
    jsonw_kv_str(&w, "agent", l->agent);
    jsonw_kv_u64(&w, "createdMs", l->created_ms);
    jsonw_kv_u64(&w, "seenMs", l->seen_ms);
    jsonw_kv_bool(&w, "current", memcmp(l->token, me.login.token, 32) == 0);
    jsonw_obj_end(&w);
  }
  pthread_mutex_unlock(&a->lock);
  jsonw_arr_end(&w);
  http_auth_close(rq, &w);
}

/* The session of that id, if the caller may end it. */
static bool auth_find_id(struct http_auth *a, u8 token[32], const char *id,
                         const struct http_who *me) {
  bool found = false;
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->login_cnt && !found; i++) {
    char text[33];
    auth_id(text, &a->login[i]);
    found = strcmp(text, id) == 0 &&
            (a->login[i].user == me->user.id ||
             me->rights & NODE_RIGHT(USERS));
    if (found) memcpy(token, a->login[i].token, 32);
  }
  pthread_mutex_unlock(&a->lock);
  return found;
}

void http_auth_revoke(struct http_request *rq) {
  struct http_who me;
  struct jsonw w;
  u8 token[32];
  json_t *body = http_auth_body(rq);
  if (!body) return;
  const char *id = http_auth_text(body, "id", 32);
  if (!http_auth_who(rq, &me)) {
    http_api_error(rq, MHD_HTTP_UNAUTHORIZED, "login", "log in first");
  } else if (!id || !auth_find_id(rq->h->auth, token, id, &me)) {
    http_api_error(rq, MHD_HTTP_NOT_FOUND, "not_found", "no such session");
  } else {
    auth_drop(rq->h->auth, token);
    http_auth_note(rq, me.user.name, "session.revoked", id);
    http_auth_open(rq, &w);
    http_auth_close(rq, &w);
  }
  json_decref(body);
}

void http_auth_audit(struct http_request *rq) {
  struct store_audit *row = mem_alloc(AUTH_AUDIT_SHOWN * sizeof *row);
  struct jsonw w;
  u32 cnt = 0;
  err e = node_audit_list(rq->h->node, row, AUTH_AUDIT_SHOWN, &cnt);
  if (e < 0) {
    http_auth_failed(rq, e);
    mem_free(row);
    return;
  }
  http_auth_open(rq, &w);
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
  http_auth_close(rq, &w);
  mem_free(row);
}

/* When a token was used is written once a minute and at the end. */
static void auth_token_used(struct http_auth *a, u64 id) {
  u64 now = node_clock_ms();
  bool write = false;
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->token_cnt; i++) {
    if (a->token[i].id != id || now < a->token_noted_ms[i] + 60000) continue;
    a->token_noted_ms[i] = now;
    write = true;
  }
  pthread_mutex_unlock(&a->lock);
  if (write && node_token_used(a->h->node, id, now) < 0) return;
}

void http_auth_rpc(struct http_request *rq) {
  struct http_who who;
  if (!http_auth_who(rq, &who)) { /* since the route was opened */
    http_api_error(rq, MHD_HTTP_UNAUTHORIZED, "login", "log in first");
    return;
  }
  struct rpc_peer peer = {.access = RPC_KEY, .limited = true,
                          .confirmed = who.confirmed, .rights = who.rights};
  if (who.by_token) auth_token_used(rq->h->auth, who.token_id);
  mem_wipe(&who, sizeof who);
  rpc_handle(rq->h->rpc, &rq->reply, buf_slice(&rq->body), &peer);
  rq->type = "application/json";
  rq->status = MHD_HTTP_OK;
}

/*----------------------------------------------------------- start and stop */

err http_auth_start(struct http *h, struct errmsg *msg) {
  struct http_auth *a = h->auth = mem_alloc(sizeof *a);
  a->h = h;
  pthread_mutex_init(&a->turn, NULL);
  pthread_mutex_init(&a->lock, NULL);
  u32 users = 0, logins = 0, tokens = 0;
  err e = node_user_list(h->node, a->user, AUTH_USERS_MAX, &users);
  if (e == ERR_OK) {
    e = node_login_list(h->node, a->login, AUTH_LOGINS_MAX, &logins);
  }
  if (e == ERR_OK)
    e = node_token_list(h->node, a->token, NODE_TOKENS_MAX, &tokens);
  if (e < 0) return err_say(msg, e, "cannot read the users: %s", err_text(e));
  a->user_cnt = users < AUTH_USERS_MAX ? users : AUTH_USERS_MAX;
  a->login_cnt = logins < AUTH_LOGINS_MAX ? logins : AUTH_LOGINS_MAX;
  a->token_cnt = tokens < NODE_TOKENS_MAX ? tokens : NODE_TOKENS_MAX;
  if (users == 0) {
    http_auth_draw_code(a->code);
    a->code_until_ms = node_clock_ms() + AUTH_SETUP_MS;
  }
  return ERR_OK;
}

/* Sessions that the file has no more are ended; the others keep their times. */
void http_auth_reload(struct http *h) {
  struct http_auth *a = h->auth;
  struct store_user *user = mem_alloc(AUTH_USERS_MAX * sizeof *user);
  struct store_login *login = mem_alloc(AUTH_LOGINS_MAX * sizeof *login);
  struct store_token *token = mem_alloc(NODE_TOKENS_MAX * sizeof *token);
  u32 users = 0, logins = 0, tokens = 0;
  err e = node_user_list(h->node, user, AUTH_USERS_MAX, &users);
  if (e == ERR_OK) e = node_login_list(h->node, login, AUTH_LOGINS_MAX, &logins);
  if (e == ERR_OK) e = node_token_list(h->node, token, NODE_TOKENS_MAX, &tokens);
  if (tokens > NODE_TOKENS_MAX) tokens = NODE_TOKENS_MAX;
  if (users > AUTH_USERS_MAX) users = AUTH_USERS_MAX;
  if (logins > AUTH_LOGINS_MAX) logins = AUTH_LOGINS_MAX;
  pthread_mutex_lock(&a->lock);
  if (e == ERR_OK) {
    memcpy(a->user, user, users * sizeof *user);
    a->user_cnt = users;
    memcpy(a->token, token, tokens * sizeof *token);
    memset(a->token_noted_ms, 0, sizeof a->token_noted_ms);
    a->token_cnt = tokens;
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
  mem_free(token);
}

/* When a session was last used is written at the end only: after a crash it
** counts from its login. */
void http_auth_free(struct http *h) {
  struct http_auth *a = h->auth;
  if (!a) return;
  for (u32 i = 0; i < a->login_cnt; i++) {
    if (node_login_put(h->node, &a->login[i]) < 0) break;
  }
  for (u32 i = 0; i < a->token_cnt; i++) {
    const struct store_token *t = &a->token[i];
    if (t->used_ms && node_token_used(h->node, t->id, t->used_ms) < 0) break;
  }
  pthread_mutex_destroy(&a->turn);
  pthread_mutex_destroy(&a->lock);
  mem_wipe(a, sizeof *a);
  mem_free(a);
}

const char *http_setup_code(const struct http *h) { return h->auth->code; }

#undef AUTH_SETUP_MS
#undef AUTH_SETUP_TRIES
#undef AUTH_WAITING_MAX
#undef SESSION_IDLE_MS
#undef SESSION_MAX_MS
#undef AUTH_CONFIRMED_MS
#undef AUTH_FORGET_MS
#undef AUTH_AUDIT_SHOWN
