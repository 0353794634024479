/* shop_court.c - module 0x..1015, Court: methods, deadlines and what the other
** files of the family write with; see court.def and, for the states,
** shop_court.h.
**
** Bond of an accusation: the greatest of the rule's, accuseBond and what the
** first round costs; doubled for each of the claimant's cases that were
** dismissed in the last 180 days (five at most), times 5 for who is no verified
** human; for an emergency 7 fees more.
** A seat's lock is what its silence costs, noShowBps of the court's least
** stake (or the greater incoherentBps); a panel's seats lock nothing.
** A vote is committed as keccak256(abi.encode(chainId, case, round, juror, vote,
** frivolous, salt)). */
#include "shop/shop_court_int.h"

#include "shop/shop.h"
#include "shop/shop_identity.h"

#define ID(what, name) court_##what##_##name
#define MODULE_PUBLIC(what, name) shop_court_##what##_##name
#include "module/pass_struct.inc"
#include "shop/court.def"
#include "module/pass_param.inc"
#include "shop/court.def"
static const struct module_row court_rows[] = {
#include "module/pass_row.inc"
#include "shop/court.def"
};
#include "module/pass_end.inc"

enum { COURT_OPEN_MAX = 3, COURT_DISMISSED_DAYS = 180, COURT_DOUBLINGS = 5,
       COURT_NO_HUMAN = 5, COURT_EVIDENCE_MAX = 20, COURT_DECLINE_DAYS = 90,
       COURT_REHEAR_DAYS = 180, COURT_APPEAL_EVIDENCE_DAYS = 2,
       COURT_YEAR_DAYS = 365, COURT_BAN_LEVEL = 5, COURT_STEPS = 20,
       COURT_BARRED = 3 };
#define COURT_MONEY_MAX ((u128)1000000 * 1000 * MODULE_MILLI) /* of a rule */

static bool court_timer(struct module_call *c, u8 type, const u256 *key);
static u8 court_owner_of(u8 type, const struct module_header *h) {
  static const u8 owner[] = {
    [COURT_FILED] = MODULE_ROLE_OWNER, [COURT_EVIDENCE] = MODULE_ROLE_ANYONE,
    [COURT_DRAWING] = MODULE_ROLE_TIMER, [COURT_COMMIT] = MODULE_ROLE_JUROR,
    [COURT_REVEAL] = MODULE_ROLE_JUROR, [COURT_APPEAL] = MODULE_ROLE_OWNER,
    [COURT_ENFORCED] = MODULE_ROLE_TIMER};
  if (type == COURT_CASE) return h->state <= COURT_ENFORCED ? owner[h->state]
                                                            : 0;
  return type == COURT_JUROR || type == COURT_PANEL ? MODULE_ROLE_JUROR
                                                    : MODULE_ROLE_GOVERNANCE;
}

const struct module_def shop_court = {
  .name = "Court", .text = "Court, users who rule by vote",
  .number = 0x1015, .row = court_rows, .row_cnt = ARRAY_LEN(court_rows),
  .base = &module_common, .timer = court_timer, .owner_of = court_owner_of,
  .controller_of = shop_controller_of};

/*------------------------------------------------------------------ records */

static u256 court_key(u64 a, u64 b, u64 d, u32 cnt) {
  u256 part[3] = {u256_from(a), u256_from(b), u256_from(d)}, key;
  module_key_of(&key, part, cnt);
  return key;
}

void shop_court_case_get(struct module_call *c, court_case_t *k, u64 id) {
  u256 key = u256_from(id);
  module_record_get(c, COURT_FIELD(case), k, &key);
}
void shop_court_case_put(struct module_call *c, court_case_t *k, u64 id) {
  u256 key = u256_from(id);
  k->updated = c->now_s;
  module_record_put(c, COURT_FIELD(case), &key, k);
}
void shop_court_case_save(struct module_call *c, court_case_t *k, u64 id) {
  u256 key = u256_from(id);
  shop_court_case_put(c, k, id);
  MODULE_EMIT(c, case_saved, .id = id, .accused = k->accused,
              .claimant = k->claimant,
              .record = module_record_bytes(c, COURT_FIELD(case), &key, k));
}
void shop_court_arm(struct module_call *c, court_case_t *k, u64 id,
                    u64 deadline) {
  u256 key = u256_from(id);
  module_timer_set(c, (struct module_header *)k, COURT_CASE, &key, deadline);
  shop_court_case_put(c, k, id);
}
void shop_court_turn(struct module_call *c, court_case_t *k, u64 id, u8 state,
                     u64 deadline) {
  k->state = state;
  shop_court_arm(c, k, id, deadline);
  MODULE_EMIT(c, case_period, .id = id, .round = k->round, .state = state,
              .deadline = k->deadline);
}

void shop_court_round_get(struct module_call *c, court_round_t *r, u64 id,
                          u8 round) {
  u256 key = court_key(id, round, 0, 2);
  module_record_get(c, COURT_FIELD(round), r, &key);
}
void shop_court_round_put(struct module_call *c, const court_round_t *r) {
  u256 key = court_key(r->case_id, r->round, 0, 2);
  module_record_put(c, COURT_FIELD(round), &key, r);
}
void shop_court_seat_get(struct module_call *c, court_seat_t *s, u64 id,
                         u8 round, u16 index) {
  u256 key = court_key(id, round, index, 3);
  module_record_get(c, COURT_FIELD(seat), s, &key);
}
void shop_court_seat_put(struct module_call *c, court_seat_t *s) {
  u256 key = court_key(s->case_id, s->round, s->index, 3);
  s->updated = c->now_s;
  module_record_put(c, COURT_FIELD(seat), &key, s);
}
void shop_court_juror_get(struct module_call *c, court_juror_t *j,
                          const addr20 *who) {
  u256 key = module_key_addr(who);
  module_record_get(c, COURT_FIELD(juror), j, &key);
}
void shop_court_juror_put(struct module_call *c, court_juror_t *j,
                          const addr20 *who) {
  u256 key = module_key_addr(who);
  j->updated = c->now_s;
  module_record_put(c, COURT_FIELD(juror), &key, j);
  MODULE_EMIT(c, juror_saved, .juror = *who,
              .record = module_record_bytes(c, COURT_FIELD(juror), &key, j));
}
void shop_court_panel_get(struct module_call *c, court_panel_t *p, u64 id) {
  u256 key = u256_from(id);
  module_record_get(c, COURT_FIELD(panel), p, &key);
}
void shop_court_panel_put(struct module_call *c, court_panel_t *p, u64 id) {
  u256 key = u256_from(id);
  p->updated = c->now_s;
  module_record_put(c, COURT_FIELD(panel), &key, p);
  MODULE_EMIT(c, panel_saved, .id = id,
              .record = module_record_bytes(c, COURT_FIELD(panel), &key, p));
}
void shop_court_def_get(struct module_call *c, court_def_t *d, u8 court) {
  u256 key = u256_from(court);
  module_record_get(c, COURT_FIELD(court), d, &key);
}

