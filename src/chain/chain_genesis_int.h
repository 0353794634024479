/* chain_genesis_int.h - shared by the genesis' parser and the rest of it. */
#ifndef CHAIN_GENESIS_INT_H
#define CHAIN_GENESIS_INT_H
#include "chain/chain_genesis.h"

#define CHAIN_GENESIS_VERSION 1

struct chain_param_row {
  const char *name;
  u64 dflt, min, max;
};
extern const struct chain_param_row CHAIN_PARAM_ROWS[CHAIN_PARAM_CNT];

struct chain_fork_key {
  const char *key;
  enum evm_fork fork;
};
extern const struct chain_fork_key CHAIN_FORK_KEYS[CHAIN_FORK_KEY_CNT];

/* An own chain before its file is read. */
void chain_genesis_own_defaults(struct chain_genesis *g);
/* Sorts in place: by the byte that is byte_at into each element (of at most
** 256 bytes), by exchange (P. McIlroy's American flag sort), then, with cmp,
** what has the same byte.  No second array beside one of 200 megabytes. */
void chain_genesis_flag(void *list, size_t cnt, size_t size, size_t byte_at,
                        int (*cmp)(const void *x, const void *y));
/* Ascending by address. */
void chain_genesis_sort(struct chain_genesis *g);
void chain_genesis_sort_stakes(struct chain_genesis *g);
/* Adds the history contract and the modules to sorted accounts, whose array
** has room for CHAIN_GENESIS_FIXED more. */
#define CHAIN_GENESIS_FIXED (6 + 16 + 1)
void chain_genesis_complete(struct chain_genesis *g);
/* One account, and order, of a difference from nothing. */
/* Court's account has the courts and rules that a chain begins with. */
void chain_genesis_court(const struct chain_genesis *g,
                         struct chain_genesis_account *acc, struct arena *a);
void chain_genesis_diff_account(struct state_diff *diff,
                                const struct chain_genesis_account *acc,
                                struct arena *a);
void chain_genesis_diff_slots(struct state_diff_account *d,
                              const struct chain_genesis_account *acc,
                              struct arena *a);
void chain_genesis_diff_sort(struct state_diff *diff);
int chain_genesis_slot_cmp(const void *x, const void *y); /* of a difference */
/* What the credits start from: parameters and those not at their default, the
** sum of balances in gwei, whether an account has so much. */
void chain_genesis_credit_param(u64 *param, bool *given,
                                const struct chain_genesis *g);
u64 chain_genesis_supply(const struct chain_genesis *g);
bool chain_genesis_holds(const struct chain_genesis *g, const addr20 *addr,
                         u64 gwei);
/* The code that an own chain has at a; false when it fixes none. */
bool chain_genesis_fixed_code(slice *out, const addr20 *a);
#endif
