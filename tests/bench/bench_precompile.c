/* bench_precompile.c - every native contract at inputs that cost it the most
** time per gas, on one core, as JSON lines: ns a run, Mgas/s.
**
** Rows "NAME" are the work alone at the price alone.  Rows "NAME, called" are
** how a contract meets it by the rules of Osaka, which are our chain's: many
** STATICCALLs, whose gas and time are in it; of these the last line, "floor",
** tells the slowest.  Rows of fork Berlin have the prices of EIP-2565, which
** only blocks of old forks are run at.
**
** A figure is the best of many short samples of the thread's own time, so
** that what else the machine does matters little.  Points are results of
** earlier runs: no special values, no infinity. */
#include <stdio.h>
#include <string.h>

#include "bench/bench_curve.h"
#include "bench/bench_time.h"
#include "chain/chain_exec.h"
#include "crypto/kzg.h"
#include "crypto/secp256k1.h"
#include "evm/evm_int.h"
#include "evm/precompile.h"

#define BENCH_SAMPLE_NS 2e5 /* a sample is as many runs as fill this */
#define BENCH_TOTAL_NS 1.5e8
enum {
  BENCH_IN = 128 * 384,
  BENCH_GAS = 1 << 17,                     /* of a run, about, in so many calls: */
  BENCH_CALLS_LEAST = 3, BENCH_CALLS_MOST = 1800,
  BENCH_CALL_LEN = 13, BENCH_CALL_GAS = 116
};

static u8 bench_in[BENCH_IN];
static struct evm_frame bench_frame;
static struct { char name[64]; double speed; } bench_worst = {"", 1e18};

static const struct evm_precompile *bench_find(u32 at) {
  const addr20 a = {.b = {[18] = (u8)(at >> 8), [19] = (u8)at}};
  const struct evm_precompile *p = evm_precompile_find(EVM_OSAKA, &a);
  MUST(p);
  return p;
}

/* The output's first bytes; the run must succeed. */
static void bench_run(u32 at, size_t in_len, u8 *out, size_t out_len) {
  bench_frame.output = slice_of(NULL, 0);
  MUST(bench_find(at)->run(&bench_frame, EVM_OSAKA,
                           slice_of(bench_in, in_len)));
  MUST(bench_frame.output.len >= out_len);
  memcpy(out, bench_frame.output.ptr, out_len);
}

static void bench_row(const char *name, const char *how, enum evm_fork fork,
                      u64 gas, double ns) {
  double speed = (double)gas * 1e3 / ns;
  printf("{\"name\":\"precompile_%s%s\",\"value\":%.4g,\"unit\":\"Mgas/s\","
         "\"fork\":\"%s\",\"gas\":%llu,\"ns\":%.0f}\n",
         name, how, speed, fork == EVM_OSAKA ? "Osaka" : "Berlin",
         (unsigned long long)gas, ns);
  fflush(stdout);
  if (*how && speed < bench_worst.speed) {
    bench_worst.speed = speed;
    snprintf(bench_worst.name, sizeof bench_worst.name, "%s%s", name, how);
  }
}

static addr20 bench_addr(u32 n) {
  addr20 a = {{0}};
  store_be32(a.b + 16, n);
  return a;
}

/* The contract: the input into memory, then cnt times
** STATICCALL(GAS, at, 0, in_len, 0, 0). */
static size_t bench_code(u8 *code, u32 at, size_t in_len, u64 cnt) {
  const u8 copy[] = {0x62, 0, (u8)(in_len >> 8), (u8)in_len,
                     0x5f, 0x5f, EVM_OP_CALLDATACOPY};
  const u8 call[BENCH_CALL_LEN] = {
      0x5f, 0x5f, 0x62, 0, (u8)(in_len >> 8), (u8)in_len, 0x5f,
      0x61, (u8)(at >> 8), (u8)at, EVM_OP_GAS, EVM_OP_STATICCALL, EVM_OP_POP};
  u8 *p = code;
  MUST(in_len < 1 << 16);
  memcpy(p, copy, sizeof copy);
  p += sizeof copy;
  for (u64 i = 0; i < cnt; i++, p += sizeof call)
    memcpy(p, call, sizeof call);
  return (size_t)(p - code);
}

