/* bench_opcodes.c - every opcode at what is worst for its gas, on one core: the
** floor against denial of service.  JSON lines in Mgas/s; the last, "floor", is
** the slowest.
**
** A row is a loop: code before it, then its body so often that the jump back
** is nothing, until a transaction's most gas (EIP-7825) is gone.  Operands
** come from the cheapest opcodes that make them bad: PREVRANDAO is a random
** word for 2 gas, GAS another number each time.  Time is the thread's own, from
** the message's begin to its end; of a new machine (code is analysed and
** translated in it) and of a warm one, the slower counts.
**
** None of the rows may be below 100 Mgas/s; an opcode of opcode.def without a
** row is a failure. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/bench_time.h"
#include "chain/chain_exec.h"
#include "codec/hex.h"
#include "crypto/secp256k1.h"
#include "evm/evm_int.h"

enum {
  OPS_GAS = 1 << 24,
  OPS_FLOOR = 100, OPS_AGAIN = 5,
  OPS_BODY = 2000,      /* bytes of a loop, about */
  OPS_CALLEES = 400,    /* contracts from 0x10000 on */
  OPS_MANY = 4096,      /* their translated codes are beyond what is kept */
  OPS_CODE = 24576, OPS_INIT = 49152,
  OPS_SEEN = 256
};

static struct chain_exec *ops_exec;
static bool ops_covered[OPS_SEEN];
static struct { char name[64]; double speed; } ops_worst = {"", 1e18};

/*------------------------------------------------------------ long codes */

/* Which long code the contracts at 0x10000.. have; each differs by its last
** bytes. */
enum ops_kind {
  OPS_NONE, OPS_STOP, OPS_PUSHES, OPS_DESTS, OPS_MIXED, OPS_PUSH32, OPS_BLOCKS,
  OPS_MOVES, OPS_RETURN, OPS_RETURN_32, OPS_REVERT, OPS_REVERT_32,
  OPS_DESTRUCT, OPS_KIND_CNT
};
/* What stands in front of the code of a kind, where it is not a jump to the
** code's end. */
static const char *const ops_first[OPS_KIND_CNT] = {
  [OPS_STOP] = "00", [OPS_RETURN] = "5f5ff3", [OPS_RETURN_32] = "60205ff3",
  [OPS_REVERT] = "5f5ffd", [OPS_REVERT_32] = "60205ffd",
  [OPS_DESTRUCT] = "33ff",
};

/* JUMP to the last byte but 8, a JUMPDEST, through code that is hard to scan;
** for translation, blocks that are dear to translate. */
static void ops_fill(u8 *code, u32 len, enum ops_kind kind, u32 number) {
  static const u8 mixed[] = {0x60, 0x5b, 0x5b, 0x61, 0x5b, 0x60, 0x62};
  static const u8 moves[] = {0x5b, 0x8f, 0x9e, 0x9d, 0x9c, 0x9b, 0x9a,
                             0x99, 0x98, 0x97, 0x96, 0x95, 0x94, 0x50};
  u32 dest = len - 8, seed = 12345 + number;
  memset(code, 0, len);
  for (u32 i = 4; i < dest; i++) {
    seed = seed * 1664525 + 1013904223;
    switch (kind) {
      case OPS_PUSHES: code[i] = 0x60; break;
      case OPS_DESTS: code[i] = 0x5b; break;
      case OPS_MIXED: code[i] = mixed[(seed >> 16) % sizeof mixed]; break;
      case OPS_PUSH32: code[i] = (u8)(0x60 + (seed >> 16) % 32); break;
      case OPS_BLOCKS: code[i] = i & 1 ? 0x5b : 0x58; break;
      case OPS_MOVES: code[i] = moves[i % sizeof moves]; break;
      default: break;
    }
  }
  if (kind != OPS_BLOCKS && kind != OPS_MOVES && kind != OPS_DESTS) {
    for (u32 i = dest - 33; i < dest; i++) code[i] = 0x5b;
  }
  code[0] = 0x61; /* PUSH2 dest JUMP */
  code[1] = (u8)(dest >> 8);
  code[2] = (u8)dest;
  code[3] = 0x56;
  code[dest] = 0x5b;
  if (ops_first[kind]) {
    size_t first = strlen(ops_first[kind]);
    MUST(hex_decode(code, ops_first[kind], first) == ERR_OK);
  }
  store_be32(code + len - 4, number);
}

