/* module.c - see module.h: tables compiled, calls dispatched, arguments
** decoded, results, events and errors encoded. */
#include "module/module.h"
#include "crypto/keccak.h"

enum { MODULE_GAS_CALL = 400, MODULE_GAS_WORD = 3 };

#undef MODULE_KIND
#define MODULE_KIND(ctype, text, kind, bits, item, indexed, name) \
  {text, #name, MODULE_##kind, sizeof(ctype), _Alignof(ctype), item, bits, \
   indexed},
#include "module/pass_kind.inc"
#define ERROR(name, text, param) \
  static const struct module_param module_params_##name[] = {param {0}};
#include "module/module_common.def"
#undef ERROR
const struct module_message MODULE_COMMON_ERROR[MODULE_ERROR_CNT] = {
#define ERROR(name, text, param) \
  {text, module_params_##name, sizeof(struct module_error_##name)},
#include "module/module_common.def"
#undef ERROR
};
#include "module/pass_end.inc"

/*------------------------------------------------------------- compiling */

struct module_entry { /* a method ready to be called */
  u32 selector;
  const struct module_method *method;
  bool has_tuple;              /* then the types are parsed */
  struct abi_type in, out;
};
struct module_compiled {
  const struct module_def *def;
  struct module_entry *entry;  /* ascending by selector */
  u32 entry_cnt;
};
struct module_set {
  struct arena a;              /* of the tables */
  struct arena call;           /* of the call under way */
  struct buf out, scratch;
  struct module_compiled *module;
  u32 cnt;
};

const struct module_row *module_row_at(const struct module_def *def,
                                       enum module_row_kind kind, u32 number) {
  for (u32 i = 0; i < def->row_cnt; i++)
    if (def->row[i].kind == kind && number-- == 0) return &def->row[i];
  return NULL;
}

void module_address(addr20 *out, u16 number) {
  memset(out, 0, sizeof *out);
  out->b[18] = (u8)(number >> 8);
  out->b[19] = (u8)number;
}

/* "type,type", with "name(" and ")" around it when name is given. */
static void module_signature(struct buf *b, const char *name,
                             const struct module_param *p) {
  if (name) buf_printf(b, "%s(", name);
  for (u32 i = 0; p[i].name; i++) {
    if (i) buf_put_u8(b, ',');
    buf_put_str(b, p[i].type);
  }
  if (name) buf_put_u8(b, ')');
}

static bool module_has_tuple(const struct module_param *p) {
  for (; p->name; p++)
    if (p->kind == MODULE_TUPLE) return true;
  return false;
}

static void module_types(struct module_set *s, struct abi_type *out,
                         const struct module_param *p) {
  struct errmsg msg;
  buf_clear(&s->scratch);
  module_signature(&s->scratch, NULL, p);
  MUST(abi_parse_types(out, &s->a, buf_cstr(&s->scratch), &msg) == ERR_OK);
}

/* Where the C compiler puts the next member; the struct's size at the end. */
static u32 module_place(u32 *at, u32 size, u32 align) {
  u32 place = (*at + align - 1) / align * align;
  *at = place + size;
  return place;
}
static void module_check_size(const struct module_param *p, u32 size) {
  u32 at = 0, align = 1, cnt = 0;
  for (; p->name; p++, cnt++) {
    module_place(&at, p->size, p->align);
    if (p->align > align) align = p->align;
  }
  MUST((at + align - 1) / align * align == size && cnt <= MODULE_PARAM_MAX);
}

static void module_compile_method(struct module_set *s,
                                  struct module_compiled *m,
                                  const struct module_method *method) {
  u8 sel[4];
  module_check_size(method->in, method->in_size);
  module_check_size(method->out, method->out_size);
  buf_clear(&s->scratch);
  module_signature(&s->scratch, method->name, method->in);
  abi_selector(sel, buf_cstr(&s->scratch));
  struct module_entry e = {
    .selector = load_be32(sel), .method = method,
    .has_tuple = module_has_tuple(method->in) || module_has_tuple(method->out),
  };
  if (e.has_tuple) {
    module_types(s, &e.in, method->in);
    module_types(s, &e.out, method->out);
  }
  u32 at = m->entry_cnt++;
  for (; at > 0 && m->entry[at - 1].selector > e.selector; at--)
    m->entry[at] = m->entry[at - 1];
  MUST(at == 0 || m->entry[at - 1].selector != e.selector);
  m->entry[at] = e;
}

static void module_compile(struct module_set *s, struct module_compiled *m,
                           const struct module_def *def) {
  m->def = def;
  m->entry = arena_array(&s->a, struct module_entry, def->row_cnt + 1);
  for (u32 i = 0; i < def->row_cnt; i++) {
    const struct module_row *r = &def->row[i];
    if (r->kind == MODULE_ROW_METHOD) module_compile_method(s, m, r->method);
    if (r->kind == MODULE_ROW_EVENT || r->kind == MODULE_ROW_ERROR)
      module_check_size(r->message->param, r->message->size);
    if (r->kind == MODULE_ROW_RECORD)
      MUST(module_record_slots(r->record) <= MODULE_RECORD_SLOTS);
  }
}

struct module_set *module_set_open(const struct module_def *const *def,
                                   u32 cnt) {
  struct module_set *s = mem_alloc(sizeof *s);
  arena_init(&s->a, 4096, 0);
  arena_init(&s->call, 16384, 0);
  buf_init(&s->out, 0);
  buf_init(&s->scratch, 0);
  s->module = arena_array(&s->a, struct module_compiled, cnt + 1);
  s->cnt = cnt;
  for (u32 i = 0; i < cnt; i++) module_compile(s, &s->module[i], def[i]);
  return s;
}

void module_set_close(struct module_set *s) {
  if (!s) return;
  arena_fini(&s->a);
  arena_fini(&s->call);
  buf_fini(&s->out);
  buf_fini(&s->scratch);
  mem_free(s);
}

/*-------------------------------------------------------------- decoding */

static bool module_utf8(slice s) {
  for (size_t i = 0; i < s.len;) {
    u8 c = s.ptr[i];
    u32 more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1
             : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 4;
    if (more == 4 || s.len - i <= more) return false;
    u8 next = more ? s.ptr[i + 1] : 0;
    if ((c == 0xe0 && next < 0xa0) || (c == 0xed && next > 0x9f) ||
        (c == 0xf0 && next < 0x90) || (c == 0xf4 && next > 0x8f))
      return false;
    for (u32 k = 1; k <= more; k++)
      if ((s.ptr[i + k] & 0xc0) != 0x80) return false;
    i += 1 + more;
  }
  return true;
}

/* A word of a kind with nothing in its unused bits. */
static bool module_word_ok(u8 kind, u16 bits, const u256 *w) {
  u256 rest;
  if (kind == MODULE_B4) {
    u256_shl(&rest, w, 32);
    return u256_is_zero(&rest);
  }
  u256_shr(&rest, w, bits);
  return u256_is_zero(&rest);
}

static void module_word_load(void *dst, const struct module_param *p,
                             const u8 *be) {
  u256 w;
  u256_from_be(&w, be);
  switch (p->kind) {
    case MODULE_ADDR: u256_to_addr(dst, &w); return;
    case MODULE_B32: memcpy(dst, be, 32); return;
    case MODULE_B4: *(u32 *)dst = load_be32(be); return;
    case MODULE_BOOL: *(bool *)dst = w.w[0] != 0; return;
    default: memcpy(dst, w.w, p->size); /* little-endian as the limbs are */
  }
}

/* A length-prefixed tail: its offset in the head at word at, from the start
** of the arguments; false when it lies outside. */
static bool module_tail(slice *out, u64 *len, slice data, u32 at, u32 unit) {
  u256 off, cnt;
  u256_from_be(&off, data.ptr + 32 * (size_t)at);
  if (!u256_fits64(&off) || off.w[0] > data.len || data.len - off.w[0] < 32)
    return false;
  u256_from_be(&cnt, data.ptr + off.w[0]);
  u64 room = data.len - off.w[0] - 32;
  if (!u256_fits64(&cnt) || cnt.w[0] > room / unit) return false;
  *len = cnt.w[0];
  *out = slice_of(data.ptr + off.w[0] + 32, (size_t)(cnt.w[0] * unit));
  return true;
}

static bool module_load_bytes(void *dst, const struct module_param *p,
                              slice data, u32 at, u64 *total) {
  u64 len;
  slice s;
  if (!module_tail(&s, &len, data, at, 1)) return false;
  u64 pad = (32 - len % 32) % 32;
  if ((u64)(data.ptr + data.len - (s.ptr + s.len)) < pad) return false;
  for (u64 i = 0; i < pad; i++)
    if (s.ptr[s.len + i]) return false;
  *total += len;
  memcpy(dst, &s, sizeof s);
  return p->kind == MODULE_BYTES || module_utf8(s);
}

static bool module_load_list(void *dst, const struct module_param *p,
                             slice data, u32 at, u64 *total) {
  u64 cnt;
  slice s;
  if (!module_tail(&s, &cnt, data, at, 32) || cnt > MODULE_LIST_MAX)
    return false;
  for (u64 i = 0; i < cnt; i++) {
    u256 w;
    u256_from_be(&w, s.ptr + 32 * i);
    if (!module_word_ok(p->item, p->bits, &w)) return false;
  }
  *total += s.len;
  struct module_list l = {s.ptr, (u32)cnt};
  memcpy(dst, &l, sizeof l);
  return true;
}

static bool module_load(struct module_call *c, void *dst,
                        const struct module_param *p, slice data, u32 at,
                        u64 *total) {
  u256 w;
  if (data.len / 32 <= at) return false;
  switch (p->kind) {
    case MODULE_BYTES: case MODULE_STR:
      return module_load_bytes(dst, p, data, at, total);
    case MODULE_LIST: return module_load_list(dst, p, data, at, total);
    default: break;
  }
  (void)c;
  u256_from_be(&w, data.ptr + 32 * (size_t)at);
  if (!module_word_ok(p->kind, p->bits, &w)) return false;
  module_word_load(dst, p, data.ptr + 32 * (size_t)at);
  return true;
}

/* Methods with tuples: all by the ABI decoder, then member by member. */
static void module_load_value(void *dst, const struct module_param *p,
                              struct abi_value *v) {
  u8 be[32] = {0};
  switch (p->kind) {
    case MODULE_TUPLE: memcpy(dst, &v, sizeof v); return;
    case MODULE_BYTES: case MODULE_STR: memcpy(dst, &v->bytes, sizeof(slice));
      return;
    case MODULE_B4: case MODULE_B32:
      memcpy(be, v->bytes.ptr, v->bytes.len);
      module_word_load(dst, p, be);
      return;
    default:
      u256_to_be(be, &v->num);
      module_word_load(dst, p, be);
  }
}
static bool module_list_from(struct module_call *c, struct module_list *out,
                             const struct abi_value *v) {
  if (v->item_cnt > MODULE_LIST_MAX) return false;
  *out = module_list_make(c, v->item_cnt);
  for (u32 i = 0; i < v->item_cnt; i++) {
    u8 *be = (u8 *)out->words + 32 * (size_t)i;
    if (v->item[i].bytes.len)
      memcpy(be, v->item[i].bytes.ptr, v->item[i].bytes.len);
    else
      u256_to_be(be, &v->item[i].num);
  }
  return true;
}

static u32 module_load_tuples(struct module_call *c,
                              const struct module_entry *e, u8 *in,
                              slice data) {
  struct abi_value all;
  u32 at = 0, i = 0;
  /* The decoder tells no place: the first argument stands for all. */
  if (abi_decode(&all, c->a, &e->in, data) < 0) return 1;
  for (const struct module_param *p = e->method->in; p->name; p++, i++) {
    void *dst = in + module_place(&at, p->size, p->align);
    struct module_list l;
    if (p->kind == MODULE_LIST) {
      if (!module_list_from(c, &l, &all.item[i])) return i + 1;
      memcpy(dst, &l, sizeof l);
      continue;
    }
    if (p->kind == MODULE_STR && !module_utf8(all.item[i].bytes)) return i + 1;
    if (p->kind == MODULE_AMOUNT &&
        !module_word_ok(MODULE_UINT, p->bits, &all.item[i].num))
      return i + 1;
    module_load_value(dst, p, &all.item[i]);
  }
  return 0;
}

/* 0, or the number of the argument that is not what it should be, from 1. */
static u32 module_load_all(struct module_call *c, const struct module_entry *e,
                           u8 *in, slice data) {
  u32 at = 0, i = 0;
  u64 total = 0;
  if (e->has_tuple) return module_load_tuples(c, e, in, data);
  for (const struct module_param *p = e->method->in; p->name; p++, i++) {
    void *dst = in + module_place(&at, p->size, p->align);
    /* Tails may share bytes: bound what they come to. */
    if (!module_load(c, dst, p, data, i, &total) || total > 4 * data.len)
      return i + 1;
  }
  return 0;
}

/*-------------------------------------------------------------- encoding */

static void module_word_store(u8 be[32], const struct module_param *p,
                              const void *src) {
  u256 w = U256_ZERO;
  memset(be, 0, 32);
  switch (p->kind) {
    case MODULE_ADDR: memcpy(be + 12, src, 20); return;
    case MODULE_B32: memcpy(be, src, 32); return;
    case MODULE_B4: store_be32(be, *(const u32 *)src); return;
    case MODULE_BOOL: be[31] = *(const bool *)src; return;
    default:
      memcpy(w.w, src, p->size);
      u256_to_be(be, &w);
  }
}

static bool module_is_dynamic(const struct module_param *p) {
  return p->kind == MODULE_BYTES || p->kind == MODULE_STR ||
         p->kind == MODULE_LIST;
}

static void module_put_word(struct buf *out, u64 v) {
  u8 be[32] = {0};
  store_be64(be + 24, v);
  buf_put(out, be, 32);
}

static void module_put_tail(struct buf *out, const struct module_param *p,
                            const void *src) {
  static const u8 zeros[32];
  if (p->kind == MODULE_LIST) {
    const struct module_list *l = src;
    module_put_word(out, l->cnt);
    buf_put(out, l->words, 32 * (size_t)l->cnt);
    return;
  }
  const slice *s = src;
  module_put_word(out, s->len);
  buf_put_slice(out, *s);
  buf_put(out, zeros, (32 - s->len % 32) % 32);
}

static u64 module_tail_len(const struct module_param *p, const void *src) {
  if (p->kind == MODULE_LIST)
    return 32 + 32 * (u64)((const struct module_list *)src)->cnt;
  return 32 + (((const slice *)src)->len + 31) / 32 * 32;
}

/* The members that are not indexed, as ABI text; with topics the others go
** there. */
static void module_put(struct buf *out, const struct module_param *params,
                       const void *fields, hash32 *topic, u32 *topic_cnt) {
  const u8 *base = fields;
  u32 at = 0, head = 0;
  for (const struct module_param *p = params; p->name; p++)
    head += topic && p->indexed ? 0 : 32;
  u64 tail = head;
  for (const struct module_param *p = params; p->name; p++) {
    const void *src = base + module_place(&at, p->size, p->align);
    u8 be[32];
    if (module_is_dynamic(p)) {
      module_put_word(out, tail);
      tail += module_tail_len(p, src);
      continue;
    }
    module_word_store(be, p, src);
    if (topic && p->indexed)
      memcpy(topic[(*topic_cnt)++].b, be, 32);
    else
      buf_put(out, be, 32);
  }
  at = 0;
  for (const struct module_param *p = params; p->name; p++) {
    const void *src = base + module_place(&at, p->size, p->align);
    if (module_is_dynamic(p)) module_put_tail(out, p, src);
  }
}

/* Results with tuples, by the ABI encoder. */
static void module_put_values(struct module_call *c, struct buf *out,
                              const struct module_entry *e,
                              const void *fields) {
  const u8 *base = fields;
  struct abi_value all = {.item_cnt = 0};
  u32 at = 0;
  all.item = arena_array(c->a, struct abi_value, MODULE_PARAM_MAX);
  for (const struct module_param *p = e->method->out; p->name; p++) {
    const void *src = base + module_place(&at, p->size, p->align);
    struct abi_value *v = &all.item[all.item_cnt++];
    u8 be[32];
    if (p->kind == MODULE_TUPLE) {
      struct abi_value *given;
      memcpy(&given, src, sizeof given);
      *v = *given;
    } else if (p->kind == MODULE_BYTES || p->kind == MODULE_STR) {
      memcpy(&v->bytes, src, sizeof(slice));
    } else {
      MUST(p->kind != MODULE_LIST); /* in a tuple's company: a tuple */
      module_word_store(be, p, src);
      if (p->kind == MODULE_B4 || p->kind == MODULE_B32)
        v->bytes = slice_of(arena_copy(c->a, be, p->bits / 8), p->bits / 8);
      else
        u256_from_be(&v->num, be);
    }
  }
  MUST(abi_encode(out, &e->out, &all) == ERR_OK);
}

static void module_message_hash(struct module_set *s, hash32 *out,
                                const struct module_message *m) {
  buf_clear(&s->scratch);
  module_signature(&s->scratch, m->name, m->param);
  crypto_keccak256(out, s->scratch.ptr, s->scratch.len);
}

enum module_end module_fail(struct module_call *c,
                            const struct module_message *error,
                            const void *fields) {
  hash32 h;
  module_message_hash(c->set, &h, error);
  buf_clear(c->out);
  buf_put(c->out, h.b, 4);
  module_put(c->out, error->param, fields, NULL, NULL);
  return MODULE_REVERTED;
}

void module_emit(struct module_call *c, const struct module_message *event,
                 const void *fields) {
  hash32 topic[4];
  u32 cnt = 1;
  struct buf data;
  module_message_hash(c->set, &topic[0], event);
  buf_init(&data, 0);
  module_put(&data, event->param, fields, topic, &cnt);
  evm_native_log(c->n, topic, cnt, buf_slice(&data));
  buf_fini(&data);
}

/*-------------------------------------------------------------- dispatch */

static const struct module_entry *module_find(const struct module_compiled *m,
                                              u32 selector) {
  u32 lo = 0, hi = m->entry_cnt;
  while (lo < hi) {
    u32 mid = (lo + hi) / 2;
    if (m->entry[mid].selector < selector) lo = mid + 1; else hi = mid;
  }
  return lo < m->entry_cnt && m->entry[lo].selector == selector ? &m->entry[lo]
                                                                : NULL;
}

static enum module_end module_call_method(struct module_call *c,
                                          const struct module_entry *e,
                                          slice args) {
  const struct module_method *m = e->method;
  u8 *in = arena_alloc(c->a, m->in_size + 1);
  u8 *out = arena_alloc(c->a, m->out_size + 1);
  u32 bad = module_load_all(c, e, in, args);
  if (bad) {
    const struct module_param *p = &m->in[bad - 1];
    u256 w;
    if (p->kind == MODULE_AMOUNT && args.len / 32 >= bad) {
      u256_from_be(&w, args.ptr + 32 * (size_t)(bad - 1));
      if (!module_word_ok(MODULE_UINT, p->bits, &w))
        return MODULE_FAIL_COMMON(c, amount_too_large);
    }
    return MODULE_FAIL_COMMON(c, bad_calldata, .argument = (u16)bad);
  }
  if (m->run(c, in, out) != MODULE_DONE) return MODULE_REVERTED;
  buf_clear(c->out);
  if (module_has_tuple(m->out))
    module_put_values(c, c->out, e, out);
  else
    module_put(c->out, m->out, out, NULL, NULL);
  return MODULE_DONE;
}

static enum module_end module_dispatch(struct module_call *c,
                                       const struct module_compiled *m,
                                       const struct evm_msg *msg) {
  slice in = msg->input;
  if (msg->kind == EVM_DELEGATECALL || msg->kind == EVM_CALLCODE)
    return MODULE_FAIL_COMMON(c, delegate_call);
  if (!evm_native_charge(c->n, MODULE_GAS_CALL +
                                   MODULE_GAS_WORD * ((in.len + 31) / 32)))
    return MODULE_REVERTED;
  if (in.len == 0) return MODULE_FAIL_COMMON(c, no_plain_transfer);
  u8 sel[4] = {0};
  memcpy(sel, in.ptr, in.len < 4 ? in.len : 4);
  const struct module_entry *e =
      in.len < 4 ? NULL : module_find(m, load_be32(sel));
  if (!e)
    return MODULE_FAIL_COMMON(c, unknown_method, .selector = load_be32(sel));
  if (e->method->mut != MODULE_PAYABLE && !u256_is_zero(&c->value))
    return MODULE_FAIL_COMMON(c, non_payable);
  if (e->method->mut != MODULE_VIEW && msg->is_static)
    return MODULE_FAIL_COMMON(c, static_context);
  if (!evm_native_charge(c->n, e->method->gas)) return MODULE_REVERTED;
  return module_call_method(c, e, slice_of(in.ptr + 4, in.len - 4));
}

static const struct module_compiled *module_at(const struct module_set *s,
                                               const addr20 *a, u64 active) {
  u32 number = (u32)a->b[18] << 8 | a->b[19];
  for (u32 i = 0; i < s->cnt; i++) {
    addr20 self;
    if (s->module[i].def->number != number || !(active >> i & 1)) continue;
    module_address(&self, (u16)number);
    if (addr20_eq(&self, a)) return &s->module[i];
  }
  return NULL;
}

bool module_is_active(const struct module_set *s, const addr20 *a,
                      u64 active) {
  return module_at(s, a, active) != NULL;
}

bool module_run(struct module_set *s, struct evm_native *n, u64 active,
                void *env) {
  const struct evm_msg *msg = evm_native_msg(n);
  const struct evm_block *b = evm_native_block(n);
  const struct module_compiled *m = module_at(s, &msg->code_addr, active);
  if (!m) return false;
  arena_clear(&s->call);
  buf_clear(&s->out);
  struct module_call c = {
    .def = m->def, .n = n, .self = msg->code_addr, .sender = msg->sender,
    .value = msg->value, .time_s = b->timestamp, .height = b->number,
    .env = env, .a = &s->call, .set = s, .out = &s->out,
  };
  enum module_end end = module_dispatch(&c, m, msg);
  evm_native_end(n, end == MODULE_DONE, buf_slice(&s->out));
  return true;
}

/*----------------------------------------------------------------- lists */

void module_list_addr(addr20 *out, const struct module_list *l, u32 i) {
  MUST(i < l->cnt);
  memcpy(out->b, l->words + 32 * (size_t)i + 12, 20);
}
u64 module_list_u64(const struct module_list *l, u32 i) {
  MUST(i < l->cnt);
  return load_be64(l->words + 32 * (size_t)i + 24);
}
u32 module_list_b4(const struct module_list *l, u32 i) {
  MUST(i < l->cnt);
  return load_be32(l->words + 32 * (size_t)i);
}
struct module_list module_list_make(struct module_call *c, u32 cnt) {
  return (struct module_list){arena_alloc(c->a, 32 * (size_t)cnt + 1), cnt};
}
void module_list_put_addr(struct module_list *l, u32 i, const addr20 *v) {
  MUST(i < l->cnt);
  memcpy((u8 *)l->words + 32 * (size_t)i + 12, v->b, 20);
}
void module_list_put_u64(struct module_list *l, u32 i, u64 v) {
  MUST(i < l->cnt);
  store_be64((u8 *)l->words + 32 * (size_t)i + 24, v);
}
