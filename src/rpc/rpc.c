/* rpc.c - JSON-RPC 2.0: bodies, batches, dispatch, error objects.
**
** A body becomes a list of requests, by the scanner of plain requests or, when
** that gives up, by the JSON parser.  Each request names a row of method.def;
** its parameters are read by their types before the handler runs, so handlers
** see only well-formed ones.  Runs of eth_sendRawTransaction within a batch
** go to the node together, so that their signatures are recovered on all
** cores.
**
** What a reply looks like when things go wrong follows geth: a body that is
** no JSON, an empty batch or one too long get a single error with id null; a
** member of a batch that is no request gets its own error; notifications get
** nothing; once the replies of a batch exceed the response limit, the rest is
** not run and each gets "response too large".
**
** Memory: everything of a body lives in one arena, taken from a small pool of
** them; the JSON tree is jansson's and is freed at the end.  The views of the
** chain that calls of a batch share are renewed every RPC_VIEW_MS, so that no
** view grows old.
*/
#include "node/node_right.h"
#include "rpc/rpc.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "codec/hex.h"
#include "gen/gen_version.h"
#include "rpc/rpc_call.h"

#define RPC_VIEW_MS 100u
#define RPC_IDLE_ARENAS 16
#define RPC_ARENA_CHUNK 16384
#define RPC_ARENA_KEEP (4u << 20)
#define RPC_METHOD_NAME_MAX 2048u /* geth's */
#define RPC_RESPONSE_SLACK (2u << 20) /* error objects of a full batch */
#define RPC_BRIEF_US 500u      /* what an event loop may spend unnoticed */
#define RPC_SUSPECT_US 1000000u
#define RPC_REST 50u           /* times what was spent */

struct rpc_server {
  struct node *node;
  struct rpc_config cfg;
  struct rpc_filters *filters;
  struct rpc_subs *subs;
  u64 head; /* atomic */
  u64 suspect_us, rest_us; /* atomic; until when: see rpc_try */
  u32 wait_cnt; /* atomic */
  bool hurry; /* atomic */
  u32 watch;
  pthread_mutex_t lock; /* guards idle */
  struct arena idle[RPC_IDLE_ARENAS];
  u32 idle_cnt;
  const struct rpc_host *host;
  struct notify *notify;
  struct rpc_counts *counts;
};

/* One request of a body. */
struct rpc_request {
  const struct rpc_method *method; /* NULL: code and message say why */
  slice id;                        /* JSON text; empty: notification */
  struct rpc_value param[RPC_PARAM_MAX];
  u32 param_cnt;                   /* may exceed RPC_PARAM_MAX */
  int code;
  const char *message;
};
struct rpc_requests {
  struct rpc_request *item;
  u32 cnt, cap;
  u64 seen;          /* with those beyond the batch limit, not kept */
  bool is_batch;
};

/*---------------------------------------------------------------- methods */

