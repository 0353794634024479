/* store.c - opening, closing, and the writer's own rows: blocks, settings.
**
** Opening, in this order: our own descriptor of the file with an advisory
** lock (flock) that lasts as long as the process, so that a second node is
** refused; the file's first 100 bytes (SQLite's header) tell a foreign or a
** newer file before SQLite touches it; then the connection, WAL mode, the
** schema.  flock does not meet SQLite's own fcntl locks, and the descriptor is
** closed only after the last connection, since closing any descriptor of a
** file drops the process's fcntl locks on it.
**
** A new file is made in one transaction of a rollback journal, then turned to
** WAL: there is no moment at which it has half a schema.
**
** Durability: synchronous=FULL for blocks and settings (the log is synced at
** each commit); slices of work behind the head commit with NORMAL: the log
** keeps their order, and the next block's sync takes them along.  A log that
** begins anew keeps its blocks on disk up to two and a half times
** STORE_WAL_WISH:
** giving back as many would hold the writer for a tenth of a second.
*/
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/store_int.h"

#define STORE_WRITER_CACHE (8u << 20)

u64 store_clock_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (u64)t.tv_sec * 1000000 + (u64)t.tv_nsec / 1000;
}

/*------------------------------------------------------------------- open */
static err store_open_os(const char *path, struct errmsg *msg) {
  int os = errno;
  switch (os) {
    case ENOENT:
      return err_say(msg, ERR_NOT_FOUND, "%s: no such file", path);
    case EACCES:
    case EPERM:
    case EROFS:
      return err_say(msg, ERR_READ_ONLY,
                     "%s: cannot be written by this user: %s", path,
                     strerror(os));
    case EISDIR:
      return err_say(msg, ERR_NOT_OURS, "%s is a folder, not a database",
                     path);
    case ENOSPC:
    case EDQUOT:
      return err_say(msg, ERR_DISK_FULL, "%s: %s", path, strerror(os));
    default:
      return err_say(msg, ERR_IO, "%s: %s", path, strerror(os));
  }
}

/* SQLite makes -wal and -shm beside the file: the folder must be writable. */
static err store_folder_check(const char *path, struct errmsg *msg) {
  char dir[PATH_MAX];
  const char *slash = strrchr(path, '/');
  size_t n = slash ? (size_t)(slash - path) : 0;
  if (n >= sizeof dir) return err_say(msg, ERR_INPUT, "%s: too long", path);
  if (!slash) {
    memcpy(dir, ".", 2);
  } else {
    memcpy(dir, path, n ? n : 1);
    dir[n ? n : 1] = 0;
  }
  if (access(dir, W_OK | X_OK) == 0) return ERR_OK;
  if (errno == ENOENT)
    return err_say(msg, ERR_NOT_FOUND, "%s: no such folder", dir);
  return err_say(msg, ERR_READ_ONLY, "%s: folder cannot be written", dir);
}

static err store_lock(struct store *s, u32 flags, struct errmsg *msg) {
  int mode = s->read_only ? O_RDONLY
                          : O_RDWR | (flags & STORE_CREATE ? O_CREAT : 0);
  s->lock_fd = open(s->path, mode | O_CLOEXEC, 0600);
  if (s->lock_fd < 0) return store_open_os(s->path, msg);
  if (s->read_only) return ERR_OK;
  if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0) return ERR_OK;
  if (errno == EWOULDBLOCK)
    return err_say(msg, ERR_LOCKED,
                   "%s is in use by another process; stop it first", s->path);
  return err_say(msg, ERR_IO, "%s: cannot lock: %s", s->path,
                 strerror(errno));
}

static err store_version_check(const char *path, u64 version,
                               struct errmsg *msg) {
  if (version > STORE_SCHEMA)
    return err_say(msg, ERR_NEWER,
                   "%s has schema %llu, this program knows schema %d: "
                   "use the newer program",
                   path, (unsigned long long)version, STORE_SCHEMA);
  if (version < STORE_SCHEMA)
    return err_say(msg, ERR_OLDER,
                   "%s has schema %llu, this program needs schema %d: with the "
                   "program that wrote it, \"export\" its blocks, and "
                   "\"import\" them into a new file with this one",
                   path, (unsigned long long)version, STORE_SCHEMA);
  return ERR_OK;
}

