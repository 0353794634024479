/* shop_ticket.c - see shop_ticket.h. */
#include "shop/shop_ticket.h"

static u256 ticket_key(const struct shop_tickets *t, u32 index) {
  u256 part[2] = {u256_from(t->pool), u256_from(index)}, key;
  module_key_of(&key, part, 2);
  return key;
}
static void ticket_get(struct module_call *c, const struct shop_tickets *t,
                       struct shop_ticket *r, u32 index) {
  u256 key = ticket_key(t, index);
  module_record_get(c, t->ticket, r, &key);
}
static void ticket_put(struct module_call *c, const struct shop_tickets *t,
                       const struct shop_ticket *r, u32 index) {
  u256 key = ticket_key(t, index);
  module_record_put(c, t->ticket, &key, r);
}
static struct shop_ticket_count ticket_count(struct module_call *c,
                                             const struct shop_tickets *t) {
  struct shop_ticket_count n;
  u256 key = u256_from(t->pool);
  module_record_get(c, t->count, &n, &key);
  return n;
}
static void ticket_count_put(struct module_call *c,
                             const struct shop_tickets *t,
                             const struct shop_ticket_count *n) {
  u256 key = u256_from(t->pool);
  module_record_put(c, t->count, &key, n);
}

u32 shop_tickets_live(struct module_call *c, const struct shop_tickets *t) {
  return ticket_count(c, t).live;
}
u32 shop_tickets_slots(struct module_call *c, const struct shop_tickets *t) {
  return ticket_count(c, t).slots;
}

u32 shop_tickets_join(struct module_call *c, const struct shop_tickets *t,
                      const addr20 *who) {
  struct shop_ticket_count n = ticket_count(c, t);
  struct shop_ticket hole, r = {*who, c->height};
  u32 place = n.hole;
  if (place) {
    ticket_get(c, t, &hole, place - 1);
    n.hole = (u32)hole.since;
  } else {
    place = ++n.slots;
  }
  n.live++;
  ticket_put(c, t, &r, place - 1);
  ticket_count_put(c, t, &n);
  return place;
}
void shop_tickets_leave(struct module_call *c, const struct shop_tickets *t,
                        u32 place) {
  struct shop_ticket_count n = ticket_count(c, t);
  struct shop_ticket r = {shop_none, n.hole};
  MUST(n.live > 0 || evm_native_gas(c->n) == 0);
  n.hole = place;
  n.live--;
  ticket_put(c, t, &r, place - 1);
  ticket_count_put(c, t, &n);
}
addr20 shop_tickets_at(struct module_call *c, const struct shop_tickets *t,
                       u32 index, u64 asked) {
  struct shop_ticket r;
  ticket_get(c, t, &r, index);
  return r.since > asked ? shop_none : r.who;
}
