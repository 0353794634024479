/* state.c - the world a block's transactions run on.
**
** Every account and slot that a block meets has one entry, found through an
** open-addressing index and kept in chunks that never move, so that an entry
** is named by a number.  An entry holds its value at the block's start, at
** the transaction's start (slots) and now.  What lives for one transaction
** (warmth, touches, creation, self-destruction, original values) is a
** transaction number in the entry: beginning a transaction only counts up.
**
** The journal is one array of fixed records, each saying how to undo one
** change; a snapshot is its length.  It empties with the transaction, so a
** snapshot does not outlive its transaction.
**
** Storage that vanishes whole (a contract deleted, or created where storage
** was) sets the account's wiped mark: from then on slots not met yet read as
** zero, and those met are set to zero one by one.
**
** Touches follow EIP-161 as go-ethereum does it: every change of an account
** touches it, undoing the change undoes the touch, but a mere touch of the
** RIPEMD-160 precompile stays (block 2675119 of the main network).
**
** Hashed keys are computed once an entry, when its value is first fetched, or
** all together at the block's end when the source does not want them.
**
** Limits: entries and journal grow with what a block's gas pays for; memory
** is kept for the next block.
*/
#include "state/state.h"

#include "base/map.h"
#include "crypto/keccak.h"
#include "state/state_int.h"

/*------------------------------------------------------ pools and index */

static void *state_pool_add(struct state_pool *p) {
  MUST(p->cnt < STATE_NONE - 1);
  if (p->cnt >> STATE_CHUNK_BITS == p->chunk_cnt) {
    p->chunk = mem_realloc(p->chunk, sizeof *p->chunk * (p->chunk_cnt + 1));
    p->chunk[p->chunk_cnt++] = mem_alloc((size_t)p->size * STATE_CHUNK);
  }
  void *e = state_pool_at(p, p->cnt++);
  memset(e, 0, p->size);
  return e;
}

static void state_pool_fini(struct state_pool *p) {
  for (u32 i = 0; i < p->chunk_cnt; i++) mem_free(p->chunk[i]);
  mem_free(p->chunk);
}

static void state_index_place(struct state_index *x, u64 cell) {
  u32 mask = x->cap - 1, at = (u32)(cell >> 32) & mask;
  while (x->cell[at]) at = (at + 1) & mask;
  x->cell[at] = cell;
}

static void state_index_add(struct state_index *x, u32 tag, u32 cnt) {
  if (cnt * 2 > x->cap) {
    struct state_index old = *x;
    x->cap = old.cap ? old.cap * 2 : 1024;
    MUST(x->cap);
    x->cell = mem_alloc(sizeof *x->cell * x->cap);
    for (u32 i = 0; i < old.cap; i++) {
      if (old.cell[i]) state_index_place(x, old.cell[i]);
    }
    mem_free(old.cell);
  }
  state_index_place(x, (u64)tag << 32 | cnt); /* number + 1 == cnt */
}

/* Frees the run of cells that starts at a tag's home: done for every entry,
** this clears a sparse index in time of its entries, not of its size. */
static void state_index_unplace(struct state_index *x, u32 tag) {
  u32 mask = x->cap - 1;
  for (u32 at = tag & mask; x->cell[at]; at = (at + 1) & mask) x->cell[at] = 0;
}

/* The entry for an address, made when new; nothing is fetched. */
static struct state_acct *state_acct_meet(struct state *s, const addr20 *a,
                                          u32 *number) {
  if (s->last_acct != STATE_NONE) {
    struct state_acct *e = state_pool_at(&s->acct, s->last_acct);
    if (addr20_eq(&e->addr, a)) {
      *number = s->last_acct;
      return e;
    }
  }
  u32 tag = state_addr_tag(s, a), i = state_acct_find(s, a, tag);
  if (i != STATE_NONE) {
    *number = s->last_acct = i;
    return state_pool_at(&s->acct, i);
  }
  struct state_acct *e = state_pool_add(&s->acct);
  e->addr = *a;
  e->tag = tag;
  e->slot_first = STATE_NONE;
  state_index_add(&s->acct_index, tag, s->acct.cnt);
  *number = s->last_acct = s->acct.cnt - 1;
  return e;
}

static struct state_slot *state_slot_meet(struct state *s, u32 acct,
                                          const u256 *slot, u32 *number) {
  struct state_slot *e;
  /* Access, value and original are asked one after the other. */
  if (s->last_slot != STATE_NONE) {
    e = state_pool_at(&s->slot, *number = s->last_slot);
    if (e->acct == acct && u256_eq(&e->slot, slot)) return e;
  }
  struct state_acct *owner = state_pool_at(&s->acct, acct);
  u32 tag = state_slot_tag(s, owner->tag, slot);
  *number = s->last_slot = state_slot_find(s, acct, slot, tag);
  if (*number != STATE_NONE) return state_pool_at(&s->slot, *number);
  e = state_pool_add(&s->slot);
  *number = s->last_slot = s->slot.cnt - 1;
  e->acct = acct;
  e->slot = *slot;
  e->tag = tag;
  e->next = owner->slot_first;
  owner->slot_first = *number;
  state_index_add(&s->slot_index, tag, s->slot.cnt);
  return e;
}