/*------------------------------------------------------------------- rows */

struct ops_row {
  const char *name;     /* what it shows, after the opcode's */
  u8 op;                /* covered by it */
  enum ops_kind callee; /* code of the contracts */
  const char *before, *body;
  u32 reps;             /* 0: as many as fit */
  u32 callees;          /* 0: OPS_CALLEES */
};

#define R "44"          /* PREVRANDAO: a random word, 2 gas */
#define G "5a"          /* GAS: another number each time, 2 gas */
#define C3 "62010000"   /* the first contract */
#define ZEROS4 "5f5f5f5f"
/* One operand takes the last result, the other is random. */
#define CHAIN(name) {"", EVM_OP_##name, OPS_NONE, R, NULL, 0, 0}
static const struct ops_row ops_rows[] = {
  /* two to one: PREVRANDAO and the result before */
  CHAIN(ADD), CHAIN(MUL), CHAIN(SUB), CHAIN(DIV), CHAIN(SDIV), CHAIN(MOD),
  CHAIN(SMOD), CHAIN(SIGNEXTEND), CHAIN(LT), CHAIN(GT), CHAIN(SLT),
  CHAIN(SGT), CHAIN(EQ), CHAIN(AND), CHAIN(OR), CHAIN(XOR), CHAIN(BYTE),
  CHAIN(SHL), CHAIN(SHR), CHAIN(SAR),
  {"128 by 128 bits", EVM_OP_DIV, OPS_NONE,
   "6fedcba9876543210fedcba9876543210f", R "04", 0, 0},
  {"256 by 192 bits", EVM_OP_DIV, OPS_NONE,
   "6880000000000000000f", "80" R "0450", 0, 0},
  {"256 by 65 bits", EVM_OP_DIV, OPS_NONE,
   "6801ffffffffffffffff", "80" R "0450", 0, 0},
  {"256 by 65 bits", EVM_OP_MOD, OPS_NONE,
   "6801ffffffffffffffff", "80" R "0650", 0, 0},
  {"256 by 129 bits", EVM_OP_MOD, OPS_NONE,
   "7001ffffffffffffffffffffffffffffffff", "80" R "0650", 0, 0},
  {"256 by 129 bits", EVM_OP_SDIV, OPS_NONE,
   "7001ffffffffffffffffffffffffffffffff", "80" R "0550", 0, 0},
  {"256 by 129 bits", EVM_OP_SMOD, OPS_NONE,
   "7001ffffffffffffffffffffffffffffffff", "80" R "0750", 0, 0},
  {"random", EVM_OP_ADDMOD, OPS_NONE, R, R "81" "08", 0, 0},
  {"carry and 129 bits", EVM_OP_ADDMOD, OPS_NONE,
   "7001ffffffffffffffffffffffffffffffff", "805f195f190850", 0, 0},
  {"one modulus", EVM_OP_MULMOD, OPS_NONE, R, "80" R "81" "0950", 0, 0},
  {"ever new moduli", EVM_OP_MULMOD, OPS_NONE, R,
   G "5a19" "82" "82" "09" "5050", 0, 0},
  {"modulus of 129 bits", EVM_OP_MULMOD, OPS_NONE,
   "7001ffffffffffffffffffffffffffffffff", "80" R R "0950", 0, 0},
  {"ever new moduli, random", EVM_OP_MULMOD, OPS_NONE, R,
   "80" G "18" R R "0950", 0, 0},
  {"one byte", EVM_OP_EXP, OPS_NONE, R, "60ff" R "0a50", 0, 0},
  {"32 bytes", EVM_OP_EXP, OPS_NONE, R, "5f19" R "0a50", 0, 0},
  {"", EVM_OP_ISZERO, OPS_NONE, R, "15", 0, 0},
  {"", EVM_OP_NOT, OPS_NONE, R, "19", 0, 0},
  {"", EVM_OP_CLZ, OPS_NONE, R, "1e", 0, 0},
  {"", EVM_OP_KECCAK256, OPS_NONE, "", "5f5f2050", 0, 0},
  {"32 bytes", EVM_OP_KECCAK256, OPS_NONE, "60205f20", "60205f2050", 0, 0},
  {"136 bytes", EVM_OP_KECCAK256, OPS_NONE, "60885f20", "60885f2050", 0, 0},
  {"16 KB", EVM_OP_KECCAK256, OPS_NONE, "6140005f20", "6140005f2050", 0, 0},
  /* pushes of what the frame knows */
#define KNOWN(name) {"", EVM_OP_##name, OPS_NONE, "", NULL, 0, 0}
  KNOWN(ADDRESS), KNOWN(ORIGIN), KNOWN(CALLER), KNOWN(CALLVALUE),
  KNOWN(CALLDATASIZE), KNOWN(CODESIZE), KNOWN(GASPRICE),
  KNOWN(RETURNDATASIZE), KNOWN(COINBASE), KNOWN(TIMESTAMP), KNOWN(NUMBER),
  KNOWN(DIFFICULTY), KNOWN(GASLIMIT), KNOWN(CHAINID), KNOWN(SELFBALANCE),
  KNOWN(BASEFEE), KNOWN(BLOBBASEFEE), KNOWN(PC), KNOWN(MSIZE), KNOWN(GAS),
  {"in bounds", EVM_OP_CALLDATALOAD, OPS_NONE, "", "5f3550", 0, 0},
  {"at the end", EVM_OP_CALLDATALOAD, OPS_NONE, "", "36600190" "03" "3550", 0,
   0},
  {"far", EVM_OP_CALLDATALOAD, OPS_NONE, "", R "3550", 0, 0},
  {"", EVM_OP_CALLDATACOPY, OPS_NONE, "", "60205f5f37", 0, 0},
  {"no bytes", EVM_OP_CALLDATACOPY, OPS_NONE, "", "5f5f5f37", 0, 0},
  {"16 KB", EVM_OP_CALLDATACOPY, OPS_NONE, "", "6140005f5f37", 0, 0},
  {"zeros", EVM_OP_CALLDATACOPY, OPS_NONE, "", "60205f19" "5f37", 0, 0},
  {"", EVM_OP_CODECOPY, OPS_NONE, "", "60205f5f39", 0, 0},
  {"16 KB", EVM_OP_CODECOPY, OPS_NONE, "", "6140005f5f39", 0, 0},
  {"", EVM_OP_RETURNDATACOPY, OPS_NONE, "", "5f5f5f3e", 0, 0},
  {"16 KB", EVM_OP_MCOPY, OPS_NONE, "6140015f20", "61400060015f5e", 0, 0},
  {"one byte", EVM_OP_MCOPY, OPS_NONE, "60405f20", "600160205f5e", 0, 0},
  {"overlapping", EVM_OP_MCOPY, OPS_NONE, "60605f20", "603f5f60015e", 0, 0},
  {"", EVM_OP_BLOCKHASH, OPS_NONE, "", "6001430340" "50", 0, 0},
  {"", EVM_OP_BLOBHASH, OPS_NONE, "", "5f4950", 0, 0},
  {"", EVM_OP_POP, OPS_NONE, "", "5f50", 0, 0},
  {"", EVM_OP_MLOAD, OPS_NONE, "", "5f5150", 0, 0},
  {"unaligned", EVM_OP_MLOAD, OPS_NONE, "60805f20", "603d5150", 0, 0},
  {"chain", EVM_OP_MLOAD, OPS_NONE, "60805f20", "51", 0, 0},
  {"growing", EVM_OP_MLOAD, OPS_NONE, "", "595150", 0, 0},
  {"", EVM_OP_MSTORE, OPS_NONE, "", R "5f52", 0, 0},
  {"growing", EVM_OP_MSTORE, OPS_NONE, "", R "5952", 0, 0},
  {"and load elsewhere", EVM_OP_MSTORE, OPS_NONE, "60805f20",
   R "603d52" "601d5150", 0, 0},
  {"", EVM_OP_MSTORE8, OPS_NONE, "", R "5f53", 0, 0},
  {"bytes, then the word", EVM_OP_MSTORE8, OPS_NONE, "", R "5f53" "5f5150", 0,
   0},
  /* accounts and slots: warm, and another cold one each time */
  {"warm", EVM_OP_BALANCE, OPS_NONE, "", "303150", 0, 0},
  {"cold", EVM_OP_BALANCE, OPS_NONE, "", G "3150", 0, 0},
  {"warm", EVM_OP_EXTCODESIZE, OPS_NONE, "", "303b50", 0, 0},
  {"cold", EVM_OP_EXTCODESIZE, OPS_NONE, "", G "3b50", 0, 0},
  {"warm", EVM_OP_EXTCODEHASH, OPS_NONE, "", "303f50", 0, 0},
  {"cold", EVM_OP_EXTCODEHASH, OPS_NONE, "", G "3f50", 0, 0},
  {"warm", EVM_OP_EXTCODECOPY, OPS_NONE, "", "60205f5f303c", 0, 0},
  {"warm, 24 KB", EVM_OP_EXTCODECOPY, OPS_STOP, "",
   "6160005f5f" C3 "3c", 0, 0},
  {"cold", EVM_OP_EXTCODECOPY, OPS_NONE, "", "60205f5f" G "3c", 0, 0},
  {"cold, 24 KB each", EVM_OP_EXTCODESIZE, OPS_STOP, C3,
   "803b50600101", OPS_CALLEES, 0},
  {"warm", EVM_OP_SLOAD, OPS_NONE, "", "5f5450", 0, 0},
  {"cold", EVM_OP_SLOAD, OPS_NONE, "", G "5450", 0, 0},
  {"warm, many", EVM_OP_SLOAD, OPS_NONE, "", "60ff" G "165450", 0, 0},
  {"same value", EVM_OP_SSTORE, OPS_NONE, "", "5f5f55", 0, 0},
  {"dirty", EVM_OP_SSTORE, OPS_NONE, "", G "5f55", 0, 0},
  {"new slots", EVM_OP_SSTORE, OPS_NONE, "", G G "55", 0, 0},
  {"one", EVM_OP_TLOAD, OPS_NONE, "", "5f5c50", 0, 0},
  {"others", EVM_OP_TLOAD, OPS_NONE, "", G "5c50", 0, 0},
  {"one", EVM_OP_TSTORE, OPS_NONE, "", G "5f5d", 0, 0},
  {"others", EVM_OP_TSTORE, OPS_NONE, "", G G "5d", 0, 0},
  {"", EVM_OP_LOG0, OPS_NONE, "", "5f5fa0", 0, 0},
  {"", EVM_OP_LOG1, OPS_NONE, "", "5f5f5fa1", 0, 0},
  {"", EVM_OP_LOG2, OPS_NONE, "", "5f5f5f5fa2", 0, 0},
  {"", EVM_OP_LOG3, OPS_NONE, "", "5f5f5f5f5fa3", 0, 0},
  {"", EVM_OP_LOG4, OPS_NONE, "", "5f5f5f5f5f5fa4", 0, 0},
  {"16 KB", EVM_OP_LOG0, OPS_NONE, "", "6140005fa0", 0, 0},
  /* flow */
  {"", EVM_OP_JUMPDEST, OPS_NONE, "", "5b", 0, 0},
  {"to itself", EVM_OP_JUMP, OPS_NONE, "", "", 1, 0},
  {"to a computed place", EVM_OP_JUMP, OPS_NONE, "5f", "806001" "0156", 1, 0},
  {"not taken", EVM_OP_JUMPI, OPS_NONE, "", "5f5f57", 0, 0},
  {"by a random bit", EVM_OP_JUMPI, OPS_NONE, "", G "60031660" "09575b5b", 1,
   0},
  {"pushed, popped", EVM_OP_PUSH0, OPS_NONE, "", "5f5f5f5f50505050", 0, 0},
  /* messages */
  {"nobody", EVM_OP_CALL, OPS_NONE, "", ZEROS4 "5f" "60aa" G "f150", 0, 0},
  {"no gas", EVM_OP_CALL, OPS_STOP, "", ZEROS4 "5f" C3 "5f" "f150", 0, 0},
  {"code", EVM_OP_CALL, OPS_STOP, "", ZEROS4 "5f" C3 G "f150", 0, 0},
  {"with value", EVM_OP_CALL, OPS_STOP, "", ZEROS4 "6001" C3 G "f150", 0, 0},
  {"new accounts", EVM_OP_CALL, OPS_NONE, "", ZEROS4 "6001" G G "f150", 0, 0},
  {"code", EVM_OP_CALLCODE, OPS_STOP, "", ZEROS4 "5f" C3 G "f250", 0, 0},
  {"code", EVM_OP_DELEGATECALL, OPS_STOP, "", ZEROS4 C3 G "f450", 0, 0},
  {"code", EVM_OP_STATICCALL, OPS_STOP, "", ZEROS4 C3 G "fa50", 0, 0},
  {"no gas", EVM_OP_STATICCALL, OPS_PUSHES, "", ZEROS4 C3 "5f" "fa50", 0, 0},
  {"to itself, down", EVM_OP_CALL, OPS_NONE, "", ZEROS4 "5f" "30" G "f150", 0,
   0},
  {"cold, pushes", EVM_OP_CALL, OPS_PUSHES, C3,
   ZEROS4 "5f" "85" G "f150600101", OPS_CALLEES, 0},
  {"cold, jumpdests", EVM_OP_CALL, OPS_DESTS, C3,
   ZEROS4 "5f" "85" G "f150600101", OPS_CALLEES, 0},
  {"cold, mixed", EVM_OP_CALL, OPS_MIXED, C3,
   ZEROS4 "5f" "85" G "f150600101", OPS_CALLEES, 0},
  {"cold, random pushes", EVM_OP_CALL, OPS_PUSH32, C3,
   ZEROS4 "5f" "85" G "f150600101", OPS_CALLEES, 0},
  {"no code", EVM_OP_CREATE, OPS_NONE, "", "5f5f5ff050", 0, 0},
  {"48 KB", EVM_OP_CREATE, OPS_MIXED, "61c0005f5f37", "61c0005f5ff050", 0, 0},
  {"48 KB of pushes", EVM_OP_CREATE, OPS_PUSHES, "61c0005f5f37",
   "61c0005f5ff050", 0, 0},
  {"48 KB", EVM_OP_CREATE2, OPS_MIXED, "61c0005f5f37", G "61c0005f5ff550", 0, 0},
  /* the contracts in turn, the first time cold: i from 0; loop: the contract
  ** 0x10000 + i mod OPS_MANY */
#define NEXT C3 "81610fff16" "01"
#define IN_TURN "5f", ZEROS4 "5f" C3 "86610fff1601" G "f150600101"
  {"in turn, 24 KB each", EVM_OP_CALL, OPS_STOP, IN_TURN, 1, OPS_MANY},
  {"in turn, pushes", EVM_OP_CALL, OPS_PUSHES, IN_TURN, 1, OPS_MANY},
  {"in turn, mixed", EVM_OP_CALL, OPS_MIXED, IN_TURN, 1, OPS_MANY},
  {"in turn, 24 KB each", EVM_OP_BALANCE, OPS_STOP,
   "5f", NEXT "3150600101", 1, OPS_MANY},
  {"in turn, 24 KB each", EVM_OP_EXTCODEHASH, OPS_STOP,
   "5f", NEXT "3f50600101", 1, OPS_MANY},
  {"in turn, 24 KB each", EVM_OP_EXTCODESIZE, OPS_STOP,
   "5f", NEXT "3b50600101", 1, OPS_MANY},
  {"in turn, a word of 24 KB each", EVM_OP_EXTCODECOPY, OPS_STOP,
   "5f", "60205f5f" C3 "84610fff16" "013c600101", 1, OPS_MANY},
  {"in turn, 24 KB each", EVM_OP_EXTCODECOPY, OPS_STOP,
   "5f", "6160005f5f" C3 "84610fff16" "013c600101", 1, OPS_MANY},
  {"nothing", EVM_OP_RETURN, OPS_RETURN, "", ZEROS4 C3 G "fa50", 0, 0},
  {"a word", EVM_OP_RETURN, OPS_RETURN_32, "", ZEROS4 C3 G "fa50", 0, 0},
  /* initcode: PUSH2 6000 PUSH0 RETURN; 200 gas a byte of code */
  {"24 KB of new code", EVM_OP_RETURN, OPS_NONE, "656160005ff3005f52",
   "6006601a5ff050", 0, 0},
  {"nothing", EVM_OP_REVERT, OPS_REVERT, "", ZEROS4 C3 G "fa50", 0, 0},
  {"a word", EVM_OP_REVERT, OPS_REVERT_32, "", ZEROS4 "5f" C3 G "f150", 0, 0},
  {"to the caller", EVM_OP_SELFDESTRUCT, OPS_DESTRUCT, "",
   ZEROS4 "5f" C3 G "f150", 0, 0},
  {"in turn", EVM_OP_SELFDESTRUCT, OPS_DESTRUCT, IN_TURN, 1, OPS_MANY},
  {"of what was just made", EVM_OP_SELFDESTRUCT, OPS_NONE, "6133ff5f52",
   "6002601e5ff050", 0, 0},
  {"", EVM_OP_STOP, OPS_STOP, "", ZEROS4 C3 G "fa50", 0, 0},
};
#undef CHAIN
#undef KNOWN
#undef NEXT
#undef IN_TURN

