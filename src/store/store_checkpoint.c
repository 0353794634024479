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
** A checkpoint copies in slices (PASSIVE: nobody waits; store_vfs.c ends each
** in time), between which blocks are written; a thread of its own syncs the
** file; what came meanwhile is copied in turn, until little is left, and one
** last slice copies and syncs that.  Then, when all is copied and no reader
** stands in the log, it starts again from its beginning (RESTART), which keeps
** it short.
**
** A plain copy begun while a checkpoint is under way, about a second of a
** busy minute, is not whole.
**
** Only the writer's connection checkpoints, which keeps clear of the race of
** SQLite up to 3.51.2 between a checkpoint and another connection's write
** that resets the log.
*/
#include <fcntl.h>
#include <limits.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/stage.h"
#include "store/store_int.h"

#define STORE_WAL_PAGE (STORE_PAGE_SIZE + 24u)
#define STORE_WAL_SMALL 4u /* pages: not worth a checkpoint */
#define STORE_SYNC_WAIT_US 1000u
#define STORE_SLICES_LONGER 200u

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
  if (s->wal_pages <= s->wal_floor + STORE_WAL_SMALL) return false;
  u64 bytes = store_wal_bytes(s);
  if (bytes > STORE_WAL_MAX) return true;
  if (now_ms - s->checkpoint_ms < STORE_CHECKPOINT_MS &&
      bytes - s->wal_floor * STORE_WAL_PAGE < STORE_WAL_WISH)
    return false;
  return !foreign || now_ms - s->watch.since_ms > STORE_FOREIGN_MS;
}

/*------------------------------------------------------------- the slices */
static void *store_sync_main(void *arg) {
  struct store_checkpoint *c = arg;
  u8 was = stage_enter(STAGE_sync);
  bool ok = c->wal_fd >= 0 && fdatasync(c->wal_fd) == 0;
  /* SQLite has no fcntl locks on the log that closing it could drop. */
  if (c->wal_fd >= 0) close(c->wal_fd);
  ok = fdatasync(c->fd) == 0 && ok;
  stage_enter(was);
  atomic_store(&c->synced, ok ? 1 : -1);
  return NULL;
}

/* Without a thread the sync is done here and now. */
static void store_sync_begin(struct store *s) {
  struct store_checkpoint *c = &s->checkpoint;
  char wal[PATH_MAX];
  sqlite3_snprintf(sizeof wal, wal, "%s-wal", s->path);
  c->fd = s->lock_fd;
  c->wal_fd = open(wal, O_RDWR | O_CLOEXEC);
  atomic_store(&c->synced, 0);
  s->vfs.unsynced = s->vfs.wal_unsynced = 0;
  s->vfs.want_sync = false;
  if (pthread_create(&c->sync_thread, NULL, store_sync_main, c) == 0) {
    c->phase = STORE_CHECKPOINT_SYNC;
  } else {
    store_sync_main(c);
  }
}

void store_checkpoint_end(struct store *s) {
  if (s->checkpoint.phase == STORE_CHECKPOINT_SYNC)
    pthread_join(s->checkpoint.sync_thread, NULL);
  s->checkpoint.phase = STORE_CHECKPOINT_OFF;
}

/* One call of SQLite's; *more: it was ended by its time, or awaits a sync. */
static int store_checkpoint_slice(struct store *s, u32 slice_us, bool *more) {
  int log = 0, copied = 0;
  struct store_vfs *v = &s->vfs;
  struct store_checkpoint *c = &s->checkpoint;
  u64 over = c->over_us < slice_us / 2 ? c->over_us : slice_us / 2;
  u64 copy_us = slice_us / 2 - over / 2, begin = store_clock_us();
  v->until_us = begin + copy_us;
  v->copied = 0;
  v->frame = -1;
  v->want_sync = false;
  v->slicing = true;
  int rc = sqlite3_wal_checkpoint_v2(s->conn.db, NULL,
                                     SQLITE_CHECKPOINT_PASSIVE, &log, &copied);
  v->slicing = false;
  *more = rc == SQLITE_INTERRUPT;
  /* Sorting the log's pages, passing by those done: it grows with the log. */
  u64 took = store_clock_us() - begin;
  c->over_us = (3 * c->over_us + (took > copy_us ? took - copy_us : 0)) / 4;
  if (*more) return SQLITE_OK;
  return rc == SQLITE_OK && copied < log ? SQLITE_BUSY : rc;
}

/* All is in the file: the log begins anew, unless a reader stands in it. */
static int store_checkpoint_restart(struct store *s) {
  sqlite3_busy_timeout(s->conn.db, 5);
  int rc = sqlite3_wal_checkpoint_v2(s->conn.db, NULL,
                                     SQLITE_CHECKPOINT_RESTART, NULL, NULL);
  sqlite3_busy_timeout(s->conn.db, 2000);
  s->wal_floor = rc == SQLITE_OK ? 0 : s->wal_pages;
  if (rc == SQLITE_OK) s->wal_pages = 0;
  return (rc & 0xff) == SQLITE_BUSY ? SQLITE_OK : rc;
}

static err store_checkpoint_some(struct store *s, u64 now_ms, u32 slice_us,
                                 bool *more) {
  struct store_checkpoint *c = &s->checkpoint;
  *more = true;
  if (c->phase == STORE_CHECKPOINT_SYNC) {
    if (atomic_load(&c->synced) == 0) {
      usleep(STORE_SYNC_WAIT_US);
      return ERR_OK;
    }
    pthread_join(c->sync_thread, NULL);
    c->phase = STORE_CHECKPOINT_COPY;
  }
  /* What failed to reach the disk may look written ever after. */
  if (atomic_load(&c->synced) < 0) return ERR_IO;
  /* Where others write as fast as a slice copies, slices become longer. */
  slice_us *= 1 + c->slices++ / STORE_SLICES_LONGER;
  int rc = store_checkpoint_slice(s, slice_us, more);
  if (s->vfs.want_sync) store_sync_begin(s);
  if (rc == SQLITE_OK && *more) return ERR_OK;
  c->phase = STORE_CHECKPOINT_OFF;
  *more = false;
  if (rc == SQLITE_OK) {
    rc = store_checkpoint_restart(s);
    s->checkpoint_ms = now_ms;
    s->checkpoint_cnt++;
    s->checkpoint_last_us = store_clock_us() - c->began_us;
  }
  return store_err(rc);
}

err store_checkpoint_step(struct store *s, u64 now_ms, u32 slice_us,
                          bool *more) {
  struct store_checkpoint *c = &s->checkpoint;
  MUST(!s->in_tx);
  u64 t = store_clock_us();
  if (c->phase == STORE_CHECKPOINT_OFF) {
    c->phase = STORE_CHECKPOINT_COPY;
    c->began_us = t;
    c->slices = 0;
    atomic_store(&c->synced, 0);
  }
  err e = store_checkpoint_some(s, now_ms, slice_us, more);
  t = store_clock_us() - t;
  if (t > s->checkpoint_step_us) s->checkpoint_step_us = t;
  return e && e != ERR_BUSY ? store_fail(s, e) : e;
}

void store_checkpoint_stat(const struct store *s,
                           struct store_checkpoint_stat *out) {
  out->cnt = s->checkpoint_cnt;
  out->step_us = s->checkpoint_step_us;
  out->last_us = s->checkpoint_last_us;
}
