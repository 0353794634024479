/* test_shop_states.c - every method of Identity, Platforms, Market and Orders in
** every state of its record (SPEC-commerce 14.2): in a state that its table
** does not name it is refused by the table's error, before anything else that
** may be wrong; a stranger is refused whatever the state, and a record that is
** not there is missing whoever asks.
**
** Addresses too (14.10): what is nobody's is no party, no name and no token.
**
** A record is made once and its state then written into its header, so states
** that take a court or half a year are here too; what a method does where it
** may is the other files' matter. */
#include "shop/shop_trade.h"

#define IDENTITY 0x1010
#define WRONG "WrongState(uint8,bytes32,uint8)"
#define REFUSED "NotAuthorised(address)"
#define OPERATOR "NotOperator()"
#define NOBODY "IdentityRequired(address)"
#define CLOSED "PlatformClosed(uint64)"
#define LOCKED "Locked()"
#define IN(...) ((const u8[]){__VA_ARGS__, 0})

/* args, words that follow each other: i the record's id, a the address of the
** user after it, u a time to come, s l v the offsets 32, 64 and 640, digits. */
struct states_row {
  const char *method, *args;
  u32 user;             /* who may call */
  const u8 *states;     /* where */
  const char *stranger; /* what user 3 is told; NULL: anybody may */
  const char *other;    /* besides WrongState, where it may not */
};
struct states_type {
  u32 module;
  u8 type, states; /* 1 to states */
  const struct states_row *row;
  u32 cnt;
};

static void states_args(struct sf *f, const struct states_row *r, u64 id) {
  sf_call_of(f, r->method);
  for (const char *k = r->args; *k; k++) {
    if (*k == 'i') sf_u(f, id);
    else if (*k == 'u') sf_u(f, sf_now(f) + 5 * SF_DAY);
    else if (*k == 'a') sf_a(f, &f->cf.user[*++k - '0']);
    else if (*k == 's') sf_u(f, 32);
    else if (*k == 'l') sf_u(f, 64);
    else if (*k == 'v') sf_u(f, 640);
    else sf_u(f, (u64)(*k - '0'));
  }
}
static void states_ask(struct sf *f, u32 module, u32 user) {
  u256 zero = U256_ZERO;
  sf_ask_as(f, &f->cf.user[user], module, &zero);
}
static void states_walk(struct sf *f, const struct states_type *t,
                        const u256 *key, u64 id) {
  for (u8 state = 1; state <= t->states; state++) {
    sf_state_put(f, t->module, t->type, key, state);
    for (u32 i = 0; i < t->cnt; i++) {
      const struct states_row *r = &t->row[i];
      bool may = strchr((const char *)r->states, state) != NULL;
      states_args(f, r, id);
      states_ask(f, t->module, r->user);
      bool wrong = sf_error(f, WRONG) || (r->other && sf_error(f, r->other));
      if (wrong == may)
        fail_msg("%s in state %u: %s", r->method, state,
                 may ? "not taken" : "taken");
      if (r->stranger) {
        states_ask(f, t->module, 3);
        if (!sf_error(f, r->stranger))
          fail_msg("%s in state %u: a stranger is not told %s", r->method,
                   state, r->stranger);
      }
      if (!strchr(r->args, 'i')) continue;
      states_args(f, r, 99);
      states_ask(f, t->module, r->user);
      if (!sf_error(f, "NoSuchRecord(uint8,bytes32)"))
        fail_msg("%s: a record that is not there is not missing", r->method);
    }
  }
}
#define TYPE(module, type, states, rows) \
  &(const struct states_type){module, type, states, rows, ARRAY_LEN(rows)}

/*------------------------------------------------------------------- orders */

