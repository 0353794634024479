/* http_socket.c - WebSockets (RFC 6455) on the node's port: JSON-RPC both ways.
**
** libmicrohttpd does the handshake's HTTP and hands the socket over; from then
** on one thread of ours waits for all of them (epoll) and reads.  A message is
** a JSON-RPC body: quick ones are answered there, the rest by the workers,
** SOCKET_BUSY_MAX of one connection at once; while that many are under way, or
** replies wait to be read, nothing more is read from it.  Replies may
** overtake each other, as the ids tell.
**
** Who writes: whoever has something to say writes what the socket takes at
** once; the rest waits in out and the thread goes on when there is room.
** Notifications are never waited for: a reader with more than SOCKET_OUT_MAX
** bytes behind is cut off, as is one that takes nothing for SOCKET_STALL_MS,
** or says nothing, not even to pings, for twice SOCKET_PING_MS.
**
** Locks: a socket's own guards out and its flags; the list belongs to the
** thread alone, but what MHD has handed over waits under sockets->lock.
** References: the thread's, and one for each job.
**
** Limits: --http socket_max, rpc.body_max for a message, HTTP_BODIES_MAX for
** all that arrive, SOCKET_OUT_MAX before more is read.
*/
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "web/http_frame.h"
#include "web/http_int.h"

#define SOCKET_BUSY_MAX 4u
#define SOCKET_OUT_MAX (4u << 20)
#define SOCKET_PING_MS 30000u
#define SOCKET_STALL_MS 30000u
#define SOCKET_TURN_MS 1000
#define SOCKET_READ 65536u
#define SOCKET_EVENTS 64

struct http_socket {
  struct http_socket *next, *prev; /* the thread's list, or waiting to join */
  struct http_sockets *all;
  struct MHD_UpgradeResponseHandle *urh;
  int fd;
  struct rpc_session *session;
  struct http_frames frames;
  u64 counted;          /* of frames.message in http.body_bytes */
  u64 heard_ms, pinged_ms;
  u8 *extra;            /* read with the handshake */
  size_t extra_len;

  pthread_mutex_t lock; /* guards the following */
  struct buf out;
  size_t out_at;        /* sent of out */
  u64 sent_ms;          /* when the peer last took something */
  u32 busy, refs;
  bool paused;          /* not read from */
  bool waits;           /* for room: watched for EPOLLOUT */
  bool closing;         /* a close frame is in out: end when it is sent */
  bool dead;
};

struct http_sockets {
  struct http *h;
  int epoll, wake;
  pthread_t thread;
  struct http_socket *first;
  u32 cnt;              /* atomic */
  pthread_mutex_t lock; /* guards the following */
  struct http_socket *joining;
  bool stop;
};

static bool socket_stopping(struct http_sockets *all) {
  pthread_mutex_lock(&all->lock);
  bool stop = all->stop;
  pthread_mutex_unlock(&all->lock);
  return stop;
}

/*---------------------------------------------------------------- writing */

/* Under the socket's lock: what the socket is watched for. */
static void socket_watch(struct http_socket *s) {
  struct epoll_event ev = {.data.ptr = s};
  s->waits = s->out_at < s->out.len;
  if (!s->paused) ev.events |= EPOLLIN;
  if (s->waits) ev.events |= EPOLLOUT;
  epoll_ctl(s->all->epoll, EPOLL_CTL_MOD, s->fd, &ev);
}

static void socket_kill(struct http_socket *s) {
  if (s->dead) return;
  s->dead = true;
  shutdown(s->fd, SHUT_RDWR); /* wakes the thread */
}

/* Under the lock: writes what the socket takes. */
static void socket_flush(struct http_socket *s) {
  while (s->out_at < s->out.len && !s->dead) {
    ssize_t n = send(s->fd, s->out.ptr + s->out_at, s->out.len - s->out_at,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      s->out_at += (size_t)n;
      s->sent_ms = node_clock_ms();
    } else if (errno != EINTR) {
      if (errno != EAGAIN && errno != EWOULDBLOCK) socket_kill(s);
      break;
    }
  }
  if (s->out_at == s->out.len) {
    if (s->out.cap > SOCKET_READ) {
      buf_fini(&s->out);
      buf_init(&s->out, 0);
    }
    buf_clear(&s->out);
    s->out_at = 0;
    if (s->closing) socket_kill(s);
  }
  if (s->waits != (s->out_at < s->out.len) && !s->dead) socket_watch(s);
}

