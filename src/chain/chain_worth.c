/* chain_worth.c - see chain_worth.h.
**
** To find a transaction's effect on a lane, to check it and to take it over
** costs some two microseconds, which is more than most transactions are worth:
** a transfer takes one.  Gas does not tell: storage is priced by what it takes
** to keep, and 40,000 gas are two microseconds of a token or a hundred of
** hashing.  So what a call costs is measured, on the block's own executor: of
** each like (one method of one contract) the first few and then one in
** CHAIN_WORTH_EVERY, on lanes one in CHAIN_WORTH_EVERY_LANE.  Three rules, none
** of which a block's content depends on:
**
**   - A like is wanted on lanes when one call there saves CHAIN_WORTH_SAVE_NS.
**     Modules never are: what they do holds at its turn only.
**   - A like of which more are in vain than lanes can make good rests for some
**     calls, each time for twice as many.
**   - Lanes whose window took nearly what its transactions would have taken
**     alone rest altogether, likewise: other work has the cores.  What it would
**     have taken is told by how those that went alone of late came to more or
**     less than expected, since other work delays them too.
**
** Who is met for the first time is executed at its turn, so contracts that
** nobody calls twice cost nothing but two looks at the clock.  Likes are kept
** in a table with one place for each, found by a keyed hash: whoever comes
** takes the place.
*/
#include "chain/chain_worth.h"

#include "chain/chain_genesis.h"

#define CHAIN_WORTH_LIKES 1024u
#define CHAIN_WORTH_SAVE_NS 10000u   /* four times what taking over costs */
#define CHAIN_WORTH_WINDOW_NS 30000u /* waking threads, and waiting for them */
#define CHAIN_WORTH_TAKE_NS 1500u
#define CHAIN_WORTH_FIRST 3u         /* of these the least counts */
#define CHAIN_WORTH_EVERY 16u
#define CHAIN_WORTH_EVERY_LANE 1024u
#define CHAIN_WORTH_SPAN 32u         /* tried until a like is judged */
#define CHAIN_WORTH_LATE_NS 100000000u
#define CHAIN_WORTH_REST 64u
#define CHAIN_WORTH_REST_MAX (1u << 16)
#define CHAIN_WORTH_COST_MAX 1000000000u

struct chain_worth_rest {
  u32 left, len;      /* to go alone; how many the next time */
};
struct chain_worth_like {
  u64 key;
  u32 cost_ns, met;
  u16 timed;          /* up to CHAIN_WORTH_FIRST */
  u8 tried, in_vain;  /* since it was judged */
  struct chain_worth_rest rest;
};
struct chain_worth {
  u32 lane_cnt;
  u64 (*clock)(void);
  u64 seed;
  struct chain_worth_rest rest;
  u64 late_sum_ns, late_ns; /* of dear ones alone: expected, taken */
  struct chain_worth_like like[CHAIN_WORTH_LIKES];
};

struct chain_worth *chain_worth_open(u32 lane_cnt, u64 (*clock)(void),
                                     u64 seed) {
  struct chain_worth *w = mem_alloc(sizeof *w);
  w->lane_cnt = lane_cnt;
  w->clock = clock;
  w->seed = seed | 1;
  return w;
}
void chain_worth_close(struct chain_worth *w) { mem_free(w); }
u64 chain_worth_now(const struct chain_worth *w) {
  return w->clock ? w->clock() : 0;
}

/*------------------------------------------------------------------- resting */
static bool chain_worth_rests(struct chain_worth_rest *r) {
  if (r->left == 0) return false;
  r->left--;
  return true;
}
static void chain_worth_tire(struct chain_worth_rest *r, bool lost) {
  if (!lost) {
    r->len = CHAIN_WORTH_REST;
    return;
  }
  if (r->len == 0) r->len = CHAIN_WORTH_REST;
  r->left = r->len;
  if (r->len < CHAIN_WORTH_REST_MAX) r->len *= 2;
}

/*--------------------------------------------------------------------- likes */
/* Of the receiver and the method's four bytes; never 0. */
static u64 chain_worth_key(const struct chain_worth *w,
                           const struct chain_tx *tx) {
  u64 part[3] = {0};
  if (tx->has_to && tx->data.len) memcpy(part, tx->to.b, 20);
  if (tx->has_to && tx->data.len >= 4)
    memcpy((u8 *)part + 20, tx->data.ptr, 4);
  u64 key = w->seed + !tx->has_to;
  for (u32 i = 0; i < ARRAY_LEN(part); i++) {
    u128 m = (u128)(key ^ part[i]) * 0x9e3779b97f4a7c15u;
    key = (u64)m ^ (u64)(m >> 64);
  }
  return key | 1;
}

