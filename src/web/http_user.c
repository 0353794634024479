/* http_user.c - users, their second factor and the API tokens of their
** programs, as the dashboard changes them.
**
**   GET  /api/users    {users: [..]}
**   POST /api/users    {do, name, ..}: create (role), role (role), disable,
**                      enable, delete, reset, dropTwoFactor.  create and reset
**                      answer {code}: the user sets a password with it once,
**                      within 3 days, at /setup.
**   POST /api/profile  {language?, rename?}: one's own
**   POST /api/totp     {do}: begin (answers {secret, uri}), confirm (code;
**                      answers {recovery}), off, recovery (new codes)
**   GET  /api/tokens   one's own, with the right users all
**   POST /api/tokens   {do}: new (name, scopes, days; answers {id, token}),
**                      revoke (id)
** There is always an owner who can log in.  A secret that was begun is kept in
** memory only, until it is confirmed by a code of it.
*/
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "node/node_totp.h"
#include "web/http_auth.h"

#define USER_CODE_MS (3ull * 86400000)

static void user_done(struct http_request *rq) {
  struct jsonw w;
  http_auth_open(rq, &w);
  http_auth_close(rq, &w);
}

static void user_bad(struct http_request *rq, const char *what) {
  http_api_error(rq, MHD_HTTP_BAD_REQUEST, "bad_request", "%s", what);
}

/* Who asks; rq was judged, but that may be a moment ago. */
static bool user_me(struct http_request *rq, struct http_who *me) {
  return http_auth_who(rq, me) && !me->by_token;
}

/*------------------------------------------------------------------- users */

/* The last owner who can log in. */
static bool user_is_last(struct http_auth *a, const struct store_user *u) {
  u32 others = 0;
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->user_cnt; i++) {
    const struct store_user *o = &a->user[i];
    others += o->id != u->id && o->role == STORE_OWNER && !o->disabled &&
              o->password[0];
  }
  pthread_mutex_unlock(&a->lock);
  return u->role == STORE_OWNER && others == 0;
}

static bool user_keeps_owner(struct http_request *rq,
                             const struct store_user *u) {
  if (!user_is_last(rq->h->auth, u)) return true;
  http_api_error(rq, MHD_HTTP_CONFLICT, "last_owner", "%s is the only owner who "
                 "can log in: make another first", u->name);
  return false;
}

/* Keeps u; with out, all its sessions end. */
static bool user_put(struct http_request *rq, struct store_user *u, bool out) {
  static const u8 none[32];
  err e = http_auth_put(rq->h->auth, u);
  if (e == ERR_EXISTS)
    http_api_error(rq, MHD_HTTP_CONFLICT, "exists", "there is a user %s already",
                   u->name);
  else if (e < 0)
    http_auth_failed(rq, e);
  else if (out)
    http_auth_sweep(rq->h->auth, u->id, none);
  return e == ERR_OK;
}

/* The user may set a password by a code, which is the answer. */
static bool user_give_code(struct http_request *rq, struct store_user *u) {
  char code[AUTH_CODE_TEXT];
  struct jsonw w;
  http_auth_draw_code(code);
  http_auth_code_hash(u->code, code);
  u->has_code = true;
  u->code_until_ms = node_clock_ms() + USER_CODE_MS;
  u->password[0] = 0;
  if (!user_put(rq, u, true)) return false;
  http_auth_open(rq, &w);
  jsonw_kv_str(&w, "name", u->name);
  jsonw_kv_str(&w, "code", code);
  jsonw_kv_u64(&w, "untilMs", u->code_until_ms);
  http_auth_close(rq, &w);
  mem_wipe(code, sizeof code);
  return true;
}

static bool user_role(struct http_request *rq, enum store_role *out,
                      const json_t *body) {
  const char *role = http_auth_text(body, "role", 16);
  *out = role ? node_role_find(role) : STORE_ROLE_CNT;
  if (*out != STORE_ROLE_CNT) return true;
  user_bad(rq, "role: owner, manager, cashier, accountant or mediator");
  return false;
}

