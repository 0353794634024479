/* http_accept.c - takes connections and shares them out among libmicrohttpd's
** event loops.
**
** Left to themselves the loops accept what they find first, up to ten at once,
** so that of 32 connections one may have 24 and the other 8: and a request
** then waits behind 23 others instead of 15.  Here one thread accepts, and a
** connection goes to the loop that has the fewest.
**
** libmicrohttpd chooses the loop by the socket's number, modulo their count
** (MHD_add_connection): a socket whose number leads elsewhere gets another.
** With --ui.tls connections come in through http_tls.c, which gives them on
** from here.
**
** The limit of connections is kept here, by a count that is exact: it goes up
** before libmicrohttpd sees the socket and down when it tells of the end.
** libmicrohttpd 0.9.75 must never meet a limit of its own: a loop that finds
** itself full when it takes up a new connection leaves its lock held and hangs
** at the next one's end, for ever.
*/
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "web/http_int.h"

#define ACCEPT_PAUSE_MS 10 /* without room for more sockets */

void http_accept_end(struct http *h, int fd) {
  __atomic_sub_fetch(&h->loop_conns[(u32)fd % h->cfg.thread_cnt], 1,
                     __ATOMIC_RELAXED);
}

u32 http_accept_cnt(const struct http *h, bool busiest) {
  u32 sum = 0, most = 0;
  for (u32 i = 0; i < h->cfg.thread_cnt; i++) {
    u32 cnt = __atomic_load_n(&h->loop_conns[i], __ATOMIC_RELAXED);
    sum += cnt;
    if (cnt > most) most = cnt;
  }
  return busiest ? most : sum;
}

/* The same socket under a number of the emptiest loop, where that is to be
** had. */
static int accept_place(const struct http *h, int fd) {
  u32 n = h->cfg.thread_cnt, own = (u32)fd % n, best = own;
  u32 least = __atomic_load_n(&h->loop_conns[own], __ATOMIC_RELAXED);
  for (u32 i = 0; i < n && least; i++) {
    u32 cnt = __atomic_load_n(&h->loop_conns[i], __ATOMIC_RELAXED);
    if (cnt < least) best = i, least = cnt;
  }
  if (best == own) return fd;
  int other = fcntl(fd, F_DUPFD_CLOEXEC, fd + (int)((best + n - own) % n));
  if (other < 0) return fd;
  close(fd);
  return other;
}

bool http_accept_give(struct http *h, int fd, const struct sockaddr *sa,
                      socklen_t len) {
  if (http_accept_cnt(h, false) >= h->cfg.conn_max) {
    close(fd);
    return false;
  }
  fd = accept_place(h, fd);
  __atomic_add_fetch(&h->loop_conns[(u32)fd % h->cfg.thread_cnt], 1,
                     __ATOMIC_RELAXED);
  /* Refused, for its address's limit, it is closed already. */
  if (MHD_add_connection(h->daemon, fd, sa, len) == MHD_YES) return true;
  http_accept_end(h, fd);
  return false;
}

static bool accept_one(struct http *h) {
  struct sockaddr_storage sa;
  socklen_t len = sizeof sa;
  int fd = accept4(h->listen, (struct sockaddr *)&sa, &len,
                   SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return false;
  http_accept_give(h, fd, (struct sockaddr *)&sa, len);
  return true;
}

static void *accept_run(void *arg) {
  struct http *h = arg;
  struct pollfd p[2] = {{.fd = h->listen, .events = POLLIN},
                        {.fd = h->accept_wake, .events = POLLIN}};
  for (;;) {
    if (poll(p, 2, -1) < 0 && errno != EINTR) return NULL;
    if (p[1].revents) return NULL;
    if (!(p[0].revents & POLLIN)) continue;
    while (accept_one(h)) continue;
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
        errno == ENOBUFS)
      poll(&p[1], 1, ACCEPT_PAUSE_MS);
  }
}

err http_accept_start(struct http *h, struct errmsg *msg) {
  fcntl(h->listen, F_SETFL, fcntl(h->listen, F_GETFL) | O_NONBLOCK);
  h->accept_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  h->accepting = h->accept_wake >= 0 &&
                 pthread_create(&h->accept_thread, NULL, accept_run, h) == 0;
  return h->accepting ? ERR_OK
                      : err_say(msg, ERR_IO, "cannot start the HTTP threads");
}

void http_accept_stop(struct http *h) {
  u64 one = 1;
  if (h->accepting) {
    ssize_t n = write(h->accept_wake, &one, sizeof one);
    (void)n;
    pthread_join(h->accept_thread, NULL);
  }
  h->accepting = false;
  if (h->accept_wake >= 0) close(h->accept_wake);
  h->accept_wake = -1;
}
#undef ACCEPT_PAUSE_MS