#define REQ(t, n) {RPC_##t, false, n},
#define OPT(t, n) {RPC_##t, true, n},
static const struct rpc_method rpc_methods[] = {
#define METHOD(name, access, speed, summary, ...) \
  {#name, rpc_do_##name, RPC_##access, RPC_##speed, {__VA_ARGS__}},
#include "rpc/method.def"
#undef METHOD
};
#undef REQ
#undef OPT

enum {
#define METHOD(name, access, speed, summary, ...) RPC_ROW_##name,
#include "rpc/method.def"
#undef METHOD
  RPC_ROW_CNT
};

#define REQ(t, n) " " n
#define OPT(t, n) " [" n "]"
static const struct rpc_method_info rpc_infos[] = {
#define METHOD(name, access, speed, summary, ...) \
  {#name, "" __VA_ARGS__, summary, RPC_##access},
#include "rpc/method.def"
#undef METHOD
};
#undef REQ
#undef OPT

const struct rpc_method_info *rpc_method_at(u32 i) {
  return i < ARRAY_LEN(rpc_infos) ? &rpc_infos[i] : NULL;
}

const struct rpc_method *rpc_method_row(u32 i) { return &rpc_methods[i]; }

static const struct rpc_method *rpc_method_find(slice name) {
  size_t lo = 0, hi = ARRAY_LEN(rpc_methods);
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    const char *at = rpc_methods[mid].name;
    size_t at_len = strlen(at);
    int d = memcmp(name.ptr, at, name.len < at_len ? name.len : at_len);
    if (d == 0) d = (name.len > at_len) - (name.len < at_len);
    if (d == 0) return &rpc_methods[mid];
    if (d < 0) {
      hi = mid;
    } else {
      lo = mid + 1;
    }
  }
  return NULL;
}

/*---------------------------------------------------------------- counting */

/* Codes that are counted apart; others as the last. */
enum { RPC_ERR_OTHER = -1 };
static const int rpc_codes[] = {
  0, RPC_ERR_PARSE, RPC_ERR_REQUEST, RPC_ERR_METHOD, RPC_ERR_PARAMS,
  RPC_ERR_INTERNAL, RPC_ERR_SERVER, RPC_ERR_TIMEOUT, RPC_ERR_TOO_LARGE,
  RPC_ERR_LIMIT, RPC_ERR_RIGHT, RPC_ERR_CONFIRM,
  RPC_ERR_REVERT, RPC_ERR_SYNC_TIMEOUT, RPC_ERR_OTHER};
struct rpc_counts { /* all atomic */
  u64 by[RPC_ROW_CNT + 1][ARRAY_LEN(rpc_codes)]; /* the last: unknown */
  struct rpc_tally time;
};
const u32 rpc_time_us[RPC_TIME_CNT - 1] = {
  50, 100, 250, 500, 1000, 2500, 10000, 50000, 250000, 1000000, 5000000};

static void rpc_count(struct rpc_server *s, const struct rpc_method *m,
                      int code) {
  size_t at = m ? (size_t)(m - rpc_methods) : ARRAY_LEN(rpc_methods), i = 0;
  while (i < ARRAY_LEN(rpc_codes) - 1 && rpc_codes[i] != code) i++;
  __atomic_add_fetch(&s->counts->by[at][i], 1, __ATOMIC_RELAXED);
}

static u64 rpc_clock_us(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (u64)ts.tv_sec * 1000000 + (u64)ts.tv_nsec / 1000;
}

static void rpc_count_time(struct rpc_server *s, u64 us) {
  struct rpc_tally *t = &s->counts->time;
  u32 i = 0;
  while (i < RPC_TIME_CNT - 1 && us > rpc_time_us[i]) i++;
  __atomic_add_fetch(&t->bucket[i], 1, __ATOMIC_RELAXED);
  __atomic_add_fetch(&t->us, us, __ATOMIC_RELAXED);
  __atomic_add_fetch(&t->cnt, 1, __ATOMIC_RELAXED);
}

void rpc_tally(const struct rpc_server *s, struct rpc_tally *out) {
  const struct rpc_tally *t = &s->counts->time;
  for (u32 i = 0; i < RPC_TIME_CNT; i++) {
    out->bucket[i] = __atomic_load_n(&t->bucket[i], __ATOMIC_RELAXED);
  }
  out->us = __atomic_load_n(&t->us, __ATOMIC_RELAXED);
  out->cnt = __atomic_load_n(&t->cnt, __ATOMIC_RELAXED);
}

void rpc_tally_methods(const struct rpc_server *s,
                       void (*cb)(void *ctx, const char *method, int code,
                                  u64 cnt), void *ctx) {
  for (size_t m = 0; m <= ARRAY_LEN(rpc_methods); m++) {
    for (size_t i = 0; i < ARRAY_LEN(rpc_codes); i++) {
      u64 cnt = __atomic_load_n(&s->counts->by[m][i], __ATOMIC_RELAXED);
      if (cnt == 0) continue;
      cb(ctx, m < ARRAY_LEN(rpc_methods) ? rpc_methods[m].name : "unknown",
         rpc_codes[i], cnt);
    }
  }
}

void rpc_host_set(struct rpc_server *s, const struct rpc_host *host) {
  s->host = host;
}

void rpc_notify_set(struct rpc_server *s, struct notify *notify) {
  s->notify = notify;
}

struct notify *rpc_notify_of(const struct rpc_server *s) { return s->notify; }

const struct rpc_host *rpc_host_of(const struct rpc_server *s) {
  return s->host;
}

bool rpc_is_quick(slice body) {
  if (body.len > 4096) return false;
  struct rpc_plain p;
  rpc_scan_space(&body);
  if (!rpc_scan(&p, &body)) return false;
  const struct rpc_method *m = rpc_method_find(p.method);
  return !m || m->speed == RPC_QUICK;
}

const char *rpc_client_version(void) {
  static char text[128];
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&lock);
  if (text[0] == 0) {
    snprintf(text, sizeof text, "CyberMiles/v%s%s%s/linux-%s/gcc%d",
             gen_version, gen_version_commit[0] ? "-" : "", gen_version_commit,
#if defined __x86_64__
             "amd64",
#elif defined __aarch64__
             "arm64",
#else
             "other",
#endif
             __GNUC__);
  }
  pthread_mutex_unlock(&lock);
  return text;
}

/*---------------------------------------------------------------- server */

static u64 rpc_thread_us(void) {
  struct timespec ts;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
  return (u64)ts.tv_sec * 1000000 + (u64)ts.tv_nsec / 1000;
}

u64 rpc_height(const struct rpc_server *s) {
  return __atomic_load_n(&s->head, __ATOMIC_ACQUIRE);
}

/* A view may stand at a block that the watcher was not told of yet; who has
** seen it must not hear of a lower height afterwards. */
static void rpc_saw_height(struct rpc_server *s, u64 height) {
  u64 known = rpc_height(s);
  while (known < height &&
         !__atomic_compare_exchange_n(&s->head, &known, height, false,
                                      __ATOMIC_RELEASE, __ATOMIC_ACQUIRE)) {
  }
}

