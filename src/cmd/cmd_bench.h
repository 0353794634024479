/* cmd_bench.h - what the load generator and the benchmarks share: accounts
** whose keys follow from their number, a genesis that funds them, and signed
** transactions among them. */
#ifndef CMD_CMD_BENCH_H
#define CMD_CMD_BENCH_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "chain/chain_tx.h"

#define CMD_BENCH_CHAIN_ID 1129140297ull
#define CMD_BENCH_ACCOUNT_MAX 2000000u
#define CMD_BENCH_TX_MAX 10000000u
#define CMD_BENCH_TRANSFER_GAS 21000u
#define CMD_BENCH_ERC20_GAS 60000u /* limit; about 34,200 are used */

struct cmd_bench_accounts {
  u32 first, cnt;
  u8 (*key)[32];
  addr20 *addr;
};
/* Key number n is keccak256("cybermiles bench " || n as 8 bytes); account i
** has number first + i. */
void cmd_bench_accounts_init(struct cmd_bench_accounts *a, u32 first, u32 cnt,
                             const struct par *par);
void cmd_bench_accounts_fini(struct cmd_bench_accounts *a);

/* The token's code at run time, 0x-hex (cmd_bench.c has its source). */
extern const char cmd_bench_token_code[];

/* What a chain for benchmarks is made with; 0: as the chain has it. */
struct cmd_bench_chain {
  bool token;       /* a contract in which each account holds 10^24 */
  u32 staked;       /* so many of the accounts have the same stake each */
  u32 gas_limit;    /* of a block */
  u32 interval_ms;  /* between blocks */
};
/* Genesis JSON: 1,000,000 CMT for each account. */
void cmd_bench_genesis(struct buf *out, const struct cmd_bench_accounts *a,
                       const struct cmd_bench_chain *c);

/* Transaction i goes from account i % accounts, with nonce nonce[sender] + i /
** accounts (nonce NULL: zeros).  Type 2, tip 1 gwei, fee 2 gwei, so that
** chains with fees take it too.  fill says what it does: to, value, gas_limit
** and data, for which there is room; it is called by several threads. */
#define CMD_BENCH_DATA_MAX 1024u
typedef void cmd_bench_fill(const void *arg, u32 i, struct chain_tx *tx,
                            u8 room[CMD_BENCH_DATA_MAX]);
/* 1 wei, or 1 unit of the token, to an account further on; arg: const struct
** cmd_bench_accounts *. */
cmd_bench_fill cmd_bench_fill_transfer, cmd_bench_fill_erc20;
/* Of nothing, to an account further on: for those who own nothing. */
cmd_bench_fill cmd_bench_fill_flood;
struct cmd_bench_txs {
  u32 cnt;
  slice *raw;
  hash32 *hash;
  struct arena *arena; /* one for each slice of work */
  u32 arena_cnt;
};
void cmd_bench_txs_init(struct cmd_bench_txs *t, u32 cnt,
                        const struct cmd_bench_accounts *a, const u64 *nonce,
                        u64 chain_id, cmd_bench_fill *fill, const void *arg,
                        const struct par *par);
void cmd_bench_txs_fini(struct cmd_bench_txs *t);

/* A trade on the Market (cmd_bench_market.c).  Steps, each when the one before
** is in blocks; all but the last prepare: */
enum cmd_bench_step {
  CMD_BENCH_JOIN,  /* an identity each; fails for those who have one */
  CMD_BENCH_STOCK, /* a listing each, of plenty */
  CMD_BENCH_ORDER, /* orders of these: two for each four rounds of the mix */
  CMD_BENCH_SEND,  /* every second of them is shipped */
  CMD_BENCH_MIX    /* what is measured: list, place, ship, confirm in turn */
};
#define CMD_BENCH_ACTS(X) \
  X(join) X(list) X(place) X(ship) X(confirm)
enum cmd_bench_act {
#define X(name) CMD_BENCH_##name,
  CMD_BENCH_ACTS(X)
#undef X
  CMD_BENCH_ACT_CNT
};
extern const char *const cmd_bench_act_name[CMD_BENCH_ACT_CNT];
struct cmd_bench_market {
  const struct cmd_bench_accounts *a;
  enum cmd_bench_step step;
  u64 *listing; /* of each account */
  u64 *order;   /* of each transaction of CMD_BENCH_ORDER */
};
/* txs: of the mix; at most CMD_BENCH_TX_MAX, as the steps are. */
void cmd_bench_market_init(struct cmd_bench_market *m, u32 txs,
                           const struct cmd_bench_accounts *a);
void cmd_bench_market_fini(struct cmd_bench_market *m);
/* How many transactions a step has; what its i-th does; arg: const struct
** cmd_bench_market *. */
u32 cmd_bench_market_txs(const struct cmd_bench_market *m,
                         enum cmd_bench_step step, u32 txs);
enum cmd_bench_act cmd_bench_market_act(const struct cmd_bench_market *m,
                                        u32 i);
cmd_bench_fill cmd_bench_fill_market;
/* Of the i-th transaction's logs: whether this one (topic[0] the event) tells
** the id that later steps name; then id is kept. */
bool cmd_bench_market_take(struct cmd_bench_market *m, u32 i,
                           const hash32 *event, u64 id);

enum cmd_bench_kind {
  CMD_BENCH_TRANSFER, CMD_BENCH_ERC20, CMD_BENCH_MARKET,
  CMD_BENCH_FLOOD, /* of load alone: refusals are counted, blocks not awaited */
  CMD_BENCH_KIND_CNT
};
extern const char *const cmd_bench_kind_name[CMD_BENCH_KIND_CNT];

struct cmd_bench_load {
  const char *url;
  enum cmd_bench_kind kind;
  u32 txs, accounts, batch, conns;
  u32 first;  /* number of the first account */
  u32 window; /* most transactions sent and not yet in a block */
  u32 rate;   /* transactions a second; 0: as fast as they go */
  u32 stages; /* 1: what each of the node's stages took */
  u32 pid;    /* the server's, to read its CPU time; 0: not known */
};
/* Signs, sends, waits, prints one JSON line. */
err cmd_bench_run(const struct cmd_bench_load *l, struct errmsg *msg) MUST_USE;
/* bench evm: its own arguments, argv[0] is "evm".  Exit code. */
int cmd_bench_evm(int argc, char **argv);
#endif
