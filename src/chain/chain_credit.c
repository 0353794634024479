/* chain_credit.c - see chain_credit.h.
**
** What was read for this block is kept by account, policy, user of a policy
** and target: as it stood before the block, refilled up to its time, beside
** the sum of what is reserved on it.  Entries die with the block, or with a
** pool's refresh unless something is reserved on them; an account's record is
** then read again only if a block has written it: where tens of thousands wait,
** their records are spread over a large table.
**
** A reservation takes credits by stake first and then the base allowance; only
** the latter's part is backed by the common pool.  How much that is follows
** from the sum reserved on the account, so giving one back takes from the sum
** and from the pool what it had added.
**
** rentCredits, called directly, counts the credits it buys as available, if
** it carries their price: else who has none could never buy.
*/
#include "chain/chain_credit.h"

#include "base/map.h"
#include "crypto/keccak.h"
#include <stdio.h>

#define CREDIT_TARGETS_MAX 100000u  /* remembered between two refreshes */
#define CREDIT_SLOTS_MAX 16384u     /* accounts whose slot is remembered */

struct credit_entry { /* of an account */
  u32 stamp;          /* when it was read; see chain_credit.stamp */
  bool same;          /* word is still what a view would tell */
  u256 slot, word;    /* where the record is, and what now is packed */
  struct dpos_credit_record_account rec; /* before the block, settled */
  struct dpos_credit_record_account now; /* in execution */
  u64 reserved;
};
struct credit_policy {
  u32 stamp;
  struct dpos_credit_record_policy rec;
  u64 reserved;
};
struct credit_user {
  u32 stamp;
  struct dpos_credit_record_user rec;
  u64 reserved;
};
struct credit_target {
  u32 stamp;
  struct dpos_credit_record_target rec;
};
struct credit_user_key {
  u32 policy;
  addr20 user;
};

struct chain_credit {
  struct chain_credit_view view;
  struct dpos_credit_rules rules;
  struct dpos_credit_record_prices prices;
  u256 param_slot[DPOS_CREDIT_PARAM_CNT];
  u64 time_s, height;
  u32 stamp;           /* entries of another one are to be read again */
  u64 pool_reserved;   /* credits */
  __int128 pool_drawn; /* units, by what was settled in this block */
  struct map account;  /* to struct credit_entry *, in memory[now] */
  struct arena memory[2];
  u32 now;
  struct map policy, user, target;
  struct map slots;    /* account to slot: a hash saved for who comes often */
};

const addr20 CHAIN_CREDIT_ADDR = {{[18] = 0x10, [19] = 0x04}};

/*------------------------------------------------------------------- views */

static err credit_view_slot(void *ctx, u256 *out, const u256 *slot) {
  const struct state_source *src = ctx;
  struct state_account a;
  hash32 addr_hash, slot_hash, be = u256_hash32(slot);
  bool found;
  crypto_keccak256(&addr_hash, CHAIN_CREDIT_ADDR.b, 20);
  crypto_keccak256(&slot_hash, be.b, 32);
  *out = U256_ZERO;
  TRY(src->account(src->ctx, &a, &found, &CHAIN_CREDIT_ADDR, &addr_hash));
  if (!found || hash32_eq(&a.storage_root, &CRYPTO_KECCAK_RLP_NIL))
    return ERR_OK;
  return src->slot(src->ctx, out, &CHAIN_CREDIT_ADDR, &addr_hash, slot,
                   &slot_hash);
}
static err credit_view_account(void *ctx, u256 *balance, bool *has_code,
                               const addr20 *addr) {
  const struct state_source *src = ctx;
  struct state_account a;
  hash32 hash;
  bool found;
  crypto_keccak256(&hash, addr->b, 20);
  TRY(src->account(src->ctx, &a, &found, addr, &hash));
  *balance = found ? a.balance : U256_ZERO;
  *has_code = found && !hash32_eq(&a.code_hash, &CRYPTO_KECCAK_EMPTY);
  return ERR_OK;
}
struct chain_credit_view chain_credit_view_of(
    const struct state_source *src) {
  return (struct chain_credit_view){(void *)src, credit_view_slot,
                                    credit_view_account};
}

