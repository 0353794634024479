/* shop_identity.c - module 0x..1010, Identity; see identity.def and, for what
** other modules ask, shop_identity.h.
**
** Identity (key: anchor, the address that names it for ever)
**   none       create                         -> Active
**   Active     update, setHandle, releaseHandle, setOperator, setGuardians,
**              offerController, acceptController (the new key) -> Active
**              startRecovery (a guardian)     -> Recovering, until now + delay
**              close (nothing open)           -> Closed*
**   Recovering ends by cancelRecovery or at its deadline -> Active, as
**              shop_guardian.c tells
**   The deadline of an Active one is the first of: the end of its humanity,
**   the lapse of an offer (7 days), new guardians taking over, a year or more
**   (idleMax) without an update, which only sets the flag Dormant.
** Issuer (key: address)
**   none       applyIssuer, with bond         -> Applied: 3 days -> Active;
**              for a realm 30 days -> Retired*, bond back, unless
**              approveIssuer (governance)     -> Active
**   Active     a ruling                       -> Suspended: at its end Active;
**              or Leaving, and of the bond what it says is lost
**   Active     retireIssuer                   -> Leaving: 30 days -> Retired*,
**              bond back; idleMax without an action -> Dormant, bond back,
**              which addBond wakes; both wait while a case against him is open
** Claim        issueClaim -> Offered: 14 days -> Declined*; acceptClaim ->
**              Active: expiresAt -> Expired*; declineClaim -> Declined*;
**              revokeClaim -> Revoked*
** Consent      giveConsent -> Active: expiresAt -> Expired*; endConsent ->
**              Revoked*
** Reputation, sanctions, nullifiers and pairs have no deadline.
**
** Invariants: one controller, one identity; one nullifier, one anchor; a
** recovery never executes before its delay nor below its threshold; issuers'
** bonds and handles' deposits and claims are what is accounted; counters never
** fall. */
#include "crypto/keccak.h"
#include "shop/shop_court.h"
#include "shop/shop_identity_part.h"

#define ID(what, name) shop_identity_##what##_##name
#define MODULE_PUBLIC(what, name) shop_identity_##what##_##name
#include "module/pass_param.inc"
#include "shop/identity.def"
static const struct module_row ident_rows[] = {
#include "module/pass_row.inc"
#include "shop/identity.def"
};
#include "module/pass_end.inc"
#define TABLE(name) &shop_identity_table_##name

enum { IDENT_APPLIED = 1, IDENT_ISSUING, IDENT_SUSPENDED, IDENT_LEAVING,
       IDENT_RETIRED, IDENT_DORMANT };
enum { IDENT_OFFERED = 1, IDENT_HELD, IDENT_DECLINED, IDENT_EXPIRED,
       IDENT_REVOKED };
enum { IDENT_GIVEN = 1, IDENT_LAPSED, IDENT_ENDED };
enum { IDENT_WHY_DEPOSIT = 1, IDENT_WHY_BOND };
enum { IDENT_LEAVES_LOG = 6 };

typedef struct shop_identity_record_issuer ident_issuer_t;
typedef struct shop_identity_record_claim ident_claim_t;
typedef struct shop_identity_record_consent ident_consent_t;

static bool ident_timer(struct module_call *c, u8 type, const u256 *key);
static u8 ident_owner_of(u8 type, const struct module_header *h) {
  static const u8 claim[] = {[IDENT_OFFERED] = MODULE_ROLE_OWNER,
                             [IDENT_HELD] = MODULE_ROLE_OWNER};
  if (type == IDENT_CLAIM) return h->state <= IDENT_HELD ? claim[h->state] : 0;
  return type == IDENT_IDENTITY && h->state == IDENT_RECOVERING
             ? MODULE_ROLE_ANYONE : MODULE_ROLE_OWNER;
}

const struct module_def shop_identity = {
  .name = "Identity", .text = "Identity, one account and one reputation",
  .number = 0x1010, .row = ident_rows, .row_cnt = ARRAY_LEN(ident_rows),
  .base = &module_common, .timer = ident_timer, .owner_of = ident_owner_of,
  .controller_of = shop_controller_of};

/*------------------------------------------------------------------ records */

bool shop_ident_get(struct module_call *c, ident_t *r, const addr20 *anchor) {
  u256 key = module_key_addr(anchor);
  module_record_get(c, TABLE(identity), r, &key);
  return r->state != 0;
}
static bool ident_lives(const ident_t *r) {
  return r->state == IDENT_ACTIVE || r->state == IDENT_RECOVERING;
}
void shop_ident_put(struct module_call *c, const addr20 *anchor, ident_t *r) {
  u256 key = module_key_addr(anchor);
  r->updated = c->now_s;
  module_record_put(c, TABLE(identity), &key, r);
  MODULE_EMIT(c, saved, .anchor = *anchor, .controller = r->controller,
              .record = module_record_bytes(c, TABLE(identity), &key, r));
}
void shop_ident_arm(struct module_call *c, const addr20 *anchor, ident_t *r) {
  u256 key = module_key_addr(anchor);
  u64 idle = module_setting_get(c, shop_identity_param_idleMax);
  u64 at = r->flags & IDENT_FLAG_DORMANT ? 0
           : r->deadline > c->now_s ? r->deadline : c->now_s + idle;
  const u64 other[] = {r->human_until, r->offer, r->next_at};
  for (u32 i = 0; i < ARRAY_LEN(other); i++)
    if (other[i] && (at == 0 || other[i] < at)) at = other[i];
  if (at != r->deadline)
    module_timer_set(c, (struct module_header *)r, IDENT_IDENTITY, &key, at);
}

static addr20 ident_anchor_of(struct module_call *c, const addr20 *who) {
  struct shop_identity_record_controller r;
  u256 key = module_key_addr(who);
  module_record_get(c, TABLE(controller), &r, &key);
  return r.anchor;
}
static void ident_bind(struct module_call *c, const addr20 *controller,
                       const addr20 *anchor) {
  struct shop_identity_record_controller r = {*anchor};
  u256 key = module_key_addr(controller);
  module_record_put(c, TABLE(controller), &key, &r);
}
enum module_end shop_ident_own(struct module_call *c, addr20 *anchor,
                               ident_t *r, u8 state) {
  *anchor = ident_anchor_of(c, &c->sender);
  if (shop_is_none(anchor))
    return MODULE_FAIL_COMMON(c, identity_required, .party = c->sender);
  shop_ident_get(c, r, anchor);
  if (!ident_lives(r) || (state && r->state != state))
    return shop_wrong(c, IDENT_IDENTITY, module_key_addr(anchor), r->state);
  return MODULE_DONE;
}

