/* bench_native.c - each native function at inputs that cost it the most time
** per gas, on one core, as JSON lines: Mgas/s and the gas and time of a call;
** the last line, "floor", is the slowest.
**
** A contract calls it by many STATICCALLs, so the call's own gas and time are
** in it; what it pays once, for its memory and its call data, is not: a figure
** is the difference between many calls and a few.  Each is the best of many
** samples of the thread's own time: other work on the machine does not count,
** but slows what shares a core, its caches and its clock with it.  So what is
** not fast beyond doubt is sampled for up to BENCH_ROUNDS times as long, since
** the least time is what the function takes. */
#include "../native/native_fixture.h"
#include "bench/bench_time.h"

#include "chain/chain_exec.h"
#include "chain/chain_module.h"
#include "evm/evm_int.h"

#include <sodium/crypto_sign_ed25519.h>

#define BENCH_TOTAL_NS 1.0e8
#define BENCH_SURE 140.0 /* Mgas/s */
#define BENCH_ROUNDS 20
enum { BENCH_GAS = 1 << 16, BENCH_CALLS_MOST = 1200, BENCH_CALL_LEN = 13,
       BENCH_CALL_GAS = 116 };
static struct { char name[64]; double speed; } bench_worst = {"", 1e18};

static addr20 bench_addr(u32 n) {
  addr20 a = {{0}};
  store_be32(a.b + 16, n);
  return a;
}
static void bench_hash(void *ctx, hash32 *out, u64 number) {
  (void)ctx, (void)number;
  memset(out, 0, sizeof *out);
}

/* The input into memory, then cnt times STATICCALL(GAS, at, 0, len, 0, 0). */
static slice bench_code(u8 *code, u32 at, size_t len, u32 cnt) {
  const u8 copy[] = {0x62, (u8)(len >> 16), (u8)(len >> 8), (u8)len,
                     0x5f, 0x5f, EVM_OP_CALLDATACOPY};
  const u8 call[BENCH_CALL_LEN] = {
    0x5f, 0x5f, 0x62, (u8)(len >> 16), (u8)(len >> 8), (u8)len, 0x5f,
    0x61, (u8)(at >> 8), (u8)at, EVM_OP_GAS, EVM_OP_STATICCALL, EVM_OP_POP};
  u8 *p = code;
  memcpy(p, copy, sizeof copy);
  p += sizeof copy;
  for (u32 i = 0; i < cnt; i++, p += sizeof call) memcpy(p, call, sizeof call);
  return slice_of(code, (size_t)(p - code));
}

/* The best time of a transaction with cnt calls, and its gas. */
static double bench_calls(u32 number, u32 cnt, u64 price, u64 *used) {
  static u8 code[16 + BENCH_CALL_LEN * BENCH_CALLS_MOST];
  const addr20 self = bench_addr(0xc0de), at = bench_addr(number);
  const struct chain_hashes hashes = {NULL, bench_hash};
  struct chain_rules rules = {.fork = EVM_OSAKA, .chain_id = 1,
                              .modules = ~(u64)0};
  struct chain_header header = {.number = 1000, .gas_limit = 1 << 24};
  const struct evm_msg msg = {
    .kind = EVM_CALL, .gas = (i64)((cnt + 1) * (price + 500) * 65 / 64) +
                             10000000,
    .sender = bench_addr(0xca11), .recipient = self, .code_addr = self,
    .input = buf_slice(&nf_args)};
  const struct evm_tx tx = {.origin = msg.sender};
  struct state_mem *world = state_mem_open();
  state_mem_account(world, &self, 1, &U256_ZERO,
                    bench_code(code, number, nf_args.len, cnt));
  state_mem_account(world, &at, 1, &U256_ZERO, slice_str("\xfe"));
  struct state_source src = state_mem_source(world);
  struct chain_exec *x = chain_exec_open(1);
  chain_exec_begin(x, &rules, &header, &hashes, &src);
  double best = 1e18, start = bench_cpu_ns();
  do {
    struct state *s = chain_exec_state(x);
    struct evm_result r;
    state_tx_begin(s);
    state_access_account(s, &msg.recipient);
    state_access_account(s, &at);
    evm_tx_begin(chain_exec_evm(x), &tx);
    double took = bench_cpu_ns();
    evm_run(chain_exec_evm(x), &r, &msg);
    took = bench_cpu_ns() - took;
    MUST(r.status == EVM_SUCCESS);
    *used = (u64)(msg.gas - r.gas_left);
    state_tx_end(s, true);
    if (took < best) best = took;
  } while (bench_cpu_ns() - start < BENCH_TOTAL_NS);
  chain_exec_close(x);
  state_mem_close(world);
  return best;
}