static err credit_before_slot(void *ctx, u256 *out, const u256 *slot) {
  state_slot_before(ctx, out, &CHAIN_CREDIT_ADDR, slot);
  return state_error(ctx);
}
static err credit_before_account(void *ctx, u256 *balance, bool *has_code,
                                 const addr20 *addr) {
  struct state_account a;
  state_account_before(ctx, &a, addr);
  *balance = a.balance;
  *has_code = !hash32_eq(&a.code_hash, &CRYPTO_KECCAK_EMPTY);
  return state_error(ctx);
}
struct chain_credit_view chain_credit_view_before(struct state *s) {
  return (struct chain_credit_view){s, credit_before_slot,
                                    credit_before_account};
}

static err credit_read(struct chain_credit *c, const struct module_record *r,
                       void *out, const u256 *key, u256 *base) {
  u256 slot[MODULE_RECORD_SLOTS];
  module_slot_of(base, r->type, key);
  for (u32 i = 0; i < module_record_slots(r); i++) {
    u256 at, off = u256_from(i);
    u256_add(&at, base, &off);
    TRY(c->view.slot(c->view.ctx, &slot[i], &at));
  }
  module_record_unpack(r, out, slot);
  return ERR_OK;
}

/*----------------------------------------------------------------- a block */

struct chain_credit *chain_credit_open(u64 hash_seed) {
  struct chain_credit *c = mem_alloc(sizeof *c);
  map_init(&c->account, 20, sizeof(struct credit_entry *), 0, hash_seed);
  arena_init(&c->memory[0], 1 << 14, 0);
  arena_init(&c->memory[1], 1 << 14, 0);
  map_init(&c->policy, 4, sizeof(struct credit_policy), 0, hash_seed);
  map_init(&c->user, sizeof(struct credit_user_key),
           sizeof(struct credit_user), 0, hash_seed);
  map_init(&c->target, 20, sizeof(struct credit_target), CREDIT_TARGETS_MAX,
           hash_seed);
  map_init(&c->slots, 20, sizeof(u256), CREDIT_SLOTS_MAX, hash_seed);
  for (u32 i = 0; i < DPOS_CREDIT_PARAM_CNT; i++)
    module_setting_slot(&c->param_slot[i], i);
  return c;
}

void chain_credit_close(struct chain_credit *c) {
  if (!c) return;
  map_fini(&c->account);
  arena_fini(&c->memory[0]);
  arena_fini(&c->memory[1]);
  map_fini(&c->policy);
  map_fini(&c->user);
  map_fini(&c->target);
  map_fini(&c->slots);
  mem_free(c);
}

static err credit_load_rules(struct chain_credit *c) {
  u256 zero = U256_ZERO, base;
  for (u32 i = 0; i < DPOS_CREDIT_PARAM_CNT; i++) {
    const struct module_row *row =
        module_row_at(&dpos_credits, MODULE_ROW_SETTING, i);
    u256 v;
    TRY(c->view.slot(c->view.ctx, &v, &c->param_slot[i]));
    c->rules.param[i] = module_setting_value(row->setting, &v);
  }
  TRY(credit_read(c, &dpos_credit_table_totals, &c->rules.totals, &zero,
                  &base));
  TRY(credit_read(c, &dpos_credit_table_prices, &c->prices, &zero, &base));
  dpos_credit_rules_fill(&c->rules);
  return ERR_OK;
}

static err credit_start(struct chain_credit *c,
                        const struct chain_credit_view *view, u64 height,
                        u64 time_s) {
  c->view = *view;
  c->time_s = time_s;
  c->height = height;
  c->stamp++;
  c->pool_drawn = 0;
  return credit_load_rules(c);
}

err chain_credit_begin(struct chain_credit *c,
                       const struct chain_credit_view *view, u64 height,
                       u64 time_s) {
  map_clear(&c->account);
  arena_clear(&c->memory[c->now]);
  map_clear(&c->policy);
  map_clear(&c->user);
  map_clear(&c->target);
  c->pool_reserved = 0;
  return credit_start(c, view, height, time_s);
}