/* Looks at the header without SQLite.  *fresh: nothing in it yet. */
static err store_header_check(struct store *s, bool *fresh,
                              struct errmsg *msg) {
  u8 h[100];
  struct stat st;
  if (fstat(s->lock_fd, &st) != 0) return store_open_os(s->path, msg);
  if (!S_ISREG(st.st_mode))
    return err_say(msg, ERR_NOT_OURS, "%s is not a regular file", s->path);
  *fresh = st.st_size == 0;
  if (*fresh) return ERR_OK;
  /* A journal beside it: making the file was cut off; SQLite will undo it. */
  char journal[PATH_MAX];
  sqlite3_snprintf(sizeof journal, journal, "%s-journal", s->path);
  if (access(journal, F_OK) == 0) return ERR_OK;
  ssize_t n = pread(s->lock_fd, h, sizeof h, 0);
  if (n < 0) return store_open_os(s->path, msg);
  if (n < (ssize_t)sizeof h || memcmp(h, "SQLite format 3", 16) != 0 ||
      load_be32(h + 68) != STORE_APPLICATION_ID)
    return err_say(msg, ERR_NOT_OURS, "%s is not a CyberMiles database",
                   s->path);
  TRY(store_version_check(s->path, load_be32(h + 60), msg));
  /* Without a log beside it all of the file must be there. */
  u64 pages = load_be32(h + 28), size = load_be32(h + 16) >> 16;
  char wal[PATH_MAX];
  sqlite3_snprintf(sizeof wal, wal, "%s-wal", s->path);
  s->was_open = access(wal, F_OK) == 0;
  if ((u64)st.st_size < pages * size && !s->was_open)
    return err_say(msg, ERR_CORRUPT,
                   "%s is cut off: %lld of %llu bytes; a copy that did not "
                   "finish?  Take it again, or \"restore\" a backup",
                   s->path, (long long)st.st_size,
                   (unsigned long long)(pages * size));
  return ERR_OK;
}

/* One transaction; the header's application id and version with it. */
static err store_schema_make(struct store *s, struct errmsg *msg) {
  struct store_conn *c = &s->conn;
  char tail[128];
  sqlite3_snprintf(sizeof tail, tail,
                   "PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT;",
                   STORE_APPLICATION_ID, STORE_SCHEMA);
  err e = store_conn_exec(c, "PRAGMA auto_vacuum=INCREMENTAL;"
                             "PRAGMA synchronous=FULL; BEGIN EXCLUSIVE;");
  if (!e) e = store_conn_exec(c, store_sql_schema(1));
  if (!e) e = store_conn_exec(c, tail);
  if (e)
    return err_say(msg, e, "%s: cannot make the tables: %s", s->path,
                   sqlite3_errmsg(c->db));
  return ERR_OK;
}

/* What SQLite itself reads: the header in the log may be newer. */
static err store_identity_check(struct store *s, bool *fresh,
                                struct errmsg *msg) {
  i64 id = 0, version = 0, tables = 0;
  err e = store_conn_number(&s->conn, "PRAGMA application_id", &id);
  if (!e) e = store_conn_number(&s->conn, "PRAGMA user_version", &version);
  if (!e)
    e = store_conn_number(&s->conn, "SELECT count(*) FROM sqlite_schema",
                          &tables);
  if (e)
    return err_say(msg, e, "%s: cannot read: %s", s->path,
                   sqlite3_errmsg(s->conn.db));
  *fresh = id == 0 && version == 0 && tables == 0;
  if (!*fresh && id != STORE_APPLICATION_ID)
    return err_say(msg, ERR_NOT_OURS, "%s is not a CyberMiles database",
                   s->path);
  return *fresh ? ERR_OK : store_version_check(s->path, (u64)version, msg);
}

static int store_wal_hook(void *ctx, sqlite3 *db, const char *name,
                          int pages) {
  (void)db;
  (void)name;
  ((struct store *)ctx)->wal_pages = (u64)pages;
  return SQLITE_OK;
}

