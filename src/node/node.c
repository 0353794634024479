/* node.c - opening, closing, the threads and the small calls of node.h; the
** reading half is node_query.c, the engine node_engine.c.
*/
#include "node/node.h"
#include "base/log.h"
#include "crypto/secp256k1.h"
#include "node/node_int.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NODE_GROUP_MAX 8   /* blocks in one SQLite transaction */
#define NODE_IDLE_MS 1000
#define NODE_THREAD_STACK (4u << 20)

u64 node_clock_ms(void) {
  struct timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

static u64 node_clock_us(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (u64)ts.tv_sec * 1000000 + (u64)ts.tv_nsec / 1000;
}

/*--------------------------------------------------------------- threads */

static void *node_thread_main(void *arg) {
  struct node_thread *t = arg;
  i64 wait_ms = 0;
  for (;;) {
    struct node_job *job = node_queue_get(&t->queue, wait_ms);
    if (job) {
      job->fn(t->node, job->arg);
      pthread_mutex_lock(&job->lock);
      job->done = true;
      pthread_cond_signal(&job->cond);
      pthread_mutex_unlock(&job->lock);
      wait_ms = 0;
      continue;
    }
    pthread_mutex_lock(&t->queue.lock);
    bool end = t->queue.closed && t->queue.cnt == 0;
    pthread_mutex_unlock(&t->queue.lock);
    if (end) return NULL;
    wait_ms = t->idle ? t->idle(t->node) : -1;
  }
}

static err node_thread_start(struct node_thread *t, struct node *n,
                             const char *name, u32 cap,
                             i64 (*idle)(struct node *n)) {
  pthread_attr_t attr;
  t->node = n;
  t->name = name;
  t->idle = idle;
  node_queue_init(&t->queue, cap);
  pthread_attr_init(&attr);
  pthread_attr_setstacksize(&attr, NODE_THREAD_STACK);
  t->started = pthread_create(&t->id, &attr, node_thread_main, t) == 0;
  pthread_attr_destroy(&attr);
  return t->started ? ERR_OK : ERR_LIMIT;
}

/* Runs what is queued, then ends. */
static void node_thread_stop(struct node_thread *t) {
  if (!t->started) return;
  node_queue_close(&t->queue);
  pthread_join(t->id, NULL);
  node_queue_fini(&t->queue);
  t->started = false;
}

bool node_thread_call(struct node_thread *t,
                      void (*fn)(struct node *n, void *arg), void *arg) {
  struct node_job job = {.fn = fn, .arg = arg};
  pthread_mutex_init(&job.lock, NULL);
  pthread_cond_init(&job.cond, NULL);
  bool taken = node_queue_put(&t->queue, &job);
  if (taken) {
    pthread_mutex_lock(&job.lock);
    while (!job.done) pthread_cond_wait(&job.cond, &job.lock);
    pthread_mutex_unlock(&job.lock);
  }
  pthread_cond_destroy(&job.cond);
  pthread_mutex_destroy(&job.lock);
  return taken;
}

void node_fail(struct node *n, err e, const char *fmt, ...) {
  va_list ap;
  pthread_mutex_lock(&n->lock);
  if (n->failure == ERR_OK) {
    n->failure = e;
    va_start(ap, fmt);
    vsnprintf(n->failure_msg.text, sizeof n->failure_msg.text, fmt, ap);
    va_end(ap);
    log_event(LOG_ERROR, "node", "failed", "error=\"%s\"",
              n->failure_msg.text);
  }
  pthread_cond_broadcast(&n->wake);
  pthread_cond_broadcast(&n->moved);
  pthread_mutex_unlock(&n->lock);
}

err node_failed(struct node *n, struct errmsg *msg) {
  pthread_mutex_lock(&n->lock);
  err e = n->failure;
  if (e < 0 && msg) *msg = n->failure_msg;
  pthread_mutex_unlock(&n->lock);
  return e;
}

/*---------------------------------------------------------------- writer */

void node_tell_watchers(struct node *n, u64 head) {
  struct node_watcher copy[LIMIT_WATCHERS];
  pthread_mutex_lock(&n->lock);
  u32 cnt = n->watcher_cnt;
  memcpy(copy, n->watcher, sizeof *copy * cnt);
  n->head = head;
  pthread_cond_broadcast(&n->moved);
  pthread_mutex_unlock(&n->lock);
  for (u32 i = 0; i < cnt; i++) copy[i].cb(copy[i].ctx, head);
}

/* Blocks that wait are written together: one transaction, one sync. */
static void node_write_group(struct node *n) {
  struct store_block *group[NODE_GROUP_MAX];
  u32 cnt = 0;
  pthread_mutex_lock(&n->pending.lock);
  while (cnt < NODE_GROUP_MAX && n->pending.cnt > 0) {
    group[cnt++] = n->pending.block[n->pending.first];
    n->pending.first = (n->pending.first + 1) % LIMIT_WRITER_QUEUE;
    n->pending.cnt--;
  }
  pthread_cond_broadcast(&n->pending.room);
  pthread_mutex_unlock(&n->pending.lock);
  if (cnt == 0) return;
  u64 head = group[cnt - 1]->height;
  if (node_failed(n, NULL) == ERR_OK) {
    u64 start_us = node_clock_us();
    err e = store_append(n->store, group, cnt);
    u64 end_us = node_clock_us();
    __atomic_store_n(&n->tally.commit_us,
                     end_us > start_us ? end_us - start_us : 0,
                     __ATOMIC_RELAXED);
    __atomic_add_fetch(&n->tally.commits, 1, __ATOMIC_RELAXED);
    if (e == ERR_OK) {
      node_state_durable(n->state, head);
      u8 was = stage_enter(STAGE_pool);
      node_pool_durable(n->pool, head);
      stage_enter(was);
      node_tell_watchers(n, head);
    } else {
      node_fail(n, e, "cannot write block %llu: %s (%s); nothing before it is "
                "lost", (unsigned long long)group[0]->height, err_text(e),
                store_error(n->store));
    }
  }
  for (u32 i = 0; i < cnt; i++) store_block_free(group[i]);
}

bool node_write_block(struct node *n, struct store_block *b) {
  struct node_pending *p = &n->pending;
  pthread_mutex_lock(&p->lock);
  while (p->cnt == LIMIT_WRITER_QUEUE) {
    pthread_cond_wait(&p->room, &p->lock);
  }
  p->block[(p->first + p->cnt++) % LIMIT_WRITER_QUEUE] = b;
  pthread_mutex_unlock(&p->lock);
  node_queue_wake(&n->writer.queue);
  return node_failed(n, NULL) == ERR_OK;
}

/* Blocks first, then one slice of the work behind the head. */
static i64 node_writer_idle(struct node *n) {
  bool more = false;
  stage_enter(STAGE_sqlite);
  __atomic_store_n(&n->tally.beat_ms, node_clock_ms(), __ATOMIC_RELAXED);
  node_write_group(n);
  if (node_failed(n, NULL) < 0) return NODE_IDLE_MS;
  err e = node_state_write_step(n->state, node_clock_ms(), &more);
  if (e < 0 && e != ERR_BUSY) {
    node_fail(n, e, "cannot bring the tables up to date: %s (%s)",
              err_text(e), store_error(n->store));
  }
  bool more_rows = false;
  if (!more) e = node_submit_save(n, false, &more_rows);
  if (!more && e < 0) {
    node_fail(n, e, "cannot keep the waiting transactions: %s (%s)",
              err_text(e), store_error(n->store));
  }
  more |= more_rows;
  pthread_mutex_lock(&n->pending.lock);
  more |= n->pending.cnt > 0;
  pthread_mutex_unlock(&n->pending.lock);
  return more ? 0 : NODE_IDLE_MS;
}

/*------------------------------------------------------ opening, closing */

/* The last block and the hashes before it, from the file. */
err node_load_head(struct node *n, struct errmsg *msg) {
  struct store_reader *r;
  struct store_standing st;
  struct store_block_row row;
  struct node_app_info at;
  hash32 hash[256];
  TRY(store_reader_open(&r, n->store, 0, msg));
  err e = store_reader_begin(r, &st);
  u64 head = (u64)st.head;
  if (e == ERR_OK) e = store_read_block(r, &row, head);
  if (e == ERR_OK) {
    at.hash = row.hash;
    e = chain_header_decode(&at.header, row.header);
  }
  u32 cnt = head < 255 ? (u32)head + 1 : 256;
  for (u32 i = 0; e == ERR_OK && i < cnt; i++) {
    e = store_read_hash(r, &hash[i], head + 1 - cnt + i);
  }
  if (e == ERR_OK) e = store_read_hash(r, &n->info.genesis_hash, 0);
  store_reader_end(r);
  store_reader_close(r);
  if (e < 0) {
    return err_say(msg, e, "cannot read the last block: %s", err_text(e));
  }
  pthread_mutex_lock(&n->lock);
  n->head = head;
  pthread_mutex_unlock(&n->lock);
  app_set_info(n->app, &at, hash, cnt);
  return ERR_OK;
}

/* This file's key is one that votes. */
static bool node_is_validator(const struct node *n) {
  u8 pub[64], key[33];
  if (crypto_pubkey(pub, n->consensus_key) < 0 ||
      crypto_pub_compress(key, pub) < 0)
    return false;
  for (u32 i = 0; i < n->genesis.validator_cnt; i++)
    if (n->genesis.validator[i].has_key &&
        memcmp(n->genesis.validator[i].key, key, 33) == 0)
      return true;
  return false;
}

/* Whether this node continues its chain. */
bool node_makes(const struct node *n) {
  return n->genesis.own && !n->cfg.still && node_is_validator(n);
}

static err node_open_store(struct node *n, struct errmsg *msg) {
  struct store_standing st;
  struct buf b;
  TRY(store_open(&n->store, n->db_path,
                 STORE_CREATE | (n->cfg.scratch ? STORE_SCRATCH : 0), msg));
  store_standing(n->store, &st);
  if (st.head < 0) {
    struct node_create what = {.dev = n->cfg.dev,
                               .dev_credits = n->cfg.dev_credits,
                               .light_kdf = n->cfg.light_kdf};
    buf_init(&b, 0);
    bool cut = store_meta_get(n->store, &b, "unfinished") == ERR_OK;
    buf_fini(&b);
    if (cut)
      return err_say(msg, ERR_REFUSED, "%s: making its chain was cut off; give "
                     "the genesis file to \"cybermiles init\" again",
                     n->db_path);
    TRY(node_boot_create(n, &what, n->info.first_password, msg));
  }
  TRY(node_boot_load(n, msg));
  return node_fence_open(n, !n->cfg.dev && node_makes(n), msg);
}

/* Below four cores the others have enough to do with signatures and hashing. */
static u32 node_lanes(void) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores < 4 ? 1 : cores < 32 ? (u32)cores / 2 : 16;
}

