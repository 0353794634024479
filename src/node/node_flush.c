/* node_flush.c - making a batch from what is frozen, and letting go of what
** the tables have.
**
** The batch of blocks from+1..to holds, of each account and slot changed in
** them, the value after `to`: the version that is the newest at or below it.
** Making it (walking, encoding, sorting) takes a few hundred nanoseconds a row
** and is done on a thread of its own, so that the writer only writes.
*/
#include <stdlib.h>

#include "node/node_state_int.h"

#define NSTATE_TICK_US 4000u

struct nstate_maker {
  struct node_state *ns;
  struct nstate_gen *gen;
  struct arena *a;
  struct nstate_block **block; /* from+1..to */
  u32 block_cnt;
};

static int nstate_row_cmp(const void *a, const void *b) {
  const struct store_row *x = a, *y = b;
  size_t n = x->key.len < y->key.len ? x->key.len : y->key.len;
  int c = memcmp(x->key.ptr, y->key.ptr, n);
  if (c) return c;
  return x->key.len < y->key.len ? -1 : x->key.len > y->key.len;
}

static int nstate_entry_cmp(const void *a, const void *b) {
  const struct store_entry *x = a, *y = b;
  if (x->key != y->key) return x->key < y->key ? -1 : 1;
  return x->seq == y->seq ? 0 : x->seq < y->seq ? -1 : 1;
}

/* The list may lose its head meanwhile, but never blocks above flushed. */
static void nstate_maker_blocks(struct nstate_maker *m) {
  m->block = arena_array(m->a, struct nstate_block *,
                         (u64)((i64)m->gen->to - m->gen->from));
  pthread_mutex_lock(&m->ns->apply_lock);
  for (struct nstate_block *b = m->ns->oldest; b; b = b->next)
    if ((i64)b->height > m->gen->from && b->height <= m->gen->to)
      m->block[m->block_cnt++] = b;
  pthread_mutex_unlock(&m->ns->apply_lock);
  MUST(m->block_cnt == (u64)((i64)m->gen->to - m->gen->from));
}

static bool nstate_account_is_last(struct nstate_maker *m,
                                   struct nstate_account_ver *v) {
  struct nstate_shard *s = &m->ns->shard[nstate_shard_of(v->key.b)];
  pthread_mutex_lock(&s->lock);
  bool last = !v->newer || v->newer->height > m->gen->to;
  pthread_mutex_unlock(&s->lock);
  return last;
}

static bool nstate_slot_is_last(struct nstate_maker *m,
                                struct nstate_slot_ver *v) {
  struct nstate_shard *s =
      &m->ns->shard[nstate_shard_of_slot(&v->owner->key, &v->key)];
  pthread_mutex_lock(&s->lock);
  bool last = !v->newer || v->newer->height > m->gen->to;
  pthread_mutex_unlock(&s->lock);
  return last;
}

static size_t nstate_make_accounts(struct nstate_maker *m,
                                   struct store_row *row) {
  size_t n = 0;
  for (u32 b = 0; b < m->block_cnt; b++) {
    for (u32 i = 0; i < m->block[b]->account_cnt; i++) {
      struct nstate_account_ver *v = &m->block[b]->account[i];
      u8 val[BYTES_ACCOUNT_MAX];
      if (!nstate_account_is_last(m, v)) continue;
      struct state_account now;
      nstate_slim_get(&now, &v->new_val);
      u32 len = v->exists ? bytes_account_put(val, &v->addr, &now) : 0;
      row[n].key = hash32_slice(&v->key);
      row[n++].val = slice_of(arena_copy(m->a, val, len), len);
    }
  }
  return n;
}

static size_t nstate_make_slots(struct nstate_maker *m,
                                struct store_row *row) {
  size_t n = 0;
  for (u32 b = 0; b < m->block_cnt; b++) {
    for (u32 i = 0; i < m->block[b]->slot_cnt; i++) {
      struct nstate_slot_ver *v = &m->block[b]->slot[i];
      u8 bytes[96];
      if (!nstate_slot_is_last(m, v)) continue;
      bytes_slot_key(bytes, &v->owner->key, &v->key);
      u32 len = bytes_slot_put(bytes + 64, &v->new_val);
      u8 *p = arena_copy(m->a, bytes, 64 + len);
      row[n].key = slice_of(p, 64);
      row[n++].val = slice_of(p + 64, len);
    }
  }
  return n;
}