/*-------------------------------------------------- what other modules ask */

bool shop_ident_party(struct module_call *c, addr20 *out,
                      const addr20 *sender) {
  ident_t r;
  *out = ident_anchor_of(c, sender);
  if (!shop_is_none(out)) return true;
  *out = *sender;
  return !shop_ident_get(c, &r, sender) || r.state == IDENT_CLOSED;
}
static void ident_controller(struct module_call *c, addr20 *out,
                             const addr20 *party) {
  ident_t r;
  *out = shop_ident_get(c, &r, party) ? r.controller : *party;
}

static bool ident_granted(struct module_call *c, const addr20 *party,
                          const addr20 *op, u16 purpose) {
  struct shop_identity_record_operator o;
  ident_t r;
  u256 part[2] = {module_key_addr(party), module_key_addr(op)}, key;
  module_key_of(&key, part, 2);
  module_record_get(c, TABLE(operator), &o, &key);
  if ((o.purposes & purpose) != purpose || purpose == 0 ||
      (o.expires && o.expires <= c->now_s))
    return false;
  shop_ident_get(c, &r, party);
  return o.epoch == r.epoch;
}

bool shop_party_of(struct module_call *c, addr20 *out, const addr20 *sender) {
  struct module_call own;
  module_enter(&own, c, &shop_identity);
  bool ok = shop_ident_party(&own, out, sender);
  module_leave(c);
  return ok;
}
void shop_controller_of(struct module_call *c, addr20 *out,
                        const addr20 *party) {
  struct module_call own;
  module_enter(&own, c, &shop_identity);
  ident_controller(&own, out, party);
  module_leave(c);
}
bool shop_acts_for(struct module_call *c, const addr20 *party, u16 purpose) {
  struct module_call own;
  addr20 controller;
  module_enter(&own, c, &shop_identity);
  ident_controller(&own, &controller, party);
  bool ok = addr20_eq(&controller, &c->sender) ||
            ident_granted(&own, party, &c->sender, purpose);
  module_leave(c);
  return ok;
}

enum module_end shop_self(struct module_call *c, addr20 *out) {
  return shop_party_of(c, out, &c->sender) ? MODULE_DONE : shop_refused(c);
}
enum module_end shop_owner(struct module_call *c, addr20 *out,
                           const addr20 *owner, u16 purpose) {
  if (shop_is_none(owner)) return shop_self(c, out);
  *out = *owner;
  return shop_acts_for(c, owner, purpose) ? MODULE_DONE : shop_refused(c);
}
enum module_end shop_new_owner(struct module_call *c, addr20 *out,
                               const addr20 *owner, u16 purpose) {
  u8 level = module_clock(c);
  if (level) return MODULE_FAIL_COMMON(c, module_paused, .level = level);
  return shop_owner(c, out, owner, purpose);
}

