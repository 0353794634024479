/* http_submit.c - single eth_sendRawTransaction requests of many connections,
** answered together.
**
** Eight signatures are recovered at once for little more than the price of
** two, so requests that come while others are being answered wait in a list,
** and whoever is done takes up to eight of them.  Nobody waits for a group to
** fill: an idle node answers each at once, a busy one has full groups.  At
** most half the cores do this, so that groups form on few cores too; the other
** half receives, executes and writes.
*/
#include <unistd.h>

#include "web/http_int.h"

#define HTTP_SUBMIT_GROUP 8u
#define HTTP_SUBMIT_JOBS 16u

struct http_submits {
  struct http *h;
  pthread_mutex_t lock; /* guards the following */
  struct http_request *first, *last;
  u32 running, max;
  struct http_submit_job {
    struct http_job job; /* first */
    struct http_submits *of;
    bool busy;
  } job[HTTP_SUBMIT_JOBS];
};

static u32 http_submit_take(struct http_submits *s, struct http_request **rq) {
  u32 cnt = 0;
  while (cnt < HTTP_SUBMIT_GROUP && s->first) {
    rq[cnt++] = s->first;
    s->first = s->first->next;
  }
  return cnt;
}

static void http_submit_answer(struct http_submits *s,
                               struct http_request **rq, u32 cnt) {
  static const struct rpc_peer peer = {.access = RPC_PUBLIC};
  struct buf *out[HTTP_SUBMIT_GROUP];
  slice body[HTTP_SUBMIT_GROUP];
  for (u32 i = 0; i < cnt; i++) {
    out[i] = &rq[i]->reply;
    body[i] = buf_slice(&rq[i]->body);
  }
  rpc_handle_submissions(s->h->rpc, out, body, cnt, &peer);
  for (u32 i = 0; i < cnt; i++) {
    rq[i]->type = "application/json";
    rq[i]->status = MHD_HTTP_OK;
    MHD_resume_connection(rq[i]->conn);
  }
}

/* A worker: until none is left. */
static void http_submit_run(struct http_job *job) {
  struct http_submit_job *j = (struct http_submit_job *)job;
  struct http_submits *s = j->of;
  struct http_request *rq[HTTP_SUBMIT_GROUP];
  u32 cnt;
  pthread_mutex_lock(&s->lock);
  while ((cnt = http_submit_take(s, rq)) > 0) {
    pthread_mutex_unlock(&s->lock);
    http_submit_answer(s, rq, cnt);
    pthread_mutex_lock(&s->lock);
  }
  j->busy = false;
  s->running--;
  pthread_mutex_unlock(&s->lock);
}

/* Under the lock. */
static bool http_submit_start(struct http_submits *s) {
  u32 i = 0;
  while (s->job[i].busy) i++;
  if (!http_job_add(s->h, &s->job[i].job)) return false;
  s->job[i].busy = true;
  s->running++;
  return true;
}

bool http_submit_add(struct http_request *rq) {
  struct http_submits *s = rq->h->submits;
  pthread_mutex_lock(&s->lock);
  bool started = s->running < s->max && http_submit_start(s);
  bool ok = started || s->running > 0;
  if (ok) {
    rq->next = NULL;
    MHD_suspend_connection(rq->conn);
    if (s->first) s->last->next = rq; else s->first = rq;
    s->last = rq;
  }
  pthread_mutex_unlock(&s->lock);
  return ok;
}

bool http_submit_wanted(const struct http_request *rq) {
  return rq->h->submits && rpc_is_submission(buf_slice(&rq->body));
}

/* Where each transaction makes a block, its sender's request waits for that
** block alone. */
void http_submits_start(struct http *h) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  if (node_info(h->node)->dev) return;
  struct http_submits *s = h->submits = mem_alloc(sizeof *s);
  s->h = h;
  s->max = cores < 4 ? 1 : cores > 2 * (long)HTTP_SUBMIT_JOBS
                               ? HTTP_SUBMIT_JOBS : (u32)cores / 2;
  pthread_mutex_init(&s->lock, NULL);
  for (u32 i = 0; i < HTTP_SUBMIT_JOBS; i++) {
    s->job[i].job.run = http_submit_run;
    s->job[i].of = s;
  }
}

void http_submits_free(struct http *h) {
  if (!h->submits) return;
  pthread_mutex_destroy(&h->submits->lock);
  mem_free(h->submits);
}

#undef HTTP_SUBMIT_GROUP
#undef HTTP_SUBMIT_JOBS
