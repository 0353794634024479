/* rpc_sub.c - subscriptions: eth_subscribe over a connection that stays.
**
** A session is one such connection.  Each of its subscriptions remembers the
** next height (or number of the pool's feed) to tell; one thread goes from the
** lowest of them to the head, block by block, so nobody misses a block and a
** block is read and rendered once for all.  Blocks are final: nothing is ever
** taken back (but on a development chain, whose new blocks of the same heights
** are then told), and `syncing` has nothing to tell while the node is at its
** head.
**
** A subscription begins to tell when its reply is on the way
** (rpc_session_ready), with what came since it was made.
**
** Locks: wake guards what the thread waits for and is held for moments only;
** lock guards sessions and subscriptions, and is held while a block's news
** are pushed.  The transport's push must neither block nor call back.
**
** "commerce" tells the events of the native modules of trade, decoded, from a
** height on if that is asked for (rpc_commerce.h).
**
** Limits: SUB_SESSION_MAX subscriptions of a session.
*/
#include <pthread.h>

#include "codec/hex.h"
#include "rpc/rpc_commerce.h"
#include "rpc/rpc_param.h"

#define SUB_SESSION_MAX 1000u
#define SUB_FEED_MS 20u    /* how often the pool is looked at */
#define SUB_RETRY_MS 100u
#define SUB_FEED_BATCH 1024u

enum sub_kind { SUB_HEADS, SUB_LOGS, SUB_PENDING, SUB_SYNCING, SUB_COMMERCE,
                SUB_KIND_CNT };
struct rpc_sub {
  struct rpc_sub *next;       /* of the session */
  struct rpc_session *session;
  const struct rpc_peer *made_by; /* not ready yet: the request that made it */
  enum sub_kind kind;
  bool full;
  char id[35];                /* "0x" and 32 digits */
  u64 at;                     /* height or number to tell next */
  struct rpc_filter what;
  u32 modules;                /* of commerce: bits; 0: all */
  bool has_party, has_from;
  addr20 party;
  u64 from;
  struct arena mem;
};
struct rpc_session {
  struct rpc_session *prev, *next;
  struct rpc_subs *subs;
  struct rpc_sub *first;
  u32 cnt;
  void (*push)(void *ctx, slice text);
  void *ctx;
};
struct rpc_subs {
  struct rpc_server *server;
  struct node *node;
  pthread_mutex_t wake_lock;
  pthread_cond_t wake;
  u64 head;                   /* under wake_lock, as the rest up to thread */
  bool nudged, stop, started;
  pthread_t thread;
  pthread_mutex_t lock;
  struct rpc_session *sessions;
  u32 cnt[SUB_KIND_CNT];
  u64 fed;                    /* the thread's: number of the feed told */
};

struct rpc_subs *rpc_subs_open(struct rpc_server *server, struct node *n) {
  struct rpc_subs *ss = mem_alloc(sizeof *ss);
  ss->server = server;
  ss->node = n;
  pthread_mutex_init(&ss->wake_lock, NULL);
  pthread_cond_init(&ss->wake, NULL);
  pthread_mutex_init(&ss->lock, NULL);
  return ss;
}

/* For each subscription of a kind that is ready. */
#define SUB_EACH(ss, s, want) \
  for (struct rpc_session *se_ = (ss)->sessions; se_; se_ = se_->next) \
    for (struct rpc_sub *s = se_->first; s; s = s->next) \
      if (s->kind == (want) && !s->made_by)

/* The chain was taken back to head; no view of what it was before is left. */
static void sub_go_back(struct rpc_subs *ss, u64 head) {
  pthread_mutex_lock(&ss->lock);
  SUB_EACH(ss, s, SUB_HEADS) if (s->at > head + 1) s->at = head + 1;
  SUB_EACH(ss, s, SUB_LOGS) if (s->at > head + 1) s->at = head + 1;
  SUB_EACH(ss, s, SUB_COMMERCE) if (s->at > head + 1) s->at = head + 1;
  pthread_mutex_unlock(&ss->lock);
}

void rpc_subs_head(struct rpc_subs *ss, u64 head) {
  pthread_mutex_lock(&ss->wake_lock);
  bool back = head < ss->head;
  ss->head = head;
  ss->nudged |= back;
  pthread_cond_signal(&ss->wake);
  pthread_mutex_unlock(&ss->wake_lock);
  if (back) sub_go_back(ss, head);
}

static void sub_nudge(struct rpc_subs *ss, bool stop) {
  pthread_mutex_lock(&ss->wake_lock);
  ss->nudged = true;
  ss->stop |= stop;
  pthread_cond_signal(&ss->wake);
  pthread_mutex_unlock(&ss->wake_lock);
}