/* NULL when there is none and make is false. */
static struct state_tslot *state_tslot_meet(struct state *s, const addr20 *a,
                                            const u256 *slot, bool make,
                                            u32 *number) {
  const struct state_index *x = &s->tslot_index;
  u32 tag = state_slot_tag(s, state_addr_tag(s, a), slot), mask = x->cap - 1;
  for (u32 at = tag & mask; x->cap && x->cell[at]; at = (at + 1) & mask) {
    if ((u32)(x->cell[at] >> 32) != tag) continue;
    *number = (u32)x->cell[at] - 1;
    struct state_tslot *e = state_pool_at(&s->tslot, *number);
    if (addr20_eq(&e->addr, a) && u256_eq(&e->slot, slot)) return e;
  }
  if (!make) return NULL;
  struct state_tslot *e = state_pool_add(&s->tslot);
  *number = s->tslot.cnt - 1;
  e->addr = *a;
  e->slot = *slot;
  e->tag = tag;
  state_index_add(&s->tslot_index, tag, s->tslot.cnt);
  return e;
}

/*----------------------------------------------------------- life cycle */

struct state *state_open(u64 hash_seed) {
  struct state *s = mem_alloc(sizeof *s);
  s->seed = hash_seed | 1;
  s->acct.size = sizeof(struct state_acct);
  s->slot.size = sizeof(struct state_slot);
  s->tslot.size = sizeof(struct state_tslot);
  s->last_acct = s->last_slot = STATE_NONE;
  arena_init(&s->arena, STATE_ARENA_CHUNK, 0);
  return s;
}

void state_close(struct state *s) {
  if (!s) return;
  state_pool_fini(&s->acct);
  state_pool_fini(&s->slot);
  state_pool_fini(&s->tslot);
  mem_free(s->acct_index.cell);
  mem_free(s->slot_index.cell);
  mem_free(s->tslot_index.cell);
  mem_free(s->rec);
  mem_free(s->code_undo);
  mem_free(s->touched.ptr);
  mem_free(s->destructed.ptr);
  mem_free(s->log);
  arena_fini(&s->arena);
  mem_free(s);
}

static void state_transient_clear(struct state *s) {
  for (u32 i = 0; i < s->tslot.cnt; i++) {
    const struct state_tslot *e = state_pool_at(&s->tslot, i);
    state_index_unplace(&s->tslot_index, e->tag);
  }
  s->tslot.cnt = 0;
}

void state_block_begin(struct state *s, const struct state_source *src) {
  for (u32 i = 0; i < s->acct.cnt; i++) {
    const struct state_acct *e = state_pool_at(&s->acct, i);
    state_index_unplace(&s->acct_index, e->tag);
  }
  for (u32 i = 0; i < s->slot.cnt; i++) {
    const struct state_slot *e = state_pool_at(&s->slot, i);
    state_index_unplace(&s->slot_index, e->tag);
  }
  s->acct.cnt = s->slot.cnt = 0;
  s->last_acct = s->last_slot = STATE_NONE;
  s->src = *src;
  s->error = ERR_OK;
  s->tx = 0;
  arena_clear(&s->arena);
  state_tx_begin(s);
}

err state_error(const struct state *s) { return s->error; }

void state_tx_begin(struct state *s) {
  s->tx++;
  s->rec_cnt = s->code_undo_cnt = 0;
  s->touched.cnt = s->destructed.cnt = 0;
  s->log_cnt = 0;
  s->refund = 0;
  state_transient_clear(s);
}

/*-------------------------------------------------------------- fetching */

static void state_fail(struct state *s, err e) {
  if (s->error == ERR_OK) s->error = e;
}

static void state_acct_key(struct state_acct *e) {
  if (e->has_key) return;
  crypto_keccak256(&e->key, e->addr.b, 20);
  e->has_key = true;
}
static void state_slot_key(struct state_slot *e) {
  if (e->has_key) return;
  hash32 be = u256_hash32(&e->slot);
  crypto_keccak256(&e->key, be.b, 32);
  e->has_key = true;
}

static void state_acct_load(struct state *s, struct state_acct *e) {
  if (!s->src.hashless) state_acct_key(e);
  err r = s->src.account(s->src.ctx, &e->old, &e->existed, &e->addr,
                         e->has_key ? &e->key : NULL);
  if (r < 0) state_fail(s, r);
  if (r < 0 || !e->existed) {
    e->existed = false;
    memset(&e->old, 0, sizeof e->old);
    e->old.code_hash = CRYPTO_KECCAK_EMPTY;
    e->old.storage_root = CRYPTO_KECCAK_RLP_NIL;
  }
  e->cur = e->old;
  e->exists = e->existed;
  e->loaded = true;
}

static struct state_acct *state_acct_get(struct state *s, const addr20 *a,
                                         u32 *number) {
  struct state_acct *e = state_acct_meet(s, a, number);
  if (!e->loaded) state_acct_load(s, e);
  return e;
}

