/* shop_mediation.c - module 0x..1014, Mediation: the cases; see mediation.def.
** Mediators are in shop_mediator.c.
**
** Case (key: id); who is expected to act; deadline -> automatic exit
**   none         open (a party of the subject), with his deposit
**                                               -> Negotiation, subject locked
**   Negotiation  respondent; negotiate          -> Choosing when he joined or
**                made an offer; silent: by default (below)
**     join (his deposit); escalate (both in, after 48 h) -> Choosing
**   Choosing     both; choose                   -> Invited, by draw; without
**                the respondent's deposit: by default
**     join; prefer (up to 3 names), strike (one); a name of both, with both
**     deposits -> Invited.  The mediator that the listing prefers counts for
**     both: one that names him has him, and he comes before the draw.
**     Flag Drawing: 30 s, then each 10 s until the blocks of the draw are
**     there; up to 64 of the pool are looked at, one a second (32 indices, as
**     some are nobody's); the first eligible one -> Invited, none -> AtCourt
**   Invited      mediator; invite               -> Choosing, drawing; after
**                three invitations AtCourt
**     acceptCase -> Evidence; declineCase: as at the deadline
**   Evidence     both; evidence                 -> Proposing
**     submit (20 each); rest (both: Proposing)
**   Proposing    mediator; propose              -> he loses the fee from his
**                bond, half to each; once Choosing, drawing, then AtCourt
**     propose -> Proposed
**   Proposed     both; answer                   -> Settled* as proposed
**     agree (both: Settled*); reject, with the court's fee -> AtCourt
**   AtCourt      the court; its ruling          -> Settled*
**   Negotiation .. Proposed   offer; acceptOffer -> Settled* as offered
**   ToCourt      the chain; 1 s: the case is filed     -> AtCourt
**   Ending       the chain; 1 s: the order is settled  -> Paying
**   Paying       the chain; 1 s: deposits, fee         -> Settled*
**   A party's call settles at once; a deadline's and the court's go through
**   Ending and Paying, as each may use only so much.
** By default: the buyer opened: Settled* at the lesser of his demand and his
** last offer (so that nobody asks little, and more when nobody looks); the
** seller opened: Dropped*, the order's own clock runs on, and he opens no other
** dispute of it.
**
** Money: each side's deposit is half of fee_cap, rounded up, in CMT.  The
** mediator has half of his fee when they settle by offer from Evidence on, all
** of it from Proposed on; of a ruling all when it is within 1,000 bps of his
** proposal, or came by default, else half.  The buyer's part of it is
** fee_on_buyer_bps (by offer: half), as far as the deposits bear it; the rest
** of the deposits goes back.  Without a mediator the opener's deposit pays the
** court, what lacks the court's fund, then the other deposit.
**
** Invariants: one open case of a subject and part, none of a part while the
** whole has one; deposits + bonds + claims = what is accounted; every case ends
** within the sum of its deadlines and the court's; silence gives a seller
** nothing; no mediator has traded with a party. */
#include "shop/shop_court.h"
#include "shop/shop_mediation_part.h"
#include "shop/shop_orders.h"

#define ID(what, name) shop_mediation_##what##_##name
#define MODULE_PUBLIC(what, name) shop_mediation_##what##_##name
#include "module/pass_param.inc"
#include "shop/mediation.def"
static const struct module_row med_rows[] = {
#include "module/pass_row.inc"
#include "shop/mediation.def"
};
#include "module/pass_end.inc"
#define TABLE(name) &shop_mediation_table_##name
#define SETTING(name) module_setting_get(c, shop_mediation_param_##name)
#define SETTING_MONEY(name) \
  module_setting_money(c, shop_mediation_param_##name)

enum { MED_NEGOTIATION = 1, MED_CHOOSING, MED_INVITED, MED_EVIDENCE,
       MED_PROPOSING, MED_PROPOSED, MED_AT_COURT, MED_SETTLED, MED_DROPPED,
       MED_ENDING, MED_PAYING, MED_TO_COURT };
enum { /* flags of a case */
  MED_JOINED = 1, MED_COUNTERED = 2, MED_BY_SELLER = 4, MED_DRAWING = 8,
  MED_RESTED_A = 16, MED_RESTED_B = 32, MED_VANISHED = 64, MED_AGREED_A = 128,
  MED_AGREED_B = 256
};
enum { MED_BY_OFFER = 1, MED_BY_SILENCE, MED_BY_AGREEMENT,
       MED_BY_NO_ANSWER, MED_BY_JURY, MED_BY_COURT_DEFAULT };
enum { MED_NO_OFFER = 65535, MED_BPS = 10000, MED_NEAR_BPS = 1000,
       MED_TRIES = 3, MED_EVIDENCE_MAX = 20, MED_ESCALATE_S = 172800,
       MED_PROBES = 64, MED_INDICES = 8192, MED_CALL_INDICES = 32 };
#define MED_BIT(state) (1u << (state))
#define MED_TALKING (MED_BIT(MED_NEGOTIATION) | MED_BIT(MED_CHOOSING) | \
                     MED_BIT(MED_INVITED) | MED_BIT(MED_EVIDENCE) | \
                     MED_BIT(MED_PROPOSING) | MED_BIT(MED_PROPOSED))