static err node_open_chain(struct node *n, struct errmsg *msg) {
  u64 seed[2];
  node_random(seed, sizeof seed);
  struct node_state_config sc = {
    .store = n->store,
    .cache_bytes = n->cfg.cache_bytes,
    .history_blocks = n->cfg.archive ? UINT64_MAX : n->cfg.history_state,
    .body_blocks = n->cfg.archive ? 0 : n->cfg.history_blocks,
    .no_addresses = n->cfg.no_addresses,
    .par = node_workers_par(n->workers),
  };
  TRY(node_state_open(&n->state, &sc, msg));
  TRY(node_boot_genesis(n, msg));
  if (!node_is_plain(n)) TRY(node_proj_open(&n->proj, n->store, msg));
  chain_rules_at(&n->rules, &n->genesis, n->genesis.header.number + 1,
                 node_clock_ms() / 1000);
  if (node_is_plain(n)) {
    struct chain_header next;
    TRY(node_import_next(n, &next, &n->rules, msg));
    n->info.block_gas_limit = next.gas_limit;
  }
  n->rules.allow_unprotected |= n->cfg.allow_unprotected;
  node_submit_open(n, seed[0]);
  struct node_app_config ac = {
    .genesis = &n->genesis,
    .genesis_hash = &n->info.genesis_hash,
    .state = n->state,
    .pool = n->pool,
    .par = node_workers_par(n->workers),
    .hash_seed = seed[1],
    .lane_cnt = n->cfg.lane_cnt ? n->cfg.lane_cnt : node_lanes(),
  };
  n->app = app_open(&ac);
  TRY(node_load_head(n, msg));
  node_dev_open(n);
  return node_submit_restore(n, msg);
}

