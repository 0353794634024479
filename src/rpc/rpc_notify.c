/* rpc_notify.c - webhook_* and mail_*: who is told of events, what came of it
** (src/notify/notify.h).
**
** A hook: {"id", "kind": "webhook" | "mail", "target", "filter": {"events":
** ["Orders.OrderState", ..], "party"}, "active", "createdMs", "height"};
** webhook_save gives a new webhook's "secret" too, this once.
** A delivery: {"id", "hook", "height", "event", "state": "waits" | "taken" |
** "failed", "tries", "status", "madeMs", "dueMs", "triedMs", "answer"}. */
#include <stdio.h>

#include "notify/notify.h"
#include "proj/proj.h"
#include "rpc/rpc_commerce.h"
#include "rpc/rpc_param.h"

#define HOOK_LOG_MAX 100u

static err hook_service(struct rpc_call *c, struct notify **out) {
  *out = rpc_notify_of(c->batch->server);
  if (*out) return ERR_OK;
  return rpc_fail(c, RPC_ERR_SERVER, "this node tells nobody of events");
}

static err hook_failed(struct rpc_call *c, err e, const struct errmsg *msg) {
  if (e == ERR_NOT_FOUND)
    return rpc_fail(c, RPC_ERR_PARAMS, "there is none with this id");
  if (msg && msg->text[0])
    return rpc_fail(c, RPC_ERR_PARAMS, "%.300s", msg->text);
  return rpc_fail_err(c, e);
}

static void hook_put(struct jsonw *w, const struct store_hook *h, bool secret) {
  jsonw_obj(w);
  jsonw_kv_u64(w, "id", h->id);
  jsonw_kv_str(w, "kind", h->kind == STORE_HOOK_MAIL ? "mail" : "webhook");
  jsonw_kv_str(w, "target", h->target);
  jsonw_key(w, "filter");
  jsonw_raw(w, slice_str(h->filter));
  jsonw_kv_bool(w, "active", h->active);
  jsonw_kv_u64(w, "createdMs", h->created_ms);
  jsonw_kv_u64(w, "height", h->height);
  if (secret) jsonw_kv_str(w, "secret", h->secret);
  jsonw_obj_end(w);
}

err rpc_do_webhook_list(struct rpc_call *c) {
  struct store_hook *row = arena_alloc(c->a, STORE_HOOKS_MAX * sizeof *row);
  struct notify *s;
  u32 cnt;
  TRY(hook_service(c, &s));
  err e = notify_hooks(s, row, &cnt);
  if (e < 0) return hook_failed(c, e, NULL);
  jsonw_arr(&c->w);
  for (u32 i = 0; i < cnt; i++) hook_put(&c->w, &row[i], false);
  jsonw_arr_end(&c->w);
  return ERR_OK;
}

static bool hook_copy(char *out, size_t size, slice text) {
  if (text.len >= size || memchr(text.ptr, 0, text.len)) return false;
  memcpy(out, text.ptr, text.len);
  out[text.len] = 0;
  return true;
}

static bool hook_is(slice text, const char *word) {
  return text.len == strlen(word) && memcmp(text.ptr, word, text.len) == 0;
}

/* kind, target, filter, active, id. */
err rpc_do_webhook_save(struct rpc_call *c) {
  struct store_hook h = {.active = !c->arg[3].given || c->arg[3].flag,
                         .id = c->arg[4].given ? c->arg[4].num : 0};
  struct errmsg msg = {.text = ""};
  struct notify *s;
  struct buf b;
  struct jsonw w;
  bool is_new = h.id == 0, mail = hook_is(c->arg[0].text, "mail");
  TRY(hook_service(c, &s));
  if (!mail && !hook_is(c->arg[0].text, "webhook"))
    return rpc_fail(c, RPC_ERR_PARAMS, "kind: \"webhook\" or \"mail\"");
  h.kind = mail ? STORE_HOOK_MAIL : STORE_HOOK_WEB;
  if (!hook_copy(h.target, sizeof h.target, c->arg[1].text))
    return rpc_fail(c, RPC_ERR_PARAMS, "target: at most %u bytes",
                    STORE_HOOK_TARGET_MAX - 1);
  buf_init(&b, 0);
  if (c->arg[2].given && c->arg[2].any.kind == RPC_OBJECT) {
    jsonw_init(&w, &b);
    jsonw_json(&w, c->arg[2].any.tree);
  } else {
    buf_put_str(&b, "{}");
  }
  bool fits = hook_copy(h.filter, sizeof h.filter, buf_slice(&b));
  buf_fini(&b);
  if (!fits) return rpc_fail(c, RPC_ERR_PARAMS, "filter: too long");
  rpc_view_drop(c);
  err e = notify_hook_put(s, &h, &msg);
  if (e < 0) return hook_failed(c, e, &msg);
  hook_put(&c->w, &h, is_new && !mail);
  return ERR_OK;
}

