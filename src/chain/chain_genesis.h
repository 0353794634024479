/* chain_genesis.h - the genesis file: JSON in geth's form (config, header
** fields, alloc) and, for this chain, a `cybermiles` object:
**
**   "cybermiles": {
**     "version": 1,
**     "validators": [{"address": "0x..", "consensusKey": "0x02..",
**                     "power": 1}],
**     "parameters": {"block_interval_ms": 1000, ...},   (chain_param.def)
**     "switches": {"unprotected_txs": true, "dev_edits": false,
**                  "commerce": true},
**     "credits": true | false | {                        (default: false)
**       "stakes": {"0x..": "wei"},
**       "parameters": {"base_after_s": 0, ...}           (dpos/credits.def)
**     }
**   }
**
** With it, every Ethereum rule set through Osaka is active from genesis, no
** fees are taken, and alloc is completed with the history contract (EIP-2935)
** and the modules' addresses (one byte of code, 0xfe).  Without it the file
** is plain Ethereum's, with the fork schedule of config.
**
** The own chain's genesis header commits to all: alloc by its state root, the
** chain id, parameters, switches and validators by mixHash, which is also
** the first beacon: keccak256 of the canonical text of the `cybermiles`
** object, after the chain id (8 bytes, big-endian).
*/
#ifndef CHAIN_GENESIS_H
#define CHAIN_GENESIS_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/u256.h"
#include "chain/chain_block.h"
#include "chain/chain_exec.h"
#include "chain/chain_fork.h"
#include "codec/json.h"
#include "dpos/dpos_credit.h"
#include "state/state.h"

#define CHAIN_ID_MAX 4503599627370476ull /* what wallets take */
#define CHAIN_GENESIS_ACCOUNT_MAX 4000000u
#define CHAIN_GENESIS_SLOT_MAX 4000000u   /* of one account */
#define CHAIN_VALIDATOR_MAX 100u
#define CHAIN_STAKE_MAX 2000000u
#define CHAIN_GAS_PER_SECOND 500000000ull

struct chain_genesis_slot { u256 slot, val; };
struct chain_genesis_account {
  addr20 addr;
  u32 slot_cnt;
  u64 nonce;
  u256 balance;
  slice code;
  const struct chain_genesis_slot *slot;
};
struct chain_genesis_validator {
  addr20 operator_addr;
  bool has_key;
  u8 key[33];             /* compressed secp256k1, consensus key */
  u64 power;
};
struct chain_genesis_stake { /* counts for credits until staking exists */
  addr20 account;
  u64 gwei;
} __attribute__((packed));  /* there may be millions */
enum chain_param {
#define PARAM(name, dflt, min, max) CHAIN_PARAM_##name,
#include "chain/chain_param.def"
#undef PARAM
  CHAIN_PARAM_CNT
};

struct chain_genesis {
  bool own;               /* has a cybermiles object */
  u64 chain_id;           /* 0 (own only): not named, to be drawn and set
                          ** before chain_genesis_build or _write */
  struct chain_schedule schedule;
  /* Number, time, gas limit, coinbase, ...; state root, mix hash of an own
  ** chain are filled by chain_genesis_build. */
  struct chain_header header;
  struct chain_genesis_account *account; /* ascending by addr */
  u32 account_cnt;
  struct chain_genesis_validator *validator; /* in the file's order */
  u32 validator_cnt;
  addr20 deposit_contract; /* EIP-6110; the main network's unless named */
  u64 param[CHAIN_PARAM_CNT];
  bool param_given[CHAIN_PARAM_CNT];
  bool unprotected_txs;   /* pre-EIP-155 transactions valid in blocks */
  bool dev_edits;         /* what chain_edit.h tells is valid in blocks */
  bool commerce;          /* the modules of commerce, scheduler and beacon */
  bool credits;           /* transactions are paid with credits */
  struct chain_genesis_stake *stake; /* ascending by account */
  u32 stake_cnt;
  u64 credit_param[DPOS_CREDIT_PARAM_CNT];
  bool credit_given[DPOS_CREDIT_PARAM_CNT];
};

/* Parses and checks a file; ERR_INPUT, ERR_RANGE with a message that names the
** key and what is wrong with it.  All of out lives in the arena. */
err chain_genesis_parse(struct chain_genesis *out, slice json,
                        struct arena *a, struct errmsg *msg) MUST_USE;

/* The same for a large text; watch may be NULL (json.h). */
err chain_genesis_parse_watched(struct chain_genesis *out, slice json,
                                const struct json_watch *watch,
                                struct arena *a, struct errmsg *msg) MUST_USE;

/* The same without alloc, which may be absent: what a node needs once the
** genesis block is made. */
err chain_genesis_parse_settings(struct chain_genesis *out, slice json,
                                 struct arena *a, struct errmsg *msg) MUST_USE;

/* The chain of `run` with nothing set up, and of `dev`: one validator; the
** accounts get balance each.  consensus_key may be NULL.  chain_id not 0. */
void chain_genesis_default(struct chain_genesis *out, u64 chain_id,
                           const addr20 *operator_addr,
                           const u8 consensus_key[33], u64 time_s,
                           const addr20 *accounts, u32 account_cnt,
                           const u256 *balance, struct arena *a);
/* Credits on, the base allowance at once, and stake for one account (any number
** of gwei). */
void chain_genesis_set_credits(struct chain_genesis *g, const addr20 *staked,
                               u64 gwei, struct arena *a);
#define CHAIN_DEV_ID 31337u
#define CHAIN_DEV_ACCOUNTS 10u
#define CHAIN_DEV_BALANCE_CMT 10000u

/* Canonical JSON text: parsed again it gives the same genesis hash. */
void chain_genesis_write(struct buf *out, const struct chain_genesis *g);
/* That text without alloc and stakes: it no longer tells the block's hash. */
void chain_genesis_write_settings(struct buf *out,
                                  const struct chain_genesis *g);

/* The difference from nothing to the genesis state, its trie nodes, the header
** and its hash; all in the arena. */
err chain_genesis_build(struct state_diff *diff, struct state_root *root,
                        struct chain_header *header, hash32 *hash,
                        const struct chain_genesis *g, const struct par *par,
                        struct arena *a) MUST_USE;

/* Header and hash of block 0 with this state root. */
void chain_genesis_head(struct chain_header *header, hash32 *hash,
                        const struct chain_genesis *g, const hash32 *root);

/* The rules of a block of this chain.  For an own chain they hold from genesis
** on; allow_unprotected is what blocks may hold: the pool's copy is the
** operator's choice. */
void chain_rules_at(struct chain_rules *out, const struct chain_genesis *g,
                    u64 number, u64 time_s);
/* The same for a block whose header is known. */
void chain_rules_for(struct chain_rules *out, const struct chain_genesis *g,
                     const struct chain_header *h);
/* Gas limit of a block of an own chain. */
u64 chain_genesis_gas_limit(const struct chain_genesis *g);
/* keccak256(rlp([[operator, consensus key, power], ...])). */
void chain_validators_hash(hash32 *out, const struct chain_genesis_validator *v,
                           u32 cnt);

/* Addresses of modules (SPEC section 4): 0x..1001-1006, 0x..1010-101f. */
bool chain_is_module(const addr20 *a);
extern const addr20 CHAIN_HISTORY_ADDR; /* EIP-2935 */
#endif
