/* scheduler.c - the deadlines of all modules, and taking those that are due.
**
** Storage of 0x..1005, for each module m:
**   1 cursor(m)            every second up to done has been dealt with, and
**                          index entries of the next one
**   2 keccak(m, second / 256)  one bit for each second that has a bucket
**   5 keccak(m, second / 65536)  one bit for each word of those that has one
**   3 keccak(m, second)    the bucket: from this slot on one word an entry:
**                          type << 224 | key; in the first the number of
**                          entries is above bit 232.  A key of more than 224
**                          bits stands in the slot 2^32 further on, and the
**                          entry has bit 0x80 in its type.
** module_timer_set adds an entry and sets the record's deadline.  Entries are
** checked when they come up: one whose record has another deadline by then is
** dropped, so moving a deadline is adding another entry.
**
** After a block's transactions the chain calls onBlock as the system.  Modules
** take turns, beginning with height mod count; each goes from its cursor to
** its own time, over up to 18 hours at a step where nothing is due.  A
** handler gets 500,000 gas at most; one that fails is undone, logged
** (TimerFailed), and its record's deadline moved by 60 s x 2^k, at most a day.
** What the block's budget does not allow goes on in the next, where it
** stopped. */
#include "crypto/keccak.h"
#include "module/module.h"

#define ID(what, name) sched_##what##_##name
#define MODULE_PUBLIC(what, name) module_sched_##what##_##name
#include "module/pass_record.inc"
#include "module/scheduler.def"
#include "module/pass_struct.inc"
#include "module/scheduler.def"
#include "module/pass_param.inc"
#include "module/scheduler.def"
static const struct module_row sched_rows[] = {
#include "module/pass_row.inc"
#include "module/scheduler.def"
};
#include "module/pass_end.inc"

const struct module_def module_scheduler = {
  .name = "Scheduler", .text = "Scheduler, deadlines that keep themselves",
  .number = 0x1005, .row = sched_rows, .row_cnt = ARRAY_LEN(sched_rows)};

enum {
  SCHED_WORDS = 2, SCHED_BUCKET = 3, SCHED_SUMS = 5, /* types of storage */
  SCHED_HANDLER_GAS = 500000,
  SCHED_STEP_GAS = 100000,                /* for what is around a handler */
  SCHED_COUNT_BIT = 232, SCHED_KEY_BITS = 224, SCHED_LONG = 0x80
};

/*------------------------------------------------------------------ buckets */

static u256 sched_key(struct module_call *c, u16 module, u64 at) {
  const u256 part[2] = {u256_from(module), u256_from(at)};
  u256 key;
  module_key_at(c, &key, part);
  return key;
}
static u256 sched_entry_slot(const u256 *bucket, u64 i) {
  u256 at, off = u256_from(i);
  u256_add(&at, bucket, &off);
  return at;
}
static u256 sched_bucket(struct module_call *c, u16 module, u64 second) {
  u256 key = sched_key(c, module, second), at;
  module_slot_at(c, &at, SCHED_BUCKET, &key);
  return at;
}
static u32 sched_count(const u256 *first) {
  return (u32)(first->w[3] >> (SCHED_COUNT_BIT - 192));
}

static bool sched_bit(const u256 *map, u64 i) {
  return map->w[i % 256 / 64] >> i % 64 & 1;
}
static u256 sched_map(struct module_call *c, u256 *key, u8 type, u16 module,
                      u64 at) {
  *key = sched_key(c, module, at / 256);
  return module_word_get(c, type, key);
}
/* Sets or clears the bit of a place; true when its word was empty before, or
** is now. */
static bool sched_mark(struct module_call *c, u8 type, u16 module, u64 at,
                       bool set) {
  u256 key, map = sched_map(c, &key, type, module, at);
  u64 bit = (u64)1 << at % 64, *w = &map.w[at % 256 / 64];
  bool was = u256_is_zero(&map);
  if (set) *w |= bit;
  else *w &= ~bit;
  module_word_put(c, type, &key, &map);
  return was || u256_is_zero(&map);
}

static void sched_add(struct module_call *c, u16 module, u64 second, u8 type,
                      const u256 *key) {
  u256 bucket = sched_bucket(c, module, second), first, word = *key, shift;
  bool is_long = u256_bits(key) > SCHED_KEY_BITS;
  evm_native_slot(c->n, &first, &bucket);
  u32 cnt = sched_count(&first);
  if (is_long) {
    u256 at = sched_entry_slot(&bucket, ((u64)1 << 32) + cnt);
    evm_native_slot_set(c->n, &at, key);
    word = U256_ZERO;
  }
  word.w[3] |= (u64)(type | (is_long ? SCHED_LONG : 0)) << 32;
  if (cnt == 0) first = word;
  u256 more = u256_from(cnt + 1);
  u256_shl(&shift, &more, SCHED_COUNT_BIT);
  first.w[3] = (first.w[3] & (((u64)1 << 40) - 1)) | shift.w[3];
  evm_native_slot_set(c->n, &bucket, &first);
  if (cnt) {
    u256 at = sched_entry_slot(&bucket, cnt);
    evm_native_slot_set(c->n, &at, &word);
  }
  if (cnt == 0 && sched_mark(c, SCHED_WORDS, module, second, true))
    sched_mark(c, SCHED_SUMS, module, second / 256, true);
}

