/* node_dev.c - what a development chain is told to do with blocks, time and
** state: blocks at once, automining off and on, a block every so many
** milliseconds, a clock that runs ahead, the time of the next block; edits of
** the state, snapshots and going back to them.
**
** What changes the chain is asked of the engine (struct node_dev_op), which
** does it between two blocks; so nothing else executes meanwhile.  The rest it
** looks up when it makes a block.  Other chains never leave the defaults,
** under which nothing is different.
**
** Going back: the state's tables are kept from passing the lowest snapshot
** (node_rewind.c).  Genesis counts as one while little has happened since, so
** that a chain can be reset.
*/
#include "base/log.h"
#include "node/node_int.h"
#include <stdlib.h>

#define NODE_DEV_LOOK_EVERY 64u
#define NODE_DEV_IMPERSONATE_MAX 10000u

struct node_dev_snap {
  u64 id, height;
  u64 taken_ms;         /* by our clock */
  i64 offset_ms;
  u64 next_ms, step_ms;
  bool has_coinbase, has_randao;
  addr20 coinbase;
  hash32 randao;
  struct arena mem;
  slice *tx;            /* what waited */
  u32 tx_cnt;
};

void node_dev_init(struct node *n) {
  n->dev.automine = n->cfg.dev && n->cfg.dev_period_s == 0;
  n->dev.interval_ms = n->cfg.dev ? n->cfg.dev_period_s * 1000 : 0;
}

static void dev_snap_drop(struct node *n, u32 from, u32 cnt) {
  if (cnt == 0) return;
  for (u32 i = from; i < from + cnt; i++) arena_fini(&n->dev.snap[i].mem);
  memmove(n->dev.snap + from, n->dev.snap + from + cnt,
          sizeof *n->dev.snap * (n->dev.snap_cnt - from - cnt));
  n->dev.snap_cnt -= cnt;
}

void node_dev_fini(struct node *n) {
  dev_snap_drop(n, 0, n->dev.snap_cnt);
  mem_free(n->dev.snap);
  mem_free(n->dev.impersonated);
}

static void dev_keep(struct node *n) {
  i64 height = n->dev.keep_first ? 0
               : n->dev.snap_cnt ? (i64)n->dev.snap[0].height
                                 : INT64_MAX;
  node_state_keep(n->state, height);
}

void node_dev_open(struct node *n) {
  struct node_state_stat st;
  if (!n->cfg.dev) return;
  node_state_stat(n->state, &st);
  n->dev.keep_first = st.flushed == 0;
  dev_keep(n);
}

static void dev_wake(struct node *n) {
  pthread_cond_broadcast(&n->wake);
  pthread_cond_broadcast(&n->moved);
}

static void dev_nothing(struct node *n, void *arg) {
  (void)n;
  (void)arg;
}

/* Under the lock: until the block is durable. */
static err dev_wait_head(struct node *n, u64 height) {
  while (n->head < height && !n->closing && n->failure == ERR_OK) {
    pthread_cond_wait(&n->moved, &n->lock);
  }
  return n->closing || n->failure < 0 ? ERR_CLOSED : ERR_OK;
}

/* Watchers run on the writer: who asks next sees the block everywhere. */
static err dev_wait_watchers(struct node *n) {
  return node_thread_call(&n->writer, dev_nothing, NULL) ? ERR_OK : ERR_CLOSED;
}

/*------------------------------------------------------------------ blocks */

err node_dev_mine(struct node *n, u64 cnt, u64 gap_ms) {
  if (!n->cfg.dev) return ERR_UNSUPPORTED;
  if (cnt > NODE_DEV_MINE_MAX) return ERR_LIMIT;
  pthread_mutex_lock(&n->lock);
  n->dev.mine += cnt;
  n->dev.gap_ms = gap_ms;
  n->dev.first = n->dev.made;
  u64 until = n->dev.made + n->dev.mine;
  dev_wake(n);
  /* Until they are durable; blocks of others in between do no harm. */
  while (n->dev.made < until && !n->closing && n->failure == ERR_OK) {
    pthread_cond_wait(&n->moved, &n->lock);
  }
  err e = dev_wait_head(n, n->dev.height);
  pthread_mutex_unlock(&n->lock);
  return e < 0 ? e : dev_wait_watchers(n);
}

