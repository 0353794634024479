/* shop_court_close.c - what comes of the votes: tally, confirming round,
** default results, and the ruling carried out; see shop_court.h.
**
** Enforcing goes in phases, each as far as a call's gas goes, a second apart:
**   EFFECT  sanction, subject, mediation
**   JUDGE   each seat of each round: coherent or not, penalties taken
**   FEES    each round: its fee joins the pot, or goes back; appellants who won
**   BOND    the claimant's bond; the pot's shares
**   REWARD  each coherent seat is paid
**   END     the case is closed
** The tally needs no loop over seats: a round counts its votes as they come. */
#include "shop/shop_court_int.h"

#include <stdlib.h>

#define ID(what, name) shop_court_##what##_##name

enum { COURT_EFFECT, COURT_JUDGE, COURT_FEES, COURT_BOND, COURT_REWARD,
       COURT_END };
enum { COURT_STEP_GAS = 190000 /* a seat or a round, and what comes after */ };
enum { COURT_LEVEL_FINE = 2, COURT_LEVEL_SUSPEND, COURT_LEVEL_CLOSE,
       COURT_LEVEL_BAN = COURT_BAN_LEVEL };
enum { COURT_DAYS_WARN = 180, COURT_DAYS_FINE = 90, COURT_DAYS_SUSPEND = 30,
       COURT_DAYS_SUSPEND_MAX = 90, COURT_DAYS_CLOSE = 90,
       COURT_DAYS_BAN = 730 };

static u128 court_min(u128 a, u128 b) { return a < b ? a : b; }

/*-------------------------------------------------------------------- tally */

/* The vote at a place among the sorted ones, from 0. */
static u32 court_vote_at(const court_round_t *r, u32 place) {
  u32 seen = 0;
  for (u32 v = 0; v < 32; v++) {
    seen += r->votes.b[v];
    if (seen > place) return v;
  }
  return 0;
}
static u32 court_votes_from(const court_round_t *r, u32 level) {
  u32 cnt = 0;
  for (u32 v = level; v < 32; v++) cnt += r->votes.b[v];
  return cnt;
}

/* The level that the median means: what asks for two thirds, and the ladder. */
static u16 court_level(struct module_call *c, const court_case_t *k,
                       const court_round_t *r, u32 median) {
  u32 level = median;
  if (level >= COURT_LEVEL_SUSPEND &&
      3 * court_votes_from(r, COURT_LEVEL_SUSPEND) < 2u * r->reveals)
    level = COURT_LEVEL_FINE;
  if (k->flags & (COURT_FLAG_SEVERE | COURT_FLAG_REHEAR)) return (u16)level;
  struct court_year year = shop_court_year(c, &k->accused);
  return (u16)(level > year.highest + 2u ? year.highest + 2u : level);
}

static u16 court_result(struct module_call *c, const court_case_t *k,
                        const court_round_t *r) {
  u32 low = court_vote_at(r, (r->reveals - 1u) / 2);
  u32 high = court_vote_at(r, r->reveals / 2u);
  if (k->kind == COURT_APPEAL_CASE)
    return (u16)((low + high) / 2 * COURT_STEP_BPS);
  return k->kind == COURT_ACCUSATION ? court_level(c, k, r, low) : (u16)low;
}

static void court_enforce_begin(struct module_call *c, court_case_t *k,
                                u64 id) {
  k->phase = COURT_EFFECT;
  k->at_round = 1;
  k->at_seat = 0;
  shop_court_turn(c, k, id, COURT_ENFORCED, c->now_s + 1);
}

/* A ban by one jury alone. */
static bool court_is_bare_ban(const court_case_t *k) {
  return k->kind == COURT_ACCUSATION && k->result == COURT_LEVEL_BAN &&
         !(k->flags & COURT_FLAG_REHEAR) && !k->confirm;
}

