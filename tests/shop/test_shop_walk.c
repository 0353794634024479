/* test_shop_walk.c - a random walk over all modules of commerce: any caller, any
** method of any module with arguments from its own table, any leap in time.
** After each step
**   a refusal has a named error of a table;
**   what every module holds of each token is what it accounts for;
**   no deadline's work failed;
** and all CMT of accounts and modules together is as much as ever.  Now and then
** the books of Identity, Platforms, Orders and Mediation are added up record by
** record (Court's: test_shop_court_walk.c).  At the end
** of an episode time runs until every order, invoice, subscription, milestone
** and case has ended.
**
** And blocks full of such calls, made by one thread and ahead of their turn on
** lanes: every receipt, every root is the same.
**
** STEPS: how many (600), SEED: which (1).  `make walk STEPS=1000000`.  BLOCKS:
** full ones (60). */
#include "shop/shop_trade.h"

#include "chain/chain_ahead.h"
#include "chain/chain_module.h"
#include "node/node_workers.h"
#include "shop/shop_court.h"
#include "shop/shop_mediation.h"

enum { WALK_EPISODE = 300, WALK_USERS = CF_USERS - 1 };
enum { ORDER, INVOICE, SUB, PLAN, LISTING, COUPON, TABLE, PLATFORM, CASE,
       COURT_CASE, CLAIM, CONSENT, CLASSES };
static const struct module_def *const walk_module[] = {
  &shop_identity, &shop_platform, &shop_market, &shop_orders,
  &shop_mediation, &shop_court};

struct walk {
  struct sf f;
  u64 seed, top[CLASSES], pin[CLASSES]; /* pin: this one, in a step */
  u64 done, refused, blocks;
  u256 supply;
  struct arena a;
};

static u64 any(struct walk *w, u64 n) {
  w->seed ^= w->seed << 13, w->seed ^= w->seed >> 7, w->seed ^= w->seed << 17;
  return w->seed % n;
}
#define ONE_OF(w, ...) \
  ((const u64[]){__VA_ARGS__}[any(w, sizeof((u64[]){__VA_ARGS__}) / 8)])

/*---------------------------------------------------------------- arguments */

static int class_of(const struct module_def *def, const char *method,
                    const char *name) {
  static const struct { const char *name; int class; } named[] = {
    {"order", ORDER}, {"invoice", INVOICE}, {"sub", SUB}, {"plan", PLAN},
    {"listing", LISTING}, {"coupon", COUPON}, {"shipTable", TABLE},
    {"platform", PLATFORM}, {"platforms", PLATFORM}, {"subject", ORDER},
    {"claims", CLAIM}};
  for (u32 i = 0; i < ARRAY_LEN(named); i++)
    if (strcmp(name, named[i].name) == 0) return named[i].class;
  if (strcmp(name, "id") && strcmp(name, "ids") && strcmp(name, "saved"))
    return -1;
  switch (def->number) {
    case 0x1010: return strstr(method, "onsent") ? CONSENT : CLAIM;
    case 0x1011: return PLATFORM;
    case 0x1012:
      return strstr(method, "oupon") ? COUPON
             : strstr(method, "ShipTable") ? TABLE : LISTING;
    case 0x1013:
      return strstr(method, "Invoice") ? INVOICE
             : strstr(method, "Plan") ? PLAN : ORDER;
    case 0x1014: return CASE;
    default: return COURT_CASE;
  }
}
static u64 any_id(struct walk *w, int class) {
  u64 top = w->top[class];
  if (w->pin[class]) return w->pin[class];
  u64 back = any(w, 6);
  if (any(w, 20) == 0) return top + 1 + any(w, 2);
  return top > back ? top - back : 1;
}

