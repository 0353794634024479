/* shop_identity.c - module 0x..1010, Identity; see identity.def and, for what
** other modules ask, shop_identity.h.
**
** Identity (key: anchor, the address that names it for ever)
**   none       create                         -> Active
**   Active     update, setHandle, releaseHandle, setOperator, setGuardians,
**              offerController, acceptController (the new key) -> Active
**              startRecovery (a guardian)     -> Recovering, until now + delay
**              close (nothing open, no guardians: who stole the key has to take
**              those away first, and wait for it) -> Closed*
**   Recovering ends by cancelRecovery or at its deadline -> Active, as
**              shop_guardian.c tells
**   The deadline of an Active one is the first of: the end of its humanity,
**   the lapse of an offer (7 days), new guardians taking over, idleMax after what
**   was last done with it, which only sets the flag Dormant.  What fell due while
**   it was Recovering happens when that ends, before it can begin again.
** Issuers and humans are in shop_issuer.c, claims and consents in shop_claim.c,
** reputation and sanctions in shop_reputation.c, guardians in shop_guardian.c.
** Reputation, sanctions, nullifiers and pairs have no deadline.
**
** Invariants: one controller, one identity; one nullifier, one anchor; a
** recovery never executes before its delay nor below its threshold; issuers'
** bonds and handles' deposits and claims are what is accounted; counters never
** fall. */
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