void shop_court_default(struct module_call *c, court_case_t *k, u64 id) {
  bool rehear = k->flags & COURT_FLAG_REHEAR;
  if (k->decided == 0) {
    k->flags |= COURT_FLAG_DEFAULT;
    k->result = k->kind == COURT_APPEAL_CASE ? k->proposal
                : rehear ? COURT_LEVEL_BAN : 0;
  } else if (k->flags & COURT_FLAG_CONFIRMING || court_is_bare_ban(k)) {
    k->result = COURT_LEVEL_CLOSE;
  }
  court_enforce_begin(c, k, id);
}

/* The missing seats are drawn once more; who was silent is judged later. */
static void court_redraw(struct module_call *c, court_case_t *k,
                         court_round_t *r, u64 id) {
  r->redrawn = true;
  r->first = r->cnt;
  r->alive = r->commits = r->reveals;
  r->tries = r->seen = 0;
  k->retries = 0;
  shop_court_round_put(c, r);
  shop_court_draw_begin(c, k, id);
}

void shop_court_tally(struct module_call *c, court_case_t *k,
                      court_round_t *r, u64 id) {
  if (r->reveals == 0 || 3u * r->reveals < 2u * k->n) {
    if (!r->redrawn) {
      court_redraw(c, k, r, id);
      return;
    }
    shop_court_round_put(c, r);
    shop_court_default(c, k, id);
    return;
  }
  r->decided = true;
  r->result = k->result = court_result(c, k, r);
  k->decided = k->round;
  k->flags &= (u16)~COURT_FLAG_CONFIRMING;
  shop_court_round_put(c, r);
  MODULE_EMIT(c, ruling, .id = id, .round = k->round, .result = k->result);
  if (k->round >= k->max_rounds) {
    shop_court_unappealed(c, k, id);
    return;
  }
  shop_court_turn(c, k, id, COURT_APPEAL, c->now_s + k->appeal);
  shop_court_case_save(c, k, id);
}

void shop_court_reveal_begin(struct module_call *c, court_case_t *k,
                             court_round_t *r, u64 id) {
  if (r->commits == r->reveals) {
    shop_court_tally(c, k, r, id);
    return;
  }
  shop_court_round_put(c, r);
  shop_court_turn(c, k, id, COURT_REVEAL, c->now_s + k->reveal);
}

void shop_court_round_begin(struct module_call *c, court_case_t *k, u64 id,
                            u8 n, u128 fee, u128 from_fund,
                            const addr20 *appellant) {
  k->round++;
  k->n = n;
  k->retries = 0;
  court_round_t r = {.case_id = id, .round = k->round, .n = n, .fee = fee,
                     .from_fund = from_fund, .appellant = *appellant};
  shop_court_round_put(c, &r);
}

/* A ban needs the word of a second, larger jury: from the bond, then the
** fund. */
static bool court_confirm(struct module_call *c, court_case_t *k, u64 id) {
  u32 n = 2u * k->n + 1;
  u128 need = n * k->juror_fee, from_bond = court_min(k->bond, need);
  if (n > UINT8_MAX || shop_court_fund_get(c) < need - from_bond) return false;
  k->bond -= from_bond;
  k->fees_paid += from_bond;
  shop_court_fund_move(c, 0, need - from_bond);
  k->confirm = true;
  k->flags |= COURT_FLAG_CONFIRMING;
  shop_court_round_begin(c, k, id, (u8)n, need, need - from_bond, &court_none);
  shop_court_draw_begin(c, k, id);
  return true;
}

void shop_court_unappealed(struct module_call *c, court_case_t *k, u64 id) {
  bool ban = court_is_bare_ban(k);
  if (ban && court_confirm(c, k, id)) return;
  if (ban) k->result = COURT_LEVEL_CLOSE;
  court_enforce_begin(c, k, id);
}

/*------------------------------------------------------------------- effect */

/* Seconds. */
static u64 court_lasts(u16 level, struct court_year year) {
  static const u32 days[] = {0, COURT_DAYS_WARN, COURT_DAYS_FINE, 0,
                             COURT_DAYS_CLOSE, COURT_DAYS_BAN};
  u32 n = level == COURT_LEVEL_SUSPEND ? COURT_DAYS_SUSPEND * (1 + year.count)
                                       : days[level];
  if (level == COURT_LEVEL_SUSPEND && n > COURT_DAYS_SUSPEND_MAX)
    n = COURT_DAYS_SUSPEND_MAX;
  return (u64)n * SHOP_DAY;
}

