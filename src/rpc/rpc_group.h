/* rpc_group.h - users and groups of this machine by name and number, as
** /etc/passwd and /etc/group have them: a static program has no other way to
** ask. */
#ifndef RPC_RPC_GROUP_H
#define RPC_RPC_GROUP_H
#include "base/base.h"

#define RPC_USERS "/etc/passwd"
#define RPC_GROUPS "/etc/group"
/* The number of a name, or of one that is a number itself; false: there is
** none. */
bool rpc_group_id(u32 *id, const char *file, const char *name);
/* "name (number)", or the number alone, for messages. */
const char *rpc_group_name(char out[80], const char *file, u32 id);
#endif
