/* native_decimal.c - native function 0x..1102, Decimal: fixed-point numbers of
** 18 decimals as int256.
**
** mulDiv, mul, div, sqrt and scale are exact: the integer that the rounding
** names (floor, toward minus infinity; 1 ceil; 2 half to even).  exp, ln,
** log2, pow and compound are floors of values known to 2^-64 of their last
** unit: never more than one unit off, and right where the result is a whole
** number of units (a power of two's log2, pow(4, 0.5)).
** compound is principal * (1 + ratePerSec / 10^18)^secs.
** Errors: Overflow outside the result's type; DivZero for a divisor of 0 and
** 0^-y; Domain for ln and log2 of x <= 0, sqrt and pow of a negative base, an
** unknown rounding.  0^0 is 1.
**
** Inside, numbers are 8 limbs with 448 bits behind the point.  With
** L(i) = ln(1 + 2^-i):
**   exp: x = k ln 2 + r; what of r is left after taking away each L(i) that
**        fits goes into Taylor's series, and each one taken is a shift and an
**        add on the result.
**   ln:  x = 2^e m with 1 <= m < 2; m grows by each factor 1 + 2^-i that keeps
**        it at most 2, then ln(m / 2) = -(u + u^2/2 + u^3/3 ..), u < 2^-16.
** Each loses some fifty units of 2^-448; pow multiplies ln's error by at most
** 2^68, compound by 2^64, as beyond that they overflow or are 0: what is left
** is enough for results of 256 bits and 64 more. */
#include "native/native.h"

#define ID(what, name) ndec_##what##_##name
#include "module/pass_struct.inc"
#include "native/decimal.def"
#include "module/pass_param.inc"
#include "native/decimal.def"
static const struct module_row ndec_rows[] = {
#include "module/pass_row.inc"
#include "native/decimal.def"
};
#include "module/pass_end.inc"

enum { NDEC_NUMBER = 0x1102, NDEC_LIMBS = 8, NDEC_FRACTION = 448,
       NDEC_STEPS = 16 };
#define NDEC_ONE 1000000000000000000ull

const struct module_def native_decimal = {
  .name = "DecimalFunction", .text = "Decimal, as a function",
  .number = NDEC_NUMBER, .row = ndec_rows, .row_cnt = ARRAY_LEN(ndec_rows),
  .is_function = true};

/*---------------------------------------------------- sign and magnitude */

static bool ndec_minus(const u256 *x) { return x->w[3] >> 63; }
static u256 ndec_magnitude(const u256 *x) {
  u256 v = *x;
  if (ndec_minus(x)) u256_sub(&v, &U256_ZERO, &v);
  return v;
}
/* A magnitude with its sign; false: outside int256. */
static bool ndec_signed(u256 *out, const u256 *v, bool minus) {
  u256 edge = {{0, 0, 0, 1ull << 63}};
  if (minus ? u256_lt(&edge, v) : !u256_lt(v, &edge)) return false;
  if (minus) u256_sub(out, &U256_ZERO, v);
  else *out = *v;
  return true;
}

enum ndec_rounding { NDEC_FLOOR, NDEC_CEIL, NDEC_EVEN, NDEC_ROUNDINGS };

/* A magnitude q and rest r of a division by d, rounded; false: overflow. */
static bool ndec_round(u256 *q, const u256 *r, const u256 *d, u8 rounding,
                       bool minus) {
  u256 one = u256_from(1), rest;
  bool up;
  if (rounding == NDEC_EVEN) {
    u256_sub(&rest, d, r); /* r against d - r: against half of d */
    int c = u256_cmp(r, &rest);
    up = c > 0 || (c == 0 && (q->w[0] & 1));
  } else {
    up = !u256_is_zero(r) && (rounding == NDEC_CEIL) != minus;
  }
  return !up || !u256_add(q, q, &one);
}

