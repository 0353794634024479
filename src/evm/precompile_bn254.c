/* precompile_bn254.c - 0x06 to 0x08 on BN254 (EIP-196, EIP-197; prices of
** EIP-1108 from Istanbul on). */
#include "evm/precompile.h"

u64 evm_price_bn254_add(enum evm_fork fork, slice in) {
  (void)in;
  return fork >= EVM_ISTANBUL ? 150 : 500;
}

u64 evm_price_bn254_mul(enum evm_fork fork, slice in) {
  (void)in;
  return fork >= EVM_ISTANBUL ? 6000 : 40000;
}

u64 evm_price_bn254_pairing(enum evm_fork fork, slice in) {
  u64 pairs = in.len / 192;
  return fork >= EVM_ISTANBUL ? 45000 + 34000 * pairs : 100000 + 80000 * pairs;
}
