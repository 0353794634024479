/* state_effect.c - what one transaction read and wrote, and taking it over.
**
** Reads are told by value.  Of an account they are those fields that an
** answer depended on (enum state_seen), of storage every slot that was
** fetched.  Warm lists and transient storage are the transaction's own and
** need no telling; nor do refunds and logs, which are results.
**
** Taking over writes through the same calls as execution does, in a
** transaction of its own, so what comes after (journal, originals, deletion of
** the empty, the block's difference) does not know the one from the other.
*/
#include "crypto/keccak.h"
#include "state/state_int.h"

static bool state_effect_same(const struct state_acct *e) {
  return e->existed == e->exists && e->old.nonce == e->cur.nonce &&
         u256_eq(&e->old.balance, &e->cur.balance) &&
         hash32_eq(&e->old.code_hash, &e->cur.code_hash);
}

/* An account that came to be must show it by what it has.  A contract made, or
** made and gone again, is no more than its nonce, code, balance and slots;
** that there was nothing before it, its maker has read. */
static bool state_effect_can(const struct state_acct *e) {
  if (e->wiped || (e->existed && !e->exists)) return false;
  return e->existed == e->exists ||
         !state_account_is_empty(&e->cur, &CRYPTO_KECCAK_EMPTY);
}

static void state_effect_slots(const struct state *s,
                               const struct state_acct *e,
                               struct state_effect_account *out,
                               struct arena *a) {
  u32 cnt = 0;
  for (u32 at = e->slot_first; at != STATE_NONE;) {
    const struct state_slot *slot = state_pool_at(&s->slot, at);
    cnt += slot->loaded;
    at = slot->next;
  }
  if (cnt == 0) return;
  out->slot = arena_alloc_raw(a, cnt * sizeof *out->slot);
  MUST(out->slot);
  for (u32 at = e->slot_first; at != STATE_NONE;) {
    const struct state_slot *slot = state_pool_at(&s->slot, at);
    if (slot->loaded)
      out->slot[out->slot_cnt++] =
          (struct state_effect_slot){slot->slot, slot->old, slot->cur};
    at = slot->next;
  }
}

void state_effect_take(struct state *s, struct state_effect *out,
                       struct arena *a) {
  *out = (struct state_effect){.whole = s->error == ERR_OK};
  out->account = arena_alloc_raw(a, s->acct.cnt * sizeof *out->account);
  MUST(out->account || s->acct.cnt == 0);
  for (u32 i = 0; i < s->acct.cnt; i++) {
    const struct state_acct *e = state_pool_at(&s->acct, i);
    struct state_effect_account *to = &out->account[out->account_cnt];
    if (!e->loaded) continue;
    if (!state_effect_can(e)) {
      out->whole = false;
      return;
    }
    *to = (struct state_effect_account){
        .addr = e->addr, .seen = e->seen, .existed = e->existed,
        .old_val = e->old, .new_val = e->cur};
    if (!hash32_eq(&e->old.code_hash, &e->cur.code_hash))
      to->code = arena_copy_slice(a, e->code);
    state_effect_slots(s, e, to, a);
    if (to->seen || to->slot_cnt || !state_effect_same(e)) out->account_cnt++;
  }
}

