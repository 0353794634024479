/* module_common.c - what every module of commerce has (module_shared.def):
** the clock and the pause, parameters, records by number, several calls in
** one, and the money.
**
** Money.  The ledger says for each token what the module's records hold and
** what is claimable of it; only here it changes.  In, it rises by what really
** came; out, it falls by what really went:
**   take   CMT: what the message brought.  Token: transferFrom, and the own
**          balance must rise by exactly the amount.
**   pay    CMT: at once, the receiver's code does not run.  Token: noted, and
**          tried when the method is done (module_payouts): one transfer with
**          100,000 gas that counts only when it succeeds, returns nothing or
**          true, and the own balance falls by exactly the amount; else it is
**          undone and the amount becomes a claim of the party.  Without a
**          user's call (deadlines) it becomes a claim at once.
** While a token's code runs the lock is held: nothing may write then.
** A token's supply is whatever its code says: what is taken is refused where the
** ledger's sum of it would not fit 128 bits.
**
** Clock.  Module time is block time less the time spent at pause level 2,
** which ends by itself.  Level 2 lasts at most 14 days in any 90: pauses less
** than 90 days apart are one series, of at most 14 days. */
#include "module/module.h"

#define ID(what, name) modcom_##what##_##name
#define MODULE_PUBLIC(what, name) module_common_##what##_##name
#include "module/pass_record.inc"
#include "module/module_shared.def"
#include "module/pass_struct.inc"
#include "module/module_shared.def"
#include "module/pass_param.inc"
#include "module/module_shared.def"
static const struct module_row modcom_rows[] = {
#include "module/pass_row.inc"
#include "module/module_shared.def"
};
#include "module/pass_end.inc"

const struct module_def module_common = {
  .name = "Commerce", .text = "what every module of commerce has",
  .row = modcom_rows, .row_cnt = ARRAY_LEN(modcom_rows)};

#define MODCOM_TOKEN_GAS 100000u
#define MODCOM_CALLS_MAX 32u
#define MODCOM_DAY 86400u
enum { MODCOM_VERSION = 1 };
enum {
  MODCOM_TRANSFER = 0xa9059cbb, MODCOM_TRANSFER_FROM = 0x23b872dd,
  MODCOM_BALANCE_OF = 0x70a08231, MODCOM_ALLOWANCE = 0xdd62ed3e,
  MODCOM_PERMIT = 0xd505accf, MODCOM_ERC165 = 0x01ffc9a7
};

void module_emit_fired(struct module_call *c, u8 type, const u256 *key,
                       u64 due, u8 state) {
  MODULE_EMIT(c, timer_fired, .t = type, .key = u256_hash32(key), .due = due,
              .newState = state);
}
void module_emit_failed(struct module_call *c, u8 type, const u256 *key,
                        u64 retry_at, slice why) {
  MODULE_EMIT(c, timer_failed, .t = type, .key = u256_hash32(key),
              .retryAt = retry_at, .reason = why);
}

/*--------------------------------------------------------- clock and pause */

static void modcom_pause(struct module_call *c,
                         struct module_common_record_pause *p) {
  u256 zero = U256_ZERO;
  module_record_get(c, &module_common_table_pause, p, &zero);
}
/* The level now, and how long the clock has stood still in all. */
static u8 modcom_level(const struct module_common_record_pause *p, u64 time_s,
                       u64 *stopped) {
  u64 end = time_s < p->until ? time_s : p->until;
  *stopped = p->stopped + (p->level == 2 ? end - p->since : 0);
  return time_s < p->until ? p->level : 0;
}

u8 module_clock(struct module_call *c) {
  struct module_common_record_pause p;
  u64 stopped;
  modcom_pause(c, &p);
  u8 level = modcom_level(&p, c->time_s, &stopped);
  c->now_s = c->time_s - stopped;
  return level;
}

