/* evm_fast.h - translated code: what the fast loop runs.
**
** Code that proves hot is translated, once for its hash, into instructions
** with three addresses.  Within a basic block the stack is followed
** symbolically, so PUSH, DUP, SWAP and POP are no instructions any more: an
** operand is a word anywhere on the stack or a constant, a result goes to the
** place where the stack wants it at the end of the block, and only what is
** not in its place there is moved.
**
** A block begins at offset 0, at a JUMPDEST, and after what ends one; it is
** at most EVM_FAST_BLOCK_OPS opcodes long.  Its header has the sum of all
** constant gas and the bounds of the stack's height; when they hold nothing
** in the block can fail for them.  When they do not, the frame goes on in
** the plain loop from the block's first byte and fails at the exact opcode.
** An opcode with a price of its own still checks it; since the block's gas is
** charged already it may fail earlier than the plain loop would, in a block
** that cannot be finished anyway: the frame fails all the same, only the
** named reason may be another when several apply.
**
** Offsets are bytes from sp as it was when the block began. */
#ifndef EVM_FAST_H
#define EVM_FAST_H
#include "evm/evm_int.h"

enum evm_fn {
#define FN(name) EVM_FN_##name,
#include "evm/fast.def"
#undef FN
  EVM_FN_CNT
};

enum {
  EVM_FAST_BLOCK_OPS = 120,
  EVM_FAST_CODE_MAX = 256 << 10,  /* longer code stays as it is */
  EVM_FAST_COOL = 32              /* jumps before code is hot, and one more
                                  ** for each two bytes: translating a byte
                                  ** takes up to 60 ns, a jump costs 11 gas */
};

struct evm_ins {
  union {
    const void *fn; /* label in the loop */
    u64 id;         /* enum evm_fn, while being made */
  };
  union {
    struct {
      int16_t d, a;     /* result (or move of sp), first operand */
      union {
        struct { int16_t b, c; };
        u32 k;      /* of IF_.._I: what is compared with */
      };
      u64 imm;
    };
    struct {        /* header of a block */
      u32 gas;
      int low;      /* (sp - base) - low must be within 0..span */
      u32 span;
      u32 pc;
    };
  };
};
_Static_assert(sizeof(struct evm_ins) == 24, "three words");
_Static_assert(EVM_FN_CNT <= 256, "fits evm.fast_label");

struct evm_fast {
  struct evm_ins *ins; /* from 1 on; first the header of offset 0 */
  u32 *at;             /* by code offset: header of a JUMPDEST, else 0 */
  enum evm_fork fork;
  size_t bytes;        /* of the one allocation that holds all */
};
/* NULL when the code is too long. */
struct evm_fast *evm_fast_make(struct evm *e, struct evm_code *code);
void evm_fast_fini(struct evm *e); /* the scratch */
/* Where to begin at a code offset that is 0 or a JUMPDEST. */
static inline const struct evm_ins *evm_fast_at(const struct evm_fast *t,
                                                u64 pc) {
  return t->ins + (pc ? t->at[pc] : 1);
}
enum evm_exit evm_loop_fast(struct evm *e, struct evm_frame *f);
#endif
