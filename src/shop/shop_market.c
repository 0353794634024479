/* shop_market.c - module 0x..1012, Market; see market.def and shop_market.h.
**
** Listing (key: id)
**   none      save with id 0, saveMany     -> Active, until expiresAt
**   Active    save, setVariants (version + 1), adjustStock -> Active
**             setPaused(true)              -> Paused; and back with false
**   Active, Paused   at expiresAt          -> Expired, for 180 days
**   Expired   renew -> Active;  at its end -> Closed*
**   Active, Paused, Expired   close        -> Closed*; open orders go on
**   Active, Paused   a ruling or an emergency  -> Suspended: at its end as
**             before; a ruling may close any
** Coupon: saveCoupon -> Active; endCoupon, or at endsAt -> Ended*
** Review (key: order, side): posted within reviewWindow of the order's end by
** a party of it; one edit within 14 days; one reply by the other side.
** Ship tables and threads have no state; a table keeps its token.
** Who is sanctioned at level 2 or more neither lists nor edits, renews or
** resumes: an old listing edited is a new one.
**
** A listing has at least variant 0.  Stock 0 is "sold out", no state; what an
** order takes it gives back when it is cancelled or refunded before shipping,
** so  stock + open orders + shipped = added - removed  for each variant.  A
** variant saved with stock 0xfffffffe keeps the stock it has, so that a new price
** does not undo the sales meanwhile; its event tells the stock.  An
** order names the version whose prices it pays: it fails when that is not the
** current one.
** A coupon's code is the seed of a key whose address is its signer; the
** buyer's wallet signs keccak256("CMT-COUPON" || chainId || id || buyer), so
** nobody can take it out of the pool. */
#include "shop/shop_market.h"

#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "shop/shop.h"
#include "shop/shop_identity.h"
#include "shop/shop_orders.h"
#include "shop/shop_platform.h"

#define ID(what, name) market_##what##_##name
#define MODULE_PUBLIC(what, name) shop_market_##what##_##name
#include "module/pass_struct.inc"
#include "shop/market.def"
#include "module/pass_param.inc"
#include "shop/market.def"
static const struct module_row market_rows[] = {
#include "module/pass_row.inc"
#include "shop/market.def"
};
#include "module/pass_end.inc"
#define TABLE(name) &shop_market_table_##name
#define SETTING(name) module_setting_get(c, shop_market_param_##name)

enum { MARKET_LISTING = 1, MARKET_SHIP_TABLE = 3, MARKET_COUPON = 4,
       MARKET_REVIEW = 5 };
enum { MARKET_ACTIVE = SHOP_LISTING_ACTIVE, MARKET_PAUSED, MARKET_EXPIRED,
       MARKET_CLOSED = SHOP_LISTING_CLOSED, MARKET_SUSPENDED };
enum { MARKET_COUPON_ACTIVE = 1, MARKET_COUPON_ENDED };
enum { MARKET_COUPON_BPS = 1, MARKET_COUPON_FIXED };
enum { /* of CouponInvalid */
  MARKET_WHY_ENDED = 1, MARKET_WHY_EARLY, MARKET_WHY_USED_UP,
  MARKET_WHY_PARTY, MARKET_WHY_MINIMUM, MARKET_WHY_LISTING,
  MARKET_WHY_SIGNATURE, MARKET_WHY_TOKEN
};
enum { MARKET_EXPIRED_DAYS = 180, MARKET_EDIT_DAYS = 14,
       MARKET_RECOVER_GAS = 3000 };

typedef struct shop_market_record_listing market_listing_t;
typedef struct shop_market_record_variant market_variant_t;
typedef struct shop_market_record_coupon market_coupon_t;

static bool market_timer(struct module_call *c, u8 type, const u256 *key);
static u8 market_owner_of(u8 type, const struct module_header *h) {
  (void)type, (void)h;
  return MODULE_ROLE_SELLER;
}

const struct module_def shop_market = {
  .name = "Market", .text = "Market, one catalogue for all storefronts",
  .number = 0x1012, .row = market_rows, .row_cnt = ARRAY_LEN(market_rows),
  .base = &module_common, .timer = market_timer, .owner_of = market_owner_of,
  .controller_of = shop_controller_of};

/*----------------------------------------------------------------- listings */

static void market_get(struct module_call *c, market_listing_t *l, u64 id) {
  u256 key = u256_from(id);
  module_record_get(c, TABLE(listing), l, &key);
}
static void market_put(struct module_call *c, market_listing_t *l, u64 id) {
  u256 key = u256_from(id);
  l->updated = c->now_s;
  module_record_put(c, TABLE(listing), &key, l);
}
static void market_saved(struct module_call *c, const market_listing_t *l,
                         u64 id) {
  u256 key = u256_from(id);
  MODULE_EMIT(c, listing_saved, .id = id, .seller = l->seller,
              .category = l->category,
              .record = module_record_bytes(c, TABLE(listing), &key, l));
}
static void market_arm(struct module_call *c, market_listing_t *l, u64 id,
                       u64 at) {
  u256 key = u256_from(id);
  if (at != l->deadline)
    module_timer_set(c, (struct module_header *)l, MARKET_LISTING, &key, at);
}
static void market_turn(struct module_call *c, market_listing_t *l, u64 id,
                        u8 state, u64 deadline) {
  l->state = state;
  market_arm(c, l, id, deadline);
  market_put(c, l, id);
  MODULE_EMIT(c, listing_state, .id = id, .state = state);
}

