/* http_peer.c - the connections of the port, and what a request's headers may
** not say.
**
** libmicrohttpd ends a connection on which nothing moves.  Who lets a byte
** through now and then would stay for ever, so each connection has a time by
** which its next step must be done, and is cut off after it:
**   a new one     its first headers within --http header_s
**   a kept one    the next headers within the idle time, from the last answer
**   a body        HTTP_UPLOAD_MS (http.c looks when bytes come)
**   an answer     send_s and a second for each PEER_RATE bytes
** Event streams and WebSockets have limits of their own.
**
** Two programs that read one request's end differently let a third put a
** request of his into another's connection (request smuggling).  So what
** libmicrohttpd would take one way and a proxy before it might take another
** is refused: a Content-Length twice, one beside Transfer-Encoding, any
** Transfer-Encoding but chunked, two Hosts, a space before a header's colon,
** more than PEER_HEADERS_MAX headers.
**
** The list is guarded by peer_lock; a socket is shut down under it, before
** libmicrohttpd, which tells of the end first, can give its number away.
*/
#include <strings.h>
#include <sys/socket.h>

#include "web/http_int.h"

#define PEER_RATE 16384u
#define PEER_HEADERS_MAX 100

struct http_peer {
  struct http_peer *next, *prev;
  int fd;
  bool secure;
  u64 until_ms; /* 0: no limit here */
};

static struct http_peer *peer_of(struct MHD_Connection *conn) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}

static void peer_open(struct http *h, struct MHD_Connection *conn,
                      void **ctx) {
  struct http_peer *p = *ctx = mem_alloc(sizeof *p);
  int domain = 0;
  socklen_t len = sizeof domain;
  p->fd = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD)
              ->connect_fd;
  /* What came through TLS comes by a socket pair (http_tls.c). */
  p->secure = h->tls &&
              getsockopt(p->fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
              domain == AF_UNIX;
  p->until_ms = node_clock_ms() + h->cfg.header_s * 1000ull;
  pthread_mutex_lock(&h->peer_lock);
  p->next = h->peers;
  if (p->next) p->next->prev = p;
  h->peers = p;
  pthread_mutex_unlock(&h->peer_lock);
}

static void peer_close(struct http *h, struct http_peer *p) {
  if (!p) return;
  http_accept_end(h, p->fd);
  pthread_mutex_lock(&h->peer_lock);
  if (p->prev) p->prev->next = p->next; else h->peers = p->next;
  if (p->next) p->next->prev = p->prev;
  pthread_mutex_unlock(&h->peer_lock);
  mem_free(p);
}

void http_on_connection(void *cls, struct MHD_Connection *conn, void **ctx,
                        enum MHD_ConnectionNotificationCode code) {
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    peer_open(cls, conn, ctx);
  } else {
    peer_close(cls, *ctx);
    *ctx = NULL;
  }
}

bool http_is_secure(struct MHD_Connection *conn) {
  const struct http_peer *p = peer_of(conn);
  return p && p->secure;
}

static void peer_set(struct MHD_Connection *conn, u64 until_ms) {
  struct http_peer *p = peer_of(conn);
  if (p) __atomic_store_n(&p->until_ms, until_ms, __ATOMIC_RELAXED);
}

void http_peer_busy(struct MHD_Connection *conn) { peer_set(conn, 0); }

void http_peer_sends(const struct http *h, struct MHD_Connection *conn,
                     u64 bytes) {
  peer_set(conn, node_clock_ms() + h->cfg.send_s * 1000ull +
                     bytes * 1000 / PEER_RATE);
}

void http_peer_idle(const struct http *h, struct MHD_Connection *conn) {
  peer_set(conn, node_clock_ms() + h->cfg.timeout_s * 1000ull);
}

void http_peers_tend(struct http *h, u64 now) {
  pthread_mutex_lock(&h->peer_lock);
  for (struct http_peer *p = h->peers; p; p = p->next) {
    u64 until = __atomic_load_n(&p->until_ms, __ATOMIC_RELAXED);
    if (until && now > until) shutdown(p->fd, SHUT_RDWR);
  }
  pthread_mutex_unlock(&h->peer_lock);
}

/*---------------------------------------------------------------- headers */

struct peer_headers {
  u32 lengths, encodings, hosts;
  bool odd, named_oddly;
};

/* libmicrohttpd glues a folded line to a name whose value is empty. */
static bool peer_is_glued(const char *name) {
  static const char *const framing[] = {"Transfer-Encoding", "Content-Length"};
  for (u32 i = 0; i < ARRAY_LEN(framing); i++) {
    size_t n = strlen(framing[i]);
    if (strncasecmp(name, framing[i], n) == 0 && name[n]) return true;
  }
  return false;
}

static enum MHD_Result peer_on_header(void *cls, enum MHD_ValueKind kind,
                                      const char *name, const char *val) {
  struct peer_headers *c = cls;
  (void)kind;
  c->named_oddly |= name[strcspn(name, " \t\r\n")] || peer_is_glued(name);
  if (strcasecmp(name, "Content-Length") == 0) {
    c->lengths++;
    c->odd |= !val || !val[0] || val[strspn(val, "0123456789")];
  } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
    c->encodings++;
    c->odd |= !val || strcasecmp(val, "chunked") != 0;
  } else if (strcasecmp(name, "Host") == 0) {
    c->hosts++;
  }
  return MHD_YES;
}

const char *http_headers_wrong(struct MHD_Connection *conn) {
  struct peer_headers c = {0};
  int cnt = MHD_get_connection_values(conn, MHD_HEADER_KIND, peer_on_header,
                                      &c);
  if (cnt > PEER_HEADERS_MAX) return "too many headers";
  if (c.named_oddly) return "a header's name with a space in it, or a folded line";
  if (c.hosts > 1) return "more than one Host";
  if (c.lengths > 1) return "more than one Content-Length";
  if (c.encodings > 1) return "more than one Transfer-Encoding";
  if (c.lengths && c.encodings) {
    return "both Content-Length and Transfer-Encoding";
  }
  return c.odd ? "a Content-Length that is no number, or a Transfer-Encoding "
                 "other than chunked" : NULL;
}

#undef PEER_RATE
#undef PEER_HEADERS_MAX
