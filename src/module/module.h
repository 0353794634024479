/* module.h - native modules: contracts of the chain itself, written in C.
**
** A module is one table, X.def, and one C function for each method.  From the
** table come selectors, decoding and encoding, events, named errors, typed
** records in storage, the ABI's JSON and the Solidity interface.  To callers,
** wallets and Solidity alike, it is a contract.
**
** The table:
**   STRUCT(name, "SolidityName", members)
**   METHOD(name, "solidityName", mutability, gas, arguments, results)
**   EVENT(name, "SolidityName", parameters)
**   ERROR(name, "SolidityName", parameters)
**   ITEM(name, fields)                       an element of a record's array
**   RECORD(name, type number, "what its key is", fields)
**   PARAM(name, default, least, most, "what it is")
**   MONEY(name, default, least, most, "what it is")   thousandths of a CMT
** mutability: VIEW; WRITE or PAYABLE; NEW or NEW_PAYABLE when it creates
** records; EXIT or EXIT_PAYABLE when it only ends them; GOVERN for governance
** alone.  A pause at level 1 stops NEW ones, at level 2 all but EXIT.
** Arguments, results and members are runs of KIND(name), the kinds those of
** module/pass_kind.inc: U64(id) ADDR(owner) OFS(line, lines).
** In the module's own file (module/pass_struct.inc tells how):
**   MODULE_DO(NAME) { .. }    the method, to be written, with c, struct
**     ID(in, NAME) *in and struct ID(out, NAME) *out
**   return MODULE_FAIL(c, NAME, .field = value, ...);  ends with an error
**   MODULE_EMIT(c, NAME, .field = value, ...);         logs an event
**
** Dispatch, in order: DELEGATECALL and CALLCODE are refused
** (DelegateCallForbidden; functions, which hold nothing, take them); 400 gas
** and 3 a word of call data (a function: its own price a byte, and 400 only
** when the call names no method); empty call data (NoPlainTransfer); unknown
** selector (UnknownMethod); value where the method takes none (NonPayable); a
** method that writes inside a static call (StaticContext) or while another
** module waits for a token's code (Reentered); the method's own gas; arguments
** (BadCalldata with the number of the argument); governance's methods; the
** pause.  All of these are reverts with named errors.
** Storage and logs cost what SLOAD, SSTORE and LOG cost; out of gas is found
** by the framework: a method need not ask, but bounds its work by the limits
** of its arguments.
**
** A module with a base has the base's rows too (module_common.def: what every
** module of commerce has), run on its own storage.
**
** Records.  A record of type t with key k (one word: an id, an address, or
** keccak256(abi.encode(parts)) of several, which are then its first fields)
** lives at keccak256(abi.encode(t, k)), as a Solidity mapping's value does;
** its fields follow in declared order, packed from the low bits, none crossing
** a slot.  An array has its length in a slot of its own and its elements from
** keccak256(that slot) on, each from a slot's start.  A record that begins
** with HEADER has state, layout, flags, deadline and the times of its creation
** and last change in the low 224 bits of slot 0; state 0: there is none.
** As ABI text a record is (state, deadline, createdAt, updatedAt, flags, key,
** fields), u128 as uint256.
** The key's text says how one word is shown: "uint64 id", "address anchor";
** without a type it is not part of the ABI text.
** Parameters: one slot each, as record type 0 with the parameter's number as
** key; zero means its default, else the value with bit 255 set.
** Types from 240 on are the framework's own (module_common.def).
**
** Deadlines.  module_timer_set gives a record a deadline; when its module's
** time reaches it, def->timer is called for it (scheduler.def tells how).
** Money.  module_take and module_pay (module_money.c) keep what the module
** holds equal to what its records say.
**
** Limits: 32 arguments or fields, 1,024 entries of a list, text and bytes as
** long as call data; modules that call each other, MODULE_DEPTH deep.
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
#define MODULE_PARAM_MAX 64u
#define MODULE_RECORD_SLOTS 40u
#define MODULE_DEPTH 12u
enum { MODULE_GAS_CALL = 400, MODULE_GAS_WORD = 3 };
#define MODULE_GOVERNANCE 0x1002 /* who may call GOVERN methods; also where
                                 ** the treasury is */
