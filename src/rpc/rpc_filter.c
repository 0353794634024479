/* rpc_filter.c - filters that are polled: eth_newFilter and its kin.
**
** A filter is a place to go on from: the next height, or the next number of
** the node's feed of pending transactions.  Nothing is queued for it; a poll
** reads what came since.  Blocks are final, so nothing is ever taken back.
** What one poll does not tell (more than the limits of eth_getLogs allow) the
** next one does.
**
** Limits: FILTER_MAX filters; one not polled for FILTER_IDLE_MS is forgotten.
** Ids are 128 random bits: who does not know one cannot read it.
*/
#include <pthread.h>

#include "codec/hex.h"
#include "rpc/rpc_call.h"

#define FILTER_MAX 4096u
#define FILTER_IDLE_MS 300000u
#define FILTER_POLL_MAX 10000u /* hashes of one answer */

enum filter_kind { FILTER_LOGS, FILTER_BLOCKS, FILTER_PENDING };
struct rpc_polled {
  struct rpc_polled *next;
  u8 id[16];
  enum filter_kind kind;
  bool full;              /* FILTER_PENDING: whole transactions */
  u64 at;                 /* height or number to go on from */
  u64 used_ms;
  struct rpc_filter what; /* FILTER_LOGS; its lists live in mem */
  struct arena mem;
};
struct rpc_filters {
  pthread_mutex_t lock;
  struct rpc_polled *first; /* newest first */
  u32 cnt;
};

struct rpc_filters *rpc_filters_open(void) {
  struct rpc_filters *fs = mem_alloc(sizeof *fs);
  pthread_mutex_init(&fs->lock, NULL);
  return fs;
}

static void filter_free(struct rpc_polled *p) {
  arena_fini(&p->mem);
  mem_free(p);
}

void rpc_filters_close(struct rpc_filters *fs) {
  for (struct rpc_polled *p = fs->first, *next; p; p = next) {
    next = p->next;
    filter_free(p);
  }
  pthread_mutex_destroy(&fs->lock);
  mem_free(fs);
}

void rpc_filter_copy(struct rpc_filter *out, const struct rpc_filter *f,
                     struct arena *a) {
  *out = *f;
  out->addr = arena_copy(a, f->addr, f->addr_cnt * sizeof *f->addr);
  for (u32 i = 0; i < ARRAY_LEN(f->topic); i++) {
    out->topic[i] =
        arena_copy(a, f->topic[i], f->topic_cnt[i] * sizeof *f->topic[i]);
  }
}

void rpc_filters_back(struct rpc_filters *fs, u64 head) {
  pthread_mutex_lock(&fs->lock);
  for (struct rpc_polled *p = fs->first; p; p = p->next)
    if (p->kind != FILTER_PENDING && p->at > head + 1) p->at = head + 1;
  pthread_mutex_unlock(&fs->lock);
}

/* Forgets idle ones.  Under the lock. */
static void filter_sweep(struct rpc_filters *fs, u64 now) {
  for (struct rpc_polled **at = &fs->first, *p; (p = *at);) {
    if (now < p->used_ms || now - p->used_ms <= FILTER_IDLE_MS) {
      at = &p->next;
      continue;
    }
    *at = p->next;
    fs->cnt--;
    filter_free(p);
  }
}

static struct rpc_polled **filter_find(struct rpc_filters *fs,
                                       const u8 id[16]) {
  struct rpc_polled **at = &fs->first;
  while (*at && memcmp((*at)->id, id, 16) != 0) at = &(*at)->next;
  return at;
}

/* Takes p in and answers its id. */
static err filter_add(struct rpc_call *c, struct rpc_polled *p) {
  struct rpc_filters *fs = rpc_filters_of(c->batch->server);
  u64 now = node_clock_ms();
  u8 id[16];
  p->used_ms = now;
  node_random(p->id, sizeof p->id);
  memcpy(id, p->id, sizeof id);
  pthread_mutex_lock(&fs->lock);
  filter_sweep(fs, now);
  bool ok = fs->cnt < FILTER_MAX;
  if (ok) {
    p->next = fs->first;
    fs->first = p;
    fs->cnt++;
  }
  pthread_mutex_unlock(&fs->lock);
  if (ok) {
    jsonw_hex(&c->w, slice_of(id, sizeof id));
    return ERR_OK;
  }
  filter_free(p);
  return rpc_fail(c, RPC_ERR_LIMIT, "too many filters (max %u)", FILTER_MAX);
}

static struct rpc_polled *filter_make(enum filter_kind kind, u64 at) {
  struct rpc_polled *p = mem_alloc(sizeof *p);
  arena_init(&p->mem, 256, 0);
  p->kind = kind;
  p->at = at;
  return p;
}

err rpc_do_eth_newFilter(struct rpc_call *c) {
  struct rpc_polled *p =
      filter_make(FILTER_LOGS, rpc_height(c->batch->server) + 1);
  rpc_filter_copy(&p->what, c->arg[0].filter, &p->mem);
  return filter_add(c, p);
}

err rpc_do_eth_newBlockFilter(struct rpc_call *c) {
  return filter_add(
      c, filter_make(FILTER_BLOCKS, rpc_height(c->batch->server) + 1));
}

err rpc_do_eth_newPendingTransactionFilter(struct rpc_call *c) {
  struct rpc_polled *p = filter_make(FILTER_PENDING, node_feed_seq(c->node));
  p->full = c->arg[0].given && c->arg[0].flag;
  return filter_add(c, p);
}

