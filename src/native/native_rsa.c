/* native_rsa.c - native function 0x..1103, RSA: signatures by RSASSA-PKCS1-v1_5
** and RSASSA-PSS (RFC 8017) with SHA-256, MGF1 with SHA-256.
**
** digest is the message's SHA-256; n, e and sig are big-endian, n and e may
** begin with zeros, sig is as long as the modulus.  False, never an error, for
** a modulus that is even or not of 1,024 to 4,096 bits, an exponent that is
** even, 1 or of more than 256 bits, a signature of another length or not below
** n.  salt: the salt's length, exactly.
** Price: 2,000 + ceil(k / 8)^2 * bits(e) / 3, k the modulus' bytes. */
#include "crypto/hash.h"
#include "crypto/modexp.h"
#include "native/native.h"

#define ID(what, name) nrsa_##what##_##name
#include "module/pass_struct.inc"
#include "native/rsa.def"
#include "module/pass_param.inc"
#include "native/rsa.def"
static const struct module_row nrsa_rows[] = {
#include "module/pass_row.inc"
#include "native/rsa.def"
};
#include "module/pass_end.inc"

enum { NRSA_NUMBER = 0x1103, NRSA_LEAST = 128, NRSA_MOST = 512, NRSA_EXP = 32 };

const struct module_def native_rsa = {
  .name = "RsaFunction", .text = "RSA, as a function",
  .number = NRSA_NUMBER, .row = nrsa_rows, .row_cnt = ARRAY_LEN(nrsa_rows),
  .is_function = true};

/* Without leading zeros; at most NRSA_MOST of them are looked at. */
static slice nrsa_trim(slice s) {
  for (u32 i = 0; i < NRSA_MOST && s.len && s.ptr[0] == 0; i++)
    s.ptr++, s.len--;
  return s;
}
static u32 nrsa_bits(slice s) {
  return (u32)s.len * 8 - (u32)__builtin_clz(s.ptr[0]) + 24;
}

/* sig^e mod n, as long as n; false: no valid signature, or gas is short. */
static bool nrsa_open(struct module_call *c, u8 em[NRSA_MOST], slice *n,
                      slice e, slice sig) {
  *n = nrsa_trim(*n);
  e = nrsa_trim(e);
  if (n->len < NRSA_LEAST || n->len > NRSA_MOST || !(n->ptr[n->len - 1] & 1) ||
      (n->len == NRSA_LEAST && n->ptr[0] < 0x80))
    return false;
  if (e.len == 0 || e.len > NRSA_EXP || !(e.ptr[e.len - 1] & 1) ||
      (e.len == 1 && e.ptr[0] == 1))
    return false;
  if (sig.len != n->len || memcmp(sig.ptr, n->ptr, n->len) >= 0) return false;
  u64 words = (n->len + 7) / 8;
  if (!evm_native_charge(c->n, words * words * nrsa_bits(e) / 3)) return false;
  crypto_modexp(em, sig, e, *n);
  return true;
}

static enum module_end nrsa_do_verify_pkcs1(
    struct module_call *c, const struct nrsa_in_verify_pkcs1 *in,
    struct nrsa_out_verify_pkcs1 *out) {
  /* DigestInfo of SHA-256: what stands before the digest. */
  static const u8 info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                            0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                            0x01, 0x05, 0x00, 0x04, 0x20};
  u8 em[NRSA_MOST], want[NRSA_MOST];
  slice n = in->n;
  if (!nrsa_open(c, em, &n, in->e, in->sig)) return MODULE_DONE;
  u8 *digest = want + n.len - 32, *head = digest - sizeof info;
  memset(want, 0xff, n.len);
  want[0] = 0;
  want[1] = 1;
  head[-1] = 0;
  memcpy(head, info, sizeof info);
  memcpy(digest, in->digest.b, 32);
  out->valid = memcmp(em, want, n.len) == 0;
  return MODULE_DONE;
}

/* db ^= MGF1(seed) */
static void nrsa_mask(u8 *db, size_t len, const u8 seed[32]) {
  u8 text[36], h[32];
  memcpy(text, seed, 32);
  for (u32 i = 0; i * 32 < len; i++) {
    store_be32(text + 32, i);
    crypto_sha256(h, text, sizeof text);
    for (u32 k = 0; k < 32 && i * 32 + k < len; k++) db[i * 32 + k] ^= h[k];
  }
}
/* RFC 8017, 9.1.2: em of bits bits. */
static bool nrsa_pss(u8 *em, u32 bits, const u8 digest[32], u32 salt_len) {
  u8 text[8 + 32 + 255] = {0}, h[32];
  u32 len = (bits + 7) / 8, zero_bits = 8 * len - bits;
  if (len < 32 + salt_len + 2 || em[len - 1] != 0xbc) return false;
  u32 db_len = len - 33, ps_len = db_len - salt_len - 1;
  u8 *hash = em + db_len;
  if (zero_bits && em[0] >> (8 - zero_bits)) return false;
  nrsa_mask(em, db_len, hash);
  em[0] &= (u8)(0xff >> zero_bits);
  for (u32 i = 0; i < ps_len; i++)
    if (em[i]) return false;
  if (em[ps_len] != 1) return false;
  memcpy(text + 8, digest, 32);
  memcpy(text + 40, em + ps_len + 1, salt_len);
  crypto_sha256(h, text, 40 + salt_len);
  return memcmp(h, hash, 32) == 0;
}

static enum module_end nrsa_do_verify_pss(struct module_call *c,
                                          const struct nrsa_in_verify_pss *in,
                                          struct nrsa_out_verify_pss *out) {
  u8 em[NRSA_MOST];
  slice n = in->n;
  if (!nrsa_open(c, em, &n, in->e, in->sig)) return MODULE_DONE;
  u32 bits = nrsa_bits(n) - 1, spare = bits % 8 == 0; /* a leading zero byte */
  if (spare && em[0]) return MODULE_DONE;
  out->valid = nrsa_pss(em + spare, bits, in->digest.b, in->salt);
  return MODULE_DONE;
}
#undef ID
