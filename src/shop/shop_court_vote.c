/* shop_court_vote.c - of Court (0x..1015): votes, who tells them, who declines;
** panels; appeals, those of a mediation too; fines and the fund. */
#include "shop/shop_court_int.h"

#define ID(what, name) shop_court_##what##_##name

enum { COURT_DECLINE_DAYS = 90, COURT_APPEAL_EVIDENCE_DAYS = 2,
       COURT_STEPS = 20, COURT_PANEL_DAYS = 7, COURT_TIP_S = 60,
       COURT_TIP_WAIT_S = 600 };

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
  if (shop_court_open(c, k, id) != MODULE_DONE ||
      shop_self(c, &me) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_court_round_get(c, r, id, k->round);
  if (court_seat(c, s, id, k->round, r->first, &me) != MODULE_DONE)
    return MODULE_REVERTED;
  return shop_court_in(c, k, id, state);
}

/* Of a commitment, or (teller not NULL) of a tip. */
static void court_vote_hash(struct module_call *c, hash32 *out, u64 id,
                            const court_seat_t *s, u8 vote, bool frivolous,
                            const hash32 *salt, const addr20 *teller) {
  u256 part[8] = {evm_native_block(c->n)->chain_id, u256_from(id),
                  u256_from(s->round), module_key_addr(&s->juror),
                  u256_from(vote), u256_from(frivolous)}, v;
  u256_from_be(&part[6], salt->b);
  if (teller) part[7] = module_key_addr(teller);
  module_key_of(&v, part, teller ? 8 : 7);
  evm_native_charge(c->n, 100);
  *out = u256_hash32(&v);
}