static enum module_end ndec_ratio(struct module_call *c, u256 *out,
                                  const u256 *a, const u256 *b, const u256 *d) {
  bool minus = ndec_minus(a) ^ ndec_minus(b) ^ ndec_minus(d);
  u256 x = ndec_magnitude(a), y = ndec_magnitude(b), z = ndec_magnitude(d), r;
  if (!u256_muldiv(out, &r, &x, &y, &z) ||
      !ndec_round(out, &r, &z, NDEC_FLOOR, minus) ||
      !ndec_signed(out, out, minus))
    return MODULE_FAIL_COMMON(c, overflow);
  return MODULE_DONE;
}

/*----------------------------------------------------------- exact methods */

static enum module_end ndec_do_mul_div(struct module_call *c,
                                       const struct ndec_in_mul_div *in,
                                       struct ndec_out_mul_div *out) {
  u256 r;
  if (in->rounding >= NDEC_ROUNDINGS) return MODULE_FAIL(c, domain);
  if (u256_is_zero(&in->d)) return MODULE_FAIL(c, div_zero);
  if (!u256_muldiv(&out->value, &r, &in->a, &in->b, &in->d) ||
      !ndec_round(&out->value, &r, &in->d, in->rounding, false))
    return MODULE_FAIL_COMMON(c, overflow);
  return MODULE_DONE;
}

static enum module_end ndec_do_mul(struct module_call *c,
                                   const struct ndec_in_mul *in,
                                   struct ndec_out_mul *out) {
  u256 one = u256_from(NDEC_ONE);
  return ndec_ratio(c, &out->value, &in->a, &in->b, &one);
}

static enum module_end ndec_do_div(struct module_call *c,
                                   const struct ndec_in_div *in,
                                   struct ndec_out_div *out) {
  u256 one = u256_from(NDEC_ONE);
  if (u256_is_zero(&in->b)) return MODULE_FAIL(c, div_zero);
  return ndec_ratio(c, &out->value, &in->a, &one, &in->b);
}

/* Newton's steps from above: they fall until they are there. */
static enum module_end ndec_do_sqrt(struct module_call *c,
                                    const struct ndec_in_sqrt *in,
                                    struct ndec_out_sqrt *out) {
  u256 one = u256_from(NDEC_ONE), s = u256_from(1), t;
  if (ndec_minus(&in->x)) return MODULE_FAIL(c, domain);
  if (u256_is_zero(&in->x)) return MODULE_DONE;
  u256_shl(&s, &s, (u256_bits(&in->x) + 60 + 1) / 2);
  for (;; s = t) {
    MUST(u256_muldiv(&t, NULL, &in->x, &one, &s));
    u256_add(&t, &t, &s);
    u256_shr(&t, &t, 1);
    if (!u256_lt(&t, &s)) break;
  }
  out->value = s;
  return MODULE_DONE;
}

/* 10^n, n <= 77. */
static u256 ndec_ten(u32 n) {
  u256 v = u256_from(1), ten19 = u256_from(10000000000000000000ull);
  u64 rest = 1;
  for (; n >= 19; n -= 19) u256_mul(&v, &v, &ten19);
  while (n--) rest *= 10;
  u256 last = u256_from(rest);
  u256_mul(&v, &v, &last);
  return v;
}
static enum module_end ndec_do_scale(struct module_call *c,
                                     const struct ndec_in_scale *in,
                                     struct ndec_out_scale *out) {
  enum { MOST = 77 };
  bool minus = ndec_minus(&in->x), fits = true;
  u256 v = ndec_magnitude(&in->x), ten, r;
  u32 from = in->oldDecimals, to = in->newDecimals;
  u32 by = to > from ? to - from : from - to;
  if (in->rounding >= NDEC_ROUNDINGS) return MODULE_FAIL(c, domain);
  if (u256_is_zero(&v) || by == 0) {
    out->value = in->x;
    return MODULE_DONE;
  }
  if (to > from) {
    ten = ndec_ten(by > MOST ? MOST : by);
    fits = by <= MOST && !u256_mul_over(&v, &v, &ten);
  } else if (by > MOST) { /* less than half of a unit */
    bool up = in->rounding != NDEC_EVEN && (in->rounding == NDEC_CEIL) != minus;
    v = u256_from(up);
  } else {
    ten = ndec_ten(by);
    u256_divmod(&v, &r, &v, &ten);
    fits = ndec_round(&v, &r, &ten, in->rounding, minus);
  }
  if (!fits || !ndec_signed(&out->value, &v, minus))
    return MODULE_FAIL_COMMON(c, overflow);
  return MODULE_DONE;
}