/* The seller's listing, in one of these states (bits). */
static enum module_end market_own(struct module_call *c, market_listing_t *l,
                                  u64 id, u32 states) {
  market_get(c, l, id);
  if (l->state == 0) return shop_missing(c, MARKET_LISTING, u256_from(id));
  if (!shop_acts_for(c, &l->seller, SHOP_SELL)) return shop_refused(c);
  if (!(states >> l->state & 1))
    return shop_wrong(c, MARKET_LISTING, u256_from(id), l->state);
  return MODULE_DONE;
}
#define MARKET_LIVE (1u << MARKET_ACTIVE | 1u << MARKET_PAUSED)

/* How many listings a seller has open. */
static enum module_end market_open(struct module_call *c, const addr20 *seller,
                                   int delta) {
  struct shop_market_record_open o;
  u256 key = module_key_addr(seller);
  module_record_get(c, TABLE(open), &o, &key);
  if (delta > 0) {
    u64 most = shop_has_identity(c, seller) ? SETTING(openListings)
                                            : SETTING(openListingsBare);
    if (o.listings >= most) return shop_many(c, "listings", most);
  }
  o.listings += (u32)delta;
  module_record_put(c, TABLE(open), &key, &o);
  shop_opened(c, seller, delta);
  return MODULE_DONE;
}

static enum module_end market_times(struct module_call *c, u32 handling,
                                    u32 delivery, u32 inspect,
                                    u16 return_days) {
  u64 h = SETTING(handlingMax), d = SETTING(deliveryMax);
  u64 least = SETTING(inspectMin), most = SETTING(inspectMax);
  if (handling > h) return shop_range(c, "handling", handling, 0, h);
  if (delivery > d) return shop_range(c, "delivery", delivery, 0, d);
  if (inspect < least || inspect > most)
    return shop_range(c, "inspect", inspect, least, most);
  if ((u64)return_days * SHOP_DAY > most)
    return shop_range(c, "returnDays", return_days, 0, most / SHOP_DAY);
  return MODULE_DONE;
}
enum module_end shop_times_ok(struct module_call *c, u32 handling,
                              u32 delivery, u32 inspect, u16 return_days) {
  struct module_call own;
  module_enter(&own, c, &shop_market);
  enum module_end end = market_times(&own, handling, delivery, inspect,
                                     return_days);
  module_leave(c);
  return end;
}

static enum module_end market_check(struct module_call *c,
                                    const struct market_struct_listing *a,
                                    const addr20 *seller) {
  u64 ttl = SETTING(listingTtl), affiliate = SETTING(affiliateMaxBps);
  if (!shop_category_open(c, a->category))
    return MODULE_FAIL(c, category_closed, .category = a->category);
  if (shop_category_ok(c, a->category, seller) != MODULE_DONE)
    return MODULE_REVERTED;
  if (shop_token_ok(c, &a->token) != MODULE_DONE ||
      shop_some_or_none(c, &a->mediator) != MODULE_DONE)
    return MODULE_REVERTED;
  if (a->kind < 1 || a->kind > 4) return shop_range(c, "kind", a->kind, 1, 4);
  if (a->maxFeeBps > 10000)
    return shop_range(c, "maxFeeBps", a->maxFeeBps, 0, 10000);
  if (a->taxBps > 10000) return shop_range(c, "taxBps", a->taxBps, 0, 10000);
  if (a->affiliateBps > affiliate)
    return shop_range(c, "affiliateBps", a->affiliateBps, 0, affiliate);
  if (a->expiresAt &&
      (a->expiresAt <= c->now_s || a->expiresAt > c->now_s + ttl))
    return shop_range(c, "expiresAt", a->expiresAt, c->now_s + 1,
                      c->now_s + ttl);
  /* Nobody attests deliveries, and nobody grants points, before the modules
  ** that do. */
  if (a->feed) return shop_range(c, "feed", a->feed, 0, 0);
  if (a->program) return shop_range(c, "program", a->program, 0, 0);
  if (a->shipTable) {
    struct shop_market_record_ship_table t;
    u256 key = u256_from(a->shipTable);
    module_record_get(c, TABLE(ship_table), &t, &key);
    if (t.state == 0)
      return shop_missing(c, MARKET_SHIP_TABLE, u256_from(a->shipTable));
    if (!addr20_eq(&t.seller, seller)) return shop_refused(c);
    if (!addr20_eq(&t.token, &a->token))
      return MODULE_FAIL_COMMON(c, bad_token, .token = a->token);
  }
  return market_times(c, a->handling, a->delivery, a->inspect, a->returnDays);
}

static void market_fill(struct module_call *c, market_listing_t *l,
                        const struct market_struct_listing *a) {
  l->kind = a->kind;
  l->category = a->category;
  l->doc = a->doc;
  l->token = a->token;
  l->price = a->price;
  l->ship_table = a->shipTable;
  l->handling = a->handling;
  l->delivery = a->delivery;
  l->inspect = a->inspect;
  l->return_days = a->returnDays;
  l->max_fee_bps = a->maxFeeBps;
  l->affiliate_bps = a->affiliateBps;
  l->mediator = a->mediator;
  l->tax_bps = a->taxBps;
  l->program = a->program;
  l->feed = a->feed;
  l->expires = a->expiresAt ? a->expiresAt : c->now_s + SETTING(listingTtl);
  l->version++;
}

