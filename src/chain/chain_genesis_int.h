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
/* Ascending by address. */
void chain_genesis_sort(struct chain_genesis *g);
void chain_genesis_sort_stakes(struct chain_genesis *g);
/* Adds the history contract and the modules to sorted accounts, whose array
** has room for CHAIN_GENESIS_FIXED more. */
#define CHAIN_GENESIS_FIXED (6 + 16 + 1)
void chain_genesis_complete(struct chain_genesis *g);
/* The code that an own chain has at a; false when it fixes none. */
bool chain_genesis_fixed_code(slice *out, const addr20 *a);
#endif
