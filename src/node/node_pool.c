/* node_pool.c - see node_pool.h.
**
** One lock.  Everything costly (decoding, recovery, reading an account for
** the first time) is done outside it.  pool->version counts executed blocks:
** an account read without the lock is used only if no block was executed in
** between, else it is read again.
*/
#include "node/node_pool.h"
#include "base/limits.h"
#include "base/map.h"
#include "crypto/keccak.h"
#include <pthread.h>
#include <stdio.h>

enum pool_place { POOL_LIST_NONE, POOL_LIST_READY, POOL_LIST_QUEUED,
                  POOL_LIST_BLOCK };

struct pool_tx {
  struct chain_tx tx;
  struct pool_tx *prev, *next; /* in the list of its place */
  enum pool_place place;
  bool taken;                  /* the proposer is executing it */
  u64 arrival_ms, height;      /* height when in a block */
  size_t bytes;
  struct arena lists;          /* access list, authorizations */
  u8 raw[];
};

struct pool_list {
  struct pool_tx *first, *last;
  u32 cnt;
};

struct pool_account {
  u64 nonce;
  u256 balance;
  bool known;      /* nonce and balance are of the last executed block */
  bool delegated;
  u32 authority;   /* pooled transactions that name it as authority */
  struct pool_tx **tx; /* by nonce: tx[head .. head + cnt) */
  u32 head, cnt, cap;
  u32 ready;       /* the first so many follow nonce without a gap */
};

struct node_pool {
  struct node_pool_config cfg;
  pthread_mutex_t lock;
  struct map by_hash;   /* hash32 -> struct pool_tx * */
  struct map accounts;  /* addr20 -> struct pool_account * */
  struct pool_list list[4]; /* by enum pool_place */
  u64 version, bytes;
};

static void pool_list_add(struct node_pool *p, struct pool_tx *t,
                          enum pool_place place) {
  struct pool_list *l = &p->list[place];
  t->place = place;
  t->prev = l->last;
  t->next = NULL;
  if (l->last) l->last->next = t; else l->first = t;
  l->last = t;
  l->cnt++;
}

static void pool_list_del(struct node_pool *p, struct pool_tx *t) {
  struct pool_list *l = &p->list[t->place];
  if (t->prev) t->prev->next = t->next; else l->first = t->next;
  if (t->next) t->next->prev = t->prev; else l->last = t->prev;
  l->cnt--;
  t->place = POOL_LIST_NONE;
}

static void pool_list_move(struct node_pool *p, struct pool_tx *t,
                           enum pool_place place) {
  if (t->place == place) return;
  if (t->place != POOL_LIST_NONE) pool_list_del(p, t);
  pool_list_add(p, t, place);
}

/*-------------------------------------------------------------- accounts */

static struct pool_account *pool_account_get(const struct node_pool *p,
                                             const addr20 *a) {
  struct pool_account **v = map_get(&p->accounts, a);
  return v ? *v : NULL;
}

static struct pool_account *pool_account_make(struct node_pool *p,
                                              const addr20 *a) {
  struct pool_account **v = map_put(&p->accounts, a, NULL);
  MUST(v);
  if (!*v) *v = mem_alloc(sizeof **v);
  return *v;
}

/* Accounts without transactions are only a cache. */
static void pool_accounts_trim(struct node_pool *p) {
  if (p->accounts.cnt < LIMIT_POOL_ACCOUNTS) return;
  size_t it = 0;
  const void *key;
  void *val;
  while (map_next(&p->accounts, &it, &key, &val)) {
    struct pool_account *acc = *(struct pool_account **)val;
    if (acc->cnt > 0 || acc->authority > 0) continue;
    mem_free(acc->tx);
    mem_free(acc);
    map_del(&p->accounts, key);
  }
}

static void pool_account_set(struct pool_account *acc,
                             const struct state_account *s) {
  acc->known = true;
  acc->nonce = s ? s->nonce : 0;
  acc->balance = s ? s->balance : U256_ZERO;
  acc->delegated = s && !hash32_eq(&s->code_hash, &CRYPTO_KECCAK_EMPTY);
}

static struct pool_tx *pool_account_at(const struct pool_account *acc, u32 i) {
  return acc->tx[acc->head + i];
}

