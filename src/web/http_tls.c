/* http_tls.c - HTTPS: TLS 1.2 by mbedTLS in front of libmicrohttpd.
**
** The port is listened on here.  A connection's first byte tells what comes:
** a TLS record (0x16), or plain HTTP, which is handed to libmicrohttpd as it
** is (http.c answers it with where to go).  The handshake is made by threads
** of its own, since its elliptic curves take milliseconds; then one end of a
** socket pair is given to libmicrohttpd (MHD_add_connection, with the peer's
** address, so that limits by address and the policy see the true one), and a
** pumping thread moves bytes between the pair and the TLS records.  To all
** above, WebSockets too, it is one more plain connection.
**
** Every wait is bounded: a handshake has TLS_SHAKE_MS in all, and when
** TLS_SHAKE_MAX are under way the oldest gives way to the newest, so that
** those who dawdle never keep out those who do not; a connection on which one
** side has bytes waiting and takes none is cut off after TLS_STALL_MS; idle
** ones are libmicrohttpd's to close.  A connection holds about 45 KB.
**
** TLS 1.2 with forward secrecy and authenticated ciphers only, no
** renegotiation, tickets for a day.  mbedTLS 2.28 makes no TLS 1.3 server.
**
** Threads: each loop thread owns its connections.  Of mbedTLS, contexts that
** mbedTLS changes in a handshake (the key's curve tables) are each loop's own,
** made from the front's certificate when its number (gen) has changed and
** counted by the connections that use them; afterwards they are only read.
** The tickets' keys are shared, under mbedTLS's own lock.
*/
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "web/http_cert.h"
#include "web/http_int.h"

#define TLS_SHAKE_MS 10000u
#define TLS_SHAKE_MAX 512u     /* of one thread */
#define TLS_STALL_MS 60000u
#define TLS_LINGER_MS 3000u    /* for the peer to take our last words */
#define TLS_TURN_MS 500
#define TLS_CHECK_MS 60000u    /* are names and end of the certificate as were */
#define TLS_CHUNK 16384u
#define TLS_EVENTS 64
#define TLS_THREADS 8u

/* What a loop shakes hands with. */
struct tls_ctx {
  u32 refs;               /* atomic */
  mbedtls_ssl_config conf;
  mbedtls_x509_crt chain;
  mbedtls_pk_context key;
};

enum tls_state { TLS_PEEK, TLS_SHAKE, TLS_OPEN, TLS_LAST };

struct tls_conn;
struct tls_side { /* what an epoll event points to */
  struct tls_conn *c;
  int fd;
  u32 watched;    /* epoll events; 0: not watched */
};
struct tls_conn {
  struct tls_conn *next, *prev;
  struct tls_side net, app; /* the peer; our end of the pair */
  enum tls_state state;
  struct tls_ctx *ctx;
  mbedtls_ssl_context ssl;
  struct sockaddr_storage addr;
  socklen_t addr_len;
  u64 moved_ms;             /* since when it waits, or last got on */
  struct buf up, down;      /* read, not yet taken by the other side */
  size_t up_at, down_at;
  bool net_end, app_end;    /* no more to read */
};

struct tls_loop {
  struct http_tls *front;
  pthread_t thread;
  int epoll, wake;
  bool shakes, made, started;
  bool stop;                     /* atomic */
  struct tls_conn *first, *last; /* in order of arrival */
  u32 cnt;
  struct tls_ctx *ctx;
  u64 gen;
  pthread_mutex_t lock;          /* guards the following */
  struct tls_conn *joining;
};

struct http_tls {
  struct http *h;
  int listen;
  struct tls_loop loop[TLS_THREADS];
  u32 shaker_cnt, loop_cnt;
  u32 turn;                 /* atomic: next pumping loop */
  u32 conn_cnt;             /* atomic */
  mbedtls_ssl_ticket_context tickets;
  pthread_mutex_t lock;     /* guards the following */
  struct http_cert cert;
  u64 gen;
  struct http_cert_names names;
  struct http_ca ca;        /* empty without --ui.tls auto */
  u64 checked_ms;
};

/*------------------------------------------------------------ certificates */

