/* notify.c - see notify.h.
**
** NOTIFY_THREADS workers share one table of hooks.  A worker that finds blocks
** nobody has read yet reads them and writes the deliveries; else it takes a
** hook that is free and has something due; else it waits.  The lock is held for
** moments: not while reading, sending or writing.
*/
#include "notify/notify.h"

#include <pthread.h>
#include <stdio.h>

#include "base/log.h"
#include "codec/hex.h"
#include "codec/json.h"

#define NOTIFY_THREADS 4u
#define NOTIFY_BLOCKS 64u      /* read in one go */
#define NOTIFY_MARK 256u       /* blocks, after which heights are written even
                               ** when nothing suits */
#define NOTIFY_NEVER UINT64_MAX
#define NOTIFY_SERVER "smtp"   /* the setting's name */

struct notify_hook {
  struct store_hook row;
  bool busy;                   /* a worker sends for it */
  u64 next_ms;                 /* when to look; 0 now, NOTIFY_NEVER none */
  u64 waiting;
  bool has_party;
  addr20 party;
  u32 event_cnt;
  char event[NOTIFY_EVENTS_MAX][64];
};

struct notify {
  struct node *node;
  struct notify_config cfg;
  char *ca_file, *dns;         /* own copies */
  pthread_mutex_t lock;        /* guards the following */
  pthread_cond_t wake;
  struct notify_hook hook[STORE_HOOKS_MAX];
  u32 hook_cnt;
  struct notify_server server;
  struct notify_stat stat;
  u64 head, read;              /* newest block, newest block read */
  bool reading, stopping;
  pthread_t thread[NOTIFY_THREADS];
  u32 thread_cnt, watch;
};

/*------------------------------------------------------- calls of the store */

struct notify_call {
  struct store_hook *hook;
  struct store_delivery *delivery;
  u32 max, *cnt;
  u64 id, at, *val;
};
#define NOTIFY_CALL(name, call) \
  static err notify_do_##name(struct store *s, void *arg) { \
    const struct notify_call *c = arg; \
    return call; \
  }
NOTIFY_CALL(hooks, store_hook_list(s, c->hook, c->max, c->cnt))
NOTIFY_CALL(put, store_hook_put(s, c->hook))
NOTIFY_CALL(del, store_hook_del(s, c->id))
NOTIFY_CALL(add, store_delivery_add(s, c->delivery, c->max, c->at))
NOTIFY_CALL(next, store_delivery_next(s, c->delivery, c->id))
NOTIFY_CALL(get, store_delivery_get(s, c->delivery, c->id))
NOTIFY_CALL(done, store_delivery_put(s, c->delivery))
NOTIFY_CALL(log, store_delivery_list(s, c->delivery, c->max, c->cnt, c->id,
                                     c->at))
NOTIFY_CALL(waiting, store_delivery_waiting(s, c->val, c->id))
NOTIFY_CALL(trim, store_delivery_trim(s, c->at))

static err notify_call(struct notify *s, err (*fn)(struct store *s, void *arg),
                       struct notify_call c) {
  return node_with_store(s->node, fn, &c);
}

/*------------------------------------------------------------------ filters */

