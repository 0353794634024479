/* store_flush.c - bringing keyed tables and indexes up to a height, in slices.
**
** A batch goes through phases; each slice is a transaction of its own, so a
** crash may come between any two:
**   ROWS   rows in key order -> a fresh run (store_fresh.c), not in use yet;
**          lower nodes among leaves
**   RUNS   entries -> one new run of each kind, not in use yet
**   END    one commit: runs in use, flushed = to
** A small batch does all in one transaction, and where no fresh run stands in
** front of the tables writes its rows to these.
*/
#include "store/store_int.h"

#define STORE_FLUSH_WHOLE 512u     /* rows and entries of a small batch */
#define STORE_FLUSH_STEP 32u       /* rows between looks at the clock */

/*------------------------------------------------------------- the phases */
/* Nodes are ascending by their place first. */
static void store_rows_part(struct store_flush *f, u32 part) {
  const struct store_batch *b = &f->batch;
  f->part = part;
  f->at = 0;
  if (part == STORE_ACCOUNT) f->node_at = 0;
  f->node_end = f->node_at;
  while (f->node_end < b->row_cnt[STORE_NODE]) {
    slice key = b->row[STORE_NODE][f->node_end].key;
    if (store_row_place(STORE_NODE, &key) != part) break;
    f->node_end++;
  }
}

/* The next row of the part, leaf or node, and its key there. */
static const struct store_row *store_rows_next(struct store_flush *f,
                                               slice *key) {
  const struct store_batch *b = &f->batch;
  const struct store_row *leaf =
      f->part != STORE_NODE && f->at < b->row_cnt[f->part]
          ? &b->row[f->part][f->at] : NULL;
  if (f->node_at < f->node_end) {
    const struct store_row *node = &b->row[STORE_NODE][f->node_at];
    *key = node->key;
    store_row_place(STORE_NODE, key);
    if (!leaf || store_key_cmp(*key, leaf->key) <= 0) {
      f->node_at++;
      return node;
    }
  }
  if (!leaf) return NULL;
  f->at++;
  *key = leaf->key;
  return leaf;
}

static err store_rows_some(struct store *s, struct store_flush *f) {
  const struct store_row *r;
  slice key;
  for (u32 i = 0; i < STORE_FLUSH_STEP; i++) {
    if (!(r = store_rows_next(f, &key))) {
      if (f->part + 1 < STORE_TABLE_CNT) {
        store_rows_part(f, f->part + 1);
        continue;
      }
      f->phase = STORE_FLUSH_RUNS;
      f->part = 0;
      f->at = 0;
      return f->fresh.run ? store_fresh_end(s, &f->fresh) : ERR_OK;
    }
    if (f->fresh.run) {
      u8 bytes[STORE_FRESH_KEY];
      TRY(store_fresh_put(s, &f->fresh, store_fresh_key(bytes, f->part, key),
                          r->val));
    } else {
      TRY(store_row_write(s, f->part, key, r->val));
    }
  }
  return ERR_OK;
}

static err store_runs_some(struct store *s, struct store_flush *f) {
  if (f->part == STORE_INDEX_CNT) {
    f->phase = STORE_FLUSH_END;
    return ERR_OK;
  }
  const struct store_entry *entry = f->batch.entry[f->part];
  size_t cnt = f->batch.entry_cnt[f->part];
  struct store_run_writer *w = &f->run[f->part];
  if (f->at == 0 && cnt)
    TRY(store_run_begin(s, w, f->part, (u64)(s->standing.flushed + 1),
                        f->batch.to));
  /* An entry costs a hundredth of a row. */
  for (u32 i = 0; i < STORE_FLUSH_STEP * 64 && f->at < cnt; i++, f->at++)
    TRY(store_run_add(s, w, &entry[f->at]));
  if (f->at == cnt) {
    if (cnt) TRY(store_run_end(s, w));
    f->part++;
    f->at = 0;
  }
  return ERR_OK;
}

/* What the batch is going to tell a run's filter. */
static u64 store_flush_keys(const struct store_batch *b) {
  u64 keys = 0;
  for (u32 t = 0; t < STORE_TABLE_CNT; t++)
    for (size_t i = 0; i < b->row_cnt[t]; i++) {
      u8 bytes[STORE_FRESH_KEY];
      slice key = b->row[t][i].key;
      u32 place = store_row_place(t, &key);
      keys += store_fresh_keys(store_fresh_key(bytes, place, key));
    }
  return keys;
}

static err store_flush_finish(struct store *s, struct store_flush *f) {
  sqlite3_stmt *st = STORE_ST(&s->conn, run_done);
  for (u32 k = 0; k < STORE_INDEX_CNT; k++) {
    if (!f->batch.entry_cnt[k]) continue;
    store_bind_u64(st, 1, f->run[k].id);
    store_bind_u64(st, 2, f->run[k].cnt);
    TRY(store_run_st(st));
  }
  s->standing.flushed = (i64)f->batch.to;
  if (f->fresh.run) {
    MUST(s->fresh.cnt < STORE_FRESH_MAX);
    s->fresh.run[s->fresh.cnt++] = f->fresh.run;
  }
  err e = store_standing_write(s);
  if (f->fresh.run) s->fresh.cnt--; /* until it is durable */
  return e;
}

