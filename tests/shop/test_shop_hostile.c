/* test_shop_hostile.c - tokens that lie, receivers that refuse, buyers and
** sellers who race each other in one block, and the forbidden patterns of
** SPEC-commerce 1.7.
**
** Forbidden, and what shows that it is not there:
**   a single key that rules on a dispute, freezes  key_when_alone_rules_nothing
**     an account or suspends a listing
**   a dispute opened by a non-party          stranger_when_he_meddles_is_refused
**   feedback on someone else's trade         the same
**   funds sent to the module itself          money_when_sent_to_nobody_stays
**   nobody where a party is required         the same; every address argument of
**                                            every method: e2e/modules
**   a parameter without range                authority_when_it_acts_has_bounds;
**                                            set at both ends: e2e/modules
**   an authority that cannot rotate          the same
**   clock, downloads, files in execution     `make tidy` (purity)
**   a loop over all users in a block         test_module_flood: the budget holds
**   unlocked-key methods on open ports       e2e/ipc (not on HTTP at all)
**   a price or reward that cannot be         price_when_asked_can_be_worked_out
**     recomputed
** Tokens: fee, false, endless loop, reentry and loss of balance are in
** test_shop_orders.c; here no return value, revert, huge return, self-destruct,
** balance that lies or is cut short, reentry while paying in; written in
** Solidity, through ethers and through a contract: e2e/tokens. */
#include "shop/shop_trade.h"

#include "chain/chain_module.h"

