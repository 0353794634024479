/* cmd_demo_court.c - the demo shop's court: who attests humans, who sits, and
** two cases against a shop outside of the catalogue; see cmd_demo.h.
**
** Jurors are the buyers, who runs the first storefront, and five more, so that
** whoever looks around as an account of the development chain is likely to have
** a seat.  The first case is decided and is case law; in the second one the
** votes are not all in: those whose accounts are at hand have theirs to cast.
** When a case draws and when its steps are due the chain tells: those who sit
** look at each block where it stands.
*/
#include "cmd/cmd_demo_int.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "shop/shop_court.h"
#include <stdio.h>

enum { /* accounts */
  DEMOCOURT_FIRST = CMD_DEMO_SHOPS, DEMOCOURT_ISSUER = DEMO_ACCOUNTS,
  DEMOCOURT_ACCUSED, DEMOCOURT_STRANGER
};
enum { /* states of a case and of a seat, as in shop_court_int.h */
  DEMOCOURT_COMMIT = 4, DEMOCOURT_REVEAL, DEMOCOURT_DRAWN = 1,
  DEMOCOURT_COMMITTED
};
#define DEMOCOURT_STAKE 150000u /* of 1/1000 CMT */
#define DEMOCOURT_BOND 10000000u
#define DEMOCOURT_HUMAN_S (300ull * 86400)

static const struct { u8 kind; const char *name, *about; }
    democourt_people[DEMO_OTHERS] = {
  {2, "Valley Notaries", "We look at passports and attest one person as one."},
  {2, "Bargain Barn", "Famous names at a tenth of the price, while it lasts."},
  {1, "Nora Steen", "Bookkeeper. Juror since the first day."},
  {1, "Emil Farkas", "I repair radios."},
  {1, "Priya Nair", "Teacher, and a patient reader of small print."},
  {1, "Oskar Lund", "Ferryman."},
  {1, "Awa Diallo", "Potter and translator."},
};

/* Days: filed; a reply the morning after, what each side brings on the two next
** ones.  votes: of those who sit, in turn; strangers: only those vote whom
** nobody at hand is. */
static const struct democourt_case {
  u8 day, claimant, rule, votes[3];
  bool strangers;
  u32 bond;
  const char *story, *reply, *evidence, *answer, *reasons[3];
} democourt_cases[DEMO_CASES] = {
  {8, 5, 1, {2, 2, 1}, false, 50000,
   "I paid for a watch and got an empty box, for the second time. Others "
   "tell of the same.",
   "The box was full when it left us. Ask the carrier.",
   "The carrier weighed the parcel at 90 grams. The watch weighs 140.",
   "Our scales are old; we have ordered new ones.",
   {"A parcel of 90 grams cannot have held the watch. Twice is no accident.",
    "The weight decides it. There was time to make it good, and it was not.",
    "The carrier's note is clear, but two boxes are not yet a habit."}},
  {31, 3, 4, {3, 3, 3}, true, 100000,
   "Forty reviews within one hour, all of five stars, all from accounts that "
   "were made the day before.",
   "We asked our friends to be kind. We have many friends.",
   "The list of the accounts, with the time at which each was made.",
   "Friendship is not against any rule.",
   {"Accounts made in one night are not customers.",
    "Bought praise harms every honest shop.",
    "The times speak for themselves."}},
};

static bool democourt_sits_at_hand(u32 who) { return who < DEMO_ACCOUNTS; }

/* i-th of those who may be drawn; DEMO_PEOPLE past the last. */
static u32 democourt_juror(u32 i) {
  u32 own = DEMO_ACCOUNTS - DEMOCOURT_FIRST;
  u32 who = i < own ? DEMOCOURT_FIRST + i : DEMOCOURT_STRANGER + i - own;
  return who < DEMO_PEOPLE ? who : DEMO_PEOPLE;
}

/*------------------------------------------------------------- first day */

