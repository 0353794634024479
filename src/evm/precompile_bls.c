/* precompile_bls.c - 0x0b to 0x11 on BLS12-381 (EIP-2537).
**
** A multi-scalar multiplication of k pairs costs k times one multiplication
** times a discount in thousandths, which falls with k up to 128.  Input of
** another length, coordinates out of range and points off the curve or (but
** for sums) out of the group fail. */
#include "crypto/bls12_381.h"
#include "evm/precompile.h"

enum {
  PRECOMPILE_BLS_G1_PAIR = CRYPTO_BLS_G1 + CRYPTO_BLS_SCALAR,
  PRECOMPILE_BLS_G2_PAIR = CRYPTO_BLS_G2 + CRYPTO_BLS_SCALAR,
  PRECOMPILE_BLS_PAIRING_PAIR = CRYPTO_BLS_G1 + CRYPTO_BLS_G2
};

static const u16 precompile_bls_g1_discount[128] = {
  1000, 949, 848, 797, 764, 750, 738, 728, 719, 712, 705, 698, 692, 687, 682,
  677, 673, 669, 665, 661, 658, 654, 651, 648, 645, 642, 640, 637, 635, 632,
  630, 627, 625, 623, 621, 619, 617, 615, 613, 611, 609, 608, 606, 604, 603,
  601, 599, 598, 596, 595, 593, 592, 591, 589, 588, 586, 585, 584, 582, 581,
  580, 579, 577, 576, 575, 574, 573, 572, 570, 569, 568, 567, 566, 565, 564,
  563, 562, 561, 560, 559, 558, 557, 556, 555, 554, 553, 552, 551, 550, 549,
  548, 547, 547, 546, 545, 544, 543, 542, 541, 540, 540, 539, 538, 537, 536,
  536, 535, 534, 533, 532, 532, 531, 530, 529, 528, 528, 527, 526, 525, 525,
  524, 523, 522, 522, 521, 520, 520, 519
};
static const u16 precompile_bls_g2_discount[128] = {
  1000, 1000, 923, 884, 855, 832, 812, 796, 782, 770, 759, 749, 740, 732, 724,
  717, 711, 704, 699, 693, 688, 683, 679, 674, 670, 666, 663, 659, 655, 652,
  649, 646, 643, 640, 637, 634, 632, 629, 627, 624, 622, 620, 618, 615, 613,
  611, 609, 607, 606, 604, 602, 600, 598, 597, 595, 593, 592, 590, 589, 587,
  586, 584, 583, 582, 580, 579, 578, 576, 575, 574, 573, 571, 570, 569, 568,
  567, 566, 565, 563, 562, 561, 560, 559, 558, 557, 556, 555, 554, 553, 552,
  552, 551, 550, 549, 548, 547, 546, 545, 545, 544, 543, 542, 541, 541, 540,
  539, 538, 537, 537, 536, 535, 535, 534, 533, 532, 532, 531, 530, 530, 529,
  528, 528, 527, 526, 526, 525, 524, 524
};

static u64 precompile_bls_msm(u64 k, u64 mul, const u16 discount[128]) {
  if (k == 0) return 0;
  return k * mul * discount[k < 128 ? k - 1 : 127] / 1000;
}

/* One row each: price, length of input (0: any), length and call. */
#define PRECOMPILE_BLS(name, gas, in_len, out_len, call) \
  u64 evm_price_##name(enum evm_fork fork, slice in) { \
    (void)fork, (void)in; \
    return gas; \
  } \
  bool evm_run_##name(struct evm_frame *f, enum evm_fork fork, slice in) { \
    (void)fork; \
    if (in_len != 0 && in.len != in_len) return false; \
    u8 *out = evm_precompile_out(f, out_len); \
    return call == ERR_OK; \
  }
PRECOMPILE_BLS(bls_g1_add, 375, 256, CRYPTO_BLS_G1,
               crypto_bls_g1_add(out, in.ptr))
PRECOMPILE_BLS(bls_g1_msm,
               precompile_bls_msm(in.len / PRECOMPILE_BLS_G1_PAIR, 12000,
                                  precompile_bls_g1_discount),
               0, CRYPTO_BLS_G1, crypto_bls_g1_msm(out, in))
PRECOMPILE_BLS(bls_g2_add, 600, 512, CRYPTO_BLS_G2,
               crypto_bls_g2_add(out, in.ptr))
PRECOMPILE_BLS(bls_g2_msm,
               precompile_bls_msm(in.len / PRECOMPILE_BLS_G2_PAIR, 22500,
                                  precompile_bls_g2_discount),
               0, CRYPTO_BLS_G2, crypto_bls_g2_msm(out, in))
PRECOMPILE_BLS(bls_map_fp, 5500, 64, CRYPTO_BLS_G1,
               crypto_bls_map_g1(out, in.ptr))
PRECOMPILE_BLS(bls_map_fp2, 23800, 128, CRYPTO_BLS_G2,
               crypto_bls_map_g2(out, in.ptr))
#undef PRECOMPILE_BLS

u64 evm_price_bls_pairing(enum evm_fork fork, slice in) {
  (void)fork;
  return 37700 + 32600 * (in.len / PRECOMPILE_BLS_PAIRING_PAIR);
}

bool evm_run_bls_pairing(struct evm_frame *f, enum evm_fork fork, slice in) {
  (void)fork;
  bool one;
  if (crypto_bls_pairing(&one, in) < 0) return false;
  u8 *out = evm_precompile_out(f, 32);
  memset(out, 0, 31);
  out[31] = one;
  return true;
}
