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
** frivolous, salt)).
** Who was told a vote shows it by snitch, openly: whoever saw that in the pool
** could show it first.  So its hash is given before, by tip: keccak256(abi.encode(
** chainId, case, round, juror, vote, frivolous, salt, teller)), at least
** COURT_TIP_S seconds earlier, for which nobody can keep the snitch's call back.
** Meanwhile Commit does not end because all have committed, for COURT_TIP_WAIT_S
** at most.
** Who tells on himself through another account loses: of 20 CMT locked (20 % of
** 100) that account has 10 and the pot 10, in which his seat has no share any
** more, while to reveal costs 0, or 10 where the result is another, and silence
** 20; jurors in league have back at most what the pot had of them. */
#include "shop/shop_court_int.h"

#define ID(what, name) shop_court_##what##_##name
#define MODULE_PUBLIC(what, name) shop_court_##what##_##name
#include "module/pass_param.inc"
#include "shop/court.def"
static const struct module_row court_table_rows[] = {
#include "module/pass_row.inc"
#include "shop/court.def"
};
#include "module/pass_end.inc"

enum { COURT_OPEN_MAX = 3, COURT_DISMISSED_DAYS = 180, COURT_DOUBLINGS = 5,
       COURT_NO_HUMAN = 5, COURT_EVIDENCE_MAX = 20, COURT_REHEAR_DAYS = 180,
       COURT_YEAR_DAYS = 365 };

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
  .number = 0x1015, .row = court_table_rows,
  .row_cnt = ARRAY_LEN(court_table_rows),
  .base = &module_common, .timer = court_timer, .owner_of = court_owner_of,
  .controller_of = shop_controller_of};

/*------------------------------------------------------------------ records */