static bool tls_is_acme(const struct http *h) {
  return strcmp(h->cfg.tls, "acme") == 0;
}
/* What the local authority signs is shown; with acme until there is better. */
static bool tls_is_auto(const struct http *h) {
  return strcmp(h->cfg.tls, "auto") == 0 || tls_is_acme(h);
}

/* Under the lock: c becomes what is shown; takes it over. */
static void tls_adopt(struct http_tls *t, struct http_cert *c) {
  http_cert_fini(&t->cert);
  t->cert = *c;
  __atomic_add_fetch(&t->gen, 1, __ATOMIC_RELEASE);
}

/* The authority of the file, made if there is none or its end is near. */
static err tls_open_ca(struct http *h, struct http_ca *ca,
                       struct errmsg *msg) {
  u64 now = node_clock_ms();
  buf_init(&ca->cert, 0);
  buf_init(&ca->key, 0);
  err e = node_setting_get(h->node, &ca->cert, "tls_ca_cert");
  if (e == ERR_OK) e = node_setting_get(h->node, &ca->key, "tls_ca_key");
  if (e == ERR_OK && http_ca_check(ca, now) == ERR_OK) return ERR_OK;
  if (e < 0 && e != ERR_NOT_FOUND) return e;
  buf_fini(&ca->cert);
  buf_fini(&ca->key);
  e = http_ca_make(ca, now);
  if (e == ERR_OK) {
    e = node_setting_put(h->node, "tls_ca_key", buf_slice(&ca->key));
  }
  if (e == ERR_OK) {
    e = node_setting_put(h->node, "tls_ca_cert", buf_slice(&ca->cert));
  }
  if (e == ERR_OK) return e;
  return err_say(msg, e, "cannot make the certificate authority of "
                 "--ui.tls auto: %s", err_text(e));
}

/* A new certificate from where --ui.tls says. */
static err tls_make_cert(struct http_tls *t, struct errmsg *msg) {
  const struct http_config *cfg = &t->h->cfg;
  struct http_cert_names names;
  struct http_cert c;
  err e;
  http_cert_init(&c);
  http_cert_names(&names, cfg->vhosts);
  if (tls_is_acme(t->h) && http_acme_cert(t->h, &c) == ERR_OK) {
    e = ERR_OK;
  } else if (tls_is_auto(t->h)) {
    e = http_ca_sign(&t->ca, &c, &names, node_clock_ms());
    if (e < 0) e = err_say(msg, e, "cannot make a certificate");
  } else {
    e = http_cert_load(&c, cfg->tls_cert, cfg->tls_key, node_clock_ms(), msg);
  }
  if (e < 0) {
    http_cert_fini(&c);
    return e;
  }
  pthread_mutex_lock(&t->lock);
  t->names = names;
  tls_adopt(t, &c);
  pthread_mutex_unlock(&t->lock);
  return ERR_OK;
}

err http_tls_reload(struct http *h, struct errmsg *msg) {
  if (!h->tls) return ERR_OK;
  err e = tls_make_cert(h->tls, msg);
  if (e == ERR_OK) {
    log_event(LOG_INFO, "http", "tls.certificate", "mode=%s days=%llu",
              h->cfg.tls,
              (unsigned long long)((h->tls->cert.until_ms - node_clock_ms()) /
                                   86400000));
  }
  return e;
}

/* Once a minute: addresses come and go, and years pass. */
static void tls_check_cert(struct http_tls *t, u64 now) {
  struct http_cert_names names;
  struct errmsg msg = {.text = ""};
  if (now - t->checked_ms < TLS_CHECK_MS && now >= t->checked_ms) return;
  if (tls_is_acme(t->h)) return; /* http_acme.c sees to it */
  t->checked_ms = now;
  http_cert_names(&names, t->h->cfg.vhosts);
  pthread_mutex_lock(&t->lock);
  bool ending = t->cert.until_ms < now + HTTP_CERT_RENEW_MS;
  bool moved = !http_cert_names_equal(&names, &t->names);
  pthread_mutex_unlock(&t->lock);
  if (!tls_is_auto(t->h)) {
    static u64 warned; /* one loop calls this */
    if (ending && now - warned > 86400000) {
      warned = now;
      log_event(LOG_WARN, "http", "tls.ending",
                "file=\"%s\" text=\"ends within 30 days: renew it and send "
                "SIGHUP\"", t->h->cfg.tls_cert);
    }
  } else if ((ending || moved) && http_tls_reload(t->h, &msg) < 0) {
    log_event(LOG_WARN, "http", "tls.certificate", "text=\"%s\"", msg.text);
  }
}