/* The records of accounts that the difference writes. */
static void credit_changed(struct map *out, const struct state_diff *diff) {
  for (u32 i = 0; i < diff->account_cnt; i++) {
    const struct state_diff_account *d = &diff->account[i];
    if (!addr20_eq(&d->addr, &CHAIN_CREDIT_ADDR)) continue;
    for (u32 k = 0; k < d->slot_cnt; k++) map_put(out, &d->slot[k].slot, NULL);
  }
}

err chain_credit_refresh(struct chain_credit *c,
                         const struct chain_credit_view *view, u64 height,
                         u64 time_s, const struct state_diff *diff) {
  const void *key;
  void *val;
  struct map changed;
  struct arena *to = &c->memory[!c->now];
  map_init(&changed, sizeof(u256), 1, 0, c->account.seed);
  if (diff) credit_changed(&changed, diff);
  for (size_t it = 0; map_next(&c->account, &it, &key, &val);) {
    struct credit_entry **place = val, *e = *place;
    if (e->reserved == 0) {
      map_del(&c->account, key);
      continue;
    }
    *place = e = arena_copy(to, e, sizeof *e);
    e->same = diff && (e->same || e->stamp == c->stamp) &&
              !map_get(&changed, &e->slot);
  }
  map_fini(&changed);
  arena_fini(&c->memory[c->now]); /* megabytes, while the pool is full */
  c->now = !c->now;
  for (size_t it = 0; map_next(&c->policy, &it, &key, &val);)
    if (((struct credit_policy *)val)->reserved == 0) map_del(&c->policy, key);
  for (size_t it = 0; map_next(&c->user, &it, &key, &val);)
    if (((struct credit_user *)val)->reserved == 0) map_del(&c->user, key);
  map_clear(&c->target);
  return credit_start(c, view, height, time_s);
}

const struct dpos_credit_rules *chain_credit_rules(
    const struct chain_credit *c) {
  return &c->rules;
}
const struct dpos_credit_record_prices *chain_credit_prices(
    const struct chain_credit *c) {
  return &c->prices;
}

/*----------------------------------------------------------------- entries */

static u256 credit_slot_of(struct chain_credit *c, const addr20 *a) {
  bool is_new;
  u256 *slot = map_put(&c->slots, a->b, &is_new);
  if (!slot) {
    map_clear(&c->slots);
    slot = map_put(&c->slots, a->b, &is_new);
  }
  if (is_new) {
    u256 key = module_key_addr(a);
    module_slot_of(slot, dpos_credit_table_account.type, &key);
  }
  return *slot;
}

/* The places of policies and users are good until the next of their kind is
** made. */
static err credit_entry(struct chain_credit *c, struct credit_entry **out,
                        const addr20 *a) {
  struct credit_entry **place = map_put(&c->account, a->b, NULL);
  if (!*place) *place = arena_new(&c->memory[c->now], struct credit_entry);
  struct credit_entry *e = *out = *place;
  if (e->stamp == c->stamp) return ERR_OK;
  u256 balance = U256_ZERO;
  bool has_code;
  if (!e->same) {
    e->slot = credit_slot_of(c, a);
    TRY(c->view.slot(c->view.ctx, &e->word, &e->slot));
  }
  module_record_unpack(&dpos_credit_table_account, &e->rec, &e->word);
  if (!(e->rec.flags & DPOS_CREDIT_SEEN))
    TRY(c->view.account(c->view.ctx, &balance, &has_code, a));
  dpos_credit_meet(&e->rec, &c->rules, &balance);
  dpos_credit_settle(&e->rec, &c->rules, c->time_s);
  e->now = e->rec;
  e->stamp = c->stamp;
  return ERR_OK;
}

static struct credit_entry *credit_known(const struct chain_credit *c,
                                         const addr20 *a) {
  struct credit_entry **e = map_get(&c->account, a->b);
  MUST(e);
  return *e;
}

err chain_credit_account(struct chain_credit *c,
                         struct dpos_credit_record_account *out,
                         const addr20 *a) {
  struct credit_entry *e;
  TRY(credit_entry(c, &e, a));
  *out = e->rec;
  return ERR_OK;
}

