/* diff_code.h - what random state tests are made of: inputs of precompiles
** that are valid but for an edge, init code, and steps of bytecode that use
** them.
**
** Built on the steps of evm/evm_gen.h.  Inputs and init code stand as the code
** of accounts of their own (DIFF_DATA, DIFF_INIT), from where EXTCODECOPY
** brings them; what a message gives back goes into storage or a log, so that
** root or logs tell of it.  Everything follows from the seed alone. */
#ifndef TESTS_DIFF_CODE_H
#define TESTS_DIFF_CODE_H
#include "codec/hex.h"
#include "crypto/bls12_381.h"
#include "crypto/bn254.h"
#include "crypto/kzg.h"
#include "evm/evm_gen.h"

enum {
  DIFF_DATA = 0xda00,     /* accounts whose code is an input */
  DIFF_DATA_CNT = 4,
  DIFF_INIT = 0xdc00,     /* accounts whose code is init code */
  DIFF_INIT_CNT = 2,
  DIFF_INPUT_MAX = 2048
};

struct diff_input {
  u64 addr;               /* of the precompile it is for */
  u8 bytes[DIFF_INPUT_MAX];
  u32 len;
};
struct diff_gen {
  struct gen g;
  enum evm_fork fork;
  struct evm_rules rules;
  struct diff_input input[DIFF_DATA_CNT];
  u8 init[DIFF_INIT_CNT][GEN_CODE_MAX + 256];
  u32 init_len[DIFF_INIT_CNT];
};

static inline u32 diff_pick(struct diff_gen *d, u32 below) {
  return gen_pick(&d->g, below);
}
/* True once in n. */
static inline bool diff_once(struct diff_gen *d, u32 n) {
  return diff_pick(d, n) == 0;
}
static inline void diff_random(struct diff_gen *d, u8 *out, u32 len) {
  for (u32 i = 0; i < len; i++) out[i] = (u8)diff_pick(d, 256);
}

/*---------------------------------------------------------- field elements */

#define DIFF_BN254_P \
  "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47"
#define DIFF_BN254_N \
  "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001"
#define DIFF_SECP_N \
  "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"
#define DIFF_P256_N \
  "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"
#define DIFF_BLS_N \
  "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001"
#define DIFF_BLS_P \
  "00000000000000000000000000000000" \
  "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624" \
  "1eabfffeb153ffffb9feffffffffaaab"
/* The generators of the second groups: EIP-197 (imaginary part first). */
#define DIFF_BN254_G2 \
  "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2" \
  "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed" \
  "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b" \
  "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa"
/* The generator of BLS12-381's first group, compressed. */
#define DIFF_BLS_G1_SHORT \
  "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58" \
  "6c55e83ff97a1aeffb3af00adb22c6bb"
/* A signature of P-256 with its key: digest, r, s, x, y (EIP-7951). */
#define DIFF_P256 \
  "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d" \
  "a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac" \
  "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60" \
  "4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3" \
  "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e"

static inline u32 diff_hex(u8 *out, const char *hex) {
  size_t len = strlen(hex);
  MUST(hex_decode(out, hex, len) == ERR_OK);
  return (u32)(len / 2);
}
/* p - a, both of len bytes big-endian; 0 stays. */
static inline void diff_negate(u8 *a, const char *modulus) {
  u8 p[CRYPTO_BLS_FP];
  u32 len = diff_hex(p, modulus), borrow = 0, any = 0;
  for (u32 i = 0; i < len; i++) any |= a[i];
  if (!any) return;
  for (u32 i = len; i-- > 0;) {
    u32 v = 256u + p[i] - a[i] - borrow;
    a[i] = (u8)v;
    borrow = v < 256;
  }
}

/*----------------------------------------------------------------- inputs */