void node_dev_automine(struct node *n, bool on) {
  pthread_mutex_lock(&n->lock);
  n->dev.automine = on;
  dev_wake(n);
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
  dev_wake(n);
  pthread_mutex_unlock(&n->lock);
}

u64 node_dev_interval_ms(struct node *n) {
  pthread_mutex_lock(&n->lock);
  u64 ms = n->dev.interval_ms;
  pthread_mutex_unlock(&n->lock);
  return ms;
}

void node_dev_set_coinbase(struct node *n, const addr20 *addr) {
  pthread_mutex_lock(&n->lock);
  n->dev.has_coinbase = true;
  n->dev.coinbase = *addr;
  pthread_mutex_unlock(&n->lock);
}

void node_dev_set_randao(struct node *n, const hash32 *randao) {
  pthread_mutex_lock(&n->lock);
  n->dev.has_randao = true;
  n->dev.randao = *randao;
  pthread_mutex_unlock(&n->lock);
}

bool node_dev_beacon(struct node *n, u8 out[CHAIN_BEACON_DEV],
                     const hash32 *parent_mix, slice beacon) {
  pthread_mutex_lock(&n->lock);
  bool told = n->dev.has_coinbase || n->dev.has_randao;
  hash32 mix = n->dev.randao;
  if (!n->dev.has_randao) chain_mix_hash(&mix, parent_mix, beacon);
  n->dev.has_randao = false;
  memcpy(out, mix.b, 32);
  memcpy(out + 32, n->dev.has_coinbase ? n->dev.coinbase.b
                                       : n->info.operator_addr.b, 20);
  pthread_mutex_unlock(&n->lock);
  return told;
}

/*-------------------------------------------------------------------- time */

i64 node_dev_add_time(struct node *n, u64 ms) {
  pthread_mutex_lock(&n->lock);
  n->dev.offset_ms += (i64)ms;
  i64 all = n->dev.offset_ms;
  pthread_mutex_unlock(&n->lock);
  return all;
}

i64 node_dev_set_time(struct node *n, u64 time_ms) {
  pthread_mutex_lock(&n->lock);
  n->dev.offset_ms = (i64)(time_ms - node_clock_ms());
  n->dev.next_ms = 0;
  i64 all = n->dev.offset_ms;
  pthread_mutex_unlock(&n->lock);
  return all;
}

void node_dev_next_time(struct node *n, u64 time_ms) {
  pthread_mutex_lock(&n->lock);
  n->dev.next_ms = time_ms;
  pthread_mutex_unlock(&n->lock);
}

bool node_dev_step(struct node *n, u64 ms) {
  pthread_mutex_lock(&n->lock);
  bool was = n->dev.step_ms != ms;
  n->dev.step_ms = ms;
  pthread_mutex_unlock(&n->lock);
  return was;
}

u64 node_dev_clock_ms(struct node *n) {
  pthread_mutex_lock(&n->lock);
  i64 offset = n->dev.offset_ms;
  pthread_mutex_unlock(&n->lock);
  return node_clock_ms() + (u64)offset;
}

u64 node_dev_block_ms(struct node *n, u64 parent_ms) {
  pthread_mutex_lock(&n->lock);
  struct node_dev *d = &n->dev;
  u64 ours = node_clock_ms(), now = ours + (u64)d->offset_ms;
  u64 set = d->next_ms > parent_ms ? d->next_ms : 0;
  if (!set && d->mine > 0 && d->gap_ms && d->made > d->first)
    set = parent_ms + d->gap_ms;
  if (!set && d->step_ms) set = parent_ms + d->step_ms;
  if (!set && d->interval_ms == 0 && now / 1000 <= parent_ms / 1000)
    set = (parent_ms / 1000 + 1) * 1000;
  if (set) {
    now = set;
    d->offset_ms = (i64)(set - ours); /* the clock goes on from there */
  }
  d->next_ms = 0;
  pthread_mutex_unlock(&n->lock);
  return now > parent_ms ? now : parent_ms + 1;
}

