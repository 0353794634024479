/* store_query.c - queries over derived tables (struct store_query): their texts,
** and the index by which each is read.
**
** What a query costs is the rows that it looks up: each is a page, read from the
** file, since a new block ends what a reader's cache knew.  So what words find
** is had first, as a set of numbers, mostly without reading (store_words.c), and
** narrowed by what filters find in indexes alone; rows are looked up when it is
** known how.  SQLite has no counts to choose an index by, so it is named here:
**   whole      no words, and an index whose first columns are all the conditions
**              "=" and whose next is the order's: what it gives first is the
**              answer
**   few        the set is of at most QUERY_FEW numbers: these rows are looked up
**              and sorted; of none: nothing is
**   newest     when the order is that of the numbers, the set has it: its newest
**              QUERY_TRY rows are looked up first, then what is missing as
**   in order   many are in the set, so that a page is soon full: the index of
**              the order, rows that are not in the set passed over until it is;
**              conditions on columns that the index has behind cost no look at
**              the row
** A filter joins the set when another index than the order's has it at its front
** and at most QUERY_SOME rows meet it: more are no help.
** An index of the order has the number ("id") behind the order's column, or ends
** there: rows of one value come by their numbers.  Rows of one first key are
** found by the key.  A column created_at rises with the number, which records get
** in the order of their making.  A query of either column is two of one column each, joined;
** one by relevance is two in turn, the second without the set of the first.
*/
#include <stdio.h>

#include "store/store_int.h"
#include "store/store_table.h"