static void state_slot_fetch(struct state *s, struct state_acct *owner,
                             struct state_slot *e) {
  e->has_old = true;
  if (hash32_eq(&owner->old.storage_root, &CRYPTO_KECCAK_RLP_NIL)) return;
  state_acct_key(owner); /* one for all of its slots */
  if (!s->src.hashless) state_slot_key(e);
  err r = s->src.slot(s->src.ctx, &e->old, &owner->addr, &owner->key,
                      &e->slot, e->has_key ? &e->key : NULL);
  if (r < 0) {
    state_fail(s, r);
    e->old = U256_ZERO;
  }
}

static struct state_slot *state_slot_get(struct state *s, u32 acct,
                                         const u256 *slot, u32 *number) {
  struct state_slot *e = state_slot_meet(s, acct, slot, number);
  if (e->loaded) return e;
  struct state_acct *owner = state_pool_at(&s->acct, acct);
  if (!owner->loaded) state_acct_load(s, owner);
  if (!owner->wiped) {
    state_slot_fetch(s, owner, e);
    e->cur = e->old;
  }
  e->loaded = true;
  return e;
}

void state_slot_fresh(struct state *s, const addr20 *a, const u256 *slot) {
  u32 acct, number;
  struct state_acct *owner = state_acct_meet(s, a, &acct);
  struct state_slot *e = state_slot_meet(s, acct, slot, &number);
  if (e->loaded) return;
  if (!owner->loaded) state_acct_load(s, owner);
  e->has_old = e->loaded = true;
  e->old = e->cur = U256_ZERO;
}

static bool state_acct_empty(const struct state_acct *e) {
  return state_account_is_empty(&e->cur, &CRYPTO_KECCAK_EMPTY);
}

/*--------------------------------------------------------------- journal */

static struct state_rec *state_note(struct state *s, enum state_rec_kind kind,
                                    u32 entry) {
  if (s->rec_cnt == s->rec_cap) {
    MUST(s->rec_cap < 1u << 30);
    s->rec_cap = s->rec_cap ? s->rec_cap * 2 : 1024;
    s->rec = mem_realloc(s->rec, sizeof *s->rec * s->rec_cap);
  }
  struct state_rec *r = &s->rec[s->rec_cnt++];
  r->kind = kind;
  r->entry = entry;
  return r;
}

static void state_list_add(struct state_list *l, u32 v) {
  if (l->cnt == l->cap) {
    l->cap = l->cap ? l->cap * 2 : 64;
    l->ptr = mem_realloc(l->ptr, sizeof *l->ptr * l->cap);
  }
  l->ptr[l->cnt++] = v;
}

static void state_mark_touched(struct state *s, struct state_acct *e, u32 i,
                               enum state_rec_kind kind) {
  if (e->touched_tx == s->tx) return;
  state_note(s, kind, i)->val = u256_from(e->touched_tx);
  e->touched_tx = s->tx;
  state_list_add(&s->touched, i);
}

/* The account about to be changed: in the trie from now on, and touched. */
static struct state_acct *state_acct_change(struct state *s, const addr20 *a,
                                            u32 *number) {
  struct state_acct *e = state_acct_get(s, a, number);
  if (!e->exists) {
    state_note(s, STATE_REC_EXISTS, *number);
    e->exists = true;
  }
  state_mark_touched(s, e, *number, STATE_REC_CHANGE);
  return e;
}

static bool state_is_ripemd(const addr20 *a) {
  static const addr20 ripemd = {{[19] = 3}};
  return addr20_eq(a, &ripemd);
}

/* Slots met since the wipe read as zero without being fetched: forget them. */
static void state_unwipe(struct state *s, struct state_acct *e) {
  e->wiped = false;
  for (u32 at = e->slot_first; at != STATE_NONE;) {
    struct state_slot *slot = state_pool_at(&s->slot, at);
    if (!slot->has_old) {
      slot->loaded = false;
      slot->set_tx = 0;
    }
    at = slot->next;
  }
}

static void state_undo_acct(struct state *s, const struct state_rec *r) {
  struct state_acct *e = state_pool_at(&s->acct, r->entry);
  switch (r->kind) {
    case STATE_REC_BALANCE: e->cur.balance = r->val; break;
    case STATE_REC_NONCE: e->cur.nonce = r->val.w[0]; break;
    case STATE_REC_CODE: {
      const struct state_code_undo *u = &s->code_undo[--s->code_undo_cnt];
      e->cur.code_hash = u->hash;
      e->code = u->code;
      e->has_code = u->has_code;
      break;
    }
    case STATE_REC_EXISTS: e->exists = false; break;
    case STATE_REC_TOUCH:
      if (!state_is_ripemd(&e->addr)) e->touched_tx = (u32)r->val.w[0];
      break;
    case STATE_REC_CHANGE: e->touched_tx = (u32)r->val.w[0]; break;
    case STATE_REC_WARM_ACCT: e->warm_tx = (u32)r->val.w[0]; break;
    case STATE_REC_CREATED: e->created_tx = (u32)r->val.w[0]; break;
    case STATE_REC_WIPED: state_unwipe(s, e); break;
    default: e->destructed_tx = (u32)r->val.w[0];
  }
}

