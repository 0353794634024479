/* bench_load.c - connections that a node must bear, for load.sh.
**
**   bench_load --url http://127.0.0.1:8545 [--idle 10000] [--subscribers 2000]
**
** Opens idle kept connections, each after one request, and WebSockets that
** subscribe to newHeads; prints "ready" and a line end; reads what the
** subscribers are sent until its input ends; asks once more on each idle
** connection; prints
**   {"name":"load_clients","idle":10000,"idle_alive":10000,"subscribers":2000,
**    "subscribers_alive":2000,"heads_min":41,"heads_max":41,"heads_bytes":…,
**    "open_s":…}
** and ends.  heads_min: of the subscriber that was told of the fewest blocks.
** Raises its own limit of open files as far as it may. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "bench/bench_time.h"

enum { LOADB_EVENTS = 256, LOADB_READ = 65536, LOADB_MAX = 60000 };

/* A subscriber reads frames: head bytes until they tell the length, then the
** rest is skipped. */
struct loadb_sub {
  int fd;
  u8 head[4];
  u32 head_len;
  u64 skip;
  u64 heads;
};
static u32 loadb_idle = 10000, loadb_subs = 2000;
static u16 loadb_port;
static int *loadb_fd;
static struct loadb_sub *loadb_sub;
static u64 loadb_bytes;

static void loadb_die(const char *what) {
  fprintf(stderr, "bench_load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void loadb_raise_files(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files)) loadb_die("getrlimit");
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_cur < loadb_idle + loadb_subs + 64)
    loadb_die("too few open files allowed: raise ulimit -n");
}

static int loadb_connect(void) {
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_port = htons(loadb_port)};
  struct timeval limit = {60, 0};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0) loadb_die("socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (connect(fd, (struct sockaddr *)&in, sizeof in)) loadb_die("connect");
  return fd;
}

static void loadb_put(int fd, const char *text, size_t len) {
  if (send(fd, text, len, MSG_NOSIGNAL) != (ssize_t)len) loadb_die("send");
}

/* Reads until what was read ends with `end`; false when the node hung up. */
static bool loadb_until(int fd, const char *end) {
  char text[4096];
  size_t n = 0, len = strlen(end);
  while (n < len || memcmp(text + n - len, end, len) != 0) {
    ssize_t got = recv(fd, text + n, sizeof text - n, 0);
    if (got <= 0) return false;
    n += (size_t)got;
  }
  return true;
}

static bool loadb_ask(int fd) {
  static const char body[] =
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}";
  char text[256];
  int n = snprintf(text, sizeof text,
                   "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: "
                   "application/json\r\nContent-Length: %zu\r\n\r\n%s",
                   sizeof body - 1, body);
  return send(fd, text, (size_t)n, MSG_NOSIGNAL) == n &&
         loadb_until(fd, "\"}");
}

/* The mask is zero, so the text goes as it is. */
static void loadb_subscribe(struct loadb_sub *s) {
  static const char head[] =
      "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                             "\"eth_subscribe\",\"params\":[\"newHeads\"]}";
  char frame[sizeof text + 5] = {(char)0x81, (char)(0x80 | (sizeof text - 1))};
  memcpy(frame + 6, text, sizeof text - 1);
  s->fd = loadb_connect();
  loadb_put(s->fd, head, sizeof head - 1);
  if (!loadb_until(s->fd, "\r\n\r\n")) loadb_die("handshake");
  loadb_put(s->fd, frame, sizeof text + 5);
}

/* Counts the frames in p: the first is the reply, the rest are heads. */
static void loadb_frames(struct loadb_sub *s, const u8 *p, size_t n) {
  while (n) {
    if (s->skip) {
      size_t k = s->skip < n ? s->skip : n;
      s->skip -= k;
      p += k;
      n -= k;
      continue;
    }
    s->head[s->head_len++] = *p++;
    n--;
    if (s->head_len < 2) continue;
    u32 len = s->head[1] & 0x7f;
    if (len == 126 && s->head_len < 4) continue;
    s->skip = len == 126 ? (u64)s->head[2] << 8 | s->head[3] : len;
    s->heads += (s->head[0] & 15) == 1;
    s->head_len = 0;
  }
}

