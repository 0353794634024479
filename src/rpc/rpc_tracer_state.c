/* rpc_tracer_state.c - prestateTracer: the accounts and slots that a
** transaction met, as they were before it; with diffMode also what of them is
** different after it.
**
** Noted are sender, recipient (or what is created), coinbase, authorities,
** what account and call opcodes name, and slots that are read or written, each
** when it is first met, which is before that opcode changes it.  Accounts that
** did not exist are left out, unless includeEmpty; in diffMode so are those
** that stay as they are, and of the others the slots that do.
*/
#include "base/map.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "rpc/rpc_tracer.h"

#define PRESTATE_MAX 1000000u /* accounts */

struct prestate_slot {
  struct prestate_slot *next;
  u256 key, val;
};
struct prestate_acct {
  struct prestate_acct *next;
  addr20 addr;
  u64 nonce;
  u256 balance;
  hash32 code_hash;
  slice code;
  struct prestate_slot *slot, *slot_last;
  bool empty;
  bool deleted;
};
struct prestate {
  struct map by_addr; /* 20 -> struct prestate_acct * */
  struct prestate_acct *first, *last;
};

static struct prestate_acct *prestate_lookup(struct rpc_tracer *r,
                                             const addr20 *addr) {
  struct prestate *d = r->data;
  struct state *s = chain_exec_state(r->t->x);
  struct prestate_acct **at = map_get(&d->by_addr, addr);
  if (at) return *at;
  struct prestate_acct *e = arena_new(&r->t->mem, struct prestate_acct);
  at = e ? map_put(&d->by_addr, addr, NULL) : NULL;
  if (!at) {
    r->t->over = true;
    return NULL;
  }
  *at = e;
  e->addr = *addr;
  e->nonce = state_nonce(s, addr);
  state_balance(s, &e->balance, addr);
  e->code = arena_copy_slice(&r->t->mem, state_code(s, &e->code_hash, addr));
  e->empty = e->nonce == 0 && u256_is_zero(&e->balance) && e->code.len == 0;
  if (d->last) {
    d->last->next = e;
  } else {
    d->first = e;
  }
  d->last = e;
  return e;
}

static void prestate_slot_lookup(struct rpc_tracer *r, const addr20 *addr,
                                 const u256 *key) {
  struct prestate_acct *e = prestate_lookup(r, addr);
  if (!e || r->opts->no_storage) return;
  for (struct prestate_slot *s = e->slot; s; s = s->next) {
    if (u256_eq(&s->key, key)) return;
  }
  struct prestate_slot *s = arena_new(&r->t->mem, struct prestate_slot);
  if (!s) return;
  s->key = *key;
  state_slot(chain_exec_state(r->t->x), &s->val, addr, key);
  if (e->slot_last) {
    e->slot_last->next = s;
  } else {
    e->slot = s;
  }
  e->slot_last = s;
}

static void prestate_begin(struct rpc_tracer *r) {
  struct prestate *d = r->data = arena_new(&r->t->mem, struct prestate);
  const struct chain_tx *tx = r->t->tx;
  addr20 to = tx->to, target;
  map_init(&d->by_addr, 20, sizeof(struct prestate_acct *), PRESTATE_MAX, 0);
  if (!tx->has_to) {
    evm_create_addr(&to, &tx->sender,
                    state_nonce(chain_exec_state(r->t->x), &tx->sender));
  }
  prestate_lookup(r, &tx->sender);
  struct prestate_acct *e = prestate_lookup(r, &to);
  if (e && evm_delegation(e->code, &target)) prestate_lookup(r, &target);
  prestate_lookup(r, &r->t->header->coinbase);
  for (u32 i = 0; i < tx->auth_cnt; i++) {
    if (tx->auth[i].has_authority) prestate_lookup(r, &tx->auth[i].authority);
  }
}

static void prestate_named(struct rpc_tracer *r, const u256 *word) {
  addr20 a, target;
  u256_to_addr(&a, word);
  struct prestate_acct *e = prestate_lookup(r, &a);
  if (e && evm_delegation(e->code, &target)) prestate_lookup(r, &target);
}

static void prestate_created(struct rpc_tracer *r, const struct evm_step *s) {
  const u256 *top = s->stack + s->stack_cnt;
  const addr20 *from = &s->msg->recipient;
  addr20 a;
  if (s->op == 0xf0) {
    evm_create_addr(&a, from, state_nonce(chain_exec_state(r->t->x), from));
  } else {
    hash32 hash;
    struct arena_mark mark = arena_mark(&r->t->mem);
    slice init = rpc_step_memory(s, &top[-2], &top[-3], &r->t->mem);
    crypto_keccak256(&hash, init.ptr, init.len);
    arena_reset(&r->t->mem, mark);
    evm_create2_addr(&a, from, &top[-4], &hash);
  }
  prestate_lookup(r, &a);
}

