/* node_pool_int.h - what the files of the pool share: node_pool.c (rows,
** admission, reading), node_pool_order.c (whose turn it is, who must go),
** node_pool_save.c (the file).  All functions want the lock. */
#ifndef NODE_POOL_INT_H
#define NODE_POOL_INT_H
#include "base/limits.h"
#include "base/map.h"
#include "node/node_pool.h"
#include <pthread.h>

enum pool_place { POOL_AT_NONE, POOL_AT_READY, POOL_AT_QUEUED, POOL_AT_BLOCK,
                  POOL_PLACE_CNT };

struct pool_tx {
  struct chain_tx tx;
  struct pool_tx *prev, *next;   /* queued, or in a block: of those */
  struct pool_tx *older, *newer; /* of all that are in no block */
  enum pool_place place;
  bool taken;                    /* the proposer is executing it */
  bool saved;                    /* the file has it, or is being told */
  bool reserved;                 /* quote holds credits */
  u64 id;                        /* rises with arrival */
  u64 arrival_ms, height;        /* height when in a block */
  size_t bytes;
  struct chain_credit_quote quote;
  struct arena lists;            /* access list, authorizations */
  u8 raw[];
};

struct pool_list {
  struct pool_tx *first, *last;
  u32 cnt;
};

struct pool_account {
  addr20 addr;
  u64 nonce;
  u256 balance;
  bool known;      /* nonce and balance are of the last executed block */
  bool delegated;
  bool parked;     /* its next one cannot be paid at present */
  u32 share;       /* of its payer, as told at version quoted */
  u64 quoted;
  u32 authority;   /* pooled transactions that name it as authority */
  struct pool_tx **tx; /* by nonce: tx[head .. head + cnt) */
  u32 head, cnt, cap;
  u32 ready;       /* the first so many follow nonce without a gap */
  u32 active_at;   /* place in pool.active when ready > 0 */
  size_t bytes;
};

/* One who could go for a better one, heaviest first. */
struct pool_victim {
  u64 weight;
  struct pool_account *acc;
};

struct node_pool {
  struct node_pool_config cfg;
  pthread_mutex_t lock;
  struct map by_hash;   /* hash32 -> struct pool_tx * */
  struct map accounts;  /* addr20 -> struct pool_account * */
  struct pool_account **active; /* those with something ready */
  u32 active_cnt, active_cap;
  u32 ready_cnt;
  struct pool_list list[POOL_PLACE_CNT]; /* queued and block only */
  struct pool_tx *oldest, *newest, *unsaved; /* unsaved: the oldest such */
  u64 *gone;            /* ids of rows to be deleted */
  u32 gone_cnt, gone_cap;
  struct pool_victim *victim; /* a heap, while victim_version is version */
  u32 victim_cnt, victim_cap;
  u64 victim_version;
  bool hopeless;        /* full, and nobody could go for a newcomer */
  u64 version;          /* executed blocks */
  u64 last_id, bytes;
};

static inline struct pool_tx *pool_account_at(const struct pool_account *acc,
                                              u32 i) {
  return acc->tx[acc->head + i];
}
static inline bool pool_is_full(const struct node_pool *p, size_t more_bytes) {
  return p->by_hash.cnt >= p->cfg.tx_max ||
         p->bytes + more_bytes > p->cfg.bytes_max;
}

/* node_pool.c */
/* Out of its row, the lists and memory; the rest of the row is put right. */
void pool_remove(struct node_pool *p, struct pool_tx *t);

/* node_pool_order.c */
/* Credits for t; a verdict other than CHAIN_OK is in its quote. */
err pool_credit_admit(struct node_pool *p, struct pool_tx *t);
void pool_credit_release(struct node_pool *p, struct pool_tx *t);
/* Asks again whether the account's next one can be paid, once a version. */
void pool_credit_renew(struct node_pool *p, struct pool_account *acc);
/* Makes room for a ready newcomer of acc: false when nobody can go. */
bool pool_evict(struct node_pool *p, const struct pool_account *acc,
                const struct pool_tx *t);
/* acc's row or share has changed. */
void pool_victim_add(struct node_pool *p, struct pool_account *acc);

/* The order of all ready ones, one after the other. */
struct pool_turn {
  u32 share, at;   /* at: next in its row */
  u64 id, gas;     /* of that; taken so far */
  struct pool_account *acc;
};
struct pool_turns {
  struct pool_turn *heap, *held; /* held: those who had their part */
  u32 cnt, held_cnt;
  u64 part;        /* gas of one account while others wait */
  u64 large_left;  /* gas of those with more than a part, likewise */
};
/* large_max: gas of those whose limit is above a part, while others wait. */
void pool_turns_begin(struct node_pool *p, struct pool_turns *ts,
                      u64 large_max, struct arena *a);
/* The next one; NULL at the end. */
struct pool_tx *pool_turns_next(struct pool_turns *ts);
/* It is used, or its sender passed over. */
void pool_turns_use(struct pool_turns *ts);
void pool_turns_pass(struct pool_turns *ts);
#endif
