/* scrypt.c - see scrypt.h.
**
** The 16 words of a Salsa20 block are kept by diagonals while blocks are
** mixed, so that a round is four steps of four words each, which the compiler
** does in vectors of 128 bits.
** PBKDF2 keeps the state of HMAC behind the key and the salt, so that its cost
** does not multiply the salt's length by the number of blocks. */
#include "crypto/scrypt.h"

#include "crypto/hash.h"

typedef u32 scrypt_v4 __attribute__((vector_size(16)));
struct scrypt_block { scrypt_v4 x[4]; };

size_t crypto_scrypt_room(u32 n, u32 r, u32 p) {
  return 128 * (size_t)r * ((size_t)p + n + 2);
}

/*------------------------------------------------------------------ PBKDF2 */

struct scrypt_hmac { struct sha256 inner, outer; };

static void scrypt_hmac_key(struct scrypt_hmac *h, slice key) {
  u8 pad[64] = {0}, x[64];
  if (key.len > 64) crypto_sha256(pad, key.ptr, key.len);
  else if (key.len) memcpy(pad, key.ptr, key.len);
  for (int i = 0; i < 64; i++) x[i] = pad[i] ^ 0x36;
  sha256_init(&h->inner);
  sha256_update(&h->inner, x, 64);
  for (int i = 0; i < 64; i++) x[i] = pad[i] ^ 0x5c;
  sha256_init(&h->outer);
  sha256_update(&h->outer, x, 64);
}
/* One iteration, as scrypt has it; h has the key. */
static void scrypt_pbkdf2(u8 *out, size_t out_len, const struct scrypt_hmac *h,
                          slice salt) {
  struct sha256 salted = h->inner;
  sha256_update(&salted, salt.ptr, salt.len);
  for (u32 i = 1; out_len; i++) {
    struct sha256 inner = salted, outer = h->outer;
    u8 be[4], t[32];
    size_t n = out_len < 32 ? out_len : 32;
    store_be32(be, i);
    sha256_update(&inner, be, 4);
    sha256_final(&inner, t);
    sha256_update(&outer, t, 32);
    sha256_final(&outer, t);
    memcpy(out, t, n);
    out += n, out_len -= n;
  }
}

/*---------------------------------------------------------------- mixing */

static inline scrypt_v4 scrypt_rot(scrypt_v4 v, int n) {
  return v << n | v >> (32 - n);
}
#define SCRYPT_TURN(v, n) \
  __builtin_shuffle(v, (scrypt_v4){n, (n + 1) & 3, (n + 2) & 3, (n + 3) & 3})
#ifdef __clang__
#undef SCRYPT_TURN
#define SCRYPT_TURN(v, n) \
  __builtin_shufflevector(v, v, n, (n + 1) & 3, (n + 2) & 3, (n + 3) & 3)
#endif

/* b = salsa20/8(b ^ in) */
static inline void scrypt_salsa(struct scrypt_block *b,
                                const struct scrypt_block *in) {
  scrypt_v4 a0 = b->x[0] ^ in->x[0], a1 = b->x[1] ^ in->x[1];
  scrypt_v4 a2 = b->x[2] ^ in->x[2], a3 = b->x[3] ^ in->x[3];
  scrypt_v4 x0 = a0, x1 = a1, x2 = a2, x3 = a3;
  for (int i = 0; i < 4; i++) {
    x1 ^= scrypt_rot(x0 + x3, 7);
    x2 ^= scrypt_rot(x1 + x0, 9);
    x3 ^= scrypt_rot(x2 + x1, 13);
    x0 ^= scrypt_rot(x3 + x2, 18);
    x1 = SCRYPT_TURN(x1, 3), x2 = SCRYPT_TURN(x2, 2), x3 = SCRYPT_TURN(x3, 1);
    x3 ^= scrypt_rot(x0 + x1, 7);
    x2 ^= scrypt_rot(x3 + x0, 9);
    x1 ^= scrypt_rot(x2 + x3, 13);
    x0 ^= scrypt_rot(x1 + x2, 18);
    x1 = SCRYPT_TURN(x1, 1), x2 = SCRYPT_TURN(x2, 2), x3 = SCRYPT_TURN(x3, 3);
  }
  b->x[0] = x0 + a0, b->x[1] = x1 + a1, b->x[2] = x2 + a2, b->x[3] = x3 + a3;
}

/* out = BlockMix(in), 2r blocks; they are different places. */
static void scrypt_mix(struct scrypt_block *out, const struct scrypt_block *in,
                       u32 r) {
  struct scrypt_block x = in[2 * r - 1];
  for (u32 i = 0; i < r; i++) {
    scrypt_salsa(&x, &in[2 * i]);
    out[i] = x;
    scrypt_salsa(&x, &in[2 * i + 1]);
    out[r + i] = x;
  }
}

/* Between bytes and words by diagonals: word k of the diagonals is word 5k
** modulo 16 of the block. */
static void scrypt_load(struct scrypt_block *out, const u8 *in, u32 cnt) {
  for (u32 i = 0; i < cnt; i++)
    for (u32 k = 0; k < 16; k++)
      out[i].x[k / 4][k % 4] =
          __builtin_bswap32(load_be32(in + 64 * i + 4 * (k * 5 % 16)));
}
static void scrypt_store(u8 *out, const struct scrypt_block *in, u32 cnt) {
  for (u32 i = 0; i < cnt; i++)
    for (u32 k = 0; k < 16; k++)
      store_be32(out + 64 * i + 4 * (k * 5 % 16),
                 __builtin_bswap32(in[i].x[k / 4][k % 4]));
}

static void scrypt_rounds(u8 *block, u32 n, u32 r, struct scrypt_block *x,
                          struct scrypt_block *y, struct scrypt_block *v) {
  u32 cnt = 2 * r;
  struct scrypt_block *swap;
  scrypt_load(x, block, cnt);
  for (u32 i = 0; i < n; i++) {
    memcpy(v + (size_t)i * cnt, x, sizeof *x * cnt);
    scrypt_mix(y, x, r);
    swap = x, x = y, y = swap;
  }
  for (u32 i = 0; i < n; i++) {
    const struct scrypt_block *at = v + (size_t)(x[cnt - 1].x[0][0] & (n - 1)) *
                                            cnt;
    for (u32 k = 0; k < cnt; k++)
      for (u32 w = 0; w < 4; w++) x[k].x[w] ^= at[k].x[w];
    scrypt_mix(y, x, r);
    swap = x, x = y, y = swap;
  }
  scrypt_store(block, x, cnt);
}

void crypto_scrypt_in(u8 *out, size_t out_len, slice password, slice salt, u32 n,
                   u32 r, u32 p, void *room) {
  struct scrypt_hmac h;
  size_t len = 128 * (size_t)r;
  struct scrypt_block *x = room, *y = x + 2 * r, *v = y + 2 * r;
  u8 *b = (u8 *)(v + 2 * (size_t)r * n);
  MUST(n >= 2 && (n & (n - 1)) == 0 && r && p && (uintptr_t)room % 16 == 0);
  scrypt_hmac_key(&h, password);
  scrypt_pbkdf2(b, len * p, &h, salt);
  for (u32 i = 0; i < p; i++) scrypt_rounds(b + len * i, n, r, x, y, v);
  scrypt_pbkdf2(out, out_len, &h, slice_of(b, len * p));
}
#undef SCRYPT_TURN
