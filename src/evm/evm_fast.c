/* evm_fast.c - translation of code into three-address instructions.
**
** For each basic block, first a scan that adds up gas and finds how deep the
** block reaches into the stack (need) and how high it grows (grow); then the
** translation proper.  There the stack is an array of symbols by position
** (0: the top when the block began, negative below, positive above); a symbol
** is a physical slot of the stack, numbered like positions, or a constant.
** At the start position p holds slot p.  PUSH, DUP, SWAP, POP only change
** symbols.  A result goes to the slot of its own position if no live symbol
** still needs what is there, else to a spare slot above all the block uses.
**
** At a block's end every position must hold its own slot again (settle): the
** moves that are needed are made in an order in which no slot is overwritten
** before it is read; what remains then are cycles, undone by exchanges;
** constants come last.
**
** A comparison whose result only the following JUMPI asks for becomes one
** instruction with it.  Operations on two constants are done here.
**
** Work and memory are linear in the code's length: a block makes at most
** three instructions for each opcode and one move for each position. */
#include "evm/evm_fast.h"

#include "evm/evm_word.h"

enum {
  /* Positions and slots lie within -EVM_TR_LOW .. EVM_TR_HIGH: a block of 120
  ** opcodes reaches 120 + 17 down and grows by 120; spare slots above. */
  EVM_TR_LOW = 160, EVM_TR_HIGH = 320,
  EVM_TR_SLOTS = EVM_TR_LOW + EVM_TR_HIGH + 1,
  EVM_TR_NONE = -1
};

struct evm_tr_sym {
  int16_t slot;
  int16_t konst; /* index into tr->konst, or EVM_TR_NONE */
};

struct evm_tr {
  /* The whole code. */
  const struct evm_rules *rules;
  struct evm_code *code;
  struct evm_ins *ins;
  u32 ins_cnt, ins_cap;
  u256 *pool;
  u32 pool_cnt, pool_cap;
  u32 *at;
  size_t at_cap;
  /* The block under way. */
  u32 first;          /* its first instruction */
  u32 end;            /* code offset behind it */
  u32 gas, gas_done;  /* of the whole; of the opcodes so far */
  int need, grow, top;
  int slot_top;       /* the highest slot given out */
  struct evm_tr_sym sym_at[EVM_TR_SLOTS];
  u8 ref_of[EVM_TR_SLOTS]; /* live symbols that name a slot */
  bool held_of[EVM_TR_SLOTS]; /* spare slots in use by one instruction */
  int held_top;
  u256 konst[EVM_FAST_BLOCK_OPS * 2];
  int konst_cnt;
};

static struct evm_tr_sym *tr_sym(struct evm_tr *t, int pos) {
  return &t->sym_at[EVM_TR_LOW + pos];
}
static u8 *tr_ref(struct evm_tr *t, int slot) {
  return &t->ref_of[EVM_TR_LOW + slot];
}

/*----------------------------------------------------------- instructions */

static struct evm_ins *tr_add(struct evm_tr *t, enum evm_fn id) {
  if (t->ins_cnt == t->ins_cap) {
    t->ins_cap = t->ins_cap ? t->ins_cap * 2 : 1024;
    t->ins = mem_realloc(t->ins, t->ins_cap * sizeof *t->ins);
  }
  struct evm_ins *in = &t->ins[t->ins_cnt++];
  *in = (struct evm_ins){.id = id};
  return in;
}

static int16_t tr_off(int slot) { return (int16_t)(slot * 32); }

static struct evm_ins *tr_emit(struct evm_tr *t, enum evm_fn id, int d, int a,
                               int b, u64 imm) {
  struct evm_ins *in = tr_add(t, id);
  in->d = tr_off(d);
  in->a = tr_off(a);
  in->b = tr_off(b);
  in->imm = imm;
  return in;
}

static u32 tr_pool(struct evm_tr *t, const u256 *v) {
  for (u32 i = t->pool_cnt; i > 0 && i + 8 > t->pool_cnt; i--) {
    if (u256_eq(&t->pool[i - 1], v)) return i - 1;
  }
  if (t->pool_cnt == t->pool_cap) {
    t->pool_cap = t->pool_cap ? t->pool_cap * 2 : 256;
    t->pool = mem_realloc(t->pool, t->pool_cap * sizeof *t->pool);
  }
  t->pool[t->pool_cnt] = *v;
  return t->pool_cnt++;
}