#define QUERY_FEW 1000u
#define QUERY_SOME 8000u
#define QUERY_TRY 256u       /* rows that are tried at first */
#define QUERY_EXTRA 3u /* height, tx, log */
#define QUERY_NAME_MAX 40u
#define QUERY_TIER_BIT 40u /* of a value by relevance: the tier, the order's */

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
static err query_no_row(void *ctx, const struct store_val *v, u32 cnt) {
  (void)ctx, (void)v, (void)cnt;
  return ERR_OK;
}
/* A set, by a text that goes on behind query_set_begin.  LIMIT costs each number
** a third more: it is only for those of which there may be too many. */
static void query_set_begin(struct query_text *t, struct store_ids *out,
                            const char *number) {
  buf_init(&t->b, 0);
  query_str(t, "SELECT add_to_set(");
  query_value(t, store_set(out));
  query_str(t, ",");
  query_str(t, number);
  query_str(t, ") FROM ");
}
static err query_set(struct store_reader *r, struct query_text *t,
                     struct store_ids *out) {
  err e = query_rows(r, t, query_no_row, NULL);
  return e || !out->over ? e : ERR_LIMIT;
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

/* What a query is read by. */
struct query_plan {
  u32 number;            /* the index of the order */
  i64 below;             /* rows of lower numbers only; 0: of any */
  bool has_set, few;     /* rows are of the set; it is what is looked up */
  struct store_ids set;
  struct buf list;       /* the few, as a list in JSON */
};
static void query_plan_fini(struct query_plan *p) {
  store_ids_fini(&p->set);
  buf_fini(&p->list);
}
/* What is found joins the plan's set. */
static void query_plan_join(struct query_plan *p, struct store_ids *found) {
  if (p->has_set) {
    store_ids_keep(&p->set, found, true);
    store_ids_fini(found);
  } else {
    p->set = *found;
  }
  p->has_set = true;
}

/* Text with each "?" of it one of the values that follow w. */
static void query_part(struct query_text *t, const struct store_where *w,
                       u32 left) {
  size_t len = 0;
  const char *sql = store_sql_find(w->col, &len);
  u32 used = 0;
  MUST(sql);
  while (len && (sql[len - 1] == '\n' || sql[len - 1] == ';')) len--;
  for (size_t i = 0; i < len; i++) {
    if (sql[i] != '?') {
      buf_put(&t->b, &sql[i], 1);
      continue;
    }
    MUST(used < left && (used == 0 || w[used].op == STORE_MORE));
    query_value(t, w[used++].val);
  }
}

/* What words find, all of them in one column if there is one; or a statement. */
static err query_plan_find(struct store_reader *r, struct query_plan *p,
                           const struct store_where *w, u32 left,
                           const char *column) {
  struct query_text t = {.cnt = 0};
  struct store_ids found = {0};
  err e;
  if (w->op == STORE_MATCH) {
    e = store_words_find(r, &found, w->col, w->val.bytes, column);
  } else {
    query_set_begin(&t, &found, "rowid");
    query_str(&t, "(");
    query_part(&t, w, left);
    query_str(&t, ")");
    e = query_set(r, &t, &found);
  }
  if (!e) query_plan_join(p, &found);
  else store_ids_fini(&found);
  return e;
}
static err query_plan_sets(struct store_reader *r, struct query_plan *p,
                           const struct store_query *q, const char *column) {
  for (u32 i = 0; i < q->where_cnt; i++) {
    const struct store_where *w = &q->where[i];
    if (w->op == STORE_MATCH || w->op == STORE_AMONG)
      TRY(query_plan_find(r, p, w, q->where_cnt - i, column));
  }
  return ERR_OK;
}

/* The numbers for which holds what the front of an index is asked for, if they
** are not too many. */
static err query_plan_filter(struct store_reader *r, struct query_plan *p,
                             const struct store_query *q,
                             const struct query_index *ix) {
  struct query_text t = {.cnt = 0};
  struct store_ids found = {0};
  const char *at = q->table->index, *end;
  u32 done = 0;
  for (u32 i = 0; i < ix->number; i++) at = strchr(at, ';') + 1;
  end = at + strcspn(at, ";");
  query_set_begin(&t, &found, "id");
  query_name(&t, "(SELECT t.rowid AS id FROM ", q->table->name);
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
  query_num(&t, " LIMIT ", QUERY_SOME + 1);
  query_str(&t, ")");
  err e = query_set(r, &t, &found);
  if (!e && found.cnt <= QUERY_SOME) query_plan_join(p, &found);
  else store_ids_fini(&found);
  return e;
}

static bool query_plan_is_few(const struct query_plan *p) {
  return p->has_set && p->set.cnt <= QUERY_FEW;
}
/* The index of the order, and filters of others while there are many. */
static err query_plan_index(struct store_reader *r, struct query_plan *p,
                            const struct store_query *q) {
  struct query_index best = {.number = QUERY_BY_ANY};
  const char *at = q->table->index;
  p->number = QUERY_BY_ANY;
  if (query_has(q, q->table->col[0].name, true)) return ERR_OK;
  if (!q->order)
    best = (struct query_index){.number = QUERY_BY_ROWID, .ordered = true};
  for (u32 i = 0; *at; i++) {
    struct query_index ix = query_index_next(&at, i, q);
    if (ix.ordered && (!best.ordered || ix.eq > best.eq)) best = ix;
  }
  p->number = best.number;
  if (!best.ordered || (!p->has_set && query_is_whole(q, &best)))
    return ERR_OK;
  at = q->table->index;
  for (u32 i = 0; *at && !query_plan_is_few(p); i++) {
    struct query_index ix = query_index_next(&at, i, q);
    if (i == best.number || ix.eq + !!ix.range[0] <= best.eq) continue;
    TRY(query_plan_filter(r, p, q, &ix));
  }
  return ERR_OK;
}

static err query_plan_make(struct store_reader *r, struct query_plan *p,
                           const struct store_query *q) {
  if (!query_plan_is_few(p)) TRY(query_plan_index(r, p, q));
  p->few = query_plan_is_few(p);
  if (!p->few) return ERR_OK;
  buf_put_str(&p->list, "[");
  for (i64 id = INT64_MAX; (id = store_ids_before(&p->set, id)) >= 0;)
    buf_printf(&p->list, p->list.len > 1 ? ",%lld" : "%lld", (long long)id);
  buf_put_str(&p->list, "]");
  return p->list.over ? ERR_LIMIT : ERR_OK;
}

/*-------------------------------------------------------------------- texts */
static void query_conditions(struct query_text *t, const struct store_query *q,
                             const struct query_plan *p) {
  u32 done = 0;
  for (u32 i = 0; i < q->where_cnt; i++) {
    const struct store_where *w = &q->where[i];
    if (!query_is_plain(w) && w->op != STORE_NE && w->op != STORE_PART)
      continue;
    query_str(t, done++ ? " AND " : " WHERE ");
    if (w->op != STORE_PART) {
      query_compare(t, w);
      continue;
    }
    query_str(t, "(");
    query_part(t, w, q->where_cnt - i);
    query_str(t, ")");
  }
  if (p->has_set && !p->few) {
    query_str(t, done++ ? " AND in_set(" : " WHERE in_set(");
    query_value(t, store_set(&p->set));
    query_str(t, ",t.rowid)");
  }
  if (p->below) {
    query_str(t, done++ ? " AND t.rowid<" : " WHERE t.rowid<");
    query_value(t, store_num((u64)p->below));
  }
  if (!q->has_after) return;
  query_str(t, done ? " AND " : " WHERE ");
  if (!q->order) {
    query_str(t, q->up ? "t.rowid>" : "t.rowid<");
    query_value(t, store_num((u64)q->after_id));
    return;
  }
  /* A pair as a row value: the index is entered at it. */
  query_name(t, "(t.", q->order);
  query_str(t, q->up ? ",t.rowid)>(" : ",t.rowid)<(");
  query_value(t, q->after);
  query_str(t, ",");
  query_value(t, store_num((u64)q->after_id));
  query_str(t, ")");
}

static void query_from(struct query_text *t, const struct store_query *q,
                       const struct query_plan *p) {
  query_str(t, " FROM ");
  if (p->few) {
    query_str(t, "json_each(");
    query_value(t, store_text(buf_slice(&p->list)));
    query_str(t, ")AS f CROSS JOIN ");
  }
  store_table_name(&t->b, q->table->name);
  query_str(t, " AS t");
  if (p->few) query_str(t, " ON t.rowid=f.value");
  else query_by(t, q, p->number);
  query_conditions(t, q, p);
}

static void query_order(struct query_text *t, const struct store_query *q) {
  const char *way = q->up ? "" : " DESC";
  query_str(t, " ORDER BY ");
  if (q->order) {
    query_name(t, "t.", q->order);
    query_str(t, way);
    query_str(t, ",");
  }
  query_str(t, "t.rowid");
  query_str(t, way);
  query_num(t, " LIMIT ", q->limit);
}

/* tier: added to the order's value. */
static err query_select(struct store_reader *r, struct query_text *t,
                        const struct store_query *q, struct query_plan *p,
                        u64 tier) {
  TRY(query_plan_make(r, p, q));
  for (const struct store_column *c = q->table->col; c->name; c++)
    query_name(t, c == q->table->col ? "SELECT t." : ",t.", c->name);
  query_str(t, ",t.height,t.tx,t.log,t.rowid,");
  if (q->order) query_name(t, "t.", q->order);
  else query_str(t, "t.rowid");
  if (tier) {
    query_str(t, "+");
    query_value(t, store_num(tier << QUERY_TIER_BIT));
  }
  query_from(t, q, p);
  query_order(t, q);
  return ERR_OK;
}

/*------------------------------------------------------------------ queries */
struct query_counted {
  store_row_fn *row;
  void *ctx;
  u32 cnt;
};
static err query_counted_row(void *ctx, const struct store_val *v, u32 cnt) {
  struct query_counted *c = ctx;
  c->cnt++;
  return c->row(c->ctx, v, cnt);
}
static bool query_is_full(const struct store_query *q,
                          const struct query_counted *out) {
  return out->cnt >= q->limit;
}
/* As many as are missing. */
static err query_give(struct store_reader *r, const struct store_query *q,
                      struct query_plan *p, u64 tier,
                      struct query_counted *out) {
  struct query_text t = {.cnt = 0};
  struct store_query one = *q;
  one.limit -= out->cnt;
  buf_init(&t.b, 0);
  err e = query_select(r, &t, &one, p, tier);
  if (!e) return query_rows(r, &t, query_counted_row, out);
  buf_fini(&t.b);
  return e;
}

static bool query_is_newest(const struct store_query *q) {
  return !q->up &&
         (!q->order || (!strcmp(q->order, "created_at") &&
                        q->table->col[0].key &&
                        q->table->col[0].kind == STORE_INT &&
                        !q->table->col[1].key));
}
/* The newest rows of the set; p: what is left, or it is done. */
static err query_give_newest(struct store_reader *r,
                             const struct store_query *q, struct query_plan *p,
                             u64 tier, struct query_counted *out, bool *done) {
  struct query_plan newest = {.has_set = true};
  i64 id = q->has_after ? q->after_id : INT64_MAX;
  buf_init(&newest.list, 0);
  for (u32 i = 0; i < QUERY_TRY && (id = store_ids_before(&p->set, id)) >= 0;
       i++)
    store_ids_add(&newest.set, p->below = id);
  err e = query_give(r, q, &newest, tier, out);
  *done = id < 0 || query_is_full(q, out);
  query_plan_fini(&newest);
  return e;
}
/* By what is in the plan's set, if it has one. */
static err query_find(struct store_reader *r, const struct store_query *q,
                      struct query_plan *p, u64 tier,
                      struct query_counted *out) {
  bool done = false;
  if (p->has_set && !query_plan_is_few(p) && query_is_newest(q))
    TRY(query_give_newest(r, q, p, tier, out, &done));
  return done ? ERR_OK : query_give(r, q, p, tier, out);
}

static err query_run_one(struct store_reader *r, const struct store_query *q,
                         store_row_fn *row, void *ctx) {
  struct query_counted out = {row, ctx, 0};
  struct query_plan p = {.has_set = false};
  buf_init(&p.list, 0);
  err e = query_plan_sets(r, &p, q, NULL);
  if (!e) e = query_find(r, q, &p, 0, &out);
  query_plan_fini(&p);
  return e;
}

/* Rows of the one column, and rows of the other that are not of the first. */
static err query_either(struct store_reader *r, struct query_text *t,
                        const struct store_query *q, struct query_plan p[2]) {
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
    TRY(query_plan_sets(r, &p[side], &one, NULL));
    TRY(query_select(r, t, &one, &p[side], 0));
    query_str(t, ")");
  }
  while (q->table->col[cols].name) cols++;
  query_num(t, " ORDER BY ", cols + QUERY_EXTRA + 2);
  query_num(t, q->up ? "," : " DESC,", cols + QUERY_EXTRA + 1);
  query_num(t, q->up ? " LIMIT " : " DESC LIMIT ", q->limit);
  return ERR_OK;
}
static err query_run_either(struct store_reader *r,
                            const struct store_query *q, store_row_fn *row,
                            void *ctx) {
  struct query_text t = {.cnt = 0};
  struct query_plan p[2] = {{.has_set = false}, {.has_set = false}};
  buf_init(&t.b, 0);
  for (u32 i = 0; i < 2; i++) buf_init(&p[i].list, 0);
  err e = query_either(r, &t, q, p);
  if (!e) e = query_rows(r, &t, row, ctx);
  else buf_fini(&t.b);
  for (u32 i = 0; i < 2; i++) query_plan_fini(&p[i]);
  return e;
}

