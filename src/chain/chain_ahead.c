/* chain_ahead.c - see chain_ahead.h.
**
** Optimistic execution with commits in order, after Block-STM (Gelashvili and
** others, arXiv 2203.06871), but in windows and with reads told by value:
**
**   1. The next transactions, some for each lane, form a window.  Those that
**      are worth it (chain_worth.h), with what their senders have before them,
**      are cut into groups of one sender.  Lanes take groups; each transaction
**      runs on the state as it stood before the window, seen through what its
**      own group did before it, and leaves its effect (state.h): what it read,
**      what it changed.
**   2. In order, each effect whose reads still hold is taken over; any other
**      transaction is executed at its turn by the block's own executor.
**
** So the lanes only propose, and nothing depends on them but time: every
** result is one that the executor has made itself or checked value by value.
** Payments to one account do not hinder each other, nor do holders of a token;
** buyers of one order book do.
**
** Which transactions are tried on lanes is not seen in the block either, so it
** may follow from the clock; bench_ahead measures what the choice gives.
** Lanes are opened when the first are worth it, and begin a block then.
**
** Limits: a lane's arena holds one window's effects; CHAIN_AHEAD_PER_LANE
** transactions a lane in a window.
*/
#include "chain/chain_ahead.h"

#include <stdatomic.h>

#include "base/map.h"
#include "chain/chain_worth.h"

#define CHAIN_AHEAD_PER_LANE 32
#define CHAIN_AHEAD_NONE 0xffffffffu
#define CHAIN_AHEAD_CODES 16 /* new code that one transaction may meet */
#define CHAIN_AHEAD_STRANGE 4

struct chain_ahead_tx {
  u32 before, after;      /* of its group, in the window */
  struct chain_worth_view worth;
  u64 sum_ns;             /* its group's until after it */
  bool kept;              /* for a lane: it or a later one of its group */
  bool tried;
  struct state_effect effect;
  struct chain_outcome outcome;
};
struct chain_lane {
  struct chain_ahead *h;
  struct chain_exec *exec;
  struct arena arena;
  struct state_source src;
  u32 before;             /* of the transaction that runs: the last effect */
  struct {
    hash32 hash;
    slice code;
  } code[CHAIN_AHEAD_CODES];
  u32 code_cnt;
  u64 gas;
};
struct chain_ahead {
  struct chain_lane *lane;
  u32 lane_cnt;
  u64 hash_seed;
  struct chain_worth *worth;
  struct chain_exec *x;
  struct state_source base;
  const struct par *par;
  bool can;               /* the rules allow it */
  bool begun;             /* lanes have this block */
  struct chain_rules rules; /* theirs */
  const struct chain_header *header;
  const struct chain_hashes *hashes;
  struct chain_ahead_tx *tx;
  const struct chain_tx *txs;
  u32 first, end;         /* the window, in txs */
  u32 *group;             /* first of each */
  u32 group_cnt;
  _Atomic u32 next_group;
  struct map sender;      /* to the last of its group */
  u64 sum_ns, used_ns;    /* of this window: expected of those tried, if each
                          ** went alone; what lanes and those in vain took */
  u32 tried, taken;       /* of this window */
  struct chain_ahead_stat stat;
};

/*--------------------------------------------- what a lane sees of the world */
static const struct state_effect_account *chain_ahead_find(
    const struct chain_ahead_tx *t, const addr20 *a) {
  for (u32 i = 0; i < t->effect.account_cnt; i++)
    if (addr20_eq(&t->effect.account[i].addr, a)) return &t->effect.account[i];
  return NULL;
}

static err chain_lane_learn(struct chain_lane *l, const hash32 *hash,
                            slice code) {
  if (code.len == 0) return ERR_OK;
  if (l->code_cnt == CHAIN_AHEAD_CODES) return ERR_LIMIT;
  l->code[l->code_cnt].hash = *hash;
  l->code[l->code_cnt++].code = code;
  return ERR_OK;
}

