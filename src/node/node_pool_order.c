/* node_pool_order.c - whose turn it is, and who must go; see node_pool.h.
**
** The order is made anew for each block: a heap of the senders by (share that
** their next one brings them to, its id), built in a moment from an array.
** What is taken of one counts towards its share at once.  So at equal history
** a stake comes before a base allowance, of which the same transaction is a
** larger part, however many of those came first.
**
** Who must go when the pool is full: the heaviest.  A sender with more than
** its fair part of the pool weighs by its bytes, above all others; the rest by
** share.  The heap of the heaviest is built when first needed after a block
** and kept while the pool stays full; its weights may be out of date, so the
** top is weighed again before it is believed.
*/
#include "node/node_pool_int.h"

#define POOL_BLOCK_PARTS 20 /* nobody fills more than one of so many */
#define POOL_BYTE_PARTS 64
#define POOL_HEAVY (1ull << 32)

/*--------------------------------------------------------------- credits */

err pool_credit_admit(struct node_pool *p, struct pool_tx *t) {
  const struct node_pool_credit *c = &p->cfg.credit;
  if (!c->admit) return ERR_OK;
  err e = c->admit(c->ctx, &t->quote, &t->tx);
  t->reserved = e == ERR_OK && t->quote.verdict == CHAIN_OK;
  return e;
}

void pool_credit_release(struct node_pool *p, struct pool_tx *t) {
  if (t->reserved) {
    p->cfg.credit.release(p->cfg.credit.ctx, &t->quote, &t->tx);
  }
  t->reserved = false;
}

/* Prices may have risen so that the first can only be paid with what the
** later ones have reserved: then all ask again, in order. */
void pool_credit_renew(struct node_pool *p, struct pool_account *acc) {
  if (!p->cfg.credit.admit || acc->quoted == p->version || acc->ready == 0) {
    return;
  }
  struct pool_tx *first = pool_account_at(acc, 0);
  acc->quoted = p->version;
  if (first->taken) return;
  pool_credit_release(p, first);
  err e = pool_credit_admit(p, first);
  if (e == ERR_OK && !first->reserved) {
    for (u32 i = 1; i < acc->cnt; i++) {
      pool_credit_release(p, pool_account_at(acc, i));
    }
    for (u32 i = 0; e == ERR_OK && i < acc->cnt; i++) {
      e = pool_credit_admit(p, pool_account_at(acc, i));
      if (!pool_account_at(acc, i)->reserved) break;
    }
  }
  acc->parked = e < 0 || !first->reserved;
  acc->share = first->quote.share;
}

/*----------------------------------------------------------------- turns */

/* The share of its payer after q, from share: in 2^-32, rounded up. */
static u32 pool_share_after(u32 share, const struct chain_credit_quote *q) {
  if (q->capacity == 0) return share;
  unsigned __int128 sum = (unsigned __int128)q->reserve << 32;
  sum = share + (sum + q->capacity - 1) / q->capacity;
  return sum > UINT32_MAX ? UINT32_MAX : (u32)sum;
}

static bool pool_turn_before(const struct pool_turn *a,
                             const struct pool_turn *b) {
  return a->share != b->share ? a->share < b->share : a->id < b->id;
}

static void pool_turns_sift(struct pool_turn *heap, u32 cnt, u32 i) {
  struct pool_turn moving = heap[i];
  for (;;) {
    u32 kid = 2 * i + 1;
    if (kid >= cnt) break;
    if (kid + 1 < cnt && pool_turn_before(&heap[kid + 1], &heap[kid])) kid++;
    if (!pool_turn_before(&heap[kid], &moving)) break;
    heap[i] = heap[kid];
    i = kid;
  }
  heap[i] = moving;
}

static void pool_turns_order(struct pool_turns *ts) {
  for (u32 i = ts->cnt / 2; i-- > 0;) pool_turns_sift(ts->heap, ts->cnt, i);
}

void pool_turns_begin(struct node_pool *p, struct pool_turns *ts,
                      u64 large_max, struct arena *a) {
  ts->heap = arena_alloc_raw(a, sizeof *ts->heap * (p->active_cnt + 1));
  ts->held = arena_alloc_raw(a, sizeof *ts->held * (p->active_cnt + 1));
  ts->cnt = ts->held_cnt = 0;
  ts->part = p->cfg.block_gas_limit / POOL_BLOCK_PARTS;
  ts->large_left = large_max;
  for (u32 i = 0; i < p->active_cnt; i++) {
    struct pool_account *acc = p->active[i];
    pool_credit_renew(p, acc);
    if (acc->parked) continue;
    const struct pool_tx *t = pool_account_at(acc, 0);
    ts->heap[ts->cnt++] = (struct pool_turn){
      .share = pool_share_after(acc->share, &t->quote), .id = t->id,
      .acc = acc};
  }
  pool_turns_order(ts);
}

void pool_turns_pass(struct pool_turns *ts) {
  ts->heap[0] = ts->heap[--ts->cnt];
  if (ts->cnt) pool_turns_sift(ts->heap, ts->cnt, 0);
}

/* Nobody waits any more: the rest of those held, without bounds. */
static void pool_turns_again(struct pool_turns *ts) {
  struct pool_turn *empty = ts->heap;
  ts->heap = ts->held;
  ts->held = empty;
  ts->cnt = ts->held_cnt;
  ts->held_cnt = 0;
  ts->part = UINT64_MAX;
  pool_turns_order(ts);
}

static void pool_turns_hold(struct pool_turns *ts) {
  ts->held[ts->held_cnt++] = ts->heap[0];
  pool_turns_pass(ts);
}