static const struct states_row states_order[] = {
  {"accept(uint64)", "i", 0, IN(1), REFUSED, LOCKED},
  {"ship(uint64,bytes32)", "i1", 0, IN(1), REFUSED, LOCKED},
  {"deliver(uint64,bytes32)", "i1", 0, IN(1), REFUSED, LOCKED},
  {"confirm(uint64)", "i", 1, IN(2), REFUSED, LOCKED},
  {"extend(uint64,uint32)", "i9", 1, IN(2), REFUSED, LOCKED},
  {"cancel(uint64,uint16)", "i1", 0, IN(1, 3), REFUSED, LOCKED},
  {"refund(uint64,uint256,uint16)", "i11", 0, IN(1, 2), REFUSED, LOCKED},
  {"refundLater(uint64,uint256)", "i1", 0, IN(8, 10, 11), REFUSED, LOCKED},
  {"askReturn(uint64,uint16,bytes32)", "i11", 1, IN(2), REFUSED, LOCKED},
  {"answerReturn(uint64,bool,bytes32)", "i11", 0, IN(4), REFUSED, LOCKED},
  {"sendReturn(uint64,bytes32)", "i1", 1, IN(5), REFUSED, LOCKED},
  {"confirmReturn(uint64,uint256)", "i1", 0, IN(6), REFUSED, LOCKED},
  {"attestDelivery(uint64,uint64,uint64)", "i11", 4, IN(2), NULL, NULL},
  {"submitMilestone(uint64,uint8,bytes32)", "i01", 0, IN(3), REFUSED, LOCKED},
  {"acceptMilestone(uint64,uint8)", "i0", 1, IN(3), REFUSED, LOCKED},
  {"rejectMilestone(uint64,uint8,bytes32)", "i01", 1, IN(3), REFUSED, LOCKED}};
static const struct states_row states_step[] = {
  {"submitMilestone(uint64,uint8,bytes32)", "i01", 0, IN(1), REFUSED, LOCKED},
  {"acceptMilestone(uint64,uint8)", "i0", 1, IN(2), REFUSED, LOCKED},
  {"rejectMilestone(uint64,uint8,bytes32)", "i01", 1, IN(2), REFUSED, LOCKED}};
static const struct states_row states_invoice[] = {
  {"cancelInvoice(uint64)", "i", 0, IN(1), REFUSED, NULL},
  {"payInvoice(uint64,uint256,uint64,address,bytes32)", "i1001", 1, IN(1), NULL,
   "InvoiceUsedUp()"}};
static const struct states_row states_sub[] = {
  {"topUp(uint64,uint16)", "i1", 4, IN(1, 2), NULL, NULL},
  {"cancelSub(uint64)", "i", 1, IN(1, 2), REFUSED, NULL}};

static void order_when_in_a_state_takes_what_its_table_says(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_listing l = st_plain;
  l.return_days = 7;
  struct st_order o = {.listing = st_save(&f, 0, &l, 10), .version = 1,
                       .qty = 1, .total = 1000000};
  u64 id = st_place(&f, 1, &o);
  assert_done(&f);
  u256 key = u256_from(id);
  states_walk(&f, TYPE(ORDERS, 1, 11, states_order), &key, id);
  u64 bill = st_invoice(&f, 1, 1000, 0, 0);
  key = u256_from(bill);
  states_walk(&f, TYPE(ORDERS, 2, 4, states_invoice), &key, bill);
  bill = st_invoice(&f, 3, 1000, 0, 2);
  id = st_pay_invoice(&f, 1, bill, 1000);
  assert_done(&f);
  u256 part[2] = {u256_from(id), U256_ZERO};
  module_key_of(&key, part, 2);
  states_walk(&f, TYPE(ORDERS, 3, 6, states_step), &key, id);
  sf_close(&f);
}

static void subscription_when_in_a_state_takes_what_its_table_says(void **st) {
  (void)st;
  struct sf f;
  u256 v = u256_from(2000), key = u256_from(1);
  sf_open(&f);
  sf_call_of(&f, "savePlan(uint64,address,(address,uint256,uint32,uint32,"
                 "uint16,uint16,bytes32))");
  for (u32 i = 0; i < 9; i++)
    sf_u(&f, (u64[]){0, 0, 0, 1000, SF_DAY, 0, 0, 0, 1}[i]);
  sf_send_m(&f, 0, ORDERS, 0);
  assert_done(&f);
  sf_call_of(&f, "subscribe(uint64,uint16,uint64)");
  sf_u(&f, 1), sf_u(&f, 2), sf_u(&f, 0);
  sf_send_value(&f, 1, ORDERS, &v);
  assert_done(&f);
  states_walk(&f, TYPE(ORDERS, 5, 5, states_sub), &key, 1);
  sf_close(&f);
}

