/* test_native_decimal.c - fixed-point arithmetic held against GMP: exact
** methods against its integers, exp, ln, log2, pow and compound against series
** of 1,400 bits behind the point, over random inputs of every size; edges. */
#include "native_fixture.h"

#include <gmp.h>

#define ONE 1000000000000000000ll
#define DEC 0x1102
enum { FRAC = 1400 };

static u64 seed = 88172645463325252ull;
static u64 rnd(void) {
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return seed;
}
/* Of a random number of bits up to most. */
static u256 rnd_word(u32 most) {
  u256 v = {{rnd(), rnd(), rnd(), rnd()}};
  u256_shr(&v, &v, 256 - 1 - rnd() % most);
  return v;
}
static void to_mpz(mpz_t z, const u256 *v) {
  mpz_import(z, 4, -1, 8, 0, 0, v->w);
}
static void to_mpz_signed(mpz_t z, const u256 *v) {
  mpz_t top;
  to_mpz(z, v);
  mpz_init_set_ui(top, 1);
  mpz_mul_2exp(top, top, 256);
  if (v->w[3] >> 63) mpz_sub(z, z, top);
  mpz_clear(top);
}
static u256 negated(const u256 *v) {
  u256 out = U256_ZERO;
  u256_sub(&out, &out, v);
  return out;
}

/*--------------------------------------------------------------- reference */

static mpz_t ln2;

/* out = e^x; x with FRAC bits behind the point, any sign, |x| < 2^9. */
static void ref_exp(mpz_t out, const mpz_t x) {
  mpz_t r, term;
  mpz_inits(r, term, NULL);
  mpz_fdiv_q_2exp(r, x, 32);
  mpz_set_ui(out, 1);
  mpz_mul_2exp(out, out, FRAC);
  mpz_set(term, out);
  for (u32 n = 1; mpz_sgn(term) && mpz_cmpabs_ui(term, 1) > 0; n++) {
    mpz_mul(term, term, r);
    mpz_fdiv_q_2exp(term, term, FRAC);
    mpz_tdiv_q_ui(term, term, n);
    mpz_add(out, out, term);
  }
  for (u32 i = 0; i < 32; i++) {
    mpz_mul(out, out, out);
    mpz_fdiv_q_2exp(out, out, FRAC);
  }
  mpz_clears(r, term, NULL);
}
/* ln(num / den) by 2 atanh((m - 1) / (m + 1)), m from 1 to 2; FRAC bits. */
static void ref_ln(mpz_t out, const mpz_t num, const mpz_t den) {
  mpz_t a, b, z, zz, term;
  mpz_inits(a, b, z, zz, term, NULL);
  mpz_set(a, num);
  mpz_set(b, den);
  long e = (long)mpz_sizeinbase(a, 2) - (long)mpz_sizeinbase(b, 2);
  if (e > 0) mpz_mul_2exp(b, b, (u64)e);
  else mpz_mul_2exp(a, a, (u64)-e);
  if (mpz_cmp(a, b) < 0) mpz_mul_2exp(a, a, 1), e--;
  mpz_sub(z, a, b);
  mpz_mul_2exp(z, z, FRAC);
  mpz_add(b, a, b);
  mpz_fdiv_q(z, z, b);
  mpz_mul(zz, z, z);
  mpz_fdiv_q_2exp(zz, zz, FRAC);
  mpz_set(term, z);
  mpz_set_ui(out, 0);
  for (u32 n = 1; mpz_sgn(term); n += 2) {
    mpz_tdiv_q_ui(a, term, n);
    mpz_add(out, out, a);
    mpz_mul(term, term, zz);
    mpz_fdiv_q_2exp(term, term, FRAC);
  }
  mpz_mul_2exp(out, out, 1);
  mpz_set_si(a, e);
  mpz_addmul(out, a, ln2);
  mpz_clears(a, b, z, zz, term, NULL);
}
static int open_all(void **st) {
  mpz_t zero, one, two;
  mpz_init_set_ui(zero, 0);
  mpz_init_set_ui(one, 1);
  mpz_init_set_ui(two, 3);
  mpz_init(ln2);
  /* ln 2 = ln(3/2) + ln(4/3), neither of which uses it */
  mpz_t four;
  mpz_init_set_ui(four, 4);
  mpz_set_ui(one, 2);
  ref_ln(zero, two, one);
  ref_ln(ln2, four, two);
  mpz_add(ln2, ln2, zero);
  mpz_clears(zero, one, two, four, NULL);
  return nf_open(st);
}
static int close_all(void **st) {
  mpz_clear(ln2);
  return nf_close(st);
}

