/* fuzz_surface.c - the input is what a client of the port sends, over a real
** socket to a running node: HTTP through libmicrohttpd, JSON-RPC, the
** dashboard's routes, WebSockets.
**
** The first byte says how the rest is sent: bits 0-2 the kind
**   0 as it is; 1 as the body of a JSON-RPC request; 2 as one text message of
**   a WebSocket; 3 as bytes after its handshake; 4 as a GET's path; 5 as the
**   headers of a JSON-RPC request; 6 as the body of an API route, which bits
**   5-7 choose; 7 as the first bytes of a TLS connection
** bits 3-4 in how many pieces.  The reply must begin as a reply does (HTTP or
** nothing), name no foreign bytes as its status, and the port must answer a
** plain request afterwards now and then.  What the sanitizers find fails. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/secp256k1.h"
#include "node/node.h"
#include "web/http.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

#define FUZZ_WAIT_MS 40      /* for a reply to begin: a request may be open */
#define FUZZ_MORE_MS 2
#define FUZZ_REPLY_MAX (1u << 20)

static struct node *fuzz_node;
static struct http *fuzz_plain, *fuzz_secure;
static char fuzz_dir[64], fuzz_path[96];

static void fuzz_end(void) {
  http_stop(fuzz_secure);
  http_stop(fuzz_plain);
  node_close(fuzz_node);
  unlink(fuzz_path);
  rmdir(fuzz_dir);
}

static void fuzz_begin(void) {
  struct errmsg msg;
  crypto_init(NULL);
  log_setup(0, LOG_TEXT);
  signal(SIGPIPE, SIG_IGN);
  snprintf(fuzz_dir, sizeof fuzz_dir, "/tmp/cybermiles-fuzz-XXXXXX");
  MUST(mkdtemp(fuzz_dir));
  snprintf(fuzz_path, sizeof fuzz_path, "%s/t.db", fuzz_dir);
  struct node_config nc = {.db_path = fuzz_path, .dev = true, .worker_cnt = 1};
  MUST(node_open(&fuzz_node, &nc, &msg) == ERR_OK);
  struct http_config hc = {
    .port = HTTP_PORT_ANY, .thread_cnt = 1, .worker_cnt = 2,
    .corsdomain = "http://a.example",
    .rpc = {.gas_cap = 200000, .batch_max = 16, .response_max = 1 << 18,
            .body_max = 65536}};
  MUST(http_start(&fuzz_plain, &hc, fuzz_node, &msg) == ERR_OK);
  hc.tls = "auto";
  MUST(http_start(&fuzz_secure, &hc, fuzz_node, &msg) == ERR_OK);
  atexit(fuzz_end);
}

static int fuzz_try_connect(const struct http *h) {
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_port = htons(http_port(h))};
  struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  MUST(fd >= 0);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  /* Reset at the end: no port waits out its minute. */
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(fd, (struct sockaddr *)&in, sizeof in) == 0) return fd;
  close(fd);
  return -1;
}

/* Others on this machine may have used up the ports for a while. */
static int fuzz_connect(const struct http *h) {
  int fd;
  for (u32 i = 0; (fd = fuzz_try_connect(h)) < 0; i++) {
    MUST(i < 70);
    sleep(1);
  }
  return fd;
}

static void fuzz_send(int fd, slice s, u32 pieces) {
  size_t step = s.len / pieces + 1;
  for (size_t at = 0; at < s.len; at += step) {
    size_t n = s.len - at < step ? s.len - at : step;
    if (send(fd, s.ptr + at, n, MSG_NOSIGNAL) < 0) return;
  }
}

/* What comes until it ends, or nothing more does. */
static void fuzz_take(struct buf *out, int fd, int wait_ms) {
  while (out->len < FUZZ_REPLY_MAX) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, out->len ? FUZZ_MORE_MS : wait_ms) <= 0) return;
    u8 *to = buf_room(out, 65536);
    MUST(to);
    ssize_t n = recv(fd, to, 65536, 0);
    if (n <= 0) return;
    out->len += (size_t)n;
  }
}

