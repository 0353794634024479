/* shop_market.h - what Orders asks of Market (0x..1012), in C on Market's own
** storage: prices, stock, shipping, coupons. */
#ifndef SHOP_MARKET_H
#define SHOP_MARKET_H
#include "module/module.h"

#define MODULE_PUBLIC(what, name) shop_market_##what##_##name
#include "module/pass_record.inc"
#include "shop/market.def"
enum {
#include "module/pass_setting.inc"
#include "shop/market.def"
};
#include "module/pass_end.inc"
#undef MODULE_PUBLIC

extern const struct module_def shop_market;
enum { SHOP_LISTING_ACTIVE = 1, SHOP_LISTING_CLOSED = 4 }; /* states */
#define SHOP_UNLIMITED 0xffffffffu
#define SHOP_STOCK_KEPT 0xfffffffeu /* of an argument: what it is */
#define SHOP_STOCK_MAX 0xfffffffdu

/* The listing; state 0: there is none. */
void shop_listing(struct module_call *c, struct shop_market_record_listing *out,
                  u64 id);
/* The price of one piece; fails with NoSuchRecord, VariantInactive. */
enum module_end shop_unit_price(struct module_call *c, u128 *out,
                                const struct shop_market_record_listing *l,
                                u64 id, u16 variant) MUST_USE;
/* What a parcel of items worth goods costs to this zone; fails with NoZone. */
enum module_end shop_shipping(struct module_call *c, u128 *out, u64 table,
                              bytes8 zone, u128 goods, u32 items) MUST_USE;
/* Takes stock of the named version, fails with BadVersion or OutOfStock; gives
** it back. */
enum module_end shop_reserve(struct module_call *c,
                             struct shop_market_record_listing *l, u64 id,
                             u32 version, u16 variant, u32 qty) MUST_USE;
void shop_restore(struct module_call *c, u64 id, u16 variant, u32 qty);
/* A coupon of seller, signed for buyer; fails with CouponInvalid. */
enum module_end shop_coupon(struct module_call *c,
                            struct shop_market_record_coupon *out, u64 id,
                            const addr20 *seller, const addr20 *token,
                            const addr20 *buyer, slice sig) MUST_USE;
/* The discount on the goods that it covers; fails below its minimum. */
enum module_end shop_coupon_off(struct module_call *c, u128 *out,
                                const struct shop_market_record_coupon *r,
                                u128 covered) MUST_USE;
/* One use more, or given back. */
void shop_coupon_count(struct module_call *c, u64 id, u64 order,
                       const addr20 *buyer, bool back);
/* The court's: active or paused it is suspended for so long by Market's clock,
** then as before; one that lasts longer stays.  lift: what this one added ends at
** once, but not what another ruling adds; close: for ever. */
struct shop_hold {
  u64 until, was; /* its end; that of the suspension before it, 0 none */
};
struct shop_hold shop_listing_suspend(struct module_call *c, u64 id,
                                      u64 seconds);
void shop_listing_lift(struct module_call *c, u64 id,
                       const struct shop_hold *h);
void shop_listing_close(struct module_call *c, u64 id);
/* The module's ranges of handling, delivery, inspection, returns. */
enum module_end shop_times_ok(struct module_call *c, u32 handling,
                              u32 delivery, u32 inspect, u16 return_days)
    MUST_USE;
#endif
