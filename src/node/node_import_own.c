/* node_import_own.c - blocks of a chain of our own, from an exported file.
**
** What decided a block comes with it (node_export.h), so nothing is believed:
** the proposal is checked and executed as one of another validator's, the
** header that follows must be the file's to the byte, and the votes must be
** those of more than two thirds of the validators' power, on that proposal.
*/
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "node/node_int.h"

struct own_block {
  slice header;
  slice txs;                /* items of the list */
  slice proposal, commit;
  struct chain_header h;
  hash32 hash;
};

static err own_decode(struct own_block *b, slice rlp) {
  struct rlp_item header;
  slice in, none;
  TRY(rlp_read_list(&rlp, &in));
  TRY(rlp_end(rlp));
  TRY(rlp_read(&in, &header));
  b->header = header.raw;
  TRY(chain_header_decode(&b->h, header.raw));
  crypto_keccak256(&b->hash, header.raw.ptr, header.raw.len);
  TRY(rlp_read_list(&in, &b->txs));
  TRY(rlp_read_list(&in, &none));
  if (none.len) return ERR_INPUT;
  TRY(rlp_read_list(&in, &none));
  if (none.len) return ERR_INPUT;
  if (in.len == 0) return ERR_UNSUPPORTED;
  TRY(rlp_read_str(&in, &b->proposal));
  TRY(rlp_read_str(&in, &b->commit));
  return rlp_end(in);
}

/* The proposal's list is the block's unless it has one of its own. */
static err own_proposal(struct chain_proposal *p, const struct own_block *b,
                        struct arena *a, struct errmsg *msg) {
  slice in = b->txs;
  u32 cnt;
  TRY(chain_proposal_decode(p, b->proposal, a, msg));
  if (p->height != b->h.number)
    return err_say(msg, ERR_INVALID_BLOCK, "its proposal is of height %llu",
                   (unsigned long long)p->height);
  if (p->tx_cnt) return ERR_OK;
  TRY(rlp_count(in, &cnt));
  if (cnt > CHAIN_PROPOSAL_TX_MAX) return ERR_LIMIT;
  slice *tx = arena_array(a, slice, cnt + 1);
  for (u32 i = 0; i < cnt; i++) {
    struct rlp_item item;
    TRY(rlp_read(&in, &item));
    tx[i] = item.is_list ? item.raw : item.payload;
  }
  p->tx = tx;
  p->tx_cnt = cnt;
  return ERR_OK;
}

static const struct chain_genesis_validator *own_validator(
    const struct chain_genesis *g, const addr20 *a) {
  for (u32 i = 0; i < g->validator_cnt; i++)
    if (addr20_eq(&g->validator[i].operator_addr, a)) return &g->validator[i];
  return NULL;
}

/* Power of a vote; 0 when it is none for this proposal. */
static err own_vote(const struct node *n, slice vote, u64 height, u32 round,
                    const hash32 *id, u64 *power, struct errmsg *msg) {
  addr20 who;
  u64 flag;
  u8 sig[64], pub[64];
  hash32 digest;
  TRY(rlp_read_fixed(&vote, who.b, 20));
  TRY(rlp_read_u64(&vote, &flag));
  *power = 0;
  if (flag != CHAIN_FLAG_COMMIT) return ERR_OK;
  TRY(rlp_read_fixed(&vote, sig, 64));
  const struct chain_genesis_validator *v = own_validator(&n->genesis, &who);
  if (!v || !v->has_key || crypto_pub_parse(pub, slice_of(v->key, 33)) < 0)
    return err_say(msg, ERR_INVALID_BLOCK, "somebody votes who is no validator");
  node_vote_digest(&digest, n, height, round, id);
  if (!crypto_verify(pub, &digest, sig))
    return err_say(msg, ERR_INVALID_BLOCK, "a vote's signature is wrong");
  *power = v->power;
  return ERR_OK;
}

