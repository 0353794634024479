/* cmd_demo.c - the demo shop's story, day by day; see cmd_demo.h.
**
** Accounts of the development chain: 0 to 2 are merchants, 3 to 8 buy, 9 runs a
** storefront and mediates; some whose keys are the demo's own are the court's
** people (cmd_demo_court.c).  Each day has two blocks, one in the morning with
** what merchants do, one later with what buyers do; between them the chain's
** clock is set.
** An order follows a plan, whose steps come so many days after it was placed;
** what a plan leaves to nobody, deadlines do.  Plans end at the last day, so
** that every state is there to be seen.
**
** Documents and pictures are kept by content_put before the transaction that
** names their hash.
*/
#include "cmd/cmd_demo_int.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "shop/shop_identity.h"
#include <stdio.h>
#include <stdlib.h>

#define DEMO_DAY_MS 86400000ull
#define DEMO_SHIP_BASE 3900u /* 1/1000 CMT */
#define DEMO_SHIP_ITEM 500u
#define DEMO_SHIP_FREE 150000u
#define DEMO_DE "0x4445000000000000"
#define DEMO_ANY "0x2a00000000000000"

enum demo_plan {
  DEMO_DONE, DEMO_REVIEWED, DEMO_REPLIED, DEMO_SHIPPED, DEMO_PAID,
  DEMO_ACCEPTED, DEMO_CANCEL_BUYER, DEMO_CANCEL_SELLER, DEMO_LAPSED,
  DEMO_PART, DEMO_REFUNDED, DEMO_LATE, DEMO_RETURN_ASKED, DEMO_RETURN_OPEN,
  DEMO_RETURN_SENT, DEMO_RETURNED, DEMO_INSTANT, DEMO_NEGOTIATED,
  DEMO_SETTLED, DEMO_MEDIATED, DEMO_PLAN_CNT
};
/* How many, and between which ages in days they were placed. */
static const struct demo_plan_row { u8 cnt, youngest, oldest; }
    demo_plans[DEMO_PLAN_CNT] = {
  [DEMO_DONE] = {26, 5, 38}, [DEMO_REVIEWED] = {50, 6, 38},
  [DEMO_REPLIED] = {12, 8, 38}, [DEMO_SHIPPED] = {22, 2, 7},
  [DEMO_PAID] = {14, 1, 2}, [DEMO_ACCEPTED] = {6, 1, 3},
  [DEMO_CANCEL_BUYER] = {6, 3, 30}, [DEMO_CANCEL_SELLER] = {4, 3, 30},
  [DEMO_LAPSED] = {3, 6, 30}, [DEMO_PART] = {5, 6, 30},
  [DEMO_REFUNDED] = {4, 6, 30}, [DEMO_LATE] = {9, 28, 38},
  [DEMO_RETURN_ASKED] = {3, 4, 6}, [DEMO_RETURN_OPEN] = {2, 7, 9},
  [DEMO_RETURN_SENT] = {2, 8, 10}, [DEMO_RETURNED] = {4, 12, 30},
  [DEMO_INSTANT] = {18, 1, 38}, [DEMO_NEGOTIATED] = {1, 7, 7},
  [DEMO_SETTLED] = {1, 20, 20}, [DEMO_MEDIATED] = {1, 12, 12},
};
/* In arg: I the order's id, T a tracking document, N a note, V a review, W the
** answer to it, S stars, H a quarter of the total, A all, G the goods, C the
** dispute's id, M the mediator's address. */
static const struct demo_step {
  u8 plan, days;
  char by; /* Seller, Buyer or Mediator, who acts with buyers */
  const char *method, *arg;
} demo_steps[] = {
#define SHIP(plan) {plan, 1, 'S', "ship(uint64,bytes32)", "(I,T)"}
#define CONFIRM(plan) {plan, 3, 'B', "confirm(uint64)", "(I)"}
#define REVIEW(plan) \
  {plan, 4, 'B', "review(uint64,uint8,bytes32)", "(I,S,V)"}
#define ASK(plan) \
  {plan, 3, 'B', "askReturn(uint64,uint16,bytes32)", "(I,4,N)"}
#define ANSWER(plan) \
  {plan, 5, 'S', "answerReturn(uint64,bool,bytes32)", "(I,1,0)"}
#define RETURN(plan) \
  {plan, 6, 'B', "sendReturn(uint64,bytes32)", "(I,T)"}
#define OPEN(plan) \
  {plan, 4, 'B', "open(uint16,uint64,uint8,uint16,uint16,bytes32)", \
   "(4115,I,255,6000,4,N)"}
#define JOIN(plan) {plan, 5, 'S', "join(uint64)", "(C)"}
#define OFFERS(plan, days, by, bps) \
  {plan, days, by, "offer(uint64,uint16)", "(C," #bps ")"}
#define OFFER(plan) OFFERS(plan, 6, 'S', 4000)
  SHIP(DEMO_DONE), CONFIRM(DEMO_DONE),
  SHIP(DEMO_REVIEWED), CONFIRM(DEMO_REVIEWED), REVIEW(DEMO_REVIEWED),
  SHIP(DEMO_REPLIED), CONFIRM(DEMO_REPLIED), REVIEW(DEMO_REPLIED),
  {DEMO_REPLIED, 6, 'S', "reply(uint64,uint8,bytes32)", "(I,1,W)"},
  {DEMO_REPLIED, 7, 'S', "review(uint64,uint8,bytes32)", "(I,5,0)"},
  SHIP(DEMO_SHIPPED),
  {DEMO_ACCEPTED, 1, 'S', "accept(uint64)", "(I)"},
  {DEMO_CANCEL_BUYER, 1, 'B', "cancel(uint64,uint16)", "(I,1)"},
  {DEMO_CANCEL_SELLER, 1, 'S', "cancel(uint64,uint16)", "(I,3)"},
  SHIP(DEMO_PART), CONFIRM(DEMO_PART),
  {DEMO_PART, 2, 'S', "refund(uint64,uint256,uint16)", "(I,H,5)"},
  SHIP(DEMO_REFUNDED),
  {DEMO_REFUNDED, 4, 'S', "refund(uint64,uint256,uint16)", "(I,A,6)"},
  SHIP(DEMO_LATE),
  SHIP(DEMO_RETURN_ASKED), ASK(DEMO_RETURN_ASKED),
  SHIP(DEMO_RETURN_OPEN), ASK(DEMO_RETURN_OPEN), ANSWER(DEMO_RETURN_OPEN),
  SHIP(DEMO_RETURN_SENT), ASK(DEMO_RETURN_SENT), ANSWER(DEMO_RETURN_SENT),
  RETURN(DEMO_RETURN_SENT),
  SHIP(DEMO_RETURNED), ASK(DEMO_RETURNED), ANSWER(DEMO_RETURNED),
  RETURN(DEMO_RETURNED),
  {DEMO_RETURNED, 9, 'S', "confirmReturn(uint64,uint256)", "(I,G)"},
  SHIP(DEMO_NEGOTIATED), OPEN(DEMO_NEGOTIATED), JOIN(DEMO_NEGOTIATED),
  OFFER(DEMO_NEGOTIATED),
  SHIP(DEMO_SETTLED), OPEN(DEMO_SETTLED), JOIN(DEMO_SETTLED),
  OFFER(DEMO_SETTLED),
  {DEMO_SETTLED, 7, 'B', "acceptOffer(uint64,uint16)", "(C,4000)"},
  SHIP(DEMO_MEDIATED), OPEN(DEMO_MEDIATED), JOIN(DEMO_MEDIATED),
  {DEMO_MEDIATED, 7, 'B', "escalate(uint64)", "(C)"},
  {DEMO_MEDIATED, 8, 'S', "prefer(uint64,address[])", "(C,[M])"},
  {DEMO_MEDIATED, 8, 'B', "prefer(uint64,address[])", "(C,[M])"},
  {DEMO_MEDIATED, 9, 'M', "acceptCase(uint64)", "(C)"},
  OFFERS(DEMO_MEDIATED, 5, 'B', 5000), OFFERS(DEMO_MEDIATED, 6, 'S', 1000),
  OFFERS(DEMO_MEDIATED, 8, 'B', 4000), OFFERS(DEMO_MEDIATED, 9, 'S', 2500),
  {DEMO_MEDIATED, 10, 'B', "submit(uint64,bytes32,uint8)", "(C,N,1)"},
#undef OPEN
#undef JOIN
#undef OFFER
#undef OFFERS
#undef SHIP
#undef CONFIRM
#undef REVIEW
#undef ASK
#undef ANSWER
#undef RETURN
};

struct demo_order {
  u8 plan, day, buyer, qty, variant;
  u32 item, unit, total; /* of 1/1000 CMT */
  u64 id, dispute;
};

static u32 demo_draw(struct demo *d, u32 n) {
  d->seed = d->seed * 6364136223846793005ull + 1442695040888963407ull;
  return (u32)(d->seed >> 33) % n;
}

/*------------------------------------------------------------- documents */

/* "a,b" as "a","b". */
static const char *demo_list(struct demo *d, const char *text) {
  struct buf b;
  buf_init(&b, 0);
  buf_put_u8(&b, '"');
  for (; *text; text++) {
    if (*text == ',') buf_put_str(&b, "\",\""); else buf_put_u8(&b, (u8)*text);
  }
  buf_put_u8(&b, '"');
  const char *out = arena_printf(&d->mem, "%s", buf_cstr(&b));
  buf_fini(&b);
  return out;
}

static const char *demo_drawn(struct demo *d, enum cmd_demo_motif motif,
                              u32 seed) {
  struct buf png;
  buf_init(&png, 0);
  cmd_demo_picture(&png, motif, seed);
  const char *picture = cmd_demo_keep(d, buf_slice(&png));
  buf_fini(&png);
  return picture;
}

static const char *demo_shop_doc(struct demo *d, const struct cmd_demo_shop *s) {
  return cmd_demo_keep(d, slice_str(arena_printf(&d->mem,
      "{\"about\":\"%s\",\"contact\":\"hello@%s.example\",\"logo\":\"%s\","
      "\"name\":\"%s\"}", s->about, s->handle,
      demo_drawn(d, s->logo, (u32)(s - cmd_demo_shop)), s->name)));
}

static const char *demo_item_doc(struct demo *d, u32 i) {
  const struct cmd_demo_item *it = &cmd_demo_item[i];
  const char *picture = demo_drawn(d, it->motif, i);
  return cmd_demo_keep(d, slice_str(arena_printf(&d->mem,
      "{\"body\":\"%s\",\"images\":[\"%s\"],\"tags\":[%s],\"title\":\"%s\","
      "\"variants\":[%s]}", it->body, picture, demo_list(d, it->tags),
      it->title, demo_list(d, it->variants))));
}

/*------------------------------------------------------------- first day */

static const char demo_listed[] = "ListingSaved(uint64,address,uint32,bytes)";
static const char demo_placed[] = "OrderPlaced(uint64,address,address,bytes)";

static err demo_people(struct demo *d) {
  static const char create[] = "create(uint8,bytes32,bytes32)";
  static const char handle[] = "setHandle(string)";
  for (u32 i = 0; i < DEMO_OPERATOR; i++) {
    bool shop = i < CMD_DEMO_SHOPS;
    const struct cmd_demo_shop *s = &cmd_demo_shop[shop ? i : 0];
    const char *const *b = cmd_demo_buyer[shop ? 0 : i - CMD_DEMO_SHOPS];
    const char *doc = shop ? demo_shop_doc(d, s)
                           : cmd_demo_text(d, "name", b[1]);
    TRY(cmd_demo_send(d, i, DEMO_IDENTITY, 0, NULL, NULL, create, "(%u,%s,0)",
                      shop ? 2 : 1, doc));
    TRY(cmd_demo_send(d, i, DEMO_IDENTITY, 10000, NULL, NULL, handle,
                      "(\"%s\")", shop ? s->handle : b[0]));
  }
  return ERR_OK;
}

/* Who runs the first storefront mediates too: he trades with nobody. */
static err demo_mediator(struct demo *d) {
  const char *doc = cmd_demo_keep(d, slice_str(
      "{\"about\":\"I have run a market hall for twelve years.\","
      "\"name\":\"Ruth Adeyemi\"}"));
  TRY(cmd_demo_send(d, DEMO_OPERATOR, DEMO_IDENTITY, 0, NULL, NULL,
                    "create(uint8,bytes32,bytes32)", "(1,%s,0)", doc));
  return cmd_demo_send(d, DEMO_OPERATOR, DEMO_MEDIATION, 200000, NULL, NULL,
                       "registerMediator(uint256,uint8,bytes32,uint64,bytes32)",
                   "(2000" DEMO_MILLI ",5,0x656e6465%s,0xffffffffffffffff,%s)",
                   "00000000000000000000000000000000000000000000000000000000",
                       doc);
}

static err demo_platforms(struct demo *d) {
  static const char method[] =
      "register(bytes32,bytes32,uint16,uint16,uint8,uint64)";
  static const char event[] = "PlatformSaved(uint64,address,bytes)";
  static const struct {
    u32 who, fee, referral, mode;
    const char *name, *about, *policy;
  } row[2] = {
    {DEMO_OPERATOR, 250, 2000, 0, "Open Bazaar",
     "Everything that the catalogue has, for a small fee.",
     "We show what is lawful and truly described."},
    {0, 100, 1000, 1, "Harbour Market",
     "Goods from makers we have met, chosen by hand.",
     "Ask us first: we look at every listing within a week."},
  };
  for (u32 i = 0; i < 2; i++) {
    const char *doc = cmd_demo_keep(d, slice_str(arena_printf(&d->mem,
        "{\"about\":\"%s\",\"name\":\"%s\"}", row[i].about, row[i].name)));
    TRY(cmd_demo_send(d, row[i].who, DEMO_PLATFORM, 100000, &d->platform[i],
                      event, method, "(%s,%s,%u,%u,%u,0)", doc,
                      cmd_demo_text(d, "text", row[i].policy), row[i].fee,
                      row[i].referral, row[i].mode));
  }
  return ERR_OK;
}

static err demo_tables(struct demo *d) {
  for (u32 i = 0; i < CMD_DEMO_SHOPS; i++) {
    TRY(cmd_demo_send(d, i, DEMO_MARKET, 0, &d->table[i],
                      "ShipTableSaved(uint64,address,bytes)",
                      "saveShipTable(uint64,address,address,(bytes8,uint256,"
                      "uint256,uint256,uint8,uint8)[])",
                  "(0,0,0,[(" DEMO_DE ",%u" DEMO_MILLI ",%u" DEMO_MILLI ",%u"
                      DEMO_MILLI ",2,4),(" DEMO_ANY ",12000" DEMO_MILLI ",1500"
                      DEMO_MILLI ",0,5,14)])",
                      DEMO_SHIP_BASE, DEMO_SHIP_ITEM, DEMO_SHIP_FREE));
  }
  return ERR_OK;
}

static u32 demo_variant_cnt(const struct cmd_demo_item *it) {
  u32 n = 1;
  for (const char *p = it->variants; *p; p++) n += *p == ',';
  return n;
}
static u32 demo_price(const struct cmd_demo_item *it, u32 variant) {
  return it->price * (10 + variant) / 10 / 100 * 100;
}

static err demo_listing(struct demo *d, u32 i) {
  const struct cmd_demo_item *it = &cmd_demo_item[i];
  bool goods = it->kind == CMD_DEMO_GOODS, coin = it->kind == CMD_DEMO_FILE;
  const char *milli = coin ? DEMO_MICRO : DEMO_MILLI;
  char variants[512];
  size_t at = 0;
  for (u32 v = 0; v < demo_variant_cnt(it); v++) {
    at += (size_t)snprintf(variants + at, sizeof variants - at,
        "%s(%u,%u%s,%u,0,1)", v ? "," : "", v,
        v ? demo_price(it, v) : 0, milli, it->stock / (v + 1) + 1);
    MUST(at < sizeof variants);
  }
  return cmd_demo_send(d, it->shop, DEMO_MARKET, 0, &d->listing[i], demo_listed,
      "save(uint64,address,(uint8,uint32,bytes32,address,uint256,uint64,uint32,"
      "uint32,uint32,uint16,uint16,uint16,address,uint16,uint64,uint64,uint64),"
      "(uint16,uint256,uint32,bytes32,bool)[])",
      "(0,0,(%u,%u,%s,%s,%u%s,%llu,259200,%u,259200,%u,1000,300,0,"
      "700,0,0,0),[%s])", it->kind, it->category, demo_item_doc(d, i),
      coin ? d->coin_hex : "0", it->price, milli,
      goods ? (unsigned long long)d->table[it->shop] : 0,
      goods ? 864000 : 86400, goods ? 14 : 3, variants);
}

/* The code on paper is the seed of a key whose address signs. */
static err demo_coupon(struct demo *d, u32 who, const char *code, u32 kind,
                       u32 value, u32 min_m) {
  hash32 key;
  addr20 signer;
  char hex[43];
  const char *seed = arena_printf(&d->mem, "CyberMiles coupon %s", code);
  crypto_keccak256(&key, seed, strlen(seed));
  TRY(crypto_key_addr(&signer, key.b));
  hex_addr(hex, &signer);
  return cmd_demo_send(d, who, DEMO_MARKET, 0, NULL, NULL,
      "saveCoupon(uint64,address,(address,address,uint8,uint256,uint256,uint32,"
      "uint16,uint64,uint64,uint64))",
      "(0,0,(%s,0,%u,%u%s,%u" DEMO_MILLI ",200,2,0,%llu,0))", hex, kind, value,
      kind == 2 ? DEMO_MILLI : "", min_m,
      (unsigned long long)(d->begin_ms / 1000 + 200 * 86400));
}

static err demo_plan(struct demo *d, u32 i, u32 who, const char *name,
                     u32 amount_m, u32 period_d) {
  return cmd_demo_send(d, who, DEMO_ORDERS, 0, &d->plan[i],
      "PlanSaved(uint64,address,bytes)",
      "savePlan(uint64,address,(address,uint256,uint32,uint32,uint16,uint16,"
      "bytes32))", "(0,0,(0,%u" DEMO_MILLI ",%u,0,12,500,%s))", amount_m,
      period_d * 86400, cmd_demo_text(d, "title", name));
}

/* The second shop asks the storefront that wants to be asked. */
static err demo_post(struct demo *d, u32 from) {
  for (u32 i = from; i < 40; i += 4) {
    TRY(cmd_demo_send(d, 1, DEMO_PLATFORM, 0, NULL, NULL,
                      "post(uint64,uint64[])", "(%llu,[%llu])",
                      (unsigned long long)d->listing[i],
                      (unsigned long long)d->platform[1]));
  }
  return ERR_OK;
}

static err demo_open(struct demo *d) {
  TRY(demo_people(d));
  TRY(demo_mediator(d));
  TRY(demo_platforms(d));
  TRY(demo_tables(d));
  TRY(cmd_demo_coin_open(d));
  TRY(cmd_demo_block(d, 3600000));
  for (u32 i = 0; i < cmd_demo_item_cnt; i++) TRY(demo_listing(d, i));
  TRY(demo_coupon(d, 0, "HARBOUR-TEN-PERCENT", 1, 1000, 20000));
  TRY(demo_coupon(d, 1, "LOOM-FIVE-OFF", 2, 5000, 40000));
  TRY(demo_coupon(d, 2, "SECOND-CHAPTER-15", 1, 1500, 10000));
  TRY(demo_plan(d, 0, 0, "Coffee each week: 250 g of what we roast", 11500, 7));
  TRY(demo_plan(d, 1, 2, "A book each month, chosen for you", 9900, 30));
  TRY(cmd_demo_block(d, 2 * 3600000));
  TRY(demo_post(d, 20));
  TRY(cmd_demo_block(d, 3 * 3600000));
  return cmd_demo_court_open(d, 10 * 3600000);
}

/*--------------------------------------------------------------- orders */

static void demo_order_draw(struct demo *d, struct demo_order *o, u32 plan) {
  const struct demo_plan_row *row = &demo_plans[plan];
  u32 age = row->youngest + demo_draw(d, row->oldest - row->youngest + 1u);
  *o = (struct demo_order){.plan = (u8)plan,
                           .day = (u8)(CMD_DEMO_DAYS - 1 - age)};
  const struct cmd_demo_item *it;
  do { /* what is returned is goods; the first shop sells most */
    o->item = demo_draw(d, 3) ? demo_draw(d, cmd_demo_item_cnt)
                              : demo_draw(d, 20);
    it = &cmd_demo_item[o->item];
  } while (it->kind != CMD_DEMO_GOODS || it->stock < 8 ||
           it->price > 120000);
  o->buyer = (u8)(CMD_DEMO_SHOPS + demo_draw(d, CMD_DEMO_BUYERS));
  if (it->shop != 0 && demo_draw(d, 6) == 0) o->buyer = 0;
  o->variant = (u8)demo_draw(d, demo_variant_cnt(it));
  o->qty = (u8)(1 + (demo_draw(d, 3) == 0 && plan < DEMO_NEGOTIATED));
  o->unit = demo_price(it, o->variant);
  u32 goods = o->unit * o->qty;
  u32 shipping = goods >= DEMO_SHIP_FREE ? 0
                 : DEMO_SHIP_BASE + DEMO_SHIP_ITEM * o->qty;
  o->total = goods + (plan == DEMO_INSTANT ? 0 : shipping);
}

static void demo_orders_draw(struct demo *d) {
  for (u32 p = 0; p < DEMO_PLAN_CNT; p++) d->order_cnt += demo_plans[p].cnt;
  d->order = mem_alloc(sizeof *d->order * d->order_cnt);
  for (u32 p = 0, k = 0; p < DEMO_PLAN_CNT; p++) {
    for (u32 i = 0; i < demo_plans[p].cnt; i++) {
      demo_order_draw(d, &d->order[k++], p);
    }
  }
}

static err demo_place(struct demo *d, struct demo_order *o) {
  u32 shop = cmd_demo_item[o->item].shop;
  const char *seller = d->hex[shop];
  if (o->plan == DEMO_INSTANT) {
    return cmd_demo_send(d, o->buyer, DEMO_ORDERS, o->total, &o->id,
        demo_placed, "payInstant(address,address,uint256,bytes32)",
        "(%s,0,%u" DEMO_MILLI ",0)", seller, o->total);
  }
  return cmd_demo_send(d, o->buyer, DEMO_ORDERS, o->total, &o->id, demo_placed,
      "place((address,(uint64,uint32,uint16,uint32)[],bytes8,address,uint256,"
      "uint64,address,uint64,bytes,uint64,uint256,bytes32,bytes32))",
      "((%s,[(%llu,1,%u,%u)]," DEMO_DE ",0,%u" DEMO_MILLI
      ",%llu,0,0,0,0,0,0,0))", seller, (unsigned long long)d->listing[o->item],
      o->variant, o->qty, o->total,
      demo_draw(d, 3) ? 0 : (unsigned long long)d->platform[0]);
}

/* What a letter of a step's arg stands for. */
static const char *demo_word(struct demo *d, const struct demo_order *o,
                             char letter) {
  u32 stars = 2 + (u32)(o->id * 7 % 10 > 1) + (u32)(o->id * 7 % 10 > 4);
  switch (letter) {
    case 'I': return arena_printf(&d->mem, "%llu", (unsigned long long)o->id);
    case 'T': return cmd_demo_text(d, "tracking", arena_printf(&d->mem,
                  "00340%010llu", (unsigned long long)o->id * 7919));
    case 'N': return cmd_demo_text(d, "text", "The colour does not go with the "
                                          "rest. It is unused.");
    case 'S': return arena_printf(&d->mem, "%u", stars + 1);
    case 'V': return cmd_demo_text(d, "text",
                               cmd_demo_praise[stars - 2][o->id % 6]);
    case 'W': return cmd_demo_text(d, "text", cmd_demo_thanks[o->id % 4]);
    case 'H': return arena_printf(&d->mem, "%u" DEMO_MILLI, o->total / 4);
    case 'A': return arena_printf(&d->mem, "%u" DEMO_MILLI, o->total);
    case 'C': return arena_printf(&d->mem, "%llu",
                                  (unsigned long long)o->dispute);
    case 'M': return d->hex[DEMO_OPERATOR];
    default: return arena_printf(&d->mem, "%u" DEMO_MILLI, o->unit * o->qty);
  }
}

/* Both sides of a dispute about less than 200 CMT leave 2 CMT. */
static err demo_step(struct demo *d, struct demo_order *o,
                     const struct demo_step *s) {
  static const struct { const char *start; u32 module, value; } to[] = {
    {"review(", DEMO_MARKET, 0}, {"reply(", DEMO_MARKET, 0},
    {"open(", DEMO_MEDIATION, 2000}, {"join(", DEMO_MEDIATION, 2000},
    {"offer(", DEMO_MEDIATION, 0}, {"acceptOffer(", DEMO_MEDIATION, 0},
    {"escalate(", DEMO_MEDIATION, 0}, {"prefer(", DEMO_MEDIATION, 0},
    {"acceptCase(", DEMO_MEDIATION, 0}, {"submit(", DEMO_MEDIATION, 0}};
  u32 module = DEMO_ORDERS, value = 0;
  u32 who = s->by == 'S'   ? cmd_demo_item[o->item].shop
            : s->by == 'M' ? DEMO_OPERATOR
                           : o->buyer;
  char args[512];
  size_t at = 0;
  for (const char *p = s->arg; *p; p++) {
    const char one[2] = {*p, 0};
    const char *text = *p >= 'A' && *p <= 'Z' ? demo_word(d, o, *p) : one;
    at += (size_t)snprintf(args + at, sizeof args - at, "%s", text);
    MUST(at < sizeof args);
  }
  for (u32 i = 0; i < ARRAY_LEN(to); i++) {
    if (strncmp(s->method, to[i].start, strlen(to[i].start)) != 0) continue;
    module = to[i].module;
    value = to[i].value;
  }
  return cmd_demo_send(d, who, module, value,
                       strncmp(s->method, "open(", 5) ? NULL : &o->dispute,
                   "CaseSaved(uint64,address,address,bytes)", s->method, "%s",
                       args);
}

static err demo_steps_of(struct demo *d, u32 day, char by) {
  for (u32 i = 0; i < d->order_cnt; i++) {
    struct demo_order *o = &d->order[i];
    for (u32 k = 0; k < ARRAY_LEN(demo_steps); k++) {
      const struct demo_step *s = &demo_steps[k];
      bool theirs = s->by == by || (s->by == 'M' && by == 'B');
      if (s->plan != o->plan || !theirs || o->day + s->days != day)
        continue;
      TRY(demo_step(d, o, s));
    }
  }
  return ERR_OK;
}

/*------------------------------------- invoices, milestones, subscriptions */

static const char demo_invoice[] =
    "createInvoice(address,(address,address,uint256,uint256,uint8,uint32,"
    "uint16,uint64,uint64,bytes32,bytes32,uint32,uint32,uint32,uint256[],"
    "uint64[],bytes32[]))";
static const char demo_invoiced[] = "InvoiceSaved(uint64,address,bytes)";
static const char demo_pay[] =
    "payInvoice(uint64,uint256,uint64,address,bytes32)";

static const struct demo_bill {
  u8 day, shop, mode, pay; /* pay: days until it is paid; 0: never */
  u32 amount, lasts_d;
  const char *title;
} demo_bills[] = {
  {6, 0, 1, 2, 240000, 30, "Office coffee, four kilos"},
  {9, 0, 2, 1, 34000, 20, "Market stall: two bags and a dripper"},
  {12, 1, 1, 0, 88000, 10, "Throw in rust, reserved"},
  {18, 1, 1, 3, 156000, 30, "Two lamps for the reading room"},
  {25, 2, 2, 1, 18600, 30, "Books set aside on Saturday"},
  {36, 0, 1, 0, 129000, 30, "Wedding favours: 60 small bags"},
  {38, 0, 2, 0, 22000, 30, "Repair of a grinder"},
  {39, 1, 1, 0, 64000, 30, "Plates, second choice"},
  {40, 2, 2, 0, 9300, 30, "Postage for a heavy atlas"},
};

static err demo_bill(struct demo *d, u32 i) {
  const struct demo_bill *b = &demo_bills[i];
  return cmd_demo_send(d, b->shop, DEMO_ORDERS, 0, &d->invoice[i],
      demo_invoiced, demo_invoice,
      "(0,(0,0,%u" DEMO_MILLI ",0,%u,1,500,0,%llu,%s,0,259200,864000,259200,"
      "[],[],[]))", b->amount, b->mode,
      (unsigned long long)(d->begin_ms / 1000 + (b->day + b->lasts_d) * 86400),
      cmd_demo_text(d, "title", b->title));
}

/* Work in three parts, due in two weeks, four and six. */
static err demo_job(struct demo *d, u32 i, u32 day) {
  static const char *const name[] = {
    "Shelves for a cafe", "Forty lampshades", "Catalogue, text and print",
    "A library put in order"};
  u64 begin = d->begin_ms / 1000 + day * 86400ull;
  const char *doc = cmd_demo_text(d, "title", name[i]);
  return cmd_demo_send(d, i % CMD_DEMO_SHOPS, DEMO_ORDERS, 0, &d->job[i],
      demo_invoiced, demo_invoice, "(0,(0,0,180000" DEMO_MILLI ",0,3,1,500,0,"
      "%llu,%s,0,259200,864000,259200,[60000" DEMO_MILLI ",80000" DEMO_MILLI
      ",40000" DEMO_MILLI "],[%llu,%llu,%llu],[%s,%s,%s]))",
      (unsigned long long)begin + 30 * 86400, doc,
      (unsigned long long)begin + 14 * 86400,
      (unsigned long long)begin + 28 * 86400,
      (unsigned long long)begin + 42 * 86400, doc, doc, doc);
}

/* Each thing done at the turn of a day: the merchants' part, the buyers'. */
static err demo_jobs(struct demo *d, u32 day, char by) {
  static const struct {
    u8 job, day, milestone;
    char by;
    const char *method;
  } row[] = {
    {0, 10, 0, 'S', "submitMilestone(uint64,uint8,bytes32)"},
    {0, 12, 0, 'B', "acceptMilestone(uint64,uint8)"},
    {0, 20, 1, 'S', "submitMilestone(uint64,uint8,bytes32)"},
    {0, 21, 1, 'B', "acceptMilestone(uint64,uint8)"},
    {0, 30, 2, 'S', "submitMilestone(uint64,uint8,bytes32)"},
    {0, 31, 2, 'B', "acceptMilestone(uint64,uint8)"},
    {1, 39, 0, 'S', "submitMilestone(uint64,uint8,bytes32)"},
    {2, 36, 0, 'S', "submitMilestone(uint64,uint8,bytes32)"},
    {2, 38, 0, 'B', "rejectMilestone(uint64,uint8,bytes32)"},
  };
  for (u32 i = 0; i < 4 && by == 'S'; i++) {
    if (day == 3 + (i ? 26 + i : 0)) TRY(demo_job(d, i, day));
  }
  for (u32 i = 0; i < 4 && by == 'B'; i++) {
    if (day != 4 + (i ? 26 + i : 0)) continue;
    TRY(cmd_demo_send(d, CMD_DEMO_SHOPS + i, DEMO_ORDERS, 180000,
                      &d->job_order[i], demo_placed, demo_pay,
                      "(%llu,180000" DEMO_MILLI ",0,0,0)",
                      (unsigned long long)d->job[i]));
  }
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    if (row[i].day != day || row[i].by != by) continue;
    bool note = strstr(row[i].method, "bytes32") != NULL;
    u32 who = by == 'S' ? row[i].job % CMD_DEMO_SHOPS
                        : CMD_DEMO_SHOPS + row[i].job;
    TRY(cmd_demo_send(d, who, DEMO_ORDERS, 0, NULL, NULL, row[i].method,
                  "(%llu,%u%s%s)", (unsigned long long)d->job_order[row[i].job],
                      row[i].milestone, note ? "," : "",
                      note ? cmd_demo_text(d, "text", by == 'S'
                             ? "Done as agreed; pictures are on their way."
                             : "The second row is not straight yet.") : ""));
  }
  return ERR_OK;
}

