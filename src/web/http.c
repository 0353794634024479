/* http.c - the HTTP port: listening, routing, bodies, workers.
**
** libmicrohttpd runs a few event loops (epoll), each with its own share of the
** connections.  A request goes: headers (Host, route, method, content type and
** length are judged) -> body collected, up to its limit -> answered.  What is
** quick (rpc_is_quick, files, health) is answered on the event loop, and what
** mostly is (rpc_try) tried there; the rest
** by a worker while the connection is suspended, so that a slow eth_call holds
** up nobody else's request.  Single transactions are taken together by eights
** (http_submit.c).
**
** A request and its answer cost three system calls on a kept-alive connection
** (epoll_wait, recvfrom, sendmsg; libmicrohttpd sets TCP_NODELAY itself):
** 9-13 us round trip on one connection over loopback was measured.  A client
** that writes headers and body apart without TCP_NODELAY waits 44 ms for its
** own kernel (Nagle against delayed acknowledgement): nothing here can help.
** libmicrohttpd takes a client that shuts down its sending side before it has
** the reply for one that went away.
**
** Limits: connections in all and of one address, headers 16 KiB (that much is
** kept for each connection, and wiped between its requests), bodies
** (rpc.body_max; 256 KiB for /api/; 256 MiB of all together), 60 s for a body
** to arrive, idle time.
** The listening address is a literal: nothing here resolves names.
*/
#include "web/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "codec/json.h"
#include "web/http_int.h"

#define HTTP_CONNECTION_MEMORY 16384u
#define HTTP_BACKLOG 1024
#define HTTP_OTHER_FILES 256u /* database, threads, log */
#define HTTP_PAGE_ROOM (1u << 20) /* more than any file has */

/*---------------------------------------------------------------- answers */

const char *http_header(const struct http_request *rq, const char *name) {
  return MHD_lookup_connection_value(rq->conn, MHD_HEADER_KIND, name);
}

void http_say(struct http_request *rq, u32 status, const char *fmt, ...) {
  char text[512];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  buf_clear(&rq->reply);
  buf_put_str(&rq->reply, text);
  buf_put_u8(&rq->reply, '\n');
  rq->type = "text/plain; charset=utf-8";
  rq->status = status;
}

void http_api_error(struct http_request *rq, u32 status, const char *code,
                    const char *fmt, ...) {
  char text[512];
  struct jsonw w;
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  buf_clear(&rq->reply);
  jsonw_init(&w, &rq->reply);
  jsonw_obj(&w);
  jsonw_key(&w, "error");
  jsonw_obj(&w);
  jsonw_kv_str(&w, "code", code);
  jsonw_kv_str(&w, "message", text);
  jsonw_obj_end(&w);
  jsonw_obj_end(&w);
  rq->type = "application/json";
  rq->status = status;
}

static void http_add_cors(struct http_request *rq, struct MHD_Response *r) {
  if (!http_names(rq->h)->origin_cnt || rq->route != HTTP_RPC) return;
  const char *origin = http_cors_origin(rq);
  MHD_add_response_header(r, "Vary", "Origin");
  if (origin) MHD_add_response_header(r, "Access-Control-Allow-Origin", origin);
}

/* Sends what rq->status, type and reply hold; the reply's memory goes along. */
static enum MHD_Result http_send(struct http_request *rq) {
  struct MHD_Response *r;
  u64 size = rq->reply.len;
  if (rq->reply.len) {
    r = MHD_create_response_from_buffer_with_free_callback(
        rq->reply.len, rq->reply.ptr, mem_free);
    MUST(r);
    buf_init(&rq->reply, 0); /* given away */
  } else {
    r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    MUST(r);
  }
  if (rq->type) MHD_add_response_header(r, "Content-Type", rq->type);
  if (rq->location.len) {
    MHD_add_response_header(r, "Location", buf_cstr(&rq->location));
  }
  if (rq->cookie.len) {
    MHD_add_response_header(r, "Set-Cookie", buf_cstr(&rq->cookie));
  }
  http_add_cors(rq, r);
  if (rq->route == HTTP_RPC) {
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
  } else if (rq->route == HTTP_CONTENT) {
    http_content_headers(rq, r);
  } else {
    MHD_add_response_header(r, "Cache-Control", "no-store");
    http_add_security(rq, r);
  }
  http_peer_sends(rq->h, rq->conn, size);
  enum MHD_Result ok = MHD_queue_response(rq->conn, rq->status, r);
  MHD_destroy_response(r);
  return ok;
}