/*-------------------------------------------------- numbers of eight limbs */

struct ndec { u64 w[NDEC_LIMBS]; };

/* ln(1 + 2^-i), the first ln 2. */
static const struct ndec NDEC_LN[NDEC_STEPS + 1] = {
    {{0xed2eae35c1382144, 0x559552fb4afa1b10,
      0xe7b876206debac98, 0x8a0d175b8baafa2b, 0x40f343267298b62d,
      0xc9e3b39803f2f6af, 0xb17217f7d1cf79ab, 0}},
    {{0x752d66d15d6f9b5e, 0xfadca437b8a073c4,
      0xc2df0cb19edaebb7, 0xb38ad78ec59e3b60, 0x7d20ffb34547d7c2,
      0xda35d9bd01488606, 0x67cc8fb2fe612fca, 0}},
    {{0xe9fc85bfc087279f, 0x3103360ed08de46d,
      0xa192a8fd7cdd3baa, 0x70f133f564bfc746, 0xc765ea7411adc1b1,
      0x4bb03de5ff734495, 0x391fef8f35344358, 0}},
    {{0xfd2c1f6cf9a71577, 0xa023f5742646cc77,
      0x9e05a342cfca2ad7, 0xdd0897c1ff917c95, 0xb94ebc4017f6f957,
      0xea87ffe1fe9e155d, 0x1e27076e2af2e5e9, 0}},
    {{0x99f0cc1de7a9459f, 0x908722d985badcca,
      0x6172da6bde861006, 0x71851f0a96f69849, 0xd3474d3375b52596,
      0xbe64b8b775997898, 0x0f85186008b15330, 0}},
    {{0x9ce344310f6e3a39, 0x55d9a7bae0a5d2e3,
      0x8a38a3ffec979e9d, 0xdf6c758fe3673dcd, 0xaefae14cddf35ad1,
      0x3e3f04f1ef229fae, 0x07e0a6c39e0cc013, 0}},
    {{0xba7510a93b4ede63, 0x7841aece8f9f71cc,
      0x7a59b490758dcd0b, 0xd140fe0577122f83, 0xeb03be903ddc5335,
      0xf3db4e9a6f57aadb, 0x03f815161f807c79, 0}},
    {{0xd99e1b469bb0f82f, 0xe4c4a44afacf68d7,
      0xd122f7ff51bc9855, 0x767027886b5788c3, 0xb3db2c3ef9a073a8,
      0xc37690391dc282d2, 0x01fe02a6b106788f, 0}},
    {{0x699b47493a53ec29, 0xd137bfbccc95af15,
      0x7ed64a064192b38f, 0x91ba6e335a1a3322, 0x8ccd29dd6d725824,
      0x50435ab4da6a5bb4, 0x00ff805515885e02, 0}},
    {{0xd0d98ea24e690306, 0xdd3f9376492e4bba,
      0x66e737d102ec7bf0, 0xc73356cc12ace6e8, 0xcad8ec22e89a011e,
      0xe29e3a153e3b1ab1, 0x007fe00aa6ac4399, 0}},
    {{0xac4e6045033072c1, 0xd3878b775f35b760,
      0x453519e9f158acdd, 0x6e34c564a6eb720c, 0x8e30d61762ef4eb0,
      0x7809a0a32499268e, 0x003ff8015515621f, 0}},
    {{0xd4954a65648d0b5c, 0x2369cbdd10a5afda,
      0x7dcd939ca5e80ec2, 0x4e588a365c09d7ac, 0x545eb8e9e5e0fc9e,
      0x06678ad8b318cb38, 0x001ffe002aa6ab11, 0}},
    {{0xf6577335116cb850, 0xadd50321de7bf63a,
      0x83c3767ce5b794e8, 0xc9b2e9198222f25f, 0x49c8cd0b8002d083,
      0x885de026e271ee05, 0x000fff8005551558, 0}},
    {{0x2f9fd6b95bc2ca6b, 0xf576ffd9795b75ca,
      0xf2added6c36eede8, 0x46c08a95c4b26860, 0x6a90d794de4647be,
      0xc443999e2bc2bf0f, 0x0007ffe000aaa6aa, 0}},
    {{0x7785988ee5e46287, 0x455be77fadc4b604,
      0x9876d250db837e0c, 0xf7b8170b3228bbda, 0x0dcf437a08a27c47,
      0x56221f77809be9c1, 0x0003fff800155515, 0}},
    {{0x8c829de3945304c7, 0x8eb217a56ba06c4b,
      0x04b508dbc15dcc65, 0x582a09b18c5ae43b, 0xf8e86e2082c24db8,
      0xaab111066678af6a, 0x0001fffe0002aaa6, 0}},
    {{0xe5a8ece440ba526e, 0xe4d063bb32030263,
      0xbd81443999513506, 0xaf1e4b661876afc0, 0x07028c98aff31675,
      0x155588885dde0270, 0x0000ffff80005555, 0}},
};
static const struct ndec NDEC_INV_LN2 = {
    {0xd52173cc18952140, 0x49b25eeb82d7c167, 0xbc3887eeaa2ed9ac,
     0x164a2cd9a342648f, 0xd6aef551bad2b4b1, 0x7d0ffda0d23a7d11,
     0x71547652b82fe177, 0x0000000000000001}};