/*---------------------------------------------------------------- running */

struct ops_case {
  slice code, input;
  enum ops_kind callee;
  u32 callees;
};

static addr20 ops_addr(u64 n) {
  addr20 a = {{0}};
  store_be64(a.b + 12, n);
  return a;
}

static struct state_mem *ops_world(const struct ops_case *c) {
  static u8 callee[OPS_CODE];
  const u256 much = {{~(u64)0, 0, 0, 0}}, one = u256_from(1);
  const addr20 self = ops_addr(0xc0de);
  struct state_mem *world = state_mem_open();
  state_mem_account(world, &self, 1, &much, c->code);
  state_mem_slot(world, &self, &one, &much);
  for (u32 i = 0; c->callee != OPS_NONE && i < c->callees; i++) {
    const addr20 a = ops_addr(0x10000 + i);
    ops_fill(callee, OPS_CODE, c->callee, i);
    state_mem_account(world, &a, 1, &one, slice_of(callee, OPS_CODE));
  }
  return world;
}

/* One run in a fresh transaction; its speed. */
static double ops_once(const struct ops_case *c) {
  struct state *s = chain_exec_state(ops_exec);
  struct evm *e = chain_exec_evm(ops_exec);
  const struct evm_tx tx = {.origin = ops_addr(0xca11)};
  const addr20 self = ops_addr(0xc0de);
  const struct evm_msg msg = {.kind = EVM_CALL, .gas = OPS_GAS,
                              .sender = tx.origin, .recipient = self,
                              .code_addr = self, .input = c->input};
  struct evm_result r;
  state_tx_begin(s);
  state_access_account(s, &self);
  state_snap snap = state_snapshot(s);
  evm_tx_begin(e, &tx);
  double start = bench_cpu_ns();
  evm_run(e, &r, &msg);
  double took = bench_cpu_ns() - start;
  state_revert(s, snap);
  state_tx_end(s, true);
  MUST(r.status == EVM_SUCCESS || r.status == EVM_OUT_OF_GAS);
  return (double)(OPS_GAS - r.gas_left) * 1e3 / took;
}