void rpc_subs_close(struct rpc_subs *ss) {
  sub_nudge(ss, true);
  if (ss->started) pthread_join(ss->thread, NULL);
  MUST(!ss->sessions);
  pthread_mutex_destroy(&ss->lock);
  pthread_cond_destroy(&ss->wake);
  pthread_mutex_destroy(&ss->wake_lock);
  mem_free(ss);
}

/*---------------------------------------------------------------- telling */

/* What one turn pushes: text around the id of each subscription. */
struct sub_news {
  struct buf result, text;
};

static void sub_push(struct sub_news *n, const struct rpc_sub *s) {
  buf_clear(&n->text);
  buf_put_str(&n->text,
              "{\"jsonrpc\":\"2.0\",\"method\":\"eth_subscription\","
              "\"params\":{\"subscription\":\"");
  buf_put_str(&n->text, s->id);
  buf_put_str(&n->text, "\",\"result\":");
  buf_put_slice(&n->text, buf_slice(&n->result));
  buf_put_str(&n->text, "}}");
  s->session->push(s->session->ctx, buf_slice(&n->text));
}

/* The lowest height that somebody waits for; above head: nobody. */
static u64 sub_lowest(struct rpc_subs *ss, u64 head) {
  u64 low = head + 1;
  SUB_EACH(ss, s, SUB_HEADS) if (s->at < low) low = s->at;
  SUB_EACH(ss, s, SUB_LOGS) if (s->at < low) low = s->at;
  SUB_EACH(ss, s, SUB_COMMERCE) if (s->at < low) low = s->at;
  return low;
}

static bool sub_matches_topics(const struct rpc_filter *f,
                               const struct state_log *log) {
  for (u32 i = 0; i < ARRAY_LEN(f->topic); i++) {
    bool hit = f->topic_cnt[i] == 0;
    if (!hit && i >= log->topic_cnt) return false;
    for (u32 k = 0; k < f->topic_cnt[i] && !hit; k++) {
      hit = hash32_eq(&f->topic[i][k], &log->topic[i]);
    }
    if (!hit) return false;
  }
  return true;
}

static bool sub_matches(const struct rpc_filter *f,
                        const struct state_log *log) {
  bool hit = f->addr_cnt == 0;
  for (u32 i = 0; i < f->addr_cnt && !hit; i++) {
    hit = addr20_eq(&f->addr[i], &log->addr);
  }
  return hit && sub_matches_topics(f, log);
}

struct sub_log_turn {
  struct rpc_subs *ss;
  struct sub_news *news;
  struct node_read *r;
};

static void sub_on_event(struct sub_log_turn *t, const struct node_log *log) {
  u32 module = proj_module_of(&log->log->addr);
  bool rendered = false;
  if (module == PROJ_MODULE_CNT) return;
  SUB_EACH(t->ss, s, SUB_COMMERCE) {
    if (s->at != log->number || (s->modules && !(s->modules >> module & 1)) ||
        (s->has_party && !rpc_shop_concerns(t->r, log->log, &s->party)))
      continue;
    if (!rendered) {
      struct jsonw w;
      buf_clear(&t->news->result);
      jsonw_init(&w, &t->news->result);
      jsonw_obj(&w);
      rpc_shop_event(&w, module, log->log);
      rpc_shop_event_place(&w, log->number, log->time_ms / 1000, &log->tx_hash,
                           log->log_idx);
      jsonw_obj_end(&w);
      rendered = true;
    }
    sub_push(t->news, s);
  }
}

static bool sub_on_log(void *ctx, const struct node_log *log) {
  struct sub_log_turn *t = ctx;
  bool rendered = false;
  sub_on_event(t, log);
  SUB_EACH(t->ss, s, SUB_LOGS) {
    if (s->at != log->number || !sub_matches(&s->what, log->log)) continue;
    if (!rendered) {
      struct jsonw w;
      buf_clear(&t->news->result);
      jsonw_init(&w, &t->news->result);
      rpc_put_log(&w, log);
      rendered = true;
    }
    sub_push(t->news, s);
  }
  return true;
}

static bool sub_waits(struct rpc_subs *ss, enum sub_kind kind, u64 number) {
  SUB_EACH(ss, s, kind) if (s->at == number) return true;
  return false;
}