/*----------------------------------------------------------- impersonation */

static u32 dev_impersonated_at(const struct node *n, const addr20 *addr) {
  u32 i = 0;
  while (i < n->dev.impersonated_cnt &&
         !addr20_eq(&n->dev.impersonated[i], addr))
    i++;
  return i;
}

err node_dev_impersonate(struct node *n, const addr20 *addr) {
  struct node_dev *d = &n->dev;
  if (!n->genesis.dev_edits) return ERR_UNSUPPORTED;
  pthread_mutex_lock(&n->lock);
  bool is_new = dev_impersonated_at(n, addr) == d->impersonated_cnt;
  bool room = d->impersonated_cnt < NODE_DEV_IMPERSONATE_MAX;
  if (is_new && room) {
    d->impersonated = mem_realloc(
        d->impersonated, sizeof *addr * (d->impersonated_cnt + 1));
    d->impersonated[d->impersonated_cnt++] = *addr;
  }
  pthread_mutex_unlock(&n->lock);
  return is_new && !room ? ERR_LIMIT : ERR_OK;
}

bool node_dev_stop_impersonating(struct node *n, const addr20 *addr) {
  struct node_dev *d = &n->dev;
  pthread_mutex_lock(&n->lock);
  u32 at = dev_impersonated_at(n, addr);
  bool found = at < d->impersonated_cnt;
  if (found) d->impersonated[at] = d->impersonated[--d->impersonated_cnt];
  pthread_mutex_unlock(&n->lock);
  return found;
}

void node_dev_impersonate_all(struct node *n, bool on) {
  pthread_mutex_lock(&n->lock);
  n->dev.impersonate_all = on;
  pthread_mutex_unlock(&n->lock);
}

bool node_dev_is_impersonated(struct node *n, const addr20 *addr) {
  if (!n->genesis.dev_edits) return false;
  pthread_mutex_lock(&n->lock);
  bool is = n->dev.impersonate_all ||
            dev_impersonated_at(n, addr) < n->dev.impersonated_cnt;
  pthread_mutex_unlock(&n->lock);
  return is;
}

bool node_dev_drop(struct node *n, const hash32 *hash) {
  return n->cfg.dev && node_pool_drop(n->pool, hash);
}

u32 node_dev_drop_all(struct node *n, const addr20 *from) {
  struct node_pool_item *item;
  struct arena a;
  u32 gone = 0;
  arena_init(&a, 1 << 16, 0);
  u32 cnt = node_pool_items(n->pool, &item, from, &a);
  for (u32 i = cnt; i-- > 0;) gone += node_dev_drop(n, &item[i].tx.hash);
  arena_fini(&a);
  return gone;
}

/*-------------------------------------------------- asked of the engine */

static err dev_ask(struct node *n, struct node_dev_op *op) {
  if (!n->cfg.dev || !n->core_started) return ERR_UNSUPPORTED;
  pthread_mutex_lock(&n->lock);
  while (n->dev.op && !n->dev.ended) pthread_cond_wait(&n->moved, &n->lock);
  if (n->dev.ended) {
    pthread_mutex_unlock(&n->lock);
    return ERR_CLOSED;
  }
  n->dev.op = op;
  dev_wake(n);
  while (!op->done) pthread_cond_wait(&n->moved, &n->lock);
  pthread_mutex_unlock(&n->lock);
  return op->result;
}

static err dev_ask_said(struct node *n, struct node_dev_op *op,
                        struct errmsg *msg) {
  err e = dev_ask(n, op);
  if (e < 0) *msg = op->msg;
  return e;
}

struct node_dev_op *node_dev_next(struct node *n) {
  pthread_mutex_lock(&n->lock);
  struct node_dev_op *op = n->dev.op;
  pthread_mutex_unlock(&n->lock);
  return op;
}

void node_dev_done(struct node *n, struct node_dev_op *op) {
  pthread_mutex_lock(&n->lock);
  op->done = true;
  n->dev.op = NULL;
  pthread_cond_broadcast(&n->moved);
  pthread_mutex_unlock(&n->lock);
}