static void ops_hash(void *ctx, hash32 *out, u64 number) {
  (void)ctx;
  store_be64(out->b, number);
}

/* The slower of new and warm, each the best of some. */
static double ops_measure(const struct ops_case *c) {
  struct chain_rules rules = {.fork = EVM_OSAKA, .chain_id = 1};
  struct chain_header header = {.number = 1000, .gas_limit = OPS_GAS};
  const struct chain_hashes hashes = {NULL, ops_hash};
  double cold = 0, warm = 0;
  memset(header.mix_hash.b, 0xb7, 32);
  struct state_mem *world = ops_world(c);
  struct state_source src = state_mem_source(world);
  for (u32 i = 0; i < 2; i++) {
    ops_exec = chain_exec_open(1);
    chain_exec_begin(ops_exec, &rules, &header, &hashes, &src);
    for (u32 k = 0; k < 3; k++) {
      double speed = ops_once(c), *best = k ? &warm : &cold;
      if (speed > *best) *best = speed;
    }
    chain_exec_close(ops_exec);
  }
  state_mem_close(world);
  return cold < warm ? cold : warm;
}

static void ops_say(u8 op, const char *name, const struct ops_case *c) {
  char full[64];
  snprintf(full, sizeof full, "opcode_%s%s%s", evm_op_name(op),
           *name ? ", " : "", name);
  double speed = ops_measure(c);
  /* Others may have had a part of the core: what looks slow runs again. */
  for (u32 i = 0; i < OPS_AGAIN && speed < 2 * OPS_FLOOR; i++) {
    double again = ops_measure(c);
    if (again > speed) speed = again;
  }
  ops_covered[op] = true;
  if (speed < ops_worst.speed) {
    ops_worst.speed = speed;
    memcpy(ops_worst.name, full, sizeof full);
  }
  printf("{\"name\":\"%s\",\"value\":%.4g,\"unit\":\"Mgas/s\"}\n", full, speed);
  fflush(stdout);
}

