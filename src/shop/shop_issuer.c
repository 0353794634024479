/* shop_issuer.c - of Identity (0x..1010): issuers, with a bond each, and the
** humans whom they attest; see identity.def.
**
** Issuer (key: address)
**   none       applyIssuer, with bond         -> Applied: 3 days -> Active;
**              for a realm 30 days -> Retired*, bond back, unless
**              approveIssuer (governance)     -> Active
**   Active     a ruling                       -> Suspended: at its end Active;
**              or Leaving, and of the bond what it says is lost
**   Active, Suspended  retireIssuer           -> Leaving: 30 days -> Retired*,
**              bond back; idleMax without an action -> Dormant, bond back,
**              which addBond wakes; both wait while a case against him is open
** Who is sanctioned at level 3 or more does not apply: else he would retire
** from a suspension and begin anew.
**
** Humans: an issuer of the realm humanRealm attests a nullifier, which is one
** anchor's for ever, until a time at most humanMaxTtl away.  attests (key:
** issuer, subject) counts what an issuer says of somebody, claims too. */
#include "shop/shop_court.h"
#include "shop/shop_identity_part.h"

#define ID(what, name) shop_identity_##what##_##name
#define TABLE(name) &shop_identity_table_##name

enum { ISSUER_SUSPENSION = 3 /* the level of a sanction */ };

bool shop_issuer_get(struct module_call *c, issuer_t *i, const addr20 *who) {
  u256 key = module_key_addr(who);
  module_record_get(c, TABLE(issuer), i, &key);
  return i->state != 0;
}
static void issuer_save(struct module_call *c, const addr20 *who,
                        const issuer_t *i) {
  u256 key = module_key_addr(who);
  module_record_put(c, TABLE(issuer), &key, i);
  MODULE_EMIT(c, issuer_saved, .issuer = *who,
              .record = module_record_bytes(c, TABLE(issuer), &key, i));
}
static void issuer_put(struct module_call *c, const addr20 *who, issuer_t *i) {
  i->updated = c->now_s;
  issuer_save(c, who, i);
}
static void issuer_arm(struct module_call *c, const addr20 *who, issuer_t *i,
                       u64 after) {
  u256 key = module_key_addr(who);
  module_timer_set(c, (struct module_header *)i, IDENT_ISSUER, &key,
                   c->now_s + after);
}
static void issuer_bond_back(struct module_call *c, const addr20 *who,
                             issuer_t *i) {
  u256 key = module_key_addr(who);
  module_pay(c, &shop_none, who, i->bond, IDENT_ISSUER, &key,
             IDENT_WHY_BOND);
  i->bond = 0;
}

bool shop_is_issuer(struct module_call *c, const addr20 *party) {
  struct module_call own;
  issuer_t i;
  module_enter(&own, c, &shop_identity);
  bool is = shop_issuer_get(&own, &i, party) && i.state != IDENT_APPLIED &&
            i.state != IDENT_RETIRED;
  module_leave(c);
  return is;
}
void shop_issuer_suspend(struct module_call *c, const addr20 *party,
                         u64 seconds) {
  struct module_call own;
  issuer_t i;
  module_enter(&own, c, &shop_identity);
  bool is = shop_issuer_get(&own, &i, party);
  if (is && (i.state == IDENT_ISSUING ||
             (i.state == IDENT_SUSPENDED &&
              i.deadline < own.now_s + seconds))) {
    i.state = IDENT_SUSPENDED;
    issuer_arm(&own, party, &i, seconds);
    issuer_put(&own, party, &i);
  }
  module_leave(c);
}
u128 shop_issuer_slash(struct module_call *c, const addr20 *party, u16 bps,
                       const struct module_def *to) {
  struct module_call own;
  issuer_t i;
  u128 lost = 0;
  module_enter(&own, c, &shop_identity);
  if (shop_issuer_get(&own, &i, party) && i.state != IDENT_RETIRED) {
    lost = shop_share(i.bond, bps, 10000);
    i.bond -= lost;
    i.state = IDENT_LEAVING;
    issuer_arm(&own, party, &i, 30 * SHOP_DAY);
    module_give(&own, to, lost);
    issuer_put(&own, party, &i);
  }
  module_leave(c);
  return lost;
}

