/* shop.h - what the modules of commerce share: the usual errors, shares of
** money, and draws by the beacon. */
#ifndef SHOP_SHOP_H
#define SHOP_SHOP_H
#include "module/module.h"

#define SHOP_DAY 86400u

extern const addr20 shop_none; /* nobody; of tokens, CMT */
static inline bool shop_is_none(const addr20 *a) {
  return addr20_eq(a, &shop_none);
}

/* A record begins, in a method that also goes on with those there are: a pause
** forbids it from level 1 on.  ModulePaused. */
enum module_end shop_new_record(struct module_call *c) MUST_USE;

/* No one's: 0, the precompiles, the modules and the functions (all addresses
** below 65,536).  Nothing is owed to them. */
static inline bool shop_is_nobody(const addr20 *a) {
  static const u8 zeros[18];
  return memcmp(a->b, zeros, sizeof zeros) == 0;
}

/* Somebody, or (0) nobody in particular; BadAddress. */
enum module_end shop_some_or_none(struct module_call *c,
                                  const addr20 *a) MUST_USE;
/* CMT, or what can be a token; BadToken. */
enum module_end shop_token_ok(struct module_call *c,
                              const addr20 *token) MUST_USE;

/* NoSuchRecord, WrongState, NotAuthorised(the sender), OutOfRange, TooMany. */
enum module_end shop_missing(struct module_call *c, u8 t, u256 key);
enum module_end shop_wrong(struct module_call *c, u8 t, u256 key, u8 state);
enum module_end shop_refused(struct module_call *c);
enum module_end shop_range(struct module_call *c, const char *what, u64 v,
                           u64 min, u64 max);
enum module_end shop_many(struct module_call *c, const char *what, u64 max);

/* a b / d rounded down, 0 when d is 0; below 2^128 as all its uses are. */
u128 shop_share(u128 a, u128 b, u128 d);

/* A draw asked for in block `asked` (SPEC-commerce 1.6): its seed is
** keccak256(beacon(asked + 2) .. beacon(asked + 5), module, id, round), so that
** no single proposer decides it.  EARLY: those blocks are not all there yet; GONE:
** no longer kept (the module was paused for long), so it is to be asked anew. */
enum { SHOP_DRAW_FIRST_S = 30, SHOP_DRAW_AGAIN_S = 10 };
enum shop_draw_is { SHOP_DRAW_READY, SHOP_DRAW_EARLY, SHOP_DRAW_GONE };
enum shop_draw_is shop_draw_seed(struct module_call *c, u256 *seed, u64 asked,
                                 u64 id, u64 round) MUST_USE;
/* Unbiased, below n > 0: keccak256(seed, counter) for counter, counter + 1, ..
** until one is below the greatest multiple of n; counter is left behind it. */
u64 shop_draw_index(struct module_call *c, const u256 *seed, u64 *counter,
                    u64 n);
#endif