/* Position of the first transaction whose nonce is not below nonce. */
static u32 pool_account_seek(const struct pool_account *acc, u64 nonce) {
  u32 lo = 0, hi = acc->cnt;
  while (lo < hi) {
    u32 mid = (lo + hi) / 2;
    if (pool_account_at(acc, mid)->tx.nonce < nonce) lo = mid + 1; else hi = mid;
  }
  return lo;
}

static void pool_account_insert(struct pool_account *acc, u32 at,
                                struct pool_tx *t) {
  if (acc->head + acc->cnt == acc->cap) {
    if (acc->head > acc->cnt) {
      memcpy(acc->tx, acc->tx + acc->head, sizeof *acc->tx * acc->cnt);
      acc->head = 0;
    } else {
      acc->cap = acc->cap ? acc->cap * 2 : 4;
      acc->tx = mem_realloc(acc->tx, sizeof *acc->tx * acc->cap);
    }
  }
  struct pool_tx **base = acc->tx + acc->head;
  memmove(base + at + 1, base + at, sizeof *base * (acc->cnt - at));
  base[at] = t;
  acc->cnt++;
}

static void pool_account_remove(struct pool_account *acc, u32 at) {
  struct pool_tx **base = acc->tx + acc->head;
  if (at == 0) {
    acc->head++;
  } else {
    memmove(base + at, base + at + 1, sizeof *base * (acc->cnt - at - 1));
  }
  if (--acc->cnt == 0) acc->head = 0;
}

/*---------------------------------------------------------- transactions */

static void pool_authorities(struct node_pool *p, const struct pool_tx *t,
                             int delta) {
  for (u32 i = 0; i < t->tx.auth_cnt; i++) {
    const struct chain_auth *au = &t->tx.auth[i];
    if (!au->has_authority) continue;
    struct pool_account *acc = delta > 0
                                   ? pool_account_make(p, &au->authority)
                                   : pool_account_get(p, &au->authority);
    acc->authority += (u32)delta;
  }
}

void node_pool_drop(struct pool_tx *t) {
  if (!t) return;
  arena_fini(&t->lists);
  mem_free(t);
}

/* Unknown to the pool from here on; not in its sender's row any more. */
static void pool_forget(struct node_pool *p, struct pool_tx *t) {
  pool_authorities(p, t, -1);
  map_del(&p->by_hash, &t->tx.hash);
  p->bytes -= t->bytes;
  if (t->place != POOL_LIST_NONE) pool_list_del(p, t);
  node_pool_drop(t);
}

/* After any change of an account or its row: stale ones leave, and each of
** the rest is put on the list where it belongs. */
static void pool_refresh(struct node_pool *p, struct pool_account *acc) {
  while (acc->cnt > 0) {
    struct pool_tx *t = pool_account_at(acc, 0);
    if (t->tx.nonce >= acc->nonce || t->taken) break;
    pool_account_remove(acc, 0);
    pool_forget(p, t);
  }
  u32 ready = 0;
  while (ready < acc->cnt &&
         pool_account_at(acc, ready)->tx.nonce == acc->nonce + ready) {
    ready++;
  }
  for (u32 i = 0; i < acc->cnt; i++) {
    struct pool_tx *t = pool_account_at(acc, i);
    enum pool_place place = i < ready ? POOL_LIST_READY : POOL_LIST_QUEUED;
    if (i >= ready && t->place == POOL_LIST_QUEUED) break;
    pool_list_move(p, t, place);
  }
  acc->ready = ready;
}

static err pool_check(const struct node_pool *p, struct node_submit_result *out,
                      const struct chain_tx *tx) {
  enum chain_verdict v = tx->type == 3 ? CHAIN_BLOB_POOL
                                       : chain_tx_check(tx, &p->cfg.rules,
                                                        p->cfg.block_gas_limit);
  out->verdict = v;
  if (v == CHAIN_OK) return ERR_OK;
  return err_say(&out->msg, ERR_INVALID_TX, "%s", chain_verdict_text(v));
}