bool http_tls_ca(struct http *h, struct buf *pem, char fingerprint[96]) {
  if (!h->tls || !h->tls->ca.cert.len) return false;
  if (pem) http_ca_pem(pem, &h->tls->ca);
  if (fingerprint) http_ca_fingerprint(fingerprint, &h->tls->ca);
  return true;
}

/*------------------------------------------------------- what shakes hands */

static void tls_ctx_unref(struct tls_ctx *x) {
  if (!x || __atomic_sub_fetch(&x->refs, 1, __ATOMIC_ACQ_REL) > 0) return;
  mbedtls_ssl_config_free(&x->conf);
  mbedtls_x509_crt_free(&x->chain);
  mbedtls_pk_free(&x->key);
  mem_free(x);
}

static int tls_ctx_parse(struct tls_ctx *x, struct http_cert *c) {
  (void)buf_cstr(&c->chain);
  (void)buf_cstr(&c->key);
  int e = mbedtls_x509_crt_parse(&x->chain, c->chain.ptr, c->chain.len + 1);
  /* PEM wants its NUL counted; DER, which begins with 0x30, does not. */
  size_t len = c->key.len + (c->key.len && c->key.ptr[0] != 0x30);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
  if (e == 0) {
    e = mbedtls_pk_parse_key(&x->key, c->key.ptr, len, NULL, 0,
                             http_cert_random, NULL);
  }
#else
  if (e == 0) e = mbedtls_pk_parse_key(&x->key, c->key.ptr, len, NULL, 0);
#endif
  return e;
}

/* The strongest that is quick first. */
static const int tls_suites[] = {
  MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
  MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
  MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
  MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
  MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
  0};
#if MBEDTLS_VERSION_NUMBER < 0x03010000
static const mbedtls_ecp_group_id tls_curves[] = {
  MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_CURVE25519,
  MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_NONE};
