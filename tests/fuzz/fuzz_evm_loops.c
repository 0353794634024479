/* fuzz_evm_loops.c - the three loops of the machine must agree on any code.
** The first byte chooses the fork and whether the rest is code or decisions of
** the generator (evm_gen.h), the second the gas. */
#include "evm/evm_gen.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  static struct gen_bench bench;
  static struct gen g;
  if (!bench.exec[0]) gen_bench_open(&bench);
  if (len < 2) return 0;
  enum evm_fork fork = (enum evm_fork)((data[0] & 15) % EVM_FORK_CNT);
  u64 gas = (u64)data[1] * data[1] * 3;
  slice code = slice_of(data + 2, len - 2);
  if (data[0] & 0x80) {
    g.data = code.ptr;
    g.len = code.len;
    g.seed = 1;
    code = gen_code(&g);
  }
  const char *diff = gen_compare(&bench, fork, code,
                                 slice_of(data, len < 64 ? len : 64), gas);
  if (diff) {
    fprintf(stderr, "%s\n", diff);
    abort();
  }
  return 0;
}
