/* module.c - see module.h: tables compiled, calls dispatched, results, events
** and errors given back.
**
** Modules may be entered again while one waits for a token's code: each depth
** has its own output, and the arena of calls is given back to where it was. */
#include "module/module.h"
#include "crypto/keccak.h"

enum { MODULE_NAMES = 2048, MODULE_SHAPES = 512, MODULE_KEYS = 512 };

#undef MODULE_KIND
#define MODULE_KIND(ctype, text, kind, bits, item, indexed, name) \
  {text, #name, MODULE_##kind, sizeof(ctype), _Alignof(ctype), item, bits, \
   indexed, NULL},
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
};
struct module_compiled {
  const struct module_def *def;
  addr20 addr;
  struct module_entry *entry;  /* ascending by selector */
  u32 entry_cnt;
};
struct module_named {
  const struct module_message *message;
  hash32 hash;
};
struct module_key { /* keccak256 of two words; all ones: of none */
  u256 part[2], hash;
};
struct module_set {
  struct arena a;              /* of the tables */
  struct arena call;           /* of the calls under way */
  struct buf out[MODULE_DEPTH], scratch;
  u32 depth;
  int lock;
  u64 active;                  /* of the message under way */
  module_verified_fn *verified;
  struct module_compiled *module;
  u32 cnt;
  struct module_named named[MODULE_NAMES]; /* errors and events, by address */
  struct module_shape *shape[MODULE_SHAPES]; /* of records, by address */
  struct module_key key[MODULE_KEYS];      /* made last, by their words */
};

const struct module_row *module_row_at(const struct module_def *def,
                                       enum module_row_kind kind, u32 number) {
  for (u32 i = 0; i < def->row_cnt; i++)
    if (def->row[i].kind == kind && number-- == 0) return &def->row[i];
  return NULL;
}

bool module_takes_value(enum module_mutability m) {
  return m == MODULE_PAYABLE || m == MODULE_NEW_PAYABLE ||
         m == MODULE_EXIT_PAYABLE;
}

void module_address(addr20 *out, u16 number) {
  memset(out, 0, sizeof *out);
  out->b[18] = (u8)(number >> 8);
  out->b[19] = (u8)number;
}

static void module_put_types(struct buf *b, const struct module_param *p) {
  for (u32 i = 0; p[i].name; i++) {
    if (i) buf_put_u8(b, ',');
    if (!p[i].sub) {
      buf_put_str(b, p[i].type);
      continue;
    }
    module_signature(b, "", p[i].sub->param);
    if (p[i].kind == MODULE_STRUCTS) buf_put_str(b, "[]");
  }
}
/* "name(type,type)" */
void module_signature(struct buf *b, const char *name,
                      const struct module_param *p) {
  buf_printf(b, "%s(", name);
  module_put_types(b, p);
  buf_put_u8(b, ')');
}