static size_t nstate_make_nodes(struct nstate_maker *m,
                                struct store_row *row) {
  size_t n = 0;
  for (u32 i = 0; i < NSTATE_SHARDS; i++) {
    size_t it = 0;
    const void *key;
    void *val;
    while (map_next(&m->gen->node[i], &it, &key, &val)) {
      struct nstate_node *node = val;
      const u8 *k = key;
      bool put = nstate_node_has_row(k, node);
      node->rowless = !put;
      if (!put && node->no_row) continue;
      u8 path[64], out[BYTES_NODE_KEY_MAX];
      u32 len = k[64] == 255 ? TRIE_ROOT_EDGE : k[64];
      for (u32 p = 0; k[64] != 255 && p < len; p++)
        path[p] = p & 1 ? k[32 + p / 2] & 15 : k[32 + p / 2] >> 4;
      hash32 owner;
      memcpy(owner.b, k, 32);
      u32 out_len = bytes_node_key(out, k[65] ? &owner : NULL, path, len);
      row[n].key = slice_of(arena_copy(m->a, out, out_len), out_len);
      row[n++].val = slice_of(node->ptr, put ? node->len : 0);
    }
  }
  return n;
}

size_t nstate_entries(struct nstate_block *const *block, u32 cnt, u32 index,
                      struct store_entry *out) {
  size_t n = 0;
  for (u32 k = 0; k < cnt; k++) {
    const struct nstate_block *b = block[k];
    if (index == STORE_INDEX_HASH) {
      for (u32 i = 0; i < b->tx_cnt; i++)
        out[n++] = (struct store_entry){bytes_key_hash(&b->tx_hash[i]),
                                        STORE_SEQ(b->height, i)};
      out[n++] = (struct store_entry){
          bytes_key_hash(&b->hash), STORE_SEQ(b->height, STORE_SEQ_BLOCK)};
    } else if (index == STORE_INDEX_LOG) {
      for (u32 i = 0; i < b->log_cnt; i++) out[n++] = b->log[i];
    } else if (index == STORE_INDEX_ADDR) {
      for (u32 i = 0; i < b->party_cnt; i++) out[n++] = b->party[i];
    } else {
      for (u32 i = 0; i < b->account_cnt; i++)
        out[n++] = (struct store_entry){
            bytes_key_account(&b->account[i].key),
            STORE_SEQ(b->height, b->account[i].chunk)};
      for (u32 i = 0; i < b->slot_cnt; i++)
        out[n++] = (struct store_entry){
            bytes_key_slot(&b->slot[i].owner->key, &b->slot[i].key),
            STORE_SEQ(b->height, b->slot[i].chunk)};
    }
  }
  qsort(out, n, sizeof *out, nstate_entry_cmp);
  return n;
}

err nstate_batch_make(struct node_state *ns) {
  struct nstate_maker m = {.ns = ns, .gen = ns->flush_gen,
                           .a = &ns->batch_arena};
  size_t accounts = 0, slots = 0, nodes = 0, txs = 0, logs = 0, parties = 0;
  nstate_maker_blocks(&m);
  for (u32 i = 0; i < m.block_cnt; i++) {
    accounts += m.block[i]->account_cnt;
    slots += m.block[i]->slot_cnt;
    txs += m.block[i]->tx_cnt + 1;
    logs += m.block[i]->log_cnt;
    parties += m.block[i]->party_cnt;
  }
  for (u32 i = 0; i < NSTATE_SHARDS; i++) nodes += m.gen->node[i].cnt;
  size_t row_max[STORE_TABLE_CNT] = {accounts, slots, nodes};
  size_t entry_max[STORE_INDEX_CNT] = {txs, logs, accounts + slots, parties};
  struct store_batch b = {.to = m.gen->to};
  size_t (*const make[STORE_TABLE_CNT])(struct nstate_maker *,
                                        struct store_row *) = {
      nstate_make_accounts, nstate_make_slots, nstate_make_nodes};
  for (u32 t = 0; t < STORE_TABLE_CNT; t++) {
    struct store_row *row = arena_array(m.a, struct store_row, row_max[t] + 1);
    b.row_cnt[t] = make[t](&m, row);
    b.row[t] = row;
    qsort(row, b.row_cnt[t], sizeof *row, nstate_row_cmp);
  }
  for (u32 t = 0; t < STORE_INDEX_CNT && !ns->cfg.rebuild; t++) {
    struct store_entry *e = arena_array(m.a, struct store_entry,
                                        entry_max[t] + 1);
    b.entry_cnt[t] = nstate_entries(m.block, m.block_cnt, t, e);
    b.entry[t] = e;
  }
  pthread_mutex_lock(&ns->flush_lock);
  ns->batch = b;
  ns->flush_phase = NSTATE_READY;
  pthread_mutex_unlock(&ns->flush_lock);
  return ERR_OK;
}

