/* module.h - native modules: contracts of the chain itself, written in C.
**
** A module is one table, X.def, and one C function for each method.  From the
** table come selectors, decoding and encoding, events, named errors, typed
** records in storage, the ABI's JSON and the Solidity interface.  To callers,
** wallets and Solidity alike, it is a contract.
**
** The table:
**   METHOD(name, "solidityName", mutability, gas, arguments, results)
**   EVENT(name, "SolidityName", parameters)
**   ERROR(name, "SolidityName", parameters)
**   RECORD(name, type number, "what its key is", fields)
**   PARAM(name, default, least, most, "what it is")
** mutability: VIEW, WRITE or PAYABLE.  Arguments, results and parameters are
** runs of KIND(name), the kinds those of module/pass_kind.inc: U64(id)
** ADDR(owner).
** In the module's own file (module/pass_struct.inc tells how):
**   static enum module_end ID(do, NAME)(c, in, out)    is to be written, with
**     struct ID(in, NAME) and struct ID(out, NAME)
**   return MODULE_FAIL(c, NAME, .field = value, ...);  ends with an error
**   MODULE_EMIT(c, NAME, .field = value, ...);         logs an event
**
** Dispatch, in order: DELEGATECALL and CALLCODE are refused
** (DelegateCallForbidden); 400 gas and 3 a word of call data; empty call data
** (NoPlainTransfer); unknown selector (UnknownMethod); value where the method
** takes none (NonPayable); a method that writes inside a static call
** (StaticContext); the method's own gas; arguments (BadCalldata with the
** number of the argument).  All of these are reverts with named errors.
** Storage and logs cost what SLOAD, SSTORE and LOG cost; out of gas is found
** by the framework: a method need not ask, but bounds its work by the limits
** of its arguments.
**
** Records.  A record of type t with key k (one word: an id, an address, or
** keccak256(abi.encode(parts)) of several) lives at
** keccak256(abi.encode(t, k)), as a Solidity mapping's value does; its fields
** follow in declared order, packed from the low bits, none crossing a slot.
** Parameters: one slot each, as record type 0 with the parameter's number as
** key; zero means its default, else the value with bit 255 set.
**
** Limits: 32 arguments or fields, 1,024 entries of a list, text and bytes as
** long as call data.
*/
#ifndef MODULE_MODULE_H
#define MODULE_MODULE_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/u256.h"
#include "codec/abi.h"
#include "evm/evm.h"

#define MODULE_LIST_MAX 1024u
#define MODULE_PARAM_MAX 32u
#define MODULE_RECORD_SLOTS 32u

/*---------------------------------------------------------------- tables */

enum module_kind {
  MODULE_UINT,   /* u8, u16, u32, u64, u128 or u256 by size; bytes4 as u32 */
  MODULE_AMOUNT, /* uint256 below 2^127 as u128, else AmountTooLarge() */
  MODULE_BOOL, MODULE_ADDR, MODULE_B4, MODULE_B32,
  MODULE_BYTES, MODULE_STR, /* slice; STR is valid UTF-8 */
  MODULE_LIST,   /* struct module_list of words */
  MODULE_TUPLE   /* struct abi_value *, any type by its text */
};
struct module_param {
  const char *type;   /* the ABI's text: "uint64", "address[]" */
  const char *name;
  u8 kind, size, align; /* of the C member */
  u8 item;            /* kind of a list's words */
  u16 bits;
  bool indexed;
};
enum module_mutability { MODULE_VIEW, MODULE_WRITE, MODULE_PAYABLE };
enum module_end { MODULE_DONE, MODULE_REVERTED };
struct module_call;
struct module_method {
  const char *name;
  enum module_mutability mut;
  u32 gas;
  const struct module_param *in, *out; /* ended by one without name */
  u32 in_size, out_size;               /* of the C structs */
  enum module_end (*run)(struct module_call *c, const void *in, void *out);
};
struct module_message { /* event or error */
  const char *name;
  const struct module_param *param;
  u32 size;
};
struct module_field {
  const char *name;
  u8 size, align;     /* of the C member */
  u16 bits;           /* in the slot */
  bool is_signed;
  u8 kind;            /* MODULE_UINT, MODULE_ADDR, MODULE_B32 */
};
struct module_record {
  const char *name, *key;
  u8 type;
  const struct module_field *field; /* ended by one without name */
  u32 size;           /* of the C struct */
};
struct module_setting { /* PARAM */
  const char *name, *text;
  u64 dflt, min, max;
};
enum module_row_kind {
  MODULE_ROW_METHOD, MODULE_ROW_EVENT, MODULE_ROW_ERROR, MODULE_ROW_RECORD,
  MODULE_ROW_SETTING
};
struct module_row {
  enum module_row_kind kind;
  union {
    const struct module_method *method;
    const struct module_message *message;
    const struct module_record *record;
    const struct module_setting *setting;
  };
};
struct module_def {
  const char *name;   /* "Credits": of the Solidity interface */
  const char *text;
  u16 number;         /* address 0x..number */
  const struct module_row *row;
  u32 row_cnt;
};
/* The number-th row of a kind, or NULL. */
const struct module_row *module_row_at(const struct module_def *def,
                                       enum module_row_kind kind, u32 number);

