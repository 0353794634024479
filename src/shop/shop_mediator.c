/* shop_mediator.c - of Mediation (0x..1014): who mediates.
**
** Mediator (key: party); deadline -> automatic exit
**   none, Left*, Dormant*   registerMediator, with the bond  -> Active
**   Active     registerMediator (other terms, more bond), setAvailable
**              leaveMediation               -> Leaving
**              idleMax without an action and without a case  -> Dormant*,
**              bond back
**   Leaving    14 days after his last case  -> Left*, bond back
**              registerMediator             -> Active
** He needs an identity.  categories: bit n is for the categories that are n
** modulo 64.  languages: sixteen codes of two letters (ISO 639-1), for people:
** the chain knows no case's language.
**
** The pool has the active and available (shop_ticket.h).
** The bond less the fees of his open cases must cover a new case's fee, and be
** mediatorBond at least. */
#include "shop/shop_mediation_part.h"

#define ID(what, name) shop_mediation_##what##_##name
#define TABLE(name) &shop_mediation_table_##name
#define SETTING(name) module_setting_get(c, shop_mediation_param_##name)
#define SETTING_MONEY(name) \
  module_setting_money(c, shop_mediation_param_##name)

enum { MEDIATOR_ACTIVE = 1, MEDIATOR_LEAVING, MEDIATOR_LEFT,
       MEDIATOR_DORMANT };
enum { MEDIATOR_OPEN_MAX = 32, MEDIATOR_LEAVE_S = 14 * 86400 };

void shop_mediator_get(struct module_call *c, mediator_t *m,
                       const addr20 *party) {
  u256 key = module_key_addr(party);
  module_record_get(c, TABLE(mediator), m, &key);
}

/*--------------------------------------------------------------------- pool */

_Static_assert(sizeof(struct shop_mediation_record_pool) ==
                       sizeof(struct shop_ticket) &&
                   sizeof(struct shop_mediation_record_pool_size) ==
                       sizeof(struct shop_ticket_count), "as in shop_ticket.h");
static const struct shop_tickets mediator_tickets = {TABLE(pool),
                                                     TABLE(pool_size), 0};

u32 shop_mediator_slots(struct module_call *c) {
  return shop_tickets_slots(c, &mediator_tickets);
}
addr20 shop_mediator_at(struct module_call *c, u32 index, u64 asked) {
  return shop_tickets_at(c, &mediator_tickets, index, asked);
}
/* In the pool or not, as the record says; the record is not put. */
static void mediator_pool_set(struct module_call *c, const addr20 *party,
                              mediator_t *m) {
  bool in = m->state == MEDIATOR_ACTIVE && m->available;
  if (in == (m->place != 0)) return;
  if (!in) shop_tickets_leave(c, &mediator_tickets, m->place);
  m->place = in ? shop_tickets_join(c, &mediator_tickets, party) : 0;
}

/*-------------------------------------------------------------- the register */

static void mediator_save(struct module_call *c, const addr20 *party,
                          mediator_t *m) {
  u256 key = module_key_addr(party);
  mediator_pool_set(c, party, m);
  module_record_put(c, TABLE(mediator), &key, m);
  MODULE_EMIT(c, mediator_saved, .m = *party,
              .record = module_record_bytes(c, TABLE(mediator), &key, m));
}
/* After an act of his, or a case's end. */
static void mediator_put(struct module_call *c, const addr20 *party,
                         mediator_t *m) {
  m->updated = c->now_s;
  mediator_save(c, party, m);
}
static void mediator_arm(struct module_call *c, const addr20 *party,
                         mediator_t *m, u64 at) {
  u256 key = module_key_addr(party);
  module_timer_set(c, (struct module_header *)m, MED_MEDIATOR, &key, at);
}

static enum module_end mediator_own(struct module_call *c, addr20 *party,
                                    mediator_t *m) {
  if (shop_self(c, party) != MODULE_DONE) return MODULE_REVERTED;
  shop_mediator_get(c, m, party);
  if (m->state == 0)
    return shop_missing(c, MED_MEDIATOR, module_key_addr(party));
  if (m->state != MEDIATOR_ACTIVE)
    return shop_wrong(c, MED_MEDIATOR, module_key_addr(party), m->state);
  return MODULE_DONE;
}

MODULE_DO(register_mediator) {
  addr20 party;
  mediator_t m;
  u128 bond = SETTING_MONEY(mediatorBond), most = SETTING_MONEY(feeMax);
  if (shop_self(c, &party) != MODULE_DONE) return MODULE_REVERTED;
  shop_mediator_get(c, &m, &party);
  bool begins = m.state != MEDIATOR_ACTIVE && m.state != MEDIATOR_LEAVING;
  if (begins && shop_new_record(c) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_has_identity(c, &party))
    return MODULE_FAIL_COMMON(c, identity_required, .party = party);
  if (shop_not_sanctioned(c, &party, 3) != MODULE_DONE) return MODULE_REVERTED;
  if (in->fee > most)
    return MODULE_FAIL_COMMON(c, out_of_range, .field = {"fee"},
                              .value = module_word_of(in->fee),
                              .max = module_word_of(most));
  if (in->openMax < 1 || in->openMax > MEDIATOR_OPEN_MAX)
    return shop_range(c, "openMax", in->openMax, 1, MEDIATOR_OPEN_MAX);
  u128 more = (u128)c->value.w[1] << 64 | c->value.w[0];
  if (c->value.w[2] | c->value.w[3] || more > MODULE_AMOUNT_MAX - m.bond)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  if (m.bond + more < bond)
    return MODULE_FAIL_COMMON(c, wrong_value, .got = c->value,
                              .want = module_word_of(bond - m.bond));
  if (module_take(c, &shop_none, more) != MODULE_DONE) return MODULE_REVERTED;
  if (begins) {
    if (m.state == 0) m.created = c->now_s;
    m.available = true;
    shop_opened(c, &party, 1);
  }
  m.state = MEDIATOR_ACTIVE;
  m.layout = 1;
  m.bond += more;
  m.fee = in->fee;
  m.open_max = in->openMax;
  m.languages = in->languages;
  m.categories = in->categories;
  m.doc = in->doc;
  mediator_arm(c, &party, &m, c->now_s + SETTING(idleMax));
  mediator_put(c, &party, &m);
  return MODULE_DONE;
}

MODULE_DO(set_available) {
  addr20 party;
  mediator_t m;
  if (mediator_own(c, &party, &m) != MODULE_DONE) return MODULE_REVERTED;
  m.available = in->on;
  mediator_arm(c, &party, &m, c->now_s + SETTING(idleMax));
  mediator_put(c, &party, &m);
  return MODULE_DONE;
}

MODULE_DO(leave_mediation) {
  addr20 party;
  mediator_t m;
  if (mediator_own(c, &party, &m) != MODULE_DONE) return MODULE_REVERTED;
  m.state = MEDIATOR_LEAVING;
  mediator_arm(c, &party, &m, c->now_s + MEDIATOR_LEAVE_S);
  mediator_put(c, &party, &m);
  return MODULE_DONE;
}

void shop_mediator_timer(struct module_call *c, const u256 *key) {
  mediator_t m;
  addr20 party;
  u256_to_addr(&party, key);
  module_record_get(c, TABLE(mediator), &m, key);
  u64 wait = m.state == MEDIATOR_ACTIVE ? SETTING(idleMax) : MEDIATOR_LEAVE_S;
  u64 from = m.open ? c->now_s : m.updated;
  if (from + wait > c->now_s) { /* since his last case, or action */
    mediator_arm(c, &party, &m, from + wait);
    mediator_save(c, &party, &m);
    return;
  }
  u128 bond = m.bond;
  m.state = m.state == MEDIATOR_ACTIVE ? MEDIATOR_DORMANT : MEDIATOR_LEFT;
  m.deadline = 0;
  m.bond = 0;
  mediator_put(c, &party, &m);
  shop_opened(c, &party, -1);
  module_pay(c, &shop_none, &party, bond, MED_MEDIATOR, key, MED_WHY_BOND);
}

/*------------------------------------------------------------- and the cases */

u8 shop_mediator_why_not(struct module_call *c, mediator_t *m,
                         const med_case_t *k, const addr20 *party) {
  const addr20 *side[2] = {&k->opener, &k->respondent};
  u64 until;
  shop_mediator_get(c, m, party);
  if (m->state != MEDIATOR_ACTIVE) return MED_NOT_ACTIVE;
  if (!m->available) return MED_NOT_AVAILABLE;
  if (m->fee > k->fee_cap) return MED_FEE_ABOVE_CAP;
  if (m->bond < SETTING_MONEY(mediatorBond) || m->bond - m->bound < m->fee)
    return MED_BOND_LOW;
  if (k->category && !(m->categories >> k->category % 64 & 1))
    return MED_CATEGORY;
  if (m->open >= m->open_max) return MED_FULL;
  if (addr20_eq(party, &k->struck_a) || addr20_eq(party, &k->struck_b))
    return MED_STRUCK;
  if (addr20_eq(party, side[0]) || addr20_eq(party, side[1]))
    return MED_PARTY;
  if (shop_sanction_of(c, &until, party) >= 3) return MED_SANCTIONED;
  for (u32 i = 0; i < 2; i++) {
    if (shop_has_traded(c, party, side[i])) return MED_TRADED;
    if (shop_is_close(c, side[i], party)) return MED_CLOSE;
  }
  return 0;
}

void shop_mediator_bind(struct module_call *c, const addr20 *party, u128 fee) {
  mediator_t m;
  shop_mediator_get(c, &m, party);
  m.open++;
  m.bound += fee;
  mediator_put(c, party, &m);
}

u128 shop_mediator_free(struct module_call *c, const addr20 *party, u128 fee,
                        enum shop_med_end end, u128 penalty) {
  mediator_t m;
  shop_mediator_get(c, &m, party);
  MUST(m.open > 0 || evm_native_gas(c->n) == 0);
  m.open--;
  m.bound -= fee;
  if (penalty > m.bond) penalty = m.bond;
  m.bond -= penalty;
  if (end == MED_ENDED_SETTLED) m.settled++;
  if (end == MED_ENDED_OVERTURNED) m.overturned++;
  mediator_put(c, party, &m);
  return penalty;
}

void shop_mediator_rated(struct module_call *c, const addr20 *party,
                         u8 stars) {
  mediator_t m;
  shop_mediator_get(c, &m, party);
  m.rating_n++;
  m.rating_sum += stars;
  mediator_save(c, party, &m); /* a bond that waits waits no longer for it */
}
#undef ID
#undef TABLE
#undef SETTING
#undef SETTING_MONEY