static bool ndec_is_zero(const struct ndec *a) {
  u64 any = 0;
  for (int i = 0; i < NDEC_LIMBS; i++) any |= a->w[i];
  return any == 0;
}
static bool ndec_lt(const struct ndec *a, const struct ndec *b) {
  u8 k = 0;
  for (int i = 0; i < NDEC_LIMBS; i++) (void)u256_sbb(a->w[i], b->w[i], &k);
  return k;
}
static void ndec_add(struct ndec *a, const struct ndec *b) {
  u8 k = 0;
  for (int i = 0; i < NDEC_LIMBS; i++) a->w[i] = u256_adc(a->w[i], b->w[i], &k);
}
static void ndec_sub(struct ndec *out, const struct ndec *a,
                     const struct ndec *b) {
  u8 k = 0;
  for (int i = 0; i < NDEC_LIMBS; i++)
    out->w[i] = u256_sbb(a->w[i], b->w[i], &k);
}
/* a >> n, 0 < n < 64. */
static struct ndec ndec_shr(const struct ndec *a, u32 n) {
  struct ndec v;
  for (int i = 0; i < NDEC_LIMBS; i++)
    v.w[i] = a->w[i] >> n |
             (i + 1 < NDEC_LIMBS ? a->w[i + 1] << (64 - n) : 0);
  return v;
}
/* out (a_len + b_len limbs) = a * b. */
static void ndec_product(u64 *out, const u64 *a, u32 a_len, const u64 *b,
                         u32 b_len) {
  memset(out, 0, sizeof *out * (a_len + b_len));
  for (u32 i = 0; i < a_len; i++) {
    u64 carry = 0;
    for (u32 k = 0; k < b_len; k++) {
      u128 t = (u128)a[i] * b[k] + out[i + k] + carry;
      out[i + k] = (u64)t;
      carry = (u64)(t >> 64);
    }
    out[i + b_len] = carry;
  }
}
/* Both below 2^32. */
static void ndec_mul(struct ndec *out, const struct ndec *a,
                     const struct ndec *b) {
  u64 p[2 * NDEC_LIMBS];
  ndec_product(p, a->w, NDEC_LIMBS, b->w, NDEC_LIMBS);
  memcpy(out->w, p + NDEC_LIMBS - 1, sizeof out->w);
}
/* By a number of at most 32 bits. */
static void ndec_div_small(struct ndec *out, const struct ndec *a, u32 d) {
  u64 r = 0;
  for (int i = NDEC_LIMBS; i-- > 0;) {
    u64 hi = r << 32 | a->w[i] >> 32;
    u64 lo = hi % d << 32 | (u32)a->w[i];
    out->w[i] = hi / d << 32 | lo / d;
    r = lo % d;
  }
}
/* a (len limbs) / 10^18, in its place. */
static void ndec_div_one(u64 *a, int len) {
  u64 r = 0;
  while (len-- > 0) {
    u128 t = (u128)r << 64 | a[len];
    a[len] = (u64)(t / NDEC_ONE);
    r = (u64)(t % NDEC_ONE);
  }
}

