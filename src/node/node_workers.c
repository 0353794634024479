/* node_workers.c - see node_workers.h.
**
** A job lives on its caller's stack.  It is linked in the list while pieces
** remain to be taken; next and done are counted under the lock only at the
** ends, in between pieces are taken with an atomic add, so that small pieces
** (a signature recovery: 60 us) cost no lock.  A worker that holds a job is
** counted in its users, and the caller leaves only when users is zero.
*/
#include "node/node_workers.h"
#include "base/stage.h"
#include <stdatomic.h>
#include <time.h>

struct workers_job {
  void (*fn)(void *arg, u32 i);
  void *arg;
  u32 cnt;
  atomic_uint next; /* first piece not yet taken */
  u32 users;        /* workers inside, under the lock */
  u8 stage;         /* the caller's */
  struct workers_job *link;
};

struct node_workers {
  pthread_mutex_t lock;
  pthread_cond_t work, left;
  struct workers_job *first;
  bool closing;
  u32 cnt;
  pthread_t *thread;
  struct par par;
};

static void workers_do(struct workers_job *job) {
  for (;;) {
    u32 i = atomic_fetch_add_explicit(&job->next, 1, memory_order_relaxed);
    if (i >= job->cnt) return;
    job->fn(job->arg, i);
  }
}

static void workers_unlink(struct node_workers *w, struct workers_job *job) {
  for (struct workers_job **p = &w->first; *p; p = &(*p)->link) {
    if (*p == job) {
      *p = job->link;
      return;
    }
  }
}

static void *workers_main(void *arg) {
  struct node_workers *w = arg;
  pthread_mutex_lock(&w->lock);
  for (;;) {
    struct workers_job *job = w->first;
    while (job && atomic_load(&job->next) >= job->cnt) job = job->link;
    if (!job) {
      if (w->closing) break;
      pthread_cond_wait(&w->work, &w->lock);
      continue;
    }
    job->users++;
    pthread_mutex_unlock(&w->lock);
    u8 was = stage_enter(job->stage);
    workers_do(job);
    stage_enter(was);
    pthread_mutex_lock(&w->lock);
    if (--job->users == 0) pthread_cond_broadcast(&w->left);
  }
  pthread_mutex_unlock(&w->lock);
  return NULL;
}

static void workers_run(void *ctx, void (*fn)(void *arg, u32 i), void *arg,
                        u32 cnt) {
  struct node_workers *w = ctx;
  if (cnt <= 1 || w->cnt == 0) {
    for (u32 i = 0; i < cnt; i++) fn(arg, i);
    return;
  }
  struct workers_job job = {.fn = fn, .arg = arg, .cnt = cnt,
                            .stage = stage_at};
  pthread_mutex_lock(&w->lock);
  struct workers_job **end = &w->first;
  while (*end) end = &(*end)->link;
  *end = &job;
  if (cnt > 2) {
    pthread_cond_broadcast(&w->work);
  } else {
    pthread_cond_signal(&w->work);
  }
  pthread_mutex_unlock(&w->lock);
  workers_do(&job);
  pthread_mutex_lock(&w->lock);
  workers_unlink(w, &job);
  while (job.users > 0) pthread_cond_wait(&w->left, &w->lock);
  pthread_mutex_unlock(&w->lock);
}

struct node_workers *node_workers_open(u32 cnt) {
  struct node_workers *w = mem_alloc(sizeof *w);
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->work, NULL);
  pthread_cond_init(&w->left, NULL);
  w->thread = mem_alloc(sizeof *w->thread * (cnt ? cnt : 1));
  w->par = (struct par){.ctx = w, .worker_cnt = cnt + 1, .run = workers_run};
  for (u32 i = 0; i < cnt; i++) {
    if (pthread_create(&w->thread[i], NULL, workers_main, w) != 0) break;
    w->cnt++;
  }
  return w;
}

void node_workers_close(struct node_workers *w) {
  if (!w) return;
  pthread_mutex_lock(&w->lock);
  w->closing = true;
  pthread_cond_broadcast(&w->work);
  pthread_mutex_unlock(&w->lock);
  for (u32 i = 0; i < w->cnt; i++) pthread_join(w->thread[i], NULL);
  pthread_cond_destroy(&w->work);
  pthread_cond_destroy(&w->left);
  pthread_mutex_destroy(&w->lock);
  mem_free(w->thread);
  mem_free(w);
}

const struct par *node_workers_par(struct node_workers *w) { return &w->par; }

/*----------------------------------------------------------------- queue */

void node_cond_init(pthread_cond_t *c) {
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(c, &attr);
  pthread_condattr_destroy(&attr);
}

struct timespec node_deadline(i64 timeout_ms) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  ts.tv_sec += timeout_ms / 1000;
  ts.tv_nsec += (timeout_ms % 1000) * 1000000;
  if (ts.tv_nsec >= 1000000000) {
    ts.tv_sec++;
    ts.tv_nsec -= 1000000000;
  }
  return ts;
}

void node_queue_init(struct node_queue *q, u32 cap) {
  memset(q, 0, sizeof *q);
  pthread_mutex_init(&q->lock, NULL);
  node_cond_init(&q->not_empty);
  node_cond_init(&q->not_full);
  q->item = mem_alloc(sizeof *q->item * cap);
  q->cap = cap;
}

void node_queue_fini(struct node_queue *q) {
  pthread_cond_destroy(&q->not_empty);
  pthread_cond_destroy(&q->not_full);
  pthread_mutex_destroy(&q->lock);
  mem_free(q->item);
}

bool node_queue_put(struct node_queue *q, void *item) {
  pthread_mutex_lock(&q->lock);
  while (q->cnt == q->cap && !q->closed) {
    pthread_cond_wait(&q->not_full, &q->lock);
  }
  bool taken = !q->closed;
  if (taken) {
    q->item[(q->head + q->cnt++) % q->cap] = item;
    pthread_cond_signal(&q->not_empty);
  }
  pthread_mutex_unlock(&q->lock);
  return taken;
}

void *node_queue_get(struct node_queue *q, i64 timeout_ms) {
  void *item = NULL;
  struct timespec until = node_deadline(timeout_ms < 0 ? 0 : timeout_ms);
  pthread_mutex_lock(&q->lock);
  while (q->cnt == 0 && !q->closed && !q->woken) {
    if (timeout_ms < 0) {
      pthread_cond_wait(&q->not_empty, &q->lock);
    } else if (pthread_cond_timedwait(&q->not_empty, &q->lock, &until) != 0) {
      break;
    }
  }
  q->woken = false;
  if (q->cnt > 0) {
    item = q->item[q->head];
    q->head = (q->head + 1) % q->cap;
    q->cnt--;
    pthread_cond_signal(&q->not_full);
  }
  pthread_mutex_unlock(&q->lock);
  return item;
}

void node_queue_wake(struct node_queue *q) {
  pthread_mutex_lock(&q->lock);
  q->woken = true;
  pthread_cond_signal(&q->not_empty);
  pthread_mutex_unlock(&q->lock);
}

void node_queue_close(struct node_queue *q) {
  pthread_mutex_lock(&q->lock);
  q->closed = true;
  pthread_cond_broadcast(&q->not_empty);
  pthread_cond_broadcast(&q->not_full);
  pthread_mutex_unlock(&q->lock);
}
