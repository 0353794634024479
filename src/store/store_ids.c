/* store_ids.c - sets of rows' numbers: what a query's words and filters find,
** read from indexes alone, before any row is looked at (store_query.c).
**
** A set is an ascending array of numbers, none twice.  A statement has it as a
** value of kind STORE_IDS, for the SQL functions in_set(set, number), and
** add_to_set(set, number), which sums up to nothing: a step of SQLite's machine
** for each number would take longer than finding it.  The pointer is of SQLite's
** pointer passing, so no SQL text can make one.
*/
#include <stdlib.h>

#include "store/store_int.h"
#include "store/store_table.h"

void store_ids_fini(struct store_ids *s) {
  mem_free(s->id);
  memset(s, 0, sizeof *s);
}
void store_ids_add(struct store_ids *s, i64 id) {
  if (s->cnt == s->cap) {
    s->cap = s->cap ? s->cap * 2 : 256;
    s->id = mem_realloc(s->id, s->cap * sizeof *s->id);
  }
  s->id[s->cnt++] = id;
}

static int ids_cmp(const void *a, const void *b) {
  i64 x = *(const i64 *)a, y = *(const i64 *)b;
  return x < y ? -1 : x > y;
}
void store_ids_sort(struct store_ids *s) {
  u32 kept = 0;
  bool sorted = true;
  if (s->cnt > 1 && s->id[0] > s->id[1]) /* as found from the end */
    for (u32 i = 0, k = s->cnt - 1; i < k; i++, k--) {
      i64 v = s->id[i];
      s->id[i] = s->id[k];
      s->id[k] = v;
    }
  for (u32 i = 1; i < s->cnt && sorted; i++) sorted = s->id[i - 1] < s->id[i];
  if (sorted) return;
  qsort(s->id, s->cnt, sizeof *s->id, ids_cmp);
  for (u32 i = 0; i < s->cnt; i++)
    if (!i || s->id[i] != s->id[kept - 1]) s->id[kept++] = s->id[i];
  s->cnt = kept;
}

bool store_ids_has(const struct store_ids *s, i64 id) {
  u32 low = 0, cnt = s->cnt;
  while (cnt > 1) {
    u32 half = cnt / 2;
    if (s->id[low + half] <= id) low += half;
    cnt -= half;
  }
  return cnt && s->id[low] == id;
}

void store_ids_keep(struct store_ids *s, const struct store_ids *of,
                    bool in) {
  u32 kept = 0, k = 0;
  for (u32 i = 0; i < s->cnt; i++) {
    while (k < of->cnt && of->id[k] < s->id[i]) k++;
    bool has = k < of->cnt && of->id[k] == s->id[i];
    if (has == in) s->id[kept++] = s->id[i];
  }
  s->cnt = kept;
}

static void ids_in_set(sqlite3_context *c, int cnt, sqlite3_value **v) {
  const struct store_ids *s = sqlite3_value_pointer(v[0], STORE_IDS_TYPE);
  (void)cnt;
  sqlite3_result_int(c, s && store_ids_has(s, sqlite3_value_int64(v[1])));
}
static void ids_add_step(sqlite3_context *c, int cnt, sqlite3_value **v) {
  struct store_ids *s = sqlite3_value_pointer(v[0], STORE_IDS_TYPE);
  (void)c, (void)cnt;
  if (s && s->cnt <= STORE_IDS_MAX)
    store_ids_add(s, sqlite3_value_int64(v[1]));
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