static u8 ident_sanction(struct module_call *c, u64 *until,
                         const addr20 *party) {
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
  u8 level = ident_sanction(&own, until, party);
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

static bool ident_person(struct module_call *c, addr20 *anchor,
                         const addr20 *party) {
  ident_t r;
  bool ok = shop_ident_get(c, &r, party) && ident_lives(&r) &&
            r.human_until >= c->now_s && r.human_until;
  *anchor = ok ? *party : shop_none;
  return ok;
}
bool shop_person(struct module_call *c, addr20 *anchor, const addr20 *party) {
  struct module_call own;
  module_enter(&own, c, &shop_identity);
  bool ok = ident_person(&own, anchor, party);
  module_leave(c);
  return ok;
}
bool shop_has_identity(struct module_call *c, const addr20 *party) {
  struct module_call own;
  ident_t r;
  module_enter(&own, c, &shop_identity);
  bool ok = shop_ident_get(&own, &r, party) && ident_lives(&r);
  module_leave(c);
  return ok;
}
bool shop_has_key(struct module_call *c, const addr20 *party) {
  static const hash32 zero;
  struct module_call own;
  ident_t r;
  module_enter(&own, c, &shop_identity);
  bool ok = shop_ident_get(&own, &r, party) && !hash32_eq(&r.enc_key, &zero);
  module_leave(c);
  return ok;
}
void shop_opened(struct module_call *c, const addr20 *party, int delta) {
  struct module_call own;
  ident_t r;
  u256 key = module_key_addr(party);
  module_enter(&own, c, &shop_identity);
  if (shop_ident_get(&own, &r, party) && (delta > 0 || r.opens > 0)) {
    r.opens += (u32)delta;
    module_record_put(&own, TABLE(identity), &key, &r);
  }
  module_leave(c);
}

/*--------------------------------------------------------------- reputation */

static void ident_rep_get(struct module_call *c,
                          struct shop_identity_record_reputation *r,
                          const addr20 *party) {
  u256 key = module_key_addr(party);
  module_record_get(c, TABLE(reputation), r, &key);
  if (r->state) return;
  r->state = 1;
  r->created = c->now_s;
}
static void ident_rep_put(struct module_call *c, const addr20 *party,
                          struct shop_identity_record_reputation *r) {
  u256 key = module_key_addr(party);
  r->updated = c->now_s;
  module_record_put(c, TABLE(reputation), &key, r);
}
static void ident_bump(struct module_call *c, const addr20 *party,
                       enum shop_counter counter, u32 delta) {
  struct shop_identity_record_reputation r;
  MUST(counter < SHOP_COUNTERS);
  ident_rep_get(c, &r, party);
  (&r.sold)[counter] += delta; /* the counters follow each other */
  ident_rep_put(c, party, &r);
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
  ident_bump(&own, party, counter, (u32)delta);
  module_leave(c);
}

static u256 ident_pair_key(const addr20 *a, const addr20 *b) {
  u256 part[2] = {module_key_addr(a), module_key_addr(b)}, key;
  module_key_of(&key, part, 2);
  return key;
}

void shop_traded(struct module_call *c, const addr20 *buyer,
                 const addr20 *seller) {
  struct module_call own;
  struct shop_identity_record_pair p;
  u256 key = ident_pair_key(buyer, seller);
  module_enter(&own, c, &shop_identity);
  module_record_get(&own, TABLE(pair), &p, &key);
  bool first = p.count == 0;
  p.buyer = *buyer;
  p.seller = *seller;
  p.count++;
  if (own.now_s >= p.since + 90 * SHOP_DAY) {
    p.since = own.now_s;
    p.recent = 0;
  }
  bool counts =
      p.recent < module_setting_get(&own, shop_identity_param_pairLimit);
  p.recent += counts;
  module_record_put(&own, TABLE(pair), &key, &p);
  if (counts) {
    ident_bump(&own, seller, SHOP_SOLD, 1);
    ident_bump(&own, buyer, SHOP_BOUGHT, 1);
  }
  if (first) {
    ident_bump(&own, seller, SHOP_COUNTERPARTIES, 1);
    ident_bump(&own, buyer, SHOP_COUNTERPARTIES, 1);
  }
  module_leave(c);
}

bool shop_has_traded(struct module_call *c, const addr20 *a, const addr20 *b) {
  struct module_call own;
  struct shop_identity_record_pair p, q;
  u256 one = ident_pair_key(a, b), two = ident_pair_key(b, a);
  module_enter(&own, c, &shop_identity);
  module_record_get(&own, TABLE(pair), &p, &one);
  module_record_get(&own, TABLE(pair), &q, &two);
  module_leave(c);
  return p.count || q.count;
}

u32 shop_rated(struct module_call *c, const addr20 *party,
               const addr20 *reviewer, u8 stars, u8 was, u32 was_weight) {
  struct module_call own;
  struct shop_identity_record_reputation r;
  addr20 anchor;
  module_enter(&own, c, &shop_identity);
  u32 weight = was ? was_weight : ident_person(&own, &anchor, reviewer) ? 4 : 1;
  ident_rep_get(&own, &r, party);
  i64 sum = (i64)weight * stars - (i64)weight * was;
  r.review_weight += was ? 0 : weight;
  r.review_sum += (u64)sum;
  ident_rep_put(&own, party, &r);
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

static void ident_sanction_put(struct module_call *c, const addr20 *party,
                               u8 level, u64 until, u64 case_id, u128 fine) {
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
                       u64 until, u64 case_id, u128 fine) {
  struct module_call own;
  module_enter(&own, c, &shop_identity);
  ident_bump(&own, party, SHOP_SANCTIONS, 1);
  ident_sanction_put(&own, party, level, until, case_id, fine);
  module_leave(c);
}
void shop_sanction_lower(struct module_call *c, const addr20 *party, u8 level,
                         u64 until, u64 case_id) {
  struct module_call own;
  module_enter(&own, c, &shop_identity);
  ident_sanction_put(&own, party, level, until, case_id, 0);
  module_leave(c);
}
u64 shop_sanction_case(struct module_call *c, const addr20 *party) {
  struct module_call own;
  struct shop_identity_record_sanction s;
  u256 key = module_key_addr(party);
  u64 until;
  module_enter(&own, c, &shop_identity);
  u8 level = ident_sanction(&own, &until, party);
  module_record_get(&own, TABLE(sanction), &s, &key);
  module_leave(c);
  return level ? s.case_id : 0;
}

/*----------------------------------------------------------------- identity */

/* Neither the anchor of an identity nor the controller of one. */
static bool ident_is_free(struct module_call *c, const addr20 *who) {
  ident_t r;
  addr20 anchor = ident_anchor_of(c, who);
  return shop_is_none(&anchor) && !shop_ident_get(c, &r, who);
}

MODULE_DO(create) {
  if (!ident_is_free(c, &c->sender))
    return MODULE_FAIL(c, has_identity, .who = c->sender);
  if (in->kind < 1 || in->kind > 2)
    return MODULE_FAIL_COMMON(c, bad_calldata, .argument = 1);
  ident_t r = {.state = IDENT_ACTIVE, .layout = 1, .created = c->now_s,
               .kind = in->kind, .controller = c->sender, .doc = in->doc,
               .enc_key = in->encKey};
  shop_ident_arm(c, &c->sender, &r);
  ident_bind(c, &c->sender, &c->sender);
  shop_ident_put(c, &c->sender, &r);
  return MODULE_DONE;
}

MODULE_DO(update) {
  addr20 anchor;
  ident_t r;
  if (shop_ident_own(c, &anchor, &r, 0) != MODULE_DONE) return MODULE_REVERTED;
  r.doc = in->doc;
  r.enc_key = in->encKey;
  if (r.flags & IDENT_FLAG_DORMANT && r.state == IDENT_ACTIVE) {
    r.flags &= (u16)~IDENT_FLAG_DORMANT;
    shop_ident_arm(c, &anchor, &r);
  }
  shop_ident_put(c, &anchor, &r);
  return MODULE_DONE;
}

static void ident_handle_drop(struct module_call *c, const addr20 *anchor,
                              ident_t *r) {
  struct shop_identity_record_handle none = {{{0}}};
  static const hash32 zero;
  u256 key, own = module_key_addr(anchor);
  if (hash32_eq(&r->handle, &zero)) return;
  u256_from_be(&key, r->handle.b);
  module_record_put(c, TABLE(handle), &key, &none);
  r->handle = zero;
  module_pay(c, &shop_none, anchor, r->deposit, IDENT_IDENTITY, &own,
             IDENT_WHY_DEPOSIT);
  r->deposit = 0;
}

/* No longer, or newly, a human: the realm's count, and the allowance of the
** account that signs. */
static void ident_count_human(struct module_call *c, u16 realm, int delta) {
  struct shop_identity_record_realm r;
  u256 key = u256_from(realm);
  module_record_get(c, TABLE(realm), &r, &key);
  r.humans += (u64)(i64)delta;
  module_record_put(c, TABLE(realm), &key, &r);
}
static void ident_human_end(struct module_call *c, ident_t *r) {
  if (r->human_until == 0) return;
  ident_count_human(c, r->realm, -1);
  r->human_until = 0;
  module_verified(c, &r->controller, false);
}

MODULE_DO(close) {
  addr20 anchor;
  ident_t r;
  ident_issuer_t i;
  if (shop_ident_own(c, &anchor, &r, IDENT_ACTIVE) != MODULE_DONE)
    return MODULE_REVERTED;
  u256 key = module_key_addr(&anchor);
  module_record_get(c, TABLE(issuer), &i, &key);
  u32 open = r.opens + (i.state && i.state != IDENT_RETIRED);
  if (open) return MODULE_FAIL(c, open_records, .count = open);
  ident_handle_drop(c, &anchor, &r);
  ident_human_end(c, &r);
  ident_bind(c, &r.controller, &shop_none);
  r.state = IDENT_CLOSED;
  r.deadline = r.offer = r.next_at = 0;
  shop_ident_put(c, &anchor, &r);
  return MODULE_DONE;
}

/*------------------------------------------------------------------ handles */

static bool ident_handle_word(hash32 *out, slice s) {
  memset(out, 0, sizeof *out);
  if (s.len < 3 || s.len > 32) return false;
  for (size_t i = 0; i < s.len; i++) {
    u8 ch = s.ptr[i];
    if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-'))
      return false;
  }
  memcpy(out->b, s.ptr, s.len);
  return true;
}

MODULE_DO(set_handle) {
  addr20 anchor;
  ident_t r;
  hash32 word;
  struct shop_identity_record_handle h;
  u256 key;
  if (shop_ident_own(c, &anchor, &r, 0) != MODULE_DONE) return MODULE_REVERTED;
  if (!ident_handle_word(&word, in->handle)) return MODULE_FAIL(c, bad_handle);
  u256_from_be(&key, word.b);
  module_record_get(c, TABLE(handle), &h, &key);
  if (!shop_is_none(&h.anchor)) return MODULE_FAIL(c, handle_taken);
  u128 deposit = module_setting_money(c, shop_identity_param_handleDeposit);
  if (module_take(c, &shop_none, deposit) != MODULE_DONE)
    return MODULE_REVERTED;
  ident_handle_drop(c, &anchor, &r);
  h.anchor = anchor;
  module_record_put(c, TABLE(handle), &key, &h);
  r.handle = word;
  r.deposit = deposit;
  shop_ident_put(c, &anchor, &r);
  return MODULE_DONE;
}

MODULE_DO(release_handle) {
  addr20 anchor;
  ident_t r;
  if (shop_ident_own(c, &anchor, &r, 0) != MODULE_DONE) return MODULE_REVERTED;
  ident_handle_drop(c, &anchor, &r);
  shop_ident_put(c, &anchor, &r);
  return MODULE_DONE;
}

MODULE_DO(resolve) {
  struct shop_identity_record_handle h;
  hash32 word;
  u256 key;
  if (!ident_handle_word(&word, in->handle)) return MODULE_FAIL(c, bad_handle);
  u256_from_be(&key, word.b);
  module_record_get(c, TABLE(handle), &h, &key);
  out->anchor = h.anchor;
  return MODULE_DONE;
}

/*--------------------------------------------------------------------- keys */

void shop_ident_hand_over(struct module_call *c, const addr20 *anchor,
                          ident_t *r, const addr20 *next) {
  bool human = r->human_until >= c->now_s && r->human_until;
  ident_bind(c, &r->controller, &shop_none);
  ident_bind(c, next, anchor);
  if (human) module_verified(c, &r->controller, false);
  if (human) module_verified(c, next, true);
  r->controller = *next;
  r->epoch++;
  r->pending = shop_none;
  r->offer = 0;
}

bool shop_ident_may_control(struct module_call *c, const addr20 *anchor,
                            const addr20 *next) {
  addr20 bound = ident_anchor_of(c, next);
  return addr20_eq(next, anchor) ? shop_is_none(&bound)
                                 : ident_is_free(c, next);
}
enum module_end shop_ident_next_free(struct module_call *c,
                                     const addr20 *anchor, const addr20 *next) {
  if (shop_is_nobody(next)) return MODULE_FAIL_COMMON(c, bad_address);
  if (!shop_ident_may_control(c, anchor, next))
    return MODULE_FAIL(c, has_identity, .who = *next);
  return MODULE_DONE;
}

MODULE_DO(offer_controller) {
  addr20 anchor;
  ident_t r;
  if (shop_ident_own(c, &anchor, &r, IDENT_ACTIVE) != MODULE_DONE ||
      shop_ident_next_free(c, &anchor, &in->next) != MODULE_DONE)
    return MODULE_REVERTED;
  r.pending = in->next;
  r.offer = c->now_s + 7 * SHOP_DAY;
  shop_ident_arm(c, &anchor, &r);
  shop_ident_put(c, &anchor, &r);
  return MODULE_DONE;
}

MODULE_DO(accept_controller) {
  ident_t r;
  u256 key = module_key_addr(&in->anchor);
  if (!shop_ident_get(c, &r, &in->anchor))
    return shop_missing(c, IDENT_IDENTITY, key);
  if (r.offer == 0 || !addr20_eq(&r.pending, &c->sender))
    return shop_refused(c);
  if (r.state != IDENT_ACTIVE)
    return shop_wrong(c, IDENT_IDENTITY, key, r.state);
  if (c->now_s >= r.offer)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = r.offer);
  if (shop_ident_next_free(c, &in->anchor, &c->sender) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_ident_hand_over(c, &in->anchor, &r, &c->sender);
  shop_ident_put(c, &in->anchor, &r);
  return MODULE_DONE;
}

MODULE_DO(set_operator) {
  addr20 anchor;
  ident_t r;
  if (shop_ident_own(c, &anchor, &r, 0) != MODULE_DONE) return MODULE_REVERTED;
  if (shop_is_nobody(&in->op) || addr20_eq(&in->op, &r.controller))
    return MODULE_FAIL_COMMON(c, bad_address);
  if (in->purposes > 255 || (in->expiresAt && in->expiresAt <= c->now_s))
    return MODULE_FAIL_COMMON(c, bad_calldata,
                              .argument = in->purposes > 255 ? 2 : 3);
  struct shop_identity_record_operator o = {
    .anchor = anchor, .purposes = in->purposes, .expires = in->expiresAt,
    .op = in->op, .epoch = r.epoch};
  u256 key = ident_pair_key(&anchor, &in->op);
  module_record_put(c, TABLE(operator), &key, &o);
  MODULE_EMIT(c, operator_set, .anchor = anchor, .op = in->op,
              .purposes = in->purposes, .expiresAt = in->expiresAt);
  return MODULE_DONE;
}

/* An operator for anything. */
static bool ident_operates(struct module_call *c, const addr20 *party,
                           const ident_t *r, const addr20 *op) {
  struct shop_identity_record_operator o;
  u256 key = ident_pair_key(party, op);
  module_record_get(c, TABLE(operator), &o, &key);
  return o.purposes && o.epoch == r->epoch &&
         (o.expires == 0 || o.expires > c->now_s);
}
bool shop_is_tied(struct module_call *c, const addr20 *party,
                  const addr20 *who) {
  struct module_call own;
  addr20 controller;
  ident_t r;
  bool tied = false;
  module_enter(&own, c, &shop_identity);
  ident_controller(&own, &controller, who);
  if (shop_ident_get(&own, &r, party))
    tied = ident_operates(&own, party, &r, who) ||
           ident_operates(&own, party, &r, &controller) ||
           shop_guardian_among(&own, party, &r, who, &controller);
  module_leave(c);
  return tied;
}

/*------------------------------------------------------------------ issuers */

static bool ident_issuer(struct module_call *c, ident_issuer_t *i,
                         const addr20 *who) {
  u256 key = module_key_addr(who);
  module_record_get(c, TABLE(issuer), i, &key);
  return i->state != 0;
}
static void ident_issuer_put(struct module_call *c, const addr20 *who,
                             ident_issuer_t *i) {
  u256 key = module_key_addr(who);
  i->updated = c->now_s;
  module_record_put(c, TABLE(issuer), &key, i);
  MODULE_EMIT(c, issuer_saved, .issuer = *who,
              .record = module_record_bytes(c, TABLE(issuer), &key, i));
}
static void ident_issuer_arm(struct module_call *c, const addr20 *who,
                             ident_issuer_t *i, u64 after) {
  u256 key = module_key_addr(who);
  module_timer_set(c, (struct module_header *)i, IDENT_ISSUER, &key,
                   c->now_s + after);
}
static void ident_bond_back(struct module_call *c, const addr20 *who,
                            ident_issuer_t *i) {
  u256 key = module_key_addr(who);
  module_pay(c, &shop_none, who, i->bond, IDENT_ISSUER, &key,
             IDENT_WHY_BOND);
  i->bond = 0;
}

bool shop_is_issuer(struct module_call *c, const addr20 *party) {
  struct module_call own;
  ident_issuer_t i;
  module_enter(&own, c, &shop_identity);
  bool is = ident_issuer(&own, &i, party) && i.state != IDENT_APPLIED &&
            i.state != IDENT_RETIRED;
  module_leave(c);
  return is;
}
void shop_issuer_suspend(struct module_call *c, const addr20 *party,
                         u64 until) {
  struct module_call own;
  ident_issuer_t i;
  module_enter(&own, c, &shop_identity);
  if (ident_issuer(&own, &i, party) &&
      (i.state == IDENT_ISSUING || i.state == IDENT_SUSPENDED)) {
    i.state = IDENT_SUSPENDED;
    ident_issuer_arm(&own, party, &i, until - own.now_s);
    ident_issuer_put(&own, party, &i);
  }
  module_leave(c);
}
u128 shop_issuer_slash(struct module_call *c, const addr20 *party, u16 bps,
                       const struct module_def *to) {
  struct module_call own;
  ident_issuer_t i;
  u128 lost = 0;
  module_enter(&own, c, &shop_identity);
  if (ident_issuer(&own, &i, party) && i.state != IDENT_RETIRED) {
    lost = shop_share(i.bond, bps, 10000);
    i.bond -= lost;
    i.state = IDENT_LEAVING;
    ident_issuer_arm(&own, party, &i, 30 * SHOP_DAY);
    module_give(&own, to, lost);
    ident_issuer_put(&own, party, &i);
  }
  module_leave(c);
  return lost;
}

MODULE_DO(apply_issuer) {
  addr20 anchor;
  ident_t r;
  ident_issuer_t i;
  struct shop_identity_record_word schema[16];
  if (shop_ident_own(c, &anchor, &r, 0) != MODULE_DONE) return MODULE_REVERTED;
  if (ident_issuer(c, &i, &anchor) && i.state != IDENT_RETIRED)
    return shop_wrong(c, IDENT_ISSUER, module_key_addr(&anchor), i.state);
  if (in->schemas.cnt > 16)
    return MODULE_FAIL_COMMON(c, too_many, .what = {"schemas"},
                              .max = u256_from(16));
  u128 bond = module_setting_money(c, shop_identity_param_issuerBond);
  if (module_take(c, &shop_none, bond) != MODULE_DONE) return MODULE_REVERTED;
  for (u32 k = 0; k < in->schemas.cnt; k++)
    module_list_b32(&schema[k].v, &in->schemas, k);
  i = (ident_issuer_t){.state = IDENT_APPLIED, .layout = 1,
                       .created = c->now_s, .realm = in->realm, .bond = bond,
                       .schemas = {schema, in->schemas.cnt}, .doc = in->doc};
  ident_issuer_arm(c, &anchor, &i, (in->realm ? 30 : 3) * SHOP_DAY);
  ident_issuer_put(c, &anchor, &i);
  return MODULE_DONE;
}

static enum module_end ident_issuer_own(struct module_call *c, addr20 *anchor,
                                        ident_issuer_t *i) {
  ident_t r;
  if (shop_ident_own(c, anchor, &r, 0) != MODULE_DONE) return MODULE_REVERTED;
  if (!ident_issuer(c, i, anchor))
    return shop_missing(c, IDENT_ISSUER, module_key_addr(anchor));
  return MODULE_DONE;
}

MODULE_DO(approve_issuer) {
  ident_issuer_t i;
  u256 key = module_key_addr(&in->issuer);
  if (!ident_issuer(c, &i, &in->issuer))
    return shop_missing(c, IDENT_ISSUER, key);
  if (i.state != IDENT_APPLIED || i.realm == 0)
    return shop_wrong(c, IDENT_ISSUER, key, i.state);
  i.state = IDENT_ISSUING;
  ident_issuer_arm(c, &in->issuer, &i,
                   module_setting_get(c, shop_identity_param_idleMax));
  ident_issuer_put(c, &in->issuer, &i);
  return MODULE_DONE;
}

MODULE_DO(retire_issuer) {
  addr20 anchor;
  ident_issuer_t i;
  if (ident_issuer_own(c, &anchor, &i) != MODULE_DONE) return MODULE_REVERTED;
  if (i.state != IDENT_ISSUING && i.state != IDENT_SUSPENDED)
    return shop_wrong(c, IDENT_ISSUER, module_key_addr(&anchor), i.state);
  i.state = IDENT_LEAVING;
  ident_issuer_arm(c, &anchor, &i, 30 * SHOP_DAY);
  ident_issuer_put(c, &anchor, &i);
  return MODULE_DONE;
}

MODULE_DO(add_bond) {
  addr20 anchor;
  ident_issuer_t i;
  if (ident_issuer_own(c, &anchor, &i) != MODULE_DONE) return MODULE_REVERTED;
  if (i.state == IDENT_LEAVING || i.state == IDENT_RETIRED)
    return shop_wrong(c, IDENT_ISSUER, module_key_addr(&anchor), i.state);
  if (u256_is_zero(&c->value)) return MODULE_FAIL_COMMON(c, zero_amount);
  u128 more = (u128)c->value.w[1] << 64 | c->value.w[0];
  if (c->value.w[2] | c->value.w[3]) more = MODULE_AMOUNT_MAX + 1;
  if (module_take(c, &shop_none, more) != MODULE_DONE) return MODULE_REVERTED;
  i.bond += more;
  u128 least = module_setting_money(c, shop_identity_param_issuerBond);
  if (i.state == IDENT_DORMANT && i.bond >= least) {
    i.state = IDENT_ISSUING;
    ident_issuer_arm(c, &anchor, &i,
                     module_setting_get(c, shop_identity_param_idleMax));
  }
  ident_issuer_put(c, &anchor, &i);
  return MODULE_DONE;
}

/*------------------------------------------------------------------- humans */

/* The sender as an active issuer of human realm. */
static enum module_end ident_attester(struct module_call *c, addr20 *anchor,
                                      ident_issuer_t *i) {
  static const hash32 none;
  ident_t r;
  if (shop_ident_own(c, anchor, &r, 0) != MODULE_DONE) return MODULE_REVERTED;
  u64 realm = module_setting_get(c, shop_identity_param_humanRealm);
  if (!ident_issuer(c, i, anchor) || i->state != IDENT_ISSUING ||
      i->realm == 0 || i->realm != realm)
    return MODULE_FAIL(c, not_issuer, .schema = none);
  return MODULE_DONE;
}

/* One fact more, or less, that the issuer says of the subject. */
static u256 ident_attests_key(const addr20 *issuer, const addr20 *subject) {
  u256 part[2] = {module_key_addr(issuer), module_key_addr(subject)}, key;
  module_key_of(&key, part, 2);
  return key;
}
static void ident_attests(struct module_call *c, const addr20 *issuer,
                          const addr20 *subject, int delta) {
  struct shop_identity_record_attests r;
  u256 key = ident_attests_key(issuer, subject);
  module_record_get(c, TABLE(attests), &r, &key);
  r.issuer = *issuer;
  r.subject = *subject;
  r.facts += (u32)delta;
  module_record_put(c, TABLE(attests), &key, &r);
}

MODULE_DO(attest_human) {
  struct shop_identity_record_nullifier n;
  ident_issuer_t i;
  addr20 issuer;
  ident_t r;
  u256 part[2], key;
  if (ident_attester(c, &issuer, &i) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_ident_get(c, &r, &in->subject) || !ident_lives(&r))
    return MODULE_FAIL_COMMON(c, identity_required, .party = in->subject);
  u64 most = c->now_s + module_setting_get(c, shop_identity_param_humanMaxTtl);
  if (in->until <= c->now_s || in->until > most)
    return MODULE_FAIL_COMMON(c, out_of_range, .field = {"until"},
                              .value = u256_from(in->until),
                              .min = u256_from(c->now_s + 1),
                              .max = u256_from(most));
  part[0] = u256_from(i.realm);
  u256_from_be(&part[1], in->nullifier.b);
  module_key_of(&key, part, 2);
  module_record_get(c, TABLE(nullifier), &n, &key);
  static const hash32 zero;
  bool other = !hash32_eq(&r.nullifier, &zero) &&
               !hash32_eq(&r.nullifier, &in->nullifier) && r.realm == i.realm;
  if ((!shop_is_none(&n.anchor) && !addr20_eq(&n.anchor, &in->subject)) ||
      other)
    return MODULE_FAIL(c, nullifier_used,
                       .anchor = other ? in->subject : n.anchor);
  n = (struct shop_identity_record_nullifier){i.realm, in->subject,
                                              in->nullifier};
  module_record_put(c, TABLE(nullifier), &key, &n);
  if (r.human_until == 0) ident_count_human(c, i.realm, 1);
  ident_attests(c, &issuer, &in->subject, 1);
  r.realm = i.realm;
  r.nullifier = in->nullifier;
  r.human_until = in->until;
  module_verified(c, &r.controller, true);
  if (r.state == IDENT_ACTIVE) shop_ident_arm(c, &in->subject, &r);
  MODULE_EMIT(c, human_set, .anchor = in->subject, .issuer = issuer,
              .until = in->until, .nullifier = in->nullifier);
  shop_ident_put(c, &in->subject, &r);
  return MODULE_DONE;
}

MODULE_DO(revoke_human) {
  ident_issuer_t i;
  addr20 issuer;
  ident_t r;
  if (ident_attester(c, &issuer, &i) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_ident_get(c, &r, &in->subject) || r.human_until == 0)
    return MODULE_FAIL_COMMON(c, human_required, .party = in->subject);
  ident_human_end(c, &r);
  MODULE_EMIT(c, human_set, .anchor = in->subject, .issuer = issuer,
              .until = 0, .nullifier = r.nullifier);
  shop_ident_put(c, &in->subject, &r);
  return MODULE_DONE;
}

/*------------------------------------------------------------------- claims */

static void ident_claim_put(struct module_call *c, u64 id, ident_claim_t *r) {
  u256 key = u256_from(id);
  r->updated = c->now_s;
  module_record_put(c, TABLE(claim), &key, r);
  MODULE_EMIT(c, claim_saved, .id = id, .subject = r->subject,
              .issuer = r->issuer,
              .record = module_record_bytes(c, TABLE(claim), &key, r));
}

MODULE_DO(issue_claim) {
  ident_issuer_t i;
  addr20 issuer;
  ident_t r;
  if (shop_ident_own(c, &issuer, &r, 0) != MODULE_DONE) return MODULE_REVERTED;
  u256 key = module_key_addr(&issuer);
  module_record_load(c, TABLE(issuer), &i, &key);
  bool knows = false;
  for (u32 k = 0; k < i.schemas.cnt; k++)
    knows |= hash32_eq(&MODULE_AT(struct shop_identity_record_word, &i.schemas,
                                  k)->v, &in->schema);
  if (i.state != IDENT_ISSUING || !knows)
    return MODULE_FAIL(c, not_issuer, .schema = in->schema);
  if (shop_is_nobody(&in->subject)) return MODULE_FAIL_COMMON(c, bad_address);
  if (in->expiresAt <= c->now_s)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = in->expiresAt);
  u64 id = module_id_next(c, IDENT_CLAIM);
  ident_claim_t claim = {
    .state = IDENT_OFFERED, .layout = 1, .created = c->now_s,
    .subject = in->subject, .issuer = issuer, .schema = in->schema,
    .root = in->root, .issued = c->now_s, .expires = in->expiresAt};
  key = u256_from(id);
  module_timer_set(c, (struct module_header *)&claim, IDENT_CLAIM, &key,
                   c->now_s + 14 * SHOP_DAY);
  ident_claim_put(c, id, &claim);
  out->id = id;
  return MODULE_DONE;
}

/* A claim in one of two states; who: 1 the subject, 2 the issuer, 3 either. */
static enum module_end ident_claim(struct module_call *c, ident_claim_t *r,
                                   u64 id, u8 state, u32 who) {
  addr20 me;
  u256 key = u256_from(id);
  module_record_get(c, TABLE(claim), r, &key);
  if (r->state == 0) return shop_missing(c, IDENT_CLAIM, key);
  if (!shop_ident_party(c, &me, &c->sender) ||
      !((who & 1 && addr20_eq(&me, &r->subject)) ||
        (who & 2 && addr20_eq(&me, &r->issuer))))
    return shop_refused(c);
  if (r->state != state) return shop_wrong(c, IDENT_CLAIM, key, r->state);
  return MODULE_DONE;
}

static void ident_standing(struct module_call *c, const ident_claim_t *r,
                           int delta) {
  struct shop_identity_record_standing s;
  u256 part[2] = {module_key_addr(&r->subject)}, key;
  u256_from_be(&part[1], r->schema.b);
  module_key_of(&key, part, 2);
  module_record_get(c, TABLE(standing), &s, &key);
  s.party = r->subject;
  s.schema = r->schema;
  s.claims += (u32)delta;
  module_record_put(c, TABLE(standing), &key, &s);
  ident_attests(c, &r->issuer, &r->subject, delta);
}
bool shop_is_close(struct module_call *c, const addr20 *party,
                   const addr20 *other) {
  struct module_call own;
  struct shop_identity_record_attests said;
  u256 key = ident_attests_key(other, party);
  module_enter(&own, c, &shop_identity);
  module_record_get(&own, TABLE(attests), &said, &key);
  module_leave(c);
  return said.facts || shop_is_tied(c, party, other);
}
bool shop_has_claim(struct module_call *c, const addr20 *party,
                    const hash32 *schema) {
  struct module_call own;
  struct shop_identity_record_standing s;
  u256 part[2] = {module_key_addr(party)}, key;
  u256_from_be(&part[1], schema->b);
  module_key_of(&key, part, 2);
  module_enter(&own, c, &shop_identity);
  module_record_get(&own, TABLE(standing), &s, &key);
  module_leave(c);
  return s.claims > 0;
}

MODULE_DO(accept_claim) {
  ident_claim_t r;
  u256 key = u256_from(in->id);
  if (ident_claim(c, &r, in->id, IDENT_OFFERED, 1) != MODULE_DONE)
    return MODULE_REVERTED;
  r.state = IDENT_HELD;
  ident_standing(c, &r, 1);
  module_timer_set(c, (struct module_header *)&r, IDENT_CLAIM, &key,
                   r.expires);
  ident_claim_put(c, in->id, &r);
  return MODULE_DONE;
}
MODULE_DO(decline_claim) {
  ident_claim_t r;
  if (ident_claim(c, &r, in->id, IDENT_OFFERED, 1) != MODULE_DONE)
    return MODULE_REVERTED;
  r.state = IDENT_DECLINED;
  r.deadline = 0;
  ident_claim_put(c, in->id, &r);
  return MODULE_DONE;
}
MODULE_DO(revoke_claim) {
  ident_claim_t r;
  if (ident_claim(c, &r, in->id, IDENT_HELD, 3) != MODULE_DONE)
    return MODULE_REVERTED;
  r.state = IDENT_REVOKED;
  ident_standing(c, &r, -1);
  r.deadline = 0;
  r.flags = in->reason;
  ident_claim_put(c, in->id, &r);
  return MODULE_DONE;
}

/* keccak256(0x00 || abi.encode(salt, key, value)). */
static void ident_leaf(hash32 *out,
                       const struct shop_identity_in_check_claim *in) {
  static const struct module_param leaf[] = {
    {"bytes32", "salt", MODULE_B32, 32, 1, 0, 256, false, NULL},
    {"string", "key", MODULE_STR, sizeof(slice), _Alignof(slice), 0, 0, false,
     NULL},
    {"bytes", "value", MODULE_BYTES, sizeof(slice), _Alignof(slice), 0, 0,
     false, NULL},
    {0}};
  struct { hash32 salt; slice key, value; } fields = {in->salt, in->key,
                                                      in->value};
  struct buf b;
  buf_init(&b, 0);
  buf_put_u8(&b, 0);
  module_put(&b, leaf, &fields, NULL, NULL);
  crypto_keccak256(out, b.ptr, b.len);
  buf_fini(&b);
}

MODULE_DO(check_claim) {
  ident_claim_t r;
  hash32 node, side;
  u256 key = u256_from(in->id);
  module_record_get(c, TABLE(claim), &r, &key);
  if (r.state == 0) return shop_missing(c, IDENT_CLAIM, key);
  if (in->proof.cnt > IDENT_LEAVES_LOG || in->index >> in->proof.cnt)
    return MODULE_FAIL_COMMON(c, bad_proof);
  ident_leaf(&node, in);
  evm_native_charge(c->n, 100 + 90 * in->proof.cnt +
                              6 * ((in->key.len + in->value.len) / 32 + 1));
  for (u32 i = 0; i < in->proof.cnt; i++) {
    u8 text[65] = {1};
    module_list_b32(&side, &in->proof, i);
    bool right = in->index >> i & 1;
    memcpy(text + 1, right ? side.b : node.b, 32);
    memcpy(text + 33, right ? node.b : side.b, 32);
    crypto_keccak256(&node, text, sizeof text);
  }
  out->holds = r.state == IDENT_HELD && c->now_s < r.expires &&
               hash32_eq(&node, &r.root);
  return MODULE_DONE;
}

/*----------------------------------------------------------------- consents */

static void ident_consent_put(struct module_call *c, u64 id,
                              ident_consent_t *r) {
  u256 key = u256_from(id);
  r->updated = c->now_s;
  module_record_put(c, TABLE(consent), &key, r);
  MODULE_EMIT(c, consent_saved, .id = id, .subject = r->subject,
              .verifier = r->verifier,
              .record = module_record_bytes(c, TABLE(consent), &key, r));
}

MODULE_DO(give_consent) {
  struct shop_identity_record_number claim[8];
  addr20 subject;
  if (!shop_ident_party(c, &subject, &c->sender)) return shop_refused(c);
  if (shop_is_nobody(&in->verifier) || addr20_eq(&in->verifier, &subject))
    return MODULE_FAIL_COMMON(c, bad_address);
  if (in->claims.cnt > 8)
    return MODULE_FAIL_COMMON(c, too_many, .what = {"claims"},
                              .max = u256_from(8));
  if (in->expiresAt <= c->now_s)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = in->expiresAt);
  for (u32 i = 0; i < in->claims.cnt; i++) {
    ident_claim_t one;
    claim[i].v = module_list_u64(&in->claims, i);
    u256 key = u256_from(claim[i].v);
    module_record_get(c, TABLE(claim), &one, &key);
    if (one.state == 0) return shop_missing(c, IDENT_CLAIM, key);
    if (!addr20_eq(&one.subject, &subject)) return shop_refused(c);
  }
  u64 id = module_id_next(c, IDENT_CONSENT);
  u256 key = u256_from(id);
  ident_consent_t r = {
    .state = IDENT_GIVEN, .layout = 1, .created = c->now_s,
    .purpose = in->purpose, .subject = subject, .verifier = in->verifier,
    .scope = in->scope, .expires = in->expiresAt,
    .claims = {claim, in->claims.cnt}};
  module_timer_set(c, (struct module_header *)&r, IDENT_CONSENT, &key,
                   in->expiresAt);
  ident_consent_put(c, id, &r);
  out->id = id;
  return MODULE_DONE;
}

