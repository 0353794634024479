/* test_native_crypto.c - RSA, scrypt, Ed25519 and Merkle as functions: the
** vectors of RFC 7914 and 8032, signatures that openssl made, libsodium as the
** other side of random ones, and what must not hold. */
#include "native_fixture.h"

#include <sodium/core.h>
#include <sodium/crypto_core_ed25519.h>
#include <sodium/crypto_hash_sha512.h>
#include <sodium/crypto_scalarmult_ed25519.h>
#include <sodium/crypto_sign_ed25519.h>

#include "crypto/hash.h"
#include "crypto/keystore.h"

/*----------------------------------------------------------------- Ed25519 */

#define ED 0x1105
#define ED_VERIFY "verify(bytes32,bytes,bytes32,bytes32)"
#define ED_MANY "verifyMany(bytes32[],bytes[],bytes32[],bytes32[])"

static bool ed_holds(const u8 *pk, slice m, const u8 *sig) {
  assert_true(nf_call(ED, ED_VERIFY, "hbhh", pk, m, sig, sig + 32));
  return nf_u();
}

static void ed25519_when_of_rfc_8032_holds(void **st) {
  (void)st;
  static const char *const rows[][3] = {
    {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb88215"
     "90a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e4"
     "3e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
     "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b53"
     "8d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {"ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a"
     "274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9"
     "ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    slice pk = nf_hex(rows[i][0]), m = nf_hex(rows[i][1]);
    slice sig = nf_hex(rows[i][2]);
    assert_true(ed_holds(pk.ptr, m, sig.ptr));
    assert_int_equal(nf_used(), 8000 + 16 * ((m.len + 31) / 32));
    for (u32 bit = 0; bit < 512; bit += 37) {
      ((u8 *)sig.ptr)[bit / 8] ^= 1 << bit % 8;
      assert_false(ed_holds(pk.ptr, m, sig.ptr));
      ((u8 *)sig.ptr)[bit / 8] ^= 1 << bit % 8;
    }
  }
}

/* seed, pk and a signature of m. */
static void ed_make(u8 pk[32], u8 sig[64], u32 number, slice m) {
  u8 seed[32] = {0}, sk[64];
  store_be32(seed, number);
  crypto_sign_ed25519_seed_keypair(pk, sk, seed);
  crypto_sign_ed25519_detached(sig, NULL, m.ptr, m.len, sk);
}

static void ed25519_when_random_holds_as_libsodium_says(void **st) {
  (void)st;
  u8 pk[32], sig[64], text[300];
  for (u32 i = 0; i < 300; i++) {
    for (u32 k = 0; k < i; k++) text[k] = (u8)(k * 7 + i);
    slice m = slice_of(text, i);
    ed_make(pk, sig, i, m);
    assert_true(ed_holds(pk, m, sig));
    sig[i % 64] ^= 1 << i % 8;
    assert_false(ed_holds(pk, m, sig));
    sig[i % 64] ^= 1 << i % 8;
    pk[i % 32] ^= 1 << i % 7;
    assert_int_equal(ed_holds(pk, m, sig),
                     crypto_sign_ed25519_verify_detached(sig, text, i, pk) ==
                         0);
  }
}

/* s + order */
static void ed_add_order(u8 s[32]) {
  static const u8 order[32] = {
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2,
    0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
  u32 carry = 0;
  for (u32 i = 0; i < 32; i++) {
    carry += s[i] + order[i];
    s[i] = (u8)carry;
    carry >>= 8;
  }
}

static void ed25519_when_malleable_or_small_is_refused(void **st) {
  (void)st;
  /* The points of order 1, 2, 4 and 8, and encodings that are not canonical. */
  static const char *const bad[] = {
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0200000000000000000000000000000000000000000000000000000000000000"};
  slice m = slice_str("message");
  u8 pk[32], sig[64], zero[32] = {0}, one[32] = {1};
  ed_make(pk, sig, 7, m);
  assert_true(ed_holds(pk, m, sig));
  ed_add_order(sig + 32);
  assert_false(ed_holds(pk, m, sig));
  for (u32 i = 0; i < ARRAY_LEN(bad); i++) {
    slice key = nf_hex(bad[i]);
    /* 0 B - k A is of small order too, so R = 1 would do for some m. */
    for (u8 k = 0; k < 16; k++) {
      memcpy(sig, one, 32);
      memcpy(sig + 32, zero, 32);
      assert_false(ed_holds(key.ptr, slice_of(&k, 1), sig));
      memcpy(sig, key.ptr, 32);
      assert_false(ed_holds(key.ptr, slice_of(&k, 1), sig));
    }
  }
  memset(sig, 0xff, 64);
  assert_false(ed_holds(pk, m, sig));
}

/* R with a part of order 8: only a check with the cofactor would take it. */
static void ed25519_when_only_the_cofactor_would_do_is_refused(void **st) {
  (void)st;
  u8 seed[32] = {9}, pk[32], sk[64], h[64], a[32], r[32] = {5}, sig[64];
  u8 k[32], ka[32], text[71];
  slice m = slice_str("message");
  slice torsion = nf_hex(
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
  crypto_sign_ed25519_seed_keypair(pk, sk, seed);
  crypto_hash_sha512(h, seed, 32);
  memcpy(a, h, 32);
  a[0] &= 248, a[31] &= 127, a[31] |= 64;
  u8 wide[64] = {0}, reduced[32];
  memcpy(wide, a, 32);
  crypto_core_ed25519_scalar_reduce(reduced, wide);
  for (int part = 0; part < 2; part++) {
    crypto_scalarmult_ed25519_base_noclamp(sig, r);
    if (part) assert_int_equal(crypto_core_ed25519_add(sig, sig, torsion.ptr),
                               0);
    memcpy(text, sig, 32);
    memcpy(text + 32, pk, 32);
    memcpy(text + 64, m.ptr, m.len);
    crypto_hash_sha512(h, text, 64 + m.len);
    crypto_core_ed25519_scalar_reduce(k, h);
    crypto_core_ed25519_scalar_mul(ka, k, reduced);
    crypto_core_ed25519_scalar_add(sig + 32, r, ka);
    assert_int_equal(ed_holds(pk, m, sig), !part);
  }
}

static void ed25519_when_many_all_must_hold(void **st) {
  (void)st;
  enum { CNT = 5 };
  u8 pk[CNT][32], sig[64], r[CNT][32], s[CNT][32];
  slice m[CNT];
  static const char *const text[CNT] = {"", "a", "bc", "def", "ghij"};
  for (u32 i = 0; i < CNT; i++) {
    m[i] = slice_str(text[i]);
    ed_make(pk[i], sig, i, m[i]);
    memcpy(r[i], sig, 32);
    memcpy(s[i], sig + 32, 32);
  }
  assert_true(nf_call(ED, ED_MANY, "HSHH", CNT, pk, CNT, m, CNT, r, CNT, s));
  assert_true(nf_u());
  assert_int_equal(nf_used(), 8000 * CNT + 16 * 4);
  s[4][3] ^= 1;
  assert_true(nf_call(ED, ED_MANY, "HSHH", CNT, pk, CNT, m, CNT, r, CNT, s));
  assert_false(nf_u());
  assert_true(nf_call(ED, ED_MANY, "HSHH", 0, pk, 0, m, 0, r, 0, s));
  assert_false(nf_u());
  nf_call(ED, ED_MANY, "HSHH", CNT, pk, CNT, m, CNT - 1, r, CNT, s);
  assert_fails("BadCalldata(uint16)");
  assert_int_equal(nf_error_word(0), 3);
}

/*------------------------------------------------------------------ scrypt */

#define SCRYPT "scrypt(bytes,bytes,uint32,uint32,uint32,uint32)"

static void scrypt_when_of_rfc_7914_is_the_same(void **st) {
  (void)st;
  static const struct { const char *pw, *salt; u64 n, r, p; const char *want; }
  rows[] = {
    {"", "", 16, 1, 1,
     "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
     "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
    {"password", "NaCl", 1024, 8, 16,
     "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
     "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    assert_true(nf_call(0x1104, SCRYPT, "ssuuuu", rows[i].pw, rows[i].salt,
                        rows[i].n, rows[i].r, rows[i].p, 64ull));
    assert_true(slice_eq(nf_bytes(), nf_hex(rows[i].want)));
    assert_int_equal(nf_used(),
                     3000 + (48 * rows[i].n + 400) * rows[i].r * rows[i].p +
                         6 * ((nf_args.len + 31) / 32));
  }
}

static void scrypt_when_any_shape_is_as_libsodium_says(void **st) {
  (void)st;
  static const u64 rows[][4] = {{2, 1, 1, 1}, {2, 3, 5, 128}, {64, 7, 2, 33},
                                {1024, 1, 1, 32}, {8, 100, 3, 31},
                                {32768, 1, 1, 32}, {2, 16384, 1, 64}};
  u8 want[128], text[200];
  for (u32 i = 0; i < sizeof text; i++) text[i] = (u8)(i * 11);
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    slice pw = slice_of(text, 80 + 20 * i % 120), salt = slice_of(text, 31 * i);
    assert_int_equal(crypto_scrypt(want, rows[i][3], pw, salt, rows[i][0],
                                   (u32)rows[i][1], (u32)rows[i][2]), ERR_OK);
    assert_true(nf_call(0x1104, SCRYPT, "bbuuuu", pw, salt, rows[i][0],
                        rows[i][1], rows[i][2], rows[i][3]));
    assert_true(slice_eq(nf_bytes(), slice_of(want, rows[i][3])));
  }
}

static void scrypt_when_beyond_its_limits_is_refused(void **st) {
  (void)st;
  static const u64 rows[][4] = {
    {0, 1, 1, 32}, {1, 1, 1, 32}, {3, 1, 1, 32}, {65536, 1, 1, 32},
    {2, 16385, 1, 32}, {2, 0, 1, 32}, {2, 1, 0, 32}, {2, 1, 65537, 32},
    {32768, 1, 5, 32}, {1024, 32, 5, 32}, {1024, 33, 1, 32}, {2, 1, 1, 0},
    {2, 1, 1, 129}, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    nf_call(0x1104, SCRYPT, "ssuuuu", "", "", rows[i][0], rows[i][1],
            rows[i][2], rows[i][3]);
    assert_fails("OutOfRange(bytes32,uint256,uint256,uint256)");
    assert_int_equal(nf_used(), 3000);
  }
}

/*--------------------------------------------------------------------- RSA */

#define RSA 0x1103
static const struct { u32 bits; u64 e, salt; const char *n, *pkcs1, *pss; }
rsa_rows[] = { /* of SHA-256("CyberMiles") */
  {1024, 3, 32,
    "b6f529cd9d39b7c8147a945983030153133f91b92ce0fdebde72eec42b10e568232b5fc2"
    "0d2ea81426f1f1b5f660d35148f303837a35b15c0a58fd7656a482522a12ea6f71827796"
    "e113af51a2845742151005366a49a0212dcdb4f3aae098afd07829c79aa4eb110cad69cd"
    "df47c1802c0bb63e6f5c96784a707f2299041b15",
    "283efe75260ac80c785abbd219db0fdedb3ee8c7798d18d5aab0b4895dbad97d1e459270"
    "0484e9b08f77b1cd41c820d089010325235d2304219927319c392fa7bd133a564cb4092c"
    "b4eceb4eca10aa262cc5df07c07b543eb62c56a9b0191d10fcf32932b56937ccc620bbf5"
    "63683818d3ca84a3151198a778646e4d862759c3",
    "b55e5cb7b40ef5c3a1bc66c0969cedfae2390676226073b1aff822367cfcf4b77f101881"
    "6a100cc8b5f69f23802f1439c3bc904bcf116cd764e87993a24c0f07c8c3217d0b12f266"
    "389d4fd2bd526854436252f3183a1895cf464aa818779c4b00a947e74aab798caf57ecae"
    "114b277d968fdff77d7199d49ca8a07150ce8f20"},
  {1025, 65537, 32,
    "01a4156bbe01fb07d33bd0ed0d508fc07a0f48eb70740d2fb94144c7d1061394123fd85e"
    "d37471c66b62bbf83fda4902ff38670522bff6af19ca209a20f0c2ff6facfa61149d2889"
    "76027aff6510742605fe50bfbc14c0fa18e0c3bc176c032e1b859d2045f83c6e718b0818"
    "4182f657a300dfc4f229568f17063c0e15494ff795",
    "016f0df6125753d49e6119b6eda6d8f0985ae88d5fc372ae4d2980ca9465a49c6ca2a6e1"
    "4c9e5a0d5633965e78e84b892e3ef1fc3234e06600a9453338267ca9c3bdc8ddf4cc0da0"
    "3182ff108f9a0b8f16a3119242162c8c757053e676d8d4d5ac3ae959179336e810ef8b65"
    "35de2541758baf85b71221e3a8555aaa78347f906f",
    "00bd3798447fa28cfe75fa761568ea3ead43d369ab98ba30be34c07e84cc21b6974b26cf"
    "92cdd4a12541d1cc17f35d11639e7520576b021f096283bc4b4e9414bfe8e7f3b52ae385"
    "2a4e88a95a899fff1a7db528c067930e295da319ceb56189ed5a8a1a88a893c13c3741b5"
    "e001d8d7508e1d52a7cb1973e3d6a2bcf31f65504f"},
  {2048, 65537, 20,
    "8dc0c1035d5f88654d203f0e0c219c51981ade3d4816795ac73fe43301273630b7d8e569"
    "e559df401c9d890eb97971bcce8be2e3869c6a0693933f9821b0d3bd982ea261708ee116"
    "016ddd9626cd664c4ee8393ac6b0e5cd328ca77f322be9e3fc6607ad34240271f5e3d81a"
    "f54da535d5b4f9319d432e997f91226f7bfaf973f0d574ae9cad99e32fc7cc7deeb16f44"
    "84a5095e3c5cb92bd8a3d7a36b61bf557845dad9b57cab4ef5e28a3f35d623d6be5d2f91"
    "2ac6082085e22473601a7b327c8701ebba27317531d63c3860638b871ef68ec6be678bed"
    "17f4e296776421aa9b43ae7ad96a2157a68198bf3a3497df397313ac66729e382377dfc0"
    "a0e34a49",
    "0ed9df5a2042e79171c71aa596fe3b74521a80d1a10b66f378516181c86d52d2b04517a1"
    "5aeca50d1ec69611c1d50c100f6b4abf5fea631c5836e9733af44350b6f8280517f28fc7"
    "35422120a20d7abea71796c867e5d4c453a0b97529b4fcb5506920b1248b56da956fcb9d"
    "ecaf4a7f9b8db2828835251c137798e5bc6b08a9f8e05c38f259ff962ef39bb51fe9ad08"
    "800d431553261385a41ee3a84d6d7c00042c884972b5136f07b88bf83e501dcf9fc67aaf"
    "f7c642c7ee2460684fca498679f4338a4623a52ec117dcede284d427193cd512582c92e3"
    "2f76dafbc26d7b6c6409ddc916f7fcca5c46897e6104d47f3c6f531f45437e38f89a1f3e"
    "3f3a1807",
    "802bcf882c5a214d9dc96301e5d05c96fd7a05a1ff935d97f43fec6a220c228ce9fd4836"
    "caa455739c6330046d5a8e65b27787b0f21eb49b40a2598a50a14433c5a9d5f27e61dd5d"
    "ed07a4fde57d295aa953b90a011a29726efcea0a72a639c693dc763d5b281ce44e5fe610"
    "6f9d8078a2e45cbc00b8969ed928cbb721572f8ca04554c343cd75d875ae858e8990aba1"
    "94bfc5a126a5069d0a405160d500afc359aa67b97f6a85a3130297e0d5c49a4b65a91862"
    "72d1485c7eea1ec7e6445799420ed44cda9af1a4e0696006e917dcd68507f3a459b1ce85"
    "baf1296e6eb1005a9afc5a0f325da8f03c41941a4245e86d80616effbfccc13e94c054dd"
    "2077338b"},
  {4096, 65537, 32,
    "87f5d5260f758a191137bee8fb061fe69d06d495b787fbc5d70cdf0f4bce4c2856a9e559"
    "d4ad79b32cde25666ee52465de44e44954bc1b232405944cd44092efdfbb7377c4d358da"
    "7ce8a1456af2d2bbe2dcaad2bb14cc8b672ac7e510f0b87dfa19cbcb1018f573de19c8aa"
    "6e82ad3b033b9315eb06ed08bdd62d9749252088a28f920deb988e4ad38ad2831213bba5"
    "4f23be1dc577e6d91fe846f5726a0cd63ed18d4890ea7f87e07d62db1018843e7a304dcd"
    "70e500adfaeb6269cb04003bd62ec2455c96888c504805fcf818beb4859823e68f6ca469"
    "58d83ea58112eafc3eedc6e73a79f352a6115be616bf155bbb259638ce9e2c97a378c90b"
    "4d81ea4c63db2a003f4c106e2121db9df250b84915abdf7f406fe9c5fd5957453dfe53da"
    "0f5cc844f0ed2660864a517fdbd2860fe90f165f2ac6723b01f8f939d9124ec461148230"
    "c9cc8b82185ed1245dc7681675a57e4f8e63afa9ae17d3cc74f29e18bd04d60639876c31"
    "7c1c5a9d0c2b6f8c8567bdb7e6dd5419cc6a2fe201707e183d5acaab92db9a94a67aa178"
    "9452fec00025a9c55f75288f89f25966c7d8cf6d76f08d14e80e724289ad840dc68f87a4"
    "dde124fc6f18d65817fd6dbe1b52f9103ea6928e34070e91b296d891868cd0c1e081eed9"
    "1b74edcc16cb97a40c0f1775eceb070171b5259df6d00848fc41ab1f0ee4bd661a675a85"
    "b742123ff6c121d3",
    "25759d361079844222c52ccce0f663aa075868638afd048b2abbf69641d423521c1a18dc"
    "2939bbda8b097de1c80a5b2c9d5865140fc3420d3797c848df76a372ba70c22645202e7e"
    "e9238e5028d71e858aeb3b3e07542fdb1f3fea7d91fc7ae8322dc882d653436e43341f9f"
    "76f09160365a9be5c83274a3fc5272fb6842982444e4c8aeae366dc2f1aec7975293b5d2"
    "68757e465d7a0ab8a337a570e63c6f7c391acd9b7506d90f73570f7eef5a528aa45d53de"
    "d8db7d34e2c6629754ba1e34cd24035269fe206ad9ac27aee49325112eea9a17da7ebe08"
    "0effc9daddee77cb84fb127bc80fc3d405bfccd053b4a1dd82dbe6a7a353fceee1b9689a"
    "413cff470bab00debff9de86c3b1bb0e083e34793aecb1259900ac63fbe3dbf8715ef94f"
    "fa5765fbc13f2908c84b950acb864b8ad5036fc6ad54d3d0fd3a75a65ad1b9eb404b8710"
    "b85008ffa7ed6932cdf12ccf590fbb27699341d01518eac342300666611768c9168e3336"
    "ac29295275b984c1ce8365ac4e142a01dff7262421ec346dd937f1c766762912bbb05efc"
    "2bc4442184d08665dd1bc1513530c7a9a988e1ee3a3d3294a95a17f56f5723e7014f96ba"
    "5526b7bc7d28c381da5d8c25ff21b25be290775b0be04ee9ef89c0b22306813ea7ea08f2"
    "0e1902435a33bd40ec6a515f6abafdae0d8b76a4d062ef254499cc213803a078a7a32d1f"
    "7ec7b8c019f2c689",
    "32030aa6549a669bfb33e1bf48c6a25fc06891cb150a91db748623d80d537f15da94176c"
    "fc8a9cd8e61c9547ef7b8a74d96ee70f2eb5588a1c3cf9a2bae213c9a77bddbd46965e73"
    "14d7ff417db5684c326e3bb16aa27e27e5119fd1b01bb894b7f6fbd697b562c39ff5dd50"
    "d942c4ddc336785be9e87a4390104cd0dd1fc334c357fc07b1edaa8e733e1f51b5b5f020"
    "29ece151eebc67bebbc6b7ebac4aa530ca988e76e4eb92673d12e9a583589ce62549181b"
    "9b00760c82cfe1712145758b209018d75bb46ecb743205b8084549a25b7e8f21cd6d38f2"
    "890d1c862cdaf006be6177a6a96701a3faa4ee3842dd23d59f3f86de05d5bcee37610d95"
    "bda90dc07491326179bccd6844887667c67f55623a5b160a4e4a8573433ffec8c85c1d4a"
    "a97371650b33a6fb14fcfdc92d2b57e1d95d3435011209e6e40b304845b70c3e297413a1"
    "a0d97e2b919142c3b47c09c5e38069ac4b810b9df787d00e593f2a6d2bc5203a37269f3b"
    "32d067101a5142e0ed664dc26cb95a9df26b6dc7cb2894282afcc0b970a2766bab78a075"
    "d7c60036d78e3b23723e26f5a8c3740c68e08a3ac742cd19646d559665d76cd8eee4c3a8"
    "8ac19697e9cb56bfad105540e81487c7206b30e05b7c2ce900f51942ea08be6ab23795fa"
    "c3dae72bc96926bac73795c6da4c51537863af63a5f87505c456cb5550de0108e397a532"
    "02ac913d5b19d074"},
};

static void rsa_digest(u8 out[32]) { crypto_sha256(out, "CyberMiles", 10); }
static bool rsa_pkcs1(slice n, slice e, const u8 *digest, slice sig) {
  assert_true(nf_call(RSA, "verifyPkcs1(bytes,bytes,bytes32,bytes)", "bbhb", n,
                      e, digest, sig));
  return nf_u();
}
static bool rsa_pss(slice n, slice e, const u8 *digest, slice sig, u64 salt) {
  assert_true(nf_call(RSA, "verifyPss(bytes,bytes,bytes32,bytes,uint8)",
                      "bbhbu", n, e, digest, sig, salt));
  return nf_u();
}

static void rsa_when_openssl_signed_holds(void **st) {
  (void)st;
  u8 digest[32], be[8];
  rsa_digest(digest);
  for (u32 i = 0; i < ARRAY_LEN(rsa_rows); i++) {
    slice n = nf_hex(rsa_rows[i].n), e = slice_of(be, 8);
    slice one = nf_hex(rsa_rows[i].pkcs1), two = nf_hex(rsa_rows[i].pss);
    u64 words = (n.len + 7) / 8, bits = rsa_rows[i].e == 3 ? 2 : 17;
    store_be64(be, rsa_rows[i].e);
    assert_true(rsa_pkcs1(n, e, digest, one));
    assert_int_equal(nf_used(), 2000 + words * words * bits / 3);
    assert_true(rsa_pss(n, e, digest, two, rsa_rows[i].salt));
    assert_false(rsa_pss(n, e, digest, two, rsa_rows[i].salt - 1));
    assert_false(rsa_pss(n, e, digest, two, rsa_rows[i].salt + 1));
    assert_false(rsa_pss(n, e, digest, two, 255));
    assert_false(rsa_pkcs1(n, e, digest, two));
    assert_false(rsa_pss(n, e, digest, one, rsa_rows[i].salt));
    for (u32 k = 0; k < n.len; k += 19) {
      ((u8 *)one.ptr)[k] ^= 16, ((u8 *)two.ptr)[k] ^= 16;
      assert_false(rsa_pkcs1(n, e, digest, one));
      assert_false(rsa_pss(n, e, digest, two, rsa_rows[i].salt));
      ((u8 *)one.ptr)[k] ^= 16, ((u8 *)two.ptr)[k] ^= 16;
    }
    digest[31] ^= 1;
    assert_false(rsa_pkcs1(n, e, digest, one));
    assert_false(rsa_pss(n, e, digest, two, rsa_rows[i].salt));
    digest[31] ^= 1;
  }
}

static void rsa_when_key_or_length_is_wrong_is_false(void **st) {
  (void)st;
  u8 digest[32], e65537[] = {1, 0, 1}, even[] = {1, 0}, one[] = {1};
  u8 big[34] = {1, [33] = 1}, text[600] = {0};
  rsa_digest(digest);
  slice n = nf_hex(rsa_rows[2].n), e = slice_of(e65537, 3);
  slice sig = nf_hex(rsa_rows[2].pkcs1);
  assert_true(rsa_pkcs1(n, e, digest, sig));
  assert_false(rsa_pkcs1(n, slice_of(even, 2), digest, sig));
  assert_false(rsa_pkcs1(n, slice_of(one, 1), digest, sig));
  assert_false(rsa_pkcs1(n, slice_of(one, 0), digest, sig));
  assert_false(rsa_pkcs1(n, slice_of(big, 34), digest, sig));
  assert_false(rsa_pkcs1(n, e, digest, slice_of(sig.ptr, sig.len - 1)));
  memcpy(text + 1, sig.ptr, sig.len); /* a zero before it */
  assert_false(rsa_pkcs1(n, e, digest, slice_of(text, sig.len + 1)));
  memset(text, 0xff, sizeof text); /* not below n */
  assert_false(rsa_pkcs1(n, e, digest, slice_of(text, n.len)));
  assert_false(rsa_pkcs1(n, e, digest, n));
  assert_false(rsa_pkcs1(slice_of(n.ptr, n.len - 1), e, digest, sig));
  text[0] = 0x7f; /* 1,023 bits; 4,104 bits */
  assert_false(rsa_pkcs1(slice_of(text, 128), e, digest,
                         slice_of(sig.ptr, 128)));
  assert_false(rsa_pkcs1(slice_of(text, 513), e, digest,
                         slice_of(text + 1, 513)));
  assert_int_equal(nf_used(), 2000);
  memset(text, 0, sizeof text);
  assert_false(rsa_pkcs1(slice_of(text, 600), e, digest, sig));
  memcpy(text + 100, n.ptr, n.len);
  assert_true(rsa_pkcs1(slice_of(text, 100 + n.len), e, digest, sig));
  text[100 + n.len - 1] &= 0xfe; /* an even modulus */
  assert_false(rsa_pkcs1(slice_of(text, 100 + n.len), e, digest, sig));
  nf_call(RSA, "verifyPkcs1(bytes,bytes,bytes32,bytes)", "bb", n, e);
  assert_fails("BadCalldata(uint16)");
}

/*------------------------------------------------------------------ Merkle */

#define MERKLE 0x1106
#define MK_VERIFY "verify(bytes32,bytes32,uint256,bytes32[])"
#define MK_SORTED "verifySorted(bytes32,bytes32,bytes32[])"

static void mk_hash(u8 out[32], const u8 *p, size_t len) {
  hash32 h;
  crypto_keccak256(&h, p, len);
  memcpy(out, h.b, 32);
}
static void mk_node(u8 out[32], const u8 a[32], const u8 b[32]) {
  u8 text[65] = {1};
  memcpy(text + 1, a, 32);
  memcpy(text + 33, b, 32);
  mk_hash(out, text, 65);
}

/* Whole trees of a power of two of places, level by level. */
static void merkle_when_any_size_proofs_of_all_leaves_hold(void **st) {
  (void)st;
  static u8 leaf[70][32], level[8][128][32];
  for (u32 i = 0; i < 70; i++) memset(leaf[i], (int)i + 1, 32);
  for (u32 cnt = 1; cnt <= 70; cnt += cnt > 20 ? 7 : 1) {
    u32 depth = 0;
    u8 proof[8][32];
    while (1u << depth < cnt) depth++;
    memset(level, 0, sizeof level);
    for (u32 i = 0; i < cnt; i++) {
      u8 text[33] = {0};
      memcpy(text + 1, leaf[i], 32);
      mk_hash(level[0][i], text, 33);
    }
    for (u32 d = 0; d < depth; d++)
      for (u32 i = 0; i < 1u << (depth - d - 1); i++)
        mk_node(level[d + 1][i], level[d][2 * i], level[d][2 * i + 1]);
    assert_true(nf_call(MERKLE, "root(bytes32[])", "H", cnt, leaf));
    assert_memory_equal(nf_result.output.ptr, level[depth][0], 32);
    assert_int_equal(nf_used(), 100 * cnt);
    for (u32 i = 0; i < cnt; i++) {
      for (u32 d = 0; d < depth; d++)
        memcpy(proof[d], level[d][i >> d ^ 1], 32);
      assert_true(nf_call(MERKLE, MK_VERIFY, "hhuH", level[depth][0], leaf[i],
                          (u64)i, depth, proof));
      assert_true(nf_u());
      assert_int_equal(nf_used(), 100 + 90 * depth);
      assert_true(nf_call(MERKLE, MK_VERIFY, "hhuH", level[depth][0], leaf[i],
                          (u64)i + (1ull << depth), depth, proof));
      assert_false(nf_u());
      assert_true(nf_call(MERKLE, MK_VERIFY, "hhuH", level[depth][0],
                          leaf[i ^ 1], (u64)i, depth, proof));
      assert_false(nf_u());
    }
  }
}

static void merkle_when_sorted_goes_by_size(void **st) {
  (void)st;
  u8 a[32] = {9}, b[32] = {3}, text[64], top[32], proof[2][32];
  memcpy(text, b, 32), memcpy(text + 32, a, 32);
  mk_hash(top, text, 64);
  assert_true(nf_call(MERKLE, MK_SORTED, "hhH", top, a, 1, b) && nf_u());
  assert_true(nf_call(MERKLE, MK_SORTED, "hhH", top, b, 1, a) && nf_u());
  assert_true(nf_call(MERKLE, MK_SORTED, "hhH", top, top, 0, a) && nf_u());
  memset(proof, 0, sizeof proof);
  assert_true(nf_call(MERKLE, MK_SORTED, "hhH", top, a, 2, proof) && !nf_u());
}

static void merkle_when_too_deep_or_empty_is_refused(void **st) {
  (void)st;
  static u8 many[1025][32];
  u8 top[32] = {0};
  nf_call(MERKLE, MK_VERIFY, "hhuH", top, top, 0ull, 65, many);
  assert_fails("TooMany(bytes32,uint256)");
  nf_call(MERKLE, MK_SORTED, "hhH", top, top, 65, many);
  assert_fails("TooMany(bytes32,uint256)");
  assert_true(nf_call(MERKLE, MK_VERIFY, "hhuH", top, top, ~0ull, 64, many));
  nf_call(MERKLE, "root(bytes32[])", "H", 0, many);
  assert_fails("OutOfRange(bytes32,uint256,uint256,uint256)");
  nf_call(MERKLE, "root(bytes32[])", "H", 1025, many);
  assert_fails("BadCalldata(uint16)");
  assert_true(nf_call(MERKLE, "root(bytes32[])", "H", 1024, many));
}

/*------------------------------------------------------------ every function */

static void function_when_called_any_way_answers(void **st) {
  (void)st;
  static const enum evm_kind kinds[] = {EVM_CALL, EVM_STATICCALL,
                                        EVM_DELEGATECALL, EVM_CALLCODE};
  u8 leaf[32] = {1};
  for (u32 i = 0; i < 4; i++) {
    nf_call(MERKLE, "root(bytes32[])", "H", 1, leaf);
    assert_true(nf_run(MERKLE, kinds[i], 100));
    assert_false(nf_run(MERKLE, kinds[i], 99));
    assert_int_equal(nf_result.status, EVM_OUT_OF_GAS);
  }
}

static void function_when_unknown_or_empty_is_named(void **st) {
  (void)st;
  for (u32 i = 0; i < NF_CNT; i++) {
    nf_call(nf_defs[i]->number, "nothing()", "");
    assert_fails("UnknownMethod(bytes4)");
    assert_true(nf_used() >= 400);
    buf_clear(&nf_args);
    nf_run(nf_defs[i]->number, EVM_CALL, NF_GAS);
    assert_fails("NoPlainTransfer()");
  }
}

static int open_all(void **st) {
  assert_true(sodium_init() >= 0);
  return nf_open(st);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(ed25519_when_of_rfc_8032_holds),
    cmocka_unit_test(ed25519_when_random_holds_as_libsodium_says),
    cmocka_unit_test(ed25519_when_malleable_or_small_is_refused),
    cmocka_unit_test(ed25519_when_only_the_cofactor_would_do_is_refused),
    cmocka_unit_test(ed25519_when_many_all_must_hold),
    cmocka_unit_test(scrypt_when_of_rfc_7914_is_the_same),
    cmocka_unit_test(scrypt_when_any_shape_is_as_libsodium_says),
    cmocka_unit_test(scrypt_when_beyond_its_limits_is_refused),
    cmocka_unit_test(rsa_when_openssl_signed_holds),
    cmocka_unit_test(rsa_when_key_or_length_is_wrong_is_false),
    cmocka_unit_test(merkle_when_any_size_proofs_of_all_leaves_hold),
    cmocka_unit_test(merkle_when_sorted_goes_by_size),
    cmocka_unit_test(merkle_when_too_deep_or_empty_is_refused),
    cmocka_unit_test(function_when_called_any_way_answers),
    cmocka_unit_test(function_when_unknown_or_empty_is_named),
  };
  return cmocka_run_group_tests_name("native_crypto", tests, open_all,
                                     nf_close);
}
