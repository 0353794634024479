/* chain_fork.h - which rules hold at a block: the fork schedule.
**
** A schedule is one activation per rule set, by block number up to Paris and
** by header timestamp from Shanghai on (EIP-6953), in geth's genesis keys; and
** rows of blob parameters (EIP-7840, EIP-7892).  This chain's own schedule is
** everything through Osaka from genesis, without fees and system calls.
*/
#ifndef CHAIN_FORK_H
#define CHAIN_FORK_H
#include "base/base.h"
#include "chain/chain_exec.h"
#include "evm/evm.h"

#define CHAIN_FORK_NEVER UINT64_MAX
#define CHAIN_BLOB_ROW_MAX 16
#define CHAIN_GAS_PER_BLOB 131072u /* EIP-4844 */

enum { /* rows of chain_fork.def */
  CHAIN_FORK_KEY_CNT = 0
#define FORK_KEY(key, fork) + 1
#include "chain/chain_fork.def"
};

struct chain_blob_row {
  char name[8];           /* "cancun", "bpo1", ...: geth's key */
  u64 time;               /* in force from this header timestamp on */
  u64 target, max, update_fraction;
};
struct chain_schedule {
  u64 at[EVM_FORK_CNT];   /* block number; timestamp from Shanghai on */
  u64 quiet[CHAIN_FORK_KEY_CNT]; /* block number of the forks that change
                          ** nothing that is executed here, by their row */
  bool merges;            /* at a total difficulty: seen by a header without
                          ** difficulty */
  struct chain_blob_row blob[CHAIN_BLOB_ROW_MAX]; /* ascending by time */
  u32 blob_cnt;
};

/* Frontier only; all others never. */
void chain_schedule_init(struct chain_schedule *s);
/* Every fork up to last from genesis, with Ethereum's blob parameters. */
void chain_schedule_all(struct chain_schedule *s, enum evm_fork last);
enum evm_fork chain_fork_at(const struct chain_schedule *s, u64 number,
                            u64 time);
/* Plain Ethereum: fees on, system calls on. */
void chain_rules_ethereum(struct chain_rules *out,
                          const struct chain_schedule *s, u64 chain_id,
                          u64 number, u64 time);
/* The same for a header, which tells when the merge came. */
struct chain_header;
void chain_rules_of_header(struct chain_rules *out,
                           const struct chain_schedule *s, u64 chain_id,
                           const struct chain_header *h);
/* EIP-4844 fake_exponential(1, excess, fraction); a result over 2^256-1 is
** that. */
void chain_blob_base_fee(u256 *out, u64 excess, u64 update_fraction);
#endif
