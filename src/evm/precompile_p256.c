/* precompile_p256.c - 0x100, ECDSA on P-256 (EIP-7951): digest, r, s, x, y, 32
** bytes each -> the word 1, or nothing when the signature does not hold or
** the input is not 160 bytes.  High s is allowed.  Never fails. */
#include "crypto/p256.h"
#include "evm/precompile.h"

u64 evm_price_p256_verify(enum evm_fork fork, slice in) {
  (void)fork, (void)in;
  return 6900;
}

bool evm_run_p256_verify(struct evm_frame *f, enum evm_fork fork, slice in) {
  (void)fork;
  if (in.len != 160 ||
      !crypto_p256_verify(in.ptr, in.ptr + 32, in.ptr + 96)) {
    return true;
  }
  u8 *out = evm_precompile_out(f, 32);
  memset(out, 0, 31);
  out[31] = 1;
  return true;
}
