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
** In the end: which methods were done and which automatic exits happened; those
** of a table that were not are printed, and a long walk fails for them.
**
** STEPS: how many (600), SEED: which (1).  `make walk STEPS=1000000`.  BLOCKS:
** full ones (60). */
#include "shop/shop_walk.h"

#include "chain/chain_ahead.h"
#include "node/node_workers.h"

enum { WALK_EPISODE = 600, WALK_LOOK = 6, WALK_TRIES = 30,
       WALK_WHOLE = 100000 /* so many steps reach everything */ };

/*---------------------------------------------------------------- one step */

static bool is_error(const struct module_message *m, const u8 *sel) {
  struct buf b;
  u8 own[4];
  buf_init(&b, 0);
  module_signature(&b, m->name, m->param);
  abi_selector(own, buf_cstr(&b));
  buf_fini(&b);
  return memcmp(own, sel, 4) == 0;
}
/* The error's name in some module's table, or in what they all have; NULL. */
static const char *error_name(const u8 *sel) {
  for (u32 i = 0; i < MODULE_ERROR_CNT; i++)
    if (is_error(&MODULE_COMMON_ERROR[i], sel))
      return MODULE_COMMON_ERROR[i].name;
  for (u32 k = 0; k < ARRAY_LEN(walk_module); k++)
    for (u32 i = 0; i < walk_module[k]->row_cnt; i++) {
      const struct module_row *r = &walk_module[k]->row[i];
      if (r->kind == MODULE_ROW_ERROR && is_error(r->message, sel))
        return r->message->name;
    }
  return NULL;
}
static void check_refusal(struct walk *w, const struct module_def *def,
                          const struct module_method *m) {
  const char *name = w->f.out_len >= 4 ? error_name(w->f.out) : NULL;
  if (!name)
    fail_msg("%s: refused without a name: %zu bytes, %02x%02x%02x%02x, gas "
             "%llu", m->name, w->f.out_len, w->f.out[0], w->f.out[1],
             w->f.out[2], w->f.out[3], (unsigned long long)w->f.gas);
  reach_refused(def, m, name);
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
/* Arguments of this name, members of structs too, become v (an amount, a number
** or an address in a word); false: there is none. */
static bool set_named(const struct module_param *p, u8 *in, const char *name,
                      const u256 *v) {
  bool found = false;
  for (u32 place = 0; p->name; p++) {
    u8 *at = in + module_place(&place, p);
    const struct module_array *list = (const struct module_array *)at;
    u128 amount = (u128)v->w[1] << 64 | v->w[0];
    if (p->kind == MODULE_STRUCT)
      found |= set_named(p->sub->param, at, name, v);
    for (u32 i = 0; p->kind == MODULE_STRUCTS && i < list->cnt; i++)
      found |= set_named(p->sub->param, (u8 *)list->item + p->sub->size * i,
                         name, v);
    if (strcmp(p->name, name)) continue;
    if (p->kind == MODULE_ADDR) u256_to_addr((addr20 *)at, v);
    else if (p->kind == MODULE_AMOUNT) memcpy(at, &amount, sizeof amount);
    else if (p->kind == MODULE_UINT)
      memcpy(at, v, p->size); /* little-endian hosts */
    else continue;
    found = true;
  }
  return found;
}
static u256 seller_of(struct walk *w, const u256 *listing) {
  struct shop_market_record_listing l;
  sf_record(&w->f, MARKET, &shop_market_table_listing, &l, listing);
  return module_key_addr(&l.seller);
}
/* The arguments again, with what the refusal asked for: a word of it, for the
** value or an argument of this name. */
static bool mend(struct walk *w, const struct module_method *m, void *in,
                 u256 *value) {
  static const struct { const char *error; u32 word; const char *name; } by[] = {
    {"WrongValue(uint256,uint256)", 0, NULL}, {"BondTooSmall(uint256)", 0, NULL},
    {"TotalChanged(uint8,uint256)", 1, "expectedTotal"},
    {"TotalChanged(uint8,uint256)", 1, "amount"},
    {"ExceedsHeld(uint256)", 0, "amount"},
    {"RefundTooSmall(uint256)", 0, "amount"},
    {"OfferMismatch(uint16)", 0, "buyerBps"},
    {"FeeTooHigh(uint16)", 0, "feeBps"},
    {"BadVersion(uint64,uint32)", 1, "version"},
    {"LinesOfOtherSeller(uint64)", 0, "seller"},
    {"OutOfRange(bytes32,uint256,uint256,uint256)", 2, ""}};
  if (sf_error(&w->f, "ZeroAmount()") && u256_is_zero(value)) {
    *value = u256_from(1000);
    return module_takes_value(m->mut);
  }
  for (u32 i = 0; i < ARRAY_LEN(by); i++) {
    u256 v;
    char field[33] = {0};
    if (!sf_error(&w->f, by[i].error)) continue;
    u256_from_be(&v, w->f.out + 4 + 32 * by[i].word);
    if (!by[i].name) {
      *value = v;
      return module_takes_value(m->mut);
    }
    memcpy(field, by[i].name[0] ? (const u8 *)by[i].name : w->f.out + 4,
           by[i].name[0] ? strlen(by[i].name) : 32);
    if (strcmp(field, "seller") == 0) v = seller_of(w, &v);
    if (set_named(m->in, in, field, &v)) return true;
  }
  u256 later = u256_from(sf_now(&w->f) + 10 * SF_DAY);
  return sf_error(&w->f, "TooLate(uint64)") &&
         (set_named(m->in, in, "expiresAt", &later) |
          set_named(m->in, in, "endsAt", &later) |
          set_named(m->in, in, "until", &later));
}
/* Asks, and mends what a refusal tells, a few times: leaves the arguments.
** False: it costs more than the user has. */
static bool ask(struct walk *w, u256 *value, u32 user,
                const struct module_def *def, const struct module_method *m,
                void *in) {
  u256 cap = u256_from(1000000), cmt = u256_from(SF_CMT);
  addr20 who = m->mut == MODULE_GOVERN ? sf_module(0x1002)
                                       : w->f.cf.user[user];
  *value = U256_ZERO;
  u256_mul(&cap, &cap, &cmt);
  for (u32 round = 0; round < 5; round++) {
    put_call(&w->f.args, m, in);
    u256 mine = sf_balance(&w->f, &who);
    if (u256_lt(&mine, value) || u256_lt(&cap, value)) return false;
    sf_ask_as(&w->f, &who, def->number, value);
    if (w->f.ok) return true;
    check_refusal(w, def, m);
    w->refused++;
    if (!mend(w, m, in, value)) return true;
  }
  return true;
}
static u64 state_of(struct walk *w, u32 module,
                    const struct module_record *r, const u256 *key) {
  u64 rec[512];
  MUST(r->size <= sizeof rec);
  sf_record(&w->f, module, r, rec, key);
  return ((const struct module_header *)rec)->state;
}
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
            {COURT_CASE, 0x1015, &shop_court_table_case},
            {CLAIM, 0x1010, &shop_identity_table_claim},
            {CONSENT, 0x1010, &shop_identity_table_consent},
            {COUPON, MARKET, &shop_market_table_coupon},
            {TABLE, MARKET, &shop_market_table_ship_table},
            {PLATFORM, PLATFORMS, &shop_platform_table_platform}};
  for (u32 i = 0; i < ARRAY_LEN(of); i++)
    for (;; w->top[of[i].class]++) {
      u256 key = u256_from(w->top[of[i].class] + 1);
      if (!state_of(w, of[i].module, of[i].record, &key)) break;
    }
}

