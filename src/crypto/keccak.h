/* keccak.h - Keccak-256 as Ethereum uses it (the 0x01 padding of the
** submission, not SHA-3's 0x06): rate 136 bytes, capacity 64, 24 rounds.
** The best permutation for this CPU is chosen once, by crypto_init (plain C,
** BMI/AVX2, AVX-512), all with equal results; before that plain C serves. */
#ifndef CRYPTO_KECCAK_H
#define CRYPTO_KECCAK_H
#include "base/base.h"

struct keccak {      /* streaming state */
  u64 lane[25];
  u32 fill;          /* bytes absorbed into the current block, < 136 */
};
void keccak_init(struct keccak *k);
void keccak_update(struct keccak *k, const void *data, size_t len);
/* Writes the hash; k is spent, keccak_init makes it usable again. */
void keccak_final(struct keccak *k, hash32 *out);

void crypto_keccak256(hash32 *out, const void *data, size_t len);
/* cnt independent messages, several at a time in vector lanes where the CPU
** has them: out[i] = keccak256(in[i]).  Lengths may differ. */
void crypto_keccak256_batch(hash32 *out, const slice *in, size_t cnt);
/* The name of the code in use: "avx512", "avx2", "c". */
const char *crypto_keccak_impl(void);
/* Chooses the code by name (tests and benchmarks compare them), NULL for the
** best one; false and no change when this CPU lacks it.  Not for use while
** other threads hash. */
bool crypto_keccak_select(const char *impl);

extern const hash32 CRYPTO_KECCAK_EMPTY;    /* of no bytes */
extern const hash32 CRYPTO_KECCAK_RLP_NIL;  /* of 0x80: the empty trie */
extern const hash32 CRYPTO_KECCAK_RLP_LIST; /* of 0xc0: the empty list */
#endif
