/* store_query.c - queries over derived tables (struct store_query): their texts,
** and the index by which each is read.
**
** What a query costs is the rows that it looks up: each is a page, read from the
** file, since a new block ends what a reader's cache knew.  SQLite has no counts
** to choose an index by, so it is named here:
**   whole      an index whose first columns are all the conditions "=" and whose
**              next is the order's: what it gives first is the answer
**   few        conditions at the front of another index that at most
**              QUERY_FEW rows meet, counted that far in the index alone: these
**              rows are looked up and sorted
**   in order   many rows meet each condition, so that a page is soon full: the
**              index of the order, rows passed over until it is; conditions on
**              columns that the index has behind cost no look at the row
** An index of the order has the number ("id") behind the order's column, or ends
** there: rows of one value come by their numbers.  Rows of one first key are
** found by the key.
**
** A query of full text looks up what that finds, at most its window; one of
** either column is two of one column each, joined.
*/
#include <stdio.h>

#include "store/store_int.h"
#include "store/store_table.h"

#define QUERY_WINDOW 5000u
#define QUERY_RANK_WINDOW 2000u /* a rank costs three times a look at the row */
#define QUERY_FEW 4000u
#define QUERY_EXTRA 3u /* height, tx, log */
#define QUERY_NAME_MAX 40u

struct query_text {
  struct buf b;
  struct store_val val[4 * STORE_WHERE_MAX + 16];
  u32 cnt;
};
static void query_str(struct query_text *t, const char *s) {
  buf_put_str(&t->b, s);
}
static void query_num(struct query_text *t, const char *before, u32 n) {
  char text[64];
  snprintf(text, sizeof text, "%s%u", before, n);
  query_str(t, text);
}
static void query_name(struct query_text *t, const char *before,
                       const char *name) {
  query_str(t, before);
  store_table_name(&t->b, name);
}
/* The next value's place. */
static void query_value(struct query_text *t, struct store_val v) {
  MUST(t->cnt < ARRAY_LEN(t->val));
  t->val[t->cnt++] = v;
  query_num(t, "?", t->cnt);
}
static err query_rows(struct store_reader *r, struct query_text *t,
                      store_row_fn *row, void *ctx) {
  buf_put(&t->b, "", 1);
  err e = t->b.over ? ERR_LIMIT
                    : store_cached_rows(r, (char *)t->b.ptr, t->val, t->cnt,
                                        row, ctx);
  buf_fini(&t->b);
  return e;
}

/*----------------------------------------------------------------- indexes */
static bool query_is_plain(const struct store_where *w) {
  return w->op == STORE_EQ || w->op == STORE_GE || w->op == STORE_LE;
}
static bool query_has(const struct store_query *q, const char *col, bool eq) {
  for (u32 i = 0; i < q->where_cnt; i++)
    if (query_is_plain(&q->where[i]) && (q->where[i].op == STORE_EQ) == eq &&
        !strcmp(q->where[i].col, col))
      return true;
  return false;
}

struct query_index {
  u32 number;                 /* in the table's description; see below */
  u32 eq;                     /* conditions "=" at its front */
  bool ordered;               /* what is next is the order's */
  char range[QUERY_NAME_MAX]; /* or has a condition ">=" or "<=": its name */
};
enum { QUERY_BY_ROWID = 1000, QUERY_BY_ANY };

/* Describes the index whose columns begin at *at, which is moved behind it. */
static struct query_index query_index_next(const char **at, u32 number,
                                           const struct store_query *q) {
  struct query_index ix = {.number = number};
  bool front = true;
  while (**at && **at != ';') {
    char col[QUERY_NAME_MAX];
    size_t len = strcspn(*at, ",;");
    MUST(len < sizeof col);
    memcpy(col, *at, len);
    col[len] = 0;
    *at += len;
    if (**at == ',') (*at)++;
    if (!front) continue;
    if (query_has(q, col, true)) {
      ix.eq++;
      continue;
    }
    front = false;
    ix.ordered = !strcmp(col, q->order ? q->order : "id");
    if (!ix.ordered && query_has(q, col, false))
      snprintf(ix.range, sizeof ix.range, "%s", col);
  }
  if (**at) (*at)++;
  if (front && !q->order) ix.ordered = true;
  return ix;
}

/* All that is asked stands at the front of the index of the order. */
static bool query_is_whole(const struct store_query *q,
                           const struct query_index *best) {
  u32 eq = 0;
  for (u32 i = 0; i < q->where_cnt; i++) {
    const struct store_where *w = &q->where[i];
    eq += w->op == STORE_EQ;
    if ((w->op == STORE_GE || w->op == STORE_LE) &&
        !(q->order && !strcmp(w->col, q->order)))
      return false;
  }
  return best->eq == eq;
}

