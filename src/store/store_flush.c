/* store_flush.c - bringing keyed tables and indexes up to a height, in slices.
**
** A batch goes through phases; each slice is a transaction of its own, so a
** crash may come between any two:
**   LOG    node rows -> node_log, in pieces of about 8,000 bytes:
**          (key length u8, value length u16, key, value)*, big-endian; the
**          last slice sets standing.log_to.  Rows of an earlier log go first.
**   ROWS   rows in key order -> account, slot, node; lower nodes among leaves
**   RUNS   entries -> one new run of each kind, not in use yet
**   END    one commit: runs in use, flushed = to, log_to = -1
** A small batch does all in one transaction and needs no log.
**
** How many rows fit a slice is learnt: most of a slice's time is spent in its
** commit (8 KiB to the log for each page touched), so time inside it says
** little.  The count follows the measured whole.
*/
#include "store/store_int.h"

#define STORE_FLUSH_WHOLE 512u     /* rows and entries of a small batch */
#define STORE_FLUSH_STEP 32u       /* rows between looks at the clock */
#define STORE_FLUSH_ROWS_MIN 64u
#define STORE_FLUSH_ROWS_MAX 65536u
#define STORE_LOG_PIECE 8000u
#define STORE_LOG_HEAD 3u

static const struct {
  enum store_stmt put, del;
} store_flush_stmt[] = {
    [STORE_ACCOUNT] = {STORE_ST_account_put, STORE_ST_account_del},
    [STORE_SLOT] = {STORE_ST_slot_put, STORE_ST_slot_del},
    [STORE_NODE] = {STORE_ST_node_put, STORE_ST_node_del},
};

static err store_number_st(sqlite3_stmt *st, bool *has, u64 *out) {
  int rc = store_row_st(st);
  if (rc < 0) return rc;
  *has = rc > 0 && sqlite3_column_type(st, 0) != SQLITE_NULL;
  *out = *has ? store_col_u64(st, 0) : 0;
  sqlite3_reset(st);
  return ERR_OK;
}

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

/* Deletes rows of an earlier log; *done when there are none. */
static err store_log_clear_some(struct store *s, bool *done) {
  u64 first;
  bool has;
  TRY(store_number_st(STORE_ST(&s->conn, log_first), &has, &first));
  *done = !has;
  if (!has) return ERR_OK;
  sqlite3_stmt *st = STORE_ST(&s->conn, log_clear);
  store_bind_u64(st, 1, first + 63);
  return store_run_st(st);
}

static err store_log_some(struct store *s, struct store_flush *f) {
  const struct store_row *row = f->batch.row[STORE_NODE];
  size_t cnt = f->batch.row_cnt[STORE_NODE];
  u8 piece[STORE_LOG_PIECE];
  size_t n = 0;
  if (f->at == 0 && s->next_log_id == 0) {
    bool clear;
    TRY(store_log_clear_some(s, &clear));
    if (!clear) return ERR_OK;
  }
  while (f->at < cnt) {
    slice k = row[f->at].key, v = row[f->at].val;
    MUST(k.len < 256 && k.len + v.len + STORE_LOG_HEAD <= sizeof piece);
    if (n + STORE_LOG_HEAD + k.len + v.len > sizeof piece) break;
    piece[n] = (u8)k.len;
    piece[n + 1] = (u8)(v.len >> 8);
    piece[n + 2] = (u8)v.len;
    memcpy(piece + n + STORE_LOG_HEAD, k.ptr, k.len);
    if (v.len) memcpy(piece + n + STORE_LOG_HEAD + k.len, v.ptr, v.len);
    n += STORE_LOG_HEAD + k.len + v.len;
    f->at++;
  }
  if (n) {
    sqlite3_stmt *st = STORE_ST(&s->conn, log_insert);
    store_bind_u64(st, 1, ++s->next_log_id);
    store_bind_slice(st, 2, slice_of(piece, n));
    TRY(store_run_st(st));
  }
  if (f->at < cnt) return ERR_OK;
  s->standing.log_to = (i64)f->batch.to;
  f->phase = STORE_FLUSH_ROWS;
  store_rows_part(f, STORE_ACCOUNT);
  return store_standing_write(s);
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
    if (!leaf || memcmp(key->ptr, leaf->key.ptr,
                        key->len < leaf->key.len ? key->len
                                                 : leaf->key.len) <= 0) {
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
      } else {
        f->phase = STORE_FLUSH_RUNS;
        f->part = 0;
        f->at = 0;
      }
      return ERR_OK;
    }
    bool put = r->val.len > 0;
    sqlite3_stmt *st = s->conn.st[put ? store_flush_stmt[f->part].put
                                      : store_flush_stmt[f->part].del];
    store_bind_slice(st, 1, key);
    if (put) store_bind_slice(st, 2, r->val);
    TRY(store_run_st(st));
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

