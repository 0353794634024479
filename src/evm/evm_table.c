/* evm_table.c - rule sets made from the rows of opcode.def, gas.def and
** rule.def, and the names of forks, statuses and opcodes.
**
** A fork's table is the first fork's with the rows of every fork up to it laid
** over in order: inheritance is the order of the rows. */
#include "evm/evm_int.h"

void evm_rules_make(struct evm_rules *out, enum evm_fork fork) {
  memset(out, 0, sizeof *out);
  out->fork = fork;
#define OP(code, name, in_, out_, gas_, since) \
  if (EVM_##since <= fork) { \
    out->op[code] = (struct evm_op_row){ \
        .gas = (gas_), .in = (in_), .out = (out_), .defined = true}; \
  }
#include "evm/opcode.def"
#undef OP
#define GAS(since, name, gas_) \
  if (EVM_##since <= fork) out->op[EVM_OP_##name].gas = (gas_);
#include "evm/gas.def"
#undef GAS
#define RULE(since, field, value) \
  if (EVM_##since <= fork) out->field = (value);
#include "evm/rule.def"
#undef RULE
}

static const struct { const char *name, *alias; } evm_table_forks[] = {
#define FORK(id, name, alias) [EVM_##id] = {name, alias},
#include "evm/fork.def"
#undef FORK
};
_Static_assert(ARRAY_LEN(evm_table_forks) == EVM_FORK_CNT, "one row a fork");

err evm_fork_parse(enum evm_fork *out, const char *name) {
  for (int i = 0; i < EVM_FORK_CNT; i++) {
    if (strcmp(name, evm_table_forks[i].name) == 0 ||
        strcmp(name, evm_table_forks[i].alias) == 0) {
      *out = (enum evm_fork)i;
      return ERR_OK;
    }
  }
  return ERR_NOT_FOUND;
}

const char *evm_fork_name(enum evm_fork f) {
  MUST(f < EVM_FORK_CNT);
  return evm_table_forks[f].name;
}

static const char *const evm_table_status[] = {
#define STATUS(id, text) [EVM_##id] = text,
#include "evm/status.def"
#undef STATUS
};

const char *evm_status_text(enum evm_status s) {
  MUST((size_t)s < ARRAY_LEN(evm_table_status));
  return evm_table_status[s];
}

/* Names of what opcode.def does not list. */
#define EVM_TABLE_NAME(h, l) "opcode 0x" #h #l " not defined",
#define EVM_TABLE_ROW(h) \
  EVM_TABLE_NAME(h, 0) EVM_TABLE_NAME(h, 1) EVM_TABLE_NAME(h, 2) \
  EVM_TABLE_NAME(h, 3) EVM_TABLE_NAME(h, 4) EVM_TABLE_NAME(h, 5) \
  EVM_TABLE_NAME(h, 6) EVM_TABLE_NAME(h, 7) EVM_TABLE_NAME(h, 8) \
  EVM_TABLE_NAME(h, 9) EVM_TABLE_NAME(h, a) EVM_TABLE_NAME(h, b) \
  EVM_TABLE_NAME(h, c) EVM_TABLE_NAME(h, d) EVM_TABLE_NAME(h, e) \
  EVM_TABLE_NAME(h, f)
static const char *const evm_table_undefined[256] = {
  EVM_TABLE_ROW() EVM_TABLE_ROW(1) EVM_TABLE_ROW(2) EVM_TABLE_ROW(3)
  EVM_TABLE_ROW(4) EVM_TABLE_ROW(5) EVM_TABLE_ROW(6) EVM_TABLE_ROW(7)
  EVM_TABLE_ROW(8) EVM_TABLE_ROW(9) EVM_TABLE_ROW(a) EVM_TABLE_ROW(b)
  EVM_TABLE_ROW(c) EVM_TABLE_ROW(d) EVM_TABLE_ROW(e) EVM_TABLE_ROW(f)
};
static const char *const evm_table_defined[256] = {
#define OP(code, name, in, out, gas, fork) [code] = #name,
#include "evm/opcode.def"
#undef OP
  [0xfe] = "INVALID",
};
#undef EVM_TABLE_NAME
#undef EVM_TABLE_ROW

const char *evm_op_name(u8 op) {
  return evm_table_defined[op] ? evm_table_defined[op]
                               : evm_table_undefined[op];
}
