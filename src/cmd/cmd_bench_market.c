/* cmd_bench_market.c - bench load --kind market: what its transactions do.
**
** The mix is four acts on the modules Market (0x..1012) and Orders (0x..1013),
** each account beginning with another one:
**
**   act      by      on
**   list     seller  a new listing with one variant
**   place    buyer   1000 wei of a listing that the step STOCK made; held
**   ship     seller  an order of the step ORDER
**   confirm  buyer   an order of ORDER that SEND shipped; pays the seller
**
** So nothing in the mix waits for anything else in it, and blocks may take it
** in any order.  Which order is whose: in a round of ORDER each account buys
** from the one that stands as many places further on as the round says, thus
** each is the seller of one order as well.  Rounds with even numbers are
** shipped in the mix, those with odd ones in SEND.
**
** Ids are of the receipts: within a block the node chooses who is first.
*/
#include "cmd/cmd_bench.h"
#include "codec/abi.h"
#include "crypto/keccak.h"

#define MARKET_ROUNDS 4u /* the mix's, in which each act comes once */
#define MARKET_PRICE 1000u

const char *const cmd_bench_act_name[] = {
#define X(name) #name,
  CMD_BENCH_ACTS(X)
#undef X
};
enum bench_market_module {
  BENCH_IDENTITY = 0x1010, BENCH_MARKET = 0x1012, BENCH_ORDERS = 0x1013
};
/* Limits well above what is used; an account's first of a kind uses most. */
static const struct bench_market_row {
  u16 module;
  u32 gas;
  const char *signature;
} bench_market_rows[] = {
  {BENCH_IDENTITY, 400000, "create(uint8,bytes32,bytes32)"},
  {BENCH_MARKET, 450000,
   "save(uint64,address,(uint8,uint32,bytes32,address,uint256,uint64,uint32,"
   "uint32,uint32,uint16,uint16,uint16,address,uint16,uint64,uint64,uint64),"
   "(uint16,uint256,uint32,bytes32,bool)[])"},
  {BENCH_ORDERS, 550000,
   "place((address,(uint64,uint32,uint16,uint32)[],bytes8,address,uint256,"
   "uint64,address,uint64,bytes,uint64,uint256,bytes32,bytes32))"},
  {BENCH_ORDERS, 220000, "ship(uint64,bytes32)"},
  {BENCH_ORDERS, 380000, "confirm(uint64)"},
};

static u32 bench_market_groups(u32 accounts, u32 txs) {
  u32 rounds = (txs + accounts - 1) / accounts;
  return (rounds + MARKET_ROUNDS - 1) / MARKET_ROUNDS;
}

u32 cmd_bench_market_txs(const struct cmd_bench_market *m,
                         enum cmd_bench_step step, u32 txs) {
  u32 groups = bench_market_groups(m->a->cnt, txs);
  return step == CMD_BENCH_MIX     ? txs
         : step == CMD_BENCH_ORDER ? 2 * groups * m->a->cnt
         : step == CMD_BENCH_SEND  ? groups * m->a->cnt
                                   : m->a->cnt;
}

void cmd_bench_market_init(struct cmd_bench_market *m, u32 txs,
                           const struct cmd_bench_accounts *a) {
  *m = (struct cmd_bench_market){.a = a};
  m->listing = mem_alloc(sizeof *m->listing * a->cnt);
  m->order = mem_alloc(sizeof *m->order *
                       cmd_bench_market_txs(m, CMD_BENCH_ORDER, txs));
}

void cmd_bench_market_fini(struct cmd_bench_market *m) {
  mem_free(m->listing);
  mem_free(m->order);
}

enum cmd_bench_act cmd_bench_market_act(const struct cmd_bench_market *m,
                                        u32 i) {
  static const enum cmd_bench_act alone[] = {
    [CMD_BENCH_JOIN] = CMD_BENCH_join, [CMD_BENCH_STOCK] = CMD_BENCH_list,
    [CMD_BENCH_ORDER] = CMD_BENCH_place, [CMD_BENCH_SEND] = CMD_BENCH_ship};
  if (m->step != CMD_BENCH_MIX) return alone[m->step];
  return CMD_BENCH_list + (i % m->a->cnt + i / m->a->cnt) % MARKET_ROUNDS;
}