/*-------------------------------------------------------------- taking over */
/* Its own check, by the calls that any reader makes. */
static bool state_effect_holds(struct state *s,
                               const struct state_effect_account *e) {
  const struct state_account *old = &e->old_val;
  u256 v;
  hash32 hash;
  if (e->seen & STATE_SEEN_BALANCE) {
    state_balance(s, &v, &e->addr);
    if (!u256_eq(&v, &old->balance)) return false;
  }
  if ((e->seen & STATE_SEEN_NONCE) && state_nonce(s, &e->addr) != old->nonce)
    return false;
  if (e->seen & STATE_SEEN_CODE) {
    state_code_hash(s, &hash, &e->addr);
    if (!hash32_eq(&hash, &old->code_hash)) return false;
  }
  if ((e->seen & STATE_SEEN_EMPTY) &&
      (state_exists(s, &e->addr) != e->existed ||
       state_is_empty(s, &e->addr) !=
           (!e->existed ||
            state_account_is_empty(old, &CRYPTO_KECCAK_EMPTY))))
    return false;
  if ((e->seen & STATE_SEEN_STORAGE) &&
      state_has_storage(s, &e->addr) ==
          hash32_eq(&old->storage_root, &CRYPTO_KECCAK_RLP_NIL))
    return false;
  for (u32 i = 0; i < e->slot_cnt; i++) {
    state_slot(s, &v, &e->addr, &e->slot[i].slot);
    if (!u256_eq(&v, &e->slot[i].old_val)) return false;
  }
  return true;
}

static void state_effect_write(struct state *s,
                               const struct state_effect_account *e) {
  const struct state_account *old = &e->old_val, *val = &e->new_val;
  u256 more;
  if (e->seen & STATE_SEEN_BALANCE) {
    if (!u256_eq(&old->balance, &val->balance))
      state_balance_set(s, &e->addr, &val->balance);
  } else if (!u256_eq(&old->balance, &val->balance)) {
    u256_sub(&more, &val->balance, &old->balance);
    state_balance_add(s, &e->addr, &more);
  }
  if (old->nonce != val->nonce) state_nonce_set(s, &e->addr, val->nonce);
  if (!hash32_eq(&old->code_hash, &val->code_hash))
    state_code_set(s, &e->addr, e->code);
  for (u32 i = 0; i < e->slot_cnt; i++)
    if (!u256_eq(&e->slot[i].old_val, &e->slot[i].new_val))
      state_slot_set(s, &e->addr, &e->slot[i].slot, &e->slot[i].new_val);
}

bool state_effect_apply(struct state *s, const struct state_effect *e,
                        bool clear_empty) {
  if (!e->whole) return false;
  for (u32 i = 0; i < e->account_cnt; i++)
    if (!state_effect_holds(s, &e->account[i])) return false;
  if (s->error < 0) return false;
  state_tx_begin(s);
  for (u32 i = 0; i < e->account_cnt; i++)
    state_effect_write(s, &e->account[i]);
  state_tx_end(s, clear_empty);
  return true;
}

/*------------------------------------------------------------------- peeking */
bool state_peek_account(const struct state *s, struct state_account *out,
                        bool *exists, slice *code, const addr20 *a) {
  u32 i = state_acct_find(s, a, state_addr_tag(s, a));
  *code = slice_of(NULL, 0);
  if (i == STATE_NONE) return false;
  const struct state_acct *e = state_pool_at(&s->acct, i);
  if (!e->loaded) return false;
  *out = e->cur;
  *exists = e->exists;
  if (!hash32_eq(&e->cur.code_hash, &e->old.code_hash)) *code = e->code;
  if (e->wiped || e->slot_first != STATE_NONE)
    memset(out->storage_root.b, 0xff, sizeof out->storage_root.b);
  return true;
}

bool state_peek_slot(const struct state *s, u256 *out, const addr20 *a,
                     const u256 *slot) {
  u32 i = state_acct_find(s, a, state_addr_tag(s, a));
  if (i == STATE_NONE) return false;
  const struct state_acct *e = state_pool_at(&s->acct, i);
  if (!e->loaded) return false;
  u32 k = state_slot_find(s, i, slot, state_slot_tag(s, e->tag, slot));
  const struct state_slot *v = k == STATE_NONE ? NULL
                                               : state_pool_at(&s->slot, k);
  if (v && v->loaded) {
    *out = v->cur;
    return true;
  }
  *out = U256_ZERO;
  return e->wiped ||
         hash32_eq(&e->old.storage_root, &CRYPTO_KECCAK_RLP_NIL);
}
