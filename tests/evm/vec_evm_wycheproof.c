/* vec_evm_wycheproof.c - project Wycheproof's ECDSA vectors for secp256k1 and
** P-256 through the precompiles: ECRECOVER must find the key of a valid
** signature and of no other, P256VERIFY must say the same as the vector.
**
** The precompiles take a digest and 32-byte r and s.  So the messages are
** hashed here (SHA-2, SHA-3 and SHAKE; the leftmost 256 bits count, SHAKE128
** gives 256 bits, SHAKE256 512) and DER is read strictly; what has no 32-byte r
** and s is invalid before any precompile is asked.  Both take a high s, which
** the Bitcoin variant forbids.  ECRECOVER has no way to name x = r + n, so
** valid signatures with a tiny r are not expected of it. */
#include "evm_test_host.h"

#include <mbedtls/md.h>

#include "crypto/hash.h"

static struct th *host;

/*------------------------------------------------------------------ digests */

/* Keccak-f[1600] of FIPS 202, plainly. */
static void sponge_permute(u64 a[25]) {
  u8 lfsr = 1;
  for (int round = 0; round < 24; round++) {
    u64 c[5], b[25];
    for (int x = 0; x < 5; x++)
      c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (int i = 0; i < 25; i++) {
      u64 d = c[(i + 1) % 5];
      a[i] ^= c[(i + 4) % 5] ^ (d << 1 | d >> 63);
    }
    b[0] = a[0];
    for (int t = 0, x = 1, y = 0, r = 0; t < 24; t++) {
      r = (r + t + 1) % 64;
      u64 v = a[x + 5 * y];
      int next = (2 * x + 3 * y) % 5;
      b[y + 5 * next] = r ? v << r | v >> (64 - r) : v;
      x = y;
      y = next;
    }
    for (int i = 0; i < 25; i++)
      a[i] = b[i] ^ (~b[i / 5 * 5 + (i + 1) % 5] & b[i / 5 * 5 + (i + 2) % 5]);
    for (int j = 0; j < 7; j++) {
      if (lfsr & 1) a[0] ^= (u64)1 << ((1 << j) - 1);
      lfsr = (u8)(lfsr << 1 ^ (lfsr >> 7) * 0x71);
    }
  }
}
/* The first 32 bytes. */
static void sponge(u8 out[32], slice in, size_t rate, u8 padding) {
  u64 a[25] = {0};
  u8 *bytes = (u8 *)a;
  size_t at = 0;
  for (size_t i = 0; i < in.len; i++) {
    bytes[at++] ^= in.ptr[i];
    if (at == rate) {
      sponge_permute(a);
      at = 0;
    }
  }
  bytes[at] ^= padding;
  bytes[rate - 1] ^= 0x80;
  sponge_permute(a);
  memcpy(out, bytes, 32);
}
static void digest_of(u8 out[32], const char *hash, slice msg) {
  static const struct { const char *name; size_t rate; u8 padding; } row[] = {
    {"SHA3-256", 136, 0x06}, {"SHA3-512", 72, 0x06},
    {"SHAKE128", 168, 0x1f}, {"SHAKE256", 136, 0x1f},
  };
  u8 wide[64];
  if (!strcmp(hash, "SHA-256")) {
    crypto_sha256(out, msg.ptr, msg.len);
    return;
  }
  if (!strcmp(hash, "SHA-512")) {
    mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA512), msg.ptr, msg.len,
               wide);
    memcpy(out, wide, 32);
    return;
  }
  for (size_t i = 0; i < ARRAY_LEN(row); i++)
    if (!strcmp(hash, row[i].name)) {
      sponge(out, msg, row[i].rate, row[i].padding);
      return;
    }
  fail_msg("hash %s is not known", hash);
}

/*---------------------------------------------------------------------- DER */

/* One INTEGER of at most 256 bits, not negative and without a needless zero;
** in moves past it. */
static bool der_integer(slice *in, u8 out[32]) {
  if (in->len < 3 || in->ptr[0] != 2) return false;
  size_t len = in->ptr[1];
  const u8 *p = in->ptr + 2;
  if (len == 0 || len > 33 || len + 2 > in->len || p[0] & 0x80) return false;
  if (len > 1 && p[0] == 0 && !(p[1] & 0x80)) return false;
  *in = slice_of(p + len, in->len - 2 - len);
  if (p[0] == 0) {
    p++;
    len--;
  }
  if (len > 32) return false;
  memset(out, 0, 32);
  memcpy(out + 32 - len, p, len);
  return true;
}
static bool der_signature(u8 r_s[64], slice sig) {
  if (sig.len < 2 || sig.ptr[0] != 0x30 || sig.ptr[1] != sig.len - 2)
    return false;
  slice in = slice_of(sig.ptr + 2, sig.len - 2);
  return der_integer(&in, r_s) && der_integer(&in, r_s + 32) && in.len == 0;
}

