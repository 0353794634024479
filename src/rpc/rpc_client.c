/* rpc_client.c - one POST over a TCP connection of its own.
**
** The request asks for Connection: close, but the reply's end is told by its
** Content-Length or its chunks where it has them, so that a server that keeps
** the connection open does not make us wait.
*/
#include "rpc/rpc_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define CLIENT_HEAD_MAX 65536u

err rpc_client_parse(struct rpc_client_url *u, const char *url,
                     struct errmsg *msg) {
  char port[8] = "80";
  const char *p = url, *end;
  if (strncmp(p, "http://", 7) != 0) {
    return err_say(msg, ERR_USAGE, "%.200s: only http:// URLs are asked", url);
  }
  p += 7;
  bool v6 = *p == '[';
  if (v6) p++;
  end = p + strcspn(p, v6 ? "]" : ":/");
  if (end == p || end - p >= (ptrdiff_t)sizeof u->host) goto bad;
  memcpy(u->host, p, (size_t)(end - p));
  u->host[end - p] = 0;
  if (v6 && *end != ']') goto bad;
  p = v6 ? end + 1 : end;
  if (*p == ':') {
    size_t n = strspn(p + 1, "0123456789");
    if (n == 0 || n > 5) goto bad;
    memcpy(port, p + 1, n);
    port[n] = 0;
    p += 1 + n;
  }
  long num = strtol(port, NULL, 10);
  if ((*p && *p != '/') || num > 65535 || strlen(p) >= sizeof u->path) goto bad;
  if (strcasecmp(u->host, "localhost") == 0)
    memcpy(u->host, "127.0.0.1", sizeof "127.0.0.1");
  u->port = (u16)num;
  snprintf(u->path, sizeof u->path, "%s", *p ? p : "/");
  if (strpbrk(u->path, " \r\n")) goto bad;
  snprintf(u->authority, sizeof u->authority, v6 ? "[%s]:%u" : "%s:%u",
           u->host, u->port);
  return ERR_OK;
bad:
  return err_say(msg, ERR_USAGE,
                 "%.200s is no URL of the form http://127.0.0.1:8545", url);
}

err rpc_client_connect(int *fd, const struct rpc_client_url *u, u32 timeout_ms,
                       struct errmsg *msg) {
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(u->port)};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                             .sin6_port = htons(u->port)};
  struct sockaddr *sa = (struct sockaddr *)&in;
  socklen_t len = sizeof in;
  if (inet_pton(AF_INET, u->host, &in.sin_addr) != 1) {
    if (inet_pton(AF_INET6, u->host, &in6.sin6_addr) != 1) {
      return err_say(msg, ERR_USAGE,
                     "%s is no IP address: names are not looked up", u->host);
    }
    sa = (struct sockaddr *)&in6;
    len = sizeof in6;
  }
  int one = 1, s = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (s < 0) return err_say(msg, ERR_IO, "no socket: %s", strerror(errno));
  struct timeval t = {timeout_ms / 1000, (timeout_ms % 1000) * 1000};
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(s, sa, len) != 0) {
    int why = errno;
    close(s);
    return err_say(msg, ERR_IO, "no node answers at http://%s: %s",
                   u->authority, strerror(why));
  }
  *fd = s;
  return ERR_OK;
}

static err client_send(int fd, slice data, struct errmsg *msg) {
  while (data.len) {
    ssize_t n = send(fd, data.ptr, data.len, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return err_say(msg, ERR_IO, "sending: %s", strerror(errno));
    data.ptr += n;
    data.len -= (size_t)n;
  }
  return ERR_OK;
}

/* Appends what arrives; *end: the peer has closed. */
static err client_receive(int fd, struct buf *in, bool *end,
                          struct errmsg *msg) {
  u8 *p = buf_room(in, 65536);
  if (!p) return err_say(msg, ERR_LIMIT, "the answer is too large");
  ssize_t n = recv(fd, p, 65536, 0);
  *end = n == 0;
  if (n > 0) in->len += (size_t)n;
  if (n >= 0 || errno == EINTR) return ERR_OK;
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    return err_say(msg, ERR_TIMEOUT, "the node does not answer in time");
  }
  return err_say(msg, ERR_IO, "receiving: %s", strerror(errno));
}

static const u8 *client_find(slice in, const char *what) {
  size_t n = strlen(what);
  for (size_t i = 0; i + n <= in.len; i++) {
    if (memcmp(in.ptr + i, what, n) == 0) return in.ptr + i;
  }
  return NULL;
}

