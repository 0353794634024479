/* shop_mediation.h - module 0x..1014, Mediation, and what Court (0x..1015) has
** it do. */
#ifndef SHOP_MEDIATION_H
#define SHOP_MEDIATION_H
#include "module/module.h"
#include "shop/shop_ticket.h"

#define MODULE_PUBLIC(what, name) shop_mediation_##what##_##name
#include "module/pass_record.inc"
#include "shop/mediation.def"
enum {
#include "module/pass_setting.inc"
#include "shop/mediation.def"
};
#include "module/pass_end.inc"
#undef MODULE_PUBLIC

extern const struct module_def shop_mediation;

/* The court's ruling on an appeal is final: what is locked is split, deposits
** and the mediator's fee are paid.  how: enum shop_court_how; by default he has
** his full fee.  The case is AtCourt. */
void shop_mediation_ruling(struct module_call *c, u64 mediation_case,
                           u16 buyer_bps, u8 how);
#endif