MODULE_DO(end_consent) {
  ident_consent_t r;
  addr20 me;
  u256 key = u256_from(in->id);
  module_record_get(c, TABLE(consent), &r, &key);
  if (r.state == 0) return shop_missing(c, IDENT_CONSENT, key);
  if (!shop_ident_party(c, &me, &c->sender) || !addr20_eq(&me, &r.subject))
    return shop_refused(c);
  if (r.state != IDENT_GIVEN)
    return shop_wrong(c, IDENT_CONSENT, key, r.state);
  r.state = IDENT_ENDED;
  r.deadline = 0;
  ident_consent_put(c, in->id, &r);
  return MODULE_DONE;
}

/*-------------------------------------------------------------------- views */

MODULE_DO(party_of) {
  if (!shop_ident_party(c, &out->party, &in->sender)) out->party = shop_none;
  return MODULE_DONE;
}
MODULE_DO(controller_of) {
  ident_controller(c, &out->controller, &in->party);
  return MODULE_DONE;
}
MODULE_DO(is_operator) {
  out->granted = ident_granted(c, &in->party, &in->op, in->purpose);
  return MODULE_DONE;
}
MODULE_DO(person) {
  ident_person(c, &out->anchor, &in->party);
  return MODULE_DONE;
}
MODULE_DO(sanction_of) {
  out->level = ident_sanction(c, &out->until, &in->party);
  return MODULE_DONE;
}
MODULE_DO(human_count) {
  struct shop_identity_record_realm r;
  u256 key = u256_from(in->realm);
  module_record_get(c, TABLE(realm), &r, &key);
  out->count = r.humans;
  return MODULE_DONE;
}

