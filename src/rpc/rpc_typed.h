/* rpc_typed.h - inside src/rpc: the digest of typed data (EIP-712). */
#ifndef RPC_RPC_TYPED_H
#define RPC_RPC_TYPED_H
#include "base/base.h"
#include <jansson.h>

/* data: {types, primaryType, domain, message}.  ERR_INPUT, ERR_LIMIT with what
** is wrong. */
err rpc_typed_digest(hash32 *out, const json_t *data,
                     struct errmsg *msg) MUST_USE;
#endif