static u64 any_number(struct walk *w, const struct module_def *def,
                      const char *method, const struct module_param *p) {
  int class = class_of(def, method, p->name);
  u64 now = sf_now(&w->f);
  if (p->bits == 64 && class >= 0) return any_id(w, class);
  if (strcmp(p->name, "sub") == 0) return ONE_OF(w, 255, 255, 0, 1, 9);
  if (strcmp(p->name, "version") == 0) return 1 + any(w, 2);
  if (strcmp(p->name, "module") == 0)
    return ONE_OF(w, 0x1013, 0x1013, 0x1010, 0x1011, 0x1012, 0x1014);
  if (strcmp(p->name, "categories") == 0) return ~0ull;
  if (p->kind == MODULE_BOOL) return any(w, 2);
  switch (p->bits) {
    case 8: return ONE_OF(w, 0, 1, 1, 2, 3, 5, 255);
    case 16: return ONE_OF(w, 0, 0, 1, 10, 500, 5000, 10000, 10001, 65535);
    case 32:
      return ONE_OF(w, 0, 1, 1, 2, 3600, SF_DAY, 2 * SF_DAY, 3 * SF_DAY,
                    7 * SF_DAY, 0xffffffff);
    default: return ONE_OF(w, 0, 0, now + SF_DAY, now + 20 * SF_DAY, now - 1, 1);
  }
}
static addr20 any_address(struct walk *w, bool token) {
  if (token) return any(w, 3) ? (addr20){{0}} : st_token((u32)any(w, 3));
  if (any(w, 12) == 0) return sf_module(0x1010 + (u32)any(w, 6));
  if (any(w, 4) == 0) return (addr20){{0}};
  return w->f.cf.user[any(w, WALK_USERS)];
}
static u128 any_amount(struct walk *w) {
  if (any(w, 40) == 0) return MODULE_AMOUNT_MAX;
  return (u128)ONE_OF(w, 0, 1, 1000, 1000, 3000, 1000000, 1000000,
                      3 * SF_CMT);
}

static void fill(struct walk *w, const struct module_def *def,
                 const char *method, const struct module_param *p, u8 *at);
static void fill_list(struct walk *w, const struct module_def *def,
                      const char *method, const struct module_param *p,
                      struct module_list *l) {
  struct module_param one = *p;
  u8 *words;
  l->cnt = (u32)any(w, 4);
  words = arena_alloc(&w->a, 32 * l->cnt + 1);
  memset(words, 0, 32 * l->cnt + 1);
  for (u32 i = 0; i < l->cnt; i++) {
    addr20 a = any_address(w, false);
    if (p->item == MODULE_ADDR) memcpy(words + 32 * i + 12, a.b, 20);
    else if (p->bits == 256)
      store_be64(words + 32 * i + 24,
                 strstr(p->name, "mount") ? 1000 : any(w, 9));
    else if (strstr(p->name, "Due"))
      store_be64(words + 32 * i + 24, sf_now(&w->f) + (i + 1) * 9 * SF_DAY);
    else
      store_be64(words + 32 * i + 24, any_number(w, def, method, &one));
  }
  l->words = words;
}
static void fill_one(struct walk *w, const struct module_def *def,
                     const char *method, const struct module_param *p,
                     u8 *at) {
  bool token = strcmp(p->name, "token") == 0;
  u8 *text;
  switch (p->kind) {
    case MODULE_AMOUNT: *(u128 *)at = any_amount(w); break;
    case MODULE_ADDR: *(addr20 *)at = any_address(w, token); break;
    case MODULE_B8: memcpy(at, any(w, 4) ? "*" : "DE", 2); break;
    case MODULE_B32: at[31] = (u8)any(w, 5); break;
    case MODULE_STRUCT: fill(w, def, method, p->sub->param, at); break;
    case MODULE_BYTES: case MODULE_STR:
      text = arena_alloc(&w->a, 8);
      memset(text, 'a' + (int)any(w, 3), 8);
      *(slice *)at = slice_of(text, 3 + any(w, 4));
      break;
    case MODULE_LIST:
      fill_list(w, def, method, p, (struct module_list *)at);
      break;
    case MODULE_STRUCTS: {
      struct module_array *list = (struct module_array *)at;
      list->cnt = (u32)ONE_OF(w, 0, 1, 1, 1, 2);
      u8 *item = arena_alloc(&w->a, p->sub->size * list->cnt + 1);
      memset(item, 0, p->sub->size * list->cnt + 1);
      list->item = item;
      for (u32 i = 0; i < list->cnt; i++)
        fill(w, def, method, p->sub->param, item + p->sub->size * i);
      break;
    }
    case MODULE_BYTESS: break;
    default: {
      u64 v = any_number(w, def, method, p);
      memcpy(at, &v, p->size < 8 ? p->size : 8); /* little-endian hosts */
    }
  }
}
static void fill(struct walk *w, const struct module_def *def,
                 const char *method, const struct module_param *p, u8 *at) {
  for (u32 place = 0; p->name; p++)
    fill_one(w, def, method, p, at + module_place(&place, p));
}

/*---------------------------------------------------------------- one step */