/* A chain of plain Ethereum rules is served, never continued; so is one whose
** validators are others. */
static err node_start_threads(struct node *n, struct errmsg *msg) {
  err e = node_thread_start(&n->writer, n, "writer", LIMIT_WRITER_QUEUE,
                            node_writer_idle);
  if (e == ERR_OK) e = node_thread_start(&n->exec, n, "exec", 4, NULL);
  bool makes = node_makes(n);
  if (e == ERR_OK && !makes && n->genesis.own && !n->cfg.still) {
    log_event(LOG_WARN, "node", "no.validator", "note=\"this file's key is none "
              "of the chain's validators: it is served, not continued\"");
  }
  if (e == ERR_OK && makes) {
    n->core_started =
        pthread_create(&n->core, NULL, node_engine_main, n) == 0;
    if (!n->core_started) e = ERR_LIMIT;
  }
  return e < 0 ? err_say(msg, e, "cannot start a thread: the system's limit "
                                 "of processes is reached") : ERR_OK;
}

err node_open(struct node **out, const struct node_config *cfg,
              struct errmsg *msg) {
  u8 seed[32];
  struct node *n = mem_alloc(sizeof *n);
  n->cfg = *cfg;
  n->signer_fd = -1;
  n->db_path = mem_strdup(cfg->db_path);
  n->info.db_path = n->db_path;
  n->info.started_ms = node_clock_ms();
  arena_init(&n->boot, 1 << 16, 0);
  pthread_mutex_init(&n->lock, NULL);
  pthread_mutex_init(&n->pending.lock, NULL);
  node_feed_init(n);
  node_dev_init(n);
  node_keys_init(n);
  pthread_cond_init(&n->pending.room, NULL);
  node_cond_init(&n->wake);
  node_cond_init(&n->moved);
  node_random(seed, sizeof seed);
  crypto_init(seed);
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  n->workers = node_workers_open(cfg->worker_cnt ? cfg->worker_cnt
                                 : cores > 1 ? (u32)cores : 1);
  err e = node_open_store(n, msg);
  if (e == ERR_OK) e = node_stat_open(n, msg);
  if (e == ERR_OK) e = node_open_chain(n, msg);
  if (e == ERR_OK) e = node_start_threads(n, msg);
  if (e < 0) {
    n->failure = e;
    node_close(n);
    return e;
  }
  log_event(LOG_INFO, "node", "started",
            "chain_id=%llu height=%llu db=\"%s\" dev=%d read_only=%d",
            (unsigned long long)n->info.chain_id, (unsigned long long)n->head,
            n->db_path, n->info.dev, node_is_plain(n));
  *out = n;
  return ERR_OK;
}