static void bench_hash(void *ctx, hash32 *out, u64 number) {
  (void)ctx, (void)number;
  memset(out, 0, sizeof *out);
}

/* One run of the contract in a transaction of its own. */
static double bench_once(struct chain_exec *x, const struct evm_msg *msg,
                         u64 *used) {
  const struct evm_tx tx = {.origin = msg->sender};
  struct state *s = chain_exec_state(x);
  struct evm *e = chain_exec_evm(x);
  struct evm_result r;
  state_tx_begin(s);
  state_access_account(s, &msg->recipient);
  evm_tx_begin(e, &tx);
  double took = bench_cpu_ns();
  evm_run(e, &r, msg);
  took = bench_cpu_ns() - took;
  state_tx_end(s, true);
  MUST(r.status == EVM_SUCCESS);
  *used = (u64)msg->gas - (u64)r.gas_left;
  return took;
}

static void bench_called(const char *name, u32 at, size_t in_len, u64 price) {
  static u8 code[16 + BENCH_CALL_LEN * BENCH_CALLS_MOST];
  const u256 none = {{0}};
  const addr20 self = bench_addr(0xc0de);
  struct chain_rules rules = {.fork = EVM_OSAKA, .chain_id = 1};
  struct chain_header header = {.number = 1000, .gas_limit = 1 << 24};
  const struct chain_hashes hashes = {NULL, bench_hash};
  u64 cnt = BENCH_GAS / (price + BENCH_CALL_GAS), used = 0;
  if (cnt < BENCH_CALLS_LEAST) cnt = BENCH_CALLS_LEAST;
  if (cnt > BENCH_CALLS_MOST) cnt = BENCH_CALLS_MOST;
  /* Room for the memory, and for the 64th part that a call leaves behind. */
  const struct evm_msg msg = {.kind = EVM_CALL,
                              .gas = (cnt + 1) * (price + 500) + 100000,
                              .sender = bench_addr(0xca11),
                              .recipient = self, .code_addr = self,
                              .input = slice_of(bench_in, in_len)};
  struct state_mem *world = state_mem_open();
  state_mem_account(world, &self, 1, &none,
                    slice_of(code, bench_code(code, at, in_len, cnt)));
  struct state_source src = state_mem_source(world);
  struct chain_exec *x = chain_exec_open(1);
  chain_exec_begin(x, &rules, &header, &hashes, &src);
  double best = 1e18, start = bench_cpu_ns();
  do {
    double took = bench_once(x, &msg, &used);
    if (took < best) best = took;
  } while (bench_cpu_ns() - start < BENCH_TOTAL_NS);
  chain_exec_close(x);
  state_mem_close(world);
  bench_row(name, ", called", EVM_OSAKA, used, best);
}

static void bench_say(u32 at, const char *variant, enum evm_fork fork,
                      size_t in_len) {
  const struct evm_precompile *p = bench_find(at);
  slice in = slice_of(bench_in, in_len);
  u64 gas = p->price(fork, in);
  double best = 1e18, start = bench_cpu_ns(), began, took;
  char name[64];
  int cnt = 1;
  do {
    began = bench_cpu_ns();
    for (int i = 0; i < cnt; i++) MUST(p->run(&bench_frame, fork, in));
    took = bench_cpu_ns() - began;
    if (took / cnt < best) best = took / cnt;
    if (took < BENCH_SAMPLE_NS) cnt *= 2;
  } while (bench_cpu_ns() - start < BENCH_TOTAL_NS);
  snprintf(name, sizeof name, "%s%s", p->name, variant);
  bench_row(name, "", fork, gas, best);
  if (fork == EVM_OSAKA) bench_called(name, at, in_len, gas);
}