static err credit_policy_get(struct chain_credit *c,
                             struct credit_policy **out, u32 id) {
  struct credit_policy *p = map_put(&c->policy, &id, NULL);
  u256 key = u256_from(id), base;
  *out = p;
  if (p->stamp == c->stamp) return ERR_OK;
  TRY(credit_read(c, &dpos_credit_table_policy, &p->rec, &key, &base));
  p->stamp = c->stamp;
  return ERR_OK;
}

static u256 credit_user_slot_key(u32 id, const addr20 *user) {
  u256 part[2] = {u256_from(id), module_key_addr(user)}, key;
  module_key_of(&key, part, 2);
  return key;
}
static struct credit_user_key credit_user_of(u32 id, const addr20 *user) {
  struct credit_user_key k = {.policy = id, .user = *user};
  return k;
}

static err credit_user_get(struct chain_credit *c, struct credit_user **out,
                           u32 id, const addr20 *user) {
  struct credit_user_key k = credit_user_of(id, user);
  struct credit_user *u = map_put(&c->user, &k, NULL);
  u256 key, base;
  *out = u;
  if (u->stamp == c->stamp) return ERR_OK;
  key = credit_user_slot_key(id, user);
  TRY(credit_read(c, &dpos_credit_table_user, &u->rec, &key, &base));
  u->stamp = c->stamp;
  return ERR_OK;
}

static err credit_target_get(struct chain_credit *c,
                             struct dpos_credit_record_target *out,
                             const addr20 *a) {
  u256 key = module_key_addr(a), base, balance;
  bool has_code;
  struct credit_target *t = map_put(&c->target, a->b, NULL);
  if (t && t->stamp == c->stamp) {
    *out = t->rec;
    return ERR_OK;
  }
  memset(out, 0, sizeof *out);
  TRY(c->view.account(c->view.ctx, &balance, &has_code, a));
  if (has_code)
    TRY(credit_read(c, &dpos_credit_table_target, out, &key, &base));
  if (t) *t = (struct credit_target){c->stamp, *out};
  return ERR_OK;
}

err chain_credit_policies(struct chain_credit *c, u32 *id,
                          struct dpos_credit_record_policy *out, u32 *cnt,
                          const addr20 *target) {
  struct dpos_credit_record_target list;
  struct credit_policy *p;
  *cnt = 0;
  TRY(credit_target_get(c, &list, target));
  for (u32 i = 0; i < DPOS_CREDIT_TARGET_POLICIES; i++) {
    u32 number = load_be32(list.ids.b + 4 * i);
    if (number == 0) break;
    TRY(credit_policy_get(c, &p, number));
    id[*cnt] = number;
    out[(*cnt)++] = p->rec;
  }
  return ERR_OK;
}

/*--------------------------------------------------------------- admission */

static u64 credit_less(u64 a, u64 b) { return a > b ? a - b : 0; }

/* What the account could still reserve, and how much of it by the common
** pool. */
static u64 credit_left(const struct chain_credit *c,
                       const struct credit_entry *e) {
  u64 own = dpos_credit_own(&e->rec), base = dpos_credit_base(&e->rec);
  u64 mine = credit_less(e->reserved, own); /* base credits reserved by it */
  u64 room = credit_less(
      dpos_credit_pool_room(&e->rec, &c->rules, c->prices.pool),
      c->pool_reserved);
  u64 more = credit_less(base, mine);
  if (more > room) more = room;
  return credit_less(own, e->reserved) + more;
}

static u64 credit_debt(const struct dpos_credit_record_account *a) {
  return a->level < 0
             ? (u64)((DPOS_CREDIT_UNIT - 1 - a->level) / DPOS_CREDIT_UNIT)
             : 0;
}

static void credit_hold(struct chain_credit *c, struct credit_entry *e,
                        struct chain_credit_quote *q) {
  u64 own = dpos_credit_own(&e->rec);
  u64 before = credit_less(e->reserved, own);
  e->reserved += q->reserve;
  q->base_part = credit_less(e->reserved, own) - before;
  if (q->bought) q->base_part = 0; /* backed by what it buys */
  c->pool_reserved += q->base_part;
}