static void court_effect_accused(struct module_call *c, court_case_t *k,
                                 u64 id) {
  const struct court_subject *s =
      shop_court_subject(k->module, k->type, k->kind);
  struct court_year year = shop_court_year(c, &k->accused);
  court_panel_t p;
  shop_court_panel_get(c, &p, id);
  if (k->result < COURT_LEVEL_SUSPEND) shop_court_panel_lift(c, k, &p);
  if (k->result == 0) {
    k->fine_due = 0;
    return;
  }
  u64 lasts = court_lasts(k->result, year);
  if (k->result != COURT_LEVEL_FINE) k->fine_due = 0;
  shop_court_sanctioned(c, &k->accused, (u8)k->result);
  shop_sanction_set(c, &k->accused, (u8)k->result, lasts, id, k->fine_due);
  if (k->result == COURT_LEVEL_SUSPEND && s && s->suspend)
    s->suspend(c, k->subject, &k->accused, lasts);
  if (k->result > COURT_LEVEL_SUSPEND && s && s->close)
    shop_court_fund_move(
        c, s->close(c, k->subject, &k->accused, (u8)k->result), 0);
}

/* The ban that is heard again becomes less, as long as it is in force. */
static void court_effect_rehear(struct module_call *c, court_case_t *k,
                                u64 id) {
  u64 until, days = k->result == COURT_LEVEL_CLOSE ? COURT_DAYS_CLOSE
                                                   : COURT_DAYS_SUSPEND;
  u8 was = shop_sanction_of(c, &until, &k->claimant);
  if (was != COURT_LEVEL_BAN || k->result >= COURT_LEVEL_BAN ||
      shop_sanction_case(c, &k->claimant) != k->origin)
    return;
  shop_sanction_lower(c, &k->claimant,
                      k->result < COURT_LEVEL_SUSPEND ? 0 : (u8)k->result,
                      days * SHOP_DAY, id);
}

static void court_effect(struct module_call *c, court_case_t *k, u64 id) {
  MODULE_EMIT(c, ruling, .id = id, .round = k->round, .result = k->result,
              .isFinal = true);
  if (k->flags & COURT_FLAG_REHEAR) {
    court_effect_rehear(c, k, id);
  } else if (k->kind == COURT_ACCUSATION) {
    court_effect_accused(c, k, id);
  } else {
    const struct court_subject *s =
        shop_court_subject(k->module, k->type, k->kind);
    if (s && s->ruled)
      s->ruled(c, k->kind == COURT_APPEAL_CASE ? k->origin : k->subject,
               k->result, k->flags & COURT_FLAG_DEFAULT ? SHOP_COURT_DEFAULT
                                                        : SHOP_COURT_VOTED);
    if (k->kind == COURT_CHALLENGE && k->result && s && s->close)
      shop_court_fund_move(c, s->close(c, k->subject, &k->accused, 1), 0);
  }
  k->phase = COURT_JUDGE;
}

/*-------------------------------------------------------------------- seats */

static bool court_is_coherent(const court_case_t *k, u8 vote) {
  int result = k->result, step = vote;
  if (k->kind == COURT_APPEAL_CASE)
    return abs(step - result / COURT_STEP_BPS) <= 2;
  return (step == 0) == (result == 0) && abs(step - result) <= 1;
}

