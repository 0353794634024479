/* node_engine.c - the engine of a chain with one validator: this node alone
** proposes and decides.
**
** A block is due
**   on a network   one interval after the last when transactions are ready
**                  (sooner after one that was cut short, engine_saved_ms),
**                  and empty_block_ms after it in any case
**   dev            at once for each transaction (automine), or every
**                  dev_period_s seconds whatever is there, or as node_dev.c
**                  was told
** The engine proposes, signs the precommit that decides the proposal and
** commits; the writer makes it durable while the next block is executed.
** When the writer's queue is full or the tables lag too far behind, the
** engine waits: that is the back-pressure of the whole node.
**
** Signature of a vote: ECDSA over SHA-256 of
**   "CyberMiles vote 1" || genesis hash || height (8, big-endian) ||
**   round (4) || type (1; 2 = precommit) || proposal id
** Stored commit: rlp([round, proposal id, [[validator, flag, r || s]]]).
*/
#include "base/log.h"
#include "chain/chain_edit.h"
#include "codec/rlp.h"
#include "crypto/hash.h"
#include "crypto/secp256k1.h"
#include "crypto/vrf.h"
#include "node/node_int.h"
#include <time.h>

#define ENGINE_CLOCK_BACK_MS 5000
#define ENGINE_COLLECT_MAX_MS 1000
#define ENGINE_LAG_MAX 100
enum { ENGINE_PRECOMMIT = 2 };

