/* node_submit.c - transactions on their way into the pool, and the pool's
** part of the file.
**
** What waits longer than SUBMIT_SAVE_AGE_MS is written by the writer in small
** slices every SUBMIT_SAVE_MS, all of the rest at a clean stop; at start the
** rows go through the pool's door again.
*/
#include "base/log.h"
#include "node/node_credit.h"
#include "node/node_int.h"

#define SUBMIT_DEV_WAIT_MS 3000
#define SUBMIT_SAVE_MS 5000
#define SUBMIT_SAVE_AGE_MS 3000
#define SUBMIT_SLICE 256
#define SUBMIT_SLICE_ALL 4096

/*--------------------------------------------------------- the pool's asks */

static err submit_read_account(void *ctx, struct state_account *out,
                               bool *found, const addr20 *addr) {
  struct node *n = ctx;
  return node_state_account(n->state, out, found, addr);
}

static void submit_became_ready(void *ctx) {
  struct node *n = ctx;
  pthread_mutex_lock(&n->lock);
  if (!n->ready) {
    n->ready = true;
    pthread_cond_signal(&n->wake);
  }
  pthread_mutex_unlock(&n->lock);
}

void node_submit_open(struct node *n, u64 seed) {
  struct node_pool_config pc = {
    .tx_max = n->cfg.pool_tx_max ? (u32)n->cfg.pool_tx_max : LIMIT_POOL_TX,
    .bytes_max = LIMIT_POOL_BYTES,
    .seed = seed,
    .rules = n->rules,
    .block_gas_limit = n->info.block_gas_limit,
    .ctx = n,
    .account = submit_read_account,
    .added = node_feed_add,
    .ready = submit_became_ready,
  };
  if (n->rules.credits) {
    n->credit = node_credit_open(&pc.credit, n->state, node_clock_ms, seed ^ 1);
  }
  n->pool = node_pool_open(&pc);
}

void node_submit_close(struct node *n) {
  node_pool_close(n->pool);
  node_credit_close(n->credit);
}

/*----------------------------------------------------- the pool in the file */

struct submit_rows {
  struct arena a;
  struct store_pool_row *row;
  u32 cnt, cap;
};
static err submit_row(void *ctx, const struct store_pool_row *row) {
  struct submit_rows *r = ctx;
  if (r->cnt == r->cap) {
    r->cap = r->cap ? r->cap * 2 : 256;
    r->row = mem_realloc(r->row, sizeof *r->row * r->cap);
  }
  r->row[r->cnt] = *row;
  r->row[r->cnt++].raw = arena_copy_slice(&r->a, row->raw);
  return ERR_OK;
}

err node_submit_restore(struct node *n, struct errmsg *msg) {
  struct submit_rows r = {.cnt = 0};
  err e = node_pool_start(n->pool, n->head);
  if (e < 0) {
    return err_say(msg, e, "cannot read the prices of credits: %s",
                   err_text(e));
  }
  arena_init(&r.a, 1 << 16, 0);
  e = store_pool_read(n->store, submit_row, &r);
  if (e < 0) {
    err_say(msg, e, "cannot read the waiting transactions: %s",
            store_error(n->store));
  } else if (r.cnt > 0 && n->genesis.own) {
    u32 kept = node_pool_restore(n->pool, r.row, r.cnt,
                                 node_workers_par(n->workers));
    log_event(LOG_INFO, "node", "pool.restored", "kept=%u dropped=%u", kept,
              r.cnt - kept);
  }
  mem_free(r.row);
  arena_fini(&r.a);
  return e;
}

err node_submit_save(struct node *n, bool all, bool *more) {
  u64 now = node_clock_ms();
  *more = false;
  if (!n->genesis.own) return ERR_OK;
  if (!all && now < n->pool_saved_ms + SUBMIT_SAVE_MS &&
      n->pool_saved_ms <= now) {
    return ERR_OK;
  }
  struct arena a;
  struct node_pool_saving s;
  u32 max = all ? SUBMIT_SLICE_ALL : SUBMIT_SLICE;
  arena_init(&a, 1 << 16, 0);
  node_pool_save(n->pool, &s, all ? UINT64_MAX : now - SUBMIT_SAVE_AGE_MS, now,
                 max, &a);
  err e = store_pool_write(n->store, s.row, s.row_cnt, s.gone, s.gone_cnt);
  *more = s.row_cnt == max || s.gone_cnt == max;
  if (!*more) n->pool_saved_ms = now;
  arena_fini(&a);
  return e;
}

/*------------------------------------------------------------- submitting */

