/* native_ed25519.c - native function 0x..1105, Ed25519 (RFC 8032): s below the
** order, canonical keys, none of small order, no cofactor (crypto/ed25519.h).
**
** verifyMany: all of them hold; none given is false, lists of different
** lengths are BadCalldata with the number of the first that differs from pk.
** Price of each: the table's, and 16 a word of its message.  SPEC-commerce says
** 3,200 and 12, which no verification is fast enough for (some 150,000 cycles,
** and 8 a byte for SHA-512): these keep it above 100 Mgas/s with a quarter to
** spare. */
#include "crypto/ed25519.h"
#include "native/native.h"

#define ID(what, name) ned_##what##_##name
#include "module/pass_struct.inc"
#include "native/ed25519.def"
#include "module/pass_param.inc"
#include "native/ed25519.def"
static const struct module_row ned_rows[] = {
#include "module/pass_row.inc"
#include "native/ed25519.def"
};
#include "module/pass_end.inc"

enum { NED_NUMBER = 0x1105, NED_GAS_WORD = 16 };

const struct module_def native_ed25519 = {
  .name = "Ed25519Function", .text = "Ed25519, as a function",
  .number = NED_NUMBER, .row = ned_rows, .row_cnt = ARRAY_LEN(ned_rows),
  .is_function = true};

/* False when gas is short, too. */
static bool ned_verify(struct module_call *c, const u8 pk[32], slice m,
                       const u8 r[32], const u8 s[32]) {
  if (!evm_native_charge(c->n, NED_GAS_WORD * (((u64)m.len + 31) / 32)))
    return false;
  struct arena_mark mark = arena_mark(c->a);
  u8 *text = arena_alloc_raw(c->a, 64 + m.len);
  memcpy(text, r, 32);
  memcpy(text + 32, pk, 32);
  if (m.len) memcpy(text + 64, m.ptr, m.len);
  bool ok = crypto_ed25519_verify(slice_of(text, 64 + m.len), s);
  arena_reset(c->a, mark);
  return ok;
}

static enum module_end ned_do_verify(struct module_call *c,
                                     const struct ned_in_verify *in,
                                     struct ned_out_verify *out) {
  out->valid = ned_verify(c, in->pk.b, in->m, in->r.b, in->s.b);
  return MODULE_DONE;
}

static enum module_end ned_do_verify_many(struct module_call *c,
                                          const struct ned_in_verify_many *in,
                                          struct ned_out_verify_many *out) {
  u32 cnt = in->pk.cnt, others[] = {in->m.cnt, in->r.cnt, in->s.cnt};
  for (u16 i = 0; i < 3; i++)
    if (others[i] != cnt)
      return MODULE_FAIL_COMMON(c, bad_calldata, .argument = (u16)(i + 2));
  u64 rest = cnt ? (cnt - 1) * (u64)ned_method_verify.gas : 0;
  if (!evm_native_charge(c->n, rest)) return MODULE_REVERTED;
  out->valid = cnt > 0;
  for (u32 i = 0; i < cnt && out->valid; i++) {
    hash32 pk, r, s;
    module_list_b32(&pk, &in->pk, i);
    module_list_b32(&r, &in->r, i);
    module_list_b32(&s, &in->s, i);
    out->valid = ned_verify(c, pk.b, *MODULE_AT(slice, &in->m, i), r.b, s.b);
  }
  return MODULE_DONE;
}
#undef ID
