/* dpos_credit.h - the arithmetic of credits (SPEC 6): pure functions on
** records, shared by the module 0x..1004, by admission and by execution.
**
** A day's budget C = 2 x share x gas per second x 86,400.  An account has
** - by stake: capacity C x weight / S, S the total stake or 1 % of supply if
**   that is more, weight its stake with what was delegated to and from it;
** - by base allowance: base_day credits a day, backed by a common pool of
**   pool_ppm of C, of which a part is kept for verified accounts.
** Both refill linearly over a day.  Levels are kept in 1/86,400 of a credit,
** so that a second's refill is the capacity itself and settling often or
** seldom gives the same in sum, to the unit: nothing is ever rounded up.
**
** Spending takes credits by stake first, then the base allowance, and what is
** left becomes a debt: level below zero, paid by any refill before the
** account can spend again.  Rented credits may lift the level above capacity;
** what is above fades by 1/86,400 of itself a second.
**
** The base allowance belongs to accounts whose balance has been at least
** base_min at the end of every block for base_after_s seconds, and starts
** full; crossing that balance is noted at the end of the block.  An account
** without a record whose balance was enough before this block has held it
** since genesis.  A verified person has it without any balance, but from
** nothing: it refills from then on (or from when the balance was enough), so
** that handing an identity from key to key gains no credits.
**
** Invariants: 0 <= base <= base_day; refill never lifts level above capacity;
** level < 0 implies base = 0; a charge lowers level + base by exactly its
** cost.
*/
#ifndef DPOS_CREDIT_H
#define DPOS_CREDIT_H
#include "base/base.h"
#include "base/u256.h"
#include "module/module.h"

#define DPOS_CREDIT_NUMBER 0x1004
#define DPOS_CREDIT_UNIT 86400      /* of a credit: seconds of a day */
#define DPOS_CREDIT_ONE 65536u      /* multiplier 1 */
#define DPOS_CREDIT_M_MAX (64u << 16)
#define DPOS_CREDIT_TARGET_POLICIES 8u
#define DPOS_CREDIT_SELECTORS 8u
#define DPOS_CREDIT_USERS_MAX 100u  /* of one setUsers */
#define DPOS_CREDIT_NEVER UINT64_MAX

#define MODULE_PUBLIC(what, name) dpos_credit_##what##_##name
#include "module/pass_record.inc"
#include "dpos/credits.def"
enum dpos_credit_param {
#include "module/pass_setting.inc"
#include "dpos/credits.def"
  DPOS_CREDIT_PARAM_CNT
};
#include "module/pass_end.inc"
#undef MODULE_PUBLIC

enum { /* flags of an account */
  DPOS_CREDIT_SEEN = 1,     /* the record has been written */
  DPOS_CREDIT_HOLDS = 2,    /* base_min or more after the last block */
  DPOS_CREDIT_GRANTED = 4,  /* base is a level */
  DPOS_CREDIT_VERIFIED = 8
};
enum { /* who of a policy */
  DPOS_CREDIT_ANYONE, DPOS_CREDIT_LISTED, DPOS_CREDIT_PERSONS
};
enum { DPOS_CREDIT_POLICY_ACTIVE = 1, DPOS_CREDIT_POLICY_ENDED = 2 };

/* Parameters and totals of one block, with what follows from them. */
struct dpos_credit_rules {
  u64 param[DPOS_CREDIT_PARAM_CNT];
  struct dpos_credit_record_totals totals;
  u64 day;         /* C */
  u64 weight;      /* S, at least 1 */
  u64 pool;        /* credits that the common pool holds at most */
  u64 pool_kept;   /* of it, for the verified */
  u64 for_rent;    /* credits for rent in a day */
};
/* Of parameters (rules->param) and totals. */
void dpos_credit_rules_fill(struct dpos_credit_rules *rules);
u64 dpos_credit_default(u32 param);

/* What a method of the module is given beside its call: the block's rules, and
** balances as they were before the block. */
struct dpos_credit_env {
  const struct dpos_credit_rules *rules;
  void *ctx;
  void (*balance_before)(void *ctx, u256 *out, const addr20 *a);
};

/*-------------------------------------------------------------- an account */

/* A record as read: one never written becomes what its balance before the
** block gives it. */
void dpos_credit_meet(struct dpos_credit_record_account *a,
                      const struct dpos_credit_rules *rules,
                      const u256 *balance_before);
/* Refills up to now; a time before the last one changes nothing. */
void dpos_credit_settle(struct dpos_credit_record_account *a,
                        const struct dpos_credit_rules *rules, u64 now_s);
/* Credits a day by stake; base allowance a day that the account has now. */
u64 dpos_credit_capacity(const struct dpos_credit_record_account *a,
                         const struct dpos_credit_rules *rules);
u64 dpos_credit_base_day(const struct dpos_credit_record_account *a,
                         const struct dpos_credit_rules *rules);
/* Whole credits by stake and by base allowance, of a settled account; 0 while
** in debt. */
u64 dpos_credit_own(const struct dpos_credit_record_account *a);
u64 dpos_credit_base(const struct dpos_credit_record_account *a);
/* What the common pool has for such an account. */
u64 dpos_credit_pool_room(const struct dpos_credit_record_account *a,
                          const struct dpos_credit_rules *rules, __int128 pool);