/* Near its edge: a bit, a length, a word that is zero, all ones or one of the
** moduli. */
static inline void diff_mutate(struct diff_gen *d, struct diff_input *in) {
  static const char *const word[] = {DIFF_BN254_P, DIFF_BN254_N, DIFF_SECP_N,
                                     DIFF_P256_N, DIFF_BLS_N};
  u32 at = in->len >= 32 ? diff_pick(d, in->len / 32) * 32 : 0;
  switch (diff_pick(d, 7)) {
    case 0:
      if (in->len) in->bytes[diff_pick(d, in->len)] ^= (u8)(1 << diff_pick(d, 8));
      break;
    case 1: in->len = diff_pick(d, in->len + 1); break;
    case 2:
      for (u32 i = diff_pick(d, 40); i-- && in->len < DIFF_INPUT_MAX;)
        in->bytes[in->len++] = 0;
      break;
    case 3: if (in->len >= 32) memset(in->bytes + at, 0, 32); break;
    case 4: if (in->len >= 32) memset(in->bytes + at, 0xff, 32); break;
    case 5:
      if (in->len >= 32)
        diff_hex(in->bytes + at, word[diff_pick(d, ARRAY_LEN(word))]);
      break;
    default:
      if (in->len >= 64) diff_hex(in->bytes + at / 64 * 64, DIFF_BLS_P);
  }
}

static inline void diff_ecrecover(struct diff_gen *d, struct diff_input *in) {
  u8 key[32];
  hash32 digest;
  struct sig65 sig;
  diff_random(d, key, 32);
  key[0] = 0x11; /* below the order */
  diff_random(d, digest.b, 32);
  MUST(crypto_sign(&sig, key, &digest) == ERR_OK);
  memset(in->bytes, 0, 128);
  memcpy(in->bytes, digest.b, 32);
  in->bytes[63] = (u8)(27 + sig.v);
  memcpy(in->bytes + 64, sig.r, 32);
  memcpy(in->bytes + 96, sig.s, 32);
  if (diff_once(d, 3)) { /* the other half, which it takes too */
    diff_negate(in->bytes + 96, DIFF_SECP_N);
    in->bytes[63] ^= 27 ^ 28;
  }
  if (diff_once(d, 8)) in->bytes[63] = (u8)diff_pick(d, 40);
  in->len = 128;
}

static inline void diff_bytes(struct diff_gen *d, struct diff_input *in) {
  in->len = diff_pick(d, diff_once(d, 4) ? 600 : 130);
  diff_random(d, in->bytes, in->len);
}

static inline void diff_modexp(struct diff_gen *d, struct diff_input *in) {
  u32 len[3];
  memset(in->bytes, 0, 96);
  in->len = 96;
  for (u32 i = 0; i < 3; i++) {
    len[i] = diff_once(d, 6) ? 0 : diff_pick(d, diff_once(d, 4) ? 140 : 40);
    store_be32(in->bytes + 32 * i + 28, len[i]);
    u32 at = in->len;
    diff_random(d, in->bytes + at, len[i]);
    if (diff_once(d, 5)) memset(in->bytes + at, 0, len[i]);
    if (diff_once(d, 5)) memset(in->bytes + at, 0xff, len[i]);
    if (len[i] && diff_once(d, 4)) { /* a power of two, or a small one */
      memset(in->bytes + at, 0, len[i]);
      in->bytes[at + diff_pick(d, len[i])] = (u8)(1 << diff_pick(d, 8));
    }
    in->len += len[i];
  }
  if (diff_once(d, 12)) /* a length out of any measure, or just over the cap */
    store_be32(in->bytes + 32 * diff_pick(d, 3) + (diff_once(d, 2) ? 28 : 8),
               diff_once(d, 2) ? 1025 : 0xffffffff);
}

