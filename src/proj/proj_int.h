/* proj_int.h - what the files of proj share; not for other folders. */
#ifndef PROJ_PROJ_INT_H
#define PROJ_PROJ_INT_H
#include "proj/proj.h"

#define PROJ_STEP_ARGS (STORE_TABLE_COLS + 3u)

/* Full-text tables, by what their documents are. */
enum proj_fts {
#define TABLE(name, module, index, columns)
#define FTS(name, module, table, columns) PROJ_F_##name,
#include "proj/proj_table.def"
#undef TABLE
#undef FTS
  PROJ_FTS_CNT
};
#define PROJ_FTS_TEXTS 4u /* columns of one, at most */

/* Statements by name; those with the names of sql/query_proj.sql. */
#define PROJ_NAMED(X) \
  X(proj_create) X(content_create) X(proj_ref_create) X(proj_event_create) \
  X(content_index)
#define PROJ_TRIGGERS(X) \
  X(order_tally_new) X(order_tally_change) X(listing_tally_new) \
  X(listing_tally_change) X(review_tally_new) X(review_tally_change) \
  X(listing_closed) X(post_new_of_closed) X(post_of_closed)
#define PROJ_PREPARED(X) \
  X(proj_head_get) X(proj_head_put) X(proj_ref_put) X(proj_ref_list) \
  X(proj_ref_any) X(proj_ref_clear) X(proj_event_clear) X(proj_event_put) \
  X(content_get) X(content_stat) X(content_put) X(content_hold) \
  X(content_clean) X(content_waiting) X(id_operator_epoch) \
  X(id_rep_score) X(review_listing) X(review_rating) X(listing_in_stock) \
  X(court_first_rule)
enum proj_prepared {
#define X(name) PROJ_ST_##name,
  PROJ_PREPARED(X)
#undef X
  PROJ_ST_CNT
};

/* Where a value comes from. */
enum proj_from {
  PROJ_NONE, PROJ_TOPIC, PROJ_DATA, PROJ_REC, PROJ_ELEM, PROJ_INDEX, PROJ_TIME,
  PROJ_CONST, PROJ_HEIGHT, PROJ_TX, PROJ_LOG
};
struct proj_src {
  u8 from;
  u16 at;     /* topic's or word's number; the constant */
};
struct proj_arg {
  struct proj_src src;
  u8 kind;    /* enum store_kind */
  u8 doc;     /* names content: 1; its text is searched: 2 + enum proj_fts */
};
/* What an event carries besides words. */
struct proj_event_data {
  const struct proj_block *b;
  const struct state_log *log;
  const hash32 *tx;
  u32 place;
  u64 log_idx;
  slice data, rec; /* rec: the record's tuple; empty: none */
  slice elem;      /* the element in work */
  u32 index;
};
struct proj_step {
  u8 what;               /* enum proj_step_kind */
  u8 module;             /* of SUBJECT */
  u8 type;
  u8 arg_cnt, elem_words;
  bool cond_not, key_address;
  u32 st, clear_st;      /* clear_st: UINT32_MAX: none */
  u16 table;
  struct proj_src cond, array; /* PROJ_NONE: none */
  struct proj_arg key;   /* first key: of clear; of SUBJECT */
  struct proj_arg arg[PROJ_STEP_ARGS];
  err (*fn)(struct proj *p, const struct proj_event_data *d);
};
enum proj_step_kind { PROJ_DO_ROW, PROJ_DO_EACH, PROJ_DO_SUBJECT, PROJ_DO_FN };
struct proj_event {
  hash32 topic;
  u8 module;
  u16 first, cnt;        /* its steps */
  u16 record_at;         /* word of the record's offset in the data */
  bool has_record, record_dynamic;
};
struct proj_fts_row { /* statements of a full-text table */
  u32 put, title, clear, row, changed;
};

struct proj {
  struct store *s;
  u32 st[PROJ_ST_CNT];
  u32 rep[17];           /* RepChanged by counter */
  struct proj_fts_row fts[PROJ_FTS_CNT];
  struct proj_event *event;
  struct proj_step *step;
  u32 event_cnt, step_cnt;
  struct bloom256 bloom[PROJ_MODULE_CNT];
  struct arena a;        /* of one document */
  u64 held;              /* at most so many bytes are only held */
  bool held_counted;
};

/* The statement is run with values. */
err proj_run(struct proj *p, enum proj_prepared st, const struct store_val *v,
             u32 cnt) MUST_USE;
err proj_rows(struct proj *p, enum proj_prepared st, const struct store_val *v,
              u32 cnt, store_row_fn *row, void *ctx) MUST_USE;
/* The word where a source is; NULL: the event does not have it. */
const u8 *proj_word(const struct proj_event_data *d, struct proj_src src,
                    u8 out[32]);

/* Of a full-text table: its row is written by the statement. */
err proj_fts_run(struct proj *p, u32 fts, u32 st, const struct store_val *v,
                 u32 cnt, i64 row) MUST_USE;
/* proj_content.c: an event names content; fts: its text is searched, as that of
** the row. */
err proj_ref(struct proj *p, const struct proj_event_data *d, u32 module,
             const hash32 *hash, u32 fts, i64 row) MUST_USE;
extern const struct proj_fts_text {
  const char *name;                  /* "market": of the statements */
  const char *field[PROJ_FTS_TEXTS]; /* of the document, for each column */
} PROJ_FTS_TEXT[PROJ_FTS_CNT];

/* proj_fn.c */
#define FN(module, event, name) \
  err proj_fn_##name(struct proj *p, const struct proj_event_data *d) MUST_USE;
#define FN_AFTER(module, event, name) FN(module, event, name)
#define ON(module, event, table, how, record, spec)
#define EACH(module, event, table, record, array, clear, spec)
#define SUBJECT(module, event, of, type, key)
#include "proj/proj_event.def"
#undef FN
#undef FN_AFTER
#undef ON
#undef EACH
#undef SUBJECT
err proj_fn_open(struct proj *p) MUST_USE;
#endif