static err chain_lane_account(void *ctx, struct state_account *out,
                              bool *found, const addr20 *addr,
                              const hash32 *addr_hash) {
  struct chain_lane *l = ctx;
  const struct chain_ahead *h = l->h;
  slice code;
  for (u32 t = l->before; t != CHAIN_AHEAD_NONE; t = h->tx[t].before) {
    const struct state_effect_account *e = chain_ahead_find(&h->tx[t], addr);
    if (!e) continue;
    *out = e->new_val;
    *found = e->existed || e->new_val.nonce ||
             !u256_is_zero(&e->new_val.balance) || e->code.len;
    if (e->slot_cnt)
      memset(out->storage_root.b, 0xff, sizeof(out->storage_root.b));
    return chain_lane_learn(l, &out->code_hash, e->code);
  }
  if (!state_peek_account(chain_exec_state(h->x), out, found, &code, addr))
    return h->base.account(h->base.ctx, out, found, addr, addr_hash);
  return chain_lane_learn(l, &out->code_hash, code);
}

static err chain_lane_slot(void *ctx, u256 *out, const addr20 *addr,
                           const hash32 *addr_hash, const u256 *slot,
                           const hash32 *slot_hash) {
  const struct chain_lane *l = ctx;
  const struct chain_ahead *h = l->h;
  for (u32 t = l->before; t != CHAIN_AHEAD_NONE; t = h->tx[t].before) {
    const struct state_effect_account *e = chain_ahead_find(&h->tx[t], addr);
    for (u32 i = 0; e && i < e->slot_cnt; i++) {
      if (!u256_eq(&e->slot[i].slot, slot)) continue;
      *out = e->slot[i].new_val;
      return ERR_OK;
    }
  }
  if (state_peek_slot(chain_exec_state(h->x), out, addr, slot)) return ERR_OK;
  return h->base.slot(h->base.ctx, out, addr, addr_hash, slot, slot_hash);
}

static err chain_lane_code(void *ctx, slice *out, const hash32 *code_hash) {
  const struct chain_lane *l = ctx;
  const struct chain_ahead *h = l->h;
  for (u32 i = 0; i < l->code_cnt; i++) {
    if (!hash32_eq(&l->code[i].hash, code_hash)) continue;
    *out = l->code[i].code;
    return ERR_OK;
  }
  return h->base.code(h->base.ctx, out, code_hash);
}

/*------------------------------------------------------------ opening, a block */
struct chain_ahead *chain_ahead_open(u32 lane_cnt, u64 (*clock)(void),
                                     u64 hash_seed) {
  MUST(lane_cnt >= 2 && lane_cnt <= CHAIN_LANE_MAX);
  struct chain_ahead *h = mem_alloc(sizeof(*h));
  u32 most = lane_cnt * CHAIN_AHEAD_PER_LANE;
  h->lane_cnt = lane_cnt;
  h->hash_seed = hash_seed;
  h->worth = chain_worth_open(lane_cnt, clock, hash_seed);
  h->tx = mem_alloc(sizeof(*h->tx) * most);
  h->group = mem_alloc(sizeof(*h->group) * most);
  map_init(&h->sender, sizeof(addr20), sizeof(u32), most, hash_seed);
  return h;
}

static void chain_lanes_open(struct chain_ahead *h) {
  h->lane = mem_alloc(sizeof(*h->lane) * h->lane_cnt);
  for (u32 i = 0; i < h->lane_cnt; i++) {
    struct chain_lane *l = &h->lane[i];
    l->h = h;
    l->exec = chain_exec_open(h->hash_seed);
    arena_init(&l->arena, 1 << 16, 0);
    l->src = (struct state_source){
        .ctx = l, .account = chain_lane_account, .slot = chain_lane_slot,
        .code = chain_lane_code};
  }
}

void chain_ahead_close(struct chain_ahead *h) {
  if (!h) return;
  for (u32 i = 0; h->lane && i < h->lane_cnt; i++) {
    chain_exec_close(h->lane[i].exec);
    arena_fini(&h->lane[i].arena);
  }
  chain_worth_close(h->worth);
  map_fini(&h->sender);
  mem_free(h->lane);
  mem_free(h->tx);
  mem_free(h->group);
  mem_free(h);
}

