/* shop_reach.h - what a walk has been through: each method of its modules (those
** of their base too), how often it was done; each deadline's work by the state
** that it found and the one that it left (TimerFired beside the block's own
** difference).  Fed by the fixture (sf_reach); a test's whole run is one. */
#ifndef TESTS_SHOP_REACH_H
#define TESTS_SHOP_REACH_H
#include "shop/shop_fixture.h"

enum { REACH_METHODS = 400, REACH_EXITS = 128 };
struct reach_method {
  const struct module_def *def;
  const struct module_method *method;
  u8 sel[4];
  u64 done, tried;
  const char *refused; /* the last time: the error's name */
};
/* Of records of this type: from, to are their states. */
struct reach_exit { u32 module; u8 type, from, to; const char *what; };
static struct reach_method reach_list[REACH_METHODS];
static u32 reach_cnt;
static struct { struct reach_exit at; u64 fired; } reach_fired[REACH_EXITS];
static u32 reach_fired_cnt;

static inline void reach_call(u32 module, slice data) {
  for (u32 i = 0; i < reach_cnt && data.len >= 4; i++)
    if (reach_list[i].def->number == module &&
        memcmp(reach_list[i].sel, data.ptr, 4) == 0)
      reach_list[i].done++;
}

/* The state in the header of a record as the block found it. */
static inline u8 reach_was(const struct cf *f, const addr20 *module, u8 type,
                           const hash32 *key) {
  const struct state_diff *d = &f->block.diff;
  u256 k, base;
  u256_from_be(&k, key->b);
  module_slot_of(&base, type, &k);
  for (u32 i = 0; i < d->account_cnt; i++) {
    const struct state_diff_account *a = &d->account[i];
    if (!addr20_eq(&a->addr, module)) continue;
    for (u32 s = 0; s < a->slot_cnt; s++)
      if (u256_eq(&a->slot[s].slot, &base)) return (u8)a->slot[s].old_val.w[0];
  }
  return 0;
}
static inline void reach_exit_note(struct reach_exit e) {
  u32 i = 0;
  while (i < reach_fired_cnt && (reach_fired[i].at.module != e.module ||
                                 reach_fired[i].at.type != e.type ||
                                 reach_fired[i].at.from != e.from ||
                                 reach_fired[i].at.to != e.to))
    i++;
  if (i == reach_fired_cnt) {
    MUST(++reach_fired_cnt <= REACH_EXITS);
    reach_fired[i].at = e;
  }
  reach_fired[i].fired++;
}
static inline void reach_block(const struct cf *f) {
  static const char event[] = "TimerFired(uint8,bytes32,uint64,uint8)";
  hash32 topic;
  crypto_keccak256(&topic, (const u8 *)event, sizeof event - 1);
  for (u32 i = 0; i < f->block.tx_cnt; i++)
    for (u32 k = 0; k < f->block.receipt[i].log_cnt; k++) {
      const struct state_log *l = &f->block.receipt[i].log[k];
      if (!hash32_eq(&l->topic[0], &topic)) continue;
      u8 type = l->topic[1].b[31];
      reach_exit_note((struct reach_exit){
        .module = (u32)load_be32(l->addr.b + 16), .type = type,
        .from = reach_was(f, &l->addr, type, &l->topic[2]),
        .to = l->data.ptr[63]});
    }
}

static inline void reach_open(const struct module_def *const *defs, u32 cnt) {
  struct buf b;
  buf_init(&b, 0);
  meter_loose = true;
  for (u32 k = 0; k < cnt; k++)
    for (const struct module_def *d = defs[k]; d; d = d->base)
      for (u32 i = 0; i < d->row_cnt; i++) {
        if (d->row[i].kind != MODULE_ROW_METHOD) continue;
        MUST(reach_cnt < REACH_METHODS);
        struct reach_method *m = &reach_list[reach_cnt++];
        *m = (struct reach_method){.def = defs[k], .method = d->row[i].method};
        buf_clear(&b);
        module_signature(&b, m->method->name, m->method->in);
        abi_selector(m->sel, buf_cstr(&b));
      }
  buf_fini(&b);
  sf_reach = (struct sf_reach){reach_call, reach_block};
}

static inline void reach_tried(const struct reach_method *m) {
  reach_list[m - reach_list].tried++;
}
static inline void reach_refused(const struct module_def *def,
                                 const struct module_method *m,
                                 const char *name) {
  for (u32 i = 0; i < reach_cnt; i++)
    if (reach_list[i].def == def && reach_list[i].method == m)
      reach_list[i].refused = name;
}
static inline bool reach_among(const char *const *names, const char *name) {
  while (*names && strcmp(*names, name)) names++;
  return *names != NULL;
}
static inline bool reach_exited(const struct reach_exit *e) {
  for (u32 k = 0; k < reach_fired_cnt; k++)
    if (reach_fired[k].at.module == e->module &&
        reach_fired[k].at.type == e->type &&
        reach_fired[k].at.from == e->from && reach_fired[k].at.to == e->to)
      return true;
  return false;
}
/* How many methods and exits were not reached, but for methods of these names
** (Module.method, ended by NULL); tell: which. */
static inline u32 reach_missing(const struct reach_exit *exit, u32 exit_cnt,
                                const char *const *but, bool tell) {
  u32 missing = 0;
  for (u32 i = 0; i < reach_cnt; i++) {
    const struct reach_method *m = &reach_list[i];
    char name[96];
    snprintf(name, sizeof name, "%s.%s", m->def->name, m->method->name);
    if (m->done || reach_among(but, name)) continue;
    missing++;
    if (tell)
      print_message("not reached: %s (%s)\n", name,
                    m->refused ? m->refused : "never called");
  }
  for (u32 i = 0; i < exit_cnt; i++) {
    const struct reach_exit *e = &exit[i];
    if (reach_exited(e)) continue;
    missing++;
    if (tell)
      print_message("not reached: %x type %u, deadline in %u -> %u: %s\n",
                    e->module, e->type, e->from, e->to, e->what);
  }
  if (tell)
    print_message("%u methods, %u kinds of automatic exits; %u not reached\n",
                  reach_cnt, reach_fired_cnt, missing);
  return missing;
}
#endif
