/* chain_fixture.h - a small chain in memory for the tests of this folder: keys,
** signed transactions, blocks executed and applied one after the other. */
#ifndef TESTS_CHAIN_FIXTURE_H
#define TESTS_CHAIN_FIXTURE_H
#include "crypto/crypto_vec.h"

#include "chain/chain_genesis.h"
#include "chain/chain_proposal.h"
#include "codec/hex.h"
#include "crypto/keccak.h"

#define CF_USERS 6
#define CF_BLOCKS 4096 /* of a chain, at most */
#define CF_BLOCK_MS 700 /* from block to block, at least */
#define CF_ID 4242
#define CF_CODE_MAX 4

struct cf {
  struct arena a;
  struct chain_exec *x;
  struct state_mem *mem;
  struct chain_genesis g;
  struct chain_rules rules;
  struct chain_header head;
  hash32 hash[CF_BLOCKS];     /* by number */
  struct chain_block_result block;
  addr20 user[CF_USERS];
  u64 nonce[CF_USERS];
};

static inline void cf_key(u8 key[32], u32 user) {
  memset(key, 0, 32);
  key[0] = 0x11;
  key[31] = (u8)(user + 1);
}

static inline u256 cf_balance(struct cf *f, const addr20 *who) {
  struct state_source src = state_mem_source(f->mem);
  struct state_account acc;
  bool found;
  hash32 h;
  crypto_keccak256(&h, who->b, 20);
  assert_int_equal(src.account(src.ctx, &acc, &found, who, &h), ERR_OK);
  return found ? acc.balance : U256_ZERO;
}

static inline u256 cf_slot(struct cf *f, const addr20 *who, u64 slot) {
  struct state_source src = state_mem_source(f->mem);
  hash32 h, k;
  u256 v, s = u256_from(slot);
  hash32 word = u256_hash32(&s);
  crypto_keccak256(&h, who->b, 20);
  crypto_keccak256(&k, word.b, 32);
  assert_int_equal(src.slot(src.ctx, &v, who, &h, &s, &k), ERR_OK);
  return v;
}

/* Users with a balance each, and contracts at 0xc0de00.. with code as hex; own
** is the cybermiles object. */
static inline void cf_open_own(struct cf *f, const char *balance,
                               const char *const *code, u32 code_cnt,
                               const char *own) {
  struct state_diff diff;
  struct state_root root;
  struct errmsg msg;
  struct buf b;
  crypto_init(NULL);
  memset(f, 0, sizeof *f);
  arena_init(&f->a, 1 << 16, 0);
  buf_init(&b, 0);
  buf_printf(&b, "{\"config\":{\"chainId\":%u},\"timestamp\":1000,"
             "\"gasLimit\":30000000,\"alloc\":{", CF_ID);
  for (u32 i = 0; i < CF_USERS; i++) {
    u8 key[32];
    cf_key(key, i);
    assert_int_equal(crypto_key_addr(&f->user[i], key), ERR_OK);
    buf_put_str(&b, i ? ",\"" : "\"");
    buf_put_hex(&b, addr20_slice(&f->user[i]));
    buf_printf(&b, "\":{\"balance\":\"%s\"}", balance);
  }
  for (u32 i = 0; i < code_cnt; i++)
    buf_printf(&b, ",\"0x%036xde%02x\":{\"code\":\"0x%s\"}", 0xc0, i, code[i]);
  buf_printf(&b, "},\"cybermiles\":%s}", own);
  if (chain_genesis_parse(&f->g, buf_slice(&b), &f->a, &msg) < 0)
    fail_msg("%s", msg.text);
  buf_fini(&b);
  f->x = chain_exec_open(1);
  f->mem = state_mem_open();
  assert_int_equal(chain_genesis_build(&diff, &root, &f->head, &f->hash[0],
                                       &f->g, NULL, &f->a), ERR_OK);
  state_mem_apply(f->mem, &diff);
  state_mem_apply_nodes(f->mem, &root);
  chain_rules_at(&f->rules, &f->g, 1, 1001);
}

static inline void cf_open(struct cf *f, u64 balance, const char *const *code,
                           u32 code_cnt) {
  char text[32];
  snprintf(text, sizeof text, "%llu", (unsigned long long)balance);
  cf_open_own(f, text, code, code_cnt, "{}");
}

static inline addr20 cf_contract(u32 i) {
  addr20 a = {{0}};
  a.b[17] = 0xc0, a.b[18] = 0xde, a.b[19] = (u8)i;
  return a;
}

static inline void cf_close(struct cf *f) {
  state_mem_close(f->mem);
  chain_exec_close(f->x);
  arena_fini(&f->a);
}

/* A transfer of user's, next nonce; change it, then cf_sign. */
static inline struct chain_tx cf_tx(struct cf *f, u32 user, u8 type,
                                    const addr20 *to, u64 value) {
  struct chain_tx tx = {.type = type, .protected = true, .chain_id = CF_ID,
                        .nonce = f->nonce[user]++, .gas_limit = 100000,
                        .gas_price = u256_from(1000000000000ull),
                        .value = u256_from(value)};
  tx.max_priority_fee = tx.gas_price;
  tx.has_to = to != NULL;
  if (to) tx.to = *to;
  return tx;
}
static inline void cf_sign(struct cf *f, struct chain_tx *tx, u32 user) {
  u8 key[32];
  cf_key(key, user);
  assert_int_equal(chain_tx_sign(tx, key, &f->a), ERR_OK);
}

static inline void cf_hash_of(void *ctx, hash32 *out, u64 number) {
  const struct cf *f = ctx;
  memset(out, 0, sizeof *out);
  if (number <= f->head.number) *out = f->hash[number];
}

/* The next block of these, kept. */
static inline void cf_block(struct cf *f, const struct chain_tx *tx, u32 cnt) {
  struct chain_header draft;
  struct chain_hashes hashes = {f, cf_hash_of};
  struct state_source src = state_mem_source(f->mem);
  struct chain_proposal p = {.version = 1, .height = f->head.number + 1};
  hash32 root;
  assert_true(f->head.number + 1 < CF_BLOCKS);
  p.time_ms = chain_header_time_ms(&f->head) + CF_BLOCK_MS;
  p.parent_hash = f->hash[f->head.number];
  p.proposer.b[0] = 0xcb;
  chain_proposal_draft(&draft, &p, &f->head, 30000000);
  assert_int_equal(chain_exec_block(f->x, &f->block, &f->rules, &draft, tx,
                                    cnt, &hashes, &src, NULL, NULL, NULL,
                                    &f->a), ERR_OK);
  state_mem_apply(f->mem, &f->block.diff);
  state_mem_apply_nodes(f->mem, &f->block.root);
  state_mem_root(f->mem, &root);
  assert_true(hash32_eq(&root, &f->block.header.state_root));
  f->head = f->block.header;
  f->hash[f->head.number] = f->block.hash;
}
#endif