static bool ident_timer(struct module_call *c, u8 type, const u256 *key);
static u8 ident_owner_of(u8 type, const struct module_header *h) {
  if (type == IDENT_CLAIM && h->state > CLAIM_HELD) return 0;
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
void shop_ident_put(struct module_call *c, const addr20 *anchor, ident_t *r) {
  r->updated = c->now_s;
  shop_ident_save(c, anchor, r);
}
void shop_ident_save(struct module_call *c, const addr20 *anchor, ident_t *r) {
  u256 key = module_key_addr(anchor);
  module_record_put(c, TABLE(identity), &key, r);
  MODULE_EMIT(c, saved, .anchor = *anchor, .controller = r->controller,
              .record = module_record_bytes(c, TABLE(identity), &key, r));
}
void shop_ident_arm(struct module_call *c, const addr20 *anchor, ident_t *r) {
  u256 key = module_key_addr(anchor);
  u64 idle = module_setting_get(c, shop_identity_param_idleMax);
  u64 at = r->flags & IDENT_FLAG_DORMANT ? 0
           : r->deadline > c->now_s ? r->deadline : r->updated + idle;
  const u64 other[] = {r->human_until, r->offer, r->next_at};
  for (u32 i = 0; i < ARRAY_LEN(other); i++)
    if (other[i] && (at == 0 || other[i] < at)) at = other[i];
  if (at != r->deadline)
    module_timer_set(c, (struct module_header *)r, IDENT_IDENTITY, &key, at);
}

u256 shop_ident_pair(const addr20 *a, const addr20 *b) {
  u256 part[2] = {module_key_addr(a), module_key_addr(b)}, key;
  module_key_of(&key, part, 2);
  return key;
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
  if (!shop_ident_lives(r) || (state && r->state != state))
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
  return !shop_ident_get(c, &r, sender) ||
         (r.state == IDENT_CLOSED && addr20_eq(&r.controller, sender));
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
  if (shop_new_record(c) != MODULE_DONE) return MODULE_REVERTED;
  return shop_owner(c, out, owner, purpose);
}

bool shop_ident_person(struct module_call *c, addr20 *anchor,
                       const addr20 *party) {
  ident_t r;
  bool ok = shop_ident_get(c, &r, party) && shop_ident_lives(&r) &&
            r.human_until >= c->now_s && r.human_until;
  *anchor = ok ? *party : shop_none;
  return ok;
}
bool shop_person(struct module_call *c, addr20 *anchor, const addr20 *party) {
  struct module_call own;
  module_enter(&own, c, &shop_identity);
  bool ok = shop_ident_person(&own, anchor, party);
  module_leave(c);
  return ok;
}
bool shop_has_identity(struct module_call *c, const addr20 *party) {
  struct module_call own;
  ident_t r;
  module_enter(&own, c, &shop_identity);
  bool ok = shop_ident_get(&own, &r, party) && shop_ident_lives(&r);
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
               .updated = c->now_s, .kind = in->kind, .controller = c->sender,
               .doc = in->doc, .enc_key = in->encKey};
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
    r.updated = c->now_s;
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

MODULE_DO(close) {
  addr20 anchor;
  ident_t r;
  issuer_t i;
  if (shop_ident_own(c, &anchor, &r, IDENT_ACTIVE) != MODULE_DONE)
    return MODULE_REVERTED;
  u256 key = module_key_addr(&anchor);
  module_record_get(c, TABLE(issuer), &i, &key);
  u32 open = r.opens + (i.state && i.state != IDENT_RETIRED &&
                        i.state != IDENT_DORMANT) + r.guardian_cnt;
  if (open) return MODULE_FAIL(c, open_records, .count = open);
  ident_handle_drop(c, &anchor, &r);
  shop_human_end(c, &r);
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
  ident_bind(c, &r->controller, &shop_none);
  ident_bind(c, next, anchor);
  if (r->human_until) { /* over or not: shop_human_end undoes it for one alone */
    module_verified(c, &r->controller, false);
    module_verified(c, next, true);
  }
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

/* Nobody is asked whether he wants to be named an operator, and an operator sits
** in no case of the party's: so that a party cannot keep all jurors and mediators
** away by naming them, the first few alone are near.  Whether this one is. */
static bool ident_near(struct module_call *c, const addr20 *anchor, u32 epoch,
                       bool was, bool named) {
  struct shop_identity_record_near n;
  u256 key = module_key_addr(anchor);
  module_record_get(c, TABLE(near), &n, &key);
  if (n.epoch != epoch) n.count = 0;
  bool is = named && (was || n.count < IDENT_NEAR_MAX);
  if (is == was) return is;
  n.anchor = *anchor;
  n.epoch = epoch;
  n.count = (u8)(n.count + is - was);
  module_record_put(c, TABLE(near), &key, &n);
  return is;
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
  u256 key = shop_ident_pair(&anchor, &in->op);
  struct shop_identity_record_operator o;
  module_record_get(c, TABLE(operator), &o, &key);
  bool near = o.near && o.epoch == r.epoch;
  o = (struct shop_identity_record_operator){
    .anchor = anchor, .purposes = in->purposes, .expires = in->expiresAt,
    .op = in->op, .epoch = r.epoch,
    .near = ident_near(c, &anchor, r.epoch, near, in->purposes != 0)};
  module_record_put(c, TABLE(operator), &key, &o);
  MODULE_EMIT(c, operator_set, .anchor = anchor, .op = in->op,
              .purposes = in->purposes, .expiresAt = in->expiresAt);
  return MODULE_DONE;
}

/* An operator for anything, and near. */
static bool ident_operates(struct module_call *c, const addr20 *party,
                           const ident_t *r, const addr20 *op) {
  struct shop_identity_record_operator o;
  u256 key = shop_ident_pair(party, op);
  module_record_get(c, TABLE(operator), &o, &key);
  return o.purposes && o.near && o.epoch == r->epoch &&
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
  shop_ident_person(c, &out->anchor, &in->party);
  return MODULE_DONE;
}

/*---------------------------------------------------------------- deadlines */

void shop_ident_due(struct module_call *c, const addr20 *anchor, ident_t *r) {
  if (r->human_until && r->human_until <= c->now_s) {
    shop_human_end(c, r);
    MODULE_EMIT(c, human_set, .anchor = *anchor, .issuer = shop_none,
                .until = 0, .nullifier = r->nullifier);
  }
  if (r->offer && r->offer <= c->now_s) {
    r->offer = 0;
    r->pending = shop_none;
  }
  if (r->next_at && r->next_at <= c->now_s)
    shop_guardians_take_over(r);
}
static void ident_timer_active(struct module_call *c, const addr20 *anchor,
                               ident_t *r) {
  shop_ident_due(c, anchor, r);
  u64 idle = module_setting_get(c, shop_identity_param_idleMax);
  if (c->now_s >= r->updated + idle) r->flags |= IDENT_FLAG_DORMANT;
  r->deadline = 0;
  shop_ident_arm(c, anchor, r);
  shop_ident_save(c, anchor, r);
}

static bool ident_timer(struct module_call *c, u8 type, const u256 *key) {
  ident_t r;
  addr20 anchor;
  switch (type) {
    case IDENT_IDENTITY:
      u256_to_addr(&anchor, key);
      shop_ident_get(c, &r, &anchor);
      if (r.state == IDENT_RECOVERING) shop_recovery_due(c, &anchor, &r);
      else ident_timer_active(c, &anchor, &r);
      return true;
    case IDENT_ISSUER: shop_issuer_timer(c, key); return true;
    case IDENT_CLAIM: shop_claim_timer(c, key); return true;
    case IDENT_CONSENT: shop_consent_timer(c, key); return true;
    default: return false;
  }
}
#undef ID
#undef MODULE_PUBLIC
#undef TABLE