static err demo_bills_of(struct demo *d, u32 day, char by) {
  for (u32 i = 0; i < ARRAY_LEN(demo_bills); i++) {
    const struct demo_bill *b = &demo_bills[i];
    if (by == 'S' && b->day == day) TRY(demo_bill(d, i));
    if (by != 'B' || !b->pay || b->day + b->pay != day) continue;
    TRY(cmd_demo_send(d, CMD_DEMO_SHOPS + i % CMD_DEMO_BUYERS, DEMO_ORDERS,
                      b->amount, &d->invoice_order[i], demo_placed, demo_pay,
                      "(%llu,%u" DEMO_MILLI ",0,0,0)",
                      (unsigned long long)d->invoice[i], b->amount));
  }
  return ERR_OK;
}

static err demo_subscribe(struct demo *d, u32 day) {
  static const struct { u8 day, who, plan, periods; } row[] = {
    {2, 3, 0, 8}, {5, 4, 0, 2}, {9, 6, 0, 10}, {4, 5, 1, 3}, {11, 7, 1, 1},
    {30, 8, 0, 4}};
  static const u32 amount[2] = {11500, 9900};
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    if (row[i].day != day) continue;
    TRY(cmd_demo_send(d, row[i].who, DEMO_ORDERS,
                      amount[row[i].plan] * row[i].periods, NULL, NULL,
                      "subscribe(uint64,uint16,uint64)", "(%llu,%u,0)",
                  (unsigned long long)d->plan[row[i].plan], row[i].periods));
  }
  return ERR_OK;
}