static enum module_end modcom_do_pause_level(
    struct module_call *c, const struct modcom_in_pause_level *in,
    struct modcom_out_pause_level *out) {
  struct module_common_record_pause p;
  (void)in;
  out->level = module_clock(c);
  modcom_pause(c, &p);
  out->until = out->level ? p.until : 0;
  out->moduleTime = c->now_s;
  return MODULE_DONE;
}

static hash32 modcom_name(const char *name) {
  hash32 h = {{0}};
  memcpy(h.b, name, strlen(name) < 32 ? strlen(name) : 32);
  return h;
}
static enum module_end modcom_range(struct module_call *c, const char *what,
                                    u256 v, u256 min, u256 max) {
  return MODULE_FAIL_COMMON(c, out_of_range, .field = modcom_name(what),
                            .value = v, .min = min, .max = max);
}

static enum module_end modcom_do_set_pause(
    struct module_call *c, const struct modcom_in_set_pause *in,
    struct modcom_out_set_pause *out) {
  struct module_common_record_pause p;
  u64 stopped, most = c->time_s + 365 * MODCOM_DAY;
  u256 zero = U256_ZERO;
  (void)out;
  modcom_pause(c, &p);
  modcom_level(&p, c->time_s, &stopped);
  if (in->level > 2)
    return modcom_range(c, "level", u256_from(in->level), zero, u256_from(2));
  if (p.level == 2 && c->time_s < p.until) { /* ends now: so much of the series
                                             ** was not needed */
    p.series -= (u32)(p.until - c->time_s);
    p.series_end = c->time_s;
  }
  if (in->level == 2) {
    if (c->time_s >= p.series_end + 90 * MODCOM_DAY) p.series = 0;
    most = c->time_s + 14 * MODCOM_DAY - p.series;
  }
  bool ends = in->level == 0;
  if (!ends && (in->until <= c->time_s || in->until > most))
    return modcom_range(c, "until", u256_from(in->until),
                        u256_from(c->time_s + 1), u256_from(most));
  p = (struct module_common_record_pause){
    .level = in->level, .until = ends ? 0 : in->until,
    .since = ends ? 0 : c->time_s, .stopped = stopped,
    .series_end = in->level == 2 ? in->until : p.series_end,
    .series = p.series + (in->level == 2 ? (u32)(in->until - c->time_s) : 0)};
  module_record_put(c, &module_common_table_pause, &zero, &p);
  MODULE_EMIT(c, pause_set, .level = in->level, .until = p.until,
              .reason = in->reason);
  return MODULE_DONE;
}

/*-------------------------------------------------------------- parameters */

static const struct module_setting *modcom_setting(const struct module_call *c,
                                                   const hash32 *name,
                                                   u32 *number) {
  const struct module_row *row;
  for (u32 i = 0;
       (row = module_row_at(c->def, MODULE_ROW_SETTING, i)) != NULL; i++) {
    hash32 own = modcom_name(row->setting->name);
    *number = i;
    if (hash32_eq(&own, name)) return row->setting;
  }
  return NULL;
}
static u256 modcom_scaled(const struct module_setting *s, u64 v) {
  return module_word_of((u128)v * s->scale);
}
static enum module_end modcom_no_param(struct module_call *c,
                                       const hash32 *name) {
  return MODULE_FAIL_COMMON(c, no_such_record, .t = 0, .key = *name);
}

static enum module_end modcom_do_param(struct module_call *c,
                                       const struct modcom_in_param *in,
                                       struct modcom_out_param *out) {
  u32 number;
  const struct module_setting *s = modcom_setting(c, &in->name, &number);
  if (!s) return modcom_no_param(c, &in->name);
  out->value = modcom_scaled(s, module_setting_get(c, number));
  out->min = modcom_scaled(s, s->min);
  out->max = modcom_scaled(s, s->max);
  return MODULE_DONE;
}

