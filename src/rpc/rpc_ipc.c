/* rpc_ipc.c - see rpc_ipc.h.
**
** One thread takes connections, each connection has one of its own, which
** answers its requests one after the other in the order they came.  A value
** may arrive byte by byte and several in one piece.
**
** Writing never waits: what the socket does not take stays in out, and the
** connection's thread goes on with it; while more than IPC_OUT_MAX waits,
** nothing is read.  Notifications come on another thread; a reader with more
** than that behind is cut off, as is one that takes nothing for IPC_STALL_MS.
**
** Limits: RPC_IPC_CONN_MAX connections; rpc.body_max for one value; 107 bytes
** of path.  Requests may hold passwords: what is read is wiped.
*/
#define _GNU_SOURCE
#include "rpc/rpc_ipc.h"
#include "rpc/rpc_group.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

#define IPC_READ 65536u
#define IPC_OUT_MAX (4u << 20)
#define IPC_STALL_MS 30000u
#define IPC_RETRY_MS 100
#define IPC_BACKLOG 64

struct ipc_conn {
  struct ipc_conn *next, **prev;
  struct rpc_ipc *ipc;
  struct rpc_session *session;
  int fd, wake;
  pthread_mutex_t lock; /* guards the following */
  struct buf out;
  size_t out_at;        /* sent of out */
  u64 sent_ms;          /* when the peer last took something */
  bool dead;
};

struct rpc_ipc {
  struct rpc_server *server;
  char path[sizeof((struct sockaddr_un *)0)->sun_path];
  int fd, wake;
  pthread_t thread;
  pthread_mutex_t lock; /* guards the following */
  pthread_cond_t gone;
  struct ipc_conn *first;
  u32 cnt;
  bool stop;
};

/*-------------------------------------------------------------- the stream */