static bool med_timer(struct module_call *c, u8 type, const u256 *key);
static u8 med_owner_of(u8 type, const struct module_header *h) {
  static const u8 role[] = {
    [MED_CHOOSING] = MODULE_ROLE_OWNER, [MED_INVITED] = MODULE_ROLE_MEDIATOR,
    [MED_EVIDENCE] = MODULE_ROLE_OWNER,
    [MED_PROPOSING] = MODULE_ROLE_MEDIATOR,
    [MED_PROPOSED] = MODULE_ROLE_OWNER, [MED_AT_COURT] = MODULE_ROLE_MODULE,
    [MED_ENDING] = MODULE_ROLE_TIMER, [MED_PAYING] = MODULE_ROLE_TIMER,
    [MED_TO_COURT] = MODULE_ROLE_TIMER};
  if (type == MED_MEDIATOR) return MODULE_ROLE_OWNER;
  if (h->state == MED_NEGOTIATION)
    return h->flags & MED_BY_SELLER ? MODULE_ROLE_BUYER : MODULE_ROLE_SELLER;
  return h->state < ARRAY_LEN(role) ? role[h->state] : 0;
}
const struct module_def shop_mediation = {
  .name = "Mediation", .text = "Mediation, conflicts settled by peers",
  .number = 0x1014, .row = med_rows, .row_cnt = ARRAY_LEN(med_rows),
  .base = &module_common, .timer = med_timer, .owner_of = med_owner_of,
  .controller_of = shop_controller_of};

/*------------------------------------------------------------------ records */

static void med_get(struct module_call *c, med_case_t *k, u64 id) {
  u256 key = u256_from(id);
  module_record_get(c, TABLE(case), k, &key);
}
static void med_put(struct module_call *c, med_case_t *k, u64 id) {
  u256 key = u256_from(id);
  k->updated = c->now_s;
  module_record_put(c, TABLE(case), &key, k);
  MODULE_EMIT(c, case_saved, .id = id, .opener = k->opener,
              .respondent = k->respondent,
              .record = module_record_bytes(c, TABLE(case), &key, k));
}
static void med_turn(struct module_call *c, med_case_t *k, u64 id, u8 state,
                     u64 deadline) {
  u256 key = u256_from(id);
  k->state = state;
  module_timer_set(c, (struct module_header *)k, MED_CASE, &key, deadline);
  med_put(c, k, id);
}
static const addr20 *med_buyer(const med_case_t *k) {
  return k->flags & MED_BY_SELLER ? &k->respondent : &k->opener;
}
static const addr20 *med_seller(const med_case_t *k) {
  return k->flags & MED_BY_SELLER ? &k->opener : &k->respondent;
}

static u256 med_subject_get(struct module_call *c,
                            struct shop_mediation_record_subject *s,
                            u16 module, u64 subject, u8 sub) {
  u256 part[3] = {u256_from(module), u256_from(subject), u256_from(sub)}, key;
  module_key_of(&key, part, 3);
  module_record_get(c, TABLE(subject), s, &key);
  s->module = module;
  s->subject = subject;
  s->sub = sub;
  return key;
}
static u256 med_pair_key(u64 id, const addr20 *who) {
  u256 part[2] = {u256_from(id), module_key_addr(who)}, key;
  module_key_of(&key, part, 2);
  return key;
}

/* The case in one of these states, for the sender as a party of it; b: he is
** the respondent. */
static enum module_end med_open(struct module_call *c, med_case_t *k, u64 id,
                                bool *b, u32 states) {
  med_get(c, k, id);
  if (k->state == 0) return shop_missing(c, MED_CASE, u256_from(id));
  bool a = shop_acts_for(c, &k->opener, SHOP_MEDIATE);
  *b = !a;
  if (!a && !shop_acts_for(c, &k->respondent, SHOP_MEDIATE))
    return shop_refused(c);
  if (!(states >> k->state & 1))
    return shop_wrong(c, MED_CASE, u256_from(id), k->state);
  return MODULE_DONE;
}
/* .. for the sender as its mediator. */
static enum module_end med_duty(struct module_call *c, med_case_t *k, u64 id,
                                u8 state) {
  med_get(c, k, id);
  if (k->state == 0) return shop_missing(c, MED_CASE, u256_from(id));
  if (shop_is_none(&k->mediator) ||
      !shop_acts_for(c, &k->mediator, SHOP_MEDIATE))
    return MODULE_FAIL(c, not_appointed);
  if (k->state != state)
    return shop_wrong(c, MED_CASE, u256_from(id), k->state);
  return MODULE_DONE;
}
static enum module_end med_once(struct module_call *c, med_case_t *k, u16 flag,
                                const char *what) {
  hash32 name = {{0}};
  memcpy(name.b, what, strlen(what));
  if (k->flags & flag) return MODULE_FAIL_COMMON(c, duplicate, .what = name);
  k->flags |= flag;
  return MODULE_DONE;
}

