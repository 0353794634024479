/* precompile.c - the table of native contracts and finding them. */
#include "evm/precompile.h"

static const struct evm_precompile precompile_row[] = {
#define PRECOMPILE(address, name, since) \
  {{.b = {[18] = (address) >> 8, [19] = (address) & 0xff}}, #name, \
   EVM_##since, evm_price_##name, evm_run_##name},
#include "evm/precompile.def"
#undef PRECOMPILE
};

static const addr20 precompile_addr[] = {
#define PRECOMPILE(address, name, since) \
  {.b = {[18] = (address) >> 8, [19] = (address) & 0xff}},
#include "evm/precompile.def"
#undef PRECOMPILE
};

const struct evm_precompile *evm_precompile_find(enum evm_fork fork,
                                                 const addr20 *a) {
  u64 high, mid;
  memcpy(&high, a->b, 8);
  memcpy(&mid, a->b + 8, 8);
  if (LIKELY((high | mid | a->b[16] | a->b[17]) != 0)) return NULL;
  u32 n = (u32)a->b[18] << 8 | a->b[19];
  u32 at = n == 0x100 ? ARRAY_LEN(precompile_row) - 1 : n - 1;
  if (n == 0 || at >= ARRAY_LEN(precompile_row) ||
      !addr20_eq(&precompile_row[at].addr, a) ||
      precompile_row[at].since > fork) {
    return NULL;
  }
  return &precompile_row[at];
}

bool evm_is_precompile(enum evm_fork fork, const addr20 *a) {
  return evm_precompile_find(fork, a) != NULL;
}

void evm_precompiles(enum evm_fork fork, const addr20 **list, u32 *cnt) {
  u32 n = 0;
  while (n < ARRAY_LEN(precompile_row) && precompile_row[n].since <= fork) n++;
  *list = precompile_addr;
  *cnt = n;
}

void evm_precompile_read(u8 *out, slice in, u64 off, u64 len) {
  u256 from = u256_from(off);
  evm_copy_padded(out, len, in, &from);
}

u8 *evm_precompile_out(struct evm_frame *f, size_t len) {
  u8 *out = evm_mem_room(f, len);
  f->output = slice_of(out, len);
  return out;
}