static inline void diff_bn254_g1(struct diff_gen *d, u8 out[64]) {
  u8 in[96] = {[31] = 1, [63] = 2};
  if (diff_once(d, 8)) {
    memset(out, 0, 64);
    return;
  }
  diff_random(d, in + 64, 32);
  if (diff_once(d, 4)) {
    memset(in + 64, 0, 32);
    in[95] = (u8)diff_pick(d, 4);
  }
  MUST(crypto_bn254_mul(out, in) == ERR_OK);
}
static inline void diff_bn254_add(struct diff_gen *d, struct diff_input *in) {
  diff_bn254_g1(d, in->bytes);
  diff_bn254_g1(d, in->bytes + 64);
  if (diff_once(d, 4)) memcpy(in->bytes + 64, in->bytes, 64);
  if (diff_once(d, 6)) diff_negate(in->bytes + 32, DIFF_BN254_P);
  in->len = 128;
}
static inline void diff_bn254_mul(struct diff_gen *d, struct diff_input *in) {
  diff_bn254_g1(d, in->bytes);
  diff_random(d, in->bytes + 64, 32);
  if (diff_once(d, 4)) diff_hex(in->bytes + 64, DIFF_BN254_N);
  in->len = 96;
}
static inline void diff_bn254_pairing(struct diff_gen *d,
                                      struct diff_input *in) {
  u8 *p = in->bytes;
  u32 pairs = diff_pick(d, 4);
  for (u32 i = 0; i < pairs; i++, p += 192) {
    diff_bn254_g1(d, p);
    diff_hex(p + 64, DIFF_BN254_G2);
    if (diff_once(d, 8)) memset(p + 64, 0, 128);
    if (i && !diff_once(d, 3)) { /* cancels the one before */
      memcpy(p, p - 192, 192);
      diff_negate(p + 32, DIFF_BN254_P);
    }
  }
  in->len = 192 * pairs;
}

static inline void diff_blake2f(struct diff_gen *d, struct diff_input *in) {
  diff_random(d, in->bytes, 212);
  store_be32(in->bytes, diff_pick(d, 60));
  in->bytes[212] = (u8)diff_pick(d, diff_once(d, 8) ? 256 : 2);
  in->len = 213;
}

/* A constant polynomial: its commitment is y times the generator, every proof
** is the point at infinity. */
static inline void diff_kzg(struct diff_gen *d, struct diff_input *in) {
  hash32 versioned;
  bool one = diff_once(d, 2);
  memset(in->bytes, 0, 192);
  diff_random(d, in->bytes + 33, 31);
  in->bytes[95] = one;
  if (one) diff_hex(in->bytes + 96, DIFF_BLS_G1_SHORT);
  else in->bytes[96] = 0xc0;
  in->bytes[144] = 0xc0;
  crypto_kzg_versioned_hash(&versioned, in->bytes + 96);
  memcpy(in->bytes, versioned.b, 32);
  in->len = 192;
}