/* A preflight: what the page asked for is granted if its origin is. */
static enum MHD_Result http_send_preflight(struct http_request *rq) {
  struct MHD_Response *r =
      MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
  http_add_cors(rq, r);
  if (http_cors_origin(rq)) {
    MHD_add_response_header(r, "Access-Control-Allow-Methods", "POST");
    MHD_add_response_header(r, "Access-Control-Allow-Headers", "content-type");
    MHD_add_response_header(r, "Access-Control-Max-Age", "600");
  }
  enum MHD_Result ok = MHD_queue_response(rq->conn, MHD_HTTP_NO_CONTENT, r);
  MHD_destroy_response(r);
  return ok;
}

/*---------------------------------------------------------------- routing */

enum { HTTP_GET = 1, HTTP_POST = 2, HTTP_OPTIONS = 4, HTTP_OTHER = 8 };

/* Who may ask.  All but ANYONE also want no other site's page to ask.
** LOGGED_IN: or a program by its token; the next two are for people alone;
** CONFIRMED: who gave the password within the last minutes. */
enum http_guard {
  HTTP_ANYONE, HTTP_SAME_SITE, HTTP_KEY_USER, HTTP_LOGGED_IN, HTTP_PERSON,
  HTTP_CONFIRMED
};

static const struct http_route_row {
  const char *path;
  u32 method;
  enum http_route route;
  enum http_guard guard;
  bool quick; /* answered on the event loop */
  u32 rights; /* that are wanted */
} http_routes[] = {
  {"/", HTTP_POST, HTTP_RPC, HTTP_ANYONE, false, 0},
  {"/admin/rpc", HTTP_POST, HTTP_ADMIN_RPC, HTTP_LOGGED_IN, false, 0},
  {"/api/audit", HTTP_GET, HTTP_AUDIT, HTTP_LOGGED_IN, false,
   NODE_RIGHT(USERS)},
  {"/api/confirm", HTTP_POST, HTTP_CONFIRM, HTTP_PERSON, false, 0},
  {"/api/events", HTTP_GET, HTTP_EVENTS, HTTP_ANYONE, true, 0},
  {"/api/keys", HTTP_GET, HTTP_KEYS, HTTP_KEY_USER, false, NODE_RIGHT(READ)},
  {"/api/keys", HTTP_POST, HTTP_KEY_NEW, HTTP_KEY_USER, false,
   NODE_RIGHT(KEYS)},
  {"/api/login", HTTP_POST, HTTP_LOGIN, HTTP_SAME_SITE, false, 0},
  {"/api/logout", HTTP_POST, HTTP_LOGOUT, HTTP_SAME_SITE, false, 0},
  {"/api/password", HTTP_POST, HTTP_PASSWORD, HTTP_PERSON, false, 0},
  {"/api/profile", HTTP_POST, HTTP_PROFILE, HTTP_PERSON, false, 0},
  {"/api/send", HTTP_POST, HTTP_SEND, HTTP_KEY_USER, false, 0},
  {"/api/session", HTTP_GET, HTTP_SESSION, HTTP_ANYONE, true, 0},
  {"/api/sessions", HTTP_GET, HTTP_SESSIONS, HTTP_PERSON, false, 0},
  {"/api/sessions", HTTP_POST, HTTP_REVOKE, HTTP_CONFIRMED, false, 0},
  {"/api/setup", HTTP_POST, HTTP_SETUP, HTTP_SAME_SITE, false, 0},
  {"/api/status", HTTP_GET, HTTP_STATUS, HTTP_ANYONE, true, 0},
  {"/api/texts", HTTP_GET, HTTP_TEXTS, HTTP_ANYONE, false, 0},
  {"/api/texts", HTTP_POST, HTTP_TEXTS_SET, HTTP_PERSON, false,
   NODE_RIGHT(NODE)},
  {"/api/tokens", HTTP_GET, HTTP_TOKENS, HTTP_PERSON, false, 0},
  {"/api/tokens", HTTP_POST, HTTP_TOKEN_DO, HTTP_CONFIRMED, false, 0},
  {"/api/totp", HTTP_POST, HTTP_TOTP, HTTP_CONFIRMED, false, 0},
  {"/api/users", HTTP_GET, HTTP_USERS, HTTP_PERSON, false, NODE_RIGHT(USERS)},
  {"/api/users", HTTP_POST, HTTP_USER_DO, HTTP_CONFIRMED, false,
   NODE_RIGHT(USERS)},
  {"/ca.crt", HTTP_GET, HTTP_CA, HTTP_ANYONE, true, 0},
  {"/healthz", HTTP_GET, HTTP_HEALTH, HTTP_ANYONE, true, 0},
  {"/metrics", HTTP_GET, HTTP_METRICS, HTTP_ANYONE, false, 0},
  {"/readyz", HTTP_GET, HTTP_READY, HTTP_ANYONE, false, 0},
  {"/version", HTTP_GET, HTTP_VERSION, HTTP_ANYONE, true, 0},
};

