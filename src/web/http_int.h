/* http_int.h - inside src/web: one request under way, and the parts of the
** server.
**
** Threads: one accepts; libmicrohttpd's event loops own every connection and call
** http_on_request; quick requests are answered there.  Slow ones are handed
** to the workers: the connection is suspended, a worker fills req->reply and
** resumes it, and the event loop sends it.  One more thread tells events.
*/
#ifndef WEB_HTTP_INT_H
#define WEB_HTTP_INT_H
#include <microhttpd.h>
#include <pthread.h>

#include "base/buf.h"
#include "node/node_right.h"
#include "node/node_user.h"
#include "web/http.h"

#define HTTP_NAME_MAX 256u        /* a host name or origin */
#define HTTP_LIST_MAX 64u         /* names in --http.vhosts, --http.corsdomain */
#define HTTP_API_BODY_MAX 262144u /* /api/ bodies */
#define HTTP_BODIES_MAX (256ull << 20) /* all bodies under way */
#define HTTP_UPLOAD_MS 60000u     /* a body must arrive within */
#define HTTP_LOOPS_MAX 64u
#define HTTP_EVENT_RING 64u
#define HTTP_EVENT_TEXT_MAX 512u
#define HTTP_HEARTBEAT_MS 15000u
#define HTTP_EVENT_GAP_MS 50u     /* least time between two heads told */

/* The files of the dashboard as ready-made responses: as they are, gzip. */
struct http_page {
  struct MHD_Response *raw, *gz;
  struct MHD_Response *raw_hsts, *gz_hsts; /* through TLS; else NULL */
};

/* Who is let in by name; made anew when the settings change. */
struct http_names {
  struct http_names *before;
  char *vhosts[HTTP_LIST_MAX], *origins[HTTP_LIST_MAX];
  char *ws_origins[HTTP_LIST_MAX];
  u32 vhost_cnt, origin_cnt, ws_origin_cnt;
  bool any_host, any_origin, any_ws_origin;
};

struct gen_asset;
struct http_request;
struct http_event;
struct http_reader;
struct http_sockets;
struct http_tls;
struct http_auth;
struct http_peer;

/* Work for a worker, embedded in what it works on; run may free it. */
struct http_job {
  struct http_job *next;
  void (*run)(struct http_job *job);
};
/* False when stopping: it will not run. */
bool http_job_add(struct http *h, struct http_job *job);

struct http_proxy { /* one of --http.proxies: its first bits */
  u8 addr[16];
  u32 bits;
};

struct http {
  struct node *node;
  struct rpc_server *rpc;
  struct http_config cfg;
  struct http_names *names; /* atomic; the newest of a list, never freed
                            ** before the end, for requests look at it */
  int listen;
  struct MHD_Daemon *daemon;
  int accept_wake;        /* ends http_accept.c's thread; -1: none */
  bool accepting;
  pthread_t accept_thread;
  u32 loop_conns[HTTP_LOOPS_MAX]; /* of each event loop; atomic */
  struct MHD_Daemon *metrics; /* on a port of its own; NULL: none */
  u16 port;
  char url[80];
  u64 body_bytes;         /* of all requests; atomic */
  struct http_page *page; /* by index in gen_asset */

  pthread_mutex_t lock;   /* guards the following */
  pthread_cond_t work;    /* there is work, or stopping */
  struct http_job *first, *last;
  bool stopping;
  pthread_t worker[32];
  u32 worker_cnt;

  struct http_submits *submits; /* NULL: not grouped */

  pthread_mutex_t key_lock; /* one password at a time */

  pthread_mutex_t head_lock; /* guards the following; held for moments only */
  pthread_cond_t head_wake;
  u64 head;               /* newest height heard of */
  u64 head_ms;            /* when */

  pthread_mutex_t event_lock; /* guards the following */
  u64 event_seq;          /* events told so far */
  struct http_event *ring;
  struct http_reader *readers;
  u32 reader_cnt;
  bool event_stop;
  pthread_t event_thread;
  u32 watch;

  struct http_proxy proxy[16];
  u32 proxy_cnt;
  struct http_sockets *sockets;
  struct http_tls *tls;   /* NULL: plain HTTP */
  struct http_acme *acme; /* NULL: no --ui.tls acme */
  struct http_auth *auth;

  pthread_mutex_t peer_lock; /* guards the following */
  struct http_peer *peers;
};

enum http_route {
  HTTP_RPC, HTTP_PAGE, HTTP_STATUS, HTTP_EVENTS, HTTP_KEYS, HTTP_KEY_NEW,
  HTTP_SEND, HTTP_HEALTH, HTTP_READY, HTTP_VERSION, HTTP_METRICS, HTTP_SOCKET,
  HTTP_CA, HTTP_SESSION, HTTP_SETUP, HTTP_LOGIN, HTTP_LOGOUT, HTTP_PASSWORD,
  HTTP_SESSIONS, HTTP_REVOKE, HTTP_AUDIT, HTTP_ADMIN_RPC, HTTP_CONTENT,
  HTTP_FRONT, HTTP_CONFIRM, HTTP_USERS, HTTP_USER_DO, HTTP_PROFILE, HTTP_TOTP,
  HTTP_TOKENS, HTTP_TOKEN_DO, HTTP_TEXTS, HTTP_TEXTS_SET
};