static bool user_do_create(struct http_request *rq, struct store_user *u,
                           const json_t *body) {
  u32 cnt;
  if (!user_role(rq, &u->role, body)) return false;
  pthread_mutex_lock(&rq->h->auth->lock);
  cnt = rq->h->auth->user_cnt;
  pthread_mutex_unlock(&rq->h->auth->lock);
  if (cnt < AUTH_USERS_MAX) return user_give_code(rq, u);
  http_api_error(rq, MHD_HTTP_CONFLICT, "limit", "there are %u users, no more",
                 cnt);
  return false;
}

static bool user_do_role(struct http_request *rq, struct store_user *u,
                         const json_t *body) {
  enum store_role role;
  if (!user_role(rq, &role, body)) return false;
  if (role != STORE_OWNER && !user_keeps_owner(rq, u)) return false;
  u->role = role;
  return user_put(rq, u, false);
}

static bool user_do_disable(struct http_request *rq, struct store_user *u,
                            const json_t *body) {
  (void)body;
  if (!user_keeps_owner(rq, u)) return false;
  u->disabled = true;
  return user_put(rq, u, true);
}

static bool user_do_enable(struct http_request *rq, struct store_user *u,
                           const json_t *body) {
  (void)body;
  u->disabled = false;
  return user_put(rq, u, false);
}

static bool user_do_delete(struct http_request *rq, struct store_user *u,
                           const json_t *body) {
  (void)body;
  if (!user_keeps_owner(rq, u)) return false;
  err e = node_user_del(rq->h->node, u->id);
  if (e < 0) {
    http_auth_failed(rq, e);
    return false;
  }
  http_auth_reload(rq->h);
  return true;
}

static bool user_do_reset(struct http_request *rq, struct store_user *u,
                          const json_t *body) {
  (void)body;
  return user_keeps_owner(rq, u) && user_give_code(rq, u);
}

static bool user_do_drop(struct http_request *rq, struct store_user *u,
                         const json_t *body) {
  (void)body;
  u->has_totp = false;
  u->recovery_cnt = 0;
  return user_put(rq, u, false);
}

void http_user_do(struct http_request *rq, const json_t *body) {
  static const struct {
    const char *verb, *event;
    bool (*run)(struct http_request *rq, struct store_user *u,
                const json_t *body);
  } row[] = {
    {"create", "user.created", user_do_create},
    {"role", "user.role", user_do_role},
    {"disable", "user.disabled", user_do_disable},
    {"enable", "user.enabled", user_do_enable},
    {"delete", "user.deleted", user_do_delete},
    {"reset", "password.reset", user_do_reset},
    {"dropTwoFactor", "second.dropped", user_do_drop},
  };
  const char *verb = http_auth_text(body, "do", 32);
  const char *name = http_auth_text(body, "name", STORE_NAME_MAX - 1);
  struct store_user u = {.id = 0};
  struct http_who me;
  u32 i = 0;
  if (!user_me(rq, &me)) return;
  while (i < ARRAY_LEN(row) && (!verb || strcmp(row[i].verb, verb))) i++;
  if (i == ARRAY_LEN(row) || !name || !node_user_name_valid(name)) {
    user_bad(rq, "do: create, role, disable, enable, delete, reset or "
                 "dropTwoFactor; name: 1 to 32 letters, digits, dots, dashes");
    return;
  }
  bool known = http_auth_find(rq->h->auth, &u, name);
  if (known == (row[i].run == user_do_create)) {
    http_api_error(rq, known ? MHD_HTTP_CONFLICT : MHD_HTTP_NOT_FOUND,
                   known ? "exists" : "not_found",
                   known ? "there is a user %s already" : "no user %s", name);
    return;
  }
  if (!known) snprintf(u.name, sizeof u.name, "%s", name);
  if (row[i].run(rq, &u, body)) {
    http_auth_note(rq, me.user.name, row[i].event, u.name);
    if (!rq->status) user_done(rq);
  }
  mem_wipe(&u, sizeof u);
  mem_wipe(&me, sizeof me);
}