static void prestate_step(struct rpc_tracer *r, const struct evm_step *s) {
  const u256 *what;
  if (s->fault != EVM_SUCCESS) return;
  switch (rpc_step_touches(&what, s)) {
    case RPC_TOUCHES_SLOT:
      prestate_slot_lookup(r, &s->msg->recipient, what);
      return;
    case RPC_TOUCHES_ACCOUNT: prestate_named(r, what); return;
    default: break;
  }
  switch (s->op) {
    case 0xf0: /* CREATE */
      if (s->stack_cnt >= 3) prestate_created(r, s);
      break;
    case 0xf5: /* CREATE2 */
      if (s->stack_cnt >= 4) prestate_created(r, s);
      break;
    default: break;
  }
}

/*---------------------------------------------------------------- telling */

static void prestate_put_slot(struct jsonw *w, bool *open, const u256 *key,
                              const u256 *val) {
  hash32 k = u256_hash32(key), v = u256_hash32(val);
  char name[67] = "0x";
  hex_encode(name + 2, k.b, 32);
  name[66] = 0;
  if (!*open) {
    jsonw_key(w, "storage");
    jsonw_obj(w);
    *open = true;
  }
  jsonw_kv_hex(w, name, hash32_slice(&v));
}

/* The account as it was; in diffMode only slots that changed. */
static void prestate_put_pre(struct rpc_tracer *r, struct jsonw *w,
                             const struct prestate_acct *e) {
  bool all = !r->opts->diff || e->deleted, open = false;
  jsonw_kv_quantity_u256(w, "balance", &e->balance);
  if (e->nonce) jsonw_kv_u64(w, "nonce", e->nonce);
  if (e->code.len) {
    if (!r->opts->no_code) jsonw_kv_hex(w, "code", e->code);
    jsonw_kv_hex(w, "codeHash", hash32_slice(&e->code_hash));
  }
  for (const struct prestate_slot *s = e->slot; s; s = s->next) {
    u256 now;
    state_slot(chain_exec_state(r->t->x), &now, &e->addr, &s->key);
    if (all || !(u256_is_zero(&s->val) || u256_eq(&now, &s->val))) {
      prestate_put_slot(w, &open, &s->key, &s->val);
    }
  }
  if (open) jsonw_obj_end(w);
}

static bool prestate_changed(struct rpc_tracer *r,
                             const struct prestate_acct *e) {
  struct state *st = chain_exec_state(r->t->x);
  u256 now;
  hash32 hash;
  state_balance(st, &now, &e->addr);
  state_code(st, &hash, &e->addr);
  if (!u256_eq(&now, &e->balance) || state_nonce(st, &e->addr) != e->nonce ||
      !hash32_eq(&hash, &e->code_hash)) {
    return true;
  }
  for (const struct prestate_slot *s = e->slot; s; s = s->next) {
    state_slot(st, &now, &e->addr, &s->key);
    if (!u256_eq(&now, &s->val)) return true;
  }
  return false;
}

/* What is different now. */
static void prestate_put_post(struct rpc_tracer *r, struct jsonw *w,
                              const struct prestate_acct *e) {
  struct state *st = chain_exec_state(r->t->x);
  bool open = false;
  u256 now;
  hash32 hash;
  state_balance(st, &now, &e->addr);
  u64 nonce = state_nonce(st, &e->addr);
  slice code = state_code(st, &hash, &e->addr);
  if (!u256_eq(&now, &e->balance)) {
    jsonw_kv_quantity_u256(w, "balance", &now);
  }
  if (nonce != e->nonce && nonce) jsonw_kv_u64(w, "nonce", nonce);
  if (!hash32_eq(&hash, &e->code_hash)) {
    if (!r->opts->no_code && code.len) jsonw_kv_hex(w, "code", code);
    jsonw_kv_hex(w, "codeHash", hash32_slice(&hash));
  }
  for (const struct prestate_slot *s = e->slot; s; s = s->next) {
    state_slot(st, &now, &e->addr, &s->key);
    if (!u256_eq(&now, &s->val) && !u256_is_zero(&now)) {
      prestate_put_slot(w, &open, &s->key, &now);
    }
  }
  if (open) jsonw_obj_end(w);
}

static void prestate_put_all(struct rpc_tracer *r, struct jsonw *w,
                             bool post) {
  const struct prestate *d = r->data;
  jsonw_obj(w);
  for (const struct prestate_acct *e = d->first; e; e = e->next) {
    char name[43] = "0x";
    if (post && e->deleted) continue;
    if (!post && e->empty && !r->opts->empty) continue;
    if (r->opts->diff && !e->deleted && !prestate_changed(r, e)) continue;
    hex_encode(name + 2, e->addr.b, 20);
    name[42] = 0;
    jsonw_key(w, name);
    jsonw_obj(w);
    if (post) {
      prestate_put_post(r, w, e);
    } else {
      prestate_put_pre(r, w, e);
    }
    jsonw_obj_end(w);
  }
  jsonw_obj_end(w);
}

static void prestate_finish(struct rpc_tracer *r) {
  struct prestate *d = r->data;
  struct state *st = chain_exec_state(r->t->x);
  for (struct prestate_acct *e = d->first; e; e = e->next) {
    e->deleted = !state_exists(st, &e->addr) && !e->empty;
  }
}

