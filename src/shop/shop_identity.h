/* shop_identity.h - what other modules ask Identity (0x..1010): who a party
** is, who acts for it, what it did and may not do.  C calls on Identity's own
** storage, metered to the caller's message. */
#ifndef SHOP_IDENTITY_H
#define SHOP_IDENTITY_H
#include "module/module.h"

#define MODULE_PUBLIC(what, name) shop_identity_##what##_##name
#include "module/pass_record.inc"
#include "shop/identity.def"
enum {
#include "module/pass_setting.inc"
#include "shop/identity.def"
};
#include "module/pass_end.inc"
#undef MODULE_PUBLIC

enum shop_purpose { /* of operators, bits */
  SHOP_SELL = 1, SHOP_TILL = 2, SHOP_SHIP = 4, SHOP_REFUND = 8,
  SHOP_MEDIATE = 16, SHOP_PUBLISH = 32, SHOP_PLATFORM = 64, SHOP_READ = 128
};
enum shop_counter { /* of a reputation, as events number them */
  SHOP_SOLD, SHOP_BOUGHT, SHOP_COUNTERPARTIES, SHOP_SELLER_CANCELS,
  SHOP_DISPUTES_SETTLED, SHOP_DISPUTES_LOST, SHOP_MEDIATED, SHOP_MED_RATING_N,
  SHOP_MED_RATING_SUM, SHOP_JUROR_COHERENT, SHOP_JUROR_INCOHERENT,
  SHOP_LOANS_REPAID, SHOP_LOANS_LATE, SHOP_LOANS_DEFAULTED, SHOP_SANCTIONS,
  SHOP_COUNTERS,
  SHOP_REVIEW_WEIGHT = SHOP_COUNTERS, SHOP_REVIEW_SUM /* u64 */
};

extern const struct module_def shop_identity;

/* The party that sender is: the anchor it controls, else itself; false for an
** anchor that another key controls now. */
bool shop_party_of(struct module_call *c, addr20 *out, const addr20 *sender);
void shop_controller_of(struct module_call *c, addr20 *out,
                        const addr20 *party);
/* The message's sender may act for party: its controller, or (purpose not 0)
** one of its operators for that purpose. */
bool shop_acts_for(struct module_call *c, const addr20 *party, u16 purpose);
/* Party for which a record is made: owner, or (0) the sender's own; fails with
** NotAuthorised. */
enum module_end shop_owner(struct module_call *c, addr20 *out,
                           const addr20 *owner, u16 purpose) MUST_USE;
/* As shop_owner, in a method that saves and makes records: of a new one, which
** a pause forbids. */
enum module_end shop_new_owner(struct module_call *c, addr20 *out,
                               const addr20 *owner, u16 purpose) MUST_USE;
/* The sender's own party; fails with NotAuthorised. */
enum module_end shop_self(struct module_call *c, addr20 *out) MUST_USE;
/* The level in force, 0 none. */
u8 shop_sanction_of(struct module_call *c, u64 *until, const addr20 *party);
/* Fails with Sanctioned when the level is at least this one. */
enum module_end shop_not_sanctioned(struct module_call *c, const addr20 *party,
                                    u8 level) MUST_USE;
/* The anchor of a verified human; false when it is none. */
bool shop_person(struct module_call *c, addr20 *anchor, const addr20 *party);
/* The claim is the party's, active, and of this schema. */
bool shop_has_claim(struct module_call *c, const addr20 *party,
                    const hash32 *schema);
/* Other is a guardian, an operator or an issuer of party. */
bool shop_is_close(struct module_call *c, const addr20 *party,
                   const addr20 *other);
/* It has an identity that lives. */
bool shop_has_identity(struct module_call *c, const addr20 *party);
/* It has an encryption key. */
bool shop_has_key(struct module_call *c, const addr20 *party);
/* A party's record began or ended: an identity with open ones stays.  What began
** before the identity is not counted, yet its end is taken off while the count is
** above 0: that never falls below it, but an identity can be closed with records
** still open, so many as had begun before it.  That harms nobody: a closed one
** keeps its controller, who acts for its records and is paid what they owe as
** before; sanctions stay with the party, and what needs an identity (a
** mediator's or a juror's place) ends by its deadline.  Only the closed
** identity's controller, when he is not its first key, cannot begin anything as
** it, nor vote in a seat that it has or leave one. */
void shop_opened(struct module_call *c, const addr20 *party, int delta);
/* One of those up to SHOP_SANCTIONS. */
u32 shop_counter_of(struct module_call *c, const addr20 *party,
                    enum shop_counter counter);
void shop_bump(struct module_call *c, const addr20 *party,
               enum shop_counter counter, i64 delta);
/* A completed order; counts for reputation only pairLimit times in 90 days: true.
** dealt: the seller had a part in it, it was not only paid to him. */
bool shop_traded(struct module_call *c, const addr20 *buyer,
                 const addr20 *seller, bool dealt);
/* Who is to judge has traded with the party, by an act of his own: else a party
** could pay everybody a trifle and be judged by nobody. */
bool shop_has_traded(struct module_call *c, const addr20 *judge,
                     const addr20 *party);
/* Stars for a party, by a reviewer of weight 4 when human, else 1, 0 for an order
** that does not count; was: of the review that this one replaces, 0 none.  The
** weight that was given. */
u32 shop_rated(struct module_call *c, const addr20 *party,
               const addr20 *reviewer, bool counts, u8 stars, u8 was,
               u32 was_weight);
/* The court's: the level for so many seconds by Identity's clock, for a case,
** with a fine; a greater one in force stays, the same is never shortened. */
void shop_sanction_set(struct module_call *c, const addr20 *party, u8 level,
                       u64 seconds, u64 case_id, u128 fine);
/* A lower level in place of the one in force, for no longer than that, or (0)
** none. */
void shop_sanction_lower(struct module_call *c, const addr20 *party, u8 level,
                         u64 seconds, u64 case_id);
/* The case of the sanction in force; 0: there is none. */
u64 shop_sanction_case(struct module_call *c, const addr20 *party);
/* Who is, or controls, an operator (of the first 16) or a guardian of the
** party. */
bool shop_is_tied(struct module_call *c, const addr20 *party,
                  const addr20 *who);
/* An issuer whose bond is still there. */
bool shop_is_issuer(struct module_call *c, const addr20 *party);
void shop_issuer_suspend(struct module_call *c, const addr20 *party,
                         u64 seconds);
/* He leaves, and this share of his bond is what `to` holds; returned. */
u128 shop_issuer_slash(struct module_call *c, const addr20 *party, u16 bps,
                       const struct module_def *to);
#endif