static bool is_named(const struct module_def *def, const u8 *sel) {
  struct buf b;
  bool found = false;
  buf_init(&b, 0);
  for (u32 i = 0; i < def->row_cnt && !found; i++) {
    u8 own[4];
    if (def->row[i].kind != MODULE_ROW_ERROR) continue;
    buf_clear(&b);
    module_signature(&b, def->row[i].message->name,
                     def->row[i].message->param);
    abi_selector(own, buf_cstr(&b));
    found = memcmp(own, sel, 4) == 0;
  }
  buf_fini(&b);
  return found;
}
static bool is_common(const u8 *sel) {
  struct buf b;
  bool found = false;
  buf_init(&b, 0);
  for (u32 i = 0; i < MODULE_ERROR_CNT && !found; i++) {
    u8 own[4];
    buf_clear(&b);
    module_signature(&b, MODULE_COMMON_ERROR[i].name,
                     MODULE_COMMON_ERROR[i].param);
    abi_selector(own, buf_cstr(&b));
    found = memcmp(own, sel, 4) == 0;
  }
  buf_fini(&b);
  return found;
}
static void check_refusal(struct walk *w, const char *method) {
  bool named = w->f.out_len >= 4 && is_common(w->f.out);
  for (u32 i = 0; i < ARRAY_LEN(walk_module) && !named; i++)
    named = w->f.out_len >= 4 && is_named(walk_module[i], w->f.out);
  if (!named)
    fail_msg("%s: refused without a name: %zu bytes, %02x%02x%02x%02x, gas "
             "%llu", method, w->f.out_len, w->f.out[0], w->f.out[1],
             w->f.out[2], w->f.out[3], (unsigned long long)w->f.gas);
}

static u256 all_cmt(struct walk *w) {
  u256 sum = U256_ZERO, one;
  addr20 coinbase = {{0xcb}}, at;
  for (u32 i = 0; i < CF_USERS; i++) {
    one = sf_balance(&w->f, &w->f.cf.user[i]);
    u256_add(&sum, &sum, &one);
  }
  for (u32 n = 0x1000; n <= 0x101a; n++) {
    at = sf_module(n);
    one = sf_balance(&w->f, &at);
    u256_add(&sum, &sum, &one);
  }
  one = sf_balance(&w->f, &coinbase);
  u256_add(&sum, &sum, &one);
  return sum;
}
static u128 claims(struct walk *w, u32 module, const addr20 *token) {
  u128 sum = 0;
  for (u32 i = 0; i < CF_USERS + 27; i++) {
    addr20 who = i < CF_USERS ? w->f.cf.user[i]
                              : sf_module(0x1000 + i - CF_USERS);
    sf_view(&w->f, module, "claimable(address,address)", "aa", token, &who);
    sum += (u128)sf_word(&w->f, 0);
  }
  return sum;
}
static u128 accounted(struct walk *w, u32 module, const addr20 *token) {
  u256 v;
  sf_view(&w->f, module, "accounted(address)", "a", token);
  assert_done(&w->f);
  assert_int_equal(sf_word(&w->f, 1), 0); /* no surplus: nothing is forced */
  u256_from_be(&v, w->f.out);
  return (u128)v.w[1] << 64 | v.w[0];
}
static void check_books(struct walk *w) {
  u256 sum = all_cmt(w);
  assert_true(u256_eq(&sum, &w->supply));
  for (u32 m = 0; m < ARRAY_LEN(walk_module); m++) {
    u32 number = walk_module[m]->number;
    addr20 self = sf_module(number), cmt = {{0}};
    u256 balance = sf_balance(&w->f, &self);
    u256 held = module_word_of(accounted(w, number, &cmt));
    if (!u256_eq(&balance, &held))
      fail_msg("module %x: CMT held and accounted differ", number);
    for (u32 t = 0; t < 3; t++) {
      addr20 token = st_token(t);
      assert_true(accounted(w, number, &token) ==
                  st_token_of(&w->f, t, &self));
    }
  }
}
static void check_failed(struct walk *w) {
  const struct state_log *log;
  if (sf_logs(&w->f, "TimerFailed(uint8,bytes32,uint64,bytes)", &log))
    fail_msg("a deadline failed: module %02x%02x type %u key ..%02x%02x",
             log->addr.b[18], log->addr.b[19], log->topic[1].b[31],
             log->topic[2].b[30], log->topic[2].b[31]);
}