/*-------------------------------------------------------------------- money */

static u128 med_fee_cap(struct module_call *c, const addr20 *token,
                        u128 held) {
  u128 least = SETTING_MONEY(feeMin), most = SETTING_MONEY(feeMax);
  if (!module_is_cmt(token)) return SETTING_MONEY(feeOther);
  u128 cap = shop_share(held, SETTING(feeBps), MED_BPS);
  if (cap < least) cap = least;
  return cap < most ? cap : most;
}

/* Out of the deposits: the mediator's fee, the rest back to who gave it. */
static void med_pay_out(struct module_call *c, med_case_t *k, u64 id,
                        u128 fee) {
  bool by_seller = k->flags & MED_BY_SELLER;
  u128 buyer = by_seller ? k->deposit_b : k->deposit_a;
  u128 seller = by_seller ? k->deposit_a : k->deposit_b;
  u128 part = shop_share(fee, k->fee_on_buyer_bps, MED_BPS);
  u256 key = u256_from(id);
  if (part > buyer) part = buyer;
  if (fee - part > seller) part = fee - seller;
  MUST(part <= buyer || evm_native_gas(c->n) == 0);
  k->deposit_a = k->deposit_b = 0;
  module_pay(c, &shop_none, &k->mediator, fee, MED_CASE, &key, MED_WHY_FEE);
  module_pay(c, &shop_none, med_buyer(k), buyer - part, MED_CASE, &key,
             MED_WHY_DEPOSIT);
  module_pay(c, &shop_none, med_seller(k), seller - (fee - part), MED_CASE,
             &key, MED_WHY_DEPOSIT);
}

static void med_close_subject(struct module_call *c, const med_case_t *k,
                              bool dropped) {
  struct shop_mediation_record_subject s;
  u256 key = med_subject_get(c, &s, k->module, k->subject, k->sub);
  s.open_case = 0;
  s.dropped |= dropped;
  module_record_put(c, TABLE(subject), &key, &s);
}

static void med_reputation(struct module_call *c, const med_case_t *k) {
  bool ruled = k->how == MED_BY_SILENCE || k->how >= MED_BY_JURY;
  if (!ruled) {
    shop_bump(c, &k->opener, SHOP_DISPUTES_SETTLED, 1);
    shop_bump(c, &k->respondent, SHOP_DISPUTES_SETTLED, 1);
  } else if (k->result_bps != MED_BPS / 2) { /* whose share is the lesser */
    shop_bump(c, k->result_bps > MED_BPS / 2 ? med_seller(k) : med_buyer(k),
              SHOP_DISPUTES_LOST, 1);
  }
  if (!shop_is_none(&k->mediator)) shop_bump(c, &k->mediator, SHOP_MEDIATED, 1);
}

/* What the mediator has of his fee, and what it does to his record. */
static u128 med_fee(const med_case_t *k, u8 state, enum shop_med_end *end) {
  u16 off = k->result_bps > k->proposal_bps ? k->result_bps - k->proposal_bps
                                            : k->proposal_bps - k->result_bps;
  *end = MED_ENDED_SETTLED;
  if (k->how == MED_BY_OFFER)
    return state == MED_PROPOSED ? k->fee : k->fee / 2;
  if (k->how != MED_BY_JURY || off <= MED_NEAR_BPS) return k->fee;
  *end = MED_ENDED_OVERTURNED;
  return k->fee / 2;
}
/* The order is settled: deposits, fee, records.  state: of the case before. */
static void med_close(struct module_call *c, med_case_t *k, u64 id, u8 state) {
  enum shop_med_end end;
  u128 fee = med_fee(k, state, &end);
  med_pay_out(c, k, id, fee);
  if (!shop_is_none(&k->mediator))
    shop_mediator_free(c, &k->mediator, k->fee, end, 0);
  med_close_subject(c, k, false);
  med_turn(c, k, id, MED_SETTLED, 0);
  MODULE_EMIT(c, settled, .id = id, .buyerBps = k->result_bps, .how = k->how);
  med_reputation(c, k);
}
static void med_result(med_case_t *k, u16 bps, u8 how) {
  if (k->state < MED_EVIDENCE) { /* nobody has accepted it */
    k->mediator = shop_none;
    k->fee = 0;
  }
  k->result_bps = bps;
  k->how = how;
}
/* In a party's call, at once. */
static void med_settle(struct module_call *c, med_case_t *k, u64 id, u16 bps,
                       u8 how) {
  u8 state = k->state;
  med_result(k, bps, how);
  shop_order_settle(c, k->subject, k->sub, bps);
  med_close(c, k, id, state);
}
/* At a deadline or by the court: what is to be done is more than one deadline
** may use, so the order is settled a second later, the rest after that. */
static void med_end(struct module_call *c, med_case_t *k, u64 id, u16 bps,
                    u8 how) {
  med_result(k, bps, how);
  med_turn(c, k, id, MED_ENDING, c->now_s + 1);
}