static void rpc_on_block(void *ctx, u64 head) {
  struct rpc_server *s = ctx;
  if (head < rpc_height(s)) { /* a development chain was taken back */
    __atomic_store_n(&s->head, head, __ATOMIC_RELEASE);
    rpc_filters_back(s->filters, head);
  }
  rpc_saw_height(s, head);
  rpc_subs_head(s->subs, head);
}

struct rpc_server *rpc_open(struct node *n, const struct rpc_config *cfg) {
  struct rpc_server *s = mem_alloc(sizeof *s);
  s->node = n;
  s->counts = mem_alloc(sizeof *s->counts);
  if (cfg) s->cfg = *cfg;
  struct rpc_config *c = &s->cfg;
  if (!c->batch_max) c->batch_max = RPC_BATCH_MAX;
  if (!c->response_max) c->response_max = RPC_RESPONSE_MAX;
  if (!c->body_max) c->body_max = RPC_BODY_MAX;
  if (!c->gas_cap) c->gas_cap = RPC_GAS_CAP;
  if (!c->evm_timeout_ms || c->evm_timeout_ms > RPC_EVM_TIMEOUT_MS)
    c->evm_timeout_ms = RPC_EVM_TIMEOUT_MS;
  if (!c->log_range_max) c->log_range_max = RPC_LOG_RANGE_MAX;
  if (!c->log_cnt_max) c->log_cnt_max = RPC_LOG_CNT_MAX;
  if (!c->wait_max) c->wait_max = RPC_WAIT_MAX;
  pthread_mutex_init(&s->lock, NULL);
  s->filters = rpc_filters_open();
  s->subs = rpc_subs_open(s, n);
  s->watch = node_watch(n, rpc_on_block, s);
  struct node_read *r;
  if (node_read_begin(n, &r) == ERR_OK) {
    rpc_saw_height(s, node_read_head(r));
    node_read_end(r);
  }
  return s;
}

void rpc_close(struct rpc_server *s) {
  if (!s) return;
  node_unwatch(s->node, s->watch);
  for (u32 i = 0; i < s->idle_cnt; i++) arena_fini(&s->idle[i]);
  rpc_subs_close(s->subs);
  rpc_filters_close(s->filters);
  pthread_mutex_destroy(&s->lock);
  mem_free(s->counts);
  mem_free(s);
}

const struct rpc_config *rpc_limits(const struct rpc_server *s) {
  return &s->cfg;
}

struct rpc_subs *rpc_subs_of(struct rpc_server *s) { return s->subs; }

struct rpc_filters *rpc_filters_of(struct rpc_server *s) {
  return s->filters;
}

static void rpc_arena_take(struct rpc_server *s, struct arena *a) {
  pthread_mutex_lock(&s->lock);
  bool got = s->idle_cnt > 0;
  if (got) *a = s->idle[--s->idle_cnt];
  pthread_mutex_unlock(&s->lock);
  if (!got) arena_init(a, RPC_ARENA_CHUNK, 0);
}

static void rpc_arena_give(struct rpc_server *s, struct arena *a) {
  bool keep = a->used <= RPC_ARENA_KEEP;
  if (keep) {
    arena_clear(a);
    pthread_mutex_lock(&s->lock);
    keep = s->idle_cnt < RPC_IDLE_ARENAS;
    if (keep) s->idle[s->idle_cnt++] = *a;
    pthread_mutex_unlock(&s->lock);
  }
  if (!keep) arena_fini(a);
}

/*------------------------------------------------------- help for handlers */

err rpc_fail(struct rpc_call *c, int code, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(c->fault.message, sizeof c->fault.message, fmt, ap);
  va_end(ap);
  c->fault.code = code;
  c->fault.has_data = false;
  return ERR_INPUT;
}

err rpc_fail_err(struct rpc_call *c, err e) {
  switch (e) {
    case ERR_TIMEOUT:
      return rpc_fail(c, RPC_ERR_TIMEOUT, "request timed out");
    case ERR_BUSY:
    case ERR_LIMIT:
      return rpc_fail(c, RPC_ERR_LIMIT, "%s", err_text(e));
    case ERR_PRUNED:
      return rpc_fail(c, RPC_ERR_PRUNED, "pruned history unavailable: "
                      "transactions, receipts and logs are kept from block "
                      "%llu (0x%llx) on",
                      c->batch->read ? (unsigned long long)
                          node_read_oldest_body(c->batch->read) : 0,
                      c->batch->read ? (unsigned long long)
                          node_read_oldest_body(c->batch->read) : 0);
    case ERR_NOT_FOUND:
      return rpc_fail(c, RPC_ERR_SERVER, "not found");
    case ERR_CLOSED:
      return rpc_fail(c, RPC_ERR_SERVER, "the node is shutting down");
    default:
      return rpc_fail(c, RPC_ERR_INTERNAL, "internal error: %s", err_text(e));
  }
}