/* One payer: reserves and says yes, or says what he has. */
static err credit_try(struct chain_credit *c, struct chain_credit_quote *q,
                      const addr20 *payer) {
  struct credit_entry *e;
  TRY(credit_entry(c, &e, payer));
  q->payer = *payer;
  q->available = credit_left(c, e);
  q->share = dpos_credit_share(&e->rec);
  q->capacity = dpos_credit_capacity(&e->rec, &c->rules) +
                dpos_credit_base_day(&e->rec, &c->rules);
  u64 need = q->reserve + (q->bought ? credit_debt(&e->rec) : 0);
  u64 have = q->available + q->bought;
  q->verdict = have >= need && have >= q->available ? CHAIN_OK : CHAIN_CREDITS;
  if (q->verdict == CHAIN_OK) credit_hold(c, e, q);
  else
    q->wait_s = dpos_credit_wait(&e->rec, &c->rules, c->time_s,
                                 q->reserve + e->reserved);
  return ERR_OK;
}

/* A sponsor's policy: all that its records say, then his credits. */
static err credit_try_policy(struct chain_credit *c,
                             struct chain_credit_quote *q, u32 id,
                             const struct chain_tx *tx) {
  struct dpos_credit_record_account sender = {0};
  struct dpos_credit_record_user nobody = {0};
  struct credit_policy *p;
  struct credit_user *u = NULL;
  q->verdict = CHAIN_CREDITS;
  TRY(credit_policy_get(c, &p, id));
  if (dpos_credit_policy_asks_user(&p->rec))
    TRY(credit_user_get(c, &u, id, &tx->sender));
  if (p->rec.who == DPOS_CREDIT_PERSONS)
    TRY(chain_credit_account(c, &sender, &tx->sender));
  if (!dpos_credit_policy_fits(&p->rec, u ? &u->rec : &nobody,
                               sender.flags & DPOS_CREDIT_VERIFIED, tx->data,
                               tx->gas_limit, c->height, c->time_s))
    return ERR_OK;
  struct dpos_credit_record_policy rec = p->rec;
  struct dpos_credit_record_user use = u ? u->rec : nobody;
  rec.used = rec.day == c->time_s / 86400 ? rec.used : 0;
  use.used = use.day == c->time_s / 86400 ? use.used : 0;
  rec.day = use.day = (u32)(c->time_s / 86400);
  rec.used += p->reserved;
  use.used += u ? u->reserved : 0;
  if (dpos_credit_policy_room(&rec, &use, c->time_s) < q->reserve)
    return ERR_OK;
  TRY(credit_try(c, q, &p->rec.sponsor));
  if (q->verdict != CHAIN_OK) return ERR_OK;
  q->policy = id;
  p->reserved += q->reserve;
  if (u) u->reserved += q->reserve;
  return ERR_OK;
}

static err credit_try_sponsors(struct chain_credit *c,
                               struct chain_credit_quote *q,
                               const struct chain_tx *tx) {
  struct dpos_credit_record_target list;
  q->verdict = CHAIN_CREDITS;
  if (c->rules.totals.policy_cnt == 0 || !tx->has_to ||
      addr20_eq(&tx->to, &CHAIN_CREDIT_ADDR))
    return ERR_OK;
  TRY(credit_target_get(c, &list, &tx->to));
  for (u32 i = 0; i < DPOS_CREDIT_TARGET_POLICIES; i++) {
    u32 id = load_be32(list.ids.b + 4 * i);
    if (id == 0) return ERR_OK;
    TRY(credit_try_policy(c, q, id, tx));
    if (q->verdict == CHAIN_OK) return ERR_OK;
  }
  return ERR_OK;
}

/* Credits that a direct call of rentCredits buys, if it carries their price
** and the balance has it. */
static err credit_bought(struct chain_credit *c, u64 *out,
                         const struct chain_tx *tx) {
  u256 price, balance;
  u64 credits, left;
  bool has_code;
  *out = 0;
  if (!tx->has_to || !addr20_eq(&tx->to, &CHAIN_CREDIT_ADDR) ||
      u256_is_zero(&tx->value) || !dpos_credit_is_rent(&credits, tx->data) ||
      !dpos_credit_rent_price(&price, &left, &c->prices, &c->rules, credits) ||
      u256_lt(&tx->value, &price))
    return ERR_OK;
  TRY(c->view.account(c->view.ctx, &balance, &has_code, &tx->sender));
  if (!u256_lt(&balance, &tx->value)) *out = credits;
  return ERR_OK;
}