/* The result in units is within one unit of want (FRAC bits behind the point,
** in ones, times scale). */
static void assert_near(const mpz_t want, const char *what, const u256 *x) {
  mpz_t got, d;
  char hex[67];
  u256 r = nf_out(0);
  mpz_inits(got, d, NULL);
  to_mpz_signed(got, &r);
  mpz_mul_2exp(got, got, FRAC);
  mpz_sub(d, want, got); /* 0 <= d < 1, but for what is within 2^-60 */
  mpz_set_ui(got, 1);
  mpz_mul_2exp(got, got, FRAC);
  u256_to_hex(hex, x);
  if (mpz_cmpabs(d, got) > 0) fail_msg("%s of %s is off", what, hex);
  mpz_neg(d, d);
  mpz_fdiv_q_2exp(got, got, 60);
  if (mpz_cmp(d, got) > 0) fail_msg("%s of %s is above", what, hex);
  mpz_clears(got, d, NULL);
}
static void to_units(mpz_t z) { mpz_mul_ui(z, z, (u64)ONE); }

/*-------------------------------------------------------------------- exact */

static void mul_div_when_random_is_what_gmp_says(void **st) {
  (void)st;
  mpz_t a, b, d, q, r, most;
  mpz_inits(a, b, d, q, r, NULL);
  mpz_init_set_ui(most, 1);
  mpz_mul_2exp(most, most, 256);
  for (u32 i = 0; i < 6000; i++) {
    u256 x = rnd_word(256), y = rnd_word(256), z = rnd_word(256);
    u64 rounding = i % 3;
    if (i % 7 == 0) u256_shl(&z, &x, 1); /* halves */
    if (i % 11 == 0) y = u256_from(3);
    if (u256_is_zero(&z)) continue;
    to_mpz(a, &x), to_mpz(b, &y), to_mpz(d, &z);
    mpz_mul(q, a, b);
    if (rounding == 1) {
      mpz_cdiv_q(q, q, d);
    } else {
      mpz_fdiv_qr(q, r, q, d);
      mpz_mul_2exp(r, r, 1);
      int half = mpz_cmp(r, d);
      if (rounding == 2 && (half > 0 || (half == 0 && mpz_odd_p(q))))
        mpz_add_ui(q, q, 1);
    }
    bool ok = nf_call(DEC, "mulDiv(uint256,uint256,uint256,uint8)", "wwwu", &x,
                      &y, &z, rounding);
    if (mpz_cmp(q, most) >= 0) {
      assert_fails("Overflow()");
      continue;
    }
    assert_true(ok);
    u256 got = nf_out(0);
    to_mpz(a, &got);
    assert_int_equal(mpz_cmp(a, q), 0);
  }
  mpz_clears(a, b, d, q, r, most, NULL);
}

static void mul_and_div_when_random_are_floors(void **st) {
  (void)st;
  mpz_t a, b, q, one, edge;
  mpz_inits(a, b, q, NULL);
  mpz_init_set_ui(one, (u64)ONE);
  mpz_init_set_ui(edge, 1);
  mpz_mul_2exp(edge, edge, 255);
  for (u32 i = 0; i < 6000; i++) {
    u256 x = rnd_word(256), y = rnd_word(256);
    if (i & 2) x = negated(&x);
    if (i & 4) y = negated(&y);
    if (i == 6) x = (u256){{0, 0, 0, 1ull << 63}}, y = u256_from((u64)ONE);
    if (i == 7) x = (u256){{0, 0, 0, 1ull << 63}}, y = x;
    to_mpz_signed(a, &x), to_mpz_signed(b, &y);
    bool divides = i & 1;
    if (divides && mpz_sgn(b) == 0) continue;
    mpz_mul(q, a, divides ? one : b);
    mpz_fdiv_q(q, q, divides ? b : one);
    nf_call(DEC, divides ? "div(int256,int256)" : "mul(int256,int256)", "ww",
            &x, &y);
    mpz_neg(a, edge);
    if (mpz_cmp(q, edge) >= 0 || mpz_cmp(q, a) < 0) {
      assert_fails("Overflow()");
      continue;
    }
    u256 got = nf_out(0);
    to_mpz_signed(a, &got);
    assert_int_equal(mpz_cmp(a, q), 0);
  }
  mpz_clears(a, b, q, one, edge, NULL);
}

