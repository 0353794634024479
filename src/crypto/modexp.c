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
  mpz_init2(z, s.len * 8 + 64);
  mpz_import(z, s.len, 1, 1, 1, 0, s.ptr);
}

void crypto_modexp(u8 *out, slice base, slice exponent, slice mod) {
  mpz_t b, e, m, r;
  slice md = modexp_trim(mod);
  size_t cnt;
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
  if (exponent.len == 1 && exponent.ptr[0] == 1) {
    mpz_mod(r, b, m);
  } else if (exponent.len == 1 && exponent.ptr[0] == 2) {
    mpz_mul(r, b, b);
    mpz_mod(r, r, m);
  } else {
    modexp_load(e, exponent);
    mpz_powm(r, b, e, m);
    mpz_clear(e);
  }
  cnt = (mpz_sizeinbase(r, 2) + 7) / 8;
  mpz_export(out + mod.len - cnt, NULL, 1, 1, 1, 0, r);
  mpz_clear(b);
  mpz_clear(m);
  mpz_clear(r);
}