static u32 http_method(const char *m) {
  if (strcmp(m, "GET") == 0 || strcmp(m, "HEAD") == 0) return HTTP_GET;
  if (strcmp(m, "POST") == 0) return HTTP_POST;
  if (strcmp(m, "OPTIONS") == 0) return HTTP_OPTIONS;
  return HTTP_OTHER;
}

/* The row for path and method; NULL: *known says whether the path is one of
** ours under another method. */
static const struct http_route_row *http_find_route(const char *path,
                                                    u32 method, bool *known) {
  *known = strncmp(path, "/api/", 5) == 0;
  for (u32 i = 0; i < ARRAY_LEN(http_routes); i++) {
    if (strcmp(http_routes[i].path, path) != 0) continue;
    *known = true;
    if (http_routes[i].method == method) return &http_routes[i];
  }
  return NULL;
}

static bool http_route_is_quick(enum http_route route) {
  for (u32 i = 0; i < ARRAY_LEN(http_routes); i++) {
    if (http_routes[i].route == route) return http_routes[i].quick;
  }
  return route != HTTP_FRONT;
}

/* Content-Length, or 0. */
static u64 http_content_length(const struct http_request *rq) {
  const char *t = http_header(rq, "Content-Length");
  u64 n = 0;
  for (; t && *t >= '0' && *t <= '9' && n < (1ull << 40); t++) {
    n = n * 10 + (u64)(*t - '0');
  }
  return n;
}

static void http_refuse_host(struct http_request *rq, const char *name) {
  http_say(rq, MHD_HTTP_FORBIDDEN,
           "invalid host specified: \"%.100s\" is not a name of this node; "
           "call it by its address, or start it with --http.vhosts %.100s",
           name, name);
}

/* Judges the headers of a POST. */
static void http_check_post(struct http_request *rq) {
  u64 len = http_content_length(rq);
  bool rpc = rq->route == HTTP_RPC || rq->route == HTTP_ADMIN_RPC;
  rq->body_max = rpc ? rpc_limits(rq->h->rpc)->body_max
                                       : HTTP_API_BODY_MAX;
  if (!http_is_json(rq)) {
    http_say(rq, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
             "invalid content type, only application/json is supported");
  } else if (len > rq->body_max) {
    http_say(rq, MHD_HTTP_CONTENT_TOO_LARGE,
             "content length too large (%llu>%llu)", (unsigned long long)len,
             (unsigned long long)rq->body_max);
  }
}

/* What plain HTTP may have of a port that speaks HTTPS: what makes it
** trusted, and health. */
static bool http_route_is_plain(const struct http_route_row *row) {
  return row && (row->route == HTTP_CA || row->route == HTTP_HEALTH ||
                 row->route == HTTP_READY || row->route == HTTP_VERSION);
}

/* GET: to the same page by https, where path is a plain one; else words. */
static void http_refuse_plain(struct http_request *rq, const char *path,
                              u32 method) {
  const char *host = http_header(rq, "Host");
  size_t n = strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                          "0123456789/._-");
  if (!host || !host[0]) host = rq->h->url + strlen("https://");
  http_say(rq, method == HTTP_GET ? MHD_HTTP_PERMANENT_REDIRECT
                                  : MHD_HTTP_UPGRADE_REQUIRED,
           "this port speaks HTTPS (--ui.tls %s): use https://%.200s; the "
           "certificate to trust is at /ca.crt", rq->h->cfg.tls, host);
  if (method != HTTP_GET) return;
  buf_printf(&rq->location, "https://%.200s%.512s", host,
             path[n] || path[0] != '/' || path[1] == '/' ? "/" : path);
}

/* Answers who is logged in but may not. */
static void http_check_who(struct http_request *rq,
                           const struct http_route_row *row) {
  struct http_who who;
  char why[NODE_RIGHT_REFUSAL];
  if (!http_auth_who(rq, &who)) {
    http_api_error(rq, MHD_HTTP_UNAUTHORIZED, "login", "log in first");
  } else if (row->guard >= HTTP_PERSON && who.by_token) {
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "forbidden",
                   "this is for people who log in, not for tokens");
  } else if (row->rights & ~who.rights) {
    node_rights_refusal(why, row->rights & ~who.rights);
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "forbidden", "%s", why);
  } else if (row->guard == HTTP_CONFIRMED && !who.confirmed) {
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "confirm",
                   NODE_RIGHT_AGAIN);
  }
  mem_wipe(&who, sizeof who);
}