/* Nothing lays liens before Loans is there: written from outside. */
static void lien_when_on_an_order_binds_the_sellers_refunds(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_order o = {.listing = st_save(&f, 0, &st_plain, 10), .version = 1,
                       .qty = 1, .total = 1000000};
  u64 id = st_place(&f, 1, &o);
  struct shop_orders_record_order r;
  u256 key = u256_from(id);
  sf_record(&f, ORDERS, &shop_orders_table_order, &r, &key);
  r.lien = 400000;
  sf_record_put(&f, ORDERS, &shop_orders_table_order, &r, &key);
  sf_call_of(&f, "refund(uint64,uint256,uint16)");
  sf_u(&f, id), sf_u(&f, 600001), sf_u(&f, 1);
  sf_send_m(&f, 0, ORDERS, 0);
  assert_reverted(&f, "LienActive()");
  sf_call_of(&f, "refund(uint64,uint256,uint16)");
  sf_u(&f, id), sf_u(&f, 600000), sf_u(&f, 1);
  sf_send_m(&f, 0, ORDERS, 0);
  assert_done(&f);
  sf_do(&f, 0, ORDERS, "cancel(uint64,uint16)", "uu", id, 1ull);
  assert_done(&f); /* calling off pays the buyer all the same */
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

/*------------------------------------------------------- market, platforms */

static const struct states_row states_listing[] = {
  {"save(uint64,address," ST_LISTING "," ST_VARIANT "[])",
   "i015107000000000000v0", 0, IN(1, 2), REFUSED, NULL},
  {"setVariants(uint64," ST_VARIANT "[])", "il0", 0, IN(1, 2), REFUSED, NULL},
  {"adjustStock(uint64,uint16,int32)", "i01", 0, IN(1, 2, 5), REFUSED, NULL},
  {"setPaused(uint64,bool)", "i1", 0, IN(1), REFUSED, NULL},
  {"setPaused(uint64,bool)", "i0", 0, IN(2), REFUSED, NULL},
  {"renew(uint64,uint64)", "iu", 0, IN(3), REFUSED, NULL},
  {"close(uint64)", "i", 0, IN(1, 2, 3), REFUSED, NULL}};
static const struct states_row states_coupon[] = {
  {"saveCoupon(uint64,address,(address,address,uint8,uint256,uint256,uint32,"
   "uint16,uint64,uint64,uint64))", "i0a40110110u0", 0, IN(1), REFUSED, NULL},
  {"endCoupon(uint64)", "i", 0, IN(1), REFUSED, NULL}};
static const struct states_row states_platform[] = {
  {"update(uint64,bytes32,bytes32,uint8,uint64)", "i1110", 2, IN(1, 2),
   OPERATOR, CLOSED},
  {"setFee(uint64,uint16,uint16)", "i11", 2, IN(1, 2), OPERATOR, CLOSED},
  {"pause(uint64)", "i", 2, IN(1), OPERATOR, CLOSED},
  {"resume(uint64)", "i", 2, IN(2, 6), OPERATOR, CLOSED},
  {"closePlatform(uint64)", "i", 2, IN(1, 2, 6), OPERATOR, CLOSED},
  {"offerOperator(uint64,address)", "ia4", 2, IN(1, 2), OPERATOR, CLOSED},
  {"acceptOperator(uint64)", "i", 4, IN(1, 2), REFUSED, CLOSED},
  {"decide(uint64,uint64,bool,uint16,bytes32)", "i1111", 2, IN(1, 2), OPERATOR,
   CLOSED},
  {"hide(uint64,uint64,uint16,bytes32)", "i111", 2, IN(1, 2), OPERATOR,
   CLOSED}};
/* Of the listing 1 on the platform 1. */
static const struct states_row states_post[] = {
  {"post(uint64,uint64[])", "1l11", 0, IN(4), REFUSED, NULL},
  {"unpost(uint64,uint64[])", "1l11", 0, IN(1, 2, 3), REFUSED, NULL},
  {"decide(uint64,uint64,bool,uint16,bytes32)", "11111", 2, IN(1, 2, 3),
   OPERATOR, NULL},
  {"hide(uint64,uint64,uint16,bytes32)", "1111", 2, IN(1, 2, 3), OPERATOR,
   NULL}};

static void listing_when_in_a_state_takes_what_its_table_says(void **st) {
  (void)st;
  struct sf f;
  u256 key = u256_from(1), part[2] = {key, key}, post;
  sf_open(&f);
  assert_int_equal(st_save(&f, 0, &st_plain, 10), 1);
  sf_call_of(&f, states_coupon[0].method);
  states_args(&f, &states_coupon[0], 0);
  sf_send_m(&f, 0, MARKET, 0);
  assert_done(&f);
  sf_call_of(&f, "register(bytes32,bytes32,uint16,uint16,uint8,uint64)");
  for (u32 i = 0; i < 6; i++) sf_u(&f, (u64[]){1, 2, 0, 0, 1, 0}[i]);
  sf_send_m(&f, 2, PLATFORMS, 100000); /* platformBond */
  assert_done(&f);
  sf_do(&f, 0, PLATFORMS, "post(uint64,uint64[])", "uuuu", 1ull, 64ull, 1ull,
        1ull);
  assert_done(&f);
  sf_do(&f, 2, PLATFORMS, "offerOperator(uint64,address)", "ua", 1ull,
        &f.cf.user[4]);
  assert_done(&f);
  module_key_of(&post, part, 2);
  states_walk(&f, TYPE(PLATFORMS, 2, 4, states_post), &post, 1);
  /* hide and decide ask for the post's state after the platform's. */
  sf_state_put(&f, PLATFORMS, 2, &post, 1);
  states_walk(&f, TYPE(PLATFORMS, 1, 6, states_platform), &key, 1);
  states_walk(&f, TYPE(MARKET, 1, 5, states_listing), &key, 1);
  states_walk(&f, TYPE(MARKET, 4, 2, states_coupon), &key, 1);
  sf_close(&f);
}

/*----------------------------------------------------------------- identity */

static const struct states_row states_identity[] = {
  {"update(bytes32,bytes32)", "11", 0, IN(1, 2), NOBODY, NULL},
  {"close()", "", 0, IN(1), NOBODY, NULL},
  {"setHandle(string)", "s0", 0, IN(1, 2), NOBODY, NULL},
  {"releaseHandle()", "", 0, IN(1, 2), NOBODY, NULL},
  {"offerController(address)", "a4", 0, IN(1), NOBODY, NULL},
  {"setOperator(address,uint16,uint64)", "a410", 0, IN(1, 2), NOBODY, NULL},
  {"setGuardians(address[],uint8,uint32)", "l000", 0, IN(1), NOBODY, NULL},
  {"cancelRecovery()", "", 0, IN(2), NOBODY, NULL},
  {"startRecovery(address,address)", "a0a4", 2, IN(1), "NotGuardian()", NULL},
  {"approveRecovery(address)", "a0", 2, IN(2), "NotGuardian()", NULL},
  {"acceptController(address)", "a0", 4, IN(1), REFUSED, NULL}};
static const struct states_row states_issuer[] = {
  {"retireIssuer()", "", 0, IN(2, 3), NOBODY, NULL},
  {"addBond()", "", 0, IN(1, 2, 3, 6), NOBODY, NULL},
  {"applyIssuer(bytes32[],uint16,bytes32)", "l000", 0, IN(5), NOBODY, NULL},
  {"issueClaim(address,bytes32,bytes32,uint64)", "a111u", 0, IN(2), NOBODY,
   "NotIssuer(bytes32)"}};
static const struct states_row states_claim[] = {
  {"acceptClaim(uint64)", "i", 1, IN(1), REFUSED, NULL},
  {"declineClaim(uint64)", "i", 1, IN(1), REFUSED, NULL},
  {"revokeClaim(uint64,uint8)", "i1", 0, IN(2), REFUSED, NULL}};
static const struct states_row states_consent[] = {
  {"endConsent(uint64)", "i", 0, IN(1), REFUSED, NULL}};

static void identity_when_in_a_state_takes_what_its_table_says(void **st) {
  (void)st;
  struct sf f;
  u256 one = u256_from(1);
  sf_open(&f);
  sf_do(&f, 0, IDENTITY, "create(uint8,bytes32,bytes32)", "uuu", 1ull, 5ull,
        6ull);
  assert_done(&f);
  u256 key = module_key_addr(&f.cf.user[0]);
  sf_call_of(&f, "setGuardians(address[],uint8,uint32)");
  sf_u(&f, 96), sf_u(&f, 1), sf_u(&f, 2 * SF_DAY), sf_u(&f, 1);
  sf_a(&f, &f.cf.user[2]);
  sf_send_m(&f, 0, IDENTITY, 0);
  assert_done(&f);
  sf_do(&f, 0, IDENTITY, "offerController(address)", "a", &f.cf.user[4]);
  assert_done(&f);
  states_walk(&f, TYPE(IDENTITY, 1, 3, states_identity), &key, 0);
  sf_state_put(&f, IDENTITY, 1, &key, 1);
  sf_call_of(&f, "applyIssuer(bytes32[],uint16,bytes32)");
  sf_u(&f, 96), sf_u(&f, 0), sf_u(&f, 9), sf_u(&f, 1), sf_u(&f, 1);
  sf_send_m(&f, 0, IDENTITY, 10000000); /* issuerBond */
  assert_done(&f);
  sf_pass(&f, 3 * SF_DAY + 60);
  sf_call_of(&f, "issueClaim(address,bytes32,bytes32,uint64)");
  states_args(&f, &states_issuer[3], 0);
  sf_send_m(&f, 0, IDENTITY, 0);
  assert_done(&f);
  sf_do(&f, 0, IDENTITY, "giveConsent(address,bytes32,uint16,uint64[],uint64)",
        "auuuuu", &f.cf.user[1], 4ull, 2ull, 160ull, sf_now(&f) + SF_DAY,
        0ull);
  assert_done(&f);
  states_walk(&f, TYPE(IDENTITY, 5, 6, states_issuer), &key, 0);
  states_walk(&f, TYPE(IDENTITY, 6, 5, states_claim), &one, 1);
  states_walk(&f, TYPE(IDENTITY, 7, 3, states_consent), &one, 1);
  sf_close(&f);
}

/*---------------------------------------------------------------- addresses */

#define ODD ~0ull        /* the address */
#define SOON (~0ull - 1) /* a time to come */
#define USER (~0ull - 2) /* user 4 */
#define END (~0ull - 3)
#define LISTING_OF(token, mediator) \
  1, 5, 9, token, 9, 0, SF_DAY, SF_DAY, SF_DAY, 0, 0, 0, mediator, 0, 0, 0, 0
#define INVOICE_OF(payer, token) \
  payer, token, 5, 0, 2, 1, 0, 0, SOON, 9, 9, SF_DAY, SF_DAY, SF_DAY, 544, 576, \
  608, 0, 0, 0
#define SHIP_TABLE "saveShipTable(uint64,address,address,(bytes8,uint256," \
  "uint256,uint256,uint8,uint8)[])"
#define COUPON "saveCoupon(uint64,address,(address,address,uint8,uint256," \
  "uint256,uint32,uint16,uint64,uint64,uint64))"
#define SAVE "save(uint64,address," ST_LISTING "," ST_VARIANT "[])"
static const struct states_address {
  u32 module;
  const char *method, *error, *none; /* none: what 0 is; NULL: it may be */
  u64 word[24];
} states_address[] = {
  {IDENTITY, "offerController(address)", "BadAddress()", "BadAddress()",
   {ODD, END}},
  {IDENTITY, "setOperator(address,uint16,uint64)", "BadAddress()",
   "BadAddress()", {ODD, 1, 0, END}},
  {IDENTITY, "setGuardians(address[],uint8,uint32)", "BadAddress()",
   "BadAddress()", {96, 1, 2 * SF_DAY, 1, ODD, END}},
  {IDENTITY, "issueClaim(address,bytes32,bytes32,uint64)", "BadAddress()",
   "BadAddress()", {ODD, 7, 1, SOON, END}},
  {IDENTITY, "attestHuman(address,bytes32,uint64)", "NotIssuer(bytes32)",
   "NotIssuer(bytes32)", {ODD, 7, SOON, END}},
  {IDENTITY, "giveConsent(address,bytes32,uint16,uint64[],uint64)",
   "BadAddress()", "BadAddress()", {ODD, 9, 1, 160, SOON, 0, END}},
  {PLATFORMS, "offerOperator(uint64,address)", "BadAddress()", "BadAddress()",
   {1, ODD, END}},
  {MARKET, SAVE, "NotAuthorised(address)", NULL,
   {0, ODD, LISTING_OF(0, 0), 640, 0, END}},
  {MARKET, SAVE, "BadToken(address)", NULL,
   {0, 0, LISTING_OF(ODD, 0), 640, 0, END}},
  {MARKET, SAVE, "BadAddress()", NULL,
   {0, 0, LISTING_OF(0, ODD), 640, 0, END}},
  {MARKET, SHIP_TABLE, "BadToken(address)", NULL, {0, 0, ODD, 128, 0, END}},
  {MARKET, COUPON, "BadAddress()", "BadAddress()",
   {0, 0, ODD, 0, 1, 5, 0, 9, 0, 0, SOON, 0, END}},
  {MARKET, COUPON, "BadToken(address)", NULL,
   {0, 0, USER, ODD, 1, 5, 0, 9, 0, 0, SOON, 0, END}},
  {MARKET, "message(address,uint64,bytes32)", "NoEncKey(address)",
   "NoEncKey(address)", {ODD, 0, 9, END}},
  {MARKET, "shareKey(uint64,bytes32,address,bytes)", "BadAddress()",
   "BadAddress()", {0, 9, ODD, 128, 0, END}},
  {ORDERS, "createInvoice(address," ST_INVOICE ")", "BadAddress()", NULL,
   {0, 64, INVOICE_OF(ODD, 0), END}},
  {ORDERS, "createInvoice(address," ST_INVOICE ")", "BadToken(address)", NULL,
   {0, 64, INVOICE_OF(0, ODD), END}},
  {ORDERS, "savePlan(uint64,address,(address,uint256,uint32,uint32,uint16,"
           "uint16,bytes32))", "BadToken(address)", NULL,
   {0, 0, ODD, 5, SF_DAY, 0, 0, 0, 9, END}}};

static void address_when_nobodys_is_refused(void **st) {
  (void)st;
  static const u16 nobody[] = {0, 1, 9, 0x100, 0x1002, 0x1005, IDENTITY, MARKET,
                               ORDERS, 0x1100};
  struct sf f;
  sf_open(&f);
  sf_do(&f, 0, IDENTITY, "create(uint8,bytes32,bytes32)", "uuu", 1ull, 5ull,
        6ull);
  sf_call_of(&f, "applyIssuer(bytes32[],uint16,bytes32)");
  sf_u(&f, 96), sf_u(&f, 0), sf_u(&f, 9), sf_u(&f, 1), sf_u(&f, 7);
  sf_send_m(&f, 0, IDENTITY, 10000000);
  assert_done(&f);
  sf_call_of(&f, "register(bytes32,bytes32,uint16,uint16,uint8,uint64)");
  for (u32 i = 0; i < 6; i++) sf_u(&f, 0);
  sf_send_m(&f, 0, PLATFORMS, 100000);
  assert_done(&f);
  sf_pass(&f, 3 * SF_DAY + 1); /* he issues */
  for (u32 i = 0; i < ARRAY_LEN(states_address); i++)
    for (u32 k = 0; k < ARRAY_LEN(nobody); k++) {
      const struct states_address *r = &states_address[i];
      addr20 odd = sf_module(nobody[k]);
      const char *error = k ? r->error : r->none;
      sf_call_of(&f, r->method);
      for (const u64 *w = r->word; *w != END; w++) {
        if (*w == ODD) sf_a(&f, &odd);
        else if (*w == USER) sf_a(&f, &f.cf.user[4]);
        else sf_u(&f, *w == SOON ? sf_now(&f) + SF_DAY : *w);
      }
      states_ask(&f, r->module, 0);
      if (error ? !sf_error(&f, error) : !f.ok)
        fail_msg("row %u, %s: %x is not told %s but %02x%02x%02x%02x", i,
                 r->method, nobody[k], error ? error : "yes", f.out[0],
                 f.out[1], f.out[2], f.out[3]);
    }
  sf_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(order_when_in_a_state_takes_what_its_table_says),
    cmocka_unit_test(lien_when_on_an_order_binds_the_sellers_refunds),
    cmocka_unit_test(subscription_when_in_a_state_takes_what_its_table_says),
    cmocka_unit_test(listing_when_in_a_state_takes_what_its_table_says),
    cmocka_unit_test(identity_when_in_a_state_takes_what_its_table_says),
    cmocka_unit_test(address_when_nobodys_is_refused),
  };
  return cmocka_run_group_tests_name("shop_states", tests, NULL, NULL);
}