/* "calls": ["Orders", "Market.review"], a module alone for all its others. */
static void user_put_calls(struct jsonw *w, enum node_right of) {
  enum node_right right;
  const char *module, *method;
  jsonw_key(w, "calls");
  jsonw_arr(w);
  for (u32 i = 0; node_right_call(i, &right, &module, &method); i++)
    if (right == of) jsonw_printf(w, "%s%s%s", module, *method ? "." : "", method);
  jsonw_arr_end(w);
}

void http_user_put_rights(struct jsonw *w) {
  jsonw_key(w, "table");
  jsonw_arr(w);
  for (u32 i = 0; i < NODE_RIGHT_CNT; i++) {
    jsonw_obj(w);
    jsonw_kv_str(w, "name", node_right_name((enum node_right)i));
    jsonw_kv_str(w, "text", node_right_text((enum node_right)i));
    jsonw_key(w, "roles");
    jsonw_arr(w);
    for (u32 r = 0; r < STORE_ROLE_CNT; r++)
      if (node_rights_of_role((enum store_role)r) >> i & 1)
        jsonw_str(w, node_role_name((enum store_role)r));
    jsonw_arr_end(w);
    user_put_calls(w, (enum node_right)i);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
}

void http_user_list(struct http_request *rq) {
  struct http_auth *a = rq->h->auth;
  struct jsonw w;
  u64 now = node_clock_ms();
  http_auth_open(rq, &w);
  jsonw_key(&w, "users");
  jsonw_arr(&w);
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->user_cnt; i++) {
    const struct store_user *u = &a->user[i];
    jsonw_obj(&w);
    jsonw_kv_str(&w, "name", u->name);
    jsonw_kv_str(&w, "role", node_role_name(u->role));
    jsonw_kv_u64(&w, "createdMs", u->created_ms);
    jsonw_kv_bool(&w, "disabled", u->disabled);
    jsonw_kv_bool(&w, "twoFactor", u->has_totp);
    jsonw_kv_bool(&w, "password", u->password[0] != 0);
    jsonw_kv_u64(&w, "codeUntilMs",
                 u->has_code && u->code_until_ms > now ? u->code_until_ms : 0);
    jsonw_obj_end(&w);
  }
  pthread_mutex_unlock(&a->lock);
  jsonw_arr_end(&w);
  http_auth_close(rq, &w);
}

void http_user_profile(struct http_request *rq, const json_t *body) {
  const char *language = http_auth_text(body, "language",
                                        STORE_LANGUAGE_MAX - 1);
  const char *name = http_auth_text(body, "rename", STORE_NAME_MAX - 1);
  struct http_who me;
  if (!user_me(rq, &me)) return;
  if (name && !node_user_name_valid(name)) {
    user_bad(rq, "a name is 1 to 32 letters, digits, dots, dashes, underscores");
    return;
  }
  if (!name && (!language ||
                strspn(language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"
                                 "UVWXYZ-") != strlen(language))) {
    user_bad(rq, "language: a tag such as en or pt-BR, or rename, is wanted");
    return;
  }
  char old[STORE_NAME_MAX];
  snprintf(old, sizeof old, "%s", me.user.name);
  if (language)
    snprintf(me.user.language, sizeof me.user.language, "%s", language);
  if (name) snprintf(me.user.name, sizeof me.user.name, "%s", name);
  if (user_put(rq, &me.user, false)) {
    if (name) http_auth_note(rq, old, "user.renamed", name);
    user_done(rq);
  }
  mem_wipe(&me, sizeof me);
}

/*----------------------------------------------------------- second factor */

