/* notify_dial.c - see notify_dial.h.
**
** A static program must not use the C library's name service, so names go
** through c-ares: questions for A and AAAA at once, the first good answer is
** taken, IPv4 first.  Addresses are tried in order until one connects.
*/
#include "notify/notify_dial.h"

#include <ares.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/ssl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

#define DIAL_ADDRS 8u
/* RFC 1035, 3596; their header has names that clash. */
#define DIAL_CLASS_IN 1
#define DIAL_TYPE_A 1
#define DIAL_TYPE_AAAA 28
#define DIAL_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

struct dial_addr {
  u8 len; /* 4 or 16 */
  u8 byte[16];
};
struct dial_names {
  struct dial_addr addr[2 * DIAL_ADDRS];
  u32 v4, v6;    /* v4 from 0 on, v6 from DIAL_ADDRS on */
  u32 waiting;
  int why;       /* of the last failure, as c-ares numbers it */
};

struct notify_conn {
  int fd;
  bool secure;
  u64 deadline_ms;
  char host[256];
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config conf;
  mbedtls_x509_crt ca;
};

u64 notify_clock_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (u64)t.tv_sec * 1000 + (u64)t.tv_nsec / 1000000;
}

static int dial_left(u64 deadline_ms) {
  u64 now = notify_clock_ms();
  if (now >= deadline_ms) return 0;
  return deadline_ms - now > 60000 ? 60000 : (int)(deadline_ms - now);
}

/*------------------------------------------------------- which addresses */

/* Blocks that are no server's of the internet: prefix, its bits. */
static const struct dial_block {
  u8 len, bits, byte[16];
} dial_private[] = {
  {4, 8, {0}}, {4, 8, {10}}, {4, 10, {100, 64}}, {4, 8, {127}},
  {4, 16, {169, 254}}, {4, 12, {172, 16}}, {4, 24, {192, 0, 0}},
  {4, 24, {192, 0, 2}}, {4, 24, {192, 88, 99}}, {4, 16, {192, 168}},
  {4, 15, {198, 18}}, {4, 24, {198, 51, 100}}, {4, 24, {203, 0, 113}},
  {4, 4, {224}}, {4, 4, {240}},
  {16, 128, {0}}, {16, 128, {[15] = 1}}, {16, 64, {1}},
  {16, 32, {0x20, 0x01}}, {16, 32, {0x20, 0x01, 0x0d, 0xb8}},
  {16, 7, {0xfc}}, {16, 10, {0xfe, 0x80}}, {16, 10, {0xfe, 0xc0}},
  {16, 8, {0xff}},
};
/* Where an IPv4 address stands inside one of IPv6. */
static const struct dial_within {
  u8 bits, at, byte[12];
} dial_within[] = {
  {96, 12, {[10] = 0xff, [11] = 0xff}}, {96, 12, {0}},
  {96, 12, {0, 0x64, 0xff, 0x9b}}, {16, 2, {0x20, 0x02}},
};

static bool dial_begins(const u8 *a, const u8 *prefix, u32 bits) {
  if (memcmp(a, prefix, bits / 8) != 0) return false;
  return bits % 8 == 0 ||
         (a[bits / 8] ^ prefix[bits / 8]) >> (8 - bits % 8) == 0;
}

bool notify_address_private(const u8 *addr, size_t len) {
  for (u32 i = 0; i < ARRAY_LEN(dial_private); i++) {
    const struct dial_block *b = &dial_private[i];
    if (b->len == len && dial_begins(addr, b->byte, b->bits)) return true;
  }
  for (u32 i = 0; len == 16 && i < ARRAY_LEN(dial_within); i++) {
    const struct dial_within *w = &dial_within[i];
    if (dial_begins(addr, w->byte, w->bits) &&
        notify_address_private(addr + w->at, 4))
      return true;
  }
  return false;
}

/*------------------------------------------------------------------ names */

/* c-ares refers to these for service names, which are never given here; the C
** library's own would load shared libraries. */
struct servent *getservbyname(const char *name, const char *proto) {
  (void)name, (void)proto;
  return NULL;
}
int getservbyport_r(int port, const char *proto, struct servent *result,
                    char *buf, size_t len, struct servent **out) {
  (void)port, (void)proto, (void)result, (void)buf, (void)len;
  *out = NULL;
  return ENOENT;
}