static inline void diff_bls_fp(struct diff_gen *d, u8 out[64]) {
  memset(out, 0, 16);
  diff_random(d, out + 16, 48);
  out[16] &= 0x0f;
  if (diff_once(d, 6)) memset(out, 0, 64);
}
/* In the group; at times infinity, or on the curve alone: (0, 2). */
static inline void diff_bls_g1(struct diff_gen *d, u8 out[128]) {
  u8 fp[64];
  diff_bls_fp(d, fp);
  MUST(crypto_bls_map_g1(out, fp) == ERR_OK);
  if (diff_once(d, 10)) memset(out, 0, 128);
  if (diff_once(d, 16)) {
    memset(out, 0, 128);
    out[127] = 2;
  }
}
static inline void diff_bls_g2(struct diff_gen *d, u8 out[256]) {
  u8 fp[128];
  diff_bls_fp(d, fp);
  diff_bls_fp(d, fp + 64);
  MUST(crypto_bls_map_g2(out, fp) == ERR_OK);
  if (diff_once(d, 10)) memset(out, 0, 256);
}
static inline void diff_bls_g1_add(struct diff_gen *d, struct diff_input *in) {
  diff_bls_g1(d, in->bytes);
  diff_bls_g1(d, in->bytes + 128);
  if (diff_once(d, 4)) memcpy(in->bytes + 128, in->bytes, 128);
  if (diff_once(d, 6)) diff_negate(in->bytes + 64, DIFF_BLS_P);
  in->len = 256;
}
static inline void diff_bls_g2_add(struct diff_gen *d, struct diff_input *in) {
  diff_bls_g2(d, in->bytes);
  diff_bls_g2(d, in->bytes + 256);
  if (diff_once(d, 4)) memcpy(in->bytes + 256, in->bytes, 256);
  if (diff_once(d, 6)) {
    diff_negate(in->bytes + 128, DIFF_BLS_P);
    diff_negate(in->bytes + 192, DIFF_BLS_P);
  }
  in->len = 512;
}
static inline void diff_bls_scalar(struct diff_gen *d, u8 out[32]) {
  diff_random(d, out, 32);
  if (diff_once(d, 5)) memset(out, 0, 31);
  if (diff_once(d, 8)) diff_hex(out, DIFF_BLS_N);
}
static inline void diff_bls_g1_msm(struct diff_gen *d, struct diff_input *in) {
  u32 cnt = 1 + diff_pick(d, diff_once(d, 6) ? 8 : 3);
  for (u32 i = 0; i < cnt; i++) {
    diff_bls_g1(d, in->bytes + 160 * i);
    diff_bls_scalar(d, in->bytes + 160 * i + 128);
  }
  in->len = 160 * cnt;
}
static inline void diff_bls_g2_msm(struct diff_gen *d, struct diff_input *in) {
  u32 cnt = 1 + diff_pick(d, 3);
  for (u32 i = 0; i < cnt; i++) {
    diff_bls_g2(d, in->bytes + 288 * i);
    diff_bls_scalar(d, in->bytes + 288 * i + 256);
  }
  in->len = 288 * cnt;
}
static inline void diff_bls_pairing(struct diff_gen *d,
                                    struct diff_input *in) {
  u8 *p = in->bytes;
  u32 pairs = 1 + diff_pick(d, 3);
  for (u32 i = 0; i < pairs; i++, p += 384) {
    diff_bls_g1(d, p);
    diff_bls_g2(d, p + 128);
    if (i && !diff_once(d, 3)) {
      memcpy(p, p - 384, 384);
      diff_negate(p + 64, DIFF_BLS_P);
    }
  }
  in->len = 384 * pairs;
}
static inline void diff_bls_map_fp(struct diff_gen *d, struct diff_input *in) {
  diff_bls_fp(d, in->bytes);
  in->len = 64;
}
static inline void diff_bls_map_fp2(struct diff_gen *d,
                                    struct diff_input *in) {
  diff_bls_fp(d, in->bytes);
  diff_bls_fp(d, in->bytes + 64);
  in->len = 128;
}
static inline void diff_p256(struct diff_gen *d, struct diff_input *in) {
  in->len = diff_hex(in->bytes, DIFF_P256);
  if (diff_once(d, 3)) diff_negate(in->bytes + 64, DIFF_P256_N);
}

static inline void diff_make_input(struct diff_gen *d, struct diff_input *in) {
  static const struct {
    u64 addr;
    enum evm_fork since;
    void (*make)(struct diff_gen *d, struct diff_input *in);
  } row[] = {
    {1, EVM_FRONTIER, diff_ecrecover}, {2, EVM_FRONTIER, diff_bytes},
    {3, EVM_FRONTIER, diff_bytes}, {4, EVM_FRONTIER, diff_bytes},
    {5, EVM_BYZANTIUM, diff_modexp}, {6, EVM_BYZANTIUM, diff_bn254_add},
    {7, EVM_BYZANTIUM, diff_bn254_mul}, {8, EVM_BYZANTIUM, diff_bn254_pairing},
    {9, EVM_ISTANBUL, diff_blake2f}, {0xa, EVM_CANCUN, diff_kzg},
    {0xb, EVM_PRAGUE, diff_bls_g1_add}, {0xc, EVM_PRAGUE, diff_bls_g1_msm},
    {0xd, EVM_PRAGUE, diff_bls_g2_add}, {0xe, EVM_PRAGUE, diff_bls_g2_msm},
    {0xf, EVM_PRAGUE, diff_bls_pairing}, {0x10, EVM_PRAGUE, diff_bls_map_fp},
    {0x11, EVM_PRAGUE, diff_bls_map_fp2}, {0x100, EVM_OSAKA, diff_p256},
  };
  u32 i = diff_pick(d, ARRAY_LEN(row));
  while (row[i].since > d->fork) i = diff_pick(d, ARRAY_LEN(row));
  in->addr = row[i].addr;
  row[i].make(d, in);
  if (diff_once(d, 3)) diff_mutate(d, in);
}

