/* test_chain_proposal.c - proposals: bytes, id, checks, and the header that
** follows. */
#include "chain/chain_fixture.h"

#include "crypto/vrf.h"

static const struct chain_commit_vote tp_vote[] = {{{{1}}, CHAIN_FLAG_COMMIT},
                                                   {{{2}}, CHAIN_FLAG_NIL},
                                                   {{{3}}, CHAIN_FLAG_ABSENT}};
static const slice tp_tx[] = {{(const u8 *)"one", 3}, {(const u8 *)"two", 3}};
static struct chain_genesis_validator tp_set[] = {
  {.operator_addr = {{1}}, .power = 1},
  {.operator_addr = {{2}}, .power = 1, .has_key = true}};
static u8 tp_proof[CRYPTO_VRF_PROOF_LEN + 1];

/* By the second validator, on a parent with a beacon of 0x55s. */
static struct chain_proposal tp_sound(struct chain_header *parent,
                                      hash32 *parent_hash) {
  u8 key[32], pub[64];
  struct chain_proposal p = {.version = CHAIN_PROPOSAL_VERSION, .height = 9,
                             .time_ms = 5001234, .tx = tp_tx, .tx_cnt = 2,
                             .parent_commit = {3, tp_vote, 3},
                             .beacon = slice_of(tp_proof, sizeof tp_proof - 1),
                             .proposer = {{2}}};
  memset(parent, 0, sizeof *parent);
  parent->number = 8;
  parent->timestamp = 5001;
  chain_extra_put(parent, 233, 0);
  memset(parent_hash, 7, 32);
  p.parent_hash = *parent_hash;
  memset(&p.genesis_hash, 8, 32);
  memset(&parent->mix_hash, 0x55, 32);
  cf_key(key, 0);
  assert_int_equal(crypto_pubkey(pub, key), ERR_OK);
  assert_int_equal(crypto_pub_compress(tp_set[1].key, pub), ERR_OK);
  assert_int_equal(crypto_vrf_prove(tp_proof, key,
                                    hash32_slice(&parent->mix_hash)), ERR_OK);
  chain_validators_hash(&p.validators_hash, tp_set, 2);
  p.next_validators_hash = p.validators_hash;
  return p;
}

static void proposal_when_encoded_then_decodes_equal(void **state) {
  struct chain_header parent;
  struct chain_proposal back;
  struct errmsg msg;
  struct arena a;
  struct buf b, again;
  hash32 hash, x, y;
  (void)state;
  arena_init(&a, 1 << 12, 0);
  buf_init(&b, 0);
  buf_init(&again, 0);
  struct chain_proposal p = tp_sound(&parent, &hash);
  chain_proposal_encode(&b, &p);
  assert_int_equal(chain_proposal_decode(&back, buf_slice(&b), &a, &msg),
                   ERR_OK);
  chain_proposal_encode(&again, &back);
  vec_assert_eq(buf_slice(&again), buf_slice(&b), "encoding");
  chain_proposal_id(&x, &p, &a);
  chain_proposal_id(&y, &back, &a);
  assert_memory_equal(x.b, y.b, 32);
  /* Cut anywhere, or longer, it is refused. */
  for (size_t len = 0; len < b.len; len++)
    assert_true(chain_proposal_decode(&back, slice_of(b.ptr, len), &a, &msg) <
                0);
  buf_put_u8(&b, 0);
  assert_true(chain_proposal_decode(&back, buf_slice(&b), &a, &msg) < 0);
  buf_fini(&again);
  buf_fini(&b);
  arena_fini(&a);
}

static void proposal_when_any_part_differs_then_another_id(void **state) {
  struct chain_header parent;
  struct arena a;
  hash32 hash, id[16];
  u32 n = 0;
  (void)state;
  arena_init(&a, 1 << 12, 0);
  const struct chain_proposal sound = tp_sound(&parent, &hash);
  struct chain_commit_vote other = {{{9}}, CHAIN_FLAG_COMMIT};
#define DIFFER(change) \
  do { \
    struct chain_proposal p = sound; \
    change; \
    chain_proposal_id(&id[n++], &p, &a); \
  } while (0)
  DIFFER((void)0);
  DIFFER(p.version++);
  DIFFER(p.genesis_hash.b[0]++);
  DIFFER(p.height++);
  DIFFER(p.time_ms++);
  DIFFER(p.parent_hash.b[0]++);
  DIFFER(p.tx_cnt--);
  DIFFER((p.evidence = tp_tx, p.evidence_cnt = 1));
  DIFFER(p.parent_commit.round++);
  DIFFER((p.parent_commit.vote = &other, p.parent_commit.vote_cnt = 1));
  DIFFER(p.beacon.len--);
  DIFFER(p.proposer.b[0]++);
  DIFFER(p.validators_hash.b[0]++);
  DIFFER(p.next_validators_hash.b[0]++);
#undef DIFFER
  for (u32 i = 0; i < n; i++)
    for (u32 k = 0; k < i; k++) assert_false(hash32_eq(&id[i], &id[k]));
  arena_fini(&a);
}