static void tr_emit_const(struct evm_tr *t, int slot, const u256 *v) {
  if (u256_fits64(v)) tr_emit(t, EVM_FN_SMALL, slot, 0, 0, v->w[0]);
  else tr_emit(t, EVM_FN_CONST, slot, 0, 0, tr_pool(t, v));
}

/*---------------------------------------------------------------- symbols */

static const u256 *tr_const(const struct evm_tr *t, struct evm_tr_sym s) {
  return s.konst == EVM_TR_NONE ? NULL : &t->konst[s.konst];
}

static struct evm_tr_sym tr_pop(struct evm_tr *t) {
  struct evm_tr_sym s = *tr_sym(t, t->top--);
  if (s.konst == EVM_TR_NONE) --*tr_ref(t, s.slot);
  return s;
}

static void tr_push(struct evm_tr *t, struct evm_tr_sym s) {
  *tr_sym(t, ++t->top) = s;
  if (s.konst == EVM_TR_NONE) ++*tr_ref(t, s.slot);
}

static void tr_push_const(struct evm_tr *t, const u256 *v) {
  MUST(t->konst_cnt < (int)ARRAY_LEN(t->konst));
  t->konst[t->konst_cnt] = *v;
  tr_push(t, (struct evm_tr_sym){0, (int16_t)t->konst_cnt++});
}

static int tr_spare(struct evm_tr *t) {
  int slot = t->grow + 1;
  while (*tr_ref(t, slot) || t->held_of[EVM_TR_LOW + slot]) slot++;
  MUST(slot < EVM_TR_HIGH);
  if (slot > t->slot_top) t->slot_top = slot;
  return slot;
}

/* Nothing else may be put into slot until the opcode is done. */
static int tr_hold(struct evm_tr *t, int slot) {
  if (slot <= t->grow) return slot; /* not a spare one */
  t->held_of[EVM_TR_LOW + slot] = true;
  if (slot > t->held_top) t->held_top = slot;
  return slot;
}

static void tr_release(struct evm_tr *t) {
  for (int s = t->grow + 1; s <= t->held_top; s++) {
    t->held_of[EVM_TR_LOW + s] = false;
  }
  t->held_top = t->grow;
}

/* The slot where an operand can be read. */
static int tr_slot(struct evm_tr *t, struct evm_tr_sym s) {
  if (s.konst == EVM_TR_NONE) return tr_hold(t, s.slot);
  int slot = tr_hold(t, tr_spare(t));
  tr_emit_const(t, slot, &t->konst[s.konst]);
  return slot;
}

/* Pushes a new result and says where it goes. */
static int tr_result(struct evm_tr *t) {
  int pos = t->top + 1;
  int slot = *tr_ref(t, pos) == 0 ? pos : tr_spare(t);
  tr_push(t, (struct evm_tr_sym){(int16_t)slot, EVM_TR_NONE});
  return slot;
}

/*----------------------------------------------------------------- settle */

struct evm_tr_moves {
  int src[EVM_TR_SLOTS];    /* by destination; EVM_TR_LOW + slot */
  u8 wanted[EVM_TR_SLOTS];  /* open moves that read a slot */
  int ready[EVM_TR_SLOTS];  /* destinations that nobody reads any more */
  int ready_cnt;
};
enum { EVM_TR_NO_MOVE = INT32_MIN };

static void tr_move_ready(struct evm_tr *t, struct evm_tr_moves *m) {
  while (m->ready_cnt) {
    int dst = m->ready[--m->ready_cnt], src = m->src[EVM_TR_LOW + dst];
    tr_emit(t, EVM_FN_MOVE, dst, src, 0, 0);
    m->src[EVM_TR_LOW + dst] = EVM_TR_NO_MOVE;
    if (--m->wanted[EVM_TR_LOW + src] == 0 &&
        m->src[EVM_TR_LOW + src] != EVM_TR_NO_MOVE) {
      m->ready[m->ready_cnt++] = src;
    }
  }
}

/* Only cycles are left: each slot is read once. */
static void tr_move_cycles(struct evm_tr *t, struct evm_tr_moves *m, int low) {
  for (int dst = low; dst <= t->top; dst++) {
    int at = dst, src;
    while ((src = m->src[EVM_TR_LOW + at]) != EVM_TR_NO_MOVE) {
      m->src[EVM_TR_LOW + at] = EVM_TR_NO_MOVE;
      /* What was at dst travels through the cycle, one exchange a step. */
      if (src != dst) tr_emit(t, EVM_FN_XCHG, at, src, 0, 0);
      at = src;
    }
  }
}