/*----------------------------------------------------------------- signatures */

static void bench_ecrecover(void) {
  const u8 key[32] = {1, 2, 3};
  hash32 digest;
  struct sig65 sig;
  memset(digest.b, 0x5a, 32);
  MUST(crypto_sign(&sig, key, &digest) == ERR_OK);
  memset(bench_in, 0, 128);
  memcpy(bench_in, digest.b, 32);
  bench_in[63] = 27 + sig.v;
  memcpy(bench_in + 64, sig.r, 32);
  memcpy(bench_in + 96, sig.s, 32);
  bench_say(0x01, "", EVM_OSAKA, 128);
}

/* A signature that does not hold costs the same as one that does. */
static void bench_p256(void) {
  static const u8 g[64] = {
      0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
      0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
      0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f,
      0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a,
      0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e,
      0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};
  for (int i = 0; i < 96; i++) bench_in[i] = (u8)(0x55 + i * 7 % 97);
  memcpy(bench_in + 96, g, 64);
  bench_say(0x100, "", EVM_OSAKA, 160);
}

/*--------------------------------------------------------------------- hashes */

static void bench_hashes(void) {
  for (int i = 0; i < BENCH_IN; i++) bench_in[i] = (u8)(i * 31);
  bench_say(0x02, "_0", EVM_OSAKA, 0);
  bench_say(0x02, "_64", EVM_OSAKA, 64);
  bench_say(0x02, "_32k", EVM_OSAKA, 32768);
  bench_say(0x03, "_0", EVM_OSAKA, 0);
  bench_say(0x03, "_64", EVM_OSAKA, 64);
  bench_say(0x03, "_32k", EVM_OSAKA, 32768);
  bench_say(0x04, "_0", EVM_OSAKA, 0);
  bench_say(0x04, "_32k", EVM_OSAKA, 32768);
  bench_in[212] = 1;
  store_be32(bench_in, 12);
  bench_say(0x09, "_12", EVM_OSAKA, 213);
  store_be32(bench_in, 1000000);
  bench_say(0x09, "_1M", EVM_OSAKA, 213);
}

/*--------------------------------------------------------------------- modexp */

/* Base of b bytes, exponent of e and modulus of m bytes, all bits set but for
** the exponent's top bits and, where the modulus shall be even, its last. */
static void bench_modexp(const char *variant, enum evm_fork fork, size_t b,
                         size_t e, u8 e_top, size_t m, u8 m_last) {
  memset(bench_in, 0, 96);
  store_be64(bench_in + 24, b);
  store_be64(bench_in + 56, e);
  store_be64(bench_in + 88, m);
  memset(bench_in + 96, 0xff, b + e + m);
  bench_in[96] = 0xfe;
  bench_in[96 + b] = e_top;
  bench_in[96 + b + e + m - 1] = m_last;
  if (m > 16) memset(bench_in + 96 + b + e + m - 9, 0x3b, 8);
  bench_say(0x05, variant, fork, 96 + b + e + m);
}

