/* store_words.c - which rows have the words that are searched, kept between
** queries.
**
** Reading a word that half of all rows have takes milliseconds, whatever is done
** with it then, and people search for the same words again.  So the set of each
** word's rows is kept for all readers of a store, and followed when rows change:
** who writes a full text's row tells it (store_fts_changed), within the same
** transaction, to the table changed_NAME(seq, row), which has at least the last
** WORDS_KEPT changes, numbered upwards; a row that is NULL: all changed.  A
** set tells the number of the last change that it knows.  A reader takes it if
** its snapshot has no other; has it more, the full text is asked of the rows
** that changed, and the newer set takes the older one's place.  What a snapshot
** gives that is older than a kept set, or from which too much is missing, is
** read anew.
**
** Kept by phrase and column: words asked for together are joined here, and rare
** words beside a common one are read alone.  Of a text that is not plain
** phrases - a quote, a letter or digit or more in ASCII, which is one word of the
** full text for sure, a quote, and perhaps "*" - all is one phrase.
**
** Limits: WORDS_BYTES of sets, WORDS_MOST of them; the longest unasked goes.
*/
#include <stdio.h>
#include <stdlib.h>

#include "store/store_int.h"
#include "store/store_table.h"

#define WORDS_KEPT 1024u   /* changes; and at most half as many again */
#define WORDS_MANY 256u    /* changes that are followed, else all is read */
#define WORDS_NEAR 64      /* rows so near one another are asked for together */
#define WORDS_APART 32u    /* and so many times */
#define WORDS_MOST 512u
#define WORDS_BYTES (24u << 20)
#define WORDS_KEY 256u     /* a longer phrase is not kept */

struct words_set {
  char key[WORDS_KEY];     /* table, column and phrase */
  i64 at;                  /* the last change that it knows */
  u64 used;
  struct store_ids ids;
};
struct store_words {
  pthread_mutex_t lock;
  struct words_set *set;
  u32 cnt, cap;
  u64 clock, bytes;
};

struct store_words *store_words_new(void) {
  struct store_words *w = mem_alloc(sizeof *w);
  pthread_mutex_init(&w->lock, NULL);
  return w;
}
void store_words_free(struct store_words *w) {
  if (!w) return;
  for (u32 i = 0; i < w->cnt; i++) store_ids_fini(&w->set[i].ids);
  pthread_mutex_destroy(&w->lock);
  mem_free(w->set);
  mem_free(w);
}

/*----------------------------------------------------------------- changes */
err store_words_make(struct store *s, const char *fts, bool drop) {
  char text[256];
  snprintf(text, sizeof text, "CREATE TABLE IF NOT EXISTS \"changed_%s\""
           "(seq INTEGER PRIMARY KEY,row INTEGER)", fts);
  TRY(store_conn_exec(&s->conn, text));
  if (!drop) return ERR_OK;
  snprintf(text, sizeof text, "INSERT INTO \"changed_%s\"(row)VALUES(NULL)",
           fts);
  return store_conn_exec(&s->conn, text);
}

err store_fts_prepare(struct store *s, u32 *out, const char *fts) {
  char text[256];
  u32 trim;
  snprintf(text, sizeof text, "INSERT INTO \"changed_%s\"(row)SELECT ?1 "
           "WHERE changes()>0", fts);
  TRY(store_table_keep(s, out, text));
  snprintf(text, sizeof text, "DELETE FROM \"changed_%s\" WHERE seq<="
           "(SELECT max(seq)FROM \"changed_%s\")-%u", fts, fts, WORDS_KEPT);
  TRY(store_table_keep(s, &trim, text));
  MUST(trim == *out + 1);
  return ERR_OK;
}
err store_fts_changed(struct store *s, u32 st, i64 row) {
  struct store_val v = store_num((u64)row);
  TRY(store_table_run(s, st, &v, 1));
  if (sqlite3_last_insert_rowid(s->conn.db) % (WORDS_KEPT / 2)) return ERR_OK;
  return store_table_run(s, st + 1, NULL, 0);
}

/* What is asked of changed_NAME, and of the full text. */
static err words_rows(struct store_reader *r, const char *form,
                      const char *fts, const struct store_val *val, u32 cnt,
                      store_row_fn *row, void *ctx) {
  char text[256];
  snprintf(text, sizeof text, form, fts, fts);
  return store_cached_rows(r, text, val, cnt, row, ctx);
}
static err words_number(void *ctx, const struct store_val *v, u32 cnt) {
  (void)cnt;
  *(i64 *)ctx = v[0].num;
  return ERR_OK;
}