#define MODULE_AMOUNT_MAX ((((u128)1) << 127) - 1)

typedef struct bytes8 { u8 b[8]; } bytes8;

/*---------------------------------------------------------------- tables */

enum module_kind {
  MODULE_UINT,   /* u8, u16, u32, u64, u128 or u256 by size */
  MODULE_INT,    /* i32, i64, or int256 as u256 */
  MODULE_AMOUNT, /* uint256 below 2^127 as u128, else AmountTooLarge() */
  MODULE_BOOL, MODULE_ADDR, MODULE_B4, MODULE_B8, MODULE_B32,
  MODULE_STRUCT, /* the members' C struct */
  MODULE_REC,    /* result: slice, module_record_abi of a record, inline */
  MODULE_BYTES, MODULE_STR, /* slice; STR is valid UTF-8 */
  MODULE_LIST,   /* struct module_list of words */
  MODULE_BYTESS, /* struct module_array of slices */
  MODULE_STRUCTS, /* struct module_array of the members' C struct */
  MODULE_RECD,   /* as MODULE_REC, of a record with arrays */
  MODULE_ARRAY   /* a record's field: struct module_array of an ITEM */
};
struct module_struct;
struct module_param {
  const char *type;   /* the ABI's text: "uint64", "address[]"; a record's
                      ** name */
  const char *name;
  u8 kind;
  u16 size;           /* of the C member */
  u8 align;
  u8 item;            /* kind of a list's words */
  u16 bits;
  bool indexed;
  const struct module_struct *sub;
};
struct module_struct {
  const char *name;
  const struct module_param *param; /* ended by one without name */
  u32 size, align;
};
enum module_mutability {
  MODULE_VIEW, MODULE_WRITE, MODULE_PAYABLE, MODULE_NEW, MODULE_NEW_PAYABLE,
  MODULE_EXIT, MODULE_EXIT_PAYABLE, MODULE_GOVERN
};
bool module_takes_value(enum module_mutability m);
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
  u8 kind;            /* UINT, BOOL, ADDR, B8, B32 or ARRAY */
  const struct module_record *item; /* of an array */
  u16 max;            /* elements */
};
struct module_record { /* or an ITEM, of type 0 */
  const char *name, *key;
  u8 type;
  const struct module_field *field; /* ended by one without name */
  u32 size;           /* of the C struct */
};
struct module_setting { /* PARAM */
  const char *name, *text;
  u64 dflt, min, max;
  u64 scale;          /* times this; 1, or that of MONEY */
};
#define MODULE_MILLI 1000000000000000ull
enum module_row_kind {
  MODULE_ROW_METHOD, MODULE_ROW_EVENT, MODULE_ROW_ERROR, MODULE_ROW_RECORD,
  MODULE_ROW_SETTING, MODULE_ROW_STRUCT
};
struct module_row {
  enum module_row_kind kind;
  union {
    const struct module_method *method;
    const struct module_message *message;
    const struct module_record *record;
    const struct module_setting *setting;
    const struct module_struct *type;
  };
};
struct module_header;
enum module_role {
  MODULE_ROLE_NONE, MODULE_ROLE_BUYER, MODULE_ROLE_SELLER,
  MODULE_ROLE_MEDIATOR, MODULE_ROLE_JUROR, MODULE_ROLE_OWNER,
  MODULE_ROLE_ANYONE, MODULE_ROLE_GOVERNANCE, MODULE_ROLE_TIMER,
  MODULE_ROLE_MODULE
};
struct module_def {
  const char *name;   /* "Credits": of the Solidity interface */
  const char *text;
  u16 number;         /* address 0x..number */
  const struct module_row *row;
  u32 row_cnt;
  bool is_function;   /* holds nothing: any kind of call */
  u8 byte_gas;        /* a function's price of a byte of call data */
  const struct module_def *base; /* whose rows it has too, or NULL */
  /* The record's deadline has come: the automatic exit.  False: it failed, and
  ** is tried again later. */
  bool (*timer)(struct module_call *c, u8 type, const u256 *key);
  /* Who is expected to act on a record: enum module_role. */
  u8 (*owner_of)(u8 type, const struct module_header *h);
  /* Who exercises the rights of a party now; NULL: the party. */
  void (*controller_of)(struct module_call *c, addr20 *out,
                        const addr20 *party);
};
/* The number-th row of a kind, or NULL; not of the base. */
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
/* What the chain does when Identity finds that an account is, or is no longer,
** that of a verified human; NULL: nothing. */
typedef void module_verified_fn(struct module_call *c, const addr20 *who,
                                bool verified);