/* The ids that a call gave. */
static void note_ids(struct walk *w, const struct module_def *def,
                     const struct module_method *m) {
  if (m->out->name && m->out->kind == MODULE_UINT && m->out->bits == 64) {
    int class = class_of(def, m->name, m->out->name);
    if (strcmp(m->name, "subscribe") == 0) class = SUB;
    if (class >= 0 && sf_word(&w->f, 0) > w->top[class])
      w->top[class] = sf_word(&w->f, 0);
  }
  if (strcmp(m->name, "placeMany") == 0) w->top[ORDER] += sf_word(&w->f, 1);
  if (strcmp(m->name, "saveMany") == 0) w->top[LISTING] += sf_word(&w->f, 1);
  if (m->out->kind == MODULE_BYTESS || m->out->kind == MODULE_BYTES)
    look_for_ids(w);
}
/* False: it was refused. */
static bool send(struct walk *w, u32 user, const struct module_def *def,
                 const struct module_method *m, void *in) {
  u256 value;
  if (!ask(w, &value, user, def, m, in) || !w->f.ok) return false;
  if (m->mut == MODULE_VIEW) return true;
  if (m->mut == MODULE_GOVERN) sf_commit(&w->f);
  else sf_send_value(&w->f, user, def->number, &value);
  if (!w->f.ok) fail_msg("%s: done when asked, not when sent", m->name);
  w->done++;
  w->blocks++;
  check_failed(w);
  note_ids(w, def, m);
  check_books(w);
  return true;
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

/* CMT forced into a module by a contract's end, and out of it by governance. */
static void likely_surplus(struct walk *w) {
  struct sf *f = &w->f;
  u32 user = (u32)any(w, WALK_USERS), number = walk_module[any(w, 6)]->number;
  u8 code[22] = {0x73, [21] = 0xff}; /* PUSH20 module SELFDESTRUCT */
  addr20 at = sf_module(number);
  struct chain_tx tx = cf_tx(&f->cf, user, 2, NULL, 1 + any(w, 9));
  memcpy(code + 1, at.b, 20);
  tx.data = slice_of(code, sizeof code);
  cf_sign(&f->cf, &tx, user);
  cf_block(&f->cf, &tx, 1);
  assert_true(f->cf.block.receipt[0].success);
  sf_call_of(f, "sweepSurplus(address)");
  sf_u(f, 0);
  sf_govern(f, number);
  assert_done(f);
}
/* Beginnings of long stories, each told as far as the dice say; the rest is
** chance's.  What is refused on the way is so. */
#define TOLD(w) (any(w, 7) == 0)
/* The value that a call without any is refused for by this error; 0: it is not,
** or the user has not so much. */
static u256 wanted(struct walk *w, u32 user, u32 module, const char *error) {
  u256 v = U256_ZERO, mine = sf_balance(&w->f, &w->f.cf.user[user]);
  sf_ask_as(&w->f, &w->f.cf.user[user], module, &v);
  if (sf_error(&w->f, error)) u256_from_be(&v, w->f.out + 4);
  return u256_lt(&mine, &v) ? U256_ZERO : v;
}
static void likely_recovery(struct walk *w) {
  struct sf *f = &w->f;
  u32 owner = (u32)any(w, CF_USERS), one = (owner + 2) % CF_USERS;
  u32 two = (owner + 3) % CF_USERS;
  const addr20 *anchor = &f->cf.user[owner];
  sf_call_of(f, "setGuardians(address[],uint8,uint32)");
  sf_u(f, 96), sf_u(f, 1 + any(w, 2)), sf_u(f, 2 * SF_DAY), sf_u(f, 2);
  sf_a(f, &f->cf.user[one]), sf_a(f, &f->cf.user[two]);
  sf_send_m(f, owner, 0x1010, 0);
  if (TOLD(w)) return;
  leap(w, 3 * SF_DAY);
  sf_do(f, one, 0x1010, "startRecovery(address,address)", "aa", anchor,
        &f->cf.user[any(w, 2) ? 1 : 5]);
  if (any(w, 2))
    sf_do(f, two, 0x1010, "approveRecovery(address)", "a", anchor);
  if (any(w, 2)) leap(w, 3 * SF_DAY);
  else sf_do(f, owner, 0x1010, "cancelRecovery()", "");
}
static void likely_issuer(struct walk *w) {
  struct sf *f = &w->f;
  u32 issuer = (u32)any(w, CF_USERS), human = (issuer + 1) % CF_USERS;
  u64 claim = w->top[CLAIM] + 1, realm = any(w, 3) > 0;
  sf_do(f, human, 0x1010, "create(uint8,bytes32,bytes32)", "uuu", 1ull, 5ull,
        6ull);
  sf_do(f, issuer, 0x1010, "create(uint8,bytes32,bytes32)", "uuu", 2ull, 5ull,
        6ull);
  sf_call_of(f, "applyIssuer(bytes32[],uint16,bytes32)");
  sf_u(f, 96), sf_u(f, realm), sf_u(f, 0), sf_u(f, 1), sf_u(f, 3);
  sf_send_m(f, issuer, 0x1010, 10000000);
  sf_call_of(f, "approveIssuer(address)");
  sf_a(f, &f->cf.user[issuer]);
  sf_govern(f, 0x1010);
  if (TOLD(w)) return;
  leap(w, 3 * SF_DAY + 1);
  sf_do(f, issuer, 0x1010, "attestHuman(address,bytes32,uint64)", "auu",
        &f->cf.user[human], (u64)human + 1, sf_now(f) + 40 * SF_DAY);
  sf_do(f, issuer, 0x1010, "issueClaim(address,bytes32,bytes32,uint64)",
        "auuu", &f->cf.user[human], 3ull, 9ull, sf_now(f) + 40 * SF_DAY);
  look_for_ids(w);
  if (TOLD(w)) return;
  sf_do(f, human, 0x1010, "acceptClaim(uint64)", "u", claim);
}
/* A sale with a right to send it back. */
static u64 likely_sale(struct walk *w, u32 seller, u32 buyer) {
  struct st_listing l = st_plain;
  l.return_days = 2;
  l.token = any_address(w, "token");
  struct st_order o = {.seller = seller, .version = 1, .qty = 1,
                       .token = l.token, .total = l.price};
  o.listing = st_save(&w->f, seller, &l, 3);
  u64 id = o.listing ? st_place(&w->f, buyer, &o) : 0;
  look_for_ids(w);
  return id;
}
static void likely_return(struct walk *w) {
  struct sf *f = &w->f;
  u32 seller = (u32)any(w, 3), buyer = 3 + (u32)any(w, 2);
  u64 id = likely_sale(w, seller, buyer);
  sf_do(f, seller, ORDERS, "ship(uint64,bytes32)", "uu", id, 9ull);
  sf_do(f, buyer, ORDERS, "askReturn(uint64,uint16,bytes32)", "uuu", id, 1ull,
        1ull);
  if (TOLD(w)) return;
  sf_do(f, seller, ORDERS, "answerReturn(uint64,bool,bytes32)", "uuu", id,
        any(w, 4) > 0, 1ull);
  if (TOLD(w)) return;
  sf_do(f, buyer, ORDERS, "sendReturn(uint64,bytes32)", "uu", id, 1ull);
  if (TOLD(w)) return;
  st_money(f, "confirmReturn(uint64,uint256)", seller, id, 1000000);
}
static void likely_dispute(struct walk *w) {
  struct sf *f = &w->f;
  u32 seller = 2, buyer = 3, who = 4 + (u32)any(w, 2);
  u64 id = likely_sale(w, seller, buyer), k = w->top[CASE] + 1;
  sf_call_of(f, "registerMediator(uint256,uint8,bytes32,uint64,bytes32)");
  sf_cmt(f, 1000), sf_u(f, 2), sf_u(f, 7), sf_u(f, ~0ull), sf_u(f, 9);
  sf_send_m(f, who, 0x1014, 200000);
  sf_do(f, seller, ORDERS, "ship(uint64,bytes32)", "uu", id, 9ull);
  sf_call_of(f, "open(uint16,uint64,uint8,uint16,uint16,bytes32)");
  sf_u(f, ORDERS), sf_u(f, id), sf_u(f, 255), sf_u(f, any(w, 10001));
  sf_u(f, 0), sf_u(f, 0);
  u256 deposit = wanted(w, buyer, 0x1014, "WrongValue(uint256,uint256)");
  sf_send_value(f, buyer, 0x1014, &deposit);
  look_for_ids(w);
  if (TOLD(w) || w->top[CASE] != k) return;
  sf_call_of(f, "join(uint64)");
  sf_u(f, k);
  sf_send_value(f, seller, 0x1014, &deposit);
  leap(w, 2 * SF_DAY + 1);
  sf_do(f, seller, 0x1014, "escalate(uint64)", "u", k);
  for (u32 i = 0; i < 2; i++)
    sf_do(f, i ? seller : buyer, 0x1014, "prefer(uint64,address[])", "uuua", k,
          64ull, 1ull, &f->cf.user[who]);
  if (TOLD(w)) return;
  sf_do(f, who, 0x1014, any(w, 4) ? "acceptCase(uint64)"
                                  : "declineCase(uint64)", "u", k);
  if (TOLD(w)) return;
  sf_do(f, buyer, 0x1014, "submit(uint64,bytes32,uint8)", "uuu", k, 1ull, 1ull);
  sf_do(f, buyer, 0x1014, "rest(uint64)", "u", k);
  sf_do(f, seller, 0x1014, "rest(uint64)", "u", k);
  if (TOLD(w)) return;
  sf_do(f, who, 0x1014, "propose(uint64,uint16,uint16,bytes32)", "uuuu", k,
        any(w, 10001), any(w, 10001), 1ull);
  if (TOLD(w)) return;
  sf_do(f, any(w, 2) ? buyer : seller, 0x1014, "agree(uint64)", "u", k);
}
static void likely_plan(struct walk *w) {
  struct sf *f = &w->f;
  u32 seller = (u32)any(w, 3);
  u64 plan = w->top[PLAN] + 1, periods = 1 + any(w, 3);
  sf_call_of(f, "savePlan(uint64,address,(address,uint256,uint32,uint32,uint16,"
                "uint16,bytes32))");
  sf_u(f, 0), sf_u(f, 0), sf_u(f, 0), sf_u(f, 1000), sf_u(f, SF_DAY);
  sf_u(f, any(w, 2) * SF_DAY), sf_u(f, any(w, 4)), sf_u(f, 1000), sf_u(f, 1);
  sf_send_m(f, seller, ORDERS, 0);
  if (!f->ok) return;
  sf_call_of(f, "subscribe(uint64,uint16,uint64)");
  sf_u(f, plan), sf_u(f, periods), sf_u(f, 0);
  u256 value = u256_from(1000 * periods);
  sf_send_value(f, 3 + (u32)any(w, 3), ORDERS, &value);
  look_for_ids(w);
}
/* A storefront that wants to be asked, and somebody who asks. */
static void likely_post(struct walk *w) {
  struct sf *f = &w->f;
  struct shop_market_record_listing l;
  u64 platform = w->top[PLATFORM] + 1, listing = any_id(w, LISTING);
  u256 key = u256_from(listing);
  u32 operator = (u32)any(w, CF_USERS);
  sf_call_of(f, "register(bytes32,bytes32,uint16,uint16,uint8,uint64)");
  sf_u(f, 1), sf_u(f, 2), sf_u(f, 300), sf_u(f, 1000), sf_u(f, any(w, 3) > 0);
  sf_u(f, 0);
  sf_send_m(f, operator, PLATFORMS, 100000);
  look_for_ids(w);
  sf_record(f, MARKET, &shop_market_table_listing, &l, &key);
  sf_do(f, user_of(w, &l.seller), PLATFORMS, "post(uint64,uint64[])", "uuuu",
        listing, 64ull, 1ull, platform);
  if (TOLD(w)) leap(w, 8 * SF_DAY);
  else if (any(w, 2))
    sf_do(f, operator, PLATFORMS, "hide(uint64,uint64,uint16,bytes32)", "uuuu",
          platform, listing, 1ull, 1ull);
  if (any(w, 4) == 0)
    sf_do(f, user_of(w, &l.seller), MARKET, "close(uint64)", "u", listing);
}
static void likely_case(struct walk *w) {
  struct sf *f = &w->f;
  u32 claimant = (u32)any(w, CF_USERS), accused = (claimant + 1) % CF_USERS;
  sf_call_of(f, "accuse(uint16,uint16,uint8,uint64,address,bytes32,bool)");
  sf_u(f, 3), sf_u(f, 0x1010), sf_u(f, 1), sf_u(f, 0);
  sf_a(f, &f->cf.user[accused]);
  sf_u(f, 100 + w->done), sf_u(f, 0);
  u256 bond = wanted(w, claimant, 0x1015, "BondTooSmall(uint256)");
  sf_send_value(f, claimant, 0x1015, &bond);
  look_for_ids(w);
  if (any(w, 2))
    sf_do(f, accused, 0x1015, "reply(uint64,bytes32)", "uu", w->top[COURT_CASE],
          7ull);
}
#undef TOLD

/* What a walk would seldom find by itself, with plausible arguments. */
static void likely(struct walk *w) {
  struct sf *f = &w->f;
  u32 user = (u32)any(w, WALK_USERS);
  struct st_listing l = st_plain;
  u64 id;
  switch (any(w, 14)) {
    case 6: likely_surplus(w); break;
    case 7: likely_recovery(w); break;
    case 8: likely_issuer(w); break;
    case 9: likely_return(w); break;
    case 10: likely_dispute(w); break;
    case 11: likely_plan(w); break;
    case 12: likely_post(w); break;
    case 13: likely_case(w); break;
    case 0:
      l.token = any_address(w, "token");
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
      if (any(w, 2))
        sf_do(f, 0, ORDERS, "submitMilestone(uint64,uint8,bytes32)", "uuu",
              w->top[ORDER], 0ull, 4ull);
      if (any(w, 3) == 0)
        sf_do(f, 1, ORDERS, any(w, 2) ? "acceptMilestone(uint64,uint8)"
                                      : "rejectMilestone(uint64,uint8,bytes32)",
              "uuu", w->top[ORDER], 0ull, 5ull);
      break;
    case 3:
      sf_call_of(f, "registerMediator(uint256,uint8,bytes32,uint64,bytes32)");
      sf_cmt(f, 1000 * any(w, 5)), sf_u(f, 2), sf_u(f, 7), sf_u(f, ~0ull);
      sf_u(f, 9);
      sf_send_m(f, 3 + (u32)any(w, 3), 0x1014, any(w, 2) ? 200000 : 0);
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
static struct walk_call call_of(struct walk *w, const struct module_def *def,
                                const struct module_method *m) {
  u32 user = (u32)any(w, CF_USERS);
  bool apt = any(w, 3) > 0; /* by one whom it concerns */
  if (apt && def == &shop_mediation) {
    w->pin[CASE] = any_id(w, CASE);
    user = one_of_case(w, w->pin[CASE]);
  }
  if (apt && def == &shop_orders) {
    w->pin[ORDER] = any_id(w, ORDER);
    user = party_of(w, w->pin[ORDER], any(w, 2));
  }
  u8 *in = any_arguments(w, def, m);
  memset(w->pin, 0, sizeof w->pin);
  return (struct walk_call){def, m, user, in};
}
static struct walk_call choose(struct walk *w) {
  const struct module_def *def = walk_module[ONE_OF(w, 0, 1, 2, 3, 3, 3, 4, 4,
                                                    4, 5)];
  return call_of(w, def, any_method(w, def));
}
/* One of those that were done least, with whatever arguments until it is. */
static void seek(struct walk *w) {
  const struct reach_method *r = &reach_list[any(w, reach_cnt)];
  for (u32 i = 0; i < WALK_LOOK; i++) {
    const struct reach_method *other = &reach_list[any(w, reach_cnt)];
    if (other->done + other->tried < r->done + r->tried) r = other;
  }
  reach_tried(r);
  for (u32 i = 0; i < WALK_TRIES; i++) {
    arena_clear(&w->a);
    struct walk_call c = call_of(w, r->def, r->method);
    if (send(w, c.user, c.def, c.method, c.in)) return;
  }
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
  if (dice < 70) {
    seek(w);
    return;
  }
  struct walk_call c = choose(w);
  send(w, c.user, c.def, c.method, c.in);
}

/*----------------------------------------------------------------- episodes */

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
  meter_loose = true;
  memset(w, 0, sizeof *w);
  w->seed = seed * 0x9e3779b97f4a7c15ull + 1;
  sf_open_code(&w->f, st_tokens, 3);
  arena_init(&w->a, 1 << 16, 0);
  for (u32 t = 0; t < 3; t++)
    for (u32 i = 0; i < WALK_USERS; i++) {
  meter_loose = true;
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
  /* As long as parameters can make a listing last, and half a year. */
  for (u32 i = 0; i < 50; i++) leap(w, 30 * SF_DAY);
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
/* Automatic exits, from the state tables of SPEC-commerce 2 to 6; of Court what
** needs no jury. */
static const struct reach_exit walk_exits[] = {
  {0x1010, 1, 1, 1, "humanity, offer or guardians' delay over; dormant"},
  {0x1010, 1, 2, 1, "a recovery's delay is over"},
  {0x1010, 5, 1, 2, "an issuer without realm begins"},
  {0x1010, 5, 1, 5, "an issuer nobody approved gets his bond back"},
  {0x1010, 5, 2, 6, "an idle issuer is dormant"},
  {0x1010, 5, 4, 5, "an issuer who left gets his bond back"},
  {0x1010, 6, 1, 3, "a claim nobody took is declined"},
  {0x1010, 6, 2, 4, "a claim expires"},
  {0x1010, 7, 1, 2, "a consent expires"},
  {0x1011, 1, 1, 6, "an idle platform is dormant"},
  {0x1011, 1, 2, 3, "a platform paused for long closes"},
  {0x1011, 1, 3, 4, "a closing platform gets its bond back"},
  {0x1011, 2, 1, 2, "a post nobody decided on is shown"},
  {0x1011, 2, 3, 2, "a hidden post is shown again"},
  {0x1012, 1, 1, 3, "a listing expires"},
  {0x1012, 1, 2, 3, "a paused listing expires"},
  {0x1012, 1, 3, 4, "an expired listing closes"},
  {0x1012, 4, 1, 2, "a coupon ends"},
  {0x1013, 1, 1, 9, "not sent: cancelled"},
  {0x1013, 1, 2, 8, "not confirmed: completed"},
  {0x1013, 1, 4, 5, "a return nobody answered is open"},
  {0x1013, 1, 5, 8, "not sent back: completed"},
  {0x1013, 1, 6, 10, "sent back, not confirmed: refunded"},
  {0x1013, 2, 1, 4, "an invoice expires"},
  {0x1013, 3, 1, 5, "a milestone not submitted is refunded"},
  {0x1013, 3, 2, 4, "a milestone not looked at is released"},
  {0x1013, 5, 1, 1, "a period is charged"},
  {0x1013, 5, 1, 2, "a period not covered: past due"},
  {0x1013, 5, 1, 3, "the last period: finished"},
  {0x1013, 5, 2, 5, "past due for long: lapsed"},
  {0x1014, 1, 1, 4, "an idle mediator is dormant"},
  {0x1014, 1, 2, 3, "a mediator who left gets his bond back"},
  {0x1014, 2, 1, 2, "negotiated for long: a mediator is chosen"},
  {0x1014, 2, 1, 9, "the buyer was silent: dropped"},
  {0x1014, 2, 1, 10, "the seller was silent: as the buyer demands"},
  {0x1014, 2, 2, 2, "the draw goes on"},
  {0x1014, 2, 2, 3, "a mediator is drawn"},
  {0x1014, 2, 2, 12, "no mediator: to court"},
  {0x1014, 2, 3, 2, "an invitation not answered: drawn again"},
  {0x1014, 2, 4, 5, "evidence is over"},
  {0x1014, 2, 5, 2, "no proposal: drawn again"},
  {0x1014, 2, 6, 10, "a proposal not answered is agreed to"},
  {0x1014, 2, 10, 11, "the order is settled"},
  {0x1014, 2, 11, 8, "deposits and fee are paid"},
  {0x1014, 2, 12, 7, "filed at court"},
  {0x1015, 1, 1, 4, "an idle juror is dormant"},
  {0x1015, 1, 2, 3, "a juror who left gets his stake back"},
  {0x1015, 4, 1, 2, "no reply: evidence"},
  {0x1015, 4, 2, 3, "evidence is over: drawing"},
  {0x1015, 4, 3, 7, "no pool: by default"},
  {0x1015, 4, 7, 8, "the ruling is carried out"},
};
/* What only later modules make possible, what is credited in Orders alone, and
** what a jury does: test_shop_court_walk. */
static const char *const walk_not[] = {
  "Orders.attestDelivery", "Orders.payByCard", "Identity.withdraw",
  "Platforms.withdraw", "Market.withdraw", "Mediation.withdraw",
  "Court.withdraw", "Court.challenge", "Court.declineSeat", "Court.rehear",
  "Court.payFine", "Court.commit", "Court.reveal", "Court.tip", "Court.snitch",
  "Court.emergencyVote", "Court.appeal", "Court.seatOf", NULL};
static void walk_when_random_keeps_every_book(void **st) {
  (void)st;
  const char *steps = getenv("STEPS"), *seed = getenv("SEED");
  u64 left = steps && *steps ? strtoull(steps, NULL, 10) : 600;
  u64 at = seed && *seed ? strtoull(seed, NULL, 10) : 1;
  reach_open(walk_module, ARRAY_LEN(walk_module));
  for (; left > 0; at++) {
    u32 now = left < WALK_EPISODE ? (u32)left : WALK_EPISODE;
    episode(at, now);
    left -= now;
  }
  u32 missing = reach_missing(walk_exits, ARRAY_LEN(walk_exits), walk_not,
                              true);
  if (steps && strtoull(steps, NULL, 10) >= WALK_WHOLE)
    assert_int_equal(missing, 0);
  sf_reach = (struct sf_reach){NULL, NULL};
}

/*------------------------------------------------ whole blocks, and lanes */

enum { WALK_LANES = 4, WALK_FULL = 40, WALK_FULL_BLOCKS = 60,
       WALK_FULL_GAS = 2000000000 };

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
  chain_exec_set_lanes(lanes, WALK_LANES, NULL);
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