bool cmd_bench_market_take(struct cmd_bench_market *m, u32 i,
                           const hash32 *event, u64 id) {
  static const char listed[] = "ListingSaved(uint64,address,uint32,bytes)";
  static const char placed[] = "OrderPlaced(uint64,address,address,bytes)";
  bool stock = m->step == CMD_BENCH_STOCK;
  hash32 want;
  if (!stock && m->step != CMD_BENCH_ORDER) return false;
  crypto_keccak256(&want, stock ? listed : placed,
                   (stock ? sizeof listed : sizeof placed) - 1);
  if (!hash32_eq(&want, event)) return false;
  *(stock ? &m->listing[i] : &m->order[i]) = id;
  return true;
}

/*---------------------------------------------------------------- arguments */

static u32 bench_market_further(const struct cmd_bench_market *m, u32 round) {
  return 1 + round % (m->a->cnt - 1);
}
static u32 bench_market_seller(const struct cmd_bench_market *m, u32 buyer,
                               u32 round) {
  return (u32)(((u64)buyer + bench_market_further(m, round)) % m->a->cnt);
}
static u64 bench_market_bought(const struct cmd_bench_market *m, u32 buyer,
                               u32 round) {
  return m->order[(u64)round * m->a->cnt + buyer];
}
static u64 bench_market_sold(const struct cmd_bench_market *m, u32 seller,
                             u32 round) {
  u32 back = m->a->cnt - bench_market_further(m, round);
  return bench_market_bought(
      m, (u32)(((u64)seller + back) % m->a->cnt), round);
}

static u8 *bench_market_put(u8 *to, const u64 *word, u32 cnt) {
  for (u32 i = 0; i < cnt; i++, to += 32) {
    memset(to, 0, 24);
    store_be64(to + 24, word[i]);
  }
  return to;
}

/* One variant; a day for each step; words in the order of the signature. */
static u8 *bench_market_put_list(u8 *p) {
  static const u64 word[] = {
    0, 0, 1, 5, 77, 0, MARKET_PRICE, 0, 86400, 86400, 86400, 0, 1000, 300, 0,
    0, 0, 0, 0, 640, 1, 0, 0, 1u << 30, 1, 1};
  return bench_market_put(p, word, ARRAY_LEN(word));
}

/* One line, no signature of a coupon. */
static u8 *bench_market_put_place(const struct cmd_bench_market *m, u8 *p,
                                  u32 seller) {
  const u64 word[] = {
    32, 0, 416, 0, 0, MARKET_PRICE, 0, 0, 0, 576, 0, 0, 5, 6,
    1, m->listing[seller], 1, 0, 1, 0};
  u8 *end = bench_market_put(p, word, ARRAY_LEN(word));
  memcpy(p + 32 + 12, m->a->addr[seller].b, 20);
  return end;
}

static u8 *bench_market_put_act(const struct cmd_bench_market *m, u32 i,
                                enum cmd_bench_act act, u8 *p) {
  bool mix = m->step == CMD_BENCH_MIX;
  u32 who = i % m->a->cnt, round = i / m->a->cnt;
  u32 group = mix ? round / MARKET_ROUNDS : round;
  u64 word[3] = {1, 5, 6};
  switch (act) {
    case CMD_BENCH_list: return bench_market_put_list(p);
    case CMD_BENCH_place:
      return bench_market_put_place(m, p, bench_market_seller(m, who, round));
    case CMD_BENCH_ship:
      word[0] = bench_market_sold(m, who, 2 * group + !mix);
      return bench_market_put(p, word, 2);
    case CMD_BENCH_confirm:
      word[0] = bench_market_bought(m, who, 2 * group + 1);
      return bench_market_put(p, word, 1);
    default: return bench_market_put(p, word, 3);
  }
}

void cmd_bench_fill_market(const void *arg, u32 i, struct chain_tx *tx,
                           u8 room[CMD_BENCH_DATA_MAX]) {
  const struct cmd_bench_market *m = arg;
  enum cmd_bench_act act = cmd_bench_market_act(m, i);
  const struct bench_market_row *row = &bench_market_rows[act];
  abi_selector(room, row->signature);
  u8 *end = bench_market_put_act(m, i, act, room + 4);
  tx->to.b[18] = (u8)(row->module >> 8);
  tx->to.b[19] = (u8)row->module;
  tx->value = u256_from(act == CMD_BENCH_place ? MARKET_PRICE : 0);
  tx->data = slice_of(room, (size_t)(end - room));
  tx->gas_limit = row->gas;
}

#undef MARKET_ROUNDS
#undef MARKET_PRICE