/* {"events": ["Orders.OrderState", ..], "party": "0x.."}, both optional. */
static err notify_filter(struct notify_hook *h, struct errmsg *msg) {
  json_t *j = json_read(slice_str(h->row.filter), msg);
  err e = ERR_OK;
  size_t i;
  json_t *item;
  const char *key, *party = json_string_value(json_object_get(j, "party"));
  json_t *val, *events = json_object_get(j, "events");
  h->has_party = party != NULL;
  h->event_cnt = 0;
  if (!json_is_object(j))
    e = err_say(msg, ERR_USAGE, "the filter is an object");
  json_object_foreach(j, key, val) {
    if (strcmp(key, "party") != 0 && strcmp(key, "events") != 0)
      e = err_say(msg, ERR_USAGE, "the filter has \"events\" and \"party\", "
                  "not \"%.40s\"", key);
  }
  if (party && hex_parse_addr(&h->party, slice_str(party)) < 0)
    e = err_say(msg, ERR_USAGE, "the filter's party is no address");
  if (json_array_size(events) > NOTIFY_EVENTS_MAX || (events &&
                                                      !json_is_array(events)))
    e = err_say(msg, ERR_USAGE, "the filter's events are a list of at most %u",
                NOTIFY_EVENTS_MAX);
  json_array_foreach(events, i, item) {
    const char *name = json_string_value(item);
    if (!name || strlen(name) >= sizeof h->event[0] || !strchr(name, '.'))
      e = err_say(msg, ERR_USAGE, "an event is named like \"Orders.OrderState\"");
    if (e < 0) break;
    memcpy(h->event[h->event_cnt++], name, strlen(name) + 1);
  }
  if (j) json_decref(j);
  return e;
}

static bool notify_suits(const struct notify_hook *h,
                         const struct notify_event *e) {
  bool named = h->event_cnt == 0;
  if (!h->row.active || e->height <= h->row.height) return false;
  for (u32 i = 0; i < h->event_cnt && !named; i++)
    named = strcmp(h->event[i], e->name) == 0;
  return named && (!h->has_party || e->names(e, &h->party));
}

/*------------------------------------------------------------------ reading */

struct notify_read {
  struct notify *s;
  struct store_delivery *row;
  u32 cnt, cap;
  u64 now_ms;
};

static void notify_row(struct notify_read *r, struct notify_hook *h,
                       const struct notify_event *e) {
  if (r->cnt == r->cap) {
    r->cap = r->cap ? 2 * r->cap : 64;
    r->row = mem_realloc(r->row, r->cap * sizeof *r->row);
  }
  struct store_delivery *d = &r->row[r->cnt++];
  memset(d, 0, sizeof *d);
  d->hook = h->row.id;
  d->height = e->height;
  d->made_ms = d->due_ms = r->now_ms;
  snprintf(d->event, sizeof d->event, "%s", e->name);
  buf_init(&d->body, 0);
  buf_put_slice(&d->body, e->json);
  if (h->waiting++ >= NOTIFY_WAITING_MAX) {
    d->state = STORE_DELIVERY_FAILED;
    snprintf(d->answer, sizeof d->answer, "not sent: %u others wait",
             NOTIFY_WAITING_MAX);
  }
}

/* Under the lock: hooks do not change meanwhile. */
static void notify_on_event(void *ctx, const struct notify_event *e) {
  struct notify_read *r = ctx;
  pthread_mutex_lock(&r->s->lock);
  for (u32 i = 0; i < r->s->hook_cnt; i++)
    if (notify_suits(&r->s->hook[i], e)) notify_row(r, &r->s->hook[i], e);
  pthread_mutex_unlock(&r->s->lock);
}

static err notify_read_to(struct notify *s, u64 first, u64 last) {
  struct notify_read r = {.s = s, .now_ms = node_clock_ms()};
  err e = ERR_OK;
  if (s->cfg.source)
    e = s->cfg.source(s->cfg.source_ctx, first, last, notify_on_event, &r);
  if (e == ERR_OK && (r.cnt || last / NOTIFY_MARK > (first - 1) / NOTIFY_MARK))
    e = notify_call(s, notify_do_add, (struct notify_call){
                        .delivery = r.row, .max = r.cnt, .at = last});
  for (u32 i = 0; i < r.cnt; i++) buf_fini(&r.row[i].body);
  mem_free(r.row);
  if (e == ERR_OK && r.cnt > NOTIFY_KEEP / 10)
    e = notify_call(s, notify_do_trim, (struct notify_call){.at = NOTIFY_KEEP});
  return e;
}

