/* chain_module.c - see chain_module.h. */
#include "chain/chain_module.h"

#include "dpos/dpos_credit.h"
#include "native/native.h"
#include "shop/shop_court.h"
#include "shop/shop_identity.h"
#include "shop/shop_market.h"
#include "shop/shop_mediation.h"
#include "shop/shop_orders.h"
#include "shop/shop_platform.h"

const struct module_def *const CHAIN_MODULES[CHAIN_MODULE_CNT] = {
  [CHAIN_MODULE_CREDITS] = &dpos_credits,
  [CHAIN_MODULE_SCHEDULER] = &module_scheduler,
  [CHAIN_MODULE_BEACON] = &module_beacon,
  [CHAIN_MODULE_BEACON_FN] = &module_beacon_fn,
  [CHAIN_MODULE_IDENTITY] = &shop_identity,
  [CHAIN_MODULE_PLATFORMS] = &shop_platform,
  [CHAIN_MODULE_MARKET] = &shop_market,
  [CHAIN_MODULE_ORDERS] = &shop_orders,
  [CHAIN_MODULE_MEDIATION] = &shop_mediation,
  [CHAIN_MODULE_COURT] = &shop_court,
  [CHAIN_MODULE_JSON] = &native_json,
  [CHAIN_MODULE_STRING] = &native_string,
  [CHAIN_MODULE_DECIMAL] = &native_decimal,
  [CHAIN_MODULE_RSA] = &native_rsa,
  [CHAIN_MODULE_SCRYPT] = &native_scrypt,
  [CHAIN_MODULE_ED25519] = &native_ed25519,
  [CHAIN_MODULE_MERKLE] = &native_merkle,
};

static const struct module_cost chain_costs[] = {
#define COST(module, method, least, most, ns) \
  {module, method, least, most, ns, NULL},
#define COST_NONE(module, method, why) {module, method, 0, 0, 0, why},
#include "chain/chain_cost.def"
#undef COST
#undef COST_NONE
  {0}};

static const struct module_text chain_texts[] = {
#define TEXT(module, name, text) {module, name, text},
#include "chain/chain_text.def"
#undef TEXT
  {0}};
static const struct module_notes chain_notes = {chain_texts, chain_costs};
const struct module_notes *chain_module_notes(void) { return &chain_notes; }

static const struct module_def *chain_module_at(u32 i) {
  MUST(i < CHAIN_MODULE_CNT);
  return CHAIN_MODULES[i];
}

const char *chain_module_name(u32 i) { return chain_module_at(i)->name; }
u32 chain_module_number(u32 i) { return chain_module_at(i)->number; }
void chain_module_abi(struct buf *out, u32 i) {
  module_abi_json(out, chain_module_at(i));
}
void chain_module_solidity(struct buf *out, u32 i) {
  module_solidity(out, chain_module_at(i), &chain_notes);
}
void chain_module_doc(struct buf *out, u32 i) {
  module_doc_html(out, chain_module_at(i), &chain_notes);
}
void chain_module_info(struct buf *out, u32 i) {
  module_doc_json(out, chain_module_at(i), &chain_notes);
}
void chain_module_index(struct buf *out) {
  module_doc_index(out, CHAIN_MODULES, CHAIN_MODULE_CNT);
}
void chain_module_costs(struct buf *out) {
  module_doc_costs_html(out, CHAIN_MODULES, CHAIN_MODULE_CNT, &chain_notes);
}
void chain_module_costs_info(struct buf *out) {
  module_doc_costs_json(out, CHAIN_MODULES, CHAIN_MODULE_CNT, &chain_notes);
}
