/* chain_module.c - see chain_module.h. */
#include "chain/chain_module.h"

#include "dpos/dpos_credit.h"

const struct module_def *const CHAIN_MODULES[CHAIN_MODULE_CNT] = {
  [CHAIN_MODULE_CREDITS] = &dpos_credits,
};