/* Bonds and deposits of Identity and Platforms are what they account for. */
static void check_bonds(struct walk *w) {
  addr20 cmt = {{0}};
  u128 sum = claims(w, 0x1010, &cmt);
  for (u32 i = 0; i < CF_USERS; i++) {
    struct shop_identity_record_identity r;
    struct shop_identity_record_issuer issuer;
    u256 key = module_key_addr(&w->f.cf.user[i]);
    sf_record(&w->f, 0x1010, &shop_identity_table_identity, &r, &key);
    sf_record(&w->f, 0x1010, &shop_identity_table_issuer, &issuer, &key);
    sum += r.deposit + issuer.bond;
    assert_true(r.threshold <= r.guardian_cnt || r.guardian_cnt == 0);
  }
  assert_true(sum == accounted(w, 0x1010, &cmt));
  sum = claims(w, PLATFORMS, &cmt);
  for (u64 i = 1; i <= w->top[PLATFORM]; i++) {
    struct shop_platform_record_platform p;
    u256 key = u256_from(i);
    sf_record(&w->f, PLATFORMS, &shop_platform_table_platform, &p, &key);
    sum += p.bond;
    assert_true(p.state != 4 || p.bond == 0); /* closed */
  }
  assert_true(sum == accounted(w, PLATFORMS, &cmt));
}
/* Record by record. */
static void check_records(struct walk *w) {
  u128 held[4] = {0}, deposits = 0;
  addr20 cmt = {{0}};
  for (u64 i = 1; i <= w->top[ORDER]; i++) {
    struct shop_orders_record_order o;
    u256 key = u256_from(i);
    sf_record(&w->f, ORDERS, &shop_orders_table_order, &o, &key);
    assert_true(o.held == o.total - o.released - o.refunded);
    assert_true(o.fee_paid <= o.fee_total);
    assert_true(o.state < 8 || o.held == 0);
    for (u32 t = 0; t < 4; t++) {
      addr20 token = t < 3 ? st_token(t) : cmt;
      if (addr20_eq(&token, &o.token)) held[t] += o.held;
    }
  }
  for (u64 i = 1; i <= w->top[SUB]; i++) {
    struct shop_orders_record_subscription s;
    u256 key = u256_from(i);
    sf_record(&w->f, ORDERS, &shop_orders_table_subscription, &s, &key);
    for (u32 t = 0; t < 4; t++) {
      addr20 token = t < 3 ? st_token(t) : cmt;
      if (addr20_eq(&token, &s.token)) held[t] += s.prepaid;
    }
  }
  for (u32 t = 0; t < 4; t++) {
    addr20 token = t < 3 ? st_token(t) : cmt;
    assert_true(held[t] + claims(w, ORDERS, &token) ==
                accounted(w, ORDERS, &token));
  }
  for (u64 i = 1; i <= w->top[CASE]; i++) {
    struct shop_mediation_record_case k;
    u256 key = u256_from(i);
    sf_record(&w->f, 0x1014, &shop_mediation_table_case, &k, &key);
    deposits += k.deposit_a + k.deposit_b;
    assert_true((k.state != 8 && k.state != 9) ||
                (k.deposit_a == 0 && k.deposit_b == 0 && k.deadline == 0));
    for (u32 n = 0; n < 2; n++) /* nobody rules in his own matter */
      assert_false(!module_is_cmt(&k.mediator) &&
                   addr20_eq(&k.mediator, n ? &k.opener : &k.respondent));
  }
  for (u32 i = 0; i < CF_USERS; i++) {
    struct shop_mediation_record_mediator m;
    u256 key = module_key_addr(&w->f.cf.user[i]);
    sf_record(&w->f, 0x1014, &shop_mediation_table_mediator, &m, &key);
    deposits += m.bond;
    assert_true(m.bound <= m.bond && m.open <= m.open_max);
  }
  assert_true(deposits + claims(w, 0x1014, &cmt) ==
              accounted(w, 0x1014, &cmt));
  check_bonds(w);
}