/* Puts every live position into its own slot. */
static void tr_settle(struct evm_tr *t) {
  struct evm_tr_moves m;
  int low = 1 - t->need;
  m.ready_cnt = 0;
  memset(&m.wanted[EVM_TR_LOW + low], 0, (size_t)(t->slot_top - low + 1));
  for (int p = low; p <= t->top; p++) {
    struct evm_tr_sym s = *tr_sym(t, p);
    bool moves = s.konst == EVM_TR_NONE && s.slot != p;
    m.src[EVM_TR_LOW + p] = moves ? s.slot : EVM_TR_NO_MOVE;
    if (moves) m.wanted[EVM_TR_LOW + s.slot]++;
  }
  /* Slots above the top may be read, but are no destination. */
  for (int p = t->top + 1; p <= t->slot_top; p++) {
    m.src[EVM_TR_LOW + p] = EVM_TR_NO_MOVE;
  }
  for (int p = low; p <= t->top; p++) {
    if (m.src[EVM_TR_LOW + p] != EVM_TR_NO_MOVE &&
        m.wanted[EVM_TR_LOW + p] == 0) {
      m.ready[m.ready_cnt++] = p;
    }
  }
  tr_move_ready(t, &m);
  tr_move_cycles(t, &m, low);
  for (int p = low; p <= t->top; p++) {
    const u256 *v = tr_const(t, *tr_sym(t, p));
    if (v) tr_emit_const(t, p, v);
  }
}

/* An operand of the instruction that follows a settle: moved out of the way
** if its slot will get another value. */
static int tr_guard(struct evm_tr *t, int slot) {
  if (slot > t->top || slot < 1 - t->need) return slot;
  struct evm_tr_sym s = *tr_sym(t, slot);
  if (s.konst == EVM_TR_NONE && s.slot == slot) return slot;
  int safe = tr_hold(t, tr_spare(t));
  tr_emit(t, EVM_FN_MOVE, safe, slot, 0, 0);
  return safe;
}

/*-------------------------------------------------- arithmetic of constants */

static bool tr_fold(u256 *r, u8 op, const u256 *a, const u256 *b) {
  switch (op) {
    case EVM_OP_ADD: word_add(r, a, b); return true;
    case EVM_OP_SUB: word_sub(r, a, b); return true;
    case EVM_OP_MUL: word_mul(r, a, b); return true;
    case EVM_OP_DIV: word_div(r, a, b); return true;
    case EVM_OP_AND: word_and(r, a, b); return true;
    case EVM_OP_OR: word_or(r, a, b); return true;
    case EVM_OP_XOR: word_xor(r, a, b); return true;
    case EVM_OP_SHL: word_shl(r, a, b); return true;
    case EVM_OP_SHR: word_shr(r, a, b); return true;
    case EVM_OP_EQ: *r = u256_from(u256_eq(a, b)); return true;
    case EVM_OP_LT: *r = u256_from(u256_lt(a, b)); return true;
    case EVM_OP_GT: *r = u256_from(u256_lt(b, a)); return true;
    default: return false;
  }
}

/* One operand is k, the other a slot. */
static bool tr_binary_small(struct evm_tr *t, u8 op, bool a_is_k, int slot,
                            u64 k) {
  enum evm_fn id;
  switch (op) {
    case EVM_OP_ADD: id = EVM_FN_ADD_I; break;
    case EVM_OP_AND: id = EVM_FN_AND_I; break;
    case EVM_OP_EQ: id = EVM_FN_EQ_I; break;
    case EVM_OP_LT: id = a_is_k ? EVM_FN_GT_I : EVM_FN_LT_I; break;
    case EVM_OP_GT: id = a_is_k ? EVM_FN_LT_I : EVM_FN_GT_I; break;
    case EVM_OP_SUB:
      if (a_is_k) return false;
      id = EVM_FN_SUB_I;
      break;
    case EVM_OP_SHL:
    case EVM_OP_SHR:
      if (!a_is_k || k > 255) return false;
      id = op == EVM_OP_SHL ? EVM_FN_SHL_I : EVM_FN_SHR_I;
      break;
    default: return false;
  }
  tr_emit(t, id, tr_result(t), slot, 0, k);
  return true;
}

