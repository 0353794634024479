/* shop_orders.h - what other modules ask Orders (0x..1013) and, when they come,
** have it do: Market's reviews and messages; Mediation's lock, settle, drop. */
#ifndef SHOP_ORDERS_H
#define SHOP_ORDERS_H
#include "module/module.h"

#define MODULE_PUBLIC(what, name) shop_orders_##what##_##name
#include "module/pass_record.inc"
#include "shop/orders.def"
enum {
#include "module/pass_setting.inc"
#include "shop/orders.def"
};
#include "module/pass_end.inc"
#undef MODULE_PUBLIC

extern const struct module_def shop_orders;
enum shop_side { SHOP_SIDE_BUYER = 1, SHOP_SIDE_SELLER = 2 };
#define SHOP_WHOLE 255u /* of a dispute: not one milestone */

/* Of the sender, on an order: side 0 when he is no party of it. */
struct shop_review_right {
  u8 side;
  bool paid;          /* it has ended, and something was released */
  bool counts;        /* for reputation: not one too many of the two */
  u64 ended, listing; /* the first line's */
  addr20 author, subject;
};
bool shop_review_right(struct module_call *c, struct shop_review_right *out,
                       u64 order); /* false: no such order */
/* me is a party of the order, and with (not NULL) the other one. */
bool shop_order_has(struct module_call *c, u64 order, const addr20 *me,
                    const addr20 *with);
/* Mediation's.  A dispute of an order (sub SHOP_WHOLE) or of one milestone:
** why_..: that side cannot open one now.  held: what it would be about;
** category and preferred mediator: of the first line's listing.  False: no such
** order. */
enum shop_dispute_why { SHOP_WHY_SUBJECT = 1, SHOP_WHY_STATE, SHOP_WHY_EARLY,
                        SHOP_WHY_SIDE, SHOP_WHY_DROPPED, SHOP_WHY_DISPUTED };
struct shop_dispute {
  addr20 buyer, seller, token, mediator;
  u128 held;
  u32 category;
  u8 why_buyer, why_seller;
};
bool shop_order_dispute(struct module_call *c, struct shop_dispute *out,
                        u64 order, u8 sub);
/* What is held of it is locked, and its clock stands. */
void shop_order_lock(struct module_call *c, u64 order, u8 sub);
/* The buyer's share of what is locked goes to him, the rest as a release. */
void shop_order_settle(struct module_call *c, u64 order, u8 sub,
                       u16 buyer_bps);
/* As before the dispute; the time that was left runs on. */
void shop_order_drop(struct module_call *c, u64 order, u8 sub);
#endif