static void dial_on_v4(void *arg, int status, int timeouts, u8 *reply,
                       int len) {
  struct dial_names *n = arg;
  struct ares_addrttl got[DIAL_ADDRS];
  int cnt = DIAL_ADDRS;
  (void)timeouts;
  if (status == ARES_EDESTRUCTION) return;
  n->waiting--;
  if (status == ARES_SUCCESS)
    status = ares_parse_a_reply(reply, len, NULL, got, &cnt);
  if (status != ARES_SUCCESS) {
    n->why = status;
    return;
  }
  for (int i = 0; i < cnt; i++) {
    struct dial_addr *a = &n->addr[n->v4++];
    a->len = 4;
    memcpy(a->byte, &got[i].ipaddr, 4);
  }
}

static void dial_on_v6(void *arg, int status, int timeouts, u8 *reply,
                       int len) {
  struct dial_names *n = arg;
  struct ares_addr6ttl got[DIAL_ADDRS];
  int cnt = DIAL_ADDRS;
  (void)timeouts;
  if (status == ARES_EDESTRUCTION) return;
  n->waiting--;
  if (status == ARES_SUCCESS)
    status = ares_parse_aaaa_reply(reply, len, NULL, got, &cnt);
  if (status != ARES_SUCCESS) {
    if (!n->why) n->why = status;
    return;
  }
  for (int i = 0; i < cnt; i++) {
    struct dial_addr *a = &n->addr[DIAL_ADDRS + n->v6++];
    a->len = 16;
    memcpy(a->byte, &got[i].ip6addr, 16);
  }
}

/* Until both answers are there, or one of IPv4, or the deadline. */
static void dial_wait(ares_channel ch, struct dial_names *n, u64 deadline_ms) {
  ares_socket_t sock[ARES_GETSOCK_MAXNUM];
  while (n->waiting && !n->v4) {
    struct pollfd p[ARES_GETSOCK_MAXNUM];
    struct timeval tv, max = {1, 0};
    /* ARES_GETSOCK_WRITABLE shifts into an int's sign. */
    u32 mask = (u32)ares_getsock(ch, sock, ARES_GETSOCK_MAXNUM);
    int left;
    nfds_t cnt = 0;
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
      bool out = mask >> (i + ARES_GETSOCK_MAXNUM) & 1;
      short want = (short)((mask >> i & 1 ? POLLIN : 0) | (out ? POLLOUT : 0));
      if (want) p[cnt++] = (struct pollfd){.fd = sock[i], .events = want};
    }
    left = dial_left(deadline_ms);
    if (!left) return;
    const struct timeval *t = ares_timeout(ch, &max, &tv);
    int ms = (int)(t->tv_sec * 1000 + t->tv_usec / 1000 + 1);
    poll(p, cnt, ms < left ? ms : left);
    for (nfds_t i = 0; i < cnt; i++) {
      ares_process_fd(ch, p[i].revents & ~POLLOUT ? p[i].fd : ARES_SOCKET_BAD,
                      p[i].revents & POLLOUT ? p[i].fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(ch, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  }
}

static err dial_ask(struct dial_names *n, const struct notify_net *net,
                    const char *host, u64 deadline_ms, struct errmsg *msg) {
  struct ares_options opt = {.timeout = 2000, .tries = 3};
  ares_channel ch;
  int e = ares_init_options(&ch, &opt, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
  if (e == ARES_SUCCESS && net->dns) {
    e = ares_set_servers_ports_csv(ch, net->dns);
    if (e != ARES_SUCCESS) ares_destroy(ch);
  }
  if (e != ARES_SUCCESS)
    return err_say(msg, ERR_IO, "name servers: %s", ares_strerror(e));
  n->waiting = 2;
  ares_query(ch, host, DIAL_CLASS_IN, DIAL_TYPE_A, dial_on_v4, n);
  ares_query(ch, host, DIAL_CLASS_IN, DIAL_TYPE_AAAA, dial_on_v6, n);
  dial_wait(ch, n, deadline_ms);
  bool late = n->waiting > 0;
  ares_destroy(ch);
  if (n->v4 + n->v6) return ERR_OK;
  if (late || n->why == ARES_ETIMEOUT || n->why == ARES_ECONNREFUSED)
    return err_say(msg, ERR_TIMEOUT, "%s: the name servers do not answer",
                   host);
  return err_say(msg, ERR_NOT_FOUND, "%s: %s", host, ares_strerror(n->why));
}

static err dial_find(struct dial_names *n, const struct notify_net *net,
                     const char *host, u64 deadline_ms, struct errmsg *msg) {
  memset(n, 0, sizeof *n);
  if (strcmp(host, "localhost") == 0) host = "127.0.0.1";
  if (inet_pton(AF_INET, host, n->addr[0].byte) == 1) {
    n->addr[0].len = 4;
    n->v4 = 1;
  } else if (inet_pton(AF_INET6, host, n->addr[DIAL_ADDRS].byte) == 1) {
    n->addr[DIAL_ADDRS].len = 16;
    n->v6 = 1;
  } else {
    return dial_ask(n, net, host, deadline_ms, msg);
  }
  return ERR_OK;
}

/*------------------------------------------------------------- connecting */

/* Waits for events; ERR_TIMEOUT at the deadline. */
static err dial_poll(const struct notify_conn *c, short events,
                     struct errmsg *msg) {
  struct pollfd p = {.fd = c->fd, .events = events};
  for (;;) {
    int left = dial_left(c->deadline_ms);
    int n = left ? poll(&p, 1, left) : 0;
    if (n > 0) return ERR_OK;
    if (!left) return err_say(msg, ERR_TIMEOUT, "%s: no answer in time",
                              c->host);
    if (n < 0 && errno != EINTR) return ERR_IO;
  }
}

static err dial_connect(struct notify_conn *c, const struct dial_addr *a,
                        u16 port, struct errmsg *msg) {
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                             .sin6_port = htons(port)};
  const struct sockaddr *sa = a->len == 4 ? (struct sockaddr *)&in
                                          : (struct sockaddr *)&in6;
  socklen_t size = a->len == 4 ? sizeof in : sizeof in6;
  int one = 1, why = 0;
  if (a->len == 4) memcpy(&in.sin_addr, a->byte, 4);
  else memcpy(&in6.sin6_addr, a->byte, 16);
  c->fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (c->fd < 0) return err_say(msg, ERR_IO, "no socket: %s", strerror(errno));
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->fd, sa, size) == 0) return ERR_OK;
  if (errno != EINPROGRESS) why = errno;
  if (!why) {
    socklen_t len = sizeof why;
    err e = dial_poll(c, POLLOUT, msg);
    if (e < 0) {
      close(c->fd);
      c->fd = -1;
      return e;
    }
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &why, &len);
  }
  if (!why) return ERR_OK;
  close(c->fd);
  c->fd = -1;
  return err_say(msg, ERR_IO, "%s: %s", c->host, strerror(why));
}