/* Opcodes of FN_PURE. */
static void tr_binary(struct evm_tr *t, u8 op, enum evm_fn id) {
  struct evm_tr_sym sa = tr_pop(t), sb = tr_pop(t);
  const u256 *ka = tr_const(t, sa), *kb = tr_const(t, sb);
  u256 folded;
  if (ka && kb && tr_fold(&folded, op, ka, kb)) {
    tr_push_const(t, &folded);
    return;
  }
  if (ka && kb) { /* not folded: one of them becomes a slot */
    int b = tr_slot(t, sb);
    tr_emit(t, id + 1, tr_result(t), 0, b, tr_pool(t, ka));
    return;
  }
  if (ka || kb) {
    const u256 *k = ka ? ka : kb;
    int slot = ka ? sb.slot : sa.slot;
    if (u256_fits64(k) && tr_binary_small(t, op, ka != NULL, slot, k->w[0])) {
      return;
    }
    u64 at = tr_pool(t, k);
    tr_emit(t, ka ? id + 1 : id + 2, tr_result(t), slot, slot, at);
    return;
  }
  tr_emit(t, id, tr_result(t), sa.slot, sb.slot, 0);
}

static void tr_unary(struct evm_tr *t, u8 op, enum evm_fn id) {
  struct evm_tr_sym s = tr_pop(t);
  const u256 *k = tr_const(t, s);
  u256 v;
  if (k && (op == EVM_OP_ISZERO || op == EVM_OP_NOT)) {
    if (op == EVM_OP_NOT) word_not(&v, k);
    else v = u256_from(u256_is_zero(k));
    tr_push_const(t, &v);
    return;
  }
  int a = tr_slot(t, s);
  tr_emit(t, id, tr_result(t), a, 0, 0);
}

/* Any opcode of at most three operands and one result. */
static void tr_generic(struct evm_tr *t, enum evm_fn id,
                       const struct evm_op_row *row) {
  int slot[3] = {0, 0, 0};
  for (u32 i = 0; i < row->in; i++) slot[i] = tr_slot(t, tr_pop(t));
  int d = row->out ? tr_result(t) : 0;
  struct evm_ins *in =
      tr_emit(t, id, d, slot[0], slot[1], t->gas - t->gas_done);
  in->c = tr_off(slot[2]);
}

static bool tr_memory(struct evm_tr *t, u8 op) {
  const u256 *k = tr_const(t, *tr_sym(t, t->top));
  if (!k || !u256_fits64(k) || k->w[0] > EVM_MEM_MAX - 32) return false;
  u64 off = k->w[0];
  tr_pop(t);
  if (op == EVM_OP_MLOAD) {
    tr_emit(t, EVM_FN_MLOAD_I, tr_result(t), 0, 0, off);
  } else {
    int b = tr_slot(t, tr_pop(t));
    tr_emit(t, EVM_FN_MSTORE_I, 0, 0, b, off);
  }
  return true;
}

/*---------------------------------------------------------------- branches */

struct evm_tr_test {
  enum evm_fn yes, no;
  int a, b;
  bool has_b;
  u32 k;
};

/* The comparison in an instruction and its opposite. */
static bool tr_test_of(struct evm_tr_test *o, const struct evm_ins *in) {
  static const struct { u16 id, yes, no; bool has_b, flip; } row[] = {
    {EVM_FN_LT, EVM_FN_IF_LT, EVM_FN_IF_GE, true, false},
    {EVM_FN_GT, EVM_FN_IF_LT, EVM_FN_IF_GE, true, true},
    {EVM_FN_SLT, EVM_FN_IF_SLT, EVM_FN_IF_SGE, true, false},
    {EVM_FN_SGT, EVM_FN_IF_SLT, EVM_FN_IF_SGE, true, true},
    {EVM_FN_EQ, EVM_FN_IF_EQ, EVM_FN_IF_NE, true, false},
    {EVM_FN_LT_I, EVM_FN_IF_LT_I, EVM_FN_IF_GE_I, false, false},
    {EVM_FN_GT_I, EVM_FN_IF_GT_I, EVM_FN_IF_LE_I, false, false},
    {EVM_FN_EQ_I, EVM_FN_IF_EQ_I, EVM_FN_IF_NE_I, false, false},
  };
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    if (in->id != row[i].id) continue;
    if (!row[i].has_b && in->imm > UINT32_MAX) return false;
    o->yes = row[i].yes;
    o->no = row[i].no;
    o->has_b = row[i].has_b;
    o->a = (row[i].flip ? in->b : in->a) / 32;
    o->b = (row[i].flip ? in->a : in->b) / 32;
    o->k = (u32)in->imm;
    return true;
  }
  return false;
}