/* The issuer's bond comes from many, the others' money from the merchants. */
static err democourt_fund(struct demo *d) {
  for (u32 i = DEMOCOURT_FIRST; i < DEMO_OPERATOR; i++)
    TRY(cmd_demo_give(d, i, DEMOCOURT_ISSUER, 1000000));
  TRY(cmd_demo_give(d, DEMO_OPERATOR, DEMOCOURT_ISSUER, 4100000));
  TRY(cmd_demo_give(d, 1, DEMOCOURT_ACCUSED, 200000));
  for (u32 i = DEMOCOURT_STRANGER; i < DEMO_PEOPLE; i++)
    TRY(cmd_demo_give(d, 2, i, 300000));
  return ERR_OK;
}

static err democourt_people_come(struct demo *d) {
  for (u32 i = 0; i < DEMO_OTHERS; i++) {
    const char *doc = cmd_demo_keep(d, slice_str(arena_printf(&d->mem,
        "{\"about\":\"%s\",\"name\":\"%s\"}", democourt_people[i].about,
        democourt_people[i].name)));
    TRY(cmd_demo_send(d, DEMO_ACCOUNTS + i, DEMO_IDENTITY, 0, NULL, NULL,
                      "create(uint8,bytes32,bytes32)", "(%u,%s,0)",
                      democourt_people[i].kind, doc));
  }
  return cmd_demo_send(d, DEMOCOURT_ISSUER, DEMO_IDENTITY, DEMOCOURT_BOND,
                       NULL, NULL, "applyIssuer(bytes32[],uint16,bytes32)",
                       "([],1,0)");
}

static err democourt_attest(struct demo *d) {
  u64 until = d->begin_ms / 1000 + DEMOCOURT_HUMAN_S;
  for (u32 i = 0, who; (who = democourt_juror(i)) < DEMO_PEOPLE; i++)
    TRY(cmd_demo_send(d, DEMOCOURT_ISSUER, DEMO_IDENTITY, 0, NULL, NULL,
                      "attestHuman(address,bytes32,uint64)", "(%s,0x%064x,%llu)",
                      d->hex[who], 1000 + who, (unsigned long long)until));
  return ERR_OK;
}

/* In the courts of trade and of conduct. */
static err democourt_stake(struct demo *d) {
  for (u32 i = 0, who; (who = democourt_juror(i)) < DEMO_PEOPLE; i++)
    TRY(cmd_demo_send(d, who, DEMO_COURT, DEMOCOURT_STAKE, NULL, NULL,
                      "stake(uint16)", "(3)"));
  return ERR_OK;
}

err cmd_demo_court_open(struct demo *d, u64 ms) {
  const u64 step = 600000;
  TRY(democourt_fund(d));
  TRY(cmd_demo_block(d, ms - 4 * step));
  TRY(democourt_people_come(d));
  TRY(cmd_demo_block(d, ms - 3 * step));
  TRY(cmd_demo_govern(d, DEMO_IDENTITY, "approveIssuer(address)",
                      arena_printf(&d->mem, "(%s)", d->hex[DEMOCOURT_ISSUER])));
  TRY(cmd_demo_block(d, ms - 2 * step));
  TRY(democourt_attest(d));
  TRY(cmd_demo_block(d, ms - step));
  TRY(democourt_stake(d));
  return cmd_demo_block(d, ms);
}

/*----------------------------------------------------------------- votes */

/* The seat of an account in the case's round under way; false: it has none. */
static err democourt_seat(struct demo *d, bool *sits,
                          struct shop_court_record_seat *s,
                          const struct shop_court_record_case *k, u64 id,
                          u32 who) {
  struct shop_court_record_seat_place p;
  u256 part[3] = {u256_from(id), module_key_addr(&d->addr[who])}, key;
  module_key_of(&key, part, 2);
  TRY(cmd_demo_record(d, DEMO_COURT, &shop_court_table_seat_place, &key, &p));
  *sits = p.at && p.round == k->round;
  if (!*sits) return ERR_OK;
  part[1] = u256_from(p.round);
  part[2] = u256_from(p.at - 1u);
  module_key_of(&key, part, 3);
  return cmd_demo_record(d, DEMO_COURT, &shop_court_table_seat, &key, s);
}