err rpc_read(struct rpc_call *c, struct node_read **out) {
  struct rpc_batch *b = c->batch;
  u64 now = node_clock_ms();
  if (b->read && (now < b->read_ms || now - b->read_ms > RPC_VIEW_MS)) {
    node_read_end(b->read);
    b->read = NULL;
  }
  if (!b->read) {
    err e = node_read_begin(b->node, &b->read);
    if (e < 0) {
      b->read = NULL;
      return rpc_fail_err(c, e);
    }
    b->read_ms = now;
    rpc_saw_height(b->server, node_read_head(b->read));
  }
  *out = b->read;
  return ERR_OK;
}

void rpc_view_drop(struct rpc_call *c) {
  struct rpc_batch *b = c->batch;
  if (b->read) node_read_end(b->read);
  b->read = NULL;
}

bool rpc_wait_begin(struct rpc_server *s) {
  u32 cnt = __atomic_add_fetch(&s->wait_cnt, 1, __ATOMIC_RELAXED);
  if (cnt <= s->cfg.wait_max) return true;
  rpc_wait_end(s);
  return false;
}

void rpc_hurry(struct rpc_server *s) {
  if (s) __atomic_store_n(&s->hurry, true, __ATOMIC_RELAXED);
}

bool rpc_may_wait(const struct rpc_server *s) {
  return !__atomic_load_n(&s->hurry, __ATOMIC_RELAXED);
}

void rpc_wait_end(struct rpc_server *s) {
  __atomic_sub_fetch(&s->wait_cnt, 1, __ATOMIC_RELAXED);
}