/*------------------------------------------------------------------ days */

static err demo_day(struct demo *d, u32 day) {
  u64 ms = day * DEMO_DAY_MS;
  TRY(demo_steps_of(d, day, 'S'));
  TRY(demo_bills_of(d, day, 'S'));
  TRY(demo_jobs(d, day, 'S'));
  TRY(cmd_demo_court_day(d, day, 'S'));
  if (day == CMD_DEMO_DAYS - 3) TRY(demo_post(d, 21));
  TRY(cmd_demo_block(d, ms + 4 * 3600000));
  TRY(demo_steps_of(d, day, 'B'));
  TRY(demo_bills_of(d, day, 'B'));
  TRY(demo_jobs(d, day, 'B'));
  TRY(cmd_demo_court_day(d, day, 'B'));
  TRY(demo_subscribe(d, day));
  for (u32 i = 0; i < d->order_cnt; i++) {
    if (d->order[i].day == day) TRY(demo_place(d, &d->order[i]));
  }
  if (day == CMD_DEMO_DAYS - 1) TRY(cmd_demo_coin_orders(d));
  return cmd_demo_block(d, ms + 12 * 3600000);
}

static err demo_story(struct demo *d) {
  TRY(demo_open(d));
  demo_orders_draw(d);
  for (u32 day = 1; day < CMD_DEMO_DAYS; day++) {
    if (d->progress) d->progress->day = day;
    TRY(demo_day(d, day));
  }
  return cmd_demo_block(d, CMD_DEMO_DAYS * DEMO_DAY_MS);
}