/* To SHOP_METER, as shop_meter.h has its lines. */
static void bench_note(u32 number, double gas, double ns) {
  const char *path = getenv("SHOP_METER");
  FILE *f = path && nf_result.status == EVM_SUCCESS ? fopen(path, "a") : NULL;
  struct buf b;
  u8 sel[4];
  if (!f) return;
  buf_init(&b, 0);
  for (u32 k = 0; k < NF_CNT; k++)
    for (u32 i = 0; nf_defs[k]->number == number && i < nf_defs[k]->row_cnt;
         i++) {
      const struct module_row *r = &nf_defs[k]->row[i];
      if (r->kind != MODULE_ROW_METHOD) continue;
      buf_clear(&b);
      module_signature(&b, r->method->name, r->method->in);
      abi_selector(sel, buf_cstr(&b));
      if (memcmp(sel, nf_args.ptr, 4) == 0)
        fprintf(f, "%s %s 1 %.0f %.0f %.0f %.0f %.1f\n", nf_defs[k]->name,
                r->method->name, gas, gas, gas, ns, gas * 1e3 / ns);
    }
  buf_fini(&b);
  fclose(f);
}
/* nf_args, as the last call made them. */
static void bench_say(const char *name, u32 number) {
  u64 price = nf_used(), gas_less, gas_more;
  double less = 1e18, more = 1e18, gas, ns;
  int round = 0;
  u32 cnt = (u32)(BENCH_GAS / (price + BENCH_CALL_GAS));
  if (cnt < 1) cnt = 1;
  if (cnt > BENCH_CALLS_MOST / 3) cnt = BENCH_CALLS_MOST / 3;
  do {
    double took = bench_calls(number, cnt, price, &gas_less);
    if (took < less) less = took;
    took = bench_calls(number, 3 * cnt, price, &gas_more);
    if (took < more) more = took;
    gas = (double)(gas_more - gas_less) / (2 * cnt);
    ns = (more - less) / (2 * cnt);
    if (ns < 1) ns = 1; /* what is done at once is lost in the others' time */
  } while (gas * 1e3 / ns < BENCH_SURE && ++round < BENCH_ROUNDS);
  printf("{\"name\":\"native_%s\",\"value\":%.4g,\"unit\":\"Mgas/s\","
         "\"gas\":%.0f,\"ns\":%.0f}\n", name, gas * 1e3 / ns, gas, ns);
  fflush(stdout);
  bench_note(number, gas, ns);
  if (gas * 1e3 / ns < bench_worst.speed) {
    bench_worst.speed = gas * 1e3 / ns;
    snprintf(bench_worst.name, sizeof bench_worst.name, "%s", name);
  }
}

static u8 bench_text[1 << 20];
static slice bench_fill(const char *part, size_t len) {
  size_t n = strlen(part);
  for (size_t i = 0; i < len; i++) bench_text[i] = (u8)part[i % n];
  return slice_of(bench_text, len);
}