static void leap(struct walk *w, u64 seconds) {
  sf_pass(&w->f, seconds);
  w->blocks++;
  check_failed(w);
}
/* The arguments again, with what the refusal asked for. */
static bool mend(struct walk *w, const struct module_method *m, void *in,
                 u256 *value) {
  u256 v;
  u256_from_be(&v, w->f.out + 4);
  if (sf_error(&w->f, "WrongValue(uint256,uint256)") &&
      module_takes_value(m->mut)) {
    *value = v;
    return true;
  }
  if (strcmp(m->name, "place")) return false;
  u32 place = 0;
  u8 *a = (u8 *)in + module_place(&place, m->in); /* PlaceArgs */
  place = 0;
  for (const struct module_param *p = m->in->sub->param; p->name; p++) {
    u8 *at = a + module_place(&place, p);
    u256 total;
    u256_from_be(&total, w->f.out + 36);
    if (strcmp(p->name, "expectedTotal") == 0 &&
        sf_error(&w->f, "TotalChanged(uint8,uint256)")) {
      *(u128 *)at = (u128)total.w[1] << 64 | total.w[0];
      return true;
    }
    if (strcmp(p->name, "seller") == 0 &&
        sf_error(&w->f, "LinesOfOtherSeller(uint64)")) {
      struct shop_market_record_listing l;
      u256 key = u256_from(v.w[0]);
      sf_record(&w->f, MARKET, &shop_market_table_listing, &l, &key);
      *(addr20 *)at = l.seller;
      return true;
    }
  }
  return false;
}
/* Asks, and mends what a refusal tells, a few times: leaves the arguments.
** False: it costs more than the user has. */
static bool ask(struct walk *w, u256 *value, u32 user,
                const struct module_def *def, const struct module_method *m,
                void *in) {
  u256 cap = u256_from(1000000), cmt = u256_from(SF_CMT);
  u8 sel[4];
  struct buf sig;
  *value = U256_ZERO;
  u256_mul(&cap, &cap, &cmt);
  buf_init(&sig, 0);
  module_signature(&sig, m->name, m->in);
  abi_selector(sel, buf_cstr(&sig));
  buf_fini(&sig);
  for (u32 round = 0; round < 5; round++) {
    buf_clear(&w->f.args);
    buf_put(&w->f.args, sel, 4);
    module_put(&w->f.args, m->in, in, NULL, NULL);
    u256 mine = sf_balance(&w->f, &w->f.cf.user[user]);
    if (u256_lt(&mine, value) || u256_lt(&cap, value)) return false;
    sf_ask_as(&w->f, &w->f.cf.user[user], def->number, value);
    if (w->f.ok) return true;
    check_refusal(w, m->name);
    w->refused++;
    if (!mend(w, m, in, value)) return true;
  }
  return true;
}
static void send(struct walk *w, u32 user, const struct module_def *def,
                 const struct module_method *m, void *in) {
  u256 value;
  if (!ask(w, &value, user, def, m, in)) return;
  if (!w->f.ok || m->mut == MODULE_VIEW) return;
  sf_send_value(&w->f, user, def->number, &value);
  if (!w->f.ok) fail_msg("%s: done when asked, not when sent", m->name);
  w->done++;
  w->blocks++;
  check_failed(w);
  if (m->out->name && m->out->kind == MODULE_UINT && m->out->bits == 64) {
    int class = class_of(def, m->name, m->out->name);
    if (strcmp(m->name, "subscribe") == 0) class = SUB;
    if (class >= 0 && sf_word(&w->f, 0) > w->top[class])
      w->top[class] = sf_word(&w->f, 0);
  }
  if (strcmp(m->name, "placeMany") == 0) w->top[ORDER] += sf_word(&w->f, 1);
  if (strcmp(m->name, "saveMany") == 0) w->top[LISTING] += sf_word(&w->f, 1);
  check_books(w);
}

static u32 user_of(const struct walk *w, const addr20 *who) {
  for (u32 i = 0; i < CF_USERS; i++)
    if (addr20_eq(&w->f.cf.user[i], who)) return i;
  return 0;
}
/* Buyer or seller of the order. */
static u32 party_of(struct walk *w, u64 order, bool buyer) {
  struct shop_orders_record_order o;
  u256 key = u256_from(order);
  sf_record(&w->f, ORDERS, &shop_orders_table_order, &o, &key);
  return user_of(w, buyer ? &o.buyer : &o.seller);
}
/* A party or the mediator of the case. */
static u32 one_of_case(struct walk *w, u64 id) {
  struct shop_mediation_record_case k;
  u256 key = u256_from(id);
  sf_record(&w->f, 0x1014, &shop_mediation_table_case, &k, &key);
  u64 who = any(w, 4);
  return user_of(w, who == 0 ? &k.opener : who == 1 ? &k.respondent
                    : !module_is_cmt(&k.mediator) ? &k.mediator
                                                  : &k.respondent);
}

