/* node_feed.c - what the pool took in, for those who watch pending
** transactions: a ring of the newest hashes, each with its running number.
**
** Readers keep the number they have read up to; who is more than
** NODE_FEED_CNT behind has lost the older ones.  Adding costs one short lock
** and never waits for readers.
*/
#include "node/node_int.h"

void node_feed_init(struct node *n) {
  pthread_mutex_init(&n->feed.lock, NULL);
}

void node_feed_fini(struct node *n) {
  pthread_mutex_destroy(&n->feed.lock);
}

void node_feed_add(void *ctx, const hash32 *hash) {
  struct node_feed *f = &((struct node *)ctx)->feed;
  pthread_mutex_lock(&f->lock);
  f->ring[f->seq % NODE_FEED_CNT] = *hash;
  __atomic_store_n(&f->seq, f->seq + 1, __ATOMIC_RELEASE);
  pthread_mutex_unlock(&f->lock);
}

u64 node_feed_seq(struct node *n) {
  return __atomic_load_n(&n->feed.seq, __ATOMIC_ACQUIRE);
}

u32 node_feed_read(struct node *n, u64 *seq, hash32 *out, u32 max) {
  struct node_feed *f = &n->feed;
  u32 cnt = 0;
  pthread_mutex_lock(&f->lock);
  if (f->seq - *seq > NODE_FEED_CNT) *seq = f->seq - NODE_FEED_CNT;
  while (cnt < max && *seq < f->seq) {
    out[cnt++] = f->ring[(*seq)++ % NODE_FEED_CNT];
  }
  pthread_mutex_unlock(&f->lock);
  return cnt;
}
