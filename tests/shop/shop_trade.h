/* shop_trade.h - listings, orders and tokens for the tests of trade. */
#ifndef TESTS_SHOP_TRADE_H
#define TESTS_SHOP_TRADE_H
#include "shop/shop_fixture.h"

#include "shop/shop_identity.h"
#include "shop/shop_market.h"
#include "shop/shop_orders.h"
#include "shop/shop_platform.h"

#define MARKET 0x1012
#define ORDERS 0x1013
#define PLATFORMS 0x1011

/* Tokens: balanceOf, transfer, transferFrom (of anybody's), mint(address,
** uint256).  The second gives one unit less than it took, the third's transfer
** returns false, the fourth's never ends, the fifth's calls withdraw of Orders
** and fails when that does not. */
static const char *const st_tokens[] = {
  "60003560e01c806370a082311461003757806340c10f1914610044578063a9059cbb14610055"
  "57806323b872dd146100615760006000fd5b6004355460005260206000f35b60243560043554"
  "0160043555610081565b6024356004353361006b565b6044356024356004355b805483811061"
  "008c578390039055805482019055505b600160005260206000f35b60006000fd",
  "60003560e01c806370a082311461003757806340c10f1914610044578063a9059cbb14610055"
  "57806323b872dd146100615760006000fd5b6004355460005260206000f35b60243560043554"
  "0160043555610085565b6024356004353361006b565b6044356024356004355b805483811061"
  "0090578390039055805482016001900390"
  "55505b600160005260206000f35b60006000fd",
  "60003560e01c806370a082311461003757806340c10f1914610044578063a9059cbb14610055"
  "57806323b872dd1461006b5760006000fd5b6004355460005260206000f35b60243560043554"
  "016004355561008b565b60243560043533600060005260206000f3610075565b604435602435"
  "6004355b8054838110610096578390039055805482019055505b600160005260206000f35b60"
  "006000fd",
  "60003560e01c806370a082311461003757806340c10f1914610044578063a9059cbb14610055"
  "57806323b872dd146100665760006000fd5b6004355460005260206000f35b60243560043554"
  "0160043555610086565b602435600435335b61005d56610070565b6044356024356004355b80"
  "54838110610091578390039055805482019055505b600160005260206000f35b60006000fd",
  "60003560e01c806370a082311461003757806340c10f1914610044578063a9059cbb14610055"
  "57806323b872dd146100985760006000fd5b6004355460005260206000f35b60243560043554"
  "01600435556100b8565b602435600435337ff940e38500000000000000000000000000000000"
  "0000000000000000000000006000526000600060446000600061"
  "10135af16100c3576100a2565b6044356024356004355b80548381106100c357839003905580"
  "5482019055505b600160005260206000f35b60006000fd"};
enum { ST_GOOD, ST_FEE, ST_FALSE, ST_BOMB, ST_REENTER };

static inline addr20 st_token(u32 i) { return cf_contract(i); }
static inline void st_call(struct sf *f, u32 user, const addr20 *to,
                           const char *signature, const addr20 *a, u64 v) {
  struct chain_tx tx = cf_tx(&f->cf, user, 2, to, 0);
  sf_call_of(f, signature);
  sf_a(f, a), sf_u(f, v);
  tx.data = buf_slice(&f->args);
  tx.gas_limit = 900000;
  cf_sign(&f->cf, &tx, user);
  cf_block(&f->cf, &tx, 1);
  assert_true(f->cf.block.receipt[0].success);
}
static inline u64 st_token_of(struct sf *f, u32 token, const addr20 *who) {
  struct state_source src = state_mem_source(f->cf.mem);
  addr20 t = st_token(token);
  u256 slot, v;
  hash32 h, k;
  u256_from_addr(&slot, who);
  hash32 word = u256_hash32(&slot);
  crypto_keccak256(&h, t.b, 20);
  crypto_keccak256(&k, word.b, 32);
  assert_int_equal(src.slot(src.ctx, &v, &t, &h, &slot, &k), ERR_OK);
  return v.w[0];
}

struct st_listing {
  u64 id, kind, price, ship_table, handling, delivery, inspect, return_days;
  u64 max_fee, affiliate, tax, category;
  addr20 token;
};
static const struct st_listing st_plain = {
  .kind = 1, .price = 1000000, .handling = 3 * SF_DAY, .delivery = 5 * SF_DAY,
  .inspect = 2 * SF_DAY, .max_fee = 1000, .affiliate = 300, .category = 5};

static inline void st_put_listing(struct sf *f, const struct st_listing *l) {
  sf_u(f, l->kind), sf_u(f, l->category), sf_u(f, 77), sf_a(f, &l->token);
  sf_u(f, l->price), sf_u(f, l->ship_table), sf_u(f, l->handling);
  sf_u(f, l->delivery), sf_u(f, l->inspect), sf_u(f, l->return_days);
  sf_u(f, l->max_fee), sf_u(f, l->affiliate), sf_u(f, 0), sf_u(f, l->tax);
  sf_u(f, 0), sf_u(f, 0), sf_u(f, 0);
}
#define ST_LISTING "(uint8,uint32,bytes32,address,uint256,uint64,uint32,uint32," \
  "uint32,uint16,uint16,uint16,address,uint16,uint64,uint64,uint64)"