/* Under the lock: one frame on its way. */
static void socket_say(struct http_socket *s, enum http_frame_op op,
                       slice payload) {
  if (s->dead || s->closing) return;
  if (s->out_at == s->out.len) s->sent_ms = node_clock_ms();
  http_frame_put(&s->out, op, payload);
  socket_flush(s);
}

static void socket_close(struct http_socket *s, u16 code) {
  pthread_mutex_lock(&s->lock);
  if (!s->dead && !s->closing) {
    if (s->out_at == s->out.len) s->sent_ms = node_clock_ms();
    http_frame_put_close(&s->out, code);
    s->closing = true;
    socket_flush(s);
  }
  pthread_mutex_unlock(&s->lock);
}

/* A notification; a reader that is too far behind is cut off. */
static void socket_push(void *ctx, slice text) {
  struct http_socket *s = ctx;
  pthread_mutex_lock(&s->lock);
  if (s->out.len - s->out_at > SOCKET_OUT_MAX) {
    socket_kill(s);
  } else {
    socket_say(s, HTTP_FRAME_TEXT, text);
  }
  pthread_mutex_unlock(&s->lock);
}

/*--------------------------------------------------------------- messages */

struct socket_job {
  struct http_job job; /* first */
  struct http_socket *s;
  struct buf body;
};

static void socket_unref(struct http_socket *s) {
  pthread_mutex_lock(&s->lock);
  bool last = --s->refs == 0;
  pthread_mutex_unlock(&s->lock);
  if (!last) return;
  rpc_session_close(s->session);
  buf_fini(&s->out);
  http_frames_fini(&s->frames);
  mem_free(s->extra);
  pthread_mutex_destroy(&s->lock);
  mem_free(s);
}

/* Answers one body; the reply is on its way before what it subscribed to. */
static void socket_answer(struct http_socket *s, slice body) {
  struct rpc_peer peer = {.access = RPC_PUBLIC, .session = s->session};
  struct buf reply;
  buf_init(&reply, 0);
  rpc_handle(s->all->h->rpc, &reply, body, &peer);
  pthread_mutex_lock(&s->lock);
  if (reply.len) socket_say(s, HTTP_FRAME_TEXT, buf_slice(&reply));
  pthread_mutex_unlock(&s->lock);
  rpc_session_ready(s->session, &peer);
  buf_fini(&reply);
}

/* Under the lock: reads on, or not. */
static void socket_pause(struct http_socket *s) {
  bool pause = s->busy >= SOCKET_BUSY_MAX ||
               s->out.len - s->out_at > SOCKET_OUT_MAX;
  if (pause == s->paused || s->dead) return;
  s->paused = pause;
  socket_watch(s);
}

static void socket_wake(struct http_sockets *all) {
  u64 one = 1;
  ssize_t n = write(all->wake, &one, sizeof one);
  (void)n; /* full: it is awake */
}

static void socket_run_job(struct http_job *job) {
  struct socket_job *j = (struct socket_job *)job;
  struct http_socket *s = j->s;
  socket_answer(s, buf_slice(&j->body));
  pthread_mutex_lock(&s->lock);
  s->busy--;
  bool was = s->paused;
  socket_pause(s);
  /* What was read before the pause is still to be looked at. */
  bool look = was && !s->paused;
  pthread_mutex_unlock(&s->lock);
  if (look) socket_wake(s->all);
  __atomic_sub_fetch(&s->all->h->body_bytes, j->body.cap, __ATOMIC_RELAXED);
  buf_fini(&j->body);
  mem_free(j);
  socket_unref(s);
}

static void socket_message(struct http_socket *s) {
  struct http_sockets *all = s->all;
  if (rpc_is_quick(buf_slice(&s->frames.message))) {
    socket_answer(s, buf_slice(&s->frames.message));
    return;
  }
  struct socket_job *j = mem_alloc(sizeof *j);
  j->job.run = socket_run_job;
  j->s = s;
  j->body = s->frames.message; /* counted already */
  s->counted -= j->body.cap < s->counted ? j->body.cap : s->counted;
  buf_init(&s->frames.message, 0);
  pthread_mutex_lock(&s->lock);
  s->busy++;
  s->refs++;
  pthread_mutex_unlock(&s->lock);
  if (http_job_add(all->h, &j->job)) return;
  __atomic_sub_fetch(&all->h->body_bytes, j->body.cap, __ATOMIC_RELAXED);
  buf_fini(&j->body);
  mem_free(j);
  pthread_mutex_lock(&s->lock);
  s->busy--;
  s->refs--;
  pthread_mutex_unlock(&s->lock);
  socket_close(s, HTTP_CLOSE_AWAY);
}