/* Nobody answered the opener. */
static void med_fall_back(struct module_call *c, med_case_t *k, u64 id) {
  if (!(k->flags & MED_BY_SELLER)) {
    u16 bps = k->offer_a < k->demand_bps ? k->offer_a : k->demand_bps;
    med_end(c, k, id, bps, MED_BY_SILENCE);
    return;
  }
  med_pay_out(c, k, id, 0);
  med_close_subject(c, k, true);
  shop_order_drop(c, k->subject, k->sub);
  med_turn(c, k, id, MED_DROPPED, 0);
}

/*-------------------------------------------------------------------- court */

static enum module_end med_appeal(struct module_call *c, med_case_t *k, u64 id,
                                  const addr20 *payer, u128 fee,
                                  const hash32 *grounds) {
  bool proposed = k->state == MED_PROPOSED;
  struct shop_appeal a = {
    .mediation_case = id, .module = k->module, .subject = k->subject,
    .buyer = *med_buyer(k), .seller = *med_seller(k), .payer = *payer,
    .proposed = proposed, .proposal_bps = k->proposal_bps, .fee = fee,
    .grounds = *grounds};
  if (proposed) a.mediator = k->mediator;
  module_give(c, &shop_court, fee);
  if (shop_court_appeal(c, &a, &k->court_case) != MODULE_DONE)
    return MODULE_REVERTED;
  med_turn(c, k, id, MED_AT_COURT, 0);
  return MODULE_DONE;
}

static u128 med_least(u128 a, u128 b) { return a < b ? a : b; }

/* Nobody mediates; a second later, as filing takes most of what a deadline may
** use. */
static void med_no_mediator(struct module_call *c, med_case_t *k, u64 id) {
  k->mediator = shop_none;
  k->fee = 0;
  med_turn(c, k, id, MED_TO_COURT, c->now_s + 1);
}
/* The opener's deposit pays, then the court's fund, then the other deposit. */
static bool med_straight_to_court(struct module_call *c, med_case_t *k,
                                  u64 id) {
  u128 want = shop_court_fee(c), fund = shop_court_fund(c);
  u128 a = med_least(k->deposit_a, want);
  u128 b = want - a > fund ? med_least(k->deposit_b, want - a - fund) : 0;
  k->deposit_a -= a;
  k->deposit_b -= b;
  return med_appeal(c, k, id, b ? &shop_none : &k->opener, a + b, &k->doc) ==
         MODULE_DONE;
}

void shop_mediation_ruling(struct module_call *c, u64 mediation_case,
                           u16 buyer_bps, u8 how) {
  struct module_call own;
  med_case_t k;
  module_enter(&own, c, &shop_mediation);
  med_get(&own, &k, mediation_case);
  MUST(k.state == MED_AT_COURT || evm_native_gas(c->n) == 0);
  med_end(&own, &k, mediation_case, buyer_bps,
          how == SHOP_COURT_VOTED ? MED_BY_JURY : MED_BY_COURT_DEFAULT);
  module_leave(c);
}

/*---------------------------------------------------------------- choosing */

static void med_draw(struct module_call *c, med_case_t *k, u64 id) {
  k->flags |= MED_DRAWING;
  k->draw_height = c->height;
  k->draw_slots = shop_mediator_slots(c);
  k->draw_round++;
  k->draw_probes = 0;
  k->draw_seen = 0;
  k->mediator = shop_none;
  k->fee = 0;
  med_turn(c, k, id, MED_CHOOSING, c->now_s + SHOP_DRAW_FIRST_S);
}
/* The next one, or, after the last, the court. */
static void med_redraw(struct module_call *c, med_case_t *k, u64 id) {
  if (k->tries >= MED_TRIES) med_no_mediator(c, k, id);
  else med_draw(c, k, id);
}

static bool med_was_invited(struct module_call *c, u64 id, const addr20 *who) {
  struct shop_mediation_record_invited r;
  u256 key = med_pair_key(id, who);
  module_record_get(c, TABLE(invited), &r, &key);
  return r.was;
}
static u8 med_why_not(struct module_call *c, mediator_t *m,
                      const med_case_t *k, u64 id, const addr20 *who) {
  if (med_was_invited(c, id, who)) return MED_WAS_INVITED;
  return shop_mediator_why_not(c, m, k, who);
}
/* He is, when he is eligible. */
static bool med_invite(struct module_call *c, med_case_t *k, u64 id,
                       const addr20 *who) {
  mediator_t m;
  if (shop_is_none(who) || med_why_not(c, &m, k, id, who) != 0) return false;
  struct shop_mediation_record_invited r = {id, true, *who};
  u256 key = med_pair_key(id, who);
  module_record_put(c, TABLE(invited), &key, &r);
  k->flags &= (u16)~MED_DRAWING;
  k->mediator = *who;
  k->fee = m.fee;
  k->tries++;
  med_turn(c, k, id, MED_INVITED, c->now_s + k->invite);
  return true;
}