/* One tier of relevance, as many as are missing.  title: the set of the first
** tier, which the second goes without. */
static err query_tier(struct store_reader *r, const struct store_query *q,
                      u64 tier, const struct store_ids *title,
                      struct query_counted *out) {
  struct store_query one = *q;
  struct query_plan p = {.has_set = tier};
  err e = ERR_OK;
  if (query_is_full(q, out)) return ERR_OK;
  if (q->has_after) {
    u64 at = (u64)q->after.num >> QUERY_TIER_BIT;
    if (at < tier) return ERR_OK; /* all of it came before */
    one.has_after = at == tier;
    one.after.num &= ((i64)1 << QUERY_TIER_BIT) - 1;
  }
  buf_init(&p.list, 0);
  if (tier) store_ids_copy(&p.set, title);
  else e = query_plan_sets(r, &p, q, NULL);
  if (!e && !tier) store_ids_keep(&p.set, title, false);
  if (!e) e = query_find(r, &one, &p, tier, out);
  query_plan_fini(&p);
  return e;
}
static err query_run_ranked(struct store_reader *r,
                            const struct store_query *q, store_row_fn *row,
                            void *ctx) {
  struct query_counted out = {row, ctx, 0};
  struct query_plan p = {.has_set = false};
  MUST(q->order && !q->up);
  buf_init(&p.list, 0);
  err e = query_plan_sets(r, &p, q, q->rank);
  if (!e) e = query_tier(r, q, 1, &p.set, &out);
  if (!e) e = query_tier(r, q, 0, &p.set, &out);
  query_plan_fini(&p);
  return e;
}