static void query_by(struct query_text *t, const struct store_query *q,
                     u32 number) {
  char name[96];
  if (number == QUERY_BY_ANY) return;
  if (number == QUERY_BY_ROWID) {
    query_str(t, " NOT INDEXED");
    return;
  }
  snprintf(name, sizeof name, "%s_ix%u", q->table->name, number);
  query_name(t, " INDEXED BY ", name);
}
static void query_compare(struct query_text *t, const struct store_where *w) {
  static const char *const op[] = {"=", ">=", "<=", " IS NOT "};
  query_name(t, "t.", w->col);
  query_str(t, op[w->op]);
  query_value(t, w->val);
}

static err query_count_row(void *ctx, const struct store_val *v, u32 cnt) {
  MUST(cnt == 1);
  *(i64 *)ctx = v[0].num;
  return ERR_OK;
}
/* Whether what the front of an index is asked for holds for few rows. */
static err query_is_few(struct store_reader *r, bool *few,
                        const struct store_query *q,
                        const struct query_index *ix) {
  struct query_text t = {.cnt = 0};
  const char *at = q->table->index, *end;
  i64 cnt = 0;
  u32 done = 0;
  for (u32 i = 0; i < ix->number; i++) at = strchr(at, ';') + 1;
  end = at + strcspn(at, ";");
  buf_init(&t.b, 0);
  query_name(&t, "SELECT count(*) FROM(SELECT 1 FROM ", q->table->name);
  query_str(&t, " AS t");
  query_by(&t, q, ix->number);
  for (u32 k = 0; k <= ix->eq && at < end; k++) {
    size_t len = strcspn(at, ",;");
    for (u32 i = 0; i < q->where_cnt; i++) {
      const struct store_where *w = &q->where[i];
      if (!query_is_plain(w) || strlen(w->col) != len ||
          memcmp(w->col, at, len) != 0)
        continue;
      query_str(&t, done++ ? " AND " : " WHERE ");
      query_compare(&t, w);
    }
    at += len + (at + len < end);
  }
  query_num(&t, " LIMIT ", QUERY_FEW);
  query_str(&t, ")");
  err e = query_rows(r, &t, query_count_row, &cnt);
  *few = cnt < (i64)QUERY_FEW;
  return e;
}

static err query_choose(struct store_reader *r, u32 *number,
                        const struct store_query *q) {
  struct query_index best = {.number = QUERY_BY_ANY};
  const char *at = q->table->index;
  bool few = false;
  *number = QUERY_BY_ANY;
  if (query_has(q, q->table->col[0].name, true)) return ERR_OK;
  if (!q->order)
    best = (struct query_index){.number = QUERY_BY_ROWID, .ordered = true};
  for (u32 i = 0; *at; i++) {
    struct query_index ix = query_index_next(&at, i, q);
    if (ix.ordered && (!best.ordered || ix.eq > best.eq)) best = ix;
  }
  *number = best.number;
  if (!best.ordered || query_is_whole(q, &best)) return ERR_OK;
  at = q->table->index;
  for (u32 i = 0; *at && !few; i++) {
    struct query_index ix = query_index_next(&at, i, q);
    if (i == best.number || ix.eq + !!ix.range[0] <= best.eq) continue;
    TRY(query_is_few(r, &few, q, &ix));
    if (few) *number = i;
  }
  return ERR_OK;
}

/*-------------------------------------------------------------------- texts */
/* A named condition; each "?" of it is one of the values that follow. */
static void query_part(struct query_text *t, const struct store_where *w,
                       u32 left) {
  size_t len = 0;
  const char *sql = store_sql_find(w->col, &len);
  u32 used = 0;
  MUST(sql);
  while (len && (sql[len - 1] == '\n' || sql[len - 1] == ';')) len--;
  query_str(t, "(");
  for (size_t i = 0; i < len; i++) {
    if (sql[i] != '?') {
      buf_put(&t->b, &sql[i], 1);
      continue;
    }
    MUST(used < left && (used == 0 || w[used].op == STORE_MORE));
    query_value(t, w[used++].val);
  }
  query_str(t, ")");
}

static const struct store_where *query_match(const struct store_query *q) {
  for (u32 i = 0; i < q->where_cnt; i++)
    if (q->where[i].op == STORE_MATCH) return &q->where[i];
  return NULL;
}

static void query_conditions(struct query_text *t,
                             const struct store_query *q) {
  u32 done = 0;
  for (u32 i = 0; i < q->where_cnt; i++) {
    const struct store_where *w = &q->where[i];
    if (w->op == STORE_MORE || w->op == STORE_MATCH) continue;
    query_str(t, done++ ? " AND " : " WHERE ");
    if (w->op == STORE_PART) query_part(t, w, q->where_cnt - i);
    else query_compare(t, w);
  }
  if (!q->has_after) return;
  query_str(t, done ? " AND " : " WHERE ");
  if (!q->order && !q->rank_fts) {
    query_str(t, q->up ? "t.rowid>" : "t.rowid<");
    query_value(t, store_num((u64)q->after_id));
    return;
  }
  /* A pair as a row value: the index is entered at it. */
  if (q->rank_fts) query_str(t, "(f.score");
  else query_name(t, "(t.", q->order);
  query_str(t, q->up ? ",t.rowid)>(" : ",t.rowid)<(");
  query_value(t, q->after);
  query_str(t, ",");
  query_value(t, store_num((u64)q->after_id));
  query_str(t, ")");
}