#define ST_VARIANT "(uint16,uint256,uint32,bytes32,bool)"
/* One variant 0 with this stock. */
static inline u64 st_save(struct sf *f, u32 user, const struct st_listing *l,
                          u64 stock) {
  sf_call_of(f, "save(uint64,address," ST_LISTING "," ST_VARIANT "[])");
  sf_u(f, l->id), sf_u(f, 0);
  st_put_listing(f, l);
  sf_u(f, 640);
  sf_u(f, 1), sf_u(f, 0), sf_u(f, 0), sf_u(f, stock), sf_u(f, 1), sf_u(f, 1);
  sf_send_m(f, user, MARKET, 0);
  return f->ok ? sf_word(f, 0) : 0;
}

struct st_order {
  u32 seller;
  u64 listing, version, variant, qty, total, platform, coupon;
  addr20 token, referrer;
  const char *zone;
  slice sig;
};
#define ST_PLACE "(address,(uint64,uint32,uint16,uint32)[],bytes8,address," \
  "uint256,uint64,address,uint64,bytes,uint64,uint256,bytes32,bytes32)"
static inline void st_put_order(struct sf *f, const struct st_order *o) {
  u8 zone[32] = {0};
  if (o->zone) memcpy(zone, o->zone, strlen(o->zone));
  sf_a(f, &f->cf.user[o->seller]), sf_u(f, 416);
  buf_put(&f->args, zone, 32);
  sf_a(f, &o->token), sf_u(f, o->total), sf_u(f, o->platform);
  sf_a(f, &o->referrer), sf_u(f, o->coupon), sf_u(f, 416 + 32 * 5);
  sf_u(f, 0), sf_u(f, 0), sf_u(f, 5), sf_u(f, 6);
  sf_u(f, 1), sf_u(f, o->listing), sf_u(f, o->version), sf_u(f, o->variant);
  sf_u(f, o->qty);
  sf_text(f, o->sig.ptr, o->sig.len);
}
static inline u64 st_place(struct sf *f, u32 user, const struct st_order *o) {
  u256 v = module_is_cmt(&o->token) ? u256_from(o->total) : U256_ZERO;
  sf_call_of(f, "place(" ST_PLACE ")");
  sf_u(f, 32);
  st_put_order(f, o);
  sf_send_value(f, user, ORDERS, &v);
  return f->ok ? sf_word(f, 0) : 0;
}
static inline u64 st_state(struct sf *f, u64 order) {
  u256 key = u256_from(order);
  return sf_state(f, ORDERS, 1, &key);
}
/* C1: what the module holds of CMT is what it accounts for. */
static inline void st_balanced(struct sf *f, u32 module) {
  addr20 self = sf_module(module);
  u256 balance = sf_balance(f, &self);
  sf_view(f, module, "accounted(address)", "u", 0ull);
  assert_done(f);
  assert_true(balance.w[0] == load_be64(f->out + 24));
  assert_int_equal(sf_word(f, 1), 0);
}
static inline void st_money(struct sf *f, const char *signature, u32 user,
                            u64 id, u64 amount) {
  sf_call_of(f, signature);
  sf_u(f, id), sf_u(f, amount);
  sf_send_m(f, user, ORDERS, 0);
}
#define ST_INVOICE "(address,address,uint256,uint256,uint8,uint32,uint16," \
  "uint64,uint64,bytes32,bytes32,uint32,uint32,uint32,uint256[],uint64[]," \
  "bytes32[])"
/* By user 0, of amount, payable so often; mode 3: in so many steps, each due so
** much after the one before. */
static inline u64 st_invoice_in(struct sf *f, const addr20 *token, u64 mode,
                                u64 amount, u64 uses, u32 steps, u64 each) {
  sf_call_of(f, "createInvoice(address," ST_INVOICE ")");
  sf_u(f, 0), sf_u(f, 64);
  sf_u(f, 0), sf_a(f, token), sf_u(f, amount), sf_u(f, 0), sf_u(f, mode);
  sf_u(f, uses), sf_u(f, 1000), sf_u(f, 0), sf_u(f, sf_now(f) + 30 * SF_DAY);
  sf_u(f, 1), sf_u(f, 2), sf_u(f, SF_DAY), sf_u(f, SF_DAY), sf_u(f, 2 * SF_DAY);
  sf_u(f, 17 * 32), sf_u(f, (18 + steps) * 32), sf_u(f, (19 + 2 * steps) * 32);
  sf_u(f, steps);
  for (u32 i = 0; i < steps; i++) sf_u(f, amount / steps);
  sf_u(f, steps);
  for (u32 i = 0; i < steps; i++) sf_u(f, sf_now(f) + (i + 1) * each);
  sf_u(f, steps);
  for (u32 i = 0; i < steps; i++) sf_u(f, i);
  sf_send_m(f, 0, ORDERS, 0);
  return f->ok ? sf_word(f, 0) : 0;
}
static inline u64 st_invoice(struct sf *f, u64 mode, u64 amount, u64 uses,
                             u32 steps) {
  const addr20 cmt = {{0}};
  return st_invoice_in(f, &cmt, mode, amount, uses, steps, 10 * SF_DAY);
}
static inline u64 st_pay_invoice(struct sf *f, u32 user, u64 id,
                                 u64 amount) {
  u256 v = u256_from(amount);
  sf_call_of(f, "payInvoice(uint64,uint256,uint64,address,bytes32)");
  sf_u(f, id), sf_u(f, amount), sf_u(f, 0), sf_u(f, 0), sf_u(f, 0);
  sf_send_value(f, user, ORDERS, &v);
  return f->ok ? sf_word(f, 0) : 0;
}
#endif