/* All but the sender; NULL when refused. */
static struct pool_tx *pool_decode(const struct node_pool *p,
                                   struct node_submit_result *out, err *e,
                                   slice raw) {
  out->hash = (hash32){{0}};
  out->verdict = CHAIN_OK;
  out->msg.text[0] = 0;
  if (raw.len > LIMIT_POOL_TX_BYTES) {
    out->verdict = CHAIN_OVERSIZED;
    *e = err_say(&out->msg, ERR_INVALID_TX,
                 "oversized data: transaction size %zu, limit %d", raw.len,
                 LIMIT_POOL_TX_BYTES);
    return NULL;
  }
  struct pool_tx *t = mem_alloc(sizeof *t + raw.len);
  arena_init(&t->lists, 1024, 0);
  t->bytes = sizeof *t + raw.len;
  if (raw.len) memcpy(t->raw, raw.ptr, raw.len);
  *e = chain_tx_decode(&t->tx, slice_of(t->raw, raw.len), &t->lists, &out->msg);
  if (*e == ERR_OK) {
    out->hash = t->tx.hash;
    *e = pool_check(p, out, &t->tx);
  }
  if (*e == ERR_OK) return t;
  node_pool_drop(t);
  return NULL;
}

static void pool_prepare_group(const struct node_pool *p, struct pool_tx **t,
                               struct node_submit_result *out, err *errs,
                               const slice *raw, u32 cnt) {
  struct chain_tx *tx[CRYPTO_RECOVER_GROUP];
  err got[CRYPTO_RECOVER_GROUP];
  u32 at[CRYPTO_RECOVER_GROUP], good = 0;
  for (u32 i = 0; i < cnt; i++) {
    t[i] = pool_decode(p, &out[i], &errs[i], raw[i]);
    if (!t[i]) continue;
    tx[good] = &t[i]->tx;
    at[good++] = i;
  }
  chain_tx_senders(tx, got, good);
  u64 now_ms = node_clock_ms();
  for (u32 g = 0; g < good; g++) {
    u32 i = at[g];
    if (got[g] < 0) {
      out[i].verdict = CHAIN_SIGNATURE;
      errs[i] = err_say(&out[i].msg, ERR_INVALID_TX, "%s",
                        chain_verdict_text(CHAIN_SIGNATURE));
      node_pool_drop(t[i]);
      t[i] = NULL;
      continue;
    }
    t[i]->bytes += t[i]->lists.used;
    t[i]->arrival_ms = now_ms;
  }
}

void node_pool_prepare(const struct node_pool *p, struct pool_tx **t,
                       struct node_submit_result *out, err *errs,
                       const slice *raw, u32 cnt) {
  for (u32 i = 0; i < cnt; i += CRYPTO_RECOVER_GROUP) {
    u32 n = cnt - i < CRYPTO_RECOVER_GROUP ? cnt - i : CRYPTO_RECOVER_GROUP;
    pool_prepare_group(p, t + i, out + i, errs + i, raw + i, n);
  }
}

const struct chain_tx *node_pool_tx_of(const struct pool_tx *t) {
  return &t->tx;
}

/* At least 10 % above, and above. */
static bool pool_fee_bumped(const u256 *fresh, const u256 *old) {
  u256 need, ten = u256_from(10), one = u256_from(1);
  u256_divmod(&need, NULL, old, &ten);
  if (u256_is_zero(&need)) need = one;
  if (u256_add(&need, &need, old)) return false;
  return u256_cmp(fresh, &need) >= 0;
}

static bool pool_may_replace(const struct pool_tx *fresh,
                             const struct pool_tx *old) {
  if (old->taken) return false;
  if (fresh->arrival_ms >= old->arrival_ms + LIMIT_POOL_REPLACE_MS) return true;
  return pool_fee_bumped(&fresh->tx.gas_price, &old->tx.gas_price) &&
         pool_fee_bumped(&fresh->tx.max_priority_fee,
                         &old->tx.max_priority_fee);
}

/* Drops the newest queued transaction; false when there is none. */
static bool pool_evict(struct node_pool *p) {
  struct pool_tx *t = p->list[POOL_LIST_QUEUED].last;
  if (!t) return false;
  struct pool_account *acc = pool_account_get(p, &t->tx.sender);
  pool_account_remove(acc, pool_account_seek(acc, t->tx.nonce));
  pool_forget(p, t);
  return true;
}