void node_dev_end(struct node *n) {
  pthread_mutex_lock(&n->lock);
  n->dev.ended = true;
  if (n->dev.op) {
    n->dev.op->result = ERR_CLOSED;
    n->dev.op->done = true;
    n->dev.op = NULL;
  }
  pthread_cond_broadcast(&n->moved);
  pthread_mutex_unlock(&n->lock);
}

err node_dev_edit(struct node *n, slice data) {
  struct node_dev_op op = {.what = NODE_DEV_EDIT, .edit = data};
  if (!n->genesis.dev_edits) return ERR_UNSUPPORTED;
  if (data.len > NODE_DEV_EDIT_MAX) return ERR_LIMIT;
  TRY(dev_ask(n, &op));
  pthread_mutex_lock(&n->lock);
  err e = dev_wait_head(n, op.height);
  pthread_mutex_unlock(&n->lock);
  return e < 0 ? e : dev_wait_watchers(n);
}

err node_dev_snapshot(struct node *n, u64 *id, struct errmsg *msg) {
  struct node_dev_op op = {.what = NODE_DEV_SNAPSHOT};
  TRY(dev_ask_said(n, &op, msg));
  *id = op.id;
  return ERR_OK;
}

err node_dev_revert(struct node *n, u64 id, bool *found, struct errmsg *msg) {
  struct node_dev_op op = {.what = NODE_DEV_REVERT, .id = id};
  TRY(dev_ask_said(n, &op, msg));
  *found = op.found;
  return ERR_OK;
}

err node_dev_rollback(struct node *n, u64 height, struct errmsg *msg) {
  struct node_dev_op op = {.what = NODE_DEV_ROLLBACK, .height = height};
  return dev_ask_said(n, &op, msg);
}

/*------------------------------------------------------ the engine's side */

/* Memory above the tables grows while somebody may want to go back. */
static void dev_bound(struct node *n) {
  struct node_state_stat st;
  node_state_stat(n->state, &st);
  if (n->dev.keep_first && st.overlay_bytes > NODE_DEV_KEEP_FIRST) {
    n->dev.keep_first = false;
  } else if (n->dev.snap_cnt && st.overlay_bytes > NODE_DEV_KEEP_MAX) {
    log_event(LOG_WARN, "dev", "snapshot.forgotten", "id=%llu height=%llu",
              (unsigned long long)n->dev.snap[0].id,
              (unsigned long long)n->dev.snap[0].height);
    dev_snap_drop(n, 0, 1);
  } else {
    return;
  }
  dev_keep(n);
}

void node_dev_made(struct node *n, u64 height) {
  pthread_mutex_lock(&n->lock);
  n->dev.made++;
  n->dev.height = height;
  if (n->dev.mine) n->dev.mine--;
  pthread_cond_broadcast(&n->moved);
  pthread_mutex_unlock(&n->lock);
  if (height % NODE_DEV_LOOK_EVERY == 0) dev_bound(n);
}

static err dev_snapshot(struct node *n, struct node_dev_op *op) {
  struct node_dev *d = &n->dev;
  struct node_pool_item *item;
  if (d->snap_cnt == NODE_DEV_SNAP_MAX)
    return err_say(&op->msg, ERR_LIMIT, "too many snapshots (max %u)",
                   NODE_DEV_SNAP_MAX);
  d->snap = mem_realloc(d->snap, sizeof *d->snap * (d->snap_cnt + 1));
  struct node_dev_snap *s = &d->snap[d->snap_cnt++];
  pthread_mutex_lock(&n->lock);
  *s = (struct node_dev_snap){
    .id = ++d->snap_id, .height = app_info(n->app)->header.number,
    .taken_ms = node_clock_ms(), .offset_ms = d->offset_ms,
    .next_ms = d->next_ms, .step_ms = d->step_ms,
    .has_coinbase = d->has_coinbase, .has_randao = d->has_randao,
    .coinbase = d->coinbase, .randao = d->randao};
  pthread_mutex_unlock(&n->lock);
  arena_init(&s->mem, 1 << 12, 0);
  s->tx_cnt = node_pool_items(n->pool, &item, NULL, &s->mem);
  s->tx = arena_array(&s->mem, slice, s->tx_cnt + 1);
  for (u32 i = 0; i < s->tx_cnt; i++) s->tx[i] = item[i].tx.raw;
  op->id = s->id;
  dev_keep(n);
  return ERR_OK;
}

