/* node_app.c - see node_app.h.
**
** One candidate is kept: its proposal id, its execution's result and the
** arena of both.  Transactions of our own proposals are views into the pool,
** which keeps them until the block is durable; those of others are decoded
** into the arena.
*/
#include "node/node_app.h"
#include "base/limits.h"
#include "chain/chain_edit.h"
#include "chain/chain_import.h"
#include "crypto/keccak.h"
#include <stdlib.h>
#include <time.h>

#define APP_HASHES 256
#define APP_ARENA_CHUNK (1u << 20)
#define APP_ARENA_KEPT (8u << 20)
#define APP_EXECUTE_MIN_MS 100u /* however long choosing took */

struct node_app {
  struct node_app_config cfg;
  struct chain_exec *exec;
  struct node_app_info info;
  hash32 hash[APP_HASHES];   /* of block n at n % 256 */
  struct arena arena;        /* the candidate's */
  bool has_candidate, was_cut;
  u32 fit;                   /* met until the last was cut; 0: it was not */
  hash32 id;                 /* of its proposal */
  struct chain_proposal proposal;
  struct node_pool_take take; /* cnt 0: not ours */
  struct chain_block_result result;
  struct chain_credit *credit; /* for checking proposals of others */
};

static u64 app_clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

struct node_app *app_open(const struct node_app_config *cfg) {
  struct node_app *app = mem_alloc(sizeof *app);
  app->cfg = *cfg;
  app->exec = chain_exec_open(cfg->hash_seed);
  chain_exec_set_lanes(app->exec, cfg->lane_cnt, app_clock_ns);
  app->credit = chain_credit_open(cfg->hash_seed);
  arena_init(&app->arena, APP_ARENA_CHUNK, 0);
  return app;
}

void app_close(struct node_app *app) {
  if (!app) return;
  chain_exec_close(app->exec);
  chain_credit_close(app->credit);
  arena_fini(&app->arena);
  mem_free(app);
}

void app_set_info(struct node_app *app, const struct node_app_info *info,
                  const hash32 *hashes, u32 hash_cnt) {
  app->info = *info;
  for (u32 i = 0; i < hash_cnt && i <= info->header.number; i++) {
    u64 number = info->header.number - i;
    app->hash[number % APP_HASHES] = hashes[hash_cnt - 1 - i];
  }
}

const struct node_app_info *app_info(const struct node_app *app) {
  return &app->info;
}

static void app_block_hash(void *ctx, hash32 *out, u64 number) {
  const struct node_app *app = ctx;
  u64 head = app->info.header.number;
  memset(out, 0, sizeof *out);
  if (number <= head && head - number < APP_HASHES) {
    *out = app->hash[number % APP_HASHES];
  }
}

err app_init_chain(const struct chain_genesis *genesis, hash32 *hash,
                   struct chain_header *header, struct node_state *state,
                   struct store_block **out, const struct par *par) {
  struct arena a;
  struct chain_block_result result;
  memset(&result, 0, sizeof result);
  arena_init(&a, 1 << 20, 0);
  err e = chain_genesis_build(&result.diff, &result.root, header, hash, genesis,
                              par, &a);
  if (e == ERR_OK) {
    result.header = *header;
    result.hash = *hash;
    e = node_state_apply(state, out, &result, slice_of(NULL, 0),
                         slice_of(NULL, 0));
  }
  arena_fini(&a);
  return e;
}

