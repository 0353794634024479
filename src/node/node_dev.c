/* node_dev.c - what a development chain is told to do with blocks and time:
** blocks at once, automining off and on, a block every so many milliseconds,
** a clock that runs ahead, the time of the next block.
**
** The engine asks here; other chains never leave the defaults, under which
** nothing is different.
*/
#include "node/node_int.h"

#define NODE_DEV_MINE_MAX 10000u

void node_dev_init(struct node *n) {
  n->dev.automine = n->cfg.dev && n->cfg.dev_period_s == 0;
  n->dev.interval_ms = n->cfg.dev ? n->cfg.dev_period_s * 1000 : 0;
}

static void node_dev_wake(struct node *n) {
  pthread_cond_broadcast(&n->wake);
  pthread_cond_broadcast(&n->moved);
}

static void node_dev_nothing(struct node *n, void *arg) {
  (void)n;
  (void)arg;
}

err node_dev_mine(struct node *n, u64 cnt) {
  if (!n->cfg.dev) return ERR_UNSUPPORTED;
  if (cnt > NODE_DEV_MINE_MAX) return ERR_LIMIT;
  pthread_mutex_lock(&n->lock);
  n->dev.mine += cnt;
  u64 until = n->dev.made + n->dev.mine;
  node_dev_wake(n);
  /* Until they are durable; blocks of others in between do no harm. */
  while (n->dev.made < until && !n->closing && n->failure == ERR_OK) {
    pthread_cond_wait(&n->moved, &n->lock);
  }
  u64 height = n->dev.height;
  while (n->head < height && !n->closing && n->failure == ERR_OK) {
    pthread_cond_wait(&n->moved, &n->lock);
  }
  err e = n->closing || n->failure < 0 ? ERR_CLOSED : ERR_OK;
  pthread_mutex_unlock(&n->lock);
  /* Watchers run on the writer: who asks next sees the block everywhere. */
  if (!e && !node_thread_call(&n->writer, node_dev_nothing, NULL)) {
    e = ERR_CLOSED;
  }
  return e;
}

void node_dev_automine(struct node *n, bool on) {
  pthread_mutex_lock(&n->lock);
  n->dev.automine = on;
  node_dev_wake(n);
  pthread_mutex_unlock(&n->lock);
}

bool node_dev_is_automine(struct node *n) {
  pthread_mutex_lock(&n->lock);
  bool on = n->dev.automine;
  pthread_mutex_unlock(&n->lock);
  return on;
}

void node_dev_interval(struct node *n, u64 ms) {
  pthread_mutex_lock(&n->lock);
  n->dev.interval_ms = ms;
  node_dev_wake(n);
  pthread_mutex_unlock(&n->lock);
}

u64 node_dev_add_time(struct node *n, u64 ms) {
  pthread_mutex_lock(&n->lock);
  n->dev.offset_ms += ms;
  u64 all = n->dev.offset_ms;
  pthread_mutex_unlock(&n->lock);
  return all;
}

void node_dev_next_time(struct node *n, u64 time_ms) {
  pthread_mutex_lock(&n->lock);
  n->dev.next_ms = time_ms;
  pthread_mutex_unlock(&n->lock);
}

u64 node_dev_clock_ms(struct node *n) {
  pthread_mutex_lock(&n->lock);
  u64 offset = n->dev.offset_ms;
  pthread_mutex_unlock(&n->lock);
  return node_clock_ms() + offset;
}

u64 node_dev_take_time(struct node *n, u64 parent_ms) {
  pthread_mutex_lock(&n->lock);
  u64 at = n->dev.next_ms;
  n->dev.next_ms = 0;
  if (at > parent_ms) {
    /* The clock goes on from there. */
    u64 now = node_clock_ms();
    n->dev.offset_ms = at > now ? at - now : 0;
  }
  pthread_mutex_unlock(&n->lock);
  return at > parent_ms ? at : 0;
}

void node_dev_made(struct node *n, u64 height) {
  pthread_mutex_lock(&n->lock);
  n->dev.made++;
  n->dev.height = height;
  if (n->dev.mine) n->dev.mine--;
  pthread_cond_broadcast(&n->moved);
  pthread_mutex_unlock(&n->lock);
}

#undef NODE_DEV_MINE_MAX
