/* test_shop_orders.c - trade end to end on a chain: list, order, ship, confirm,
** refund, return, every deadline, invoices, milestones, subscriptions, tokens
** that lie, fees to the unit, and a random walk that keeps the books. */
#include "shop/shop_trade.h"

#define U(i) (&f.cf.user[i])
#define DO(user, sig, kinds, ...) \
  sf_do(&f, user, ORDERS, sig, kinds, ##__VA_ARGS__)
#define ASK(sig, kinds, ...) sf_view(&f, ORDERS, sig, kinds, ##__VA_ARGS__)
#define IN(error) assert_reverted(&f, error)
enum { PAID = 1, SHIPPED, MILESTONES, ASKED, OPEN, SENT, DISPUTED, COMPLETED,
       CANCELLED, REFUNDED, RESOLVED };

/* A listing of user 0 with 10 in stock; an order for one by user 1. */
static struct st_order begin_order(struct sf *f, const struct st_listing *l) {
  u64 id = st_save(f, 0, l, 10);
  assert_done(f);
  return (struct st_order){.seller = 0, .listing = id, .version = 1, .qty = 1,
                           .total = l->price, .token = l->token};
}
static u64 stock_of(struct sf *f, u64 listing) {
  sf_view(f, MARKET, "stockOf(uint64,uint16)", "uu", listing, 0ull);
  assert_done(f);
  return sf_word(f, 0);
}
static u64 gain(struct sf *f, u32 user, const u256 *before) {
  u256 now = sf_balance(f, &f->cf.user[user]), d;
  bool less = u256_sub(&d, &now, before);
  assert_false(less);
  return d.w[0];
}

static void sale_when_confirmed_pays_the_seller(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_order o = begin_order(&f, &st_plain);
  u256 seller = sf_balance(&f, U(0));
  sf_call_of(&f, "quote(" ST_PLACE ",address)");
  sf_u(&f, 64), sf_a(&f, U(1));
  st_put_order(&f, &o);
  u256 zero = U256_ZERO;
  sf_ask_as(&f, U(1), ORDERS, &zero);
  assert_done(&f);
  assert_int_equal(sf_word(&f, 0), 1000000);
  u64 id = st_place(&f, 1, &o);
  assert_done(&f);
  printf("gas: place %llu", (unsigned long long)f.gas);
  assert_int_equal(id, 1);
  assert_logged(&f, "OrderPlaced(uint64,address,address,bytes)");
  assert_int_equal(stock_of(&f, o.listing), 9);
  st_balanced(&f, ORDERS);
  DO(1, "ship(uint64,bytes32)", "uu", id, 9ull);
  IN("NotAuthorised(address)");
  DO(1, "confirm(uint64)", "u", id);
  IN("WrongState(uint8,bytes32,uint8)");
  DO(0, "accept(uint64)", "u", id);
  assert_done(&f);
  DO(0, "accept(uint64)", "u", id);
  IN("Duplicate(bytes32)");
  DO(0, "ship(uint64,bytes32)", "uu", id, 9ull);
  assert_done(&f);
  printf(" ship %llu", (unsigned long long)f.gas);
  assert_logged(&f, "Shipped(uint64,bytes32)");
  ASK("heldOf(uint64)", "u", id);
  assert_int_equal(sf_word(&f, 0), 1000000);
  DO(1, "confirm(uint64)", "u", id);
  assert_done(&f);
  printf(" confirm %llu\n", (unsigned long long)f.gas);
  assert_logged(&f, "Released(uint64,uint256,uint256,uint256)");
  assert_logged(&f, "RepChanged(address,uint8,int64)");
  assert_int_equal(gain(&f, 0, &seller), 1000000);
  assert_int_equal(st_state(&f, id), COMPLETED);
  ASK("orderOf(uint64)", "u", id);
  assert_done(&f);
  assert_int_equal(sf_word(&f, 1), COMPLETED);
  st_balanced(&f, ORDERS);
  sf_pass(&f, 30 * SF_DAY);
  assert_int_equal(st_state(&f, id), COMPLETED);
  sf_close(&f);
}

static void order_when_not_as_listed_is_refused(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_order o = begin_order(&f, &st_plain), bad = o;
  bad.version = 2;
  st_place(&f, 1, &bad);
  IN("BadVersion(uint64,uint32)");
  bad = o, bad.total = 999999;
  st_place(&f, 1, &bad);
  IN("TotalChanged(uint8,uint256)");
  bad = o, bad.qty = 11, bad.total = 11000000;
  st_place(&f, 1, &bad);
  IN("OutOfStock(uint64,uint16,uint32)");
  bad = o, bad.listing = 7;
  st_place(&f, 1, &bad);
  IN("NoSuchRecord(uint8,bytes32)");
  bad = o, bad.seller = 2;
  st_place(&f, 1, &bad);
  IN("LinesOfOtherSeller(uint64)");
  bad = o, bad.token = st_token(0);
  st_place(&f, 1, &bad);
  IN("MixedTokens()");
  st_place(&f, 0, &o);
  IN("SelfDeal()");
  bad = o, bad.referrer = f.cf.user[1];
  st_place(&f, 1, &bad);
  IN("SelfDeal()");
  bad = o, bad.platform = 9;
  st_place(&f, 1, &bad);
  IN("NoSuchRecord(uint8,bytes32)");
  bad = o, bad.variant = 3;
  st_place(&f, 1, &bad);
  IN("NoSuchRecord(uint8,bytes32)");
  sf_call_of(&f, "place(" ST_PLACE ")");
  sf_u(&f, 32);
  st_put_order(&f, &o);
  u256 short_by = u256_from(999999);
  sf_send_value(&f, 1, ORDERS, &short_by);
  IN("WrongValue(uint256,uint256)");
  assert_int_equal(stock_of(&f, o.listing), 10);
  /* A price that changes between cart and order. */
  struct st_listing l = st_plain;
  l.id = o.listing;
  l.price = 2000000;
  st_save(&f, 0, &l, 1);
  assert_done(&f);
  st_place(&f, 1, &o);
  IN("BadVersion(uint64,uint32)");
  /* Two buyers for the last piece. */
  o.version = 2, o.total = 2000000;
  st_place(&f, 1, &o);
  assert_done(&f);
  st_place(&f, 2, &o);
  IN("OutOfStock(uint64,uint16,uint32)");
  sf_do(&f, 0, MARKET, "setPaused(uint64,bool)", "uu", o.listing, 1ull);
  st_place(&f, 2, &o);
  IN("ListingNotActive(uint64)");
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

static void order_when_seller_is_silent_is_cancelled(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_order o = begin_order(&f, &st_plain);
  u256 buyer = sf_balance(&f, U(1));
  u64 id = st_place(&f, 1, &o);
  sf_pass(&f, 3 * SF_DAY - 10);
  assert_int_equal(st_state(&f, id), PAID);
  sf_pass(&f, 20);
  assert_int_equal(st_state(&f, id), CANCELLED);
  assert_logged(&f, "TimerFired(uint8,bytes32,uint64,uint8)");
  assert_int_equal(gain(&f, 1, &buyer), 0);
  assert_int_equal(stock_of(&f, o.listing), 10);
  DO(0, "ship(uint64,bytes32)", "uu", id, 9ull);
  IN("WrongState(uint8,bytes32,uint8)");
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

/* As many lines as an order can have, each of a listing of its own: what a
** deadline may use must do for the longest, or its money would stay for ever. */
static void order_when_long_is_called_off_by_its_deadline_too(void **st) {
  (void)st;
  enum { LINES = 64 };
  struct sf f;
  sf_open(&f);
  u256 most = u256_from(LINES), value = u256_from(1000000ull * LINES);
  sf_param(&f, ORDERS, "linesMax", &most);
  for (u32 i = 0; i < LINES; i++)
    assert_int_equal(st_save(&f, 0, &st_plain, 10), i + 1);
  u256 buyer = sf_balance(&f, U(1));
  sf_call_of(&f, "place(" ST_PLACE ")");
  sf_u(&f, 32), sf_a(&f, U(0)), sf_u(&f, 416);
  for (u32 i = 0; i < 11; i++)
    sf_u(&f, (u64[]){0, 0, 1000000ull * LINES, 0, 0, 0,
                     416 + 32 * (1 + 4 * LINES), 0, 0, 5, 6}[i]);
  sf_u(&f, LINES);
  for (u32 i = 0; i < LINES; i++)
    sf_u(&f, i + 1), sf_u(&f, 1), sf_u(&f, 0), sf_u(&f, 1);
  sf_u(&f, 0);
  sf_send_value(&f, 1, ORDERS, &value);
  assert_done(&f);
  printf("gas of %u lines: %llu", LINES, (unsigned long long)f.gas);
  u64 id = sf_word(&f, 0);
  f.due_gas = 0;
  sf_pass(&f, 3 * SF_DAY + 10);
  for (u32 i = 0; i < LINES; i++) sf_pass(&f, 2);
  printf(", of the deadline at most %llu\n", (unsigned long long)f.due_gas);
  assert_int_equal(f.failed, 0);
  assert_int_equal(st_state(&f, id), CANCELLED);
  assert_int_equal(gain(&f, 1, &buyer), 0);
  for (u32 i = 0; i < LINES; i++) assert_int_equal(stock_of(&f, i + 1), 10);
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

static void order_when_buyer_is_silent_is_completed(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_order o = begin_order(&f, &st_plain);
  u256 seller = sf_balance(&f, U(0));
  u64 a = st_place(&f, 1, &o), b = st_place(&f, 1, &o);
  DO(0, "ship(uint64,bytes32)", "uu", a, 9ull);
  DO(0, "deliver(uint64,bytes32)", "uu", b, 9ull);
  assert_done(&f);
  assert_logged(&f, "Delivered(uint64,bytes32)");
  DO(3, "attestDelivery(uint64,uint64,uint64)", "uuu", a, 1ull, 1ull);
  IN("BadFeed(uint64)");
  DO(1, "extend(uint64,uint32)", "uu", a, 15 * SF_DAY);
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  DO(1, "extend(uint64,uint32)", "uu", a, SF_DAY);
  assert_done(&f);
  DO(1, "extend(uint64,uint32)", "uu", a, SF_DAY);
  IN("Duplicate(bytes32)");
  sf_pass(&f, 2 * SF_DAY + 10); /* his word alone does not shorten it */
  assert_int_equal(st_state(&f, b), SHIPPED);
  sf_pass(&f, 5 * SF_DAY);
  assert_int_equal(st_state(&f, b), COMPLETED);
  assert_int_equal(st_state(&f, a), SHIPPED);
  sf_pass(&f, SF_DAY);
  assert_int_equal(st_state(&f, a), COMPLETED);
  assert_int_equal(gain(&f, 0, &seller), 2000000);
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

static void order_when_called_off_or_refunded_gives_back(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_order o = begin_order(&f, &st_plain);
  u256 buyer = sf_balance(&f, U(1));
  u64 id = st_place(&f, 1, &o);
  DO(2, "cancel(uint64,uint16)", "uu", id, 1ull);
  IN("NotAuthorised(address)");
  DO(1, "cancel(uint64,uint16)", "uu", id, 1ull);
  assert_done(&f);
  assert_logged(&f, "OrderState(uint64,uint8,address,uint64,uint16)");
  assert_int_equal(gain(&f, 1, &buyer), 0);
  id = st_place(&f, 1, &o);
  DO(0, "accept(uint64)", "u", id);
  sf_pass(&f, 1801); /* cancelWindow */
  DO(1, "cancel(uint64,uint16)", "uu", id, 1ull);
  IN("TooLate(uint64)");
  sf_call_of(&f, "refund(uint64,uint256,uint16)");
  sf_u(&f, id), sf_u(&f, 1000001), sf_u(&f, 2);
  sf_send_m(&f, 0, ORDERS, 0);
  IN("ExceedsHeld(uint256)");
  sf_call_of(&f, "refund(uint64,uint256,uint16)");
  sf_u(&f, id), sf_u(&f, 400000), sf_u(&f, 2);
  sf_send_m(&f, 0, ORDERS, 0);
  assert_done(&f);
  assert_logged(&f, "Refunded(uint64,uint256,uint256,uint16,bool)");
  DO(0, "ship(uint64,bytes32)", "uu", id, 9ull);
  DO(1, "confirm(uint64)", "u", id);
  assert_done(&f);
  /* Later, with new money. */
  sf_call_of(&f, "refundLater(uint64,uint256)");
  sf_u(&f, id), sf_u(&f, 600001);
  u256 v = u256_from(600001);
  sf_send_value(&f, 0, ORDERS, &v);
  IN("ExceedsHeld(uint256)");
  sf_call_of(&f, "refundLater(uint64,uint256)");
  sf_u(&f, id), sf_u(&f, 600000);
  v = u256_from(600000);
  sf_send_value(&f, 0, ORDERS, &v);
  assert_done(&f);
  assert_int_equal(gain(&f, 1, &buyer), 0);
  id = st_place(&f, 1, &o);
  sf_call_of(&f, "refund(uint64,uint256,uint16)");
  sf_u(&f, id), sf_u(&f, 1000000), sf_u(&f, 2);
  sf_send_m(&f, 0, ORDERS, 0);
  assert_int_equal(st_state(&f, id), REFUNDED);
  assert_int_equal(stock_of(&f, o.listing), 9); /* one was sold */
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

/* Cancellations that count against user 0. */
static u32 counted(struct sf *f) {
  struct shop_identity_record_reputation r;
  u256 key = module_key_addr(&f->cf.user[0]);
  sf_record(f, 0x1010, &shop_identity_table_reputation, &r, &key);
  return r.seller_cancels;
}
static void give_up(struct sf *f, const struct st_order *o, bool accepted,
                    bool refunds, u64 reason) {
  u64 id = st_place(f, 1, o);
  assert_done(f);
  if (accepted) sf_do(f, 0, ORDERS, "accept(uint64)", "u", id);
  if (refunds)
    sf_do(f, 0, ORDERS, "refund(uint64,uint256,uint16)", "uuu", id, o->total,
          reason);
  else
    sf_do(f, 0, ORDERS, "cancel(uint64,uint16)", "uu", id, reason);
  assert_done(f);
  assert_int_equal(st_state(f, id), refunds ? REFUNDED : CANCELLED);
  assert_int_equal(stock_of(f, o->listing), 10);
}
static void seller_when_he_gives_up_is_counted_but_for_a_wrong_zone(
    void **st) {
  (void)st;
  struct sf f;
  struct st_listing l = st_plain;
  sf_open(&f);
  struct st_order plain = begin_order(&f, &l);
  sf_call_of(&f, "saveShipTable(uint64,address,address,(bytes8,uint256,"
             "uint256,uint256,uint8,uint8)[])");
  sf_u(&f, 0), sf_u(&f, 0), sf_u(&f, 0), sf_u(&f, 128), sf_u(&f, 1);
  buf_put(&f.args, (u8[32]){'*'}, 32);
  for (u32 i = 0; i < 5; i++) sf_u(&f, 0);
  sf_send_m(&f, 0, MARKET, 0);
  assert_done(&f);
  l.ship_table = sf_word(&f, 0);
  struct st_order zoned = begin_order(&f, &l);
  zoned.zone = "DE";
  give_up(&f, &plain, false, false, 1);
  assert_int_equal(counted(&f), 1);
  give_up(&f, &plain, false, false, 7); /* it has no zone */
  assert_int_equal(counted(&f), 2);
  give_up(&f, &zoned, true, false, 7); /* he took it as it was */
  assert_int_equal(counted(&f), 3);
  give_up(&f, &plain, false, true, 1); /* the same by another name */
  assert_int_equal(counted(&f), 4);
  for (u32 i = 0; i < 3; i++) give_up(&f, &zoned, false, i == 1, 7);
  assert_int_equal(counted(&f), 4);
  give_up(&f, &zoned, false, false, 7); /* three, to one who sold nothing */
  assert_int_equal(counted(&f), 5);
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

static void return_when_asked_runs_its_course(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_listing l = st_plain;
  struct st_order o = begin_order(&f, &l);
  u64 id = st_place(&f, 1, &o);
  DO(0, "ship(uint64,bytes32)", "uu", id, 9ull);
  DO(1, "askReturn(uint64,uint16,bytes32)", "uuu", id, 1ull, 2ull);
  IN("NoReturns()");
  l.return_days = 14;
  o = begin_order(&f, &l);
  u64 a = st_place(&f, 1, &o), b = st_place(&f, 1, &o), d = st_place(&f, 1, &o);
  u64 all[] = {a, b, d};
  for (u32 i = 0; i < 3; i++) {
    DO(0, "ship(uint64,bytes32)", "uu", all[i], 9ull);
    DO(1, "askReturn(uint64,uint16,bytes32)", "uuu", all[i], 1ull, 2ull);
    assert_done(&f);
    assert_logged(&f, "ReturnStep(uint64,address,uint8,bytes32)");
  }
  DO(0, "answerReturn(uint64,bool,bytes32)", "uuu", d, 0ull, 2ull);
  assert_int_equal(st_state(&f, d), SHIPPED);
  DO(1, "askReturn(uint64,uint16,bytes32)", "uuu", d, 1ull, 2ull);
  IN("NoReturns()"); /* once */
  DO(0, "answerReturn(uint64,bool,bytes32)", "uuu", a, 1ull, 2ull);
  sf_pass(&f, 5 * SF_DAY + 60); /* returnAnswer: b is open by itself */
  assert_int_equal(st_state(&f, b), OPEN);
  DO(1, "sendReturn(uint64,bytes32)", "uu", a, 3ull);
  assert_int_equal(st_state(&f, a), SENT);
  st_money(&f, "confirmReturn(uint64,uint256)", 0, a, 999999);
  IN("RefundTooSmall(uint256)");
  st_money(&f, "confirmReturn(uint64,uint256)", 0, a, 1000000);
  assert_done(&f);
  assert_int_equal(st_state(&f, a), REFUNDED);
  DO(1, "sendReturn(uint64,bytes32)", "uu", b, 3ull);
  u256 buyer = sf_balance(&f, U(1));
  sf_pass(&f, 14 * SF_DAY + 60); /* returnReceive */
  assert_int_equal(st_state(&f, b), REFUNDED);
  assert_int_equal(gain(&f, 1, &buyer), 1000000);
  assert_int_equal(st_state(&f, d), COMPLETED);
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

/* The example of the specification, in units of 10^4. */
static void fees_when_shared_are_right_to_the_unit(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  sf_call_of(&f, "register(bytes32,bytes32,uint16,uint16,uint8,uint64)");
  for (u32 i = 0; i < 6; i++)
    sf_u(&f, (u64[]){1, 2, 500, 2000, 0, 0}[i]);
  sf_send_m(&f, 3, PLATFORMS, 100000); /* platformBond */
  assert_done(&f);
  u256 bps = u256_from(10);
  sf_param(&f, ORDERS, "protocolBps", &bps);
  struct st_listing l = st_plain;
  l.price = 1000003;
  struct st_order o = begin_order(&f, &l);
  o.platform = 1;
  o.referrer = f.cf.user[4];
  addr20 treasury = sf_module(0x1002);
  u256 op = sf_balance(&f, U(3)), ref = sf_balance(&f, U(4));
  u256 seller = sf_balance(&f, U(0)), pot = sf_balance(&f, &treasury), now;
  u64 id = st_place(&f, 1, &o);
  assert_done(&f);
  DO(0, "ship(uint64,bytes32)", "uu", id, 9ull);
  DO(1, "confirm(uint64)", "u", id);
  assert_done(&f);
  /* platformFee 50000 (referral 10000), affiliate 30000, protocol 1000 */
  assert_int_equal(gain(&f, 3, &op), 40000);
  assert_int_equal(gain(&f, 4, &ref), 10000 + 30000);
  now = sf_balance(&f, &treasury);
  u256_sub(&now, &now, &pot);
  assert_int_equal(now.w[0], 1000);
  assert_int_equal(gain(&f, 0, &seller), 1000003 - 81000);
  l.max_fee = 400;
  l.id = o.listing;
  st_save(&f, 0, &l, 10);
  o.version = 2;
  st_place(&f, 1, &o);
  IN("FeeAboveLimit(uint16)");
  st_balanced(&f, ORDERS);
  st_balanced(&f, PLATFORMS);
  sf_close(&f);
}

/*------------------------------------------------------------------- tokens */

static u64 token_sale(struct sf *f, u32 token, u64 *id) {
  struct st_listing l = st_plain;
  l.token = st_token(token);
  st_call(f, 1, &l.token, "mint(address,uint256)", &f->cf.user[1], 5000000);
  struct st_order o = begin_order(f, &l);
  *id = st_place(f, 1, &o);
  if (!f->ok) return 0;
  sf_do(f, 0, ORDERS, "ship(uint64,bytes32)", "uu", *id, 9ull);
  sf_do(f, 1, ORDERS, "confirm(uint64)", "u", *id);
  assert_done(f);
  assert_int_equal(st_state(f, *id), COMPLETED);
  sf_call_of(f, "claimable(address,address)");
  sf_a(f, &l.token), sf_a(f, &f->cf.user[0]);
  u256 zero = U256_ZERO;
  sf_ask_as(f, &f->cf.user[3], ORDERS, &zero);
  return sf_word(f, 0);
}

static void token_when_honest_or_not_never_stops_a_trade(void **st) {
  (void)st;
  struct sf f;
  u64 id;
  sf_open_code(&f, st_tokens, 4);
  assert_int_equal(token_sale(&f, ST_GOOD, &id), 0);
  assert_int_equal(st_token_of(&f, ST_GOOD, U(0)), 1000000);
  token_sale(&f, ST_FEE, &id);
  IN("TokenDelta(uint256,uint256)");
  addr20 nothing = f.cf.user[2];
  struct st_listing l = st_plain;
  l.token = nothing;
  struct st_order o = begin_order(&f, &l);
  st_place(&f, 1, &o);
  IN("BadToken(address)");
  /* What cannot be paid out is claimable, and the trade has ended. */
  for (u32 t = ST_FALSE; t <= ST_BOMB; t++) {
    assert_int_equal(token_sale(&f, t, &id), 1000000);
    addr20 token = st_token(t);
    sf_do(&f, 0, ORDERS, "withdraw(address,address)", "aa", &token, U(0));
    IN("PayoutFailed(address)");
  }
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

static void token_when_it_calls_back_meets_the_lock(void **st) {
  (void)st;
  struct sf f;
  u64 id;
  const char *code[] = {st_tokens[ST_REENTER]};
  sf_open_code(&f, code, 1);
  assert_int_equal(token_sale(&f, 0, &id), 0); /* its call was refused */
  assert_int_equal(st_token_of(&f, 0, U(0)), 1000000);
  sf_close(&f);
}

static void permit_call(struct sf *f, u32 user, u64 value, u64 order) {
  addr20 token = st_token(0);
  u8 call[36] = {0};
  abi_selector(call, "accept(uint64)");
  store_be64(call + 28, order);
  sf_call_of(f, "permitCall(address,uint256,uint256,uint8,bytes32,bytes32,"
                "bytes)");
  sf_a(f, &token), sf_u(f, value);
  for (u32 i = 0; i < 4; i++) sf_u(f, 0);
  sf_u(f, 224), sf_text(f, call, 36);
  sf_send_m(f, user, ORDERS, 0);
}
static void permit_when_allowance_suffices_is_not_asked_for(void **st) {
  (void)st;
  struct sf f;
  sf_open_code(&f, st_tokens, 1);
  struct st_order o = begin_order(&f, &st_plain);
  u64 id = st_place(&f, 1, &o);
  permit_call(&f, 0, 1, id); /* the token knows no permit */
  IN("BadSignature()");
  permit_call(&f, 1, 0, id);
  IN("NotAuthorised(address)"); /* as the sender himself */
  permit_call(&f, 0, 0, id);
  assert_done(&f);
  sf_close(&f);
}

static void token_when_a_deadline_pays_is_claimed(void **st) {
  (void)st;
  struct sf f;
  sf_open_code(&f, st_tokens, 1);
  struct st_listing l = st_plain;
  l.token = st_token(0);
  st_call(&f, 1, &l.token, "mint(address,uint256)", U(1), 5000000);
  struct st_order o = begin_order(&f, &l);
  u64 id = st_place(&f, 1, &o);
  sf_pass(&f, 4 * SF_DAY);
  assert_int_equal(st_state(&f, id), CANCELLED);
  assert_logged(&f, "Credited(address,address,uint8,bytes32,uint256,uint8)");
  assert_int_equal(st_token_of(&f, 0, U(1)), 4000000);
  sf_do(&f, 2, ORDERS, "withdraw(address,address)", "aa", &l.token, U(1));
  assert_done(&f);
  assert_logged(&f, "Withdrawn(address,address,address,uint256)");
  assert_int_equal(st_token_of(&f, 0, U(1)), 5000000);
  sf_close(&f);
}

/* TokenShort: a token that takes from its holders. */
static void token_when_it_loses_some_takes_no_deposits(void **st) {
  (void)st;
  struct sf f;
  sf_open_code(&f, st_tokens, 1);
  struct st_listing l = st_plain;
  addr20 self = sf_module(ORDERS);
  l.token = st_token(0);
  st_call(&f, 1, &l.token, "mint(address,uint256)", U(1), 5000000);
  struct st_order o = begin_order(&f, &l);
  u64 id = st_place(&f, 1, &o);
  assert_done(&f);
  /* mint adds modulo 2^256: one unit less. */
  struct chain_tx tx = cf_tx(&f.cf, 1, 2, &l.token, 0);
  u256 minus;
  memset(&minus, 0xff, sizeof minus);
  sf_call_of(&f, "mint(address,uint256)");
  sf_a(&f, &self), sf_u256(&f, &minus);
  tx.data = buf_slice(&f.args);
  tx.gas_limit = 900000;
  cf_sign(&f.cf, &tx, 1);
  cf_block(&f.cf, &tx, 1);
  st_place(&f, 1, &o);
  IN("TokenImpaired(address)");
  DO(1, "cancel(uint64,uint16)", "uu", id, 1ull);
  assert_done(&f); /* what there is not is owed */
  assert_logged(&f, "TokenShort(address)");
  sf_do(&f, 1, ORDERS, "withdraw(address,address)", "aa", &l.token, U(1));
  assert_done(&f);
  assert_int_equal(st_token_of(&f, 0, U(1)), 4999999);
  sf_close(&f);
}

/*------------------------------------------------- invoices and milestones */

static void invoice_when_paid_makes_an_order(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u256 seller = sf_balance(&f, U(0)), key;
  u64 a = st_invoice(&f, 2, 5000, 2, 0);
  assert_done(&f);
  assert_logged(&f, "InvoiceSaved(uint64,address,bytes)");
  st_pay_invoice(&f, 1, a, 4999);
  IN("TotalChanged(uint8,uint256)");
  u64 id = st_pay_invoice(&f, 1, a, 5000);
  assert_done(&f);
  assert_int_equal(st_state(&f, id), COMPLETED); /* at the till */
  assert_int_equal(gain(&f, 0, &seller), 5000);
  st_pay_invoice(&f, 2, a, 5000);
  st_pay_invoice(&f, 2, a, 5000);
  IN("InvoiceUsedUp()");
  /* Nothing is paid to a module, a function or a precompile. */
  for (u32 i = 0; i < 4; i++) {
    addr20 to = sf_module((const u32[]){ORDERS, 0x1002, 0x1107, 9}[i]);
    DO(1, "payInstant(address,address,uint256,bytes32)", "auuu", &to, 0ull,
       5ull, 0ull);
    IN("BadAddress()");
  }
  a = st_invoice(&f, 1, 5000, 0, 0);
  id = st_pay_invoice(&f, 1, a, 5000);
  assert_int_equal(st_state(&f, id), PAID);
  DO(1, "cancelInvoice(uint64)", "u", a);
  IN("NotAuthorised(address)");
  DO(0, "cancelInvoice(uint64)", "u", a);
  assert_done(&f);
  a = st_invoice(&f, 1, 5000, 0, 0);
  sf_pass(&f, 31 * SF_DAY);
  key = u256_from(a);
  assert_int_equal(sf_state(&f, ORDERS, 2, &key), 4);
  DO(1, "payByCard(uint64,uint256,uint64,uint256,bytes,bytes32)", "uuuuuuu",
     a, 1ull, 1ull, 1ull, 192ull, 0ull, 0ull);
  IN("NoSuchRecord(uint8,bytes32)");
  sf_call_of(&f, "payInstant(address,address,uint256,bytes32)");
  sf_a(&f, U(0)), sf_u(&f, 0), sf_u(&f, 77), sf_u(&f, 1);
  u256 v = u256_from(77);
  sf_send_value(&f, 1, ORDERS, &v);
  assert_done(&f);
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

static void milestones_when_worked_off_are_paid_one_by_one(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u256 seller = sf_balance(&f, U(0)), buyer;
  u64 a = st_invoice(&f, 3, 9000, 1, 3);
  assert_done(&f);
  u64 id = st_pay_invoice(&f, 1, a, 9000);
  assert_done(&f);
  buyer = sf_balance(&f, U(1));
  assert_int_equal(st_state(&f, id), MILESTONES);
  DO(0, "submitMilestone(uint64,uint8,bytes32)", "uuu", id, 0ull, 1ull);
  assert_done(&f);
  assert_logged(&f, "MilestoneSaved(uint64,uint8,uint8,bytes)");
  DO(0, "acceptMilestone(uint64,uint8)", "uu", id, 0ull);
  IN("NotAuthorised(address)");
  DO(1, "rejectMilestone(uint64,uint8,bytes32)", "uuu", id, 0ull, 1ull);
  assert_done(&f);
  DO(0, "submitMilestone(uint64,uint8,bytes32)", "uuu", id, 0ull, 1ull);
  DO(1, "rejectMilestone(uint64,uint8,bytes32)", "uuu", id, 0ull, 1ull);
  IN("Duplicate(bytes32)");
  DO(1, "acceptMilestone(uint64,uint8)", "uu", id, 0ull);
  assert_done(&f);
  assert_int_equal(gain(&f, 0, &seller), 3000);
  DO(0, "submitMilestone(uint64,uint8,bytes32)", "uuu", id, 1ull, 1ull);
  sf_pass(&f, 2 * SF_DAY + 60); /* inspect, in silence */
  assert_int_equal(gain(&f, 0, &seller), 6000);
  sf_pass(&f, 40 * SF_DAY); /* the third never comes */
  assert_int_equal(gain(&f, 1, &buyer), 3000);
  assert_int_equal(st_state(&f, id), COMPLETED);
  st_invoice(&f, 1, 9000, 1, 3);
  IN("MilestoneSum()");
  /* Due in three years at the latest: what is held is not held for ever, and no
  ** sum of times wraps. */
  const addr20 cmt = {{0}};
  st_invoice_in(&f, &cmt, 3, 9000, 1, 1, 1096 * SF_DAY);
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  st_invoice_in(&f, &cmt, 3, 9000, 1, 1, ~0ull - sf_now(&f));
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  st_invoice_in(&f, &cmt, 3, 9000, 1, 1, 1095 * SF_DAY);
  assert_done(&f);
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

/*------------------------------------------------------------ subscriptions */

static u64 save_plan(struct sf *f, u64 id, u64 amount, u64 period, u64 trial,
                     u64 max, u64 max_fee) {
  sf_call_of(f, "savePlan(uint64,address,(address,uint256,uint32,uint32,uint16,"
                "uint16,bytes32))");
  sf_u(f, id), sf_u(f, 0), sf_u(f, 0), sf_u(f, amount), sf_u(f, period);
  sf_u(f, trial), sf_u(f, max), sf_u(f, max_fee), sf_u(f, 1);
  sf_send_m(f, 0, ORDERS, 0);
  return f->ok ? sf_word(f, 0) : 0;
}
static u64 plan(struct sf *f, u64 trial, u64 max) {
  u64 id = save_plan(f, 0, 1000, 30 * SF_DAY, trial, max, 100);
  assert_done(f);
  return id;
}
static u64 subscribe(struct sf *f, u32 user, u64 id, u64 periods) {
  u256 v = u256_from(1000 * periods);
  sf_call_of(f, "subscribe(uint64,uint16,uint64)");
  sf_u(f, id), sf_u(f, periods), sf_u(f, 0);
  sf_send_value(f, user, ORDERS, &v);
  return f->ok ? sf_word(f, 0) : 0;
}
static u64 sub_state(struct sf *f, u64 id) {
  u256 key = u256_from(id);
  return sf_state(f, ORDERS, 5, &key);
}
static void subscription_when_prepaid_is_charged_at_each_period(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u256 seller = sf_balance(&f, U(0)), buyer;
  u64 p = plan(&f, 0, 3), q = plan(&f, 5 * SF_DAY, 0);
  assert_logged(&f, "PlanSaved(uint64,address,bytes)");
  subscribe(&f, 0, p, 1);
  IN("SelfDeal()");
  u64 a = subscribe(&f, 1, p, 2);
  assert_done(&f);
  u256 bps = u256_from(100);
  sf_param(&f, ORDERS, "protocolBps", &bps); /* not of those that run */
  assert_logged(&f, "PeriodCharged(uint64,uint16,uint256,uint256,uint64)");
  assert_logged(&f, "SubscriptionSaved(uint64,uint64,address,bytes)");
  assert_int_equal(gain(&f, 0, &seller), 1000);
  sf_pass(&f, 30 * SF_DAY);
  assert_int_equal(gain(&f, 0, &seller), 2000);
  bps = u256_from(0);
  sf_param(&f, ORDERS, "protocolBps", &bps);
  sf_pass(&f, 30 * SF_DAY);
  assert_int_equal(sub_state(&f, a), 2); /* PastDue */
  u256 v = u256_from(1000);
  sf_call_of(&f, "topUp(uint64,uint16)");
  sf_u(&f, a), sf_u(&f, 1);
  sf_send_value(&f, 4, ORDERS, &v); /* anybody may */
  assert_done(&f);
  assert_int_equal(gain(&f, 0, &seller), 3000);
  assert_int_equal(sub_state(&f, a), 3); /* Finished */
  buyer = sf_balance(&f, U(1));
  u64 b = subscribe(&f, 1, q, 2);
  DO(2, "cancelSub(uint64)", "u", b);
  IN("NotAuthorised(address)");
  DO(1, "cancelSub(uint64)", "u", b);
  assert_int_equal(gain(&f, 1, &buyer), 0);
  u64 d = subscribe(&f, 1, q, 1);
  sf_pass(&f, 5 * SF_DAY + 60);
  assert_int_equal(gain(&f, 0, &seller), 4000);
  sf_pass(&f, 30 * SF_DAY);
  sf_pass(&f, 3 * SF_DAY + 60); /* subGrace */
  assert_int_equal(sub_state(&f, d), 5); /* Lapsed */
  DO(0, "closePlan(uint64)", "u", q);
  assert_done(&f);
  subscribe(&f, 1, q, 1);
  IN("PlanClosed()");
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

/* Who subscribes names a number: its seller cannot change what it stands for a
** moment before, say a period of 30 days into one of an hour. */
static void plan_when_changed_is_another(void **st) {
  (void)st;
  static const struct { u64 amount, period, trial, max; } other[] = {
    {2000, 30, 0, 3}, {1000, 1, 0, 3}, {1000, 30, 5, 3}, {1000, 30, 0, 0}};
  struct sf f;
  sf_open(&f);
  u64 p = plan(&f, 0, 3);
  assert_int_equal(save_plan(&f, p, 1000, 30 * SF_DAY, 0, 3, 50), p);
  subscribe(&f, 1, p, 1); /* its fee is the seller's affair */
  assert_done(&f);
  for (u32 i = 0; i < ARRAY_LEN(other); i++) {
    p = plan(&f, 0, 3);
    sf_pause(&f, ORDERS, 1);
    save_plan(&f, p, other[i].amount, other[i].period * SF_DAY,
              other[i].trial * SF_DAY, other[i].max, 100);
    IN("ModulePaused(uint8)");
    sf_pause(&f, ORDERS, 0);
    u64 next = save_plan(&f, p, other[i].amount, other[i].period * SF_DAY,
                         other[i].trial * SF_DAY, other[i].max, 100);
    assert_done(&f);
    assert_int_equal(next, p + 1);
    assert_int_equal(sf_logs(&f, "PlanSaved(uint64,address,bytes)", NULL), 2);
    subscribe(&f, 1, p, 1);
    IN("PlanClosed()");
    save_plan(&f, p, 1000, 30 * SF_DAY, 0, 3, 100);
    IN("PlanClosed()");
  }
  subscribe(&f, 1, p + 1, 1);
  assert_done(&f);
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

static struct shop_identity_record_reputation reputation(struct sf *f,
                                                         u32 user) {
  struct shop_identity_record_reputation r;
  u256 key = module_key_addr(&f->cf.user[user]);
  sf_record(f, 0x1010, &shop_identity_table_reputation, &r, &key);
  return r;
}
/* Nearly all of it given back and nothing sent is a cancellation, not a sale; once,
** whatever comes after.  A part is not. */
static void order_when_nearly_all_is_refunded_unsent_counts(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  for (u32 i = 0; i < 3; i++) {
    struct st_order o = begin_order(&f, &st_plain);
    u64 id = st_place(&f, 1, &o);
    assert_done(&f);
    DO(0, "refund(uint64,uint256,uint16)", "uuu", id, i == 0 ? 900000ull
                                                            : 900001ull, 1ull);
    assert_done(&f);
    assert_int_equal(reputation(&f, 0).seller_cancels, i);
    if (i < 2) {
      DO(0, "ship(uint64,bytes32)", "uu", id, 9ull);
      DO(1, "confirm(uint64)", "u", id);
    } else {
      DO(0, "cancel(uint64,uint16)", "uu", id, 1ull);
    }
    assert_done(&f);
    assert_int_equal(reputation(&f, 0).seller_cancels, i);
    assert_int_equal(reputation(&f, 0).sold, 1);
  }
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

/* A trifle paid again and again buys no stars, neither good nor bad ones: no more
** than pairLimit orders of two count. */
static void review_when_of_one_order_too_many_weighs_nothing(void **st) {
  (void)st;
  enum { LIMIT = 3, PAID_OFTEN = 6 };
  struct sf f;
  sf_open(&f);
  for (u64 id = 1; id <= PAID_OFTEN; id++) {
    u256 v = u256_from(1);
    sf_call_of(&f, "payInstant(address,address,uint256,bytes32)");
    sf_a(&f, U(0)), sf_u(&f, 0), sf_u(&f, 1), sf_u(&f, 1);
    sf_send_value(&f, 1, ORDERS, &v);
    assert_done(&f);
    for (u32 edit = 0; edit < 2; edit++) {
      sf_do(&f, 1, MARKET, "review(uint64,uint8,bytes32)", "uuu", id, 1ull,
            1ull);
      assert_done(&f);
      struct shop_identity_record_reputation r = reputation(&f, 0);
      u64 count = id < LIMIT ? id : LIMIT;
      assert_int_equal(r.sold, count);
      assert_int_equal(r.review_weight, count);
      assert_int_equal(r.review_sum, count);
    }
  }
  sf_close(&f);
}

static void cart_when_of_many_is_all_or_nothing(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_order o = begin_order(&f, &st_plain), p = o;
  struct st_listing l = st_plain;
  p.listing = st_save(&f, 2, &l, 1);
  p.seller = 2;
  for (u32 qty = 2; qty >= 1; qty--) { /* of the second there is one */
    p.qty = qty, p.total = 1000000 * qty;
    sf_call_of(&f, "placeMany(" ST_PLACE "[])");
    sf_u(&f, 32), sf_u(&f, 2), sf_u(&f, 64), sf_u(&f, 64 + 32 * 19);
    st_put_order(&f, &o);
    st_put_order(&f, &p);
    u256 v = u256_from(o.total + p.total);
    sf_send_value(&f, 1, ORDERS, &v);
    if (qty == 1) break;
    IN("OutOfStock(uint64,uint16,uint32)");
    assert_int_equal(stock_of(&f, o.listing), 10);
  }
  assert_done(&f);
  assert_int_equal(sf_word(&f, 3), 2);
  assert_int_equal(stock_of(&f, p.listing), 0);
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

static void invoice_when_for_one_payer_is_not_anothers(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  sf_call_of(&f, "createInvoice(address," ST_INVOICE ")");
  sf_u(&f, 0), sf_u(&f, 64), sf_a(&f, U(1)), sf_u(&f, 0), sf_u(&f, 500);
  for (u32 i = 0; i < 5; i++) sf_u(&f, (u64[]){0, 2, 1, 0, 0}[i]);
  sf_u(&f, sf_now(&f) + SF_DAY);
  for (u32 i = 0; i < 5; i++) sf_u(&f, 0);
  for (u32 i = 0; i < 3; i++) sf_u(&f, (17 + i) * 32);
  for (u32 i = 0; i < 3; i++) sf_u(&f, 0);
  sf_send_m(&f, 0, ORDERS, 0);
  assert_done(&f);
  st_pay_invoice(&f, 2, 1, 500);
  IN("NotPayer()");
  st_pay_invoice(&f, 1, 1, 500);
  assert_done(&f);
  sf_close(&f);
}

/* LienSet and LienActive wait for Loans; Locked is in test_shop_mediation.c. */
static void names_when_numbered_keep_their_numbers(void **st) {
  (void)st;
  static const char *const name[] = {"order", "invoice", "milestone", "plan",
                                     "subscription", "restock", "zone"};
  static const char *const param[] = {
    "protocolBps", "cancelWindow", "returnAnswer", "returnSend",
    "returnReceive", "extendMax", "subGrace", "periodMin", "linesMax",
    "milestonesMax", "batchMax"};
  for (u32 i = 0; i < ARRAY_LEN(name); i++)
    assert_string_equal(module_record_of(&shop_orders, (u8)(i + 1))->name,
                        name[i]);
  static const char *const common[] = {"pause", "claim", "ledger"};
  for (u32 i = 0; i < ARRAY_LEN(common); i++)
    assert_string_equal(module_record_of(&shop_orders, (u8)(253 + i))->name,
                        common[i]);
  for (u32 i = 0; i < ARRAY_LEN(param); i++) {
    const struct module_setting *s =
        module_row_at(&shop_orders, MODULE_ROW_SETTING, i)->setting;
    assert_string_equal(s->name, param[i]);
    assert_true(s->min <= s->dflt && s->dflt <= s->max);
  }
}

/*-------------------------------------------------------------- random walk */

static u32 walk_rand(u64 *s) {
  *s ^= *s << 13, *s ^= *s >> 7, *s ^= *s << 17;
  return (u32)(*s >> 11);
}
/* Any of four users does anything to any of the orders; time jumps.  After
** each block Orders holds what it says, and after a long time all is over. */
static void trade_when_walked_at_random_keeps_the_books(void **st) {
  (void)st;
  static const char *const act[] = {
    "accept(uint64)", "confirm(uint64)", "ship(uint64,bytes32)",
    "deliver(uint64,bytes32)", "cancel(uint64,uint16)",
    "askReturn(uint64,uint16,bytes32)", "answerReturn(uint64,bool,bytes32)",
    "sendReturn(uint64,bytes32)", "extend(uint64,uint32)"};
  struct sf f;
  u64 seed = 0x9e3779b97f4a7c15, orders = 0, done = 0, refused = 0;
  sf_open(&f);
  struct st_listing l = st_plain;
  l.return_days = 3;
  struct st_order o = begin_order(&f, &l);
  sf_call_of(&f, "adjustStock(uint64,uint16,int32)");
  sf_u(&f, o.listing), sf_u(&f, 0), sf_u(&f, 100000);
  sf_send_m(&f, 0, MARKET, 0);
  assert_done(&f);
  for (u32 step = 0; step < 400; step++) {
    u32 r = walk_rand(&seed), user = r >> 8 & 3;
    u64 id = 1 + (r >> 12) % (orders + 1);
    if (r % 8 == 0) {
      orders += st_place(&f, 1 + user % 3, &o) != 0;
    } else if (r % 8 == 1) {
      sf_pass(&f, 1 + walk_rand(&seed) % (3 * SF_DAY));
    } else if (r % 8 == 2) {
      sf_call_of(&f, "refund(uint64,uint256,uint16)");
      sf_u(&f, id), sf_u(&f, 1 + walk_rand(&seed) % 1000000), sf_u(&f, 1);
      sf_send_m(&f, user, ORDERS, 0);
    } else if (r % 8 == 3) {
      st_money(&f, "confirmReturn(uint64,uint256)", user, id,
               walk_rand(&seed) % 2 ? 1000000 : walk_rand(&seed) % 1000000);
    } else {
      sf_do(&f, user, ORDERS, act[(r >> 20) % ARRAY_LEN(act)], "uuu", id,
            1ull + r % 2, 2ull);
    }
    done += f.ok, refused += !f.ok;
    if (step % 4 == 0) st_balanced(&f, ORDERS);
  }
  printf("%llu orders, %llu steps done, %llu refused\n",
         (unsigned long long)orders, (unsigned long long)done,
         (unsigned long long)refused);
  assert_true(orders > 20 && done > 60 && refused > 60);
  for (u32 i = 0; i < 8; i++) sf_pass(&f, 60 * SF_DAY);
  u64 kept = 0;
  for (u64 id = 1; id <= orders; id++) {
    u64 state = st_state(&f, id);
    assert_true(state >= COMPLETED);
    kept += state == COMPLETED;
  }
  st_balanced(&f, ORDERS);
  addr20 self = sf_module(ORDERS);
  u256 left = sf_balance(&f, &self);
  assert_true(u256_is_zero(&left));
  assert_true(kept > 0);
  sf_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(sale_when_confirmed_pays_the_seller),
    cmocka_unit_test(order_when_not_as_listed_is_refused),
    cmocka_unit_test(order_when_seller_is_silent_is_cancelled),
    cmocka_unit_test(order_when_long_is_called_off_by_its_deadline_too),
    cmocka_unit_test(order_when_buyer_is_silent_is_completed),
    cmocka_unit_test(order_when_called_off_or_refunded_gives_back),
    cmocka_unit_test(
        seller_when_he_gives_up_is_counted_but_for_a_wrong_zone),
    cmocka_unit_test(return_when_asked_runs_its_course),
    cmocka_unit_test(fees_when_shared_are_right_to_the_unit),
    cmocka_unit_test(token_when_honest_or_not_never_stops_a_trade),
    cmocka_unit_test(token_when_it_calls_back_meets_the_lock),
    cmocka_unit_test(permit_when_allowance_suffices_is_not_asked_for),
    cmocka_unit_test(token_when_a_deadline_pays_is_claimed),
    cmocka_unit_test(token_when_it_loses_some_takes_no_deposits),
    cmocka_unit_test(invoice_when_paid_makes_an_order),
    cmocka_unit_test(milestones_when_worked_off_are_paid_one_by_one),
    cmocka_unit_test(subscription_when_prepaid_is_charged_at_each_period),
    cmocka_unit_test(plan_when_changed_is_another),
    cmocka_unit_test(order_when_nearly_all_is_refunded_unsent_counts),
    cmocka_unit_test(review_when_of_one_order_too_many_weighs_nothing),
    cmocka_unit_test(cart_when_of_many_is_all_or_nothing),
    cmocka_unit_test(invoice_when_for_one_payer_is_not_anothers),
    cmocka_unit_test(names_when_numbered_keep_their_numbers),
    cmocka_unit_test(trade_when_walked_at_random_keeps_the_books),
  };
  return cmocka_run_group_tests_name("shop_orders", tests, NULL, NULL);
}
