/* node_token.c - see node_token.h. */
#include "node/node_token.h"

#include <stdio.h>
#include <strings.h>

#include "codec/hex.h"
#include "crypto/hash.h"
#include "node/node_right.h"

#define TOKEN_PREFIX "cmt_"
#define TOKEN_DAYS_MAX 3650u

bool node_token_hash(u8 out[32], const char *text) {
  u8 bytes[32];
  if (strlen(text) != NODE_TOKEN_TEXT - 1 ||
      strncmp(text, TOKEN_PREFIX, 4) != 0 ||
      hex_decode(bytes, text + 4, 64) < 0)
    return false;
  crypto_sha256(out, bytes, sizeof bytes);
  mem_wipe(bytes, sizeof bytes);
  return true;
}

/* The user's row, in the file. */
static err token_user(struct store *s, struct store_user *out,
                      const char *name, struct errmsg *msg) {
  struct store_user *list = mem_alloc(NODE_USERS_MAX * sizeof *list);
  u32 cnt = 0;
  out->id = 0;
  err e = store_user_list(s, list, NODE_USERS_MAX, &cnt);
  for (u32 i = 0; e == ERR_OK && i < cnt && i < NODE_USERS_MAX; i++)
    if (strcasecmp(list[i].name, name) == 0) *out = list[i];
  mem_wipe(list, NODE_USERS_MAX * sizeof *list);
  mem_free(list);
  if (e < 0) return err_say(msg, e, "%s", store_error(s));
  return out->id ? ERR_OK : err_say(msg, ERR_NOT_FOUND, "no user %s: "
                                    "cybermiles admin list shows all", name);
}

/* Judges what is asked; t->rights is set. */
static err token_judge(struct store_token *t, const struct node_token_new *in,
                       const struct store_user *u, struct errmsg *msg) {
  const char *bad;
  size_t n;
  u32 rights;
  struct buf names;
  if (!node_user_name_valid(in->name))
    return err_say(msg, ERR_INPUT, "a token's name is 1 to 32 letters, digits, "
                   "dots, dashes, underscores");
  if (!node_rights_parse(&rights, in->scopes, &bad, &n))
    return err_say(msg, ERR_INPUT, "no scope %.*s", (int)(n > 40 ? 40 : n),
                   bad);
  rights &= node_rights_of_role(u->role);
  if (!rights)
    return err_say(msg, ERR_INPUT, "a scope is wanted that %s's role, %s, has",
                   u->name, store_role_name(u->role));
  if (in->days > TOKEN_DAYS_MAX)
    return err_say(msg, ERR_INPUT, "a token lasts at most %u days",
                   TOKEN_DAYS_MAX);
  buf_init(&names, 0);
  node_rights_put(&names, rights);
  snprintf(t->rights, sizeof t->rights, "%s", buf_cstr(&names));
  buf_fini(&names);
  snprintf(t->name, sizeof t->name, "%s", in->name);
  t->user = u->id;
  t->created_ms = node_clock_ms();
  if (in->days) t->until_ms = t->created_ms + in->days * 86400000;
  return ERR_OK;
}

static err token_note(struct store *s, const char *who, const char *event,
                      const char *from, const char *detail) {
  struct store_audit a = {.at_ms = node_clock_ms()};
  snprintf(a.who, sizeof a.who, "%s", who);
  snprintf(a.address, sizeof a.address, "%s", from);
  snprintf(a.event, sizeof a.event, "%s", event);
  snprintf(a.detail, sizeof a.detail, "%s", detail);
  return store_audit_add(s, &a);
}

static err token_room(struct store *s, struct errmsg *msg) {
  struct store_token one;
  u32 cnt = 0;
  TRY(store_token_list(s, &one, 1, &cnt));
  return cnt < NODE_TOKENS_MAX ? ERR_OK
      : err_say(msg, ERR_LIMIT, "there are %u tokens, no more: revoke some",
                cnt);
}