static err hook_done(struct rpc_call *c, err e) {
  if (e < 0) return hook_failed(c, e, NULL);
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

#define HOOK_BY_ID(method, call) \
  err rpc_do_webhook_##method(struct rpc_call *c) { \
    struct notify *s; \
    TRY(hook_service(c, &s)); \
    return hook_done(c, call(s, c->arg[0].num)); \
  }
HOOK_BY_ID(delete, notify_hook_del)
HOOK_BY_ID(test, notify_test)
HOOK_BY_ID(redeliver, notify_again)

static void hook_put_delivery(struct jsonw *w, const struct store_delivery *d) {
  static const char *const state[] = {"waits", "taken", "failed"};
  jsonw_kv_u64(w, "id", d->id);
  jsonw_kv_u64(w, "hook", d->hook);
  jsonw_kv_u64(w, "height", d->height);
  jsonw_kv_str(w, "event", d->event);
  jsonw_kv_str(w, "state", state[d->state % ARRAY_LEN(state)]);
  jsonw_kv_u64(w, "tries", d->tries);
  jsonw_kv_u64(w, "status", d->status);
  jsonw_kv_u64(w, "madeMs", d->made_ms);
  jsonw_kv_u64(w, "dueMs", d->due_ms);
  jsonw_kv_u64(w, "triedMs", d->tried_ms);
  jsonw_kv_str(w, "answer", d->answer);
}

err rpc_do_webhook_log(struct rpc_call *c) {
  struct store_delivery *row = arena_alloc(c->a, HOOK_LOG_MAX * sizeof *row);
  struct notify *s;
  u32 cnt;
  TRY(hook_service(c, &s));
  err e = notify_log(s, row, HOOK_LOG_MAX, &cnt, c->arg[0].num,
                     c->arg[1].given ? c->arg[1].num : 0);
  if (e < 0) return hook_failed(c, e, NULL);
  jsonw_arr(&c->w);
  for (u32 i = 0; i < cnt; i++) {
    jsonw_obj(&c->w);
    hook_put_delivery(&c->w, &row[i]);
    jsonw_obj_end(&c->w);
  }
  jsonw_arr_end(&c->w);
  return ERR_OK;
}

err rpc_do_webhook_delivery(struct rpc_call *c) {
  struct store_delivery d = {.id = 0};
  struct notify *s;
  TRY(hook_service(c, &s));
  buf_init(&d.body, 0);
  err e = notify_body(s, &d, c->arg[0].num);
  if (e == ERR_OK) {
    jsonw_obj(&c->w);
    hook_put_delivery(&c->w, &d);
    jsonw_key(&c->w, "body");
    jsonw_raw(&c->w, buf_slice(&d.body));
    jsonw_obj_end(&c->w);
  } else if (e == ERR_NOT_FOUND) {
    jsonw_null(&c->w);
    e = ERR_OK;
  } else {
    e = hook_failed(c, e, NULL);
  }
  buf_fini(&d.body);
  return e;
}

/*------------------------------------------------------------------- events */

struct hook_turn {
  notify_event_fn *fn;
  void *ctx;
  struct node_read *r;
  const struct state_log *log;
  struct buf json;
};

static bool hook_names(const struct notify_event *e, const addr20 *party) {
  const struct hook_turn *t = e->of;
  return rpc_shop_concerns(t->r, t->log, party);
}

