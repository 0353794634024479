/* http_metrics.c - GET /metrics: the rows of metric.def in the text format of
** Prometheus (version 0.0.4). */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "web/http_int.h"

struct metric_process {
  double cpu_s, rss_bytes, virtual_bytes, fds;
};

static void metric_process(struct metric_process *p) {
  struct rusage u;
  char text[128] = "", *rest = text;
  memset(p, 0, sizeof *p);
  if (getrusage(RUSAGE_SELF, &u) == 0)
    p->cpu_s = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
  FILE *f = fopen("/proc/self/statm", "re"); /* pages: all, resident, ... */
  if (f) {
    if (!fgets(text, sizeof text, f)) text[0] = 0;
    fclose(f);
  }
  double page = (double)sysconf(_SC_PAGESIZE);
  p->virtual_bytes = (double)strtoull(rest, &rest, 10) * page;
  p->rss_bytes = (double)strtoull(rest, &rest, 10) * page;
  DIR *d = opendir("/proc/self/fd");
  if (!d) return;
  while (readdir(d)) p->fds++;
  closedir(d);
  p->fds -= 3; /* ".", ".." and the folder itself */
}

static void metric_put(struct buf *out, const char *name, const char *type,
                       const char *help, double value) {
  buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
  if (value >= 0 && value < 9e15 && value == (double)(u64)value)
    buf_printf(out, "%s %" PRIu64 "\n", name, (u64)value);
  else
    buf_printf(out, "%s %.9g\n", name, value);
}

void http_metrics(struct http_request *rq) {
  struct node_stat st;
  struct metric_process process;
  const struct node_stat *s = &st;
  const struct metric_process *p = &process;
  const struct http *h = rq->h;
  struct buf *out = &rq->reply;
  node_stat(h->node, &st);
  metric_process(&process);
#define METRIC(name, type, help, value) \
  metric_put(out, #name, #type, help, value);
#include "web/metric.def"
#undef METRIC
  rq->type = "text/plain; version=0.0.4; charset=utf-8";
  rq->status = MHD_HTTP_OK;
}
