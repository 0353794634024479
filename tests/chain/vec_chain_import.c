/* vec_chain_import.c - the 54 blocks of execution-apis, from Homestead over the
** merge to the blob parameter forks, imported on their genesis; and again,
** each damaged in one place, refused. */
#include "crypto/crypto_vec.h"

#include "chain/chain_genesis.h"
#include "chain/chain_import.h"
#include "codec/rlp.h"

struct vi {
  struct arena a;
  struct chain_genesis g;
  struct chain_exec *x;
  struct state_mem *mem;
  struct chain_import_env env;
  hash32 hash[256];
};

static void vi_hash(void *ctx, hash32 *out, u64 number) {
  const struct vi *v = ctx;
  memset(out, 0, sizeof *out);
  if (number <= v->env.parent.number) *out = v->hash[number];
}

static void vi_advance(struct vi *v, const struct chain_header *h,
                       const hash32 *hash, const struct state_diff *diff,
                       const struct state_root *root) {
  state_mem_apply(v->mem, diff);
  state_mem_apply_nodes(v->mem, root);
  v->env.src = state_mem_source(v->mem);
  v->env.parent = *h;
  v->env.parent_hash = *hash;
  v->hash[h->number] = *hash;
}

static void vi_open(struct vi *v) {
  struct state_diff diff;
  struct state_root root;
  struct chain_header h;
  struct errmsg msg;
  hash32 hash;
  json_t *file = vec_load("execution-apis/genesis.json");
  char *text = json_dumps(file, 0);
  memset(v, 0, sizeof *v);
  arena_init(&v->a, 1 << 20, 0);
  if (chain_genesis_parse(&v->g, slice_str(text), &v->a, &msg) < 0)
    fail_msg("%s", msg.text);
  v->x = chain_exec_open(3);
  v->mem = state_mem_open();
  assert_int_equal(chain_genesis_build(&diff, &root, &h, &hash, &v->g, NULL,
                                       &v->a), ERR_OK);
  vi_advance(v, &h, &hash, &diff, &root);
  v->env.hashes = (struct chain_hashes){v, vi_hash};
  free(text);
  json_decref(file);
}

static void vi_close(struct vi *v) {
  state_mem_close(v->mem);
  chain_exec_close(v->x);
  arena_fini(&v->a);
}

static err vi_import(struct vi *v, struct chain_import_block *b,
                     struct chain_import_result *r, slice raw,
                     struct errmsg *msg) {
  TRY(chain_import_decode(b, raw, &v->a, msg));
  chain_rules_at(&v->env.rules, &v->g, b->header.number, b->header.timestamp);
  return chain_import(v->x, r, &v->env, b, &v->a, msg);
}

/* Each promise of the header, broken. */
static void vi_refuse_damaged(struct vi *v, slice raw) {
  for (u32 i = 0; i < 14; i++) {
    struct chain_import_block b;
    struct chain_import_result r;
    struct errmsg msg = {""};
    assert_int_equal(chain_import_decode(&b, raw, &v->a, &msg), ERR_OK);
    struct chain_header *h = &b.header;
    u256 one = u256_from(1);
    u64 number = h->number, time = h->timestamp;
    if (i == 0) h->parent_hash.b[9] ^= 1;
    if (i == 1) h->ommers_hash.b[9] ^= 1;
    if (i == 2) h->state_root.b[9] ^= 1;
    if (i == 3) h->txs_root.b[9] ^= 1;
    if (i == 4) h->receipts_root.b[9] ^= 1;
    if (i == 5) h->bloom.b[9] ^= 1;
    if (i == 6) u256_add(&h->difficulty, &h->difficulty, &one);
    if (i == 7) h->number++;
    if (i == 8) h->gas_limit *= 2;
    if (i == 9) h->gas_used++;
    if (i == 10) h->timestamp = v->env.parent.timestamp;
    if (i == 11) h->base_fee.w[0]++, h->opt_cnt += h->opt_cnt ? 0 : 1;
    if (i == 12) h->withdrawals_root.b[9] ^= 1, b.has_withdrawals = !b.has_withdrawals;
    if (i == 13) b.tx_cnt ? b.tx_cnt-- : (h->gas_limit = 1);
    chain_rules_at(&v->env.rules, &v->g, number, time);
    err e = chain_import(v->x, &r, &v->env, &b, &v->a, &msg);
    if (e != ERR_INVALID_BLOCK)
      fail_msg("block %u, fault %u: %s", (unsigned)number, i, err_text(e));
    assert_true(msg.text[0] != 0);
  }
}

static void vi_run(bool damaged) {
  struct vi v;
  static u8 bytes[4 << 20];
  const char *path = vec_path("execution-apis/chain.rlp");
  if (!path) skip();
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  slice in = slice_of(bytes, fread(bytes, 1, sizeof bytes, f));
  fclose(f);
  vi_open(&v);
  u32 txs = 0;
  while (in.len) {
    struct rlp_item item;
    struct chain_import_block b;
    struct chain_import_result r;
    struct errmsg msg = {""};
    hash32 root;
    assert_int_equal(rlp_read(&in, &item), ERR_OK);
    if (damaged) vi_refuse_damaged(&v, item.raw);
    if (vi_import(&v, &b, &r, item.raw, &msg) < 0)
      fail_msg("block %u: %s", (unsigned)b.header.number, msg.text);
    vi_advance(&v, &b.header, &b.hash, &r.diff, &r.root);
    state_mem_root(v.mem, &root);
    assert_memory_equal(root.b, b.header.state_root.b, 32);
    txs += b.tx_cnt;
  }
  assert_int_equal(v.env.parent.number, 54);
  assert_true(txs > 100);
  vi_close(&v);
}

static void chain_when_public_then_imports(void **state) {
  (void)state;
  vi_run(false);
}
static void chain_when_a_block_is_damaged_then_refused(void **state) {
  (void)state;
  vi_run(true);
}

int main(void) {
  crypto_init(NULL);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(chain_when_public_then_imports),
    cmocka_unit_test(chain_when_a_block_is_damaged_then_refused),
  };
  return cmocka_run_group_tests_name("chain_import", tests, NULL, NULL);
}