u256 shop_court_key(u64 a, u64 b, u64 d, u32 cnt) {
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
  u256 key = shop_court_key(id, round, 0, 2);
  module_record_get(c, COURT_FIELD(round), r, &key);
}
void shop_court_round_put(struct module_call *c, const court_round_t *r) {
  u256 key = shop_court_key(r->case_id, r->round, 0, 2);
  module_record_put(c, COURT_FIELD(round), &key, r);
}
void shop_court_seat_get(struct module_call *c, court_seat_t *s, u64 id,
                         u8 round, u16 index) {
  u256 key = shop_court_key(id, round, index, 3);
  module_record_get(c, COURT_FIELD(seat), s, &key);
}
void shop_court_seat_put(struct module_call *c, court_seat_t *s) {
  u256 key = shop_court_key(s->case_id, s->round, s->index, 3);
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
  j->updated = c->now_s;
  shop_court_juror_save(c, j, who);
}
void shop_court_juror_save(struct module_call *c, const court_juror_t *j,
                           const addr20 *who) {
  u256 key = module_key_addr(who);
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

void shop_court_reward(struct module_call *c, u64 id, const addr20 *juror,
                       u128 amount) {
  shop_court_pay(c, juror, amount, id, COURT_WHY_REWARD);
  MODULE_EMIT(c, juror_paid, .id = id, .juror = *juror,
              .amount = module_word_of(amount));
}
void shop_court_fined(struct module_call *c, u64 id, const addr20 *juror,
                      u128 amount) {
  u256 lost = module_word_of(amount), zero = U256_ZERO, v;
  u256_sub(&v, &zero, &lost);
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
bool shop_court_lately(const struct module_call *c, u64 at, u32 days) {
  return at && c->now_s < at + (u64)days * SHOP_DAY;
}

struct court_year shop_court_year(struct module_call *c, const addr20 *party) {
  struct shop_court_record_past r;
  struct court_year y = {0, 0};
  court_past_get(c, &r, party);
  const u64 *level = &r.level1; /* the five follow each other */
  for (u8 i = 0; i < 5; i++)
    if (shop_court_lately(c, level[i], COURT_YEAR_DAYS)) y.highest = i + 1;
  y.count = shop_court_lately(c, r.recent0, COURT_YEAR_DAYS) +
            shop_court_lately(c, r.recent1, COURT_YEAR_DAYS);
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

void shop_court_release(struct module_call *c, const court_case_t *k) {
  if (k->kind == COURT_APPEAL_CASE) return;
  if (!(k->flags & COURT_FLAG_REHEAR)) court_target_put(c, k, 0);
  court_claimant_open(c, &k->claimant, -1);
  court_past_open(c, &k->accused, -1);
}

/*-------------------------------------------------------------------- helpers */

u128 shop_court_value(const struct module_call *c) {
  const u256 *v = &c->value;
  return v->w[2] | v->w[3] ? MODULE_AMOUNT_MAX + 1
                           : (u128)v->w[1] << 64 | v->w[0];
}

enum module_end shop_court_open(struct module_call *c, court_case_t *k,
                                  u64 id) {
  shop_court_case_get(c, k, id);
  if (k->state) return MODULE_DONE;
  return shop_missing(c, COURT_CASE, u256_from(id));
}
enum module_end shop_court_in(struct module_call *c, const court_case_t *k,
                                u64 id, u8 state) {
  if (k->state == state) return MODULE_DONE;
  return shop_wrong(c, COURT_CASE, u256_from(id), k->state);
}

enum module_end shop_court_rule(struct module_call *c,
                                  struct shop_court_record_rule *r, u16 id) {
  u256 key = u256_from(id);
  module_record_get(c, COURT_FIELD(rule), r, &key);
  if (r->state != 1) return MODULE_FAIL(c, rule_closed, .rule = id);
  return MODULE_DONE;
}

u128 shop_court_bond_of(struct module_call *c,
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
    doubled += shop_court_lately(c, (&past.dismissed0)[i], COURT_DISMISSED_DAYS);
  bond <<= doubled;
  if (!shop_person(c, &anchor, claimant)) bond *= COURT_NO_HUMAN;
  return bond + (emergency ? COURT_PANEL_SEATS * d->juror_fee : 0);
}

/* What a new case takes over from its court. */
void shop_court_fill(struct module_call *c, court_case_t *k,
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
  if (shop_court_value(c) < bond)
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
  if (shop_is_nobody(&k->accused) || !addr20_eq(&owner, &k->accused) ||
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
                                  const struct shop_court_in_accuse *in, u8 kind) {
  static const hash32 zero;
  struct shop_court_record_rule rule;
  court_def_t d;
  court_case_t k;
  addr20 me;
  if (shop_court_rule(c, &rule, in->rule) != MODULE_DONE ||
      shop_self(c, &me) != MODULE_DONE)
    return MODULE_REVERTED;
  if (in->emergency && !rule.severe) return MODULE_FAIL(c, not_severe);
  if (hash32_eq(&in->doc, &zero))
    return MODULE_FAIL_COMMON(c, bad_calldata, .argument = 6);
  shop_court_def_get(c, &d, rule.court);
  shop_court_fill(c, &k, &d, rule.court);
  k.kind = kind;
  k.rule = in->rule;
  k.module = in->module;
  k.type = in->t;
  k.subject = in->subject;
  k.claimant = me;
  k.accused = in->accused;
  k.doc = in->doc;
  k.max_level = rule.max_level;
  if (kind == COURT_ACCUSATION) k.fine_due = rule.fine_max;
  k.flags = (rule.severe ? COURT_FLAG_SEVERE : 0) |
            (in->emergency ? COURT_FLAG_EMERGENCY : 0);
  if (court_find(c, &k, in->emergency) != MODULE_DONE ||
      court_limits(c, &k) != MODULE_DONE)
    return MODULE_REVERTED;
  u128 bond = shop_court_bond_of(c, &rule, &d, &me, in->emergency);
  *id = module_id_next(c, COURT_CASE);
  if (court_take_bond(c, &k, *id, bond, d.jurors0) != MODULE_DONE)
    return MODULE_REVERTED;
  struct shop_court_record_used used = {*id};
  u256 key = court_used_key(&k, &k.doc);
  module_record_put(c, COURT_FIELD(used), &key, &used);
  court_target_put(c, &k, *id);
  shop_court_turn(c, &k, *id, COURT_FILED, c->now_s + COURT_SETTING(reply));
  shop_court_case_save(c, &k, *id);
  if (in->emergency) shop_court_panel_begin(c, *id, rule.court);
  return MODULE_DONE;
}

MODULE_DO(accuse) {
  return court_file(c, &out->id, in, COURT_ACCUSATION);
}

/* Against whose the subject is. */
MODULE_DO(challenge) {
  struct shop_court_in_accuse a = {.rule = in->rule, .module = in->module,
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
  if (shop_court_open(c, &old, in->id) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_acts_for(c, &old.accused, 0)) return shop_refused(c);
  if (old.state != COURT_CLOSED || old.result != COURT_BAN_LEVEL ||
      old.kind != COURT_ACCUSATION || old.flags & COURT_FLAG_REHEAR ||
      shop_sanction_case(c, &old.accused) != in->id)
    return shop_wrong(c, COURT_CASE, u256_from(in->id), old.state);
  if (old.flags & COURT_FLAG_REHEARD)
    return MODULE_FAIL_COMMON(c, duplicate, .what = {"rehear"});
  u64 from = old.updated + COURT_REHEAR_DAYS * (u64)SHOP_DAY;
  if (c->now_s < from)
    return MODULE_FAIL_COMMON(c, too_early, .notBefore = from);
  key = u256_from(old.rule);
  module_record_get(c, COURT_FIELD(rule), &rule, &key);
  shop_court_def_get(c, &d, old.court);
  shop_court_fill(c, &k, &d, old.court);
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
  old.flags |= COURT_FLAG_REHEARD;
  shop_court_case_put(c, &old, in->id);
  shop_court_turn(c, &k, out->rehearing, COURT_EVIDENCE,
                  c->now_s + k.evidence);
  shop_court_case_save(c, &k, out->rehearing);
  return MODULE_DONE;
}

MODULE_DO(reply) {
  court_case_t k;
  if (shop_court_open(c, &k, in->id) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_acts_for(c, &k.accused, 0)) return shop_refused(c);
  if (shop_court_in(c, &k, in->id, COURT_FILED) != MODULE_DONE)
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
  if (shop_court_open(c, &k, in->id) != MODULE_DONE) return MODULE_REVERTED;
  if (!shop_acts_for(c, &k.claimant, 0)) return shop_refused(c);
  if (shop_court_in(c, &k, in->id, COURT_FILED) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_court_panel_get(c, &p, in->id);
  if (p.state && p.state != COURT_PANEL_ENDED)
    shop_court_panel_end(c, &p, in->id);
  shop_court_panel_lift(c, &k, &p);
  shop_court_round_get(c, &r, in->id, 1);
  shop_court_pay(c, &k.claimant, k.bond + r.fee, in->id, COURT_WHY_BOND);
  k.fees_paid -= r.fee;
  k.bond = r.fee = 0;
  k.fine_due = 0;
  shop_court_round_put(c, &r);
  shop_court_release(c, &k);
  shop_court_turn(c, &k, in->id, COURT_CLOSED, 0);
  shop_court_case_save(c, &k, in->id);
  return MODULE_DONE;
}

MODULE_DO(submit) {
  struct shop_court_record_submitted s;
  court_case_t k;
  addr20 me;
  u256 part[2] = {u256_from(in->id)}, key;
  if (shop_court_open(c, &k, in->id) != MODULE_DONE ||
      shop_self(c, &me) != MODULE_DONE)
    return MODULE_REVERTED;
  if (k.kind != COURT_CHALLENGE && !addr20_eq(&me, &k.claimant) &&
      !addr20_eq(&me, &k.accused))
    return shop_refused(c);
  if (shop_court_in(c, &k, in->id, COURT_EVIDENCE) != MODULE_DONE)
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
    case COURT_JUROR: shop_court_juror_due(c, key); return true;
    case COURT_PANEL:
      shop_court_panel_get(c, &p, key->w[0]);
      shop_court_panel_step(c, &p, key->w[0]);
      return true;
    default: return false;
  }
}
#undef ID
#undef MODULE_PUBLIC