static size_t ops_hex(u8 *out, const char *hex) {
  size_t len = strlen(hex);
  MUST(hex_decode(out, hex, len) == ERR_OK);
  return len / 2;
}

static void ops_run_row(const struct ops_row *row) {
  static u8 code[OPS_CODE], input[OPS_INIT];
  u8 body[64] = {row->op, EVM_OP_POP};
  size_t n = ops_hex(code, row->before), len = 2;
  if (row->body) {
    len = ops_hex(body, row->body);
  } else if (*row->before) { /* a chain */
    body[0] = EVM_OP_DIFFICULTY;
    body[1] = row->op;
  }
  u32 reps = row->reps ? row->reps : (u32)(OPS_BODY / len);
  size_t loop = n;
  code[n++] = EVM_OP_JUMPDEST;
  for (u32 i = 0; i < reps; i++, n += len) memcpy(code + n, body, len);
  if (row->reps != OPS_CALLEES) { /* else once is all */
    code[n++] = EVM_OP_PUSH1 + 1;
    code[n++] = (u8)(loop >> 8);
    code[n++] = (u8)loop;
    code[n++] = EVM_OP_JUMP;
  } else {
    code[n++] = EVM_OP_STOP;
  }
  ops_fill(input, OPS_INIT, row->callee, 0);
  struct ops_case c = {slice_of(code, n), slice_of(input, OPS_INIT),
                       row->callee,
                       row->callees ? row->callees : OPS_CALLEES};
  ops_say(row->op, row->name, &c);
}

