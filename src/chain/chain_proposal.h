/* chain_proposal.h - what validators vote on: an ordered list of transactions
** and all that executing it depends on.  The Ethereum block follows from it.
**
** Encoding: rlp([version, genesis hash, height, time in ms, parent's Ethereum
** hash, [transaction bytes, ...], [evidence bytes, ...], [round, [[validator,
** flag], ...]], beacon output, proposer, validators hash, next validators
** hash]); the id is keccak256 of the same list with the transactions root and
** evidence root (tries keyed by rlp(index), as in Ethereum) in place of the
** two lists.  Nothing in it depends on the round that decides it.
*/
#ifndef CHAIN_PROPOSAL_H
#define CHAIN_PROPOSAL_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "chain/chain_block.h"
#include "chain/chain_genesis.h"

#define CHAIN_PROPOSAL_VERSION 1u
#define CHAIN_PROPOSAL_TX_MAX 100000u
#define CHAIN_PROPOSAL_EVIDENCE_MAX 100u
#define CHAIN_BEACON_MAX 128u
#define CHAIN_BEACON_DEV 52u /* 32 of the mix hash, 20 of the beneficiary */

enum chain_flag { /* as CometBFT's BlockIDFlag */
  CHAIN_FLAG_ABSENT = 1, CHAIN_FLAG_COMMIT = 2, CHAIN_FLAG_NIL = 3
};
struct chain_commit_vote {
  addr20 validator; /* operator address */
  u8 flag;
};
/* How the parent was decided, as this proposal tells it. */
struct chain_commit {
  u32 round;        /* at most 65535, what extra data holds */
  const struct chain_commit_vote *vote;
  u32 vote_cnt;     /* height 1: 0 */
};
struct chain_proposal {
  u64 version;
  hash32 genesis_hash;
  u64 height, time_ms;
  hash32 parent_hash;
  const slice *tx;  /* raw envelopes */
  u32 tx_cnt;
  const slice *evidence;
  u32 evidence_cnt;
  struct chain_commit parent_commit;
  slice beacon;     /* VRF proof over the parent's mixHash (crypto/vrf.h) with
                    ** the proposer's consensus key; empty without a key; on a
                    ** development chain also mix hash and beneficiary
                    ** outright (CHAIN_BEACON_DEV bytes) */
  addr20 proposer;  /* operator address of who first made it */
  hash32 validators_hash, next_validators_hash;
};

void chain_proposal_encode(struct buf *out, const struct chain_proposal *p);
/* Strict; views into bytes, arrays in the arena.  Form only: whether
** transactions decode is their decoder's. */
err chain_proposal_decode(struct chain_proposal *out, slice bytes,
                          struct arena *a, struct errmsg *msg) MUST_USE;
void chain_proposal_id(hash32 *out, const struct chain_proposal *p,
                       struct arena *scratch);

/* What must hold on its parent before a vote: version, genesis hash, height,
** parent hash, time above the parent's, known flags, validators hash; a beacon
** told outright only where dev_edits (chain_edit.h) are legal.
** ERR_INVALID_BLOCK with the reason. */
err chain_proposal_check(const struct chain_proposal *p,
                         const hash32 *genesis_hash,
                         const struct chain_header *parent,
                         const hash32 *parent_hash,
                         const struct chain_genesis_validator *v, u32 v_cnt,
                         bool dev_edits, struct errmsg *msg) MUST_USE;

/* The header draft for chain_exec_block: seconds, extra (version 1, ms, round
** of the parent's commit), beacon root, mix hash, beneficiary, gas limit. */
void chain_proposal_draft(struct chain_header *out,
                          const struct chain_proposal *p,
                          const struct chain_header *parent, u64 gas_limit);
/* keccak256(rlp([round, [[validator, flag], ...]])); zero at height 1. */
void chain_commit_hash(hash32 *out, const struct chain_commit *c, u64 height);
/* keccak256(previous || output of the proof; nothing of it when the proposer
** has no key).  The proof itself is left out: its owner could make many. */
void chain_mix_hash(hash32 *out, const hash32 *previous, slice beacon);
#endif