static u64 app_monotonic_ms(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

/* The proposer's bounds: asked before each transaction, looked at seldom. */
struct app_bounds {
  u64 deadline_ms;
  const struct state *state;
  bool met_all;
  u32 cut_at; /* how many were met when one of them was reached; 0: none was */
};
static bool app_keep_going(void *ctx, u32 done, u64 gas_used) {
  struct app_bounds *b = ctx;
  (void)gas_used;
  if (done % 16 != 0) return true;
  b->met_all = state_met_cnt(b->state) >= LIMIT_BLOCK_MET;
  if (b->met_all || app_monotonic_ms() >= b->deadline_ms) b->cut_at = done + 1;
  return !b->cut_at;
}

bool app_was_cut(const struct node_app *app) { return app->was_cut; }

static err app_execute(struct node_app *app, const struct chain_tx *txs,
                       u32 tx_cnt, struct app_bounds *bounds) {
  struct chain_rules rules;
  struct chain_header draft;
  struct chain_hashes hashes = {app, app_block_hash};
  const struct chain_proposal *p = &app->proposal;
  chain_rules_at(&rules, app->cfg.genesis, p->height, p->time_ms / 1000);
  chain_proposal_draft(&draft, p, &app->info.header,
                       chain_genesis_gas_limit(app->cfg.genesis));
  return chain_exec_block(app->exec, &app->result, &rules, &draft, txs, tx_cnt,
                          &hashes, node_state_source(app->cfg.state),
                          app->cfg.par, bounds ? app_keep_going : NULL, bounds,
                          &app->arena);
}

static void app_drop_candidate(struct node_app *app) {
  app->has_candidate = false;
  if (app->take.cnt) node_pool_untake(app->cfg.pool, &app->take);
  app->take.cnt = 0;
  /* A large block's pieces fit no other block: they go back. */
  if (app->arena.used > APP_ARENA_KEPT) {
    arena_fini(&app->arena);
    arena_init(&app->arena, APP_ARENA_CHUNK, 0);
  } else {
    arena_clear(&app->arena);
  }
}

/* Of the block's transactions, those that a proposal lists: all but what its
** deadlines did. */
static u32 app_listed(const struct chain_block_result *r) {
  bool last = r->tx_cnt && r->tx[r->tx_cnt - 1]->type == CHAIN_TX_TYPE_SYSTEM;
  return r->tx_cnt - last;
}

err app_prepare_proposal(struct node_app *app, struct chain_proposal *p,
                         hash32 *id, const struct node_app_request *rq) {
  app_drop_candidate(app);
  u64 gas_limit = chain_genesis_gas_limit(app->cfg.genesis);
  struct app_bounds bounds = {rq->deadline_ms, chain_exec_state(app->exec),
                              false, 0};
  app->proposal = (struct chain_proposal){
    .version = CHAIN_PROPOSAL_VERSION,
    .genesis_hash = *app->cfg.genesis_hash,
    .height = app->info.header.number + 1,
    .time_ms = rq->time_ms,
    .parent_hash = app->info.hash,
    .parent_commit = rq->parent_commit,
    .beacon = rq->beacon,
    .proposer = rq->proposer,
    .validators_hash = rq->validators_hash,
    .next_validators_hash = rq->validators_hash,
  };
  u32 cnt_max = rq->tx_max ? rq->tx_max : LIMIT_BLOCK_TX;
  /* What waits may be many blocks' worth: it is not put in order, nor given
  ** room, each time. */
  u32 fit = app->fit + app->fit / 2 + 1024;
  if (app->fit && fit < cnt_max) cnt_max = fit;
  if (rq->edit) {
    TRY(app_execute(app, rq->edit, 1, &bounds));
  } else {
    u8 was = stage_enter(STAGE_pool);
    node_pool_take(app->cfg.pool, &app->take, cnt_max, 2 * gas_limit,
                   &app->arena);
    stage_enter(was);
    u64 least = app_monotonic_ms() + APP_EXECUTE_MIN_MS;
    if (bounds.deadline_ms < least) bounds.deadline_ms = least;
    TRY(app_execute(app, app->take.tx, app->take.cnt, &bounds));
  }
  app->was_cut = bounds.met_all;
  app->fit = bounds.cut_at;
  slice *list = arena_array(&app->arena, slice, app->result.tx_cnt + 1);
  app->proposal.tx_cnt = app_listed(&app->result);
  for (u32 i = 0; i < app->proposal.tx_cnt; i++) {
    list[i] = app->result.tx[i]->raw;
  }
  app->proposal.tx = list;
  chain_proposal_id(&app->id, &app->proposal, &app->arena);
  app->has_candidate = true;
  *p = app->proposal;
  *id = app->id;
  return ERR_OK;
}

struct app_decode { /* par_run: a group of transactions each */
  const slice *raw;
  struct chain_tx *tx;
  struct arena *arena;
  err *result;
  u32 cnt;
};
static void app_recover_group(void *arg, u32 group) {
  struct app_decode *d = arg;
  struct chain_tx *tx[CRYPTO_RECOVER_GROUP];
  u32 at = group * CRYPTO_RECOVER_GROUP, cnt = 0;
  for (; cnt < CRYPTO_RECOVER_GROUP && at + cnt < d->cnt; cnt++) {
    tx[cnt] = &d->tx[at + cnt];
  }
  chain_tx_senders(tx, d->result + at, cnt);
}

/* Form and sender of each; what cannot be decoded or recovered makes the whole
** proposal invalid. */
static err app_decode_all(struct node_app *app, struct chain_tx **out,
                          const struct chain_proposal *p, struct errmsg *msg) {
  struct app_decode d = {
    .raw = p->tx,
    .tx = arena_array(&app->arena, struct chain_tx, p->tx_cnt + 1),
    .arena = &app->arena,
    .result = arena_array(&app->arena, err, p->tx_cnt + 1),
    .cnt = p->tx_cnt,
  };
  for (u32 i = 0; i < p->tx_cnt; i++) {
    if (chain_tx_decode(&d.tx[i], p->tx[i], d.arena, msg) < 0) {
      return ERR_INVALID_BLOCK;
    }
  }
  par_run(app->cfg.par, app_recover_group, &d,
          (p->tx_cnt + CRYPTO_RECOVER_GROUP - 1) / CRYPTO_RECOVER_GROUP);
  bool dev = app->cfg.genesis->dev_edits;
  for (u32 i = 0; i < p->tx_cnt; i++) {
    if (d.result[i] < 0 && dev)
      d.result[i] = chain_tx_unsigned_sender(&d.tx[i]);
    if (d.result[i] < 0) {
      return err_say(msg, ERR_INVALID_BLOCK,
                     "transaction %u of the proposal has no valid sender", i);
    }
  }
  *out = d.tx;
  return ERR_OK;
}

/* On the parent's state and without running anything: everybody who pays has
** the credits for all that the list makes him pay. */
static err app_check_credits(struct node_app *app,
                             const struct chain_proposal *p,
                             const struct chain_tx *txs, struct errmsg *msg) {
  struct chain_credit_view view =
      chain_credit_view_of(node_state_source(app->cfg.state));
  if (!app->cfg.genesis->credits) return ERR_OK;
  TRY(chain_credit_begin(app->credit, &view, p->height, p->time_ms / 1000));
  for (u32 i = 0; i < p->tx_cnt; i++) {
    struct chain_credit_quote q;
    if (app->cfg.genesis->dev_edits && chain_edit_is(&txs[i])) continue;
    TRY(chain_credit_admit(app->credit, &q, &txs[i]));
    if (q.verdict != CHAIN_OK) {
      return err_say(msg, ERR_INVALID_BLOCK,
                     "transaction %u of the proposal has too few credits", i);
    }
  }
  return ERR_OK;
}

err app_process_proposal(struct node_app *app, const struct chain_proposal *p,
                         hash32 *id, struct errmsg *msg) {
  struct chain_tx *txs = NULL;
  app_drop_candidate(app);
  const struct chain_genesis *g = app->cfg.genesis;
  TRY(chain_proposal_check(p, app->cfg.genesis_hash, &app->info.header,
                           &app->info.hash, g->validator, g->validator_cnt,
                           g->dev_edits, msg));
  app->proposal = *p;
  TRY(app_decode_all(app, &txs, p, msg));
  TRY(app_check_credits(app, p, txs, msg));
  TRY(app_execute(app, txs, p->tx_cnt, NULL));
  chain_proposal_id(&app->id, p, &app->arena);
  app->has_candidate = true;
  *id = app->id;
  return ERR_OK;
}

err app_finalize_block(struct node_app *app, const struct chain_proposal *p,
                       const hash32 *id,
                       const struct chain_block_result **out) {
  if (!app->has_candidate || !hash32_eq(&app->id, id)) {
    hash32 again;
    TRY(app_process_proposal(app, p, &again, NULL));
    MUST(hash32_eq(&again, id));
  }
  *out = &app->result;
  return ERR_OK;
}

/* What became of each transaction that the pool gave. */
static void app_tell_pool(struct node_app *app) {
  enum node_pool_fate *fate =
      arena_array(&app->arena, enum node_pool_fate, app->take.cnt + 1);
  for (u32 i = 0; i < app->take.cnt; i++) {
    enum chain_verdict v = app->result.skipped[i];
    bool keep = v == CHAIN_GAS_LIMIT_REACHED || v == CHAIN_NONCE_HIGH ||
                v == CHAIN_CREDITS;
    fate[i] = v == CHAIN_OK ? POOL_INCLUDED : keep ? POOL_KEPT : POOL_DROPPED;
  }
  node_pool_executed(app->cfg.pool, &app->take, fate,
                     app->result.header.number, &app->result.diff);
  app->take.cnt = 0;
}

static void app_advance(struct node_app *app, const struct chain_header *h,
                        const hash32 *hash) {
  app->info.header = *h;
  app->info.hash = *hash;
  app->hash[h->number % APP_HASHES] = *hash;
}

err app_import_block(struct node_app *app, struct store_block **out,
                     struct chain_import_block *b, struct errmsg *msg) {
  const struct chain_genesis *g = app->cfg.genesis;
  struct chain_import_env env = {
    .parent = app->info.header,
    .parent_hash = app->info.hash,
    .hashes = {app, app_block_hash},
    .src = *node_state_source(app->cfg.state),
    .deposit_contract = g->deposit_contract,
    .par = app->cfg.par,
  };
  struct chain_import_result r;
  struct node_pool_take none = {.cnt = 0};
  app_drop_candidate(app);
  chain_rules_for(&env.rules, g, &b->header);
  env.bomb_delay = chain_bomb_delay_at(&g->schedule, env.rules.fork,
                                       b->header.number);
  TRY(chain_import(app->exec, &r, &env, b, &app->arena, msg));
  app->result = (struct chain_block_result){
    .header = b->header, .hash = b->hash, .tx_cnt = b->tx_cnt,
    .tx = arena_array(&app->arena, const struct chain_tx *, b->tx_cnt + 1),
    .receipt = r.receipt, .diff = r.diff, .root = r.root};
  for (u32 i = 0; i < b->tx_cnt; i++) app->result.tx[i] = &b->tx[i];
  TRY(node_state_apply(app->cfg.state, out, &app->result, b->rest,
                       slice_of(NULL, 0)));
  (*out)->size = b->raw.len;
  app_advance(app, &b->header, &b->hash);
  node_pool_executed(app->cfg.pool, &none, NULL, b->header.number, &r.diff);
  app_drop_candidate(app);
  return ERR_OK;
}

err app_commit(struct node_app *app, struct store_block **out, slice commit) {
  MUST(app->has_candidate);
  struct chain_proposal p = app->proposal;
  struct buf bytes;
  buf_init(&bytes, 0);
  /* The block's own rows hold the list, unless some were left out of it. */
  if (p.tx_cnt == app_listed(&app->result)) p.tx_cnt = 0;
  chain_proposal_encode(&bytes, &p);
  err e = node_state_apply(app->cfg.state, out, &app->result,
                           buf_slice(&bytes), commit);
  buf_fini(&bytes);
  if (e < 0) return e;
  app_advance(app, &app->result.header, &app->result.hash);
  u8 was = stage_enter(STAGE_pool);
  app_tell_pool(app);
  stage_enter(was);
  app_drop_candidate(app);
  return ERR_OK;
}