static bool med_named(const med_case_t *k, bool b, const addr20 *who) {
  const addr20 *list = b ? &k->prefs_b0 : &k->prefs_a0;
  return addr20_eq(who, &list[0]) || addr20_eq(who, &list[1]) ||
         addr20_eq(who, &list[2]);
}
/* A name that both have, when both deposits are in. */
static bool med_common(struct module_call *c, med_case_t *k, u64 id) {
  if (!(k->flags & MED_JOINED)) return false;
  for (u32 i = 0; i < 3; i++) {
    addr20 a = (&k->prefs_a0)[i], b = (&k->prefs_b0)[i];
    if ((med_named(k, true, &a) || addr20_eq(&a, &k->preferred)) &&
        med_invite(c, k, id, &a))
      return true;
    if (addr20_eq(&b, &k->preferred) && med_invite(c, k, id, &b)) return true;
  }
  return false;
}

/* The i-th of n in the draw's order: of up to MED_PROBES each comes once, of
** more each time any. */
static u32 med_pick(struct module_call *c, const u256 *seed, u32 i, u32 n) {
  u8 order[MED_PROBES];
  u64 counter = 0;
  if (n > MED_PROBES) {
    counter = (u64)i << 32;
    return (u32)shop_draw_index(c, seed, &counter, n);
  }
  for (u32 k = 0; k < n; k++) order[k] = (u8)k;
  for (u32 k = 0;; k++) {
    u32 other = k + (u32)shop_draw_index(c, seed, &counter, n - k);
    u8 picked = order[other];
    order[other] = order[k];
    if (k == i) return picked;
  }
}
static void med_draw_on(struct module_call *c, med_case_t *k, u64 id) {
  u256 seed;
  addr20 who = shop_none;
  u32 n = k->draw_slots, most = n <= MED_PROBES ? n : MED_INDICES;
  enum shop_draw_is is =
      shop_draw_seed(c, &seed, k->draw_height, id, k->draw_round);
  if (is == SHOP_DRAW_GONE) {
    med_draw(c, k, id);
    return;
  }
  if (is == SHOP_DRAW_EARLY) {
    med_turn(c, k, id, MED_CHOOSING, c->now_s + SHOP_DRAW_AGAIN_S);
    return;
  }
  if (k->draw_probes >= most || k->draw_seen >= MED_PROBES) {
    med_no_mediator(c, k, id);
    return;
  }
  for (u32 i = 0; i < MED_CALL_INDICES && k->draw_probes < most &&
                  shop_is_none(&who); i++)
    who = shop_mediator_at(c, med_pick(c, &seed, k->draw_probes++, n),
                           k->draw_height);
  k->draw_seen += !shop_is_none(&who);
  if (!med_invite(c, k, id, &who))
    med_turn(c, k, id, MED_CHOOSING, c->now_s + 1);
}

/*------------------------------------------------------------- the parties */

MODULE_DO(open) {
  struct shop_dispute d;
  struct shop_mediation_record_subject s;
  if (in->module != shop_orders.number)
    return MODULE_FAIL(c, not_disputable, .why = SHOP_WHY_SUBJECT);
  if (!shop_order_dispute(c, &d, in->subject, in->sub))
    return shop_missing(c, 1, u256_from(in->subject));
  bool buyer = shop_acts_for(c, &d.buyer, SHOP_MEDIATE);
  if (!buyer && !shop_acts_for(c, &d.seller, SHOP_MEDIATE))
    return shop_refused(c);
  u8 why = buyer ? d.why_buyer : d.why_seller;
  u256 subject = med_subject_get(c, &s, in->module, in->subject, in->sub);
  if (why == SHOP_WHY_DISPUTED) return MODULE_FAIL(c, already_disputed);
  if (!buyer && s.dropped) why = SHOP_WHY_DROPPED;
  if (why) return MODULE_FAIL(c, not_disputable, .why = why);
  if (in->demandBps > MED_BPS) return MODULE_FAIL(c, bad_bps);
  med_case_t k = {
    .layout = 1, .flags = buyer ? 0 : MED_BY_SELLER, .created = c->now_s,
    .sub = in->sub, .module = in->module, .subject = in->subject,
    .opener = buyer ? d.buyer : d.seller,
    .respondent = buyer ? d.seller : d.buyer, .reason = in->reason,
    .demand_bps = in->demandBps, .offer_a = in->demandBps,
    .offer_b = MED_NO_OFFER, .token = d.token, .category = d.category,
    .held = d.held, .fee_cap = med_fee_cap(c, &d.token, d.held),
    .preferred = d.mediator, .doc = in->doc, .fee_on_buyer_bps = MED_BPS / 2,
    .negotiate = (u32)SETTING(negotiate), .choose = (u32)SETTING(choose),
    .invite = (u32)SETTING(invite), .evidence = (u32)SETTING(evidence),
    .propose = (u32)SETTING(propose), .answer = (u32)SETTING(answer),
    .rate_window = (u32)SETTING(rateWindow)};
  k.deposit_a = (k.fee_cap + 1) / 2;
  if (module_take(c, &shop_none, k.deposit_a) != MODULE_DONE)
    return MODULE_REVERTED;
  out->id = module_id_next(c, MED_CASE);
  s.open_case = out->id;
  module_record_put(c, TABLE(subject), &subject, &s);
  shop_order_lock(c, in->subject, in->sub);
  med_turn(c, &k, out->id, MED_NEGOTIATION, c->now_s + k.negotiate);
  MODULE_EMIT(c, offer_made, .id = out->id, .by = k.opener,
              .buyerBps = in->demandBps);
  return MODULE_DONE;
}

