/* store_int.h - what the files of store share; not for other folders. */
#ifndef STORE_STORE_INT_H
#define STORE_STORE_INT_H
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "store/store.h"
#include "store/store_table.h"

#define STORE_PAGE_SIZE 8192

enum { STORE_W = 1, STORE_R = 2 };
enum store_stmt {
#define STMT(name, who) STORE_ST_##name,
#include "store/store_stmt.def"
#undef STMT
  STORE_ST_CNT
};

/* A connection with its prepared statements. */
struct store_conn {
  sqlite3 *db;
  sqlite3_stmt *st[STORE_ST_CNT];
};
/* Opens with the pragmas that all connections share and prepares the
** statements of who.  On error nothing stays open. */
err store_conn_open(struct store_conn *c, const char *path, int flags,
                    const char *vfs, u64 cache_bytes, struct errmsg *msg)
    MUST_USE;
err store_conn_prepare(struct store_conn *c, int who, struct errmsg *msg)
    MUST_USE;
void store_conn_close(struct store_conn *c);
/* The err of an SQLite result code. */
err store_err(int rc);
err store_conn_exec(struct store_conn *c, const char *sql) MUST_USE;
/* Reads one number with a pragma or query text of our own. */
err store_conn_number(struct store_conn *c, const char *sql, i64 *out)
    MUST_USE;
/* The text of a named statement, or of a schema file; NULL when missing. */
const char *store_sql_find(const char *name, size_t *len);
const char *store_sql_schema(u32 version);

/* Statement by name, reset and ready to bind. */
#define STORE_ST(conn, name) ((conn)->st[STORE_ST_##name])
static inline void store_bind_u64(sqlite3_stmt *st, int at, u64 v) {
  sqlite3_bind_int64(st, at, (sqlite3_int64)v);
}
static inline void store_bind_slice(sqlite3_stmt *st, int at, slice s) {
  if (s.len) {
    sqlite3_bind_blob64(st, at, s.ptr, s.len, SQLITE_STATIC);
  } else {
    sqlite3_bind_zeroblob(st, at, 0);
  }
}
static inline slice store_col_slice(sqlite3_stmt *st, int col) {
  const void *p = sqlite3_column_blob(st, col);
  return slice_of(p, (size_t)sqlite3_column_bytes(st, col));
}
static inline u64 store_col_u64(sqlite3_stmt *st, int col) {
  return (u64)sqlite3_column_int64(st, col);
}
static inline void store_bind_text(sqlite3_stmt *st, int at, const char *text) {
  sqlite3_bind_text(st, at, text, -1, SQLITE_STATIC);
}
/* Cut to fit. */
void store_col_text(sqlite3_stmt *st, int col, char *out, size_t size);
/* Runs a statement that gives no row, and resets it. */
err store_run_st(sqlite3_stmt *st) MUST_USE;
/* First row: 1 row, 0 none (reset), negative err (reset). */
int store_row_st(sqlite3_stmt *st);
/* All rows, read into out, which has max of size bytes (they are zeroed
** before); *cnt: how many there are, of which those over max are but counted.
** Remembers the error. */
err store_list(struct store *s, sqlite3_stmt *st, void *out, size_t size,
               u32 max, u32 *cnt, void (*read)(sqlite3_stmt *st, void *row))
    MUST_USE;

/* Where a row stands, and its key there. */
static inline enum store_table store_row_place(enum store_table table,
                                               slice *key) {
  if (table != STORE_NODE) return table;
  MUST(key->len > 1 && key->ptr[0] < STORE_TABLE_CNT);
  table = (enum store_table)key->ptr[0];
  *key = slice_of(key->ptr + 1, key->len - 1);
  return table;
}

/*------------------------------------------------------ log and checkpoint
** store_vfs.c tells what this layer is for. */
struct store_vfs {
  sqlite3_vfs vfs; /* first: it is the one given to SQLite */
  sqlite3_vfs *real;
  char name[32];
  sqlite3_file *wal; /* the log, or NULL; what is yet to be written to it: */
  u8 *held;
  u32 held_len;
  i64 held_end;      /* where the last write, held or not, ended */
  bool commit;       /* the frame under way ends a transaction */
};
err store_vfs_init(struct store_vfs *v) MUST_USE;
void store_vfs_fini(struct store_vfs *v);

