/* shop_court_draw.c - who sits in a case; see shop_court.h.
**
** Each court has a dense array of its jurors: one ticket each, whatever his
** stake.  An index is keccak256(seed || counter) mod the array's length for
** counter 0, 1, ..; values above the greatest multiple of the length are passed
** over.  A juror drawn who may not sit in this case is passed over too, one who
** may sit in none any more (no human, sanctioned, stake too small) leaves the
** array.  So of those who may sit each is as likely as any other, and who was
** drawn is not drawn again.  Near a party is who traded with it by an act of his
** own, is its guardian, or one of its first 16 operators: what a party does alone
** (pay a trifle, name an operator) cannot keep the whole pool away.
**
** A call draws as long as its gas lasts, then goes on a second later: for each
** juror his identity and what ties him to the parties are read.  Of a pool in
** which too few may sit not all is searched: after 64 + 8 n indices it counts as
** too small. */
#include "shop/shop_court_int.h"

#define ID(what, name) shop_court_##what##_##name

enum {
  COURT_SEAT_GAS = 260000, /* a seat and what comes after it in the call */
  COURT_RETRIES = 3, COURT_TRIES = 64, COURT_TRIES_SEAT = 8,
  COURT_REPLACE_TRIES = 16, COURT_SANCTION = 3
};

/*-------------------------------------------------------------------- pools */

static u256 court_pool_key(u8 court, const u256 *what) {
  u256 part[2] = {u256_from(court), *what}, key;
  module_key_of(&key, part, 2);
  return key;
}
static addr20 court_pool_at(struct module_call *c, u8 court, u32 index) {
  struct shop_court_record_pool r;
  u256 i = u256_from(index), key = court_pool_key(court, &i);
  module_record_get(c, COURT_FIELD(pool), &r, &key);
  return r.juror;
}
static void court_pool_put(struct module_call *c, u8 court, u32 index,
                           const addr20 *juror) {
  struct shop_court_record_pool r = {*juror};
  u256 i = u256_from(index), key = court_pool_key(court, &i);
  module_record_put(c, COURT_FIELD(pool), &key, &r);
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
  struct shop_court_record_pool_size r;
  u256 key = u256_from(court);
  module_record_get(c, COURT_FIELD(pool_size), &r, &key);
  return r.jurors;
}
static void court_pool_resize(struct module_call *c, u8 court, u32 size) {
  struct shop_court_record_pool_size r = {size};
  u256 key = u256_from(court);
  module_record_put(c, COURT_FIELD(pool_size), &key, &r);
}

static void court_pool_add(struct module_call *c, u8 court,
                           const addr20 *juror) {
  u32 size = shop_court_pool_size(c, court);
  court_pool_put(c, court, size, juror);
  court_place_put(c, court, juror, size + 1);
  court_pool_resize(c, court, size + 1);
}
/* The last one takes the place that gets free. */
static void court_pool_remove(struct module_call *c, u8 court,
                              const addr20 *juror) {
  u32 size = shop_court_pool_size(c, court), at = court_place(c, court, juror);
  if (at == 0 || size == 0) return;
  addr20 last = court_pool_at(c, court, size - 1);
  court_pool_put(c, court, at - 1, &last);
  court_place_put(c, court, &last, at);
  court_pool_put(c, court, size - 1, &court_none);
  court_place_put(c, court, juror, 0);
  court_pool_resize(c, court, size - 1);
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

/* False: not there yet, or (asked is moved to now) no longer. */
static bool court_seed(struct module_call *c, u256 *out, u64 *asked, u64 id,
                       u8 round) {
  u256 probe;
  if (!shop_draw_seed(c, out, *asked, id, round)) return false;
  if (module_beacon_get(c, &probe, *asked + 2)) return true;
  *asked = c->height;
  return false;
}

/* The next index: true when its juror has the seat. */
static bool court_draw(struct module_call *c, court_case_t *k, u64 id,
                       u8 round, u16 seat, const u256 *seed, u16 *tries,
                       u128 lock) {
  court_juror_t j;
  u32 size = shop_court_pool_size(c, k->court);
  if (size == 0) {
    ++*tries;
    return false;
  }
  u64 counter = *tries;
  u32 index = (u32)shop_draw_index(c, seed, &counter, size);
  *tries = (u16)counter;
  addr20 juror = court_pool_at(c, k->court, index);
  if (!court_may_sit(c, k, id, &juror, &j, lock)) return false;
  court_seat_give(c, k, id, round, seat, &juror, &j, lock);
  return true;
}

void shop_court_draw_begin(struct module_call *c, court_case_t *k, u64 id) {
  k->draw_height = c->height;
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
  u64 asked = k->draw_height;
  if (asked && court_seed(c, seed, &k->draw_height, id, k->round)) return true;
  bool anew = asked == 0 || asked != k->draw_height;
  if (asked == 0) k->draw_height = c->height;
  shop_court_arm(c, k, id,
                 c->now_s + (anew ? SHOP_DRAW_FIRST_S : SHOP_DRAW_AGAIN_S));
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
  u32 missing = k->n - r.alive, limit = COURT_TRIES + COURT_TRIES_SEAT * k->n;
  bool few = r.tries == 0 &&
             shop_court_pool_size(c, k->court) < 3 * missing + k->drawn;
  bool first = true;
  while (!few && r.alive < k->n && (first ||
         evm_native_gas(c->n) >= COURT_SEAT_GAS)) {
    first = false;
    if (court_draw(c, k, id, k->round, r.cnt, &seed, &r.tries, k->lock)) {
      r.cnt++;
      r.alive++;
    } else {
      few = r.tries >= limit;
    }
  }
  if (!few && r.alive >= k->n) {
    court_seated(c, k, &r, id);
    return;
  }
  if (few) r.tries = 0;
  shop_court_round_put(c, &r);
  if (few) court_shortage(c, k, id);
  else shop_court_arm(c, k, id, c->now_s + 1);
}

bool shop_court_draw_one(struct module_call *c, court_case_t *k,
                         court_round_t *r, u64 id) {
  u256 seed;
  if (!court_seed(c, &seed, &k->draw_height, id, k->round)) return false;
  for (u32 i = 0; i < COURT_REPLACE_TRIES; i++)
    if (court_draw(c, k, id, k->round, r->cnt, &seed, &r->tries, k->lock)) {
      r->cnt++;
      r->alive++;
      r->opened = r->cnt;
      return true;
    }
  return false;
}

/*-------------------------------------------------------------------- panel */

void shop_court_panel_begin(struct module_call *c, u64 id) {
  court_panel_t p = {.state = COURT_PANEL_DRAWING, .layout = 1,
                     .created = c->now_s, .n = COURT_PANEL_SEATS,
                     .draw_height = c->height};
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
  bool early = !court_seed(c, &seed, &p->draw_height, id, COURT_PANEL_ROUND);
  shop_court_case_get(c, &k, id);
  bool few = !early && p->tries == 0 &&
             shop_court_pool_size(c, k.court) < 3u * p->n + k.drawn;
  bool first = true;
  while (!early && !few && p->cnt < p->n &&
         (first || evm_native_gas(c->n) >= COURT_SEAT_GAS)) {
    first = false;
    if (court_draw(c, &k, id, COURT_PANEL_ROUND, p->cnt, &seed, &p->tries, 0))
      p->cnt++;
    else
      few = p->tries >= COURT_TRIES + COURT_TRIES_SEAT * p->n;
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
