/* store_backup.c - an online copy of the file.
**
** SQLite's backup API copies page by page on the writer's own connection:
** changes made through that connection meanwhile go to both files, so the
** copy never starts again and ends as of its last step.  On a read-only
** connection, beside another process that writes, a read transaction is held
** from begin to end: the copy is of that moment, and does not start again with
** each of the other's commits.  It is written to
** DEST.part without journal or sync, in steps that hold the writer briefly;
** then, off the writer, it is turned to a single file, checked
** (integrity_check), synced, renamed to DEST, and the folder synced.
** An existing DEST is refused: a backup never destroys another.
*/
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "store/store_int.h"

#define STORE_BACKUP_PAGES 32
#define STORE_BACKUP_CACHE (4u << 20)

struct store_backup {
  sqlite3_backup *run;
  struct store_conn to;
  char *path, *part;
  sqlite3 *snapshot; /* whose read transaction we hold; NULL: none */
};

void store_backup_abort(struct store_backup *b) {
  if (!b) return;
  if (b->run) sqlite3_backup_finish(b->run);
  if (b->snapshot) sqlite3_exec(b->snapshot, "COMMIT", NULL, NULL, NULL);
  store_conn_close(&b->to);
  if (b->part) unlink(b->part);
  mem_free(b->path);
  mem_free(b->part);
  mem_free(b);
}

err store_backup_begin(struct store *s, struct store_backup **out,
                       const char *path, struct errmsg *msg) {
  *out = NULL;
  if (access(path, F_OK) == 0)
    return err_say(msg, ERR_EXISTS, "%s exists; name a new file", path);
  struct store_backup *b = mem_alloc(sizeof *b);
  size_t len = strlen(path);
  b->path = mem_strdup(path);
  b->part = mem_alloc(len + 6);
  memcpy(b->part, path, len);
  memcpy(b->part + len, ".part", 6);
  err e = ERR_OK;
  int fd = open(b->part, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {
    e = err_say(msg, errno == ENOSPC ? ERR_DISK_FULL : ERR_READ_ONLY,
                "%s: %s", b->part, strerror(errno));
    mem_free(b->part);
    b->part = NULL;
  } else {
    close(fd);
    e = store_conn_open(&b->to, b->part, SQLITE_OPEN_READWRITE, NULL,
                        STORE_BACKUP_CACHE, msg);
  }
  if (!e)
    e = store_conn_exec(&b->to, "PRAGMA journal_mode=OFF;"
                                "PRAGMA synchronous=OFF;");
  if (!e && s->read_only) {
    e = store_conn_exec(&s->conn, "BEGIN; SELECT head FROM standing;");
    if (e) err_say(msg, e, "%s: %s", path, sqlite3_errmsg(s->conn.db));
    else b->snapshot = s->conn.db;
  }
  if (!e) {
    b->run = sqlite3_backup_init(b->to.db, "main", s->conn.db, "main");
    if (!b->run)
      e = err_say(msg, store_err(sqlite3_errcode(b->to.db)), "%s: %s", b->part,
                  sqlite3_errmsg(b->to.db));
  }
  if (e) {
    store_backup_abort(b);
    return e;
  }
  *out = b;
  return ERR_OK;
}

err store_backup_step(struct store_backup *b, u32 slice_us, bool *done,
                      u32 *left_ppm) {
  u64 until = store_clock_us() + slice_us / 2;
  int rc;
  do {
    rc = sqlite3_backup_step(b->run, STORE_BACKUP_PAGES);
  } while (rc == SQLITE_OK && store_clock_us() < until);
  *done = rc == SQLITE_DONE;
  u64 all = (u64)sqlite3_backup_pagecount(b->run);
  u64 left = (u64)sqlite3_backup_remaining(b->run);
  *left_ppm = all ? (u32)(left * 1000000 / all) : 0;
  if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED) return ERR_OK;
  if (!*done) return store_err(rc);
  rc = sqlite3_backup_finish(b->run);
  b->run = NULL;
  return store_err(rc);
}

static err store_backup_sync(const char *path, int flags, struct errmsg *msg) {
  int fd = open(path, flags | O_CLOEXEC);
  int rc = fd < 0 ? -1 : fsync(fd);
  int os = errno;
  if (fd >= 0) close(fd);
  if (rc == 0) return ERR_OK;
  return err_say(msg, os == ENOSPC || os == EDQUOT ? ERR_DISK_FULL : ERR_IO,
                 "%s: cannot sync: %s", path, strerror(os));
}

static err store_backup_folder_sync(const char *path, struct errmsg *msg) {
  char dir[PATH_MAX];
  const char *slash = strrchr(path, '/');
  size_t n = slash ? (size_t)(slash - path) : 0;
  if (n >= sizeof dir) return ERR_INPUT;
  if (!slash) {
    memcpy(dir, ".", 2);
  } else {
    memcpy(dir, path, n ? n : 1);
    dir[n ? n : 1] = 0;
  }
  return store_backup_sync(dir, O_RDONLY | O_DIRECTORY, msg);
}

static err store_backup_check(struct store_backup *b, struct errmsg *msg) {
  sqlite3_stmt *st = NULL;
  err e = store_conn_exec(&b->to, "PRAGMA journal_mode=DELETE;");
  if (!e)
    e = store_err(sqlite3_prepare_v2(b->to.db, "PRAGMA integrity_check(1)",
                                     -1, &st, NULL));
  if (!e && sqlite3_step(st) == SQLITE_ROW) {
    const char *text = (const char *)sqlite3_column_text(st, 0);
    if (!text || strcmp(text, "ok") != 0)
      e = err_say(msg, ERR_CORRUPT, "%s: %s", b->part, text ? text : "?");
  } else {
    e = err_say(msg, e ? e : ERR_IO, "%s: cannot check: %s", b->part,
                sqlite3_errmsg(b->to.db));
  }
  sqlite3_finalize(st);
  return e;
}

err store_backup_finish(struct store_backup *b, struct errmsg *msg) {
  MUST(!b->run);
  err e = store_backup_check(b, msg);
  store_conn_close(&b->to);
  if (!e) e = store_backup_sync(b->part, O_RDWR, msg);
  if (!e && rename(b->part, b->path) != 0)
    e = err_say(msg, ERR_IO, "%s: cannot rename: %s", b->part,
                strerror(errno));
  if (!e) {
    mem_free(b->part);
    b->part = NULL;
    e = store_backup_folder_sync(b->path, msg);
  }
  store_backup_abort(b);
  return e;
}
