/* test_shop_court_states.c - every method of Mediation and Court in every state
** of its record (SPEC-commerce 14.2), as test_shop_states.c has it for the other
** modules: where its table does not name the state it is refused by the table's
** error before anything else that may be wrong; a stranger is refused whatever
** the state; a record that is not there is missing.  And parties, names and
** subjects that are nobody, a module, a precompile or oneself (14.10). */
#include "shop/shop_court_fixture.h"

#define MEDIATION 0x1014
#define PRICE 1000000ull
#define WRONG "WrongState(uint8,bytes32,uint8)"
#define MISSING "NoSuchRecord(uint8,bytes32)"
#define REFUSED "NotAuthorised(address)"
#define SEATED "NotSeated()"
#define APPOINTED "NotAppointed()"
#define IN(...) ((const u8[]){__VA_ARGS__, 0})
#define NOWHERE ((const u8[]){0})

/* args, words: i the record's id, l an offset of 64, a the address of user 4, j
** the juror's, digits.  who: index among those who may ask. */
struct cstates_row {
  const char *method, *args;
  u32 who;
  const u8 *states;
  const char *stranger; /* NULL: anybody may ask */
};
struct cstates {
  struct sf *f;
  u32 module;
  u8 type, states;
  u256 key;
  u64 id;
  addr20 who[4], stranger;
};

static void cstates_ask(struct cstates *c, const struct cstates_row *r, u64 id,
                        const addr20 *who) {
  struct sf *f = c->f;
  u256 zero = U256_ZERO;
  sf_call_of(f, r->method);
  for (const char *k = r->args; *k; k++) {
    if (*k == 'i') sf_u(f, id);
    else if (*k == 'l') sf_u(f, 64);
    else if (*k == 'a') sf_a(f, &f->cf.user[4]);
    else if (*k == 'j') sf_a(f, &c->who[3]);
    else sf_u(f, (u64)(*k - '0'));
  }
  sf_ask_as(f, who, c->module, &zero);
}
static void cstates_walk(struct cstates *c, const struct cstates_row *row,
                         u32 cnt) {
  for (u8 state = 1; state <= c->states; state++) {
    sf_state_put(c->f, c->module, c->type, &c->key, state);
    for (u32 i = 0; i < cnt; i++) {
      const struct cstates_row *r = &row[i];
      bool may = strchr((const char *)r->states, state) != NULL;
      cstates_ask(c, r, c->id, &c->who[r->who]);
      if (sf_error(c->f, WRONG) == may)
        fail_msg("%s in state %u: %s", r->method, state,
                 may ? "not taken" : "taken");
      if (r->stranger) {
        cstates_ask(c, r, c->id, &c->stranger);
        if (!sf_error(c->f, r->stranger))
          fail_msg("%s in state %u: a stranger is not told %s", r->method,
                   state, r->stranger);
      }
      if (!strchr(r->args, 'i')) continue;
      cstates_ask(c, r, 99, &c->who[r->who]);
      if (!sf_error(c->f, MISSING))
        fail_msg("%s: a record that is not there is not missing", r->method);
    }
  }
}
#define WALK(c, rows) cstates_walk(c, rows, ARRAY_LEN(rows))

/*---------------------------------------------------------------- mediation */

enum { SELLER, BUYER, PEER };
static const struct cstates_row cstates_dispute[] = {
  {"join(uint64)", "i", SELLER, IN(1, 2), REFUSED},
  {"offer(uint64,uint16)", "i9", BUYER, IN(1, 2, 3, 4, 5, 6), REFUSED},
  {"acceptOffer(uint64,uint16)", "i9", BUYER, IN(1, 2, 3, 4, 5, 6), REFUSED},
  {"escalate(uint64)", "i", BUYER, IN(1), REFUSED},
  {"prefer(uint64,address[])", "il0", BUYER, IN(2), REFUSED},
  {"strike(uint64,address)", "ia", BUYER, IN(2), REFUSED},
  {"submit(uint64,bytes32,uint8)", "i11", BUYER, IN(4), REFUSED},
  {"rest(uint64)", "i", BUYER, IN(4), REFUSED},
  {"agree(uint64)", "i", BUYER, IN(6), REFUSED},
  {"reject(uint64,bytes32)", "i1", BUYER, IN(6), REFUSED},
  {"rate(uint64,uint8,bytes32)", "i51", BUYER, IN(8), REFUSED},
  {"acceptCase(uint64)", "i", PEER, IN(3), APPOINTED},
  {"declineCase(uint64)", "i", PEER, IN(3), APPOINTED},
  {"propose(uint64,uint16,uint16,bytes32)", "i111", PEER, IN(5), APPOINTED}};
