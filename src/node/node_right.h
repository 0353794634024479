/* node_right.h - what users, API tokens and keys may: the table of right.def.
**
** A set of rights is a u32, bit NODE_MAY_x of each.  What a transaction needs
** follows from its recipient and, for the chain's modules, its method; a call
** of several (multicall, permitCall) needs all that the module's methods need.
** approve of an ERC-20 token for a module is part of buying.
*/
#ifndef NODE_NODE_RIGHT_H
#define NODE_NODE_RIGHT_H
#include "base/buf.h"
#include "chain/chain_tx.h"
#include "store/store_user.h"

enum node_right {
#define RIGHT(id, name, roles, again, text) NODE_MAY_##id,
#define RIGHT_OF_METHOD(prefix, id)
#define RIGHT_OF_CALL(module, method, id)
#include "node/right.def"
#undef RIGHT
#undef RIGHT_OF_METHOD
#undef RIGHT_OF_CALL
  NODE_RIGHT_CNT
};
#define NODE_RIGHT(id) (1u << NODE_MAY_##id)
#define NODE_RIGHTS_ALL ((1u << NODE_RIGHT_CNT) - 1)

const char *node_right_name(enum node_right r);
const char *node_right_text(enum node_right r);
/* The i-th row about calls of modules, method "" for all others of the module;
** false beyond the last. */
bool node_right_call(u32 i, enum node_right *right, const char **module,
                     const char **method);
u32 node_rights_of_role(enum store_role role);
/* Those of a set that want a login's password given lately; what is said when
** it was not. */
u32 node_rights_again(u32 rights);
#define NODE_RIGHT_AGAIN "give your password again first"
/* "sell,till" or "all"; false for a name that is none (*bad, n bytes). */
bool node_rights_parse(u32 *out, const char *text, const char **bad,
                       size_t *n);
/* The names of a set as "sell, till". */
void node_rights_put(struct buf *out, u32 rights);
/* The roles that have all of a set, as "owner or manager". */
void node_rights_put_roles(struct buf *out, u32 rights);
/* Why who lacks these is refused, and who would not be. */
#define NODE_RIGHT_REFUSAL 256
void node_rights_refusal(char out[NODE_RIGHT_REFUSAL], u32 missing);
/* What a JSON-RPC method needs; 0: nothing. */
u32 node_rights_of_method(const char *name);
u32 node_rights_of_tx(const struct chain_tx *tx);
/* Whether an address is that of a module whose calls rights govern. */
bool node_rights_govern(const addr20 *to);
#endif
