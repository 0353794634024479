/* bls12_381.c - the curve of EIP-2537.
**
** With x = -0xd201000000010000: r = x^4 - x^2 + 1, p = (x-1)^2 r/3 + x,
** G1: Y^2 = X^3 + 4 over Fp, G2 on the twist Y^2 = X^3 + 4(1 + u), xi = 1 + u.
**
** Pairing: ate, Miller loop over |x| (the sign only inverts the result, which
** a comparison with 1 does not see); final exponent 3(p^4 - p^2 + 1)/r =
** (x-1)^2 (x+p) (x^2+p^2-1) + 3 (D. Hayashida, K. Hayasaka, T. Teruya,
** Efficient final exponentiation via cyclotomic structure, 2020).
** Group checks (M. Scott, A note on group membership tests for G1, G2 and GT,
** 2021): on G1 phi(P) = -x^2 P with phi(X, Y) = (beta X, Y); on G2
** psi(Q) = xQ with psi the p-power map carried over to the twist.
** The same maps cut scalars: k = k0 + k1 x^2 on G1 (128-bit parts) and
** k = k0 + k1|x| + k2|x|^2 + k3|x|^3 on G2 (64-bit parts), after k mod r.
** Sums of products go in chunks over one chain of doublings each (Straus).
** Maps: RFC 9380 sections 6.6.2, 6.6.3, 8.8; cofactors cleared by 1 - x on G1
** and by x^2 - x - 1 + (x - 1) psi + 2 psi^2 on G2 (A. Budroni, F. Pintore,
** 2017; appendix G.3 of the RFC).
**
** Constants: computed from x and the RFC's; field elements carry the factor
** R = 2^384. */
#include "crypto/bls12_381_int.h"

#include <gmp.h>

#include "crypto/bls12_x4.h"
#include "crypto/modinv.h"
#include "crypto/mont.h"
#include "crypto/mont_x86.h"

#define BLS12_X 0xd201000000010000u /* |x| */