/* Answers who may not ask. */
static void http_check_guard(struct http_request *rq,
                             const struct http_route_row *row) {
  char why[NODE_RIGHT_REFUSAL];
  if (row->guard == HTTP_KEY_USER) {
    const char *code = http_keys_refused(rq, row->rights, why);
    if (code) http_api_error(rq, MHD_HTTP_FORBIDDEN, code, "%s", why);
  } else if (row->guard != HTTP_ANYONE && !http_same_origin(rq)) {
    http_api_error(rq, MHD_HTTP_FORBIDDEN, "forbidden",
                   "not for requests that another site makes");
  } else if (row->guard >= HTTP_LOGGED_IN) {
    http_check_who(rq, row);
  }
}

/* The dashboard has a port of its own: here are its scripts and pictures, which
** other pages use too, but neither it nor what it asks. */
static bool http_path_is_ui(const struct http *h, const char *path, u32 m) {
  static const char *const ui[] = {"/api/", "/admin/", "/index.html"};
  if (!h->cfg.no_ui) return false;
  for (u32 i = 0; i < ARRAY_LEN(ui); i++)
    if (strncmp(path, ui[i], strlen(ui[i])) == 0) return true;
  return m == HTTP_GET && !http_abi_wanted(path) && http_page_is_route(path);
}

/* Judges the headers: sets the route, or the answer (status). */
static void http_begin(struct http_request *rq, const char *path,
                       const char *method) {
  char name[HTTP_NAME_MAX];
  u32 m = http_method(method);
  bool known;
  const char *wrong = http_headers_wrong(rq->conn);
  if (wrong) {
    http_say(rq, MHD_HTTP_BAD_REQUEST, "bad request: %s", wrong);
    return;
  }
  if (m == HTTP_GET && http_acme_answer(rq, path)) return;
  if (!http_host_allowed(rq, name, sizeof name)) {
    http_refuse_host(rq, name);
    return;
  }
  rq->hsts = rq->secure && http_host_takes_hsts(rq);
  const struct http_route_row *row = http_find_route(path, m, &known);
  if (rq->h->tls && !rq->secure && !http_route_is_plain(row)) {
    http_refuse_plain(rq, path, m);
  } else if (row && !http_path_is_ui(rq->h, path, HTTP_OTHER)) {
    rq->route = row->route;
    http_check_guard(rq, row);
    if (!rq->status && m == HTTP_POST) http_check_post(rq);
  } else if (strcmp(path, "/") == 0 && http_socket_wanted(rq)) {
    rq->route = HTTP_SOCKET;
  } else if (m == HTTP_GET && http_content_wanted(rq, path)) {
    rq->route = HTTP_CONTENT;
  } else if (m == HTTP_GET && http_front_wanted(rq, path)) {
    rq->route = HTTP_FRONT;
  } else if (http_path_is_ui(rq->h, path, m)) {
    http_say(rq, MHD_HTTP_NOT_FOUND, "the dashboard of this node has another "
             "port (--ui.addr); here are JSON-RPC and what is public");
  } else if (m == HTTP_GET && !(known && strcmp(path, "/") != 0)) {
    rq->route = HTTP_PAGE;
  } else if (m == HTTP_OPTIONS && strcmp(path, "/") == 0) {
    rq->route = HTTP_RPC;
  } else if (known && m == HTTP_GET) {
    http_api_error(rq, MHD_HTTP_NOT_FOUND, "not_found", "no such route");
  } else {
    http_say(rq, MHD_HTTP_METHOD_NOT_ALLOWED, "method not allowed");
  }
}

/*---------------------------------------------------------------- workers */

static void http_run_rpc(struct http_request *rq) {
  struct rpc_peer peer = {.access = RPC_PUBLIC, .from = http_asker_hash(rq)};
  rpc_handle(rq->h->rpc, &rq->reply, buf_slice(&rq->body), &peer);
  rq->type = "application/json";
  rq->status = MHD_HTTP_OK;
}

/* On the event loop; false: it takes longer, a worker is to do it. */
static bool http_try_rpc(struct http_request *rq) {
  static const struct rpc_peer peer = {.access = RPC_PUBLIC}; /* quick ones */
  if (!rpc_try(rq->h->rpc, &rq->reply, buf_slice(&rq->body), &peer))
    return false;
  rq->type = "application/json";
  rq->status = MHD_HTTP_OK;
  return true;
}