/* floor of sign times v * 10^18, v with 448 bits behind the point; within
** 2^-64 of a unit below a number it is that number. */
static u256 ndec_units(const struct ndec *v, bool minus) {
  u64 p[NDEC_LIMBS + 1], one = NDEC_ONE;
  u8 k = 0;
  u256 out;
  ndec_product(p, v->w, NDEC_LIMBS, &one, 1);
  /* Positive: add 2^-64; negative: 1 - 2^-64, and the sign after it. */
  for (int i = 0; i < NDEC_LIMBS + 1; i++)
    p[i] = u256_adc(p[i], i == 6 ? (minus ? ~(u64)0 : 1) : 0, &k);
  out = (u256){{p[7], p[8], 0, 0}};
  if (minus) u256_sub(&out, &U256_ZERO, &out);
  return out;
}

/*------------------------------------------------------ logarithm and power */

/* v = 2^*e * m, v > 0 in units of 10^-18: ln m, which is from 0 to ln 2. */
static void ndec_ln(struct ndec *out, int *e, const u256 *v) {
  struct ndec m = {{0}}, sum, u, power, term;
  u32 bits = u256_bits(v);
  u256 top;
  u256_shl(&top, v, 256 - bits);
  /* top / 2^255 over (10^18 << 4) / 2^63, both from 1 to 2. */
  memcpy(m.w + 4, top.w, 32);
  ndec_div_one(m.w, NDEC_LIMBS);
  for (int i = 0; i < NDEC_LIMBS; i++)
    m.w[i] = m.w[i] >> 4 | (i + 1 < NDEC_LIMBS ? m.w[i + 1] << 60 : 0);
  *e = (int)bits - 60;
  if (m.w[7] == 0) {
    ndec_add(&m, &m);
    (*e)--;
  }
  static const struct ndec one = {{[7] = 1}}, two = {{[7] = 2}};
  memset(out, 0, sizeof *out);
  ndec_sub(&u, &m, &one);
  if (ndec_is_zero(&u)) return;
  sum = NDEC_LN[0];
  for (u32 i = 1; i <= NDEC_STEPS; i++) {
    u = ndec_shr(&m, i);
    ndec_add(&u, &m);
    if (ndec_lt(&two, &u)) continue;
    m = u;
    ndec_sub(&sum, &sum, &NDEC_LN[i]);
  }
  ndec_sub(&u, &two, &m);
  u = power = ndec_shr(&u, 1);
  for (u32 n = 1; !ndec_is_zero(&power); n++) {
    ndec_div_small(&term, &power, n);
    if (ndec_lt(&sum, &term)) sum = term; /* a last bit below 0 */
    ndec_sub(&sum, &sum, &term);
    ndec_mul(&power, &power, &u);
  }
  *out = sum;
}

/* e^(sign x) = 2^k * m with 1 <= m < 2 and a bit more; x < 2^32. */
static int ndec_exp(struct ndec *m, const struct ndec *x, bool minus) {
  struct ndec r, k_ln2 = {{0}}, term;
  u64 whole = x->w[7], k = whole * 94548 / 65536; /* k ln 2 <= whole */
  u64 p[NDEC_LIMBS + 1];
  ndec_product(p, NDEC_LN[0].w, NDEC_LIMBS, &k, 1);
  memcpy(k_ln2.w, p, sizeof k_ln2.w);
  ndec_sub(&r, x, &k_ln2);
  for (; !ndec_lt(&r, &NDEC_LN[0]); k++) ndec_sub(&r, &r, &NDEC_LN[0]);
  if (minus && !ndec_is_zero(&r)) {
    ndec_sub(&r, &NDEC_LN[0], &r);
    k++;
  }
  *m = (struct ndec){{[7] = 1}};
  for (u32 i = 1; i <= NDEC_STEPS; i++) {
    if (ndec_lt(&r, &NDEC_LN[i])) continue;
    ndec_sub(&r, &r, &NDEC_LN[i]);
    term = ndec_shr(m, i);
    ndec_add(m, &term);
  }
  term = *m;
  for (u32 n = 1; !ndec_is_zero(&term); n++) {
    ndec_mul(&term, &term, &r);
    ndec_div_small(&term, &term, n);
    ndec_add(m, &term);
  }
  return minus ? -(int)k : (int)k;
}