static void sqrt_when_random_is_the_floor(void **st) {
  (void)st;
  mpz_t a;
  mpz_init(a);
  for (u32 i = 0; i < 3000; i++) {
    u256 x = rnd_word(255), one = u256_from((u64)ONE);
    if (i % 4 == 0) { /* squares, and one less */
      x = rnd_word(100);
      u256_mul(&x, &x, &x);
      u256 rest;
      u256_divmod(NULL, &rest, &x, &one);
      if (i % 8 == 0) u256_sub(&x, &x, &rest);
    }
    if (i == 1) memset(&x, 0xff, sizeof x), x.w[3] >>= 1;
    if (x.w[3] >> 63) continue;
    assert_true(nf_call(DEC, "sqrt(int256)", "w", &x));
    to_mpz(a, &x);
    to_units(a);
    mpz_sqrt(a, a);
    u256 got = nf_out(0);
    mpz_t b;
    mpz_init(b);
    to_mpz(b, &got);
    assert_int_equal(mpz_cmp(a, b), 0);
    mpz_clear(b);
  }
  mpz_clear(a);
}

static void scale_when_moved_rounds_as_asked(void **st) {
  (void)st;
  static const struct { i64 x; u64 from, to, rounding; i64 want; } rows[] = {
    {125, 2, 1, 0, 12}, {125, 2, 1, 1, 13}, {125, 2, 1, 2, 12},
    {135, 2, 1, 2, 14}, {-125, 2, 1, 0, -13}, {-125, 2, 1, 1, -12},
    {-125, 2, 1, 2, -12}, {-135, 2, 1, 2, -14}, {7, 0, 18, 0, 7 * ONE},
    {7, 100, 20, 0, 0}, {7, 100, 20, 1, 1}, {7, 100, 20, 2, 0},
    {-7, 255, 0, 0, -1}, {-7, 255, 0, 1, 0}, {-7, 255, 0, 2, 0},
    {0, 0, 255, 0, 0}, {5, 9, 9, 1, 5}, {51, 2, 0, 2, 1}, {50, 2, 0, 2, 0},
    {-1, 77, 0, 0, -1}, {-1, 77, 0, 1, 0}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    assert_true(nf_call(DEC, "scale(int256,uint8,uint8,uint8)", "iuuu",
                        rows[i].x, rows[i].from, rows[i].to,
                        rows[i].rounding));
    u256 got = nf_out(0);
    assert_int_equal((i64)got.w[0], rows[i].want);
    assert_true(got.w[3] == (rows[i].want < 0 ? ~0ull : 0));
  }
  nf_call(DEC, "scale(int256,uint8,uint8,uint8)", "iuuu", (i64)1, 0ull, 77ull,
          0ull);
  assert_fails("Overflow()"); /* 10^77 > 2^255 */
  assert_true(nf_call(DEC, "scale(int256,uint8,uint8,uint8)", "iuuu", (i64)1,
                      0ull, 76ull, 0ull));
  nf_call(DEC, "scale(int256,uint8,uint8,uint8)", "iuuu", (i64)1, 0ull, 255ull,
          0ull);
  assert_fails("Overflow()");
  nf_call(DEC, "scale(int256,uint8,uint8,uint8)", "iuuu", (i64)1, 0ull, 1ull,
          3ull);
  assert_fails("Domain()");
}

/*------------------------------------------------------------------- series */

