/* store_fresh.c - fresh runs: rows that stand in front of the keyed tables.
**
** Why: the keys are hashes, so the rows of a batch lie all over a large table,
** and each would cost a page of 8 KiB in the log, one in the file and their
** reading (two million accounts: 4 pages and 100 us a transfer measured).  A
** batch is therefore written front to back as a run of its own, sorted; small
** runs are merged to larger ones, and when there is enough of them all of them
** are brought into the tables at once (store_settle.c), many rows a page: a
** log-structured merge tree (P. O'Neil et al. 1996) with B-trees as the last
** level.
**
** A key's row is that of the newest run which has it, else that of the table.
** A row without a value says that there is none.  standing.fresh lists the runs
** in use, the oldest first, 8 bytes (big-endian) each: a snapshot sees a list
** and the pages of its runs, which never change.
**
**   page id = run id << 24 | number of the page
**   page    = count (2), where each row begins in the page (2 each),
**             (key length (1), value length (2), key, value)*; big-endian
**   key     = enum store_table (1), the key there; ascending through the run
**
** In memory a run has the first key of each of its pages, and a filter
** (store_filter.c).  For leaves it knows some prefixes too, so that one who wants
** all leaves under a node of a trie need not look into every run.
** Both are made while a run is written, or from its pages when it is first met.
**
** Limits: STORE_FRESH_MAX runs, 2^24 pages a run.
*/
#include "store/store_int.h"

#define STORE_FRESH_HEAD 3u   /* of a row */
#define STORE_FRESH_MARK 0xf0u

/*------------------------------------------------------------------ pages */
static u32 fresh_be16(const u8 *p) { return (u32)p[0] << 8 | p[1]; }

int store_key_cmp(slice a, slice b) {
  int c = memcmp(a.ptr, b.ptr, a.len < b.len ? a.len : b.len);
  return c ? c : a.len < b.len ? -1 : a.len > b.len;
}

static u32 fresh_rows(slice page) { return fresh_be16(page.ptr); }

err store_fresh_row_at(slice page, u32 i, struct store_row *out) {
  size_t at = fresh_be16(page.ptr + 2 + 2 * (size_t)i);
  if (at + STORE_FRESH_HEAD > page.len) return ERR_CORRUPT;
  const u8 *p = page.ptr + at;
  size_t k = p[0], v = fresh_be16(p + 1);
  if (k < 2 || at + STORE_FRESH_HEAD + k + v > page.len) return ERR_CORRUPT;
  out->key = slice_of(p + STORE_FRESH_HEAD, k);
  out->val = slice_of(p + STORE_FRESH_HEAD + k, v);
  return ERR_OK;
}

/* The page, until its statement is asked again; ERR_NOT_FOUND: the run has no
** such page. */
err store_fresh_page(struct store_conn *c, u64 id, u32 page, slice *out) {
  sqlite3_stmt *st = STORE_ST(c, fresh_read);
  sqlite3_reset(st);
  store_bind_u64(st, 1, STORE_FRESH_PAGE_ID(id, page));
  int rc = store_row_st(st);
  if (rc <= 0) return rc < 0 ? rc : ERR_NOT_FOUND;
  *out = store_col_slice(st, 0);
  bool good = out->len > 2 && fresh_rows(*out) > 0 &&
              out->len >= 2 + 2 * (size_t)fresh_rows(*out);
  return good ? ERR_OK : ERR_CORRUPT;
}

/* The first row of a page with a key not below this one. */
static err fresh_seek(slice page, slice key, u32 *at, bool *same) {
  u32 lo = 0, hi = fresh_rows(page);
  struct store_row row;
  *same = false;
  while (lo < hi) {
    u32 mid = (lo + hi) / 2;
    TRY(store_fresh_row_at(page, mid, &row));
    int c = store_key_cmp(row.key, key);
    if (c == 0) *same = true;
    if (c < 0) lo = mid + 1;
    else hi = mid;
  }
  *at = lo;
  return ERR_OK;
}

