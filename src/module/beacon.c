/* beacon.c - the beacons of the last 65,536 blocks, kept in the storage of
** 0x..1006: that of height h in slot h mod 65,537, the block's mixHash as it
** began (chain_exec.c writes it).  A block can ask for those before it.
** draw(h, salt, n): an unbiased index below n: keccak256(seed || counter) for
** counter 0, 1, .. where seed = keccak256(beacon(h) || salt), the first below
** the greatest multiple of n.  0x..1107 serves the same as a function that
** every kind of call may use. */
#include "crypto/keccak.h"
#include "module/module.h"

#define ID(what, name) beacon_##what##_##name
#include "module/pass_struct.inc"
#include "module/beacon.def"
#include "module/pass_param.inc"
#include "module/beacon.def"
static const struct module_row beacon_rows[] = {
#include "module/pass_row.inc"
#include "module/beacon.def"
};
#include "module/pass_end.inc"

enum { BEACON_NUMBER = 0x1006, BEACON_FN = 0x1107, BEACON_KEPT = 65536,
       BEACON_READ_GAS = 400 };

const struct module_def module_beacon = {
  .name = "Beacon", .text = "Beacon, random values that can be proved",
  .number = BEACON_NUMBER, .row = beacon_rows,
  .row_cnt = ARRAY_LEN(beacon_rows)};
const struct module_def module_beacon_fn = {
  .name = "BeaconFunction", .text = "Beacon, as a function",
  .number = BEACON_FN, .row = beacon_rows, .row_cnt = ARRAY_LEN(beacon_rows),
  .is_function = true};

void module_beacon_slot(u256 *out, u64 height) {
  *out = u256_from(height % (BEACON_KEPT + 1));
}

bool module_beacon_get(struct module_call *c, u256 *v, u64 height) {
  struct module_call own;
  u256 slot;
  *v = U256_ZERO;
  /* A function's calls cost what its methods do, no more. */
  if (c->def->is_function && !evm_native_charge(c->n, BEACON_READ_GAS))
    return MODULE_REVERTED;
  if (height < c->height && c->height - height <= BEACON_KEPT) {
    module_beacon_slot(&slot, height);
    module_enter(&own, c, &module_beacon);
    evm_native_slot(c->n, v, &slot);
    module_leave(c);
  }
  return !u256_is_zero(v);
}
static enum module_end beacon_read(struct module_call *c, u256 *v,
                                   u64 height) {
  return module_beacon_get(c, v, height)
             ? MODULE_DONE : MODULE_FAIL(c, unknown, .height = height);
}

static enum module_end beacon_do_beacon(struct module_call *c,
                                        const struct beacon_in_beacon *in,
                                        struct beacon_out_beacon *out) {
  u256 v;
  if (beacon_read(c, &v, in->height) != MODULE_DONE) return MODULE_REVERTED;
  out->value = u256_hash32(&v);
  return MODULE_DONE;
}

static void beacon_hash(u256 *out, const u256 *a, const u256 *b) {
  u256 part[2] = {*a, *b};
  module_key_of(out, part, 2);
}

static enum module_end beacon_do_draw(struct module_call *c,
                                      const struct beacon_in_draw *in,
                                      struct beacon_out_draw *out) {
  u256 seed, salt, v, rest, top, most;
  if (u256_is_zero(&in->n)) return MODULE_FAIL_COMMON(c, zero_amount);
  if (beacon_read(c, &v, in->height) != MODULE_DONE) return MODULE_REVERTED;
  u256_from_be(&salt, in->salt.b);
  beacon_hash(&seed, &v, &salt);
  /* 2^256 mod n values at the top would make the low ones likelier. */
  memset(&most, 0xff, sizeof most);
  u256 one = u256_from(1);
  u256_addmod(&rest, &most, &one, &in->n);
  u256_sub(&top, &most, &rest);
  for (u64 i = 0;; i++) {
    u256 counter = u256_from(i);
    beacon_hash(&v, &seed, &counter);
    if (!u256_lt(&top, &v) || !evm_native_charge(c->n, 60)) break;
  }
  u256_divmod(NULL, &out->index, &v, &in->n);
  return MODULE_DONE;
}
#undef ID
