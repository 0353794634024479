/* shop_reputation.c - of Identity (0x..1010): what a party did, how it was
** rated, and what it may not do; see identity.def.
**
** Counters only grow, by other modules' word (shop_bump, shop_traded,
** shop_rated); who may sanction is Court alone.
**   pairs      an order counts once for (buyer, seller), up to pairLimit in 90
**              days from the first of them
**   reviews    weigh 4 of a verified human, else 1; 0 those of orders that do not
**              count, or one could pay a trifle a thousand times to rate as often
**   rating     x 100 = (14,000 + 100 sum of weight x stars) / (40 + weights)
**   score      2 rating x 100 - 40 disputes lost - 15 seller's cancellations
**              - 100 sanctions, from 0 to 1,000
** A sanction ends by itself at its time; one record a party, the last. */
#include "shop/shop_identity_part.h"

#define ID(what, name) shop_identity_##what##_##name
#define TABLE(name) &shop_identity_table_##name

static void reputation_get(struct module_call *c,
                           struct shop_identity_record_reputation *r,
                           const addr20 *party) {
  u256 key = module_key_addr(party);
  module_record_get(c, TABLE(reputation), r, &key);
  if (r->state) return;
  r->state = 1;
  r->created = c->now_s;
}
static void reputation_put(struct module_call *c, const addr20 *party,
                           struct shop_identity_record_reputation *r) {
  u256 key = module_key_addr(party);
  r->updated = c->now_s;
  module_record_put(c, TABLE(reputation), &key, r);
}
static void reputation_bump(struct module_call *c, const addr20 *party,
                            enum shop_counter counter, u32 delta) {
  struct shop_identity_record_reputation r;
  MUST(counter < SHOP_COUNTERS);
  reputation_get(c, &r, party);
  (&r.sold)[counter] += delta; /* the counters follow each other */
  reputation_put(c, party, &r);
  MODULE_EMIT(c, rep_changed, .party = *party, .counter = (u8)counter,
              .delta = delta);
}

u32 shop_counter_of(struct module_call *c, const addr20 *party,
                    enum shop_counter counter) {
  struct module_call own;
  struct shop_identity_record_reputation r;
  u256 key = module_key_addr(party);
  MUST(counter < SHOP_COUNTERS);
  module_enter(&own, c, &shop_identity);
  module_record_get(&own, TABLE(reputation), &r, &key);
  module_leave(c);
  return (&r.sold)[counter];
}
void shop_bump(struct module_call *c, const addr20 *party,
               enum shop_counter counter, i64 delta) {
  struct module_call own;
  MUST(delta > 0 && delta <= 5);
  module_enter(&own, c, &shop_identity);
  reputation_bump(&own, party, counter, (u32)delta);
  module_leave(c);
}

bool shop_traded(struct module_call *c, const addr20 *buyer,
                 const addr20 *seller, bool dealt) {
  struct module_call own;
  struct shop_identity_record_pair p;
  u256 key = shop_ident_pair(buyer, seller);
  module_enter(&own, c, &shop_identity);
  module_record_get(&own, TABLE(pair), &p, &key);
  bool first = p.count == 0;
  p.buyer = *buyer;
  p.seller = *seller;
  p.count++;
  p.dealt += dealt;
  if (own.now_s >= p.since + 90 * SHOP_DAY) {
    p.since = own.now_s;
    p.recent = 0;
  }
  bool counts =
      p.recent < module_setting_get(&own, shop_identity_param_pairLimit);
  p.recent += counts;
  module_record_put(&own, TABLE(pair), &key, &p);
  if (counts) {
    reputation_bump(&own, seller, SHOP_SOLD, 1);
    reputation_bump(&own, buyer, SHOP_BOUGHT, 1);
  }
  if (first) {
    reputation_bump(&own, seller, SHOP_COUNTERPARTIES, 1);
    reputation_bump(&own, buyer, SHOP_COUNTERPARTIES, 1);
  }
  module_leave(c);
  return counts;
}

bool shop_has_traded(struct module_call *c, const addr20 *judge,
                     const addr20 *party) {
  struct module_call own;
  struct shop_identity_record_pair bought, sold;
  u256 one = shop_ident_pair(judge, party), two = shop_ident_pair(party, judge);
  module_enter(&own, c, &shop_identity);
  module_record_get(&own, TABLE(pair), &bought, &one);
  module_record_get(&own, TABLE(pair), &sold, &two);
  module_leave(c);
  return bought.count || sold.dealt;
}