/* What a walk would seldom find by itself, with plausible arguments. */
static void likely(struct walk *w) {
  struct sf *f = &w->f;
  u32 user = (u32)any(w, WALK_USERS);
  struct st_listing l = st_plain;
  u64 id;
  switch (any(w, 6)) {
    case 0:
      l.token = any_address(w, true);
      l.return_days = any(w, 2) * 2;
      if ((id = st_save(f, user, &l, 5)) != 0) w->top[LISTING] = id;
      break;
    case 1: {
      struct shop_market_record_listing r;
      struct st_order o = {.listing = any_id(w, LISTING), .qty = 1};
      u256 key = u256_from(o.listing);
      sf_record(f, MARKET, &shop_market_table_listing, &r, &key);
      o.seller = user_of(w, &r.seller);
      o.version = r.version, o.token = r.token, o.total = (u64)r.price;
      if ((id = st_place(f, user, &o)) != 0) w->top[ORDER] = id;
      break;
    }
    case 2:
      if ((id = st_invoice(f, 3, 3000, 1, 3)) != 0) w->top[INVOICE] = id;
      if ((id = st_pay_invoice(f, 1, w->top[INVOICE], 3000)) != 0)
        w->top[ORDER] = id;
      break;
    case 3:
      sf_call_of(f, "registerMediator(uint256,uint8,bytes32,uint64,bytes32)");
      sf_cmt(f, 1000 * any(w, 5)), sf_u(f, 2), sf_u(f, 7), sf_u(f, ~0ull);
      sf_u(f, 9);
      sf_send_m(f, user, 0x1014, any(w, 2) ? 200000 : 0);
      break;
    case 4:
      id = any_id(w, ORDER);
      sf_do(f, party_of(w, id, false), ORDERS, "ship(uint64,bytes32)", "uu",
            id, 9ull);
      break;
    default:
      sf_call_of(f, "open(uint16,uint64,uint8,uint16,uint16,bytes32)");
      id = any_id(w, ORDER);
      user = party_of(w, id, any(w, 3));
      sf_u(f, ORDERS), sf_u(f, id);
      sf_u(f, any(w, 3) ? 255 : any(w, 3)), sf_u(f, any(w, 10001));
      sf_u(f, 0), sf_u(f, 0);
      sf_send_m(f, user, 0x1014, any(w, 4) ? 2000 : 10000);
      if (f->ok) w->top[CASE] = sf_word(f, 0);
  }
  w->blocks++;
  w->done += f->ok;
  check_failed(w);
  check_books(w);
}

/* A call of any method with arguments from its table. */
struct walk_call {
  const struct module_def *def;
  const struct module_method *method;
  u32 user;
  u8 *in;
};
static struct walk_call choose(struct walk *w) {
  const struct module_def *def = walk_module[ONE_OF(w, 0, 1, 2, 3, 3, 3, 4, 4,
                                                    4, 5)];
  const struct module_row *row;
  do {
    row = &def->row[any(w, def->row_cnt)];
  } while (row->kind != MODULE_ROW_METHOD);
  u8 *in = arena_alloc(&w->a, row->method->in_size + 16);
  memset(in, 0, row->method->in_size + 16);
  u32 user = (u32)any(w, WALK_USERS);
  bool apt = any(w, 3) > 0; /* by one whom it concerns */
  if (apt && def == &shop_mediation) {
    w->pin[CASE] = any_id(w, CASE);
    user = one_of_case(w, w->pin[CASE]);
  }
  if (apt && def == &shop_orders) {
    w->pin[ORDER] = any_id(w, ORDER);
    user = party_of(w, w->pin[ORDER], any(w, 2));
  }
  fill(w, def, row->method->name, row->method->in, in);
  memset(w->pin, 0, sizeof w->pin);
  return (struct walk_call){def, row->method, user, in};
}

static void step(struct walk *w) {
  u64 dice = any(w, 100);
  arena_clear(&w->a);
  if (dice < 8) {
    leap(w, ONE_OF(w, 1, 12, 60, 3600, SF_DAY, SF_DAY, 2 * SF_DAY, 3 * SF_DAY,
                   6 * SF_DAY, 30 * SF_DAY));
    check_books(w);
    return;
  }
  if (dice < 35) {
    likely(w);
    return;
  }
  struct walk_call c = choose(w);
  send(w, c.user, c.def, c.method, c.in);
}

/*----------------------------------------------------------------- episodes */