void state_revert(struct state *s, state_snap snap) {
  MUST(snap <= s->rec_cnt);
  while (s->rec_cnt > snap) {
    const struct state_rec *r = &s->rec[--s->rec_cnt];
    struct state_slot *slot;
    struct state_tslot *tslot;
    switch (r->kind) {
      case STATE_REC_SLOT:
        slot = state_pool_at(&s->slot, r->entry);
        slot->cur = r->val;
        break;
      case STATE_REC_WARM_SLOT:
        slot = state_pool_at(&s->slot, r->entry);
        slot->warm_tx = (u32)r->val.w[0];
        break;
      case STATE_REC_TRANSIENT:
        tslot = state_pool_at(&s->tslot, r->entry);
        tslot->val = r->val;
        break;
      case STATE_REC_LOG: s->log_cnt--; break;
      case STATE_REC_REFUND: s->refund = (i64)r->val.w[0]; break;
      default: state_undo_acct(s, r);
    }
  }
}

state_snap state_snapshot(struct state *s) { return s->rec_cnt; }

/*----------------------------------------------------------------- reads */

/* For an answer that depends on what bits name. */
static struct state_acct *state_acct_see(struct state *s, const addr20 *a,
                                         u8 bits) {
  u32 i;
  struct state_acct *e = state_acct_get(s, a, &i);
  e->seen |= bits;
  return e;
}

bool state_exists(struct state *s, const addr20 *a) {
  return state_acct_see(s, a, STATE_SEEN_EMPTY)->exists;
}

bool state_is_empty(struct state *s, const addr20 *a) {
  const struct state_acct *e = state_acct_see(s, a, STATE_SEEN_EMPTY);
  return !e->exists || state_acct_empty(e);
}

void state_balance(struct state *s, u256 *out, const addr20 *a) {
  *out = state_acct_see(s, a, STATE_SEEN_BALANCE)->cur.balance;
}

u64 state_nonce(struct state *s, const addr20 *a) {
  return state_acct_see(s, a, STATE_SEEN_NONCE)->cur.nonce;
}

static void state_code_load(struct state *s, struct state_acct *e) {
  if (e->has_code) return;
  e->has_code = true;
  e->code = slice_of(NULL, 0);
  if (hash32_eq(&e->cur.code_hash, &CRYPTO_KECCAK_EMPTY)) return;
  err r = s->src.code(s->src.ctx, &e->code, &e->cur.code_hash);
  if (r < 0) {
    state_fail(s, r);
    e->code = slice_of(NULL, 0);
  }
}

slice state_code(struct state *s, hash32 *code_hash, const addr20 *a) {
  struct state_acct *e = state_acct_see(s, a, STATE_SEEN_CODE);
  state_code_load(s, e);
  if (code_hash) *code_hash = e->cur.code_hash;
  return e->code;
}

void state_code_hash(struct state *s, hash32 *out, const addr20 *a) {
  *out = state_acct_see(s, a, STATE_SEEN_CODE)->cur.code_hash;
}

bool state_has_storage(struct state *s, const addr20 *a) {
  const struct state_acct *e = state_acct_see(s, a, STATE_SEEN_STORAGE);
  if (!e->wiped &&
      !hash32_eq(&e->old.storage_root, &CRYPTO_KECCAK_RLP_NIL)) {
    return true;
  }
  for (u32 at = e->slot_first; at != STATE_NONE;) {
    const struct state_slot *slot = state_pool_at(&s->slot, at);
    if (!u256_is_zero(&slot->cur)) return true;
    at = slot->next;
  }
  return false;
}

void state_slot(struct state *s, u256 *out, const addr20 *a,
                const u256 *slot) {
  u32 acct, i;
  state_acct_meet(s, a, &acct);
  *out = state_slot_get(s, acct, slot, &i)->cur;
}

void state_slot_original(struct state *s, u256 *out, const addr20 *a,
                         const u256 *slot) {
  u32 acct, i;
  const struct state_acct *owner = state_acct_meet(s, a, &acct);
  const struct state_slot *e = state_slot_get(s, acct, slot, &i);
  if (owner->created_tx == s->tx) {
    *out = U256_ZERO;
  } else {
    *out = e->set_tx == s->tx ? e->orig : e->cur;
  }
}

void state_transient(struct state *s, u256 *out, const addr20 *a,
                     const u256 *slot) {
  u32 i;
  const struct state_tslot *e = state_tslot_meet(s, a, slot, false, &i);
  *out = e ? e->val : U256_ZERO;
}

void state_slot_before(struct state *s, u256 *out, const addr20 *a,
                       const u256 *slot) {
  u32 acct, i;
  struct state_acct *owner = state_acct_meet(s, a, &acct);
  struct state_slot *e = state_slot_get(s, acct, slot, &i);
  if (!e->has_old) state_slot_fetch(s, owner, e);
  *out = e->old;
}

void state_account_before(struct state *s, struct state_account *out,
                          const addr20 *a) {
  u32 i;
  *out = state_acct_get(s, a, &i)->old;
}

/*---------------------------------------------------------------- writes */

