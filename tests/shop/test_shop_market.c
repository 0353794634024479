/* test_shop_market.c - modules 0x..1012 and 0x..1011: listings, variants,
** shipping, coupons, reviews and messages; platforms, posts and categories. */
#include "shop/shop_trade.h"

#define U(i) (&f.cf.user[i])
#define M(user, sig, kinds, ...) \
  sf_do(&f, user, MARKET, sig, kinds, ##__VA_ARGS__)
#define P(user, sig, kinds, ...) \
  sf_do(&f, user, PLATFORMS, sig, kinds, ##__VA_ARGS__)
#define IN(error) assert_reverted(&f, error)

static u64 listing_state(struct sf *f, u64 id) {
  u256 key = u256_from(id);
  return sf_state(f, MARKET, 1, &key);
}
static void listing_when_saved_lives_expires_and_closes(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_listing l = st_plain, bad = l;
  u64 id = st_save(&f, 0, &l, 10);
  assert_done(&f);
  assert_logged(&f, "ListingSaved(uint64,address,uint32,bytes)");
  assert_logged(&f, "VariantsSaved(uint64,(uint16,uint256,uint32,bytes32,bool)"
                    "[])");
  bad.kind = 5;
  st_save(&f, 0, &bad, 10);
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  bad = l, bad.handling = 31 * SF_DAY;  /* handlingMax */
  st_save(&f, 0, &bad, 10);
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  bad = l, bad.inspect = SF_DAY - 1;    /* inspectMin */
  st_save(&f, 0, &bad, 10);
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  bad = l, bad.affiliate = 3001;        /* affiliateMaxBps */
  st_save(&f, 0, &bad, 10);
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  bad = l, bad.ship_table = 9;
  st_save(&f, 0, &bad, 10);
  IN("NoSuchRecord(uint8,bytes32)");
  bad = l, bad.id = id;
  st_save(&f, 1, &bad, 10);
  IN("NotAuthorised(address)");
  M(1, "adjustStock(uint64,uint16,int32)", "uuu", id, 0ull, 1ull);
  IN("NotAuthorised(address)");
  M(0, "adjustStock(uint64,uint16,int32)", "uuu", id, 0ull, 5ull);
  assert_done(&f);
  assert_logged(&f, "StockChanged(uint64,uint16,uint32,uint64)");
  sf_view(&f, MARKET, "stockOf(uint64,uint16)", "uu", id, 0ull);
  assert_int_equal(sf_word(&f, 0), 15);
  sf_view(&f, MARKET, "stockOf(uint64,uint16)", "uu", id, 4ull);
  IN("NoSuchRecord(uint8,bytes32)");
  M(0, "setPaused(uint64,bool)", "uu", id, 1ull);
  assert_logged(&f, "ListingState(uint64,uint8,uint16)");
  M(0, "setPaused(uint64,bool)", "uu", id, 1ull);
  IN("WrongState(uint8,bytes32,uint8)");
  M(0, "setPaused(uint64,bool)", "uu", id, 0ull);
  assert_int_equal(listing_state(&f, id), 1);
  M(0, "renew(uint64,uint64)", "uu", id, sf_now(&f) + SF_DAY);
  IN("WrongState(uint8,bytes32,uint8)");
  sf_pass(&f, 366 * SF_DAY); /* listingTtl */
  assert_int_equal(listing_state(&f, id), 3);
  M(0, "renew(uint64,uint64)", "uu", id, sf_now(&f) + SF_DAY);
  assert_done(&f);
  sf_pass(&f, 2 * SF_DAY);
  assert_int_equal(listing_state(&f, id), 3);
  sf_pass(&f, 181 * SF_DAY);
  assert_int_equal(listing_state(&f, id), 4);
  M(0, "close(uint64)", "u", id);
  IN("WrongState(uint8,bytes32,uint8)");
  id = st_save(&f, 0, &l, 10);
  M(0, "close(uint64)", "u", id);
  assert_done(&f);
  /* Several at once, with plain variants; each priced on its own. */
  sf_call_of(&f, "saveMany(address," ST_LISTING "[])");
  sf_u(&f, 0), sf_u(&f, 64), sf_u(&f, 2);
  st_put_listing(&f, &l), st_put_listing(&f, &l);
  sf_send_m(&f, 0, MARKET, 0);
  assert_done(&f);
  assert_int_equal(sf_word(&f, 3), 4);
  sf_call_of(&f, "setVariants(uint64," ST_VARIANT "[])");
  sf_u(&f, 4), sf_u(&f, 64), sf_u(&f, 1), sf_u(&f, 2), sf_u(&f, 70),
      sf_u(&f, 3), sf_u(&f, 1), sf_u(&f, 0);
  sf_send_m(&f, 0, MARKET, 0);
  assert_done(&f);
  sf_view(&f, MARKET, "priceOf(uint64,uint16,uint32,bytes8)", "uuuu", 4ull,
          2ull, 1ull, 0ull);
  IN("VariantInactive(uint64,uint16)");
  /* 0xfffffffe keeps the stock; a new variant has none to keep. */
  for (u64 index = 2; index < 4; index++) {
    sf_call_of(&f, "setVariants(uint64," ST_VARIANT "[])");
    sf_u(&f, 4), sf_u(&f, 64), sf_u(&f, 1), sf_u(&f, index), sf_u(&f, 80),
        sf_u(&f, 0xfffffffe), sf_u(&f, 1), sf_u(&f, 0);
    sf_send_m(&f, 0, MARKET, 0);
    if (index == 2) assert_done(&f);
  }
  IN("NoSuchRecord(uint8,bytes32)");
  sf_view(&f, MARKET, "stockOf(uint64,uint16)", "uu", 4ull, 2ull);
  assert_int_equal(sf_word(&f, 0), 3);
  sf_view(&f, MARKET, "priceOf(uint64,uint16,uint32,bytes8)", "uuuu", 4ull,
          0ull, 3ull, 0ull);
  assert_int_equal(sf_word(&f, 0), 3000000);
  assert_int_equal(sf_word(&f, 3), 3); /* version */
  sf_close(&f);
}

static void put_zone(struct sf *f, const char *code, u64 base, u64 per_item,
                     u64 free_from) {
  u8 be[32] = {0};
  memcpy(be, code, strlen(code));
  buf_put(&f->args, be, 32);
  sf_u(f, base), sf_u(f, per_item), sf_u(f, free_from), sf_u(f, 1), sf_u(f, 3);
}
static u64 shipping(struct sf *f, u64 id, u64 qty, const char *zone) {
  u8 be[32] = {0};
  u256 zero = U256_ZERO;
  memcpy(be, zone, strlen(zone));
  sf_call_of(f, "priceOf(uint64,uint16,uint32,bytes8)");
  sf_u(f, id), sf_u(f, 0), sf_u(f, qty), buf_put(&f->args, be, 32);
  sf_ask_as(f, &f->cf.user[3], MARKET, &zero);
  return f->ok ? sf_word(f, 1) : 1;
}
static void shipping_when_zoned_takes_the_longest_match(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  sf_call_of(&f, "saveShipTable(uint64,address,address,(bytes8,uint256,uint256,"
                 "uint256,uint8,uint8)[])");
  sf_u(&f, 0), sf_u(&f, 0), sf_u(&f, 0), sf_u(&f, 128), sf_u(&f, 3);
  put_zone(&f, "DE", 500, 100, 0);
  put_zone(&f, "DE-BY", 300, 0, 3000000);
  put_zone(&f, "FR", 900, 0, 0);
  sf_send_m(&f, 0, MARKET, 0);
  assert_done(&f);
  assert_logged(&f, "ShipTableSaved(uint64,address,bytes)");
  struct st_listing l = st_plain;
  l.ship_table = 1;
  u64 id = st_save(&f, 0, &l, 10);
  assert_done(&f);
  assert_int_equal(shipping(&f, id, 2, "DE"), 700);
  assert_int_equal(shipping(&f, id, 2, "DE-NW"), 700);
  assert_int_equal(shipping(&f, id, 2, "DE-BY"), 300);
  assert_int_equal(shipping(&f, id, 3, "DE-BY"), 0);
  assert_int_equal(shipping(&f, id, 1, "FR"), 900);
  shipping(&f, id, 1, "DEX");
  IN("NoZone(uint64,bytes8)");
  struct st_order o = {.listing = id, .version = 1, .qty = 2,
                       .total = 2000700, .zone = "DE"};
  st_place(&f, 1, &o);
  assert_done(&f);
  sf_call_of(&f, "saveShipTable(uint64,address,address,(bytes8,uint256,uint256,"
                 "uint256,uint8,uint8)[])");
  sf_u(&f, 1), sf_u(&f, 0), sf_u(&f, 9), sf_u(&f, 128), sf_u(&f, 1);
  put_zone(&f, "*", 500, 100, 0);
  sf_send_m(&f, 0, MARKET, 0);
  IN("BadToken(address)"); /* of listings that name it */
  st_save(&f, 1, &l, 10); /* another's table */
  IN("NotAuthorised(address)");
  sf_close(&f);
}

static u64 coupon(struct sf *f, u64 kind, u64 value, u64 uses, u64 listing) {
  u8 key[32] = {[0] = 0x77, [31] = 1};
  addr20 signer;
  assert_int_equal(crypto_key_addr(&signer, key), ERR_OK);
  sf_call_of(f, "saveCoupon(uint64,address,(address,address,uint8,uint256,"
                "uint256,uint32,uint16,uint64,uint64,uint64))");
  sf_u(f, 0), sf_u(f, 0), sf_a(f, &signer), sf_u(f, 0), sf_u(f, kind);
  sf_u(f, value), sf_u(f, 1000000), sf_u(f, uses), sf_u(f, 1), sf_u(f, 0);
  sf_u(f, sf_now(f) + 30 * SF_DAY), sf_u(f, listing);
  sf_send_m(f, 0, MARKET, 0);
  return f->ok ? sf_word(f, 0) : 0;
}
static void sign_coupon(u8 out[65], u64 id, const addr20 *buyer) {
  u8 key[32] = {[0] = 0x77, [31] = 1}, text[94] = "CMT-COUPON";
  struct sig65 s;
  hash32 digest;
  store_be64(text + 10 + 24, CF_ID);
  store_be64(text + 42 + 24, id);
  memcpy(text + 74, buyer->b, 20);
  crypto_keccak256(&digest, text, 94);
  assert_int_equal(crypto_sign(&s, key, &digest), ERR_OK);
  memcpy(out, s.r, 32);
  memcpy(out + 32, s.s, 32);
  out[64] = 27 + s.v;
}
static void coupon_when_signed_for_the_buyer_is_his_alone(void **st) {
  (void)st;
  struct sf f;
  u8 sig[65];
  sf_open(&f);
  struct st_listing l = st_plain;
  u64 id = st_save(&f, 0, &l, 10);
  u64 a = coupon(&f, 1, 1000, 2, 0);
  assert_done(&f);
  assert_logged(&f, "CouponSaved(uint64,address,bytes)");
  struct st_order o = {.listing = id, .version = 1, .qty = 1,
                       .total = 900000, .coupon = a, .sig = {sig, 65}};
  sign_coupon(sig, a, U(1));
  st_place(&f, 2, &o);
  IN("CouponInvalid(uint8)"); /* another's */
  st_place(&f, 1, &o);
  assert_done(&f);
  assert_logged(&f, "CouponUsed(uint64,uint64,address,bool)");
  st_place(&f, 1, &o);
  IN("CouponInvalid(uint8)"); /* once each */
  assert_int_equal(f.out[35], 4);
  sf_do(&f, 1, ORDERS, "cancel(uint64,uint16)", "uu", 1ull, 1ull);
  assert_done(&f);
  st_place(&f, 1, &o); /* the use came back */
  assert_done(&f);
  /* Changed: never to fewer uses than there were. */
  for (u64 uses = 0; uses < 2; uses++) {
    sf_call_of(&f, "saveCoupon(uint64,address,(address,address,uint8,uint256,"
                   "uint256,uint32,uint16,uint64,uint64,uint64))");
    sf_u(&f, a), sf_u(&f, 0), sf_a(&f, U(4)), sf_u(&f, 0), sf_u(&f, 1);
    sf_u(&f, 1), sf_u(&f, 1), sf_u(&f, uses), sf_u(&f, 1), sf_u(&f, 0);
    sf_u(&f, sf_now(&f) + SF_DAY), sf_u(&f, 0);
    sf_send_m(&f, 0, MARKET, 0);
    if (uses) assert_done(&f);
    else IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  }
  u64 b = coupon(&f, 2, 5000000, 1, id);
  sign_coupon(sig, b, U(2));
  o.coupon = b, o.total = 0;
  st_place(&f, 2, &o);
  IN("ZeroAmount()"); /* nothing is left to pay */
  M(0, "endCoupon(uint64)", "u", a);
  assert_done(&f);
  u256 key = u256_from(b);
  sf_pass(&f, 31 * SF_DAY);
  assert_int_equal(sf_state(&f, MARKET, 4, &key), 2);
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

/* What SPEC-commerce 4 numbers, one cause each; and at the second at which it
** begins and ends. */
static void coupon_when_invalid_says_why(void **st) {
  (void)st;
  enum { ENDED = 1, EARLY, USED_UP, PARTY, MINIMUM, LISTING, SIGNATURE, TOKEN };
  static const struct {
    u8 why;
    u64 minimum, uses, starts, ends, listing, token; /* times from now */
  } row[] = {
    {0, 1000000, 1, 0, SF_DAY, 1, 0},
    {ENDED, 0, 1, 0, 1, 0, 0},
    {EARLY, 0, 1, SF_DAY, 2 * SF_DAY, 0, 0},
    {USED_UP, 0, 0, 0, SF_DAY, 0, 0},
    {MINIMUM, 1000001, 1, 0, SF_DAY, 0, 0},
    {LISTING, 0, 1, 0, SF_DAY, 2, 0},
    {SIGNATURE, 0, 1, 0, SF_DAY, 0, 0},
    {TOKEN, 0, 1, 0, SF_DAY, 0, 1}};
  struct sf f;
  u8 key[32] = {[0] = 0x77, [31] = 1}, sig[65];
  addr20 signer, token = {{9, 9, 9}};
  sf_open(&f);
  assert_int_equal(crypto_key_addr(&signer, key), ERR_OK);
  for (u32 i = 0; i < 2; i++) st_save(&f, 0, &st_plain, 10);
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    sf_call_of(&f, "saveCoupon(uint64,address,(address,address,uint8,uint256,"
                   "uint256,uint32,uint16,uint64,uint64,uint64))");
    sf_u(&f, 0), sf_u(&f, 0), sf_a(&f, &signer);
    if (row[i].token) sf_a(&f, &token);
    else sf_u(&f, 0);
    sf_u(&f, 2), sf_u(&f, 7), sf_u(&f, row[i].minimum), sf_u(&f, row[i].uses);
    sf_u(&f, 1), sf_u(&f, row[i].starts ? sf_now(&f) + row[i].starts : 0);
    sf_u(&f, sf_now(&f) + 5 + row[i].ends), sf_u(&f, row[i].listing);
    sf_send_m(&f, 0, MARKET, 0);
    assert_done(&f);
    u64 id = sf_word(&f, 0);
    struct st_order o = {.listing = 1, .version = 1, .qty = 1,
                         .total = 1000000 - 7, .coupon = id, .sig = {sig, 65}};
    sign_coupon(sig, row[i].why == SIGNATURE ? id + 1 : id, U(1));
    if (row[i].why == ENDED) sf_pass(&f, SF_DAY);
    st_place(&f, 1, &o);
    if (row[i].why == 0) {
      assert_done(&f);
      continue;
    }
    IN("CouponInvalid(uint8)");
    assert_int_equal(f.out[35], row[i].why);
  }
  /* One more, from its first second to its last; the timer comes after the calls
  ** of its block. */
  for (u64 late = 0; late < 2; late++) {
    u64 starts = sf_now(&f) + SF_DAY, ends = starts + SF_DAY;
    sf_call_of(&f, "saveCoupon(uint64,address,(address,address,uint8,uint256,"
                   "uint256,uint32,uint16,uint64,uint64,uint64))");
    sf_u(&f, 0), sf_u(&f, 0), sf_a(&f, &signer), sf_u(&f, 0), sf_u(&f, 2);
    sf_u(&f, 7), sf_u(&f, 0), sf_u(&f, 9), sf_u(&f, 0), sf_u(&f, starts);
    sf_u(&f, ends), sf_u(&f, 0);
    sf_send_m(&f, 0, MARKET, 0);
    assert_done(&f);
    u64 id = sf_word(&f, 0);
    struct st_order o = {.listing = 1, .version = 1, .qty = 1,
                         .total = 1000000 - 7, .coupon = id, .sig = {sig, 65}};
    sign_coupon(sig, id, U(1));
    sf_pass_before(&f, late ? ends - 1 : starts - 1);
    st_place(&f, 1, &o);
    if (late) assert_done(&f);
    else IN("CouponInvalid(uint8)");
    st_place(&f, 1, &o); /* a second later */
    if (late) IN("CouponInvalid(uint8)");
    else assert_done(&f);
  }
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

/* An order confirmed just now. */
static u64 traded(struct sf *f) {
  struct st_order o = {.version = 1, .qty = 1, .total = 1000000};
  o.listing = st_save(f, 0, &st_plain, 10);
  u64 order = st_place(f, 1, &o);
  sf_do(f, 0, ORDERS, "ship(uint64,bytes32)", "uu", order, 1ull);
  sf_do(f, 1, ORDERS, "confirm(uint64)", "u", order);
  assert_done(f);
  return order;
}
/* To the second: 90 days for a review, 14 for its edit, 90 for the reply. */
static void review_when_a_second_late_is_refused(void **st) {
  (void)st;
  static const char review[] = "review(uint64,uint8,bytes32)";
  for (u64 late = 0; late < 2; late++) {
    struct sf f;
    sf_open(&f);
    u64 order = traded(&f);
    sf_pass_before(&f, sf_now(&f) + 90 * SF_DAY + late);
    M(1, review, "uuu", order, 5ull, 1ull);
    if (late) IN("NotReviewable()");
    else assert_done(&f);
    order = traded(&f);
    M(1, review, "uuu", order, 5ull, 1ull);
    u64 said = sf_now(&f);
    sf_pass_before(&f, said + 14 * SF_DAY + late);
    M(1, review, "uuu", order, 4ull, 1ull);
    if (late) IN("AlreadyReviewed()");
    else assert_done(&f);
    sf_pass_before(&f, said + 90 * SF_DAY + late);
    M(0, "reply(uint64,uint8,bytes32)", "uuu", order, 1ull, 3ull);
    if (late) IN("TooLate(uint64)");
    else assert_done(&f);
    sf_close(&f);
  }
}

/* As many as one call, one table, one seller may have, and one more. */
static void list_when_one_too_long_is_refused(void **st) {
  (void)st;
  static const char many[] = "TooMany(bytes32,uint256)";
  struct sf f;
  sf_open(&f);
  u64 id = st_save(&f, 0, &st_plain, 10);
  for (u64 more = 0; more < 2; more++) {
    sf_call_of(&f, "setVariants(uint64," ST_VARIANT "[])");
    sf_u(&f, id), sf_u(&f, 64), sf_u(&f, 64 + more);
    for (u64 i = 0; i < 64 + more; i++)
      sf_u(&f, i), sf_u(&f, 7), sf_u(&f, 1), sf_u(&f, 0), sf_u(&f, 1);
    sf_send_m(&f, 0, MARKET, 0);
    if (more) IN(many);
    else assert_done(&f);
    sf_call_of(&f, "saveShipTable(uint64,address,address,(bytes8,uint256,"
                   "uint256,uint256,uint8,uint8)[])");
    sf_u(&f, 0), sf_u(&f, 0), sf_u(&f, 0), sf_u(&f, 128), sf_u(&f, 32 + more);
    for (u64 i = 0; i < 32 + more; i++) put_zone(&f, "DE", 1, 1, 1);
    sf_send_m(&f, 0, MARKET, 0);
    if (more) IN(many);
    else assert_done(&f);
  }
  sf_call_of(&f, "setVariants(uint64," ST_VARIANT "[])");
  sf_u(&f, id), sf_u(&f, 64), sf_u(&f, 1);
  sf_u(&f, 1000), sf_u(&f, 7), sf_u(&f, 1), sf_u(&f, 0), sf_u(&f, 1);
  sf_send_m(&f, 0, MARKET, 0); /* variantsMax */
  IN("OutOfRange(bytes32,uint256,uint256,uint256)");
  u256 two = u256_from(2);
  sf_param(&f, MARKET, "openListingsBare", &two);
  st_save(&f, 0, &st_plain, 10);
  assert_done(&f);
  st_save(&f, 0, &st_plain, 10);
  IN(many);
  sf_do(&f, 0, 0x1010, "create(uint8,bytes32,bytes32)", "uuu", 1ull, 5ull,
        6ull);
  st_save(&f, 0, &st_plain, 10); /* with an identity */
  assert_done(&f);
  u256 one = u256_from(1);
  sf_param(&f, PLATFORMS, "postsPerCall", &one);
  P(0, "post(uint64,uint64[])", "uuuuu", id, 64ull, 2ull, 1ull, 2ull);
  IN(many);
  sf_close(&f);
}

/* What comes to 2^127 is refused where it is asked for. */
static void price_when_too_large_is_refused(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u256 huge = {{0, 1ull << 62, 0, 0}}; /* 2^126 */
  for (u64 at = 0; at < 2; at++) {
    sf_call_of(&f, "saveShipTable(uint64,address,address,(bytes8,uint256,"
                   "uint256,uint256,uint8,uint8)[])");
    sf_u(&f, 0), sf_u(&f, 0), sf_u(&f, 0), sf_u(&f, 128), sf_u(&f, 1);
    u8 any[32] = "*";
    buf_put(&f.args, any, 32);
    for (u64 k = 0; k < 2; k++) { /* base, perItem */
      if (k == at) sf_u256(&f, &huge);
      else sf_u(&f, 1);
    }
    sf_u(&f, 0), sf_u(&f, 1), sf_u(&f, 3);
    sf_send_m(&f, 0, MARKET, 0);
    assert_done(&f);
    struct st_listing l = st_plain;
    l.ship_table = at + 1;
    u64 id = st_save(&f, 0, &l, SHOP_UNLIMITED);
    assert_done(&f);
    shipping(&f, id, 1, "DE");
    assert_done(&f);
    shipping(&f, id, 2, "DE");
    if (at) IN("Overflow()");
    else assert_done(&f);
  }
  struct st_listing l = st_plain;
  u64 id = st_save(&f, 0, &l, SHOP_UNLIMITED);
  sf_call_of(&f, "setVariants(uint64," ST_VARIANT "[])");
  sf_u(&f, id), sf_u(&f, 64), sf_u(&f, 1), sf_u(&f, 0), sf_u256(&f, &huge);
  sf_u(&f, SHOP_UNLIMITED), sf_u(&f, 0), sf_u(&f, 1);
  sf_send_m(&f, 0, MARKET, 0);
  assert_done(&f);
  shipping(&f, id, 1, "DE");
  assert_done(&f);
  shipping(&f, id, 2, "DE");
  IN("Overflow()");
  sf_close(&f);
}

static void review_when_traded_counts_once(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_listing l = st_plain;
  u64 id = st_save(&f, 0, &l, 10);
  struct st_order o = {.listing = id, .version = 1, .qty = 1,
                       .total = 1000000};
  u64 order = st_place(&f, 1, &o);
  M(1, "review(uint64,uint8,bytes32)", "uuu", order, 5ull, 1ull);
  IN("NotReviewable()");
  sf_do(&f, 0, ORDERS, "ship(uint64,bytes32)", "uu", order, 1ull);
  sf_do(&f, 1, ORDERS, "confirm(uint64)", "u", order);
  M(3, "review(uint64,uint8,bytes32)", "uuu", order, 5ull, 1ull);
  IN("NotAuthorised(address)"); /* someone else's trade */
  M(1, "review(uint64,uint8,bytes32)", "uuu", order, 6ull, 1ull);
  IN("StarsRange()");
  M(1, "review(uint64,uint8,bytes32)", "uuu", order, 5ull, 1ull);
  assert_done(&f);
  assert_logged(&f, "ReviewSaved(uint64,uint8,uint64,address,uint8,uint8,"
                    "address,bytes32,bytes32)");
  M(1, "review(uint64,uint8,bytes32)", "uuu", order, 1ull, 1ull); /* edit */
  assert_done(&f);
  M(1, "review(uint64,uint8,bytes32)", "uuu", order, 2ull, 1ull);
  IN("AlreadyReviewed()");
  M(0, "reply(uint64,uint8,bytes32)", "uuu", order, 1ull, 0ull);
  IN("BadCalldata(uint16)"); /* it could be said again and again */
  M(0, "reply(uint64,uint8,bytes32)", "uuu", order, 1ull, 3ull);
  assert_done(&f);
  M(0, "reply(uint64,uint8,bytes32)", "uuu", order, 1ull, 3ull);
  IN("AlreadyReviewed()");
  sf_view(&f, 0x1010, "reputation(address)", "a", U(0));
  u32 last = (u32)f.out_len / 32;
  assert_int_equal(sf_word(&f, last - 2), (14000 + 100) / 41);
  M(0, "review(uint64,uint8,bytes32)", "uuu", order, 4ull, 1ull);
  assert_done(&f); /* the seller of the buyer */
  sf_close(&f);
}

static void message_when_sealed_is_between_parties(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  M(1, "message(address,uint64,bytes32)", "auu", U(0), 0ull, 9ull);
  IN("NoEncKey(address)");
  sf_do(&f, 0, 0x1010, "create(uint8,bytes32,bytes32)", "uuu", 1ull, 5ull,
        6ull);
  M(1, "message(address,uint64,bytes32)", "auu", U(0), 0ull, 9ull);
  assert_done(&f);
  assert_logged(&f, "Message(uint64,address,address,bytes32)");
  M(1, "message(address,uint64,bytes32)", "auu", U(0), 4ull, 9ull);
  IN("NotAuthorised(address)"); /* no such order of theirs */
  M(1, "shareKey(uint64,bytes32,address,bytes)", "uuauu", 0ull, 9ull, U(0),
    128ull, 0ull);
  assert_done(&f);
  assert_logged(&f, "KeyShared(uint64,bytes32,address,bytes)");
  M(1, "shareKey(uint64,bytes32,address,bytes)", "uuauu", 0ull, 9ull, U(3),
    128ull, 0ull);
  IN("NoEncKey(address)"); /* what would it be sealed with? */
  M(1, "shareKey(uint64,bytes32,address,bytes)", "uuauu", 0ull, 9ull, U(1),
    128ull, 0ull);
  IN("BadAddress()"); /* to himself */
  M(1, "shareKey(uint64,bytes32,address,bytes)", "uuuuu", 0ull, 9ull, 0ull,
    128ull, 0ull);
  IN("BadAddress()");
  M(1, "shareKey(uint64,bytes32,address,bytes)", "uuuuu", 4ull, 9ull, 0ull,
    128ull, 0ull);
  IN("NotAuthorised(address)"); /* who he is comes before what he says */
  sf_close(&f);
}

/* Level 1: no new records; what there is goes on.  Level 2: exits alone. */
static void records_when_paused_go_on_and_none_begins(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  static const char paused[] = "ModulePaused(uint8)";
  struct st_listing l = st_plain;
  u64 id = l.id = st_save(&f, 0, &st_plain, 10);
  struct st_order o = {.listing = id, .version = 1, .qty = 1,
                       .total = 1000000};
  u64 order = 0;
  for (u32 i = 0; i < 2; i++) {
    order = st_place(&f, 1, &o);
    sf_do(&f, 0, ORDERS, "ship(uint64,bytes32)", "uu", order, 1ull);
    sf_do(&f, 1, ORDERS, "confirm(uint64)", "u", order);
    assert_done(&f);
  }
  sf_do(&f, 0, 0x1010, "create(uint8,bytes32,bytes32)", "uuu", 1ull, 5ull,
        6ull);
  M(1, "review(uint64,uint8,bytes32)", "uuu", order - 1, 5ull, 1ull);
  M(1, "message(address,uint64,bytes32)", "auu", U(0), order, 9ull);
  assert_done(&f);
  sf_pause(&f, MARKET, 1);
  st_save(&f, 0, &st_plain, 10);
  IN(paused);
  M(1, "review(uint64,uint8,bytes32)", "uuu", order, 5ull, 1ull);
  IN(paused);
  M(1, "message(address,uint64,bytes32)", "auu", U(0), 0ull, 9ull);
  IN(paused);
  st_save(&f, 0, &l, 10);
  assert_done(&f);
  M(1, "review(uint64,uint8,bytes32)", "uuu", order - 1, 4ull, 1ull);
  assert_done(&f);
  M(1, "message(address,uint64,bytes32)", "auu", U(0), order, 9ull);
  assert_done(&f);
  sf_pause(&f, MARKET, 2);
  st_save(&f, 0, &l, 10);
  IN(paused);
  M(1, "message(address,uint64,bytes32)", "auu", U(0), order, 9ull);
  IN(paused);
  M(0, "close(uint64)", "u", id);
  assert_done(&f);
  id = 0;
  sf_pause(&f, MARKET, 0);
  id = st_save(&f, 0, &st_plain, 10);
  sf_call_of(&f, "register(bytes32,bytes32,uint16,uint16,uint8,uint64)");
  for (u32 i = 0; i < 6; i++) sf_u(&f, (u64[]){1, 2, 0, 0, 1, 0}[i]);
  sf_send_m(&f, 3, PLATFORMS, 100000);
  u64 at = sf_word(&f, 0);
  sf_pause(&f, PLATFORMS, 1);
  P(0, "post(uint64,uint64[])", "uuuu", id, 64ull, 1ull, at);
  IN(paused);
  P(3, "setFee(uint64,uint16,uint16)", "uuu", at, 100ull, 0ull);
  assert_done(&f);
  sf_pause(&f, PLATFORMS, 0);
  P(0, "post(uint64,uint64[])", "uuuu", id, 64ull, 1ull, at);
  assert_done(&f);
  sf_close(&f);
}

/*---------------------------------------------------------------- platforms */

static u64 open_platform(struct sf *f, u32 user, u64 fee, u64 mode) {
  sf_call_of(f, "register(bytes32,bytes32,uint16,uint16,uint8,uint64)");
  for (u32 i = 0; i < 6; i++) sf_u(f, (u64[]){1, 2, fee, 2000, mode, 0}[i]);
  sf_send_m(f, user, PLATFORMS, 100000); /* platformBond */
  return f->ok ? sf_word(f, 0) : 0;
}
static u64 platform_state(struct sf *f, u64 id) {
  u256 key = u256_from(id);
  return sf_state(f, PLATFORMS, 1, &key);
}
static void platform_when_open_sets_fees_with_notice(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u256 before = sf_balance(&f, U(3)), after;
  open_platform(&f, 3, 1001, 0); /* maxFeeBps */
  IN("FeeTooHigh(uint16)");
  u64 id = open_platform(&f, 3, 500, 0);
  assert_done(&f);
  assert_logged(&f, "PlatformSaved(uint64,address,bytes)");
  P(2, "setFee(uint64,uint16,uint16)", "uuu", id, 600ull, 0ull);
  IN("NotOperator()");
  P(3, "setFee(uint64,uint16,uint16)", "uuu", id, 600ull, 0ull);
  assert_logged(&f, "FeeScheduled(uint64,uint16,uint16,uint64)");
  sf_view(&f, PLATFORMS, "feeOf(uint64)", "u", id);
  assert_int_equal(sf_word(&f, 0), 500);
  sf_pass(&f, 7 * SF_DAY); /* feeNotice */
  sf_view(&f, PLATFORMS, "feeOf(uint64)", "u", id);
  assert_int_equal(sf_word(&f, 0), 600);
  P(3, "setFee(uint64,uint16,uint16)", "uuu", id, 100ull, 0ull);
  sf_view(&f, PLATFORMS, "feeOf(uint64)", "u", id);
  assert_int_equal(sf_word(&f, 0), 100); /* a fall at once */
  P(3, "update(uint64,bytes32,bytes32,uint8,uint64)", "uuuuu", id, 3ull, 4ull,
    1ull, 0ull);
  assert_done(&f);
  P(3, "offerOperator(uint64,address)", "ua", id, U(4));
  P(2, "acceptOperator(uint64)", "u", id);
  IN("NotAuthorised(address)");
  P(4, "acceptOperator(uint64)", "u", id);
  assert_done(&f);
  P(4, "offerOperator(uint64,address)", "ua", id, U(3));
  P(3, "acceptOperator(uint64)", "u", id);
  P(3, "pause(uint64)", "u", id);
  assert_int_equal(platform_state(&f, id), 2);
  P(3, "resume(uint64)", "u", id);
  assert_int_equal(platform_state(&f, id), 1);
  P(3, "closePlatform(uint64)", "u", id);
  P(3, "pause(uint64)", "u", id);
  IN("PlatformClosed(uint64)");
  sf_pass(&f, 31 * SF_DAY);
  assert_int_equal(platform_state(&f, id), 4);
  after = sf_balance(&f, U(3));
  assert_true(u256_eq(&before, &after));
  id = open_platform(&f, 3, 500, 0);
  P(3, "pause(uint64)", "u", id);
  sf_pass(&f, 181 * SF_DAY);
  assert_int_equal(platform_state(&f, id), 3);
  id = open_platform(&f, 3, 500, 0);
  sf_pass(&f, 400 * SF_DAY);
  P(3, "setFee(uint64,uint16,uint16)", "uuu", id, 400ull, 0ull);
  sf_pass_to(&f, sf_now(&f) + 730 * SF_DAY - 1); /* idleMax after that */
  assert_int_equal(platform_state(&f, id), 1);
  sf_pass(&f, 2);
  assert_int_equal(platform_state(&f, id), 6);
  sf_call_of(&f, "resume(uint64)");
  sf_u(&f, id);
  sf_send_m(&f, 3, PLATFORMS, 100000);
  assert_done(&f);
  st_balanced(&f, PLATFORMS);
  sf_close(&f);
}

static bool shown(struct sf *f, u64 listing, u64 id) {
  sf_view(f, PLATFORMS, "shownOn(uint64,uint64)", "uu", listing, id);
  assert_done(f);
  return sf_word(f, 0);
}
/* A rise comes feeNotice after its word and not a second sooner, whoever asks; an
** order keeps the fee that it was placed with. */
static void fee_when_raised_waits_and_spares_orders(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_listing l = st_plain;
  u64 id = open_platform(&f, 3, 500, 0);
  struct st_order o = {.listing = st_save(&f, 0, &l, 10), .version = 1,
                       .qty = 1, .total = 1000000, .platform = id};
  P(3, "setFee(uint64,uint16,uint16)", "uuu", id, 900ull, 10001ull);
  IN("FeeTooHigh(uint16)");
  P(3, "setFee(uint64,uint16,uint16)", "uuu", id, 900ull, 0ull);
  u64 from = sf_now(&f) + 7 * SF_DAY;
  u64 order = st_place(&f, 1, &o);
  sf_pass_before(&f, from - 1);
  sf_view(&f, PLATFORMS, "feeOf(uint64)", "u", id);
  assert_int_equal(sf_word(&f, 0), 500);
  sf_pass_before(&f, from);
  sf_view(&f, PLATFORMS, "feeOf(uint64)", "u", id);
  assert_int_equal(sf_word(&f, 0), 900);
  u256 had = sf_balance(&f, U(3)), now, d;
  sf_do(&f, 0, ORDERS, "cancel(uint64,uint16)", "uu", order, 1ull);
  o.seller = 0;
  for (u32 i = 0; i < 2; i++) {
    if (i) P(3, "setFee(uint64,uint16,uint16)", "uuu", id, 1000ull, 0ull);
    order = st_place(&f, 1, &o);
    assert_done(&f);
    if (i) sf_pass(&f, 2 * SF_DAY);
    sf_do(&f, 0, ORDERS, "ship(uint64,bytes32)", "uu", order, 1ull);
    if (i) sf_pass(&f, 6 * SF_DAY); /* the next rise has come meanwhile */
    if (i) {
      sf_view(&f, PLATFORMS, "feeOf(uint64)", "u", id);
      assert_int_equal(sf_word(&f, 0), 1000);
    }
    had = sf_balance(&f, U(3));
    sf_do(&f, 1, ORDERS, "confirm(uint64)", "u", order);
    assert_done(&f);
    now = sf_balance(&f, U(3));
    u256_sub(&d, &now, &had);
    assert_int_equal(d.w[0], 90000);
  }
  st_balanced(&f, ORDERS);
  sf_close(&f);
}

/* Paused 180 days, closing 30, asked 7, each to the second. */
static void platform_when_a_second_off_is_as_before(void **st) {
  (void)st;
  enum { ACTIVE = 1, PAUSED, CLOSING, CLOSED };
  struct sf f;
  sf_open(&f);
  u64 id = open_platform(&f, 3, 0, 1);
  u64 listing = st_save(&f, 0, &st_plain, 1);
  P(0, "post(uint64,uint64[])", "uuuu", listing, 64ull, 1ull, id);
  u64 at = sf_now(&f) + 7 * SF_DAY;
  sf_pass_to(&f, at - 1);
  assert_false(shown(&f, listing, id));
  sf_pass_to(&f, at);
  assert_true(shown(&f, listing, id));
  P(3, "pause(uint64)", "u", id);
  at = sf_now(&f) + 180 * SF_DAY;
  struct st_order o = {.listing = listing, .version = 1, .qty = 1,
                       .total = 1000000, .platform = id};
  st_place(&f, 1, &o);
  IN("PlatformClosed(uint64)");
  assert_false(shown(&f, listing, id));
  sf_pass_to(&f, at - 1);
  assert_int_equal(platform_state(&f, id), PAUSED);
  sf_pass_to(&f, at);
  assert_int_equal(platform_state(&f, id), CLOSING);
  sf_pass_to(&f, at + 30 * SF_DAY - 1);
  assert_int_equal(platform_state(&f, id), CLOSING);
  sf_pass_to(&f, at + 30 * SF_DAY);
  assert_int_equal(platform_state(&f, id), CLOSED);
  st_balanced(&f, PLATFORMS);
  sf_close(&f);
}

static u64 post_state(struct sf *f, u64 listing, u64 id) {
  u256 part[2] = {u256_from(listing), u256_from(id)}, key;
  module_key_of(&key, part, 2);
  return sf_state(f, PLATFORMS, 2, &key);
}
#define POSTS "uuuu"
static void post_when_judged_is_shown_or_hidden_for_a_while(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_listing l = st_plain;
  u64 id = st_save(&f, 0, &l, 10);
  u64 open = open_platform(&f, 3, 0, 0), strict = open_platform(&f, 3, 0, 1);
  assert_true(shown(&f, id, open));
  assert_false(shown(&f, id, strict));
  P(1, "post(uint64,uint64[])", POSTS, id, 64ull, 1ull, strict);
  IN("NotAuthorised(address)");
  P(0, "post(uint64,uint64[])", POSTS, id, 64ull, 1ull, strict);
  assert_done(&f);
  assert_logged(&f, "CrossPostSaved(uint64,uint64,uint8,uint16,bytes32)");
  P(3, "decide(uint64,uint64,bool,uint16,bytes32)", "uuuuu", strict, id, 1ull,
    0ull, 0ull);
  assert_true(shown(&f, id, strict));
  P(3, "hide(uint64,uint64,uint16,bytes32)", "uuuu", strict, id, 4ull, 5ull);
  assert_done(&f);
  assert_false(shown(&f, id, strict));
  sf_pass(&f, 31 * SF_DAY); /* not renewed */
  assert_true(shown(&f, id, strict));
  P(0, "unpost(uint64,uint64[])", POSTS, id, 64ull, 1ull, strict);
  assert_false(shown(&f, id, strict));
  P(0, "post(uint64,uint64[])", POSTS, id, 64ull, 1ull, strict);
  sf_pass(&f, 8 * SF_DAY); /* not decided: shown */
  assert_true(shown(&f, id, strict));
  P(3, "hide(uint64,uint64,uint16,bytes32)", "uuuu", open, id, 4ull, 5ull);
  assert_false(shown(&f, id, open));
  /* Its seller cannot undo it. */
  P(0, "unpost(uint64,uint64[])", POSTS, id, 64ull, 1ull, open);
  assert_done(&f);
  assert_false(shown(&f, id, open));
  P(0, "post(uint64,uint64[])", POSTS, id, 64ull, 1ull, open);
  assert_done(&f);
  assert_false(shown(&f, id, open));
  sf_pass(&f, 31 * SF_DAY);
  assert_true(shown(&f, id, open));
  P(3, "hide(uint64,uint64,uint16,bytes32)", "uuuu", open, id, 4ull, 5ull);
  P(3, "decide(uint64,uint64,bool,uint16,bytes32)", "uuuuu", open, id, 1ull,
    0ull, 0ull);
  assert_true(shown(&f, id, open)); /* the operator can */
  /* Posted, taken back, and shown as all are: the operator can still hide it. */
  P(0, "unpost(uint64,uint64[])", POSTS, id, 64ull, 1ull, open);
  P(0, "unpost(uint64,uint64[])", POSTS, id, 64ull, 1ull, open);
  IN("WrongState(uint8,bytes32,uint8)");
  assert_true(shown(&f, id, open));
  P(3, "hide(uint64,uint64,uint16,bytes32)", "uuuu", open, id, 4ull, 5ull);
  assert_done(&f);
  u64 hidden = sf_now(&f);
  assert_false(shown(&f, id, open));
  /* Taken back while hidden: Hidden, as the tables have it, then Removed. */
  P(0, "unpost(uint64,uint64[])", POSTS, id, 64ull, 1ull, open);
  assert_int_equal(post_state(&f, id, open), 3);
  P(0, "unpost(uint64,uint64[])", POSTS, id, 64ull, 1ull, open);
  IN("WrongState(uint8,bytes32,uint8)");
  sf_pass_to(&f, hidden + 30 * SF_DAY - 1);
  assert_int_equal(post_state(&f, id, open), 3);
  sf_pass_to(&f, hidden + 30 * SF_DAY);
  assert_int_equal(post_state(&f, id, open), 4);
  assert_true(shown(&f, id, open));
  u64 two = st_save(&f, 0, &l, 10);
  P(0, "optOut(uint64,bool)", "uu", two, 1ull);
  assert_logged(&f, "OptOutSet(uint64,bool)");
  assert_false(shown(&f, two, open));
  P(0, "post(uint64,uint64[])", POSTS, two, 64ull, 1ull, strict);
  IN("OptedOut()");
  sf_close(&f);
}

static void category_when_banned_or_bound_stops_listings(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_listing l = st_plain;
  u64 id = st_save(&f, 0, &l, 1), strict = open_platform(&f, 3, 0, 1);
  P(0, "setCategory(uint32,uint32,uint16,bytes32,bytes32)", "uuuuu", 5ull,
    0ull, 8ull, 0ull, 1ull);
  IN("NotAuthorised(address)");
  u64 flags[] = {8, 2};
  for (u32 i = 0; i < 2; i++) {
    sf_call_of(&f, "setCategory(uint32,uint32,uint16,bytes32,bytes32)");
    sf_u(&f, 5), sf_u(&f, 0), sf_u(&f, flags[i]), sf_u(&f, 77), sf_u(&f, 1);
    sf_govern(&f, PLATFORMS);
    assert_done(&f);
    assert_said(&f, "CategorySaved(uint32,bytes)");
    st_save(&f, 0, &l, 10);
    if (i == 0) IN("CategoryClosed(uint32)");
    else IN("CategoryClaim(bytes32)");
    P(0, "post(uint64,uint64[])", POSTS, id, 64ull, 1ull, strict);
    if (i == 0) IN("CategoryBanned(uint32)");
    else IN("CategoryClaim(bytes32)");
  }
  sf_close(&f);
}

/* A platform takes the restricted categories that its mask names, and no others,
** whether they would be shown without a post or are posted. */
static void category_when_restricted_needs_the_platforms_mask(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  struct st_listing l = st_plain;
  l.category = 69; /* bit 5 */
  u64 id = st_save(&f, 0, &l, 1);
  u64 open = open_platform(&f, 3, 0, 0), strict = open_platform(&f, 3, 0, 1);
  assert_true(shown(&f, id, open));
  sf_call_of(&f, "setCategory(uint32,uint32,uint16,bytes32,bytes32)");
  sf_u(&f, 69), sf_u(&f, 0), sf_u(&f, 1), sf_u(&f, 0), sf_u(&f, 1);
  sf_govern(&f, PLATFORMS);
  assert_done(&f);
  assert_false(shown(&f, id, open));
  for (u32 i = 0; i < 2; i++) {
    P(0, "post(uint64,uint64[])", POSTS, id, 64ull, 1ull, i ? strict : open);
    IN("CategoryBanned(uint32)");
  }
  static const u64 mask[] = {~0ull ^ 1u << 5, 1u << 5};
  for (u32 i = 0; i < 2; i++) {
    P(3, "update(uint64,bytes32,bytes32,uint8,uint64)", "uuuuu", open, 1ull,
      2ull, 0ull, mask[i]);
    assert_done(&f);
    assert_int_equal(shown(&f, id, open), i);
  }
  P(3, "update(uint64,bytes32,bytes32,uint8,uint64)", "uuuuu", strict, 1ull,
    2ull, 1ull, mask[1]);
  P(0, "post(uint64,uint64[])", POSTS, id, 64ull, 1ull, strict);
  assert_done(&f);
  assert_int_equal(post_state(&f, id, strict), 1);
  sf_close(&f);
}

static void names_when_numbered_keep_their_numbers(void **st) {
  (void)st;
  static const char *const market[] = {
    "listing", "variant", "ship_table", "coupon", "review", "thread",
    "coupon_use", "open"};
  static const char *const platform[] = {"platform", "cross_post", "category",
                                         "opt_out"};
  static const char *const param[] = {
    "listingTtl", "variantsMax", "variantsPerCall", "openListingsBare",
    "openListings", "handlingMax", "deliveryMax", "inspectMin", "inspectMax",
    "reviewWindow", "affiliateMaxBps"};
  static const char *const shops[] = {"platformBond", "maxFeeBps", "feeNotice",
                                      "postsPerCall", "idleMax"};
  for (u32 i = 0; i < ARRAY_LEN(market); i++)
    assert_string_equal(module_record_of(&shop_market, (u8)(i + 1))->name,
                        market[i]);
  for (u32 i = 0; i < ARRAY_LEN(platform); i++)
    assert_string_equal(module_record_of(&shop_platform, (u8)(i + 1))->name,
                        platform[i]);
  for (u32 i = 0; i < ARRAY_LEN(param); i++)
    assert_string_equal(
        module_row_at(&shop_market, MODULE_ROW_SETTING, i)->setting->name,
        param[i]);
  for (u32 i = 0; i < ARRAY_LEN(shops); i++)
    assert_string_equal(
        module_row_at(&shop_platform, MODULE_ROW_SETTING, i)->setting->name,
        shops[i]);
}

/* What began before the identity is not counted, and its end takes off what did
** after it: never below 0, and who closes the identity still has the rest. */
static void listing_when_older_than_its_identity_outlives_it(void **st) {
  (void)st;
  struct sf f;
  sf_open(&f);
  u64 old = st_save(&f, 0, &st_plain, 10), older = st_save(&f, 0, &st_plain, 10);
  sf_do(&f, 0, 0x1010, "create(uint8,bytes32,bytes32)", "uuu", 1ull, 5ull, 6ull);
  assert_done(&f);
  u64 counted = st_save(&f, 0, &st_plain, 10);
  sf_do(&f, 0, 0x1010, "close()", "");
  IN("OpenRecords(uint32)");
  M(0, "close(uint64)", "u", older);
  assert_done(&f);
  M(0, "close(uint64)", "u", old); /* the count is 0 already */
  assert_done(&f);
  sf_do(&f, 0, 0x1010, "offerController(address)", "a", U(1));
  assert_done(&f);
  sf_do(&f, 1, 0x1010, "acceptController(address)", "a", U(0));
  assert_done(&f);
  sf_do(&f, 1, 0x1010, "close()", "");
  assert_done(&f);
  M(0, "close(uint64)", "u", counted); /* the key that it was made with */
  IN("NotAuthorised(address)");
  M(1, "close(uint64)", "u", counted);
  assert_done(&f);
  sf_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(listing_when_saved_lives_expires_and_closes),
    cmocka_unit_test(shipping_when_zoned_takes_the_longest_match),
    cmocka_unit_test(coupon_when_signed_for_the_buyer_is_his_alone),
    cmocka_unit_test(coupon_when_invalid_says_why),
    cmocka_unit_test(review_when_a_second_late_is_refused),
    cmocka_unit_test(list_when_one_too_long_is_refused),
    cmocka_unit_test(price_when_too_large_is_refused),
    cmocka_unit_test(review_when_traded_counts_once),
    cmocka_unit_test(message_when_sealed_is_between_parties),
    cmocka_unit_test(records_when_paused_go_on_and_none_begins),
    cmocka_unit_test(platform_when_open_sets_fees_with_notice),
    cmocka_unit_test(fee_when_raised_waits_and_spares_orders),
    cmocka_unit_test(platform_when_a_second_off_is_as_before),
    cmocka_unit_test(post_when_judged_is_shown_or_hidden_for_a_while),
    cmocka_unit_test(category_when_banned_or_bound_stops_listings),
    cmocka_unit_test(category_when_restricted_needs_the_platforms_mask),
    cmocka_unit_test(names_when_numbered_keep_their_numbers),
    cmocka_unit_test(listing_when_older_than_its_identity_outlives_it),
  };
  return cmocka_run_group_tests_name("shop_market", tests, NULL, NULL);
}
