/* precompile_modexp.c - 0x05, base^exponent mod modulus (EIP-198).
**
** Input: three 32-byte lengths B, E, M, then B, E and M bytes; what is missing
** reads as zeros.  Output: M bytes.
**
** Price = complexity(max(B, M)) * max(iterations, 1) / divisor, at least a
** minimum, where iterations = k * (E - 32 if above) + position of the top bit
** of the exponent's first 32 bytes, and with w = words of 8 bytes begun:
**
**   fork                 complexity of x bytes               k  divisor minimum
**   Byzantium (EIP-198)  x^2; above 64 x^2/4+96x-3072;       8  20      0
**                        above 1024 x^2/16+480x-199680
**   Berlin (EIP-2565)    w^2                                 8  3       200
**   Osaka (EIP-7883)     16 up to 32 bytes, then 2*w^2       16 1       500
**
** Osaka refuses lengths above 1024 (EIP-7823).  Before it a length above
** PRECOMPILE_MODEXP_MAX costs more gas than can be paid. */
#include "crypto/modexp.h"
#include "evm/precompile.h"

enum { PRECOMPILE_MODEXP_OSAKA = 1024 };
#define PRECOMPILE_MODEXP_MAX ((u64)1 << 32)

struct precompile_modexp {
  u256 base_len, exp_len, mod_len;
};

static void precompile_modexp_head(struct precompile_modexp *out, slice in) {
  u8 head[96];
  evm_precompile_read(head, in, 0, sizeof head);
  u256_from_be(&out->base_len, head);
  u256_from_be(&out->exp_len, head + 32);
  u256_from_be(&out->mod_len, head + 64);
}

static bool precompile_modexp_over(const struct precompile_modexp *m,
                                   u64 most) {
  const u256 limit = u256_from(most);
  return u256_lt(&limit, &m->base_len) || u256_lt(&limit, &m->exp_len) ||
         u256_lt(&limit, &m->mod_len);
}

static u128 precompile_modexp_complexity(enum evm_fork fork, u64 x) {
  u128 words = (x + 7) / 8;
  if (fork >= EVM_OSAKA) return x <= 32 ? 16 : 2 * words * words;
  if (fork >= EVM_BERLIN) return words * words;
  u128 square = (u128)x * x;
  if (x <= 64) return square;
  if (x <= 1024) return square / 4 + 96 * (u128)x - 3072;
  return square / 16 + 480 * (u128)x - 199680;
}

/* exp_len < 2^62. */
static u64 precompile_modexp_rounds(enum evm_fork fork, slice in,
                                    const struct precompile_modexp *m) {
  u64 len = m->exp_len.w[0], head_len = len < 32 ? len : 32;
  u8 bytes[32];
  u256 head;
  evm_precompile_read(bytes, in, 96 + m->base_len.w[0], head_len);
  u256_from_be_len(&head, bytes, head_len);
  u32 bits = u256_bits(&head);
  u64 rounds = bits ? bits - 1 : 0;
  if (len > 32) rounds += (len - 32) * (fork >= EVM_OSAKA ? 16 : 8);
  return rounds ? rounds : 1;
}

u64 evm_price_modexp(enum evm_fork fork, slice in) {
  const u64 divisor = fork >= EVM_OSAKA ? 1 : fork >= EVM_BERLIN ? 3 : 20;
  const u64 least = fork >= EVM_OSAKA ? 500 : fork >= EVM_BERLIN ? 200 : 0;
  struct precompile_modexp m;
  precompile_modexp_head(&m, in);
  /* Nothing to multiply: an exponent of any length is free. */
  if (fork < EVM_OSAKA && u256_is_zero(&m.base_len) &&
      u256_is_zero(&m.mod_len)) {
    return least;
  }
  u64 most = fork >= EVM_OSAKA ? PRECOMPILE_MODEXP_OSAKA
                               : PRECOMPILE_MODEXP_MAX;
  if (precompile_modexp_over(&m, most)) return EVM_GAS_NEVER;
  u64 x = m.base_len.w[0] > m.mod_len.w[0] ? m.base_len.w[0] : m.mod_len.w[0];
  u128 price = precompile_modexp_complexity(fork, x) *
               precompile_modexp_rounds(fork, in, &m) / divisor;
  if (price >= EVM_GAS_NEVER) return EVM_GAS_NEVER;
  return price < least ? least : (u64)price;
}

bool evm_run_modexp(struct evm_frame *f, enum evm_fork fork, slice in) {
  (void)fork;
  struct precompile_modexp m;
  precompile_modexp_head(&m, in);
  u64 b = m.base_len.w[0], x = m.exp_len.w[0], n = m.mod_len.w[0];
  if (u256_is_zero(&m.mod_len)) return true;
  /* Output first, the three operands behind it. */
  u8 *out = evm_mem_room(f, n + b + x + n), *arg = out + n;
  evm_precompile_read(arg, in, 96, b + x + n);
  crypto_modexp(out, slice_of(arg, b), slice_of(arg + b, x),
                slice_of(arg + b + x, n));
  f->output = slice_of(out, n);
  return true;
}