err rpc_find(struct rpc_call *c, struct node_read **r, u64 *number,
             bool *found, const struct rpc_block *at) {
  TRY(rpc_read(c, r));
  u64 head = node_read_head(*r);
  *found = true;
  switch (at->tag) {
    case RPC_AT_LATEST:
    case RPC_AT_PENDING:
      *number = head;
      return ERR_OK;
    case RPC_AT_NUMBER:
      *number = at->number;
      *found = at->number <= head;
      return ERR_OK;
    default:
      break;
  }
  err e = node_read_number(*r, number, &at->hash);
  if (e == ERR_NOT_FOUND) {
    *found = false;
    return ERR_OK;
  }
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

err rpc_at(struct rpc_call *c, struct node_read **r, u64 *number,
           const struct rpc_arg *arg) {
  static const struct rpc_block latest = {.tag = RPC_AT_LATEST};
  const struct rpc_block *at = arg->given ? &arg->block : &latest;
  bool found;
  TRY(rpc_find(c, r, number, &found, at));
  if (found) return ERR_OK;
  return rpc_fail(c, RPC_ERR_SERVER, "%s",
                  at->tag == RPC_AT_HASH ? "header for hash not found"
                                         : "header not found");
}

/*---------------------------------------------------------------- parsing */

static struct rpc_request *rpc_request_add(struct rpc_requests *q, u32 max,
                                           struct arena *a) {
  if (++q->seen > max) return NULL;
  if (q->cnt == q->cap) {
    u32 cap = q->cap ? 2 * q->cap : q->is_batch ? 16 : 1;
    struct rpc_request *item = arena_array(a, struct rpc_request, cap);
    if (q->cnt) memcpy(item, q->item, q->cnt * sizeof *item);
    q->item = item;
    q->cap = cap;
  }
  struct rpc_request *rq = &q->item[q->cnt++];
  *rq = (struct rpc_request){0};
  return rq;
}

static void rpc_request_refuse(struct rpc_request *rq, int code,
                               const char *message) {
  rq->method = NULL;
  rq->code = code;
  rq->message = message;
}

bool rpc_peer_may(const struct rpc_batch *b, enum rpc_access access) {
  return access <= b->peer->access ||
         (access == RPC_KEY && node_info(b->node)->dev);
}

bool rpc_peer_sees(const struct rpc_batch *b, const char *name,
                   enum rpc_access access) {
  const char *list = b->server->cfg.spaces;
  size_t len = strcspn(name, "_");
  if (!rpc_peer_may(b, access)) return false;
  if (!list || b->peer->access > RPC_PUBLIC) return true;
  if (len == 3 && memcmp(name, "rpc", 3) == 0) return true;
  while (*list) {
    size_t n = strcspn(list, ", ");
    if (n == len && memcmp(list, name, len) == 0) return true;
    list += n;
    list += strspn(list, ", ");
  }
  return false;
}

bool rpc_peer_allows(const struct rpc_peer *p, u32 need, struct arena *a,
                     int *code, const char **why) {
  char text[NODE_RIGHT_REFUSAL];
  *code = 0;
  if (!p->limited) return true;
  if (need & ~p->rights) {
    node_rights_refusal(text, need & ~p->rights);
    *code = RPC_ERR_RIGHT;
    *why = arena_printf(a, "%s", text);
  } else if (node_rights_again(need) && !p->confirmed) {
    *code = RPC_ERR_CONFIRM;
    *why = NODE_RIGHT_AGAIN;
  }
  return *code == 0;
}

static void rpc_request_method(struct rpc_request *rq, slice name,
                               const struct rpc_batch *b, struct arena *a) {
  const struct rpc_method *m = rpc_method_find(name);
  const char *why;
  int code;
  if (m && rpc_peer_sees(b, m->name, m->access)) {
    if (!b->peer->limited || rpc_peer_allows(
            b->peer, node_rights_of_method(m->name), a, &code, &why))
      rq->method = m;
    else
      rpc_request_refuse(rq, code, why);
  } else if (name.len > RPC_METHOD_NAME_MAX) {
    rpc_request_refuse(rq, RPC_ERR_REQUEST, "method name too long");
  } else {
    int shown = (int)(name.len > 200 ? 200 : name.len);
    rpc_request_refuse(
        rq, RPC_ERR_METHOD,
        arena_printf(a, "the method %.*s does not exist/is not available",
                     shown, (const char *)name.ptr));
  }
}

static void rpc_request_plain(struct rpc_request *rq,
                              const struct rpc_plain *p,
                              const struct rpc_batch *b, struct arena *a) {
  rq->id = p->id;
  rq->param_cnt = p->param_cnt;
  memcpy(rq->param, p->param, sizeof p->param[0] * p->param_cnt);
  rpc_request_method(rq, p->method, b, a);
}

static slice rpc_json_text(const json_t *j, struct arena *a) {
  size_t n = json_dumpb(j, NULL, 0, JSON_ENCODE_ANY | JSON_COMPACT);
  char *p = arena_alloc_raw(a, n ? n : 1);
  json_dumpb(j, p, n, JSON_ENCODE_ANY | JSON_COMPACT);
  return slice_of(p, n);
}

static void rpc_request_json(struct rpc_request *rq, const json_t *j,
                             const struct rpc_batch *b, struct arena *a) {
  static const slice null_id = {(const u8 *)"null", 4};
  rq->id = null_id;
  const json_t *id = json_object_get(j, "id");
  if (json_is_string(id) || json_is_number(id)) {
    rq->id = rpc_json_text(id, a);
  }
  const char *version = json_string_value(json_object_get(j, "jsonrpc"));
  const json_t *method = json_object_get(j, "method");
  bool id_ok = !id || json_is_string(id) || json_is_number(id) ||
               json_is_null(id);
  if (!version || strcmp(version, "2.0") != 0 || !id_ok ||
      json_string_length(method) == 0) {
    rpc_request_refuse(rq, RPC_ERR_REQUEST, "invalid request");
    return;
  }
  if (!id) rq->id = (slice){0};
  rpc_request_method(
      rq, slice_of(json_string_value(method), json_string_length(method)),
      b, a);
  const json_t *params = json_object_get(j, "params");
  if (json_is_array(params)) {
    size_t n = json_array_size(params);
    rq->param_cnt = n > 1000 ? 1000 : (u32)n;
    for (u32 i = 0; i < rq->param_cnt && i < RPC_PARAM_MAX; i++) {
      rq->param[i] = rpc_value_of(json_array_get(params, i));
    }
  } else if (rq->method && params && !json_is_null(params)) {
    rpc_request_refuse(rq, RPC_ERR_PARAMS, "non-array args");
  }
}

/* Objects are read without a tree where they are call objects only. */
static bool rpc_plain_fits(const struct rpc_plain *p) {
  const struct rpc_method *m = NULL;
  for (u32 i = 0; i < p->param_cnt; i++) {
    if (p->param[i].kind != RPC_OBJECT) continue;
    if (!m) m = rpc_method_find(p->method);
    if (!m || !m->param[i].name || m->param[i].type != RPC_CALL) return false;
  }
  return true;
}

/* By the scanner: false when it gave up anywhere. */
static bool rpc_parse_plain(struct rpc_requests *q, slice body, u32 max,
                            const struct rpc_batch *b, struct arena *a) {
  struct rpc_plain p;
  for (;;) {
    if (!rpc_scan(&p, &body) || !rpc_plain_fits(&p)) return false;
    struct rpc_request *rq = rpc_request_add(q, max, a);
    if (rq) rpc_request_plain(rq, &p, b, a);
    rpc_scan_space(&body);
    if (!q->is_batch) return body.len == 0;
    if (body.len == 0) return false;
    u8 c = *body.ptr;
    body.ptr++;
    body.len--;
    rpc_scan_space(&body);
    if (c == ']') return body.len == 0;
    if (c != ',') return false;
  }
}

static void rpc_parse_tree(struct rpc_requests *q, const json_t *root, u32 max,
                           const struct rpc_batch *b, struct arena *a) {
  if (!q->is_batch) {
    rpc_request_json(rpc_request_add(q, max, a), root, b, a);
    return;
  }
  size_t n = json_array_size(root);
  for (size_t i = 0; i < n; i++) {
    struct rpc_request *rq = rpc_request_add(q, max, a);
    if (rq) rpc_request_json(rq, json_array_get(root, i), b, a);
  }
}

/*---------------------------------------------------------------- replies */

static void rpc_put_id(struct buf *out, slice id) {
  buf_put_str(out, "{\"jsonrpc\":\"2.0\",\"id\":");
  if (id.len) {
    buf_put_slice(out, id);
  } else {
    buf_put_str(out, "null");
  }
}

static void rpc_put_error(struct buf *out, slice id, int code,
                          const char *message, const slice *data) {
  rpc_put_id(out, id);
  buf_put_str(out, ",\"error\":");
  struct jsonw w;
  jsonw_init(&w, out);
  jsonw_obj(&w);
  jsonw_key(&w, "code");
  jsonw_i64(&w, code);
  jsonw_kv_str(&w, "message", message);
  if (data) jsonw_kv_hex(&w, "data", *data);
  jsonw_obj_end(&w);
  buf_put_u8(out, '}');
}

/* Reads the parameters by their rows' types. */
static err rpc_args(struct rpc_call *c, const struct rpc_request *rq) {
  const struct rpc_method *m = rq->method;
  for (u32 i = 0; i < RPC_PARAM_MAX && m->param[i].name; i++) {
    const struct rpc_value *v = &rq->param[i];
    bool given = i < rq->param_cnt && v->kind != RPC_NULL;
    c->arg[i].given = given;
    if (!given) {
      if (m->param[i].optional) continue;
      return rpc_fail(c, RPC_ERR_PARAMS,
                      "missing value for required argument %u", i);
    }
    struct errmsg msg;
    if (rpc_param_read(c, &c->arg[i], m->param[i].type, v, &msg) < 0) {
      return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument %u: %s", i,
                      msg.text);
    }
  }
  u32 cnt = 0;
  while (cnt < RPC_PARAM_MAX && m->param[cnt].name) cnt++;
  if (rq->param_cnt > cnt) {
    return rpc_fail(c, RPC_ERR_PARAMS,
                    "too many arguments, want at most %u", cnt);
  }
  return ERR_OK;
}