#define NAME(f) f "(bytes,string)"
static void bench_json_text(const char *name, const char *f, slice s,
                            const char *path) {
  nf_call(0x1100, f, "bs", s, path);
  bench_say(name, 0x1100);
}
static void bench_json(void) {
  struct buf b;
  buf_init(&b, 0);
  bench_json_text("json_least", NAME("typeOf"), slice_str("1"), "");
  bench_json_text("json_bad", NAME("typeOf"), slice_str(""), "");
  buf_put_str(&b, "[");
  while (b.len < 65520) buf_put_str(&b, "[],");
  buf_put_str(&b, "0]");
  bench_json_text("json_arrays", NAME("length"), buf_slice(&b), "");
  bench_json_text("json_index", NAME("getRaw"), buf_slice(&b), "[21839]");
  buf_clear(&b);
  buf_put_str(&b, "[");
  while (b.len < 65500) buf_put_str(&b, "{\"\":{},\"b\":0},");
  buf_put_str(&b, "0]");
  bench_json_text("json_objects", NAME("length"), buf_slice(&b), "");
  for (int kind = 0; kind < 3; kind++) { /* what keys do to the sort */
    static const char *const name[] = {"json_keys", "json_keys_alike",
                                       "json_keys_escaped"};
    buf_clear(&b);
    buf_put_str(&b, "{\"\":0");
    for (u32 i = 0; b.len < 65500; i++)
      buf_printf(&b, kind == 0   ? ",\"%x\":0"
                     : kind == 1 ? ",\"aaaaaaaa%04x\":0"
                                 : ",\"\\u0061%x\":0",
                 (i * 40503u) & 0xffff);
    buf_put_str(&b, "}");
    bench_json_text(name[kind], NAME("length"), buf_slice(&b), "");
    bench_json_text(name[kind], NAME("typeOf"), buf_slice(&b), "none");
  }
  buf_clear(&b);
  buf_put_str(&b, "\"");
  while (b.len < 65500) buf_put_str(&b, "\\u00e9");
  buf_put_str(&b, "\"");
  bench_json_text("json_escapes", NAME("getString"), buf_slice(&b), "");
  buf_clear(&b);
  buf_put_str(&b, "\"");
  while (b.len < 65500) buf_put_str(&b, "\xc3\xa9");
  buf_put_str(&b, "\"");
  bench_json_text("json_utf8", NAME("getString"), buf_slice(&b), "");
  bench_fill("1", 65536);
  bench_json_text("json_number", NAME("getInt"), slice_of(bench_text, 65536),
                  "");
  bench_json_text("json_int", NAME("getInt"), slice_of(bench_text, 76), "");
  bench_json_text("json_bool", NAME("getBool"), slice_str("true"), "");
  nf_call(0x1100, "getDec(bytes,string,uint8)", "bsu",
          slice_str("12345678901234567890.123456789012345678e-3"), "", 18ull);
  bench_say("json_dec", 0x1100);
  buf_clear(&b);
  buf_put_str(&b, "{\"\":0");
  for (u32 i = 0; b.len < 65500; i++) buf_printf(&b, ",\"%x\":0", i);
  buf_put_str(&b, "}");
  nf_call(0x1100, "keyAt(bytes,string,uint256)", "bsu", buf_slice(&b), "",
          5000ull);
  bench_say("json_keyAt", 0x1100);
  buf_fini(&b);
}

static void bench_string(void) {
  static const char *const one[] = {"reverse", "lower", "upper", "trim",
                                    "toInt", "fromHex", "lengthUtf8"};
  char name[64];
  for (u32 i = 0; i < ARRAY_LEN(one); i++)
    for (u32 k = 0; k < 3; k++) {
      static const char *const part[] = {"0", "\xc3\xa9", "\xe2\x82\xac"};
      snprintf(name, sizeof name, "%s(string)", one[i]);
      nf_call(0x1101, name, "b", bench_fill(part[k], k < 2 ? 65536 : 65535));
      snprintf(name, sizeof name, "string_%s_%u", one[i], k);
      bench_say(name, 0x1101);
      if (k) continue;
      snprintf(name, sizeof name, "%s(string)", one[i]);
      nf_call(0x1101, name, "s", "0");
      snprintf(name, sizeof name, "string_%s_least", one[i]);
      bench_say(name, 0x1101);
    }
  nf_call(0x1101, "isUtf8(bytes)", "b", bench_fill("\xc3\xa9", 65536));
  bench_say("string_isUtf8", 0x1101);
  nf_call(0x1101, "isUtf8(bytes)", "b", bench_fill("\xc3\xa9", 1 << 20));
  bench_say("string_too_long", 0x1101);
  nf_call(0x1101, "toHex(bytes)", "b", bench_fill("a", 32767));
  bench_say("string_toHex", 0x1101);
  nf_call(0x1101, "compare(string,string)", "bb", bench_fill("a", 32768),
          bench_fill("a", 32768));
  bench_say("string_compare", 0x1101);
  /* The worst of a linear search: long borders, and matches everywhere. */
  bench_fill("aaaaaaaaaaaaaaab", 50000);
  nf_call(0x1101, "indexOf(string,string,uint256)", "bsu",
          slice_of(bench_text, 50000), "aaaaaaaaaaaaaaaa", 0ull);
  bench_say("string_indexOf", 0x1101);
  nf_call(0x1101, "split(string,string)", "bs", bench_fill("a,", 1000), ",");
  bench_say("string_split", 0x1101);
  nf_call(0x1101, "replace(string,string,string)", "bss",
          bench_fill("a", 32768), "a", "bc");
  bench_say("string_replace", 0x1101);
  slice part[1024];
  for (u32 i = 0; i < 1024; i++) part[i] = slice_of(bench_text, i % 2);
  nf_call(0x1101, "join(string[],string)", "Ss", 1024, part, ", ");
  bench_say("string_join", 0x1101);
  nf_call(0x1101, "concat(string[])", "S", 1024, part);
  bench_say("string_concat", 0x1101);
  nf_call(0x1101, "slice(string,uint256,uint256)", "buu",
          bench_fill("\xc3\xa9", 65536), 2ull, 65534ull);
  bench_say("string_slice", 0x1101);
  nf_call(0x1101, "fromInt(int256)", "i", -((i64)1 << 62));
  bench_say("string_fromInt", 0x1101);
}

