/* node_party.c - in which transactions an address took part.
**
** The index tells places by (8-byte key of address and part, sequence number);
** above the flushed height the blocks in memory tell them.  For each part asked
** for the first few places are collected in the order wanted; their union,
** sorted, has the first of all.  What an index tells is checked against the
** transaction itself, and asked on from there when too many were not so.
*/
#include <stdlib.h>

#include "node/node_int.h"
#include "node/node_state_int.h"

#define NPARTY_MAX 4096u /* places collected of one part at a time */

struct nparty_list {
  u64 *seq;
  u32 cnt, max; /* of this part: cnt stops at max */
};
static int nparty_index_cb(void *ctx, u64 seq) {
  struct nparty_list *l = ctx;
  l->seq[l->cnt++] = seq;
  return l->cnt == l->max;
}

struct nparty_memory { /* all of them, to be sorted and cut */
  u64 *seq;
  size_t cnt, cap;
  u64 from, to;
};
static void nparty_memory_cb(void *ctx, u64 seq) {
  struct nparty_memory *m = ctx;
  if (seq < m->from || seq > m->to) return;
  if (m->cnt == m->cap) {
    m->cap = m->cap ? m->cap * 2 : 256;
    m->seq = mem_realloc(m->seq, m->cap * sizeof *m->seq);
  }
  m->seq[m->cnt++] = seq;
}

static int nparty_up_cmp(const void *a, const void *b) {
  u64 x = *(const u64 *)a, y = *(const u64 *)b;
  return x < y ? -1 : x > y;
}
static int nparty_down_cmp(const void *a, const void *b) {
  return nparty_up_cmp(b, a);
}

static u32 nparty_keys(u64 key[3], const addr20 *addr, u32 parts) {
  u32 n = 0;
  if (parts & NODE_PART_SENDER) key[n++] = bytes_key_sender(addr);
  if (parts & NODE_PART_OTHER) key[n++] = bytes_key_party(addr);
  if (parts & NODE_PART_CREATED) key[n++] = bytes_key_created(addr);
  return n;
}

/* One key's places in the file, from `from` to `to` in order. */
static err nparty_file(struct node_read *r, u64 key, u64 from, u64 to,
                       bool down, u64 *out, u32 max, u32 *cnt) {
  struct nparty_list l = {out, 0, max};
  TRY(nstate_read_time(r));
  TRY(store_read_index(r->r->store, STORE_INDEX_ADDR, key, from, to,
                       down ? STORE_INDEX_DOWN : STORE_INDEX_OLDEST,
                       nparty_index_cb, &l));
  *cnt = l.cnt;
  return ERR_OK;
}

/* The first max places told for any of the keys, each once, in order.  *more:
** there may be others behind them. */
static err nparty_told(struct node_read *r, const u64 *key, u32 key_cnt,
                       u64 from, u64 to, bool down, u64 *out, u32 max,
                       u32 *cnt, bool *more) {
  struct nparty_memory m = {.from = from, .to = to};
  u64 file_to = STORE_SEQ(r->st.flushed + 1, 0);
  err e = ERR_OK;
  nstate_memory_index(r->ns, STORE_INDEX_ADDR, key, key_cnt, r->st.flushed,
                      r->st.head, nparty_memory_cb, &m);
  size_t all = m.cnt;
  m.seq = mem_realloc(m.seq, (all + (size_t)key_cnt * max + 1) * sizeof *m.seq);
  *more = false;
  for (u32 k = 0; k < key_cnt && !e && file_to; k++) {
    u32 n = 0;
    if (from < file_to)
      e = nparty_file(r, key[k], from, to < file_to ? to : file_to - 1, down,
                      m.seq + all, max, &n);
    all += n;
    *more |= n == max;
  }
  if (!e) qsort(m.seq, all, sizeof *m.seq,
                down ? nparty_down_cmp : nparty_up_cmp);
  *cnt = 0;
  for (size_t i = 0; i < all && !e; i++) {
    if (*cnt && out[*cnt - 1] == m.seq[i]) continue;
    if (*cnt == max) {
      *more = true;
      break;
    }
    out[(*cnt)++] = m.seq[i];
  }
  mem_free(m.seq);
  return e;
}