static enum module_end modcom_do_set_param(
    struct module_call *c, const struct modcom_in_set_param *in,
    struct modcom_out_set_param *out) {
  u32 number;
  u256 units, rest, slot;
  const struct module_setting *s = modcom_setting(c, &in->name, &number);
  (void)out;
  if (!s) return modcom_no_param(c, &in->name);
  u256 scale = u256_from(s->scale);
  u256_divmod(&units, &rest, &in->value, &scale);
  if (!u256_is_zero(&rest) || !u256_fits64(&units) || units.w[0] < s->min ||
      units.w[0] > s->max)
    return MODULE_FAIL_COMMON(c, out_of_range, .field = in->name,
                              .value = in->value,
                              .min = modcom_scaled(s, s->min),
                              .max = modcom_scaled(s, s->max));
  u256 old = modcom_scaled(s, module_setting_get(c, number));
  u256 word = module_setting_word(units.w[0]);
  module_setting_slot(&slot, number);
  evm_native_slot_set(c->n, &slot, &word);
  MODULE_EMIT(c, param_set, .name = in->name, .oldValue = old,
              .newValue = in->value);
  return MODULE_DONE;
}

/*------------------------------------------------------- records by number */

const struct module_record *module_record_of(const struct module_def *def,
                                             u8 type) {
  for (; def; def = def->base)
    for (u32 i = 0; i < def->row_cnt; i++)
      if (def->row[i].kind == MODULE_ROW_RECORD &&
          def->row[i].record->type == type)
        return def->row[i].record;
  return NULL;
}

static enum module_end modcom_none(struct module_call *c, u8 t,
                                   const hash32 *key) {
  return MODULE_FAIL_COMMON(c, no_such_record, .t = t, .key = *key);
}

static enum module_end modcom_do_record(struct module_call *c,
                                        const struct modcom_in_record *in,
                                        struct modcom_out_record *out) {
  const struct module_record *r = module_record_of(c->def, in->t);
  u256 key;
  if (!r) return modcom_none(c, in->t, &in->key);
  u8 *rec = arena_alloc(c->a, r->size);
  u256_from_be(&key, in->key.b);
  module_record_get(c, r, rec, &key);
  /* Without a header there is no telling whether it is there. */
  if (!strcmp(r->field[0].name, "state") && rec[0] == 0)
    return modcom_none(c, in->t, &in->key);
  out->record = module_record_bytes(c, r, &key, rec);
  return MODULE_DONE;
}

static enum module_end modcom_do_slot_of(struct module_call *c,
                                         const struct modcom_in_slot_of *in,
                                         struct modcom_out_slot_of *out) {
  u256 key, slot;
  (void)c;
  u256_from_be(&key, in->key.b);
  module_slot_of(&slot, in->t, &key);
  out->slot = u256_hash32(&slot);
  return MODULE_DONE;
}

static enum module_end modcom_do_deadline_of(
    struct module_call *c, const struct modcom_in_deadline_of *in,
    struct modcom_out_deadline_of *out) {
  const struct module_record *r = module_record_of(c->def, in->t);
  u256 key;
  if (!r || strcmp(r->field[0].name, "state") != 0)
    return modcom_none(c, in->t, &in->key);
  struct module_header *h = arena_alloc(c->a, r->size);
  u256_from_be(&key, in->key.b);
  module_record_get(c, r, h, &key);
  if (h->state == 0) return modcom_none(c, in->t, &in->key);
  out->deadline = h->deadline;
  out->owner = c->def->owner_of ? c->def->owner_of(in->t, h) : 0;
  return MODULE_DONE;
}

static enum module_end modcom_do_version(struct module_call *c,
                                         const struct modcom_in_version *in,
                                         struct modcom_out_version *out) {
  (void)c, (void)in;
  out->version = MODCOM_VERSION;
  return MODULE_DONE;
}

/* ERC-165, and the module's own interface: the exclusive or of the selectors
** of its table, without the base's. */
static enum module_end modcom_do_supports_interface(
    struct module_call *c, const struct modcom_in_supports_interface *in,
    struct modcom_out_supports_interface *out) {
  u32 own = 0;
  struct buf b;
  buf_init(&b, 0);
  const struct module_row *row;
  for (u32 i = 0;
       (row = module_row_at(c->def, MODULE_ROW_METHOD, i)) != NULL; i++) {
    u8 sel[4];
    buf_clear(&b);
    module_signature(&b, row->method->name, row->method->in);
    abi_selector(sel, buf_cstr(&b));
    own ^= load_be32(sel);
    evm_native_charge(c->n, 60);
  }
  buf_fini(&b);
  out->supported = in->id == MODCOM_ERC165 || in->id == own;
  return MODULE_DONE;
}