void state_touch(struct state *s, const addr20 *a) {
  u32 i;
  struct state_acct *e = state_acct_get(s, a, &i);
  if (!e->exists) {
    state_note(s, STATE_REC_EXISTS, i);
    e->exists = true;
  }
  e->seen |= STATE_SEEN_EMPTY;
  if (state_acct_empty(e)) state_mark_touched(s, e, i, STATE_REC_TOUCH);
}

static void state_balance_put(struct state *s, struct state_acct *e, u32 i,
                              const u256 *v) {
  state_note(s, STATE_REC_BALANCE, i)->val = e->cur.balance;
  e->cur.balance = *v;
}

void state_balance_add(struct state *s, const addr20 *a, const u256 *v) {
  if (u256_is_zero(v)) {
    state_touch(s, a);
    return;
  }
  u32 i;
  struct state_acct *e = state_acct_change(s, a, &i);
  u256 sum;
  u256_add(&sum, &e->cur.balance, v);
  state_balance_put(s, e, i, &sum);
}

bool state_balance_sub(struct state *s, const addr20 *a, const u256 *v) {
  if (u256_is_zero(v)) return true;
  u32 i;
  struct state_acct *e = state_acct_get(s, a, &i);
  e->seen |= STATE_SEEN_BALANCE;
  u256 rest;
  if (u256_sub(&rest, &e->cur.balance, v)) return false;
  state_acct_change(s, a, &i);
  state_balance_put(s, e, i, &rest);
  return true;
}

void state_balance_set(struct state *s, const addr20 *a, const u256 *v) {
  u32 i;
  struct state_acct *e = state_acct_change(s, a, &i);
  e->seen |= STATE_SEEN_BALANCE;
  state_balance_put(s, e, i, v);
}

void state_nonce_set(struct state *s, const addr20 *a, u64 nonce) {
  u32 i;
  struct state_acct *e = state_acct_change(s, a, &i);
  e->seen |= STATE_SEEN_NONCE;
  state_note(s, STATE_REC_NONCE, i)->val = u256_from(e->cur.nonce);
  e->cur.nonce = nonce;
}

static void state_code_put(struct state *s, struct state_acct *e, u32 i,
                           slice code, const hash32 *hash) {
  if (s->code_undo_cnt == s->code_undo_cap) {
    s->code_undo_cap = s->code_undo_cap ? s->code_undo_cap * 2 : 16;
    s->code_undo =
        mem_realloc(s->code_undo, sizeof *s->code_undo * s->code_undo_cap);
  }
  e->seen |= STATE_SEEN_CODE;
  s->code_undo[s->code_undo_cnt++] =
      (struct state_code_undo){e->cur.code_hash, e->code, e->has_code};
  state_note(s, STATE_REC_CODE, i);
  e->cur.code_hash = *hash;
  e->code = code;
  e->has_code = true;
}

void state_code_set(struct state *s, const addr20 *a, slice code) {
  u32 i;
  struct state_acct *e = state_acct_change(s, a, &i);
  hash32 hash;
  crypto_keccak256(&hash, code.ptr, code.len);
  state_code_put(s, e, i, arena_copy_slice(&s->arena, code), &hash);
}

static void state_slot_put(struct state *s, struct state_slot *e, u32 i,
                           const u256 *v) {
  state_note(s, STATE_REC_SLOT, i)->val = e->cur;
  if (e->set_tx != s->tx) {
    e->orig = e->cur;
    e->set_tx = s->tx;
  }
  e->cur = *v;
}

void state_slot_set(struct state *s, const addr20 *a, const u256 *slot,
                    const u256 *v) {
  u32 acct, i;
  state_acct_change(s, a, &acct);
  struct state_slot *e = state_slot_get(s, acct, slot, &i);
  if (!u256_eq(&e->cur, v)) state_slot_put(s, e, i, v);
}

void state_transient_set(struct state *s, const addr20 *a, const u256 *slot,
                         const u256 *v) {
  u32 i;
  struct state_tslot *e = state_tslot_meet(s, a, slot, true, &i);
  state_note(s, STATE_REC_TRANSIENT, i)->val = e->val;
  e->val = *v;
}

void state_create(struct state *s, const addr20 *a) {
  u32 i;
  struct state_acct *e = state_acct_change(s, a, &i);
  if (e->created_tx != s->tx) {
    state_note(s, STATE_REC_CREATED, i)->val = u256_from(e->created_tx);
    e->created_tx = s->tx;
  }
  if (!hash32_eq(&e->cur.code_hash, &CRYPTO_KECCAK_EMPTY)) {
    state_code_put(s, e, i, slice_of(NULL, 0), &CRYPTO_KECCAK_EMPTY);
  }
  for (u32 at = e->slot_first; at != STATE_NONE;) {
    struct state_slot *slot = state_pool_at(&s->slot, at);
    if (!u256_is_zero(&slot->cur)) state_slot_put(s, slot, at, &U256_ZERO);
    at = slot->next;
  }
  if (!e->wiped && !hash32_eq(&e->old.storage_root, &CRYPTO_KECCAK_RLP_NIL)) {
    state_note(s, STATE_REC_WIPED, i);
    e->wiped = true;
  }
}

