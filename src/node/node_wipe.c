/* node_wipe.c - the slots of accounts that a block wiped.
**
** Until Cancun (EIP-6780) SELFDESTRUCT takes an account's whole storage away,
** and with it slots that the block never met.  A difference must name every
** slot that changed, for the tables, for history and for the layers over them;
** so those are looked up before the block is applied: in the overlay, which
** has all that changed above the tables, then in the table, whose rows stand
** in key order.  They are known by their hashes only.
**
** The overlay is read first: what its writer takes out of it meanwhile is in
** the table by then.  Nothing is applied while we read: this is exec's thread.
*/
#include "crypto/keccak.h"
#include "node/node_state_int.h"
#include <stdlib.h>

#define NWIPE_WAIT_MS 10000

struct nwipe {
  struct node_state *ns;
  const hash32 *owner;
  struct map seen;   /* slot hash -> newest value, of the overlay */
  struct state_diff_slot *slot;
  u32 cnt, cap;
};

static void nwipe_add(struct nwipe *w, const u8 key[32], const u256 *val) {
  if (u256_is_zero(val)) return;
  if (w->cnt == w->cap) {
    w->cap = w->cap ? 2 * w->cap : 64;
    w->slot = mem_realloc(w->slot, w->cap * sizeof *w->slot);
  }
  struct state_diff_slot *s = &w->slot[w->cnt++];
  *s = (struct state_diff_slot){.old_val = *val, .hashed = true};
  memcpy(s->key.b, key, 32);
}

static void nwipe_overlay(struct nwipe *w) {
  for (u32 i = 0; i < NSTATE_SHARDS; i++) {
    struct nstate_shard *s = &w->ns->shard[i];
    size_t it = 0;
    const void *key;
    void *val;
    pthread_mutex_lock(&s->lock);
    while (map_next(&s->ver_slot, &it, &key, &val)) {
      const struct nstate_slot_ver *v = *(struct nstate_slot_ver **)val;
      if (memcmp(key, w->owner->b, 32) != 0) continue;
      *(u256 *)map_put(&w->seen, (const u8 *)key + 32, NULL) = v->new_val;
      nwipe_add(w, (const u8 *)key + 32, &v->new_val);
    }
    pthread_mutex_unlock(&s->lock);
  }
}

#define NWIPE_DONE 1
static err nwipe_row(void *ctx, slice key, slice val) {
  struct nwipe *w = ctx;
  u256 v;
  if (key.len != 64) return ERR_CORRUPT;
  if (memcmp(key.ptr, w->owner->b, 32) != 0) return NWIPE_DONE;
  if (map_get(&w->seen, key.ptr + 32)) return ERR_OK;
  TRY(bytes_slot_get(&v, val));
  nwipe_add(w, key.ptr + 32, &v);
  return ERR_OK;
}

static int nwipe_cmp(const void *a, const void *b) {
  const struct state_diff_slot *x = a, *y = b;
  return hash32_cmp(&x->key, &y->key);
}

/* What was stored, with what the block itself tells of. */
static void nwipe_merge(struct state_diff_account *d, struct nwipe *w,
                        struct arena *a) {
  struct state_diff_slot *out =
      arena_array(a, struct state_diff_slot, d->slot_cnt + w->cnt);
  u32 cnt = 0, i = 0, k = 0;
  if (w->cnt) qsort(w->slot, w->cnt, sizeof *w->slot, nwipe_cmp);
  while (i < d->slot_cnt || k < w->cnt) {
    int c = i == d->slot_cnt ? 1
            : k == w->cnt    ? -1
                             : hash32_cmp(&d->slot[i].key, &w->slot[k].key);
    if (c == 0) k++;
    out[cnt++] = c <= 0 ? d->slot[i++] : w->slot[k++];
  }
  d->slot = out;
  d->slot_cnt = cnt;
}

static err nwipe_account(struct node_state *ns, struct nstate_reader *reader,
                         struct state_diff_account *d, struct arena *a) {
  struct nwipe w = {.ns = ns, .owner = &d->key};
  struct store_standing st;
  u8 from[64] = {0};
  memcpy(from, d->key.b, 32);
  map_init(&w.seen, 32, sizeof(u256), 0, 0);
  nwipe_overlay(&w);
  err e = nstate_reader_begin(ns, reader, &st);
  if (e == ERR_OK) {
    e = store_read_rows(reader->store, STORE_SLOT, slice_of(from, sizeof from),
                        nwipe_row, &w);
    nstate_reader_end(ns, reader);
  }
  if (e == NWIPE_DONE) e = ERR_OK;
  if (e == ERR_OK) nwipe_merge(d, &w, a);
  map_fini(&w.seen);
  mem_free(w.slot);
  return e;
}

bool nstate_is_wiped(const struct state_diff_account *d) {
  return d->wiped && d->existed &&
         !hash32_eq(&d->old_val.storage_root, &CRYPTO_KECCAK_RLP_NIL);
}

err nstate_complete_wiped(struct node_state *ns, struct state_diff *out,
                          const struct state_diff *diff, struct arena *a) {
  struct nstate_reader *reader;
  u32 wiped = 0;
  *out = *diff;
  for (u32 i = 0; i < diff->account_cnt; i++)
    wiped += nstate_is_wiped(&diff->account[i]);
  if (wiped == 0) return ERR_OK;
  out->account = arena_array(a, struct state_diff_account, diff->account_cnt);
  memcpy(out->account, diff->account,
         diff->account_cnt * sizeof *out->account);
  TRY(nstate_reader_take(ns, &reader, NWIPE_WAIT_MS));
  err e = ERR_OK;
  for (u32 i = 0; i < out->account_cnt && e == ERR_OK; i++) {
    if (!nstate_is_wiped(&out->account[i])) continue;
    e = nwipe_account(ns, reader, &out->account[i], a);
  }
  nstate_reader_give(ns, reader);
  return e;
}
#undef NWIPE_WAIT_MS
#undef NWIPE_DONE