#define U(i) (&f.cf.user[i])
#define DO(user, sig, kinds, ...) \
  sf_do(&f, user, ORDERS, sig, kinds, ##__VA_ARGS__)
#define IN(error) assert_reverted(&f, error)
#define CMT_TOKEN (addr20){{0}}
enum { PAID = 1, SHIPPED, COMPLETED = 8, CANCELLED };

/* As st_tokens; of the last three, mint to the address 7 turns it on. */
static const char *const hostile_code[] = {
  /* transfer, transferFrom return nothing */
  "60003560e01c806370a082311461003757806340c10f1914610044578063a9059cbb14610055"
  "57806323b872dd146100615760006000fd5b6004355460005260206000f35b60243560043554"
  "0160043555610081565b6024356004353361006b565b6044356024356004355b805483811061"
  "0083578390039055805482019055505b005b60006000fd",
  /* transfer reverts */
  "60003560e01c806370a082311461003757806340c10f1914610044578063a9059cbb14610055"
  "57806323b872dd146100665760006000fd5b6004355460005260206000f35b60243560043554"
  "0160043555610086565b6024356004353360006000fd610070565b6044356024356004355b80"
  "54838110610091578390039055805482019055505b600160005260206000f35b60006000fd",
  /* both return 128 KiB */
  "60003560e01c806370a082311461003757806340c10f1914610044578063a9059cbb14610055"
  "57806323b872dd146100615760006000fd5b6004355460005260206000f35b60243560043554"
  "0160043555610081565b6024356004353361006b565b6044356024356004355b805483811061"
  "008e578390039055805482019055505b6001600052620200006000f35b60006000fd",
  /* transfer is SELFDESTRUCT */
  "60003560e01c806370a082311461003757806340c10f1914610044578063a9059cbb14610055"
  "57806323b872dd146100635760006000fd5b6004355460005260206000f35b60243560043554"
  "0160043555610083565b6024356004353333ff61006d565b6044356024356004355b80548381"
  "1061008e578390039055805482019055505b600160005260206000f35b60006000fd",
  /* balanceOf is 0 */
  "60003560e01c806370a082311461003757806340c10f1914610056578063a9059cbb14610067"
  "57806323b872dd146100735760006000fd5b60075461004b576004355460005260206000f35b"
  "600060005260206000f35b602435600435540160043555610093565b6024356004353361007d"
  "565b6044356024356004355b805483811061009e578390039055805482019055505b60016000"
  "5260206000f35b60006000fd",
  /* balanceOf answers 31 bytes */
  "60003560e01c806370a082311461003757806340c10f1914610051578063a9059cbb14610062"
  "57806323b872dd1461006e5760006000fd5b60075461004b576004355460005260206000f35b"
  "601f6000f35b60243560043554016004355561008e565b60243560043533610078565b604435"
  "6024356004355b8054838110610099578390039055805482019055505b600160005260206000"
  "f35b60006000fd",
  /* transferFrom calls withdraw of Orders and fails when that does not */
  "60003560e01c806370a082311461003757806340c10f1914610044578063a9059cbb14610055"
  "57806323b872dd146100615760006000fd5b6004355460005260206000f35b60243560043554"
  "01600435556100b8565b602435600435336100a2565b7ff940e3850000000000000000000000"
  "0000000000000000000000000000000000600052600060006044600060006110135af16100c3"
  "576044356024356004355b80548381106100c3578390039055805482019055505b6001600052"
  "60206000f35b60006000fd"};
enum { SILENT, REVERTS, HUGE, DIES, LIES, SHORT, REENTERS, HOSTILE };
/* Hands what it is called with on to Orders; takes no plain money. */
static const char hostile_refuser[] =
  "361561001f5736600060003760006000366000346110135af11561001f57005b60006000fd";

/* An order by user 1 of a listing of user 0, in this token. */
static u64 hostile_order(struct sf *f, const addr20 *token) {
  struct st_listing l = st_plain;
  l.token = *token;
  if (!module_is_cmt(token))
    st_call(f, 1, token, "mint(address,uint256)", &f->cf.user[1], 1000000);
  struct st_order o = {.listing = st_save(f, 0, &l, 10), .version = 1,
                       .qty = 1, .total = 1000000, .token = *token};
  return st_place(f, 1, &o);
}
static u64 claim_of(struct sf *f, const addr20 *token, u32 user) {
  sf_view(f, ORDERS, "claimable(address,address)", "aa", token,
          &f->cf.user[user]);
  assert_done(f);
  return sf_word(f, 0);
}

static void token_when_hostile_harms_its_own_trade_alone(void **st) {
  (void)st;
  /* What user 0 has of it after the sale, and what he may claim. */
  static const struct { u32 code; bool lies; u64 has, claims; } row[] = {
    {SILENT, false, 1000000, 0}, {REVERTS, false, 0, 1000000},
    {HUGE, false, 1000000, 0}, {DIES, false, 0, 1000000},
    {LIES, true, 0, 1000000}, {SHORT, true, 0, 1000000},
    {REENTERS, false, 1000000, 0}};
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    struct sf f;
    sf_open_code(&f, &hostile_code[row[i].code], 1);
    addr20 token = st_token(0), cmt = CMT_TOKEN, seven = {{[19] = 7}};
    u64 other = hostile_order(&f, &cmt), id = hostile_order(&f, &token);
    assert_done(&f);
    DO(0, "ship(uint64,bytes32)", "uu", id, 9ull);
    if (row[i].lies)
      st_call(&f, 1, &token, "mint(address,uint256)", &seven, 1);
    DO(1, "confirm(uint64)", "u", id);
    assert_done(&f);
    assert_true(f.gas < 500000);
    assert_int_equal(st_state(&f, id), COMPLETED);
    assert_int_equal(st_token_of(&f, 0, U(0)), row[i].has);
    assert_int_equal(claim_of(&f, &token, 0), row[i].claims);
    if (row[i].claims) {
      sf_do(&f, 0, ORDERS, "withdraw(address,address)", "aa", &token, U(0));
      IN("PayoutFailed(address)");
      assert_int_equal(claim_of(&f, &token, 0), row[i].claims);
    }
    /* Whoever trades in something else does not notice. */
    DO(0, "ship(uint64,bytes32)", "uu", other, 9ull);
    DO(1, "confirm(uint64)", "u", other);
    assert_done(&f);
    st_balanced(&f, ORDERS);
    sf_close(&f);
  }
}

static void token_when_its_balance_lies_takes_no_deposits(void **st) {
  (void)st;
  static const struct { u32 code; const char *error; } row[] = {
    {LIES, "TokenImpaired(address)"}, {SHORT, "BadToken(address)"}};
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    struct sf f;
    sf_open_code(&f, &hostile_code[row[i].code], 1);
    addr20 token = st_token(0), seven = {{[19] = 7}};
    u64 id = hostile_order(&f, &token);
    assert_done(&f);
    st_call(&f, 1, &token, "mint(address,uint256)", &seven, 1);
    hostile_order(&f, &token);
    IN(row[i].error);
    sf_pass(&f, 4 * SF_DAY); /* the seller is silent: deadlines still end it */
    assert_int_equal(st_state(&f, id), CANCELLED);
    assert_int_equal(f.failed, 0);
    assert_int_equal(claim_of(&f, &token, 1), 1000000);
    sf_close(&f);
  }
}