u128 shop_court_fund_get(struct module_call *c) {
  struct shop_court_record_fund r;
  u256 key = U256_ZERO;
  module_record_get(c, COURT_FIELD(fund), &r, &key);
  return r.fund;
}
void shop_court_fund_move(struct module_call *c, u128 in, u128 out) {
  struct shop_court_record_fund r;
  u256 key = U256_ZERO;
  if (in == 0 && out == 0) return;
  module_record_get(c, COURT_FIELD(fund), &r, &key);
  r.fund = r.fund + in - out;
  module_record_put(c, COURT_FIELD(fund), &key, &r);
  MODULE_EMIT(c, fund_changed, .fund = module_word_of(r.fund));
}

void shop_court_unseat(struct module_call *c, court_juror_t *j,
                       const addr20 *who, u128 lock, u128 loss) {
  if (j->seats) j->seats--;
  j->locked -= lock;
  j->stake -= loss;
  shop_court_juror_put(c, j, who);
}
void shop_court_pay(struct module_call *c, const addr20 *who, u128 amount,
                    u64 id, u8 why) {
  u256 key = u256_from(id);
  module_pay(c, &court_none, who, amount, COURT_CASE, &key, why);
}

void shop_court_tell_drawn(struct module_call *c, const court_seat_t *s) {
  MODULE_EMIT(c, drawn, .id = s->case_id, .round = s->round,
              .juror = s->juror, .seat = (u8)s->index);
}
void shop_court_tell_left(struct module_call *c, const court_seat_t *s,
                          u8 why) {
  MODULE_EMIT(c, seat_left, .id = s->case_id, .juror = s->juror, .why = why);
}
void shop_court_tell_ruling(struct module_call *c, const court_case_t *k,
                            u64 id, bool final) {
  MODULE_EMIT(c, ruling, .id = id, .round = k->round, .result = k->result,
              .isFinal = final);
}
void shop_court_tell_paid(struct module_call *c, u64 id, const addr20 *juror,
                          u128 plus, u128 minus) {
  u256 up = module_word_of(plus), down = module_word_of(minus), v;
  u256_sub(&v, &up, &down);
  MODULE_EMIT(c, juror_paid, .id = id, .juror = *juror, .amount = v);
}

/*--------------------------------------------------------------- the accused */

static void court_past_get(struct module_call *c,
                           struct shop_court_record_past *r,
                           const addr20 *party) {
  u256 key = module_key_addr(party);
  module_record_get(c, COURT_FIELD(past), r, &key);
}
static void court_past_put(struct module_call *c,
                           const struct shop_court_record_past *r,
                           const addr20 *party) {
  u256 key = module_key_addr(party);
  module_record_put(c, COURT_FIELD(past), &key, r);
}
static bool court_lately(const struct module_call *c, u64 at, u32 days) {
  return at && c->now_s < at + (u64)days * SHOP_DAY;
}

struct court_year shop_court_year(struct module_call *c, const addr20 *party) {
  struct shop_court_record_past r;
  struct court_year y = {0, 0};
  court_past_get(c, &r, party);
  const u64 *level = &r.level1; /* the five follow each other */
  for (u8 i = 0; i < 5; i++)
    if (court_lately(c, level[i], COURT_YEAR_DAYS)) y.highest = i + 1;
  y.count = court_lately(c, r.recent0, COURT_YEAR_DAYS) +
            court_lately(c, r.recent1, COURT_YEAR_DAYS);
  return y;
}
void shop_court_sanctioned(struct module_call *c, const addr20 *party,
                           u8 level) {
  struct shop_court_record_past r;
  court_past_get(c, &r, party);
  (&r.level1)[level - 1] = c->now_s;
  r.recent1 = r.recent0;
  r.recent0 = c->now_s;
  court_past_put(c, &r, party);
}
static void court_past_open(struct module_call *c, const addr20 *party,
                            int delta) {
  struct shop_court_record_past r;
  court_past_get(c, &r, party);
  r.open += (u32)delta;
  court_past_put(c, &r, party);
  shop_opened(c, party, delta);
}
static void court_claimant_get(struct module_call *c,
                               struct shop_court_record_claimant *r,
                               const addr20 *party) {
  u256 key = module_key_addr(party);
  module_record_get(c, COURT_FIELD(claimant), r, &key);
}
static void court_claimant_open(struct module_call *c, const addr20 *party,
                                int delta) {
  struct shop_court_record_claimant r;
  u256 key = module_key_addr(party);
  court_claimant_get(c, &r, party);
  r.open = (u8)(r.open + delta);
  module_record_put(c, COURT_FIELD(claimant), &key, &r);
  shop_opened(c, party, delta);
}

bool shop_court_open_against(struct module_call *c, const addr20 *party) {
  struct shop_court_record_past r;
  struct module_call own;
  module_enter(&own, c, &shop_court);
  court_past_get(&own, &r, party);
  module_leave(c);
  return r.open != 0;
}

/*------------------------------------------------------------------- targets */

static u256 court_target_key(const court_case_t *k) {
  u256 part[5] = {module_key_addr(&k->accused), u256_from(k->rule),
                  u256_from(k->module), u256_from(k->type),
                  u256_from(k->subject)}, key;
  module_key_of(&key, part, 5);
  return key;
}
static void court_target_put(struct module_call *c, const court_case_t *k,
                             u64 id) {
  struct shop_court_record_target r = {id};
  u256 key = court_target_key(k);
  module_record_put(c, COURT_FIELD(target), &key, &r);
}
static u256 court_used_key(const court_case_t *k, const hash32 *doc) {
  u256 part[2] = {court_target_key(k)}, key;
  u256_from_be(&part[1], doc->b);
  module_key_of(&key, part, 2);
  return key;
}

void shop_court_release(struct module_call *c, court_case_t *k, u64 id) {
  (void)id;
  if (k->kind == COURT_APPEAL_CASE) return;
  if (!(k->flags & COURT_FLAG_REHEAR)) court_target_put(c, k, 0);
  court_claimant_open(c, &k->claimant, -1);
  court_past_open(c, &k->accused, -1);
}

/*-------------------------------------------------------------------- helpers */

static u128 court_value(const struct module_call *c) {
  const u256 *v = &c->value;
  return v->w[2] | v->w[3] ? MODULE_AMOUNT_MAX + 1
                           : (u128)v->w[1] << 64 | v->w[0];
}

static enum module_end court_open(struct module_call *c, court_case_t *k,
                                  u64 id) {
  shop_court_case_get(c, k, id);
  if (k->state) return MODULE_DONE;
  return shop_missing(c, COURT_CASE, u256_from(id));
}
static enum module_end court_in(struct module_call *c, const court_case_t *k,
                                u64 id, u8 state) {
  if (k->state == state) return MODULE_DONE;
  return shop_wrong(c, COURT_CASE, u256_from(id), k->state);
}

