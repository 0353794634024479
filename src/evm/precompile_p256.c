/* precompile_p256.c - 0x100, ECDSA verification on P-256 (EIP-7951). */
#include "evm/precompile.h"

u64 evm_price_p256_verify(enum evm_fork fork, slice in) {
  (void)fork, (void)in;
  return 6900;
}