static void court_judge_seat(struct module_call *c, court_case_t *k,
                             court_round_t *r, court_seat_t *s, u64 id) {
  court_juror_t j;
  u128 loss = 0;
  if (s->state == COURT_SEAT_LEFT || s->state == COURT_SEAT_TOLD) return;
  bool voted = s->state == COURT_SEAT_REVEALED;
  shop_court_juror_get(c, &j, &s->juror);
  if (!voted && s->index >= r->opened) {
    s->state = COURT_SEAT_LEFT;
    MODULE_EMIT(c, seat_left, .id = id, .juror = s->juror,
                .why = COURT_LEFT_GIVEN_UP);
  } else if (!voted) {
    s->state = COURT_SEAT_ABSENT;
    loss = k->lock;
    MODULE_EMIT(c, seat_left, .id = id, .juror = s->juror,
                .why = COURT_LEFT_ABSENT);
  } else if (k->decided && court_is_coherent(k, s->vote)) {
    s->state = COURT_SEAT_COHERENT;
    k->coherent++;
  } else if (k->decided) {
    s->state = COURT_SEAT_INCOHERENT;
    loss = k->penalty;
  }
  shop_court_seat_put(c, s);
  loss = court_min(loss, j.stake);
  shop_court_unseat(c, &j, &s->juror, k->lock, loss);
  r->penalty += loss;
  if (loss) shop_court_fined(c, id, &s->juror, loss);
  if (s->state == COURT_SEAT_COHERENT)
    shop_bump(c, &s->juror, SHOP_JUROR_COHERENT, 1);
  if (s->state == COURT_SEAT_ABSENT || s->state == COURT_SEAT_INCOHERENT)
    shop_bump(c, &s->juror, SHOP_JUROR_INCOHERENT, 1);
}

static void court_reward_seat(struct module_call *c, court_case_t *k,
                              court_round_t *r, court_seat_t *s, u64 id) {
  (void)r;
  if (s->state != COURT_SEAT_COHERENT) return;
  k->pot -= k->share;
  shop_court_reward(c, id, &s->juror, k->share);
}

/* Each seat of each round, as far as gas goes; the phase after the last. */
static void court_seats(struct module_call *c, court_case_t *k, u64 id,
                        void (*one)(struct module_call *c, court_case_t *k,
                                    court_round_t *r, court_seat_t *s,
                                    u64 id),
                        u8 next) {
  court_round_t r;
  court_seat_t s;
  u32 done = 0;
  for (; k->at_round <= k->round; k->at_round++, k->at_seat = 0) {
    shop_court_round_get(c, &r, id, k->at_round);
    for (; k->at_seat < r.cnt; k->at_seat++, done++) {
      if (done && (done == COURT_CALL_SEATS ||
                   evm_native_gas(c->n) < COURT_STEP_GAS)) {
        shop_court_round_put(c, &r);
        return;
      }
      shop_court_seat_get(c, &s, id, k->at_round, k->at_seat);
      one(c, k, &r, &s, id);
    }
    shop_court_round_put(c, &r);
  }
  k->phase = next;
  k->at_round = 1;
  k->at_seat = 0;
}

/*-------------------------------------------------------------------- money */

static bool court_is_claimant(const court_case_t *k, const addr20 *who) {
  return addr20_eq(who, &k->claimant);
}

/* The appellant has more by the final result than by the one he attacked. */
static bool court_has_won(const court_case_t *k, const addr20 *who, u16 was) {
  bool up = court_is_claimant(k, who);
  if (k->kind == COURT_APPEAL_CASE && !(k->flags & COURT_FLAG_BUYER)) up = !up;
  if (k->flags & COURT_FLAG_REHEAR) up = !up;
  return up ? k->result > was : k->result < was;
}

static void court_fee_back(struct module_call *c, court_case_t *k,
                           const court_round_t *r, u64 id) {
  u128 own = r->fee - r->from_fund;
  if (r->from_fund) shop_court_fund_move(c, r->from_fund, 0);
  if (!addr20_eq(&r->appellant, &court_none)) {
    shop_court_pay(c, &r->appellant, own, id, COURT_WHY_FEE);
  } else if (k->kind == COURT_APPEAL_CASE) {
    shop_court_pay(c, &k->claimant, own / 2, id, COURT_WHY_FEE);
    shop_court_pay(c, &k->accused, own - own / 2, id, COURT_WHY_FEE);
  } else {
    k->bond += own;
    k->fees_paid -= own;
  }
}

