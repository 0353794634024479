/* shop_identity_part.h - what the files of Identity (0x..1010) share:
** shop_identity.c (identities, issuers, claims, reputation) and shop_guardian.c
** (guardians and recovery).  For them alone. */
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
typedef struct shop_identity_record_identity ident_t;

/*--------------------------------------------------------- shop_identity.c */

/* False: there is none. */
bool shop_ident_get(struct module_call *c, ident_t *r, const addr20 *anchor);
void shop_ident_put(struct module_call *c, const addr20 *anchor, ident_t *r);
/* The first of what an active identity waits for is its deadline; an entry only
** when it is another than before. */
void shop_ident_arm(struct module_call *c, const addr20 *anchor, ident_t *r);
/* The sender's own identity, in this state (0: Active or Recovering). */
enum module_end shop_ident_own(struct module_call *c, addr20 *anchor,
                               ident_t *r, u8 state) MUST_USE;
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
