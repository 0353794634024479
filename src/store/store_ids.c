/* store_ids.c - sets of rows' numbers: what a query's words and filters find,
** read from indexes alone, before any row is looked at (store_query.c).
**
** A set is an array of chunks in ascending order, none empty when it was made,
** each a bit for every number of STORE_IDS_SPAN: numbers come one after the
** other, so a word of all listings takes a bit of each, and two words are joined
** by whole machine words.  Numbers are added in any order.
**
** A statement has a set as a value of kind STORE_IDS, for the SQL functions
** in_set(set, number), and add_to_set(set, number), which sums up to nothing: a
** step of SQLite's machine for each number would take longer than finding it.
** The pointer is of SQLite's pointer passing, so no SQL text can make one.
**
** Limits: STORE_IDS_CHUNKS of a set, above which it is `over` and takes no more.
*/
#include "store/store_int.h"
#include "store/store_table.h"

#define IDS_HIGH(id) ((u64)(id) / STORE_IDS_SPAN)
#define IDS_WORD(id) ((u64)(id) % STORE_IDS_SPAN / 64)
#define IDS_BIT(id) ((u64)1 << ((u64)(id) % 64))

void store_ids_fini(struct store_ids *s) {
  mem_free(s->chunk);
  memset(s, 0, sizeof *s);
}

/* The chunk of a number, or the place where it belongs.  Chunks are mostly
** without gaps: it is tried where it is then. */
static u32 ids_place(const struct store_ids *s, u64 high) {
  u32 low = 0, end = s->chunk_cnt;
  if (!end || s->chunk[0].high > high) return 0;
  u64 guess = high - s->chunk[0].high;
  if (guess < end && s->chunk[guess].high == high) return (u32)guess;
  while (low < end) {
    u32 mid = low + (end - low) / 2;
    if (s->chunk[mid].high < high) low = mid + 1;
    else end = mid;
  }
  return low;
}
static bool ids_is_chunk(const struct store_ids *s, u32 at, u64 high) {
  return at < s->chunk_cnt && s->chunk[at].high == high;
}

void store_ids_add(struct store_ids *s, i64 id) {
  u64 high = IDS_HIGH(id);
  u32 at = ids_place(s, high);
  if (!ids_is_chunk(s, at, high)) {
    s->over |= s->chunk_cnt == STORE_IDS_CHUNKS;
    if (s->over) return;
    if (s->chunk_cnt == s->chunk_cap) {
      s->chunk_cap += s->chunk_cap / 2 + 4;
      s->chunk = mem_realloc(s->chunk, s->chunk_cap * sizeof *s->chunk);
    }
    struct store_ids_chunk *c = &s->chunk[at];
    memmove(c + 1, c, (s->chunk_cnt++ - at) * sizeof *c);
    memset(c, 0, sizeof *c);
    c->high = high;
  }
  u64 *word = &s->chunk[at].bits[IDS_WORD(id)];
  s->cnt += !(*word & IDS_BIT(id));
  *word |= IDS_BIT(id);
}
void store_ids_drop(struct store_ids *s, i64 id) {
  u64 high = IDS_HIGH(id);
  u32 at = ids_place(s, high);
  if (!ids_is_chunk(s, at, high)) return;
  u64 *word = &s->chunk[at].bits[IDS_WORD(id)];
  s->cnt -= (*word & IDS_BIT(id)) != 0;
  *word &= ~IDS_BIT(id);
}
void store_ids_copy(struct store_ids *out, const struct store_ids *s) {
  *out = (struct store_ids){.cnt = s->cnt, .over = s->over};
  if (!s->chunk_cnt) return;
  out->chunk_cap = s->chunk_cnt;
  out->chunk = mem_alloc(s->chunk_cnt * sizeof *s->chunk);
  memcpy(out->chunk, s->chunk, s->chunk_cnt * sizeof *s->chunk);
  out->chunk_cnt = s->chunk_cnt;
}

bool store_ids_has(const struct store_ids *s, i64 id) {
  u64 high = IDS_HIGH(id);
  u32 at = ids_place(s, high);
  return ids_is_chunk(s, at, high) &&
         s->chunk[at].bits[IDS_WORD(id)] & IDS_BIT(id);
}
i64 store_ids_before(const struct store_ids *s, i64 id) {
  u64 high = IDS_HIGH(id);
  u32 at = ids_place(s, high), word = 0;
  u64 bits = 0;
  if (ids_is_chunk(s, at, high)) {
    word = (u32)IDS_WORD(id);
    bits = s->chunk[at].bits[word] & (IDS_BIT(id) - 1);
  } else {
    if (!at) return -1;
    at--;
    word = STORE_IDS_WORDS - 1;
    bits = s->chunk[at].bits[word];
  }
  while (!bits) {
    if (!word && !at) return -1;
    if (!word) at--;
    word = (word ? word : STORE_IDS_WORDS) - 1;
    bits = s->chunk[at].bits[word];
  }
  return (i64)(s->chunk[at].high * STORE_IDS_SPAN + word * 64u + 63u -
               (u32)__builtin_clzll(bits));
}

void store_ids_keep(struct store_ids *s, const struct store_ids *of,
                    bool in) {
  u32 kept = 0, k = 0;
  s->cnt = 0;
  for (u32 i = 0; i < s->chunk_cnt; i++) {
    struct store_ids_chunk c = s->chunk[i];
    u64 any = 0;
    while (k < of->chunk_cnt && of->chunk[k].high < c.high) k++;
    const u64 *other = ids_is_chunk(of, k, c.high) ? of->chunk[k].bits : NULL;
    for (u32 w = 0; w < STORE_IDS_WORDS; w++) {
      u64 has = other ? other[w] : 0;
      c.bits[w] &= in ? has : ~has;
      any |= c.bits[w];
      s->cnt += (u32)__builtin_popcountll(c.bits[w]);
    }
    if (any) s->chunk[kept++] = c;
  }
  s->chunk_cnt = kept;
}

static void ids_in_set(sqlite3_context *c, int cnt, sqlite3_value **v) {
  const struct store_ids *s = sqlite3_value_pointer(v[0], STORE_IDS_TYPE);
  (void)cnt;
  sqlite3_result_int(c, s && store_ids_has(s, sqlite3_value_int64(v[1])));
}
static void ids_add_step(sqlite3_context *c, int cnt, sqlite3_value **v) {
  struct store_ids *s = sqlite3_value_pointer(v[0], STORE_IDS_TYPE);
  (void)c, (void)cnt;
  if (s) store_ids_add(s, sqlite3_value_int64(v[1]));
}
static void ids_add_final(sqlite3_context *c) { sqlite3_result_null(c); }

err store_ids_functions(struct store_conn *c) {
  const int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
  int rc = sqlite3_create_function_v2(c->db, "in_set", 2, flags, NULL,
                                      ids_in_set, NULL, NULL, NULL);
  if (rc == SQLITE_OK)
    rc = sqlite3_create_function_v2(c->db, "add_to_set", 2, flags, NULL, NULL,
                                    ids_add_step, ids_add_final, NULL);
  return store_err(rc);
}
#undef IDS_HIGH
#undef IDS_WORD
#undef IDS_BIT
