/* chain_proposal.c - encoding, id and checks of proposals; see
** chain_proposal.h for the format. */
#include "chain/chain_proposal.h"

#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "crypto/vrf.h"
#include "trie/trie.h"

/*-------------------------------------------------------------- encoding */

static void chain_proposal_put_head(struct buf *b,
                                    const struct chain_proposal *p) {
  rlp_put_u64(b, p->version);
  rlp_put_str(b, p->genesis_hash.b, 32);
  rlp_put_u64(b, p->height);
  rlp_put_u64(b, p->time_ms);
  rlp_put_str(b, p->parent_hash.b, 32);
}

static void chain_commit_put(struct buf *b, const struct chain_commit *c) {
  size_t list = rlp_list_open(b);
  rlp_put_u64(b, c->round);
  size_t votes = rlp_list_open(b);
  for (u32 i = 0; i < c->vote_cnt; i++) {
    size_t vote = rlp_list_open(b);
    rlp_put_str(b, c->vote[i].validator.b, 20);
    rlp_put_u64(b, c->vote[i].flag);
    rlp_list_close(b, vote);
  }
  rlp_list_close(b, votes);
  rlp_list_close(b, list);
}

static void chain_proposal_put_tail(struct buf *b,
                                    const struct chain_proposal *p) {
  chain_commit_put(b, &p->parent_commit);
  rlp_put_slice(b, p->beacon);
  rlp_put_str(b, p->proposer.b, 20);
  rlp_put_str(b, p->validators_hash.b, 32);
  rlp_put_str(b, p->next_validators_hash.b, 32);
}

static void chain_proposal_put_items(struct buf *b, const slice *item,
                                     u32 cnt) {
  /* Measured first: closing a list moves its payload, which may be large. */
  size_t len = 0;
  u8 prefix[9];
  for (u32 i = 0; i < cnt; i++) len += rlp_str_len(item[i].ptr, item[i].len);
  u32 prefix_len = rlp_prefix(prefix, len, true);
  buf_put(b, prefix, prefix_len);
  for (u32 i = 0; i < cnt; i++) rlp_put_slice(b, item[i]);
}

void chain_proposal_encode(struct buf *out, const struct chain_proposal *p) {
  size_t list = rlp_list_open(out);
  chain_proposal_put_head(out, p);
  chain_proposal_put_items(out, p->tx, p->tx_cnt);
  chain_proposal_put_items(out, p->evidence, p->evidence_cnt);
  chain_proposal_put_tail(out, p);
  rlp_list_close(out, list);
}

void chain_proposal_id(hash32 *out, const struct chain_proposal *p,
                       struct arena *scratch) {
  hash32 txs, evidence;
  struct buf b;
  struct arena_mark mark = arena_mark(scratch);
  trie_root_indexed(&txs, p->tx, p->tx_cnt, scratch);
  trie_root_indexed(&evidence, p->evidence, p->evidence_cnt, scratch);
  arena_reset(scratch, mark);
  buf_init(&b, 0);
  size_t list = rlp_list_open(&b);
  chain_proposal_put_head(&b, p);
  rlp_put_str(&b, txs.b, 32);
  rlp_put_str(&b, evidence.b, 32);
  chain_proposal_put_tail(&b, p);
  rlp_list_close(&b, list);
  crypto_keccak256(out, b.ptr, b.len);
  buf_fini(&b);
}

/*-------------------------------------------------------------- decoding */

static err chain_proposal_read_items(slice *in, const slice **out, u32 *cnt,
                                     u32 max, struct arena *a) {
  slice list;
  TRY(rlp_read_list(in, &list));
  TRY(rlp_count(list, cnt));
  if (*cnt > max) return ERR_LIMIT;
  slice *item = arena_array(a, slice, *cnt);
  if (!item) return ERR_LIMIT;
  for (u32 i = 0; i < *cnt; i++) {
    TRY(rlp_read_str(&list, &item[i]));
    if (item[i].len == 0) return ERR_INPUT;
  }
  *out = item;
  return ERR_OK;
}