static u64 state_of(struct walk *w, u32 module,
                    const struct module_record *r, const u256 *key) {
  u64 rec[512];
  MUST(r->size <= sizeof rec);
  sf_record(&w->f, module, r, rec, key);
  return ((const struct module_header *)rec)->state;
}
/* Whatever has a clock has run out. */
static void check_ended(struct walk *w) {
  for (u64 i = 1; i <= w->top[ORDER]; i++) {
    u256 key = u256_from(i), part[2] = {key};
    u64 is = state_of(w, ORDERS, &shop_orders_table_order, &key);
    if (is < 8) fail_msg("order %llu is in %llu", (unsigned long long)i,
                         (unsigned long long)is);
    for (u64 k = 0; k < 16; k++) {
      part[1] = u256_from(k);
      module_key_of(&key, part, 2);
      is = state_of(w, ORDERS, &shop_orders_table_milestone, &key);
      if (is && is < 4)
        fail_msg("milestone %llu of order %llu is in %llu",
                 (unsigned long long)k, (unsigned long long)i,
                 (unsigned long long)is);
    }
  }
  for (u64 i = 1; i <= w->top[INVOICE]; i++) {
    u256 key = u256_from(i);
    assert_int_not_equal(state_of(w, ORDERS, &shop_orders_table_invoice, &key),
                         1);
  }
  for (u64 i = 1; i <= w->top[CASE]; i++) {
    u256 key = u256_from(i);
    u64 is = state_of(w, 0x1014, &shop_mediation_table_case, &key);
    if (is != 8 && is != 9)
      fail_msg("case %llu is in %llu", (unsigned long long)i,
               (unsigned long long)is);
  }
  for (u64 i = 1; i <= w->top[LISTING]; i++) {
    u256 key = u256_from(i);
    u64 is = state_of(w, MARKET, &shop_market_table_listing, &key);
    assert_true(is == 4 || is == 0);
  }
}
static void open_walk(struct walk *w, u64 seed) {
  memset(w, 0, sizeof *w);
  w->seed = seed * 0x9e3779b97f4a7c15ull + 1;
  sf_open_code(&w->f, st_tokens, 3);
  arena_init(&w->a, 1 << 16, 0);
  for (u32 t = 0; t < 3; t++)
    for (u32 i = 0; i < WALK_USERS; i++) {
      addr20 token = st_token(t);
      st_call(&w->f, i, &token, "mint(address,uint256)", &w->f.cf.user[i],
              1000000000);
    }
  for (u32 i = 0; i < WALK_USERS; i++)
    if (i != 1)
      sf_do(&w->f, i, 0x1010, "create(uint8,bytes32,bytes32)", "uuu", 1ull,
            5ull, 6ull);
  for (u64 k = 0; k < 4; k++) /* some have a shop from the start */
    w->top[LISTING] = st_save(&w->f, (u32)k % 3, &st_plain, 9);
  w->supply = all_cmt(w);
}
static void episode(u64 seed, u32 steps) {
  struct walk *w = mem_alloc(sizeof *w);
  open_walk(w, seed);
  for (u32 i = 0; i < steps; i++) {
    step(w);
    if (i % 100 == 99) check_records(w);
  }
  for (u32 i = 0; i < 40; i++) leap(w, 30 * SF_DAY);
  for (u32 i = 0; i < 10; i++) leap(w, 10);
  check_books(w);
  check_records(w);
  check_ended(w);
  printf("seed %llu: %u steps, %llu done, %llu refused, %llu orders, %llu "
         "cases\n", (unsigned long long)seed, steps,
         (unsigned long long)w->done, (unsigned long long)w->refused,
         (unsigned long long)w->top[ORDER], (unsigned long long)w->top[CASE]);
  fflush(stdout);
  arena_fini(&w->a);
  sf_close(&w->f);
  mem_free(w);
}
static void walk_when_random_keeps_every_book(void **st) {
  (void)st;
  const char *steps = getenv("STEPS"), *seed = getenv("SEED");
  u64 left = steps && *steps ? strtoull(steps, NULL, 10) : 600;
  u64 at = seed && *seed ? strtoull(seed, NULL, 10) : 1;
  for (; left > 0; at++) {
    u32 now = left < WALK_EPISODE ? (u32)left : WALK_EPISODE;
    episode(at, now);
    left -= now;
  }
}

/*------------------------------------------------ whole blocks, and lanes */

enum { WALK_LANES = 4, WALK_FULL = 40, WALK_FULL_BLOCKS = 60,
       WALK_FULL_GAS = 2000000000 };

/* The ids that blocks gave: those whose records are there. */
static void look_for_ids(struct walk *w) {
  static const struct {
    int class;
    u32 module;
    const struct module_record *record;
  } of[] = {{LISTING, MARKET, &shop_market_table_listing},
            {ORDER, ORDERS, &shop_orders_table_order},
            {INVOICE, ORDERS, &shop_orders_table_invoice},
            {PLAN, ORDERS, &shop_orders_table_plan},
            {SUB, ORDERS, &shop_orders_table_subscription},
            {CASE, 0x1014, &shop_mediation_table_case},
            {PLATFORM, PLATFORMS, &shop_platform_table_platform}};
  for (u32 i = 0; i < ARRAY_LEN(of); i++)
    for (;; w->top[of[i].class]++) {
      u256 key = u256_from(w->top[of[i].class] + 1);
      if (!state_of(w, of[i].module, of[i].record, &key)) break;
    }
}