static err store_wal_begin(struct store *s, struct errmsg *msg) {
  struct store_conn *c = &s->conn;
  err e = store_conn_exec(c, "PRAGMA journal_mode=WAL;"
                             "PRAGMA wal_autocheckpoint=0;"
                             "PRAGMA journal_size_limit=335544320;"
                             "PRAGMA synchronous=FULL;");
  if (e)
    return err_say(msg, e, "%s: cannot start the write-ahead log: %s",
                   s->path, sqlite3_errmsg(c->db));
  sqlite3_wal_hook(c->db, store_wal_hook, s);
  return ERR_OK;
}

static err store_standing_read(struct store_conn *c,
                               struct store_standing *out,
                               u8 ids[8 * STORE_FRESH_MAX],
                               size_t *ids_len) {
  sqlite3_stmt *st = STORE_ST(c, standing_get);
  int rc = store_row_st(st);
  if (rc < 0) return rc;
  if (rc == 0) return ERR_CORRUPT;
  out->head = sqlite3_column_int64(st, 0);
  out->flushed = sqlite3_column_int64(st, 1);
  out->oldest_state = store_col_u64(st, 2);
  out->oldest_body = store_col_u64(st, 3);
  slice list = store_col_slice(st, 4);
  bool good = list.len <= 8 * STORE_FRESH_MAX;
  if (good && list.len) memcpy(ids, list.ptr, list.len);
  *ids_len = list.len;
  sqlite3_reset(st);
  return good ? ERR_OK : ERR_CORRUPT;
}

static err store_open_tables(struct store *s, struct errmsg *msg) {
  bool fresh = false;
  TRY(store_identity_check(s, &fresh, msg));
  if (fresh && s->read_only)
    return err_say(msg, ERR_NOT_OURS, "%s is empty", s->path);
  if (fresh) TRY(store_schema_make(s, msg));
  if (!s->read_only) TRY(store_wal_begin(s, msg));
  TRY(store_conn_prepare(&s->conn, s->read_only ? STORE_R : STORE_W, msg));
  if (!s->read_only) TRY(store_checkpoint_open(s, msg));
  u8 ids[8 * STORE_FRESH_MAX];
  size_t ids_len = 0;
  err e = store_standing_read(&s->conn, &s->standing, ids, &ids_len);
  if (!e) e = store_settle_open(s, slice_of(ids, ids_len));
  if (!e && !s->read_only) e = store_run_recover(s);
  if (e)
    return err_say(msg, e, "%s: cannot read: %s", s->path,
                   sqlite3_errmsg(s->conn.db));
  return ERR_OK;
}

/* A journal beside the file: switching its mode was cut off.  Only who may
** write can undo that; a node that is at it holds the lock. */
static void store_undo_journal(const char *path) {
  char journal[PATH_MAX];
  struct store *s;
  struct errmsg ignored;
  sqlite3_snprintf(sizeof journal, journal, "%s-journal", path);
  if (access(journal, F_OK) != 0) return;
  err e = store_open(&s, path, 0, &ignored);
  if (!e) e = store_close(s, &ignored);
  (void)e; /* who reads is told what is wrong */
}

/* Nobody asks how much memory SQLite has; counting it is a lock that all
** connections share, at each allocation.  Refused when SQLite runs already. */
static void store_sqlite_setup(void) {
  (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

err store_open(struct store **out, const char *path, u32 flags,
               struct errmsg *msg) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, store_sqlite_setup);
  if (flags & STORE_READ_ONLY) store_undo_journal(path);
  struct store *s = mem_alloc(sizeof *s);
  bool fresh = false;
  s->path = mem_strdup(path);
  s->read_only = flags & STORE_READ_ONLY;
  s->scratch = flags & STORE_SCRATCH;
  s->lock_fd = -1;
  s->fresh_set = mem_alloc(sizeof *s->fresh_set);
  pthread_mutex_init(&s->fresh_set->lock, NULL);
  store_filter_set_init(&s->fresh_set->filters);
  s->words = store_words_new();
  store_watch_init(&s->watch);
  *out = NULL;
  err e = s->read_only ? ERR_OK : store_folder_check(path, msg);
  if (!e) e = store_lock(s, flags, msg);
  if (!e) e = store_header_check(s, &fresh, msg);
  if (!e && !s->read_only) e = store_vfs_init(&s->vfs);
  if (!e)
    e = store_conn_open(&s->conn, path,
                        s->read_only ? SQLITE_OPEN_READONLY
                                     : SQLITE_OPEN_READWRITE,
                        s->read_only ? NULL : s->vfs.name, STORE_WRITER_CACHE,
                        msg);
  if (!e && fresh && !s->read_only) {
    char text[64];
    sqlite3_snprintf(sizeof text, text, "PRAGMA page_size=%d;",
                     STORE_PAGE_SIZE);
    e = store_conn_exec(&s->conn, text);
  }
  if (!e) e = store_open_tables(s, msg);
  if (e) {
    store_abandon(s);
    return e;
  }
  *out = s;
  return ERR_OK;
}