/*------------------------------------------------------------------- steps */

/* Pushes in the order given: the last is the top. */
#define DIFF_PUSH(d, ...) \
  do { \
    const u64 push_[] = {__VA_ARGS__}; \
    for (u32 i_ = 0; i_ < ARRAY_LEN(push_); i_++) \
      gen_push_u64(&(d)->g, push_[i_]); \
  } while (0)

/* What is on top goes into a slot, or, cheaper, into a log. */
static inline void diff_keep(struct diff_gen *d) {
  if (diff_once(d, 4)) {
    DIFF_PUSH(d, 16 + diff_pick(d, 6));
    gen_op(&d->g, 0x55, 2, 0);
  } else {
    DIFF_PUSH(d, 0, 0);
    gen_op(&d->g, 0xa1, 3, 0);
  }
}
static inline void diff_keep_return_data(struct diff_gen *d) {
  struct gen *g = &d->g;
  if (d->fork < EVM_BYZANTIUM) return;
  gen_op(g, 0x3d, 0, 1);
  DIFF_PUSH(d, 0, 0);
  gen_op(g, 0x3e, 3, 0);
  gen_op(g, 0x3d, 0, 1);
  DIFF_PUSH(d, 0);
  gen_op(g, 0x20, 2, 1);
  diff_keep(d);
}
/* Gas, mostly all there is. */
static inline void diff_push_gas(struct diff_gen *d) {
  if (diff_pick(d, 5)) gen_op(&d->g, 0x5a, 0, 1);
  else gen_push_u64(&d->g, diff_pick(d, 60000));
}
static inline u8 diff_call_op(struct diff_gen *d) {
  static const struct { u8 op; enum evm_fork since; } row[] = {
    {0xf1, EVM_FRONTIER}, {0xf1, EVM_FRONTIER}, {0xf2, EVM_FRONTIER},
    {0xf4, EVM_HOMESTEAD}, {0xfa, EVM_BYZANTIUM},
  };
  u32 i = diff_pick(d, ARRAY_LEN(row));
  while (row[i].since > d->fork) i--;
  return row[i].op;
}
/* in: offset and length of what is handed over. */
static inline void diff_call(struct diff_gen *d, u64 to, u64 in_off,
                             u64 in_len) {
  u8 op = diff_call_op(d);
  bool value = op < 0xf4;
  DIFF_PUSH(d, diff_pick(d, 300), diff_once(d, 2) ? 0 : diff_pick(d, 90));
  DIFF_PUSH(d, in_len, in_off);
  if (value) gen_push_u64(&d->g, diff_once(d, 3) ? diff_pick(d, 3) : 0);
  gen_push_u64(&d->g, to);
  diff_push_gas(d);
  gen_op(&d->g, op, value ? 7 : 6, 1);
  diff_keep(d);
  if (diff_pick(d, 4)) diff_keep_return_data(d);
}
static inline void diff_copy_code(struct diff_gen *d, u64 from, u64 to_off,
                                  u64 len) {
  DIFF_PUSH(d, len, 0, to_off, from);
  gen_op(&d->g, 0x3c, 4, 0);
}
static inline void diff_step_precompile(struct diff_gen *d) {
  u32 k = diff_pick(d, DIFF_DATA_CNT);
  const struct diff_input *in = &d->input[k];
  u64 off = diff_once(d, 3) ? diff_pick(d, 70) : 0;
  diff_copy_code(d, DIFF_DATA + k, off, in->len);
  diff_call(d, in->addr, off, in->len);
}
static inline u64 diff_world_addr(struct diff_gen *d) {
  static const u32 world[] = {0xc0de, 0xaa, 0xab, 0xac, 0xad, 0xca11, 0xdead,
                              0xe000, 0xdc00, 3, 2, 4, 0xbeef};
  return world[diff_pick(d, ARRAY_LEN(world))];
}
static inline void diff_step_call(struct diff_gen *d) {
  diff_call(d, diff_world_addr(d), diff_pick(d, 60), diff_pick(d, 200));
}
/* Makes a contract and calls it. */
static inline void diff_step_create(struct diff_gen *d) {
  struct gen *g = &d->g;
  u32 k = diff_pick(d, DIFF_INIT_CNT);
  bool salted = d->fork >= EVM_CONSTANTINOPLE && diff_once(d, 2);
  u32 len = d->init_len[k];
  if (diff_once(d, 5)) len = diff_pick(d, len + 1);
  diff_copy_code(d, DIFF_INIT + k, 0, d->init_len[k]);
  if (salted) gen_push_u64(g, diff_pick(d, 2));
  DIFF_PUSH(d, len, 0, diff_pick(d, 3));
  gen_op(g, salted ? 0xf5 : 0xf0, salted ? 4 : 3, 1);
  gen_op(g, 0x80, 1, 2);
  diff_keep(d);
  diff_keep_return_data(d);
  if (diff_once(d, 4)) return;
  /* address below: 0 0 0 0 value, then DUP6 */
  DIFF_PUSH(d, diff_pick(d, 40), 0, diff_pick(d, 40), 0, diff_pick(d, 2));
  gen_op(g, 0x85, 6, 7);
  diff_push_gas(d);
  gen_op(g, 0xf1, 7, 1);
  diff_keep(d);
}
static inline void diff_step_storage(struct diff_gen *d) {
  u32 n = 1 + diff_pick(d, 4);
  u64 slot = diff_pick(d, 4);
  bool transient = d->fork >= EVM_CANCUN && diff_once(d, 4);
  while (n--) {
    DIFF_PUSH(d, diff_once(d, 2) ? 0 : diff_pick(d, 7), slot);
    gen_op(&d->g, transient ? 0x5d : 0x55, 2, 0);
  }
  gen_push_u64(&d->g, slot);
  gen_op(&d->g, transient ? 0x5c : 0x54, 1, 1);
  diff_keep(d);
}
static inline void diff_step_account(struct diff_gen *d) {
  static const u8 op[] = {0x31, 0x3b, 0x3f, 0x31};
  gen_push_u64(&d->g, diff_world_addr(d));
  gen_op(&d->g, op[diff_pick(d, d->fork >= EVM_CONSTANTINOPLE ? 4 : 2)], 1, 1);
  diff_keep(d);
}
static inline void diff_step_gas(struct diff_gen *d) {
  gen_op(&d->g, 0x5a, 0, 1);
  diff_keep(d);
}
static inline void diff_step_memory_hash(struct diff_gen *d) {
  DIFF_PUSH(d, diff_pick(d, 400), diff_pick(d, 100));
  gen_op(&d->g, 0x20, 2, 1);
  diff_keep(d);
}
static inline void diff_step_destruct(struct diff_gen *d) {
  if (!diff_once(d, 3)) return;
  gen_push_u64(&d->g, diff_world_addr(d));
  gen_op(&d->g, 0xff, 1, 0);
}
/* An offset or length at which sums overflow, or a price does. */
static inline void diff_step_far_memory(struct diff_gen *d) {
  static const u64 far[] = {0xffffffffffffffff, 0xffffffffffffffe0,
                            0xffffffffffffffe1, 0x8000000000000000,
                            0x7fffffffffffffff, 0x1fffffffe0, 0x1fffffffe1,
                            0x100000000, 0xffffffff, 0xffffffe0, 0xffff};
  static const u8 op[] = {0x37, 0x39, 0x5e, 0x3e, 0x20, 0xa0, 0x51, 0x52};
  u8 o = op[diff_pick(d, ARRAY_LEN(op))];
  u32 in = d->rules.op[o].in;
  if (!diff_once(d, 4)) return;
  for (u32 i = 0; i < in; i++)
    gen_push_u64(&d->g, diff_once(d, 2)
                            ? far[diff_pick(d, ARRAY_LEN(far))] : 0);
  gen_op(&d->g, o, (int)in, d->rules.op[o].out);
}