static void http_run_ca(struct http_request *rq) {
  if (http_tls_ca(rq->h, &rq->reply, NULL)) {
    rq->type = "application/x-x509-ca-cert";
    rq->status = MHD_HTTP_OK;
  } else {
    http_say(rq, MHD_HTTP_NOT_FOUND,
             "no local authority: the node was started without --ui.tls auto");
  }
}

/* Makes the answer of anything but files and events. */
static void http_run(struct http_request *rq) {
  switch (rq->route) {
    case HTTP_RPC: http_run_rpc(rq); break;
    case HTTP_STATUS: http_api_status(rq); break;
    case HTTP_KEYS: http_api_keys(rq); break;
    case HTTP_KEY_NEW: http_api_key_new(rq); break;
    case HTTP_SEND: http_api_send(rq); break;
    case HTTP_VERSION: http_api_version(rq); break;
    case HTTP_METRICS: http_metrics(rq); break;
    case HTTP_READY: http_api_ready(rq); break;
    case HTTP_CA: http_run_ca(rq); break;
    case HTTP_CONTENT: http_content_run(rq); break;
    case HTTP_FRONT: http_front_run(rq); break;
    case HTTP_SESSION: http_auth_session(rq); break;
    case HTTP_SETUP:
    case HTTP_LOGIN:
    case HTTP_PASSWORD:
    case HTTP_CONFIRM:
    case HTTP_USER_DO:
    case HTTP_PROFILE:
    case HTTP_TOTP:
    case HTTP_TOKEN_DO: http_auth_try(rq); break;
    case HTTP_USERS: http_user_list(rq); break;
    case HTTP_TOKENS: http_user_tokens(rq); break;
    case HTTP_TEXTS: http_text_list(rq); break;
    case HTTP_TEXTS_SET: http_text_set(rq); break;
    case HTTP_LOGOUT: http_auth_logout(rq); break;
    case HTTP_SESSIONS: http_auth_sessions(rq); break;
    case HTTP_REVOKE: http_auth_revoke(rq); break;
    case HTTP_AUDIT: http_auth_audit(rq); break;
    case HTTP_ADMIN_RPC: http_auth_rpc(rq); break;
    default: http_say(rq, MHD_HTTP_OK, "ok"); break;
  }
}

static void *http_work(void *arg) {
  struct http *h = arg;
  stage_enter(STAGE_receive);
  pthread_mutex_lock(&h->lock);
  for (;;) {
    while (!h->first && !h->stopping) pthread_cond_wait(&h->work, &h->lock);
    struct http_job *job = h->first;
    if (!job) break; /* stopping, and all done */
    h->first = job->next;
    if (!h->first) h->last = NULL;
    pthread_mutex_unlock(&h->lock);
    job->run(job);
    pthread_mutex_lock(&h->lock);
  }
  pthread_mutex_unlock(&h->lock);
  return NULL;
}

/* Under the lock. */
static void http_job_append(struct http *h, struct http_job *job) {
  job->next = NULL;
  if (h->last) {
    h->last->next = job;
  } else {
    h->first = job;
  }
  h->last = job;
  pthread_cond_signal(&h->work);
}

bool http_job_add(struct http *h, struct http_job *job) {
  pthread_mutex_lock(&h->lock);
  bool ok = !h->stopping;
  if (ok) http_job_append(h, job);
  pthread_mutex_unlock(&h->lock);
  return ok;
}

static void http_run_job(struct http_job *job) {
  struct http_request *rq = (struct http_request *)job;
  http_run(rq);
  MHD_resume_connection(rq->conn);
}

/* Gives the request to a worker; false when stopping. */
static bool http_hand_over(struct http_request *rq) {
  struct http *h = rq->h;
  pthread_mutex_lock(&h->lock);
  bool ok = !h->stopping;
  if (ok) {
    rq->waiting = true;
    rq->job.run = http_run_job;
    MHD_suspend_connection(rq->conn);
    http_job_append(h, &rq->job);
  }
  pthread_mutex_unlock(&h->lock);
  return ok;
}

/*--------------------------------------------------------------- requests */

