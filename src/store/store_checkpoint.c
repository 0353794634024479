/* store_checkpoint.c - copying the write-ahead log into the file, at times
** when nobody copies the file.
**
** Between checkpoints the main file never changes, so that a plain copy of it
** is whole: consistent, as of the last checkpoint.  Therefore checkpoints are
** rare (once a minute) and wait while another process has the file open.
** inotify tells of each open and close of the file, ours too: the watch is
** made after our own connections were opened, and made anew when there are
** more since; what it then sees is foreign.  A tool that keeps the file open
** holds checkpoints back for ten minutes at most, and never past
** STORE_WAL_MAX.
**
** A checkpoint is made of passes, each one call of SQLite's in a thread and
** with a connection of its own: it sorts the log's pages, copies them and
** syncs the file, while the writer goes on (PASSIVE: nobody waits).  What came
** meanwhile is copied by the next pass.  When nothing is left (or little, and
** that again and again: the writer then copies it itself), and if no reader
** stands in the log, it starts again from its beginning (RESTART), which keeps
** it short.  When the next pass is a
** short one the checkpoint is closing: work behind the head should wait, so
** that little is left soon.
**
** SQLite up to 3.51.2 may lose pages when a checkpoint begins just as another
** connection's write starts the log again.  That cannot happen here: only the
** writer's thread begins a pass, between transactions, and only when the log
** has frames that no pass has copied; then the log does not start again until
** a pass has copied all, which the one under way alone can do.
**
** A plain copy begun while a checkpoint is under way, a second or two of a
** busy minute, is not whole.
*/
#include <sys/inotify.h>
#include <unistd.h>

#include "base/stage.h"
#include "store/store_int.h"

#define STORE_WAL_PAGE (STORE_PAGE_SIZE + 24u)
#define STORE_WAL_SMALL 4u /* pages: not worth a checkpoint */
#define STORE_TAIL_PAGES 128u /* what the writer itself copies */
#define STORE_CLOSE_PAGES 2048u /* left, and it is closing */
#define STORE_PASSES 4u       /* or this was the last but one */
#define STORE_TRIES 200u      /* that readers or blocks come in between */
#define STORE_RESTART_MS 5u
#define STORE_RETRY_MS 500u

void store_watch_init(struct store_watch *w) {
  *w = (struct store_watch){.fd = -1};
}

void store_watch_fini(struct store_watch *w) {
  if (w->fd >= 0) close(w->fd);
  store_watch_init(w);
}

static void store_watch_begin(struct store *s) {
  struct store_watch *w = &s->watch;
  store_watch_fini(w);
  w->own_opens = atomic_load(&store_own_opens);
  w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (w->fd >= 0 &&
      inotify_add_watch(w->fd, s->path, IN_OPEN | IN_CLOSE) < 0) {
    close(w->fd);
    w->fd = -1;
  }
}

/* True while another process has the file open, as far as can be seen. */
bool store_watch_foreign(struct store *s, u64 now_ms) {
  struct store_watch *w = &s->watch;
  union {
    struct inotify_event event;
    u8 bytes[4096];
  } u;
  if (w->fd < 0 || w->own_opens != atomic_load(&store_own_opens)) {
    store_watch_begin(s);
    return false;
  }
  ssize_t n;
  while ((n = read(w->fd, u.bytes, sizeof u.bytes)) > 0) {
    for (size_t at = 0; at + sizeof u.event <= (size_t)n;) {
      struct inotify_event ev;
      memcpy(&ev, u.bytes + at, sizeof ev);
      at += sizeof ev + ev.len;
      if (ev.mask & IN_OPEN && w->open_cnt++ == 0) w->since_ms = now_ms;
      if (ev.mask & IN_CLOSE && w->open_cnt > 0) w->open_cnt--;
      if (ev.mask & IN_Q_OVERFLOW) w->open_cnt = 0;
    }
  }
  return w->open_cnt > 0;
}

u64 store_wal_bytes(const struct store *s) {
  return s->wal_pages * STORE_WAL_PAGE;
}

bool store_checkpoint_due(struct store *s, u64 now_ms) {
  if (s->checkpoint.phase != STORE_CHECKPOINT_OFF) return true;
  if (s->checkpoint_ms == 0) s->checkpoint_ms = now_ms;
  bool foreign = store_watch_foreign(s, now_ms);
  if (s->wal_pages <= STORE_WAL_SMALL || now_ms < s->checkpoint.retry_ms)
    return false;
  u64 bytes = store_wal_bytes(s);
  if (bytes > STORE_WAL_MAX) return true;
  if (now_ms - s->checkpoint_ms < STORE_CHECKPOINT_MS && bytes < STORE_WAL_WISH)
    return false;
  return !foreign || now_ms - s->watch.since_ms > STORE_FOREIGN_MS;
}

/*------------------------------------------------------------- the passes */
static void *store_pass_main(void *arg) {
  struct store_checkpoint *c = arg;
  u8 was = stage_enter(STAGE_sqlite);
  c->rc = sqlite3_wal_checkpoint_v2(c->conn.db, NULL,
                                    SQLITE_CHECKPOINT_PASSIVE, &c->log,
                                    &c->copied);
  stage_enter(was);
  atomic_store(&c->ended, true);
  return NULL;
}