/* Given up: the call has run into the short time of rpc_try. */
static bool rpc_gave_up(const struct rpc_batch *b, const struct rpc_call *c,
                        err e) {
  return b->brief && e < 0 && c->fault.code == RPC_ERR_TIMEOUT;
}

static void rpc_call_init(struct rpc_call *c, struct rpc_batch *b,
                          struct arena *a) {
  memset(c, 0, sizeof *c);
  c->batch = b;
  c->node = b->node;
  c->a = a;
}

/* Appends the reply to one request; for a notification runs it all the same
** and appends nothing. */
static void rpc_answer(struct rpc_batch *b, struct buf *out,
                       const struct rpc_request *rq, struct arena *a) {
  size_t at = out->len;
  if (!rq->method) {
    rpc_count(b->server, NULL, rq->code);
    if (rq->id.len) rpc_put_error(out, rq->id, rq->code, rq->message, NULL);
    return;
  }
  struct arena_mark mark = arena_mark(a);
  struct rpc_call c;
  u64 start_us = rpc_clock_us();
  rpc_call_init(&c, b, a);
  rpc_put_id(out, rq->id);
  buf_put_str(out, ",\"result\":");
  jsonw_init(&c.w, out);
  err e = rpc_args(&c, rq);
  if (e >= 0) e = rq->method->fn(&c);
  if (out->over) {
    out->over = false;
    e = rpc_fail(&c, RPC_ERR_TOO_LARGE, "response too large");
  }
  if (rpc_gave_up(b, &c, e)) {
    out->len = at;
    arena_reset(a, mark);
    return;
  }
  if (e < 0) {
    MUST(c.fault.code != 0);
    out->len = at;
    rpc_put_error(out, rq->id, c.fault.code, c.fault.message,
                  c.fault.has_data ? &c.fault.data : NULL);
  } else {
    buf_put_u8(out, '}');
  }
  if (rq->id.len == 0) out->len = at;
  rpc_count(b->server, rq->method, e < 0 ? c.fault.code : 0);
  rpc_count_time(b->server, rpc_clock_us() - start_us);
  arena_reset(a, mark);
}

static bool rpc_request_submits(const struct rpc_request *rq) {
  return rq->method && rq->method->fn == rpc_do_eth_sendRawTransaction;
}

/* Submissions that are read, then pooled together, then answered. */
struct rpc_submissions {
  struct rpc_call *call;
  u32 *at;              /* place in the following two, or cnt */
  err *errs;
  struct node_submit_result *res;
  u32 cnt;
  u64 start_us;
};
static void rpc_submit_all(struct rpc_submissions *s, struct rpc_batch *b,
                           const struct rpc_request *rq, u32 cnt,
                           struct arena *a) {
  slice *raw = arena_array(a, slice, cnt);
  u32 good = 0;
  s->call = arena_array(a, struct rpc_call, cnt);
  s->at = arena_array(a, u32, cnt);
  s->errs = arena_array(a, err, cnt);
  s->res = arena_alloc_raw(a, sizeof *s->res * cnt);
  s->cnt = cnt;
  s->start_us = rpc_clock_us();
  for (u32 i = 0; i < cnt; i++) {
    rpc_call_init(&s->call[i], b, a);
    s->at[i] = cnt;
    if (rpc_args(&s->call[i], &rq[i]) < 0) continue;
    s->at[i] = good;
    raw[good++] = s->call[i].arg[0].bytes;
  }
  node_submit_batch(b->node, s->errs, s->res, raw, good);
}