err chain_credit_admit(struct chain_credit *c, struct chain_credit_quote *q,
                       const struct chain_tx *tx) {
  memset(q, 0, sizeof *q);
  q->reserve = dpos_credit_reserve(&c->prices, tx->gas_limit, tx->raw.len);
  TRY(credit_try_sponsors(c, q, tx));
  if (q->verdict == CHAIN_OK) return ERR_OK;
  TRY(credit_bought(c, &q->bought, tx));
  return credit_try(c, q, &tx->sender);
}

void chain_credit_release(struct chain_credit *c,
                          const struct chain_credit_quote *q,
                          const struct chain_tx *tx) {
  struct credit_entry *e = credit_known(c, &q->payer);
  MUST(e->reserved >= q->reserve && c->pool_reserved >= q->base_part);
  e->reserved -= q->reserve;
  c->pool_reserved -= q->base_part;
  if (!q->policy) return;
  u32 id = (u32)q->policy;
  struct credit_policy *p = map_get(&c->policy, &id);
  struct credit_user_key k = credit_user_of(id, &tx->sender);
  struct credit_user *u = map_get(&c->user, &k);
  MUST(p && p->reserved >= q->reserve);
  p->reserved -= q->reserve;
  if (u) u->reserved -= u->reserved < q->reserve ? u->reserved : q->reserve;
}

static void credit_say_wait(char *out, size_t size, u64 s) {
  if (s >= 2 * 86400)
    snprintf(out, size, "%llu days", (unsigned long long)(s / 86400));
  else if (s >= 2 * 3600)
    snprintf(out, size, "%llu hours", (unsigned long long)((s + 3599) / 3600));
  else if (s >= 120)
    snprintf(out, size, "%llu minutes", (unsigned long long)((s + 59) / 60));
  else
    snprintf(out, size, "%llu seconds", (unsigned long long)s);
}

void chain_credit_say(struct errmsg *msg, const struct chain_credit_quote *q) {
  char wait[32];
  unsigned long long need = q->reserve, have = q->available;
  if (q->wait_s == DPOS_CREDIT_NEVER) {
    err_say(msg, ERR_INVALID_TX,
            "insufficient credits: needs %llu, available %llu, and this account "
            "cannot hold as many: lower the gas limit, stake CMT or rent "
            "credits, or have a sponsor pay", need, have);
    return;
  }
  credit_say_wait(wait, sizeof wait, q->wait_s);
  err_say(msg, ERR_INVALID_TX,
          "insufficient credits: needs %llu, available %llu, refilled in %s: "
          "wait, stake CMT or rent credits, or have a sponsor pay", need, have,
          wait);
}

/*--------------------------------------------------------------- execution */

/* The payer's entry, with his record as it is now in the block, settled: the
** module may have written it since. */
static struct credit_entry *credit_now(struct chain_credit *c,
                                       const addr20 *payer, struct state *s) {
  struct credit_entry *e = credit_known(c, payer);
  u256 word;
  state_slot(s, &word, &CHAIN_CREDIT_ADDR, &e->slot);
  if (LIKELY(u256_eq(&word, &e->word))) return e;
  e->word = word;
  module_record_unpack(&dpos_credit_table_account, &e->now, &word);
  if (!(e->now.flags & DPOS_CREDIT_SEEN)) e->now = e->rec;
  dpos_credit_settle(&e->now, &c->rules, c->time_s);
  return e;
}

bool chain_credit_holds(struct chain_credit *c,
                        const struct chain_credit_quote *q, struct state *s) {
  const struct dpos_credit_record_account *a =
      &credit_now(c, &q->payer, s)->now;
  u64 base = dpos_credit_base(a);
  u64 room = dpos_credit_pool_room(a, &c->rules,
                                   c->prices.pool - c->pool_drawn);
  u64 have = dpos_credit_own(a) + (base < room ? base : room) + q->bought;
  return have >= q->reserve + (q->bought ? credit_debt(a) : 0);
}