/* Under the lock, which it gives back meanwhile. */
static void notify_read_on(struct notify *s) {
  u64 first = s->read + 1;
  u64 last = s->head - s->read > NOTIFY_BLOCKS ? s->read + NOTIFY_BLOCKS
                                               : s->head;
  s->reading = true;
  pthread_mutex_unlock(&s->lock);
  err e = notify_read_to(s, first, last);
  pthread_mutex_lock(&s->lock);
  s->reading = false;
  if (e < 0 && e != ERR_CLOSED)
    log_event(LOG_WARN, "notify", "read", "first=%llu last=%llu error=\"%s\"",
              (unsigned long long)first, (unsigned long long)last, err_text(e));
  if (e == ERR_CLOSED) return;
  s->read = last; /* what cannot be read now cannot be later */
  for (u32 i = 0; i < s->hook_cnt; i++) {
    if (s->hook[i].row.height < last) s->hook[i].row.height = last;
    s->hook[i].next_ms = 0;
  }
  pthread_cond_broadcast(&s->wake);
}

static void notify_on_block(void *ctx, u64 head) {
  struct notify *s = ctx;
  pthread_mutex_lock(&s->lock);
  if (head < s->read) s->read = head; /* a development chain went back */
  s->head = head;
  if (s->hook_cnt) pthread_cond_signal(&s->wake);
  else s->read = head;
  pthread_mutex_unlock(&s->lock);
}

/*------------------------------------------------------------------ sending */

/* The time until the next try, after so many. */
static u64 notify_pause_ms(u32 tries) {
  static const u32 s[NOTIFY_TRIES] = {0, 10, 60, 300, 1800, 7200, 21600, 43200,
                                      86400};
  return tries < NOTIFY_TRIES ? (u64)s[tries] * 1000 : NOTIFY_NEVER;
}

/* A mail's text: a line a member. */
static void notify_text(struct buf *out, const struct store_delivery *d) {
  json_t *j = json_read(buf_slice(&d->body), NULL), *val;
  const char *key;
  buf_printf(out, "%s\n\n", d->event);
  json_object_foreach(j, key, val) {
    struct jsonw w;
    buf_printf(out, "%s: ", key);
    jsonw_init(&w, out);
    jsonw_json(&w, val);
    buf_put_str(out, "\n");
  }
  if (j) json_decref(j);
}

static err notify_send_mail(struct notify *s, const struct store_hook *h,
                            struct store_delivery *d, struct errmsg *msg) {
  struct notify_server v;
  struct notify_mail m = {.to = h->target, .id = d->id,
                          .now_s = node_clock_ms() / 1000};
  struct buf text;
  char subject[96];
  notify_server_get(s, &v);
  if (!v.host[0])
    return err_say(msg, ERR_USAGE, "no mail server is set");
  buf_init(&text, 0);
  notify_text(&text, d);
  snprintf(subject, sizeof subject, "CyberMiles: %s", d->event);
  m.subject = subject;
  m.text = buf_slice(&text);
  err e = notify_mail(&s->cfg.net, &v, &m, &d->status, d->answer, msg);
  buf_fini(&text);
  mem_wipe(&v, sizeof v);
  return e;
}

static void notify_send(struct notify *s, const struct store_hook *h,
                        struct store_delivery *d) {
  struct errmsg msg = {.text = ""};
  err e;
  d->answer[0] = 0;
  d->status = 0;
  d->tried_ms = node_clock_ms();
  if (h->kind == STORE_HOOK_MAIL) {
    e = notify_send_mail(s, h, d, &msg);
  } else {
    struct notify_post p = {.url = h->target, .event = d->event,
                            .secret = h->secret, .id = d->id,
                            .now_s = d->tried_ms / 1000,
                            .body = buf_slice(&d->body)};
    e = notify_post(&s->cfg.net, &p, &d->status, d->answer, &msg);
  }
  if (e < 0 && !d->answer[0])
    snprintf(d->answer, sizeof d->answer, "%s",
             msg.text[0] ? msg.text : err_text(e));
  d->tries++;
  d->state = e == ERR_OK ? STORE_DELIVERY_TAKEN : STORE_DELIVERY_WAITS;
  u64 pause = notify_pause_ms(d->tries);
  if (e < 0 && pause == NOTIFY_NEVER) d->state = STORE_DELIVERY_FAILED;
  if (d->state == STORE_DELIVERY_WAITS)
    d->due_ms = node_clock_ms() + pause;
  if (d->state == STORE_DELIVERY_FAILED)
    log_event(LOG_WARN, "notify", "failed", "hook=%llu delivery=%llu "
              "event=%s answer=\"%.120s\"", (unsigned long long)h->id,
              (unsigned long long)d->id, d->event, d->answer);
}

