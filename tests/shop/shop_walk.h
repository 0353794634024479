/* shop_walk.h - the world of a random walk over commerce, and arguments for any
** of its methods, made from the table that describes them: mostly plausible, now
** and then beyond what is allowed. */
#ifndef TESTS_SHOP_WALK_H
#define TESTS_SHOP_WALK_H
#include "shop/shop_reach.h"
#include "shop/shop_trade.h"

#include "chain/chain_module.h"
#include "shop/shop_court.h"
#include "shop/shop_mediation.h"

enum { WALK_USERS = CF_USERS - 1 };
enum { ORDER, INVOICE, SUB, PLAN, LISTING, COUPON, TABLE, PLATFORM, CASE,
       COURT_CASE, CLAIM, CONSENT, CLASSES };
static const struct module_def *const walk_module[] = {
  &shop_identity, &shop_platform, &shop_market, &shop_orders,
  &shop_mediation, &shop_court};

struct walk {
  struct sf f;
  u64 seed, top[CLASSES], pin[CLASSES]; /* pin: this one, in a step */
  u64 done, refused, blocks;
  u256 supply;
  struct arena a;
};

static u64 any(struct walk *w, u64 n) {
  w->seed ^= w->seed << 13, w->seed ^= w->seed >> 7, w->seed ^= w->seed << 17;
  return w->seed % n;
}
#define ONE_OF(w, ...) \
  ((const u64[]){__VA_ARGS__}[any(w, sizeof((u64[]){__VA_ARGS__}) / 8)])

/*---------------------------------------------------------------- arguments */

static int class_of(const struct module_def *def, const char *method,
                    const char *name) {
  static const struct { const char *name; int class; } named[] = {
    {"order", ORDER}, {"invoice", INVOICE}, {"sub", SUB}, {"plan", PLAN},
    {"listing", LISTING}, {"coupon", COUPON}, {"shipTable", TABLE},
    {"platform", PLATFORM}, {"platforms", PLATFORM}, {"subject", ORDER},
    {"claims", CLAIM}};
  for (u32 i = 0; i < ARRAY_LEN(named); i++)
    if (strcmp(name, named[i].name) == 0) return named[i].class;
  if (strcmp(name, "id") && strcmp(name, "ids") && strcmp(name, "saved"))
    return -1;
  switch (def->number) {
    case 0x1010: return strstr(method, "onsent") ? CONSENT : CLAIM;
    case 0x1011: return PLATFORM;
    case 0x1012:
      return strstr(method, "oupon") ? COUPON
             : strstr(method, "ShipTable") ? TABLE : LISTING;
    case 0x1013:
      return strstr(method, "Invoice") ? INVOICE
             : strstr(method, "Plan") ? PLAN : ORDER;
    case 0x1014: return CASE;
    default: return COURT_CASE;
  }
}
static u64 any_id(struct walk *w, int class) {
  u64 top = w->top[class];
  if (w->pin[class]) return w->pin[class];
  u64 back = any(w, 6);
  if (any(w, 20) == 0) return top + 1 + any(w, 2);
  return top > back ? top - back : 1;
}

/* What a number of this name mostly is. */
static const struct { const char *name; u64 of[5]; u32 cnt; } walk_usual[] = {
  {"sub", {255, 255, 0, 1, 9}, 5}, {"version", {1, 1, 2}, 3},
  {"stars", {1, 3, 5, 5, 6}, 5}, {"variant", {0, 0, 0, 1}, 4},
  {"index", {0, 0, 0, 1}, 4}, {"qty", {1, 1, 2, 9}, 4}, {"program", {0}, 1},
  {"points", {0}, 1}, {"feed", {0, 0, 0, 1}, 4}, {"kind", {1, 2, 3}, 3},
  {"mode", {0, 1, 2, 3}, 4}, {"rule", {1, 2, 4, 6, 7}, 5},
  {"t", {1, 1, 1, 5}, 4}, {"periods", {1, 2, 3}, 3}, {"realm", {0, 1, 1}, 3},
  {"openMax", {2, 3}, 2}, {"categories", {~0ull}, 1},
  {"threshold", {1, 1, 2}, 3}, {"i", {0, 0, 1}, 3},
  {"module", {0x1013, 0x1013, 0x1010, 0x1012, 0x1014}, 5}};