static void rpc_put_submitted(struct buf *out, const struct rpc_submissions *s,
                              u32 i, slice id) {
  struct rpc_call *c = &s->call[i];
  u32 at = s->at[i];
  bool ok = at < s->cnt && s->errs[at] >= 0;
  rpc_count_time(c->batch->server, rpc_clock_us() - s->start_us);
  if (ok) {
    rpc_count(c->batch->server, &rpc_methods[RPC_ROW_eth_sendRawTransaction], 0);
    rpc_put_id(out, id);
    buf_put_str(out, ",\"result\":\"");
    buf_put_hex(out, hash32_slice(&s->res[at].hash));
    buf_put_str(out, "\"}");
    return;
  }
  if (at < s->cnt) rpc_fail_submit(c, s->errs[at], &s->res[at]);
  rpc_count(c->batch->server, &rpc_methods[RPC_ROW_eth_sendRawTransaction], c->fault.code);
  rpc_put_error(out, id, c->fault.code, c->fault.message, NULL);
}

/* A comma, unless this is the first reply of the batch (after '['). */
static void rpc_put_comma(struct buf *out, size_t start) {
  if (out->len > start + 1) buf_put_u8(out, ',');
}

static void rpc_answer_submissions(struct rpc_batch *b, struct buf *out,
                                   const struct rpc_request *rq, u32 cnt,
                                   size_t start, struct arena *a) {
  struct rpc_submissions s;
  rpc_submit_all(&s, b, rq, cnt, a);
  for (u32 i = 0; i < cnt; i++) {
    if (rq[i].id.len == 0) continue;
    rpc_put_comma(out, start);
    rpc_put_submitted(out, &s, i, rq[i].id);
  }
}

static void rpc_answer_batch(struct rpc_batch *b, struct buf *out,
                             const struct rpc_requests *q, struct arena *a) {
  u64 max = b->server->cfg.response_max;
  size_t start = out->len;
  bool full = false;
  buf_put_u8(out, '[');
  for (u32 i = 0; i < q->cnt; i++) {
    const struct rpc_request *rq = &q->item[i];
    size_t before = out->len;
    if (!full) {
      u32 run = 0;
      while (i + run < q->cnt && rpc_request_submits(rq + run)) run++;
      if (run > 1) {
        rpc_answer_submissions(b, out, rq, run, start, a);
        i += run - 1;
        continue;
      }
      rpc_put_comma(out, start);
      size_t at = out->len;
      rpc_answer(b, out, rq, a);
      if (out->len == at) out->len = before; /* takes the comma back */
      full = out->len - start > max;
      if (!full) continue;
      out->len = before;
    }
    if (rq->id.len == 0) continue;
    rpc_put_comma(out, start);
    rpc_put_error(out, rq->id, RPC_ERR_TOO_LARGE, "response too large", NULL);
  }
  if (out->len == start + 1) {
    out->len = start;
  } else {
    buf_put_u8(out, ']');
  }
}

static void rpc_answer_all(struct rpc_batch *b, struct buf *out,
                           const struct rpc_requests *q, struct arena *a) {
  const struct rpc_config *cfg = &b->server->cfg;
  static const slice none = {0};
  if (q->is_batch && q->seen == 0) {
    rpc_put_error(out, none, RPC_ERR_REQUEST, "empty batch", NULL);
  } else if (q->seen > cfg->batch_max) {
    rpc_put_error(out, none, RPC_ERR_REQUEST, "batch too large", NULL);
  } else if (q->is_batch) {
    rpc_answer_batch(b, out, q, a);
  } else {
    rpc_answer(b, out, &q->item[0], a);
  }
}

static void rpc_run(struct rpc_server *s, struct buf *out, slice body,
                    const struct rpc_peer *peer, bool scan) {
  static const slice none = {0};
  const struct rpc_config *cfg = &s->cfg;
  if (body.len > cfg->body_max) {
    rpc_put_error(out, none, RPC_ERR_REQUEST, "request too large", NULL);
    return;
  }
  u8 was = stage_enter(STAGE_parse);
  struct rpc_batch b = {.server = s, .node = s->node, .peer = peer};
  struct rpc_requests q = {0};
  struct arena a;
  rpc_arena_take(s, &a);
  /* No single call may grow the reply far beyond what will be sent. */
  size_t start = out->len, max = out->max;
  size_t cap = start + cfg->response_max + body.len + RPC_RESPONSE_SLACK;
  if (max == 0 || cap < max) out->max = cap;

  slice text = body;
  rpc_scan_space(&text);
  q.is_batch = text.len && *text.ptr == '[';
  if (q.is_batch) {
    text.ptr++;
    text.len--;
    rpc_scan_space(&text);
  }
  json_t *root = NULL;
  if (scan && rpc_parse_plain(&q, text, cfg->batch_max, &b, &a)) {
    rpc_answer_all(&b, out, &q, &a);
  } else if ((root = json_read(body, NULL))) {
    q = (struct rpc_requests){.is_batch = json_is_array(root)};
    rpc_parse_tree(&q, root, cfg->batch_max, &b, &a);
    rpc_answer_all(&b, out, &q, &a);
  } else {
    rpc_put_error(out, none, RPC_ERR_PARSE, "parse error", NULL);
  }
  if (root) json_decref(root);
  if (b.read) node_read_end(b.read);
  if (out->over) {
    out->over = false;
    out->len = start;
    rpc_put_error(out, none, RPC_ERR_TOO_LARGE, "response too large", NULL);
  }
  out->max = max;
  rpc_arena_give(s, &a);
  stage_enter(was);
}