static void court_fee_repaid(struct module_call *c, court_case_t *k,
                             const court_round_t *r, u64 id) {
  court_round_t before = {.result = k->proposal};
  u128 own = r->fee - r->from_fund;
  if (addr20_eq(&r->appellant, &court_none)) return;
  if (r->round > 1) shop_court_round_get(c, &before, id, r->round - 1);
  else if (!(k->flags & COURT_FLAG_PROPOSED)) return;
  if (!court_has_won(k, &r->appellant, before.result)) return;
  u128 taken = court_min(court_min(before.penalty, own), k->pot);
  u128 more = court_min(shop_court_fund_get(c), own - taken);
  k->pot -= taken;
  if (more) shop_court_fund_move(c, 0, more);
  shop_court_pay(c, &r->appellant, taken + more, id, COURT_WHY_FEE);
}

static void court_fees(struct module_call *c, court_case_t *k, u64 id) {
  court_round_t r;
  bool first = true;
  for (; k->at_round <= k->round; k->at_round++, first = false) {
    if (!first && evm_native_gas(c->n) < COURT_STEP_GAS) return;
    shop_court_round_get(c, &r, id, k->at_round);
    k->pot += r.penalty + (r.decided ? r.fee : 0);
    if (r.decided) court_fee_repaid(c, k, &r, id);
    else court_fee_back(c, k, &r, id);
  }
  k->phase = COURT_BOND;
}

static void court_dismissed(struct module_call *c, const court_case_t *k) {
  struct shop_court_record_claimant r;
  u256 key = module_key_addr(&k->claimant);
  module_record_get(c, COURT_FIELD(claimant), &r, &key);
  u64 *at = &r.dismissed0, oldest = 0; /* the five follow each other */
  for (u32 i = 1; i < 5; i++)
    if (at[i] < at[oldest]) oldest = i;
  at[oldest] = c->now_s;
  module_record_put(c, COURT_FIELD(claimant), &key, &r);
}

static void court_bond_lost(struct module_call *c, court_case_t *k, u64 id) {
  court_round_t r;
  shop_court_round_get(c, &r, id, k->decided);
  u128 half = k->bond / 2;
  if (2u * r.frivolous > r.reveals) {
    shop_court_pay(c, &k->accused, half, id, COURT_WHY_FRIVOLOUS);
    k->pot += k->bond - half;
    k->bond = 0;
  }
  if (!(k->flags & COURT_FLAG_REHEAR)) court_dismissed(c, k);
}

static void court_bond(struct module_call *c, court_case_t *k, u64 id) {
  bool rehear = k->flags & COURT_FLAG_REHEAR;
  bool upheld = rehear ? k->result < COURT_LEVEL_BAN : k->result > 0;
  if (k->decided && k->kind != COURT_APPEAL_CASE) {
    if (upheld) {
      u128 refill = court_min(shop_court_fund_get(c), k->fees_paid);
      if (refill) shop_court_fund_move(c, 0, refill);
      k->bond += refill;
      k->owed = k->fees_paid - refill;
    } else {
      court_bond_lost(c, k, id);
    }
  }
  shop_court_pay(c, &k->claimant, k->bond, id, COURT_WHY_BOND);
  k->bond = 0;
  k->share = k->coherent ? k->pot / k->coherent : 0;
  u128 rest = k->pot - k->share * k->coherent;
  if (rest) shop_court_fund_move(c, rest, 0);
  k->pot -= rest;
  k->phase = k->share ? COURT_REWARD : COURT_END;
  k->at_round = 1;
}

void shop_court_enforce_step(struct module_call *c, court_case_t *k, u64 id) {
  switch (k->phase) {
    case COURT_EFFECT: court_effect(c, k, id); break;
    case COURT_JUDGE: court_seats(c, k, id, court_judge_seat, COURT_FEES);
      break;
    case COURT_FEES: court_fees(c, k, id); break;
    case COURT_BOND: court_bond(c, k, id); break;
    case COURT_REWARD: court_seats(c, k, id, court_reward_seat, COURT_END);
      break;
    default:
      shop_court_release(c, k);
      shop_court_turn(c, k, id, COURT_CLOSED, 0);
      shop_court_case_save(c, k, id);
      return;
  }
  shop_court_arm(c, k, id, c->now_s + 1);
}
#undef ID
