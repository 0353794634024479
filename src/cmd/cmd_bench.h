/* cmd_bench.h - what the load generator and the benchmarks share: accounts
** whose keys follow from their number, a genesis that funds them, and signed
** transactions among them. */
#ifndef CMD_CMD_BENCH_H
#define CMD_CMD_BENCH_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

#define CMD_BENCH_CHAIN_ID 1129140297ull
#define CMD_BENCH_ACCOUNT_MAX 2000000u
#define CMD_BENCH_TX_MAX 10000000u
#define CMD_BENCH_TRANSFER_GAS 21000u
#define CMD_BENCH_ERC20_GAS 60000u /* limit; about 34,200 are used */

struct cmd_bench_accounts {
  u32 cnt;
  u8 (*key)[32];
  addr20 *addr;
};
/* Account i's key is keccak256("cybermiles bench " || i as 8 bytes). */
void cmd_bench_accounts_init(struct cmd_bench_accounts *a, u32 cnt,
                             const struct par *par);
void cmd_bench_accounts_fini(struct cmd_bench_accounts *a);

/* The token's code at run time, 0x-hex (cmd_bench.c has its source). */
extern const char cmd_bench_token_code[];

/* Genesis JSON: 1,000,000 CMT for each account, and with token a contract in
** which each holds 10^24; with credits each has the same stake. */
void cmd_bench_genesis(struct buf *out, const struct cmd_bench_accounts *a,
                       bool token, bool credits);

/* Transaction i goes from account i % accounts to one further on, with nonce
** nonce[sender] + i / accounts (nonce NULL: zeros).  Type 2, tip 1 gwei, fee
** 2 gwei, so that chains with fees take it too. */
struct cmd_bench_txs {
  u32 cnt;
  slice *raw;
  hash32 *hash;
  struct arena *arena; /* one for each slice of work */
  u32 arena_cnt;
};
void cmd_bench_txs_init(struct cmd_bench_txs *t, u32 cnt,
                        const struct cmd_bench_accounts *a, const u64 *nonce,
                        u64 chain_id, bool erc20, const struct par *par);
void cmd_bench_txs_fini(struct cmd_bench_txs *t);

struct cmd_bench_load {
  const char *url;
  bool erc20;
  u32 txs, accounts, batch, conns;
  u32 window; /* most transactions sent and not yet in a block */
  u32 pid;    /* the server's, to read its CPU time; 0: not known */
};
/* Signs, sends, waits, prints one JSON line. */
err cmd_bench_run(const struct cmd_bench_load *l, struct errmsg *msg) MUST_USE;
/* bench evm: its own arguments, argv[0] is "evm".  Exit code. */
int cmd_bench_evm(int argc, char **argv);
#endif
