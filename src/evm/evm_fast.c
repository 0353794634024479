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

static struct evm_tr_sym *fast_sym(struct evm_tr *t, int pos) {
  return &t->sym_at[EVM_TR_LOW + pos];
}
static u8 *fast_ref(struct evm_tr *t, int slot) {
  return &t->ref_of[EVM_TR_LOW + slot];
}

/*----------------------------------------------------------- instructions */

static struct evm_ins *fast_add(struct evm_tr *t, enum evm_fn id) {
  if (t->ins_cnt == t->ins_cap) {
    t->ins_cap = t->ins_cap ? t->ins_cap * 2 : 1024;
    t->ins = mem_realloc(t->ins, t->ins_cap * sizeof *t->ins);
  }
  struct evm_ins *in = &t->ins[t->ins_cnt++];
  *in = (struct evm_ins){.id = id};
  return in;
}

static int16_t fast_off(int slot) { return (int16_t)(slot * 32); }

static struct evm_ins *fast_emit(struct evm_tr *t, enum evm_fn id, int d, int a,
                               int b, u64 imm) {
  struct evm_ins *in = fast_add(t, id);
  in->d = fast_off(d);
  in->a = fast_off(a);
  in->b = fast_off(b);
  in->imm = imm;
  return in;
}

static u32 fast_pool(struct evm_tr *t, const u256 *v) {
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

static void fast_emit_const(struct evm_tr *t, int slot, const u256 *v) {
  if (u256_fits64(v)) fast_emit(t, EVM_FN_SMALL, slot, 0, 0, v->w[0]);
  else fast_emit(t, EVM_FN_CONST, slot, 0, 0, fast_pool(t, v));
}

/*---------------------------------------------------------------- symbols */

static const u256 *fast_const(const struct evm_tr *t, struct evm_tr_sym s) {
  return s.konst == EVM_TR_NONE ? NULL : &t->konst[s.konst];
}

static struct evm_tr_sym fast_pop(struct evm_tr *t) {
  struct evm_tr_sym s = *fast_sym(t, t->top--);
  if (s.konst == EVM_TR_NONE) --*fast_ref(t, s.slot);
  return s;
}

static void fast_push(struct evm_tr *t, struct evm_tr_sym s) {
  *fast_sym(t, ++t->top) = s;
  if (s.konst == EVM_TR_NONE) ++*fast_ref(t, s.slot);
}

static void fast_push_const(struct evm_tr *t, const u256 *v) {
  MUST(t->konst_cnt < (int)ARRAY_LEN(t->konst));
  t->konst[t->konst_cnt] = *v;
  fast_push(t, (struct evm_tr_sym){0, (int16_t)t->konst_cnt++});
}

static int fast_spare(struct evm_tr *t) {
  int slot = t->grow + 1;
  while (*fast_ref(t, slot) || t->held_of[EVM_TR_LOW + slot]) slot++;
  MUST(slot < EVM_TR_HIGH);
  if (slot > t->slot_top) t->slot_top = slot;
  return slot;
}

/* Nothing else may be put into slot until the opcode is done. */
static int fast_hold(struct evm_tr *t, int slot) {
  if (slot <= t->grow) return slot; /* not a spare one */
  t->held_of[EVM_TR_LOW + slot] = true;
  if (slot > t->held_top) t->held_top = slot;
  return slot;
}

static void fast_release(struct evm_tr *t) {
  for (int s = t->grow + 1; s <= t->held_top; s++) {
    t->held_of[EVM_TR_LOW + s] = false;
  }
  t->held_top = t->grow;
}

/* The slot where an operand can be read. */
static int fast_slot(struct evm_tr *t, struct evm_tr_sym s) {
  if (s.konst == EVM_TR_NONE) return fast_hold(t, s.slot);
  int slot = fast_hold(t, fast_spare(t));
  fast_emit_const(t, slot, &t->konst[s.konst]);
  return slot;
}

/* Pushes a new result and says where it goes. */
static int fast_result(struct evm_tr *t) {
  int pos = t->top + 1;
  int slot = *fast_ref(t, pos) == 0 ? pos : fast_spare(t);
  fast_push(t, (struct evm_tr_sym){(int16_t)slot, EVM_TR_NONE});
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

static void fast_move_ready(struct evm_tr *t, struct evm_tr_moves *m) {
  while (m->ready_cnt) {
    int dst = m->ready[--m->ready_cnt], src = m->src[EVM_TR_LOW + dst];
    fast_emit(t, EVM_FN_MOVE, dst, src, 0, 0);
    m->src[EVM_TR_LOW + dst] = EVM_TR_NO_MOVE;
    if (--m->wanted[EVM_TR_LOW + src] == 0 &&
        m->src[EVM_TR_LOW + src] != EVM_TR_NO_MOVE) {
      m->ready[m->ready_cnt++] = src;
    }
  }
}

/* Only cycles are left: each slot is read once. */
static void fast_move_cycles(struct evm_tr *t, struct evm_tr_moves *m,
                             int low) {
  for (int dst = low; dst <= t->top; dst++) {
    int at = dst, src;
    while ((src = m->src[EVM_TR_LOW + at]) != EVM_TR_NO_MOVE) {
      m->src[EVM_TR_LOW + at] = EVM_TR_NO_MOVE;
      /* What was at dst travels through the cycle, one exchange a step. */
      if (src != dst) fast_emit(t, EVM_FN_XCHG, at, src, 0, 0);
      at = src;
    }
  }
}

/* Puts every live position into its own slot. */
static void fast_settle(struct evm_tr *t) {
  struct evm_tr_moves m;
  int low = 1 - t->need;
  m.ready_cnt = 0;
  memset(&m.wanted[EVM_TR_LOW + low], 0, (size_t)(t->slot_top - low + 1));
  for (int p = low; p <= t->top; p++) {
    struct evm_tr_sym s = *fast_sym(t, p);
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
  fast_move_ready(t, &m);
  fast_move_cycles(t, &m, low);
  for (int p = low; p <= t->top; p++) {
    const u256 *v = fast_const(t, *fast_sym(t, p));
    if (v) fast_emit_const(t, p, v);
  }
}

/* An operand of the instruction that follows a settle: moved out of the way
** if its slot will get another value. */
static int fast_guard(struct evm_tr *t, int slot) {
  if (slot > t->top || slot < 1 - t->need) return slot;
  struct evm_tr_sym s = *fast_sym(t, slot);
  if (s.konst == EVM_TR_NONE && s.slot == slot) return slot;
  int safe = fast_hold(t, fast_spare(t));
  fast_emit(t, EVM_FN_MOVE, safe, slot, 0, 0);
  return safe;
}

/*-------------------------------------------------- arithmetic of constants */

static bool fast_fold(u256 *r, u8 op, const u256 *a, const u256 *b) {
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
static bool fast_binary_small(struct evm_tr *t, u8 op, bool a_is_k, int slot,
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
  fast_emit(t, id, fast_result(t), slot, 0, k);
  return true;
}

/* Products and quotients with 2^n are shifts, remainders masks. */
static bool fast_binary_power(struct evm_tr *t, u8 op, bool a_is_k, int slot,
                              const u256 *k) {
  u32 n = word_log2(k);
  if (n == 256 || (op != EVM_OP_MUL && a_is_k)) return false;
  if (op == EVM_OP_MOD) {
    u256 one = u256_from(1), mask;
    word_sub(&mask, k, &one);
    if (u256_fits64(&mask)) {
      fast_emit(t, EVM_FN_AND_I, fast_result(t), slot, 0, mask.w[0]);
    } else {
      u64 at = fast_pool(t, &mask);
      fast_emit(t, EVM_FN_AND_BC, fast_result(t), slot, 0, at);
    }
    return true;
  }
  if (op != EVM_OP_MUL && op != EVM_OP_DIV) return false;
  fast_emit(t, op == EVM_OP_MUL ? EVM_FN_SHL_I : EVM_FN_SHR_I, fast_result(t),
            slot, 0, n);
  return true;
}

/* Opcodes of FN_PURE. */
static void fast_binary(struct evm_tr *t, u8 op, enum evm_fn id) {
  struct evm_tr_sym sa = fast_pop(t), sb = fast_pop(t);
  const u256 *ka = fast_const(t, sa), *kb = fast_const(t, sb);
  u256 folded;
  if (ka && kb && fast_fold(&folded, op, ka, kb)) {
    fast_push_const(t, &folded);
    return;
  }
  if (ka && kb) { /* not folded: one of them becomes a slot */
    int b = fast_slot(t, sb);
    fast_emit(t, id + 1, fast_result(t), 0, b, fast_pool(t, ka));
    return;
  }
  if (ka || kb) {
    const u256 *k = ka ? ka : kb;
    int slot = ka ? sb.slot : sa.slot;
    if (fast_binary_power(t, op, ka != NULL, slot, k) ||
        (u256_fits64(k) &&
         fast_binary_small(t, op, ka != NULL, slot, k->w[0]))) {
      return;
    }
    u64 at = fast_pool(t, k);
    fast_emit(t, ka ? id + 1 : id + 2, fast_result(t), slot, slot, at);
    return;
  }
  fast_emit(t, id, fast_result(t), sa.slot, sb.slot, 0);
}

static void fast_unary(struct evm_tr *t, u8 op, enum evm_fn id) {
  struct evm_tr_sym s = fast_pop(t);
  const u256 *k = fast_const(t, s);
  u256 v;
  if (k && (op == EVM_OP_ISZERO || op == EVM_OP_NOT)) {
    if (op == EVM_OP_NOT) word_not(&v, k);
    else v = u256_from(u256_is_zero(k));
    fast_push_const(t, &v);
    return;
  }
  int a = fast_slot(t, s);
  fast_emit(t, id, fast_result(t), a, 0, 0);
}

/* Any opcode of at most three operands and one result. */
static void fast_generic(struct evm_tr *t, enum evm_fn id,
                       const struct evm_op_row *row) {
  int slot[3] = {0, 0, 0};
  for (u32 i = 0; i < row->in; i++) slot[i] = fast_slot(t, fast_pop(t));
  int d = row->out ? fast_result(t) : 0;
  struct evm_ins *in =
      fast_emit(t, id, d, slot[0], slot[1], t->gas - t->gas_done);
  in->c = fast_off(slot[2]);
}

/* MLOAD and MSTORE whose offset is a constant, or a word and a constant that
** were added just for this. */
static bool fast_memory(struct evm_tr *t, u8 op) {
  bool load = op == EVM_OP_MLOAD;
  struct evm_tr_sym s = *fast_sym(t, t->top);
  const u256 *k = fast_const(t, s);
  enum evm_fn id = load ? EVM_FN_MLOAD_I : EVM_FN_MSTORE_I;
  int a = 0;
  u64 off;
  if (k) {
    if (!u256_fits64(k) || k->w[0] > EVM_MEM_MAX - 32) return false;
    off = k->w[0];
    fast_pop(t);
  } else {
    const struct evm_ins *in = &t->ins[t->ins_cnt - 1];
    if (t->ins_cnt == t->first || in->id != EVM_FN_ADD_I ||
        in->d != fast_off(s.slot) || *fast_ref(t, s.slot) != 1) {
      return false;
    }
    off = in->imm;
    a = in->a / 32;
    fast_pop(t);
    t->ins_cnt--;
    fast_hold(t, a);
    id = load ? EVM_FN_MLOAD_AT : EVM_FN_MSTORE_AT;
  }
  if (load) {
    fast_emit(t, id, fast_result(t), a, 0, off);
  } else {
    int b = fast_slot(t, fast_pop(t));
    fast_emit(t, id, 0, a, b, off);
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
static bool fast_test_of(struct evm_tr_test *o, const struct evm_ins *in) {
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
static const struct evm_ins *fast_last_for(struct evm_tr *t, int slot) {
  if (t->ins_cnt == t->first || *fast_ref(t, slot)) return NULL;
  const struct evm_ins *in = &t->ins[t->ins_cnt - 1];
  return in->d == fast_off(slot) ? in : NULL;
}

/* What is to be compared so that the branch is taken when slot is not 0;
** takes back instructions that only led to it. */
static void fast_test(struct evm_tr *t, struct evm_tr_test *o, int slot) {
  bool negated = false;
  const struct evm_ins *in;
  while ((in = fast_last_for(t, slot)) != NULL && in->id == EVM_FN_ISZERO) {
    negated = !negated;
    slot = in->a / 32;
    t->ins_cnt--;
  }
  if (in && fast_test_of(o, in)) {
    t->ins_cnt--;
  } else {
    *o = (struct evm_tr_test){.yes = EVM_FN_IF_TRUE, .no = EVM_FN_IF_FALSE,
                              .a = slot};
  }
  if (negated) o->yes = o->no;
}

static bool fast_goal(struct evm_tr *t, u64 *pc, struct evm_tr_sym dest) {
  const u256 *k = fast_const(t, dest);
  if (!k || !u256_fits64(k) || !evm_code_is_dest(t->code, k->w[0])) {
    return false;
  }
  *pc = k->w[0];
  return true;
}

static void fast_jump(struct evm_tr *t, u32 pc) {
  struct evm_tr_sym dest = fast_pop(t);
  u64 goal;
  if (fast_goal(t, &goal, dest)) {
    fast_settle(t);
    fast_emit(t, goal <= pc ? EVM_FN_GOTO_BACK : EVM_FN_GOTO, t->top, 0, 0,
            goal);
  } else if (fast_const(t, dest)) {
    fast_emit(t, EVM_FN_ABORT, 0, 0, 0, EVM_BAD_JUMP);
  } else {
    int a = fast_guard(t, dest.slot);
    fast_settle(t);
    fast_emit(t, EVM_FN_GOTO_WORD, t->top, a, 0, 0);
  }
}

static void fast_jumpi(struct evm_tr *t) {
  struct evm_tr_sym dest = fast_pop(t), cond = fast_pop(t);
  u64 goal;
  if (!fast_const(t, cond)) fast_hold(t, cond.slot);
  if (!fast_const(t, dest)) fast_hold(t, dest.slot);
  if (!fast_goal(t, &goal, dest) || fast_const(t, cond)) {
    int a = fast_guard(t, fast_slot(t, dest));
    int b = fast_guard(t, fast_slot(t, cond));
    fast_settle(t);
    fast_emit(t, EVM_FN_IF_WORD, t->top, a, b, 0);
    return;
  }
  struct evm_tr_test test;
  fast_test(t, &test, cond.slot);
  fast_hold(t, test.a);
  if (test.has_b) fast_hold(t, test.b);
  int a = fast_guard(t, test.a), b = test.has_b ? fast_guard(t, test.b) : 0;
  fast_settle(t);
  struct evm_ins *in = fast_emit(t, test.yes, t->top, a, b, goal);
  if (!test.has_b) in->k = test.k;
}

/*------------------------------------------------------------------ blocks */

enum evm_tr_shape {
  FAST_UNDEFINED, FAST_PURE, FAST_UNARY, FAST_MEMORY, FAST_GENERIC,
  FAST_STACK, FAST_HALT, FAST_PUSH, FAST_DUP, FAST_SWAP, FAST_POP, FAST_JUMP,
  FAST_JUMPI, FAST_NOTHING, FAST_PC, FAST_CODESIZE
};

/* How an opcode is translated, and as what. */
static const struct evm_tr_row { u8 shape, id; } fast_row[256] = {
#define FN(name)
#define FN_PURE(name) [EVM_OP_##name] = {FAST_PURE, EVM_FN_##name},
#define FN_UNARY(name) [EVM_OP_##name] = {FAST_UNARY, EVM_FN_##name},
#define FN_MEMORY(name) [EVM_OP_##name] = {FAST_MEMORY, EVM_FN_##name},
#define FN_GENERIC(name) [EVM_OP_##name] = {FAST_GENERIC, EVM_FN_##name},
#define FN_STACK(name) [EVM_OP_##name] = {FAST_STACK, EVM_FN_##name},
#define FN_HALT(name) [EVM_OP_##name] = {FAST_HALT, EVM_FN_##name},
#include "evm/fast.def"
#undef FN
  [EVM_OP_PUSH0 ... EVM_OP_PUSH32] = {FAST_PUSH, 0},
  [EVM_OP_DUP1 ... EVM_OP_DUP16] = {FAST_DUP, 0},
  [EVM_OP_SWAP1 ... EVM_OP_SWAP16] = {FAST_SWAP, 0},
  [EVM_OP_POP] = {FAST_POP, 0}, [EVM_OP_JUMP] = {FAST_JUMP, 0},
  [EVM_OP_JUMPI] = {FAST_JUMPI, 0}, [EVM_OP_JUMPDEST] = {FAST_NOTHING, 0},
  [EVM_OP_PC] = {FAST_PC, 0}, [EVM_OP_CODESIZE] = {FAST_CODESIZE, 0},
};

static enum evm_tr_shape fast_shape(const struct evm_tr *t, u8 op) {
  return t->rules->op[op].defined ? (enum evm_tr_shape)fast_row[op].shape
                                  : FAST_UNDEFINED;
}

static bool fast_ends_block(enum evm_tr_shape shape) {
  return shape == FAST_STACK || shape == FAST_HALT || shape == FAST_JUMP ||
         shape == FAST_JUMPI || shape == FAST_UNDEFINED;
}

static u32 fast_len(u8 op) {
  return op >= EVM_OP_PUSH1 && op <= EVM_OP_PUSH32
             ? (u32)op - EVM_OP_PUSH1 + 2 : 1;
}

/* Gas, need, grow and end of the block at pc. */
static void fast_scan(struct evm_tr *t, u32 pc) {
  const u8 *code = t->code->bytes;
  int height = 0;
  t->gas = 0;
  t->need = t->grow = 0;
  t->end = pc;
  for (u32 i = 0; i < EVM_FAST_BLOCK_OPS && t->end < t->code->len; i++) {
    u8 op = code[t->end];
    const struct evm_op_row *row = &t->rules->op[op];
    if (op == EVM_OP_JUMPDEST && t->end != pc) return;
    t->end += fast_len(op);
    if (!row->defined) return;
    if (row->in - height > t->need) t->need = row->in - height;
    height += row->out - row->in;
    if (height > t->grow) t->grow = height;
    t->gas += row->gas;
    if (fast_ends_block(fast_shape(t, op))) return;
  }
}

static void fast_begin(struct evm_tr *t, u32 pc) {
  /* What the block before has left. */
  memset(fast_ref(t, 1 - t->need), 0, (size_t)(t->slot_top + t->need));
  fast_scan(t, pc);
  struct evm_ins *in = fast_add(t, EVM_FN_CNT);
  in->gas = t->gas;
  in->low = (t->need - 1) * 32;
  in->span = (u32)(EVM_STACK_MAX - t->grow - t->need) * 32;
  in->pc = pc;
  t->first = t->ins_cnt;
  t->gas_done = 0;
  t->top = 0;
  t->konst_cnt = 0;
  t->slot_top = t->held_top = t->grow;
  for (int p = 1 - t->need; p <= 0; p++) {
    *fast_sym(t, p) = (struct evm_tr_sym){(int16_t)p, EVM_TR_NONE};
    *fast_ref(t, p) = 1;
  }
}

static void fast_push_code(struct evm_tr *t, u32 pc) {
  u256 v;
  u256_from_be_len(&v, t->code->bytes + pc + 1,
                   fast_len(t->code->bytes[pc]) - 1);
  fast_push_const(t, &v);
}

static void fast_halt(struct evm_tr *t, enum evm_fn id,
                    const struct evm_op_row *row) {
  int a = row->in > 0 ? fast_slot(t, fast_pop(t)) : 0;
  int b = row->in > 1 ? fast_slot(t, fast_pop(t)) : 0;
  fast_emit(t, id, 0, a, b, 0);
}

static void fast_op(struct evm_tr *t, u32 pc) {
  u8 op = t->code->bytes[pc];
  const struct evm_op_row *row = &t->rules->op[op];
  enum evm_fn id = (enum evm_fn)fast_row[op].id;
  u256 v;
  t->gas_done += row->gas;
  switch (fast_shape(t, op)) {
    case FAST_PURE: fast_binary(t, op, id); break;
    case FAST_UNARY: fast_unary(t, op, id); break;
    case FAST_MEMORY:
      if (!fast_memory(t, op)) fast_generic(t, id, row);
      break;
    case FAST_GENERIC: fast_generic(t, id, row); break;
    case FAST_STACK:
      fast_settle(t);
      fast_emit(t, id, t->top, 0, 0, 0);
      break;
    case FAST_HALT: fast_halt(t, id, row); break;
    case FAST_PUSH: fast_push_code(t, pc); break;
    case FAST_DUP:
      fast_push(t, *fast_sym(t, t->top - (op - EVM_OP_DUP1)));
      break;
    case FAST_SWAP: {
      struct evm_tr_sym *x = fast_sym(t, t->top);
      struct evm_tr_sym *y = fast_sym(t, t->top - 1 - (op - EVM_OP_SWAP1));
      struct evm_tr_sym s = *x;
      *x = *y;
      *y = s;
      break;
    }
    case FAST_POP: fast_pop(t); break;
    case FAST_JUMP: fast_jump(t, pc); break;
    case FAST_JUMPI: fast_jumpi(t); break;
    case FAST_NOTHING: break;
    case FAST_PC:
      v = u256_from(pc);
      fast_push_const(t, &v);
      break;
    case FAST_CODESIZE:
      v = u256_from(t->code->len);
      fast_push_const(t, &v);
      break;
    case FAST_UNDEFINED:
      fast_emit(t, EVM_FN_ABORT, 0, 0, 0, EVM_BAD_OPCODE);
      break;
  }
  fast_release(t);
}

/* Translates the block at pc and says where the next one begins. */
static u32 fast_block(struct evm_tr *t, u32 pc) {
  struct evm_code *code = t->code;
  enum evm_tr_shape last = FAST_NOTHING;
  if (pc < code->len && code->bytes[pc] == EVM_OP_JUMPDEST) {
    t->at[pc] = t->ins_cnt;
  }
  fast_begin(t, pc);
  while (pc < t->end) {
    last = fast_shape(t, code->bytes[pc]);
    fast_op(t, pc);
    pc += fast_len(code->bytes[pc]);
  }
  if (last == FAST_STACK || last == FAST_JUMPI) return pc;
  if (!fast_ends_block(last)) {
    if (pc < code->len) {
      fast_settle(t);
      fast_emit(t, EVM_FN_FALL, t->top, 0, 0, 0);
      return pc;
    }
    fast_emit(t, EVM_FN_STOP, 0, 0, 0, 0);
  }
  /* Nothing comes here but by a jump. */
  while (pc < code->len && !evm_code_is_dest(code, pc)) pc++;
  return pc < code->len ? pc : UINT32_MAX;
}

/*--------------------------------------------------------------- the whole */

static bool fast_uses_pool(u64 id) {
  switch (id) {
#define FN(name)
#define FN_PURE(name) case EVM_FN_##name##_AC: case EVM_FN_##name##_BC:
#define FN_UNARY(name)
#define FN_MEMORY(name)
#define FN_GENERIC(name)
#define FN_STACK(name)
#define FN_HALT(name)
#include "evm/fast.def"
#undef FN
    case EVM_FN_CONST: return true;
    default: return false;
  }
}

static bool fast_has_goal(u64 id) {
  return id == EVM_FN_GOTO || id == EVM_FN_GOTO_BACK ||
         (id >= EVM_FN_IF_TRUE && id <= EVM_FN_IF_NE_I);
}

/* Copies the scratch into one allocation and puts pointers for numbers. */
static struct evm_fast *fast_finish(const struct evm *e,
                                    const struct evm_tr *t) {
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
    if (fast_uses_pool(in->id)) in->imm = (u64)(uintptr_t)&pool[in->imm];
    if (fast_has_goal(in->id)) {
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
  fast_add(t, EVM_FN_CNT); /* number 0 is nowhere */
  for (u32 pc = 0; pc != UINT32_MAX;) pc = fast_block(t, pc);
  return fast_finish(e, t);
}

void evm_fast_fini(struct evm *e) {
  if (!e->tr) return;
  mem_free(e->tr->ins);
  mem_free(e->tr->pool);
  mem_free(e->tr->at);
  mem_free(e->tr);
}