/*----------------------------------------------------------- several in one */

static enum module_end modcom_inner(struct module_call *c, slice *result,
                                    slice call) {
  if (module_dispatch_inner(c, call) != MODULE_DONE) return MODULE_REVERTED;
  *result = arena_copy_slice(c->a, buf_slice(c->out));
  return MODULE_DONE;
}

static enum module_end modcom_do_multicall(
    struct module_call *c, const struct modcom_in_multicall *in,
    struct modcom_out_multicall *out) {
  if (c->flow->multi)
    return MODULE_FAIL_COMMON(c, bad_calldata, .argument = 1);
  if (in->calls.cnt > MODCOM_CALLS_MAX)
    return MODULE_FAIL_COMMON(c, too_many, .what = modcom_name("calls"),
                              .max = u256_from(MODCOM_CALLS_MAX));
  slice *result = arena_array(c->a, slice, in->calls.cnt + 1);
  c->flow->multi = true;
  for (u32 i = 0; i < in->calls.cnt; i++)
    if (modcom_inner(c, &result[i], *MODULE_AT(slice, &in->calls, i)) !=
        MODULE_DONE)
      return MODULE_REVERTED;
  c->flow->multi = false;
  out->results = (struct module_array){result, in->calls.cnt};
  return MODULE_DONE;
}

/*------------------------------------------------------------ a token's code */

/* Calls token with words as arguments, under the lock. */
static bool modcom_call(struct module_call *c, struct evm_result *r,
                        const addr20 *token, u32 selector, const u256 *word,
                        u32 cnt, u64 gas, bool reads) {
  u8 data[4 + 32 * 8];
  u256 zero = U256_ZERO;
  MUST(cnt <= 8);
  store_be32(data, selector);
  for (u32 i = 0; i < cnt; i++) u256_to_be(data + 4 + 32 * i, &word[i]);
  module_lock(c, 1);
  bool ran = evm_native_call(c->n, r, reads ? EVM_STATICCALL : EVM_CALL, token,
                             &zero, gas, slice_of(data, 4 + 32 * cnt));
  module_lock(c, -1);
  return ran && r->status == EVM_SUCCESS;
}
/* Nothing, or true. */
static bool modcom_agrees(const struct evm_result *r) {
  u256 v, one = u256_from(1);
  if (r->output.len == 0) return true;
  if (r->output.len < 32) return false;
  u256_from_be(&v, r->output.ptr);
  return u256_eq(&v, &one);
}
static bool modcom_balance(struct module_call *c, u256 *out,
                           const addr20 *token) {
  struct evm_result r;
  u256 word = module_key_addr(&c->self);
  *out = U256_ZERO;
  if (!modcom_call(c, &r, token, MODCOM_BALANCE_OF, &word, 1,
                   MODCOM_TOKEN_GAS, true) ||
      r.output.len < 32)
    return false;
  u256_from_be(out, r.output.ptr);
  return true;
}

static enum module_end modcom_do_permit_call(
    struct module_call *c, const struct modcom_in_permit_call *in,
    struct modcom_out_permit_call *out) {
  struct evm_result r;
  u256 has = U256_ZERO;
  u256 word[7] = {module_key_addr(&c->sender), module_key_addr(&c->self),
                  in->value, in->deadline, u256_from(in->v)};
  if (c->flow->multi)
    return MODULE_FAIL_COMMON(c, bad_calldata, .argument = 7);
  u256_from_be(&word[5], in->r.b);
  u256_from_be(&word[6], in->s.b);
  if (modcom_call(c, &r, &in->token, MODCOM_ALLOWANCE, word, 2,
                  MODCOM_TOKEN_GAS, true) && r.output.len >= 32)
    u256_from_be(&has, r.output.ptr);
  if (u256_lt(&has, &in->value) &&
      !modcom_call(c, &r, &in->token, MODCOM_PERMIT, word, 7, 0, false))
    return MODULE_FAIL_COMMON(c, bad_signature);
  c->flow->multi = true;
  return modcom_inner(c, &out->result, in->call);
}