static void bench_modexps(void) {
  static const struct {
    const char *name;
    u16 b, e, m;
    u8 top, last;
  } shape[] = {
      {"_b8_e64_m8", 8, 64, 8, 0xff, 0xff},
      {"_b32_e32_m32", 32, 32, 32, 0xff, 0xff},
      {"_b32_e32_m32_even", 32, 32, 32, 0xff, 0xfe},
      {"_b32_e1024_m32", 32, 1024, 32, 0xff, 0xff},
      {"_b32_e1024_m32_even", 32, 1024, 32, 0xff, 0xfe},
      {"_b40_e32_m40", 40, 32, 40, 0xff, 0xff},
      {"_b64_e64_m64", 64, 64, 64, 0xff, 0xff},
      {"_b64_e64_m64_even", 64, 64, 64, 0xff, 0xfe},
      {"_b128_e3_m128", 128, 3, 128, 0xff, 0xff},
      {"_b256_e1_m256", 256, 1, 256, 3, 0xff},
      {"_b256_e32_m256_even", 256, 32, 256, 0xff, 0xfe},
      {"_b256_e256_m256", 256, 256, 256, 0xff, 0xff},
      {"_b1024_e1_m8", 1024, 1, 8, 2, 0xff},
      {"_b1024_e1_m512", 1024, 1, 512, 2, 0xff},
      {"_b1024_e3_m1024", 1024, 3, 1024, 1, 0xff},
      {"_b1024_e32_m1024", 1024, 32, 1024, 0xff, 0xff},
      {"_b1024_e32_m1024_even", 1024, 32, 1024, 0xff, 0xfe},
  };
  for (size_t i = 0; i < ARRAY_LEN(shape); i++) {
    char name[64];
    bench_modexp(shape[i].name, EVM_OSAKA, shape[i].b, shape[i].e,
                 shape[i].top, shape[i].m, shape[i].last);
    snprintf(name, sizeof name, "%s_eip2565", shape[i].name);
    bench_modexp(name, EVM_PRAGUE, shape[i].b, shape[i].e, shape[i].top,
                 shape[i].m, shape[i].last);
  }
}

/*--------------------------------------------------------------------- curves */

static void bench_bn254(void) {
  u8 p[9][64];
  memset(bench_in, 0, 96);
  bench_in[31] = 1;
  bench_in[63] = 2;
  for (u8 i = 0; i < 9; i++) {
    memset(bench_in + 64, 0xc5 - i, 32);
    bench_run(0x07, 96, p[i], 64);
  }
  memcpy(bench_in, p[0], 64);
  memcpy(bench_in + 64, p[1], 64);
  bench_say(0x06, "", EVM_OSAKA, 128);
  memset(bench_in + 64, 0xff, 32);
  bench_say(0x07, "", EVM_OSAKA, 96);
  for (int i = 0; i < 8; i++) {
    memcpy(bench_in + 192 * i, p[i + 1], 64);
    memcpy(bench_in + 192 * i + 64, bench_bn254_g2, 128);
  }
  bench_say(0x08, "_1", EVM_OSAKA, 192);
  bench_say(0x08, "_2", EVM_OSAKA, 192 * 2);
  bench_say(0x08, "_8", EVM_OSAKA, 192 * 8);
}