/* The instruction that just made slot, if nothing else wants its result. */
static const struct evm_ins *tr_last_for(struct evm_tr *t, int slot) {
  if (t->ins_cnt == t->first || *tr_ref(t, slot)) return NULL;
  const struct evm_ins *in = &t->ins[t->ins_cnt - 1];
  return in->d == tr_off(slot) ? in : NULL;
}

/* What is to be compared so that the branch is taken when slot is not 0;
** takes back instructions that only led to it. */
static void tr_test(struct evm_tr *t, struct evm_tr_test *o, int slot) {
  bool negated = false;
  const struct evm_ins *in;
  while ((in = tr_last_for(t, slot)) != NULL && in->id == EVM_FN_ISZERO) {
    negated = !negated;
    slot = in->a / 32;
    t->ins_cnt--;
  }
  if (in && tr_test_of(o, in)) {
    t->ins_cnt--;
  } else {
    *o = (struct evm_tr_test){.yes = EVM_FN_IF_TRUE, .no = EVM_FN_IF_FALSE,
                              .a = slot};
  }
  if (negated) o->yes = o->no;
}

static bool tr_goal(struct evm_tr *t, u64 *pc, struct evm_tr_sym dest) {
  const u256 *k = tr_const(t, dest);
  if (!k || !u256_fits64(k) || !evm_code_is_dest(t->code, k->w[0])) {
    return false;
  }
  *pc = k->w[0];
  return true;
}

static void tr_jump(struct evm_tr *t, u32 pc) {
  struct evm_tr_sym dest = tr_pop(t);
  u64 goal;
  if (tr_goal(t, &goal, dest)) {
    tr_settle(t);
    tr_emit(t, goal <= pc ? EVM_FN_GOTO_BACK : EVM_FN_GOTO, t->top, 0, 0,
            goal);
  } else if (tr_const(t, dest)) {
    tr_emit(t, EVM_FN_ABORT, 0, 0, 0, EVM_BAD_JUMP);
  } else {
    int a = tr_guard(t, dest.slot);
    tr_settle(t);
    tr_emit(t, EVM_FN_GOTO_WORD, t->top, a, 0, 0);
  }
}

static void tr_jumpi(struct evm_tr *t) {
  struct evm_tr_sym dest = tr_pop(t), cond = tr_pop(t);
  u64 goal;
  if (!tr_const(t, cond)) tr_hold(t, cond.slot);
  if (!tr_const(t, dest)) tr_hold(t, dest.slot);
  if (!tr_goal(t, &goal, dest) || tr_const(t, cond)) {
    int a = tr_guard(t, tr_slot(t, dest)), b = tr_guard(t, tr_slot(t, cond));
    tr_settle(t);
    tr_emit(t, EVM_FN_IF_WORD, t->top, a, b, 0);
    return;
  }
  struct evm_tr_test test;
  tr_test(t, &test, cond.slot);
  tr_hold(t, test.a);
  if (test.has_b) tr_hold(t, test.b);
  int a = tr_guard(t, test.a), b = test.has_b ? tr_guard(t, test.b) : 0;
  tr_settle(t);
  struct evm_ins *in = tr_emit(t, test.yes, t->top, a, b, goal);
  if (!test.has_b) in->k = test.k;
}

/*------------------------------------------------------------------ blocks */

enum evm_tr_shape {
  TR_UNDEFINED, TR_PURE, TR_UNARY, TR_GENERIC, TR_MEMORY, TR_STACK, TR_HALT,
  TR_PUSH, TR_DUP, TR_SWAP, TR_POP, TR_JUMP, TR_JUMPI, TR_NOTHING, TR_PC,
  TR_CODESIZE
};