/* Takes cost from a settled account; returns what the common pool gave, in
** units (1/86,400). */
__int128 dpos_credit_charge(struct dpos_credit_record_account *a,
                            const struct dpos_credit_rules *rules, u64 cost);
/* Seconds until own + base cover need; DPOS_CREDIT_NEVER: not within a
** year. */
u64 dpos_credit_wait(const struct dpos_credit_record_account *a,
                     const struct dpos_credit_rules *rules, u64 now_s,
                     u64 need);
/* Credits spent in the last hour, of capacity, 2^-32. */
u32 dpos_credit_share(const struct dpos_credit_record_account *a);
/* The stake that counts is another from now on (settled account): added
** capacity starts empty, level is cut to the new one. */
void dpos_credit_weigh(struct dpos_credit_record_account *a,
                       const struct dpos_credit_rules *rules, u64 weight);
/* The balance has crossed base_min (account settled). */
void dpos_credit_cross(struct dpos_credit_record_account *a,
                       const struct dpos_credit_rules *rules, bool holds,
                       u64 now_s);
/* It is a verified person's from now on, or no longer (account settled). */
void dpos_credit_person(struct dpos_credit_record_account *a,
                        const struct dpos_credit_rules *rules, bool verified,
                        u64 now_s);

/*------------------------------------------------------------------ prices */

/* m x (max(gas used, gas limit / 2) + 8 x bytes) + m_state x (state_price x
** new slots and accounts + code_price x bytes of code), rounded up. */
struct dpos_credit_use {
  u64 gas_used, gas_limit, bytes, state_new, code_bytes;
};
u64 dpos_credit_cost(const struct dpos_credit_record_prices *p,
                     const struct dpos_credit_rules *rules,
                     const struct dpos_credit_use *use);
/* What is held back before: m x (gas limit + 8 x bytes). */
u64 dpos_credit_reserve(const struct dpos_credit_record_prices *p,
                        u64 gas_limit, u64 bytes);
/* The prices after a block of this use. */
void dpos_credit_prices_next(struct dpos_credit_record_prices *p,
                             const struct dpos_credit_rules *rules,
                             u64 gas_used, u64 gas_limit, u64 state_new,
                             u64 time_ms);
/* Wei for so many credits, by what was sold lately; false: not so many are
** for rent now, *left are. */
bool dpos_credit_rent_price(u256 *wei, u64 *left,
                            const struct dpos_credit_record_prices *p,
                            const struct dpos_credit_rules *rules, u64 credits);
/* rentCredits(uint64) as call data: the credits it asks for. */
bool dpos_credit_is_rent(u64 *credits, slice input);

/*---------------------------------------------------------------- policies */

/* A call fits the policy: state, end, target, selector, gas, and for a listed
** or verified one what the records say. */
bool dpos_credit_policy_fits(const struct dpos_credit_record_policy *p,
                             const struct dpos_credit_record_user *user,
                             bool user_verified, slice input, u64 gas_limit,
                             u64 height, u64 now_s);
/* It asks for the caller's own record, or for who the caller is. */
bool dpos_credit_policy_asks_user(const struct dpos_credit_record_policy *p);
/* Credits that the policy still gives this user today. */
u64 dpos_credit_policy_room(const struct dpos_credit_record_policy *p,
                            const struct dpos_credit_record_user *user,
                            u64 now_s);
/* Notes a cost on both. */
void dpos_credit_policy_charge(struct dpos_credit_record_policy *p,
                               struct dpos_credit_record_user *user, u64 cost,
                               u64 now_s);

/*----------------------------------------------------------------- genesis */
struct dpos_credit_stake { /* one of genesis */
  addr20 account;
  u64 gwei;
  bool holds;            /* its balance is at least base_min */
};
struct dpos_credit_slot { u256 slot, val; };
/* The module's storage at genesis, into an array with room for
** dpos_credit_genesis_max slots; the count.  given: which parameters differ
** from their defaults. */
u32 dpos_credit_genesis_max(u32 stake_cnt);
u32 dpos_credit_genesis(struct dpos_credit_slot *out, const u64 *param,
                        const bool *given, const struct dpos_credit_stake *s,
                        u32 stake_cnt, u64 supply_gwei, u64 time_s);
/* The same piece by piece, for millions of stakes: the rules from parameters
** and the sum of all stakes; what there is once, into room for
** DPOS_CREDIT_GENESIS_FIXED; the slots of one stake.  Both give the count. */
#define DPOS_CREDIT_GENESIS_FIXED (DPOS_CREDIT_PARAM_CNT + 4)
#define DPOS_CREDIT_STAKE_SLOTS 2
void dpos_credit_genesis_rules(struct dpos_credit_rules *out, const u64 *param,
                               u64 weight, u64 supply_gwei, u64 time_s);
u32 dpos_credit_genesis_fixed(struct dpos_credit_slot *out,
                              const struct dpos_credit_rules *r,
                              const bool *given);
u32 dpos_credit_genesis_stake(struct dpos_credit_slot *out,
                              const struct dpos_credit_rules *r,
                              const struct dpos_credit_stake *s);

extern const struct module_def dpos_credits;
/* For Identity, within a message: the account is, or is no longer, that of a
** verified human. */
void dpos_credit_verify(struct module_call *c, const addr20 *who,
                        bool verified);
#endif
