/* evm_gen.h - random bytecode with a bias to valid stack shapes, and running
** it on all loops of the machine to compare them.
**
** The generator reads its decisions from a byte string (of a fuzzer) or from a
** seed, and keeps count of the stack's height, so that most opcodes find what
** they take; jumps go to JUMPDESTs of the code, constants are edge values,
** addresses are those of the small world below.
**
** A case is run by the plain loop, by the traced one and by translated code,
** each on a machine and a world of its own; outcome, gas, output, refund, logs
** and the difference of the state must agree.  Of frames that fail only the
** failure is compared: translated code may name another reason. */
#ifndef TESTS_EVM_GEN_H
#define TESTS_EVM_GEN_H
#include <stdio.h>
#include <stdlib.h>

#include "chain/chain_exec.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "evm/evm_int.h"

enum { GEN_CODE_MAX = 4096, GEN_LABELS = 24 };

struct gen {
  const u8 *data;   /* decisions; when they end, from the seed */
  size_t len;
  u64 seed;
  u8 code[GEN_CODE_MAX + 256];
  u32 code_len;
  int height;
  u32 label[GEN_LABELS], label_cnt;
  u32 hole[GEN_LABELS * 4], hole_cnt; /* PUSH2 operands to be filled */
};

static inline u64 gen_raw(struct gen *g) {
  g->seed ^= g->seed << 13;
  g->seed ^= g->seed >> 7;
  g->seed ^= g->seed << 17;
  return g->seed * 0x2545f4914f6cdd1du >> 16;
}
static inline u32 gen_pick(struct gen *g, u32 below) {
  if (g->len == 0) return (u32)(gen_raw(g) % below);
  u32 v = *g->data++;
  g->len--;
  if (below > 256 && g->len) {
    v = v << 8 | *g->data++;
    g->len--;
  }
  return v % below;
}
static inline void gen_byte(struct gen *g, u8 b) {
  if (g->code_len < GEN_CODE_MAX) g->code[g->code_len++] = b;
}
static inline void gen_push(struct gen *g, const u8 *be, u32 len) {
  gen_byte(g, (u8)(0x5f + len));
  for (u32 i = 0; i < len; i++) gen_byte(g, be[i]);
  g->height++;
}
static inline void gen_push_u64(struct gen *g, u64 v) {
  u8 be[8];
  u32 skip = 0;
  store_be64(be, v);
  while (skip < 7 && be[skip] == 0) skip++;
  gen_push(g, be + skip, 8 - skip);
}
static inline void gen_push_any(struct gen *g) {
  static const u64 edge[] = {0, 1, 2, 3, 4, 7, 8, 31, 32, 33, 63, 64, 65, 95,
                             127, 128, 129, 191, 192, 193, 224, 255, 256, 257,
                             0xffff, 0xffffffff, 0x7fffffffffffffff,
                             0x8000000000000000, 0xffffffffffffffff};
  static const u32 world[] = {0xc0de, 0xaa, 0xab, 0xac, 0xca11, 0xdead, 1, 2,
                              3, 4, 5, 6, 9, 0x100};
  u8 be[32];
  switch (gen_pick(g, 8)) {
    case 0: case 1: case 2:
      gen_push_u64(g, edge[gen_pick(g, ARRAY_LEN(edge))]);
      break;
    case 3: gen_push_u64(g, gen_pick(g, 200)); break;
    case 4: gen_push_u64(g, world[gen_pick(g, ARRAY_LEN(world))]); break;
    case 5: /* a run of ones somewhere, or all but it */
      memset(be, gen_pick(g, 2) ? 0xff : 0, 32);
      for (u32 i = gen_pick(g, 32), n = gen_pick(g, 32); n-- && i < 32; i++)
        be[i] = (u8)~be[i];
      gen_push(g, be, 32);
      break;
    case 6: /* only the top bit, or all but it */
      memset(be, gen_pick(g, 2) ? 0xff : 0, 32);
      be[0] ^= 0x80;
      gen_push(g, be, 32);
      break;
    default: {
      u32 n = 1 + gen_pick(g, 32);
      for (u32 i = 0; i < n; i++) be[i] = (u8)gen_pick(g, 256);
      gen_push(g, be, n);
    }
  }
}
static inline void gen_need(struct gen *g, int cnt) {
  while (g->height < cnt) gen_push_any(g);
}
static inline void gen_op(struct gen *g, u8 op, int in, int out) {
  gen_need(g, in);
  gen_byte(g, op);
  g->height += out - in;
}
/* A label to be filled in when all are known. */
static inline void gen_push_label(struct gen *g) {
  if (g->hole_cnt == ARRAY_LEN(g->hole)) return;
  gen_byte(g, 0x61);
  g->hole[g->hole_cnt++] = g->code_len;
  gen_byte(g, 0);
  gen_byte(g, 0);
  g->height++;
}
/* Memory offset and length that usually are paid for. */
static inline void gen_range(struct gen *g) {
  gen_push_u64(g, gen_pick(g, 100));
  gen_push_u64(g, gen_pick(g, 300));
}
static inline void gen_step(struct gen *g) {
  static const u8 binary[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0a,
                              0x0b, 0x10, 0x11, 0x12, 0x13, 0x14, 0x16, 0x17,
                              0x18, 0x1a, 0x1b, 0x1c, 0x1d};
  static const u8 unary[] = {0x15, 0x15, 0x19, 0x1e, 0x31, 0x35, 0x3b, 0x3f,
                             0x40, 0x49, 0x54, 0x5c};
  static const u8 plain[] = {0x30, 0x32, 0x33, 0x34, 0x36, 0x38, 0x3a, 0x3d,
                             0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
                             0x4a, 0x58, 0x59, 0x5a, 0x5f};
  static const u8 copy[] = {0x37, 0x39, 0x5e, 0x37, 0x39, 0x5e, 0x5e, 0x3e};
  static const u8 call[] = {0xf1, 0xf2, 0xf4, 0xfa};
  u32 n;
  switch (gen_pick(g, 40)) {
    case 0: case 1: case 2: case 3: case 4: gen_push_any(g); break;
    case 5: case 6: case 7: case 8:
      n = gen_pick(g, g->height > 1 ? (g->height > 16 ? 16 : (u32)g->height)
                                    : 1);
      gen_op(g, (u8)(0x80 + n), (int)n + 1, (int)n + 2);
      break;
    case 9: case 10: case 11: case 12:
      n = gen_pick(g, g->height > 2 ? (g->height > 17 ? 16
                                                      : (u32)g->height - 1)
                                    : 1);
      gen_op(g, (u8)(0x90 + n), (int)n + 2, (int)n + 2);
      break;
    case 13: case 14: gen_op(g, 0x50, 1, 0); break;
    case 15: case 16: case 17: case 18: case 19: case 20: case 21:
      gen_op(g, binary[gen_pick(g, ARRAY_LEN(binary))], 2, 1);
      break;
    case 22: case 23: case 24:
      gen_op(g, unary[gen_pick(g, ARRAY_LEN(unary))], 1, 1);
      break;
    case 25: gen_op(g, plain[gen_pick(g, ARRAY_LEN(plain))], 0, 1); break;
    case 26: gen_op(g, (u8)(0x08 + gen_pick(g, 2)), 3, 1); break;
    case 27: /* memory */
      gen_push_u64(g, gen_pick(g, 400));
      n = gen_pick(g, 3);
      if (n == 2) gen_op(g, 0x51, 1, 1);
      else gen_op(g, (u8)(0x52 + n), 2, 0);
      break;
    case 28: gen_range(g); gen_op(g, 0x20, 2, 1); break;
    case 29: /* storage */
      gen_push_u64(g, gen_pick(g, 4));
      gen_op(g, gen_pick(g, 3) ? 0x55 : 0x5d, 2, 0);
      break;
    case 30:
      gen_push_u64(g, gen_pick(g, 60));
      gen_push_u64(g, gen_pick(g, 60));
      gen_push_u64(g, gen_pick(g, 60));
      gen_op(g, copy[gen_pick(g, ARRAY_LEN(copy))], 3, 0);
      break;
    case 31: case 32: /* a jump target */
      if (g->label_cnt < GEN_LABELS) {
        g->label[g->label_cnt++] = g->code_len;
        gen_byte(g, 0x5b);
      }
      break;
    case 33: case 34: case 35: /* branch, its condition a comparison or not */
      if (gen_pick(g, 2)) gen_op(g, (u8)(0x10 + gen_pick(g, 5)), 2, 1);
      while (gen_pick(g, 3) == 0) gen_op(g, 0x15, 1, 1);
      gen_need(g, 1);
      gen_push_label(g);
      gen_op(g, 0x57, 2, 0);
      break;
    case 36: /* jump, sometimes to a word from memory */
      gen_push_label(g);
      if (gen_pick(g, 2)) {
        gen_op(g, 0x5f, 0, 1);
        gen_op(g, 0x52, 2, 0);
        gen_op(g, 0x5f, 0, 1);
        gen_op(g, 0x51, 1, 1);
      }
      gen_op(g, 0x56, 1, 0);
      break;
    case 37: /* a message */
      n = gen_pick(g, 6);
      if (n < 4) {
        gen_range(g);
        gen_range(g);
        if (n < 2) gen_push_u64(g, gen_pick(g, 2));
        gen_push_u64(g, (u64[]){0xaa, 0xab, 0xac, 4, 2, 0xc0de,
                                0xdead}[gen_pick(g, 7)]);
        if (gen_pick(g, 2)) gen_op(g, 0x5a, 0, 1);
        else gen_push_u64(g, gen_pick(g, 30000));
        gen_op(g, call[n], n < 2 ? 7 : 6, 1);
      } else {
        if (n == 5) gen_push_u64(g, gen_pick(g, 3));
        gen_range(g);
        gen_push_u64(g, gen_pick(g, 2));
        gen_op(g, n == 4 ? 0xf0 : 0xf5, n == 4 ? 3 : 4, 1);
      }
      break;
    case 38:
      n = gen_pick(g, 5);
      for (u32 i = 0; i < n; i++) gen_push_any(g);
      gen_range(g);
      gen_op(g, (u8)(0xa0 + n), (int)n + 2, 0);
      break;
    default:
      switch (gen_pick(g, 16)) {
        case 0: gen_range(g); gen_op(g, 0xf3, 2, 0); break;
        case 1: gen_range(g); gen_op(g, 0xfd, 2, 0); break;
        case 2: gen_op(g, 0x00, 0, 0); break;
        case 3: gen_op(g, 0xff, 1, 0); break;
        case 4: gen_byte(g, (u8)gen_pick(g, 256)); break;
        case 5: /* EXTCODECOPY */
          gen_push_u64(g, gen_pick(g, 60));
          gen_range(g);
          gen_push_any(g);
          gen_op(g, 0x3c, 4, 0);
          break;
        default: gen_push_any(g);
      }
  }
}
static inline slice gen_code(struct gen *g) {
  u32 steps = 5 + gen_pick(g, 300);
  g->code_len = g->label_cnt = g->hole_cnt = 0;
  g->height = 0;
  for (u32 i = 0; i < steps; i++) gen_step(g);
  if (g->label_cnt == GEN_LABELS) g->label_cnt--;
  g->label[g->label_cnt++] = g->code_len; /* one at the end */
  gen_byte(g, 0x5b);
  if (gen_pick(g, 4)) {                   /* most return their memory */
    g->height = 0;
    gen_push_u64(g, 256);
    gen_op(g, 0x36, 0, 1);
    gen_op(g, 0x15, 1, 1);
    gen_op(g, 0xf3, 2, 0);
  }
  for (u32 i = 0; i < g->hole_cnt; i++) {
    /* mostly forward, so that most codes end */
    u32 k = gen_pick(g, g->label_cnt), to = g->label[k];
    if (to < g->hole[i] && gen_pick(g, 8)) to = g->label[g->label_cnt - 1];
    if (gen_pick(g, 60) == 0) to++; /* not a target */
    g->code[g->hole[i]] = (u8)(to >> 8);
    g->code[g->hole[i] + 1] = (u8)to;
  }
  return slice_of(g->code, g->code_len);
}