/* floor(factor * m * 2^k) in *out, within 2^-64 below a number that number;
** false: 256 bits are not enough. */
static bool ndec_whole(u256 *out, const u256 *factor, const struct ndec *m,
                       int k) {
  u64 p[NDEC_LIMBS + 5];
  u32 shift = (u32)(NDEC_FRACTION - k), limb = shift / 64, bit = shift % 64;
  u8 carry = 0;
  MUST(k <= 256 && k > -64);
  ndec_product(p, m->w, NDEC_LIMBS, factor->w, 4);
  p[NDEC_LIMBS + 4] = 0;
  for (u32 i = limb - 1; i < NDEC_LIMBS + 5; i++)
    p[i] = u256_adc(p[i], i == limb - 1 ? (u64)1 << bit : 0, &carry);
  u64 over = 0;
  *out = U256_ZERO;
  for (u32 i = limb; i < NDEC_LIMBS + 5; i++) {
    u64 next = i + 1 < NDEC_LIMBS + 5 ? p[i + 1] : 0;
    u64 v = p[i] >> bit | (bit ? next << (64 - bit) : 0);
    if (i - limb < 4) out->w[i - limb] = v;
    else over |= v;
  }
  return over == 0;
}

/* e^(sign x) in units, x with a whole part of any size up to 2^64. */
static enum module_end ndec_power(struct module_call *c, u256 *out,
                                  const struct ndec *x, bool minus) {
  enum { MOST = 136, LEAST = 42 }; /* e^136 10^18 > 2^255, e^-42 10^18 < 1 */
  u256 one = u256_from(NDEC_ONE);
  struct ndec m;
  if (minus && x->w[7] >= LEAST) {
    *out = U256_ZERO;
    return MODULE_DONE;
  }
  if (x->w[7] >= MOST) return MODULE_FAIL_COMMON(c, overflow);
  int k = ndec_exp(&m, x, minus);
  if (!ndec_whole(out, &one, &m, k) || ndec_minus(out))
    return MODULE_FAIL_COMMON(c, overflow);
  return MODULE_DONE;
}
/* x 2^448 / 10^18, for x below 2^128. */
static struct ndec ndec_from(const u256 *x) {
  u64 wide[NDEC_LIMBS + 1] = {[7] = x->w[0], [8] = x->w[1]};
  struct ndec v;
  ndec_div_one(wide, NDEC_LIMBS + 1);
  memcpy(v.w, wide, sizeof v.w);
  return v;
}
/* |e ln 2 + m|, and whether it is negative. */
static bool ndec_ln_sum(struct ndec *out, int e, const struct ndec *m,
                        const struct ndec *unit) {
  u64 p[NDEC_LIMBS + 1], k = (u64)(e < 0 ? -e : e);
  ndec_product(p, unit->w, NDEC_LIMBS, &k, 1);
  memcpy(out->w, p, sizeof out->w);
  if (e < 0) ndec_sub(out, out, m);
  else ndec_add(out, m);
  return e < 0;
}

static enum module_end ndec_do_exp(struct module_call *c,
                                   const struct ndec_in_exp *in,
                                   struct ndec_out_exp *out) {
  u256 x = ndec_magnitude(&in->x);
  struct ndec v;
  if (x.w[1] >> 36 | x.w[2] | x.w[3]) x = (u256){{0, 1ull << 36, 0, 0}};
  v = ndec_from(&x);
  return ndec_power(c, &out->value, &v, ndec_minus(&in->x));
}