static bool filter_id(u8 id[16], slice text) {
  return text.len == 34 && text.ptr[0] == '0' && text.ptr[1] == 'x' &&
         hex_decode(id, (const char *)text.ptr + 2, 32) >= 0;
}

err rpc_do_eth_uninstallFilter(struct rpc_call *c) {
  struct rpc_filters *fs = rpc_filters_of(c->batch->server);
  struct rpc_polled *p = NULL;
  u8 id[16];
  if (filter_id(id, c->arg[0].text)) {
    pthread_mutex_lock(&fs->lock);
    struct rpc_polled **at = filter_find(fs, id);
    if ((p = *at)) {
      *at = p->next;
      fs->cnt--;
    }
    pthread_mutex_unlock(&fs->lock);
  }
  jsonw_bool(&c->w, p != NULL);
  if (p) filter_free(p);
  return ERR_OK;
}

/*---------------------------------------------------------------- polling */

/* A copy of the filter of the first argument, in c's arena. */
static err filter_get(struct rpc_call *c, struct rpc_polled *out) {
  struct rpc_filters *fs = rpc_filters_of(c->batch->server);
  struct rpc_polled *p = NULL;
  u64 now = node_clock_ms();
  if (filter_id(out->id, c->arg[0].text)) {
    pthread_mutex_lock(&fs->lock);
    filter_sweep(fs, now);
    if ((p = *filter_find(fs, out->id))) {
      p->used_ms = now;
      *out = *p;
      rpc_filter_copy(&out->what, &p->what, c->a);
    }
    pthread_mutex_unlock(&fs->lock);
  }
  return p ? ERR_OK : rpc_fail(c, RPC_ERR_SERVER, "filter not found");
}

/* What was told: the next poll goes on from at. */
static void filter_told(struct rpc_call *c, const struct rpc_polled *was,
                        u64 at) {
  struct rpc_filters *fs = rpc_filters_of(c->batch->server);
  pthread_mutex_lock(&fs->lock);
  struct rpc_polled *p = *filter_find(fs, was->id);
  if (p && at > p->at) p->at = at;
  pthread_mutex_unlock(&fs->lock);
}

static err filter_put_blocks(struct rpc_call *c, struct node_read *r,
                             u64 *at) {
  u64 head = node_read_head(r);
  jsonw_arr(&c->w);
  for (u32 i = 0; *at <= head && i < FILTER_POLL_MAX; i++, ++*at) {
    struct chain_header h;
    hash32 hash;
    err e = node_read_header(r, &h, &hash, *at);
    if (e < 0) return rpc_fail_err(c, e);
    jsonw_hex(&c->w, hash32_slice(&hash));
  }
  jsonw_arr_end(&c->w);
  return ERR_OK;
}

static err filter_put_pending(struct rpc_call *c, bool full, u64 *at) {
  hash32 *hash = arena_array(c->a, hash32, FILTER_POLL_MAX);
  u32 cnt = node_feed_read(c->node, at, hash, FILTER_POLL_MAX);
  jsonw_arr(&c->w);
  for (u32 i = 0; i < cnt; i++) {
    struct chain_tx tx;
    if (!full) {
      jsonw_hex(&c->w, hash32_slice(&hash[i]));
    } else if (node_pool_tx(c->node, &tx, &hash[i], c->a) >= 0) {
      rpc_put_tx(&c->w, &tx, NULL, node_rules(c->node));
    }
  }
  jsonw_arr_end(&c->w);
  return ERR_OK;
}

/* New logs, within the heights that the filter names. */
static err filter_put_logs(struct rpc_call *c, struct node_read *r,
                           const struct rpc_filter *f, u64 *at) {
  u64 to = node_read_head(r);
  u64 max = rpc_limits(c->batch->server)->log_range_max;
  bool from_named = !f->by_hash && f->from.tag == RPC_AT_NUMBER;
  bool to_named = !f->by_hash && f->to.tag == RPC_AT_NUMBER;
  if (from_named && *at < f->from.number) *at = f->from.number;
  if (to_named && f->to.number < to) to = f->to.number;
  if (f->by_hash || *at > to) {
    jsonw_arr(&c->w);
    jsonw_arr_end(&c->w);
    return ERR_OK;
  }
  if (to - *at >= max) to = *at + max - 1;
  return rpc_put_logs(c, r, f, *at, to, at);
}

err rpc_do_eth_getFilterChanges(struct rpc_call *c) {
  struct rpc_polled p;
  struct node_read *r;
  err e;
  TRY(filter_get(c, &p));
  TRY(rpc_read(c, &r));
  switch (p.kind) {
    case FILTER_BLOCKS: e = filter_put_blocks(c, r, &p.at); break;
    case FILTER_PENDING: e = filter_put_pending(c, p.full, &p.at); break;
    default: e = filter_put_logs(c, r, &p.what, &p.at); break;
  }
  if (e >= 0 && !c->w.out->over) filter_told(c, &p, p.at);
  return e;
}

err rpc_do_eth_getFilterLogs(struct rpc_call *c) {
  struct rpc_polled p;
  TRY(filter_get(c, &p));
  if (p.kind != FILTER_LOGS) {
    return rpc_fail(c, RPC_ERR_SERVER, "filter not found");
  }
  return rpc_put_logs_of(c, &p.what);
}

#undef FILTER_MAX
#undef FILTER_IDLE_MS
#undef FILTER_POLL_MAX
