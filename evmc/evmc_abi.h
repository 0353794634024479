/* evmc_abi.h - the binary interface of EVMC, version 12: how a host loads a
** virtual machine from a shared library and runs code in it.
**
** Written from the interface's documentation; names are ours but for the
** function that a host looks up.  Numbers of 256 bits are big-endian bytes.
** A host loads NAME.so, calls its evmc_create_NAME and checks abi_version. */
#ifndef EVMC_ABI_H
#define EVMC_ABI_H
#include "base/base.h"

enum { EVMC_ABI = 12 };
enum evmc_kind { EVMC_CALL, EVMC_DELEGATECALL, EVMC_CALLCODE, EVMC_CREATE,
                 EVMC_CREATE2 };
enum { EVMC_FLAG_STATIC = 1, EVMC_FLAG_DELEGATED = 2 /* EIP-7702 */ };
/* What is negative means that the machine failed, not the code. */
enum evmc_status {
  EVMC_INTERNAL_ERROR = -1,
  EVMC_SUCCESS = 0, EVMC_FAILURE = 1, EVMC_REVERT = 2, EVMC_OUT_OF_GAS = 3,
  EVMC_UNDEFINED_INSTRUCTION = 5, EVMC_STACK_OVERFLOW = 6,
  EVMC_STACK_UNDERFLOW = 7, EVMC_BAD_JUMP = 8, EVMC_INVALID_MEMORY = 9,
  EVMC_CALL_DEPTH = 10, EVMC_STATIC_VIOLATION = 11, EVMC_PRECOMPILE_FAILED = 12,
  EVMC_INSUFFICIENT_BALANCE = 17
};
/* X, Y, Z: different values, none 0; original, current, new. */
enum evmc_change {
  EVMC_ASSIGNED,          /* any that is none of these */
  EVMC_ADDED,             /* 0 0 Z */
  EVMC_DELETED,           /* X X 0 */
  EVMC_MODIFIED,          /* X X Z */
  EVMC_DELETED_ADDED,     /* X 0 Z */
  EVMC_MODIFIED_DELETED,  /* X Y 0 */
  EVMC_DELETED_RESTORED,  /* X 0 X */
  EVMC_ADDED_DELETED,     /* 0 Y 0 */
  EVMC_MODIFIED_RESTORED, /* X Y X */
  EVMC_CHANGE_CNT
};
enum { EVMC_REVISION_CNT = 15 }; /* Frontier to Osaka, as enum evm_fork */
enum { EVMC_CAN_EVM1 = 1 };
enum evmc_option { EVMC_OPTION_TAKEN, EVMC_OPTION_UNKNOWN };

struct evmc_msg {
  enum evmc_kind kind;
  u32 flags;
  int32_t depth;
  i64 gas;
  addr20 recipient, sender;
  const u8 *input;
  size_t input_len;
  hash32 value, salt;
  addr20 code_addr;
  const u8 *code;   /* unused */
  size_t code_len;
};
struct evmc_tx {
  hash32 gas_price;
  addr20 origin, coinbase;
  i64 number, timestamp, gas_limit;
  hash32 prev_randao, chain_id, base_fee, blob_base_fee;
  const hash32 *blob_hash;
  size_t blob_cnt;
  const void *init_code; /* of no fork so far */
  size_t init_code_cnt;
};
struct evmc_result {
  int status;                 /* enum evmc_status */
  i64 gas_left, gas_refund;
  const u8 *output;
  size_t output_len;
  void (*release)(const struct evmc_result *r); /* NULL: nothing to do */
  addr20 created;
  u8 pad[4];
};
struct evmc_ctx; /* the host's own */
struct evmc_host {
  bool (*account_exists)(struct evmc_ctx *c, const addr20 *a);
  hash32 (*get_storage)(struct evmc_ctx *c, const addr20 *a, const hash32 *key);
  enum evmc_change (*set_storage)(struct evmc_ctx *c, const addr20 *a,
                                  const hash32 *key, const hash32 *value);
  hash32 (*get_balance)(struct evmc_ctx *c, const addr20 *a);
  size_t (*get_code_size)(struct evmc_ctx *c, const addr20 *a);
  hash32 (*get_code_hash)(struct evmc_ctx *c, const addr20 *a);
  size_t (*copy_code)(struct evmc_ctx *c, const addr20 *a, size_t off, u8 *out,
                      size_t len);
  bool (*selfdestruct)(struct evmc_ctx *c, const addr20 *a,
                       const addr20 *heir);
  struct evmc_result (*call)(struct evmc_ctx *c, const struct evmc_msg *m);
  struct evmc_tx (*get_tx_context)(struct evmc_ctx *c);
  hash32 (*get_block_hash)(struct evmc_ctx *c, i64 number);
  void (*emit_log)(struct evmc_ctx *c, const addr20 *a, const u8 *data,
                   size_t len, const hash32 *topic, size_t topic_cnt);
  int (*access_account)(struct evmc_ctx *c, const addr20 *a); /* 0: was cold */
  int (*access_storage)(struct evmc_ctx *c, const addr20 *a, const hash32 *key);
  hash32 (*get_transient_storage)(struct evmc_ctx *c, const addr20 *a,
                                  const hash32 *key);
  void (*set_transient_storage)(struct evmc_ctx *c, const addr20 *a,
                                const hash32 *key, const hash32 *value);
};
struct evmc_vm {
  int abi_version;
  const char *name, *version;
  void (*destroy)(struct evmc_vm *vm);
  struct evmc_result (*execute)(struct evmc_vm *vm,
                                const struct evmc_host *host,
                                struct evmc_ctx *c, int revision,
                                const struct evmc_msg *m, const u8 *code,
                                size_t code_len);
  u32 (*get_capabilities)(struct evmc_vm *vm);
  enum evmc_option (*set_option)(struct evmc_vm *vm, const char *name,
                                 const char *value);
};

/* In cybermiles.so. */
struct evmc_vm *evmc_create_cybermiles(void);
#endif