/* Without a thread it is done here and now. */
static void store_pass_begin(struct store_checkpoint *c) {
  atomic_store(&c->ended, false);
  c->running = pthread_create(&c->thread, NULL, store_pass_main, c) == 0;
  if (!c->running) store_pass_main(c);
}

static void store_pass_join(struct store_checkpoint *c) {
  if (c->running) pthread_join(c->thread, NULL);
  c->running = false;
}

err store_checkpoint_open(struct store *s, struct errmsg *msg) {
  struct store_checkpoint *c = &s->checkpoint;
  i64 version;
  TRY(store_conn_open(&c->conn, s->path, SQLITE_OPEN_READWRITE, NULL, 0, msg));
  err e = store_conn_exec(&c->conn, s->scratch ? "PRAGMA synchronous=OFF"
                                               : "PRAGMA synchronous=NORMAL");
  /* Without a read SQLite does not know yet that there is a log. */
  if (!e) e = store_conn_exec(&c->conn, "PRAGMA wal_autocheckpoint=0;");
  if (!e) e = store_conn_number(&c->conn, "PRAGMA user_version", &version);
  return e ? err_say(msg, e, "%s: cannot read: %s", s->path,
                     sqlite3_errmsg(c->conn.db)) : ERR_OK;
}

void store_checkpoint_close(struct store *s) {
  struct store_checkpoint *c = &s->checkpoint;
  if (c->running) sqlite3_interrupt(c->conn.db);
  store_pass_join(c);
  c->phase = STORE_CHECKPOINT_OFF;
  store_conn_close(&c->conn);
}

/* Copies the rest; the log begins anew, unless a reader stands in it. */
static int store_checkpoint_restart(struct store *s) {
  sqlite3_busy_timeout(s->conn.db, STORE_RESTART_MS);
  int rc = sqlite3_wal_checkpoint_v2(s->conn.db, NULL,
                                     SQLITE_CHECKPOINT_RESTART, NULL, NULL);
  sqlite3_busy_timeout(s->conn.db, 2000);
  if (rc == SQLITE_OK) s->wal_pages = 0;
  return rc;
}

/* A pass has ended: the next one, or the end; SQLITE_BUSY: readers do not let
** it come to an end.  A pass itself is busy when it meets another process that
** copies the log, or looks at the log's index just as a block is written: it
** has copied nothing and begins again. */
static int store_checkpoint_next(struct store *s, bool *more) {
  struct store_checkpoint *c = &s->checkpoint;
  store_pass_join(c);
  int rc = c->rc;
  u64 left = s->wal_pages - (u64)c->copied;
  if (left <= STORE_CLOSE_PAGES || ++c->passes >= STORE_PASSES)
    c->phase = STORE_CHECKPOINT_CLOSING;
  /* If need be the writer copies and syncs a few pages itself. */
  u64 rest = c->tries < STORE_TRIES / 8 ? 0 : STORE_TAIL_PAGES;
  bool busy = (rc & 0xff) == SQLITE_BUSY;
  if (busy || (rc == SQLITE_OK && left > rest)) {
    if (++c->tries > STORE_TRIES) return SQLITE_BUSY;
    store_pass_begin(c);
    return SQLITE_OK;
  }
  if (rc == SQLITE_OK) rc = store_checkpoint_restart(s);
  *more = (rc & 0xff) == SQLITE_BUSY && ++c->tries <= STORE_TRIES;
  return *more ? SQLITE_OK : rc;
}

bool store_checkpoint_closing(const struct store *s) {
  return s->checkpoint.phase == STORE_CHECKPOINT_CLOSING ||
         (s->checkpoint.phase == STORE_CHECKPOINT_COPY &&
          store_wal_bytes(s) > 2 * STORE_WAL_WISH);
}

err store_checkpoint_step(struct store *s, u64 now_ms, bool *more) {
  struct store_checkpoint *c = &s->checkpoint;
  MUST(!s->in_tx);
  u64 t = store_clock_us();
  int rc = SQLITE_OK;
  *more = true;
  if (c->phase == STORE_CHECKPOINT_OFF) {
    c->phase = STORE_CHECKPOINT_COPY;
    c->began_us = t;
    c->tries = c->passes = 0;
    store_pass_begin(c);
  } else if (atomic_load(&c->ended)) {
    rc = store_checkpoint_next(s, more);
  }
  u64 now = store_clock_us();
  if (now - t > s->checkpoint_step_us) s->checkpoint_step_us = now - t;
  if (rc == SQLITE_OK && *more) return ERR_OK;
  *more = false;
  c->phase = STORE_CHECKPOINT_OFF;
  c->retry_ms = now_ms + STORE_RETRY_MS;
  err e = store_err(rc);
  if (e) return e == ERR_BUSY ? e : store_fail(s, e);
  c->retry_ms = 0;
  s->checkpoint_ms = now_ms;
  s->checkpoint_cnt++;
  s->checkpoint_last_us = now - c->began_us;
  return ERR_OK;
}

void store_checkpoint_stat(const struct store *s,
                           struct store_checkpoint_stat *out) {
  out->cnt = s->checkpoint_cnt;
  out->step_us = s->checkpoint_step_us;
  out->last_us = s->checkpoint_last_us;
}
