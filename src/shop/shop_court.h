/* shop_court.h - module 0x..1015, Court: users examine accusations and appeals
** and rule by vote (SPEC-commerce 7).  Here: its states, and what other modules
** ask it.
**
** Case (key: id); who is expected to act; deadline -> automatic exit
**   none       accuse, challenge            -> Filed
**              Mediation's appeal, rehear   -> Evidence
**   Filed      accused; reply               -> Evidence
**     reply -> Evidence; withdrawCase -> Closed*, bond back
**   Evidence   both; evidence (an appeal's round: appealEvidence) -> Drawing
**     submit
**   Drawing    the chain: 30 s after it began, then each 10 s until the height
**              is above r + 5, with keccak256(beacon(r+2) .. beacon(r+5),
**              module, id, round), a few seats a call  -> Commit
**     pool too small: again after 24 h, three times -> Enforced by default
**   Commit     jurors; commit               -> Reveal
**     commit (all: Reveal, ten minutes after the last tip at the earliest);
**     tip, a minute later snitch; declineSeat (24 h, once in 90 days: the next
**     index replaces)
**   Reveal     jurors; reveal               -> tally
**     reveal (all: tally).  Tally: fewer than 2n/3 reveals -> once Drawing for
**     the missing seats, then Enforced by default; else -> Appeal
**   Appeal     the loser; appeal            -> Enforced, or Drawing of the
**              confirming round that level 5 needs
**     appeal -> Evidence of the next round, 2n + 1 seats
**   Enforced   the chain, at once: first what the ruling does, then penalties
**              and rewards seat by seat     -> Closed*
** Seat (key: case, round, index): Drawn -> Committed -> Revealed; Left
**   (declined, or the round was given up), Told (snitch), Absent (no commit or
**   no reveal), and Settled* when its case is.
** Juror (key: party)
**   none, Left*, Dormant*   stake           -> Active
**   Active     leaveJury                    -> Leaving
**              idleMax without an action, no seat -> Dormant*, stake back
**   Leaving    leaveDelay, no seat          -> Left*, stake back
** Panel of an emergency (key: case; round PANEL of its seats)
**   Drawing    -> Voting: 24 h, or all voted -> Ended*; 5 of 7 suspend the
**   listing for at most 7 days while the case runs.  No pool: nothing happens.
**   When the case comes to less, what the panel added is lifted; what another
**   ruling suspended stays.
** A ban that no second jury has confirmed (no money, no pool, or an appeal that
** found none) is level 4.
** Courts and rules are set by governance; five courts and seven rules stand in
** genesis (shop_court_genesis).
**
** Coherence is against the final result: accusations and challenges the same
** side of 0 and at most one level away; appeals at most two steps of 5 %.
** Money of a case: the bond, each round's fee, and penalties.  The pot is fees
** + penalties - fees repaid to appellants who won from the penalties of the
** jurors they overturned; coherent seats share it alike, the rest is the
** court's fund.
**
** Invariants: stakes + bonds + fees + penalties + pots + fund + claims = what
** is accounted; a juror's locked never exceeds his stake; no juror sits twice
** in a case; a sanction comes of a final ruling alone; every case closes within
** the sum of its periods; the same seed, the same draw. */
#ifndef SHOP_COURT_H
#define SHOP_COURT_H
#include "module/module.h"
#include "shop/shop_ticket.h"

#define MODULE_PUBLIC(what, name) shop_court_##what##_##name
#include "module/pass_record.inc"
#include "shop/court.def"
enum {
#include "module/pass_setting.inc"
#include "shop/court.def"
};
#include "module/pass_end.inc"
#undef MODULE_PUBLIC

extern const struct module_def shop_court;

/*------------------------------------------------------------- for Mediation */

/* A mediator's ruling, or a dispute without one, that goes to court.  payer:
** whose fee it is, buyer or seller (none: nobody's; what is to be given back
** goes half to each). */
struct shop_appeal {
  u64 mediation_case;
  u16 module;
  u64 subject;
  addr20 buyer, seller, mediator, payer;
  bool proposed;
  u16 proposal_bps;
  u128 fee;          /* CMT that module_give brought before */
  hash32 grounds;
};
/* What the first round of an appeal costs. */
u128 shop_court_fee(struct module_call *c);
/* What the court's fund can add to it. */
u128 shop_court_fund(struct module_call *c);
/* A case of class 2.  What fee lacks of shop_court_fee the fund adds; when both
** fall short there are fewer jurors, at least 3.  The ruling comes by
** shop_mediation_ruling: the buyer's share, and how. */
enum module_end shop_court_appeal(struct module_call *c,
                                  const struct shop_appeal *a, u64 *court_case)
    MUST_USE;
enum shop_court_how { /* of a ruling */
  SHOP_COURT_VOTED = 1, SHOP_COURT_DEFAULT
};

/*-------------------------------------------------------------- for the others */

/* Cases against the party are open: its bonds wait. */
bool shop_court_open_against(struct module_call *c, const addr20 *party);

/*---------------------------------------------------------------- for genesis */

#define SHOP_COURT_SLOTS 96u
struct shop_court_slot { u256 slot, val; };
/* The slots of the courts and rules that a chain begins with; at most
** SHOP_COURT_SLOTS. */
u32 shop_court_genesis(struct shop_court_slot *out, u64 time_s);
/* The documents, canonical JSON, whose hashes are the first rules' docs and the
** first courts' policies: {"text": ..}, {"name": ..}; empty: no such one. */
slice shop_court_rule_text(u16 rule);
slice shop_court_name(u8 court);
slice shop_court_document(const hash32 *hash);
#endif