static err pool_say(struct node_submit_result *out, enum chain_verdict v,
                    err e, const char *text) {
  out->verdict = v;
  return err_say(&out->msg, e, "%s", text);
}

static err pool_check_funds(struct node_submit_result *out,
                            const struct pool_account *acc,
                            const struct chain_tx *tx) {
  if (!u256_lt(&acc->balance, &tx->value)) return ERR_OK;
  char have[80], want[80], over[80];
  u256 missing;
  u256_sub(&missing, &tx->value, &acc->balance);
  u256_to_dec(have, &acc->balance);
  u256_to_dec(want, &tx->value);
  u256_to_dec(over, &missing);
  out->verdict = CHAIN_FUNDS;
  return err_say(&out->msg, ERR_INVALID_TX,
                 "insufficient funds for gas * price + value: balance %s, tx "
                 "cost %s, overshot %s", have, want, over);
}

/* All rules that look at the sender's row and the pool. */
static err pool_admit(struct node_pool *p, struct node_submit_result *out,
                      struct pool_account *acc, struct pool_tx *t) {
  const struct chain_tx *tx = &t->tx;
  if (tx->nonce < acc->nonce) {
    out->verdict = CHAIN_NONCE_LOW;
    return err_say(&out->msg, ERR_INVALID_TX,
                   "nonce too low: next nonce %llu, tx nonce %llu",
                   (unsigned long long)acc->nonce,
                   (unsigned long long)tx->nonce);
  }
  TRY(pool_check_funds(out, acc, tx));
  u32 at = pool_account_seek(acc, tx->nonce);
  if (at < acc->cnt && pool_account_at(acc, at)->tx.nonce == tx->nonce) {
    struct pool_tx *old = pool_account_at(acc, at);
    if (!pool_may_replace(t, old)) {
      return pool_say(out, CHAIN_OK, ERR_INVALID_TX,
                      "replacement transaction underpriced");
    }
    pool_account_remove(acc, at);
    pool_forget(p, old);
  } else {
    bool ready = tx->nonce == acc->nonce + acc->ready;
    if ((acc->delegated || acc->authority > 0) && (acc->cnt > 0 || !ready)) {
      return pool_say(out, CHAIN_OK, ERR_LIMIT, acc->cnt > 0
          ? "in-flight transaction limit reached for delegated accounts"
          : "gapped-nonce tx from delegated accounts");
    }
    if (ready ? acc->ready >= LIMIT_POOL_SENDER_READY
              : acc->cnt - acc->ready >= LIMIT_POOL_SENDER_QUEUED) {
      return pool_say(out, CHAIN_OK, ERR_LIMIT, ready
          ? "too many pending transactions of this sender: wait for a block"
          : "too many queued transactions of this sender: fill its nonce gap "
            "first");
    }
    bool full = p->by_hash.cnt >= p->cfg.tx_max ||
                p->bytes + t->bytes > p->cfg.bytes_max;
    if (full && (!ready || !pool_evict(p))) {
      return pool_say(out, CHAIN_OK, ERR_LIMIT,
                      "txpool is full: wait for a block and send it again");
    }
  }
  for (u32 i = 0; i < tx->auth_cnt; i++) {
    if (!tx->auth[i].has_authority) continue;
    const struct pool_account *au = pool_account_get(p, &tx->auth[i].authority);
    if (au && au != acc && au->cnt > 1) {
      return pool_say(out, CHAIN_OK, ERR_INVALID_TX,
                      "authority already reserved");
    }
  }
  return ERR_OK;
}