/*-------------------------------------------------------------- precompiles */

static bool recovers(const u8 digest[32], const u8 r_s[64], slice pub) {
  u8 in[128] = {0};
  hash32 key;
  bool found = false;
  crypto_keccak256(&key, pub.ptr + 1, 64);
  memcpy(in, digest, 32);
  memcpy(in + 64, r_s, 64);
  for (in[63] = 27; in[63] <= 28; in[63]++) {
    struct evm_result r = th_call(host, 1, 3000, slice_of(in, sizeof in));
    assert_status(r, EVM_SUCCESS);
    assert_true(r.output.len == 0 || r.output.len == 32);
    found |= r.output.len && memcmp(r.output.ptr + 12, key.b + 12, 20) == 0;
  }
  return found;
}
static bool verifies(const u8 digest[32], const u8 r_s[64], slice pub) {
  u8 in[160];
  memcpy(in, digest, 32);
  memcpy(in + 32, r_s, 64);
  memcpy(in + 96, pub.ptr + 1, 64);
  struct evm_result r = th_call(host, 0x100, 6900, slice_of(in, sizeof in));
  assert_status(r, EVM_SUCCESS);
  return r.output.len != 0;
}

static void check(const char *file, const json_t *group, const json_t *test) {
  slice pub = vec_bytes(json_object_get(group, "publicKey"), "uncompressed");
  slice msg = vec_bytes(test, "msg"), sig = vec_bytes(test, "sig");
  bool p256 = strstr(file, "secp256r1") != NULL;
  u8 digest[32], r_s[64];
  assert_int_equal(pub.len, 65);
  digest_of(digest, vec_text(group, "sha"), msg);
  bool ok = strstr(file, "p1363") ? sig.len == 64 : der_signature(r_s, sig);
  if (ok && strstr(file, "p1363")) memcpy(r_s, sig.ptr, 64);
  bool tiny = ok && !p256 && memcmp(r_s, (u8[15]){0}, 15) == 0;
  if (ok && strstr(file, "bitcoin")) ok = !crypto_sig_s_is_high(r_s + 32);
  if (ok)
    ok = p256 ? verifies(digest, r_s, pub) : recovers(digest, r_s, pub);
  if (strcmp(vec_text(test, "result"), ok ? "invalid" : "valid") == 0 && !tiny)
    fail_msg("%s %lld: %s", file,
             (long long)json_integer_value(json_object_get(test, "tcId")),
             vec_text(test, "comment"));
  vec_free(pub);
  vec_free(msg);
  vec_free(sig);
}

static void run_file(const char *name) {
  char path[128];
  size_t i, j, cnt = 0;
  json_t *group, *test;
  snprintf(path, sizeof path, "wycheproof/ecdsa_%s_test.json", name);
  json_t *root = vec_load(path);
  th_begin(host, EVM_OSAKA);
  json_array_foreach(json_object_get(root, "testGroups"), i, group)
    json_array_foreach(json_object_get(group, "tests"), j, test) {
      check(path, group, test);
      cnt++;
    }
  assert_true(cnt > 100);
  json_decref(root);
}

#define ROWS(X) \
  X(secp256k1_sha256) X(secp256k1_sha256_p1363) X(secp256k1_sha256_bitcoin) \
  X(secp256k1_sha3_256) X(secp256k1_sha3_512) X(secp256k1_sha512) \
  X(secp256k1_sha512_p1363) X(secp256k1_shake128) \
  X(secp256k1_shake128_p1363) X(secp256k1_shake256) \
  X(secp256k1_shake256_p1363) X(secp256r1_sha256) X(secp256r1_sha256_p1363) \
  X(secp256r1_sha3_256) X(secp256r1_sha3_512) X(secp256r1_sha512) \
  X(secp256r1_sha512_p1363) X(secp256r1_shake128) X(secp256r1_shake128_p1363)

#define CASE(name) \
  static void name##_when_verified_then_as_published(void **s) { \
    (void)s; \
    run_file(#name); \
  }
ROWS(CASE)
#undef CASE

int main(void) {
  const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test(name##_when_verified_then_as_published),
    ROWS(CASE)
#undef CASE
  };
  host = th_open();
  int failed = cmocka_run_group_tests_name("evm_wycheproof", tests, NULL, NULL);
  th_close(host);
  return failed;
}