static err store_flush_some(struct store *s, struct store_flush *f) {
  switch (f->phase) {
    case STORE_FLUSH_ROWS: return store_rows_some(s, f);
    case STORE_FLUSH_RUNS: return store_runs_some(s, f);
    default: return ERR_OK;
  }
}

/*----------------------------------------------------------------- public */
err store_flush_begin(struct store *s, const struct store_batch *batch) {
  struct store_flush *f = &s->flush;
  MUST(f->phase == STORE_FLUSH_OFF);
  MUST((i64)batch->to > s->standing.flushed &&
       (i64)batch->to <= s->standing.head);
  f->batch = *batch;
  store_rows_part(f, STORE_ACCOUNT);
  if (!f->slice_rows) f->slice_rows = 512;
  size_t all = 0, rows = 0;
  for (u32 i = 0; i < STORE_TABLE_CNT; i++) rows += batch->row_cnt[i];
  all = rows;
  for (u32 i = 0; i < STORE_INDEX_CNT; i++) all += batch->entry_cnt[i];
  f->whole = all <= STORE_FLUSH_WHOLE;
  if (rows && (!f->whole || s->fresh.cnt))
    store_fresh_begin(s, &f->fresh, store_flush_keys(batch));
  f->phase = STORE_FLUSH_ROWS;
  return ERR_OK;
}

/* The slice is written, or none of it. */
static void store_flush_ended(struct store *s, err e) {
  struct store_flush *f = &s->flush;
  f->phase = STORE_FLUSH_OFF;
  if (!e && f->fresh.run)
    s->fresh.run[s->fresh.cnt++] =
        store_fresh_share(s->fresh_set, f->fresh.run);
  else
    store_fresh_drop(s, &f->fresh);
  f->fresh.run = NULL;
  for (u32 k = 0; k < STORE_INDEX_CNT && e; k++) f->run[k].on = false;
}

err store_flush_step(struct store *s, u32 slice_us, bool *done) {
  struct store_flush *f = &s->flush;
  *done = f->phase == STORE_FLUSH_OFF;
  if (*done) return ERR_OK;
  /* There is no room in the list: what is in front goes to the tables. */
  bool more;
  if (f->fresh.run && s->fresh.cnt == STORE_FRESH_MAX)
    return store_settle_step(s, slice_us, &more);
  struct store_standing before = s->standing;
  u64 t0 = store_clock_us();
  u32 rows = 0;
  err e = store_begin(s, false);
  while (!e && f->phase != STORE_FLUSH_END) {
    e = store_flush_some(s, f);
    rows += STORE_FLUSH_STEP;
    if (f->whole) continue;
    if (rows >= f->slice_rows || store_clock_us() - t0 > slice_us / 2) break;
  }
  bool end = f->phase == STORE_FLUSH_END;
  if (!e && end) e = store_flush_finish(s, f);
  if (!e) e = store_commit(s);
  if (e) {
    store_fail(s, e);
    store_rollback(s);
    s->standing = before;
    store_flush_ended(s, e);
    return e;
  }
  f->slice_rows = store_slice_learn(f->slice_rows, rows,
                                    store_clock_us() - t0, slice_us);
  if (end) store_flush_ended(s, ERR_OK);
  *done = end;
  return ERR_OK;
}

/*----------------------------------------------------------------- upkeep */
static err store_upkeep_some(struct store *s, u64 until_us, bool *more) {
  TRY(store_merge_step(s, until_us, more));
  if (store_clock_us() >= until_us) return ERR_OK;
  TRY(store_prune_some(s, until_us, more));
  return *more ? ERR_OK : store_vacuum_some(s, until_us, more);
}

u64 store_upkeep_us(const struct store *s) { return s->upkeep_us; }
u64 store_upkeep_cpu_us(const struct store *s) { return s->upkeep_cpu_us; }

/* What this thread has used of a processor. */
static u64 store_spent_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (u64)t.tv_sec * 1000000 + (u64)t.tv_nsec / 1000;
}

/* Of what is not the keyed tables'. */
static err store_upkeep_others(struct store *s, u32 slice_us, bool *more) {
  *more = false;
  err e = store_begin(s, false);
  if (!e) e = store_upkeep_some(s, store_clock_us() + slice_us / 2, more);
  if (!e) e = store_commit(s);
  if (e) {
    store_fail(s, e);
    store_rollback(s);
    store_merge_drop(s);
    *more = false;
  }
  return e;
}

err store_upkeep_step(struct store *s, u32 slice_us, bool *more) {
  u64 begin_us = store_clock_us(), spent_us = store_spent_us();
  bool others = s->upkeep_turn++ & 1;
  err e = others ? store_upkeep_others(s, slice_us, &s->upkeep_others)
                 : store_settle_step(s, slice_us, &s->upkeep_settle);
  *more = !e && (!others || s->upkeep_others || s->upkeep_settle);
  u64 took_us = store_clock_us() - begin_us;
  if (took_us > s->upkeep_us) s->upkeep_us = took_us;
  spent_us = store_spent_us() - spent_us;
  if (spent_us > s->upkeep_cpu_us) s->upkeep_cpu_us = spent_us;
  return e;
}