static void exp_when_random_is_within_a_unit(void **st) {
  (void)st;
  mpz_t x, want;
  mpz_inits(x, want, NULL);
  for (u32 i = 0; i < 1500; i++) {
    u256 v = rnd_word(67);
    if (i == 0) v = u256_from(0);
    if (i == 1) v = u256_from(1);
    if (i & 1) v = negated(&v);
    to_mpz_signed(x, &v);
    mpz_mul_2exp(x, x, FRAC);
    mpz_fdiv_q_ui(x, x, (u64)ONE);
    ref_exp(want, x);
    to_units(want);
    if (!nf_call(DEC, "exp(int256)", "w", &v)) {
      assert_fails("Overflow()");
      assert_true(mpz_sizeinbase(want, 2) > FRAC + 255);
      continue;
    }
    assert_near(want, "exp", &v);
  }
  mpz_clears(x, want, NULL);
}

static void ln_and_log2_when_random_are_within_a_unit(void **st) {
  (void)st;
  mpz_t x, one, want;
  mpz_inits(x, want, NULL);
  mpz_init_set_ui(one, (u64)ONE);
  for (u32 i = 0; i < 1500; i++) {
    u256 v = rnd_word(255), near_one = u256_from((u64)ONE - 50 + i);
    if (i < 100) v = near_one;
    if (v.w[3] >> 63 || u256_is_zero(&v)) continue;
    to_mpz(x, &v);
    ref_ln(want, x, one);
    assert_true(nf_call(DEC, "ln(int256)", "w", &v));
    mpz_set(x, want);
    to_units(want);
    assert_near(want, "ln", &v);
    to_units(x);
    mpz_mul_2exp(x, x, FRAC);
    mpz_fdiv_q(x, x, ln2);
    assert_true(nf_call(DEC, "log2(int256)", "w", &v));
    assert_near(x, "log2", &v);
  }
  mpz_clears(x, one, want, NULL);
}

static void pow_when_random_is_within_a_unit(void **st) {
  (void)st;
  mpz_t x, y, one, want;
  u32 done = 0;
  mpz_inits(x, y, want, NULL);
  mpz_init_set_ui(one, (u64)ONE);
  for (u32 i = 0; i < 2500; i++) {
    u256 a = rnd_word(i & 1 ? 255 : 90), b = rnd_word(i & 2 ? 70 : 64);
    if (i % 5 == 0) a = u256_from((u64)ONE + rnd() % 2000 - 1000);
    if (i % 5 == 0) b = rnd_word(128);
    if (i & 4) b = negated(&b);
    if (a.w[3] >> 63 || u256_is_zero(&a)) continue;
    to_mpz(x, &a);
    ref_ln(x, x, one);
    to_mpz_signed(y, &b);
    mpz_mul(x, x, y);
    mpz_fdiv_q_ui(x, x, (u64)ONE);
    bool ok = nf_call(DEC, "pow(int256,int256)", "ww", &a, &b);
    if (mpz_sizeinbase(x, 2) > FRAC + 9) { /* beyond e^256 either way */
      if (mpz_sgn(x) > 0) assert_fails("Overflow()");
      else assert_true(ok && nf_u() == 0);
      continue;
    }
    ref_exp(want, x);
    to_units(want);
    if (!ok) {
      assert_fails("Overflow()");
      assert_true(mpz_sizeinbase(want, 2) > FRAC + 255);
      continue;
    }
    done++;
    assert_near(want, "pow", &a);
  }
  assert_true(done > 500);
  mpz_clears(x, y, one, want, NULL);
}

