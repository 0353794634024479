/* node_pool.c - rows, admission and reading of the pool; see node_pool.h.
**
** One lock.  Everything costly (decoding, recovery, reading an account for
** the first time) is done outside it.  pool->version counts executed blocks:
** an account read without the lock is used only if no block was executed in
** between, else it is read again.
*/
#include "chain/chain_fork.h"
#include "chain/chain_edit.h"
#include "crypto/keccak.h"
#include "node/node_pool_int.h"
#include <stdio.h>
#include <stdlib.h>

static void pool_list_add(struct node_pool *p, struct pool_tx *t,
                          enum pool_place place) {
  struct pool_list *l = &p->list[place];
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
}

/* Ready ones stand in no list: their order is made when it is wanted. */
static void pool_move(struct node_pool *p, struct pool_tx *t,
                      enum pool_place place) {
  if (t->place == place) return;
  if (t->place == POOL_AT_QUEUED || t->place == POOL_AT_BLOCK) {
    pool_list_del(p, t);
  }
  if (place == POOL_AT_QUEUED || place == POOL_AT_BLOCK) {
    pool_list_add(p, t, place);
  }
  t->place = place;
}

/* The list of all that wait, by arrival. */
static void pool_age_add(struct node_pool *p, struct pool_tx *t) {
  t->older = p->newest;
  t->newer = NULL;
  if (p->newest) p->newest->newer = t; else p->oldest = t;
  p->newest = t;
  if (!t->saved && !p->unsaved) p->unsaved = t;
}

static void pool_age_del(struct node_pool *p, struct pool_tx *t) {
  if (p->unsaved == t) p->unsaved = t->newer;
  if (t->older) t->older->newer = t->newer; else p->oldest = t->newer;
  if (t->newer) t->newer->older = t->older; else p->newest = t->older;
  if (!t->saved) return;
  if (p->gone_cnt == p->gone_cap) {
    p->gone_cap = p->gone_cap ? p->gone_cap * 2 : 64;
    p->gone = mem_realloc(p->gone, sizeof *p->gone * p->gone_cap);
  }
  p->gone[p->gone_cnt++] = t->id;
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
  if (!*v) {
    *v = mem_alloc(sizeof **v);
    (*v)->addr = *a;
    (*v)->quoted = UINT64_MAX;
  }
  return *v;
}

