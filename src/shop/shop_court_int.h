/* shop_court_int.h - what the files of Court share: shop_court.c (filing,
** deadlines), shop_court_jury.c (jurors, governance, views), shop_court_draw.c
** (who sits), shop_court_vote.c (votes, appeals, fines), shop_court_close.c (what
** comes of the votes), shop_court_first.c (subjects, genesis).  All take the
** call as Court's own. */
#ifndef SHOP_COURT_INT_H
#define SHOP_COURT_INT_H
#include "shop/shop.h"
#include "shop/shop_court.h"
#include "shop/shop_identity.h"
#include "shop/shop_market.h"
#include "shop/shop_ticket.h"

#define ID(what, name) shop_court_##what##_##name
#define MODULE_SHARED
#include "module/pass_struct.inc"
#include "shop/court.def"
#include "module/pass_end.inc"
#undef ID
#undef MODULE_SHARED

#define COURT_PANEL_ROUND 255u /* of the seats of an emergency's panel */
enum { COURT_JUROR = 1, COURT_COURT, COURT_RULE, COURT_CASE, COURT_SEAT,
       COURT_ROUND, COURT_PANEL }; /* types */
enum { COURT_ACCUSATION = 1, COURT_APPEAL_CASE, COURT_CHALLENGE };
enum { COURT_FILED = 1, COURT_EVIDENCE, COURT_DRAWING, COURT_COMMIT,
       COURT_REVEAL, COURT_APPEAL, COURT_ENFORCED, COURT_CLOSED };
enum { /* of a case */
  COURT_FLAG_SEVERE = 1, COURT_FLAG_HUMAN = 2, COURT_FLAG_REHEAR = 4,
  COURT_FLAG_REHEARD = 8, COURT_FLAG_CONFIRMING = 16, COURT_FLAG_DEFAULT = 32,
  COURT_FLAG_EMERGENCY = 64, COURT_FLAG_BUYER = 128, /* is the claimant */
  COURT_FLAG_PROPOSED = 256
};
enum { COURT_SEAT_DRAWN = 1, COURT_SEAT_COMMITTED, COURT_SEAT_REVEALED,
       COURT_SEAT_LEFT, COURT_SEAT_TOLD, COURT_SEAT_ABSENT,
       COURT_SEAT_COHERENT, COURT_SEAT_INCOHERENT };
enum { COURT_LEFT_DECLINED = 1, COURT_LEFT_TOLD, COURT_LEFT_GIVEN_UP,
       COURT_LEFT_SILENT, COURT_LEFT_ABSENT };
enum { COURT_ACTIVE = 1, COURT_LEAVING, COURT_LEFT, COURT_DORMANT };
enum { COURT_PANEL_DRAWING = 1, COURT_PANEL_VOTING, COURT_PANEL_ENDED };
enum { COURT_WHY_BOND = 1, COURT_WHY_STAKE, COURT_WHY_REWARD, COURT_WHY_FEE,
       COURT_WHY_SNITCH, COURT_WHY_OWED, COURT_WHY_FRIVOLOUS };
enum {
  COURT_PANEL_SEATS = 7, COURT_PANEL_YES = 5, COURT_SEATS_MAX = 5,
  COURT_CALL_SEATS = 31, COURT_COURTS = 16, COURT_TRADE = 1,
  COURT_STEP_BPS = 500, COURT_BAN_LEVEL = 5
};
#define COURT_FIELD(name) &shop_court_table_##name
#define COURT_SETTING(name) module_setting_get(c, shop_court_param_##name)
#define COURT_MONEY(name) module_setting_money(c, shop_court_param_##name)

typedef struct shop_court_record_case court_case_t;
typedef struct shop_court_record_round court_round_t;
typedef struct shop_court_record_seat court_seat_t;
typedef struct shop_court_record_juror court_juror_t;
typedef struct shop_court_record_court court_def_t;
typedef struct shop_court_record_panel court_panel_t;

static const addr20 court_none;

/*------------------------------------------------------------ shop_court.c */

void shop_court_case_get(struct module_call *c, court_case_t *k, u64 id);
void shop_court_case_put(struct module_call *c, court_case_t *k, u64 id);
void shop_court_case_save(struct module_call *c, court_case_t *k, u64 id);
/* Another deadline and, with an event, state; the record is put. */
void shop_court_arm(struct module_call *c, court_case_t *k, u64 id,
                    u64 deadline);
void shop_court_turn(struct module_call *c, court_case_t *k, u64 id, u8 state,
                     u64 deadline);
void shop_court_round_get(struct module_call *c, court_round_t *r, u64 id,
                          u8 round);
void shop_court_round_put(struct module_call *c, const court_round_t *r);
void shop_court_seat_get(struct module_call *c, court_seat_t *s, u64 id,
                         u8 round, u16 index);
void shop_court_seat_put(struct module_call *c, court_seat_t *s);
void shop_court_juror_get(struct module_call *c, court_juror_t *j,
                          const addr20 *who);
/* put: he, or a case of his, did something; save: nothing but time passed. */
void shop_court_juror_put(struct module_call *c, court_juror_t *j,
                          const addr20 *who);
void shop_court_juror_save(struct module_call *c, const court_juror_t *j,
                           const addr20 *who);