/*------------------------------------------------------------------- ledger */

static u128 modcom_accounted(struct module_call *c, const addr20 *token) {
  struct module_common_record_ledger l;
  u256 key = module_key_addr(token);
  module_record_get(c, &module_common_table_ledger, &l, &key);
  return l.accounted;
}
static void modcom_account(struct module_call *c, const addr20 *token,
                           u128 in, u128 out) {
  struct module_common_record_ledger l;
  u256 key = module_key_addr(token);
  module_record_get(c, &module_common_table_ledger, &l, &key);
  /* Without gas reads give zero, and nothing is written. */
  MUST(l.accounted + in >= out || evm_native_gas(c->n) == 0);
  l.accounted = l.accounted + in - out;
  module_record_put(c, &module_common_table_ledger, &key, &l);
}

static enum module_end modcom_take_cmt(struct module_call *c, u128 amount) {
  u128 spent = c->flow->spent + amount;
  u256 want = module_word_of(spent);
  if (u256_lt(&c->value, &want))
    return MODULE_FAIL_COMMON(c, wrong_value, .want = want, .got = c->value);
  c->flow->spent = spent;
  modcom_account(c, &(addr20){{0}}, amount, 0);
  return MODULE_DONE;
}

static enum module_end modcom_take_token(struct module_call *c,
                                         const addr20 *token, u128 amount) {
  struct evm_result r;
  u128 has = modcom_accounted(c, token);
  u256 before, after, got, held = module_word_of(has);
  u256 word[3] = {module_key_addr(&c->sender), module_key_addr(&c->self),
                  module_word_of(amount)};
  if (!modcom_balance(c, &before, token))
    return MODULE_FAIL_COMMON(c, bad_token, .token = *token);
  if (u256_lt(&before, &held))
    return MODULE_FAIL_COMMON(c, token_impaired, .token = *token);
  if (amount > ~has) return MODULE_FAIL_COMMON(c, overflow);
  if (!modcom_call(c, &r, token, MODCOM_TRANSFER_FROM, word, 3, 0, false) ||
      !modcom_agrees(&r) || !modcom_balance(c, &after, token))
    return MODULE_FAIL_COMMON(c, bad_token, .token = *token);
  u256_sub(&got, &after, &before);
  if (!u256_eq(&got, &word[2]))
    return MODULE_FAIL_COMMON(c, token_delta, .want = word[2], .got = got);
  modcom_account(c, token, amount, 0);
  return MODULE_DONE;
}

enum module_end module_take(struct module_call *c, const addr20 *token,
                            u128 amount) {
  MUST(!c->flow->no_user);
  if (amount > MODULE_AMOUNT_MAX)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  if (amount == 0) return MODULE_DONE;
  return module_is_cmt(token) ? modcom_take_cmt(c, amount)
                              : modcom_take_token(c, token, amount);
}

/*---------------------------------------------------------------------- out */

static addr20 modcom_receiver(struct module_call *c, const addr20 *party) {
  addr20 to = *party;
  if (c->def->controller_of) c->def->controller_of(c, &to, party);
  return to;
}

static u256 modcom_claim_key(const addr20 *token, const addr20 *party) {
  u256 part[2] = {module_key_addr(token), module_key_addr(party)}, key;
  module_key_of(&key, part, 2);
  return key;
}
static void modcom_claim_add(struct module_call *c, const addr20 *token,
                             const addr20 *party, u128 amount) {
  struct module_common_record_claim l;
  u256 key = modcom_claim_key(token, party);
  module_record_get(c, &module_common_table_claim, &l, &key);
  l.token = *token;
  l.party = *party;
  l.amount += amount;
  module_record_put(c, &module_common_table_claim, &key, &l);
}