struct http_request {
  struct http_job job;       /* first: a worker makes the answer */
  struct http *h;
  struct MHD_Connection *conn;
  struct http_request *next; /* among submissions */
  enum http_route route;
  hash32 content;            /* of HTTP_CONTENT */
  char shop[48];             /* of HTTP_FRONT: [a-z0-9-]; empty: no name */
  u64 shop_listing;          /* 0: not a listing's page */
  u64 since_ms;
  bool secure;               /* came through TLS, ours or a proxy's */
  bool known;                /* from where */
  u8 from[16];               /* http_asker.c: the address that asks */
  bool hsts;                 /* and by a name that may be HTTPS for good */
  struct buf body;
  u64 body_max, counted;     /* counted: its part of http.body_bytes */
  /* The answer: status 0 = not made yet. */
  u32 status;
  const char *type;
  struct buf location;       /* of a redirect; empty: none */
  struct buf cookie;         /* Set-Cookie; empty: none */
  struct buf reply;
  bool waiting;              /* suspended, a worker has it */
};

/* A header's value, or NULL. */
const char *http_header(const struct http_request *rq, const char *name);
/* Sets the answer to a line of text, or to an API error object. */
void http_say(struct http_request *rq, u32 status, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void http_api_error(struct http_request *rq, u32 status, const char *code,
                    const char *fmt, ...) PRINTF_LIKE(4, 5);
void http_add_security(const struct http_request *rq, struct MHD_Response *r);

/* http_policy.c: who may ask what. */
const struct http_names *http_names(const struct http *h);
/* http_metrics.c: /metrics on a port of its own. */
err http_metrics_start(struct http *h, struct errmsg *msg) MUST_USE;
void http_metrics_stop(struct http *h);
void http_policy_init(struct http *h);
void http_policy_fini(struct http *h);
/* True when the Host header is one of ours; else name is what it said. */
bool http_host_allowed(const struct http_request *rq, char *name, size_t size);
/* The Origin to grant in CORS headers, or NULL. */
const char *http_cors_origin(const struct http_request *rq);
bool http_is_json(const struct http_request *rq);
/* A page may open a WebSocket when its origin is ours or among
** --http.corsdomain; who sends no Origin is no page. */
bool http_socket_origin_allowed(const struct http_request *rq);
/* No other site's page asks: an Origin is what we were called by. */
bool http_same_origin(const struct http_request *rq);
/* Whether this caller may use the node's keys for what needs such rights (0:
** for anything at all): NULL, or the code of http.h for why not. */
const char *http_keys_refused(struct http_request *rq, u32 need,
                              char why[NODE_RIGHT_REFUSAL]);

/* By a name for which browsers may be told to use HTTPS alone: not an address,
** nor localhost, whose other ports belong to others. */
bool http_host_takes_hsts(const struct http_request *rq);

/* http_page.c: the dashboard's files. */
void http_pages_make(struct http *h);
void http_pages_free(struct http *h);
/* A page of the application: its path has no ending. */
bool http_page_is_route(const char *path);
enum MHD_Result http_page_send(struct http_request *rq, const char *path);
/* One of the embedded files; NULL: the build has none. */
const struct gen_asset *http_page_asset(const char *path);

/* http_front.c: /shop/NAME. */
bool http_front_wanted(struct http_request *rq, const char *path);
void http_front_run(struct http_request *rq);

/* http_asker.c: from where a request comes.  open reads --http.proxies; find
** sets known, from and secure; hash: a number of the address, by which a request
** is limited, 0 unknown. */
err http_proxies_open(struct http *h, struct errmsg *msg) MUST_USE;
void http_asker_find(struct http_request *rq);
void http_asker_text(const struct http_request *rq, char *out, size_t size);
bool http_asker_is_local(const struct http_request *rq);
u64 http_asker_hash(const struct http_request *rq);

/* http_content.c: /content/HASH. */
bool http_content_wanted(struct http_request *rq, const char *path);
void http_content_run(struct http_request *rq);
void http_content_headers(const struct http_request *rq,
                          struct MHD_Response *r);

/* http_abi.c: what is below /abi/. */
bool http_abi_wanted(const char *path);
enum MHD_Result http_abi_send(struct http_request *rq, const char *path);

/* http_api.c: the answers below /api/ and the health routes, on a worker or
** an event loop; each sets status, type and reply. */
void http_api_status(struct http_request *rq);
void http_api_keys(struct http_request *rq);
void http_api_key_new(struct http_request *rq);
void http_api_send(struct http_request *rq);
void http_api_version(struct http_request *rq);
void http_metrics(struct http_request *rq); /* http_metrics.c */
void http_api_ready(struct http_request *rq); /* http_health.c */

/* http_event.c: server-sent events. */
void http_events_start(struct http *h);
/* Ends the streams; http_events_free after the daemon is stopped. */
void http_events_stop(struct http *h);
void http_events_free(struct http *h);
enum MHD_Result http_events_send(struct http_request *rq);
/* Milliseconds since the newest block was heard of. */
u64 http_events_head_age(struct http *h);

/* http_socket.c: WebSockets. */
void http_sockets_start(struct http *h);
/* Says goodbye to all (1001) and closes them, before the daemon stops;
** http_sockets_free after it has. */
void http_sockets_stop(struct http *h);
void http_sockets_free(struct http *h);
/* The request asks for a WebSocket. */
bool http_socket_wanted(const struct http_request *rq);
/* Answers 101 and takes the connection over, or says why not. */
enum MHD_Result http_socket_send(struct http_request *rq);

/* http_peer.c: connections, and when each is cut off; headers.  on_connection
** is libmicrohttpd's to call. */
void http_on_connection(void *cls, struct MHD_Connection *conn, void **ctx,
                        enum MHD_ConnectionNotificationCode code);
bool http_is_secure(struct MHD_Connection *conn);
/* A request is under way; its answer of so many bytes is on its way; it is
** done and the next may come. */
void http_peer_busy(struct MHD_Connection *conn);
void http_peer_sends(const struct http *h, struct MHD_Connection *conn,
                     u64 bytes);
void http_peer_idle(const struct http *h, struct MHD_Connection *conn);
/* Once a second. */
void http_peers_tend(struct http *h, u64 now);
/* Why a request with such headers is refused; NULL: it is not. */
const char *http_headers_wrong(struct MHD_Connection *conn);

/* http_accept.c: connections for libmicrohttpd's daemon, which must run; stop
** before it does.  give: hands a socket over, or closes it and says false, for
** the limits; the socket may get another number.  end: libmicrohttpd has told
** that the connection of this socket is over. */
err http_accept_start(struct http *h, struct errmsg *msg) MUST_USE;
void http_accept_stop(struct http *h);
bool http_accept_give(struct http *h, int fd, const struct sockaddr *sa,
                      socklen_t len);
void http_accept_end(struct http *h, int fd);
/* Connections of all loops, or of the one that has most. */
u32 http_accept_cnt(const struct http *h, bool busiest);

/* http_tls.c: HTTPS.  open judges --ui.tls and makes or reads certificates;
** start, after libmicrohttpd, listens on listen_fd, which stays the caller's;
** quiesce takes no more connections, before libmicrohttpd ends; stop after.
** All do nothing with --ui.tls off. */
err http_tls_open(struct http *h, struct errmsg *msg) MUST_USE;
err http_tls_start(struct http *h, int listen_fd, struct errmsg *msg) MUST_USE;
void http_tls_quiesce(struct http *h);
void http_tls_stop(struct http *h);
void http_tls_free(struct http *h);

/* http_acme.c: certificates of a public authority (--ui.tls acme).  open judges
** the settings; start begins the thread that gets and renews them; all but open
** do nothing without it.  cert: the one that the file keeps, ERR_NOT_FOUND none
** that is good.  answer: what a challenge at this path is answered with. */
err http_acme_open(struct http *h, struct errmsg *msg) MUST_USE;
err http_acme_start(struct http *h, struct errmsg *msg) MUST_USE;
void http_acme_stop(struct http *h);
void http_acme_free(struct http *h);
struct http_cert;
err http_acme_cert(struct http *h, struct http_cert *out) MUST_USE;
bool http_acme_answer(struct http_request *rq, const char *path);

/* http_auth.c, http_user.c: users, sessions, API tokens.  who: the user of the
** request's cookie or, when there is an Authorization header, of its token; out
** may be NULL.  The rest answers routes, on a worker but for session. */
struct http_who {
  struct store_user user;
  u32 rights;
  bool confirmed;           /* the password was given lately; or by token */
  bool by_token;
  u64 token_id;
  struct store_login login; /* of a cookie */
};
err http_auth_start(struct http *h, struct errmsg *msg) MUST_USE;
void http_auth_free(struct http *h);
bool http_auth_exists(struct http *h);
bool http_auth_who(struct http_request *rq, struct http_who *out);
void http_auth_session(struct http_request *rq);
void http_auth_try(struct http_request *rq); /* what takes its turn */
void http_auth_logout(struct http_request *rq);
void http_auth_sessions(struct http_request *rq);
void http_auth_revoke(struct http_request *rq);
void http_auth_audit(struct http_request *rq);
void http_auth_rpc(struct http_request *rq);
/* http_text.c: the operator's own words. */
void http_text_list(struct http_request *rq);
void http_text_set(struct http_request *rq);
void http_user_list(struct http_request *rq);
void http_user_tokens(struct http_request *rq);

/* http_submit.c: single submissions, answered in groups.  add suspends the
** connection; false when stopping.  free: after the workers have ended. */
void http_submits_start(struct http *h);
void http_submits_free(struct http *h);
bool http_submit_wanted(const struct http_request *rq);
bool http_submit_add(struct http_request *rq);
#endif