static u64 any_number(struct walk *w, const struct module_def *def,
                      const char *method, const struct module_param *p) {
  int class = class_of(def, method, p->name);
  u64 now = sf_now(&w->f);
  bool usual = any(w, 10) > 0, trade = strcmp(method, "place") == 0 ||
                                       strcmp(method, "quote") == 0;
  if (def == &shop_court && strcmp(p->name, "subject") == 0)
    return ONE_OF(w, 0, 0, 0, 1);
  if (usual && trade && (class == COUPON || class == PLATFORM)) return 0;
  if (p->bits == 64 && class >= 0)
    return strncmp(method, "save", 4) == 0 && usual ? 0 : any_id(w, class);
  for (u32 i = 0; usual && i < ARRAY_LEN(walk_usual); i++)
    if (strcmp(p->name, walk_usual[i].name) == 0)
      return walk_usual[i].of[any(w, walk_usual[i].cnt)];
  if (p->kind == MODULE_BOOL) return any(w, 2);
  switch (p->bits) {
    case 8: return ONE_OF(w, 0, 1, 1, 2, 3, 5, 255);
    case 16: return ONE_OF(w, 0, 0, 1, 10, 500, 5000, 10000, 10001, 65535);
    case 32:
      return ONE_OF(w, 0, 1, 1, 2, 3600, SF_DAY, 2 * SF_DAY, 3 * SF_DAY,
                    7 * SF_DAY, 0xffffffff);
    default: return ONE_OF(w, 0, 0, now + SF_DAY, now + 20 * SF_DAY, now - 1, 1);
  }
}
static addr20 any_address(struct walk *w, const char *name) {
  bool nobody = strcmp(name, "owner") == 0 || strcmp(name, "payer") == 0 ||
                strcmp(name, "referrer") == 0;
  if (strcmp(name, "token") == 0)
    return any(w, 3) ? (addr20){{0}} : st_token((u32)any(w, 3));
  if (nobody && any(w, 4)) return (addr20){{0}};
  if (any(w, 12) == 0) return sf_module(0x1010 + (u32)any(w, 6));
  if (any(w, 12) == 0) return (addr20){{0}};
  return w->f.cf.user[any(w, CF_USERS)];
}
static u128 any_amount(struct walk *w) {
  if (any(w, 40) == 0) return MODULE_AMOUNT_MAX;
  return (u128)ONE_OF(w, 0, 1, 1000, 1000, 3000, 1000000, 1000000,
                      3 * SF_CMT);
}

static void fill(struct walk *w, const struct module_def *def,
                 const char *method, const struct module_param *p, u8 *at);