enum store_checkpoint_phase {
  STORE_CHECKPOINT_OFF,
  STORE_CHECKPOINT_COPY,
  STORE_CHECKPOINT_CLOSING /* little is left, or many passes were made */
};
struct store_checkpoint {
  enum store_checkpoint_phase phase;
  struct store_conn conn;  /* the thread's while a pass runs */
  pthread_t thread;
  bool running;            /* to be joined */
  atomic_bool ended;
  int rc, log, copied;     /* of the pass that ended: frames */
  u32 passes, tries;
  u64 began_us, retry_ms;
};
/* The connection of the passes; close waits for the thread, if there is one. */
err store_checkpoint_open(struct store *s, struct errmsg *msg) MUST_USE;
void store_checkpoint_close(struct store *s);

/*------------------------------------------------------------ index runs */
#define STORE_RUN_FAN 508u /* entries of a page: 8128 bytes, one leaf */
#define STORE_RUN_LEVELS 4u
#define STORE_MERGE_MAX 16u

struct store_run {
  u64 id, cnt, first, last; /* heights first..last */
  u32 kind, state;
};
struct store_run_list {
  struct store_run *run; /* ascending by first */
  u32 cnt, cap;
};
err store_run_load(struct store_conn *c, struct store_run_list *out) MUST_USE;
void store_run_list_fini(struct store_run_list *l);
/* At opening: runs whose writing was cut off are to be deleted. */
err store_run_recover(struct store *s) MUST_USE;

/*---------------------------------------------------------------- filters
** store_filter.c tells what they are for. */
#define STORE_FILTER_BYTES (4u << 20) /* of all index runs' */
#define STORE_FILTER_MAX 64u          /* index runs with one */

struct store_filter {
  u64 *word, blocks;
};
/* For so many keys; a key is 64 bits that were mixed well. */
void store_filter_init(struct store_filter *f, u64 keys);
void store_filter_fini(struct store_filter *f);
u64 store_filter_bytes(u64 keys);
void store_filter_add(struct store_filter *f, u64 h);
bool store_filter_may(const struct store_filter *f, u64 h);

/* Those of index runs, which the connections of a store share. */
struct store_filter_set {
  pthread_mutex_t lock;
  struct store_run_filter {
    struct store_run run;
    struct store_filter filter;
  } of[STORE_FILTER_MAX];
  u32 cnt;
  u64 bytes;
};
void store_filter_set_init(struct store_filter_set *s);
void store_filter_set_fini(struct store_filter_set *s);
/* Whether the run, of the list, may have the key; or it has no filter, and one
** should be made. */
enum store_filter_answer {
  STORE_FILTER_ABSENT, STORE_FILTER_PERHAPS, STORE_FILTER_WANTED
};
enum store_filter_answer store_filter_ask(struct store_filter_set *s,
                                          const struct store_run *r,
                                          const struct store_run_list *l,
                                          u64 key);
/* Takes it, or frees it. */
void store_filter_give(struct store_filter_set *s, const struct store_run *r,
                       struct store_filter *f);

/* Writes one run, page by page, in ascending order. */
struct store_run_writer {
  bool on;
  u64 id, cnt, page_cnt[STORE_RUN_LEVELS];
  u32 kind, fill[STORE_RUN_LEVELS];
  struct store_entry entry[STORE_RUN_LEVELS][STORE_RUN_FAN];
};
err store_run_begin(struct store *s, struct store_run_writer *w, u32 kind,
                    u64 first, u64 last) MUST_USE;
err store_run_add(struct store *s, struct store_run_writer *w,
                  const struct store_entry *e) MUST_USE;
/* Writes what is buffered; the run is still not in use. */
err store_run_end(struct store *s, struct store_run_writer *w) MUST_USE;

/* One run being read in order, for merging. */
struct store_run_cursor {
  struct store_run run;
  u64 page;      /* the one in entry */
  u32 at, cnt;
  struct store_entry entry[STORE_RUN_FAN];
};

