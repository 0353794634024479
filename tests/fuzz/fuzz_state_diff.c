/* fuzz_state_diff.c - what state_diff_decode takes is in order and, encoded
** again, gives the same bytes; applied to an empty memory world it leaves what
** it says. */
#include "state/state.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void fuzz_diff_apply(const struct state_diff *d) {
  struct state_mem *m = state_mem_open();
  state_mem_apply(m, d);
  struct state_source src = state_mem_source(m);
  for (u32 i = 0; i < d->account_cnt; i++) {
    const struct state_diff_account *acct = &d->account[i];
    struct state_account now;
    bool found;
    MUST(src.account_by_hash(src.ctx, &now, &found, &acct->key) == ERR_OK);
    MUST(found == acct->exists);
    if (!found) continue;
    MUST(now.nonce == acct->new_val.nonce);
    MUST(u256_eq(&now.balance, &acct->new_val.balance));
    for (u32 k = 0; k < acct->slot_cnt; k++) {
      u256 v;
      MUST(src.slot_by_hash(src.ctx, &v, &acct->key, &acct->slot[k].key) ==
           ERR_OK);
      MUST(u256_eq(&v, &acct->slot[k].new_val));
    }
  }
  state_mem_close(m);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  struct arena a;
  struct state_diff d;
  slice whole = slice_of(data, len);
  arena_init(&a, 1 << 14, 0);
  err e = state_diff_decode(&d, whole, &a);
  MUST(e == ERR_OK || e == ERR_CORRUPT || e == ERR_NEWER);
  if (e == ERR_OK) {
    struct buf out;
    buf_init(&out, 0);
    state_diff_encode(&out, &d);
    MUST(slice_eq(buf_slice(&out), whole));
    buf_fini(&out);
    fuzz_diff_apply(&d);
  }
  arena_fini(&a);
  return 0;
}
