/* evm_mod.c - MULMOD by the reciprocal of a modulus that is used again and
** again, as elliptic curve code in contracts does.
**
** Barrett's reduction (Handbook of Applied Cryptography, 14.42) with digits of
** 64 bits and k = 4, for moduli m >= 2^192.  mu = floor(2^512 / m) has five
** digits.  For x < 2^512:
**   q = ((x >> 192) * mu) >> 320    r = (x - q * m) mod 2^320
** q is at most 2 below the quotient; the product's three lowest columns are
** left out, which makes it at most 3, so at most 3 subtractions of m remain
** (4m < 2^258 < 2^320).
**
** mu is computed (Knuth's algorithm D) only when the same modulus came
** EVM_MOD_HOT times without another two between, so that ever new moduli
** cannot make MULMOD dear. */
#include "evm/evm_int.h"

#include "evm/evm_word.h"

enum { EVM_MOD_HOT = 16, EVM_MOD_MU = 5 };

/* u[0..4] -= q * v[0..3]; says whether that was too much. */
static bool mod_submul(u64 u[5], const u64 v[4], u64 q) {
  u64 carry = 0;
  bool borrow = false;
  for (int i = 0; i < 5; i++) {
    u128 p = (u128)q * (i < 4 ? v[i] : 0) + carry;
    u64 low = (u64)p, was = u[i];
    carry = (u64)(p >> 64);
    u[i] = was - low - borrow;
    borrow = borrow ? was <= low : was < low;
  }
  return borrow;
}

static void mod_add(u64 u[5], const u64 v[4]) {
  u128 sum = 0;
  for (int i = 0; i < 5; i++) {
    sum += (u128)u[i] + (i < 4 ? v[i] : 0);
    u[i] = (u64)sum;
    sum >>= 64;
  }
}

/* mu = floor(2^512 / m), m > 2^192. */
static void mod_recip(u64 mu[EVM_MOD_MU], const u256 *m) {
  u32 s = (u32)__builtin_clzll(m->w[3]);
  u64 v[4], u[9] = {[8] = (u64)1 << s};
  for (int i = 3; i > 0; i--) {
    v[i] = m->w[i] << s | m->w[i - 1] >> 1 >> (63 - s);
  }
  v[0] = m->w[0] << s;
  for (int j = EVM_MOD_MU - 1; j >= 0; j--) {
    u64 rest, q = UINT64_MAX;
    if (u[j + 4] < v[3]) q = word_div_2by1(&rest, u[j + 4], u[j + 3], v[3]);
    if (mod_submul(u + j, v, q)) {
      do {
        q--;
        mod_add(u + j, v);
      } while (u[j + 4] != 0);
    }
    mu[j] = q;
  }
}

/* r = a * b; columns below from are left out, those from to on, too. */
static inline __attribute__((always_inline)) void mod_mul(
    u64 *r, const u64 *a, int na, const u64 *b, int nb, int from, int to) {
#pragma GCC unroll 10
  for (int i = 0; i < to; i++) r[i] = 0;
#pragma GCC unroll 5
  for (int i = 0; i < na; i++) {
    u64 carry = 0;
#pragma GCC unroll 5
    for (int j = 0; j < nb; j++) {
      if (i + j < from || i + j >= to) continue;
      u128 p = (u128)a[i] * b[j] + r[i + j] + carry;
      r[i + j] = (u64)p;
      carry = (u64)(p >> 64);
    }
    if (i + nb < to) r[i + nb] = carry;
  }
}

static inline u64 mod_sub5(u64 out[5], const u64 a[5], const u64 b[5]) {
  u64 borrow = 0;
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) {
    u128 t = (u128)a[i] - b[i] - borrow;
    out[i] = (u64)t;
    borrow = (u64)(t >> 64) & 1;
  }
  return borrow;
}

static void mod_barrett(u256 *out, const u256 *a, const u256 *b,
                        const struct evm_mod *c) {
  u64 x[8], q[10], qm[5], r[5], less[5];
  const u64 m[5] = {c->m.w[0], c->m.w[1], c->m.w[2], c->m.w[3], 0};
  mod_mul(x, a->w, 4, b->w, 4, 0, 8);
  mod_mul(q, x + 3, 5, c->mu, 5, 3, 10);
  mod_mul(qm, q + 5, 5, m, 4, 0, 5);
  mod_sub5(r, x, qm);
  while (!mod_sub5(less, r, m)) memcpy(r, less, sizeof r);
  word_put(out, r[0], r[1], r[2], r[3]);
}

void evm_mulmod(struct evm *e, u256 *out, const u256 *a, const u256 *b,
                const u256 *m) {
  struct evm_mod *c = &e->mod[0];
  if (UNLIKELY(!u256_eq(&c->m, m))) {
    struct evm_mod other = e->mod[1];
    e->mod[1] = *c;
    *c = other;
    if (!u256_eq(&c->m, m)) {
      bool fits = m->w[3] > 1 ||
                  (m->w[3] == 1 && (m->w[0] | m->w[1] | m->w[2]) != 0);
      *c = (struct evm_mod){.m = *m, .cool = fits ? EVM_MOD_HOT : UINT32_MAX};
    }
  }
  if (LIKELY(c->cool == 0)) {
    mod_barrett(out, a, b, c);
    return;
  }
  if (c->cool != UINT32_MAX && --c->cool == 0) mod_recip(c->mu, m);
  u256_mulmod(out, a, b, m);
}