/*----------------------------------------------------------------- filter */
static u64 fresh_mix(u64 h, u64 x) {
  h = (h ^ x) * 0x9e3779b97f4a7c15u;
  return h ^ h >> 29;
}

/* Of the first nibbles of key; tag tells apart what else would be the same. */
static u64 fresh_hash(u8 tag, slice key, u32 nibbles) {
  u64 h = 0x51ed270b9f14d3a5u ^ tag;
  size_t n = nibbles / 2;
  for (; n >= 8; n -= 8, key.ptr += 8) h = fresh_mix(h, load_be64(key.ptr));
  u64 rest = nibbles;
  for (; n; n--) rest = rest << 8 | *key.ptr++;
  if (nibbles & 1) rest = rest << 8 | (*key.ptr & 0xf0);
  h = fresh_mix(h, rest);
  return h ^ h >> 32;
}
static u64 fresh_hash_key(slice key) {
  return fresh_hash(0, key, 2 * (u32)key.len);
}

/* Where marks of prefixes are made: nibbles of a leaf's own hash. */
static const u8 fresh_mark[STORE_TABLE_CNT][STORE_FRESH_MARKS + 1] = {
  [STORE_ACCOUNT] = {4, 5, 6, 255},
  [STORE_SLOT] = {0, 2, 4, 5, 6, 255},
  [STORE_NODE] = {255},
};
static u32 fresh_owner(u32 place) { return place == STORE_SLOT ? 64 : 0; }

static bool fresh_is_leaf(slice key) {
  return key.len == 1 + (key.ptr[0] == STORE_ACCOUNT ? STORE_ACCOUNT_KEY
                         : key.ptr[0] == STORE_SLOT ? STORE_SLOT_KEY : 0);
}

static void fresh_learn(struct store_fresh *f, slice key) {
  u32 place = key.ptr[0];
  store_filter_add(&f->filter, fresh_hash_key(key));
  if (!fresh_is_leaf(key)) return;
  for (const u8 *m = fresh_mark[place]; *m != 255; m++)
    store_filter_add(&f->filter, fresh_hash((u8)(STORE_FRESH_MARK + *m), key,
                                            2 + fresh_owner(place) + *m));
}

u32 store_fresh_keys(slice key) {
  u32 n = 1;
  if (fresh_is_leaf(key))
    for (const u8 *m = fresh_mark[key.ptr[0]]; *m != 255; m++) n++;
  return n;
}

/* Whether there may be leaves with the first nibbles of from. */
static bool fresh_may_under(const struct store_fresh *f, slice from,
                            u32 nibbles) {
  const u8 *m = fresh_mark[from.ptr[0]];
  u32 owner = fresh_owner(from.ptr[0]);
  if (nibbles < owner || *m == 255 || nibbles - owner < *m) return true;
  while (m[1] != 255 && m[1] <= nibbles - owner) m++;
  return store_filter_may(&f->filter,
                          fresh_hash((u8)(STORE_FRESH_MARK + *m), from,
                                     2 + owner + *m));
}

/*---------------------------------------------------------- runs in memory */
struct store_fresh *store_fresh_new(u64 id, u64 keys) {
  struct store_fresh *f = mem_alloc(sizeof *f);
  f->id = id;
  f->refs = 1;
  store_filter_init(&f->filter, keys);
  buf_init(&f->fence, 0);
  return f;
}

void store_fresh_free(struct store_fresh *f) {
  if (!f) return;
  store_filter_fini(&f->filter);
  mem_free(f->fence_at);
  buf_fini(&f->fence);
  mem_free(f);
}