/*--------------------------------------------------------------- loading */

/* The development chain's accounts, then those whose keys are hashes. */
static void demo_key(struct demo *d, u32 i) {
  if (i < DEMO_ACCOUNTS) {
    node_dev_account(d->n, i, &d->addr[i], d->key[i]);
  } else {
    const char *seed = arena_printf(&d->mem, "CyberMiles demo account %u", i);
    hash32 key;
    crypto_keccak256(&key, seed, strlen(seed));
    memcpy(d->key[i], key.b, 32);
    MUST(crypto_key_addr(&d->addr[i], d->key[i]) == ERR_OK);
  }
  hex_addr(d->hex[i], &d->addr[i]);
}

/* Where the chain stands: its last block's time, the people's nonces. */
static err demo_stand(struct demo *d) {
  struct node_read *r;
  struct state_source src;
  struct chain_header head;
  hash32 hash;
  TRY(node_read_begin(d->n, &r));
  err e = node_read_header(r, &head, &hash, node_read_head(r));
  if (e == ERR_OK) e = node_read_state(r, &src, node_read_head(r));
  for (u32 i = 0; i < DEMO_PEOPLE && e == ERR_OK; i++) {
    struct state_account account;
    bool found;
    crypto_keccak256(&hash, d->addr[i].b, 20);
    e = src.account(src.ctx, &account, &found, &d->addr[i], &hash);
    d->nonce[i] = e == ERR_OK && found ? account.nonce : 0;
  }
  node_read_end(r);
  u64 old_ms = node_dev_clock_ms(d->n) - CMD_DEMO_DAYS * DEMO_DAY_MS;
  d->begin_ms = old_ms;
  if (e == ERR_OK && head.timestamp * 1000 > old_ms)
    d->begin_ms = head.timestamp * 1000;
  return e < 0 ? err_say(d->msg, e, "cannot read the chain") : ERR_OK;
}

