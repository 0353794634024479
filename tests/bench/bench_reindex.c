/* bench_reindex.c - how fast `cybermiles reindex --module all` makes the tables of
** commerce anew: of a file whose blocks hold 1,000,000 events (or argv[1]), in
** the current folder.  It is stopped halfway once and goes on, as after a crash.
** JSON lines: events a second, of the clock and of processor time; the file's
** size.
**
** The events are those of trade (proj_chain.h); blocks are of 400 transactions. */
#include <sys/stat.h>
#include <unistd.h>

#include "bench/bench_goods.h"
#include "node/node_proj.h"
#include "proj/proj_chain.h"

enum { REINDEX_BLOCK = 400 };

static void reindex_must(err e, const char *what, const struct errmsg *msg) {
  if (e == ERR_OK) return;
  fprintf(stderr, "bench_reindex: %s: %s\n", what,
          msg && msg->text[0] ? msg->text : err_text(e));
  exit(1);
}
static void reindex_tell(const char *name, double v, const char *unit) {
  printf("{\"name\":\"reindex_%s\",\"value\":%.1f,\"unit\":\"%s\"}\n", name, v,
         unit);
  fflush(stdout);
}

static void reindex_fill(const char *path, u32 events) {
  u32 trades = (events + PROJ_TRADE_EVENTS - 1) / PROJ_TRADE_EVENTS;
  struct errmsg msg = {""};
  reindex_must(proj_chain_make(path, trades, REINDEX_BLOCK, &msg), path, &msg);
}

/* Ends the first run halfway. */
static bool reindex_half(void *ctx, u64 height, u64 head, u64 events) {
  (void)events;
  return *(bool *)ctx || height < head / 2;
}
static double reindex_run(const char *path, bool whole, u64 *events) {
  struct errmsg msg = {""};
  struct node_projected r;
  double begun = bench_goods_clock_us(CLOCK_MONOTONIC);
  reindex_must(node_proj_reindex(&r, path, NULL, 0, reindex_half, &whole,
                                 &msg),
               "reindex", &msg);
  MUST(r.done == whole);
  *events += r.events;
  return bench_goods_clock_us(CLOCK_MONOTONIC) - begun;
}

int main(int argc, char **argv) {
  u32 events = argc > 1 ? (u32)strtoul(argv[1], NULL, 10) : 1000000;
  const char *path = "reindex.db";
  struct stat st;
  u64 done = 0;
  crypto_init(NULL);
  unlink(path);
  reindex_fill(path, events);
  double cpu = bench_goods_clock_us(CLOCK_PROCESS_CPUTIME_ID);
  double us = reindex_run(path, false, &done);
  us += reindex_run(path, true, &done);
  cpu = bench_goods_clock_us(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  reindex_tell("events", (double)done, "events");
  reindex_tell("rate", (double)done * 1e6 / us, "events/s");
  reindex_tell("rate_of_cpu", (double)done * 1e6 / cpu, "events/s of CPU");
  if (!stat(path, &st)) reindex_tell("file", (double)st.st_size / 1e6, "MB");
  unlink(path);
  return 0;
}
