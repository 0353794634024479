/* store_vfs.c - a thin layer between SQLite and its own file layer, for the
** writer's connection.
**
** SQLite writes a frame of the log in two calls, its head and its page.  Here
** those that follow one another are held back and written together: until a
** transaction's last frame is whole, for before that nobody reads them, or
** until the log is read, synced, cut or measured.
*/
#include "base/stage.h"
#include "store/store_int.h"

#define STORE_FRAME (STORE_PAGE_SIZE + 24)
#define STORE_FRAME_HEAD 24
#define STORE_HELD_MAX (15u * STORE_FRAME) /* SQLite writes < 128 KiB */

struct store_file {
  sqlite3_file base;
  struct store_vfs *v;
  bool is_wal;
  sqlite3_file *real; /* behind this struct, as large as it says */
};
#define STORE_REAL(f) (((struct store_file *)(f))->real)

/*-------------------------------------------------------- writes to the log */
static int store_vfs_let_go(struct store_vfs *v) {
  int len = (int)v->held_len;
  if (len == 0) return SQLITE_OK;
  v->held_len = 0;
  int rc = v->wal->pMethods->xWrite(v->wal, v->held, len, v->held_end - len);
  if (rc != SQLITE_OK) v->held_end = -1;
  return rc;
}

static int store_vfs_log(struct store_vfs *v, const void *p, int len,
                         sqlite3_int64 at) {
  bool follows = at == v->held_end && at > 0;
  if (len == STORE_FRAME_HEAD) v->commit = load_be32((const u8 *)p + 4) != 0;
  if (!follows || v->held_len + (u32)len > STORE_HELD_MAX) {
    int rc = store_vfs_let_go(v);
    if (rc != SQLITE_OK) return rc;
  }
  v->held_end = at + len;
  if (!follows || (u32)len > STORE_HELD_MAX)
    return v->wal->pMethods->xWrite(v->wal, p, len, at);
  if (!v->held) v->held = mem_alloc(STORE_HELD_MAX);
  memcpy(v->held + v->held_len, p, (size_t)len);
  v->held_len += (u32)len;
  return len == STORE_PAGE_SIZE && v->commit ? store_vfs_let_go(v)
                                             : SQLITE_OK;
}

static int store_file_read(sqlite3_file *f, void *out, int len,
                           sqlite3_int64 at) {
  struct store_file *sf = (struct store_file *)f;
  int rc = sf->is_wal ? store_vfs_let_go(sf->v) : SQLITE_OK;
  return rc ? rc : sf->real->pMethods->xRead(sf->real, out, len, at);
}

static int store_file_write(sqlite3_file *f, const void *p, int len,
                            sqlite3_int64 at) {
  struct store_file *sf = (struct store_file *)f;
  if (sf->is_wal) return store_vfs_log(sf->v, p, len, at);
  return sf->real->pMethods->xWrite(sf->real, p, len, at);
}

static int store_file_sync(sqlite3_file *f, int flags) {
  struct store_file *sf = (struct store_file *)f;
  int rc = sf->is_wal ? store_vfs_let_go(sf->v) : SQLITE_OK;
  if (rc) return rc;
  u8 was = stage_enter(STAGE_sync);
  rc = sf->real->pMethods->xSync(sf->real, flags);
  stage_enter(was);
  return rc;
}