/* Tells block number to those who wait for it.  Under the lock; an err leaves
** them waiting. */
static err sub_tell_block(struct rpc_subs *ss, struct node_read *r,
                          struct sub_news *news, u64 number) {
  static const struct bloom256 none;
  struct chain_header h;
  hash32 hash;
  TRY(node_read_header(r, &h, &hash, number));
  bool has_logs = memcmp(&h.bloom, &none, sizeof none) != 0;
  if (has_logs && (sub_waits(ss, SUB_LOGS, number) ||
                   sub_waits(ss, SUB_COMMERCE, number))) {
    struct node_log_filter all = {.from = number, .to = number};
    struct sub_log_turn turn = {ss, news, r};
    TRY(node_read_logs(r, &all, sub_on_log, &turn));
  }
  SUB_EACH(ss, s, SUB_LOGS) if (s->at == number) s->at++;
  SUB_EACH(ss, s, SUB_COMMERCE) if (s->at == number) s->at++;
  if (!sub_waits(ss, SUB_HEADS, number)) return ERR_OK;
  struct jsonw w;
  buf_clear(&news->result);
  jsonw_init(&w, &news->result);
  rpc_put_head(&w, &h, &hash);
  SUB_EACH(ss, s, SUB_HEADS) {
    if (s->at != number) continue;
    sub_push(news, s);
    s->at++;
  }
  return ERR_OK;
}

/* All blocks up to head; ERR_OK, or why it must be tried again. */
static err sub_tell_blocks(struct rpc_subs *ss, struct sub_news *news) {
  struct node_read *r;
  TRY(node_read_begin(ss->node, &r));
  err e = ERR_OK;
  u64 head = node_read_head(r);
  for (;;) {
    pthread_mutex_lock(&ss->lock);
    u64 low = sub_lowest(ss, head);
    if (low <= head) e = sub_tell_block(ss, r, news, low);
    pthread_mutex_unlock(&ss->lock);
    if (low > head || e < 0) break;
  }
  node_read_end(r);
  return e;
}

static void sub_tell_tx(struct rpc_subs *ss, struct sub_news *news,
                        u64 number, const hash32 *hash, bool full) {
  struct arena a;
  struct chain_tx tx;
  struct jsonw w;
  arena_init(&a, 4096, 0);
  buf_clear(&news->result);
  jsonw_init(&w, &news->result);
  bool known = true;
  if (!full) {
    jsonw_hex(&w, hash32_slice(hash));
  } else if ((known = node_pool_tx(ss->node, &tx, hash, &a) >= 0)) {
    rpc_put_tx(&w, &tx, NULL, node_rules(ss->node));
  }
  SUB_EACH(ss, s, SUB_PENDING) {
    if (known && s->full == full && s->at <= number) sub_push(news, s);
  }
  arena_fini(&a);
}

static void sub_tell_pending(struct rpc_subs *ss, struct sub_news *news) {
  hash32 hash[SUB_FEED_BATCH];
  u32 cnt;
  while ((cnt = node_feed_read(ss->node, &ss->fed, hash, SUB_FEED_BATCH))) {
    pthread_mutex_lock(&ss->lock);
    bool any[2] = {false, false};
    SUB_EACH(ss, s, SUB_PENDING) any[s->full] = true;
    for (u32 i = 0; i < cnt; i++) {
      u64 number = ss->fed - cnt + i;
      if (any[0]) sub_tell_tx(ss, news, number, &hash[i], false);
      if (any[1]) sub_tell_tx(ss, news, number, &hash[i], true);
    }
    pthread_mutex_unlock(&ss->lock);
  }
}

/* Sleeps until there may be something to tell; false to end. */
static bool sub_wait(struct rpc_subs *ss, u64 told, u32 ms) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += (long)(ms % 1000) * 1000000;
  until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  pthread_mutex_lock(&ss->wake_lock);
  if (!ss->stop && !ss->nudged && ss->head == told) {
    pthread_cond_timedwait(&ss->wake, &ss->wake_lock, &until);
  }
  ss->nudged = false;
  bool go = !ss->stop;
  pthread_mutex_unlock(&ss->wake_lock);
  return go;
}

static void *sub_main(void *arg) {
  struct rpc_subs *ss = arg;
  struct sub_news news;
  u64 told = 0;
  u32 ms = 1000;
  buf_init(&news.result, 0);
  buf_init(&news.text, 0);
  while (sub_wait(ss, told, ms)) {
    pthread_mutex_lock(&ss->wake_lock);
    u64 head = ss->head;
    pthread_mutex_unlock(&ss->wake_lock);
    pthread_mutex_lock(&ss->lock);
    bool blocks = ss->cnt[SUB_HEADS] || ss->cnt[SUB_LOGS] ||
                  ss->cnt[SUB_COMMERCE];
    bool pending = ss->cnt[SUB_PENDING] != 0;
    pthread_mutex_unlock(&ss->lock);
    ms = pending ? SUB_FEED_MS : 1000;
    if (pending) sub_tell_pending(ss, &news);
    else ss->fed = node_feed_seq(ss->node);
    if (blocks && sub_tell_blocks(ss, &news) < 0) {
      ms = ms < SUB_RETRY_MS ? ms : SUB_RETRY_MS;
    }
    told = head;
  }
  buf_fini(&news.result);
  buf_fini(&news.text);
  return NULL;
}