static void compound_when_random_is_within_a_unit(void **st) {
  (void)st;
  mpz_t x, one, n, want, p;
  u32 done = 0;
  mpz_inits(x, n, want, p, NULL);
  mpz_init_set_ui(one, (u64)ONE);
  for (u32 i = 0; i < 2500; i++) {
    u256 principal = rnd_word(i & 1 ? 256 : 128), rate = rnd_word(i & 2 ? 40
                                                                       : 256);
    u64 secs = rnd() >> rnd() % 64;
    if (i % 3 == 0) rate = rnd_word(30), secs = rnd() % 400000000;
    if (i % 17 == 0) secs = i % 34 ? 1 : 2;
    to_mpz(x, &rate);
    mpz_add(x, x, one);
    ref_ln(x, x, one);
    mpz_set_ui(n, secs);
    mpz_mul(x, x, n);
    bool ok = nf_call(DEC, "compound(uint256,uint256,uint64)", "wwu",
                      &principal, &rate, secs);
    to_mpz(p, &principal);
    if (mpz_sgn(p) == 0) {
      assert_true(ok && nf_u() == 0);
      continue;
    }
    if (mpz_sizeinbase(x, 2) > FRAC + 9) {
      assert_fails("Overflow()");
      continue;
    }
    ref_exp(want, x);
    mpz_mul(want, want, p);
    if (!ok) {
      assert_fails("Overflow()");
      assert_true(mpz_sizeinbase(want, 2) > FRAC + 256);
      continue;
    }
    done++;
    u256 got = nf_out(0);
    to_mpz(p, &got);
    mpz_mul_2exp(p, p, FRAC);
    mpz_sub(p, want, p);
    mpz_fdiv_q_2exp(n, p, FRAC);
    /* A whole number may come out of the reference a last bit short. */
    assert_true(mpz_sgn(n) == 0 || mpz_cmp_si(n, -1) == 0);
    if (mpz_sgn(n) < 0) {
      mpz_fdiv_q_2exp(p, p, FRAC - 60);
      assert_true(mpz_cmp_si(p, -1) == 0);
    }
  }
  assert_true(done > 500);
  mpz_clears(x, one, n, want, p, NULL);
}

/*-------------------------------------------------------------------- edges */

static void result_when_whole_is_exact(void **st) {
  (void)st;
  for (u32 k = 0; k < 195; k++) { /* log2(2^k) = k, 2^k by pow */
    u256 v = u256_from((u64)ONE), one = u256_from((u64)ONE);
    u256_shl(&v, &v, k);
    assert_true(nf_call(DEC, "log2(int256)", "w", &v));
    u256 got = nf_out(0), want = u256_from(k);
    u256_mul(&want, &want, &one);
    assert_true(u256_eq(&got, &want));
    assert_true(nf_call(DEC, "pow(int256,int256)", "iw", (i64)2 * ONE, &want));
    got = nf_out(0);
    assert_true(u256_eq(&got, &v));
    /* x^1 = x, x^0 = 1 */
    assert_true(nf_call(DEC, "pow(int256,int256)", "wi", &v, (i64)ONE));
    got = nf_out(0);
    assert_true(u256_eq(&got, &v));
    assert_true(nf_call(DEC, "pow(int256,int256)", "wi", &v, (i64)0));
    assert_true(nf_u() == (u64)ONE);
  }
  for (i64 k = 1; k <= 18; k++) {
    assert_true(nf_call(DEC, "log2(int256)", "i", ONE >> k));
    u256 got = nf_out(0);
    assert_true(got.w[0] == 0 - (u64)k * (u64)ONE);
  }
  static const struct { const char *f; i64 a, b, want; } rows[] = {
    {"pow(int256,int256)", 4 * ONE, ONE / 2, 2 * ONE},
    {"pow(int256,int256)", 4 * ONE, -ONE / 2, ONE / 2},
    {"pow(int256,int256)", ONE / 2, 2 * ONE, ONE / 4},
    {"pow(int256,int256)", 3 * ONE, 2 * ONE, 9 * ONE},
    {"pow(int256,int256)", 0, ONE, 0}, {"pow(int256,int256)", 0, 0, ONE},
    {"pow(int256,int256)", 1, 3 * ONE, 0},
    {"mul(int256,int256)", -1, 1, -1}, {"mul(int256,int256)", 1, 1, 0},
    {"div(int256,int256)", -1, 3 * ONE, -1},
    {"div(int256,int256)", ONE, 3 * ONE, ONE / 3}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    assert_true(nf_call(DEC, rows[i].f, "ii", rows[i].a, rows[i].b));
    u256 got = nf_out(0);
    assert_int_equal((i64)got.w[0], rows[i].want);
  }
  assert_true(nf_call(DEC, "exp(int256)", "i", (i64)0) && nf_u() == (u64)ONE);
  assert_true(nf_call(DEC, "ln(int256)", "i", (i64)ONE) && nf_u() == 0);
  assert_true(nf_call(DEC, "compound(uint256,uint256,uint64)", "uuu", 1000ull,
                      (u64)ONE, 3ull) && nf_u() == 8000);
}

