/* shop_platform.c - module 0x..1011, Platforms; see platform.def and
** shop_platform.h.
**
** Platform (key: id)
**   none       register, with bond           -> Active
**   Active     pause -> Paused, 180 days -> Closing;  resume -> Active
**   Active, Paused, Dormant  closePlatform   -> Closing: 30 days -> Closed*,
**              bond back
**   Active     idleMax without an action     -> Dormant, bond back; resume with
**              the bond -> Active
**   Active, Paused   a ruling                -> Suspended: at its end as before;
**              a ruling may begin the closing of any
**   Bonds wait while a case against the operator is open.
**   A fee falls at once and rises after feeNotice; what waits counts from its
**   time on without anybody's doing.
** CrossPost (key: listing, platform)
**   none       post    -> Shown, or on a platform with approval Asked: 7 days
**              -> Shown
**   Asked, Shown, Hidden  decide (operator)  -> Shown, Hidden
**              hide (operator)               -> Hidden: 30 days -> Shown
**   Shown, Hidden, Asked  unpost (seller)    -> Removed*, and post again; of a
**              closed listing at their deadline, and none is shown anywhere
**   A hide outlives unpost: what is taken back while Hidden stays so until its
**   30 days are over, and only then is Removed; else the seller could undo a hide
**   with two calls.
** Category (key: code) and opt-out (key: listing) have no deadline.
**   Flags: 1 restricted (a platform has to accept it by its mask), 2 needs a
**   claim, 4 digital, 8 banned.
**
** A platform with mode 0 shows every active listing of a category that it
** accepts, unless the seller opted out; nothing else is posted to it.  Hiding
** concerns that storefront alone: no method here changes Market or Orders.
** Bonds and claims are what is accounted. */
#include "shop/shop_platform.h"

#include "shop/shop.h"
#include "shop/shop_court.h"
#include "shop/shop_identity.h"
#include "shop/shop_market.h"

#define ID(what, name) plat_##what##_##name
#define MODULE_PUBLIC(what, name) shop_platform_##what##_##name
#include "module/pass_struct.inc"
#include "shop/platform.def"
#include "module/pass_param.inc"
#include "shop/platform.def"
static const struct module_row plat_rows[] = {
#include "module/pass_row.inc"
#include "shop/platform.def"
};
#include "module/pass_end.inc"
#define TABLE(name) &shop_platform_table_##name
#define SETTING(name) module_setting_get(c, shop_platform_param_##name)
#define HEAD(r) ((struct module_header *)(r))

enum { PLAT_PLATFORM = 1, PLAT_POST = 2 };
enum { PLAT_ACTIVE = 1, PLAT_PAUSED, PLAT_CLOSING, PLAT_CLOSED,
       PLAT_SUSPENDED, PLAT_DORMANT };
enum { PLAT_ASKED = 1, PLAT_SHOWN, PLAT_HIDDEN, PLAT_REMOVED };
enum { PLAT_RESTRICTED = 1, PLAT_CLAIM = 2, PLAT_BANNED = 8 }; /* categories */
enum { PLAT_FLAG_WITHDRAWN = 1 }; /* of a hidden post: its seller unposted it */
enum { PLAT_HIDE_DAYS = 30 };
enum { PLAT_WHY_BOND = 1 };
#define PLAT_BIT(state) (1u << (state))

typedef struct shop_platform_record_platform plat_t;
typedef struct shop_platform_record_cross_post plat_post_t;

static bool plat_timer(struct module_call *c, u8 type, const u256 *key);
static u8 plat_owner_of(u8 type, const struct module_header *h) {
  return type == PLAT_POST && h->state == PLAT_HIDDEN ? MODULE_ROLE_SELLER
                                                      : MODULE_ROLE_OWNER;
}

const struct module_def shop_platform = {
  .name = "Platforms", .text = "Platforms, storefronts over one catalogue",
  .number = 0x1011, .row = plat_rows, .row_cnt = ARRAY_LEN(plat_rows),
  .base = &module_common, .timer = plat_timer, .owner_of = plat_owner_of,
  .controller_of = shop_controller_of};

