/* chain_genesis_flow.c - the genesis state in portions (see the header). */
#include "chain/chain_genesis_flow.h"

#include <stdlib.h>

#include "chain/chain_credit.h"
#include "chain/chain_genesis_int.h"
#include "crypto/keccak.h"

static int chain_flow_cmp(const void *x, const void *y) {
  const struct chain_flow_entry *a = x, *b = y;
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  return a->at == b->at ? 0 : a->at < b->at ? -1 : 1;
}

static size_t chain_flow_span(const struct chain_flow_entry *e, size_t cnt,
                              u32 first_byte) {
  size_t n = 0;
  while (n < cnt && e[n].key >> 56 == first_byte) n++;
  return n;
}

/* The key's first byte is its number's last one in memory, or its first. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CHAIN_FLOW_BYTE (offsetof(struct chain_flow_entry, key) + 7)
#else
#define CHAIN_FLOW_BYTE offsetof(struct chain_flow_entry, key)
#endif
static void chain_flow_flag(struct chain_flow_entry *e, size_t cnt) {
  chain_genesis_flag(e, cnt, sizeof(*e), CHAIN_FLOW_BYTE, NULL);
}
void chain_flow_sort(struct chain_flow_entry *e, size_t cnt) {
  chain_genesis_flag(e, cnt, sizeof(*e), CHAIN_FLOW_BYTE, chain_flow_cmp);
}
#undef CHAIN_FLOW_BYTE

/*----------------------------------------------------------------- slots */
#define CHAIN_FLOW_PASSED 65536u

static u32 chain_flow_stake(const struct chain_flow *f, u32 i,
                            struct dpos_credit_slot *out) {
  const struct dpos_credit_stake s = {f->g->stake[i].account,
                                      f->g->stake[i].gwei, f->holds[i]};
  return dpos_credit_genesis_stake(out, &f->rules, &s);
}

static void chain_flow_add_slot(struct chain_flow_large *l, const u256 *slot,
                                u32 at) {
  hash32 word = u256_hash32(slot), h;
  crypto_keccak256(&h, word.b, 32);
  l->slot[l->cnt++] = (struct chain_flow_entry){load_be64(h.b), at};
}

/* Of those who walk over millions: each so many, what they passed may go. */
static void chain_flow_passed(u32 i, const struct arena *a) {
  if (i % CHAIN_FLOW_PASSED == 0) arena_rest(a);
}

static void chain_flow_open_credits(struct chain_flow *f,
                                    struct chain_flow_large *l,
                                    struct arena *a) {
  const struct chain_genesis *g = f->g;
  u64 param[DPOS_CREDIT_PARAM_CNT], weight = 0;
  bool given[DPOS_CREDIT_PARAM_CNT];
  chain_genesis_credit_param(param, given, g);
  f->holds = arena_alloc(a, g->stake_cnt + 1);
  l->slot = arena_array(a, struct chain_flow_entry,
                        dpos_credit_genesis_max(g->stake_cnt));
  for (u32 i = 0; i < g->stake_cnt; i++) {
    const addr20 who = g->stake[i].account;
    weight += g->stake[i].gwei;
    f->holds[i] = chain_genesis_holds(g, &who,
                                      param[dpos_credit_param_base_min_gwei]);
    chain_flow_passed(i, a);
  }
  arena_rest(a);
  dpos_credit_genesis_rules(&f->rules, param, weight, chain_genesis_supply(g),
                            g->header.timestamp);
  f->fixed_cnt = dpos_credit_genesis_fixed(f->fixed, &f->rules, given);
  for (u32 i = 0; i < g->stake_cnt; i++) {
    struct dpos_credit_slot s[DPOS_CREDIT_STAKE_SLOTS];
    u32 cnt = chain_flow_stake(f, i, s);
    for (u32 k = 0; k < cnt; k++)
      chain_flow_add_slot(l, &s[k].slot, i * DPOS_CREDIT_STAKE_SLOTS + k);
    chain_flow_passed(i, a);
  }
  for (u32 k = 0; k < f->fixed_cnt; k++)
    chain_flow_add_slot(l, &f->fixed[k].slot,
                        g->stake_cnt * DPOS_CREDIT_STAKE_SLOTS + k);
}

static void chain_flow_open_large(struct chain_flow *f,
                                  const struct chain_genesis_account *acc,
                                  bool credits, struct arena *a) {
  struct chain_flow_large *l = &f->large[f->large_cnt++];
  l->account = acc;
  l->credits = credits;
  crypto_keccak256(&l->key, acc->addr.b, 20);
  if (credits) {
    chain_flow_open_credits(f, l, a);
  } else {
    l->slot = arena_array(a, struct chain_flow_entry, acc->slot_cnt);
    for (u32 i = 0; i < acc->slot_cnt; i++) {
      if (!u256_is_zero(&acc->slot[i].val))
        chain_flow_add_slot(l, &acc->slot[i].slot, i);
      chain_flow_passed(i, a);
    }
  }
  arena_rest(a);
  chain_flow_flag(l->slot, l->cnt);
  arena_rest(a);
}