/*---------------------------------------------------------------- running */

enum { GEN_PLAIN, GEN_TRACED, GEN_FAST, GEN_MODES };

struct gen_outcome {
  int kind;         /* success, revert, failure */
  u64 gas_left;
  i64 refund;
  hash32 output, logs, diff;
};
struct gen_bench {  /* three machines */
  struct chain_exec *exec[GEN_MODES];
  struct evm_tracer tracer;
  struct arena arena;
};

static inline void gen_bench_open(struct gen_bench *b) {
  crypto_init(NULL);
  for (int m = 0; m < GEN_MODES; m++) {
    b->exec[m] = chain_exec_open(1);
    chain_exec_evm(b->exec[m])->cool = m == GEN_FAST ? 0 : UINT32_MAX;
  }
  b->tracer = (struct evm_tracer){NULL, NULL, NULL, NULL};
  evm_set_tracer(chain_exec_evm(b->exec[GEN_TRACED]), &b->tracer);
  arena_init(&b->arena, 1 << 16, 0);
}
static inline void gen_bench_close(struct gen_bench *b) {
  for (int m = 0; m < GEN_MODES; m++) chain_exec_close(b->exec[m]);
  arena_fini(&b->arena);
}

static inline addr20 gen_addr(u64 n) {
  addr20 a = {{0}};
  store_be64(a.b + 12, n);
  return a;
}
static inline void gen_world(struct state_mem *w, slice code) {
  static const u8 answers[] = {0x60, 0x2a, 0x5f, 0x52, 0x33, 0x60, 0x20, 0x52,
                               0x60, 0x40, 0x5f, 0xf3};
  static const u8 reverts[] = {0x60, 0x01, 0x5f, 0x55, 0x60, 0x07, 0x5f, 0x5f,
                               0x3e, 0x60, 0x20, 0x5f, 0xfd};
  u8 delegate[23] = {0xef, 0x01, 0x00, [21] = 0xc0, [22] = 0xde};
  u256 rich = u256_from(1000000), zero = U256_ZERO, two = u256_from(2);
  addr20 a = gen_addr(0xc0de);
  state_mem_account(w, &a, 1, &rich, code);
  for (u64 i = 0; i < 2; i++) {
    u256 slot = u256_from(i), val = u256_from(5 + i);
    state_mem_slot(w, &a, &slot, &val);
  }
  a = gen_addr(0xaa);
  state_mem_account(w, &a, 1, &two, slice_of(answers, sizeof answers));
  a = gen_addr(0xab);
  state_mem_account(w, &a, 1, &zero, slice_of(reverts, sizeof reverts));
  a = gen_addr(0xac);
  state_mem_account(w, &a, 1, &two, slice_of(delegate, sizeof delegate));
  a = gen_addr(0xca11);
  state_mem_account(w, &a, 1, &rich, (slice){0});
}
static inline void gen_run(struct gen_bench *b, int mode,
                           struct gen_outcome *out, enum evm_fork fork,
                           slice code, slice input, u64 gas) {
  struct chain_exec *x = b->exec[mode];
  struct state *s = chain_exec_state(x);
  struct state_mem *w = state_mem_open();
  gen_world(w, code);
  struct state_source src = state_mem_source(w);
  const struct chain_rules rules = {.fork = fork, .chain_id = 1,
                                    .blob_update_fraction = 5007716};
  const struct chain_header header = {.number = 300, .timestamp = 9,
                                      .gas_limit = 30000000};
  const struct evm_tx tx = {.origin = gen_addr(0xca11),
                            .gas_price = u256_from(7)};
  const struct evm_msg msg = {.kind = EVM_CALL, .gas = gas, .input = input,
                              .sender = gen_addr(0xca11),
                              .recipient = gen_addr(0xc0de),
                              .code_addr = gen_addr(0xc0de),
                              .value = u256_from(3)};
  struct evm_result r;
  chain_exec_begin(x, &rules, &header, NULL, &src);
  state_tx_begin(s);
  evm_tx_begin(chain_exec_evm(x), &tx);
  evm_run(chain_exec_evm(x), &r, &msg);
  memset(out, 0, sizeof *out);
  out->kind = r.status > EVM_REVERT ? EVM_REVERT + 1 : (int)r.status;
  out->gas_left = r.gas_left;
  out->refund = state_refund(s);
  crypto_keccak256(&out->output, r.output.ptr, r.output.len);
  u32 log_cnt;
  const struct state_log *log = state_tx_logs(s, &log_cnt);
  struct buf bytes;
  buf_init(&bytes, 0);
  chain_logs_encode(&bytes, log, log_cnt);
  crypto_keccak256(&out->logs, bytes.ptr, bytes.len);
  buf_clear(&bytes);
  state_tx_end(s, fork >= EVM_SPURIOUS);
  struct state_diff diff;
  arena_clear(&b->arena);
  state_block_diff(s, &diff, &b->arena);
  state_diff_encode(&bytes, &diff);
  crypto_keccak256(&out->diff, bytes.ptr, bytes.len);
  buf_fini(&bytes);
  state_mem_close(w);
}
/* NULL, or which loop differs from the plain one and in what. */
static inline const char *gen_compare(struct gen_bench *b, enum evm_fork fork,
                                      slice code, slice input, u64 gas) {
  static char text[96];
  static const char *const name[] = {"plain", "traced", "fast"};
  struct gen_outcome want, got;
  gen_run(b, GEN_PLAIN, &want, fork, code, input, gas);
  for (int m = GEN_TRACED; m < GEN_MODES; m++) {
    gen_run(b, m, &got, fork, code, input, gas);
    const char *what =
        got.kind != want.kind ? "outcome" :
        got.gas_left != want.gas_left ? "gas" :
        !hash32_eq(&got.output, &want.output) ? "output" :
        got.refund != want.refund ? "refund" :
        !hash32_eq(&got.logs, &want.logs) ? "logs" :
        !hash32_eq(&got.diff, &want.diff) ? "state" : NULL;
    if (what) {
      snprintf(text, sizeof text, "%s loop on %s: %s", name[m],
               evm_fork_name(fork), what);
      return text;
    }
  }
  return NULL;
}
#endif
