/* precompile_ecrecover.c - 0x01: digest (32), v (32: 27 or 28), r (32), s (32)
** -> the signer's address, left-padded to 32 bytes.
**
** A bad signature is no failure: the output is empty.  High s is allowed. */
#include "crypto/secp256k1.h"
#include "evm/precompile.h"

u64 evm_price_ecrecover(enum evm_fork fork, slice in) {
  (void)fork, (void)in;
  return 3000;
}

bool evm_run_ecrecover(struct evm_frame *f, enum evm_fork fork, slice in) {
  (void)fork;
  u8 arg[128];
  hash32 digest;
  struct sig65 sig;
  addr20 signer;
  u256 v;
  evm_precompile_read(arg, in, 0, sizeof arg);
  u256_from_be(&v, arg + 32);
  if (!u256_fits64(&v) || (v.w[0] != 27 && v.w[0] != 28)) return true;
  memcpy(digest.b, arg, 32);
  memcpy(sig.r, arg + 64, 32);
  memcpy(sig.s, arg + 96, 32);
  sig.v = (u8)(v.w[0] - 27);
  if (!crypto_sig_in_range(&sig) ||
      crypto_recover_addr(&signer, &digest, &sig) < 0) {
    return true;
  }
  u8 *out = evm_precompile_out(f, 32);
  memset(out, 0, 12);
  memcpy(out + 12, signer.b, 20);
  return true;
}