/* The request is complete. */
static enum MHD_Result http_finish(struct http_request *rq, const char *path,
                                   const char *method) {
  if (rq->status) return http_send(rq); /* refused, or a worker is done */
  if (rq->route == HTTP_PAGE) {
    http_peer_sends(rq->h, rq->conn, HTTP_PAGE_ROOM);
    return http_page_send(rq, path);
  }
  if (rq->route == HTTP_EVENTS) return http_events_send(rq);
  if (rq->route == HTTP_SOCKET) return http_socket_send(rq);
  if (strcmp(method, "OPTIONS") == 0) return http_send_preflight(rq);
  bool quick = rq->route == HTTP_RPC ? rpc_is_quick(buf_slice(&rq->body))
                                     : http_route_is_quick(rq->route);
  if (quick) {
    http_run(rq);
    return http_send(rq);
  }
  u8 was = stage_enter(STAGE_parse);
  bool done = rq->route == HTTP_RPC && http_try_rpc(rq);
  bool submits = !done && rq->route == HTTP_RPC && http_submit_wanted(rq);
  stage_enter(was);
  if (done) return http_send(rq);
  if (submits ? http_submit_add(rq) : http_hand_over(rq)) return MHD_YES;
  http_say(rq, MHD_HTTP_SERVICE_UNAVAILABLE, "the node is shutting down");
  return http_send(rq);
}

static enum MHD_Result http_take_body(struct http_request *rq, const char *p,
                                      size_t *len) {
  if (node_clock_ms() - rq->since_ms > HTTP_UPLOAD_MS) return MHD_NO;
  if (!rq->status) {
    rq->counted += *len;
    u64 total =
        __atomic_add_fetch(&rq->h->body_bytes, *len, __ATOMIC_RELAXED);
    if (rq->body.len + *len > rq->body_max) {
      http_say(rq, MHD_HTTP_CONTENT_TOO_LARGE, "body larger than %llu bytes",
               (unsigned long long)rq->body_max);
    } else if (total > HTTP_BODIES_MAX) {
      http_say(rq, MHD_HTTP_SERVICE_UNAVAILABLE, "too many large requests");
    } else {
      buf_put(&rq->body, p, *len);
    }
  }
  *len = 0;
  return MHD_YES;
}

static enum MHD_Result http_on_request(void *cls, struct MHD_Connection *conn,
                                       const char *path, const char *method,
                                       const char *version, const char *data,
                                       size_t *data_len, void **ctx) {
  struct http_request *rq = *ctx;
  (void)version;
  stage_enter(STAGE_receive); /* what the library does before and after, too */
  if (!rq) {
    rq = *ctx = mem_alloc(sizeof *rq);
    rq->h = cls;
    rq->conn = conn;
    rq->since_ms = node_clock_ms();
    http_asker_find(rq);
    http_peer_busy(conn);
    buf_init(&rq->body, 0);
    buf_init(&rq->location, 0);
    buf_init(&rq->cookie, 0);
    buf_init(&rq->reply, 0);
    http_begin(rq, path, method);
    /* A refusal now closes the connection before its body is read. */
    return rq->status ? http_send(rq) : MHD_YES;
  }
  if (*data_len) return http_take_body(rq, data, data_len);
  return http_finish(rq, path, method);
}

static void http_on_done(void *cls, struct MHD_Connection *conn, void **ctx,
                         enum MHD_RequestTerminationCode why) {
  struct http_request *rq = *ctx;
  (void)why;
  /* A WebSocket's connection is no longer ours to time. */
  if (!rq || rq->route != HTTP_SOCKET) http_peer_idle(cls, conn);
  if (!rq) return;
  __atomic_sub_fetch(&rq->h->body_bytes, rq->counted, __ATOMIC_RELAXED);
  buf_fini(&rq->body);
  buf_fini(&rq->reply);
  buf_fini(&rq->location);
  if (rq->cookie.ptr) mem_wipe(rq->cookie.ptr, rq->cookie.len);
  buf_fini(&rq->cookie);
  mem_free(rq);
  *ctx = NULL;
}

/*----------------------------------------------------------- start and stop */

static void http_on_log(void *cls, const char *fmt, va_list ap) {
  char text[256];
  (void)cls;
  if (!log_on(LOG_DEBUG)) return;
  vsnprintf(text, sizeof text, fmt, ap);
  text[strcspn(text, "\n")] = 0;
  log_event(LOG_DEBUG, "http", "http.library", "text=\"%s\"", text);
}

static err http_parse_addr(struct sockaddr_storage *out, socklen_t *len,
                           const struct http_config *c, u16 port,
                           struct errmsg *msg) {
  const char *addr = c->addr;
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  memset(out, 0, sizeof *out);
  if (strcmp(addr, "localhost") == 0) addr = "127.0.0.1";
  if (inet_pton(AF_INET, addr, &in.sin_addr) == 1) {
    memcpy(out, &in, sizeof in);
    *len = sizeof in;
  } else if (inet_pton(AF_INET6, addr, &in6.sin6_addr) == 1) {
    memcpy(out, &in6, sizeof in6);
    *len = sizeof in6;
  } else {
    return err_say(msg, ERR_USAGE,
                   "--%s.addr %s is no IP address: give one such as "
                   "127.0.0.1, 0.0.0.0 or ::1", c->option, addr);
  }
  return ERR_OK;
}

