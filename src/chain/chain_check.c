/* chain_check.c - what a transaction must satisfy before any state is read,
** and the gas it costs before its first step.
**
** Intrinsic gas: 21000, a creation 32000 more (EIP-2), data 4 a zero byte and
** 68, from Istanbul 16 (EIP-2028), another; access lists 2400 an address and
** 1900 a slot (EIP-2930); init code 2 a word (EIP-3860); 25000 an
** authorization (EIP-7702).  Floor (EIP-7623): 21000 + 10 a token, a zero
** byte being one token, another four.
*/
#include "chain/chain_exec.h"

enum {
  CHAIN_GAS_TX = 21000,
  CHAIN_GAS_CREATE = 32000,
  CHAIN_GAS_ZERO = 4,
  CHAIN_GAS_NONZERO_OLD = 68,
  CHAIN_GAS_NONZERO = 16,
  CHAIN_GAS_ACCESS_ADDR = 2400,
  CHAIN_GAS_ACCESS_SLOT = 1900,
  CHAIN_GAS_INIT_WORD = 2,
  CHAIN_GAS_AUTH = 25000,
  CHAIN_GAS_FLOOR_TOKEN = 10,
  CHAIN_INIT_CODE_MAX = 49152,       /* EIP-3860 */
  CHAIN_CHECK_GAS_CAP = 16777216,       /* EIP-7825 */
  CHAIN_TX_BLOB_MAX = 6              /* EIP-7594, from Osaka */
};

const char *chain_verdict_text(enum chain_verdict v) {
  static const char *const text[] = {
    "ok",
#define VERDICT(name, text) text,
#include "chain/verdict.def"
#undef VERDICT
  };
  return text[v];
}

static u64 chain_zero_cnt(slice data) {
  u64 cnt = 0;
  for (size_t i = 0; i < data.len; i++) cnt += data.ptr[i] == 0;
  return cnt;
}

u64 chain_tx_intrinsic_gas(const struct chain_tx *tx, enum evm_fork fork) {
  u64 gas = CHAIN_GAS_TX, zeros = chain_zero_cnt(tx->data);
  if (!tx->has_to && fork >= EVM_HOMESTEAD) gas += CHAIN_GAS_CREATE;
  gas += zeros * CHAIN_GAS_ZERO;
  gas += (tx->data.len - zeros) *
         (fork >= EVM_ISTANBUL ? CHAIN_GAS_NONZERO : CHAIN_GAS_NONZERO_OLD);
  for (u32 i = 0; i < tx->access_cnt; i++)
    gas += CHAIN_GAS_ACCESS_ADDR +
           (u64)tx->access[i].slot_cnt * CHAIN_GAS_ACCESS_SLOT;
  if (!tx->has_to && fork >= EVM_SHANGHAI)
    gas += (tx->data.len + 31) / 32 * CHAIN_GAS_INIT_WORD;
  return gas + (u64)tx->auth_cnt * CHAIN_GAS_AUTH;
}

u64 chain_tx_floor_gas(const struct chain_tx *tx, enum evm_fork fork) {
  if (fork < EVM_PRAGUE) return 0;
  u64 zeros = chain_zero_cnt(tx->data);
  u64 tokens = zeros + 4 * (tx->data.len - zeros);
  return CHAIN_GAS_TX + tokens * CHAIN_GAS_FLOOR_TOKEN;
}

static enum chain_verdict chain_check_type(const struct chain_tx *tx,
                                           const struct chain_rules *rules) {
  static const enum evm_fork since[CHAIN_TX_TYPE_MAX + 1] = {
    EVM_FRONTIER, EVM_BERLIN, EVM_LONDON, EVM_CANCUN, EVM_PRAGUE};
  if (tx->type > CHAIN_TX_TYPE_MAX || rules->fork < since[tx->type])
    return CHAIN_TYPE;
  if (tx->type == 3 && !rules->fees) return CHAIN_BLOB_POOL;
  if (tx->protected && rules->fork < EVM_SPURIOUS) return CHAIN_CHAIN_ID;
  if (tx->protected && tx->chain_id != rules->chain_id) return CHAIN_CHAIN_ID;
  if (!tx->protected && !rules->allow_unprotected) return CHAIN_UNPROTECTED;
  if (rules->fork >= EVM_HOMESTEAD && crypto_sig_s_is_high(tx->sig.s))
    return CHAIN_SIGNATURE;
  return CHAIN_OK;
}

static enum chain_verdict chain_check_blobs(const struct chain_tx *tx,
                                            const struct chain_rules *rules) {
  if (!tx->has_to) return CHAIN_BLOB_CREATE;
  if (tx->blob_cnt == 0) return CHAIN_BLOB_NONE;
  if (tx->blob_cnt > rules->blob_max ||
      (rules->fork >= EVM_OSAKA && tx->blob_cnt > CHAIN_TX_BLOB_MAX))
    return CHAIN_BLOB_TOO_MANY;
  for (u32 i = 0; i < tx->blob_cnt; i++)
    if (tx->blob_hash[i].b[0] != 1) return CHAIN_BLOB_VERSION;
  return CHAIN_OK;
}

enum chain_verdict chain_tx_check_gas(const struct chain_tx *tx,
                                      const struct chain_rules *rules) {
  u64 cap = rules->tx_gas_cap;
  if (cap == 0 && rules->fork >= EVM_OSAKA) cap = CHAIN_CHECK_GAS_CAP;
  if (cap != 0 && tx->gas_limit > cap) return CHAIN_TX_GAS_CAP;
  if (rules->fork >= EVM_SHANGHAI && !tx->has_to &&
      tx->data.len > CHAIN_INIT_CODE_MAX)
    return CHAIN_INIT_CODE_SIZE;
  if (tx->gas_limit < chain_tx_intrinsic_gas(tx, rules->fork))
    return CHAIN_INTRINSIC_GAS;
  if (tx->gas_limit < chain_tx_floor_gas(tx, rules->fork))
    return CHAIN_FLOOR_GAS;
  return CHAIN_OK;
}

enum chain_verdict chain_tx_check(const struct chain_tx *tx,
                                  const struct chain_rules *rules,
                                  u64 block_gas_limit) {
  enum chain_verdict v = chain_check_type(tx, rules);
  if (v != CHAIN_OK) return v;
  if (tx->nonce == UINT64_MAX) return CHAIN_NONCE_MAX;
  if (tx->gas_limit > block_gas_limit) return CHAIN_EXCEEDS_BLOCK_GAS;
  if (rules->fees && tx->type >= 2 &&
      u256_lt(&tx->gas_price, &tx->max_priority_fee))
    return CHAIN_TIP_ABOVE_FEE;
  u256 cost = u256_from(tx->gas_limit);
  if (rules->fees && u256_mul_over(&cost, &cost, &tx->gas_price))
    return CHAIN_FUNDS_GAS; /* over any balance */
  if (tx->type == 3) {
    v = chain_check_blobs(tx, rules);
    if (v != CHAIN_OK) return v;
  }
  if (tx->type == 4 && !tx->has_to) return CHAIN_AUTH_CREATE;
  if (tx->type == 4 && tx->auth_cnt == 0) return CHAIN_AUTH_EMPTY;
  return chain_tx_check_gas(tx, rules);
}