void module_set_verified(struct module_set *s, module_verified_fn *fn);
/* Its address is one of those active. */
bool module_is_active(const struct module_set *s, const addr20 *a, u64 active);
void module_address(addr20 *out, u16 number);

struct module_call {
  const struct module_def *def;
  struct evm_native *n;
  addr20 self, sender;  /* the module; msg.sender */
  u256 value;
  u64 time_s, height;
  u64 now_s;            /* time_s less the time the module stood still */
  void *env;
  struct arena *a;      /* of this call */
  struct module_set *set;
  struct buf *out;      /* encoded results or error */
  struct module_flow *flow; /* value spent and payouts due, of this message */
  /* The id that module_id_next gave last: of which module, which type. */
  const struct module_def *fresh_def;
  u8 fresh_type;
  u64 fresh_id;
};
/* Another module's C functions, on its storage: begin with module_enter(&own,
** c, &its_def) and end with module_leave(c). */
void module_enter(struct module_call *own, struct module_call *c,
                  const struct module_def *def);
void module_leave(struct module_call *c);
void module_verified(struct module_call *c, const addr20 *who, bool verified);

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
/* Begins a method: MODULE_DO(pause) { .. } */
#define MODULE_DO(name) \
  enum module_end ID(do, name)( \
      struct module_call *c __attribute__((unused)), \
      const struct ID(in, name) *in __attribute__((unused)), \
      struct ID(out, name) *out __attribute__((unused)))
