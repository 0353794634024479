/* shop_ticket.h - pools that are drawn from: jurors of a court, mediators.
**
** Each who may be drawn has one ticket.  A draw's seed is known some seconds
** before its deadline takes it, so a pool must not let anybody move who is at
** which index meanwhile:
**   - a ticket keeps its index as long as it lives; who leaves leaves a hole,
**     which the next who comes fills, so that holes are not made at will;
**   - a draw is over the indices that there were when it was asked for
**     (shop_tickets_slots), holes passed over, and tickets younger than that.
** What is left to a player is to go, which keeps him out as declining does.
**
** count: how many live, how many indices there ever were, and the first hole (its
** index + 1); ticket: whose, and the block in which he came; of a hole nobody and
** the next hole (its index + 1).  Both records are the module's own, with these
** fields; keys: (pool, index) and pool. */
#ifndef SHOP_TICKET_H
#define SHOP_TICKET_H
#include "shop/shop.h"

struct shop_ticket {
  addr20 who;
  u64 since;
};
struct shop_ticket_count {
  u32 live, slots, hole;
};
#define SHOP_TICKET_FIELDS FIELD(addr20, who, 160) FIELD(u64, since, 64)
#define SHOP_TICKET_COUNT_FIELDS \
  FIELD(u32, live, 32) FIELD(u32, slots, 32) FIELD(u32, hole, 32)

struct shop_tickets {
  const struct module_record *ticket, *count;
  u64 pool;
};
u32 shop_tickets_live(struct module_call *c, const struct shop_tickets *t);
u32 shop_tickets_slots(struct module_call *c, const struct shop_tickets *t);
/* Where he is, from 1; he has no ticket yet. */
u32 shop_tickets_join(struct module_call *c, const struct shop_tickets *t,
                      const addr20 *who) MUST_USE;
/* The ticket at this place, from 1, is gone; it is there. */
void shop_tickets_leave(struct module_call *c, const struct shop_tickets *t,
                        u32 place);
/* Whose index it is; nobody's when it is a hole or younger than block asked. */
addr20 shop_tickets_at(struct module_call *c, const struct shop_tickets *t,
                       u32 index, u64 asked);
#endif