static u256 market_variant_key(u64 id, u16 index) {
  u256 part[2] = {u256_from(id), u256_from(index)}, key;
  module_key_of(&key, part, 2);
  return key;
}
static enum module_end market_variant(struct module_call *c,
                                      market_variant_t *v, u64 id,
                                      u16 index) {
  u256 key = market_variant_key(id, index);
  module_record_get(c, TABLE(variant), v, &key);
  if (!v->saved)
    return MODULE_FAIL_COMMON(c, no_such_record, .t = 2,
                              .key = u256_hash32(&key));
  return MODULE_DONE;
}
static enum module_end market_variants(struct module_call *c,
                                       market_listing_t *l, u64 id,
                                       const struct module_array *list) {
  u64 per_call = SETTING(variantsPerCall), most = SETTING(variantsMax);
  if (list->cnt > per_call) return shop_many(c, "variants", per_call);
  struct market_struct_variant *now =
      arena_array(c->a, struct market_struct_variant, list->cnt);
  for (u32 i = 0; i < list->cnt; i++) {
    struct market_struct_variant *a = &now[i];
    market_variant_t old;
    *a = *MODULE_AT(struct market_struct_variant, list, i);
    if (a->stock == SHOP_STOCK_KEPT) {
      if (market_variant(c, &old, id, a->index) != MODULE_DONE)
        return MODULE_REVERTED;
      a->stock = old.stock;
    }
    if (a->index >= most)
      return shop_range(c, "index", a->index, 0, most - 1);
    market_variant_t v = {.listing = id, .index = a->index, .stock = a->stock,
                          .active = a->active, .saved = true,
                          .price = a->price, .sku = a->sku};
    u256 key = market_variant_key(id, a->index);
    module_record_put(c, TABLE(variant), &key, &v);
    if (a->index >= l->variant_count) l->variant_count = a->index + 1;
  }
  if (list->cnt)
    MODULE_EMIT(c, variants_saved, .id = id,
                .v = (struct module_array){now, list->cnt});
  return MODULE_DONE;
}

