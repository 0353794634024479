/* shop_orders_part.h - what the files of Orders (0x..1013) share: shop_orders.c
** (orders proper), shop_invoice.c (invoices, milestones) and shop_plan.c
** (plans, subscriptions).  For them alone. */
#ifndef SHOP_ORDERS_PART_H
#define SHOP_ORDERS_PART_H
#include "shop/shop.h"
#include "shop/shop_identity.h"
#include "shop/shop_orders.h"
#include "shop/shop_platform.h"

#define ID(what, name) shop_orders_##what##_##name
#define MODULE_SHARED
#include "module/pass_struct.inc"
#include "shop/orders.def"
#include "module/pass_end.inc"
#undef ID
#undef MODULE_SHARED

enum { ORDER_ORDER = 1, ORDER_INVOICE, ORDER_MILESTONE, ORDER_PLAN,
       ORDER_SUB, ORDER_STOCK };
enum { ORDER_RESTOCK = 4 };
enum { ORDER_PAID = 1, ORDER_SHIPPED, ORDER_MILESTONES, ORDER_RETURN_ASKED,
       ORDER_RETURN_OPEN, ORDER_RETURN_SENT, ORDER_DISPUTED, ORDER_COMPLETED,
       ORDER_CANCELLED, ORDER_REFUNDED, ORDER_RESOLVED };
enum { ORDER_STEP_WAITING = 1, ORDER_STEP_SUBMITTED, ORDER_STEP_DISPUTED,
       ORDER_STEP_RELEASED, ORDER_STEP_REFUNDED, ORDER_STEP_RESOLVED };
enum { ORDER_INV_OPEN = 1, ORDER_INV_PAID, ORDER_INV_CANCELLED,
       ORDER_INV_EXPIRED };
enum { ORDER_PLAN_OPEN = 1, ORDER_PLAN_CLOSED };
enum { ORDER_SUB_ACTIVE = 1, ORDER_SUB_PAST_DUE, ORDER_SUB_FINISHED,
       ORDER_SUB_CANCELLED, ORDER_SUB_LAPSED };
enum { ORDER_ESCROW = 1, ORDER_INSTANT, ORDER_STEPS };
enum { ORDER_FLAG_ACCEPTED = 1, ORDER_FLAG_DELIVERED = 2,
       ORDER_FLAG_RETURNED = 4, ORDER_FLAG_RESTORED = 8,
       ORDER_FLAG_ZONED = 16,   /* shipping was priced by the buyer's zone */
       ORDER_FLAG_COUNTED = 32, /* against the seller, who did not send it */
       ORDER_FLAG_MORE = 64 };  /* than pairLimit orders of the two: for neither */
enum { ORDER_WHY_RELEASE = 1, ORDER_WHY_REFUND, ORDER_WHY_PLATFORM,
       ORDER_WHY_REFERRER, ORDER_WHY_PROTOCOL, ORDER_WHY_LATER,
       ORDER_WHY_PERIOD, ORDER_WHY_PREPAID };
enum { ORDER_REASON_ZONE = 7, ORDER_REASON_TIME = 100 };
enum { ORDER_SUBMIT_DAYS = 7, ORDER_REJECT_DAYS = 14 };
enum { ORDER_ZONE_FREE = 3, ORDER_ZONE_SOLD = 50 };
#define ORDER_BIT(state) (1u << (state))
#define ORDER_RETURNS (ORDER_BIT(ORDER_RETURN_ASKED) | \
                       ORDER_BIT(ORDER_RETURN_OPEN) | \
                       ORDER_BIT(ORDER_RETURN_SENT))

typedef struct shop_orders_record_order order_t;
typedef struct shop_orders_struct_place order_args_t;
typedef struct shop_orders_struct_line order_line_args_t;
typedef struct shop_orders_struct_invoice order_invoice_args_t;
typedef struct shop_orders_struct_plan order_plan_args_t;

void shop_order_get(struct module_call *c, order_t *o, u64 id);
void shop_order_put(struct module_call *c, order_t *o, u64 id);
/* Another state, with its deadline; the record is put. */
void shop_order_turn(struct module_call *c, order_t *o, u64 id, u8 state,
                     u64 deadline, u16 reason);
/* The order, for the sender as buyer or seller (with an operator's purpose), in
** one of these states. */
enum { ORDER_BUYER = 1, ORDER_SELLER = 2 };
enum module_end shop_order_open(struct module_call *c, order_t *o, u64 id,
                                u32 who, u16 purpose, u32 states) MUST_USE;
static inline bool shop_order_over(const order_t *o) {
  return o->state >= ORDER_COMPLETED;
}
/* Out of what is held: to the seller and for fees; back to the buyer. */
void shop_order_release(struct module_call *c, order_t *o, u64 id,
                        u128 amount);
void shop_order_repay(struct module_call *c, order_t *o, u64 id, u128 amount,
                      u16 reason);
/* Nothing is held any more. */
void shop_order_end(struct module_call *c, order_t *o, u64 id, u8 state,
                    u16 reason);
/* What of a payment goes to whom; max_fee: what the seller lets a platform
** take. */
enum module_end shop_order_fees(struct module_call *c, order_t *o, u128 net,
                                u64 platform, u16 max_fee) MUST_USE;
/* A new order whose money has come; the record is put. */
u64 shop_order_begin(struct module_call *c, order_t *o, u8 state,
                     u64 deadline);
/* Money to the seller in the same call. */
u64 shop_order_instant(struct module_call *c, order_t *o);

/* Milestones.  A sweep ends what is not done, SHOP_SWEEP of them at once and
** the others a second later each time: a deadline's work is bounded. */
enum { SHOP_SWEEP = 4 };
void shop_steps_void(struct module_call *c, order_t *o, u64 id);
/* 0, or why it cannot be disputed; held: its amount. */
u8 shop_step_why_not(struct module_call *c, u128 *held, const order_t *o,
                     u64 id, u8 index);
void shop_step_lock(struct module_call *c, order_t *o, u64 id, u8 index);
void shop_step_settle(struct module_call *c, order_t *o, u64 id, u8 index,
                      u16 buyer_bps);
void shop_step_drop(struct module_call *c, order_t *o, u64 id, u8 index);
/* Deadlines. */
void shop_step_timer(struct module_call *c, const u256 *key);
void shop_invoice_timer(struct module_call *c, const u256 *key);
void shop_sub_timer(struct module_call *c, const u256 *key);
#endif
