/* map.c - open addressing in groups of 16 slots, as in Abseil's Swiss tables
** (M. Kulukundis, "Designing a fast, efficient, cache-friendly hash table",
** 2017): one tag byte a slot, kept apart from the slots; a lookup compares 16
** tags at once and touches only slots whose 7 hash bits agree.
**
** Tags: 0 empty, 1 deleted, 0x80 | (top 7 bits of the hash) in use.  Groups
** are probed in triangular steps, which visit each group of a power-of-two
** table once.  A search ends at the first group with an empty tag, so at
** least one eighth of the slots is always empty.  A deleted slot becomes empty
** at once when its group has an empty tag anyway: no search went past it.
**
** Hash: 16 bytes a step, both halves xored with lanes made of the seed,
** multiplied to 128 bits, the halves folded together.  Since no lane is
** known without the seed, nobody can choose keys that zero a factor. */
#include "base/map.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define MAP_GROUP 16u
#define MAP_EMPTY 0
#define MAP_DELETED 1

/* Odd digits of the golden ratio, sqrt 2, sqrt 3 and sqrt 5. */
#define MAP_K0 0x9e3779b97f4a7c15u
#define MAP_K1 0x6a09e667f3bcc909u
#define MAP_K2 0xbb67ae8584caa73bu
#define MAP_K3 0x3c6ef372fe94f82bu

static inline u64 map_fold(u64 a, u64 b) {
  u128 p = (u128)a * b;
  return (u64)p ^ (u64)(p >> 64);
}

static inline u64 map_load(const u8 *p) {
  u64 v;
  memcpy(&v, p, 8);
  return v;
}

static inline u64 map_hash(const struct map *m, const u8 *key) {
  size_t len = m->key_len;
  u64 s0 = m->seed + MAP_K0, s1 = m->seed ^ MAP_K1;
  if (len == 32) {
    u64 x = map_fold(map_load(key) ^ s0, map_load(key + 8) ^ s1);
    u64 y = map_fold(map_load(key + 16) ^ (s0 + MAP_K2),
                     map_load(key + 24) ^ (s1 + MAP_K3));
    return map_fold(x ^ s1, y ^ s0);
  }
  u64 h = s0, a, b;
  if (len >= 16) {
    for (size_t i = 0; i + 16 < len; i += 16)
      h = map_fold(map_load(key + i) ^ h, map_load(key + i + 8) ^ s1) + MAP_K2;
    a = map_load(key + len - 16);
    b = map_load(key + len - 8);
  } else if (len >= 8) {
    a = map_load(key);
    b = map_load(key + len - 8);
  } else {
    u8 t[8] = {0};
    memcpy(t, key, len);
    a = map_load(t);
    b = len;
  }
  h = map_fold(a ^ h, b ^ s1);
  return map_fold(h ^ s1, s0);
}

/* Lengths 8 and up: whole words, the last one overlapping. */
static inline bool map_key_eq(const u8 *a, const u8 *b, size_t len) {
  if (len < 8) return memcmp(a, b, len) == 0;
  u64 d = map_load(a + len - 8) ^ map_load(b + len - 8);
  for (size_t i = 0; i + 8 < len; i += 8) d |= map_load(a + i) ^ map_load(b + i);
  return d == 0;
}

/* Bit i set: tag i of the group equals tag. */
static inline u32 map_match(const u8 *group, u8 tag) {
#ifdef __SSE2__
  __m128i t = _mm_load_si128((const __m128i *)(const void *)group);
  return (u32)_mm_movemask_epi8(_mm_cmpeq_epi8(t, _mm_set1_epi8((char)tag)));
#else
  u32 bits = 0;
  for (u32 i = 0; i < MAP_GROUP; i++) bits |= (u32)(group[i] == tag) << i;
  return bits;
#endif
}

/* Bit i set: slot i of the group holds no entry. */
static inline u32 map_match_free(const u8 *group) {
#ifdef __SSE2__
  __m128i t = _mm_load_si128((const __m128i *)(const void *)group);
  return (u32)_mm_movemask_epi8(t) ^ 0xffff;
#else
  u32 bits = 0;
  for (u32 i = 0; i < MAP_GROUP; i++) bits |= (u32)(group[i] < 0x80) << i;
  return bits;
#endif
}

static inline u8 map_tag(u64 hash) { return 0x80 | (u8)(hash >> 57); }

static inline u32 map_val_at(const struct map *m) {
  return (m->key_len + 7) & ~7u;
}

static inline u8 *map_slot(const struct map *m, size_t i) {
  return m->slots + i * m->slot_len;
}

void map_init(struct map *m, u32 key_len, u32 val_len, size_t cnt_max,
              u64 seed) {
  MUST(key_len > 0 && key_len < 4096 && val_len < (1u << 24));
  *m = (struct map){.key_len = key_len, .val_len = val_len,
                    .cnt_max = cnt_max, .seed = seed};
  m->slot_len = map_val_at(m) + ((val_len + 7) & ~7u);
}