MODULE_DO(apply_issuer) {
  addr20 anchor;
  ident_t r;
  issuer_t i;
  struct shop_identity_record_word schema[16];
  if (shop_ident_own(c, &anchor, &r, 0) != MODULE_DONE) return MODULE_REVERTED;
  if (shop_issuer_get(c, &i, &anchor) && i.state != IDENT_RETIRED)
    return shop_wrong(c, IDENT_ISSUER, module_key_addr(&anchor), i.state);
  u64 until;
  u8 level = shop_sanction_level(c, &until, &anchor);
  if (level >= ISSUER_SUSPENSION)
    return MODULE_FAIL_COMMON(c, sanctioned, .party = anchor, .level = level);
  if (in->schemas.cnt > 16)
    return MODULE_FAIL_COMMON(c, too_many, .what = {"schemas"},
                              .max = u256_from(16));
  u128 bond = module_setting_money(c, shop_identity_param_issuerBond);
  if (module_take(c, &shop_none, bond) != MODULE_DONE) return MODULE_REVERTED;
  for (u32 k = 0; k < in->schemas.cnt; k++)
    module_list_b32(&schema[k].v, &in->schemas, k);
  i = (issuer_t){.state = IDENT_APPLIED, .layout = 1, .created = c->now_s,
                 .realm = in->realm, .bond = bond,
                 .schemas = {schema, in->schemas.cnt}, .doc = in->doc};
  issuer_arm(c, &anchor, &i, (in->realm ? 30 : 3) * SHOP_DAY);
  issuer_put(c, &anchor, &i);
  return MODULE_DONE;
}

static enum module_end issuer_own(struct module_call *c, addr20 *anchor,
                                  issuer_t *i) {
  ident_t r;
  if (shop_ident_own(c, anchor, &r, 0) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_issuer_get(c, i, anchor))
    return shop_missing(c, IDENT_ISSUER, module_key_addr(anchor));
  return MODULE_DONE;
}

MODULE_DO(approve_issuer) {
  issuer_t i;
  u256 key = module_key_addr(&in->issuer);
  if (!shop_issuer_get(c, &i, &in->issuer))
    return shop_missing(c, IDENT_ISSUER, key);
  if (i.state != IDENT_APPLIED || i.realm == 0)
    return shop_wrong(c, IDENT_ISSUER, key, i.state);
  i.state = IDENT_ISSUING;
  issuer_arm(c, &in->issuer, &i,
             module_setting_get(c, shop_identity_param_idleMax));
  issuer_put(c, &in->issuer, &i);
  return MODULE_DONE;
}

MODULE_DO(retire_issuer) {
  addr20 anchor;
  issuer_t i;
  if (issuer_own(c, &anchor, &i) != MODULE_DONE) return MODULE_REVERTED;
  if (i.state != IDENT_ISSUING && i.state != IDENT_SUSPENDED)
    return shop_wrong(c, IDENT_ISSUER, module_key_addr(&anchor), i.state);
  i.state = IDENT_LEAVING;
  issuer_arm(c, &anchor, &i, 30 * SHOP_DAY);
  issuer_put(c, &anchor, &i);
  return MODULE_DONE;
}

MODULE_DO(add_bond) {
  addr20 anchor;
  issuer_t i;
  if (issuer_own(c, &anchor, &i) != MODULE_DONE) return MODULE_REVERTED;
  if (i.state == IDENT_LEAVING || i.state == IDENT_RETIRED)
    return shop_wrong(c, IDENT_ISSUER, module_key_addr(&anchor), i.state);
  if (u256_is_zero(&c->value)) return MODULE_FAIL_COMMON(c, zero_amount);
  u128 more = (u128)c->value.w[1] << 64 | c->value.w[0];
  if (c->value.w[2] | c->value.w[3]) more = MODULE_AMOUNT_MAX + 1;
  u128 least = module_setting_money(c, shop_identity_param_issuerBond);
  if (i.state == IDENT_DORMANT && more < least) /* nothing would give it back */
    return MODULE_FAIL_COMMON(c, wrong_value, .want = module_word_of(least),
                              .got = c->value);
  if (module_take(c, &shop_none, more) != MODULE_DONE) return MODULE_REVERTED;
  i.bond += more;
  if (i.state == IDENT_DORMANT) {
    i.state = IDENT_ISSUING;
    issuer_arm(c, &anchor, &i,
               module_setting_get(c, shop_identity_param_idleMax));
  }
  issuer_put(c, &anchor, &i);
  return MODULE_DONE;
}

/*------------------------------------------------------------------- humans */

/* No longer, or newly, a human: the realm's count, and the allowance of the
** account that signs. */
static void issuer_count_human(struct module_call *c, u16 realm, int delta) {
  struct shop_identity_record_realm r;
  u256 key = u256_from(realm);
  module_record_get(c, TABLE(realm), &r, &key);
  r.humans += (u64)(i64)delta;
  module_record_put(c, TABLE(realm), &key, &r);
}
void shop_human_end(struct module_call *c, ident_t *r) {
  if (r->human_until == 0) return;
  issuer_count_human(c, r->realm, -1);
  r->human_until = 0;
  module_verified(c, &r->controller, false);
}