static err democourt_commit(struct demo *d, u64 id, u32 who, u32 vote,
                            const struct shop_court_record_seat *s) {
  u256 part[7] = {u256_from(node_info(d->n)->chain_id), u256_from(id),
                  u256_from(s->round), module_key_addr(&d->addr[who]),
                  u256_from(vote), u256_from(0), u256_from(who)}, v;
  char hex[65];
  module_key_of(&v, part, 7);
  hash32 h = u256_hash32(&v);
  hex_encode(hex, h.b, 32);
  hex[64] = 0;
  return cmd_demo_send(d, who, DEMO_COURT, 0, NULL, NULL,
                       "commit(uint64,bytes32)", "(%llu,0x%s)",
                       (unsigned long long)id, hex);
}

static err democourt_vote(struct demo *d, const struct democourt_case *of,
                          u64 id) {
  struct shop_court_record_case k;
  struct shop_court_record_seat s;
  u256 key = u256_from(id);
  bool sits;
  TRY(cmd_demo_record(d, DEMO_COURT, &shop_court_table_case, &key, &k));
  if (k.state != DEMOCOURT_COMMIT && k.state != DEMOCOURT_REVEAL)
    return ERR_OK;
  for (u32 i = 0, who; (who = democourt_juror(i)) < DEMO_PEOPLE; i++) {
    TRY(democourt_seat(d, &sits, &s, &k, id, who));
    u32 vote = sits ? of->votes[s.index % 3] : 0;
    if (!sits || (of->strangers && democourt_sits_at_hand(who))) continue;
    if (k.state == DEMOCOURT_COMMIT && s.state == DEMOCOURT_DRAWN)
      TRY(democourt_commit(d, id, who, vote, &s));
    if (k.state == DEMOCOURT_REVEAL && s.state == DEMOCOURT_COMMITTED)
      TRY(cmd_demo_send(d, who, DEMO_COURT, 0, NULL, NULL,
                        "reveal(uint64,uint8,bool,bytes32,bytes32)",
                        "(%llu,%u,0,0x%064x,%s)", (unsigned long long)id, vote, who,
                        cmd_demo_text(d, "text", of->reasons[s.index % 3])));
  }
  return ERR_OK;
}

/*------------------------------------------------------------------ days */

static err democourt_file(struct demo *d, const struct democourt_case *k,
                          u64 *id) {
  return cmd_demo_send(d, k->claimant, DEMO_COURT, k->bond, id,
      "CourtCaseSaved(uint64,address,address,bytes)",
      "accuse(uint16,uint16,uint8,uint64,address,bytes32,bool)",
      "(%u,4112,1,0,%s,%s,0)", k->rule, d->hex[DEMOCOURT_ACCUSED],
      cmd_demo_text(d, "text", k->story));
}
static err democourt_say(struct demo *d, u32 who, u64 id, const char *method,
                         const char *text, const char *more) {
  return cmd_demo_send(d, who, DEMO_COURT, 0, NULL, NULL, method, "(%llu,%s%s)",
                       (unsigned long long)id, cmd_demo_text(d, "text", text),
                       more);
}

err cmd_demo_court_day(struct demo *d, u32 day, char by) {
  static const char submit[] = "submit(uint64,bytes32,uint8)";
  bool morning = by == 'S';
  for (u32 i = 0; i < DEMO_CASES; i++) {
    const struct democourt_case *k = &democourt_cases[i];
    u64 *id = &d->court_case[i];
    if (day < k->day) continue;
    u32 age = day - k->day;
    if (age == 0 && !morning) TRY(democourt_file(d, k, id));
    if (age == 1 && morning)
      TRY(democourt_say(d, DEMOCOURT_ACCUSED, *id, "reply(uint64,bytes32)",
                        k->reply, ""));
    if (age == 2 && !morning)
      TRY(democourt_say(d, k->claimant, *id, submit, k->evidence, ",1"));
    if (age == 3 && morning)
      TRY(democourt_say(d, DEMOCOURT_ACCUSED, *id, submit, k->answer, ",1"));
    if (age > 3) TRY(democourt_vote(d, k, *id));
  }
  return ERR_OK;
}

#undef DEMOCOURT_STAKE
#undef DEMOCOURT_BOND
#undef DEMOCOURT_HUMAN_S
