/* evm_code.c - code made ready to run, and the cache of it.
**
** Code is copied with EVM_CODE_PAD zero bytes behind it: running off the end
** meets STOP, and a PUSH at the end reads zeros, so the loop asks nothing.
** Valid jump targets are found on the first jump, one pass over the code:
** every byte is an instruction or the data of the PUSH before it.
**
** That pass decides what the first call of a contract costs at worst (2600 gas
** for 24 KB of PUSHes that no branch predictor can follow), so where the CPU
** has byte shuffles it takes the same time for any code, 16 bytes at once:
**   next[i]   where the instruction at i would be followed by another, 16 and
**             more: in a later block; next^2k = next^k after next^k
**   at[k]     where the k-th instruction from the block's entry begins, for all
**             k at once: for each bit b of k, at = next^(2^b) after at
**   entry     of the block behind: next^16 of this one's, less 16
** A shuffle gives 0 for what left the block (0x70 is added with saturation),
** and every step goes forward, so a maximum with the position before holds it.
** Positions differ, so their bits are added up by a sum of bytes.
**
** The cache is a table of chains over the first bytes of the code hash (a
** keccak, which nobody can aim at more than a few dozen bits) with one list in
** order of last use.  An entry owns its translation, if it has one.
**
** The least recently used entries that no frame runs (frames can pin at most
** 1025) are dropped over EVM_CACHE_MAX bytes when a transaction begins, but
** within it only over EVM_CACHE_MOST: who has paid 2600 gas for an account may
** call it again for 100, which would not pay for reading its code again.  All
** that a transaction's gas (EIP-7825) can touch has room, 6,400 contracts of
** 24 KB; the state holds as much itself. */
#include "evm/evm_fast.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
  EVM_CACHE_BUCKETS = 4096,
  EVM_CACHE_MAX = 64 << 20, EVM_CACHE_MOST = 192 << 20
};

void evm_code_set(struct evm_code *c, slice code, u32 cool) {
  size_t dest_len = (code.len + 63) / 64 * 8;
  size_t bytes_len = (code.len + EVM_CODE_PAD + 7) / 8 * 8;
  if (bytes_len + dest_len > c->cap) {
    c->cap = bytes_len + dest_len;
    mem_free(c->bytes);
    c->bytes = mem_realloc(NULL, c->cap); /* all is written: no zeros */
  }
  c->len = code.len;
  c->dest = (u64 *)(void *)(c->bytes + bytes_len);
  c->dest_ready = false;
  c->cool = cool + (cool ? (u32)(code.len / 2) : 0);
  mem_free(c->fast);
  c->fast = NULL;
  if (code.len) memcpy(c->bytes, code.ptr, code.len);
  memset(c->bytes + code.len, 0, bytes_len - code.len);
}

void evm_code_fini(struct evm_code *c) {
  mem_free(c->bytes);
  mem_free(c->fast);
  c->bytes = NULL;
  c->fast = NULL;
  c->cap = 0;
}