/* Under the lock: the place of what was begun by a user, or of the one to be
** given up for it. */
static struct http_begun *user_begun(struct http_auth *a, u64 user) {
  struct http_begun *old = &a->begun[0];
  for (u32 i = 0; i < ARRAY_LEN(a->begun); i++) {
    if (a->begun[i].user == user) return &a->begun[i];
    if (a->begun[i].at_ms < old->at_ms) old = &a->begun[i];
  }
  return old;
}

static void user_totp_begin(struct http_request *rq, struct http_who *me) {
  struct http_auth *a = rq->h->auth;
  struct http_begun b = {.user = me->user.id, .at_ms = node_clock_ms()};
  struct jsonw w;
  char text[33];
  node_random(b.key, sizeof b.key);
  pthread_mutex_lock(&a->lock);
  *user_begun(a, b.user) = b;
  pthread_mutex_unlock(&a->lock);
  node_totp_key_text(text, b.key);
  http_auth_open(rq, &w);
  jsonw_kv_str(&w, "secret", text);
  jsonw_key(&w, "uri");
  jsonw_printf(&w, "otpauth://totp/CyberMiles:%s?secret=%s&issuer=CyberMiles",
               me->user.name, text);
  http_auth_close(rq, &w);
  mem_wipe(&b, sizeof b);
  mem_wipe(text, sizeof text);
}

/* New recovery codes are kept and told. */
static void user_totp_recover(struct http_request *rq, struct store_user *u,
                              const char *event) {
  char code[STORE_RECOVERY_MAX][NODE_RECOVERY_TEXT];
  struct jsonw w;
  node_recovery_make(u, code);
  if (!user_put(rq, u, false)) return;
  http_auth_note(rq, u->name, event, "");
  http_auth_open(rq, &w);
  jsonw_key(&w, "recovery");
  jsonw_arr(&w);
  for (u32 i = 0; i < STORE_RECOVERY_MAX; i++) jsonw_str(&w, code[i]);
  jsonw_arr_end(&w);
  http_auth_close(rq, &w);
  mem_wipe(code, sizeof code);
}

static void user_totp_confirm(struct http_request *rq, struct http_who *me,
                              const char *code) {
  struct http_auth *a = rq->h->auth;
  struct store_user *u = &me->user;
  pthread_mutex_lock(&a->lock);
  struct http_begun *b = user_begun(a, u->id);
  bool begun = b->user == u->id;
  if (begun) memcpy(u->totp, b->key, sizeof b->key);
  pthread_mutex_unlock(&a->lock);
  u->has_totp = true;
  u->totp_step = 0;
  u->recovery_cnt = 0;
  if (!begun) {
    user_bad(rq, "begin first");
  } else if (!node_totp_take(u, code, node_clock_ms())) {
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "second", "wrong code: is the clock "
                   "of the device right?");
  } else {
    pthread_mutex_lock(&a->lock);
    mem_wipe(b, sizeof *b);
    pthread_mutex_unlock(&a->lock);
    user_totp_recover(rq, u, "second.on");
  }
}

void http_user_totp(struct http_request *rq, const json_t *body) {
  const char *verb = http_auth_text(body, "do", 16);
  const char *code = http_auth_text(body, "code", 32);
  struct http_who me;
  if (!user_me(rq, &me)) return;
  if (verb && strcmp(verb, "begin") == 0) {
    user_totp_begin(rq, &me);
  } else if (verb && strcmp(verb, "confirm") == 0 && code) {
    user_totp_confirm(rq, &me, code);
  } else if (verb && strcmp(verb, "recovery") == 0 && me.user.has_totp) {
    user_totp_recover(rq, &me.user, "second.recovery");
  } else if (verb && strcmp(verb, "off") == 0) {
    if (user_do_drop(rq, &me.user, body)) {
      http_auth_note(rq, me.user.name, "second.off", "");
      user_done(rq);
    }
  } else {
    user_bad(rq, "do: begin, confirm (with code), recovery or off");
  }
  mem_wipe(&me, sizeof me);
}

