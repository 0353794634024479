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
** A checkpoint first copies what it can (PASSIVE: nobody waits), then, when
** all is copied and no reader stands in the log, starts the log again from
** its beginning (RESTART), which keeps it short.  The copying can be
** interrupted: what was copied is copied again next time.
**
** Only the writer's connection checkpoints, which keeps clear of the race of
** SQLite up to 3.51.2 between a checkpoint and another connection's write
** that resets the log.
*/
#include <sys/inotify.h>
#include <unistd.h>

#include "store/store_int.h"

#define STORE_WAL_PAGE (8192u + 24u)
#define STORE_WAL_SMALL 4u /* pages: not worth a checkpoint */

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
  if (s->checkpoint_ms == 0) s->checkpoint_ms = now_ms;
  bool foreign = store_watch_foreign(s, now_ms);
  if (s->wal_pages <= s->wal_floor + STORE_WAL_SMALL) return false;
  if (store_wal_bytes(s) > STORE_WAL_MAX) return true;
  if (now_ms - s->checkpoint_ms < STORE_CHECKPOINT_MS) return false;
  return !foreign || now_ms - s->watch.since_ms > STORE_FOREIGN_MS;
}

void store_interrupt(struct store *s) {
  atomic_store(&s->interrupt, true);
  sqlite3_interrupt(s->conn.db);
}

err store_checkpoint(struct store *s, u64 now_ms) {
  sqlite3 *db = s->conn.db;
  int log = 0, copied = 0;
  MUST(!s->in_tx);
  atomic_store(&s->interrupt, false);
  int rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &log,
                                     &copied);
  if (rc == SQLITE_OK && copied < log) rc = SQLITE_BUSY;
  if (rc == SQLITE_OK && !atomic_load(&s->interrupt)) {
    sqlite3_busy_timeout(db, 5);
    rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_RESTART, NULL,
                                   NULL);
    sqlite3_busy_timeout(db, 2000);
    s->checkpoint_ms = now_ms;
    s->wal_floor = rc == SQLITE_OK ? 0 : s->wal_pages;
    if (rc == SQLITE_OK) s->wal_pages = 0;
    if ((rc & 0xff) == SQLITE_BUSY) rc = SQLITE_OK; /* all is copied */
  }
  err e = store_err(rc);
  return e && e != ERR_BUSY ? store_fail(s, e) : e;
}
