/* http_metrics.c - GET /metrics in the text format of Prometheus (version
** 0.0.4): the rows of metric.def; requests by method and code; how long they
** took, as a histogram. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/log.h"
#include "node/node_proj.h"
#include "notify/notify.h"
#include "web/http_int.h"

/* What rows are made of. */
struct metric_chain {
  double interval_s, head_age_s;
};

static void metric_chain(struct node *n, struct metric_chain *c) {
  struct node_read *r;
  struct chain_header h, before;
  hash32 hash;
  u64 now = node_clock_ms();
  memset(c, 0, sizeof *c);
  if (node_read_begin(n, &r) < 0) return;
  u64 head = node_read_head(r);
  if (node_read_header(r, &h, &hash, head) == ERR_OK) {
    u64 ms = chain_header_time_ms(&h);
    if (now > ms) c->head_age_s = (double)(now - ms) * 1e-3;
    if (head > 0 && node_read_header(r, &before, &hash, head - 1) == ERR_OK) {
      c->interval_s = (double)(ms - chain_header_time_ms(&before)) * 1e-3;
    }
  }
  node_read_end(r);
}

static void metric_put(struct buf *out, const char *name, const char *type,
                       const char *help, double value) {
  buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
  if (value >= 0 && value < 9e15 && value == (double)(u64)value)
    buf_printf(out, "%s %" PRIu64 "\n", name, (u64)value);
  else
    buf_printf(out, "%s %.9g\n", name, value);
}

static void metric_put_method(void *ctx, const char *method, int code,
                              u64 cnt) {
  buf_printf(ctx, "cybermiles_rpc_requests_total{method=\"%s\",code=\"%d\"} %"
             PRIu64 "\n", method, code, cnt);
}

static void metric_put_rpc(struct buf *out, const struct rpc_server *s) {
  struct rpc_tally t;
  u64 sum = 0;
  buf_put_str(out, "# HELP cybermiles_rpc_requests_total JSON-RPC requests by "
                   "method and code; 0 is a result.\n"
                   "# TYPE cybermiles_rpc_requests_total counter\n");
  rpc_tally_methods(s, metric_put_method, out);
  rpc_tally(s, &t);
  buf_put_str(out, "# HELP cybermiles_rpc_duration_seconds How long a JSON-RPC "
                   "request took.\n"
                   "# TYPE cybermiles_rpc_duration_seconds histogram\n");
  for (u32 i = 0; i < RPC_TIME_CNT; i++) {
    sum += t.bucket[i];
    if (i < RPC_TIME_CNT - 1) {
      buf_printf(out, "cybermiles_rpc_duration_seconds_bucket{le=\"%g\"} %"
                 PRIu64 "\n", (double)rpc_time_us[i] * 1e-6, sum);
    }
  }
  buf_printf(out, "cybermiles_rpc_duration_seconds_bucket{le=\"+Inf\"} %" PRIu64
             "\ncybermiles_rpc_duration_seconds_sum %.6f\n"
             "cybermiles_rpc_duration_seconds_count %" PRIu64 "\n", sum,
             (double)t.us * 1e-6, sum);
}

/* With --metrics.expensive. */
static void metric_put_stages(struct buf *out) {
  double cpu_s[STAGE_CNT], sync_s;
  if (!node_stage_read(cpu_s, &sync_s)) return;
  buf_put_str(out, "# HELP cybermiles_stage_cpu_seconds_total Processor time by "
                   "stage (base/stage.def).\n"
                   "# TYPE cybermiles_stage_cpu_seconds_total counter\n");
  for (u32 i = 0; i < STAGE_CNT; i++)
    buf_printf(out, "cybermiles_stage_cpu_seconds_total{stage=\"%s\"} %.6f\n",
               stage_name[i], cpu_s[i]);
  metric_put(out, "cybermiles_db_sync_seconds_total", "counter",
             "Time that syncs of the database took.", sync_s);
}

/* Orders by state, and disputes that nobody has ended. */
static err metric_on_orders(void *ctx, const struct store_val *v, u32 cnt) {
  struct buf *out = ctx;
  const char *word = cnt == 2 ? proj_state_word(PROJ_ORDERS, 1, (u8)v[0].num)
                              : NULL;
  if (word)
    buf_printf(out, "cybermiles_orders{state=\"%s\"} %" PRIi64 "\n", word,
               v[1].num);
  return ERR_OK;
}

static err metric_on_disputes(void *ctx, const struct store_val *v, u32 cnt) {
  if (cnt == 1)
    metric_put(ctx, "cybermiles_disputes_open", "gauge",
               "Cases of mediation that go on.", (double)v[0].num);
  return ERR_OK;
}