/*--------------------------------------------------------------- sessions */

struct rpc_session *rpc_session_open(struct rpc_server *s,
                                     void (*push)(void *ctx, slice text),
                                     void *ctx) {
  struct rpc_subs *ss = rpc_subs_of(s);
  struct rpc_session *se = mem_alloc(sizeof *se);
  *se = (struct rpc_session){.subs = ss, .push = push, .ctx = ctx};
  pthread_mutex_lock(&ss->lock);
  if (!ss->started) {
    ss->fed = node_feed_seq(ss->node);
    MUST(pthread_create(&ss->thread, NULL, sub_main, ss) == 0);
    ss->started = true;
  }
  se->next = ss->sessions;
  if (se->next) se->next->prev = se;
  ss->sessions = se;
  pthread_mutex_unlock(&ss->lock);
  return se;
}

/* Under the lock; the subscription is out of its session. */
static void sub_free(struct rpc_subs *ss, struct rpc_sub *s) {
  ss->cnt[s->kind]--;
  arena_fini(&s->mem);
  mem_free(s);
}

void rpc_session_close(struct rpc_session *se) {
  struct rpc_subs *ss = se->subs;
  pthread_mutex_lock(&ss->lock);
  for (struct rpc_sub *s = se->first, *next; s; s = next) {
    next = s->next;
    sub_free(ss, s);
  }
  if (se->prev) {
    se->prev->next = se->next;
  } else {
    ss->sessions = se->next;
  }
  if (se->next) se->next->prev = se->prev;
  pthread_mutex_unlock(&ss->lock);
  mem_free(se);
}

void rpc_session_ready(struct rpc_session *se, const struct rpc_peer *peer) {
  bool any = false;
  pthread_mutex_lock(&se->subs->lock);
  for (struct rpc_sub *s = se->first; s; s = s->next) {
    if (s->made_by != peer) continue;
    s->made_by = NULL;
    any = true;
  }
  pthread_mutex_unlock(&se->subs->lock);
  if (any) sub_nudge(se->subs, false);
}

/*---------------------------------------------------------------- methods */

static err sub_refuse(struct rpc_call *c) {
  return rpc_fail(c, RPC_ERR_METHOD, "notifications not supported");
}

static err sub_module(struct rpc_call *c, struct rpc_sub *s,
                      const json_t *name) {
  u32 m = json_is_string(name) ? proj_module_find(json_string_value(name))
                               : PROJ_MODULE_CNT;
  if (m == PROJ_MODULE_CNT)
    return rpc_fail(c, RPC_ERR_PARAMS, "module: one of the modules of commerce, "
                    "such as market, or a list of them");
  s->modules |= 1u << m;
  return ERR_OK;
}
/* {module, party, fromHeight}. */
static err sub_commerce(struct rpc_call *c, struct rpc_sub *s,
                        const struct rpc_value *v) {
  struct errmsg msg = {""};
  const char *key;
  json_t *member, *item;
  size_t i;
  if (v->kind != RPC_OBJECT)
    return rpc_fail(c, RPC_ERR_PARAMS, "one object: module, party, fromHeight");
  json_object_foreach((json_t *)v->tree, key, member) {
    struct rpc_value m = rpc_value_of(member);
    err e = ERR_OK;
    if (!strcmp(key, "party")) {
      s->has_party = true;
      e = rpc_param_fixed(s->party.b, 20, &m, "0x and 40 hex digits", &msg);
    } else if (!strcmp(key, "fromHeight")) {
      s->has_from = true;
      e = rpc_param_count(&s->from, &m, &msg);
    } else if (!strcmp(key, "module") && json_is_array(member)) {
      json_array_foreach(member, i, item) TRY(sub_module(c, s, item));
    } else if (!strcmp(key, "module")) {
      TRY(sub_module(c, s, member));
    } else {
      return rpc_fail(c, RPC_ERR_PARAMS, "unknown member \"%.40s\": there are "
                      "module, party, fromHeight", key);
    }
    if (e < 0) return rpc_fail(c, RPC_ERR_PARAMS, "%s: %s", key, msg.text);
  }
  u64 head = rpc_height(c->batch->server);
  if (s->has_from && s->from + RPC_LOG_RANGE_MAX < head)
    return rpc_fail(c, RPC_ERR_PARAMS, "fromHeight: at most %u blocks back; "
                    "eth_getLogs has older events", RPC_LOG_RANGE_MAX);
  return ERR_OK;
}