u32 shop_rated(struct module_call *c, const addr20 *party,
               const addr20 *reviewer, bool counts, u8 stars, u8 was,
               u32 was_weight) {
  struct module_call own;
  struct shop_identity_record_reputation r;
  addr20 anchor;
  module_enter(&own, c, &shop_identity);
  u32 weight = was ? was_weight
               : !counts ? 0
               : shop_ident_person(&own, &anchor, reviewer) ? 4 : 1;
  if (weight == 0) {
    module_leave(c);
    return 0;
  }
  reputation_get(&own, &r, party);
  i64 sum = (i64)weight * stars - (i64)weight * was;
  r.review_weight += was ? 0 : weight;
  r.review_sum += (u64)sum;
  reputation_put(&own, party, &r);
  if (!was)
    MODULE_EMIT(&own, rep_changed, .party = *party,
                .counter = SHOP_REVIEW_WEIGHT, .delta = weight);
  if (sum)
    MODULE_EMIT(&own, rep_changed, .party = *party,
                .counter = SHOP_REVIEW_SUM, .delta = sum);
  module_leave(c);
  return weight;
}

MODULE_DO(reputation) {
  struct shop_identity_record_reputation r;
  u256 key = module_key_addr(&in->party);
  module_record_get(c, TABLE(reputation), &r, &key);
  out->r = module_record_abi(c, TABLE(reputation), &key, &r);
  out->ratingX100 = (u16)((14000 + 100 * r.review_sum) /
                          (40 + r.review_weight));
  i64 score = 2 * (i64)out->ratingX100 - 40 * (i64)r.disputes_lost -
              15 * (i64)r.seller_cancels - 100 * (i64)r.sanctions;
  out->score = (u16)(score < 0 ? 0 : score > 1000 ? 1000 : score);
  return MODULE_DONE;
}

/*---------------------------------------------------------------- sanctions */

u8 shop_sanction_level(struct module_call *c, u64 *until, const addr20 *party) {
  struct shop_identity_record_sanction s;
  u256 key = module_key_addr(party);
  module_record_get(c, TABLE(sanction), &s, &key);
  bool on = s.level && c->now_s < s.until;
  *until = on ? s.until : 0;
  return on ? s.level : 0;
}
u8 shop_sanction_of(struct module_call *c, u64 *until, const addr20 *party) {
  struct module_call own;
  module_enter(&own, c, &shop_identity);
  u8 level = shop_sanction_level(&own, until, party);
  module_leave(c);
  return level;
}
enum module_end shop_not_sanctioned(struct module_call *c, const addr20 *party,
                                    u8 least) {
  u64 until;
  u8 level = shop_sanction_of(c, &until, party);
  if (level >= least)
    return MODULE_FAIL_COMMON(c, sanctioned, .party = *party, .level = level);
  return MODULE_DONE;
}

MODULE_DO(sanction_of) {
  out->level = shop_sanction_level(c, &out->until, &in->party);
  return MODULE_DONE;
}

static void reputation_sanction_put(struct module_call *c, const addr20 *party,
                                    u8 level, u64 until, u64 case_id,
                                    u128 fine) {
  u256 key = module_key_addr(party);
  struct shop_identity_record_sanction s = {
    .state = 1, .created = c->now_s, .updated = c->now_s, .level = level,
    .until = until, .case_id = case_id, .fine_due = fine};
  module_record_put(c, TABLE(sanction), &key, &s);
  MODULE_EMIT(c, sanction_set, .party = *party, .level = level,
              .until = until, .caseId = case_id,
              .fine = module_word_of(fine));
}
void shop_sanction_set(struct module_call *c, const addr20 *party, u8 level,
                       u64 seconds, u64 case_id, u128 fine) {
  struct module_call own;
  u64 was_until;
  module_enter(&own, c, &shop_identity);
  u8 was = shop_sanction_level(&own, &was_until, party);
  u64 until = own.now_s + seconds;
  if (was == level && was_until > until) until = was_until;
  if (was <= level) {
    reputation_bump(&own, party, SHOP_SANCTIONS, 1);
    reputation_sanction_put(&own, party, level, until, case_id, fine);
  }
  module_leave(c);
}
void shop_sanction_lower(struct module_call *c, const addr20 *party, u8 level,
                         u64 seconds, u64 case_id) {
  struct module_call own;
  u64 was_until;
  module_enter(&own, c, &shop_identity);
  shop_sanction_level(&own, &was_until, party);
  u64 until = own.now_s + (level ? seconds : 0);
  if (until > was_until) until = was_until;
  reputation_sanction_put(&own, party, level, until, case_id, 0);
  module_leave(c);
}
u64 shop_sanction_case(struct module_call *c, const addr20 *party) {
  struct module_call own;
  struct shop_identity_record_sanction s;
  u256 key = module_key_addr(party);
  u64 until;
  module_enter(&own, c, &shop_identity);
  u8 level = shop_sanction_level(&own, &until, party);
  module_record_get(&own, TABLE(sanction), &s, &key);
  module_leave(c);
  return level ? s.case_id : 0;
}
#undef ID
#undef TABLE
