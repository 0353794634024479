/* abi.h - the Solidity contract ABI: selectors, encoding and decoding of
** values by type text ("uint256,(address,bytes)[]"), revert reasons. */
#ifndef CODEC_ABI_H
#define CODEC_ABI_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/u256.h"

/* A parsed type, made by abi_parse_types.  Components of a tuple, element of
** an array. */
enum abi_kind { ABI_UINT, ABI_INT, ABI_ADDRESS, ABI_BOOL, ABI_FIXED_BYTES,
                ABI_BYTES, ABI_STRING, ABI_ARRAY, ABI_TUPLE };
struct abi_type {
  enum abi_kind kind;
  u32 bits;                 /* of uint, int; bytes of bytesN times 8 */
  u32 len;                  /* T[len]; ABI_DYNAMIC for T[] ; or tuple arity */
  struct abi_type *sub;     /* element, or array of len components */
  bool dynamic;             /* its encoding is reached by an offset */
  u32 head_len;             /* bytes in the head of what holds it */
};
#define ABI_DYNAMIC 0xffffffffu

struct abi_value {
  u256 num;                 /* uint, int (two's complement), address, bool */
  slice bytes;              /* bytes, string, bytesN (bits/8 long) */
  struct abi_value *item;   /* array elements or tuple components */
  u32 item_cnt;
};

/* "uint256,address" -> a tuple type; "" -> one of no components.  No blanks;
** uint and int mean 256 bits.  ERR_INPUT with the place, ERR_LIMIT over
** LIMIT_ABI_DEPTH, _NODES or _WORDS. */
err abi_parse_types(struct abi_type *out, struct arena *a, const char *text,
                    struct errmsg *msg) MUST_USE;
/* selector = first 4 bytes of keccak256("name(types)"), the types canonical. */
void abi_selector(u8 out[4], const char *signature);
/* The type's canonical text ("uint" as "uint256"), a tuple in parentheses. */
void abi_put_type(struct buf *out, const struct abi_type *t);
/* Encodes a tuple value as call arguments are (no selector).  ERR_RANGE when
** a number does not fit its type, ERR_INPUT when counts or lengths differ from
** it, ERR_LIMIT when out is over. */
err abi_encode(struct buf *out, const struct abi_type *tuple,
               const struct abi_value *value) MUST_USE;
/* Strict: offsets and lengths within data, paddings zero, numbers in range
** (ERR_INPUT), at most LIMIT_ABI_VALUES values (ERR_LIMIT, as when the arena
** is over).  Bytes after the last part are allowed, as in call data.  bytes
** are views of data. */
err abi_decode(struct abi_value *out, struct arena *a,
               const struct abi_type *tuple, slice data) MUST_USE;
/* The words of a revert: Error(string) -> its text, Panic(uint256) -> geth's
** words for the code; false when data is neither. */
bool abi_revert_reason(struct buf *out, slice data);
#endif