static enum module_end court_rule(struct module_call *c,
                                  struct shop_court_record_rule *r, u16 id) {
  u256 key = u256_from(id);
  module_record_get(c, COURT_FIELD(rule), r, &key);
  if (r->state != 1) return MODULE_FAIL(c, rule_closed, .rule = id);
  return MODULE_DONE;
}

static u128 court_bond_of(struct module_call *c,
                          const struct shop_court_record_rule *r,
                          const court_def_t *d, const addr20 *claimant,
                          bool emergency) {
  struct shop_court_record_claimant past;
  addr20 anchor;
  u128 bond = r->bond, least = COURT_MONEY(accuseBond);
  u32 doubled = 0;
  if (bond < least) bond = least;
  if (bond < d->juror_fee * d->jurors0) bond = d->juror_fee * d->jurors0;
  court_claimant_get(c, &past, claimant);
  for (u32 i = 0; i < COURT_DOUBLINGS; i++)
    doubled += court_lately(c, (&past.dismissed0)[i], COURT_DISMISSED_DAYS);
  bond <<= doubled;
  if (!shop_person(c, &anchor, claimant)) bond *= COURT_NO_HUMAN;
  return bond + (emergency ? COURT_PANEL_SEATS * d->juror_fee : 0);
}

/* What a new case takes over from its court. */
static void court_fill(struct module_call *c, court_case_t *k,
                       const court_def_t *d, u8 court) {
  u64 absent = COURT_SETTING(noShowBps), other = COURT_SETTING(incoherentBps);
  *k = (court_case_t){.layout = 1, .created = c->now_s, .court = court};
  k->juror_fee = d->juror_fee;
  k->max_rounds = d->max_rounds;
  k->evidence = d->evidence;
  k->commit = d->commit;
  k->reveal = d->reveal;
  k->appeal = d->appeal;
  k->lock = shop_share(d->min_stake, absent > other ? absent : other, 10000);
  k->penalty = shop_share(d->min_stake, other, 10000);
}

/* The bond comes; the first round is paid from it. */
static enum module_end court_take_bond(struct module_call *c, court_case_t *k,
                                       u64 id, u128 bond, u8 jurors) {
  if (court_value(c) < bond)
    return MODULE_FAIL(c, bond_too_small, .bond = module_word_of(bond));
  if (module_take(c, &court_none, bond) != MODULE_DONE) return MODULE_REVERTED;
  u128 fee = jurors * k->juror_fee;
  k->bond = bond - fee;
  k->fees_paid = fee;
  shop_court_round_begin(c, k, id, jurors, fee, 0, &court_none);
  court_claimant_open(c, &k->claimant, 1);
  court_past_open(c, &k->accused, 1);
  return MODULE_DONE;
}

/*-------------------------------------------------------------------- jurors */

static enum module_end court_own_juror(struct module_call *c, addr20 *me,
                                       court_juror_t *j, u8 state) {
  if (shop_self(c, me) != MODULE_DONE) return MODULE_REVERTED;
  shop_court_juror_get(c, j, me);
  if (j->state == 0) return shop_missing(c, COURT_JUROR, module_key_addr(me));
  if (j->state != state)
    return shop_wrong(c, COURT_JUROR, module_key_addr(me), j->state);
  return MODULE_DONE;
}

/* He may sit in these courts with this stake. */
static enum module_end court_fit(struct module_call *c, const addr20 *me,
                                 u16 courts, u128 stake) {
  addr20 anchor;
  court_def_t d;
  if (!shop_person(c, &anchor, me))
    return MODULE_FAIL_COMMON(c, human_required, .party = *me);
  if (shop_not_sanctioned(c, me, COURT_BARRED) != MODULE_DONE)
    return MODULE_REVERTED;
  for (u8 i = 0; i < COURT_COURTS; i++) {
    if (!(courts >> i & 1)) continue;
    shop_court_def_get(c, &d, i + 1);
    if (d.state == 0) return shop_missing(c, COURT_COURT, u256_from(i + 1));
    if (stake < d.min_stake)
      return MODULE_FAIL_COMMON(c, out_of_range, .field = {"stake"},
                                .value = module_word_of(stake),
                                .min = module_word_of(d.min_stake),
                                .max = module_word_of(MODULE_AMOUNT_MAX));
  }
  return MODULE_DONE;
}