void chain_ahead_begin(struct chain_ahead *h, struct chain_exec *x,
                       const struct chain_rules *rules,
                       const struct chain_header *header,
                       const struct chain_hashes *hashes,
                       const struct state_source *src,
                       const struct par *par) {
  h->rules = *rules;
  h->rules.system_calls = h->rules.history_call = false; /* x has made them */
  h->rules.credits = false; /* x reserves and charges, in order */
  h->header = header;
  h->hashes = hashes;
  h->x = x;
  h->base = *src;
  h->par = par;
  h->can = !rules->fees; /* else all meet in the coinbase's balance */
  h->first = h->end = h->tried = 0;
  h->begun = false;
}

static void chain_lanes_begin(struct chain_ahead *h) {
  if (h->begun) return;
  if (!h->lane) chain_lanes_open(h);
  h->begun = true;
  for (u32 i = 0; i < h->lane_cnt; i++)
    chain_exec_begin(h->lane[i].exec, &h->rules, h->header, h->hashes,
                     &h->lane[i].src);
}

/*-------------------------------------------------------------------- a window */
static void chain_lane_run(struct chain_lane *l, u32 t) {
  struct chain_ahead *h = l->h;
  struct chain_ahead_tx *at = &h->tx[t];
  struct state *s = chain_exec_state(l->exec);
  l->before = at->before;
  l->code_cnt = 0;
  state_block_begin(s, &l->src);
  chain_exec_gas_reset(l->exec);
  chain_exec_tx(l->exec, &at->outcome, &h->txs[h->first + t]);
  struct chain_outcome *o = &at->outcome;
  if (o->verdict == CHAIN_OK && o->log_cnt) {
    struct state_log *log =
        arena_copy(&l->arena, o->log, sizeof(*log) * o->log_cnt);
    for (u32 i = 0; i < o->log_cnt; i++)
      log[i].data = arena_copy_slice(&l->arena, log[i].data);
    o->log = log;
  }
  if (o->verdict == CHAIN_OK && o->met_cnt)
    o->met = arena_copy(&l->arena, o->met, sizeof(*o->met) * o->met_cnt);
  o->output = slice_of(NULL, 0);
  l->gas += o->gas_used;
  state_effect_take(s, &at->effect, &l->arena);
  if (chain_exec_met_module(l->exec)) at->effect.whole = false;
  at->tried = true;
}

/* One lane: group after group until there are no more. */
static void chain_lane_groups(void *arg, u32 i) {
  struct chain_ahead *h = arg;
  struct chain_lane *l = &h->lane[i];
  for (;;) {
    u32 g = atomic_fetch_add(&h->next_group, 1);
    if (g >= h->group_cnt) return;
    for (u32 t = h->group[g]; t != CHAIN_AHEAD_NONE && h->tx[t].kept;
         t = h->tx[t].after) {
      chain_lane_run(l, t);
      if (!h->tx[t].effect.whole) break;
    }
  }
}

/* Which transactions are worth it; how many.  While there are none, a window
** ends where those to come would be better known. */
static u32 chain_ahead_see(struct chain_ahead *h) {
  u32 wanted = 0, strange = 0;
  for (u32 t = 0; t < h->end - h->first; t++) {
    struct chain_ahead_tx *at = &h->tx[t];
    chain_worth_see(h->worth, &at->worth, &h->txs[h->first + t]);
    at->tried = false;
    wanted += at->worth.wanted;
    strange += at->worth.strange;
    if (!wanted && strange == CHAIN_AHEAD_STRANGE) h->end = h->first + t + 1;
  }
  return wanted;
}