#else
static const u16 tls_curves[] = {
  MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
  MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
#endif

static int tls_ctx_configure(struct http_tls *t, struct tls_ctx *x) {
  mbedtls_ssl_config *f = &x->conf;
  int e = mbedtls_ssl_config_defaults(f, MBEDTLS_SSL_IS_SERVER,
                                      MBEDTLS_SSL_TRANSPORT_STREAM,
                                      MBEDTLS_SSL_PRESET_DEFAULT);
  if (e) return e;
  mbedtls_ssl_conf_rng(f, http_cert_random, NULL);
  mbedtls_ssl_conf_ciphersuites(f, tls_suites);
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
  mbedtls_ssl_conf_min_tls_version(f, MBEDTLS_SSL_VERSION_TLS1_2);
  mbedtls_ssl_conf_max_tls_version(f, MBEDTLS_SSL_VERSION_TLS1_2);
#else
  mbedtls_ssl_conf_min_version(f, MBEDTLS_SSL_MAJOR_VERSION_3,
                               MBEDTLS_SSL_MINOR_VERSION_3);
#endif
#if MBEDTLS_VERSION_NUMBER >= 0x03010000
  mbedtls_ssl_conf_groups(f, tls_curves);
#else
  mbedtls_ssl_conf_curves(f, tls_curves);
#endif
  mbedtls_ssl_conf_session_tickets_cb(f, mbedtls_ssl_ticket_write,
                                      mbedtls_ssl_ticket_parse, &t->tickets);
  return mbedtls_ssl_conf_own_cert(f, &x->chain, &x->key);
}

static struct tls_ctx *tls_ctx_make(struct http_tls *t, struct http_cert *c) {
  struct tls_ctx *x = mem_alloc(sizeof *x);
  x->refs = 1;
  mbedtls_ssl_config_init(&x->conf);
  mbedtls_x509_crt_init(&x->chain);
  mbedtls_pk_init(&x->key);
  if (tls_ctx_parse(x, c) == 0 && tls_ctx_configure(t, x) == 0) return x;
  tls_ctx_unref(x);
  return NULL;
}

/* The loop's own, of the certificate of now. */
static struct tls_ctx *tls_loop_ctx(struct tls_loop *l) {
  struct http_tls *t = l->front;
  if (l->gen == __atomic_load_n(&t->gen, __ATOMIC_ACQUIRE)) return l->ctx;
  pthread_mutex_lock(&t->lock);
  struct tls_ctx *x = tls_ctx_make(t, &t->cert);
  l->gen = t->gen;
  pthread_mutex_unlock(&t->lock);
  if (x) {
    tls_ctx_unref(l->ctx);
    l->ctx = x;
  }
  return l->ctx;
}

/*------------------------------------------------------------ connections */

static void tls_watch(struct tls_loop *l, struct tls_side *s, u32 events) {
  struct epoll_event ev = {.events = events, .data.ptr = s};
  if (events == s->watched || s->fd < 0) return;
  epoll_ctl(l->epoll, !s->watched ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD
                                                           : EPOLL_CTL_DEL,
            s->fd, &ev);
  s->watched = events;
}

static void tls_list_add(struct tls_loop *l, struct tls_conn *c) {
  c->next = NULL;
  c->prev = l->last;
  if (l->last) l->last->next = c; else l->first = c;
  l->last = c;
  l->cnt++;
}

static void tls_list_del(struct tls_loop *l, struct tls_conn *c) {
  if (c->prev) c->prev->next = c->next; else l->first = c->next;
  if (c->next) c->next->prev = c->prev; else l->last = c->prev;
  l->cnt--;
}

static void tls_conn_free(struct http_tls *t, struct tls_conn *c) {
  mbedtls_ssl_free(&c->ssl);
  tls_ctx_unref(c->ctx);
  if (c->net.fd >= 0) close(c->net.fd);
  if (c->app.fd >= 0) close(c->app.fd);
  buf_fini(&c->up);
  buf_fini(&c->down);
  mem_free(c);
  __atomic_sub_fetch(&t->conn_cnt, 1, __ATOMIC_RELAXED);
}

static void tls_end(struct tls_loop *l, struct tls_conn *c) {
  tls_list_del(l, c);
  tls_watch(l, &c->net, 0);
  tls_watch(l, &c->app, 0);
  tls_conn_free(l->front, c);
}

static int tls_on_send(void *ctx, const unsigned char *p, size_t len) {
  const struct tls_conn *c = ctx;
  ssize_t n = send(c->net.fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n >= 0) return (int)n;
  return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE
                                           : MBEDTLS_ERR_SSL_CONN_EOF;
}

static int tls_on_recv(void *ctx, unsigned char *p, size_t len) {
  const struct tls_conn *c = ctx;
  ssize_t n = recv(c->net.fd, p, len, MSG_DONTWAIT);
  if (n >= 0) return (int)n;
  return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ
                                           : MBEDTLS_ERR_SSL_CONN_EOF;
}

static void tls_wake(struct tls_loop *l) {
  u64 one = 1;
  ssize_t n = write(l->wake, &one, sizeof one);
  (void)n; /* full: it is awake */
}

/* To a loop that pumps. */
static void tls_pass_on(struct tls_loop *from, struct tls_conn *c) {
  struct http_tls *t = from->front;
  u32 i = __atomic_fetch_add(&t->turn, 1, __ATOMIC_RELAXED);
  struct tls_loop *to =
      &t->loop[t->shaker_cnt + i % (t->loop_cnt - t->shaker_cnt)];
  tls_list_del(from, c);
  tls_watch(from, &c->net, 0);
  pthread_mutex_lock(&to->lock);
  c->next = to->joining;
  to->joining = c;
  pthread_mutex_unlock(&to->lock);
  tls_wake(to);
}

/* A record of TLS begins with 0x16, HTTP with a letter. */
static void tls_peek(struct tls_loop *l, struct tls_conn *c) {
  u8 b;
  ssize_t n = recv(c->net.fd, &b, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    tls_end(l, c);
  } else if (b != 0x16) {
    int fd = c->net.fd;
    tls_watch(l, &c->net, 0);
    c->net.fd = -1;
    http_accept_give(l->front->h, fd, (struct sockaddr *)&c->addr,
                     c->addr_len);
    tls_end(l, c);
  } else {
    c->ctx = tls_loop_ctx(l);
    if (!c->ctx) {
      tls_end(l, c);
      return;
    }
    __atomic_add_fetch(&c->ctx->refs, 1, __ATOMIC_RELAXED);
    if (mbedtls_ssl_setup(&c->ssl, &c->ctx->conf) != 0) {
      tls_end(l, c);
      return;
    }
    mbedtls_ssl_set_bio(&c->ssl, c, tls_on_send, tls_on_recv, NULL);
    c->state = TLS_SHAKE;
  }
}

/* The handshake is done: libmicrohttpd gets its end of a pair. */
static bool tls_open(struct tls_loop *l, struct tls_conn *c) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                 pair) != 0) {
    return false;
  }
  if (!http_accept_give(l->front->h, pair[1], (struct sockaddr *)&c->addr,
                        c->addr_len)) {
    close(pair[0]);
    return false;
  }
  c->app = (struct tls_side){.c = c, .fd = pair[0]};
  c->state = TLS_OPEN;
  c->moved_ms = node_clock_ms();
  return true;
}