/*---------------------------------------------------------------- reading */

/* Memory of messages under way counts with all bodies. */
static void socket_count(struct http_socket *s) {
  u64 *total = &s->all->h->body_bytes;
  u64 now = s->frames.message.cap;
  u64 sum = __atomic_add_fetch(total, now - s->counted, __ATOMIC_RELAXED);
  s->counted = now;
  if (sum > HTTP_BODIES_MAX && now) socket_close(s, HTTP_CLOSE_LATER);
}

static void socket_event(struct http_socket *s, enum http_frame_got got) {
  switch (got) {
    case HTTP_GOT_MESSAGE: socket_message(s); break;
    case HTTP_GOT_PING:
      pthread_mutex_lock(&s->lock);
      socket_say(s, HTTP_FRAME_PONG,
                 slice_of(s->frames.control, s->frames.control_len));
      pthread_mutex_unlock(&s->lock);
      break;
    case HTTP_GOT_CLOSE:
    case HTTP_GOT_FAULT: socket_close(s, s->frames.close_code); break;
    default: break;
  }
}

/* Takes messages off bytes until they are used up or the socket pauses; keeps
** the rest in extra. */
static void socket_take(struct http_socket *s, slice in) {
  enum http_frame_got got;
  for (;;) {
    pthread_mutex_lock(&s->lock);
    socket_pause(s);
    bool stop = s->paused || s->dead || s->closing;
    pthread_mutex_unlock(&s->lock);
    if (stop) break;
    got = http_frames_read(&s->frames, &in);
    socket_count(s);
    if (got == HTTP_GOT_NOTHING) break;
    socket_event(s, got);
  }
  u8 *rest = NULL;
  if (in.len) {
    rest = mem_alloc(in.len);
    memcpy(rest, in.ptr, in.len);
  }
  mem_free(s->extra);
  s->extra = rest;
  s->extra_len = in.len;
}

static void socket_take_extra(struct http_socket *s) {
  u8 *had = s->extra;
  size_t len = s->extra_len;
  s->extra = NULL;
  s->extra_len = 0;
  if (had) socket_take(s, slice_of(had, len));
  mem_free(had);
}

static void socket_read(struct http_socket *s) {
  u8 bytes[SOCKET_READ];
  socket_take_extra(s);
  pthread_mutex_lock(&s->lock);
  bool wait = s->extra_len || s->paused || s->dead;
  pthread_mutex_unlock(&s->lock);
  if (wait) return;
  ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n > 0) {
    s->heard_ms = node_clock_ms();
    socket_take(s, slice_of(bytes, (size_t)n));
  } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
    pthread_mutex_lock(&s->lock);
    socket_kill(s);
    pthread_mutex_unlock(&s->lock);
  }
}

/*-------------------------------------------------------------- the thread */

static void socket_end(struct http_socket *s) {
  struct http_sockets *all = s->all;
  pthread_mutex_lock(&s->lock);
  s->dead = true;
  epoll_ctl(all->epoll, EPOLL_CTL_DEL, s->fd, NULL);
  pthread_mutex_unlock(&s->lock);
  if (s->prev) {
    s->prev->next = s->next;
  } else {
    all->first = s->next;
  }
  if (s->next) s->next->prev = s->prev;
  __atomic_sub_fetch(&all->h->body_bytes, s->counted, __ATOMIC_RELAXED);
  __atomic_sub_fetch(&all->cnt, 1, __ATOMIC_RELAXED);
  MHD_upgrade_action(s->urh, MHD_UPGRADE_ACTION_CLOSE);
  socket_unref(s);
}

static void socket_join(struct http_sockets *all) {
  pthread_mutex_lock(&all->lock);
  struct http_socket *list = all->joining;
  all->joining = NULL;
  pthread_mutex_unlock(&all->lock);
  for (struct http_socket *s = list, *next; s; s = next) {
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = s};
    next = s->next;
    s->prev = NULL;
    s->next = all->first;
    if (s->next) s->next->prev = s;
    all->first = s;
    s->heard_ms = s->pinged_ms = node_clock_ms();
    epoll_ctl(all->epoll, EPOLL_CTL_ADD, s->fd, &ev);
    socket_take_extra(s);
  }
}