err node_pool_add(struct node_pool *p, struct node_submit_result *out,
                  struct pool_tx *t) {
  err e = ERR_OK;
  struct pool_account *acc = NULL;
  pthread_mutex_lock(&p->lock);
  for (;;) {
    if (map_get(&p->by_hash, &t->tx.hash)) {
      e = pool_say(out, CHAIN_OK, ERR_EXISTS, "already known");
      break;
    }
    acc = pool_account_get(p, &t->tx.sender);
    if (acc && acc->known) {
      e = pool_admit(p, out, acc, t);
      break;
    }
    u64 version = p->version;
    struct state_account s;
    bool found = false;
    pthread_mutex_unlock(&p->lock);
    e = p->cfg.account(p->cfg.ctx, &s, &found, &t->tx.sender);
    pthread_mutex_lock(&p->lock);
    if (e < 0) {
      err_say(&out->msg, e, "cannot read the sender's account: %s",
              err_text(e));
      break;
    }
    if (version != p->version) continue;
    pool_accounts_trim(p);
    acc = pool_account_make(p, &t->tx.sender);
    pool_account_set(acc, found ? &s : NULL);
  }
  bool ready = false;
  if (e == ERR_OK) {
    struct pool_tx **v = map_put(&p->by_hash, &t->tx.hash, NULL);
    MUST(v);
    *v = t;
    p->bytes += t->bytes;
    if (p->cfg.added) p->cfg.added(p->cfg.ctx, &t->tx.hash);
    pool_authorities(p, t, 1);
    pool_account_insert(acc, pool_account_seek(acc, t->tx.nonce), t);
    t->place = POOL_LIST_NONE;
    if (t->tx.nonce == acc->nonce + acc->ready && acc->cnt == acc->ready + 1) {
      pool_list_add(p, t, POOL_LIST_READY); /* the common case: next in line */
      acc->ready++;
    } else {
      pool_list_add(p, t, POOL_LIST_QUEUED);
      pool_refresh(p, acc);
    }
    ready = p->list[POOL_LIST_READY].cnt > 0;
  }
  pthread_mutex_unlock(&p->lock);
  if (e < 0) {
    node_pool_drop(t);
  } else if (ready && p->cfg.ready) {
    p->cfg.ready(p->cfg.ctx);
  }
  return e;
}

/*------------------------------------------------------------- proposing */

void node_pool_take(struct node_pool *p, struct node_pool_take *out,
                    u32 cnt_max, u64 gas_max, struct arena *a) {
  pthread_mutex_lock(&p->lock);
  u32 cnt = p->list[POOL_LIST_READY].cnt;
  if (cnt > cnt_max) cnt = cnt_max;
  out->ref = arena_array(a, struct pool_tx *, cnt ? cnt : 1);
  out->tx = arena_alloc_raw(a, sizeof(struct chain_tx) * (cnt ? cnt : 1));
  out->cnt = 0;
  u64 gas = 0;
  for (struct pool_tx *t = p->list[POOL_LIST_READY].first;
       t && out->cnt < cnt; t = t->next) {
    if (t->tx.gas_limit > gas_max - gas) break;
    gas += t->tx.gas_limit;
    t->taken = true;
    out->ref[out->cnt] = t;
    out->tx[out->cnt++] = t->tx;
  }
  pthread_mutex_unlock(&p->lock);
}

void node_pool_executed(struct node_pool *p, const struct node_pool_take *take,
                        const enum node_pool_fate *fate, u64 height,
                        const struct state_diff *diff) {
  bool ready;
  pthread_mutex_lock(&p->lock);
  p->version++;
  for (u32 i = 0; i < take->cnt; i++) {
    struct pool_tx *t = take->ref[i];
    t->taken = false;
    if (fate[i] == POOL_KEPT) continue;
    struct pool_account *acc = pool_account_get(p, &t->tx.sender);
    u32 at = pool_account_seek(acc, t->tx.nonce);
    MUST(at < acc->cnt && pool_account_at(acc, at) == t);
    pool_account_remove(acc, at);
    if (at < acc->ready) acc->ready--;
    if (fate[i] == POOL_DROPPED) {
      pool_forget(p, t);
      pool_refresh(p, acc);
    } else {
      t->height = height;
      acc->nonce = t->tx.nonce + 1;
      pool_list_move(p, t, POOL_LIST_BLOCK);
    }
  }
  for (u32 i = 0; i < diff->account_cnt; i++) {
    const struct state_diff_account *d = &diff->account[i];
    struct pool_account *acc = pool_account_get(p, &d->addr);
    if (!acc) continue;
    pool_account_set(acc, d->exists ? &d->new_val : NULL);
    pool_refresh(p, acc);
  }
  ready = p->list[POOL_LIST_READY].cnt > 0;
  pthread_mutex_unlock(&p->lock);
  if (ready && p->cfg.ready) p->cfg.ready(p->cfg.ctx);
}

