/* fuzz_genesis.c - any text as a genesis file: refused with a message, or a
** chain whose canonical text is the same chain again. */
#include "chain/chain_genesis.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static hash32 fuzz_genesis_hash(const struct chain_genesis *g,
                                struct arena *a) {
  struct state_diff diff;
  struct state_root root;
  struct chain_header h;
  hash32 hash;
  MUST(chain_genesis_build(&diff, &root, &h, &hash, g, NULL, a) == ERR_OK);
  return hash;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  static bool ready;
  struct chain_genesis g, again;
  struct errmsg msg = {""};
  struct arena a;
  struct buf b;
  if (!ready) crypto_init(NULL);
  ready = true;
  arena_init(&a, 1 << 16, 0);
  buf_init(&b, 0);
  err e = chain_genesis_parse(&g, slice_of(data, len), &a, &msg);
  MUST(e == ERR_OK || msg.text[0]);
  if (e == ERR_OK) {
    if (g.chain_id == 0) g.chain_id = 7;
    chain_genesis_write(&b, &g);
    MUST(chain_genesis_parse(&again, buf_slice(&b), &a, &msg) == ERR_OK);
    hash32 x = fuzz_genesis_hash(&g, &a), y = fuzz_genesis_hash(&again, &a);
    MUST(hash32_eq(&x, &y));
  }
  buf_fini(&b);
  arena_fini(&a);
  return 0;
}