/*---------------------------------------------------------------- platforms */

static void plat_get(struct module_call *c, plat_t *p, u64 id) {
  u256 key = u256_from(id);
  module_record_get(c, TABLE(platform), p, &key);
}
static void plat_save(struct module_call *c, const plat_t *p, u64 id) {
  u256 key = u256_from(id);
  module_record_put(c, TABLE(platform), &key, p);
  MODULE_EMIT(c, saved, .id = id, .operator = p->operator,
              .record = module_record_bytes(c, TABLE(platform), &key, p));
}
static void plat_put(struct module_call *c, plat_t *p, u64 id) {
  p->updated = c->now_s;
  plat_save(c, p, id);
}
/* The deadline comes later; nobody has done anything. */
static void plat_wait(struct module_call *c, plat_t *p, u64 id, u64 deadline) {
  u256 key = u256_from(id);
  module_timer_set(c, HEAD(p), PLAT_PLATFORM, &key, deadline);
  plat_save(c, p, id);
}
static void plat_turn(struct module_call *c, plat_t *p, u64 id, u8 state,
                      u64 deadline) {
  u256 key = u256_from(id);
  p->state = state;
  module_timer_set(c, HEAD(p), PLAT_PLATFORM, &key, deadline);
  plat_put(c, p, id);
}
/* What waited is in force. */
static void plat_fees_now(struct module_call *c, plat_t *p) {
  if (p->fee_from == 0 || c->now_s < p->fee_from) return;
  p->fee_bps = p->next_fee_bps;
  p->referral_bps = p->next_referral_bps;
  p->fee_from = 0;
}

static enum module_end plat_own(struct module_call *c, plat_t *p, u64 id,
                                u32 states) {
  plat_get(c, p, id);
  if (p->state == 0) return shop_missing(c, PLAT_PLATFORM, u256_from(id));
  if (!shop_acts_for(c, &p->operator, SHOP_PLATFORM))
    return MODULE_FAIL(c, not_operator);
  if (!(states >> p->state & 1)) {
    if (p->state == PLAT_CLOSED || p->state == PLAT_CLOSING)
      return MODULE_FAIL(c, platform_closed, .id = id);
    return shop_wrong(c, PLAT_PLATFORM, u256_from(id), p->state);
  }
  plat_fees_now(c, p);
  return MODULE_DONE;
}

static enum module_end plat_fee_check(struct module_call *c, u16 fee,
                                      u16 referral) {
  u64 most = SETTING(maxFeeBps);
  if (fee > most) return MODULE_FAIL(c, fee_too_high, .max = (u16)most);
  if (referral > 10000) return MODULE_FAIL(c, fee_too_high, .max = 10000);
  return MODULE_DONE;
}
static enum module_end plat_mode(struct module_call *c, u8 mode) {
  return MODULE_FAIL_COMMON(c, out_of_range, .field = {"mode"},
                            .value = u256_from(mode), .max = u256_from(1));
}

MODULE_DO(register) {
  addr20 operator;
  u128 bond = module_setting_money(c, shop_platform_param_platformBond);
  if (shop_self(c, &operator) != MODULE_DONE ||
      shop_not_sanctioned(c, &operator, 3) != MODULE_DONE)
    return MODULE_REVERTED;
  if (in->mode > 1) return plat_mode(c, in->mode);
  if (plat_fee_check(c, in->feeBps, in->referralBps) != MODULE_DONE ||
      module_take(c, &shop_none, bond) != MODULE_DONE)
    return MODULE_REVERTED;
  out->id = module_id_next(c, PLAT_PLATFORM);
  plat_t p = {.layout = 1, .created = c->now_s, .mode = in->mode,
              .fee_bps = in->feeBps, .operator = operator,
              .referral_bps = in->referralBps, .bond = bond,
              .restricted_mask = in->restrictedMask, .doc = in->doc,
              .policy = in->policy};
  shop_opened(c, &operator, 1);
  plat_turn(c, &p, out->id, PLAT_ACTIVE, c->now_s + SETTING(idleMax));
  return MODULE_DONE;
}