/* An operation that the fork has, with the same effect on the stack. */
static inline u8 diff_substitute(const struct diff_gen *d, u8 op) {
  static const u8 row[][2] = {
    {0x1b, 0x01}, {0x1c, 0x02}, {0x1d, 0x03}, {0x1e, 0x15}, {0x3d, 0x36},
    {0x3e, 0x37}, {0x3f, 0x31}, {0x46, 0x43}, {0x47, 0x44}, {0x48, 0x45},
    {0x49, 0x54}, {0x4a, 0x30}, {0x5c, 0x54}, {0x5d, 0x55}, {0x5e, 0x37},
    {0x5f, 0x36}, {0xf4, 0xf4}, {0xfa, 0xf4}, {0xfd, 0xf3},
  };
  if (!d->rules.op[op].defined)
    for (u32 i = 0; i < ARRAY_LEN(row); i++)
      if (row[i][0] == op) return row[i][1];
  return op;
}
static inline void diff_fit(struct diff_gen *d, u32 from) {
  u8 *code = d->g.code;
  for (u32 i = from; i < d->g.code_len; i++) {
    code[i] = diff_substitute(d, code[i]);
    if (code[i] >= 0x60 && code[i] <= 0x7f) i += code[i] - 0x5fu;
  }
}
static inline void diff_step(struct diff_gen *d) {
  static void (*const step[])(struct diff_gen *) = {
    diff_step_precompile, diff_step_precompile, diff_step_call, diff_step_call,
    diff_step_create, diff_step_storage, diff_step_storage, diff_step_account,
    diff_step_gas, diff_step_memory_hash, diff_step_destruct,
    diff_step_far_memory,
  };
  u32 from = d->g.code_len;
  if (diff_pick(d, 100) < 82) gen_step(&d->g);
  else step[diff_pick(d, ARRAY_LEN(step))](d);
  if (diff_pick(d, 50)) diff_fit(d, from);
}