static u64 engine_monotonic_ms(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

void node_vote_digest(hash32 *out, const struct node *n, u64 height, u32 round,
                      const hash32 *id) {
  static const char tag[] = "CyberMiles vote 1";
  u8 text[sizeof tag - 1 + 32 + 8 + 4 + 1 + 32], *p = text;
  memcpy(p, tag, sizeof tag - 1), p += sizeof tag - 1;
  memcpy(p, n->info.genesis_hash.b, 32), p += 32;
  store_be64(p, height), p += 8;
  store_be32(p, round), p += 4;
  *p++ = ENGINE_PRECOMMIT;
  memcpy(p, id->b, 32);
  crypto_sha256(out->b, text, sizeof text);
}

static err engine_sign_vote(u8 out[64], const struct node *n, u64 height,
                            u32 round, const hash32 *id) {
  hash32 digest;
  struct sig65 sig;
  node_vote_digest(&digest, n, height, round, id);
  TRY(crypto_sign(&sig, n->consensus_key, &digest));
  memcpy(out, sig.r, 32);
  memcpy(out + 32, sig.s, 32);
  return ERR_OK;
}

static err engine_commit_bytes(struct buf *out, const struct node *n,
                               u64 height, const hash32 *id) {
  u8 sig[64];
  TRY(engine_sign_vote(sig, n, height, 0, id));
  size_t all = rlp_list_open(out);
  rlp_put_u64(out, 0);
  rlp_put_str(out, id->b, 32);
  size_t votes = rlp_list_open(out);
  size_t vote = rlp_list_open(out);
  rlp_put_str(out, n->info.operator_addr.b, 20);
  rlp_put_u64(out, CHAIN_FLAG_COMMIT);
  rlp_put_str(out, sig, 64);
  rlp_list_close(out, vote);
  rlp_list_close(out, votes);
  rlp_list_close(out, all);
  return ERR_OK;
}

/*------------------------------------------- one block, on the exec thread */

struct engine_job {
  u64 time_ms, deadline_ms;
  u32 tx_max;
  slice edit; /* of a development chain: the block is for it alone */
  err result;
  u64 height;
  u32 tx_cnt;
  u64 gas_used;
};

/* The edit as a transaction; its memory lasts as long as the arena. */
static err engine_edit(struct node *n, struct chain_tx *out, slice data,
                       struct arena *a) {
  struct state_account from;
  bool found;
  TRY(node_state_account(n->state, &from, &found, &CHAIN_EDIT_SENDER));
  chain_edit_make(out, n->info.chain_id, found ? from.nonce : 0, data, a);
  return ERR_OK;
}

static err engine_make(struct node *n, struct engine_job *job) {
  const struct node_app_info *at = app_info(n->app);
  struct chain_commit_vote self = {n->info.operator_addr, CHAIN_FLAG_COMMIT};
  u8 beacon[CRYPTO_VRF_PROOF_LEN], told[CHAIN_BEACON_DEV];
  TRY(crypto_vrf_prove(beacon, n->consensus_key,
                       hash32_slice(&at->header.mix_hash)));
  struct node_app_request rq = {
    .time_ms = job->time_ms,
    .parent_commit = {.round = 0, .vote = &self,
                      .vote_cnt = at->header.number > 0},
    .beacon = slice_of(beacon, sizeof beacon),
    .proposer = n->info.operator_addr,
    .tx_max = job->tx_max,
    .deadline_ms = job->deadline_ms,
  };
  if (n->cfg.dev && node_dev_beacon(n, told, &at->header.mix_hash, rq.beacon))
    rq.beacon = slice_of(told, sizeof told);
  chain_validators_hash(&rq.validators_hash, n->genesis.validator,
                        n->genesis.validator_cnt);
  struct chain_proposal p;
  hash32 id;
  const struct chain_block_result *result;
  struct store_block *block;
  struct chain_tx edit;
  struct arena scratch;
  arena_init(&scratch, 1 << 12, 0);
  err e = ERR_OK;
  if (job->edit.len) {
    e = engine_edit(n, &edit, job->edit, &scratch);
    rq.edit = &edit;
  }
  if (e == ERR_OK) e = app_prepare_proposal(n->app, &p, &id, &rq);
  if (e == ERR_OK) e = app_finalize_block(n->app, &p, &id, &result);
  if (e < 0) {
    arena_fini(&scratch);
    return e;
  }
  job->height = result->header.number;
  job->tx_cnt = result->tx_cnt;
  job->gas_used = result->header.gas_used;
  struct buf commit;
  buf_init(&commit, 0);
  e = engine_commit_bytes(&commit, n, p.height, &id);
  if (e == ERR_OK) e = app_commit(n->app, &block, buf_slice(&commit));
  buf_fini(&commit);
  arena_fini(&scratch);
  if (e == ERR_OK && !node_write_block(n, block)) e = ERR_CLOSED;
  return e;
}

static void engine_run_job(struct node *n, void *arg) {
  struct engine_job *job = arg;
  u8 was = stage_enter(STAGE_encode);
  job->result = engine_make(n, job);
  stage_enter(was);
}

/*------------------------------------------------------- the core thread */

struct engine {
  struct node *n;
  u64 interval_ms, empty_ms; /* empty_ms 0: no empty blocks */
  u64 last_made_ms;          /* monotonic */
  bool waiting_clock;
};

/* How long until a block is due; 0 = now. */
static u64 engine_wait_ms(const struct engine *g, bool ready) {
  u64 now = engine_monotonic_ms(), due;
  const struct node *n = g->n;
  if (n->fenced) {
    due = now + 60000;
  } else if (n->dev.op || n->dev.mine > 0 || (ready && n->dev.automine)) {
    due = now;
  } else if (n->dev.interval_ms) {
    due = g->last_made_ms + n->dev.interval_ms;
  } else if (ready && !n->cfg.dev) {
    due = g->last_made_ms + g->interval_ms;
  } else if (g->empty_ms) {
    due = g->last_made_ms + g->empty_ms;
  } else {
    due = now + 60000;
  }
  return due > now ? due - now : 0;
}

/* Waits until a block is due; false when the node closes. */
static bool engine_wait(struct engine *g) {
  struct node *n = g->n;
  bool go = true;
  pthread_mutex_lock(&n->lock);
  for (;;) {
    if (n->closing || n->failure) {
      go = false;
      break;
    }
    u64 ms = engine_wait_ms(g, n->ready);
    if (ms == 0) break;
    struct timespec until = node_deadline((i64)ms);
    pthread_cond_timedwait(&n->wake, &n->lock, &until);
  }
  n->ready = false;
  pthread_mutex_unlock(&n->lock);
  return go;
}

/* Sleeps a little, unless the node closes meanwhile. */
static void engine_pause(struct node *n, i64 ms) {
  struct timespec until = node_deadline(ms);
  pthread_mutex_lock(&n->lock);
  if (!n->closing) pthread_cond_timedwait(&n->wake, &n->lock, &until);
  pthread_mutex_unlock(&n->lock);
}

/* The block's time by our clock; false while the clock is too far behind. */
static bool engine_time(struct engine *g, u64 *time_ms, u64 parent_ms) {
  u64 now = node_clock_ms();
  if (g->n->cfg.dev) {
    *time_ms = node_dev_block_ms(g->n, parent_ms);
    return true;
  }
  if (now + ENGINE_CLOCK_BACK_MS < parent_ms) {
    if (!g->waiting_clock) {
      log_event(LOG_WARN, "engine", "clock.behind",
                "behind_ms=%llu note=\"no block is made until the clock has "
                "passed the last block's time\"",
                (unsigned long long)(parent_ms - now));
    }
    g->waiting_clock = true;
    return false;
  }
  g->waiting_clock = false;
  *time_ms = now > parent_ms ? now : parent_ms + 1;
  return true;
}

/* A block for an edit alone, within the second of the one before. */
static void engine_dev(struct engine *g, struct node_dev_op *op) {
  struct node *n = g->n;
  struct engine_job job = {.result = ERR_CLOSED, .edit = op->edit};
  if (op->what != NODE_DEV_EDIT) {
    node_dev_run(n, op);
    return;
  }
  u64 parent_ms = chain_header_time_ms(&app_info(n->app)->header);
  job.time_ms = parent_ms + 1;
  job.deadline_ms = engine_monotonic_ms() + 3600000;
  node_thread_call(&n->exec, engine_run_job, &job);
  op->result = job.result;
  op->height = job.height;
  if (job.result < 0 && job.result != ERR_CLOSED) {
    node_fail(n, job.result, "cannot make block %llu: %s",
              (unsigned long long)job.height, err_text(job.result));
  }
}

/* A block that was cut short for want of memory takes only that part of an
** interval that its gas is of a block's: the chain's gas a second is the same
** whatever its blocks can hold. */
static u64 engine_saved_ms(const struct engine *g, u64 gas_used) {
  u64 limit = chain_genesis_gas_limit(&g->n->genesis);
  if (!app_was_cut(g->n->app) || gas_used >= limit) return 0;
  return g->interval_ms - g->interval_ms * gas_used / limit;
}

static void engine_block(struct engine *g) {
  struct node *n = g->n;
  u64 parent_ms = chain_header_time_ms(&app_info(n->app)->header);
  struct engine_job job = {.result = ERR_CLOSED};
  if (!engine_time(g, &job.time_ms, parent_ms)) {
    engine_pause(n, 1000);
    return;
  }
  if (!node_disk_has_room(n)) {
    engine_pause(n, 1000);
    return;
  }
  if (node_state_lag_percent(n->state) > ENGINE_LAG_MAX) {
    engine_pause(n, 20);
    n->ready = true;
    return;
  }
  u64 start_ms = engine_monotonic_ms();
  u64 collect_ms = g->interval_ms / 2;
  if (collect_ms > ENGINE_COLLECT_MAX_MS) collect_ms = ENGINE_COLLECT_MAX_MS;
  job.deadline_ms = start_ms + collect_ms;
  pthread_mutex_lock(&n->lock);
  job.tx_max = n->dev.automine && n->dev.mine == 0 ? 1 : 0;
  pthread_mutex_unlock(&n->lock);
  if (!node_thread_call(&n->exec, engine_run_job, &job)) return;
  if (job.result < 0) {
    if (job.result != ERR_CLOSED) {
      node_fail(n, job.result, "cannot make block %llu: %s",
                (unsigned long long)job.height, err_text(job.result));
    }
    return;
  }
  g->last_made_ms = start_ms - engine_saved_ms(g, job.gas_used);
  if (n->cfg.dev) node_dev_made(n, job.height);
  __atomic_add_fetch(&n->tally.gas, job.gas_used, __ATOMIC_RELAXED);
  __atomic_add_fetch(&n->tally.exec_us, (engine_monotonic_ms() - start_ms) * 1000,
                     __ATOMIC_RELAXED);
  log_event(job.tx_cnt ? LOG_INFO : LOG_DEBUG, "engine", "block.made",
            "height=%llu txs=%u gas=%llu ms=%llu",
            (unsigned long long)job.height, job.tx_cnt,
            (unsigned long long)job.gas_used,
            (unsigned long long)(engine_monotonic_ms() - start_ms));
}

void *node_engine_main(void *arg) {
  struct node *n = arg;
  struct engine g = {
    .n = n,
    .interval_ms = n->info.interval_ms,
    .empty_ms = n->cfg.dev ? 0
                           : n->genesis.param[CHAIN_PARAM_empty_block_ms],
    .last_made_ms = engine_monotonic_ms(),
  };
  while (engine_wait(&g)) {
    struct node_dev_op *op = node_dev_next(n);
    if (op) {
      engine_dev(&g, op);
      node_dev_done(n, op);
    } else {
      engine_block(&g);
    }
    if (node_pool_has_ready(n->pool)) {
      pthread_mutex_lock(&n->lock);
      n->ready = true;
      pthread_mutex_unlock(&n->lock);
    }
  }
  node_dev_end(n);
  return NULL;
}