/* PUSHn POP, DUPn POP, SWAPn on a deep stack. */
static void ops_run_family(u8 first, u32 cnt, bool pops) {
  static u8 code[OPS_CODE];
  for (u32 k = 0; k < cnt; k++) {
    u8 op = (u8)(first + k), *p = code;
    u32 data = first == EVM_OP_PUSH1 ? k + 1 : 0;
    for (u32 i = 0; i < 17; i++) *p++ = EVM_OP_DIFFICULTY;
    *p++ = EVM_OP_JUMPDEST;
    for (u32 i = 0; i < OPS_BODY / (data + 2); i++) {
      *p++ = op;
      memset(p, 0xb7, data);
      p += data;
      if (pops) *p++ = EVM_OP_POP;
    }
    *p++ = EVM_OP_PUSH1;
    *p++ = 17;
    *p++ = EVM_OP_JUMP;
    struct ops_case c = {slice_of(code, (size_t)(p - code)), {0}, OPS_NONE, 0};
    ops_say(op, "", &c);
  }
}

/* Code that is run just long enough to be translated; then the next such
** contract: the last of the callee loops as the opcode before says. */
static void ops_run_translation(const char *name, enum ops_kind kind,
                                const char *loop_hex) {
  static u8 init[OPS_INIT], code[64];
  u8 loop[32];
  size_t len = ops_hex(loop, loop_hex);
  ops_fill(init, OPS_INIT, kind, 0);
  memcpy(init, loop, len);
  /* CALLDATACOPY; loop: the counter makes each code another; CREATE */
  static const char create[] =
      "61c0005f5f37" "5b" "5a61bffc52" "61c0005f5ff050" "600656";
  struct ops_case c = {slice_of(code, ops_hex(code, create)),
                       slice_of(init, OPS_INIT), OPS_NONE, 0};
  ops_say(EVM_OP_CREATE, name, &c);
}