static void argument_when_outside_is_refused_by_name(void **st) {
  (void)st;
  u256 least = {{0, 0, 0, 1ull << 63}}, most = {{~0ull, ~0ull, ~0ull,
                                                 ~0ull >> 1}}, all;
  memset(&all, 0xff, sizeof all);
  nf_call(DEC, "ln(int256)", "i", (i64)0);
  assert_fails("Domain()");
  nf_call(DEC, "ln(int256)", "w", &least);
  assert_fails("Domain()");
  nf_call(DEC, "log2(int256)", "i", (i64)-1);
  assert_fails("Domain()");
  nf_call(DEC, "sqrt(int256)", "i", (i64)-1);
  assert_fails("Domain()");
  nf_call(DEC, "pow(int256,int256)", "ii", (i64)-1, (i64)ONE);
  assert_fails("Domain()");
  nf_call(DEC, "pow(int256,int256)", "ii", (i64)0, (i64)-1);
  assert_fails("DivZero()");
  nf_call(DEC, "pow(int256,int256)", "ww", &most, &most);
  assert_fails("Overflow()");
  assert_true(nf_call(DEC, "pow(int256,int256)", "ww", &most, &least) &&
              nf_u() == 0);
  nf_call(DEC, "div(int256,int256)", "ii", (i64)1, (i64)0);
  assert_fails("DivZero()");
  nf_call(DEC, "mulDiv(uint256,uint256,uint256,uint8)", "wwuu", &all, &all,
          0ull, 0ull);
  assert_fails("DivZero()");
  nf_call(DEC, "mulDiv(uint256,uint256,uint256,uint8)", "uuuu", 1ull, 1ull,
          1ull, 3ull);
  assert_fails("Domain()");
  nf_call(DEC, "mulDiv(uint256,uint256,uint256,uint8)", "wwwu", &all, &all,
          &most, 0ull);
  assert_fails("Overflow()");
  assert_true(nf_call(DEC, "mulDiv(uint256,uint256,uint256,uint8)", "wwwu",
                      &all, &all, &all, 1ull));
  nf_call(DEC, "exp(int256)", "w", &most);
  assert_fails("Overflow()");
  assert_true(nf_call(DEC, "exp(int256)", "w", &least) && nf_u() == 0);
  nf_call(DEC, "compound(uint256,uint256,uint64)", "wwu", &all, &all, ~0ull);
  assert_fails("Overflow()");
  nf_call(DEC, "compound(uint256,uint256,uint64)", "wuu", &all, 1ull, 2ull);
  assert_fails("Overflow()");
  nf_call(DEC, "exp(int256)", "");
  assert_fails("BadCalldata(uint16)");
  assert_true(nf_used() >= 900);
}

static void gas_when_called_is_the_tables(void **st) {
  (void)st;
  static const struct { const char *f; u64 gas; } rows[] = {
    {"mul(int256,int256)", 60}, {"div(int256,int256)", 60},
    {"pow(int256,int256)", 1800}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    assert_true(nf_call(DEC, rows[i].f, "ii", (i64)ONE, (i64)ONE));
    assert_int_equal(nf_used(), rows[i].gas);
  }
  assert_true(nf_call(DEC, "sqrt(int256)", "i", (i64)ONE));
  assert_int_equal(nf_used(), 300);
  assert_true(nf_call(DEC, "exp(int256)", "i", (i64)ONE));
  assert_int_equal(nf_used(), 900);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(mul_div_when_random_is_what_gmp_says),
    cmocka_unit_test(mul_and_div_when_random_are_floors),
    cmocka_unit_test(sqrt_when_random_is_the_floor),
    cmocka_unit_test(scale_when_moved_rounds_as_asked),
    cmocka_unit_test(exp_when_random_is_within_a_unit),
    cmocka_unit_test(ln_and_log2_when_random_are_within_a_unit),
    cmocka_unit_test(pow_when_random_is_within_a_unit),
    cmocka_unit_test(compound_when_random_is_within_a_unit),
    cmocka_unit_test(result_when_whole_is_exact),
    cmocka_unit_test(argument_when_outside_is_refused_by_name),
    cmocka_unit_test(gas_when_called_is_the_tables),
  };
  return cmocka_run_group_tests_name("native_decimal", tests, open_all,
                                     close_all);
}