/* Reads the second argument by the subscription's kind. */
static err sub_options(struct rpc_call *c, struct rpc_sub *s) {
  struct errmsg msg = {.text = ""};
  struct rpc_arg arg = {.given = true};
  const struct rpc_value *v = &c->arg[1].any;
  err e = ERR_OK;
  if (!c->arg[1].given) return ERR_OK;
  if (s->kind == SUB_COMMERCE) return sub_commerce(c, s, v);
  if (s->kind == SUB_PENDING) {
    e = rpc_param_bool(&s->full, v, &msg);
  } else if (s->kind == SUB_LOGS) {
    e = rpc_read_FILTER(c, &arg, v, &msg);
    if (e >= 0) rpc_filter_copy(&s->what, arg.filter, &s->mem);
  }
  if (e >= 0) return ERR_OK;
  return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 1: %s", msg.text);
}

static err sub_make(struct rpc_call *c, struct rpc_sub **out) {
  static const char *const names[SUB_KIND_CNT] = {
    "newHeads", "logs", "newPendingTransactions", "syncing", "commerce"};
  slice name = c->arg[0].text;
  u32 kind = 0;
  while (kind < SUB_KIND_CNT && !slice_eq(name, slice_str(names[kind]))) {
    kind++;
  }
  if (kind == SUB_KIND_CNT) {
    return rpc_fail(c, RPC_ERR_METHOD,
                    "no \"%.*s\" subscription in eth namespace",
                    (int)(name.len > 100 ? 100 : name.len),
                    (const char *)name.ptr);
  }
  struct rpc_sub *s = mem_alloc(sizeof *s);
  arena_init(&s->mem, 256, 0);
  s->kind = (enum sub_kind)kind;
  *out = s;
  return sub_options(c, s);
}

/* Takes s into the session; false when that has enough. */
static bool sub_add(struct rpc_call *c, struct rpc_sub *s,
                    char id_text[35]) {
  const struct rpc_peer *peer = c->batch->peer;
  struct rpc_session *se = peer->session;
  u8 raw[16];
  node_random(raw, sizeof raw);
  memcpy(s->id, "0x", 2);
  hex_encode(s->id + 2, raw, sizeof raw);
  s->id[34] = 0;
  memcpy(id_text, s->id, sizeof s->id);
  s->session = se;
  s->made_by = peer;
  s->at = s->kind == SUB_PENDING ? node_feed_seq(c->node)
                                 : rpc_height(c->batch->server) + 1;
  if (s->has_from && s->from < s->at) s->at = s->from;
  pthread_mutex_lock(&se->subs->lock);
  bool ok = se->cnt < SUB_SESSION_MAX;
  if (ok) {
    s->next = se->first;
    se->first = s;
    se->cnt++;
    se->subs->cnt[s->kind]++;
  }
  pthread_mutex_unlock(&se->subs->lock);
  return ok;
}

err rpc_do_eth_subscribe(struct rpc_call *c) {
  struct rpc_sub *s = NULL;
  if (!c->batch->peer->session) return sub_refuse(c);
  err e = sub_make(c, &s);
  if (!s) return e;
  if (e >= 0) {
    char id[sizeof s->id];
    if (sub_add(c, s, id)) { /* and s may be gone already */
      jsonw_str(&c->w, id);
      return ERR_OK;
    }
    e = rpc_fail(c, RPC_ERR_LIMIT, "too many subscriptions (max %u)",
                 SUB_SESSION_MAX);
  }
  arena_fini(&s->mem);
  mem_free(s);
  return e;
}

err rpc_do_eth_unsubscribe(struct rpc_call *c) {
  struct rpc_session *se = c->batch->peer->session;
  bool found = false;
  if (!se) return sub_refuse(c);
  pthread_mutex_lock(&se->subs->lock);
  for (struct rpc_sub **at = &se->first, *s; (s = *at); at = &s->next) {
    if (!slice_eq(c->arg[0].text, slice_str(s->id))) continue;
    *at = s->next;
    se->cnt--;
    sub_free(se->subs, s);
    found = true;
    break;
  }
  pthread_mutex_unlock(&se->subs->lock);
  if (!found) return rpc_fail(c, RPC_ERR_SERVER, "subscription not found");
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

#undef SUB_SESSION_MAX
#undef SUB_FEED_MS
#undef SUB_RETRY_MS
#undef SUB_FEED_BATCH
#undef SUB_EACH