void store_fresh_learn_row(struct store_fresh *f, slice key, bool first) {
  f->keys += store_fresh_keys(key);
  fresh_learn(f, key);
  if (!first) return;
  if (f->page_cnt == f->page_cap) {
    f->page_cap = f->page_cap ? f->page_cap * 2 : 64;
    f->fence_at = mem_realloc(f->fence_at,
                              (f->page_cap + 1) * sizeof *f->fence_at);
    f->fence_at[0] = 0;
  }
  buf_put_slice(&f->fence, key);
  f->fence_at[++f->page_cnt] = (u32)f->fence.len;
}

static slice fresh_fence(const struct store_fresh *f, u32 page) {
  return slice_of(f->fence.ptr + f->fence_at[page],
                  f->fence_at[page + 1] - f->fence_at[page]);
}

/* The page where key is or would be. */
static u32 fresh_page_of(const struct store_fresh *f, slice key) {
  u32 lo = 0, hi = f->page_cnt;
  while (hi - lo > 1) {
    u32 mid = (lo + hi) / 2;
    if (store_key_cmp(fresh_fence(f, mid), key) <= 0) lo = mid;
    else hi = mid;
  }
  return lo;
}

/* All rows of the file's pages: how many keys, or (f) what they tell. */
static err fresh_scan(struct store_conn *c, u64 id, u64 *keys,
                      struct store_fresh *f) {
  for (u32 page = 0;; page++) {
    slice bytes;
    err e = store_fresh_page(c, id, page, &bytes);
    if (e == ERR_NOT_FOUND && page > 0) return ERR_OK;
    if (e) return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
    for (u32 i = 0; i < fresh_rows(bytes); i++) {
      struct store_row row;
      TRY(store_fresh_row_at(bytes, i, &row));
      if (row.key.ptr[0] >= STORE_TABLE_CNT) return ERR_CORRUPT;
      if (f) store_fresh_learn_row(f, row.key, i == 0);
      *keys += store_fresh_keys(row.key);
    }
  }
}

static struct store_fresh *fresh_set_find(struct store_fresh_set *s, u64 id) {
  for (u32 i = 0; i < s->cnt; i++)
    if (s->run[i]->id == id) return s->run[i];
  return NULL;
}

/* The set takes f, or another thread was first: what the set has, once more
** in use. */
struct store_fresh *store_fresh_share(struct store_fresh_set *s,
                                      struct store_fresh *f) {
  pthread_mutex_lock(&s->lock);
  struct store_fresh *has = fresh_set_find(s, f->id);
  if (has) {
    has->refs++;
  } else {
    if (s->cnt == s->cap) {
      s->cap = s->cap ? s->cap * 2 : STORE_FRESH_MAX;
      s->run = mem_realloc(s->run, s->cap * sizeof *s->run);
    }
    s->run[s->cnt++] = f;
  }
  pthread_mutex_unlock(&s->lock);
  if (has) store_fresh_free(f);
  return has ? has : f;
}

static err fresh_take(struct store_fresh_set *s, struct store_conn *c, u64 id,
                      struct store_fresh **out) {
  u64 keys = 0, again = 0;
  pthread_mutex_lock(&s->lock);
  *out = fresh_set_find(s, id);
  if (*out) (*out)->refs++;
  pthread_mutex_unlock(&s->lock);
  if (*out) return ERR_OK;
  TRY(fresh_scan(c, id, &keys, NULL));
  struct store_fresh *f = store_fresh_new(id, keys);
  err e = fresh_scan(c, id, &again, f);
  sqlite3_reset(STORE_ST(c, fresh_read));
  if (e) {
    store_fresh_free(f);
    return e;
  }
  *out = store_fresh_share(s, f);
  return ERR_OK;
}

void store_fresh_give(struct store_fresh_set *s, struct store_fresh *f) {
  pthread_mutex_lock(&s->lock);
  bool last = --f->refs == 0;
  for (u32 i = 0; last && i < s->cnt; i++)
    if (s->run[i] == f) s->run[i] = s->run[--s->cnt];
  pthread_mutex_unlock(&s->lock);
  if (last) store_fresh_free(f);
}