/* On an automining chain a transaction is in a block when its sender hears
** that it was taken. */
static void submit_dev_wait(struct node *n, const hash32 *hash) {
  if (!node_dev_is_automine(n)) return;
  struct timespec until = node_deadline(SUBMIT_DEV_WAIT_MS);
  pthread_mutex_lock(&n->lock);
  while (!n->closing && n->failure == ERR_OK) {
    u64 head = n->head;
    pthread_mutex_unlock(&n->lock);
    bool waiting = node_pool_is_ready(n->pool, hash);
    pthread_mutex_lock(&n->lock);
    if (!waiting) break;
    if (n->head == head &&
        pthread_cond_timedwait(&n->moved, &n->lock, &until) != 0) {
      break;
    }
  }
  pthread_mutex_unlock(&n->lock);
}

err node_submit_pool(struct node *n, struct node_submit_result *out,
                     slice raw) {
  err e = ERR_OK;
  struct pool_tx *t;
  struct arena a;
  memset(out, 0, sizeof *out);
  arena_init(&a, 1 << 10, 0);
  /* Elsewhere blob transactions are refused as they are. */
  if (node_is_plain(n)) e = chain_tx_unwrap(&raw, raw, &a, &out->msg);
  if (e == ERR_OK) {
    u8 was = stage_enter(STAGE_recover);
    node_pool_prepare(n->pool, &t, out, &e, &raw, 1);
    stage_enter(STAGE_pool);
    if (t) e = node_pool_add(n->pool, out, t);
    stage_enter(was);
  }
  arena_fini(&a);
  return e;
}

err node_submit(struct node *n, struct node_submit_result *out, slice raw) {
  err e = node_submit_pool(n, out, raw);
  if (e == ERR_OK) submit_dev_wait(n, &out->hash);
  return e;
}

struct submit_batch {
  struct node *n;
  err *errs;
  struct node_submit_result *out;
  const slice *raw;
  u32 cnt;
  struct pool_tx **tx;
};
static void submit_prepare(void *arg, u32 piece) {
  struct submit_batch *b = arg;
  u32 i = piece * CRYPTO_RECOVER_GROUP, left = b->cnt - i;
  node_pool_prepare(b->n->pool, b->tx + i, b->out + i, b->errs + i, b->raw + i,
                    left < CRYPTO_RECOVER_GROUP ? left : CRYPTO_RECOVER_GROUP);
}

/* Recovery on all cores, then into the pool in the order given, so that a
** sender's nonces do not overtake each other. */
void node_submit_batch(struct node *n, err *errs,
                       struct node_submit_result *out, const slice *raw,
                       u32 cnt) {
  if (!n->genesis.own || cnt == 1) {
    for (u32 i = 0; i < cnt; i++) errs[i] = node_submit(n, &out[i], raw[i]);
    return;
  }
  struct submit_batch b = {n, errs, out, raw, cnt,
                           mem_alloc(sizeof(struct pool_tx *) * (cnt + 1))};
  u8 was = stage_enter(STAGE_recover);
  par_run(node_workers_par(n->workers), submit_prepare, &b,
          (cnt + CRYPTO_RECOVER_GROUP - 1) / CRYPTO_RECOVER_GROUP);
  stage_enter(STAGE_pool);
  const hash32 *last = NULL;
  for (u32 i = 0; i < cnt; i++) {
    if (b.tx[i]) errs[i] = node_pool_add(n->pool, &out[i], b.tx[i]);
    if (errs[i] == ERR_OK) last = &out[i].hash;
  }
  stage_enter(was);
  mem_free(b.tx);
  if (last) submit_dev_wait(n, last);
}

/*---------------------------------------------------------------- reading */

void node_pool_stat(struct node *n, struct node_pool_stat *out) {
  node_pool_stat_of(n->pool, out);
}
err node_pool_tx(struct node *n, struct chain_tx *out, const hash32 *hash,
                 struct arena *a) {
  return node_pool_find(n->pool, out, hash, a);
}
u64 node_pool_nonce(struct node *n, const addr20 *a, u64 head_nonce) {
  return node_pool_next_nonce(n->pool, a, head_nonce);
}
u32 node_pool_list(struct node *n, struct chain_tx *out, u32 cnt_max,
                   struct arena *a) {
  return node_pool_copy(n->pool, out, cnt_max, a);
}
u32 node_pool_content(struct node *n, struct node_pool_item **out,
                      const addr20 *from, struct arena *a) {
  return node_pool_items(n->pool, out, from, a);
}

#undef SUBMIT_DEV_WAIT_MS
#undef SUBMIT_SAVE_MS
#undef SUBMIT_SAVE_AGE_MS
#undef SUBMIT_SLICE
#undef SUBMIT_SLICE_ALL
