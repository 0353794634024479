/* node_range.c - accounts, and slots of an account, in the order of their
** hashed keys, after any block whose state is kept.
**
** The tables' rows give keys, in order; what changed since the block gives the
** rest, those of deleted rows too; each key is then asked for its value as for
** any read.  Addresses stand in the rows; of slots only the hashes are kept,
** their names in the differences that wrote them.
*/
#include "node/node_int.h"
#include "node/node_state_int.h"

struct nrange {
  struct node_read *r;
  struct nstate_view at;
  const hash32 *owner;
  hash32 *changed;     /* ascending */
  size_t changed_cnt, next;
  bool (*cb)(void *ctx, const struct node_range *item);
  void *ctx;
  bool stopped;        /* by cb */
};
#define NRANGE_DONE 1

static err nrange_give(struct nrange *g, struct node_range *item) {
  bool found = true;
  TRY(nstate_read_time(g->r));
  if (g->owner) {
    TRY(nstate_view_slot(&g->at, &item->val, g->owner, &item->key));
    found = !u256_is_zero(&item->val);
  } else {
    TRY(nstate_view_account(&g->at, &item->account, &found, &item->key));
  }
  g->stopped = found && !g->cb(g->ctx, item);
  return g->stopped ? NRANGE_DONE : ERR_OK;
}

/* Changed keys before key (NULL: all); the one that is key is passed over. */
static err nrange_changed(struct nrange *g, const u8 *key) {
  for (; g->next < g->changed_cnt; g->next++) {
    struct node_range item = {.key = g->changed[g->next]};
    int c = key ? memcmp(item.key.b, key, 32) : -1;
    if (c > 0) return ERR_OK;
    if (c == 0) continue;
    TRY(nrange_give(g, &item));
    if (g->stopped) return NRANGE_DONE;
  }
  return ERR_OK;
}

static err nrange_row(void *ctx, slice key, slice val) {
  struct nrange *g = ctx;
  struct node_range item = {.has_addr = false};
  size_t at = g->owner ? 32 : 0;
  if (key.len != at + 32) return ERR_CORRUPT;
  if (g->owner && memcmp(key.ptr, g->owner->b, 32) != 0) return NRANGE_DONE;
  memcpy(item.key.b, key.ptr + at, 32);
  if (!g->owner) {
    TRY(bytes_account_get(&item.account, &item.addr, val));
    item.has_addr = true;
  }
  err e = nrange_changed(g, item.key.b);
  return e ? e : nrange_give(g, &item);
}

err node_read_range(struct node_read *r, u64 number, const hash32 *owner,
                    const hash32 *start,
                    bool (*cb)(void *ctx, const struct node_range *item),
                    void *ctx) {
  struct arena scratch;
  struct nrange g = {.r = r, .owner = owner, .cb = cb, .ctx = ctx};
  u8 from[64];
  if ((i64)number > r->st.head || number < r->st.oldest_state)
    return ERR_NOT_FOUND;
  if (owner) memcpy(from, owner->b, 32);
  memcpy(from + (owner ? 32 : 0), start->b, 32);
  arena_init(&scratch, 1 << 16, 0);
  nstate_read_view(r, &g.at, (i64)number);
  g.at.a = &scratch;
  err e = nstate_changed_since(r, number, owner, &g.changed, &g.changed_cnt,
                               &scratch);
  while (e == ERR_OK && g.next < g.changed_cnt &&
         hash32_cmp(&g.changed[g.next], start) < 0)
    g.next++;
  if (e == ERR_OK)
    e = store_read_rows(r->r->store, owner ? STORE_SLOT : STORE_ACCOUNT,
                        slice_of(from, owner ? 64 : 32), nrange_row, &g);
  if (e >= 0 && !g.stopped) e = nrange_changed(&g, NULL);
  if (e == NRANGE_DONE) e = ERR_OK;
  mem_free(g.changed);
  arena_fini(&scratch);
  return e;
}

/*------------------------------------------- what stands behind a hashed key */

struct nrange_name {
  struct node_read *r;
  const hash32 *owner, *slot; /* slot NULL: the account's address */
  u256 *out;
  addr20 *addr;
  bool found;
};

static void nrange_name_in(struct nrange_name *n, const struct state_diff *d) {
  for (u32 i = 0; i < d->account_cnt && !n->found; i++) {
    const struct state_diff_account *acc = &d->account[i];
    if (!hash32_eq(&acc->key, n->owner)) continue;
    if (!n->slot) {
      *n->addr = acc->addr;
      n->found = true;
      return;
    }
    for (u32 k = 0; k < acc->slot_cnt && !n->found; k++) {
      const struct state_diff_slot *s = &acc->slot[k];
      if (s->hashed || !hash32_eq(&s->key, n->slot)) continue;
      *n->out = s->slot;
      n->found = true;
    }
  }
}

static err nrange_name_chunk(void *ctx, const struct store_chunk *c) {
  struct nrange_name *n = ctx;
  struct state_diff d;
  struct arena a;
  TRY(nstate_read_time(n->r));
  arena_init(&a, 1 << 14, 0);
  err e = state_diff_decode(&d, c->bytes, &a);
  if (e == ERR_OK) nrange_name_in(n, &d);
  arena_fini(&a);
  return e;
}
static int nrange_name_seq(void *ctx, u64 seq) {
  struct nrange_name *n = ctx;
  struct store_chunk c;
  TRY(store_read_chunk(n->r->r->store, &c, STORE_DIFF, seq));
  TRY(nrange_name_chunk(n, &c));
  return n->found;
}

/* The index knows of what is in the tables, the blocks above are searched. */
static err nrange_name(struct nrange_name *n) {
  struct store_reader *r = n->r->r->store;
  u64 key = n->slot ? bytes_key_slot(n->owner, n->slot)
                    : bytes_key_account(n->owner);
  TRY(store_read_index(r, STORE_INDEX_STATE, key, 0, INT64_MAX, 0,
                       nrange_name_seq, n));
  if (!n->found)
    TRY(store_read_chunks(r, STORE_DIFF,
                          STORE_SEQ(n->r->st.flushed + 1, 0), INT64_MAX,
                          nrange_name_chunk, n));
  return n->found ? ERR_OK : ERR_NOT_FOUND;
}

err node_read_slot_name(struct node_read *r, u256 *out, const hash32 *owner,
                        const hash32 *slot) {
  struct nrange_name n = {.r = r, .owner = owner, .slot = slot, .out = out};
  return nrange_name(&n);
}

err node_read_address(struct node_read *r, addr20 *out, const hash32 *hash) {
  struct nrange_name n = {.r = r, .owner = hash, .addr = out};
  return nrange_name(&n);
}
u64 node_history_bodies(const struct node *n) {
  u64 cnt = n->state->cfg.body_blocks;
  return cnt ? cnt : UINT64_MAX;
}

u64 node_history_blocks(const struct node *n) {
  return n->state->cfg.history_blocks;
}
#undef NRANGE_DONE