struct chain_flow_large *chain_flow_large_of(struct chain_flow *f,
                                             const hash32 *key) {
  for (u32 i = 0; i < f->large_cnt; i++)
    if (hash32_eq(&f->large[i].key, key)) return &f->large[i];
  return NULL;
}

static void chain_flow_slot(const struct chain_flow *f,
                            const struct chain_flow_large *l, u32 at,
                            u256 *slot, u256 *val) {
  struct dpos_credit_slot s[DPOS_CREDIT_STAKE_SLOTS];
  u32 fixed = f->g->stake_cnt * DPOS_CREDIT_STAKE_SLOTS;
  if (!l->credits) {
    *slot = l->account->slot[at].slot;
    *val = l->account->slot[at].val;
    return;
  }
  if (at < fixed)
    chain_flow_stake(f, at / DPOS_CREDIT_STAKE_SLOTS, s);
  const struct dpos_credit_slot *is =
      at < fixed ? &s[at % DPOS_CREDIT_STAKE_SLOTS] : &f->fixed[at - fixed];
  *slot = is->slot;
  *val = is->val;
}

void chain_flow_slots(struct chain_flow *f, struct chain_flow_large *l,
                      u32 first_byte, struct state_diff_slot **slot, u32 *cnt,
                      struct chain_flow_entry **entry, struct arena *a) {
  struct chain_flow_entry *e = l->slot + l->at;
  u32 n = (u32)chain_flow_span(e, l->cnt - l->at, first_byte);
  struct state_diff_slot *list = arena_array(a, struct state_diff_slot, n + 1);
  for (u32 i = 0; i < n; i++) {
    chain_flow_slot(f, l, e[i].at, &list[i].slot, &list[i].new_val);
    hash32 word = u256_hash32(&list[i].slot);
    crypto_keccak256(&list[i].key, word.b, 32);
  }
  if (n) qsort(list, n, sizeof(*list), chain_genesis_slot_cmp);
  l->at += n;
  *slot = list;
  *cnt = n;
  *entry = e;
}

/*-------------------------------------------------------------- accounts */

static struct chain_flow_large *chain_flow_is_large(
    struct chain_flow *f, const struct chain_genesis_account *acc) {
  for (u32 i = 0; i < f->large_cnt; i++)
    if (f->large[i].account == acc) return &f->large[i];
  return NULL;
}

void chain_flow_accounts(struct chain_flow *f, u32 first_byte,
                         struct state_diff *part,
                         struct chain_flow_entry **entry, struct arena *a) {
  struct chain_flow_entry *e = f->account + f->account_at;
  u32 n = (u32)chain_flow_span(e, f->account_cnt - f->account_at, first_byte);
  memset(part, 0, sizeof(*part));
  part->account = arena_array(a, struct state_diff_account, n + 1);
  part->code = arena_array(a, struct state_diff_code, n + 1);
  for (u32 i = 0; i < n; i++) {
    struct chain_genesis_account acc = f->g->account[e[i].at];
    const struct chain_flow_large *l =
        chain_flow_is_large(f, &f->g->account[e[i].at]);
    if (l) acc.slot_cnt = 0;
    chain_genesis_court(f->g, &acc, a);
    chain_genesis_diff_account(part, &acc, a);
    if (!l) continue;
    struct state_diff_account *d = &part->account[i];
    d->old_val.storage_root = d->new_val.storage_root = l->root;
  }
  chain_genesis_diff_sort(part);
  f->account_at += n;
  *entry = e;
}

void chain_flow_open(struct chain_flow *f, const struct chain_genesis *g,
                     struct arena *a) {
  memset(f, 0, sizeof(*f));
  MUST(g->chain_id != 0);
  f->g = g;
  f->account_cnt = g->account_cnt;
  f->account = arena_array(a, struct chain_flow_entry, f->account_cnt + 1);
  for (u32 i = 0; i < g->account_cnt; i++) {
    hash32 h;
    crypto_keccak256(&h, g->account[i].addr.b, 20);
    f->account[i] = (struct chain_flow_entry){load_be64(h.b), i};
    chain_flow_passed(i, a);
  }
  chain_flow_flag(f->account, f->account_cnt);
  for (u32 i = 0; i < g->account_cnt; i++) {
    const struct chain_genesis_account *acc = &g->account[i];
    bool credits = g->credits && addr20_eq(&acc->addr, &CHAIN_CREDIT_ADDR);
    u32 room = CHAIN_FLOW_LARGE_MAX - f->large_cnt;
    if (credits || (acc->slot_cnt >= CHAIN_FLOW_SLOTS && room > 1))
      chain_flow_open_large(f, acc, credits, a);
    chain_flow_passed(i, a);
  }
}