/* Sleeps until there is a batch to make, or the next call's deadline.  Where
** brief calls come one after the other it looks every NSTATE_TICK_US, so that
** none of them need wake it. */
static void nstate_maker_wait(struct node_state *ns) {
  u64 now = nstate_clock_us();
  u64 next = ns->brief_seen ? now + NSTATE_TICK_US : UINT64_MAX;
  ns->brief_seen = false;
  for (struct nstate_call *c = ns->call; c; c = c->next) {
    if (c->deadline_us <= now) {
      atomic_store_explicit(&c->stop, true, memory_order_relaxed);
    } else if (c->deadline_us < next) {
      next = c->deadline_us;
    }
  }
  ns->maker_wakes_us = next;
  if (next == UINT64_MAX) {
    pthread_cond_wait(&ns->flush_wake, &ns->flush_lock);
  } else {
    struct timespec t = {(time_t)(next / 1000000),
                         (long)(next % 1000000) * 1000};
    pthread_cond_timedwait(&ns->flush_wake, &ns->flush_lock, &t);
  }
}

void *nstate_maker_main(void *arg) {
  struct node_state *ns = arg;
  for (;;) {
    pthread_mutex_lock(&ns->flush_lock);
    while (!ns->stop && ns->flush_phase != NSTATE_FROZEN)
      nstate_maker_wait(ns);
    bool stop = ns->stop;
    pthread_mutex_unlock(&ns->flush_lock);
    if (stop) return NULL;
    u8 was = stage_enter(STAGE_batch);
    err e = nstate_batch_make(ns);
    stage_enter(was);
    MUST(e == ERR_OK);
  }
}

void nstate_call_begin(struct node_state *ns, struct nstate_call *c) {
  pthread_mutex_lock(&ns->flush_lock);
  atomic_init(&c->stop, false);
  c->next = ns->call;
  ns->call = c;
  ns->brief_seen |= c->brief;
  bool wake = c->deadline_us < ns->maker_wakes_us;
  if (wake) ns->maker_wakes_us = c->deadline_us;
  pthread_mutex_unlock(&ns->flush_lock);
  if (wake) pthread_cond_signal(&ns->flush_wake);
}

void nstate_call_end(struct node_state *ns, struct nstate_call *c) {
  pthread_mutex_lock(&ns->flush_lock);
  struct nstate_call **at = &ns->call;
  while (*at != c) at = &(*at)->next;
  *at = c->next;
  pthread_mutex_unlock(&ns->flush_lock);
}

/*---------------------------------------------------------------- dropping */
/* The lowest flushed height that anybody may still read from. */
static i64 nstate_floor(struct node_state *ns) {
  pthread_mutex_lock(&ns->pin_lock);
  i64 floor = ns->flushed;
  for (u32 i = 0; i < ns->reader_cnt; i++)
    if (ns->reader[i].pin < floor) floor = ns->reader[i].pin;
  for (u32 i = 0; i < ns->conn_cnt; i++)
    if (ns->conn[i].r.pin < floor) floor = ns->conn[i].r.pin;
  pthread_mutex_unlock(&ns->pin_lock);
  return floor;
}

