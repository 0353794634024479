/* shop_mediation.h - what Court (0x..1015) has Mediation (0x..1014) do. */
#ifndef SHOP_MEDIATION_H
#define SHOP_MEDIATION_H
#include "module/module.h"

/* The court's ruling on an appeal is final: what is locked is split, deposits
** and the mediator's fee are paid.  how: enum shop_court_how; by default he has
** his full fee.  The case is AtCourt. */
void shop_mediation_ruling(struct module_call *c, u64 mediation_case,
                           u16 buyer_bps, u8 how);
#endif