static void fuzz_put_request(struct buf *b, const char *line, slice body) {
  buf_printf(b, "%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                "application/json\r\nConnection: close\r\nContent-Length: "
                "%zu\r\n\r\n", line, body.len);
  buf_put_slice(b, body);
}

static void fuzz_put_socket(struct buf *b) {
  buf_put_str(b, "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                 "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
}

/* One masked text frame. */
static void fuzz_put_frame(struct buf *b, slice s) {
  static const u8 mask[4] = {0x37, 0xfa, 0x21, 0x3d};
  buf_put_u8(b, 0x81);
  if (s.len < 126) {
    buf_put_u8(b, (u8)(0x80 | s.len));
  } else {
    buf_put_u8(b, 0x80 | 126);
    buf_put_u8(b, (u8)(s.len >> 8));
    buf_put_u8(b, (u8)s.len);
  }
  buf_put(b, mask, 4);
  for (size_t i = 0; i < s.len; i++) buf_put_u8(b, s.ptr[i] ^ mask[i & 3]);
}

static void fuzz_build(struct buf *b, u8 how, slice in) {
  static const char *const route[8] = {
    "POST /api/send", "POST /api/keys", "POST /api/login", "POST /api/setup",
    "POST /api/logout", "POST /admin/rpc", "POST /api/users",
    "POST /api/sessions"};
  switch (how & 7) {
    case 1: fuzz_put_request(b, "POST /", in); break;
    case 2: fuzz_put_socket(b); fuzz_put_frame(b, in); break;
    case 3: fuzz_put_socket(b); buf_put_slice(b, in); break;
    case 4:
      buf_put_str(b, "GET /");
      buf_put_slice(b, in);
      buf_put_str(b, " HTTP/1.1\r\nHost: localhost\r\nConnection: close"
                     "\r\n\r\n");
      break;
    case 5:
      buf_put_str(b, "POST / HTTP/1.1\r\n");
      buf_put_slice(b, in);
      buf_put_str(b, "\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                     "\"eth_chainId\"}");
      break;
    case 6: fuzz_put_request(b, route[how >> 5], in); break;
    default: buf_put_slice(b, in); break;
  }
}

static void fuzz_check_alive(void) {
  struct buf b, reply;
  int fd = fuzz_connect(fuzz_plain);
  buf_init(&b, 0);
  buf_init(&reply, 0);
  fuzz_put_request(&b, "POST /", slice_str("{\"jsonrpc\":\"2.0\",\"id\":1,"
                                           "\"method\":\"eth_chainId\"}"));
  fuzz_send(fd, buf_slice(&b), 1);
  fuzz_take(&reply, fd, 9000);
  MUST(strstr(buf_cstr(&reply), "\"0x7a69\""));
  close(fd);
  buf_fini(&b);
  buf_fini(&reply);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  static u32 runs;
  struct buf b, reply;
  if (!fuzz_node) fuzz_begin();
  if (len < 1 || len > 60000) return 0;
  buf_init(&b, 0);
  buf_init(&reply, 0);
  bool tls = (data[0] & 7) == 7;
  fuzz_build(&b, data[0], slice_of(data + 1, len - 1));
  int fd = fuzz_connect(tls ? fuzz_secure : fuzz_plain);
  fuzz_send(fd, buf_slice(&b), 1 + ((data[0] >> 3) & 3));
  /* That we send no more ends what waits for more. */
  if ((data[0] & 7) == 0 || tls) shutdown(fd, SHUT_WR);
  fuzz_take(&reply, fd, FUZZ_WAIT_MS);
  if (reply.len && !tls) {
    size_t n = reply.len < 7 ? reply.len : 7;
    MUST(memcmp(reply.ptr, "HTTP/1.", n) == 0);
  }
  close(fd);
  buf_fini(&b);
  buf_fini(&reply);
  if (++runs % 256 == 0) fuzz_check_alive();
  node_dev_interval(fuzz_node, 0);
  node_dev_automine(fuzz_node, true);
  return 0;
}

#undef FUZZ_WAIT_MS
#undef FUZZ_MORE_MS
#undef FUZZ_REPLY_MAX