static void modcom_credit(struct module_call *c,
                          const struct module_payout *p) {
  modcom_claim_add(c, &p->token, &p->party, p->amount);
  MODULE_EMIT(c, credited, .owner = p->party, .token = p->token, .t = p->type,
              .key = u256_hash32(&p->key), .amount = module_word_of(p->amount),
              .why = p->why);
}

void module_pay(struct module_call *c, const addr20 *token,
                const addr20 *party, u128 amount, u8 type, const u256 *key,
                u8 why) {
  struct module_payout p = {.def = c->def, .token = *token, .party = *party,
                            .amount = amount, .type = type, .why = why,
                            .key = *key};
  if (amount == 0) return;
  if (!module_is_cmt(token)) {
    if (c->flow->no_user) {
      modcom_credit(c, &p);
      return;
    }
    struct module_payout *copy = arena_copy(c->a, &p, sizeof p);
    if (c->flow->last) c->flow->last->next = copy;
    else c->flow->first = copy;
    c->flow->last = copy;
    return;
  }
  addr20 to = modcom_receiver(c, party);
  u256 v = module_word_of(amount);
  modcom_account(c, token, 0, amount);
  bool paid = evm_native_pay(c->n, &to, &v);
  MUST(paid);
  MODULE_EMIT(c, paid, .to = to, .token = *token, .t = type,
              .key = u256_hash32(key), .amount = v, .why = why);
}

void module_give(struct module_call *c, const struct module_def *to,
                 u128 amount) {
  struct module_call own;
  addr20 receiver, cmt = {{0}};
  u256 v = module_word_of(amount);
  if (amount == 0) return;
  module_address(&receiver, to->number);
  modcom_account(c, &cmt, 0, amount);
  bool paid = evm_native_pay(c->n, &receiver, &v);
  MUST(paid);
  module_enter(&own, c, to);
  modcom_account(&own, &cmt, amount, 0);
  module_leave(c);
}

struct modcom_transfer {
  struct module_call *c;
  addr20 token, to;
  u128 amount;
  bool is_short; /* the token's balance was below what the ledger says */
};
static bool modcom_transfer(void *ctx) {
  struct modcom_transfer *t = ctx;
  struct evm_result r;
  u256 before, after, fell, amount = module_word_of(t->amount);
  u256 word[2] = {module_key_addr(&t->to), amount};
  u256 held = module_word_of(modcom_accounted(t->c, &t->token));
  if (!modcom_balance(t->c, &before, &t->token)) return false;
  t->is_short = u256_lt(&before, &held);
  if (!modcom_call(t->c, &r, &t->token, MODCOM_TRANSFER, word, 2,
                   MODCOM_TOKEN_GAS, false) ||
      !modcom_agrees(&r) || !modcom_balance(t->c, &after, &t->token))
    return false;
  return !u256_sub(&fell, &before, &after) && u256_eq(&fell, &amount);
}
static bool modcom_send(struct module_call *c, const addr20 *token,
                        const addr20 *to, u128 amount) {
  struct modcom_transfer t = {c, *token, *to, amount, false};
  bool sent = evm_native_try(c->n, evm_native_gas(c->n), modcom_transfer, &t);
  if (t.is_short) MODULE_EMIT(c, token_short, .token = *token);
  if (sent) modcom_account(c, token, 0, amount);
  return sent;
}

void module_payouts(struct module_call *c) {
  for (struct module_payout *p = c->flow->first; p; p = p->next) {
    struct module_call own;
    module_enter(&own, c, p->def);
    addr20 to = modcom_receiver(&own, &p->party);
    if (!modcom_send(&own, &p->token, &to, p->amount))
      modcom_credit(&own, p);
    else
      MODULE_EMIT(&own, paid, .to = to, .token = p->token, .t = p->type,
                  .key = u256_hash32(&p->key),
                  .amount = module_word_of(p->amount), .why = p->why);
    module_leave(c);
  }
}