struct pool_tx *pool_turns_next(struct pool_turns *ts) {
  for (;;) {
    if (ts->cnt == 0) pool_turns_again(ts);
    if (ts->cnt == 0) return NULL;
    struct pool_tx *t = pool_account_at(ts->heap[0].acc, ts->heap[0].at);
    if (t->tx.gas_limit <= ts->part || t->tx.gas_limit <= ts->large_left) {
      return t;
    }
    pool_turns_hold(ts);
  }
}

void pool_turns_use(struct pool_turns *ts) {
  struct pool_turn *turn = &ts->heap[0];
  const struct pool_tx *t = pool_account_at(turn->acc, turn->at);
  turn->gas += t->tx.gas_limit;
  if (t->tx.gas_limit > ts->part) ts->large_left -= t->tx.gas_limit;
  if (++turn->at == turn->acc->ready) {
    pool_turns_pass(ts);
    return;
  }
  const struct pool_tx *next = pool_account_at(turn->acc, turn->at);
  turn->id = next->id;
  turn->share = pool_share_after(turn->share, &next->quote);
  if (next->tx.gas_limit > ts->part ||
      turn->gas > ts->part - next->tx.gas_limit) {
    pool_turns_hold(ts);
    return;
  }
  pool_turns_sift(ts->heap, ts->cnt, 0);
}

/*-------------------------------------------------------------- eviction */

/* With more (may be NULL): as if that were its last one. */
static u64 pool_weight(const struct node_pool *p,
                       const struct pool_account *acc,
                       const struct pool_tx *more) {
  u32 cnt = acc->cnt + (more != NULL);
  size_t bytes = acc->bytes + (more ? more->bytes : 0);
  if (cnt > LIMIT_POOL_SENDER_FAIR ||
      bytes > p->cfg.bytes_max / POOL_BYTE_PARTS) {
    return POOL_HEAVY + bytes;
  }
  if (!more) more = pool_account_at(acc, acc->cnt - 1);
  return pool_share_after(acc->share, &more->quote);
}

static void pool_victim_down(struct pool_victim *heap, u32 cnt, u32 i) {
  struct pool_victim moving = heap[i];
  for (;;) {
    u32 kid = 2 * i + 1;
    if (kid >= cnt) break;
    if (kid + 1 < cnt && heap[kid + 1].weight > heap[kid].weight) kid++;
    if (heap[kid].weight <= moving.weight) break;
    heap[i] = heap[kid];
    i = kid;
  }
  heap[i] = moving;
}

static void pool_victim_push(struct node_pool *p, struct pool_account *acc) {
  if (p->victim_cnt == p->victim_cap) {
    p->victim_cap = p->victim_cap ? p->victim_cap * 2 : 1024;
    p->victim = mem_realloc(p->victim, sizeof *p->victim * p->victim_cap);
  }
  u32 i = p->victim_cnt++;
  u64 weight = pool_weight(p, acc, NULL);
  while (i > 0 && p->victim[(i - 1) / 2].weight < weight) {
    p->victim[i] = p->victim[(i - 1) / 2];
    i = (i - 1) / 2;
  }
  p->victim[i] = (struct pool_victim){weight, acc};
}

void pool_victim_add(struct node_pool *p, struct pool_account *acc) {
  p->hopeless = false;
  if (p->victim_version != p->version) return;
  if (p->victim_cnt > 4 * p->cfg.tx_max) p->victim_version = UINT64_MAX;
  else pool_victim_push(p, acc);
}

static void pool_victims_make(struct node_pool *p) {
  if (p->victim_version == p->version) return;
  p->victim_version = p->version;
  p->victim_cnt = 0;
  for (u32 i = 0; i < p->active_cnt; i++) pool_victim_push(p, p->active[i]);
}

/* The heaviest sender whose last one is free to go; NULL: none. */
static struct pool_account *pool_victim_top(struct node_pool *p) {
  pool_victims_make(p);
  while (p->victim_cnt > 0) {
    struct pool_victim *top = &p->victim[0];
    struct pool_account *acc = top->acc;
    u64 weight = acc->ready > 0 ? pool_weight(p, acc, NULL) : 0;
    if (acc->ready > 0 && weight == top->weight &&
        !pool_account_at(acc, acc->cnt - 1)->taken) {
      return acc;
    }
    bool again = acc->ready > 0 && weight < top->weight;
    *top = again ? (struct pool_victim){weight, acc}
                 : p->victim[--p->victim_cnt];
    if (p->victim_cnt) pool_victim_down(p->victim, p->victim_cnt, 0);
  }
  return NULL;
}

bool pool_evict(struct node_pool *p, const struct pool_account *acc,
                const struct pool_tx *t) {
  struct pool_tx *queued = p->list[POOL_AT_QUEUED].last;
  while (queued && queued->tx.sender.b[0] == acc->addr.b[0] &&
         addr20_eq(&queued->tx.sender, &acc->addr)) {
    queued = queued->prev;
  }
  if (queued) {
    pool_remove(p, queued);
    return true;
  }
  struct pool_account *top = pool_victim_top(p);
  if (!top || top == acc ||
      pool_weight(p, top, NULL) <= pool_weight(p, acc, t)) {
    p->hopeless = !top || pool_weight(p, top, NULL) == 0;
    return false;
  }
  pool_remove(p, pool_account_at(top, top->cnt - 1));
  return true;
}

#undef POOL_BLOCK_PARTS
#undef POOL_BYTE_PARTS
#undef POOL_HEAVY
