/* node_logs_kept.c - logs kept as they were last read.
**
** Who follows a contract asks for its logs again and again.  What a chunk of
** receipts tells of logs never changes (a block is final when it is there;
** node_rewind.c clears all), so it is kept decoded: LOGS_SETS sets of LOGS_WAYS
** chunks by sequence number, at most LIMIT_LOGS_KEPT bytes in all.  What was
** not used since a hand passed goes first.
**
** A chunk is shared: whoever took it gives it back, and the last frees it.
** Hashes of transactions come when first asked for, under the lock.
*/
#include "node/node_logs_kept.h"

#include <pthread.h>

#include "base/limits.h"

#define LOGS_SETS 4096u /* a power of two */
#define LOGS_WAYS 4u

struct nstate_kept {
  pthread_mutex_t lock; /* guards the following, and hashes */
  struct nstate_logs *way[LOGS_SETS][LOGS_WAYS];
  size_t bytes;
  u32 hand;
};

struct nstate_kept *nstate_kept_open(void) {
  struct nstate_kept *k = mem_alloc(sizeof *k);
  pthread_mutex_init(&k->lock, NULL);
  return k;
}

struct nstate_logs *nstate_logs_make(u32 cnt, size_t data_len) {
  size_t bytes = sizeof(struct nstate_logs) +
                 cnt * sizeof(struct nstate_log) + data_len;
  struct nstate_logs *c = mem_alloc(bytes);
  c->bytes = bytes;
  c->refs = 1;
  c->data = (u8 *)&c->entry[cnt];
  return c;
}

void nstate_logs_give(struct nstate_logs *c) {
  if (c && atomic_fetch_sub(&c->refs, 1) == 1) mem_free(c);
}

static struct nstate_logs **nstate_kept_set(struct nstate_kept *k, u64 seq) {
  u64 h = seq * 0x9e3779b97f4a7c15u;
  return k->way[h >> 40 & (LOGS_SETS - 1)];
}

static void nstate_kept_drop(struct nstate_kept *k, struct nstate_logs **way) {
  k->bytes -= (*way)->bytes;
  nstate_logs_give(*way);
  *way = NULL;
}

struct nstate_logs *nstate_kept_take(struct nstate_kept *k, u64 seq) {
  struct nstate_logs *found = NULL;
  pthread_mutex_lock(&k->lock);
  struct nstate_logs **way = nstate_kept_set(k, seq);
  for (u32 i = 0; i < LOGS_WAYS && !found; i++)
    if (way[i] && way[i]->seq == seq) found = way[i];
  if (found) {
    found->used = true;
    atomic_fetch_add(&found->refs, 1);
  }
  pthread_mutex_unlock(&k->lock);
  return found;
}

/* The way to take: of the chunk itself, an empty one, or the first that was
** not used; where all were, the first. */
static struct nstate_logs **nstate_kept_way(struct nstate_logs **way,
                                            u64 seq) {
  struct nstate_logs **to = NULL;
  for (u32 i = 0; i < LOGS_WAYS; i++)
    if (way[i] && way[i]->seq == seq) return &way[i];
  for (u32 i = 0; i < LOGS_WAYS; i++) {
    if (!way[i]) return &way[i];
    if (!to && !way[i]->used) to = &way[i];
    way[i]->used = false;
  }
  return to ? to : way;
}

void nstate_kept_put(struct nstate_kept *k, struct nstate_logs *c) {
  if (c->bytes > LIMIT_LOGS_KEPT / 16) return;
  pthread_mutex_lock(&k->lock);
  struct nstate_logs **to = nstate_kept_way(nstate_kept_set(k, c->seq), c->seq);
  if (*to) nstate_kept_drop(k, to);
  while (k->bytes + c->bytes > LIMIT_LOGS_KEPT) {
    u32 at = k->hand++ % (LOGS_SETS * LOGS_WAYS);
    struct nstate_logs **w = &k->way[at / LOGS_WAYS][at % LOGS_WAYS];
    if (!*w) continue;
    if ((*w)->used) (*w)->used = false;
    else nstate_kept_drop(k, w);
  }
  atomic_fetch_add(&c->refs, 1);
  *to = c;
  k->bytes += c->bytes;
  pthread_mutex_unlock(&k->lock);
}

void nstate_kept_hash(struct nstate_kept *k, struct nstate_logs *c,
                      u32 tx_idx, const hash32 *hash) {
  pthread_mutex_lock(&k->lock);
  for (u32 i = 0; i < c->cnt; i++) {
    struct nstate_log *e = &c->entry[i];
    if (e->tx_idx != tx_idx || atomic_load(&e->has_hash)) continue;
    e->tx_hash = *hash;
    atomic_store(&e->has_hash, true);
  }
  pthread_mutex_unlock(&k->lock);
}

void nstate_kept_clear(struct nstate_kept *k) {
  pthread_mutex_lock(&k->lock);
  for (u32 i = 0; i < LOGS_SETS * LOGS_WAYS; i++) {
    struct nstate_logs **w = &k->way[i / LOGS_WAYS][i % LOGS_WAYS];
    if (*w) nstate_kept_drop(k, w);
  }
  pthread_mutex_unlock(&k->lock);
}

void nstate_kept_close(struct nstate_kept *k) {
  if (!k) return;
  nstate_kept_clear(k);
  pthread_mutex_destroy(&k->lock);
  mem_free(k);
}

#undef LOGS_SETS
#undef LOGS_WAYS