/*---------------------------------------------------------------- deadlines */

static void ident_timer_active(struct module_call *c, const addr20 *anchor,
                               ident_t *r) {
  if (r->human_until && r->human_until <= c->now_s) {
    ident_human_end(c, r);
    MODULE_EMIT(c, human_set, .anchor = *anchor, .issuer = shop_none,
                .until = 0, .nullifier = r->nullifier);
  }
  if (r->offer && r->offer <= c->now_s) {
    r->offer = 0;
    r->pending = shop_none;
  }
  if (r->next_at && r->next_at <= c->now_s)
    shop_guardians_take_over(r);
  u64 idle = module_setting_get(c, shop_identity_param_idleMax);
  if (c->now_s >= r->updated + idle) r->flags |= IDENT_FLAG_DORMANT;
  r->deadline = 0;
  shop_ident_arm(c, anchor, r);
  shop_ident_put(c, anchor, r);
}

static void ident_timer_issuer(struct module_call *c, const u256 *key) {
  ident_issuer_t i;
  addr20 who;
  u64 idle = module_setting_get(c, shop_identity_param_idleMax);
  u256_to_addr(&who, key);
  module_record_get(c, TABLE(issuer), &i, key);
  i.deadline = 0;
  if (i.state != IDENT_APPLIED && i.state != IDENT_SUSPENDED &&
      shop_court_open_against(c, &who)) {
    ident_issuer_arm(c, &who, &i, SHOP_DAY);
  } else if ((i.state == IDENT_APPLIED && i.realm == 0) ||
             i.state == IDENT_SUSPENDED) {
    i.state = IDENT_ISSUING;
    ident_issuer_arm(c, &who, &i, idle);
  } else if (i.state == IDENT_ISSUING) {
    if (c->now_s < i.updated + idle) {
      ident_issuer_arm(c, &who, &i, i.updated + idle - c->now_s);
    } else {
      i.state = IDENT_DORMANT;
      ident_bond_back(c, &who, &i);
    }
  } else if (i.state == IDENT_APPLIED || i.state == IDENT_LEAVING) {
    i.state = IDENT_RETIRED;
    ident_bond_back(c, &who, &i);
  }
  ident_issuer_put(c, &who, &i);
}