static err chain_commit_read(slice *in, struct chain_commit *c,
                             struct arena *a) {
  slice list, votes;
  u64 round;
  TRY(rlp_read_list(in, &list));
  TRY(rlp_read_u64(&list, &round));
  if (round > 0xffff) return ERR_RANGE;
  c->round = (u32)round;
  TRY(rlp_read_list(&list, &votes));
  TRY(rlp_end(list));
  TRY(rlp_count(votes, &c->vote_cnt));
  if (c->vote_cnt > CHAIN_VALIDATOR_MAX) return ERR_LIMIT;
  struct chain_commit_vote *v =
      arena_array(a, struct chain_commit_vote, c->vote_cnt);
  if (!v) return ERR_LIMIT;
  for (u32 i = 0; i < c->vote_cnt; i++) {
    slice vote;
    u64 flag;
    TRY(rlp_read_list(&votes, &vote));
    TRY(rlp_read_fixed(&vote, v[i].validator.b, 20));
    TRY(rlp_read_u64(&vote, &flag));
    TRY(rlp_end(vote));
    if (flag < CHAIN_FLAG_ABSENT || flag > CHAIN_FLAG_NIL) return ERR_RANGE;
    v[i].flag = (u8)flag;
  }
  c->vote = v;
  return ERR_OK;
}

static err chain_proposal_read(struct chain_proposal *p, slice bytes,
                               struct arena *a) {
  slice in;
  TRY(rlp_read_list(&bytes, &in));
  TRY(rlp_end(bytes));
  TRY(rlp_read_u64(&in, &p->version));
  if (p->version != CHAIN_PROPOSAL_VERSION) return ERR_UNSUPPORTED;
  TRY(rlp_read_fixed(&in, p->genesis_hash.b, 32));
  TRY(rlp_read_u64(&in, &p->height));
  TRY(rlp_read_u64(&in, &p->time_ms));
  TRY(rlp_read_fixed(&in, p->parent_hash.b, 32));
  TRY(chain_proposal_read_items(&in, &p->tx, &p->tx_cnt,
                                CHAIN_PROPOSAL_TX_MAX, a));
  TRY(chain_proposal_read_items(&in, &p->evidence, &p->evidence_cnt,
                                CHAIN_PROPOSAL_EVIDENCE_MAX, a));
  TRY(chain_commit_read(&in, &p->parent_commit, a));
  TRY(rlp_read_str(&in, &p->beacon));
  if (p->beacon.len > CHAIN_BEACON_MAX) return ERR_LIMIT;
  TRY(rlp_read_fixed(&in, p->proposer.b, 20));
  TRY(rlp_read_fixed(&in, p->validators_hash.b, 32));
  TRY(rlp_read_fixed(&in, p->next_validators_hash.b, 32));
  return rlp_end(in);
}

err chain_proposal_decode(struct chain_proposal *out, slice bytes,
                          struct arena *a, struct errmsg *msg) {
  memset(out, 0, sizeof(*out));
  err e = chain_proposal_read(out, bytes, a);
  if (e < 0) return err_say(msg, e, "proposal: %s", err_text(e));
  return ERR_OK;
}

/*---------------------------------------------------------------- checks */

/* Votes by distinct validators; which of them were elected then is the
** engine's to know. */
static bool chain_commit_is_sound(const struct chain_commit *c, u64 height) {
  if (height == 1) return c->round == 0 && c->vote_cnt == 0;
  bool any = false;
  for (u32 i = 0; i < c->vote_cnt; i++) {
    any = any || c->vote[i].flag == CHAIN_FLAG_COMMIT;
    for (u32 k = 0; k < i; k++)
      if (addr20_eq(&c->vote[i].validator, &c->vote[k].validator))
        return false;
  }
  return any && c->round <= 0xffff;
}

/* A proposer cannot choose: one key has one output for each parent. */
static bool chain_beacon_is_sound(slice beacon,
                                  const struct chain_genesis_validator *v,
                                  const struct chain_header *parent) {
  u8 pub[64], beta[32];
  if (!v->has_key) return beacon.len == 0;
  return beacon.len == CRYPTO_VRF_PROOF_LEN &&
         crypto_pub_parse(pub, slice_of(v->key, 33)) == ERR_OK &&
         crypto_vrf_verify(beta, pub, hash32_slice(&parent->mix_hash),
                           beacon.ptr) == ERR_OK;
}

