/* shop_mediation_part.h - what the files of Mediation (0x..1014) share:
** shop_mediation.c (cases) and shop_mediator.c (mediators: bond, eligibility,
** pool).  For them alone. */
#ifndef SHOP_MEDIATION_PART_H
#define SHOP_MEDIATION_PART_H
#include "shop/shop.h"
#include "shop/shop_identity.h"
#include "shop/shop_mediation.h"

#define ID(what, name) shop_mediation_##what##_##name
#define MODULE_SHARED
#include "module/pass_struct.inc"
#include "shop/mediation.def"
#include "module/pass_end.inc"
#undef ID
#undef MODULE_SHARED

enum { MED_MEDIATOR = 1, MED_CASE = 2 }; /* types with a deadline */
enum { MED_WHY_DEPOSIT = 1, MED_WHY_FEE, MED_WHY_BOND, MED_WHY_PENALTY };
typedef struct shop_mediation_record_case med_case_t;
typedef struct shop_mediation_record_mediator mediator_t;

/* Why a mediator cannot have a case: NotEligible's. */
enum shop_med_why {
  MED_NOT_ACTIVE = 1, MED_NOT_AVAILABLE, MED_FEE_ABOVE_CAP, MED_BOND_LOW,
  MED_CATEGORY, MED_FULL, MED_PARTY, MED_TRADED, MED_CLOSE, MED_SANCTIONED,
  MED_STRUCK, MED_WAS_INVITED
};
void shop_mediator_get(struct module_call *c, mediator_t *m,
                       const addr20 *party);
/* 0, or why not; m: his record. */
u8 shop_mediator_why_not(struct module_call *c, mediator_t *m,
                         const med_case_t *k, const addr20 *party);
/* He has a case more, and his bond stands for its fee. */
void shop_mediator_bind(struct module_call *c, const addr20 *party, u128 fee);
/* The case is over for him.  penalty: what he loses of the bond, which the
** caller pays out; the amount that there was. */
enum shop_med_end { MED_ENDED, MED_ENDED_SETTLED, MED_ENDED_OVERTURNED };
u128 shop_mediator_free(struct module_call *c, const addr20 *party, u128 fee,
                        enum shop_med_end end, u128 penalty);
void shop_mediator_rated(struct module_call *c, const addr20 *party, u8 stars);
/* The pool's indices, and who has one since a block or before; nobody too. */
u32 shop_mediator_slots(struct module_call *c);
addr20 shop_mediator_at(struct module_call *c, u32 index, u64 asked);
/* The deadline of his record. */
void shop_mediator_timer(struct module_call *c, const u256 *key);
#endif