/* Some columns only, of the newest rows. */
static err query_run_only(struct store_reader *r, const struct store_query *q,
                          store_row_fn *row, void *ctx) {
  struct query_text t = {.cnt = 0};
  struct query_plan p = {.has_set = false};
  struct store_query newest = *q;
  newest.order = NULL;
  newest.up = false;
  buf_init(&t.b, 0);
  buf_init(&p.list, 0);
  err e = query_plan_sets(r, &p, &newest, NULL);
  if (!e) e = query_plan_make(r, &p, &newest);
  for (u32 i = 0; i < STORE_ONLY_MAX && q->only[i]; i++)
    query_name(&t, i ? ",t." : "SELECT t.", q->only[i]);
  query_from(&t, &newest, &p);
  query_order(&t, &newest);
  if (!e) e = query_rows(r, &t, row, ctx);
  else buf_fini(&t.b);
  query_plan_fini(&p);
  return e;
}

err store_query_run(struct store_reader *r, const struct store_query *q,
                    store_row_fn *row, void *ctx) {
  if (q->only[0]) return query_run_only(r, q, row, ctx);
  if (q->either[0]) return query_run_either(r, q, row, ctx);
  if (q->rank) return query_run_ranked(r, q, row, ctx);
  return query_run_one(r, q, row, ctx);
}
#undef QUERY_FEW
#undef QUERY_SOME
#undef QUERY_TRY
#undef QUERY_EXTRA
#undef QUERY_NAME_MAX
#undef QUERY_TIER_BIT