/* What the full text finds, newest first, is read before the table. */
static void query_from_match(struct query_text *t, const struct store_query *q,
                             const struct store_where *match) {
  query_str(t, "(SELECT rowid AS id");
  if (q->rank_fts) {
    query_name(t, ",CAST(-1e6*bm25(", q->rank_fts);
    query_str(t, ",");
    query_str(t, q->rank_weights);
    query_str(t, ")AS INTEGER)AS score");
  }
  query_name(t, " FROM ", match->col);
  query_name(t, " WHERE ", match->col);
  query_str(t, " MATCH ");
  query_value(t, match->val);
  query_num(t, " ORDER BY rowid DESC LIMIT ",
            q->rank_fts ? QUERY_RANK_WINDOW : QUERY_WINDOW);
  query_str(t, ")AS f CROSS JOIN ");
  store_table_name(&t->b, q->table->name);
  query_str(t, " AS t ON t.rowid=f.id");
}

static void query_from(struct query_text *t, const struct store_query *q,
                       u32 number) {
  const struct store_where *match = query_match(q);
  query_str(t, " FROM ");
  if (match) {
    query_from_match(t, q, match);
  } else {
    store_table_name(&t->b, q->table->name);
    query_str(t, " AS t");
    query_by(t, q, number);
  }
  query_conditions(t, q);
}

static void query_order(struct query_text *t, const struct store_query *q) {
  const char *way = q->up ? "" : " DESC";
  query_str(t, " ORDER BY ");
  if (q->rank_fts || q->order) {
    if (q->rank_fts) query_str(t, "f.score");
    else query_name(t, "t.", q->order);
    query_str(t, way);
    query_str(t, ",");
  }
  query_str(t, "t.rowid");
  query_str(t, way);
  query_num(t, " LIMIT ", q->limit);
}

static void query_columns(struct query_text *t, const struct store_query *q) {
  for (const struct store_column *c = q->table->col; c->name; c++)
    query_name(t, c == q->table->col ? "SELECT t." : ",t.", c->name);
  query_str(t, ",t.height,t.tx,t.log,t.rowid,");
  if (q->rank_fts) query_str(t, "f.score");
  else if (q->order) query_name(t, "t.", q->order);
  else query_str(t, "t.rowid");
}

static err query_select(struct store_reader *r, struct query_text *t,
                        const struct store_query *q) {
  u32 number = QUERY_BY_ANY;
  if (!query_match(q)) TRY(query_choose(r, &number, q));
  query_columns(t, q);
  query_from(t, q, number);
  query_order(t, q);
  return ERR_OK;
}

/* Rows of the one column, and rows of the other that are not of the first. */
static err query_either(struct store_reader *r, struct query_text *t,
                        const struct store_query *q) {
  u32 cols = 0;
  for (u32 side = 0; side < 2; side++) {
    struct store_query one = *q;
    MUST(one.where_cnt + 1 + side <= STORE_WHERE_MAX);
    one.where[one.where_cnt++] =
        (struct store_where){q->either[side], STORE_EQ, q->either_val};
    if (side)
      one.where[one.where_cnt++] =
          (struct store_where){q->either[0], STORE_NE, q->either_val};
    query_str(t, side ? " UNION ALL SELECT*FROM(" : "SELECT*FROM(");
    TRY(query_select(r, t, &one));
    query_str(t, ")");
  }
  while (q->table->col[cols].name) cols++;
  query_num(t, " ORDER BY ", cols + QUERY_EXTRA + 2);
  query_num(t, q->up ? "," : " DESC,", cols + QUERY_EXTRA + 1);
  query_num(t, q->up ? " LIMIT " : " DESC LIMIT ", q->limit);
  return ERR_OK;
}

static void query_only(struct query_text *t, const struct store_query *q) {
  for (u32 i = 0; i < STORE_ONLY_MAX && q->only[i]; i++)
    query_name(t, i ? ",t." : "SELECT t.", q->only[i]);
  query_from(t, q, QUERY_BY_ANY);
  query_num(t, " LIMIT ", q->limit);
}

err store_query_run(struct store_reader *r, const struct store_query *q,
                    store_row_fn *row, void *ctx) {
  struct query_text t = {.cnt = 0};
  err e = ERR_OK;
  buf_init(&t.b, 0);
  if (q->only[0]) query_only(&t, q);
  else if (q->either[0]) e = query_either(r, &t, q);
  else e = query_select(r, &t, q);
  if (!e) return query_rows(r, &t, row, ctx);
  buf_fini(&t.b);
  return e;
}
#undef QUERY_WINDOW
#undef QUERY_RANK_WINDOW
#undef QUERY_FEW
#undef QUERY_EXTRA
#undef QUERY_NAME_MAX
