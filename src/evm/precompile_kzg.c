/* precompile_kzg.c - 0x0a, KZG point evaluation (EIP-4844). */
#include "evm/precompile.h"

u64 evm_price_kzg_point(enum evm_fork fork, slice in) {
  (void)fork, (void)in;
  return 50000;
}