/* Sends what is due for the hook: when to look again. */
static u64 notify_send_next(struct notify *s, const struct store_hook *h,
                            enum store_delivery_state *ended) {
  struct store_delivery d = {.id = 0};
  u64 next = NOTIFY_NEVER;
  *ended = STORE_DELIVERY_WAITS;
  buf_init(&d.body, 0);
  err e = notify_call(s, notify_do_next,
                      (struct notify_call){.delivery = &d, .id = h->id});
  if (e == ERR_OK && d.due_ms > node_clock_ms()) {
    next = d.due_ms;
  } else if (e == ERR_OK) {
    notify_send(s, h, &d);
    *ended = d.state;
    e = notify_call(s, notify_do_done, (struct notify_call){.delivery = &d});
    next = e < 0 ? NOTIFY_NEVER : 0;
    pthread_mutex_lock(&s->lock);
    s->stat.taken += d.state == STORE_DELIVERY_TAKEN;
    s->stat.refused += d.state != STORE_DELIVERY_TAKEN;
    s->stat.failed += d.state == STORE_DELIVERY_FAILED;
    pthread_mutex_unlock(&s->lock);
  }
  buf_fini(&d.body);
  return next;
}

/* Under the lock. */
static struct notify_hook *notify_find(struct notify *s, u64 id) {
  for (u32 i = 0; i < s->hook_cnt; i++)
    if (s->hook[i].row.id == id) return &s->hook[i];
  return NULL;
}

/* Under the lock, which it gives back meanwhile. */
static void notify_serve(struct notify *s, struct notify_hook *h) {
  enum store_delivery_state ended;
  struct store_hook row = h->row;
  h->busy = true;
  h->next_ms = NOTIFY_NEVER; /* an event that comes meanwhile sets it */
  pthread_mutex_unlock(&s->lock);
  u64 next = notify_send_next(s, &row, &ended);
  pthread_mutex_lock(&s->lock);
  h = notify_find(s, row.id); /* it may have gone, or moved */
  if (!h) return;
  h->busy = false;
  if (next < h->next_ms) h->next_ms = next;
  if (ended != STORE_DELIVERY_WAITS && h->waiting) h->waiting--;
}

