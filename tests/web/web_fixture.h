/* web_fixture.h - for the tests of the port: a dev node behind HTTP, reached
** over real sockets. */
#ifndef TESTS_WEB_FIXTURE_H
#define TESTS_WEB_FIXTURE_H
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "rpc/rpc_fixture.h"
#include "web/http.h"

#define HOST "Host: localhost\r\n"
#define JSON HOST "Content-Type: application/json\r\n"

struct server {
  struct fixture f;
  struct http *http;
};

static inline void server_open(struct server *s,
                               const struct http_config *cfg) {
  struct errmsg msg = {.text = ""};
  fixture_open(&s->f, NULL);
  if (http_start(&s->http, cfg, s->f.node, &msg) < 0) fail_msg("%s", msg.text);
}
static inline void server_close(struct server *s) {
  http_stop(s->http);
  fixture_close(&s->f);
}
/* For cmocka: ends what *state is. */
static inline int server_teardown(void **state) {
  server_close(*state);
  return 0;
}

/* A connection, on which nothing is awaited longer than 20 seconds. */
static inline int server_reach(const struct server *s) {
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_port = htons(http_port(s->http))};
  struct timeval t = {20, 0};
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(fd >= 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
  assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
  return fd;
}
static inline void server_put(int fd, const void *p, size_t n) {
  const char *at = p;
  while (n) {
    ssize_t w = send(fd, at, n, MSG_NOSIGNAL);
    if (w <= 0) return; /* it has hung up: what it said is read */
    at += w;
    n -= (size_t)w;
  }
}
static inline void server_say(int fd, const char *text) {
  server_put(fd, text, strlen(text));
}
/* All that comes until the text holds what (NULL: nothing), or the end; in the
** arena. */
static inline const char *server_take(struct server *s, int fd,
                                      const char *what) {
  struct buf b;
  buf_init(&b, 0);
  while (!what || !strstr(buf_cstr(&b), what)) {
    u8 *p = buf_room(&b, 65536);
    ssize_t n = recv(fd, p, 65536, 0);
    if (n <= 0) break;
    b.len += (size_t)n;
  }
  const char *text = arena_printf(&s->f.arena, "%s", buf_cstr(&b));
  buf_fini(&b);
  return text;
}
/* One request (that asks to close) on a connection of its own; the whole
** reply. */
static inline const char *server_ask(struct server *s, const char *request) {
  int fd = server_reach(s);
  server_say(fd, request);
  const char *reply = server_take(s, fd, NULL);
  close(fd);
  return reply;
}
static inline int status_of(const char *reply) {
  return strncmp(reply, "HTTP/1.1 ", 9) == 0 ? atoi(reply + 9) : 0;
}
#endif
