/* rpc_param.h - inside src/rpc: what readers of parameters are built from.
** Each reads one value into out; on error msg says why, in geth's words where
** libraries see them.
*/
#ifndef RPC_RPC_PARAM_H
#define RPC_RPC_PARAM_H
#include "rpc/rpc_call.h"

err rpc_param_string(slice *out, const struct rpc_value *v, const char *want,
                     struct errmsg *msg) MUST_USE;
err rpc_param_fixed(void *out, size_t len, const struct rpc_value *v,
                    const char *want, struct errmsg *msg) MUST_USE;
err rpc_param_u64(u64 *out, const struct rpc_value *v, struct errmsg *msg)
    MUST_USE;
err rpc_param_u256(u256 *out, const struct rpc_value *v, struct errmsg *msg)
    MUST_USE;
/* Hex or a plain number. */
err rpc_param_count(u64 *out, const struct rpc_value *v, struct errmsg *msg)
    MUST_USE;
err rpc_param_bool(bool *out, const struct rpc_value *v, struct errmsg *msg)
    MUST_USE;
err rpc_param_bytes(struct rpc_call *c, slice *out, const struct rpc_value *v,
                    struct errmsg *msg) MUST_USE;
err rpc_param_slot(struct rpc_slot *out, const struct rpc_value *v,
                   struct errmsg *msg) MUST_USE;
err rpc_param_array(size_t *cnt, const struct rpc_value *v, size_t max,
                    const char *what, struct errmsg *msg) MUST_USE;
err rpc_param_object(const struct rpc_value *v, const char *what,
                     struct errmsg *msg) MUST_USE;
/* A member of an object; kind RPC_NONE when missing or null. */
struct rpc_value rpc_member(const struct rpc_value *obj, const char *key);

/* Runs a reader on a member, as m_, if it is there; the message gets its
** name. */
#define RPC_MEMBER(obj, key, expr) \
  do { \
    struct rpc_value m_ = rpc_member((obj), (key)); \
    if (m_.kind != RPC_NONE && (expr) < 0) { \
      struct errmsg why_ = *msg; \
      return err_say(msg, ERR_INPUT, "%s: %.400s", (key), why_.text); \
    } \
  } while (0)

/* One reader for each row of RPC_TYPE. */
#define X(name, words, schema) \
  err rpc_read_##name(struct rpc_call *c, struct rpc_arg *out, \
                      const struct rpc_value *v, struct errmsg *msg) MUST_USE;
RPC_TYPE(X)
#undef X
#endif