/* How an opcode is translated, and as what. */
static enum evm_tr_shape tr_shape(enum evm_fn *id, u8 op) {
  *id = EVM_FN_STOP;
  if (op >= EVM_OP_PUSH0 && op <= EVM_OP_PUSH32) return TR_PUSH;
  if (op >= EVM_OP_DUP1 && op <= EVM_OP_DUP16) return TR_DUP;
  if (op >= EVM_OP_SWAP1 && op <= EVM_OP_SWAP16) return TR_SWAP;
  switch (op) {
#define SHAPE(name, shape) \
    case EVM_OP_##name: *id = EVM_FN_##name; return shape;
    SHAPE(ADD, TR_PURE) SHAPE(MUL, TR_PURE) SHAPE(SUB, TR_PURE)
    SHAPE(DIV, TR_PURE) SHAPE(SDIV, TR_PURE) SHAPE(MOD, TR_PURE)
    SHAPE(SMOD, TR_PURE) SHAPE(SIGNEXTEND, TR_PURE) SHAPE(LT, TR_PURE)
    SHAPE(GT, TR_PURE) SHAPE(SLT, TR_PURE) SHAPE(SGT, TR_PURE)
    SHAPE(EQ, TR_PURE) SHAPE(AND, TR_PURE) SHAPE(OR, TR_PURE)
    SHAPE(XOR, TR_PURE) SHAPE(BYTE, TR_PURE) SHAPE(SHL, TR_PURE)
    SHAPE(SHR, TR_PURE) SHAPE(SAR, TR_PURE)
    SHAPE(ISZERO, TR_UNARY) SHAPE(NOT, TR_UNARY) SHAPE(CLZ, TR_UNARY)
    SHAPE(MLOAD, TR_MEMORY) SHAPE(MSTORE, TR_MEMORY)
    SHAPE(ADDMOD, TR_GENERIC) SHAPE(MULMOD, TR_GENERIC)
    SHAPE(EXP, TR_GENERIC) SHAPE(KECCAK256, TR_GENERIC)
    SHAPE(ADDRESS, TR_GENERIC) SHAPE(BALANCE, TR_GENERIC)
    SHAPE(ORIGIN, TR_GENERIC) SHAPE(CALLER, TR_GENERIC)
    SHAPE(CALLVALUE, TR_GENERIC) SHAPE(CALLDATALOAD, TR_GENERIC)
    SHAPE(CALLDATASIZE, TR_GENERIC) SHAPE(CALLDATACOPY, TR_GENERIC)
    SHAPE(CODECOPY, TR_GENERIC) SHAPE(GASPRICE, TR_GENERIC)
    SHAPE(EXTCODESIZE, TR_GENERIC) SHAPE(RETURNDATASIZE, TR_GENERIC)
    SHAPE(RETURNDATACOPY, TR_GENERIC) SHAPE(EXTCODEHASH, TR_GENERIC)
    SHAPE(BLOCKHASH, TR_GENERIC) SHAPE(COINBASE, TR_GENERIC)
    SHAPE(TIMESTAMP, TR_GENERIC) SHAPE(NUMBER, TR_GENERIC)
    SHAPE(DIFFICULTY, TR_GENERIC) SHAPE(GASLIMIT, TR_GENERIC)
    SHAPE(CHAINID, TR_GENERIC) SHAPE(SELFBALANCE, TR_GENERIC)
    SHAPE(BASEFEE, TR_GENERIC) SHAPE(BLOBHASH, TR_GENERIC)
    SHAPE(BLOBBASEFEE, TR_GENERIC) SHAPE(MSTORE8, TR_GENERIC)
    SHAPE(MSIZE, TR_GENERIC) SHAPE(MCOPY, TR_GENERIC)
    SHAPE(SLOAD, TR_GENERIC) SHAPE(SSTORE, TR_GENERIC)
    SHAPE(TLOAD, TR_GENERIC) SHAPE(TSTORE, TR_GENERIC)
    SHAPE(GAS, TR_GENERIC)
    SHAPE(EXTCODECOPY, TR_STACK) SHAPE(LOG0, TR_STACK) SHAPE(LOG1, TR_STACK)
    SHAPE(LOG2, TR_STACK) SHAPE(LOG3, TR_STACK) SHAPE(LOG4, TR_STACK)
    SHAPE(CREATE, TR_STACK) SHAPE(CALL, TR_STACK) SHAPE(CALLCODE, TR_STACK)
    SHAPE(DELEGATECALL, TR_STACK) SHAPE(CREATE2, TR_STACK)
    SHAPE(STATICCALL, TR_STACK)
    SHAPE(STOP, TR_HALT) SHAPE(RETURN, TR_HALT) SHAPE(REVERT, TR_HALT)
    SHAPE(SELFDESTRUCT, TR_HALT)
#undef SHAPE
    case EVM_OP_POP: return TR_POP;
    case EVM_OP_JUMP: return TR_JUMP;
    case EVM_OP_JUMPI: return TR_JUMPI;
    case EVM_OP_JUMPDEST: return TR_NOTHING;
    case EVM_OP_PC: return TR_PC;
    case EVM_OP_CODESIZE: return TR_CODESIZE;
    default: return TR_UNDEFINED;
  }
}

static bool tr_ends_block(enum evm_tr_shape shape) {
  return shape == TR_STACK || shape == TR_HALT || shape == TR_JUMP ||
         shape == TR_JUMPI || shape == TR_UNDEFINED;
}

