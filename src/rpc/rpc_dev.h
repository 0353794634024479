/* rpc_dev.h - inside src/rpc: what the files of a development chain's methods
** share. */
#ifndef RPC_RPC_DEV_H
#define RPC_RPC_DEV_H
#include "rpc/rpc_param.h"

/* The error object of a method that is not there, outside of a development
** chain. */
err rpc_dev_only(struct rpc_call *c, const char *name) MUST_USE;
/* The same for methods that need its genesis to allow edits. */
err rpc_dev_edits(struct rpc_call *c, const char *name) MUST_USE;
/* Argument i: a number, hex or decimal, of any size. */
err rpc_dev_u256(struct rpc_call *c, u256 *out, u32 i) MUST_USE;
/* The same where only up to max is good. */
err rpc_dev_u64(struct rpc_call *c, u64 *out, u32 i, u64 max) MUST_USE;
/* ERR_OK, or the error object of a call of node_dev_*. */
err rpc_dev_done(struct rpc_call *c, err e, const struct errmsg *msg) MUST_USE;

/* rpc_key.c: sends the first argument's transaction in the unsigned form. */
err rpc_key_send_unsigned(struct rpc_call *c) MUST_USE;

/* After sending: where each transaction makes its block, one that failed there
** is the error object that eth_call would give, as Hardhat's; the transaction
** stays mined.  Elsewhere ERR_OK. */
err rpc_dev_sent(struct rpc_call *c, const hash32 *hash) MUST_USE;

/* One function under several names. */
#define RPC_DEV_NAME(name, fn) \
  err rpc_do_##name(struct rpc_call *c) { return fn(c, #name); }
#endif