bool state_created_in_tx(struct state *s, const addr20 *a) {
  u32 i;
  return state_acct_meet(s, a, &i)->created_tx == s->tx;
}

void state_selfdestruct(struct state *s, const addr20 *a) {
  u32 i;
  struct state_acct *e = state_acct_change(s, a, &i);
  e->seen |= STATE_SEEN_BALANCE;
  if (e->destructed_tx != s->tx) {
    state_note(s, STATE_REC_DESTRUCTED, i)->val = u256_from(e->destructed_tx);
    e->destructed_tx = s->tx;
    state_list_add(&s->destructed, i);
  }
  if (!u256_is_zero(&e->cur.balance)) state_balance_put(s, e, i, &U256_ZERO);
}

bool state_is_destructed(struct state *s, const addr20 *a) {
  u32 i;
  return state_acct_meet(s, a, &i)->destructed_tx == s->tx;
}

void state_log_add(struct state *s, const addr20 *a, const hash32 *topics,
                   u32 topic_cnt, slice data) {
  MUST(topic_cnt <= 4);
  if (s->log_cnt == s->log_cap) {
    s->log_cap = s->log_cap ? s->log_cap * 2 : 64;
    s->log = mem_realloc(s->log, sizeof *s->log * s->log_cap);
  }
  struct state_log *l = &s->log[s->log_cnt++];
  l->addr = *a;
  l->topic_cnt = topic_cnt;
  if (topic_cnt) memcpy(l->topic, topics, topic_cnt * sizeof *topics);
  l->data = arena_copy_slice(&s->arena, data);
  state_note(s, STATE_REC_LOG, 0);
}

const struct state_log *state_tx_logs(const struct state *s, u32 *cnt) {
  *cnt = s->log_cnt;
  return s->log;
}

bool state_access_account(struct state *s, const addr20 *a) {
  u32 i;
  struct state_acct *e = state_acct_meet(s, a, &i);
  if (e->warm_tx == s->tx) return false;
  state_note(s, STATE_REC_WARM_ACCT, i)->val = u256_from(e->warm_tx);
  e->warm_tx = s->tx;
  return true;
}

bool state_access_slot(struct state *s, const addr20 *a, const u256 *slot) {
  u32 acct, i;
  state_acct_meet(s, a, &acct);
  struct state_slot *e = state_slot_meet(s, acct, slot, &i);
  if (e->warm_tx == s->tx) return false;
  state_note(s, STATE_REC_WARM_SLOT, i)->val = u256_from(e->warm_tx);
  e->warm_tx = s->tx;
  return true;
}

void state_refund_add(struct state *s, i64 delta) {
  state_note(s, STATE_REC_REFUND, 0)->val = u256_from((u64)s->refund);
  s->refund += delta;
}
i64 state_refund(const struct state *s) { return s->refund; }

/*------------------------------------------------------ transaction's end */

static void state_acct_delete(struct state *s, struct state_acct *e) {
  e->exists = false;
  e->cur = (struct state_account){.code_hash = CRYPTO_KECCAK_EMPTY,
                                  .storage_root = CRYPTO_KECCAK_RLP_NIL};
  e->code = slice_of(NULL, 0);
  e->has_code = true;
  if (!hash32_eq(&e->old.storage_root, &CRYPTO_KECCAK_RLP_NIL)) {
    e->wiped = true;
  }
  for (u32 at = e->slot_first; at != STATE_NONE;) {
    struct state_slot *slot = state_pool_at(&s->slot, at);
    slot->cur = U256_ZERO;
    at = slot->next;
  }
}

u64 state_met_cnt(const struct state *s) {
  return (u64)s->acct.cnt + s->slot.cnt;
}

void state_count_growth(struct state *s, bool on) { s->counts_growth = on; }
struct state_growth state_tx_growth(const struct state *s) {
  return s->growth;
}

/* From the journal, which holds what was not undone.  A slot or a code may
** stand in it often: once counted its transaction's mark is taken off, which
** nobody needs any more.  Code that is again what it was before is not new. */
static void state_growth_count(struct state *s) {
  struct state_growth g = {0};
  const struct state_code_undo *undo = s->code_undo;
  for (u32 i = 0; i < s->rec_cnt; i++) {
    const struct state_rec *r = &s->rec[i];
    if (r->kind == STATE_REC_SLOT) {
      struct state_slot *e = state_pool_at(&s->slot, r->entry);
      if (e->set_tx != s->tx) continue;
      g.slots += u256_is_zero(&e->orig) && !u256_is_zero(&e->cur);
      e->set_tx = 0;
    } else if (r->kind == STATE_REC_EXISTS) {
      const struct state_acct *e = state_pool_at(&s->acct, r->entry);
      g.accounts += e->exists;
    } else if (r->kind == STATE_REC_CODE) {
      struct state_acct *e = state_pool_at(&s->acct, r->entry);
      const hash32 *was = &undo++->hash;
      if (e->touched_tx != s->tx) continue;
      if (!hash32_eq(was, &e->cur.code_hash)) g.code_bytes += e->code.len;
      e->touched_tx = 0;
    }
  }
  s->growth = g;
}

