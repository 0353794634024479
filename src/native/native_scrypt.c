/* native_scrypt.c - native function 0x..1104, scrypt (RFC 7914): for
** proof-of-work headers, not for passwords, which would be public.
**
** N a power of two from 2 on, r and p from 1 on, N r <= 2^15, N r p <= 2^17,
** dk from 1 to 128 bytes, else OutOfRange.
** Price: 3,000 + (48 N + 400) r p + 6 a word of call data: besides the mixing,
** which is N r p, there are 128 r p bytes to fill and to hash. */
#include "crypto/scrypt.h"
#include "native/native.h"

#define ID(what, name) nscr_##what##_##name
#include "module/pass_struct.inc"
#include "native/scrypt.def"
#include "module/pass_param.inc"
#include "native/scrypt.def"
static const struct module_row nscr_rows[] = {
#include "module/pass_row.inc"
#include "native/scrypt.def"
};
#include "module/pass_end.inc"

enum { NSCR_NUMBER = 0x1104, NSCR_NR = 1 << 15, NSCR_NRP = 1 << 17,
       NSCR_DK = 128 };

const struct module_def native_scrypt = {
  .name = "ScryptFunction", .text = "scrypt, as a function",
  .number = NSCR_NUMBER, .row = nscr_rows, .row_cnt = ARRAY_LEN(nscr_rows),
  .is_function = true};

static enum module_end nscr_range(struct module_call *c, const char *name,
                                  u64 v, u64 min, u64 max) {
  struct module_error_out_of_range e = {
    .value = u256_from(v), .min = u256_from(min), .max = u256_from(max)};
  memcpy(e.field.b, name, strlen(name));
  return module_fail(c, &MODULE_COMMON_ERROR[MODULE_ERROR_out_of_range], &e);
}

static enum module_end nscr_do_scrypt(struct module_call *c,
                                      const struct nscr_in_scrypt *in,
                                      struct nscr_out_scrypt *out) {
  u64 n = in->N, r = in->r, p = in->p;
  if (n < 2 || n > NSCR_NR || (n & (n - 1)))
    return nscr_range(c, "N", n, 2, NSCR_NR);
  if (r < 1 || r > NSCR_NR / n) return nscr_range(c, "r", r, 1, NSCR_NR / n);
  if (p < 1 || p > NSCR_NRP / n / r)
    return nscr_range(c, "p", p, 1, NSCR_NRP / n / r);
  if (in->dk < 1 || in->dk > NSCR_DK)
    return nscr_range(c, "dk", in->dk, 1, NSCR_DK);
  u64 words = (evm_native_msg(c->n)->input.len + 31) / 32;
  if (!evm_native_charge(c->n, (48 * n + 400) * r * p + 6 * words))
    return MODULE_REVERTED;
  u8 *key = arena_alloc_raw(c->a, in->dk);
  void *room = arena_alloc_raw(c->a, crypto_scrypt_room(in->N, in->r, in->p));
  crypto_scrypt_in(key, in->dk, in->pw, in->salt, in->N, in->r, in->p, room);
  out->key = slice_of(key, in->dk);
  return MODULE_DONE;
}
#undef ID