static void credit_put(struct state *s, const struct module_record *r,
                       const u256 *base, const void *rec) {
  u256 word[MODULE_RECORD_SLOTS];
  module_record_pack(r, word, rec);
  for (u32 i = 0; i < module_record_slots(r); i++) {
    u256 at, off = u256_from(i);
    u256_add(&at, base, &off);
    state_slot_set(s, &CHAIN_CREDIT_ADDR, &at, &word[i]);
  }
}
static void credit_get(struct state *s, const struct module_record *r,
                       void *rec, u256 *base, const u256 *key) {
  u256 word[MODULE_RECORD_SLOTS];
  module_slot_of(base, r->type, key);
  for (u32 i = 0; i < module_record_slots(r); i++) {
    u256 at, off = u256_from(i);
    u256_add(&at, base, &off);
    state_slot(s, &word[i], &CHAIN_CREDIT_ADDR, &at);
  }
  module_record_unpack(r, rec, word);
}

void chain_credit_settle(struct chain_credit *c,
                         const struct chain_credit_quote *q,
                         const struct chain_tx *tx,
                         const struct dpos_credit_use *use, struct state *s) {
  u256 policy_slot, user_slot;
  u64 cost = dpos_credit_cost(&c->prices, &c->rules, use);
  struct credit_entry *e = credit_now(c, &q->payer, s);
  c->pool_drawn += dpos_credit_charge(&e->now, &c->rules, cost);
  module_record_pack(&dpos_credit_table_account, &e->word, &e->now);
  state_slot_set(s, &CHAIN_CREDIT_ADDR, &e->slot, &e->word);
  if (!q->policy) return;
  struct dpos_credit_record_policy p;
  struct dpos_credit_record_user u;
  u256 id = u256_from(q->policy);
  u256 user = credit_user_slot_key((u32)q->policy, &tx->sender);
  credit_get(s, &dpos_credit_table_policy, &p, &policy_slot, &id);
  credit_get(s, &dpos_credit_table_user, &u, &user_slot, &user);
  dpos_credit_policy_charge(&p, &u, cost, c->time_s);
  if (p.per_day) credit_put(s, &dpos_credit_table_policy, &policy_slot, &p);
  if (p.per_user_day) credit_put(s, &dpos_credit_table_user, &user_slot, &u);
}

struct credit_crossing {
  struct chain_credit *c;
  struct state *s;
  u256 least;
};
static void credit_cross(void *ctx, const addr20 *addr, const u256 *before,
                         const u256 *now) {
  struct credit_crossing *x = ctx;
  bool held = !u256_lt(before, &x->least), holds = !u256_lt(now, &x->least);
  if (held == holds) return;
  struct dpos_credit_record_account a;
  u256 key = module_key_addr(addr), base;
  credit_get(x->s, &dpos_credit_table_account, &a, &base, &key);
  dpos_credit_meet(&a, &x->c->rules, before);
  dpos_credit_settle(&a, &x->c->rules, x->c->time_s);
  dpos_credit_cross(&a, &x->c->rules, holds, x->c->time_s);
  credit_put(x->s, &dpos_credit_table_account, &base, &a);
}

void chain_credit_end(struct chain_credit *c, struct state *s, u64 gas_used,
                      u64 gas_limit, u64 state_new, u64 time_ms) {
  struct credit_crossing x = {.c = c, .s = s};
  struct dpos_credit_record_prices p;
  u256 zero = U256_ZERO, base, unit = u256_from(1000000000);
  x.least = u256_from(c->rules.param[dpos_credit_param_base_min_gwei]);
  u256_mul(&x.least, &x.least, &unit);
  state_block_balances(s, credit_cross, &x);
  credit_get(s, &dpos_credit_table_prices, &p, &base, &zero);
  p.pool -= c->pool_drawn;
  dpos_credit_prices_next(&p, &c->rules, gas_used, gas_limit, state_new,
                          time_ms);
  credit_put(s, &dpos_credit_table_prices, &base, &p);
}
