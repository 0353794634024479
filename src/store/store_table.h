/* store_table.h - tables that are derived from the chain: whoever projects
** events into rows describes a table, and the statements follow from that.
**
** A column is a number (0 unless given), an address (20 bytes), a hash (32),
** money (16 bytes, big-endian: sorts by value) or text.  Every table ends with the columns
** height, tx, log: what changed its row last.  The row's number (rowid) is its
** only key column when that is a number, else rows are numbered as they came.
** An FTS table is SQLite's FTS5 over a table of the same numbers: unicode61
** without diacritics, prefixes of 1 to STORE_FTS_PREFIX letters.
**
** Writing happens within the writer's transaction: in the callbacks of
** store_project, or between store_table_begin and store_table_end.
**
** Limits: STORE_TABLE_COLS columns, STORE_WHERE_MAX conditions of a query,
** STORE_CACHE_ST statements kept by a reader.
*/
#ifndef STORE_STORE_TABLE_H
#define STORE_STORE_TABLE_H
#include "store/store.h"

#define STORE_TABLE_COLS 40u
#define STORE_WHERE_MAX 24u
#define STORE_CACHE_ST 64u
#define STORE_ONLY_MAX 4u
#define STORE_FTS_PREFIX 8u

enum store_kind {
  STORE_INT, STORE_ADDR, STORE_HASH, STORE_MONEY, STORE_TEXT,
  STORE_BOOL /* a number, 0 or 1 */
};
struct store_column {
  const char *name;
  u8 kind;      /* enum store_kind */
  bool key;     /* part of the key; these come first */
};
struct store_table_def {
  const char *name;
  const struct store_column *col; /* ended by one without name */
  const char *index;  /* "seller,state;category,price" or "" */
};
struct store_fts_def {
  const char *name, *columns; /* "title,body" */
};

struct store_val {
  enum store_val_kind {
    STORE_NULL, STORE_NUM, STORE_BLOB, STORE_STR,
    STORE_IDS /* of store's own: struct store_ids */
  } kind;
  i64 num;
  slice bytes;
};
static inline struct store_val store_num(u64 v) {
  return (struct store_val){STORE_NUM, (i64)v, {0}};
}
static inline struct store_val store_blob(slice s) {
  return (struct store_val){STORE_BLOB, 0, s};
}
static inline struct store_val store_text(slice s) {
  return (struct store_val){STORE_STR, 0, s};
}

/*---------------------------------------------------------------- writing */
/* What is called within the transaction that appends a block, and within the
** one that cuts blocks off; an error of it undoes the transaction. */
struct store_projector {
  void *ctx;
  err (*block)(void *ctx, const struct store_block *b);
  err (*cut)(void *ctx, u64 height);
};
/* p is the caller's; NULL: none. */
void store_project(struct store *s, const struct store_projector *p);
/* Makes the tables that are missing; drop: anew and empty.  Without their
** indexes: these are made when much was written (sorted, that is faster) or
** before it. */
err store_table_make(struct store *s, const struct store_table_def *t,
                     bool drop) MUST_USE;
err store_table_index(struct store *s, const struct store_table_def *t)
    MUST_USE;
err store_fts_make(struct store *s, const struct store_fts_def *t, bool drop)
    MUST_USE;
/* A transaction of its own; end commits unless e, and gives e or its own
** error. */
err store_table_begin(struct store *s) MUST_USE;
err store_table_end(struct store *s, err e) MUST_USE;

/* A statement that writes, prepared once; the number is good while the store
** is open.  put: inserts, or changes what is given of the row with the same
** key; set: changes the rows that have the values of where; del. */
enum store_write { STORE_PUT, STORE_SET, STORE_DEL };
struct store_term {
  const char *col;
  char op;      /* '=' value, '+' '-' money or number added, '?' condition */
};
err store_table_prepare(struct store *s, u32 *out,
                        const struct store_table_def *t,
                        enum store_write what, const struct store_term *term,
                        u32 cnt) MUST_USE;
/* Who writes a row of an FTS table tells it with a statement prepared for that
** table, right behind the one that wrote: what readers keep of its words follows
** (store_words.c).  If that one changed no row, nothing is told. */
err store_fts_prepare(struct store *s, u32 *out, const char *fts) MUST_USE;
err store_fts_changed(struct store *s, u32 st, i64 row) MUST_USE;
/* Runs one named statement of sql/query_proj.sql without values, once. */
err store_table_once(struct store *s, const char *name) MUST_USE;
/* Prepares one likewise. */
err store_table_named(struct store *s, u32 *out, const char *name) MUST_USE;
/* Runs it with the values of its terms in order. */
err store_table_run(struct store *s, u32 st, const struct store_val *val,
                    u32 cnt) MUST_USE;
/* The same for one that reads, on the writer's connection: row is called with
** the columns; its error ends it. */
typedef err store_row_fn(void *ctx, const struct store_val *val, u32 cnt);
err store_table_rows(struct store *s, u32 st, const struct store_val *val,
                     u32 cnt, store_row_fn *row, void *ctx) MUST_USE;

/*---------------------------------------------------------------- reading */
enum store_op { STORE_EQ, STORE_GE, STORE_LE, STORE_NE,
                STORE_MATCH, /* col: an FTS table */
                STORE_AMONG, /* col: a statement of sql/query_proj.sql that
                             ** gives rows' numbers */
                STORE_PART,  /* col: a condition of sql/query_proj.sql; both
                             ** with as many values as the next ones:
                             ** STORE_MORE */
                STORE_MORE };
struct store_where {
  const char *col;
  enum store_op op;
  struct store_val val;
};
struct store_query {
  const struct store_table_def *table;
  struct store_where where[STORE_WHERE_MAX];
  u32 where_cnt;
  const char *order;    /* a column; NULL: by number */
  bool up;              /* ascending */
  const char *rank;     /* by relevance: first those that have all words of
                        ** STORE_MATCH in this column of the FTS table, then
                        ** the others, each by order, a number below 2^40 */
  bool has_after;       /* only what comes behind this value and number */
  struct store_val after;
  i64 after_id;
  u32 limit;
  const char *only[STORE_ONLY_MAX]; /* rows are these columns, in no order */
  const char *either[2]; /* one of these columns has either_val */
  struct store_val either_val;
};
/* Calls row with the table's columns, then height, tx, log, then the number,
** then the value that it was ordered by (for `after`).  src/store/store_query.c
** tells by which index: a list wants one that begins with its conditions "=",
** then has the column of its order, then "id" (the number), then what else it is
** filtered by.  Of a numbered table, created_at never falls from one number to
** the next. */
err store_query_run(struct store_reader *r, const struct store_query *q,
                    store_row_fn *row, void *ctx) MUST_USE;
/* A named statement that reads. */
err store_named_run(struct store_reader *r, const char *name,
                    const struct store_val *val, u32 cnt, store_row_fn *row,
                    void *ctx) MUST_USE;
#endif
