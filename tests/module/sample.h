/* sample.h - the module of sample.def and a machine that has it at 0x..1fff. */
#ifndef TESTS_MODULE_SAMPLE_H
#define TESTS_MODULE_SAMPLE_H
#include "module/module.h"

#define MODULE_PUBLIC(what, name) sample_##what##_##name
#include "module/pass_record.inc"
#include "module/sample.def"
#include "module/pass_end.inc"

#define ID(what, name) sample_##what##_##name
#include "module/pass_struct.inc"
#include "module/sample.def"
#include "module/pass_param.inc"
#include "module/sample.def"
static const struct module_row sample_rows[] = {
#include "module/pass_row.inc"
#include "module/sample.def"
};
#include "module/pass_end.inc"
static const struct module_def sample_def = {
  .name = "Sample", .text = "Sample, for tests", .number = 0x1fff,
  .row = sample_rows, .row_cnt = ARRAY_LEN(sample_rows)};

static enum module_end sample_do_echo(struct module_call *c,
                                      const struct sample_in_echo *in,
                                      struct sample_out_echo *out) {
  (void)c;
  memcpy(out, in, sizeof *out); /* the same members */
  return MODULE_DONE;
}
static enum module_end sample_do_lists(struct module_call *c,
                                       const struct sample_in_lists *in,
                                       struct sample_out_lists *out) {
  out->a = module_list_make(c, in->a.cnt);
  for (u32 i = 0; i < in->a.cnt; i++) {
    addr20 v;
    module_list_addr(&v, &in->a, i);
    module_list_put_addr(&out->a, i, &v);
  }
  out->b = module_list_make(c, in->b.cnt);
  for (u32 i = 0; i < in->b.cnt; i++)
    module_list_put_u64(&out->b, i, module_list_u64(&in->b, i));
  for (u32 i = 0; i < in->c.cnt; i++) out->sum += module_list_b4(&in->c, i);
  return MODULE_DONE;
}
static enum module_end sample_do_tuple(struct module_call *c,
                                       const struct sample_in_tuple *in,
                                       struct sample_out_tuple *out) {
  (void)c;
  out->items = in->items;
  out->id = in->id;
  if (in->more.cnt) module_list_addr(&out->last, &in->more, in->more.cnt - 1);
  return MODULE_DONE;
}
static enum module_end sample_do_deep(struct module_call *c,
                                      const struct sample_in_deep *in,
                                      struct sample_out_deep *out) {
  (void)c;
  memcpy(out, in, sizeof *out); /* the same members */
  return MODULE_DONE;
}
static enum module_end sample_do_amount(struct module_call *c,
                                        const struct sample_in_amount *in,
                                        struct sample_out_amount *out) {
  (void)in;
  out->sent = c->value;
  return MODULE_DONE;
}
static enum module_end sample_do_save(struct module_call *c,
                                      const struct sample_in_save *in,
                                      struct sample_out_save *out) {
  struct sample_record_item r;
  u256 key = u256_from(in->id);
  (void)out;
  module_record_get(c, &sample_table_item, &r, &key);
  r.owner = in->owner;
  r.count = in->count;
  r.delta = -(i64)(in->count % 1000);
  r.big = -(__int128)in->count * 1000000007;
  module_record_put(c, &sample_table_item, &key, &r);
  MODULE_EMIT(c, saved, .id = in->id, .owner = in->owner, .count = in->count,
              .record = slice_of("abc", 3));
  return MODULE_DONE;
}
static enum module_end sample_do_load(struct module_call *c,
                                      const struct sample_in_load *in,
                                      struct sample_out_load *out) {
  struct sample_record_item r;
  u256 key = u256_from(in->id);
  module_record_get(c, &sample_table_item, &r, &key);
  out->owner = r.owner;
  out->count = r.count;
  module_slot_of(&out->slot, 1, &key);
  return MODULE_DONE;
}
static enum module_end sample_do_limit(struct module_call *c,
                                       const struct sample_in_limit *in,
                                       struct sample_out_limit *out) {
  (void)in;
  out->v = module_setting_get(c, 0);
  return MODULE_DONE;
}
static enum module_end sample_do_pay(struct module_call *c,
                                     const struct sample_in_pay *in,
                                     struct sample_out_pay *out) {
  out->ok = evm_native_pay(c->n, &in->to, &in->v);
  return MODULE_DONE;
}
static enum module_end sample_do_fail(struct module_call *c,
                                      const struct sample_in_fail *in,
                                      struct sample_out_fail *out) {
  (void)out;
  return MODULE_FAIL(c, short_of, .want = in->have + 1,
                     .what = slice_str("stock"));
}
#undef ID
#undef MODULE_PUBLIC

static const struct module_def *const sample_list[] = {&sample_def};
#endif