void store_fresh_clear(struct store_fresh_set *s, struct store_fresh_list *l) {
  for (u32 i = 0; i < l->cnt; i++) store_fresh_give(s, l->run[i]);
  l->cnt = 0;
}

/* The list that standing.fresh tells takes the place of l. */
err store_fresh_list(struct store_fresh_set *s, struct store_conn *c,
                     slice ids, struct store_fresh_list *l) {
  struct store_fresh_list now = {.cnt = 0};
  u32 cnt = (u32)(ids.len / 8);
  u8 copy[8 * STORE_FRESH_MAX];
  if (ids.len % 8 || cnt > STORE_FRESH_MAX) return ERR_CORRUPT;
  bool same = cnt == l->cnt;
  for (u32 i = 0; i < cnt && same; i++)
    same = l->run[i]->id == load_be64(ids.ptr + 8 * i);
  if (same) return ERR_OK;
  memcpy(copy, ids.ptr, ids.len);
  err e = ERR_OK;
  while (now.cnt < cnt && !e) {
    e = fresh_take(s, c, load_be64(copy + 8 * now.cnt), &now.run[now.cnt]);
    now.cnt += !e;
  }
  store_fresh_clear(s, e ? &now : l);
  if (!e) *l = now;
  return e;
}

slice store_fresh_ids(const struct store_fresh_list *l,
                      u8 out[8 * STORE_FRESH_MAX]) {
  for (u32 i = 0; i < l->cnt; i++) store_be64(out + 8 * i, l->run[i]->id);
  return slice_of(out, 8 * (size_t)l->cnt);
}

/*---------------------------------------------------------------- reading */
/* In front of the key that a table knows: its place. */
slice store_fresh_key(u8 out[STORE_FRESH_KEY], u32 place, slice key) {
  MUST(key.len < STORE_FRESH_KEY);
  out[0] = (u8)place;
  if (key.len) memcpy(out + 1, key.ptr, key.len);
  return slice_of(out, key.len + 1);
}