void module_timer_set(struct module_call *c, struct module_header *h, u8 type,
                      const u256 *key, u64 deadline) {
  struct module_call own;
  h->deadline = deadline;
  if (deadline == 0) return;
  /* The second that runs may have been dealt with. */
  if (deadline <= c->now_s) h->deadline = c->now_s + 1;
  u16 number = c->def->number;
  module_enter(&own, c, &module_scheduler);
  sched_add(&own, number, h->deadline, type, key);
  module_leave(c);
}

/*----------------------------------------------------------------- one entry */

struct sched_run { /* an entry under way */
  struct module_call *c;  /* the scheduler's */
  const struct module_def *def;
  u8 type;
  u256 key;
  u64 due;
  slice why;              /* of a failure */
  u32 fired;
};

static void sched_header(struct module_call *c, u256 *slot, u256 *v, u8 type,
                         const u256 *key) {
  module_slot_at(c, slot, type, key);
  evm_native_slot(c->n, v, slot);
}
/* Bits 32 to 95 of slot 0. */
static u64 sched_deadline(const u256 *v) {
  return v->w[0] >> 32 | v->w[1] << 32;
}

static bool sched_fire(void *ctx) {
  struct sched_run *r = ctx;
  struct module_call own;
  u256 slot, v;
  module_enter(&own, r->c, r->def);
  buf_clear(own.out);
  bool ok = r->def->timer(&own, r->type, &r->key);
  if (!ok) {
    r->why = arena_copy_slice(own.a, buf_slice(own.out));
  } else {
    sched_header(&own, &slot, &v, r->type, &r->key);
    module_emit_fired(&own, r->type, &r->key, r->due, (u8)v.w[0]);
  }
  module_leave(r->c);
  return ok;
}

/* The handler failed: once more, later and later. */
static void sched_again(struct sched_run *r) {
  struct module_sched_record_retry t;
  struct module_call own;
  u256 part[3] = {u256_from(r->def->number), u256_from(r->type), r->key}, key;
  u256 slot, v;
  module_key_of(&key, part, 3);
  module_record_get(r->c, &module_sched_table_retry, &t, &key);
  u8 tries = t.deadline == r->due ? t.tries + 1 : 0;
  u64 wait = tries > 10 ? 86400 : (u64)60 << tries;
  module_enter(&own, r->c, r->def);
  u64 at = own.now_s + (wait > 86400 ? 86400 : wait);
  sched_header(&own, &slot, &v, r->type, &r->key);
  v.w[0] = (v.w[0] & 0xffffffff) | at << 32;
  v.w[1] = (v.w[1] & ~(u64)0xffffffff) | at >> 32;
  evm_native_slot_set(r->c->n, &slot, &v);
  module_emit_failed(&own, r->type, &r->key, at, r->why);
  module_leave(r->c);
  t = (struct module_sched_record_retry){
    .module = r->def->number, .type = r->type, .tries = tries, .deadline = at,
    .record = u256_hash32(&r->key)};
  module_record_put(r->c, &module_sched_table_retry, &key, &t);
  sched_add(r->c, r->def->number, at, r->type, &r->key);
}

static void sched_entry(struct sched_run *r, const u256 *bucket, u32 i) {
  struct module_call own;
  u256 at = sched_entry_slot(bucket, i), word, slot, v, zero = U256_ZERO;
  evm_native_slot(r->c->n, &word, &at);
  r->type = (u8)(word.w[3] >> 32);
  r->key = word;
  r->key.w[3] &= 0xffffffff;
  if (r->type & SCHED_LONG) {
    u256 far = sched_entry_slot(bucket, ((u64)1 << 32) + i);
    evm_native_slot(r->c->n, &r->key, &far);
    evm_native_slot_set(r->c->n, &far, &zero);
    r->type &= ~SCHED_LONG;
  }
  if (i) evm_native_slot_set(r->c->n, &at, &zero);
  module_enter(&own, r->c, r->def);
  sched_header(&own, &slot, &v, r->type, &r->key);
  module_leave(r->c);
  if (sched_deadline(&v) != r->due) return;
  struct arena_mark mark = arena_mark(r->c->a);
  r->why = slice_of(NULL, 0);
  if (!evm_native_try(r->c->n, SCHED_HANDLER_GAS, sched_fire, r)) {
    evm_native_as(r->c->n, &r->c->self);
    sched_again(r);
  }
  arena_reset(r->c->a, mark);
  r->fired++;
}

