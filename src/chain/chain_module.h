/* chain_module.h - the native modules that this program knows, in the order of
** their bits in chain_rules.modules. */
#ifndef CHAIN_MODULE_H
#define CHAIN_MODULE_H
#include "base/buf.h"
#include "module/module.h"

enum {
  CHAIN_MODULE_CREDITS, CHAIN_MODULE_SCHEDULER, CHAIN_MODULE_BEACON,
  CHAIN_MODULE_BEACON_FN, CHAIN_MODULE_IDENTITY, CHAIN_MODULE_PLATFORMS,
  CHAIN_MODULE_MARKET, CHAIN_MODULE_ORDERS, CHAIN_MODULE_MEDIATION,
  CHAIN_MODULE_COURT,
  CHAIN_MODULE_JSON, CHAIN_MODULE_STRING, CHAIN_MODULE_DECIMAL,
  CHAIN_MODULE_RSA, CHAIN_MODULE_SCRYPT, CHAIN_MODULE_ED25519,
  CHAIN_MODULE_MERKLE,
  CHAIN_MODULE_CNT
};
/* Those of commerce, with what they need: the switch "commerce" of genesis. */
#define CHAIN_MODULES_COMMERCE \
  (((u64)1 << CHAIN_MODULE_CNT) - ((u64)1 << CHAIN_MODULE_SCHEDULER))
extern const struct module_def *const CHAIN_MODULES[CHAIN_MODULE_CNT];

const char *chain_module_name(u32 i);  /* "Credits" */
u32 chain_module_number(u32 i);        /* address 0x..number */
/* Of the table that dispatches it. */
void chain_module_abi(struct buf *out, u32 i);      /* JSON */
void chain_module_solidity(struct buf *out, u32 i); /* interface IName */
void chain_module_doc(struct buf *out, u32 i);      /* HTML */
void chain_module_info(struct buf *out, u32 i);     /* the same as JSON */
void chain_module_index(struct buf *out);           /* HTML, of all */
/* What is told of them: texts (chain_text.def) and what calls were measured to
** take (chain_cost.def). */
const struct module_notes *chain_module_notes(void);
/* The costs of all of them. */
void chain_module_costs(struct buf *out);           /* HTML */
void chain_module_costs_info(struct buf *out);      /* JSON */
#endif