static void loadb_read(struct loadb_sub *s) {
  static u8 in[LOADB_READ];
  ssize_t n = recv(s->fd, in, sizeof in, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {
    close(s->fd);
    s->fd = -1;
    return;
  }
  loadb_bytes += (u64)n;
  loadb_frames(s, in, (size_t)n);
}

static void loadb_serve(void) {
  int ep = epoll_create1(0);
  struct epoll_event ev = {.events = EPOLLIN}, got[LOADB_EVENTS];
  if (epoll_ctl(ep, EPOLL_CTL_ADD, 0, &ev)) loadb_die("input: a pipe is wanted");
  for (u32 i = 0; i < loadb_subs; i++) {
    ev.data.ptr = &loadb_sub[i];
    epoll_ctl(ep, EPOLL_CTL_ADD, loadb_sub[i].fd, &ev);
  }
  for (bool end = false; !end;) {
    int n = epoll_wait(ep, got, LOADB_EVENTS, -1);
    for (int i = 0; i < n; i++) {
      char c;
      if (got[i].data.ptr) loadb_read(got[i].data.ptr);
      else end = read(0, &c, 1) <= 0;
    }
  }
  close(ep);
}

static void loadb_report(double open_s) {
  u64 min = UINT64_MAX, max = 0;
  u32 idle = 0, subs = 0;
  for (u32 i = 0; i < loadb_idle; i++) idle += loadb_ask(loadb_fd[i]);
  for (u32 i = 0; i < loadb_subs; i++) {
    u64 heads = loadb_sub[i].heads ? loadb_sub[i].heads - 1 : 0;
    subs += loadb_sub[i].fd >= 0;
    if (heads < min) min = heads;
    if (heads > max) max = heads;
  }
  printf("{\"name\":\"load_clients\",\"idle\":%u,\"idle_alive\":%u,"
         "\"subscribers\":%u,\"subscribers_alive\":%u,\"heads_min\":%llu,"
         "\"heads_max\":%llu,\"heads_bytes\":%llu,\"open_s\":%.2f}\n",
         loadb_idle, idle, loadb_subs, subs,
         (unsigned long long)(loadb_subs ? min : 0), (unsigned long long)max,
         (unsigned long long)loadb_bytes, open_s);
}

int main(int argc, char **argv) {
  const char *url = NULL;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!strcmp(argv[i], "--url")) url = argv[i + 1];
    else if (!strcmp(argv[i], "--idle")) loadb_idle = (u32)atoi(argv[i + 1]);
    else if (!strcmp(argv[i], "--subscribers"))
      loadb_subs = (u32)atoi(argv[i + 1]);
  }
  if (!url || !strrchr(url, ':') || loadb_idle > LOADB_MAX ||
      loadb_subs > LOADB_MAX) {
    fprintf(stderr, "bench_load: wants --url; make bench-load gives it\n");
    return 0;
  }
  loadb_port = (u16)atoi(strrchr(url, ':') + 1);
  loadb_raise_files();
  loadb_fd = mem_alloc(sizeof *loadb_fd * (loadb_idle + 1));
  loadb_sub = mem_alloc(sizeof *loadb_sub * (loadb_subs + 1));
  double start = bench_now();
  for (u32 i = 0; i < loadb_idle; i++) {
    loadb_fd[i] = loadb_connect();
    if (!loadb_ask(loadb_fd[i])) loadb_die("an idle connection");
  }
  for (u32 i = 0; i < loadb_subs; i++) loadb_subscribe(&loadb_sub[i]);
  double open_s = bench_now() - start;
  printf("ready\n");
  fflush(stdout);
  loadb_serve();
  loadb_report(open_s);
  mem_free(loadb_fd);
  mem_free(loadb_sub);
  return 0;
}