MODULE_DO(join) {
  med_case_t k;
  bool b;
  if (med_open(c, &k, in->id, &b,
               MED_BIT(MED_NEGOTIATION) | MED_BIT(MED_CHOOSING)) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  if (!b) return shop_refused(c);
  if (med_once(c, &k, MED_JOINED, "join") != MODULE_DONE)
    return MODULE_REVERTED;
  k.deposit_b = (k.fee_cap + 1) / 2;
  if (module_take(c, &shop_none, k.deposit_b) != MODULE_DONE)
    return MODULE_REVERTED;
  if (k.state == MED_NEGOTIATION || !med_common(c, &k, in->id))
    med_put(c, &k, in->id);
  return MODULE_DONE;
}

MODULE_DO(offer) {
  med_case_t k;
  bool b;
  if (med_open(c, &k, in->id, &b, MED_TALKING) != MODULE_DONE)
    return MODULE_REVERTED;
  if (in->buyerBps > MED_BPS) return MODULE_FAIL(c, bad_bps);
  if (b) k.offer_b = in->buyerBps;
  else k.offer_a = in->buyerBps;
  if (b) k.flags |= MED_COUNTERED;
  med_put(c, &k, in->id);
  MODULE_EMIT(c, offer_made, .id = in->id,
              .by = b ? k.respondent : k.opener, .buyerBps = in->buyerBps);
  return MODULE_DONE;
}

MODULE_DO(accept_offer) {
  med_case_t k;
  bool b;
  if (med_open(c, &k, in->id, &b, MED_TALKING) != MODULE_DONE)
    return MODULE_REVERTED;
  u16 current = b ? k.offer_a : k.offer_b;
  if (current == MED_NO_OFFER || current != in->buyerBps)
    return MODULE_FAIL(c, offer_mismatch, .current = current);
  k.fee_on_buyer_bps = MED_BPS / 2;
  med_settle(c, &k, in->id, in->buyerBps, MED_BY_OFFER);
  return MODULE_DONE;
}

MODULE_DO(escalate) {
  med_case_t k;
  bool b;
  if (med_open(c, &k, in->id, &b, MED_BIT(MED_NEGOTIATION)) != MODULE_DONE)
    return MODULE_REVERTED;
  u64 from = k.created + MED_ESCALATE_S;
  if (c->now_s < from)
    return MODULE_FAIL_COMMON(c, too_early, .notBefore = from);
  if (!(k.flags & MED_JOINED)) return MODULE_FAIL(c, deposit_missing);
  med_turn(c, &k, in->id, MED_CHOOSING, c->now_s + k.choose);
  return MODULE_DONE;
}

/* Choosing, and not drawing. */
static enum module_end med_choosing(struct module_call *c, med_case_t *k,
                                    u64 id, bool *b) {
  if (med_open(c, k, id, b, MED_BIT(MED_CHOOSING)) != MODULE_DONE)
    return MODULE_REVERTED;
  if (k->flags & MED_DRAWING)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = k->updated);
  if (*b && !(k->flags & MED_JOINED))
    return MODULE_FAIL(c, deposit_missing);
  return MODULE_DONE;
}
MODULE_DO(prefer) {
  med_case_t k;
  mediator_t m;
  bool b;
  if (med_choosing(c, &k, in->id, &b) != MODULE_DONE) return MODULE_REVERTED;
  if (in->names.cnt > 3) return shop_many(c, "names", 3);
  addr20 *list = b ? &k.prefs_b0 : &k.prefs_a0;
  memset(list, 0, 3 * sizeof *list);
  for (u32 i = 0; i < in->names.cnt; i++) {
    module_list_addr(&list[i], &in->names, i);
    u8 why = med_why_not(c, &m, &k, in->id, &list[i]);
    if (why) return MODULE_FAIL(c, not_eligible, .why = why);
  }
  if (!med_common(c, &k, in->id)) med_put(c, &k, in->id);
  return MODULE_DONE;
}
MODULE_DO(strike) {
  med_case_t k;
  bool b;
  if (med_choosing(c, &k, in->id, &b) != MODULE_DONE) return MODULE_REVERTED;
  addr20 *struck = b ? &k.struck_b : &k.struck_a;
  if (shop_is_nobody(&in->name)) return MODULE_FAIL_COMMON(c, bad_address);
  if (!shop_is_none(struck))
    return MODULE_FAIL_COMMON(c, duplicate, .what = {"strike"});
  *struck = in->name;
  med_put(c, &k, in->id);
  return MODULE_DONE;
}