void rpc_handle(struct rpc_server *s, struct buf *out, slice body,
                const struct rpc_peer *peer) {
  rpc_run(s, out, body, peer, true);
}

static bool rpc_run_brief(struct rpc_server *s, struct buf *out,
                          const struct rpc_plain *p,
                          const struct rpc_peer *peer) {
  struct rpc_batch b = {.server = s, .node = s->node, .peer = peer,
                        .brief = true};
  struct rpc_request rq = {0};
  struct arena a;
  size_t start = out->len, max = out->max;
  rpc_arena_take(s, &a);
  if (max == 0 || start + s->cfg.response_max < max)
    out->max = start + s->cfg.response_max;
  rpc_request_plain(&rq, p, &b, &a);
  rpc_answer(&b, out, &rq, &a);
  if (b.read) node_read_end(b.read);
  out->max = max;
  rpc_arena_give(s, &a);
  return out->len > start;
}

bool rpc_try(struct rpc_server *s, struct buf *out, slice body,
             const struct rpc_peer *peer) {
  struct rpc_plain p;
  if (body.len > 4096) return false;
  rpc_scan_space(&body);
  if (!rpc_scan(&p, &body) || !rpc_plain_fits(&p) || p.id.len == 0)
    return false;
  rpc_scan_space(&body);
  const struct rpc_method *m = rpc_method_find(p.method);
  if (body.len || !m || m->speed != RPC_BRIEF) return false;
  u64 start = rpc_clock_us();
  if (start < __atomic_load_n(&s->rest_us, __ATOMIC_RELAXED)) return false;
  bool suspect = start < __atomic_load_n(&s->suspect_us, __ATOMIC_RELAXED);
  u64 spent = suspect ? rpc_thread_us() : 0;
  bool done = rpc_run_brief(s, out, &p, peer);
  u64 end = rpc_clock_us();
  if (end - start <= RPC_BRIEF_US) return done;
  /* The thread may only have waited for a processor: who is suspect is
  ** measured by what it spends. */
  __atomic_store_n(&s->suspect_us, end + RPC_SUSPECT_US, __ATOMIC_RELAXED);
  spent = suspect ? rpc_thread_us() - spent : 0;
  if (spent > RPC_BRIEF_US)
    __atomic_store_n(&s->rest_us, end + RPC_REST * spent, __ATOMIC_RELAXED);
  return done;
}

bool rpc_is_submission(slice body) {
  struct rpc_plain p;
  rpc_scan_space(&body);
  if (!rpc_scan(&p, &body)) return false;
  rpc_scan_space(&body);
  const struct rpc_method *m = rpc_method_find(p.method);
  return body.len == 0 && m && m->fn == rpc_do_eth_sendRawTransaction;
}

void rpc_handle_submissions(struct rpc_server *s, struct buf *const *out,
                            const slice *body, u32 cnt,
                            const struct rpc_peer *peer) {
  struct rpc_batch b = {.server = s, .node = s->node, .peer = peer};
  struct rpc_submissions all;
  struct arena a;
  u8 was = stage_enter(STAGE_parse);
  rpc_arena_take(s, &a);
  struct rpc_request *rq = arena_array(&a, struct rpc_request, cnt);
  for (u32 i = 0; i < cnt; i++) {
    struct rpc_plain p;
    slice text = body[i];
    rpc_scan_space(&text);
    MUST(rpc_scan(&p, &text));
    rpc_request_plain(&rq[i], &p, &b, &a);
  }
  bool served = cnt && rq[0].method; /* one method: all or none */
  if (served) rpc_submit_all(&all, &b, rq, cnt, &a);
  for (u32 i = 0; i < cnt; i++) {
    if (rq[i].id.len == 0) continue;
    if (served) rpc_put_submitted(out[i], &all, i, rq[i].id);
    else rpc_put_error(out[i], rq[i].id, rq[i].code, rq[i].message, NULL);
  }
  rpc_arena_give(s, &a);
  stage_enter(was);
}

void rpc_handle_plain(struct rpc_server *s, struct buf *out, slice body,
                      const struct rpc_peer *peer) {
  rpc_run(s, out, body, peer, false);
}

#undef RPC_VIEW_MS
#undef RPC_IDLE_ARENAS
#undef RPC_ARENA_CHUNK
#undef RPC_ARENA_KEEP
#undef RPC_METHOD_NAME_MAX
#undef RPC_RESPONSE_SLACK
#undef RPC_BRIEF_US
#undef RPC_SUSPECT_US
#undef RPC_REST