void node_close(struct node *n) {
  if (!n) return;
  struct errmsg msg = {""};
  pthread_mutex_lock(&n->lock);
  n->closing = true;
  pthread_cond_broadcast(&n->wake);
  pthread_cond_broadcast(&n->moved);
  pthread_mutex_unlock(&n->lock);
  if (n->core_started) pthread_join(n->core, NULL);
  node_thread_stop(&n->exec);
  node_thread_stop(&n->writer);
  while (n->pending.cnt > 0) node_write_group(n);
  bool more_rows = n->pool && n->failure == ERR_OK;
  while (more_rows && node_submit_save(n, true, &more_rows) == ERR_OK) continue;
  if (n->state &&
      node_state_close(n->state, n->failure < 0, &msg) < 0) {
    log_event(LOG_ERROR, "node", "close.state", "error=\"%s\"", msg.text);
  }
  app_close(n->app);
  node_submit_close(n);
  node_proj_close(n->proj);
  if (n->store && store_close(n->store, &msg) < 0) {
    log_event(LOG_ERROR, "node", "close.store", "error=\"%s\"", msg.text);
  }
  node_fence_close(n);
  node_workers_close(n->workers);
  node_dev_fini(n);
  pthread_cond_destroy(&n->wake);
  pthread_cond_destroy(&n->moved);
  pthread_cond_destroy(&n->pending.room);
  pthread_mutex_destroy(&n->pending.lock);
  node_feed_fini(n);
  node_keys_fini(n);
  pthread_mutex_destroy(&n->lock);
  arena_fini(&n->boot);
  mem_free(n->db_path);
  mem_wipe(n, sizeof *n);
  mem_free(n);
}

const struct node_info *node_info(const struct node *n) { return &n->info; }
const struct chain_rules *node_rules(const struct node *n) { return &n->rules; }
struct node_state *node_state_of(struct node *n) { return n->state; }

/*-------------------------------------------------------------- watching */

u32 node_watch(struct node *n, void (*cb)(void *ctx, u64 head), void *ctx) {
  pthread_mutex_lock(&n->lock);
  MUST(n->watcher_cnt < LIMIT_WATCHERS);
  u32 handle = ++n->watcher_next;
  n->watcher[n->watcher_cnt++] = (struct node_watcher){handle, cb, ctx};
  pthread_mutex_unlock(&n->lock);
  return handle;
}

static void node_nothing(struct node *n, void *arg) { (void)n, (void)arg; }

/* After it returns the callback runs no more: the writer, which calls it, has
** been passed by. */
void node_unwatch(struct node *n, u32 handle) {
  pthread_mutex_lock(&n->lock);
  for (u32 i = 0; i < n->watcher_cnt; i++) {
    if (n->watcher[i].handle != handle) continue;
    n->watcher[i] = n->watcher[--n->watcher_cnt];
    break;
  }
  pthread_mutex_unlock(&n->lock);
  node_thread_call(&n->writer, node_nothing, NULL);
}

bool node_wait_head(struct node *n, u64 height, u32 timeout_ms) {
  struct timespec until = node_deadline(timeout_ms);
  pthread_mutex_lock(&n->lock);
  while (n->head <= height && !n->closing && n->failure == ERR_OK) {
    if (pthread_cond_timedwait(&n->moved, &n->lock, &until) != 0) break;
  }
  bool above = n->head > height;
  pthread_mutex_unlock(&n->lock);
  return above;
}

/*---------------------------------------------------------- dev accounts */

u32 node_dev_cnt(const struct node *n) { return n->dev_cnt; }
void node_dev_account(const struct node *n, u32 i, addr20 *addr, u8 key[32]) {
  MUST(i < n->dev_cnt);
  *addr = n->dev_addr[i];
  memcpy(key, n->dev_key[i], 32);
}
