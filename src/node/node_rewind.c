/* node_rewind.c - taking blocks back, on a development chain.
**
** While somebody may want back to a height the tables stay at or below it
** (node_state_keep), so all above is in the blocks' own rows, and going back is
** what a crash at that height would have left: the rows above it are deleted in
** one transaction, memory is emptied, and the state is read again as at
** opening (node_load.c), its root checked.
**
** Nobody may look meanwhile: readers are waited for and kept out by taking all
** of them; those who ask for the head's accounts (the pool) wait for the
** connections, which are all held.
*/
#include <unistd.h>

#include "base/log.h"
#include "node/node_state_int.h"

#define NREWIND_WAIT_MS (2 * NODE_READ_MS)

void node_state_keep(struct node_state *ns, i64 height) {
  atomic_store(&ns->keep, height);
}

/* The batch in work ends; its blocks and nodes may stay. */
static err nrewind_finish_batch(struct node_state *ns) {
  for (;;) {
    bool more;
    pthread_mutex_lock(&ns->flush_lock);
    enum nstate_flush_phase phase = ns->flush_phase;
    pthread_mutex_unlock(&ns->flush_lock);
    if (phase == NSTATE_IDLE) return ERR_OK;
    if (phase == NSTATE_FROZEN) usleep(500); /* its maker is at it */
    TRY(node_state_write_step(ns, node_clock_ms(), &more));
  }
}

static err nrewind_take_readers(struct node_state *ns,
                                struct nstate_reader **all) {
  for (u32 i = 0; i < ns->reader_cnt; i++) {
    if (nstate_reader_take(ns, &all[i], NREWIND_WAIT_MS) == ERR_OK) continue;
    while (i-- > 0) nstate_reader_give(ns, all[i]);
    return ERR_BUSY;
  }
  return ERR_OK;
}

static void nrewind_lock_conns(struct node_state *ns) {
  for (u32 i = 0; i < ns->conn_cnt; i++) {
    struct nstate_exec_conn *c = &ns->conn[i];
    pthread_mutex_lock(&c->lock);
    if (c->begun) nstate_reader_end(ns, &c->r);
    c->begun = false;
  }
}

static void nrewind_unlock_conns(struct node_state *ns) {
  for (u32 i = 0; i < ns->conn_cnt; i++)
    pthread_mutex_unlock(&ns->conn[i].lock);
}

static void nrewind_forget(struct node_state *ns) {
  while (ns->gen) {
    struct nstate_gen *g = ns->gen;
    ns->gen = g->next;
    nstate_gen_free(ns, g);
  }
  for (u32 i = 0; i < NSTATE_SHARDS; i++) {
    pthread_mutex_lock(&ns->shard[i].lock);
    nstate_shard_clear(&ns->shard[i]);
    pthread_mutex_unlock(&ns->shard[i].lock);
  }
  nstate_blocks_clear(ns);
  nstate_index_clear(ns);
  nstate_kept_clear(ns->logs);
  nstate_empty_grave(ns);
  ns->cur_blocks = ns->cur_changes = 0;
  atomic_store(&ns->overlay_bytes, 0);
  atomic_store(&ns->block_cnt, 0);
}

/* All others are kept out. */
static err nrewind_reload(struct node_state *ns, struct store_reader *r,
                          struct errmsg *msg) {
  struct store_standing st;
  nrewind_forget(ns);
  store_standing(ns->store, &st);
  atomic_store(&ns->applied, st.head);
  atomic_store(&ns->durable, st.head);
  ns->frozen_to = st.flushed;
  return st.head > st.flushed ? nstate_catch_up(ns, r, &st, msg) : ERR_OK;
}

err node_state_rewind(struct node_state *ns, u64 height, struct errmsg *msg) {
  TRY(nrewind_finish_batch(ns));
  if (ns->flushed > (i64)height)
    return err_say(msg, ERR_UNSUPPORTED,
                   "the blocks up to %lld can no longer be taken back",
                   (long long)ns->flushed);
  struct nstate_reader **all = mem_alloc(ns->reader_cnt * sizeof *all);
  err e = nrewind_take_readers(ns, all);
  if (e < 0) {
    mem_free(all);
    return err_say(msg, e, "the state is being read: try again");
  }
  nrewind_lock_conns(ns);
  pthread_mutex_lock(&ns->apply_lock);
  e = store_cut(ns->store, height);
  if (e < 0) err_say(msg, e, "%s", store_error(ns->store));
  else e = nrewind_reload(ns, all[0]->store, msg);
  pthread_mutex_unlock(&ns->apply_lock);
  nrewind_unlock_conns(ns);
  for (u32 i = 0; i < ns->reader_cnt; i++) nstate_reader_give(ns, all[i]);
  mem_free(all);
  return e;
}

#undef NREWIND_WAIT_MS