/* Sends f->args to a contract, with value. */
static bool hostile_send(struct sf *f, u32 user, const addr20 *to, u64 value) {
  struct chain_tx tx = cf_tx(&f->cf, user, 2, to, value);
  tx.data = buf_slice(&f->args);
  tx.gas_limit = 3000000;
  cf_sign(&f->cf, &tx, user);
  cf_block(&f->cf, &tx, 1);
  return f->cf.block.receipt[0].success;
}
static void party_when_a_contract_that_takes_no_money_is_paid(void **st) {
  (void)st;
  struct sf f;
  const char *code[] = {hostile_refuser};
  sf_open_code(&f, code, 1);
  addr20 party = st_token(0);
  buf_clear(&f.args);
  assert_false(hostile_send(&f, 1, &party, 5)); /* it does refuse */
  /* As a seller. */
  u256 v = u256_from(77), has;
  sf_call_of(&f, "payInstant(address,address,uint256,bytes32)");
  sf_a(&f, &party), sf_u(&f, 0), sf_u(&f, 77), sf_u(&f, 1);
  sf_send_value(&f, 1, ORDERS, &v);
  assert_done(&f);
  has = sf_balance(&f, &party);
  assert_int_equal(has.w[0], 77);
  /* As a buyer who calls off. */
  struct st_order o = {.listing = st_save(&f, 0, &st_plain, 10), .version = 1,
                       .qty = 1, .total = 1000000};
  sf_call_of(&f, "place(" ST_PLACE ")");
  sf_u(&f, 32);
  st_put_order(&f, &o);
  assert_true(hostile_send(&f, 1, &party, 1000000));
  sf_call_of(&f, "cancel(uint64,uint16)");
  sf_u(&f, 2), sf_u(&f, 1);
  assert_true(hostile_send(&f, 1, &party, 0));
  assert_int_equal(st_state(&f, 2), CANCELLED);
  has = sf_balance(&f, &party);
  assert_int_equal(has.w[0], 77 + 1000000);
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

/* A token's supply is what its code says, up to 2^256: what would not fit the
** ledger's sum is refused, or the books (and with them every node) would break
** when it is paid out. */
static void token_when_without_bounds_is_taken_while_it_can_be_counted(
    void **st) {
  (void)st;
  enum { PAYER = 1, FITS = 2 };
  u256 most = {{~0ull, ~0ull >> 1, 0, 0}}, none = U256_ZERO;
  u256 supply = {{0, 0, 4, 0}};
  struct sf f;
  sf_open_code(&f, st_tokens, 1);
  addr20 token = st_token(0);
  sf_call_of(&f, "mint(address,uint256)");
  sf_a(&f, U(PAYER)), sf_u256(&f, &supply);
  assert_true(hostile_send(&f, PAYER, &token, 0));
  u64 id = st_invoice_in(&f, &token, 1, 0, 0, 0, 0); /* the payer says how much */
  for (u32 i = 0; i <= FITS; i++) {
    sf_call_of(&f, "payInvoice(uint64,uint256,uint64,address,bytes32)");
    sf_u(&f, id), sf_u256(&f, &most);
    for (u32 k = 0; k < 3; k++) sf_u(&f, 0);
    sf_send_value(&f, PAYER, ORDERS, &none);
    if (i < FITS) assert_done(&f);
    else IN("Overflow()");
  }
  for (u64 order = 1; order <= FITS; order++) {
    DO(0, "cancel(uint64,uint16)", "uu", order, 1ull);
    assert_done(&f);
  }
  sf_view(&f, ORDERS, "accounted(address)", "a", &token);
  for (u32 i = 0; i < 8; i++) assert_int_equal(load_be64(f.out + 8 * i), 0);
  sf_close(&f);
}

/*--------------------------------------------------------- one block's races */

static struct chain_tx race_tx(struct sf *f, u32 user, u32 module, u64 value) {
  addr20 to = sf_module(module);
  struct chain_tx tx = cf_tx(&f->cf, user, 2, &to, value);
  tx.data = arena_copy_slice(&f->cf.a, buf_slice(&f->args));
  tx.gas_limit = 3000000;
  cf_sign(&f->cf, &tx, user);
  return tx;
}
static struct chain_tx race_place(struct sf *f, u32 user,
                                  const struct st_order *o) {
  sf_call_of(f, "place(" ST_PLACE ")");
  sf_u(f, 32);
  st_put_order(f, o);
  return race_tx(f, user, ORDERS, o->total);
}
static void race(struct sf *f, const struct chain_tx *tx, u32 cnt) {
  cf_block(&f->cf, tx, cnt);
  assert_int_equal(f->cf.block.tx_cnt, cnt);
}
#define WON(i) (f.cf.block.receipt[i].success)

static void piece_when_last_is_the_first_buyers(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_order o = {.listing = st_save(&f, 0, &st_plain, 1), .version = 1,
                       .qty = 1, .total = 1000000};
  for (u32 first = 1; first <= 2; first++) {
    struct chain_tx tx[2] = {race_place(&f, first, &o),
                             race_place(&f, 3 - first, &o)};
    race(&f, tx, 2);
    assert_true(WON(0) && !WON(1));
    st_balanced(&f, ORDERS); /* the loser's money stayed with him */
    DO(first, "cancel(uint64,uint16)", "uu", (u64)first, 1ull);
    assert_done(&f);
  }
  sf_close(&f);
}

static void price_when_changed_before_the_order_is_not_paid(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_listing l = st_plain;
  l.id = st_save(&f, 0, &l, 10);
  struct st_order o = {.listing = l.id, .version = 1, .qty = 1,
                       .total = 1000000};
  l.price = 1;
  sf_call_of(&f, "save(uint64,address," ST_LISTING "," ST_VARIANT "[])");
  sf_u(&f, l.id), sf_u(&f, 0);
  st_put_listing(&f, &l);
  sf_u(&f, 640), sf_u(&f, 0);
  struct chain_tx tx[2] = {race_tx(&f, 0, MARKET, 0), race_place(&f, 1, &o)};
  race(&f, tx, 2);
  assert_true(WON(0) && !WON(1)); /* not even when it fell */
  o.version = 2;
  st_place(&f, 1, &o);
  IN("TotalChanged(uint8,uint256)");
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

/*-------------------------------------------------------------- forbidden */

static void stranger_when_he_meddles_is_refused(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  addr20 cmt = CMT_TOKEN;
  u64 id = hostile_order(&f, &cmt);
  DO(0, "ship(uint64,bytes32)", "uu", id, 9ull);
  sf_call_of(&f, "open(uint16,uint64,uint8,uint16,uint16,bytes32)");
  sf_u(&f, ORDERS), sf_u(&f, id), sf_u(&f, 255), sf_u(&f, 5000);
  sf_u(&f, 1), sf_u(&f, 2);
  sf_send_m(&f, 3, 0x1014, 2000);
  IN("NotAuthorised(address)");
  DO(1, "confirm(uint64)", "u", id);
  sf_do(&f, 3, MARKET, "review(uint64,uint8,bytes32)", "uuu", id, 1ull, 1ull);
  IN("NotAuthorised(address)");
  sf_do(&f, 3, MARKET, "message(address,uint64,bytes32)", "auu", U(0), id,
        1ull);
  IN("NotAuthorised(address)");
  sf_close(&f);
}

/* Modules do what a ruling says to each other in C: there is no selector for
** it, whoever calls.  Governance's are these and no more. */
static void key_when_alone_rules_nothing(void **st) {
  (void)st;
  static const char *const governs[] = {
    "setParam", "setPause", "sweepSurplus", "approveIssuer", "setCategory",
    "setCourt", "setRule"};
  static const char *const never[] = {
    "suspend", "lift", "sanction", "freeze", "unfreeze", "settle", "drop",
    "lock", "onRuling", "bump", "onTimer", "slash", "setLien", "setOwner",
    "mint", "seize"};
  for (u32 m = 0; m < CHAIN_MODULE_CNT; m++)
    for (const struct module_def *d = CHAIN_MODULES[m]; d; d = d->base)
      for (u32 i = 0; i < d->row_cnt; i++) {
        const struct module_row *r = &d->row[i];
        if (r->kind != MODULE_ROW_METHOD) continue;
        bool known = false;
        for (u32 k = 0; k < ARRAY_LEN(never); k++)
          assert_string_not_equal(r->method->name, never[k]);
        for (u32 k = 0; k < ARRAY_LEN(governs); k++)
          known |= strcmp(r->method->name, governs[k]) == 0;
        if (r->method->mut == MODULE_GOVERN && !known)
          fail_msg("%s: governance may %s: is that a key that rules?",
                   d->name, r->method->name);
      }
}

static void money_when_sent_to_nobody_stays(void **st) {
  (void)st;
  static const u32 module[] = {0x1010, 0x1011, 0x1012, 0x1013, 0x1014, 0x1015};
  struct sf f;
  sf_open(&f);
  u256 v = u256_from(77);
  for (u32 i = 0; i < ARRAY_LEN(module); i++) {
    buf_clear(&f.args);
    sf_send_value(&f, 1, module[i], &v);
    IN("NoPlainTransfer()");
    sf_call_of(&f, "version()");
    sf_send_value(&f, 1, module[i], &v);
    IN("NonPayable()");
  }
  static const u32 nobody[] = {0, 9, 0x1002, ORDERS, 0x1107};
  for (u32 i = 0; i < ARRAY_LEN(nobody); i++) {
    addr20 to = sf_module(nobody[i]);
    if (i < 2) memset(&to, 0, sizeof to), to.b[19] = (u8)nobody[i];
    sf_call_of(&f, "payInstant(address,address,uint256,bytes32)");
    sf_a(&f, &to), sf_u(&f, 0), sf_u(&f, 77), sf_u(&f, 1);
    sf_send_value(&f, 1, ORDERS, &v);
    IN("BadAddress()");
  }
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

static void authority_when_it_acts_has_bounds(void **st) {
  (void)st;
  u32 cnt = 0;
  for (u32 m = 0; m < CHAIN_MODULE_CNT; m++)
    for (u32 i = 0; i < CHAIN_MODULES[m]->row_cnt; i++) {
      const struct module_row *r = &CHAIN_MODULES[m]->row[i];
      if (r->kind != MODULE_ROW_SETTING) continue;
      const struct module_setting *s = r->setting;
      if (!(s->min < s->max && s->min <= s->dflt && s->dflt <= s->max))
        fail_msg("%s.%s has no range", CHAIN_MODULES[m]->name, s->name);
      cnt++;
    }
  assert_true(cnt > 60);
  /* Only governance sets, an identity's key and a platform's operator can be
  ** another's: test_shop_identity.c, test_shop_market.c. */
  struct sf f;
  sf_open(&f);
  for (u32 user = 0; user < CF_USERS; user++) {
    DO(user, "setParam(bytes32,uint256)", "uu", 1ull, 1ull);
    IN("NotAuthorised(address)");
    DO(user, "setPause(uint8,uint64,bytes32)", "uuu", 1ull, 1ull, 1ull);
    IN("NotAuthorised(address)");
    DO(user, "sweepSurplus(address)", "u", 0ull);
    IN("NotAuthorised(address)");
  }
  sf_close(&f);
}

/* What an order costs, and what each gets of it, from public numbers alone. */
static void price_when_asked_can_be_worked_out(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_listing l = st_plain;
  l.price = 333333;
  struct st_order o = {.listing = st_save(&f, 0, &l, 10), .version = 1,
                       .qty = 3};
  u256 bps = u256_from(100), zero = U256_ZERO;
  sf_param(&f, ORDERS, "protocolBps", &bps);
  sf_view(&f, MARKET, "priceOf(uint64,uint16,uint32,bytes8)", "uuuu",
          o.listing, 0ull, 3ull, 0ull);
  u64 goods = sf_word(&f, 0), shipping = sf_word(&f, 1);
  sf_call_of(&f, "quote(" ST_PLACE ",address)");
  sf_u(&f, 64), sf_a(&f, U(1));
  st_put_order(&f, &o);
  sf_ask_as(&f, U(4), ORDERS, &zero);
  assert_int_equal(sf_word(&f, 0), goods + shipping);
  assert_int_equal(sf_word(&f, 1), goods * 100 / 10000);
  o.total = goods + shipping;
  u256 before = sf_balance(&f, U(0)), after;
  u64 id = st_place(&f, 1, &o);
  DO(0, "ship(uint64,bytes32)", "uu", id, 9ull);
  DO(1, "confirm(uint64)", "u", id);
  assert_done(&f);
  after = sf_balance(&f, U(0));
  u256_sub(&after, &after, &before);
  assert_int_equal(after.w[0], o.total - goods * 100 / 10000);
  sf_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(token_when_hostile_harms_its_own_trade_alone),
    cmocka_unit_test(token_when_its_balance_lies_takes_no_deposits),
    cmocka_unit_test(
        token_when_without_bounds_is_taken_while_it_can_be_counted),
    cmocka_unit_test(party_when_a_contract_that_takes_no_money_is_paid),
    cmocka_unit_test(piece_when_last_is_the_first_buyers),
    cmocka_unit_test(price_when_changed_before_the_order_is_not_paid),
    cmocka_unit_test(stranger_when_he_meddles_is_refused),
    cmocka_unit_test(key_when_alone_rules_nothing),
    cmocka_unit_test(money_when_sent_to_nobody_stays),
    cmocka_unit_test(authority_when_it_acts_has_bounds),
    cmocka_unit_test(price_when_asked_can_be_worked_out),
  };
  return cmocka_run_group_tests_name("shop_hostile", tests, NULL, NULL);
}