void state_tx_end(struct state *s, bool clear_empty) {
  for (u32 i = 0; i < s->destructed.cnt; i++) {
    struct state_acct *e = state_pool_at(&s->acct, s->destructed.ptr[i]);
    if (e->destructed_tx == s->tx) state_acct_delete(s, e);
  }
  for (u32 i = 0; clear_empty && i < s->touched.cnt; i++) {
    struct state_acct *e = state_pool_at(&s->acct, s->touched.ptr[i]);
    if (e->touched_tx == s->tx && e->exists && state_acct_empty(e)) {
      e->seen |= STATE_SEEN_EMPTY;
      state_acct_delete(s, e);
    }
  }
  if (s->counts_growth) state_growth_count(s);
  /* Logs stay readable; all else of the transaction is over. */
  s->tx++;
  s->rec_cnt = s->code_undo_cnt = 0;
  s->touched.cnt = s->destructed.cnt = 0;
  state_transient_clear(s);
}

void state_block_balances(struct state *s,
                          void (*fn)(void *ctx, const addr20 *a,
                                     const u256 *before, const u256 *now),
                          void *ctx) {
  u32 cnt = s->acct.cnt; /* what fn adds has not changed its balance */
  for (u32 i = 0; i < cnt; i++) {
    const struct state_acct *e = state_pool_at(&s->acct, i);
    if (e->loaded && !u256_eq(&e->old.balance, &e->cur.balance))
      fn(ctx, &e->addr, &e->old.balance, &e->cur.balance);
  }
}

/*-------------------------------------------------------- block's difference */

/* Sorts numbers by the key their entry has; keys differ. */
struct state_order {
  u64 head; /* first 8 bytes of the key, as a number */
  u32 entry;
};
static const hash32 *state_key_of(const struct state_pool *p, size_t key_at,
                                  u32 entry) {
  return (const hash32 *)((const u8 *)state_pool_at(p, entry) + key_at);
}
static bool state_order_less(const struct state_pool *p, size_t key_at,
                             const struct state_order *a,
                             const struct state_order *b) {
  if (a->head != b->head) return a->head < b->head;
  return hash32_cmp(state_key_of(p, key_at, a->entry),
                    state_key_of(p, key_at, b->entry)) < 0;
}

/* Heap sort: no recursion and no bad case for keys that outsiders choose. */
static void state_order_sort(const struct state_pool *p, size_t key_at,
                             struct state_order *o, u32 cnt) {
  for (u32 start = cnt / 2, end = cnt; end > 1;) {
    struct state_order v;
    if (start > 0) {
      v = o[--start];
    } else {
      v = o[--end];
      o[end] = o[0];
    }
    u32 at = start;
    for (u32 sub; (sub = 2 * at + 1) < end; at = sub) {
      if (sub + 1 < end && state_order_less(p, key_at, &o[sub], &o[sub + 1])) {
        sub++;
      }
      if (!state_order_less(p, key_at, &v, &o[sub])) break;
      o[at] = o[sub];
    }
    o[at] = v;
  }
}

/* Hashes the keys still missing among the entries listed, many at once. */
#define STATE_KEY_BATCH 64
struct state_key_batch {
  u8 text[STATE_KEY_BATCH][32];
  slice in[STATE_KEY_BATCH];
  hash32 *to[STATE_KEY_BATCH];
  u32 cnt;
};
static void state_key_flush(struct state_key_batch *b) {
  hash32 out[STATE_KEY_BATCH];
  crypto_keccak256_batch(out, b->in, b->cnt);
  for (u32 i = 0; i < b->cnt; i++) *b->to[i] = out[i];
  b->cnt = 0;
}
static void state_key_ask(struct state_key_batch *b, hash32 *to,
                          const void *text, u32 len) {
  if (b->cnt == STATE_KEY_BATCH) state_key_flush(b);
  memcpy(b->text[b->cnt], text, len);
  b->in[b->cnt] = slice_of(b->text[b->cnt], len);
  b->to[b->cnt++] = to;
}

static bool state_slot_differs(const struct state_acct *owner,
                               const struct state_slot *e) {
  if (!e->loaded) return false;
  return !u256_eq(&e->old, &e->cur) ||
         (owner->wiped && !u256_is_zero(&e->cur));
}

/* Fills in old values of slots first met after a wipe, and counts those that
** belong in the difference. */
static u32 state_slots_count(struct state *s, struct state_acct *owner) {
  u32 cnt = 0;
  for (u32 at = owner->slot_first; at != STATE_NONE;) {
    struct state_slot *e = state_pool_at(&s->slot, at);
    if (e->loaded && !e->has_old) state_slot_fetch(s, owner, e);
    if (state_slot_differs(owner, e)) cnt++;
    at = e->next;
  }
  return cnt;
}

static bool state_acct_differs(const struct state_acct *e, u32 slot_cnt) {
  if (!e->loaded || (!e->existed && !e->exists)) return false;
  return e->existed != e->exists || e->wiped || slot_cnt > 0 ||
         e->old.nonce != e->cur.nonce ||
         !u256_eq(&e->old.balance, &e->cur.balance) ||
         !hash32_eq(&e->old.code_hash, &e->cur.code_hash);
}

