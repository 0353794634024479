/* precompile_refuse.c - native contracts whose curve is not linked in: they
** refuse every input, which fails the call and never gives a wrong answer. */
#include "evm/precompile.h"

#define PRECOMPILE_REFUSE(name) \
  bool evm_run_##name(struct evm_frame *f, enum evm_fork fork, slice in) { \
    (void)f, (void)fork, (void)in; \
    return false; \
  }
PRECOMPILE_REFUSE(kzg_point)
PRECOMPILE_REFUSE(bls_g1_add)
PRECOMPILE_REFUSE(bls_g1_msm)
PRECOMPILE_REFUSE(bls_g2_add)
PRECOMPILE_REFUSE(bls_g2_msm)
PRECOMPILE_REFUSE(bls_pairing)
PRECOMPILE_REFUSE(bls_map_fp)
PRECOMPILE_REFUSE(bls_map_fp2)
#undef PRECOMPILE_REFUSE