void node_pool_durable(struct node_pool *p, u64 height) {
  pthread_mutex_lock(&p->lock);
  struct pool_tx *t = p->list[POOL_LIST_BLOCK].first;
  while (t && t->height <= height) {
    struct pool_tx *next = t->next;
    pool_forget(p, t);
    t = next;
  }
  pthread_mutex_unlock(&p->lock);
}

/*--------------------------------------------------------------- reading */

bool node_pool_has_ready(struct node_pool *p) {
  pthread_mutex_lock(&p->lock);
  bool has = p->list[POOL_LIST_READY].cnt > 0;
  pthread_mutex_unlock(&p->lock);
  return has;
}

bool node_pool_is_ready(struct node_pool *p, const hash32 *hash) {
  pthread_mutex_lock(&p->lock);
  struct pool_tx **v = map_get(&p->by_hash, hash);
  bool is = v && (*v)->place != POOL_LIST_QUEUED;
  pthread_mutex_unlock(&p->lock);
  return is;
}

void node_pool_stat_of(struct node_pool *p, struct node_pool_stat *out) {
  pthread_mutex_lock(&p->lock);
  out->pending = p->list[POOL_LIST_READY].cnt + p->list[POOL_LIST_BLOCK].cnt;
  out->queued = p->list[POOL_LIST_QUEUED].cnt;
  out->bytes = p->bytes;
  pthread_mutex_unlock(&p->lock);
}

/* A copy that outlives the pool's own. */
static void pool_copy_tx(struct chain_tx *out, const struct pool_tx *t,
                         struct arena *a) {
  slice raw = arena_copy_slice(a, t->tx.raw);
  MUST(chain_tx_decode(out, raw, a, NULL) == ERR_OK);
  out->has_sender = true;
  out->sender = t->tx.sender;
  for (u32 i = 0; i < out->auth_cnt; i++) out->auth[i] = t->tx.auth[i];
}

err node_pool_find(struct node_pool *p, struct chain_tx *out,
                   const hash32 *hash, struct arena *a) {
  pthread_mutex_lock(&p->lock);
  struct pool_tx **v = map_get(&p->by_hash, hash);
  if (v) pool_copy_tx(out, *v, a);
  pthread_mutex_unlock(&p->lock);
  return v ? ERR_OK : ERR_NOT_FOUND;
}

u64 node_pool_next_nonce(struct node_pool *p, const addr20 *a,
                         u64 head_nonce) {
  pthread_mutex_lock(&p->lock);
  const struct pool_account *acc = pool_account_get(p, a);
  u64 next = acc && acc->known ? acc->nonce + acc->ready : 0;
  pthread_mutex_unlock(&p->lock);
  return next > head_nonce ? next : head_nonce;
}

u32 node_pool_copy(struct node_pool *p, struct chain_tx *out, u32 cnt_max,
                   struct arena *a) {
  u32 cnt = 0;
  pthread_mutex_lock(&p->lock);
  for (struct pool_tx *t = p->list[POOL_LIST_READY].first;
       t && cnt < cnt_max; t = t->next) {
    pool_copy_tx(&out[cnt++], t, a);
  }
  pthread_mutex_unlock(&p->lock);
  return cnt;
}

struct node_pool *node_pool_open(const struct node_pool_config *cfg) {
  struct node_pool *p = mem_alloc(sizeof *p);
  p->cfg = *cfg;
  pthread_mutex_init(&p->lock, NULL);
  map_init(&p->by_hash, 32, sizeof(struct pool_tx *), 0, cfg->seed);
  map_init(&p->accounts, 20, sizeof(struct pool_account *), 0, ~cfg->seed);
  return p;
}

void node_pool_close(struct node_pool *p) {
  if (!p) return;
  size_t it = 0;
  const void *key;
  void *val;
  while (map_next(&p->by_hash, &it, &key, &val)) {
    node_pool_drop(*(struct pool_tx **)val);
  }
  it = 0;
  while (map_next(&p->accounts, &it, &key, &val)) {
    struct pool_account *acc = *(struct pool_account **)val;
    mem_free(acc->tx);
    mem_free(acc);
  }
  map_fini(&p->by_hash);
  map_fini(&p->accounts);
  pthread_mutex_destroy(&p->lock);
  mem_free(p);
}
