/* shop_identity_part.h - what the files of Identity (0x..1010) share:
** shop_identity.c (identities, keys, handles), shop_guardian.c (guardians and
** recovery), shop_reputation.c (counters, ratings, sanctions), shop_issuer.c
** (issuers and humans) and shop_claim.c (claims and consents).  For them
** alone. */
#ifndef SHOP_IDENTITY_PART_H
#define SHOP_IDENTITY_PART_H
#include "shop/shop.h"
#include "shop/shop_identity.h"

#define ID(what, name) shop_identity_##what##_##name
#define MODULE_SHARED
#include "module/pass_struct.inc"
#include "shop/identity.def"
#include "module/pass_end.inc"
#undef ID
#undef MODULE_SHARED

enum { /* types with a deadline, and those that errors name */
  IDENT_IDENTITY = 1, IDENT_GUARDIAN = 3, IDENT_RECOVERY = 4, IDENT_ISSUER = 5,
  IDENT_CLAIM = 6, IDENT_CONSENT = 7
};
enum { IDENT_ACTIVE = 1, IDENT_RECOVERING, IDENT_CLOSED };
enum { IDENT_FLAG_DORMANT = 1,
       IDENT_FLAG_HALF = 2 }; /* the guardians in force are those from 128 on */
enum { IDENT_APPLIED = 1, IDENT_ISSUING, IDENT_SUSPENDED, IDENT_LEAVING,
       IDENT_RETIRED, IDENT_DORMANT }; /* of issuers */
enum { CLAIM_OFFERED = 1, CLAIM_HELD, CLAIM_DECLINED, CLAIM_EXPIRED,
       CLAIM_REVOKED };
enum { IDENT_WHY_DEPOSIT = 1, IDENT_WHY_BOND };
enum { IDENT_NEAR_MAX = 16 }; /* operators who may not judge their party */
typedef struct shop_identity_record_identity ident_t;
typedef struct shop_identity_record_issuer issuer_t;

/*--------------------------------------------------------- shop_identity.c */

/* False: there is none. */
bool shop_ident_get(struct module_call *c, ident_t *r, const addr20 *anchor);
static inline bool shop_ident_lives(const ident_t *r) {
  return r->state == IDENT_ACTIVE || r->state == IDENT_RECOVERING;
}
/* put: something was done with it; save: nothing but time passed. */
void shop_ident_put(struct module_call *c, const addr20 *anchor, ident_t *r);
void shop_ident_save(struct module_call *c, const addr20 *anchor, ident_t *r);
/* What time has brought of an active identity: the end of its humanity, of an
** offer, guardians taking over; the record is not saved. */
void shop_ident_due(struct module_call *c, const addr20 *anchor, ident_t *r);
/* The first of what an active identity waits for is its deadline; an entry only
** when it is another than before. */
void shop_ident_arm(struct module_call *c, const addr20 *anchor, ident_t *r);
/* The sender's own identity, in this state (0: Active or Recovering). */
enum module_end shop_ident_own(struct module_call *c, addr20 *anchor,
                               ident_t *r, u8 state) MUST_USE;
/* The key of a record of two addresses. */
u256 shop_ident_pair(const addr20 *a, const addr20 *b);
/* As shop_person, within Identity. */
bool shop_ident_person(struct module_call *c, addr20 *anchor,
                       const addr20 *party);
/* As shop_party_of, within Identity. */
bool shop_ident_party(struct module_call *c, addr20 *out,
                      const addr20 *sender);
/* The identity obeys another key from now on: the old one's operators and its
** offer are void. */
void shop_ident_hand_over(struct module_call *c, const addr20 *anchor,
                          ident_t *r, const addr20 *next);
/* May control this identity: nobody else's key, or the anchor that takes its
** own back. */
bool shop_ident_may_control(struct module_call *c, const addr20 *anchor,
                            const addr20 *next);
/* Fails when it is nobody, or another identity's. */
enum module_end shop_ident_next_free(struct module_call *c,
                                     const addr20 *anchor,
                                     const addr20 *next) MUST_USE;

/*----------------------------------------------------------- shop_issuer.c */

/* False: there is none. */
bool shop_issuer_get(struct module_call *c, issuer_t *i, const addr20 *who);
/* One fact more, or less, that the issuer says of the subject. */
void shop_issuer_attests(struct module_call *c, const addr20 *issuer,
                         const addr20 *subject, int delta);
/* The identity is no verified human any more; the record is not put. */
void shop_human_end(struct module_call *c, ident_t *r);
void shop_issuer_timer(struct module_call *c, const u256 *key);

/*------------------------------------------------------------ shop_claim.c */

void shop_claim_timer(struct module_call *c, const u256 *key);
void shop_consent_timer(struct module_call *c, const u256 *key);

/*------------------------------------------------------- shop_reputation.c */

/* As shop_sanction_of, within Identity. */
u8 shop_sanction_level(struct module_call *c, u64 *until, const addr20 *party);

/*--------------------------------------------------------- shop_guardian.c */

/* The set to come is in force; the record is not put. */
void shop_guardians_take_over(ident_t *r);
/* a or b is one of those in force. */
bool shop_guardian_among(struct module_call *c, const addr20 *anchor,
                         const ident_t *r, const addr20 *a, const addr20 *b);
/* The deadline of a recovery. */
void shop_recovery_due(struct module_call *c, const addr20 *anchor,
                       ident_t *r);
#endif
