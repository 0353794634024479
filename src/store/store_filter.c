/* store_filter.c - what is in a run, told from memory: "certainly not" or
** "perhaps".
**
** A filter has 8 bits a key, in blocks of one cache line (F. Putze et al.
** 2007); 3 % of the keys that are not there pass.
**
** Fresh runs each have theirs (store_fresh.c).  Of the index runs those of
** hashes do: who waits for a transaction asks for its hash again and again, and
** without a filter each run costs some pages to learn that it is elsewhere.
** They are made by the reader that meets a run first, from its pages, and shared
** by all connections of a store, in STORE_FILTER_BYTES at most: the newest runs,
** which are asked first, come first; runs that no list has any more make room.
** A run without a filter is searched.
**
** A run's number may be used again after it was dropped and the file opened
** anew, while another process goes on reading; what a run holds follows from
** its heights, so a filter is for the run with this number, these heights and
** as many entries.
*/
#include "store/store_int.h"

#define STORE_FILTER_BLOCK 8u  /* words */

/*----------------------------------------------------------------- filter */
void store_filter_init(struct store_filter *f, u64 keys) {
  f->blocks = keys / 64 + 1;
  f->word = mem_alloc(store_filter_bytes(keys));
}

u64 store_filter_bytes(u64 keys) {
  return (keys / 64 + 1) * STORE_FILTER_BLOCK * sizeof(u64);
}

void store_filter_fini(struct store_filter *f) {
  mem_free(f->word);
  *f = (struct store_filter){0};
}

static u64 *filter_block(const struct store_filter *f, u64 h) {
  return f->word + (((h >> 32) * f->blocks) >> 32) * STORE_FILTER_BLOCK;
}

void store_filter_add(struct store_filter *f, u64 h) {
  u64 *b = filter_block(f, h);
  for (u32 i = 0; i < 3; i++, h >>= 9) b[h >> 6 & 7] |= (u64)1 << (h & 63);
}

bool store_filter_may(const struct store_filter *f, u64 h) {
  const u64 *b = filter_block(f, h);
  for (u32 i = 0; i < 3; i++, h >>= 9)
    if (!(b[h >> 6 & 7] >> (h & 63) & 1)) return false;
  return true;
}

/*----------------------------------------------------------- of index runs */
static bool filter_is_of(const struct store_run *a, const struct store_run *b) {
  return a->id == b->id && a->kind == b->kind && a->first == b->first &&
         a->last == b->last && a->cnt == b->cnt;
}

static struct store_run_filter *filter_of_run(struct store_filter_set *s,
                                              const struct store_run *r) {
  for (u32 i = 0; i < s->cnt; i++)
    if (filter_is_of(&s->of[i].run, r)) return &s->of[i];
  return NULL;
}

/* Those of runs that the list has not. */
static void filter_clear_old(struct store_filter_set *s,
                             const struct store_run_list *l) {
  for (u32 i = s->cnt; i-- > 0;) {
    bool used = false;
    for (u32 k = 0; k < l->cnt && !used; k++)
      used = l->run[k].state == 0 && filter_is_of(&s->of[i].run, &l->run[k]);
    if (used) continue;
    s->bytes -= store_filter_bytes(s->of[i].run.cnt);
    store_filter_fini(&s->of[i].filter);
    s->of[i] = s->of[--s->cnt];
  }
}

static bool filter_has_room(const struct store_filter_set *s, u64 bytes) {
  return s->cnt < STORE_FILTER_MAX && s->bytes + bytes <= STORE_FILTER_BYTES;
}

enum store_filter_answer store_filter_ask(struct store_filter_set *s,
                                          const struct store_run *r,
                                          const struct store_run_list *l,
                                          u64 key) {
  enum store_filter_answer answer = STORE_FILTER_PERHAPS;
  u64 bytes = store_filter_bytes(r->cnt);
  if (r->kind != STORE_INDEX_HASH || bytes > STORE_FILTER_BYTES) return answer;
  pthread_mutex_lock(&s->lock);
  const struct store_run_filter *f = filter_of_run(s, r);
  if (f) {
    if (!store_filter_may(&f->filter, key)) answer = STORE_FILTER_ABSENT;
  } else {
    if (!filter_has_room(s, bytes)) filter_clear_old(s, l);
    if (filter_has_room(s, bytes)) answer = STORE_FILTER_WANTED;
  }
  pthread_mutex_unlock(&s->lock);
  return answer;
}

void store_filter_give(struct store_filter_set *s, const struct store_run *r,
                       struct store_filter *f) {
  u64 bytes = store_filter_bytes(r->cnt);
  pthread_mutex_lock(&s->lock);
  bool room = !filter_of_run(s, r) && filter_has_room(s, bytes);
  if (room) {
    s->of[s->cnt++] = (struct store_run_filter){*r, *f};
    s->bytes += bytes;
  }
  pthread_mutex_unlock(&s->lock);
  if (!room) store_filter_fini(f);
}

void store_filter_set_init(struct store_filter_set *s) {
  pthread_mutex_init(&s->lock, NULL);
}

void store_filter_set_fini(struct store_filter_set *s) {
  filter_clear_old(s, &(struct store_run_list){0});
  pthread_mutex_destroy(&s->lock);
}

#undef STORE_FILTER_BLOCK
