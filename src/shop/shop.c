/* shop.c - see shop.h. */
#include "shop/shop.h"

const addr20 shop_none;

static hash32 shop_name(const char *what) {
  hash32 name = {{0}};
  size_t len = strlen(what);
  memcpy(name.b, what, len < 32 ? len : 32);
  return name;
}

enum module_end shop_new_record(struct module_call *c) {
  u8 level = module_clock(c);
  if (level) return MODULE_FAIL_COMMON(c, module_paused, .level = level);
  return MODULE_DONE;
}

enum module_end shop_some_or_none(struct module_call *c, const addr20 *a) {
  if (shop_is_nobody(a) && !shop_is_none(a))
    return MODULE_FAIL_COMMON(c, bad_address);
  return MODULE_DONE;
}
enum module_end shop_token_ok(struct module_call *c, const addr20 *token) {
  if (shop_is_nobody(token) && !shop_is_none(token))
    return MODULE_FAIL_COMMON(c, bad_token, .token = *token);
  return MODULE_DONE;
}

enum module_end shop_missing(struct module_call *c, u8 t, u256 key) {
  return MODULE_FAIL_COMMON(c, no_such_record, .t = t,
                            .key = u256_hash32(&key));
}
enum module_end shop_wrong(struct module_call *c, u8 t, u256 key, u8 state) {
  return MODULE_FAIL_COMMON(c, wrong_state, .t = t, .key = u256_hash32(&key),
                            .state = state);
}
enum module_end shop_refused(struct module_call *c) {
  return MODULE_FAIL_COMMON(c, not_authorised, .caller = c->sender);
}
enum module_end shop_range(struct module_call *c, const char *what, u64 v,
                           u64 min, u64 max) {
  return MODULE_FAIL_COMMON(c, out_of_range, .field = shop_name(what),
                            .value = u256_from(v), .min = u256_from(min),
                            .max = u256_from(max));
}
enum module_end shop_many(struct module_call *c, const char *what, u64 max) {
  return MODULE_FAIL_COMMON(c, too_many, .what = shop_name(what),
                            .max = u256_from(max));
}

u128 shop_share(u128 a, u128 b, u128 d) {
  u256 x = module_word_of(a), y = module_word_of(b), z = module_word_of(d);
  if (d == 0) return 0;
  u256_mul(&x, &x, &y);
  u256_divmod(&x, NULL, &x, &z);
  MUST((x.w[2] | x.w[3]) == 0);
  return (u128)x.w[1] << 64 | x.w[0];
}

/*-------------------------------------------------------------------- draws */

enum shop_draw_is shop_draw_seed(struct module_call *c, u256 *seed, u64 asked,
                                 u64 id, u64 round) {
  u256 part[7];
  if (c->height <= asked + 5) return SHOP_DRAW_EARLY;
  for (u32 i = 0; i < 4; i++)
    if (!module_beacon_get(c, &part[i], asked + 2 + i)) return SHOP_DRAW_GONE;
  part[4] = u256_from(c->def->number);
  part[5] = u256_from(id);
  part[6] = u256_from(round);
  module_key_of(seed, part, ARRAY_LEN(part));
  evm_native_charge(c->n, 100);
  return SHOP_DRAW_READY;
}

u64 shop_draw_index(struct module_call *c, const u256 *seed, u64 *counter,
                    u64 n) {
  /* 2^256 mod n values at the top would make the low ones likelier. */
  u256 most, top, rest, one = u256_from(1), of = u256_from(n), part[2], v;
  MUST(n > 0);
  memset(&most, 0xff, sizeof most);
  u256_addmod(&rest, &most, &one, &of);
  u256_sub(&top, &most, &rest);
  do {
    part[0] = *seed;
    part[1] = u256_from((*counter)++);
    module_key_of(&v, part, 2);
  } while (u256_lt(&top, &v) && evm_native_charge(c->n, 60));
  u256_divmod(NULL, &v, &v, &of);
  return v.w[0];
}