struct store_merge {
  bool on;
  u32 cnt;
  struct store_run_cursor *in; /* cnt of them */
  struct store_run_writer out;
};
err store_merge_step(struct store *s, u64 until_us, bool *more) MUST_USE;
void store_merge_drop(struct store *s);

/*------------------------------------------------------------ fresh runs
** store_fresh.c tells what they are; store_settle.c writes them. */
#define STORE_FRESH_MAX 48u    /* in use */
#define STORE_FRESH_MARKS 5u
#define STORE_FRESH_KEY 72u    /* a row's key, its place in front */
#define STORE_FRESH_PAGE 8128u /* bytes: one leaf */
#define STORE_FRESH_ROWS 2048u /* of a page */
#define STORE_FRESH_PAGE_ID(id, page) ((u64)(id) << 24 | (u64)(page))

struct store_fresh {
  u64 id, keys; /* keys: in the filter */
  struct store_filter filter;
  struct buf fence;   /* the first key of each page, one after the other */
  u32 *fence_at;      /* where each begins; and the end */
  u32 page_cnt, page_cap, refs;
};
/* What the connections of a store share. */
struct store_fresh_set {
  pthread_mutex_t lock;
  struct store_fresh **run;
  u32 cnt, cap;
  struct store_filter_set filters;
};
/* Runs in use, the oldest first; each is held. */
struct store_fresh_list {
  u32 cnt;
  struct store_fresh *run[STORE_FRESH_MAX];
};
struct store_fresh_cursor {
  u64 id;
  u32 page, len; /* whose bytes these are; len 0: none */
  u32 page_cnt, at;
  u32 place;     /* of the run in its reader's list */
  bool has;
  struct store_row row; /* where it stands, when it has one */
  u8 bytes[STORE_FRESH_PAGE];
};
int store_key_cmp(slice a, slice b);
struct store_fresh *store_fresh_new(u64 id, u64 keys);
void store_fresh_free(struct store_fresh *f);
u32 store_fresh_keys(slice key);
void store_fresh_learn_row(struct store_fresh *f, slice key, bool first);
struct store_fresh *store_fresh_share(struct store_fresh_set *s,
                                      struct store_fresh *f);
void store_fresh_give(struct store_fresh_set *s, struct store_fresh *f);
void store_fresh_clear(struct store_fresh_set *s, struct store_fresh_list *l);
err store_fresh_list(struct store_fresh_set *s, struct store_conn *c,
                     slice ids, struct store_fresh_list *l) MUST_USE;
slice store_fresh_ids(const struct store_fresh_list *l,
                      u8 out[8 * STORE_FRESH_MAX]);
err store_fresh_page(struct store_conn *c, u64 id, u32 page, slice *out)
    MUST_USE;
err store_fresh_row_at(slice page, u32 i, struct store_row *out) MUST_USE;
slice store_fresh_key(u8 out[STORE_FRESH_KEY], u32 place, slice key);
err store_fresh_find(struct store_reader *r, slice key, slice *val, bool *hit)
    MUST_USE;
err store_fresh_open(struct store_reader *r, slice from, u32 nibbles,
                     struct store_fresh_cursor **out, u32 *cnt) MUST_USE;
void store_fresh_close(struct store_reader *r, struct store_fresh_cursor **in,
                       u32 cnt);
err store_cursor_seek(struct store_conn *c, struct store_fresh_cursor *k,
                      const struct store_fresh *f, slice key) MUST_USE;
err store_cursor_next(struct store_conn *c, struct store_fresh_cursor *k)
    MUST_USE;
const struct store_row *store_cursor_least(struct store_fresh_cursor *const *k,
                                           u32 cnt);
err store_cursor_pass(struct store_conn *c,
                      struct store_fresh_cursor *const *k, u32 cnt,
                      slice key) MUST_USE;

/* Writes one run, rows ascending; not in use before it is in the list. */
struct store_fresh_writer {
  struct store_fresh *run; /* NULL: off */
  u32 cnt, len, at[STORE_FRESH_ROWS];
  u8 row[STORE_FRESH_PAGE];
};
/* keys: at most so many for its filter (store_fresh_keys). */
void store_fresh_begin(struct store *s, struct store_fresh_writer *w, u64 keys);
err store_fresh_put(struct store *s, struct store_fresh_writer *w, slice key,
                    slice val) MUST_USE;