static void bench_decimal(void) {
  u256 big, x, d;
  memset(&big, 0xff, sizeof big);
  u256_shr(&x, &big, 1);
  u256_shr(&d, &big, 2);
  u256 near_one = u256_from(1100000000000000000ull);
  nf_call(0x1102, "mulDiv(uint256,uint256,uint256,uint8)", "wwwu", &x, &d,
          &x, 2ull);
  bench_say("decimal_mulDiv", 0x1102);
  nf_call(0x1102, "mul(int256,int256)", "ww", &d, &near_one);
  bench_say("decimal_mul", 0x1102);
  nf_call(0x1102, "div(int256,int256)", "ww", &near_one, &d);
  bench_say("decimal_div", 0x1102);
  nf_call(0x1102, "mul(int256,int256)", "ww", &x, &x);
  bench_say("decimal_mul_overflow", 0x1102);
  nf_call(0x1102, "mul(int256,int256)", "w", &x);
  bench_say("decimal_mul_bad", 0x1102);
  nf_call(0x1102, "scale(int256,uint8,uint8,uint8)", "wuuu", &x, 77ull, 0ull,
          2ull);
  bench_say("decimal_scale", 0x1102);
  nf_call(0x1102, "sqrt(int256)", "w", &x);
  bench_say("decimal_sqrt", 0x1102);
  nf_call(0x1102, "exp(int256)", "i", (i64)4000000000000000123ll);
  bench_say("decimal_exp", 0x1102);
  nf_call(0x1102, "ln(int256)", "w", &d);
  bench_say("decimal_ln", 0x1102);
  nf_call(0x1102, "log2(int256)", "w", &d);
  bench_say("decimal_log2", 0x1102);
  nf_call(0x1102, "pow(int256,int256)", "ww", &near_one, &near_one);
  bench_say("decimal_pow", 0x1102);
  nf_call(0x1102, "compound(uint256,uint256,uint64)", "uuu", 1000000007ull,
          1547125957ull, 315360000ull);
  bench_say("decimal_compound", 0x1102);
}

static void bench_rsa(void) {
  static const u32 bytes[] = {128, 256, 512};
  u8 n[512], sig[512], e[32], digest[32] = {0};
  memset(n, 0xff, sizeof n);
  memset(sig, 0xa7, sizeof sig);
  memset(e, 0xff, sizeof e);
  for (u32 i = 0; i < 3; i++)
    for (u32 k = 0; k < 4; k++) {
      static const u8 three[] = {3}, f4[] = {1, 0, 1}, five[] = {17};
      slice ex = k == 0 ? slice_of(three, 1) : k == 1 ? slice_of(five, 1)
               : k == 2 ? slice_of(f4, 3) : slice_of(e, 32);
      char name[64];
      n[bytes[i] / 2] = 0x5a;
      nf_call(0x1103, "verifyPkcs1(bytes,bytes,bytes32,bytes)", "bbhb",
              slice_of(n, bytes[i]), ex, digest, slice_of(sig, bytes[i]));
      snprintf(name, sizeof name, "rsa_%u_e%u", bytes[i] * 8, k);
      bench_say(name, 0x1103);
    }
  nf_call(0x1103, "verifyPss(bytes,bytes,bytes32,bytes,uint8)", "bbhbu",
          slice_of(n, 512), slice_of(e, 1), digest, slice_of(sig, 512), 32ull);
  bench_say("rsa_pss", 0x1103);
}

