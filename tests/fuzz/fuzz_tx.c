/* fuzz_tx.c - a transaction that decodes encodes to the same bytes, has one
** signing hash whichever way it is made, and its sender stays the same. */
#include "chain/chain_exec.h"
#include "chain/chain_fork.h"
#include "codec/rlp.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  static bool ready;
  struct arena a;
  struct chain_tx tx, again;
  struct chain_schedule s;
  struct chain_rules rules;
  struct errmsg msg = {""};
  struct buf b;
  hash32 x, y;
  if (!ready) crypto_init(NULL);
  ready = true;
  arena_init(&a, 1 << 16, 1 << 24);
  buf_init(&b, 0);
  err e = chain_tx_decode(&tx, slice_of(data, len), &a, &msg);
  MUST(e == ERR_OK || msg.text[0]);
  if (e == ERR_OK && tx.type == CHAIN_TX_TYPE_SYSTEM) { /* unsigned */
    chain_tx_system(&again, tx.chain_id, tx.nonce, &a);
    MUST(slice_eq(again.raw, slice_of(data, len)));
    MUST(hash32_eq(&again.hash, &tx.hash));
  } else if (e == ERR_OK) {
    MUST(tx.raw.len == len && tx.type <= CHAIN_TX_TYPE_MAX);
    chain_tx_encode(&b, &tx);
    MUST(slice_eq(buf_slice(&b), tx.raw));
    chain_tx_signing_hash(&x, &tx);
    again = tx;
    again.body = slice_of(NULL, 0);
    chain_tx_signing_hash(&y, &again);
    MUST(hash32_eq(&x, &y));
    if (chain_tx_sender(&tx) == ERR_OK) {
      MUST(tx.has_sender && chain_tx_sender(&again) == ERR_OK);
      MUST(addr20_eq(&tx.sender, &again.sender));
    }
    chain_schedule_all(&s, EVM_OSAKA);
    chain_rules_ethereum(&rules, &s, tx.chain_id, 1, 1);
    rules.fees = data[len - 1] & 1;
    if (chain_tx_check(&tx, &rules, 30000000) == CHAIN_OK)
      MUST(tx.gas_limit >= chain_tx_intrinsic_gas(&tx, EVM_OSAKA));
  }
  buf_fini(&b);
  arena_fini(&a);
  return 0;
}