/* With words as arguments: only rows of such opcodes. */
static bool ops_wanted(const char *op, int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], op) == 0) return true;
  }
  return argc == 1;
}

int main(int argc, char **argv) {
  crypto_init(NULL);
  for (size_t i = 0; i < ARRAY_LEN(ops_rows); i++) {
    if (ops_wanted(evm_op_name(ops_rows[i].op), argc, argv)) {
      ops_run_row(&ops_rows[i]);
    }
  }
  if (argc > 1) return 0;
  ops_run_family(EVM_OP_PUSH1, 32, true);
  ops_run_family(EVM_OP_DUP1, 16, true);
  ops_run_family(EVM_OP_SWAP1, 16, false);
  /* loop of n jumps: PUSH2 n; JUMPDEST, PUSH1 1, SWAP1, SUB, DUP1, PUSH1 3,
  ** JUMPI; as many as make 48 KB worth translating, and fewer */
  for (u32 k = 0; k < 2; k++) {
    char name[48], loop[64];
    snprintf(loop, sizeof loop, "61%04x5b600190038060035700", k ? 25000 : 2000);
    snprintf(name, sizeof name, "48 KB of blocks, %u jumps", k ? 25000 : 2000);
    ops_run_translation(name, OPS_BLOCKS, loop);
    snprintf(name, sizeof name, "48 KB of moves, %u jumps", k ? 25000 : 2000);
    ops_run_translation(name, OPS_MOVES, loop);
  }
  struct evm_rules rules;
  evm_rules_make(&rules, EVM_FORK_CNT - 1);
  for (u32 op = 0; op < OPS_SEEN; op++) {
    MUST(ops_covered[op] || !rules.op[op].defined); /* opcode without a row */
  }
  printf("{\"name\":\"floor\",\"value\":%.4g,\"unit\":\"Mgas/s\",\"row\":\"%s\"}\n",
         ops_worst.speed, ops_worst.name);
  return 0;
}