MODULE_DO(update) {
  plat_t p;
  if (plat_own(c, &p, in->id, PLAT_BIT(PLAT_ACTIVE) | PLAT_BIT(PLAT_PAUSED)) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  if (in->mode > 1) return plat_mode(c, in->mode);
  p.doc = in->doc;
  p.policy = in->policy;
  p.mode = in->mode;
  p.restricted_mask = in->restrictedMask;
  plat_put(c, &p, in->id);
  return MODULE_DONE;
}

MODULE_DO(set_fee) {
  plat_t p;
  if (plat_own(c, &p, in->id, PLAT_BIT(PLAT_ACTIVE) | PLAT_BIT(PLAT_PAUSED)) !=
          MODULE_DONE ||
      plat_fee_check(c, in->feeBps, in->referralBps) != MODULE_DONE)
    return MODULE_REVERTED;
  bool rises = in->feeBps > p.fee_bps;
  p.next_fee_bps = in->feeBps;
  p.next_referral_bps = in->referralBps;
  p.fee_from = rises ? c->now_s + SETTING(feeNotice) : c->now_s;
  MODULE_EMIT(c, fee_scheduled, .id = in->id, .feeBps = in->feeBps,
              .referralBps = in->referralBps, .from = p.fee_from);
  plat_fees_now(c, &p);
  plat_put(c, &p, in->id);
  return MODULE_DONE;
}

MODULE_DO(pause) {
  plat_t p;
  if (plat_own(c, &p, in->id, PLAT_BIT(PLAT_ACTIVE)) != MODULE_DONE)
    return MODULE_REVERTED;
  plat_turn(c, &p, in->id, PLAT_PAUSED, c->now_s + 180u * SHOP_DAY);
  return MODULE_DONE;
}
MODULE_DO(resume) {
  plat_t p;
  if (plat_own(c, &p, in->id, PLAT_BIT(PLAT_PAUSED) |
                                  PLAT_BIT(PLAT_DORMANT)) != MODULE_DONE)
    return MODULE_REVERTED;
  if (p.state == PLAT_DORMANT) {
    u128 bond = module_setting_money(c, shop_platform_param_platformBond);
    if (module_take(c, &shop_none, bond) != MODULE_DONE)
      return MODULE_REVERTED;
    p.bond = bond;
  }
  plat_turn(c, &p, in->id, PLAT_ACTIVE, c->now_s + SETTING(idleMax));
  return MODULE_DONE;
}
MODULE_DO(close_platform) {
  plat_t p;
  if (plat_own(c, &p, in->id, PLAT_BIT(PLAT_ACTIVE) | PLAT_BIT(PLAT_PAUSED) |
                                  PLAT_BIT(PLAT_DORMANT)) != MODULE_DONE)
    return MODULE_REVERTED;
  plat_turn(c, &p, in->id, PLAT_CLOSING, c->now_s + 30u * SHOP_DAY);
  return MODULE_DONE;
}

MODULE_DO(offer_operator) {
  plat_t p;
  addr20 me;
  if (plat_own(c, &p, in->id, PLAT_BIT(PLAT_ACTIVE) | PLAT_BIT(PLAT_PAUSED)) !=
          MODULE_DONE ||
      shop_self(c, &me) != MODULE_DONE)
    return MODULE_REVERTED;
  if (!addr20_eq(&me, &p.operator)) return MODULE_FAIL(c, not_operator);
  if (shop_is_nobody(&in->next) || addr20_eq(&in->next, &p.operator))
    return MODULE_FAIL_COMMON(c, bad_address);
  p.pending = in->next;
  plat_put(c, &p, in->id);
  return MODULE_DONE;
}
MODULE_DO(accept_operator) {
  plat_t p;
  addr20 me;
  plat_get(c, &p, in->id);
  if (p.state == 0) return shop_missing(c, PLAT_PLATFORM, u256_from(in->id));
  if (shop_self(c, &me) != MODULE_DONE) return MODULE_REVERTED;
  if (shop_is_none(&p.pending) || !addr20_eq(&p.pending, &me))
    return MODULE_FAIL_COMMON(c, not_authorised, .caller = c->sender);
  if (p.state != PLAT_ACTIVE && p.state != PLAT_PAUSED)
    return shop_wrong(c, PLAT_PLATFORM, u256_from(in->id), p.state);
  if (shop_not_sanctioned(c, &me, 3) != MODULE_DONE) return MODULE_REVERTED;
  shop_opened(c, &p.operator, -1);
  shop_opened(c, &me, 1);
  p.operator = me;
  p.pending = shop_none;
  plat_put(c, &p, in->id);
  return MODULE_DONE;
}

enum module_end shop_fee_of(struct module_call *c, struct shop_fee *out,
                            u64 platform) {
  struct module_call own;
  plat_t p;
  *out = (struct shop_fee){0, 0};
  if (platform == 0) return MODULE_DONE;
  module_enter(&own, c, &shop_platform);
  plat_get(&own, &p, platform);
  plat_fees_now(&own, &p);
  module_leave(c);
  if (p.state == 0) return shop_missing(c, PLAT_PLATFORM, u256_from(platform));
  if (p.state != PLAT_ACTIVE)
    return MODULE_FAIL(c, platform_closed, .id = platform);
  *out = (struct shop_fee){p.fee_bps, p.referral_bps};
  return MODULE_DONE;
}
addr20 shop_operator_of(struct module_call *c, u64 platform) {
  struct module_call own;
  plat_t p;
  module_enter(&own, c, &shop_platform);
  plat_get(&own, &p, platform);
  module_leave(c);
  return p.operator;
}
MODULE_DO(fee_of) {
  plat_t p;
  plat_get(c, &p, in->id);
  if (p.state == 0) return shop_missing(c, PLAT_PLATFORM, u256_from(in->id));
  plat_fees_now(c, &p);
  out->feeBps = p.fee_bps;
  out->referralBps = p.referral_bps;
  out->operator = p.operator;
  return MODULE_DONE;
}

/*-------------------------------------------------------------- cross-posts */

static u256 plat_post_key(u64 listing, u64 platform) {
  u256 part[2] = {u256_from(listing), u256_from(platform)}, key;
  module_key_of(&key, part, 2);
  return key;
}
static void plat_post_turn(struct module_call *c, plat_post_t *r, u8 state,
                           u64 deadline) {
  u256 key = plat_post_key(r->listing, r->platform);
  r->state = state;
  r->updated = c->now_s;
  if (deadline != r->deadline)
    module_timer_set(c, HEAD(r), PLAT_POST, &key, deadline);
  if (state != PLAT_HIDDEN) r->flags &= (u16)~PLAT_FLAG_WITHDRAWN;
  module_record_put(c, TABLE(cross_post), &key, r);
  MODULE_EMIT(c, cross_post_saved, .listing = r->listing, .id = r->platform,
              .state = state, .reason = r->reason, .note = r->note);
}
static bool plat_withdrawn(const plat_post_t *r) {
  return r->state == PLAT_HIDDEN && r->flags & PLAT_FLAG_WITHDRAWN;
}
static bool plat_accepts(struct module_call *c, const plat_t *p,
                         u32 category) {
  struct shop_platform_record_category r;
  u256 key = u256_from(category);
  module_record_get(c, TABLE(category), &r, &key);
  return !(r.category_flags & PLAT_RESTRICTED) ||
         p->restricted_mask >> category % 64 & 1;
}
static bool plat_out(struct module_call *c, u64 listing) {
  struct shop_platform_record_opt_out r;
  u256 key = u256_from(listing);
  module_record_get(c, TABLE(opt_out), &r, &key);
  return r.is_out;
}

/* The sender's own listing. */
static enum module_end plat_listing(struct module_call *c,
                                    struct shop_market_record_listing *l,
                                    u64 id) {
  shop_listing(c, l, id);
  if (l->state == 0) return shop_missing(c, 1, u256_from(id));
  if (!shop_acts_for(c, &l->seller, SHOP_SELL))
    return MODULE_FAIL_COMMON(c, not_authorised, .caller = c->sender);
  return MODULE_DONE;
}
static enum module_end plat_count(struct module_call *c, u32 cnt) {
  u64 most = SETTING(postsPerCall);
  if (cnt > most)
    return MODULE_FAIL_COMMON(c, too_many, .what = {"platforms"},
                              .max = u256_from(most));
  return MODULE_DONE;
}

static enum module_end plat_post_one(struct module_call *c, u64 listing,
                                     u32 category, u64 id) {
  plat_t p;
  plat_post_t r;
  u256 key = plat_post_key(listing, id);
  plat_get(c, &p, id);
  if (p.state == 0) return shop_missing(c, PLAT_PLATFORM, u256_from(id));
  if (p.state != PLAT_ACTIVE)
    return MODULE_FAIL(c, platform_closed, .id = id);
  if (!plat_accepts(c, &p, category))
    return MODULE_FAIL(c, category_banned, .category = category);
  module_record_get(c, TABLE(cross_post), &r, &key);
  if (plat_withdrawn(&r)) {
    r.flags &= (u16)~PLAT_FLAG_WITHDRAWN;
    plat_post_turn(c, &r, PLAT_HIDDEN, r.deadline);
    return MODULE_DONE;
  }
  if (r.state && r.state != PLAT_REMOVED)
    return shop_wrong(c, PLAT_POST, key, r.state);
  r = (plat_post_t){.layout = 1, .created = c->now_s, .listing = listing,
                    .platform = id, .reason = r.reason, .note = r.note};
  plat_post_turn(c, &r, p.mode ? PLAT_ASKED : PLAT_SHOWN,
                 p.mode ? c->now_s + 7 * SHOP_DAY : 0);
  return MODULE_DONE;
}
MODULE_DO(post) {
  struct shop_market_record_listing l;
  if (shop_new_record(c) != MODULE_DONE ||
      plat_listing(c, &l, in->listing) != MODULE_DONE)
    return MODULE_REVERTED;
  if (l.state != SHOP_LISTING_ACTIVE)
    return shop_wrong(c, 1, u256_from(in->listing), l.state);
  if (plat_out(c, in->listing)) return MODULE_FAIL(c, opted_out);
  if (shop_category_ok(c, l.category, &l.seller) != MODULE_DONE)
    return MODULE_REVERTED;
  if (plat_count(c, in->platforms.cnt) != MODULE_DONE) return MODULE_REVERTED;
  for (u32 i = 0; i < in->platforms.cnt; i++)
    if (plat_post_one(c, in->listing, l.category,
                      module_list_u64(&in->platforms, i)) != MODULE_DONE)
      return MODULE_REVERTED;
  return MODULE_DONE;
}
MODULE_DO(unpost) {
  struct shop_market_record_listing l;
  plat_post_t r;
  if (plat_listing(c, &l, in->listing) != MODULE_DONE ||
      plat_count(c, in->platforms.cnt) != MODULE_DONE)
    return MODULE_REVERTED;
  for (u32 i = 0; i < in->platforms.cnt; i++) {
    u256 key = plat_post_key(in->listing, module_list_u64(&in->platforms, i));
    module_record_get(c, TABLE(cross_post), &r, &key);
    if (r.state == 0) return shop_missing(c, PLAT_POST, key);
    if (r.state == PLAT_REMOVED || plat_withdrawn(&r))
      return shop_wrong(c, PLAT_POST, key, PLAT_REMOVED);
    if (r.state == PLAT_HIDDEN) r.flags |= PLAT_FLAG_WITHDRAWN;
    plat_post_turn(c, &r, r.state == PLAT_HIDDEN ? PLAT_HIDDEN : PLAT_REMOVED,
                   r.state == PLAT_HIDDEN ? r.deadline : 0);
  }
  return MODULE_DONE;
}
MODULE_DO(opt_out) {
  struct shop_market_record_listing l;
  struct shop_platform_record_opt_out r;
  u256 key = u256_from(in->listing);
  if (plat_listing(c, &l, in->listing) != MODULE_DONE) return MODULE_REVERTED;
  module_record_get(c, TABLE(opt_out), &r, &key);
  if (r.state == 0) r.created = c->now_s;
  r.state = r.layout = 1;
  r.updated = c->now_s;
  r.is_out = in->out;
  module_record_put(c, TABLE(opt_out), &key, &r);
  MODULE_EMIT(c, opt_out_set, .listing = in->listing, .out = in->out);
  return MODULE_DONE;
}

static enum module_end plat_judge(struct module_call *c, u64 id, u64 listing,
                                  bool show, u16 reason, const hash32 *note) {
  plat_t p;
  plat_post_t r;
  u256 key = plat_post_key(listing, id);
  if (plat_own(c, &p, id, PLAT_BIT(PLAT_ACTIVE) | PLAT_BIT(PLAT_PAUSED)) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  module_record_get(c, TABLE(cross_post), &r, &key);
  if (p.mode == 0 && (r.state == 0 || r.state == PLAT_REMOVED)) {
    /* Shown without a post. */
    struct shop_market_record_listing l;
    shop_listing(c, &l, listing);
    if (l.state == 0) return shop_missing(c, 1, u256_from(listing));
    r = (plat_post_t){.state = PLAT_SHOWN, .layout = 1, .created = c->now_s,
                      .listing = listing, .platform = id};
  }
  if (r.state == 0) return shop_missing(c, PLAT_POST, key);
  if (r.state == PLAT_REMOVED) return shop_wrong(c, PLAT_POST, key, r.state);
  r.reason = reason;
  r.note = *note;
  plat_post_turn(c, &r, !show                ? PLAT_HIDDEN
                        : plat_withdrawn(&r) ? PLAT_REMOVED
                                             : PLAT_SHOWN,
                 show ? 0 : c->now_s + PLAT_HIDE_DAYS * SHOP_DAY);
  return MODULE_DONE;
}
MODULE_DO(decide) {
  return plat_judge(c, in->id, in->listing, in->show, in->reason, &in->note);
}
/* Of one already hidden: renewed. */
MODULE_DO(hide) {
  return plat_judge(c, in->id, in->listing, false, in->reason, &in->note);
}

MODULE_DO(shown_on) {
  struct shop_market_record_listing l;
  plat_t p;
  plat_post_t r;
  u256 key = plat_post_key(in->listing, in->id);
  plat_get(c, &p, in->id);
  if (p.state == 0) return shop_missing(c, PLAT_PLATFORM, u256_from(in->id));
  shop_listing(c, &l, in->listing);
  module_record_get(c, TABLE(cross_post), &r, &key);
  bool open = p.state == PLAT_ACTIVE && l.state == SHOP_LISTING_ACTIVE;
  bool posted = r.state && r.state != PLAT_REMOVED;
  out->shown = open && (posted ? r.state == PLAT_SHOWN
                               : p.mode == 0 && !plat_out(c, in->listing) &&
                                     plat_accepts(c, &p, l.category));
  return MODULE_DONE;
}

/*--------------------------------------------------------------- categories */

MODULE_DO(set_category) {
  struct shop_platform_record_category r;
  u256 key = u256_from(in->code);
  module_record_get(c, TABLE(category), &r, &key);
  if (r.state == 0) r.created = c->now_s;
  r.state = r.layout = 1;
  r.updated = c->now_s;
  r.category_flags = in->flags;
  r.parent = in->parent;
  r.claim_schema = in->claimSchema;
  r.name = in->name;
  module_record_put(c, TABLE(category), &key, &r);
  MODULE_EMIT(c, category_saved, .code = in->code,
              .record = module_record_bytes(c, TABLE(category), &key, &r));
  return MODULE_DONE;
}

static void plat_category(struct module_call *c,
                          struct shop_platform_record_category *r, u32 code) {
  struct module_call own;
  u256 key = u256_from(code);
  module_enter(&own, c, &shop_platform);
  module_record_get(&own, TABLE(category), r, &key);
  module_leave(c);
}
bool shop_category_open(struct module_call *c, u32 category) {
  struct shop_platform_record_category r;
  plat_category(c, &r, category);
  return !(r.category_flags & PLAT_BANNED);
}
enum module_end shop_category_ok(struct module_call *c, u32 category,
                                 const addr20 *seller) {
  struct shop_platform_record_category r;
  plat_category(c, &r, category);
  if (r.category_flags & PLAT_BANNED)
    return MODULE_FAIL(c, category_banned, .category = category);
  if (r.category_flags & PLAT_CLAIM &&
      !shop_has_claim(c, seller, &r.claim_schema))
    return MODULE_FAIL(c, category_claim, .schema = r.claim_schema);
  return MODULE_DONE;
}

/*--------------------------------------------------------------- the court's */

void shop_platform_suspend(struct module_call *c, u64 id, u64 seconds) {
  struct module_call own;
  plat_t p;
  module_enter(&own, c, &shop_platform);
  plat_get(&own, &p, id);
  u64 until = own.now_s + seconds;
  bool open = p.state == PLAT_ACTIVE || p.state == PLAT_PAUSED;
  if (open) p.before = p.state;
  if (open || (p.state == PLAT_SUSPENDED && p.deadline < until))
    plat_turn(&own, &p, id, PLAT_SUSPENDED, until);
  module_leave(c);
}
static void plat_resume(struct module_call *c, plat_t *p, u64 id) {
  u64 idle = SETTING(idleMax);
  plat_turn(c, p, id, p->before,
            c->now_s + (p->before == PLAT_ACTIVE ? idle : 180u * SHOP_DAY));
}
void shop_platform_close(struct module_call *c, u64 id) {
  struct module_call own;
  plat_t p;
  module_enter(&own, c, &shop_platform);
  plat_get(&own, &p, id);
  if (p.state && p.state != PLAT_CLOSING && p.state != PLAT_CLOSED)
    plat_turn(&own, &p, id, PLAT_CLOSING, own.now_s + 30u * SHOP_DAY);
  module_leave(c);
}

/*---------------------------------------------------------------- deadlines */

static void plat_bond_back(struct module_call *c, plat_t *p, u64 id) {
  u256 key = u256_from(id);
  u128 bond = p->bond;
  p->bond = 0;
  module_pay(c, &shop_none, &p->operator, bond, PLAT_PLATFORM, &key,
             PLAT_WHY_BOND);
}
static void plat_timer_platform(struct module_call *c, u64 id) {
  plat_t p;
  u64 idle = SETTING(idleMax);
  plat_get(c, &p, id);
  plat_fees_now(c, &p);
  if (p.state == PLAT_SUSPENDED) {
    plat_resume(c, &p, id);
  } else if (p.state != PLAT_PAUSED &&
             shop_court_open_against(c, &p.operator)) {
    plat_wait(c, &p, id, c->now_s + SHOP_DAY);
  } else if (p.state == PLAT_ACTIVE && c->now_s < p.updated + idle) {
    plat_wait(c, &p, id, p.updated + idle);
  } else if (p.state == PLAT_ACTIVE) {
    plat_bond_back(c, &p, id);
    plat_turn(c, &p, id, PLAT_DORMANT, 0);
  } else if (p.state == PLAT_PAUSED) {
    plat_turn(c, &p, id, PLAT_CLOSING, c->now_s + 30u * SHOP_DAY);
  } else {
    plat_bond_back(c, &p, id);
    shop_opened(c, &p.operator, -1);
    plat_turn(c, &p, id, PLAT_CLOSED, 0);
  }
}
static void plat_timer_post(struct module_call *c, const u256 *key) {
  struct shop_market_record_listing l;
  plat_post_t r;
  module_record_get(c, TABLE(cross_post), &r, key);
  shop_listing(c, &l, r.listing);
  bool gone = l.state == SHOP_LISTING_CLOSED || plat_withdrawn(&r);
  plat_post_turn(c, &r, gone ? PLAT_REMOVED : PLAT_SHOWN, 0);
}
static bool plat_timer(struct module_call *c, u8 type, const u256 *key) {
  if (type == PLAT_PLATFORM) plat_timer_platform(c, key->w[0]);
  else plat_timer_post(c, key);
  return true;
}
#undef ID
#undef MODULE_PUBLIC
#undef TABLE
#undef SETTING
#undef HEAD
#undef PLAT_BIT