static enum module_end ndec_do_ln(struct module_call *c,
                                  const struct ndec_in_ln *in,
                                  struct ndec_out_ln *out) {
  struct ndec m, v;
  int e;
  if (ndec_minus(&in->x) || u256_is_zero(&in->x)) return MODULE_FAIL(c, domain);
  ndec_ln(&m, &e, &in->x);
  bool minus = ndec_ln_sum(&v, e, &m, &NDEC_LN[0]);
  out->value = ndec_units(&v, minus);
  return MODULE_DONE;
}

static enum module_end ndec_do_log2(struct module_call *c,
                                    const struct ndec_in_log2 *in,
                                    struct ndec_out_log2 *out) {
  static const struct ndec one = {{[7] = 1}};
  struct ndec m, v;
  int e;
  if (ndec_minus(&in->x) || u256_is_zero(&in->x)) return MODULE_FAIL(c, domain);
  ndec_ln(&m, &e, &in->x);
  ndec_mul(&m, &m, &NDEC_INV_LN2);
  bool minus = ndec_ln_sum(&v, e, &m, &one);
  out->value = ndec_units(&v, minus);
  return MODULE_DONE;
}

static enum module_end ndec_do_pow(struct module_call *c,
                                   const struct ndec_in_pow *in,
                                   struct ndec_out_pow *out) {
  u256 y = ndec_magnitude(&in->b);
  struct ndec m, v;
  u64 p[NDEC_LIMBS + 4];
  int e;
  if (ndec_minus(&in->a)) return MODULE_FAIL(c, domain);
  if (u256_is_zero(&in->a)) {
    if (ndec_minus(&in->b)) return MODULE_FAIL(c, div_zero);
    out->value = u256_from(u256_is_zero(&y) ? NDEC_ONE : 0);
    return MODULE_DONE;
  }
  ndec_ln(&m, &e, &in->a);
  bool minus = ndec_ln_sum(&v, e, &m, &NDEC_LN[0]) ^ ndec_minus(&in->b);
  ndec_product(p, v.w, NDEC_LIMBS, y.w, 4);
  ndec_div_one(p, NDEC_LIMBS + 4);
  memcpy(v.w, p, sizeof v.w);
  if (p[8] | p[9] | p[10] | p[11]) v.w[7] = ~(u64)0;
  return ndec_power(c, &out->value, &v, minus);
}

/* n >= 2 times; factor = 10^18 + rate. */
static bool ndec_grow(u256 *out, const u256 *principal, const u256 *factor,
                      u64 n) {
  struct ndec m, v;
  u64 p[NDEC_LIMBS + 1];
  int e;
  ndec_ln(&m, &e, factor);
  ndec_ln_sum(&v, e, &m, &NDEC_LN[0]); /* not negative: the factor is >= 1 */
  ndec_product(p, v.w, NDEC_LIMBS, &n, 1);
  memcpy(v.w, p, sizeof v.w);
  if (p[8] || v.w[7] >= 178) return false; /* e^178 > 2^256 */
  int k = ndec_exp(&m, &v, false);
  return k <= 256 && ndec_whole(out, principal, &m, k);
}
static enum module_end ndec_do_compound(struct module_call *c,
                                        const struct ndec_in_compound *in,
                                        struct ndec_out_compound *out) {
  u256 one = u256_from(NDEC_ONE), factor;
  bool fits = true;
  out->value = in->principal;
  if (u256_is_zero(&in->principal) || u256_is_zero(&in->ratePerSec) ||
      in->secs == 0)
    return MODULE_DONE;
  if (in->secs == 1) {
    fits = u256_muldiv(&factor, NULL, &in->principal, &in->ratePerSec, &one) &&
           !u256_add(&out->value, &in->principal, &factor);
  } else {
    fits = !u256_add(&factor, &in->ratePerSec, &one) &&
           ndec_grow(&out->value, &in->principal, &factor, in->secs);
  }
  return fits ? MODULE_DONE : MODULE_FAIL_COMMON(c, overflow);
}
#undef ID
#undef NDEC_ONE
