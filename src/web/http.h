/* http.h - the node's HTTP port: JSON-RPC, dashboard, events, health.
**
** HTTP/1.1 by libmicrohttpd (epoll, a pool of threads), plain or, with
** --ui.tls, through TLS (http_tls.c).  Loopback by default.  Requests whose
** Host is neither an IP literal, nor localhost, nor among --http.vhosts, are
** refused (DNS rebinding).  With TLS, plain HTTP gets /ca.crt and the health
** routes; all else is told to come by https (GET: a redirect).
**
** Routes (bodies are JSON, UTF-8; amounts in wei are decimal strings, heights
** and times numbers, times in ms since 1970; hashes and addresses 0x-hex):
**
**   POST /             JSON-RPC, single or batch.  Content-Type must be
**                      application/json.  CORS by --http.corsdomain.  All
**                      chain data (blocks, transactions, balances, logs) is
**                      read by the dashboard through this.
**   GET  /             with "Upgrade: websocket": JSON-RPC over a WebSocket
**                      (RFC 6455), with eth_subscribe.  Every text message is
**                      a body as for POST; a page's Origin must be ours or
**                      among --http.corsdomain.
**   GET  /             the dashboard: file /index.html of the embedded assets;
**                      other paths their own file.  A path that has no dot in
**                      its last part and is no route is answered with
**                      /index.html too (client-side routes).  ETag, gzip.
**   GET  /api/status   {"version":"0.1.0","commit":"…","chainId":31337,
**                       "networkId":31337,"genesisHash":"0x…","dev":true,
**                       "operator":"0x…","height":12,"blockGasLimit":500000000,
**                       "intervalMs":1000,"startedMs":…,"nowMs":…,
**                       "pending":0,"queued":0,"fenced":false,"keysUsable":true}
**                      fenced: a copied validator's file, which signs nothing.
**                      keysUsable: this caller may use /api/keys, /api/send.
**   GET  /api/events   server-sent events; a new one starts with "status":
**                       event: status  data: {"height":…,"pending":…,"queued":…}
**                       event: head    id: 12
**                         data: {"number":12,"hash":"0x…","timeMs":…,
**                                "txCount":3,"gasUsed":63000,
**                                "pending":0,"queued":0}
**                       event: pending data: {"pending":1,"queued":0}
**                      heads may be skipped when blocks come faster than they
**                      can be told: fetch what lies between by JSON-RPC.  A
**                      comment line (": ") each 15 s keeps proxies awake;
**                      readers that fall 64 events behind are cut off and
**                      reconnect by themselves (retry: 2000).
**   GET  /api/keys     {"keys":["0x…"]}: the node's keystore
**   POST /api/keys     {"password":"…"} -> {"address":"0x…"}: a new account
**   POST /api/send     {"from":"0x…","to":"0x…","value":"1000000000000000000",
**                       "data":"0x…"?,"gas":21000?,"password":"…"}
**                      -> {"hash":"0x…","nonce":7}
**                      value: decimal wei or 0x-hex; without gas it is
**                      estimated; without to it creates a contract.
**   GET  /ca.crt       the certificate of --ui.tls auto's authority, PEM
**   GET  /api/session  {"setup":bool,"users":bool,"secure":bool,
**                       "name":"…"?,"role":"owner"?}: whether set-up is open,
**                      there are users, TLS is on; who is logged in
**   POST /api/setup    {"code":"ABCD-EFGH","name":"…","password":"…"}: the
**                      first owner, once, and a session for him
**   POST /api/login    {"name":"…","password":"…"} -> {"name","role"}, cookie
**   POST /api/logout   {} ends the session
**   POST /api/password {"old":"…","new":"…"}; other sessions end
**   GET  /api/sessions {"sessions":[{"id","name","role","address","agent",
**                       "createdMs","seenMs","current"}]}: one's own, an
**                      owner's are all
**   POST /api/sessions {"id":"…"} ends that one
**   GET  /api/audit    {"audit":[{"atMs","who","address","event","detail"}]},
**                      newest first; owners
**   POST /admin/rpc    JSON-RPC as at /, with admin_* and the methods that use
**                      keys; owners.  (/ never looks at cookies.)
**   GET  /healthz      200 "ok" while the server turns
**   GET  /readyz       200 or 503 {"ready":bool,"reasons":["…"],"height":…,
**                       "checks":{"headAgeMs":…,"diskFreeBytes":…,…}}
**                      (http_health.c tells what is looked at)
**   GET  /metrics      the rows of metric.def in Prometheus' text format
**   GET  /version      {"name":"CyberMiles","version":…,"commit":…,"source":…}
**
** Errors of /api/: a status 4xx/5xx and
**   {"error":{"code":"password","message":"wrong password"}}
** codes: bad_request, password, not_found, forbidden, busy, refused (message in
** geth's words: "nonce too low", "execution reverted: …"), internal.
**
** Further codes: login (401), weak (password), code (of set-up), closed,
** slow_down (429), confirm (403: a login's password is wanted again, at
** /api/confirm, since it was given more than ten minutes ago).
**
** The key-using routes (/api/keys, /api/send) want an owner's session.  Until
** there is a user they answer peers on the loopback interface, whose Host is a
** loopback name or address.  Either way no foreign Origin or Sec-Fetch-Site;
** POSTs need Content-Type application/json, which another site's page cannot
** send without a preflight that is never granted.  One password is tried at a
** time, and a wrong one costs a second.
*/
#ifndef WEB_HTTP_H
#define WEB_HTTP_H
#include "base/base.h"
#include "node/node.h"
#include "rpc/rpc.h"