static const char *chain_proposal_fault(const struct chain_proposal *p,
                                        const hash32 *genesis_hash,
                                        const struct chain_header *parent,
                                        const hash32 *parent_hash,
                                        const struct chain_genesis_validator *v,
                                        u32 v_cnt, bool dev_edits) {
  hash32 set;
  const struct chain_genesis_validator *proposer = NULL;
  chain_validators_hash(&set, v, v_cnt);
  for (u32 i = 0; i < v_cnt; i++)
    if (addr20_eq(&v[i].operator_addr, &p->proposer)) proposer = &v[i];
  if (p->version != CHAIN_PROPOSAL_VERSION) return "unknown version";
  if (!hash32_eq(&p->genesis_hash, genesis_hash)) return "of another chain";
  if (p->height != parent->number + 1) return "not the next height";
  if (!hash32_eq(&p->parent_hash, parent_hash)) return "other parent";
  if (p->time_ms <= chain_header_time_ms(parent))
    return "time not above the parent's";
  if (p->time_ms / 1000 > 253402300799ull) return "time after the year 9999";
  if (p->beacon.len > CHAIN_BEACON_MAX) return "beacon output too long";
  if (!chain_commit_is_sound(&p->parent_commit, p->height))
    return "unsound parent commit";
  if (!hash32_eq(&p->validators_hash, &set)) return "other validators";
  if (!proposer) return "proposer is no validator";
  if (!(dev_edits && p->beacon.len == CHAIN_BEACON_DEV) &&
      !chain_beacon_is_sound(p->beacon, proposer, parent))
    return "beacon output is not the proposer's";
  return NULL;
}

err chain_proposal_check(const struct chain_proposal *p,
                         const hash32 *genesis_hash,
                         const struct chain_header *parent,
                         const hash32 *parent_hash,
                         const struct chain_genesis_validator *v, u32 v_cnt,
                         bool dev_edits, struct errmsg *msg) {
  const char *fault = chain_proposal_fault(p, genesis_hash, parent,
                                           parent_hash, v, v_cnt, dev_edits);
  if (!fault) return ERR_OK;
  return err_say(msg, ERR_INVALID_BLOCK, "proposal of height %llu: %s",
                 (unsigned long long)p->height, fault);
}

/*---------------------------------------------------------------- header */

void chain_commit_hash(hash32 *out, const struct chain_commit *c, u64 height) {
  struct buf b;
  memset(out, 0, sizeof(*out));
  if (height <= 1) return;
  buf_init(&b, 0);
  chain_commit_put(&b, c);
  crypto_keccak256(out, b.ptr, b.len);
  buf_fini(&b);
}

void chain_mix_hash(hash32 *out, const hash32 *previous, slice beacon) {
  struct keccak k;
  u8 beta[32];
  keccak_init(&k);
  keccak_update(&k, previous->b, 32);
  if (beacon.len == CRYPTO_VRF_PROOF_LEN) {
    crypto_vrf_output(beta, beacon.ptr);
    keccak_update(&k, beta, sizeof beta);
  }
  keccak_final(&k, out);
}

void chain_proposal_draft(struct chain_header *out,
                          const struct chain_proposal *p,
                          const struct chain_header *parent, u64 gas_limit) {
  struct chain_header *h = out;
  memset(h, 0, sizeof(*h));
  h->parent_hash = p->parent_hash;
  h->coinbase = p->proposer;
  h->number = p->height;
  h->gas_limit = gas_limit;
  h->timestamp = p->time_ms / 1000;
  h->opt_cnt = CHAIN_HEADER_OPT_MAX;
  chain_extra_put(h, (u32)(p->time_ms % 1000), p->parent_commit.round);
  chain_commit_hash(&h->beacon_root, &p->parent_commit, p->height);
  chain_mix_hash(&h->mix_hash, &parent->mix_hash, p->beacon);
  if (p->beacon.len == CHAIN_BEACON_DEV) {
    memcpy(h->mix_hash.b, p->beacon.ptr, 32);
    memcpy(h->coinbase.b, p->beacon.ptr + 32, 20);
  }
}
