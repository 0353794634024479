/* bench_time.h - what the benchmarks measure by: clocks, the best of several
** runs, the middle of many, random numbers that are the same each time. */
#ifndef BENCH_BENCH_TIME_H
#define BENCH_BENCH_TIME_H
#include <stdlib.h>
#include <time.h>

#include "base/base.h"

/* Seconds. */
static inline double bench_clock(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
static inline double bench_now(void) { return bench_clock(CLOCK_MONOTONIC); }
/* Of this thread alone: the machine's other work does not count. */
static inline double bench_cpu(void) {
  return bench_clock(CLOCK_THREAD_CPUTIME_ID);
}
static inline double bench_cpu_ns(void) { return bench_cpu() * 1e9; }

/* Seconds of this thread for a call: the best of five runs of about 40 ms. */
static inline double bench_best(void (*fn)(void)) {
  double best = 1e9;
  for (int r = 0; r < 5; r++) {
    double start = bench_cpu(), took;
    int cnt = 0;
    do {
      fn();
      cnt++;
      took = bench_cpu() - start;
    } while (took < 0.04);
    if (took / cnt < best) best = took / cnt;
  }
  return best;
}

static inline int bench_by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}
/* Sorts v; that below which percent of them are, cnt > 0. */
static inline double bench_percentile(double *v, u32 cnt, u32 percent) {
  qsort(v, cnt, sizeof *v, bench_by_size);
  u32 i = (u32)(((u64)cnt * percent + 99) / 100);
  return v[i ? i - 1 : 0];
}
static inline double bench_median(double *v, u32 cnt) {
  return bench_percentile(v, cnt, 50);
}

static inline u64 bench_random(u64 *state) { /* splitmix64 */
  u64 z = *state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}
#endif