static enum module_end modcom_do_withdraw(
    struct module_call *c, const struct modcom_in_withdraw *in,
    struct modcom_out_withdraw *out) {
  struct module_common_record_claim l;
  u256 key = modcom_claim_key(&in->token, &in->owner), have;
  module_record_get(c, &module_common_table_claim, &l, &key);
  addr20 to = modcom_receiver(c, &in->owner);
  u128 amount = l.amount;
  if (amount == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (module_is_cmt(&in->token)) {
    u256 v = module_word_of(amount);
    modcom_account(c, &in->token, 0, amount);
    bool paid = evm_native_pay(c->n, &to, &v);
    MUST(paid);
  } else {
    /* Of a token that lost some: while it lasts. */
    u256 want = module_word_of(amount);
    if (modcom_balance(c, &have, &in->token) && u256_lt(&have, &want))
      amount = (u128)have.w[1] << 64 | have.w[0];
    if (amount == 0 || !modcom_send(c, &in->token, &to, amount))
      return MODULE_FAIL_COMMON(c, payout_failed, .token = in->token);
  }
  l.amount -= amount;
  module_record_put(c, &module_common_table_claim, &key, &l);
  out->amount = module_word_of(amount);
  MODULE_EMIT(c, withdrawn, .owner = in->owner, .token = in->token, .to = to,
              .amount = out->amount);
  return MODULE_DONE;
}

static enum module_end modcom_do_claimable(
    struct module_call *c, const struct modcom_in_claimable *in,
    struct modcom_out_claimable *out) {
  struct module_common_record_claim l;
  u256 key = modcom_claim_key(&in->token, &in->owner);
  module_record_get(c, &module_common_table_claim, &l, &key);
  out->amount = module_word_of(l.amount);
  return MODULE_DONE;
}

static enum module_end modcom_surplus(struct module_call *c, u256 *held,
                                      u256 *surplus, const addr20 *token) {
  u256 balance;
  *held = module_word_of(modcom_accounted(c, token));
  if (module_is_cmt(token)) evm_native_balance(c->n, &balance, &c->self);
  else if (!modcom_balance(c, &balance, token))
    return MODULE_FAIL_COMMON(c, bad_token, .token = *token);
  if (u256_sub(surplus, &balance, held)) *surplus = U256_ZERO;
  return MODULE_DONE;
}

static enum module_end modcom_do_accounted(
    struct module_call *c, const struct modcom_in_accounted *in,
    struct modcom_out_accounted *out) {
  return modcom_surplus(c, &out->amount, &out->surplus, &in->token);
}

static enum module_end modcom_do_sweep_surplus(
    struct module_call *c, const struct modcom_in_sweep_surplus *in,
    struct modcom_out_sweep_surplus *out) {
  u256 held, surplus, none = U256_ZERO;
  addr20 treasury;
  (void)out;
  module_address(&treasury, MODULE_GOVERNANCE);
  if (modcom_surplus(c, &held, &surplus, &in->token) != MODULE_DONE)
    return MODULE_REVERTED;
  if (u256_is_zero(&surplus)) return MODULE_FAIL_COMMON(c, zero_amount);
  u128 amount = (u128)surplus.w[1] << 64 | surplus.w[0];
  u128 most = ~((u128)held.w[1] << 64 | held.w[0]); /* what the ledger has room
                                                    ** for */
  if (most > MODULE_AMOUNT_MAX) most = MODULE_AMOUNT_MAX;
  if (surplus.w[2] | surplus.w[3] || amount > most)
    amount = most; /* the rest another time */
  if (amount == 0) return MODULE_FAIL_COMMON(c, overflow);
  modcom_account(c, &in->token, amount, 0);
  module_pay(c, &in->token, &treasury, amount, 255, &none, 0);
  return MODULE_DONE;
}
#undef ID
#undef MODULE_PUBLIC
#undef MODCOM_TOKEN_GAS
#undef MODCOM_CALLS_MAX
#undef MODCOM_DAY