MODULE_DO(stake) {
  addr20 me;
  court_juror_t j;
  if (shop_self(c, &me) != MODULE_DONE) return MODULE_REVERTED;
  u256 key = module_key_addr(&me);
  shop_court_juror_get(c, &j, &me);
  if (j.state == COURT_LEAVING)
    return shop_wrong(c, COURT_JUROR, key, j.state);
  u128 more = court_value(c);
  if (more == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (more > MODULE_AMOUNT_MAX - j.stake)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  if (court_fit(c, &me, in->courts, j.stake + more) != MODULE_DONE ||
      module_take(c, &court_none, more) != MODULE_DONE)
    return MODULE_REVERTED;
  j.stake += more;
  shop_court_pools(c, &me, j.courts, in->courts);
  j.courts = in->courts;
  if (j.state != COURT_ACTIVE) {
    j.state = COURT_ACTIVE;
    j.layout = 1;
    if (j.created == 0) j.created = c->now_s;
    shop_opened(c, &me, 1);
    module_timer_set(c, (struct module_header *)&j, COURT_JUROR, &key,
                     c->now_s + COURT_SETTING(idleMax));
  }
  shop_court_juror_put(c, &j, &me);
  return MODULE_DONE;
}

MODULE_DO(set_courts) {
  addr20 me;
  court_juror_t j;
  if (court_own_juror(c, &me, &j, COURT_ACTIVE) != MODULE_DONE ||
      court_fit(c, &me, in->courts, j.stake) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_court_pools(c, &me, j.courts, in->courts);
  j.courts = in->courts;
  shop_court_juror_put(c, &j, &me);
  return MODULE_DONE;
}

MODULE_DO(leave_jury) {
  addr20 me;
  court_juror_t j;
  if (court_own_juror(c, &me, &j, COURT_ACTIVE) != MODULE_DONE)
    return MODULE_REVERTED;
  if (j.seats) return MODULE_FAIL(c, seats_open);
  u256 key = module_key_addr(&me);
  shop_court_pools(c, &me, j.courts, 0);
  j.courts = 0;
  j.state = COURT_LEAVING;
  j.leave_at = c->now_s + COURT_SETTING(leaveDelay);
  module_timer_set(c, (struct module_header *)&j, COURT_JUROR, &key,
                   j.leave_at);
  shop_court_juror_put(c, &j, &me);
  return MODULE_DONE;
}

/* Left, or nothing heard of him for long: the stake goes back. */
static void court_juror_due(struct module_call *c, const u256 *key) {
  addr20 who;
  court_juror_t j;
  u64 idle = COURT_SETTING(idleMax);
  u256_to_addr(&who, key);
  shop_court_juror_get(c, &j, &who);
  bool active = j.state == COURT_ACTIVE;
  j.deadline = 0;
  if (active && (j.seats || c->now_s < j.updated + idle)) {
    u64 seen = j.updated;
    module_timer_set(c, (struct module_header *)&j, COURT_JUROR, key,
                     j.seats ? c->now_s + SHOP_DAY : seen + idle);
    shop_court_juror_put(c, &j, &who);
    j.updated = seen;
    module_record_put(c, COURT_FIELD(juror), key, &j);
    return;
  }
  shop_court_pools(c, &who, j.courts, 0);
  j.courts = 0;
  j.state = active ? COURT_DORMANT : COURT_LEFT;
  module_pay(c, &court_none, &who, j.stake, COURT_JUROR, key, COURT_WHY_STAKE);
  j.stake = 0;
  shop_opened(c, &who, -1);
  shop_court_juror_put(c, &j, &who);
}

/*--------------------------------------------------------------------- filing */

/* What is accused is there and the accused one's. */
static enum module_end court_find(struct module_call *c, const court_case_t *k,
                                  bool emergency) {
  const struct court_subject *s =
      shop_court_subject(k->module, k->type, k->kind);
  addr20 owner, party;
  if (!s || (emergency && !s->can_wait))
    return MODULE_FAIL(c, no_subject, .module = k->module, .t = k->type);
  if (!s->owner(c, &owner, k->subject, &k->accused))
    return shop_missing(c, k->type, u256_from(k->subject));
  if (shop_is_none(&k->accused) || !addr20_eq(&owner, &k->accused) ||
      !shop_party_of(c, &party, &owner) || !addr20_eq(&party, &owner))
    return MODULE_FAIL_COMMON(c, bad_address);
  if (addr20_eq(&k->accused, &k->claimant))
    return MODULE_FAIL_COMMON(c, self_deal);
  return MODULE_DONE;
}

static enum module_end court_limits(struct module_call *c,
                                    const court_case_t *k) {
  struct shop_court_record_target t;
  struct shop_court_record_used u;
  struct shop_court_record_claimant r;
  u256 key = court_target_key(k), used = court_used_key(k, &k->doc);
  module_record_get(c, COURT_FIELD(target), &t, &key);
  module_record_get(c, COURT_FIELD(used), &u, &used);
  court_claimant_get(c, &r, &k->claimant);
  if (t.case_id) return MODULE_FAIL(c, case_exists, .id = t.case_id);
  if (u.case_id) return MODULE_FAIL_COMMON(c, duplicate, .what = {"doc"});
  if (r.open >= COURT_OPEN_MAX) return MODULE_FAIL(c, too_many_cases);
  return MODULE_DONE;
}

static enum module_end court_file(struct module_call *c, u64 *id,
                                  const struct court_in_accuse *in, u8 kind) {
  static const hash32 zero;
  struct shop_court_record_rule rule;
  court_def_t d;
  court_case_t k;
  addr20 me;
  if (court_rule(c, &rule, in->rule) != MODULE_DONE ||
      shop_self(c, &me) != MODULE_DONE)
    return MODULE_REVERTED;
  if (in->emergency && !rule.severe) return MODULE_FAIL(c, not_severe);
  if (hash32_eq(&in->doc, &zero))
    return MODULE_FAIL_COMMON(c, bad_calldata, .argument = 6);
  shop_court_def_get(c, &d, rule.court);
  court_fill(c, &k, &d, rule.court);
  k.kind = kind;
  k.rule = in->rule;
  k.module = in->module;
  k.type = in->t;
  k.subject = in->subject;
  k.claimant = me;
  k.accused = in->accused;
  k.doc = in->doc;
  k.max_level = rule.max_level;
  k.fine_due = rule.fine_max;
  k.flags = (rule.severe ? COURT_FLAG_SEVERE : 0) |
            (in->emergency ? COURT_FLAG_EMERGENCY : 0);
  if (court_find(c, &k, in->emergency) != MODULE_DONE ||
      court_limits(c, &k) != MODULE_DONE)
    return MODULE_REVERTED;
  u128 bond = court_bond_of(c, &rule, &d, &me, in->emergency);
  *id = module_id_next(c, COURT_CASE);
  if (court_take_bond(c, &k, *id, bond, d.jurors0) != MODULE_DONE)
    return MODULE_REVERTED;
  struct shop_court_record_used used = {*id};
  u256 key = court_used_key(&k, &k.doc);
  module_record_put(c, COURT_FIELD(used), &key, &used);
  court_target_put(c, &k, *id);
  shop_court_turn(c, &k, *id, COURT_FILED, c->now_s + COURT_SETTING(reply));
  shop_court_case_save(c, &k, *id);
  if (in->emergency) shop_court_panel_begin(c, *id);
  return MODULE_DONE;
}

MODULE_DO(accuse) {
  return court_file(c, &out->id, in, COURT_ACCUSATION);
}

/* Against whose the subject is. */
MODULE_DO(challenge) {
  struct court_in_accuse a = {.rule = in->rule, .module = in->module,
                              .subject = in->subject, .doc = in->doc};
  const struct court_subject *s =
      shop_court_subject(in->module, 0, COURT_CHALLENGE);
  if (!s) return MODULE_FAIL(c, no_subject, .module = in->module);
  a.t = s->type;
  if (!s->owner(c, &a.accused, in->subject, &court_none))
    return shop_missing(c, s->type, u256_from(in->subject));
  return court_file(c, &out->id, &a, COURT_CHALLENGE);
}

MODULE_DO(rehear) {
  struct shop_court_record_rule rule;
  court_case_t old, k;
  court_def_t d;
  u256 key;
  if (court_open(c, &old, in->id) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_acts_for(c, &old.accused, 0)) return shop_refused(c);
  if (old.state != COURT_CLOSED || old.result != COURT_BAN_LEVEL ||
      old.kind != COURT_ACCUSATION || old.flags & COURT_FLAG_REHEAR ||
      shop_sanction_case(c, &old.accused) != in->id)
    return shop_wrong(c, COURT_CASE, u256_from(in->id), old.state);
  if (old.flags & COURT_FLAG_REHEARD)
    return MODULE_FAIL_COMMON(c, duplicate, .what = {"rehear"});
  u64 from = old.updated + COURT_REHEAR_DAYS * (u64)SHOP_DAY;
  if (c->now_s < from) return MODULE_FAIL_COMMON(c, too_early, .notBefore = from);
  key = u256_from(old.rule);
  module_record_get(c, COURT_FIELD(rule), &rule, &key);
  shop_court_def_get(c, &d, old.court);
  court_fill(c, &k, &d, old.court);
  k.kind = COURT_ACCUSATION;
  k.rule = old.rule;
  k.module = old.module;
  k.type = old.type;
  k.subject = old.subject;
  k.claimant = old.accused;
  k.accused = old.claimant;
  k.origin = in->id;
  k.doc = in->doc;
  k.max_level = COURT_BAN_LEVEL;
  k.flags = COURT_FLAG_REHEAR;
  u128 bond = rule.bond, least = COURT_MONEY(accuseBond);
  if (bond < least) bond = least;
  if (bond < d.juror_fee * d.jurors0) bond = d.juror_fee * d.jurors0;
  out->rehearing = module_id_next(c, COURT_CASE);
  if (court_take_bond(c, &k, out->rehearing, bond, d.jurors0) != MODULE_DONE)
    return MODULE_REVERTED;
  u64 ended = old.updated;
  old.flags |= COURT_FLAG_REHEARD;
  shop_court_case_put(c, &old, in->id);
  old.updated = ended;
  shop_court_turn(c, &k, out->rehearing, COURT_EVIDENCE,
                  c->now_s + k.evidence);
  shop_court_case_save(c, &k, out->rehearing);
  return MODULE_DONE;
}

MODULE_DO(reply) {
  court_case_t k;
  if (court_open(c, &k, in->id) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_acts_for(c, &k.accused, 0)) return shop_refused(c);
  if (court_in(c, &k, in->id, COURT_FILED) != MODULE_DONE)
    return MODULE_REVERTED;
  k.reply = in->doc;
  shop_court_turn(c, &k, in->id, COURT_EVIDENCE, c->now_s + k.evidence);
  shop_court_case_save(c, &k, in->id);
  return MODULE_DONE;
}

MODULE_DO(withdraw_case) {
  court_case_t k;
  court_round_t r;
  court_panel_t p;
  if (court_open(c, &k, in->id) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_acts_for(c, &k.claimant, 0)) return shop_refused(c);
  if (court_in(c, &k, in->id, COURT_FILED) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_court_panel_get(c, &p, in->id);
  if (p.state && p.state != COURT_PANEL_ENDED)
    shop_court_panel_end(c, &p, in->id);
  const struct court_subject *s =
      shop_court_subject(k.module, k.type, k.kind);
  if (p.passed && s && s->lift) s->lift(c, k.subject);
  shop_court_round_get(c, &r, in->id, 1);
  shop_court_pay(c, &k.claimant, k.bond + r.fee, in->id, COURT_WHY_BOND);
  k.fees_paid -= r.fee;
  k.bond = r.fee = 0;
  k.fine_due = 0;
  shop_court_round_put(c, &r);
  shop_court_release(c, &k, in->id);
  shop_court_turn(c, &k, in->id, COURT_CLOSED, 0);
  shop_court_case_save(c, &k, in->id);
  return MODULE_DONE;
}

MODULE_DO(submit) {
  struct shop_court_record_submitted s;
  court_case_t k;
  addr20 me;
  u256 part[2] = {u256_from(in->id)}, key;
  if (court_open(c, &k, in->id) != MODULE_DONE ||
      shop_self(c, &me) != MODULE_DONE)
    return MODULE_REVERTED;
  if (k.kind != COURT_CHALLENGE && !addr20_eq(&me, &k.claimant) &&
      !addr20_eq(&me, &k.accused))
    return shop_refused(c);
  if (court_in(c, &k, in->id, COURT_EVIDENCE) != MODULE_DONE)
    return MODULE_REVERTED;
  part[1] = module_key_addr(&me);
  module_key_of(&key, part, 2);
  module_record_get(c, COURT_FIELD(submitted), &s, &key);
  if (s.cnt >= COURT_EVIDENCE_MAX)
    return shop_many(c, "evidence", COURT_EVIDENCE_MAX);
  s.cnt++;
  module_record_put(c, COURT_FIELD(submitted), &key, &s);
  MODULE_EMIT(c, evidence_added, .id = in->id, .by = me,
              .content = in->content, .kind = in->kind);
  return MODULE_DONE;
}

/*-------------------------------------------------------------------- voting */

/* The sender's seat in the round under way (or on the panel). */
static enum module_end court_seat(struct module_call *c, court_seat_t *s,
                                  u64 id, u8 round, u16 first,
                                  const addr20 *juror) {
  struct shop_court_record_seat_place p;
  u256 part[2] = {u256_from(id), module_key_addr(juror)}, key;
  module_key_of(&key, part, 2);
  module_record_get(c, COURT_FIELD(seat_place), &p, &key);
  if (p.at == 0 || p.round != round || p.at - 1 < first)
    return MODULE_FAIL(c, not_seated);
  shop_court_seat_get(c, s, id, round, p.at - 1);
  if (s->state == COURT_SEAT_LEFT || s->state == COURT_SEAT_TOLD)
    return MODULE_FAIL(c, not_seated);
  return MODULE_DONE;
}

/* The sender's seat in a case of this state. */
static enum module_end court_sits(struct module_call *c, court_case_t *k,
                                  court_round_t *r, court_seat_t *s, u64 id,
                                  u8 state) {
  addr20 me;
  if (court_open(c, k, id) != MODULE_DONE ||
      shop_self(c, &me) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_court_round_get(c, r, id, k->round);
  if (court_seat(c, s, id, k->round, r->first, &me) != MODULE_DONE)
    return MODULE_REVERTED;
  return court_in(c, k, id, state);
}

static void court_commit_hash(struct module_call *c, hash32 *out, u64 id,
                              const court_seat_t *s, u8 vote, bool frivolous,
                              const hash32 *salt) {
  u256 part[7] = {evm_native_block(c->n)->chain_id, u256_from(id),
                  u256_from(s->round), module_key_addr(&s->juror),
                  u256_from(vote), u256_from(frivolous)}, v;
  u256_from_be(&part[6], salt->b);
  module_key_of(&v, part, 7);
  evm_native_charge(c->n, 100);
  *out = u256_hash32(&v);
}

MODULE_DO(commit) {
  static const hash32 zero;
  court_case_t k;
  court_round_t r;
  court_seat_t s;
  if (court_sits(c, &k, &r, &s, in->id, COURT_COMMIT) != MODULE_DONE)
    return MODULE_REVERTED;
  if (s.state != COURT_SEAT_DRAWN) return MODULE_FAIL(c, already_committed);
  if (hash32_eq(&in->hash, &zero))
    return MODULE_FAIL_COMMON(c, bad_calldata, .argument = 2);
  s.state = COURT_SEAT_COMMITTED;
  s.commit_hash = in->hash;
  shop_court_seat_put(c, &s);
  r.commits++;
  shop_court_round_put(c, &r);
  MODULE_EMIT(c, committed, .id = in->id, .juror = s.juror, .hash = in->hash);
  if (r.commits == r.alive) shop_court_reveal_begin(c, &k, &r, in->id);
  return MODULE_DONE;
}

static bool court_vote_ok(const court_case_t *k, u8 vote) {
  return vote <= (k->kind == COURT_ACCUSATION ? k->max_level
                  : k->kind == COURT_APPEAL_CASE ? COURT_STEPS : 1);
}

MODULE_DO(reveal) {
  court_case_t k;
  court_round_t r;
  court_seat_t s;
  hash32 hash;
  if (court_sits(c, &k, &r, &s, in->id, COURT_REVEAL) != MODULE_DONE)
    return MODULE_REVERTED;
  if (!court_vote_ok(&k, in->vote)) return MODULE_FAIL(c, vote_range);
  court_commit_hash(c, &hash, in->id, &s, in->vote, in->frivolous, &in->salt);
  if (s.state != COURT_SEAT_COMMITTED || !hash32_eq(&hash, &s.commit_hash))
    return MODULE_FAIL(c, reveal_mismatch);
  s.state = COURT_SEAT_REVEALED;
  s.vote = in->vote;
  s.frivolous = in->frivolous;
  s.reasons = in->reasons;
  shop_court_seat_put(c, &s);
  r.reveals++;
  r.frivolous += in->frivolous;
  r.votes.b[in->vote]++;
  MODULE_EMIT(c, revealed, .id = in->id, .juror = s.juror, .vote = in->vote,
              .frivolous = in->frivolous, .reasons = in->reasons);
  if (r.reveals == r.commits) shop_court_tally(c, &k, &r, in->id);
  else shop_court_round_put(c, &r);
  return MODULE_DONE;
}

/* Who knows another's vote before its time has it from him. */
MODULE_DO(snitch) {
  court_case_t k;
  court_round_t r;
  court_seat_t s;
  court_juror_t j;
  addr20 me;
  hash32 hash;
  if (court_open(c, &k, in->id) != MODULE_DONE ||
      shop_self(c, &me) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_court_round_get(c, &r, in->id, k.round);
  if (court_seat(c, &s, in->id, k.round, r.first, &in->juror) != MODULE_DONE ||
      court_in(c, &k, in->id, COURT_COMMIT) != MODULE_DONE)
    return MODULE_REVERTED;
  if (addr20_eq(&me, &in->juror)) return MODULE_FAIL_COMMON(c, self_deal);
  if (!court_vote_ok(&k, in->vote)) return MODULE_FAIL(c, vote_range);
  court_commit_hash(c, &hash, in->id, &s, in->vote, in->frivolous, &in->salt);
  if (s.state != COURT_SEAT_COMMITTED || !hash32_eq(&hash, &s.commit_hash))
    return MODULE_FAIL(c, reveal_mismatch);
  s.state = COURT_SEAT_TOLD;
  shop_court_seat_put(c, &s);
  shop_court_juror_get(c, &j, &s.juror);
  u128 loss = k.lock < j.stake ? k.lock : j.stake;
  shop_court_unseat(c, &j, &s.juror, k.lock, loss);
  shop_court_pay(c, &me, loss / 2, in->id, COURT_WHY_SNITCH);
  shop_court_tell_left(c, &s, COURT_LEFT_TOLD);
  shop_court_tell_paid(c, in->id, &s.juror, 0, loss);
  r.penalty += loss - loss / 2;
  r.alive--;
  r.commits--;
  shop_court_round_put(c, &r);
  if (r.commits == r.alive) shop_court_reveal_begin(c, &k, &r, in->id);
  return MODULE_DONE;
}

MODULE_DO(decline_seat) {
  court_case_t k;
  court_round_t r;
  court_seat_t s;
  court_juror_t j;
  if (court_sits(c, &k, &r, &s, in->id, COURT_COMMIT) != MODULE_DONE)
    return MODULE_REVERTED;
  if (s.state != COURT_SEAT_DRAWN) return MODULE_FAIL(c, already_committed);
  u64 until = s.created + SHOP_DAY;
  if (c->now_s > until) return MODULE_FAIL_COMMON(c, too_late, .notAfter = until);
  shop_court_juror_get(c, &j, &s.juror);
  if (court_lately(c, j.declined, COURT_DECLINE_DAYS))
    return MODULE_FAIL(c, decline_used);
  j.declined = c->now_s;
  s.state = COURT_SEAT_LEFT;
  shop_court_seat_put(c, &s);
  shop_court_unseat(c, &j, &s.juror, k.lock, 0);
  shop_court_tell_left(c, &s, COURT_LEFT_DECLINED);
  r.alive--;
  bool found = shop_court_draw_one(c, &k, &r, in->id);
  shop_court_case_put(c, &k, in->id);
  shop_court_round_put(c, &r);
  if (!found && r.commits == r.alive)
    shop_court_reveal_begin(c, &k, &r, in->id);
  return MODULE_DONE;
}

/* Of the panel: openly, and paid at once. */
MODULE_DO(emergency_vote) {
  court_case_t k;
  court_panel_t p;
  court_seat_t s;
  court_juror_t j;
  addr20 me;
  if (court_open(c, &k, in->id) != MODULE_DONE ||
      shop_self(c, &me) != MODULE_DONE ||
      court_seat(c, &s, in->id, COURT_PANEL_ROUND, 0, &me) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_court_panel_get(c, &p, in->id);
  if (p.state != COURT_PANEL_VOTING)
    return shop_wrong(c, COURT_PANEL, u256_from(in->id), p.state);
  if (s.state != COURT_SEAT_DRAWN) return MODULE_FAIL(c, already_committed);
  s.state = COURT_SEAT_REVEALED;
  s.vote = in->yes;
  shop_court_seat_put(c, &s);
  shop_court_juror_get(c, &j, &me);
  shop_court_unseat(c, &j, &me, 0, 0);
  k.bond -= k.juror_fee;
  k.fees_paid += k.juror_fee;
  shop_court_case_put(c, &k, in->id);
  shop_court_pay(c, &me, k.juror_fee, in->id, COURT_WHY_REWARD);
  shop_court_tell_paid(c, in->id, &me, k.juror_fee, 0);
  MODULE_EMIT(c, emergency_voted, .id = in->id, .juror = me, .yes = in->yes);
  p.votes++;
  p.yes += in->yes;
  const struct court_subject *subject =
      shop_court_subject(k.module, k.type, k.kind);
  if (p.yes >= COURT_PANEL_YES && !p.passed && subject && subject->suspend) {
    p.passed = true;
    subject->suspend(c, k.subject, &k.accused, c->now_s + 7 * SHOP_DAY);
  }
  if (p.votes == p.n) shop_court_panel_end(c, &p, in->id);
  else shop_court_panel_put(c, &p, in->id);
  return MODULE_DONE;
}

/*-------------------------------------------------------------------- appeal */

/* Who lost by the result that stands: claimant, accused, or either. */
static bool court_is_loser(struct module_call *c, const court_case_t *k,
                           addr20 *me) {
  bool claimant = shop_acts_for(c, &k->claimant, 0);
  bool accused = shop_acts_for(c, &k->accused, 0);
  bool to_claimant = k->flags & COURT_FLAG_REHEAR
                         ? k->result == COURT_BAN_LEVEL : k->result == 0;
  *me = claimant ? k->claimant : k->accused;
  if (k->kind == COURT_APPEAL_CASE) return claimant || accused;
  *me = to_claimant ? k->claimant : k->accused;
  return to_claimant ? claimant : accused;
}
static u128 court_appeal_fee(const court_case_t *k) {
  return (2u * k->n + 1) * k->juror_fee;
}

MODULE_DO(appeal) {
  court_case_t k;
  addr20 me;
  if (court_open(c, &k, in->id) != MODULE_DONE) return MODULE_REVERTED;
  bool loser = court_is_loser(c, &k, &me);
  if (k.state == COURT_ENFORCED && k.round >= k.max_rounds)
    return MODULE_FAIL(c, last_round);
  if (court_in(c, &k, in->id, COURT_APPEAL) != MODULE_DONE)
    return MODULE_REVERTED;
  if (!loser) return MODULE_FAIL(c, not_loser);
  if (2u * k.n + 1 > UINT8_MAX) return MODULE_FAIL(c, last_round);
  u128 fee = court_appeal_fee(&k);
  if (module_take(c, &court_none, fee) != MODULE_DONE) return MODULE_REVERTED;
  shop_court_round_begin(c, &k, in->id, (u8)(2u * k.n + 1), fee, 0, &me);
  MODULE_EMIT(c, evidence_added, .id = in->id, .by = me,
              .content = in->grounds);
  shop_court_turn(c, &k, in->id, COURT_EVIDENCE,
                  c->now_s + COURT_APPEAL_EVIDENCE_DAYS * SHOP_DAY);
  shop_court_case_save(c, &k, in->id);
  return MODULE_DONE;
}

u128 shop_court_fee(struct module_call *c) {
  struct module_call own;
  court_def_t d;
  module_enter(&own, c, &shop_court);
  shop_court_def_get(&own, &d, COURT_TRADE);
  module_leave(c);
  return d.juror_fee * d.jurors0;
}
u128 shop_court_fund(struct module_call *c) {
  struct module_call own;
  module_enter(&own, c, &shop_court);
  u128 fund = shop_court_fund_get(&own);
  module_leave(c);
  return fund;
}

/* As many as the money there is pays, odd, at least 3. */
static u8 court_seats_for(u128 fee, const court_def_t *d) {
  u128 n = d->juror_fee ? fee / d->juror_fee : d->jurors0;
  if (n >= d->jurors0) return d->jurors0;
  return n < 3 ? 3 : (u8)((n - 1) | 1);
}

enum module_end shop_court_appeal(struct module_call *c,
                                  const struct shop_appeal *a,
                                  u64 *court_case) {
  struct module_call own;
  court_case_t k;
  court_def_t d;
  module_enter(&own, c, &shop_court);
  shop_court_def_get(&own, &d, COURT_TRADE);
  u128 want = d.juror_fee * d.jurors0, fund = shop_court_fund_get(&own);
  u128 more = a->fee < want ? want - a->fee : 0;
  if (more > fund) more = fund;
  shop_court_fund_move(&own, 0, more);
  court_fill(&own, &k, &d, COURT_TRADE);
  bool buyer = !addr20_eq(&a->payer, &a->seller);
  k.kind = COURT_APPEAL_CASE;
  k.module = c->def->number;
  k.type = 2;
  k.subject = a->subject;
  k.origin = a->mediation_case;
  k.claimant = buyer ? a->buyer : a->seller;
  k.accused = buyer ? a->seller : a->buyer;
  k.mediator = a->mediator;
  k.doc = a->grounds;
  k.proposal = a->proposed ? a->proposal_bps : 5000;
  k.flags = (buyer ? COURT_FLAG_BUYER : 0) |
            (a->proposed ? COURT_FLAG_PROPOSED : 0);
  *court_case = module_id_next(&own, COURT_CASE);
  shop_court_round_begin(&own, &k, *court_case,
                         court_seats_for(a->fee + more, &d), a->fee + more,
                         more, &a->payer);
  shop_court_turn(&own, &k, *court_case, COURT_EVIDENCE,
                  own.now_s + k.evidence);
  shop_court_case_save(&own, &k, *court_case);
  module_leave(c);
  return MODULE_DONE;
}

/*--------------------------------------------------------------------- money */

MODULE_DO(pay_fine) {
  court_case_t k;
  if (court_open(c, &k, in->id) != MODULE_DONE) return MODULE_REVERTED;
  if (k.state != COURT_CLOSED || k.fine_due == 0)
    return shop_wrong(c, COURT_CASE, u256_from(in->id), k.state);
  u128 owed = k.owed < k.fine_due ? k.owed : k.fine_due;
  if (module_take(c, &court_none, k.fine_due) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_court_fund_move(c, k.fine_due - owed, 0);
  k.owed -= owed;
  k.fine_due = 0;
  u64 until;
  if (shop_sanction_of(c, &until, &k.accused) == 2 &&
      shop_sanction_case(c, &k.accused) == in->id)
    shop_sanction_lower(c, &k.accused, 0, c->now_s, in->id);
  u64 ended = k.updated;
  shop_court_case_save(c, &k, in->id);
  k.updated = ended;
  shop_court_pay(c, &k.claimant, owed, in->id, COURT_WHY_OWED);
  return MODULE_DONE;
}

MODULE_DO(fund_court) {
  u128 value = court_value(c);
  if (value == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (module_take(c, &court_none, value) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_court_fund_move(c, value, 0);
  return MODULE_DONE;
}

/*---------------------------------------------------------------- governance */

/* Within what the parameter of that name may be. */
static enum module_end court_in_range(struct module_call *c, u32 param,
                                      u128 v) {
  const struct module_setting *s =
      module_row_at(c->def, MODULE_ROW_SETTING, param)->setting;
  u128 min = (u128)s->min * s->scale, max = (u128)s->max * s->scale;
  hash32 name = {{0}};
  if (v >= min && v <= max) return MODULE_DONE;
  memcpy(name.b, s->name, strlen(s->name));
  return MODULE_FAIL_COMMON(c, out_of_range, .field = name,
                            .value = module_word_of(v),
                            .min = module_word_of(min),
                            .max = module_word_of(max));
}

MODULE_DO(set_court) {
  const struct court_struct_court *a = &in->a;
  const struct { u32 param; u128 v; } field[] = {
    {shop_court_param_minStake, a->minStake},
    {shop_court_param_jurorFee, a->jurorFee},
    {shop_court_param_jurors0, a->jurors0},
    {shop_court_param_maxRounds, a->maxRounds},
    {shop_court_param_evidence, a->evidence},
    {shop_court_param_commit, a->commitTime},
    {shop_court_param_reveal, a->revealTime},
    {shop_court_param_appeal, a->appealTime}};
  court_def_t d;
  u256 key = u256_from(in->id);
  if (in->id == 0 || in->id > COURT_COURTS)
    return shop_range(c, "id", in->id, 1, COURT_COURTS);
  for (u32 i = 0; i < ARRAY_LEN(field); i++)
    if (court_in_range(c, field[i].param, field[i].v) != MODULE_DONE)
      return MODULE_REVERTED;
  if (a->jurors0 % 2 == 0) return shop_range(c, "jurors0", a->jurors0, 3, 7);
  shop_court_def_get(c, &d, in->id);
  d = (court_def_t){
    .state = 1, .layout = 1, .created = d.state ? d.created : c->now_s,
    .updated = c->now_s, .policy = a->policy, .min_stake = a->minStake,
    .juror_fee = a->jurorFee, .jurors0 = a->jurors0,
    .max_rounds = a->maxRounds, .evidence = a->evidence,
    .commit = a->commitTime, .reveal = a->revealTime,
    .appeal = a->appealTime};
  module_record_put(c, COURT_FIELD(court), &key, &d);
  MODULE_EMIT(c, court_saved, .id = in->id,
              .record = module_record_bytes(c, COURT_FIELD(court), &key, &d));
  return MODULE_DONE;
}

/* maxLevel 0: closed. */
MODULE_DO(set_rule) {
  const struct court_struct_rule *a = &in->a;
  struct shop_court_record_rule r;
  court_def_t d;
  u256 key = u256_from(in->id);
  shop_court_def_get(c, &d, a->court);
  if (d.state == 0) return shop_missing(c, COURT_COURT, u256_from(a->court));
  if (in->id == 0) return shop_range(c, "id", 0, 1, UINT16_MAX);
  if (a->maxLevel > COURT_BAN_LEVEL)
    return shop_range(c, "maxLevel", a->maxLevel, 0, COURT_BAN_LEVEL);
  bool fines = a->maxLevel >= 2;
  if (a->bond > COURT_MONEY_MAX || a->fineMax > COURT_MONEY_MAX ||
      (fines && a->fineMax == 0))
    return MODULE_FAIL_COMMON(
        c, out_of_range, .field = {"money"},
        .value = module_word_of(a->bond > COURT_MONEY_MAX ? a->bond
                                                          : a->fineMax),
        .min = u256_from(fines), .max = module_word_of(COURT_MONEY_MAX));
  module_record_get(c, COURT_FIELD(rule), &r, &key);
  r = (struct shop_court_record_rule){
    .state = a->maxLevel ? 1 : 2, .layout = 1,
    .created = r.state ? r.created : c->now_s, .updated = c->now_s,
    .court = a->court, .max_level = a->maxLevel, .severe = a->severe,
    .bond = a->bond, .fine_max = a->fineMax, .doc = a->doc};
  module_record_put(c, COURT_FIELD(rule), &key, &r);
  MODULE_EMIT(c, rule_saved, .id = in->id,
              .record = module_record_bytes(c, COURT_FIELD(rule), &key, &r));
  return MODULE_DONE;
}

/*--------------------------------------------------------------------- views */

MODULE_DO(accuse_cost) {
  struct shop_court_record_rule rule;
  court_def_t d;
  if (court_rule(c, &rule, in->rule) != MODULE_DONE) return MODULE_REVERTED;
  shop_court_def_get(c, &d, rule.court);
  out->bond = module_word_of(
      court_bond_of(c, &rule, &d, &in->claimant, in->emergency));
  return MODULE_DONE;
}

MODULE_DO(appeal_cost) {
  court_case_t k;
  if (court_open(c, &k, in->id) != MODULE_DONE) return MODULE_REVERTED;
  out->cost = module_word_of(court_appeal_fee(&k));
  return MODULE_DONE;
}

/* Of the next seat, in the smallest court that he sits in. */
MODULE_DO(odds) {
  court_juror_t j;
  u32 ppm = 0;
  shop_court_juror_get(c, &j, &in->juror);
  for (u8 i = 0; i < COURT_COURTS; i++) {
    if (!(j.courts >> i & 1)) continue;
    u32 size = shop_court_pool_size(c, i + 1);
    if (size && 1000000 / size > ppm) ppm = 1000000 / size;
  }
  out->ppm = u256_from(ppm);
  return MODULE_DONE;
}

MODULE_DO(seat_of) {
  struct shop_court_record_seat_place p;
  court_seat_t s;
  u256 part[2] = {u256_from(in->id), module_key_addr(&in->juror)}, key;
  module_key_of(&key, part, 2);
  module_record_get(c, COURT_FIELD(seat_place), &p, &key);
  if (p.at == 0) return MODULE_FAIL(c, not_seated);
  shop_court_seat_get(c, &s, in->id, p.round, p.at - 1);
  key = court_key(in->id, p.round, p.at - 1u, 3);
  out->r = module_record_abi(c, COURT_FIELD(seat), &key, &s);
  return MODULE_DONE;
}

/*----------------------------------------------------------------- deadlines */

static void court_case_due(struct module_call *c, u64 id) {
  court_case_t k;
  court_round_t r;
  shop_court_case_get(c, &k, id);
  switch (k.state) {
    case COURT_FILED:
      shop_court_turn(c, &k, id, COURT_EVIDENCE, c->now_s + k.evidence);
      break;
    case COURT_EVIDENCE: shop_court_draw_begin(c, &k, id); break;
    case COURT_DRAWING: shop_court_draw_step(c, &k, id); break;
    case COURT_COMMIT:
      shop_court_round_get(c, &r, id, k.round);
      shop_court_reveal_begin(c, &k, &r, id);
      break;
    case COURT_REVEAL:
      shop_court_round_get(c, &r, id, k.round);
      shop_court_tally(c, &k, &r, id);
      break;
    case COURT_APPEAL: shop_court_unappealed(c, &k, id); break;
    case COURT_ENFORCED: shop_court_enforce_step(c, &k, id); break;
    default: break;
  }
}

static bool court_timer(struct module_call *c, u8 type, const u256 *key) {
  court_panel_t p;
  switch (type) {
    case COURT_CASE: court_case_due(c, key->w[0]); return true;
    case COURT_JUROR: court_juror_due(c, key); return true;
    case COURT_PANEL:
      shop_court_panel_get(c, &p, key->w[0]);
      shop_court_panel_step(c, &p, key->w[0]);
      return true;
    default: return false;
  }
}
#undef ID
#undef MODULE_PUBLIC
#undef COURT_MONEY_MAX