/* Rows that changed.  More than are followed are kept, so none of fewer is
** missing. */
_Static_assert(WORDS_KEPT > WORDS_MANY, "changes that are kept");
struct words_changes {
  i64 row[WORDS_MANY];
  u32 cnt;
  bool many;               /* more, or all */
};
static err words_change(void *ctx, const struct store_val *v, u32 cnt) {
  struct words_changes *c = ctx;
  (void)cnt;
  c->many |= v[0].kind != STORE_NUM || c->cnt == WORDS_MANY;
  if (c->many) return ERR_LIMIT;
  c->row[c->cnt++] = v[0].num;
  return ERR_OK;
}
static int words_row_cmp(const void *a, const void *b) {
  i64 x = *(const i64 *)a, y = *(const i64 *)b;
  return x < y ? -1 : x > y;
}
/* The next one is to be asked for with this one. */
static bool words_is_near(const struct words_changes *c, u32 i) {
  return i + 1 < c->cnt && c->row[i + 1] - c->row[i] <= WORDS_NEAR;
}

static err words_ignore(void *ctx, const struct store_val *v, u32 cnt) {
  (void)ctx, (void)v, (void)cnt;
  return ERR_OK;
}
/* Rows of a phrase, from one number to another, join the set. */
static err words_read(struct store_reader *r, struct store_ids *out,
                      const char *fts, slice match, i64 from, i64 to) {
  struct store_val v[] = {store_set(out), store_text(match),
                          store_num((u64)from), store_num((u64)to)};
  bool all = from < 0;
  err e = words_rows(r, all ? "SELECT add_to_set(?1,rowid)FROM\"%s\"WHERE\"%s\""
                              " MATCH ?2"
                            : "SELECT add_to_set(?1,rowid)FROM\"%s\"WHERE\"%s\""
                              " MATCH ?2 AND rowid BETWEEN ?3 AND ?4",
                     fts, v, all ? 2 : 4, words_ignore, NULL);
  return e || !out->over ? e : ERR_LIMIT;
}

/* The set learns the changes up to one.  *ok: all of them were known. */
static err words_follow(struct store_reader *r, struct words_set *set,
                        const char *fts, slice match, i64 to, bool *ok) {
  struct words_changes c = {.cnt = 0};
  struct store_val v[] = {store_num((u64)set->at), store_num((u64)to)};
  struct store_ids now = {0};
  u32 apart = 0;
  *ok = false;
  err e = words_rows(r, "SELECT row FROM\"changed_%s\"WHERE seq>?1 AND seq<=?2",
                     fts, v, 2, words_change, &c);
  if (c.many || e) return c.many ? ERR_OK : e;
  qsort(c.row, c.cnt, sizeof *c.row, words_row_cmp);
  for (u32 i = 0; i + 1 < c.cnt; i++) apart += !words_is_near(&c, i);
  if (apart > WORDS_APART) return ERR_OK;
  for (u32 i = 0; i < c.cnt; i++) store_ids_drop(&set->ids, c.row[i]);
  for (u32 i = 0, first = 0; i < c.cnt && !e; i++) {
    if (words_is_near(&c, i)) continue;
    e = words_read(r, &now, fts, match, c.row[first], c.row[i]);
    first = i + 1;
  }
  /* Rows between them that did not change are in it already. */
  for (i64 id = INT64_MAX; !e && (id = store_ids_before(&now, id)) >= 0;)
    store_ids_add(&set->ids, id);
  store_ids_fini(&now);
  set->at = to;
  *ok = !e;
  return e;
}

/*---------------------------------------------------------------- keeping */
static u64 words_bytes(const struct store_ids *s) {
  return s->chunk_cap * sizeof *s->chunk;
}
static struct words_set *words_at(struct store_words *w, const char *key) {
  for (u32 i = 0; i < w->cnt; i++)
    if (!strcmp(w->set[i].key, key)) return &w->set[i];
  return NULL;
}
static void words_forget(struct store_words *w, struct words_set *s) {
  w->bytes -= words_bytes(&s->ids);
  store_ids_fini(&s->ids);
  *s = w->set[--w->cnt];
}
/* A copy of what is kept; false: nothing is. */
static bool words_take(struct store_words *w, struct words_set *out) {
  pthread_mutex_lock(&w->lock);
  struct words_set *s = words_at(w, out->key);
  if (s) {
    s->used = ++w->clock;
    out->at = s->at;
    store_ids_copy(&out->ids, &s->ids);
  }
  pthread_mutex_unlock(&w->lock);
  return s;
}
static void words_forget_oldest(struct store_words *w) {
  struct words_set *old = w->set;
  for (u32 i = 1; i < w->cnt; i++)
    if (w->set[i].used < old->used) old = &w->set[i];
  words_forget(w, old);
}
static void words_add(struct store_words *w, const struct words_set *in) {
  if (w->cnt == w->cap) {
    w->cap = w->cap ? 2 * w->cap : 16;
    w->set = mem_realloc(w->set, w->cap * sizeof *w->set);
  }
  struct words_set *s = &w->set[w->cnt++];
  *s = *in;
  store_ids_copy(&s->ids, &in->ids);
  s->used = ++w->clock;
  w->bytes += words_bytes(&s->ids);
}
/* Keeps a copy, unless what is kept is as new. */
static void words_keep(struct store_words *w, const struct words_set *in) {
  if (words_bytes(&in->ids) > WORDS_BYTES / 4) return;
  pthread_mutex_lock(&w->lock);
  struct words_set *s = words_at(w, in->key);
  if (s && s->at < in->at) {
    words_forget(w, s);
    s = NULL;
  }
  if (!s) words_add(w, in);
  while (w->cnt > WORDS_MOST || w->bytes > WORDS_BYTES) words_forget_oldest(w);
  pthread_mutex_unlock(&w->lock);
}

