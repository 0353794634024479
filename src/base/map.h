/* map.h - open-addressing hash table with keys and values of fixed size,
** copied in.  Deterministic iteration is not promised: sort what consensus
** sees.  Keys that outsiders choose need a random seed.  Values are aligned
** to 8 bytes. */
#ifndef BASE_MAP_H
#define BASE_MAP_H
#include "base/base.h"

struct map {
  u8 *slots;         /* cap x (key, value), each padded to 8 bytes */
  u8 *tags;          /* 0 empty, 1 deleted, else 0x80 | 7 hash bits */
  size_t cap, cnt, used; /* cap is a power of two; used counts deleted too */
  size_t cnt_max;    /* 0 = no limit */
  u32 key_len, val_len, slot_len;
  u64 seed;
};

void map_init(struct map *m, u32 key_len, u32 val_len, size_t cnt_max, u64 seed);
void map_fini(struct map *m);
void map_clear(struct map *m); /* keeps the table's memory */
/* The value's place (view, until the next put), or NULL. */
void *map_get(const struct map *m, const void *key);
/* Finds or makes the entry (value zeroed when new); NULL when cnt_max is
** reached.  is_new may be NULL. */
void *map_put(struct map *m, const void *key, bool *is_new);
bool map_del(struct map *m, const void *key);
/* Iteration: size_t it = 0; while (map_next(&m, &it, &key, &val)) ... ;
** deleting the entry just returned is allowed, adding is not. */
bool map_next(const struct map *m, size_t *it, const void **key, void **val);
size_t map_bytes(const struct map *m); /* memory held */
#endif
