/* precompile_bn254.c - 0x06 to 0x08 on BN254 (EIP-196, EIP-197; prices of
** EIP-1108 from Istanbul on).  Inputs of add and mul are cut or filled up
** with zeros; the pairing takes whole pairs only, none at all is true. */
#include "crypto/bn254.h"
#include "evm/precompile.h"

enum { PRECOMPILE_BN254_PAIR = 192 };

u64 evm_price_bn254_add(enum evm_fork fork, slice in) {
  (void)in;
  return fork >= EVM_ISTANBUL ? 150 : 500;
}

bool evm_run_bn254_add(struct evm_frame *f, enum evm_fork fork, slice in) {
  (void)fork;
  u8 arg[128];
  evm_precompile_read(arg, in, 0, sizeof arg);
  return crypto_bn254_add(evm_precompile_out(f, 64), arg) == ERR_OK;
}

u64 evm_price_bn254_mul(enum evm_fork fork, slice in) {
  (void)in;
  return fork >= EVM_ISTANBUL ? 6000 : 40000;
}

bool evm_run_bn254_mul(struct evm_frame *f, enum evm_fork fork, slice in) {
  (void)fork;
  u8 arg[96];
  evm_precompile_read(arg, in, 0, sizeof arg);
  return crypto_bn254_mul(evm_precompile_out(f, 64), arg) == ERR_OK;
}

u64 evm_price_bn254_pairing(enum evm_fork fork, slice in) {
  u64 pairs = in.len / PRECOMPILE_BN254_PAIR;
  return fork >= EVM_ISTANBUL ? 45000 + 34000 * pairs : 100000 + 80000 * pairs;
}

bool evm_run_bn254_pairing(struct evm_frame *f, enum evm_fork fork, slice in) {
  (void)fork;
  bool one;
  if (crypto_bn254_pairing(&one, in) < 0) return false;
  u8 *out = evm_precompile_out(f, 32);
  memset(out, 0, 31);
  out[31] = one;
  return true;
}