static bool ipc_is_space(u8 c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void ipc_split_byte(struct rpc_split *s, u8 c) {
  if (s->text) {
    if (s->escape) {
      s->escape = false;
    } else if (c == '\\') {
      s->escape = true;
    } else if (c == '"') {
      s->text = false;
    }
  } else if (c == '"') {
    s->text = true;
  } else if (c == '{' || c == '[') {
    s->depth++;
  } else if (c == '}' || c == ']') {
    s->depth--;
  }
}

int rpc_split_next(struct rpc_split *s, slice all, slice *value) {
  while (s->depth == 0 && s->at < all.len && ipc_is_space(all.ptr[s->at])) {
    s->at++;
  }
  if (s->at == all.len) return 0;
  if (s->depth == 0) {
    if (all.ptr[s->at] != '{' && all.ptr[s->at] != '[') return -1;
    s->start = s->at;
  }
  do {
    ipc_split_byte(s, all.ptr[s->at++]);
  } while (s->depth > 0 && s->at < all.len);
  if (s->depth > 0) return 0;
  *value = slice_of(all.ptr + s->start, s->at - s->start);
  return 1;
}

void rpc_split_drop(struct rpc_split *s, size_t len) {
  MUST(len <= s->at && (s->depth == 0 || len <= s->start));
  s->at -= len;
  s->start -= s->depth ? len : s->start;
}

/*---------------------------------------------------------------- writing */

/* Under the lock. */
static void ipc_kill(struct ipc_conn *c) {
  c->dead = true;
  shutdown(c->fd, SHUT_RDWR);
}

/* Under the lock: writes what the socket takes. */
static void ipc_flush(struct ipc_conn *c) {
  while (c->out_at < c->out.len && !c->dead) {
    ssize_t n = send(c->fd, c->out.ptr + c->out_at, c->out.len - c->out_at,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      c->out_at += (size_t)n;
      c->sent_ms = node_clock_ms();
    } else if (errno != EINTR) {
      if (errno != EAGAIN && errno != EWOULDBLOCK) ipc_kill(c);
      break;
    }
  }
  if (c->out_at < c->out.len) return;
  if (c->out.cap > IPC_READ) {
    buf_fini(&c->out);
    buf_init(&c->out, 0);
  }
  buf_clear(&c->out);
  c->out_at = 0;
}

/* Under the lock. */
static void ipc_say(struct ipc_conn *c, slice line) {
  if (c->dead || line.len == 0) return;
  if (c->out_at == c->out.len) c->sent_ms = node_clock_ms();
  buf_put_slice(&c->out, line);
  buf_put_u8(&c->out, '\n');
  ipc_flush(c);
}

/* A notification, on a thread of the server's. */
static void ipc_push(void *ctx, slice text) {
  struct ipc_conn *c = ctx;
  u64 one = 1;
  pthread_mutex_lock(&c->lock);
  if (c->out.len - c->out_at > IPC_OUT_MAX) {
    ipc_kill(c);
  } else {
    ipc_say(c, text);
  }
  bool waits = c->out_at < c->out.len;
  pthread_mutex_unlock(&c->lock);
  if (waits) {
    ssize_t n = write(c->wake, &one, sizeof one);
    (void)n; /* full: it is awake */
  }
}

/*------------------------------------------------------------- connections */

static void ipc_answer(struct ipc_conn *c, slice body) {
  struct rpc_peer peer = {.access = RPC_KEY, .session = c->session};
  struct buf reply;
  buf_init(&reply, 0);
  rpc_handle(c->ipc->server, &reply, body, &peer);
  pthread_mutex_lock(&c->lock);
  ipc_say(c, buf_slice(&reply));
  pthread_mutex_unlock(&c->lock);
  rpc_session_ready(c->session, &peer);
  mem_wipe(reply.ptr, reply.len);
  buf_fini(&reply);
}

/* Last words to a peer that is then left. */
static void ipc_refuse(struct ipc_conn *c, const char *line) {
  pthread_mutex_lock(&c->lock);
  ipc_say(c, slice_str(line));
  ipc_kill(c);
  pthread_mutex_unlock(&c->lock);
}

/* Whether more may be asked: not while much waits to be read. */
static bool ipc_is_full(struct ipc_conn *c) {
  pthread_mutex_lock(&c->lock);
  bool full = c->dead || c->out.len - c->out_at > IPC_OUT_MAX;
  pthread_mutex_unlock(&c->lock);
  return full;
}

/* Answers the whole values of in; what is left moves to its front.  True when
** it stopped because the peer does not read. */
static bool ipc_take(struct ipc_conn *c, struct buf *in, struct rpc_split *s) {
  slice value;
  int got = 0;
  size_t used = 0;
  bool full;
  while (!(full = ipc_is_full(c)) &&
         (got = rpc_split_next(s, buf_slice(in), &value)) > 0) {
    ipc_answer(c, value);
    used = s->at;
  }
  if (got < 0) {
    ipc_refuse(c, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
                  "\"message\":\"parse error\"}}");
  }
  if (used) {
    rpc_split_drop(s, used);
    memmove(in->ptr, in->ptr + used, in->len - used);
    mem_wipe(in->ptr + in->len - used, used);
    in->len -= used;
  }
  if (in->len > rpc_limits(c->ipc->server)->body_max && s->at == in->len) {
    ipc_refuse(c, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
                  "\"message\":\"request too large\"}}");
  }
  return full;
}

/* Reads what there is; false at the end. */
static bool ipc_read(struct ipc_conn *c, struct buf *in) {
  u8 *p = buf_room(in, IPC_READ);
  if (!p) return false;
  ssize_t n = recv(c->fd, p, IPC_READ, MSG_DONTWAIT);
  if (n > 0) in->len += (size_t)n;
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Waits until there is something to do, not for long with more; false: it is
** over. */
static bool ipc_wait(struct ipc_conn *c, struct pollfd p[2], bool more) {
  u64 cnt;
  pthread_mutex_lock(&c->lock);
  bool waits = c->out_at < c->out.len;
  bool full = c->out.len - c->out_at > IPC_OUT_MAX;
  u64 now = node_clock_ms();
  if (waits && now > c->sent_ms && now - c->sent_ms > IPC_STALL_MS) {
    ipc_kill(c);
  }
  bool dead = c->dead;
  pthread_mutex_unlock(&c->lock);
  if (dead) return false;
  p[0] = (struct pollfd){c->fd, (short)((full ? 0 : POLLIN) |
                                        (waits ? POLLOUT : 0)), 0};
  p[1] = (struct pollfd){c->wake, POLLIN, 0};
  int ms = more ? IPC_RETRY_MS : waits ? (int)IPC_STALL_MS + 1 : -1;
  if (poll(p, 2, ms) < 0 && errno != EINTR) return false;
  if (p[1].revents & POLLIN) {
    ssize_t n = read(c->wake, &cnt, sizeof cnt);
    (void)n;
  }
  return true;
}

static void ipc_serve(struct ipc_conn *c) {
  struct rpc_split split = {0};
  struct pollfd p[2];
  struct buf in;
  buf_init(&in, 0);
  bool more = false;
  while (ipc_wait(c, p, more)) {
    if (p[0].revents & POLLOUT) {
      pthread_mutex_lock(&c->lock);
      ipc_flush(c);
      pthread_mutex_unlock(&c->lock);
    }
    bool end = false;
    if (p[0].revents & POLLIN) {
      end = !ipc_read(c, &in);
    } else if (p[0].revents & (POLLERR | POLLHUP)) {
      end = true;
    }
    more = ipc_take(c, &in, &split);
    if (end) break;
    if (in.len == 0 && in.cap > 2 * IPC_READ) {
      buf_fini(&in);
      buf_init(&in, 0);
    }
  }
  mem_wipe(in.ptr, in.len);
  buf_fini(&in);
}

static void *ipc_conn_main(void *arg) {
  struct ipc_conn *c = arg;
  struct rpc_ipc *ipc = c->ipc;
  ipc_serve(c);
  rpc_session_close(c->session);
  buf_fini(&c->out);
  pthread_mutex_destroy(&c->lock);
  pthread_mutex_lock(&ipc->lock);
  *c->prev = c->next;
  if (c->next) c->next->prev = c->prev;
  close(c->fd);
  close(c->wake);
  ipc->cnt--;
  pthread_cond_signal(&ipc->gone);
  pthread_mutex_unlock(&ipc->lock);
  mem_free(c);
  return NULL;
}

/* Under the server's lock. */
static bool ipc_conn_start(struct rpc_ipc *ipc, int fd) {
  pthread_t id;
  pthread_attr_t attr;
  struct ipc_conn *c = mem_alloc(sizeof *c);
  c->ipc = ipc;
  c->fd = fd;
  c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  buf_init(&c->out, 0);
  pthread_mutex_init(&c->lock, NULL);
  c->session = rpc_session_open(ipc->server, ipc_push, c);
  c->next = ipc->first;
  c->prev = &ipc->first;
  if (c->next) c->next->prev = &c->next;
  ipc->first = c;
  ipc->cnt++;
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  bool ok = c->wake >= 0 &&
            pthread_create(&id, &attr, ipc_conn_main, c) == 0;
  pthread_attr_destroy(&attr);
  if (ok) return true;
  ipc->first = c->next;
  if (c->next) c->next->prev = &ipc->first;
  ipc->cnt--;
  rpc_session_close(c->session);
  if (c->wake >= 0) close(c->wake);
  pthread_mutex_destroy(&c->lock);
  buf_fini(&c->out);
  mem_free(c);
  return false;
}

static void ipc_accept(struct rpc_ipc *ipc) {
  static const char full[] =
      "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32005,"
      "\"message\":\"too many connections\"}}\n";
  int fd = accept4(ipc->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) {
    if (errno == EMFILE || errno == ENFILE) {
      log_event(LOG_WARN, "ipc", "ipc.accept", "error=\"%s\"",
                strerror(errno));
      usleep(100000);
    }
    return;
  }
  pthread_mutex_lock(&ipc->lock);
  bool ok = !ipc->stop && ipc->cnt < RPC_IPC_CONN_MAX &&
            ipc_conn_start(ipc, fd);
  pthread_mutex_unlock(&ipc->lock);
  if (ok) return;
  ssize_t n = send(fd, full, sizeof full - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  (void)n;
  close(fd);
}

static void *ipc_main(void *arg) {
  struct rpc_ipc *ipc = arg;
  for (;;) {
    struct pollfd p[2] = {{ipc->fd, POLLIN, 0}, {ipc->wake, POLLIN, 0}};
    if (poll(p, 2, -1) < 0 && errno != EINTR) return NULL;
    if (p[1].revents) return NULL;
    if (p[0].revents) ipc_accept(ipc);
  }
}

/*---------------------------------------------------------- start and stop */

static err ipc_address(struct sockaddr_un *sa, const char *path,
                       struct errmsg *msg) {
  memset(sa, 0, sizeof *sa);
  sa->sun_family = AF_UNIX;
  if (path[0] == 0 || strlen(path) >= sizeof sa->sun_path) {
    return err_say(msg, ERR_RANGE,
                   "%s is too long a path for a socket (at most %zu bytes): "
                   "give a shorter one with --ipcpath, or --ipcdisable", path,
                   sizeof sa->sun_path - 1);
  }
  snprintf(sa->sun_path, sizeof sa->sun_path, "%s", path);
  return ERR_OK;
}

/* Makes room for the socket: what nobody listens at goes. */
static err ipc_clear(const struct sockaddr_un *sa, struct errmsg *msg) {
  struct stat st;
  const char *path = sa->sun_path;
  if (lstat(path, &st) != 0) return ERR_OK;
  if (!S_ISSOCK(st.st_mode)) {
    return err_say(msg, ERR_BIND, "%s is there and is no socket: remove it, or "
                   "choose another with --ipcpath", path);
  }
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool used = fd >= 0 &&
              (connect(fd, (const struct sockaddr *)sa, sizeof *sa) == 0 ||
               errno == EAGAIN);
  if (fd >= 0) close(fd);
  if (used) {
    return err_say(msg, ERR_BIND, "another node listens at %s: choose another "
                   "with --ipcpath", path);
  }
  unlink(path);
  return ERR_OK;
}

/* For its owner, or for a group too. */
static int ipc_grant(const char *path, const char *group, u32 id) {
  if (group && chown(path, (uid_t)-1, (gid_t)id) != 0) return -1;
  return chmod(path, group ? 0660 : 0600);
}

static err ipc_listen(int *out, const char *path, const char *group,
                      struct errmsg *msg) {
  struct sockaddr_un sa;
  u32 id = 0;
  if (group && !rpc_group_id(&id, RPC_GROUPS, group))
    return err_say(msg, ERR_USAGE, "--ipc.group %.64s: " RPC_GROUPS " has no "
                   "such group", group);
  TRY(ipc_address(&sa, path, msg));
  TRY(ipc_clear(&sa, msg));
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  /* Nobody can connect before listen, by when the mode is set. */
  if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof sa) != 0 ||
      ipc_grant(path, group, id) != 0 || listen(fd, IPC_BACKLOG) != 0) {
    int why = errno;
    if (fd >= 0) close(fd);
    return err_say(msg, ERR_BIND, "cannot listen at %s: %s%s", path,
                   strerror(why), group && why == EPERM
                   ? " (only a member of the group may give it to --ipc.group)"
                   : "");
  }
  *out = fd;
  return ERR_OK;
}

err rpc_ipc_start(struct rpc_ipc **out, const char *path, const char *group,
                  struct rpc_server *s, struct errmsg *msg) {
  int fd = -1;
  TRY(ipc_listen(&fd, path, group, msg));
  struct rpc_ipc *ipc = mem_alloc(sizeof *ipc);
  ipc->server = s;
  ipc->fd = fd;
  ipc->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  snprintf(ipc->path, sizeof ipc->path, "%s", path);
  pthread_mutex_init(&ipc->lock, NULL);
  pthread_cond_init(&ipc->gone, NULL);
  if (ipc->wake < 0 ||
      pthread_create(&ipc->thread, NULL, ipc_main, ipc) != 0) {
    if (ipc->wake >= 0) close(ipc->wake);
    close(fd);
    unlink(path);
    mem_free(ipc);
    return err_say(msg, ERR_LIMIT, "cannot start a thread for %s", path);
  }
  *out = ipc;
  return ERR_OK;
}

void rpc_ipc_stop(struct rpc_ipc *ipc) {
  u64 one = 1;
  if (!ipc) return;
  unlink(ipc->path);
  ssize_t n = write(ipc->wake, &one, sizeof one);
  (void)n;
  pthread_join(ipc->thread, NULL);
  pthread_mutex_lock(&ipc->lock);
  ipc->stop = true;
  for (struct ipc_conn *c = ipc->first; c; c = c->next) {
    shutdown(c->fd, SHUT_RD);
  }
  while (ipc->cnt) pthread_cond_wait(&ipc->gone, &ipc->lock);
  pthread_mutex_unlock(&ipc->lock);
  close(ipc->fd);
  close(ipc->wake);
  pthread_cond_destroy(&ipc->gone);
  pthread_mutex_destroy(&ipc->lock);
  mem_free(ipc);
}

u32 rpc_ipc_conn_cnt(const struct rpc_ipc *ipc) {
  return __atomic_load_n(&ipc->cnt, __ATOMIC_RELAXED);
}

/*-------------------------------------------------------------- the client */

err rpc_ipc_open(struct rpc_ipc_client *c, const char *path,
                 struct errmsg *msg) {
  struct sockaddr_un sa;
  struct stat st;
  TRY(ipc_address(&sa, path, msg));
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return err_say(msg, ERR_IO, "no socket: %s", strerror(errno));
  if (connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0) {
    *c = (struct rpc_ipc_client){.fd = fd};
    buf_init(&c->in, 0);
    return ERR_OK;
  }
  int why = errno;
  close(fd);
  if (why == EACCES && stat(path, &st) == 0) {
    char user[80], group[80], you[80];
    return err_say(msg, ERR_IO, "no right to open %s: it belongs to user %s, "
                   "group %s (mode %03o), and you are user %s: run this as "
                   "that user%s", path,
                   rpc_group_name(user, RPC_USERS, st.st_uid),
                   rpc_group_name(group, RPC_GROUPS, st.st_gid),
                   (unsigned)st.st_mode & 0777,
                   rpc_group_name(you, RPC_USERS, geteuid()),
                   st.st_mode & 060 ? ", or be of that group"
                                    : ", or start the node with --ipc.group");
  }
  if (why == ENOENT || why == ECONNREFUSED || why == ENOTDIR) {
    return err_say(msg, ERR_NOT_FOUND, "no node listens at %s", path);
  }
  return err_say(msg, ERR_IO, "cannot open %s: %s", path, strerror(why));
}

void rpc_ipc_close(struct rpc_ipc_client *c) {
  close(c->fd);
  mem_wipe(c->in.ptr, c->in.len);
  buf_fini(&c->in);
}

static err ipc_send_all(int fd, slice s, struct errmsg *msg) {
  while (s.len) {
    ssize_t n = send(fd, s.ptr, s.len, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return err_say(msg, ERR_IO, "the node has closed the connection");
    }
    s.ptr += n;
    s.len -= (size_t)n;
  }
  return ERR_OK;
}

static bool ipc_is_note(slice v) {
  static const char head[] = "{\"jsonrpc\":\"2.0\",\"method\":";
  return v.len > sizeof head && memcmp(v.ptr, head, sizeof head - 1) == 0;
}

/* Takes whole values off what was read: notes to note, a reply ends it. */
static err ipc_client_take(struct rpc_ipc_client *c, struct buf *reply,
                           bool *done, void (*note)(void *, slice), void *ctx,
                           struct errmsg *msg) {
  slice v;
  int got = 0;
  size_t used = 0;
  *done = false;
  while (!*done &&
         (got = rpc_split_next(&c->split, buf_slice(&c->in), &v)) > 0) {
    used = c->split.at;
    if (ipc_is_note(v)) {
      if (note) note(ctx, v);
    } else if (reply) {
      buf_put_slice(reply, v);
      *done = true;
    }
  }
  if (used) {
    rpc_split_drop(&c->split, used);
    c->in.len -= used;
    memmove(c->in.ptr, c->in.ptr + used, c->in.len);
  }
  return got < 0 ? err_say(msg, ERR_INPUT,
                           "what answers there does not speak JSON")
                 : ERR_OK;
}

static err ipc_client_read(struct rpc_ipc_client *c, struct errmsg *msg) {
  u8 *room = buf_room(&c->in, IPC_READ);
  ssize_t n = room ? recv(c->fd, room, IPC_READ, 0) : 0;
  if (n > 0) c->in.len += (size_t)n;
  return n > 0 || (n < 0 && errno == EINTR)
             ? ERR_OK
             : err_say(msg, ERR_IO, "the node has closed the connection");
}

err rpc_ipc_ask(struct rpc_ipc_client *c, struct buf *reply, slice request,
                size_t max, u32 timeout_ms,
                void (*note)(void *ctx, slice text), void *ctx,
                struct errmsg *msg) {
  u64 end = node_clock_ms() + timeout_ms;
  bool done = false;
  TRY(ipc_send_all(c->fd, request, msg));
  for (;;) {
    TRY(ipc_client_take(c, reply, &done, note, ctx, msg));
    if (done) return ERR_OK;
    u64 now = node_clock_ms();
    struct pollfd p = {c->fd, POLLIN, 0};
    if (c->in.len > max) {
      return err_say(msg, ERR_LIMIT, "the answer is larger than %zu bytes",
                     max);
    }
    if (now >= end || poll(&p, 1, (int)(end - now)) == 0) {
      return err_say(msg, ERR_TIMEOUT, "the node does not answer in time");
    }
    TRY(ipc_client_read(c, msg));
  }
}

err rpc_ipc_listen(struct rpc_ipc_client *c,
                   void (*note)(void *ctx, slice text), void *ctx,
                   struct errmsg *msg) {
  bool done;
  TRY(ipc_client_read(c, msg));
  return ipc_client_take(c, NULL, &done, note, ctx, msg);
}

#undef IPC_READ
#undef IPC_OUT_MAX
#undef IPC_STALL_MS
#undef IPC_RETRY_MS
#undef IPC_BACKLOG