static void bench_bls(void) {
  static u8 g1[128][128], g2[128][256];
  for (u32 i = 0; i < 128; i++) {
    memset(bench_in, 0, 128);
    bench_in[40] = (u8)i;
    bench_in[63] = (u8)(7 * i + 1);
    bench_in[127] = (u8)(i + 3);
    bench_run(0x10, 64, g1[i], 128);
    bench_run(0x11, 128, g2[i], 256);
  }
  memset(bench_in, 0, 128);
  bench_in[20] = 7;
  bench_say(0x10, "", EVM_OSAKA, 64);
  bench_in[90] = 9;
  bench_say(0x11, "", EVM_OSAKA, 128);
  memcpy(bench_in, g1[0], 128);
  memcpy(bench_in + 128, g1[1], 128);
  bench_say(0x0b, "", EVM_OSAKA, 256);
  memcpy(bench_in, g2[0], 256);
  memcpy(bench_in + 256, g2[1], 256);
  bench_say(0x0d, "", EVM_OSAKA, 512);
  for (u32 i = 0; i < 128; i++) {
    memcpy(bench_in + 160 * i, g1[i], 128);
    memset(bench_in + 160 * i + 128, (int)(0x6b + i * 37), 32);
  }
  bench_say(0x0c, "_1", EVM_OSAKA, 160);
  bench_say(0x0c, "_2", EVM_OSAKA, 160 * 2);
  bench_say(0x0c, "_8", EVM_OSAKA, 160 * 8);
  bench_say(0x0c, "_32", EVM_OSAKA, 160 * 32);
  bench_say(0x0c, "_128", EVM_OSAKA, 160 * 128);
  for (u32 i = 0; i < 128; i++) {
    memcpy(bench_in + 288 * i, g2[i], 256);
    memset(bench_in + 288 * i + 256, (int)(0x6b + i * 37), 32);
  }
  bench_say(0x0e, "_1", EVM_OSAKA, 288);
  bench_say(0x0e, "_2", EVM_OSAKA, 288 * 2);
  bench_say(0x0e, "_8", EVM_OSAKA, 288 * 8);
  bench_say(0x0e, "_32", EVM_OSAKA, 288 * 32);
  bench_say(0x0e, "_128", EVM_OSAKA, 288 * 128);
  for (u32 i = 0; i < 8; i++) {
    memcpy(bench_in + 384 * i, g1[i], 128);
    memcpy(bench_in + 384 * i + 128, g2[i], 256);
  }
  bench_say(0x0f, "_1", EVM_OSAKA, 384);
  bench_say(0x0f, "_2", EVM_OSAKA, 384 * 2);
  bench_say(0x0f, "_8", EVM_OSAKA, 384 * 8);
}

/* A true opening that costs like any other: the commitment to x - c, whose
** quotient at every z is 1, so that the proof is the generator.  The
** commitment is the public setup's tau G1, compressed (c = 0, so y = z). */
static void bench_kzg(void) {
  static const u8 tau_g1[48] = {
      0xad, 0x3e, 0xb5, 0x01, 0x21, 0x13, 0x9a, 0xa3, 0x4d, 0xb1, 0xd5, 0x45,
      0x09, 0x3a, 0xc9, 0x37, 0x4a, 0xb7, 0xbc, 0xa2, 0xc0, 0xf3, 0xbf, 0x28,
      0xe2, 0x7c, 0x8d, 0xcd, 0x8f, 0xc7, 0xcb, 0x42, 0xd2, 0x59, 0x26, 0xfc,
      0x0c, 0x97, 0xb3, 0x36, 0xe9, 0xf0, 0xfb, 0x35, 0xe5, 0xa0, 0x4c, 0x81};
  static const u8 g1[48] = {
      0x97, 0xf1, 0xd3, 0xa7, 0x31, 0x97, 0xd7, 0x94, 0x26, 0x95, 0x63, 0x8c,
      0x4f, 0xa9, 0xac, 0x0f, 0xc3, 0x68, 0x8c, 0x4f, 0x97, 0x74, 0xb9, 0x05,
      0xa1, 0x4e, 0x3a, 0x3f, 0x17, 0x1b, 0xac, 0x58, 0x6c, 0x55, 0xe8, 0x3f,
      0xf9, 0x7a, 0x1a, 0xef, 0xfb, 0x3a, 0xf0, 0x0a, 0xdb, 0x22, 0xc6, 0xbb};
  memset(bench_in + 32, 0x65, 64);
  memcpy(bench_in + 96, tau_g1, 48);
  memcpy(bench_in + 144, g1, 48);
  hash32 h;
  crypto_kzg_versioned_hash(&h, bench_in + 96);
  memcpy(bench_in, h.b, 32);
  bench_say(0x0a, "", EVM_OSAKA, 192);
}

int main(void) {
  crypto_init(NULL);
  bench_ecrecover();
  bench_hashes();
  bench_modexps();
  bench_bn254();
  bench_kzg();
  bench_bls();
  bench_p256();
  printf("{\"name\":\"floor\",\"value\":%.4g,\"unit\":\"Mgas/s\","
         "\"row\":\"precompile_%s\"}\n", bench_worst.speed, bench_worst.name);
  return 0;
}
