/* modexp.c - modular exponentiation for EIP-198 by GMP.
**
** GMP takes its own memory (about eight times the longest operand); the caller
** limits the lengths (EIP-7823: 1024 bytes) or has their price paid in gas. */
#include "crypto/modexp.h"

#include <gmp.h>

static slice modexp_trim(slice s) {
  while (s.len && *s.ptr == 0) s.ptr++, s.len--;
  return s;
}

static void modexp_load(mpz_t z, slice s) {
  size_t cnt = (s.len + 7) / 8;
  mpz_init2(z, cnt * 64 + 64);
  mp_limb_t *limb = mpz_limbs_write(z, (mp_size_t)cnt);
  for (size_t i = 0; i < cnt; i++, s.len -= 8) {
    u8 head[8] = {0};
    if (s.len >= 8) {
      limb[i] = load_be64(s.ptr + s.len - 8);
    } else {
      memcpy(head + 8 - s.len, s.ptr, s.len);
      limb[i] = load_be64(head);
      break;
    }
  }
  mpz_limbs_finish(z, (mp_size_t)cnt);
}

/* To the end of len zero bytes, which have room for it. */
static void modexp_store(u8 *out, size_t len, const mpz_t z) {
  size_t cnt = mpz_size(z);
  const mp_limb_t *limb = mpz_limbs_read(z);
  for (size_t i = 0; i < cnt; i++) {
    u8 be[8];
    size_t n = len < 8 ? len : 8;
    store_be64(be, limb[i]);
    memcpy(out + len - n, be + 8 - n, n);
    len -= n;
  }
}

/* r = b^e mod m for 0 < e < MODEXP_SMALL: what powm does before its first step
** costs more than two divisions. */
enum { MODEXP_SMALL = 8 };
static void modexp_small(mpz_t r, mpz_t b, u32 e, const mpz_t m) {
  int i = 31 - __builtin_clz(e);
  if (mpz_cmp(b, m) >= 0) mpz_tdiv_r(b, b, m);
  mpz_set(r, b);
  while (i--) {
    mpz_mul(r, r, r);
    mpz_tdiv_r(r, r, m);
    if (!(e >> i & 1)) continue;
    mpz_mul(r, r, b);
    mpz_tdiv_r(r, r, m);
  }
}

void crypto_modexp(u8 *out, slice base, slice exponent, slice mod) {
  mpz_t b, e, m, r;
  slice md = modexp_trim(mod);
  if (mod.len) memset(out, 0, mod.len);
  if (md.len == 0 || (md.len == 1 && md.ptr[0] == 1)) return;
  base = modexp_trim(base);
  exponent = modexp_trim(exponent);
  if (exponent.len == 0 || (base.len == 1 && base.ptr[0] == 1)) {
    out[mod.len - 1] = 1;
    return;
  }
  if (base.len == 0) return;
  modexp_load(b, base);
  modexp_load(m, md);
  mpz_init2(r, md.len * 8 + 64);
  if (exponent.len == 1 && exponent.ptr[0] < MODEXP_SMALL) {
    modexp_small(r, b, exponent.ptr[0], m);
  } else {
    modexp_load(e, exponent);
    mpz_powm(r, b, e, m);
    mpz_clear(e);
  }
  modexp_store(out, mod.len, r);
  mpz_clear(b);
  mpz_clear(m);
  mpz_clear(r);
}