static const struct cstates_row cstates_mediator[] = {
  {"setAvailable(bool)", "1", PEER, IN(1), MISSING},
  {"leaveMediation()", "", PEER, IN(1), MISSING}};

/* User 2 mediates, chosen by both. */
static u64 cstates_mediated(struct sf *f) {
  struct st_order o = {.seller = SELLER, .version = 1, .qty = 1,
                       .total = PRICE};
  struct st_listing l = st_plain;
  o.listing = st_save(f, SELLER, &l, 10);
  u64 order = st_place(f, BUYER, &o);
  assert_done(f);
  sf_do(f, SELLER, ORDERS, "ship(uint64,bytes32)", "uu", order, 9ull);
  sf_do(f, PEER, IDENTITY, "create(uint8,bytes32,bytes32)", "uuu", 1ull, 5ull,
        6ull);
  sf_call_of(f, "registerMediator(uint256,uint8,bytes32,uint64,bytes32)");
  sf_cmt(f, 2000), sf_u(f, 2), sf_u(f, 7), sf_u(f, ~0ull), sf_u(f, 9);
  sf_send_m(f, PEER, MEDIATION, 200000);
  assert_done(f);
  sf_call_of(f, "open(uint16,uint64,uint8,uint16,uint16,bytes32)");
  sf_u(f, ORDERS), sf_u(f, order), sf_u(f, 255), sf_u(f, 8000), sf_u(f, 1);
  sf_u(f, 3);
  sf_send_m(f, BUYER, MEDIATION, 2000);
  assert_done(f);
  sf_call_of(f, "join(uint64)");
  sf_u(f, 1);
  sf_send_m(f, SELLER, MEDIATION, 2000);
  assert_done(f);
  sf_pass(f, 2 * SF_DAY);
  sf_do(f, BUYER, MEDIATION, "escalate(uint64)", "u", 1ull);
  assert_done(f);
  for (u32 user = 0; user < 2; user++) {
    sf_call_of(f, "prefer(uint64,address[])");
    sf_u(f, 1), sf_u(f, 64), sf_u(f, 1), sf_a(f, &f->cf.user[PEER]);
    sf_send_m(f, user, MEDIATION, 0);
    assert_done(f);
  }
  return 1;
}

static void dispute_when_in_a_state_takes_what_its_table_says(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u64 id = cstates_mediated(&f);
  struct cstates c = {.f = &f, .module = MEDIATION, .type = 2, .states = 12,
                      .id = id, .key = u256_from(id),
                      .stranger = f.cf.user[3]};
  for (u32 i = 0; i < 3; i++) c.who[i] = f.cf.user[i];
  WALK(&c, cstates_dispute);
  c.type = 1;
  c.states = 4;
  c.key = module_key_addr(&c.who[PEER]);
  WALK(&c, cstates_mediator);
  sf_close(&f);
}

/*-------------------------------------------------------------------- court */

enum { CLAIMANT, ACCUSED, STRANGER, JUROR };
static const struct cstates_row cstates_case[] = {
  {"reply(uint64,bytes32)", "i1", ACCUSED, IN(SJ_FILED), REFUSED},
  {"withdrawCase(uint64)", "i", CLAIMANT, IN(SJ_FILED), REFUSED},
  {"submit(uint64,bytes32,uint8)", "i11", CLAIMANT, IN(SJ_EVIDENCE), REFUSED},
  {"declineSeat(uint64)", "i", JUROR, IN(SJ_COMMIT), SEATED},
  {"commit(uint64,bytes32)", "i1", JUROR, IN(SJ_COMMIT), SEATED},
  {"reveal(uint64,uint8,bool,bytes32,bytes32)", "i1011", JUROR, IN(SJ_REVEAL),
   SEATED},
  {"tip(uint64,bytes32)", "i1", STRANGER, IN(SJ_COMMIT), NULL},
  {"snitch(uint64,address,uint8,bool,bytes32)", "ij101", CLAIMANT,
   IN(SJ_COMMIT), NULL},
  {"appeal(uint64,bytes32)", "i1", CLAIMANT, IN(SJ_APPEAL), NULL},
  {"payFine(uint64)", "i", STRANGER, IN(SJ_CLOSED), NULL},
  {"rehear(uint64,bytes32)", "i1", ACCUSED, NOWHERE, REFUSED}}; /* no ban */