/* On the writer's thread. */
static void dev_rewind(struct node *n, void *arg) {
  struct node_dev_op *op = arg;
  op->result = node_state_rewind(n->state, op->height, &op->msg);
  if (op->result == ERR_OK) op->result = node_load_head(n, &op->msg);
  else if (op->result == ERR_UNSUPPORTED || op->result == ERR_BUSY) return;
  if (op->result < 0) {
    node_fail(n, op->result, "cannot take blocks back: %s", op->msg.text);
    return;
  }
  node_tell_watchers(n, op->height);
}

static err dev_rollback(struct node *n, struct node_dev_op *op) {
  u64 head = app_info(n->app)->header.number;
  if (op->height > head)
    return err_say(&op->msg, ERR_RANGE, "there is no block %llu yet",
                   (unsigned long long)op->height);
  op->result = ERR_CLOSED;
  node_thread_call(&n->writer, dev_rewind, op);
  TRY(op->result);
  pthread_mutex_lock(&n->lock);
  n->dev.mine = 0;
  n->dev.height = op->height;
  n->dev.next_ms = 0;
  n->dev.has_randao = false;
  if (op->height == 0) n->dev.has_coinbase = false;
  pthread_mutex_unlock(&n->lock);
  u32 kept = 0;
  while (kept < n->dev.snap_cnt && n->dev.snap[kept].height <= op->height)
    kept++;
  dev_snap_drop(n, kept, n->dev.snap_cnt - kept);
  dev_keep(n);
  return node_pool_restart(n->pool, op->height);
}

/* Time goes on from when the snapshot was taken. */
static void dev_revert_told(struct node *n, const struct node_dev_snap *s) {
  struct node_dev *d = &n->dev;
  pthread_mutex_lock(&n->lock);
  d->offset_ms = s->offset_ms - (i64)(node_clock_ms() - s->taken_ms);
  d->next_ms = s->next_ms;
  d->step_ms = s->step_ms;
  d->has_coinbase = s->has_coinbase;
  d->has_randao = s->has_randao;
  d->coinbase = s->coinbase;
  d->randao = s->randao;
  pthread_mutex_unlock(&n->lock);
}

static err dev_revert(struct node *n, struct node_dev_op *op) {
  struct node_dev *d = &n->dev;
  struct node_submit_result got;
  u32 at = 0;
  while (at < d->snap_cnt && d->snap[at].id != op->id) at++;
  op->found = at < d->snap_cnt;
  if (!op->found) return ERR_OK;
  op->height = d->snap[at].height;
  TRY(dev_rollback(n, op));
  dev_revert_told(n, &d->snap[at]);
  for (u32 i = 0; i < d->snap[at].tx_cnt; i++) {
    /* What the pool took then it takes again; credits may have moved. */
    err e = node_submit_pool(n, &got, d->snap[at].tx[i]);
    if (e < 0) log_event(LOG_DEBUG, "dev", "revert.tx", "error=\"%s\"",
                         got.msg.text);
  }
  dev_snap_drop(n, at, d->snap_cnt - at);
  dev_keep(n);
  return ERR_OK;
}

void node_dev_run(struct node *n, struct node_dev_op *op) {
  pthread_mutex_lock(&n->lock);
  err e = dev_wait_head(n, app_info(n->app)->header.number);
  pthread_mutex_unlock(&n->lock);
  if (e < 0) {
    op->result = e;
    return;
  }
  switch (op->what) {
    case NODE_DEV_SNAPSHOT: op->result = dev_snapshot(n, op); break;
    case NODE_DEV_REVERT: op->result = dev_revert(n, op); break;
    default: op->result = dev_rollback(n, op); break;
  }
}

#undef NODE_DEV_LOOK_EVERY
#undef NODE_DEV_IMPERSONATE_MAX