static void tls_shake(struct tls_loop *l, struct tls_conn *c) {
  int e = mbedtls_ssl_handshake(&c->ssl);
  if (e == MBEDTLS_ERR_SSL_WANT_READ) {
    tls_watch(l, &c->net, EPOLLIN);
  } else if (e == MBEDTLS_ERR_SSL_WANT_WRITE) {
    tls_watch(l, &c->net, EPOLLOUT);
  } else if (e == 0 && tls_open(l, c)) {
    tls_pass_on(l, c);
  } else {
    if (log_on(LOG_DEBUG)) {
      log_event(LOG_DEBUG, "http", "tls.refused", "code=-0x%04x", -e);
    }
    tls_end(l, c);
  }
}

/*---------------------------------------------------------------- pumping */

enum tls_step { TLS_GO, TLS_WAIT, TLS_DEAD };

/* The peer's bytes -> libmicrohttpd. */
static enum tls_step tls_pump_up(struct tls_conn *c, u32 *net, u32 *app) {
  u8 bytes[TLS_CHUNK];
  if (c->up_at < c->up.len) {
    ssize_t n = send(c->app.fd, c->up.ptr + c->up_at, c->up.len - c->up_at,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
      c->up_at = c->up.len; /* it has hung up; what it said goes down first */
      c->net_end = true;
      return TLS_WAIT;
    }
    if (n > 0) c->up_at += (size_t)n;
    if (c->up_at < c->up.len) {
      *app |= EPOLLOUT;
      return TLS_WAIT;
    }
    buf_fini(&c->up);
    buf_init(&c->up, 0);
    c->up_at = 0;
    return TLS_GO;
  }
  if (c->net_end) return TLS_WAIT;
  int n = mbedtls_ssl_read(&c->ssl, bytes, sizeof bytes);
  if (n == MBEDTLS_ERR_SSL_WANT_READ) {
    *net |= EPOLLIN;
    return TLS_WAIT;
  }
  if (n == MBEDTLS_ERR_SSL_WANT_WRITE) {
    *net |= EPOLLOUT;
    return TLS_WAIT;
  }
  if (n <= 0) {
    c->net_end = true;
    shutdown(c->app.fd, SHUT_WR);
    return n == 0 || n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ||
                   n == MBEDTLS_ERR_SSL_CONN_EOF ? TLS_WAIT : TLS_DEAD;
  }
  buf_put(&c->up, bytes, (size_t)n);
  return TLS_GO;
}