static struct nstate_block *nstate_block_pop(struct node_state *ns, i64 floor) {
  /* Apply holds it for long: then another time. */
  if (pthread_mutex_trylock(&ns->apply_lock) != 0) return NULL;
  struct nstate_block *b = ns->oldest;
  if (b && (i64)b->height > floor) b = NULL;
  if (b) {
    ns->oldest = b->next;
    if (!ns->oldest) ns->newest = NULL;
    nstate_index_pop(ns, b->height);
  }
  pthread_mutex_unlock(&ns->apply_lock);
  return b;
}

static void nstate_spend(u32 *budget, size_t cost) {
  *budget = cost >= *budget ? 0 : *budget - (u32)cost;
}

/* Under pin_lock and the shard's, so that it cannot be frozen meanwhile: what
** is newer than g knows the node too. */
static bool nstate_is_newer(const struct node_state *ns,
                            const struct nstate_gen *g, u32 at,
                            const void *key) {
  if (map_get(&ns->shard[at].node, key)) return true;
  for (g = g->next; g; g = g->next)
    if (map_get(&g->node[at], key)) return true;
  return false;
}

/* One shard's frozen nodes become cached ones, as long as there is room or they
** are top ones (of low ones, which have no row, none is), but those of which
** there is a newer one: the cache tells the newest node, and whether the table
** has a row of it. */
static void nstate_gen_move(struct node_state *ns, struct nstate_gen *g,
                            u32 at) {
  struct nstate_shard *s = &ns->shard[at];
  size_t it = 0, share = ns->cfg.cache_bytes / NSTATE_SHARDS;
  const void *key;
  void *val;
  while (map_next(&g->node[at], &it, &key, &val)) {
    struct nstate_node *n = val;
    u8 *spent = NULL;
    bool top = n->len && !n->rowless &&
               nstate_node_is_top(key, slice_of(n->ptr, n->len));
    pthread_mutex_lock(&ns->pin_lock);
    pthread_mutex_lock(&s->lock);
    if (n->len && (top || nstate_cache_bytes(s) < share) &&
        !nstate_is_newer(ns, g, at, key)) {
      struct nstate_node *c = map_put(&s->cache_node, key, NULL);
      spent = c->ptr;
      s->cache_node_bytes += n->len;
      s->cache_node_bytes -= c->cap;
      *c = (struct nstate_node){.ptr = mem_alloc(n->len), .len = n->len,
                                .cap = n->len, .top = top,
                                .no_row = n->rowless};
      memcpy(c->ptr, n->ptr, n->len);
    }
    pthread_mutex_unlock(&s->lock);
    pthread_mutex_unlock(&ns->pin_lock);
    nstate_bury(ns, spent);
  }
}

static void nstate_gen_drop(struct node_state *ns, i64 floor, u32 *budget) {
  pthread_mutex_lock(&ns->pin_lock);
  struct nstate_gen *g = ns->gen; /* only this thread takes one away */
  pthread_mutex_unlock(&ns->pin_lock);
  if (!g || !g->done || (i64)g->to > floor) return;
  while (g->shard_left && *budget) {
    nstate_gen_move(ns, g, g->shard_left - 1);
    g->shard_left--;
    nstate_spend(budget, g->node[g->shard_left].cnt + 1);
  }
  if (g->shard_left) return;
  pthread_mutex_lock(&ns->pin_lock);
  ns->gen = g->next;
  pthread_mutex_unlock(&ns->pin_lock);
  nstate_gen_free(ns, g);
}

void nstate_drop(struct node_state *ns, u32 *budget) {
  i64 floor = nstate_floor(ns);
  while (*budget) {
    if (!ns->leaving) ns->leaving = nstate_block_pop(ns, floor);
    if (!ns->leaving) break;
    if (!nstate_block_unlink(ns, ns->leaving, budget)) return;
    nstate_block_free(ns->leaving);
    ns->leaving = NULL;
    nstate_spend(budget, 1);
  }
  nstate_gen_drop(ns, floor, budget);
}

#undef NSTATE_TICK_US
