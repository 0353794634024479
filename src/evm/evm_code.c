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
** order of last use.  An entry owns its translation, if it has one.  Over
** EVM_CACHE_MAX bytes the least recently used entries that no frame runs are
** dropped; frames can pin at most 1025. */
#include "evm/evm_fast.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { EVM_CACHE_BUCKETS = 4096, EVM_CACHE_MAX = 64 << 20 };

void evm_code_set(struct evm_code *c, slice code, u32 cool) {
  size_t dest_len = (code.len + 63) / 64 * 8;
  size_t bytes_len = (code.len + EVM_CODE_PAD + 7) / 8 * 8;
  if (bytes_len + dest_len > c->cap) {
    c->cap = bytes_len + dest_len;
    mem_free(c->bytes);
    c->bytes = mem_alloc(c->cap);
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
__attribute__((target("ssse3"))) static inline __m128i evm_code_step(
    __m128i next, __m128i at) {
  return _mm_shuffle_epi8(next, _mm_adds_epu8(at, _mm_set1_epi8(0x70)));
}

__attribute__((target("ssse3"))) static void evm_code_find_dests_ssse3(
    struct evm_code *c) {
  const __m128i count = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
                                      13, 14, 15);
  const __m128i low = _mm_set_epi64x(0, (i64)0x8040201008040201u);
  const __m128i high = _mm_set_epi64x((i64)0x8040201008040201u, 0);
  u32 entry = 0;
  memset(c->dest, 0, (c->len + 63) / 64 * 8);
  for (size_t i = 0; i < c->len; i += 16) {
    const __m128i op = _mm_loadu_si128((const void *)(c->bytes + i));
    /* PUSH1 to PUSH32 are 0x60 to 0x7f. */
    __m128i n = _mm_sub_epi8(op, _mm_set1_epi8(EVM_OP_PUSH1));
    __m128i push = _mm_cmpeq_epi8(_mm_min_epu8(n, _mm_set1_epi8(31)), n);
    __m128i next = _mm_add_epi8(_mm_add_epi8(count, _mm_set1_epi8(1)),
                    _mm_and_si128(push, _mm_add_epi8(n, _mm_set1_epi8(1))));
    __m128i at = _mm_set1_epi8((char)entry);
    u8 leaves[16];
    for (int bit = 1; bit < 16; bit *= 2) {
      __m128i moves = _mm_cmpeq_epi8(
          _mm_and_si128(count, _mm_set1_epi8((char)bit)),
          _mm_set1_epi8((char)bit));
      at = _mm_max_epu8(at, _mm_and_si128(moves, evm_code_step(next, at)));
      next = _mm_max_epu8(next, evm_code_step(next, next));
    }
    _mm_storeu_si128((void *)leaves, next);
    u32 later = entry - 16, out = leaves[entry & 15] - 16u;
    entry = entry < 16 ? out : later;
    /* Bits of the first and the second eight positions. */
    __m128i sum_low = _mm_sad_epu8(evm_code_step(low, at), _mm_setzero_si128());
    __m128i sum_high =
        _mm_sad_epu8(evm_code_step(high, at), _mm_setzero_si128());
    __m128i sum = _mm_add_epi64(sum_low, _mm_slli_epi64(sum_high, 8));
    u32 starts = (u32)_mm_cvtsi128_si32(sum) +
                 (u32)_mm_cvtsi128_si32(_mm_unpackhi_epi64(sum, sum));
    u32 dest = (u32)_mm_movemask_epi8(
        _mm_cmpeq_epi8(op, _mm_set1_epi8(EVM_OP_JUMPDEST)));
    ((u16 *)(void *)c->dest)[i / 16] = (u16)(starts & dest);
  }
}
#endif

void evm_code_find_dests(struct evm_code *c) {
#if defined(__x86_64__)
  if (LIKELY(__builtin_cpu_supports("ssse3"))) evm_code_find_dests_ssse3(c);
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

static void evm_cache_shrink(struct evm_cache *c) {
  struct evm_code *code = c->oldest;
  while (code && c->bytes > EVM_CACHE_MAX) {
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
  if (c->bytes > EVM_CACHE_MAX) evm_cache_shrink(c);
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
  if (c->bytes > EVM_CACHE_MAX) evm_cache_shrink(c);
}