static void bench_scrypt(void) {
  static const u64 rows[][3] = {
    {2, 1, 1}, {1024, 1, 1}, {32768, 1, 1}, {32768, 1, 4}, {1024, 32, 4},
    {2, 16384, 1}, {2, 16384, 4}, {2, 1, 65536}, {1024, 8, 16}};
  for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
    char name[64];
    nf_call(0x1104, "scrypt(bytes,bytes,uint32,uint32,uint32,uint32)",
            "ssuuuu", "password", "salt", rows[i][0], rows[i][1], rows[i][2],
            128ull);
    snprintf(name, sizeof name, "scrypt_N%llu_r%llu_p%llu",
             (unsigned long long)rows[i][0], (unsigned long long)rows[i][1],
             (unsigned long long)rows[i][2]);
    bench_say(name, 0x1104);
  }
  nf_call(0x1104, "scrypt(bytes,bytes,uint32,uint32,uint32,uint32)", "bbuuuu",
          bench_fill("p", 300000), bench_fill("p", 300000), 2ull, 1ull, 1ull,
          128ull);
  bench_say("scrypt_long", 0x1104);
}

static void bench_ed25519(void) {
  static u8 pk[64][32], r[64][32], s[64][32];
  static slice m[64];
  u8 seed[32] = {1}, sk[64], sig[64];
  for (u32 len = 0; len <= 100000; len += 50000) {
    char name[64];
    slice text = bench_fill("m", len);
    crypto_sign_ed25519_seed_keypair(pk[0], sk, seed);
    crypto_sign_ed25519_detached(sig, NULL, text.ptr, text.len, sk);
    nf_call(0x1105, "verify(bytes32,bytes,bytes32,bytes32)", "hbhh", pk[0],
            text, sig, sig + 32);
    MUST(nf_u() == 1);
    snprintf(name, sizeof name, "ed25519_%u", len);
    bench_say(name, 0x1105);
  }
  crypto_sign_ed25519_detached(sig, NULL, bench_text, 32, sk);
  for (u32 i = 0; i < 64; i++) {
    memcpy(pk[i], pk[0], 32), memcpy(r[i], sig, 32), memcpy(s[i], sig + 32, 32);
    m[i] = slice_of(bench_text, 32);
  }
  nf_call(0x1105, "verifyMany(bytes32[],bytes[],bytes32[],bytes32[])", "HSHH",
          64, pk, 64, m, 64, r, 64, s);
  MUST(nf_u() == 1);
  bench_say("ed25519_many", 0x1105);
}

static void bench_merkle(void) {
  static u8 node[1024][32];
  u8 top[32] = {0};
  for (u32 levels = 0; levels <= 64; levels += 32) {
    char name[64];
    nf_call(0x1106, "verify(bytes32,bytes32,uint256,bytes32[])", "hhuH", top,
            top, 0ull, levels, node);
    snprintf(name, sizeof name, "merkle_verify_%u", levels);
    bench_say(name, 0x1106);
    nf_call(0x1106, "verifySorted(bytes32,bytes32,bytes32[])", "hhH", top, top,
            levels, node);
    snprintf(name, sizeof name, "merkle_verifySorted_%u", levels);
    bench_say(name, 0x1106);
  }
  nf_call(0x1106, "verify(bytes32,bytes32,uint256,bytes32[])", "hhuH", top,
          top, 0ull, 1024, node);
  bench_say("merkle_too_deep", 0x1106);
  for (u32 cnt = 1; cnt <= 1024; cnt = cnt * 8 + 1) {
    char name[64];
    nf_call(0x1106, "root(bytes32[])", "H", cnt, node);
    snprintf(name, sizeof name, "merkle_root_%u", cnt);
    bench_say(name, 0x1106);
  }
}

int main(void) {
  nf_open(NULL);
  bench_decimal();
  bench_merkle();
  bench_ed25519();
  bench_rsa();
  bench_json();
  bench_string();
  bench_scrypt();
  printf("{\"name\":\"floor\",\"value\":%.4g,\"unit\":\"Mgas/s\","
         "\"row\":\"native_%s\"}\n", bench_worst.speed, bench_worst.name);
  nf_close(NULL);
  return 0;
}
