/* shop_court_draw.c - who sits in a case; see shop_court.h.
**
** Each court has a pool of tickets, one a juror, whatever his stake
** (shop_ticket.h: nobody can move them while a draw is under way).  An index is
** keccak256(seed || counter) mod the tickets that there were when the draw was
** asked for, for counter 0, 1, ..; values above the greatest multiple of that are
** passed over.  A juror drawn who may not sit in this case is passed over too, one
** who may sit in none any more (no human, sanctioned, stake too small) leaves the
** pool.  So of those who may sit each is as likely as any other, and who was drawn
** is not drawn again.  Near a party is who traded with it by an act of his
** own, is its guardian, or one of its first 16 operators: what a party does alone
** (pay a trifle, name an operator) cannot keep the whole pool away.
**
** A call draws as long as its gas lasts, then goes on a second later: for each
** juror his identity and what ties him to the parties are read.  Of a pool in
** which too few may sit not all is searched: after 64 + 8 n jurors, or 20,000
** indices, it counts as too small. */
#include "shop/shop_court_int.h"
#include "shop/shop_ticket.h"

#define ID(what, name) shop_court_##what##_##name

enum {
  COURT_SEAT_GAS = 260000, /* a seat and what comes after it in the call */
  COURT_RETRIES = 3, COURT_TRIES = 64, COURT_TRIES_SEAT = 8,
  COURT_REPLACE_TRIES = 16, COURT_INDICES = 20000, COURT_SANCTION = 3
};
_Static_assert(sizeof(struct shop_court_record_pool) ==
                       sizeof(struct shop_ticket) &&
                   sizeof(struct shop_court_record_pool_size) ==
                       sizeof(struct shop_ticket_count), "as in shop_ticket.h");

/*-------------------------------------------------------------------- pools */

static u256 court_pool_key(u8 court, const u256 *what) {
  u256 part[2] = {u256_from(court), *what}, key;
  module_key_of(&key, part, 2);
  return key;
}
static struct shop_tickets court_tickets(u8 court) {
  return (struct shop_tickets){COURT_FIELD(pool), COURT_FIELD(pool_size),
                               court};
}
static u32 court_place(struct module_call *c, u8 court, const addr20 *juror) {
  struct shop_court_record_pool_place r;
  u256 who = module_key_addr(juror), key = court_pool_key(court, &who);
  module_record_get(c, COURT_FIELD(pool_place), &r, &key);
  return r.at;
}
static void court_place_put(struct module_call *c, u8 court,
                            const addr20 *juror, u32 at) {
  struct shop_court_record_pool_place r = {at};
  u256 who = module_key_addr(juror), key = court_pool_key(court, &who);
  module_record_put(c, COURT_FIELD(pool_place), &key, &r);
}
u32 shop_court_pool_size(struct module_call *c, u8 court) {
  struct shop_tickets t = court_tickets(court);
  return shop_tickets_live(c, &t);
}
static u32 court_slots(struct module_call *c, u8 court) {
  struct shop_tickets t = court_tickets(court);
  return shop_tickets_slots(c, &t);
}

static void court_pool_add(struct module_call *c, u8 court,
                           const addr20 *juror) {
  struct shop_tickets t = court_tickets(court);
  court_place_put(c, court, juror, shop_tickets_join(c, &t, juror));
}
static void court_pool_remove(struct module_call *c, u8 court,
                              const addr20 *juror) {
  struct shop_tickets t = court_tickets(court);
  u32 at = court_place(c, court, juror);
  if (at == 0) return;
  shop_tickets_leave(c, &t, at);
  court_place_put(c, court, juror, 0);
}

void shop_court_pools(struct module_call *c, const addr20 *juror, u16 was,
                      u16 now) {
  for (u8 i = 0; i < COURT_COURTS; i++) {
    u16 bit = (u16)(1u << i);
    if (now & ~was & bit) court_pool_add(c, i + 1, juror);
    if (was & ~now & bit) court_pool_remove(c, i + 1, juror);
  }
}

