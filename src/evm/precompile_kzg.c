/* precompile_kzg.c - 0x0a, KZG point evaluation (EIP-4844): versioned hash
** (32), z (32), y (32), commitment (48), proof (48).
**
** Output: the field elements of a blob (4096) and the order of the group, 32
** bytes each.  Fails on another length, a commitment of another hash, and a
** proof that does not hold. */
#include "crypto/kzg.h"
#include "evm/precompile.h"

enum { PRECOMPILE_KZG_LEN = 192 };

static const u8 precompile_kzg_out[64] = {
  [30] = 0x10,
  [32] = 0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8,
  0x08, 0x09, 0xa1, 0xd8, 0x05, 0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b,
  0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01
};

u64 evm_price_kzg_point(enum evm_fork fork, slice in) {
  (void)fork, (void)in;
  return 50000;
}

bool evm_run_kzg_point(struct evm_frame *f, enum evm_fork fork, slice in) {
  (void)fork;
  hash32 hash;
  if (in.len != PRECOMPILE_KZG_LEN) return false;
  const u8 *commitment = in.ptr + 96;
  crypto_kzg_versioned_hash(&hash, commitment);
  if (memcmp(hash.b, in.ptr, 32) != 0 ||
      crypto_kzg_verify(commitment, in.ptr + 32, in.ptr + 64,
                        commitment + 48) < 0) {
    return false;
  }
  memcpy(evm_precompile_out(f, sizeof precompile_kzg_out), precompile_kzg_out,
         sizeof precompile_kzg_out);
  return true;
}