static u32 tr_len(u8 op) {
  return op >= EVM_OP_PUSH1 && op <= EVM_OP_PUSH32
             ? (u32)op - EVM_OP_PUSH1 + 2 : 1;
}

/* Gas, need, grow and end of the block at pc. */
static void tr_scan(struct evm_tr *t, u32 pc) {
  const u8 *code = t->code->bytes;
  int height = 0;
  t->gas = 0;
  t->need = t->grow = 0;
  t->end = pc;
  for (u32 i = 0; i < EVM_FAST_BLOCK_OPS && t->end < t->code->len; i++) {
    u8 op = code[t->end];
    const struct evm_op_row *row = &t->rules->op[op];
    enum evm_fn id;
    if (op == EVM_OP_JUMPDEST && t->end != pc) return;
    t->end += tr_len(op);
    if (!row->defined) return;
    if (row->in - height > t->need) t->need = row->in - height;
    height += row->out - row->in;
    if (height > t->grow) t->grow = height;
    t->gas += row->gas;
    if (tr_ends_block(tr_shape(&id, op))) return;
  }
}

static void tr_begin(struct evm_tr *t, u32 pc) {
  tr_scan(t, pc);
  struct evm_ins *in = tr_add(t, EVM_FN_CNT);
  in->gas = t->gas;
  in->low = (t->need - 1) * 32;
  in->span = (u32)(EVM_STACK_MAX - t->grow - t->need) * 32;
  in->pc = pc;
  t->first = t->ins_cnt;
  t->gas_done = 0;
  t->top = 0;
  t->konst_cnt = 0;
  t->slot_top = t->held_top = t->grow;
  memset(t->ref_of, 0, sizeof t->ref_of);
  for (int p = 1 - t->need; p <= 0; p++) {
    *tr_sym(t, p) = (struct evm_tr_sym){(int16_t)p, EVM_TR_NONE};
    *tr_ref(t, p) = 1;
  }
}

static void tr_push_code(struct evm_tr *t, u32 pc) {
  u256 v;
  u256_from_be_len(&v, t->code->bytes + pc + 1,
                   tr_len(t->code->bytes[pc]) - 1);
  tr_push_const(t, &v);
}

static void tr_halt(struct evm_tr *t, enum evm_fn id,
                    const struct evm_op_row *row) {
  int a = row->in > 0 ? tr_slot(t, tr_pop(t)) : 0;
  int b = row->in > 1 ? tr_slot(t, tr_pop(t)) : 0;
  tr_emit(t, id, 0, a, b, 0);
}

static void tr_op(struct evm_tr *t, u32 pc) {
  u8 op = t->code->bytes[pc];
  const struct evm_op_row *row = &t->rules->op[op];
  enum evm_fn id;
  enum evm_tr_shape shape = row->defined ? tr_shape(&id, op) : TR_UNDEFINED;
  u256 v;
  t->gas_done += row->gas;
  switch (shape) {
    case TR_PURE: tr_binary(t, op, id); break;
    case TR_UNARY: tr_unary(t, op, id); break;
    case TR_MEMORY:
      if (!tr_memory(t, op)) tr_generic(t, id, row);
      break;
    case TR_GENERIC: tr_generic(t, id, row); break;
    case TR_STACK:
      tr_settle(t);
      tr_emit(t, id, t->top, 0, 0, 0);
      break;
    case TR_HALT: tr_halt(t, id, row); break;
    case TR_PUSH: tr_push_code(t, pc); break;
    case TR_DUP: tr_push(t, *tr_sym(t, t->top - (op - EVM_OP_DUP1))); break;
    case TR_SWAP: {
      struct evm_tr_sym *x = tr_sym(t, t->top);
      struct evm_tr_sym *y = tr_sym(t, t->top - 1 - (op - EVM_OP_SWAP1));
      struct evm_tr_sym s = *x;
      *x = *y;
      *y = s;
      break;
    }
    case TR_POP: tr_pop(t); break;
    case TR_JUMP: tr_jump(t, pc); break;
    case TR_JUMPI: tr_jumpi(t); break;
    case TR_NOTHING: break;
    case TR_PC:
      v = u256_from(pc);
      tr_push_const(t, &v);
      break;
    case TR_CODESIZE:
      v = u256_from(t->code->len);
      tr_push_const(t, &v);
      break;
    case TR_UNDEFINED:
      tr_emit(t, EVM_FN_ABORT, 0, 0, 0, EVM_BAD_OPCODE);
      break;
  }
  tr_release(t);
}