static err http_bind_error(const struct http_config *c, int why,
                           struct errmsg *msg) {
  switch (why) {
    case EADDRINUSE:
      return err_say(msg, ERR_BIND,
                     "port %u of %s is in use by another program: stop it, or "
                     "choose another with --%s.port", c->port, c->addr,
                     c->option);
    case EACCES:
      return err_say(msg, ERR_BIND,
                     "no right to listen on port %u: choose one above 1023 "
                     "with --%s.port", c->port, c->option);
    case EADDRNOTAVAIL:
      return err_say(msg, ERR_BIND,
                     "%s is no address of this machine: give one of its own "
                     "with --%s.addr", c->addr, c->option);
    default:
      return err_say(msg, ERR_BIND, "cannot listen on %s port %u: %s", c->addr,
                     c->port, strerror(why));
  }
}

static err http_listen(struct http *h, int *fd, struct errmsg *msg) {
  const struct http_config *c = &h->cfg;
  struct sockaddr_storage sa;
  socklen_t len = 0;
  u16 port = c->port == HTTP_PORT_ANY ? 0 : (u16)c->port;
  TRY(http_parse_addr(&sa, &len, c, port, msg));
  int one = 1, s = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (s < 0) return http_bind_error(c, errno, msg);
  setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(s, (struct sockaddr *)&sa, len) != 0 ||
      listen(s, HTTP_BACKLOG) != 0 ||
      getsockname(s, (struct sockaddr *)&sa, &len) != 0) {
    int why = errno;
    close(s);
    return http_bind_error(c, why, msg);
  }
  in_port_t got;
  memcpy(&got, (u8 *)&sa + (sa.ss_family == AF_INET
                                ? offsetof(struct sockaddr_in, sin_port)
                                : offsetof(struct sockaddr_in6, sin6_port)),
         sizeof got);
  h->port = ntohs(got);
  snprintf(h->url, sizeof h->url,
           sa.ss_family == AF_INET ? "%s://%s:%u" : "%s://[%s]:%u",
           strcmp(c->tls, "off") == 0 ? "http" : "https", c->addr, h->port);
  *fd = s;
  return ERR_OK;
}

static void http_defaults(struct http_config *c) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  u32 n = cores < 1 ? 1 : (u32)cores;
  if (!c->option) c->option = "http";
  if (!c->addr || !c->addr[0]) c->addr = "127.0.0.1";
  if (!c->port) c->port = HTTP_PORT_DEFAULT;
  if (!c->thread_cnt) c->thread_cnt = n < 2 ? 2 : n > 8 ? 8 : n;
  if (!c->worker_cnt) c->worker_cnt = n < 2 ? 4 : n > 16 ? 32 : 2 * n;
  if (c->worker_cnt > 32) c->worker_cnt = 32;
  if (c->thread_cnt > HTTP_LOOPS_MAX) c->thread_cnt = HTTP_LOOPS_MAX;
  if (!c->conn_max) c->conn_max = 14000;
  if (!c->conn_ip_max) c->conn_ip_max = c->conn_max;
  if (!c->timeout_s) c->timeout_s = 120;
  if (!c->header_s) c->header_s = 20;
  if (!c->send_s) c->send_s = 60;
  if (!c->tls || !c->tls[0]) {
    c->tls = c->tls_cert && c->tls_cert[0] ? "files" : "off";
  }
  if (!c->event_max) c->event_max = 2048;
  if (!c->socket_max) c->socket_max = 4096;
  if (!c->wal_max) c->wal_max = 2ull << 30;
  if (!c->rpc.wait_max) c->rpc.wait_max = c->worker_cnt / 2;
}