err store_fresh_end(struct store *s, struct store_fresh_writer *w) MUST_USE;
/* Its pages are to be deleted. */
void store_fresh_drop(struct store *s, struct store_fresh_writer *w);

/* Several runs becoming one, or (settling) rows of the tables: those at
** first..first + cnt of the list. */
struct store_settle {
  enum { STORE_SETTLE_OFF, STORE_SETTLE_MERGE, STORE_SETTLE_ROWS } what;
  u32 first, cnt;
  struct store_fresh_cursor **in; /* of cnt */
  struct store_fresh_writer out;
  u32 slice_rows;
};
/* One slice, a transaction of its own; *more: call again. */
err store_settle_step(struct store *s, u32 slice_us, bool *more) MUST_USE;
void store_settle_drop(struct store *s);
/* At opening: the runs in use, and what a crash left of others. */
err store_settle_open(struct store *s, slice ids) MUST_USE;
/* No rows stand in front of the tables any more (part of a transaction). */
void store_settle_forget(struct store *s);
/* How many rows or entries fit a slice, as learnt. */
u32 store_slice_learn(u32 now, u32 rows, u64 took_us, u32 slice_us);
err store_row_write(struct store *s, u32 place, slice key, slice val) MUST_USE;

/*---------------------------------------------------------------- handles */
enum store_flush_phase {
  STORE_FLUSH_OFF,
  STORE_FLUSH_ROWS,  /* rows -> a fresh run, or the keyed tables */
  STORE_FLUSH_RUNS,  /* entries -> runs */
  STORE_FLUSH_END
};
struct store_flush {
  enum store_flush_phase phase;
  bool whole;          /* small: all in one transaction */
  struct store_fresh_writer fresh; /* off: rows go to the tables */
  struct store_batch batch;
  u32 part;            /* table or index in work */
  size_t at;           /* next row or entry of it */
  size_t node_at, node_end; /* next node; where those of the part end */
  struct store_run_writer run[STORE_INDEX_CNT];
  u32 slice_rows;      /* how many rows fit a slice, as learnt */
};

/* Sees other processes open and close the file (inotify). */
struct store_watch {
  int fd;              /* -1: not watching */
  u32 own_opens;       /* of the process when the watch began */
  i64 open_cnt;        /* foreign opens not yet closed */
  u64 since_ms;        /* since when open_cnt > 0 */
};

/* store_table.c: what the writer prepared; what a reader used last. */
struct store_tables {
  sqlite3_stmt **st;
  u32 cnt, cap;
};
struct store_cached {
  sqlite3_stmt *st;
  u64 used;
};
void store_tables_fini(struct store *s);
void store_cached_fini(struct store_reader *r);
/* Runs a statement of the reader, prepared when its text is new; a name in
** quotes. */
err store_cached_rows(struct store_reader *r, const char *text,
                      const struct store_val *val, u32 cnt, store_row_fn *row,
                      void *ctx) MUST_USE;
void store_table_name(struct buf *b, const char *name);
err store_table_functions(struct store_conn *c) MUST_USE;

/* store_ids.c: a set of rows' numbers, zeroed when empty.  Numbers are never
** negative. */
#define STORE_IDS_SPAN 4096u      /* numbers of a chunk */
#define STORE_IDS_WORDS (STORE_IDS_SPAN / 64)
#define STORE_IDS_CHUNKS 65536u   /* of a set */
#define STORE_IDS_TYPE "store_ids" /* of a bound pointer */
struct store_ids_chunk {
  u64 high;
  u64 bits[STORE_IDS_WORDS];
};
struct store_ids {
  struct store_ids_chunk *chunk;
  u32 chunk_cnt, chunk_cap;
  u32 cnt;                        /* numbers */
  bool over;                      /* more than fit; sticky */
};
static inline struct store_val store_set(const struct store_ids *s) {
  return (struct store_val){STORE_IDS, 0, slice_of((const u8 *)s, sizeof *s)};
}
void store_ids_fini(struct store_ids *s);
void store_ids_add(struct store_ids *s, i64 id);
void store_ids_drop(struct store_ids *s, i64 id);
void store_ids_copy(struct store_ids *out, const struct store_ids *s);
bool store_ids_has(const struct store_ids *s, i64 id);
/* The greatest that is less; -1: none. */
i64 store_ids_before(const struct store_ids *s, i64 id);
/* Keeps those that are in the other set, or that are not. */
void store_ids_keep(struct store_ids *s, const struct store_ids *of, bool in);
err store_ids_functions(struct store_conn *c) MUST_USE;