static void metric_put_trade(struct buf *out, struct node *n) {
  struct node_read *r;
  if (node_is_plain(n) || node_read_begin(n, &r) < 0) return;
  buf_put_str(out, "# HELP cybermiles_orders Orders by state.\n"
              "# TYPE cybermiles_orders gauge\n");
  err e = proj_named(node_read_store(r), "metric_orders", NULL, 0,
                     metric_on_orders, out);
  if (e == ERR_OK)
    e = proj_named(node_read_store(r), "metric_disputes", NULL, 0,
                   metric_on_disputes, out);
  if (e < 0)
    log_event(LOG_DEBUG, "web", "metrics", "error=\"%s\"", err_text(e));
  node_read_end(r);
}

void http_metrics(struct http_request *rq) {
  struct node_stat st;
  struct node_process process;
  struct metric_chain chain;
  struct notify_stat told = {0};
  const struct notify_stat *t = &told;
  const struct node_stat *s = &st;
  const struct node_process *p = &process;
  const struct metric_chain *c = &chain;
  const struct http *h = rq->h;
  const struct chain_genesis *g = node_genesis(h->node);
  struct buf *out = &rq->reply;
  if (h->cfg.no_metrics) {
    http_say(rq, MHD_HTTP_NOT_FOUND, "started with --metrics=false");
    return;
  }
  node_stat(h->node, &st);
  node_process(&process);
  metric_chain(h->node, &chain);
  if (rpc_notify_of(h->rpc)) notify_stat(rpc_notify_of(h->rpc), &told);
#define METRIC(name, type, help, value) \
  metric_put(out, #name, #type, help, value);
#include "web/metric.def"
#undef METRIC
  metric_put_trade(out, h->node);
  metric_put_stages(out);
  metric_put_rpc(out, h->rpc);
  rq->type = "text/plain; version=0.0.4; charset=utf-8";
  rq->status = MHD_HTTP_OK;
}

/*------------------------------------------------------ on a port of its own */

static enum MHD_Result metric_answer(void *ctx, struct MHD_Connection *conn,
                                     const char *url, const char *method,
                                     const char *version, const char *upload,
                                     size_t *upload_size, void **state) {
  struct http_request rq = {.h = ctx, .conn = conn};
  (void)version, (void)upload;
  if (*upload_size) return MHD_NO; /* a scraper sends no body */
  if (!*state) { /* headers only so far */
    *state = ctx;
    return MHD_YES;
  }
  buf_init(&rq.reply, 0);
  rq.status = MHD_HTTP_NOT_FOUND;
  rq.type = "text/plain; charset=utf-8";
  if (strcmp(method, "GET") == 0 &&
      (strcmp(url, "/metrics") == 0 ||
       strcmp(url, "/debug/metrics/prometheus") == 0)) { /* geth's */
    http_metrics(&rq);
  } else {
    buf_put_str(&rq.reply, "here is /metrics alone\n");
  }
  struct MHD_Response *r = MHD_create_response_from_buffer(
      rq.reply.len, rq.reply.ptr, MHD_RESPMEM_MUST_COPY);
  buf_fini(&rq.reply);
  if (!r) return MHD_NO;
  MHD_add_response_header(r, "Content-Type", rq.type);
  enum MHD_Result ok = MHD_queue_response(conn, rq.status, r);
  MHD_destroy_response(r);
  return ok;
}

err http_metrics_start(struct http *h, struct errmsg *msg) {
  const struct http_config *c = &h->cfg;
  union {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
  } at;
  unsigned int flags = MHD_USE_EPOLL_INTERNAL_THREAD;
  memset(&at, 0, sizeof at);
  if (!c->metrics_addr || !c->metrics_addr[0]) return ERR_OK;
  if (inet_pton(AF_INET, c->metrics_addr, &at.in.sin_addr) == 1) {
    at.in.sin_family = AF_INET;
    at.in.sin_port = htons((u16)c->metrics_port);
  } else if (inet_pton(AF_INET6, c->metrics_addr, &at.in6.sin6_addr) == 1) {
    at.in6.sin6_family = AF_INET6;
    at.in6.sin6_port = htons((u16)c->metrics_port);
    flags |= MHD_USE_IPv6;
  } else {
    return err_say(msg, ERR_USAGE, "--metrics.addr: %s is no IP address",
                   c->metrics_addr);
  }
  h->metrics = MHD_start_daemon(
      flags, 0, NULL, NULL, metric_answer, h, MHD_OPTION_SOCK_ADDR, &at.any,
      MHD_OPTION_CONNECTION_LIMIT, 16u, MHD_OPTION_CONNECTION_TIMEOUT, 10u,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384, MHD_OPTION_END);
  if (!h->metrics)
    return err_say(msg, ERR_BIND, "--metrics.addr %s --metrics.port %u: cannot "
                   "bind it: %s", c->metrics_addr, c->metrics_port,
                   strerror(errno));
  return ERR_OK;
}

void http_metrics_stop(struct http *h) {
  if (h->metrics) MHD_stop_daemon(h->metrics);
  h->metrics = NULL;
}