/*----------------------------------------------------------------- eligible */

/* He may sit in no case of this court: he leaves its pool. */
static void court_dismiss(struct module_call *c, u8 court,
                          const addr20 *juror, court_juror_t *j) {
  u16 courts = j->courts & (u16)~(1u << (court - 1));
  court_pool_remove(c, court, juror);
  j->courts = courts;
  shop_court_juror_put(c, j, juror);
}

static bool court_is_near(struct module_call *c, const addr20 *juror,
                          const addr20 *party) {
  if (addr20_eq(party, &court_none)) return false;
  return addr20_eq(juror, party) || shop_has_traded(c, juror, party) ||
         shop_is_tied(c, party, juror);
}

static u32 court_seat_place(struct module_call *c, u64 id,
                            const addr20 *juror) {
  struct shop_court_record_seat_place r;
  u256 part[2] = {u256_from(id), module_key_addr(juror)}, key;
  module_key_of(&key, part, 2);
  module_record_get(c, COURT_FIELD(seat_place), &r, &key);
  return r.at;
}

static bool court_may_sit(struct module_call *c, const court_case_t *k, u64 id,
                          const addr20 *juror, court_juror_t *j, u128 lock) {
  court_def_t d;
  addr20 anchor;
  u64 until;
  shop_court_def_get(c, &d, k->court);
  shop_court_juror_get(c, j, juror);
  if (j->state != COURT_ACTIVE || j->stake < d.min_stake ||
      !shop_person(c, &anchor, juror) ||
      shop_sanction_of(c, &until, juror) >= COURT_SANCTION) {
    court_dismiss(c, k->court, juror, j);
    return false;
  }
  return j->seats < COURT_SEATS_MAX && j->stake - j->locked >= lock &&
         court_seat_place(c, id, juror) == 0 &&
         !addr20_eq(juror, &k->mediator) &&
         !court_is_near(c, juror, &k->claimant) &&
         !court_is_near(c, juror, &k->accused);
}

static void court_seat_give(struct module_call *c, court_case_t *k, u64 id,
                            u8 round, u16 index, const addr20 *juror,
                            court_juror_t *j, u128 lock) {
  court_seat_t s = {.state = COURT_SEAT_DRAWN, .layout = 1,
                    .created = c->now_s, .index = index, .juror = *juror,
                    .case_id = id, .round = round};
  struct shop_court_record_seat_place place = {round, index + 1};
  u256 part[2] = {u256_from(id), module_key_addr(juror)}, key;
  module_key_of(&key, part, 2);
  module_record_put(c, COURT_FIELD(seat_place), &key, &place);
  shop_court_seat_put(c, &s);
  j->seats++;
  j->locked += lock;
  shop_court_juror_put(c, j, juror);
  k->drawn++;
  MODULE_EMIT(c, drawn, .id = id, .round = round, .juror = *juror,
              .seat = (u8)index);
}

/*--------------------------------------------------------------------- draw */

/* A draw under way: where it is, over how many tickets, and how far. */
struct court_draw {
  u256 seed;
  u64 asked;
  u32 slots;
  u16 *tries, *seen;
};
/* The next index: true when its juror has the seat. */
static bool court_draw(struct module_call *c, court_case_t *k, u64 id,
                       u8 round, u16 seat, const struct court_draw *d,
                       u128 lock) {
  struct shop_tickets t = court_tickets(k->court);
  court_juror_t j;
  u64 counter = *d->tries;
  if (d->slots == 0) {
    ++*d->seen;
    return false;
  }
  u32 index = (u32)shop_draw_index(c, &d->seed, &counter, d->slots);
  *d->tries = (u16)counter;
  addr20 juror = shop_tickets_at(c, &t, index, d->asked);
  if (shop_is_none(&juror)) return false;
  ++*d->seen;
  if (!court_may_sit(c, k, id, &juror, &j, lock)) return false;
  court_seat_give(c, k, id, round, seat, &juror, &j, lock);
  return true;
}
/* Of a pool in which so few may sit it is in vain to look further. */
static bool court_draw_over(const struct court_draw *d, u32 n) {
  return *d->seen >= COURT_TRIES + COURT_TRIES_SEAT * n ||
         *d->tries >= COURT_INDICES;
}
static void court_draw_ask(struct module_call *c, court_case_t *k) {
  k->draw_height = c->height;
  k->draw_slots = court_slots(c, k->court);
}