static void prestate_put(struct rpc_tracer *r, struct buf *out) {
  struct jsonw w;
  jsonw_init(&w, out);
  prestate_finish(r);
  if (!r->opts->diff) {
    prestate_put_all(r, &w, false);
    return;
  }
  jsonw_obj(&w);
  jsonw_key(&w, "pre");
  prestate_put_all(r, &w, false);
  jsonw_key(&w, "post");
  prestate_put_all(r, &w, true);
  jsonw_obj_end(&w);
}

static void prestate_end(struct rpc_tracer *r) {
  map_fini(&((struct prestate *)r->data)->by_addr);
}

/*------------------------------------------------------------ Parity's form */

/* How a value changed: '=' not, '+' came, '-' went, '*' is another. */
static char prestate_sign(const struct prestate_acct *e, bool same) {
  if (e->empty) return '+';
  if (e->deleted) return '-';
  return same ? '=' : '*';
}

/* Opens {"*": {"from":, so that the old value follows; false: was "=", or only
** one value follows. */
static bool prestate_diff_open(struct jsonw *w, const char *key, char sign) {
  char name[2] = {sign, 0};
  jsonw_key(w, key);
  if (sign == '=') {
    jsonw_str(w, "=");
    return false;
  }
  jsonw_obj(w);
  jsonw_key(w, name);
  if (sign != '*') return false;
  jsonw_obj(w);
  jsonw_key(w, "from");
  return true;
}

#define PRESTATE_DIFF(w, key, sign, put_old, put_new) \
  do { \
    char sign_ = (sign); \
    bool both_ = prestate_diff_open(w, key, sign_); \
    if (both_) { \
      put_old; \
      jsonw_key(w, "to"); \
      put_new; \
      jsonw_obj_end(w); \
    } else if (sign_ == '+') { \
      put_new; \
    } else if (sign_ == '-') { \
      put_old; \
    } \
    if (sign_ != '=') jsonw_obj_end(w); \
  } while (0)

static void prestate_put_diff_slots(struct rpc_tracer *r, struct jsonw *w,
                                    const struct prestate_acct *e) {
  jsonw_key(w, "storage");
  jsonw_obj(w);
  for (const struct prestate_slot *s = e->slot; s; s = s->next) {
    u256 now;
    state_slot(chain_exec_state(r->t->x), &now, &e->addr, &s->key);
    if (u256_eq(&now, &s->val)) continue;
    hash32 k = u256_hash32(&s->key), a = u256_hash32(&s->val),
           b = u256_hash32(&now);
    char name[67] = "0x";
    hex_encode(name + 2, k.b, 32);
    name[66] = 0;
    PRESTATE_DIFF(w, name, prestate_sign(e, false),
                  jsonw_hex(w, hash32_slice(&a)),
                  jsonw_hex(w, hash32_slice(&b)));
  }
  jsonw_obj_end(w);
}

static void prestate_put_diff(struct rpc_tracer *r, struct jsonw *w,
                              const struct prestate_acct *e) {
  struct state *st = chain_exec_state(r->t->x);
  u256 balance;
  hash32 hash;
  state_balance(st, &balance, &e->addr);
  u64 nonce = state_nonce(st, &e->addr);
  slice code = state_code(st, &hash, &e->addr);
  PRESTATE_DIFF(w, "balance",
                prestate_sign(e, u256_eq(&balance, &e->balance)),
                jsonw_quantity_u256(w, &e->balance),
                jsonw_quantity_u256(w, &balance));
  PRESTATE_DIFF(w, "code", prestate_sign(e, hash32_eq(&hash, &e->code_hash)),
                jsonw_hex(w, e->code), jsonw_hex(w, code));
  PRESTATE_DIFF(w, "nonce", prestate_sign(e, nonce == e->nonce),
                jsonw_quantity(w, e->nonce), jsonw_quantity(w, nonce));
  prestate_put_diff_slots(r, w, e);
}
#undef PRESTATE_DIFF

void rpc_put_state_diff(struct rpc_tracer *r, struct buf *out) {
  const struct prestate *d = r->data;
  struct state *st = chain_exec_state(r->t->x);
  struct jsonw w;
  jsonw_init(&w, out);
  prestate_finish(r);
  jsonw_obj(&w);
  for (const struct prestate_acct *e = d->first; e; e = e->next) {
    char name[43] = "0x";
    bool never = e->empty && !state_exists(st, &e->addr);
    if (never || (!e->deleted && !prestate_changed(r, e))) continue;
    hex_encode(name + 2, e->addr.b, 20);
    name[42] = 0;
    jsonw_key(&w, name);
    jsonw_obj(&w);
    prestate_put_diff(r, &w, e);
    jsonw_obj_end(&w);
  }
  jsonw_obj_end(&w);
}

const struct rpc_tracer_row RPC_TRACER_ROW_PRESTATE = {
  .name = "prestateTracer", .begin = prestate_begin, .step = prestate_step,
  .put = prestate_put, .end = prestate_end};

#undef PRESTATE_MAX