/*----------------------------------------------------------------- finding */
/* What a set is kept by; false: it is not. */
static bool words_key(char key[WORDS_KEY], const char *fts, const char *column,
                      slice phrase) {
  int len = snprintf(key, WORDS_KEY, "%s %s %.*s", fts, column ? column : "",
                     (int)phrase.len, (const char *)phrase.ptr);
  return phrase.len < WORDS_KEY && !memchr(phrase.ptr, 0, phrase.len) &&
         len > 0 && (u32)len < WORDS_KEY;
}
/* One phrase's rows, of a snapshot whose last change is given. */
static err words_phrase(struct store_reader *r, struct store_ids *out,
                        const char *fts, const char *column, slice phrase,
                        i64 at) {
  struct words_set set = {.at = -1};
  struct buf match;
  bool ok = false, keep = words_key(set.key, fts, column, phrase);
  err e = ERR_OK;
  buf_init(&match, 0);
  if (column) buf_printf(&match, "{%s}:(", column);
  buf_put_slice(&match, phrase);
  if (column) buf_put_str(&match, ")");
  if (keep && words_take(r->words, &set)) {
    ok = set.at == at;
    if (set.at < at) e = words_follow(r, &set, fts, buf_slice(&match), at, &ok);
  }
  if (!ok && !e) {
    store_ids_fini(&set.ids);
    set.at = at;
    e = words_read(r, &set.ids, fts, buf_slice(&match), -1, -1);
  }
  if (keep && !e) words_keep(r->words, &set);
  buf_fini(&match);
  *out = set.ids;
  return e;
}

static bool words_is_plain(u8 b) {
  return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') ||
         (b >= 'A' && b <= 'Z');
}
/* The first plain phrase, behind blanks, of what is left; len 0: none. */
static slice words_next(slice left) {
  size_t from = 0;
  while (from < left.len && left.ptr[from] == ' ') from++;
  size_t i = from;
  if (i == left.len || left.ptr[i++] != '"') return slice_of(left.ptr, 0);
  while (i < left.len && words_is_plain(left.ptr[i])) i++;
  if (i == from + 1 || i == left.len || left.ptr[i++] != '"')
    return slice_of(left.ptr, 0);
  i += i < left.len && left.ptr[i] == '*';
  return slice_of(left.ptr + from, i - from);
}
static slice words_behind(slice left, slice word) {
  const u8 *end = word.ptr + word.len;
  return slice_of(end, left.len - (size_t)(end - left.ptr));
}

err store_words_find(struct store_reader *r, struct store_ids *out,
                     const char *fts, slice match, const char *column) {
  slice left = match, word;
  bool whole = false;
  u32 cnt = 0;
  i64 at = 0;
  *out = (struct store_ids){0};
  TRY(words_rows(r, "SELECT max(seq)FROM\"changed_%s\"", fts, NULL, 0,
                 words_number, &at));
  while (left.len && !whole) {
    word = words_next(left);
    whole = !word.len;
    left = words_behind(left, word);
  }
  for (left = match; left.len && (!cnt || out->cnt) && !(whole && cnt); cnt++) {
    struct store_ids one;
    word = whole ? match : words_next(left);
    err e = words_phrase(r, &one, fts, column, word, at);
    left = words_behind(left, word);
    if (cnt) {
      store_ids_keep(out, &one, true);
      store_ids_fini(&one);
    } else {
      *out = one;
    }
    if (e) return e;
  }
  return ERR_OK;
}
#undef WORDS_KEPT
#undef WORDS_MANY
#undef WORDS_NEAR
#undef WORDS_APART
#undef WORDS_MOST
#undef WORDS_BYTES
#undef WORDS_KEY
