/* bench_goods.h - for benchmarks of a large catalogue (bench_search.c,
** bench_pages.c): listings with documents, in the tables as if there had been
** their events; percentiles.
**
** Each listing has a document of seven words of 2,000 and one that all have;
** the first 5,000 of each 100,000 have "old", the dearest 5 % "dear". */
#ifndef BENCH_BENCH_GOODS_H
#define BENCH_BENCH_GOODS_H
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proj/proj_make.h"

static inline u32 bench_goods_doc(char *out, size_t room, u64 id) {
  u64 x = id * 0x9e3779b97f4a7c15u;
  int n = snprintf(out, room, "{\"body\":\"common");
  for (u32 i = 0; i < 6; i++) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    n += snprintf(out + n, room - (size_t)n, " word%u", (u32)(x >> 40) % 2000);
  }
  n += snprintf(out + n, room - (size_t)n, "%s%s",
                id % 100000 < 5000 ? " old" : "",
                id * 7919 % 100000 >= 95000 ? " dear" : "");
  n += snprintf(out + n, room - (size_t)n, "\",\"title\":\"Thing %u word%u\"}",
                (u32)id, (u32)(x >> 33) % 2000);
  return (u32)n;
}

/* The documents of cnt listings after m's. */
static inline err bench_goods_keep(struct proj_make *m, u32 cnt,
                                   struct errmsg *msg) {
  for (u32 i = 1; i <= cnt; i++) {
    struct proj_content c;
    char doc[400];
    u32 len = bench_goods_doc(doc, sizeof doc, m->id + i);
    TRY(proj_content_put(m->proj, &c, slice_of(doc, len), 100, msg));
  }
  return ERR_OK;
}

struct bench_goods_event {
  u32 module;
  const char *event;
  const struct module_record *record;
};
/* The events of the next listing. */
static inline err bench_goods_next(struct proj_make *m,
                                   const struct bench_goods_event *of,
                                   u32 cnt) {
  char doc[400];
  m->id++;
  m->seed++;
  crypto_keccak256(&m->doc, doc, bench_goods_doc(doc, sizeof doc, m->id));
  for (u32 k = 0; k < cnt; k++)
    TRY(proj_make_event(m, of[k].module, of[k].event, of[k].record));
  return ERR_OK;
}

static inline double bench_goods_clock_us(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static inline int bench_goods_cmp(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}
static inline double bench_goods_percentile(double *took, u32 cnt, u32 p) {
  qsort(took, cnt, sizeof *took, bench_goods_cmp);
  return took[(size_t)cnt * p / 100];
}
#endif