/* libmicrohttpd's bytes -> the peer.  What mbedTLS could not send it wants
** given again as it was: hence the copy in down. */
static enum tls_step tls_pump_down(struct tls_conn *c, u32 *net, u32 *app) {
  u8 bytes[TLS_CHUNK];
  if (c->down_at < c->down.len) {
    int n = mbedtls_ssl_write(&c->ssl, c->down.ptr + c->down_at,
                              c->down.len - c->down_at);
    if (n == MBEDTLS_ERR_SSL_WANT_WRITE || n == MBEDTLS_ERR_SSL_WANT_READ) {
      *net |= n == MBEDTLS_ERR_SSL_WANT_WRITE ? EPOLLOUT : EPOLLIN;
      return TLS_WAIT;
    }
    if (n <= 0) return TLS_DEAD;
    c->down_at += (size_t)n;
    if (c->down_at < c->down.len) return TLS_GO;
    buf_fini(&c->down);
    buf_init(&c->down, 0);
    c->down_at = 0;
    return TLS_GO;
  }
  if (c->app_end) return TLS_WAIT;
  ssize_t n = recv(c->app.fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
    *app |= EPOLLIN;
    return TLS_WAIT;
  }
  if (n <= 0) {
    c->app_end = true;
    return TLS_WAIT;
  }
  buf_put(&c->down, bytes, (size_t)n);
  return TLS_GO;
}

/* Our last words are said: a notice, and the end of what we send.  Then the
** peer has a moment to read them. */
static void tls_say_goodbye(struct tls_loop *l, struct tls_conn *c) {
  mbedtls_ssl_close_notify(&c->ssl);
  shutdown(c->net.fd, SHUT_WR);
  tls_watch(l, &c->app, 0);
  close(c->app.fd);
  c->app.fd = -1;
  c->state = TLS_LAST;
  c->moved_ms = node_clock_ms();
  tls_watch(l, &c->net, EPOLLIN);
}

static void tls_pump(struct tls_loop *l, struct tls_conn *c) {
  u32 net = 0, app = 0, turns = 0;
  enum tls_step up = TLS_GO, down = TLS_GO;
  while ((up == TLS_GO || down == TLS_GO) && up != TLS_DEAD &&
         down != TLS_DEAD) {
    if (up == TLS_GO) up = tls_pump_up(c, &net, &app);
    if (down == TLS_GO) down = tls_pump_down(c, &net, &app);
    turns++;
  }
  if (turns > 1) c->moved_ms = node_clock_ms();
  if (up == TLS_DEAD || down == TLS_DEAD) {
    tls_end(l, c);
  } else if (c->app_end && c->down_at == c->down.len) {
    tls_say_goodbye(l, c);
  } else {
    tls_watch(l, &c->net, net);
    tls_watch(l, &c->app, app);
  }
}

/* After the goodbye only the peer's is waited for. */
static void tls_drain(struct tls_loop *l, struct tls_conn *c) {
  u8 bytes[TLS_CHUNK];
  ssize_t n = recv(c->net.fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) tls_end(l, c);
}

static void tls_on_event(struct tls_loop *l, struct tls_conn *c) {
  if (c->state == TLS_PEEK) {
    tls_peek(l, c); /* may end it: the rest comes with the next turn */
  } else if (c->state == TLS_SHAKE) {
    tls_shake(l, c);
  } else if (c->state == TLS_OPEN) {
    tls_pump(l, c);
  } else {
    tls_drain(l, c);
  }
}

/*-------------------------------------------------------------- the threads */

static void tls_accept(struct tls_loop *l) {
  struct http_tls *t = l->front;
  for (u32 i = 0; i < 16; i++) {
    struct sockaddr_storage sa;
    socklen_t len = sizeof sa;
    int one = 1, fd = accept(t->listen, (struct sockaddr *)&sa, &len);
    if (fd < 0) {
      /* Without room for more, turning on the spot helps nobody. */
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) usleep(10000);
      return;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (__atomic_add_fetch(&t->conn_cnt, 1, __ATOMIC_RELAXED) >
        t->h->cfg.conn_max) {
      __atomic_sub_fetch(&t->conn_cnt, 1, __ATOMIC_RELAXED);
      close(fd);
      continue;
    }
    if (l->cnt >= TLS_SHAKE_MAX) tls_end(l, l->first);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct tls_conn *c = mem_alloc(sizeof *c);
    c->net = (struct tls_side){.c = c, .fd = fd};
    c->app = (struct tls_side){.c = c, .fd = -1};
    c->addr = sa;
    c->addr_len = len;
    c->moved_ms = node_clock_ms();
    mbedtls_ssl_init(&c->ssl);
    buf_init(&c->up, 0);
    buf_init(&c->down, 0);
    tls_list_add(l, c);
    tls_watch(l, &c->net, EPOLLIN);
  }
}