void store_cache(struct store *s, u64 bytes) {
  char text[48];
  sqlite3_snprintf(sizeof text, text, "PRAGMA cache_size=-%lld",
                   (sqlite3_int64)(bytes / 1024));
  /* Only a wish: without it the cache stays as large as it was. */
  err e = store_conn_exec(&s->conn, text);
  (void)e;
}

void store_abandon(struct store *s) {
  if (!s) return;
  store_checkpoint_close(s);
  store_rollback(s);
  store_merge_drop(s);
  store_settle_drop(s);
  store_fresh_drop(s, &s->flush.fresh);
  store_fresh_clear(s->fresh_set, &s->fresh);
  MUST(s->fresh_set->cnt == 0); /* readers are closed before */
  pthread_mutex_destroy(&s->fresh_set->lock);
  store_filter_set_fini(&s->fresh_set->filters);
  mem_free(s->fresh_set->run);
  mem_free(s->fresh_set);
  store_words_free(s->words);
  mem_free(s->fresh_gone.id);
  store_watch_fini(&s->watch);
  store_tables_fini(s);
  store_conn_close(&s->conn);
  store_vfs_fini(&s->vfs);
  if (s->lock_fd >= 0) close(s->lock_fd);
  mem_free(s->path);
  mem_free(s);
}