static err store_flush_finish(struct store *s, struct store_flush *f) {
  sqlite3_stmt *st = STORE_ST(&s->conn, run_done);
  for (u32 k = 0; k < STORE_INDEX_CNT; k++) {
    if (!f->batch.entry_cnt[k]) continue;
    store_bind_u64(st, 1, f->run[k].id);
    store_bind_u64(st, 2, f->run[k].cnt);
    TRY(store_run_st(st));
  }
  s->standing.flushed = (i64)f->batch.to;
  s->standing.log_to = -1;
  return store_standing_write(s);
}

static err store_flush_some(struct store *s, struct store_flush *f) {
  switch (f->phase) {
    case STORE_FLUSH_LOG: return store_log_some(s, f);
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
  MUST(s->standing.log_to < 0 || s->standing.log_to == (i64)batch->to);
  f->batch = *batch;
  store_rows_part(f, STORE_ACCOUNT);
  if (!f->slice_rows) f->slice_rows = 512;
  size_t all = 0;
  for (u32 i = 0; i < STORE_TABLE_CNT; i++) all += batch->row_cnt[i];
  for (u32 i = 0; i < STORE_INDEX_CNT; i++) all += batch->entry_cnt[i];
  f->whole = all <= STORE_FLUSH_WHOLE;
  bool log = !f->whole && s->standing.log_to < 0 && batch->row_cnt[STORE_NODE];
  f->phase = log ? STORE_FLUSH_LOG : STORE_FLUSH_ROWS;
  s->next_log_id = 0;
  return ERR_OK;
}

static void store_flush_learn(struct store_flush *f, u32 rows, u64 took_us,
                              u32 slice_us) {
  u64 fit = (u64)rows * slice_us / (took_us ? took_us : 1);
  if (took_us < slice_us && rows < f->slice_rows) return; /* ended early */
  if (fit > 2ull * f->slice_rows) fit = 2ull * f->slice_rows;
  if (fit < f->slice_rows / 4) fit = f->slice_rows / 4;
  if (fit < STORE_FLUSH_ROWS_MIN) fit = STORE_FLUSH_ROWS_MIN;
  if (fit > STORE_FLUSH_ROWS_MAX) fit = STORE_FLUSH_ROWS_MAX;
  f->slice_rows = (u32)fit;
}

err store_flush_step(struct store *s, u32 slice_us, bool *done) {
  struct store_flush *f = &s->flush;
  *done = f->phase == STORE_FLUSH_OFF;
  if (*done) return ERR_OK;
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
    f->phase = STORE_FLUSH_OFF;
    for (u32 k = 0; k < STORE_INDEX_CNT; k++) f->run[k].on = false;
    return e;
  }
  store_flush_learn(f, rows, store_clock_us() - t0, slice_us);
  if (end) f->phase = STORE_FLUSH_OFF;
  *done = end;
  return ERR_OK;
}

static err store_log_piece(slice p, err (*cb)(void *ctx, slice key, slice val),
                           void *ctx) {
  while (p.len) {
    if (p.len < STORE_LOG_HEAD) return ERR_CORRUPT;
    size_t k = p.ptr[0], v = (size_t)p.ptr[1] << 8 | p.ptr[2];
    if (p.len < STORE_LOG_HEAD + k + v) return ERR_CORRUPT;
    TRY(cb(ctx, slice_of(p.ptr + STORE_LOG_HEAD, k),
           slice_of(p.ptr + STORE_LOG_HEAD + k, v)));
    p.ptr += STORE_LOG_HEAD + k + v;
    p.len -= STORE_LOG_HEAD + k + v;
  }
  return ERR_OK;
}

err store_log_read(struct store *s, err (*cb)(void *ctx, slice key, slice val),
                   void *ctx) {
  sqlite3_stmt *st = STORE_ST(&s->conn, log_read);
  int rc;
  err e = ERR_OK;
  while (!e && (rc = store_row_st(st)) != 0)
    e = rc < 0 ? rc : store_log_piece(store_col_slice(st, 0), cb, ctx);
  sqlite3_reset(st);
  return e;
}

/*----------------------------------------------------------------- upkeep */
static err store_upkeep_some(struct store *s, u64 until_us, bool *more) {
  TRY(store_merge_step(s, until_us, more));
  if (store_clock_us() >= until_us) return ERR_OK;
  if (s->flush.phase == STORE_FLUSH_OFF && s->standing.log_to < 0) {
    bool clear;
    TRY(store_log_clear_some(s, &clear));
    if (!clear) *more = true;
  }
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

err store_upkeep_step(struct store *s, u32 slice_us, bool *more) {
  u64 begin_us = store_clock_us(), spent_us = store_spent_us();
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
  u64 took_us = store_clock_us() - begin_us;
  if (took_us > s->upkeep_us) s->upkeep_us = took_us;
  spent_us = store_spent_us() - spent_us;
  if (spent_us > s->upkeep_cpu_us) s->upkeep_cpu_us = spent_us;
  return e;
}