/*------------------------------------------------------------------ tokens */

void http_user_tokens(struct http_request *rq) {
  struct http_auth *a = rq->h->auth;
  struct http_who me;
  struct jsonw w;
  if (!user_me(rq, &me)) return;
  http_auth_open(rq, &w);
  jsonw_key(&w, "tokens");
  jsonw_arr(&w);
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->token_cnt; i++) {
    const struct store_token *t = &a->token[i];
    const struct store_user *u = http_auth_user(a, t->user);
    if (!u || (u->id != me.user.id && !(me.rights & NODE_RIGHT(USERS))))
      continue;
    jsonw_obj(&w);
    jsonw_kv_u64(&w, "id", t->id);
    jsonw_kv_str(&w, "user", u->name);
    jsonw_kv_str(&w, "name", t->name);
    jsonw_kv_str(&w, "scopes", t->rights);
    jsonw_kv_u64(&w, "createdMs", t->created_ms);
    jsonw_kv_u64(&w, "usedMs", t->used_ms);
    jsonw_kv_u64(&w, "untilMs", t->until_ms);
    jsonw_obj_end(&w);
  }
  pthread_mutex_unlock(&a->lock);
  jsonw_arr_end(&w);
  http_auth_close(rq, &w);
}

static void user_token_new(struct http_request *rq, const struct http_who *me,
                           const json_t *body) {
  const char *name = http_auth_text(body, "name", STORE_NAME_MAX - 1);
  const char *scopes = http_auth_text(body, "scopes", STORE_RIGHTS_MAX - 1);
  json_int_t days = json_integer_value(json_object_get(body, "days"));
  struct errmsg msg;
  struct jsonw w;
  struct node_token_new t = {
    .user = me->user.name, .name = name ? name : "",
    .scopes = scopes ? scopes : "", .days = days < 0 ? 0 : (u64)days,
    .from = "dashboard",
  };
  if (node_token_make(rq->h->node, &t, &msg) < 0) {
    user_bad(rq, msg.text);
    return;
  }
  http_auth_reload(rq->h);
  http_auth_open(rq, &w);
  jsonw_kv_u64(&w, "id", t.id);
  jsonw_kv_str(&w, "token", t.text);
  http_auth_close(rq, &w);
  mem_wipe(t.text, sizeof t.text);
}

static void user_token_revoke(struct http_request *rq,
                              const struct http_who *me, u64 id) {
  struct http_auth *a = rq->h->auth;
  struct errmsg msg;
  bool mine = false;
  pthread_mutex_lock(&a->lock);
  for (u32 i = 0; i < a->token_cnt; i++)
    mine |= a->token[i].id == id && (a->token[i].user == me->user.id ||
                                     me->rights & NODE_RIGHT(USERS));
  pthread_mutex_unlock(&a->lock);
  if (!mine) {
    http_api_error(rq, MHD_HTTP_NOT_FOUND, "not_found", "no such token");
  } else if (node_token_revoke(rq->h->node, id, "dashboard", &msg) < 0) {
    user_bad(rq, msg.text);
  } else {
    http_auth_reload(rq->h);
    user_done(rq);
  }
}

void http_user_token(struct http_request *rq, const json_t *body) {
  const char *verb = http_auth_text(body, "do", 16);
  json_int_t id = json_integer_value(json_object_get(body, "id"));
  struct http_who me;
  if (!user_me(rq, &me)) return;
  if (verb && strcmp(verb, "new") == 0) {
    user_token_new(rq, &me, body);
  } else if (verb && strcmp(verb, "revoke") == 0) {
    user_token_revoke(rq, &me, (u64)id);
  } else {
    user_bad(rq, "do: new or revoke");
  }
  mem_wipe(&me, sizeof me);
}

#undef USER_CODE_MS