/* Ends a code: labels filled in, its memory returned more often than not. */
static inline void diff_finish(struct diff_gen *d) {
  struct gen *g = &d->g;
  if (g->label_cnt == GEN_LABELS) g->label_cnt--;
  g->label[g->label_cnt++] = g->code_len;
  gen_byte(g, 0x5b);
  if (diff_pick(d, 4)) {
    DIFF_PUSH(d, diff_pick(d, 120), diff_pick(d, 40));
    gen_op(g, diff_once(d, 6) ? 0xfd : 0xf3, 2, 0);
  }
  for (u32 i = 0; i < g->hole_cnt; i++) {
    u32 to = g->label[diff_pick(d, g->label_cnt)];
    if (to < g->hole[i] && diff_pick(d, 8)) to = g->label[g->label_cnt - 1];
    if (diff_once(d, 60)) to++;
    g->code[g->hole[i]] = (u8)(to >> 8);
    g->code[g->hole[i] + 1] = (u8)to;
  }
}
static inline slice diff_code(struct diff_gen *d, u32 steps_max) {
  struct gen *g = &d->g;
  g->code_len = g->label_cnt = g->hole_cnt = 0;
  g->height = 0;
  if (diff_once(d, 40)) { /* any bytes */
    g->code_len = 1 + diff_pick(d, 100);
    diff_random(d, g->code, g->code_len);
  } else {
    for (u32 i = 2 + diff_pick(d, steps_max); i--;) diff_step(d);
    diff_finish(d);
  }
  return slice_of(g->code, g->code_len);
}
/* Init code: either any code, or one that returns what follows it. */
static inline void diff_make_init(struct diff_gen *d, u32 k) {
  enum { HEAD = 12 };
  slice body = diff_code(d, 30);
  u8 *out = d->init[k];
  if (diff_once(d, 3)) {
    memcpy(out, body.ptr, body.len);
    d->init_len[k] = (u32)body.len;
    return;
  }
  const u8 head[HEAD] = {0x61, (u8)(body.len >> 8), (u8)body.len, 0x80, 0x60,
                         HEAD, 0x60, 0, 0x39, 0x60, 0, 0xf3};
  memcpy(out, head, HEAD);
  memcpy(out + HEAD, body.ptr, body.len);
  d->init_len[k] = HEAD + (u32)body.len;
}
#endif