static const struct cstates_row cstates_juror[] = {
  {"setCourts(uint16)", "1", JUROR, IN(1), MISSING},
  {"leaveJury()", "", JUROR, IN(1), MISSING},
  {"stake(uint16)", "1", JUROR, IN(1, 3, 4), NULL}};

static void case_when_in_a_state_takes_what_its_table_says(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  sj_open(&s, 9);
  u64 id = sj_accuse(f, &f->cf.user[1], 250 * SJ_CMT, 1, IDENTITY, 1, 0,
                     &f->cf.user[2], 5, 0);
  assert_done(f);
  sj_draw(&s, id);
  struct cstates c = {.f = f, .module = COURT, .type = 4, .states = 8, .id = id,
                      .key = u256_from(id), .stranger = f->cf.user[4],
                      .who = {f->cf.user[1], f->cf.user[2], f->cf.user[4],
                              sj_seat(f, id, 1, 0).juror}};
  WALK(&c, cstates_case);
  c.type = 1;
  c.states = 4;
  c.key = module_key_addr(&c.who[JUROR]);
  WALK(&c, cstates_juror);
  sf_state_put(c.f, c.module, c.type, &c.key, 1);
  sj_close(&s);
}

/*---------------------------------------------------------------- addresses */

/* Whom one can accuse, prefer or strike: neither nobody, nor the chain's own
** addresses, nor oneself. */
static void address_when_nobodys_is_refused(void **st) {
  (void)st;
  struct sj s;
  struct sf *f = &s.f;
  u256 zero = U256_ZERO;
  static const u16 nobody[] = {0, 1, 9, 0x100, 0x1005, COURT, MEDIATION,
                               IDENTITY, 0x1100};
  sj_open(&s, 0);
  const addr20 *me = &f->cf.user[1];
  for (u32 i = 0; i < ARRAY_LEN(nobody); i++) {
    addr20 who = sf_module(nobody[i]);
    sj_accuse(f, me, 250 * SJ_CMT, 1, IDENTITY, 1, 0, &who, 5, 0);
    assert_reverted(f, "BadAddress()");
    sf_call_of(f, "snitch(uint64,address,uint8,bool,bytes32)");
    sf_u(f, 1), sf_a(f, &who), sf_u(f, 0), sf_u(f, 0), sf_u(f, 1);
    sf_ask_as(f, me, COURT, &zero);
    assert_reverted(f, MISSING);
  }
  sj_accuse(f, me, 250 * SJ_CMT, 1, IDENTITY, 1, 0, me, 5, 0);
  assert_reverted(f, "SelfDeal()");
  u64 id = cstates_mediated(f);
  u256 key = u256_from(id);
  struct cstates c = {.f = f, .module = MEDIATION, .type = 2, .id = id,
                      .key = key};
  sf_state_put(c.f, c.module, c.type, &c.key, 2);
  for (u32 i = 0; i < ARRAY_LEN(nobody) + 2; i++) {
    addr20 who = i < ARRAY_LEN(nobody) ? sf_module(nobody[i])
                                       : f->cf.user[i - ARRAY_LEN(nobody)];
    sf_call_of(f, "prefer(uint64,address[])");
    sf_u(f, id), sf_u(f, 64), sf_u(f, 1), sf_a(f, &who);
    sf_ask_as(f, me, MEDIATION, &zero);
    assert_reverted(f, "NotEligible(uint8)");
    sf_call_of(f, "strike(uint64,address)");
    sf_u(f, id), sf_a(f, &who);
    sf_ask_as(f, me, MEDIATION, &zero);
    if (i < ARRAY_LEN(nobody)) assert_reverted(f, "BadAddress()");
    else assert_done(f);
  }
  sf_close(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(dispute_when_in_a_state_takes_what_its_table_says),
    cmocka_unit_test(case_when_in_a_state_takes_what_its_table_says),
    cmocka_unit_test(address_when_nobodys_is_refused),
  };
  return cmocka_run_group_tests_name("shop_court_states", tests, NULL, NULL);
}