/* The table says what the C compiler does. */
static void module_check_size(const struct module_param *p, u32 size) {
  u32 at = 0, align = 1, cnt = 0;
  for (; p->name; p++, cnt++) {
    module_place(&at, p);
    if (p->align > align) align = p->align;
    if (p->sub) module_check_size(p->sub->param, p->sub->size);
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
  struct module_entry e = {load_be32(sel), method};
  u32 at = m->entry_cnt++;
  for (; at > 0 && m->entry[at - 1].selector > e.selector; at--)
    m->entry[at] = m->entry[at - 1];
  MUST(at == 0 || m->entry[at - 1].selector != e.selector);
  m->entry[at] = e;
}

const struct module_shape *module_shape_of(struct module_set *s,
                                           const struct module_record *r) {
  u32 at = (u32)((uintptr_t)r / sizeof *r) % MODULE_SHAPES, tries = 0;
  while (s->shape[at] && s->shape[at]->record != r) {
    MUST(++tries < MODULE_SHAPES);
    at = (at + 1) % MODULE_SHAPES;
  }
  if (!s->shape[at]) {
    s->shape[at] = arena_new(&s->a, struct module_shape);
    module_shape_make(s->shape[at], r);
  }
  return s->shape[at];
}

static void module_compile_rows(struct module_set *s,
                                struct module_compiled *m,
                                const struct module_def *def) {
  for (u32 i = 0; i < def->row_cnt; i++) {
    const struct module_row *r = &def->row[i];
    if (r->kind == MODULE_ROW_METHOD) module_compile_method(s, m, r->method);
    if (r->kind == MODULE_ROW_EVENT || r->kind == MODULE_ROW_ERROR)
      module_check_size(r->message->param, r->message->size);
    if (r->kind == MODULE_ROW_RECORD) module_shape_of(s, r->record);
  }
}

static void module_compile(struct module_set *s, struct module_compiled *m,
                           const struct module_def *def) {
  u32 rows = def->row_cnt + (def->base ? def->base->row_cnt : 0);
  m->def = def;
  module_address(&m->addr, def->number);
  m->entry = arena_array(&s->a, struct module_entry, rows + 1);
  module_compile_rows(s, m, def);
  if (def->base) module_compile_rows(s, m, def->base);
}

struct module_set *module_set_open(const struct module_def *const *def,
                                   u32 cnt) {
  struct module_set *s = mem_alloc(sizeof *s);
  arena_init(&s->a, 4096, 0);
  arena_init(&s->call, 16384, 0);
  for (u32 i = 0; i < MODULE_DEPTH; i++) buf_init(&s->out[i], 0);
  buf_init(&s->scratch, 0);
  memset(s->key, 0xff, sizeof s->key);
  s->module = arena_array(&s->a, struct module_compiled, cnt + 1);
  s->cnt = cnt;
  for (u32 i = 0; i < cnt; i++) module_compile(s, &s->module[i], def[i]);
  return s;
}

void module_set_close(struct module_set *s) {
  if (!s) return;
  arena_fini(&s->a);
  arena_fini(&s->call);
  for (u32 i = 0; i < MODULE_DEPTH; i++) buf_fini(&s->out[i]);
  buf_fini(&s->scratch);
  mem_free(s);
}

/*------------------------------------------------------------ storage keys */

void module_key_at(struct module_call *c, u256 *out, const u256 part[2]) {
  u64 mix = part[0].w[0] * 0xff51afd7ed558ccdu;
  for (u32 i = 0; i < 4; i++)
    mix = (mix ^ part[1].w[i]) * 0x9e3779b97f4a7c15u;
  struct module_key *k = &c->set->key[(mix >> 40) % MODULE_KEYS];
  if (!u256_eq(&k->part[1], &part[1]) || !u256_eq(&k->part[0], &part[0])) {
    module_key_of(&k->hash, part, 2);
    k->part[0] = part[0];
    k->part[1] = part[1];
  }
  *out = k->hash;
}
void module_slot_at(struct module_call *c, u256 *out, u8 type,
                    const u256 *key) {
  const u256 part[2] = {u256_from(type), *key};
  module_key_at(c, out, part);
}

/*------------------------------------------------------- errors and events */

/* keccak256 of its signature, kept by the message's address once made. */
static const hash32 *module_message_hash(struct module_set *s,
                                         const struct module_message *m) {
  u32 at = (u32)((uintptr_t)m / sizeof(void *)), tries = 0;
  struct module_named *n = &s->named[at % MODULE_NAMES];
  while (n->message && n->message != m) {
    MUST(++tries < MODULE_NAMES);
    n = &s->named[++at % MODULE_NAMES];
  }
  if (n->message) return &n->hash;
  n->message = m;
  buf_clear(&s->scratch);
  module_signature(&s->scratch, m->name, m->param);
  crypto_keccak256(&n->hash, s->scratch.ptr, s->scratch.len);
  return &n->hash;
}

enum module_end module_fail(struct module_call *c,
                            const struct module_message *error,
                            const void *fields) {
  buf_clear(c->out);
  buf_put(c->out, module_message_hash(c->set, error)->b, 4);
  module_put(c->out, error->param, fields, NULL, NULL);
  return MODULE_REVERTED;
}

void module_emit(struct module_call *c, const struct module_message *event,
                 const void *fields) {
  hash32 topic[4];
  u32 cnt = 1;
  struct buf data;
  topic[0] = *module_message_hash(c->set, event);
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

static const struct module_compiled *module_at(const struct module_set *s,
                                               const addr20 *a, u64 active) {
  static const u8 zeros[18];
  if (memcmp(a->b, zeros, 18) != 0) return NULL;
  for (u32 i = 0; i < s->cnt; i++)
    if (active >> i & 1 && addr20_eq(&s->module[i].addr, a))
      return &s->module[i];
  return NULL;
}

const struct module_def *module_def_at(const struct module_set *s, u32 i,
                                       u64 active) {
  return i < s->cnt && active >> i & 1 ? s->module[i].def : NULL;
}
u64 module_active(const struct module_set *s) { return s->active; }

bool module_is_active(const struct module_set *s, const addr20 *a,
                      u64 active) {
  return module_at(s, a, active) != NULL;
}

void module_set_verified(struct module_set *s, module_verified_fn *fn) {
  s->verified = fn;
}
void module_verified(struct module_call *c, const addr20 *who, bool verified) {
  if (c->set->verified) c->set->verified(c, who, verified);
}

void module_lock(struct module_call *c, int delta) { c->set->lock += delta; }

/* What the table lets stop a method before its own code is asked. */
static enum module_end module_gate(struct module_call *c,
                                   enum module_mutability mut) {
  addr20 governance;
  module_address(&governance, MODULE_GOVERNANCE);
  if (mut == MODULE_GOVERN && !addr20_eq(&c->sender, &governance))
    return MODULE_FAIL_COMMON(c, not_authorised, .caller = c->sender);
  if (!c->def->base) return MODULE_DONE;
  u8 level = module_clock(c);
  bool fresh = mut == MODULE_NEW || mut == MODULE_NEW_PAYABLE;
  bool work = mut == MODULE_WRITE || mut == MODULE_PAYABLE || fresh;
  if (level > (fresh ? 0 : work ? 1 : 2))
    return MODULE_FAIL_COMMON(c, module_paused, .level = level);
  return MODULE_DONE;
}

static enum module_end module_call_method(struct module_call *c,
                                          const struct module_method *m,
                                          slice args) {
  u8 *in = arena_alloc(c->a, m->in_size + 1);
  u8 *out = arena_alloc(c->a, m->out_size + 1);
  u32 bad = module_read(c, m->in, in, args);
  if (bad && module_amount_is_large(m->in, bad, args))
    return MODULE_FAIL_COMMON(c, amount_too_large);
  if (bad) return MODULE_FAIL_COMMON(c, bad_calldata, .argument = (u16)bad);
  if (module_gate(c, m->mut) != MODULE_DONE ||
      m->run(c, in, out) != MODULE_DONE)
    return MODULE_REVERTED;
  buf_clear(c->out);
  module_put(c->out, m->out, out, NULL, NULL);
  return MODULE_DONE;
}

static enum module_end module_dispatch(struct module_call *c,
                                       const struct module_compiled *m,
                                       slice in, bool is_static) {
  u8 sel[4] = {0};
  if (in.len) memcpy(sel, in.ptr, in.len < 4 ? in.len : 4);
  const struct module_entry *e =
      in.len < 4 ? NULL : module_find(m, load_be32(sel));
  if (!e && m->def->is_function && !evm_native_charge(c->n, MODULE_GAS_CALL))
    return MODULE_REVERTED;
  if (in.len == 0) return MODULE_FAIL_COMMON(c, no_plain_transfer);
  if (!e)
    return MODULE_FAIL_COMMON(c, unknown_method, .selector = load_be32(sel));
  if (!module_takes_value(e->method->mut) && !u256_is_zero(&c->value))
    return MODULE_FAIL_COMMON(c, non_payable);
  if (e->method->mut != MODULE_VIEW && is_static)
    return MODULE_FAIL_COMMON(c, static_context);
  if (e->method->mut != MODULE_VIEW && c->set->lock > 0)
    return MODULE_FAIL_COMMON(c, reentered);
  if (!evm_native_charge(c->n, e->method->gas)) return MODULE_REVERTED;
  return module_call_method(c, e->method, slice_of(in.ptr + 4, in.len - 4));
}

enum module_end module_dispatch_inner(struct module_call *c, slice input) {
  const struct module_compiled *m = module_at(c->set, &c->self,
                                              c->set->active);
  MUST(m);
  return module_dispatch(c, m, input, evm_native_msg(c->n)->is_static);
}

static enum module_end module_message(struct module_call *c,
                                      const struct module_compiled *m,
                                      const struct evm_msg *msg) {
  slice in = msg->input;
  if (!m->def->is_function &&
      (msg->kind == EVM_DELEGATECALL || msg->kind == EVM_CALLCODE))
    return MODULE_FAIL_COMMON(c, delegate_call);
  u64 gas = m->def->is_function
                ? m->def->byte_gas * (u64)in.len
                : MODULE_GAS_CALL + MODULE_GAS_WORD * ((in.len + 31) / 32);
  if (!evm_native_charge(c->n, gas)) return MODULE_REVERTED;
  if (module_dispatch(c, m, in, msg->is_static) != MODULE_DONE)
    return MODULE_REVERTED;
  u256 spent = module_word_of(c->flow->spent);
  if (m->def->base && !u256_eq(&spent, &c->value))
    return MODULE_FAIL_COMMON(c, wrong_value, .want = spent, .got = c->value);
  module_payouts(c);
  return MODULE_DONE;
}

bool module_run(struct module_set *s, struct evm_native *n, u64 active,
                void *env) {
  const struct evm_msg *msg = evm_native_msg(n);
  const struct evm_block *b = evm_native_block(n);
  const struct module_compiled *m = module_at(s, &msg->code_addr, active);
  if (!m) return false;
  if (s->depth == 0) {
    arena_clear(&s->call);
    s->active = active;
    s->lock = 0;
  }
  MUST(s->depth < MODULE_DEPTH);
  struct arena_mark mark = arena_mark(&s->call);
  struct module_flow flow = {0};
  addr20 recipient = msg->recipient;
  struct module_call c = {
    .def = m->def, .n = n, .self = m->addr, .sender = msg->sender,
    .value = msg->value, .time_s = b->timestamp, .now_s = b->timestamp,
    .height = b->number, .env = env, .a = &s->call, .set = s,
    .out = &s->out[s->depth++], .flow = &flow,
  };
  buf_clear(c.out);
  evm_native_as(n, &m->addr);
  enum module_end end = module_message(&c, m, msg);
  evm_native_as(n, &recipient);
  evm_native_end(n, end == MODULE_DONE, buf_slice(c.out));
  s->depth--;
  arena_reset(&s->call, mark);
  return true;
}

void module_enter(struct module_call *own, struct module_call *c,
                  const struct module_def *def) {
  *own = *c;
  own->def = def;
  own->sender = c->self;
  own->value = U256_ZERO;
  module_address(&own->self, def->number);
  evm_native_as(c->n, &own->self);
  if (def->base) module_clock(own);
}

void module_leave(struct module_call *c) { evm_native_as(c->n, &c->self); }

u256 module_word_of(u128 v) { return (u256){{(u64)v, (u64)(v >> 64), 0, 0}}; }