static slice any_call(struct walk *w, const struct module_def *def);
static void fill_list(struct walk *w, const struct module_def *def,
                      const char *method, const struct module_param *p,
                      struct module_list *l) {
  struct module_param one = *p;
  u8 *words;
  l->cnt = (u32)any(w, 4);
  words = arena_alloc(&w->a, 32 * l->cnt + 1);
  memset(words, 0, 32 * l->cnt + 1);
  for (u32 i = 0; i < l->cnt; i++) {
    addr20 a = any_address(w, p->name);
    if (p->item == MODULE_ADDR) memcpy(words + 32 * i + 12, a.b, 20);
    else if (p->bits == 256)
      store_be64(words + 32 * i + 24,
                 strstr(p->name, "mount") ? 1000 : any(w, 9));
    else if (strstr(p->name, "Due"))
      store_be64(words + 32 * i + 24, sf_now(&w->f) + (i + 1) * 9 * SF_DAY);
    else
      store_be64(words + 32 * i + 24, any_number(w, def, method, &one));
  }
  l->words = words;
}
static void fill_one(struct walk *w, const struct module_def *def,
                     const char *method, const struct module_param *p,
                     u8 *at) {
  u8 *text;
  switch (p->kind) {
    case MODULE_AMOUNT: *(u128 *)at = any_amount(w); break;
    case MODULE_ADDR: *(addr20 *)at = any_address(w, p->name); break;
    case MODULE_B8: memcpy(at, any(w, 4) ? "*" : "DE", 2); break;
    case MODULE_B32:
      at[31] = (u8)any(w, 5);
      if (strcmp(p->name, "key") == 0 && any(w, 2))
        memcpy(at + 12, w->f.cf.user[any(w, CF_USERS)].b, 20);
      break;
    case MODULE_STRUCT: fill(w, def, method, p->sub->param, at); break;
    case MODULE_BYTES: case MODULE_STR:
      if (strcmp(p->name, "call") == 0) {
        *(slice *)at = any_call(w, def);
        break;
      }
      text = arena_alloc(&w->a, 8);
      memset(text, 'a' + (int)any(w, 3), 8);
      *(slice *)at = slice_of(text, 3 + any(w, 4));
      break;
    case MODULE_LIST:
      fill_list(w, def, method, p, (struct module_list *)at);
      break;
    case MODULE_STRUCTS: {
      struct module_array *list = (struct module_array *)at;
      list->cnt = (u32)ONE_OF(w, 0, 1, 1, 1, 2);
      u8 *item = arena_alloc(&w->a, p->sub->size * list->cnt + 1);
      memset(item, 0, p->sub->size * list->cnt + 1);
      list->item = item;
      for (u32 i = 0; i < list->cnt; i++)
        fill(w, def, method, p->sub->param, item + p->sub->size * i);
      break;
    }
    case MODULE_BYTESS: {
      struct module_array *list = (struct module_array *)at;
      slice *call = arena_array(&w->a, slice, 2);
      list->cnt = 1 + (u32)any(w, 2);
      list->item = call;
      for (u32 i = 0; i < list->cnt; i++) call[i] = any_call(w, def);
      break;
    }
    default: {
      u64 v = any_number(w, def, method, p);
      memcpy(at, &v, p->size < 8 ? p->size : 8); /* little-endian hosts */
    }
  }
}
static void fill(struct walk *w, const struct module_def *def,
                 const char *method, const struct module_param *p, u8 *at) {
  for (u32 place = 0; p->name; p++)
    fill_one(w, def, method, p, at + module_place(&place, p));
}

/* One of the module's own methods, or now and then of its base's. */
static const struct module_method *any_method(struct walk *w,
                                              const struct module_def *def) {
  const struct module_def *of = def->base && any(w, 8) == 0 ? def->base : def;
  const struct module_row *row;
  do {
    row = &of->row[any(w, of->row_cnt)];
  } while (row->kind != MODULE_ROW_METHOD);
  return row->method;
}
/* A parameter's name, and a value that it may have. */
static void any_setting(struct walk *w, const struct module_def *def, u8 *in,
                        bool value) {
  const struct module_row *row;
  for (u32 i = 0; i < def->row_cnt; i++) {
    row = &def->row[any(w, def->row_cnt)];
    if (row->kind != MODULE_ROW_SETTING) continue;
    const struct module_setting *s = row->setting;
    u256 v = u256_from(s->min + any(w, s->max - s->min + 1));
    u256 scale = u256_from(s->scale);
    u256_mul(&v, &v, &scale);
    memset(in, 0, 32);
    memcpy(in, s->name, strlen(s->name));
    if (value) memcpy(in + 32, &v, sizeof v);
    return;
  }
}
static u8 *any_arguments(struct walk *w, const struct module_def *def,
                         const struct module_method *m) {
  u8 *in = arena_alloc(&w->a, m->in_size + 16);
  memset(in, 0, m->in_size + 16);
  fill(w, def, m->name, m->in, in);
  if (strcmp(m->name, "setParam") == 0 || strcmp(m->name, "param") == 0)
    any_setting(w, def, in, m->mut == MODULE_GOVERN);
  return in;
}
static void put_call(struct buf *b, const struct module_method *m,
                     const void *in) {
  struct buf sig;
  u8 sel[4];
  buf_init(&sig, 0);
  module_signature(&sig, m->name, m->in);
  abi_selector(sel, buf_cstr(&sig));
  buf_fini(&sig);
  buf_clear(b);
  buf_put(b, sel, 4);
  module_put(b, m->in, in, NULL, NULL);
}
/* Calldata of a call without calls in it. */
static slice any_call(struct walk *w, const struct module_def *def) {
  const struct module_method *m;
  struct buf b;
  do {
    m = any_method(w, def);
  } while (strcmp(m->name, "multicall") == 0 ||
           strcmp(m->name, "permitCall") == 0);
  buf_init(&b, 0);
  put_call(&b, m, any_arguments(w, def, m));
  slice call = arena_copy_slice(&w->a, buf_slice(&b));
  buf_fini(&b);
  return call;
}
#endif