/* The sender as an active issuer of human realm. */
static enum module_end issuer_attester(struct module_call *c, addr20 *anchor,
                                       issuer_t *i) {
  static const hash32 none;
  ident_t r;
  if (shop_ident_own(c, anchor, &r, 0) != MODULE_DONE) return MODULE_REVERTED;
  u64 realm = module_setting_get(c, shop_identity_param_humanRealm);
  if (!shop_issuer_get(c, i, anchor) || i->state != IDENT_ISSUING ||
      i->realm == 0 || i->realm != realm)
    return MODULE_FAIL(c, not_issuer, .schema = none);
  return MODULE_DONE;
}

void shop_issuer_attests(struct module_call *c, const addr20 *issuer,
                         const addr20 *subject, int delta) {
  struct shop_identity_record_attests r;
  u256 key = shop_ident_pair(issuer, subject);
  module_record_get(c, TABLE(attests), &r, &key);
  r.issuer = *issuer;
  r.subject = *subject;
  r.facts += (u32)delta;
  module_record_put(c, TABLE(attests), &key, &r);
}

MODULE_DO(attest_human) {
  struct shop_identity_record_nullifier n;
  issuer_t i;
  addr20 issuer;
  ident_t r;
  u256 part[2], key;
  if (issuer_attester(c, &issuer, &i) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_ident_get(c, &r, &in->subject) || !shop_ident_lives(&r))
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
  bool moves = r.human_until && r.realm != i.realm;
  if (moves) issuer_count_human(c, r.realm, -1);
  if (moves || r.human_until == 0) issuer_count_human(c, i.realm, 1);
  shop_issuer_attests(c, &issuer, &in->subject, 1);
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
  issuer_t i;
  addr20 issuer;
  ident_t r;
  if (issuer_attester(c, &issuer, &i) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_ident_get(c, &r, &in->subject) || r.human_until == 0)
    return MODULE_FAIL_COMMON(c, human_required, .party = in->subject);
  shop_human_end(c, &r);
  MODULE_EMIT(c, human_set, .anchor = in->subject, .issuer = issuer,
              .until = 0, .nullifier = r.nullifier);
  shop_ident_put(c, &in->subject, &r);
  return MODULE_DONE;
}

bool shop_is_close(struct module_call *c, const addr20 *party,
                   const addr20 *other) {
  struct module_call own;
  struct shop_identity_record_attests said;
  u256 key = shop_ident_pair(other, party);
  module_enter(&own, c, &shop_identity);
  module_record_get(&own, TABLE(attests), &said, &key);
  module_leave(c);
  return said.facts || shop_is_tied(c, party, other);
}

MODULE_DO(human_count) {
  struct shop_identity_record_realm r;
  u256 key = u256_from(in->realm);
  module_record_get(c, TABLE(realm), &r, &key);
  out->count = r.humans;
  return MODULE_DONE;
}

/*----------------------------------------------------------------- deadline */

void shop_issuer_timer(struct module_call *c, const u256 *key) {
  issuer_t i;
  addr20 who;
  u64 idle = module_setting_get(c, shop_identity_param_idleMax);
  u256_to_addr(&who, key);
  module_record_get(c, TABLE(issuer), &i, key);
  i.deadline = 0;
  if (i.state != IDENT_APPLIED && i.state != IDENT_SUSPENDED &&
      shop_court_open_against(c, &who)) {
    issuer_arm(c, &who, &i, SHOP_DAY);
    issuer_save(c, &who, &i); /* it waits; he has done nothing */
    return;
  } else if ((i.state == IDENT_APPLIED && i.realm == 0) ||
             i.state == IDENT_SUSPENDED) {
    i.state = IDENT_ISSUING;
    issuer_arm(c, &who, &i, idle);
  } else if (i.state == IDENT_ISSUING) {
    if (c->now_s < i.updated + idle) {
      issuer_arm(c, &who, &i, i.updated + idle - c->now_s);
      issuer_save(c, &who, &i);
      return;
    } else {
      i.state = IDENT_DORMANT;
      issuer_bond_back(c, &who, &i);
    }
  } else if (i.state == IDENT_APPLIED || i.state == IDENT_LEAVING) {
    i.state = IDENT_RETIRED;
    issuer_bond_back(c, &who, &i);
  }
  issuer_put(c, &who, &i);
}
#undef ID
#undef TABLE
