/* hex.h - hexadecimal text and EIP-55 addresses. */
#ifndef CODEC_HEX_H
#define CODEC_HEX_H
#include "base/base.h"
#include "base/buf.h"
#include "base/u256.h"

/* Lower-case digits without prefix; out gets 2*len bytes and no NUL. */
void hex_encode(char *out, const void *p, size_t len);
/* Two digits a byte, no prefix; ERR_INPUT on an odd length or other letter. */
err hex_decode(u8 *out, const char *s, size_t len) MUST_USE;
void buf_put_hex(struct buf *b, slice s);   /* 0x and digits */
void buf_put_quantity(struct buf *b, u64 v);       /* "0x1f", zero "0x0" */
void buf_put_quantity_u256(struct buf *b, const u256 *v);

/* JSON-RPC forms, with 0x.  DATA: even digits; QUANTITY: no leading zeros
** ("0x0" for zero; "0x" and "0x01" are refused). */
err hex_data(struct buf *out, slice text) MUST_USE;
err hex_fixed(void *out, size_t len, slice text) MUST_USE;
err hex_quantity(u64 *out, slice text) MUST_USE;
err hex_quantity_u256(u256 *out, slice text) MUST_USE;

/* EIP-55.  Text is "0x" and 40 digits; a mixed-case text must carry the right
** checksum (ERR_INPUT). */
void hex_addr(char out[43], const addr20 *a);
err hex_parse_addr(addr20 *out, slice text) MUST_USE;
#endif
