/* rlp.h - Recursive Length Prefix (Ethereum yellow paper, appendix B).
** Strict: shortest form only, no trailing bytes where a whole is read. */
#ifndef CODEC_RLP_H
#define CODEC_RLP_H
#include "base/base.h"
#include "base/buf.h"
#include "base/u256.h"

/* Reading: a cursor is a slice that shrinks from the front. */
struct rlp_item {
  slice payload; /* the string, or the items of the list */
  slice raw;     /* with its prefix */
  bool is_list;
};
/* Takes one item off *in.  ERR_INPUT on malformed or non-shortest form.  A
** read that fails leaves *in and the output as they were. */
err rlp_read(slice *in, struct rlp_item *out) MUST_USE;
err rlp_read_list(slice *in, slice *items) MUST_USE;
err rlp_read_str(slice *in, slice *str) MUST_USE;
err rlp_read_fixed(slice *in, void *out, size_t len) MUST_USE; /* exact */
/* Integers: no leading zero, ERR_RANGE when they do not fit. */
err rlp_read_u64(slice *in, u64 *out) MUST_USE;
err rlp_read_u256(slice *in, u256 *out) MUST_USE;
/* ERR_INPUT unless the cursor is used up. */
err rlp_end(slice in) MUST_USE;
/* Counts the items of a list's payload; ERR_INPUT when one is malformed. */
err rlp_count(slice items, u32 *cnt) MUST_USE;
/* The whole is one well-formed item; ERR_LIMIT when lists are nested more than
** depth levels (at most LIMIT_RLP_DEPTH). */
err rlp_validate(slice whole, u32 depth) MUST_USE;

/* Writing, appended to a buf.  A list is opened, filled, closed:
**   size_t at = rlp_list_open(b); ...; rlp_list_close(b, at);
** Opening keeps one byte for the prefix; closing a list over 55 bytes moves
** the payload to make room for the longer one. */
void rlp_put_str(struct buf *b, const void *p, size_t len);
void rlp_put_slice(struct buf *b, slice s);
void rlp_put_u64(struct buf *b, u64 v);
void rlp_put_u256(struct buf *b, const u256 *v);
void rlp_put_raw(struct buf *b, slice item); /* already encoded */
size_t rlp_list_open(struct buf *b);
void rlp_list_close(struct buf *b, size_t at);
/* Prefix alone, when the payload's length is known: at most 9 bytes; returns
** how many were written. */
u32 rlp_prefix(u8 out[9], size_t payload_len, bool is_list);
size_t rlp_str_len(const void *p, size_t len); /* encoded length */
#endif
