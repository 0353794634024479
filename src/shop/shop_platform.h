/* shop_platform.h - what Orders asks Platforms (0x..1011). */
#ifndef SHOP_PLATFORM_H
#define SHOP_PLATFORM_H
#include "module/module.h"

#define MODULE_PUBLIC(what, name) shop_platform_##what##_##name
#include "module/pass_record.inc"
#include "shop/platform.def"
enum {
#include "module/pass_setting.inc"
#include "shop/platform.def"
};
#include "module/pass_end.inc"
#undef MODULE_PUBLIC

extern const struct module_def shop_platform;

/* The fee in force and the referrer's part of it; platform 0: none.  Fails when
** it takes no orders. */
struct shop_fee {
  u16 fee_bps, referral_bps;
};
enum module_end shop_fee_of(struct module_call *c, struct shop_fee *out,
                            u64 platform) MUST_USE;
/* The court's: active or paused it is suspended for so long by Platforms' clock,
** then as before; close: its 30 days of closing begin. */
void shop_platform_suspend(struct module_call *c, u64 id, u64 seconds);
void shop_platform_close(struct module_call *c, u64 id);
addr20 shop_operator_of(struct module_call *c, u64 platform);
/* The category is not banned. */
bool shop_category_open(struct module_call *c, u32 category);
/* The seller has the claim that the category asks for; fails with
** CategoryClaim. */
enum module_end shop_category_ok(struct module_call *c, u32 category,
                                 const addr20 *seller) MUST_USE;
#endif