struct http_config {        /* a 0 or NULL takes the default */
  bool no_ui;               /* what is public alone: the dashboard, its /api/ and
                            ** /admin/ have a port of their own (--ui.addr) */
  const char *option;       /* whose --…addr and --…port the next two are, in
                            ** messages: "http" or "ui"; "http" */
  const char *addr;         /* IPv4 or IPv6 literal; "127.0.0.1" */
  u32 port;                 /* HTTP_PORT_ANY: the system picks one; 8545 */
  const char *vhosts;       /* comma list, "*" = any; "localhost" */
  const char *acme_url;     /* the directory of --ui.tls acme; Let's Encrypt */
  const char *acme_mail;    /* told to the authority; "" */
  const char *net_ca;       /* of servers called, PEM; the system's */
  bool net_local;           /* those of private networks may be called */
  const char *proxies;      /* comma list of reverse proxies that are believed
                            ** (http_asker.c); none */
  const char *corsdomain;   /* comma list of origins, "*" = any; none */
  u32 thread_cnt;           /* event loops; one per core, 2..8 */
  u32 worker_cnt;           /* for slow calls; twice the cores, 4..32 */
  u32 conn_max;             /* open connections, WebSockets too; 14,000 */
  u32 conn_ip_max;          /* of one address; 0 = conn_max */
  u32 timeout_s;            /* idle or stalled; 120 */
  u32 header_s;             /* for a new connection's headers to be whole; 20 */
  u32 send_s;               /* for an answer to be taken, and a second more for
                            ** each 16 KiB; 60 */
  u32 event_max;            /* readers of /api/events; 2,048 */
  u32 socket_max;           /* WebSockets; 4,096 */
  const char *tls;          /* "off", "auto", "acme" or "files"; "off" */
  const char *tls_cert;     /* files: PEM, the leaf first */
  const char *tls_key;      /* files: PEM, without a passphrase */
  u64 wal_max;              /* bytes of write-ahead log from which the node
                            ** is not ready; 2 GiB */
  u64 backup_age_s;         /* the same for the last copy's age; 0 = any */
  bool no_metrics;          /* /metrics is not there */
  const char *metrics_addr; /* it alone on a port of its own too; NULL: not */
  u32 metrics_port;
  bool no_ws;               /* no WebSockets */
  const char *ws_origins;   /* may open them besides corsdomain's */
  struct rpc_config rpc;
  struct rpc_server *server; /* NULL: one of its own, made by rpc */
};
#define HTTP_PORT_ANY 0xffffffffu
#define HTTP_PORT_DEFAULT 8545u

struct http;
/* Binds and starts.  ERR_BIND (port taken, address not ours), ERR_USAGE
** (address is no IP literal).  n must outlive it. */
err http_start(struct http **out, const struct http_config *cfg,
               struct node *n, struct errmsg *msg) MUST_USE;
/* Finishes the requests under way, ends event streams, closes. */
void http_stop(struct http *h);
/* Takes other --http.vhosts and --http.corsdomain from now on; copies them. */
void http_policy_reload(struct http *h, const char *vhosts,
                        const char *corsdomain);
/* Reads the certificate's files again, or makes a certificate with the names
** and addresses of now; for connections to come.  On an error, which says what
** to do, the old one stays.  ERR_OK without TLS. */
err http_tls_reload(struct http *h, struct errmsg *msg) MUST_USE;
/* The local authority's certificate, which browsers are to trust, and its
** SHA-256 (each may be NULL); false unless --ui.tls auto. */
bool http_tls_ca(struct http *h, struct buf *pem, char fingerprint[96]);
/* Users were changed in the file; whose logins are gone there are out. */
void http_auth_reload(struct http *h);
/* The code of first set-up for the banner: "ABCD-EFGH"; empty when there are
** users. */
const char *http_setup_code(const struct http *h);
u16 http_port(const struct http *h);
/* "http://127.0.0.1:8545"; https with TLS */
const char *http_url(const struct http *h);
#endif