static void tls_join(struct tls_loop *l) {
  pthread_mutex_lock(&l->lock);
  struct tls_conn *c = l->joining;
  l->joining = NULL;
  pthread_mutex_unlock(&l->lock);
  while (c) {
    struct tls_conn *next = c->next;
    tls_list_add(l, c);
    tls_pump(l, c);
    c = next;
  }
}

/* Cuts off who has kept us waiting too long. */
static void tls_tend(struct tls_loop *l, u64 now) {
  for (struct tls_conn *c = l->first, *next; c; c = next) {
    u64 age = now > c->moved_ms ? now - c->moved_ms : 0;
    bool waits = c->up_at < c->up.len || c->down_at < c->down.len;
    next = c->next;
    if (c->state <= TLS_SHAKE ? age > TLS_SHAKE_MS
        : c->state == TLS_LAST ? age > TLS_LINGER_MS
                               : waits && age > TLS_STALL_MS) {
      tls_end(l, c);
    }
  }
}

/* Of one turn's events both may be of one connection, which the first ends. */
static void tls_turn(struct tls_loop *l, struct epoll_event *ev, int n) {
  for (int i = 0; i < n; i++) {
    struct tls_side *s = ev[i].data.ptr;
    if (!s) continue;
    struct tls_conn *c = s->c;
    for (int k = i + 1; k < n; k++) {
      struct tls_side *o = ev[k].data.ptr;
      if (o && (o == &c->net || o == &c->app)) ev[k].data.ptr = NULL;
    }
    tls_on_event(l, c);
  }
}

/* libmicrohttpd has said all it will: that goes out, as far as it does. */
static void tls_end_all(struct tls_loop *l) {
  for (struct tls_conn *c = l->first, *next; c; c = next) {
    next = c->next;
    if (c->state == TLS_OPEN) tls_pump(l, c);
  }
  while (l->first) tls_end(l, l->first);
}

static void *tls_run(void *arg) {
  struct tls_loop *l = arg;
  struct http_tls *t = l->front;
  u64 tended = node_clock_ms();
  while (!__atomic_load_n(&l->stop, __ATOMIC_ACQUIRE)) {
    struct epoll_event ev[TLS_EVENTS];
    int n = epoll_wait(l->epoll, ev, TLS_EVENTS, TLS_TURN_MS);
    bool accepts = false;
    for (int i = 0; i < n; i++) {
      u64 cnt;
      if (ev[i].data.ptr == l) {
        ssize_t got = read(l->wake, &cnt, sizeof cnt);
        (void)got;
        ev[i].data.ptr = NULL;
      } else if (ev[i].data.ptr == t) {
        accepts = true;
        ev[i].data.ptr = NULL;
      }
    }
    if (n > 0) tls_turn(l, ev, n);
    if (accepts) tls_accept(l);
    tls_join(l);
    u64 now = node_clock_ms();
    if (now - tended < TLS_TURN_MS && now >= tended) continue;
    tended = now;
    tls_tend(l, now);
    if (l == t->loop) tls_check_cert(t, now);
  }
  tls_join(l);
  tls_end_all(l);
  tls_ctx_unref(l->ctx);
  return NULL;
}

/*----------------------------------------------------------- start and stop */

static bool tls_loop_start(struct tls_loop *l) {
  struct epoll_event ev = {.events = EPOLLIN, .data.ptr = l};
  l->epoll = epoll_create1(EPOLL_CLOEXEC);
  l->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  pthread_mutex_init(&l->lock, NULL);
  l->made = true;
  if (l->epoll < 0 || l->wake < 0) return false;
  epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->wake, &ev);
  if (l->shakes) {
    ev.events = EPOLLIN | EPOLLEXCLUSIVE;
    ev.data.ptr = l->front;
    epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->front->listen, &ev);
  }
  l->started = pthread_create(&l->thread, NULL, tls_run, l) == 0;
  return l->started;
}