/* Nobody is left to commit: Reveal, but not before who gave a tip could show what
** he knows. */
static void court_committed(struct module_call *c, court_case_t *k,
                            court_round_t *r, u64 id) {
  if (r->tip_until <= c->now_s) {
    shop_court_reveal_begin(c, k, r, id);
    return;
  }
  shop_court_round_put(c, r);
  if (r->tip_until < k->deadline)
    shop_court_turn(c, k, id, COURT_COMMIT, r->tip_until);
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
  MODULE_EMIT(c, committed, .id = in->id, .juror = s.juror, .hash = in->hash);
  if (r.commits == r.alive) court_committed(c, &k, &r, in->id);
  else shop_court_round_put(c, &r);
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
  court_vote_hash(c, &hash, in->id, &s, in->vote, in->frivolous, &in->salt,
                  NULL);
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

static u256 court_tip_key(u64 id, const addr20 *by) {
  u256 part[2] = {u256_from(id), module_key_addr(by)}, key;
  module_key_of(&key, part, 2);
  return key;
}

MODULE_DO(tip) {
  static const hash32 zero;
  court_case_t k;
  court_round_t r;
  addr20 me;
  if (shop_court_open(c, &k, in->id) != MODULE_DONE ||
      shop_self(c, &me) != MODULE_DONE ||
      shop_court_in(c, &k, in->id, COURT_COMMIT) != MODULE_DONE)
    return MODULE_REVERTED;
  if (hash32_eq(&in->hash, &zero))
    return MODULE_FAIL_COMMON(c, bad_calldata, .argument = 2);
  struct shop_court_record_tip t = {
    .state = 1, .layout = 1, .created = c->now_s, .updated = c->now_s,
    .round = k.round, .hash = in->hash};
  u256 key = court_tip_key(in->id, &me);
  module_record_put(c, COURT_FIELD(tip), &key, &t);
  shop_court_round_get(c, &r, in->id, k.round);
  r.tip_until = c->now_s + COURT_TIP_WAIT_S;
  shop_court_round_put(c, &r);
  MODULE_EMIT(c, tipped, .id = in->id, .by = me, .hash = in->hash);
  return MODULE_DONE;
}

/* Who said so early enough that nobody copied it from his call. */
static enum module_end court_tipped(struct module_call *c, u64 id,
                                    const court_seat_t *s, u8 vote,
                                    bool frivolous, const hash32 *salt,
                                    const addr20 *me) {
  struct shop_court_record_tip t;
  hash32 hash;
  u256 key = court_tip_key(id, me);
  module_record_get(c, COURT_FIELD(tip), &t, &key);
  court_vote_hash(c, &hash, id, s, vote, frivolous, salt, me);
  if (t.round != s->round || !hash32_eq(&hash, &t.hash))
    return MODULE_FAIL_COMMON(c, bad_proof);
  u64 from = t.created + COURT_TIP_S;
  if (c->now_s < from)
    return MODULE_FAIL_COMMON(c, too_early, .notBefore = from);
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
  if (shop_court_open(c, &k, in->id) != MODULE_DONE ||
      shop_self(c, &me) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_court_round_get(c, &r, in->id, k.round);
  if (court_seat(c, &s, in->id, k.round, r.first, &in->juror) != MODULE_DONE ||
      shop_court_in(c, &k, in->id, COURT_COMMIT) != MODULE_DONE)
    return MODULE_REVERTED;
  if (addr20_eq(&me, &in->juror)) return MODULE_FAIL_COMMON(c, self_deal);
  if (!court_vote_ok(&k, in->vote)) return MODULE_FAIL(c, vote_range);
  court_vote_hash(c, &hash, in->id, &s, in->vote, in->frivolous, &in->salt,
                  NULL);
  if (s.state != COURT_SEAT_COMMITTED || !hash32_eq(&hash, &s.commit_hash))
    return MODULE_FAIL(c, reveal_mismatch);
  if (court_tipped(c, in->id, &s, in->vote, in->frivolous, &in->salt, &me) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  s.state = COURT_SEAT_TOLD;
  shop_court_seat_put(c, &s);
  shop_court_juror_get(c, &j, &s.juror);
  u128 loss = k.lock < j.stake ? k.lock : j.stake;
  shop_court_unseat(c, &j, &s.juror, k.lock, loss);
  shop_court_pay(c, &me, loss / 2, in->id, COURT_WHY_SNITCH);
  MODULE_EMIT(c, seat_left, .id = in->id, .juror = s.juror,
              .why = COURT_LEFT_TOLD);
  shop_court_fined(c, in->id, &s.juror, loss);
  r.penalty += loss - loss / 2;
  r.alive--;
  r.commits--;
  if (r.commits == r.alive) court_committed(c, &k, &r, in->id);
  else shop_court_round_put(c, &r);
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
  if (c->now_s > until)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = until);
  shop_court_juror_get(c, &j, &s.juror);
  if (shop_court_lately(c, j.declined, COURT_DECLINE_DAYS))
    return MODULE_FAIL(c, decline_used);
  j.declined = c->now_s;
  s.state = COURT_SEAT_LEFT;
  shop_court_seat_put(c, &s);
  shop_court_unseat(c, &j, &s.juror, k.lock, 0);
  MODULE_EMIT(c, seat_left, .id = in->id, .juror = s.juror,
              .why = COURT_LEFT_DECLINED);
  r.alive--;
  bool found = shop_court_draw_one(c, &k, &r, in->id);
  shop_court_case_put(c, &k, in->id);
  shop_court_round_put(c, &r);
  if (!found && r.commits == r.alive) court_committed(c, &k, &r, in->id);
  return MODULE_DONE;
}

/* Of the panel: openly, and paid at once. */
MODULE_DO(emergency_vote) {
  court_case_t k;
  court_panel_t p;
  court_seat_t s;
  court_juror_t j;
  addr20 me;
  if (shop_court_open(c, &k, in->id) != MODULE_DONE ||
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
  shop_court_reward(c, in->id, &me, k.juror_fee);
  MODULE_EMIT(c, emergency_voted, .id = in->id, .juror = me, .yes = in->yes);
  p.votes++;
  p.yes += in->yes;
  const struct court_subject *subject =
      shop_court_subject(k.module, k.type, k.kind);
  if (p.yes >= COURT_PANEL_YES && !p.passed && subject && subject->suspend) {
    struct shop_hold h = subject->suspend(c, k.subject, &k.accused,
                                          COURT_PANEL_DAYS * SHOP_DAY);
    p.passed = true;
    p.hold_until = h.until;
    p.hold_was = h.was;
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

MODULE_DO(appeal_cost) {
  court_case_t k;
  if (shop_court_open(c, &k, in->id) != MODULE_DONE) return MODULE_REVERTED;
  out->cost = module_word_of(court_appeal_fee(&k));
  return MODULE_DONE;
}

MODULE_DO(appeal) {
  court_case_t k;
  addr20 me;
  if (shop_court_open(c, &k, in->id) != MODULE_DONE) return MODULE_REVERTED;
  bool loser = court_is_loser(c, &k, &me);
  if (k.state == COURT_ENFORCED && k.round >= k.max_rounds)
    return MODULE_FAIL(c, last_round);
  if (shop_court_in(c, &k, in->id, COURT_APPEAL) != MODULE_DONE)
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
  shop_court_fill(&own, &k, &d, COURT_TRADE);
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
  if (shop_court_open(c, &k, in->id) != MODULE_DONE) return MODULE_REVERTED;
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
    shop_sanction_lower(c, &k.accused, 0, 0, in->id);
  shop_court_case_save(c, &k, in->id);
  shop_court_pay(c, &k.claimant, owed, in->id, COURT_WHY_OWED);
  return MODULE_DONE;
}

MODULE_DO(fund_court) {
  u128 value = shop_court_value(c);
  if (value == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (module_take(c, &court_none, value) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_court_fund_move(c, value, 0);
  return MODULE_DONE;
}

#undef ID