static bool hook_on_log(void *ctx, const struct node_log *log) {
  struct hook_turn *t = ctx;
  u32 module = proj_module_of(&log->log->addr);
  const char *event = rpc_shop_event_name(module, log->log);
  char name[96];
  struct jsonw w;
  if (!event) return true;
  snprintf(name, sizeof name, "%s.%s", proj_module(module)->name, event);
  buf_clear(&t->json);
  jsonw_init(&w, &t->json);
  jsonw_obj(&w);
  rpc_shop_event(&w, module, log->log);
  rpc_shop_event_place(&w, log->number, log->time_ms / 1000, &log->tx_hash,
                       log->log_idx);
  jsonw_obj_end(&w);
  struct notify_event e = {.height = log->number, .name = name,
                           .json = buf_slice(&t->json), .names = hook_names,
                           .of = t};
  t->log = log->log;
  t->fn(t->ctx, &e);
  return true;
}

err rpc_notify_events(void *node, u64 first, u64 last, notify_event_fn *fn,
                      void *ctx) {
  struct hook_turn t = {.fn = fn, .ctx = ctx};
  addr20 addr[PROJ_MODULE_CNT];
  struct node_log_filter what = {.from = first, .to = last, .addr = addr,
                                 .addr_cnt = PROJ_MODULE_CNT};
  struct node_read *r;
  memset(addr, 0, sizeof addr);
  for (u32 i = 0; i < PROJ_MODULE_CNT; i++) {
    u16 number = proj_module(i)->number;
    addr[i].b[18] = (u8)(number >> 8);
    addr[i].b[19] = (u8)number;
  }
  TRY(node_read_begin(node, &r));
  t.r = r;
  buf_init(&t.json, 0);
  err e = node_read_logs(r, &what, hook_on_log, &t);
  buf_fini(&t.json);
  node_read_end(r);
  return e;
}

/*--------------------------------------------------------------- mail server */

static const char *const hook_security[] = {"tls", "starttls", "plain"};

/* But for the password. */
err rpc_do_mail_server(struct rpc_call *c) {
  struct notify_server v;
  struct notify *s;
  TRY(hook_service(c, &s));
  notify_server_get(s, &v);
  if (!v.host[0]) {
    jsonw_null(&c->w);
    return ERR_OK;
  }
  jsonw_obj(&c->w);
  jsonw_kv_str(&c->w, "host", v.host);
  jsonw_kv_u64(&c->w, "port", v.port);
  jsonw_kv_str(&c->w, "security", hook_security[v.security]);
  jsonw_kv_str(&c->w, "user", v.user);
  jsonw_kv_str(&c->w, "from", v.from);
  jsonw_obj_end(&c->w);
  mem_wipe(&v, sizeof v);
  return ERR_OK;
}

/* host, port, security, from, user, password; host "": none any more. */
err rpc_do_mail_setServer(struct rpc_call *c) {
  struct notify_server v = {.port = (u16)(c->arg[1].num & 0xffff)};
  struct errmsg msg = {.text = ""};
  struct notify *s;
  u32 i = 0;
  TRY(hook_service(c, &s));
  while (i < 3 && !hook_is(c->arg[2].text, hook_security[i])) i++;
  if (i == 3)
    return rpc_fail(c, RPC_ERR_PARAMS,
                    "security: \"tls\", \"starttls\" or \"plain\"");
  v.security = (enum notify_security)i;
  if (c->arg[1].num > 65535 ||
      !hook_copy(v.host, sizeof v.host, c->arg[0].text) ||
      !hook_copy(v.from, sizeof v.from, c->arg[3].text) ||
      !hook_copy(v.user, sizeof v.user, c->arg[4].text) ||
      !hook_copy(v.password, sizeof v.password, c->arg[5].text))
    return rpc_fail(c, RPC_ERR_PARAMS, "a port of at most 65535 and texts of "
                    "at most 255 bytes (user: 127) are wanted");
  rpc_view_drop(c);
  err e = notify_server_put(s, &v, &msg);
  mem_wipe(&v, sizeof v);
  if (e < 0) return hook_failed(c, e, &msg);
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

#undef HOOK_LOG_MAX
#undef HOOK_BY_ID