static const u64 bls12_p[6] = {0xb9feffffffffaaab, 0x1eabfffeb153ffff,
                               0x6730d2a0f6b0f624, 0x64774b84f38512bf,
                               0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
static const u64 bls12_r2[6] = {0xf4df1f341c341746, 0x0a76e6a609d104f1,
                                0x8de5476c4c95b6d5, 0x67eb88a9939d83c0,
                                0x9a793e85b519952d, 0x11988fe592cae3aa};
static const u64 bls12_one[12] = {
    0x760900000002fffd, 0xebf4000bc40c0002, 0x5f48985753c758ba,
    0x77ce585370525745, 0x5c071a97a256ec6d, 0x15f65ec3fa80e493};
static const u64 bls12_frob[5][2][6] = {
    {{0x07089552b319d465, 0xc6695f92b50a8313, 0x97e83cccd117228f,
      0xa35baecab2dc29ee, 0x1ce393ea5daace4d, 0x08f2220fb0fb66eb},
     {0xb2f66aad4ce5d646, 0x5842a06bfc497cec, 0xcf4895d42599d394,
      0xc11b9cba40a8e8d0, 0x2e3813cbe5a0de89, 0x110eefda88847faf}},
    {{0x0000000000000000, 0x0000000000000000, 0x0000000000000000,
      0x0000000000000000, 0x0000000000000000, 0x0000000000000000},
     {0xcd03c9e48671f071, 0x5dab22461fcda5d2, 0x587042afd3851b95,
      0x8eb60ebe01bacb9e, 0x03f97d6e83d050d2, 0x18f0206554638741}},
    {{0x7bcfa7a25aa30fda, 0xdc17dec12a927e7c, 0x2f088dd86b4ebef1,
      0xd1ca2087da74d4a7, 0x2da2596696cebc1d, 0x0e2b7eedbbfd87d2},
     {0x7bcfa7a25aa30fda, 0xdc17dec12a927e7c, 0x2f088dd86b4ebef1,
      0xd1ca2087da74d4a7, 0x2da2596696cebc1d, 0x0e2b7eedbbfd87d2}},
    {{0x890dc9e4867545c3, 0x2af322533285a5d5, 0x50880866309b7e2c,
      0xa20d1b8c7e881024, 0x14e4f04fe2db9068, 0x14e56d3f1564853a},
     {0x0000000000000000, 0x0000000000000000, 0x0000000000000000,
      0x0000000000000000, 0x0000000000000000, 0x0000000000000000}},
    {{0x82d83cf50dbce43f, 0xa2813e53df9d018f, 0xc6f0caa53c65e181,
      0x7525cf528d50fe95, 0x4a85ed50f4798a6b, 0x171da0fd6cf8eebd},
     {0x3726c30af242c66c, 0x7c2ac1aad1b6fe70, 0xa04007fbba4b14a2,
      0xef517c3266341429, 0x0095ba654ed2226b, 0x02e370eccc86f7dd}}};

#define TOWER bls12
#define TOWER_N 6
#define TOWER_P0 0x89f3fffcfffcfffdu
#define TOWER_XI 1
#define TOWER_TWIST_M
#define TOWER_INV crypto_modinv6
#define TOWER_MUL_ADX crypto_mont_mul6_adx
#define TOWER_MUL2_ADX crypto_mont_mul2x6_adx
#include "crypto/tower.inc"

#include "crypto/bls12_381_iso.inc"

static const bls12_fp bls12_four =
    {{0xaa270000000cfff3, 0x53cc0032fc34000a, 0x478fe97a6b0a807f,
      0xb1d37ebee6ba24d7, 0x8ec9733bbf78ab2f, 0x09d645513d83de7e}};
static const bls12_fp bls12_beta =
    {{0x30f1361b798a64e8, 0xf3b8ddab7ece5a2a, 0x16a8ca3ac61577f7,
      0xc26a2ff874fd029b, 0x3636b76660701c6e, 0x051ba4ab241b6160}};
/* xi^(-(p-1)/3), xi^(-(p-1)/2). */
static const bls12_fp2 bls12_psi_x =
    {{{0x0000000000000000, 0x0000000000000000, 0x0000000000000000,
       0x0000000000000000, 0x0000000000000000, 0x0000000000000000}},
     {{0x890dc9e4867545c3, 0x2af322533285a5d5, 0x50880866309b7e2c,
       0xa20d1b8c7e881024, 0x14e4f04fe2db9068, 0x14e56d3f1564853a}}};
static const bls12_fp2 bls12_psi_y =
    {{{0x3e2f585da55c9ad1, 0x4294213d86c18183, 0x382844c88b623732,
       0x92ad2afd19103e18, 0x1d794e4fac7cf0b9, 0x0bd592fc7d825ec8}},
     {{0x7bcfa7a25aa30fda, 0xdc17dec12a927e7c, 0x2f088dd86b4ebef1,
       0xd1ca2087da74d4a7, 0x2da2596696cebc1d, 0x0e2b7eedbbfd87d2}}};

/*--------------------------------------------------------------- encodings */

static bool bls12_load_fp(bls12_fp *r, const u8 in[64]) {
  u8 top = 0;
  for (int i = 0; i < 16; i++) top |= in[i];
  return top == 0 && bls12_fp_load(r, in + 16);
}
static void bls12_store_fp(u8 out[64], const bls12_fp *a) {
  memset(out, 0, 16);
  bls12_fp_store(out + 16, a);
}

/* Ends with *infinity set or a point on the curve. */
static err bls12_load_g1(struct bls12_g1_affine *p, bool *infinity,
                         const u8 in[128]) {
  if (!bls12_load_fp(&p->x, in) || !bls12_load_fp(&p->y, in + 64))
    return ERR_INPUT;
  *infinity = bls12_fp_is_zero(&p->x) && bls12_fp_is_zero(&p->y);
  return *infinity || bls12_g1_on_curve(p, &bls12_four) ? ERR_OK : ERR_INPUT;
}
static err bls12_load_g2(struct bls12_g2_affine *q, bool *infinity,
                         const u8 in[256]) {
  const bls12_fp2 b = {bls12_four, bls12_four};
  if (!bls12_load_fp(&q->x.a, in) || !bls12_load_fp(&q->x.b, in + 64) ||
      !bls12_load_fp(&q->y.a, in + 128) || !bls12_load_fp(&q->y.b, in + 192))
    return ERR_INPUT;
  *infinity = bls12_fp2_is_zero(&q->x) && bls12_fp2_is_zero(&q->y);
  return *infinity || bls12_g2_on_curve(q, &b) ? ERR_OK : ERR_INPUT;
}

static void bls12_store_g1(u8 out[128], const struct bls12_g1_point *p) {
  struct bls12_g1_affine a;
  memset(out, 0, 128);
  if (bls12_g1_is_infinity(p)) return;
  bls12_g1_to_affine(&a, p);
  bls12_store_fp(out, &a.x);
  bls12_store_fp(out + 64, &a.y);
}
static void bls12_store_g2(u8 out[256], const struct bls12_g2_point *p) {
  struct bls12_g2_affine a;
  memset(out, 0, 256);
  if (bls12_g2_is_infinity(p)) return;
  bls12_g2_to_affine(&a, p);
  bls12_store_fp(out, &a.x.a);
  bls12_store_fp(out + 64, &a.x.b);
  bls12_store_fp(out + 128, &a.y.a);
  bls12_store_fp(out + 192, &a.y.b);
}

/*-------------------------------------------------------------- group checks */

static void bls12_psi(struct bls12_g2_point *r,
                      const struct bls12_g2_point *p) {
  bls12_fp2_conj(&r->x, &p->x);
  bls12_fp2_conj(&r->y, &p->y);
  bls12_fp2_conj(&r->z, &p->z);
  bls12_fp2_mul(&r->x, &r->x, &bls12_psi_x);
  bls12_fp2_mul(&r->y, &r->y, &bls12_psi_y);
}

static bool bls12_in_g1(const struct bls12_g1_affine *a) {
  struct bls12_g1_point p, q;
  bls12_g1_from_affine(&p, a);
  bls12_g1_mul_u64(&q, &p, BLS12_X);
  bls12_g1_mul_u64(&q, &q, BLS12_X);
  bls12_g1_neg(&q, &q);
  bls12_fp_mul(&p.x, &p.x, &bls12_beta);
  return bls12_g1_eq(&p, &q);
}

static bool bls12_in_g2(const struct bls12_g2_affine *a) {
  struct bls12_g2_point p, q;
  bls12_g2_from_affine(&p, a);
  bls12_g2_mul_u64(&q, &p, BLS12_X);
  bls12_g2_neg(&q, &q);
  bls12_psi(&p, &p);
  return bls12_g2_eq(&p, &q);
}

/*----------------------------------------------------------------------- sums */

err crypto_bls_g1_add(u8 out[128], const u8 in[256]) {
  struct bls12_g1_affine a[2];
  bool infinity[2];
  for (int i = 0; i < 2; i++)
    TRY(bls12_load_g1(&a[i], &infinity[i], in + 128 * i));
  if (infinity[0] || infinity[1]) {
    memcpy(out, in + (infinity[0] ? 128 : 0), 128);
    return ERR_OK;
  }
  memset(out, 0, 128);
  if (!bls12_g1_affine_add(&a[0], &a[0], &a[1])) return ERR_OK;
  bls12_store_fp(out, &a[0].x);
  bls12_store_fp(out + 64, &a[0].y);
  return ERR_OK;
}

err crypto_bls_g2_add(u8 out[256], const u8 in[512]) {
  struct bls12_g2_affine a[2];
  bool infinity[2];
  for (int i = 0; i < 2; i++)
    TRY(bls12_load_g2(&a[i], &infinity[i], in + 256 * i));
  if (infinity[0] || infinity[1]) {
    memcpy(out, in + (infinity[0] ? 256 : 0), 256);
    return ERR_OK;
  }
  memset(out, 0, 256);
  if (!bls12_g2_affine_add(&a[0], &a[0], &a[1])) return ERR_OK;
  bls12_store_fp(out, &a[0].x.a);
  bls12_store_fp(out + 64, &a[0].x.b);
  bls12_store_fp(out + 128, &a[0].y.a);
  bls12_store_fp(out + 192, &a[0].y.b);
  return ERR_OK;
}

/*------------------------------------------------------------ sums of products */

enum {
  BLS12_G1_PAIR = CRYPTO_BLS_G1 + CRYPTO_BLS_SCALAR,
  BLS12_G2_PAIR = CRYPTO_BLS_G2 + CRYPTO_BLS_SCALAR,
  BLS12_G1_CHUNK = 8, /* points on one chain of doublings */
  BLS12_G2_CHUNK = 4,
};

static void bls12_scalar(u64 k[4], const u8 be[32]) {
  static const u64 order[4] = {0xffffffff00000001, 0x53bda402fffe5bfe,
                               0x3339d80809a1d805, 0x73eda753299d7d48};
  mp_limb_t q[1];
  u64 t[4];
  mont_load(t, be, 4);
  mpn_tdiv_qr(q, k, 0, t, 4, order, 4);
}

/* k = k0 + k1 x^2. */
static void bls12_split2(u64 k0[2], u64 k1[2], const u64 k[4]) {
  static const u64 xx[2] = {0x0000000100000000, 0xac45a4010001a402};
  mp_limb_t q[3];
  mpn_tdiv_qr(q, k0, 0, k, 4, xx, 2);
  MUST(q[2] == 0);
  memcpy(k1, q, 16);
}

/* k = k[0] + k[1]|x| + k[2]|x|^2 + k[3]|x|^3. */
static void bls12_split4(u64 part[4], const u64 k[4]) {
  mp_limb_t rest[4];
  memcpy(rest, k, sizeof rest);
  for (int i = 0; i < 4; i++)
    part[i] = mpn_divrem_1(rest, 0, rest, 4, BLS12_X);
  MUST(!rest[0] && !rest[1] && !rest[2] && !rest[3]);
}

/* Reads up to BLS12_G1_CHUNK pairs (cnt) and adds their sum to *sum. */
static err bls12_g1_chunk(struct bls12_g1_point *sum, const u8 *in, size_t cnt,
                          bool known) {
  /* Two rows each: the point's table and -phi's. */
  struct bls12_g1_point table[2 * BLS12_G1_CHUNK][JAC_TABLE], p;
  mont_digit digit[2 * BLS12_G1_CHUNK][129];
  int rows = 0, len = 0;
  for (; cnt; cnt--, in += BLS12_G1_PAIR) {
    struct bls12_g1_affine a;
    u64 k[4], part[2][2];
    bool infinity;
    TRY(bls12_load_g1(&a, &infinity, in));
    if (infinity) continue;
    if (!known && !bls12_in_g1(&a)) return ERR_INPUT;
    bls12_scalar(k, in + CRYPTO_BLS_G1);
    bls12_split2(part[0], part[1], k);
    bls12_g1_from_affine(&p, &a);
    bls12_g1_table(table[rows], &p);
    for (int i = 0; i < JAC_TABLE; i++) {
      bls12_g1_neg(&table[rows + 1][i], &table[rows][i]);
      bls12_fp_mul(&table[rows + 1][i].x, &table[rows][i].x, &bls12_beta);
    }
    for (int i = 0; i < 2; i++, rows++) {
      int n = mont_wnaf(digit[rows], part[i], 2, JAC_W);
      if (n > len) len = n;
    }
  }
  bls12_g1_straus(&p, table, digit[0], ARRAY_LEN(digit[0]), rows, len);
  bls12_g1_add(sum, sum, &p);
  return ERR_OK;
}

static err bls12_g2_chunk(struct bls12_g2_point *sum, const u8 *in,
                          size_t cnt) {
  /* Four rows each: the tables of Q, -psi(Q), psi^2(Q), -psi^3(Q). */
  struct bls12_g2_point table[4 * BLS12_G2_CHUNK][JAC_TABLE], p;
  mont_digit digit[4 * BLS12_G2_CHUNK][65];
  int rows = 0, len = 0;
  for (; cnt; cnt--, in += BLS12_G2_PAIR) {
    struct bls12_g2_affine a;
    u64 k[4], part[4];
    bool infinity;
    TRY(bls12_load_g2(&a, &infinity, in));
    if (infinity) continue;
    if (!bls12_in_g2(&a)) return ERR_INPUT;
    bls12_scalar(k, in + CRYPTO_BLS_G2);
    bls12_split4(part, k);
    bls12_g2_from_affine(&p, &a);
    bls12_g2_table(table[rows], &p);
    for (int i = 0; i < 4; i++, rows++) {
      int n = mont_wnaf(digit[rows], &part[i], 1, JAC_W);
      if (n > len) len = n;
      for (int j = 0; i && j < JAC_TABLE; j++) {
        bls12_psi(&table[rows][j], &table[rows - 1][j]);
        bls12_g2_neg(&table[rows][j], &table[rows][j]);
      }
    }
  }
  bls12_g2_straus(&p, table, digit[0], ARRAY_LEN(digit[0]), rows, len);
  bls12_g2_add(sum, sum, &p);
  return ERR_OK;
}

static const u64 bls12_xx[2] = {0x0000000100000000, 0xac45a4010001a402};

/* -phi(p), which is x^2 p for a point of the group. */
static void bls12_g1_endo(struct bls12_g1_affine *r,
                          const struct bls12_g1_affine *p) {
  bls12_fp_mul(&r->x, &p->x, &bls12_beta);
  bls12_fp_neg(&r->y, &p->y);
}
static bool bls12_g1_image(const struct bls12_g1_affine *p,
                           const struct bls12_g1_point *q) {
  struct bls12_g1_affine a;
  struct bls12_g1_point image;
  bls12_g1_endo(&a, p);
  bls12_g1_from_affine(&image, &a);
  return bls12_g1_eq(&image, q);
}

/* Eight products at most, lanes for crypto_bls_x4_g1_mul. */
struct bls12_g1_lane {
  struct bls12_g1_affine p[8];
  struct bls12_g1_point r[8];
  u64 part[8][2][2];
};
static u32 bls12_g1_lane_mul(struct bls12_g1_lane *s, u32 cnt) {
  return crypto_bls_x4_g1_mul((u64(*)[3][6])s->r, (const u64(*)[2][6])s->p,
                              (const u64(*)[2][2])s->part, cnt);
}
/* Lane to has point from times its scalar's upper part; from keeps the lower
** one.  After multiplying: puts them together; says if both were done. */
static void bls12_g1_lane_split(struct bls12_g1_lane *s, u32 to, u32 from) {
  bls12_g1_endo(&s->p[to], &s->p[from]);
  memcpy(s->part[to][0], s->part[from][1], sizeof bls12_xx);
  memset(s->part[to][1], 0, sizeof bls12_xx);
  memset(s->part[from][1], 0, sizeof bls12_xx);
}
static bool bls12_g1_lane_join(struct bls12_g1_lane *s, u32 done, u32 to,
                               u32 from) {
  bls12_g1_add(&s->r[from], &s->r[from], &s->r[to]);
  return (done >> from & 1) && (done >> to & 1);
}
/* Lane to has point from times x^2. */
static void bls12_g1_lane_check(struct bls12_g1_lane *s, u32 to, u32 from) {
  s->p[to] = s->p[from];
  memcpy(s->part[to][0], bls12_xx, sizeof bls12_xx);
  memset(s->part[to][1], 0, sizeof bls12_xx);
}

/* Multiplies n points and checks that all are in the group; *good has a bit for
** each product done.  With free lanes the parts of a scalar and the check have
** one of their own. */
static bool bls12_g1_lanes_mul(struct bls12_g1_lane *s, u32 *good, u32 n) {
  u32 in_group = 0, check = n <= 2 ? 2 * n : n, done;
  u32 lanes = n <= 4 ? check + n : n;
  if (n > 4) in_group = crypto_bls_x4_g1_check((const u64(*)[2][6])s->p, n);
  for (u32 i = 0; i < n && n <= 2; i++) bls12_g1_lane_split(s, n + i, i);
  for (u32 i = check; i < lanes; i++) bls12_g1_lane_check(s, i, i - check);
  done = *good = bls12_g1_lane_mul(s, lanes);
  for (u32 i = check; i < lanes; i++)
    if ((done >> i & 1) && bls12_g1_image(&s->p[i], &s->r[i]))
      in_group |= 1u << (i - check);
  for (u32 i = 0; i < n && n <= 2; i++)
    if (!bls12_g1_lane_join(s, done, n + i, i)) *good &= ~(1u << i);
  for (u32 i = 0; i < n; i++)
    if (!(in_group >> i & 1) && !bls12_in_g1(&s->p[i])) return false;
  return true;
}

/* bls12_g1_chunk in vector lanes. */
static err bls12_g1_lanes(struct bls12_g1_point *sum, const u8 *in,
                          size_t cnt) {
  struct bls12_g1_lane s;
  const u8 *from[8];
  u64 k[4];
  u32 n = 0, good;
  for (; cnt; cnt--, in += BLS12_G1_PAIR) {
    bool infinity;
    TRY(bls12_load_g1(&s.p[n], &infinity, in));
    if (infinity) continue;
    bls12_scalar(k, in + CRYPTO_BLS_G1);
    bls12_split2(s.part[n][0], s.part[n][1], k);
    from[n++] = in;
  }
  if (n == 0) return ERR_OK;
  if (!bls12_g1_lanes_mul(&s, &good, n)) return ERR_INPUT;
  for (u32 i = 0; i < n; i++) {
    if (good >> i & 1) {
      bls12_g1_add(sum, sum, &s.r[i]);
    } else {
      TRY(bls12_g1_chunk(sum, from[i], 1, true));
    }
  }
  return ERR_OK;
}

/* One point's four images under -psi, each with its part of the scalar. */
static void bls12_g2_lane_split(struct bls12_g2_affine q[4], u64 part[4][4]) {
  struct bls12_g2_point p;
  for (int i = 1; i < 4; i++) {
    bls12_g2_from_affine(&p, &q[i - 1]);
    bls12_psi(&p, &p);
    q[i].x = p.x;
    bls12_fp2_neg(&q[i].y, &p.y);
    memset(part[i], 0, sizeof part[i]);
    part[i][0] = part[0][i];
    part[0][i] = 0;
  }
}

/* As bls12_g1_lanes, for up to four. */
static err bls12_g2_lanes(struct bls12_g2_point *sum, const u8 *in,
                          size_t cnt) {
  struct bls12_g2_affine q[4];
  struct bls12_g2_point r[4];
  const u8 *from[4];
  u64 part[4][4], k[4];
  u32 n = 0, lanes, good;
  for (; cnt; cnt--, in += BLS12_G2_PAIR) {
    bool infinity;
    TRY(bls12_load_g2(&q[n], &infinity, in));
    if (infinity) continue;
    bls12_scalar(k, in + CRYPTO_BLS_G2);
    bls12_split4(part[n], k);
    from[n++] = in;
  }
  if (n == 0) return ERR_OK;
  good = crypto_bls_x4_g2_check((const u64(*)[4][6])q, n);
  for (u32 i = 0; i < n; i++)
    if (!(good >> i & 1) && !bls12_in_g2(&q[i])) return ERR_INPUT;
  lanes = n == 1 ? 4 : n;
  if (n == 1) bls12_g2_lane_split(q, part);
  good = crypto_bls_x4_g2_mul((u64(*)[6][6])r, (const u64(*)[4][6])q,
                              (const u64(*)[4])part, lanes);
  if (n == 1 && good != 15) return bls12_g2_chunk(sum, from[0], 1);
  for (u32 i = 0; i < lanes; i++) {
    if (good >> i & 1) {
      bls12_g2_add(sum, sum, &r[i]);
    } else {
      TRY(bls12_g2_chunk(sum, from[i], 1));
    }
  }
  return ERR_OK;
}

err crypto_bls_g1_msm(u8 out[128], slice in) {
  struct bls12_g1_point sum = {0};
  size_t cnt = in.len / BLS12_G1_PAIR;
  if (cnt == 0 || in.len % BLS12_G1_PAIR) return ERR_INPUT;
  for (size_t i = 0; i < cnt; i += BLS12_G1_CHUNK) {
    size_t n = cnt - i < BLS12_G1_CHUNK ? cnt - i : BLS12_G1_CHUNK;
    const u8 *at = in.ptr + i * BLS12_G1_PAIR;
    if (crypto_bls_x4_on) {
      TRY(bls12_g1_lanes(&sum, at, n));
    } else {
      TRY(bls12_g1_chunk(&sum, at, n, false));
    }
  }
  bls12_store_g1(out, &sum);
  return ERR_OK;
}


err crypto_bls_g2_msm(u8 out[256], slice in) {
  struct bls12_g2_point sum = {0};
  size_t cnt = in.len / BLS12_G2_PAIR;
  if (cnt == 0 || in.len % BLS12_G2_PAIR) return ERR_INPUT;
  for (size_t i = 0; i < cnt; i += BLS12_G2_CHUNK) {
    size_t n = cnt - i < BLS12_G2_CHUNK ? cnt - i : BLS12_G2_CHUNK;
    const u8 *at = in.ptr + i * BLS12_G2_PAIR;
    if (crypto_bls_x4_on) {
      TRY(bls12_g2_lanes(&sum, at, n));
    } else {
      TRY(bls12_g2_chunk(&sum, at, n));
    }
  }
  bls12_store_g2(out, &sum);
  return ERR_OK;
}

/*-------------------------------------------------------------------- pairing */

/* f^x in the cyclotomic subgroup. */
static void bls12_pow_x(bls12_fp12 *r, const bls12_fp12 *f) {
  bls12_fp12_cyc_pow(r, f, BLS12_X);
  bls12_fp12_conj(r, r);
}
#define EXP_T bls12_fp12
#define EXP_FN static
#define EXP_OP(o) bls12_fp12_##o
#define EXP_X bls12_pow_x
#define EXP_NAME bls12_hard_exp
#include "crypto/bls12_exp.inc"

static void bls12_miller_flush(bls12_fp12 *f, struct bls12_pairs *s) {
  static const u64 count[2] = {BLS12_X, 0};
  bls12_fp12 g;
  if (s->cnt == 0) return;
  if (crypto_bls_x4_on) {
    crypto_bls_x4_miller((u64(*)[6])&g, (const u64(*)[2][6])s->p,
                         (const u64(*)[4][6])s->q, s->cnt);
  } else {
    bls12_miller(&g, s, count);
  }
  bls12_fp12_mul(f, f, &g);
  s->cnt = 0;
}

static void bls12_final_exp(bls12_fp12 *f) {
  bls12_fp12_easy_exp(f, f);
  if (crypto_bls_x4_on) {
    crypto_bls_x4_hard_exp((u64(*)[6])f);
  } else {
    bls12_hard_exp(f, f);
  }
}

static err bls12_pairing(bls12_fp12 *f, slice pairs) {
  enum { PAIR = CRYPTO_BLS_G1 + CRYPTO_BLS_G2 };
  struct bls12_pairs s = {.cnt = 0};
  if (pairs.len == 0 || pairs.len % PAIR) return ERR_INPUT;
  bls12_fp12_set_one(f);
  for (size_t at = 0; at < pairs.len; at += PAIR) {
    struct bls12_g1_affine *p = &s.p[s.cnt];
    struct bls12_g2_affine *q = &s.q[s.cnt];
    bool p_inf, q_inf;
    TRY(bls12_load_g1(p, &p_inf, pairs.ptr + at));
    TRY(bls12_load_g2(q, &q_inf, pairs.ptr + at + CRYPTO_BLS_G1));
    if (!p_inf && !bls12_in_g1(p)) return ERR_INPUT;
    if (!q_inf && !bls12_in_g2(q)) return ERR_INPUT;
    if (p_inf || q_inf) continue;
    if (++s.cnt == bls12_pair_max) bls12_miller_flush(f, &s);
  }
  bls12_miller_flush(f, &s);
  bls12_final_exp(f);
  return ERR_OK;
}

err crypto_bls_pairing(bool *one, slice pairs) {
  bls12_fp12 f;
  *one = false;
  TRY(bls12_pairing(&f, pairs));
  *one = bls12_fp12_is_one(&f);
  return ERR_OK;
}
err crypto_bls_pairing_value(u64 value[12][6], slice pairs) {
  return bls12_pairing((bls12_fp12 *)value, pairs);
}

/*----------------------------------------------------------------- square roots */

/* a^((p-3)/4) by windows of four bits.  For a square a, a times it is a root
** of a, and it is the inverse of that root; else that holds for -a, but for
** the inverse's sign. */
static void bls12_fp_pow_sqrt(bls12_fp *r, const bls12_fp *a) {
  static const u64 e[6] = {0xee7fbfffffffeaaa, 0x07aaffffac54ffff,
                           0xd9cc34a83dac3d89, 0xd91dd2e13ce144af,
                           0x92c6e9ed90d2eb35, 0x0680447a8e5ff9a6};
  bls12_fp t[16], s;
  memcpy(t[0].v, bls12_one, sizeof t[0].v);
  for (int i = 1; i < 16; i++) bls12_fp_mul(&t[i], &t[i - 1], a);
  s = t[0];
  for (int i = 94; i >= 0; i--) {
    for (int j = 0; j < 4; j++) bls12_fp_sqr(&s, &s);
    bls12_fp_mul(&s, &s, &t[e[i / 16] >> 4 * (i % 16) & 15]);
  }
  *r = s;
}

/* The parity of a number and, on the extension, of its first part that is not
** zero (RFC 9380 section 4.1). */
static bool bls12_fp_sgn0(const bls12_fp *a) {
  bls12_fp t;
  bls12_fp_plain(&t, a);
  return t.v[0] & 1;
}
static bool bls12_fp2_sgn0(const bls12_fp2 *x) {
  return bls12_fp_is_zero(&x->a) ? bls12_fp_sgn0(&x->b) : bls12_fp_sgn0(&x->a);
}

/* A root of x in Fp2, by way of s = sqrt(a^2 + b^2), given with either sign:
** one of t = (a + s)/2 and (a - s)/2 = -b^2/4t is a square. */
static void bls12_fp2_sqrt(bls12_fp2 *r, const bls12_fp2 *x,
                           const bls12_fp *s) {
  static const bls12_fp half =
      {{0x1804000000015554, 0x855000053ab00001, 0x633cb57c253c276f,
      0x6e22d1ec31ebb502, 0xd3916126f2d14ca2, 0x17fbb8571a006596}};
  bls12_fp t, inv, root, hb, check;
  if (bls12_fp_is_zero(&x->b)) {
    bls12_fp_pow_sqrt(&inv, &x->a);
    bls12_fp_mul(&root, &inv, &x->a);
    bls12_fp_sqr(&check, &root);
    memset(r, 0, sizeof *r);
    *(bls12_fp_eq(&check, &x->a) ? &r->a : &r->b) = root;
    return;
  }
  bls12_fp_add(&t, &x->a, s);
  bls12_fp_mul(&t, &t, &half);
  bls12_fp_mul(&hb, &x->b, &half);
  bls12_fp_pow_sqrt(&inv, &t);
  bls12_fp_mul(&root, &inv, &t);
  bls12_fp_sqr(&check, &root);
  bls12_fp_mul(&hb, &hb, &inv);
  if (bls12_fp_eq(&check, &t)) {
    r->a = root;
    r->b = hb;
  } else {
    /* inv * root = -1. */
    bls12_fp_neg(&r->a, &hb);
    r->b = root;
  }
}

/* A compressed point of the curve; ends with *infinity set or p. */
static err bls12_g1_uncompress(struct bls12_g1_affine *p, bool *infinity,
                               const u8 in[48]) {
  enum { COMPRESSED = 0x80, INFINITE = 0x40, GREATER = 0x20 };
  bls12_fp t, neg, plain;
  u8 x[48], any = 0;
  bool greater;
  memcpy(x, in, 48);
  x[0] &= 0x1f;
  *infinity = in[0] & INFINITE;
  if (!(in[0] & COMPRESSED)) return ERR_INPUT;
  if (*infinity) {
    for (int i = 0; i < 48; i++) any |= x[i];
    return any || in[0] & GREATER ? ERR_INPUT : ERR_OK;
  }
  if (!bls12_fp_load(&p->x, x)) return ERR_INPUT;
  bls12_fp_sqr(&t, &p->x);
  bls12_fp_mul(&t, &t, &p->x);
  bls12_fp_add(&t, &t, &bls12_four);
  bls12_fp_pow_sqrt(&p->y, &t);
  bls12_fp_mul(&p->y, &p->y, &t);
  bls12_fp_neg(&neg, &p->y);
  bls12_fp_plain(&plain, &p->y);
  bls12_fp_plain(&t, &neg);
  greater = mont_less(t.v, plain.v, 6);
  if (greater != !!(in[0] & GREATER)) p->y = neg;
  return bls12_g1_on_curve(p, &bls12_four) ? ERR_OK : ERR_INPUT;
}

err crypto_bls_g1_uncompress(u8 out[128], const u8 in[48]) {
  struct bls12_g1_affine p;
  bool infinity;
  TRY(bls12_g1_uncompress(&p, &infinity, in));
  memset(out, 0, CRYPTO_BLS_G1);
  if (infinity) return ERR_OK;
  bls12_store_fp(out, &p.x);
  bls12_store_fp(out + CRYPTO_BLS_FP, &p.y);
  return ERR_OK;
}

/*------------------------------------------------------- openings (EIP-4844) */

static struct bls12_g1_affine bls12_kzg_g1;
static struct bls12_g2_affine bls12_kzg_g2[2];
static struct crypto_bls_x4_lines bls12_kzg_lines[2];

void crypto_bls_kzg_init(const u8 g1[128], const u8 g2[2][256]) {
  bool infinity;
  if (!bls12_fp_is_zero(&bls12_kzg_g1.x)) return;
  MUST(bls12_load_g1(&bls12_kzg_g1, &infinity, g1) == ERR_OK);
  for (int i = 0; i < 2; i++) {
    MUST(bls12_load_g2(&bls12_kzg_g2[i], &infinity, g2[i]) == ERR_OK);
    if (crypto_bls_x4_on)
      crypto_bls_x4_fix(&bls12_kzg_lines[i],
                        (const u64(*)[6])&bls12_kzg_g2[i]);
  }
}

/* k p added to *sum. */
static void bls12_kzg_add(struct bls12_g1_point *sum,
                          const struct bls12_g1_affine *p, const u64 k[4]) {
  u8 pair[BLS12_G1_PAIR];
  bls12_store_fp(pair, &p->x);
  bls12_store_fp(pair + 64, &p->y);
  mont_store(pair + CRYPTO_BLS_G1, k, 4);
  MUST(bls12_g1_chunk(sum, pair, 1, true) == ERR_OK);
}

/* *sum = p[0] + k[0] G + k[1] p[1], in lanes that also multiply both points by
** x^2 for the group check.  False when that is not to be had. */
static bool bls12_kzg_lanes(struct bls12_g1_point *sum, bool *member,
                            const struct bls12_g1_affine p[2],
                            const u64 k[2][4]) {
  struct bls12_g1_lane s;
  if (!crypto_bls_x4_on) return false;
  s.p[0] = bls12_kzg_g1;
  s.p[1] = p[1];
  s.p[2] = p[0];
  for (u32 i = 0; i < 2; i++) {
    bls12_split2(s.part[i][0], s.part[i][1], k[i]);
    bls12_g1_lane_split(&s, 3 + i, i);
  }
  bls12_g1_lane_check(&s, 2, 2);
  bls12_g1_lane_check(&s, 5, 1);
  if (bls12_g1_lane_mul(&s, 6) != 63) return false;
  *member = bls12_g1_image(&p[0], &s.r[2]) && bls12_g1_image(&p[1], &s.r[5]);
  bls12_g1_from_affine(sum, &p[0]);
  for (u32 i = 0; i < 2; i++) {
    bls12_g1_lane_join(&s, 63, 3 + i, i);
    bls12_g1_add(sum, sum, &s.r[i]);
  }
  return true;
}

/* The pairs without a point at infinity, multiplied. */
static bool bls12_kzg_pair(const struct bls12_g1_affine p[2],
                           const bool infinity[2]) {
  struct bls12_pairs s = {.cnt = 0};
  bls12_fp12 f;
  bls12_fp12_set_one(&f);
  if (crypto_bls_x4_on && !infinity[0] && !infinity[1]) {
    crypto_bls_x4_miller_fixed((u64(*)[6])&f, (const u64(*)[2][6])p,
                               bls12_kzg_lines, 2);
  } else {
    for (int i = 0; i < 2; i++) {
      if (infinity[i]) continue;
      s.p[s.cnt] = p[i];
      s.q[s.cnt++] = bls12_kzg_g2[i];
    }
    bls12_miller_flush(&f, &s);
  }
  bls12_final_exp(&f);
  return bls12_fp12_is_one(&f);
}

err crypto_bls_kzg_check(bool *one, const u8 c[48], const u8 proof[48],
                         const u8 k_g[32], const u8 k_proof[32]) {
  struct bls12_g1_affine p[2];
  struct bls12_g1_point sum = {0};
  u64 k[2][4];
  bool infinity[2], member;
  MUST(!bls12_fp_is_zero(&bls12_kzg_g1.x));
  TRY(bls12_g1_uncompress(&p[0], &infinity[0], c));
  TRY(bls12_g1_uncompress(&p[1], &infinity[1], proof));
  bls12_scalar(k[0], k_g);
  bls12_scalar(k[1], k_proof);
  if (infinity[0] || infinity[1] ||
      !bls12_kzg_lanes(&sum, &member, p, (const u64(*)[4])k)) {
    member = true;
    memset(&sum, 0, sizeof sum);
    for (int i = 0; i < 2; i++)
      member &= infinity[i] || bls12_in_g1(&p[i]);
    if (!member) return ERR_INPUT;
    if (!infinity[0]) bls12_g1_from_affine(&sum, &p[0]);
    bls12_kzg_add(&sum, &bls12_kzg_g1, k[0]);
    if (!infinity[1]) bls12_kzg_add(&sum, &p[1], k[1]);
  }
  if (!member) return ERR_INPUT;
  infinity[0] = bls12_g1_is_infinity(&sum);
  if (!infinity[0]) bls12_g1_to_affine(&p[0], &sum);
  *one = bls12_kzg_pair(p, infinity);
  return ERR_OK;
}

/*---------------------------------------------------------------- maps to G1 */

/* The simplified SWU map to the curve y^2 = x^3 + ax + b (RFC 9380 F.2). */
static void bls12_sswu_g1(struct bls12_g1_affine *r, const bls12_fp *u) {
  static const bls12_fp a =
      {{0x2f65aa0e9af5aa51, 0x86464c2d1e8416c3, 0xb85ce591b7bd31e2,
      0x27e11c91b5f24e7c, 0x28376eda6bfc1835, 0x155455c3e5071d85}};
  static const bls12_fp b =
      {{0xfb996971fe22a1e0, 0x9aa93eb35b742d6f, 0x8c476013de99c5c4,
      0x873e27c3a221e571, 0xca72b5e45a52d888, 0x06824061418a386b}};
  static const bls12_fp z = /* 11 */
      {{0x886c00000023ffdc, 0x0f70008d3090001d, 0x77672417ed5828c3,
      0x9dac23e943dc1740, 0x50553f1b9c131521, 0x078c712fbe0ab6e8}};
  static const bls12_fp root = /* of -z */
      {{0xf37b0ced8fb71e24, 0xf02dc8a4535a8779, 0x732ed835f7eb14ea,
      0x524ca41ecb2bce0d, 0x095e3801e90b5fc1, 0x0252ad055472a90e}};
  bls12_fp zuu, num, den, n, d, t, y;
  bls12_fp_sqr(&zuu, u);
  bls12_fp_mul(&zuu, &zuu, &z);
  bls12_fp_sqr(&t, &zuu);
  bls12_fp_add(&t, &t, &zuu);
  memcpy(num.v, bls12_one, sizeof num.v);
  bls12_fp_add(&num, &num, &t);
  bls12_fp_mul(&num, &num, &b);
  bls12_fp_neg(&den, &t);
  if (bls12_fp_is_zero(&den)) den = z;
  bls12_fp_mul(&den, &den, &a);
  /* g(num/den) = n/d with d = den^3. */
  bls12_fp_sqr(&n, &num);
  bls12_fp_sqr(&d, &den);
  bls12_fp_mul(&t, &a, &d);
  bls12_fp_add(&n, &n, &t);
  bls12_fp_mul(&n, &n, &num);
  bls12_fp_mul(&d, &d, &den);
  bls12_fp_mul(&t, &b, &d);
  bls12_fp_add(&n, &n, &t);
  /* sqrt(n/d) = nd (nd^3)^((p-3)/4). */
  bls12_fp_mul(&y, &n, &d);
  bls12_fp_sqr(&t, &d);
  bls12_fp_mul(&t, &t, &y);
  bls12_fp_pow_sqrt(&t, &t);
  bls12_fp_mul(&y, &y, &t);
  bls12_fp_sqr(&t, &y);
  bls12_fp_mul(&t, &t, &d);
  if (!bls12_fp_eq(&t, &n)) {
    bls12_fp_mul(&num, &num, &zuu);
    bls12_fp_mul(&y, &y, &root);
    bls12_fp_mul(&y, &y, &zuu);
    bls12_fp_mul(&y, &y, u);
  }
  if (bls12_fp_sgn0(&y) != bls12_fp_sgn0(u)) bls12_fp_neg(&y, &y);
  bls12_fp_inv(&den, &den);
  bls12_fp_mul(&r->x, &num, &den);
  r->y = y;
}

/* c[0] + c[1] x + ... + c[cnt-1] x^(cnt-1), and x^cnt too where monic. */
static void bls12_fp_poly(bls12_fp *r, const bls12_fp *c, int cnt, bool monic,
                          const bls12_fp *x) {
  bls12_fp s = c[--cnt];
  if (monic) bls12_fp_add(&s, &s, x);
  while (cnt--) {
    bls12_fp_mul(&s, &s, x);
    bls12_fp_add(&s, &s, &c[cnt]);
  }
  *r = s;
}
static void bls12_fp2_poly(bls12_fp2 *r, const bls12_fp2 *c, int cnt,
                           bool monic, const bls12_fp2 *x) {
  bls12_fp2 s = c[--cnt];
  if (monic) bls12_fp2_add(&s, &s, x);
  while (cnt--) {
    bls12_fp2_mul(&s, &s, x);
    bls12_fp2_add(&s, &s, &c[cnt]);
  }
  *r = s;
}

/* The four polynomials of an isogeny at a.x, and the image with Z = xden yden;
** a zero of a denominator goes to infinity. */
#define BLS12_ISO(F, iso, r, a) \
  do { \
    F xn, xd, yn, yd; \
    F##_poly(&xn, iso##_xnum, ARRAY_LEN(iso##_xnum), false, &(a)->x); \
    F##_poly(&xd, iso##_xden, ARRAY_LEN(iso##_xden), true, &(a)->x); \
    F##_poly(&yn, iso##_ynum, ARRAY_LEN(iso##_ynum), false, &(a)->x); \
    F##_poly(&yd, iso##_yden, ARRAY_LEN(iso##_yden), true, &(a)->x); \
    F##_mul(&(r)->z, &xd, &yd); \
    F##_mul(&xn, &xn, &yd); \
    F##_mul(&(r)->x, &xn, &(r)->z); \
    F##_mul(&yn, &yn, &(a)->y); \
    F##_mul(&yn, &yn, &xd); \
    F##_sqr(&xd, &(r)->z); \
    F##_mul(&(r)->y, &yn, &xd); \
  } while (0)

err crypto_bls_map_g1(u8 out[128], const u8 in[64]) {
  struct bls12_g1_affine a;
  struct bls12_g1_point p;
  bls12_fp u;
  if (!bls12_load_fp(&u, in)) return ERR_INPUT;
  bls12_sswu_g1(&a, &u);
  BLS12_ISO(bls12_fp, bls12_iso11, &p, &a);
  bls12_g1_mul_u64(&p, &p, BLS12_X + 1);
  bls12_store_g1(out, &p);
  return ERR_OK;
}

/*---------------------------------------------------------------- maps to G2 */

static void bls12_fp2_norm(bls12_fp *r, const bls12_fp2 *x) {
  bls12_fp t;
  bls12_fp_sqr(&t, &x->a);
  bls12_fp_sqr(r, &x->b);
  bls12_fp_add(r, r, &t);
}

/* The y of the simplified SWU map: a root of g, or, where g is no square, of
** g (Zu^2)^3, which then is one.  Says which.  A number is a square exactly if
** its norm n is; s with s^2 = n or -n also gives the norm's root of the other
** case, sqrt(-5) s 5 norm(u)^3, as norm(Z) = 5. */
static bool bls12_sswu_root(bls12_fp2 *y, const bls12_fp2 *g,
                            const bls12_fp2 *u, const bls12_fp2 *zuu) {
  static const bls12_fp root = /* of -5 */
      {{0xcd94f7407f49f0ba, 0xe4f81e0fa6c4f72d, 0x30e77d854799eedb,
      0xc442e208de13f299, 0x15a4f8f75facaabe, 0x135bd2bfe164a855}};
  bls12_fp n, s, t, five;
  bls12_fp2 h;
  bls12_fp2_norm(&n, g);
  bls12_fp_pow_sqrt(&s, &n);
  bls12_fp_mul(&s, &s, &n);
  bls12_fp_sqr(&t, &s);
  if (bls12_fp_eq(&t, &n)) {
    bls12_fp2_sqrt(y, g, &s);
    return true;
  }
  bls12_fp_sqr(&five, &root);
  bls12_fp_neg(&five, &five);
  bls12_fp2_norm(&n, u);
  bls12_fp_sqr(&t, &n);
  bls12_fp_mul(&t, &t, &n);
  bls12_fp_mul(&t, &t, &five);
  bls12_fp_mul(&t, &t, &root);
  bls12_fp_mul(&s, &s, &t);
  bls12_fp2_sqr(&h, zuu);
  bls12_fp2_mul(&h, &h, zuu);
  bls12_fp2_mul(&h, &h, g);
  bls12_fp2_sqrt(y, &h, &s);
  return false;
}

/* The simplified SWU map to the curve y^2 = x^3 + 240u x + 1012(1 + u). */
static void bls12_sswu_g2(struct bls12_g2_affine *r, const bls12_fp2 *u) {
  static const bls12_fp2 a = {
      {{0}}, /* 0, 240 */
      {{0xe53a000003135242, 0x01080c0fdef80285, 0xe7889edbe340f6bd,
      0x0b51375126310601, 0x02d6985717c744ab, 0x1220b4e979ea5467}}};
  static const bls12_fp2 b = { /* 1012, 1012 */
      {{0x22ea00000cf89db2, 0x6ec832df71380aa4, 0x6e1b94403db5a66e,
      0x75bf3c53a79473ba, 0x3dd3a569412c0a34, 0x125cdb5e74dc4fd1}},
      {{0x22ea00000cf89db2, 0x6ec832df71380aa4, 0x6e1b94403db5a66e,
      0x75bf3c53a79473ba, 0x3dd3a569412c0a34, 0x125cdb5e74dc4fd1}}};
  bls12_fp2 z, zuu, t, num, den, g, y;
  memset(&z, 0, sizeof z);
  memcpy(z.b.v, bls12_one, sizeof z.b.v);
  bls12_fp_dbl(&z.a, &z.b);
  bls12_fp2_neg(&z, &z); /* -(2 + u) */
  bls12_fp2_sqr(&zuu, u);
  bls12_fp2_mul(&zuu, &zuu, &z);
  bls12_fp2_sqr(&t, &zuu);
  bls12_fp2_add(&t, &t, &zuu);
  bls12_fp2_neg(&den, &t);
  if (bls12_fp2_is_zero(&t)) den = z;
  bls12_fp2_mul(&den, &den, &a);
  memcpy(num.a.v, bls12_one, sizeof num.a.v);
  memset(&num.b, 0, sizeof num.b);
  bls12_fp2_add(&num, &num, &t);
  bls12_fp2_mul(&num, &num, &b);
  bls12_fp2_inv(&den, &den);
  bls12_fp2_mul(&r->x, &num, &den);
  bls12_fp2_sqr(&g, &r->x);
  bls12_fp2_add(&g, &g, &a);
  bls12_fp2_mul(&g, &g, &r->x);
  bls12_fp2_add(&g, &g, &b);
  if (!bls12_sswu_root(&y, &g, u, &zuu)) bls12_fp2_mul(&r->x, &r->x, &zuu);
  if (bls12_fp2_sgn0(&y) != bls12_fp2_sgn0(u)) bls12_fp2_neg(&y, &y);
  r->y = y;
}

/* (x^2 - x - 1) P + (x - 1) psi(P) + psi^2(2P), as x (xP + psi(P)) - xP -
** psi(P) - P + psi^2(2P). */
static void bls12_clear_g2(struct bls12_g2_point *r,
                           const struct bls12_g2_point *p) {
  struct bls12_g2_point s, t, u;
  bls12_g2_mul_u64(&s, p, BLS12_X);
  bls12_g2_neg(&s, &s);
  bls12_psi(&t, p);
  bls12_g2_add(&s, &s, &t);
  bls12_g2_mul_u64(&t, &s, BLS12_X);
  bls12_g2_add(&s, &s, &t);
  bls12_g2_add(&s, &s, p);
  bls12_g2_neg(&s, &s);
  bls12_g2_dbl(&u, p);
  bls12_psi(&u, &u);
  bls12_psi(&u, &u);
  bls12_g2_add(r, &s, &u);
}

err crypto_bls_map_g2(u8 out[256], const u8 in[128]) {
  struct bls12_g2_affine a;
  struct bls12_g2_point p;
  bls12_fp2 u;
  if (!bls12_load_fp(&u.a, in) || !bls12_load_fp(&u.b, in + 64))
    return ERR_INPUT;
  bls12_sswu_g2(&a, &u);
  BLS12_ISO(bls12_fp2, bls12_iso3, &p, &a);
  bls12_clear_g2(&p, &p);
  bls12_store_g2(out, &p);
  return ERR_OK;
}

#undef BLS12_ISO