static enum module_end market_create(struct module_call *c, u64 *id,
                                     const addr20 *seller,
                                     const struct market_struct_listing *a,
                                     const struct module_array *variants) {
  static const struct market_struct_variant plain = {
    .stock = SHOP_UNLIMITED, .active = true};
  struct module_array one = {&plain, 1};
  market_listing_t l = {.state = MARKET_ACTIVE, .layout = 1,
                        .created = c->now_s, .seller = *seller};
  if (shop_not_sanctioned(c, seller, 2) != MODULE_DONE ||
      market_check(c, a, seller) != MODULE_DONE ||
      market_open(c, seller, 1) != MODULE_DONE)
    return MODULE_REVERTED;
  *id = module_id_next(c, MARKET_LISTING);
  market_fill(c, &l, a);
  if (market_variants(c, &l, *id, variants->cnt ? variants : &one) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  market_arm(c, &l, *id, l.expires);
  market_put(c, &l, *id);
  market_saved(c, &l, *id);
  return MODULE_DONE;
}

MODULE_DO(save) {
  market_listing_t l;
  addr20 seller;
  out->saved = in->id;
  if (in->id == 0) {
    if (shop_new_owner(c, &seller, &in->owner, SHOP_SELL) != MODULE_DONE)
      return MODULE_REVERTED;
    return market_create(c, &out->saved, &seller, &in->a, &in->v);
  }
  if (market_own(c, &l, in->id, MARKET_LIVE) != MODULE_DONE ||
      shop_not_sanctioned(c, &l.seller, 2) != MODULE_DONE ||
      market_check(c, &in->a, &l.seller) != MODULE_DONE)
    return MODULE_REVERTED;
  market_fill(c, &l, &in->a);
  if (market_variants(c, &l, in->id, &in->v) != MODULE_DONE)
    return MODULE_REVERTED;
  market_arm(c, &l, in->id, l.expires);
  market_put(c, &l, in->id);
  market_saved(c, &l, in->id);
  return MODULE_DONE;
}

MODULE_DO(save_many) {
  struct module_array none = {NULL, 0};
  addr20 seller;
  u64 per_call = SETTING(variantsPerCall);
  if (shop_owner(c, &seller, &in->owner, SHOP_SELL) != MODULE_DONE)
    return MODULE_REVERTED;
  if (in->a.cnt > per_call) return shop_many(c, "listings", per_call);
  out->ids = module_list_make(c, in->a.cnt);
  for (u32 i = 0; i < in->a.cnt; i++) {
    u64 id;
    if (market_create(c, &id, &seller,
                      MODULE_AT(struct market_struct_listing, &in->a, i),
                      &none) != MODULE_DONE)
      return MODULE_REVERTED;
    module_list_put_u64(&out->ids, i, id);
  }
  return MODULE_DONE;
}

MODULE_DO(set_variants) {
  market_listing_t l;
  if (market_own(c, &l, in->id, MARKET_LIVE) != MODULE_DONE ||
      market_variants(c, &l, in->id, &in->v) != MODULE_DONE)
    return MODULE_REVERTED;
  l.version++;
  market_put(c, &l, in->id);
  market_saved(c, &l, in->id);
  return MODULE_DONE;
}

static void market_stock(struct module_call *c, const market_listing_t *l,
                         const market_variant_t *v) {
  u256 key = market_variant_key(v->listing, v->index);
  module_record_put(c, TABLE(variant), &key, v);
  MODULE_EMIT(c, stock_changed, .id = v->listing, .variant = v->index,
              .stock = v->stock, .sold = l->sold);
}

MODULE_DO(adjust_stock) {
  market_listing_t l;
  market_variant_t v;
  if (market_own(c, &l, in->id, MARKET_LIVE | 1u << MARKET_SUSPENDED) !=
          MODULE_DONE ||
      market_variant(c, &v, in->id, in->variant) != MODULE_DONE)
    return MODULE_REVERTED;
  i64 stock = (i64)v.stock + in->delta;
  if (v.stock == SHOP_UNLIMITED || stock < 0 || stock > SHOP_STOCK_MAX)
    return shop_range(c, "stock", v.stock, 0, SHOP_STOCK_MAX);
  v.stock = (u32)stock;
  market_stock(c, &l, &v);
  return MODULE_DONE;
}

MODULE_DO(set_paused) {
  market_listing_t l;
  if (market_own(c, &l, in->id,
                 1u << (in->p ? MARKET_ACTIVE : MARKET_PAUSED)) != MODULE_DONE)
    return MODULE_REVERTED;
  if (!in->p && shop_not_sanctioned(c, &l.seller, 2) != MODULE_DONE)
    return MODULE_REVERTED;
  market_turn(c, &l, in->id, in->p ? MARKET_PAUSED : MARKET_ACTIVE,
              l.deadline);
  return MODULE_DONE;
}

MODULE_DO(renew) {
  market_listing_t l;
  u64 ttl = SETTING(listingTtl);
  if (market_own(c, &l, in->id, 1u << MARKET_EXPIRED) != MODULE_DONE ||
      shop_not_sanctioned(c, &l.seller, 2) != MODULE_DONE)
    return MODULE_REVERTED;
  if (in->expiresAt <= c->now_s || in->expiresAt > c->now_s + ttl)
    return shop_range(c, "expiresAt", in->expiresAt, c->now_s + 1,
                      c->now_s + ttl);
  l.expires = in->expiresAt;
  market_turn(c, &l, in->id, MARKET_ACTIVE, l.expires);
  return MODULE_DONE;
}

static void market_close(struct module_call *c, market_listing_t *l, u64 id) {
  enum module_end end = market_open(c, &l->seller, -1);
  MUST(end == MODULE_DONE);
  market_turn(c, l, id, MARKET_CLOSED, 0);
}
MODULE_DO(close) {
  market_listing_t l;
  if (market_own(c, &l, in->id, MARKET_LIVE | 1u << MARKET_EXPIRED) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  market_close(c, &l, in->id);
  return MODULE_DONE;
}

/*----------------------------------------------------------------- shipping */

MODULE_DO(save_ship_table) {
  struct shop_market_record_ship_table t;
  struct shop_market_record_zone zone[32];
  addr20 seller;
  u64 id = in->id;
  u256 key = u256_from(id);
  if (id == 0) {
    if (shop_new_owner(c, &seller, &in->owner, SHOP_SELL) != MODULE_DONE ||
        shop_token_ok(c, &in->token) != MODULE_DONE)
      return MODULE_REVERTED;
    id = module_id_next(c, MARKET_SHIP_TABLE);
    key = u256_from(id);
    t = (struct shop_market_record_ship_table){
      .state = 1, .layout = 1, .created = c->now_s, .seller = seller,
      .token = in->token};
  } else {
    module_record_get(c, TABLE(ship_table), &t, &key);
    if (t.state == 0) return shop_missing(c, MARKET_SHIP_TABLE, u256_from(id));
    if (!shop_acts_for(c, &t.seller, SHOP_SELL)) return shop_refused(c);
    /* Its amounts are in the token of the listings that name it. */
    if (!addr20_eq(&t.token, &in->token))
      return MODULE_FAIL_COMMON(c, bad_token, .token = in->token);
  }
  if (in->z.cnt > 32) return shop_many(c, "zones", 32);
  for (u32 i = 0; i < in->z.cnt; i++) {
    const struct market_struct_zone *z =
        MODULE_AT(struct market_struct_zone, &in->z, i);
    zone[i] = (struct shop_market_record_zone){
      z->code, z->base, z->minDays, z->maxDays, z->perItem, z->freeFrom};
  }
  t.updated = c->now_s;
  t.zones = (struct module_array){zone, in->z.cnt};
  module_record_put(c, TABLE(ship_table), &key, &t);
  MODULE_EMIT(c, ship_table_saved, .id = id, .seller = t.seller,
              .record = module_record_bytes(c, TABLE(ship_table), &key, &t));
  out->saved = id;
  return MODULE_DONE;
}

/* How well a table's code fits a zone: its length, 0 not at all.  "DE-BY" fits
** DE-BY, DE and *. */
static u32 market_fit(const bytes8 *code, const bytes8 *zone) {
  u32 len = 0;
  if (code->b[0] == '*' && code->b[1] == 0) return 1;
  while (len < 8 && code->b[len] && code->b[len] == zone->b[len]) len++;
  bool ends = len == 8 || code->b[len] == 0;
  bool at_part = len == 8 || zone->b[len] == 0 || zone->b[len] == '-';
  return len && ends && at_part ? len + 1 : 0;
}

static enum module_end market_shipping(struct module_call *c, u128 *out,
                                       u64 table, bytes8 to, u128 goods,
                                       u32 items) {
  struct shop_market_record_ship_table t;
  const struct shop_market_record_zone *z, *best = NULL;
  u32 best_fit = 0;
  u256 key = u256_from(table);
  *out = 0;
  if (table == 0) return MODULE_DONE;
  module_record_load(c, TABLE(ship_table), &t, &key);
  for (u32 i = 0; i < t.zones.cnt; i++) {
    z = MODULE_AT(struct shop_market_record_zone, &t.zones, i);
    u32 fit = market_fit(&z->code, &to);
    if (fit <= best_fit) continue;
    best_fit = fit;
    best = z;
  }
  if (!best) return MODULE_FAIL(c, no_zone, .shipTable = table, .zone = to);
  if (best->free_from && goods >= best->free_from) return MODULE_DONE;
  if (items && best->per_item > MODULE_AMOUNT_MAX / items)
    return MODULE_FAIL_COMMON(c, overflow);
  *out = best->base + best->per_item * items;
  if (*out > MODULE_AMOUNT_MAX) return MODULE_FAIL_COMMON(c, amount_too_large);
  return MODULE_DONE;
}
enum module_end shop_shipping(struct module_call *c, u128 *out, u64 table,
                              bytes8 zone, u128 goods, u32 items) {
  struct module_call own;
  module_enter(&own, c, &shop_market);
  enum module_end end = market_shipping(&own, out, table, zone, goods, items);
  module_leave(c);
  return end;
}

/*---------------------------------------------------------- prices and stock */

void shop_listing(struct module_call *c, market_listing_t *out, u64 id) {
  struct module_call own;
  module_enter(&own, c, &shop_market);
  market_get(&own, out, id);
  module_leave(c);
}

static enum module_end market_unit(struct module_call *c, u128 *out,
                                   const market_listing_t *l, u64 id,
                                   u16 variant) {
  market_variant_t v;
  if (market_variant(c, &v, id, variant) != MODULE_DONE)
    return MODULE_REVERTED;
  if (!v.active)
    return MODULE_FAIL(c, variant_inactive, .listing = id,
                       .variant = variant);
  *out = v.price ? v.price : l->price;
  return MODULE_DONE;
}
enum module_end shop_unit_price(struct module_call *c, u128 *out,
                                const market_listing_t *l, u64 id,
                                u16 variant) {
  struct module_call own;
  module_enter(&own, c, &shop_market);
  enum module_end end = market_unit(&own, out, l, id, variant);
  module_leave(c);
  return end;
}

static enum module_end market_reserve(struct module_call *c,
                                      market_listing_t *l, u64 id,
                                      u32 version, u16 variant, u32 qty) {
  market_variant_t v;
  if (l->version != version)
    return MODULE_FAIL(c, bad_version, .listing = id, .current = l->version);
  if (market_variant(c, &v, id, variant) != MODULE_DONE)
    return MODULE_REVERTED;
  if (v.stock < qty)
    return MODULE_FAIL(c, out_of_stock, .listing = id, .variant = variant,
                       .left = v.stock);
  if (v.stock != SHOP_UNLIMITED) v.stock -= qty;
  market_get(c, l, id); /* other lines may have changed sold */
  l->sold += qty;
  market_put(c, l, id);
  market_stock(c, l, &v);
  return MODULE_DONE;
}
enum module_end shop_reserve(struct module_call *c, market_listing_t *l,
                             u64 id, u32 version, u16 variant, u32 qty) {
  struct module_call own;
  module_enter(&own, c, &shop_market);
  enum module_end end = market_reserve(&own, l, id, version, variant, qty);
  module_leave(c);
  return end;
}
void shop_restore(struct module_call *c, u64 id, u16 variant, u32 qty) {
  struct module_call own;
  market_listing_t l;
  market_variant_t v;
  u256 key = market_variant_key(id, variant);
  module_enter(&own, c, &shop_market);
  market_get(&own, &l, id);
  module_record_get(&own, TABLE(variant), &v, &key);
  if (v.stock != SHOP_UNLIMITED)
    v.stock = qty < SHOP_STOCK_MAX - v.stock ? v.stock + qty : SHOP_STOCK_MAX;
  l.sold -= qty < l.sold ? qty : l.sold;
  market_put(&own, &l, id);
  market_stock(&own, &l, &v);
  module_leave(c);
}

MODULE_DO(price_of) {
  market_listing_t l;
  u128 unit, ship;
  market_get(c, &l, in->id);
  if (l.state == 0) return shop_missing(c, MARKET_LISTING, u256_from(in->id));
  if (market_unit(c, &unit, &l, in->id, in->variant) != MODULE_DONE)
    return MODULE_REVERTED;
  if (in->qty && unit > MODULE_AMOUNT_MAX / in->qty)
    return MODULE_FAIL_COMMON(c, overflow);
  if (market_shipping(c, &ship, l.ship_table, in->zone, unit * in->qty,
                      in->qty) != MODULE_DONE)
    return MODULE_REVERTED;
  out->goods = module_word_of(unit * in->qty);
  out->shipping = module_word_of(ship);
  out->token = l.token;
  out->version = l.version;
  return MODULE_DONE;
}

MODULE_DO(stock_of) {
  market_variant_t v;
  if (market_variant(c, &v, in->id, in->variant) != MODULE_DONE)
    return MODULE_REVERTED;
  out->stock = v.stock;
  return MODULE_DONE;
}

/*------------------------------------------------------------------ coupons */

static void market_coupon_put(struct module_call *c, market_coupon_t *r,
                              u64 id) {
  u256 key = u256_from(id);
  r->updated = c->now_s;
  module_record_put(c, TABLE(coupon), &key, r);
}
static void market_coupon_saved(struct module_call *c,
                                const market_coupon_t *r, u64 id) {
  u256 key = u256_from(id);
  MODULE_EMIT(c, coupon_saved, .id = id, .seller = r->seller,
              .record = module_record_bytes(c, TABLE(coupon), &key, r));
}
static enum module_end market_coupon_own(struct module_call *c,
                                         market_coupon_t *r, u64 id) {
  u256 key = u256_from(id);
  module_record_get(c, TABLE(coupon), r, &key);
  if (r->state == 0) return shop_missing(c, MARKET_COUPON, u256_from(id));
  if (!shop_acts_for(c, &r->seller, SHOP_SELL)) return shop_refused(c);
  if (r->state != MARKET_COUPON_ACTIVE)
    return shop_wrong(c, MARKET_COUPON, u256_from(id), r->state);
  return MODULE_DONE;
}

MODULE_DO(save_coupon) {
  const struct market_struct_coupon *a = &in->a;
  market_coupon_t r = {.state = MARKET_COUPON_ACTIVE, .layout = 1,
                       .created = c->now_s};
  u64 id = in->id;
  if (id) {
    if (market_coupon_own(c, &r, id) != MODULE_DONE) return MODULE_REVERTED;
  } else if (shop_new_owner(c, &r.seller, &in->owner, SHOP_SELL) !=
             MODULE_DONE) {
    return MODULE_REVERTED;
  }
  if (shop_is_nobody(&a->signer)) return MODULE_FAIL_COMMON(c, bad_address);
  if (shop_token_ok(c, &a->token) != MODULE_DONE) return MODULE_REVERTED;
  if (a->kind < 1 || a->kind > 2) return shop_range(c, "kind", a->kind, 1, 2);
  if (a->kind == MARKET_COUPON_BPS && a->value > 10000)
    return MODULE_FAIL_COMMON(c, out_of_range, .field = {"value"},
                              .value = module_word_of(a->value),
                              .max = u256_from(10000));
  if (a->endsAt <= c->now_s || a->endsAt <= a->startsAt)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = a->endsAt);
  if (a->maxUses < r.used)
    return shop_range(c, "maxUses", a->maxUses, r.used, UINT32_MAX);
  if (a->listing) {
    market_listing_t l;
    market_get(c, &l, a->listing);
    if (l.state == 0)
      return shop_missing(c, MARKET_LISTING, u256_from(a->listing));
    if (!addr20_eq(&l.seller, &r.seller)) return shop_refused(c);
  }
  if (!id) id = module_id_next(c, MARKET_COUPON);
  u256 key = u256_from(id);
  r.kind = a->kind;
  r.per_party = a->perParty;
  r.max_uses = a->maxUses;
  r.starts = a->startsAt;
  r.signer = a->signer;
  r.ends = a->endsAt;
  r.token = a->token;
  r.listing = a->listing;
  r.value = a->value;
  r.min_total = a->minTotal;
  if (r.deadline != r.ends)
    module_timer_set(c, (struct module_header *)&r, MARKET_COUPON, &key,
                     r.ends);
  market_coupon_put(c, &r, id);
  market_coupon_saved(c, &r, id);
  out->saved = id;
  return MODULE_DONE;
}

static void market_coupon_end(struct module_call *c, market_coupon_t *r,
                              u64 id) {
  r->state = MARKET_COUPON_ENDED;
  r->deadline = 0;
  market_coupon_put(c, r, id);
  market_coupon_saved(c, r, id);
}
MODULE_DO(end_coupon) {
  market_coupon_t r;
  if (market_coupon_own(c, &r, in->id) != MODULE_DONE) return MODULE_REVERTED;
  market_coupon_end(c, &r, in->id);
  return MODULE_DONE;
}

/* keccak256("CMT-COUPON" || chainId || id || buyer), signed by signer; words of
** 32 bytes, the buyer 20. */
static bool market_signed(struct module_call *c, const addr20 *signer, u64 id,
                          const addr20 *buyer, slice sig) {
  u8 text[10 + 32 + 32 + 20];
  struct sig65 s;
  hash32 digest;
  addr20 who;
  u256 word = u256_from(id);
  if (sig.len != 65 || !evm_native_charge(c->n, MARKET_RECOVER_GAS))
    return false;
  memcpy(text, "CMT-COUPON", 10);
  u256_to_be(text + 10, &evm_native_block(c->n)->chain_id);
  u256_to_be(text + 42, &word);
  memcpy(text + 74, buyer->b, 20);
  crypto_keccak256(&digest, text, sizeof text);
  memcpy(s.r, sig.ptr, 32);
  memcpy(s.s, sig.ptr + 32, 32);
  s.v = sig.ptr[64] >= 27 ? sig.ptr[64] - 27 : sig.ptr[64];
  if (s.v > 1 || !crypto_sig_in_range(&s) || crypto_sig_s_is_high(s.s))
    return false;
  return crypto_recover_addr(&who, &digest, &s) == ERR_OK &&
         addr20_eq(&who, signer);
}

static u256 market_use_key(u64 coupon, const addr20 *party) {
  u256 part[2] = {u256_from(coupon), module_key_addr(party)}, key;
  module_key_of(&key, part, 2);
  return key;
}

static u8 market_coupon_fault(struct module_call *c, const market_coupon_t *r,
                              u64 id, const addr20 *token, const addr20 *buyer,
                              slice sig) {
  struct shop_market_record_coupon_use use;
  u256 key = market_use_key(id, buyer);
  if (r->state != MARKET_COUPON_ACTIVE || c->now_s >= r->ends)
    return MARKET_WHY_ENDED;
  if (c->now_s < r->starts) return MARKET_WHY_EARLY;
  if (r->used >= r->max_uses) return MARKET_WHY_USED_UP;
  module_record_get(c, TABLE(coupon_use), &use, &key);
  if (r->per_party && use.count >= r->per_party) return MARKET_WHY_PARTY;
  if (!addr20_eq(&r->token, token)) return MARKET_WHY_TOKEN;
  return market_signed(c, &r->signer, id, buyer, sig) ? 0
                                                      : MARKET_WHY_SIGNATURE;
}

enum module_end shop_coupon(struct module_call *c, market_coupon_t *out,
                            u64 id, const addr20 *seller, const addr20 *token,
                            const addr20 *buyer, slice sig) {
  struct module_call own;
  u256 key = u256_from(id);
  enum module_end end = MODULE_DONE;
  module_enter(&own, c, &shop_market);
  module_record_get(&own, TABLE(coupon), out, &key);
  if (out->state == 0 || !addr20_eq(&out->seller, seller)) {
    end = shop_missing(&own, MARKET_COUPON, u256_from(id));
  } else {
    u8 why = market_coupon_fault(&own, out, id, token, buyer, sig);
    if (why) end = MODULE_FAIL(&own, coupon_invalid, .why = why);
  }
  module_leave(c);
  return end;
}

enum module_end shop_coupon_off(struct module_call *c, u128 *out,
                                const market_coupon_t *r, u128 covered) {
  if (covered == 0 || covered < r->min_total)
    return MODULE_FAIL(c, coupon_invalid,
                       .why = covered ? MARKET_WHY_MINIMUM
                                      : MARKET_WHY_LISTING);
  if (r->kind == MARKET_COUPON_FIXED)
    *out = r->value < covered ? r->value : covered;
  else
    *out = covered / 10000 * r->value + covered % 10000 * r->value / 10000;
  return MODULE_DONE;
}

void shop_coupon_count(struct module_call *c, u64 id, u64 order,
                       const addr20 *buyer, bool back) {
  struct module_call own;
  struct shop_market_record_coupon_use use;
  market_coupon_t r;
  u256 key = u256_from(id), use_key = market_use_key(id, buyer);
  module_enter(&own, c, &shop_market);
  module_record_get(&own, TABLE(coupon), &r, &key);
  module_record_get(&own, TABLE(coupon_use), &use, &use_key);
  use.coupon = id;
  use.party = *buyer;
  use.count += back ? -1u : 1u;
  r.used += back ? -1u : 1u;
  market_coupon_put(&own, &r, id);
  module_record_put(&own, TABLE(coupon_use), &use_key, &use);
  MODULE_EMIT(&own, coupon_used, .id = id, .order = order, .buyer = *buyer,
              .givenBack = back);
  module_leave(c);
}

/*------------------------------------------------------------------ reviews */

static u256 market_review_key(u64 order, u8 side) {
  u256 part[2] = {u256_from(order), u256_from(side)}, key;
  module_key_of(&key, part, 2);
  return key;
}
static void market_review_put(struct module_call *c,
                              struct shop_market_record_review *r) {
  u256 key = market_review_key(r->order, r->side);
  r->updated = c->now_s;
  module_record_put(c, TABLE(review), &key, r);
  MODULE_EMIT(c, review_saved, .order = r->order, .side = r->side,
              .listing = r->listing, .author = r->author, .stars = r->stars,
              .weight = r->weight, .subject = r->subject, .text = r->text,
              .reply = r->reply);
}
/* A buyer's stars count for the listing too. */
static void market_rate(struct module_call *c,
                        struct shop_market_record_review *r, bool counts,
                        u8 was) {
  market_listing_t l;
  r->weight = (u8)shop_rated(c, &r->subject, &r->author, counts, r->stars, was,
                             r->weight);
  if (r->weight == 0 || r->listing == 0 || r->side != SHOP_SIDE_BUYER) return;
  market_get(c, &l, r->listing);
  if (!was) l.rating_w += r->weight;
  l.rating_sum += (u32)r->weight * r->stars - (u32)r->weight * was;
  market_put(c, &l, r->listing);
}

MODULE_DO(review) {
  struct shop_market_record_review r;
  struct shop_review_right right;
  if (!shop_review_right(c, &right, in->order) || right.side == 0)
    return shop_refused(c);
  u256 key = market_review_key(in->order, right.side);
  module_record_get(c, TABLE(review), &r, &key);
  u8 was = r.stars;
  if (r.state) {
    if (r.edited || c->now_s > r.created + MARKET_EDIT_DAYS * SHOP_DAY)
      return MODULE_FAIL(c, already_reviewed);
    r.edited = true;
  } else {
    if (shop_new_record(c) != MODULE_DONE) return MODULE_REVERTED;
    if (!right.paid || c->now_s > right.ended + SETTING(reviewWindow))
      return MODULE_FAIL(c, not_reviewable);
    r = (struct shop_market_record_review){
      .state = 1, .layout = 1, .created = c->now_s, .side = right.side,
      .order = in->order, .listing = right.listing, .author = right.author,
      .subject = right.subject};
  }
  if (in->stars < 1 || in->stars > 5) return MODULE_FAIL(c, stars_range);
  r.stars = in->stars;
  r.text = in->text;
  market_rate(c, &r, right.counts, was);
  market_review_put(c, &r);
  return MODULE_DONE;
}

MODULE_DO(reply) {
  static const hash32 zero;
  struct shop_market_record_review r;
  u256 key = market_review_key(in->order, in->side);
  module_record_get(c, TABLE(review), &r, &key);
  if (r.state == 0)
    return MODULE_FAIL_COMMON(c, no_such_record, .t = MARKET_REVIEW,
                              .key = u256_hash32(&key));
  if (!shop_acts_for(c, &r.subject, SHOP_SELL)) return shop_refused(c);
  if (!hash32_eq(&r.reply, &zero)) return MODULE_FAIL(c, already_reviewed);
  if (hash32_eq(&in->text, &zero))
    return MODULE_FAIL_COMMON(c, bad_calldata, .argument = 3);
  if (c->now_s > r.created + 90 * SHOP_DAY)
    return MODULE_FAIL_COMMON(c, too_late,
                              .notAfter = r.created + 90 * SHOP_DAY);
  r.reply = in->text;
  market_review_put(c, &r);
  return MODULE_DONE;
}

/*----------------------------------------------------------------- messages */

/* The sender as a party; of the order too, when there is one. */
static enum module_end market_writer(struct module_call *c, addr20 *me,
                                     u64 order, const addr20 *with) {
  if (shop_self(c, me) != MODULE_DONE) return MODULE_REVERTED;
  if (order && !shop_order_has(c, order, me, with)) return shop_refused(c);
  return MODULE_DONE;
}

MODULE_DO(message) {
  struct shop_market_record_thread t;
  addr20 me;
  if (market_writer(c, &me, in->order, &in->to) != MODULE_DONE)
    return MODULE_REVERTED;
  if (addr20_eq(&me, &in->to)) return MODULE_FAIL_COMMON(c, bad_address);
  if (!shop_has_key(c, &in->to))
    return MODULE_FAIL(c, no_enc_key, .party = in->to);
  bool first = memcmp(me.b, in->to.b, 20) < 0;
  const addr20 *low = first ? &me : &in->to, *high = first ? &in->to : &me;
  u256 part[3] = {module_key_addr(low), module_key_addr(high),
                  u256_from(in->order)}, key;
  module_key_of(&key, part, 3);
  module_record_get(c, TABLE(thread), &t, &key);
  if (t.count == 0 && shop_new_record(c) != MODULE_DONE)
    return MODULE_REVERTED;
  t.low = *low;
  t.high = *high;
  t.order = in->order;
  t.count++;
  module_record_put(c, TABLE(thread), &key, &t);
  MODULE_EMIT(c, message, .order = in->order, .from = me, .to = in->to,
              .content = in->content);
  return MODULE_DONE;
}

MODULE_DO(share_key) {
  addr20 me;
  if (market_writer(c, &me, in->order, NULL) != MODULE_DONE)
    return MODULE_REVERTED;
  if (shop_is_nobody(&in->reader) || addr20_eq(&in->reader, &me))
    return MODULE_FAIL_COMMON(c, bad_address);
  if (!shop_has_key(c, &in->reader)) /* there is nothing to seal it with */
    return MODULE_FAIL(c, no_enc_key, .party = in->reader);
  if (in->sealedKey.len > 512) return shop_many(c, "sealedKey", 512);
  MODULE_EMIT(c, key_shared, .order = in->order, .content = in->content,
              .reader = in->reader, .sealedKey = in->sealedKey);
  return MODULE_DONE;
}

/*--------------------------------------------------------------- the court's */

struct shop_hold shop_listing_suspend(struct module_call *c, u64 id,
                                      u64 seconds) {
  struct module_call own;
  struct shop_hold h = {0, 0};
  market_listing_t l;
  module_enter(&own, c, &shop_market);
  market_get(&own, &l, id);
  u64 until = own.now_s + seconds;
  bool live = MARKET_LIVE >> l.state & 1;
  bool longer = l.state == MARKET_SUSPENDED && l.deadline < until;
  if (live) l.before = l.state;
  if (live || longer) {
    h = (struct shop_hold){until, longer ? l.deadline : 0};
    market_turn(&own, &l, id, MARKET_SUSPENDED, until);
  }
  module_leave(c);
  return h;
}
void shop_listing_lift(struct module_call *c, u64 id,
                       const struct shop_hold *h) {
  struct module_call own;
  market_listing_t l;
  module_enter(&own, c, &shop_market);
  market_get(&own, &l, id);
  if (l.state == MARKET_SUSPENDED && l.deadline == h->until) {
    if (h->was > own.now_s)
      market_turn(&own, &l, id, MARKET_SUSPENDED, h->was);
    else
      market_turn(&own, &l, id, l.before, l.expires);
  }
  module_leave(c);
}
void shop_listing_close(struct module_call *c, u64 id) {
  struct module_call own;
  market_listing_t l;
  module_enter(&own, c, &shop_market);
  market_get(&own, &l, id);
  if (l.state && l.state != MARKET_CLOSED) market_close(&own, &l, id);
  module_leave(c);
}

/*---------------------------------------------------------------- deadlines */

static bool market_timer(struct module_call *c, u8 type, const u256 *key) {
  market_listing_t l;
  market_coupon_t r;
  u64 id = key->w[0];
  if (type == MARKET_COUPON) {
    module_record_get(c, TABLE(coupon), &r, key);
    market_coupon_end(c, &r, id);
    return true;
  }
  market_get(c, &l, id);
  if (l.state == MARKET_EXPIRED)
    market_close(c, &l, id);
  else if (l.state == MARKET_SUSPENDED)
    market_turn(c, &l, id, l.before, l.expires);
  else
    market_turn(c, &l, id, MARKET_EXPIRED,
                c->now_s + MARKET_EXPIRED_DAYS * SHOP_DAY);
  return true;
}
#undef ID
#undef MODULE_PUBLIC
#undef TABLE
#undef SETTING
#undef MARKET_LIVE
