/* node_import.c - blocks of a plain Ethereum chain on their way into the file.
**
** The caller's thread decodes, the workers recover the senders, exec checks and
** executes, the writer writes: what is durable is a whole number of blocks, so
** an import that was cut off goes on with the block after the last one written.
*/
#include "chain/chain_import.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "node/node_int.h"
#include <time.h>

#define IMPORT_LAG_MAX 100
#define IMPORT_PAUSE_NS 2000000
#define IMPORT_SLOT_S 12 /* between blocks since the merge */

bool node_is_plain(const struct node *n) { return !n->genesis.own; }

/*-------------------------------------------------------- the block to come */

void node_plain_next(const struct node *n, struct chain_header *next,
                     struct chain_rules *rules, const struct chain_header *h,
                     const hash32 *hash) {
  *next = *h;
  next->parent_hash = *hash;
  next->number++;
  next->timestamp += IMPORT_SLOT_S;
  chain_rules_for(rules, &n->genesis, next);
  next->opt_cnt = chain_header_opt_cnt(rules->fork);
  next->base_fee = U256_ZERO;
  if (rules->fork >= EVM_LONDON) chain_next_base_fee(&next->base_fee, h);
  next->blob_gas_used = next->excess_blob_gas = 0;
  if (rules->fork >= EVM_CANCUN && h->opt_cnt >= 4)
    next->excess_blob_gas = chain_next_excess_blob_gas(h, rules);
}

err node_import_next(struct node *n, struct chain_header *next,
                     struct chain_rules *rules, struct errmsg *msg) {
  struct store_reader *r;
  struct store_standing st;
  struct store_block_row row;
  struct chain_header h;
  TRY(store_reader_open(&r, n->store, 0, msg));
  err e = store_reader_begin(r, &st);
  if (e == ERR_OK) e = store_read_block(r, &row, (u64)st.head);
  if (e == ERR_OK) e = chain_header_decode(&h, row.header);
  if (e == ERR_OK) node_plain_next(n, next, rules, &h, &row.hash);
  store_reader_end(r);
  store_reader_close(r);
  return e < 0 ? err_say(msg, e, "cannot read the last block: %s", err_text(e))
               : ERR_OK;
}

/*------------------------------------------------- what the chain has already */

static err import_head_of(struct chain_header *h, hash32 *hash, slice rlp,
                          struct errmsg *msg) {
  slice in;
  struct rlp_item item;
  err e = rlp_read_list(&rlp, &in);
  if (e == ERR_OK) e = rlp_read(&in, &item);
  if (e == ERR_OK) e = chain_header_decode(h, item.raw);
  if (e < 0)
    return err_say(msg, ERR_INVALID_BLOCK, "block: no header in it");
  crypto_keccak256(hash, item.raw.ptr, item.raw.len);
  return ERR_OK;
}

static err import_known(struct node *n, const struct chain_header *h,
                        const hash32 *hash, struct errmsg *msg) {
  struct node_read *r;
  struct chain_header ours;
  hash32 our_hash;
  pthread_mutex_lock(&n->lock);
  while (n->head < h->number && n->failure == ERR_OK)
    pthread_cond_wait(&n->moved, &n->lock);
  pthread_mutex_unlock(&n->lock);
  TRY(node_read_begin(n, &r));
  err e = node_read_header(r, &ours, &our_hash, h->number);
  node_read_end(r);
  if (e == ERR_OK && !hash32_eq(&our_hash, hash))
    e = err_say(msg, ERR_EXISTS, "block %llu: this chain has another one of "
                "that height", (unsigned long long)h->number);
  return e;
}

/*---------------------------------------------------------------- executing */

struct import_senders {
  struct chain_tx *tx;
  err *result;
  u32 cnt;
};
static void import_recover(void *arg, u32 group) {
  struct import_senders *s = arg;
  struct chain_tx *tx[CRYPTO_RECOVER_GROUP];
  u32 at = group * CRYPTO_RECOVER_GROUP, cnt = 0;
  for (; cnt < CRYPTO_RECOVER_GROUP && at + cnt < s->cnt; cnt++)
    tx[cnt] = &s->tx[at + cnt];
  chain_tx_senders(tx, s->result + at, cnt);
}

struct import_job {
  struct chain_import_block *block;
  struct errmsg *msg;
  err result;
};
static void import_run(struct node *n, void *arg) {
  struct import_job *job = arg;
  struct store_block *out;
  job->result = app_import_block(n->app, &out, job->block, job->msg);
  if (job->result == ERR_OK && !node_write_block(n, out))
    job->result = ERR_CLOSED;
}

/* The tables behind the head come first when they fall too far behind. */
void node_import_wait(struct node *n) {
  const struct timespec pause = {.tv_nsec = IMPORT_PAUSE_NS};
  while (node_state_lag_percent(n->state) > IMPORT_LAG_MAX &&
         node_failed(n, NULL) == ERR_OK)
    nanosleep(&pause, NULL);
}

static err import_block(struct node *n, struct node_imported *out, slice rlp,
                        struct arena *a, struct errmsg *msg) {
  struct chain_import_block b;
  struct errmsg why = {""};
  if (chain_import_decode(&b, rlp, a, &why) < 0)
    return err_say(msg, ERR_INVALID_BLOCK, "block %llu: %.480s",
                   (unsigned long long)out->number, why.text);
  struct import_senders s = {b.tx, arena_array(a, err, b.tx_cnt + 1), b.tx_cnt};
  par_run(node_workers_par(n->workers), import_recover, &s,
          (b.tx_cnt + CRYPTO_RECOVER_GROUP - 1) / CRYPTO_RECOVER_GROUP);
  struct import_job job = {&b, &why, ERR_CLOSED};
  node_import_wait(n);
  node_thread_call(&n->exec, import_run, &job);
  out->gas_used = b.header.gas_used;
  out->tx_cnt = b.tx_cnt;
  if (job.result == ERR_INVALID_BLOCK)
    return err_say(msg, job.result, "block %llu: %.480s",
                   (unsigned long long)b.header.number, why.text);
  if (job.result == ERR_CLOSED && node_failed(n, msg) < 0)
    return node_failed(n, NULL);
  if (job.result < 0)
    return err_say(msg, job.result, "block %llu: %s",
                   (unsigned long long)b.header.number,
                   err_text(job.result));
  return ERR_OK;
}

err node_import(struct node *n, struct node_imported *out, slice rlp,
                struct errmsg *msg) {
  struct chain_header h;
  hash32 hash;
  struct arena a;
  memset(out, 0, sizeof *out);
  if (n->core_started)
    return err_say(msg, ERR_UNSUPPORTED, "this node makes its own blocks");
  TRY(import_head_of(&h, &hash, rlp, msg));
  out->number = h.number;
  out->known = h.number <= app_info(n->app)->header.number;
  if (out->known) return import_known(n, &h, &hash, msg);
  arena_init(&a, 1 << 20, 0);
  err e = node_is_plain(n) ? import_block(n, out, rlp, &a, msg)
                           : node_import_own(n, out, rlp, &a, msg);
  arena_fini(&a);
  return e;
}
#undef IMPORT_LAG_MAX
#undef IMPORT_PAUSE_NS
#undef IMPORT_SLOT_S
