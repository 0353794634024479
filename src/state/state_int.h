/* state_int.h - what state's own files share: the entries of struct state, and
** how they are found.  See state.c.
*/
#ifndef STATE_STATE_INT_H
#define STATE_STATE_INT_H
#include "state/state.h"

#define STATE_CHUNK_BITS 9
#define STATE_CHUNK (1u << STATE_CHUNK_BITS)
#define STATE_NONE 0xffffffffu
#define STATE_ARENA_CHUNK (64u << 10)

/* What an answer that was given depended on (state_effect.c). */
enum state_seen {
  STATE_SEEN_BALANCE = 1,
  STATE_SEEN_NONCE = 2,
  STATE_SEEN_CODE = 4,
  STATE_SEEN_EMPTY = 8,    /* existence and emptiness */
  STATE_SEEN_STORAGE = 16  /* whether there is any */
};

struct state_acct {
  addr20 addr;
  u32 tag;         /* hash in the index */
  u32 slot_first;  /* list of its slots, STATE_NONE ends it */
  u32 warm_tx, created_tx, destructed_tx, touched_tx;
  bool loaded, has_key, has_code, existed, exists, wiped;
  u8 seen;         /* enum state_seen, since the block began */
  hash32 key;
  slice code;      /* when has_code */
  struct state_account old, cur;
};
struct state_slot {
  u32 acct, next;
  u32 tag;
  u32 warm_tx, set_tx;
  bool loaded, has_key;
  bool has_old;    /* false: met after a wipe, old not fetched */
  u256 slot, cur;
  u256 orig;       /* at the start of transaction set_tx */
  u256 old;
  hash32 key;
};
struct state_tslot { /* transient storage */
  addr20 addr;
  u32 tag;
  u256 slot, val;
};

/* Entries of one size in chunks; cnt of them in use. */
struct state_pool {
  u8 **chunk;
  u32 chunk_cnt, cnt, size;
};
/* cell: 0 free, else tag << 32 | number + 1; at most half full. */
struct state_index {
  u64 *cell;
  u32 cap;
};

enum state_rec_kind {
  STATE_REC_BALANCE, STATE_REC_NONCE, STATE_REC_CODE, STATE_REC_EXISTS,
  STATE_REC_TOUCH, STATE_REC_CHANGE, STATE_REC_WARM_ACCT, STATE_REC_WARM_SLOT,
  STATE_REC_SLOT, STATE_REC_TRANSIENT, STATE_REC_CREATED, STATE_REC_WIPED,
  STATE_REC_DESTRUCTED, STATE_REC_LOG, STATE_REC_REFUND
};
struct state_rec {
  u32 kind, entry;
  u256 val; /* what was before */
};
struct state_code_undo {
  hash32 hash;
  slice code;
  bool has_code;
};
struct state_list { /* growing array of numbers */
  u32 *ptr;
  u32 cnt, cap;
};

struct state {
  struct state_source src;
  err error;
  u64 seed;
  u32 tx; /* number of the transaction, from 1 */
  struct state_pool acct, slot, tslot;
  struct state_index acct_index, slot_index, tslot_index;
  u32 last_acct, last_slot; /* found last, STATE_NONE at first */
  struct state_rec *rec;
  u32 rec_cnt, rec_cap;
  struct state_code_undo *code_undo;
  u32 code_undo_cnt, code_undo_cap;
  struct state_list touched, destructed;
  struct state_log *log;
  u32 log_cnt, log_cap;
  i64 refund;
  bool counts_growth;
  struct state_growth growth; /* of the last transaction */
  struct arena arena; /* code and log data of the block */
};

static inline void *state_pool_at(const struct state_pool *p, u32 i) {
  return p->chunk[i >> STATE_CHUNK_BITS] +
         (size_t)(i & (STATE_CHUNK - 1)) * p->size;
}


static inline u64 state_mix(u64 h, u64 v) {
  u128 t = (u128)(h ^ v) * 0x9e3779b97f4a7c15u;
  return (u64)t ^ (u64)(t >> 64);
}
static inline u32 state_addr_tag(const struct state *s, const addr20 *a) {
  u64 v0, v1;
  u32 v2;
  memcpy(&v0, a->b, 8);
  memcpy(&v1, a->b + 8, 8);
  memcpy(&v2, a->b + 16, 4);
  return (u32)state_mix(state_mix(state_mix(s->seed, v0), v1), v2 ^ s->seed);
}
static inline u32 state_slot_tag(const struct state *s, u32 h,
                                 const u256 *slot) {
  u64 t = s->seed + h;
  for (int i = 0; i < 4; i++) t = state_mix(t, slot->w[i] ^ s->seed);
  return (u32)t;
}

/* The entry of an address or of its slot, or STATE_NONE; changes nothing, so
** several threads may ask while none changes the state. */
static inline u32 state_acct_find(const struct state *s, const addr20 *a,
                                  u32 tag) {
  const struct state_index *x = &s->acct_index;
  u32 mask = x->cap - 1;
  for (u32 at = tag & mask; x->cap && x->cell[at]; at = (at + 1) & mask) {
    if ((u32)(x->cell[at] >> 32) != tag) continue;
    u32 i = (u32)x->cell[at] - 1;
    const struct state_acct *e = state_pool_at(&s->acct, i);
    if (addr20_eq(&e->addr, a)) return i;
  }
  return STATE_NONE;
}
static inline u32 state_slot_find(const struct state *s, u32 acct,
                                  const u256 *slot, u32 tag) {
  const struct state_index *x = &s->slot_index;
  u32 mask = x->cap - 1;
  for (u32 at = tag & mask; x->cap && x->cell[at]; at = (at + 1) & mask) {
    if ((u32)(x->cell[at] >> 32) != tag) continue;
    u32 i = (u32)x->cell[at] - 1;
    const struct state_slot *e = state_pool_at(&s->slot, i);
    if (e->acct == acct && u256_eq(&e->slot, slot)) return i;
  }
  return STATE_NONE;
}
#endif