/* store_words.c: the rows of a full text that have all words of a MATCH, in one
** column if one is given; the set is the caller's, after an error too. */
struct store_words;
struct store_words *store_words_new(void);
void store_words_free(struct store_words *w);
/* The table that tells its changes; drop: all of it changed. */
err store_words_make(struct store *s, const char *fts, bool drop) MUST_USE;
err store_words_find(struct store_reader *r, struct store_ids *out,
                     const char *fts, slice match, const char *column)
    MUST_USE;
/* Prepares a statement of the writer (store_table.c). */
err store_table_keep(struct store *s, u32 *out, const char *text) MUST_USE;

struct store {
  struct store_conn conn;
  struct store_tables tables;
  const struct store_projector *projector;
  char *path;
  int lock_fd;
  bool read_only, scratch, was_open, in_tx, vacuum;
  struct store_standing standing;
  u64 next_run_id, next_fresh_id;
  struct store_fresh_set *fresh_set;
  struct store_words *words;
  struct store_fresh_list fresh;  /* as standing.fresh tells */
  struct {
    u64 *id;
    u32 cnt, cap;
  } fresh_gone;                   /* runs whose pages are to be deleted */
  struct store_settle settle;
  u32 upkeep_turn;                /* odd: the others' */
  bool upkeep_others, upkeep_settle; /* want more */
  struct store_flush flush;
  struct store_merge merge;
  struct store_watch watch;
  u64 wal_pages;            /* frames of the log */
  u64 checkpoint_ms;        /* when the last one was */
  struct store_checkpoint checkpoint;
  _Atomic u64 checkpoint_cnt, checkpoint_step_us, checkpoint_last_us;
  _Atomic u64 upkeep_us; /* the longest step of it */
  _Atomic u64 upkeep_cpu_us; /* and the dearest */
  struct store_vfs vfs;
  char error[256];
};
err store_begin(struct store *s, bool durable) MUST_USE;
err store_commit(struct store *s) MUST_USE;
void store_rollback(struct store *s);
/* store_prune.c: within upkeep's transaction, until the time is up. */
err store_prune_some(struct store *s, u64 until_us, bool *more) MUST_USE;
err store_vacuum_some(struct store *s, u64 until_us, bool *more) MUST_USE;
/* Keeps SQLite's words for store_error, gives the err. */
err store_fail(struct store *s, err e);
/* One or two (else NULL) statements as one durable transaction; their bindings
** are cleared. */
err store_write_st(struct store *s, sqlite3_stmt *st, sqlite3_stmt *next)
    MUST_USE;
err store_standing_write(struct store *s) MUST_USE;
/* Within a transaction, without the standing. */
err store_append_block(struct store *s, const struct store_block *b) MUST_USE;
u64 store_clock_us(void);
extern atomic_uint store_own_opens;
void store_watch_fini(struct store_watch *w);
void store_watch_init(struct store_watch *w);
bool store_watch_foreign(struct store *s, u64 now_ms);

struct store_reader {
  struct store_conn conn;
  bool in_tx;
  struct store_run_list runs; /* of the snapshot; loaded when first asked */
  bool has_runs;
  struct store_fresh_set *fresh_set;
  struct store_words *words;
  struct store_fresh_list fresh; /* of the snapshot */
  bool keep;                     /* and of the last one */
  struct store_fresh_cursor *cursor[STORE_FRESH_MAX]; /* of a run each; NULL:
                                    not yet, or a scan has it */
  sqlite3_stmt *busy;         /* holds the last view */
  struct store_cached cached[STORE_CACHE_ST];
  u64 cached_clock;
};
#endif