/*------------------------------------------------------- what goes through */
static int store_file_close(sqlite3_file *f) {
  struct store_file *sf = (struct store_file *)f;
  if (sf->is_wal) {
    /* What a transaction that did not end has written is nobody's. */
    sf->v->held_len = 0;
    sf->v->wal = NULL;
  }
  return STORE_REAL(f)->pMethods->xClose(STORE_REAL(f));
}
static int store_file_truncate(sqlite3_file *f, sqlite3_int64 size) {
  struct store_file *sf = (struct store_file *)f;
  int rc = sf->is_wal ? store_vfs_let_go(sf->v) : SQLITE_OK;
  return rc ? rc : sf->real->pMethods->xTruncate(sf->real, size);
}
static int store_file_size(sqlite3_file *f, sqlite3_int64 *size) {
  struct store_file *sf = (struct store_file *)f;
  int rc = sf->is_wal ? store_vfs_let_go(sf->v) : SQLITE_OK;
  return rc ? rc : STORE_REAL(f)->pMethods->xFileSize(STORE_REAL(f), size);
}
static int store_file_lock(sqlite3_file *f, int level) {
  return STORE_REAL(f)->pMethods->xLock(STORE_REAL(f), level);
}
static int store_file_unlock(sqlite3_file *f, int level) {
  return STORE_REAL(f)->pMethods->xUnlock(STORE_REAL(f), level);
}
static int store_file_reserved(sqlite3_file *f, int *out) {
  return STORE_REAL(f)->pMethods->xCheckReservedLock(STORE_REAL(f), out);
}
static int store_file_control(sqlite3_file *f, int op, void *arg) {
  return STORE_REAL(f)->pMethods->xFileControl(STORE_REAL(f), op, arg);
}
static int store_file_sector(sqlite3_file *f) {
  return STORE_REAL(f)->pMethods->xSectorSize(STORE_REAL(f));
}
static int store_file_traits(sqlite3_file *f) {
  return STORE_REAL(f)->pMethods->xDeviceCharacteristics(STORE_REAL(f));
}
static int store_file_shm_map(sqlite3_file *f, int page, int size, int extend,
                              void volatile **out) {
  return STORE_REAL(f)->pMethods->xShmMap(STORE_REAL(f), page, size, extend,
                                          out);
}
static int store_file_shm_lock(sqlite3_file *f, int at, int n, int flags) {
  return STORE_REAL(f)->pMethods->xShmLock(STORE_REAL(f), at, n, flags);
}
static void store_file_shm_barrier(sqlite3_file *f) {
  STORE_REAL(f)->pMethods->xShmBarrier(STORE_REAL(f));
}
static int store_file_shm_unmap(sqlite3_file *f, int del) {
  return STORE_REAL(f)->pMethods->xShmUnmap(STORE_REAL(f), del);
}

/* Version 2: without xFetch, files are not mapped. */
static const sqlite3_io_methods store_file_methods = {
  .iVersion = 2,
  .xClose = store_file_close,
  .xRead = store_file_read,
  .xWrite = store_file_write,
  .xTruncate = store_file_truncate,
  .xSync = store_file_sync,
  .xFileSize = store_file_size,
  .xLock = store_file_lock,
  .xUnlock = store_file_unlock,
  .xCheckReservedLock = store_file_reserved,
  .xFileControl = store_file_control,
  .xSectorSize = store_file_sector,
  .xDeviceCharacteristics = store_file_traits,
  .xShmMap = store_file_shm_map,
  .xShmLock = store_file_shm_lock,
  .xShmBarrier = store_file_shm_barrier,
  .xShmUnmap = store_file_shm_unmap,
};

#define STORE_FILE_HEAD ((sizeof(struct store_file) + 15) & ~(size_t)15)

static int store_vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f,
                          int flags, int *out_flags) {
  struct store_file *sf = (struct store_file *)f;
  struct store_vfs *v = (struct store_vfs *)vfs;
  sf->v = v;
  sf->is_wal = flags & SQLITE_OPEN_WAL;
  sf->real = (sqlite3_file *)(void *)((u8 *)f + STORE_FILE_HEAD);
  int rc = v->real->xOpen(v->real, name, sf->real, flags, out_flags);
  sf->base.pMethods = sf->real->pMethods ? &store_file_methods : NULL;
  if (sf->is_wal && sf->base.pMethods) {
    v->wal = sf->real;
    v->held_end = -1;
  }
  return rc;
}

err store_vfs_init(struct store_vfs *v) {
  *v = (struct store_vfs){.real = sqlite3_vfs_find(NULL)};
  if (!v->real) return ERR_IO;
  /* All but opening is the other's own. */
  v->vfs = *v->real;
  v->vfs.zName = v->name;
  v->vfs.pNext = NULL;
  v->vfs.szOsFile += (int)STORE_FILE_HEAD;
  v->vfs.xOpen = store_vfs_open;
  sqlite3_snprintf(sizeof v->name, v->name, "store-%p", (void *)v);
  return store_err(sqlite3_vfs_register(&v->vfs, 0));
}

void store_vfs_fini(struct store_vfs *v) {
  if (v->real) sqlite3_vfs_unregister(&v->vfs);
  mem_free(v->held);
  *v = (struct store_vfs){0};
}

#undef STORE_FRAME
#undef STORE_FRAME_HEAD
#undef STORE_HELD_MAX
#undef STORE_FILE_HEAD
#undef STORE_REAL