/*--------------------------------------------------------------- checking */
err node_read_met(struct node_read *r, const struct chain_met **out, u32 *cnt,
                  const struct node_tx_place *place, struct arena *a) {
  struct store_chunk c;
  *out = NULL;
  *cnt = 0;
  err e = store_read_chunk(r->r->store, &c, STORE_MET,
                           STORE_SEQ(place->number, place->idx));
  if (e == ERR_NOT_FOUND) return ERR_OK;
  if (e) return e;
  for (slice at = c.bytes; at.len;) {
    struct bytes_met met;
    TRY(bytes_met(&at, &met, a));
    if (met.idx < place->idx) continue;
    if (met.idx == place->idx) {
      *out = met.met;
      *cnt = met.cnt;
    }
    break;
  }
  return ERR_OK;
}

static err nparty_is(struct node_read *r, bool *yes, const addr20 *addr,
                     u32 parts, const struct node_tx_place *at) {
  struct arena_mark mark = arena_mark(&r->a);
  struct chain_tx tx;
  struct chain_receipt receipt;
  const struct chain_met *met;
  u64 base;
  u32 cnt = 0;
  err e = node_read_tx(r, &tx, &receipt, &base, at, &r->a);
  *yes = false;
  if (!e) {
    bool made = receipt.has_created && addr20_eq(&receipt.created, addr);
    *yes = (parts & NODE_PART_SENDER && addr20_eq(&tx.sender, addr)) ||
           (parts & NODE_PART_OTHER && tx.has_to && addr20_eq(&tx.to, addr)) ||
           (parts & (NODE_PART_OTHER | NODE_PART_CREATED) && made);
  }
  if (!e && !*yes) e = node_read_met(r, &met, &cnt, at, &r->a);
  for (u32 i = 0; i < cnt && !*yes; i++)
    *yes = addr20_eq(&met[i].addr, addr) &&
           (parts & NODE_PART_OTHER || met[i].created);
  arena_reset(&r->a, mark);
  return e;
}

/*----------------------------------------------------------------- public */
u64 node_read_parties_from(const struct node_read *r) {
  return r->ns->party_from;
}

err node_read_parties(struct node_read *r, const struct node_parties *q,
                      struct node_tx_place *out, u32 max, u32 *cnt,
                      bool *more) {
  u64 key[3], from = STORE_SEQ(q->from, q->from_idx);
  u64 head = (u64)r->st.head;
  u64 to = q->to > head ? STORE_SEQ(head, STORE_SEQ_BLOCK - 1)
                        : STORE_SEQ(q->to, q->to_idx);
  u32 key_cnt = nparty_keys(key, &q->addr, q->parts);
  *cnt = 0;
  *more = false;
  MUST(max && max <= NPARTY_MAX);
  u64 *told = mem_alloc(max * sizeof *told);
  err e = ERR_OK;
  for (bool on = from <= to; on && !e && *cnt < max;) {
    bool rest = false;
    u32 n = 0;
    e = nparty_told(r, key, key_cnt, from, to, q->down, told, max, &n, &on);
    for (u32 i = 0; i < n && !e; i++) {
      struct node_tx_place at = {STORE_SEQ_HEIGHT(told[i]),
                                 STORE_SEQ_IDX(told[i])};
      bool yes = false;
      if (*cnt == max) {
        rest = true;
        break;
      }
      e = nparty_is(r, &yes, &q->addr, q->parts, &at);
      if (yes) out[(*cnt)++] = at;
    }
    if (n && q->down) to = told[n - 1] - 1; /* above 0: no block 0 has any */
    if (n && !q->down) from = told[n - 1] + 1;
    if (from > to) on = false;
    *more = rest || on;
  }
  mem_free(told);
  return e;
}
#undef NPARTY_MAX