/* One block: tags first (a multiple of 16 bytes), then slots. */
void map_fini(struct map *m) {
  mem_free(m->tags);
  map_init(m, m->key_len, m->val_len, m->cnt_max, m->seed);
}

void map_clear(struct map *m) {
  if (m->cap) memset(m->tags, MAP_EMPTY, m->cap);
  m->cnt = m->used = 0;
}

/* Index of the key's slot, or SIZE_MAX. */
static inline size_t map_find(const struct map *m, const u8 *key, u64 hash) {
  if (!m->cap) return SIZE_MAX;
  size_t mask = m->cap / MAP_GROUP - 1, g = hash & mask;
  u8 tag = map_tag(hash);
  for (size_t step = 1;; g = (g + step++) & mask) {
    const u8 *group = m->tags + g * MAP_GROUP;
    for (u32 bits = map_match(group, tag); bits; bits &= bits - 1) {
      size_t i = g * MAP_GROUP + (u32)__builtin_ctz(bits);
      if (LIKELY(map_key_eq(map_slot(m, i), key, m->key_len))) return i;
    }
    if (LIKELY(map_match(group, MAP_EMPTY))) return SIZE_MAX;
  }
}

/* The first slot on the hash's path that holds no entry. */
static size_t map_find_free(const struct map *m, u64 hash) {
  size_t mask = m->cap / MAP_GROUP - 1, g = hash & mask;
  for (size_t step = 1;; g = (g + step++) & mask) {
    u32 bits = map_match_free(m->tags + g * MAP_GROUP);
    if (bits) return g * MAP_GROUP + (u32)__builtin_ctz(bits);
  }
}

static void map_rehash(struct map *m, size_t cap) {
  struct map old = *m;
  MUST(cap <= (SIZE_MAX / 4) / (m->slot_len + 1));
  m->tags = mem_realloc(NULL, cap * (1 + (size_t)m->slot_len));
  m->slots = m->tags + cap;
  m->cap = cap;
  memset(m->tags, MAP_EMPTY, cap);
  for (size_t i = 0; i < old.cap; i++) {
    if (!(old.tags[i] & 0x80)) continue;
    u64 hash = map_hash(m, map_slot(&old, i));
    size_t to = map_find_free(m, hash);
    m->tags[to] = map_tag(hash);
    memcpy(map_slot(m, to), map_slot(&old, i), m->slot_len);
  }
  m->used = m->cnt;
  mem_free(old.tags);
}

void *map_get(const struct map *m, const void *key) {
  size_t i = map_find(m, key, map_hash(m, key));
  return i == SIZE_MAX ? NULL : map_slot(m, i) + map_val_at(m);
}

void *map_put(struct map *m, const void *key, bool *is_new) {
  u64 hash = map_hash(m, key);
  size_t i = map_find(m, key, hash);
  if (is_new) *is_new = false;
  if (i != SIZE_MAX) return map_slot(m, i) + map_val_at(m);
  if (m->cnt_max && m->cnt >= m->cnt_max) return NULL;
  if (m->used >= m->cap - m->cap / 8) {
    /* Full of entries: double.  Full of deleted ones: sweep. */
    size_t cap = !m->cap ? MAP_GROUP
                 : m->cnt >= m->cap / 2 ? m->cap * 2 : m->cap;
    map_rehash(m, cap);
  }
  i = map_find_free(m, hash);
  m->used += m->tags[i] == MAP_EMPTY;
  m->cnt++;
  m->tags[i] = map_tag(hash);
  if (is_new) *is_new = true;
  u8 *slot = map_slot(m, i);
  memcpy(slot, key, m->key_len);
  memset(slot + m->key_len, 0, m->slot_len - m->key_len);
  return slot + map_val_at(m);
}

bool map_del(struct map *m, const void *key) {
  size_t i = map_find(m, key, map_hash(m, key));
  if (i == SIZE_MAX) return false;
  const u8 *group = m->tags + (i & ~(size_t)(MAP_GROUP - 1));
  bool ends_here = map_match(group, MAP_EMPTY) != 0;
  m->tags[i] = ends_here ? MAP_EMPTY : MAP_DELETED;
  m->used -= ends_here;
  m->cnt--;
  return true;
}

bool map_next(const struct map *m, size_t *it, const void **key, void **val) {
  for (size_t i = *it; i < m->cap; i++) {
    if (!(m->tags[i] & 0x80)) continue;
    *it = i + 1;
    if (key) *key = map_slot(m, i);
    if (val) *val = map_slot(m, i) + map_val_at(m);
    return true;
  }
  *it = m->cap;
  return false;
}

size_t map_bytes(const struct map *m) {
  return m->cap * (1 + (size_t)m->slot_len);
}

#undef MAP_GROUP
#undef MAP_EMPTY
#undef MAP_DELETED
#undef MAP_K0
#undef MAP_K1
#undef MAP_K2
#undef MAP_K3