/* The value of a header within head (ends with an empty line), or NULL. */
static const char *client_header(const char *head, const char *name) {
  size_t n = strlen(name);
  for (const char *line = strstr(head, "\r\n"); line;
       line = strstr(line, "\r\n")) {
    line += 2;
    if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
      return line + n + 1 + strspn(line + n + 1, " \t");
    }
  }
  return NULL;
}

err rpc_client_unchunk(struct buf *out, slice in, bool *whole,
                       struct errmsg *msg) {
  buf_clear(out);
  *whole = false;
  for (;;) {
    const u8 *eol = client_find(in, "\r\n");
    if (!eol) return ERR_OK;
    char *stop, digits[20];
    size_t n = (size_t)(eol - in.ptr);
    if (n == 0 || n >= sizeof digits) goto bad;
    memcpy(digits, in.ptr, n);
    digits[n] = 0;
    unsigned long long len = strtoull(digits, &stop, 16);
    if (stop == digits || len > (1ull << 32)) goto bad;
    in.ptr += n + 2;
    in.len -= n + 2;
    *whole = len == 0;
    if (*whole || in.len < len + 2) return ERR_OK;
    buf_put(out, in.ptr, len);
    in.ptr += len + 2;
    in.len -= len + 2;
  }
bad:
  return err_say(msg, ERR_INPUT, "the answer is malformed");
}

static err client_check_head(const char *head, struct errmsg *msg) {
  if (strncmp(head, "HTTP/1.", 7) != 0) {
    return err_say(msg, ERR_INPUT, "what answers there does not speak HTTP");
  }
  if (strncmp(head + 8, " 200", 4) != 0) {
    return err_say(msg, ERR_INPUT, "refused: %.*s",
                   (int)strcspn(head, "\r\n"), head);
  }
  return ERR_OK;
}

/* Reads head and body of the reply. */
static err client_read_reply(struct buf *out, int fd, struct buf *in,
                             struct errmsg *msg) {
  bool end = false, whole = false;
  size_t head = 0;
  const char *length = NULL;
  bool chunked = false;
  while (!whole) {
    if (!end) TRY(client_receive(fd, in, &end, msg));
    if (!head) {
      const u8 *at = client_find(buf_slice(in), "\r\n\r\n");
      if (!at && (end || in->len > CLIENT_HEAD_MAX)) {
        return err_say(msg, ERR_INPUT, "the answer is malformed");
      }
      if (!at) continue;
      head = (size_t)(at - in->ptr) + 4;
    }
    /* The buffer moves: find the header anew. */
    in->ptr[head - 1] = 0;
    TRY(client_check_head((char *)in->ptr, msg));
    length = client_header((char *)in->ptr, "Content-Length");
    const char *coding =
        client_header((char *)in->ptr, "Transfer-Encoding");
    chunked = coding && strncasecmp(coding, "chunked", 7) == 0;
    size_t want = length ? strtoull(length, NULL, 10) : 0;
    slice body = slice_of(in->ptr + head, in->len - head);
    if (chunked) {
      TRY(rpc_client_unchunk(out, body, &whole, msg));
    } else {
      whole = length ? body.len >= want : end;
      if (whole) buf_put(out, body.ptr, length ? want : body.len);
    }
    if (end && !whole) return err_say(msg, ERR_IO, "the answer breaks off");
  }
  return ERR_OK;
}

err rpc_client_post(struct buf *out, const char *url, slice body, size_t max,
                    u32 timeout_ms, struct errmsg *msg) {
  struct rpc_client_url u;
  int fd = -1;
  struct buf req, in;
  TRY(rpc_client_parse(&u, url, msg));
  TRY(rpc_client_connect(&fd, &u, timeout_ms, msg));
  buf_init(&req, 0);
  buf_init(&in, max + CLIENT_HEAD_MAX + 65536);
  buf_printf(&req,
             "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json"
             "\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
             u.path, u.authority, body.len);
  buf_put_slice(&req, body);
  err e = client_send(fd, buf_slice(&req), msg);
  if (e >= 0) e = client_read_reply(out, fd, &in, msg);
  if (e >= 0 && out->len > max) {
    e = err_say(msg, ERR_LIMIT, "the answer is larger than %zu bytes", max);
  }
  buf_fini(&req);
  buf_fini(&in);
  close(fd);
  return e;
}

#undef CLIENT_HEAD_MAX