static void evm_code_find_dests_c(struct evm_code *c) {
  memset(c->dest, 0, (c->len + 63) / 64 * 8);
  for (size_t i = 0; i < c->len; i++) {
    u8 op = c->bytes[i];
    if (op == EVM_OP_JUMPDEST) {
      c->dest[i >> 6] |= (u64)1 << (i & 63);
    } else if (op >= EVM_OP_PUSH1 && op <= EVM_OP_PUSH32) {
      i += op - EVM_OP_PUSH1 + 1u;
    }
  }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static inline __m256i evm_code_step(
    __m256i next, __m256i at) {
  const __m256i left = _mm256_set1_epi8(0x70);
  return _mm256_shuffle_epi8(next, _mm256_adds_epu8(at, left));
}

/* The entry of the block behind. */
static inline u32 evm_code_entry(u32 entry, const u8 leaves[16]) {
  u32 later = entry - 16, out = leaves[entry & 15] - 16u;
  return entry < 16 ? out : later;
}

__attribute__((target("avx2"))) static void evm_code_find_dests_avx2(
    struct evm_code *c) {
  const __m256i one = _mm256_set1_epi8(1), zero = _mm256_setzero_si256();
  const __m256i count = _mm256_broadcastsi128_si256(_mm_setr_epi8(
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  const i64 bits = (i64)0x8040201008040201u;
  const __m256i low = _mm256_setr_epi64x(bits, 0, bits, 0);
  const __m256i high = _mm256_setr_epi64x(0, bits, 0, bits);
  u32 entry = 0;
  memset(c->dest, 0, (c->len + 63) / 64 * 8);
  for (size_t i = 0; i < c->len; i += 32) {
    const __m256i op = _mm256_loadu_si256((const void *)(c->bytes + i));
    /* PUSH1 to PUSH32 are 0x60 to 0x7f. */
    __m256i n = _mm256_sub_epi8(op, _mm256_set1_epi8(EVM_OP_PUSH1));
    __m256i is_push =
        _mm256_cmpeq_epi8(_mm256_min_epu8(n, _mm256_set1_epi8(31)), n);
    __m256i data = _mm256_and_si256(is_push, _mm256_add_epi8(n, one));
    __m256i next[4] = {_mm256_add_epi8(_mm256_add_epi8(count, one), data)};
    _Pragma("GCC unroll 4") for (int k = 1; k < 4; k++) {
      next[k] = _mm256_max_epu8(next[k - 1],
                                evm_code_step(next[k - 1], next[k - 1]));
    }
    u8 leaves[32];
    _mm256_storeu_si256((void *)leaves, _mm256_max_epu8(
        next[3], evm_code_step(next[3], next[3])));
    u32 second = evm_code_entry(entry, leaves);
    __m256i at = _mm256_set_m128i(_mm_set1_epi8((char)second),
                                  _mm_set1_epi8((char)entry));
    entry = evm_code_entry(second, leaves + 16);
    _Pragma("GCC unroll 4") for (int k = 0; k < 4; k++) {
      const __m256i bit = _mm256_set1_epi8((char)(1 << k));
      __m256i moves = _mm256_cmpeq_epi8(_mm256_and_si256(count, bit), bit);
      at = _mm256_max_epu8(
          at, _mm256_and_si256(moves, evm_code_step(next[k], at)));
    }
    /* Bits of the first and the second eight positions. */
    __m256i sum = _mm256_add_epi64(
        _mm256_sad_epu8(evm_code_step(low, at), zero),
        _mm256_slli_epi64(_mm256_sad_epu8(evm_code_step(high, at), zero), 8));
    sum = _mm256_add_epi64(sum, _mm256_unpackhi_epi64(sum, sum));
    u32 starts = (u32)_mm256_extract_epi32(sum, 0) |
                 (u32)_mm256_extract_epi32(sum, 4) << 16;
    u32 dest = (u32)_mm256_movemask_epi8(
        _mm256_cmpeq_epi8(op, _mm256_set1_epi8(EVM_OP_JUMPDEST)));
    ((u32 *)(void *)c->dest)[i / 32] = starts & dest;
  }
}
#endif

void evm_code_find_dests(struct evm_code *c) {
#if defined(__x86_64__)
  if (LIKELY(__builtin_cpu_supports("avx2"))) evm_code_find_dests_avx2(c);
  else
#endif
    evm_code_find_dests_c(c);
  c->dest_ready = true;
}

/*---------------------------------------------------------------- cache */

void evm_cache_init(struct evm_cache *c) {
  memset(c, 0, sizeof *c);
  c->bucket = mem_alloc(EVM_CACHE_BUCKETS * sizeof *c->bucket);
}

void evm_cache_fini(struct evm_cache *c) {
  while (c->newest) {
    struct evm_code *code = c->newest;
    c->newest = code->older;
    evm_code_fini(code);
    mem_free(code);
  }
  mem_free(c->bucket);
}

static struct evm_code **evm_cache_slot(struct evm_cache *c,
                                        const hash32 *hash) {
  struct evm_code **at =
      &c->bucket[load_be32(hash->b) % EVM_CACHE_BUCKETS];
  while (*at && !hash32_eq(&(*at)->hash, hash)) at = &(*at)->chain;
  return at;
}

static void evm_cache_unlink(struct evm_cache *c, struct evm_code *code) {
  if (code->newer) code->newer->older = code->older;
  else c->newest = code->older;
  if (code->older) code->older->newer = code->newer;
  else c->oldest = code->newer;
}

static void evm_cache_link_newest(struct evm_cache *c, struct evm_code *code) {
  code->older = c->newest;
  code->newer = NULL;
  if (c->newest) c->newest->newer = code;
  else c->oldest = code;
  c->newest = code;
}

static size_t evm_cache_size(const struct evm_code *code) {
  return sizeof *code + code->cap + (code->fast ? code->fast->bytes : 0);
}

static void evm_cache_shrink(struct evm_cache *c, size_t most) {
  struct evm_code *code = c->oldest;
  while (code && c->bytes > most) {
    struct evm_code *newer = code->newer;
    if (code->pins == 0) {
      *evm_cache_slot(c, &code->hash) = code->chain;
      evm_cache_unlink(c, code);
      c->bytes -= evm_cache_size(code);
      evm_code_fini(code);
      mem_free(code);
    }
    code = newer;
  }
}

void evm_cache_trim(struct evm_cache *c) {
  evm_cache_shrink(c, EVM_CACHE_MAX);
}

struct evm_code *evm_cache_pin(struct evm_cache *c, const hash32 *hash,
                               slice code, u32 cool) {
  struct evm_code **at = evm_cache_slot(c, hash);
  struct evm_code *found = *at;
  if (found) {
    if (c->newest != found) {
      evm_cache_unlink(c, found);
      evm_cache_link_newest(c, found);
    }
    found->pins++;
    return found;
  }
  found = mem_alloc(sizeof *found);
  found->hash = *hash;
  found->pins = 1;
  evm_code_set(found, code, cool);
  *at = found;
  evm_cache_link_newest(c, found);
  c->bytes += evm_cache_size(found);
  evm_cache_shrink(c, EVM_CACHE_MOST);
  return found;
}

/* Not a hash: length and some words, in which contracts usually differ. */
static void evm_cache_fingerprint(hash32 *out, slice code) {
  enum { WORDS = 12 };
  u64 sum = code.len * 0x9e3779b97f4a7c15u;
  for (u32 i = 0; i < WORDS && code.len >= 8; i++) {
    sum ^= load_be64(code.ptr + (code.len - 8) * i / (WORDS - 1));
    sum = (sum ^ sum >> 29) * 0xbf58476d1ce4e5b9u;
  }
  memset(out, 0, sizeof *out);
  store_be64(out->b, sum ^ sum >> 32);
  store_be64(out->b + 8, code.len);
}

struct evm_code *evm_cache_pin_bytes(struct evm_cache *c, slice code,
                                     u32 cool) {
  hash32 key;
  evm_cache_fingerprint(&key, code);
  struct evm_code *found = evm_cache_pin(c, &key, code, cool);
  if (slice_eq(slice_of(found->bytes, found->len), code)) return found;
  evm_cache_unpin(found);
  return NULL;
}

void evm_cache_unpin(struct evm_code *code) {
  MUST(code->pins > 0);
  code->pins--;
}

void evm_cache_grown(struct evm_cache *c, struct evm_code *code,
                     struct evm_fast *fast) {
  c->bytes -= evm_cache_size(code);
  mem_free(code->fast);
  code->fast = fast;
  c->bytes += evm_cache_size(code);
  evm_cache_shrink(c, EVM_CACHE_MOST);
}
