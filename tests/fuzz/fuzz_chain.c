/* fuzz_chain.c - what other nodes and the file may hand us: headers, stored
** receipts, proposals, blocks.  What decodes encodes to the same bytes. */
#include "chain/chain_import.h"
#include "chain/chain_proposal.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void fuzz_chain_header(slice in, struct buf *b) {
  struct chain_header h;
  u32 ms, round;
  if (chain_header_decode(&h, in) < 0) return;
  buf_clear(b);
  chain_header_encode(b, &h);
  MUST(slice_eq(buf_slice(b), in));
  if (chain_extra_get(&h, &ms, &round)) MUST(ms < 1000 && round <= 0xffff);
}

static void fuzz_chain_receipt(slice in, struct buf *b, struct arena *a) {
  struct chain_receipt r;
  if (chain_receipt_load(&r, in, a) < 0) return;
  buf_clear(b);
  chain_receipt_store(b, &r);
  /* A post state of zeros reads as none. */
  if (r.success || b->len == in.len) MUST(slice_eq(buf_slice(b), in));
}

static void fuzz_chain_proposal(slice in, struct buf *b, struct arena *a) {
  struct chain_proposal p;
  struct chain_header parent = {.number = 0}, draft;
  struct errmsg msg = {""};
  hash32 id, none = {{0}};
  err e = chain_proposal_decode(&p, in, a, &msg);
  MUST(e == ERR_OK || msg.text[0]);
  if (e < 0) return;
  buf_clear(b);
  chain_proposal_encode(b, &p);
  MUST(slice_eq(buf_slice(b), in));
  chain_proposal_id(&id, &p, a);
  e = chain_proposal_check(&p, &none, &parent, &none, NULL, 0, true, &msg);
  MUST(e == ERR_INVALID_BLOCK); /* nobody is elected */
  p.beacon.len = 0; /* a proof is read only once it was checked */
  chain_proposal_draft(&draft, &p, &parent, 30000000);
  MUST(chain_header_time_ms(&draft) == p.time_ms);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  slice in = slice_of(data, len);
  struct chain_import_block block;
  struct errmsg msg = {""};
  struct arena a;
  struct buf b;
  arena_init(&a, 1 << 16, 1 << 26);
  buf_init(&b, 0);
  fuzz_chain_header(in, &b);
  fuzz_chain_receipt(in, &b, &a);
  fuzz_chain_proposal(in, &b, &a);
  if (chain_import_decode(&block, in, &a, &msg) < 0) MUST(msg.text[0]);
  buf_fini(&b);
  arena_fini(&a);
  return 0;
}