err node_token_make_file(struct store *s, struct node_token_new *t,
                         struct errmsg *msg) {
  struct store_token row = {.id = 0};
  struct store_user u;
  u8 bytes[32];
  TRY(token_user(s, &u, t->user, msg));
  err e = token_judge(&row, t, &u, msg);
  if (e == ERR_OK) e = token_room(s, msg);
  mem_wipe(&u, sizeof u);
  if (e < 0) return e;
  node_random(bytes, sizeof bytes);
  memcpy(t->text, TOKEN_PREFIX, 4);
  hex_encode(t->text + 4, bytes, 32);
  t->text[NODE_TOKEN_TEXT - 1] = 0;
  crypto_sha256(row.hash, bytes, sizeof bytes);
  mem_wipe(bytes, sizeof bytes);
  e = store_token_add(s, &row, &t->id);
  if (e == ERR_OK) e = token_note(s, t->user, "token.made", t->from, row.name);
  return e < 0 ? err_say(msg, e, "%s", store_error(s)) : ERR_OK;
}

err node_token_revoke_file(struct store *s, u64 id, const char *from,
                           struct errmsg *msg) {
  struct store_token *list = mem_alloc(NODE_TOKENS_MAX * sizeof *list);
  const struct store_token *row = NULL;
  u32 cnt = 0;
  err e = store_token_list(s, list, NODE_TOKENS_MAX, &cnt);
  for (u32 i = 0; e == ERR_OK && i < cnt && i < NODE_TOKENS_MAX; i++)
    if (list[i].id == id) row = &list[i];
  if (e == ERR_OK && !row) {
    e = err_say(msg, ERR_NOT_FOUND, "no token %llu: cybermiles admin token "
                "list shows all", (unsigned long long)id);
  } else if (e == ERR_OK) {
    e = store_token_del(s, id);
    if (e == ERR_OK) e = token_note(s, "", "token.revoked", from, row->name);
    if (e < 0) e = err_say(msg, e, "%s", store_error(s));
  } else {
    e = err_say(msg, e, "%s", store_error(s));
  }
  mem_free(list);
  return e;
}

/*---------------------------------------------------------- a running node */

struct token_call {
  struct node_token_new *make;
  const char *from;
  u64 id, at_ms;
  struct store_token *list;
  u32 max, *cnt;
  struct errmsg *msg;
};
#define TOKEN_CALL(what, call) \
  static err token_do_##what(struct store *s, void *arg) { \
    struct token_call *c = arg; \
    return call; \
  }
TOKEN_CALL(make, node_token_make_file(s, c->make, c->msg))
TOKEN_CALL(revoke, node_token_revoke_file(s, c->id, c->from, c->msg))
TOKEN_CALL(list, store_token_list(s, c->list, c->max, c->cnt))
TOKEN_CALL(used, store_token_used(s, c->id, c->at_ms))

/* The node's end has no words of its own. */
static err token_run(struct node *n, err (*fn)(struct store *s, void *arg),
                     struct token_call c) {
  if (c.msg) c.msg->text[0] = 0;
  err e = node_with_store(n, fn, &c);
  if (e < 0 && c.msg && !c.msg->text[0]) err_say(c.msg, e, "%s", err_text(e));
  return e;
}

err node_token_make(struct node *n, struct node_token_new *t,
                    struct errmsg *msg) {
  return token_run(n, token_do_make,
                   (struct token_call){.make = t, .msg = msg});
}
err node_token_revoke(struct node *n, u64 id, const char *from,
                      struct errmsg *msg) {
  return token_run(n, token_do_revoke,
                   (struct token_call){.id = id, .from = from, .msg = msg});
}
err node_token_list(struct node *n, struct store_token *out, u32 max,
                    u32 *cnt) {
  return token_run(n, token_do_list,
                   (struct token_call){.list = out, .max = max, .cnt = cnt});
}
err node_token_used(struct node *n, u64 id, u64 at_ms) {
  return token_run(n, token_do_used,
                   (struct token_call){.id = id, .at_ms = at_ms});
}

#undef TOKEN_PREFIX
#undef TOKEN_DAYS_MAX
#undef TOKEN_CALL