MODULE_DO(submit) {
  med_case_t k;
  bool b;
  if (med_open(c, &k, in->id, &b, MED_BIT(MED_EVIDENCE)) != MODULE_DONE)
    return MODULE_REVERTED;
  u8 *cnt = b ? &k.evidence_b : &k.evidence_a;
  if (*cnt >= MED_EVIDENCE_MAX)
    return shop_many(c, "evidence", MED_EVIDENCE_MAX);
  u8 n = k.evidence_a + k.evidence_b;
  struct shop_mediation_record_evidence e = {
    .case_id = in->id, .n = n, .kind = in->kind,
    .party = b ? k.respondent : k.opener, .content = in->content};
  u256 part[2] = {u256_from(in->id), u256_from(n)}, key;
  module_key_of(&key, part, 2);
  module_record_put(c, TABLE(evidence), &key, &e);
  ++*cnt;
  med_put(c, &k, in->id);
  MODULE_EMIT(c, evidence_added, .id = in->id, .by = e.party,
              .content = in->content, .kind = in->kind);
  return MODULE_DONE;
}
MODULE_DO(rest) {
  med_case_t k;
  bool b;
  u16 both = MED_RESTED_A | MED_RESTED_B;
  if (med_open(c, &k, in->id, &b, MED_BIT(MED_EVIDENCE)) != MODULE_DONE ||
      med_once(c, &k, b ? MED_RESTED_B : MED_RESTED_A, "rest") != MODULE_DONE)
    return MODULE_REVERTED;
  if ((k.flags & both) == both)
    med_turn(c, &k, in->id, MED_PROPOSING, c->now_s + k.propose);
  else
    med_put(c, &k, in->id);
  return MODULE_DONE;
}

MODULE_DO(agree) {
  med_case_t k;
  bool b;
  u16 both = MED_AGREED_A | MED_AGREED_B;
  if (med_open(c, &k, in->id, &b, MED_BIT(MED_PROPOSED)) != MODULE_DONE ||
      med_once(c, &k, b ? MED_AGREED_B : MED_AGREED_A, "agree") != MODULE_DONE)
    return MODULE_REVERTED;
  if ((k.flags & both) == both)
    med_settle(c, &k, in->id, k.proposal_bps, MED_BY_AGREEMENT);
  else
    med_put(c, &k, in->id);
  return MODULE_DONE;
}
MODULE_DO(reject) {
  med_case_t k;
  bool b;
  if (med_open(c, &k, in->id, &b, MED_BIT(MED_PROPOSED)) != MODULE_DONE ||
      med_once(c, &k, b ? MED_AGREED_B : MED_AGREED_A, "agree") != MODULE_DONE)
    return MODULE_REVERTED;
  k.flags &= (u16)~(b ? MED_AGREED_B : MED_AGREED_A);
  u128 fee = shop_court_fee(c);
  if (module_take(c, &shop_none, fee) != MODULE_DONE) return MODULE_REVERTED;
  return med_appeal(c, &k, in->id, b ? &k.respondent : &k.opener, fee,
                    &in->grounds);
}

MODULE_DO(rate) {
  med_case_t k;
  struct shop_mediation_record_rating r;
  bool b;
  if (med_open(c, &k, in->id, &b, MED_BIT(MED_SETTLED)) != MODULE_DONE)
    return MODULE_REVERTED;
  if (shop_is_none(&k.mediator)) return MODULE_FAIL(c, not_appointed);
  addr20 by = b ? k.respondent : k.opener;
  u64 until = k.updated + k.rate_window;
  u256 key = med_pair_key(in->id, &by);
  module_record_get(c, TABLE(rating), &r, &key);
  if (r.stars) return MODULE_FAIL(c, already_rated);
  if (c->now_s > until)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = until);
  if (in->stars < 1 || in->stars > 5)
    return shop_range(c, "stars", in->stars, 1, 5);
  r = (struct shop_mediation_record_rating){in->id, in->stars, by, in->note};
  module_record_put(c, TABLE(rating), &key, &r);
  shop_mediator_rated(c, &k.mediator, in->stars);
  shop_bump(c, &k.mediator, SHOP_MED_RATING_N, 1);
  shop_bump(c, &k.mediator, SHOP_MED_RATING_SUM, in->stars);
  MODULE_EMIT(c, rated, .id = in->id, .by = by, .m = k.mediator,
              .stars = in->stars, .note = in->note);
  return MODULE_DONE;
}

/*------------------------------------------------------------- the mediator */

