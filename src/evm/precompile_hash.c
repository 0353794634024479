/* precompile_hash.c - sha256, ripemd160, identity (yellow paper, appendix E)
** and BLAKE2b's F (EIP-152).
**
** Prices: base + a price for each 32-byte word begun; F one gas a round. */
#include "crypto/hash.h"
#include "evm/precompile.h"

u64 evm_price_sha256(enum evm_fork fork, slice in) {
  (void)fork;
  return evm_price_words(in, 60, 12);
}

bool evm_run_sha256(struct evm_frame *f, enum evm_fork fork, slice in) {
  (void)fork;
  crypto_sha256(evm_precompile_out(f, 32), in.ptr, in.len);
  return true;
}

u64 evm_price_ripemd160(enum evm_fork fork, slice in) {
  (void)fork;
  return evm_price_words(in, 600, 120);
}

bool evm_run_ripemd160(struct evm_frame *f, enum evm_fork fork, slice in) {
  (void)fork;
  u8 *out = evm_precompile_out(f, 32);
  memset(out, 0, 12);
  crypto_ripemd160(out + 12, in.ptr, in.len);
  return true;
}

u64 evm_price_identity(enum evm_fork fork, slice in) {
  (void)fork;
  return evm_price_words(in, 15, 3);
}

bool evm_run_identity(struct evm_frame *f, enum evm_fork fork, slice in) {
  (void)fork;
  u8 *out = evm_precompile_out(f, in.len);
  if (in.len) memcpy(out, in.ptr, in.len);
  return true;
}

/* rounds (4, big-endian), h (64), m (128), t (16), final (1). */
enum { PRECOMPILE_F_LEN = 213 };

u64 evm_price_blake2f(enum evm_fork fork, slice in) {
  (void)fork;
  return in.len == PRECOMPILE_F_LEN ? load_be32(in.ptr) : 0;
}

static u64 precompile_le64(const u8 *p) {
  return __builtin_bswap64(load_be64(p));
}

bool evm_run_blake2f(struct evm_frame *f, enum evm_fork fork, slice in) {
  (void)fork;
  u64 h[8], m[16], t[2];
  if (in.len != PRECOMPILE_F_LEN || in.ptr[212] > 1) return false;
  for (u32 i = 0; i < 8; i++) h[i] = precompile_le64(in.ptr + 4 + 8 * i);
  for (u32 i = 0; i < 16; i++) m[i] = precompile_le64(in.ptr + 68 + 8 * i);
  for (u32 i = 0; i < 2; i++) t[i] = precompile_le64(in.ptr + 196 + 8 * i);
  crypto_blake2f(h, m, t, in.ptr[212] == 1, load_be32(in.ptr));
  u8 *out = evm_precompile_out(f, 64);
  for (u32 i = 0; i < 8; i++) store_be64(out + 8 * i, __builtin_bswap64(h[i]));
  return true;
}