static err demo_check(struct demo *d) {
  struct shop_identity_record_identity who;
  if (!node_info(d->n)->dev)
    return err_say(d->msg, ERR_UNSUPPORTED, "the demo shop moves the chain's "
                   "clock and uses the development accounts: start a chain "
                   "for it with \"cybermiles dev --demo-shop\"");
  for (u32 i = 0; i < DEMO_PEOPLE; i++) demo_key(d, i);
  for (u32 i = 0; i < DEMO_PEOPLE; i++) {
    u256 key = module_key_addr(&d->addr[i]);
    TRY(cmd_demo_record(d, DEMO_IDENTITY, &shop_identity_table_identity, &key,
                        &who));
    if (who.state)
      return err_say(d->msg, ERR_EXISTS, "the demo shop needs a chain of its "
                     "own: on this one account %s has an identity already; "
                     "start another with \"cybermiles dev --demo-shop\" (and "
                     "another --db, if you gave one)", d->hex[i]);
  }
  return demo_stand(d);
}

static struct demo *demo_new(struct node *n, struct errmsg *msg) {
  struct demo *d = mem_alloc(sizeof *d);
  *d = (struct demo){.n = n, .msg = msg, .seed = 20170815};
  arena_init(&d->mem, 1 << 16, 0);
  d->listing = mem_alloc(sizeof *d->listing * cmd_demo_item_cnt);
  return d;
}
static void demo_free(struct demo *d) {
  arena_fini(&d->mem);
  mem_free(d->listing);
  mem_free(d->order);
  mem_free(d);
}