/* A call that would be done before the block, thus not always within it, and
** now and then one that would not; a fourth are transfers, as a lane's work on
** modules is never taken over. */
static void full_tx(struct walk *w, struct chain_tx *tx) {
  struct walk_call c;
  u256 value;
  if (any(w, 4) == 0) {
    u32 user = (u32)any(w, WALK_USERS);
    *tx = cf_tx(&w->f.cf, user, 2, &w->f.cf.user[any(w, CF_USERS)], any(w, 9));
    cf_sign(&w->f.cf, tx, user);
    return;
  }
  do {
    c = choose(w);
  } while (!ask(w, &value, c.user, c.def, c.method, c.in) ||
           (!w->f.ok && any(w, 8)));
  addr20 to = sf_module(c.def->number);
  *tx = cf_tx(&w->f.cf, c.user, 2, &to, 0);
  tx->value = value;
  tx->gas_limit = 3000000;
  tx->data = arena_copy_slice(&w->f.cf.a, buf_slice(&w->f.args));
  cf_sign(&w->f.cf, tx, c.user);
}

static void full_make(struct walk *w, struct chain_exec *x,
                      const struct par *par, struct chain_block_result *out,
                      const struct chain_tx *tx) {
  struct cf *f = &w->f.cf;
  struct chain_hashes hashes = {f, cf_hash_of};
  struct state_source src = state_mem_source(f->mem);
  struct chain_header draft = f->head;
  draft.number++;
  draft.timestamp += 1;
  draft.parent_hash = f->hash[f->head.number];
  draft.gas_limit = WALK_FULL_GAS;
  assert_int_equal(chain_exec_block(x, out, &f->rules, &draft, tx, WALK_FULL,
                                    &hashes, &src, par, NULL, NULL, &f->a),
                   ERR_OK);
}

static u32 full_block(struct walk *w, struct chain_exec *lanes,
                      const struct par *par) {
  struct chain_block_result one, two;
  struct chain_tx *tx = arena_array(&w->f.cf.a, struct chain_tx, WALK_FULL);
  struct cf *f = &w->f.cf;
  u32 done = 0;
  for (u32 i = 0; i < WALK_FULL; i++) {
    arena_clear(&w->a);
    full_tx(w, &tx[i]);
  }
  full_make(w, f->x, NULL, &one, tx);
  full_make(w, lanes, par, &two, tx);
  assert_int_equal(one.tx_cnt, two.tx_cnt);
  for (u32 i = 0; i < one.tx_cnt; i++) {
    const struct chain_receipt *a = &one.receipt[i], *b = &two.receipt[i];
    assert_int_equal(a->success, b->success);
    assert_int_equal(a->gas_used, b->gas_used);
    assert_int_equal(a->log_cnt, b->log_cnt);
    done += a->success;
  }
  assert_true(hash32_eq(&one.header.receipts_root,
                        &two.header.receipts_root));
  assert_true(hash32_eq(&one.header.state_root, &two.header.state_root));
  assert_true(hash32_eq(&one.hash, &two.hash));
  state_mem_apply(f->mem, &two.diff);
  state_mem_apply_nodes(f->mem, &two.root);
  f->head = two.header;
  f->hash[f->head.number] = two.hash;
  look_for_ids(w);
  return done;
}

static void blocks_of_trade_on_lanes_then_as_alone(void **st) {
  const char *text = getenv("BLOCKS"), *seed = getenv("SEED");
  u32 blocks = text && *text ? (u32)strtoul(text, NULL, 10) : WALK_FULL_BLOCKS;
  u64 at = seed && *seed ? strtoull(seed, NULL, 10) : 1;
  struct node_workers *workers = node_workers_open(WALK_LANES - 1);
  struct chain_exec *lanes = chain_exec_open(2);
  struct chain_ahead_stat ahead;
  struct walk *w = mem_alloc(sizeof *w);
  u64 done = 0, left = 0;
  (void)st;
  chain_exec_set_lanes(lanes, WALK_LANES, 0);
  for (; blocks > 0; blocks--, left--) {
    if (left == 0) { /* another world */
      if (done) sf_close(&w->f), arena_fini(&w->a);
      open_walk(w, at++);
      left = 30;
    }
    done += full_block(w, lanes, node_workers_par(workers));
    if (any(w, 3) == 0)
      leap(w, ONE_OF(w, 60, SF_DAY, 3 * SF_DAY, 30 * SF_DAY));
    check_books(w);
  }
  chain_ahead_stat(chain_exec_ahead(lanes), &ahead);
  print_message("%llu done; ahead: %llu taken over, %llu again\n",
                (unsigned long long)done, (unsigned long long)ahead.taken,
                (unsigned long long)ahead.again);
  assert_true(ahead.taken > 0 && ahead.again > 0);
  sf_close(&w->f);
  arena_fini(&w->a);
  mem_free(w);
  chain_exec_close(lanes);
  node_workers_close(workers);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(walk_when_random_keeps_every_book),
    cmocka_unit_test(blocks_of_trade_on_lanes_then_as_alone),
  };
  return cmocka_run_group_tests_name("shop_walk", tests, NULL, NULL);
}