/* Accounts without transactions are only a cache. */
static void pool_accounts_trim(struct node_pool *p) {
  if (p->accounts.cnt < p->by_hash.cnt + LIMIT_POOL_ACCOUNTS) return;
  size_t it = 0;
  const void *key;
  void *val;
  p->victim_version = UINT64_MAX; /* it may point to such */
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

/* Position of the first transaction whose nonce is not below nonce. */
static u32 pool_account_seek(const struct pool_account *acc, u64 nonce) {
  u32 lo = 0, hi = acc->cnt;
  while (lo < hi) {
    u32 mid = (lo + hi) / 2;
    if (pool_account_at(acc, mid)->tx.nonce < nonce) {
      lo = mid + 1;
    } else {
      hi = mid;
    }
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
  acc->bytes += t->bytes;
}

static void pool_account_remove(struct pool_account *acc, u32 at) {
  struct pool_tx **base = acc->tx + acc->head;
  acc->bytes -= base[at]->bytes;
  if (at == 0) {
    acc->head++;
  } else {
    memmove(base + at, base + at + 1, sizeof *base * (acc->cnt - at - 1));
  }
  if (--acc->cnt == 0) acc->head = 0;
}

static void pool_account_ready(struct node_pool *p, struct pool_account *acc,
                               u32 ready) {
  p->ready_cnt += ready - acc->ready;
  if (acc->ready == 0 && ready > 0) {
    if (p->active_cnt == p->active_cap) {
      p->active_cap = p->active_cap ? p->active_cap * 2 : 256;
      p->active = mem_realloc(p->active, sizeof *p->active * p->active_cap);
    }
    acc->active_at = p->active_cnt;
    p->active[p->active_cnt++] = acc;
  } else if (acc->ready > 0 && ready == 0) {
    struct pool_account *last = p->active[--p->active_cnt];
    p->active[acc->active_at] = last;
    last->active_at = acc->active_at;
  }
  acc->ready = ready;
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

static void pool_drop(struct pool_tx *t) {
  if (!t) return;
  arena_fini(&t->lists);
  mem_free(t);
}

/* Unknown to the pool from here on; not in its sender's row any more. */
static void pool_forget(struct node_pool *p, struct pool_tx *t) {
  pool_credit_release(p, t);
  pool_authorities(p, t, -1);
  map_del(&p->by_hash, &t->tx.hash);
  p->bytes -= t->bytes;
  if (t->place != POOL_AT_BLOCK) pool_age_del(p, t);
  pool_move(p, t, POOL_AT_NONE);
  p->hopeless = false;
  pool_drop(t);
}

/* What the balance must cover. */
static u256 pool_cost(const struct node_pool *p, const struct chain_tx *tx) {
  u256 cost = tx->value, gas = u256_from(tx->gas_limit);
  u256 blobs = u256_from((u64)tx->blob_cnt * CHAIN_GAS_PER_BLOB);
  static const u256 most = {{~0ull, ~0ull, ~0ull, ~0ull}};
  if (!p->cfg.rules.fees) return cost;
  if (u256_mul_over(&gas, &gas, &tx->gas_price) ||
      u256_mul_over(&blobs, &blobs, &tx->max_blob_fee) ||
      u256_add(&cost, &cost, &gas) || u256_add(&cost, &cost, &blobs)) {
    return most;
  }
  return cost;
}

/* After any change of an account or its row: stale ones and those that its
** balance cannot pay leave, and each of the rest is put where it belongs. */
static void pool_refresh(struct node_pool *p, struct pool_account *acc) {
  u32 kept = 0;
  for (u32 i = 0; i < acc->cnt; i++) {
    struct pool_tx *t = pool_account_at(acc, i);
    u256 cost = pool_cost(p, &t->tx);
    bool stays = t->taken || (t->tx.nonce >= acc->nonce &&
                              !u256_lt(&acc->balance, &cost));
    if (stays) {
      acc->tx[acc->head + kept++] = t;
    } else {
      acc->bytes -= t->bytes;
      pool_forget(p, t);
    }
  }
  acc->cnt = kept;
  if (kept == 0) acc->head = 0;
  u32 ready = 0;
  while (ready < acc->cnt &&
         pool_account_at(acc, ready)->tx.nonce == acc->nonce + ready) {
    ready++;
  }
  for (u32 i = 0; i < acc->cnt; i++) {
    pool_move(p, pool_account_at(acc, i),
              i < ready ? POOL_AT_READY : POOL_AT_QUEUED);
  }
  pool_account_ready(p, acc, ready);
  if (ready > 0) pool_victim_add(p, acc);
}

void pool_remove(struct node_pool *p, struct pool_tx *t) {
  struct pool_account *acc = pool_account_get(p, &t->tx.sender);
  u32 at = pool_account_seek(acc, t->tx.nonce);
  MUST(at < acc->cnt && pool_account_at(acc, at) == t);
  pool_account_remove(acc, at);
  if (at < acc->ready) acc->quoted = UINT64_MAX;
  if (at < acc->ready && acc->cnt == at) { /* its last: the rest stands */
    pool_forget(p, t);
    pool_account_ready(p, acc, at);
    if (at > 0) pool_victim_add(p, acc);
    return;
  }
  pool_forget(p, t);
  pool_refresh(p, acc);
}

static err pool_check(const struct node_pool *p, struct node_submit_result *out,
                      const struct chain_tx *tx) {
  enum chain_verdict v = chain_tx_check(tx, &p->cfg.rules,
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
  /* With its blobs it would be too large, and no shorter one would do. */
  if (raw.len && raw.ptr[0] == 3 && !p->cfg.rules.fees) {
    out->verdict = CHAIN_BLOB_POOL;
    *e = err_say(&out->msg, ERR_INVALID_TX, "%s",
                 chain_verdict_text(CHAIN_BLOB_POOL));
    return NULL;
  }
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
  pool_drop(t);
  return NULL;
}

static err pool_say(struct node_submit_result *out, err e, const char *text) {
  return err_say(&out->msg, e, "%s", text);
}
static err pool_say_full(struct node_submit_result *out) {
  return pool_say(out, ERR_LIMIT,
                  "txpool is full: wait for a block and send it again");
}

/* Refuses what is known, or can have no room, before it costs a recovery. */
static void pool_refuse_early(struct node_pool *p, struct pool_tx **t,
                              struct node_submit_result *out, err *errs,
                              u32 cnt) {
  pthread_mutex_lock(&p->lock);
  for (u32 i = 0; i < cnt; i++) {
    if (!t[i]) continue;
    if (map_get(&p->by_hash, &t[i]->tx.hash)) {
      errs[i] = pool_say(&out[i], ERR_EXISTS, "already known");
    } else if (p->hopeless && pool_is_full(p, t[i]->bytes)) {
      errs[i] = pool_say_full(&out[i]);
    } else {
      continue;
    }
    pool_drop(t[i]);
    t[i] = NULL;
  }
  pthread_mutex_unlock(&p->lock);
}

static void pool_prepare_group(struct node_pool *p, struct pool_tx **t,
                               struct node_submit_result *out, err *errs,
                               const slice *raw, u32 cnt) {
  struct chain_tx *tx[CRYPTO_RECOVER_GROUP];
  err got[CRYPTO_RECOVER_GROUP];
  u32 at[CRYPTO_RECOVER_GROUP], good = 0;
  for (u32 i = 0; i < cnt; i++) {
    t[i] = pool_decode(p, &out[i], &errs[i], raw[i]);
  }
  pool_refuse_early(p, t, out, errs, cnt);
  for (u32 i = 0; i < cnt; i++) {
    if (!t[i]) continue;
    tx[good] = &t[i]->tx;
    at[good++] = i;
  }
  chain_tx_senders(tx, got, good);
  u64 now_ms = node_clock_ms();
  for (u32 g = 0; g < good; g++) {
    u32 i = at[g];
    if (got[g] < 0 && p->cfg.rules.dev_edits)
      got[g] = chain_tx_unsigned_sender(tx[g]);
    if (got[g] < 0) {
      out[i].verdict = CHAIN_SIGNATURE;
      errs[i] = err_say(&out[i].msg, ERR_INVALID_TX, "%s",
                        chain_verdict_text(CHAIN_SIGNATURE));
      pool_drop(t[i]);
      t[i] = NULL;
      continue;
    }
    t[i]->bytes += t[i]->lists.used;
    t[i]->arrival_ms = now_ms;
  }
}

void node_pool_prepare(struct node_pool *p, struct pool_tx **t,
                       struct node_submit_result *out, err *errs,
                       const slice *raw, u32 cnt) {
  for (u32 i = 0; i < cnt; i += CRYPTO_RECOVER_GROUP) {
    u32 n = cnt - i < CRYPTO_RECOVER_GROUP ? cnt - i : CRYPTO_RECOVER_GROUP;
    pool_prepare_group(p, t + i, out + i, errs + i, raw + i, n);
  }
}

/*------------------------------------------------------------- admission */

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

static err pool_check_funds(const struct node_pool *p,
                            struct node_submit_result *out,
                            const struct pool_account *acc,
                            const struct chain_tx *tx) {
  u256 missing, cost = pool_cost(p, tx);
  if (!u256_lt(&acc->balance, &cost)) return ERR_OK;
  char have[80], want[80], over[80];
  u256_sub(&missing, &cost, &acc->balance);
  u256_to_dec(have, &acc->balance);
  u256_to_dec(want, &cost);
  u256_to_dec(over, &missing);
  out->verdict = CHAIN_FUNDS;
  return err_say(&out->msg, ERR_INVALID_TX,
                 "insufficient funds for gas * price + value: balance %s, tx "
                 "cost %s, overshot %s", have, want, over);
}

static err pool_check_authorities(const struct node_pool *p,
                                  struct node_submit_result *out,
                                  const struct pool_account *acc,
                                  const struct chain_tx *tx) {
  for (u32 i = 0; i < tx->auth_cnt; i++) {
    if (!tx->auth[i].has_authority) continue;
    const struct pool_account *au = pool_account_get(p, &tx->auth[i].authority);
    if (au && au != acc && au->cnt > 1) {
      return pool_say(out, ERR_INVALID_TX, "authority already reserved");
    }
  }
  return ERR_OK;
}

/* One more in the sender's row. */
static err pool_check_row(const struct node_pool *p,
                          struct node_submit_result *out,
                          const struct pool_account *acc, bool ready) {
  if ((acc->delegated || acc->authority > 0) && (acc->cnt > 0 || !ready)) {
    return pool_say(out, ERR_LIMIT, acc->cnt > 0
        ? "in-flight transaction limit reached for delegated accounts"
        : "gapped-nonce tx from delegated accounts");
  }
  if (!ready) {
    return acc->cnt - acc->ready < LIMIT_POOL_SENDER_QUEUED ? ERR_OK
           : pool_say(out, ERR_LIMIT, "too many queued transactions of this "
                      "sender: fill its nonce gap first");
  }
  bool roomy = p->by_hash.cnt < p->cfg.tx_max / 2 &&
               p->bytes < p->cfg.bytes_max / 2;
  if (acc->ready < (roomy ? LIMIT_POOL_SENDER_READY : LIMIT_POOL_SENDER_FAIR)) {
    return ERR_OK;
  }
  return pool_say(out, ERR_LIMIT, "too many pending transactions of this "
                  "sender: wait for a block");
}

/* The credits of t, with those of old (may be NULL) as if it were gone. */
static err pool_check_credits(struct node_pool *p,
                              struct node_submit_result *out,
                              struct pool_tx *t, struct pool_tx *old) {
  bool was = old && old->reserved;
  if (was) pool_credit_release(p, old);
  err e = pool_credit_admit(p, t);
  bool good = e == ERR_OK && t->quote.verdict == CHAIN_OK;
  if (was && !good) {
    err again = pool_credit_admit(p, old);
    if (e == ERR_OK) e = again;
  }
  if (e < 0) {
    return err_say(&out->msg, e, "cannot read the sender's credits: %s",
                   err_text(e));
  }
  if (good) return ERR_OK;
  out->verdict = t->quote.verdict;
  p->cfg.credit.say(&out->msg, &t->quote);
  return ERR_LIMIT;
}

/* All rules that look at the sender's row and the pool; what it replaces is
** gone on return of ERR_OK, and its credits are reserved. */
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
  TRY(pool_check_funds(p, out, acc, tx));
  u32 at = pool_account_seek(acc, tx->nonce);
  struct pool_tx *old = at < acc->cnt ? pool_account_at(acc, at) : NULL;
  if (old && old->tx.nonce != tx->nonce) old = NULL;
  if (old && !pool_may_replace(t, old)) {
    return pool_say(out, ERR_INVALID_TX, "replacement transaction underpriced");
  }
  bool ready = tx->nonce == acc->nonce + acc->ready;
  if (!old) TRY(pool_check_row(p, out, acc, ready));
  TRY(pool_check_authorities(p, out, acc, tx));
  TRY(pool_check_credits(p, out, t, old));
  if (old) {
    pool_account_remove(acc, at);
    pool_forget(p, old);
    return ERR_OK;
  }
  acc->share = t->quote.share;
  while (pool_is_full(p, t->bytes)) {
    if (!ready || !pool_evict(p, acc, t)) {
      pool_credit_release(p, t);
      return pool_say_full(out);
    }
  }
  return ERR_OK;
}

/* Admitted: into the row. */
static void pool_insert(struct node_pool *p, struct pool_account *acc,
                        struct pool_tx *t) {
  struct pool_tx **v = map_put(&p->by_hash, &t->tx.hash, NULL);
  MUST(v);
  *v = t;
  p->bytes += t->bytes;
  if (!t->id) t->id = p->last_id + 1;
  if (t->id > p->last_id) p->last_id = t->id;
  pool_age_add(p, t);
  pool_authorities(p, t, 1);
  pool_account_insert(acc, pool_account_seek(acc, t->tx.nonce), t);
  t->place = POOL_AT_NONE;
  if (t->tx.nonce == acc->nonce + acc->ready && acc->cnt == acc->ready + 1) {
    pool_move(p, t, POOL_AT_READY); /* the common case: next in line */
    pool_account_ready(p, acc, acc->ready + 1);
    pool_victim_add(p, acc);
  } else {
    pool_refresh(p, acc);
  }
  if (t == pool_account_at(acc, 0)) { /* its credits are known */
    acc->parked = false;
    acc->quoted = p->version;
  }
}

/* The sender's account of the present version; the lock is given back while
** it is read.  NULL: out says why. */
static struct pool_account *pool_sender(struct node_pool *p,
                                        struct node_submit_result *out, err *e,
                                        const addr20 *sender) {
  for (;;) {
    struct pool_account *acc = pool_account_get(p, sender);
    if (acc && acc->known) return acc;
    u64 version = p->version;
    struct state_account s;
    bool found = false;
    pthread_mutex_unlock(&p->lock);
    *e = p->cfg.account(p->cfg.ctx, &s, &found, sender);
    pthread_mutex_lock(&p->lock);
    if (*e < 0) {
      err_say(&out->msg, *e, "cannot read the sender's account: %s",
              err_text(*e));
      return NULL;
    }
    if (version != p->version) continue;
    pool_accounts_trim(p);
    pool_account_set(pool_account_make(p, sender), found ? &s : NULL);
  }
}

err node_pool_add(struct node_pool *p, struct node_submit_result *out,
                  struct pool_tx *t) {
  err e = ERR_OK;
  bool was_ready = true;
  pthread_mutex_lock(&p->lock);
  struct pool_account *acc = pool_sender(p, out, &e, &t->tx.sender);
  if (acc && map_get(&p->by_hash, &t->tx.hash)) {
    e = pool_say(out, ERR_EXISTS, "already known");
  } else if (acc) {
    e = pool_admit(p, out, acc, t);
  }
  if (e == ERR_OK) {
    pool_insert(p, acc, t);
    was_ready = t->place != POOL_AT_READY;
    if (p->cfg.added) p->cfg.added(p->cfg.ctx, &t->tx.hash);
  }
  pthread_mutex_unlock(&p->lock);
  if (e < 0) {
    pool_drop(t);
  } else if (!was_ready && p->cfg.ready) {
    p->cfg.ready(p->cfg.ctx);
  }
  return e;
}

/*------------------------------------------------------------- proposing */

void node_pool_take(struct node_pool *p, struct node_pool_take *out,
                    u32 cnt_max, u64 gas_max, struct arena *a) {
  struct pool_turns ts;
  struct pool_tx *t;
  u64 gas = 0;
  pthread_mutex_lock(&p->lock);
  u32 cnt = p->ready_cnt < cnt_max ? p->ready_cnt : cnt_max;
  out->ref = arena_array(a, struct pool_tx *, cnt ? cnt : 1);
  out->tx = arena_alloc_raw(a, sizeof(struct chain_tx) * (cnt ? cnt : 1));
  out->cnt = 0;
  pool_turns_begin(p, &ts, gas_max / 2, a);
  while (out->cnt < cnt && (t = pool_turns_next(&ts))) {
    if (t->tx.gas_limit > gas_max - gas) {
      pool_turns_pass(&ts);
      continue;
    }
    gas += t->tx.gas_limit;
    t->taken = true;
    out->ref[out->cnt] = t;
    out->tx[out->cnt++] = t->tx;
    pool_turns_use(&ts);
  }
  pthread_mutex_unlock(&p->lock);
}

void node_pool_untake(struct node_pool *p, const struct node_pool_take *take) {
  pthread_mutex_lock(&p->lock);
  for (u32 i = 0; i < take->cnt; i++) take->ref[i]->taken = false;
  pthread_mutex_unlock(&p->lock);
}

/* The first of its row is in a block. */
static void pool_included(struct node_pool *p, struct pool_tx *t, u64 height) {
  struct pool_account *acc = pool_account_get(p, &t->tx.sender);
  u32 at = pool_account_seek(acc, t->tx.nonce);
  MUST(at < acc->cnt && pool_account_at(acc, at) == t);
  pool_account_remove(acc, at);
  if (at < acc->ready) pool_account_ready(p, acc, acc->ready - 1);
  acc->nonce = t->tx.nonce + 1;
  pool_credit_release(p, t);
  pool_age_del(p, t);
  t->taken = false;
  t->height = height;
  pool_move(p, t, POOL_AT_BLOCK);
}

static bool pool_wants_block(struct node_pool *p) {
  const struct node_pool_credit *c = &p->cfg.credit;
  if (!c->admit || p->active_cnt == 0) return p->active_cnt > 0;
  if (c->dear && c->dear(c->ctx)) return true;
  for (u32 i = 0; i < p->active_cnt; i++) {
    pool_credit_renew(p, p->active[i]);
    if (!p->active[i]->parked) return true;
  }
  return false;
}

static err pool_credit_refresh(struct node_pool *p, u64 height,
                               const struct state_diff *diff) {
  const struct node_pool_credit *c = &p->cfg.credit;
  return c->refresh ? c->refresh(c->ctx, height, diff) : ERR_OK;
}

void node_pool_executed(struct node_pool *p, const struct node_pool_take *take,
                        const enum node_pool_fate *fate, u64 height,
                        const struct state_diff *diff) {
  pthread_mutex_lock(&p->lock);
  p->version++;
  p->hopeless = false;
  for (u32 i = 0; i < take->cnt; i++) {
    if (fate[i] == POOL_INCLUDED) pool_included(p, take->ref[i], height);
  }
  for (u32 i = 0; i < take->cnt; i++) { /* those after it stay taken: kept */
    if (fate[i] == POOL_INCLUDED) continue;
    take->ref[i]->taken = false;
    if (fate[i] == POOL_DROPPED) pool_remove(p, take->ref[i]);
  }
  for (u32 i = 0; i < diff->account_cnt; i++) {
    const struct state_diff_account *d = &diff->account[i];
    struct pool_account *acc = pool_account_get(p, &d->addr);
    if (!acc) continue;
    pool_account_set(acc, d->exists ? &d->new_val : NULL);
    pool_refresh(p, acc);
  }
  /* Should it fail, the executor meets the same failure and stops the node. */
  err e = pool_credit_refresh(p, height, diff);
  bool ready = e == ERR_OK && pool_wants_block(p);
  pthread_mutex_unlock(&p->lock);
  if (ready && p->cfg.ready) p->cfg.ready(p->cfg.ctx);
}

void node_pool_durable(struct node_pool *p, u64 height) {
  pthread_mutex_lock(&p->lock);
  struct pool_tx *t = p->list[POOL_AT_BLOCK].first;
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
  bool has = pool_wants_block(p);
  pthread_mutex_unlock(&p->lock);
  return has;
}

bool node_pool_is_ready(struct node_pool *p, const hash32 *hash) {
  pthread_mutex_lock(&p->lock);
  struct pool_tx **v = map_get(&p->by_hash, hash);
  bool is = v && (*v)->place != POOL_AT_QUEUED;
  pthread_mutex_unlock(&p->lock);
  return is;
}

void node_pool_stat_of(struct node_pool *p, struct node_pool_stat *out) {
  pthread_mutex_lock(&p->lock);
  out->pending = p->ready_cnt + p->list[POOL_AT_BLOCK].cnt;
  out->queued = p->list[POOL_AT_QUEUED].cnt;
  out->bytes = p->bytes;
  out->tx_max = p->cfg.tx_max;
  out->bytes_max = p->cfg.bytes_max;
  pthread_mutex_unlock(&p->lock);
}

/* What outlives the pool's own is first copied as bytes, under the lock, and
** decoded after. */
static void pool_copy_raw(struct chain_tx *out, const struct pool_tx *t,
                          struct arena *a) {
  out->raw = arena_copy_slice(a, t->tx.raw);
  out->sender = t->tx.sender;
}
static void pool_copy_decode(struct chain_tx *tx, struct arena *a) {
  addr20 sender = tx->sender;
  MUST(chain_tx_decode(tx, tx->raw, a, NULL) == ERR_OK);
  tx->has_sender = true;
  tx->sender = sender;
}

err node_pool_find(struct node_pool *p, struct chain_tx *out,
                   const hash32 *hash, struct arena *a) {
  pthread_mutex_lock(&p->lock);
  struct pool_tx **v = map_get(&p->by_hash, hash);
  if (v) pool_copy_raw(out, *v, a);
  pthread_mutex_unlock(&p->lock);
  if (!v) return ERR_NOT_FOUND;
  pool_copy_decode(out, a);
  return ERR_OK;
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
  struct pool_turns ts;
  struct pool_tx *t;
  u32 cnt = 0;
  pthread_mutex_lock(&p->lock);
  pool_turns_begin(p, &ts, UINT64_MAX, a);
  while (cnt < cnt_max && (t = pool_turns_next(&ts))) {
    pool_copy_raw(&out[cnt++], t, a);
    pool_turns_use(&ts);
  }
  pthread_mutex_unlock(&p->lock);
  for (u32 i = 0; i < cnt; i++) pool_copy_decode(&out[i], a);
  return cnt;
}

/* The first nonce that is not there before place i. */
static u64 pool_account_lacks(const struct pool_account *acc, u32 i) {
  u64 next = acc->nonce;
  for (u32 k = 0; k < i && pool_account_at(acc, k)->tx.nonce == next; k++) {
    next++;
  }
  return next;
}

static u32 pool_account_items(struct node_pool_item *out,
                              const struct pool_account *acc,
                              struct arena *a) {
  for (u32 i = 0; i < acc->cnt; i++) {
    const struct pool_tx *t = pool_account_at(acc, i);
    bool queued = i >= acc->ready;
    out[i] = (struct node_pool_item){
        .queued = queued, .arrival_ms = t->arrival_ms,
        .wait = queued ? NODE_WAIT_GAP
                : acc->parked ? NODE_WAIT_CREDITS : NODE_WAIT_TURN,
        .lacks = queued ? pool_account_lacks(acc, i) : 0};
    pool_copy_raw(&out[i].tx, t, a);
  }
  return acc->cnt;
}

/* Nobody outside sees a block before it is durable: its own still wait. */
static u32 pool_block_items(const struct node_pool *p,
                            struct node_pool_item *out, const addr20 *from,
                            struct arena *a) {
  u32 cnt = 0;
  const struct pool_tx *t = p->list[POOL_AT_BLOCK].first;
  for (; t; t = t->next) {
    if (from && !addr20_eq(&t->tx.sender, from)) continue;
    out[cnt] = (struct node_pool_item){.wait = NODE_WAIT_BLOCK,
                                       .arrival_ms = t->arrival_ms};
    pool_copy_raw(&out[cnt++].tx, t, a);
  }
  return cnt;
}

static int pool_item_order(const void *a, const void *b) {
  const struct node_pool_item *x = a, *y = b;
  int d = memcmp(x->tx.sender.b, y->tx.sender.b, 20);
  if (d) return d;
  return (x->tx.nonce > y->tx.nonce) - (x->tx.nonce < y->tx.nonce);
}

u32 node_pool_items(struct node_pool *p, struct node_pool_item **out,
                    const addr20 *from, struct arena *a) {
  u32 cnt = 0;
  pthread_mutex_lock(&p->lock);
  const struct pool_account *one = from ? pool_account_get(p, from) : NULL;
  *out = arena_array(a, struct node_pool_item,
                     (one ? one->cnt + p->list[POOL_AT_BLOCK].cnt
                          : p->by_hash.cnt) + 1);
  cnt = pool_block_items(p, *out, from, a);
  if (one) cnt += pool_account_items(*out + cnt, one, a);
  size_t it = 0;
  const void *key;
  void *val;
  while (!from && map_next(&p->accounts, &it, &key, &val)) {
    cnt += pool_account_items(*out + cnt, *(struct pool_account **)val, a);
  }
  pthread_mutex_unlock(&p->lock);
  for (u32 i = 0; i < cnt; i++) pool_copy_decode(&(*out)[i].tx, a);
  qsort(*out, cnt, sizeof **out, pool_item_order);
  return cnt;
}

struct node_pool *node_pool_open(const struct node_pool_config *cfg) {
  struct node_pool *p = mem_alloc(sizeof *p);
  p->cfg = *cfg;
  p->victim_version = UINT64_MAX;
  pthread_mutex_init(&p->lock, NULL);
  map_init(&p->by_hash, 32, sizeof(struct pool_tx *), 0, cfg->seed);
  map_init(&p->accounts, 20, sizeof(struct pool_account *), 0, ~cfg->seed);
  return p;
}

err node_pool_start(struct node_pool *p, u64 height) {
  return pool_credit_refresh(p, height, NULL);
}

bool node_pool_drop(struct node_pool *p, const hash32 *hash) {
  pthread_mutex_lock(&p->lock);
  struct pool_tx **v = map_get(&p->by_hash, hash);
  bool can = v && (*v)->place != POOL_AT_BLOCK && !(*v)->taken;
  if (can) pool_remove(p, *v);
  pthread_mutex_unlock(&p->lock);
  return can;
}

err node_pool_restart(struct node_pool *p, u64 height) {
  pthread_mutex_lock(&p->lock);
  size_t it = 0;
  const void *key;
  void *val;
  p->version++;
  while (p->oldest) pool_remove(p, p->oldest);
  while (p->list[POOL_AT_BLOCK].first)
    pool_forget(p, p->list[POOL_AT_BLOCK].first);
  while (map_next(&p->accounts, &it, &key, &val)) {
    struct pool_account *acc = *(struct pool_account **)val;
    acc->known = acc->parked = false;
    acc->quoted = UINT64_MAX;
  }
  err e = node_pool_start(p, height);
  pthread_mutex_unlock(&p->lock);
  return e;
}

void node_pool_close(struct node_pool *p) {
  if (!p) return;
  size_t it = 0;
  const void *key;
  void *val;
  while (map_next(&p->by_hash, &it, &key, &val)) {
    pool_drop(*(struct pool_tx **)val);
  }
  it = 0;
  while (map_next(&p->accounts, &it, &key, &val)) {
    struct pool_account *acc = *(struct pool_account **)val;
    mem_free(acc->tx);
    mem_free(acc);
  }
  map_fini(&p->by_hash);
  map_fini(&p->accounts);
  mem_free(p->active);
  mem_free(p->gone);
  mem_free(p->victim);
  pthread_mutex_destroy(&p->lock);
  mem_free(p);
}