static bool ident_timer(struct module_call *c, u8 type, const u256 *key) {
  ident_t r;
  ident_claim_t claim;
  ident_consent_t consent;
  addr20 anchor;
  switch (type) {
    case IDENT_IDENTITY:
      u256_to_addr(&anchor, key);
      shop_ident_get(c, &r, &anchor);
      if (r.state == IDENT_RECOVERING) shop_recovery_due(c, &anchor, &r);
      else ident_timer_active(c, &anchor, &r);
      return true;
    case IDENT_ISSUER: ident_timer_issuer(c, key); return true;
    case IDENT_CLAIM:
      module_record_get(c, TABLE(claim), &claim, key);
      if (claim.state == IDENT_HELD) ident_standing(c, &claim, -1);
      claim.state = claim.state == IDENT_OFFERED ? IDENT_DECLINED
                                                 : IDENT_EXPIRED;
      claim.deadline = 0;
      ident_claim_put(c, key->w[0], &claim);
      return true;
    case IDENT_CONSENT:
      module_record_get(c, TABLE(consent), &consent, key);
      consent.state = IDENT_LAPSED;
      consent.deadline = 0;
      ident_consent_put(c, key->w[0], &consent);
      return true;
    default: return false;
  }
}
#undef ID
#undef MODULE_PUBLIC
#undef TABLE