static void proposal_when_unsound_then_refused_with_reason(void **state) {
  struct chain_header parent;
  struct errmsg msg;
  hash32 hash;
  (void)state;
  const struct chain_proposal sound = tp_sound(&parent, &hash);
  struct chain_commit_vote twice[2] = {tp_vote[0], tp_vote[0]};
  struct chain_commit_vote nil = {{{1}}, CHAIN_FLAG_NIL};
  hash32 genesis = sound.genesis_hash;
#define REFUSED(why, change) \
  do { \
    struct chain_proposal p = sound; \
    change; \
    assert_int_equal(chain_proposal_check(&p, &genesis, &parent, &hash, \
                                          tp_set, 2, false, &msg), \
                     ERR_INVALID_BLOCK); \
    if (!strstr(msg.text, why)) fail_msg("%s, not %s", msg.text, why); \
  } while (0)
  if (chain_proposal_check(&sound, &genesis, &parent, &hash, tp_set, 2, false,
                           &msg))
    fail_msg("%s", msg.text);
  REFUSED("version", p.version = 2);
  REFUSED("another chain", p.genesis_hash.b[3]++);
  REFUSED("next height", p.height = 10);
  REFUSED("other parent", p.parent_hash.b[3]++);
  REFUSED("time not above", p.time_ms = 5001233);
  REFUSED("year 9999", p.time_ms = UINT64_MAX);
  REFUSED("beacon output too long", p.beacon.len = CHAIN_BEACON_MAX + 1);
  REFUSED("not the proposer's", p.beacon.len++);
  REFUSED("not the proposer's", p.beacon.len = 0);
  REFUSED("not the proposer's", (tp_proof[80] ^= 1));
  tp_proof[80] ^= 1;
  REFUSED("not the proposer's", p.proposer.b[0] = 1); /* has no key */
  REFUSED("parent commit", p.parent_commit.vote_cnt = 0);
  REFUSED("parent commit", (p.parent_commit.vote = twice,
                            p.parent_commit.vote_cnt = 2));
  REFUSED("parent commit", (p.parent_commit.vote = &nil,
                            p.parent_commit.vote_cnt = 1));
  REFUSED("other validators", p.validators_hash.b[0]++);
  REFUSED("no validator", p.proposer.b[0] = 3);
#undef REFUSED
}

static void draft_when_made_then_as_the_proposal_says(void **state) {
  struct chain_header parent, h;
  hash32 hash, want;
  u32 ms, round;
  (void)state;
  struct chain_proposal p = tp_sound(&parent, &hash);
  chain_proposal_draft(&h, &p, &parent, 77000000);
  assert_int_equal(h.number, 9);
  assert_int_equal(h.timestamp, 5001);
  assert_int_equal(chain_header_time_ms(&h), 5001234);
  assert_true(chain_extra_get(&h, &ms, &round));
  assert_int_equal(ms, 234);
  assert_int_equal(round, 3);
  assert_int_equal(h.gas_limit, 77000000);
  assert_memory_equal(h.coinbase.b, p.proposer.b, 20);
  /* keccak256 of rlp([3, [[01.., 2], [02.., 3], [03.., 1]]]), by hand. */
  u8 text[128];
  size_t len = 0;
  text[len++] = 0xf8, text[len++] = 1 + 2 + 3 * 23, text[len++] = 3;
  text[len++] = 0xf8, text[len++] = 3 * 23;
  for (u32 i = 0; i < 3; i++) {
    text[len++] = 0xc0 + 22, text[len++] = 0x94;
    memset(text + len, 0, 20);
    text[len] = (u8)(i + 1), len += 20;
    text[len++] = tp_vote[i].flag;
  }
  crypto_keccak256(&want, text, len);
  assert_memory_equal(h.beacon_root.b, want.b, 32);
  memset(text, 0x55, 32);
  crypto_vrf_output(text + 32, tp_proof);
  crypto_keccak256(&want, text, 64);
  assert_memory_equal(h.mix_hash.b, want.b, 32);
  /* At height 1 there is no parent commit. */
  p.height = 1;
  chain_proposal_draft(&h, &p, &parent, 77000000);
  memset(&want, 0, 32);
  assert_memory_equal(h.beacon_root.b, want.b, 32);
}

int main(void) {
  crypto_init(NULL);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(proposal_when_encoded_then_decodes_equal),
    cmocka_unit_test(proposal_when_any_part_differs_then_another_id),
    cmocka_unit_test(proposal_when_unsound_then_refused_with_reason),
    cmocka_unit_test(draft_when_made_then_as_the_proposal_says),
  };
  return cmocka_run_group_tests_name("chain_proposal", tests, NULL, NULL);
}