/* The errors of every module (module_common.def). */
#define MODULE_FAIL_COMMON(c, name, ...) \
  module_fail(c, &MODULE_COMMON_ERROR[MODULE_ERROR_##name], \
              &(struct module_error_##name){__VA_ARGS__})

/* A list argument or result: words of the ABI, checked. */
struct module_list {
  const u8 *words;
  u32 cnt;
};
struct module_array {
  const void *item;
  u32 cnt;
};
#define MODULE_AT(type, array, i) (&((const type *)(array)->item)[i])
void module_list_addr(addr20 *out, const struct module_list *l, u32 i);
u64 module_list_u64(const struct module_list *l, u32 i);
void module_list_u256(u256 *out, const struct module_list *l, u32 i);
void module_list_b32(hash32 *out, const struct module_list *l, u32 i);
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
** differ.  get leaves arrays without elements (cnt is set, item NULL), and put
** leaves such arrays alone; load reads them too. */
void module_record_get(struct module_call *c, const struct module_record *r,
                       void *out, const u256 *key);
void module_record_load(struct module_call *c, const struct module_record *r,
                        void *out, const u256 *key);
/* Of its arrays the elements from first on, at most so many; the others are zero.
** Not to be put. */
void module_record_load_some(struct module_call *c,
                             const struct module_record *r, void *out,
                             const u256 *key, u32 first, u32 most);
void module_record_put(struct module_call *c, const struct module_record *r,
                       const u256 *key, const void *in);
/* The ABI encoding of the record as a tuple, in the call's arena; bytes: as
** abi.encode gives it, for events' bytes.  A record that was only got is
** loaded first. */
slice module_record_abi(struct module_call *c, const struct module_record *r,
                        const u256 *key, const void *rec);
slice module_record_bytes(struct module_call *c, const struct module_record *r,
                          const u256 *key, const void *rec);
bool module_record_is_dynamic(const struct module_record *r);
/* Its components, "uint64", "address", ..: name and type of the i-th; false
** behind the last. */
struct module_component {
  const char *name, *type;
  u32 name_len, type_len;
  const struct module_field *array; /* then an array, and no type */
};
bool module_record_component(struct module_component *out,
                             const struct module_record *r, u32 i);

/* What begins a record that has a state. */
struct module_header {
  u8 state, layout;
  u16 flags;
  u64 deadline, created, updated;
};
#define HEADER \
  FIELD(u8, state, 8) FIELD(u8, layout, 8) FIELD(u16, flags, 16) \
  FIELD(u64, deadline, 64) FIELD(u64, created, 64) FIELD(u64, updated, 64)
/* The next id of a type: 1, 2, .. */
u64 module_id_next(struct module_call *c, u8 type);
/* One word at keccak256(abi.encode(type, key)): counters and small indexes. */
u256 module_word_get(struct module_call *c, u8 type, const u256 *key);
void module_word_put(struct module_call *c, u8 type, const u256 *key,
                     const u256 *v);

/* A parameter's value from what its slot holds. */
u64 module_setting_value(const struct module_setting *s, const u256 *slot);
u256 module_setting_word(u64 value);
void module_setting_slot(u256 *out, u32 number);
u64 module_setting_get(struct module_call *c, u32 number);
u128 module_setting_money(struct module_call *c, u32 number); /* wei */

/*--------------------------------------------------------------- deadlines */

/* The record's deadline from now on, in the module's time; 0: none.  Sets
** h->deadline and writes the scheduler's entry; the caller puts the record.
** An entry whose record has another deadline by then is dropped. */
void module_timer_set(struct module_call *c, struct module_header *h, u8 type,
                      const u256 *key, u64 deadline);
/* Takes the due deadlines of all modules whose bit is set; the
** number of handlers that ran.  For the scheduler's own method. */
u32 module_timers_run(struct module_call *c);

/*------------------------------------------------------------------- money */

/* Takes amount from the sender: of CMT what came with the message (a method
** must spend all of it, else WrongValue), of a token by transferFrom. */
enum module_end module_take(struct module_call *c, const addr20 *token,
                            u128 amount) MUST_USE;
/* Pays from what the module holds to who controls party.  CMT at once, running
** no code; of a token after the method is done, or, when the token does not
** let it or there is no user's call, as a claim.  type, key: the record that
** pays; why: the module's own code for the reason. */
void module_pay(struct module_call *c, const addr20 *token,
                const addr20 *party, u128 amount, u8 type, const u256 *key,
                u8 why);
/* CMT that the module holds is what another one holds from now on. */
void module_give(struct module_call *c, const struct module_def *to,
                 u128 amount);
static inline bool module_is_cmt(const addr20 *token) {
  static const addr20 none;
  return addr20_eq(token, &none);
}
u256 module_word_of(u128 v);

/*------------------------------------------------------------------- parts
** of the framework, for its own files. */

struct module_payout {
  struct module_payout *next;
  const struct module_def *def;
  addr20 token, party;
  u128 amount;
  u8 type, why;
  u256 key;
};
struct module_flow {
  u128 spent;            /* of the message's value */
  bool no_user;          /* timers: no foreign code */
  bool multi;            /* inside multicall or permitCall */
  struct module_payout *first, *last;
};
/* A record compiled: where each field stands, in the C struct and among the
** slots' bytes, lowest first. */
struct module_place {
  u16 at;
  u8 slot, byte;
};
struct module_shape {
  const struct module_record *record;
  u32 slots;
  struct module_place place[MODULE_PARAM_MAX];
};
void module_shape_make(struct module_shape *out,
                       const struct module_record *r);
/* Made when it is asked for first, kept with the set. */
const struct module_shape *module_shape_of(struct module_set *s,
                                           const struct module_record *r);
/* As module_key_of two words and module_slot_of; the set remembers those that
** it made last. */
void module_key_at(struct module_call *c, u256 *out, const u256 part[2]);
void module_slot_at(struct module_call *c, u256 *out, u8 type,
                    const u256 *key);
extern const struct module_def module_common; /* the base of commerce */
extern const struct module_def module_scheduler, module_beacon,
    module_beacon_fn;
void module_signature(struct buf *b, const char *name,
                      const struct module_param *p);
u32 module_place(u32 *at, const struct module_param *p);
bool module_is_dynamic(const struct module_param *p);
/* The bytes of the UTF-8 character that p begins with, of left >= 1; 0: it is
** none. */
u32 module_utf8_char(const u8 *p, size_t left);
bool module_utf8(slice s);
/* 0, or the number of the argument that is not what it should be, from 1. */
u32 module_read(struct module_call *c, const struct module_param *p, void *in,
                slice data);
bool module_amount_is_large(const struct module_param *p, u32 number,
                            slice data);
/* As ABI text; what is indexed goes to topic when that is given. */
void module_put(struct buf *out, const struct module_param *params,
                const void *fields, hash32 *topic, u32 *topic_cnt);
/* A call within the message: for multicall. */
enum module_end module_dispatch_inner(struct module_call *c, slice input);
/* While it is above 0 nothing may write but the modules that wait. */
void module_lock(struct module_call *c, int delta);
/* Transfers what is due in tokens, at the end of a user's message. */
void module_payouts(struct module_call *c);
/* Reads the clock of the module: c->now_s; the pause level. */
u8 module_clock(struct module_call *c);
const struct module_def *module_def_at(const struct module_set *s, u32 i,
                                       u64 active);
u64 module_active(const struct module_set *s);
/* Storage of the scheduler and the beacon, as slots of those addresses. */
void module_beacon_slot(u256 *out, u64 height);
/* The beacon of a block before this one; false: not known, or no more. */
bool module_beacon_get(struct module_call *c, u256 *out, u64 height);
void module_emit_fired(struct module_call *c, u8 type, const u256 *key, u64 due,
                       u8 state);
void module_emit_failed(struct module_call *c, u8 type, const u256 *key,
                        u64 retry_at, slice why);
/* The record of a type, of the module or its base; NULL: none. */
const struct module_record *module_record_of(const struct module_def *def,
                                             u8 type);

/*------------------------------------------------------------------- texts */

/* What a method, event or error is for, in a line. */
struct module_text {
  const char *module, *name; /* a base's are those of the base, "*": of all */
  const char *text;
};
/* What calls of a method took when they were measured: gas, least and most,
** without the transaction's own 21,000 and its data; time, the mean. */
struct module_cost {
  const char *module, *method; /* a base's methods are those of the base */
  u64 least, most, ns;
  const char *none; /* why it has no figures; NULL: it has */
};
/* What is told of modules beyond the rows that dispatch them; each list is ended
** by one without module. */
struct module_notes {
  const struct module_text *text;
  const struct module_cost *cost;
};
/* NULL: there is none. */
const char *module_text_of(const struct module_notes *n,
                           const struct module_def *def, const char *name);
const struct module_cost *module_cost_of(const struct module_notes *n,
                                         const char *module,
                                         const char *method);

void module_abi_json(struct buf *out, const struct module_def *def);
/* With the texts as NatSpec. */
void module_solidity(struct buf *out, const struct module_def *def,
                     const struct module_notes *n);
/* For readers: methods with their gas and what they were measured to take,
** structs, parameters with their ranges, records, events and errors
** (module_doc.c). */
void module_doc_html(struct buf *out, const struct module_def *def,
                     const struct module_notes *n);
void module_doc_json(struct buf *out, const struct module_def *def,
                     const struct module_notes *n);
/* All of them, by name. */
void module_doc_index(struct buf *out, const struct module_def *const *defs,
                      u32 cnt);
/* The costs of all of them in one table, and as JSON. */
void module_doc_costs_html(struct buf *out,
                           const struct module_def *const *defs, u32 cnt,
                           const struct module_notes *n);
void module_doc_costs_json(struct buf *out,
                           const struct module_def *const *defs, u32 cnt,
                           const struct module_notes *n);

/*----------------------------------------------------------- common errors */
#include "module/pass_none.inc"
#undef ERROR
#undef MODULE_KIND
#define MODULE_KIND(ctype, text, kind, bits, item, indexed, name) ctype name;
#include "module/pass_kind.inc"
#define ERROR(name, text, param) struct module_error_##name { param };
#include "module/module_common.def"
#undef ERROR
enum {
#define ERROR(name, text, param) MODULE_ERROR_##name,
#include "module/module_common.def"
#undef ERROR
  MODULE_ERROR_CNT
};
#include "module/pass_end.inc"
extern const struct module_message MODULE_COMMON_ERROR[MODULE_ERROR_CNT];
#endif