/* Pings the silent, ends the dead and the stalled, and looks at what was read
** before a pause. */
static void socket_tend(struct http_socket *s, u64 now) {
  pthread_mutex_lock(&s->lock);
  bool stalled = s->out_at < s->out.len && now > s->sent_ms &&
                 now - s->sent_ms > SOCKET_STALL_MS;
  bool silent = now > s->heard_ms && now - s->heard_ms > 2 * SOCKET_PING_MS;
  if (stalled || silent) {
    socket_kill(s);
  } else if (now > s->heard_ms && now - s->heard_ms > SOCKET_PING_MS &&
             now - s->pinged_ms > SOCKET_PING_MS) {
    s->pinged_ms = now;
    socket_say(s, HTTP_FRAME_PING, slice_of(NULL, 0));
  }
  socket_pause(s);
  bool look = s->extra_len && !s->paused && !s->dead;
  bool dead = s->dead;
  pthread_mutex_unlock(&s->lock);
  if (dead) {
    socket_end(s);
  } else if (look) {
    socket_take_extra(s);
  }
}

static void socket_ready(struct http_socket *s, u32 events) {
  if (events & EPOLLOUT) {
    pthread_mutex_lock(&s->lock);
    socket_flush(s);
    socket_pause(s);
    pthread_mutex_unlock(&s->lock);
  }
  if (events & EPOLLIN) socket_read(s);
  pthread_mutex_lock(&s->lock);
  bool dead = s->dead || (events & (EPOLLERR | EPOLLHUP));
  pthread_mutex_unlock(&s->lock);
  if (dead) socket_end(s);
}

static void *socket_main(void *arg) {
  struct http_sockets *all = arg;
  u64 tended = node_clock_ms();
  while (!socket_stopping(all)) {
    struct epoll_event ev[SOCKET_EVENTS];
    int n = epoll_wait(all->epoll, ev, SOCKET_EVENTS, SOCKET_TURN_MS);
    bool woken = false;
    for (int i = 0; i < n; i++) {
      if (ev[i].data.ptr) {
        socket_ready(ev[i].data.ptr, ev[i].events);
      } else {
        u64 cnt;
        ssize_t got = read(all->wake, &cnt, sizeof cnt);
        woken |= got > 0;
      }
    }
    socket_join(all);
    u64 now = node_clock_ms();
    if (!woken && now >= tended && now - tended < SOCKET_TURN_MS) continue;
    tended = now;
    http_peers_tend(all->h, now);
    for (struct http_socket *s = all->first, *next; s; s = next) {
      next = s->next;
      socket_tend(s, now);
    }
  }
  socket_join(all);
  while (all->first) {
    socket_close(all->first, HTTP_CLOSE_AWAY);
    socket_end(all->first);
  }
  return NULL;
}

/*-------------------------------------------------------------- handshake */