static err own_check_commit(const struct node *n, slice commit, u64 height,
                            const hash32 *id, struct errmsg *msg) {
  slice in, votes;
  u64 round, have = 0, all = 0;
  hash32 voted;
  const struct chain_genesis *g = &n->genesis;
  addr20 seen[CHAIN_VALIDATOR_MAX];
  u32 seen_cnt = 0;
  TRY(rlp_read_list(&commit, &in));
  TRY(rlp_read_u64(&in, &round));
  TRY(rlp_read_fixed(&in, voted.b, 32));
  TRY(rlp_read_list(&in, &votes));
  if (!hash32_eq(&voted, id))
    return err_say(msg, ERR_INVALID_BLOCK, "its votes are for another proposal");
  while (votes.len) {
    slice vote, peek;
    u64 power;
    if (seen_cnt == CHAIN_VALIDATOR_MAX) return ERR_LIMIT;
    TRY(rlp_read_list(&votes, &vote));
    peek = vote;
    TRY(rlp_read_fixed(&peek, seen[seen_cnt].b, 20));
    for (u32 i = 0; i < seen_cnt; i++)
      if (addr20_eq(&seen[i], &seen[seen_cnt]))
        return err_say(msg, ERR_INVALID_BLOCK, "a validator votes twice");
    seen_cnt++;
    TRY(own_vote(n, vote, height, (u32)round, id, &power, msg));
    have += power;
  }
  for (u32 i = 0; i < g->validator_cnt; i++) all += g->validator[i].power;
  if (have <= all / 3 * 2 + (all % 3 == 2))
    return err_say(msg, ERR_INVALID_BLOCK,
                   "votes for it have %llu of %llu of the power",
                   (unsigned long long)have, (unsigned long long)all);
  return ERR_OK;
}

/*------------------------------------------------------ on the exec thread */
struct own_job {
  struct own_block *b;
  struct chain_proposal *p;
  u64 gas_used;
  u32 tx_cnt;
  struct errmsg *msg;
  err result;
};

/* What of two headers differs, in a word. */
static const char *own_difference(const struct chain_header *a,
                                  const struct chain_header *b) {
  if (!hash32_eq(&a->parent_hash, &b->parent_hash)) return "parent hash";
  if (!hash32_eq(&a->txs_root, &b->txs_root)) return "transactions root";
  if (a->gas_used != b->gas_used) return "gas used";
  if (!hash32_eq(&a->receipts_root, &b->receipts_root)) return "receipts root";
  if (!hash32_eq(&a->state_root, &b->state_root)) return "state root";
  return "header";
}

static err own_execute(struct node *n, struct own_job *job) {
  const struct chain_block_result *result;
  struct store_block *block;
  hash32 id;
  TRY(app_process_proposal(n->app, job->p, &id, job->msg));
  TRY(own_check_commit(n, job->b->commit, job->p->height, &id, job->msg));
  TRY(app_finalize_block(n->app, job->p, &id, &result));
  if (!hash32_eq(&result->hash, &job->b->hash))
    return err_say(job->msg, ERR_INVALID_BLOCK, "executing it gives another %s",
                   own_difference(&result->header, &job->b->h));
  job->gas_used = result->header.gas_used;
  job->tx_cnt = result->tx_cnt;
  TRY(app_commit(n->app, &block, job->b->commit));
  return node_write_block(n, block) ? ERR_OK : ERR_CLOSED;
}
static void own_run(struct node *n, void *arg) {
  struct own_job *job = arg;
  job->result = own_execute(n, job);
}

err node_import_own(struct node *n, struct node_imported *out, slice rlp,
                    struct arena *a, struct errmsg *msg) {
  struct own_block b;
  struct chain_proposal p;
  struct errmsg why = {""};
  err e = own_decode(&b, rlp);
  if (e == ERR_UNSUPPORTED)
    return err_say(msg, e, "block %llu: it comes without what decided it: not "
                   "an export of this program",
                   (unsigned long long)b.h.number);
  if (e == ERR_OK) e = own_proposal(&p, &b, a, &why);
  struct own_job job = {&b, &p, 0, 0, &why, ERR_CLOSED};
  if (e == ERR_OK) {
    node_import_wait(n);
    node_thread_call(&n->exec, own_run, &job);
    e = job.result;
  }
  if (e == ERR_CLOSED && node_failed(n, msg) < 0) return node_failed(n, NULL);
  out->gas_used = job.gas_used;
  out->tx_cnt = job.tx_cnt;
  if (e == ERR_INPUT || e == ERR_SIGNATURE || e == ERR_LIMIT ||
      e == ERR_INVALID_TX)
    e = ERR_INVALID_BLOCK;
  return e < 0 ? err_say(msg, e, "block %llu: %.480s",
                         (unsigned long long)out->number,
                         why.text[0] ? why.text : err_text(e)) : ERR_OK;
}