void shop_court_panel_get(struct module_call *c, court_panel_t *p, u64 id);
void shop_court_panel_put(struct module_call *c, court_panel_t *p, u64 id);
void shop_court_def_get(struct module_call *c, court_def_t *d, u8 court);
/* The fund grows by in and falls by out. */
u128 shop_court_fund_get(struct module_call *c);
void shop_court_fund_move(struct module_call *c, u128 in, u128 out);
/* A juror's stake falls by loss and his seat ends. */
void shop_court_unseat(struct module_call *c, court_juror_t *j,
                       const addr20 *who, u128 lock, u128 loss);
void shop_court_pay(struct module_call *c, const addr20 *who, u128 amount,
                    u64 id, u8 why);
/* A juror's reward, paid; what he lost. */
void shop_court_reward(struct module_call *c, u64 id, const addr20 *juror,
                       u128 amount);
void shop_court_fined(struct module_call *c, u64 id, const addr20 *juror,
                      u128 amount);
/* What the sanctions of the last year say. */
struct court_year { u32 count; u8 highest; };
struct court_year shop_court_year(struct module_call *c, const addr20 *party);
void shop_court_sanctioned(struct module_call *c, const addr20 *party,
                           u8 level);
/* The case is over for who may file and who may close. */
void shop_court_release(struct module_call *c, const court_case_t *k);

/* What a case can be about: its module, type and class; whose it is (false:
** there is none), and what a ruling does to it.  Modules have clocks of their
** own: they are told for how long.  lift: what an emergency suspended.  close
** moves what of a bond is lost into what Court holds, and returns it; a
** challenge that is upheld closes with level 1, after ruled. */
struct court_subject {
  u16 module;
  u8 type, kind;
  bool can_wait;        /* an emergency may suspend it */
  bool (*owner)(struct module_call *c, addr20 *out, u64 subject,
                const addr20 *accused);
  struct shop_hold (*suspend)(struct module_call *c, u64 subject,
                              const addr20 *accused, u64 seconds);
  void (*lift)(struct module_call *c, u64 subject, const struct shop_hold *h);
  u128 (*close)(struct module_call *c, u64 subject, const addr20 *accused,
                u8 level);
  void (*ruled)(struct module_call *c, u64 subject, u16 result, u8 how);
};
/* NULL: no module has registered for it. */
const struct court_subject *shop_court_subject(u16 module, u8 type, u8 kind);
/* The same of modules that Court's own table does not know: a program that has
** some defines it (weak here), so it is part of the rules, on all nodes alike.
** This one has none: the subjects of challenges are of modules that come later. */
const struct court_subject *shop_court_subject_more(u16 module, u8 type,
                                                    u8 kind);

/* The case, there, and in this state. */
enum module_end shop_court_open(struct module_call *c, court_case_t *k,
                                u64 id) MUST_USE;
enum module_end shop_court_in(struct module_call *c, const court_case_t *k,
                              u64 id, u8 state) MUST_USE;
/* What came with the message; over MODULE_AMOUNT_MAX: that and 1. */
u128 shop_court_value(const struct module_call *c);
bool shop_court_lately(const struct module_call *c, u64 at, u32 days);
u256 shop_court_key(u64 a, u64 b, u64 d, u32 cnt);
/* An open rule; its bond for this claimant. */
enum module_end shop_court_rule(struct module_call *c,
                                struct shop_court_record_rule *r,
                                u16 id) MUST_USE;
u128 shop_court_bond_of(struct module_call *c,
                        const struct shop_court_record_rule *r,
                        const court_def_t *d, const addr20 *claimant,
                        bool emergency);
/* What a new case takes over from its court. */
void shop_court_fill(struct module_call *c, court_case_t *k,
                     const court_def_t *d, u8 court);

/*----------------------------------------------------- shop_court_jury.c */

void shop_court_juror_due(struct module_call *c, const u256 *key);

/*------------------------------------------------------- shop_court_draw.c */

/* In and out of the courts' pools. */
void shop_court_pools(struct module_call *c, const addr20 *juror, u16 was,
                      u16 now);
u32 shop_court_pool_size(struct module_call *c, u8 court);
/* From now on the case draws; its deadline has come. */
void shop_court_draw_begin(struct module_call *c, court_case_t *k, u64 id);
void shop_court_draw_step(struct module_call *c, court_case_t *k, u64 id);
/* One seat more, in place of one declined; false: nobody was found. */
bool shop_court_draw_one(struct module_call *c, court_case_t *k,
                         court_round_t *r, u64 id);
void shop_court_panel_begin(struct module_call *c, u64 id, u8 court);
void shop_court_panel_step(struct module_call *c, court_panel_t *p, u64 id);
void shop_court_panel_end(struct module_call *c, court_panel_t *p, u64 id);
/* The case came to less than a suspension: what its panel suspended is free. */
void shop_court_panel_lift(struct module_call *c, const court_case_t *k,
                           const court_panel_t *p);

/*------------------------------------------------------ shop_court_close.c */

/* The votes are in, or their time is over. */
void shop_court_tally(struct module_call *c, court_case_t *k,
                      court_round_t *r, u64 id);
void shop_court_reveal_begin(struct module_call *c, court_case_t *k,
                             court_round_t *r, u64 id);
/* Nobody appealed. */
void shop_court_unappealed(struct module_call *c, court_case_t *k, u64 id);
/* No pool, or no quorum. */
void shop_court_default(struct module_call *c, court_case_t *k, u64 id);
void shop_court_enforce_step(struct module_call *c, court_case_t *k, u64 id);
/* The next round of n seats and this fee. */
void shop_court_round_begin(struct module_call *c, court_case_t *k, u64 id,
                            u8 n, u128 fee, u128 from_fund,
                            const addr20 *appellant);
#endif