/* On an event loop of libmicrohttpd: the socket is ours. */
static void socket_on_upgrade(void *cls, struct MHD_Connection *conn,
                              void *ctx, const char *extra, size_t extra_len,
                              MHD_socket fd,
                              struct MHD_UpgradeResponseHandle *urh) {
  struct http_sockets *all = cls;
  (void)conn;
  (void)ctx;
  if (socket_stopping(all)) {
    MHD_upgrade_action(urh, MHD_UPGRADE_ACTION_CLOSE);
    return;
  }
  struct http_socket *s = mem_alloc(sizeof *s);
  s->all = all;
  s->urh = urh;
  s->fd = fd;
  s->refs = 1;
  if (extra_len) {
    s->extra = mem_alloc(extra_len);
    memcpy(s->extra, extra, extra_len);
    s->extra_len = extra_len;
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  pthread_mutex_init(&s->lock, NULL);
  buf_init(&s->out, 0);
  http_frames_init(&s->frames, rpc_limits(all->h->rpc)->body_max);
  s->session = rpc_session_open(all->h->rpc, socket_push, s);
  __atomic_add_fetch(&all->cnt, 1, __ATOMIC_RELAXED);
  pthread_mutex_lock(&all->lock);
  bool late = all->stop;
  if (!late) {
    s->next = all->joining;
    all->joining = s;
  }
  pthread_mutex_unlock(&all->lock);
  if (!late) {
    socket_wake(all);
  } else {
    MHD_upgrade_action(urh, MHD_UPGRADE_ACTION_CLOSE);
    socket_unref(s);
  }
}

/* Whether a list of tokens has one. */
static bool socket_has_token(const char *list, const char *token) {
  size_t len = strlen(token);
  for (const char *p = list ? list : ""; *p;) {
    p += strspn(p, ", \t");
    size_t n = strcspn(p, ", \t");
    if (n == len && strncasecmp(p, token, n) == 0) return true;
    p += n;
  }
  return false;
}

bool http_socket_wanted(const struct http_request *rq) {
  return socket_has_token(http_header(rq, "Upgrade"), "websocket");
}

static enum MHD_Result socket_refuse(struct http_request *rq, u32 status,
                                     const char *why) {
  struct MHD_Response *r = MHD_create_response_from_buffer(
      strlen(why), (void *)why, MHD_RESPMEM_PERSISTENT);
  MUST(r);
  MHD_add_response_header(r, "Content-Type", "text/plain; charset=utf-8");
  MHD_add_response_header(r, "Sec-WebSocket-Version", "13");
  enum MHD_Result ok = MHD_queue_response(rq->conn, status, r);
  MHD_destroy_response(r);
  return ok;
}

enum MHD_Result http_socket_send(struct http_request *rq) {
  struct http_sockets *all = rq->h->sockets;
  const char *key = http_header(rq, "Sec-WebSocket-Key");
  const char *version = http_header(rq, "Sec-WebSocket-Version");
  char accept[29];
  if (rq->h->cfg.no_ws) {
    return socket_refuse(rq, MHD_HTTP_FORBIDDEN, "started with --ws=false\n");
  }
  if (!http_socket_origin_allowed(rq)) {
    return socket_refuse(rq, MHD_HTTP_FORBIDDEN,
                         "this origin is not allowed: see --ws.origins and "
                         "--http.corsdomain\n");
  }
  if (!version || strcmp(version, "13") != 0) {
    return socket_refuse(rq, MHD_HTTP_UPGRADE_REQUIRED,
                         "WebSocket version 13 is spoken here\n");
  }
  if (!key || !http_frame_key_valid(key) ||
      !socket_has_token(http_header(rq, "Connection"), "upgrade")) {
    return socket_refuse(rq, MHD_HTTP_BAD_REQUEST,
                         "malformed WebSocket handshake\n");
  }
  if (__atomic_load_n(&all->cnt, __ATOMIC_RELAXED) >= rq->h->cfg.socket_max) {
    return socket_refuse(rq, MHD_HTTP_SERVICE_UNAVAILABLE,
                         "too many WebSockets\n");
  }
  struct MHD_Response *r =
      MHD_create_response_for_upgrade(socket_on_upgrade, all);
  MUST(r);
  http_frame_accept(accept, key);
  MHD_add_response_header(r, "Upgrade", "websocket");
  MHD_add_response_header(r, "Sec-WebSocket-Accept", accept);
  enum MHD_Result ok =
      MHD_queue_response(rq->conn, MHD_HTTP_SWITCHING_PROTOCOLS, r);
  MHD_destroy_response(r);
  return ok;
}

/*----------------------------------------------------------- start and stop */

void http_sockets_start(struct http *h) {
  struct http_sockets *all = h->sockets = mem_alloc(sizeof *all);
  struct epoll_event ev = {.events = EPOLLIN};
  all->h = h;
  all->epoll = epoll_create1(EPOLL_CLOEXEC);
  all->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  MUST(all->epoll >= 0 && all->wake >= 0);
  pthread_mutex_init(&all->lock, NULL);
  epoll_ctl(all->epoll, EPOLL_CTL_ADD, all->wake, &ev);
  MUST(pthread_create(&all->thread, NULL, socket_main, all) == 0);
}

void http_sockets_stop(struct http *h) {
  struct http_sockets *all = h->sockets;
  pthread_mutex_lock(&all->lock);
  all->stop = true;
  pthread_mutex_unlock(&all->lock);
  socket_wake(all);
  pthread_join(all->thread, NULL);
}

void http_sockets_free(struct http *h) {
  struct http_sockets *all = h->sockets;
  close(all->epoll);
  close(all->wake);
  pthread_mutex_destroy(&all->lock);
  mem_free(all);
}

#undef SOCKET_BUSY_MAX
#undef SOCKET_OUT_MAX
#undef SOCKET_PING_MS
#undef SOCKET_STALL_MS
#undef SOCKET_TURN_MS
#undef SOCKET_READ
#undef SOCKET_EVENTS