MODULE_DO(accept_case) {
  med_case_t k;
  mediator_t m;
  if (med_duty(c, &k, in->id, MED_INVITED) != MODULE_DONE)
    return MODULE_REVERTED;
  u8 why = shop_mediator_why_not(c, &m, &k, &k.mediator);
  if (why) return MODULE_FAIL(c, not_eligible, .why = why);
  k.fee = med_least(k.fee, m.fee); /* terms may have changed since */
  shop_mediator_bind(c, &k.mediator, k.fee);
  med_turn(c, &k, in->id, MED_EVIDENCE, c->now_s + k.evidence);
  MODULE_EMIT(c, appointed, .id = in->id, .m = k.mediator,
              .fee = module_word_of(k.fee));
  return MODULE_DONE;
}
MODULE_DO(decline_case) {
  med_case_t k;
  if (med_duty(c, &k, in->id, MED_INVITED) != MODULE_DONE)
    return MODULE_REVERTED;
  med_redraw(c, &k, in->id);
  return MODULE_DONE;
}
MODULE_DO(propose) {
  med_case_t k;
  if (med_duty(c, &k, in->id, MED_PROPOSING) != MODULE_DONE)
    return MODULE_REVERTED;
  if (in->buyerBps > MED_BPS || in->feeOnBuyerBps > MED_BPS)
    return MODULE_FAIL(c, bad_bps);
  k.proposal_bps = in->buyerBps;
  k.fee_on_buyer_bps = in->feeOnBuyerBps;
  med_turn(c, &k, in->id, MED_PROPOSED, c->now_s + k.answer);
  MODULE_EMIT(c, proposed, .id = in->id, .buyerBps = in->buyerBps,
              .feeOnBuyerBps = in->feeOnBuyerBps, .reasons = in->reasons);
  return MODULE_DONE;
}
/* He did not propose. */
static void med_vanished(struct module_call *c, med_case_t *k, u64 id) {
  u256 key = u256_from(id);
  u128 lost = shop_mediator_free(c, &k->mediator, k->fee, MED_ENDED, k->fee);
  bool again = k->flags & MED_VANISHED;
  module_pay(c, &shop_none, med_buyer(k), lost / 2, MED_CASE, &key,
             MED_WHY_PENALTY);
  module_pay(c, &shop_none, med_seller(k), lost - lost / 2, MED_CASE, &key,
             MED_WHY_PENALTY);
  k->flags |= MED_VANISHED;
  k->flags &= (u16)~(MED_RESTED_A | MED_RESTED_B);
  if (again) med_no_mediator(c, k, id);
  else med_draw(c, k, id);
}

/*------------------------------------------------------ views and deadlines */

MODULE_DO(eligible) {
  med_case_t k;
  mediator_t m;
  med_get(c, &k, in->id);
  if (k.state == 0) return shop_missing(c, MED_CASE, u256_from(in->id));
  out->why = med_why_not(c, &m, &k, in->id, &in->m);
  out->may = out->why == 0;
  return MODULE_DONE;
}
MODULE_DO(case_of) {
  med_case_t k;
  u256 key = u256_from(in->id);
  med_get(c, &k, in->id);
  if (k.state == 0) return shop_missing(c, MED_CASE, key);
  out->r = module_record_abi(c, TABLE(case), &key, &k);
  return MODULE_DONE;
}

static void med_timer_choosing(struct module_call *c, med_case_t *k, u64 id) {
  if (k->flags & MED_DRAWING) med_draw_on(c, k, id);
  else if (!(k->flags & MED_JOINED)) med_fall_back(c, k, id);
  else if (!med_invite(c, k, id, &k->preferred)) med_draw(c, k, id);
}
static bool med_timer(struct module_call *c, u8 type, const u256 *key) {
  med_case_t k;
  u64 id = key->w[0];
  if (type == MED_MEDIATOR) {
    shop_mediator_timer(c, key);
    return true;
  }
  med_get(c, &k, id);
  switch (k.state) {
    case MED_NEGOTIATION:
      if (k.flags & (MED_JOINED | MED_COUNTERED))
        med_turn(c, &k, id, MED_CHOOSING, c->now_s + k.choose);
      else
        med_fall_back(c, &k, id);
      return true;
    case MED_CHOOSING: med_timer_choosing(c, &k, id); return true;
    case MED_INVITED: med_redraw(c, &k, id); return true;
    case MED_EVIDENCE:
      med_turn(c, &k, id, MED_PROPOSING, c->now_s + k.propose);
      return true;
    case MED_PROPOSING: med_vanished(c, &k, id); return true;
    case MED_TO_COURT: return med_straight_to_court(c, &k, id);
    case MED_PROPOSED:
      med_end(c, &k, id, k.proposal_bps, MED_BY_NO_ANSWER);
      return true;
    case MED_ENDING:
      shop_order_settle(c, k.subject, k.sub, k.result_bps);
      med_turn(c, &k, id, MED_PAYING, c->now_s + 1);
      return true;
    case MED_PAYING: med_close(c, &k, id, k.state); return true;
    default: return false;
  }
}
#undef ID
#undef MODULE_PUBLIC
#undef TABLE
#undef SETTING
#undef SETTING_MONEY
#undef MED_BIT
#undef MED_TALKING