static void state_diff_slots(struct state *s, struct state_diff_account *d,
                             const struct state_acct *owner, u32 cnt,
                             struct arena *a) {
  struct arena_mark mark;
  struct state_order *o;
  u32 n = 0;
  d->slot = arena_alloc_raw(a, cnt * sizeof *d->slot);
  mark = arena_mark(a);
  o = arena_alloc_raw(a, cnt * sizeof *o);
  MUST(d->slot && o);
  for (u32 at = owner->slot_first; at != STATE_NONE;) {
    const struct state_slot *e = state_pool_at(&s->slot, at);
    if (state_slot_differs(owner, e)) {
      o[n++] = (struct state_order){load_be64(e->key.b), at};
    }
    at = e->next;
  }
  MUST(n == cnt);
  state_order_sort(&s->slot, offsetof(struct state_slot, key), o, cnt);
  for (u32 i = 0; i < cnt; i++) {
    const struct state_slot *e = state_pool_at(&s->slot, o[i].entry);
    d->slot[i] = (struct state_diff_slot){.key = e->key, .slot = e->slot,
                                          .old_val = e->old, .new_val = e->cur};
  }
  d->slot_cnt = cnt;
  arena_reset(a, mark);
}

/* Which accounts and how many slots of each, keys known, sorted. */
static u32 state_diff_plan(struct state *s, struct state_order *o,
                           u32 *slot_cnt) {
  struct state_key_batch b = {.cnt = 0};
  u32 cnt = 0;
  for (u32 i = 0; i < s->acct.cnt; i++) {
    struct state_acct *e = state_pool_at(&s->acct, i);
    slot_cnt[i] = e->loaded ? state_slots_count(s, e) : 0;
    if (!state_acct_differs(e, slot_cnt[i])) continue;
    o[cnt++].entry = i;
    if (!e->has_key) state_key_ask(&b, &e->key, e->addr.b, 20);
    e->has_key = true;
    for (u32 at = e->slot_first; slot_cnt[i] && at != STATE_NONE;) {
      struct state_slot *slot = state_pool_at(&s->slot, at);
      at = slot->next;
      if (slot->has_key || !state_slot_differs(e, slot)) continue;
      hash32 be = u256_hash32(&slot->slot);
      state_key_ask(&b, &slot->key, be.b, 32);
      slot->has_key = true;
    }
  }
  state_key_flush(&b);
  for (u32 i = 0; i < cnt; i++) {
    o[i].head = load_be64(state_key_of(
        &s->acct, offsetof(struct state_acct, key), o[i].entry)->b);
  }
  state_order_sort(&s->acct, offsetof(struct state_acct, key), o, cnt);
  return cnt;
}

/* New code of the accounts in the difference, each once. */
static void state_diff_codes(struct state *s, struct state_diff *out,
                             const struct state_order *o, struct arena *a) {
  struct map seen;
  map_init(&seen, sizeof(hash32), 1, 0, s->seed);
  for (u32 pass = 0; pass < 2; pass++) {
    if (pass == 1) {
      if (seen.cnt == 0) break;
      out->code = arena_array(a, struct state_diff_code, seen.cnt);
      MUST(out->code);
      map_clear(&seen);
    }
    for (u32 i = 0; i < out->account_cnt; i++) {
      const struct state_acct *e = state_pool_at(&s->acct, o[i].entry);
      const hash32 *hash = &e->cur.code_hash;
      bool is_new;
      if (hash32_eq(&e->old.code_hash, hash) || e->code.len == 0) continue;
      map_put(&seen, hash, &is_new);
      if (pass == 0 || !is_new) continue;
      out->code[out->code_cnt++] =
          (struct state_diff_code){*hash, arena_copy_slice(a, e->code)};
    }
  }
  map_fini(&seen);
}

void state_block_diff(struct state *s, struct state_diff *out,
                      struct arena *a) {
  memset(out, 0, sizeof *out);
  if (s->acct.cnt == 0) return;
  struct state_order *o = arena_alloc_raw(a, s->acct.cnt * sizeof *o);
  u32 *slot_cnt = arena_alloc_raw(a, s->acct.cnt * sizeof *slot_cnt);
  MUST(o && slot_cnt);
  out->account_cnt = state_diff_plan(s, o, slot_cnt);
  out->account = arena_array(a, struct state_diff_account, out->account_cnt);
  MUST(out->account || out->account_cnt == 0);
  for (u32 i = 0; i < out->account_cnt; i++) {
    const struct state_acct *e = state_pool_at(&s->acct, o[i].entry);
    struct state_diff_account *d = &out->account[i];
    d->key = e->key;
    d->addr = e->addr;
    d->existed = e->existed;
    d->exists = e->exists;
    d->wiped = e->wiped;
    d->old_val = e->old;
    d->new_val = e->cur;
    if (e->wiped) d->new_val.storage_root = CRYPTO_KECCAK_RLP_NIL;
    u32 cnt = slot_cnt[o[i].entry];
    if (cnt) state_diff_slots(s, d, e, cnt, a);
  }
  state_diff_codes(s, out, o, a);
}