/*----------------------------------------------------------------- calls */

/* Compiled tables of several modules, for one thread. */
struct module_set;
struct module_set *module_set_open(const struct module_def *const *def,
                                   u32 cnt);
void module_set_close(struct module_set *s);
/* Runs n when its code address is that of a module whose bit (its place in
** def) is set in active; else false.  env: what the chain shares with its
** modules' methods. */
bool module_run(struct module_set *s, struct evm_native *n, u64 active,
                void *env);
/* Its address is one of those active. */
bool module_is_active(const struct module_set *s, const addr20 *a, u64 active);
void module_address(addr20 *out, u16 number);

struct module_call {
  const struct module_def *def;
  struct evm_native *n;
  addr20 self, sender;  /* the module; msg.sender */
  u256 value;
  u64 time_s, height;
  void *env;
  struct arena *a;      /* of this call */
  struct module_set *set;
  struct buf *out;      /* encoded results or error */
};

/* Used through MODULE_FAIL and MODULE_EMIT. */
enum module_end module_fail(struct module_call *c,
                            const struct module_message *error,
                            const void *fields);
void module_emit(struct module_call *c, const struct module_message *event,
                 const void *fields);
#define MODULE_FAIL(c, name, ...) \
  module_fail(c, &ID(message_error, name), \
              &(struct ID(error, name)){__VA_ARGS__})
#define MODULE_EMIT(c, name, ...) \
  module_emit(c, &ID(message_event, name), \
              &(struct ID(event, name)){__VA_ARGS__})
/* The errors of every module (module_common.def). */
#define MODULE_FAIL_COMMON(c, name, ...) \
  module_fail(c, &MODULE_COMMON_ERROR[MODULE_ERROR_##name], \
              &(struct module_error_##name){__VA_ARGS__})

/* A list argument or result: words of the ABI, checked. */
struct module_list {
  const u8 *words;
  u32 cnt;
};
void module_list_addr(addr20 *out, const struct module_list *l, u32 i);
u64 module_list_u64(const struct module_list *l, u32 i);
u32 module_list_b4(const struct module_list *l, u32 i);
/* A result of cnt words, zero at first. */
struct module_list module_list_make(struct module_call *c, u32 cnt);
void module_list_put_addr(struct module_list *l, u32 i, const addr20 *v);
void module_list_put_u64(struct module_list *l, u32 i, u64 v);

/*--------------------------------------------------------------- storage */

/* keccak256(abi.encode(type, key)). */
void module_slot_of(u256 *out, u8 type, const u256 *key);
/* The key of several words: keccak256 of them. */
void module_key_of(u256 *out, const u256 *part, u32 cnt);
u256 module_key_addr(const addr20 *a);
/* Between the C struct and its slots; the number of slots. */
u32 module_record_slots(const struct module_record *r);
void module_record_unpack(const struct module_record *r, void *out,
                          const u256 *slot);
void module_record_pack(const struct module_record *r, u256 *slot,
                        const void *in);
/* Whole records of the called module, metered; put writes only the slots that
** differ. */
void module_record_get(struct module_call *c, const struct module_record *r,
                       void *out, const u256 *key);
void module_record_put(struct module_call *c, const struct module_record *r,
                       const u256 *key, const void *in);
/* A parameter's value from what its slot holds. */
u64 module_setting_value(const struct module_setting *s, const u256 *slot);
u256 module_setting_word(u64 value);
void module_setting_slot(u256 *out, u32 number);
u64 module_setting_get(struct module_call *c, u32 number);

/*----------------------------------------------------------------- texts */

void module_abi_json(struct buf *out, const struct module_def *def);
void module_solidity(struct buf *out, const struct module_def *def);

/*--------------------------------------------------------- common errors */
#define U8(n) u8 n;
#define U16(n) u16 n;
#define U32(n) u32 n;
#define U64(n) u64 n;
#define U256(n) u256 n;
#define B4(n) u32 n;
#define B32(n) hash32 n;
#define ADDR(n) addr20 n;
#define ERROR(name, text, param) struct module_error_##name { param };
#include "module/module_common.def"
#undef ERROR
#undef U8
#undef U16
#undef U32
#undef U64
#undef U256
#undef B4
#undef B32
#undef ADDR
enum {
#define ERROR(name, text, param) MODULE_ERROR_##name,
#include "module/module_common.def"
#undef ERROR
  MODULE_ERROR_CNT
};
extern const struct module_message MODULE_COMMON_ERROR[MODULE_ERROR_CNT];
#endif
