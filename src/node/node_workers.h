/* node_workers.h - a fixed pool of threads behind struct par, and the bounded
** queue that joins the node's threads.
**
** node_workers_par gives the par that pure code takes: run() cuts a job into
** cnt pieces, the calling thread works too, and returns when all are done.
** Several threads may run jobs at once; workers take the oldest first.
*/
#ifndef NODE_WORKERS_H
#define NODE_WORKERS_H
#include "base/base.h"
#include <pthread.h>

struct node_workers;
struct node_workers *node_workers_open(u32 cnt);
void node_workers_close(struct node_workers *w);
const struct par *node_workers_par(struct node_workers *w);

/* Bounded queue of pointers, many producers, many consumers. */
struct node_queue {
  pthread_mutex_t lock;
  pthread_cond_t not_empty, not_full;
  void **item;
  u32 cap, head, cnt;
  bool closed, woken;
};
void node_queue_init(struct node_queue *q, u32 cap);
void node_queue_fini(struct node_queue *q);
/* Waits for room; false when the queue is closed (item not taken). */
bool node_queue_put(struct node_queue *q, void *item);
/* Waits up to timeout_ms (-1: for ever); NULL on timeout, or when closed and
** empty. */
void *node_queue_get(struct node_queue *q, i64 timeout_ms);
void node_queue_close(struct node_queue *q);
/* Makes one waiting node_queue_get return NULL at once. */
void node_queue_wake(struct node_queue *q);

/* Absolute CLOCK_MONOTONIC deadline for condition variables made by
** node_cond_init. */
void node_cond_init(pthread_cond_t *c);
struct timespec node_deadline(i64 timeout_ms);
#endif