void shop_court_draw_begin(struct module_call *c, court_case_t *k, u64 id) {
  court_draw_ask(c, k);
  shop_court_turn(c, k, id, COURT_DRAWING, c->now_s + SHOP_DRAW_FIRST_S);
}

static void court_shortage(struct module_call *c, court_case_t *k, u64 id) {
  k->draw_height = 0;
  if (k->retries == COURT_RETRIES) {
    shop_court_default(c, k, id);
    return;
  }
  k->retries++;
  shop_court_turn(c, k, id, COURT_DRAWING, c->now_s + SHOP_DAY);
}

/* The seed is there; else the deadline is moved. */
static bool court_draw_ready(struct module_call *c, court_case_t *k, u64 id,
                             u256 *seed) {
  enum shop_draw_is is = SHOP_DRAW_GONE;
  if (k->draw_height) is = shop_draw_seed(c, seed, k->draw_height, id, k->round);
  if (is == SHOP_DRAW_READY) return true;
  if (is == SHOP_DRAW_GONE) court_draw_ask(c, k);
  shop_court_arm(c, k, id, c->now_s + (is == SHOP_DRAW_GONE
                                           ? SHOP_DRAW_FIRST_S
                                           : SHOP_DRAW_AGAIN_S));
  return false;
}

static void court_seated(struct module_call *c, court_case_t *k,
                         court_round_t *r, u64 id) {
  r->opened = r->cnt;
  shop_court_round_put(c, r);
  k->retries = 0;
  shop_court_turn(c, k, id, COURT_COMMIT, c->now_s + k->commit);
}

void shop_court_draw_step(struct module_call *c, court_case_t *k, u64 id) {
  court_round_t r;
  u256 seed;
  if (!court_draw_ready(c, k, id, &seed)) return;
  shop_court_round_get(c, &r, id, k->round);
  struct court_draw d = {seed, k->draw_height, k->draw_slots, &r.tries,
                         &r.seen};
  u32 missing = k->n - r.alive;
  bool few = r.tries == 0 &&
             shop_court_pool_size(c, k->court) < 3 * missing + k->drawn;
  bool first = true;
  while (!few && r.alive < k->n && (first ||
         evm_native_gas(c->n) >= COURT_SEAT_GAS)) {
    first = false;
    if (court_draw(c, k, id, k->round, r.cnt, &d, k->lock)) {
      r.cnt++;
      r.alive++;
    } else {
      few = court_draw_over(&d, k->n);
    }
  }
  if (!few && r.alive >= k->n) {
    court_seated(c, k, &r, id);
    return;
  }
  if (few) r.tries = r.seen = 0;
  shop_court_round_put(c, &r);
  if (few) court_shortage(c, k, id);
  else shop_court_arm(c, k, id, c->now_s + 1);
}

bool shop_court_draw_one(struct module_call *c, court_case_t *k,
                         court_round_t *r, u64 id) {
  struct court_draw d = {U256_ZERO, k->draw_height, k->draw_slots, &r->tries,
                         &r->seen};
  u32 last = r->seen + COURT_REPLACE_TRIES;
  if (shop_draw_seed(c, &d.seed, d.asked, id, k->round) != SHOP_DRAW_READY)
    return false;
  while (r->seen < last && r->tries < COURT_INDICES)
    if (court_draw(c, k, id, k->round, r->cnt, &d, k->lock)) {
      r->cnt++;
      r->alive++;
      r->opened = r->cnt;
      return true;
    }
  return false;
}