static bool chain_worth_pays(const struct chain_worth *w, u32 cost_ns) {
  return cost_ns - cost_ns / w->lane_cnt >= CHAIN_WORTH_SAVE_NS;
}

void chain_worth_see(struct chain_worth *w, struct chain_worth_view *out,
                     const struct chain_tx *tx) {
  *out = (struct chain_worth_view){.wanted = w->clock == NULL};
  if (!w->clock) return;
  u64 key = chain_worth_key(w, tx);
  out->like = (u32)(key >> 32) % CHAIN_WORTH_LIKES;
  struct chain_worth_like *l = &w->like[out->like];
  if (l->key != key) *l = (struct chain_worth_like){.key = key};
  out->cost_ns = l->cost_ns;
  out->strange = l->timed < CHAIN_WORTH_FIRST;
  if (out->strange || !chain_worth_pays(w, l->cost_ns)) {
    out->timed = out->strange || l->met++ % CHAIN_WORTH_EVERY == 0;
    return;
  }
  out->timed = true;
  if (chain_worth_rests(&l->rest) || chain_worth_rests(&w->rest) ||
      (tx->has_to && chain_is_module(&tx->to)))
    return;
  out->wanted = ++l->met % CHAIN_WORTH_EVERY_LANE != 0;
}

void chain_worth_cost(struct chain_worth *w, u32 like, u64 took_ns) {
  struct chain_worth_like *l = &w->like[like];
  u64 most = l->timed < CHAIN_WORTH_FIRST ? CHAIN_WORTH_COST_MAX
                                          : 4ull * l->cost_ns + 1000;
  u32 took = (u32)(took_ns < most ? took_ns : most);
  if (!w->clock) return;
  if (l->timed >= CHAIN_WORTH_FIRST && chain_worth_pays(w, l->cost_ns)) {
    w->late_sum_ns += l->cost_ns;
    w->late_ns += took_ns;
    if (w->late_sum_ns > CHAIN_WORTH_LATE_NS) {
      w->late_sum_ns /= 2;
      w->late_ns /= 2;
    }
  }
  if (l->timed >= CHAIN_WORTH_FIRST) {
    l->cost_ns = (u32)((7ull * l->cost_ns + took) / 8);
    if (l->cost_ns > CHAIN_WORTH_COST_MAX) l->cost_ns = CHAIN_WORTH_COST_MAX;
  } else if (l->timed++ == 0 || took < l->cost_ns) {
    l->cost_ns = took;
  }
}

/* Lanes win all but one part in lane_cnt, those in vain lose theirs: half of
** what could be won is the most that may be lost. */
void chain_worth_tried(struct chain_worth *w, u32 like, bool in_vain) {
  struct chain_worth_like *l = &w->like[like];
  if (!w->clock || l->rest.left) return;
  l->in_vain += in_vain;
  if (++l->tried < CHAIN_WORTH_SPAN) return;
  chain_worth_tire(&l->rest, l->in_vain * 2 * w->lane_cnt >
                                 CHAIN_WORTH_SPAN * (w->lane_cnt - 1));
  l->tried = l->in_vain = 0;
}

/*------------------------------------------------------------------- windows */
bool chain_worth_window(const struct chain_worth *w, u64 sum_ns,
                        u64 longest_ns) {
  u64 path = sum_ns / w->lane_cnt;
  if (path < longest_ns) path = longest_ns;
  return !w->clock || sum_ns - path >= CHAIN_WORTH_WINDOW_NS;
}

bool chain_worth_done(struct chain_worth *w, u64 sum_ns, u64 used_ns,
                      u32 cnt) {
  if (!w->clock) return true;
  u64 alone_ns = sum_ns;
  if (w->late_sum_ns)
    alone_ns = (u64)((u128)sum_ns * w->late_ns / w->late_sum_ns);
  bool lost = used_ns + (u64)cnt * CHAIN_WORTH_TAKE_NS > alone_ns / 8 * 7;
  chain_worth_tire(&w->rest, lost);
  return !lost;
}