static void *notify_work(void *arg) {
  struct notify *s = arg;
  pthread_mutex_lock(&s->lock);
  while (!s->stopping) {
    u64 now = node_clock_ms(), next = now + 60000;
    struct notify_hook *due = NULL;
    if (s->head > s->read && !s->reading && s->hook_cnt) {
      notify_read_on(s);
      continue;
    }
    for (u32 i = 0; i < s->hook_cnt; i++) {
      struct notify_hook *h = &s->hook[i];
      if (h->busy || !h->row.active) continue;
      if (h->next_ms < next) next = h->next_ms;
      if (h->next_ms <= now && (!due || h->next_ms < due->next_ms)) due = h;
    }
    if (due) {
      notify_serve(s, due);
      continue;
    }
    struct timespec at = {.tv_sec = (time_t)(next / 1000),
                          .tv_nsec = (long)(next % 1000) * 1000000};
    pthread_cond_timedwait(&s->wake, &s->lock, &at);
  }
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

/*------------------------------------------------------- what the owner does */

err notify_hooks(struct notify *s, struct store_hook *out, u32 *cnt) {
  pthread_mutex_lock(&s->lock);
  *cnt = s->hook_cnt;
  for (u32 i = 0; i < s->hook_cnt; i++) out[i] = s->hook[i].row;
  pthread_mutex_unlock(&s->lock);
  return ERR_OK;
}

static err notify_hook_check(struct notify_hook *h, struct errmsg *msg) {
  struct notify_url u;
  TRY(notify_filter(h, msg));
  if (h->row.kind == STORE_HOOK_WEB)
    return notify_url_parse(&u, h->row.target, msg);
  if (!notify_address_valid(h->row.target))
    return err_say(msg, ERR_USAGE, "%.60s is no mail address", h->row.target);
  return ERR_OK;
}

static void notify_secret(char out[72]) {
  u8 raw[32];
  node_random(raw, sizeof raw);
  memcpy(out, "whsec_", 6);
  hex_encode(out + 6, raw, sizeof raw);
  out[70] = 0;
  mem_wipe(raw, sizeof raw);
}

err notify_hook_put(struct notify *s, struct store_hook *row,
                    struct errmsg *msg) {
  struct notify_hook h = {.row = *row};
  bool is_new = row->id == 0;
  pthread_mutex_lock(&s->lock);
  struct notify_hook *was = notify_find(s, row->id);
  bool known = was != NULL, full = s->hook_cnt == STORE_HOOKS_MAX;
  if (was) {
    memcpy(h.row.secret, was->row.secret, sizeof h.row.secret);
    h.row.height = was->row.height;
    h.row.created_ms = was->row.created_ms;
    if (!was->row.active) h.row.height = s->read; /* not what it slept over */
  } else {
    h.row.height = s->head;
  }
  pthread_mutex_unlock(&s->lock);
  if (!is_new && !known) return ERR_NOT_FOUND;
  if (is_new && full)
    return err_say(msg, ERR_LIMIT, "at most %u hooks", STORE_HOOKS_MAX);
  TRY(notify_hook_check(&h, msg));
  if (is_new) h.row.created_ms = node_clock_ms();
  if (h.row.kind == STORE_HOOK_WEB && !h.row.secret[0])
    notify_secret(h.row.secret);
  TRY(notify_call(s, notify_do_add, (struct notify_call){.at = h.row.height}));
  TRY(notify_call(s, notify_do_put, (struct notify_call){.hook = &h.row}));
  *row = h.row;
  pthread_mutex_lock(&s->lock);
  was = notify_find(s, row->id);
  if (was) {
    h.busy = was->busy;
    h.waiting = was->waiting;
    if (was->row.height > h.row.height) h.row.height = was->row.height;
    *was = h;
  } else if (s->hook_cnt < STORE_HOOKS_MAX) {
    if (!s->hook_cnt) s->read = h.row.height;
    s->hook[s->hook_cnt++] = h;
  }
  pthread_cond_signal(&s->wake);
  pthread_mutex_unlock(&s->lock);
  return ERR_OK;
}

err notify_hook_del(struct notify *s, u64 id) {
  pthread_mutex_lock(&s->lock);
  struct notify_hook *h = notify_find(s, id);
  bool known = h != NULL;
  if (h) *h = s->hook[--s->hook_cnt];
  pthread_mutex_unlock(&s->lock);
  if (!known) return ERR_NOT_FOUND;
  return notify_call(s, notify_do_del, (struct notify_call){.id = id});
}

static void notify_due(struct notify *s, u64 id) {
  pthread_mutex_lock(&s->lock);
  struct notify_hook *h = notify_find(s, id);
  if (h) {
    h->next_ms = 0;
    h->waiting++;
  }
  pthread_cond_signal(&s->wake);
  pthread_mutex_unlock(&s->lock);
}

err notify_test(struct notify *s, u64 hook) {
  struct store_delivery d = {.hook = hook, .event = "CyberMiles.Test"};
  pthread_mutex_lock(&s->lock);
  bool known = notify_find(s, hook) != NULL;
  pthread_mutex_unlock(&s->lock);
  if (!known) return ERR_NOT_FOUND;
  d.made_ms = d.due_ms = node_clock_ms();
  buf_init(&d.body, 0);
  buf_put_str(&d.body, "{\"module\":\"CyberMiles\",\"event\":\"Test\","
              "\"text\":\"this is a test\"}");
  err e = notify_call(s, notify_do_add,
                      (struct notify_call){.delivery = &d, .max = 1});
  buf_fini(&d.body);
  if (e == ERR_OK) notify_due(s, hook);
  return e;
}

err notify_again(struct notify *s, u64 id) {
  struct store_delivery d = {.id = 0};
  buf_init(&d.body, 0);
  err e = notify_call(s, notify_do_get,
                      (struct notify_call){.delivery = &d, .id = id});
  buf_fini(&d.body);
  TRY(e);
  d.state = STORE_DELIVERY_WAITS;
  d.tries = 0;
  d.due_ms = node_clock_ms();
  TRY(notify_call(s, notify_do_done, (struct notify_call){.delivery = &d}));
  notify_due(s, d.hook);
  return ERR_OK;
}

err notify_log(struct notify *s, struct store_delivery *out, u32 max, u32 *cnt,
               u64 hook, u64 before) {
  return notify_call(s, notify_do_log, (struct notify_call){
      .delivery = out, .max = max, .cnt = cnt, .id = hook, .at = before});
}

err notify_body(struct notify *s, struct store_delivery *out, u64 id) {
  return notify_call(s, notify_do_get,
                     (struct notify_call){.delivery = out, .id = id});
}

/*--------------------------------------------------------------- mail server */

static const char *const notify_security_word[] = {"tls", "starttls", "plain"};

void notify_server_get(struct notify *s, struct notify_server *out) {
  pthread_mutex_lock(&s->lock);
  *out = s->server;
  pthread_mutex_unlock(&s->lock);
}

err notify_server_put(struct notify *s, const struct notify_server *v,
                      struct errmsg *msg) {
  struct buf b;
  struct jsonw w;
  if (v->host[0] && !notify_address_valid(v->from))
    return err_say(msg, ERR_USAGE, "from: a mail address is wanted");
  if (v->host[0] && !v->port)
    return err_say(msg, ERR_USAGE, "port: 1 to 65535; 465 for tls, 587 for "
                   "starttls are usual");
  buf_init(&b, 0);
  jsonw_init(&w, &b);
  jsonw_obj(&w);
  jsonw_kv_str(&w, "host", v->host);
  jsonw_kv_u64(&w, "port", v->port);
  jsonw_kv_str(&w, "security", notify_security_word[v->security]);
  jsonw_kv_str(&w, "user", v->user);
  jsonw_kv_str(&w, "password", v->password);
  jsonw_kv_str(&w, "from", v->from);
  jsonw_obj_end(&w);
  err e = node_setting_put(s->node, NOTIFY_SERVER, buf_slice(&b));
  mem_wipe(b.ptr, b.len);
  buf_fini(&b);
  TRY(e);
  pthread_mutex_lock(&s->lock);
  s->server = *v;
  pthread_mutex_unlock(&s->lock);
  return ERR_OK;
}

static void notify_copy(char *out, size_t size, const json_t *j,
                        const char *key) {
  const char *s = json_string_value(json_object_get(j, key));
  snprintf(out, size, "%s", s ? s : "");
}

static err notify_server_load(struct notify *s) {
  struct notify_server *v = &s->server;
  struct buf b;
  char word[16];
  buf_init(&b, 0);
  err e = node_setting_get(s->node, &b, NOTIFY_SERVER);
  json_t *j = e == ERR_OK ? json_read(buf_slice(&b), NULL) : NULL;
  if (j) {
    notify_copy(v->host, sizeof v->host, j, "host");
    notify_copy(v->user, sizeof v->user, j, "user");
    notify_copy(v->password, sizeof v->password, j, "password");
    notify_copy(v->from, sizeof v->from, j, "from");
    notify_copy(word, sizeof word, j, "security");
    v->port = (u16)json_integer_value(json_object_get(j, "port"));
    for (u32 i = 0; i < ARRAY_LEN(notify_security_word); i++)
      if (strcmp(word, notify_security_word[i]) == 0)
        v->security = (enum notify_security)i;
    json_decref(j);
  }
  buf_fini(&b);
  return e == ERR_NOT_FOUND ? ERR_OK : e;
}

void notify_stat(struct notify *s, struct notify_stat *out) {
  pthread_mutex_lock(&s->lock);
  *out = s->stat;
  for (u32 i = 0; i < s->hook_cnt; i++) out->waiting += s->hook[i].waiting;
  pthread_mutex_unlock(&s->lock);
}

/*-------------------------------------------------------- beginning and end */

static err notify_load(struct notify *s, struct errmsg *msg) {
  struct node_read *r;
  TRY(node_read_begin(s->node, &r));
  u64 head = node_read_head(r);
  node_read_end(r);
  struct store_hook *row = mem_alloc(STORE_HOOKS_MAX * sizeof *row);
  err e = notify_call(s, notify_do_hooks, (struct notify_call){
                          .hook = row, .max = STORE_HOOKS_MAX,
                          .cnt = &s->hook_cnt});
  s->head = s->read = head;
  for (u32 i = 0; e == ERR_OK && i < s->hook_cnt; i++) {
    struct notify_hook *h = &s->hook[i];
    h->row = row[i];
    e = notify_filter(h, msg);
    if (e == ERR_OK)
      e = notify_call(s, notify_do_waiting, (struct notify_call){
                          .val = &h->waiting, .id = h->row.id});
    if (h->row.height < s->read) s->read = h->row.height;
  }
  mem_free(row);
  return e == ERR_OK ? notify_server_load(s) : e;
}

err notify_start(struct notify **out, struct node *n,
                 const struct notify_config *cfg, struct errmsg *msg) {
  struct notify *s = mem_alloc(sizeof *s);
  s->node = n;
  s->cfg = *cfg;
  if (cfg->net.ca_file)
    s->cfg.net.ca_file = s->ca_file = mem_strdup(cfg->net.ca_file);
  if (cfg->net.dns) s->cfg.net.dns = s->dns = mem_strdup(cfg->net.dns);
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->wake, NULL);
  err e = notify_load(s, msg);
  if (e == ERR_OK) {
    s->watch = node_watch(n, notify_on_block, s);
    for (u32 i = 0; i < NOTIFY_THREADS && e == ERR_OK; i++) {
      if (pthread_create(&s->thread[i], NULL, notify_work, s) == 0)
        s->thread_cnt++;
      else
        e = ERR_IO;
    }
  }
  if (e < 0) notify_stop(s); else *out = s;
  return e;
}

void notify_stop(struct notify *s) {
  if (!s) return;
  pthread_mutex_lock(&s->lock);
  s->stopping = true;
  pthread_cond_broadcast(&s->wake);
  pthread_mutex_unlock(&s->lock);
  for (u32 i = 0; i < s->thread_cnt; i++) pthread_join(s->thread[i], NULL);
  if (s->watch) node_unwatch(s->node, s->watch);
  pthread_cond_destroy(&s->wake);
  pthread_mutex_destroy(&s->lock);
  mem_wipe(&s->server, sizeof s->server);
  mem_free(s->ca_file);
  mem_free(s->dns);
  mem_free(s);
}

#undef NOTIFY_THREADS
#undef NOTIFY_BLOCKS
#undef NOTIFY_MARK
#undef NOTIFY_NEVER
#undef NOTIFY_SERVER
#undef NOTIFY_CALL
