/* secp256k1_scalar.h - numbers modulo the order n of secp256k1; of this folder.
** For public numbers only: time depends on them. */
#ifndef CRYPTO_SECP256K1_SCALAR_H
#define CRYPTO_SECP256K1_SCALAR_H
#include "base/base.h"

struct secp_scalar { u64 w[4]; }; /* least word first, below n */

/* 32 bytes, big-endian, modulo n. */
void crypto_scalar_load(struct secp_scalar *out, const u8 in[32]);
void crypto_scalar_mul(struct secp_scalar *out, const struct secp_scalar *a,
                       const struct secp_scalar *b);
void crypto_scalar_negate(struct secp_scalar *out,
                          const struct secp_scalar *a);
/* 1/a; a is not 0. */
void crypto_scalar_invert(struct secp_scalar *out,
                          const struct secp_scalar *a);

/* k = k1 + k2 lambda (mod n), where lambda (x, y) = (beta x, y) on the curve:
** sizes below 2^128, and signs. */
struct secp_halves {
  u64 w[2][2];
  bool negative[2];
};
void crypto_scalar_split(struct secp_halves *out, const struct secp_scalar *k);
#endif
