/* trie_random.h - a small fixed generator for tests (SplitMix64), keys of
** several shapes, and a par that runs on real threads. */
#ifndef TESTS_TRIE_RANDOM_H
#define TESTS_TRIE_RANDOM_H
#include "base/base.h"
#include <pthread.h>

struct trie_random {
  u64 s;
};
static inline u64 trie_random_u64(struct trie_random *r) {
  u64 z = (r->s += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
static inline u32 trie_random_below(struct trie_random *r, u32 n) {
  return (u32)(trie_random_u64(r) % n);
}

enum trie_random_shape {
  TRIE_RANDOM_UNIFORM,
  TRIE_RANDOM_DEEP,   /* differ only in the last nibbles */
  TRIE_RANDOM_FORKED, /* zero but for a few bits anywhere: long extensions */
  TRIE_RANDOM_SHAPES
};
static inline void trie_random_key(struct trie_random *r, hash32 *k,
                                   enum trie_random_shape shape) {
  memset(k, 0, sizeof *k);
  switch (shape) {
    case TRIE_RANDOM_UNIFORM:
      for (int i = 0; i < 4; i++) store_be64(k->b + 8 * i, trie_random_u64(r));
      break;
    case TRIE_RANDOM_DEEP:
      memset(k->b, 0x5a, 32);
      k->b[30] = (u8)(0x50 | trie_random_below(r, 4));
      k->b[31] = (u8)trie_random_u64(r);
      break;
    default:
      for (u32 i = trie_random_below(r, 4); i-- > 0;) {
        u32 bit = trie_random_below(r, 256);
        k->b[bit / 8] |= (u8)(1u << bit % 8);
      }
  }
}

/* Runs the tasks on four threads, each taking the next. */
struct trie_threads {
  void (*fn)(void *arg, u32 i);
  void *arg;
  u32 cnt, next;
};
static inline void *trie_threads_main(void *p) {
  struct trie_threads *t = p;
  for (;;) {
    u32 i = __atomic_fetch_add(&t->next, 1, __ATOMIC_RELAXED);
    if (i >= t->cnt) return NULL;
    t->fn(t->arg, i);
  }
}
static inline void trie_threads_run(void *ctx, void (*fn)(void *arg, u32 i),
                                    void *arg, u32 cnt) {
  struct trie_threads t = {fn, arg, cnt, 0};
  pthread_t th[4];
  (void)ctx;
  for (int i = 0; i < 4; i++) {
    MUST(pthread_create(&th[i], NULL, trie_threads_main, &t) == 0);
  }
  for (int i = 0; i < 4; i++) pthread_join(th[i], NULL);
}
static const struct par trie_threads_par = {NULL, 4, trie_threads_run};
#endif