/* Groups, up to the last of each that is worth it; whether lanes gain. */
static bool chain_ahead_plan(struct chain_ahead *h) {
  u32 cnt = h->end - h->first;
  u64 sum = 0, longest = 0;
  map_clear(&h->sender);
  h->group_cnt = 0;
  for (u32 t = 0; t < cnt; t++) {
    struct chain_ahead_tx *at = &h->tx[t];
    bool is_new;
    u32 *last = map_put(&h->sender, h->txs[h->first + t].sender.b, &is_new);
    at->before = is_new ? CHAIN_AHEAD_NONE : *last;
    at->after = CHAIN_AHEAD_NONE;
    at->sum_ns = at->worth.cost_ns;
    if (!is_new) {
      h->tx[*last].after = t;
      at->sum_ns += h->tx[*last].sum_ns;
    }
    *last = t;
  }
  for (u32 t = cnt; t-- > 0;) {
    struct chain_ahead_tx *at = &h->tx[t];
    at->kept = at->worth.wanted || (at->after != CHAIN_AHEAD_NONE &&
                                    h->tx[at->after].kept);
    if (!at->kept) continue;
    sum += at->worth.cost_ns;
    if (longest < at->sum_ns) longest = at->sum_ns;
    if (at->before == CHAIN_AHEAD_NONE) h->group[h->group_cnt++] = t;
  }
  for (u32 i = 0; i < h->group_cnt / 2; i++) { /* in the block's order */
    u32 t = h->group[i];
    h->group[i] = h->group[h->group_cnt - 1 - i];
    h->group[h->group_cnt - 1 - i] = t;
  }
  return h->group_cnt > 1 && chain_worth_window(h->worth, sum, longest);
}

static void chain_ahead_run(struct chain_ahead *h) {
  u64 start = chain_worth_now(h->worth), longest = 0;
  chain_lanes_begin(h);
  for (u32 i = 0; i < h->lane_cnt; i++) {
    arena_clear(&h->lane[i].arena);
    h->lane[i].gas = 0;
  }
  atomic_store(&h->next_group, 0);
  par_run(h->par, chain_lane_groups, h, h->lane_cnt);
  for (u32 i = 0; i < h->lane_cnt; i++)
    if (h->lane[i].gas > longest) longest = h->lane[i].gas;
  h->stat.windows++;
  h->stat.gas_longest += longest;
  h->used_ns = chain_worth_now(h->worth) - start;
}

/* Decides what to do from `at` on: h->end, and whether lanes run. */
static void chain_ahead_window(struct chain_ahead *h, u32 cnt, u32 at) {
  u32 most = h->lane_cnt * CHAIN_AHEAD_PER_LANE;
  if (h->tried &&
      !chain_worth_done(h->worth, h->sum_ns, h->used_ns, h->taken))
    h->stat.lost++;
  h->sum_ns = h->used_ns = h->tried = h->taken = 0;
  h->first = at;
  h->end = at + (cnt - at < most ? cnt - at : most);
  if (chain_ahead_see(h) && chain_ahead_plan(h)) chain_ahead_run(h);
}

static void chain_ahead_alone(struct chain_ahead *h, struct chain_outcome *out,
                              const struct chain_tx *tx,
                              const struct chain_ahead_tx *t) {
  bool tried = t && t->tried, timed = tried || (t && t->worth.timed);
  u64 start = timed ? chain_worth_now(h->worth) : 0, took;
  chain_exec_tx(h->x, out, tx);
  if (timed && out->verdict == CHAIN_OK) {
    took = chain_worth_now(h->worth) - start;
    chain_worth_cost(h->worth, t->worth.like, took);
    h->used_ns += tried ? took : 0;
  }
  *(tried ? &h->stat.again : &h->stat.alone) += 1;
  *(tried ? &h->stat.gas_again : &h->stat.gas_alone) += out->gas_used;
}

void chain_ahead_tx(struct chain_ahead *h, struct chain_outcome *out,
                    const struct chain_tx *txs, u32 cnt, u32 at) {
  h->txs = txs;
  if (h->can && at >= h->end) chain_ahead_window(h, cnt, at);
  struct chain_ahead_tx *t = at < h->end ? &h->tx[at - h->first] : NULL;
  bool took = t && t->tried &&
              chain_exec_take(h->x, out, &txs[at], &t->outcome, &t->effect);
  if (took) {
    h->taken++;
    h->stat.taken++;
    h->stat.gas_taken += out->gas_used;
  } else {
    chain_ahead_alone(h, out, &txs[at], t);
  }
  if (!t || !t->tried) return;
  h->tried++;
  h->sum_ns += t->worth.cost_ns;
  chain_worth_tried(h->worth, t->worth.like, !took);
}

void chain_ahead_stat(const struct chain_ahead *h,
                      struct chain_ahead_stat *out) {
  *out = h->stat;
}