err cmd_demo_check(struct node *n, struct errmsg *msg) {
  struct demo *d = demo_new(n, msg);
  err e = demo_check(d);
  demo_free(d);
  return e;
}

err cmd_demo_fill(struct node *n, struct rpc_server *rpc,
                  struct cmd_demo_progress *progress, struct errmsg *msg) {
  struct demo *d = demo_new(n, msg);
  bool mines = node_dev_is_automine(n);
  u64 every_ms = node_dev_interval_ms(n);
  d->rpc = rpc;
  d->progress = progress;
  err e = demo_check(d);
  if (e == ERR_OK) {
    u64 end_ms = d->begin_ms + CMD_DEMO_DAYS * DEMO_DAY_MS;
    node_dev_automine(n, false);
    node_dev_interval(n, 0);
    e = demo_story(d);
    u64 now_ms = node_clock_ms();
    node_dev_set_time(n, now_ms > end_ms ? now_ms : end_ms);
    node_dev_interval(n, every_ms);
    node_dev_automine(n, mines);
  }
  demo_free(d);
  return e;
}

#undef DEMO_DAY_MS
#undef DEMO_SHIP_BASE
#undef DEMO_SHIP_ITEM
#undef DEMO_SHIP_FREE
#undef DEMO_DE
#undef DEMO_ANY