static err dial_any(struct notify_conn *c, const struct notify_net *net,
                    const struct dial_names *n, u16 port, struct errmsg *msg) {
  err e = ERR_NOT_FOUND;
  for (u32 i = 0; i < 2 * DIAL_ADDRS; i++) {
    const struct dial_addr *a = &n->addr[i];
    if (!a->len) continue;
    if (!net->local && notify_address_private(a->byte, a->len)) {
      e = err_say(msg, ERR_REFUSED, "%s is on this machine or in a private "
                  "network; --notify.local allows that", c->host);
      continue;
    }
    e = dial_connect(c, a, port, msg);
    if (e == ERR_OK || e == ERR_TIMEOUT) break;
  }
  return e;
}

err notify_dial(struct notify_conn **out, const struct notify_net *net,
                const char *host, u16 port, bool tls, u64 deadline_ms,
                struct errmsg *msg) {
  struct dial_names names;
  *out = NULL;
  if (strlen(host) >= sizeof ((struct notify_conn *)0)->host)
    return err_say(msg, ERR_USAGE, "a host's name is too long");
  TRY(dial_find(&names, net, host, deadline_ms, msg));
  struct notify_conn *c = mem_alloc(sizeof *c);
  c->fd = -1;
  c->deadline_ms = deadline_ms;
  memcpy(c->host, host, strlen(host) + 1);
  err e = dial_any(c, net, &names, port, msg);
  if (e == ERR_OK && tls) e = notify_conn_secure(c, net, msg);
  if (e < 0) notify_conn_close(c); else *out = c;
  return e;
}

/*-------------------------------------------------------------------- TLS */