static err fresh_find_in(struct store_reader *r, u32 place, slice key,
                         slice *val, bool *hit) {
  const struct store_fresh *f = r->fresh.run[place];
  const struct store_fresh_cursor *k = r->cursor[place];
  struct store_row row;
  slice page;
  u32 at, number = fresh_page_of(f, key);
  err e = ERR_OK;
  if (k && k->len && k->id == f->id && k->page == number)
    page = slice_of(k->bytes, k->len);
  else
    e = store_fresh_page(&r->conn, f->id, number, &page);
  if (!e) e = fresh_seek(page, key, &at, hit);
  if (!e && *hit) e = store_fresh_row_at(page, at, &row);
  if (!e && *hit) {
    *val = row.val;
    r->busy = STORE_ST(&r->conn, fresh_read);
  } else { /* left where it is it would keep the snapshot */
    sqlite3_reset(STORE_ST(&r->conn, fresh_read));
  }
  return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

/* *hit: a run has it; val.len 0: there is no such row. */
err store_fresh_find(struct store_reader *r, slice key, slice *val,
                     bool *hit) {
  u64 h = r->fresh.cnt ? fresh_hash_key(key) : 0;
  *hit = false;
  for (u32 i = r->fresh.cnt; i-- > 0 && !*hit;)
    if (store_filter_may(&r->fresh.run[i]->filter, h))
      TRY(fresh_find_in(r, i, key, val, hit));
  return ERR_OK;
}

/* Pages of a run never change: the one that the cursor has is not read again. */
static err fresh_cursor_page(struct store_conn *c, struct store_fresh_cursor *k,
                             u64 id, u32 at) {
  slice page;
  k->at = 0;
  if (k->len && k->id == id && k->page == at) return ERR_OK;
  k->len = 0;
  k->id = id;
  k->page = at;
  err e = store_fresh_page(c, id, at, &page);
  if (!e && page.len > sizeof k->bytes) e = ERR_CORRUPT;
  if (!e) memcpy(k->bytes, page.ptr, page.len);
  if (!e) k->len = (u32)page.len;
  sqlite3_reset(STORE_ST(c, fresh_read));
  return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

/* The row that the cursor stands at. */
static err fresh_cursor_row(struct store_fresh_cursor *k) {
  k->has = k->at < fresh_be16(k->bytes);
  return k->has ? store_fresh_row_at(slice_of(k->bytes, k->len), k->at, &k->row)
                : ERR_OK;
}

err store_cursor_seek(struct store_conn *c, struct store_fresh_cursor *k,
                      const struct store_fresh *f, slice key) {
  bool same;
  k->has = false;
  k->page_cnt = f->page_cnt;
  TRY(fresh_cursor_page(c, k, f->id, key.len ? fresh_page_of(f, key) : 0));
  if (key.len) TRY(fresh_seek(slice_of(k->bytes, k->len), key, &k->at, &same));
  TRY(fresh_cursor_row(k));
  return k->has || k->page + 1 == k->page_cnt ? ERR_OK
                                              : store_cursor_next(c, k);
}

err store_cursor_next(struct store_conn *c, struct store_fresh_cursor *k) {
  if (k->has) k->at++;
  TRY(fresh_cursor_row(k));
  if (k->has || k->page + 1 >= k->page_cnt) return ERR_OK;
  TRY(fresh_cursor_page(c, k, k->id, k->page + 1));
  return fresh_cursor_row(k);
}

/* The row that is next among the cursors, the oldest run first: of the same key
** the newest.  NULL at the end. */
const struct store_row *store_cursor_least(struct store_fresh_cursor *const *k,
                                           u32 cnt) {
  const struct store_row *least = NULL;
  for (u32 i = cnt; i-- > 0;)
    if (k[i]->has && (!least || store_key_cmp(k[i]->row.key, least->key) < 0))
      least = &k[i]->row;
  return least;
}

/* Past this key; k's row views are void then. */
err store_cursor_pass(struct store_conn *c,
                      struct store_fresh_cursor *const *k, u32 cnt,
                      slice key) {
  u8 copy[STORE_FRESH_KEY];
  MUST(key.len <= sizeof copy);
  memcpy(copy, key.ptr, key.len);
  key.ptr = copy;
  for (u32 i = 0; i < cnt; i++)
    if (k[i]->has && store_key_cmp(k[i]->row.key, key) == 0)
      TRY(store_cursor_next(c, k[i]));
  return ERR_OK;
}

/* Cursors at from, of the runs that may have such leaves.  The reader's own,
** which stand where the last scan left them: who asks for one node of a trie
** after the other, in order, finds many of them on the same page. */
err store_fresh_open(struct store_reader *r, slice from, u32 nibbles,
                     struct store_fresh_cursor **out, u32 *cnt) {
  err e = ERR_OK;
  *cnt = 0;
  for (u32 i = 0; i < r->fresh.cnt && !e; i++) {
    if (!fresh_may_under(r->fresh.run[i], from, nibbles)) continue;
    struct store_fresh_cursor *k = r->cursor[i];
    r->cursor[i] = NULL;
    if (!k) k = mem_alloc(sizeof *k);
    k->place = i;
    out[(*cnt)++] = k;
    e = store_cursor_seek(&r->conn, k, r->fresh.run[i], from);
  }
  return e;
}

void store_fresh_close(struct store_reader *r, struct store_fresh_cursor **in,
                       u32 cnt) {
  for (u32 i = 0; i < cnt; i++) {
    u32 place = in[i]->place;
    if (r->cursor[place]) mem_free(r->cursor[place]);
    r->cursor[place] = in[i];
  }
}

#undef STORE_FRESH_HEAD
#undef STORE_FRESH_MARK