err http_tls_open(struct http *h, struct errmsg *msg) {
  const struct http_config *cfg = &h->cfg;
  if (strcmp(cfg->tls, "off") == 0) return ERR_OK;
  if (!tls_is_auto(h) && strcmp(cfg->tls, "files") != 0) {
    return err_say(msg, ERR_USAGE, "--ui.tls %s: one of off, auto, acme, files",
                   cfg->tls);
  }
  struct http_tls *t = h->tls = mem_alloc(sizeof *t);
  t->h = h;
  t->listen = -1;
  pthread_mutex_init(&t->lock, NULL);
  mbedtls_ssl_ticket_init(&t->tickets);
  http_cert_init(&t->cert);
  t->checked_ms = node_clock_ms();
  if (mbedtls_ssl_ticket_setup(&t->tickets, http_cert_random, NULL,
                               MBEDTLS_CIPHER_AES_256_GCM, 86400) != 0) {
    return err_say(msg, ERR_IO, "cannot set up TLS");
  }
  if (tls_is_acme(h)) TRY(http_acme_open(h, msg));
  if (tls_is_auto(h)) TRY(tls_open_ca(h, &t->ca, msg));
  return tls_make_cert(t, msg);
}

err http_tls_start(struct http *h, int listen_fd, struct errmsg *msg) {
  struct http_tls *t = h->tls;
  u32 n = h->cfg.thread_cnt;
  t->listen = listen_fd;
  fcntl(listen_fd, F_SETFL, fcntl(listen_fd, F_GETFL) | O_NONBLOCK);
  t->shaker_cnt = n < TLS_THREADS / 2 ? n : TLS_THREADS / 2;
  t->loop_cnt = 2 * t->shaker_cnt;
  for (u32 i = 0; i < t->loop_cnt; i++) {
    t->loop[i].front = t;
    t->loop[i].shakes = i < t->shaker_cnt;
  }
  for (u32 i = t->loop_cnt; i-- > 0;) { /* those that pump first */
    if (!tls_loop_start(&t->loop[i])) {
      return err_say(msg, ERR_IO, "cannot start the threads of TLS");
    }
  }
  return ERR_OK;
}

static void tls_stop_loops(struct http_tls *t, u32 from, u32 to) {
  for (u32 i = from; i < to; i++) {
    struct tls_loop *l = &t->loop[i];
    __atomic_store_n(&l->stop, true, __ATOMIC_RELEASE);
    if (!l->started) continue;
    tls_wake(l);
    pthread_join(l->thread, NULL);
    l->started = false;
  }
}

void http_tls_quiesce(struct http *h) {
  if (h->tls) tls_stop_loops(h->tls, 0, h->tls->shaker_cnt);
}

void http_tls_stop(struct http *h) {
  struct http_tls *t = h->tls;
  if (!t) return;
  tls_stop_loops(t, 0, t->loop_cnt);
  for (u32 i = 0; i < t->loop_cnt; i++) {
    struct tls_loop *l = &t->loop[i];
    if (!l->made) continue;
    if (l->epoll >= 0) close(l->epoll);
    if (l->wake >= 0) close(l->wake);
    pthread_mutex_destroy(&l->lock);
  }
}

void http_tls_free(struct http *h) {
  struct http_tls *t = h->tls;
  if (!t) return;
  mbedtls_ssl_ticket_free(&t->tickets);
  http_cert_fini(&t->cert);
  if (t->ca.key.ptr) mem_wipe(t->ca.key.ptr, t->ca.key.len);
  buf_fini(&t->ca.key);
  buf_fini(&t->ca.cert);
  pthread_mutex_destroy(&t->lock);
  mem_free(t);
  h->tls = NULL;
}

#undef TLS_SHAKE_MS
#undef TLS_SHAKE_MAX
#undef TLS_STALL_MS
#undef TLS_LINGER_MS
#undef TLS_TURN_MS
#undef TLS_CHECK_MS
#undef TLS_CHUNK
#undef TLS_EVENTS
#undef TLS_THREADS