static int dial_random(void *ctx, u8 *out, size_t len) {
  (void)ctx;
  while (len) {
    ssize_t n = getrandom(out, len, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    out += n;
    len -= (size_t)n;
  }
  return 0;
}

static int dial_send(void *ctx, const u8 *p, size_t len) {
  ssize_t n = send(((struct notify_conn *)ctx)->fd, p, len, MSG_NOSIGNAL);
  if (n >= 0) return (int)n;
  return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE
                                           : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int dial_recv(void *ctx, u8 *p, size_t len) {
  ssize_t n = recv(((struct notify_conn *)ctx)->fd, p, len, 0);
  if (n >= 0) return (int)n;
  return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ
                                           : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

/* What mbedTLS waits for; ERR_IO when it waits for nothing. */
static err dial_turn(struct notify_conn *c, int rc, struct errmsg *msg) {
  if (rc == MBEDTLS_ERR_SSL_WANT_READ) return dial_poll(c, POLLIN, msg);
  if (rc == MBEDTLS_ERR_SSL_WANT_WRITE) return dial_poll(c, POLLOUT, msg);
  return err_say(msg, ERR_IO, "%s: TLS error -0x%04x", c->host, (u32)-rc);
}

static err dial_refused(struct notify_conn *c, struct errmsg *msg) {
  char why[256] = "";
  u32 flags = mbedtls_ssl_get_verify_result(&c->ssl);
  mbedtls_x509_crt_verify_info(why, sizeof why, "", flags);
  why[strcspn(why, "\n")] = 0;
  return err_say(msg, ERR_REFUSED, "%s: its certificate is not good: %s",
                 c->host, why);
}

err notify_conn_secure(struct notify_conn *c, const struct notify_net *net,
                       struct errmsg *msg) {
  const char *file = net->ca_file ? net->ca_file : DIAL_CA_FILE;
  mbedtls_ssl_init(&c->ssl);
  mbedtls_ssl_config_init(&c->conf);
  mbedtls_x509_crt_init(&c->ca);
  c->secure = true;
  if (mbedtls_x509_crt_parse_file(&c->ca, file) < 0)
    return err_say(msg, ERR_IO, "%s: no certificates of authorities there; "
                   "install ca-certificates or give --notify.ca", file);
  if (mbedtls_ssl_config_defaults(&c->conf, MBEDTLS_SSL_IS_CLIENT,
                                  MBEDTLS_SSL_TRANSPORT_STREAM,
                                  MBEDTLS_SSL_PRESET_DEFAULT) != 0)
    return ERR_IO;
  mbedtls_ssl_conf_min_version(&c->conf, MBEDTLS_SSL_MAJOR_VERSION_3,
                               MBEDTLS_SSL_MINOR_VERSION_3);
  mbedtls_ssl_conf_authmode(&c->conf, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_chain(&c->conf, &c->ca, NULL);
  mbedtls_ssl_conf_rng(&c->conf, dial_random, NULL);
  if (mbedtls_ssl_setup(&c->ssl, &c->conf) != 0 ||
      mbedtls_ssl_set_hostname(&c->ssl, c->host) != 0)
    return ERR_IO;
  mbedtls_ssl_set_bio(&c->ssl, c, dial_send, dial_recv, NULL);
  for (;;) {
    int rc = mbedtls_ssl_handshake(&c->ssl);
    if (rc == 0) return ERR_OK;
    if (rc == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) return dial_refused(c, msg);
    TRY(dial_turn(c, rc, msg));
  }
}

/*---------------------------------------------------------------- reading */

static err dial_plain(const struct notify_conn *c, const char *what,
                      short events, struct errmsg *msg) {
  if (errno == EINTR) return ERR_OK;
  if (errno == EAGAIN) return dial_poll(c, events, msg);
  return err_say(msg, ERR_IO, "%s: %s: %s", c->host, what, strerror(errno));
}

err notify_conn_write(struct notify_conn *c, slice data, struct errmsg *msg) {
  while (data.len) {
    i64 n;
    if (c->secure) {
      n = mbedtls_ssl_write(&c->ssl, data.ptr, data.len);
      if (n <= 0) TRY(dial_turn(c, (int)n, msg));
    } else {
      n = send(c->fd, data.ptr, data.len, MSG_NOSIGNAL);
      if (n < 0) TRY(dial_plain(c, "sending", POLLOUT, msg));
    }
    if (n <= 0) continue;
    data.ptr += n;
    data.len -= (size_t)n;
  }
  return ERR_OK;
}

err notify_conn_read(struct notify_conn *c, void *out, size_t max, size_t *got,
                     struct errmsg *msg) {
  for (;;) {
    i64 n;
    *got = 0;
    if (c->secure) {
      n = mbedtls_ssl_read(&c->ssl, out, max);
      if (n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) n = 0;
      if (n < 0) TRY(dial_turn(c, (int)n, msg));
    } else {
      n = recv(c->fd, out, max, 0);
      if (n < 0) TRY(dial_plain(c, "receiving", POLLIN, msg));
    }
    if (n < 0) continue;
    *got = (size_t)n;
    return ERR_OK;
  }
}

void notify_conn_close(struct notify_conn *c) {
  if (!c) return;
  if (c->secure) {
    if (c->fd >= 0) mbedtls_ssl_close_notify(&c->ssl);
    mbedtls_ssl_free(&c->ssl);
    mbedtls_ssl_config_free(&c->conf);
    mbedtls_x509_crt_free(&c->ca);
  }
  if (c->fd >= 0) close(c->fd);
  mem_free(c);
}

#undef DIAL_ADDRS
#undef DIAL_CLASS_IN
#undef DIAL_TYPE_A
#undef DIAL_TYPE_AAAA
#undef DIAL_CA_FILE