/*-------------------------------------------------------------------- panel */

void shop_court_panel_begin(struct module_call *c, u64 id, u8 court) {
  court_panel_t p = {.state = COURT_PANEL_DRAWING, .layout = 1,
                     .created = c->now_s, .n = COURT_PANEL_SEATS,
                     .draw_height = c->height,
                     .draw_slots = court_slots(c, court)};
  u256 key = u256_from(id);
  module_timer_set(c, (struct module_header *)&p, COURT_PANEL, &key,
                   c->now_s + SHOP_DRAW_FIRST_S);
  shop_court_panel_put(c, &p, id);
}

/* Who did not vote keeps no seat; nobody loses anything. */
void shop_court_panel_end(struct module_call *c, court_panel_t *p, u64 id) {
  court_seat_t s;
  court_juror_t j;
  for (u16 i = 0; i < p->cnt; i++) {
    shop_court_seat_get(c, &s, id, COURT_PANEL_ROUND, i);
    if (s.state != COURT_SEAT_DRAWN) continue;
    s.state = COURT_SEAT_LEFT;
    shop_court_seat_put(c, &s);
    MODULE_EMIT(c, seat_left, .id = id, .juror = s.juror,
                .why = COURT_LEFT_SILENT);
    shop_court_juror_get(c, &j, &s.juror);
    shop_court_unseat(c, &j, &s.juror, 0, 0);
  }
  p->state = COURT_PANEL_ENDED;
  p->deadline = 0;
  shop_court_panel_put(c, p, id);
}

void shop_court_panel_lift(struct module_call *c, const court_case_t *k,
                           const court_panel_t *p) {
  const struct court_subject *s =
      shop_court_subject(k->module, k->type, k->kind);
  struct shop_hold h = {p->hold_until, p->hold_was};
  if (p->passed && s && s->lift) s->lift(c, k->subject, &h);
}

static void court_panel_draw(struct module_call *c, court_panel_t *p, u64 id) {
  court_case_t k;
  u256 seed, key = u256_from(id);
  enum shop_draw_is is =
      shop_draw_seed(c, &seed, p->draw_height, id, COURT_PANEL_ROUND);
  bool early = is != SHOP_DRAW_READY;
  shop_court_case_get(c, &k, id);
  if (is == SHOP_DRAW_GONE) {
    p->draw_height = c->height;
    p->draw_slots = court_slots(c, k.court);
  }
  struct court_draw d = {seed, p->draw_height, p->draw_slots, &p->tries,
                         &p->seen};
  bool few = !early && p->tries == 0 &&
             shop_court_pool_size(c, k.court) < 3u * p->n + k.drawn;
  bool first = true;
  while (!early && !few && p->cnt < p->n &&
         (first || evm_native_gas(c->n) >= COURT_SEAT_GAS)) {
    first = false;
    if (court_draw(c, &k, id, COURT_PANEL_ROUND, p->cnt, &d, 0)) p->cnt++;
    else few = court_draw_over(&d, p->n);
  }
  shop_court_case_put(c, &k, id);
  if (few) {
    shop_court_panel_end(c, p, id);
    return;
  }
  bool full = p->cnt == p->n;
  if (full) p->state = COURT_PANEL_VOTING;
  module_timer_set(c, (struct module_header *)p, COURT_PANEL, &key,
                   c->now_s + (full ? SHOP_DAY : early ? SHOP_DRAW_AGAIN_S : 1));
  shop_court_panel_put(c, p, id);
}

void shop_court_panel_step(struct module_call *c, court_panel_t *p, u64 id) {
  if (p->state == COURT_PANEL_DRAWING) court_panel_draw(c, p, id);
  else if (p->state == COURT_PANEL_VOTING) shop_court_panel_end(c, p, id);
}
#undef ID
