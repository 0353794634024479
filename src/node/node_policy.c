/* node_policy.c - see node_policy.h. */
#include "node/node_policy.h"

#include <stdarg.h>
#include <stdio.h>

#include "codec/hex.h"
#include "node/node_user.h"

#define POLICY_DAY_MS 86400000u

static err policy_read(struct store *s, struct node_policy *out,
                       const addr20 *key) {
  struct store_policy row;
  const char *bad;
  size_t n;
  memset(out, 0, sizeof *out);
  err e = store_policy_get(s, &row, key);
  if (e == ERR_NOT_FOUND) return ERR_OK;
  if (e < 0) return e;
  out->is_set = true;
  /* Names that this program has not are no right of its. */
  while (!node_rights_parse(&out->rights, row.rights, &bad, &n))
    memset(row.rights + (bad - row.rights), ' ', n);
  u256_from_be(&out->daily, row.daily);
  if (row.day == node_clock_ms() / POLICY_DAY_MS)
    u256_from_be(&out->spent, row.spent);
  out->unlock_s = row.unlock_s;
  out->allow_cnt = row.allow_cnt;
  memcpy(out->allow, row.allow, sizeof out->allow);
  return ERR_OK;
}

static err policy_write(struct store *s, const struct node_policy *p,
                        const addr20 *key) {
  struct store_policy row = {.unlock_s = p->unlock_s,
                             .allow_cnt = p->allow_cnt,
                             .day = node_clock_ms() / POLICY_DAY_MS};
  struct buf names;
  buf_init(&names, 0);
  node_rights_put(&names, p->rights);
  memcpy(row.rights, buf_cstr(&names), names.len + 1);
  buf_fini(&names);
  u256_to_be(row.daily, &p->daily);
  u256_to_be(row.spent, &p->spent);
  memcpy(row.allow, p->allow, sizeof row.allow);
  return store_policy_put(s, &row, key);
}

/*------------------------------------------------------------------ judging */

static bool policy_lists(const struct node_policy *p, const addr20 *to) {
  for (u32 i = 0; i < p->allow_cnt; i++)
    if (addr20_eq(&p->allow[i], to)) return true;
  return false;
}

static err policy_refuse(struct errmsg *msg, const addr20 *key,
                         const char *fmt, ...) PRINTF_LIKE(3, 4);
static err policy_refuse(struct errmsg *msg, const addr20 *key,
                         const char *fmt, ...) {
  char text[160], addr[43];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  hex_addr(addr, key);
  return err_say(msg, ERR_POLICY, "the policy of key %s %s; an owner changes it "
                 "in the settings", addr, text);
}

/* Whether tx goes to who may be sent anything. */
static err policy_judge_to(const struct node_policy *p, const addr20 *key,
                           const struct chain_tx *tx, struct errmsg *msg) {
  char addr[43] = "new contracts";
  if (tx->has_to && (node_rights_govern(&tx->to) || policy_lists(p, &tx->to)))
    return ERR_OK;
  if (p->allow_cnt) {
    if (tx->has_to) hex_addr(addr, &tx->to);
    return policy_refuse(msg, key, "does not list %s", addr);
  }
  if (!u256_is_zero(&p->daily) && tx->data.len)
    return policy_refuse(msg, key, "has a daily limit, and this contract is not "
                         "on its list: what it moves is not known");
  return ERR_OK;
}

static err policy_judge(struct node_policy *p, const addr20 *key,
                        const struct chain_tx *tx, u32 need,
                        struct errmsg *msg) {
  u256 sum;
  if (need & ~p->rights) {
    struct buf names;
    buf_init(&names, 0);
    node_rights_put(&names, need & ~p->rights);
    err e = policy_refuse(msg, key, "has not: %.100s", buf_cstr(&names));
    buf_fini(&names);
    return e;
  }
  if (!tx) return ERR_OK;
  TRY(policy_judge_to(p, key, tx, msg));
  if (u256_is_zero(&p->daily)) return ERR_OK;
  if (u256_add(&sum, &p->spent, &tx->value) || u256_cmp(&sum, &p->daily) > 0)
    return policy_refuse(msg, key, "has a daily limit that this goes over");
  p->spent = sum;
  return ERR_OK;
}

/*---------------------------------------------------- on the writer's thread */

struct policy_call {
  struct node_policy *p;
  const addr20 *key;
  const struct chain_tx *tx;
  u32 rights;
  struct errmsg *msg;
};

static err policy_do_get(struct store *s, void *arg) {
  struct policy_call *c = arg;
  return policy_read(s, c->p, c->key);
}

static err policy_do_set(struct store *s, void *arg) {
  struct policy_call *c = arg;
  struct node_policy now;
  TRY(policy_read(s, &now, c->key));
  c->p->spent = now.spent;
  return policy_write(s, c->p, c->key);
}

static err policy_do_take(struct store *s, void *arg) {
  struct policy_call *c = arg;
  struct node_policy p;
  TRY(policy_read(s, &p, c->key));
  if (!p.is_set) return ERR_OK;
  u256 before = p.spent;
  TRY(policy_judge(&p, c->key, c->tx, c->rights, c->msg));
  return u256_cmp(&before, &p.spent) ? policy_write(s, &p, c->key) : ERR_OK;
}

err node_policy_get(struct node *n, struct node_policy *out,
                    const addr20 *key) {
  struct policy_call c = {.p = out, .key = key};
  return node_with_store(n, policy_do_get, &c);
}

err node_policy_set(struct node *n, const struct node_policy *p,
                    const addr20 *key) {
  struct node_policy copy = *p;
  struct policy_call c = {.p = &copy, .key = key};
  return node_with_store(n, policy_do_set, &c);
}

err node_policy_take(struct node *n, const addr20 *key,
                     const struct chain_tx *tx, u32 rights,
                     struct errmsg *msg) {
  struct policy_call c = {.key = key, .tx = tx, .msg = msg,
                          .rights = tx ? node_rights_of_tx(tx) : rights};
  return node_with_store(n, policy_do_take, &c);
}

#undef POLICY_DAY_MS