/* Connections come from http_accept.c, which keeps conn_max: the limit told
** here is out of reach (libmicrohttpd shares it out among the loops). */
static struct MHD_Daemon *http_start_daemon(struct http *h) {
  const struct http_config *c = &h->cfg;
  return MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
          MHD_ALLOW_UPGRADE | MHD_USE_ERROR_LOG | MHD_USE_ITC |
          MHD_USE_NO_LISTEN_SOCKET,
      0, NULL, NULL, http_on_request, h,
      MHD_OPTION_EXTERNAL_LOGGER, http_on_log, NULL,
      MHD_OPTION_NOTIFY_CONNECTION, http_on_connection, h,
      MHD_OPTION_THREAD_POOL_SIZE, c->thread_cnt,
      MHD_OPTION_CONNECTION_LIMIT, HTTP_LOOPS_MAX * 2 * c->conn_max + 1024,
      MHD_OPTION_PER_IP_CONNECTION_LIMIT, c->conn_ip_max,
      MHD_OPTION_CONNECTION_TIMEOUT, c->timeout_s,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_MEMORY,
      MHD_OPTION_NOTIFY_COMPLETED, http_on_done, h,
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

/* Says where the system's limit is below ours. */
static void http_check_files(const struct http *h) {
  struct rlimit files;
  u64 each = h->tls ? 3 : 1;
  u64 want = h->cfg.conn_max * each + HTTP_OTHER_FILES;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= want) return;
  log_event(LOG_WARN, "http", "http.files", "limit=%llu wanted=%llu text=\"fewer "
            "connections than configured: raise ulimit -n or LimitNOFILE=\"",
            (unsigned long long)files.rlim_cur, (unsigned long long)want);
}

static err http_start_parts(struct http *h, struct errmsg *msg) {
  struct node *n = h->node;
  h->rpc = h->cfg.server ? h->cfg.server : rpc_open(n, &h->cfg.rpc);
  http_pages_make(h);
  http_events_start(h);
  http_submits_start(h);
  http_sockets_start(h);
  for (; h->worker_cnt < h->cfg.worker_cnt; h->worker_cnt++) {
    if (pthread_create(&h->worker[h->worker_cnt], NULL, http_work, h)) break;
  }
  if (h->worker_cnt) h->daemon = http_start_daemon(h);
  if (!h->daemon) return err_say(msg, ERR_IO, "cannot start the HTTP threads");
  http_check_files(h);
  TRY(http_metrics_start(h, msg));
  if (!h->tls) return http_accept_start(h, msg);
  TRY(http_tls_start(h, h->listen, msg));
  return http_acme_start(h, msg);
}

/* What http_start made before its parts. */
static void http_free(struct http *h) {
  http_acme_free(h);
  http_tls_free(h);
  http_auth_free(h);
  http_policy_fini(h);
  if (h->listen >= 0) close(h->listen);
  pthread_cond_destroy(&h->work);
  pthread_mutex_destroy(&h->lock);
  pthread_mutex_destroy(&h->key_lock);
  pthread_mutex_destroy(&h->peer_lock);
  mem_free(h);
}

err http_start(struct http **out, const struct http_config *cfg,
               struct node *n, struct errmsg *msg) {
  struct http *h = mem_alloc(sizeof *h);
  h->node = n;
  h->cfg = *cfg;
  h->listen = h->accept_wake = -1;
  http_defaults(&h->cfg);
  pthread_mutex_init(&h->lock, NULL);
  pthread_mutex_init(&h->key_lock, NULL);
  pthread_mutex_init(&h->peer_lock, NULL);
  pthread_cond_init(&h->work, NULL);
  http_policy_init(h);
  err e = http_auth_start(h, msg);
  if (e == ERR_OK) e = http_proxies_open(h, msg);
  if (e == ERR_OK) e = http_tls_open(h, msg);
  if (e == ERR_OK) e = http_listen(h, &h->listen, msg);
  if (e < 0) {
    http_free(h);
    return e;
  }
  e = http_start_parts(h, msg);
  if (e < 0) {
    http_stop(h);
    return e;
  }
  *out = h;
  return ERR_OK;
}

void http_stop(struct http *h) {
  if (!h) return;
  http_metrics_stop(h);
  http_acme_stop(h);
  http_tls_quiesce(h);
  http_accept_stop(h);
  pthread_mutex_lock(&h->lock);
  h->stopping = true;
  pthread_cond_broadcast(&h->work);
  pthread_mutex_unlock(&h->lock);
  for (u32 i = 0; i < h->worker_cnt; i++) pthread_join(h->worker[i], NULL);
  http_events_stop(h);
  http_sockets_stop(h);
  if (h->daemon) MHD_stop_daemon(h->daemon);
  http_tls_stop(h);
  http_events_free(h);
  http_sockets_free(h);
  http_submits_free(h);
  http_pages_free(h);
  if (!h->cfg.server) rpc_close(h->rpc);
  http_free(h);
}

u16 http_port(const struct http *h) { return h->port; }
const char *http_url(const struct http *h) { return h->url; }

#undef HTTP_CONNECTION_MEMORY
#undef HTTP_BACKLOG
#undef HTTP_OTHER_FILES
#undef HTTP_PAGE_ROOM