err store_close(struct store *s, struct errmsg *msg) {
  if (!s) return ERR_OK;
  err e = ERR_OK;
  if (!s->read_only) {
    store_checkpoint_close(s);
    store_rollback(s);
    sqlite3_busy_timeout(s->conn.db, 200);
    int rc = sqlite3_wal_checkpoint_v2(s->conn.db, NULL,
                                       SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    e = store_err(rc);
    /* Statements would keep the log in use. */
    store_tables_fini(s);
    for (u32 i = 0; i < STORE_ST_CNT; i++) {
      sqlite3_finalize(s->conn.st[i]);
      s->conn.st[i] = NULL;
    }
    if (!e) e = store_conn_exec(&s->conn, "PRAGMA journal_mode=DELETE;");
    if (e)
      err_say(msg, e, "%s: the write-ahead log stays beside the file: %s",
              s->path, sqlite3_errmsg(s->conn.db));
  }
  store_abandon(s);
  return e;
}

const char *store_path(const struct store *s) { return s->path; }
const char *store_error(const struct store *s) { return s->error; }
void store_standing(const struct store *s, struct store_standing *out) {
  *out = s->standing;
}

/*----------------------------------------------------------- transactions */
err store_fail(struct store *s, err e) {
  if (e < 0)
    sqlite3_snprintf(sizeof s->error, s->error, "%s: %s", err_text(e),
                     sqlite3_errmsg(s->conn.db));
  return e;
}

err store_begin(struct store *s, bool durable) {
  MUST(!s->in_tx && !s->read_only);
  err e = store_conn_exec(&s->conn, s->scratch ? "PRAGMA synchronous=OFF"
                                    : durable ? "PRAGMA synchronous=FULL"
                                              : "PRAGMA synchronous=NORMAL");
  if (!e) e = store_run_st(STORE_ST(&s->conn, begin));
  s->in_tx = !e;
  return store_fail(s, e);
}

err store_commit(struct store *s) {
  MUST(s->in_tx);
  err e = store_run_st(STORE_ST(&s->conn, commit));
  if (!e) s->in_tx = false;
  return store_fail(s, e);
}

void store_rollback(struct store *s) {
  if (!s->in_tx) return;
  s->in_tx = false;
  /* SQLite may have rolled back by itself (disk full). */
  if (!sqlite3_get_autocommit(s->conn.db)) {
    err e = store_run_st(STORE_ST(&s->conn, rollback));
    (void)e;
  }
}

err store_write_st(struct store *s, sqlite3_stmt *st, sqlite3_stmt *next) {
  err e = store_begin(s, true);
  if (!e) e = store_run_st(st);
  if (!e && next) e = store_run_st(next);
  if (!e) e = store_commit(s);
  if (e) {
    store_fail(s, e);
    store_rollback(s);
  }
  sqlite3_clear_bindings(st);
  if (next) sqlite3_clear_bindings(next);
  return e;
}

err store_standing_write(struct store *s) {
  sqlite3_stmt *st = STORE_ST(&s->conn, standing_put);
  u8 ids[8 * STORE_FRESH_MAX];
  sqlite3_bind_int64(st, 1, s->standing.head);
  sqlite3_bind_int64(st, 2, s->standing.flushed);
  store_bind_u64(st, 3, s->standing.oldest_state);
  store_bind_u64(st, 4, s->standing.oldest_body);
  store_bind_slice(st, 5, store_fresh_ids(&s->fresh, ids));
  return store_run_st(st);
}

/*-------------------------------------------------------------- appending */
static err store_append_chunks(struct store *s, enum store_chunk_kind kind,
                               const struct store_block *b) {
  static const enum store_stmt stmt[STORE_CHUNK_CNT] = {
      [STORE_BODY] = STORE_ST_body_insert,
      [STORE_RECEIPT] = STORE_ST_receipt_insert,
      [STORE_DIFF] = STORE_ST_diff_insert,
      [STORE_MET] = STORE_ST_met_insert};
  sqlite3_stmt *st = s->conn.st[stmt[kind]];
  for (u32 i = 0; i < b->chunk_cnt[kind]; i++) {
    MUST(STORE_SEQ_HEIGHT(b->chunk[kind][i].seq) == b->height);
    store_bind_u64(st, 1, b->chunk[kind][i].seq);
    store_bind_slice(st, 2, b->chunk[kind][i].bytes);
    TRY(store_run_st(st));
  }
  return ERR_OK;
}

err store_append_block(struct store *s, const struct store_block *b) {
  MUST((i64)b->height == s->standing.head + 1);
  sqlite3_stmt *st = STORE_ST(&s->conn, block_insert);
  store_bind_u64(st, 1, b->height);
  store_bind_slice(st, 2, hash32_slice(&b->hash));
  store_bind_u64(st, 3, b->size);
  store_bind_u64(st, 4, b->tx_cnt);
  store_bind_u64(st, 5, b->log_cnt);
  store_bind_slice(st, 6, b->header);
  store_bind_slice(st, 7, b->proposal);
  store_bind_slice(st, 8, b->commit);
  TRY(store_run_st(st));
  for (u32 k = 0; k < STORE_CHUNK_CNT; k++)
    TRY(store_append_chunks(s, (enum store_chunk_kind)k, b));
  st = STORE_ST(&s->conn, code_insert);
  for (u32 i = 0; i < b->code_cnt; i++) {
    store_bind_slice(st, 1, hash32_slice(&b->code[i].hash));
    store_bind_slice(st, 2, b->code[i].code);
    TRY(store_run_st(st));
  }
  for (u32 i = 0; i < b->meta_cnt; i++) {
    bool put = b->meta[i].val.len > 0;
    st = put ? STORE_ST(&s->conn, meta_put) : STORE_ST(&s->conn, meta_del);
    sqlite3_bind_text(st, 1, b->meta[i].name, -1, SQLITE_STATIC);
    if (put) store_bind_slice(st, 2, b->meta[i].val);
    TRY(store_run_st(st));
  }
  s->standing.head = (i64)b->height;
  return s->projector ? s->projector->block(s->projector->ctx, b) : ERR_OK;
}

err store_append(struct store *s, struct store_block *const *blocks, u32 cnt) {
  if (cnt == 0) return ERR_OK;
  i64 head = s->standing.head;
  TRY(store_begin(s, true));
  err e = ERR_OK;
  for (u32 i = 0; i < cnt && !e; i++) e = store_append_block(s, blocks[i]);
  if (!e) e = store_standing_write(s);
  if (!e) e = store_commit(s);
  if (e) {
    store_fail(s, e);
    store_rollback(s);
    s->standing.head = head;
  }
  return e;
}

err store_cut(struct store *s, u64 height) {
  static const enum store_stmt stmt[] = {STORE_ST_body_cut,
                                         STORE_ST_receipt_cut,
                                         STORE_ST_diff_cut};
  i64 head = s->standing.head;
  MUST((i64)height <= head && (i64)height >= s->standing.flushed);
  TRY(store_begin(s, true));
  store_bind_u64(STORE_ST(&s->conn, block_cut), 1, height);
  err e = store_run_st(STORE_ST(&s->conn, block_cut));
  for (u32 i = 0; i < ARRAY_LEN(stmt) && !e; i++) {
    store_bind_u64(s->conn.st[stmt[i]], 1, STORE_SEQ(height + 1, 0));
    e = store_run_st(s->conn.st[stmt[i]]);
  }
  s->standing.head = (i64)height;
  if (!e && s->projector)
    e = s->projector->cut(s->projector->ctx, height);
  if (!e) e = store_standing_write(s);
  if (!e) e = store_commit(s);
  if (e) {
    store_fail(s, e);
    store_rollback(s);
    s->standing.head = head;
  }
  return e;
}

/*------------------------------------------------------------ small rows */
static err store_write_one(struct store *s, sqlite3_stmt *st) {
  err e = store_begin(s, true);
  if (!e) e = store_run_st(st);
  if (!e) e = store_commit(s);
  if (e) {
    store_fail(s, e);
    store_rollback(s);
  }
  sqlite3_clear_bindings(st);
  return e;
}

static err store_read_one(struct buf *out, sqlite3_stmt *st) {
  int rc = store_row_st(st);
  if (rc > 0) {
    buf_put_slice(out, store_col_slice(st, 0));
    sqlite3_reset(st);
  }
  sqlite3_clear_bindings(st);
  return rc < 0 ? rc : rc == 0 ? ERR_NOT_FOUND : ERR_OK;
}

err store_meta_put(struct store *s, const char *name, slice val) {
  sqlite3_stmt *st = STORE_ST(&s->conn, meta_put);
  sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
  store_bind_slice(st, 2, val);
  return store_write_one(s, st);
}

err store_meta_get(struct store *s, struct buf *out, const char *name) {
  sqlite3_stmt *st = STORE_ST(&s->conn, meta_get);
  sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
  return store_read_one(out, st);
}

err store_meta_del(struct store *s, const char *name) {
  sqlite3_stmt *st = STORE_ST(&s->conn, meta_del);
  sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
  return store_write_one(s, st);
}

err store_key_put(struct store *s, const addr20 *addr, slice json) {
  sqlite3_stmt *st = STORE_ST(&s->conn, key_put);
  store_bind_slice(st, 1, addr20_slice(addr));
  store_bind_slice(st, 2, json);
  return store_write_one(s, st);
}

err store_key_del(struct store *s, const addr20 *addr) {
  sqlite3_stmt *st = STORE_ST(&s->conn, key_del);
  store_bind_slice(st, 1, addr20_slice(addr));
  return store_write_one(s, st);
}

err store_key_get(struct store *s, struct buf *out, const addr20 *addr) {
  sqlite3_stmt *st = STORE_ST(&s->conn, key_get);
  store_bind_slice(st, 1, addr20_slice(addr));
  return store_read_one(out, st);
}

err store_key_list(struct store *s, addr20 *out, u32 cnt_max, u32 *cnt) {
  sqlite3_stmt *st = STORE_ST(&s->conn, key_list);
  int rc;
  *cnt = 0;
  while ((rc = store_row_st(st)) > 0) {
    slice a = store_col_slice(st, 0);
    if (*cnt < cnt_max && a.len == 20) memcpy(out[*cnt].b, a.ptr, 20);
    (*cnt)++;
  }
  return rc;
}