/* Translates the block at pc and says where the next one begins. */
static u32 tr_block(struct evm_tr *t, u32 pc) {
  struct evm_code *code = t->code;
  enum evm_fn id;
  enum evm_tr_shape last = TR_NOTHING;
  if (pc < code->len && code->bytes[pc] == EVM_OP_JUMPDEST) {
    t->at[pc] = t->ins_cnt;
  }
  tr_begin(t, pc);
  while (pc < t->end) {
    last = t->rules->op[code->bytes[pc]].defined
               ? tr_shape(&id, code->bytes[pc]) : TR_UNDEFINED;
    tr_op(t, pc);
    pc += tr_len(code->bytes[pc]);
  }
  if (last == TR_STACK || last == TR_JUMPI) return pc;
  if (!tr_ends_block(last)) {
    if (pc < code->len) {
      tr_settle(t);
      tr_emit(t, EVM_FN_FALL, t->top, 0, 0, 0);
      return pc;
    }
    tr_emit(t, EVM_FN_STOP, 0, 0, 0, 0);
  }
  /* Nothing comes here but by a jump. */
  while (pc < code->len && !evm_code_is_dest(code, pc)) pc++;
  return pc < code->len ? pc : UINT32_MAX;
}

/*--------------------------------------------------------------- the whole */

static bool tr_uses_pool(u64 id) {
  switch (id) {
#define FN(name)
#define FN_PURE(name) case EVM_FN_##name##_AC: case EVM_FN_##name##_BC:
#include "evm/fast.def"
#undef FN
    case EVM_FN_CONST: return true;
    default: return false;
  }
}

static bool tr_has_goal(u64 id) {
  return id == EVM_FN_GOTO || id == EVM_FN_GOTO_BACK ||
         (id >= EVM_FN_IF_TRUE && id <= EVM_FN_IF_NE_I);
}

/* Copies the scratch into one allocation and puts pointers for numbers. */
static struct evm_fast *tr_finish(const struct evm *e, const struct evm_tr *t) {
  size_t ins_len = t->ins_cnt * sizeof *t->ins;
  size_t pool_len = t->pool_cnt * sizeof *t->pool;
  size_t at_len = t->code->len * sizeof *t->at;
  size_t head_len = (sizeof(struct evm_fast) + 31) / 32 * 32;
  size_t bytes = head_len + pool_len + ins_len + at_len;
  struct evm_fast *out = mem_alloc(bytes);
  u8 *p = (u8 *)out + head_len;
  u256 *pool = (u256 *)(void *)p;
  if (pool_len) memcpy(pool, t->pool, pool_len);
  out->ins = (struct evm_ins *)(void *)(p + pool_len);
  memcpy(out->ins, t->ins, ins_len);
  out->at = (u32 *)(void *)(p + pool_len + ins_len);
  if (at_len) memcpy(out->at, t->at, at_len);
  out->fork = t->rules->fork;
  out->bytes = bytes;
  for (u32 i = 0; i < t->ins_cnt; i++) {
    struct evm_ins *in = &out->ins[i];
    if (in->id == EVM_FN_CNT) continue; /* a header */
    if (tr_uses_pool(in->id)) in->imm = (u64)(uintptr_t)&pool[in->imm];
    if (tr_has_goal(in->id)) {
      in->imm = (u64)(uintptr_t)evm_fast_at(out, in->imm);
    }
    in->fn = e->fast_label[in->id];
  }
  return out;
}

struct evm_fast *evm_fast_make(struct evm *e, struct evm_code *code) {
  struct evm_tr *t = e->tr;
  if (code->len > EVM_FAST_CODE_MAX) return NULL;
  if (!t) t = e->tr = mem_alloc(sizeof *t);
  if (!code->dest_ready) evm_code_find_dests(code);
  if (t->at_cap < code->len) {
    mem_free(t->at);
    t->at_cap = code->len;
    t->at = mem_alloc(t->at_cap * sizeof *t->at);
  } else if (code->len) {
    memset(t->at, 0, code->len * sizeof *t->at);
  }
  t->rules = &e->rules;
  t->code = code;
  t->ins_cnt = t->pool_cnt = 0;
  tr_add(t, EVM_FN_CNT); /* number 0 is nowhere */
  for (u32 pc = 0; pc != UINT32_MAX;) pc = tr_block(t, pc);
  return tr_finish(e, t);
}

void evm_fast_fini(struct evm *e) {
  if (!e->tr) return;
  mem_free(e->tr->ins);
  mem_free(e->tr->pool);
  mem_free(e->tr->at);
  mem_free(e->tr);
}
