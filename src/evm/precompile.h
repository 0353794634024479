/* precompile.h - the shape of a native contract; rows in precompile.def.
**
** A price is known before anything is computed and looks at no more than the
** head of the input.  Running gets input that is paid for, writes its output
** to the frame's buffer (f->output) and says false for input it must refuse,
** which takes all gas of the message. */
#ifndef EVM_PRECOMPILE_H
#define EVM_PRECOMPILE_H
#include "evm/evm_int.h"

#define PRECOMPILE(address, name, since) \
  u64 evm_price_##name(enum evm_fork fork, slice in); \
  bool evm_run_##name(struct evm_frame *f, enum evm_fork fork, slice in);
#include "evm/precompile.def"
#undef PRECOMPILE

static inline u64 evm_price_words(slice in, u64 base, u64 word) {
  return base + word * ((in.len + 31) / 32);
}
/* len bytes of the input from off, zeros behind its end. */
void evm_precompile_read(u8 *out, slice in, u64 off, u64 len);
/* Sets the output to len bytes and says where to write them. */
u8 *evm_precompile_out(struct evm_frame *f, size_t len);
#endif