/*---------------------------------------------------------------- one module */

static bool sched_has_gas(const struct module_call *c) {
  return evm_native_gas(c->n) >= SCHED_HANDLER_GAS + SCHED_STEP_GAS;
}

/* The first second from *at on that has a bucket: true; else as far as that
** one look tells that there is none. */
static bool sched_next(struct module_call *c, u64 *at, u16 module) {
  u256 key, sum = sched_map(c, &key, SCHED_SUMS, module, *at / 256);
  u64 word = *at / 256;
  while (!sched_bit(&sum, word)) {
    if (word % 256 == 255) {
      *at |= 65535;
      return false;
    }
    word++;
  }
  if (word != *at / 256) *at = word * 256;
  u256 map = sched_map(c, &key, SCHED_WORDS, module, *at);
  for (;; ++*at) {
    if (sched_bit(&map, *at)) return true;
    if (*at % 256 == 255) return false;
  }
}

static void sched_done(struct module_call *c, u16 module, u64 second) {
  u256 bucket = sched_bucket(c, module, second), zero = U256_ZERO;
  if (sched_mark(c, SCHED_WORDS, module, second, false))
    sched_mark(c, SCHED_SUMS, module, second / 256, false);
  evm_native_slot_set(c->n, &bucket, &zero);
}

/* A bucket from entry *index on; false when gas ran short. */
static bool sched_second(struct sched_run *r, u32 *index) {
  u256 bucket = sched_bucket(r->c, r->def->number, r->due), first;
  for (;; ++*index) {
    evm_native_slot(r->c->n, &first, &bucket);
    if (*index >= sched_count(&first)) break;
    if (!sched_has_gas(r->c)) return false;
    sched_entry(r, &bucket, *index);
  }
  sched_done(r->c, r->def->number, r->due);
  *index = 0;
  return true;
}

static void sched_module(struct module_call *c, const struct module_def *def,
                         u32 *fired) {
  struct module_sched_record_cursor cur;
  struct module_call own;
  struct sched_run r = {.c = c, .def = def};
  u256 key = u256_from(def->number);
  module_enter(&own, c, def);
  u64 now = own.now_s;
  module_leave(c);
  module_record_get(c, &module_sched_table_cursor, &cur, &key);
  struct module_sched_record_cursor old = cur;
  if (cur.done == 0) cur.done = now;
  while (cur.done < now && sched_has_gas(c)) {
    u64 at = cur.done + 1;
    bool found = sched_next(c, &at, def->number);
    if (!found || at > now) {
      cur.done = at > now ? now : at;
      continue;
    }
    cur.done = at - 1;
    r.due = at;
    if (!sched_second(&r, &cur.index)) break;
    cur.done = at;
  }
  /* Passing empty seconds is worth a write once in 256. */
  if (r.fired || cur.index != old.index || cur.done / 256 != old.done / 256)
    module_record_put(c, &module_sched_table_cursor, &key, &cur);
  *fired += r.fired;
}

u32 module_timers_run(struct module_call *c) {
  u64 active = module_active(c->set);
  const struct module_def *list[64];
  u32 cnt = 0, fired = 0;
  for (u32 i = 0; i < 64; i++) {
    const struct module_def *def = module_def_at(c->set, i, active);
    if (def && def->timer) list[cnt++] = def;
  }
  c->flow->no_user = true;
  for (u32 i = 0; i < cnt; i++)
    sched_module(c, list[(c->height + i) % cnt], &fired);
  return fired;
}

/*------------------------------------------------------------------- methods */

static enum module_end sched_do_on_block(struct module_call *c,
                                         const struct sched_in_on_block *in,
                                         struct sched_out_on_block *out) {
  static const u8 system[20] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe};
  if (memcmp(c->sender.b, system, 20) != 0)
    return MODULE_FAIL_COMMON(c, not_authorised, .caller = c->sender);
  (void)in;
  out->fired = module_timers_run(c);
  return MODULE_DONE;
}

static enum module_end sched_do_cursor(struct module_call *c,
                                       const struct sched_in_cursor *in,
                                       struct sched_out_cursor *out) {
  struct module_sched_record_cursor cur;
  u256 key = u256_from(in->module);
  module_record_get(c, &module_sched_table_cursor, &cur, &key);
  out->doneUntil = cur.done;
  out->index = cur.index;
  return MODULE_DONE;
}

static enum module_end sched_do_due(struct module_call *c,
                                    const struct sched_in_due *in,
                                    struct sched_out_due *out) {
  u256 bucket = sched_bucket(c, in->module, in->second), first;
  evm_native_slot(c->n, &first, &bucket);
  out->entries = sched_count(&first);
  return MODULE_DONE;
}
#undef ID
#undef MODULE_PUBLIC
